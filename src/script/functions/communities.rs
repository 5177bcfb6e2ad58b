//! Communities of nodes and their modularity.

use std::collections::HashMap;

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_value};
use super::super::index::to_selector;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::graphs::{by_node, name_list, reserve_names};
use super::tables::to_column;
use crate::data::Vector;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::Area;
use crate::options::{Kind, Opt, Options, Preset, Range};

const RESOLUTION: Opt = Opt::new(
    "resolution",
    &[Kind::Number(Range::NON_NEGATIVE)],
    Preset::Number(1.0),
    "The larger, the smaller the communities; at most 1000",
);
const FIND: &[Opt] =
    &[RESOLUTION, Opt::new("seed", &[Kind::Count(0)], Preset::Unset("the session's"), "Seed of the random numbers")];
const JUDGE: &[Opt] = &[RESOLUTION];

fn resolution(options: &Options) -> f64 {
    options.number("resolution").unwrap_or(1.0)
}

/// Communities, largest first. Without a seed of its own a call takes the session's as it is, so that all verbs agree.
fn find(call: &NativeCallContext<'_>, verb: &str, g: &Graph, options: &Map) -> Result<Vec<Vec<usize>>> {
    let options = check_options(verb, FIND, options)?;
    let ctx = match options.count("seed") {
        Some(seed) => context(call).with_seed(seed as u64),
        None => context(call),
    };
    g.communities(resolution(&options), &ctx)
}

fn communities(call: &NativeCallContext<'_>, g: &Graph, options: &Map) -> Outcome<Array> {
    let _held = reserve_names(call, g, g.n_nodes())?;
    let labels = g.labels();
    Ok(find(call, "communities", g, options)?.into_iter().map(|nodes| name_list(&labels, nodes).into()).collect())
}

fn membership(call: &NativeCallContext<'_>, g: &Graph, options: &Map) -> Outcome<Vector> {
    let mut numbers = vec![0.0; g.n_nodes()];
    for (number, nodes) in find(call, "membership", g, options)?.into_iter().enumerate() {
        nodes.into_iter().for_each(|node| numbers[node] = number as f64);
    }
    Ok(by_node(call, g, numbers)?)
}

/// The number of every node's group: from a value for each node, or from lists of nodes.
fn groups(g: &Graph, given: &Dynamic) -> Result<Vec<usize>> {
    if let Some(list) = given.read_lock::<Array>().filter(|list| list.iter().any(Dynamic::is_array)) {
        return from_lists(g, &list);
    }
    let column = to_value(given).and_then(|values| to_column(&values)).map_err(|error| {
        error.at("modularity: the groups").or_hint("a number or a text for each node, or a list of lists of nodes")
    })?;
    if column.len() != g.n_nodes() {
        return Err(Error::shape(format!("modularity: {} groups for {} nodes", column.len(), g.n_nodes())));
    }
    if let Some(node) = (0..column.len()).find(|&node| column.is_missing(node)) {
        return Err(Error::data(format!("modularity: the node '{}' has no group", g.labels().get(node))));
    }
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let number = |node| {
        let next = numbers.len();
        *numbers.entry(column.label(node)).or_insert(next)
    };
    Ok((0..column.len()).map(number).collect())
}

fn from_lists(g: &Graph, lists: &Array) -> Result<Vec<usize>> {
    let labels = g.labels();
    let wrong = |node: usize, what: &str| {
        Error::argument(format!("modularity: the node '{}' is in {what}", labels.get(node)))
            .with_hint("every node is in exactly one group")
    };
    let mut group_of: Vec<Option<usize>> = vec![None; g.n_nodes()];
    let mut number = 0;
    for list in lists {
        let picked = to_selector(list)?.pick(g.n_nodes(), Some(&labels), "node")?;
        for &node in picked.positions() {
            if group_of[node].replace(number).is_some() {
                return Err(wrong(node, "two groups"));
            }
        }
        // A group without nodes has no number: there are never more numbers than nodes.
        number += usize::from(!picked.positions().is_empty());
    }
    group_of.iter().enumerate().map(|(node, group)| group.ok_or_else(|| wrong(node, "no group"))).collect()
}

fn modularity(g: &Graph, given: &Dynamic, options: &Map) -> Outcome<f64> {
    let options = check_options("modularity", JUDGE, options)?;
    Ok(g.modularity(&groups(g, given)?, resolution(&options))?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.verb(
        "communities",
        "g.communities() -> list\ng.communities(#{ resolution, seed }) -> list",
        "Names of the nodes of each community, largest first: modularity of |weight| by the Leiden algorithm",
        with_g!("print(g.communities());"),
    )
    .options(FIND)
    .on_list(|call: NativeCallContext<'_>, g: &mut Graph| communities(&call, g, &Map::new()))
    .on_list(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| communities(&call, g, &options));
    b.verb(
        "membership",
        "g.membership() -> Vector\ng.membership(#{ resolution, seed }) -> Vector",
        "The number of every node's community, 0 the largest: what communities() finds, node by node",
        with_g!("print(g.set_attribute(\"community\", g.membership()).attribute(\"community\"));"),
    )
    .options(FIND)
    .on(|call: NativeCallContext<'_>, g: &mut Graph| membership(&call, g, &Map::new()))
    .on(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| membership(&call, g, &options));
    b.verb(
        "modularity",
        "g.modularity(groups) -> float\ng.modularity(groups, #{ resolution }) -> float",
        "Share of |weight| within groups, less what strengths explain; groups as a value a node or as lists of nodes",
        with_g!("print(g.modularity(g.communities()));\nprint(g.modularity(g.attribute(\"group\")));"),
    )
    .options(JUDGE)
    .on(|g: &mut Graph, groups: Dynamic| modularity(g, &groups, &Map::new()))
    .on(|g: &mut Graph, groups: Dynamic, options: Map| modularity(g, &groups, &options));
}
