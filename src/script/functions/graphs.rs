//! Graphs.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_dynamic};
use super::super::index::to_selector;
use super::super::limits::{check_entries, check_list};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::{made, within};
use crate::context::Reservation;
use crate::data::{Matrix, Names, Picked, Table, Vector};
use crate::error::{Error, Result};
use crate::graph::{Directed, Direction, Graph, Nodes};
use crate::model::{Area, Fit};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

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
    Opt::new(
        "directed",
        &[Kind::Bool, Kind::Text],
        Preset::Bool(false),
        "Edges have a direction, or the column that says which of them have one (1 or \"true\", 0 or \"false\")",
    ),
];

/// Bytes for each node and edge while edges are put in order.
const RANKED: usize = 24;
/// Bytes of a node's name, and of a number under it.
const NAMED: usize = 96;

/// Edges as maps, strongest first.
fn edge_list(call: &NativeCallContext<'_>, g: &Graph, options: &Map) -> Outcome<Array> {
    /// Edges between two looks at the context.
    const PIECE: usize = 1024;
    let top = check_options("edges", TOP, options)?.count("top").unwrap_or(usize::MAX);
    let _labels = context(call).reserve(g.n_nodes().saturating_mul(NAMED))?;
    let labels = g.labels();
    let is_mixed = g.direction() == Direction::Mixed;
    let entry = |i: usize| {
        let edge = &g.edges()[i];
        let mut entries: Vec<(String, Value)> = vec![
            ("source".into(), labels.get(edge.source).into()),
            ("target".into(), labels.get(edge.target).into()),
            ("weight".into(), edge.weight.into()),
        ];
        if is_mixed {
            entries.push(("directed".into(), edge.directed.into()));
        }
        entries.extend(g.edge_attributes().iter().map(|(name, column)| (name.clone(), column.value(i))));
        to_dynamic(&Value::Map(entries))
    };
    /// Entries of a map for an edge, and bytes of each of them beside long names.
    const ENTRY: usize = 220;
    let (count, entries) = (g.n_edges().min(top), 3 + usize::from(is_mixed) + g.edge_attributes().len());
    check_entries(call, count.saturating_mul(entries))?;
    let ctx = context(call);
    let _held = ctx.reserve(count.saturating_mul(entries).saturating_mul(ENTRY))?;
    let mut list = Array::new();
    for i in made(call, g, RANKED, Graph::ranking)?.into_iter().take(top) {
        if list.len().is_multiple_of(PIECE) {
            ctx.check()?;
        }
        list.push(entry(i));
    }
    Ok(list)
}

/// The node that a name or a position means, among those of these names.
pub(super) fn node(labels: &Names, node: &Dynamic) -> Result<usize> {
    match to_selector(node)?.pick(labels.len(), Some(labels), "node")? {
        Picked::One(position) => Ok(position),
        Picked::Many(_) => Err(Error::index("one node is wanted, not several")),
    }
}

/// A number for each node, under the nodes' names.
///
/// # Errors
/// Memory for the names.
pub(super) fn by_node(
    call: &NativeCallContext<'_>,
    g: &Graph,
    numbers: impl IntoIterator<Item = f64>,
) -> Result<Vector> {
    let _held = context(call).reserve(g.n_nodes().saturating_mul(NAMED))?;
    Ok(Vector::from(numbers.into_iter().collect::<Vec<_>>()).named(Some(g.labels())))
}

/// Room for a list with the name of every node, where each is within so many lists.
pub(super) fn reserve_names(call: &NativeCallContext<'_>, g: &Graph, lists: usize) -> Outcome<Reservation> {
    /// Bytes of a name as a text of the language, and of a list that it is in.
    const BYTES: [usize; 2] = [96, 64];
    check_list(call, g.n_nodes().saturating_add(lists))?;
    let names = g.n_nodes().saturating_mul(NAMED + BYTES[0]);
    Ok(context(call).reserve(names.saturating_add(lists.saturating_mul(BYTES[1])))?)
}

