//! SCAD and MCP with the Gaussian loss: stationary points, reached from the solution of the graphical lasso.
//!
//! A point is stationary exactly where it solves the weighted L1 problem whose penalty touches the nonconvex one there.
//! The certificate of that convex problem therefore says how far a point is from stationary: its KKT violation is that of
//! the nonconvex problem.

use ndarray::{Array2, ArrayView2};

use super::Moments;
use super::graphical_lasso::{self, Settings, Solution as Lasso};
use super::newton_model::{Direction, Place};
use super::proximal_newton::{Descent, Expected, HALVINGS, Stop, is_runaway, line_search};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::parallel;
use crate::problem::{Certificate, Certified, Concave, L1, LogDet, Nonconvex, certify_factored, primal};

/// Weighted problems at most where their number is not given: their errors fall by a constant factor.
const MOST_PROBLEMS: usize = 200;
/// More steps than this are a mistake.
pub(super) const MOST_STEPS: usize = 1000;
/// Weights that change by less, relative to lambda, are the same: no next problem differs from the last.
const SETTLED: f64 = 1e-8;
/// How much more closely the weighted problems are solved than the tolerance says.
const CLOSER: f64 = 0.1;
/// Halvings of a step on the nonconvex penalty: a concave part makes short steps worse than a long one.
const FEW: usize = 4;
/// Newton steps in a row at most that change nothing.
const QUIET: usize = 3;

/// A stationary point, or the last of some steps towards one.
#[derive(Debug)]
pub(super) struct Local {
    pub theta: SparseSymmetric,
    /// The graphical lasso's solution, from which it was reached.
    pub lasso: Lasso,
    pub certificate: Certificate,
    pub iterations: usize,
    pub converged: bool,
    pub solver: &'static str,
    pub likelihood: f64,
    pub warning: Option<String>,
}

/// The certificate of Theta as the solution of the problem that touches at it, with the nonconvex objective.
fn certify(
    s: ArrayView2<'_, f64>,
    penalty: &Nonconvex,
    theta: ArrayView2<'_, f64>,
    factor: &Cholesky,
    ctx: &Context,
) -> Result<Certified> {
    let mut certified = certify_factored(s, &penalty.tangent(theta), theta, factor, ctx)?;
    certified.certificate.primal = primal(s, penalty, theta, factor.logdet());
    Ok(certified)
}

fn factored(theta: ArrayView2<'_, f64>, ctx: &Context) -> Result<Cholesky> {
    Cholesky::checked(theta, ctx)?.ok_or_else(|| Error::internal("a start is not positive definite"))
}

/// The same for Theta of all components; with an infinite objective where it is not positive definite.
fn certify_parts(
    moments: Moments<'_>,
    groups: &[Vec<usize>],
    penalty: &Nonconvex,
    theta: &SparseSymmetric,
    ctx: &Context,
) -> Result<Certificate> {
    let parts = parallel::map(groups, ctx, |_, group| {
        // S, Theta, its factor and inverse, the weights, a dual point and its factor.
        let _held = ctx.reserve_matrices(7, group.len(), group.len())?;
        let s = moments.block(group, ctx)?;
        let theta = theta.restrict(group).to_dense();
        let Some(factor) = Cholesky::checked(theta.view(), ctx)? else {
            return Ok(Certificate { primal: f64::INFINITY, ..Certificate::default() });
        };
        Ok::<_, Error>(certify(s.view(), &penalty.restricted(group), theta.view(), &factor, ctx)?.certificate)
    })?;
    Ok(parts.into_iter().fold(Certificate::default(), Certificate::join))
}

