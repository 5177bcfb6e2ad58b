//! Pairs of nodes that are linked at random, each with the same probability.

use rand::RngExt;

use super::{graph_of, reserve};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Edge, Graph};
use crate::rng::{self, Rng};

/// Edges while they are drawn.
pub(super) struct Draw<'a> {
    /// Where random numbers come from.
    pub rng: Rng,
    /// The edges so far.
    pub edges: Vec<Edge>,
    ctx: &'a Context,
    steps: usize,
}

/// Positions below `end`, each taken with the same probability, in ascending order.
struct Skips {
    scale: f64,
    next: usize,
    end: usize,
}

impl Skips {
    fn new(probability: f64, end: usize) -> Self {
        // ln(1 - 0) is 0, and nothing can be divided by that.
        Self { scale: (-probability).ln_1p(), next: 0, end: if probability > 0.0 { end } else { 0 } }
    }
}

impl<'a> Draw<'a> {
    /// No edges yet; the seed is the context's.
    pub fn new(ctx: &'a Context) -> Self {
        Self { rng: rng::stream(ctx.seed(), "random_graph", 0), edges: Vec::new(), ctx, steps: 0 }
    }

    /// Adds an edge.
    pub fn link(&mut self, source: usize, target: usize) -> Result<()> {
        self.step()?;
        self.edges.push(Edge::new(source, target, 1.0));
        Ok(())
    }

    /// Looks now and then whether to go on.
    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps.is_multiple_of(4096) { self.ctx.check() } else { Ok(()) }
    }

    /// The next position that is taken. Numbers of positions that are skipped are geometric: time goes with what is
    /// taken, not with all pairs (Batagelj and Brandes, Physical Review E 71:036113, 2005).
    fn taken(&mut self, skips: &mut Skips) -> Result<Option<usize>> {
        if skips.next >= skips.end {
            return Ok(None);
        }
        self.step()?;
        let skipped = ((-self.rng.random::<f64>()).ln_1p() / skips.scale) as usize;
        let position = skips.next.saturating_add(skipped);
        skips.next = position.saturating_add(1);
        Ok((position < skips.end).then_some(position))
    }

    /// Links pairs of these nodes with the same probability, those that are `wanted`.
    pub fn among(&mut self, nodes: &[usize], probability: f64, wanted: impl Fn(usize, usize) -> bool) -> Result<()> {
        let count = nodes.len();
        let mut skips = Skips::new(probability, count * count.saturating_sub(1) / 2);
        // Pairs are numbered row by row: (0, 1), (0, 2), ..., (1, 2), ...
        let (mut row, mut start) = (0, 0);
        while let Some(position) = self.taken(&mut skips)? {
            while position - start >= count - 1 - row {
                start += count - 1 - row;
                row += 1;
            }
            let (source, target) = (nodes[row], nodes[row + 1 + position - start]);
            if wanted(source, target) {
                self.link(source, target)?;
            }
        }
        Ok(())
    }

    /// Links nodes of the first list with nodes of the second with the same probability.
    pub fn across(&mut self, first: &[usize], second: &[usize], probability: f64) -> Result<()> {
        let mut skips = Skips::new(probability, first.len() * second.len());
        while let Some(position) = self.taken(&mut skips)? {
            self.link(first[position / second.len()], second[position % second.len()])?;
        }
        Ok(())
    }
}

/// Every pair of `p` nodes is linked with the same probability; the seed is the context's.
///
/// # Errors
/// Cancellation, memory.
pub fn erdos_renyi(p: usize, probability: f64, ctx: &Context) -> Result<Graph> {
    let expected = probability * p as f64 * (p as f64 - 1.0) / 2.0;
    let _held = reserve(p, (expected * 1.5) as usize, ctx)?;
    let mut draw = Draw::new(ctx);
    draw.among(&(0..p).collect::<Vec<_>>(), probability, |_, _| true)?;
    graph_of(p, draw.edges, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_drawn_equally_often() {
        let (rounds, nodes) = (4000, 5);
        let (mut among, mut across) = (vec![0.0; 25], vec![0.0; 25]);
        for seed in 0..rounds {
            let ctx = Context::new().with_seed(seed);
            let g = erdos_renyi(nodes, 0.3, &ctx).unwrap();
            g.edges().iter().for_each(|edge| among[edge.source * 5 + edge.target] += 1.0 / rounds as f64);
            let mut draw = Draw::new(&ctx);
            draw.across(&[0, 1], &[2, 3, 4], 0.3).unwrap();
            draw.edges.iter().for_each(|edge| across[edge.source * 5 + edge.target] += 1.0 / rounds as f64);
        }
        // Standard deviation of a frequency: sqrt(0.3 * 0.7 / 4000) = 0.007.
        let near = |frequency: f64, linked: bool| (frequency - if linked { 0.3 } else { 0.0 }).abs() < 0.04;
        for (i, (&a, &b)) in among.iter().zip(&across).enumerate() {
            let (source, target) = (i / 5, i % 5);
            assert!(near(a, source < target) && near(b, source < 2 && target >= 2), "{source} {target}: {a} {b}");
        }
    }

    #[test]
    fn certain_pairs_and_impossible_ones() {
        let ctx = Context::new();
        assert_eq!(erdos_renyi(9, 1.0, &ctx).unwrap().n_edges(), 36);
        assert_eq!(erdos_renyi(9, 0.0, &ctx).unwrap().n_edges(), 0);
        assert_eq!(erdos_renyi(0, 0.5, &ctx).unwrap().n_nodes(), 0);
    }
}
