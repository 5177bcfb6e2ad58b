//! Numbers as whole numbers that share a word with a count (see [`crate::linalg::best_cut`]).

use crate::linalg::{SHIFT, parts};

/// How many bits of a word are for what, among so many samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Bits of the count.
    pub shift: u32,
    /// Bits of a number: sums over all samples keep within what the count leaves, with a factor of two to spare.
    pub bits: u32,
}

/// Bits of a number with which sums are exact for tens of thousands of samples.
const MOST_BITS: u32 = 40;

impl Layout {
    /// As many samples can be counted with numbers that are worth having.
    pub const MOST_SAMPLES: usize = 1 << 24;

    /// For `samples` samples, [`Layout::MOST_SAMPLES`] at most.
    pub fn new(samples: usize) -> Self {
        let counted = usize::BITS - samples.leading_zeros();
        let shift = counted.max(SHIFT);
        Self { shift, bits: (62 - shift).saturating_sub(counted).min(MOST_BITS) }
    }

    /// The word of one sample.
    #[inline]
    pub fn word(self, number: i64) -> i64 {
        (number << self.shift) + 1
    }

    /// Sum and count.
    #[inline]
    pub fn parts(self, word: i64) -> (f64, f64) {
        parts(word, self.shift)
    }
}

/// The values minus their mean, in units in which the largest has `bits` bits; none where they are all the same.
pub fn centred(values: &[f64], bits: u32) -> Option<Vec<i64>> {
    let first = *values.first()?;
    if values.iter().all(|&value| value == first) {
        return None;
    }
    // Of halves: sums and differences of huge numbers stay finite.
    let mean = values.iter().map(|value| 0.5 * value / values.len() as f64).sum::<f64>();
    let largest = values.iter().map(|value| (0.5 * value - mean).abs()).fold(0.0, f64::max);
    let unit = (1u64 << bits) as f64;
    Some(values.iter().map(|value| ((0.5 * value - mean) / largest * unit).round() as i64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_all_samples_fit_into_a_word() {
        for samples in [2, 100, 2700, 5000, 1 << 16, (1 << 20) - 1, Layout::MOST_SAMPLES] {
            let layout = Layout::new(samples);
            let (shift, bits) = (layout.shift, layout.bits);
            assert!(samples < 1 << shift && bits >= 12, "{layout:?}");
            let most = (1i64 << bits) * 2 * samples as i64;
            assert!(most <= 1 << (63 - shift), "{layout:?}");
            let word = layout.word(-3) + layout.word(1 << bits) + layout.word(-4);
            assert_eq!(layout.parts(word), ((1i64 << bits) as f64 - 7.0, 3.0));
        }
    }

    #[test]
    fn values_of_any_size_are_centred() {
        assert_eq!(centred(&[4.0; 3], 10), None);
        assert_eq!(centred(&[], 10), None);
        for unit in [1.0, 1e-300, 1e300, f64::MAX / 4.0] {
            let numbers = centred(&[-unit, unit, 3.0 * unit, unit], 10).unwrap();
            assert_eq!(numbers, [-1024, 0, 1024, 0], "{unit}");
        }
    }
}
