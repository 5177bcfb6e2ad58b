//! The loss of Gaussian data: the negative log-likelihood of a precision matrix, up to constants.

use ndarray::ArrayView2;

/// -logdet Theta + tr(S Theta), for a p x p symmetric S. W stands for Theta^-1.
#[derive(Debug, Clone, Copy)]
pub struct LogDet<'a> {
    s: ArrayView2<'a, f64>,
}

impl<'a> LogDet<'a> {
    /// The loss for this sample covariance.
    pub fn new(s: ArrayView2<'a, f64>) -> Self {
        Self { s }
    }

    /// The value at Theta, given log det Theta.
    pub fn value(&self, theta: ArrayView2<'_, f64>, logdet: f64) -> f64 {
        let products = self.s.iter().zip(theta.iter()).filter(|(_, theta)| **theta != 0.0);
        products.map(|(s, theta)| s * theta).sum::<f64>() - logdet
    }

    /// Entry (i, j) of the gradient S - W.
    #[inline]
    pub fn gradient(&self, i: usize, j: usize, w_ij: f64) -> f64 {
        self.s[(i, j)] - w_ij
    }

    /// The second derivative along theta_ii, and half of that along theta_ij = theta_ji: what a coordinate step divides
    /// the gradient by.
    #[inline]
    pub fn curvature(&self, i: usize, j: usize, w_ij: f64, w_ii: f64, w_jj: f64) -> f64 {
        if i == j { w_ii * w_ii } else { w_ij * w_ij + w_ii * w_jj }
    }

    /// The dual value of a positive definite W before the penalty's conjugate of W - S is taken off: log det W + p.
    pub fn dual_value(&self, logdet_w: f64) -> f64 {
        logdet_w + self.s.nrows() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Cholesky;
    use ndarray::{Array2, array};

    #[test]
    fn gradient_and_curvature_are_finite_differences() {
        let s = array![[1.0, 0.4, -0.2], [0.4, 2.0, 0.3], [-0.2, 0.3, 0.7]];
        let theta = array![[1.5, -0.3, 0.1], [-0.3, 0.9, -0.2], [0.1, -0.2, 2.0]];
        let loss = LogDet::new(s.view());
        let value = |theta: &Array2<f64>| loss.value(theta.view(), Cholesky::new(theta.view()).unwrap().logdet());
        let w = Cholesky::new(theta.view()).unwrap().inverse();
        let h = 1e-4;
        for i in 0..3 {
            for j in 0..=i {
                let moved = |length: f64| {
                    let mut moved = theta.clone();
                    moved[(i, j)] += length;
                    moved[(j, i)] = moved[(i, j)];
                    value(&moved)
                };
                let (up, down) = (moved(h), moved(-h));
                // A pair of entries moves at once.
                let count = if i == j { 1.0 } else { 2.0 };
                let slope = (up - down) / (2.0 * h * count);
                assert!((slope - loss.gradient(i, j, w[(i, j)])).abs() < 1e-6, "{i} {j}");
                let second = (up - 2.0 * value(&theta) + down) / (h * h * count);
                let curvature = loss.curvature(i, j, w[(i, j)], w[(i, i)], w[(j, j)]);
                assert!((second - curvature).abs() < 1e-4, "{i} {j}: {second} {curvature}");
            }
        }
    }
}
