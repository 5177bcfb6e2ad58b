//! Where solvers take the sample covariance from: the matrix itself, or data too wide for it to be held.

use ndarray::{Array2, ArrayView2, Axis, CowArray, Ix2};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::analysis::UnionFind;
use crate::linalg::{self, Bounds};
use crate::parallel;
use crate::problem::L1;

/// The second moments of p variables.
#[derive(Debug, Clone, Copy)]
pub enum Moments<'a> {
    /// S, p x p.
    Whole(ArrayView2<'a, f64>),
    /// Centred variables V in rows, p x n, with S = VV'/n, of which only parts are computed.
    Samples(ArrayView2<'a, f64>),
}

/// Columns of one tile of S.
const TILE: usize = 512;

impl<'a> Moments<'a> {
    /// Number of variables.
    pub fn p(&self) -> usize {
        match self {
            Self::Whole(matrix) | Self::Samples(matrix) => matrix.nrows(),
        }
    }

    /// S of some of the variables, positions ascending.
    ///
    /// # Errors
    /// Cancellation; memory.
    pub fn block(&self, positions: &[usize], ctx: &Context) -> Result<CowArray<'a, f64, Ix2>> {
        match *self {
            Self::Whole(s) if positions.len() == s.nrows() && s.is_standard_layout() => Ok(s.into()),
            Self::Whole(s) => Ok(linalg::block_of(s, positions).into()),
            Self::Samples(v) => {
                let columns = Array2::from_shape_fn((v.ncols(), positions.len()), |(i, j)| v[(positions[j], i)]);
                Ok((linalg::gram(columns.view(), ctx)? / v.ncols() as f64).into())
            }
        }
    }

    /// The connected components of |S_ij| > Lambda_ij, largest first, into which the graphical lasso falls apart.
    ///
    /// Witten, Friedman, Simon, JCGS 20:892 (2011); Mazumder, Hastie, JMLR 13:781 (2012). Holds for matrices of penalties
    /// too.
    ///
    /// # Errors
    /// Cancellation.
    pub fn components(&self, penalty: &L1, ctx: &Context) -> Result<Vec<Vec<usize>>> {
        let p = self.p();
        let mut union = UnionFind::new(p);
        match *self {
            Self::Whole(s) => {
                for (j, row) in s.rows().into_iter().enumerate() {
                    let mut link = |i: usize, value: &f64, bound: f64| {
                        if value.abs() > bound {
                            union.join(i, j);
                        }
                    };
                    let before = row.iter().take(j).enumerate();
                    match penalty.row(j) {
                        Bounds::Same(bound) => before.for_each(|(i, value)| link(i, value, bound)),
                        Bounds::Each(bounds) => {
                            before.zip(bounds).for_each(|((i, value), &bound)| link(i, value, bound))
                        }
                    }
                }
            }
            Self::Samples(_) => {
                let linked = self.map_tiles(ctx, |first, tile| {
                    // What a tile links, as few pairs as say so.
                    let mut own = UnionFind::new(p);
                    let mut pairs = Vec::new();
                    each_below(first, tile, ctx, |i, j, value| {
                        if value.abs() > penalty.at(i, j) && own.join(i, j) {
                            pairs.push((i, j));
                        }
                    })?;
                    Ok(pairs)
                })?;
                linked.into_iter().flatten().for_each(|(i, j)| {
                    union.join(i, j);
                });
            }
        }
        Ok(union.groups())
    }

    /// The smallest lambda that leaves no edge: the largest |S_ij| / weight_ij off the diagonal, rounded so that
    /// lambda weight_ij is at least |S_ij| for every pair with a weight.
    ///
    /// # Errors
    /// Weights so small that no number is large enough; cancellation.
    pub fn largest(&self, weights: Option<ArrayView2<'_, f64>>, ctx: &Context) -> Result<f64> {
        let scaled = |i: usize, j: usize, value: f64| {
            let weight = weights.as_ref().map_or(1.0, |weights| weights[(i, j)]);
            // A free entry is in every graph, a forbidden one in none.
            if weight > 0.0 && weight.is_finite() { least_factor(value.abs(), weight) } else { 0.0 }
        };
        let largest = match *self {
            Self::Whole(s) => s.rows().into_iter().enumerate().fold(0.0, |most, (j, row)| {
                row.iter().take(j).enumerate().fold(most, |most: f64, (i, &value)| most.max(scaled(i, j, value)))
            }),
            Self::Samples(_) => {
                let largest = self.map_tiles(ctx, |first, tile| {
                    let mut most = 0.0f64;
                    each_below(first, tile, ctx, |i, j, value| most = most.max(scaled(i, j, value)))?;
                    Ok(most)
                })?;
                largest.into_iter().fold(0.0, f64::max)
            }
        };
        if largest.is_finite() {
            return Ok(largest);
        }
        Err(Error::option("weights are too small: no lambda is large enough to empty the graph")
            .with_hint("only lambda x weights counts: multiply all weights by the same large number"))
    }

    /// `f` of the rows of S from `first` on that one tile holds, with the columns up to its last row.
    fn map_tiles<R: Send>(
        &self,
        ctx: &Context,
        f: impl Fn(usize, ArrayView2<'_, f64>) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let v = match self {
            Self::Whole(v) | Self::Samples(v) => *v,
        };
        // Tiles further down are wider: they go first.
        let starts: Vec<usize> = (0..v.nrows()).step_by(TILE).rev().collect();
        parallel::map(&starts, ctx, |_, &first| {
            let end = (first + TILE).min(v.nrows());
            let _held = ctx.reserve_matrices(2, TILE, end)?;
            let upto = v.split_at(Axis(0), end).0;
            let rows = upto.split_at(Axis(0), first).1;
            let tile = linalg::matmul(rows, upto.reversed_axes(), ctx)? / v.ncols() as f64;
            f(first, tile.view())
        })
    }
}

