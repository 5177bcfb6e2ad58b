//! Networks along a grid of penalties: a lasso of every variable on all others at each.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;
use crate::solver::{Lasso, Stop};

/// Smallest penalty of the grid, as published; the largest is 1, the largest that correlations can need.
const SMALLEST: f64 = 1e-5;

/// The regressions of all variables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem<'a> {
    /// Correlations, p x p, row by row.
    pub correlations: &'a [f64],
    pub p: usize,
    /// Number of samples, where it is known.
    pub n: Option<usize>,
    /// Factors of the penalty, row by row.
    pub weights: Option<&'a [f64]>,
    pub stop: Stop,
    /// Whether the likelihood is that of the published program.
    pub is_authors: bool,
}

/// One variable's regression.
#[derive(Debug, Clone, Default)]
pub(super) struct Neighborhood {
    /// Position and value of the coefficients that are not 0.
    pub coefficients: Vec<(usize, f64)>,
    /// What is left of the variance.
    variance: f64,
    passes: usize,
}

/// What is known of all regressions at a penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Network {
    pub lambda: f64,
    /// Pairs that use each other.
    pub edges: usize,
    /// Coefficients that are not 0.
    pub coefficients: usize,
    /// The pseudo-log-likelihood; NaN without the number of samples.
    pub loglik: f64,
}

impl Network {
    /// The pseudo-log-likelihood less `cost` a coefficient.
    pub fn criterion(&self, cost: f64) -> f64 {
        self.loglik - cost * self.coefficients as f64
    }
}

impl Problem<'_> {
    fn row(&self, j: usize) -> &[f64] {
        &self.correlations[j * self.p..(j + 1) * self.p]
    }

    /// Penalties from the largest down, evenly spaced: 1 to 1e-5, over the smallest weight of a pair.
    pub fn grid(&self, count: usize) -> Vec<f64> {
        let pairs = (0..self.p).flat_map(|i| (0..i).map(move |j| i * self.p + j));
        let least =
            self.weights.map_or(1.0, |weights| pairs.fold(f64::INFINITY, |least, pair| weights[pair].min(least)));
        let unit = if least.is_finite() { least.recip() } else { 1.0 };
        let step = if count > 1 { (1.0 - SMALLEST) / (count - 1) as f64 } else { 0.0 };
        (0..count).map(|k| (1.0 - step * k as f64).max(SMALLEST) * unit).collect()
    }

    /// All regressions at a penalty, each started from that of `warm`, where there are some.
    ///
    /// # Errors
    /// Cancellation.
    pub fn solve(&self, lambda: f64, warm: &[Neighborhood], ctx: &Context) -> Result<Vec<Neighborhood>> {
        let variables: Vec<usize> = (0..self.p).collect();
        parallel::map(&variables, ctx, |_, &a| {
            let own = |b: usize| match self.weights {
                _ if b == a => f64::INFINITY,
                Some(weights) => lambda * weights[a * self.p + b],
                None => lambda,
            };
            let start = warm.get(a).map_or(&[] as &[(usize, f64)], |old| old.coefficients.as_slice());
            let mut lasso = Lasso::default();
            let passes = lasso.solve(self.row(a), |i| self.row(i), own, start, self.stop, ctx)?;
            let coefficients: Vec<(usize, f64)> = lasso.solution().collect();
            let residual = lasso.residual();
            let explained: f64 = coefficients.iter().map(|&(b, value)| value * residual[b]).sum();
            let variance = (residual[a] - explained).max(0.0);
            Ok::<_, Error>(Neighborhood { coefficients, variance, passes })
        })
    }

    /// Whether every regression reached its tolerance.
    pub fn converged(&self, parts: &[Neighborhood]) -> bool {
        passes(parts) < self.stop.max_passes
    }

    /// What is known of these regressions.
    pub fn network(&self, lambda: f64, parts: &[Neighborhood]) -> Network {
        let mut uses = vec![false; self.p * self.p];
        for (a, part) in parts.iter().enumerate() {
            part.coefficients.iter().for_each(|&(b, _)| uses[a * self.p + b] = true);
        }
        let pairs = (0..self.p).flat_map(|i| (0..i).map(move |j| (i, j)));
        let edges = pairs.filter(|&(i, j)| uses[i * self.p + j] && uses[j * self.p + i]).count();
        let coefficients = parts.iter().map(|part| part.coefficients.len()).sum();
        Network { lambda, edges, coefficients, loglik: self.loglik(parts) }
    }

    /// n/2 (log det D - tr(D^-1/2 K'S K D^-1/2)) with K_aa = D_aa = 1 and minus the coefficients off the diagonal. The
    /// published program has plus the coefficients there, and the sum of all entries for the trace.
    fn loglik(&self, parts: &[Neighborhood]) -> f64 {
        let samples = self.n.map_or(f64::NAN, |n| n as f64);
        let value: f64 = if self.is_authors {
            let mut sums = vec![1.0; self.p];
            parts.iter().flat_map(|part| &part.coefficients).for_each(|&(b, value)| sums[b] += value);
            let product = |j: usize| self.row(j).iter().zip(&sums).map(|(s, sum)| s * sum).sum::<f64>();
            (0..self.p).map(|j| sums[j] * product(j)).sum()
        } else {
            parts.iter().map(|part| part.variance).sum()
        };
        -0.5 * samples * value
    }

    /// The networks with distinct numbers of edges, the first of each, until there are more than `most` edges, fewer than
    /// before, or more coefficients than half as many as samples in every regression.
    ///
    /// # Errors
    /// Cancellation.
    pub fn path(&self, lambdas: &[f64], most: usize, ctx: &Context) -> Result<Vec<Network>> {
        let half = self.n.map_or(usize::MAX, |n| (n / 2).max(1));
        let mut networks: Vec<Network> = Vec::new();
        let mut parts: Vec<Neighborhood> = Vec::new();
        for (k, &lambda) in lambdas.iter().enumerate() {
            ctx.progress("penalties", k, lambdas.len());
            parts = self.solve(lambda, &parts, ctx)?;
            let network = self.network(lambda, &parts);
            let before = networks.last().map(|last| last.edges);
            let is_full = network.coefficients > self.p.saturating_mul(half);
            if before.is_some_and(|before| network.edges < before || network.edges > most || is_full) {
                break;
            }
            if before != Some(network.edges) {
                networks.push(network);
            }
        }
        Ok(networks)
    }
}

