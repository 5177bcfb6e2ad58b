//! How central nodes are; paths between them; clustering.

use rhai::{Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::graphs::{by_node, name_list, node};
use crate::context::Context;
use crate::data::Vector;
use crate::error::Result;
use crate::graph::{Centrality, Graph};
use crate::model::Area;
use crate::options::{Kind, Opt, Preset};

const WEIGHTED: Opt = Opt::new(
    "weighted",
    &[Kind::Bool],
    Preset::Bool(true),
    "An edge is as long as 1 / |weight|; otherwise every edge has length 1",
);
const CENTRALITY: &[Opt] = &[
    WEIGHTED,
    Opt::new("normalized", &[Kind::Bool], Preset::Bool(true), "Divide by what graphs of this size allow, as networkx"),
];
const PATH: &[Opt] = &[WEIGHTED];

/// How betweenness and closeness are computed.
type Measure = fn(&Graph, Centrality, &Context) -> Result<Vec<f64>>;

fn measure(call: &NativeCallContext<'_>, verb: &str, g: &Graph, options: &Map, of: Measure) -> Outcome<Vector> {
    let options = check_options(verb, CENTRALITY, options)?;
    let how = Centrality { weighted: options.is_true("weighted"), normalized: options.is_true("normalized") };
    Ok(by_node(call, g, of(g, how, &context(call))?)?)
}

macro_rules! measures {
    ($b:expr; $($name:ident, $help:literal;)*) => { $(
        $b.verb(
            stringify!($name),
            concat!(
                "g.", stringify!($name), "() -> Vector\n",
                "g.", stringify!($name), "(#{ weighted, normalized }) -> Vector"
            ),
            $help,
            concat!(with_g!("print(g."), stringify!($name), "(#{ weighted: false }));"),
        )
        .options(CENTRALITY)
        .on(|call: NativeCallContext<'_>, g: &mut Graph| {
            measure(&call, stringify!($name), g, &Map::new(), Graph::$name)
        })
        .on(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| {
            measure(&call, stringify!($name), g, &options, Graph::$name)
        });
    )* };
}

macro_rules! counts {
    ($b:expr; $($name:ident, $help:literal;)*) => { $(
        $b.property(
            stringify!($name),
            concat!("g.", stringify!($name), " -> Vector"),
            $help,
            concat!(with_g!("print(g."), stringify!($name), ");"),
        )
        .get(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Vector> {
            Ok(by_node(&call, g, g.$name().into_iter().map(|degree| degree as f64))?)
        });
    )* };
}

/// The names of the nodes on a shortest path, or ().
fn path(call: &NativeCallContext<'_>, g: &Graph, ends: [&Dynamic; 2], options: &Map) -> Outcome<Dynamic> {
    let weighted = check_options("shortest_path", PATH, options)?.is_true("weighted");
    let labels = g.labels();
    let [from, to] = [node(&labels, ends[0])?, node(&labels, ends[1])?];
    let found = g.shortest_path(from, to, weighted, &context(call))?;
    Ok(found.map_or(Dynamic::UNIT, |nodes| name_list(&labels, nodes).into()))
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.property(
        "strength",
        "g.strength -> Vector",
        "Sum of |weight| over every node's edges, of either direction",
        with_g!("print(g.strength);"),
    )
    .get(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Vector> { Ok(by_node(&call, g, g.strength())?) });
    counts! { b;
        in_degree, "Number of edges that lead to every node; those without a direction lead both ways";
        out_degree, "Number of edges that lead away from every node; those without a direction lead both ways";
    }
    measures! { b;
        betweenness, "Share of the shortest paths between other nodes that pass through a node";
        closeness, "How near a node is to those from which paths lead to it: their number over their distances";
    }
    b.verb(
        "shortest_path",
        "g.shortest_path(from, to) -> list\ng.shortest_path(from, to, #{ weighted }) -> list",
        "Names of the nodes on a shortest path between two nodes, both among them; () where there is none",
        "let g = random_graph(\"ring\", #{ nodes: 6 });\nprint(g.shortest_path(\"x0\", \"x4\"));",
    )
    .options(PATH)
    .on_any(|call: NativeCallContext<'_>, g: &mut Graph, from: Dynamic, to: Dynamic| {
        path(&call, g, [&from, &to], &Map::new())
    })
    .on_any(|call: NativeCallContext<'_>, g: &mut Graph, from: Dynamic, to: Dynamic, options: Map| {
        path(&call, g, [&from, &to], &options)
    });
    b.property(
        "clustering",
        "g.clustering -> float",
        "Share of pairs of edges with a node in common that a third edge closes to a triangle (transitivity)",
        "print(random_graph(\"band\", #{ nodes: 10, bandwidth: 2 }).clustering);",
    )
    .get(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<f64> { Ok(g.clustering(&context(&call))?) });
}
