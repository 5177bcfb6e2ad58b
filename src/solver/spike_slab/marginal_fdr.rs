//! The marginal false discovery rate of selecting all entries whose probability of being none is at most t.

use super::law::SpikeSlab;

/// Thresholds are within these: below the first nothing is selected, above the last everything.
const THRESHOLDS: [f64; 2] = [1e-300, 1.0 - 1e-15];
/// The smallest probability of a selection.
const NOTHING: f64 = 1e-300;

/// The rate under a spike and a slab, shares of nodes in blocks and links between them.
///
/// For two blocks with probability w of a link, the entries x with P(none | x) <= t are those with |x| between two bounds, because
/// log slab - log spike is a concave parabola in |x|. So the probabilities of a selection are those of intervals.
#[derive(Debug)]
pub struct MarginalFdr {
    law: SpikeSlab,
    /// Of every pair of blocks: the probability of two nodes to be in them, and of a link.
    pairs: Vec<(f64, f64)>,
}

impl MarginalFdr {
    /// Of blocks with these shares, and links, Q x Q row by row.
    pub fn new(law: SpikeSlab, shares: &[f64], links: impl IntoIterator<Item = f64>) -> Self {
        let both = shares.iter().flat_map(|a| shares.iter().map(move |b| a * b));
        Self { law, pairs: both.zip(links).collect() }
    }

    /// The rate at the threshold t; at t = P(none | x) it is the q-value of x.
    pub fn at(&self, t: f64) -> f64 {
        let t = t.clamp(THRESHOLDS[0], THRESHOLDS[1]);
        let odds = ((1.0 - t) / t).ln();
        let (mut none, mut edges) = (0.0, 0.0);
        for &(share, link) in &self.pairs {
            if let Some((spike, slab)) = self.selected(((1.0 - link) / link).ln() + odds) {
                none += share * (1.0 - link) * spike;
                edges += share * link * slab;
            }
        }
        none / (none + edges).max(NOTHING)
    }

    /// The probabilities under spike and slab of log slab - log spike >= `level`; none where that is nowhere.
    fn selected(&self, level: f64) -> Option<(f64, f64)> {
        let SpikeSlab { rate, sd } = self.law;
        let top = (2.0 / ((2.0 * std::f64::consts::PI).sqrt() * sd * rate)).ln();
        let discriminant = rate * rate - 2.0 * (level - top) / (sd * sd);
        if discriminant <= 0.0 {
            return None;
        }
        let root = discriminant.sqrt();
        let low = (sd * sd * (rate - root)).max(0.0);
        let high = (sd * sd * (rate + root)).max(0.0);
        let tail = |bound: f64| libm::erfc(bound / (sd * std::f64::consts::SQRT_2));
        Some(((-rate * low).exp() - (-rate * high).exp(), tail(low) - tail(high)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;
    use rand::RngExt;
    use rand_distr::{Distribution, StandardNormal};

    #[test]
    fn rates_are_those_of_draws() {
        let law = SpikeSlab { rate: 21.46, sd: 0.3 };
        let (shares, links) = ([0.3, 0.7], [[0.3, 0.05], [0.05, 0.01]]);
        let fdr = MarginalFdr::new(law, &shares, links.into_iter().flatten());
        // The closed form of the same, from another program.
        for (t, expected) in [(0.05, 0.01313), (0.2, 0.05191), (0.5, 0.16060), (0.8, 0.39876)] {
            assert!((fdr.at(t) - expected).abs() < 1e-5, "{t}: {}", fdr.at(t));
        }
        let mut rng = rng::stream(3, "draws", 0);
        let mut draw = |share: f64| rng.random::<f64>() < share;
        let (mut none, mut selected) = (0, 0);
        let mut normal = rng::stream(4, "draws", 0);
        for _ in 0..400_000 {
            let (a, b) = (usize::from(draw(0.7)), usize::from(draw(0.7)));
            let edge = draw(links[a][b]);
            let value: f64 = match edge {
                true => 0.3 * Distribution::<f64>::sample(&StandardNormal, &mut normal),
                false => -(1.0 - normal.random::<f64>()).ln() / 21.46,
            };
            if law.densities(value).non_edge(links[a][b]) <= 0.5 {
                selected += 1;
                none += usize::from(!edge);
            }
        }
        assert!((none as f64 / selected as f64 - 0.1606).abs() < 0.015, "{none} of {selected}");
    }

    #[test]
    fn ends_of_the_thresholds() {
        let fdr = MarginalFdr::new(SpikeSlab { rate: 20.0, sd: 0.3 }, &[1.0], [0.1]);
        assert_eq!(fdr.at(0.0), 0.0);
        assert!((fdr.at(1.0) - 0.9).abs() < 1e-3 && fdr.at(0.3) < fdr.at(0.6));
    }
}
