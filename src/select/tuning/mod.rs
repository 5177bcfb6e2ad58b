//! Tuning penalties by hypergradients: one number, one for each pair of groups, or one for each pair of variables
//! (Pouliquen, Goncalves, Massias, Vayer, 2023, with corrected formulas: see `solver/implicit.rs`).

mod descent;
mod history;
mod problem;
mod scalar;
mod tie;

use ndarray::ArrayView2;

use crate::context::Context;
use crate::data::{Matrix, number};
use crate::error::{Error, Result};
use crate::problem::L1;
use crate::solver::graphical_lasso::Settings;
use crate::solver::{Moments, Penalty};

pub use descent::Limits;
pub use history::{Stage, Step, table};
pub use problem::Fold;
use problem::{Point, Walker};
use scalar::{End, root};
use tie::Layout;
pub use tie::Tie;

/// From where many penalties are tuned; a single one starts its search there.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Start {
    /// The best single penalty, which is found first.
    #[default]
    Scalar,
    /// This number for all pairs.
    Number(f64),
    /// These penalties, p x p.
    Matrix(Matrix),
}

/// What is tuned, on what, and until when.
#[derive(Debug)]
pub struct Tuner<'a> {
    /// The inner problems; the criterion is the mean over them.
    pub folds: &'a [Fold<'a>],
    /// Which penalties are one number.
    pub tie: &'a Tie,
    /// Factors of the penalties, p x p.
    pub weights: Option<ArrayView2<'a, f64>>,
    /// Whether the diagonal is penalised, and its penalties tuned.
    pub penalize_diagonal: bool,
    /// [`Penalty::L1`] or [`Penalty::ElasticNet`].
    pub penalty: Penalty,
    /// Tolerance of the inner problems.
    pub settings: Settings,
    /// When a descent ends.
    pub limits: Limits,
    /// The true precision matrix, for the error in the history.
    pub truth: Option<&'a Matrix>,
}

/// What a tuning gives.
#[derive(Debug, Clone)]
pub struct Tuned {
    /// The penalties.
    pub penalty: L1,
    /// The single one, where one was tuned.
    pub lambda: Option<f64>,
    /// The criterion.
    pub value: f64,
    /// The same on samples that neither fit nor tune, but choose the step of a descent.
    pub untouched: Option<f64>,
    /// How it went.
    pub steps: Vec<Step>,
    /// Which of the steps was taken.
    pub position: usize,
    /// Inner problems solved, all folds together one.
    pub solves: usize,
    /// What the user should know.
    pub warnings: Vec<String>,
}

static SCALAR: Tie = Tie::Scalar;

impl<'a> Tuner<'a> {
    /// Tunes.
    ///
    /// # Errors
    /// A start whose graph is empty; data without a correlated pair; an adaptive penalty; those of the inner problems and
    /// of the criterion; limits of the context.
    pub fn run(&self, start: &Start, ctx: &Context) -> Result<Tuned> {
        if let Penalty::Adaptive(_) | Penalty::Concave { .. } = self.penalty {
            let name = self.penalty.name();
            return Err(Error::option(format!("penalty \"{name}\" weighs itself: it has no hypergradient"))
                .with_hint("tune the penalties \"l1\" or \"elastic_net\""));
        }
        let walker = Walker::new(self.folds, self.layout(&SCALAR), (self.penalty, self.settings), self.truth);
        match (self.tie, start) {
            (Tie::Scalar, Start::Matrix(_)) => {
                Err(Error::option("start: one penalty is tuned from a number, not from a matrix"))
            }
            (Tie::Scalar, Start::Number(lambda)) => self.single(walker, Some(*lambda), ctx),
            (Tie::Scalar, Start::Scalar) => self.single(walker, None, ctx),
            (_, Start::Scalar) => self.several_from_single(walker, ctx),
            (_, Start::Number(lambda)) => self.several(walker, &|_, _| *lambda, Vec::new(), ctx),
            (_, Start::Matrix(lambda)) => self.several(walker, &|i, j| lambda.view()[(i, j)], Vec::new(), ctx),
        }
    }

    fn p(&self) -> usize {
        self.folds.first().map_or(0, |fold| fold.s.nrows())
    }

