//! How much memory a computation holds, watched while it runs.
//!
//! The engine counts matrices and working space before it makes them. Texts, lists, tables and whatever else a script holds
//! are counted nowhere: they are seen from outside, as bytes of the process, or as the host counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crate::context::human_bytes;
use crate::error::{Error, Result};

/// Counts bytes, as a host knows how.
pub(crate) type Probe = Arc<dyn Fn() -> usize + Send + Sync>;

/// Nanoseconds between two looks.
const INTERVAL: u64 = 5_000_000;

/// Bytes that an evaluation may take when there are none to take: what frees memory takes some first.
const LITTLE: usize = 1 << 20;

/// Looks at the memory of the process, or what the host counts, every few milliseconds.
pub(crate) struct MemoryWatch {
    /// By how much the memory may grow.
    allowed: usize,
    /// By how much it may grow in the evaluation that runs.
    most: AtomicUsize,
    probe: Option<Probe>,
    /// What there was when it was first looked at.
    first: AtomicUsize,
    clock: Instant,
    last: AtomicU64,
}

impl MemoryWatch {
    /// Lets the memory grow by this many bytes from its first look on.
    pub(crate) fn new(allowed: usize, probe: Option<Probe>) -> Self {
        let (most, first, last) = (AtomicUsize::new(allowed), AtomicUsize::new(usize::MAX), AtomicU64::new(0));
        Self { allowed, most, probe, first, clock: Instant::now(), last }
    }

    /// Takes what there is at the next look as what was there before: for an evaluation that has nothing to do with those
    /// before it.
    pub(crate) fn forget(&self) {
        self.first.store(usize::MAX, Ordering::Relaxed);
        self.last.store(0, Ordering::Relaxed);
    }

    /// Begins an evaluation that may be what frees memory: one that is there already is no reason to stop it.
    pub(crate) fn begin(&self) {
        let grown = self.grown().unwrap_or(0);
        self.most.store(self.allowed.max(grown.saturating_add(LITTLE)), Ordering::Relaxed);
    }

    /// Bytes by which the memory has grown, where anybody says.
    fn grown(&self) -> Option<usize> {
        let held = self.probe.as_ref().map_or_else(resident, |probe| Some(probe()))?;
        let first = self.first.fetch_min(held, Ordering::Relaxed).min(held);
        Some(held - first)
    }

    /// Looks, if the last look was a while ago.
    ///
    /// # Errors
    /// The memory has grown by more than it may.
    pub(crate) fn check_at(&self, now: Instant) -> Result<()> {
        let now = now.saturating_duration_since(self.clock).as_nanos() as u64;
        let last = self.last.load(Ordering::Relaxed);
        if last != 0 && now.saturating_sub(last) < INTERVAL {
            return Ok(());
        }
        self.last.store(now.max(1), Ordering::Relaxed);
        self.room_for(0)
    }

    /// Looks whether `bytes` more are free.
    ///
    /// # Errors
    /// With them the memory would have grown by more than it may.
    pub(crate) fn room_for(&self, bytes: usize) -> Result<()> {
        let Some(grown) = self.grown() else { return Ok(()) };
        if grown.saturating_add(bytes) <= self.most.load(Ordering::Relaxed) {
            return Ok(());
        }
        let free = human_bytes(self.allowed);
        let message = match bytes {
            0 => format!("the script's values take {} of memory, {free} are free", human_bytes(grown)),
            _ => format!("{} of memory needed, {} of {free} in use", human_bytes(bytes), human_bytes(grown)),
        };
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
    use crate::error::ErrorKind;
    use crate::script::{Sandbox, Session, SessionOptions};

    #[test]
    fn values_that_grow_without_end_are_stopped_and_the_session_lives() {
        let mut session = Session::with_sandbox(Sandbox::trusted().memory(300_000_000));
        assert_eq!(session.eval_as::<i64>("let v = []; for i in 0..200000 { v.push(i); } v.len()").unwrap(), 200_000);
        for script in ["let s = \"x\"; loop { s += s; }", "let v = [0]; loop { v += v; }"] {
            let error = session.eval(script).expect_err(script).error;
            assert_eq!(error.kind(), ErrorKind::Memory, "{script}: {error}");
            session.eval("s = (); v = ();").expect("what is there is no reason to stop what frees it");
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
