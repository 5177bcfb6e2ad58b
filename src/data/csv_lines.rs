//! Delimited text as it is written: lines of cells, made one by one while the file grows.

use super::csv::parse_cell;
use super::{Column, Matrix, Names, Table, file};
use crate::context::Context;
use crate::error::Result;

/// Writes lines of cells, separated by commas, or by tabs for a file that ends in .tsv. A header whose names all look like
/// numbers is written in quotes, which numbers never have: by them it is told from data.
///
/// # Errors
/// When the file cannot be written; limits of the context.
pub fn write_csv(lines: impl IntoIterator<Item = Vec<String>>, header: bool, path: &str, ctx: &Context) -> Result<()> {
    let delimiter = if file::extension(path) == "tsv" { b'\t' } else { b',' };
    let mut lines = lines.into_iter();
    let first = if header { lines.next() } else { None };
    let quoted = first.iter().flatten().all(|name| parse_cell(name).is_some());
    let style = if quoted { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
    file::write_atomic(path, ctx, |out| {
        write_lines(first.into_iter(), delimiter, style, out)?;
        write_lines(lines, delimiter, ::csv::QuoteStyle::Necessary, out)
    })
}

fn write_lines(
    lines: impl Iterator<Item = Vec<String>>,
    delimiter: u8,
    style: ::csv::QuoteStyle,
    out: &mut dyn std::io::Write,
) -> std::io::Result<()> {
    let mut builder = ::csv::WriterBuilder::new();
    let mut writer = builder.delimiter(delimiter).quote_style(style).from_writer(out);
    for line in lines {
        writer.write_record(&line).map_err(std::io::Error::other)?;
    }
    writer.flush()
}

/// A number in a file: the shortest text that reads back as the same number, and nothing for a missing one.
fn written(value: f64) -> String {
    if value.is_nan() { String::new() } else { value.to_string() }
}

/// The heading of the row names: "index", unless a column has it.
fn index_name(names: &Names) -> String {
    let taken = |name: &String| names.find(name).is_some();
    let mut name = String::from("index");
    while taken(&name) {
        name.push('_');
    }
    name
}

impl Matrix {
    /// The lines of a delimited file: names where there are some, then rows.
    pub fn csv_rows(&self) -> impl Iterator<Item = Vec<String>> {
        let index = self.row_names();
        // Rows have names only beside columns that have some.
        let numbered = index.map(|_| Names::numbered_with("c", self.cols()));
        let header: Option<Vec<String>> = self
            .names()
            .or(numbered.as_ref())
            .map(|names| index.map(|_| index_name(names)).into_iter().chain(names.iter().map(String::from)).collect());
        let row = move |i: usize| -> Vec<String> {
            let name = index.map(|names| names.get(i).to_string());
            name.into_iter().chain(self.row_slice(i).iter().map(|&value| written(value))).collect()
        };
        header.into_iter().chain((0..self.rows()).map(row))
    }
}

impl Table {
    /// The lines of a delimited file: names, then rows.
    pub fn csv_rows(&self) -> impl Iterator<Item = Vec<String>> {
        let index = self.row_names();
        let header: Vec<String> =
            index.map(|_| index_name(self.names())).into_iter().chain(self.names().iter().map(String::from)).collect();
        let cell = move |row: usize, column: usize| match self.column_at(column) {
            Column::Numbers(values) => written(values[row]),
            Column::Texts(values) => values[row].clone(),
        };
        let row = move |i: usize| -> Vec<String> {
            let name = index.map(|names| names.get(i).to_string());
            name.into_iter().chain((0..self.cols()).map(|column| cell(i, column))).collect()
        };
        std::iter::once(header).chain((0..self.rows()).map(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_heard_in_the_middle_of_a_file() {
        let ctx = Context::new();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv").display().to_string();
        // These lines have no end.
        let lines = (0..).map(|i: usize| {
            if i == 3 {
                ctx.cancel_handle().cancel();
            }
            vec![i.to_string()]
        });
        assert_eq!(write_csv(lines, false, &path, &ctx).unwrap_err().kind(), crate::ErrorKind::Cancelled);
        assert!(!std::path::Path::new(&path).exists());
    }
}
