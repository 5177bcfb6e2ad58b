//! Proximal Newton on several precision matrices at once: the quadratic models of all losses, coordinate descent over
//! pairs of variables, one line search.

use ndarray::Array2;

use super::super::proximal_newton::{Stop, is_runaway};
use super::certificate::{Certified, certify};
use super::model::{Direction, Member, Place};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::Cholesky;
use crate::parallel;
use crate::problem::{Certificate, JointPenalty};

/// Steps in a row at most whose effect is lost in rounding and that do not halve the gap.
const QUIET: usize = 3;

/// Where a descent starts: symmetric positive definite matrices with their Cholesky factors.
pub(super) struct Start {
    pub thetas: Vec<Array2<f64>>,
    pub factors: Vec<Cholesky>,
}

impl Start {
    /// `None` if some matrix is not positive definite.
    ///
    /// # Errors
    /// Cancellation.
    pub fn new(thetas: Vec<Array2<f64>>, ctx: &Context) -> Result<Option<Self>> {
        Ok(factored(&thetas, ctx)?.map(|factors| Self { thetas, factors }))
    }
}

/// Where a descent ended.
pub(super) struct Descent {
    /// Symmetric, positive definite.
    pub thetas: Vec<Array2<f64>>,
    pub certificate: Certificate,
    /// log det of each.
    pub logdets: Vec<f64>,
    pub steps: usize,
    pub stop: Stop,
}

/// Newton steps from a start until the gap is at most what is `allowed` or nothing moves any more.
///
/// # Errors
/// Cancellation; memory.
pub(super) fn descend(
    members: &[Member<'_>],
    penalty: &JointPenalty,
    Start { mut thetas, mut factors }: Start,
    allowed: impl Fn(&Certificate) -> f64,
    max_steps: usize,
    ctx: &Context,
) -> Result<Descent> {
    let p = thetas.first().map_or(0, |theta| theta.nrows());
    // Of each: Theta and the next one, their inverses, the product of the direction, a dual point, two factors.
    let _held = ctx.reserve_matrices(8 * members.len(), p, p)?;
    let mut candidates = thetas.clone();
    let mut direction = Direction::new(members.len(), p);
    let mut certified = certify(members, penalty, &thetas, &factors, &allowed, ctx)?;
    let (mut taken, mut quiet) = (0, 0);
    let stop = loop {
        ctx.check()?;
        let before = certified.certificate;
        if let Some(stop) = ended(members, &thetas, before, before.gap <= allowed(&before)) {
            break stop;
        }
        if quiet == QUIET {
            break Stop::Stalled;
        }
        if taken == max_steps {
            break Stop::Exhausted;
        }
        taken += 1;
        let place = Place { members, penalty, thetas: &thetas, inverses: &certified.inverses };
        direction.free(place, ctx)?;
        // The error of a Newton step is about its square: an accuracy of the size of the error is enough.
        direction.minimize(place, before.relative_gap().sqrt().min(0.1), ctx)?;
        let expected = Expected { value: before.primal, decrease: direction.decrease(place) };
        for (candidate, theta) in candidates.iter_mut().zip(&thetas) {
            candidate.assign(theta);
        }
        let Some(found) = line_search(place, &direction, expected, &mut candidates, ctx)? else {
            break Stop::LineSearch;
        };
        factors = found;
        std::mem::swap(&mut thetas, &mut candidates);
        certified = certify(members, penalty, &thetas, &factors, &allowed, ctx)?;
        let is_quiet = -expected.decrease <= expected.noise() && certified.certificate.gap >= 0.5 * before.gap;
        quiet = if is_quiet { quiet + 1 } else { 0 };
    };
    if !certified.has_gap {
        certified = certify(members, penalty, &thetas, &factors, |_| f64::INFINITY, ctx)?;
    }
    let Certified { certificate, .. } = certified;
    let logdets = factors.iter().map(Cholesky::logdet).collect();
    Ok(Descent { thetas, certificate, logdets, steps: taken, stop })
}

/// Whether there is nothing left to do, or nothing that can be done.
fn ended(members: &[Member<'_>], thetas: &[Array2<f64>], certificate: Certificate, reached: bool) -> Option<Stop> {
    if reached {
        return Some(Stop::Reached);
    }
    let away = members.iter().zip(thetas).any(|(member, theta)| is_runaway(member.s, theta));
    (away || !certificate.primal.is_finite()).then_some(Stop::Runaway)
}

/// The Cholesky factors; `None` if some matrix is not positive definite.
fn factored(thetas: &[Array2<f64>], ctx: &Context) -> Result<Option<Vec<Cholesky>>> {
    let factors = parallel::map(thetas, ctx, |_, theta| Cholesky::checked(theta.view(), ctx))?;
    Ok(factors.into_iter().collect())
}

/// The objective, and by how much a whole step changes it to first order.
#[derive(Clone, Copy)]
struct Expected {
    value: f64,
    decrease: f64,
}

impl Expected {
    /// Differences of the objective below this are rounding: near the solution they say nothing about a step.
    fn noise(self) -> f64 {
        8.0 * f64::EPSILON * self.value.abs().max(1.0)
    }
}

/// Armijo's rule by halving: writes the new matrices to the `candidates`, which hold the old ones, and returns their
/// factors; `None` if no step keeps them positive definite and the objective from growing.
fn line_search(
    place: Place<'_, '_>,
    direction: &Direction,
    expected: Expected,
    candidates: &mut [Array2<f64>],
    ctx: &Context,
) -> Result<Option<Vec<Cholesky>>> {
    const SUFFICIENT: f64 = 1e-3;
    let mut length = 1.0;
    // 2^-50 of a Newton step is nothing in double precision.
    for _ in 0..50 {
        ctx.check()?;
        let value = direction.write(place, length, candidates);
        if let Some(factors) = factored(candidates, ctx)? {
            let logdet: f64 =
                place.members.iter().zip(&factors).map(|(member, factor)| member.weight * factor.logdet()).sum();
            let bound = expected.value + SUFFICIENT * length * expected.decrease + expected.noise();
            if value - logdet <= bound {
                return Ok(Some(factors));
            }
        }
        length *= 0.5;
    }
    Ok(None)
}
