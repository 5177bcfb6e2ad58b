//! Moments of data: covariance and correlation.

use ndarray::Array2;

use super::{Matrix, Names};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{self, SparseSymmetric};

/// The sample covariance X'X/n of the centred columns, p x p: the maximum likelihood estimate, divided by n.
///
/// # Errors
/// Memory or time limits.
pub fn covariance(x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    let _held = ctx.reserve_matrices(2, x.cols(), x.cols().max(x.rows()))?;
    let centered = x.center();
    let mut s = linalg::gram(centered.view(), ctx)?;
    s /= x.rows().max(1) as f64;
    Ok(s)
}

/// Divides a covariance by the standard deviations: the correlation, with an exact unit diagonal.
pub fn to_correlation(s: &mut Array2<f64>) {
    let scale: Vec<f64> = s.diag().iter().map(|variance| variance.sqrt()).collect();
    for ((i, j), value) in s.indexed_iter_mut() {
        *value = if i == j { 1.0 } else { (*value / (scale[i] * scale[j])).clamp(-1.0, 1.0) };
    }
}

/// Partial correlations -theta_ij / sqrt(theta_ii theta_jj) of a precision matrix, with a unit diagonal.
pub fn partial_correlation(theta: &Matrix) -> Matrix {
    let diagonal: Vec<f64> = theta.view().diag().to_vec();
    let values = Array2::from_shape_fn((theta.rows(), theta.cols()), |(i, j)| {
        if i == j { 1.0 } else { 0.0 - theta.view()[(i, j)] / (diagonal[i] * diagonal[j]).sqrt() }
    });
    Matrix::square(values, theta.names())
}

/// The same of a sparse precision matrix: (i, j, value) with i < j for every entry that is not zero.
pub fn sparse_partial_correlations(theta: &SparseSymmetric) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
    let diagonal = theta.diagonal();
    theta.pairs().map(|(i, j, value)| (i, j, -value / (diagonal[i] * diagonal[j]).sqrt()))
}

/// Checks that a matrix can be a covariance: square, finite, symmetric, with a positive diagonal.
///
/// # Errors
/// What is wrong and where.
pub fn check_covariance(s: &Matrix) -> Result<()> {
    if s.rows() != s.cols() {
        return Err(Error::shape(format!("a covariance matrix is square, this is {} x {}", s.rows(), s.cols()))
            .with_hint("without `covariance: true` the input is data, samples in rows"));
    }
    if let Some(place) = s.first_non_finite() {
        return Err(Error::data(format!("the covariance matrix has {place}")));
    }
    let values = s.view();
    for i in 0..s.rows() {
        if values[(i, i)] <= 0.0 {
            return Err(Error::data(format!("the variance of column {} is {}", s.column_label(i), values[(i, i)]))
                .with_hint("a covariance matrix has a positive diagonal; leave constant columns out"));
        }
        for j in 0..i {
            // In units of the two standard deviations, so that large variances do not hide small ones.
            let size = values[(i, i)].sqrt() * values[(j, j)].sqrt();
            if (values[(i, j)] - values[(j, i)]).abs() > 1e-8 * size {
                return Err(Error::data(format!(
                    "the covariance matrix is not symmetric: entry ({i}, {j}) is {}, entry ({j}, {i}) is {}",
                    values[(i, j)],
                    values[(j, i)]
                )));
            }
        }
    }
    Ok(())
}

/// Names of the variables of a square matrix: its columns', else its rows'.
pub fn variable_names(m: &Matrix) -> Option<Names> {
    m.names().or(m.row_names().filter(|_| m.rows() == m.cols())).cloned()
}
