//! Matrix Market files: `coordinate` and `array`, real, integer or pattern, general, symmetric or skew-symmetric
//! (Boisvert, Pozo, Remington, NISTIR 5935, 1996).

use super::sparse_entries::{Collect, Dense, Triplets};
use super::{Matrix, SparseMatrix, file};
use crate::context::Context;
use crate::detached::detached_if_many;
use crate::error::{Error, Result, shortened};

/// Reads a Matrix Market file as a dense matrix.
///
/// # Errors
/// A file that cannot be read, complex numbers, lines that do not fit the header, memory.
pub fn read_mtx(path: &str, ctx: &Context) -> Result<Matrix> {
    read::<Dense>(path, false, ctx)
}

/// Reads a Matrix Market file as a sparse matrix; a dense one is never made.
///
/// # Errors
/// As [`read_mtx`].
pub fn read_mtx_sparse(path: &str, ctx: &Context) -> Result<SparseMatrix> {
    read::<Triplets>(path, false, ctx)
}

/// The same with rows and columns exchanged.
///
/// # Errors
/// As [`read_mtx`].
pub(crate) fn read_mtx_transposed(path: &str, ctx: &Context) -> Result<SparseMatrix> {
    read::<Triplets>(path, true, ctx)
}

fn read<C: Collect>(path: &str, is_transposed: bool, ctx: &Context) -> Result<C::Whole> {
    let bytes = file::read_bytes(path, ctx)?;
    let own = ctx.clone();
    // Comments are passed over without a look at the context, and a line may be as long as the file.
    let whole = detached_if_many(bytes.len(), ctx, move || parse_mtx::<C>(&bytes, is_transposed, &own))?;
    whole.map_err(|error| error.at(format!("'{path}'")))
}

#[derive(Clone, Copy, PartialEq)]
enum Symmetry {
    General,
    Symmetric,
    Skew,
}

struct Header {
    is_sparse: bool,
    is_pattern: bool,
    symmetry: Symmetry,
}

fn header(line: &str) -> Result<Header> {
    let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["%%matrixmarket", "matrix", layout, field, symmetry] = words.as_slice() else {
        return Err(Error::data("the first line is not that of a Matrix Market file")
            .with_hint("it reads: %%MatrixMarket matrix coordinate real general"));
    };
    let is_sparse = match *layout {
        "coordinate" => true,
        "array" => false,
        other => return Err(Error::data(format!("a Matrix Market file of layout '{other}'"))),
    };
    let is_pattern = match *field {
        "real" | "integer" | "double" => false,
        "pattern" if is_sparse => true,
        other => return Err(Error::data(format!("a Matrix Market file of '{other}' numbers is not read"))),
    };
    let symmetry = match *symmetry {
        "general" => Symmetry::General,
        "symmetric" => Symmetry::Symmetric,
        "skew-symmetric" => Symmetry::Skew,
        other => return Err(Error::data(format!("a Matrix Market file that is '{other}' is not read"))),
    };
    Ok(Header { is_sparse, is_pattern, symmetry })
}

/// The lines that hold something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let held = |(_, line): &(usize, &str)| !line.trim().is_empty() && !line.starts_with('%');
    text.lines().enumerate().skip(1).map(|(number, line)| (number + 1, line)).filter(held)
}

/// Where the numbers of a file go.
struct Placed<C> {
    into: C,
    symmetry: Symmetry,
    is_transposed: bool,
}

impl<C: Collect> Placed<C> {
    /// An entry of the file. One that comes again adds to what is there, as in SciPy.
    fn set(&mut self, i: usize, j: usize, value: f64) {
        let (i, j) = if self.is_transposed { (j, i) } else { (i, j) };
        self.into.add(i, j, value);
        match self.symmetry {
            Symmetry::Symmetric if i != j => self.into.add(j, i, value),
            Symmetry::Skew if i != j => self.into.add(j, i, -value),
            _ => {}
        }
    }

    /// So many more entries of the file come.
    fn make_room(&mut self, more: usize, ctx: &Context) -> Result<()> {
        let each = if self.symmetry == Symmetry::General { 1 } else { 2 };
        self.into.make_room(more.saturating_mul(each), ctx)
    }
}

