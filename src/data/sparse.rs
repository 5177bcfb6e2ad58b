//! The sparse matrix: counts of single cells, most of which are 0.

use std::sync::Arc;

use super::print::{number, table_text};
use super::saved::{broken, count_from_json, names_from_json, number_to_json, numbers_from_json, part};
use super::sparse_entries::{Collect, Columns, Triplets, check_size, grouped};
use super::{Matrix, Names, Picked, Selector, Vector};
use crate::context::{Context, Reservation};
use crate::engine_type;
use crate::error::{Error, ErrorKind, Result};

/// Entries between two looks at the context.
const PIECE: usize = 1024;

/// A matrix of which the entries alone are held that are not 0, with optional names of rows and columns. Rows are cells,
/// columns are genes, and a column is quickly found.
///
/// An entry takes 8 bytes as long as all of them are exact in single precision, as counts up to 2^24 are, and 12 bytes
/// otherwise: no number is ever rounded. Clones share the entries.
///
/// ```
/// use sinew::{Context, Matrix};
/// let ctx = Context::new();
/// let dense = Matrix::from_rows(&[vec![0.0, 3.0, 0.0], vec![1.0, 0.0, 0.0]])?;
/// let counts = dense.sparse(&ctx)?;
/// assert_eq!((counts.rows(), counts.cols(), counts.nnz()), (2, 3, 2));
/// assert_eq!(counts.column(1).collect::<Vec<_>>(), [(0, 3.0)]);
/// assert_eq!(counts.matrix(&ctx)?, dense);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SparseMatrix {
    rows: usize,
    columns: Arc<Columns>,
    row_names: Option<Names>,
    names: Option<Names>,
}

engine_type!(SparseMatrix, "SparseMatrix", saved);

impl SparseMatrix {
    /// A matrix from (row, column, number), in any order; numbers of one place add up.
    ///
    /// # Errors
    /// A place outside, more than 2^32 - 1 rows or columns, memory.
    pub fn from_triplets(
        rows: usize,
        cols: usize,
        entries: impl IntoIterator<Item = (usize, usize, f64)>,
        ctx: &Context,
    ) -> Result<Self> {
        let mut whole = Triplets::begin(rows, cols, ctx)?;
        for (count, (row, col, value)) in entries.into_iter().enumerate() {
            if count % PIECE == 0 {
                whole.make_room(PIECE, ctx)?;
            }
            if row >= rows || col >= cols {
                return Err(Error::index(format!("entry ({row}, {col}) of a matrix of {rows} x {cols}")));
            }
            whole.add(row, col, value);
        }
        whole.end(None, None, ctx)
    }

    pub(super) fn of_columns(rows: usize, columns: Columns) -> Self {
        Self { rows, columns: Arc::new(columns), row_names: None, names: None }
    }

    /// The same entries with these column names.
    ///
    /// # Errors
    /// When there is not one name a column.
    pub fn with_names(self, names: Option<Names>) -> Result<Self> {
        check_names(names.as_ref(), self.cols(), "columns")?;
        Ok(Self { names, ..self })
    }

    /// The same entries with these row names.
    ///
    /// # Errors
    /// When there is not one name a row.
    pub fn with_row_names(self, row_names: Option<Names>) -> Result<Self> {
        check_names(row_names.as_ref(), self.rows, "rows")?;
        Ok(Self { row_names, ..self })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.columns.len()
    }

    /// Number of entries that are not 0; missing numbers are not.
    pub fn nnz(&self) -> usize {
        self.columns.entries()
    }

    /// The share of the entries that are not 0; of no entries, 0.
    pub fn density(&self) -> f64 {
        self.nnz() as f64 / (self.rows as f64 * self.cols() as f64).max(1.0)
    }

    /// Column names.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// Row names.
    pub fn row_names(&self) -> Option<&Names> {
        self.row_names.as_ref()
    }

    /// The entries of column `j` that are not 0, as (row, number), rows ascending. Panics outside, like a slice.
    pub fn column(&self, j: usize) -> impl ExactSizeIterator<Item = (usize, f64)> + Clone {
        let entries = self.columns.starts()[j]..self.columns.starts()[j + 1];
        entries.map(move |entry| (self.columns.rows()[entry] as usize, self.columns.value(entry)))
    }

