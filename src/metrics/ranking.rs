//! Metrics of a ranking: what remains when the threshold is left open. Ties count as ties.

use super::Pairs;
use crate::context::Context;
use crate::error::Result;
use crate::sorting::sort_by;

/// True and false pairs in order of their strength.
#[derive(Debug)]
pub struct Ranking {
    /// True and false pairs at each distinct strength, strongest first.
    steps: Vec<(usize, usize)>,
    /// How many of the steps are above 0: those of pairs that the estimate selects.
    selected: usize,
    /// Number of true pairs.
    edges: usize,
    /// Number of pairs.
    pairs: usize,
}

impl Ranking {
    /// Sorts the pairs that are selected; all others stand together at the end.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn of(pairs: &Pairs, ctx: &Context) -> Result<Self> {
        let mut keys = Vec::with_capacity(pairs.strength.iter().filter(|strength| **strength != 0.0).count());
        let mut rest = (0, 0);
        for (&linked, &strength) in pairs.truth.iter().zip(&pairs.strength) {
            if strength == 0.0 {
                count(&mut rest, linked);
            } else {
                // Bits of positive numbers are in order of the numbers, and their first, the sign, is free. Sorting
                // such keys is several times as fast as sorting positions by the strengths that they stand for.
                keys.push((strength.to_bits() << 1) | u64::from(linked));
            }
        }
        sort_by(&mut keys, u64::cmp, ctx)?;
        // As long as it becomes: a list that doubles would take more than what is held for it.
        let different = keys.chunk_by(|a, b| a >> 1 == b >> 1).count();
        let mut steps: Vec<(usize, usize)> = Vec::with_capacity(different + 1);
        for ties in keys.chunk_by(|a, b| a >> 1 == b >> 1).rev() {
            let mut step = (0, 0);
            ties.iter().for_each(|&key| count(&mut step, key & 1 == 1));
            steps.push(step);
        }
        let selected = steps.len();
        if rest != (0, 0) {
            steps.push(rest);
        }
        let edges: usize = steps.iter().map(|(hits, _)| hits).sum();
        Ok(Self { steps, selected, edges, pairs: pairs.truth.len() })
    }

    /// The share of pairs that are edges of the truth: the precision of chance. NaN without a pair.
    fn density(&self) -> f64 {
        self.edges as f64 / self.pairs as f64
    }

    /// Area under the ROC curve: the probability that a true pair is ranked above a false one, ties counting half.
    /// NaN when the truth has no edge, or all.
    pub fn auroc(&self) -> f64 {
        let (mut above, mut wins) = (0usize, 0.0);
        for (hits, misses) in &self.steps {
            wins += *misses as f64 * (above as f64 + 0.5 * *hits as f64);
            above += hits;
        }
        wins / (self.edges as f64 * (self.pairs - self.edges) as f64)
    }

    /// Average precision: the sum over strengths of precision times the gain in recall. NaN when the truth has no edge.
    pub fn average_precision(&self) -> f64 {
        self.area(|_, precision| precision)
    }

    /// Area under the precision-recall curve by trapezoids, which starts at recall 0 and precision 1.
    /// NaN when the truth has no edge.
    pub fn aupr_trapezoid(&self) -> f64 {
        self.area(|before, precision| 0.5 * (before + precision))
    }

    /// The sum of gains in recall, each times a height made of the precision before and after it.
    fn area(&self, height: impl Fn(f64, f64) -> f64) -> f64 {
        if self.edges == 0 {
            return f64::NAN;
        }
        let (mut found, mut taken) = (0usize, 0usize);
        let (mut before, mut area) = (1.0, 0.0);
        for (hits, misses) in &self.steps {
            found += hits;
            taken += hits + misses;
            let precision = found as f64 / taken as f64;
            area += *hits as f64 * height(before, precision);
            before = precision;
        }
        // Divided once: a perfect ranking has exactly 1.
        area / self.edges as f64
    }

    /// Average precision over the precision of chance. NaN when the truth has no edge.
    pub fn aupr_ratio(&self) -> f64 {
        self.average_precision() / self.density()
    }

    /// Area under the precision-recall curve by trapezoids over the precision of chance: the AUPRC ratio of BEELINE. NaN
    /// when the truth has no edge.
    pub fn aupr_ratio_trapezoid(&self) -> f64 {
        self.aupr_trapezoid() / self.density()
    }

    /// The share of true pairs among the strongest ones: as many as the truth has edges, with all that tie with the
    /// last of them, and only those that are selected. 0 when none is; NaN when the truth has no edge.
    pub fn early_precision(&self) -> f64 {
        if self.edges == 0 {
            return f64::NAN;
        }
        let (mut found, mut taken) = (0usize, 0usize);
        for (hits, misses) in &self.steps[..self.selected] {
            if taken >= self.edges {
                break;
            }
            found += hits;
            taken += hits + misses;
        }
        found as f64 / taken.max(1) as f64
    }

    /// Early precision over the precision of chance. NaN when the truth has no edge.
    pub fn early_precision_ratio(&self) -> f64 {
        self.early_precision() / self.density()
    }
}

