//! Communities: nodes with more edges among them than to others, by modularity.
//!
//! Edges count by their absolute weights, without direction; edges both ways between two nodes count together. With m
//! the sum of all weights, modularity is, summed over groups, (weight within) / m - resolution (strengths / 2m)^2.

use std::cmp::Reverse;
use std::sync::Arc;

use leiden_rs::{GraphData, GraphDataBuilder, Leiden, LeidenConfig, LeidenError, Partition};

use super::Graph;
use super::analysis::UnionFind;
use crate::context::Context;
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::{parallel, rng};

/// Above this resolution differences between communities would drown in rounding.
const MOST_RESOLUTION: f64 = 1000.0;

/// How often the algorithm starts again from what it found.
const ROUNDS: u64 = 10;

/// Two nodes and the weight of an edge between them, at most 1.
type Link = (usize, usize, f64);

impl Graph {
    /// The communities that the Leiden algorithm finds (Traag, Waltman, van Eck, Scientific Reports 9:5233, 2019):
    /// largest first, nodes in order. Each is connected; a node without edges is alone. The seed is the context's.
    ///
    /// # Errors
    /// A resolution out of range, cancellation, memory.
    pub fn communities(&self, resolution: f64, ctx: &Context) -> Result<Vec<Vec<usize>>> {
        check_resolution(resolution)?;
        let items = self.n_nodes().saturating_add(self.n_edges());
        let _held = ctx.reserve(items.saturating_mul(256))?;
        let parts = self.parts();
        let total: f64 = parts.iter().map(Part::weight).sum();
        let found = parallel::map(&parts, ctx, |index, part| {
            let seed = rng::derive(ctx.seed(), "communities", index as u64);
            // A community never spans two components, and within one the rest of the graph only changes the resolution.
            part.communities(resolution * (part.weight() / total), seed, ctx)
        })?;
        let mut communities: Vec<Vec<usize>> = found.into_iter().flatten().collect();
        communities.sort_by_key(|nodes| (Reverse(nodes.len()), nodes.first().copied()));
        Ok(communities)
    }

    /// The modularity of nodes in groups, given the number of each node's group, which is below the number of nodes. 0
    /// for a graph without edges.
    ///
    /// # Errors
    /// Not one group a node, a group number or a resolution out of range.
    pub fn modularity(&self, groups: &[usize], resolution: f64) -> Result<f64> {
        check_resolution(resolution)?;
        let nodes = self.n_nodes();
        if groups.len() != nodes {
            return Err(Error::shape(format!("{} groups for {nodes} nodes", groups.len())));
        }
        if let Some(group) = groups.iter().find(|&&group| group >= nodes) {
            return Err(Error::argument(format!("group {group} is out of range: {nodes} nodes have at most so many")));
        }
        let (mut total, mut within, mut strength) = (0.0f64, 0.0f64, vec![0.0f64; nodes]);
        for (source, target, weight) in self.links() {
            total += weight;
            within += if groups[source] == groups[target] { weight } else { 0.0 };
            strength[groups[source]] += weight;
            strength[groups[target]] += weight;
        }
        if total == 0.0 {
            return Ok(0.0);
        }
        let expected: f64 = strength.iter().map(|strength| (strength / (2.0 * total)).powi(2)).sum();
        Ok(within / total - resolution * expected)
    }

    /// Every edge with its absolute weight over the largest one, so that no sum overflows.
    fn links(&self) -> impl Iterator<Item = Link> {
        let largest = self.edges().iter().map(|edge| edge.weight.abs()).fold(0.0, f64::max);
        self.edges().iter().map(move |edge| {
            let (low, high) = edge.ends();
            (low, high, edge.weight.abs() / largest)
        })
    }

    /// The connected components with their links.
    fn parts(&self) -> Vec<Part> {
        let parts = self.components().into_iter().map(|nodes| Part { nodes, links: Vec::new() });
        let mut parts: Vec<Part> = parts.collect();
        let mut places = vec![(0, 0); self.n_nodes()];
        for (index, part) in parts.iter().enumerate() {
            part.nodes.iter().enumerate().for_each(|(place, &node)| places[node] = (index, place));
        }
        for (low, high, weight) in self.links() {
            let ((index, low), (_, high)) = (places[low], places[high]);
            parts[index].links.push((low, high, weight));
        }
        parts
    }
}

fn check_resolution(resolution: f64) -> Result<()> {
    match (0.0..=MOST_RESOLUTION).contains(&resolution) {
        true => Ok(()),
        false => Err(Error::option(format!(
            "the resolution of communities is between 0 and {MOST_RESOLUTION}, not {resolution}"
        ))),
    }
}

/// A connected component: its nodes, and its links between their places among them.
#[derive(Debug)]
struct Part {
    nodes: Vec<usize>,
    links: Vec<Link>,
}

impl Part {
    fn weight(&self) -> f64 {
        self.links.iter().map(|&(_, _, weight)| weight).sum()
    }

