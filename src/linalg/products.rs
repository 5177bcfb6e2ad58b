//! Products, tile by tile.

use std::sync::Mutex;

use faer::prelude::ReborrowMut;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2};

use super::layout::{contiguous, mirror_lower, numbers, pieces, view, view_mut};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;

/// Rows of a product that one thread computes at a time.
const ROWS: usize = 128;
/// The largest piece of a product that is computed at once: this high and this wide.
const PIECE: (usize, usize) = (256, 512);
/// Additions and multiplications between two looks at the context: 2 ms on a fast processor, 20 ms on a busy one.
const WORK: usize = 1 << 26;
/// Products of less work than this are done before other threads have started.
const PARALLEL: f64 = 1e8;

/// C += alpha A B, of m x k and k x n, in pieces that depend on the sizes alone.
pub(super) fn add_product<E>(
    mut c: MatMut<'_, f64>,
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
    alpha: f64,
    check: &impl Fn() -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    for (top, height) in pieces(a.nrows(), PIECE.0) {
        for (left, width) in pieces(b.ncols(), PIECE.1) {
            for (from, depth) in pieces(a.ncols(), WORK / (2 * height * width)) {
                check()?;
                faer::linalg::matmul::matmul(
                    c.rb_mut().submatrix_mut(top, left, height, width),
                    Accum::Add,
                    a.submatrix(top, from, height, depth),
                    b.submatrix(from, left, depth, width),
                    alpha,
                    Par::Seq,
                );
            }
        }
    }
    Ok(())
}

/// Fills an array by groups of rows, on the threads of the context where `work` (additions and multiplications) is
/// worth it. `fill` gets the first row of a group and the group; it is the same for any number of threads.
fn fill_rows(
    product: &mut Array2<f64>,
    work: f64,
    ctx: &Context,
    fill: impl Fn(usize, MatMut<'_, f64>) -> Result<()> + Sync,
) -> Result<()> {
    let width = product.ncols();
    let groups = numbers(product).chunks_mut((ROWS * width).max(1)).enumerate();
    // Later groups of a triangle are larger: they come first.
    let groups: Vec<(usize, Mutex<&mut [f64]>)> =
        groups.rev().map(|(group, rows)| (group * ROWS, Mutex::new(rows))).collect();
    let alone = ctx.clone().with_threads(1);
    let ctx = if work < PARALLEL { &alone } else { ctx };
    parallel::map(&groups, ctx, |_, (top, rows)| -> Result<()> {
        let mut rows = rows.lock().map_err(|_| Error::internal("a part of a product was lost"))?;
        let height = rows.len() / width;
        fill(*top, MatMut::from_row_major_slice_mut(&mut rows[..], height, width))
    })?;
    Ok(())
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
    let mut product = Array2::<f64>::zeros((a.nrows(), b.ncols()));
    let work = 2.0 * product.len() as f64 * a.ncols() as f64;
    let (a, b) = (contiguous(a), contiguous(b));
    let (a, b) = (view(a.view()), view(b.view()));
    fill_rows(&mut product, work, ctx, |top, rows| {
        let height = rows.nrows();
        add_product(rows, a.subrows(top, height), b, 1.0, &|| ctx.check())
    })?;
    Ok(product)
}

/// X'X of an n x p matrix, p x p and exactly symmetric.
///
/// # Errors
/// Cancellation between tiles.
pub fn gram(x: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    let (n, p) = x.dim();
    let mut product = Array2::<f64>::zeros((p, p));
    let work = n as f64 * product.len() as f64;
    let x = contiguous(x);
    let x = view(x.view());
    // Half the work: what is above the diagonal is copied from below.
    fill_rows(&mut product, work, ctx, |top, rows| {
        let height = rows.nrows();
        let lower = rows.subcols_mut(0, top + height);
        add_product(lower, x.subcols(top, height).transpose(), x.subcols(0, top + height), 1.0, &|| ctx.check())
    })?;
    mirror_lower(view_mut(&mut product), &|| ctx.check())?;
    Ok(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// Small whole numbers: sums of their products are exact in any order.
    fn whole(rows: usize, cols: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, cols), |(i, j)| ((i * i + 3 * i * j + 5 * j) % 11) as f64 - 5.0)
    }

    #[test]
    fn products_over_several_pieces_in_every_direction() {
        let ctx = Context::new();
        for (m, k, n) in [(1, 1, 1), (150, 7, 5), (130, 600, 2100)] {
            let (a, b) = (whole(m, k), whole(k, n));
            assert_eq!(matmul(a.view(), b.view(), &ctx).unwrap(), a.dot(&b));
        }
        assert_eq!(matmul(whole(0, 2).view(), whole(2, 3).view(), &ctx).unwrap().dim(), (0, 3));
        assert_eq!(matmul(whole(3, 0).view(), whole(0, 2).view(), &ctx).unwrap(), Array2::<f64>::zeros((3, 2)));
        let (a, b) = (whole(40, 30), whole(40, 20));
        assert_eq!(matmul(a.t(), b.view(), &ctx).unwrap(), a.t().dot(&b), "a transposed view");
        assert_eq!(matmul(a.view(), b.view(), &ctx).unwrap_err().kind(), ErrorKind::Shape);
    }

    #[test]
    fn gram_is_symmetric_and_the_same_on_any_number_of_threads() {
        for (n, p) in [(5, 1), (7, 129)] {
            let x = whole(n, p);
            assert_eq!(gram(x.view(), &Context::new()).unwrap(), x.t().dot(&x));
        }
        let x = whole(900, 350).mapv(|value| (1.3 * value).sin());
        let on = |threads| gram(x.view(), &Context::new().with_threads(threads)).unwrap();
        let one = on(1);
        assert_eq!(one, one.t());
        assert!((&one - &x.t().dot(&x)).iter().all(|difference| difference.abs() < 1e-9));
        assert!(on(2) == one && on(5) == one);
    }

    #[test]
    fn a_product_is_looked_at_often() {
        let (a, b) = (Array2::<f64>::ones((200, 1500)), Array2::<f64>::ones((1500, 700)));
        let (mut c, looks) = (Array2::<f64>::zeros((200, 700)), std::cell::Cell::new(0));
        let check = || {
            looks.set(looks.get() + 1);
            if looks.get() > 4 { Err(()) } else { Ok(()) }
        };
        assert!(add_product(view_mut(&mut c), view(a.view()), view(b.view()), 1.0, &check).is_err(), "{looks:?}");
        assert_eq!(looks.get(), 5);
    }

    #[test]
    fn a_cancelled_product_stops() {
        let ctx = Context::new();
        ctx.cancel_handle().cancel();
        assert_eq!(gram(whole(3, 3).view(), &ctx).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
