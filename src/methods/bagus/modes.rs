//! Modes of the posterior density of a precision matrix under a prior with a spike and a slab.

use ndarray::Array2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::SparseSymmetric;
use crate::problem::L1;
use crate::solver::Moments;
use crate::solver::graphical_lasso::{Settings, Solution, solve};

/// Steps of the graphical lasso of one M step at most.
const SWEEPS: usize = 1000;

/// When the steps end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// Bound on the change of every entry of the precision matrix.
    pub tol: f64,
    /// Steps at most.
    pub max_iter: usize,
}

/// Scales of spike and slab, and the prior probability of an edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prior {
    pub spike: f64,
    pub slab: f64,
    pub probability: f64,
}

impl Prior {
    /// The probability of an edge behind an entry.
    fn edge(&self, entry: f64) -> f64 {
        let odds = self.probability / (1.0 - self.probability) * self.spike / self.slab;
        1.0 / (1.0 + (-entry.abs() * (1.0 / self.spike - 1.0 / self.slab)).exp() / odds)
    }

    /// Penalties of the M step, where `edge` has the probabilities.
    fn penalty(&self, edge: &Array2<f64>, n: f64) -> Result<L1> {
        let penalties = Array2::from_shape_fn(edge.dim(), |(i, j)| match i == j {
            true => 2.0 * self.spike / n,
            false => (edge[(i, j)] / self.slab + (1.0 - edge[(i, j)]) / self.spike) / n,
        });
        L1::matrix(penalties, true, "the penalties of bagus")
    }

    /// A local maximum of the posterior density, from a diagonal matrix.
    pub fn mode(self, s: &Array2<f64>, n: f64, stop: Stop, ctx: &Context) -> Result<Mode> {
        let p = s.nrows();
        // A graphical lasso far more exact than the change that ends the steps.
        let settings = Settings { tol: (1e-3 * stop.tol).clamp(1e-10, 1e-6), max_iter: SWEEPS };
        let mut theta = SparseSymmetric::from_upper(vec![1.0; p], &[]);
        let mut warm: Option<(Solution, L1)> = None;
        let (mut steps, mut converged) = (0, false);
        while !converged && steps < stop.max_iter {
            ctx.check()?;
            let penalty = self.penalty(&probabilities(&theta, self), n)?;
            let solution = match warm.take() {
                Some((solution, old)) => {
                    solve(Moments::Whole(s.view()), &penalty, Some((solution, &old)), settings, ctx)?
                }
                None => solve(Moments::Whole(s.view()), &penalty, None, settings, ctx)?,
            };
            converged = change(&theta, &solution.theta) < stop.tol;
            theta = solution.theta.clone();
            warm = Some((solution, penalty));
            steps += 1;
        }
        let edge = probabilities(&theta, self);
        let dense = theta.to_dense();
        let pairs = (0..p).flat_map(|i| (0..i).map(move |j| (i, j)));
        let edges = pairs.filter(|&(i, j)| is_edge(&edge, &dense, i, j)).count();
        let likelihood = warm.map_or(0.0, |(solution, _)| solution.likelihood);
        Ok(Mode { theta, edge, edges, bic: n.ln() * edges as f64 - n * likelihood, steps, converged })
    }
}

/// What EM ends with.
pub(super) struct Mode {
    pub theta: SparseSymmetric,
    pub edge: Array2<f64>,
    pub edges: usize,
    pub bic: f64,
    pub steps: usize,
    pub converged: bool,
}

/// Whether a pair has an edge: likely, and with an entry, which a large prior probability alone does not give.
pub(super) fn is_edge(edge: &Array2<f64>, theta: &Array2<f64>, i: usize, j: usize) -> bool {
    edge[(i, j)] > 0.5 && theta[(i, j)] != 0.0
}

/// The probability of every edge, 0 on the diagonal.
fn probabilities(theta: &SparseSymmetric, prior: Prior) -> Array2<f64> {
    let p = theta.p();
    let mut edge = Array2::from_elem((p, p), prior.edge(0.0));
    edge.diag_mut().fill(0.0);
    for (i, j, entry) in theta.pairs() {
        edge[(i, j)] = prior.edge(entry);
        edge[(j, i)] = edge[(i, j)];
    }
    edge
}

/// The largest change of an entry.
fn change(old: &SparseSymmetric, new: &SparseSymmetric) -> f64 {
    let of = |a: &SparseSymmetric, b: &SparseSymmetric| {
        a.pairs().map(|(i, j, value)| (value - b.at(i, j)).abs()).fold(0.0, f64::max)
    };
    let diagonal = old.diagonal().iter().zip(new.diagonal()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    of(old, new).max(of(new, old)).max(diagonal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::model::Input;

    #[test]
    fn probabilities_follow_bayes_rule() {
        let prior = Prior { spike: 0.05, slab: 0.4, probability: 0.3 };
        let laplace = |x: f64, scale: f64| (-x.abs() / scale).exp() / (2.0 * scale);
        for x in [0.0, -0.1, 0.7] {
            let (edge, none) = (0.3 * laplace(x, 0.4), 0.7 * laplace(x, 0.05));
            assert!((prior.edge(x) - edge / (edge + none)).abs() < 1e-14);
        }
    }

    #[test]
    fn the_mode_is_a_fixed_point() {
        let ctx = Context::new();
        let x = Matrix::from_fn(60, 5, |i, j| (1.7 * (i * i + 3 * j * j + i * (j + 1)) as f64).sin() + 0.08 * i as f64);
        let s = Input::data(&x).unwrap().correlations(&ctx).unwrap();
        let unit = 1.0 / (60.0 * 5f64.ln()).sqrt();
        let prior = Prior { spike: unit, slab: 10.0 * unit, probability: 0.5 };
        let mode = prior.mode(&s, 60.0, Stop { tol: 1e-7, max_iter: 10_000 }, &ctx).unwrap();
        assert!(mode.converged && mode.edges > 0);
        // The slope of the log-posterior: n/2 (Theta^-1 - S)_ij, twice for a pair, is the slope of its penalty.
        let theta = mode.theta.to_dense();
        let w = crate::linalg::inverse(theta.view(), &ctx).unwrap();
        for ((i, j), &value) in theta.indexed_iter().filter(|((i, j), value)| i != j && **value != 0.0) {
            let slope = mode.edge[(i, j)] / prior.slab + (1.0 - mode.edge[(i, j)]) / prior.spike;
            assert!((60.0 * (w[(i, j)] - s[(i, j)]) - slope * value.signum()).abs() < 1e-3 * slope, "{i} {j}");
        }
    }
}
