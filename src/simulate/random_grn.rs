//! Random gene regulatory networks.

use rand::RngExt;
use rand_distr::{Distribution, Uniform};

use crate::context::Context;
use crate::data::{Column, Names};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph, HILL, REGULATOR};
use crate::model::{Accepts, Area, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::rng::{self, Rng};

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("genes", &[Kind::Count(2)], Preset::Count(100), "Number of genes, regulators included"),
    Opt::new(
        "regulators",
        &[Kind::Count(1)],
        Preset::Unset("sparsity x genes, rounded down"),
        "Number of regulators: the first genes",
    ),
    Opt::new(
        "sparsity",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.1),
        "Probability of an edge from a regulator to a gene that is no regulator",
    ),
    Opt::new(
        "regulators_linked",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.2),
        "Share of the regulators, rounded down, that get an edge to or from another regulator",
    ),
    STRENGTH,
    Opt::new(
        "signed",
        &[Kind::Bool],
        Preset::Bool(true),
        "Half of the edges repress, at random; otherwise all activate",
    ),
    HILL_COEFFICIENT,
];
pub(super) const STRENGTH: Opt = Opt::new(
    "strength",
    &[Kind::Interval(Range::NON_NEGATIVE)],
    Preset::Interval([1.0, 5.0]),
    "Bounds of the strengths |K|, which are uniform between them",
);
pub(super) const HILL_COEFFICIENT: Opt =
    Opt::new("hill", &[Kind::Number(Range::POSITIVE)], Preset::Number(2.0), "Hill coefficient of all edges");

/// The record.
pub static RECORD: Record = Record {
    verb: "random_grn",
    constructor: None,
    area: Area::Simulate,
    summary: "Random gene regulatory network",
    details: "A directed graph from regulators to genes; weights are interaction strengths K, positive where the regulator \
activates and negative where it represses. Every regulator is linked to every other gene with probability `sparsity`; then a \
regulator without a target gets one, of the genes without a regulator where there are some, and a gene without a regulator gets \
one. At last int(`regulators_linked` x regulators) regulators get an edge with another one, which leads from the one with the \
lower number to the other: there is no cycle. Genes are called g0, g1, ...; the regulators are the first ones, \
`.regulators` lists them. The program of GRNUlar and uGLAD draws strengths from 0 to 5 that all activate, against its paper: \
`strength: [0, 5], signed: false` is its law.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Shrivastava, Zhang, Aluru, Song (GRNUlar), section 3.2; Shrivastava, Chajewska, Abraham, Chen (uGLAD), section 7.2",
    example: "let grn = random_grn(#{ genes: 20, regulators: 3, seed: 1 });\nprint(grn.regulators);\nprint(grn.n_edges);",
    run: Run::Value(|_, options, ctx| RandomGrn::from_options(options).simulate(ctx).map(Into::into)),
};

/// A law of random gene regulatory networks.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomGrn {
    /// Number of genes, regulators included.
    pub genes: usize,
    /// Number of regulators; int(sparsity genes), but at least 1, where none is given.
    pub regulators: Option<usize>,
    /// Probability of an edge from a regulator to a gene that is none.
    pub sparsity: f64,
    /// Share of regulators that get an edge with another one.
    pub regulators_linked: f64,
    /// Bounds of |K|.
    pub strength: [f64; 2],
    /// Whether half of the edges repress.
    pub signed: bool,
    /// Hill coefficient.
    pub hill: f64,
}

impl Default for RandomGrn {
    fn default() -> Self {
        Self {
            genes: 100,
            regulators: None,
            sparsity: 0.1,
            regulators_linked: 0.2,
            strength: [1.0, 5.0],
            signed: true,
            hill: 2.0,
        }
    }
}

impl RandomGrn {
    pub(super) fn from_options(options: &Options) -> Self {
        let default = Self::default();
        let number = |name, default| options.number(name).unwrap_or(default);
        Self {
            genes: options.count("genes").unwrap_or(default.genes),
            regulators: options.count("regulators"),
            sparsity: number("sparsity", default.sparsity),
            regulators_linked: number("regulators_linked", default.regulators_linked),
            strength: options.interval("strength").unwrap_or(default.strength),
            signed: options.is_true("signed"),
            hill: number("hill", default.hill),
        }
    }

