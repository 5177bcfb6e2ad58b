//! How central nodes are: strength, degrees by direction, betweenness, closeness.

use std::ops::Range;

use super::paths::{Arcs, Search, Way, reserve};
use super::{Direction, Graph};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;

/// How betweenness and closeness are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Centrality {
    /// An edge is as long as 1 / |weight|; otherwise all edges have length 1.
    pub weighted: bool,
    /// Values are comparable between graphs of different sizes.
    pub normalized: bool,
}

impl Default for Centrality {
    fn default() -> Self {
        Self { weighted: true, normalized: true }
    }
}

/// Into so many blocks nodes are divided, whatever the number of threads, so that sums always have one order.
const BLOCKS: usize = 64;

impl Graph {
    /// The sum of the absolute weights of every node's edges, of either direction.
    pub fn strength(&self) -> Vec<f64> {
        let mut strength = vec![0.0f64; self.n_nodes()];
        for edge in self.edges() {
            strength[edge.source] += edge.weight.abs();
            strength[edge.target] += edge.weight.abs();
        }
        strength
    }

    /// The number of edges that lead to every node; those without a direction lead both ways.
    pub fn in_degree(&self) -> Vec<usize> {
        let mut degree = vec![0; self.n_nodes()];
        for edge in self.edges() {
            degree[edge.target] += 1;
            degree[edge.source] += usize::from(!edge.directed);
        }
        degree
    }

    /// The number of edges that lead away from every node; those without a direction lead both ways.
    pub fn out_degree(&self) -> Vec<usize> {
        let mut degree = vec![0; self.n_nodes()];
        for edge in self.edges() {
            degree[edge.source] += 1;
            degree[edge.target] += usize::from(!edge.directed);
        }
        degree
    }

    /// For every node, the share of the shortest paths between two others that pass through it, summed over all pairs
    /// of others (Brandes, Journal of Mathematical Sociology 25:163, 2001). Pairs are ordered in directed and mixed
    /// graphs;
    /// normalized values are divided by their number, (n - 1) (n - 2), or half of that where they have no order.
    ///
    /// # Errors
    /// Weights too small for a length, more shortest paths than numbers can count, cancellation, memory.
    pub fn betweenness(&self, options: Centrality, ctx: &Context) -> Result<Vec<f64>> {
        let n = self.n_nodes();
        let _held = (reserve(self, ctx.threads(), 2, ctx)?, ctx.reserve_matrices(1, BLOCKS, n)?);
        let arcs = Arcs::new(self, options.weighted, Way::Forward)?;
        let parts = parallel::map(&blocks(n), ctx, |_, block| dependencies(&arcs, block.clone(), ctx))?;
        let mut sums = vec![0.0f64; n];
        for part in &parts {
            sums.iter_mut().zip(part).for_each(|(sum, value)| *sum += value);
        }
        if sums.iter().any(|sum| !sum.is_finite()) {
            return Err(Error::numerical("there are more shortest paths between two nodes than numbers can count"));
        }
        // Every unordered pair has been seen from both ends.
        let scale = match (options.normalized, self.direction()) {
            (true, _) => 1.0 / ((n as f64 - 1.0) * (n as f64 - 2.0)).max(1.0),
            (false, Direction::Undirected) => 0.5,
            (false, Direction::Directed | Direction::Mixed) => 1.0,
        };
        Ok(sums.into_iter().map(|sum| sum * scale).collect())
    }

    /// How near every node is to those from which a path leads to it: with r of them and d the sum of their distances,
    /// 1 / d, or normalized (r / (n - 1)) (r / d) (Wasserman and Faust). 0 where no path leads.
    ///
    /// # Errors
    /// Weights too small for a length, cancellation, memory.
    pub fn closeness(&self, options: Centrality, ctx: &Context) -> Result<Vec<f64>> {
        let n = self.n_nodes();
        let _held = reserve(self, ctx.threads(), 0, ctx)?;
        let arcs = Arcs::new(self, options.weighted, Way::Backward)?;
        let of_block = |_: usize, block: &Range<usize>| -> Result<Vec<f64>> {
            let mut search = Search::new(n);
            let mut closeness = Vec::with_capacity(block.len());
            for node in block.clone() {
                search.run(&arcs, node, ctx)?;
                let (others, total) = (search.order.len() as f64 - 1.0, search.total());
                closeness.push(match (others > 0.0, options.normalized) {
                    (false, _) => 0.0,
                    (true, true) => others / (n as f64 - 1.0) * (others / total),
                    (true, false) => 1.0 / total,
                });
            }
            Ok(closeness)
        };
        Ok(parallel::map(&blocks(n), ctx, of_block)?.concat())
    }
}

/// Consecutive nodes.
fn blocks(nodes: usize) -> Vec<Range<usize>> {
    let size = nodes.div_ceil(BLOCKS).max(1);
    (0..nodes).step_by(size).map(|start| start..(start + size).min(nodes)).collect()
}

