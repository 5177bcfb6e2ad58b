//! CONCORD: a pseudo-likelihood of all variables given the others, whose unknown is one symmetric matrix.
//!
//! minimise F(Omega) = -sum_i log omega_ii + 1/2 tr(Omega S Omega) + sum_ij P_ij(omega_ij)
//!
//! over symmetric Omega (Khare, Oh, Rajaratnam, JRSS B 77:803, 2015), by coordinate descent over the entries that may be
//! non-zero, and Newton's method on those that are not zero where that is slow. With A = (S Omega + Omega S) / 2 the dual value of a t from 0 to 1 with |t A_ij| in the domain of P* is
//! -t^2/2 tr(Omega S Omega) - sum_i f_i*(-t A_ii) - sum_{i != j} P*_ij(t A_ij), where f_i is -log and the penalty.

mod descent;
mod newton;
mod scan;

use ndarray::{Array2, ArrayView2};

use super::Moments;
use super::graphical_lasso::Settings;
use super::proximal_newton::{inverse, unbounded};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::problem::{Certificate, Separable};
use descent::Active;
use scan::Scan;

/// A minimiser with its certificate.
#[derive(Debug)]
pub struct Solution {
    /// Omega: exactly symmetric with a positive diagonal, not always positive definite. Its diagonal has the units of
    /// one over a standard deviation.
    pub omega: SparseSymmetric,
    /// `primal` and `gap` are of F; `kkt` is the largest violation of a condition over the mean of the two variables'
    /// standard deviations, which is its unit. The gap is infinite where a pair without a penalty is not exactly optimal.
    /// `logdet` is 0.
    pub certificate: Certificate,
    /// -sum_i log(r_i) - p with r_i the variance that the regression of variable i by row i of Omega leaves: twice the
    /// profiled pseudo-likelihood of one sample, but for a constant.
    pub pseudo_likelihood: f64,
    /// Passes over the entries that may be non-zero; a step of conjugate gradients counts as one.
    pub iterations: usize,
    /// Whether `certificate.kkt` is within the tolerance.
    pub converged: bool,
    /// Why it is not.
    pub warning: Option<String>,
}

impl Solution {
    /// Theta = D Omega D with D_ii = sqrt(omega_ii): the precision matrix that Omega stands for, in the units of one. It
    /// has the partial correlations of Omega, and is positive definite where Omega is.
    pub fn precision(&self) -> SparseSymmetric {
        precision_of(&self.omega)
    }
}

/// Theta = D Omega D with D_ii = sqrt(omega_ii).
pub fn precision_of(omega: &SparseSymmetric) -> SparseSymmetric {
    let roots: Vec<f64> = omega.diagonal().iter().map(|value| value.sqrt()).collect();
    scaled(omega, &roots)
}

/// The Omega that stands for this Theta.
pub fn omega_of(precision: &SparseSymmetric) -> SparseSymmetric {
    let roots: Vec<f64> = precision.diagonal().iter().map(|value| value.sqrt().sqrt().recip()).collect();
    scaled(precision, &roots)
}

/// D A D for a diagonal D.
fn scaled(matrix: &SparseSymmetric, factors: &[f64]) -> SparseSymmetric {
    let diagonal = matrix.diagonal().iter().zip(factors).map(|(value, factor)| value * factor * factor).collect();
    let upper: Vec<(u32, u32, f64)> =
        matrix.pairs().map(|(i, j, value)| (i as u32, j as u32, value * factors[i] * factors[j])).collect();
    SparseSymmetric::from_upper(diagonal, &upper)
}

/// Rounds without a smaller violation after which rounding is what is left.
const PATIENCE: usize = 8;
/// Passes between two looks at all pairs, at most.
const PASSES: usize = 200;
/// A variable whose others leave less than this of its standard deviation is determined by them.
const DETERMINED: f64 = 1e-7;

