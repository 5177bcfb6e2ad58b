//! The graphical lasso on one connected component.

use ndarray::{Array2, ArrayView2};

use super::chordal;
use super::dual_descent::{State, Step, Sweep};
use super::feasible;
use super::graphical_lasso::Settings;
use super::proximal_newton::{self, Stop, inverse, unbounded};
use super::soft_threshold;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::problem::{Certificate, L1, certify, dual_bound, slackness};

/// What one component gives.
#[derive(Debug)]
pub(super) struct Part {
    pub theta: SparseSymmetric,
    pub w: Array2<f64>,
    pub certificate: Certificate,
    /// tr(S Theta).
    pub trace: f64,
    pub iterations: usize,
    pub solver: &'static str,
    /// Why an algorithm ended, where it may have ended early.
    pub why: Option<&'static str>,
}

/// A solution for another penalty.
#[derive(Debug)]
pub(super) struct Start {
    pub w: Array2<f64>,
    pub theta: SparseSymmetric,
    /// How far W is moved from S towards itself.
    pub ratio: f64,
}

const DESCENT: &str = "dual coordinate descent";
const NEWTON: &str = "proximal Newton";
const CLOSED: &str = "closed form";

/// The algorithm that says most about how hard a problem was.
pub(super) fn slowest(used: impl Iterator<Item = &'static str> + Clone) -> &'static str {
    [NEWTON, DESCENT].into_iter().find(|name| used.clone().any(|solver| solver == *name)).unwrap_or(CLOSED)
}

/// Newton steps at most: convergence is quadratic near the solution, more steps mean that there is none to be had.
const NEWTON_STEPS: usize = 100;

/// `share` is the component's part of the whole tolerance.
pub(super) fn solve(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    warm: Option<Start>,
    share: f64,
    settings: Settings,
    ctx: &Context,
) -> Result<Part> {
    if s.nrows() <= 2 {
        return closed_form(s, penalty, ctx);
    }
    if penalty.is_zero(s.nrows()) {
        return unpenalized(s, penalty, ctx);
    }
    let allowed = |primal: f64| if share < 1.0 { 0.5 } else { 0.9 } * settings.tol * primal.abs().max(share);
    if let Some(part) = decomposable(s, penalty, allowed, ctx)? {
        return Ok(part);
    }
    let problem = Problem { s, penalty, allowed: &allowed, settings, ctx };
    let mut best = Best::default();
    // First the start that is closest to the solution, though perhaps no covariance; then one that is.
    let (quick, course) = match warm {
        Some(Start { w, theta, ratio }) => (State::from_solution(w, &theta, s, penalty, ratio), Course::WARM),
        None => (State::thresholded(s, penalty), Course::QUICK),
    };
    if let Some(part) = problem.descend(quick, course, &mut best)? {
        return Ok(part);
    }
    let inside = match &best.candidate {
        Some((_, w, _)) => Some(w.clone()),
        None => feasible::interior(s, penalty, ctx)?,
    };
    if inside.is_none() && penalty.has_free_pairs(s.nrows()) {
        return Err(unbounded());
    }
    let mut course = Course::careful(s, penalty);
    for _ in 0..CAREFUL {
        if best.candidate.is_some() || best.sweeps >= settings.max_iter {
            break;
        }
        let Some(w) = &inside else { break };
        if let Some(part) = problem.descend(State::new(w.clone(), s, penalty), course, &mut best)? {
            return Ok(part);
        }
        // Rounding has lost positive definiteness: again, more closely.
        course.first.tol = (1e-3 * course.first.tol).max(LEAST);
    }
    problem.newton(best, inside)
}

/// How a descent goes.
#[derive(Debug, Clone, Copy)]
struct Course {
    first: Step,
    /// The relaxation of all later sweeps.
    relaxation: f64,
}

impl Course {
    /// For most problems: columns solved roughly at first, and then updated beyond their solution, which makes errors
    /// fall several times faster from sweep to sweep.
    const QUICK: Self = Self { first: Step { tol: 1e-2, relaxation: 1.0 }, relaxation: 1.15 };

    const WARM: Self = Self { first: Step { tol: 1e-3, relaxation: 1.0 }, relaxation: 1.15 };

    fn is_rough(self) -> bool {
        self.relaxation > 1.0
    }

    /// Where columns must not be solved roughly: the box around S is small in units of the standard deviations. Without
    /// relaxation every column keeps W positive definite.
    fn careful(s: ArrayView2<'_, f64>, penalty: &L1) -> Self {
        let largest = s.diag().iter().copied().fold(0.0, f64::max);
        let tol = (1e-2 * penalty.smallest_positive(s.nrows()) / largest).clamp(LEAST, 1e-6);
        Self { first: Step { tol, relaxation: 1.0 }, relaxation: 1.0 }
    }
}

/// So often, in sweeps, it is asked whether a rough descent gets anywhere.
const PROBE: usize = 6;
/// Careful descents at most, each closer than the one before.
const CAREFUL: usize = 3;
/// Columns are not solved more closely than double precision allows.
const LEAST: f64 = 1e-15;
/// How much closer the columns of the next sweep are solved.
const CLOSER: f64 = 0.1;
/// A sweep that moves W by no more than this, squared, is the last that double precision allows.
const STILL: f64 = 1e-27;
/// So many sweeps at least before the descent is called slow, and more than so many still to come.
const SLOW: (usize, f64) = (25, 100.0);

/// One component's problem.
struct Problem<'a, F> {
    s: ArrayView2<'a, f64>,
    penalty: &'a L1,
    /// The gap that is small enough, for a value of the objective.
    allowed: &'a F,
    settings: Settings,
    ctx: &'a Context,
}

