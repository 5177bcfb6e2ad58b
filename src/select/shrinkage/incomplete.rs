//! Held-out losses of data with missing values: the moments of the rows that stay by the EM algorithm, the likelihood of
//! the values that are there in the others.

use std::f64::consts::TAU;

use ndarray::Array2;

use super::folds::others;
use super::{Grid, Losses, shrink_towards};
use crate::context::Context;
use crate::data::Matrix;
use crate::data::gaussian_em::{GaussianEm, Pattern, entries, patterns};
use crate::error::Result;
use crate::linalg::{self, Cholesky, block_of};
use crate::select::resamples::{Resampled, attempt};

/// The losses of the rows that are held out, each of which has a value.
///
/// # Errors
/// Limits of the context.
pub(super) fn losses(x: &Matrix, held_out: &[usize], grid: &Grid, ctx: &Context) -> Result<Resampled<Losses>> {
    let rest = others(x.rows(), held_out);
    let columns: Vec<usize> = (0..x.cols()).collect();
    attempt(x, &rest, ctx, || {
        let _held = ctx.reserve_matrices(1, x.cols(), 9 * x.cols() + 4 * x.rows())?;
        let moments = GaussianEm::default().moments(&x.pick(&rest, &columns), ctx)?;
        let rows = Rows::new(&x.pick(held_out, &columns), moments.mean.as_slice().unwrap_or_default());
        let mut sums = Vec::with_capacity(grid.variances.len() * grid.intensities.len());
        for (t, a) in grid.points() {
            sums.push(rows.loss(&shrink_towards(moments.covariance.clone(), t, a), ctx)?);
        }
        Ok(Losses { sums, rows: held_out.len() })
    })
}

/// Rows with missing values about a mean.
struct Rows {
    /// Rows x p, 0 where a value is missing.
    deviations: Array2<f64>,
    patterns: Vec<Pattern>,
}

impl Rows {
    fn new(x: &Matrix, mean: &[f64]) -> Self {
        let values = x.view();
        let deviations = Array2::from_shape_fn((x.rows(), x.cols()), |(i, j)| {
            if values[(i, j)].is_nan() { 0.0 } else { values[(i, j)] - mean[j] }
        });
        Self { deviations, patterns: patterns(x) }
    }

    /// The sum over rows of -log density of the values that are there; infinite where sigma is singular.
    fn loss(&self, sigma: &Array2<f64>, ctx: &Context) -> Result<f64> {
        let Some(factor) = Cholesky::checked(sigma.view(), ctx)? else { return Ok(f64::INFINITY) };
        let precision = factor.inverse_checked(ctx)?;
        let weighted = linalg::matmul(self.deviations.view(), precision.view(), ctx)?;
        let mut sum = 0.0;
        for pattern in &self.patterns {
            // The smaller of two blocks is factored.
            let terms = match pattern.missing.len() < pattern.observed.len() {
                true => self
                    .by_missing(pattern, &precision, &weighted, ctx)?
                    .map(|(det, form)| (det + factor.logdet(), form)),
                false => self.by_observed(pattern, sigma, ctx)?,
            };
            let Some((logdet, form)) = terms else { return Ok(f64::INFINITY) };
            let constants = pattern.observed.len() as f64 * TAU.ln() + logdet;
            sum += 0.5 * (pattern.rows.len() as f64 * constants + form);
        }
        Ok(if sum.is_finite() { sum } else { f64::INFINITY })
    }

    /// log det Sigma_oo, and the sum of d' Sigma_oo^-1 d over the pattern's rows d; none where it is singular.
    fn by_observed(&self, pattern: &Pattern, sigma: &Array2<f64>, ctx: &Context) -> Result<Option<(f64, f64)>> {
        let block = block_of(sigma.view(), &pattern.observed);
        let Some(factor) = Cholesky::checked(block.view(), ctx)? else { return Ok(None) };
        let rows = entries(&self.deviations, &pattern.rows, &pattern.observed);
        let solved = factor.solve_checked(rows.t(), ctx)?;
        Ok(Some((factor.logdet(), inner(&rows, &solved))))
    }

    /// log det K_mm, which with log det Sigma makes log det Sigma_oo, and the same sum by K = Sigma^-1, whose block of the
    /// missing values is taken out: Sigma_oo^-1 = K_oo - K_om K_mm^-1 K_mo.
    fn by_missing(
        &self,
        pattern: &Pattern,
        precision: &Array2<f64>,
        weighted: &Array2<f64>,
        ctx: &Context,
    ) -> Result<Option<(f64, f64)>> {
        let Pattern { missing, rows, .. } = pattern;
        let dot = |&row: &usize| self.deviations.row(row).dot(&weighted.row(row));
        let whole: f64 = rows.iter().map(dot).sum();
        if missing.is_empty() {
            return Ok(Some((0.0, whole)));
        }
        let block = block_of(precision.view(), missing);
        let Some(factor) = Cholesky::checked(block.view(), ctx)? else { return Ok(None) };
        let across = entries(weighted, rows, missing);
        let solved = factor.solve_checked(across.t(), ctx)?;
        Ok(Some((factor.logdet(), whole - inner(&across, &solved))))
    }
}

/// The sum of a_ij b_ji.
fn inner(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    a.indexed_iter().map(|((i, j), value)| value * b[(j, i)]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_blocks_give_the_same_likelihood() {
        let ctx = Context::new();
        let none = f64::NAN;
        let x = Matrix::from_rows(&[
            vec![0.5, none, -1.0, 2.0, 0.1],
            vec![1.5, none, 1.0, 0.3, -0.7],
            vec![none, none, 0.2, 0.4, 1.0],
        ])
        .unwrap();
        let y = Matrix::from_fn(40, 5, |i, j| ((i * i * (j + 1) + 3 * i * j) as f64).sin());
        let sigma = crate::data::covariance::covariance(&y, &ctx).unwrap();
        let factor = Cholesky::new(sigma.view()).unwrap();
        let rows = Rows::new(&x, &[0.1, 0.0, 0.2, -0.1, 0.0]);
        let weighted = rows.deviations.dot(&factor.inverse());
        assert_eq!(rows.patterns.len(), 2);
        for pattern in &rows.patterns {
            let (logdet, form) = rows.by_observed(pattern, &sigma, &ctx).unwrap().unwrap();
            let (det, other) = rows.by_missing(pattern, &factor.inverse(), &weighted, &ctx).unwrap().unwrap();
            assert!((logdet - det - factor.logdet()).abs() < 1e-10 && (form - other).abs() < 1e-10);
        }
        let singular = Array2::ones((5, 5));
        assert_eq!(rows.loss(&singular, &ctx).unwrap(), f64::INFINITY);
    }
}
