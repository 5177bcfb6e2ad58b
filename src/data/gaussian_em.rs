//! Mean and covariance of a Gaussian from data with missing values, by the EM algorithm.
//!
//! Dempster, Laird, Rubin, JRSS B 39:1 (1977); Little, Rubin, Statistical Analysis with Missing Data, section 11.2 (2019).
//! Rows with the same values missing share a regression; rows without any value say nothing and are left out.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::Matrix;
use super::missing::{check_present, population_variance, present};
use super::summary::mean;
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::linalg::{self, Cholesky, block_of};
use crate::parallel;

/// Settings of the algorithm. It works in units of the columns' standard deviations, so that one tolerance fits all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianEm {
    /// Share by which every step moves the correlations towards 0; the variances stay. At 0 the limit is the maximum
    /// likelihood.
    pub shrinkage: f64,
    /// The most steps.
    pub max_iter: usize,
    /// The change of a correlation, or of a variance in its own units, below which the algorithm has settled.
    pub tolerance: f64,
}

/// A twentieth off every correlation in at most 20 steps: the later steps change what is well known by little, and what
/// hardly any row knows ever more towards noise.
impl Default for GaussianEm {
    fn default() -> Self {
        Self { shrinkage: 0.05, max_iter: 20, tolerance: 1e-4 }
    }
}

/// Mean and covariance of a Gaussian from data with missing values.
#[derive(Debug, Clone)]
pub struct Moments {
    /// Mean of each variable.
    pub mean: Array1<f64>,
    /// Covariance, p x p, divided by n.
    pub covariance: Array2<f64>,
    /// The data with its missing values replaced by their expectation, n x p.
    pub completed: Array2<f64>,
    /// Steps of the algorithm.
    pub iterations: usize,
    /// Whether it settled.
    pub converged: bool,
}

/// Rows in which the same values are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// Positions of the columns without a value, ascending.
    pub missing: Vec<usize>,
    /// The others.
    pub observed: Vec<usize>,
    /// Positions of the rows, ascending.
    pub rows: Vec<usize>,
}

/// Rows of `x` by which of their values are missing.
pub(crate) fn patterns(x: &Matrix) -> Vec<Pattern> {
    let mut found: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
    for i in 0..x.rows() {
        let row = x.row_slice(i);
        found.entry((0..x.cols()).filter(|&j| row[j].is_nan()).collect()).or_default().push(i);
    }
    let whole = found.into_iter().map(|(missing, rows)| {
        let observed = (0..x.cols()).filter(|j| missing.binary_search(j).is_err()).collect();
        Pattern { missing, observed, rows }
    });
    whole.collect()
}

/// Centre and spread of every column's values.
struct Units {
    center: Vec<f64>,
    scale: Vec<f64>,
}

impl Units {
    fn of(x: &Matrix) -> Self {
        let spread = |column: &[f64]| {
            let variance = population_variance(&present(column));
            // A constant column has nothing to scale.
            if variance > 0.0 { variance.sqrt() } else { 1.0 }
        };
        let center = x.by_column(|column| mean(&present(column)));
        Self { center: center.as_slice().to_vec(), scale: x.by_column(spread).as_slice().to_vec() }
    }

    /// n x p, 0 where a value is missing.
    fn scaled(&self, x: &Matrix) -> Array2<f64> {
        let values = x.view();
        Array2::from_shape_fn((x.rows(), x.cols()), |(i, j)| match values[(i, j)] {
            value if value.is_nan() => 0.0,
            value => (value - self.center[j]) / self.scale[j],
        })
    }

    fn back(&self, value: f64, j: usize) -> f64 {
        value * self.scale[j] + self.center[j]
    }
}

/// Keeps variances above 0 where a column does not vary.
const FLOOR: f64 = 1e-12;
/// From this shrinkage on, covariances are far enough from singular to be inverted whole without loss.
const REGULAR: f64 = 1e-3;
/// Patterns are shared out in as many parts, whatever the number of threads.
const PARTS: usize = 8;
/// Steps of less work than this are done before other threads have started.
const PARALLEL: f64 = 1e6;

