//! Missing values: leaving them out, filling them in, and the Gaussian's moments in spite of them.

use ndarray::{Array1, Array2};

use super::summary::{mean, median};
use super::{Matrix, Selector};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, gram, matmul};

/// What a missing value is replaced by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Impute {
    /// The mean of its column.
    Mean,
    /// The median of its column.
    Median,
    /// This number.
    Constant(f64),
    /// Its regression on the values that are present in its row, with the moments of [`gaussian_moments`].
    Regression,
}

/// Mean and covariance of a Gaussian, by maximum likelihood from data with missing values.
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

/// Relative change of the covariance at which the EM algorithm has settled.
const TOLERANCE: f64 = 1e-8;
const MAX_ITERATIONS: usize = 1000;
/// Share of the diagonal that a covariance takes on where there are too few samples for a regression.
const SHRINKAGE: f64 = 0.05;

impl Matrix {
    /// Without the rows that have missing values.
    ///
    /// # Errors
    /// When every row has one.
    pub fn drop_missing_rows(&self) -> Result<Self> {
        let kept: Vec<usize> =
            (0..self.rows()).filter(|&i| self.row_slice(i).iter().all(|value| !value.is_nan())).collect();
        if kept.is_empty() && self.rows() > 0 {
            return Err(Error::data("every row has a missing value")
                .with_hint("leave columns out with drop_missing(#{ axis: \"columns\" }), or fill in with impute()"));
        }
        Ok(self.pick(&kept, &(0..self.cols()).collect::<Vec<_>>()))
    }

    /// Without the columns that have missing values.
    ///
    /// # Errors
    /// When every column has one.
    pub fn drop_missing_columns(&self) -> Result<Self> {
        let whole = |&j: &usize| self.view().column(j).iter().all(|value| !value.is_nan());
        let kept: Vec<usize> = (0..self.cols()).filter(whole).collect();
        if kept.is_empty() && self.cols() > 0 {
            return Err(Error::data("every column has a missing value").with_hint("fill in with impute()"));
        }
        self.select(&Selector::from_positions(&kept))
    }

    /// Missing values filled in; the others are unchanged.
    ///
    /// # Errors
    /// A column without any value, infinite values, limits of the context.
    pub fn impute(&self, kind: Impute, ctx: &Context) -> Result<Self> {
        if let Impute::Constant(value) = kind {
            return Ok(self.map(|old| if old.is_nan() { value } else { old }));
        }
        check_present(self)?;
        let fill = match kind {
            Impute::Mean => self.by_column(|column| mean(&present(column))),
            Impute::Median => self.by_column(|column| median(&present(column))),
            _ => return self.complete_by_regression(ctx).map(|(completed, _)| completed),
        };
        self.zip_rows(&fill, |value, fill| if value.is_nan() { fill } else { value })
    }
}

impl Matrix {
    /// Missing values replaced by their regression on the row's other values, and whether the moments behind it settled.
    ///
    /// # Errors
    /// As [`gaussian_moments`].
    pub fn complete_by_regression(&self, ctx: &Context) -> Result<(Self, bool)> {
        let moments = gaussian_moments(self, ctx)?;
        let completed = self.with_values(moments.completed.into_iter().collect())?;
        match completed.first_non_finite() {
            Some(place) => {
                Err(Error::numerical(format!("impute: there is {place}: the numbers are too large or too small"))
                    .with_hint("use other units"))
            }
            None => Ok((completed, moments.converged)),
        }
    }
}

/// The values that are not missing.
pub(super) fn present(column: &[f64]) -> Vec<f64> {
    column.iter().copied().filter(|value| !value.is_nan()).collect()
}

/// Fails where a column has no value at all, or an infinite one.
pub(crate) fn check_present(x: &Matrix) -> Result<()> {
    for j in 0..x.cols() {
        let column = x.col(j);
        if column.as_slice().iter().all(|value| value.is_nan()) {
            return Err(Error::data(format!("column {} has no value at all", x.column_label(j)))
                .with_hint("leave it out with .drop(..)"));
        }
        if column.as_slice().iter().any(|value| value.is_infinite()) {
            return Err(Error::data(format!("column {} has an infinite value", x.column_label(j))));
        }
    }
    Ok(())
}