    fn communities(&self, resolution: f64, seed: u64, ctx: &Context) -> Result<Vec<Vec<usize>>> {
        if self.links.is_empty() {
            return Ok(vec![self.nodes.clone()]);
        }
        let membership = self.leiden(resolution, seed, ctx)?;
        // Nodes that move away may leave a community in two pieces: apart, they never have a smaller modularity.
        let mut pieces = UnionFind::new(self.nodes.len());
        for &(low, high, _) in self.links.iter().filter(|link| membership[link.0] == membership[link.1]) {
            pieces.join(low, high);
        }
        let nodes = |places: Vec<usize>| -> Vec<usize> { places.into_iter().map(|place| self.nodes[place]).collect() };
        Ok(pieces.groups().into_iter().map(nodes).collect())
    }

    /// The number of each node's community.
    fn leiden(&self, resolution: f64, seed: u64, ctx: &Context) -> Result<Vec<usize>> {
        let data = Arc::new(self.data().map_err(|error| Error::internal(format!("communities: {error}")))?);
        let mut best = Partition::new(self.nodes.len());
        let mut quality = f64::NEG_INFINITY;
        for round in 0..ROUNDS {
            ctx.check()?;
            let seed = Some(rng::derive(seed, "round", round));
            let config = LeidenConfig { resolution, seed, ..LeidenConfig::default() };
            let gain = config.epsilon;
            let (shared, start) = (Arc::clone(&data), best.clone());
            // A round is made in one piece.
            let found = detached_if_many(10 * self.links.len(), ctx, move || {
                let found = Leiden::new(config).run_with_initial_partition(&shared, start);
                found.map(|found| (found.quality, found.partition)).map_err(|error| error.to_string())
            })?;
            let found = found.map_err(|error| Error::internal(format!("communities: {error}")))?;
            if found.0 <= quality + gain {
                break;
            }
            (quality, best) = found;
        }
        Ok(best.as_slice().to_vec())
    }

    fn data(&self) -> std::result::Result<GraphData, LeidenError> {
        let largest = self.links.iter().map(|&(_, _, weight)| weight).fold(f64::MIN_POSITIVE, f64::max);
        let mut builder = GraphDataBuilder::new(self.nodes.len());
        for &(low, high, weight) in &self.links {
            builder.add_edge(low, high, weight / largest)?;
        }
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Edge;
    use super::*;

    fn graph(nodes: usize, edges: &[(usize, usize, f64)]) -> Graph {
        let edges = edges.iter().map(|&(source, target, weight)| Edge::new(source, target, weight));
        Graph::new(nodes, None, false, edges.collect()).unwrap()
    }

    /// Two triangles with an edge between them, and a node without edges.
    const TRIANGLES: [(usize, usize, f64); 7] =
        [(0, 1, 1.0), (1, 2, -1.0), (0, 2, 1.0), (4, 5, 1.0), (5, 6, 1.0), (4, 6, 1.0), (2, 4, 1.0)];

    #[test]
    fn two_triangles_are_two_communities() {
        let g = graph(7, &TRIANGLES);
        let ctx = Context::new().with_seed(1);
        let found = g.communities(1.0, &ctx).unwrap();
        assert_eq!(found, [vec![0, 1, 2], vec![4, 5, 6], vec![3]]);
        // 6 of 7 edges within; each triangle has half of the strength.
        let modularity = g.modularity(&[0, 0, 0, 1, 2, 2, 2], 1.0).unwrap();
        assert!((modularity - (6.0 / 7.0 - 0.5)).abs() < 1e-12, "{modularity}");
        assert!(g.modularity(&[0; 7], 1.0).unwrap().abs() < 1e-12);
        // Without a price for large communities, components; at a high one, single nodes.
        assert_eq!(g.communities(0.0, &ctx).unwrap(), [vec![0, 1, 2, 4, 5, 6], vec![3]]);
        assert_eq!(g.communities(100.0, &ctx).unwrap().len(), 7);
    }

    #[test]
    fn odd_graphs_and_arguments() {
        let ctx = Context::new().with_seed(1);
        assert_eq!(graph(0, &[]).communities(1.0, &ctx).unwrap(), Vec::<Vec<usize>>::new());
        assert_eq!(graph(2, &[]).communities(1.0, &ctx).unwrap(), [[0], [1]]);
        assert_eq!(graph(2, &[(0, 1, 1e-300)]).communities(1.0, &ctx).unwrap(), [[0, 1]]);
        let far_apart = graph(5, &[(0, 1, 1e308), (1, 2, 1e308), (3, 4, 1e-308)]);
        let found = far_apart.communities(1.0, &ctx).unwrap();
        assert_eq!(found.concat().len(), 5);
        assert_eq!((graph(0, &[]).modularity(&[], 1.0), graph(1, &[]).modularity(&[0], 1.0)), (Ok(0.0), Ok(0.0)));
        for error in [
            far_apart.communities(1e9, &ctx).map(|_| ()).unwrap_err(),
            far_apart.communities(f64::NAN, &ctx).map(|_| ()).unwrap_err(),
            far_apart.modularity(&[0], 1.0).map(|_| ()).unwrap_err(),
            far_apart.modularity(&[9; 5], 1.0).map(|_| ()).unwrap_err(),
        ] {
            assert!(matches!(
                error.kind(),
                crate::ErrorKind::Option | crate::ErrorKind::Shape | crate::ErrorKind::Argument
            ));
        }
    }
}
