//! The latent-variable graphical lasso: precision matrices that are sparse plus low rank, of one data set or of several
//! whose sparse parts are coupled.
//!
//! Minimises sum_k w_k (-log det R_k + tr(S_k R_k) + mu_k tr L_k) + P(Theta), where R_k = Theta_k - L_k is positive
//! definite and L_k positive semidefinite. L is eliminated in closed form (`profile.rs`); what is left is a convex
//! function of Theta, minimised by proximal Newton steps (`direction.rs`) whose second derivative knows that L moves
//! along. The first step costs an eigendecomposition a data set; the others follow its leading vectors (`leading.rs`)
//! and decompose again only where the certificate asks for it. Alternating directions decompose in every step
//! (Chandrasekaran, Parrilo, Willsky, Annals of Statistics 40:1935, 2012; Ma, Xue, Zou, Neural Computation 25:2172,
//! 2013).

mod acceleration;
mod bound;
mod direction;
mod leading;
mod profile;
mod strength;

use ndarray::{Array1, Array2, ArrayView2};

use self::acceleration::Steps;
use self::bound::bound;
use self::direction::{Direction, Place};
use self::profile::{Profile, Slope};
use super::Moments;
use super::graphical_lasso::{self, Settings};
use super::proximal_newton::{is_runaway, unbounded};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{matmul, symmetrize};
use crate::parallel;
use crate::problem::{Certificate, JointPenalty};

pub use self::strength::{largest_mu, mu_of_rank};

/// One data set.
#[derive(Debug, Clone, Copy)]
pub struct Set<'a> {
    /// S, p x p.
    pub s: ArrayView2<'a, f64>,
    /// w: how much its likelihood counts.
    pub weight: f64,
    /// The penalty on the trace of its low-rank part, in units of its likelihood; more than 0.
    pub mu: f64,
}

/// What is found for one data set.
#[derive(Debug, Clone)]
pub struct Part {
    /// The sparse part Theta, p x p; zeros are exact.
    pub sparse: Array2<f64>,
    /// F, p x rank, with the low-rank part L = F F'; its columns are orthogonal, the longest first.
    pub loadings: Array2<f64>,
    /// The eigenvalues of L that are not 0, largest first.
    pub eigenvalues: Vec<f64>,
    /// Theta - L, p x p.
    pub precision: Array2<f64>,
    /// log det R.
    pub logdet: f64,
    /// log det R - tr(S R).
    pub likelihood: f64,
}

impl Part {
    /// The rank of the low-rank part.
    pub fn rank(&self) -> usize {
        self.eigenvalues.len()
    }

    /// The low-rank part, p x p.
    ///
    /// # Errors
    /// Cancellation.
    pub fn low_rank(&self, ctx: &Context) -> Result<Array2<f64>> {
        square(&self.loadings, ctx)
    }

    /// The pairs of the sparse part that are not 0.
    pub fn n_pairs(&self) -> usize {
        self.sparse.indexed_iter().filter(|((i, j), value)| i < j && **value != 0.0).count()
    }
}

/// A solution.
#[derive(Debug, Clone)]
pub struct Solution {
    /// One part a data set.
    pub parts: Vec<Part>,
    /// Gap and KKT violation of all together.
    pub certificate: Certificate,
    /// Newton steps.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    why: &'static str,
}

impl Solution {
    /// Why the tolerance was not reached.
    pub fn why_not(&self, settings: Settings) -> String {
        let gap = self.certificate.relative_gap();
        let why = if gap.is_finite() { self.why } else { UNKNOWN };
        format!("the relative gap is {gap:.1e}, not {:.1e}: {why}", settings.tol)
    }

    /// The sparse parts, from which another penalty can start.
    pub fn into_start(self) -> Vec<Array2<f64>> {
        self.parts.into_iter().map(|part| part.sparse).collect()
    }
}

/// Steps in a row at most whose effect is lost in rounding and that do not halve the gap.
const QUIET: usize = 10;

/// The share of the decrease that the model foresees which a step must reach.
const SUFFICIENT: f64 = 1e-3;

const EXHAUSTED: &str = "the steps were used up: a larger max_iter, lambda, mu or tol helps";
const UNKNOWN: &str = "without a penalty on some pairs there may be no minimum; a larger lambda or max_iter helps";
const STALLED: &str = "double precision ends here for so ill-conditioned a problem; a larger lambda, mu or tol helps";

