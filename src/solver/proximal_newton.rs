//! Proximal Newton on Theta: second-order steps by coordinate descent, with a line search that keeps Theta
//! positive definite (Hsieh, Sustik, Dhillon, Ravikumar, JMLR 15:2911, 2014), for any separable penalty.
//!
//! For the L1 penalty the fallback where the dual has no positive definite start (free entries and a singular S), and
//! where coordinate descent stalls.

use ndarray::{Array1, Array2, ArrayView2};

use super::newton_model::{Direction, Place};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::Cholesky;
use crate::problem::{Certificate, Certified, Entrywise, LogDet, Separable, certify, certify_factored, primal};

/// 2^-50 of a Newton step is nothing in double precision.
pub(super) const HALVINGS: usize = 50;
/// Steps in a row at most whose effect is lost in rounding and that do not halve the gap.
const QUIET: usize = 3;

/// How a descent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The gap is within the tolerance.
    Reached,
    /// The number of steps was used up.
    Exhausted,
    /// Steps change nothing that double precision shows.
    Stalled,
    /// No step along the Newton direction kept Theta positive definite and the objective from growing.
    LineSearch,
    /// Theta has run away: see [`is_runaway`].
    Runaway,
}

impl Stop {
    /// The end in words, with what to do about it.
    pub fn why(self) -> &'static str {
        match self {
            Self::Reached => "the tolerance was reached",
            Self::Exhausted => "the Newton steps were used up: a larger max_iter, lambda or tol helps",
            Self::Stalled => {
                "double precision ends here for so ill-conditioned a problem; a larger lambda or tol helps"
            }
            Self::LineSearch => {
                "no step in the Newton direction lowers the objective in double precision; a larger lambda helps"
            }
            Self::Runaway => "the precision matrix grows beyond what double precision holds; a larger lambda helps",
        }
    }
}

