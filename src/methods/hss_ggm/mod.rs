//! HSS-GGM: graphs with a false discovery rate, by spikes and slabs over blocks of nodes.

mod options;
mod result;

use super::block_options::Blocks;
use super::setters::setters;
use crate::context::Context;
use crate::data::covariance::to_correlation;
use crate::data::{Matrix, Names};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Fit, Input, Property, Record, Run, false_discovery};
pub use crate::select::spike_slab::Calibration;
use crate::select::spike_slab::Search;
use crate::solver::block_model::check_blocks;
use crate::solver::spike_slab::{Correlations, Stop};
use crate::value::Value;

/// The record.
pub static RECORD: Record = Record {
    verb: "hss_ggm",
    constructor: Some("HssGgm"),
    area: Area::Recover,
    summary: "Graph with a false discovery rate, from spikes and slabs over blocks of nodes (HSS-GGM)",
    details: "Entries K_ij of the precision matrix of the standardised columns are from a Laplace spike with rate xi0 = `spike` \
sqrt(n log p) where there is no edge, from a Gaussian slab with standard deviation `slab` where there is one; how likely an edge \
is depends on the blocks of its nodes. Elastic nets of every column on all others, whose penalties follow the probability of \
every edge, and variational EM of blocks and probabilities take turns. From the probability l_ij of no edge comes a q-value, the false \
discovery rate of all pairs with an l at most as large; edges are the pairs with q_ij <= `fdr` and an entry that is not 0. \
fit.edge_probability ranks all pairs. The paper's BIC takes the largest spike it is given and then exceeds the rate on \
hubs. Calibration \"plugin\" sets the spike to sqrt(2) times the mean noise of scaled lassos and leaves the slab to the BIC; \
\"up_to_plugin\", the default, lets the BIC also choose 0.75 and 0.875 times that spike, which finds more edges of hubs, and \
takes about five times as long; \"bic\" searches spikes up to 1.5, \"ebic\" up to 3 with gamma 1/2 and half the \
pseudo-likelihood. The number of blocks has the \
smallest BIC_Q. \
A pair of spike and slab with 2 slab^2 xi0 below the largest entry is refused, because it would call that entry no edge; where \
all of \"auto\" are, wider slabs are added. fit.plot(\"calibration\") shows the criterion, \
fit.plot(#{ groups: \"group\" }) the groups. The rate holds on average: single graphs with few edges can exceed it.",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: true,
    adds: &[
        Property { name: "q_values", help: "The q-value of every pair, 1 on the diagonal (Matrix, p x p)" },
        Property {
            name: "edge_probability",
            help: "The probability of every edge, 0 on the diagonal: ranks pairs (Matrix, p x p)",
        },
        Property { name: "groups", help: "The group of every column, the largest is 0, or as it was given (list)" },
        Property {
            name: "block_probability",
            help: "The probability of every column to be in every block (Matrix, p x blocks)",
        },
        Property {
            name: "connection_probability",
            help: "The probability of an edge between two blocks (Matrix, blocks x blocks)",
        },
        Property {
            name: "pseudo_precision",
            help: "K of the standardised columns from the regressions; it need not be positive definite (Matrix, p x p)",
        },
        Property {
            name: "calibration",
            help: "Every combination of blocks, spike and slab with its criteria and what became of it (Table)",
        },
        Property { name: "spike", help: "The spike that was chosen, in units of sqrt(n log p) (float)" },
        Property { name: "slab", help: "The standard deviation of the slab that was chosen (float)" },
    ],
    reference: "Sogan, Rebafka, Villers, arXiv:2604.18042 (2026); Rebafka, Roquain, Villers, Electronic Journal of Statistics \
16:2796 (2022); plug-in: Sun, Zhang, Biometrika 99:879 (2012)",
    example: "let g = random_graph(\"hub\", #{ nodes: 30, hubs: 2 });\n\
              let x = sample_gaussian(g.precision(), 100, #{ seed: 1 });\n\
              let fit = x.hss_ggm(#{ fdr: 0.1, blocks: [1, 2], seed: 1 });\n\
              print(fit.graph());\n\
              print(fit.calibration);",
    run: Run::Fit(|input, options, ctx| HssGgm::from_options(options)?.fit_input(input, ctx)),
};