/// Minimises F, starting from `warm`, an Omega for another penalty. `settings.tol` bounds the violation of the optimality
/// conditions (see [`Solution::certificate`]), `settings.max_iter` the passes over the entries that may be non-zero.
///
/// # Errors
/// A problem without a minimum: pairs without a penalty and an S that is singular on them; cancellation; memory.
pub fn solve<P: Separable>(
    moments: Moments<'_>,
    penalty: &P,
    warm: Option<&SparseSymmetric>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = moments.p();
    // S of data, S Omega and its transpose, and what is put together from blocks.
    let _held = ctx.reserve_matrices(5, p, p)?;
    let all: Vec<usize> = (0..p).collect();
    let s = moments.block(&all, ctx)?;
    let problem = Problem::new(s.view(), penalty)?;
    let mut omega = problem.start(s.view(), warm, ctx)?;
    check_numbers(&omega)?;
    let leaves_free = penalty.leaves_pairs_free(p);
    let (mut passes, mut least, mut waited) = (0, f64::INFINITY, 0);
    loop {
        let scan = Scan::of(&problem, &omega, 0.1 * settings.tol, ctx)?;
        waited = if scan.kkt < least { 0 } else { waited + 1 };
        least = least.min(scan.kkt);
        if scan.kkt <= settings.tol || passes >= settings.max_iter || waited >= PATIENCE {
            return Ok(problem.solution(omega, &scan, passes, settings));
        }
        let tol = (0.05 * scan.kkt).max(0.1 * settings.tol).max(4.0 * f64::EPSILON);
        let mut active = Active::new(&problem, omega.diagonal().to_vec(), &scan.pairs);
        passes += active.descend(tol, PASSES.min(settings.max_iter - passes), ctx)?;
        omega = active.matrix();
        check_numbers(&omega)?;
        if leaves_free && problem.is_determined(&omega) {
            return Err(unbounded());
        }
    }
}

/// The smallest lambda for which lambda x weights leaves Omega diagonal; the weights are 1 where none are given, and the
/// diagonal is penalised by its own where `penalize_diagonal`.
///
/// # Errors
/// Weights so small that no number is large enough; cancellation.
pub fn largest(
    s: ArrayView2<'_, f64>,
    weights: Option<ArrayView2<'_, f64>>,
    penalize_diagonal: bool,
    ctx: &Context,
) -> Result<f64> {
    let weight = |i: usize, j: usize| weights.as_ref().map_or(1.0, |weights| weights[(i, j)]);
    // The largest violation of a diagonal Omega for this lambda, over the weights.
    let needed = |lambda: f64| -> Result<f64> {
        ctx.check()?;
        let own = |i: usize| if penalize_diagonal { lambda * weight(i, i) } else { 0.0 };
        let diagonal: Vec<f64> = (0..s.nrows()).map(|i| positive_root(s[(i, i)], own(i))).collect();
        let mut most = 0.0f64;
        for (j, row) in s.rows().into_iter().enumerate() {
            for (i, value) in row.iter().take(j).enumerate() {
                let weight = weight(i, j);
                // A free entry is in every graph, a forbidden one in none.
                if weight > 0.0 && weight.is_finite() {
                    most = most.max(0.5 * value.abs() * (diagonal[i] + diagonal[j]) / weight);
                }
            }
        }
        Ok(most)
    };
    let mut high = needed(0.0)?;
    if !high.is_finite() {
        return Err(Error::option("weights are too small: no lambda is large enough to empty the graph")
            .with_hint("only lambda x weights counts: multiply all weights by the same large number"));
    }
    if penalize_diagonal && high > 0.0 {
        let mut low = 0.0;
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if needed(middle)? > middle { low = middle } else { high = middle }
        }
    }
    // Rounding must not let the penalty fall below what empties the graph.
    Ok(high * (1.0 + 8.0 * f64::EPSILON))
}

/// Steps of the bisection for the largest penalty.
const HALVINGS: usize = 40;

/// What is minimised.
#[derive(Debug)]
struct Problem<'a, P> {
    /// S, row by row.
    s: &'a [f64],
    p: usize,
    deviations: Vec<f64>,
    penalty: &'a P,
}

impl<'a, P: Separable> Problem<'a, P> {
    fn new(s: ArrayView2<'a, f64>, penalty: &'a P) -> Result<Self> {
        let deviations = s.diag().iter().map(|variance| variance.sqrt()).collect();
        let p = s.nrows();
        let s = s.to_slice().ok_or_else(|| Error::internal("the covariance is not contiguous"))?;
        Ok(Self { s, p, deviations, penalty })
    }

