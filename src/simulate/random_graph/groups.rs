//! Nodes in groups: stochastic block models and clusters.

use rand::RngExt;

use super::pairs::Draw;
use super::{graph_of, reserve};
use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::rng;

/// Nodes or groups between two looks at the context.
const LOOK: usize = 1 << 16;

/// Probabilities of an edge between two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// Both in the first half of the groups (rounded up), or both in the rest.
    pub near: f64,
    /// One in each half.
    pub far: f64,
}

impl Between {
    /// The same for all groups.
    pub fn all(probability: f64) -> Self {
        Self { near: probability, far: probability }
    }
}

/// Every node in one of `groups` groups, each with the same probability; the seed is the context's. Groups may be
/// empty.
///
/// # Errors
/// More groups than nodes; memory.
pub fn random_groups(p: usize, groups: usize, ctx: &Context) -> Result<Vec<Vec<usize>>> {
    check(p, groups)?;
    let _held = reserve(p, 0, ctx)?;
    let mut rng = rng::stream(ctx.seed(), "random_graph groups", 0);
    let mut members = vec![Vec::new(); groups];
    for node in 0..p {
        if node.is_multiple_of(LOOK) {
            ctx.check()?;
        }
        members[rng.random_range(0..groups)].push(node);
    }
    Ok(members)
}

/// Groups of consecutive nodes, of nearly equal size: the larger ones last.
///
/// # Errors
/// More groups than nodes; memory.
pub fn even_groups(p: usize, groups: usize, ctx: &Context) -> Result<Vec<Vec<usize>>> {
    check(p, groups)?;
    let _held = reserve(p, 0, ctx)?;
    let small = groups - p % groups;
    let sizes: Vec<usize> = (0..groups).map(|group| p / groups + usize::from(group >= small)).collect();
    consecutive_groups(&sizes, ctx)
}

/// Groups of consecutive nodes, of these sizes.
///
/// # Errors
/// Memory.
pub fn consecutive_groups(sizes: &[usize], ctx: &Context) -> Result<Vec<Vec<usize>>> {
    let _held = reserve(sizes.iter().fold(0, |total, &size| usize::saturating_add(total, size)), 0, ctx)?;
    let mut start = 0;
    let group = |&size: &usize| {
        start += size;
        (start - size..start).collect()
    };
    Ok(sizes.iter().map(group).collect())
}

fn check(p: usize, groups: usize) -> Result<()> {
    match groups {
        0 => Err(Error::option("there must be a group at least")),
        _ if groups > p => Err(Error::option(format!("{groups} groups for {p} nodes"))),
        _ => Ok(()),
    }
}

/// Edges within groups have one probability, edges between groups others; every node is in one group. The seed is the
/// context's. Nodes have the attribute `group`.
///
/// # Errors
/// Cancellation, memory.
pub fn grouped(groups: &[Vec<usize>], within: f64, between: Between, ctx: &Context) -> Result<Graph> {
    let p: usize = groups.iter().map(Vec::len).sum();
    let halves = groups.split_at(groups.len().div_ceil(2));
    let halves = [halves.0.concat(), halves.1.concat()];
    let _held = reserve(p, (expected(groups, within, between, &halves) * 1.5) as usize, ctx)?;
    let mut group_of = vec![0; p];
    for (group, nodes) in groups.iter().enumerate() {
        if group.is_multiple_of(LOOK) {
            ctx.check()?;
        }
        nodes.iter().for_each(|&node| group_of[node] = group);
    }
    let mut draw = Draw::new(ctx);
    for nodes in groups {
        draw.among(nodes, within, |_, _| true)?;
    }
    // All pairs of a half are drawn and those within a group left out: one group among many has few pairs.
    for half in &halves {
        draw.among(half, between.near, |a, b| group_of[a] != group_of[b])?;
    }
    draw.across(&halves[0], &halves[1], between.far)?;
    with_groups(graph_of(p, draw.edges, ctx)?, groups)
}

fn expected(groups: &[Vec<usize>], within: f64, between: Between, halves: &[Vec<usize>; 2]) -> f64 {
    let pairs = |count: usize| count as f64 * (count as f64 - 1.0) / 2.0;
    let inside: f64 = groups.iter().map(|group| pairs(group.len())).sum();
    let near = halves.iter().map(|half| pairs(half.len())).sum::<f64>() - inside;
    within * inside + between.near * near + between.far * halves[0].len() as f64 * halves[1].len() as f64
}

/// The graph whose nodes know the number of their group.
pub(super) fn with_groups(graph: Graph, groups: &[Vec<usize>]) -> Result<Graph> {
    let mut numbers = vec![0.0; graph.n_nodes()];
    for (group, nodes) in groups.iter().enumerate() {
        nodes.iter().for_each(|&node| numbers[node] = group as f64);
    }
    graph.with_node_attribute("group", Column::numbers(numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_models_have_the_published_number_of_edges() {
        // 990 pairs within, 1584 near, 2376 far on average: 99 + 15.84 + 2.376 edges.
        let edges = |seed: u64| {
            let ctx = Context::new().with_seed(seed);
            let groups = random_groups(100, 5, &ctx).unwrap();
            grouped(&groups, 0.1, Between { near: 0.01, far: 0.001 }, &ctx).unwrap().n_edges() as f64
        };
        let mean = (0..200).map(edges).sum::<f64>() / 200.0;
        assert!((mean - 117.2).abs() < 4.0, "{mean}");
    }

    #[test]
    fn edges_are_where_their_probability_is_one() {
        let ctx = Context::new().with_seed(3);
        let groups = consecutive_groups(&[2, 3, 1], &ctx).unwrap();
        // Halves: the first two groups, and the third.
        for (within, near, far, expected) in [(1.0, 0.0, 0.0, 4), (0.0, 1.0, 0.0, 6), (0.0, 0.0, 1.0, 5)] {
            let g = grouped(&groups, within, Between { near, far }, &ctx).unwrap();
            assert_eq!(g.n_edges(), expected, "{within} {near} {far}");
        }
        let all = grouped(&groups, 1.0, Between::all(1.0), &ctx).unwrap();
        assert_eq!((all.n_edges(), all.node_attributes()[0].1.label(5)), (15, "2".to_string()));
        let sizes: Vec<usize> = even_groups(8, 3, &ctx).unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 3, 3]);
        assert!(random_groups(3, 4, &ctx).is_err() && even_groups(3, 0, &ctx).is_err());
    }
}
