//! Options of the joint graphical lasso.

use super::super::lambda::Lambda;
use super::super::penalties::{TOL, WEIGHTS};
use super::{JointGraphicalLasso, RECORD};
use crate::error::{Error, Result};
use crate::methods::along_grid::CRITERIA;
use crate::methods::shared_options::{BY_CRITERION, lambda, max_iter, min_ratio, n_lambdas};
use crate::model::{Input, SecondMoment, VARIABLES};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::problem::Coupling;
use crate::select::Rule;
use crate::value::Value;

/// The option that says how much every data set counts.
pub(in crate::methods) const SET_WEIGHTS: Opt = Opt::new(
    "set_weights",
    &[Kind::Choice(&["samples", "equal"])],
    Preset::Unset("\"samples\" where the numbers of samples are known, else \"equal\""),
    "Weight of a data set: its share of the samples times the number of sets, or 1",
);

/// The option for the coupling.
pub(in crate::methods) const PENALTY: Opt = Opt::new(
    "penalty",
    &[Kind::Choice(&["group", "fused", "chain"])],
    Preset::Text("group"),
    "What couples the data sets: \"group\" the same edges, \"fused\" the same values in all pairs of sets, \"chain\" in \
neighbours",
);

/// The number of samples behind covariances, also one for each.
pub(in crate::methods) const SAMPLES: Opt = Opt::new(
    "n",
    &[Kind::Count(2), Kind::Numbers],
    Preset::Unset("unknown"),
    "Number of samples behind the covariance matrices, or a list with that of each",
);

pub(super) const OPTIONS: &[Opt] = &[
    PENALTY,
    lambda(BY_CRITERION, "Penalty on every entry: a number, a matrix of numbers, or a rule that chooses one"),
    Opt::new(
        "lambda2",
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Choice(CRITERIA)],
        Preset::Unset("chosen by the rule of lambda, by \"ebic\" where lambda is given"),
        "Penalty on the coupling: a number, or the rule that chooses it, with lambda if that is chosen too",
    ),
    Opt { help: "Factors of both penalties, p x p, symmetric: 0 leaves an edge free, infinity forbids it", ..WEIGHTS },
    Opt::new("penalize_diagonal", &[Kind::Bool], Preset::Bool(false), "Penalise and couple the diagonals too"),
    SET_WEIGHTS,
    VARIABLES,
    SAMPLES,
    SecondMoment::COR,
    SecondMoment::MISSING,
    Rule::OPTIONS[0],
    Rule::OPTIONS[1],
    n_lambdas(10, "Values of lambda in the grid of a rule"),
    Opt::new("n_lambdas2", &[Kind::Count(1)], Preset::Count(5), "Values of lambda2 in the grid of a rule"),
    min_ratio(0.05, "Smallest over largest value in the grids of a rule"),
    TOL,
    max_iter(1000, "Newton steps at most, or sweeps of one data set"),
];

