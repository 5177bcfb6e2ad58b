//! The graph of a fit at a false discovery rate, and its pseudo-likelihood.

use ndarray::Array2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::Cholesky;
use crate::solver::spike_slab::{Correlations, MarginalFdr, SpikeSlabFit};

/// The smallest residual sum of squares of a variable with n sum of squares.
const LEAST: f64 = 1e-8;

/// Two linked nodes, the first below the second.
pub type NodePair = (u32, u32);

/// The pairs whose q-value is at most the rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// The pairs, ascending.
    pub pairs: Vec<NodePair>,
    /// The log-likelihood of regressions of every node on its neighbours; none where a node has n - 1 or more of them, or
    /// these are collinear.
    pub loglik: Option<f64>,
}

impl Selected {
    /// Of a fit. Pairs whose entry is 0 are never selected.
    ///
    /// # Errors
    /// Cancellation.
    pub fn of(fit: &SpikeSlabFit, fdr: f64, correlations: &Correlations, ctx: &Context) -> Result<Self> {
        let groups = fit.blocks.assigned();
        let rate = MarginalFdr::new(fit.law, &fit.blocks.shares, fit.blocks.links.iter().copied());
        let is_edge = |&&(i, j, value): &&(u32, u32, f64)| {
            let link = fit.blocks.links[(groups[i as usize], groups[j as usize])];
            rate.at(fit.law.densities(value).non_edge(link)) <= fdr
        };
        let pairs: Vec<NodePair> = fit.precision.pairs.iter().filter(is_edge).map(|&(i, j, _)| (i, j)).collect();
        let loglik = loglik(&pairs, correlations, ctx)?;
        Ok(Self { pairs, loglik })
    }
}

/// sum_i -n/2 log(2 pi RSS_i / n) - n/2 of least squares of every node on its neighbours.
fn loglik(pairs: &[NodePair], correlations: &Correlations, ctx: &Context) -> Result<Option<f64>> {
    let mut neighbors: Vec<Vec<usize>> = vec![Vec::new(); correlations.p()];
    for &(i, j) in pairs {
        neighbors[i as usize].push(j as usize);
        neighbors[j as usize].push(i as usize);
    }
    let n = correlations.n();
    let mut total = 0.0;
    for (node, neighbors) in neighbors.iter().enumerate() {
        if neighbors.len() as f64 >= n - 1.0 {
            return Ok(None);
        }
        let Some(explained) = explained(node, neighbors, correlations, ctx)? else { return Ok(None) };
        let noise = (1.0 - explained).max(LEAST / n);
        total -= 0.5 * n * ((2.0 * std::f64::consts::PI * noise).ln() + 1.0);
    }
    Ok(Some(total))
}

/// The share of a node's variance that its neighbours explain; none where they are collinear.
fn explained(node: usize, neighbors: &[usize], correlations: &Correlations, ctx: &Context) -> Result<Option<f64>> {
    if neighbors.is_empty() {
        return Ok(Some(0.0));
    }
    let size = neighbors.len();
    let block = Array2::from_shape_fn((size, size), |(a, b)| correlations.row(neighbors[a])[neighbors[b]]);
    let Some(factor) = Cholesky::checked(block.view(), ctx)? else { return Ok(None) };
    let right = Array2::from_shape_fn((size, 1), |(a, _)| correlations.row(node)[neighbors[a]]);
    let coefficients = factor.solve_checked(right.view(), ctx)?;
    Ok(Some(coefficients.iter().zip(&right).map(|(b, r)| b * r).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn likelihood_of_a_small_graph() {
        let r = array![[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]];
        let (correlations, ctx) = (Correlations::new(r.view(), 10), Context::new());
        let part = |noise: f64| -5.0 * ((2.0 * std::f64::consts::PI * noise).ln() + 1.0);
        let both = (0.36 + 0.25 - 2.0 * 0.6 * 0.5 * 0.3) / (1.0 - 0.09);
        let expected = part(1.0 - 0.36) + part(1.0 - both) + part(1.0 - 0.25);
        let found = loglik(&[(0, 1), (1, 2)], &correlations, &ctx).unwrap().unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        let few = Correlations::new(r.view(), 3);
        assert_eq!(loglik(&[(0, 1), (1, 2)], &few, &ctx).unwrap(), None);
    }
}