/// Mean and covariance of a Gaussian by the EM algorithm (Dempster, Laird, Rubin, 1977; Little and Rubin, 2019, section
/// 11.2), from n x p data with missing values. Where there are not more rows than variables, the covariance takes on a
/// twentieth of its diagonal in every step, so that the regressions exist.
///
/// # Errors
/// A column without any value or without spread, infinite values, limits of the context.
pub fn gaussian_moments(x: &Matrix, ctx: &Context) -> Result<Moments> {
    check_present(x)?;
    let (n, p) = (x.rows(), x.cols());
    let _held = ctx.reserve_matrices(4, p, p.max(n))?;
    let patterns = patterns(x);
    // In units of the columns' spread one tolerance fits all.
    let center = x.by_column(|column| mean(&present(column)));
    let scale = x.by_column(|column| spread(&present(column)));
    let mut z = Array2::from_shape_fn((n, p), |(i, j)| {
        let value = x.view()[(i, j)];
        if value.is_nan() { 0.0 } else { (value - center.as_slice()[j]) / scale.as_slice()[j] }
    });
    let shrinkage = if n > p + 1 { 1e-10 } else { SHRINKAGE };
    let mut covariance = Array2::eye(p);
    let (mut iterations, mut converged) = (0, patterns.iter().all(|(missing, _)| missing.is_empty()));
    let mut left = Array2::zeros((p, p));
    let mean = loop {
        let mean = z.mean_axis(ndarray::Axis(0)).unwrap_or_else(|| Array1::zeros(p));
        let centered = &z - &mean;
        let mut next: Array2<f64> = (gram(centered.view(), ctx)? + &left) / n.max(1) as f64;
        next.diag_mut().mapv_inplace(|variance| variance * (1.0 + shrinkage) + 1e-12);
        let change = (&next - &covariance).iter().fold(0.0f64, |most, value| most.max(value.abs()));
        covariance = next;
        converged = converged || change < TOLERANCE;
        if converged || iterations == MAX_ITERATIONS {
            break mean;
        }
        iterations += 1;
        left = expect(&mut z, &patterns, &mean, &covariance, ctx)?;
    };
    let (center, scale) = (Array1::from(center.as_slice().to_vec()), Array1::from(scale.as_slice().to_vec()));
    let completed = Array2::from_shape_fn((n, p), |(i, j)| {
        let value = x.view()[(i, j)];
        if value.is_nan() { z[(i, j)] * scale[j] + center[j] } else { value }
    });
    covariance.indexed_iter_mut().for_each(|((i, j), value)| *value *= scale[i] * scale[j]);
    Ok(Moments { mean: mean * &scale + &center, covariance, completed, iterations, converged })
}

/// The variance divided by n; NaN of nothing.
pub(super) fn population_variance(values: &[f64]) -> f64 {
    let center = mean(values);
    values.iter().map(|value| (value - center) * (value - center)).sum::<f64>() / values.len() as f64
}

fn spread(values: &[f64]) -> f64 {
    let variance = population_variance(values);
    // A constant column has nothing to scale.
    if variance > 0.0 { variance.sqrt() } else { 1.0 }
}

/// Rows by which of their values are missing.
fn patterns(x: &Matrix) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut found: std::collections::BTreeMap<Vec<usize>, Vec<usize>> = std::collections::BTreeMap::new();
    for i in 0..x.rows() {
        let row = x.row_slice(i);
        let missing = (0..x.cols()).filter(|&j| row[j].is_nan()).collect();
        found.entry(missing).or_default().push(i);
    }
    found.into_iter().collect()
}

