//! What ends the program where a computation does not see its limit: one that is within a library that cannot be stopped,
//! or within a single function of the language.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::script::ScriptError;

/// How long a computation may go on behind a limit.
const GRACE: Duration = Duration::from_millis(200);
/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Watches until it is dropped.
pub struct Watchdog {
    _watches: Option<Sender<()>>,
}

impl Watchdog {
    /// Watches what is computed under `context` from now on. Where a limit is passed for longer than computations take to
    /// see it, the program says which, and ends. No file is harmed by that: they appear whole or not at all.
    pub fn over(context: &Context, output: &Output) -> Self {
        let (context, output) = (context.clone(), output.clone());
        let (sender, dropped) = channel::<()>();
        let watch = move || {
            let mut since = None;
            while dropped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                match context.check() {
                    Err(error) if matches!(error.kind(), ErrorKind::Time | ErrorKind::Memory) => {
                        let first: Instant = *since.get_or_insert_with(Instant::now);
                        if first.elapsed() >= GRACE {
                            end(&output, error);
                        }
                    }
                    _ => since = None,
                }
            }
        };
        // A machine that has no more threads does without.
        let is_watching = std::thread::Builder::new().name("watchdog".into()).spawn(watch).is_ok();
        Self { _watches: is_watching.then_some(sender) }
    }
}

fn end(output: &Output, error: Error) -> ! {
    let error = ScriptError::outside(error, "sinew");
    output.error(&error, error.exit_code());
    std::process::exit(i32::from(error.exit_code()))
}