/// The smallest number whose product with `weight` is, in double precision, no less than `size`.
fn least_factor(size: f64, weight: f64) -> f64 {
    let factor = size / weight;
    // The next number is above the exact quotient, and rounding keeps the order of products.
    if factor * weight >= size { factor } else { factor.next_up() }
}

/// Visits the entries (i, j, S_ij), i > j, of rows from `first` on.
///
/// # Errors
/// Limits of the context: a row may have very many entries.
fn each_below(
    first: usize,
    tile: ArrayView2<'_, f64>,
    ctx: &Context,
    mut visit: impl FnMut(usize, usize, f64),
) -> Result<()> {
    for (row, values) in tile.rows().into_iter().enumerate() {
        ctx.check()?;
        let i = first + row;
        for (j, &value) in values.iter().take(i).enumerate() {
            visit(i, j, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_largest_lambda_empties_the_graph_whatever_the_weights() {
        let ctx = Context::new();
        let mut rounded_up = 0;
        for k in 1..2000 {
            let (size, weight) = (0.1 + (f64::from(k) * 0.7).sin().abs(), 0.01 * f64::from(k) * std::f64::consts::PI);
            let factor = least_factor(size, weight);
            assert!(factor * weight >= size && factor.next_down() * weight < size * (1.0 + f64::EPSILON), "{k}");
            rounded_up += usize::from(factor != size / weight);
            let s = array![[2.0, size], [size, 2.0]];
            let weights = array![[0.0, weight], [weight, 0.0]];
            let moments = Moments::Whole(s.view());
            let largest = moments.largest(Some(weights.view()), &ctx).unwrap();
            let penalty = L1::Matrix(weights * largest);
            assert_eq!(moments.components(&penalty, &ctx).unwrap().len(), 2, "{k}");
        }
        assert!(rounded_up > 0, "the test has no hard case");
    }

    #[test]
    fn free_and_forbidden_pairs_do_not_count_and_tiny_weights_are_refused() {
        let ctx = Context::new();
        let s = array![[1.0, 0.5, 0.9], [0.5, 1.0, 0.8], [0.9, 0.8, 1.0]];
        let weights = |free: f64| array![[0.0, 2.0, free], [2.0, 0.0, f64::INFINITY], [free, f64::INFINITY, 0.0]];
        let largest = |free: f64| Moments::Whole(s.view()).largest(Some(weights(free).view()), &ctx);
        assert_eq!(largest(0.0).unwrap(), 0.25);
        assert!(largest(1e-320).unwrap_err().message().contains("weights are too small"));
        assert_eq!(Moments::Whole(s.view()).largest(None, &ctx).unwrap(), 0.9);
    }
}
