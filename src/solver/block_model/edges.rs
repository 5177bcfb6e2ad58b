//! Statistics of pairs: standard normal without an edge, normal about another mean with one.

use crate::context::Context;
use crate::data::normal;
use crate::error::Result;

/// Probabilities of edges stay this far from 0 and 1.
const LEAST: f64 = 1e-6;
/// Statistics of edges have at least this second moment: twice that of others. Nearer to theirs, a share of edges and
/// where they lie could not be told apart.
const LEAST_MOMENT: f64 = 2.0;
/// Fewer expected edges say nothing about where they lie.
const FEW: f64 = 1e-8;
/// Half of all statistics without an edge are at most this far from 0.
const MEDIAN: f64 = 0.674_489_750_196_081_7;

/// A symmetric table over pairs of blocks.
#[derive(Debug, Clone)]
pub struct ByBlocks<T> {
    blocks: usize,
    values: Vec<T>,
}

impl<T: Copy> ByBlocks<T> {
    /// The same value everywhere.
    pub fn filled(blocks: usize, value: T) -> Self {
        Self { blocks, values: vec![value; blocks * blocks] }
    }

    /// Number of blocks.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The value of two blocks.
    #[inline]
    pub fn at(&self, k: usize, l: usize) -> T {
        self.values[k * self.blocks + l]
    }

    /// The values of a block with all blocks.
    #[inline]
    pub fn row(&self, k: usize) -> &[T] {
        &self.values[k * self.blocks..(k + 1) * self.blocks]
    }

    /// Changes the value of two blocks.
    pub fn set(&mut self, k: usize, l: usize, value: T) {
        self.values[k * self.blocks + l] = value;
        self.values[l * self.blocks + k] = value;
    }

    /// `f` of every value.
    pub fn map<U: Copy>(&self, f: impl Fn(T) -> U) -> ByBlocks<U> {
        ByBlocks { blocks: self.blocks, values: self.values.iter().map(|&value| f(value)).collect() }
    }

    /// Pairs of blocks, each once.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<T> {
        let blocks = self.blocks;
        (0..blocks).flat_map(move |k| (k..blocks).map(move |l| (k, l)))
    }
}

/// How far the statistics of edges spread within a pair of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Variance 1, as without an edge: all edges of a pair of blocks are about as strong, and of one sign.
    One,
    /// A variance of at least 1: strong and weak edges, of both signs.
    Free,
}

/// Edges between two blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EdgeLaw {
    /// Probability of an edge.
    pub probability: f64,
    /// Mean of the statistics of edges.
    pub mean: f64,
    /// Their variance, at least 1.
    pub variance: f64,
}

/// log odds of an edge, a polynomial of the statistic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Odds {
    pub constant: f64,
    pub slope: f64,
    /// Not negative.
    pub curve: f64,
}

impl Odds {
    /// log P(edge | x) / P(no edge | x).
    #[inline]
    pub fn at(self, x: f64) -> f64 {
        self.constant + x * (self.slope + x * self.curve)
    }
}

/// The probability whose log odds these are.
#[inline]
pub(super) fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// What a law is estimated from: pairs, edges among them (or their expected number), sum and sum of squares of the
/// statistics of edges.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub pairs: f64,
    pub edges: f64,
    pub first: f64,
    pub second: f64,
}

impl Sums {
    /// One more pair, which has an edge with this probability.
    #[inline]
    pub fn count(&mut self, x: f64, probability: f64) {
        self.pairs += 1.0;
        self.edges += probability;
        self.first += probability * x;
        self.second += probability * x * x;
    }

    #[inline]
    pub fn plus(self, other: Self) -> Self {
        Self {
            pairs: self.pairs + other.pairs,
            edges: self.edges + other.edges,
            first: self.first + other.first,
            second: self.second + other.second,
        }
    }

