//! Covariances and correlations of data with missing values: every pair of columns from the rows in which both are
//! there.
//!
//! As R's `use = "pairwise.complete.obs"`, with the covariance divided by the number of those rows. The matrices need
//! not be positive semidefinite, because every entry has its own rows.

use ndarray::Array2;

use super::Matrix;
use super::correlation::{Correlation, skeptic, tau_b};
use super::covariance::check_variances;
use super::missing::{population_variance, present};
use super::summary::{mean, order};
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::{linalg, parallel};

/// A variance below this share of the mean square has lost its digits to cancellation.
const CANCELLATION: f64 = 1e-6;

/// The smallest number of rows in which two columns are both there; that of all rows where nothing is missing.
///
/// # Errors
/// A pair that shares fewer than `least` rows, by name; limits of the context.
pub fn shared_rows(x: &Matrix, least: usize, ctx: &Context) -> Result<usize> {
    let has_gap = |&j: &usize| (0..x.rows()).any(|i| x.row_slice(i)[j].is_nan());
    // A column without a gap shares with another all rows that this one has.
    let columns: Vec<usize> = (0..x.cols()).filter(has_gap).collect();
    let _held = ctx.reserve_matrices(1, columns.len(), x.rows().div_ceil(64))?;
    let masks: Vec<Vec<u64>> = columns.iter().map(|&j| mask(x, j)).collect();
    let mut smallest = x.rows();
    for (a, own) in masks.iter().enumerate() {
        ctx.check()?;
        for (b, other) in masks[..=a].iter().enumerate() {
            let count = own.iter().zip(other).map(|(u, v)| (u & v).count_ones() as usize).sum::<usize>();
            if count < least {
                return Err(too_few(x, (columns[b], columns[a]), count, least));
            }
            smallest = smallest.min(count);
        }
    }
    Ok(smallest)
}

/// One bit a row: whether the column has a value there.
fn mask(x: &Matrix, j: usize) -> Vec<u64> {
    let mut words = vec![0; x.rows().div_ceil(64)];
    for i in (0..x.rows()).filter(|&i| !x.row_slice(i)[j].is_nan()) {
        words[i / 64] |= 1 << (i % 64);
    }
    words
}

fn too_few(x: &Matrix, (i, j): (usize, usize), count: usize, least: usize) -> Error {
    let rows = |count: usize| if count == 1 { "1 row".to_string() } else { format!("{count} rows") };
    let (first, second) = (x.column_label(i), x.column_label(j));
    let message = if i == j {
        format!("column {first} has a value in {}, it takes {least}", rows(count))
    } else {
        format!("columns {first} and {second} share {} in which both have a value, it takes {least}", rows(count))
    };
    Error::data(message).with_hint("leave a column out with .drop(..), or fill in with impute(\"median\")")
}

/// Memory for `squares` matrices p x p and a few n x p.
fn hold(x: &Matrix, squares: usize, ctx: &Context) -> Result<[Reservation; 2]> {
    Ok([ctx.reserve_matrices(squares, x.cols(), x.cols())?, ctx.reserve_matrices(4, x.rows(), x.cols())?])
}

/// The mean of every column's values.
pub fn means(x: &Matrix) -> Vec<f64> {
    x.by_column(|column| mean(&present(column))).as_slice().to_vec()
}

/// n x p, 1 where a value is there.
fn indicator(x: &Matrix) -> Array2<f64> {
    x.view().mapv(|value| f64::from(!value.is_nan()))
}

/// (x - center) / scale by column, 0 where a value is missing.
fn scaled(x: &Matrix, center: &[f64], scale: &[f64]) -> Array2<f64> {
    let mut z = x.view().to_owned();
    for ((_, j), value) in z.indexed_iter_mut() {
        *value = if value.is_nan() { 0.0 } else { (*value - center[j]) / scale[j] };
    }
    z
}

