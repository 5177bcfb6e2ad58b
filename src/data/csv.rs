//! Delimited text: tables with a header, and plain numeric matrices.

use std::sync::Arc;

use super::{Column, Matrix, Names, Table};
use crate::context::{Context, Reservation};
use crate::data::file;
use crate::detached::detached_if_many;
use crate::error::{Error, Result, shortened};

/// Rows that are read between two looks at the context: they may have very many cells.
const ROWS: usize = 16;
/// Numbers that are read between two looks at the context.
const NUMBERS: usize = 1 << 16;
/// Bytes that a column takes beside its cells: its name, in a list and among those that are looked up, and its lists.
const COLUMN: usize = 256;
/// Bytes that a text takes beside its letters.
const TEXT: usize = 56;

/// How a delimited file is laid out.
#[derive(Debug, Clone)]
pub struct CsvOptions {
    /// Between two cells.
    pub delimiter: u8,
    /// Whether the first line names the columns; otherwise they are c0, c1, ...
    pub header: bool,
    /// The column that names the rows.
    pub index: Option<String>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: b',', header: true, index: None }
    }
}

/// The number in a cell: NaN where the cell is missing, `None` where it is text.
pub(crate) fn parse_cell(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    match cell {
        "" | "\"\"" | "NA" | "N/A" | "NaN" | "nan" | "null" => Some(f64::NAN),
        // Rust also parses "infinity" and "inf"; both are what other tools write for an infinite number.
        _ => cell.parse().ok(),
    }
}

/// Reads delimited text as a table; a column is numeric when every cell is a number or missing.
///
/// # Errors
/// A file that cannot be read or is empty, lines of different lengths, column names that occur twice.
pub fn read_csv(path: &str, options: &CsvOptions, ctx: &Context) -> Result<Table> {
    let bytes = file::read_bytes(path, ctx)?;
    let (options, own) = (options.clone(), ctx.clone());
    // A row may be as long as the file, and is read in one piece.
    let table = detached_if_many(bytes.len(), ctx, move || parse_table(&bytes, &options, &own))?;
    table.map_err(|error| error.at(format!("'{path}'")))
}

/// Reads numeric text without a header; cells are separated by commas, semicolons, tabs or blanks.
///
/// # Errors
/// A file that cannot be read or is empty, lines of different lengths, a cell that is not a number.
pub fn read_matrix(path: &str, ctx: &Context) -> Result<Matrix> {
    let bytes = file::read_bytes(path, ctx)?;
    let own = ctx.clone();
    let matrix = detached_if_many(bytes.len(), ctx, move || parse_matrix(&bytes, &own))?;
    matrix.map_err(|error| error.at(format!("'{path}'")))
}

pub(crate) fn parse_table(bytes: &[u8], options: &CsvOptions, ctx: &Context) -> Result<Table> {
    let bytes = without_mark(bytes);
    let _record = room_for_a_row(bytes, options.delimiter, ctx)?;
    let layout = survey(bytes, options, ctx)?;
    let columns = collect(bytes, options, &layout, ctx)?;
    let mut row_names = None;
    let mut kept = Vec::with_capacity(columns.len());
    for (name, column) in layout.names.into_iter().zip(columns) {
        if options.index.as_deref() == Some(&name) {
            let labels = (0..layout.rows).map(|row| column.label(row)).collect();
            row_names = Some(Names::new(labels, "rows")?);
        } else {
            kept.push((name, column));
        }
    }
    if let (Some(index), None) = (&options.index, &row_names) {
        let known: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::name(format!("no column is called '{index}'")).with_nearest(index, known));
    }
    Table::new(kept, row_names)
}

/// What a first pass over a file finds: nothing is kept but whether columns are numeric.
struct Layout {
    names: Vec<String>,
    numeric: Vec<bool>,
    rows: usize,
    _held: Reservation,
}

