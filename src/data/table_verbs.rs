//! What one does with tables: filter, sort, group, join, and records that become one.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Column, Groups, Selector, Table, summary};
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::value::Value;

impl Column {
    /// Numbers.
    pub fn numbers(values: Vec<f64>) -> Self {
        Self::Numbers(Arc::new(values))
    }

    /// Texts.
    pub fn texts(values: Vec<String>) -> Self {
        Self::Texts(Arc::new(values))
    }

    /// Whether the cell is missing: NaN, or an empty text.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Self::Numbers(values) => values[row].is_nan(),
            Self::Texts(values) => values[row].is_empty(),
        }
    }

    /// Positions that sort the column; missing values last, equal ones in their order.
    pub fn order(&self, descending: bool) -> Vec<usize> {
        match self {
            Self::Numbers(values) => summary::order(values, descending),
            Self::Texts(values) => {
                let mut positions: Vec<usize> = (0..values.len()).collect();
                positions.sort_by(|&i, &j| {
                    let (a, b) = (&values[i], &values[j]);
                    let by_text = if descending { b.cmp(a) } else { a.cmp(b) };
                    a.is_empty().cmp(&b.is_empty()).then(by_text)
                });
                positions
            }
        }
    }

    /// The cell for a script: a number or a text.
    pub fn value(&self, row: usize) -> Value {
        match self {
            Self::Numbers(values) => Value::Float(values[row]),
            Self::Texts(values) => Value::Text(values[row].clone()),
        }
    }
}

/// A cell to compare others with: 0 and -0 are equal, and so are all missing numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Number(u64),
    Text(String),
}

/// The bits of a number for comparisons in which 0 is -0 and all NaN are one.
pub(crate) fn number_key(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() }
}

impl Column {
    fn key(&self, row: usize) -> Key {
        match self {
            Self::Numbers(values) => Key::Number(number_key(values[row])),
            Self::Texts(values) => Key::Text(values[row].clone()),
        }
    }
}

/// Bytes of the texts of a key.
fn text_bytes(key: &[Key]) -> usize {
    let bytes = |part: &Key| if let Key::Text(text) = part { text.len() } else { 0 };
    key.iter().map(bytes).fold(0, usize::saturating_add)
}

/// Memory for groups that are being found, and looks at the context meanwhile.
struct Room<'a> {
    ctx: &'a Context,
    /// Bytes of a group beside its texts: its key, its rows, and where it is looked up.
    group: usize,
    wanted: usize,
    held: Vec<Reservation>,
}

impl<'a> Room<'a> {
    /// Rows between two looks.
    const PIECE: usize = 4096;

    fn new(keys: usize, ctx: &'a Context) -> Self {
        Self { ctx, group: 160 + 40 * keys, wanted: 0, held: Vec::new() }
    }

    fn add(&mut self, texts: usize) {
        self.wanted = self.wanted.saturating_add(self.group).saturating_add(texts);
    }

    fn look(&mut self, row: usize) -> Result<()> {
        if row.is_multiple_of(Self::PIECE) || self.wanted > 1 << 20 {
            self.ctx.check()?;
            self.held.push(self.ctx.reserve(std::mem::take(&mut self.wanted))?);
        }
        Ok(())
    }
}

/// A name that none of these columns has.
pub(super) fn free_name(name: &str, columns: &[(String, Column)]) -> String {
    let mut free = name.to_string();
    while columns.iter().any(|(taken, _)| *taken == free) {
        free.push_str("_2");
    }
    free
}

impl Table {
    /// The table whose first columns are those of these names, with new ones.
    ///
    /// # Errors
    /// An unknown column, a name that occurs twice.
    pub fn rename(&self, changes: &[(String, String)]) -> Result<Self> {
        let mut names = self.names().as_slice().to_vec();
        for (old, new) in changes {
            names[self.names().position(old, "column")?] = new.clone();
        }
        let columns = names.into_iter().zip((0..self.cols()).map(|j| self.column_at(j).clone()));
        Self::new(columns.collect(), self.row_names().cloned())
    }

