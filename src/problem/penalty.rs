//! The L1 penalty of the graphical lasso: sum over i, j of Lambda_ij |Theta_ij|.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::linalg::{Bounds, block_of};

/// Penalties Lambda: symmetric, not negative; 0 leaves an entry free, infinity forbids it.
#[derive(Debug, Clone, PartialEq)]
pub enum L1 {
    /// One number off the diagonal, another on it.
    Scalar {
        /// Off the diagonal.
        lambda: f64,
        /// On the diagonal.
        diagonal: f64,
    },
    /// A number for each entry.
    Matrix(Array2<f64>),
}

impl L1 {
    /// `lambda` off the diagonal, and on it if it is penalised.
    pub fn scalar(lambda: f64, penalize_diagonal: bool) -> Self {
        Self::Scalar { lambda, diagonal: if penalize_diagonal { lambda } else { 0.0 } }
    }

    /// A number for each entry.
    ///
    /// # Errors
    /// A matrix that is not square, not symmetric, or has negative or missing entries; `what` names it.
    pub fn matrix(mut lambda: Array2<f64>, penalize_diagonal: bool, what: &str) -> Result<Self> {
        check_weights(lambda.view(), what)?;
        if !penalize_diagonal {
            lambda.diag_mut().fill(0.0);
        } else if let Some(i) = lambda.diag().iter().position(|value| value.is_infinite()) {
            return Err(Error::argument(format!(
                "{what}: the diagonal entry {i} is infinite, a precision matrix needs its diagonal"
            )));
        }
        Ok(Self::Matrix(lambda))
    }

    /// Lambda_ij.
    #[inline]
    pub fn at(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::Scalar { lambda, diagonal } => {
                if i == j {
                    *diagonal
                } else {
                    *lambda
                }
            }
            Self::Matrix(lambda) => lambda[(i, j)],
        }
    }

    /// Lambda_ji for every i but j itself, where `Bounds::Same` stands for the off-diagonal penalty too.
    #[inline]
    pub fn row(&self, j: usize) -> Bounds<'_> {
        match self {
            Self::Scalar { lambda, .. } => Bounds::Same(*lambda),
            Self::Matrix(lambda) => match lambda.row(j).to_slice() {
                Some(row) => Bounds::Each(row),
                None => unreachable!("made in row order"),
            },
        }
    }

    /// Whether nothing is penalised, for p variables.
    pub fn is_zero(&self, p: usize) -> bool {
        match self {
            Self::Scalar { lambda, diagonal } => (*lambda == 0.0 || p < 2) && *diagonal == 0.0,
            Self::Matrix(lambda) => lambda.iter().all(|&value| value == 0.0),
        }
    }

    /// Whether some pair of p variables is not penalised: only then can a problem be without a solution.
    pub fn has_free_pairs(&self, p: usize) -> bool {
        match self {
            Self::Scalar { lambda, .. } => *lambda == 0.0 && p > 1,
            Self::Matrix(lambda) => lambda.indexed_iter().any(|((i, j), &value)| i != j && value == 0.0),
        }
    }

    /// The smallest positive penalty of p variables off the diagonal; infinity where there is none.
    pub fn smallest_positive(&self, p: usize) -> f64 {
        let positive = |value: f64| if value > 0.0 { value } else { f64::INFINITY };
        match self {
            Self::Scalar { lambda, .. } => positive(*lambda),
            Self::Matrix(lambda) => (0..p)
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .fold(f64::INFINITY, |least, pair| least.min(positive(lambda[pair]))),
        }
    }

    /// Every number replaced by `f` of it.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Scalar { lambda, diagonal } => Self::Scalar { lambda: f(*lambda), diagonal: f(*diagonal) },
            Self::Matrix(lambda) => Self::Matrix(lambda.mapv(f)),
        }
    }

    /// The penalty on some of the variables.
    #[must_use]
    pub fn restrict(&self, positions: &[usize]) -> Self {
        match self {
            Self::Scalar { .. } => self.clone(),
            Self::Matrix(lambda) => Self::Matrix(block_of(lambda.view(), positions)),
        }
    }

    /// min Lambda_ij / other_ij over entries that are positive and finite: how far a dual point of `other` must
    /// be shrunk towards S to be feasible here. At most 1.
    pub fn shrinkage_from(&self, other: &Self, p: usize) -> f64 {
        if let (Self::Scalar { lambda: new, .. }, Self::Scalar { lambda: old, .. }) = (self, other) {
            return if *old > 0.0 { (new / old).min(1.0) } else { 1.0 };
        }
        let mut ratio: f64 = 1.0;
        for i in 0..p {
            for j in 0..i {
                let (new, old) = (self.at(i, j), other.at(i, j));
                if old > 0.0 && new.is_finite() {
                    // An entry that was forbidden may be anywhere: only S itself is safe.
                    ratio = ratio.min(if old.is_finite() { new / old } else { 0.0 });
                }
            }
        }
        ratio
    }
}

/// Checks a matrix of penalties or of weights on them.
///
/// # Errors
/// A matrix that is not square, not symmetric, or has negative or missing entries; `what` names it.
pub fn check_weights(weights: ArrayView2<'_, f64>, what: &str) -> Result<()> {
    let (rows, cols) = weights.dim();
    if rows != cols {
        return Err(Error::shape(format!("{what} must be a square matrix, not {rows} x {cols}")));
    }
    for ((i, j), &value) in weights.indexed_iter() {
        if value.is_nan() || value < 0.0 {
            return Err(Error::option(format!("{what} must not be negative: entry ({i}, {j}) is {value}")));
        }
        let mirror = weights[(j, i)];
        let equal = value == mirror || (value - mirror).abs() <= 1e-10 * value.abs().max(mirror.abs());
        if !equal {
            return Err(Error::option(format!(
                "{what} must be symmetric: entry ({i}, {j}) is {value}, entry ({j}, {i}) is {mirror}"
            )));
        }
    }
    Ok(())
}