/// HSS-GGM and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::hss_ggm::HssGgm};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i * (j + 1)) % 17) as f64);
/// let fit = HssGgm::new().fdr(0.05).blocks(vec![1]).fit(&x, &Context::new().with_seed(1))?;
/// assert_eq!(fit.graph(0.0)?.n_nodes(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HssGgm {
    fdr: f64,
    blocks: Blocks,
    groups: Option<Vec<String>>,
    calibration: Calibration,
    spike: Option<Vec<f64>>,
    slab: Option<Vec<f64>>,
    starts: usize,
    tol: f64,
    max_iter: usize,
}

impl Default for HssGgm {
    fn default() -> Self {
        Self {
            fdr: 0.1,
            blocks: Blocks::Auto,
            groups: None,
            calibration: Calibration::UpToPlugin,
            spike: None,
            slab: None,
            starts: 3,
            tol: 1e-3,
            max_iter: 200,
        }
    }
}

impl HssGgm {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The false discovery rate, between 0 and 1.
        fdr: f64 => fdr;
        /// The number of blocks, or a list to choose from.
        blocks: impl Into<Blocks> => blocks = Into::into;
        /// The group of every column, where it is known; [`HssGgm::blocks`] and starts say nothing then.
        groups: Vec<String> => groups = Some;
        /// How spikes are found that are not given, and the criterion.
        calibration: Calibration => calibration;
        /// Spikes to choose from, in units of sqrt(n log p).
        spike: Vec<f64> => spike = Some;
        /// Standard deviations of the slab to choose from.
        slab: Vec<f64> => slab = Some;
        /// First groupings for every number of blocks above 1.
        starts: usize => starts;
        /// Bound on the change of the precision matrix in the last turn.
        tol: f64 => tol;
        /// Turns at most.
        max_iter: usize => max_iter;
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, fewer than four samples, columns that are the same; limits of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix with its number of samples.
    ///
    /// # Errors
    /// As [`HssGgm::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check()?;
        let n = samples(input)?;
        let p = input.p();
        let labels = input.names().cloned().unwrap_or_else(|| Names::numbered(p));
        let groups = self.groups.as_ref().map(|groups| Groups::of(groups, &labels)).transpose()?;
        let search = self.search(p, groups.as_ref())?;
        let builder = Fit::builder(RECORD.verb, input, self.recorded(input), ctx);
        // Correlations twice, what starts need, three results; coefficients of the fits that run.
        let _held = ctx.reserve_matrices(10 + ctx.threads(), p, p)?;
        let mut r = input.s(ctx)?.to_owned();
        to_correlation(&mut r);
        false_discovery::check_distinct(r.view(), input)?;
        let correlations = Correlations::new(r.view(), n);
        drop(r);
        let found = search.run(&correlations, ctx)?;
        result::finish(builder, &found, groups.as_ref(), &search, input, ctx)
    }

    fn search(&self, p: usize, groups: Option<&Groups>) -> Result<Search> {
        let blocks = check_blocks(&groups.map_or(self.blocks.counts(p), |groups| vec![groups.labels.len()]), p)?;
        Ok(Search {
            fdr: self.fdr,
            calibration: self.calibration,
            spikes: self.spike.clone(),
            slabs: self.slab.clone(),
            blocks,
            groups: groups.map(|groups| groups.of_node.clone()),
            starts: self.starts,
            stop: Stop { tol: self.tol, max_iter: self.max_iter },
        })
    }

    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        let numbers = |grid: &Option<Vec<f64>>| match grid {
            Some(grid) => Value::List(grid.iter().map(|&value| Value::Float(value)).collect()),
            None => "auto".into(),
        };
        let groups =
            self.groups.as_ref().map(|groups| groups.iter().map(|label| result::label(label)).collect::<Vec<_>>());
        let calibration = match self.calibration {
            Calibration::Plugin => "plugin",
            Calibration::UpToPlugin => "up_to_plugin",
            Calibration::Bic => "bic",
            Calibration::Ebic => "ebic",
        };
        let mut options: Vec<(String, Value)> = vec![
            ("fdr".into(), self.fdr.into()),
            ("blocks".into(), self.blocks.recorded()),
            ("groups".into(), groups.into()),
            ("calibration".into(), calibration.into()),
            ("spike".into(), numbers(&self.spike)),
            ("slab".into(), numbers(&self.slab)),
            ("starts".into(), self.starts.into()),
            ("tol".into(), self.tol.into()),
            ("max_iter".into(), self.max_iter.into()),
        ];
        options.extend(input.recorded());
        options
    }
}

