//! Rules that choose a penalty along a path.

use std::time::Instant;

use super::stars::{self, Subsampling};
use super::{cross_validation, ric};
use crate::context::Context;
use crate::data::{Matrix, Vector, number};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Chosen, Criterion, Fit, Input, Path};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

/// How to choose a penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The smallest information criterion.
    Criterion(Criterion),
    /// The smallest held-out loss of cross-validation.
    CrossValidation {
        /// Number of folds, at least 2.
        folds: usize,
        /// The largest penalty within one standard error of the best one, instead of that.
        one_se: bool,
    },
    /// The densest graph that is stable under subsampling (Liu, Roeder, Wasserman, NIPS 2010).
    Stars {
        /// Number of subsamples.
        subsamples: usize,
        /// Rows of a subsample over all rows; 10 / sqrt(n), at most 0.8, when not given.
        ratio: Option<f64>,
        /// The largest instability: the mean over pairs of 4 q (1 - q), with q the share of subsamples that have the edge.
        threshold: f64,
    },
    /// The smallest penalty that empties the graph of data whose columns were rotated against each other (Lysen, 2009;
    /// huge's `huge.select(criterion = "ric")`).
    Ric {
        /// Number of rotations.
        rotations: usize,
    },
}

impl From<Criterion> for Rule {
    fn from(criterion: Criterion) -> Self {
        Self::Criterion(criterion)
    }
}

const GAMMA: Opt = Opt::new(
    "gamma",
    &[Kind::Number(Range::UNIT)],
    Preset::Number(0.5),
    "Extra cost of an edge in \"ebic\": 0 is the BIC, 1 the strictest",
);
const FOLDS: Opt = Opt::new("folds", &[Kind::Count(2)], Preset::Count(5), "Number of folds of \"cv\"");
const ONE_SE: Opt = Opt::new(
    "one_se",
    &[Kind::Bool],
    Preset::Bool(false),
    "With \"cv\", the largest penalty within one standard error of the best",
);
const SUBSAMPLES: Opt =
    Opt::new("subsamples", &[Kind::Count(2)], Preset::Count(20), "Number of subsamples of \"stars\"");
const SUBSAMPLE_RATIO: Opt = Opt::new(
    "subsample_ratio",
    &[Kind::Number(Range::OPEN_UNIT)],
    Preset::Unset("10 / sqrt(n), at most 0.8"),
    "Rows of a subsample of \"stars\" over all rows, by default as in huge",
);
const STARS_THRESHOLD: Opt = Opt::new(
    "stars_threshold",
    &[Kind::Number(Range::OPEN_UNIT)],
    Preset::Number(0.1),
    "Largest instability that \"stars\" accepts: the mean of 4 q (1 - q) over pairs, as in huge",
);
const ROTATIONS: Opt =
    Opt::new("rotations", &[Kind::Count(1)], Preset::Count(20), "Number of rotations of \"ric\", as in huge");

impl Rule {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["ebic", "bic", "aic", "cv", "stars", "ric"];

    /// What the rules can be told.
    pub const OPTIONS: [Opt; 7] = [GAMMA, FOLDS, ONE_SE, SUBSAMPLES, SUBSAMPLE_RATIO, STARS_THRESHOLD, ROTATIONS];
    /// What all of them but "ric" can be told.
    pub(crate) const BUT_RIC: &'static [Opt] = Self::OPTIONS.split_at(6).0;

    /// The rule that a word stands for, as the options say. `verb` is for messages.
    ///
    /// # Errors
    /// An unknown word, an option of another rule.
    pub fn from_options(verb: &str, name: &str, options: &Options) -> Result<Self> {
        let owner = |option: &str| match option {
            "gamma" => "ebic",
            "folds" | "one_se" => "cv",
            "rotations" => "ric",
            _ => "stars",
        };
        if let Some(stray) = Self::OPTIONS.iter().find(|opt| options.is_given(opt.name) && owner(opt.name) != name) {
            return Err(Error::option(format!(
                "option '{}' of {verb} goes with \"{}\", not with \"{name}\"",
                stray.name,
                owner(stray.name)
            )));
        }
        let number = |name: &str, default: f64| options.number(name).unwrap_or(default);
        Ok(match name {
            "cv" => {
                Self::CrossValidation { folds: options.count("folds").unwrap_or(5), one_se: options.is_true("one_se") }
            }
            "stars" => Self::Stars {
                subsamples: options.count("subsamples").unwrap_or(20),
                ratio: options.number("subsample_ratio"),
                threshold: number("stars_threshold", 0.1),
            },
            "ric" => Self::Ric { rotations: options.count("rotations").unwrap_or(20) },
            _ => Self::Criterion(Criterion::parse(name, number("gamma", 0.5)).ok_or_else(|| {
                Error::argument(format!("there is no rule \"{name}\""))
                    .with_nearest(name, Self::NAMES.iter().copied())
                    .or_hint(format!("rules: {}", Self::NAMES.join(", ")))
            })?),
        })
    }

