//! Named arrays of numbers: what training finds.

use serde_json::{Value as Json, json};

use crate::data::saved::{broken, numbers_from_json, numbers_to_json, part, text_from_json};
use crate::data::{Matrix, Vector, number};
use crate::error::{Error, Result};
use crate::value::Value;

/// A named array of numbers that training found.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    name: String,
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Parameter {
    /// The array of this shape, which is empty for a single number, from its values in row order.
    ///
    /// # Errors
    /// Another number of values than the shape has, a value that is not finite.
    pub fn new(name: impl Into<String>, shape: &[usize], values: Vec<f64>) -> Result<Self> {
        let name = name.into();
        let count = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
        if count != Some(values.len()) {
            let message = format!("the parameter '{name}' has {} values, which do not fill {shape:?}", values.len());
            return Err(Error::shape(message));
        }
        if let Some((place, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Error::numerical(format!("the parameter '{name}' has {} at position {place}", number(*value))));
        }
        Ok(Self { name, shape: shape.to_vec(), values })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its sizes; none for a single number.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The numbers in row order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// For scripts: a number, a Vector, a Matrix, or a map of shape and values where there are more dimensions.
    pub fn to_value(&self) -> Value {
        let values = || Vector::from(self.values.clone());
        match *self.shape.as_slice() {
            [] => Value::from(self.values.first().copied()),
            [_] => values().into(),
            [rows, cols] => Matrix::from_vec(rows, cols, self.values.clone()).map_or(Value::Unit, Value::from),
            _ => {
                let shape: Vec<Value> = self.shape.iter().map(|&size| size.into()).collect();
                Value::Map(vec![("shape".into(), shape.into()), ("values".into(), values().into())])
            }
        }
    }

    /// As it is saved.
    pub(super) fn to_saved_json(&self) -> Json {
        json!({ "name": self.name, "shape": self.shape, "values": numbers_to_json(&self.values) })
    }

    /// The array that was saved.
    pub(super) fn from_saved_json(json: &Json) -> Result<Self> {
        let name = text_from_json(json, "name")?;
        let size = |size: &Json| size.as_u64().and_then(|size| usize::try_from(size).ok());
        let shape: Option<Vec<usize>> =
            part(json, "shape")?.as_array().and_then(|list| list.iter().map(size).collect());
        let shape =
            shape.ok_or_else(|| broken(&format!("the shape of the parameter '{name}' is not a list of sizes")))?;
        let values = numbers_from_json(part(json, "values")?, &format!("the parameter '{name}'"))?;
        Self::new(name, &shape, values).map_err(|error| broken(error.message()))
    }
}