/// Local linear approximation (Zou, Li, Annals of Statistics 36:1509, 2008): graphical lassos, each weighted by the slopes
/// of the penalty at the solution before. With `steps` so many; otherwise until the solution is stationary.
///
/// # Errors
/// A first problem without a minimum; steps out of range; cancellation; memory.
pub(super) fn reweighted(
    moments: Moments<'_>,
    lambda: &L1,
    (form, steps): (Concave, Option<usize>),
    warm: Option<(Lasso, L1)>,
    settings: Settings,
    ctx: &Context,
) -> Result<Local> {
    check_steps(steps)?;
    let penalty = Nonconvex::new(lambda, form)?;
    let p = moments.p();
    // Two matrices of weights, Theta, and covariances of two solutions.
    let _held = ctx.reserve_matrices(5, p, p)?;
    let inner = Settings { tol: CLOSER * settings.tol, ..settings };
    let warm = warm.as_ref().map(|(solution, old)| (solution.clone(), old));
    let lasso = graphical_lasso::solve(moments, lambda, warm, inner, ctx)?;
    let (mut current, mut weights) = (lasso.clone(), lambda.clone());
    let mut iterations = lasso.iterations;
    let most = steps.unwrap_or(MOST_PROBLEMS);
    let goal = goal(lambda, p, settings);
    let mut found = certify_parts(moments, &lasso.components, &penalty, &current.theta, ctx)?;
    let mut taken = 0;
    let (certificate, why) = loop {
        ctx.check()?;
        let next = penalty.tangent(current.theta.to_dense().view());
        let is_fixed = taken > 0 && change(&next, &weights, lambda, p) <= SETTLED;
        if steps.is_none() && found.relative_gap() <= settings.tol && found.kkt <= goal {
            break (found, None);
        }
        if taken == most || is_fixed {
            // Of a given number of steps, and of weights that stay, the gap is that of the last problem itself.
            let is_wanted = steps.is_some() || is_fixed;
            let gap = if is_wanted { current.certificate.gap } else { found.gap };
            let used_up = (!is_wanted).then_some("the steps were used up; the other solver may take fewer");
            let unsolved =
                (!current.converged).then_some("a weighted problem was not solved; allow more with max_iter");
            break (Certificate { gap, ..found }, used_up.or(unsolved));
        }
        let solution = match graphical_lasso::solve(moments, &next, Some((current.clone(), &weights)), inner, ctx) {
            Ok(solution) => solution,
            Err(error) if error.kind() == ErrorKind::Numerical => break (found, Some(UNBOUNDED)),
            Err(error) => return Err(error),
        };
        let after = certify_parts(moments, &lasso.components, &penalty, &solution.theta, ctx)?;
        if !after.primal.is_finite() {
            break (found, Some(UNBOUNDED));
        }
        iterations += solution.iterations;
        (current, weights, found) = (solution, next, after);
        taken += 1;
    };
    // A problem that was solved closely enough for the caller is solved, if not for the next weights.
    let converged = match why {
        None => true,
        Some(_) => certificate.relative_gap() <= settings.tol,
    };
    Ok(Local {
        warning: why.filter(|_| !converged).map(|why| missed(&certificate, settings, why)),
        theta: current.theta.clone(),
        likelihood: current.likelihood,
        lasso,
        certificate,
        iterations,
        converged,
        solver: "reweighted dual coordinate descent",
    })
}

/// The KKT violation to aim at: the gap alone, which goes with its square, says little of entries that are hardly curved.
fn goal(lambda: &L1, p: usize, settings: Settings) -> f64 {
    let pairs = (0..p).flat_map(|i| (0..i).map(move |j| lambda.at(i, j)));
    let largest = pairs.filter(|scale| scale.is_finite()).fold(0.0, f64::max);
    if largest > 0.0 { CLOSER * settings.tol.sqrt() * largest } else { f64::INFINITY }
}

/// Checks a number of steps.
fn check_steps(steps: Option<usize>) -> Result<()> {
    match steps {
        Some(steps) if steps > MOST_STEPS => {
            Err(Error::option(format!("steps must be at most {MOST_STEPS}, not {steps}"))
                .with_hint("left out, they end where the solution is stationary"))
        }
        _ => Ok(()),
    }
}

/// Why a local minimum cannot be followed: beyond some size entries cost nothing more.
const UNBOUNDED: &str = "entries that the penalty leaves free grow without bound on a singular S; a larger lambda, a \
                         larger concavity or more samples help";

fn missed(certificate: &Certificate, settings: Settings, why: &str) -> String {
    format!(
        "the point is not stationary to the tolerance: the relative gap is {:.1e}, not {:.1e}: {why}",
        certificate.relative_gap(),
        settings.tol
    )
}

/// The largest change of weights relative to lambda.
fn change(new: &L1, old: &L1, lambda: &L1, p: usize) -> f64 {
    let mut most = 0.0f64;
    for i in 0..p {
        for j in 0..=i {
            let scale = lambda.at(i, j);
            if scale > 0.0 && scale.is_finite() {
                most = most.max((new.at(i, j) - old.at(i, j)).abs() / scale);
            }
        }
    }
    most
}

