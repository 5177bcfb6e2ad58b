//! What the baselines share: factors of all samples together, each data set with its variables of variance 1.

use ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::objective::Objective;
use super::principal::{self, Weights, principal};
use super::result::{self, Found, Origin, bic};
use super::{CENTER, PENALIZE_DIAGONAL, Sets, Units, check_factors, default_factors};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::matmul;
use crate::model::{Input, JointFit, Property, VARIABLES};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

/// Options of both.
pub const OPTIONS: &[Opt] = &[
    Opt::new(
        "factors",
        &[Kind::Count(1)],
        Preset::Unset("10, or fewer where there are few variables or samples"),
        "Number of factors, below those of variables and samples",
    ),
    Opt::new(
        "lambda",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(0.09),
        "Penalty of the graphical lasso of the factors, in the units of the data",
    ),
    PENALIZE_DIAGONAL,
    CENTER,
    VARIABLES,
];

/// What joint fits of both have.
pub const ADDS: &[Property] =
    &[result::PROJECTION, result::PRECISIONS, result::NOISE, result::VARIANCES, result::SCORES];

/// How directions are found from the principal ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directions {
    /// They are these.
    Principal,
    /// Independent components of the scores: so many iterations at most.
    Independent(usize),
}

/// A baseline and its options.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// The verb.
    pub verb: &'static str,
    /// Number of factors, or the default.
    pub factors: Option<usize>,
    /// Penalty of the graphical lasso of the factors.
    pub lambda: f64,
    /// Whether their diagonals count in it.
    pub penalize_diagonal: bool,
    /// Whether the means are taken off.
    pub center: bool,
    /// What is sought.
    pub directions: Directions,
}

/// Directions, and an orthonormal basis of their span.
struct Span {
    basis: Array2<f64>,
    d: Array2<f64>,
    iterations: usize,
    why_not: Option<&'static str>,
}

impl Baseline {
    /// From checked options.
    pub fn from_options(verb: &'static str, directions: Directions, options: &Options) -> Self {
        Self {
            verb,
            factors: options.count("factors"),
            lambda: options.number("lambda").unwrap_or(0.09),
            penalize_diagonal: options.is_true("penalize_diagonal"),
            center: options.is_true("center"),
            directions,
        }
    }

    /// Fits checked data.
    ///
    /// # Errors
    /// As many factors as variables or samples; a limit of the context.
    pub fn fit_inputs(&self, inputs: &[Input], ctx: &Context) -> Result<JointFit> {
        if inputs.is_empty() {
            return Err(Error::argument(format!("{}: the list of data sets is empty", self.verb)));
        }
        let sets = Sets::new(inputs, self.center, ctx).map_err(|error| error.at(self.verb))?;
        let factors = self.factors.unwrap_or_else(|| default_factors(&sets));
        check_factors(factors, &sets).map_err(|error| error.at(self.verb))?;
        let options = self.recorded(factors);
        let mut builder = JointFit::builder(self.verb, options.clone(), ctx);
        let span = self.span(&sets, factors, ctx)?;
        // What does not move by the objective needs no ridge.
        let (lambda, penalize_diagonal) = (self.lambda, self.penalize_diagonal);
        let objective = Objective { sets: &sets, lambda, penalize_diagonal, ridge: Some(0.0) };
        let found = Found::of_directions(&objective, span.d, &span.basis, ctx)?;
        let criterion = bic(&sets, &found.parts);
        let solver = match self.directions {
            Directions::Principal => "iterations on a subspace",
            Directions::Independent(_) => "FastICA",
        };
        let origin =
            Origin { verb: self.verb, solver: (solver, span.iterations, span.why_not.is_none()), options: &options };
        if let Some(why) = span.why_not {
            builder.warn(why);
        }
        let (joint, fits) = found.finish(&sets, self.lambda, &origin, builder, ctx)?;
        let joint = match self.directions {
            Directions::Principal => joint.add(result::BIC.name, criterion.into()),
            // Its directions are not orthogonal: the likelihood is another one.
            Directions::Independent(_) => joint,
        };
        joint.finish(fits, ctx)
    }

    fn span(&self, sets: &Sets<'_>, factors: usize, ctx: &Context) -> Result<Span> {
        let settings = principal::Settings::EXACT;
        let components = principal(sets, factors, (Weights::Samples, Units::Standard), settings, ctx)?;
        let basis = components.directions;
        let Directions::Independent(max_iter) = self.directions else {
            let why_not = (!components.converged).then_some(
                "the last components are not told apart from those behind them: other factors may explain as much",
            );
            return Ok(Span { d: basis.clone(), basis, iterations: components.iterations, why_not });
        };
        let scores = (0..sets.len()).map(|set| sets.scores(set, basis.view(), Units::Standard, ctx));
        let scores = scores.collect::<Result<Vec<_>>>()?;
        let samples: usize = scores.iter().map(|own| own.nrows()).sum();
        let _held = ctx.reserve_matrices(2, samples, factors)?;
        let views: Vec<ArrayView2<'_, f64>> = scores.iter().map(|own| own.view()).collect();
        let whole = concatenate(Axis(0), &views).map_err(|_| Error::internal("scores of different factors"))?;
        let settings = super::fast_ica::Settings { tol: 1e-6, max_iter };
        let sources = super::fast_ica::independent(whole, settings, ctx)?;
        let mut d = matmul(basis.view(), sources.mixing.view(), ctx)?;
        for mut column in d.columns_mut() {
            let length = column.dot(&column).sqrt();
            column /= length.max(f64::MIN_POSITIVE);
        }
        let why_not = (!sources.converged).then_some("the components still turn; allow more iterations with max_iter");
        Ok(Span { basis, d, iterations: sources.iterations, why_not })
    }

    /// The options that held.
    fn recorded(&self, factors: usize) -> Vec<(String, Value)> {
        let mut options: Vec<(String, Value)> = vec![
            ("factors".into(), factors.into()),
            ("lambda".into(), self.lambda.into()),
            ("penalize_diagonal".into(), self.penalize_diagonal.into()),
            ("center".into(), self.center.into()),
        ];
        if let Directions::Independent(max_iter) = self.directions {
            options.push(("max_iter".into(), max_iter.into()));
        }
        options
    }
}
