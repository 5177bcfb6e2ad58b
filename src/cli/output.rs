//! Standard output and standard error: who writes what where.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::{Arc, OnceLock};

use super::Printer;
use super::arguments::{ErrorFormat, Flags};
use super::progress::Bar;
use crate::context::ProgressFn;
use crate::error::Error;
use crate::script::{Asker, ScriptError};

/// Where the program's output goes.
#[derive(Debug, Clone)]
pub struct Output {
    json: bool,
    quiet: bool,
    errors: ErrorFormat,
    /// The line of progress that may stand on the terminal.
    bar: Arc<Bar>,
    /// Why something has not reached standard output, such as a full disk.
    lost: Arc<OnceLock<String>>,
}

/// Writes a line where there is nobody to tell that it cannot be written.
fn line(mut stream: impl Write, text: &str) {
    let _ = writeln!(stream, "{text}");
}

/// Writes a line of results, and notes why that fails; a reader that has gone away (`sinew .. | head`) is no failure.
fn result_line(text: &str, lost: &OnceLock<String>) {
    if let Err(error) = writeln!(std::io::stdout(), "{text}")
        && error.kind() != ErrorKind::BrokenPipe
    {
        // The first reason is the one to tell.
        let _ = lost.set(error.to_string());
    }
}

/// Writes what stands before an answer, at once.
fn write_prompt(mut stream: impl Write, prompt: &str) {
    let _ = write!(stream, "{prompt}").and_then(|()| stream.flush());
}

impl Output {
    pub fn new(flags: &Flags) -> Self {
        Self {
            json: flags.json,
            quiet: flags.quiet,
            errors: flags.error_format,
            bar: Arc::default(),
            lost: Arc::default(),
        }
    }

    /// For errors in the flags themselves.
    pub fn of_errors(errors: ErrorFormat) -> Self {
        Self { json: false, quiet: false, errors, bar: Arc::default(), lost: Arc::default() }
    }

    /// What scripts print: standard output, or standard error where JSON goes to standard output.
    pub fn print(&self, text: &str) {
        self.printer()(text);
    }

    pub fn printer(&self) -> Printer {
        let (json, bar, lost) = (self.json, Arc::clone(&self.bar), Arc::clone(&self.lost));
        Arc::new(move |text| {
            bar.aside(|| if json { line(std::io::stderr(), text) } else { result_line(text, &lost) });
        })
    }

    /// Warnings: standard error.
    pub fn warner(&self) -> Printer {
        let (quiet, errors, bar) = (self.quiet, self.errors, Arc::clone(&self.bar));
        Arc::new(move |text| {
            let text = match errors {
                _ if quiet => return,
                ErrorFormat::Human => format!("warning: {text}"),
                ErrorFormat::Json => serde_json::json!({ "warning": text }).to_string(),
            };
            bar.aside(|| line(std::io::stderr(), &text));
        })
    }

    /// Answers what scripts ask: from standard input, with the prompt where print goes.
    pub fn asker(&self) -> Asker {
        let (json, bar) = (self.json, Arc::clone(&self.bar));
        Arc::new(move |prompt| {
            bar.aside(|| {
                if json { write_prompt(std::io::stderr(), prompt) } else { write_prompt(std::io::stdout(), prompt) }
            });
            let mut answer = String::new();
            match std::io::stdin().read_line(&mut answer) {
                Ok(0) => Err(Error::file("standard input has ended: there is no answer")
                    .with_hint("a script that asks by `input` needs a terminal, or its answers line by line")),
                Ok(_) => Ok(answer.trim_end_matches(['\n', '\r']).to_string()),
                Err(error) => Err(Error::file(format!("cannot read standard input: {error}"))),
            }
        })
    }

    /// What scripts `debug`: standard error.
    pub fn debugger(&self) -> Printer {
        let bar = Arc::clone(&self.bar);
        Arc::new(move |text| bar.aside(|| line(std::io::stderr(), text)))
    }

    /// Progress: one line on standard error that changes, when a person looks at it.
    pub fn progress(&self) -> Option<ProgressFn> {
        if self.quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let bar = Arc::clone(&self.bar);
        Some(Arc::new(move |progress| bar.update(progress)))
    }

    pub fn end_progress(&self) {
        self.bar.end();
    }

    /// The program's own answer.
    pub fn result(&self, text: &str) {
        result_line(text.trim_end(), &self.lost);
    }

    /// What the program has done, where that is all it has to say.
    pub fn done(&self, text: &str) {
        if !self.quiet {
            self.result(text);
        }
    }

    pub fn json(&self, value: &serde_json::Value) {
        result_line(&value.to_string(), &self.lost);
    }

    /// The error of results that did not reach standard output, once there is one.
    pub fn lost(&self) -> Option<Error> {
        self.lost.get().map(|why| Error::file(format!("cannot write to standard output: {why}")))
    }

    /// An error, with the code that the program ends with.
    pub fn error(&self, error: &ScriptError, exit_code: u8) {
        let text = match self.errors {
            ErrorFormat::Human => error.to_string(),
            ErrorFormat::Json => {
                let mut json = error.to_json();
                json["exit_code"] = exit_code.into();
                json.to_string()
            }
        };
        self.bar.aside(|| line(std::io::stderr(), &text));
    }
}
