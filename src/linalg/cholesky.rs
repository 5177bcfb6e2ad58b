//! The Cholesky factor of a symmetric positive definite matrix, in blocks that a context can stop between.
//!
//! Work in O(p^3): p^3 / 3 additions and multiplications for the factor, 2 p^3 / 3 more for the inverse.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::cholesky::llt::inverse::{inverse, inverse_scratch};
use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::prelude::{IntoConst, Reborrow, ReborrowMut};
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2, Axis};

use super::layout::{contiguous, copied, copy, mirror_lower, numbers, pieces, to_array, uninterrupted, view};
use super::products::add_product;
use crate::context::Context;
use crate::error::Result;

/// Up to this size faer factors and inverts in one go: 5 and 20 ms.
const WHOLE: usize = 768;
/// Rows and columns of a block of larger matrices: a few milliseconds between two looks at the context.
const BLOCK: usize = 256;

/// Rows and columns of a block of an n x n matrix; at least 1.
fn block(n: usize) -> usize {
    if n <= WHOLE { n.max(1) } else { BLOCK }
}

/// The Cholesky factor L of a symmetric positive definite A = L L'.
///
/// `new`, `inverse` and `solve` cannot be stopped: they are for matrices that are small, at most a few hundred rows.
/// Their namesakes that take a context give the same numbers.
#[derive(Debug, Clone)]
pub struct Cholesky {
    /// Row j is column j of L, zero before its diagonal: L in column order, as faer works best.
    columns: Array2<f64>,
}

impl Cholesky {
    /// Factors a symmetric matrix, of which one triangle is read; `None` if it is not positive definite or not finite.
    pub fn new(a: ArrayView2<'_, f64>) -> Option<Self> {
        let Ok(factor) = Self::by_blocks(a, block(a.nrows()), &uninterrupted);
        factor
    }

