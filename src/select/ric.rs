//! The rotation information criterion: penalties from data that have no edges by construction.

use ndarray::{Array2, Axis, concatenate};

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::{linalg, parallel, rng};

/// The largest |x_i' rotate(x_j, r)| / n over pairs i < j of centred columns, for every rotation r in the order of the
/// draws: rotated against each other, columns keep everything but their dependence. The rule's penalty is the
/// smallest of them (Lysen, 2009; huge).
pub(super) fn maxima(x: &Matrix, rotations: usize, ctx: &Context) -> Result<Vec<f64>> {
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
    parallel::map(&shifts, ctx, |done, &shift| {
        ctx.progress("ric", done, shifts.len());
        let view = centered.view();
        let (head, tail) = view.split_at(Axis(0), shift);
        let rotated = concatenate(Axis(0), &[tail, head]).map_err(|error| Error::internal(error.to_string()))?;
        let cross: Array2<f64> = linalg::matmul(rotated.t(), view, &alone)?;
        let pairs = cross.indexed_iter().filter(|((i, j), _)| i < j);
        Ok(pairs.fold(0.0f64, |most, (_, value)| most.max(value.abs())) / n as f64)
    })
}
