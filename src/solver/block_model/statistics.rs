//! The stochastic block model behind test statistics of all pairs, as NSBM-GGM fits it.

use ndarray::{Array2, ArrayView2};

use super::check_blocks;
use super::criterion::{LogGamma, constant};
use super::edges::{ByBlocks, EdgeLaw, Pairs, Spread};
use super::q_values::judge;
use super::search::{Grouping, Search};
use super::starts::Embedding;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;
use crate::rng;

/// The laws of the chosen groups are estimated until they change by less than this, in so many steps at most.
const SETTLED: f64 = 1e-7;
const STEPS: usize = 2000;

/// How the groups are looked for.
#[derive(Debug, Clone)]
pub struct NoisySettings {
    /// Numbers of blocks that are compared.
    pub blocks: Vec<usize>,
    /// Searches from groups that are drawn, beside those from k-means.
    pub starts: usize,
    /// How far statistics of edges spread.
    pub spread: Spread,
    /// Sweeps over the nodes at most, for every number of blocks.
    pub max_sweeps: usize,
}

/// Groups of nodes and what they say about edges.
#[derive(Debug)]
pub struct NoisyModel {
    /// The block of every node, from 0, the largest block first.
    pub labels: Vec<usize>,
    /// Edges between blocks.
    pub laws: ByBlocks<EdgeLaw>,
    /// Probabilities of edges given the statistics, p x p with a diagonal of 0.
    pub probability: Array2<f64>,
    /// The false discovery rate among all pairs that are at least as likely, p x p with a diagonal of 1.
    pub q_values: Array2<f64>,
    /// The exact integrated likelihood for every number of blocks, ascending.
    pub icl: Vec<(usize, f64)>,
    /// Sweeps behind the chosen groups.
    pub sweeps: usize,
    /// Whether they ended because no node moved.
    pub converged: bool,
}

/// Fits statistics, p x p and symmetric, each standard normal where there is no edge. The groups are those with the
/// largest exact integrated likelihood, over numbers of blocks and starts. The seed is the context's.
///
/// # Errors
/// Numbers of blocks that do not fit, a matrix that is not square and finite, limits of the context.
pub fn fit_statistics(statistics: ArrayView2<'_, f64>, settings: &NoisySettings, ctx: &Context) -> Result<NoisyModel> {
    let p = statistics.nrows();
    if p < 2 || statistics.ncols() != p {
        return Err(Error::shape(format!("statistics of pairs are a square matrix, not {:?}", statistics.dim())));
    }
    if statistics.indexed_iter().any(|((i, j), value)| i != j && !value.is_finite()) {
        return Err(Error::data("statistics of pairs must be finite"));
    }
    let blocks = check_blocks(&settings.blocks, p)?;
    let (least, most) = (blocks[0], blocks[blocks.len() - 1]);
    let _held = ctx.reserve_matrices(5, p, p)?;
    let x: Vec<f64> = statistics.iter().copied().collect();
    let pairs = Pairs { x: &x, p, spread: settings.spread };
    let gamma = LogGamma::new(p, most, ctx)?;
    let search = Search { pairs, gamma: &gamma, max_sweeps: settings.max_sweeps.max(1) };
    let starts = starts(statistics, &blocks, settings.starts, ctx)?;
    let found = parallel::map(&starts, ctx, |index, labels| {
        ctx.progress("groups", index, starts.len());
        search.descend(labels.clone(), least, &mut rng::stream(ctx.seed(), "nsbm", index as u64), ctx)
    })?;
    let (chosen, icl) = choose(found.into_iter().flatten(), &blocks)?;
    let labels = by_size(&chosen.labels, chosen.laws.blocks());
    let first = pairs.first_laws(&labels, chosen.laws.blocks(), ctx)?;
    // From the search's laws, under the new labels.
    let laws = relabelled(&chosen, &labels, first);
    let (laws, _) = pairs.improve(&labels, laws, STEPS, SETTLED, ctx)?;
    let verdict = judge(pairs, &labels, &laws, ctx)?;
    let shift = constant(&x, p);
    Ok(NoisyModel {
        labels,
        laws,
        probability: verdict.probability,
        q_values: verdict.q_values,
        icl: icl.into_iter().map(|(blocks, value)| (blocks, value + shift)).collect(),
        sweeps: chosen.sweeps,
        converged: chosen.settled,
    })
}

/// Groups to start from, those of most blocks, which take longest, first.
fn starts(statistics: ArrayView2<'_, f64>, blocks: &[usize], random: usize, ctx: &Context) -> Result<Vec<Vec<usize>>> {
    let most = blocks.last().copied().unwrap_or(1);
    // By how much -log p-value is more than what is expected without an edge.
    let evidence = |z: f64| (-libm::erfc(z.abs() / std::f64::consts::SQRT_2).max(1e-300).ln() - 1.0).max(0.0);
    let weights =
        Array2::from_shape_fn(statistics.dim(), |(i, j)| if i == j { 0.0 } else { evidence(statistics[(i, j)]) });
    let embedding = Embedding::of(weights.view(), most, ctx)?;
    let mut starts = Vec::new();
    for &count in blocks.iter().rev() {
        starts.extend(embedding.starts(count, if count == most { random } else { 0 }, ctx)?);
    }
    Ok(starts)
}