    /// [`Cholesky::new`] under a context.
    ///
    /// # Errors
    /// Cancellation.
    pub fn checked(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<Option<Self>> {
        Self::by_blocks(a, block(a.nrows()), &|| ctx.check())
    }

    fn by_blocks<E>(
        a: ArrayView2<'_, f64>,
        block: usize,
        check: &impl Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Option<Self>, E> {
        let n = a.nrows();
        let mut columns = Array2::zeros((n, n));
        if a.ncols() != n || !load(a, &mut columns, check)? {
            return Ok(None);
        }
        let mut l = MatMut::from_column_major_slice_mut(numbers(&mut columns), n, n);
        for (start, size) in pieces(n, block) {
            if !factor_columns(l.rb_mut(), start, size, check)? {
                return Ok(None);
            }
        }
        Ok(Some(Self { columns }))
    }

    /// L as faer sees it, in column order.
    fn l(&self) -> MatRef<'_, f64> {
        view(self.columns.view()).transpose()
    }

    /// log det A.
    pub fn logdet(&self) -> f64 {
        2.0 * self.columns.diag().iter().map(|entry| entry.ln()).sum::<f64>()
    }

    /// A^-1, exactly symmetric.
    pub fn inverse(&self) -> Array2<f64> {
        let Ok(inverse) = self.inverse_by_blocks(block(self.columns.nrows()), &uninterrupted);
        inverse
    }

    /// [`Cholesky::inverse`] under a context.
    ///
    /// # Errors
    /// Cancellation.
    pub fn inverse_checked(&self, ctx: &Context) -> Result<Array2<f64>> {
        self.inverse_by_blocks(block(self.columns.nrows()), &|| ctx.check())
    }

    /// Columns by columns, X = L'^-1 L^-1 from the diagonal downwards: L^-1 is zero above it, and what X has there is
    /// known from below.
    fn inverse_by_blocks<E>(
        &self,
        block: usize,
        check: &impl Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Array2<f64>, E> {
        let n = self.columns.nrows();
        let mut result = Array2::zeros((n, n));
        let mut x = MatMut::from_column_major_slice_mut(numbers(&mut result), n, n);
        if n > 0 && n <= block {
            check()?;
            let mut memory = MemBuffer::new(inverse_scratch::<f64>(n, Par::Seq));
            inverse(x.rb_mut(), self.l(), Par::Seq, MemStack::new(&mut memory));
        } else {
            for (start, size) in pieces(n, block) {
                let rest = n - start;
                let mut below = x.rb_mut().submatrix_mut(start, start, rest, size);
                for i in 0..size {
                    below[(i, i)] = 1.0;
                }
                let l = self.l().submatrix(start, start, rest, rest);
                solve_lower(l, below.rb_mut(), block, check)?;
                solve_transposed(l, below, block, check)?;
            }
        }
        mirror_lower(x, check)?;
        Ok(result)
    }

    /// The lower triangular factor L with A = L L'.
    pub fn factor(&self) -> Array2<f64> {
        to_array(self.l())
    }

    /// The solution X of A X = B, for a B of as many rows as A.
    pub fn solve(&self, b: ArrayView2<'_, f64>) -> Array2<f64> {
        let Ok(x) = self.solve_by_blocks(b, block(self.columns.nrows()), &uninterrupted);
        x
    }

    /// [`Cholesky::solve`] under a context.
    ///
    /// # Errors
    /// Cancellation.
    pub fn solve_checked(&self, b: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
        self.solve_by_blocks(b, block(self.columns.nrows()), &|| ctx.check())
    }

    fn solve_by_blocks<E>(
        &self,
        b: ArrayView2<'_, f64>,
        block: usize,
        check: &impl Fn() -> std::result::Result<(), E>,
    ) -> std::result::Result<Array2<f64>, E> {
        let (n, count) = b.dim();
        let b = contiguous(b);
        // Every row is a column of B.
        let mut columns = Array2::zeros((count, n));
        let mut x = MatMut::from_column_major_slice_mut(numbers(&mut columns), n, count);
        copy(x.rb_mut(), view(b.view()), check)?;
        for (left, width) in pieces(count, BLOCK) {
            let mut part = x.rb_mut().subcols_mut(left, width);
            solve_lower(self.l(), part.rb_mut(), block, check)?;
            solve_transposed(self.l(), part, block, check)?;
        }
        copied(x.rb(), check)
    }

    /// The solution x of L' x = z, for every row z of the n x p argument, in place: rows of standard normal
    /// numbers become rows with precision A.
    ///
    /// # Errors
    /// Cancellation.
    pub fn whiten_inverse_rows(&self, z: &mut Array2<f64>, ctx: &Context) -> Result<()> {
        let p = z.ncols();
        for rows in numbers(z).chunks_mut((BLOCK * p).max(1)) {
            // The rows of a row-major array are the columns of its transpose.
            let count = rows.len() / p;
            let columns = MatMut::from_column_major_slice_mut(rows, p, count);
            solve_transposed(self.l(), columns, block(p), &|| ctx.check())?;
        }
        Ok(())
    }
}

/// Copies one triangle of a symmetric matrix, column j below the diagonal into row j; false if there is an entry, in
/// either triangle, that is not finite.
fn load<E>(
    a: ArrayView2<'_, f64>,
    columns: &mut Array2<f64>,
    check: &impl Fn() -> std::result::Result<(), E>,
) -> std::result::Result<bool, E> {
    // Rows and columns of a symmetric matrix are the same: those are read that lie in a piece.
    let a = if a.is_standard_layout() { a } else { a.reversed_axes() };
    for (start, size) in pieces(a.nrows(), BLOCK) {
        check()?;
        for j in start..start + size {
            let column = a.row(j);
            if column.iter().any(|entry| !entry.is_finite()) {
                return Ok(false);
            }
            columns.row_mut(j).split_at(Axis(0), j).1.assign(&column.split_at(Axis(0), j).1);
        }
    }
    Ok(true)
}

/// Whether D A D - margin I is positive definite, with D = diag(scale) and A symmetric: in single precision, half the
/// work of a factor. Its rounding is far below a `margin` of 1e-6 for every row and column. False for numbers that
/// single precision does not hold. The caller reserves the memory: half a matrix of doubles as large as A.
///
/// # Errors
/// Cancellation, also within a large factor.
pub fn is_clearly_definite(a: ArrayView2<'_, f64>, scale: &[f64], margin: f32, ctx: &Context) -> Result<bool> {
    let n = a.nrows();
    let mut columns = vec![0.0f32; n * n];
    for (j, (column, row)) in columns.chunks_exact_mut(n.max(1)).zip(a.rows()).enumerate() {
        ctx.check()?;
        for ((value, entry), factor) in column[j..].iter_mut().zip(row.iter().skip(j)).zip(&scale[j..]) {
            *value = (entry * scale[j] * factor) as f32;
        }
        if column[j..].iter().any(|value| !value.is_finite()) {
            return Ok(false);
        }
        column[j] -= margin;
    }
    let mut l = MatMut::from_column_major_slice_mut(&mut columns, n, n);
    for (start, size) in pieces(n, block(n)) {
        ctx.check()?;
        let rest = n - start;
        let trailing = l.rb_mut().submatrix_mut(start, start, rest, rest);
        let (mut corner, _, mut below, mut under) = trailing.split_at_mut(size, size);
        let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f32>(size, Par::Seq, Default::default()));
        let stack = MemStack::new(&mut memory);
        if cholesky_in_place(corner.rb_mut(), Default::default(), Par::Seq, stack, Default::default()).is_err() {
            return Ok(false);
        }
        for (top, height) in pieces(rest - size, BLOCK) {
            ctx.check()?;
            let rows = below.rb_mut().subrows_mut(top, height).transpose_mut();
            solve_lower_triangular_in_place(corner.rb(), rows, Par::Seq);
        }
        let below = below.into_const();
        for (left, width) in pieces(rest - size, BLOCK) {
            ctx.check()?;
            let height = rest - size - left;
            let columns = under.rb_mut().submatrix_mut(left, left, height, width);
            let across = below.subrows(left, width).transpose();
            matmul(columns, Accum::Add, below.subrows(left, height), across, -1.0f32, Par::Seq);
        }
    }
    Ok(true)
}

/// The next `size` columns of the factor, after those before `start`, in the place of A; false if A is not positive
/// definite.
fn factor_columns<E>(
    l: MatMut<'_, f64>,
    start: usize,
    size: usize,
    check: &impl Fn() -> std::result::Result<(), E>,
) -> std::result::Result<bool, E> {
    let rest = l.nrows() - start;
    let (done, undone) = l.split_at_col_mut(start);
    let (beside, under) = done.into_const().subrows(start, rest).split_at_row(size);
    let (mut corner, mut below) = undone.submatrix_mut(start, 0, rest, size).split_at_row_mut(size);
    check()?;
    if start > 0 {
        triangular::matmul(
            corner.rb_mut(),
            BlockStructure::TriangularLower,
            Accum::Add,
            beside,
            BlockStructure::Rectangular,
            beside.transpose(),
            BlockStructure::Rectangular,
            -1.0,
            Par::Seq,
        );
    }
    if !factor_corner(corner.rb_mut()) {
        return Ok(false);
    }
    add_product(below.rb_mut(), under, beside.transpose(), -1.0, check)?;
    for (top, height) in pieces(rest - size, BLOCK) {
        check()?;
        // X L' = B is L X' = B'.
        let rows = below.rb_mut().subrows_mut(top, height).transpose_mut();
        solve_lower_triangular_in_place(corner.rb(), rows, Par::Seq);
    }
    Ok(true)
}

/// The factor of a block on the diagonal, in its place; false if the block is not positive definite.
fn factor_corner(mut a: MatMut<'_, f64>) -> bool {
    let n = a.nrows();
    let mut memory = MemBuffer::new(cholesky_in_place_scratch::<f64>(n, Par::Seq, Default::default()));
    let stack = MemStack::new(&mut memory);
    let factored = cholesky_in_place(a.rb_mut(), Default::default(), Par::Seq, stack, Default::default()).is_ok();
    // faer may leave intermediate numbers above the diagonal.
    for j in 0..n {
        a.rb_mut().col_mut(j).subrows_mut(0, j).fill(0.0);
    }
    factored
}

/// The solution of L X = B in the place of B, from the top.
fn solve_lower<E>(
    l: MatRef<'_, f64>,
    mut b: MatMut<'_, f64>,
    block: usize,
    check: &impl Fn() -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    for (start, size) in pieces(l.nrows(), block) {
        let (solved, rest) = b.rb_mut().split_at_row_mut(start);
        let mut current = rest.subrows_mut(0, size);
        add_product(current.rb_mut(), l.submatrix(start, 0, size, start), solved.rb(), -1.0, check)?;
        check()?;
        solve_lower_triangular_in_place(l.submatrix(start, start, size, size), current, Par::Seq);
    }
    Ok(())
}

/// The solution of L' X = B in the place of B, from the bottom.
fn solve_transposed<E>(
    l: MatRef<'_, f64>,
    mut b: MatMut<'_, f64>,
    block: usize,
    check: &impl Fn() -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let n = l.nrows();
    for (start, size) in pieces(n, block).rev() {
        let end = start + size;
        let (rest, solved) = b.rb_mut().split_at_row_mut(end);
        let mut current = rest.subrows_mut(start, size);
        let beside = l.submatrix(end, start, n - end, size).transpose();
        add_product(current.rb_mut(), beside, solved.rb(), -1.0, check)?;
        check()?;
        solve_upper_triangular_in_place(l.submatrix(start, start, size, size).transpose(), current, Par::Seq);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::linalg::sign_logdet;

    /// Symmetric, with all eigenvalues between 1 and about 20.
    fn positive(n: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, n), |(i, j)| {
            let wave = ((i + 1) as f64).sin() * ((j + 1) as f64).sin() / n as f64;
            0.8f64.powi(i.abs_diff(j) as i32) + wave + f64::from(i == j)
        })
    }

