//! The stochastic block model of a graph, by variational expectation and maximisation.

use ndarray::Array2;

use super::check_blocks;
use super::edges::ByBlocks;
use super::starts::Embedding;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::parallel;

/// Probabilities of edges and of memberships stay this far from 0 and 1.
const LEAST: f64 = 1e-10;
/// How much of a node is in the group that a start gives it; the rest is spread evenly.
const CERTAIN: f64 = 0.9;

/// How a fit climbs.
#[derive(Debug, Clone)]
pub struct Climb {
    /// Numbers of blocks that are compared.
    pub blocks: Vec<usize>,
    /// Starts from groups that are drawn, beside those from k-means.
    pub starts: usize,
    /// Rounds at most, and the change of a membership at which they end.
    pub max_iter: usize,
    /// The change of a membership at which the rounds end.
    pub tol: f64,
}

/// A stochastic block model.
#[derive(Debug, Clone)]
pub struct BlockModel {
    /// The likeliest block of every node, from 0, the largest block first.
    pub labels: Vec<usize>,
    /// How much of every node (row) is in every block (column).
    pub membership: Array2<f64>,
    /// Share of the nodes in every block.
    pub shares: Vec<f64>,
    /// Probability of an edge between the nodes of two blocks.
    pub probability: ByBlocks<f64>,
    /// Integrated classification likelihood: the expected complete log-likelihood less
    /// Q (Q + 1) / 4 log(p (p - 1) / 2) + (Q - 1) / 2 log p for Q blocks of p nodes.
    pub icl: f64,
    /// The lower bound of the log-likelihood that the rounds raise.
    pub bound: f64,
    /// Rounds.
    pub iterations: usize,
    /// Whether they ended by the tolerance.
    pub converged: bool,
}

/// The best model for every number of blocks, ascending; edges count without direction and weight, once for every pair.
/// Of the starts that with the largest bound is kept (Daudin, Picard, Robin, Statistics and Computing 18:173, 2008).
/// The seed is the context's.
///
/// # Errors
/// Numbers of blocks that do not fit the graph, limits of the context.
pub fn fit_graph(graph: &Graph, climb: &Climb, ctx: &Context) -> Result<Vec<BlockModel>> {
    let p = graph.n_nodes();
    if p < 2 {
        return Err(Error::data(format!("{p} nodes: a block model needs two at least")));
    }
    let blocks = check_blocks(&climb.blocks, p)?;
    let most = blocks[blocks.len() - 1];
    let _held = ctx.reserve_matrices(2 * ctx.threads(), p, most)?;
    let neighbours = neighbours(graph);
    let embedding = embedding(&neighbours, most, ctx)?;
    let mut starts: Vec<(usize, Vec<usize>)> = Vec::new();
    for &count in blocks.iter().rev() {
        starts.extend(embedding.starts(count, climb.starts, ctx)?.into_iter().map(|labels| (count, labels)));
    }
    let models = parallel::map(&starts, ctx, |index, (count, labels)| {
        ctx.progress("groups", index, starts.len());
        Rounds::new(&neighbours, labels, *count).climb(climb, ctx)
    })?;
    let best = |count: usize| {
        let own = starts.iter().zip(&models).filter(|((blocks, _), _)| *blocks == count).map(|(_, model)| model);
        own.reduce(|best, model| if model.bound > best.bound { model } else { best }).cloned()
    };
    Ok(blocks.iter().filter_map(|&count| best(count)).collect())
}

/// The neighbours of every node, each once.
fn neighbours(graph: &Graph) -> Vec<Vec<usize>> {
    let mut lists = vec![Vec::new(); graph.n_nodes()];
    for edge in graph.edges().iter().filter(|edge| edge.source != edge.target) {
        lists[edge.source].push(edge.target);
        lists[edge.target].push(edge.source);
    }
    for list in &mut lists {
        list.sort_unstable();
        list.dedup();
    }
    lists
}