impl GaussianEm {
    /// The moments of `x`, n x p. Where nothing is missing they are the sample's, but for the shrinkage.
    ///
    /// # Errors
    /// A column without any value (by name), infinite values; a covariance that is singular, as it can be without
    /// shrinkage; limits of the context.
    pub fn moments(&self, x: &Matrix, ctx: &Context) -> Result<Moments> {
        check_present(x)?;
        let p = x.cols();
        let _held = reserve(x, ctx)?;
        let kept = x.rows_with_values();
        let known = x.pick(&kept, &(0..p).collect::<Vec<_>>());
        let (units, patterns) = (Units::of(x), patterns(&known));
        let mut z = units.scaled(&known);
        // As if all correlations were 0: a missing value is at its mean, with a variance of 1 around it.
        let mut covariance = Array2::<f64>::eye(p);
        let mut left = Array2::<f64>::zeros((p, p));
        for pattern in &patterns {
            pattern.missing.iter().for_each(|&j| left[(j, j)] += pattern.rows.len() as f64);
        }
        let is_complete = patterns.iter().all(|pattern| pattern.missing.is_empty());
        let (mut iterations, mut converged) = (0, is_complete);
        let mean = loop {
            let mean = z.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(p));
            let next = self.maximize(&z, &mean, &left, ctx)?;
            let change = (&next - &covariance).iter().fold(0.0f64, |most, value| most.max(value.abs()));
            covariance = next;
            converged = converged || change < self.tolerance;
            if converged || iterations >= self.max_iter {
                break mean;
            }
            iterations += 1;
            left = self.expect(&mut z, &patterns, &mean, &covariance, ctx)?;
        };
        covariance.indexed_iter_mut().for_each(|((i, j), value)| *value *= units.scale[i] * units.scale[j]);
        let mean: Array1<f64> = mean.iter().enumerate().map(|(j, &value)| units.back(value, j)).collect();
        let completed = completed(x, &kept, &z, &units, &mean);
        Ok(Moments { mean, covariance, completed, iterations, converged })
    }

    /// The covariance of the completed rows z about `mean`, with what is `left` uncertain of their values.
    fn maximize(&self, z: &Array2<f64>, mean: &Array1<f64>, left: &Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
        let centered = z - mean;
        let mut next: Array2<f64> = (linalg::gram(centered.view(), ctx)? + left) / z.nrows().max(1) as f64;
        for ((i, j), value) in next.indexed_iter_mut() {
            *value = if i == j { *value + FLOOR } else { *value * (1.0 - self.shrinkage) };
        }
        Ok(next)
    }

    /// Replaces missing values in z by their expectation given the others; returns the sum of their conditional
    /// covariances, p x p.
    fn expect(
        &self,
        z: &mut Array2<f64>,
        patterns: &[Pattern],
        mean: &Array1<f64>,
        covariance: &Array2<f64>,
        ctx: &Context,
    ) -> Result<Array2<f64>> {
        let p = mean.len();
        let precision = match self.shrinkage >= REGULAR {
            true => Some(inverse(covariance.view(), ctx)?),
            false => None,
        };
        let parts: Vec<&[Pattern]> = patterns.chunks(patterns.len().div_ceil(PARTS).max(1)).collect();
        let work = patterns.len() as f64 * (p as f64).powi(3);
        let shared = if work < PARALLEL { ctx.clone().with_threads(1) } else { ctx.clone() };
        let known: &Array2<f64> = z;
        let results = parallel::map(&parts, &shared, |index, part| -> Result<(Array2<f64>, Vec<Array2<f64>>)> {
            let own = parallel::within(&shared, parts.len(), index);
            let mut left = Array2::<f64>::zeros((p, p));
            let mut filled = Vec::with_capacity(part.len());
            for pattern in part.iter() {
                own.check()?;
                filled.push(expect_pattern(pattern, known, mean, covariance, precision.as_ref(), &mut left, &own)?);
            }
            Ok((left, filled))
        })?;
        let mut left = Array2::<f64>::zeros((p, p));
        let mut filled = Vec::with_capacity(patterns.len());
        for (part, values) in results {
            left += &part;
            filled.extend(values);
        }
        for (pattern, values) in patterns.iter().zip(&filled) {
            for ((row, column), value) in values.indexed_iter() {
                z[(pattern.rows[row], pattern.missing[column])] = *value;
            }
        }
        Ok(left)
    }
}

/// The rows four times; parts, the covariance in its stages, and what each thread takes from them.
fn reserve(x: &Matrix, ctx: &Context) -> Result<[Reservation; 2]> {
    let (n, p) = (x.rows(), x.cols());
    let squares = 6 + PARTS + 4 * ctx.threads().min(PARTS);
    Ok([ctx.reserve_matrices(5, n, p)?, ctx.reserve_matrices(squares, p, p)?])
}

/// All rows, with the expectation of what is missing; `z` has those of `kept` in units.
fn completed(x: &Matrix, kept: &[usize], z: &Array2<f64>, units: &Units, mean: &Array1<f64>) -> Array2<f64> {
    let mut completed = Array2::from_shape_fn((x.rows(), x.cols()), |(_, j)| mean[j]);
    for (row, &i) in kept.iter().enumerate() {
        for (j, &value) in x.row_slice(i).iter().enumerate() {
            completed[(i, j)] = if value.is_nan() { units.back(z[(row, j)], j) } else { value };
        }
    }
    completed
}

/// The expectation of the missing values of the pattern's rows, rows x missing; adds their conditional covariance, once
/// a row, to `left`.
fn expect_pattern(
    pattern: &Pattern,
    z: &Array2<f64>,
    mean: &Array1<f64>,
    covariance: &Array2<f64>,
    precision: Option<&Array2<f64>>,
    left: &mut Array2<f64>,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let Pattern { missing, observed, rows } = pattern;
    if missing.is_empty() {
        return Ok(Array2::zeros((rows.len(), 0)));
    }
    let Regression { coefficients, conditional } = Regression::new(pattern, covariance, precision, ctx)?;
    for ((a, b), value) in conditional.indexed_iter() {
        left[(missing[a], missing[b])] += value * rows.len() as f64;
    }
    let given = Array2::from_shape_fn((rows.len(), observed.len()), |(row, column)| {
        z[(rows[row], observed[column])] - mean[observed[column]]
    });
    let mut expected = linalg::matmul(given.view(), coefficients.view(), ctx)?;
    expected.indexed_iter_mut().for_each(|((_, column), value)| *value += mean[missing[column]]);
    Ok(expected)
}