impl JointGraphicalLasso {
    pub(super) fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let word = |name: &str| options.text(name);
        let (rule, rule2) = (word("lambda"), word("lambda2"));
        if let (Some(one), Some(other)) = (rule, rule2)
            && one != other
        {
            let message = format!("lambda and lambda2 are chosen together, by \"{one}\" or by \"{other}\"");
            return Err(Error::option(message).with_hint("one rule for both, or a number for one of them"));
        }
        let lambda2 = options.number("lambda2");
        let rule = match rule.or(rule2) {
            Some(name) => Some(Rule::from_options(RECORD.verb, name, options)?),
            None if lambda2.is_none() => Some(Rule::from_options(RECORD.verb, "ebic", options)?),
            None => {
                Rule::refuse_options(RECORD.verb, options)?;
                None
            }
        };
        let mut base = default.base.read_beside_lambda(options);
        if let Some(lambda) = options.get("lambda").and_then(Lambda::of).or(rule.map(Lambda::Rule)) {
            base.lambda = lambda;
        }
        let stray = |name: &str, is_chosen: bool| !is_chosen && options.is_given(name);
        let chosen = (matches!(base.lambda, Lambda::Rule(_)), lambda2.is_none());
        let strays = [
            ("n_lambdas", chosen.0, "lambda"),
            ("n_lambdas2", chosen.1, "lambda2"),
            ("min_ratio", chosen.0 || chosen.1, "lambda or lambda2"),
        ];
        if let Some((name, _, what)) = strays.into_iter().find(|(name, is_chosen, _)| stray(name, *is_chosen)) {
            return Err(Error::option(format!(
                "option '{name}' goes with a rule that chooses {what}, which was given"
            )));
        }
        Ok(Self {
            base,
            coupling: word("penalty").and_then(Coupling::named).unwrap_or(default.coupling),
            lambda2,
            rule: rule.unwrap_or(default.rule),
            n_lambdas2: options.count("n_lambdas2").unwrap_or(default.n_lambdas2),
            by_samples: word("set_weights").map(|how| how == "samples"),
        })
    }

    /// The options that held.
    pub(super) fn recorded(&self, inputs: &[Input]) -> Vec<(String, Value)> {
        let base = &self.base;
        let mut options: Vec<(String, Value)> = vec![
            ("penalty".into(), self.coupling.name().into()),
            ("lambda".into(), base.lambda.recorded()),
            ("lambda2".into(), self.lambda2.map_or_else(|| self.rule.name().into(), Value::Float)),
        ];
        let (first, second) = (matches!(base.lambda, Lambda::Rule(_)), self.lambda2.is_none());
        if first || second {
            options.extend(self.rule.recorded().into_iter().filter(|(name, _)| name != "one_se"));
            options.push(("min_ratio".into(), base.min_ratio.into()));
        }
        if first {
            options.push(("n_lambdas".into(), base.n_lambdas.into()));
        }
        if second {
            options.push(("n_lambdas2".into(), self.n_lambdas2.into()));
        }
        let sets = self.by_samples.map(|yes| ("set_weights", if yes { "samples" } else { "equal" }.into()));
        let diagonal = ("penalize_diagonal", base.penalize_diagonal.into());
        options.extend(base.recorded_with(sets.into_iter().chain([diagonal])));
        options.extend(inputs.first().map(Input::recorded).unwrap_or_default());
        options
    }
}

/// The inputs with the numbers of samples that a list `n` gives them.
///
/// # Errors
/// A list of another length, numbers that are no numbers of samples, data instead of covariances.
pub(in crate::methods) fn sized(inputs: &[Input], options: &Options) -> Result<Vec<Input>> {
    let Some(Value::List(counts)) = options.get(SAMPLES.name) else { return Ok(inputs.to_vec()) };
    if counts.len() != inputs.len() {
        let message = format!("option 'n' lists {} numbers of samples for {} data sets", counts.len(), inputs.len());
        return Err(Error::option(message));
    }
    let one = |(input, count): (&Input, &Value)| {
        let n = count.as_number().filter(|n| n.fract() == 0.0 && (2.0..1e15).contains(n));
        let n =
            n.ok_or_else(|| Error::option(format!("option 'n' must list whole numbers >= 2, not {}", count.brief())))?;
        Input::covariance_matrix(input.matrix(), Some(n as usize))
    };
    inputs.iter().zip(counts).map(one).collect()
}

/// The weight of every data set's loss: n_k / mean(n), or 1. `by_samples` none means by samples where all are known.
///
/// # Errors
/// Weights by samples whose numbers are not known.
pub(in crate::methods) fn set_weights(inputs: &[Input], by_samples: Option<bool>) -> Result<Vec<f64>> {
    let counts: Option<Vec<f64>> = inputs.iter().map(|input| input.n().map(|n| n as f64)).collect();
    match (counts, by_samples) {
        (Some(counts), None | Some(true)) => {
            let total: f64 = counts.iter().sum();
            Ok(counts.iter().map(|n| n * inputs.len() as f64 / total).collect())
        }
        (None, Some(true)) => Err(Error::option("`set_weights: \"samples\"` needs the numbers of samples")
            .with_hint("give them with the covariances, `n: [100, 80]`, or `set_weights: \"equal\"`")),
        _ => Ok(vec![1.0; inputs.len()]),
    }
}
