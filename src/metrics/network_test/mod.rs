//! Whether two groups of samples have the same network: rows are exchanged between the groups, and the method is fitted
//! again (van Borkulo et al., Psychological Methods 28:1273, 2023).

mod options;
mod statistics;

pub use options::OPTIONS as NETWORK_TEST_OPTIONS;

use std::time::Instant;

use crate::context::Context;
use crate::data::summary::mean;
use crate::data::{Matrix, Selector};
use crate::detached::detached_if_many;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Direction;
use crate::model::{Fit, NetworkComparison, PermutedStatistic, same_variables};
use crate::solver::multiple_testing::Adjustment;
use crate::{parallel, rng};

use options::positions;
use statistics::{Network, Observed, Permuted, Sums, edge_differences, node_differences, structure};

/// More permutations than this are a mistake.
const MOST: usize = 10_000_000;
/// So many permutations are done before their results are added up: the number of threads does not matter, and what they
/// hold does not grow with the number of permutations.
const ROUND: usize = 64;

/// Which edges are tested one by one.
#[derive(Debug, Clone, PartialEq)]
pub enum TestedEdges {
    /// Those of all pairs of nodes.
    All,
    /// None.
    None,
    /// Those of these pairs, by name or position.
    Pairs(Vec<(Selector, Selector)>),
}

/// How two networks are compared.
///
/// ```
/// use sinew::{Context, Matrix, methods::partial_correlation::PartialCorrelation, metrics::NetworkTest};
/// let x = Matrix::from_fn(30, 3, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let y = Matrix::from_fn(40, 3, |i, j| ((i * (j + 5) + i * i) % 13) as f64);
/// let test = NetworkTest { permutations: 20, ..NetworkTest::default() };
/// let found = test.compare(&x, &y, |x, ctx| PartialCorrelation::new().fit(x, ctx), &Context::new())?;
/// assert!(found.parts().structure.p_value > 0.0);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTest {
    /// How often rows are exchanged between the groups.
    pub permutations: usize,
    /// Whether row i of both groups is the same subject.
    pub paired: bool,
    /// Which edges are tested one by one.
    pub edges: TestedEdges,
    /// How p-values of edges, and those of nodes, are adjusted to each other.
    pub adjustment: Adjustment,
    /// Whether each group's means are taken away first.
    pub center: bool,
}

impl Default for NetworkTest {
    fn default() -> Self {
        Self {
            permutations: 1000,
            paired: false,
            edges: TestedEdges::All,
            adjustment: Adjustment::default(),
            center: true,
        }
    }
}

/// The rows of both groups, those of the first before those of the second.
struct Groups {
    rows: Matrix,
    first: usize,
}

impl NetworkTest {
    /// Compares the networks that `estimate` finds in two groups: their largest difference of a weight, the difference
    /// of their sums of |weights|, the weight of every tested edge and the strength of every node, each with a p-value by
    /// permutations. Variables are matched by name where the groups have names. Random numbers come from the context's
    /// seed, of which every permutation has a stream of its own.
    ///
    /// # Errors
    /// Other variables, fewer than two rows, paired groups of different sizes, edges that do not exist, fits that are not
    /// over the variables; what `estimate` reports; limits of the context. A permutation whose data `estimate` cannot use
    /// is left out, unless that are more than half of them.
    pub fn compare(
        &self,
        first: &Matrix,
        second: &Matrix,
        estimate: impl Fn(&Matrix, &Context) -> Result<Fit> + Sync,
        ctx: &Context,
    ) -> Result<NetworkComparison> {
        let started = Instant::now();
        let (rows, p) = (first.rows().saturating_add(second.rows()), first.cols().max(second.cols()));
        let _held = ctx.reserve_matrices(3, rows, p)?;
        let groups = self.groups(first, second)?;
        let fits = [groups.fit(0, &estimate, ctx)?, groups.fit(1, &estimate, ctx)?];
        // Weights, and of every edge its place, both weights, their difference, two p-values and two names.
        let of_edges = if self.edges == TestedEdges::All { 12 } else { 0 };
        let _networks = ctx.reserve_matrices(4 + of_edges, p, p)?;
        let observed = self.observed(&fits, p, ctx)?;
        let sums = self.permute(&groups, &observed, &estimate, ctx)?;
        let (test, tested) = (self.clone(), observed.tested.len());
        // The table of all edges is sorted, and has two names for each.
        let mut parts = detached_if_many(tested, ctx, move || observed.compared(fits, sums, &test))??;
        parts.seconds = started.elapsed().as_secs_f64();
        parts.seed = ctx.seed();
        Ok(NetworkComparison::new(parts))
    }

