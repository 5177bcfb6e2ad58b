//! Completion in code: names, what stands behind a point, option keys.

use super::super::functions::TRAIN;
use super::super::members::members_of;
use super::super::scan::{Kind, Open, word_before, word_start};
use super::super::session::Session;
use super::super::stdlib::std_module_as;
use super::super::vocabulary::vocabulary;
use super::{Candidate, CandidateKind, candidate, receiver};
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
        _ if before.ends_with("::") => functions_of_module(text, &before[..before.len() - 2]),
        _ if before.ends_with('.') && !before.ends_with("..") => members(session, &before[..before.len() - 1], open),
        Some(map) if map.kind == Kind::Map && !map.has_colon => option_keys(text, open),
        _ => names(session),
    };
    (start, found)
}

/// The functions of a module that comes with sinew, by the name at the end of `before`, which `text` imports it by.
fn functions_of_module(text: &str, before: &str) -> Vec<Candidate> {
    let module = std_module_as(text, word_before(before));
    let functions = module.map(|module| module.functions.as_slice()).unwrap_or_default();
    functions.iter().map(|f| candidate(f.plain_name(), CandidateKind::Function, f.summary.as_str())).collect()
}

/// What can stand behind a point at the end of `text`, which does not have the point: the entries of a map, then what
/// works on the type of the receiver; every member of anything where that type is not known.
fn members(session: &Session, text: &str, open: &[Open]) -> Vec<Candidate> {
    let known = receiver::known(session, text.trim_end_matches('?'), open);
    let Some(known) = known else { return everything() };
    let mut found: Vec<Candidate> =
        known.entries.iter().map(|(key, kind)| candidate(key, CandidateKind::Property, kind)).collect();
    let members = members_of(&known.type_name);
    found.extend(members.iter().map(|member| {
        let kind = if member.is_property { CandidateKind::Property } else { CandidateKind::Function };
        candidate(&member.name, kind, &member.help)
    }));
    if members.is_empty() {
        found.extend(everything());
    }
    found
}

/// The verbs and properties of all types.
fn everything() -> Vec<Candidate> {
    let mut found = Vec::new();
    for entry in &vocabulary().entries {
        let kind = if entry.is_property { CandidateKind::Property } else { CandidateKind::Function };
        found.push(candidate(entry.name, kind, entry.summary));
    }
    for record in records() {
        found.push(verb(record));
        let properties = record.adds.iter();
        found.extend(properties.map(|property| candidate(property.name, CandidateKind::Property, property.help)));
    }
    found.sort_by(|a, b| a.text.cmp(&b.text));
    found
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