/// The dependencies of these sources on every node, together.
fn dependencies(arcs: &Arcs, sources: Range<usize>, ctx: &Context) -> Result<Vec<f64>> {
    let nodes = arcs.nodes();
    let mut search = Search::new(nodes);
    let mut sums = vec![0.0f64; nodes];
    let (mut paths, mut dependency): (Vec<f64>, Vec<f64>) = (vec![0.0; nodes], vec![0.0; nodes]);
    for source in sources {
        search.run(arcs, source, ctx)?;
        // How many shortest paths there are to every node, nearest nodes first.
        search.order.iter().for_each(|&node| paths[node] = 0.0);
        paths[source] = 1.0;
        for &node in &search.order {
            let count = paths[node];
            let next = arcs.of(node).iter().filter(|&&(next, length)| search.leads(node, next, length));
            next.for_each(|&(next, _)| paths[next] += count);
        }
        // Which share of the paths to nodes behind it passes through a node, farthest nodes first.
        for &node in search.order.iter().rev() {
            let next = arcs.of(node).iter().filter(|&&(next, length)| search.leads(node, next, length));
            let share = |&(next, _): &(usize, f64)| paths[node] / paths[next] * (1.0 + dependency[next]);
            dependency[node] = next.map(share).sum();
            if node != source {
                sums[node] += dependency[node];
            }
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::super::Edge;
    use super::*;

    fn graph(nodes: usize, directed: bool, edges: &[(usize, usize, f64)]) -> Graph {
        let edges = edges.iter().map(|&(source, target, weight)| Edge::new(source, target, weight));
        Graph::new(nodes, None, directed, edges.collect()).unwrap()
    }

    fn both(g: &Graph, weighted: bool, normalized: bool) -> [Vec<f64>; 2] {
        let (options, ctx) = (Centrality { weighted, normalized }, Context::new().with_threads(2));
        [g.betweenness(options, &ctx).unwrap(), g.closeness(options, &ctx).unwrap()]
    }

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near, "{found:?}, not {expected:?}");
    }

    #[test]
    fn a_path_a_star_and_a_cycle() {
        let path = graph(4, false, &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]);
        let [between, closeness] = both(&path, true, false);
        close(&between, &[0.0, 2.0, 2.0, 0.0]);
        close(&closeness, &[1.0 / 6.0, 1.0 / 4.0, 1.0 / 4.0, 1.0 / 6.0]);
        let [between, closeness] = both(&path, true, true);
        close(&between, &[0.0, 2.0 / 3.0, 2.0 / 3.0, 0.0]);
        close(&closeness, &[0.5, 0.75, 0.75, 0.5]);
        let star = graph(4, false, &[(0, 1, -1.0), (0, 2, 1.0), (0, 3, 1.0)]);
        close(&both(&star, true, true)[0], &[1.0, 0.0, 0.0, 0.0]);
        close(&star.strength(), &[3.0, 1.0, 1.0, 1.0]);
        let cycle = graph(4, false, &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 0, 1.0)]);
        close(&both(&cycle, true, false)[0], &[0.5; 4]);
        let one_way = graph(4, true, &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 0, 1.0)]);
        close(&both(&one_way, true, false)[0], &[3.0; 4]);
        assert_eq!((one_way.in_degree(), one_way.out_degree()), (vec![1; 4], vec![1; 4]));
    }

    #[test]
    fn parts_and_directions() {
        // A component of two among five nodes: (1 / 4) (1 / 1).
        let parts = graph(5, false, &[(0, 1, 1.0), (2, 3, 1.0), (3, 4, 1.0)]);
        let [between, closeness] = both(&parts, true, true);
        close(&between, &[0.0, 0.0, 0.0, 1.0 / 6.0, 0.0]);
        close(&closeness, &[0.25, 0.25, 1.0 / 3.0, 0.5, 1.0 / 3.0]);
        // Distances to a node, along the edges.
        let one_way = graph(3, true, &[(0, 1, 1.0), (1, 2, 1.0)]);
        let [between, closeness] = both(&one_way, true, true);
        close(&between, &[0.0, 0.5, 0.0]);
        close(&closeness, &[0.0, 0.5, 2.0 / 3.0]);
        for nodes in 0..3 {
            close(&both(&graph(nodes, false, &[]), true, true)[0], &vec![0.0; nodes]);
            close(&both(&graph(nodes, false, &[]), true, false)[1], &vec![0.0; nodes]);
        }
    }

    #[test]
    fn both_sides_of_a_diamond_are_as_long_in_spite_of_rounding() {
        // 0.1 + 0.2 is not 0.3 in binary: lengths 0.1, 0.2 on one side, 0.2, 0.1 and 0.3 on the others.
        let g = graph(4, false, &[(0, 1, 10.0), (1, 3, 5.0), (0, 2, 5.0), (2, 3, 10.0), (0, 3, 1.0 / 0.3)]);
        close(&both(&g, true, false)[0], &[0.5, 1.0 / 3.0, 1.0 / 3.0, 0.5]);
        close(&both(&g, false, false)[0], &[0.5, 0.0, 0.0, 0.5]);
    }
}
