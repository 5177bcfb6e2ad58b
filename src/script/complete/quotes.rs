//! Completion in double quotes: words of options, names of columns, rows and nodes, data sets, topics, files.

use std::path::Path;

use rhai::Dynamic;

use super::super::scan::{Kind, Open, chain_start, word_before, word_start};
use super::super::session::Session;
use super::super::stdlib::std_modules;
use super::code::options_of;
use super::{Candidate, CandidateKind, candidate, topics};
use crate::data::example::EXAMPLES;
use crate::data::{Matrix, Names, SparseMatrix, Table, Vector};
use crate::graph::Graph;
use crate::model::Fit;
use crate::options::{Kind as OptionKind, Opt};
use crate::registry::records;

/// Verbs whose arguments are names of what they are called on.
const NAME_VERBS: &[&str] = &[
    "col",
    "drop",
    "get",
    "group_by",
    "join",
    "neighbors",
    "node",
    "rename",
    "row",
    "select",
    "shortest_path",
    "sort_by",
    "split_by",
    "subgraph",
];

/// Entries of a folder that are looked at.
const ENTRIES: usize = 10_000;

/// A text that starts at `start` and is open at the end of `text`; `around` is what is open outside it.
pub(super) fn in_quotes(session: &Session, text: &str, start: usize, around: &[Open]) -> (usize, Vec<Candidate>) {
    let found = match around {
        _ if word_before(text[..start - 1].trim_end()) == "import" => {
            std_modules().iter().map(|m| candidate(m.path, CandidateKind::Topic, m.summary.as_str())).collect()
        }
        [.., call, map] if map.kind == Kind::Map && map.has_colon => choices(text, call, map),
        [.., call] if call.kind == Kind::Round => return argument(session, text, start, call),
        [.., list] if list.kind == Kind::Square => in_list(session, text, around),
        _ => Vec::new(),
    };
    (start, found)
}

/// The option whose value stands at the end of `text`, in the map of a call.
fn current_option(text: &str, call: &Open, map: &Open) -> Option<&'static Opt> {
    let key = map.keys.last()?;
    options_of(text, call).into_iter().find(|opt| key == opt.name)
}

/// The words that the option before the cursor takes.
fn choices(text: &str, call: &Open, map: &Open) -> Vec<Candidate> {
    let mut found = Vec::new();
    for kind in current_option(text, call, map).map(|opt| opt.kinds).unwrap_or_default() {
        if let OptionKind::Choice(words) = kind {
            found.extend(words.iter().map(|word| candidate(*word, CandidateKind::Choice, "")));
        }
    }
    found
}

/// A text as an argument of the call that is open.
fn argument(session: &Session, text: &str, start: usize, call: &Open) -> (usize, Vec<Candidate>) {
    let before = &text[..call.at];
    let name = word_before(before);
    let found = match name {
        "example" => EXAMPLES.iter().map(|data| candidate(data.name, CandidateKind::DataSet, data.summary)).collect(),
        "help" => topics(),
        _ if matches!(name, "load" | "save") || name.starts_with("read") => {
            let (inner, found) = files(session, &text[start..]);
            return (start + inner, found);
        }
        _ if NAME_VERBS.contains(&name) => names_of_receiver(session, before),
        _ => words_of_parameter(name, call.commas),
    };
    (start, found)
}

/// The words that a parameter's help gives in quotes: `"hub" or "band"`.
fn words_of_parameter(verb: &str, position: usize) -> Vec<Candidate> {
    let parameters = records().filter(|record| record.verb == verb).filter_map(|record| record.params.get(position));
    let words = parameters.flat_map(|parameter| parameter.help.split('"').skip(1).step_by(2));
    words.map(|word| candidate(word, CandidateKind::Choice, "")).collect()
}