/// Proximal Newton on the nonconvex penalty itself, a connected component at a time. Screening is that of the graphical
/// lasso: where it leaves no entry between components, zeros are stationary.
///
/// # Errors
/// A graphical lasso without a minimum; cancellation; memory.
pub(super) fn newton(
    moments: Moments<'_>,
    lambda: &L1,
    form: Concave,
    warm: Option<(Lasso, L1)>,
    settings: Settings,
    ctx: &Context,
) -> Result<Local> {
    let penalty = Nonconvex::new(lambda, form)?;
    let p = moments.p();
    let warm = warm.as_ref().map(|(solution, old)| (solution.clone(), old));
    let lasso = graphical_lasso::solve(moments, lambda, warm, settings, ctx)?;
    let goal = goal(lambda, p, settings);
    let parts = parallel::map(&lasso.components, ctx, |_, group| {
        let s = moments.block(group, ctx)?;
        let _held = ctx.reserve_matrices(4, group.len(), group.len())?;
        let share = group.len() as f64 / p as f64;
        let is_enough =
            |found: &Certificate| found.kkt <= goal && found.gap <= 0.5 * settings.tol * found.primal.abs().max(share);
        let start = lasso.theta.restrict(group).to_dense();
        let found = descend(s.view(), &penalty.restricted(group), start, is_enough, settings.max_iter, ctx)?;
        let likelihood = -LogDet::new(s.view()).value(found.theta.view(), found.certified.certificate.logdet);
        let theta = SparseSymmetric::from_dense(found.theta.view());
        Ok::<_, Error>((theta, likelihood, found.certified.certificate, found.steps, found.stop))
    })?;
    let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.2));
    let converged = certificate.relative_gap() <= settings.tol;
    let worst = parts.iter().filter(|part| part.4 != Stop::Reached);
    let worst = worst.max_by(|a, b| a.2.gap.total_cmp(&b.2.gap)).map_or(Stop::Stalled, |part| part.4);
    let why = if worst == Stop::Runaway { UNBOUNDED } else { worst.why() };
    let blocks = lasso.components.iter().map(Vec::as_slice).zip(parts.iter().map(|part| &part.0));
    Ok(Local {
        theta: SparseSymmetric::from_blocks(p, blocks),
        certificate,
        iterations: lasso.iterations + parts.iter().map(|part| part.3).max().unwrap_or(0),
        converged,
        solver: "proximal Newton",
        likelihood: parts.iter().map(|part| part.1).sum(),
        warning: (!converged).then(|| missed(&certificate, settings, why)),
        lasso,
    })
}