/// The best point so far.
#[derive(Debug, Default)]
struct Best {
    candidate: Option<(SparseSymmetric, Array2<f64>, Certificate)>,
    sweeps: usize,
}

impl<F: Fn(f64) -> f64> Problem<'_, F> {
    fn part(
        &self,
        theta: SparseSymmetric,
        w: Array2<f64>,
        certificate: Certificate,
        iterations: usize,
        solver: &'static str,
    ) -> Part {
        let trace = theta.inner(self.s);
        Part { theta, w, certificate, trace, iterations, solver, why: None }
    }

    /// Sweeps until the certificate is good enough; `None` when it will not become so in time, with the best point so far.
    fn descend(&self, mut state: State, course: Course, best: &mut Best) -> Result<Option<Part>> {
        let mut step = course.first;
        let mut history: Vec<Sweep> = Vec::new();
        // How much larger the error of W is than foreseen.
        let mut caution = 1.5;
        while best.sweeps < self.settings.max_iter {
            let sweep = state.sweep(self.s, self.penalty, step, self.ctx)?;
            best.sweeps += 1;
            if sweep.lost {
                return Ok(None);
            }
            let theta = state.precision();
            if !theta.diagonal().iter().all(|&value| value > 0.0 && value.is_finite()) {
                return Ok(None);
            }
            if course.is_rough() && history.len() % PROBE == PROBE - 1 && stands_still(&history, sweep) {
                // Beyond the cone of covariances relaxed sweeps can go round in circles.
                if Cholesky::checked(state.w(), self.ctx)?.is_none() {
                    return Ok(None);
                }
            }
            let fall = history.last().map_or(0.05, |before| (sweep.moved / before.moved).clamp(0.005, 1.0));
            history.push(sweep);
            let slack = slackness(self.s, self.penalty, &theta, state.w());
            let target = (self.allowed)(self.guess(&theta, &state));
            let expected = caution * sweep.moved * fall;
            let is_still = sweep.moved <= STILL * theta.p() as f64;
            if slack + expected <= target && sweep.lag * fall.sqrt() <= 0.7 * target || is_still {
                let bound = dual_bound(self.s, self.penalty, &theta, state.w(), self.ctx)?;
                if let Some(certificate) = bound {
                    if certificate.gap <= (self.allowed)(certificate.primal) {
                        return Ok(Some(self.part(theta, state.into_w(), certificate, best.sweeps, DESCENT)));
                    }
                    if expected > 0.0 {
                        caution *= ((certificate.gap - slack) / expected).clamp(1.0, 100.0);
                    }
                }
                if is_still {
                    return self.last_resort(theta, state, best);
                }
            }
            if is_slow(&history, target) {
                return self.last_resort(theta, state, best);
            }
            step.tol *= if slack > 0.3 * target && expected < target { 0.1 * CLOSER } else { CLOSER };
            step.tol = step.tol.max(LEAST);
            step.relaxation = course.relaxation;
        }
        let theta = state.precision();
        self.last_resort(theta, state, best)
    }

    /// An estimate of the objective: halfway between Hadamard's bounds on log det W.
    fn guess(&self, theta: &SparseSymmetric, state: &State) -> f64 {
        let variances: f64 = state.w().diag().iter().map(|value| value.ln()).sum();
        let pivots: f64 = theta.diagonal().iter().map(|value| value.ln()).sum();
        theta.p() as f64 + 0.5 * (variances - pivots)
    }

    /// The certificate by dense factorisations, which says something where the sparse one does not.
    fn last_resort(&self, theta: SparseSymmetric, state: State, best: &mut Best) -> Result<Option<Part>> {
        // Theta, its factor and inverse, a dual point and its factor.
        let _held = self.ctx.reserve_matrices(5, self.s.nrows(), self.s.nrows())?;
        let Some(certified) = certify(self.s, self.penalty, theta.to_dense().view(), self.ctx)? else {
            return Ok(None);
        };
        let certificate = certified.certificate.bounded_by(self.s, self.penalty, state.w(), self.ctx)?;
        let w = state.into_w();
        if certificate.gap <= (self.allowed)(certificate.primal) {
            return Ok(Some(self.part(theta, w, certificate, best.sweeps, DESCENT)));
        }
        if certificate.gap.is_finite() && best.candidate.as_ref().is_none_or(|(.., old)| certificate.gap < old.gap) {
            best.candidate = Some((theta, w, certificate));
        }
        Ok(None)
    }

    /// Proximal Newton from the best point so far, or from the diagonal; `inside` is a feasible covariance.
    fn newton(&self, best: Best, inside: Option<Array2<f64>>) -> Result<Part> {
        let (s, penalty, ctx) = (self.s, self.penalty, self.ctx);
        let theta = match &best.candidate {
            Some((theta, ..)) => theta.to_dense(),
            None => proximal_newton::diagonal_start(s, penalty),
        };
        let left = self.settings.max_iter.saturating_sub(best.sweeps).min(NEWTON_STEPS);
        let allowed = |certificate: &Certificate| (self.allowed)(certificate.primal);
        let descent = proximal_newton::descend(s, penalty, theta, allowed, left, ctx)?;
        let mut certificate = descent.certified.certificate;
        if let Some(w) = &inside {
            certificate = certificate.bounded_by(s, penalty, w.view(), ctx)?;
        }
        let iterations = best.sweeps + descent.steps;
        let mut part = match best.candidate {
            // The polish did not help.
            Some((theta, w, old)) if old.gap <= certificate.gap => self.part(theta, w, old, iterations, DESCENT),
            _ => {
                let theta = SparseSymmetric::from_dense(descent.theta.view());
                self.part(theta, descent.certified.inverse, certificate, iterations, NEWTON)
            }
        };
        part.why = (descent.stop != Stop::Reached).then(|| descent.stop.why());
        Ok(part)
    }
}

