//! Matrices, vectors and tables as they are saved: JSON from which they come back to the last bit.
//!
//! The shape is that of `to_json`, with a `"type"` beside it, and infinite numbers as the texts `"inf"` and `"-inf"`.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use super::{Column, Matrix, Names, Table, Vector};
use crate::error::{Error, Result};

/// A number; missing ones are null.
pub(crate) fn number_to_json(value: f64) -> Json {
    match value {
        _ if value.is_finite() => json!(value),
        _ if value.is_nan() => Json::Null,
        _ => json!(if value > 0.0 { "inf" } else { "-inf" }),
    }
}

/// The number that [`number_to_json`] wrote.
pub(crate) fn number_from_json(json: &Json) -> Option<f64> {
    match json {
        Json::Null => Some(f64::NAN),
        Json::String(text) => match text.as_str() {
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        other => other.as_f64(),
    }
}

/// A list of numbers.
pub(crate) fn numbers_to_json(values: &[f64]) -> Json {
    values.iter().map(|&value| number_to_json(value)).collect()
}

/// The list that [`numbers_to_json`] wrote; `what` names it in messages.
pub(crate) fn numbers_from_json(json: &Json, what: &str) -> Result<Vec<f64>> {
    let list = json.as_array().ok_or_else(|| broken(&format!("{what} is not a list")))?;
    list.iter()
        .map(|number| number_from_json(number).ok_or_else(|| broken(&format!("{what} holds {number}, not a number"))))
        .collect()
}

/// The error for a file that is not as sinew writes it.
pub(crate) fn broken(what: &str) -> Error {
    Error::data(format!("this is not as sinew saves it: {what}"))
}

/// A part of a JSON object.
pub(crate) fn part<'a>(json: &'a Json, key: &str) -> Result<&'a Json> {
    json.get(key).ok_or_else(|| broken(&format!("\"{key}\" is missing")))
}

/// A whole number that is not negative.
pub(crate) fn count_from_json(json: &Json, key: &str) -> Result<usize> {
    let number = part(json, key)?.as_u64().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| broken(&format!("\"{key}\" is not a count")))
}

/// A text.
pub(crate) fn text_from_json(json: &Json, key: &str) -> Result<String> {
    part(json, key)?.as_str().map(String::from).ok_or_else(|| broken(&format!("\"{key}\" is not a text")))
}

/// Names, or null for none.
pub(crate) fn names_from_json(json: &Json, key: &str) -> Result<Option<Names>> {
    match json.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(list) => Ok(Some(Names::new(texts_from_json(list, key)?, key)?)),
    }
}

fn texts_from_json(json: &Json, what: &str) -> Result<Vec<String>> {
    let list = json.as_array().ok_or_else(|| broken(&format!("\"{what}\" is not a list")))?;
    let text = |text: &Json| text.as_str().map(String::from);
    list.iter().map(|item| text(item).ok_or_else(|| broken(&format!("\"{what}\" holds {item}")))).collect()
}

impl Matrix {
    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        let (names, row_names) = (self.names().map(Names::as_slice), self.row_names().map(Names::as_slice));
        let mut json = json!({
            "type": "Matrix", "rows": self.rows(), "cols": self.cols(), "names": names, "row_names": row_names,
        });
        json["data"] = (0..self.rows()).map(|i| numbers_to_json(self.row_slice(i))).collect();
        json
    }

    /// The matrix that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let (rows, cols) = (count_from_json(json, "rows")?, count_from_json(json, "cols")?);
        let lines = part(json, "data")?.as_array().ok_or_else(|| broken("\"data\" is not a list"))?;
        if lines.len() != rows {
            return Err(broken(&format!("\"data\" has {} rows, not {rows}", lines.len())));
        }
        let mut values = Vec::new();
        for line in lines {
            values.extend(numbers_from_json(line, "a row")?);
        }
        Self::from_vec(rows, cols, values)?
            .with_names(names_from_json(json, "names")?)?
            .with_row_names(names_from_json(json, "row_names")?)
    }
}

impl Vector {
    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        let names = self.names().map(Names::as_slice);
        json!({ "type": "Vector", "names": names, "data": numbers_to_json(self.as_slice()) })
    }

    /// The vector that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let values = numbers_from_json(part(json, "data")?, "\"data\"")?;
        Ok(Self::from(values).named(names_from_json(json, "names")?))
    }
}

impl Table {
    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        let mut json = self.to_json();
        json["type"] = "Table".into();
        json["row_names"] = json!(self.row_names().map(Names::as_slice));
        for (j, name) in self.names().iter().enumerate() {
            if let Column::Numbers(values) = self.column_at(j) {
                json["columns"][name] = numbers_to_json(values);
            }
        }
        // A column of no cells is a column of numbers or of texts all the same.
        let texts = (0..self.cols()).filter(|&j| matches!(self.column_at(j), Column::Texts(_)));
        json["texts"] = texts.map(|j| self.names().get(j)).collect();
        json
    }

    /// The table that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let texts: HashSet<String> = texts_from_json(part(json, "texts")?, "texts")?.into_iter().collect();
        let cells = part(json, "columns")?;
        // A name that came again would make a copy of its column each time.
        let names = Names::new(texts_from_json(part(json, "names")?, "names")?, "columns")?;
        let columns = names.iter().map(|name| {
            let name = name.to_string();
            let list = part(cells, &name)?;
            let column = match texts.contains(&name) {
                true => Column::texts(texts_from_json(list, &name)?),
                false => Column::numbers(numbers_from_json(list, &name)?),
            };
            Ok((name, column))
        });
        Self::new(columns.collect::<Result<_>>()?, names_from_json(json, "row_names")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_back_and_other_json_is_an_error() {
        let names = |list: [&str; 2]| Names::new(list.map(String::from).to_vec(), "names").unwrap();
        let m = Matrix::from_rows(&[vec![0.1 + 0.2, f64::INFINITY], vec![f64::NEG_INFINITY, -1e-300]]).unwrap();
        let m = m.with_names(Some(names(["a", "b"]))).unwrap().with_row_names(Some(names(["r", "s"]))).unwrap();
        let through = |json: Json| serde_json::from_str::<Json>(&json.to_string()).unwrap();
        assert_eq!(Matrix::from_saved_json(&through(m.to_saved_json())).unwrap(), m);
        let columns = vec![
            ("n".to_string(), Column::numbers(vec![1.5, f64::INFINITY])),
            ("t".to_string(), Column::texts(vec![String::new(), "x".into()])),
        ];
        let t = Table::new(columns, Some(names(["u", "v"]))).unwrap();
        assert_eq!(Table::from_saved_json(&through(t.to_saved_json())).unwrap(), t);
        let v = Vector::from(vec![1.0, f64::NAN]);
        assert!(Vector::from_saved_json(&through(v.to_saved_json())).unwrap().as_slice()[1].is_nan());
        let again = json!({ "texts": [], "names": ["a", "a"], "columns": { "a": [1] } });
        assert!(Table::from_saved_json(&again).unwrap_err().message().contains("two columns are called 'a'"));
        assert!(Matrix::from_saved_json(&json!({ "rows": 1u64 << 40, "cols": 0, "data": [] })).is_err());
        for wrong in [json!({}), json!({ "rows": 2, "cols": 2, "data": [[1]] }), json!([1]), json!({ "data": ["x"] })] {
            assert!(Matrix::from_saved_json(&wrong).is_err() && Vector::from_saved_json(&wrong).is_err());
        }
    }
}