    #[inline]
    pub fn minus(self, other: Self) -> Self {
        Self {
            pairs: self.pairs - other.pairs,
            edges: self.edges - other.edges,
            first: self.first - other.first,
            second: self.second - other.second,
        }
    }
}

impl EdgeLaw {
    /// The most likely law; a variance is drawn to 1 as by two statistics more.
    pub(super) fn from_sums(sums: Sums, spread: Spread) -> Self {
        let probability = (sums.edges / sums.pairs.max(1.0)).clamp(LEAST, 1.0 - LEAST);
        if sums.edges < FEW {
            return Self { probability, mean: 1.0, variance: LEAST_MOMENT - 1.0 };
        }
        let mean = sums.first / sums.edges;
        match spread {
            Spread::One => {
                let least = (LEAST_MOMENT - 1.0).sqrt();
                Self { probability, mean: mean.abs().max(least).copysign(mean), variance: 1.0 }
            }
            Spread::Free => {
                let around = (sums.second - sums.edges * mean * mean).max(0.0);
                let variance = (2.0 + around) / (2.0 + sums.edges);
                Self { probability, mean, variance: variance.max(1.0).max(LEAST_MOMENT - mean * mean) }
            }
        }
    }

    pub(super) fn odds(self) -> Odds {
        let Self { probability, mean, variance } = self;
        Odds {
            constant: (probability / (1.0 - probability)).ln() - 0.5 * variance.ln() - mean * mean / (2.0 * variance),
            slope: mean / variance,
            curve: 0.5 * (1.0 - 1.0 / variance),
        }
    }

    /// P(log odds of an edge >= `odds`) of a statistic without an edge, and with one.
    pub(super) fn beyond(self, odds: f64) -> (f64, f64) {
        let Odds { constant, slope, curve } = self.odds();
        let (center, deviation) = (self.mean, self.variance.sqrt());
        let above = |x: f64| (normal::cdf(-x), normal::cdf((center - x) / deviation));
        let below = |x: f64| (normal::cdf(x), normal::cdf((x - center) / deviation));
        let level = constant - odds;
        if curve < 1e-12 {
            // The law has a mean of at least 1 then: there is a slope.
            let root = -level / slope;
            return if slope > 0.0 { above(root) } else { below(root) };
        }
        let square = slope * slope - 4.0 * curve * level;
        if square <= 0.0 {
            return (1.0, 1.0);
        }
        let (low, high) = ((-slope - square.sqrt()) / (2.0 * curve), (-slope + square.sqrt()) / (2.0 * curve));
        let ((a0, a1), (b0, b1)) = (below(low), above(high));
        (a0 + b0, a1 + b1)
    }
}

/// Statistics of all pairs of p nodes, row by row, and how their laws are estimated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pairs<'a> {
    pub x: &'a [f64],
    pub p: usize,
    pub spread: Spread,
}

