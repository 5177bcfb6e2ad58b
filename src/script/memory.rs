//! How much memory the values of a script take, watched while it runs.
//!
//! The language's own limits count a list anew at every push, so that a loop of pushes takes quadratic time: they are for
//! scripts of other people. A user's own scripts are watched from outside.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use crate::context::human_bytes;
use crate::error::{Error, Result};

/// Nanoseconds between two looks.
const INTERVAL: u64 = 5_000_000;

/// Looks at the memory of the process every few milliseconds.
#[derive(Debug)]
pub(super) struct MemoryWatch {
    allowed: usize,
    /// What the process had when it was first looked at.
    first: AtomicUsize,
    clock: Instant,
    last: AtomicU64,
}

impl MemoryWatch {
    /// Lets the process grow by this many bytes from its first look on.
    pub(super) fn new(allowed: usize) -> Self {
        Self { allowed, first: AtomicUsize::new(usize::MAX), clock: Instant::now(), last: AtomicU64::new(0) }
    }

    /// # Errors
    /// The process has grown by more than it may.
    pub(super) fn check(&self) -> Result<()> {
        let now = self.clock.elapsed().as_nanos() as u64;
        if now.saturating_sub(self.last.load(Ordering::Relaxed)) < INTERVAL {
            return Ok(());
        }
        self.last.store(now, Ordering::Relaxed);
        let Some(held) = resident() else { return Ok(()) };
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
    use super::super::{Session, SessionOptions};
    use crate::error::ErrorKind;

    #[test]
    fn values_that_grow_without_end_are_stopped_and_the_session_lives() {
        let options = SessionOptions { memory_limit: Some(300_000_000), ..SessionOptions::trusted() };
        let mut session = Session::new(options);
        assert_eq!(session.eval_as::<i64>("let v = []; for i in 0..200000 { v.push(i); } v.len()").unwrap(), 200_000);
        for script in ["let s = \"x\"; loop { s += s; }", "let v = [0]; loop { v += v; }"] {
            let error = session.eval(script).expect_err(script).error;
            assert_eq!(error.kind(), ErrorKind::Memory, "{script}: {error}");
            session.eval("s = (); v = ();").ok();
        }
        assert_eq!(session.eval_as::<i64>("1 + 1").unwrap(), 2);
    }
}
