//! numpy's `.npy` files: float64 in C order; float32, integers, booleans and Fortran order are read too.

use ndarray::{Array2, ShapeBuilder};
use ndarray_npy::WriteNpyExt;

use super::{Matrix, file};
use crate::context::Context;
use crate::error::{Error, Result};

/// Elements that are read between two looks at the context.
const PIECE: usize = 1 << 18;

/// Reads a one- or two-dimensional array of numbers or booleans; one dimension becomes a column.
///
/// # Errors
/// A file that cannot be read, or holds another type or number of dimensions; memory.
pub fn read_npy(path: &str, ctx: &Context) -> Result<Matrix> {
    let bytes = file::read_bytes(path, ctx)?;
    parse_npy(&bytes, ctx)?.ok_or_else(|| {
        Error::data(format!("'{path}' is not a numpy file of numbers with one or two dimensions"))
            .with_hint("in Python: numpy.save(\"x.npy\", x.astype(float))")
    })
}

/// The array; `None` where the file is something else, or not as long as its header says.
fn parse_npy(bytes: &[u8], ctx: &Context) -> Result<Option<Matrix>> {
    let Some((header, elements)) = header(bytes) else { return Ok(None) };
    let Some(Element { size, number }) = element(header.descr, elements) else { return Ok(None) };
    let (rows, cols) = header.shape;
    let count = rows.checked_mul(cols);
    let Some(count) = count.filter(|count| count.checked_mul(size) == Some(elements.len())) else { return Ok(None) };
    // Columns are turned into rows in a second matrix.
    let _held = ctx.reserve_matrices(if header.is_fortran { 2 } else { 1 }, rows, cols)?;
    let mut values = Vec::with_capacity(count);
    for piece in elements.chunks(PIECE * size) {
        ctx.check()?;
        values.extend(piece.chunks_exact(size).map(number));
    }
    Ok(Array2::from_shape_vec((rows, cols).set_f(header.is_fortran), values).ok().map(Matrix::from))
}

/// What a header says.
struct Header<'a> {
    descr: &'a str,
    is_fortran: bool,
    shape: (usize, usize),
}

/// The header of a file, and the bytes behind it.
///
/// It is a dictionary of Python with three keys. No more of Python is understood: what parses all of it calls itself for
/// every bracket, and tries some of them twice.
fn header(bytes: &[u8]) -> Option<(Header<'_>, &[u8])> {
    let (length, rest) = match bytes.strip_prefix(b"\x93NUMPY")? {
        [1, 0, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, 0, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return None,
    };
    let (text, elements) = rest.split_at_checked(length)?;
    let text = std::str::from_utf8(text).ok()?.trim();
    let mut rest = text.strip_prefix('{')?.strip_suffix('}')?.trim_start();
    let (mut descr, mut is_fortran, mut shape) = (None, None, None);
    while !rest.is_empty() {
        let (key, behind) = quoted(rest)?;
        let value = behind.trim_start().strip_prefix(':')?.trim_start();
        let behind = match key {
            "descr" => {
                let (word, behind) = quoted(value)?;
                descr = Some(word);
                behind
            }
            "fortran_order" => {
                is_fortran = Some(value.starts_with("True"));
                value.strip_prefix("True").or_else(|| value.strip_prefix("False"))?
            }
            "shape" => {
                let (sizes, behind) = value.strip_prefix('(')?.split_once(')')?;
                shape = Some(two_sizes(sizes)?);
                behind
            }
            _ => return None,
        };
        let behind = behind.trim_start();
        rest = match behind.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if behind.is_empty() => behind,
            None => return None,
        };
    }
    Some((Header { descr: descr?, is_fortran: is_fortran?, shape: shape? }, elements))
}

/// A text in quotes, and what comes behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// The sizes of an array with one or two dimensions; one is that of a column.
fn two_sizes(text: &str) -> Option<(usize, usize)> {
    let mut sizes = text.split(',').map(str::trim).filter(|size| !size.is_empty());
    let rows = sizes.next()?.parse().ok()?;
    let cols = sizes.next().map_or(Some(1), |size| size.parse().ok())?;
    sizes.next().is_none().then_some((rows, cols))
}

/// How an element is read: its bytes, and their number.
struct Element {
    size: usize,
    number: fn(&[u8]) -> f64,
}

