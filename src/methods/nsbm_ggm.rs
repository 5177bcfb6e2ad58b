//! NSBM-GGM: edges from test statistics by the groups of their nodes, with a controlled false discovery rate.

use ndarray::Array2;

use super::block_options::{BLOCKS, Blocks, STARTS, check_starts};
use super::pair_tests;
use super::setters::setters;
use super::shared_options::max_iter;
use crate::context::Context;
use crate::data::{Column, Matrix, Table};
use crate::error::Result;
use crate::model::{Accepts, Area, Estimate, Fit, FitBuilder, Input, Property, Record, Run, false_discovery};
use crate::options::{Kind, Opt, Options, Preset};
use crate::solver::block_model::{EdgeLaw, NoisyModel, NoisySettings, Spread, fit_statistics};
use crate::solver::pair_statistics::{by_lasso, by_scaled_lasso};
use crate::solver::{ScaledLasso, Variables, ren_statistics};
use crate::value::Value;

/// Where the descents of Liu's regressions end, as published.
const LIU_TOL: f64 = 1e-3;

const OPTIONS: &[Opt] = &[
    false_discovery::OPTION,
    Opt::new(
        "statistics",
        &[Kind::Choice(&["ren", "liu", "liu_sl"])],
        Preset::Text("ren"),
        "Of pairs: Ren et al.'s, or Liu's after the lasso or the scaled lasso, as in gfc_l and gfc_sl",
    ),
    Opt::new(
        "blocks",
        BLOCKS,
        Preset::Text("auto"),
        "Number of blocks, or a list to choose from; \"auto\" is 1 to 5, at most half as many as columns",
    ),
    Opt::new(
        "spread",
        &[Kind::Choice(&["one", "free"])],
        Preset::Unset("\"one\" with \"ren\", \"free\" with \"liu\" and \"liu_sl\""),
        "Variance of the statistics of edges between two blocks: 1, or free, for edges of both signs",
    ),
    STARTS,
    max_iter(20, "Sweeps over the nodes at most, a number of blocks"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "nsbm_ggm",
    constructor: Some("NsbmGgm"),
    area: Area::Recover,
    summary: "Graph with a controlled false discovery rate from test statistics, by blocks of nodes (NSBM-GGM)",
    details: "Every pair of the standardised columns has a statistic that is about standard normal without an edge. The \
columns are in blocks; with an edge, which two blocks have with a probability of their own, the statistic is normal about a \
mean of the two blocks. Groups and edges maximise the exact integrated likelihood: searches from k-means of degrees and \
eigenvectors and from random groups move columns one by one and merge blocks one at a time; fit.icl has the best value for \
every number of blocks. The laws of edges are then estimated by maximum likelihood, where edges' statistics have at least \
twice the second moment of others. The q-value of a pair is the false discovery rate, under the laws, of all pairs that are \
at least as likely to be edges; edges have a q-value of at most `fdr`. An edge's weight is its probability with the sign of \
the partial correlation; score(truth, fit.edge_probability) ranks all pairs. With spread \"one\", as published for \"ren\", \
edges of the other sign than most between their blocks are missed: where both signs are as common, take \"free\". \
The published program estimates the laws less far and so may list slightly fewer edges.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[
        Property { name: "q_values", help: "The q-value of every pair, 1 on the diagonal (Matrix, p x p)" },
        Property {
            name: "edge_probability",
            help: "The probability of every edge, 0 on the diagonal: ranks pairs (Matrix, p x p)",
        },
        Property { name: "statistics", help: "The statistic of every pair, 0 on the diagonal (Matrix, p x p)" },
        Property { name: "groups", help: "The block of every column, the largest is 0 (list)" },
        Property {
            name: "connection_probability",
            help: "The probability of an edge between two blocks (Matrix, blocks x blocks)",
        },
        Property {
            name: "connection_mean",
            help: "The mean statistic of the edges between two blocks (Matrix, blocks x blocks)",
        },
        Property {
            name: "connection_variance",
            help: "The variance of the statistics of the edges between two blocks (Matrix, blocks x blocks)",
        },
        Property { name: "icl", help: "The exact integrated likelihood for every number of blocks (Table)" },
    ],
    reference: "Kilian, Rebafka, Villers, arXiv:2402.19021 (2024); Rebafka, Roquain, Villers, Electronic Journal of Statistics \
16:2796 (2022)",
    example: "let g = random_graph(\"hub\", #{ nodes: 30, hubs: 2 });\n\
              let x = sample_gaussian(g.precision(), 100, #{ seed: 1 });\n\
              let fit = x.nsbm_ggm(#{ fdr: 0.1, blocks: [1, 2], seed: 1 });\n\
              print(fit.graph());\n\
              print(fit.icl);",
    run: Run::Fit(|input, options, ctx| NsbmGgm::from_options(options)?.fit_input(input, ctx)),
};

/// Statistics of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// Ren et al.'s, after scaled lassos.
    Ren,
    /// Liu's, after lassos.
    Liu,
    /// Liu's, after scaled lassos.
    LiuScaled,
}

/// NSBM-GGM and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::nsbm_ggm::NsbmGgm};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i * (j + 1)) % 17) as f64);
/// let fit = NsbmGgm::new().fdr(0.05).blocks(1).fit(&x, &Context::new().with_seed(1))?;
/// assert_eq!(fit.graph(0.0)?.n_nodes(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NsbmGgm {
    fdr: f64,
    statistics: Statistics,
    blocks: Blocks,
    spread: Option<Spread>,
    starts: usize,
    max_iter: usize,
}