/// Counts a pair among the true or the false ones of a step.
fn count(step: &mut (usize, usize), linked: bool) {
    if linked {
        step.0 += 1;
    } else {
        step.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(truth: &[u8], strength: &[f64]) -> Ranking {
        let truth = truth.iter().map(|&linked| linked == 1).collect();
        let pairs = Pairs { truth, strength: strength.to_vec(), ..Pairs::default() };
        Ranking::of(&pairs, &Context::new()).unwrap()
    }

    fn near(value: f64, expected: f64) {
        assert!((value - expected).abs() < 1e-14, "{value}, not {expected}");
    }

    #[test]
    fn values_as_scikit_learn_gives_them() {
        // roc_auc_score, average_precision_score, auc(recall, precision) of scikit-learn 1.9.1 on the same input.
        let r = ranking(&[0, 0, 1, 1], &[0.1, 0.4, 0.35, 0.8]);
        near(r.auroc(), 0.75);
        near(r.average_precision(), 0.833_333_333_333_333_3);
        near(r.aupr_trapezoid(), 0.791_666_666_666_666_6);
        // With ties, at 0.8 and at 0.
        let r = ranking(&[1, 0, 1, 0, 0, 1], &[0.9, 0.8, 0.8, 0.3, 0.0, 0.0]);
        near(r.auroc(), 0.666_666_666_666_666_6);
        near(r.average_precision(), 0.722_222_222_222_222_2);
        near(r.aupr_trapezoid(), 0.777_777_777_777_777_7);
        near(r.aupr_ratio(), 13.0 / 9.0);
    }

    #[test]
    fn early_precision_takes_as_many_as_there_are_edges() {
        // Three edges; the second and the third place tie, and nothing ties with them: 2 of 3 are right.
        let r = ranking(&[1, 0, 1, 0, 0, 1], &[0.9, 0.8, 0.8, 0.3, 0.0, 0.0]);
        near(r.early_precision(), 2.0 / 3.0);
        near(r.early_precision_ratio(), 4.0 / 3.0);
        // Two edges; all three that tie at the second place are taken.
        near(ranking(&[1, 0, 0, 1], &[0.5, 0.5, 0.5, 0.2]).early_precision(), 1.0 / 3.0);
        // Three edges, but two pairs are selected.
        near(ranking(&[1, 1, 1, 0], &[0.5, 0.0, 0.0, 0.4]).early_precision(), 0.5);
    }

    #[test]
    fn all_ties_are_chance_and_nothing_selected_is_nothing_found() {
        let r = ranking(&[1, 0, 0, 1, 0], &[0.0; 5]);
        assert_eq!((r.auroc(), r.early_precision(), r.early_precision_ratio()), (0.5, 0.0, 0.0));
        near(r.average_precision(), 0.4);
        near(r.aupr_ratio(), 1.0);
    }

    #[test]
    fn without_a_true_edge_or_without_a_pair_there_is_no_value() {
        for r in [ranking(&[0, 0], &[0.1, 0.2]), ranking(&[], &[])] {
            assert!(r.auroc().is_nan() && r.average_precision().is_nan() && r.aupr_trapezoid().is_nan());
            assert!(r.aupr_ratio().is_nan() && r.early_precision().is_nan() && r.early_precision_ratio().is_nan());
        }
    }
}