/// Sparse parts with all that is known of them.
struct Point {
    theta: Vec<Array2<f64>>,
    profiles: Vec<Profile>,
    /// The objective.
    value: f64,
}

impl Point {
    /// Whether all low-rank parts are the best ones.
    fn is_exact(&self) -> bool {
        self.profiles.iter().all(Profile::is_exact)
    }
}

/// Solves the problem, from the diagonal or from sparse parts that are positive definite.
///
/// # Errors
/// A problem without a minimum (pairs without a penalty and a singular S); cancellation; memory.
pub fn solve(
    sets: &[Set<'_>],
    penalty: &JointPenalty,
    start: Option<Vec<Array2<f64>>>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = sets.first().map_or(0, |set| set.s.nrows());
    // Points, slopes, a direction, the last steps, a dual point, a decomposition.
    let _held = ctx.reserve_matrices(24 * sets.len(), p, p)?;
    if let [set] = sets
        && rules_out_low_rank(set)
    {
        return without_low_rank(set, penalty, settings, ctx);
    }
    let problem = Problem { sets, penalty, ctx };
    let warm = start.map(|theta| problem.at(theta, None)).transpose()?.flatten();
    let mut point = match warm {
        Some(point) => point,
        None => problem.at(problem.diagonals(), None)?.ok_or_else(out_of_scale)?,
    };
    let mut direction = Direction::new(p, sets.len());
    let mut history = Steps::default();
    let (mut steps, mut quiet, mut last_gap) = (0, 0, f64::INFINITY);
    let (certificate, why) = loop {
        ctx.check()?;
        if point.theta.iter().zip(sets).any(|(theta, set)| is_runaway(set.s, theta)) {
            return Err(unbounded());
        }
        let indices: Vec<usize> = (0..sets.len()).collect();
        let slopes = parallel::map(&indices, ctx, |_, &k| point.profiles[k].slope(&sets[k], ctx))?;
        let place = Place { sets, theta: &point.theta, slopes: &slopes, penalty };
        let logdet = sets.iter().zip(&point.profiles).map(|(set, profile)| set.weight * profile.logdet).sum();
        let Some(certificate) = bound(place, point.value, logdet, ctx)? else {
            point = problem.exact(point)?;
            continue;
        };
        let gap = certificate.relative_gap();
        // Steps whose effect is rounding are still steps as long as some of them halve the gap.
        if gap <= 0.5 * last_gap {
            (quiet, last_gap) = (0, gap);
        }
        if gap <= settings.tol || quiet == QUIET || steps == settings.max_iter {
            break (certificate, if steps == settings.max_iter { EXHAUSTED } else { STALLED });
        }
        steps += 1;
        direction.free(place, ctx)?;
        // The error of a step is about its square: an accuracy of the size of the error is enough.
        direction.minimize(place, gap.sqrt().min(0.1), ctx)?;
        let decrease = direction.decrease(place);
        let noise = 8.0 * f64::EPSILON * point.value.abs().max(1.0);
        if -decrease <= noise {
            quiet += 1;
        }
        match problem.step(&point, &slopes, &direction, Expected { decrease, noise }, &mut history)? {
            Some(next) => point = next,
            None if !point.is_exact() => {
                history = Steps::default();
                point = problem.exact(point)?;
            }
            None => break (certificate, STALLED),
        }
    };
    finish(point, sets, certificate, steps, settings, why, ctx)
}

fn out_of_scale() -> Error {
    Error::numerical("the variances are too different for a precision matrix in double precision")
        .with_hint("bring the columns to a common scale: x.standardize()")
}

/// Whether mu is at least the largest eigenvalue of S, by the sums of its rows: there is then no low-rank part.
fn rules_out_low_rank(set: &Set<'_>) -> bool {
    set.weight == 1.0 && set.s.rows().into_iter().all(|row| row.iter().map(|value| value.abs()).sum::<f64>() <= set.mu)
}

/// The graphical lasso.
fn without_low_rank(set: &Set<'_>, penalty: &JointPenalty, settings: Settings, ctx: &Context) -> Result<Solution> {
    let found = graphical_lasso::solve(Moments::Whole(set.s), penalty.lambda(), None, settings, ctx)?;
    let part = Part {
        sparse: found.theta.to_dense(),
        loadings: Array2::zeros((set.s.nrows(), 0)),
        eigenvalues: Vec::new(),
        precision: found.theta.to_dense(),
        logdet: found.certificate.logdet,
        likelihood: found.likelihood,
    };
    let (certificate, iterations, converged) = (found.certificate, found.iterations, found.converged);
    Ok(Solution { parts: vec![part], certificate, iterations, converged, why: STALLED })
}

/// By how much a whole step changes the objective to first order, and what of it is rounding.
#[derive(Clone, Copy)]
struct Expected {
    decrease: f64,
    noise: f64,
}

/// What is minimised.
#[derive(Clone, Copy)]
struct Problem<'a, 's> {
    sets: &'a [Set<'s>],
    penalty: &'a JointPenalty,
    ctx: &'a Context,
}