/// The columns about their mean in units of their standard deviation, and these.
///
/// # Errors
/// A variance that double precision does not hold.
fn standardized(x: &Matrix) -> Result<(Array2<f64>, Vec<f64>)> {
    let variances = x.by_column(|column| population_variance(&present(column)));
    check_variances(x, variances.as_slice().iter().copied())?;
    let scale: Vec<f64> = variances.as_slice().iter().map(|variance| variance.sqrt()).collect();
    Ok((scaled(x, &means(x), &scale), scale))
}

/// The covariance of every pair of columns, p x p: over the rows that both have, about their means in these rows,
/// divided by the number of these rows.
///
/// # Errors
/// A pair that shares fewer than two rows, a column without a variance (by name), limits of the context.
pub fn covariance(x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    shared_rows(x, 2, ctx)?;
    let _held = hold(x, 4, ctx)?;
    let (z, scale) = standardized(x)?;
    let there = indicator(x);
    let counts = linalg::gram(there.view(), ctx)?;
    // Entry (i, j): the sum of column i over the rows that column j has too.
    let sums = linalg::matmul(z.t(), there.view(), ctx)?;
    let mut s = linalg::gram(z.view(), ctx)?;
    for ((i, j), value) in s.indexed_iter_mut() {
        let n = counts[(i, j)];
        let covariance = if i == j { 1.0 } else { (*value - sums[(i, j)] * sums[(j, i)] / n) / n };
        *value = covariance * (scale[i] * scale[j]);
    }
    Ok(s)
}

/// The second moment of every pair of columns about given means, p x p, over the rows that both have.
///
/// # Errors
/// A pair that shares no row (by name), limits of the context.
pub fn moments_about(means: &[f64], x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    shared_rows(x, 1, ctx)?;
    let _held = hold(x, 3, ctx)?;
    let counts = linalg::gram(indicator(x).view(), ctx)?;
    Ok(linalg::gram(scaled(x, means, &vec![1.0; x.cols()]).view(), ctx)? / counts)
}

/// The correlation of every pair of columns over the rows that both have, p x p with a unit diagonal; ranks are those
/// among these rows.
///
/// # Errors
/// A pair that shares fewer than two rows, or one of which is constant in them (by name), limits of the context.
pub fn correlation(kind: Correlation, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    shared_rows(x, 2, ctx)?;
    match kind {
        Correlation::Pearson => pearson(x, ctx),
        Correlation::Spearman => by_pair(x, ctx, rho),
        Correlation::Kendall => by_pair(x, ctx, tau),
        Correlation::Skeptic => by_pair(x, ctx, |a, b| rho(a, b).map(skeptic)),
    }
}

fn pearson(x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
    let _held = hold(x, 5, ctx)?;
    let (z, _) = standardized(x)?;
    let there = indicator(x);
    let counts = linalg::gram(there.view(), ctx)?;
    let sums = linalg::matmul(z.t(), there.view(), ctx)?;
    let squares = linalg::matmul(z.mapv(|value| value * value).t(), there.view(), ctx)?;
    let mut r = linalg::gram(z.view(), ctx)?;
    for i in 0..x.cols() {
        ctx.check()?;
        r[(i, i)] = 1.0;
        for j in 0..i {
            let n = counts[(i, j)];
            // Of column a over the rows that column b has too.
            let variance = |a: usize, b: usize| squares[(a, b)] / n - (sums[(a, b)] / n).powi(2);
            let is_exact = |a: usize, b: usize| variance(a, b) > CANCELLATION * squares[(a, b)] / n;
            let value = if is_exact(i, j) && is_exact(j, i) {
                let covariance = (r[(i, j)] - sums[(i, j)] * sums[(j, i)] / n) / n;
                covariance / (variance(i, j).sqrt() * variance(j, i).sqrt())
            } else {
                two_passes(&z, &there, i, j).ok_or_else(|| no_correlation(x, j, i))?
            };
            r[(i, j)] = value.clamp(-1.0, 1.0);
            r[(j, i)] = r[(i, j)];
        }
    }
    Ok(r)
}

