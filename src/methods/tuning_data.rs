//! What the penalties of a graphical lasso are tuned on: which samples are fitted, which judge, which are left alone.

use ndarray::Array2;

use crate::context::Context;
use crate::data::Matrix;
use crate::data::covariance::{check_covariance, variable_names};
use crate::error::{Error, Result};
use crate::model::{Input, Missing, Shape};
use crate::rng;
use crate::select::criterion::{HeldOut, Objective, OfFunction, Reconstruction, SmoothEbic};
use crate::value::Value;

/// What penalties are tuned by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TuningCriterion {
    /// -log det Theta + tr(S Theta) of held-out samples.
    HeldOut,
    /// The mean of that over folds.
    CrossValidation {
        /// Number of folds, at least 2.
        folds: usize,
    },
    /// |Theta S - I| of held-out samples.
    Reconstruction,
    /// The extended BIC with a smooth count of edges.
    Ebic {
        /// From 0 to 1.
        gamma: f64,
    },
}

impl TuningCriterion {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["holdout", "cv", "reconstruction", "ebic"];

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::HeldOut => "holdout",
            Self::CrossValidation { .. } => "cv",
            Self::Reconstruction => "reconstruction",
            Self::Ebic { .. } => "ebic",
        }
    }
}

/// One inner problem with its criteria.
pub(super) struct Part<'f> {
    pub s: Array2<f64>,
    pub objective: Box<dyn Objective + 'f>,
    pub untouched: Option<Box<dyn Objective + 'f>>,
}

/// All of them.
pub(super) struct Data<'f> {
    pub parts: Vec<Part<'f>>,
    /// Whether the fit at the end has more samples than the tuning fitted.
    pub refit: bool,
}

/// How samples are divided where the user has not done so.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    pub held_out: f64,
    pub untouched: f64,
}

/// What is given beside the input.
#[derive(Clone, Copy)]
pub(super) struct Given<'g> {
    pub criterion: TuningCriterion,
    pub validation: Option<&'g Matrix>,
    pub test: Option<&'g Matrix>,
    pub shares: Shares,
}

/// Each part of a split has at least so many samples.
const LEAST: usize = 3;

/// A criterion on a second moment.
fn objective<'f>(criterion: TuningCriterion, s: Array2<f64>) -> Box<dyn Objective + 'f> {
    match criterion {
        TuningCriterion::Reconstruction => Box::new(Reconstruction { s }),
        _ => Box::new(HeldOut { s }),
    }
}

/// The second moment of other samples of the same variables, which are a covariance where the input is one.
fn moment(input: &Input, other: &Matrix, what: &str, ctx: &Context) -> Result<Array2<f64>> {
    if other.cols() != input.p() {
        let (cols, p) = (other.cols(), input.p());
        return Err(Error::shape(format!("{what} has {cols} columns, there are {p} variables")));
    }
    if let (Some(own), Some(names)) = (variable_names(other), input.names())
        && own != *names
    {
        return Err(Error::name(format!("{what} has other columns than the data, or in another order"))
            .with_hint("take them in the data's order: m.select(names)"));
    }
    if matches!(input.shape(), Shape::Covariance { .. }) {
        check_covariance(other).map_err(|error| error.at(what))?;
        return Ok(other.clone().into_array());
    }
    if other.rows() == 0 {
        return Err(Error::data(format!("{what} has no row")));
    }
    if let Some(place) = other.first_non_finite().filter(|_| input.moment().missing == Missing::Refused) {
        return Err(Error::data(format!("{what}: {place}")));
    }
    input.s_of_others(other, ctx).map_err(|error| error.at(what))
}

