//! numpy's `.npy` files: float64 in C order; float32 and Fortran order are read too.

use ndarray::{Array1, Array2};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};

use super::{Matrix, file};
use crate::context::Context;
use crate::error::{Error, Result};

/// Reads a one- or two-dimensional array of float64 or float32; one dimension becomes a column.
///
/// # Errors
/// A file that cannot be read, or holds another type or number of dimensions.
pub fn read_npy(path: &str, ctx: &Context) -> Result<Matrix> {
    let bytes = file::read_bytes(path, ctx)?;
    parse_npy(&bytes).ok_or_else(|| {
        Error::data(format!("'{path}' is not a numpy file of float64 or float32 with one or two dimensions"))
            .with_hint("in Python: numpy.save(\"x.npy\", x.astype(float))")
    })
}

fn parse_npy(bytes: &[u8]) -> Option<Matrix> {
    let column = |values: Array1<f64>| values.insert_axis(ndarray::Axis(1));
    Array2::<f64>::read_npy(bytes)
        .or_else(|_| Array2::<f32>::read_npy(bytes).map(|values| values.mapv(f64::from)))
        .or_else(|_| Array1::<f64>::read_npy(bytes).map(column))
        .or_else(|_| Array1::<f32>::read_npy(bytes).map(|values| column(values.mapv(f64::from))))
        .ok()
        .map(Matrix::from)
}

/// Writes a matrix as float64 in C order; names are not kept by the format.
///
/// # Errors
/// When the file cannot be written.
pub fn write_npy(matrix: &Matrix, path: &str, ctx: &Context) -> Result<()> {
    file::write_atomic(path, ctx, |out| matrix.view().write_npy(out).map_err(std::io::Error::other))
}
