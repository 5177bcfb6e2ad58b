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

/// Checks that variances of the columns of `x` are numbers to work with: those near the ends of double precision are
/// not.
///
/// # Errors
/// The first that is not, with its column.
pub fn check_variances(x: &Matrix, variances: impl IntoIterator<Item = f64>) -> Result<()> {
    match variances.into_iter().enumerate().find(|(_, variance)| !(variance.is_normal() && *variance > 0.0)) {
        Some((j, variance)) => Err(Error::data(format!(
            "the variance of column {} is {variance:e}: its numbers are too large or too small",
            x.column_label(j)
        ))
        .with_hint("standardize, or use other units")),
        None => Ok(()),
    }
}

/// Divides a covariance by the standard deviations: the correlation, with an exact unit diagonal.
pub fn to_correlation(s: &mut Array2<f64>) {
    let scale: Vec<f64> = s.diag().iter().map(|variance| variance.sqrt()).collect();
    for ((i, j), value) in s.indexed_iter_mut() {
        *value = if i == j { 1.0 } else { (*value / scale[i] / scale[j]).clamp(-1.0, 1.0) };
    }
}

/// Partial correlations -theta_ij / sqrt(theta_ii theta_jj) of a precision matrix, with a unit diagonal.
pub fn partial_correlation(theta: &Matrix) -> Matrix {
    let scale: Vec<f64> = theta.view().diag().iter().map(|value| value.sqrt()).collect();
    let values = Array2::from_shape_fn((theta.rows(), theta.cols()), |(i, j)| {
        if i == j { 1.0 } else { 0.0 - theta.view()[(i, j)] / scale[i] / scale[j] }
    });
    Matrix::square(values, theta.names())
}

/// The same of a sparse precision matrix: (i, j, value) with i < j for every entry that is not zero.
pub fn sparse_partial_correlations(theta: &SparseSymmetric) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
    let scale: Vec<f64> = theta.diagonal().iter().map(|value| value.sqrt()).collect();
    theta.pairs().map(move |(i, j, value)| (i, j, -value / scale[i] / scale[j]))
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
    if let Some((i, variance)) = values.diag().iter().enumerate().find(|(_, variance)| **variance <= 0.0) {
        return Err(Error::data(format!("the variance of column {} is {variance}", s.column_label(i)))
            .with_hint("a covariance matrix has a positive diagonal; leave constant columns out"));
    }
    // In units of the two standard deviations, so that large variances do not hide small ones.
    let scale: Vec<f64> = values.diag().iter().map(|variance| 1.0 / variance.sqrt()).collect();
    let (difference, (i, j)) = linalg::asymmetry(values, &scale);
    if difference > 1e-8 {
        return Err(Error::data(format!(
            "the covariance matrix is not symmetric: entry ({i}, {j}) is {}, entry ({j}, {i}) is {}",
            values[(i, j)],
            values[(j, i)]
        )));
    }
    Ok(())
}

/// Names of the variables of a square matrix: its columns', else its rows'.
pub fn variable_names(m: &Matrix) -> Option<Names> {
    m.names().or(m.row_names().filter(|_| m.rows() == m.cols())).cloned()
}
