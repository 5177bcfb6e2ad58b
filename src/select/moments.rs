//! Second moments of a part of the rows from those of all of them: each row is multiplied out once, not once a fold.

use ndarray::{Array2, Axis};

use crate::context::{Context, Reservation};
use crate::data::Matrix;
use crate::data::covariance::covariance;
use crate::error::Result;
use crate::linalg;

/// A variance that is a smaller part of the variance of all rows has lost too many digits in the difference.
const LOST: f64 = 1e-4;

/// X'X of all centred rows.
pub(super) struct Moments<'a> {
    x: &'a Matrix,
    centered: Matrix,
    /// p x p.
    total: Array2<f64>,
    _held: Reservation,
}

/// What the rows that stay and those that are held out have.
pub(super) struct Split {
    /// The covariance of the rows that stay, divided by their number, p x p.
    pub rest: Array2<f64>,
    /// The other rows.
    pub held_out: HeldOut,
}

/// Second moments of held-out rows about the mean of the others.
pub(super) struct HeldOut {
    /// X'X of the rows, about the mean of all rows.
    gram: Array2<f64>,
    /// Their sum, about the mean of all rows.
    sum: Vec<f64>,
    /// The mean of the others, about the mean of all rows.
    mean: Vec<f64>,
    count: f64,
}

impl<'a> Moments<'a> {
    /// Those of x, n x p.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn new(x: &'a Matrix, ctx: &Context) -> Result<Self> {
        let (n, p) = (x.rows(), x.cols());
        // The rows once more, and as a transpose while they are multiplied.
        let held = ctx.reserve_matrices(1, p, n.saturating_mul(2).saturating_add(p))?;
        let centered = x.center();
        let total = linalg::gram(centered.view(), ctx)?;
        Ok(Self { x, centered, total, _held: held })
    }

    /// The rows that stay, in order, and those that are held out; both have to be there.
    ///
    /// # Errors
    /// Limits of the context.
    pub fn split(&self, rest: &[usize], held_out: &[usize], ctx: &Context) -> Result<Split> {
        let p = self.centered.cols();
        let columns: Vec<usize> = (0..p).collect();
        let rows = self.centered.pick(held_out, &columns);
        let gram = linalg::gram(rows.view(), ctx)?;
        let sum = rows.view().sum_axis(Axis(0)).to_vec();
        let (stay, count) = (rest.len() as f64, held_out.len() as f64);
        // All centred rows sum to 0.
        let mean: Vec<f64> = sum.iter().map(|sum| -sum / stay).collect();
        let mut covariance_of_rest =
            Array2::from_shape_fn((p, p), |(i, j)| (self.total[(i, j)] - gram[(i, j)]) / stay - mean[i] * mean[j]);
        let lost = |j: usize| covariance_of_rest[(j, j)] <= LOST * self.total[(j, j)] / (stay + count);
        if (0..p).any(lost) {
            // About their own means: those of all rows may have taken the digits already.
            covariance_of_rest = covariance(&self.x.pick(rest, &columns), ctx)?;
        }
        Ok(Split { rest: covariance_of_rest, held_out: HeldOut { gram, sum, mean, count } })
    }
}

impl HeldOut {
    /// The mean of (x_i - m_i)(x_j - m_j) over the held-out rows x, with m the mean of the others.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let cross = self.sum[i] * self.mean[j] + self.mean[i] * self.sum[j];
        (self.gram[(i, j)] - cross) / self.count + self.mean[i] * self.mean[j]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both parts against their definitions, relative to the size of the numbers.
    fn check(x: &Matrix, rest: &[usize], out: &[usize]) {
        let ctx = Context::new();
        let columns: Vec<usize> = (0..x.cols()).collect();
        let split = Moments::new(x, &ctx).unwrap().split(rest, out, &ctx).unwrap();
        let stay = x.pick(rest, &columns);
        let means = stay.column_means();
        let direct = covariance(&stay, &ctx).unwrap();
        for i in 0..x.cols() {
            for j in 0..x.cols() {
                let size = (direct[(i, i)] * direct[(j, j)]).sqrt();
                assert!((split.rest[(i, j)] - direct[(i, j)]).abs() < 1e-10 * size, "{i} {j}: {}", split.rest[(i, j)]);
                let product = |&row: &usize| (x.row_slice(row)[i] - means[i]) * (x.row_slice(row)[j] - means[j]);
                let expected = out.iter().map(product).sum::<f64>() / out.len() as f64;
                let size = (split.held_out.at(i, i) * split.held_out.at(j, j)).sqrt();
                assert!((split.held_out.at(i, j) - expected).abs() < 1e-10 * size, "{i} {j}: {expected}");
            }
        }
    }

    #[test]
    fn moments_of_parts_are_those_of_their_rows() {
        let value = |i: usize, j: usize| ((i * i * (j + 2) + 3 * i + j) % 11) as f64 + 0.1 * j as f64;
        check(&Matrix::from_fn(12, 3, value), &[0, 1, 2, 4, 5, 7, 8, 9, 10], &[3, 6, 11]);
        // One held-out row has nearly all of the variance, and the mean is far from 0.
        let outlier = Matrix::from_fn(12, 3, |i, j| value(i, j) + if i == 6 && j == 1 { 1e9 } else { 1e3 });
        check(&outlier, &[0, 1, 2, 4, 5, 7, 8, 9, 10], &[3, 6, 11]);
    }
}
