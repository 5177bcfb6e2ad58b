//! The graphical lasso with penalties that are tuned by hypergradients: `lambda: "tune"`.

use ndarray::Array2;

use super::graphical_lasso::{GraphicalLasso, RECORD};
use super::penalties::{check_matches, refuse_grid};
pub use super::tuning_data::TuningCriterion;
use super::tuning_data::{Given, Shares, check_truth, groups};
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::model::{Convention, Estimate, Fit, Input};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::problem::L1;
use crate::select::criterion::{Function, OfFunction};
use crate::select::tuning::{Fold, Limits, Stage, Start, Step, Tie, Tuned, Tuner, table};
use crate::solver::Penalty;
use crate::value::Value;

/// The word for `lambda`.
pub(super) const TUNE: &str = "tune";

/// What a tuning can be told.
pub(super) const OPTIONS: &[Opt] = &[
    Opt::new(
        "penalty",
        &[Kind::Choice(Stage::NAMES)],
        Preset::Text("scalar"),
        "With \"tune\": one lambda, one for each pair of `groups` (\"block\"), or one for each pair (\"matrix\")",
    ),
    Opt::new(
        "criterion",
        &[Kind::Choice(TuningCriterion::NAMES)],
        Preset::Text("holdout"),
        "With \"tune\": what is minimised; in scripts also a function, |theta| #{ value, gradient }",
    ),
    Opt::new(
        "validation",
        &[Kind::Object("Matrix")],
        Preset::Unset("a share of the rows"),
        "With \"tune\": data to tune on, a covariance where the input is one",
    ),
    Opt::new(
        "test",
        &[Kind::Object("Matrix")],
        Preset::Unset("a share of the rows"),
        "With \"tune\": untouched data, which stop a descent early; a covariance where the input is one",
    ),
    Opt::new(
        "held_out",
        &[Kind::Number(Range::OPEN_UNIT)],
        Preset::Number(0.25),
        "With \"tune\": share of the rows to tune on, where there is no `validation`",
    ),
    Opt::new(
        "untouched",
        &[Kind::Number(Range::NON_NEGATIVE.below(1.0))],
        Preset::Number(0.25),
        "With \"tune\": share of the rows that only judge, where there is neither `validation` nor `test`",
    ),
    Opt::new(
        "groups",
        &[Kind::List],
        Preset::Unset("none"),
        "With \"block\": the group of every variable, a name or number",
    ),
    Opt::new(
        "start",
        &[Kind::Number(Range::POSITIVE), Kind::Object("Matrix")],
        Preset::Unset("the best single lambda"),
        "With \"tune\": the penalties to start from",
    ),
    Opt::new("steps", &[Kind::Count(1)], Preset::Count(50), "With \"tune\": steps of a descent at most"),
    Opt::new(
        "patience",
        &[Kind::Count(1)],
        Preset::Count(5),
        "With \"tune\": steps without a gain on untouched data after which a descent stops",
    ),
    Opt::new(
        "truth",
        &[Kind::Object("Matrix")],
        Preset::Unset("none"),
        "With \"tune\": the true precision matrix, for the error in the history",
    ),
];

