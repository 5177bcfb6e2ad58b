//! Histograms of sums and counts, the inner loops of regression trees, compiled for the widest vectors of the processor.
//!
//! A *word* is a sum and a count in one integer: `(sum << shift) + count`, with `shift` at least [`SHIFT`], counts below
//! `2^shift` and sums that keep within what is left. One addition adds both, and integers add up to the same in every
//! order: histograms do not depend on vectors, on threads or on the order of samples.

use pulp::Arch;

/// Bins of a histogram: as many as one byte tells apart.
pub const BINS: usize = 256;

/// The smallest number of bits for the count: sums then have at most 52 bits, which floating-point numbers hold exactly.
pub const SHIFT: u32 = 12;

/// What a tree knows of a sample: its row and its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Position in the columns of codes.
    pub row: u32,
    /// Its sum and count.
    pub word: i64,
}

/// A word for every bin.
pub type Histogram = [i64; BINS];

/// Adds the word of every sample to the bin that its code names, for several columns of codes at once: their histograms
/// do not wait for each other where the same bin is hit again and again, which most counts of single cells do.
pub fn add_samples<const N: usize>(codes: [&[u8]; N], samples: &[Sample], histograms: &mut [Histogram; N]) {
    let len = codes.iter().map(|codes| codes.len()).min().unwrap_or(0);
    let codes = codes.map(|codes| &codes[..len]);
    for &Sample { row, word } in samples {
        let row = row as usize;
        // By position, so that the loop is unrolled and all histograms are filled side by side.
        for k in 0..N {
            histograms[k][usize::from(codes[k][row])] += word;
        }
    }
}

/// Adds the words of some rows to the bins that stand beside the rows, in the first histogram, of `bins` bins; returns
/// the sum of the words. The other histograms are zero before and after: most rare values of counts are ones, and
/// additions to one number would wait for each other.
pub fn add_rare<const N: usize>(
    rows: &[u32],
    codes: &[u8],
    words: &[i64],
    histograms: &mut [Histogram; N],
    bins: usize,
) -> i64 {
    let mut total = 0;
    let ((row_chunks, rows), (code_chunks, codes)) = (rows.as_chunks::<N>(), codes.as_chunks::<N>());
    for (rows, codes) in row_chunks.iter().zip(code_chunks) {
        for k in 0..N {
            let word = words[rows[k] as usize];
            histograms[k][usize::from(codes[k])] += word;
            total += word;
        }
    }
    for (&row, &code) in rows.iter().zip(codes) {
        let word = words[row as usize];
        histograms[0][usize::from(code)] += word;
        total += word;
    }
    if let Some((first, others)) = histograms.split_first_mut() {
        for other in others {
            for (sum, word) in first[..bins].iter_mut().zip(&mut other[..bins]) {
                *sum += std::mem::take(word);
            }
        }
    }
    total
}

/// A cut between two bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The last bin of the left side.
    pub bin: u8,
    /// The first bin of the right side that something is in.
    pub next: u8,
    /// The sum of the words on the left side.
    pub left: i64,
    /// `(S_left N - S N_left)^2 / (N_left N_right)`: N times the decrease of the sum of squares.
    pub gain: f64,
}

/// Lanes of the search for the best cut.
pub(super) const LANES: usize = 8;