    /// The word for the rule.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Criterion(Criterion::Aic) => "aic",
            Self::Criterion(Criterion::Bic) => "bic",
            Self::Criterion(Criterion::Ebic { .. }) => "ebic",
            Self::CrossValidation { .. } => "cv",
            Self::Stars { .. } => "stars",
            Self::Ric { .. } => "ric",
        }
    }

    /// The rule's options that are its own, with their values.
    pub fn recorded(&self) -> Vec<(String, Value)> {
        match *self {
            Self::Criterion(Criterion::Ebic { gamma }) => vec![("gamma".into(), gamma.into())],
            Self::Criterion(_) => Vec::new(),
            Self::CrossValidation { folds, one_se } => {
                vec![("folds".into(), folds.into()), ("one_se".into(), one_se.into())]
            }
            Self::Stars { subsamples, ratio, threshold } => {
                let ratio = ratio.map(|ratio| ("subsample_ratio".into(), ratio.into()));
                let others: [(String, Value); 2] =
                    [("subsamples".into(), subsamples.into()), ("stars_threshold".into(), threshold.into())];
                others.into_iter().chain(ratio).collect()
            }
            Self::Ric { rotations } => vec![("rotations".into(), rotations.into())],
        }
    }

    /// Fails where an option of a rule was given, but no rule chooses. `verb` is for messages.
    ///
    /// # Errors
    /// The first such option.
    pub fn refuse_options(verb: &str, options: &Options) -> Result<()> {
        match Self::OPTIONS.iter().find(|opt| options.is_given(opt.name)) {
            Some(stray) => Err(Error::option(format!(
                "option '{}' of {verb} goes with a rule that chooses lambda, which was given",
                stray.name
            ))),
            None => Ok(()),
        }
    }

    fn chosen(&self, selection: Vec<(String, Value)>, warnings: Vec<String>, started: Instant) -> Chosen {
        let mut options = vec![("lambda".to_string(), Value::from(self.name()))];
        options.extend(self.recorded());
        let selection = Some(Value::Map(selection));
        let is_on_grid = !matches!(self, Self::Ric { .. });
        Chosen { options, is_on_grid, selection, warnings, seconds: started.elapsed().as_secs_f64() }
    }

    /// The solution that the rule chooses, with the rule's value of every penalty under `selection`. A choice at an end
    /// of the grid is a warning on the fit. Random numbers come from the context's seed.
    ///
    /// # Errors
    /// A covariance where the rule needs data, an unknown number of samples, limits of the context.
    pub fn choose(&self, path: &Path, ctx: &Context) -> Result<Fit> {
        let started = Instant::now();
        let (choice, why_empty) = match *self {
            Self::Criterion(criterion) => (
                smallest(path.criterion(criterion)?),
                "the criterion sees no edge worth its cost; it may with more samples",
            ),
            Self::CrossValidation { folds, one_se } => (
                cross_validation::choose(path, self.data(path.input())?, folds, one_se, ctx)?,
                "no edge predicts what was held out",
            ),
            Self::Stars { subsamples, ratio, threshold } => (
                stars::choose(path, self.data(path.input())?, Subsampling { subsamples, ratio, threshold }, ctx)?,
                "no denser graph is stable; one may be with more samples",
            ),
            Self::Ric { rotations } => return self.choose_by_rotations(path, rotations, ctx),
        };
        choice.fit(self, path, why_empty, started, ctx)
    }

    fn choose_by_rotations(&self, path: &Path, rotations: usize, ctx: &Context) -> Result<Fit> {
        let started = Instant::now();
        if path.options().iter().any(|(name, _)| name == "weights") {
            return Err(Error::option("\"ric\" knows one penalty for all pairs, not weights")
                .with_hint("with weights choose by \"ebic\", \"cv\" or \"stars\""));
        }
        let x = self.data(path.input())?;
        // The penalty is in units of S.
        let scaled = path.convention().uses_correlation().then(|| x.standardize()).transpose()?;
        let maxima = ric::maxima(scaled.as_ref().unwrap_or(x), rotations, ctx)?;
        let lambda = maxima.iter().copied().fold(f64::INFINITY, f64::min);
        let points = path.solve(path.input(), &[lambda], ctx)?;
        let point = points.first().ok_or_else(|| Error::internal("a path without a solution"))?;
        let selection = vec![
            ("rule".to_string(), "ric".into()),
            ("lambda".to_string(), lambda.into()),
            ("maxima".to_string(), Vector::from(maxima).into()),
        ];
        path.fit_of(point, self.chosen(selection, Vec::new(), started), ctx)
    }

    /// The data, where the rule needs them.
    ///
    /// # Errors
    /// A covariance; for rotations also another kind of S than the covariance of complete data.
    pub fn data<'a>(&self, input: &'a Input) -> Result<&'a Matrix> {
        if matches!(self, Self::Ric { .. }) && input.x().is_some() && !input.is_plain_data() {
            return Err(Error::argument(
                "\"ric\" needs complete data and their covariance, not `cor` or missing values",
            )
            .with_hint("choose by \"ebic\", \"cv\" or \"stars\"; for ranks, \"ric\" works on x.npn(\"shrinkage\")"));
        }
        input.x().ok_or_else(|| {
            Error::argument(format!("\"{}\" needs the data, not a covariance", self.name()))
                .with_hint("give the data, or choose by \"ebic\", \"bic\" or \"aic\"")
        })
    }

    /// Whether the rule looks at the data themselves.
    pub fn needs_data(&self) -> bool {
        !matches!(self, Self::Criterion(_))
    }
}