    /// The table with this column added at the end, or in place of the one of that name.
    ///
    /// # Errors
    /// A column of another length.
    pub fn with_column(&self, name: &str, column: Column) -> Result<Self> {
        if self.cols() > 0 && column.len() != self.rows() {
            return Err(Error::shape(format!(
                "a column of {} values for a table of {} rows",
                column.len(),
                self.rows()
            )));
        }
        let mut columns = self.to_columns();
        match self.names().find(name) {
            Some(position) => columns[position].1 = column,
            None => columns.push((name.to_string(), column)),
        }
        Self::new(columns, self.row_names().cloned())
    }

    fn to_columns(&self) -> Vec<(String, Column)> {
        let cells = (0..self.cols()).map(|j| self.column_at(j).clone());
        self.names().iter().map(String::from).zip(cells).collect()
    }

    /// The rows ordered by these columns, the first counting most; missing values last, equal rows in their order.
    ///
    /// # Errors
    /// An unknown column.
    pub fn sort_by(&self, columns: &Selector, descending: bool) -> Result<Self> {
        let picked = columns.pick(self.cols(), Some(self.names()), "column")?;
        let mut order: Vec<usize> = (0..self.rows()).collect();
        // The sorts are stable: the last one counts most.
        for &column in picked.positions().iter().rev() {
            let sorted = self.column_at(column).pick(&order).order(descending);
            order = sorted.into_iter().map(|i| order[i]).collect();
        }
        Ok(self.pick_rows(&order))
    }

    /// The rows in groups that agree in these columns.
    ///
    /// # Errors
    /// An unknown column.
    pub fn group_by(&self, columns: &Selector) -> Result<Groups> {
        self.groups(columns, &Context::new())
    }

    /// As [`Table::group_by`], as far as memory and time reach.
    pub(crate) fn groups(&self, columns: &Selector, ctx: &Context) -> Result<Groups> {
        let picked = columns.pick(self.cols(), Some(self.names()), "column")?;
        let mut found: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut room = Room::new(picked.positions().len(), ctx);
        for row in 0..self.rows() {
            let key: Vec<Key> = picked.positions().iter().map(|&column| self.column_at(column).key(row)).collect();
            let bytes = text_bytes(&key);
            let group = *found.entry(key).or_insert_with(|| {
                room.add(bytes);
                rows.push(Vec::new());
                rows.len() - 1
            });
            rows[group].push(row);
            room.look(row)?;
        }
        Ok(Groups { table: self.clone(), keys: picked.positions().to_vec(), rows: Arc::new(rows) })
    }

