//! The thread that the session lives on. It does one thing after another; what panics there is an error, no more.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::script::{Session, SessionOptions};

/// Deep recursion in scripts takes a lot of stack; what is not used costs nothing.
const STACK: usize = 64 << 20;

/// Something to do with the session.
type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// What does things with the session.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
}

impl Worker {
    /// Makes a session on a thread of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(options: SessionOptions) -> Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let run = move || {
            let mut session = Session::new(options);
            while let Ok(job) = queue.recv() {
                job(&mut session);
            }
        };
        std::thread::Builder::new()
            .name("cells".into())
            .stack_size(STACK)
            .spawn(run)
            .map_err(|error| Error::internal(format!("cannot start the thread of the cells: {error}")))?;
        Ok(Self { jobs })
    }

    /// Does something with the session, after all that was asked for before.
    ///
    /// # Errors
    /// A panic: a defect of this crate.
    pub async fn call<R: Send + 'static>(&self, work: impl FnOnce(&mut Session) -> R + Send + 'static) -> Result<R> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |session| {
            // The session holds whole values only: a function that did not finish has changed none of them.
            let outcome = catch_unwind(AssertUnwindSafe(|| work(session)));
            // Nobody waits where the kernel is about to end.
            let _ = sender.send(outcome.map_err(|panic| panicked(&*panic)));
        });
        let ended = || Error::internal("the thread of the cells has ended").with_hint("restart the kernel");
        self.jobs.send(job).map_err(|_| ended())?;
        receiver.await.map_err(|_| ended())?
    }
}

/// The error for a panic.
fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::internal(format!("a defect in sinew: {}", text.unwrap_or("a panic")))
        .with_hint("variables are as they were before this call; please report what led here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_session_lives_on() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let worker = Worker::start(SessionOptions::default()).expect("a thread");
        runtime.block_on(async {
            worker.call(|session| session.set("x", 7_i64)).await.expect("done");
            let error = worker.call(|_| -> i64 { panic!("native {}", "code") }).await.expect_err("a panic");
            assert!(error.message().contains("native code"), "{error}");
            let value = worker.call(|session| session.eval_as::<i64>("x + 1")).await.expect("done");
            assert_eq!(value, Ok(8));
        });
    }
}
