//! The dense matrix: rows are samples, columns are variables, names travel along.

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::print::{number, table_text};
use super::{Mask, Names, Picked, Selector, Vector};
use crate::engine_type;
use crate::error::{Error, Result};

/// A dense matrix of `f64` in row order, with optional names of rows and columns.
///
/// Clones share the numbers; writing to a shared matrix copies it first, so that values keep value semantics.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// Always in standard (C) layout.
    values: Arc<Array2<f64>>,
    row_names: Option<Names>,
    names: Option<Names>,
}

engine_type!(Matrix, "Matrix", saved);

impl PartialEq for Matrix {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values && self.row_names == other.row_names && self.names == other.names
    }
}

impl From<Array2<f64>> for Matrix {
    fn from(values: Array2<f64>) -> Self {
        let values = if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        Self { values: Arc::new(values), row_names: None, names: None }
    }
}

impl Matrix {
    /// A matrix from numbers in row order.
    ///
    /// # Errors
    /// When there are not `rows` x `cols` numbers.
    pub fn from_vec(rows: usize, cols: usize, numbers: Vec<f64>) -> Result<Self> {
        let count = numbers.len();
        Array2::from_shape_vec((rows, cols), numbers)
            .map(Self::from)
            .map_err(|_| Error::shape(format!("{count} numbers do not fill a matrix of {rows} x {cols}")))
    }

