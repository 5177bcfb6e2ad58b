//! Graphs.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_dynamic};
use super::super::index::to_selector;
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::{Matrix, Names, Picked, Table, Vector};
use crate::error::{Error, Result};
use crate::graph::{Graph, Nodes};
use crate::model::{Area, Fit};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

macro_rules! with_g {
    ($code:literal) => {
        concat!("let g = random_graph(\"hub\", #{ nodes: 9, hubs: 2 });\n", $code)
    };
}

const TOP: &[Opt] = &[Opt::new("top", &[Kind::Count(0)], Preset::Unset("all"), "Only so many, the strongest first")];
const MATRIX: &[Opt] = &[Opt::new(
    "threshold",
    &[Kind::Number(Range::NON_NEGATIVE)],
    Preset::Number(0.0),
    "Entries with |value| at or below it are no edges",
)];
const TABLE: &[Opt] = &[
    Opt::new(
        "nodes",
        &[Kind::List, Kind::Count(1)],
        Preset::Unset("those that have edges"),
        "Names of all nodes, or their number",
    ),
    Opt::new("directed", &[Kind::Bool], Preset::Bool(false), "Edges have a direction"),
];

/// Edges as maps, strongest first.
fn edge_list(g: &Graph, options: &Map) -> Outcome<Array> {
    let top = check_options("edges", TOP, options)?.count("top").unwrap_or(usize::MAX);
    let labels = g.labels();
    Ok(g.ranked_edges()
        .into_iter()
        .take(top)
        .map(|edge| {
            to_dynamic(&Value::Map(vec![
                ("source".into(), labels.get(edge.source).into()),
                ("target".into(), labels.get(edge.target).into()),
                ("weight".into(), edge.weight.into()),
            ]))
        })
        .collect())
}

fn node(g: &Graph, node: &Dynamic) -> Result<usize> {
    match to_selector(node)?.pick(g.n_nodes(), Some(&g.labels()), "node")? {
        Picked::One(position) => Ok(position),
        Picked::Many(_) => Err(Error::index("one node is wanted, not several")),
    }
}

/// Names or a number of nodes, as the option has them.
fn nodes(options: &Options) -> Result<Nodes> {
    let name = |name: &Value| match name {
        Value::Text(text) => Ok(text.clone()),
        other => Err(Error::option(format!(
            "option 'nodes' of graph_from_edges lists names, one of them is {}",
            other.brief()
        ))),
    };
    Ok(match options.get("nodes") {
        Some(Value::List(list)) => Nodes::Names(Names::new(list.iter().map(name).collect::<Result<_>>()?, "nodes")?),
        Some(_) => Nodes::Count(options.count("nodes").unwrap_or(0)),
        None => Nodes::FromEdges,
    })
}

