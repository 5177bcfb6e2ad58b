//! Loss x penalty x algorithm: one call for every pair that goes together, and the solution that any of them gives.

use ndarray::{Array2, ArrayView2};

use super::Moments;
use super::algorithm::{Algorithm, Loss, Penalty};
use super::feasible::completion;
use super::graphical_lasso::{self, Settings};
use super::nonconvex::{self, Local};
use super::proximal_newton::{self, Descent, Stop, inverse, unbounded};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::parallel;
use crate::problem::{Certificate, ElasticNet, L1, LogDet, Separable};

/// A minimiser with its certificate.
#[derive(Debug)]
pub struct Solution {
    state: State,
    /// Gap and KKT violation; of the last weighted problem where the penalty is adaptive. Where it is not convex, the KKT
    /// violation is its own, and the gap that of the convex problem that touches it at Theta.
    pub certificate: Certificate,
    /// Sweeps or steps of the component that took most, of all weighted problems together.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// Which algorithms were used.
    pub solver: &'static str,
    /// Number of connected components after screening.
    pub components: usize,
    /// log det Theta - tr(S Theta).
    pub likelihood: f64,
    /// Why the tolerance was not reached.
    pub warning: Option<String>,
}

/// The precision matrix, with what the next solve can start from.
#[derive(Debug)]
enum State {
    Descent(Box<graphical_lasso::Solution>, L1),
    Newton(SparseSymmetric),
    /// A stationary point, and the graphical lasso's solution that it was reached from.
    Local(SparseSymmetric, Box<graphical_lasso::Solution>, L1),
}

impl Solution {
    /// Theta: exactly symmetric, positive definite.
    pub fn theta(&self) -> &SparseSymmetric {
        match &self.state {
            State::Descent(solution, _) => &solution.theta,
            State::Newton(theta) | State::Local(theta, ..) => theta,
        }
    }

    /// A solution of the graphical lasso with its penalty, where there is one.
    fn into_lasso(self) -> Option<(graphical_lasso::Solution, L1)> {
        match self.state {
            State::Descent(solution, lambda) | State::Local(_, solution, lambda) => Some((*solution, lambda)),
            State::Newton(_) => None,
        }
    }
}

/// Minimises -logdet Theta + tr(S Theta) + penalty for given moments and weights `lambda`, starting from `warm`, a
/// solution for another `lambda`. Where the penalty is not convex the solution is a stationary point near that of the
/// graphical lasso with the same `lambda`, whatever `warm` is.
///
/// # Errors
/// A penalty that the algorithm does not take; a problem without a minimum; cancellation; memory.
pub fn solve(
    moments: Moments<'_>,
    lambda: &L1,
    penalty: &Penalty,
    algorithm: Algorithm,
    warm: Option<Solution>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    algorithm.check(Loss::LogDet, penalty)?;
    let l1 = |lambda: &L1, warm: Option<Solution>| match algorithm {
        Algorithm::DualDescent | Algorithm::Reweighting => dual_descent(moments, lambda, warm, settings, ctx),
        Algorithm::ProximalNewton | Algorithm::CoordinateDescent => newton(moments, lambda, warm, settings, ctx),
    };
    match penalty {
        Penalty::L1 => l1(lambda, warm),
        Penalty::ElasticNet { l1_ratio } => newton(moments, &ElasticNet::new(lambda, *l1_ratio)?, warm, settings, ctx),
        Penalty::Adaptive(reweighting) => {
            reweighting.check()?;
            let _held = ctx.reserve_matrices(2, moments.p(), moments.p())?;
            let mut solution = l1(lambda, warm)?;
            for _ in 0..reweighting.steps {
                ctx.check()?;
                let weighted = reweighting.apply(lambda, solution.theta().to_dense().view());
                let earlier = Progress::of(&solution);
                solution = earlier.before(l1(&weighted, Some(solution))?);
            }
            Ok(solution)
        }
        Penalty::Concave { form, steps } => {
            let warm = warm.and_then(Solution::into_lasso);
            let local = match algorithm {
                Algorithm::ProximalNewton => nonconvex::newton(moments, lambda, *form, warm, settings, ctx)?,
                _ => nonconvex::reweighted(moments, lambda, (*form, *steps), warm, settings, ctx)?,
            };
            Ok(Solution::of_local(local, lambda))
        }
    }
}