/// The regression of the missing values of a pattern on the others.
struct Regression {
    /// Observed x missing.
    coefficients: Array2<f64>,
    /// Covariance of the missing values given the others.
    conditional: Array2<f64>,
}

impl Regression {
    /// By the smaller of two blocks: that of the observed values in the covariance or, where the precision is at hand,
    /// that of the missing ones there, whose inverse is their conditional covariance.
    fn new(
        pattern: &Pattern,
        covariance: &Array2<f64>,
        precision: Option<&Array2<f64>>,
        ctx: &Context,
    ) -> Result<Self> {
        let Pattern { missing, observed, .. } = pattern;
        if let Some(precision) = precision.filter(|_| missing.len() < observed.len()) {
            let conditional = inverse(block_of(precision.view(), missing).view(), ctx)?;
            let cross = entries(precision, observed, missing);
            let coefficients = linalg::matmul(cross.view(), conditional.view(), ctx)? * -1.0;
            return Ok(Self { coefficients, conditional });
        }
        let cross = entries(covariance, observed, missing);
        let block = block_of(covariance.view(), observed);
        let factor = Cholesky::checked(block.view(), ctx)?.ok_or_else(singular)?;
        let coefficients = factor.solve_checked(cross.view(), ctx)?;
        let explained = linalg::matmul(cross.t(), coefficients.view(), ctx)?;
        let conditional = block_of(covariance.view(), missing) - explained;
        Ok(Self { coefficients, conditional })
    }
}

/// The entries of these rows and columns.
pub(crate) fn entries(a: &Array2<f64>, rows: &[usize], columns: &[usize]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| a[(rows[i], columns[j])])
}

fn inverse(a: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    Cholesky::checked(a, ctx)?.ok_or_else(singular)?.inverse_checked(ctx)
}

fn singular() -> Error {
    Error::numerical("the covariance of the values that are present is singular")
        .with_hint("leave out columns that follow from others, or that are rarely present")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(rows: usize, cols: usize) -> Matrix {
        Matrix::from_fn(rows, cols, |i, j| match (3 * i * i + 7 * j + i * j) % 5 {
            0 => f64::NAN,
            _ => (0.9 * (i * i + 2 * j * j + i * j) as f64).sin() + 0.3 * (i % 4) as f64,
        })
    }

    #[test]
    fn both_blocks_give_the_same_regression() {
        let ctx = Context::new();
        let x = Matrix::from_fn(30, 6, |i, j| ((i * i * (j + 1) + 3 * i * j) as f64).sin());
        let covariance = crate::data::covariance::covariance(&x, &ctx).unwrap();
        let precision = inverse(covariance.view(), &ctx).unwrap();
        let pattern = Pattern { missing: vec![1, 4], observed: vec![0, 2, 3, 5], rows: vec![0] };
        let one = Regression::new(&pattern, &covariance, None, &ctx).unwrap();
        let other = Regression::new(&pattern, &covariance, Some(&precision), &ctx).unwrap();
        let close = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|difference| difference.abs() < 1e-12);
        assert!(close(&one.coefficients, &other.coefficients) && close(&one.conditional, &other.conditional));
    }

    #[test]
    fn rows_without_any_value_change_nothing_and_threads_neither() {
        let x = gaps(80, 30);
        let empty = Matrix::from_fn(1, 30, |_, _| f64::NAN);
        let more = Matrix::vstack(&[x.head(40), empty.clone(), x.tail(40), empty]).unwrap();
        let on = |threads| GaussianEm::default().moments(&x, &Context::new().with_threads(threads)).unwrap();
        let (one, four) = (on(1), on(4));
        assert!(one.covariance == four.covariance && one.mean == four.mean && one.completed == four.completed);
        let with = GaussianEm::default().moments(&more, &Context::new()).unwrap();
        assert!(with.covariance == one.covariance && with.mean == one.mean);
        assert!(with.completed.row(40) == with.mean && with.completed.row(79) == one.completed.row(78));
    }

    #[test]
    fn columns_without_a_value_and_limits_are_errors() {
        let ctx = Context::new();
        let none = f64::NAN;
        let nothing = Matrix::from_rows(&[vec![1.0, none], vec![2.0, none]]).unwrap();
        let error = GaussianEm::default().moments(&nothing, &ctx).unwrap_err();
        assert!(error.message().contains("column 1 has no value"), "{error}");
        let stopped = Context::new();
        stopped.cancel_handle().cancel();
        assert!(GaussianEm::default().moments(&gaps(20, 4), &stopped).is_err());
        let small = Context::new().with_memory_limit(1000);
        assert_eq!(
            GaussianEm::default().moments(&gaps(20, 4), &small).unwrap_err().kind(),
            crate::error::ErrorKind::Memory
        );
    }
}