impl Problem<'_, '_> {
    /// The objective and its parts at Theta, from those at a nearby Theta where they are given; `None` if one is not
    /// positive definite.
    fn at(&self, theta: Vec<Array2<f64>>, near: Option<&Point>) -> Result<Option<Point>> {
        let one = |k: usize, theta: &Array2<f64>| {
            Profile::of(theta.view(), &self.sets[k], near.map(|point| &point.profiles[k]), self.ctx)
        };
        let profiles = parallel::map(&theta, self.ctx, one)?;
        let Some(profiles) = profiles.into_iter().collect::<Option<Vec<Profile>>>() else { return Ok(None) };
        let losses: f64 = self.sets.iter().zip(&profiles).map(|(set, profile)| set.weight * profile.value).sum();
        let value = losses + self.penalty_of(&theta);
        Ok(value.is_finite().then_some(Point { theta, profiles, value }))
    }

    /// The same point with the best low-rank parts.
    fn exact(&self, point: Point) -> Result<Point> {
        self.at(point.theta, None)?.ok_or_else(|| Error::internal("a matrix is no longer positive definite"))
    }

    fn penalty_of(&self, theta: &[Array2<f64>]) -> f64 {
        let p = theta.first().map_or(0, Array2::nrows);
        let mut numbers = vec![0.0; theta.len()];
        let mut sum = 0.0;
        for j in 0..p {
            for i in 0..=j {
                numbers.iter_mut().zip(theta).for_each(|(number, theta)| *number = theta[(j, i)]);
                let times = if i == j { 1.0 } else { 2.0 };
                sum += times * self.penalty.value(i, j, &numbers);
            }
        }
        sum
    }

    /// A start that is positive definite whatever S is.
    fn diagonals(&self) -> Vec<Array2<f64>> {
        let entry = |set: &Set<'_>, i: usize| 1.0 / (set.s[(i, i)] + self.penalty.lambda().at(i, i) / set.weight);
        let one = |set: &Set<'_>| Array2::from_diag(&Array1::from_shape_fn(set.s.nrows(), |i| entry(set, i)));
        self.sets.iter().map(one).collect()
    }

    /// The next point: a combination of the last steps, or as far along the direction as the objective falls; `None` where it
    /// does not.
    fn step(
        &self,
        point: &Point,
        slopes: &[Slope],
        direction: &Direction,
        expected: Expected,
        history: &mut Steps,
    ) -> Result<Option<Point>> {
        let mut target = point.theta.clone();
        direction.write(&point.theta, 1.0, &mut target);
        history.add(&point.theta, target);
        // Where the effect of a step is rounding, nothing would tell a bad combination.
        if -expected.decrease > expected.noise
            && let Some(theta) = history.combined(self.sets, slopes)
            && let Some(next) = self.at(theta, Some(point))?
            && next.value <= point.value + SUFFICIENT * expected.decrease + expected.noise
        {
            return Ok(Some(next));
        }
        history.forget();
        self.line_search(point, direction, expected)
    }

    /// Armijo's rule by halving; `None` if no step keeps Theta positive definite and the objective from growing.
    fn line_search(&self, point: &Point, direction: &Direction, expected: Expected) -> Result<Option<Point>> {
        let mut length = 1.0;
        for _ in 0..50 {
            self.ctx.check()?;
            let mut theta = point.theta.clone();
            direction.write(&point.theta, length, &mut theta);
            if let Some(next) = self.at(theta, Some(point))?
                && next.value <= point.value + SUFFICIENT * length * expected.decrease + expected.noise
            {
                return Ok(Some(next));
            }
            length *= 0.5;
        }
        Ok(None)
    }
}