/// Whether W moves almost as much as some sweeps ago.
fn stands_still(history: &[Sweep], now: Sweep) -> bool {
    history.len() > 3 && now.moved > 0.5 * history[history.len() - 4].moved
}

/// Whether sweeps have become so slow that another algorithm does better.
fn is_slow(history: &[Sweep], target: f64) -> bool {
    let (enough, too_many) = SLOW;
    if history.len() < enough {
        return false;
    }
    let (now, before) = (history[history.len() - 1].moved, history[history.len() - 11].moved);
    let rate = (now / before).ln() / 10.0;
    // Sweeps to go until what they move is the gap that is wanted.
    now > target && (rate >= 0.0 || (target / now).ln() / rate > too_many)
}

/// Pairs that are free or forbidden, where the free ones make a chordal graph.
fn decomposable(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    allowed: impl Fn(f64) -> f64,
    ctx: &Context,
) -> Result<Option<Part>> {
    let Some((theta, w)) = chordal::closed_form(s, penalty, ctx)? else { return Ok(None) };
    let Some(certificate) = dual_bound(s, penalty, &theta, w.view(), ctx)? else { return Ok(None) };
    if certificate.gap > allowed(certificate.primal) {
        return Ok(None);
    }
    let trace = theta.inner(s);
    Ok(Some(Part { theta, w, certificate, trace, iterations: 0, solver: CLOSED, why: None }))
}

