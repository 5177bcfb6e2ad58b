//! Columns in bins: one byte a value, shared by the trees of all targets.

use ndarray::ArrayView2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{BINS, Codes};
use crate::parallel;

/// Columns whose values are read together, which are neighbours in memory.
const BLOCK: usize = 16;

/// Values of columns as positions of bins, column by column.
///
/// A column of at most 256 different values has a bin for each: cuts between bins are then all cuts that there are.
/// Other columns have 256 bins with about as many samples in each, and equal values are never torn apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    samples: usize,
    codes: Vec<u8>,
    middles: Vec<Vec<f64>>,
    sparse: Vec<Option<Rare>>,
}

/// The samples outside the bin that most samples are in.
#[derive(Debug, Clone, PartialEq)]
struct Rare {
    common: u8,
    rows: Vec<u32>,
    codes: Vec<u8>,
}

/// The samples of a column outside the bin that most samples are in.
#[derive(Debug, Clone, Copy)]
pub struct Sparse<'a> {
    /// That bin.
    pub common: u8,
    /// The other samples.
    pub rows: &'a [u32],
    /// Their bins.
    pub codes: &'a [u8],
}

impl Bins {
    /// The bins of `columns` of `x`, whose rows are samples.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn new(x: ArrayView2<'_, f64>, columns: &[usize], ctx: &Context) -> Result<Self> {
        let samples = x.nrows();
        let blocks: Vec<&[usize]> = columns.chunks(BLOCK).collect();
        let _held = ctx.reserve_matrices(ctx.threads().min(blocks.len()), samples, BLOCK)?;
        let binned = parallel::map(&blocks, ctx, |_, block| {
            let mut values: Vec<Vec<f64>> = block.iter().map(|_| Vec::with_capacity(samples)).collect();
            for row in x.rows() {
                values.iter_mut().zip(*block).for_each(|(values, &column)| values.push(row[column]));
            }
            let mut binned = Vec::with_capacity(block.len());
            for values in values {
                ctx.check()?;
                binned.push(Column::new(&values));
            }
            Ok::<_, crate::Error>(binned)
        })?;
        let (mut codes, mut middles, mut sparse) =
            (Vec::with_capacity(samples * columns.len()), Vec::new(), Vec::new());
        for column in binned.into_iter().flatten() {
            codes.extend_from_slice(&column.codes);
            middles.push(column.middles);
            sparse.push(column.rare);
        }
        Ok(Self { samples, codes, middles, sparse })
    }

    /// Bytes that `columns` columns of `samples` samples take, while they are made too.
    pub fn bytes(samples: usize, columns: usize) -> usize {
        let middles = columns.saturating_mul(BINS * size_of::<f64>());
        // Codes, twice while they are put together, and the rare samples with their rows, which are less than half.
        samples.saturating_mul(columns).saturating_mul(5).saturating_add(middles)
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.middles.len()
    }

    /// The bin of every sample in a column.
    pub fn codes(&self, column: usize) -> &[u8] {
        &self.codes[column * self.samples..(column + 1) * self.samples]
    }

    /// The bins of all samples in all columns.
    pub fn all(&self) -> Codes<'_> {
        Codes { codes: &self.codes, samples: self.samples }
    }

    /// The samples outside the bin that most samples of a column are in; none where no bin has most of them.
    pub fn sparse(&self, column: usize) -> Option<Sparse<'_>> {
        let Rare { common, rows, codes } = self.sparse[column].as_ref()?;
        Some(Sparse { common: *common, rows, codes })
    }

    /// The middle of every bin of a column, ascending.
    pub fn middles(&self, column: usize) -> &[f64] {
        &self.middles[column]
    }

    /// The last bin of a column whose middle is not above a threshold; the first where all are.
    pub fn last_below(&self, column: usize, threshold: f64) -> u8 {
        self.middles[column].partition_point(|middle| *middle <= threshold).saturating_sub(1) as u8
    }
}

