//! Between the units of data and those of a model.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::Cholesky;

/// The median of the diagonal of Theta in a model's units. Thresholds are numbers between 0 and 1, so that this decides
/// how much of Theta they reach: data scaled to [0, 1], as the published program takes them, have about as much.
pub const SIZE: f64 = 20.0;

/// A model sees S_ij = factor Sigma_ij / (d_i d_j).
#[derive(Debug, Clone, PartialEq)]
pub struct Units {
    deviations: Vec<f64>,
    factor: f64,
}

impl Units {
    /// Units in which Sigma, positive definite, has equal variances and its inverse a diagonal of a common size.
    ///
    /// # Errors
    /// Sigma that is not positive definite; cancellation, memory.
    pub fn of(sigma: ArrayView2<'_, f64>, ctx: &Context) -> Result<Self> {
        let plain = Self::correlation(sigma, ctx)?;
        let correlations = plain.to_model(sigma);
        let factor = Cholesky::checked(correlations.view(), ctx)?.ok_or_else(|| {
            Error::data("the covariance is singular, so that a model has no scale to start from")
                .with_hint("shrinkage: \"auto\", or a number above 0")
        })?;
        let mut diagonal: Vec<f64> = factor.inverse_checked(ctx)?.diag().to_vec();
        diagonal.sort_by(f64::total_cmp);
        Ok(Self { factor: diagonal[diagonal.len() / 2] / SIZE, ..plain })
    }

    /// Units in which Sigma has variances of 1.
    ///
    /// # Errors
    /// Never; it stands where [`Units::of`] may stand.
    pub fn correlation(sigma: ArrayView2<'_, f64>, _: &Context) -> Result<Self> {
        Ok(Self { deviations: sigma.diag().iter().map(|variance| variance.sqrt()).collect(), factor: 1.0 })
    }

    /// Those of the data.
    pub fn plain(p: usize) -> Self {
        Self { deviations: vec![1.0; p], factor: 1.0 }
    }

    /// A covariance in the model's units.
    pub fn to_model(&self, sigma: ArrayView2<'_, f64>) -> Array2<f64> {
        let d = &self.deviations;
        Array2::from_shape_fn(sigma.dim(), |(i, j)| self.factor * sigma[(i, j)] / (d[i] * d[j]))
    }

    /// A precision matrix in the units of the data as the model would give it.
    pub fn precision_to_model(&self, theta: ArrayView2<'_, f64>) -> Array2<f64> {
        let d = &self.deviations;
        Array2::from_shape_fn(theta.dim(), |(i, j)| theta[(i, j)] * d[i] * d[j] / self.factor)
    }

    /// A precision matrix in the units of the data, exactly symmetric.
    pub fn to_data(&self, theta: ArrayView2<'_, f64>) -> Array2<f64> {
        let d = &self.deviations;
        let mean = |i: usize, j: usize| 0.5 * (theta[(i, j)] + theta[(j, i)]);
        Array2::from_shape_fn(theta.dim(), |(i, j)| self.factor * mean(i, j) / (d[i] * d[j]))
    }
}