/// No penalty at all: Theta = S^-1.
fn unpenalized(s: ArrayView2<'_, f64>, penalty: &L1, ctx: &Context) -> Result<Part> {
    let theta = inverse(s, ctx)?.ok_or_else(unbounded)?;
    closed(s, penalty, theta, s.to_owned(), ctx)
}

/// What a closed form gives.
fn closed(s: ArrayView2<'_, f64>, penalty: &L1, theta: Array2<f64>, w: Array2<f64>, ctx: &Context) -> Result<Part> {
    let _held = ctx.reserve_matrices(5, s.nrows(), s.nrows())?;
    let certified = certify(s, penalty, theta.view(), ctx)?.ok_or_else(unbounded)?;
    let certificate = certified.certificate.bounded_by(s, penalty, w.view(), ctx)?;
    let theta = SparseSymmetric::from_dense(theta.view());
    let trace = theta.inner(s);
    Ok(Part { theta, w, certificate, trace, iterations: 0, solver: CLOSED, why: None })
}

/// The error of two variables that are one in double precision.
fn too_close() -> Error {
    Error::numerical("two variables are proportional, and the penalty of their pair is lost in rounding")
        .with_hint("a larger lambda, or without one of the two")
}

/// One or two variables.
fn closed_form(s: ArrayView2<'_, f64>, penalty: &L1, ctx: &Context) -> Result<Part> {
    let mut w = s.to_owned();
    for i in 0..s.nrows() {
        w[(i, i)] += penalty.at(i, i);
    }
    if s.nrows() == 2 {
        w[(0, 1)] = soft_threshold(s[(0, 1)], penalty.at(0, 1));
        w[(1, 0)] = w[(0, 1)];
    }
    let theta = match s.nrows() {
        1 => Array2::from_elem((1, 1), 1.0 / w[(0, 0)]),
        _ => {
            // By the correlation: products of variances leave double precision where variances do not.
            let (d, e) = (w[(0, 0)].sqrt(), w[(1, 1)].sqrt());
            let r = w[(0, 1)] / d / e;
            let left = (1.0 - r) * (1.0 + r);
            if left <= 4.0 * f64::EPSILON {
                return Err(if penalty.at(0, 1) == 0.0 { unbounded() } else { too_close() });
            }
            let off = 0.0 - r / left / d / e;
            Array2::from_shape_fn((2, 2), |(i, j)| if i == j { 1.0 / w[(i, i)] / left } else { off })
        }
    };
    closed(s, penalty, theta, w, ctx)
}