    /// The rows of both groups over the same variables.
    fn groups(&self, first: &Matrix, second: &Matrix) -> Result<Groups> {
        if !(1..=MOST).contains(&self.permutations) {
            let count = self.permutations;
            return Err(Error::option(format!("permutations must be from 1 to {MOST}, not {count}")));
        }
        let sets = same_variables(vec![first.clone(), second.clone()])?;
        if let Some(set) = sets.iter().position(|set| set.rows() < 2) {
            let rows = sets[set].rows();
            return Err(Error::data(format!("a network needs at least 2 rows, data set {set} has {rows}")));
        }
        let counts: Vec<usize> = sets.iter().map(Matrix::rows).collect();
        if self.paired && counts[0] != counts[1] {
            let message = format!("paired groups have as many rows, not {} and {}", counts[0], counts[1]);
            return Err(Error::shape(message).with_hint("row i of both is the same subject, measured twice"));
        }
        let sets: Vec<Matrix> = if self.center { sets.iter().map(centered).collect() } else { sets };
        Ok(Groups { rows: Matrix::vstack(&sets)?, first: counts[0] })
    }

    fn observed(&self, fits: &[Fit; 2], p: usize, ctx: &Context) -> Result<Observed> {
        let graphs = [fits[0].graph(0.0)?, fits[1].graph(0.0)?];
        let is_directed = graphs.iter().any(|graph| graph.direction() != Direction::Undirected);
        let tested = match &self.edges {
            TestedEdges::None => Vec::new(),
            TestedEdges::All => (0..p)
                .flat_map(|i| (0..p).map(move |j| (i, j)))
                .filter(|&(i, j)| if is_directed { i != j } else { i < j })
                .collect(),
            TestedEdges::Pairs(pairs) => positions(pairs, &graphs[0].labels(), is_directed)?,
        };
        Ok(Observed::new([Network::of(&fits[0], p, ctx)?, Network::of(&fits[1], p, ctx)?], tested))
    }

    fn permute(
        &self,
        groups: &Groups,
        observed: &Observed,
        estimate: &(impl Fn(&Matrix, &Context) -> Result<Fit> + Sync),
        ctx: &Context,
    ) -> Result<Sums> {
        let _held = ctx.reserve_matrices(2, self.permutations, 1)?;
        let mut sums = Sums::new(observed);
        for start in (0..self.permutations).step_by(ROUND) {
            ctx.progress("permutations", start, self.permutations);
            let round: Vec<usize> = (start..self.permutations.min(start + ROUND)).collect();
            let results = parallel::map(&round, ctx, |place, &index| {
                let own = parallel::within(ctx, round.len(), place).with_progress(None);
                match self.permuted(groups, observed, estimate, index, &own) {
                    Ok(found) => Ok(Ok(found)),
                    // Rows in which a column does not vary are nobody's mistake.
                    Err(error) if error.kind() == ErrorKind::Data => Ok(Err(error)),
                    Err(error) => Err(error.at(format!("permutation {index}"))),
                }
            })?;
            results.into_iter().for_each(|result| sums.add(result));
        }
        ctx.progress("permutations", self.permutations, self.permutations);
        match sums.why.take() {
            Some(error) if 2 * sums.unusable > self.permutations => {
                let share = format!("{} of {} permutations cannot be used", sums.unusable, self.permutations);
                Err(error.at(share))
            }
            why => {
                sums.why = why;
                Ok(sums)
            }
        }
    }