    #[inline]
    fn row(&self, i: usize) -> &'a [f64] {
        &self.s[i * self.p..(i + 1) * self.p]
    }

    /// The unit of the condition of entry (i, j).
    #[inline]
    fn unit(&self, i: usize, j: usize) -> f64 {
        0.5 * (self.deviations[i] + self.deviations[j])
    }

    /// The omega_jj that is optimal where the off-diagonal part of (S Omega)_jj is `slope`.
    #[inline]
    fn best_diagonal(&self, j: usize, slope: f64) -> f64 {
        let (lasso, curvature) = (self.penalty.lasso().at(j, j), self.penalty.curvature(j, j));
        positive_root(self.row(j)[j] + curvature, slope + lasso)
    }

    /// `warm` without its forbidden entries; the solution for large penalties; or, where nothing is penalised, what the
    /// inverse of S says.
    fn start(&self, s: ArrayView2<'_, f64>, warm: Option<&SparseSymmetric>, ctx: &Context) -> Result<SparseSymmetric> {
        let nothing_holds = self.penalty.is_absent(self.p);
        let inverse = if nothing_holds { Some(inverse(s, ctx)?.ok_or_else(unbounded)?) } else { None };
        if let Some(omega) = warm.filter(|omega| omega.p() == self.p) {
            let is_allowed = |&(i, j, _): &(usize, usize, f64)| self.penalty.lasso().at(i, j).is_finite();
            let kept = omega.pairs().filter(is_allowed).map(|(i, j, value)| (i as u32, j as u32, value));
            return Ok(SparseSymmetric::from_upper(omega.diagonal().to_vec(), &kept.collect::<Vec<_>>()));
        }
        match inverse {
            Some(theta) => Ok(omega_of(&SparseSymmetric::from_dense(symmetric(theta).view()))),
            None => {
                let diagonal = (0..self.p).map(|j| self.best_diagonal(j, 0.0)).collect();
                Ok(SparseSymmetric::from_upper(diagonal, &[]))
            }
        }
    }

    /// Whether the other variables determine some variable, so far as double precision can tell.
    fn is_determined(&self, omega: &SparseSymmetric) -> bool {
        omega.diagonal().iter().zip(&self.deviations).any(|(value, deviation)| value * deviation > 1.0 / DETERMINED)
    }

    fn solution(&self, omega: SparseSymmetric, scan: &Scan, passes: usize, settings: Settings) -> Solution {
        let converged = scan.kkt <= settings.tol;
        let why = match passes >= settings.max_iter {
            true => "the passes were used up; allow more with max_iter, or raise lambda",
            false => "double precision ends here for so ill-conditioned a problem; a larger lambda helps",
        };
        let warning = (!converged)
            .then(|| format!("the largest KKT violation is {:.1e}, not {:.1e}: {why}", scan.kkt, settings.tol));
        Solution {
            certificate: scan.certificate(self, &omega),
            pseudo_likelihood: scan.pseudo_likelihood(&omega),
            omega,
            iterations: passes,
            converged,
            warning,
        }
    }
}

/// Fails where the numbers of Omega have left double precision.
fn check_numbers(omega: &SparseSymmetric) -> Result<()> {
    if omega.diagonal().iter().all(|value| value.is_finite() && *value > 0.0) {
        return Ok(());
    }
    Err(Error::numerical("the numbers of Omega leave double precision")
        .with_hint("standardize the data, or give the diagonal a smaller penalty"))
}

/// A matrix that is symmetric but for rounding, made so.
fn symmetric(mut matrix: Array2<f64>) -> Array2<f64> {
    crate::linalg::symmetrize(&mut matrix);
    matrix
}