    fn distance(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
        let largest = |m: &Array2<f64>| m.iter().fold(0.0f64, |most, entry| most.max(entry.abs()));
        largest(&(a - b)) / largest(b)
    }

    fn factored(a: &Array2<f64>, block: usize) -> Option<Cholesky> {
        let Ok(factor) = Cholesky::by_blocks(a.view(), block, &uninterrupted);
        factor
    }

    #[test]
    fn blocks_give_what_the_whole_gives() {
        for n in [1, 2, 63, 64, 65, 255, 256, 257, 300] {
            let a = positive(n);
            let whole = factored(&a, n).unwrap();
            let blocks = factored(&a, 64).unwrap();
            assert!(distance(&blocks.factor(), &whole.factor()) < 1e-12, "{n}");
            assert!((blocks.logdet() - whole.logdet()).abs() < 1e-12 * n as f64, "{n}");
            let Ok(inverse) = blocks.inverse_by_blocks(64, &uninterrupted);
            assert!(distance(&inverse, &whole.inverse()) < 1e-12, "{n}");
            assert_eq!(inverse, inverse.t(), "exactly symmetric");
            let b = Array2::from_shape_fn((n, 3), |(i, j)| (i + 2 * j) as f64);
            let Ok(x) = blocks.solve_by_blocks(b.view(), 64, &uninterrupted);
            assert!(distance(&a.dot(&x), &b) < 1e-12, "{n}");
            assert!(distance(&whole.solve(b.view()), &x) < 1e-12, "{n}");
        }
    }

