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
pub struct Interrupts(Arc<Mutex<Moment>>);

impl Interrupts {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn listen(cancel: CancelHandle, output: Output) -> crate::Result<Self> {
        let interrupts = Self(Arc::new(Mutex::new(Moment::Waiting)));
        let shared = interrupts.clone();
        listen(move || {
            let mut moment = shared.moment();
            let now = *moment;
            match now {
                // While a line is edited Ctrl-C is a key like any other: this is the system asking the program to end.
                Moment::Waiting => end(&output),
                Moment::Stopping(since) if since.elapsed() > PATIENCE => end(&output),
                Moment::Stopping(_) => cancel.cancel(),
                Moment::Computing => {
                    cancel.cancel();
                    *moment = Moment::Stopping(Instant::now());
                }
            }
        })?;
        Ok(interrupts)
    }

    /// A line is being read.
    pub fn waiting(&self) {
        *self.moment() = Moment::Waiting;
    }

    /// Something is being computed.
    pub fn computing(&self) {
        *self.moment() = Moment::Computing;
    }

    fn moment(&self) -> MutexGuard<'_, Moment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
