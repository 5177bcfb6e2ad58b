//! The best cut of few samples, without a look at every bin of their histograms.

use pulp::{Arch, Simd};

use super::histogram::{BINS, Cut, Histogram, LANES, Reader, Sample, lanes, whole};

/// More samples than this are a case for a histogram.
pub const FEW: usize = 64;

/// Codes of columns, one byte a sample, column by column.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    /// All codes.
    pub codes: &'a [u8],
    /// Codes of one column.
    pub samples: usize,
}

impl<'a> Codes<'a> {
    /// The codes of a column.
    #[inline(always)]
    pub fn column(self, column: u32) -> &'a [u8] {
        let column = column as usize;
        &self.codes[column * self.samples..(column + 1) * self.samples]
    }
}

/// Few samples, whose words have the sum `total`.
#[derive(Debug, Clone, Copy)]
pub struct Few<'a> {
    /// [`FEW`] at most.
    pub samples: &'a [Sample],
    /// The sum of their words.
    pub total: i64,
    /// Bits of the count in a word.
    pub shift: u32,
}

/// The cut of the largest gain in some columns, with the place of its column among them; of equal ones that of the first
/// column. None where no gain is larger than `above`, and where every column has one code. The histogram is zero before
/// and after.
pub fn best_cut_of_few(
    codes: Codes<'_>,
    columns: &[u32],
    few: Few<'_>,
    histogram: &mut Histogram,
    above: f64,
) -> Option<(usize, Cut)> {
    let arch = Arch::new();
    match few.samples.len() {
        0..=8 => arch.dispatch(Compared::<1> { codes, columns, few, above }),
        9..=16 => arch.dispatch(Compared::<2> { codes, columns, few, above }),
        _ => arch.dispatch(Counted { codes, columns, few, histogram, above }),
    }
}

/// The best gains so far, lane by lane, with their columns and bins: vectors of which the first ones that make up
/// [`LANES`] are used.
struct Best<S: Simd> {
    gains: [S::f64s; LANES],
    columns: [S::f64s; LANES],
    bins: [S::f64s; LANES],
}

impl<S: Simd> Best<S> {
    #[inline(always)]
    fn new(simd: S, above: f64) -> Self {
        let (gains, none) = (simd.splat_f64s(above), simd.splat_f64s(-1.0));
        Self { gains: [gains; LANES], columns: [none; LANES], bins: [none; LANES] }
    }

    #[inline(always)]
    fn offer(&mut self, simd: S, column: f64, words: &[i64; LANES], bins: &[i64; LANES], reader: Reader) {
        let column = simd.splat_f64s(column);
        let gains = reader.gains(words);
        let mut numbers = [0.0; LANES];
        for lane in 0..LANES {
            numbers[lane] = whole(bins[lane] as u64);
        }
        let (gains, _) = S::as_simd_f64s(&gains);
        let (bins, _) = S::as_simd_f64s(&numbers);
        for k in 0..LANES / S::F64_LANES {
            let better = simd.less_than_f64s(self.gains[k], gains[k]);
            self.gains[k] = simd.select_f64s(better, gains[k], self.gains[k]);
            self.columns[k] = simd.select_f64s(better, column, self.columns[k]);
            self.bins[k] = simd.select_f64s(better, bins[k], self.bins[k]);
        }
    }

    /// The best lane: gain, column, bin.
    #[inline(always)]
    fn found(&self) -> Option<(f64, f64, f64)> {
        let (gains, columns) = (lanes::<S>(&self.gains), lanes::<S>(&self.columns));
        let bins = lanes::<S>(&self.bins);
        let mut best: Option<(f64, f64, f64)> = None;
        for lane in 0..LANES {
            let (gain, column, bin) = (gains[lane], columns[lane], bins[lane]);
            let is_better = best.is_none_or(|(most, first, least)| {
                gain > most || (gain == most && (column < first || (column == first && bin < least)))
            });
            if column >= 0.0 && is_better {
                best = Some((gain, column, bin));
            }
        }
        best
    }

    /// The best cut.
    #[inline(always)]
    fn cut(self, codes: Codes<'_>, columns: &[u32], few: Few<'_>) -> Option<(usize, Cut)> {
        let (gain, column, bin) = self.found()?;
        let (place, bin) = (column as usize, bin as u8);
        let codes = codes.column(columns[place]);
        let (mut left, mut next) = (0, u8::MAX);
        for &Sample { row, word } in few.samples {
            let code = codes[row as usize];
            if code <= bin {
                left += word;
            } else if word != 0 {
                next = next.min(code);
            }
        }
        Some((place, Cut { bin, next, left, gain }))
    }
}

/// Every sample is compared with every other, which for so few is faster than any order.
struct Compared<'a, const BLOCKS: usize> {
    codes: Codes<'a>,
    columns: &'a [u32],
    few: Few<'a>,
    above: f64,
}

