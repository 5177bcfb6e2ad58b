//! Functions and methods that do not exist, and wrong numbers of arguments.

use std::collections::BTreeSet;

use super::super::source::{Call, LANGUAGE_FUNCTIONS};
use super::super::vocabulary::vocabulary;
use super::report::Report;
use super::script::Script;
use crate::error::{Error, ErrorKind};
use crate::registry::records;

pub(super) fn check(script: &Script<'_>, report: &mut Report<'_>) {
    for call in script.source.calls() {
        let name = script.source.at(call.name);
        if LANGUAGE_FUNCTIONS.contains(&name) || script.evaluates {
            continue;
        }
        let error = if call.is_method { method(script, &call, name) } else { function(script, &call, name) };
        if let Some(error) = error {
            report.error(script.source.tokens()[call.name].place, &error);
        }
    }
}

fn function(script: &Script<'_>, call: &Call, name: &str) -> Option<Error> {
    if script.is_variable(name) {
        return None;
    }
    let counts = [script.arities(name), script.known.arities(name)];
    judge(script, call, name, &counts)
}

fn method(script: &Script<'_>, call: &Call, name: &str) -> Option<Error> {
    // What stands behind the dot may be a closure in a map: of this script, or of a module's.
    let unsure = script.imports && script.fixed_type(call.name - 1).is_none();
    if script.is_key(name) || unsure {
        return None;
    }
    // A function of the script is called as a method with the receiver as `this`.
    let own: Option<BTreeSet<usize>> =
        script.arities(name).map(|counts| counts.iter().flat_map(|count| [*count, count + 1]).collect());
    let counts = [own.as_ref(), script.known.arities(name)];
    judge(script, call, name, &counts)
}

/// The error of a call, given the numbers of arguments of the functions of that name.
fn judge(script: &Script<'_>, call: &Call, name: &str, counts: &[Option<&BTreeSet<usize>>]) -> Option<Error> {
    let counts: BTreeSet<usize> = counts.iter().flatten().flat_map(|counts| counts.iter().copied()).collect();
    if counts.is_empty() {
        return Some(unknown(script, name));
    }
    (!counts.contains(&call.count())).then(|| wrong_count(call, name, &counts))
}

fn unknown(script: &Script<'_>, name: &str) -> Error {
    if script.known.is_property(name) {
        return Error::new(ErrorKind::Function, format!("'{name}' is a property, not a function"))
            .with_hint(format!("write it without parentheses: x.{name}"));
    }
    Error::new(ErrorKind::Function, format!("there is no function '{name}'"))
        .with_nearest(name, script.known.names().chain(script.functions()))
}

fn wrong_count(call: &Call, name: &str, counts: &BTreeSet<usize>) -> Error {
    // What a function takes as its first argument stands before the dot of a method.
    let receiver = usize::from(call.is_method);
    let allowed: Vec<String> =
        counts.iter().filter_map(|count| count.checked_sub(receiver)).map(|count| count.to_string()).collect();
    let given = call.arguments.len();
    let error = |takes: &str| Error::new(ErrorKind::Function, format!("{name} takes {takes}, not {given}"));
    let error = match allowed.as_slice() {
        [] => Error::new(ErrorKind::Function, format!("{name} is no method"))
            .with_hint(format!("write {name}(..), without a dot")),
        [one] if one == "1" => error("1 argument"),
        [one] => error(&format!("{one} arguments")),
        [some @ .., last] => error(&format!("{} or {last} arguments", some.join(", "))),
    };
    let vocabulary = vocabulary();
    let usage: Vec<&str> =
        vocabulary.entries.iter().filter(|entry| entry.name == name).flat_map(|entry| entry.usage.lines()).collect();
    if !usage.is_empty() {
        error.or_hint(usage.join("\n        "))
    } else if records().any(|record| record.verb == name || record.constructor == Some(name)) {
        error.or_hint(format!("help(\"{name}\") shows how it is called"))
    } else {
        error
    }
}