/// The elements of a type, if it is one that is read.
fn element(descr: &str, elements: &[u8]) -> Option<Element> {
    macro_rules! of {
        ($type:ty, $from:ident) => {{
            const SIZE: usize = size_of::<$type>();
            fn number(bytes: &[u8]) -> f64 {
                <[u8; SIZE]>::try_from(bytes).map_or(f64::NAN, |bytes| <$type>::$from(bytes) as f64)
            }
            Element { size: SIZE, number }
        }};
    }
    Some(match descr {
        "<f8" => of!(f64, from_le_bytes),
        ">f8" => of!(f64, from_be_bytes),
        "<f4" => of!(f32, from_le_bytes),
        ">f4" => of!(f32, from_be_bytes),
        // Integers beyond 2^53 are rounded, as numpy does when it makes floats of them.
        "<i8" => of!(i64, from_le_bytes),
        ">i8" => of!(i64, from_be_bytes),
        "<i4" => of!(i32, from_le_bytes),
        ">i4" => of!(i32, from_be_bytes),
        "|u1" => of!(u8, from_le_bytes),
        "|b1" if elements.iter().all(|&byte| byte <= 1) => of!(u8, from_le_bytes),
        _ => return None,
    })
}

/// Writes a matrix as float64 in C order; names are not kept by the format.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy(matrix: &Matrix, path: &str, ctx: &Context) -> Result<()> {
    file::write_atomic(path, ctx, |out| matrix.view().write_npy(out).map_err(std::io::Error::other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as numpy writes it: version 1, padded header, then the elements.
    fn file(descr: &str, fortran: bool, shape: &str, elements: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(elements);
        bytes
    }

    #[test]
    fn every_type_and_order_that_numpy_users_have() {
        let ints: Vec<u8> = [1i64, 2, 3, 4].iter().flat_map(|value| value.to_le_bytes()).collect();
        let floats: Vec<u8> = [1.0f64, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let singles: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        for (bytes, expected) in [
            (file("<f8", false, "(2, 2)", &floats), [1.0, 2.0, 3.0, 4.0]),
            (file("<f8", true, "(2, 2)", &floats), [1.0, 3.0, 2.0, 4.0]),
            (file("<f4", false, "(2, 2)", &singles), [1.0, 2.0, 3.0, 4.0]),
            (file("<i8", false, "(4,)", &ints), [1.0, 2.0, 3.0, 4.0]),
            (file("|b1", false, "(4, 1)", &[1, 0, 0, 1]), [1.0, 0.0, 0.0, 1.0]),
        ] {
            assert_eq!(parsed(&bytes).unwrap().as_slice(), expected);
        }
        let large: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_be_bytes()).collect();
        assert_eq!(parsed(&file(">f4", false, "(4,)", &large)).unwrap().as_slice(), [1.0, 2.0, 3.0, 4.0]);
        assert!(parsed(b"not numpy").is_none() && parsed(&file("<f8", false, "(2, 2, 1)", &floats)).is_none());
        assert!(parsed(&file("<f8", false, "(200, 200)", &floats)).is_none(), "cut off");
        assert!(parsed(&file("<f8", false, "(3,)", &floats)).is_none(), "too long");
        assert!(parsed(&file("|b1", false, "(2,)", &[1, 2])).is_none(), "no truth value");
    }

    fn parsed(bytes: &[u8]) -> Option<Matrix> {
        parse_npy(bytes, &Context::new()).unwrap()
    }

    #[test]
    fn headers_that_lie_are_refused_at_once() {
        let deep = "(".repeat(60_000);
        let twice = format!("{}{}", "[".repeat(40), "]".repeat(40));
        for shape in
            ["(1099511627776, 4)", "(4294967296, 4294967296)", "(-1, 2)", "()", "2", deep.as_str(), twice.as_str()]
        {
            assert!(parsed(&file("<f8", false, shape, &[0; 16])).is_none(), "{shape}");
        }
        let far = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'";
        assert!(parsed(far).is_none() && parsed(&far[..8]).is_none());
        let small = Context::new().with_memory_limit(1000);
        let error = parse_npy(&file("|u1", false, "(200,)", &[0; 200]), &small).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Memory);
    }
}
