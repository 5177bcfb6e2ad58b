//! Standard output and standard error: who writes what where.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Printer;
use super::arguments::Flags;
use crate::context::ProgressFn;
use crate::script::ScriptError;

/// Where the program's output goes.
pub struct Output {
    json: bool,
    quiet: bool,
    /// Whether a line of progress stands on the terminal.
    progress_shown: Arc<AtomicBool>,
}

/// Writes a line; a reader that has gone away (`sinew .. | head`) is no error.
fn line(mut stream: impl Write, text: &str) {
    let _ = writeln!(stream, "{text}");
}

/// Takes the line of progress away before something else is written.
fn clear(shown: &AtomicBool) {
    if shown.swap(false, Ordering::Relaxed) {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

impl Output {
    pub fn new(flags: &Flags) -> Self {
        Self { json: flags.json, quiet: flags.quiet, progress_shown: Arc::default() }
    }

    /// What scripts print: standard output, or standard error where JSON goes to standard output.
    pub fn print(&self, text: &str) {
        self.printer()(text);
    }

    pub fn printer(&self) -> Printer {
        let (json, shown) = (self.json, Arc::clone(&self.progress_shown));
        Arc::new(move |text| {
            clear(&shown);
            if json { line(std::io::stderr(), text) } else { line(std::io::stdout(), text) }
        })
    }

    /// Warnings: standard error.
    pub fn warner(&self) -> Printer {
        let (quiet, shown) = (self.quiet, Arc::clone(&self.progress_shown));
        Arc::new(move |text| {
            if !quiet {
                clear(&shown);
                line(std::io::stderr(), &format!("warning: {text}"));
            }
        })
    }

    /// What scripts `debug`: standard error.
    pub fn debugger(&self) -> Printer {
        let shown = Arc::clone(&self.progress_shown);
        Arc::new(move |text| {
            clear(&shown);
            line(std::io::stderr(), text);
        })
    }

    /// Progress: one line on standard error that changes, when a person looks at it.
    pub fn progress(&self) -> Option<ProgressFn> {
        if self.quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let shown = Arc::clone(&self.progress_shown);
        Some(Arc::new(move |progress| {
            shown.store(true, Ordering::Relaxed);
            let _ = write!(std::io::stderr(), "\r\x1b[K{} {}/{}", progress.task, progress.done, progress.total);
        }))
    }

    pub fn end_progress(&self) {
        clear(&self.progress_shown);
    }

    /// The program's own answer.
    pub fn result(&self, text: &str) {
        line(std::io::stdout(), text.trim_end());
    }

    pub fn json(&self, value: &serde_json::Value) {
        line(std::io::stdout(), &value.to_string());
    }

    pub fn error(&self, error: &ScriptError) {
        clear(&self.progress_shown);
        line(std::io::stderr(), &error.to_string());
    }
}
