//! Eigenvalues and singular values.

use faer::Side;
use ndarray::{Array2, ArrayView2, CowArray, Ix2};

use super::decompose::decompose;
use super::layout::to_array;
use crate::context::Context;
use crate::error::{Error, Result};

fn failed(what: &str) -> Error {
    Error::numerical(format!("the {what} could not be computed"))
        .with_hint("are there missing, infinite or extremely large numbers?")
}

/// The matrix, times a power of two where its numbers are near the smallest or largest there are: the iterations would go on
/// for seconds without getting anywhere. And the factor.
fn scaled(a: ArrayView2<'_, f64>) -> (CowArray<'_, f64, Ix2>, f64) {
    let largest = a.iter().fold(0.0f64, |largest, entry| largest.max(entry.abs()));
    let factor = match largest {
        tiny if tiny > 0.0 && tiny < 2f64.powi(-500) => 2f64.powi(900),
        huge if huge.is_finite() && huge > 2f64.powi(500) => 2f64.powi(-700),
        _ => return (CowArray::from(a), 1.0),
    };
    (CowArray::from(a.mapv(|entry| entry * factor)), factor)
}

/// Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix.
///
/// # Errors
/// Values that are not finite; memory, cancellation.
pub fn eigh(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<(Vec<f64>, Array2<f64>)> {
    if a.is_empty() {
        return Ok((Vec::new(), Array2::zeros((0, 0)))); // faer's decomposition wants at least one row
    }
    let (a, factor) = scaled(a);
    decompose([a.view()], ctx, move |[a]| {
        let decomposition = a.self_adjoint_eigen(Side::Lower).map_err(|_| failed("eigenvalues"))?;
        let values = decomposition.S().column_vector().iter().map(|value| value / factor).collect();
        Ok((values, to_array(decomposition.U())))
    })
}

/// The smallest eigenvalue of a symmetric matrix; infinity for an empty one.
///
/// # Errors
/// Values that are not finite; memory, cancellation.
pub fn min_eigenvalue(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<f64> {
    if a.is_empty() {
        return Ok(f64::INFINITY);
    }
    let (a, factor) = scaled(a);
    decompose([a.view()], ctx, move |[a]| {
        let values = a.self_adjoint_eigenvalues(Side::Lower).map_err(|_| failed("eigenvalues"))?;
        Ok(values.into_iter().fold(f64::INFINITY, f64::min) / factor)
    })
}

/// Left singular vectors (m x k), singular values (descending) and right singular vectors (n x k) of an m x n matrix, where
/// k is the smaller of m and n.
///
/// # Errors
/// Values that are not finite; memory, cancellation.
pub fn svd(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<(Array2<f64>, Vec<f64>, Array2<f64>)> {
    let (rows, cols) = a.dim();
    if a.is_empty() {
        return Ok((Array2::zeros((rows, 0)), Vec::new(), Array2::zeros((cols, 0))));
    }
    let (a, factor) = scaled(a);
    decompose([a.view()], ctx, move |[a]| {
        let parts = a.thin_svd().map_err(|_| failed("singular values"))?;
        let values = parts.S().column_vector().iter().map(|value| value / factor).collect();
        Ok((to_array(parts.U()), values, to_array(parts.V())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::time::Duration;

    /// The second difference with 2 on the diagonal: its eigenvalues are 2 - 2 cos(k pi / (n + 1)).
    fn second_difference(n: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, n), |(i, j)| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        })
    }

    #[test]
    fn known_eigenvalues_of_small_and_large_matrices() {
        let ctx = Context::new();
        for n in [3, 310] {
            let a = second_difference(n);
            let value = |k: usize| 2.0 - 2.0 * (k as f64 * std::f64::consts::PI / (n + 1) as f64).cos();
            let (values, vectors) = eigh(a.view(), &ctx).unwrap();
            assert!(values.iter().enumerate().all(|(k, found)| (found - value(k + 1)).abs() < 1e-12));
            let residual = a.dot(&vectors) - &vectors * &ndarray::Array1::from(values);
            assert!(residual.iter().all(|entry| entry.abs() < 1e-11));
            assert!((min_eigenvalue(a.view(), &ctx).unwrap() - value(1)).abs() < 1e-12);
            let (u, s, v) = svd(a.view().split_at(ndarray::Axis(1), 2).0, &ctx).unwrap();
            let back = (&u * &ndarray::Array1::from(s)).dot(&v.t());
            assert!(back.indexed_iter().all(|(place, entry)| (entry - a[place]).abs() < 1e-12));
        }
    }

    #[test]
    fn a_large_decomposition_ends_with_the_time() {
        let ctx = Context::new().with_time_limit(Duration::from_millis(5));
        let error = eigh(second_difference(600).view(), &ctx).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Time);
    }

    #[test]
    fn empty_matrices() {
        let ctx = Context::new();
        let empty = Array2::<f64>::zeros((0, 0));
        assert!(eigh(empty.view(), &ctx).unwrap().0.is_empty());
        assert_eq!(min_eigenvalue(empty.view(), &ctx).unwrap(), f64::INFINITY);
        assert_eq!(svd(Array2::<f64>::zeros((2, 0)).view(), &ctx).unwrap().0.dim(), (2, 0));
    }
}