impl Path {
    /// The solution that a rule chooses; see [`Rule::choose`].
    ///
    /// # Errors
    /// A rule whose numbers are out of range, and what the rule reports.
    pub fn select(&self, rule: impl Into<Rule>, ctx: &Context) -> Result<Fit> {
        let rule = rule.into();
        check_rule(&rule)?;
        rule.choose(self, ctx)
    }
}

/// A position on the grid, and what it was chosen by.
#[derive(Debug)]
pub(super) struct Choice {
    pub position: usize,
    /// The rule's value of every penalty.
    pub values: Vec<f64>,
    /// Their standard errors, where the rule has them.
    pub errors: Option<Vec<f64>>,
    /// How many of the solutions behind the values did not converge.
    pub unconverged: usize,
    /// What to know about resamples that could not be used.
    pub warning: Option<String>,
}

/// The position of the smallest value, of equal ones the first: the largest penalty.
pub(super) fn smallest(values: Vec<f64>) -> Choice {
    let position = values.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(position, _)| position);
    Choice { position, values, errors: None, unconverged: 0, warning: None }
}

impl Choice {
    /// The chosen solution as a fit; `why_empty` explains a graph without edges.
    fn fit(self, rule: &Rule, path: &Path, why_empty: &str, started: Instant, ctx: &Context) -> Result<Fit> {
        let points = path.points();
        let mut warnings: Vec<String> =
            self.at_an_end(path, why_empty).into_iter().chain(self.warning.clone()).collect();
        if self.unconverged > 0 {
            let (missed, why) = (self.unconverged, "raise max_iter, or tol");
            if ctx.is_strict() {
                let text = format!("{missed} solutions of \"{}\" did not converge: {why}", rule.name());
                return Err(Error::new(ErrorKind::NotConverged, text));
            }
            warnings
                .push(format!("{missed} of the solutions that \"{}\" compared did not converge: {why}", rule.name()));
        }
        let lambdas = points.iter().map(|point| point.lambda).collect::<Vec<_>>();
        let mut selection = vec![
            ("rule".to_string(), Value::from(rule.name())),
            ("lambdas".to_string(), Vector::from(lambdas).into()),
            ("values".to_string(), Vector::from(self.values).into()),
        ];
        if let Some(errors) = self.errors {
            selection.push(("errors".into(), Vector::from(errors).into()));
        }
        path.fit_of(&points[self.position], rule.chosen(selection, warnings, started), ctx)
    }

    /// What to know about a choice at an end of the grid.
    fn at_an_end(&self, path: &Path, why_empty: &str) -> Option<String> {
        let points = path.points();
        let last = points.len() - 1;
        let lambda = number(points[self.position].lambda);
        let is_automatic = path.options().iter().any(|(name, _)| name == "n_lambdas");
        match self.position {
            _ if last == 0 => None,
            0 if points[0].n_edges() == 0 => {
                Some(format!("the largest lambda of the grid ({lambda}) was chosen: {why_empty}"))
            }
            0 => Some(format!(
                "the largest lambda of the grid ({lambda}) was chosen: a larger one may be better; extend lambdas upwards"
            )),
            end if end == last => Some(format!(
                "the smallest lambda of the grid ({lambda}) was chosen: a smaller one may be better; {}",
                if is_automatic { "extend the grid with a smaller min_ratio" } else { "extend lambdas downwards" }
            )),
            _ => None,
        }
    }
}

/// More subsamples than this are a mistake.
const MOST: usize = 1_000_000;

/// Checks what Rust callers can get wrong; scripts have been checked before.
///
/// # Errors
/// A count or a share out of its range.
pub fn check_rule(rule: &Rule) -> Result<()> {
    let share = |value: f64| value > 0.0 && value < 1.0;
    let fine = match *rule {
        Rule::Criterion(Criterion::Ebic { gamma }) => (0.0..=1.0).contains(&gamma),
        Rule::Criterion(_) => true,
        Rule::CrossValidation { folds, .. } => folds >= 2,
        Rule::Stars { subsamples, ratio, threshold } => {
            (2..=MOST).contains(&subsamples) && ratio.is_none_or(share) && share(threshold)
        }
        Rule::Ric { rotations } => rotations >= 1,
    };
    if fine { Ok(()) } else { Err(Error::option(format!("{rule:?} is out of range"))) }
}