/// A text in a list: part of an index, of names, or of an option that takes a list.
fn in_list(session: &Session, text: &str, around: &[Open]) -> Vec<Candidate> {
    let depth = around.iter().rev().take_while(|open| open.kind == Kind::Square).count();
    let (outside, lists) = around.split_at(around.len() - depth);
    let Some(outermost) = lists.first() else { return Vec::new() };
    let before = text[..outermost.at].trim_end();
    if before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ')' | ']')) {
        return index_names(session, before, lists);
    }
    match outside {
        [.., call, map] if map.kind == Kind::Map && map.has_colon => match current_option(text, call, map) {
            Some(opt) if opt.kinds.contains(&OptionKind::List) => names_of_receiver(session, &text[..call.at]),
            _ => Vec::new(),
        },
        [.., call] if call.kind == Kind::Round && NAME_VERBS.contains(&word_before(&text[..call.at])) => {
            names_of_receiver(session, &text[..call.at])
        }
        _ => Vec::new(),
    }
}

/// Names for `x["`, `m[["`, `m[[0, "` and `m[[0, ["`, where `before` ends with what is indexed.
fn index_names(session: &Session, before: &str, lists: &[Open]) -> Vec<Candidate> {
    let Some(value) = chain_start(before).and_then(|name| session.scope().get(name)) else { return Vec::new() };
    let wants_rows = match lists {
        [_, pair, ..] => pair.commas == 0,
        // m["a"] is a row of a matrix; a table is indexed by column, and everything else has names of one kind.
        _ => value.read_lock::<Matrix>().is_some() || value.read_lock::<SparseMatrix>().is_some(),
    };
    axis(value, wants_rows)
}

/// Names of what a verb is called on; `before` ends with the verb.
fn names_of_receiver(session: &Session, before: &str) -> Vec<Candidate> {
    let before = before.trim_end();
    let (receiver, verb) = before.split_at(word_start(before));
    let variable = receiver.trim_end().strip_suffix('.').and_then(chain_start);
    let value = variable.and_then(|name| session.scope().get(name));
    value.map(|value| axis(value, verb == "row")).unwrap_or_default()
}

/// The names of a value's rows, or of its columns; what has names of one kind only gives those.
fn axis(value: &Dynamic, wants_rows: bool) -> Vec<Candidate> {
    let names = if let Some(matrix) = value.read_lock::<Matrix>() {
        if wants_rows { matrix.row_names().cloned() } else { matrix.names().cloned() }
    } else if let Some(matrix) = value.read_lock::<SparseMatrix>() {
        if wants_rows { matrix.row_names().cloned() } else { matrix.names().cloned() }
    } else if let Some(table) = value.read_lock::<Table>() {
        if wants_rows { table.row_names().cloned() } else { Some(table.names().clone()) }
    } else if let Some(vector) = value.read_lock::<Vector>() {
        vector.names().cloned()
    } else if let Some(graph) = value.read_lock::<Graph>() {
        graph.names().cloned()
    } else {
        value.read_lock::<Fit>().and_then(|fit| fit.names().cloned())
    };
    let names = names.iter().flat_map(Names::iter);
    names.map(|name| candidate(escape(name), CandidateKind::Name, "")).collect()
}

/// A name as it stands between double quotes.
fn escape(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The files that `typed` can become, and where in it the last part of the path starts.
pub(super) fn files(session: &Session, typed: &str) -> (usize, Vec<Candidate>) {
    let start = typed.rfind('/').map_or(0, |slash| slash + 1);
    let (folder, part) = typed.split_at(start);
    let folder = Path::new(if folder.is_empty() { "." } else { folder });
    let mut found = Vec::new();
    for (name, is_folder) in session.context().files().list(folder, ENTRIES) {
        // Hidden files are offered to those who ask for them.
        if !name.starts_with('.') || part.starts_with('.') {
            let end = if is_folder { "/" } else { "" };
            found.push(candidate(format!("{}{end}", escape(&name)), CandidateKind::File, ""));
        }
    }
    found.sort_by(|a, b| a.text.cmp(&b.text));
    (start, found)
}
