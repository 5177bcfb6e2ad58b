//! Independent components: the fixed-point iterations of FastICA, all components at once.
//!
//! Written here because the library that has them (linfa-ica 0.8) wants an older ndarray and a second linear algebra.

use ndarray::{Array2, Axis};
use rand_distr::{Distribution, StandardNormal};

use super::stiefel::retract;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::matmul;
use crate::rng;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bound on 1 - |cosine| between a direction and itself one iteration before.
    pub tol: f64,
    /// Iterations at most.
    pub max_iter: usize,
}

/// Independent components.
#[derive(Debug)]
pub struct Independent {
    /// What a unit of each source adds to the data that were given, M x M: a column a source.
    pub mixing: Array2<f64>,
    /// How many iterations ran.
    pub iterations: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

/// Components of principal scores, n x M, which are uncorrelated and about 0. The contrast is log cosh.
///
/// # Errors
/// Scores without a variance; cancellation.
pub fn independent(mut scores: Array2<f64>, settings: Settings, ctx: &Context) -> Result<Independent> {
    let (n, m) = scores.dim();
    let _held = ctx.reserve_matrices(3, n, m)?;
    let mut scales = Vec::with_capacity(m);
    for mut column in scores.columns_mut() {
        let scale = (column.dot(&column) / n as f64).sqrt();
        if !(scale.is_finite() && scale > 0.0) {
            return Err(Error::numerical("a principal component has no variance").with_hint("fewer factors"));
        }
        column /= scale;
        scales.push(scale);
    }
    let mut rng = rng::stream(ctx.seed(), "fast ica", 0);
    let start = Array2::from_shape_fn((m, m), |_| StandardNormal.sample(&mut rng));
    let mut w: Array2<f64> = retract(&start, ctx)?;
    let (mut iterations, mut converged) = (0usize, false);
    while !converged && iterations < settings.max_iter {
        ctx.check()?;
        ctx.progress("ica_factors", iterations, settings.max_iter);
        let next = step(&scores, &w, ctx)?;
        let turned = matmul(next.view(), w.t(), ctx)?;
        converged = turned.diag().iter().all(|cosine| (1.0 - cosine.abs()).abs() <= settings.tol);
        w = next;
        iterations += 1;
    }
    let mut mixing = w.t().to_owned();
    for (mut row, scale) in mixing.rows_mut().into_iter().zip(&scales) {
        row *= *scale;
    }
    Ok(Independent { mixing, iterations, converged })
}

/// One step of all directions w (rows): E[z g(w'z)] - E[g'(w'z)] w with g = tanh, made orthonormal again.
fn step(z: &Array2<f64>, w: &Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
    let n = z.nrows() as f64;
    let mut sources = matmul(z.view(), w.t(), ctx)?;
    sources.mapv_inplace(f64::tanh);
    let mut next = matmul(sources.t(), z.view(), ctx)? / n;
    let slopes = sources.mapv(|value| 1.0 - value * value).sum_axis(Axis(0)) / n;
    for ((mut row, own), slope) in next.rows_mut().into_iter().zip(w.rows()).zip(&slopes) {
        row.scaled_add(-slope, &own);
    }
    retract(&next, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_sources_are_told_apart() {
        // Two sources far from Gaussian, of variance 1, turned by an angle.
        let (n, angle) = (4000, 0.6f64);
        let spread = 3.0f64.sqrt();
        let uniform = |i: usize, step: f64| spread * (2.0 * (step * i as f64).fract() - 1.0);
        let scores = Array2::from_shape_fn((n, 2), |(i, j)| {
            let (a, b) = (uniform(i, 0.618_033_988_75), uniform(i, 0.414_213_562_37));
            let turned = [angle.cos() * a - angle.sin() * b, angle.sin() * a + angle.cos() * b];
            3.0 * turned[j]
        });
        let settings = Settings { tol: 1e-8, max_iter: 200 };
        let found = independent(scores, settings, &Context::new().with_seed(1)).unwrap();
        assert!(found.converged, "{found:?}");
        for column in found.mixing.columns() {
            let direction =
                [angle.cos() * column[0] + angle.sin() * column[1], angle.cos() * column[1] - angle.sin() * column[0]];
            let largest = direction[0].abs().max(direction[1].abs());
            assert!((largest - 3.0).abs() < 0.05, "{}", found.mixing);
        }
    }
}
