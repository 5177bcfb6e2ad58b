//! Weights of a penalty from an earlier solution: the adaptive lasso.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::problem::L1;

/// More steps than this are a mistake: after a few the weights settle.
const MOST: usize = 1000;
/// Weights stay between one over this and this: beyond it they would forbid a pair or leave it free.
const EXTREME: f64 = 1e100;

/// How the L1 penalty is weighted by its own solution theta: with w_ij = 1 / (|theta_ij| + epsilon)^exponent off the
/// diagonal, so that large entries are shrunk less.
///
/// Zou (JASA 101:1418, 2006) for the lasso; Candes, Wakin, Boyd (J. Fourier Anal. Appl. 14:877, 2008) for epsilon and
/// repeated steps; Fan, Feng, Wu (Annals of Applied Statistics 3:521, 2009) for precision matrices, with exponent 0.5.
/// As there, theta is the precision matrix itself: on standardized columns its entries are of the size of partial
/// correlations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reweighting {
    /// How strongly weights depend on the solution, above 0 and at most [`Reweighting::MOST_EXPONENT`].
    pub exponent: f64,
    /// Keeps the weight of a zero entry finite, above 0.
    pub epsilon: f64,
    /// How often to weight and solve again; 0 is the plain L1 penalty.
    pub steps: usize,
}

impl Default for Reweighting {
    fn default() -> Self {
        Self { exponent: 0.5, epsilon: 0.01, steps: 2 }
    }
}

impl Reweighting {
    /// A larger exponent is a mistake: entries are then forbidden or free, as no lasso has them.
    pub const MOST_EXPONENT: f64 = 10.0;

    /// Checks what Rust callers can get wrong.
    ///
    /// # Errors
    /// A number out of its range.
    pub fn check(&self) -> Result<()> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        if !positive(self.exponent) || !positive(self.epsilon) {
            return Err(Error::option(format!(
                "exponent and epsilon must be > 0, not {} and {}",
                self.exponent, self.epsilon
            )));
        }
        if self.exponent > Self::MOST_EXPONENT {
            let text = format!("exponent must be at most {}, not {}", Self::MOST_EXPONENT, self.exponent);
            return Err(Error::option(text).with_hint("0.5 is the default, 1 is common"));
        }
        if self.steps > MOST {
            return Err(Error::option(format!("steps must be at most {MOST}, not {}", self.steps))
                .with_hint("after a few steps the weights settle; 2 is the default"));
        }
        Ok(())
    }

    /// `lambda` times the weights of `theta`; 0 and infinity stay, and so does the diagonal. Every other entry stays
    /// between them, however extreme its weight is.
    pub fn apply(&self, lambda: &L1, theta: ArrayView2<'_, f64>) -> L1 {
        L1::Matrix(Array2::from_shape_fn(theta.dim(), |(i, j)| {
            let plain = lambda.at(i, j);
            if i == j || plain == 0.0 || plain.is_infinite() {
                return plain;
            }
            let scale = (theta[(i, j)].abs() + self.epsilon).powf(self.exponent);
            (plain / scale.clamp(1.0 / EXTREME, EXTREME)).clamp(f64::MIN_POSITIVE, f64::MAX)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn large_entries_weigh_less_and_the_diagonal_free_and_forbidden_entries_stay() {
        let inf = f64::INFINITY;
        let lambda = L1::Matrix(array![[0.2, 0.4, 0.0], [0.4, 0.2, inf], [0.0, inf, 0.2]]);
        let theta = array![[2.0, -0.24, 0.5], [-0.24, 2.0, 0.0], [0.5, 0.0, 2.0]];
        let weighted = Reweighting { exponent: 0.5, epsilon: 0.01, steps: 1 }.apply(&lambda, theta.view());
        assert!((weighted.at(0, 1) - 0.8).abs() < 1e-15);
        assert_eq!((weighted.at(0, 0), weighted.at(0, 2), weighted.at(1, 2)), (0.2, 0.0, inf));
        let zero = Reweighting::default().apply(&L1::scalar(0.1, false), Array2::<f64>::zeros((2, 2)).view());
        assert!((zero.at(0, 1) - 1.0).abs() < 1e-12, "1 / sqrt(0.01) is 10");
    }

    #[test]
    fn extreme_weights_forbid_nothing_and_leave_nothing_free() {
        let lambda = L1::scalar(0.1, false);
        let theta = array![[1.0, 1e200, 0.0], [1e200, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let extreme = Reweighting { exponent: 10.0, epsilon: 1e-200, steps: 1 }.apply(&lambda, theta.view());
        assert_eq!((extreme.at(0, 1), extreme.at(0, 2)), (0.1 / 1e100, 0.1 / (1.0 / 1e100)));
        let huge = L1::scalar(1e300, false);
        assert_eq!(
            Reweighting { epsilon: 1e-200, ..Reweighting::default() }.apply(&huge, theta.view()).at(0, 2),
            f64::MAX
        );
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let good = Reweighting::default();
        assert!(good.check().is_ok());
        for wrong in [
            Reweighting { exponent: 0.0, ..good },
            Reweighting { exponent: 1000.0, ..good },
            Reweighting { epsilon: f64::NAN, ..good },
            Reweighting { steps: MOST + 1, ..good },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
