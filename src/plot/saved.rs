//! Figures in files: numbers of a scene that JSON has no word for.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::Matrix;
use crate::data::saved::{number_from_json, number_to_json};

/// Lists of numbers, also missing and infinite ones.
pub(super) mod numbers {
    use super::*;

    pub fn serialize<S: Serializer>(values: &[f64], out: S) -> Result<S::Ok, S::Error> {
        values.iter().map(|&value| number_to_json(value)).collect::<Vec<_>>().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<f64>, D::Error> {
        let list = Vec::<serde_json::Value>::deserialize(input)?;
        let number = |value: &serde_json::Value| {
            number_from_json(value).ok_or_else(|| serde::de::Error::custom(format!("{value} is not a number")))
        };
        list.iter().map(number).collect()
    }
}

/// A matrix.
pub(super) mod matrix {
    use super::*;

    pub fn serialize<S: Serializer>(values: &Matrix, out: S) -> Result<S::Ok, S::Error> {
        values.to_saved_json().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Matrix, D::Error> {
        let json = serde_json::Value::deserialize(input)?;
        Matrix::from_saved_json(&json).map_err(serde::de::Error::custom)
    }
}