/// The best groups, and the best criterion for every number of blocks that counts. Of equal ones the first are taken.
fn choose(found: impl Iterator<Item = Grouping>, blocks: &[usize]) -> Result<(Grouping, Vec<(usize, f64)>)> {
    let mut icl: Vec<(usize, f64)> = blocks.iter().map(|&count| (count, f64::NEG_INFINITY)).collect();
    let mut best: Option<Grouping> = None;
    for grouping in found {
        let count = grouping.laws.blocks();
        let Some((_, most)) = icl.iter_mut().find(|(blocks, _)| *blocks == count) else { continue };
        *most = most.max(grouping.icl);
        if best.as_ref().is_none_or(|best| grouping.icl > best.icl) {
            best = Some(grouping);
        }
    }
    best.map(|best| (best, icl)).ok_or_else(|| Error::numerical("no groups were found"))
}

/// The same groups with the largest first; of equal ones that whose first node comes first.
fn by_size(labels: &[usize], blocks: usize) -> Vec<usize> {
    let mut sizes = vec![0usize; blocks];
    labels.iter().for_each(|&label| sizes[label] += 1);
    let first = |block: usize| labels.iter().position(|&label| label == block).unwrap_or(labels.len());
    let mut order: Vec<usize> = (0..blocks).collect();
    order.sort_by_key(|&block| (std::cmp::Reverse(sizes[block]), first(block)));
    let mut rank = vec![0; blocks];
    order.iter().enumerate().for_each(|(place, &block)| rank[block] = place);
    labels.iter().map(|&label| rank[label]).collect()
}

/// The laws of the search between the blocks of new labels.
fn relabelled(chosen: &Grouping, labels: &[usize], mut laws: ByBlocks<EdgeLaw>) -> ByBlocks<EdgeLaw> {
    let mut old = vec![0; laws.blocks()];
    labels.iter().zip(&chosen.labels).for_each(|(&new, &label)| old[new] = label);
    let places: Vec<(usize, usize)> = laws.pairs().collect();
    for (k, l) in places {
        laws.set(k, l, chosen.laws.at(old[k], old[l]));
    }
    laws
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, StandardNormal};

    /// Three hubs, each linked with about half of 57 leaves.
    fn hubs() -> (Array2<f64>, Array2<bool>) {
        let mut rng = rng::stream(4, "hubs", 0);
        let mut x = Array2::zeros((60, 60));
        let mut truth = Array2::from_elem((60, 60), false);
        for i in 0..60 {
            for j in 0..i {
                let noise: f64 = StandardNormal.sample(&mut rng);
                let is_edge = j < 3 && i >= 3 && (7 * i + 5 * j) % 11 < 6;
                let value = noise + if is_edge { 3.0 } else { 0.0 };
                for place in [(i, j), (j, i)] {
                    x[place] = value;
                    truth[place] = is_edge;
                }
            }
        }
        (x, truth)
    }

    #[test]
    fn hubs_are_a_block_of_their_own_and_edges_are_found() {
        let (x, truth) = hubs();
        for spread in [Spread::One, Spread::Free] {
            let settings = NoisySettings { blocks: vec![1, 2, 3], starts: 2, spread, max_sweeps: 20 };
            let fit = |threads| {
                let ctx = Context::new().with_seed(1).with_threads(threads);
                fit_statistics(x.view(), &settings, &ctx).unwrap()
            };
            let (model, again) = (fit(1), fit(3));
            assert_eq!(model.labels, [vec![1; 3], vec![0; 57]].concat());
            assert!(model.labels == again.labels && model.q_values == again.q_values && model.icl == again.icl);
            assert!(model.icl[1].1 > model.icl[0].1 && model.icl[1].1 > model.icl[2].1 && model.converged);
            let taken = |wanted: bool| {
                let pairs = (0..60).flat_map(|i| (0..i).map(move |j| (i, j)));
                pairs.filter(|&place| model.q_values[place] <= 0.1 && truth[place] == wanted).count()
            };
            assert!(taken(true) > 70 && taken(false) < 15, "{} {}", taken(true), taken(false));
        }
    }

    #[test]
    fn one_number_of_blocks_is_kept_to() {
        let (x, _) = hubs();
        let settings = NoisySettings { blocks: vec![4], starts: 1, spread: Spread::One, max_sweeps: 5 };
        let model = fit_statistics(x.view(), &settings, &Context::new().with_seed(1)).unwrap();
        assert!((0..4).all(|block| model.labels.contains(&block)) && model.icl.len() == 1);
        assert!(fit_statistics(x.view(), &NoisySettings { blocks: vec![61], ..settings }, &Context::new()).is_err());
    }
}
