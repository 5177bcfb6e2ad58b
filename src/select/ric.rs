//! The rotation information criterion: a penalty from data that have no edges by construction.

use ndarray::{Array2, Axis, concatenate};

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::{linalg, parallel, rng};

/// The smallest, over rotations r, of the largest |x_i' rotate(x_j, r)| / n over pairs i < j of centred columns: rotated
/// against each other, columns keep everything but their dependence (Lysen, 2009; huge).
pub(super) fn lambda(x: &Matrix, rotations: usize, ctx: &Context) -> Result<f64> {
    let (n, p) = (x.rows(), x.cols());
    if p < 2 {
        return Err(Error::data("\"ric\" needs two variables at least"));
    }
    let centered = x.center();
    let mut rng = rng::stream(ctx.seed(), "ric", 0);
    // Each rotation once; a rotation by nothing is none.
    let shifts: Vec<usize> =
        rng::permutation(&mut rng, n - 1).into_iter().map(|shift| shift + 1).take(rotations).collect();
    let _held = ctx.reserve_matrices(ctx.threads().min(rotations), p, p.max(n))?;
    // Every rotation is on a thread of its own.
    let alone = ctx.clone().with_threads(1);
    let largest = parallel::map(&shifts, ctx, |_, &shift| {
        let view = centered.view();
        let (head, tail) = view.split_at(Axis(0), shift);
        let rotated = concatenate(Axis(0), &[tail, head]).map_err(|error| Error::internal(error.to_string()))?;
        let cross: Array2<f64> = linalg::matmul(rotated.t(), view, &alone)?;
        let pairs = cross.indexed_iter().filter(|((i, j), _)| i < j);
        Ok(pairs.fold(0.0f64, |most, (_, value)| most.max(value.abs())) / n as f64)
    })?;
    Ok(largest.into_iter().fold(f64::INFINITY, f64::min))
}
