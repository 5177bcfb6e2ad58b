//! The square-root lasso, whose penalty does not depend on the size of the noise.

use ndarray::ArrayView2;

use super::{Lasso, Stop};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::problem::Certificate;

/// Rounds of penalty and size of the residual at most; each but the first few has three times the digits.
const MOST_ROUNDS: usize = 1000;
/// A smaller part of a variance is none: the coefficients fit exactly.
const EXACT: f64 = 1e-20;

/// min over b of |x - X b|_2 / sqrt(n) + lambda |b|_1 for standardised variables.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquareRootLasso {
    /// The penalty.
    pub lambda: f64,
    /// Bound on the KKT violation.
    pub tol: f64,
    /// Passes over the coefficients at most.
    pub max_passes: usize,
}

/// The minimiser for one variable.
#[derive(Debug, Clone)]
pub struct SquareRootFit {
    /// Coefficients that are not 0: position, value.
    pub coefficients: Vec<(usize, f64)>,
    /// |x - X b|_2 / sqrt(n): the standard deviation of what is left, of 1.
    pub size: f64,
    /// Gap and KKT violation.
    pub certificate: Certificate,
    /// Passes over the coefficients.
    pub passes: usize,
}

impl SquareRootLasso {
    /// The regression of `target` on all others, from their correlations `r`, p x p. It begins where `start` ended.
    ///
    /// For the right size sigma of the residual it is the lasso with penalty lambda sigma. The mean square v that this
    /// leaves is a line in u = sigma^2 as long as no coefficient enters or leaves: steps of the secant method find v = u.
    ///
    /// # Errors
    /// Cancellation.
    pub fn solve(
        &self,
        r: ArrayView2<'_, f64>,
        target: usize,
        start: Option<&SquareRootFit>,
        ctx: &Context,
    ) -> Result<SquareRootFit> {
        let p = r.nrows();
        let numbers = r.to_slice().ok_or_else(|| Error::internal("the correlations are not contiguous"))?;
        let row = |i: usize| &numbers[i * p..(i + 1) * p];
        let mut lasso = Lasso::default();
        let mut coefficients = start.map(|start| start.coefficients.clone()).unwrap_or_default();
        let mut u = start.map_or(1.0, |start| (start.size * start.size).max(EXACT));
        let (mut step, mut passes, mut round) = (0.1 * self.tol, 0, 0);
        let mut before: Option<(f64, f64)> = None;
        loop {
            let sigma = u.sqrt();
            let own = |b: usize| if b == target { f64::INFINITY } else { self.lambda * sigma };
            let stop = Stop { tol: step * sigma, max_passes: self.max_passes - passes };
            passes += lasso.solve(row(target), row, own, &coefficients, stop, ctx)?;
            coefficients = lasso.solution().collect();
            let (v, certificate) = self.certify(row(target), target, lasso.residual(), &coefficients);
            round += 1;
            let spent = passes >= self.max_passes || round >= MOST_ROUNDS;
            if certificate.kkt <= self.tol || v <= EXACT || spent {
                return Ok(SquareRootFit { coefficients, size: v.sqrt(), certificate, passes });
            }
            let next = secant(before, (u, v));
            if (next - u).abs() <= 1e-3 * self.tol * u {
                step *= 0.1;
            }
            (before, u) = (Some((u, v)), next.max(EXACT));
        }
    }

    /// The mean square of the residual, and the certificate; from the residual g - G b of the covariance form.
    fn certify(&self, g: &[f64], target: usize, residual: &[f64], coefficients: &[(usize, f64)]) -> (f64, Certificate) {
        let mut value = vec![0.0; g.len()];
        let (mut fitted, mut explained, mut norm) = (0.0, 0.0, 0.0);
        for &(b, coefficient) in coefficients {
            value[b] = coefficient;
            fitted += g[b] * coefficient;
            explained += (g[b] - residual[b]) * coefficient;
            norm += self.lambda * coefficient.abs();
        }
        let square = (1.0 - 2.0 * fitted + explained).max(0.0);
        if square <= EXACT {
            return (square, Certificate { primal: norm, gap: norm, kkt: f64::INFINITY, logdet: 0.0 });
        }
        let size = square.sqrt();
        let (mut kkt, mut largest) = (0.0f64, 0.0f64);
        for b in (0..g.len()).filter(|&b| b != target) {
            let slope = residual[b] / size;
            let outside = match value[b] == 0.0 {
                true => (slope.abs() - self.lambda).max(0.0),
                false => (slope - self.lambda * value[b].signum()).abs(),
            };
            kkt = kkt.max(outside);
            largest = largest.max(slope.abs());
        }
        // The dual point is the residual over its size, shrunk until feasible.
        let shrink = if largest > self.lambda { self.lambda / largest } else { 1.0 };
        let (primal, dual) = (size + norm, shrink * (1.0 - fitted) / size);
        (square, Certificate { primal, gap: (primal - dual).max(0.0), kkt, logdet: 0.0 })
    }
}

/// Where the line through two points (u, v) has v = u; v of the second where there is no such place.
fn secant(before: Option<(f64, f64)>, (u, v): (f64, f64)) -> f64 {
    let slope = before.map_or(f64::NAN, |(old, value)| (v - value) / (u - old));
    let crossing = (v - slope * u) / (1.0 - slope);
    if slope < 1.0 && crossing > 0.0 { crossing.min(1.0) } else { v }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::data::covariance::covariance;

    #[test]
    fn the_residual_has_the_size_that_its_penalty_supposes() {
        let ctx = Context::new();
        let x =
            Matrix::from_fn(40, 6, |i, j| (0.9 * (i * i + 2 * j * j + i * j) as f64).sin() + 0.5 * (i as f64).cos());
        let r = covariance(&x.standardize().unwrap(), &ctx).unwrap();
        let mut used = 0;
        let mut start: Option<SquareRootFit> = None;
        for lambda in [0.5, 0.2, 0.05, 0.01] {
            let fit = SquareRootLasso { lambda, tol: 1e-9, max_passes: 10_000 };
            let cold = fit.solve(r.view(), 2, None, &ctx).unwrap();
            let warm = fit.solve(r.view(), 2, start.as_ref(), &ctx).unwrap();
            assert!(cold.certificate.kkt <= 1e-9 && cold.certificate.gap < 1e-5, "{lambda}: {cold:?}");
            assert!((cold.size - warm.size).abs() < 1e-7, "{cold:?} {warm:?}");
            used = used.max(cold.coefficients.len());
            start = Some(warm);
        }
        assert!(used > 2 && start.unwrap().size < 1.0);
    }

    #[test]
    fn the_secant_of_a_line_is_exact() {
        assert!((secant(Some((1.0, 0.8)), (0.8, 0.7)) - 0.6).abs() < 1e-12);
        assert_eq!(secant(None, (0.8, 0.7)), 0.7);
        assert_eq!(secant(Some((0.8, 0.9)), (0.8, 0.7)), 0.7);
    }
}
