//! A table: named columns of numbers or texts, as files and records come.

use std::sync::Arc;

use super::print::{number, table_text};
use super::{Matrix, Names, Picked, Selector};
use crate::engine_type;
use crate::error::{Error, Result};

/// One column.
#[derive(Debug, Clone)]
pub enum Column {
    /// Numbers; a missing cell is NaN.
    Numbers(Arc<Vec<f64>>),
    /// Texts; a missing cell is empty.
    Texts(Arc<Vec<String>>),
}

/// Cells are equal where both are missing: a table equals itself.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        match (self, other) {
            (Self::Numbers(a), Self::Numbers(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(same),
            (Self::Texts(a), Self::Texts(b)) => a == b,
            _ => false,
        }
    }
}

impl Column {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Texts(values) => values.len(),
        }
    }

    /// Whether it has no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cells of these rows.
    #[must_use]
    pub fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(Arc::new(rows.iter().map(|&i| values[i]).collect())),
            Self::Texts(values) => Self::Texts(Arc::new(rows.iter().map(|&i| values[i].clone()).collect())),
        }
    }

    /// Bytes of the texts in these rows, each as often as it is named.
    fn text_bytes(&self, rows: &[usize]) -> usize {
        match self {
            Self::Numbers(_) => 0,
            Self::Texts(values) => rows.iter().map(|&row| values[row].len() + 40).fold(0, usize::saturating_add),
        }
    }

    /// A cell as a name: numbers to the last digit.
    pub fn label(&self, row: usize) -> String {
        match self {
            Self::Numbers(values) => values[row].to_string(),
            Self::Texts(values) => values[row].clone(),
        }
    }

    /// A cell as people read it.
    pub fn cell(&self, row: usize) -> String {
        match self {
            Self::Numbers(values) => number(values[row]),
            Self::Texts(values) => values[row].clone(),
        }
    }
}

/// Named columns of equal length, and optional row names. Clones share the cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    names: Names,
    columns: Arc<Vec<Column>>,
    row_names: Option<Names>,
    rows: usize,
}

engine_type!(Table, "Table", saved);

impl Table {
    /// A table from its columns.
    ///
    /// # Errors
    /// Names that occur twice, columns of different lengths.
    pub fn new(columns: Vec<(String, Column)>, row_names: Option<Names>) -> Result<Self> {
        let rows = columns.first().map_or(0, |(_, column)| column.len());
        if let Some((name, column)) = columns.iter().find(|(_, column)| column.len() != rows) {
            return Err(Error::shape(format!("column '{name}' has {} rows, the first has {rows}", column.len())));
        }
        let rows = if columns.is_empty() { row_names.as_ref().map_or(0, Names::len) } else { rows };
        if let Some(names) = row_names.as_ref().filter(|names| names.len() != rows) {
            return Err(Error::shape(format!("{} names of rows for {rows} rows", names.len())));
        }
        let (names, columns): (Vec<String>, Vec<Column>) = columns.into_iter().unzip();
        Ok(Self { names: Names::new(names, "columns")?, columns: Arc::new(columns), row_names, rows })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.columns.len()
    }

    /// The columns' names.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The rows' names, where the table has an index.
    pub fn row_names(&self) -> Option<&Names> {
        self.row_names.as_ref()
    }