/// The names of nodes as a list.
pub(super) fn name_list(labels: &Names, nodes: impl IntoIterator<Item = usize>) -> Array {
    nodes.into_iter().map(|node| Dynamic::from(labels.get(node).to_string())).collect()
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

fn from_table(call: &NativeCallContext<'_>, t: &Table, options: &Map) -> Result<Graph> {
    /// Bytes of an edge while the graph is made, and of a node once it is worked on.
    const BYTES: [usize; 2] = [160, 64];
    /// Numbers of pairs of so many nodes can still be counted.
    const MOST: usize = u32::MAX as usize;
    let options = check_options("graph_from_edges", TABLE, options)?;
    let directed = match options.text("directed") {
        Some(column) => Directed::Column(column.to_string()),
        None if options.is_true("directed") => Directed::All,
        None => Directed::None,
    };
    let (nodes, table) = (nodes(&options)?, t.clone());
    let bytes = t.rows().saturating_mul(BYTES[0]);
    let g = within(call, 10 * t.rows(), bytes, move || Graph::from_edges(&table, nodes, &directed))??;
    if g.n_nodes() > MOST {
        return Err(Error::memory(format!("a graph of {} nodes does not fit into any memory", g.n_nodes())));
    }
    // A single edge may name any node: what is as long as the nodes comes later, and without a question.
    drop(context(call).reserve(g.n_nodes().saturating_mul(BYTES[1]))?);
    Ok(g)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.verb(
        "edges",
        "g.edges() -> list\ng.edges(#{ top: 5 }) -> list\nfit.edges -> list",
        "Edges as maps #{ source, target, weight, directed in mixed graphs } with attributes, largest |weight| first",
        with_g!("for e in g.edges(#{ top: 2 }) { print(`${e.source} -- ${e.target}  ${e.weight}`); }"),
    )
    .options(TOP)
    .on_list(|call: NativeCallContext<'_>, g: &mut Graph| edge_list(&call, g, &Map::new()))
    .on_list(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| edge_list(&call, g, &options))
    .on_list(|call: NativeCallContext<'_>, fit: &mut Fit| edge_list(&call, &fit.graph(0.0)?, &Map::new()))
    .on_list(|call: NativeCallContext<'_>, fit: &mut Fit, options: Map| edge_list(&call, &fit.graph(0.0)?, &options))
    .get_list(|call: NativeCallContext<'_>, g: &mut Graph| edge_list(&call, g, &Map::new()))
    .get_list(|call: NativeCallContext<'_>, fit: &mut Fit| edge_list(&call, &fit.graph(0.0)?, &Map::new()));
    b.property("n_nodes", "g.n_nodes -> int", "Number of nodes", with_g!("print(g.n_nodes);"))
        .get(|g: &mut Graph| g.n_nodes() as i64);
    b.property(
        "density",
        "g.density -> float\nsparse.density -> float",
        "Edges over possible edges; entries that are not 0 over all entries",
        with_g!("print(g.density);"),
    )
    .get(|g: &mut Graph| g.density());
    b.property(
        "directed",
        "g.directed -> bool",
        "Whether all edges have a direction; g.direction tells mixed graphs apart",
        with_g!("print(g.directed);"),
    )
    .get(|g: &mut Graph| g.is_directed());
    b.property(
        "direction",
        "g.direction -> string",
        "Which edges have a direction: \"undirected\" (none), \"directed\" (all) or \"mixed\" (some)",
        with_g!("print(g.direction);\nprint(g.orient([[\"x0\", \"x1\"]]).direction);"),
    )
    .get(|g: &mut Graph| g.direction().word().to_string());
    b.property("degree", "g.degree -> Vector", "Number of edges at every node", with_g!("print(g.degree);")).get(
        |call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Vector> {
            Ok(by_node(&call, g, g.degree().into_iter().map(|degree| degree as f64))?)
        },
    );
    node_lists(b);
    matrices(b);
}

/// Lists of nodes.
fn node_lists(b: &mut Builder) {
    b.verb(
        "hubs",
        "g.hubs(k) -> list",
        "The k nodes with most edges, as maps #{ node, degree }",
        with_g!("print(g.hubs(2));"),
    )
    .on_list(|call: NativeCallContext<'_>, g: &mut Graph, count: i64| -> Outcome<Array> {
        let wanted = usize::try_from(count).unwrap_or(0).min(g.n_nodes());
        check_entries(&call, wanted.saturating_mul(2))?;
        let _held = reserve_names(&call, g, wanted.saturating_mul(4))?;
        let labels = g.labels();
        let entry = |(node, degree): (usize, usize)| {
            to_dynamic(&Value::Map(vec![("node".into(), labels.get(node).into()), ("degree".into(), degree.into())]))
        };
        Ok(g.hubs(wanted).into_iter().map(entry).collect())
    });
    b.property(
        "components",
        "g.components -> list",
        "Names of the nodes of each connected component, largest first",
        with_g!("print(g.components);"),
    )
    .get_list(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Array> {
        /// Bytes for each node while its component is found.
        const FOUND: usize = 64;
        let components = made(&call, g, FOUND, Graph::components)?;
        let _held = reserve_names(&call, g, components.len())?;
        let (ctx, labels) = (context(&call), g.labels());
        let names = |nodes: Vec<usize>| -> Outcome<Dynamic> {
            ctx.check()?;
            Ok(name_list(&labels, nodes).into())
        };
        components.into_iter().map(names).collect()
    });
    b.verb(
        "neighbors",
        "g.neighbors(node) -> list",
        "Names of the nodes that share an edge with a node, given by name or position",
        with_g!("print(g.neighbors(\"x0\"));"),
    )
    .on_list(|g: &mut Graph, wanted: Dynamic| -> Outcome<Array> {
        let labels = g.labels();
        Ok(name_list(&labels, g.neighbors(node(&labels, &wanted)?)))
    });
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
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<Graph> {
        Ok(Graph::from_matrix(m, 0.0, &context(&call))?)
    })
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| -> Outcome<Graph> {
        let options = check_options("graph_from_matrix", MATRIX, &options)?;
        Ok(Graph::from_matrix(m, options.number("threshold").unwrap_or(0.0), &context(&call))?)
    });
    b.verb(
        "graph_from_edges",
        "graph_from_edges(table) -> Graph\ngraph_from_edges(table, #{ nodes, directed }) -> Graph",
        "Graph from a table whose first columns are source and target (names or 0-based positions) and, if there is a third, weight",
        "print(graph_from_edges(example(\"sachs_edges\"), #{ directed: true }));",
    ).options(TABLE)
    .on(|call: NativeCallContext<'_>, t: &mut Table| -> Outcome<Graph> { Ok(from_table(&call, t, &Map::new())?) })
    .on(|call: NativeCallContext<'_>, t: &mut Table, options: Map| -> Outcome<Graph> {
        Ok(from_table(&call, t, &options)?)
    });
}