impl<'a> Pairs<'a> {
    #[inline]
    pub fn row(&self, i: usize) -> &'a [f64] {
        &self.x[i * self.p..(i + 1) * self.p]
    }

    /// Sums over all pairs, where `probability` of a statistic and two labels says how likely an edge is.
    fn sums(
        &self,
        labels: &[usize],
        blocks: usize,
        probability: impl Fn(f64, usize, usize) -> f64,
        ctx: &Context,
    ) -> Result<ByBlocks<Sums>> {
        let mut sums = ByBlocks::filled(blocks, Sums::default());
        let mut own = vec![Sums::default(); blocks];
        for i in 1..self.p {
            if i % 16 == 1 {
                ctx.check()?;
            }
            own.fill(Sums::default());
            for (&x, &label) in self.row(i)[..i].iter().zip(labels) {
                own[label].count(x, probability(x, labels[i], label));
            }
            for (l, &more) in own.iter().enumerate() {
                sums.set(labels[i], l, sums.at(labels[i], l).plus(more));
            }
        }
        Ok(sums)
    }

    /// First laws: the share of small statistics says how many pairs have no edge (Storey), the mean of the others where
    /// edges lie.
    pub fn first_laws(&self, labels: &[usize], blocks: usize, ctx: &Context) -> Result<ByBlocks<EdgeLaw>> {
        let is_large = |x: f64| f64::from(u8::from(x.abs() >= MEDIAN));
        let sums = self.sums(labels, blocks, |x, _, _| is_large(x), ctx)?;
        Ok(sums.map(|sums| {
            let law = EdgeLaw::from_sums(sums, self.spread);
            let share = 1.0 - 2.0 * (sums.pairs - sums.edges) / sums.pairs.max(1.0);
            EdgeLaw { probability: share.clamp(1e-3, 1.0 - 1e-3), ..law }
        }))
    }

    /// Laws by expectation and maximisation for given labels, until they change by less than `tol`, and whether they do.
    pub fn improve(
        &self,
        labels: &[usize],
        mut laws: ByBlocks<EdgeLaw>,
        steps: usize,
        tol: f64,
        ctx: &Context,
    ) -> Result<(ByBlocks<EdgeLaw>, bool)> {
        for _ in 0..steps {
            let odds = laws.map(EdgeLaw::odds);
            let sums = self.sums(labels, laws.blocks(), |x, k, l| logistic(odds.at(k, l).at(x)), ctx)?;
            let next = sums.map(|sums| EdgeLaw::from_sums(sums, self.spread));
            let moved = laws.values.iter().zip(&next.values).fold(0.0f64, |most, (old, new)| {
                let variance = (old.variance - new.variance).abs();
                most.max((old.probability - new.probability).abs()).max((old.mean - new.mean).abs()).max(variance)
            });
            laws = next;
            if moved < tol {
                return Ok((laws, true));
            }
        }
        Ok((laws, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_simulated_statistics() {
        use rand_distr::{Distribution, StandardNormal};
        let mut rng = crate::rng::stream(1, "tails", 0);
        let draws: Vec<f64> = (0..200_000).map(|_| StandardNormal.sample(&mut rng)).collect();
        for (mean, variance) in [(2.0, 1.0), (-1.5, 1.0), (0.0, 4.0), (1.0, 2.5)] {
            let law = EdgeLaw { probability: 0.2, mean, variance };
            for level in [-1.0, 0.5, 2.0] {
                let share = |x: &dyn Fn(f64) -> f64| {
                    draws.iter().filter(|&&z| law.odds().at(x(z)) >= level).count() as f64 / draws.len() as f64
                };
                let (null, edge) = law.beyond(level);
                assert!((null - share(&|z| z)).abs() < 5e-3, "{law:?} {level}");
                assert!((edge - share(&|z| mean + variance.sqrt() * z)).abs() < 5e-3, "{law:?} {level}");
            }
        }
    }

    #[test]
    fn a_mixture_of_one_block_is_found() {
        use rand_distr::{Distribution, StandardNormal};
        let (p, mut rng) = (150, crate::rng::stream(2, "mixture", 0));
        let mut x = vec![0.0; p * p];
        for i in 0..p {
            for j in 0..i {
                let noise: f64 = StandardNormal.sample(&mut rng);
                x[i * p + j] = noise + if (i * 7 + j * 3) % 10 == 0 { 3.0 } else { 0.0 };
                x[j * p + i] = x[i * p + j];
            }
        }
        let labels = vec![0; p];
        let ctx = Context::new();
        for spread in [Spread::One, Spread::Free] {
            let pairs = Pairs { x: &x, p, spread };
            let first = pairs.first_laws(&labels, 1, &ctx).unwrap();
            let (laws, settled) = pairs.improve(&labels, first, 1000, 1e-8, &ctx).unwrap();
            let law = laws.at(0, 0);
            assert!(settled && (law.probability - 0.1).abs() < 0.02 && (law.mean - 3.0).abs() < 0.2, "{law:?}");
            assert!(law.variance < 1.4);
        }
    }
}