    /// The column at `position`.
    pub fn column_at(&self, position: usize) -> &Column {
        &self.columns[position]
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Result<&Column> {
        Ok(&self.columns[self.names.position(name, "column")?])
    }

    /// The table of these columns.
    ///
    /// # Errors
    /// An unknown column.
    pub fn select(&self, columns: &Selector) -> Result<Self> {
        let picked = columns.pick(self.cols(), Some(&self.names), "column")?;
        Ok(self.pick_columns(&picked))
    }

    /// The table without these columns.
    ///
    /// # Errors
    /// An unknown column.
    pub fn drop(&self, columns: &Selector) -> Result<Self> {
        let dropped = columns.pick(self.cols(), Some(&self.names), "column")?;
        let mut is_kept = vec![true; self.cols()];
        dropped.positions().iter().for_each(|&column| is_kept[column] = false);
        let kept = (0..self.cols()).filter(|&column| is_kept[column]).collect();
        Ok(self.pick_columns(&Picked::Many(kept)))
    }

    fn pick_columns(&self, picked: &Picked) -> Self {
        let positions = picked.positions();
        Self {
            names: self.names.pick(positions),
            columns: Arc::new(positions.iter().map(|&position| self.columns[position].clone()).collect()),
            row_names: self.row_names.clone(),
            rows: self.rows,
        }
    }

    /// Bytes that these rows take, each as often as it is named.
    pub(crate) fn bytes(&self, rows: &[usize]) -> usize {
        let numbers = rows.len().saturating_mul(self.cols()).saturating_mul(8);
        let of_names = self.row_names.as_ref().map_or(0, |names| names.bytes(rows));
        numbers.saturating_add(of_names).saturating_add(self.text_bytes(rows))
    }

    /// Bytes of the texts in these rows, each as often as it is named.
    pub(crate) fn text_bytes(&self, rows: &[usize]) -> usize {
        self.columns.iter().map(|column| column.text_bytes(rows)).fold(0, usize::saturating_add)
    }

    /// The table of these rows.
    #[must_use]
    pub fn pick_rows(&self, rows: &[usize]) -> Self {
        Self {
            names: self.names.clone(),
            columns: Arc::new(self.columns.iter().map(|column| column.pick(rows)).collect()),
            row_names: self.row_names.as_ref().map(|names| names.pick(rows)),
            rows: rows.len(),
        }
    }

    /// The first `count` rows (all but the last `-count` where negative).
    #[must_use]
    pub fn head(&self, count: i64) -> Self {
        let end = if count < 0 { (self.rows as i64).saturating_add(count).max(0) } else { count };
        self.pick_rows(&(0..(end as usize).min(self.rows)).collect::<Vec<_>>())
    }

    /// The last `count` rows (all but the first `-count` where negative).
    #[must_use]
    pub fn tail(&self, count: i64) -> Self {
        let start = if count < 0 { count.unsigned_abs() as usize } else { self.rows.saturating_sub(count as usize) };
        self.pick_rows(&(start.min(self.rows)..self.rows).collect::<Vec<_>>())
    }

    /// The columns of a matrix; called c0, c1, ... where they have no names.
    pub fn from_matrix(m: &Matrix) -> Self {
        let names = m.names().cloned().unwrap_or_else(|| Names::numbered_with("c", m.cols()));
        let columns = (0..m.cols()).map(|j| Column::numbers(m.col(j).as_slice().to_vec())).collect();
        Self { names, columns: Arc::new(columns), row_names: m.row_names().cloned(), rows: m.rows() }
    }

    /// As JSON: `{"rows", "cols", "names", "columns": {name: [..]}}`, missing numbers as null.
    pub fn to_json(&self) -> serde_json::Value {
        let columns: serde_json::Map<String, serde_json::Value> = self
            .names
            .iter()
            .zip(self.columns.iter())
            .map(|(name, column)| {
                let cells = match column {
                    Column::Numbers(values) => serde_json::json!(values.as_slice()),
                    Column::Texts(values) => serde_json::json!(values.as_slice()),
                };
                (name.to_string(), cells)
            })
            .collect();
        serde_json::json!({ "rows": self.rows, "cols": self.cols(), "names": self.names.as_slice(), "columns": columns })
    }

    /// All columns as a matrix.
    ///
    /// # Errors
    /// A column of texts, with the first cell that is not a number.
    pub fn matrix(&self) -> Result<Matrix> {
        let mut numbers = Vec::with_capacity(self.columns.len());
        for (name, column) in self.names.iter().zip(self.columns.iter()) {
            match column {
                Column::Numbers(values) => numbers.push(values),
                Column::Texts(values) => {
                    let is_text = |cell: &&String| super::csv::parse_cell(cell).is_none();
                    let found = values.iter().enumerate().find(|(_, cell)| is_text(cell));
                    let place = found.map_or_else(String::new, |(row, cell)| format!(": row {row} is \"{cell}\""));
                    return Err(Error::data(format!("column '{name}' is not numeric{place}")).with_hint(format!(
                        "leave it out with .drop(\"{name}\"), or take columns with .select([..])"
                    )));
                }
            }
        }
        Matrix::from_fn(self.rows, numbers.len(), |i, j| numbers[j][i])
            .with_names(Some(self.names.clone()))?
            .with_row_names(self.row_names.clone())
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "Table {} x {}", self.rows, self.cols())?;
        let row_name =
            |i: usize| self.row_names.as_ref().map_or_else(|| i.to_string(), |names| names.get(i).to_string());
        let heading = |j: usize| self.names.get(j).to_string();
        f.write_str(&table_text(self.rows, self.cols(), heading, row_name, |i, j| self.columns[j].cell(i)))
    }
}
