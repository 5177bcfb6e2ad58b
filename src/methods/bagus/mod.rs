//! BAGUS: a precision matrix under a prior with a spike and a slab, by expectation and maximisation.

mod modes;

use super::setters::setters;
use super::shared_options::{max_iter, tol};
use crate::context::Context;
use crate::data::{Column, Matrix, Table};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run, false_discovery};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::parallel;
use crate::value::Value;
use modes::{Mode, Prior, Stop, is_edge};

/// What `spike` and `slab` take.
const SCALES: &[Kind] = &[Kind::Number(Range::POSITIVE), Kind::Numbers];

const OPTIONS: &[Opt] = &[
    Opt::new(
        "spike",
        SCALES,
        Preset::Unset("[0.25, 0.5, 0.75, 1]"),
        "Scales of entries without an edge, in units of 1 / sqrt(n log p): a number, or a list to choose from",
    ),
    Opt::new(
        "slab",
        SCALES,
        Preset::Unset("[2.5, 5, 7.5, 10]"),
        "Scales of entries with an edge, in the same units: a number, or a list to choose from",
    ),
    Opt::new(
        "probability",
        &[Kind::Number(Range::OPEN_UNIT)],
        Preset::Number(0.5),
        "Probability of an edge before the data are seen",
    ),
    tol(1e-3, "Bound on the change of every entry of the precision matrix in the last step"),
    max_iter(100, "Steps of expectation and maximisation at most"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "bagus",
    constructor: Some("Bagus"),
    area: Area::Recover,
    summary: "Graph from a precision matrix under a spike-and-slab prior, by EM (BAGUS)",
    details: "Entries of the precision matrix of the standardised columns have a Laplace prior: with scale v0 (`spike`) \
without an edge, with the larger scale v1 (`slab`) with one; the diagonal is exponential with rate v0. EM alternates between the \
probability of every edge, 1 / (1 + (v1 / v0) ((1 - eta) / eta) exp(-|theta| (1 / v0 - 1 / v1))) with eta = `probability`, and a \
graphical lasso whose penalties are (P / v1 + (1 - P) / v0) / n off the diagonal and 2 v0 / n on it. It starts from a diagonal \
matrix and finds a local maximum. Edges have a probability above 1/2. Of the scales those with the smallest BIC are kept, \
n (tr(S Theta) - log det Theta) + log n for every edge; fit.calibration has all. The grid's end is often the choice, with more \
edges than there are: this is no method with a false discovery rate. An edge's weight is the partial correlation; \
score(truth, fit.edge_probability) ranks all pairs.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[
        Property {
            name: "edge_probability",
            help: "The probability of every edge, 0 on the diagonal: ranks pairs (Matrix, p x p)",
        },
        Property {
            name: "penalized_precision",
            help: "The precision matrix of the last step, of the standardised columns; it has small entries without an edge \
(Matrix, p x p)",
        },
        Property { name: "calibration", help: "Every pair of scales with its edges, BIC and steps (Table)" },
        Property {
            name: "spike",
            help: "The scale of the spike that was chosen, in units of 1 / sqrt(n log p) (float)",
        },
        Property { name: "slab", help: "The scale of the slab that was chosen, in units of 1 / sqrt(n log p) (float)" },
    ],
    reference: "Gan, Narisetty, Liang, Journal of the American Statistical Association 114:1218 (2019)",
    example: "let g = random_graph(\"band\", #{ nodes: 12, bandwidth: 1 });\n\
              let x = sample_gaussian(g.precision(), 100, #{ seed: 1 });\n\
              let fit = x.bagus(#{ spike: 1, slab: [5, 10] });\n\
              print(fit.graph());\n\
              print(fit.calibration);",
    run: Run::Fit(|input, options, ctx| Bagus::from_options(options)?.fit_input(input, ctx)),
};

/// As many scales are tried at most: more would run for days.
const MOST: usize = 100;
/// BAGUS and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::bagus::Bagus};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i * (j + 1)) % 17) as f64);
/// let fit = Bagus::new().spike(vec![1.0]).slab(vec![10.0]).fit(&x, &Context::new())?;
/// assert_eq!(fit.graph(0.0)?.n_nodes(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Bagus {
    spike: Vec<f64>,
    slab: Vec<f64>,
    probability: f64,
    tol: f64,
    max_iter: usize,
}

impl Default for Bagus {
    fn default() -> Self {
        Self {
            spike: vec![0.25, 0.5, 0.75, 1.0],
            slab: vec![2.5, 5.0, 7.5, 10.0],
            probability: 0.5,
            tol: 1e-3,
            max_iter: 100,
        }
    }
}

