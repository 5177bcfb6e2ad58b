//! One cell: what it evaluates to, what is wrong with it.

use std::collections::HashMap;

use jupyter_protocol::{ExpressionResult, Payload, ReplyError};

use super::output::{Output, media};
use crate::context::Context;
use crate::detached::detached;
use crate::error::{Error, Result};
use crate::notebook::{Bundle, bundle};
use crate::script::{ScriptError, Session, answer};
use crate::value::Value;

/// A cell to run.
#[derive(Debug, Clone)]
pub struct Cell {
    pub code: String,
    /// The number that its output has.
    pub count: usize,
    /// Whether its value is not shown.
    pub is_silent: bool,
    /// What the client wants evaluated after it, by names of its own.
    pub expressions: HashMap<String, String>,
}

/// What came of a cell.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The text of its value.
    pub shown: Option<String>,
    /// What is wrong with it.
    pub error: Option<ReplyError>,
    /// What the client is to do.
    pub payload: Vec<Payload>,
    pub expressions: HashMap<String, ExpressionResult>,
}

impl Cell {
    /// What its errors are of.
    pub fn name(&self) -> String {
        format!("In[{}]", self.count)
    }

    /// Runs the cell: its output goes where it belongs, at once.
    pub fn run(&self, session: &mut Session, output: &Output) -> Outcome {
        if self.code.trim_start().starts_with('?') {
            return self.answer();
        }
        let value = match session.eval_cell(&self.code, &self.name()) {
            Ok(value) => value,
            Err(error) => return Outcome { error: Some(failure(&error)), ..Outcome::default() },
        };
        let ctx = Context::new().with_cancel(session.cancel_handle());
        let mut outcome = Outcome::default();
        if !self.is_silent && !matches!(value, Value::Unit) {
            let bundle = match shown(&value, &ctx) {
                Ok(bundle) => bundle,
                Err(error) => return self.failed(error),
            };
            outcome.shown = bundle.get("text/plain").and_then(|text| text.as_str()).map(String::from);
            output.result(self.count, &bundle);
        }
        if session.exit_code().is_some() {
            outcome.payload.push(Payload::AskExit { keepkernel: false });
        }
        let expressions = self.expressions.iter();
        outcome.expressions = expressions.map(|(name, code)| (name.clone(), evaluated(session, code, &ctx))).collect();
        outcome
    }

    /// What becomes of a cell that the kernel could not run.
    pub fn failed(&self, error: Error) -> Outcome {
        Outcome { error: Some(failure(&ScriptError::outside(error, &self.name()))), ..Outcome::default() }
    }

    /// `?NAME`, as at the prompt: a page of help.
    fn answer(&self) -> Outcome {
        match answer(&self.code) {
            Ok(text) => {
                let data = media(&Bundle::text(text));
                Outcome { payload: vec![Payload::Page { data, start: 0 }], ..Outcome::default() }
            }
            Err(error) => self.failed(error),
        }
    }
}

fn evaluated(session: &mut Session, code: &str, ctx: &Context) -> ExpressionResult {
    const NAME: &str = "expression";
    let value = session.eval_cell(code, NAME);
    let outcome = value.and_then(|value| shown(&value, ctx).map_err(|error| ScriptError::outside(error, NAME)));
    match outcome {
        Ok(bundle) => ExpressionResult::Ok { data: media(&bundle), metadata: serde_json::Map::new() },
        Err(error) => {
            let ReplyError { ename, evalue, traceback } = failure(&error);
            ExpressionResult::Error { ename, evalue, traceback }
        }
    }
}

/// What a notebook shows of a value. Figures and the like take long where they are large: not beyond an interrupt.
///
/// # Errors
/// Interrupts.
pub fn shown(value: &Value, ctx: &Context) -> Result<Bundle> {
    let is_object = |value: &Value| matches!(value, Value::Object(_));
    let is_short = match value {
        Value::List(list) => !list.iter().any(is_object),
        other => !is_object(other),
    };
    if is_short {
        return Ok(bundle(value));
    }
    // Objects are shared, so that this copies little.
    let value = value.clone();
    detached(ctx, move || bundle(&value))
}

