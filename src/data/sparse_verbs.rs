//! Sums, moments and preparation of sparse matrices, each from the entries alone that are not 0.

use super::prepare::non_finite_hint;
use super::print::number;
use super::sparse_entries::{Collect, Triplets};
use super::summary::order;
use super::{Matrix, SparseMatrix, Vector};
use crate::context::Context;
use crate::error::{Error, Result};

/// What a number is computed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// Of everything.
    All,
    /// Of each column.
    Columns,
    /// Of each row.
    Rows,
}

impl SparseMatrix {
    /// The sum of everything, of each column or of each row.
    pub fn sums(&self, of: Lines) -> Vector {
        self.named(of, self.totals(of, |_, value| value))
    }

    /// The means; NaN of nothing.
    pub fn means(&self, of: Lines) -> Vector {
        self.named(of, self.centers(of))
    }

    /// The variances of samples, divided by n - 1; NaN of fewer than two numbers.
    pub fn variances(&self, of: Lines) -> Vector {
        let centers = self.centers(of);
        let squares = self.totals(of, |line, value| (value - centers[line]).powi(2));
        let zeros = self.zeros(of);
        let count = self.count(of);
        let each = squares.iter().zip(&zeros).zip(&centers);
        let variance =
            |((square, zeros), center): ((&f64, &f64), &f64)| (square + zeros * center * center) / (count - 1.0);
        self.named(of, each.map(variance).collect())
    }

    /// Numbers of which a line consists.
    fn count(&self, of: Lines) -> f64 {
        match of {
            Lines::All => self.rows() as f64 * self.cols() as f64,
            Lines::Columns => self.rows() as f64,
            Lines::Rows => self.cols() as f64,
        }
    }

    /// How many numbers of each line are 0.
    fn zeros(&self, of: Lines) -> Vec<f64> {
        let count = self.count(of);
        self.totals(of, |_, _| 1.0).into_iter().map(|entries| count - entries).collect()
    }

    fn centers(&self, of: Lines) -> Vec<f64> {
        let count = self.count(of);
        let rough: Vec<f64> = self.totals(of, |_, value| value).into_iter().map(|sum| sum / count).collect();
        // What rounding has left out, as for dense data.
        let rests = self.totals(of, |line, value| value - rough[line]);
        let refined = |((rough, rest), zeros): ((&f64, f64), f64)| {
            let rest = (rest - zeros * rough) / count;
            if rest.is_finite() { rough + rest } else { *rough }
        };
        rough.iter().zip(rests).zip(self.zeros(of)).map(refined).collect()
    }

    /// The sum of `term` (of line and number) over the entries of each line.
    fn totals(&self, of: Lines, term: impl Fn(usize, f64) -> f64) -> Vec<f64> {
        let lines = match of {
            Lines::All => 1,
            Lines::Columns => self.cols(),
            Lines::Rows => self.rows(),
        };
        let mut totals = vec![0.0; lines];
        for j in 0..self.cols() {
            for (i, value) in self.column(j) {
                let line = match of {
                    Lines::All => 0,
                    Lines::Columns => j,
                    Lines::Rows => i,
                };
                totals[line] += term(line, value);
            }
        }
        totals
    }

    fn named(&self, of: Lines, values: Vec<f64>) -> Vector {
        Vector::from(values).named(match of {
            Lines::All => None,
            Lines::Columns => self.names().cloned(),
            Lines::Rows => self.row_names().cloned(),
        })
    }

    /// log(1 + x) of every entry.
    ///
    /// # Errors
    /// An entry of -1 or less, by place.
    pub fn log1p(&self) -> Result<Self> {
        match self.find(|value| value <= -1.0) {
            Some((i, j, value)) => {
                let place = format!("row {}, column {}", self.row_label(i), self.column_label(j));
                Err(Error::data(format!("log1p of {value} in {place}")).with_hint("log1p needs values above -1"))
            }
            None => Ok(self.map_columns(0..self.cols(), |_, value| value.ln_1p())),
        }
    }

    /// The `count` columns of largest variance, in their order; ties by position.
    ///
    /// # Errors
    /// Missing and infinite values, by place; fewer than two rows.
    pub fn top_variance(&self, count: usize) -> Result<Self> {
        if self.rows() < 2 {
            return Err(Error::data(format!("top_variance needs at least 2 rows, the data has {}", self.rows())));
        }
        if let Some((i, j, value)) = self.find(|value| !value.is_finite()) {
            let (value, row) = (number(value), self.row_label(i));
            let place = format!("{value} in row {row}, column {}", self.column_label(j));
            return Err(Error::data(format!("top_variance: the data has {place}")).with_hint(non_finite_hint(&place)));
        }
        let mut kept: Vec<usize> =
            order(self.variances(Lines::Columns).as_slice(), true).into_iter().take(count).collect();
        kept.sort_unstable();
        Ok(self.pick_columns(&kept))
    }

