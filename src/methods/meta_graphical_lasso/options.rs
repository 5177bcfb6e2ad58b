//! Options of the meta graphical lasso.

use super::super::latent_factors::{CENTER, PENALIZE_DIAGONAL};
use super::{Init, MetaGraphicalLasso, Optimizer, RECORD};
use crate::error::{Error, Result};
use crate::methods::shared_options::{max_iter, min_ratio, n_lambdas, tol};
use crate::model::VARIABLES;
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::select::Grid;
use crate::value::Value;

/// Penalties, and starts, at most.
const MOST: usize = 1000;

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new(
        "factors",
        &[Kind::Count(1), Kind::Numbers],
        Preset::Unset("10, or fewer where there are few variables or samples"),
        "Number of factors, below those of variables and samples; of a list the BIC chooses",
    ),
    Opt::new(
        "lambda",
        &[Kind::Number(Range::POSITIVE), Kind::Numbers, Kind::Choice(&["bic"])],
        Preset::Text("bic"),
        "Penalty; of a list, or of a grid with \"bic\", the BIC chooses",
    ),
    n_lambdas(10, "Penalties in the grid of `lambda: \"bic\"`, from the one that empties the graphs at the start"),
    min_ratio(0.02, "Smallest over largest penalty in that grid"),
    PENALIZE_DIAGONAL,
    Opt::new(
        "ridge",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Unset("V / (100 n), at most 0.25, for data sets with n < 2 V, 0 for others"),
        "What is added to the variances of the factors of a data set of n samples, as a share of the mean variance of its V \
variables: without it there is no minimum where samples are few. 0 is the published objective",
    ),
    CENTER,
    VARIABLES,
    Opt::new(
        "init",
        &[Kind::Choice(&["pca", "published_pca", "random"])],
        Preset::Unset("\"pca\", or \"published_pca\" with Adam"),
        "Where to start: components of the data sets scaled to one total variance, those of [X_1/n_1, X_2/n_2, ..], or \
anywhere",
    ),
    Opt::new("starts", &[Kind::Count(1)], Preset::Count(1), "Starts, all but the first random; the best result counts"),
    Opt::new(
        "optimizer",
        &[Kind::Choice(&["lbfgs", "adam"])],
        Preset::Text("lbfgs"),
        "L-BFGS on the manifold until it has converged, or the published Adam for a fixed number of epochs",
    ),
    tol(1e-8, "L-BFGS: what may be left, relative"),
    max_iter(500, "L-BFGS: steps at most"),
    Opt::new("epochs", &[Kind::Count(1)], Preset::Count(5000), "Adam: times that all data sets are seen"),
    Opt::new("learning_rate", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.001), "Adam: length of a step"),
    Opt::new("batch_size", &[Kind::Count(1)], Preset::Count(5), "Adam: data sets in a batch"),
];