    /// A matrix from its rows.
    ///
    /// # Errors
    /// When the rows differ in length.
    pub fn from_rows(rows: &[Vec<f64>]) -> Result<Self> {
        let cols = rows.first().map_or(0, Vec::len);
        if let Some((i, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != cols) {
            return Err(Error::shape(format!("row {i} has {} entries, row 0 has {cols}", row.len())));
        }
        Self::from_vec(rows.len(), cols, rows.concat())
    }

    /// A matrix whose entry (i, j) is `f(i, j)`.
    pub fn from_fn(rows: usize, cols: usize, mut f: impl FnMut(usize, usize) -> f64) -> Self {
        Self::from(Array2::from_shape_fn((rows, cols), |(i, j)| f(i, j)))
    }

    /// The same numbers with these column names.
    ///
    /// # Errors
    /// When there is not one name a column.
    pub fn with_names(mut self, names: Option<Names>) -> Result<Self> {
        check_names(names.as_ref(), self.cols(), "columns")?;
        self.names = names;
        Ok(self)
    }

    /// The same numbers with these row names.
    ///
    /// # Errors
    /// When there is not one name a row.
    pub fn with_row_names(mut self, names: Option<Names>) -> Result<Self> {
        check_names(names.as_ref(), self.rows(), "rows")?;
        self.row_names = names;
        Ok(self)
    }

    /// A p x p result about variables of these names: they name rows and columns.
    pub(crate) fn square(values: Array2<f64>, names: Option<&Names>) -> Self {
        let names = names.filter(|names| names.len() == values.nrows()).cloned();
        Self { row_names: names.clone(), names, ..Self::from(values) }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.nrows()
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.values.ncols()
    }

    /// Column names.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// Row names.
    pub fn row_names(&self) -> Option<&Names> {
        self.row_names.as_ref()
    }

    /// The numbers.
    pub fn view(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// The numbers in row order.
    pub fn as_slice(&self) -> &[f64] {
        #[allow(clippy::expect_used)] // every constructor brings the numbers into standard layout
        self.values.as_slice().expect("standard layout")
    }

    /// The numbers in row order, to write to.
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        #[allow(clippy::expect_used)] // every constructor brings the numbers into standard layout
        Arc::make_mut(&mut self.values).as_slice_mut().expect("standard layout")
    }

    /// Whether others have the same numbers, so that the first change copies them.
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.values) > 1
    }

    /// The numbers as an array of its own, without copying where nobody else holds them.
    pub fn into_array(self) -> Array2<f64> {
        Arc::try_unwrap(self.values).unwrap_or_else(|shared| (*shared).clone())
    }

    /// Row `i` in order of columns. Panics outside, like a slice.
    pub fn row_slice(&self, i: usize) -> &[f64] {
        let cols = self.cols();
        &self.as_slice()[i * cols..(i + 1) * cols]
    }

    /// One entry; negative positions count from the end.
    pub fn get(&self, row: i64, col: i64) -> Result<f64> {
        // What loops ask for: one comparison a position, which negative ones fail.
        if let (Ok(i), Ok(j)) = (usize::try_from(row), usize::try_from(col))
            && let Some(value) = self.values.get((i, j))
        {
            return Ok(*value);
        }
        let i = single(Selector::Position(row).pick(self.rows(), None, "row")?);
        let j = single(Selector::Position(col).pick(self.cols(), None, "column")?);
        Ok(self.values[(i, j)])
    }

    /// The positions of rows and columns that two selectors stand for.
    pub fn locate(&self, rows: &Selector, cols: &Selector) -> Result<(Picked, Picked)> {
        Ok((
            rows.pick(self.rows(), self.row_names.as_ref(), "row")?,
            cols.pick(self.cols(), self.names.as_ref(), "column")?,
        ))
    }

    /// The matrix of these rows and columns.
    #[must_use]
    pub fn pick(&self, rows: &[usize], cols: &[usize]) -> Self {
        Self {
            values: Arc::new(Array2::from_shape_fn((rows.len(), cols.len()), |(i, j)| self.values[(rows[i], cols[j])])),
            row_names: self.row_names.as_ref().map(|names| names.pick(rows)),
            names: self.names.as_ref().map(|names| names.pick(cols)),
        }
    }

    /// The matrix of these columns, with all rows.
    ///
    /// # Errors
    /// An unknown column.
    pub fn select(&self, cols: &Selector) -> Result<Self> {
        let picked = cols.pick(self.cols(), self.names.as_ref(), "column")?;
        Ok(self.pick(&(0..self.rows()).collect::<Vec<_>>(), picked.positions()))
    }

    /// The first `count` rows; from the end for a negative count, as `head(-1)` leaves out the last row.
    #[must_use]
    pub fn head(&self, count: i64) -> Self {
        self.row_range(0, head_end(self.rows(), count))
    }

    /// The last `count` rows.
    #[must_use]
    pub fn tail(&self, count: i64) -> Self {
        self.row_range(self.rows() - head_end(self.rows(), count), self.rows())
    }

    fn row_range(&self, from: usize, to: usize) -> Self {
        let positions: Vec<usize> = (from..to).collect();
        Self {
            values: Arc::new(self.values.slice_axis(Axis(0), ndarray::Slice::from(from..to)).to_owned()),
            row_names: self.row_names.as_ref().map(|names| names.pick(&positions)),
            names: self.names.clone(),
        }
    }

    /// Row `i` as a vector that carries the column names.
    pub fn row(&self, i: usize) -> Vector {
        Vector::from(self.values.row(i).to_vec()).named(self.names.clone())
    }

    /// Column `j` as a vector that carries the row names.
    pub fn col(&self, j: usize) -> Vector {
        Vector::from(self.values.column(j).to_vec()).named(self.row_names.clone())
    }

    /// The diagonal.
    pub fn diagonal(&self) -> Vector {
        Vector::from(self.values.diag().to_vec()).named(self.names.clone().filter(|_| self.rows() == self.cols()))
    }

    /// Writes `value` to every entry of these rows and columns.
    pub fn fill(&mut self, rows: &[usize], cols: &[usize], value: f64) {
        let width = self.cols();
        let numbers = self.as_mut_slice();
        for &i in rows {
            for &j in cols {
                numbers[i * width + j] = value;
            }
        }
    }

    /// Writes a list of numbers, in row order, to these rows and columns.
    ///
    /// # Errors
    /// When the count differs.
    pub fn assign(&mut self, rows: &[usize], cols: &[usize], values: &[f64]) -> Result<()> {
        if values.len() != rows.len() * cols.len() {
            return Err(Error::shape(format!(
                "{} numbers for a block of {} x {}",
                values.len(),
                rows.len(),
                cols.len()
            )));
        }
        let width = self.cols();
        let numbers = self.as_mut_slice();
        for (&i, block_row) in rows.iter().zip(values.chunks(cols.len().max(1))) {
            for (&j, &value) in cols.iter().zip(block_row) {
                numbers[i * width + j] = value;
            }
        }
        Ok(())
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transpose(&self) -> Self {
        Self {
            values: Arc::new(self.values.t().as_standard_layout().into_owned()),
            row_names: self.names.clone(),
            names: self.row_names.clone(),
        }
    }

    /// `f` of every entry, names kept.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { values: Arc::new(self.values.mapv(f)), ..self.clone() }
    }

    /// Other numbers in the same shape, names kept.
    ///
    /// # Errors
    /// When there are not as many.
    pub fn with_values(&self, numbers: Vec<f64>) -> Result<Self> {
        let values = Self::from_vec(self.rows(), self.cols(), numbers)?.values;
        Ok(Self { values, ..self.clone() })
    }

    /// `f` of the entries of two matrices of the same shape; names from the first that has them.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Result<Self> {
        if self.values.dim() != other.values.dim() {
            return Err(self.mismatch(other.rows(), other.cols()));
        }
        let values = self.as_slice().iter().zip(other.as_slice()).map(|(&a, &b)| f(a, b)).collect();
        let mut result = Self::from_vec(self.rows(), self.cols(), values)?;
        result.names = self.names.clone().or_else(|| other.names.clone());
        result.row_names = self.row_names.clone().or_else(|| other.row_names.clone());
        Ok(result)
    }

    /// `f` of every entry and the vector's element of its column: the vector stands for a row.
    ///
    /// # Errors
    /// When the vector does not have one element a column.
    pub fn zip_rows(&self, row: &Vector, f: impl Fn(f64, f64) -> f64) -> Result<Self> {
        if row.len() != self.cols() {
            let error = Error::shape(format!(
                "a vector of {} against a matrix of {} x {}: a vector stands for a row",
                row.len(),
                self.rows(),
                self.cols()
            ));
            return Err(if row.len() == self.rows() {
                error.with_hint("for a column, transpose: (m.t - v).t")
            } else {
                error
            });
        }
        let mut values = (*self.values).clone();
        for mut line in values.rows_mut() {
            line.iter_mut().zip(row.as_slice()).for_each(|(entry, &element)| *entry = f(*entry, element));
        }
        Ok(Self { values: Arc::new(values), ..self.clone() })
    }

    /// One truth value an entry.
    pub fn mask(&self, f: impl Fn(f64) -> bool) -> Mask {
        Mask::matrix(self.rows(), self.cols(), self.as_slice().iter().map(|&value| f(value)).collect())
    }

    /// The error for another matrix of the wrong shape.
    pub(crate) fn mismatch(&self, rows: usize, cols: usize) -> Error {
        Error::shape(format!("a matrix of {} x {} against one of {rows} x {cols}", self.rows(), self.cols()))
    }

    /// `f` of every column, as a vector with the column names.
    pub fn by_column(&self, mut f: impl FnMut(&[f64]) -> f64) -> Vector {
        let values = self.values.axis_iter(Axis(1)).map(|col| f(&col.to_vec())).collect::<Vec<f64>>();
        Vector::from(values).named(self.names.clone())
    }

    /// `f` of every row, as a vector with the row names.
    pub fn by_row(&self, f: impl FnMut(&[f64]) -> f64) -> Vector {
        // Also rows without entries are rows.
        let values = (0..self.rows()).map(|i| self.row_slice(i)).map(f).collect::<Vec<f64>>();
        Vector::from(values).named(self.row_names.clone())
    }

    /// Matrices of equal width under each other; columns keep the first matrix' names.
    ///
    /// # Errors
    /// When the widths differ.
    pub fn vstack(parts: &[Self]) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Ok(Self::from(Array2::zeros((0, 0))));
        };
        if let Some(other) = parts.iter().find(|part| part.cols() != first.cols()) {
            return Err(first.mismatch(other.rows(), other.cols()).with_hint("vstack needs equal numbers of columns"));
        }
        let views: Vec<_> = parts.iter().map(Self::view).collect();
        let values = ndarray::concatenate(Axis(0), &views).map_err(|error| Error::shape(error.to_string()))?;
        Self::from(values).with_names(first.names.clone())
    }

    /// Matrices of equal height beside each other; columns keep their names where all have some.
    ///
    /// # Errors
    /// When the heights differ, or a name occurs twice.
    pub fn hstack(parts: &[Self]) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Ok(Self::from(Array2::zeros((0, 0))));
        };
        if let Some(other) = parts.iter().find(|part| part.rows() != first.rows()) {
            return Err(first.mismatch(other.rows(), other.cols()).with_hint("hstack needs equal numbers of rows"));
        }
        let views: Vec<_> = parts.iter().map(Self::view).collect();
        let values = ndarray::concatenate(Axis(1), &views).map_err(|error| Error::shape(error.to_string()))?;
        let lists: Option<Vec<&Names>> = parts.iter().map(Self::names).collect();
        let names = lists
            .map(|lists| Names::new(lists.iter().flat_map(|names| names.iter().map(String::from)).collect(), "columns"))
            .transpose()?;
        Self::from(values).with_names(names)?.with_row_names(first.row_names.clone())
    }

    /// Whether every entry is a finite number; if not, where the first is that is not, as a message shows it.
    pub fn first_non_finite(&self) -> Option<String> {
        let position = self.as_slice().iter().position(|value| !value.is_finite())?;
        let (i, j) = (position / self.cols(), position % self.cols());
        let row = self.row_names.as_ref().map_or_else(|| i.to_string(), |names| format!("'{}'", names.get(i)));
        Some(format!("{} in row {row}, column {}", number(self.as_slice()[position]), self.column_label(j)))
    }

    /// How a message calls column `j`: by name where there is one.
    pub fn column_label(&self, j: usize) -> String {
        self.names.as_ref().map_or_else(|| j.to_string(), |names| format!("'{}'", names.get(j)))
    }

    /// As JSON: `{"rows", "cols", "names", "row_names", "data": [[..]]}`, NaN and infinities as null.
    pub fn to_json(&self) -> serde_json::Value {
        let data: Vec<&[f64]> = (0..self.rows()).map(|i| self.row_slice(i)).collect();
        serde_json::json!({
            "rows": self.rows(), "cols": self.cols(), "names": self.names.as_ref().map(Names::as_slice),
            "row_names": self.row_names.as_ref().map(Names::as_slice), "data": data,
        })
    }

    /// The mean of every column.
    pub fn column_means(&self) -> Vec<f64> {
        let count = self.rows().max(1) as f64;
        let mut rough = Array1::<f64>::zeros(self.cols());
        for row in self.values.rows() {
            rough += &row;
        }
        rough /= count;
        // What rounding has left out: the mean of equal numbers is that number.
        let mut rest = Array1::<f64>::zeros(self.cols());
        for row in self.values.rows() {
            rest += &(&row - &rough);
        }
        let refined = rough.iter().zip(&rest).map(|(rough, rest)| (rough, rest / count));
        refined.map(|(rough, rest)| if rest.is_finite() { rough + rest } else { *rough }).collect()
    }
}

fn check_names(names: Option<&Names>, len: usize, what: &str) -> Result<()> {
    match names {
        Some(names) if names.len() != len => Err(Error::shape(format!("{} names for {len} {what}", names.len()))),
        _ => Ok(()),
    }
}

fn single(picked: Picked) -> usize {
    picked.positions()[0]
}

fn head_end(len: usize, count: i64) -> usize {
    let count = if count < 0 { count.saturating_add(len as i64).max(0) } else { count };
    (count as usize).min(len)
}

impl std::fmt::Display for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heading = |j: usize| self.names.as_ref().map_or_else(|| j.to_string(), |names| names.get(j).to_string());
        let row_name =
            |i: usize| self.row_names.as_ref().map_or_else(|| i.to_string(), |names| names.get(i).to_string());
        writeln!(f, "Matrix {} x {}", self.rows(), self.cols())?;
        let cell = |i: usize, j: usize| number(self.values[(i, j)]);
        f.write_str(&table_text(self.rows(), self.cols(), heading, row_name, cell))
    }
}