/// The correlation of two columns over the rows that both have; none where one is constant in them.
fn two_passes(z: &Array2<f64>, there: &Array2<f64>, i: usize, j: usize) -> Option<f64> {
    let rows: Vec<usize> = (0..z.nrows()).filter(|&row| there[(row, i)] * there[(row, j)] > 0.0).collect();
    let centered = |column: usize| -> Vec<f64> {
        let values: Vec<f64> = rows.iter().map(|&row| z[(row, column)]).collect();
        let center = mean(&values);
        values.iter().map(|value| value - center).collect()
    };
    let (a, b) = (centered(i), centered(j));
    let r = linalg::dot(&a, &b) / (linalg::dot(&a, &a).sqrt() * linalg::dot(&b, &b).sqrt());
    r.is_finite().then_some(r)
}

/// A column and the positions that sort the values that are there.
struct Sorted {
    values: Vec<f64>,
    order: Vec<usize>,
}

impl Sorted {
    fn new(values: Vec<f64>) -> Self {
        let mut order = order(&values, false);
        // Missing values stand last.
        order.truncate(values.iter().filter(|value| !value.is_nan()).count());
        Self { values, order }
    }

    /// The rows that both columns have, in order of this column's values.
    fn shared(&self, other: &Self) -> Vec<usize> {
        self.order.iter().copied().filter(|&row| !other.values[row].is_nan()).collect()
    }

    /// This column's rank among the rows that both columns have, by row, ties sharing the mean of theirs.
    fn ranks(&self, shared: &[usize]) -> Vec<f64> {
        let mut ranks = vec![0.0; self.values.len()];
        let mut before = 0.0;
        for tied in shared.chunk_by(|&a, &b| self.values[a] == self.values[b]) {
            let rank = before + (tied.len() as f64 + 1.0) / 2.0;
            tied.iter().for_each(|&row| ranks[row] = rank);
            before += tied.len() as f64;
        }
        ranks
    }
}