/// The memory for a row while it is read, and for the header beside it: the longest of the file may be all of it.
fn room_for_a_row(bytes: &[u8], delimiter: u8, ctx: &Context) -> Result<Reservation> {
    // A list of the ends of cells and one of their letters, which grow to twice of what they hold; the header is there
    // twice itself.
    const COPIES: usize = 3;
    let (mut longest, mut widest) = (0, 0);
    let (mut length, mut cells, mut is_quoted) = (0usize, 0usize, false);
    for &byte in bytes {
        match byte {
            b'\n' | b'\r' if !is_quoted => {
                (longest, widest) = (longest.max(length), widest.max(cells));
                (length, cells) = (0, 0);
                continue;
            }
            b'"' => is_quoted = !is_quoted,
            _ => cells += usize::from(byte == delimiter),
        }
        length += 1;
    }
    let (longest, widest) = (longest.max(length), widest.max(cells));
    ctx.reserve(COPIES * 2 * (longest.saturating_add(widest.saturating_mul(size_of::<usize>()))))
}

/// The memory for so many columns with names of so many letters.
fn room_for_columns(count: usize, letters: usize, ctx: &Context) -> Result<Reservation> {
    ctx.reserve(count.saturating_mul(COLUMN).saturating_add(letters.saturating_mul(2)))
}

fn reader<'a>(bytes: &'a [u8], options: &CsvOptions) -> ::csv::Reader<&'a [u8]> {
    ::csv::ReaderBuilder::new().has_headers(options.header).delimiter(options.delimiter).from_reader(bytes)
}

/// Calls `f` with every row.
fn each_row(
    reader: &mut ::csv::Reader<&[u8]>,
    ctx: &Context,
    mut f: impl FnMut(&::csv::StringRecord) -> Result<()>,
) -> Result<usize> {
    let mut record = ::csv::StringRecord::new();
    let mut rows = 0;
    while reader.read_record(&mut record).map_err(malformed)? {
        if rows % ROWS == 0 {
            ctx.check()?;
        }
        f(&record)?;
        rows += 1;
    }
    Ok(rows)
}

/// Calls `f` with the line and the cells of every row, the header's first, as they stand in the file: nothing is
/// trimmed or taken for a number.
pub(crate) fn each_text_row(
    bytes: &[u8],
    delimiter: u8,
    ctx: &Context,
    mut f: impl FnMut(u64, &[&str]) -> Result<()>,
) -> Result<()> {
    let bytes = without_mark(bytes);
    let options = CsvOptions { delimiter, header: false, index: None };
    let _record = room_for_a_row(bytes, delimiter, ctx)?;
    let mut quotes = Quotes::default();
    each_row(&mut reader(bytes, &options), ctx, |record| {
        quotes.look(record);
        let cells: Vec<&str> = record.iter().collect();
        f(quotes.line, &cells)
    })?;
    quotes.check(bytes)
}

/// Excel writes a byte order mark, which would become part of the first name.
fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Looks for a quote that is never closed, which swallows the rest of the file into one cell.
#[derive(Default)]
struct Quotes {
    /// The line of the row seen last.
    line: u64,
    open: bool,
}

impl Quotes {
    fn look(&mut self, record: &::csv::StringRecord) {
        self.line = record.position().map_or(0, ::csv::Position::line);
        self.open = record.iter().next_back().is_some_and(|cell| cell.contains('\n'));
    }

    fn check(&self, bytes: &[u8]) -> Result<()> {
        if self.open && bytes.iter().filter(|&&byte| byte == b'"').count() % 2 == 1 {
            return Err(Error::data(format!("line {}: a quote (\") is opened and never closed", self.line)));
        }
        Ok(())
    }
}

fn survey(bytes: &[u8], options: &CsvOptions, ctx: &Context) -> Result<Layout> {
    let mut reader = reader(bytes, options);
    let (mut names, mut held) = (Vec::new(), None);
    if options.header {
        let header = reader.headers().map_err(malformed)?;
        held = Some(room_for_columns(header.len(), header.as_slice().len(), ctx)?);
        names = header.iter().map(|name| name.trim().to_string()).collect::<Vec<String>>();
    }
    let mut numeric = vec![true; names.len()];
    let mut quotes = Quotes::default();
    let rows = each_row(&mut reader, ctx, |record| {
        numeric.resize(record.len(), true);
        for (numeric, cell) in numeric.iter_mut().zip(record) {
            *numeric = *numeric && parse_cell(cell).is_some();
        }
        quotes.look(record);
        Ok(())
    })?;
    quotes.check(bytes)?;
    if rows == 0 || numeric.is_empty() {
        return Err(Error::data("the file has no data"));
    }
    let held = match held {
        Some(held) => held,
        None => room_for_columns(numeric.len(), 0, ctx)?,
    };
    if !options.header {
        names = (0..numeric.len()).map(|column| format!("c{column}")).collect();
    } else if let Some(position) = names.iter().position(String::is_empty) {
        // The first column of a data frame written by R or pandas has no name: it is the index.
        names[position] = if position == 0 { "index".into() } else { format!("c{position}") };
    }
    Ok(Layout { names, numeric, rows, _held: held })
}

