//! What a tuning of the graphical lasso can be told.

use super::graphical_lasso::{GraphicalLasso, RECORD};
use super::penalties::refuse_grid;
use super::tuning::{Tuning, TuningCriterion};
use super::tuning_data::{Shares, groups};
use crate::data::{Matrix, Table};
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::select::Rule;
use crate::select::tuning::{Limits, Stage, Start};
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
        &[Kind::Object("Matrix"), Kind::Object("Table")],
        Preset::Unset("a share of the rows"),
        "With \"tune\": data to tune on, a covariance where the input is one",
    ),
    Opt::new(
        "test",
        &[Kind::Object("Matrix"), Kind::Object("Table")],
        Preset::Unset("a share of the rows"),
        "With \"tune\": data, or a covariance where the input is one, that neither fit nor tune: they judge the steps of a descent, and the best is taken",
    ),
    Opt::new(
        "held_out",
        &[Kind::Number(Range::OPEN_UNIT)],
        Preset::Number(0.25),
        "With \"tune\": share of the rows to tune on by \"holdout\" and \"reconstruction\", where there is no `validation`",
    ),
    Opt::new(
        "untouched",
        &[Kind::Number(Range::NON_NEGATIVE.below(1.0))],
        Preset::Number(0.25),
        "With \"tune\": share of the rows that neither fit nor tune and judge the steps of a descent, where there is neither `validation` nor `test`",
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
    Opt::new(
        "steps",
        &[Kind::Count(1)],
        Preset::Count(50),
        "With \"block\" and \"matrix\": steps of the descent at most",
    ),
    Opt::new(
        "patience",
        &[Kind::Count(1)],
        Preset::Count(5),
        "With \"tune\": steps without a gain on the untouched rows, or `test`, after which a descent stops",
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

impl Tuning {
    /// As a script says; `by_function` is whether the criterion is a function.
    pub(super) fn from_options(options: &Options, by_function: bool) -> Result<Self> {
        refuse_grid(options, "a rule that chooses lambda along a grid, \"tune\" has none")?;
        let word = if by_function { "a function" } else { options.text("criterion").unwrap_or("holdout") };
        refuse_rules(options, word)?;
        let default = Self::of(GraphicalLasso::new().read(RECORD.verb, options)?);
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
        refuse_unused(options, shape, word)?;
        let share = |name: &str, default: f64| options.number(name).unwrap_or(default);
        Ok(Self {
            shape,
            groups,
            criterion,
            validation: samples(options, "validation")?,
            test: samples(options, "test")?,
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
}

/// Samples of an option, from a matrix or the columns of a table.
fn samples(options: &Options, name: &str) -> Result<Option<Matrix>> {
    match options.object::<Table>(name) {
        Some(table) => table.matrix().map(Some).map_err(|error| error.at(name)),
        None => Ok(options.object::<Matrix>(name).cloned()),
    }
}

/// Fails where an option of a rule was given that the criterion has no use for.
fn refuse_rules(options: &Options, word: &str) -> Result<()> {
    let owner = |option: &str| match option {
        "gamma" => "ebic",
        "folds" => "cv",
        _ => "",
    };
    let stray = Rule::OPTIONS.iter().find(|opt| options.is_given(opt.name) && owner(opt.name) != word);
    match stray {
        Some(stray) => Err(Error::option(format!(
            "option '{}' of {} does not go with lambda: \"tune\" and the criterion {word}",
            stray.name, RECORD.verb
        ))),
        None => Ok(()),
    }
}

/// Fails where an option was given that a tuning of this shape by this criterion has no use for.
fn refuse_unused(options: &Options, shape: Stage, word: &str) -> Result<()> {
    let given = |name: &str| options.is_given(name);
    let holds_out = matches!(word, "holdout" | "reconstruction");
    let splits = !given("validation") && (holds_out || word == "cv");
    let leaves_some = options.number("untouched").is_none_or(|share| share > 0.0);
    let has_judge = given("test") || (splits && leaves_some);
    let descends = shape != Stage::Scalar;
    let uses = [
        ("held_out", splits && holds_out, "the criteria \"holdout\" and \"reconstruction\" without `validation`"),
        ("untouched", splits && !given("test"), "a criterion that splits the rows, without `validation` and `test`"),
        ("steps", descends, "penalty: \"block\" or \"matrix\": one lambda is found by a root, not by a descent"),
        ("patience", descends && has_judge, "penalty: \"block\" or \"matrix\" and untouched rows, or `test`"),
    ];
    match uses.into_iter().find(|(name, is_used, _)| given(name) && !is_used) {
        Some((name, _, with)) => Err(Error::option(format!("option '{name}' of {} goes with {with}", RECORD.verb))),
        None => Ok(()),
    }
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
        assert_eq!(read(std::slice::from_ref(&tune)).unwrap(), Tuning::of(GraphicalLasso::new()));
        let folds = ("folds", Value::Int(3));
        assert!(read(&[tune.clone(), folds.clone()]).unwrap_err().message().contains("'folds'"));
        let cv = read(&[tune, folds, ("criterion", "cv".into())]).unwrap();
        assert_eq!(cv.criterion, TuningCriterion::CrossValidation { folds: 3 });
        let tune = ("lambda", Value::from(TUNE));
        let matrix = ("penalty", Value::from("matrix"));
        let (ebic, none) = (("criterion", Value::from("ebic")), ("untouched", Value::Float(0.0)));
        for (name, value, others) in [
            ("steps", Value::Int(3), vec![]),
            ("held_out", Value::Float(0.5), vec![ebic.clone()]),
            ("untouched", Value::Float(0.5), vec![ebic, matrix.clone()]),
            ("patience", Value::Int(3), vec![matrix.clone(), none]),
        ] {
            let given: Vec<(&str, Value)> = [tune.clone(), (name, value)].into_iter().chain(others).collect();
            let error = read(&given).unwrap_err();
            assert!(error.message().starts_with(&format!("option '{name}'")), "{error}");
        }
        assert_eq!(read(&[tune, matrix, ("steps", Value::Int(3))]).unwrap().limits.steps, 3);
    }
}