    /// The statistics after permutation `index`.
    fn permuted(
        &self,
        groups: &Groups,
        observed: &Observed,
        estimate: &(impl Fn(&Matrix, &Context) -> Result<Fit> + Sync),
        index: usize,
        ctx: &Context,
    ) -> Result<Permuted> {
        let p = groups.rows.cols();
        let _held = ctx.reserve_matrices(1, groups.rows.rows(), p)?;
        let mut rng = rng::stream(ctx.seed(), "network permutation", index as u64);
        let parts = groups.exchanged(self.paired, &mut rng);
        let mut converged = true;
        let mut network = |set: usize| -> Result<Network> {
            let seed = rng::derive(ctx.seed(), "permuted network", (2 * index + set) as u64);
            let fit = estimate(&groups.pick(&parts[set]), &ctx.clone().with_seed(seed))?;
            converged &= fit.converged();
            Network::of(&fit, p, ctx)
        };
        let _networks = ctx.reserve_matrices(4, p, p)?;
        let networks = [network(0)?, network(1)?];
        let reaches = |(now, &before): (f64, &f64)| PermutedStatistic::reaches(now, before);
        Ok(Permuted {
            structure: structure(&networks),
            global_strength: (networks[0].total - networks[1].total).abs(),
            nodes: node_differences(&networks).into_iter().zip(&observed.nodes).map(reaches).collect(),
            edges: edge_differences(&networks, &observed.tested)
                .into_iter()
                .zip(&observed.edges)
                .map(reaches)
                .collect(),
            converged,
        })
    }
}

impl Groups {
    fn pick(&self, rows: &[usize]) -> Matrix {
        self.rows.pick(rows, &(0..self.rows.cols()).collect::<Vec<_>>())
    }

    /// The fit of a group as it is.
    fn fit(&self, set: usize, estimate: &impl Fn(&Matrix, &Context) -> Result<Fit>, ctx: &Context) -> Result<Fit> {
        let rows: Vec<usize> =
            if set == 0 { (0..self.first).collect() } else { (self.first..self.rows.rows()).collect() };
        let own = ctx.clone().with_seed(rng::derive(ctx.seed(), "network", set as u64));
        estimate(&self.pick(&rows), &own).map_err(|error| error.at(format!("data set {set}")))
    }

    /// The rows of two groups of the same sizes, ascending: any rows, or for paired groups one of each pair.
    fn exchanged(&self, paired: bool, rng: &mut rng::Rng) -> [Vec<usize>; 2] {
        if paired {
            let swaps = rng::with_replacement(rng, 2, self.first);
            let of_group = |group: usize| -> Vec<usize> {
                swaps.iter().enumerate().map(|(row, swap)| row + self.first * ((group + swap) % 2)).collect()
            };
            return [of_group(0), of_group(1)];
        }
        let mut order = rng::permutation(rng, self.rows.rows());
        let mut second = order.split_off(self.first);
        order.sort_unstable();
        second.sort_unstable();
        [order, second]
    }
}

/// The columns without the means of the values that are there.
fn centered(x: &Matrix) -> Matrix {
    let means = x.by_column(|column| {
        let present: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
        if present.is_empty() { 0.0 } else { mean(&present) }
    });
    // One mean for each column by construction, so the shapes agree.
    x.zip_rows(&means, |value, mean| value - mean).unwrap_or_else(|_| x.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanged_rows_keep_sizes_and_pairs() {
        let groups = Groups { rows: Matrix::from_fn(7, 1, |i, _| i as f64), first: 3 };
        let mut rng = rng::stream(1, "test", 0);
        let [first, second] = groups.exchanged(false, &mut rng);
        let mut all: Vec<usize> = first.iter().chain(&second).copied().collect();
        all.sort_unstable();
        assert_eq!((first.len(), second.len(), all), (3, 4, (0..7).collect()));
        let paired = Groups { rows: Matrix::from_fn(8, 1, |i, _| i as f64), first: 4 };
        let mut swapped = 0;
        for _ in 0..20 {
            let [first, second] = paired.exchanged(true, &mut rng);
            assert!(first.iter().zip(&second).enumerate().all(|(row, (a, b))| a % 4 == row && a.abs_diff(*b) == 4));
            swapped += first.iter().filter(|&&row| row >= 4).count();
        }
        assert!((20..60).contains(&swapped), "{swapped}");
    }
}