impl<const BLOCKS: usize> pulp::WithSimd for Compared<'_, BLOCKS> {
    type Output = Option<(usize, Cut)>;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self { codes, columns, few, above } = self;
        // What is not there stands where the first sample stands, and adds nothing.
        let mut rows = [[few.samples.first()?.row; LANES]; BLOCKS];
        let mut words = [[0i64; LANES]; BLOCKS];
        for (i, &Sample { row, word }) in few.samples.iter().enumerate() {
            (rows[i / LANES][i % LANES], words[i / LANES][i % LANES]) = (row, word);
        }
        let reader = Reader::new(few.total, few.shift);
        let mut best = Best::new(simd, above);
        for (place, &column) in columns.iter().enumerate() {
            let codes = codes.column(column);
            let mut bins = [[0i64; LANES]; BLOCKS];
            for block in 0..BLOCKS {
                for lane in 0..LANES {
                    bins[block][lane] = i64::from(codes[rows[block][lane] as usize]);
                }
            }
            for block in 0..BLOCKS {
                let mut lefts = [0i64; LANES];
                for others in 0..BLOCKS {
                    for other in 0..LANES {
                        for lane in 0..LANES {
                            let is_left = bins[others][other] <= bins[block][lane];
                            lefts[lane] += if is_left { words[others][other] } else { 0 };
                        }
                    }
                }
                best.offer(simd, place as f64, &lefts, &bins[block], reader);
            }
        }
        best.cut(codes, columns, few)
    }
}

/// A histogram of which only the bins are looked at that have samples.
struct Counted<'a> {
    codes: Codes<'a>,
    columns: &'a [u32],
    few: Few<'a>,
    histogram: &'a mut Histogram,
    above: f64,
}

impl pulp::WithSimd for Counted<'_> {
    type Output = Option<(usize, Cut)>;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let Self { codes, columns, few, histogram, above } = self;
        let reader = Reader::new(few.total, few.shift);
        let mut best = Best::new(simd, above);
        let mut lefts = [0i64; FEW];
        let mut bins = [0i64; FEW];
        for (place, &column) in columns.iter().enumerate() {
            let codes = codes.column(column);
            let mut seen = [0u64; BINS / 64];
            for &Sample { row, word } in few.samples {
                let code = codes[row as usize];
                histogram[usize::from(code)] += word;
                seen[usize::from(code / 64)] |= 1 << (code % 64);
            }
            let (mut running, mut count) = (0, 0);
            for (block, mut seen) in seen.into_iter().enumerate() {
                while seen != 0 {
                    let bin = block * 64 + seen.trailing_zeros() as usize;
                    seen &= seen - 1;
                    running += std::mem::take(&mut histogram[bin]);
                    (lefts[count], bins[count]) = (running, bin as i64);
                    count += 1;
                }
            }
            let used = count.next_multiple_of(LANES);
            lefts[count..used].fill(few.total);
            let lefts = lefts[..used].as_chunks::<LANES>().0;
            let bins = bins[..used].as_chunks::<LANES>().0;
            for (lefts, bins) in lefts.iter().zip(bins) {
                best.offer(simd, place as f64, lefts, bins, reader);
            }
        }
        best.cut(codes, columns, few)
    }
}

#[cfg(test)]
mod tests {
    use super::super::histogram::tests::{SHIFT, exhaustive, numbers, samples};
    use super::*;

    #[test]
    fn every_number_of_samples_has_the_best_cut_of_all_columns() {
        for count in 1..=FEW {
            for different in [2, 5, 256] {
                let len = 90;
                let codes: Vec<u8> = numbers(4 * len, count as u64).map(|number| (number % different) as u8).collect();
                let codes = Codes { codes: &codes, samples: len };
                let samples = samples(count, len);
                let total = samples.iter().map(|sample| sample.word).sum();
                let few = Few { samples: &samples, total, shift: SHIFT };
                let mut histogram = [0; BINS];
                let found = best_cut_of_few(codes, &[3, 0, 2], few, &mut histogram, -1.0);
                assert_eq!(histogram, [0; BINS]);
                let all: Vec<Option<Cut>> = [3, 0, 2].map(|k| exhaustive(codes.column(k), &samples)).to_vec();
                let most = all.iter().flatten().map(|cut| cut.gain).fold(-1.0, f64::max);
                let Some((place, cut)) = found else {
                    assert_eq!(most, -1.0, "{count} samples");
                    continue;
                };
                let expected = all[place].expect("a cut");
                assert_eq!((cut.gain, cut.gain), (most, expected.gain), "{count} samples of {different} codes");
                assert!(all[..place].iter().flatten().all(|cut| cut.gain < most));
                assert_eq!(exhaustive_at(codes.column([3, 0, 2][place]), &samples, cut.bin), Some(cut));
                assert!(best_cut_of_few(codes, &[3, 0, 2], few, &mut histogram, most).is_none());
            }
        }
    }

    /// The cut behind a bin.
    fn exhaustive_at(codes: &[u8], samples: &[Sample], bin: u8) -> Option<Cut> {
        super::super::histogram::tests::cuts(codes, samples).into_iter().find(|cut| cut.bin == bin)
    }
}