    /// Both tables' columns for every pair of rows that agree in the columns `on`, in the order of this table (an inner
    /// join). A column of the other table whose name is taken gets `_2` behind it. Names of rows are left out.
    ///
    /// # Errors
    /// A column that one of them does not have, or that is numeric in one and text in the other; memory, time.
    pub fn join(&self, other: &Self, on: &[String], ctx: &Context) -> Result<Self> {
        let (own, others) = (self.keys(on)?, other.keys(on)?);
        for ((&a, &b), name) in own.iter().zip(&others).zip(on) {
            let is_text = |table: &Self, column: usize| matches!(table.column_at(column), Column::Texts(_));
            if is_text(self, a) != is_text(other, b) && self.rows() > 0 && other.rows() > 0 {
                return Err(Error::data(format!(
                    "join: column '{name}' is numeric in one table and text in the other"
                )));
            }
        }
        let key = |table: &Self, keys: &[usize], row: usize| -> Vec<Key> {
            keys.iter().map(|&key| table.column_at(key).key(row)).collect()
        };
        let mut matches: HashMap<Vec<Key>, Vec<usize>> = HashMap::new();
        let mut room = Room::new(others.len(), ctx);
        for row in 0..other.rows() {
            let key = key(other, &others, row);
            let bytes = text_bytes(&key);
            let rows = matches.entry(key).or_insert_with(|| {
                room.add(bytes);
                Vec::new()
            });
            rows.push(row);
            room.look(row)?;
        }
        let mut found: Vec<Option<&Vec<usize>>> = Vec::with_capacity(self.rows());
        for row in 0..self.rows() {
            found.push(matches.get(&key(self, &own, row)));
            room.look(row)?;
        }
        let total = found.iter().flatten().map(|rows| rows.len()).fold(0usize, usize::saturating_add);
        let _held = ctx.reserve_matrices(1, total, self.cols() + other.cols() + 2)?;
        let (mut left, mut right) = (Vec::with_capacity(total), Vec::with_capacity(total));
        for (row, rows) in found.into_iter().enumerate() {
            ctx.check()?;
            for &matching in rows.into_iter().flatten() {
                left.push(row);
                right.push(matching);
            }
        }
        let _texts = ctx.reserve(self.text_bytes(&left).saturating_add(other.text_bytes(&right)))?;
        let mut columns: Vec<(String, Column)> =
            self.to_columns().into_iter().map(|(name, column)| (name, column.pick(&left))).collect();
        for j in (0..other.cols()).filter(|j| !others.contains(j)) {
            ctx.check()?;
            let name = free_name(other.names().get(j), &columns);
            columns.push((name, other.column_at(j).pick(&right)));
        }
        Self::new(columns, None)
    }

    fn keys(&self, names: &[String]) -> Result<Vec<usize>> {
        names.iter().map(|name| self.names().position(name, "column")).collect()
    }

    /// Without the rows that have missing cells.
    ///
    /// # Errors
    /// When every row has one.
    pub fn drop_missing_rows(&self) -> Result<Self> {
        let whole = |&row: &usize| (0..self.cols()).all(|j| !self.column_at(j).is_missing(row));
        let kept: Vec<usize> = (0..self.rows()).filter(whole).collect();
        if kept.is_empty() && self.rows() > 0 {
            return Err(Error::data("every row has a missing value")
                .with_hint("leave columns out with drop_missing(#{ axis: \"columns\" })"));
        }
        Ok(self.pick_rows(&kept))
    }

    /// Without the columns that have missing cells.
    ///
    /// # Errors
    /// Never: the columns exist.
    pub fn drop_missing_columns(&self) -> Result<Self> {
        let whole = |&j: &usize| (0..self.rows()).all(|row| !self.column_at(j).is_missing(row));
        self.select(&Selector::from_positions(&(0..self.cols()).filter(whole).collect::<Vec<_>>()))
    }

    /// One row as a map.
    pub fn record(&self, row: usize) -> Value {
        let cells = (0..self.cols()).map(|j| (self.names().get(j).to_string(), self.column_at(j).value(row)));
        Value::Map(cells.collect())
    }

    /// A table from maps, one a row. A column is numeric when every value is a number, true or false, or missing; maps
    /// within a map give columns `outer.inner`. A key that a map lacks is missing there.
    ///
    /// # Errors
    /// A value that is no number, text, truth value or (), an element that is no map.
    pub fn from_records(records: &[Value]) -> Result<Self> {
        let mut names: Vec<String> = Vec::new();
        let mut found: HashMap<String, Vec<(usize, Value)>> = HashMap::new();
        for (row, record) in records.iter().enumerate() {
            let Value::Map(entries) = record else {
                return Err(Error::argument(format!("table: element {row} is {}, not a map", record.brief())));
            };
            for (name, value) in flatten("", entries) {
                found
                    .entry(name.clone())
                    .or_insert_with(|| {
                        names.push(name);
                        Vec::new()
                    })
                    .push((row, value));
            }
        }
        let columns = names.into_iter().map(|name| {
            let cells = found.remove(&name).unwrap_or_default();
            let column = column(&cells, records.len()).map_err(|error| error.at(format!("table: column '{name}'")))?;
            Ok((name, column))
        });
        Self::new(columns.collect::<Result<_>>()?, None)
    }
}