    /// A network of this law; the seed is the context's.
    ///
    /// # Errors
    /// As many regulators as genes, strengths that can only be 0, memory, cancellation.
    pub fn simulate(&self, ctx: &Context) -> Result<Graph> {
        let count = self.regulators.unwrap_or((self.sparsity * self.genes as f64) as usize).max(1);
        if count >= self.genes {
            return Err(Error::option(format!("{count} regulators among {} genes leave none to regulate", self.genes)));
        }
        let shares = [("sparsity", self.sparsity), ("regulators_linked", self.regulators_linked)];
        if let Some((name, share)) = shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
            return Err(Error::option(format!("option '{name}' of random_grn is a share from 0 to 1, not {share}")));
        }
        if !(self.hill.is_finite() && self.hill > 0.0) {
            return Err(Error::option(format!("Hill coefficients are positive numbers, not {}", self.hill)));
        }
        let strengths = strength_law(self.strength)?;
        let expected = 1.5 * self.sparsity * count as f64 * self.genes as f64;
        let bytes = (expected as usize).saturating_add(self.genes).saturating_mul(std::mem::size_of::<Edge>());
        let _held = ctx.reserve(bytes.saturating_add(self.genes.saturating_mul(100)))?;
        let mut rng = rng::stream(ctx.seed(), "random_grn", 0);
        let mut pairs = self.bipartite(count, &mut rng, ctx)?;
        let (law, linked) = (self.clone(), (self.regulators_linked * count as f64) as usize);
        detached_if_many(self.genes.max(pairs.len()), ctx, move || {
            link_regulators(count, linked, &mut rng, &mut pairs);
            law.graph(count, pairs, strengths, &mut rng)
        })?
    }

    /// Pairs (regulator, gene): drawn, and those that nobody may lack.
    fn bipartite(&self, count: usize, rng: &mut Rng, ctx: &Context) -> Result<Vec<(usize, usize)>> {
        let mut pairs = Vec::new();
        let mut regulated = vec![false; self.genes];
        let mut idle = Vec::new();
        for regulator in 0..count {
            ctx.check()?;
            let before = pairs.len();
            for (gene, regulated) in regulated.iter_mut().enumerate().skip(count) {
                if rng.random::<f64>() < self.sparsity {
                    pairs.push((regulator, gene));
                    *regulated = true;
                }
            }
            if pairs.len() == before {
                idle.push(regulator);
            }
        }
        let mut lonely: Vec<usize> = (count..self.genes).filter(|&gene| !regulated[gene]).collect();
        for regulator in idle {
            let gene = match lonely.len() {
                0 => rng.random_range(count..self.genes),
                some => lonely.swap_remove(rng.random_range(0..some)),
            };
            pairs.push((regulator, gene));
        }
        lonely.sort_unstable();
        pairs.extend(lonely.into_iter().map(|gene| (rng.random_range(0..count), gene)));
        Ok(pairs)
    }

    /// The graph of these pairs, with strengths.
    fn graph(
        &self,
        count: usize,
        mut pairs: Vec<(usize, usize)>,
        strengths: Uniform<f64>,
        rng: &mut Rng,
    ) -> Result<Graph> {
        pairs.sort_unstable();
        let edge = |(source, target)| {
            // No edge has strength 0.
            let size = strengths.sample(rng).max(f64::MIN_POSITIVE);
            let represses = self.signed && rng.random::<bool>();
            Edge::new(source, target, if represses { -size } else { size })
        };
        let edges: Vec<Edge> = pairs.into_iter().map(edge).collect();
        let hill = Column::numbers(vec![self.hill; edges.len()]);
        let marks = (0..self.genes).map(|gene| f64::from(gene < count)).collect();
        let names = Names::numbered_with("g", self.genes);
        Graph::new(self.genes, Some(names), true, edges)?
            .with_edge_attribute(HILL, hill)?
            .with_node_attribute(REGULATOR, Column::numbers(marks))
    }
}

