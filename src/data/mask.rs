//! Truth values, as comparisons of matrices and vectors give them.

use std::sync::Arc;

use crate::engine_type;
use crate::error::{Error, Result};

/// Truth values in the shape of the vector or matrix that was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    values: Arc<Vec<bool>>,
    /// `None` for a vector's mask.
    shape: Option<(usize, usize)>,
}

engine_type!(Mask, "Mask");

impl Mask {
    /// The mask of a vector.
    pub fn vector(values: Vec<bool>) -> Self {
        Self { values: Arc::new(values), shape: None }
    }

    /// The mask of a matrix, in row order.
    pub fn matrix(rows: usize, cols: usize, values: Vec<bool>) -> Self {
        Self { values: Arc::new(values), shape: Some((rows, cols)) }
    }

    /// The truth values, in row order.
    pub fn as_slice(&self) -> &[bool] {
        &self.values
    }

    /// Rows and columns, for the mask of a matrix.
    pub fn shape(&self) -> Option<(usize, usize)> {
        self.shape
    }

    /// As JSON: a list of truth values, in row order.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!(self.as_slice())
    }

    /// How many are true.
    pub fn count(&self) -> usize {
        self.values.iter().filter(|&&value| value).count()
    }

    /// The opposite.
    #[must_use]
    pub fn not(&self) -> Self {
        Self { values: Arc::new(self.values.iter().map(|value| !value).collect()), shape: self.shape }
    }

    /// `f` of two masks of one shape.
    ///
    /// # Errors
    /// When the shapes differ.
    pub fn zip(&self, other: &Self, f: impl Fn(bool, bool) -> bool) -> Result<Self> {
        if self.shape != other.shape || self.values.len() != other.values.len() {
            return Err(Error::shape("masks of different shapes"));
        }
        let values = self.values.iter().zip(other.values.iter()).map(|(&a, &b)| f(a, b)).collect();
        Ok(Self { values: Arc::new(values), shape: self.shape })
    }
}

impl std::fmt::Display for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.shape {
            Some((rows, cols)) => write!(f, "Mask {rows} x {cols}, {} true", self.count()),
            None => write!(f, "Mask {}, {} true", self.values.len(), self.count()),
        }
    }
}