fn collect(bytes: &[u8], options: &CsvOptions, layout: &Layout, ctx: &Context) -> Result<Vec<Column>> {
    let columns_of = |is_number: bool| layout.numeric.iter().filter(|&&numeric| numeric == is_number).count();
    ctx.check_size(layout.rows, layout.numeric.len())?;
    let _numbers = ctx.reserve_matrices(1, layout.rows, columns_of(true))?;
    let texts = layout.rows.saturating_mul(columns_of(false));
    // All letters together are no more than the file.
    let letters = if texts > 0 { bytes.len() } else { 0 };
    let _texts = ctx.reserve(texts.saturating_mul(TEXT).saturating_add(letters))?;
    let room = |is_used: bool| if is_used { layout.rows } else { 0 };
    let mut numbers: Vec<Vec<f64>> = layout.numeric.iter().map(|&numeric| Vec::with_capacity(room(numeric))).collect();
    let mut texts: Vec<Vec<String>> =
        layout.numeric.iter().map(|&numeric| Vec::with_capacity(room(!numeric))).collect();
    each_row(&mut reader(bytes, options), ctx, |record| {
        for (column, cell) in record.iter().enumerate() {
            match layout.numeric[column] {
                true => numbers[column].push(parse_cell(cell).unwrap_or(f64::NAN)),
                false => texts[column].push(cell.trim().to_string()),
            }
        }
        Ok(())
    })?;
    let columns = numbers.into_iter().zip(texts).zip(&layout.numeric);
    Ok(columns
        .map(|((numbers, texts), &numeric)| match numeric {
            true => Column::Numbers(Arc::new(numbers)),
            false => Column::Texts(Arc::new(texts)),
        })
        .collect())
}

pub(crate) fn parse_matrix(bytes: &[u8], ctx: &Context) -> Result<Matrix> {
    let bytes = without_mark(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Error::data("the file is not text in UTF-8"))?;
    let is_separator = |c: char| matches!(c, ',' | ';' | '\t');
    let mut numbers = Numbers { list: Vec::new(), held: Vec::new(), ctx };
    let (mut rows, mut cols) = (0, 0);
    for (line_number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if rows % ROWS == 0 {
            ctx.check()?;
        }
        let before = numbers.list.len();
        let cells: Box<dyn Iterator<Item = &str>> = if line.contains(is_separator) {
            Box::new(line.split(is_separator))
        } else {
            Box::new(line.split_whitespace())
        };
        for (col, cell) in cells.enumerate() {
            numbers.push(parse_cell(cell).ok_or_else(|| {
                let error = Error::data(format!(
                    "line {}, column {col}: \"{}\" is not a number",
                    line_number + 1,
                    shortened(cell.trim())
                ));
                if rows == 0 { error.with_hint("for a file with a header or texts: read_csv") } else { error }
            })?)?;
        }
        let width = numbers.list.len() - before;
        if rows > 0 && width != cols {
            return Err(Error::data(format!("line {} has {width} cells, the first has {cols}", line_number + 1)));
        }
        (rows, cols) = (rows + 1, width);
    }
    if rows == 0 {
        return Err(Error::data("the file has no data"));
    }
    ctx.check_size(rows, cols)?;
    Matrix::from_vec(rows, cols, numbers.list)
}

/// Numbers whose memory is taken before they come.
struct Numbers<'a> {
    list: Vec<f64>,
    held: Vec<Reservation>,
    ctx: &'a Context,
}

impl Numbers<'_> {
    fn push(&mut self, value: f64) -> Result<()> {
        let count = self.list.len();
        if count.is_multiple_of(NUMBERS) {
            self.ctx.check()?;
        }
        if count == self.list.capacity() {
            let more = (count / 2).max(NUMBERS);
            self.held.push(self.ctx.reserve(more.saturating_mul(size_of::<f64>()))?);
            self.list.reserve_exact(more);
        }
        self.list.push(value);
        Ok(())
    }
}

