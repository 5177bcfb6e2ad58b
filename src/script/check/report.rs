//! What a check finds, with its place.

use super::super::diagnose::write_excerpt;
use crate::error::Error;

/// Whether a script cannot run, or runs and may not do what is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The script fails where it gets there.
    Error,
    /// The script runs.
    Warning,
}

impl Severity {
    /// The word in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the script fails there.
    pub severity: Severity,
    /// The stable code: that of the error (`E010`), or `W001` for a variable that is never used, `W002` for a division
    /// of integers.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The name of the script.
    pub source: String,
    /// Line and column, both from 1.
    pub position: (usize, usize),
    /// The line of the script.
    pub line: Option<String>,
}

impl Diagnostic {
    /// As JSON, for other programs.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "severity": self.severity.name(), "code": self.code, "message": self.message, "hint": self.hint,
            "line": self.position.0, "column": self.position.1,
        })
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}[{}]: {}", self.severity.name(), self.code, self.message)?;
        write_excerpt(f, &self.source, self.position, self.line.as_deref())?;
        match &self.hint {
            Some(hint) => write!(f, "\n  help: {hint}"),
            None => Ok(()),
        }
    }
}

/// What is found in one script.
#[derive(Debug)]
pub(super) struct Report<'a> {
    text: &'a str,
    source: &'a str,
    found: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    pub fn new(text: &'a str, source: &'a str) -> Self {
        Self { text, source, found: Vec::new() }
    }

    /// The script.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The script's name.
    pub fn source(&self) -> &'a str {
        self.source
    }

    pub fn error(&mut self, position: (usize, usize), error: &Error) {
        self.push(Severity::Error, error.kind().code(), position, error.message(), error.hint());
    }

    pub fn warning(&mut self, position: (usize, usize), code: &'static str, message: &str, hint: &str) {
        self.push(Severity::Warning, code, position, message, Some(hint));
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        position: (usize, usize),
        message: &str,
        hint: Option<&str>,
    ) {
        self.found.push(Diagnostic {
            severity,
            code,
            message: message.to_string(),
            hint: hint.map(String::from),
            source: self.source.to_string(),
            position,
            line: position.0.checked_sub(1).and_then(|line| self.text.lines().nth(line)).map(String::from),
        });
    }

    /// Errors first, then warnings, each in the order of the script.
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|diagnostic| (diagnostic.severity, diagnostic.position));
        self.found
    }
}
