//! The attributes of nodes or edges while a file is read: values come one by one, columns are made at the end.

use std::collections::HashMap;
use std::sync::Arc;

use super::exact;
use crate::context::Context;
use crate::data::{Column, parse_cell};
use crate::error::{Error, Result, shortened};
use crate::graph::Attributes;

/// A value of a node or an edge.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

impl Cell {
    /// The value in a text; nothing where a number is wanted and the text is blank.
    pub fn read(text: &str, numeric: bool) -> Result<Option<Self>> {
        match numeric {
            false => Ok(Some(Self::Text(text.to_string()))),
            true if text.trim().is_empty() => Ok(None),
            true => Ok(Some(Self::Number(number(text)?))),
        }
    }

    /// The value as a text: numbers to the last digit.
    pub fn into_text(self) -> String {
        match self {
            Self::Number(value) => exact(value),
            Self::Text(text) => text,
        }
    }
}

/// The number in a text.
pub(super) fn number(text: &str) -> Result<f64> {
    text.trim().parse::<f64>().map_err(|_| Error::data(format!("'{}' is not a number", shortened(text))))
}

/// The values of one attribute, with the rows that have one, in order.
#[derive(Debug, Default)]
struct Gathered {
    name: String,
    texts: bool,
    default: Option<Cell>,
    cells: Vec<(usize, Cell)>,
}

impl Gathered {
    fn column(self, rows: usize) -> Column {
        let missing = self.default;
        match self.texts {
            true => {
                let mut values = vec![missing.map_or_else(String::new, Cell::into_text); rows];
                for (row, cell) in self.cells {
                    values[row] = cell.into_text();
                }
                Column::Texts(Arc::new(values))
            }
            false => {
                let value = |cell: Cell| if let Cell::Number(value) = cell { value } else { f64::NAN };
                let mut values = vec![missing.map_or(f64::NAN, value); rows];
                for (row, cell) in self.cells {
                    values[row] = value(cell);
                }
                Column::Numbers(Arc::new(values))
            }
        }
    }
}

/// All attributes of the nodes, or of the edges. A row need not have a value of each.
#[derive(Debug)]
pub(super) struct Columns {
    /// What no attribute may be called.
    reserved: &'static [&'static str],
    list: Vec<Gathered>,
    positions: HashMap<String, usize>,
}

impl Columns {
    /// No attributes; none will be called as one of `reserved`.
    pub fn new(reserved: &'static [&'static str]) -> Self {
        Self { reserved, list: Vec::new(), positions: HashMap::new() }
    }

    /// The position of the attribute of this name, which is added if it is new.
    pub fn named(&mut self, name: &str) -> Result<usize> {
        if let Some(&position) = self.positions.get(name) {
            return Ok(position);
        }
        if self.reserved.contains(&name) {
            return Err(Error::data(format!("an edge attribute cannot be called '{name}': every edge has that"))
                .with_hint("rename it in the file"));
        }
        self.positions.insert(name.to_string(), self.list.len());
        self.list.push(Gathered { name: name.to_string(), ..Gathered::default() });
        Ok(self.list.len() - 1)
    }

    /// As [`Columns::named`], with its type and the value of rows that have none. Declared twice with different types,
    /// as networkx does for whole numbers among others, it takes all values.
    pub fn declare(&mut self, name: &str, numeric: bool, default: Option<Cell>) -> Result<usize> {
        let position = self.named(name)?;
        let column = &mut self.list[position];
        column.texts |= !numeric;
        column.default = default.or(column.default.take());
        Ok(position)
    }

    /// Sets a value. Rows come in ascending order.
    pub fn set(&mut self, position: usize, row: usize, cell: Cell) -> Result<()> {
        let column = &mut self.list[position];
        if column.cells.last().is_some_and(|&(last, _)| last == row) {
            return Err(Error::data(format!("two values of '{}'", column.name)));
        }
        column.texts |= matches!(cell, Cell::Text(_));
        column.cells.push((row, cell));
        Ok(())
    }

    /// Adds an attribute of texts under this name, with underscores behind it where the name is taken.
    pub fn add_texts(&mut self, name: &str, texts: Vec<Option<String>>) -> Result<()> {
        let mut free = name.to_string();
        while self.positions.contains_key(&free) {
            free.push('_');
        }
        let position = self.declare(&free, false, None)?;
        let cells = texts.into_iter().enumerate();
        self.list[position].cells = cells.filter_map(|(row, text)| Some((row, Cell::Text(text?)))).collect();
        Ok(())
    }

    /// Makes numbers of the columns in which every text is one, for files that do not say what is a number.
    pub fn recognise_numbers(&mut self) {
        for column in &mut self.list {
            let read = |(row, cell): &(usize, Cell)| match cell {
                Cell::Number(value) => Some((*row, Cell::Number(*value))),
                Cell::Text(text) => Some((*row, Cell::Number(parse_cell(text)?))),
            };
            if let Some(numbers) = column.cells.iter().map(read).collect::<Option<Vec<_>>>() {
                column.texts = false;
                column.cells = numbers;
            }
        }
    }

    /// The columns, each with one value a row.
    pub fn finish(self, rows: usize, ctx: &Context) -> Result<Attributes> {
        // A file may name other attributes in every row, so that the columns are much larger than the file. A text
        // takes three times the room of a number.
        let _held = ctx.reserve_matrices(3, rows, self.list.len())?;
        let mut attributes = Attributes::with_capacity(self.list.len());
        for mut column in self.list {
            ctx.check()?;
            attributes.push((std::mem::take(&mut column.name), column.column(rows)));
        }
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_value_types_and_defaults() {
        let mut columns = Columns::new(&["weight"]);
        let a = columns.declare("a", true, Some(Cell::Number(7.0))).unwrap();
        let b = columns.named("b").unwrap();
        columns.set(a, 1, Cell::Number(2.0)).unwrap();
        columns.set(b, 0, Cell::Number(1.5)).unwrap();
        columns.set(b, 2, Cell::Text("x".into())).unwrap();
        assert_eq!(columns.set(b, 2, Cell::Number(0.0)).unwrap_err().message(), "two values of 'b'");
        assert!(columns.named("weight").is_err());
        columns.add_texts("a", vec![None, Some("u".into())]).unwrap();
        let made = columns.finish(3, &Context::new()).unwrap();
        let texts = |list: [&str; 3]| Column::Texts(Arc::new(list.map(String::from).to_vec()));
        assert_eq!(made[0], ("a".to_string(), Column::Numbers(Arc::new(vec![7.0, 2.0, 7.0]))));
        assert_eq!(made[1], ("b".to_string(), texts(["1.5", "", "x"])));
        assert_eq!(made[2], ("a_".to_string(), texts(["", "u", ""])));
    }

    #[test]
    fn columns_that_outgrow_the_memory_are_refused() {
        let mut columns = Columns::new(&[]);
        for row in 0..2000 {
            let position = columns.named(&format!("a{row}")).unwrap();
            columns.set(position, row, Cell::Number(1.0)).unwrap();
        }
        let error = columns.finish(2000, &Context::new().with_memory_limit(1_000_000)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Memory);
    }
}
