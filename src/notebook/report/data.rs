//! What data are, without them: so many rows and columns, what is in the columns, and a number that tells them from
//! others.

use serde_json::{Value as Json, json};

use super::super::grid::{Cell, Grid, Tint};
use super::super::markup::{Fact, facts, line};
use crate::context::Context;
use crate::data::summary::{max, mean, min, sd};
use crate::data::{Column, Matrix, Table};
use crate::error::{Error, Result};
use crate::value::{Value, describe};

/// Columns of which a summary is kept.
const COLUMNS: usize = 2000;

/// A column in numbers: NaN where it has texts.
#[derive(Debug, Clone)]
struct Summary {
    name: String,
    missing: usize,
    mean: f64,
    sd: f64,
    min: f64,
    max: f64,
}

/// Data as a report describes them.
#[derive(Debug, Clone)]
pub(super) struct Described {
    kind: &'static str,
    rows: usize,
    cols: usize,
    missing: usize,
    fingerprint: u64,
    columns: Vec<Summary>,
}

/// FNV-1a: its numbers are the same in every version and on every machine.
struct Fingerprint(u64);

impl Fingerprint {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.bytes(&[0xff]);
    }

    fn number(&mut self, number: f64) {
        // All missing values are the same, and so are both zeros.
        let number = if number.is_nan() { f64::NAN } else { number + 0.0 };
        self.bytes(&number.to_bits().to_le_bytes());
    }
}

impl Described {
    fn new(kind: &'static str, rows: usize, cols: usize) -> (Self, Fingerprint) {
        let mut fingerprint = Fingerprint::new();
        fingerprint.bytes(&(rows as u64).to_le_bytes());
        fingerprint.bytes(&(cols as u64).to_le_bytes());
        (Self { kind, rows, cols, missing: 0, fingerprint: 0, columns: Vec::new() }, fingerprint)
    }

    /// Takes note of a column of numbers.
    fn numbers(&mut self, name: String, values: &[f64], fingerprint: &mut Fingerprint) {
        fingerprint.text(&name);
        values.iter().for_each(|&value| fingerprint.number(value));
        let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let missing = values.len() - known.len();
        self.missing += missing;
        if self.columns.len() < COLUMNS {
            let of = |f: fn(&[f64]) -> f64| if known.is_empty() { f64::NAN } else { f(&known) };
            self.columns.push(Summary { name, missing, mean: of(mean), sd: of(sd), min: of(min), max: of(max) });
        }
    }

    /// Takes note of a column of texts.
    fn texts(&mut self, name: String, values: &[String], fingerprint: &mut Fingerprint) {
        fingerprint.text(&name);
        values.iter().for_each(|value| fingerprint.text(value));
        let missing = values.iter().filter(|value| value.is_empty()).count();
        self.missing += missing;
        if self.columns.len() < COLUMNS {
            let none = f64::NAN;
            self.columns.push(Summary { name, missing, mean: none, sd: none, min: none, max: none });
        }
    }

    pub(super) fn outline(&self) -> String {
        format!("{} of {} rows and {} columns", self.kind, self.rows, self.cols)
    }

    pub(super) fn to_json(&self) -> Json {
        json!({
            "type": self.kind, "rows": self.rows, "columns": self.cols, "missing": self.missing,
            "fingerprint": format!("{:016x}", self.fingerprint),
            "names": self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
        })
    }

    /// Facts, and a summary of the columns.
    pub(super) fn html(&self) -> String {
        let count = |number: usize| number.to_string();
        let known = [
            Fact::new("rows", count(self.rows)),
            Fact::new("columns", count(self.cols)),
            Fact::new("missing values", count(self.missing)),
            Fact::new("fingerprint", format!("{:016x} (FNV-1a of names and values)", self.fingerprint)),
        ];
        let row_name = |row: usize| self.columns[row].name.clone();
        let grid = Grid {
            rows: self.columns.len(),
            cols: 5,
            heading: &|col: usize| ["missing", "mean", "sd", "min", "max"][col].to_string(),
            row_name: Some(&row_name),
            cell: &|row: usize, col: usize| {
                let column = &self.columns[row];
                Cell::Number([column.missing as f64, column.mean, column.sd, column.min, column.max][col])
            },
            tint: Tint::Off,
        };
        let table = if self.columns.is_empty() { String::new() } else { line("Columns") + grid.html().as_str() };
        facts(&known) + table.as_str()
    }
}

/// Describes a Matrix or a Table.
///
/// # Errors
/// Anything else; cancellation.
pub(super) fn describe_data(value: &Value, ctx: &Context) -> Result<Described> {
    match (value.object::<Matrix>(), value.object::<Table>()) {
        (Some(m), _) => of_matrix(m, ctx),
        (_, Some(t)) => of_table(t, ctx),
        _ => Err(Error::argument(format!("data of a report are a Matrix or a Table, not {}", describe(value)))),
    }
}

fn of_matrix(m: &Matrix, ctx: &Context) -> Result<Described> {
    let (mut described, mut fingerprint) = Described::new("Matrix", m.rows(), m.cols());
    for j in 0..m.cols() {
        ctx.check()?;
        // As in graphs of data without names.
        let name = m.names().map_or_else(|| format!("x{j}"), |names| names.get(j).to_string());
        described.numbers(name, m.col(j).as_slice(), &mut fingerprint);
    }
    described.fingerprint = fingerprint.0;
    Ok(described)
}

fn of_table(t: &Table, ctx: &Context) -> Result<Described> {
    let (mut described, mut fingerprint) = Described::new("Table", t.rows(), t.cols());
    for (j, name) in t.names().iter().enumerate() {
        ctx.check()?;
        match t.column_at(j) {
            Column::Numbers(values) => described.numbers(name.to_string(), values, &mut fingerprint),
            Column::Texts(values) => described.texts(name.to_string(), values, &mut fingerprint),
        }
    }
    described.fingerprint = fingerprint.0;
    Ok(described)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_data_have_another_fingerprint() {
        let ctx = Context::new();
        let of = |m: &Matrix| describe_data(&m.clone().into(), &ctx).unwrap().fingerprint;
        let m = Matrix::from_fn(3, 2, |i, j| (i + 2 * j) as f64);
        let mut other = m.clone();
        other.fill(&[0], &[0], -0.0);
        assert_eq!(of(&m), of(&other), "zero is zero");
        other.fill(&[1], &[1], 9.0);
        assert!(of(&m) != of(&other) && of(&m) != of(&m.transpose()));
        other.fill(&[0, 2], &[0], f64::NAN);
        let described = describe_data(&other.into(), &ctx).unwrap();
        assert_eq!((described.missing, described.columns[0].missing, described.columns[0].mean), (2, 2, 1.0));
        assert!(described.html().contains("missing values") && describe_data(&Value::Int(1), &ctx).is_err());
    }
}