impl Solution {
    fn of_local(local: Local, lambda: &L1) -> Self {
        Self {
            certificate: local.certificate,
            iterations: local.iterations,
            converged: local.converged,
            solver: local.solver,
            components: local.lasso.components.len(),
            likelihood: local.likelihood,
            warning: local.warning,
            state: State::Local(local.theta, Box::new(local.lasso), lambda.clone()),
        }
    }
}

/// What counts of an earlier solution of a sequence: one that missed the tolerance has made inexact weights.
struct Progress {
    iterations: usize,
    converged: bool,
    warning: Option<String>,
}

impl Progress {
    fn of(solution: &Solution) -> Self {
        Self { iterations: solution.iterations, converged: solution.converged, warning: solution.warning.clone() }
    }

    fn before(self, last: Solution) -> Solution {
        Solution {
            iterations: self.iterations + last.iterations,
            converged: self.converged && last.converged,
            warning: last.warning.or(self.warning),
            ..last
        }
    }
}

fn dual_descent(
    moments: Moments<'_>,
    lambda: &L1,
    warm: Option<Solution>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let solution = match warm.and_then(Solution::into_lasso) {
        Some((solution, old)) => graphical_lasso::solve(moments, lambda, Some((solution, &old)), settings, ctx)?,
        None => graphical_lasso::solve(moments, lambda, None, settings, ctx)?,
    };
    Ok(Solution {
        certificate: solution.certificate,
        iterations: solution.iterations,
        converged: solution.converged,
        solver: solution.solver,
        components: solution.components.len(),
        likelihood: solution.likelihood,
        warning: (!solution.converged).then(|| solution.why_not(settings)),
        state: State::Descent(Box::new(solution), lambda.clone()),
    })
}

/// Solves again at most so often, more closely each time.
const ROUNDS: usize = 4;

/// Proximal Newton, a connected component at a time. Screening is exact for every penalty with an L1 part: Theta
/// without entries between components meets the optimality conditions there, because its inverse has none either.
fn newton<P: Separable>(
    moments: Moments<'_>,
    penalty: &P,
    warm: Option<Solution>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = moments.p();
    let groups = moments.components(penalty.lasso(), ctx)?;
    let mut theta = warm.map(|solution| solution.theta().clone());
    let mut tol = settings.tol;
    let mut iterations = 0;
    let mut round = 1;
    loop {
        let parts = parallel::map(&groups, ctx, |_, group| {
            let s = moments.block(group, ctx)?;
            let _held = ctx.reserve_matrices(4, group.len(), group.len())?;
            let start = theta.as_ref().map(|theta| theta.restrict(group).to_dense());
            let share = group.len() as f64 / p as f64;
            let max_iter = settings.max_iter.saturating_sub(iterations);
            component(s.view(), penalty.restricted(group), start, share, Settings { tol, max_iter }, ctx)
        })?;
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        iterations += parts.iter().map(|part| part.steps).max().unwrap_or(0);
        let blocks = groups.iter().map(Vec::as_slice).zip(parts.iter().map(|part| &part.theta));
        let whole = SparseSymmetric::from_blocks(p, blocks);
        let gap = certificate.relative_gap();
        let converged = gap <= settings.tol;
        // Components meet their share of the tolerance; objectives of opposite sign can make the sum too loose.
        let all_reached = parts.iter().all(|part| part.stop == Stop::Reached);
        if converged || !all_reached || round == ROUNDS {
            let worst = parts.iter().filter(|part| part.stop != Stop::Reached);
            let worst = worst.max_by(|a, b| a.certificate.gap.total_cmp(&b.certificate.gap));
            let why = worst.map_or(Stop::Stalled, |part| part.stop).why();
            let missed = || format!("the relative gap is {gap:.1e}, not {:.1e}: {why}", settings.tol);
            return Ok(Solution {
                state: State::Newton(whole),
                certificate,
                iterations,
                converged,
                solver: "proximal Newton",
                components: groups.len(),
                likelihood: parts.iter().map(|part| part.likelihood).sum(),
                warning: (!converged).then(missed),
            });
        }
        theta = Some(whole);
        tol *= 0.5 * settings.tol / gap;
        round += 1;
    }
}