/// Newton steps from `theta` until the certificate of the problem that touches there is good enough, or nothing moves any
/// more. The objective falls all the way.
fn descend(
    s: ArrayView2<'_, f64>,
    penalty: &Nonconvex,
    mut theta: Array2<f64>,
    is_enough: impl Fn(&Certificate) -> bool,
    max_steps: usize,
    ctx: &Context,
) -> Result<Descent> {
    let p = s.nrows();
    // As proximal Newton on a convex penalty, and the weights.
    let _held = ctx.reserve_matrices(13, p, p)?;
    let mut certified = certify(s, penalty, theta.view(), &factored(theta.view(), ctx)?, ctx)?;
    let mut direction = Direction::new(p);
    let mut candidate = theta.clone();
    let (mut taken, mut quiet) = (0, 0);
    let stop = loop {
        ctx.check()?;
        let before = certified.certificate;
        if is_enough(&before) {
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
        let found = step(s, penalty, &theta, place, before, &mut direction, &mut candidate, ctx)?;
        let Some((factor, expected)) = found else {
            break Stop::LineSearch;
        };
        std::mem::swap(&mut theta, &mut candidate);
        certified = certify(s, penalty, theta.view(), &factor, ctx)?;
        let is_quiet = -expected.decrease <= expected.noise() && certified.certificate.gap >= 0.5 * before.gap;
        quiet = if is_quiet { quiet + 1 } else { 0 };
    };
    Ok(Descent { theta, certified, steps: taken, stop })
}

/// One step, written to `candidate`: on the nonconvex penalty itself where that lowers the objective, which is not certain
/// where it is concave; else on the convex penalty that touches at Theta and lies above it, where a short step always does.
#[allow(clippy::too_many_arguments)]
fn step(
    s: ArrayView2<'_, f64>,
    penalty: &Nonconvex,
    theta: &Array2<f64>,
    place: Place<'_>,
    before: Certificate,
    direction: &mut Direction,
    candidate: &mut Array2<f64>,
    ctx: &Context,
) -> Result<Option<(Cholesky, Expected)>> {
    let accuracy = before.relative_gap().sqrt().min(0.1);
    direction.free(place, penalty, ctx)?;
    direction.settle(place, penalty, accuracy, ctx)?;
    let expected = Expected { value: before.primal, decrease: direction.decrease(place, penalty) };
    candidate.assign(theta);
    if expected.decrease < 0.0 {
        let factor = line_search(s, penalty, theta, direction, (expected, FEW), candidate, ctx)?;
        if let Some(factor) = factor {
            return Ok(Some((factor, expected)));
        }
    }
    let tangent = penalty.tangent(theta.view());
    direction.free(place, &tangent, ctx)?;
    direction.minimize(place, &tangent, accuracy, ctx)?;
    let expected = Expected { value: before.primal, decrease: direction.decrease(place, &tangent) };
    candidate.assign(theta);
    let factor = line_search(s, penalty, theta, direction, (expected, HALVINGS), candidate, ctx)?;
    Ok(factor.map(|factor| (factor, expected)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Entrywise;

    const SETTINGS: Settings = Settings { tol: 1e-12, max_iter: 500 };

    /// Correlations along a line, with some strong pairs.
    fn covariance(p: usize) -> Array2<f64> {
        Array2::from_shape_fn((p, p), |(i, j)| 0.55f64.powi(i.abs_diff(j) as i32))
    }

    fn both(s: &Array2<f64>, lambda: &L1, form: Concave) -> [Local; 2] {
        let (moments, ctx) = (Moments::Whole(s.view()), Context::new());
        [
            reweighted(moments, lambda, (form, None), None, SETTINGS, &ctx).unwrap(),
            newton(moments, lambda, form, None, SETTINGS, &ctx).unwrap(),
        ]
    }

    #[test]
    fn both_solvers_reach_one_stationary_point() {
        let s = covariance(15);
        let lambda = L1::scalar(0.15, false);
        for form in [Concave::SCAD, Concave::MCP] {
            let found = both(&s, &lambda, form);
            let penalty = Nonconvex::new(&lambda, form).unwrap();
            for local in &found {
                assert!(local.converged && local.certificate.kkt < 1e-6, "{form:?} {local:?}");
                let theta = local.theta.to_dense();
                let w = Cholesky::new(theta.view()).unwrap().inverse();
                for ((i, j), &entry) in theta.indexed_iter() {
                    let violation = penalty.violation_at(i, j, entry, s[(i, j)] - w[(i, j)]);
                    assert!(violation < 1e-6, "{form:?} {} {i} {j}: {violation}", local.solver);
                }
            }
            let difference = found[0].certificate.primal - found[1].certificate.primal;
            assert!(difference.abs() < 1e-8, "{form:?} {difference}");
        }
    }

    #[test]
    fn no_steps_are_the_lasso_and_one_step_is_less_shrunk() {
        let s = covariance(8);
        let lambda = L1::scalar(0.1, false);
        let moments = Moments::Whole(s.view());
        let run = |steps| {
            reweighted(moments, &lambda, (Concave::SCAD, Some(steps)), None, SETTINGS, &Context::new()).unwrap()
        };
        let (none, one) = (run(0), run(1));
        assert!(none.converged && one.converged);
        assert_eq!(none.theta.to_dense(), none.lasso.theta.to_dense());
        assert!(one.theta.at(0, 1).abs() > none.theta.at(0, 1).abs() + 0.05);
        assert!(check_steps(Some(MOST_STEPS + 1)).is_err());
    }

    #[test]
    fn free_entries_on_a_singular_covariance_end_without_an_error() {
        // Rank one and a little: what SCAD leaves free has no bound.
        let s = Array2::from_shape_fn((6, 6), |(i, j)| if i == j { 1.0 } else { 1.0 - 1e-15 });
        for local in both(&s, &L1::scalar(1e-4, false), Concave::SCAD) {
            assert!(local.theta.diagonal().iter().all(|value| value.is_finite()), "{local:?}");
        }
    }
}
