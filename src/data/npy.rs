//! numpy's `.npy` files: float64 in C order; float32, integers, booleans and Fortran order are read too.

use ndarray::{Array1, Array2};
use ndarray_npy::{ReadNpyExt, ReadableElement, WriteNpyExt};

use super::{Matrix, file};
use crate::context::Context;
use crate::error::{Error, Result};

/// Reads a one- or two-dimensional array of numbers or booleans; one dimension becomes a column.
///
/// # Errors
/// A file that cannot be read, or holds another type or number of dimensions.
pub fn read_npy(path: &str, ctx: &Context) -> Result<Matrix> {
    let bytes = file::read_bytes(path, ctx)?;
    let matrix = parse_npy(&bytes).ok_or_else(|| {
        Error::data(format!("'{path}' is not a numpy file of numbers with one or two dimensions"))
            .with_hint("in Python: numpy.save(\"x.npy\", x.astype(float))")
    })?;
    ctx.check_size(matrix.rows(), matrix.cols())?;
    Ok(matrix)
}

fn parse_npy(bytes: &[u8]) -> Option<Matrix> {
    parse_as::<f64>(bytes, |value| value)
        .or_else(|| parse_as::<f32>(bytes, f64::from))
        // Integers beyond 2^53 are rounded, as numpy does when it makes floats of them.
        .or_else(|| parse_as::<i64>(bytes, |value| value as f64))
        .or_else(|| parse_as::<i32>(bytes, f64::from))
        .or_else(|| parse_as::<u8>(bytes, f64::from))
        .or_else(|| parse_as::<bool>(bytes, f64::from))
        .map(Matrix::from)
}

/// The array, if its elements are of type `T`.
fn parse_as<T: ReadableElement + Copy>(bytes: &[u8], number: fn(T) -> f64) -> Option<Array2<f64>> {
    let column = |values: Array1<T>| values.insert_axis(ndarray::Axis(1));
    let values = Array2::<T>::read_npy(bytes).or_else(|_| Array1::<T>::read_npy(bytes).map(column));
    values.ok().map(|values| values.mapv(number))
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
            assert_eq!(parse_npy(&bytes).unwrap().as_slice(), expected);
        }
        assert!(parse_npy(b"not numpy").is_none() && parse_npy(&file("<f8", false, "(2, 2, 1)", &floats)).is_none());
        assert!(parse_npy(&file("<f8", false, "(200, 200)", &floats)).is_none(), "cut off");
    }
}