/// F F', exactly symmetric.
fn square(factor: &Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
    let mut product = matmul(factor.view(), factor.t(), ctx)?;
    symmetrize(&mut product);
    Ok(product)
}

fn finish(
    point: Point,
    sets: &[Set<'_>],
    certificate: Certificate,
    iterations: usize,
    settings: Settings,
    why: &'static str,
    ctx: &Context,
) -> Result<Solution> {
    let part = |((theta, profile), set): ((Array2<f64>, &Profile), &Set<'_>)| -> Result<Part> {
        let (loadings, eigenvalues) = profile.low_rank(ctx)?;
        let precision = &theta - &square(&loadings, ctx)?;
        let trace: f64 = set.s.iter().zip(precision.iter()).map(|(s, entry)| s * entry).sum();
        let logdet = profile.logdet;
        Ok(Part { sparse: theta, loadings, eigenvalues, precision, logdet, likelihood: logdet - trace })
    };
    let parts = point.theta.into_iter().zip(&point.profiles).zip(sets).map(part).collect::<Result<_>>()?;
    let converged = certificate.relative_gap() <= settings.tol;
    Ok(Solution { parts, certificate, iterations, converged, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{Cholesky, min_eigenvalue};
    use crate::problem::{Coupling, L1};

    /// Two factors over variables in a chain.
    fn covariance(p: usize, shift: usize) -> Array2<f64> {
        let loading = |i: usize, f: usize| 0.6 * (((i + shift) * (2 * f + 3)) as f64).sin();
        Array2::from_shape_fn((p, p), |(i, j)| {
            let shared: f64 = (0..2).map(|f| loading(i, f) * loading(j, f)).sum();
            0.5f64.powi(i.abs_diff(j) as i32) + shared
        })
    }

    #[test]
    fn a_certified_solution_in_few_steps() {
        let (ctx, p) = (Context::new(), 30);
        let s = [covariance(p, 0), covariance(p, 5)];
        for coupling in Coupling::ALL {
            let sets: Vec<Set<'_>> =
                s.iter().zip([0.8, 1.2]).map(|(s, weight)| Set { s: s.view(), weight, mu: 0.5 / weight }).collect();
            let penalty = JointPenalty::new(coupling, L1::scalar(0.08, false), L1::scalar(0.03, false)).unwrap();
            let settings = Settings { tol: 1e-9, max_iter: 200 };
            let found = solve(&sets, &penalty, None, settings, &ctx).unwrap();
            assert!(found.converged && found.iterations < 60, "{coupling:?}: {}", found.why_not(settings));
            assert!(found.parts.iter().all(|part| part.rank() > 0 && part.sparse == part.sparse.t()), "{coupling:?}");
            assert!(found.parts.iter().all(|part| Cholesky::new(part.precision.view()).is_some()));
            assert!(found.parts.iter().any(|part| part.sparse.iter().any(|&entry| entry == 0.0)));
            let again = solve(&sets, &penalty, Some(found.clone().into_start()), settings, &ctx).unwrap();
            assert!(again.iterations <= 1, "a warm start at the solution");
        }
    }

    #[test]
    fn vectors_that_are_followed_lead_to_the_best_low_rank_part() {
        let (ctx, p, mu) = (Context::new(), 100, 0.8);
        let s = [covariance(p, 0)];
        let penalty = JointPenalty::new(Coupling::Group, L1::scalar(0.08, false), L1::scalar(0.0, false)).unwrap();
        let settings = Settings { tol: 1e-8, max_iter: 100 };
        let found = solve(&[Set { s: s[0].view(), weight: 1.0, mu }], &penalty, None, settings, &ctx).unwrap();
        assert!(found.converged && found.iterations < 30, "{}", found.why_not(settings));
        assert_eq!(found.parts[0].rank(), 2);
        let mut slack = Cholesky::new(found.parts[0].precision.view()).unwrap().inverse() - &s[0];
        slack.diag_mut().mapv_inplace(|value| value + mu);
        let least = min_eigenvalue(slack.view(), &ctx).unwrap();
        assert!(least.abs() < 1e-6, "{least}");
    }
}
