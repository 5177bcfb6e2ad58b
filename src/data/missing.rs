//! Missing values: leaving them out, filling them in.

use super::gaussian_em::GaussianEm;
use super::summary::{mean, median};
use super::{Matrix, Selector};
use crate::context::Context;
use crate::error::{Error, Result};

/// What a missing value is replaced by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Impute {
    /// The mean of its column.
    Mean,
    /// The median of its column.
    Median,
    /// This number.
    Constant(f64),
    /// Its regression on the values that are present in its row, with the moments of [`GaussianEm`].
    Regression,
}

/// Settings of the EM algorithm behind [`Impute::Regression`]: the maximum likelihood, to the last digits.
const SETTLED: GaussianEm = GaussianEm { shrinkage: 1e-10, max_iter: 1000, tolerance: 1e-8 };
/// Shrinkage of the correlations where there are too few samples for a regression.
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

    /// Positions of the rows that have a value at all, ascending.
    pub fn rows_with_values(&self) -> Vec<usize> {
        (0..self.rows()).filter(|&i| self.row_slice(i).iter().any(|value| !value.is_nan())).collect()
    }

    /// The rows that have a value, with the mean of its column in the place of every missing one.
    ///
    /// # Errors
    /// As [`Matrix::impute`].
    pub fn complete_by_means(&self, ctx: &Context) -> Result<Self> {
        let _held = ctx.reserve_matrices(2, self.rows(), self.cols())?;
        check_present(self)?;
        let kept = self.rows_with_values();
        self.pick(&kept, &(0..self.cols()).collect::<Vec<_>>()).impute(Impute::Mean, ctx)
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
    /// Where there are not more rows than variables the correlations are shrunk, so that the regressions exist.
    ///
    /// # Errors
    /// As [`GaussianEm::moments`].
    pub fn complete_by_regression(&self, ctx: &Context) -> Result<(Self, bool)> {
        let is_tall = self.rows() > self.cols() + 1;
        let em = if is_tall { SETTLED } else { GaussianEm { shrinkage: SHRINKAGE, ..SETTLED } };
        let moments = em.moments(self, ctx)?;
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

/// The variance divided by n; NaN of nothing.
pub(super) fn population_variance(values: &[f64]) -> f64 {
    let center = mean(values);
    values.iter().map(|value| (value - center) * (value - center)).sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

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
        let moments = SETTLED.moments(&m, &Context::new()).unwrap();
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
