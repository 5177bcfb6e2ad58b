//! What a graph looks like: degrees, density, hubs, strongest edges, components, neighbours, clustering.

use super::{Edge, Graph};
use crate::context::Context;
use crate::error::Result;

impl Graph {
    /// Edges over possible edges.
    pub fn density(&self) -> f64 {
        // As many nodes as a table of edges can name have more pairs than an integer counts.
        let nodes = self.nodes as f64;
        let pairs = nodes * (nodes - 1.0) / if self.is_directed() { 1.0 } else { 2.0 };
        if pairs > 0.0 { self.n_edges() as f64 / pairs } else { 0.0 }
    }

    /// The number of edges at every node, of either direction.
    pub fn degree(&self) -> Vec<usize> {
        let mut degree = vec![0; self.nodes];
        for edge in self.edges() {
            degree[edge.source] += 1;
            degree[edge.target] += 1;
        }
        degree
    }

    /// The `count` nodes with most edges, and how many; ties in order of the nodes.
    pub fn hubs(&self, count: usize) -> Vec<(usize, usize)> {
        let mut nodes: Vec<(usize, usize)> = self.degree().into_iter().enumerate().collect();
        nodes.sort_by_key(|&(node, degree)| (std::cmp::Reverse(degree), node));
        nodes.truncate(count);
        nodes
    }

    /// The connected components, edges taken without direction: largest first, nodes in order.
    pub fn components(&self) -> Vec<Vec<usize>> {
        let mut union = UnionFind::new(self.nodes);
        for edge in self.edges() {
            union.join(edge.source, edge.target);
        }
        union.groups()
    }

    /// The edges with the largest absolute weights first; ties in order of the nodes.
    pub fn ranked_edges(&self) -> Vec<Edge> {
        self.ranking().into_iter().map(|i| self.edges[i]).collect()
    }

    /// The first edges of [`Graph::ranked_edges`], without an order of all the others: graphs may have millions.
    pub(crate) fn strongest_edges(&self, count: usize) -> Vec<Edge> {
        let mut strongest: Vec<Edge> = Vec::new();
        for edge in self.edges.iter() {
            let is_before = |other: &Edge| other.weight.abs() >= edge.weight.abs();
            if strongest.len() < count || strongest.last().is_some_and(|last| !is_before(last)) {
                strongest.insert(strongest.partition_point(is_before), *edge);
                strongest.truncate(count);
            }
        }
        strongest
    }

    /// The positions of the edges, largest absolute weights first; ties in order of the nodes.
    pub(crate) fn ranking(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.edges.len()).collect();
        // The sort is stable, so that ties keep the order of the nodes.
        order.sort_by(|&a, &b| self.edges[b].weight.abs().total_cmp(&self.edges[a].weight.abs()));
        order
    }

    /// The nodes that share an edge with `node`, in order.
    pub fn neighbors(&self, node: usize) -> Vec<usize> {
        let mut found: Vec<usize> = self
            .edges()
            .iter()
            .filter_map(|edge| match node {
                _ if edge.source == node => Some(edge.target),
                _ if edge.target == node => Some(edge.source),
                _ => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// How often two neighbours of a node are neighbours of each other: three times the triangles over the pairs of
    /// edges that share a node (transitivity), edges taken without direction. 0 where no two edges share a node.
    ///
    /// # Errors
    /// Cancellation, memory.
    pub fn clustering(&self, ctx: &Context) -> Result<f64> {
        let _held = ctx.reserve(self.n_edges().saturating_mul(48).saturating_add(self.nodes.saturating_mul(40)))?;
        let mut links: Vec<(usize, usize)> = self.edges().iter().map(Edge::ends).collect();
        links.sort_unstable();
        links.dedup();
        let mut degree = vec![0usize; self.nodes];
        links.iter().for_each(|&(a, b)| {
            degree[a] += 1;
            degree[b] += 1;
        });
        // Every link from its node of smaller degree: no node then has many ahead of it, not even the centre of a star.
        let mut ahead: Vec<Vec<usize>> = vec![Vec::new(); self.nodes];
        for &(a, b) in &links {
            let (low, high) = if (degree[a], a) < (degree[b], b) { (a, b) } else { (b, a) };
            ahead[low].push(high);
        }
        let mut seen_from = vec![usize::MAX; self.nodes];
        let mut triangles = 0usize;
        for (node, others) in ahead.iter().enumerate() {
            ctx.check()?;
            others.iter().for_each(|&other| seen_from[other] = node);
            let closing = |&other: &usize| ahead[other].iter().filter(|&&third| seen_from[third] == node).count();
            triangles += others.iter().map(closing).sum::<usize>();
        }
        let pairs: f64 = degree.iter().map(|&k| k as f64 * (k as f64 - 1.0) / 2.0).sum();
        Ok(if pairs > 0.0 { 3.0 * triangles as f64 / pairs } else { 0.0 })
    }
}

/// Disjoint sets of positions, joined one pair at a time.
#[derive(Debug)]
pub struct UnionFind(Vec<usize>);

impl UnionFind {
    /// Every position alone.
    pub fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]]; // path halving
            i = self.0[i];
        }
        i
    }

    /// Puts the sets of two positions together; returns whether they were two.
    pub fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        // The smaller position is the root, so that the result does not depend on the order of the pairs.
        let (low, high) = (a.min(b), a.max(b));
        self.0[high] = low;
        low != high
    }

    /// The sets: largest first, then by their first position; positions in order.
    pub fn groups(mut self) -> Vec<Vec<usize>> {
        let len = self.0.len();
        let mut by_root: Vec<Vec<usize>> = vec![Vec::new(); len];
        for i in 0..len {
            let root = self.root(i);
            by_root[root].push(i);
        }
        let mut groups: Vec<Vec<usize>> = by_root.into_iter().filter(|group| !group.is_empty()).collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edge, Graph};

    #[test]
    fn a_triangle_with_a_tail_closes_three_of_five_pairs() {
        // Both ways between 0 and 1 are one link.
        let edges = [(0, 1), (1, 0), (1, 2), (2, 0), (2, 3)].map(|(source, target)| Edge::new(source, target, 1.0));
        let clustering = |directed, count: usize| {
            let g = Graph::new(4, None, directed, edges[5 - count..].to_vec()).unwrap();
            g.clustering(&crate::Context::new()).unwrap()
        };
        assert_eq!((clustering(true, 5), clustering(false, 4), clustering(true, 1)), (0.6, 0.6, 0.0));
    }

    #[test]
    fn the_strongest_edges_are_the_first_of_all() {
        let edges =
            (0..40).map(|i| Edge::new(i, i + 1, [0.5, -2.0, 1.0, 0.25, -1.0][i * i % 5] + 0.1 * (i / 30) as f64));
        let g = Graph::new(41, None, true, edges.collect()).unwrap();
        for count in [0, 1, 7, 39, 40, 50] {
            assert_eq!(g.strongest_edges(count), g.ranked_edges()[..count.min(40)], "{count}");
        }
    }

    #[test]
    fn a_path_and_a_lonely_node() {
        let edges = [(2, 1), (1, 0)].map(|(source, target)| Edge::new(source, target, 1.0));
        let g = Graph::new(4, None, false, edges.to_vec()).unwrap();
        assert_eq!(g.degree(), [1, 2, 1, 0]);
        assert_eq!(g.components(), [vec![0, 1, 2], vec![3]]);
        assert_eq!(g.neighbors(1), [0, 2]);
        assert_eq!(g.hubs(2), [(1, 2), (0, 1)]);
        assert_eq!(g.density(), 2.0 / 6.0);
    }
}
