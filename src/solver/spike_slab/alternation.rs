//! Precision matrix and blocks in turns.

use super::blocks::{Blocks, EdgeProbabilities, Entries, Memberships};
use super::elastic_net::{Correlations, Regression, each_node};
use super::law::SpikeSlab;
use super::pseudo_precision::PseudoPrecision;
use crate::context::Context;
use crate::error::Result;

/// When the alternation stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Bound on the change of every entry of the precision matrix.
    pub tol: f64,
    /// Turns at most.
    pub max_iter: usize,
}

/// What the alternation found.
#[derive(Debug, Clone)]
pub struct SpikeSlabFit {
    /// The precision matrix of the standardised variables.
    pub precision: PseudoPrecision,
    /// Blocks and links between them.
    pub blocks: Blocks,
    /// The probabilities of edges.
    pub edges: EdgeProbabilities,
    /// Spike and slab.
    pub law: SpikeSlab,
    /// The pseudo-likelihood and the bound together: what tells starts apart.
    pub criterion: f64,
    /// Turns that were taken.
    pub iterations: usize,
    /// Whether the last one changed little.
    pub converged: bool,
}

/// Fits `count` blocks and a precision matrix under `law`, from a first regression of every node and first memberships.
///
/// # Errors
/// Memory, cancellation.
pub fn alternate(
    correlations: &Correlations,
    first: &[Regression],
    memberships: &Memberships,
    count: usize,
    law: SpikeSlab,
    stop: Stop,
    ctx: &Context,
) -> Result<SpikeSlabFit> {
    let mut regressions = first.to_vec();
    let mut precision = PseudoPrecision::of(&regressions);
    let mut blocks = Blocks::start(memberships, count, &precision);
    let mut edges = blocks.edges(&Entries::of(&precision, law), ctx)?;
    let (mut iterations, mut converged) = (0, false);
    while iterations < stop.max_iter && !converged {
        regressions = regress(correlations, &regressions, &edges, law, ctx)?;
        let new = PseudoPrecision::of(&regressions);
        converged = new.distance(&precision) < stop.tol;
        precision = new;
        let entries = Entries::of(&precision, law);
        blocks.sweep(&entries, ctx)?;
        edges = blocks.edges(&entries, ctx)?;
        iterations += 1;
    }
    let fitted = regressions.iter().map(|regression| regression.noise.ln() + 1.0).sum::<f64>();
    let bound = blocks.bound(&Entries::of(&precision, law), ctx)?;
    let criterion = bound - 0.5 * correlations.n() * fitted;
    Ok(SpikeSlabFit { precision, blocks, edges, law, criterion, iterations, converged })
}

/// A regression of every node whose penalties follow the probabilities of its edges: rate (1 - p_ij) |b_j| and
/// p_ij K_ii / (2 sd^2) b_j^2, where K_ii is that of the regressions before.
fn regress(
    correlations: &Correlations,
    before: &[Regression],
    edges: &EdgeProbabilities,
    law: SpikeSlab,
    ctx: &Context,
) -> Result<Vec<Regression>> {
    let n = correlations.n();
    each_node(correlations, ctx, |net, node| {
        let old = &before[node];
        let ridge = 1.0 / (old.noise * law.sd * law.sd * n);
        edges.fill(node, &mut net.ridge);
        for (l1, edge) in net.l1.iter_mut().zip(&mut net.ridge) {
            *l1 = law.rate * (1.0 - *edge) / n;
            *edge *= ridge;
        }
        net.solve(node, &old.coefficients, ctx)
    })
}
