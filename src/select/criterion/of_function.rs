//! A criterion that a caller gives as a function.

use std::cell::Cell;

use ndarray::Array2;

use super::{Candidate, Objective};
use crate::context::Context;
use crate::data::{Matrix, Names, number};
use crate::error::{Error, Result};

/// What gives the value at a precision matrix and the gradient, p x p.
pub type Function<'a> = &'a dyn Fn(&Matrix) -> Result<(f64, Matrix)>;

/// A function of the precision matrix as a criterion. At the first call the gradient is held against a finite difference.
pub struct OfFunction<'a> {
    f: Function<'a>,
    names: Option<Names>,
    checked: Cell<bool>,
}

impl std::fmt::Debug for OfFunction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfFunction").field("checked", &self.checked).finish_non_exhaustive()
    }
}

/// The step of the finite difference, relative to Theta.
const STEP: f64 = 1e-5;
/// How far gradient and difference may be apart, relative to the larger one.
const TOLERANCE: f64 = 1e-3;

impl<'a> OfFunction<'a> {
    /// The function, with the names that the precision matrix carries.
    pub fn new(f: Function<'a>, names: Option<&Names>) -> Self {
        Self { f, names: names.cloned(), checked: Cell::new(false) }
    }

    fn call(&self, theta: Array2<f64>) -> Result<(f64, Array2<f64>)> {
        let p = theta.nrows();
        let (value, gradient) = (self.f)(&Matrix::square(theta, self.names.as_ref()))?;
        if !value.is_finite() {
            return Err(Error::numerical(format!("the value of the criterion is {value}")));
        }
        if (gradient.rows(), gradient.cols()) != (p, p) {
            let (rows, cols) = (gradient.rows(), gradient.cols());
            return Err(Error::shape(format!("the gradient of the criterion is {rows} x {cols}, not {p} x {p}")));
        }
        let gradient = gradient.into_array();
        // What is not symmetric counts with its symmetric part: Theta is symmetric.
        Ok((value, (&gradient + &gradient.t()) * 0.5))
    }

    /// Fails where the gradient is not that of the values.
    fn check(&self, theta: &Array2<f64>, value: f64, gradient: &Array2<f64>) -> Result<()> {
        // Some direction within the support, in which no part of the gradient is likely to cancel another.
        let weight = |i: usize, j: usize| 1.0 + 0.5 * (1.3 * ((i + 1) * (j + 1)) as f64).cos();
        let direction = Array2::from_shape_fn(theta.dim(), |(i, j)| theta[(i, j)] * weight(i, j));
        let promised = (gradient * &direction).sum();
        let moved = |step: f64| self.call(theta + &(&direction * step)).map(|(value, _)| value);
        let found = (moved(STEP)? - moved(-STEP)?) / (2.0 * STEP);
        let apart = (promised - found).abs();
        // Rounding of the values shows in their difference.
        let allowed = TOLERANCE * promised.abs().max(found.abs()) + 1e-8 * value.abs().max(1.0);
        if apart <= allowed {
            return Ok(());
        }
        Err(Error::argument(format!(
            "the gradient of the criterion is not that of its value: along one direction it gives {}, a finite \
             difference {}, apart by {}",
            number(promised),
            number(found),
            number(apart)
        ))
        .with_hint(
            "entry (i, j) is the derivative by theta_ij alone, so that dC = sum_ij G_ij dTheta_ij over all i and j",
        ))
    }
}

impl Objective for OfFunction<'_> {
    fn evaluate(&self, at: &Candidate<'_>, ctx: &Context) -> Result<(f64, Array2<f64>)> {
        let p = at.theta.p();
        let _held = ctx.reserve_matrices(4, p, p)?;
        let theta = at.theta.to_dense();
        let (value, gradient) = self.call(theta.clone())?;
        if !self.checked.replace(true) {
            self.check(&theta, value, &gradient)?;
        }
        Ok((value, gradient))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::SparseSymmetric;
    use ndarray::array;

    #[test]
    fn a_wrong_gradient_is_an_error_with_the_discrepancy() {
        let theta = SparseSymmetric::from_dense(array![[2.0, 0.5], [0.5, 1.0]].view());
        let inverse = Array2::zeros((2, 2));
        let at = Candidate { theta: &theta, logdet: 0.0, inverse: inverse.view() };
        let square = |theta: &Matrix| theta.as_slice().iter().map(|value| value * value).sum::<f64>();
        let right = |theta: &Matrix| -> Result<(f64, Matrix)> { Ok((square(theta), theta.map(|value| 2.0 * value))) };
        let wrong = |theta: &Matrix| -> Result<(f64, Matrix)> { Ok((square(theta), theta.map(|value| 4.0 * value))) };
        assert!(OfFunction::new(&right, None).evaluate(&at, &Context::new()).is_ok());
        let error = OfFunction::new(&wrong, None).evaluate(&at, &Context::new()).unwrap_err();
        assert!(error.message().contains("apart by"), "{error}");
        let flat = |_: &Matrix| -> Result<(f64, Matrix)> { Ok((1.0, Matrix::from_fn(1, 2, |_, _| 0.0))) };
        assert!(OfFunction::new(&flat, None).evaluate(&at, &Context::new()).is_err());
    }
}
