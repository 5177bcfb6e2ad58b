//! What a session is made with.

use std::sync::Arc;

use super::sandbox::Sandbox;
use super::state::{Asker, Clearer, Displayer, Outlets, Printer};
use crate::context::{CancelHandle, Progress, ProgressFn};
use crate::error::Result;
use crate::memory::MemoryWatch;
use crate::value::Value;

/// Counts bytes that are held on behalf of a session, as the host knows how.
pub type MemoryProbe = Arc<dyn Fn() -> usize + Send + Sync>;

/// What a session is made with: what its scripts may do, and where their output goes. More fields may come, so write
/// `..SessionOptions::default()` behind those that are wanted, or use the setters.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use sinew::script::{Sandbox, Session, SessionOptions};
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let sink = lines.clone();
/// let options = SessionOptions::default()
///     .sandbox(Sandbox::new().threads(1))
///     .seed(7)
///     .on_print(move |line| sink.lock().unwrap().push(line.to_string()));
/// Session::new(options).eval("print(1 + 1)")?;
/// assert_eq!(*lines.lock().unwrap(), ["2"]);
/// # Ok::<(), sinew::script::ScriptError>(())
/// ```
#[derive(Clone, Default)]
pub struct SessionOptions {
    /// What scripts may do; the default is for scripts of other people.
    pub sandbox: Sandbox,
    /// Seed; drawn when not given.
    pub seed: Option<u64>,
    /// Whether not converging is an error.
    pub strict: bool,
    /// Receives what scripts print; nothing when not given.
    pub print: Option<Printer>,
    /// Receives warnings; nothing when not given.
    pub warn: Option<Printer>,
    /// Receives what scripts `debug`; nothing when not given.
    pub debug: Option<Printer>,
    /// Receives progress.
    pub progress: Option<ProgressFn>,
    /// Stops evaluations; one of the session's own when not given.
    pub cancel: Option<CancelHandle>,
    /// Receives what scripts `display` and `emit`; the former is printed when not given.
    pub display: Option<Displayer>,
    /// Does what `clear_output` says.
    pub clear: Option<Clearer>,
    /// Answers what scripts ask by `input`, which is an error when not given.
    pub input: Option<Asker>,
    /// Counts the session's bytes, in place of those of the whole process: an evaluation by which they grow by more than
    /// the sandbox's memory ends. Called every few milliseconds, on the threads of the evaluation.
    pub memory_probe: Option<MemoryProbe>,
}

impl std::fmt::Debug for SessionOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionOptions")
            .field("sandbox", &self.sandbox)
            .field("seed", &self.seed)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}

impl SessionOptions {
    /// Without limits and with all files: for a user's own scripts.
    pub fn trusted() -> Self {
        Self { sandbox: Sandbox::trusted(), ..Self::default() }
    }

    /// With this sandbox.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Sandbox) -> Self {
        self.sandbox = sandbox;
        self
    }

    /// With this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// With not converging as an error, or as a warning.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// With a receiver of what scripts print, line by line.
    #[must_use]
    pub fn on_print(mut self, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.print = Some(Arc::new(print));
        self
    }

    /// With a receiver of warnings.
    #[must_use]
    pub fn on_warn(mut self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Some(Arc::new(warn));
        self
    }

    /// With a receiver of what scripts `debug`.
    #[must_use]
    pub fn on_debug(mut self, debug: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.debug = Some(Arc::new(debug));
        self
    }

    /// With a receiver of values that scripts `display` and `emit`, with the name of the display whose place they take.
    #[must_use]
    pub fn on_display(mut self, display: impl Fn(&Value, Option<&str>) + Send + Sync + 'static) -> Self {
        self.display = Some(Arc::new(display));
        self
    }

    /// With a receiver of progress.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(&Progress<'_>) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// With somebody who answers what scripts ask by `input`. Meanwhile no time of the script passes.
    #[must_use]
    pub fn on_input(mut self, input: impl Fn(&str) -> Result<String> + Send + Sync + 'static) -> Self {
        self.input = Some(Arc::new(input));
        self
    }

    /// With a flag of the host's that stops evaluations.
    #[must_use]
    pub fn cancel(mut self, cancel: CancelHandle) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// With a count of the session's bytes.
    #[must_use]
    pub fn memory_probe(mut self, probe: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        self.memory_probe = Some(Arc::new(probe));
        self
    }

    /// What looks at the memory of an evaluation, where anything does.
    pub(super) fn memory_watch(&self) -> Option<MemoryWatch> {
        let is_watched = self.sandbox.watches_process || self.memory_probe.is_some();
        let allowed = self.sandbox.memory.filter(|_| is_watched)?;
        Some(MemoryWatch::new(allowed, self.memory_probe.clone()))
    }

    /// Where what scripts show goes.
    pub(super) fn outlets(&self) -> Outlets {
        let silent = || -> Printer { Arc::new(|_| {}) };
        Outlets {
            print: self.print.clone().unwrap_or_else(silent),
            warn: self.warn.clone().unwrap_or_else(silent),
            debug: self.debug.clone().unwrap_or_else(silent),
            display: self.display.clone(),
            clear: self.clear.clone(),
            input: self.input.clone(),
        }
    }
}
