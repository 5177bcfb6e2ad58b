//! Random graphs of known shape: the record, its options, and a file for kinds that are made in the same way.

mod groups;
mod growth;
mod pairs;
mod shapes;

pub use groups::{Between, consecutive_groups, even_groups, grouped, random_groups};
pub use growth::{scale_free, tree};
pub use pairs::erdos_renyi;
pub use shapes::{band, hub, ring};

use crate::context::{Context, Reservation};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::{Args, Value};

const KINDS: &[&str] = &["erdos_renyi", "hub", "sbm", "scale_free", "band", "cluster", "tree", "ring"];

/// Which kinds an option belongs to; those that are not here belong to all.
const OWNERS: &[(&str, &[&str])] = &[
    ("probability", &["erdos_renyi"]),
    ("density", &["erdos_renyi"]),
    ("hubs", &["hub"]),
    ("groups", &["sbm", "cluster"]),
    ("within", &["sbm", "cluster"]),
    ("between", &["sbm"]),
    ("bandwidth", &["band"]),
    ("edges_per_node", &["scale_free"]),
];

const UNIT: &[Kind] = &[Kind::Number(Range::UNIT)];
const OPTIONS: &[Opt] = &[
    Opt::new("nodes", &[Kind::Count(1)], Preset::Count(100), "Number of nodes"),
    Opt::new("probability", UNIT, Preset::Unset("3 / nodes"), "Probability of every edge (erdos_renyi)"),
    Opt::new("density", UNIT, Preset::Unset("3 / nodes"), "Another word for probability (erdos_renyi)"),
    Opt::new("hubs", &[Kind::Count(1)], Preset::Count(3), "Number of stars of nearly equal size (hub)"),
    Opt::new(
        "groups",
        &[Kind::Count(1), Kind::List],
        Preset::Unset("5 (sbm); nodes / 20 rounded up, 2 for 40 nodes or fewer (cluster)"),
        "Number of groups, or the list of their sizes (sbm, cluster)",
    ),
    Opt::new(
        "within",
        UNIT,
        Preset::Unset("0.1 (sbm); 6 / size of a group, at most 1, and 0.3 for sizes above 30 (cluster)"),
        "Probability of an edge within a group (sbm, cluster)",
    ),
    Opt::new(
        "between",
        UNIT,
        Preset::Unset("0.01 within each half of the groups, 0.001 across"),
        "Probability of an edge between groups (sbm)",
    ),
    Opt::new("bandwidth", &[Kind::Count(1)], Preset::Count(1), "Nodes |i - j| <= bandwidth are linked (band)"),
    Opt::new("edges_per_node", &[Kind::Count(1)], Preset::Count(1), "Edges that every new node has (scale_free)"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "random_graph",
    constructor: None,
    area: Area::Simulate,
    summary: "Random graph of a given kind",
    details: "Kinds: \"erdos_renyi\" (every pair linked with the same probability), \"hub\" (nodes in `hubs` groups \
of consecutive nodes, the first of each linked to all others of its group), \"sbm\" (stochastic block model: every \
node in one of `groups` groups drawn at random, or in consecutive groups of given sizes; edges within groups and \
between them have their probabilities), \"scale_free\" (preferential attachment: a new node is linked to nodes drawn by \
their degrees), \"band\" (|i - j| <= bandwidth), \"cluster\" (`groups` groups of consecutive nodes, edges within them \
only), \"tree\" (every labelled tree with the same probability), \"ring\" (a cycle). All edges have weight 1. Graphs of \
the kinds hub, sbm and cluster have the node attribute `group`, numbers from 0.",
    params: &[Param {
        name: "kind",
        help: "\"erdos_renyi\", \"hub\", \"sbm\", \"scale_free\", \"band\", \"cluster\", \"tree\" or \"ring\"",
    }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Zhao, Liu, Roeder, Lafferty, Wasserman, JMLR 13:1059 (2012), huge.generator: hub, scale_free, band, \
cluster; Kilian, Rebafka, Villers (2024), noisysbm: sbm",
    example: "let g = random_graph(\"sbm\", #{ nodes: 60, groups: 3, within: 0.3, between: 0.01, seed: 1 });\n\
print(g.n_edges);\nprint(g.attribute(\"group\"));",
    run: Run::Value(|args, options, ctx| run(args, options, ctx).map(Into::into)),
};

fn run(args: &Args<'_>, options: &Options, ctx: &Context) -> Result<Graph> {
    let kind = args.text(0, "kind")?;
    reject_foreign(kind, options)?;
    let p = options.count("nodes").unwrap_or(100);
    match kind {
        "erdos_renyi" => {
            if options.is_given("probability") && options.is_given("density") {
                return Err(Error::option("probability and density mean the same: give one of them"));
            }
            let given = options.number("probability").or(options.number("density"));
            erdos_renyi(p, given.unwrap_or((3.0 / p as f64).min(1.0)), ctx)
        }
        "hub" => hub(p, options.count("hubs").unwrap_or(3), ctx),
        "sbm" => {
            let groups = match sizes(options)? {
                Some(sizes) => consecutive_groups(&sizes, ctx)?,
                None => random_groups(p, options.count("groups").unwrap_or(p.min(5)), ctx)?,
            };
            let between = options.number("between").map_or(Between { near: 0.01, far: 0.001 }, Between::all);
            grouped(&groups, options.number("within").unwrap_or(0.1), between, ctx)
        }
        "cluster" => {
            let groups = match sizes(options)? {
                Some(sizes) => consecutive_groups(&sizes, ctx)?,
                None => even_groups(p, options.count("groups").unwrap_or_else(|| default_clusters(p)), ctx)?,
            };
            let within = options.number("within").unwrap_or_else(|| default_within(&groups));
            grouped(&groups, within, Between::all(0.0), ctx)
        }
        "scale_free" => scale_free(p, options.count("edges_per_node").unwrap_or(1), ctx),
        "band" => band(p, options.count("bandwidth").unwrap_or(1), ctx),
        "tree" => tree(p, ctx),
        "ring" => ring(p, ctx),
        _ => Err(Error::argument(format!("random_graph knows no kind \"{kind}\""))
            .with_nearest(kind, KINDS.iter().copied())
            .or_hint(format!("kinds: {}", KINDS.join(", ")))),
    }
}

/// As huge has it: about twenty nodes a group, but two groups of few nodes.
fn default_clusters(p: usize) -> usize {
    if p > 40 { p.div_ceil(20) } else { p.min(2) }
}

/// As huge has it: about six edges a node in small groups.
fn default_within(groups: &[Vec<usize>]) -> f64 {
    let size = groups.iter().map(Vec::len).sum::<usize>() as f64 / groups.len() as f64;
    if size > 30.0 { 0.3 } else { (6.0 / size).min(1.0) }
}

/// The sizes of the groups, where the option `groups` lists them; together they have all nodes.
fn sizes(options: &Options) -> Result<Option<Vec<usize>>> {
    let Some(Value::List(list)) = options.get("groups") else { return Ok(None) };
    let size = |value: &Value| match value {
        Value::Int(size) => usize::try_from(*size).ok().filter(|&size| size > 0),
        _ => None,
    };
    let sizes: Option<Vec<usize>> = list.iter().map(size).collect();
    let sizes = sizes.filter(|sizes| !sizes.is_empty()).ok_or_else(|| {
        Error::option("option 'groups' of random_graph lists sizes, whole numbers >= 1")
            .with_hint("groups: [30, 30, 40], or their number alone: groups: 3")
    })?;
    let total = sizes.iter().fold(0usize, |total, &size| total.saturating_add(size));
    match options.count("nodes") {
        Some(nodes) if options.is_given("nodes") && nodes != total => {
            Err(Error::option(format!("the groups have {total} nodes together, but option 'nodes' is {nodes}"))
                .with_hint("leave 'nodes' out: the sizes of the groups say it"))
        }
        _ => Ok(Some(sizes)),
    }
}

/// An option of another kind would be ignored: that is an error.
fn reject_foreign(kind: &str, options: &Options) -> Result<()> {
    let foreign = OWNERS.iter().find(|(name, owners)| options.is_given(name) && !owners.contains(&kind));
    match foreign {
        Some((name, owners)) if KINDS.contains(&kind) => {
            let owners: Vec<String> = owners.iter().map(|owner| format!("random_graph(\"{owner}\")")).collect();
            let owners = owners.join(" and ");
            Err(Error::option(format!("option '{name}' belongs to {owners}, not to \"{kind}\"")))
        }
        _ => Ok(()),
    }
}

/// Memory for a graph while it is made, its names included.
///
/// # Errors
/// More nodes than any machine holds, or than the budget has room for.
fn reserve(nodes: usize, edges: usize, ctx: &Context) -> Result<Reservation> {
    /// Numbers of pairs of so many nodes can still be counted.
    const MOST: usize = u32::MAX as usize;
    let edges = edges.saturating_mul(std::mem::size_of::<Edge>());
    if nodes > MOST || edges > isize::MAX as usize {
        return Err(Error::memory(format!("a graph of {nodes} nodes with as many edges does not fit into any memory")));
    }
    ctx.reserve(edges.saturating_add(nodes.saturating_mul(64)))
}

/// The graph of these edges, which sorts them.
fn graph_of(nodes: usize, edges: Vec<Edge>, ctx: &Context) -> Result<Graph> {
    detached_if_many(edges.len(), ctx, move || Graph::new(nodes, None, false, edges))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(kind: &str, options: &[(&str, Value)], seed: u64) -> Result<Graph> {
        let options: Vec<(String, Value)> =
            options.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let ctx = Context::new().with_seed(seed);
        let made = RECORD.call(&[kind.into()], &options, &ctx)?;
        made.object::<Graph>().cloned().ok_or_else(|| Error::internal("no graph"))
    }

    #[test]
    fn options_of_other_kinds_and_wrong_sizes_are_refused() {
        let list = |sizes: &[i64]| Value::List(sizes.iter().map(|&size| size.into()).collect());
        for (kind, options, part) in [
            (
                "tree",
                vec![("within", Value::Float(0.5))],
                "belongs to random_graph(\"sbm\") and random_graph(\"cluster\")",
            ),
            ("sbm", vec![("groups", list(&[3, 0]))], "lists sizes"),
            ("sbm", vec![("groups", list(&[]))], "lists sizes"),
            ("cluster", vec![("groups", list(&[3, 4])), ("nodes", 8i64.into())], "7 nodes together"),
            ("cluster", vec![("groups", 200i64.into())], "200 groups for 100 nodes"),
            ("ring", vec![("nodes", i64::MAX.into())], "does not fit"),
            (
                "scale_free",
                vec![("nodes", 4_000_000_000i64.into()), ("edges_per_node", i64::MAX.into())],
                "does not fit",
            ),
        ] {
            let error = graph(kind, &options, 1).unwrap_err();
            assert!(error.message().contains(part), "{kind}: {error}");
        }
        let sized = graph("cluster", &[("groups", list(&[2, 3])), ("within", 1i64.into())], 1).unwrap();
        assert_eq!((sized.n_nodes(), sized.n_edges()), (5, 4));
    }

    #[test]
    fn every_kind_is_made_at_every_small_size() {
        for kind in KINDS.iter().filter(|kind| **kind != "hub" && **kind != "sbm") {
            for nodes in 1..6i64 {
                let g = graph(kind, &[("nodes", nodes.into())], nodes as u64).unwrap();
                assert_eq!(g.n_nodes() as i64, nodes, "{kind}");
            }
        }
        assert_eq!(
            graph("erdos_renyi", &[("nodes", 1i64.into()), ("probability", 1e-300.into())], 1).unwrap().n_edges(),
            0
        );
    }
}
