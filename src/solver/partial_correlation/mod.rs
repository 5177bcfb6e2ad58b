//! The partial correlation graphical lasso: a precision matrix Theta = D Delta D with a unit diagonal of Delta, whose
//! partial correlations -Delta_ij are penalised.
//!
//! Carter, Rossell, Smith, Scandinavian Journal of Statistics 51:52 (2024); Bogdan, Chojecki, Hejny, Kolodziejek, Wallin
//! (2026). With correlations R and a weight c of the logarithms of the diagonal it minimises
//!
//! f(Delta, d) = -logdet Delta - 2 c sum log d_i + sum_ij d_i d_j R_ij Delta_ij + sum_{i != j} Lambda_ij |Delta_ij|,
//!
//! which is convex in Delta and in d, not in both. A solution is a point at which neither can be improved.
//!
//! Screening. At every such point d_i^2 = c + (Delta^-1)_ii - 1 + sum_j Lambda_ij |Delta_ij| >= c, so that a pair without an
//! entry across two parts of Delta has c |R_ij| <= d_i d_j |R_ij| <= Lambda_ij. Variables with c |R_ij| > Lambda_ij are
//! therefore in one component of every solution: they are solved together. When all are solved, pairs of two components
//! with d_i d_j |R_ij| > Lambda_ij put these together, from where they stand; where there are none, the parts are a
//! solution of the whole.

mod component;
mod descent;
mod optimality;

use ndarray::ArrayView2;

use super::graphical_lasso::Settings;
use crate::context::Context;
use crate::error::Result;
use crate::graph::analysis::UnionFind;
use crate::linalg::{SparseSymmetric, eigh, is_clearly_definite};
use crate::parallel;
use crate::problem::{Certificate, L1};

use component::Part;

/// What is minimised.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// R, p x p with a unit diagonal, in row order.
    pub correlations: ArrayView2<'a, f64>,
    /// Lambda; its diagonal does not count.
    pub penalty: &'a L1,
    /// c > 0.
    pub weight: f64,
}

/// A point at which neither Delta nor the scales can be improved, with its certificate.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Delta: symmetric, positive definite, with a unit diagonal. Its other entries are the negative partial
    /// correlations.
    pub delta: SparseSymmetric,
    /// d: the square roots of the diagonal of Theta, for variables with variance 1.
    pub scales: Vec<f64>,
    /// Objective, duality gap in Delta for these scales, largest violation of the conditions of Delta and d; logdet is
    /// that of Delta.
    pub certificate: Certificate,
    /// Sweeps of the component that took most.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// The connected components after screening, largest first.
    pub components: Vec<Vec<usize>>,
    /// Why the tolerance was not reached.
    pub why: Option<&'static str>,
}

/// A pair across components is within its bound up to rounding.
const ROUNDING: f64 = 1.0 + 1e-12;

impl Problem<'_> {
    fn p(&self) -> usize {
        self.correlations.nrows()
    }

    /// The point that is a solution where no pair has an entry.
    fn empty(&self) -> (SparseSymmetric, Vec<f64>) {
        let p = self.p();
        (SparseSymmetric::from_upper(vec![1.0; p], &[]), vec![self.weight.sqrt(); p])
    }

    /// Variables that the parts so far or a pair too strong for its penalty put together, largest component first.
    fn components(&self, parts: &[Vec<usize>], products: impl Fn(usize, usize) -> f64) -> Vec<Vec<usize>> {
        let mut union = UnionFind::new(self.p());
        for part in parts {
            part.windows(2).for_each(|pair| {
                union.join(pair[0], pair[1]);
            });
        }
        for (j, row) in self.correlations.rows().into_iter().enumerate() {
            let bounds = self.penalty.row(j);
            for (i, r) in row.iter().enumerate().take(j) {
                if products(i, j) * r.abs() > bounds.at(i) {
                    union.join(i, j);
                }
            }
        }
        union.groups()
    }
}

