//! How much memory the values of a script take, watched while it runs.
//!
//! The language's own limits count a list anew at every push, so that a loop of pushes takes quadratic time: they are for
//! scripts of other people, of whom they stop one value. All values together are watched from outside: as bytes of the
//! process, or as the host counts them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use super::session_options::MemoryProbe;
use crate::context::human_bytes;
use crate::error::{Error, Result};

/// Nanoseconds between two looks.
const INTERVAL: u64 = 5_000_000;

/// Looks at the memory of the process, or what the host counts, every few milliseconds.
pub(super) struct MemoryWatch {
    allowed: usize,
    probe: Option<MemoryProbe>,
    /// What there was when it was first looked at.
    first: AtomicUsize,
    clock: Instant,
    last: AtomicU64,
}

impl MemoryWatch {
    /// Lets the memory grow by this many bytes from its first look on.
    pub(super) fn new(allowed: usize, probe: Option<MemoryProbe>) -> Self {
        let (first, last) = (AtomicUsize::new(usize::MAX), AtomicU64::new(0));
        Self { allowed, probe, first, clock: Instant::now(), last }
    }

    /// Takes what there is at the next look as what was there before: for an evaluation that has nothing to do with those
    /// before it.
    pub(super) fn restart(&self) {
        self.first.store(usize::MAX, Ordering::Relaxed);
        self.last.store(0, Ordering::Relaxed);
    }

    fn held(&self) -> Option<usize> {
        match &self.probe {
            Some(probe) => Some(probe()),
            None => resident(),
        }
    }

    /// # Errors
    /// The memory has grown by more than it may.
    pub(super) fn check(&self) -> Result<()> {
        let now = self.clock.elapsed().as_nanos() as u64;
        let last = self.last.load(Ordering::Relaxed);
        if last != 0 && now.saturating_sub(last) < INTERVAL {
            return Ok(());
        }
        self.last.store(now.max(1), Ordering::Relaxed);
        let Some(held) = self.held() else { return Ok(()) };
        let first = self.first.fetch_min(held, Ordering::Relaxed).min(held);
        if held - first <= self.allowed {
            return Ok(());
        }
        let grown = human_bytes(held - first);
        let message = format!("the script's values take {grown} of memory, {} are free", human_bytes(self.allowed));
        Err(Error::memory(message)
            .with_hint("a larger --memory-limit, smaller lists and texts, or a Matrix for numbers"))
    }
}

/// Bytes of the process that are in memory, where the system says.
fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = text.split_whitespace().nth(1)?.parse().ok()?;
    // Larger pages are rare; with them the watch is too kind.
    pages.checked_mul(4096)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::{Sandbox, Session, SessionOptions};
    use crate::error::ErrorKind;

    #[test]
    fn values_that_grow_without_end_are_stopped_and_the_session_lives() {
        let mut session = Session::with_sandbox(Sandbox::trusted().memory(300_000_000));
        assert_eq!(session.eval_as::<i64>("let v = []; for i in 0..200000 { v.push(i); } v.len()").unwrap(), 200_000);
        for script in ["let s = \"x\"; loop { s += s; }", "let v = [0]; loop { v += v; }"] {
            let error = session.eval(script).expect_err(script).error;
            assert_eq!(error.kind(), ErrorKind::Memory, "{script}: {error}");
            session.eval("s = (); v = ();").ok();
        }
        assert_eq!(session.eval_as::<i64>("1 + 1").unwrap(), 2);
    }

    #[test]
    fn many_values_that_are_each_small_enough_are_stopped_in_a_sandbox_too() {
        let mut session = Session::with_sandbox(Sandbox::new().memory(200_000_000));
        // Lists within a list count as one; these are in variables of their own, one a level of calls.
        let script = "fn more(n) { let v = []; v.pad(300000, n); if n < 60 { more(n + 1) + v.len() } else { loop { } } } more(0)";
        let error = session.eval(script).expect_err("too much").error;
        assert_eq!(error.kind(), ErrorKind::Memory, "{error}");
    }

    #[test]
    fn a_host_counts_for_itself() {
        let counted = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let probe = counted.clone();
        let options = SessionOptions::default()
            .sandbox(Sandbox::new().memory(1000))
            .memory_probe(move || probe.fetch_add(100, std::sync::atomic::Ordering::Relaxed));
        let mut session = Session::new(options);
        assert_eq!(session.eval("loop { }").unwrap_err().error.kind(), ErrorKind::Memory);
        assert_eq!(session.eval_as::<i64>("1 + 1").unwrap(), 2, "each evaluation begins anew");
    }
}
