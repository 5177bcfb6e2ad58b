//! The options of uGLAD.

use super::Uglad;
use crate::error::{Error, Result};
use crate::methods::unrolled::model::{
    DEVICE, DTYPE, HIDDEN, Model, OFFSET, START, STEPS, THRESHOLD_DIAGONAL, VARIANT,
};
use crate::methods::unrolled::shrinking::{SHRINKAGE, VARIANCE_SHRINKAGE, recorded_shrinkage, shrinkage};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

/// More initialisations than this are a mistake: each learns by itself.
const MOST: usize = 1000;

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new(
        "mode",
        &[Kind::Choice(&["direct", "cv", "missing", "multitask"])],
        Preset::Text("direct"),
        "Learn from all rows; or choose the number of epochs by held-out rows; or take missing values; or several data sets",
    ),
    VARIANT,
    STEPS,
    HIDDEN,
    OFFSET,
    START,
    THRESHOLD_DIAGONAL,
    Opt::new("epochs", &[Kind::Count(1)], Preset::Count(250), "Passes of learning, with mode: \"cv\" at most"),
    Opt::new("learning_rate", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.002), "Learning rate of Adam"),
    Opt::new("patience", &[Kind::Count(1)], Preset::Unset("never"), "End after so many epochs without a better loss"),
    Opt::new(
        "ensemble",
        &[Kind::Count(1)],
        Preset::Count(1),
        "Initialisations of the networks, whose Theta and Z are averaged, up to 1000",
    ),
    Opt::new(
        "folds",
        &[Kind::Count(2)],
        Preset::Unset("5 with mode: \"cv\", 3 with strategy: \"consensus\""),
        "Parts of the rows, each held out once",
    ),
    Opt::new(
        "strategy",
        &[Kind::Choice(&["em", "mean", "consensus"])],
        Preset::Unset("\"em\", with variant: \"authors\" \"consensus\""),
        "With mode: \"missing\": covariance by the EM algorithm; means in gaps; or agreement of models on parts of the rows",
    ),
    Opt::new(
        "split",
        &[Kind::Number(Range::OPEN_UNIT)],
        Preset::Unset("none"),
        "With mode: \"multitask\": the part of each data set's rows that the loss is taken on, unseen by the model (eq. 8)",
    ),
    Opt::new(
        "scaling",
        &[Kind::Choice(&["correlation", "minmax", "none"])],
        Preset::Unset("\"correlation\", with variant: \"authors\" \"minmax\""),
        "What the model sees of the data's scales; \"minmax\" and \"none\" are the published programs'",
    ),
    SHRINKAGE,
    VARIANCE_SHRINKAGE,
    DTYPE,
    DEVICE,
];

/// What uGLAD learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All rows of one data set.
    Direct,
    /// The same, for as many epochs as held-out rows bear out.
    CrossValidation,
    /// One data set with missing values.
    Missing,
    /// Several data sets.
    Multitask,
}

/// What is done about missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The covariance comes from the EM algorithm.
    Em,
    /// Column means take their place.
    Mean,
    /// The same, and models of parts of the rows have to agree (section 5.1 of the paper).
    Consensus,
}

/// What a model sees of the data's scales.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// Correlations.
    Correlation,
    /// Columns from 0 to 1.
    MinMax,
    /// The data as they are.
    None,
}