    fn layout(&self, tie: &'a Tie) -> Layout<'a> {
        Layout { tie, weights: self.weights, penalize_diagonal: self.penalize_diagonal, p: self.p() }
    }

    /// The smallest penalty that empties the graphs of all folds.
    fn largest(&self, ctx: &Context) -> Result<f64> {
        let each = self.folds.iter().map(|fold| Moments::Whole(fold.s).largest(self.weights, ctx));
        let largest = each.collect::<Result<Vec<_>>>()?.into_iter().fold(0.0, f64::max);
        if largest > 0.0 {
            // An elastic net has a smaller L1 part.
            let ratio = if let Penalty::ElasticNet { l1_ratio } = self.penalty { l1_ratio.max(1e-3) } else { 1.0 };
            return Ok(largest / ratio);
        }
        Err(Error::data("no pair of variables that may have an edge is correlated: there is no penalty to tune")
            .with_hint("give lambda as a number"))
    }

    fn single(&self, mut walker: Walker<'a>, start: Option<f64>, ctx: &Context) -> Result<Tuned> {
        let found = root(&mut walker, self.largest(ctx)?, start, ctx)?;
        let position = found.steps.iter().position(|step| step.value == found.best.value).unwrap_or(0);
        let mut tuned = self.tuned(&walker, &found.best, found.steps, position)?;
        tuned.warnings.extend(found.end.map(told));
        Ok(tuned)
    }

    fn several_from_single(&self, mut walker: Walker<'a>, ctx: &Context) -> Result<Tuned> {
        let found = root(&mut walker, self.largest(ctx)?, None, ctx)?;
        if found.best.edges == 0.0 {
            let position = found.steps.iter().position(|step| step.value == found.best.value).unwrap_or(0);
            let mut tuned = self.tuned(&walker, &found.best, found.steps, position)?;
            tuned.warnings.push(
                "no edge predicts the tuning data: the best single lambda empties the graph, and where the graph is \
                 empty penalties of pairs cannot be tuned"
                    .into(),
            );
            return Ok(tuned);
        }
        let lambda = found.best.alpha[0].exp();
        self.several(walker, &|_, _| lambda, found.steps, ctx)
    }

    /// Many penalties from a start, after the steps that led there.
    fn several(
        &self,
        walker: Walker<'a>,
        start: &dyn Fn(usize, usize) -> f64,
        earlier: Vec<Step>,
        ctx: &Context,
    ) -> Result<Tuned> {
        let _held = ctx.reserve_matrices(24, self.p(), self.p())?;
        let layout = self.layout(self.tie);
        let alpha = layout.parameters(start)?;
        let mut walker = walker.with_layout(layout);
        let stage = if let Tie::Blocks(_) = self.tie { Stage::Block } else { Stage::Matrix };
        let found = descent::descend(&mut walker, alpha, stage, self.limits, ctx)?;
        if found.steps[0].edges == 0.0 {
            return Err(Error::option(
                "start: the graph is empty there, and where the precision matrix is 0 the hypergradient is 0: no \
                 penalty would move",
            )
            .with_hint(format!(
                "leave start out, which starts from the best single lambda, or give one well below {}",
                number(self.largest(ctx)?)
            )));
        }
        let before = earlier.len();
        let parting = parting(&found.steps, found.position);
        let steps = earlier.into_iter().chain(found.steps).collect();
        let mut tuned = self.tuned(&walker, &found.best, steps, before + found.position)?;
        tuned.warnings.extend(parting);
        Ok(tuned)
    }

    fn tuned(&self, walker: &Walker<'_>, best: &Point, steps: Vec<Step>, position: usize) -> Result<Tuned> {
        let missed = walker.unconverged;
        let warning = (missed > 0)
            .then(|| format!("{missed} of the problems solved on the way did not converge: raise max_iter, or tol"));
        let is_single = best.alpha.len() == 1 && *walker.layout.tie == Tie::Scalar;
        Ok(Tuned {
            penalty: walker.layout.penalty(&best.alpha)?,
            lambda: is_single.then(|| best.alpha[0].exp()),
            value: best.value,
            untouched: best.untouched,
            steps,
            position,
            solves: walker.solves,
            warnings: warning.into_iter().collect(),
        })
    }
}

/// What to know about a single penalty at an end of the range.
fn told(end: End) -> String {
    match end {
        End::Largest => "the largest lambda that was tried was best: no edge predicts the tuning data",
        End::Smallest => {
            "the smallest lambda that was tried was best: the tuning data are described best by hardly any penalty"
        }
    }
    .into()
}

/// Criteria whose relative difference is smaller are the same.
const SAME: f64 = 1e-5;

/// What the criterion on untouched samples says about the descent.
fn parting(steps: &[Step], position: usize) -> Option<String> {
    let (first, best, last) = (steps.first()?, steps.get(position)?, steps.last()?);
    let Some((start, end)) = first.untouched.zip(last.untouched) else {
        return Some(
            "there are no untouched samples to judge the penalties by: the criterion on the tuning data falls however \
             well they fit; compare `fit.criterion` with that of a single lambda on other data"
                .into(),
        );
    };
    let differ = |a: f64, b: f64| (a - b).abs() > SAME * a.abs().max(1.0);
    if !differ(first.value, last.value) {
        return None;
    }
    if position + 1 < steps.len() && differ(best.value, last.value) {
        return Some(format!(
            "stopped early: after step {position} of {} the criterion fell on the tuning data, from {} to {}, but not on \
             untouched samples, from {} to {}",
            steps.len() - 1,
            number(best.value),
            number(last.value),
            number(best.untouched.unwrap_or(f64::NAN)),
            number(end)
        ));
    }
    let (tuned, untouched) = (first.value - last.value, start - end);
    (untouched < 0.5 * tuned).then(|| {
        format!(
            "the criterion fell by {} on the tuning data and by {} on untouched samples: half of the gain is none",
            number(tuned),
            number(untouched)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::criterion::HeldOut;
    use super::*;
    use ndarray::Array2;

    fn covariance(p: usize, bend: f64) -> Array2<f64> {
        Array2::from_shape_fn((p, p), |(i, j)| {
            let mix = 0.03 * bend * ((i * 3 + j * 3 + i * j) as f64).sin();
            if i == j { 1.0 + 0.1 * i as f64 } else { 0.6f64.powi(i.abs_diff(j) as i32) + mix }
        })
    }

    fn run<'a>(folds: &'a [Fold<'a>], tie: &'a Tie, penalize_diagonal: bool, penalty: Penalty) -> Tuned {
        let tuner = Tuner {
            folds,
            tie,
            weights: None,
            penalize_diagonal,
            penalty,
            settings: Settings { tol: 1e-11, max_iter: 500 },
            limits: Limits { steps: 15, patience: 5 },
            truth: None,
        };
        tuner.run(&Start::Scalar, &Context::new()).unwrap()
    }

    #[test]
    fn more_penalties_lower_the_criterion_of_one_and_no_step_raises_it() {
        let (train, test) = (covariance(9, 1.0), HeldOut { s: covariance(9, -1.0) });
        let folds = [Fold { s: train.view(), objective: &test, untouched: None }];
        let blocks = Tie::Blocks(vec![0, 0, 0, 0, 1, 1, 1, 1, 1]);
        for penalize in [false, true] {
            for penalty in [Penalty::L1, Penalty::ElasticNet { l1_ratio: 0.7 }] {
                let scalar = run(&folds, &Tie::Scalar, penalize, penalty);
                let block = run(&folds, &blocks, penalize, penalty);
                let matrix = run(&folds, &Tie::Matrix, penalize, penalty);
                assert!(scalar.lambda.is_some() && matrix.lambda.is_none());
                assert!(block.value <= scalar.value + 1e-9 && matrix.value < scalar.value, "{penalize} {penalty:?}");
                let descent = matrix.steps.iter().filter(|step| step.stage == Stage::Matrix);
                let values: Vec<f64> = descent.map(|step| step.value).collect();
                assert!(values.windows(2).all(|pair| pair[1] <= pair[0]), "{values:?}");
            }
        }
    }

    #[test]
    fn an_empty_start_and_a_parting_are_told() {
        let (train, test) = (covariance(5, 1.0), HeldOut { s: covariance(5, -1.0) });
        let folds = [Fold { s: train.view(), objective: &test, untouched: None }];
        let tuner = Tuner {
            folds: &folds,
            tie: &Tie::Matrix,
            weights: None,
            penalize_diagonal: true,
            penalty: Penalty::L1,
            settings: Settings { tol: 1e-9, max_iter: 100 },
            limits: Limits { steps: 3, patience: 3 },
            truth: None,
        };
        let error = tuner.run(&Start::Number(5.0), &Context::new()).unwrap_err();
        assert!(error.message().contains("graph is empty") && error.hint().is_some(), "{error}");
        let step = |value: f64, untouched: f64| Step {
            stage: Stage::Matrix,
            lambda: 0.1,
            value,
            untouched: Some(untouched),
            edges: 1.0,
            error: None,
        };
        let steps = [step(3.0, 3.1), step(2.0, 2.5), step(1.0, 2.6)];
        assert!(parting(&steps, 1).unwrap().starts_with("stopped early: after step 1 of 2"));
        assert!(parting(&steps[..2], 1).is_none());
        // Nothing has moved: there is nothing to tell.
        assert!(parting(&[step(3.0, 3.1), step(3.0 - 1e-6, 3.2)], 0).is_none());
    }
}