/// Where a descent ended.
#[derive(Debug)]
pub struct Descent {
    /// Theta: symmetric, positive definite.
    pub theta: Array2<f64>,
    /// Its certificate and inverse.
    pub certified: Certified,
    /// Newton steps taken.
    pub steps: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// A power of two that brings variances as far from 1 as their products cannot be computed near it; else 1.
fn unit(s: ArrayView2<'_, f64>) -> f64 {
    const FAR: f64 = 128.0;
    let exponent = s.diag().iter().map(|variance| variance.log2()).sum::<f64>() / s.nrows() as f64;
    if exponent.abs() > FAR { exponent.round().exp2().recip() } else { 1.0 }
}

/// The certificate in units in which S is `factor` times as large.
fn in_units(certificate: Certificate, p: usize, factor: f64) -> Certificate {
    let shift = p as f64 * factor.ln();
    Certificate {
        primal: certificate.primal + shift,
        gap: certificate.gap,
        kkt: certificate.kkt * factor,
        logdet: certificate.logdet - shift,
    }
}

/// Newton steps from `theta` until the gap is at most what is `allowed` or nothing moves any more.
///
/// # Errors
/// A start that is not positive definite; cancellation; memory.
pub fn descend<P: Separable>(
    s: ArrayView2<'_, f64>,
    penalty: &P,
    theta: Array2<f64>,
    allowed: impl Fn(&Certificate) -> f64,
    max_steps: usize,
    ctx: &Context,
) -> Result<Descent> {
    let unit = unit(s);
    if unit == 1.0 {
        return steps(s, penalty, theta, allowed, max_steps, ctx);
    }
    let (own, back) = (s.mapv(|value| unit * value), unit.recip());
    let allowed = |certificate: &Certificate| allowed(&in_units(*certificate, s.nrows(), back));
    let found = steps(own.view(), &penalty.rescaled(unit), theta * back, allowed, max_steps, ctx)?;
    let certified = Certified {
        certificate: in_units(found.certified.certificate, s.nrows(), back),
        inverse: found.certified.inverse * back,
    };
    Ok(Descent { theta: found.theta * unit, certified, ..found })
}

fn steps<P: Separable>(
    s: ArrayView2<'_, f64>,
    penalty: &P,
    mut theta: Array2<f64>,
    allowed: impl Fn(&Certificate) -> f64,
    max_steps: usize,
    ctx: &Context,
) -> Result<Descent> {
    // Theta and the next one, their inverse, the direction with its product, a dual point, two factors; what conjugate
    // gradients hold of a dense direction.
    let _held = ctx.reserve_matrices(12, s.nrows(), s.nrows())?;
    let mut certified = certify(s, penalty, theta.view(), ctx)?
        .ok_or_else(|| Error::internal("proximal Newton was started outside the positive definite matrices"))?;
    let mut direction = Direction::new(s.nrows());
    let mut candidate = theta.clone();
    let (mut taken, mut quiet) = (0, 0);
    let stop = loop {
        ctx.check()?;
        let before = certified.certificate;
        if before.gap <= allowed(&before) {
            break Stop::Reached;
        }
        if is_runaway(s, &theta) {
            break Stop::Runaway;
        }
        if quiet == QUIET {
            break Stop::Stalled;
        }
        if taken == max_steps {
            break Stop::Exhausted;
        }
        taken += 1;
        let w = certified.inverse.as_slice().ok_or_else(|| Error::internal("an inverse is not in row order"))?;
        let place = Place { loss: LogDet::new(s), theta: theta.view(), w };
        direction.free(place, penalty, ctx)?;
        // The error of a Newton step is about its square: an accuracy of the size of the error is enough.
        direction.minimize(place, penalty, before.relative_gap().sqrt().min(0.1), ctx)?;
        let expected = Expected { value: before.primal, decrease: direction.decrease(place, penalty) };
        candidate.assign(&theta);
        let Some(factor) = line_search(s, penalty, &theta, &direction, (expected, HALVINGS), &mut candidate, ctx)?
        else {
            break Stop::LineSearch;
        };
        std::mem::swap(&mut theta, &mut candidate);
        certified = certify_factored(s, penalty, theta.view(), &factor, ctx)?;
        let is_quiet = -expected.decrease <= expected.noise() && certified.certificate.gap >= 0.5 * before.gap;
        quiet = if is_quiet { quiet + 1 } else { 0 };
    };
    Ok(Descent { theta, certified, steps: taken, stop })
}

/// Whether Theta has run away: in units of S, its diagonal is that of the inverse of a singular matrix.
pub fn is_runaway(s: ArrayView2<'_, f64>, theta: &Array2<f64>) -> bool {
    (0..s.nrows()).any(|i| theta[(i, i)] * s[(i, i)] > 1e14)
}

/// S^-1, the solution without a penalty; `None` where S is singular, or so close to it that rounding alone has made it
/// positive definite: its inverse then has nothing to do with it.
///
/// # Errors
/// Cancellation.
pub fn inverse(s: ArrayView2<'_, f64>, ctx: &Context) -> Result<Option<Array2<f64>>> {
    let Some(factor) = Cholesky::checked(s, ctx)?.filter(|factor| factor.logdet().is_finite()) else {
        return Ok(None);
    };
    Ok(Some(factor.inverse_checked(ctx)?).filter(|theta| !is_runaway(s, theta)))
}

/// The error of a problem without a minimum.
pub fn unbounded() -> Error {
    Error::numerical("the problem has no solution: the likelihood grows without bound").with_hint(
        "entries without a penalty need a covariance that is positive definite on them: a larger lambda, \
         positive weights, or more samples than variables",
    )
}

/// A start that is positive definite whatever S is: the diagonal.
pub fn diagonal_start<P: Separable>(s: ArrayView2<'_, f64>, penalty: &P) -> Array2<f64> {
    Array2::from_diag(&Array1::from_shape_fn(s.nrows(), |i| 1.0 / (s[(i, i)] + penalty.lasso().at(i, i))))
}

/// The objective at Theta, and by how much a whole step changes it to first order.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    pub value: f64,
    pub decrease: f64,
}

impl Expected {
    /// Differences of the objective below this are rounding: near the solution they say nothing about a step.
    pub fn noise(self) -> f64 {
        8.0 * f64::EPSILON * self.value.abs().max(1.0)
    }
}