fn from_table(t: &Table, options: &Map) -> Result<Graph> {
    let options = check_options("graph_from_edges", TABLE, options)?;
    Graph::from_edges(t, nodes(&options)?, options.is_true("directed"))
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.verb(
        "edges",
        "g.edges() -> list\ng.edges(#{ top: 5 }) -> list\nfit.edges -> list",
        "Edges as maps #{ source, target, weight }, largest |weight| first",
        with_g!("for e in g.edges(#{ top: 2 }) { print(`${e.source} -- ${e.target}  ${e.weight}`); }"),
    )
    .options(TOP)
    .on_list(|g: &mut Graph| edge_list(g, &Map::new()))
    .on_list(|g: &mut Graph, options: Map| edge_list(g, &options))
    .on_list(|fit: &mut Fit| edge_list(&fit.graph(0.0)?, &Map::new()))
    .on_list(|fit: &mut Fit, options: Map| edge_list(&fit.graph(0.0)?, &options))
    .get_list(|g: &mut Graph| edge_list(g, &Map::new()))
    .get_list(|fit: &mut Fit| edge_list(&fit.graph(0.0)?, &Map::new()));
    b.property("n_nodes", "g.n_nodes -> int", "Number of nodes", with_g!("print(g.n_nodes);"))
        .get(|g: &mut Graph| g.n_nodes() as i64);
    b.property("density", "g.density -> float", "Edges over possible edges", with_g!("print(g.density);"))
        .get(|g: &mut Graph| g.density());
    b.property("directed", "g.directed -> bool", "Whether edges have a direction", with_g!("print(g.directed);"))
        .get(|g: &mut Graph| g.is_directed());
    b.property("degree", "g.degree -> Vector", "Number of edges at every node", with_g!("print(g.degree);")).get(
        |g: &mut Graph| {
            Vector::from(g.degree().into_iter().map(|degree| degree as f64).collect::<Vec<_>>()).named(Some(g.labels()))
        },
    );
    b.verb(
        "hubs",
        "g.hubs(k) -> list",
        "The k nodes with most edges, as maps #{ node, degree }",
        with_g!("print(g.hubs(2));"),
    )
    .on_list(|g: &mut Graph, count: i64| -> Array {
        let labels = g.labels();
        let entry = |(node, degree): (usize, usize)| {
            to_dynamic(&Value::Map(vec![("node".into(), labels.get(node).into()), ("degree".into(), degree.into())]))
        };
        g.hubs(usize::try_from(count).unwrap_or(0)).into_iter().map(entry).collect()
    });
    b.property(
        "components",
        "g.components -> list",
        "Names of the nodes of each connected component, largest first",
        with_g!("print(g.components);"),
    )
    .get_list(|g: &mut Graph| -> Array {
        let labels = g.labels();
        let group = |nodes: Vec<usize>| {
            nodes.into_iter().map(|node| Dynamic::from(labels.get(node).to_string())).collect::<Array>()
        };
        g.components().into_iter().map(|nodes| group(nodes).into()).collect()
    });
    b.verb(
        "neighbors",
        "g.neighbors(node) -> list",
        "Names of the nodes that share an edge with a node, given by name or position",
        with_g!("print(g.neighbors(\"x0\"));"),
    )
    .on_list(|g: &mut Graph, wanted: Dynamic| -> Outcome<Array> {
        let labels = g.labels();
        let found = g.neighbors(node(g, &wanted)?);
        Ok(found.into_iter().map(|node| Dynamic::from(labels.get(node).to_string())).collect())
    });
    matrices(b);
}

fn matrices(b: &mut Builder) {
    b.property(
        "adjacency",
        "g.adjacency -> Matrix",
        "0/1 matrix: 1 where there is an edge",
        with_g!("print(g.adjacency);"),
    )
    .get(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Matrix> { Ok(g.adjacency(&context(&call))?) });
    b.verb("to_matrix", "g.to_matrix() -> Matrix", "Matrix of the weights", with_g!("print(g.to_matrix());"))
        .on(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Matrix> { Ok(g.to_matrix(&context(&call))?) });
    b.verb(
        "graph_from_matrix",
        "graph_from_matrix(m) -> Graph\ngraph_from_matrix(m, #{ threshold }) -> Graph",
        "Undirected graph of a square matrix' off-diagonal entries",
        "print(graph_from_matrix(matrix([[1, 0.4], [0.4, 1]])));",
    )
    .options(MATRIX)
    .on(|m: &mut Matrix| -> Outcome<Graph> { Ok(Graph::from_matrix(m, 0.0)?) })
    .on(|m: &mut Matrix, options: Map| -> Outcome<Graph> {
        let options = check_options("graph_from_matrix", MATRIX, &options)?;
        Ok(Graph::from_matrix(m, options.number("threshold").unwrap_or(0.0))?)
    });
    b.verb(
        "graph_from_edges",
        "graph_from_edges(table) -> Graph\ngraph_from_edges(table, #{ nodes, directed }) -> Graph",
        "Graph from a table whose first columns are source and target (names or 0-based positions) and, if there is a third, weight",
        "print(graph_from_edges(example(\"sachs_edges\"), #{ directed: true }));",
    ).options(TABLE)
    .on(|t: &mut Table| -> Outcome<Graph> { Ok(from_table(t, &Map::new())?) })
    .on(|t: &mut Table, options: Map| -> Outcome<Graph> { Ok(from_table(t, &options)?) });
}
