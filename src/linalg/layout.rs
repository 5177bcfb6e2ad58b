//! Matrices in memory: arrays as faer sees them, and copies by tiles that fit into the cache.
//!
//! Functions that take long have a `check` that they call every few milliseconds and whose error they return.

use std::convert::Infallible;

use faer::prelude::{Reborrow, ReborrowMut};
use faer::{MatMut, MatRef, unzip, zip};
use ndarray::{Array2, ArrayView2, CowArray, Ix2};

/// Side of a tile: rows and columns of two tiles stay in the cache while one is copied onto the other.
const SIDE: usize = 64;

/// The check of work that nobody can stop.
pub(super) fn uninterrupted() -> Result<(), Infallible> {
    Ok(())
}

/// Start and length of pieces of at most `size` that make up `0..len`.
pub(super) fn pieces(len: usize, size: usize) -> impl DoubleEndedIterator<Item = (usize, usize)> {
    (0..len).step_by(size).map(move |start| (start, size.min(len - start)))
}

/// The array in row or column order, copied only if it is in neither: what [`view`] takes.
pub(super) fn contiguous(a: ArrayView2<'_, f64>) -> CowArray<'_, f64, Ix2> {
    if a.is_standard_layout() || a.t().is_standard_layout() {
        return CowArray::from(a);
    }
    CowArray::from(a.as_standard_layout().into_owned())
}

/// A contiguous array as faer sees it, in place.
pub(super) fn view(a: ArrayView2<'_, f64>) -> MatRef<'_, f64> {
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

/// The numbers of an array in row order, into which it is brought.
pub(super) fn numbers(a: &mut Array2<f64>) -> &mut [f64] {
    if !a.is_standard_layout() {
        *a = a.as_standard_layout().into_owned();
    }
    a.as_slice_mut().unwrap_or_default()
}

/// An array as faer sees it, in place and to be written to.
pub(super) fn view_mut(a: &mut Array2<f64>) -> MatMut<'_, f64> {
    let (rows, cols) = a.dim();
    MatMut::from_row_major_slice_mut(numbers(a), rows, cols)
}

/// Copies a matrix onto another of the same size, each in any order.
pub(super) fn copy<E>(
    mut to: MatMut<'_, f64>,
    from: MatRef<'_, f64>,
    check: &impl Fn() -> Result<(), E>,
) -> Result<(), E> {
    for (top, height) in pieces(from.nrows(), SIDE) {
        check()?;
        for (left, width) in pieces(from.ncols(), SIDE) {
            let mut tile = to.rb_mut().submatrix_mut(top, left, height, width);
            tile.copy_from(from.submatrix(top, left, height, width));
        }
    }
    Ok(())
}

/// A matrix of faer's as an array in row order.
pub(super) fn copied<E>(a: MatRef<'_, f64>, check: &impl Fn() -> Result<(), E>) -> Result<Array2<f64>, E> {
    let mut array = Array2::zeros((a.nrows(), a.ncols()));
    copy(view_mut(&mut array), a, check)?;
    Ok(array)
}

/// [`copied`], for matrices that a computation has just given.
pub(super) fn to_array(a: MatRef<'_, f64>) -> Array2<f64> {
    let Ok(array) = copied(a, &uninterrupted);
    array
}

/// The largest |A_ij - A_ji| scale_i scale_j of a square matrix and where it is, i > j; NaN counts as infinite.
pub fn asymmetry(a: ArrayView2<'_, f64>, scale: &[f64]) -> (f64, (usize, usize)) {
    const TILE: usize = 64;
    let n = a.nrows();
    let (mut worst, mut place) = (0.0, (0, 0));
    for top in (0..n).step_by(TILE) {
        for left in (0..=top).step_by(TILE) {
            for i in top..(top + TILE).min(n) {
                for j in left..(left + TILE).min(i) {
                    let size = (a[(i, j)] - a[(j, i)]).abs() * scale[i] * scale[j];
                    if size > worst || size.is_nan() {
                        (worst, place) = (if size.is_nan() { f64::INFINITY } else { size }, (i, j));
                    }
                }
            }
        }
    }
    (worst, place)
}

/// The rows and columns of a square matrix at these positions.
pub fn block_of(a: ArrayView2<'_, f64>, positions: &[usize]) -> Array2<f64> {
    let mut values = Vec::with_capacity(positions.len() * positions.len());
    for &i in positions {
        match a.row(i).to_slice() {
            Some(row) => values.extend(positions.iter().map(|&j| row[j])),
            None => values.extend(positions.iter().map(|&j| a[(i, j)])),
        }
    }
    let k = positions.len();
    Array2::from_shape_vec((k, k), values).unwrap_or_else(|_| unreachable!("k rows of k numbers"))
}

/// Whether a square matrix equals its transpose.
pub fn is_symmetric(a: ArrayView2<'_, f64>) -> bool {
    asymmetry(a, &vec![1.0; a.nrows()]).0 == 0.0
}

/// The transpose, in row order.
pub fn transposed(a: ArrayView2<'_, f64>) -> Array2<f64> {
    to_array(view(contiguous(a).view()).transpose())
}

/// Makes a square matrix symmetric: what is above the diagonal becomes what is below.
pub(super) fn mirror_lower<E>(mut a: MatMut<'_, f64>, check: &impl Fn() -> Result<(), E>) -> Result<(), E> {
    for (start, size) in pieces(a.nrows(), SIDE) {
        check()?;
        let (_, above, below, mut corner) = a.rb_mut().split_at_mut(start, start);
        copy(above.subcols_mut(0, size), below.rb().subrows(0, size).transpose(), check)?;
        for i in 0..size {
            for j in 0..i {
                corner[(j, i)] = corner[(i, j)];
            }
        }
    }
    Ok(())
}

/// Replaces a square matrix by the mean of itself and its transpose.
pub fn symmetrize(a: &mut Array2<f64>) {
    let mut whole = view_mut(a);
    for (start, size) in pieces(whole.nrows(), SIDE) {
        let (_, above, below, mut corner) = whole.rb_mut().split_at_mut(start, start);
        let (mut above, mut below) = (above.subcols_mut(0, size), below.subrows_mut(0, size));
        for (left, width) in pieces(start, SIDE) {
            let upper = above.rb_mut().subrows_mut(left, width);
            let lower = below.rb_mut().subcols_mut(left, width);
            zip!(upper, lower.transpose_mut()).for_each(|unzip!(upper, lower)| {
                let mean = 0.5 * (*upper + *lower);
                *upper = mean;
                *lower = mean;
            });
        }
        for i in 0..size {
            for j in 0..i {
                let mean = 0.5 * (corner[(i, j)] + corner[(j, i)]);
                corner[(i, j)] = mean;
                corner[(j, i)] = mean;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, Slice};

    fn numbered(rows: usize, cols: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, cols), |(i, j)| (i * cols + j) as f64)
    }

    #[test]
    fn tiles_of_every_size_keep_their_entries() {
        for (rows, cols) in [(0, 3), (1, 1), (63, 64), (65, 130)] {
            let a = numbered(rows, cols);
            assert_eq!(to_array(view(a.view())), a);
            let transposed = to_array(view(a.view()).transpose());
            assert_eq!(transposed, a.t());
            assert_eq!(to_array(view(a.t())), transposed, "a view in column order");
            let mut other = a.clone().reversed_axes();
            assert_eq!(numbers(&mut other), transposed.as_slice().unwrap());
        }
        let every_other = numbered(8, 6)
            .slice_axis_move(Axis(0), Slice::from(..).step_by(2))
            .slice_axis_move(Axis(1), Slice::from(..).step_by(3));
        let held = contiguous(every_other.view());
        assert_eq!(to_array(view(held.view())), every_other);
    }

    #[test]
    fn mirrors_and_means() {
        for n in [1, 64, 65, 130] {
            let a = numbered(n, n);
            let mut mean = a.clone();
            symmetrize(&mut mean);
            assert_eq!(mean, 0.5 * (&a + &a.t()));
            let mut mirrored = a.clone();
            let Ok(()) = mirror_lower(view_mut(&mut mirrored), &uninterrupted);
            assert!(mirrored.indexed_iter().all(|((i, j), &value)| value == a[(i.max(j), i.min(j))]));
        }
    }
}