fn parse_mtx<C: Collect>(bytes: &[u8], is_transposed: bool, ctx: &Context) -> Result<C::Whole> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::data("the file is not text in UTF-8"))?;
    let header = header(text.lines().next().unwrap_or_default())?;
    let mut lines = lines(text);
    let (number, sizes) = lines.next().ok_or_else(|| Error::data("the file ends before its sizes"))?;
    let wrong_size = || Error::data(format!("line {number}: \"{}\" are not the sizes of a matrix", shortened(sizes)));
    let sizes: Vec<usize> =
        sizes.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>().map_err(|_| wrong_size())?;
    let (rows, cols, count) = match (sizes.as_slice(), header.is_sparse) {
        (&[rows, cols, count], true) => (rows, cols, Some(count)),
        (&[rows, cols], false) => (rows, cols, None),
        _ => return Err(wrong_size()),
    };
    if header.symmetry != Symmetry::General && rows != cols {
        return Err(Error::data(format!("a symmetric matrix of {rows} x {cols}")));
    }
    let (height, width) = if is_transposed { (cols, rows) } else { (rows, cols) };
    let mut placed = Placed { into: C::begin(height, width, ctx)?, symmetry: header.symmetry, is_transposed };
    match count {
        Some(count) => {
            // A line of an entry has four letters at least, whatever the header says.
            placed.make_room(count.min(bytes.len() / 4 + 1), ctx)?;
            coordinates(&mut lines, &header, (rows, cols, count), ctx, &mut placed)?;
        }
        // A number takes two letters with the end of its line, and a symmetric matrix half of its numbers.
        None if rows.saturating_mul(cols) / 2 > bytes.len() => return Err(too_few()),
        None => array(&mut lines, (rows, cols), ctx, &mut placed)?,
    }
    if let Some((number, _)) = lines.next() {
        return Err(Error::data(format!("line {number}: more numbers than the header says")));
    }
    placed.into.end(None, None, ctx)
}

fn coordinates<'a, C: Collect>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    header: &Header,
    (rows, cols, count): (usize, usize, usize),
    ctx: &Context,
    placed: &mut Placed<C>,
) -> Result<()> {
    for done in 0..count {
        if done % 4096 == 0 {
            ctx.check()?;
        }
        let (number, line) =
            lines.next().ok_or_else(|| Error::data(format!("{done} entries, the header says {count}")))?;
        let wrong = || {
            let line = shortened(line);
            Error::data(format!("line {number}: \"{line}\" is not an entry of a {rows} x {cols} matrix"))
        };
        let mut words = line.split_whitespace();
        let mut position = |size: usize| {
            let position: Option<usize> = words.next().and_then(|word| word.parse().ok());
            position.filter(|&position| (1..=size).contains(&position)).map(|position| position - 1)
        };
        let (i, j) = position(rows).zip(position(cols)).ok_or_else(wrong)?;
        let value = match header.is_pattern {
            true => 1.0,
            false => words.next().and_then(super::csv::parse_cell).ok_or_else(wrong)?,
        };
        if words.next().is_some() {
            return Err(wrong());
        }
        placed.set(i, j, value);
    }
    Ok(())
}

fn too_few() -> Error {
    Error::data("fewer numbers than the header says")
}

/// Column by column; of a symmetric matrix the lower triangle, of a skew-symmetric one without its diagonal.
fn array<'a, C: Collect>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    (rows, cols): (usize, usize),
    ctx: &Context,
    placed: &mut Placed<C>,
) -> Result<()> {
    for j in 0..cols {
        placed.make_room(rows, ctx)?;
        let first = match placed.symmetry {
            Symmetry::General => 0,
            Symmetry::Symmetric => j,
            Symmetry::Skew => j + 1,
        };
        for i in first..rows {
            let (number, line) = lines.next().ok_or_else(too_few)?;
            let value = super::csv::parse_cell(line);
            let wrong = || Error::data(format!("line {number}: \"{}\" is not a number", shortened(line)));
            placed.set(i, j, value.ok_or_else(wrong)?);
        }
    }
    Ok(())
}

/// Writes the entries that are not 0 as a Matrix Market file; names are not kept by the format.
///
/// # Errors
/// When the file cannot be written.
pub fn write_mtx(matrix: &Matrix, path: &str, ctx: &Context) -> Result<()> {
    let stored = matrix.view().indexed_iter().filter(|(_, value)| **value != 0.0).count();
    file::write_atomic(path, ctx, |out| {
        writeln!(out, "%%MatrixMarket matrix coordinate real general")?;
        writeln!(out, "{} {} {stored}", matrix.rows(), matrix.cols())?;
        for ((i, j), value) in matrix.view().indexed_iter().filter(|(_, value)| **value != 0.0) {
            writeln!(out, "{} {} {value}", i + 1, j + 1)?;
        }
        Ok(())
    })
}