/// The x > 0 that minimises -log x + slope x + quadratic/2 x^2.
#[inline]
fn positive_root(quadratic: f64, slope: f64) -> f64 {
    let root = slope.hypot(2.0 * quadratic.sqrt());
    if slope >= 0.0 { 2.0 / (slope + root) } else { 0.5 * (root - slope) / quadratic }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{ElasticNet, L1};

    const SETTINGS: Settings = Settings { tol: 1e-11, max_iter: 10_000 };

    /// Second moments of p + 6 samples, and a fifth on the diagonal.
    fn covariance(p: usize) -> Array2<f64> {
        let x = Array2::from_shape_fn((p + 6, p), |(k, i)| (0.7 * (i * i + 3 * k * k + i * k) as f64).sin());
        x.t().dot(&x) / (p + 6) as f64 + Array2::<f64>::eye(p) * 0.2
    }

    fn run<P: Separable>(s: &Array2<f64>, penalty: &P) -> Solution {
        solve(Moments::Whole(s.view()), penalty, None, SETTINGS, &Context::new()).unwrap()
    }

    /// The largest violation, from the definitions alone.
    fn violation<P: Separable>(s: &Array2<f64>, penalty: &P, omega: &Array2<f64>) -> f64 {
        let (left, right) = (s.dot(omega), omega.dot(s));
        let mut most = 0.0f64;
        for ((i, j), &value) in omega.indexed_iter() {
            let log = if i == j { 1.0 / value } else { 0.0 };
            let gradient = 0.5 * (left[(i, j)] + right[(i, j)]) - log;
            most = most.max(penalty.violation(i, j, value, gradient));
        }
        most
    }

    #[test]
    fn every_penalty_meets_its_conditions_with_a_small_gap() {
        let s = covariance(13);
        let lasso = L1::scalar(0.15, true);
        let net = ElasticNet::new(&L1::scalar(0.2, false), 0.4).unwrap();
        let ridge = ElasticNet::new(&L1::scalar(0.2, true), 0.0).unwrap();
        let plain = L1::scalar(0.1, false);
        for (solution, kkt) in [
            (run(&s, &lasso), violation(&s, &lasso, &run(&s, &lasso).omega.to_dense())),
            (run(&s, &net), violation(&s, &net, &run(&s, &net).omega.to_dense())),
            (run(&s, &ridge), violation(&s, &ridge, &run(&s, &ridge).omega.to_dense())),
            (run(&s, &plain), violation(&s, &plain, &run(&s, &plain).omega.to_dense())),
        ] {
            assert!(solution.converged && solution.warning.is_none(), "{solution:?}");
            assert!(kkt < 1e-10 && solution.certificate.relative_gap() < 1e-8, "{kkt} {:?}", solution.certificate);
        }
        assert!(run(&s, &plain).omega.n_pairs() < 13 * 6);
    }

    #[test]
    fn a_poor_point_has_a_gap_no_smaller_than_what_is_missing() {
        let s = covariance(10);
        let penalty = L1::scalar(0.1, false);
        let best = run(&s, &penalty).certificate.primal;
        for max_iter in [1, 2, 3] {
            let settings = Settings { max_iter, ..SETTINGS };
            let poor = solve(Moments::Whole(s.view()), &penalty, None, settings, &Context::new()).unwrap();
            let missing = poor.certificate.primal - best;
            assert!(!poor.converged && missing > 0.0 && poor.certificate.gap >= missing, "{poor:?} {best}");
        }
    }

    #[test]
    fn a_common_factor_needs_no_thousands_of_passes() {
        let load = |i: usize| 1.0 + 0.5 * (1.7 * (i * i) as f64).sin();
        let other = |i: usize, j: usize| 0.01 * (((i + 1) * (j + 1)) as f64).cos();
        let s =
            Array2::from_shape_fn((30, 30), |(i, j)| load(i) * load(j) + other(i, j)) + Array2::<f64>::eye(30) * 0.1;
        let penalty = L1::scalar(0.02, false);
        let solution = run(&s, &penalty);
        assert!(solution.converged && violation(&s, &penalty, &solution.omega.to_dense()) < 1e-10, "{solution:?}");
        // Coordinate steps alone take 2300 to a tolerance of 1e-9.
        assert!(solution.iterations < 1000, "{}", solution.iterations);
    }

    #[test]
    fn one_variable_and_no_penalty_at_all() {
        let alone = Array2::from_elem((1, 1), 4.0);
        let solution = run(&alone, &L1::scalar(0.3, false));
        assert!(solution.converged && (solution.omega.diagonal()[0] - 0.5).abs() < 1e-12, "{solution:?}");
        let s = covariance(6);
        let free = run(&s, &L1::scalar(0.0, false));
        assert!(free.converged && violation(&s, &L1::scalar(0.0, false), &free.omega.to_dense()) < 1e-9, "{free:?}");
        let singular = Array2::ones((3, 3));
        let free = L1::scalar(0.0, false);
        let error = solve(Moments::Whole(singular.view()), &free, None, SETTINGS, &Context::new()).unwrap_err();
        assert!(error.message().contains("no solution"), "{error}");
    }

    #[test]
    fn the_largest_penalty_is_where_the_graph_empties() {
        let (s, ctx) = (covariance(8), Context::new());
        for penalize_diagonal in [false, true] {
            let most = largest(s.view(), None, penalize_diagonal, &ctx).unwrap();
            let edges = |lambda: f64| run(&s, &L1::scalar(lambda, penalize_diagonal)).omega.n_pairs();
            assert_eq!((edges(most), edges(0.999 * most)), (0, 1), "{penalize_diagonal}");
        }
    }

    #[test]
    fn units_of_the_whole_change_nothing_but_units() {
        let s = covariance(9);
        let plain = run(&s, &L1::scalar(0.2, false));
        for unit in [1e-100, 1e-3, 1e100] {
            let other = run(&s.mapv(|value| value * unit * unit), &L1::scalar(0.2 * unit, false));
            let back = other.precision().to_dense() * (unit * unit) - plain.precision().to_dense();
            assert!(other.converged && back.iter().all(|value| value.abs() < 1e-9), "{unit}: {back}");
        }
    }

    #[test]
    fn omega_comes_back_from_its_precision() {
        let omega = run(&covariance(7), &L1::scalar(0.1, false)).omega;
        let back = omega_of(&precision_of(&omega)).to_dense() - omega.to_dense();
        assert!(back.iter().all(|value| value.abs() < 1e-14), "{back}");
    }
}
