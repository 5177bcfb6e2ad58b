//! The graphical lasso: screening, one solve a component, polish, and the certificate.

use ndarray::{Array2, ArrayView2};

use super::components::components;
use super::dual_descent::{Outcome, State};
use super::proximal_newton::{self, is_runaway};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::Cholesky;
use crate::parallel;
use crate::problem::{Certificate, Certified, L1, certify};

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bound on the relative duality gap.
    pub tol: f64,
    /// Sweeps or Newton steps at most, a component.
    pub max_iter: usize,
}

/// The minimiser of -logdet Theta + tr(S Theta) + sum Lambda_ij |Theta_ij|, with its certificate.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Theta: exactly symmetric, positive definite.
    pub theta: Array2<f64>,
    /// The solver's W, close to Theta^-1; what a path starts its next solve from.
    w: Array2<f64>,
    /// Gap and KKT violation.
    pub certificate: Certificate,
    /// Sweeps or steps of the component that took most.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// Which algorithms were used.
    pub solver: &'static str,
    /// Number of connected components after screening.
    pub components: usize,
}

impl Solution {
    /// Why the tolerance was not reached.
    pub fn why_not(&self, settings: Settings) -> String {
        let why = if self.iterations >= settings.max_iter {
            "the sweeps were used up; allow more with max_iter"
        } else {
            "double precision ends here for so ill-conditioned a problem; a larger lambda helps"
        };
        format!("the relative gap is {:.1e}, not {:.1e}: {why}", self.certificate.relative_gap(), settings.tol)
    }

    /// log det Theta - tr(S Theta).
    pub fn likelihood(&self, s: ArrayView2<'_, f64>) -> f64 {
        let products = s.iter().zip(self.theta.iter()).filter(|(_, theta)| **theta != 0.0);
        self.certificate.logdet - products.map(|(s, theta)| s * theta).sum::<f64>()
    }
}

const DESCENT: &str = "dual coordinate descent";
const NEWTON: &str = "proximal Newton";
const CLOSED: &str = "closed form";

/// Newton steps at most: convergence is quadratic near the solution, more steps mean that there is none to be had.
const NEWTON_STEPS: usize = 100;

/// What one component gives.
struct Part {
    theta: Array2<f64>,
    w: Array2<f64>,
    certificate: Certificate,
    iterations: usize,
    solver: &'static str,
}

/// Solves the problem for a p x p symmetric S.
///
/// `warm` is a solution for another penalty, from which the solver starts.
///
/// # Errors
/// A problem without a minimum (free entries or lambda = 0, and a singular S); cancellation; memory.
pub fn solve(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    warm: Option<(&Solution, &L1)>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = s.nrows();
    let _held = ctx.reserve_matrices(6, p, p)?;
    let start = warm.and_then(|(solution, old)| {
        let ratio = penalty.shrinkage_from(old, p);
        // Convex combination of a positive definite W and S: feasible for the new penalty and positive definite.
        (ratio > 0.0).then_some((ratio, &solution.w, &solution.theta))
    });
    let groups = components(s, penalty);
    let mut tol = settings.tol;
    loop {
        let parts = parallel::map(&groups, ctx, |_, group| {
            let sub = restrict(s, group);
            let penalty = penalty.restrict(group);
            let state = start.map(|(ratio, w, theta)| warm_state(sub.view(), &penalty, ratio, w, theta, group));
            solve_component(
                sub.view(),
                &penalty,
                state,
                group.len() as f64 / p as f64,
                Settings { tol, ..settings },
                ctx,
            )
        })?;
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        let gap = certificate.relative_gap();
        let iterations = parts.iter().map(|part| part.iterations).max().unwrap_or(0);
        let converged = gap <= settings.tol;
        // Components meet their share of the tolerance; objectives of opposite sign can make the sum too loose.
        let hopeless = tol.is_nan() || tol < 1e-3 * settings.tol || groups.len() < 2;
        if converged || hopeless || iterations >= settings.max_iter {
            let solver = [NEWTON, DESCENT].into_iter().find(|name| parts.iter().any(|part| part.solver == *name));
            let (mut theta, mut w) = (Array2::zeros((p, p)), Array2::zeros((p, p)));
            for (group, part) in groups.iter().zip(&parts) {
                scatter(group, &part.theta, &mut theta);
                scatter(group, &part.w, &mut w);
            }
            let solver = solver.unwrap_or(CLOSED);
            return Ok(Solution { theta, w, certificate, iterations, converged, solver, components: groups.len() });
        }
        tol *= 0.5 * settings.tol / gap;
    }
}

