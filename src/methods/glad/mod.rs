//! GLAD and GLAD-TF: an unrolled model that is trained on data whose graphs are known.

mod options;
mod training;

use ndarray::Array2;

use super::unrolled::estimate::{Estimated, add_shrinkage, assemble};
use super::unrolled::model::{Model, named};
use super::unrolled::prepared::Prepared;
use super::unrolled::units::Units;
use crate::context::Context;
use crate::data::{Matrix, Names, Selector, Vector};
use crate::error::{Error, Result};
use crate::linalg;
use crate::model::{Accepts, Area, Fit, Input, Property, Record, Run, SecondMoment, Trainable, Trained, regulators};
use crate::nn::{Direction, Layout, Problem};
use crate::select::Shrinkage;

/// The record.
pub static RECORD: Record = Record {
    verb: "glad",
    constructor: Some("Glad"),
    area: Area::Recover,
    summary: "Graph from an unrolled neural model trained on data whose graphs are known",
    details: "Glad(#{ .. }).train(pairs, #{ .. }) learns the thresholds and weights of `steps` iterations of an \
alternating minimisation (two small networks, 42 numbers with the defaults) from a list of pairs #{ x, truth }, where \
the truth is a precision matrix or a graph; .fit(x) of what it gives then recovers the graph of other data. x.glad() \
without training uses a model that comes with sinew, trained on Gaussian data from random sparse graphs by \
scripts/train_glad.rhai. A graph A stands for the target A + (1 - smallest eigenvalue) I of its 0/1 adjacency. The data \
are standardised and S is shrunk first, as shrunk_partial_correlation() does (`shrinkage`); results are in the units of \
the data. With `regulators` (GLAD-TF) only pairs with a regulator have an edge, and the fit is a graph alone. variant \
\"authors\" follows the published program: its inexact square root, thresholded diagonal, no shrinkage, and Z as result.",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::ConstantsOrCovariance,
    random: true,
    adds: &[
        Property { name: "theta", help: "Theta of the last iteration: positive definite (Matrix, p x p)" },
        Property {
            name: "z",
            help: "Z of the last iteration: thresholded, not always positive definite (Matrix, p x p)",
        },
        Property { name: "lambda_history", help: "The weight lambda of every iteration (Vector)" },
        Property { name: "parameters", help: "What was learned: the offset and the two networks, by name (map)" },
        Property { name: "shrinkage", help: "a: how far S was moved towards a diagonal (float)" },
        Property {
            name: "variance_shrinkage",
            help: "t: how far the variances in it were moved towards their mean (float)",
        },
    ],
    reference: "Shrivastava, Chen, Chen, Lan, Aluru, Liu, Song, GLAD (ICLR 2020); GLAD-TF: Shrivastava et al., GRNUlar, \
supplement A (J. Comput. Biol. 2022)",
    example: "let pair = |k| {\n\
              \x20   let g = random_graph(\"erdos_renyi\", #{ nodes: 8, density: 0.3, seed: k });\n\
              \x20   let theta = g.precision(#{ rule: \"uglad\", seed: k });\n\
              \x20   #{ x: sample_gaussian(theta, 50, #{ seed: k }), truth: theta }\n\
              };\n\
              let model = Glad(#{ steps: 5 }).train((0..4).map(pair), #{ epochs: 5, seed: 1 });\n\
              print(model.fit(pair.call(9).x));\n\
              print(pair.call(9).x.glad().n_edges);",
    run: Run::Trainable(Trainable {
        fit: |input, options, trained, ctx| Glad::from_options(options)?.fit_with(input, trained, ctx),
        train: |pairs, options, ctx| training::train(&Glad::from_options(options)?, pairs, options, ctx),
        train_options: training::OPTIONS,
        check: training::check,
    }),
};

/// The parameters of the model that comes with sinew, for 3 hidden units and 15 steps; made by `scripts/train_glad.rhai`.
const SHIPPED: &str = include_str!("shipped.json");

/// GLAD and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::glad::Glad};
/// let x = Matrix::from_fn(40, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = Glad::new().fit(&x, &Context::new().with_seed(1))?;
/// assert_eq!(fit.precision()?.rows(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Glad {
    model: Model,
    shrinkage: Shrinkage,
    regulators: Option<Vec<Selector>>,
}

impl Default for Glad {
    fn default() -> Self {
        Self { model: Model { offset: 0.1, ..Model::default() }, shrinkage: Shrinkage::default(), regulators: None }
    }
}

