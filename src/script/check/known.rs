//! What exists for every script: functions with their numbers of arguments, properties, and what calls surely give.

use std::collections::{BTreeMap, BTreeSet};

use super::super::session::Session;
use super::super::usage::usages;
use super::super::vocabulary::vocabulary;
use crate::error::{Error, Result};
use crate::model::Record;
use crate::registry::records;

/// Types whose properties are fixed. Others take the name of a column, an entry or an element as a property.
const FIXED_TYPES: &[&str] =
    &["Fit", "Path", "JointFit", "TrainedModel", "Graph", "Figure", "Simulation", "NetworkComparison", "Report"];

/// The functions and properties that every script has, those of Rhai and ours.
#[derive(Debug)]
pub(super) struct Known {
    /// Numbers of arguments by name.
    functions: BTreeMap<String, BTreeSet<usize>>,
    properties: BTreeSet<String>,
    /// Names of functions of Rhai's own; some are also ours.
    standard: BTreeSet<String>,
    /// Types of fixed properties that calls surely give.
    gives: BTreeMap<&'static str, &'static str>,
}

impl Known {
    pub fn of(session: &Session) -> Result<Self> {
        let ours = registered(&session.functions_json(false)?)?;
        let all = registered(&session.functions_json(true)?)?;
        let mut known = Self {
            functions: BTreeMap::new(),
            properties: BTreeSet::new(),
            standard: BTreeSet::new(),
            gives: BTreeMap::new(),
        };
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        all.iter().for_each(|(name, _)| *counts.entry(name).or_default() += 1);
        ours.iter().for_each(|(name, _)| *counts.entry(name).or_default() -= 1);
        known.standard = counts.iter().filter(|(_, count)| **count > 0).map(|(name, _)| (*name).to_string()).collect();
        for (name, arity) in &all {
            match name.strip_prefix("get$").or_else(|| name.strip_prefix("set$")) {
                Some(property) => {
                    known.properties.insert(property.to_string());
                }
                None => {
                    known.functions.entry(name.clone()).or_default().insert(*arity);
                }
            }
        }
        let names: BTreeSet<&'static str> = records()
            .map(|record| record.verb)
            .chain(vocabulary().entries.iter().filter(|entry| !entry.is_property).map(|entry| entry.name))
            .collect();
        known.gives = names
            .into_iter()
            .filter(|name| !known.standard.contains(*name))
            .filter_map(|name| fixed_type(name).map(|kind| (name, kind)))
            .collect();
        Ok(known)
    }

    /// The numbers of arguments that a function takes; the receiver of a method is one.
    pub fn arities(&self, name: &str) -> Option<&BTreeSet<usize>> {
        self.functions.get(name)
    }

    /// Whether some type has a property of that name.
    pub fn is_property(&self, name: &str) -> bool {
        self.properties.contains(name)
    }

    /// Whether Rhai itself has a function of that name.
    pub fn is_standard(&self, name: &str) -> bool {
        self.standard.contains(name)
    }

    /// The type that a call of that name surely gives, of those whose properties are fixed.
    pub fn gives(&self, name: &str) -> Option<&'static str> {
        self.gives.get(name).copied()
    }

    /// The names of all functions that can be called by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let is_word = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        self.functions.keys().map(String::as_str).filter(is_word)
    }
}

/// Names with numbers of arguments, from Rhai's description of its functions.
fn registered(json: &str) -> Result<Vec<(String, usize)>> {
    let unreadable = || Error::internal("the description of the functions cannot be read");
    let json: serde_json::Value = serde_json::from_str(json).map_err(|_| unreadable())?;
    let functions = json["functions"].as_array().ok_or_else(unreadable)?;
    let read = |function: &serde_json::Value| {
        let arity = function["numParams"].as_u64().and_then(|count| usize::try_from(count).ok());
        function["name"].as_str().map(String::from).zip(arity).ok_or_else(unreadable)
    };
    functions.iter().map(read).collect()
}

/// What every form of a verb gives, if that is one type of fixed properties.
fn fixed_type(name: &str) -> Option<&'static str> {
    let of_records = records().filter(|record| record.verb == name).map(Record::gives);
    let vocabulary = vocabulary();
    let entries = vocabulary.entries.iter().filter(|entry| entry.name == name && !entry.is_property);
    let of_entries = entries.flat_map(usages).map(|usage| usage.gives);
    let mut kinds = of_records.chain(of_entries);
    let first = kinds.next()?.filter(|kind| FIXED_TYPES.contains(kind))?;
    kinds.all(|kind| kind == Some(first)).then_some(first)
}