impl MetaGraphicalLasso {
    pub(super) fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let number = |name: &str, default: f64| options.number(name).unwrap_or(default);
        let count = |name: &str, default: usize| options.count(name).unwrap_or(default);
        let is_adam = options.text("optimizer") == Some("adam");
        let (others, own) = match is_adam {
            true => (&["tol", "max_iter"][..], "lbfgs"),
            false => (&["epochs", "learning_rate", "batch_size"][..], "adam"),
        };
        refuse(options, others, &format!("optimizer: \"{own}\""))?;
        let grid = match options.get("lambda") {
            Some(Value::List(list)) => Grid::Given(list.iter().filter_map(Value::as_number).collect()),
            Some(Value::Int(_) | Value::Float(_)) => Grid::Given(vec![number("lambda", 0.0)]),
            _ => Grid::Automatic { count: count("n_lambdas", 10), min_ratio: number("min_ratio", 0.02) },
        };
        if matches!(grid, Grid::Given(_)) {
            refuse(options, &["n_lambdas", "min_ratio"], "lambda: \"bic\"")?;
        }
        Ok(Self {
            factors: given_factors(options)?,
            grid,
            penalize_diagonal: options.is_true("penalize_diagonal"),
            ridge: options.number("ridge"),
            center: options.is_true("center"),
            init: options.text("init").map(|word| match word {
                "random" => Init::Random,
                "published_pca" => Init::PublishedPca,
                _ => Init::Pca,
            }),
            starts: count("starts", default.starts),
            optimizer: match is_adam {
                true => Optimizer::Adam {
                    epochs: count("epochs", 5000),
                    learning_rate: number("learning_rate", 1e-3),
                    batch_size: count("batch_size", 5),
                },
                false => Optimizer::Lbfgs { tol: number("tol", 1e-8), max_iter: count("max_iter", 500) },
            },
        })
    }

    /// Checks what callers from Rust can set too.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = match (&self.grid, self.optimizer) {
            (Grid::Given(list), _) if list.is_empty() || list.iter().any(|l| !(l.is_finite() && *l > 0.0)) => {
                "option 'lambda' of meta_graphical_lasso must be numbers > 0, at least one"
            }
            (Grid::Automatic { count: 1001.., .. }, _) => {
                "option 'n_lambdas' of meta_graphical_lasso must be at most 1000: each penalty is a whole fit"
            }
            (_, Optimizer::Adam { learning_rate, .. }) if !(learning_rate.is_finite() && learning_rate > 0.0) => {
                "option 'learning_rate' of meta_graphical_lasso must be a number > 0"
            }
            (_, Optimizer::Lbfgs { tol, .. }) if !(tol.is_finite() && tol > 0.0) => {
                "option 'tol' of meta_graphical_lasso must be a number > 0"
            }
            (Grid::Given(list), _) if list.len() > MOST => {
                "option 'lambda' of meta_graphical_lasso must list at most 1000 numbers: each is a whole fit"
            }
            _ if self.starts > MOST => {
                "option 'starts' of meta_graphical_lasso must be at most 1000: each is a whole fit"
            }
            _ if self.ridge.is_some_and(|ridge| !(ridge.is_finite() && ridge >= 0.0)) => {
                "option 'ridge' of meta_graphical_lasso must be a number >= 0"
            }
            _ if self.factors.contains(&0) => "option 'factors' of meta_graphical_lasso must be at least 1",
            _ => return Ok(()),
        };
        Err(Error::option(wrong))
    }

    /// The options that held.
    pub(super) fn recorded(&self, factors: usize, lambda: f64) -> Vec<(String, Value)> {
        let entry = |name: &str, value: Value| (name.to_string(), value);
        let mut options = vec![
            entry("factors", factors.into()),
            entry("lambda", lambda.into()),
            entry("penalize_diagonal", self.penalize_diagonal.into()),
            entry("center", self.center.into()),
            entry("init", self.first_start().name().into()),
            entry("starts", self.starts.into()),
        ];
        options.extend(self.ridge.map(|ridge| entry("ridge", ridge.into())));
        options.extend(match self.optimizer {
            Optimizer::Lbfgs { tol, max_iter } => {
                vec![entry("optimizer", "lbfgs".into()), entry("tol", tol.into()), entry("max_iter", max_iter.into())]
            }
            Optimizer::Adam { epochs, learning_rate, batch_size } => vec![
                entry("optimizer", "adam".into()),
                entry("epochs", epochs.into()),
                entry("learning_rate", learning_rate.into()),
                entry("batch_size", batch_size.into()),
            ],
        });
        options
    }
}

/// Fails where one of these options was given, which only go with something else.
fn refuse(options: &Options, names: &[&str], with: &str) -> Result<()> {
    match names.iter().find(|name| options.is_given(name)) {
        Some(name) => Err(Error::option(format!("option '{name}' of {} goes with {with}", RECORD.verb))),
        None => Ok(()),
    }
}

/// The numbers of factors that were given.
fn given_factors(options: &Options) -> Result<Vec<usize>> {
    let Some(Value::List(list)) = options.get("factors") else {
        return Ok(options.count("factors").into_iter().collect());
    };
    let whole = |value: &Value| match value.as_number() {
        Some(number) if number >= 1.0 && number.fract() == 0.0 && number < 1e15 => Ok(number as usize),
        _ => Err(Error::option(format!(
            "option 'factors' of {} lists whole numbers >= 1, not {}",
            RECORD.verb,
            value.brief()
        ))),
    };
    if list.is_empty() {
        return Err(Error::option(format!("option 'factors' of {} is an empty list", RECORD.verb)));
    }
    list.iter().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(MetaGraphicalLasso::from_options(&options).unwrap(), MetaGraphicalLasso::default());
    }

    #[test]
    fn options_of_the_other_optimiser_are_refused() {
        let adam = [("optimizer".to_string(), Value::from("adam")), ("tol".to_string(), Value::Float(0.1))];
        let options = RECORD.check(&adam).unwrap();
        let error = MetaGraphicalLasso::from_options(&options).unwrap_err();
        assert_eq!(error.message(), "option 'tol' of meta_graphical_lasso goes with optimizer: \"lbfgs\"");
        let listed = [("factors".to_string(), Value::List(vec![2i64.into(), 2.5.into()]))];
        assert!(MetaGraphicalLasso::from_options(&RECORD.check(&listed).unwrap()).is_err());
    }
}
