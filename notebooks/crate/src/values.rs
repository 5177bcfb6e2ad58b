//! Values of scripts as Rust's own types.

use sinew::data::{Groups, Mask, SparseMatrix};
use sinew::faer::Mat;
use sinew::model::{Fit, JointFit, NetworkComparison, Path, Simulation, Trained};
use sinew::ndarray::{Array1, Array2};
use sinew::notebook::Report;
use sinew::plot::Figure;
use sinew::{Error, Graph, Matrix, Table, Value, Vector};

/// A type that the value of a script can be taken as.
pub trait FromValue: Sized {
    /// What scripts call it, with its article.
    fn wanted() -> String;

    /// The value as this type; `None` where it is of another one.
    fn from_value(value: &Value) -> Option<Self>;

    /// A list of them.
    fn list_from_value(value: &Value) -> Option<Vec<Self>> {
        match value {
            Value::List(items) => items.iter().map(Self::from_value).collect(),
            _ => None,
        }
    }
}

/// The value as a `T`; `what` names it in the error.
pub(crate) fn take<T: FromValue>(value: &Value, what: &str) -> Result<T, Error> {
    T::from_value(value).ok_or_else(|| {
        Error::argument(format!("{what} is {}, not {}", value.brief(), T::wanted()))
            .with_hint("`Value` takes a value of any type")
    })
}

macro_rules! engine_types {
    ($($type:ty, $wanted:literal;)*) => { $(
        impl FromValue for $type {
            fn wanted() -> String {
                $wanted.into()
            }

            fn from_value(value: &Value) -> Option<Self> {
                value.object::<Self>().cloned()
            }
        }
    )* };
}
engine_types! {
    Matrix, "a Matrix"; SparseMatrix, "a SparseMatrix"; Vector, "a Vector"; Mask, "a Mask"; Table, "a Table";
    Groups, "groups of a Table";
    Graph, "a Graph"; Fit, "a Fit"; Path, "a Path"; JointFit, "a JointFit";
    NetworkComparison, "a NetworkComparison";
    Trained, "a TrainedModel"; Simulation, "a Simulation"; Figure, "a Figure"; Report, "a Report";
}

macro_rules! plain_types {
    ($($type:ty, $wanted:literal, $take:expr;)*) => { $(
        impl FromValue for $type {
            fn wanted() -> String {
                $wanted.into()
            }

            fn from_value(value: &Value) -> Option<Self> {
                let take: fn(&Value) -> Option<Self> = $take;
                take(value)
            }
        }
    )* };
}
plain_types! {
    Value, "a value", |value| Some(value.clone());
    bool, "a bool", |value| if let Value::Bool(flag) = value { Some(*flag) } else { None };
    i64, "an int", |value| if let Value::Int(number) = value { Some(*number) } else { None };
    usize, "an int of at least 0", |value| i64::from_value(value).and_then(|number| Self::try_from(number).ok());
    String, "a string", |value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    Array1<f64>, "a Vector", |value| Vector::from_value(value).map(Self::from);
    Array2<f64>, "a Matrix", |value| Matrix::from_value(value).map(Self::from);
    Mat<f64>, "a Matrix", |value| Matrix::from_value(value).map(|matrix| matrix.to_faer());
}

impl FromValue for f64 {
    fn wanted() -> String {
        "a number".into()
    }

    fn from_value(value: &Value) -> Option<Self> {
        value.as_number()
    }

    /// A vector too.
    fn list_from_value(value: &Value) -> Option<Vec<Self>> {
        match value {
            Value::List(items) => items.iter().map(Self::from_value).collect(),
            other => other.object::<Vector>().map(|vector| vector.as_slice().to_vec()),
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn wanted() -> String {
        format!("a list, each element {}", T::wanted())
    }

    fn from_value(value: &Value) -> Option<Self> {
        T::list_from_value(value)
    }
}

/// `()` is `None`.
impl<T: FromValue> FromValue for Option<T> {
    fn wanted() -> String {
        format!("{} or ()", T::wanted())
    }

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Unit => Some(None),
            other => T::from_value(other).map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_vectors_and_nothing() {
        let numbers = Value::List(vec![1_i64.into(), 2.5.into()]);
        assert_eq!(take::<Vec<f64>>(&numbers, "x"), Ok(vec![1.0, 2.5]));
        assert_eq!(take::<Vec<f64>>(&Vector::from(vec![3.0]).into(), "x"), Ok(vec![3.0]));
        assert_eq!(take::<Option<i64>>(&Value::Unit, "x"), Ok(None));
        assert!(take::<usize>(&Value::Int(-1), "x").is_err());
    }

    #[test]
    fn an_error_names_both_types() {
        let error = take::<Vec<String>>(&Value::Float(0.5), "'x'").unwrap_err();
        assert_eq!(error.message(), "'x' is 0.5, not a list, each element a string");
    }

    #[test]
    fn arrays_of_ndarray_and_faer_go_in_and_out() {
        let array = Array2::from_shape_fn((2, 3), |(i, j)| (10 * i + j) as f64);
        let value = Value::from(array.clone());
        assert_eq!(take::<Array2<f64>>(&value, "x"), Ok(array));
        let mat: Mat<f64> = take(&value, "x").unwrap();
        let again: Matrix = take(&Value::from(mat), "x").unwrap();
        assert_eq!(again.row_slice(1), [10.0, 11.0, 12.0]);
    }
}