    #[test]
    fn a_matrix_that_is_taken_by_blocks() {
        let ctx = Context::new();
        let n = WHOLE + 30;
        let a = positive(n);
        let cholesky = Cholesky::checked(a.view(), &ctx).unwrap().unwrap();
        let l = cholesky.factor();
        assert!(distance(&l.dot(&l.t()), &a) < 1e-13);
        assert_eq!(Cholesky::new(a.view()).unwrap().factor(), l, "with and without a context");
        assert!((cholesky.logdet() - sign_logdet(a.view(), &ctx).unwrap().1).abs() < 1e-9);
        let inverse = cholesky.inverse_checked(&ctx).unwrap();
        assert!(distance(&a.dot(&inverse), &Array2::eye(n)) < 1e-12);
        let z = Array2::from_shape_fn((BLOCK + 4, n), |(i, j)| ((i + j) % 7) as f64);
        let mut rows = z.clone();
        cholesky.whiten_inverse_rows(&mut rows, &ctx).unwrap();
        assert!(distance(&rows.dot(&l), &z) < 1e-12);
    }

    #[test]
    fn what_is_not_positive_definite_or_not_finite_is_found_in_any_block() {
        let a = positive(200);
        for place in [0, 63, 64, 130, 199] {
            let mut indefinite = a.clone();
            indefinite[(place, place)] = -1.0;
            let mut missing = a.clone();
            missing[(place, 7)] = f64::NAN;
            for block in [64, 200] {
                assert!(factored(&indefinite, block).is_none(), "{place} {block}");
                assert!(factored(&missing, block).is_none(), "{place} {block}");
            }
        }
        assert!(Cholesky::new(Array2::<f64>::ones((2, 2)).view()).is_none(), "singular");
        assert!(Cholesky::new(Array2::<f64>::ones((2, 3)).view()).is_none(), "not square");
        assert_eq!(Cholesky::new(Array2::<f64>::zeros((0, 0)).view()).unwrap().inverse().dim(), (0, 0));
    }