/// The same for a sparse matrix.
///
/// # Errors
/// When the file cannot be written.
pub fn write_mtx_sparse(matrix: &SparseMatrix, path: &str, ctx: &Context) -> Result<()> {
    file::write_atomic(path, ctx, |out| {
        writeln!(out, "%%MatrixMarket matrix coordinate real general")?;
        writeln!(out, "{} {} {}", matrix.rows(), matrix.cols(), matrix.nnz())?;
        for j in 0..matrix.cols() {
            for (i, value) in matrix.column(j) {
                writeln!(out, "{} {} {value}", i + 1, j + 1)?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Matrix> {
        let ctx = Context::new().with_memory_limit(1_000_000);
        let dense = parse_mtx::<Dense>(text.as_bytes(), false, &ctx);
        if let Ok(dense) = &dense {
            let sparse = parse_mtx::<Triplets>(text.as_bytes(), false, &ctx).unwrap();
            assert_eq!(sparse.matrix(&ctx).unwrap(), *dense, "{text}");
        }
        dense
    }

    #[test]
    fn every_layout() {
        for (text, expected) in [
            ("%%MatrixMarket matrix coordinate real general\n% note\n2 2 2\n1 1 1.5\n2 1 -3\n", [1.5, 0.0, -3.0, 0.0]),
            ("%%MatrixMarket matrix coordinate pattern symmetric\n2 2 1\n2 1\n", [0.0, 1.0, 1.0, 0.0]),
            ("%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 4\n", [0.0, -4.0, 4.0, 0.0]),
            ("%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n", [1.0, 3.0, 2.0, 4.0]),
            ("%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n3\n", [1.0, 2.0, 2.0, 3.0]),
        ] {
            assert_eq!(parse(text).unwrap().as_slice(), expected, "{text}");
        }
    }

    #[test]
    fn rows_and_columns_are_exchanged_while_a_file_is_read() {
        let text = "%%MatrixMarket matrix coordinate integer general\n2 3 3\n1 1 1\n2 1 2\n1 3 3\n";
        let ctx = Context::new();
        let read = |text: &str| parse_mtx::<Triplets>(text.as_bytes(), true, &ctx).unwrap().matrix(&ctx).unwrap();
        assert_eq!((read(text).rows(), read(text).as_slice()), (3, &[1.0, 2.0, 0.0, 0.0, 3.0, 0.0][..]));
        let skew = "%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 4\n";
        assert_eq!(read(skew).as_slice(), [0.0, 4.0, -4.0, 0.0]);
    }

    #[test]
    fn a_sparse_file_takes_no_more_memory_than_its_entries() {
        let text = "%%MatrixMarket matrix coordinate integer general\n4000000 2000 2\n1 1 1\n4000000 2000 5\n";
        let ctx = Context::new().with_memory_limit(10_000_000);
        assert_eq!(parse_mtx::<Triplets>(text.as_bytes(), false, &ctx).unwrap().nnz(), 2);
        let error = parse_mtx::<Dense>(text.as_bytes(), false, &ctx).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("sparse: true")), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.mtx").to_string_lossy().into_owned();
        let x = SparseMatrix::from_triplets(3, 2, [(2, 0, 0.1), (0, 1, -7.0)], &ctx).unwrap();
        write_mtx_sparse(&x, &path, &ctx).unwrap();
        assert_eq!(read_mtx(&path, &ctx).unwrap(), x.matrix(&ctx).unwrap());
    }

    #[test]
    fn wrong_files_are_explained() {
        for (text, part) in [
            ("1,2\n", "first line"),
            ("%%MatrixMarket matrix coordinate complex general\n", "complex"),
            ("%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1\n", "line 3"),
            ("%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n", "1 entries, the header says 2"),
            ("%%MatrixMarket matrix array real general\n1 1\n1\n2\n", "more numbers"),
            ("%%MatrixMarket matrix coordinate real general\n9999999 9999999 1\n1 1 1\n", "needed"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(part), "{text:?}: {error}");
        }
    }
}
