//! The numbers behind boxes and histograms, from finite values in ascending order; texts as categories.

use std::collections::HashMap;

use crate::data::summary::sorted_quantile;
use crate::error::{Error, Result};

/// More bins than this are not chosen without being asked for: one far value makes the bins of all others narrow.
const MOST_CHOSEN: usize = 500;
/// More bins than this are refused.
const MOST_BINS: usize = 10_000;

/// What a box shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FiveNumbers {
    /// First quartile, median, third quartile.
    pub quartiles: [f64; 3],
    /// The most distant values within 1.5 interquartile ranges of the quartiles (Tukey).
    pub whiskers: [f64; 2],
    /// The values beyond the whiskers.
    pub outliers: Vec<f64>,
}

/// Quartiles and whiskers; `None` without values.
pub(super) fn five_numbers(sorted: &[f64]) -> Option<FiveNumbers> {
    let quartiles = [0.25, 0.5, 0.75].map(|probability| sorted_quantile(sorted, probability));
    let reach = 1.5 * (quartiles[2] - quartiles[0]);
    let (low, high) = (quartiles[0] - reach, quartiles[2] + reach);
    let inside = |value: &f64| (low..=high).contains(value);
    let first = sorted.iter().copied().find(inside)?;
    let last = sorted.iter().copied().rev().find(inside)?;
    Some(FiveNumbers {
        quartiles,
        // A quartile between two values can lie beyond the last one that is near.
        whiskers: [first.min(quartiles[0]), last.max(quartiles[2])],
        outliers: sorted.iter().copied().filter(|value| !inside(value)).collect(),
    })
}

/// Values by interval.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    /// The ends of the intervals, one more than there are intervals.
    pub edges: Vec<f64>,
    /// How many values each interval has. The last one includes its right end, the others do not.
    pub counts: Vec<usize>,
}

/// Bins of equal width from the smallest value to the largest: `wanted` many, or as Freedman and Diaconis (1981) say;
/// where the interquartile range is 0, as Sturges (1926).
///
/// # Errors
/// No value, too many bins, a range that is no number.
pub(super) fn bins(sorted: &[f64], wanted: Option<usize>) -> Result<Bins> {
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
        return Err(Error::data("a histogram needs finite numbers, there are none"));
    };
    if !(high - low).is_finite() {
        return Err(Error::data(format!("a histogram cannot span the range from {low:e} to {high:e}")));
    }
    let count = wanted.unwrap_or_else(|| if high > low { chosen(sorted) } else { 1 });
    if count == 0 || count > MOST_BINS {
        return Err(Error::argument(format!("a histogram has 1 to {MOST_BINS} bins, not {count}")));
    }
    // A bin around values that are all the same.
    let air = if high > low { 0.0 } else { 0.5f64.max(0.05 * high.abs()) };
    let (low, high) = (low - air, high + air);
    let edge = |i: usize| if i == count { high } else { low + (high - low) * (i as f64 / count as f64) };
    let edges: Vec<f64> = (0..=count).map(edge).collect();
    let below = |i: usize| match i {
        0 => 0,
        i if i == count => sorted.len(),
        i => sorted.partition_point(|value| *value < edges[i]),
    };
    let counts = (0..count).map(|i| below(i + 1) - below(i)).collect();
    Ok(Bins { edges, counts })
}

fn chosen(sorted: &[f64]) -> usize {
    let (n, range) = (sorted.len() as f64, sorted[sorted.len() - 1] - sorted[0]);
    let width = 2.0 * (sorted_quantile(sorted, 0.75) - sorted_quantile(sorted, 0.25)) / n.cbrt();
    let count = if width > 0.0 { range / width } else { n.log2() + 1.0 };
    // What is too large for a count saturates.
    (count.ceil() as usize).clamp(1, MOST_CHOSEN)
}

/// The number of each text's category, and the categories in order of first appearance.
pub(super) fn categorize(texts: impl IntoIterator<Item = String>) -> (Vec<usize>, Vec<String>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut categories = Vec::new();
    let mut numbers = Vec::new();
    for text in texts {
        let number = *known.entry(text).or_insert_with_key(|text| {
            categories.push(text.clone());
            categories.len() - 1
        });
        numbers.push(number);
    }
    (numbers, categories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_those_of_r_and_whiskers_those_of_tukey() {
        // R: quantile(c(1, 2, 3, 4, 100)), boxplot.stats(c(1, 2, 3, 4, 100)).
        let found = five_numbers(&[1.0, 2.0, 3.0, 4.0, 100.0]).unwrap();
        assert_eq!((found.quartiles, found.whiskers), ([2.0, 3.0, 4.0], [1.0, 4.0]));
        assert_eq!(found.outliers, [100.0]);
        // R: quantile(1:4) is 1.75, 2.5, 3.25.
        assert_eq!(five_numbers(&[1.0, 2.0, 3.0, 4.0]).unwrap().quartiles, [1.75, 2.5, 3.25]);
        assert_eq!(five_numbers(&[7.0]).unwrap().whiskers, [7.0, 7.0]);
        assert!(five_numbers(&[]).is_none() && sorted_quantile(&[], 0.5).is_nan());
        // The first quartile is interpolated towards the outlier.
        let found = five_numbers(&[-100.0, 0.0, 0.1, 0.2]).unwrap();
        assert_eq!((found.whiskers[0], found.outliers), (-25.0, vec![-100.0]));
    }

    #[test]
    fn categories_keep_the_order_of_appearance() {
        let (numbers, categories) = categorize(["b", "a", "b"].map(String::from));
        assert_eq!((numbers, categories), (vec![0, 1, 0], vec!["b".to_string(), "a".to_string()]));
    }

    #[test]
    fn every_value_is_in_one_bin() {
        // numpy.histogram([0, 1, 1, 2, 3, 4], bins=4): [1, 2, 1, 2].
        let found = bins(&[0.0, 1.0, 1.0, 2.0, 3.0, 4.0], Some(4)).unwrap();
        assert_eq!((found.counts, found.edges), (vec![1, 2, 1, 2], vec![0.0, 1.0, 2.0, 3.0, 4.0]));
        // numpy.histogram_bin_edges(range(100), bins="fd") has 5 bins.
        let hundred: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(bins(&hundred, None).unwrap().counts, [20; 5]);
        // Sturges where the quartiles are equal: log2(8) + 1.
        assert_eq!(bins(&[0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 9.0], None).unwrap().counts.len(), 4);
        assert_eq!(bins(&[3.0, 3.0], None).unwrap(), Bins { edges: vec![2.5, 3.5], counts: vec![2] });
        assert!(bins(&[], None).is_err() && bins(&[1.0], Some(0)).is_err() && bins(&[-1e308, 1e308], None).is_err());
        assert!(bins(&hundred, Some(20_000)).is_err());
    }
}