    #[test]
    fn every_order_of_the_entries() {
        let a = positive(70);
        let expected = Cholesky::new(a.view()).unwrap().factor();
        assert_eq!(Cholesky::new(a.t()).unwrap().factor(), expected);
        let wide = ndarray::concatenate![ndarray::Axis(1), a, a];
        assert_eq!(Cholesky::new(wide.view().split_at(Axis(1), 70).0).unwrap().factor(), expected);
    }

    #[test]
    fn a_clear_margin_is_found_in_single_precision_whole_and_by_blocks() {
        let ctx = Context::new();
        for n in [1, 70, WHOLE, WHOLE + 300] {
            let a = positive(n);
            let scale: Vec<f64> = a.diag().iter().map(|variance| 1.0 / variance.sqrt()).collect();
            assert!(is_clearly_definite(a.view(), &scale, 1e-3, &ctx).unwrap(), "{n}");
            // The mean of the eigenvalues in these units is 1.
            assert!(!is_clearly_definite(a.view(), &scale, 1.01, &ctx).unwrap(), "{n}");
            for place in [0, n / 2, n - 1] {
                let mut indefinite = a.clone();
                indefinite[(place, place)] = 1e-6;
                assert!(!is_clearly_definite(indefinite.view(), &scale, 1e-3, &ctx).unwrap(), "{n} {place}");
                indefinite[(place, place)] = f64::NAN;
                assert!(!is_clearly_definite(indefinite.view(), &scale, 1e-3, &ctx).unwrap(), "{n} {place}");
            }
        }
        assert!(is_clearly_definite(Array2::zeros((0, 0)).view(), &[], 1e-3, &ctx).unwrap());
        ctx.cancel_handle().cancel();
        assert!(is_clearly_definite(positive(2).view(), &[1.0; 2], 1e-3, &ctx).is_err());
    }

    #[test]
    fn a_cancelled_context_stops_everything() {
        let cholesky = Cholesky::new(positive(3).view()).unwrap();
        let ctx = Context::new();
        ctx.cancel_handle().cancel();
        let kinds = [
            Cholesky::checked(positive(3).view(), &ctx).unwrap_err().kind(),
            cholesky.inverse_checked(&ctx).unwrap_err().kind(),
            cholesky.solve_checked(positive(3).view(), &ctx).unwrap_err().kind(),
            cholesky.whiten_inverse_rows(&mut positive(3), &ctx).unwrap_err().kind(),
        ];
        assert_eq!(kinds, [ErrorKind::Cancelled; 4]);
    }
}
