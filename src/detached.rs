//! Work that cannot be stopped, on a thread of its own: whoever waits for it can leave.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::context::Context;
use crate::error::{Error, Result};

/// Time between two looks at the context.
const PATIENCE: Duration = Duration::from_millis(5);
/// As much as the main thread has on most systems; taken only as far as it is used.
const STACK: usize = 8 << 20;
/// Work on at most so many numbers is over in less than about 20 ms, whatever is done with each.
const FEW: usize = 200_000;

/// `work` on a thread of its own, awaited with an eye on the context.
///
/// A thread whose caller has left works on to its end and then finds nobody. It owns all that it needs, and a call
/// leaves one such thread at most.
///
/// # Errors
/// Cancellation, the end of the time.
pub fn detached<T: Send + 'static>(ctx: &Context, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    ctx.check()?;
    let lost = || Error::internal("work on another thread ended without a result");
    let (sender, receiver) = channel();
    let work = Arc::new(Mutex::new(Some(work)));
    let taken = Arc::clone(&work);
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        if let Some(result) = start(&taken) {
            // Nobody listens where the caller has left.
            let _ = sender.send(result);
        }
    });
    if thread.is_err() {
        // A machine that has no more threads does without.
        return start(&work).ok_or_else(lost);
    }
    loop {
        match receiver.recv_timeout(PATIENCE) {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => ctx.check()?,
            Err(RecvTimeoutError::Disconnected) => return Err(lost()),
        }
    }
}

/// As [`detached`], but here and now where no more than a few of `count` numbers are worked on.
///
/// # Errors
/// As [`detached`].
pub fn detached_if_many<T: Send + 'static>(
    count: usize,
    ctx: &Context,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    if count <= FEW { Ok(work()) } else { detached(ctx, work) }
}

/// Takes the work and does it; `None` if it was taken before.
fn start<T>(work: &Mutex<Option<impl FnOnce() -> T>>) -> Option<T> {
    let work = work.lock().ok()?.take()?;
    Some(work())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn results_come_back_and_a_panic_is_an_error() {
        let ctx = Context::new();
        assert_eq!(detached(&ctx, || 42), Ok(42));
        let count = |count: usize| detached_if_many(count, &ctx, move || std::thread::current().id());
        assert_eq!(count(FEW), Ok(std::thread::current().id()));
        assert!(count(FEW + 1).is_ok_and(|id| id != std::thread::current().id()));
        let error = detached(&ctx, || -> i32 { panic!("in a thread") }).expect_err("a panic");
        assert_eq!(error.kind(), ErrorKind::Internal);
    }

    #[test]
    fn a_caller_leaves_work_that_does_not_end() {
        let ctx = Context::new();
        let handle = ctx.cancel_handle();
        let (release, held) = channel::<()>();
        let error = detached(&ctx, move || {
            handle.cancel();
            // Ends when the test has ended.
            held.recv().is_ok()
        });
        assert_eq!(error.expect_err("a stop").kind(), ErrorKind::Cancelled);
        drop(release);
        assert!(detached(&ctx, || ()).is_err(), "nothing is begun once a stop was asked for");
    }
}
