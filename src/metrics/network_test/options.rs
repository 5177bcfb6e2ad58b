//! How scripts say which networks are compared: the options of `network_comparison`.

use std::collections::HashSet;

use super::{NetworkTest, TestedEdges};
use crate::data::{Names, Selector};
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset};
use crate::solver::multiple_testing::Adjustment;
use crate::value::{Value, describe};

/// The options of scripts.
pub const OPTIONS: &[Opt] = &[
    Opt::new("permutations", &[Kind::Count(1)], Preset::Count(1000), "How often rows are exchanged between the groups"),
    Opt::new(
        "paired",
        &[Kind::Bool],
        Preset::Bool(false),
        "Row i of both groups is the same subject: rows change places with each other only",
    ),
    Opt::new(
        "edges",
        &[Kind::Bool, Kind::Choice(&["all"]), Kind::List],
        Preset::Bool(true),
        "Which edges are tested: all pairs (true, \"all\"), none (false), or a list of pairs [[\"a\", \"b\"], ..]",
    ),
    Opt::new(
        "p_adjust",
        &[Kind::Choice(Adjustment::NAMES)],
        Preset::Text("bh"),
        "How p-values of edges, and those of nodes, are adjusted to each other",
    ),
    Opt::new(
        "center",
        &[Kind::Bool],
        Preset::Bool(true),
        "Take each group's means away first, so that other means do not look like another network",
    ),
    Opt::new("seed", &[Kind::Count(0)], Preset::Unset("drawn from the session's"), "Seed"),
];

impl NetworkTest {
    /// From the options of a script.
    ///
    /// # Errors
    /// A list of edges that has something else than pairs.
    pub fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let edges = match options.get("edges") {
            Some(Value::Bool(false)) => TestedEdges::None,
            Some(Value::List(list)) => TestedEdges::Pairs(list.iter().map(pair).collect::<Result<_>>()?),
            _ => TestedEdges::All,
        };
        Ok(Self {
            permutations: options.count("permutations").unwrap_or(default.permutations),
            paired: options.is_true("paired"),
            edges,
            adjustment: options.text("p_adjust").and_then(Adjustment::parse).unwrap_or_default(),
            center: options.is_true("center"),
        })
    }

    pub(super) fn recorded(&self) -> Vec<(String, Value)> {
        let edges = match &self.edges {
            TestedEdges::All => Value::Bool(true),
            TestedEdges::None => Value::Bool(false),
            TestedEdges::Pairs(pairs) => {
                let pair = |(a, b): &(Selector, Selector)| Value::List(vec![end(a), end(b)]);
                Value::List(pairs.iter().map(pair).collect())
            }
        };
        vec![
            ("permutations".into(), self.permutations.into()),
            ("paired".into(), self.paired.into()),
            ("edges".into(), edges),
            ("p_adjust".into(), self.adjustment.name().into()),
            ("center".into(), self.center.into()),
        ]
    }
}

fn end(selector: &Selector) -> Value {
    match selector {
        Selector::Name(name) => name.as_str().into(),
        Selector::Position(position) => (*position).into(),
        _ => Value::Unit,
    }
}

/// Two nodes of a list of pairs.
fn pair(value: &Value) -> Result<(Selector, Selector)> {
    let wrong = |value: &Value| {
        Error::option(format!("option 'edges' lists pairs of nodes, one of them is {}", describe(value)))
            .with_hint("edges: [[\"a\", \"b\"], [\"b\", \"c\"]]")
    };
    let node = |value: &Value| match value {
        Value::Text(name) => Ok(Selector::Name(name.clone())),
        Value::Int(position) => Ok(Selector::Position(*position)),
        other => Err(wrong(other)),
    };
    match value {
        Value::List(ends) => match ends.as_slice() {
            [a, b] => Ok((node(a)?, node(b)?)),
            _ => Err(wrong(value)),
        },
        other => Err(wrong(other)),
    }
}

/// The positions of pairs, without directions the smaller one first.
pub(super) fn positions(
    pairs: &[(Selector, Selector)],
    labels: &Names,
    is_directed: bool,
) -> Result<Vec<(usize, usize)>> {
    let node = |selector: &Selector| -> Result<usize> {
        let picked = selector.pick(labels.len(), Some(labels), "node").map_err(|error| error.at("option 'edges'"))?;
        match picked.positions() {
            &[position] => Ok(position),
            _ => Err(Error::option("option 'edges' lists pairs of single nodes")),
        }
    };
    if pairs.is_empty() {
        return Err(Error::option("option 'edges' is an empty list").with_hint("edges: false tests no edge"));
    }
    let mut found = Vec::with_capacity(pairs.len());
    for (a, b) in pairs {
        let (a, b) = (node(a)?, node(b)?);
        let ends = if is_directed { (a, b) } else { (a.min(b), a.max(b)) };
        let names = format!("'{}' and '{}'", labels.get(a), labels.get(b));
        if a == b {
            return Err(Error::option(format!("option 'edges': {names} are the same node")));
        }
        found.push((ends, names));
    }
    let mut seen = HashSet::new();
    match found.iter().find(|(ends, _)| !seen.insert(*ends)) {
        Some((_, names)) => Err(Error::option(format!("option 'edges' has {names} twice"))),
        None => Ok(found.into_iter().map(|(ends, _)| ends).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = Options::check("network_comparison", OPTIONS.iter(), []).unwrap();
        assert_eq!(NetworkTest::from_options(&options).unwrap(), NetworkTest::default());
    }

    #[test]
    fn pairs_are_found_by_name_and_wrong_ones_named() {
        let labels = Names::new(["a", "b", "c"].map(String::from).to_vec(), "nodes").unwrap();
        let of = |a: &str, b: &str| (Selector::Name(a.into()), Selector::Name(b.into()));
        assert_eq!(positions(&[of("c", "a")], &labels, false).unwrap(), [(0, 2)]);
        assert_eq!(positions(&[of("c", "a")], &labels, true).unwrap(), [(2, 0)]);
        for (pairs, part) in [
            (vec![of("a", "a")], "the same node"),
            (vec![of("a", "b"), of("b", "a")], "twice"),
            (vec![of("a", "d")], "'d'"),
            (vec![], "empty list"),
        ] {
            assert!(positions(&pairs, &labels, false).unwrap_err().message().contains(part), "{part}");
        }
        assert!(pair(&Value::Int(3)).is_err() && pair(&Value::List(vec!["a".into()])).is_err());
    }
}
