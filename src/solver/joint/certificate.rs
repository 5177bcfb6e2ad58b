//! How good precision matrices are that were estimated together, from (S_k, penalty, Theta_k) alone.
//!
//! Primal: sum_k w_k (-logdet Theta_k + tr(S_k Theta_k)) + sum_ij P_ij(theta_.,ij). Dual: maximise
//! sum_k w_k (logdet(S_k + Z_k / w_k) + p) over Z whose K entries of every pair are in the dual ball of P_ij there. The
//! dual point is w_k (Theta_k^-1 - S_k), projected pair by pair.

use ndarray::Array2;

use super::model::Member;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::Cholesky;
use crate::parallel;
use crate::problem::{Certificate, CouplingScratch, JointPenalty};

/// The certificate of all matrices, with their inverses in row order.
pub(super) struct Certified {
    pub certificate: Certificate,
    /// Whether the gap was computed; if not, it is at least `certificate.gap`, which is more than what is allowed.
    pub has_gap: bool,
    pub inverses: Vec<Array2<f64>>,
}

/// The certificate of the matrices with these Cholesky factors. Its log det is that of all, weighted as the losses are;
/// the gap is infinite where the projection is not positive definite.
///
/// The gap is the sum of what the losses and what the penalties miss; where the latter alone is more than what is
/// `allowed`, the log det of the dual point is not computed.
///
/// # Errors
/// Cancellation.
pub(super) fn certify(
    members: &[Member<'_>],
    penalty: &JointPenalty,
    thetas: &[Array2<f64>],
    factors: &[Cholesky],
    allowed: impl Fn(&Certificate) -> f64,
    ctx: &Context,
) -> Result<Certified> {
    let inverses = parallel::map(factors, ctx, |_, factor| factor.inverse_checked(ctx))?;
    let (p, count) = (thetas.first().map_or(0, |theta| theta.nrows()), members.len());
    let mut feasible: Vec<Array2<f64>> = members.iter().map(|_| Array2::zeros((p, p))).collect();
    let mut scratch = CouplingScratch::default();
    let (mut entries, mut slopes, mut gradient) = (vec![0.0; count], vec![0.0; count], vec![0.0; count]);
    let (mut value, mut missed, mut kkt) = (0.0, 0.0, 0.0f64);
    for j in 0..p {
        ctx.check()?;
        for i in 0..=j {
            let (mut linear, mut is_zero) = (0.0, true);
            for (k, member) in members.iter().enumerate() {
                let (entry, s) = (thetas[k][(j, i)], member.s[(j, i)]);
                entries[k] = entry;
                is_zero &= entry == 0.0;
                linear += member.weight * s * entry;
                slopes[k] = member.weight * (inverses[k][(j, i)] - s);
                gradient[k] = -slopes[k];
            }
            penalty.project(i, j, &mut slopes, &mut scratch);
            let is_within = slopes.iter().zip(&gradient).all(|(slope, gradient)| *slope == -gradient);
            if !(is_zero && is_within) {
                kkt = kkt.max(penalty.violation(i, j, &entries, &gradient, &mut scratch));
                let (times, penalized) = (if i == j { 1.0 } else { 2.0 }, penalty.value(i, j, &entries));
                value += times * (linear + penalized);
                let matched: f64 = slopes.iter().zip(&entries).map(|(slope, entry)| slope * entry).sum();
                missed += times * (penalized - matched);
            }
            for ((to, member), slope) in feasible.iter_mut().zip(members).zip(&slopes) {
                let point = member.s[(j, i)] + slope / member.weight;
                to[(i, j)] = point;
                to[(j, i)] = point;
            }
        }
    }
    let logdet: f64 = members.iter().zip(factors).map(|(member, factor)| member.weight * factor.logdet()).sum();
    let primal = value - logdet;
    let least = Certificate { primal, gap: missed, kkt, logdet };
    if missed > allowed(&least) {
        return Ok(Certified { certificate: least, has_gap: false, inverses });
    }
    let dual = dual_value(members, &feasible, ctx)?;
    // The true gap is not negative; rounding can make it so by a few units in the last place.
    let gap = dual.map_or(f64::INFINITY, |dual| (primal - dual).max(0.0));
    Ok(Certified { certificate: Certificate { gap, ..least }, has_gap: true, inverses })
}

/// sum_k w_k (logdet V_k + p); `None` where some V_k is not positive definite.
fn dual_value(members: &[Member<'_>], feasible: &[Array2<f64>], ctx: &Context) -> Result<Option<f64>> {
    let logdets = parallel::map(feasible, ctx, |_, point| {
        Ok::<_, crate::error::Error>(Cholesky::checked(point.view(), ctx)?.map(|factor| factor.logdet()))
    })?;
    let own = |(member, logdet): (&Member<'_>, Option<f64>)| {
        logdet.map(|value| member.weight * (value + member.s.nrows() as f64))
    };
    let sum: Option<f64> = members.iter().zip(logdets).map(own).sum();
    Ok(sum.filter(|value| value.is_finite()))
}
