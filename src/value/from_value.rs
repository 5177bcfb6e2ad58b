//! Values as types of Rust.

use super::{Value, describe};
use crate::error::{Error, Result};

/// A type of Rust that a value can be: the engine's own types, numbers, texts, lists and maps of them, arrays of ndarray and
/// faer, and [`Value`], which any value is.
///
/// Values of the engine are shared, and not copied.
pub trait FromValue: Sized {
    /// The value as this type; `what` names it in the error.
    ///
    /// # Errors
    /// A value of another type.
    fn take(value: Value, what: &str) -> Result<Self>;
}

/// The error for a value of another type than was wanted.
#[doc(hidden)]
pub fn mismatch(what: &str, wanted: &str, value: &Value) -> Error {
    Error::argument(format!("{what} must be {wanted}, not {}", describe(value)))
}

impl FromValue for Value {
    fn take(value: Value, _what: &str) -> Result<Self> {
        Ok(value)
    }
}

macro_rules! plain {
    ($($type:ty, $wanted:literal, $pattern:pat => $taken:expr;)*) => { $(
        impl FromValue for $type {
            fn take(value: Value, what: &str) -> Result<Self> {
                match value {
                    $pattern => Ok($taken),
                    other => Err(mismatch(what, $wanted, &other)),
                }
            }
        }
    )* };
}
plain! {
    (), "()", Value::Unit => ();
    bool, "true or false", Value::Bool(flag) => flag;
    i64, "a whole number", Value::Int(number) => number;
    String, "a string", Value::Text(text) => text;
}

impl FromValue for f64 {
    /// A number, whether it was written as an int or a float.
    fn take(value: Value, what: &str) -> Result<Self> {
        value.as_number().ok_or_else(|| mismatch(what, "a number", &value))
    }
}

impl FromValue for usize {
    fn take(value: Value, what: &str) -> Result<Self> {
        let number = match value {
            Value::Int(number) => Self::try_from(number).ok(),
            _ => None,
        };
        number.ok_or_else(|| mismatch(what, "a whole number of at least 0", &value))
    }
}

impl<T: FromValue> FromValue for Option<T> {
    /// `None` for `()`.
    fn take(value: Value, what: &str) -> Result<Self> {
        match value {
            Value::Unit => Ok(None),
            value => T::take(value, what).map(Some),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn take(value: Value, what: &str) -> Result<Self> {
        match value {
            Value::List(items) => {
                items.into_iter().enumerate().map(|(i, item)| T::take(item, &format!("{what}[{i}]"))).collect()
            }
            other => Err(mismatch(what, "a list", &other)),
        }
    }
}

impl<T: FromValue> FromValue for std::collections::BTreeMap<String, T> {
    fn take(value: Value, what: &str) -> Result<Self> {
        match value {
            Value::Map(entries) => entries
                .into_iter()
                .map(|(name, value)| T::take(value, &format!("{what}.{name}")).map(|value| (name, value)))
                .collect(),
            other => Err(mismatch(what, "a map", &other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;
    use ndarray::Array2;
    use std::collections::BTreeMap;

    #[test]
    fn what_fits_comes_and_what_does_not_is_named() {
        let list = Value::List(vec![Value::Int(1), Value::Float(2.5)]);
        assert_eq!(Vec::<f64>::take(list.clone(), "x").unwrap(), [1.0, 2.5]);
        let error = Vec::<i64>::take(list.clone(), "x").unwrap_err();
        assert_eq!(error.message(), "x[1] must be a whole number, not 2.5 (float)");
        let map = Value::Map(vec![("a".into(), list)]);
        assert_eq!(BTreeMap::<String, Vec<f64>>::take(map, "m").unwrap()["a"], [1.0, 2.5]);
        assert_eq!(<Option<String> as FromValue>::take(Value::Unit, "t").unwrap(), None);
        assert!(usize::take(Value::Int(-1), "n").is_err());
    }

    #[test]
    fn numbers_of_matrices_are_shared() {
        let m = Matrix::from_fn(3, 2, |i, j| (i + j) as f64);
        let place = m.as_slice().as_ptr();
        let value = Value::from(m);
        assert_eq!(Matrix::take(value.clone(), "m").unwrap().as_slice().as_ptr(), place);
        assert_eq!(Array2::<f64>::take(value, "m").unwrap()[[2, 1]], 3.0);
        assert!(Matrix::take(Value::Int(1), "m").unwrap_err().message().contains("Matrix"));
    }
}