/// An error as Jupyter's messages hold it: what it is in red, what to do in green.
pub fn failure(error: &ScriptError) -> ReplyError {
    /// Letters of an error: what is thrown may be of any size.
    const LONGEST: usize = 10_000;
    let cut = |text: String| match text.len() > LONGEST {
        true => format!("{} ... (cut)", &text[..text.floor_char_boundary(LONGEST)]),
        false => text,
    };
    let text = cut(error.to_string());
    let paint = |(i, line): (usize, &str)| match line.starts_with("  help: ") {
        _ if i == 0 => format!("\x1b[31m{line}\x1b[0m"),
        true => format!("\x1b[32m{line}\x1b[0m"),
        false => line.to_string(),
    };
    let kind = error.error.kind();
    ReplyError {
        ename: format!("{} {}", kind.code(), kind.category()),
        evalue: cut(error.error.message().to_string()),
        traceback: text.lines().enumerate().map(paint).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;

    fn run(session: &mut Session, code: &str, count: usize) -> Outcome {
        let expressions = HashMap::from([("next".to_string(), "x + 1".to_string())]);
        let cell = Cell { code: code.into(), count, is_silent: false, expressions };
        cell.run(session, &Output::new().0)
    }

    #[test]
    fn values_expressions_and_errors_of_cells() {
        let mut session = Session::sandboxed();
        let outcome = run(&mut session, "let x = 41; x + 1", 1);
        assert_eq!((outcome.shown.as_deref(), outcome.error.is_none()), (Some("42"), true));
        assert!(matches!(outcome.expressions["next"], ExpressionResult::Ok { .. }));
        let error = run(&mut session, "let y = 1;\nx.nothing()", 2).error.expect("an error");
        let text = error.traceback.join("\n");
        assert!(text.contains("--> In[2]:2:") && text.contains("2 | x.nothing()"), "{text}");
        assert_eq!(error.ename, "E003 function");
        assert_eq!(run(&mut session, "x + y", 3).shown.as_deref(), Some("42"), "what was set stays");
    }

    #[test]
    fn a_very_long_error_is_cut() {
        let mut session = Session::sandboxed();
        let error = run(&mut session, "let s = \"\"; s.pad(30000, 'é'); throw s", 1).error.expect("an error");
        assert!(error.evalue.ends_with("é ... (cut)") && error.evalue.len() < 10_050, "{}", error.evalue.len());
        let letters: usize = error.traceback.iter().map(String::len).sum();
        assert!(letters < 10_050 && error.traceback[0].contains("... (cut)"), "{letters}");
    }

    #[test]
    fn an_interrupt_reaches_the_cell_what_is_shown_of_it_and_its_expressions() {
        let mut session = Session::sandboxed();
        assert!(run(&mut session, "let x = 1;", 1).error.is_none());
        let stop = session.cancel_handle();
        let ctx = Context::new().with_cancel(stop.clone());
        stop.cancel();
        assert_eq!(run(&mut session, "x", 2).error.expect("an error").evalue, "interrupted");
        assert!(shown(&Matrix::from_fn(2, 2, |_, _| 1.0).into(), &ctx).is_err());
        for _ in 0..2 {
            assert!(matches!(evaluated(&mut session, "x", &ctx), ExpressionResult::Error { .. }));
        }
        stop.reset();
        assert_eq!(run(&mut session, "x", 3).shown.as_deref(), Some("1"));
    }

    #[test]
    fn a_question_is_answered_by_a_page() {
        let mut session = Session::sandboxed();
        assert!(matches!(run(&mut session, "?graphical_lasso", 1).payload[..], [Payload::Page { .. }]));
        assert!(run(&mut session, "?nonsense", 2).error.is_some());
    }
}
