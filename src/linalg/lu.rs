//! Square matrices that need not be symmetric: linear systems, inverse, determinant.

use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef};
use ndarray::{Array2, ArrayView2};

use super::decompose::decompose;
use super::layout::to_array;
use crate::context::Context;
use crate::error::{Error, Result};

/// The solution X of A X = B for a square A.
///
/// # Errors
/// A singular A; memory, cancellation.
pub fn solve(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    decompose([a, b], ctx, |[a, b]| solution(a, b.to_owned()))
}

/// A^-1 of a square A.
///
/// # Errors
/// A singular A; memory, cancellation.
pub fn inverse(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    decompose([a], ctx, |[a]| solution(a, Mat::identity(a.nrows(), a.nrows())))
}

/// The solution of A X = B, in the place of B.
fn solution(a: MatRef<'_, f64>, mut b: Mat<f64>) -> Result<Array2<f64>> {
    a.partial_piv_lu().solve_in_place(b.as_mut());
    let solution = to_array(b.as_ref());
    if solution.iter().all(|value| value.is_finite()) {
        Ok(solution)
    } else {
        Err(Error::numerical("the matrix is singular")
            .with_hint("drop columns that depend on others, or add to the diagonal"))
    }
}

/// The sign of det A and log |det A| of a square matrix.
///
/// # Errors
/// Memory, cancellation.
pub fn sign_logdet(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<(f64, f64)> {
    decompose([a], ctx, |[a]| {
        let lu = a.partial_piv_lu();
        let (u, l) = (lu.U(), lu.L());
        let (mut sign, mut log) = (1.0, 0.0);
        for i in 0..u.nrows() {
            let pivot = u[(i, i)] * l[(i, i)];
            sign *= pivot.signum() * f64::from(pivot != 0.0);
            log += pivot.abs().ln();
        }
        let (permutation, _) = lu.P().arrays();
        Ok((sign * parity(permutation), log))
    })
}

/// The sign of a permutation: every exchange of two rows turns it.
fn parity(permutation: &[usize]) -> f64 {
    let mut sign = 1.0;
    let mut seen = vec![false; permutation.len()];
    for start in 0..permutation.len() {
        let mut length = 0;
        let mut i = start;
        while !seen[i] {
            seen[i] = true;
            i = permutation[i];
            length += 1;
        }
        if length > 0 && length % 2 == 0 {
            sign = -sign;
        }
    }
    sign
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn determinants_by_hand() {
        let ctx = Context::new();
        assert_eq!(sign_logdet(array![[0.0, 1.0], [1.0, 0.0]].view(), &ctx).unwrap(), (-1.0, 0.0));
        let cycle = array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [2.0, 0.0, 0.0]];
        assert_eq!(sign_logdet(cycle.view(), &ctx).unwrap(), (1.0, 2.0f64.ln()));
        let singular = array![[1.0, 1.0], [1.0, 1.0]];
        assert_eq!(sign_logdet(singular.view(), &ctx).unwrap(), (0.0, f64::NEG_INFINITY));
        assert!(solve(singular.view(), array![[1.0], [2.0]].view(), &ctx).is_err());
        assert!(inverse(singular.view(), &ctx).is_err());
    }

    #[test]
    fn inverse_and_solution_of_small_and_large_matrices() {
        let ctx = Context::new();
        for n in [4, 320] {
            let off_diagonal = Array2::from_shape_fn((n, n), |(i, j)| ((3 * i + 7 * j) % 5) as f64 / 5.0);
            let a = off_diagonal + Array2::<f64>::eye(n) * n as f64;
            let identity = a.dot(&inverse(a.view(), &ctx).unwrap());
            assert!(identity.indexed_iter().all(|((i, j), v)| (v - f64::from(i == j)).abs() < 1e-12));
            let b = Array2::from_shape_fn((n, 3), |(i, j)| (i + j) as f64);
            let residual = a.dot(&solve(a.view(), b.view(), &ctx).unwrap()) - b;
            assert!(residual.iter().all(|v| v.abs() < 1e-9));
        }
    }
}
