//! Options maps that are written out: unknown keys, and values that no option takes.

use std::ops::Range;

use super::super::functions::TRAIN;
use super::super::records::arity;
use super::super::source::{Call, MapEntry, Source};
use super::super::tokens::Kind;
use super::super::usage::{Form, Usage, usages};
use super::super::vocabulary::vocabulary;
use super::report::Report;
use super::script::Script;
use crate::error::Error;
use crate::options::{Opt, Options};
use crate::registry::{records, trainable_methods};
use crate::value::Value;

/// The options that a call may mean.
struct Table {
    verb: &'static str,
    options: Vec<&'static Opt>,
}

impl Table {
    fn has(&self, key: &str) -> bool {
        self.options.iter().any(|opt| opt.name == key)
    }

    fn check(&self, key: &str, value: Value) -> Result<(), Error> {
        Options::check(self.verb, self.options.iter().copied(), [(key, value)]).map(|_| ())
    }
}

pub(super) fn check(script: &Script<'_>, report: &mut Report<'_>) {
    for call in script.source.calls() {
        let Some(entries) = call.arguments.last().and_then(|last| script.source.map_literal(last)) else { continue };
        let name = script.source.at(call.name);
        // Rhai's own functions of the same name take maps that are no options.
        if script.redefines(name, call.is_method) || script.known.is_standard(name) {
            continue;
        }
        let tables = tables(name, &call);
        for entry in &entries {
            if let Some((token, error)) = problem(script.source, &tables, entry) {
                report.error(script.source.tokens()[token].place, &error);
            }
        }
    }
}

/// The option tables that the map at the end of a call may be held against.
fn tables(name: &str, call: &Call) -> Vec<Table> {
    let count = call.count();
    let of_records = records()
        .filter(|record| {
            let constructs = record.constructor == Some(name) && !call.is_method && count == 1;
            constructs || (record.verb == name && count == arity(record) + 1)
        })
        .map(|record| Table { verb: record.verb, options: record.all_options().collect() });
    // Which method is trained is not known here.
    let of_training = trainable_methods()
        .filter(|_| name == TRAIN)
        .map(|record| Table { verb: record.verb, options: record.training_options().collect() });
    let vocabulary = vocabulary();
    let entries = vocabulary.entries.iter().filter(|entry| entry.name == name && !entry.options.is_empty());
    let of_entries = entries
        .filter(|entry| !usages(entry).iter().any(|usage| takes_data(usage, count)))
        // A map that is the only argument is data, unless the verb's usage says that it has options only.
        .filter(|entry| count >= 2 || usages(entry).iter().any(|usage| takes_options_only(&usage.form)))
        .map(|entry| Table { verb: entry.name, options: entry.options.iter().collect() });
    of_records.chain(of_training).chain(of_entries).collect()
}

/// Whether a form with so many arguments, the receiver among them, ends with something else than options.
fn takes_data(usage: &Usage<'_>, count: usize) -> bool {
    let Form::Call(arguments) = &usage.form else { return false };
    let data = arguments.last().is_some_and(|last| !last.starts_with("#{"));
    data && arguments.len() + usize::from(usage.receiver.is_some()) == count
}

fn takes_options_only(form: &Form<'_>) -> bool {
    matches!(form, Form::Call(arguments) if matches!(arguments.as_slice(), [only] if only.starts_with("#{")))
}

/// What is wrong with an entry, and the token where it is; nothing where there are no tables.
fn problem(source: &Source<'_>, tables: &[Table], entry: &MapEntry) -> Option<(usize, Error)> {
    let token = source.tokens().get(entry.key)?;
    let key = match &token.kind {
        Kind::Word => token.text,
        Kind::Text(Some(text)) => text.as_str(),
        _ => return None,
    };
    let having: Vec<&Table> = tables.iter().filter(|table| table.has(key)).collect();
    if having.is_empty() {
        // The key is looked at before the value.
        let error = tables.first()?.check(key, Value::Unit).err()?;
        return Some((entry.key, error));
    }
    let value = literal(source, &entry.value)?;
    // A value that one of the tables takes is right.
    let errors = having.iter().map(|table| table.check(key, value.clone()).err()).collect::<Option<Vec<_>>>()?;
    errors.into_iter().next().map(|error| (entry.value.start, error))
}

/// A number, text or truth value that is written out.
fn literal(source: &Source<'_>, range: &Range<usize>) -> Option<Value> {
    let tokens = source.tokens().get(range.clone())?;
    match tokens {
        [token] => match &token.kind {
            Kind::Int(value) => Some(Value::Int(*value)),
            Kind::Float(value) => Some(Value::Float(*value)),
            Kind::Text(text) => text.clone().map(Value::Text),
            Kind::Word if token.text == "true" => Some(Value::Bool(true)),
            Kind::Word if token.text == "false" => Some(Value::Bool(false)),
            _ => None,
        },
        [minus, number] if minus.text == "-" => match number.kind {
            Kind::Int(value) => value.checked_neg().map(Value::Int),
            Kind::Float(value) => Some(Value::Float(-value)),
            _ => None,
        },
        _ => None,
    }
}