/// What stands behind every member of a trained model.
#[derive(Debug, Clone)]
struct Members {
    layout: Layout,
    parameters: Vec<Vec<f64>>,
}

impl Glad {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With these columns as the only ones that act on others.
    #[must_use]
    pub fn regulators(mut self, regulators: Vec<Selector>) -> Self {
        self.regulators = Some(regulators);
        self
    }

    /// Fits data, n x p, with the model that comes with sinew.
    ///
    /// # Errors
    /// Data that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_with(&Input::with_constants(x, SecondMoment::default(), ctx)?, None, ctx)
    }

    /// Fits data with a trained model.
    ///
    /// # Errors
    /// As [`Glad::fit`]; options that the model was not trained with.
    pub fn fit_with(&self, input: &Input, trained: Option<&Trained>, ctx: &Context) -> Result<Fit> {
        let members = match trained {
            Some(trained) => training::members(self, trained)?,
            None => self.shipped()?,
        };
        let builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let prepared = self.prepared(input, ctx)?;
        let mask = self.mask(input, &prepared.columns)?;
        let problem = Problem { s: vec![prepared.s()], mask: mask.clone(), objective: None };
        let evaluator = self.model.evaluator(&problem, ctx)?;
        let mut passes = Vec::new();
        for parameters in &members.parameters {
            passes.push(evaluator.pass(parameters, Direction::Forward, ctx)?);
        }
        let sum = |part: fn(&crate::nn::Pass) -> &Array2<f64>| {
            passes.iter().skip(1).fold(part(&passes[0]).clone(), |sum, pass| sum + part(pass)) / passes.len() as f64
        };
        let (theta, z) = (sum(|pass| &pass.theta[0]), sum(|pass| &pass.z[0]));
        if theta.iter().chain(&z).any(|value| !value.is_finite()) {
            return Err(Error::numerical("the model gives numbers that are not finite for these data")
                .with_hint("train it on data like these"));
        }
        let mut builder = add_shrinkage(builder, &prepared)
            .solver("unrolled model", self.model.steps, true)
            .add("lambda_history", Vector::from(passes[0].lambdas.clone()).into())
            .add("parameters", named(members.layout, &members.parameters[0]));
        prepared.warnings.iter().for_each(|warning| builder.warn(warning.clone()));
        let estimated = Estimated { theta, z, mask };
        assemble(builder, self.model.is_published(), input, &prepared, estimated, ctx)
    }

    /// The parameters that come with sinew.
    fn shipped(&self) -> Result<Members> {
        let default = Model::default();
        let own =
            Model { device: default.device.clone(), precision: None, offset: default.offset, ..self.model.clone() };
        if own != default {
            return Err(Error::argument("this glad has to be trained: what comes with sinew has the default options")
                .with_hint("Glad(#{ .. }).train(pairs).fit(x), with pairs #{ x, truth }"));
        }
        let parameters: Vec<f64> =
            serde_json::from_str(SHIPPED).map_err(|error| Error::internal(format!("the model of glad: {error}")))?;
        Ok(Members { layout: self.model.layout()?, parameters: vec![parameters] })
    }

    /// Data as the model sees them.
    fn prepared(&self, input: &Input, ctx: &Context) -> Result<Prepared> {
        if !self.model.is_published() {
            return Prepared::shrunk(&self.shrinkage, input, Units::of, ctx);
        }
        let columns = input.varying();
        if columns.is_empty() {
            return Err(Error::data("every column is constant: there is no covariance"));
        }
        let sigma = linalg::block_of(input.s(ctx)?, &columns);
        let units = Units::correlation(sigma.view(), ctx)?;
        Ok(Prepared::plain(columns, sigma, units, Vec::new()))
    }

    /// 1 on the diagonal and in the rows and columns of regulators, of the columns that the model has.
    fn mask(&self, input: &Input, columns: &[usize]) -> Result<Option<Array2<f64>>> {
        let Some(list) = &self.regulators else { return Ok(None) };
        let names = input.names().cloned().unwrap_or_else(|| Names::numbered(input.p()));
        let positions = regulators::positions(list, &names, "column", "any pair may have an edge")?;
        let acts: Vec<bool> = columns.iter().map(|column| positions.contains(column)).collect();
        Ok(Some(regulator_mask(&acts)))
    }
}

/// 1 on the diagonal and where one of the two acts on others.
fn regulator_mask(acts: &[bool]) -> Array2<f64> {
    let may = |i: usize, j: usize| i == j || acts[i] || acts[j];
    Array2::from_shape_fn((acts.len(), acts.len()), |(i, j)| f64::from(u8::from(may(i, j))))
}