fn restrict(s: ArrayView2<'_, f64>, group: &[usize]) -> Array2<f64> {
    Array2::from_shape_fn((group.len(), group.len()), |(i, j)| s[(group[i], group[j])])
}

fn scatter(group: &[usize], part: &Array2<f64>, whole: &mut Array2<f64>) {
    for ((i, j), &value) in part.indexed_iter() {
        whole[(group[i], group[j])] = value;
    }
}

/// W = S + r (W_old - S), with the coefficients of the old Theta: feasible for the new box.
fn warm_state(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    ratio: f64,
    w: &Array2<f64>,
    theta: &Array2<f64>,
    group: &[usize],
) -> State {
    let mut start = Array2::from_shape_fn(s.dim(), |(i, j)| s[(i, j)] + ratio * (w[(group[i], group[j])] - s[(i, j)]));
    for i in 0..group.len() {
        start[(i, i)] = s[(i, i)] + penalty.at(i, i);
    }
    let coefficients = |j: usize| {
        let scale = theta[(group[j], group[j])];
        let value = |i: usize| (i, -theta[(group[i], group[j])] / scale);
        (0..group.len()).filter(|&i| i != j).map(value).filter(|&(_, value)| value != 0.0).collect()
    };
    State { w: start, beta: (0..group.len()).map(coefficients).collect() }
}

/// `share` is the component's part of the whole tolerance.
fn solve_component(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    warm: Option<State>,
    share: f64,
    settings: Settings,
    ctx: &Context,
) -> Result<Part> {
    if s.nrows() <= 2 {
        return closed_form(s, penalty);
    }
    if penalty.is_zero(s.nrows()) {
        return inverse(s, penalty);
    }
    let allowed = |certificate: &Certificate| 0.5 * settings.tol * certificate.primal.abs().max(share);
    let positive_start = |state: &State| Cholesky::new(state.w.view()).is_some();
    let mut state = warm.filter(positive_start).or_else(|| Some(State::start(s, penalty)).filter(positive_start));
    let size = mean_off_diagonal(s);
    // Changes of W matter in units of the box around S.
    let mut step = (1e-3 * size).min(1e-2 * penalty.smallest_positive(s.nrows()));
    let mut best: Option<Best> = None;
    let mut iterations = 0;
    while let Some(current) = &mut state
        && iterations < settings.max_iter
        && step > 1e-15 * size
    {
        let (outcome, sweeps) = current.sweep(s, penalty, step, settings.max_iter - iterations, ctx)?;
        iterations += sweeps;
        if outcome == Outcome::Lost {
            // The columns were solved too roughly for so ill-conditioned a problem: again, more closely.
            state = Some(State::start(s, penalty)).filter(positive_start);
            step *= 1e-3;
            continue;
        }
        let theta = current.precision();
        if let Some(Certified { certificate, .. }) = certify(s, penalty, theta.view()) {
            if certificate.gap <= allowed(&certificate) {
                let w = std::mem::take(&mut current.w);
                return Ok(Part { theta, w, certificate, iterations, solver: DESCENT });
            }
            let certificate = certificate.bounded_by(s, penalty, current.w.view());
            let stalled = best.as_ref().is_some_and(|old| certificate.gap > 0.5 * old.certificate.gap);
            if best.as_ref().is_none_or(|old| certificate.gap < old.certificate.gap) {
                best = Some(Best { theta, certificate, w: current.w.clone() });
            }
            if stalled && step < 1e-8 * size {
                break;
            }
        }
        step *= 0.03;
    }
    match best {
        // The projection of Theta^-1 is spoilt by rounding, the solver's own dual point is not.
        Some(best) if best.certificate.gap <= allowed(&best.certificate) => {
            Ok(Part { theta: best.theta, w: best.w, certificate: best.certificate, iterations, solver: DESCENT })
        }
        best => newton_component(s, penalty, best, iterations, &allowed, settings, ctx),
    }
}

