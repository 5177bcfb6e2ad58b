//! Completion in code: names, what stands behind a point, option keys.

use rhai::{Dynamic, Map};

use super::super::convert::type_name;
use super::super::functions::TRAIN;
use super::super::scan::{Kind, Open, chain_start, word_before, word_start};
use super::super::session::Session;
use super::super::vocabulary::{Entry, vocabulary};
use super::{Candidate, CandidateKind, candidate};
use crate::model::Record;
use crate::options::{Kind as OptionKind, Opt};
use crate::registry::{records, trainable_methods};

/// The words of the language, with the functions that it has without us.
const KEYWORDS: &[&str] = &[
    "break", "catch", "const", "continue", "debug", "do", "else", "export", "false", "fn", "for", "if", "import", "in",
    "let", "loop", "print", "return", "switch", "this", "throw", "true", "try", "type_of", "until", "while",
];

pub(super) fn in_code(session: &Session, text: &str, open: &[Open]) -> (usize, Vec<Candidate>) {
    let start = word_start(text);
    let before = text[..start].trim_end();
    let found = match open.last() {
        _ if text[start..].starts_with(|c: char| c.is_ascii_digit()) => Vec::new(),
        _ if before.ends_with('.') && !before.ends_with("..") => members(session, &before[..before.len() - 1]),
        Some(map) if map.kind == Kind::Map && !map.has_colon => option_keys(text, open),
        _ => names(session),
    };
    (start, found)
}

/// What can stand behind `receiver.`: the entries of a map, then what its type has, then everything else.
fn members(session: &Session, receiver: &str) -> Vec<Candidate> {
    let variable = match chain_start(receiver) {
        Some((name, true)) => session.scope().get(name),
        _ => None,
    };
    let mut found = Vec::new();
    if let Some(map) = variable.and_then(Dynamic::read_lock::<Map>) {
        for (key, value) in map.iter() {
            found.push(candidate(key.as_str(), CandidateKind::Property, type_name(value)));
        }
    }
    let type_name = variable.map(type_name).unwrap_or_default();
    let letters = receivers(&type_name);
    let is_data = matches!(type_name.as_str(), "Matrix" | "Table");
    let mut known: Vec<(bool, Candidate)> = Vec::new();
    for entry in &vocabulary().entries {
        let kind = if entry.is_property { CandidateKind::Property } else { CandidateKind::Function };
        known.push((!takes(entry, letters), candidate(entry.name, kind, entry.summary)));
    }
    for record in records() {
        known.push((!(is_data && record.is_method()), verb(record)));
        for property in record.adds {
            let has_it = record.adds_to().iter().any(|(_, kind)| *kind == type_name);
            known.push((!has_it, candidate(property.name, CandidateKind::Property, property.help)));
        }
    }
    known.sort_by(|(a_late, a), (b_late, b)| (a_late, &a.text).cmp(&(b_late, &b.text)));
    found.extend(known.into_iter().map(|(_, candidate)| candidate));
    found
}

/// How usage lines call a value of a type.
fn receivers(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "Matrix" => &["m", "x", "a"],
        "Table" => &["t", "x"],
        "Vector" => &["v", "x"],
        "Mask" => &["mask", "x"],
        "Graph" => &["g"],
        "Fit" => &["fit"],
        "Path" => &["path"],
        "JointFit" => &["joint"],
        "TrainedModel" => &["trained"],
        "Simulation" => &["sim"],
        "Figure" => &["figure", "fig"],
        "Estimator" => &["model"],
        "list" => &["list"],
        "Timer" => &["timer"],
        "Error" => &["error"],
        _ => &[],
    }
}

/// Whether a usage line calls the entry on one of these.
fn takes(entry: &Entry, letters: &[&str]) -> bool {
    entry.usage.lines().any(|line| line.split_once('.').is_some_and(|(receiver, _)| letters.contains(&receiver)))
}

/// The keys that the map at the end of `text` can still take.
fn option_keys(text: &str, open: &[Open]) -> Vec<Candidate> {
    let known = match open {
        [.., call, outer, _] if outer.kind == Kind::Map => options_inside(text, call, outer),
        [.., call, _] => options_of(text, call),
        _ => Vec::new(),
    };
    let written = open.last().map(|map| map.keys.as_slice()).unwrap_or_default();
    let free = known.into_iter().filter(|opt| !written.iter().any(|key| key == opt.name));
    free.map(|opt| candidate(opt.name, CandidateKind::Option, opt.help)).collect()
}

/// The options of a map that is the value of an option, the last key of `map`.
fn options_inside(text: &str, call: &Open, map: &Open) -> Vec<&'static Opt> {
    let option = map.keys.last().and_then(|key| options_of(text, call).into_iter().find(|opt| key == opt.name));
    let inner = |kind: &OptionKind| match kind {
        OptionKind::Options(inner) => Some(*inner),
        _ => None,
    };
    option.map_or_else(Vec::new, |opt| opt.kinds.iter().filter_map(inner).flatten().collect())
}

/// The options of the verb or constructor whose bracket is open.
pub(super) fn options_of(text: &str, call: &Open) -> Vec<&'static Opt> {
    if call.kind != Kind::Round {
        return Vec::new();
    }
    let name = word_before(&text[..call.at]);
    let named = records().filter(|record| record.verb == name || record.constructor == Some(name));
    let vocabulary = vocabulary();
    let entries = vocabulary.entries.iter().filter(|entry| entry.name == name);
    let of_training = trainable_methods().filter(|_| name == TRAIN).flat_map(|record| record.training_options());
    let of_entries = entries.flat_map(|entry| entry.options);
    named.flat_map(|record| record.all_options()).chain(of_training).chain(of_entries).collect()
}

/// Everything that can start an expression.
fn names(session: &Session) -> Vec<Candidate> {
    let variables = session.variables().into_iter();
    let mut found: Vec<Candidate> =
        variables.map(|variable| candidate(variable.name, CandidateKind::Variable, variable.type_name)).collect();
    let mut functions = Vec::new();
    // Closures are functions too, under names that nobody can write.
    for function in session.functions().iter_functions().filter(|function| !function.name.contains('$')) {
        functions.push(candidate(function.name, CandidateKind::Function, function.to_string()));
    }
    for entry in vocabulary().entries.iter().filter(|entry| !entry.is_property) {
        functions.push(candidate(entry.name, CandidateKind::Function, entry.summary));
    }
    for record in records() {
        functions.push(verb(record));
        functions.extend(record.constructor.map(|name| candidate(name, CandidateKind::Constructor, record.summary)));
    }
    functions.sort_by(|a, b| a.text.cmp(&b.text));
    found.extend(functions);
    found.extend(KEYWORDS.iter().map(|word| candidate(*word, CandidateKind::Keyword, "")));
    found
}

fn verb(record: &Record) -> Candidate {
    candidate(record.verb, CandidateKind::Function, record.summary)
}