/// Minimises f from `warm`, a solution for another penalty, or from the empty graph.
///
/// # Errors
/// A problem without a minimum; cancellation; memory.
pub fn solve(problem: Problem<'_>, warm: Option<&Solution>, settings: Settings, ctx: &Context) -> Result<Solution> {
    let (mut delta, mut scales) = match warm {
        Some(solution) => (solution.delta.clone(), solution.scales.clone()),
        None => problem.empty(),
    };
    let mut groups = problem.components(&[], |_, _| problem.weight);
    let mut known: Vec<(Vec<usize>, Part)> = Vec::new();
    let (mut tol, mut iterations) = (settings.tol, 0);
    loop {
        let left = Settings { tol, max_iter: settings.max_iter };
        let parts = solve_groups(problem, &groups, &mut known, (&delta, scales.as_slice()), left, ctx)?;
        for (group, part) in groups.iter().zip(&parts) {
            group.iter().zip(&part.scales).for_each(|(&i, &scale)| scales[i] = scale);
        }
        delta = SparseSymmetric::from_blocks(
            problem.p(),
            groups.iter().map(Vec::as_slice).zip(parts.iter().map(|part| &part.delta)),
        );
        iterations = parts.iter().map(|part| part.iterations).fold(iterations, usize::max);
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        let why = parts.iter().find_map(|part| part.why);
        let together = problem.components(&groups, |i, j| (scales[i] * scales[j]).max(problem.weight) / ROUNDING);
        if together.len() < groups.len() {
            known = groups.into_iter().zip(parts).collect();
            groups = together;
            continue;
        }
        let gap = certificate.relative_gap();
        // Components meet their share of the tolerance; objectives of opposite sign can make the sum too loose.
        if why.is_none() && gap > settings.tol && tol > 1e-3 * settings.tol && groups.len() > 1 {
            tol *= 0.5 * settings.tol / gap;
            known.clear();
            continue;
        }
        let converged = gap <= settings.tol && why.is_none();
        return Ok(Solution { delta, scales, certificate, iterations, converged, components: groups, why });
    }
}

/// The parts of all components, of which those that are known are not solved again.
fn solve_groups(
    problem: Problem<'_>,
    groups: &[Vec<usize>],
    known: &mut Vec<(Vec<usize>, Part)>,
    start: (&SparseSymmetric, &[f64]),
    settings: Settings,
    ctx: &Context,
) -> Result<Vec<Part>> {
    let p = problem.p();
    let mut found: Vec<Option<Part>> = groups.iter().map(|_| None).collect();
    let mut place = vec![usize::MAX; p];
    groups.iter().enumerate().for_each(|(index, group)| place[group[0]] = index);
    for (group, part) in known.drain(..) {
        let index = place[group[0]];
        if groups.get(index).is_some_and(|own| *own == group) {
            found[index] = Some(part);
        }
    }
    let open: Vec<usize> = (0..groups.len()).filter(|&index| found[index].is_none()).collect();
    let solved = parallel::map(&open, ctx, |_, &index| {
        let group = &groups[index];
        let scales: Vec<f64> = group.iter().map(|&i| start.1[i]).collect();
        let share = group.len() as f64 / p as f64;
        component::solve(problem, group, (start.0.restrict(group), scales), share, settings, ctx)
    })?;
    open.iter().zip(solved).for_each(|(&index, part)| found[index] = Some(part));
    Ok(found.into_iter().flatten().collect())
}

