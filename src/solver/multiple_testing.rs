//! Many tests at once: which of them to believe so that few of those are wrong.

use crate::data::normal;

/// Points of the grid of Liu's threshold.
const POINTS: usize = 2000;

/// The probability that a standard normal number is at least as far from 0 as z.
pub fn p_value(z: f64) -> f64 {
    2.0 * normal::cdf(-z.abs())
}

/// Benjamini and Hochberg's adjusted p-values, in the order of the p-values: the smallest false discovery rate at
/// which each would be believed. With m tests of which k have a p-value of at most t it is m t / k, at most 1, made
/// monotone.
pub fn q_values(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let tests = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut smallest = 1.0f64;
    for (larger, &test) in order.iter().enumerate() {
        smallest = smallest.min(p_values[test] * tests / (tests - larger as f64));
        adjusted[test] = smallest;
    }
    adjusted
}

/// How p-values of many tests are adjusted to each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Adjustment {
    /// Not at all.
    None,
    /// For the false discovery rate, as [`q_values`].
    #[default]
    BenjaminiHochberg,
    /// For the probability of any false discovery, step by step (Scandinavian Journal of Statistics 6:65, 1979).
    Holm,
    /// For the same by the number of tests alone.
    Bonferroni,
}

impl Adjustment {
    /// The words for them.
    pub const NAMES: &'static [&'static str] = &["none", "bh", "holm", "bonferroni"];

    /// The adjustment that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::None),
            "bh" => Some(Self::BenjaminiHochberg),
            "holm" => Some(Self::Holm),
            "bonferroni" => Some(Self::Bonferroni),
            _ => None,
        }
    }

    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::BenjaminiHochberg => "bh",
            Self::Holm => "holm",
            Self::Bonferroni => "bonferroni",
        }
    }

    /// The adjusted p-values, in the order of the p-values.
    pub fn adjust(self, p_values: &[f64]) -> Vec<f64> {
        let tests = p_values.len() as f64;
        match self {
            Self::None => p_values.to_vec(),
            Self::BenjaminiHochberg => q_values(p_values),
            Self::Bonferroni => p_values.iter().map(|value| (value * tests).min(1.0)).collect(),
            Self::Holm => holm(p_values),
        }
    }
}

/// The k-th smallest of m p-values times m - k + 1, at most 1, made monotone.
fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut largest = 0.0f64;
    for (smaller, &test) in order.iter().enumerate() {
        largest = largest.max(p_values[test] * (p_values.len() - smaller) as f64).min(1.0);
        adjusted[test] = largest;
    }
    adjusted
}

/// Liu's threshold (Annals of Statistics 41:2948, 2013) of the |statistics| of all pairs of p variables: the first
/// point z of 2001 from 0 to 2 sqrt(log p) at which pairs x P(|N(0, 1)| >= z) is at most `fdr` times the number of
/// |statistics| of at least z, counted as one where there is none; where there is no such point, the last one. Pairs at
/// the threshold or beyond have an edge.
pub fn liu_threshold(statistics: &[f64], p: usize, fdr: f64) -> f64 {
    let mut sizes: Vec<f64> = statistics.iter().map(|value| value.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let pairs = p as f64 * (p as f64 - 1.0) / 2.0;
    let last = 2.0 * (p.max(1) as f64).ln().sqrt();
    let mut below = 0;
    for point in 0..=POINTS {
        let z = point as f64 * last / POINTS as f64;
        below += sizes[below..].iter().take_while(|&&size| size < z).count();
        let beyond = (sizes.len() - below).max(1) as f64;
        if p_value(z) * pairs / beyond <= fdr {
            return z;
        }
    }
    last
}

/// How far the |statistics| of pairs of p variables are from normal ones in their tails, as Liu compares penalties:
/// sum over k = 3..9 of (#{|z| >= Phi^-1(1 - k / 20)} / (p (p - 1) k / 20) - 1)^2.
pub fn distance_of_tails(statistics: &[f64], p: usize) -> f64 {
    let pairs = p as f64 * (p as f64 - 1.0);
    (3..=9)
        .map(|k| {
            let share = f64::from(k) / 20.0;
            let bound = normal::quantile(1.0 - share);
            let beyond = statistics.iter().filter(|value| value.abs() >= bound).count() as f64;
            (beyond / (pairs * share) - 1.0).powi(2)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjustments_are_those_of_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.5), method).
        let adjusted = |word: &str| Adjustment::parse(word).unwrap().adjust(&[0.01, 0.04, 0.03, 0.5]);
        for (word, expected) in [
            ("none", [0.01, 0.04, 0.03, 0.5]),
            ("bh", [0.04, 0.16 / 3.0, 0.16 / 3.0, 0.5]),
            ("holm", [0.04, 0.09, 0.09, 0.5]),
            ("bonferroni", [0.04, 0.16, 0.12, 1.0]),
        ] {
            assert!(adjusted(word).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{word}");
            assert_eq!(Adjustment::parse(word).unwrap().name(), word);
        }
        assert!(Adjustment::Holm.adjust(&[]).is_empty());
    }

    #[test]
    fn q_values_are_those_of_r() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.5, 0.02), "BH").
        let q = q_values(&[0.01, 0.04, 0.03, 0.5, 0.02]);
        for (q, expected) in q.iter().zip([0.05, 0.05, 0.05, 0.5, 0.05]) {
            assert!((q - expected).abs() < 1e-15, "{q} {expected}");
        }
        assert_eq!(q_values(&[0.9, 0.2]), [0.9, 0.4]);
        assert!(q_values(&[]).is_empty());
    }

    #[test]
    fn a_threshold_lets_through_what_the_rate_allows() {
        // 45 pairs of 10 variables: 20 strong ones, the others around 0.
        let z: Vec<f64> = (0..45).map(|k| if k < 20 { -5.0 } else { 0.02 * f64::from(k) }).collect();
        let threshold = liu_threshold(&z, 10, 0.1);
        // 45 P(|N| >= z) <= 0.1 x 20 at z = 2.0096.
        assert!((threshold - 2.0096).abs() < 2e-3, "{threshold}");
        // Nothing is there: no point will do, and the last one stands.
        let none = liu_threshold(&[0.0; 45], 10, 1e-9);
        assert_eq!(none, 2.0 * 10f64.ln().sqrt());
        // Every statistic lies beyond every bound.
        assert!(
            (distance_of_tails(&[10.0; 90], 10) - (3..=9).map(|k| (20.0 / f64::from(k) - 1.0f64).powi(2)).sum::<f64>())
                .abs()
                < 1e-12
        );
    }
}