/// Replaces missing values by their expectation given the others; returns the sum of their conditional covariances.
fn expect(
    z: &mut Array2<f64>,
    patterns: &[(Vec<usize>, Vec<usize>)],
    mean: &Array1<f64>,
    covariance: &Array2<f64>,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let p = mean.len();
    let mut left = Array2::zeros((p, p));
    for (missing, rows) in patterns.iter().filter(|(missing, _)| !missing.is_empty()) {
        ctx.check()?;
        let observed: Vec<usize> = (0..p).filter(|j| missing.binary_search(j).is_err()).collect();
        let block =
            |a: &[usize], b: &[usize]| Array2::from_shape_fn((a.len(), b.len()), |(i, j)| covariance[(a[i], b[j])]);
        let cross = block(&observed, missing);
        let factor = Cholesky::checked(block(&observed, &observed).view(), ctx)?
            .ok_or_else(|| Error::numerical("impute: the covariance of the values that are present is singular"))?;
        // Coefficients of the regression of the missing on the observed, |observed| x |missing|.
        let coefficients = factor.solve_checked(cross.view(), ctx)?;
        let conditional = block(missing, missing) - matmul(cross.t(), coefficients.view(), ctx)?;
        for (a, &i) in missing.iter().enumerate() {
            for (b, &j) in missing.iter().enumerate() {
                left[(i, j)] += conditional[(a, b)] * rows.len() as f64;
            }
        }
        for &row in rows {
            let given: Array1<f64> = observed.iter().map(|&j| z[(row, j)] - mean[j]).collect();
            let expected = coefficients.t().dot(&given);
            missing.iter().zip(expected).for_each(|(&j, value)| z[(row, j)] = mean[j] + value);
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_incomplete_column_is_filled_by_least_squares() {
        // With one incomplete column the maximum likelihood is the regression on the complete rows.
        let mut m = Matrix::from_fn(30, 3, |i, j| ((i * (7 + j) + j) % 11) as f64 + 0.1 * (i * j) as f64);
        let truth = m.clone();
        for i in [3, 10, 21] {
            m.as_mut_slice()[i * 3 + 2] = f64::NAN;
        }
        let filled = m.impute(Impute::Regression, &Context::new()).unwrap();
        let rows: Vec<usize> = (0..30).filter(|i| ![3, 10, 21].contains(i)).collect();
        let design = Array2::from_shape_fn((27, 3), |(i, j)| if j == 2 { 1.0 } else { truth.row_slice(rows[i])[j] });
        let y = Array2::from_shape_fn((27, 1), |(i, _)| truth.row_slice(rows[i])[2]);
        let (left, right) = (design.t().dot(&design), design.t().dot(&y));
        let beta = crate::linalg::solve(left.view(), right.view(), &Context::new()).unwrap();
        for i in [3, 10, 21] {
            let row = truth.row_slice(i);
            let expected = row[0] * beta[(0, 0)] + row[1] * beta[(1, 0)] + beta[(2, 0)];
            assert!((filled.row_slice(i)[2] - expected).abs() < 1e-5, "{} {expected}", filled.row_slice(i)[2]);
        }
    }

    #[test]
    fn complete_data_keeps_its_moments_and_empty_columns_are_named() {
        let m = Matrix::from_fn(12, 2, |i, j| ((i * (j + 3)) % 5) as f64);
        let moments = gaussian_moments(&m, &Context::new()).unwrap();
        let s = crate::data::covariance::covariance(&m, &Context::new()).unwrap();
        assert!((&moments.covariance - &s).iter().all(|difference| difference.abs() < 1e-8));
        let nothing = Matrix::from_rows(&[vec![1.0, f64::NAN], vec![2.0, f64::NAN]]).unwrap();
        for kind in [Impute::Mean, Impute::Median, Impute::Regression] {
            assert!(nothing.impute(kind, &Context::new()).unwrap_err().message().contains("column 1 has no value"));
        }
    }

    #[test]
    fn fewer_rows_than_variables() {
        let mut m = Matrix::from_fn(5, 9, |i, j| ((i * 31 + j * 17 + i * i * j) % 13) as f64);
        m.as_mut_slice()[4] = f64::NAN;
        let filled = m.impute(Impute::Regression, &Context::new()).unwrap();
        assert!(filled.first_non_finite().is_none());
    }
}