impl Uglad {
    /// From checked options.
    ///
    /// # Errors
    /// Options that do not go together.
    pub fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let model = Model::from_options(options);
        let published = model.is_published();
        let mode = match options.text("mode") {
            Some("cv") => Mode::CrossValidation,
            Some("missing") => Mode::Missing,
            Some("multitask") => Mode::Multitask,
            _ => Mode::Direct,
        };
        let strategy = match options.text("strategy") {
            Some("em") => Strategy::Em,
            Some("mean") => Strategy::Mean,
            Some("consensus") => Strategy::Consensus,
            _ if published => Strategy::Consensus,
            _ => Strategy::Em,
        };
        let scaling = options.text("scaling").map(|word| match word {
            "minmax" => Scaling::MinMax,
            "none" => Scaling::None,
            _ => Scaling::Correlation,
        });
        let own = Self {
            mode,
            model,
            epochs: options.count("epochs").unwrap_or(default.epochs),
            learning_rate: options.number("learning_rate").unwrap_or(default.learning_rate),
            patience: options.count("patience"),
            ensemble: options.count("ensemble").unwrap_or(default.ensemble),
            folds: options.count("folds"),
            strategy,
            split: options.number("split"),
            scaling,
            shrinkage: shrinkage(options),
        };
        own.check(options)?;
        Ok(own)
    }

    /// Refuses options that would silently mean nothing.
    fn check(&self, options: &Options) -> Result<()> {
        self.model.layout()?;
        if self.ensemble > MOST {
            return Err(Error::option(format!(
                "option 'ensemble' of uglad must be at most {MOST}, not {}",
                self.ensemble
            ))
            .with_hint("each initialisation learns by itself"));
        }
        let goes_with = |name: &str, what: &str, fits: bool| match options.is_given(name) && !fits {
            true => Err(Error::option(format!("option '{name}' of uglad goes with {what}"))),
            false => Ok(()),
        };
        goes_with("strategy", "mode: \"missing\"", self.mode == Mode::Missing)?;
        goes_with("split", "mode: \"multitask\"", self.mode == Mode::Multitask)?;
        let by_parts = self.mode == Mode::Missing && self.strategy == Strategy::Consensus;
        let fits = self.mode == Mode::CrossValidation || by_parts;
        goes_with("folds", "mode: \"cv\" or strategy: \"consensus\"", fits)?;
        let published = self.model.is_published();
        goes_with("shrinkage", "variant: \"sinew\"", !published)?;
        goes_with("variance_shrinkage", "variant: \"sinew\"", !published)?;
        if published && self.mode == Mode::CrossValidation && self.ensemble > 1 {
            return Err(Error::option(
                "option 'ensemble' of uglad does not go with variant: \"authors\" and mode: \"cv\"",
            )
            .with_hint("there every fold has an initialisation of its own"));
        }
        if published && self.split.is_some() {
            return Err(Error::option("option 'split' of uglad goes with variant: \"sinew\"")
                .with_hint("the published program has no split within data sets"));
        }
        if published && self.scaling == Some(Scaling::Correlation) {
            return Err(Error::option("variant \"authors\" of uglad scales by \"minmax\" or \"none\""));
        }
        if !published && self.scaling.is_some_and(|scaling| scaling != Scaling::Correlation) {
            return Err(Error::option("scaling \"minmax\" and \"none\" of uglad go with variant: \"authors\""));
        }
        if published && self.mode == Mode::Missing && self.strategy == Strategy::Em {
            return Err(Error::option("variant \"authors\" of uglad has no strategy \"em\"")
                .with_hint("strategy: \"mean\" or \"consensus\""));
        }
        Ok(())
    }

    /// The options that held.
    pub(super) fn recorded(&self) -> Vec<(String, Value)> {
        let mode = match self.mode {
            Mode::Direct => "direct",
            Mode::CrossValidation => "cv",
            Mode::Missing => "missing",
            Mode::Multitask => "multitask",
        };
        let mut options = vec![("mode".to_string(), Value::from(mode))];
        options.extend(self.model.recorded());
        options.extend([
            ("epochs".to_string(), self.epochs.into()),
            ("learning_rate".to_string(), Value::Float(self.learning_rate)),
            ("patience".to_string(), self.patience.into()),
            ("ensemble".to_string(), self.ensemble.into()),
        ]);
        let scaling = match self.scaling {
            None | Some(Scaling::Correlation) if !self.model.is_published() => "correlation",
            Some(Scaling::None) => "none",
            _ => "minmax",
        };
        options.push(("scaling".into(), scaling.into()));
        if self.mode == Mode::Missing {
            let strategy = match self.strategy {
                Strategy::Em => "em",
                Strategy::Mean => "mean",
                Strategy::Consensus => "consensus",
            };
            options.push(("strategy".into(), strategy.into()));
        }
        if let Some(folds) = self.folds {
            options.push(("folds".into(), folds.into()));
        }
        if let Some(split) = self.split {
            options.push(("split".into(), Value::Float(split)));
        }
        if !self.model.is_published() {
            options.extend(recorded_shrinkage(&self.shrinkage));
        }
        options
    }
}
