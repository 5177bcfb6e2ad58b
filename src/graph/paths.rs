//! Shortest paths. An edge is as long as 1 / |weight|, so that strong edges are short, or has length 1.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Edge, Graph};
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};

/// Which way edges with a direction are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// From source to target.
    Forward,
    /// From target to source.
    Backward,
}

/// Where one gets from every node by one edge, and how long that edge is. Edges without a direction go both ways.
#[derive(Debug)]
pub(super) struct Arcs {
    /// Where the arcs of every node begin, and where those of the last one end.
    starts: Vec<usize>,
    arcs: Vec<(usize, f64)>,
}

impl Arcs {
    /// The arcs of a graph.
    ///
    /// # Errors
    /// A weight so small that lengths of paths are not finite.
    pub fn new(graph: &Graph, weighted: bool, way: Way) -> Result<Self> {
        let lengths = lengths(graph, weighted)?;
        let ends = |edge: &Edge| match way {
            Way::Forward => (edge.source, edge.target),
            Way::Backward => (edge.target, edge.source),
        };
        let mut starts = vec![0; graph.n_nodes() + 1];
        for edge in graph.edges() {
            let (from, to) = ends(edge);
            starts[from + 1] += 1;
            starts[to + 1] += usize::from(!edge.directed);
        }
        for node in 0..graph.n_nodes() {
            starts[node + 1] += starts[node];
        }
        let mut free = starts.clone();
        let mut arcs = vec![(0, 0.0); starts[graph.n_nodes()]];
        let mut add = |from: usize, to: usize, length: f64| {
            arcs[free[from]] = (to, length);
            free[from] += 1;
        };
        for (edge, &length) in graph.edges().iter().zip(&lengths) {
            let (from, to) = ends(edge);
            add(from, to, length);
            if !edge.directed {
                add(to, from, length);
            }
        }
        Ok(Self { starts, arcs })
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// The arcs of a node.
    pub fn of(&self, node: usize) -> &[(usize, f64)] {
        &self.arcs[self.starts[node]..self.starts[node + 1]]
    }
}

fn lengths(graph: &Graph, weighted: bool) -> Result<Vec<f64>> {
    if !weighted {
        return Ok(vec![1.0; graph.n_edges()]);
    }
    let lengths: Vec<f64> = graph.edges().iter().map(|edge| 1.0 / edge.weight.abs()).collect();
    // No path is longer than all edges together, and no sum over nodes larger than that for each.
    match (lengths.iter().sum::<f64>() * graph.n_nodes() as f64).is_finite() {
        true => Ok(lengths),
        false => Err(Error::numerical("an edge has so small a weight that its length, 1 / |weight|, is not finite")
            .with_hint("drop weak edges with g.above(threshold), or count edges with `weighted: false`")),
    }
}

/// Memory for [`Arcs`] and for `searches` at once, with `numbers` more for each node and search.
pub(super) fn reserve(graph: &Graph, searches: usize, numbers: usize, ctx: &Context) -> Result<Reservation> {
    let nodes =
        graph.n_nodes().saturating_mul(8).saturating_mul(searches.saturating_mul(6 + numbers).saturating_add(4));
    ctx.reserve(nodes.saturating_add(graph.n_edges().saturating_mul(48)))
}

/// Shortest paths from one node to all others (Dijkstra). Its memory is used again from node to node.
#[derive(Debug)]
pub(super) struct Search {
    /// How far each node is; infinity where no path leads.
    distance: Vec<f64>,
    /// The nodes that are reached, nearest first.
    pub order: Vec<usize>,
    /// Where each node stands in that order; behind all others where no path leads.
    rank: Vec<usize>,
    /// The node before each on one of its shortest paths.
    before: Vec<usize>,
    /// Bits of a distance, which have the order of the distances because none is negative, and a node.
    queue: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Search {
    /// Room for a graph of so many nodes.
    pub fn new(nodes: usize) -> Self {
        Self {
            distance: vec![f64::INFINITY; nodes],
            order: Vec::with_capacity(nodes),
            rank: vec![usize::MAX; nodes],
            before: vec![0; nodes],
            queue: BinaryHeap::new(),
        }
    }

    /// Finds the shortest paths from a node.
    ///
    /// # Errors
    /// Cancellation.
    pub fn run(&mut self, arcs: &Arcs, from: usize, ctx: &Context) -> Result<()> {
        self.distance.fill(f64::INFINITY);
        self.rank.fill(usize::MAX);
        self.order.clear();
        self.queue.clear();
        self.distance[from] = 0.0;
        self.queue.push(Reverse((0, from)));
        while let Some(Reverse((_, node))) = self.queue.pop() {
            if self.rank[node] != usize::MAX {
                continue;
            }
            if self.order.len().is_multiple_of(4096) {
                ctx.check()?;
            }
            self.rank[node] = self.order.len();
            self.order.push(node);
            for &(next, length) in arcs.of(node) {
                let distance = self.distance[node] + length;
                // A node whose turn was already is at least as near as this one.
                if distance < self.distance[next] {
                    self.distance[next] = distance;
                    self.before[next] = node;
                    self.queue.push(Reverse((distance.to_bits(), next)));
                }
            }
        }
        Ok(())
    }

    /// Whether a shortest path to `next` comes from `node` by an edge of this length. Sums of the same lengths in
    /// another order differ in their last digits, and still are equal.
    pub fn leads(&self, node: usize, next: usize, length: f64) -> bool {
        let (long, short) = (self.distance[node] + length, self.distance[next]);
        self.rank[node] < self.rank[next] && (long - short).abs() <= 1e-12 * short
    }

    /// The distances of all nodes that are reached, together.
    pub fn total(&self) -> f64 {
        self.order.iter().map(|&node| self.distance[node]).sum()
    }
}

impl Graph {
    /// The nodes on a shortest path, both ends among them; `None` where no path leads. Edges with a direction are
    /// followed from source to target; an edge is as long as 1 / |weight|, or 1 where not `weighted`.
    ///
    /// # Errors
    /// A node out of range, weights too small for a length, cancellation, memory.
    pub fn shortest_path(&self, from: usize, to: usize, weighted: bool, ctx: &Context) -> Result<Option<Vec<usize>>> {
        self.check_node(from.max(to))?;
        let _held = reserve(self, 1, 0, ctx)?;
        let mut search = Search::new(self.n_nodes());
        search.run(&Arcs::new(self, weighted, Way::Forward)?, from, ctx)?;
        if search.rank[to] == usize::MAX {
            return Ok(None);
        }
        let mut path = vec![to];
        let mut node = to;
        while node != from {
            node = search.before[node];
            path.push(node);
        }
        path.reverse();
        Ok(Some(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detour_of_strong_edges_is_shorter() {
        let edges =
            vec![Edge::new(0, 1, 0.1), Edge::new(0, 2, -1.0), Edge::new(2, 1, 0.5), Edge::new(3, 0, 1.0).directed()];
        let g = Graph::mixed(5, None, edges).unwrap();
        let path = |from, to, weighted| g.shortest_path(from, to, weighted, &Context::new()).unwrap();
        assert_eq!(path(0, 1, true), Some(vec![0, 2, 1]));
        assert_eq!(path(0, 1, false), Some(vec![0, 1]));
        assert_eq!(path(3, 1, true), Some(vec![3, 0, 2, 1]));
        assert_eq!((path(0, 3, true), path(0, 4, true), path(4, 4, true)), (None, None, Some(vec![4])));
        assert!(g.shortest_path(0, 5, true, &Context::new()).is_err());
    }

    #[test]
    fn weights_without_a_length_are_refused() {
        let g = Graph::new(2, None, false, vec![Edge::new(0, 1, 1e-310)]).unwrap();
        let error = g.shortest_path(0, 1, true, &Context::new()).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("weighted: false")), "{error}");
        assert!(g.shortest_path(0, 1, false, &Context::new()).is_ok());
    }
}