/// Number of samples, at least 4, of two columns at least.
fn samples(input: &Input) -> Result<usize> {
    let n = input.n().ok_or_else(|| {
        Error::argument("hss_ggm needs the number of samples").with_hint("give it with the covariance, `n: 100`")
    })?;
    if n < 4 {
        return Err(Error::data(format!("hss_ggm needs four samples at least, there are {n}")));
    }
    if input.p() < 2 {
        return Err(Error::data("hss_ggm needs two columns at least, there is one"));
    }
    Ok(n)
}

/// Groups that are known.
struct Groups {
    /// In the order in which they first occur.
    labels: Vec<String>,
    /// The position of every column's group among them.
    of_node: Vec<usize>,
}

impl Groups {
    /// From a label for every column.
    ///
    /// # Errors
    /// Another number of labels, a group of one column.
    fn of(given: &[String], columns: &Names) -> Result<Self> {
        if given.len() != columns.len() {
            return Err(Error::option(format!(
                "option 'groups' of hss_ggm has {} entries for {} columns",
                given.len(),
                columns.len()
            )));
        }
        let mut labels: Vec<String> = Vec::new();
        let mut of_node = Vec::with_capacity(given.len());
        let mut sizes: Vec<usize> = Vec::new();
        let mut place_of = std::collections::HashMap::new();
        for label in given {
            let place = *place_of.entry(label).or_insert(labels.len());
            if place == labels.len() {
                labels.push(label.clone());
                sizes.push(0);
            }
            sizes[place] += 1;
            of_node.push(place);
        }
        if let Some(place) = sizes.iter().position(|&size| size == 1) {
            let column = of_node.iter().position(|&group| group == place).unwrap_or_default();
            let (label, column) = (&labels[place], columns.get(column));
            return Err(Error::option(format!("group '{label}' has one column alone, '{column}'"))
                .with_hint("within such a group there is no pair to learn from: put it into another one"));
        }
        Ok(Self { labels, of_node })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(HssGgm::from_options(&options).unwrap(), HssGgm::default());
    }

    #[test]
    fn groups_keep_their_order_and_have_two_members() {
        let labels = |list: &[&str]| list.iter().map(|label| label.to_string()).collect::<Vec<_>>();
        let groups = Groups::of(&labels(&["b", "a", "b", "a"]), &Names::numbered(4)).unwrap();
        assert_eq!((groups.labels, groups.of_node), (labels(&["b", "a"]), vec![0, 1, 0, 1]));
        let error = |list: &[&str]| Groups::of(&labels(list), &Names::numbered(3)).map(|_| ()).unwrap_err();
        assert!(error(&["b", "a"]).message().contains("2 entries for 3 columns"));
        assert!(error(&["b", "a", "b"]).message().contains("group 'a' has one column alone"));
    }
}
