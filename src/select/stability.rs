//! How stable edges are: the same method on many resamples of the rows.

use std::collections::BTreeMap;

use super::resamples::{attempt, usable};
use crate::context::Context;
use crate::data::summary::{mean, quantile, sd};
use crate::data::{Column, Matrix, Table};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::{parallel, rng};

/// How rows are drawn again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// Number of resamples.
    pub resamples: usize,
    /// Rows of a resample over all rows.
    pub fraction: f64,
    /// Whether a row may be drawn several times: with `fraction` 1 the bootstrap.
    pub replace: bool,
    /// Coverage of the intervals.
    pub level: f64,
}

impl Default for Resampling {
    /// Halves without replacement, as in stability selection (Meinshausen, Bühlmann, JRSS B 72:417, 2010).
    fn default() -> Self {
        Self { resamples: 100, fraction: 0.5, replace: false, level: 0.95 }
    }
}

/// More resamples than this are a mistake, and their list alone would fill the memory.
const MOST: usize = 10_000_000;

impl Resampling {
    /// Checks counts and shares.
    ///
    /// # Errors
    /// Fewer than two resamples or too many of them, shares out of range.
    pub fn check(&self) -> Result<()> {
        if !(2..=MOST).contains(&self.resamples) {
            return Err(Error::option(format!("resamples must be from 2 to {MOST}, not {}", self.resamples)));
        }
        if !(self.fraction > 0.0 && self.fraction <= 100.0 && self.level > 0.0 && self.level < 1.0) {
            return Err(Error::option(format!(
                "fraction must be above 0 and at most 100, and level between 0 and 1, not {} and {}",
                self.fraction, self.level
            )));
        }
        Ok(())
    }

    /// The rows of a resample of so many.
    fn size(&self, n: usize) -> usize {
        (self.fraction * n as f64).round() as usize
    }

    /// The rows of a resample, of `n`; the numbers come from the context's seed.
    ///
    /// # Errors
    /// Fewer than two rows in a resample.
    pub fn rows(&self, n: usize, index: usize, ctx: &Context) -> Result<Vec<usize>> {
        let count = self.size(n);
        if count < 2 || (count > n && !self.replace) {
            return Err(Error::option(format!("a resample of {count} of {n} rows")));
        }
        let mut rng = rng::stream(ctx.seed(), "resample", index as u64);
        Ok(match self.replace {
            true => rng::with_replacement(&mut rng, n, count),
            false => rng::permutation(&mut rng, n).into_iter().take(count).collect(),
        })
    }

    /// `f` of every resample of the rows of `x`, in their order. Those with a constant column, or a pair of columns
    /// that missing values leave too little of, are left out, as the warning beside the results then says.
    ///
    /// # Errors
    /// What `f` reports, with the number of the resample; fewer than two resamples that can be used.
    pub fn map<R: Send>(
        &self,
        x: &Matrix,
        ctx: &Context,
        f: impl Fn(&Matrix, &Context) -> Result<R> + Sync,
    ) -> Result<(Vec<R>, Option<String>)> {
        self.check()?;
        let columns: Vec<usize> = (0..x.cols()).collect();
        let indices: Vec<usize> = (0..self.resamples).collect();
        let results = parallel::map(&indices, ctx, |_, &index| {
            ctx.progress("resamples", index, self.resamples);
            let _held = ctx.reserve_matrices(1, self.size(x.rows()), x.cols().saturating_add(1))?;
            let rows = self.rows(x.rows(), index, ctx)?;
            // A random method draws other numbers for every resample.
            let inner = parallel::within(ctx, self.resamples, index).with_progress(None);
            let own = inner.with_seed(rng::derive(ctx.seed(), "resample", index as u64));
            attempt(x, &rows, &own, || {
                f(&x.pick(&rows, &columns), &own).map_err(|error| error.at(format!("resample {index}")))
            })
        })?;
        ctx.progress("resamples", self.resamples, self.resamples);
        usable(results, x, "resamples")
    }
}

/// What is known about one pair: its weight with all rows, and in each resample (0 without the edge).
struct Pair {
    weight: f64,
    weights: Vec<f64>,
}

/// How stable edges are.
#[derive(Debug, Clone, PartialEq)]
pub struct Stability {
    /// The edges, as [`edge_stability`] describes them.
    pub table: Table,
    /// What to know about resamples that could not be used.
    pub warnings: Vec<String>,
}

/// Every edge that some resample has, or all rows together: `source`, `target`, `weight` (with all rows, 0 without the
/// edge), `frequency` (share of the resamples that have it), and over the resamples, counting 0 where the edge is not
/// there, `mean`, `sd`, and the quantiles `lower` and `upper` of the wanted coverage. Most frequent edges first.
///
/// # Errors
/// What `fit` reports, and resamples of which fewer than two have no constant column.
pub fn edge_stability(
    x: &Matrix,
    resampling: Resampling,
    fit: impl Fn(&Matrix, &Context) -> Result<Graph> + Sync,
    ctx: &Context,
) -> Result<Stability> {
    let whole = fit(x, ctx)?;
    let (graphs, warning) = resampling.map(x, ctx, &fit)?;
    let mut pairs: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    let count = graphs.len();
    let empty = || Pair { weight: 0.0, weights: vec![0.0; count] };
    for edge in whole.edges() {
        pairs.entry((edge.source, edge.target)).or_insert_with(empty).weight = edge.weight;
    }
    for (i, graph) in graphs.iter().enumerate() {
        for edge in graph.edges() {
            pairs.entry((edge.source, edge.target)).or_insert_with(empty).weights[i] = edge.weight;
        }
    }
    let frequency = |pair: &Pair| pair.weights.iter().filter(|&&weight| weight != 0.0).count() as f64 / count as f64;
    let mut rows: Vec<((usize, usize), f64, Pair)> =
        pairs.into_iter().map(|(ends, pair)| (ends, frequency(&pair), pair)).collect();
    rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.2.weight.abs().total_cmp(&a.2.weight.abs())));
    let labels = whole.labels();
    let name = |i: usize| labels.get(i).to_string();
    let tail = (1.0 - resampling.level) / 2.0;
    let numbers = |f: &dyn Fn(&Pair) -> f64| Column::numbers(rows.iter().map(|(_, _, pair)| f(pair)).collect());
    let table = Table::new(
        vec![
            ("source".into(), Column::texts(rows.iter().map(|(ends, ..)| name(ends.0)).collect())),
            ("target".into(), Column::texts(rows.iter().map(|(ends, ..)| name(ends.1)).collect())),
            ("weight".into(), numbers(&|pair| pair.weight)),
            ("frequency".into(), Column::numbers(rows.iter().map(|row| row.1).collect())),
            ("mean".into(), numbers(&|pair| mean(&pair.weights))),
            ("sd".into(), numbers(&|pair| sd(&pair.weights))),
            ("lower".into(), numbers(&|pair| quantile(&pair.weights, tail))),
            ("upper".into(), numbers(&|pair| quantile(&pair.weights, 1.0 - tail))),
        ],
        None,
    )?;
    Ok(Stability { table, warnings: warning.into_iter().collect() })
}