/// The best point of the descent so far.
struct Best {
    theta: Array2<f64>,
    certificate: Certificate,
    w: Array2<f64>,
}

/// Proximal Newton from the best point so far, or from the diagonal.
fn newton_component(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    best: Option<Best>,
    iterations: usize,
    allowed: &impl Fn(&Certificate) -> f64,
    settings: Settings,
    ctx: &Context,
) -> Result<Part> {
    let fallback = State::start(s, penalty).w;
    let (theta, dual) = match &best {
        Some(best) => (best.theta.clone(), best.w.view()),
        None => (proximal_newton::diagonal_start(s, penalty), fallback.view()),
    };
    let lost = || Error::internal("proximal Newton left the positive definite matrices");
    let start = certify(s, penalty, theta.view()).ok_or_else(lost)?;
    let left = settings.max_iter.saturating_sub(iterations).min(NEWTON_STEPS);
    let target = allowed(&start.certificate);
    let (theta, steps) = proximal_newton::minimize(s, penalty, theta, target, left, ctx)?;
    let Certified { certificate, inverse } = certify(s, penalty, theta.view()).ok_or_else(lost)?;
    let certificate = certificate.bounded_by(s, penalty, dual);
    if certificate.gap.is_infinite() && penalty.has_free_pairs(s.nrows()) {
        return Err(unbounded());
    }
    let iterations = iterations + steps;
    match best {
        // The polish did not help.
        Some(best) if best.certificate.gap <= certificate.gap => {
            Ok(Part { theta: best.theta, w: best.w, certificate: best.certificate, iterations, solver: DESCENT })
        }
        _ => Ok(Part { theta, w: inverse, certificate, iterations, solver: NEWTON }),
    }
}

/// No penalty at all: Theta = S^-1.
fn inverse(s: ArrayView2<'_, f64>, penalty: &L1) -> Result<Part> {
    let theta = Cholesky::new(s).filter(|cholesky| cholesky.logdet().is_finite()).ok_or_else(unbounded)?.inverse();
    // A singular matrix can pass for positive definite by rounding; its inverse then has nothing to do with it.
    if is_runaway(s, &theta) {
        return Err(unbounded());
    }
    let certificate = certify(s, penalty, theta.view()).ok_or_else(unbounded)?.certificate.bounded_by(s, penalty, s);
    Ok(Part { theta, w: s.to_owned(), certificate, iterations: 0, solver: CLOSED })
}

fn unbounded() -> Error {
    Error::numerical("the problem has no solution: the likelihood grows without bound").with_hint(
        "entries without a penalty need a covariance that is positive definite on them: a larger lambda, positive weights, or more samples than variables",
    )
}

/// One or two variables.
fn closed_form(s: ArrayView2<'_, f64>, penalty: &L1) -> Result<Part> {
    let mut w = s.to_owned();
    for i in 0..s.nrows() {
        w[(i, i)] += penalty.at(i, i);
    }
    if s.nrows() == 2 {
        w[(0, 1)] = super::soft_threshold(s[(0, 1)], penalty.at(0, 1));
        w[(1, 0)] = w[(0, 1)];
    }
    let theta = match s.nrows() {
        1 => Array2::from_elem((1, 1), 1.0 / w[(0, 0)]),
        _ => {
            let determinant = w[(0, 0)] * w[(1, 1)] - w[(0, 1)] * w[(0, 1)];
            if determinant <= 4.0 * f64::EPSILON * w[(0, 0)] * w[(1, 1)] {
                return Err(unbounded());
            }
            let off = 0.0 - w[(0, 1)] / determinant;
            Array2::from_shape_fn((2, 2), |(i, j)| if i == j { w[(1 - i, 1 - i)] / determinant } else { off })
        }
    };
    let certified = certify(s, penalty, theta.view()).ok_or_else(unbounded)?;
    let certificate = certified.certificate.bounded_by(s, penalty, w.view());
    Ok(Part { theta, w, certificate, iterations: 0, solver: CLOSED })
}

fn mean_off_diagonal(s: ArrayView2<'_, f64>) -> f64 {
    let p = s.nrows();
    let sum: f64 = s.indexed_iter().filter(|((i, j), _)| i != j).map(|(_, value)| value.abs()).sum();
    sum / (p * (p - 1)) as f64
}