fn embedding(neighbours: &[Vec<usize>], most: usize, ctx: &Context) -> Result<Embedding> {
    let p = neighbours.len();
    if !Embedding::is_spectral(p) {
        return Ok(Embedding::of_degrees(neighbours.iter().map(|list| list.len() as f64).collect()));
    }
    let _held = ctx.reserve_matrices(1, p, p)?;
    let mut weights = Array2::zeros((p, p));
    for (i, list) in neighbours.iter().enumerate() {
        list.iter().for_each(|&j| weights[(i, j)] = 1.0);
    }
    Embedding::of(weights.view(), most, ctx)
}

/// Rounds of expectation and maximisation.
struct Rounds<'a> {
    neighbours: &'a [Vec<usize>],
    membership: Array2<f64>,
    /// Sums of the columns of the memberships.
    totals: Vec<f64>,
    shares: Vec<f64>,
    probability: ByBlocks<f64>,
}

impl<'a> Rounds<'a> {
    fn new(neighbours: &'a [Vec<usize>], labels: &[usize], blocks: usize) -> Self {
        let spread = if blocks > 1 { 1.0 - CERTAIN } else { 0.0 };
        let membership = Array2::from_shape_fn((labels.len(), blocks), |(i, k)| {
            spread / blocks as f64 + if labels[i] == k { 1.0 - spread } else { 0.0 }
        });
        let (shares, probability) = (vec![0.0; blocks], ByBlocks::filled(blocks, 0.0));
        let mut rounds = Self { neighbours, membership, totals: vec![0.0; blocks], shares, probability };
        rounds.count();
        rounds
    }

    fn blocks(&self) -> usize {
        self.shares.len()
    }

    fn climb(mut self, climb: &Climb, ctx: &Context) -> Result<BlockModel> {
        let (mut converged, mut iterations) = (false, 0);
        self.maximise(ctx)?;
        while !converged && iterations < climb.max_iter.max(1) {
            converged = self.expect(ctx)? < climb.tol;
            self.maximise(ctx)?;
            iterations += 1;
        }
        self.finish(iterations, converged, ctx)
    }

    fn count(&mut self) {
        self.totals = self.membership.columns().into_iter().map(|column| column.sum()).collect();
    }

    /// Expected edges and pairs of every pair of blocks, where every pair of nodes counts twice.
    fn expected(&self, ctx: &Context) -> Result<(ByBlocks<f64>, ByBlocks<f64>)> {
        let blocks = self.blocks();
        let (mut edges, mut within) = (vec![0.0; blocks * blocks], vec![0.0; blocks * blocks]);
        let mut near = vec![0.0; blocks];
        for (i, own) in self.membership.rows().into_iter().enumerate() {
            if i % 64 == 0 {
                ctx.check()?;
            }
            self.near(i, &mut near);
            for (k, &part) in own.iter().enumerate() {
                for (l, (&near, &other)) in near.iter().zip(own.iter()).enumerate() {
                    edges[k * blocks + l] += part * near;
                    within[k * blocks + l] += part * other;
                }
            }
        }
        let (mut linked, mut pairs) = (ByBlocks::filled(blocks, 0.0), ByBlocks::filled(blocks, 0.0));
        for (k, l) in self.probability.pairs() {
            linked.set(k, l, edges[k * blocks + l]);
            pairs.set(k, l, self.totals[k] * self.totals[l] - within[k * blocks + l]);
        }
        Ok((linked, pairs))
    }

    /// How many neighbours of a node are in every block.
    fn near(&self, i: usize, near: &mut [f64]) {
        near.fill(0.0);
        for &j in &self.neighbours[i] {
            near.iter_mut().zip(self.membership.row(j)).for_each(|(sum, &part)| *sum += part);
        }
    }

