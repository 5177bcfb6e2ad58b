//! Which penalties are one number, and the logarithms that stand for them.

use ndarray::{Array2, ArrayView2};

use super::super::hypergradient::slope;
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::problem::L1;

/// Which penalties are tied to each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Tie {
    /// All: one number.
    Scalar,
    /// Those of each pair of groups; the group of every variable, numbered from 0.
    Blocks(Vec<usize>),
    /// None: a number for every pair.
    Matrix,
}

/// Penalties Lambda_ij = exp(alpha_k) weight_ij, where k is the number of the tie that (i, j) belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    pub tie: &'a Tie,
    pub weights: Option<ArrayView2<'a, f64>>,
    pub penalize_diagonal: bool,
    pub p: usize,
}

/// The place of (i, j) in a triangle, row by row.
fn triangular(i: usize, j: usize) -> usize {
    let (low, high) = (i.min(j), i.max(j));
    high * (high + 1) / 2 + low
}

impl Layout<'_> {
    /// Number of parameters.
    pub fn count(&self) -> usize {
        match self.tie {
            Tie::Scalar => 1,
            Tie::Blocks(groups) => groups.iter().max().map_or(0, |&most| triangular(most, most) + 1),
            Tie::Matrix => self.p * (self.p + 1) / 2,
        }
    }

    fn index(&self, i: usize, j: usize) -> usize {
        match self.tie {
            Tie::Scalar => 0,
            Tie::Blocks(groups) => triangular(groups[i], groups[j]),
            Tie::Matrix => triangular(i, j),
        }
    }

    fn weight(&self, i: usize, j: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[(i, j)])
    }

    /// Lambda.
    ///
    /// # Errors
    /// Weights that are no penalties.
    pub fn penalty(&self, alpha: &[f64]) -> Result<L1> {
        if let (Tie::Scalar, None) = (self.tie, self.weights) {
            return Ok(L1::scalar(alpha[0].exp(), self.penalize_diagonal));
        }
        let values = Array2::from_shape_fn((self.p, self.p), |(i, j)| match self.weight(i, j) {
            weight if weight == 0.0 || weight.is_infinite() => weight,
            weight => alpha[self.index(i, j)].exp() * weight,
        });
        L1::matrix(values, self.penalize_diagonal, "weights")
    }

    /// The parameters at which the penalties, weights aside, are `lambda`; tied ones have their geometric mean.
    ///
    /// # Errors
    /// Numbers that have no logarithm where there is a penalty to tune.
    pub fn parameters(&self, lambda: impl Fn(usize, usize) -> f64) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; self.count()];
        let mut counts = vec![0usize; self.count()];
        let mut least = f64::INFINITY;
        for j in 0..self.p {
            for i in 0..=j {
                if i == j && !self.penalize_diagonal {
                    continue;
                }
                let value = lambda(i, j);
                if !(value > 0.0 && value.is_finite()) {
                    return Err(Error::option(format!("start: entry ({i}, {j}) is {value}, not a number > 0"))
                        .with_hint("leave pairs free or forbid them by `weights`: 0 or infinity"));
                }
                let k = self.index(i, j);
                sums[k] += value.ln();
                counts[k] += 1;
                least = least.min(value.ln());
            }
        }
        let least = if least.is_finite() { least } else { 0.0 };
        // A tie that nothing belongs to keeps any number.
        Ok(sums.iter().zip(&counts).map(|(sum, &count)| if count > 0 { sum / count as f64 } else { least }).collect())
    }

    /// Adds dC/dalpha from the adjoint U of one problem, times `share`. Each entry of U stands for dC/dLambda = -U slope.
    pub fn add_gradient(
        &self,
        alpha: &[f64],
        theta: &SparseSymmetric,
        u: &SparseSymmetric,
        (ratio, share): (f64, f64),
        gradient: &mut [f64],
    ) {
        let mut add = |i: usize, j: usize, u: f64, times: f64| {
            let weight = self.weight(i, j);
            if weight > 0.0 && weight.is_finite() {
                let k = self.index(i, j);
                gradient[k] -= times * share * alpha[k].exp() * weight * u * slope(ratio, theta.at(i, j));
            }
        };
        if self.penalize_diagonal {
            u.diagonal().iter().enumerate().for_each(|(i, &u)| add(i, i, u, 1.0));
        }
        // Both entries of a pair move.
        u.pairs().for_each(|(i, j, u)| add(i, j, u, 2.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout<'a>(tie: &'a Tie, penalize_diagonal: bool) -> Layout<'a> {
        Layout { tie, weights: None, penalize_diagonal, p: 4 }
    }

    #[test]
    fn ties_are_symmetric_and_means_are_geometric() {
        let blocks = Tie::Blocks(vec![0, 1, 0, 1]);
        let own = layout(&blocks, true);
        assert_eq!(own.count(), 3);
        let alpha = own.parameters(|i, j| if (i + j) % 2 == 0 { 0.25 } else { 0.5 }).unwrap();
        let L1::Matrix(lambda) = own.penalty(&alpha).unwrap() else { panic!("a matrix") };
        assert!((lambda[(0, 1)] - 0.5).abs() < 1e-12 && (lambda[(2, 0)] - 0.25).abs() < 1e-12);
        assert_eq!(lambda, lambda.t());
        assert_eq!(layout(&Tie::Matrix, false).count(), 10);
        assert!(own.parameters(|_, _| 0.0).is_err());
        let scalar = layout(&Tie::Scalar, false);
        let mean = scalar.parameters(|i, _| if i == 0 { 1.0 } else { 4.0 }).unwrap()[0].exp();
        assert!((mean - 2.0).abs() < 1e-12, "{mean}");
    }
}