/// Whether the first line of a delimited file names its columns: it has a cell that is no number, or quotes around one.
pub(crate) fn has_header(bytes: &[u8]) -> bool {
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(first);
    let mut cells = line.trim_start_matches('\u{feff}').split([',', '\t']).map(str::trim);
    cells.any(|cell| parse_cell(cell).is_none())
}

fn malformed(error: ::csv::Error) -> Error {
    match error.kind() {
        ::csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or_else(String::new, |pos| format!("line {} ", pos.line()));
            Error::data(format!("{line}has {len} cells, the first has {expected_len}"))
        }
        ::csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or_else(String::new, |pos| format!(" (line {})", pos.line()));
            Error::data(format!("the file is not text in UTF-8{line}"))
        }
        _ => Error::data(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table> {
        parse_table(text.as_bytes(), &CsvOptions::default(), &Context::new())
    }

    #[test]
    fn types_missing_cells_and_texts() {
        let t = table("a,b,c\n1,x,\n2.5,y,NA\n").unwrap();
        assert_eq!((t.rows(), t.cols()), (2, 3));
        assert!(matches!(t.column("b").unwrap(), Column::Texts(_)));
        let error = t.matrix().unwrap_err();
        assert!(error.message().contains("column 'b' is not numeric: row 0 is \"x\""), "{error}");
        assert!(t.drop(&Selector::Name("b".into())).unwrap().matrix().unwrap().as_slice()[1].is_nan());
    }
    use super::super::Selector;

    #[test]
    fn wrong_files_are_explained() {
        for (text, part) in [
            ("", "no data"),
            ("a,b\n", "no data"),
            ("a,b\n1,2\n3\n", "line 3 has 1 cells, the first has 2"),
            ("a,a\n1,2\n", "two columns are called 'a'"),
            ("a,b\n1,2\n3,\"4\n5,6\n7,8\n", "line 3: a quote (\") is opened and never closed"),
        ] {
            let error = table(text).unwrap_err();
            assert!(error.message().contains(part), "{text:?}: {error}");
        }
        for (text, part) in [
            ("", "no data"),
            ("1,2\n3\n", "line 2 has 1 cells"),
            ("1,2\n3,x\n", "line 2, column 1: \"x\" is not a number"),
        ] {
            let error = parse_matrix(text.as_bytes(), &Context::new()).unwrap_err();
            assert!(error.message().contains(part), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_stop_is_heard_in_the_middle_of_a_file() {
        let ctx = Context::new();
        let text = "1,2\n".repeat(10_000);
        let mut seen = 0;
        let read = each_text_row(text.as_bytes(), b',', &ctx, |_, _| {
            ctx.cancel_handle().cancel();
            seen += 1;
            Ok(())
        });
        assert!(read.is_err() && seen <= ROWS, "{seen}");
    }

    #[test]
    fn wide_and_long_files_ask_for_their_memory_first() {
        let ctx = Context::new().with_memory_limit(1_000_000);
        let options = CsvOptions::default();
        let wide = "1,".repeat(100_000);
        let letters = "a\n".repeat(30_000);
        for error in [
            parse_matrix("1 ".repeat(200_000).as_bytes(), &ctx).unwrap_err(),
            parse_table(format!("{wide}\n{wide}\n").as_bytes(), &options, &ctx).unwrap_err(),
            parse_table(letters.as_bytes(), &options, &ctx).unwrap_err(),
        ] {
            assert_eq!(error.kind(), crate::ErrorKind::Memory, "{error}");
        }
        assert!(parse_matrix(letters.as_bytes(), &ctx).unwrap_err().message().len() < 200);
        let cell = format!("1,{}", "x".repeat(100_000));
        assert!(parse_matrix(cell.as_bytes(), &ctx).unwrap_err().message().len() < 200);
        assert_eq!(parse_matrix("1 2 3\n".repeat(10_000).as_bytes(), &ctx).unwrap().rows(), 10_000);
    }

    #[test]
    fn matrices_take_every_separator() {
        for text in ["1,2\n3,4", "1 2\n 3  4\n\n", "1;2\n3;4", "1\t2\r\n3\t4\r\n"] {
            let m = parse_matrix(text.as_bytes(), &Context::new()).unwrap();
            assert_eq!(m.as_slice(), [1.0, 2.0, 3.0, 4.0], "{text:?}");
        }
    }
}