    /// Without the columns whose values are all equal; missing values do not count as values.
    #[must_use]
    pub fn drop_constant(&self) -> Self {
        let varies = |&j: &usize| {
            let has_zeros = self.column(j).len() < self.rows();
            let mut present = self.column(j).map(|(_, value)| value).filter(|value| !value.is_nan());
            present.next().is_some_and(|first| has_zeros || present.any(|value| value != first))
        };
        self.pick_columns(&(0..self.cols()).filter(varies).collect::<Vec<_>>())
    }

    /// The first entry, column by column, for which `is_wanted`: row, column and number.
    fn find(&self, is_wanted: impl Fn(f64) -> bool) -> Option<(usize, usize, f64)> {
        (0..self.cols()).find_map(|j| {
            let entry = self.column(j).find(|&(_, value)| is_wanted(value));
            entry.map(|(i, value)| (i, j, value))
        })
    }
}

impl Matrix {
    /// The entries that are not 0.
    ///
    /// # Errors
    /// More than 2^32 - 1 rows or columns, memory, limits of the context.
    pub fn sparse(&self, ctx: &Context) -> Result<SparseMatrix> {
        let mut whole = Triplets::begin(self.rows(), self.cols(), ctx)?;
        for i in 0..self.rows() {
            let row = self.row_slice(i);
            whole.make_room(row.iter().filter(|&&value| value != 0.0).count(), ctx)?;
            row.iter().enumerate().for_each(|(j, &value)| whole.add(i, j, value));
        }
        whole.end(self.row_names().cloned(), self.names().cloned(), ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::summary;

    type Dense = fn(&[f64]) -> f64;
    type Sparse = fn(&SparseMatrix, Lines) -> Vector;

    fn close(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= 1e-14 * b.abs().max(1.0) || (a.is_nan() && b.is_nan()), "{a} {b}");
        }
    }

    #[test]
    fn moments_are_those_of_the_dense_matrix() {
        let ctx = Context::new();
        for rows in [1, 7] {
            let m = Matrix::from_fn(rows, 5, |i, j| if (i * 5 + j) % 3 == 0 { 0.1 * (i + j) as f64 } else { 0.0 });
            let x = m.sparse(&ctx).unwrap();
            let pairs: [(Dense, Sparse); 3] = [
                (summary::sum, SparseMatrix::sums),
                (summary::mean, SparseMatrix::means),
                (summary::variance, SparseMatrix::variances),
            ];
            for (f, sparse) in pairs {
                close(sparse(&x, Lines::Columns).as_slice(), m.by_column(f).as_slice());
                close(sparse(&x, Lines::Rows).as_slice(), m.by_row(f).as_slice());
                close(sparse(&x, Lines::All).as_slice(), &[f(m.as_slice())]);
            }
        }
    }

    #[test]
    fn preparation_is_that_of_the_dense_matrix() {
        let ctx = Context::new();
        let rows =
            [[0.0, 3.0, 0.0, 5.0, 1.0, f64::NAN], [0.0, 3.0, 2.0, 0.0, 9.0, 4.0], [0.0, 3.0, 0.0, 0.0, 1.0, 4.0]];
        let m = Matrix::from_fn(3, 6, |i, j| rows[i][j]);
        let x = m.sparse(&ctx).unwrap();
        assert_eq!(x.drop_constant().matrix(&ctx).unwrap(), m.drop_constant().unwrap());
        assert_eq!(x.drop_constant().cols(), 3);
        let error = x.top_variance(2).unwrap_err();
        assert_eq!(error, m.top_variance(2).unwrap_err());
        let (x, m) = (x.pick(&[0, 1, 2], &[0, 1, 2, 3, 4]), m.pick(&[0, 1, 2], &[0, 1, 2, 3, 4]));
        for count in [0, 2, 9] {
            assert_eq!(x.top_variance(count).unwrap().matrix(&ctx).unwrap(), m.top_variance(count).unwrap());
        }
        assert_eq!(x.log1p().unwrap().matrix(&ctx).unwrap(), m.log1p().unwrap());
        let negative = m.map(|value| -value).sparse(&ctx).unwrap();
        assert!(negative.log1p().unwrap_err().message().contains("log1p of -3 in row 0, column 1"));
    }
}