/// One column.
struct Column {
    codes: Vec<u8>,
    middles: Vec<f64>,
    rare: Option<Rare>,
}

impl Column {
    fn new(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        // Last value and middle of every bin. 0 and -0 are one value.
        let (mut lasts, mut middles) = (Vec::new(), Vec::new());
        let different = sorted.chunk_by(|a, b| a == b).count();
        let (mut left, mut bins) = (values.len(), different.min(BINS));
        let (mut first, mut held) = (None, 0);
        for equal in sorted.chunk_by(|a, b| a == b) {
            let value = equal[0];
            let start = *first.get_or_insert(value);
            held += equal.len();
            // The last bin takes what is left.
            if different <= BINS || (bins > 1 && held * bins >= left) {
                lasts.push(value);
                middles.push(0.5 * start + 0.5 * value);
                (left, bins) = (left - held, bins.saturating_sub(1));
                (first, held) = (None, 0);
            }
        }
        if let (Some(start), Some(&value)) = (first, sorted.last()) {
            lasts.push(value);
            middles.push(0.5 * start + 0.5 * value);
        }
        let codes: Vec<u8> = values.iter().map(|value| lasts.partition_point(|last| last < value) as u8).collect();
        let rare = Rare::new(&codes);
        Self { codes, middles, rare }
    }
}

impl Rare {
    fn new(codes: &[u8]) -> Option<Self> {
        let mut counts = [0usize; BINS];
        codes.iter().for_each(|&code| counts[usize::from(code)] += 1);
        let common = counts.iter().position(|&count| count > codes.len() / 2)? as u8;
        let others = codes.iter().enumerate().filter(|(_, code)| **code != common);
        let (rows, codes) = others.map(|(row, &code)| (row as u32, code)).unzip();
        Some(Self { common, rows, codes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn bins(values: &[f64]) -> Bins {
        let x = Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
        Bins::new(x.view(), &[0], &Context::new()).unwrap()
    }

    #[test]
    fn few_different_values_have_a_bin_each() {
        let bins = bins(&[3.0, -0.0, 0.0, 7.5, 3.0, 0.0, 0.0]);
        assert_eq!((bins.codes(0), bins.middles(0)), (&[1, 0, 0, 2, 1, 0, 0][..], &[0.0, 3.0, 7.5][..]));
        assert_eq!([-1.0, 0.0, 4.0, 9.0].map(|threshold| bins.last_below(0, threshold)), [0, 0, 1, 2]);
        let sparse = bins.sparse(0).unwrap();
        assert_eq!((sparse.common, sparse.rows, sparse.codes), (0, &[0, 3, 4][..], &[1, 2, 1][..]));
        let all: Vec<f64> = (0..256).map(f64::from).collect();
        assert_eq!(super::tests::bins(&all).middles(0), all);
        assert!(super::tests::bins(&all).sparse(0).is_none());
    }

    #[test]
    fn many_values_share_bins_in_their_order() {
        // A third are 0, and every other value occurs twice.
        let values: Vec<f64> =
            (0..3000).map(|i| if i % 3 == 0 { 0.0 } else { f64::from(i * 7919 % 1999 - 900) + 0.25 }).collect();
        let bins = bins(&values);
        let (codes, middles) = (bins.codes(0), bins.middles(0));
        assert_eq!(middles.len(), BINS);
        assert!(middles.is_sorted());
        let mut sizes = [0usize; BINS];
        for (&code, &value) in codes.iter().zip(&values) {
            sizes[usize::from(code)] += 1;
            for (&other, &than) in codes.iter().zip(&values).take(50) {
                assert!((value != than || code == other) && (value >= than || code <= other));
            }
        }
        let zero = codes[0];
        assert_eq!(sizes[usize::from(zero)], 1000);
        let others = sizes.iter().enumerate().filter(|(bin, _)| *bin != usize::from(zero));
        assert!(others.map(|(_, size)| *size).all(|size| (2..=16).contains(&size)), "{sizes:?}");
    }
}