/// The cut of the largest gain, the first of equal ones; none where no gain is larger than `above`, and where all that
/// is counted is in one bin. Nothing is in bins from `bins` on; `total` is the sum of all words. The histogram is left
/// with sums over its bins.
pub fn best_cut(histogram: &mut Histogram, bins: usize, total: i64, shift: u32, above: f64) -> Option<Cut> {
    struct Best<'a>(&'a mut [i64], Reader, f64);
    impl pulp::WithSimd for Best<'_> {
        type Output = Option<(usize, f64)>;
        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, simd: S) -> Self::Output {
            let Self(words, reader, above) = self;
            let mut running = 0;
            for word in words.iter_mut() {
                running += *word;
                *word = running;
            }
            // Of these vectors the first ones that make up the lanes are used.
            let mut best = [simd.splat_f64s(above); LANES];
            let mut place = [simd.splat_f64s(-1.0); LANES];
            for (block, words) in words.as_chunks::<LANES>().0.iter().enumerate() {
                let block = simd.splat_f64s(block as f64);
                let gains = reader.gains(words);
                let (gains, _) = S::as_simd_f64s(&gains);
                for k in 0..LANES / S::F64_LANES {
                    let better = simd.less_than_f64s(best[k], gains[k]);
                    best[k] = simd.select_f64s(better, gains[k], best[k]);
                    place[k] = simd.select_f64s(better, block, place[k]);
                }
            }
            let (gains, blocks) = (lanes::<S>(&best), lanes::<S>(&place));
            let mut found: Option<(usize, f64)> = None;
            for lane in 0..LANES {
                let (bin, gain) = (blocks[lane] as usize * LANES + lane, gains[lane]);
                let is_best = found.is_none_or(|(first, most)| gain > most || (gain == most && bin < first));
                if blocks[lane] >= 0.0 && is_best {
                    found = Some((bin, gain));
                }
            }
            found
        }
    }
    let used = &mut histogram[..bins.next_multiple_of(LANES).min(BINS)];
    let (bin, gain) = Arch::new().dispatch(Best(used, Reader::new(total, shift), above))?;
    let left = used[bin];
    let next = bin + 1 + used[bin + 1..].iter().position(|&word| word != left)?;
    Some(Cut { bin: bin as u8, next: next as u8, left, gain })
}

/// The numbers in the vectors that are used.
#[inline(always)]
pub(super) fn lanes<S: pulp::Simd>(vectors: &[S::f64s; LANES]) -> [f64; LANES] {
    let mut all = [0.0; LANES];
    S::as_mut_simd_f64s(&mut all).0.copy_from_slice(&vectors[..LANES / S::F64_LANES]);
    all
}

/// Gains of words, by operations that vectors have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    sum: f64,
    count: f64,
    shift: u32,
}

/// 2^52: the bits of a floating-point number between it and 2^53 end with the whole number above it.
const UNIT: f64 = 4_503_599_627_370_496.0;

impl Reader {
    #[inline(always)]
    pub(super) fn new(total: i64, shift: u32) -> Self {
        let (sum, count) = parts(total, shift);
        Self { sum, count, shift }
    }

    #[inline(always)]
    pub(super) fn gains(self, words: &[i64; LANES]) -> [f64; LANES] {
        let mut gains = [0.0; LANES];
        for lane in 0..LANES {
            gains[lane] = self.gain(words[lane]);
        }
        gains
    }

    /// NaN where a side has no count.
    #[inline(always)]
    fn gain(self, word: i64) -> f64 {
        let count = whole(word as u64 & ((1 << self.shift) - 1));
        let raised = (word as u64 ^ (1 << 63)) >> self.shift;
        let sum = whole(raised) - (1u64 << (63 - self.shift)) as f64;
        let difference = sum * self.count - self.sum * count;
        difference * difference / (count * (self.count - count))
    }
}

/// A whole number below 2^52. Vectors of many processors convert no 64-bit integers, but put bits behind an exponent.
#[inline(always)]
pub(super) fn whole(number: u64) -> f64 {
    f64::from_bits(number | UNIT.to_bits()) - UNIT
}

/// Sum and count of a word.
#[inline(always)]
pub fn parts(word: i64, shift: u32) -> (f64, f64) {
    ((word >> shift) as f64, (word & ((1 << shift) - 1)) as f64)
}