impl Bagus {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Scales of entries without an edge, in units of 1 / sqrt(n log p).
        spike: Vec<f64> => spike;
        /// Scales of entries with an edge.
        slab: Vec<f64> => slab;
        /// Probability of an edge before the data are seen.
        probability: f64 => probability;
        /// Bound on the change of every entry in the last step.
        tol: f64 => tol;
        /// Steps at most.
        max_iter: usize => max_iter;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let scales = |name: &str, otherwise: &[f64]| match options.get(name) {
            Some(Value::List(list)) => list.iter().filter_map(Value::as_number).collect(),
            Some(value) => value.as_number().into_iter().collect(),
            None => otherwise.to_vec(),
        };
        let method = Self {
            spike: scales("spike", &default.spike),
            slab: scales("slab", &default.slab),
            probability: options.number("probability").unwrap_or(default.probability),
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        };
        method.check()?;
        Ok(method)
    }

    fn check(&self) -> Result<()> {
        for (name, scales) in [("spike", &self.spike), ("slab", &self.slab)] {
            if let Some(wrong) = scales.iter().find(|scale| !(scale.is_finite() && **scale > 0.0)) {
                return Err(Error::option(format!("every {name} of bagus is a number > 0, not {wrong}")));
            }
            if scales.is_empty() || scales.len() > MOST {
                return Err(Error::option(format!("{name} of bagus lists 1 to {MOST} numbers, not {}", scales.len())));
            }
        }
        let largest = self.spike.iter().copied().fold(0.0, f64::max);
        let smallest = self.slab.iter().copied().fold(f64::INFINITY, f64::min);
        if largest >= smallest {
            return Err(Error::option(format!("the slab {smallest} of bagus is not wider than the spike {largest}"))
                .with_hint("entries with an edge are the larger ones: every slab above every spike"));
        }
        if !(self.probability > 0.0 && self.probability < 1.0) {
            return Err(Error::option(format!("probability is a number > 0 and < 1, not {}", self.probability)));
        }
        if !(self.tol.is_finite() && self.tol > 0.0) || self.max_iter == 0 {
            return Err(Error::option("tol must be a number > 0, max_iter at least 1"));
        }
        Ok(())
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check()?;
        let n = input.n().ok_or_else(|| {
            Error::argument("the scales of bagus need the number of samples").with_hint("give it: `n: 100`")
        })? as f64;
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let p = input.p();
        let grid: Vec<(f64, f64)> =
            self.spike.iter().flat_map(|&spike| self.slab.iter().map(move |&slab| (spike, slab))).collect();
        let _held = ctx.reserve_matrices(grid.len() + 6 * ctx.threads() + 2, p, p)?;
        let s = input.correlations(ctx)?;
        // Of one variable there is no pair whose scale it could be.
        let unit = 1.0 / (n * (p.max(2) as f64).ln()).sqrt();
        let modes = parallel::map(&grid, ctx, |index, &(spike, slab)| {
            ctx.progress("scales", index, grid.len());
            let prior = Prior { spike: spike * unit, slab: slab * unit, probability: self.probability };
            let stop = Stop { tol: self.tol, max_iter: self.max_iter };
            prior.mode(&s, n, stop, &parallel::within(ctx, grid.len(), index))
        })?;
        let calibration = table(&grid, &modes)?;
        let found = grid.iter().zip(modes).reduce(|best, next| if next.1.bic < best.1.bic { next } else { best });
        let (&(spike, slab), mode) = found.ok_or_else(|| Error::internal("no scales were tried"))?;
        if !mode.converged {
            builder.warn(format!(
                "the precision matrix still changed by {:e} or more after {} steps: allow more with max_iter, or raise tol",
                self.tol, mode.steps
            ));
        }
        let theta = mode.theta.to_dense();
        let weight = |i: usize, j: usize| -theta[(i, j)] / (theta[(i, i)] * theta[(j, j)]).sqrt();
        let graph = false_discovery::graph(input, weight, |i, j| is_edge(&mode.edge, &theta, i, j), ctx)?;
        builder
            .solver("EM with graphical lassos", mode.steps, mode.converged)
            .add("edge_probability", Matrix::square(mode.edge, input.names()).into())
            .add("penalized_precision", Matrix::square(theta, input.names()).into())
            .add("calibration", calibration.into())
            .add("spike", spike.into())
            .add("slab", slab.into())
            .finish(Estimate::Graph(graph), ctx)
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        let list = |scales: &[f64]| Value::List(scales.iter().map(|&scale| scale.into()).collect());
        vec![
            ("spike".into(), list(&self.spike)),
            ("slab".into(), list(&self.slab)),
            ("probability".into(), Value::Float(self.probability)),
            ("tol".into(), Value::Float(self.tol)),
            ("max_iter".into(), self.max_iter.into()),
        ]
    }
}

fn table(grid: &[(f64, f64)], modes: &[Mode]) -> Result<Table> {
    let of_modes = |value: &dyn Fn(&Mode) -> f64| Column::numbers(modes.iter().map(value).collect());
    let columns = vec![
        ("spike".to_string(), Column::numbers(grid.iter().map(|(spike, _)| *spike).collect())),
        ("slab".to_string(), Column::numbers(grid.iter().map(|(_, slab)| *slab).collect())),
        ("edges".to_string(), of_modes(&|mode| mode.edges as f64)),
        ("bic".to_string(), of_modes(&|mode| mode.bic)),
        ("steps".to_string(), of_modes(&|mode| mode.steps as f64)),
    ];
    Table::new(columns, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Bagus::from_options(&options).unwrap(), Bagus::default());
    }
}
