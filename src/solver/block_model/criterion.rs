//! The exact integrated likelihood of groups, edges and statistics: all parameters are integrated out.
//!
//! Priors: shares of the groups Dirichlet(1, ..., 1), probabilities of edges uniform; statistics of edges of variance 1
//! have a mean from N(1, 1), those of a free variance s^2 have 1/s^2 from Gamma(1, 1) and a mean from N(0, s^2). The
//! statistics without an edge are standard normal, of which every pair has the constant.

use super::edges::{ByBlocks, Spread, Sums};
use crate::context::{Context, Reservation};
use crate::error::Result;

/// log Gamma of all halves that occur: of numbers of pairs, nodes and blocks.
#[derive(Debug)]
pub(super) struct LogGamma {
    halves: Vec<f64>,
    _held: Reservation,
}

impl LogGamma {
    /// For p nodes in at most so many blocks.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn new(p: usize, blocks: usize, ctx: &Context) -> Result<Self> {
        let count = p.saturating_mul(p.saturating_sub(1)).saturating_add(2 * (p + blocks) + 6);
        let held = ctx.reserve_matrices(1, count, 1)?;
        let mut halves = Vec::with_capacity(count);
        for k in 0..count {
            if k % 4096 == 0 {
                ctx.check()?;
            }
            halves.push(libm::lgamma(k as f64 / 2.0));
        }
        Ok(Self { halves, _held: held })
    }

    /// log Gamma(halves / 2).
    #[inline]
    fn at(&self, halves: usize) -> f64 {
        self.halves[halves.min(self.halves.len() - 1)]
    }

    /// log Gamma(1 + count).
    #[inline]
    fn factorial(&self, count: f64) -> f64 {
        self.at(2 * (count as usize) + 2)
    }

    /// What the pairs of two blocks add: their edges, and the statistics of those over what they were without an edge.
    pub fn evidence(&self, sums: Sums, spread: Spread) -> f64 {
        let Sums { pairs, edges, first, second } = sums;
        let graph = self.factorial(edges) + self.factorial(pairs - edges) - self.at(2 * (pairs as usize) + 4);
        let rest = first - edges;
        graph
            + match spread {
                // The squares of statistics cancel.
                Spread::One => 0.5 * (rest * rest / (1.0 + edges) - (1.0 + edges).ln() - edges) + first,
                Spread::Free => {
                    let mean = first / edges.max(1.0);
                    let around = (second - edges * mean * mean).max(0.0);
                    let scale = 1.0 + 0.5 * around + 0.5 * edges * mean * mean / (1.0 + edges);
                    let shape = 1.0 + 0.5 * edges;
                    self.at(2 + edges as usize) - shape * scale.ln() - 0.5 * (1.0 + edges).ln() + 0.5 * second
                }
            }
    }

    /// The criterion for groups of these sizes, but for the constant of all pairs.
    pub fn total(&self, sizes: &[usize], sums: &ByBlocks<Sums>, spread: Spread) -> f64 {
        let (blocks, nodes) = (sizes.len(), sizes.iter().sum::<usize>());
        let groups: f64 = sizes.iter().map(|&size| self.factorial(size as f64)).sum();
        let shares = groups - self.at(2 * (blocks + nodes)) + self.at(2 * blocks);
        shares + sums.pairs().map(|(k, l)| self.evidence(sums.at(k, l), spread)).sum::<f64>()
    }
}

/// What every pair adds, whatever the groups: log densities of a standard normal number.
pub(super) fn constant(x: &[f64], p: usize) -> f64 {
    let squares: f64 = (0..p).map(|i| x[i * p..i * p + i].iter().map(|value| value * value).sum::<f64>()).sum();
    -0.5 * squares - 0.5 * (p * p.saturating_sub(1) / 2) as f64 * (2.0 * std::f64::consts::PI).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The integral over means (and variances) by sums over a grid.
    fn by_grid(x: &[f64], spread: Spread) -> f64 {
        let normal = |x: f64, mean: f64, variance: f64| {
            (-0.5 * (x - mean) * (x - mean) / variance).exp() / (2.0 * std::f64::consts::PI * variance).sqrt()
        };
        let step = 0.02;
        let over_means = |prior: &dyn Fn(f64) -> f64, variance: f64| -> f64 {
            let means = (-750..750).map(|k| f64::from(k) * step);
            means.map(|mean| x.iter().fold(prior(mean), |value, &x| value * normal(x, mean, variance)) * step).sum()
        };
        match spread {
            Spread::One => over_means(&|mean| normal(mean, 1.0, 1.0), 1.0),
            Spread::Free => (0..1000)
                .map(|k| {
                    let precision = (f64::from(k) + 0.5) * step;
                    over_means(&|mean| normal(mean, 0.0, 1.0 / precision), 1.0 / precision) * (-precision).exp() * step
                })
                .sum(),
        }
    }

    #[test]
    fn evidence_is_the_integral_over_the_parameters() {
        let x = [1.2, -0.4, 2.5];
        let gamma = LogGamma::new(6, 2, &Context::new()).unwrap();
        for spread in [Spread::One, Spread::Free] {
            let mut sums = Sums::default();
            x.iter().for_each(|&x| sums.count(x, 1.0));
            sums.count(0.3, 0.0);
            let null: f64 = x.iter().map(|x| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()).product();
            // Three edges of four pairs: 3! 1! / 5!.
            let expected = (6.0f64 / 120.0).ln() + (by_grid(&x, spread) / null).ln();
            assert!((gamma.evidence(sums, spread) - expected).abs() < 2e-3, "{spread:?}");
        }
    }
}