/// Fails where an option of a tuning was given although nothing is tuned.
pub(super) fn refuse(options: &Options) -> Result<()> {
    match OPTIONS.iter().find(|opt| options.is_given(opt.name)) {
        Some(stray) => {
            Err(Error::option(format!("option '{}' of {} goes with lambda: \"tune\"", stray.name, RECORD.verb)))
        }
        None => Ok(()),
    }
}

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
    model: GraphicalLasso,
    shape: Stage,
    /// The group of every variable, by name.
    groups: Option<Vec<String>>,
    criterion: TuningCriterion,
    validation: Option<Matrix>,
    test: Option<Matrix>,
    truth: Option<Matrix>,
    start: Start,
    shares: Shares,
    limits: Limits,
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

    /// What is minimised.
    #[must_use]
    pub fn criterion(mut self, criterion: TuningCriterion) -> Self {
        self.criterion = criterion;
        self
    }

    /// Data to tune on, or a covariance where the input is one.
    #[must_use]
    pub fn validation(mut self, validation: Matrix) -> Self {
        self.validation = Some(validation);
        self
    }

    /// Untouched data, or a covariance where the input is one.
    #[must_use]
    pub fn test(mut self, test: Matrix) -> Self {
        self.test = Some(test);
        self
    }

    /// Shares of the rows to tune on and to leave untouched.
    #[must_use]
    pub fn shares(mut self, held_out: f64, untouched: f64) -> Self {
        self.shares = Shares { held_out, untouched };
        self
    }

    /// The penalties to start from.
    #[must_use]
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// When a descent ends.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The true precision matrix, for the error in the history.
    #[must_use]
    pub fn truth(mut self, truth: Matrix) -> Self {
        self.truth = Some(truth);
        self
    }

    /// As a script says; `by_function` is whether the criterion is a function.
    pub(super) fn from_options(options: &Options, by_function: bool) -> Result<Self> {
        refuse_grid(options, "a rule that chooses lambda along a grid, \"tune\" has none")?;
        let word = if by_function { "a function" } else { options.text("criterion").unwrap_or("holdout") };
        refuse_rules(options, word)?;
        let default = Self::of(GraphicalLasso::read(RECORD.verb, options)?);
        let criterion = match word {
            "cv" => TuningCriterion::CrossValidation { folds: options.count("folds").unwrap_or(5) },
            "reconstruction" => TuningCriterion::Reconstruction,
            "ebic" => TuningCriterion::Ebic { gamma: options.number("gamma").unwrap_or(0.5) },
            _ => TuningCriterion::HeldOut,
        };
        let groups = match options.get("groups") {
            Some(Value::List(list)) => Some(groups(list)?),
            _ => None,
        };
        let shape = match options.text("penalty") {
            Some("block") => Stage::Block,
            Some("matrix") => Stage::Matrix,
            _ => Stage::Scalar,
        };
        let start = match options.get("start") {
            Some(value) => match (value.as_number(), value.object::<Matrix>()) {
                (Some(lambda), _) => Start::Number(lambda),
                (None, Some(matrix)) => Start::Matrix(matrix.clone()),
                (None, None) => Start::Scalar,
            },
            None => Start::Scalar,
        };
        let share = |name: &str, default: f64| options.number(name).unwrap_or(default);
        Ok(Self {
            shape,
            groups,
            criterion,
            validation: options.object("validation").cloned(),
            test: options.object("test").cloned(),
            truth: options.object("truth").cloned(),
            start,
            shares: Shares {
                held_out: share("held_out", default.shares.held_out),
                untouched: share("untouched", default.shares.untouched),
            },
            limits: Limits {
                steps: options.count("steps").unwrap_or(default.limits.steps),
                patience: options.count("patience").unwrap_or(default.limits.patience),
            },
            ..default
        })
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
        let _held = ctx.reserve_matrices(6, input.p(), input.p())?;
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

    fn check(&self, input: &Input) -> Result<()> {
        self.model.check()?;
        if self.model.convention != Convention::Sinew {
            return Err(Error::option("lambda: \"tune\" knows the convention \"sinew\" alone")
                .with_hint("standardise the columns instead: x.standardize()"));
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

/// Fails where an option of a rule was given that the criterion has no use for.
fn refuse_rules(options: &Options, word: &str) -> Result<()> {
    let owner = |option: &str| match option {
        "gamma" => "ebic",
        "folds" => "cv",
        _ => "",
    };
    let stray = crate::select::Rule::OPTIONS.iter().find(|opt| options.is_given(opt.name) && owner(opt.name) != word);
    match stray {
        Some(stray) => Err(Error::option(format!(
            "option '{}' of {} does not go with lambda: \"tune\" and the criterion {word}",
            stray.name, RECORD.verb
        ))),
        None => Ok(()),
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
    fn rust_and_scripts_have_the_same_defaults_and_options_stay_with_their_owners() {
        let read = |given: &[(&str, Value)]| {
            let given: Vec<(String, Value)> =
                given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            Tuning::from_options(&RECORD.check(&given).unwrap(), false)
        };
        let tune = ("lambda", Value::from(TUNE));
        assert_eq!(read(&[tune.clone()]).unwrap(), Tuning::of(GraphicalLasso::new()));
        let folds = ("folds", Value::Int(3));
        assert!(read(&[tune.clone(), folds.clone()]).unwrap_err().message().contains("'folds'"));
        let cv = read(&[tune, folds, ("criterion", "cv".into())]).unwrap();
        assert_eq!(cv.criterion, TuningCriterion::CrossValidation { folds: 3 });
    }

    #[test]
    fn groups_are_numbered_by_their_first_variable() {
        let groups: Vec<String> = ["b", "a", "b", "c"].map(String::from).to_vec();
        assert_eq!(numbered(&groups), [0, 1, 0, 2]);
    }
}
