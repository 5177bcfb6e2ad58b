//! What `lambda` can be: a number, a matrix, or a rule that chooses one.

use crate::data::Matrix;
use crate::select::Rule;
use crate::value::Value;

/// The penalty of the graphical lasso.
#[derive(Debug, Clone, PartialEq)]
pub enum Lambda {
    /// The same for every pair.
    Value(f64),
    /// One for each pair, p x p.
    Matrix(Matrix),
    /// Chosen along a path.
    Rule(Rule),
}

impl Lambda {
    /// The number or matrix that an option has.
    pub(super) fn of(value: &Value) -> Option<Self> {
        value.as_number().map(Self::Value).or_else(|| value.object().cloned().map(Self::Matrix))
    }

    /// As a fit records it: what was given, or the word for the rule.
    pub(super) fn recorded(&self) -> Value {
        match self {
            Self::Rule(rule) => rule.name().into(),
            given => given.given(),
        }
    }

    /// The number or matrix that was given.
    pub(super) fn given(&self) -> Value {
        match self {
            Self::Matrix(matrix) => matrix.clone().into(),
            Self::Value(lambda) => Value::Float(*lambda),
            Self::Rule(_) => Value::Unit,
        }
    }
}

impl From<f64> for Lambda {
    fn from(value: f64) -> Self {
        Self::Value(value)
    }
}

impl From<Matrix> for Lambda {
    fn from(matrix: Matrix) -> Self {
        Self::Matrix(matrix)
    }
}

impl<R: Into<Rule>> From<R> for Lambda {
    fn from(rule: R) -> Self {
        Self::Rule(rule.into())
    }
}