    fn maximise(&mut self, ctx: &Context) -> Result<()> {
        let (linked, pairs) = self.expected(ctx)?;
        let places: Vec<(usize, usize)> = pairs.pairs().collect();
        for (k, l) in places {
            // Where there is no pair nothing is known.
            let share = if pairs.at(k, l) > LEAST { linked.at(k, l) / pairs.at(k, l) } else { 0.5 };
            self.probability.set(k, l, share.clamp(LEAST, 1.0 - LEAST));
        }
        let p = self.membership.nrows() as f64;
        self.shares = self.totals.iter().map(|total| (total / p).max(LEAST)).collect();
        Ok(())
    }

    /// Moves the memberships of one node after the other to where the bound is largest. The largest change.
    fn expect(&mut self, ctx: &Context) -> Result<f64> {
        let blocks = self.blocks();
        let odds = self.probability.map(|w| (w / (1.0 - w)).ln());
        let none = self.probability.map(|w| (1.0 - w).ln());
        let (mut near, mut field) = (vec![0.0; blocks], vec![0.0; blocks]);
        let mut moved = 0.0f64;
        for i in 0..self.membership.nrows() {
            if i % 64 == 0 {
                ctx.check()?;
            }
            self.near(i, &mut near);
            let mut own = self.membership.row_mut(i);
            self.totals.iter_mut().zip(&own).for_each(|(total, part)| *total -= part);
            for (k, value) in field.iter_mut().enumerate() {
                let rows = odds.row(k).iter().zip(none.row(k));
                let terms = rows.zip(near.iter().zip(&self.totals)).map(|((o, n), (near, total))| o * near + n * total);
                *value = self.shares[k].ln() + terms.sum::<f64>();
            }
            normalise(&mut field);
            for ((part, &new), total) in own.iter_mut().zip(&field).zip(&mut self.totals) {
                moved = moved.max((new - *part).abs());
                *part = new;
                *total += new;
            }
        }
        // Differences of sums lose digits.
        self.count();
        Ok(moved)
    }

    fn finish(self, iterations: usize, converged: bool, ctx: &Context) -> Result<BlockModel> {
        let (linked, pairs) = self.expected(ctx)?;
        let mut complete = 0.0;
        for k in 0..self.blocks() {
            complete += self.totals[k] * self.shares[k].ln();
            for l in 0..self.blocks() {
                let w = self.probability.at(k, l);
                complete += 0.5 * (linked.at(k, l) * w.ln() + (pairs.at(k, l) - linked.at(k, l)) * (1.0 - w).ln());
            }
        }
        let entropy: f64 = self.membership.iter().filter(|part| **part > 0.0).map(|part| -part * part.ln()).sum();
        let (p, q) = (self.membership.nrows() as f64, self.blocks() as f64);
        let penalty = 0.25 * q * (q + 1.0) * (0.5 * p * (p - 1.0)).ln() + 0.5 * (q - 1.0) * p.ln();
        let model = BlockModel {
            labels: self.membership.rows().into_iter().map(|row| likeliest(row.iter().copied())).collect(),
            membership: self.membership,
            shares: self.shares,
            probability: self.probability,
            icl: complete - penalty,
            bound: complete + entropy,
            iterations,
            converged,
        };
        Ok(model.by_size())
    }
}

impl BlockModel {
    /// The same model with the largest block first.
    fn by_size(self) -> Self {
        let blocks = self.shares.len();
        let mut order: Vec<usize> = (0..blocks).collect();
        order.sort_by(|&a, &b| self.shares[b].total_cmp(&self.shares[a]));
        let mut rank = vec![0; blocks];
        order.iter().enumerate().for_each(|(place, &block)| rank[block] = place);
        let mut probability = ByBlocks::filled(blocks, 0.0);
        for (k, l) in self.probability.pairs() {
            probability.set(rank[k], rank[l], self.probability.at(k, l));
        }
        Self {
            labels: self.labels.iter().map(|&label| rank[label]).collect(),
            membership: Array2::from_shape_fn(self.membership.dim(), |(i, k)| self.membership[(i, order[k])]),
            shares: order.iter().map(|&block| self.shares[block]).collect(),
            probability,
            ..self
        }
    }
}