/// Spearman's rho; none where a column is constant in the rows that both have.
fn rho(a: &Sorted, b: &Sorted) -> Option<f64> {
    let shared = a.shared(b);
    let (first, second) = (a.ranks(&shared), b.ranks(&b.shared(a)));
    let center = (shared.len() as f64 + 1.0) / 2.0;
    let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
    for row in shared {
        let (u, v) = (first[row] - center, second[row] - center);
        aa += u * u;
        bb += v * v;
        ab += u * v;
    }
    let r: f64 = ab / (f64::sqrt(aa) * f64::sqrt(bb));
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

/// Kendall's tau-b; none where a column is constant in the rows that both have.
fn tau(a: &Sorted, b: &Sorted) -> Option<f64> {
    let value = tau_b(&a.values, &b.values, &a.shared(b));
    value.is_finite().then_some(value)
}

/// `f` of every pair of columns, with a unit diagonal.
fn by_pair(x: &Matrix, ctx: &Context, f: impl Fn(&Sorted, &Sorted) -> Option<f64> + Sync) -> Result<Array2<f64>> {
    let p = x.cols();
    let _held = hold(x, 2, ctx)?;
    let columns: Vec<Sorted> = (0..p).map(|j| Sorted::new(x.col(j).as_slice().to_vec())).collect();
    let rows = parallel::map(&columns, ctx, |i, column| {
        let others = columns[..i].iter().enumerate();
        others
            .map(|(j, other)| {
                ctx.check()?;
                f(column, other).ok_or_else(|| no_correlation(x, j, i))
            })
            .collect::<Result<Vec<f64>>>()
    })?;
    Ok(Array2::from_shape_fn((p, p), |(i, j)| if i == j { 1.0 } else { rows[i.max(j)][i.min(j)] }))
}

fn no_correlation(x: &Matrix, i: usize, j: usize) -> Error {
    let (first, second) = (x.column_label(i), x.column_label(j));
    Error::data(format!("one of columns {first} and {second} is constant in the rows in which both have a value"))
        .with_hint("leave a column out with .drop(..), or fill in with impute(\"median\")")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NAN;

    fn gaps() -> Matrix {
        Matrix::from_rows(&[
            vec![1.0, 2.0, NONE],
            vec![2.0, NONE, 3.0],
            vec![4.0, 1.0, 5.0],
            vec![NONE, 7.0, 1.0],
            vec![3.0, 3.0, 3.0],
        ])
        .unwrap()
    }

    /// The rows that two columns share.
    fn common(x: &Matrix, i: usize, j: usize) -> Matrix {
        let rows: Vec<usize> =
            (0..x.rows()).filter(|&row| !(x.row_slice(row)[i] + x.row_slice(row)[j]).is_nan()).collect();
        x.pick(&rows, &[i, j])
    }

    #[test]
    fn every_pair_has_the_moments_of_its_own_rows() {
        let (x, ctx) = (gaps(), Context::new());
        let s = covariance(&x, &ctx).unwrap();
        // Columns 0 and 1 share rows 0, 2 and 4: (1, 2), (4, 1), (3, 3).
        let products = (3.0 - 8.0 / 3.0) - (4.0 - 8.0 / 3.0);
        assert!((s[(0, 1)] - products / 3.0).abs() < 1e-14, "{s}");
        assert!((s[(0, 0)] - 1.25).abs() < 1e-14 && s[(1, 2)] == s[(2, 1)], "{s}");
        for kind in [Correlation::Pearson, Correlation::Spearman, Correlation::Kendall, Correlation::Skeptic] {
            let r = correlation(kind, &x, &ctx).unwrap();
            for (i, j) in [(0, 1), (0, 2), (1, 2)] {
                let alone = kind.matrix(&common(&x, i, j), &ctx).unwrap().view()[(0, 1)];
                assert!((r[(i, j)] - alone).abs() < 1e-14 && r[(j, i)] == r[(i, j)], "{kind:?} {i} {j}: {r}");
            }
        }
        let about = moments_about(&[1.0, 0.0, 2.0], &x, &ctx).unwrap();
        assert!((about[(0, 1)] - (0.0 + 3.0 + 6.0) / 3.0).abs() < 1e-14, "{about}");
    }

    #[test]
    fn pairs_without_enough_rows_or_without_spread_are_named() {
        let ctx = Context::new();
        let apart = Matrix::from_rows(&[vec![1.0, NONE], vec![2.0, NONE], vec![3.0, 5.0], vec![NONE, 6.0]]).unwrap();
        let error = covariance(&apart, &ctx).unwrap_err();
        assert!(error.message().contains("columns 0 and 1 share 1 row in which both have a value"), "{error}");
        assert_eq!(shared_rows(&gaps(), 2, &ctx).unwrap(), 3);
        // Column 1 is 7 wherever column 0 is there, and far away from that elsewhere.
        let flat = Matrix::from_rows(&[vec![1.0, 7.0], vec![2.0, 7.0], vec![3.0, 7.0], vec![NONE, 1e9]]).unwrap();
        for kind in [Correlation::Pearson, Correlation::Spearman, Correlation::Kendall] {
            let error = correlation(kind, &flat, &ctx).unwrap_err();
            assert!(error.message().contains("one of columns 0 and 1 is constant"), "{kind:?}: {error}");
        }
        assert!(covariance(&flat, &ctx).unwrap()[(0, 1)].abs() < 1e-6);
    }

    #[test]
    fn a_correlation_survives_cancellation() {
        // In the rows that both have, column 1 varies a million times less than over all rows.
        let x = Matrix::from_rows(&[vec![1.0, 1.001], vec![2.0, 1.002], vec![4.0, 1.004], vec![NONE, 1e6]]).unwrap();
        let r = correlation(Correlation::Pearson, &x, &Context::new()).unwrap();
        assert!((r[(0, 1)] - 1.0).abs() < 1e-6, "{r}");
    }
}
