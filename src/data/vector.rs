//! A vector of numbers with optional names.

use std::sync::Arc;

use super::print::{clipped, number};
use super::{Mask, Names};
use crate::engine_type;
use crate::error::{Error, Result};

/// A vector of `f64`, with optional names of its elements. Clones share the numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector {
    values: Arc<Vec<f64>>,
    names: Option<Names>,
}

engine_type!(Vector, "Vector", saved);

impl From<Vec<f64>> for Vector {
    fn from(values: Vec<f64>) -> Self {
        Self { values: Arc::new(values), names: None }
    }
}

impl Vector {
    /// The same numbers with these names; names of another length are left out.
    #[must_use]
    pub(crate) fn named(mut self, names: Option<Names>) -> Self {
        self.names = names.filter(|names| names.len() == self.values.len());
        self
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }

    /// The numbers, to write to.
    pub fn as_mut_slice(&mut self) -> &mut [f64] {
        Arc::make_mut(&mut self.values).as_mut_slice()
    }

    /// The names of the elements.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// The elements at these positions.
    #[must_use]
    pub fn pick(&self, positions: &[usize]) -> Self {
        Self::from(positions.iter().map(|&i| self.values[i]).collect::<Vec<_>>())
            .named(self.names.as_ref().map(|names| names.pick(positions)))
    }

    /// `f` of every element.
    #[must_use]
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { values: Arc::new(self.values.iter().map(|&value| f(value)).collect()), names: self.names.clone() }
    }

    /// `f` of the elements of two vectors of the same length.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Result<Self> {
        if self.len() != other.len() {
            return Err(Error::shape(format!("a vector of {} against one of {}", self.len(), other.len())));
        }
        let values = self.values.iter().zip(other.values.iter()).map(|(&a, &b)| f(a, b)).collect::<Vec<_>>();
        Ok(Self::from(values).named(self.names.clone().or_else(|| other.names.clone())))
    }

    /// As JSON: `{"names", "data": [..]}`, NaN and infinities as null.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "names": self.names.as_ref().map(Names::as_slice), "data": self.as_slice() })
    }

    /// One truth value an element.
    pub fn mask(&self, f: impl Fn(f64) -> bool) -> Mask {
        Mask::vector(self.values.iter().map(|&value| f(value)).collect())
    }
}

impl std::fmt::Display for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 12;
        let element = |i: usize| match &self.names {
            Some(names) => format!("{}: {}", clipped(names.get(i).to_string()), number(self.values[i])),
            None => number(self.values[i]),
        };
        let mut parts: Vec<String> = (0..self.len().min(SHOWN)).map(element).collect();
        if self.len() > SHOWN {
            parts.push(format!("... {} more", self.len() - SHOWN));
        }
        write!(f, "Vector {} [{}]", self.len(), parts.join(", "))
    }
}
