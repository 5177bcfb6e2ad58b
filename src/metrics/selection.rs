//! Metrics of a selection: the pairs that the estimate links against those of the truth.

use super::Pairs;

/// Counts of a selection against the truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    true_positives: f64,
    false_positives: f64,
    false_negatives: f64,
    true_negatives: f64,
}

impl Selection {
    /// Counts the pairs.
    pub fn of(pairs: &Pairs) -> Self {
        let mut counts = [0.0; 4];
        for (&linked, &strength) in pairs.truth.iter().zip(&pairs.strength) {
            counts[usize::from(linked) * 2 + usize::from(strength != 0.0)] += 1.0;
        }
        let [true_negatives, false_positives, false_negatives, true_positives] = counts;
        Self { true_positives, false_positives, false_negatives, true_negatives }
    }

    fn selected(&self) -> f64 {
        self.true_positives + self.false_positives
    }

    fn linked(&self) -> f64 {
        self.true_positives + self.false_negatives
    }

    /// False discovery proportion: wrong edges over selected ones; 0 when none is selected.
    pub fn fdp(&self) -> f64 {
        self.false_positives / self.selected().max(1.0)
    }

    /// True discovery proportion, also called recall: found edges over true ones; NaN when there is no true edge.
    pub fn tdp(&self) -> f64 {
        self.true_positives / self.linked()
    }

    /// Right edges over selected ones; 0 when none is selected, as in scikit-learn.
    pub fn precision(&self) -> f64 {
        self.true_positives / self.selected().max(1.0)
    }

    /// Harmonic mean of precision and recall; NaN when there is no true edge.
    pub fn f1(&self) -> f64 {
        self.f_beta(1.0)
    }

    /// Weighted harmonic mean of precision and recall, in which recall counts `beta` (> 0) times as much; NaN when
    /// there is no true edge.
    pub fn f_beta(&self, beta: f64) -> f64 {
        if self.linked() == 0.0 {
            return f64::NAN;
        }
        if self.true_positives == 0.0 {
            return 0.0;
        }
        // As a weighted mean, which stays within range for every beta.
        let weight = 1.0 / (1.0 + beta * beta);
        self.true_positives / (weight * self.selected() + (1.0 - weight) * self.linked())
    }

    /// Matthews' correlation; 0 where it is undefined, as in scikit-learn.
    pub fn mcc(&self) -> f64 {
        let product = self.selected()
            * self.linked()
            * (self.true_negatives + self.false_positives)
            * (self.true_negatives + self.false_negatives);
        if product == 0.0 {
            return 0.0;
        }
        (self.true_positives * self.true_negatives - self.false_positives * self.false_negatives) / product.sqrt()
    }

    /// Structural Hamming distance: edges to add or take away.
    pub fn shd(&self) -> f64 {
        self.false_positives + self.false_negatives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(truth: &[u8], strength: &[f64]) -> Selection {
        let truth = truth.iter().map(|&linked| linked == 1).collect();
        Selection::of(&Pairs { truth, strength: strength.to_vec(), ..Pairs::default() })
    }

    #[test]
    fn a_hand_counted_selection() {
        let s = selection(&[1, 1, 1, 0, 0, 0], &[0.5, 0.1, 0.0, 0.3, 0.0, 0.0]);
        assert_eq!((s.fdp(), s.tdp(), s.precision(), s.shd()), (1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 2.0));
        assert!((s.f1() - 2.0 / 3.0).abs() < 1e-15);
        assert!((s.mcc() - (2.0 * 2.0 - 1.0) / 9.0).abs() < 1e-15);
    }

    #[test]
    fn recall_counts_beta_times_as_much() {
        // fbeta_score of scikit-learn 1.9.1.
        let s = selection(&[1, 1, 1, 1, 0, 0], &[0.5, 0.1, 0.0, 0.0, 0.3, 0.0]);
        for (beta, expected) in [(0.5, 0.625), (1.0, 4.0 / 7.0), (2.0, 0.526_315_789_473_684_2)] {
            assert!((s.f_beta(beta) - expected).abs() < 1e-15, "{beta}: {}", s.f_beta(beta));
        }
        assert_eq!((s.f_beta(1e-300), s.f_beta(1e300)), (s.precision(), s.tdp()));
        assert_eq!(selection(&[1, 0], &[0.0, 0.0]).f_beta(1e-300), 0.0);
        assert!(selection(&[0, 0], &[0.4, 0.0]).f_beta(2.0).is_nan());
    }
}
