//! The variables of a session, as a prompt or notebook lists them.

use rhai::{Array, Dynamic, Map};

use super::convert::{describe, to_value, type_name};
use super::records::Estimator;
use super::session::Session;
use crate::value::Value;

/// A variable of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The type that scripts know.
    pub type_name: String,
    /// What it holds, in one short line.
    pub summary: String,
}

/// Letters of a summary at most.
const SUMMARY: usize = 60;

impl Session {
    /// Every variable, in order of name.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables: Vec<Variable> = self
            .scope()
            .iter_raw()
            .map(|(name, _, value)| Variable {
                name: name.into(),
                type_name: type_name(value),
                summary: summary(value),
            })
            .collect();
        variables.sort_by(|a, b| a.name.cmp(&b.name));
        variables
    }
}

/// A value as a prompt shows it.
pub(super) fn shown(value: &Dynamic) -> String {
    if let Some(model) = value.read_lock::<Estimator>() {
        return model.to_string();
    }
    // A function, a clock and the like are nothing outside scripts.
    to_value(value).map_or_else(|_| describe(value), |value| value.to_string())
}

/// A value for a notebook: what has no value outside scripts, such as a model or a function, is its text.
pub(super) fn displayed(value: &Dynamic) -> Value {
    to_value(value).unwrap_or_else(|_| Value::Text(shown(value)))
}

/// A value in one short line.
pub(super) fn summary(value: &Dynamic) -> String {
    // Lists and maps may hold a lot: they are not written out to be cut.
    if let Some(list) = value.read_lock::<Array>() {
        return format!("{} elements", list.len());
    }
    if let Some(map) = value.read_lock::<Map>() {
        return cut(&map.keys().map(|key| key.as_str()).collect::<Vec<_>>().join(", "));
    }
    match to_value(value) {
        Ok(Value::Text(text)) => cut(&format!("{text:?}")),
        _ => cut(&shown(value)),
    }
}

/// The first line, if need be the beginning of it.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= SUMMARY {
        return line.into();
    }
    format!("{}...", line.chars().take(SUMMARY - 3).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_show_type_and_one_line_and_the_last_of_a_name_counts() {
        let mut session = Session::sandboxed();
        session.eval("let x = eye(2); let x = [1, 2]; let m = ones(3, 2); let t = \"a\\nb\"; let f = |x| x;").unwrap();
        let lines: Vec<String> =
            session.variables().iter().map(|v| format!("{} {} {}", v.name, v.type_name, v.summary)).collect();
        assert_eq!(
            lines,
            ["f function a function", "m Matrix Matrix 3 x 2", "t string \"a\\nb\"", "x list 2 elements"]
        );
    }

    #[test]
    fn a_prompt_shows_models_and_nothing_for_unit() {
        let mut session = Session::sandboxed();
        assert_eq!(session.eval_shown("let x = 1;").unwrap(), None);
        assert_eq!(session.eval_shown("x + 41").unwrap().as_deref(), Some("42"));
        let shown = session.eval_shown("GraphicalLasso(#{ lambda: 0.5 })").unwrap().unwrap();
        assert!(shown.starts_with("GraphicalLasso(#{ lambda: 0.5"), "{shown}");
    }

    #[test]
    fn a_prompt_waits_for_what_more_lines_can_complete() {
        let mut session = Session::sandboxed();
        session.eval("let x = 1;").unwrap();
        for text in ["let y =", "fn f(a)", "if x > 0", "x +", "for i in 0..3 {", "let y = // note", "let", "/* a"] {
            assert!(!session.is_complete(text), "{text}");
        }
        for text in ["", "x", "x + 1\n", "let y = 2;", "fn f(a) { a }", "unknown", "x )", "let = 3", "\"open", "x // ("]
        {
            assert!(session.is_complete(text), "{text}");
        }
    }
}
