//! Dense linear algebra over faer, and the vector kernels of the solvers.
//!
//! The only folder that knows faer. Everything runs on one thread: the parallelism of the crate is over
//! independent problems, so that results do not depend on the number of threads.

mod convert;
mod kernels;
mod sparse;

pub use kernels::{Bounds, PAD, SmallLasso, axpy, combine, dot, largest_excess, write_relaxed};
pub use sparse::SparseSymmetric;

use faer::linalg::solvers::{DenseSolveCore, Llt, Solve};
use faer::linalg::triangular_solve::solve_upper_triangular_in_place;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::error::{Error, Result};

/// Rows of one tile: a tile of a product with 2000 x 2000 takes a few milliseconds, far below the 50 ms between two checks.
const TILE: usize = 64;

fn view(a: ArrayView2<'_, f64>) -> MatRef<'_, f64> {
    let (rows, cols) = a.dim();
    let (row_stride, col_stride) = (a.strides()[0], a.strides()[1]);
    match a.to_slice() {
        Some(slice) => MatRef::from_row_major_slice(slice, rows, cols),
        // A view of a column-major array is the transpose of a row-major one.
        None => match a.reversed_axes().to_slice() {
            Some(slice) => MatRef::from_column_major_slice(slice, rows, cols),
            None => {
                unreachable!("strides {row_stride}, {col_stride}: callers pass contiguous arrays")
            }
        },
    }
}

fn to_array(a: MatRef<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.nrows(), a.ncols()), |(i, j)| a[(i, j)])
}

/// The product A B of m x k and k x n.
///
/// # Errors
/// Sizes that do not match; cancellation between tiles.
pub fn matmul(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    if a.ncols() != b.nrows() {
        return Err(Error::shape(format!(
            "cannot multiply {} x {} by {} x {}",
            a.nrows(),
            a.ncols(),
            b.nrows(),
            b.ncols()
        ))
        .with_hint("the columns of the first must be as many as the rows of the second"));
    }
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let mut product = Array2::<f64>::zeros((a.nrows(), b.ncols()));
    let width = product.ncols();
    let (left, right) = (view(a.view()), view(b.view()));
    if let Some(numbers) = product.as_slice_mut().filter(|numbers| !numbers.is_empty()) {
        for (tile, chunk) in numbers.chunks_mut(TILE * width).enumerate() {
            ctx.check()?;
            let rows = chunk.len() / width;
            let destination = MatMut::from_row_major_slice_mut(chunk, rows, width);
            let block = left.subrows(tile * TILE, rows);
            faer::linalg::matmul::matmul(destination, Accum::Replace, block, right, 1.0, Par::Seq);
        }
    }
    Ok(product)
}

/// X'X, exactly symmetric.
///
/// # Errors
/// Cancellation between tiles.
pub fn gram(x: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    let mut product = matmul(x.t(), x, ctx)?;
    symmetrize(&mut product);
    Ok(product)
}

/// Replaces a square matrix by the mean of itself and its transpose.
pub fn symmetrize(a: &mut Array2<f64>) {
    for i in 0..a.nrows() {
        for j in 0..i {
            let mean = 0.5 * (a[(i, j)] + a[(j, i)]);
            a[(i, j)] = mean;
            a[(j, i)] = mean;
        }
    }
}

/// The Cholesky factor of a symmetric positive definite matrix.
#[derive(Debug)]
pub struct Cholesky(Llt<f64>);

impl Cholesky {
    /// Factors a symmetric matrix; `None` if it is not positive definite.
    pub fn new(a: ArrayView2<'_, f64>) -> Option<Self> {
        if a.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let a = a.as_standard_layout();
        view(a.view()).llt(Side::Lower).ok().map(Self)
    }

    /// log det A.
    pub fn logdet(&self) -> f64 {
        let l = self.0.L();
        2.0 * (0..l.nrows()).map(|i| l[(i, i)].ln()).sum::<f64>()
    }

    /// A^-1, exactly symmetric.
    pub fn inverse(&self) -> Array2<f64> {
        let mut inverse = to_array(self.0.inverse().as_ref());
        symmetrize(&mut inverse);
        inverse
    }

    /// The lower triangular factor L with A = L L'.
    pub fn factor(&self) -> Array2<f64> {
        let l = self.0.L();
        Array2::from_shape_fn((l.nrows(), l.ncols()), |(i, j)| if j <= i { l[(i, j)] } else { 0.0 })
    }

    /// The solution X of A X = B.
    pub fn solve(&self, b: ArrayView2<'_, f64>) -> Array2<f64> {
        let b = b.as_standard_layout();
        to_array(self.0.solve(view(b.view())).as_ref())
    }

    /// The solution x of L' x = z, for every row z of the n x p argument, in place: rows of standard normal
    /// numbers become rows with precision A.
    pub fn whiten_inverse_rows(&self, z: &mut Array2<f64>) {
        let (n, p) = z.dim();
        if let Some(numbers) = z.as_slice_mut() {
            // The rows of a row-major array are the columns of its transpose.
            let columns = MatMut::from_column_major_slice_mut(numbers, p, n);
            solve_upper_triangular_in_place(self.0.L().transpose(), columns, Par::Seq);
        }
    }
}

/// Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix.
///
/// # Errors
/// Values that are not finite.
pub fn eigh(a: ArrayView2<'_, f64>) -> Result<(Vec<f64>, Array2<f64>)> {
    if a.is_empty() {
        return Ok((Vec::new(), Array2::zeros((0, 0)))); // faer's decomposition wants at least one row
    }
    let a = a.as_standard_layout();
    let failed = |_| Error::numerical("the eigenvalues could not be computed");
    let decomposition = view(a.view()).self_adjoint_eigen(Side::Lower).map_err(failed)?;
    let values = decomposition.S().column_vector().iter().copied().collect();
    Ok((values, to_array(decomposition.U())))
}

/// Left singular vectors (m x k), singular values (descending) and right singular vectors (n x k) of an m x n matrix, where
/// k is the smaller of m and n.
///
/// # Errors
/// Values that are not finite.
pub fn svd(a: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Vec<f64>, Array2<f64>)> {
    let (rows, cols) = a.dim();
    if a.is_empty() {
        return Ok((Array2::zeros((rows, 0)), Vec::new(), Array2::zeros((cols, 0))));
    }
    let a = a.as_standard_layout();
    let failed = |_| Error::numerical("the singular values could not be computed");
    let parts = view(a.view()).thin_svd().map_err(failed)?;
    let values = parts.S().column_vector().iter().copied().collect();
    Ok((to_array(parts.U()), values, to_array(parts.V())))
}

/// The smallest eigenvalue of a symmetric matrix; infinity for an empty one.
///
/// # Errors
/// Values that are not finite.
pub fn min_eigenvalue(a: ArrayView2<'_, f64>) -> Result<f64> {
    if a.is_empty() {
        return Ok(f64::INFINITY);
    }
    let a = a.as_standard_layout();
    let failed = |_| Error::numerical("the eigenvalues could not be computed");
    let values = view(a.view()).self_adjoint_eigenvalues(Side::Lower).map_err(failed)?;
    Ok(values.into_iter().fold(f64::INFINITY, f64::min))
}

/// log |det A| and the sign of det A of a square matrix.
pub fn sign_logdet(a: ArrayView2<'_, f64>) -> (f64, f64) {
    let a = a.as_standard_layout();
    let lu = view(a.view()).partial_piv_lu();
    let (u, l) = (lu.U(), lu.L());
    let mut sign = 1.0;
    let mut log = 0.0;
    for i in 0..u.nrows() {
        let pivot = u[(i, i)] * l[(i, i)];
        sign *= pivot.signum() * f64::from(pivot != 0.0);
        log += pivot.abs().ln();
    }
    // Every exchange of rows turns the sign.
    let (permutation, _) = lu.P().arrays();
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
    (sign, log)
}

/// The solution X of A X = B for a square A.
///
/// # Errors
/// A singular A.
pub fn solve(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let solution: Mat<f64> = view(a.view()).partial_piv_lu().solve(view(b.view()));
    let solution = to_array(solution.as_ref());
    if solution.iter().all(|value| value.is_finite()) {
        Ok(solution)
    } else {
        Err(Error::numerical("the matrix is singular")
            .with_hint("drop columns that depend on others, or add to the diagonal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn factor_inverse_logdet_and_solve_agree() {
        let a = array![[4.0, 1.0, 0.5], [1.0, 3.0, -0.2], [0.5, -0.2, 2.0]];
        let ctx = Context::new();
        let cholesky = Cholesky::new(a.view()).unwrap();
        let identity = matmul(a.view(), cholesky.inverse().view(), &ctx).unwrap();
        assert!(identity.indexed_iter().all(|((i, j), v)| (v - f64::from(i == j)).abs() < 1e-14));
        let (sign, log) = sign_logdet(a.view());
        assert_eq!(sign, 1.0);
        assert!((log - cholesky.logdet()).abs() < 1e-13);
        let swapped = array![[0.0, 1.0], [1.0, 0.0]];
        assert_eq!(sign_logdet(swapped.view()), (-1.0, 0.0));
        assert!((eigh(a.view()).unwrap().0[0] - min_eigenvalue(a.view()).unwrap()).abs() < 1e-12);
        assert!(Cholesky::new(array![[1.0, 2.0], [2.0, 1.0]].view()).is_none());
        assert!(solve(array![[1.0, 1.0], [1.0, 1.0]].view(), array![[1.0], [2.0]].view()).is_err());
    }

    #[test]
    fn products_over_several_tiles() {
        let ctx = Context::new();
        let a = Array2::from_shape_fn((150, 7), |(i, j)| (i * 7 + j) as f64);
        let b = Array2::from_shape_fn((7, 5), |(i, j)| i as f64 - j as f64);
        assert_eq!(matmul(a.view(), b.view(), &ctx).unwrap(), a.dot(&b));
    }
}
