//! One evaluation of a tuning: the inner problems solved, the criterion, and by one adjoint solve each the gradient.

use std::sync::Mutex;

use ndarray::{Array2, ArrayView2};

use super::super::criterion::{Candidate, Objective};
use super::tie::Layout;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::parallel;
use crate::solver::graphical_lasso::Settings;
use crate::solver::penalized::{Solution, solve};
use crate::solver::{Algorithm, Implicit, Moments, Penalty};

/// One inner problem: what is fitted, and what its solution is held against.
#[derive(Clone, Copy)]
pub struct Fold<'a> {
    /// The covariance of the samples that are fitted, p x p.
    pub s: ArrayView2<'a, f64>,
    /// What the penalties are tuned by.
    pub objective: &'a dyn Objective,
    /// The same on samples that neither fit nor tune, but choose the step of a descent.
    pub untouched: Option<&'a dyn Objective>,
}

impl std::fmt::Debug for Fold<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fold").field("p", &self.s.nrows()).finish_non_exhaustive()
    }
}

/// The residual of adjoint equations that a descent needs.
const TOL: f64 = 1e-5;

/// Where a tuning has been, with what the next evaluation starts from.
pub(super) struct Walker<'a> {
    pub folds: &'a [Fold<'a>],
    pub layout: Layout<'a>,
    pub penalty: Penalty,
    pub settings: Settings,
    pub truth: Option<&'a Matrix>,
    warm: Vec<Option<Solution>>,
    adjoints: Vec<Option<SparseSymmetric>>,
    /// Inner problems solved, all folds together one.
    pub solves: usize,
    /// Of these, how many missed the tolerance.
    pub unconverged: usize,
}

/// One evaluation.
pub(super) struct Point {
    pub alpha: Vec<f64>,
    /// The mean over folds.
    pub value: f64,
    pub untouched: Option<f64>,
    /// The mean number of edges.
    pub edges: f64,
    /// The mean relative error, where the truth is known.
    pub error: Option<f64>,
    parts: Vec<Part>,
}

/// One fold of it.
struct Part {
    theta: SparseSymmetric,
    implicit: Implicit,
    gradient: Array2<f64>,
}

/// What one fold counts for a point.
#[derive(Default)]
struct Sums {
    value: f64,
    untouched: f64,
    edges: usize,
    error: f64,
}

impl<'a> Walker<'a> {
    pub fn new(
        folds: &'a [Fold<'a>],
        layout: Layout<'a>,
        (penalty, settings): (Penalty, Settings),
        truth: Option<&'a Matrix>,
    ) -> Self {
        let (warm, adjoints) = (folds.iter().map(|_| None).collect(), folds.iter().map(|_| None).collect());
        Self { folds, layout, penalty, settings, truth, warm, adjoints, solves: 0, unconverged: 0 }
    }

    /// The same place with other ties, from where the next evaluation starts.
    pub fn with_layout(self, layout: Layout<'a>) -> Self {
        Self { layout, ..self }
    }

    /// Whether a criterion may have many minima.
    pub fn is_rough(&self) -> bool {
        self.folds.iter().any(|fold| fold.objective.is_rough())
    }

    /// The share of the L1 part of the penalty.
    fn ratio(&self) -> f64 {
        match self.penalty {
            Penalty::ElasticNet { l1_ratio } => l1_ratio,
            Penalty::L1 | Penalty::Adaptive(_) | Penalty::Concave { .. } => 1.0,
        }
    }

    /// The criterion at these parameters.
    ///
    /// # Errors
    /// Those of the solver and of the criterion; limits of the context.
    pub fn at(&mut self, alpha: Vec<f64>, ctx: &Context) -> Result<Point> {
        let lambda = self.layout.penalty(&alpha)?;
        let moments: Vec<Moments<'_>> = self.folds.iter().map(|fold| Moments::Whole(fold.s)).collect();
        let warm: Vec<Mutex<Option<Solution>>> = self.warm.drain(..).map(Mutex::new).collect();
        let (penalty, settings, ratio) = (&self.penalty, self.settings, self.ratio());
        let algorithm = Algorithm::for_penalty(penalty);
        let solved = parallel::map(&moments, ctx, |fold, moments| {
            let inner = parallel::within(ctx, warm.len(), fold).with_progress(None);
            let start = warm[fold].lock().ok().and_then(|mut warm| warm.take());
            let solution = solve(*moments, &lambda, penalty, algorithm, start, settings, &inner)?;
            let bend = |i: usize, j: usize| if ratio < 1.0 { (1.0 - ratio) * lambda.at(i, j) } else { 0.0 };
            let implicit = Implicit::new(solution.theta(), bend, &inner)?;
            Ok::<_, Error>((solution, implicit))
        })?;
        self.solves += 1;
        let mut sums = Sums::default();
        let mut parts = Vec::with_capacity(solved.len());
        let folds = self.folds;
        for (fold, (solution, implicit)) in folds.iter().zip(solved) {
            self.unconverged += usize::from(!solution.converged);
            parts.push(self.judge(fold, solution.theta().clone(), implicit, &mut sums, ctx)?);
            self.warm.push(Some(solution));
        }
        let count = parts.len() as f64;
        Ok(Point {
            alpha,
            value: sums.value / count,
            untouched: self.folds.iter().all(|fold| fold.untouched.is_some()).then_some(sums.untouched / count),
            edges: sums.edges as f64 / count,
            error: self.truth.map(|_| sums.error / count),
            parts,
        })
    }

    /// What the criteria say about one solution.
    fn judge(
        &self,
        fold: &Fold<'_>,
        theta: SparseSymmetric,
        implicit: Implicit,
        sums: &mut Sums,
        ctx: &Context,
    ) -> Result<Part> {
        let inverse = implicit.inverse(ctx)?;
        let at = Candidate { theta: &theta, logdet: implicit.logdet(), inverse: inverse.view() };
        let (value, gradient) = fold.objective.evaluate(&at, ctx)?;
        if !value.is_finite() {
            return Err(Error::numerical(format!("the criterion is {value}")));
        }
        sums.value += value;
        sums.edges += theta.n_pairs();
        if let Some(untouched) = fold.untouched {
            sums.untouched += untouched.evaluate(&at, ctx)?.0;
        }
        if let Some(truth) = self.truth {
            sums.error += relative_error(&theta, truth);
        }
        Ok(Part { theta, implicit, gradient })
    }

    /// dC/dalpha at a point: one adjoint solve a fold, started from the one before.
    ///
    /// # Errors
    /// A gradient of the criterion that is not finite; limits of the context.
    pub fn slope(&mut self, point: &Point, ctx: &Context) -> Result<Vec<f64>> {
        let adjoints = &self.adjoints;
        let solved = parallel::map(&point.parts, ctx, |fold, part| {
            let g = part.gradient.view();
            part.implicit.solve(|i, j| g[(i, j)], adjoints[fold].as_ref(), TOL, ctx)
        })?;
        let mut gradient = vec![0.0; self.layout.count()];
        let (ratio, share) = (self.ratio(), 1.0 / point.parts.len() as f64);
        for (part, solved) in point.parts.iter().zip(&solved) {
            self.layout.add_gradient(&point.alpha, &part.theta, &solved.u, (ratio, share), &mut gradient);
        }
        self.adjoints = solved.into_iter().map(|solved| Some(solved.u)).collect();
        match gradient.iter().all(|value| value.is_finite()) {
            true => Ok(gradient),
            false => Err(Error::numerical("the hypergradient is not finite: the problem is too ill-conditioned")
                .with_hint("standardise the columns, or start from a larger lambda")),
        }
    }
}

