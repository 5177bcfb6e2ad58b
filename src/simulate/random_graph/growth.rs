//! Kinds that grow node by node: preferential attachment and trees.

use rand::RngExt;

use super::pairs::Draw;
use super::{graph_of, reserve};
use crate::context::Context;
use crate::error::Result;
use crate::graph::Graph;

/// Preferential attachment as huge has it: two linked nodes that count as having degree 2, then every new node is
/// linked to `edges_per_node` different nodes, or to all there are, drawn by their degrees. The seed is the context's.
///
/// # Errors
/// Cancellation, memory.
pub fn scale_free(p: usize, edges_per_node: usize, ctx: &Context) -> Result<Graph> {
    // Beside every edge its two ends are kept.
    let _held = reserve(p, p.saturating_mul(edges_per_node.min(p)).saturating_mul(2), ctx)?;
    let mut draw = Draw::new(ctx);
    if p > 1 {
        draw.link(0, 1)?;
    }
    // A node stands here as often as its degree says, so that drawing from the list draws by degrees.
    let mut ends = vec![0, 0, 1, 1];
    let mut newest = vec![0; p];
    for node in 2..p {
        let start = draw.edges.len();
        let wanted = edges_per_node.min(node);
        while draw.edges.len() - start < wanted {
            let other = match wanted == node {
                true => draw.edges.len() - start,
                false => ends[draw.rng.random_range(0..ends.len())],
            };
            // The newest node that is linked to it: no edge is drawn twice.
            if newest[other] != node {
                newest[other] = node;
                draw.link(other, node)?;
            }
        }
        ends.extend(draw.edges[start..].iter().map(|edge| edge.source));
        ends.extend(std::iter::repeat_n(node, wanted));
    }
    graph_of(p, draw.edges, ctx)
}

/// A tree, every labelled one with the same probability (by its Prüfer sequence); the seed is the context's.
///
/// # Errors
/// Cancellation, memory.
pub fn tree(p: usize, ctx: &Context) -> Result<Graph> {
    let _held = reserve(p, p, ctx)?;
    let mut draw = Draw::new(ctx);
    let sequence: Vec<usize> = (0..p.saturating_sub(2)).map(|_| draw.rng.random_range(0..p)).collect();
    // How many edges of each node are still to come.
    let mut degree = vec![1usize; p];
    sequence.iter().for_each(|&node| degree[node] += 1);
    // The smallest leaf is linked to the next node of the sequence. Leaves below `first` are gone, but for one that
    // became a leaf just now.
    let mut first = degree.iter().position(|&degree| degree == 1).unwrap_or(0);
    let mut leaf = first;
    for &node in &sequence {
        draw.link(leaf, node)?;
        degree[node] -= 1;
        if degree[node] == 1 && node < first {
            leaf = node;
        } else {
            first += 1 + degree[first + 1..].iter().take_while(|&&degree| degree != 1).count();
            leaf = first;
        }
    }
    if p > 1 {
        draw.link(leaf, p - 1)?;
    }
    graph_of(p, draw.edges, ctx)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn attachment_has_its_edges_and_prefers_nodes_of_high_degree() {
        let edges = |p, m| scale_free(p, m, &Context::new().with_seed(2)).unwrap().n_edges();
        assert_eq!((edges(100, 1), edges(100, 2), edges(6, 9), edges(2, 1), edges(1, 1)), (99, 197, 15, 1, 0));
        // The third node goes to each of the first two; the fourth to a linked one with 3 / 6, else 2 / 6 or 1 / 6.
        let rounds = 6000;
        let mut to_newest = 0;
        for seed in 0..rounds {
            let g = scale_free(4, 1, &Context::new().with_seed(seed)).unwrap();
            to_newest += usize::from(g.neighbors(3) == [2]);
        }
        let share = to_newest as f64 / rounds as f64;
        assert!((share - 1.0 / 6.0).abs() < 0.02, "{share}");
    }

    #[test]
    fn all_trees_are_drawn_equally_often() {
        // Cayley: 4^2 trees on four nodes.
        let rounds = 8000;
        let mut seen: HashMap<String, usize> = HashMap::new();
        for seed in 0..rounds {
            let g = tree(4, &Context::new().with_seed(seed)).unwrap();
            assert_eq!((g.n_edges(), g.components().len()), (3, 1));
            *seen.entry(format!("{:?}", g.edges())).or_default() += 1;
        }
        // 500 each, standard deviation 22.
        assert!(seen.len() == 16 && seen.values().all(|&count| (380..620).contains(&count)), "{seen:?}");
        let g = tree(300, &Context::new().with_seed(1)).unwrap();
        assert_eq!((g.n_edges(), g.components().len()), (299, 1));
    }
}
