//! Metrics of a precision matrix: its distance from the true one.

use super::Comparison;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::Cholesky;

/// How far two opposite entries of a symmetric matrix may differ, in units of the diagonal.
const ASYMMETRY: f64 = 1e-8;

/// The precision matrices of truth and estimate, p x p, over the same nodes in the same order.
#[derive(Debug)]
pub struct Matrices {
    truth: Matrix,
    estimate: Matrix,
}

impl Matrices {
    /// The matrices of a comparison.
    ///
    /// # Errors
    /// A side that is a graph; an entry that is not finite; memory.
    pub fn of(comparison: &Comparison, ctx: &Context) -> Result<Self> {
        let (truth, estimate) = comparison.precisions(ctx)?;
        Ok(Self { truth, estimate })
    }

    /// The Frobenius norm of estimate - truth.
    pub fn frobenius(&self) -> f64 {
        norm(self.estimate.as_slice().iter().zip(self.truth.as_slice()).map(|(estimate, truth)| estimate - truth))
    }

    /// The normalised mean squared error 10 log10(||estimate - truth||^2 / ||truth||^2) in decibels, in Frobenius
    /// norms: -inf for an estimate without error.
    pub fn nmse_db(&self) -> f64 {
        20.0 * (self.frobenius() / norm(self.truth.as_slice().iter().copied())).log10()
    }

    /// The Kullback-Leibler divergence of the estimate's Gaussian from the true one, both of mean 0, in nats:
    /// (tr(estimate truth^-1) - p + log det truth - log det estimate) / 2.
    ///
    /// # Errors
    /// A matrix that is not symmetric positive definite; memory, cancellation.
    pub fn kl(&self, ctx: &Context) -> Result<f64> {
        let p = self.truth.rows();
        if p == 0 {
            return Ok(0.0);
        }
        let _held = ctx.reserve_matrices(4, p, p)?;
        let estimate_logdet = factor(&self.estimate, "the estimate", ctx)?.logdet();
        let truth = factor(&self.truth, "the truth", ctx)?;
        let sigma = truth.inverse_checked(ctx)?;
        let trace: f64 = sigma.iter().zip(self.estimate.as_slice()).map(|(sigma, theta)| sigma * theta).sum();
        let divergence = 0.5 * (trace - p as f64 + truth.logdet() - estimate_logdet);
        // Rounding alone can make it negative. (A maximum with 0 would hide a NaN.)
        Ok(if divergence < 0.0 { 0.0 } else { divergence })
    }
}

/// The Frobenius norm, without overflow or underflow of the squares.
fn norm(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = numbers.clone().fold(0.0, |largest: f64, number| largest.max(number.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * numbers.map(|number| (number / largest).powi(2)).sum::<f64>().sqrt()
}

/// The Cholesky factor of a matrix that need not be symmetric positive definite.
fn factor(m: &Matrix, name: &str, ctx: &Context) -> Result<Cholesky> {
    let hint = "the divergence is one between Gaussians: their precision matrices are symmetric and positive definite";
    let indefinite = || Error::numerical(format!("{name} is not positive definite")).with_hint(hint);
    let values = m.view();
    for i in 0..m.rows() {
        ctx.check()?;
        if values[(i, i)] <= 0.0 {
            return Err(indefinite());
        }
        for j in 0..i {
            let scale = values[(i, i)].sqrt() * values[(j, j)].sqrt();
            let (below, above) = (values[(i, j)], values[(j, i)]);
            if (below - above).abs() > ASYMMETRY * scale {
                return Err(Error::numerical(format!(
                    "{name} is not symmetric: entry ({i}, {j}) is {below}, entry ({j}, {i}) is {above}"
                ))
                .with_hint(hint));
            }
        }
    }
    Cholesky::checked(values, ctx)?.ok_or_else(indefinite)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrices(truth: &[f64], estimate: &[f64]) -> Matrices {
        let p = truth.len().isqrt();
        let square = |numbers: &[f64]| Matrix::from_vec(p, p, numbers.to_vec()).unwrap();
        Matrices { truth: square(truth), estimate: square(estimate) }
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-13, "{value}, not {expected}");
    }

    #[test]
    fn values_by_hand_and_by_numpy() {
        let ctx = Context::new();
        let m = matrices(&[2.0, 0.0, 0.0, 4.0], &[1.0, 0.0, 0.0, 4.0]);
        near(m.frobenius(), 1.0);
        near(m.nmse_db(), 10.0 * (1.0f64 / 20.0).log10());
        near(m.kl(&ctx).unwrap(), 0.5 * (2.0f64.ln() - 0.5));
        let m = matrices(
            &[2.0, -0.8, 0.0, -0.8, 2.0, 0.5, 0.0, 0.5, 1.0],
            &[1.5, -0.5, 0.1, -0.5, 2.5, 0.0, 0.1, 0.0, 1.2],
        );
        near(m.frobenius(), 1.113_552_872_566_004_4);
        near(m.nmse_db(), -9.391_970_756_884_847);
        near(m.kl(&ctx).unwrap(), 0.194_944_542_355_380_4);
    }

    #[test]
    fn an_exact_estimate_and_an_empty_one() {
        let ctx = Context::new();
        let m = matrices(&[3.0, 1.0, 1.0, 0.7], &[3.0, 1.0, 1.0, 0.7]);
        assert_eq!((m.frobenius(), m.nmse_db()), (0.0, f64::NEG_INFINITY));
        let divergence = m.kl(&ctx).unwrap();
        assert!((0.0..1e-13).contains(&divergence), "{divergence}");
        assert_eq!(matrices(&[], &[]).kl(&ctx).unwrap(), 0.0);
    }

    #[test]
    fn the_error_says_which_matrix_is_not_positive_definite() {
        let (good, indefinite, skewed) = ([2.0, 0.0, 0.0, 2.0], [1.0, 2.0, 2.0, 1.0], [1.0, 0.5, 0.4, 1.0]);
        let error = |truth: &[f64], estimate: &[f64]| matrices(truth, estimate).kl(&Context::new()).unwrap_err();
        assert_eq!(error(&good, &indefinite).message(), "the estimate is not positive definite");
        assert_eq!(error(&[0.0; 4], &good).message(), "the truth is not positive definite");
        assert!(error(&skewed, &good).message().starts_with("the truth is not symmetric: entry (1, 0) is 0.4"));
    }

    #[test]
    fn norms_of_huge_and_tiny_numbers() {
        near(norm([3e200, -4e200].into_iter()) / 5e200, 1.0);
        near(norm([3e-200, 4e-200].into_iter()) / 5e-200, 1.0);
        assert_eq!(norm([0.0; 3].into_iter()), 0.0);
    }
}
