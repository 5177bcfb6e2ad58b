//! How far a sparse part, with its best low-rank part, is from the minimum.
//!
//! The dual: maximise sum_k w_k (log det W_k + p) over positive definite W_k with w_k (W_k - S_k) in the dual ball of
//! the penalty, pair by pair, and S_k - W_k <= mu_k I. With the best L, W = (Theta - L)^-1 meets the second condition.
//! Its projection onto the balls misses it by no more than the Frobenius norm e of what the projection moves, and
//! S + t (W - S) with t = mu / (mu + e) meets both: S itself does. Most often a part of e is enough, which a Cholesky
//! factor proves; where L is not known to be the best it has to.

use ndarray::Array2;

use super::direction::Place;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::Cholesky;
use crate::problem::{Certificate, CouplingScratch};

/// The certificate of a point with this objective and this weighted sum of log determinants; `None` where low-rank
/// parts that are not known to be the best ones are too far from it to say.
///
/// # Errors
/// Cancellation.
pub(super) fn bound(place: Place<'_, '_>, primal: f64, logdet: f64, ctx: &Context) -> Result<Option<Certificate>> {
    let p = place.theta.first().map_or(0, Array2::nrows);
    let count = place.sets.len();
    // W - S of every data set, projected.
    let mut slopes: Vec<Array2<f64>> = place.sets.iter().map(|_| Array2::zeros((p, p))).collect();
    let mut scratch = CouplingScratch::default();
    let (mut x, mut gradient, mut moved) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    let mut kkt = 0.0f64;
    for j in 0..p {
        ctx.check()?;
        for i in 0..=j {
            for (k, (x, gradient)) in x.iter_mut().zip(gradient.iter_mut()).enumerate() {
                *x = place.theta[k][(j, i)];
                *gradient = place.sets[k].weight * place.slopes[k].gradient[(j, i)];
            }
            kkt = kkt.max(place.penalty.violation(i, j, &x, &gradient, &mut scratch));
            gradient.iter_mut().for_each(|value| *value = -*value);
            place.penalty.project(i, j, &mut gradient, &mut scratch);
            let times = if i == j { 1.0 } else { 2.0 };
            for (k, (moved, projected)) in moved.iter_mut().zip(&gradient).enumerate() {
                let slope = projected / place.sets[k].weight;
                *moved += times * (slope + place.slopes[k].gradient[(j, i)]).powi(2);
                slopes[k][(i, j)] = slope;
                slopes[k][(j, i)] = slope;
            }
        }
    }
    let certificate = Certificate { primal, gap: f64::INFINITY, kkt, logdet };
    let mut share = 1.0f64;
    for (k, (set, slope)) in place.sets.iter().zip(&slopes).enumerate() {
        match feasible_share(set, slope, moved[k].sqrt(), place.slopes[k].is_exact, ctx)? {
            Some(own) => share = share.min(own),
            None => return Ok(None),
        }
    }
    let mut dual = 0.0;
    for (set, mut slope) in place.sets.iter().zip(slopes) {
        slope.zip_mut_with(&set.s, |slope, s| *slope = s + share * *slope);
        let Some(factor) = Cholesky::checked(slope.view(), ctx)? else { return Ok(Some(certificate)) };
        dual += set.weight * (factor.logdet() + p as f64);
    }
    let gap = primal - dual;
    // The true gap is not negative; rounding can make it so by a few units in the last place.
    Ok(Some(if gap.is_nan() { certificate } else { Certificate { gap: gap.max(0.0), ..certificate } }))
}

/// A t for which mu I + t (W - S) has no negative eigenvalue, where `slope` is the projected W - S and `moved` the
/// length of what the projection moved; `None` if none is found.
fn feasible_share(
    set: &super::Set<'_>,
    slope: &Array2<f64>,
    moved: f64,
    is_exact: bool,
    ctx: &Context,
) -> Result<Option<f64>> {
    for part in [1.0 / 64.0, 0.125, 1.0, 4.0] {
        let share = set.mu / (set.mu + part * moved);
        if is_exact && part >= 1.0 {
            return Ok(Some(share));
        }
        let mut slack = slope.mapv(|value| share * value);
        slack.diag_mut().mapv_inplace(|value| value + set.mu);
        if Cholesky::checked(slack.view(), ctx)?.is_some() {
            return Ok(Some(share));
        }
    }
    Ok(None)
}
