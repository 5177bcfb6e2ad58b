//! Preparing data: centring, scaling, logarithms.

use super::{Matrix, Vector};
use crate::error::{Error, Result};

impl Matrix {
    /// Columns with their mean taken away.
    #[must_use]
    pub fn center(&self) -> Self {
        let means = Vector::from(self.column_means());
        // One mean a column by construction, so the shapes agree.
        self.zip_rows(&means, |value, mean| value - mean).unwrap_or_else(|_| self.clone())
    }

    /// Columns with mean 0 and variance 1 (divided by n, so that the covariance of the result is the correlation).
    ///
    /// # Errors
    /// A constant column, by name; missing values; fewer than two rows.
    pub fn standardize(&self) -> Result<Self> {
        if self.rows() < 2 {
            return Err(Error::data(format!("standardize needs at least 2 rows, there is {}", self.rows())));
        }
        if let Some(place) = self.first_non_finite() {
            return Err(Error::data(format!("cannot standardize: {place}")));
        }
        let centered = self.center();
        let scale = centered
            .by_column(|column| (column.iter().map(|value| value * value).sum::<f64>() / column.len() as f64).sqrt());
        let means = self.column_means();
        // Rounding leaves a constant column with a spread of a few units in the last place of its mean.
        let constant = (0..self.cols()).find(|&j| scale.as_slice()[j] <= 8.0 * f64::EPSILON * means[j].abs());
        if let Some(j) = constant {
            return Err(Error::data(format!("column {} is constant", self.column_label(j)))
                .with_hint("a constant has no correlation with anything: leave it out with .drop(..)"));
        }
        centered.zip_rows(&scale, |value, scale| value / scale)
    }

    /// log(1 + x) of every entry.
    ///
    /// # Errors
    /// An entry of -1 or less, by place.
    pub fn log1p(&self) -> Result<Self> {
        match self.as_slice().iter().position(|&value| value <= -1.0) {
            Some(position) => {
                let (i, j) = (position / self.cols(), position % self.cols());
                let value = self.as_slice()[position];
                Err(Error::data(format!("log1p of {value} in row {i}, column {}", self.column_label(j)))
                    .with_hint("log1p needs values above -1"))
            }
            None => Ok(self.map(f64::ln_1p)),
        }
    }
}
