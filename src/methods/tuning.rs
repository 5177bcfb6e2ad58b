//! The graphical lasso with penalties that are tuned by hypergradients: `lambda: "tune"`.

use ndarray::Array2;

use super::graphical_lasso::{GraphicalLasso, RECORD};
use super::penalties::check_matches;
use super::setters::setters;
pub use super::tuning_data::TuningCriterion;
use super::tuning_data::{Given, Shares, check_truth};
pub(super) use super::tuning_options::{OPTIONS, TUNE, refuse};
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::{Convention, Estimate, Fit, Input};
use crate::problem::L1;
use crate::select::criterion::{Function, OfFunction};
use crate::select::tuning::{Fold, Limits, Stage, Start, Step, Tie, Tuned, Tuner, table};
use crate::solver::Penalty;
use crate::value::Value;

/// What scripts write for `lambda`.
pub const TUNE_WORD: &str = TUNE;

/// Whether an option says how penalties are tuned.
pub fn is_option(name: &str) -> bool {
    OPTIONS.iter().any(|opt| opt.name == name)
}

/// p x p matrices that an inner problem keeps: three second moments, the last solution, and of the points that a line search
/// compares inverse, precision matrix and gradient.
const MATRICES: usize = 12;

/// A graphical lasso whose penalties are tuned.
///
/// ```
/// use sinew::methods::{graphical_lasso::GraphicalLasso, tuning::Tuning};
/// use sinew::{Context, Matrix};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64 + 0.1 * ((i * j) % 7) as f64);
/// let fit = Tuning::of(GraphicalLasso::new()).fit(&x, &Context::new().with_seed(1))?;
/// assert!(fit.added("criterion")?.as_number().is_some());
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    pub(super) model: GraphicalLasso,
    pub(super) shape: Stage,
    /// The group of every variable, by name.
    pub(super) groups: Option<Vec<String>>,
    pub(super) criterion: TuningCriterion,
    pub(super) validation: Option<Matrix>,
    pub(super) test: Option<Matrix>,
    pub(super) truth: Option<Matrix>,
    pub(super) start: Start,
    pub(super) shares: Shares,
    pub(super) limits: Limits,
}

impl Tuning {
    /// One penalty of this graphical lasso, tuned on a quarter of the rows.
    pub fn of(model: GraphicalLasso) -> Self {
        Self {
            model,
            shape: Stage::Scalar,
            groups: None,
            criterion: TuningCriterion::HeldOut,
            validation: None,
            test: None,
            truth: None,
            start: Start::Scalar,
            shares: Shares { held_out: 0.25, untouched: 0.25 },
            limits: Limits { steps: 50, patience: 5 },
        }
    }

    /// A penalty for each pair of groups; the group of every variable.
    #[must_use]
    pub fn blocks(mut self, groups: Vec<String>) -> Self {
        (self.shape, self.groups) = (Stage::Block, Some(groups));
        self
    }

    /// A penalty for each pair of variables.
    #[must_use]
    pub fn matrix(mut self) -> Self {
        (self.shape, self.groups) = (Stage::Matrix, None);
        self
    }

    setters! {
        /// What is minimised.
        criterion: TuningCriterion => criterion;
        /// Data to tune on, or a covariance where the input is one.
        validation: Matrix => validation = Some;
        /// Data, or a covariance where the input is one, that judge the steps of a descent and do nothing else.
        test: Matrix => test = Some;
        /// The penalties to start from.
        start: Start => start;
        /// When a descent ends.
        limits: Limits => limits;
        /// The true precision matrix, for the error in the history.
        truth: Matrix => truth = Some;
    }

    /// Shares of the rows to tune on, and to do nothing but judge the steps of a descent.
    #[must_use]
    pub fn shares(mut self, held_out: f64, untouched: f64) -> Self {
        self.shares = Shares { held_out, untouched };
        self
    }

