//! Preparing data: centring, scaling, logarithms, the nonparanormal transform, the choice of columns.

use super::normal;
use super::summary::{order, ranks, variance};
use super::{Matrix, Selector, Vector};
use crate::context::Context;
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
        self.complete("standardize", 2)?;
        let centered = self.center();
        let scale = centered
            .by_column(|column| (column.iter().map(|value| value * value).sum::<f64>() / column.len() as f64).sqrt());
        self.varying("standardize")?;
        if let Some(j) = (0..self.cols()).find(|&j| !scale.as_slice()[j].is_normal()) {
            return Err(Error::data(format!(
                "the spread of column {} is {:e}: its numbers are too large or too small",
                self.column_label(j),
                scale.as_slice()[j]
            ))
            .with_hint("use other units"));
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

    /// The nonparanormal transform: every column becomes normal scores of its ranks, divided by their standard deviation,
    /// as in huge's `huge.npn`. Ties share the mean of their ranks.
    ///
    /// # Errors
    /// Missing values; fewer than two rows; limits of the context.
    pub fn nonparanormal(&self, kind: Nonparanormal, ctx: &Context) -> Result<Self> {
        self.complete("npn", 2)?;
        self.varying("npn")?;
        let n = self.rows() as f64;
        let edge = 1.0 / (4.0 * n.powf(0.25) * (std::f64::consts::PI * n.ln()).sqrt());
        let score = |rank: f64| match kind {
            Nonparanormal::Shrinkage => normal::quantile(rank / (n + 1.0)),
            // With few samples the edge may lie above one half.
            Nonparanormal::Truncation => normal::quantile((rank / n).max(edge.min(0.5)).min(1.0 - edge.min(0.5))),
        };
        self.map_columns(ctx, |column| {
            let scores: Vec<f64> = ranks(column).into_iter().map(score).collect();
            let scale = variance(&scores).sqrt();
            scores.into_iter().map(|value| value / scale).collect()
        })
    }

    /// The centred log-ratio of every row: log x_ij minus the mean of row i's logarithms (Aitchison, 1982), for
    /// compositions and counts. `pseudocount` is added to every entry first.
    ///
    /// # Errors
    /// An entry that is not positive, by place; missing values.
    pub fn clr(&self, pseudocount: f64) -> Result<Self> {
        self.complete("clr", 1)?;
        let shifted = self.map(|value| value + pseudocount);
        if let Some(position) = shifted.as_slice().iter().position(|&value| value <= 0.0) {
            let (i, j) = (position / self.cols(), position % self.cols());
            let value = self.as_slice()[position];
            return Err(Error::data(format!("clr of {value} in row {i}, column {}", self.column_label(j)))
                .with_hint("logarithms need positive numbers: for counts with zeros, clr(#{ pseudocount: 1 })"));
        }
        let mut logs = shifted.map(f64::ln);
        let cols = self.cols().max(1);
        for row in logs.as_mut_slice().chunks_mut(cols) {
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            row.iter_mut().for_each(|value| *value -= mean);
        }
        Ok(logs)
    }

    /// The `count` columns of largest variance, in their order; ties by position.
    ///
    /// # Errors
    /// Missing values.
    pub fn top_variance(&self, count: usize) -> Result<Self> {
        self.complete("top_variance", 2)?;
        let variances = self.by_column(variance);
        let mut kept: Vec<usize> = order(variances.as_slice(), true).into_iter().take(count).collect();
        kept.sort_unstable();
        self.select(&Selector::from_positions(&kept))
    }

    /// Without the columns whose values are all equal; missing values do not count as values.
    ///
    /// # Errors
    /// Never: the columns exist.
    pub fn drop_constant(&self) -> Result<Self> {
        let varies = |&j: &usize| {
            let mut present = (0..self.rows()).map(|i| self.row_slice(i)[j]).filter(|value| !value.is_nan());
            present.next().is_some_and(|first| present.any(|value| value != first))
        };
        let kept: Vec<usize> = (0..self.cols()).filter(varies).collect();
        self.select(&Selector::from_positions(&kept))
    }

    /// `f` of every column, names kept.
    fn map_columns(&self, ctx: &Context, f: impl Fn(&[f64]) -> Vec<f64>) -> Result<Self> {
        let mut values = ndarray::Array2::zeros((self.rows(), self.cols()));
        for (mut target, source) in values.columns_mut().into_iter().zip(self.view().columns()) {
            ctx.check()?;
            target.assign(&ndarray::Array1::from(f(&source.to_vec())));
        }
        self.with_values(values.into_iter().collect())
    }

    /// Fails where all values of a column are equal; `verb` is for messages.
    pub(crate) fn varying(&self, verb: &str) -> Result<()> {
        let constant = |&j: &usize| (1..self.rows()).all(|i| self.row_slice(i)[j] == self.row_slice(0)[j]);
        match (0..self.cols()).find(constant) {
            Some(j) => Err(Error::data(format!("{verb}: column {} is constant", self.column_label(j)))
                .with_hint("a constant goes with nothing: leave such columns out with drop_constant()")),
            None => Ok(()),
        }
    }

    /// Fails unless there are at least `rows` rows without missing values; `verb` is for messages.
    pub(crate) fn complete(&self, verb: &str, rows: usize) -> Result<()> {
        if self.rows() < rows {
            let error = format!("{verb} needs at least {rows} rows, the data has {}", self.rows());
            return Err(
                Error::data(error).with_hint("rows are samples, columns are variables: perhaps transpose with .t")
            );
        }
        match self.first_non_finite() {
            Some(place) => Err(Error::data(format!("{verb}: the data has {place}")).with_hint(non_finite_hint(&place))),
            None => Ok(()),
        }
    }
}