/// What one component gives.
struct Part {
    theta: SparseSymmetric,
    likelihood: f64,
    certificate: Certificate,
    steps: usize,
    stop: Stop,
}

/// `share` is the component's part of the whole tolerance.
fn component<P: Separable>(
    s: ArrayView2<'_, f64>,
    penalty: P,
    start: Option<Array2<f64>>,
    share: f64,
    settings: Settings,
    ctx: &Context,
) -> Result<Part> {
    let p = s.nrows();
    let leaves_free = penalty.leaves_pairs_free(p);
    let start = if penalty.is_absent(p) {
        inverse(s, ctx)?.ok_or_else(unbounded)?
    } else {
        match start {
            Some(theta) if Cholesky::checked(theta.view(), ctx)?.is_some() => theta,
            _ => proximal_newton::diagonal_start(s, &penalty),
        }
    };
    let allowed = |certificate: &Certificate| 0.5 * settings.tol * certificate.primal.abs().max(share);
    let most = if leaves_free { settings.max_iter.min(ENOUGH) } else { settings.max_iter };
    let Descent { theta, certified, steps, stop } = proximal_newton::descend(s, &penalty, start, allowed, most, ctx)?;
    let certificate = certified.certificate;
    let gave_up = stop != Stop::Exhausted || steps == ENOUGH;
    let may_be_unbounded = leaves_free && (stop == Stop::Runaway || certificate.gap.is_infinite() && gave_up);
    if may_be_unbounded && completion(s, &penalty, ctx)?.is_none() {
        return Err(unbounded());
    }
    let likelihood = -LogDet::new(s).value(theta.view(), certificate.logdet);
    Ok(Part { theta: SparseSymmetric::from_dense(theta.view()), likelihood, certificate, steps, stop })
}

/// Newton steps after which a problem with free pairs and no finite gap has no solution: where there is one, a few do.
const ENOUGH: usize = 100;

#[cfg(test)]
mod tests {
    use super::super::reweighting::Reweighting;
    use super::*;
    use crate::linalg::eigh;
    use crate::problem::certify;

    const SETTINGS: Settings = Settings { tol: 1e-12, max_iter: 200 };

    fn covariance(p: usize) -> Array2<f64> {
        let sign = |i: usize, j: usize| if (i + j).is_multiple_of(3) { -1.0 } else { 1.0 };
        Array2::from_shape_fn((p, p), |(i, j)| {
            if i == j { 1.0 + 0.1 * i as f64 } else { sign(i, j) * 0.5f64.powi(i.abs_diff(j) as i32) }
        })
    }

    fn run(s: &Array2<f64>, lambda: &L1, penalty: Penalty, algorithm: Algorithm) -> Solution {
        solve(Moments::Whole(s.view()), lambda, &penalty, algorithm, None, SETTINGS, &Context::new()).unwrap()
    }

    #[test]
    fn both_algorithms_give_one_solution_and_so_does_a_ratio_of_one() {
        let s = covariance(14);
        let lambda = L1::scalar(0.15, false);
        let reference = run(&s, &lambda, Penalty::L1, Algorithm::DualDescent).theta().to_dense();
        for penalty in [Penalty::L1, Penalty::ElasticNet { l1_ratio: 1.0 }] {
            let solution = run(&s, &lambda, penalty, Algorithm::ProximalNewton);
            assert!(solution.converged && solution.warning.is_none(), "{solution:?}");
            let distance = (&reference - &solution.theta().to_dense()).iter().fold(0.0f64, |most, d| most.max(d.abs()));
            assert!(distance < 1e-6, "{penalty:?}: {distance}");
        }
    }