/// From logarithms to numbers that sum to 1, none of them 0.
fn normalise(field: &mut [f64]) {
    let largest = field.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    field.iter_mut().for_each(|value| *value = (*value - largest).exp().max(LEAST));
    let sum: f64 = field.iter().sum();
    field.iter_mut().for_each(|value| *value /= sum);
}

fn likeliest(parts: impl Iterator<Item = f64>) -> usize {
    let best = parts.enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.map_or(0, |(block, _)| block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;
    use rand::RngExt;

    /// A graph where the pair (i, j), i > j, has an edge with this probability.
    fn graph(p: usize, probability: impl Fn(usize, usize) -> f64) -> Graph {
        let mut rng = crate::rng::stream(5, "graph", 0);
        let pairs = (0..p).flat_map(|i| (0..i).map(move |j| (i, j)));
        let linked = pairs.filter(|&(i, j)| rng.random::<f64>() < probability(i, j));
        let edges = linked.map(|(i, j)| Edge::new(j, i, 1.0)).collect();
        Graph::new(p, None, false, edges).unwrap()
    }

    fn fit(graph: &Graph, blocks: &[usize], threads: usize) -> Vec<BlockModel> {
        let climb = Climb { blocks: blocks.to_vec(), starts: 2, max_iter: 200, tol: 1e-6 };
        fit_graph(graph, &climb, &Context::new().with_seed(1).with_threads(threads)).unwrap()
    }

    #[test]
    fn communities_and_hubs_are_found_with_their_number() {
        let communities = graph(45, |i, j| if i / 15 == j / 15 { 0.7 } else { 0.1 });
        let models = fit(&communities, &[1, 2, 3, 4], 1);
        let best = models.iter().max_by(|a, b| a.icl.total_cmp(&b.icl)).unwrap();
        assert_eq!(best.shares.len(), 3, "{:?}", models.iter().map(|model| model.icl).collect::<Vec<_>>());
        assert!((0..45).all(|i| best.labels[i] == best.labels[i / 15 * 15]) && best.converged);
        let hubs = graph(40, |_, j| if j < 2 { 0.8 } else { 0.0 });
        let best = &fit(&hubs, &[2], 1)[0];
        assert_eq!(best.labels, [vec![1; 2], vec![0; 38]].concat());
        assert!(best.probability.at(0, 1) > 0.5 && best.probability.at(0, 0) < 1e-6);
    }

    #[test]
    fn one_block_has_the_likelihood_of_a_random_graph() {
        let ring = graph(10, |i, j| f64::from(u8::from(i - j == 1 || i - j == 9)));
        let model = &fit(&ring, &[1], 1)[0];
        let w: f64 = 10.0 / 45.0;
        let expected = 10.0 * w.ln() + 35.0 * (1.0 - w).ln();
        assert!((model.bound - expected).abs() < 1e-9 && (model.icl - expected + 0.5 * 45f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn two_cliques_have_the_likelihood_of_the_formula() {
        let cliques = graph(12, |i, j| f64::from(u8::from(i / 6 == j / 6)));
        let model = &fit(&cliques, &[2], 1)[0];
        // Every edge is certain: what is left are 12 fair coins for the groups, and the penalty of 3 + 1 parameters.
        let expected = 12.0 * 0.5f64.ln() - 1.5 * 66f64.ln() - 0.5 * 12f64.ln();
        assert!((model.icl - expected).abs() < 1e-5, "{} {expected}", model.icl);
    }

    #[test]
    fn threads_do_not_matter_and_empty_graphs_are_no_trouble() {
        let some = graph(20, |i, j| if i % 3 == j % 3 { 0.6 } else { 0.2 });
        let [one, three] = [1, 3].map(|threads| fit(&some, &[3, 2], threads));
        assert!(one.len() == 2 && one.iter().zip(&three).all(|(a, b)| a.labels == b.labels && a.bound == b.bound));
        let empty = graph(5, |_, _| 0.0);
        assert!(fit(&empty, &[1, 5], 1).iter().all(|model| model.icl.is_finite()));
    }
}