    /// Tunes and fits, data n x p. Without `validation` the fit at the end is one of all rows.
    ///
    /// # Errors
    /// Data or options that cannot be used, too few samples to split, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// The same of data or a covariance matrix.
    ///
    /// # Errors
    /// As [`Tuning::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.run(input, None, ctx)
    }

    /// The same by a criterion that is a function of the precision matrix: its value and its gradient, p x p with
    /// dC = sum over all i, j of G_ij dTheta_ij. The gradient is held against a finite difference once.
    ///
    /// # Errors
    /// As [`Tuning::fit`]; a gradient that is not that of the value; what the function reports.
    pub fn fit_by(&self, input: &Input, f: Function<'_>, ctx: &Context) -> Result<Fit> {
        self.run(input, Some(OfFunction::new(f, input.names())), ctx)
    }

    fn run(&self, input: &Input, f: Option<OfFunction<'_>>, ctx: &Context) -> Result<Fit> {
        self.check(input)?;
        let word = if f.is_some() { "function" } else { self.criterion.name() };
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded(input, word), ctx);
        let _held = ctx.reserve_matrices(self.problems(input).saturating_mul(MATRICES), input.p(), input.p())?;
        let given = Given {
            criterion: self.criterion,
            validation: self.validation.as_ref(),
            test: self.test.as_ref(),
            shares: self.shares,
        };
        let data = given.data(input, f, ctx)?;
        let folds: Vec<Fold<'_>> = (data.parts.iter())
            .map(|part| Fold {
                s: part.s.view(),
                objective: part.objective.as_ref(),
                untouched: part.untouched.as_ref().map(|untouched| untouched.as_ref()),
            })
            .collect();
        let tie = self.tie(input.p())?;
        let tuner = Tuner {
            folds: &folds,
            tie: &tie,
            weights: self.model.weights.as_ref().map(Matrix::view),
            penalize_diagonal: self.model.penalize_diagonal,
            penalty: Penalty::L1,
            settings: self.model.settings(),
            limits: self.limits,
            truth: self.truth.as_ref(),
        };
        let tuned = tuner.run(&self.start, ctx)?;
        tuned.warnings.iter().for_each(|warning| builder.warn(warning.clone()));
        let lambda = match tuned.lambda {
            Some(lambda) => Value::Float(lambda),
            None => penalties(&tuned.penalty, input).into(),
        };
        let (builder, theta) = self.model.solve_into(builder, input, (&tuned.penalty, lambda), ctx)?;
        builder
            .selection(selection(&tuned, word, data.refit))
            .add("criterion", tuned.value.into())
            .add("untouched", tuned.untouched.into())
            .add("history", table(&tuned.steps)?.into())
            .finish(Estimate::precision(theta, input.names()), ctx)
    }

    /// How many inner problems there are; more folds than samples are refused later.
    fn problems(&self, input: &Input) -> usize {
        match self.criterion {
            TuningCriterion::CrossValidation { folds } => folds.min(input.n().unwrap_or(1)).max(1),
            _ => 1,
        }
    }

    fn check(&self, input: &Input) -> Result<()> {
        self.model.check()?;
        if self.model.convention != Convention::Sinew {
            return Err(Error::option("lambda: \"tune\" knows the convention \"sinew\" alone")
                .with_hint("cor: \"pearson\", penalize_diagonal: true is the problem of \"huge\" for complete data"));
        }
        if let Some(weights) = &self.model.weights {
            check_matches(weights, input, "weights")?;
        }
        if let Start::Matrix(start) = &self.start {
            check_matches(start, input, "start")?;
        }
        if let Some(truth) = &self.truth {
            check_truth(truth, input)?;
        }
        if let TuningCriterion::CrossValidation { folds: folds @ 0..2 } = self.criterion {
            return Err(Error::option(format!("cross-validation needs two folds at least, not {folds}")));
        }
        let is_share = |share: f64| (0.0..1.0).contains(&share);
        let Shares { held_out, untouched } = self.shares;
        if !(is_share(held_out) && is_share(untouched) && held_out > 0.0 && held_out + untouched < 1.0) {
            return Err(Error::option(format!(
                "held_out and untouched are shares of the rows that leave some to fit, not {held_out} and {untouched}"
            )));
        }
        if self.groups.is_some() != (self.shape == Stage::Block) {
            return Err(match self.shape {
                Stage::Block => Error::option("penalty: \"block\" needs groups, the group of every variable")
                    .with_hint("groups: [\"a\", \"a\", \"b\"], or penalty: \"matrix\""),
                _ => Error::option("option 'groups' goes with penalty: \"block\""),
            });
        }
        Ok(())
    }

    fn tie(&self, p: usize) -> Result<Tie> {
        Ok(match (self.shape, &self.groups) {
            (Stage::Block, Some(groups)) if groups.len() == p => Tie::Blocks(numbered(groups)),
            (Stage::Block, groups) => {
                let count = groups.as_ref().map_or(0, Vec::len);
                return Err(Error::option(format!("groups has {count} entries, there are {p} variables")));
            }
            (Stage::Matrix, _) => Tie::Matrix,
            (Stage::Scalar, _) => Tie::Scalar,
        })
    }

    fn recorded(&self, input: &Input, word: &str) -> Vec<(String, Value)> {
        let mut options: Vec<(&str, Value)> = vec![
            ("lambda", TUNE.into()),
            ("penalty", self.shape.name().into()),
            ("criterion", word.into()),
            ("steps", self.limits.steps.into()),
            ("patience", self.limits.patience.into()),
            ("held_out", self.shares.held_out.into()),
            ("untouched", self.shares.untouched.into()),
        ];
        match self.criterion {
            TuningCriterion::CrossValidation { folds } => options.push(("folds", folds.into())),
            TuningCriterion::Ebic { gamma } => options.push(("gamma", gamma.into())),
            TuningCriterion::HeldOut | TuningCriterion::Reconstruction => {}
        }
        if let Some(groups) = &self.groups {
            options.push(("groups", Value::List(groups.iter().map(|group| group.as_str().into()).collect())));
        }
        let named = options.into_iter().map(|(name, value)| (name.to_string(), value));
        named.chain(self.model.recorded_beside_lambda(input)).collect()
    }
}

