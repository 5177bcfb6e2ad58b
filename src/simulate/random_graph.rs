//! Random graphs of known shape.

use rand::RngExt;

use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::rng::{self, Rng};
use crate::value::Args;

const KINDS: &[&str] = &["erdos_renyi", "hub", "band"];

const OPTIONS: &[Opt] = &[
    Opt::new("nodes", &[Kind::Count(1)], Preset::Count(100), "Number of nodes"),
    Opt::new(
        "probability",
        &[Kind::Number(Range::UNIT)],
        Preset::Unset("3 / nodes"),
        "Probability of every edge (erdos_renyi)",
    ),
    Opt::new(
        "density",
        &[Kind::Number(Range::UNIT)],
        Preset::Unset("3 / nodes"),
        "Another word for probability (erdos_renyi)",
    ),
    Opt::new("hubs", &[Kind::Count(1)], Preset::Count(3), "Number of stars of nearly equal size (hub)"),
    Opt::new("bandwidth", &[Kind::Count(1)], Preset::Count(1), "Nodes |i - j| <= bandwidth are linked (band)"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "random_graph",
    constructor: None,
    area: Area::Simulate,
    summary: "Random graph of a given kind",
    details: "Kinds: \"erdos_renyi\" (every pair linked with the same probability), \"hub\" (nodes in `hubs` groups of \
consecutive nodes, the first of each linked to all others of its group), \"band\" (|i - j| <= bandwidth). All edges have weight 1.",
    params: &[Param { name: "kind", help: "\"erdos_renyi\", \"hub\" or \"band\"" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Zhao, Liu, Roeder, Lafferty, Wasserman, JMLR 13:1059 (2012), huge.generator",
    example: "let g = random_graph(\"hub\", #{ nodes: 100, hubs: 3, seed: 1 });\nprint(g.n_edges);",
    run: Run::Value(|args, options, ctx| run(args, options, ctx).map(Into::into)),
};

fn run(args: &Args<'_>, options: &Options, ctx: &Context) -> Result<Graph> {
    let kind = args.text(0, "kind")?;
    let p = options.count("nodes").unwrap_or(100);
    reject_foreign(kind, options)?;
    match kind {
        "erdos_renyi" => {
            if options.is_given("probability") && options.is_given("density") {
                return Err(Error::option("probability and density mean the same: give one of them"));
            }
            let given = options.number("probability").or(options.number("density"));
            erdos_renyi(p, given.unwrap_or((3.0 / p as f64).min(1.0)), ctx)
        }
        "hub" => hub(p, options.count("hubs").unwrap_or(3), ctx),
        "band" => band(p, options.count("bandwidth").unwrap_or(1), ctx),
        _ => Err(Error::argument(format!("random_graph knows no kind \"{kind}\""))
            .with_nearest(kind, KINDS.iter().copied())
            .or_hint(format!("kinds: {}", KINDS.join(", ")))),
    }
}

/// An option of another kind would be ignored: that is an error.
fn reject_foreign(kind: &str, options: &Options) -> Result<()> {
    let owner = [("probability", "erdos_renyi"), ("density", "erdos_renyi"), ("hubs", "hub"), ("bandwidth", "band")];
    match owner.iter().find(|(name, owner)| options.is_given(name) && *owner != kind && KINDS.contains(&kind)) {
        Some((name, owner)) => {
            Err(Error::option(format!("option '{name}' belongs to random_graph(\"{owner}\"), not to \"{kind}\"")))
        }
        None => Ok(()),
    }
}

/// Memory for a graph while it is made, its names included.
fn reserve(nodes: usize, edges: usize, ctx: &Context) -> Result<Reservation> {
    let edges = edges.saturating_mul(std::mem::size_of::<Edge>());
    ctx.reserve(edges.saturating_add(nodes.saturating_mul(64)))
}

/// Every pair of `p` nodes is linked with the same probability; the seed is the context's.
///
/// # Errors
/// Cancellation, memory.
pub fn erdos_renyi(p: usize, probability: f64, ctx: &Context) -> Result<Graph> {
    let mut rng: Rng = rng::stream(ctx.seed(), "random_graph", 0);
    let expected = probability * p as f64 * (p as f64 - 1.0) / 2.0;
    let _held = reserve(p, (expected * 1.5) as usize, ctx)?;
    let mut edges = Vec::new();
    // Numbers of pairs that are skipped are geometric: time goes with the edges, not with the pairs (Batagelj and
    // Brandes, Physical Review E 71:036113, 2005).
    let scale = (-probability).ln_1p();
    let (mut source, mut target) = (0usize, 0usize);
    if probability == 0.0 {
        return Graph::new(p, None, false, edges);
    }
    loop {
        let skipped = if probability < 1.0 { ((-rng.random::<f64>()).ln_1p() / scale) as usize } else { 0 };
        target = target.saturating_add(1).saturating_add(skipped);
        while source < p && target >= p {
            source += 1;
            target = target - p + source + 1;
        }
        if source + 1 >= p {
            break;
        }
        if edges.len() % 4096 == 0 {
            ctx.check()?;
        }
        edges.push(Edge::new(source, target, 1.0));
    }
    Graph::new(p, None, false, edges)
}

/// `hubs` stars over consecutive nodes; groups differ in size by at most one, the larger ones last.
///
/// # Errors
/// More hubs than nodes; memory.
pub fn hub(p: usize, hubs: usize, ctx: &Context) -> Result<Graph> {
    if hubs > p {
        return Err(Error::option(format!("{hubs} hubs for {p} nodes")));
    }
    let _held = reserve(p, p, ctx)?;
    let small = hubs - p % hubs;
    let mut edges = Vec::with_capacity(p);
    let mut start = 0;
    for group in 0..hubs {
        let size = p / hubs + usize::from(group >= small);
        edges.extend((start + 1..start + size).map(|target| Edge::new(start, target, 1.0)));
        start += size;
    }
    Graph::new(p, None, false, edges)
}

/// Nodes i and j are linked when 0 < |i - j| <= bandwidth.
///
/// # Errors
/// Cancellation, memory.
pub fn band(p: usize, bandwidth: usize, ctx: &Context) -> Result<Graph> {
    let _held = reserve(p, p.saturating_mul(bandwidth.min(p)), ctx)?;
    let mut edges = Vec::new();
    for source in 0..p {
        ctx.check()?;
        let end = source.saturating_add(bandwidth).saturating_add(1).min(p);
        edges.extend((source + 1..end).map(|target| Edge::new(source, target, 1.0)));
    }
    Graph::new(p, None, false, edges)
}
