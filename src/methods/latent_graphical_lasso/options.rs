//! The options of the latent-variable graphical lasso, and what scripts say by them.

use super::{LatentGraphicalLasso, LowRank, RECORD};
use crate::error::{Error, Result};
use crate::methods::along_grid::CRITERIA;
use crate::methods::lambda::Lambda;
use crate::methods::penalties;
use crate::methods::shared_options::{BY_CRITERION, lambda, max_iter, min_ratio, n_lambdas, tol};
use crate::model::{SecondMoment, VARIABLES};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::problem::Coupling;
use crate::select::Rule;

/// The bound on the gap is linear in the violation of the optimality conditions: the objective is far closer than it says.
const TOL: Opt = tol(
    super::DEFAULT_TOL,
    "Relative duality gap at which the solution is good enough; the objective is then far closer than that",
);

pub(super) const OPTIONS: &[Opt] = &[
    lambda(BY_CRITERION, "Penalty on the sparse part: a number, a matrix of numbers, or a rule that chooses one"),
    Opt::new(
        "mu",
        &[Kind::Number(Range::POSITIVE), Kind::Choice(CRITERIA)],
        Preset::Unset("chosen with lambda, beside a given one by \"ebic\""),
        "Penalty on the trace of the low-rank part: a number, or a rule that chooses one",
    ),
    Opt::new(
        "rank",
        &[Kind::Count(0)],
        Preset::Unset("what mu gives"),
        "Rank of the low-rank part, instead of mu: the largest mu that gives it",
    ),
    n_lambdas(10, "Penalties lambda in the grid of a rule"),
    Opt::new("n_mus", &[Kind::Count(1)], Preset::Count(6), "Penalties mu in the grid of a rule"),
    min_ratio(0.05, "Smallest over largest penalty in the grid of a rule, of lambda and of mu"),
    Rule::OPTIONS[0],
    Rule::OPTIONS[1],
    penalties::WEIGHTS,
    Opt::new("penalize_diagonal", &[Kind::Bool], Preset::Bool(false), "Penalise the diagonal of the sparse part too"),
    Opt::new(
        "penalty",
        &[Kind::Choice(&["group", "fused", "chain"])],
        Preset::Text("group"),
        "What draws the sparse parts of several data sets together",
    ),
    Opt::new("lambda2", &[Kind::Number(Range::NON_NEGATIVE)], Preset::Unset("half of lambda"), "How strongly it does"),
    Opt::new(
        "set_weights",
        &[Kind::Choice(&["samples", "equal"])],
        Preset::Text("samples"),
        "Whether data sets count by their samples, or alike",
    ),
    VARIABLES,
    SecondMoment::COR,
    SecondMoment::MISSING,
    TOL,
    max_iter(500, "Newton steps at most"),
];

/// The options that say something of several data sets.
const JOINT: [&str; 4] = ["penalty", "lambda2", "set_weights", "variables"];

/// Fails where an option of several data sets was given for one.
pub(super) fn refuse_joint(options: &Options) -> Result<()> {
    match JOINT.into_iter().find(|name| options.is_given(name)) {
        Some(name) => Err(Error::option(format!("option '{name}' of {} goes with a list of data sets", RECORD.verb))),
        None => Ok(()),
    }
}

/// Fails where an option of a grid was given that does not exist.
fn refuse_grids(options: &Options, has_lambdas: bool, has_mus: bool) -> Result<()> {
    let stray = [
        ("n_lambdas", has_lambdas, "lambda"),
        ("n_mus", has_mus, "mu"),
        ("min_ratio", has_lambdas || has_mus, "lambda or mu"),
    ];
    match stray.into_iter().find(|(name, is_used, _)| options.is_given(name) && !is_used) {
        Some((name, _, what)) => {
            Err(Error::option(format!("option '{name}' goes with a rule that chooses {what}, which was given")))
        }
        None => Ok(()),
    }
}

impl LatentGraphicalLasso {
    pub(super) fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let word = |name: &str| options.text(name).filter(|_| options.is_given(name));
        let lambda = options.get("lambda").and_then(Lambda::of);
        let low_rank = match (options.number("mu"), options.count("rank")) {
            (_, Some(_)) if options.is_given("mu") => {
                return Err(Error::option("mu and rank both decide on the low-rank part: give one of them"));
            }
            (Some(mu), _) => LowRank::Mu(mu),
            (_, Some(rank)) => LowRank::Rank(rank),
            _ => LowRank::Chosen,
        };
        let rule = match (word("lambda"), word("mu")) {
            (Some(one), Some(other)) if one != other => {
                return Err(Error::option(format!(
                    "one rule chooses both, not lambda by \"{one}\" and mu by \"{other}\""
                )));
            }
            (one, other) => other.or(one).unwrap_or("ebic"),
        };
        let is_chosen = lambda.is_none() || low_rank == LowRank::Chosen;
        if !is_chosen {
            Rule::refuse_options(RECORD.verb, options)?;
        }
        refuse_grids(options, lambda.is_none(), low_rank == LowRank::Chosen)?;
        let rule = if is_chosen { Rule::from_options(RECORD.verb, rule, options)? } else { default.rule };
        Ok(Self {
            base: default.base.read_beside_lambda(options).lambda(lambda.unwrap_or(Lambda::Rule(rule))),
            low_rank,
            rule,
            n_mus: options.count("n_mus").unwrap_or(default.n_mus),
            coupling: options.text("penalty").and_then(Coupling::named).unwrap_or(default.coupling),
            lambda2: options.number("lambda2"),
            has_equal_weights: options.text("set_weights") == Some("equal"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn read(given: &[(&str, Value)]) -> Result<LatentGraphicalLasso> {
        let given: Vec<(String, Value)> = given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        LatentGraphicalLasso::from_options(&RECORD.check(&given).unwrap())
    }

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        assert_eq!(read(&[]).unwrap(), LatentGraphicalLasso::default());
        let given = read(&[("lambda", Value::Float(0.2)), ("mu", Value::Float(1.0))]).unwrap();
        assert_eq!(given, LatentGraphicalLasso::new().lambda(0.2).mu(1.0));
    }

    #[test]
    fn options_that_contradict_each_other_are_errors() {
        let message = |given: &[(&str, Value)]| read(given).map(|_| ()).unwrap_err().message().to_string();
        assert!(message(&[("mu", Value::Float(1.0)), ("rank", Value::Int(2))]).contains("give one of them"));
        assert!(message(&[("lambda", "bic".into()), ("mu", "cv".into())]).contains("one rule chooses both"));
        assert!(message(&[("mu", Value::Float(1.0)), ("n_mus", Value::Int(3))]).contains("'n_mus'"));
        let fixed: [(&str, Value); 3] =
            [("lambda", Value::Float(0.1)), ("mu", Value::Float(1.0)), ("gamma", Value::Float(0.2))];
        assert!(message(&fixed).contains("'gamma'"));
    }
}