/// The gain of a cut with this sum of words on its left side, among `total`.
pub fn gain(left: i64, total: i64, shift: u32) -> f64 {
    Reader::new(total, shift).gain(left)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Bits of the count in the words of these tests.
    pub const SHIFT: u32 = 13;

    /// Numbers without an order.
    pub fn numbers(count: usize, seed: u64) -> impl Iterator<Item = u64> {
        (0..count as u64).map(move |i| (i + 1000 * seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33)
    }

    /// Samples with counts up to 3, some of which are counted as nothing.
    pub fn samples(count: usize, rows: usize) -> Vec<Sample> {
        let of = |(i, number): (usize, u64)| {
            let times = if number % 7 == 0 { 0 } else { 1 + (number / 7 % 3) as i64 };
            let row = (i * 31 % rows) as u32;
            Sample { row, word: times * ((((number % 2001) as i64 - 1000) << SHIFT) + 1) }
        };
        numbers(count, 5).enumerate().map(of).collect()
    }

    /// All cuts between bins that have samples, one by one.
    pub fn cuts(codes: &[u8], samples: &[Sample]) -> Vec<Cut> {
        let mut bins: Vec<u8> =
            samples.iter().filter(|sample| sample.word != 0).map(|sample| codes[sample.row as usize]).collect();
        bins.sort_unstable();
        bins.dedup();
        let sum = |least: u8, most: u8| -> (f64, f64, i64) {
            let inside = samples.iter().filter(|sample| (least..=most).contains(&codes[sample.row as usize]));
            let word: i64 = inside.map(|sample| sample.word).sum();
            let (sum, count) = parts(word, SHIFT);
            (sum, count, word)
        };
        let pairs = bins.windows(2).map(|pair| (pair[0], pair[1]));
        let cut = |(bin, next): (u8, u8)| {
            let ((all, n, _), (sum, count, left)) = (sum(0, u8::MAX), sum(0, bin));
            let gain = (sum * n - all * count).powi(2) / (count * (n - count));
            Cut { bin, next, left, gain }
        };
        pairs.map(cut).collect()
    }

    /// The best of them, the first of equal ones.
    pub fn exhaustive(codes: &[u8], samples: &[Sample]) -> Option<Cut> {
        cuts(codes, samples).into_iter().reduce(|best, cut| if cut.gain > best.gain { cut } else { best })
    }

    #[test]
    fn the_best_cut_is_the_best_of_all() {
        for (count, different) in [(1, 9), (2, 2), (40, 3), (300, 17), (300, 256), (2000, 100), (2000, 256)] {
            let codes: Vec<u8> = numbers(count, 1).map(|number| (number % different) as u8).collect();
            let samples = samples(count, count);
            let total = samples.iter().map(|sample| sample.word).sum();
            let mut histograms = [[0; BINS]; 2];
            add_samples([&codes, &codes], &samples, &mut histograms);
            assert_eq!(histograms[0], histograms[1]);
            let expected = exhaustive(&codes, &samples);
            let mut sums = histograms[0];
            assert_eq!(best_cut(&mut sums, different as usize, total, SHIFT, -1.0), expected, "{count} of {different}");
            assert_eq!(expected.map(|cut| gain(cut.left, total, SHIFT)), expected.map(|cut| cut.gain));
            if let Some(cut) = expected {
                assert_eq!(best_cut(&mut histograms[1], different as usize, total, SHIFT, cut.gain), None);
            }
        }
    }

    #[test]
    fn rare_samples_add_up_like_all_others() {
        let rows: Vec<u32> = (0..101).map(|i| 3 * i).collect();
        let codes: Vec<u8> = numbers(101, 2).map(|number| (number % 4) as u8).collect();
        let words: Vec<i64> = samples(303, 303).iter().map(|sample| sample.word).collect();
        let mut histograms = [[0; BINS]; 3];
        let total = add_rare(&rows, &codes, &words, &mut histograms, 4);
        let chosen: Vec<Sample> =
            (0u32..).zip(&rows).map(|(row, &at)| Sample { row, word: words[at as usize] }).collect();
        let mut expected = [[0; BINS]];
        add_samples([&codes], &chosen, &mut expected);
        assert_eq!(histograms, [expected[0], [0; BINS], [0; BINS]]);
        assert_eq!(total, expected[0].iter().sum::<i64>());
    }
}