/// The weight c for which the problem has a solution whatever the penalty: 1 for positive definite correlations, else
/// 0.9 times their rank over the number of variables.
///
/// # Errors
/// Cancellation; memory.
pub fn default_weight(correlations: ArrayView2<'_, f64>, ctx: &Context) -> Result<f64> {
    let p = correlations.nrows();
    let _held = ctx.reserve_matrices(2, p, p)?;
    if is_clearly_definite(correlations, &vec![1.0; p], 1e-4, ctx)? {
        return Ok(1.0);
    }
    let (values, _) = eigh(correlations, ctx)?;
    let largest = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    let rank = values.iter().filter(|value| **value > p as f64 * f64::EPSILON * largest).count();
    Ok(if rank == p { 1.0 } else { 0.9 * rank as f64 / p as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    const SETTINGS: Settings = Settings { tol: 1e-11, max_iter: 1000 };

    /// Correlations that fall along a line, with a few signs turned.
    fn chain(p: usize, r: f64) -> Array2<f64> {
        let sign = |i: usize| if i.is_multiple_of(3) { -1.0 } else { 1.0 };
        Array2::from_shape_fn((p, p), |(i, j)| sign(i) * sign(j) * r.powi(i.abs_diff(j) as i32))
    }

    fn run(r: &Array2<f64>, lambda: f64, weight: f64) -> Solution {
        let penalty = L1::scalar(lambda, false);
        solve(Problem { correlations: r.view(), penalty: &penalty, weight }, None, SETTINGS, &Context::new()).unwrap()
    }

    #[test]
    fn a_pair_has_its_solution_in_closed_form() {
        // With d_1 = d_2 = d and rho = -Delta_12: 1 / (1 - rho^2) rho = r d^2 - lambda, d^2 (1 - r rho) = c.
        let (r, lambda, weight) = (0.6, 0.1, 0.8);
        let solution = run(&chain(2, r).mapv(f64::abs), lambda, weight);
        let (rho, square) = (-solution.delta.at(0, 1), solution.scales[0] * solution.scales[0]);
        assert!(rho > 0.0 && (square * (1.0 - r * rho) - weight).abs() < 1e-9, "{solution:?}");
        assert!((rho / (1.0 - rho * rho) - (r * square - lambda)).abs() < 1e-6, "{solution:?}");
    }

    #[test]
    fn components_are_put_together_until_no_pair_is_too_strong() {
        let p = 12;
        let mut r = Array2::eye(p);
        for (block, strength) in [(0, 0.8), (6, 0.8)] {
            for i in block..block + 6 {
                for j in block..block + 6 {
                    r[(i, j)] = if i == j { 1.0 } else { strength };
                }
            }
        }
        // Below the penalty, and above it when the scales have grown.
        r[(2, 8)] = 0.1;
        r[(8, 2)] = 0.1;
        let penalty = L1::scalar(0.12, false);
        let problem = Problem { correlations: r.view(), penalty: &penalty, weight: 1.0 };
        assert_eq!(problem.components(&[], |_, _| 1.0).len(), 2);
        let solution = solve(problem, None, SETTINGS, &Context::new()).unwrap();
        assert!(solution.converged && solution.components.len() == 1, "{solution:?}");
        let certificate =
            optimality::certify(r.view(), &penalty, 1.0, &solution.delta, &solution.scales, &Context::new())
                .unwrap()
                .unwrap();
        assert!(certificate.kkt < 1e-4 && certificate.relative_gap() < 1e-9, "{certificate:?}");
    }

    #[test]
    fn the_weight_of_singular_correlations_is_below_one() {
        let ctx = Context::new();
        assert_eq!(default_weight(chain(8, 0.5).view(), &ctx).unwrap(), 1.0);
        let singular = Array2::from_shape_fn((4, 4), |(i, j)| if i / 2 == j / 2 { 1.0 } else { 0.0 });
        assert!((default_weight(singular.view(), &ctx).unwrap() - 0.45).abs() < 1e-12);
    }

    #[test]
    fn a_common_factor_and_a_warm_start() {
        let r =
            Array2::from_shape_fn((40, 40), |(i, j)| if i == j { 1.0 } else { 0.7 + 0.01 * ((i * j) as f64).sin() });
        let cold = run(&r, 0.05, 1.0);
        assert!(cold.converged && cold.certificate.kkt < 1e-4, "{:?}", cold.certificate);
        let before = run(&r, 0.2, 1.0);
        let penalty = L1::scalar(0.05, false);
        let problem = Problem { correlations: r.view(), penalty: &penalty, weight: 1.0 };
        let warm = solve(problem, Some(&before), SETTINGS, &Context::new()).unwrap();
        assert!((warm.certificate.primal - cold.certificate.primal).abs() < 1e-7, "{warm:?}");
    }
}