    /// The number in row `i` and column `j`. Panics outside, like a slice.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let start = self.columns.starts()[j];
        let rows = &self.columns.rows()[start..self.columns.starts()[j + 1]];
        let found = rows.binary_search_by(|&row| (row as usize).cmp(&i));
        found.map_or(0.0, |entry| self.columns.value(start + entry))
    }

    /// The positions of rows and columns that two selectors stand for.
    ///
    /// # Errors
    /// A position outside, an unknown name.
    pub fn locate(&self, rows: &Selector, cols: &Selector) -> Result<(Picked, Picked)> {
        Ok((
            rows.pick(self.rows, self.row_names.as_ref(), "row")?,
            cols.pick(self.cols(), self.names.as_ref(), "column")?,
        ))
    }

    /// The memory for something about every row and every column, which is in the way of most verbs. The rows of a matrix
    /// take none, so that a file of a few bytes may have billions.
    ///
    /// # Errors
    /// When the memory budget does not have it.
    pub(crate) fn room_for_lines(&self, ctx: &Context) -> Result<Reservation> {
        const LINE: usize = 3 * size_of::<usize>();
        ctx.reserve(self.rows.saturating_add(self.cols()).saturating_mul(LINE))
    }

    /// How many entries picking these columns, and then these rows of them, makes together.
    pub(crate) fn picked_entries(&self, rows: &[usize], cols: &[usize]) -> usize {
        let mut times = vec![0usize; self.rows];
        rows.iter().for_each(|&row| times[row] += 1);
        let of_column = |&j: &usize| -> usize { self.column(j).map(|(row, _)| times[row] + 1).sum() };
        // A column that is named again has as many again.
        let mut known: Vec<Option<usize>> = vec![None; self.cols()];
        let entries = cols.iter().map(|j| *known[*j].get_or_insert_with(|| of_column(j)));
        entries.fold(0, usize::saturating_add)
    }

    /// The matrix of these rows and columns, in this order.
    #[must_use]
    pub fn pick(&self, rows: &[usize], cols: &[usize]) -> Self {
        self.pick_columns(cols).pick_rows(rows)
    }

    /// The matrix of these columns, with all rows.
    ///
    /// # Errors
    /// An unknown column.
    pub fn select(&self, cols: &Selector) -> Result<Self> {
        Ok(self.pick_columns(cols.pick(self.cols(), self.names.as_ref(), "column")?.positions()))
    }

    /// The first `count` rows; from the end for a negative count, as `head(-1)` leaves out the last row.
    #[must_use]
    pub fn head(&self, count: i64) -> Self {
        let kept = if count < 0 { count.saturating_add(self.rows as i64).max(0) } else { count };
        self.pick_rows(&(0..self.rows.min(kept as usize)).collect::<Vec<_>>())
    }

    /// The matrix of these columns, with all rows.
    pub(super) fn pick_columns(&self, cols: &[usize]) -> Self {
        let names = self.names.as_ref().map(|names| names.pick(cols));
        Self { names, ..self.map_columns(cols.iter().copied(), |_, value| value) }
    }

    /// The matrix of these rows, with all columns.
    pub(super) fn pick_rows(&self, rows: &[usize]) -> Self {
        let (starts, places) = grouped(self.rows, rows.iter().copied());
        let mut columns = Columns::with_capacity(self.cols());
        let mut column = Vec::new();
        for j in 0..self.cols() {
            column.clear();
            for (row, value) in self.column(j) {
                column.extend(places[starts[row]..starts[row + 1]].iter().map(|&place| (place as u32, value)));
            }
            columns.push(&mut column);
        }
        let row_names = self.row_names.as_ref().map(|names| names.pick(rows));
        Self { rows: rows.len(), columns: Arc::new(columns), row_names, names: self.names.clone() }
    }

    /// These columns with `f` of every entry (row and number), which gives 0 for what is no longer held. The column names
    /// are those of all columns.
    pub(super) fn map_columns(&self, cols: impl Iterator<Item = usize>, f: impl Fn(usize, f64) -> f64) -> Self {
        let mut columns = Columns::with_capacity(cols.size_hint().0);
        let mut column = Vec::new();
        for j in cols {
            column.clear();
            column.extend(self.column(j).map(|(row, value)| (row as u32, f(row, value))));
            columns.push(&mut column);
        }
        Self { columns: Arc::new(columns), ..self.clone() }
    }

    /// Row `i` as a vector that carries the column names. Panics outside, like a slice.
    pub fn row(&self, i: usize) -> Vector {
        Vector::from((0..self.cols()).map(|j| self.at(i, j)).collect::<Vec<f64>>()).named(self.names.clone())
    }

    /// Column `j` as a vector that carries the row names. Panics outside, like a slice.
    pub fn col(&self, j: usize) -> Vector {
        let mut values = vec![0.0; self.rows];
        self.column(j).for_each(|(row, value)| values[row] = value);
        Vector::from(values).named(self.row_names.clone())
    }

    /// Rows and columns exchanged.
    ///
    /// # Errors
    /// Memory, limits of the context.
    pub fn transpose(&self, ctx: &Context) -> Result<Self> {
        let mut whole = Triplets::begin(self.cols(), self.rows, ctx)?;
        whole.make_room(self.nnz(), ctx)?;
        for j in 0..self.cols() {
            self.column(j).for_each(|(row, value)| whole.add(j, row, value));
        }
        whole.end(self.names.clone(), self.row_names.clone(), ctx)
    }

    /// The dense matrix.
    ///
    /// # Errors
    /// When it does not fit into the memory budget: what it takes, and how to make it smaller.
    pub fn matrix(&self, ctx: &Context) -> Result<Matrix> {
        let (rows, cols) = (self.rows, self.cols());
        let _held = ctx.reserve_matrices(1, rows, cols).map_err(|error| match error.kind() {
            ErrorKind::Memory => error
                .at(format!("made dense, this SparseMatrix is {rows} x {cols} numbers"))
                .with_hint("make it smaller, by x.top_variance(2000) or x.select([..]); or a larger --memory-limit"),
            _ => error,
        })?;
        let mut values = vec![0.0; rows * cols];
        for j in 0..cols {
            ctx.check()?;
            self.column(j).for_each(|(row, value)| values[row * cols + j] = value);
        }
        Matrix::from_vec(rows, cols, values)?.with_names(self.names.clone())?.with_row_names(self.row_names.clone())
    }

    /// How a message calls column `j`: by name where there is one.
    pub(super) fn column_label(&self, j: usize) -> String {
        self.names.as_ref().map_or_else(|| j.to_string(), |names| format!("'{}'", names.get(j)))
    }

    /// How a message calls row `i`: by name where there is one.
    pub(super) fn row_label(&self, i: usize) -> String {
        self.row_names.as_ref().map_or_else(|| i.to_string(), |names| format!("'{}'", names.get(i)))
    }

    /// As JSON: `{"rows", "cols", "names", "row_names", "starts", "positions", "data"}`. Column j has the numbers
    /// `data[starts[j]..starts[j + 1]]` in the rows `positions[starts[j]..starts[j + 1]]`; NaN and infinities are null.
    pub fn to_json(&self) -> serde_json::Value {
        let values = (0..self.nnz()).map(|entry| self.columns.value(entry));
        serde_json::json!({
            "rows": self.rows, "cols": self.cols(), "names": self.names().map(Names::as_slice),
            "row_names": self.row_names().map(Names::as_slice), "starts": self.columns.starts(),
            "positions": self.columns.rows(), "data": values.collect::<Vec<f64>>(),
        })
    }

    /// As it is saved.
    pub fn to_saved_json(&self) -> serde_json::Value {
        let mut json = self.to_json();
        json["type"] = "SparseMatrix".into();
        json["data"] = (0..self.nnz()).map(|entry| number_to_json(self.columns.value(entry))).collect();
        json
    }

    /// The matrix that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &serde_json::Value) -> Result<Self> {
        let (rows, cols) = (count_from_json(json, "rows")?, count_from_json(json, "cols")?);
        check_size(rows, cols)?;
        let values = numbers_from_json(part(json, "data")?, "\"data\"")?;
        let starts = counts(json, "starts", values.len() + 1)?;
        let positions = counts(json, "positions", rows)?;
        let is_whole = starts.first() == Some(&0) && starts.last() == Some(&values.len()) && starts.is_sorted();
        if !is_whole || starts.len() != cols + 1 || positions.len() != values.len() {
            return Err(broken("its columns do not go together"));
        }
        let mut columns = Columns::with_capacity(cols);
        for range in starts.windows(2) {
            let entries = range[0]..range[1];
            columns.push(&mut entries.map(|entry| (positions[entry] as u32, values[entry])).collect::<Vec<_>>());
        }
        Self::of_columns(rows, columns)
            .with_names(names_from_json(json, "names")?)?
            .with_row_names(names_from_json(json, "row_names")?)
    }
}

