//! Kinds without chance: stars, bands, a cycle.

use super::groups::{even_groups, with_groups};
use super::{graph_of, reserve};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Edge, Graph};

/// `hubs` stars over consecutive nodes; groups differ in size by at most one, the larger ones last. Nodes have the
/// attribute `group`.
///
/// # Errors
/// More hubs than nodes; memory.
pub fn hub(p: usize, hubs: usize, ctx: &Context) -> Result<Graph> {
    let _held = reserve(p, p, ctx)?;
    let groups = even_groups(p, hubs, ctx).map_err(|error| error.at("hub"))?;
    let star = |group: &Vec<usize>| -> Vec<Edge> {
        group.iter().skip(1).map(|&target| Edge::new(group[0], target, 1.0)).collect()
    };
    with_groups(graph_of(p, groups.iter().flat_map(star).collect(), ctx)?, &groups)
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
    graph_of(p, edges, ctx)
}

/// A cycle through all nodes; up to two nodes have no more than one edge.
///
/// # Errors
/// Memory.
pub fn ring(p: usize, ctx: &Context) -> Result<Graph> {
    let _held = reserve(p, p, ctx)?;
    let mut edges: Vec<Edge> = (1..p).map(|target| Edge::new(target - 1, target, 1.0)).collect();
    if p > 2 {
        edges.push(Edge::new(0, p - 1, 1.0));
    }
    graph_of(p, edges, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_know_their_group_and_a_ring_closes() {
        let ctx = Context::new();
        let g = hub(8, 3, &ctx).unwrap();
        let group: Vec<String> = (0..8).map(|node| g.node_attributes()[0].1.label(node)).collect();
        assert_eq!((group.join(""), g.hubs(1)), ("00111222".into(), vec![(2, 2)]));
        assert!(hub(2, 3, &ctx).is_err());
        assert_eq!(ring(5, &ctx).unwrap().degree(), [2; 5]);
        assert_eq!((ring(2, &ctx).unwrap().n_edges(), ring(1, &ctx).unwrap().n_edges()), (1, 0));
    }
}