impl Given<'_> {
    /// The inner problems of an input.
    ///
    /// # Errors
    /// Options that do not go together; too few samples to split; rows of which no covariance can be made.
    pub fn data<'f>(&self, input: &Input, f: Option<OfFunction<'f>>, ctx: &Context) -> Result<Data<'f>> {
        self.check(f.is_some())?;
        if let Some(f) = f {
            return Ok(Data::one(input.s(ctx)?.to_owned(), Box::new(f), None));
        }
        if let TuningCriterion::Ebic { gamma } = self.criterion {
            let n = input.n().ok_or_else(|| {
                Error::argument("\"ebic\" needs the number of samples")
                    .with_hint("give it with the covariance, `n: 100`")
            })?;
            let s = input.s(ctx)?.to_owned();
            return Ok(Data::one(s.clone(), Box::new(SmoothEbic { s, n, gamma }), None));
        }
        let untouched = |s: Array2<f64>| objective(self.criterion, s);
        let test = self.test.map(|test| moment(input, test, "test", ctx)).transpose()?;
        if let Some(validation) = self.validation {
            let own = objective(self.criterion, moment(input, validation, "validation", ctx)?);
            return Ok(Data::one(input.s(ctx)?.to_owned(), own, test.map(untouched)));
        }
        self.split(input, ctx)
    }

    fn check(&self, has_function: bool) -> Result<()> {
        let word = if has_function { "a function" } else { self.criterion.name() };
        let takes_samples = !has_function && !matches!(self.criterion, TuningCriterion::Ebic { .. });
        let takes_validation = takes_samples && !matches!(self.criterion, TuningCriterion::CrossValidation { .. });
        if self.validation.is_some() && !takes_validation {
            return Err(Error::option(format!("validation: the criterion {word} has no use for other data"))
                .with_hint("criterion \"holdout\" and \"reconstruction\" have"));
        }
        if self.test.is_some() && !takes_samples {
            return Err(Error::option(format!("test: the criterion {word} has no use for other data"))
                .with_hint("criterion \"holdout\", \"reconstruction\" and \"cv\" have"));
        }
        Ok(())
    }

    /// Samples drawn at random into those that are fitted, those that judge, and those that are left alone.
    fn split<'f>(&self, input: &Input, ctx: &Context) -> Result<Data<'f>> {
        let x = input.x().ok_or_else(|| {
            Error::argument(format!(
                "\"{}\" needs the data, or a second covariance, not one covariance",
                self.criterion.name()
            ))
            .with_hint("validation: a covariance of other samples")
        })?;
        let n = x.rows();
        let order = rng::permutation(&mut rng::stream(ctx.seed(), "tuning", 0), n);
        let share = |share: f64| if share > 0.0 { ((n as f64 * share).round() as usize).max(LEAST) } else { 0 };
        let aside = if self.test.is_some() { 0 } else { share(self.shares.untouched) };
        let (untouched, rest) = order.split_at(aside.min(n));
        match self.criterion {
            TuningCriterion::CrossValidation { folds } => {
                if rest.len() < folds.max(2) || rest.len() - rest.len().div_ceil(folds.max(1)) < LEAST {
                    return Err(too_few(n, &format!("{folds} folds beside {aside} untouched samples")));
                }
                let bounds = |fold: usize| fold * rest.len() / folds;
                let parts = (0..folds).map(|fold| {
                    let held_out = &rest[bounds(fold)..bounds(fold + 1)];
                    let fitted = [&rest[..bounds(fold)], &rest[bounds(fold + 1)..]].concat();
                    self.part(input, x, (&fitted, held_out, untouched), ctx)
                });
                Ok(Data { parts: parts.collect::<Result<_>>()?, refit: true })
            }
            _ => {
                let held_out = share(self.shares.held_out);
                if rest.len() < held_out + LEAST {
                    return Err(too_few(n, "three parts of three samples at least"));
                }
                let (held_out, fitted) = rest.split_at(held_out);
                Ok(Data { parts: vec![self.part(input, x, (fitted, held_out, untouched), ctx)?], refit: true })
            }
        }
    }

    fn part<'f>(
        &self,
        input: &Input,
        x: &Matrix,
        (fitted, held_out, untouched): (&[usize], &[usize], &[usize]),
        ctx: &Context,
    ) -> Result<Part<'f>> {
        let columns: Vec<usize> = (0..x.cols()).collect();
        let rows = |rows: &[usize]| {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            x.pick(&rows, &columns)
        };
        let place = |error: Error| error.at("the samples that the tuning fits");
        let own = input.of_rows(&rows(fitted), ctx).map_err(place)?;
        let s = own.s(ctx).map_err(place)?.to_owned();
        let other = |rows: &Matrix, what: &str| moment(&own, rows, what, ctx).map(|s| objective(self.criterion, s));
        let held_out = other(&rows(held_out), "the samples that the tuning holds out")?;
        let untouched = match self.test {
            Some(test) => Some(other(test, "test")?),
            None if untouched.is_empty() => None,
            None => Some(other(&rows(untouched), "the untouched samples")?),
        };
        Ok(Part { s, objective: held_out, untouched })
    }
}

impl<'f> Data<'f> {
    fn one(s: Array2<f64>, objective: Box<dyn Objective + 'f>, untouched: Option<Box<dyn Objective + 'f>>) -> Self {
        Self { parts: vec![Part { s, objective, untouched }], refit: false }
    }
}

fn too_few(n: usize, what: &str) -> Error {
    Error::data(format!("{n} samples are too few to split: the tuning needs {what}")).with_hint(
        "more samples, `untouched: 0.0`, a criterion that splits nothing, \"ebic\", or data of your own to judge by: validation",
    )
}

/// The group of every variable, by name, from names or numbers.
pub(super) fn groups(list: &[Value]) -> Result<Vec<String>> {
    let label = |item: &Value| match item {
        Value::Text(name) => Ok(name.clone()),
        Value::Int(group) => Ok(group.to_string()),
        other => Err(Error::option(format!("groups lists names or whole numbers, one of them is {}", other.brief()))),
    };
    list.iter().map(label).collect()
}

/// Fails where the variables of a truth are not those of the input.
pub(super) fn check_truth(truth: &Matrix, input: &Input) -> Result<()> {
    let p = input.p();
    if (truth.rows(), truth.cols()) != (p, p) {
        return Err(Error::shape(format!("truth is {} x {}, there are {p} variables", truth.rows(), truth.cols())));
    }
    if truth.first_non_finite().is_some() || truth.as_slice().iter().all(|&value| value == 0.0) {
        return Err(Error::data("truth must be a precision matrix: finite, and not zero everywhere"));
    }
    match (variable_names(truth), input.names()) {
        (Some(own), Some(names)) if own != *names => {
            Err(Error::name("truth names other variables than the data, or in another order")
                .with_hint("take its rows and columns in the data's order: m[[names, names]]"))
        }
        _ => Ok(()),
    }
}
