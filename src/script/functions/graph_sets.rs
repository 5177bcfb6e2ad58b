//! Graphs from graphs: set operations, parts, directions.

use rhai::{Array, Dynamic, NativeCallContext};

use super::super::convert::{Outcome, describe, to_number};
use super::super::index::to_selector;
use super::super::vocabulary::Builder;
use super::super::work::{made, within};
use super::graphs::node;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::Area;

/// An example about two graphs `a` and `b`.
macro_rules! with_a_and_b {
    ($code:literal) => {
        concat!(
            "let a = random_graph(\"ring\", #{ nodes: 6 });\n",
            "let b = random_graph(\"band\", #{ nodes: 6, bandwidth: 2 });\n",
            $code
        )
    };
}

/// Bytes for each node and edge of two graphs while they are matched.
const MATCHED: usize = 128;
/// Bytes for each node and edge of a graph while another is made of it.
const CHANGED: usize = 112;

/// Verbs of two graphs.
macro_rules! set_verbs {
    ($b:expr; $($name:ident, $help:literal;)*) => { $(
        $b.verb(
            stringify!($name),
            concat!("g.", stringify!($name), "(other) -> Graph"),
            $help,
            concat!(with_a_and_b!("print(a."), stringify!($name), "(b));"),
        )
        .on(|call: NativeCallContext<'_>, g: &mut Graph, other: Graph| -> Outcome<Graph> {
            let many = g.n_nodes() + g.n_edges() + other.n_nodes() + other.n_edges();
            let g = g.clone();
            Ok(within(&call, many, many.saturating_mul(MATCHED), move || g.$name(&other))??)
        });
    )* };
}

/// Pairs of nodes, by name or position.
fn pairs(g: &Graph, given: &Dynamic) -> Result<Vec<(usize, usize)>> {
    let wrong = |value: &Dynamic| {
        Error::argument(format!("orient takes a list of pairs of nodes, not {}", describe(value)))
            .with_hint("g.orient([[\"a\", \"b\"], [\"b\", \"c\"]]) makes edges lead from a to b and from b to c")
    };
    let labels = g.labels();
    let list = given.read_lock::<Array>().ok_or_else(|| wrong(given))?;
    let mut pairs = Vec::with_capacity(list.len());
    for pair in list.iter() {
        let ends = pair.read_lock::<Array>().ok_or_else(|| wrong(pair))?;
        let [from, to] = ends.as_slice() else { return Err(wrong(pair)) };
        pairs.push((node(&labels, from)?, node(&labels, to)?));
    }
    Ok(pairs)
}

fn above(call: &NativeCallContext<'_>, g: &Graph, threshold: &Dynamic) -> Result<Graph> {
    match to_number(threshold) {
        Some(threshold) if threshold >= 0.0 => made(call, g, CHANGED, move |g| g.above(threshold)),
        _ => Err(Error::argument(format!("above takes a threshold >= 0, not {}", describe(threshold)))),
    }
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    set_verbs! { b;
        intersect, "Edges of both graphs, with the first's weights; nodes are matched by name where both have names";
        union, "Edges of either graph, with the first's weights; nodes are matched by name where both have names";
        diff, "Edges that the other graph lacks; nodes are matched by name where both have names";
        sym_diff, "Edges that only one of the graphs has; nodes are matched by name where both have names";
    }
    b.verb(
        "above",
        "g.above(threshold) -> Graph",
        "The graph without edges of |weight| at or below a threshold",
        "let g = graph_from_matrix(example(\"sachs\").cor());\nprint(g.above(0.5).n_edges);",
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph, threshold: Dynamic| -> Outcome<Graph> {
        Ok(above(&call, g, &threshold)?)
    });
    b.verb(
        "subgraph",
        "g.subgraph(nodes) -> Graph",
        "Some nodes, by names or positions, in this order, and the edges between them",
        with_g!("print(g.subgraph([\"x0\", \"x2\", \"x4\"]));\nprint(g.subgraph(0..4).n_edges);"),
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph, nodes: Dynamic| -> Outcome<Graph> {
        let nodes = to_selector(&nodes)?;
        Ok(made(&call, g, CHANGED, move |g| {
            let picked = nodes.pick(g.n_nodes(), Some(&g.labels()), "node")?;
            g.subgraph(picked.positions())
        })??)
    });
    b.verb(
        "undirected",
        "g.undirected() -> Graph",
        "The graph without directions; of two edges between the same nodes the one with the larger |weight| stays",
        "let g = graph_from_edges(example(\"sachs_edges\"), #{ directed: true });\nprint(g.undirected());",
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Graph> {
        Ok(made(&call, g, CHANGED, Graph::undirected)??)
    });
    b.verb(
        "orient",
        "g.orient([[from, to], ..]) -> Graph",
        "The graph in which these edges lead from one node to the other; the other edges stay as they are",
        with_g!("print(g.orient([[\"x1\", \"x0\"], [\"x0\", \"x2\"]]).edges(#{ top: 2 }));"),
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph, list: Dynamic| -> Outcome<Graph> {
        let pairs = pairs(g, &list)?;
        Ok(made(&call, g, CHANGED, move |g| g.orient(&pairs))??)
    });
}