/// Numbers of groups, in order of their first variable.
fn numbered(groups: &[String]) -> Vec<usize> {
    let mut known: Vec<&String> = Vec::new();
    let mut numbers = Vec::with_capacity(groups.len());
    for group in groups {
        let place = known.iter().position(|other| *other == group).unwrap_or(known.len());
        if place == known.len() {
            known.push(group);
        }
        numbers.push(place);
    }
    numbers
}

/// Lambda as a matrix about the variables.
fn penalties(penalty: &L1, input: &Input) -> Matrix {
    let p = input.p();
    Matrix::square(Array2::from_shape_fn((p, p), |(i, j)| penalty.at(i, j)), input.names())
}

/// How the penalties were chosen, with the curve of single ones where there is one.
fn selection(tuned: &Tuned, word: &str, refit: bool) -> Value {
    let mut curve: Vec<&Step> = tuned.steps.iter().filter(|step| step.stage == Stage::Scalar).collect();
    curve.sort_by(|a, b| b.lambda.total_cmp(&a.lambda));
    let numbers = |f: &dyn Fn(&Step) -> f64| Vector::from(curve.iter().map(|step| f(step)).collect::<Vec<f64>>());
    let mut entries: Vec<(&str, Value)> = vec![
        ("rule", TUNE.into()),
        ("criterion", word.into()),
        ("value", tuned.value.into()),
        ("untouched", tuned.untouched.into()),
        ("step", tuned.position.into()),
        ("solves", tuned.solves.into()),
        ("refit", refit.into()),
    ];
    if !curve.is_empty() {
        entries.push(("lambdas", numbers(&|step| step.lambda).into()));
        entries.push(("values", numbers(&|step| step.value).into()));
    }
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

/// A graphical lasso with `lambda: "tune"` and a criterion that is a function, as a script calls it: data, options, function.
///
/// # Errors
/// As [`Tuning::fit_by`]; an option that is unknown or does not fit.
pub fn fit_by_function(args: &[Value], given: &[(String, Value)], f: Function<'_>, ctx: &Context) -> Result<Fit> {
    let (input, options, ctx) = RECORD.prepared(args, given, ctx)?;
    if options.text("lambda") != Some(TUNE) {
        return Err(Error::option("option 'criterion' of graphical_lasso goes with lambda: \"tune\""));
    }
    Tuning::from_options(&options, true)?.fit_by(&input, f, &ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_numbered_by_their_first_variable() {
        let groups: Vec<String> = ["b", "a", "b", "c"].map(String::from).to_vec();
        assert_eq!(numbered(&groups), [0, 1, 0, 2]);
    }
}