impl Default for NsbmGgm {
    fn default() -> Self {
        Self {
            fdr: false_discovery::DEFAULT,
            statistics: Statistics::Ren,
            blocks: Blocks::Auto,
            spread: None,
            starts: 4,
            max_iter: 20,
        }
    }
}

impl NsbmGgm {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The share of the edges that may be wrong, in expectation.
        fdr: f64 => fdr;
        /// Which statistics pairs have.
        statistics: Statistics => statistics;
        /// The number of blocks, or a list to choose from.
        blocks: impl Into<Blocks> => blocks = Into::into;
        /// How far the statistics of edges between two blocks spread.
        spread: Spread => spread = Some;
        /// Searches that begin with random groups.
        starts: usize => starts;
        /// Sweeps over the nodes at most, for every number of blocks.
        max_iter: usize => max_iter;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        Ok(Self {
            fdr: false_discovery::given(options),
            statistics: match options.text("statistics") {
                Some("liu") => Statistics::Liu,
                Some("liu_sl") => Statistics::LiuScaled,
                _ => Statistics::Ren,
            },
            blocks: Blocks::given(options)?.unwrap_or_default(),
            spread: options.text("spread").map(|word| if word == "free" { Spread::Free } else { Spread::One }),
            starts: options.count("starts").unwrap_or(default.starts),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a variable that the others explain without a rest, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        false_discovery::check(self.fdr)?;
        check_starts(self.starts)?;
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let x = pair_tests::data(input, ctx)?;
        let settings = NoisySettings {
            blocks: self.blocks.counts(input.p()),
            starts: self.starts,
            spread: self.held_spread(),
            max_sweeps: self.max_iter,
        };
        let statistics = self.of_pairs(x, ctx)?;
        let model = fit_statistics(statistics.view(), &settings, ctx)?;
        if !model.converged {
            builder.warn(format!(
                "nodes still moved between blocks after {} sweeps: allow more with max_iter",
                model.sweeps
            ));
        }
        self.finish(builder, input, statistics, model, ctx)
    }

    fn held_spread(&self) -> Spread {
        let of_statistics = if self.statistics == Statistics::Ren { Spread::One } else { Spread::Free };
        self.spread.unwrap_or(of_statistics)
    }

    fn of_pairs(&self, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
        let variables = Variables::of(x, true, ctx)?;
        let lasso = ScaledLasso::published(x.rows(), x.cols());
        match self.statistics {
            Statistics::Ren => ren_statistics(&variables, lasso, ctx),
            Statistics::Liu => by_lasso(&variables, LIU_TOL, ctx).map(|found| found.statistics),
            Statistics::LiuScaled => by_scaled_lasso(&variables, lasso, ctx).map(|found| found.statistics),
        }
    }

    fn finish(
        &self,
        builder: FitBuilder,
        input: &Input,
        statistics: Array2<f64>,
        model: NoisyModel,
        ctx: &Context,
    ) -> Result<Fit> {
        let _held = ctx.reserve_matrices(4, input.p(), input.p())?;
        // Ren's statistics have the sign of the precision matrix.
        let sign = if self.statistics == Statistics::Ren { -1.0 } else { 1.0 };
        let weight = |i: usize, j: usize| model.probability[(i, j)].copysign(sign * statistics[(i, j)]);
        let believed = |i: usize, j: usize| model.q_values[(i, j)] <= self.fdr && model.probability[(i, j)] > 0.0;
        let graph = false_discovery::graph(input, weight, believed, ctx)?;
        let groups = model.labels.iter().map(|&label| label as f64).collect();
        let graph = graph.with_node_attribute("group", Column::numbers(groups))?;
        let square = |values: Array2<f64>| Value::from(Matrix::square(values, input.names()));
        let by_blocks = |part: fn(EdgeLaw) -> f64| {
            let count = model.laws.blocks();
            Value::from(Matrix::from_fn(count, count, |k, l| part(model.laws.at(k, l))))
        };
        let (probability, mean, variance) =
            (by_blocks(|law| law.probability), by_blocks(|law| law.mean), by_blocks(|law| law.variance));
        builder
            .solver("moves and mergers by the exact integrated likelihood", model.sweeps, model.converged)
            .add("groups", Value::List(model.labels.iter().map(|&label| label.into()).collect()))
            .add("connection_probability", probability)
            .add("connection_mean", mean)
            .add("connection_variance", variance)
            .add("icl", table(&model.icl)?.into())
            .add("q_values", square(model.q_values))
            .add("edge_probability", square(model.probability))
            .add("statistics", square(statistics))
            .finish(Estimate::Graph(graph), ctx)
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        let statistics = match self.statistics {
            Statistics::Ren => "ren",
            Statistics::Liu => "liu",
            Statistics::LiuScaled => "liu_sl",
        };
        let spread = if self.held_spread() == Spread::One { "one" } else { "free" };
        vec![
            ("fdr".into(), Value::Float(self.fdr)),
            ("statistics".into(), statistics.into()),
            ("blocks".into(), self.blocks.recorded()),
            ("spread".into(), spread.into()),
            ("starts".into(), self.starts.into()),
            ("max_iter".into(), self.max_iter.into()),
        ]
    }
}

fn table(icl: &[(usize, f64)]) -> Result<Table> {
    let (blocks, values): (Vec<f64>, Vec<f64>) = icl.iter().map(|&(count, value)| (count as f64, value)).unzip();
    Table::new(vec![("blocks".into(), Column::numbers(blocks)), ("icl".into(), Column::numbers(values))], None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(NsbmGgm::from_options(&options).unwrap(), NsbmGgm::default());
    }
}