/// The law of |K| between these bounds.
pub(super) fn strength_law([low, high]: [f64; 2]) -> Result<Uniform<f64>> {
    let law = Uniform::new_inclusive(low, high).ok().filter(|_| low >= 0.0 && high > 0.0 && high.is_finite());
    law.ok_or_else(|| {
        Error::option(format!("strengths from {low} to {high} are not possible"))
            .with_hint("strength: [1, 5]: the bounds of |K|, the larger one above 0")
    })
}

/// Edges between regulators: `wanted` of them get one with another, from the lower to the higher number.
fn link_regulators(count: usize, wanted: usize, rng: &mut Rng, pairs: &mut Vec<(usize, usize)>) {
    if count < 2 {
        return;
    }
    let chosen: Vec<usize> = rng::permutation(rng, count).into_iter().take(wanted).collect();
    let mut links: Vec<(usize, usize)> = chosen
        .into_iter()
        .map(|regulator| {
            let other = rng.random_range(0..count - 1);
            let other = if other < regulator { other } else { other + 1 };
            (regulator.min(other), regulator.max(other))
        })
        .collect();
    // Two regulators may have chosen each other.
    links.sort_unstable();
    links.dedup();
    pairs.extend(links);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grn(law: &RandomGrn, seed: u64) -> Graph {
        law.simulate(&Context::new().with_seed(seed)).unwrap()
    }

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(RandomGrn::from_options(&options), RandomGrn::default());
    }

    #[test]
    fn nobody_is_left_alone_and_edges_lead_upwards() {
        for seed in 0..40 {
            let law = RandomGrn { sparsity: 0.02, regulators: Some(10), ..RandomGrn::default() };
            let g = grn(&law, seed);
            assert_eq!(g.regulators().unwrap(), (0..10).collect::<Vec<_>>());
            assert!(g.edges().iter().all(|edge| edge.source < edge.target && edge.source < 10));
            assert!((0..10).all(|tf| g.edges().iter().any(|edge| edge.source == tf && edge.target >= 10)));
            assert!((10..100).all(|gene| g.edges().iter().any(|edge| edge.target == gene)));
            assert_eq!(g.find_cycle(), None);
        }
    }

    #[test]
    fn numbers_of_edges_and_strengths_follow_their_law() {
        let (mut edges, mut linked, mut negative, mut sizes) = (0.0, 0.0, 0.0, 0.0);
        let rounds = 200;
        for seed in 0..rounds {
            let g = grn(&RandomGrn::default(), seed);
            edges += g.n_edges() as f64;
            linked += g.edges().iter().filter(|edge| edge.target < 10).count() as f64;
            negative += g.edges().iter().filter(|edge| edge.weight < 0.0).count() as f64;
            sizes += g.edges().iter().map(|edge| edge.weight.abs()).sum::<f64>();
            assert!(g.edges().iter().all(|edge| (1.0..=5.0).contains(&edge.weight.abs())));
        }
        // 900 pairs at 0.1; 90 genes, 0.9^10 of them without a regulator; two links, of which 1 in 45 is doubled.
        let expected = 90.0 + 90.0 * 0.9f64.powi(10) + 2.0 - 1.0 / 45.0;
        assert!((edges / rounds as f64 - expected).abs() < 2.5, "{}", edges / rounds as f64);
        assert!((linked / rounds as f64 - 2.0).abs() < 0.1);
        assert!((negative / edges - 0.5).abs() < 0.01 && (sizes / edges - 3.0).abs() < 0.03);
    }

    #[test]
    fn the_law_of_the_program_and_wrong_sizes() {
        let law = RandomGrn { strength: [0.0, 5.0], signed: false, ..RandomGrn::default() };
        assert!(grn(&law, 1).edges().iter().all(|edge| edge.weight > 0.0));
        let all = RandomGrn { regulators: Some(100), ..RandomGrn::default() };
        assert!(all.simulate(&Context::new()).is_err());
        let one = RandomGrn { genes: 2, regulators: Some(1), regulators_linked: 1.0, ..RandomGrn::default() };
        assert_eq!(grn(&one, 1).n_edges(), 1);
    }
}
