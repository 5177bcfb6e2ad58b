//! What Rhai's parser finds: syntax errors and undefined variables.

use rhai::{Engine, ParseError, ParseErrorType, Scope};

use super::super::diagnose::ScriptError;
use super::advice::{Surroundings, improve};
use super::known::Known;
use super::report::Report;
use crate::error::Error;

/// Undefined variables that are looked for; the parser tells one at a time.
const MAX_UNDEFINED: usize = 100;

/// Reports what the parser finds; says whether the rest of the script can be relied on.
pub(super) fn check(engine: &Engine, text: &str, known: &Known, report: &mut Report<'_>) -> bool {
    let mut scope = Scope::new();
    scope.push("args", rhai::Array::new());
    let mut script = text.to_string();
    let mut changed = Vec::new();
    for _ in 0..MAX_UNDEFINED {
        let Err(error) = engine.compile_with_scope(&scope, &script) else { return true };
        let place = (error.position().line().unwrap_or(1), error.position().position().unwrap_or(1));
        let undefined = match error.err_type() {
            ParseErrorType::VariableUndefined(name) => Some(name.clone()),
            _ => None,
        };
        // What else is wrong on a line that was changed may come from the change.
        if undefined.is_none() && changed.contains(&place.0) {
            return true;
        }
        let explained = explain(error, place, known, report);
        report.error(place, &explained);
        let Some(name) = undefined else { return false };
        if !blank(&mut script, place, &name) {
            return true;
        }
        changed.push(place.0);
    }
    true
}

fn explain(error: ParseError, place: (usize, usize), known: &Known, report: &Report<'_>) -> Error {
    let kind = error.err_type().clone();
    let plain = ScriptError::of(error.into(), report.source(), report.text()).error;
    let around = Surroundings {
        is_function: &|name: &str| known.arities(name).is_some(),
        variables: &["args"],
        is_off: &|_| false,
    };
    improve(*plain, &kind, place, report.text(), &around)
}

/// Puts a number in the place of an undefined variable, so that the parser goes on behind it.
fn blank(script: &mut String, place: (usize, usize), name: &str) -> bool {
    match offset(script, place) {
        Some(start) if script[start..].starts_with(name) => {
            script.replace_range(start..start + name.len(), &format!("{:<1$}", 0, name.len()));
            true
        }
        _ => false,
    }
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, (line, column): (usize, usize)) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let within = text.get(start..)?.char_indices().nth(column.checked_sub(1)?)?.0;
    Some(start + within)
}
