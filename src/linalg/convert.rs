//! Matrices and vectors from and to the types of ndarray and faer.
//!
//! A [`Matrix`] is an ndarray in row order: arrays in row order go in and out without a copy, and faer looks at the numbers
//! in place. faer's own matrices are in column order, so that taking one over copies it.

use faer::{Mat, MatRef};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::value::{FromValue, Value};

impl From<ArrayView2<'_, f64>> for Matrix {
    fn from(values: ArrayView2<'_, f64>) -> Self {
        Self::from(values.to_owned())
    }
}

impl From<Array2<f64>> for Value {
    fn from(values: Array2<f64>) -> Self {
        Matrix::from(values).into()
    }
}

impl From<Matrix> for Array2<f64> {
    /// Without a copy where nobody else holds the numbers; names are left out.
    fn from(matrix: Matrix) -> Self {
        matrix.into_array()
    }
}

impl FromValue for Array2<f64> {
    /// A matrix, without a copy where nobody else holds its numbers; names are left out.
    fn take(value: Value, what: &str) -> Result<Self> {
        let matrix = Matrix::take(value, what)?;
        Ok(matrix.into())
    }
}

impl FromValue for Array1<f64> {
    fn take(value: Value, what: &str) -> Result<Self> {
        Vector::take(value, what).map(Self::from)
    }
}

impl FromValue for Mat<f64> {
    fn take(value: Value, what: &str) -> Result<Self> {
        Ok(Matrix::take(value, what)?.to_faer())
    }
}

impl From<MatRef<'_, f64>> for Matrix {
    fn from(values: MatRef<'_, f64>) -> Self {
        Self::from(super::layout::to_array(values))
    }
}

impl From<Mat<f64>> for Matrix {
    fn from(values: Mat<f64>) -> Self {
        Self::from(values.as_ref())
    }
}

impl From<Mat<f64>> for Value {
    fn from(values: Mat<f64>) -> Self {
        Matrix::from(values).into()
    }
}

impl Matrix {
    /// The numbers as faer sees them, in place.
    pub fn as_faer(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(self.as_slice(), self.rows(), self.cols())
    }

    /// The numbers in a matrix of faer's.
    pub fn to_faer(&self) -> Mat<f64> {
        self.as_faer().to_owned()
    }
}

impl From<Array1<f64>> for Vector {
    /// Without a copy where the array is contiguous.
    fn from(values: Array1<f64>) -> Self {
        let len = values.len();
        if !values.is_standard_layout() {
            return Self::from(values.to_vec());
        }
        // The array may be a part of its numbers.
        let (mut numbers, offset) = values.into_raw_vec_and_offset();
        let start = offset.unwrap_or(0);
        numbers.truncate(start + len);
        numbers.drain(..start);
        Self::from(numbers)
    }
}

impl From<ArrayView1<'_, f64>> for Vector {
    fn from(values: ArrayView1<'_, f64>) -> Self {
        Self::from(values.to_vec())
    }
}

impl From<Vector> for Array1<f64> {
    fn from(vector: Vector) -> Self {
        Array1::from(vector.as_slice().to_vec())
    }
}

impl Vector {
    /// The numbers as ndarray sees them, in place.
    pub fn view(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(self.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_order_is_taken_over_in_place_and_other_orders_keep_their_entries() {
        let rows = Array2::from_shape_fn((3, 2), |(i, j)| (10 * i + j) as f64);
        let place = rows.as_ptr();
        let m = Matrix::from(rows.clone());
        assert_eq!(m.as_faer().get(2, 1), &21.0);
        assert_eq!(m.as_faer().as_ptr(), m.view().as_ptr(), "faer looks at the same numbers");
        let moved = Matrix::from(rows);
        assert_eq!(moved.view().as_ptr(), place);
        assert_eq!(Array2::from(moved).as_ptr(), place, "in and out without a copy");
        let columns = m.view().reversed_axes().to_owned().reversed_axes();
        assert_eq!(Matrix::from(columns.view().reversed_axes()).row_slice(1), [1.0, 11.0, 21.0]);
        assert_eq!(Matrix::from(m.to_faer()), m);
        assert_eq!(Matrix::from(m.as_faer().transpose()).row_slice(0), [0.0, 10.0, 20.0]);
    }

    #[test]
    fn vectors_of_any_stride() {
        let numbers = Array1::from(vec![1.0, 2.0, 3.0, 4.0]);
        let place = numbers.as_ptr();
        let every_other = numbers.view().slice_axis(ndarray::Axis(0), ndarray::Slice::from(..).step_by(2)).to_vec();
        let v = Vector::from(numbers);
        assert_eq!((v.view().as_ptr(), every_other), (place, vec![1.0, 3.0]));
        let mut backwards = Array1::from(v.clone());
        backwards.invert_axis(ndarray::Axis(0));
        assert_eq!(Vector::from(backwards).as_slice(), [4.0, 3.0, 2.0, 1.0]);
        let mut part = Array1::from(v);
        part.slice_axis_inplace(ndarray::Axis(0), ndarray::Slice::from(1..3));
        assert_eq!(Vector::from(part).as_slice(), [2.0, 3.0]);
    }
}