/// A list of whole numbers below a bound.
fn counts(json: &serde_json::Value, key: &str, bound: usize) -> Result<Vec<usize>> {
    let wrong = || broken(&format!("\"{key}\" is not a list of positions"));
    let count = |item: &serde_json::Value| {
        let count = item.as_u64().and_then(|count| usize::try_from(count).ok());
        count.filter(|&count| count < bound).ok_or_else(wrong)
    };
    part(json, key)?.as_array().ok_or_else(wrong)?.iter().map(count).collect()
}

fn check_names(names: Option<&Names>, len: usize, what: &str) -> Result<()> {
    match names {
        Some(names) if names.len() != len => Err(Error::shape(format!("{} names for {len} {what}", names.len()))),
        _ => Ok(()),
    }
}

impl std::fmt::Display for SparseMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let heading = |j: usize| self.names.as_ref().map_or_else(|| j.to_string(), |names| names.get(j).to_string());
        let row_name =
            |i: usize| self.row_names.as_ref().map_or_else(|| i.to_string(), |names| names.get(i).to_string());
        let (rows, cols, nnz) = (self.rows, self.cols(), self.nnz());
        writeln!(f, "SparseMatrix {rows} x {cols}, {nnz} not 0, density {}", number(self.density()))?;
        f.write_str(&table_text(rows, cols, heading, row_name, |i, j| number(self.at(i, j))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Option<Names> {
        Some(Names::new(list.iter().map(ToString::to_string).collect(), "names").unwrap())
    }

    /// 3 x 4, with names, an empty row and an empty column.
    fn dense() -> Matrix {
        let rows = [vec![0.0, 2.0, 0.0, 0.5], vec![0.0; 4], vec![7.0, 0.0, 0.0, -1.0]];
        let m = Matrix::from_rows(&rows).unwrap().with_names(names(&["a", "b", "c", "d"])).unwrap();
        m.with_row_names(names(&["r", "s", "t"])).unwrap()
    }

    #[test]
    fn parts_are_those_of_the_dense_matrix() {
        let (ctx, m) = (Context::new(), dense());
        let x = m.sparse(&ctx).unwrap();
        assert_eq!((x.nnz(), x.matrix(&ctx).unwrap()), (4, m.clone()));
        for (rows, cols) in
            [(vec![2, 0], vec![3, 0, 3]), (vec![0, 0, 2], vec![1]), (vec![], vec![0]), (vec![1], vec![])]
        {
            assert_eq!(x.pick(&rows, &cols).matrix(&ctx).unwrap(), m.pick(&rows, &cols), "{rows:?} {cols:?}");
        }
        for count in [0, 2, 9, -1, i64::MIN] {
            assert_eq!(x.head(count).matrix(&ctx).unwrap(), m.head(count));
        }
        assert_eq!(x.transpose(&ctx).unwrap().matrix(&ctx).unwrap(), m.transpose());
        assert_eq!((x.row(2), x.col(3), x.at(2, 3), x.at(1, 3)), (m.row(2), m.col(3), -1.0, 0.0));
        let selected = x.select(&Selector::Name("d".into())).unwrap();
        assert_eq!(selected.names().unwrap().as_slice(), ["d"]);
        assert!(x.select(&Selector::Name("e".into())).is_err() && x.clone().with_names(names(&["a"])).is_err());
    }

    #[test]
    fn it_prints_its_corner_and_comes_back_from_json() {
        let ctx = Context::new();
        let m = dense().map(|value| if value == 0.5 { f64::NEG_INFINITY } else { value });
        let x = m.sparse(&ctx).unwrap();
        let text = x.to_string();
        assert!(text.starts_with("SparseMatrix 3 x 4, 4 not 0, density 0.333333\n") && text.contains("-inf"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&x.to_saved_json().to_string()).unwrap();
        assert_eq!(SparseMatrix::from_saved_json(&json).unwrap().matrix(&ctx).unwrap(), m);
        for (key, wrong) in [
            ("starts", serde_json::json!([0, 1, 2, 2, 5])),
            ("starts", serde_json::json!([0, 2, 1, 2, 4])),
            ("positions", serde_json::json!([2, 0, 0, 3])),
            ("data", serde_json::json!([1])),
            ("cols", serde_json::json!(9)),
        ] {
            let mut broken = json.clone();
            broken[key] = wrong;
            assert!(SparseMatrix::from_saved_json(&broken).is_err(), "{key}");
        }
    }

    #[test]
    fn what_does_not_fit_says_what_it_takes() {
        let ctx = Context::new();
        let x = SparseMatrix::from_triplets(100_000, 20_000, [(99_999, 19_999, 1.0)], &ctx).unwrap();
        let small = Context::new().with_memory_limit(1_000_000);
        let error = x.matrix(&small).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Memory);
        assert!(error.message().contains("16.0 GB") && error.message().contains("100000 x 20000"), "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("top_variance") && hint.contains("select")), "{error}");
        assert!(SparseMatrix::from_triplets(2, 2, [(2, 0, 1.0)], &ctx).is_err());
        assert_eq!(x.room_for_lines(&small).unwrap_err().kind(), ErrorKind::Memory);
    }
}
