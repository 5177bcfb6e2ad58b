//! Matrix Market files: `coordinate` and `array`, real, integer or pattern, general, symmetric or skew-symmetric
//! (Boisvert, Pozo, Remington, NISTIR 5935, 1996). Dense in memory.

use super::{Matrix, file};
use crate::context::Context;
use crate::error::{Error, Result};

/// Reads a Matrix Market file as a dense matrix.
///
/// # Errors
/// A file that cannot be read, complex numbers, lines that do not fit the header, memory.
pub fn read_mtx(path: &str, ctx: &Context) -> Result<Matrix> {
    let bytes = file::read_bytes(path, ctx)?;
    parse_mtx(&bytes, false, ctx).map_err(|error| error.at(format!("'{path}'")))
}

/// The same with rows and columns exchanged.
///
/// # Errors
/// As [`read_mtx`].
pub(crate) fn read_mtx_transposed(path: &str, ctx: &Context) -> Result<Matrix> {
    let bytes = file::read_bytes(path, ctx)?;
    parse_mtx(&bytes, true, ctx).map_err(|error| error.at(format!("'{path}'")))
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

fn parse_mtx(bytes: &[u8], is_transposed: bool, ctx: &Context) -> Result<Matrix> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::data("the file is not text in UTF-8"))?;
    let header = header(text.lines().next().unwrap_or_default())?;
    let mut lines = lines(text);
    let (number, sizes) = lines.next().ok_or_else(|| Error::data("the file ends before its sizes"))?;
    let wrong_size = || Error::data(format!("line {number}: \"{sizes}\" are not the sizes of a matrix"));
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
    let _held = ctx.reserve_matrices(1, rows, cols)?;
    let mut values = vec![0.0; rows * cols];
    let place = |i: usize, j: usize| if is_transposed { j * rows + i } else { i * cols + j };
    let mut set = |i: usize, j: usize, value: f64| {
        // An entry that comes again adds to what is there, as in SciPy.
        values[place(i, j)] += value;
        match header.symmetry {
            Symmetry::Symmetric if i != j => values[place(j, i)] += value,
            Symmetry::Skew if i != j => values[place(j, i)] -= value,
            _ => {}
        }
    };
    match count {
        Some(count) => coordinates(&mut lines, &header, (rows, cols, count), ctx, &mut set)?,
        None => array(&mut lines, header.symmetry, (rows, cols), ctx, &mut set)?,
    }
    if let Some((number, _)) = lines.next() {
        return Err(Error::data(format!("line {number}: more numbers than the header says")));
    }
    if is_transposed { Matrix::from_vec(cols, rows, values) } else { Matrix::from_vec(rows, cols, values) }
}

fn coordinates<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    header: &Header,
    (rows, cols, count): (usize, usize, usize),
    ctx: &Context,
    set: &mut impl FnMut(usize, usize, f64),
) -> Result<()> {
    for done in 0..count {
        if done % 4096 == 0 {
            ctx.check()?;
        }
        let (number, line) =
            lines.next().ok_or_else(|| Error::data(format!("{done} entries, the header says {count}")))?;
        let wrong = || Error::data(format!("line {number}: \"{line}\" is not an entry of a {rows} x {cols} matrix"));
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
        set(i, j, value);
    }
    Ok(())
}

/// Column by column; of a symmetric matrix the lower triangle, of a skew-symmetric one without its diagonal.
fn array<'a>(
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    symmetry: Symmetry,
    (rows, cols): (usize, usize),
    ctx: &Context,
    set: &mut impl FnMut(usize, usize, f64),
) -> Result<()> {
    for j in 0..cols {
        ctx.check()?;
        let first = match symmetry {
            Symmetry::General => 0,
            Symmetry::Symmetric => j,
            Symmetry::Skew => j + 1,
        };
        for i in first..rows {
            let (number, line) = lines.next().ok_or_else(|| Error::data("fewer numbers than the header says"))?;
            let value = super::csv::parse_cell(line);
            set(i, j, value.ok_or_else(|| Error::data(format!("line {number}: \"{line}\" is not a number")))?);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Matrix> {
        parse_mtx(text.as_bytes(), false, &Context::new().with_memory_limit(1_000_000))
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
        let read = parse_mtx(text.as_bytes(), true, &Context::new()).unwrap();
        assert_eq!((read.rows(), read.as_slice()), (3, &[1.0, 2.0, 0.0, 0.0, 3.0, 0.0][..]));
        let skew = "%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 4\n";
        let read = parse_mtx(skew.as_bytes(), true, &Context::new()).unwrap();
        assert_eq!(read.as_slice(), [0.0, 4.0, -4.0, 0.0]);
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
