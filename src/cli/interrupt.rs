//! Ctrl-C, and being asked to end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::context::CancelHandle;
use crate::error::{Error, ErrorKind};
use crate::script::ScriptError;

/// How long an interrupted computation may take to stop by itself.
const GRACE: Duration = Duration::from_millis(150);

/// How long a prompt waits for an interrupted computation before another Ctrl-C ends the program.
const PATIENCE: Duration = Duration::from_secs(2);

/// Ctrl-C asks the computation to stop. A single large kernel (an eigenvalue problem of thousands of variables) or a
/// read that blocks does not look; the program then ends without it, which harms no file: they appear whole or not at
/// all.
pub fn stop_on_interrupt(cancel: CancelHandle, output: Output) -> crate::Result<()> {
    listen(move || {
        cancel.cancel();
        std::thread::sleep(GRACE);
        end(&output);
    })
}

fn listen(handler: impl FnMut() + Send + 'static) -> crate::Result<()> {
    ctrlc::set_handler(handler).map_err(|error| Error::internal(format!("cannot listen for Ctrl-C: {error}")))
}

fn end(output: &Output) {
    let error = ScriptError::outside(Error::new(ErrorKind::Cancelled, "interrupted"), "sinew");
    output.error(&error, error.exit_code());
    std::process::exit(i32::from(error.exit_code()));
}

/// What a prompt is doing.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Waiting,
    Computing,
    Stopping(Instant),
}

/// Interrupts at a prompt: they stop a computation, not the program.
#[derive(Debug, Clone)]
pub struct Interrupts {
    moment: Arc<Mutex<Moment>>,
    cancel: CancelHandle,
}

impl Interrupts {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn listen(cancel: CancelHandle, output: Output) -> crate::Result<Self> {
        let interrupts = Self { moment: Arc::new(Mutex::new(Moment::Waiting)), cancel };
        let shared = interrupts.clone();
        listen(move || {
            let is_end = shared.hear();
            if is_end {
                end(&output);
            }
        })?;
        Ok(interrupts)
    }

    /// Stops what is computed; whether the program is to end instead.
    fn hear(&self) -> bool {
        let mut moment = self.moment();
        let now = *moment;
        match now {
            // While a line is edited Ctrl-C is a key like any other: this is the system asking the program to end.
            Moment::Waiting => true,
            Moment::Stopping(since) if since.elapsed() > PATIENCE => true,
            Moment::Stopping(_) => {
                self.cancel.cancel();
                false
            }
            Moment::Computing => {
                self.cancel.cancel();
                *moment = Moment::Stopping(Instant::now());
                false
            }
        }
    }

    /// A line is being read.
    pub fn waiting(&self) {
        *self.moment() = Moment::Waiting;
    }

    /// Something is being computed from now on: earlier interrupts were of something else, later ones are of this.
    pub fn computing(&self) {
        let mut moment = self.moment();
        self.cancel.reset();
        *moment = Moment::Computing;
    }

    fn moment(&self) -> MutexGuard<'_, Moment> {
        self.moment.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_counts_from_the_moment_that_something_is_computed() {
        let interrupts = Interrupts { moment: Arc::new(Mutex::new(Moment::Waiting)), cancel: CancelHandle::default() };
        assert!(interrupts.hear(), "nothing is computed");
        interrupts.computing();
        assert!(!interrupts.hear() && interrupts.cancel.is_cancelled());
        interrupts.waiting();
        interrupts.computing();
        assert!(!interrupts.cancel.is_cancelled(), "that was of the line before");
    }
}