/// The passes of the regression that took most.
pub(super) fn passes(parts: &[Neighborhood]) -> usize {
    parts.iter().map(|part| part.passes).max().unwrap_or(0)
}

/// Column a has the coefficients of variable a.
pub(super) fn dense(parts: &[Neighborhood]) -> Array2<f64> {
    let mut coefficients = Array2::zeros((parts.len(), parts.len()));
    for (a, part) in parts.iter().enumerate() {
        part.coefficients.iter().for_each(|&(b, value)| coefficients[(b, a)] = value);
    }
    coefficients
}

/// The numbers of a matrix row by row.
///
/// # Errors
/// Never for matrices that are made in row order.
pub(super) fn flat<'a>(matrix: &'a ArrayView2<'a, f64>) -> Result<&'a [f64]> {
    matrix.as_slice().ok_or_else(|| Error::internal("a matrix is not contiguous"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(correlations: &[f64]) -> Problem<'_> {
        let stop = Stop { tol: 1e-12, max_passes: 10_000 };
        Problem { correlations, p: 3, n: Some(50), weights: None, stop, is_authors: false }
    }

    #[test]
    fn a_likelihood_is_that_of_the_definition() {
        let s = [1.0, 0.6, 0.3, 0.6, 1.0, -0.2, 0.3, -0.2, 1.0];
        let ctx = Context::new();
        let parts = problem(&s).solve(0.1, &[], &ctx).unwrap();
        let beta = dense(&parts);
        let matrix = Array2::from_shape_vec((3, 3), s.to_vec()).unwrap();
        let k = Array2::<f64>::eye(3) - &beta;
        let expected = -25.0 * k.t().dot(&matrix).dot(&k).diag().sum();
        assert!((problem(&s).network(0.1, &parts).loglik - expected).abs() < 1e-9);
        let wrong = Array2::<f64>::eye(3) + &beta;
        let authors = Problem { is_authors: true, ..problem(&s) }.network(0.1, &parts).loglik;
        assert!((authors + 25.0 * wrong.t().dot(&matrix).dot(&wrong).sum()).abs() < 1e-9);
    }

    #[test]
    fn paths_have_every_number_of_edges_once_and_weights_forbid() {
        let s = [1.0, 0.6, 0.3, 0.6, 1.0, -0.2, 0.3, -0.2, 1.0];
        let ctx = Context::new();
        let path = problem(&s).path(&problem(&s).grid(100), usize::MAX, &ctx).unwrap();
        assert_eq!(path.iter().map(|network| network.edges).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!((path[1].lambda - 0.6).abs() < 0.011, "{path:?}");
        let weights = [1.0, 1000.0, 0.5, 1000.0, 1.0, 0.5, 0.5, 0.5, 1.0];
        let weighted = Problem { weights: Some(&weights), ..problem(&s) };
        let grid = weighted.grid(100);
        assert!((grid[0] - 2.0).abs() < 1e-12 && (grid[99] - 2e-5).abs() < 1e-12);
        let parts = weighted.solve(0.1, &[], &ctx).unwrap();
        assert_eq!(weighted.network(0.1, &parts).edges, 2);
    }
}
