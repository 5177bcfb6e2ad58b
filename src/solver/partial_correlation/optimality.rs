//! How good Delta and the scales are: the best scales of a Delta, the duality gap and the violation of the conditions.
//!
//! A certificate costs two factors and an inverse of Delta's size, 4/3 p^3 multiplications: as much as several sweeps of a
//! sparse problem. The solver asks for one only when sweeps hardly move anything, at most twice where all goes well.

use ndarray::ArrayView2;

use super::descent::positive_root;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::problem::{Certificate, L1, Separable};

/// Rounds over the scales at most.
const ROUNDS: usize = 500;
/// How closely their conditions are met where double precision allows it, and how closely they must be.
const CLOSE: f64 = 1e-13;
const ENOUGH: f64 = 1e-9;

/// Moves the scales to the best ones of a Delta: the minimum of d'(R o Delta)d - 2 c sum log d_i, which is convex.
/// Returns whether they were found: d_i (R o Delta d)_i = c in units of d_i^2 + c.
///
/// A round costs as many multiplications as Delta has entries.
///
/// # Errors
/// Cancellation.
pub(super) fn best_scales(
    r: ArrayView2<'_, f64>,
    weight: f64,
    delta: &SparseSymmetric,
    scales: &mut [f64],
    ctx: &Context,
) -> Result<bool> {
    let mut worst = f64::INFINITY;
    for _ in 0..ROUNDS {
        ctx.check()?;
        worst = 0.0f64;
        for i in 0..scales.len() {
            let (own, slope) = (scales[i], slope(r, delta, scales, i));
            let violation = (own * (own + slope) - weight).abs() / (own * own + weight);
            worst = if violation.is_finite() { worst.max(violation) } else { f64::INFINITY };
            scales[i] = positive_root(slope, weight);
        }
        if !worst.is_finite() || worst <= CLOSE {
            break;
        }
    }
    Ok(worst <= ENOUGH)
}

/// sum_k d_k R_ik Delta_ik over the others.
fn slope(r: ArrayView2<'_, f64>, delta: &SparseSymmetric, scales: &[f64], i: usize) -> f64 {
    let (rows, values) = delta.column(i);
    rows.iter().zip(values).map(|(&k, value)| scales[k as usize] * r[(i, k as usize)] * value).sum()
}

/// The certificate of Delta for these scales; `None` if Delta is not positive definite.
///
/// `primal` is the objective, `gap` bounds how far Delta is from the best one for these scales: the dual value of
/// Delta^-1 moved to where the box around S = (d_i d_j R_ij) has it for the signs of Delta. `kkt` is the largest violation of the conditions of Delta and of the
/// scales, `logdet` that of Delta.
///
/// # Errors
/// Cancellation.
pub(super) fn certify(
    r: ArrayView2<'_, f64>,
    penalty: &L1,
    weight: f64,
    delta: &SparseSymmetric,
    scales: &[f64],
    ctx: &Context,
) -> Result<Option<Certificate>> {
    let p = scales.len();
    let Some(factor) = Cholesky::checked(delta.to_dense().view(), ctx)? else { return Ok(None) };
    let logdet = factor.logdet();
    let inverse = factor.inverse_checked(ctx)?;
    let s = |i: usize, j: usize| scales[i] * scales[j] * r[(i, j)];
    let squares: f64 = scales.iter().map(|scale| scale * scale).sum();
    let logs = 2.0 * weight * scales.iter().map(|scale| scale.ln()).sum::<f64>();
    let pairs: f64 = delta.pairs().map(|(i, j, entry)| s(i, j) * entry + penalty.value(i, j, entry)).sum();
    let primal = squares + 2.0 * pairs - logdet - logs;

    let mut kkt = (0..p)
        .fold(0.0f64, |worst, i| worst.max((scales[i] * (scales[i] + slope(r, delta, scales, i)) - weight).abs()));
    let mut feasible = inverse.clone();
    let mut others = vec![0.0; p];
    for j in 0..p {
        let (rows, values) = delta.column(j);
        rows.iter().zip(values).for_each(|(&i, value)| others[i as usize] = *value);
        for i in (0..p).filter(|&i| i != j) {
            let (centre, bound, own) = (s(i, j), penalty.at(i, j), inverse[(j, i)]);
            kkt = kkt.max(penalty.violation(i, j, others[i], centre - own));
            // On the support the bound that the entry is at: the gap is then of second order.
            feasible[(j, i)] = match others[i] {
                0.0 => own.max(centre - bound).min(centre + bound),
                entry => centre + bound * entry.signum(),
            };
        }
        rows.iter().for_each(|&i| others[i as usize] = 0.0);
    }
    let mut gap = f64::INFINITY;
    if let Some(dual) = Cholesky::checked(feasible.view(), ctx)? {
        let value = dual.logdet() + p as f64 - inverse.diag().sum() + squares - logs;
        // The true gap is not negative; rounding can make it so by a few units in the last place.
        gap = (primal - value).max(0.0);
    }
    if !primal.is_finite() {
        return Ok(None);
    }
    Ok(Some(Certificate { primal, gap, kkt, logdet }))
}