/// Armijo's rule by halving: writes the new Theta to `candidate`, which holds the old one, and returns its factor;
/// `None` if no step of so many halvings keeps Theta positive definite and the objective from growing.
pub(super) fn line_search<P: Entrywise>(
    s: ArrayView2<'_, f64>,
    penalty: &P,
    theta: &Array2<f64>,
    direction: &Direction,
    (expected, halvings): (Expected, usize),
    candidate: &mut Array2<f64>,
    ctx: &Context,
) -> Result<Option<Cholesky>> {
    const SUFFICIENT: f64 = 1e-3;
    let mut length = 1.0;
    for _ in 0..halvings {
        ctx.check()?;
        direction.write(theta.view(), length, candidate);
        if let Some(factor) = Cholesky::checked(candidate.view(), ctx)? {
            let value = primal(s, penalty, candidate.view(), factor.logdet());
            if value <= expected.value + SUFFICIENT * length * expected.decrease + expected.noise() {
                return Ok(Some(factor));
            }
        }
        length *= 0.5;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{ElasticNet, L1};

    #[test]
    fn units_do_not_matter() {
        let s = covariance(12);
        let net = |factor: f64| ElasticNet::new(&L1::scalar(0.05, false), 0.5).unwrap().rescaled(factor);
        let run = |s: &Array2<f64>, penalty: &ElasticNet| {
            descend(s.view(), penalty, diagonal_start(s.view(), penalty), |_| 1e-10, 100, &Context::new()).unwrap()
        };
        let (plain, factor) = (run(&s, &net(1.0)), 2f64.powi(200));
        for (far, factor) in [(&s * factor, factor), (&s / factor, factor.recip())] {
            let found = run(&far, &net(factor));
            assert_eq!((found.stop, found.steps), (Stop::Reached, plain.steps));
            assert_eq!(found.theta * factor, plain.theta);
            let shift = found.certified.certificate.logdet - plain.certified.certificate.logdet;
            assert!((shift + 12.0 * factor.ln()).abs() < 1e-9, "{shift}");
        }
    }

    /// A factor that all variables share: coordinate descent alone needs thousands of passes.
    #[test]
    fn a_common_factor_takes_few_steps() {
        let p = 60;
        let s = Array2::from_shape_fn((p, p), |(i, j)| {
            if i == j { 2.0 } else { 1.0 + 0.1 * ((7 * i.min(j) + 3 * i.max(j)) as f64).sin() }
        });
        for ratio in [0.3, 1.0] {
            let penalty = ElasticNet::new(&L1::scalar(0.05, false), ratio).unwrap();
            let start = diagonal_start(s.view(), &penalty);
            let descent = descend(s.view(), &penalty, start, |_| 1e-9, 100, &Context::new()).unwrap();
            assert!(descent.stop == Stop::Reached && descent.steps < 20, "{ratio}: {} steps", descent.steps);
        }
    }

    fn covariance(p: usize) -> Array2<f64> {
        Array2::from_shape_fn((p, p), |(i, j)| 0.5f64.powi(i.abs_diff(j) as i32))
    }

    #[test]
    fn the_gap_is_reached_in_few_steps_and_zeros_are_exact() {
        let s = covariance(25);
        for ratio in [0.2, 0.8, 1.0] {
            let penalty = ElasticNet::new(&L1::scalar(0.05, false), ratio).unwrap();
            let start = diagonal_start(s.view(), &penalty);
            let descent = descend(s.view(), &penalty, start, |_| 1e-10, 100, &Context::new()).unwrap();
            assert!(descent.stop == Stop::Reached && descent.steps < 15, "{ratio}: {:?}", descent.stop);
            assert_eq!(descent.theta, descent.theta.t());
            assert!(descent.theta.iter().any(|&entry| entry == 0.0), "{ratio}");
        }
    }

    #[test]
    fn an_end_without_the_tolerance_says_why() {
        let s = covariance(6);
        let penalty = L1::scalar(0.02, false);
        let run = |s: &Array2<f64>, penalty: &L1, tol: f64, steps: usize| {
            let start = diagonal_start(s.view(), penalty);
            descend(s.view(), penalty, start, |_| tol, steps, &Context::new()).unwrap()
        };
        assert_eq!(run(&s, &penalty, 1e-10, 1).stop, Stop::Exhausted);
        let stop = run(&s, &penalty, -1.0, 100).stop;
        assert!(matches!(stop, Stop::Stalled | Stop::LineSearch), "{stop:?}");
        let singular = Array2::ones((3, 3));
        assert_ne!(run(&singular, &L1::scalar(0.0, false), 1e-10, 200).stop, Stop::Reached);
        let outside = Array2::from_diag_elem(6, -1.0);
        assert!(descend(s.view(), &penalty, outside, |_| 0.0, 1, &Context::new()).is_err());
    }
}