/// |Theta - truth| / |truth|, Frobenius norms.
fn relative_error(theta: &SparseSymmetric, truth: &Matrix) -> f64 {
    let size = truth.as_slice().iter().map(|value| value * value).sum::<f64>();
    let dense = theta.to_dense();
    let apart = dense.iter().zip(truth.as_slice()).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    (apart / size).sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::super::criterion::HeldOut;
    use super::super::tie::Tie;
    use super::*;

    fn covariance(p: usize, bend: f64) -> Array2<f64> {
        Array2::from_shape_fn((p, p), |(i, j)| {
            let mix = 0.05 * bend * ((i + j + i * j) as f64).cos();
            if i == j { 1.0 } else { 0.5f64.powi(i.abs_diff(j) as i32) + mix }
        })
    }

    #[test]
    fn slopes_of_every_tie_are_finite_differences() {
        let ctx = Context::new();
        // No edge of theirs comes or goes within the steps.
        let (a, b, test) = (covariance(6, 0.7), covariance(6, 0.3), HeldOut { s: covariance(6, -1.0) });
        let folds = [&a, &b].map(|s| Fold { s: s.view(), objective: &test, untouched: None });
        let mut weights = Array2::from_shape_fn((6, 6), |(i, j)| 1.0 + 0.1 * (i + j) as f64);
        (weights[(0, 1)], weights[(1, 0)]) = (0.0, 0.0);
        (weights[(2, 5)], weights[(5, 2)]) = (f64::INFINITY, f64::INFINITY);
        let settings = Settings { tol: 1e-13, max_iter: 2000 };
        let ties = [Tie::Scalar, Tie::Blocks(vec![0, 1, 0, 2, 1, 0]), Tie::Matrix];
        for tie in &ties {
            for penalty in [Penalty::L1, Penalty::ElasticNet { l1_ratio: 0.6 }] {
                for penalize_diagonal in [false, true] {
                    let layout = Layout { tie, weights: Some(weights.view()), penalize_diagonal, p: 6 };
                    let mut walker = Walker::new(&folds, layout, (penalty, settings), None);
                    let alpha = layout.parameters(|_, _| 0.05).unwrap();
                    let here = walker.at(alpha.clone(), &ctx).unwrap();
                    let slope = walker.slope(&here, &ctx).unwrap();
                    let size = slope.iter().fold(0.0f64, |most, value| most.max(value.abs()));
                    for k in 0..alpha.len() {
                        let mut moved = |step: f64| {
                            let mut alpha = alpha.clone();
                            alpha[k] += step;
                            walker.at(alpha, &ctx).unwrap().value
                        };
                        let found = (moved(1e-3) - moved(-1e-3)) / 2e-3;
                        let place = format!("{tie:?} {penalty:?} {penalize_diagonal} {k}");
                        assert!((found - slope[k]).abs() < 2e-3 * size, "{place}: {found} {}", slope[k]);
                    }
                }
            }
        }
    }
}