/// What can be done about a value that is not finite, at a place as [`Matrix::first_non_finite`] tells it.
pub(crate) fn non_finite_hint(place: &str) -> &'static str {
    match place.starts_with("NaN") {
        true => "impute(\"median\") fills missing values in, drop_missing() leaves their rows out",
        false => "leave the row or the column of an infinite value out",
    }
}

/// How the nonparanormal transform treats the extreme ranks (Liu, Lafferty, Wasserman, JMLR 10:2295, 2009).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonparanormal {
    /// Ranks over n + 1.
    Shrinkage,
    /// Ranks over n, kept away from 0 and 1 by 1 / (4 n^(1/4) sqrt(pi log n)).
    Truncation,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_of_columns_keep_names_and_order() {
        let names = crate::data::Names::new(["a", "b", "c"].map(String::from).to_vec(), "columns").unwrap();
        let m = Matrix::from_rows(&[vec![1.0, 5.0, 0.0], vec![1.0, -5.0, 1.0]]).unwrap();
        let m = m.with_names(Some(names)).unwrap();
        assert_eq!(m.top_variance(2).unwrap().names().unwrap().as_slice(), ["b", "c"]);
        assert_eq!(m.drop_constant().unwrap().names().unwrap().as_slice(), ["b", "c"]);
        assert_eq!(m.top_variance(0).unwrap().cols(), 0);
    }

    #[test]
    fn the_nonparanormal_transform_hears_a_stop() {
        let (m, ctx) = (Matrix::from_rows(&[vec![1.0, 5.0], vec![2.0, -5.0]]).unwrap(), Context::new());
        assert!(m.nonparanormal(Nonparanormal::Shrinkage, &ctx).is_ok());
        ctx.cancel_handle().cancel();
        let error = m.nonparanormal(Nonparanormal::Shrinkage, &ctx).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Cancelled);
    }

    #[test]
    fn clr_rows_have_mean_zero_and_zeros_are_explained() {
        let m = Matrix::from_rows(&[vec![1.0, 2.0, 4.0], vec![0.0, 1.0, 1.0]]).unwrap();
        let error = m.clr(0.0).unwrap_err();
        assert!(error.to_string().contains("row 1, column 0") && error.to_string().contains("pseudocount"), "{error}");
        let clr = m.clr(1.0).unwrap();
        assert!(clr.by_row(|row| row.iter().sum()).as_slice().iter().all(|sum| sum.abs() < 1e-14));
        assert!((clr.row_slice(1)[1] - (2.0f64.ln() / 3.0)).abs() < 1e-15);
    }
}