/// Entries of a map and, with their path as name, of the maps within it.
fn flatten(path: &str, entries: &[(String, Value)]) -> Vec<(String, Value)> {
    let name = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    entries
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Map(inner) => flatten(&name(key), inner),
            other => vec![(name(key), other.clone())],
        })
        .collect()
}

/// A column of `rows` cells from those that are there.
pub(crate) fn column(cells: &[(usize, Value)], rows: usize) -> Result<Column> {
    let is_text = cells.iter().any(|(_, value)| matches!(value, Value::Text(_)));
    let mut numbers = vec![f64::NAN; rows];
    let mut texts = vec![String::new(); if is_text { rows } else { 0 }];
    for (row, value) in cells {
        match value {
            Value::Unit => {}
            Value::Text(text) => texts[*row] = text.clone(),
            Value::Bool(flag) if is_text => texts[*row] = flag.to_string(),
            Value::Bool(flag) => numbers[*row] = f64::from(*flag),
            Value::Int(_) | Value::Float(_) => {
                let number = value.as_number().unwrap_or(f64::NAN);
                match is_text {
                    true if number.is_nan() => {}
                    true => texts[*row] = number.to_string(),
                    false => numbers[*row] = number,
                }
            }
            other => {
                return Err(Error::argument(format!("row {row} holds {}, not a number or a text", other.brief())));
            }
        }
    }
    Ok(if is_text { Column::texts(texts) } else { Column::numbers(numbers) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let texts = |values: [&str; 4]| Column::texts(values.map(String::from).to_vec());
        let columns = vec![
            ("method".to_string(), texts(["b", "a", "b", "a"])),
            ("rep".to_string(), Column::numbers(vec![1.0, 1.0, 2.0, 2.0])),
            ("tdp".to_string(), Column::numbers(vec![0.5, 0.1, 0.7, f64::NAN])),
        ];
        Table::new(columns, None).unwrap()
    }

    #[test]
    fn groups_keep_their_order_and_the_order_of_rows() {
        let t = table();
        let method = Selector::Name("method".into());
        let means = t.group_by(&method).unwrap().summarize(Some(&Selector::Name("tdp".into())), summary::mean).unwrap();
        assert_eq!(means.column("method").unwrap().label(0), "b");
        assert_eq!(means.column("tdp").unwrap().value(0).as_number(), Some(0.6));
        assert!(means.column("tdp").unwrap().is_missing(1));
        assert_eq!(t.group_by(&method).unwrap().summarize(None, summary::sum).unwrap().cols(), 3);
        assert_eq!(t.sort_by(&method, false).unwrap().column("rep").unwrap().value(3).as_number(), Some(2.0));
        let sorted = t.sort_by(&Selector::Name("tdp".into()), true).unwrap();
        assert!(sorted.column("tdp").unwrap().is_missing(3), "missing values stay last");
    }

    #[test]
    fn joins_and_records() {
        let t = table();
        let sizes = Table::from_records(&[Value::Map(vec![
            ("method".into(), "a".into()),
            ("tdp".into(), Value::Int(3)),
            ("more".into(), Value::Map(vec![("x".into(), Value::Bool(true))])),
        ])]);
        let joined = t.join(&sizes.unwrap(), &["method".to_string()], &Context::new()).unwrap();
        assert_eq!(joined.names().as_slice(), ["method", "rep", "tdp", "tdp_2", "more.x"]);
        assert_eq!((joined.rows(), joined.column("more.x").unwrap().value(1).as_number()), (2, Some(1.0)));
        let mixed = Table::from_records(&[
            Value::Map(vec![("a".into(), Value::Int(1))]),
            Value::Map(vec![("a".into(), "u".into()), ("b".into(), Value::Unit)]),
        ]);
        assert_eq!(mixed.unwrap().column("a").unwrap().label(0), "1");
        assert!(Table::from_records(&[Value::Int(1)]).is_err());
    }
}