    #[test]
    fn a_ridge_penalty_on_all_entries_has_the_solution_of_the_eigenvalues() {
        let (s, lambda) = (covariance(9), 0.3f64);
        let (values, vectors) = eigh(s.view(), &Context::new()).unwrap();
        // lambda t^2 + s t - 1 = 0 for every eigenvalue s of S.
        let roots = values.iter().map(|s| 2.0 / (s + (s * s + 4.0 * lambda).sqrt())).collect::<Vec<f64>>();
        let expected = vectors.dot(&Array2::from_diag(&ndarray::Array1::from(roots))).dot(&vectors.t());
        let penalty = Penalty::ElasticNet { l1_ratio: 0.0 };
        let solution = run(&s, &L1::scalar(lambda, true), penalty, Algorithm::ProximalNewton);
        assert!(solution.converged && solution.certificate.kkt < 1e-4, "{solution:?}");
        let distance = (&expected - &solution.theta().to_dense()).iter().fold(0.0f64, |most, d| most.max(d.abs()));
        assert!(distance < 2e-5, "{distance}");
    }

    #[test]
    fn an_elastic_net_with_components_meets_its_own_conditions() {
        let mut s = covariance(12);
        for i in 0..5 {
            for j in 5..12 {
                s[(i, j)] = 0.0;
                s[(j, i)] = 0.0;
            }
        }
        let lambda = L1::scalar(0.2, true);
        let solution = run(&s, &lambda, Penalty::ElasticNet { l1_ratio: 0.4 }, Algorithm::ProximalNewton);
        assert!(solution.components >= 2 && solution.converged, "{solution:?}");
        let penalty = ElasticNet::new(&lambda, 0.4).unwrap();
        let whole = certify(s.view(), &penalty, solution.theta().to_dense().view(), &Context::new())
            .unwrap()
            .unwrap()
            .certificate;
        assert!(whole.kkt < 1e-4 && whole.relative_gap() < 1e-8, "{whole:?}");
        assert!((whole.primal - solution.certificate.primal).abs() < 1e-9);
    }

    #[test]
    fn adaptive_weights_keep_large_entries_and_no_steps_are_the_plain_penalty() {
        let s = covariance(10);
        let lambda = L1::scalar(0.1, false);
        let plain = run(&s, &lambda, Penalty::L1, Algorithm::DualDescent);
        for algorithm in [Algorithm::DualDescent, Algorithm::Reweighting, Algorithm::ProximalNewton] {
            let none = Reweighting { steps: 0, ..Reweighting::default() };
            let same = run(&s, &lambda, Penalty::Adaptive(none), algorithm);
            let distance =
                (&plain.theta().to_dense() - &same.theta().to_dense()).iter().fold(0.0f64, |most, d| most.max(d.abs()));
            assert!(distance < 1e-5, "{algorithm:?}: {distance}");
            let adaptive = run(&s, &lambda, Penalty::Adaptive(Reweighting::default()), algorithm);
            let edges = |solution: &Solution| solution.theta().n_pairs();
            assert!(edges(&adaptive) < edges(&plain), "{algorithm:?}");
        }
    }

    #[test]
    fn a_problem_without_a_minimum_and_a_wrong_pair_are_errors() {
        let singular = Array2::ones((3, 3));
        let call = |penalty, algorithm| {
            let lambda = L1::scalar(0.0, false);
            solve(Moments::Whole(singular.view()), &lambda, &penalty, algorithm, None, SETTINGS, &Context::new())
                .unwrap_err()
        };
        let net = Penalty::ElasticNet { l1_ratio: 0.5 };
        assert!(call(net, Algorithm::ProximalNewton).message().contains("no solution"));
        let error = call(net, Algorithm::DualDescent);
        assert!(error.hint().is_some_and(|hint| hint.contains("proximal_newton")), "{error}");
    }
}
