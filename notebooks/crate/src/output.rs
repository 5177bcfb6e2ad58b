//! What came of a script in Rhai.

use std::cell::Cell;
use std::io::Write;

use sinew::notebook::{self, Bundle};
use sinew::script::ScriptError;
use sinew::{Error, Value};

use crate::show::Show;
use crate::values::{FromValue, take};

/// Something that a script showed while it ran.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// What it printed.
    Text(String),
    /// A warning.
    Warning(String),
    /// A value that it displayed.
    Shown(Value, Option<String>),
}

impl Part {
    fn bundle(&self) -> Bundle {
        match self {
            Self::Text(text) => Bundle::text(text.as_str()),
            Self::Warning(text) => Bundle::text(format!("warning: {text}")),
            Self::Shown(value, _) => notebook::bundle(value),
        }
    }
}

/// What a script printed and displayed, in its order, and its last value or its error: all of it is one output of a cell.
///
/// Where nobody looks at it (`rhai.run("..");`), what was printed goes to standard output and an error to standard error
/// as soon as the output is dropped: neither is lost.
#[derive(Debug)]
pub struct Output {
    name: String,
    parts: Vec<Part>,
    result: Result<Value, ScriptError>,
    is_seen: Cell<bool>,
}

impl Output {
    pub(crate) fn new(name: String, parts: Vec<Part>, result: Result<Value, ScriptError>) -> Self {
        Self { name, parts, result, is_seen: Cell::new(false) }
    }

    /// The last value of the script; [`Value::Unit`] where it has none.
    ///
    /// # Errors
    /// What went wrong in the script, and where.
    pub fn value(&self) -> Result<&Value, ScriptError> {
        self.is_seen.set(true);
        self.result.as_ref().map_err(ScriptError::clone)
    }

    /// The last value of the script as a type of Rust: `let fit: Fit = rhai.run("..").get()?;`
    ///
    /// # Errors
    /// What went wrong in the script, and where; a value of another type.
    pub fn get<T: FromValue>(&self) -> Result<T, ScriptError> {
        let value = self.value()?;
        take(value, "the value of the script").map_err(|error| ScriptError::outside(error, &self.name))
    }

    /// What went wrong in the script; `None` where nothing did.
    pub fn error(&self) -> Option<&ScriptError> {
        self.is_seen.set(true);
        self.result.as_ref().err()
    }

    /// What the script printed and displayed, as text.
    pub fn text(&self) -> String {
        let texts: Vec<Bundle> = self.parts.iter().map(Part::bundle).collect();
        let all = notebook::compose(&texts);
        all.get("text/plain").and_then(|text| text.as_str()).unwrap_or_default().to_string()
    }
}

impl Show for Output {
    fn bundle(&self) -> Bundle {
        self.is_seen.set(true);
        let mut parts: Vec<Bundle> = self.parts.iter().map(Part::bundle).collect();
        parts.push(match &self.result {
            Ok(value) => value.bundle(),
            Err(error) => error.bundle(),
        });
        notebook::compose(&parts)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.is_seen.get() {
            return;
        }
        // Where nobody reads there is nobody to tell.
        let text = self.text();
        if !text.is_empty() {
            let _ = writeln!(std::io::stdout(), "{text}");
        }
        if let Err(error) = &self.result {
            let _ = writeln!(std::io::stderr(), "{error}");
        }
    }
}

/// The error for what a script left unfinished because of a panic.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    Error::internal(format!("a defect in sinew: {}", text.unwrap_or("a panic")))
        .with_hint("variables are as they were before this call; please report what led here")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(result: Result<Value, ScriptError>) -> Output {
        let parts = vec![Part::Text("first".into()), Part::Warning("careful".into())];
        Output::new("run[1]".into(), parts, result)
    }

    #[test]
    fn texts_values_and_errors_are_one_output_in_their_order() {
        let done = output(Ok(Value::Int(3)));
        assert_eq!(done.bundle(), Bundle::text("first\nwarning: careful\n3"));
        assert_eq!(done.get::<i64>(), Ok(3));
        let error = done.get::<String>().expect_err("another type");
        assert!(error.to_string().contains("the value of the script is 3, not a string"), "{error}");
        assert_eq!(output(Ok(Value::Unit)).bundle(), Bundle::text("first\nwarning: careful"));
    }

    #[test]
    fn an_error_is_shown_behind_what_was_printed() {
        let failed = output(Err(ScriptError::outside(Error::data("no rows"), "run[1]")));
        let blocks = failed.bundle().to_evcxr();
        let places = ["first", "error[E030]: no rows"].map(|text| blocks.find(text).expect(text));
        assert!(places[0] < places[1] && blocks.contains("sinew-error"), "{blocks}");
        assert!(failed.error().is_some() && failed.value().is_err());
    }
}
