//! A value as it crosses from a script, a notebook or JSON into the engine and back.
//!
//! The engine's own types travel inside [`Object`], so that this file needs to know none of them.

mod from_value;
mod json;

use std::any::Any;
use std::sync::Arc;

use crate::error::{Error, Result};
pub use from_value::FromValue;
#[doc(hidden)]
pub use from_value::mismatch;

/// A dynamically typed value.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Unit,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A map, in the order in which it was written.
    Map(Vec<(String, Value)>),
    /// One of the engine's types: a matrix, a graph, a fit.
    Object(Object),
}

/// A type of the engine that scripts can hold: it prints itself (`Display`) and turns itself into JSON.
pub trait Engine: Any + Send + Sync + std::fmt::Debug + std::fmt::Display {
    /// The name that scripts and messages use for the type.
    fn type_name(&self) -> &'static str;
    /// The value itself, for a downcast.
    fn as_any(&self) -> &dyn Any;
    /// The value as JSON.
    fn to_json(&self) -> serde_json::Value;
    /// The value as it is saved: JSON from which it comes back.
    fn to_saved_json(&self) -> serde_json::Value;
}

/// A shared value of one of the engine's types.
#[derive(Debug, Clone)]
pub struct Object(Arc<dyn Engine>);

impl Object {
    /// Wraps a value.
    pub fn new<T: Engine>(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The value, if it is of type `T`.
    pub fn get<T: Engine>(&self) -> Option<&T> {
        self.0.as_any().downcast_ref()
    }

    /// The value as it is saved.
    pub fn to_saved_json(&self) -> serde_json::Value {
        self.0.to_saved_json()
    }

    /// The name that scripts use for the type.
    pub fn type_name(&self) -> &'static str {
        self.0.type_name()
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Implements [`Engine`], from the type's own `to_json` and `Display`, under the name that scripts use. With `saved`, the
/// type has its own `to_saved_json`; otherwise `to_json` says all.
#[macro_export]
#[doc(hidden)]
macro_rules! engine_type {
    ($type:ty, $name:literal) => {
        $crate::engine_type!($type, $name, |value| {
            let mut json = <$type>::to_json(value);
            if let Some(map) = json.as_object_mut() {
                map.insert("type".into(), $name.into());
            }
            json
        });
    };
    ($type:ty, $name:literal, saved) => {
        $crate::engine_type!($type, $name, |value| <$type>::to_saved_json(value));
    };
    ($type:ty, $name:literal, |$value:ident| $saved:expr) => {
        impl $crate::value::Engine for $type {
            fn type_name(&self) -> &'static str {
                $name
            }
            fn as_any(&self) -> &dyn std::any::Any {
                self
            }
            fn to_json(&self) -> serde_json::Value {
                <$type>::to_json(self)
            }
            fn to_saved_json(&self) -> serde_json::Value {
                let $value = self;
                $saved
            }
        }
        impl From<$type> for $crate::value::Value {
            fn from(value: $type) -> Self {
                $crate::value::Value::Object($crate::value::Object::new(value))
            }
        }
        impl $crate::value::FromValue for $type {
            fn take(value: $crate::value::Value, what: &str) -> $crate::error::Result<Self> {
                let taken = value.object::<Self>().cloned();
                taken.ok_or_else(|| $crate::value::mismatch(what, concat!("a ", $name), &value))
            }
        }
    };
}

impl Value {
    /// The name that scripts and messages use for the type of this value.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Unit => "()",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Object(object) => object.type_name(),
        }
    }

    /// The number, whether it was written as an int or a float.
    pub fn as_number(&self) -> Option<f64> {
        match *self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The engine's type, if it is a `T`.
    pub fn object<T: Engine>(&self) -> Option<&T> {
        match self {
            Self::Object(object) => object.get(),
            _ => None,
        }
    }

    /// The value as JSON; NaN and infinities are null.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Unit => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Float(value) => serde_json::Number::from_f64(*value).map_or(serde_json::Value::Null, Into::into),
            Self::Text(value) => value.as_str().into(),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Map(entries) => entries
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Self::Object(object) => object.0.to_json(),
        }
    }

    /// The entry of a map.
    pub fn entry(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// How the value is shown inside a message: short, with its type where that helps.
    pub fn brief(&self) -> String {
        match self {
            Self::Unit => "()".into(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
            Self::Text(value) => format!("\"{value}\""),
            other => format!("a {}", other.type_name()),
        }
    }
}

/// As `print` shows it: objects as they print themselves, lists and maps as JSON.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Object(object) => object.fmt(f),
            Self::List(_) | Self::Map(_) => self.to_json().fmt(f),
            other => f.write_str(&other.brief()),
        }
    }
}

macro_rules! from_plain {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $( impl From<$type> for Value { fn from(value: $type) -> Self { Self::$variant(value.into()) } } )*
    };
}
from_plain! { bool => Bool, i64 => Int, i32 => Int, u32 => Int, f64 => Float, String => Text, &str => Text, Vec<Value> => List }

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        // Sizes are far below 2^63 on every machine there is.
        Self::Int(value as i64)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unit, Into::into)
    }
}

/// Positional arguments of a record, taken one by one with errors that name them.
#[derive(Debug)]
pub struct Args<'a> {
    verb: &'static str,
    values: &'a [Value],
}

impl<'a> Args<'a> {
    /// Arguments of a call of `verb`.
    pub fn new(verb: &'static str, values: &'a [Value]) -> Self {
        Self { verb, values }
    }

    /// The argument at `position`.
    pub fn get(&self, position: usize) -> Result<&'a Value> {
        self.values
            .get(position)
            .ok_or_else(|| Error::argument(format!("{} needs at least {} arguments", self.verb, position + 1)))
    }

    /// The argument at `position` as a text.
    pub fn text(&self, position: usize, name: &str) -> Result<&'a str> {
        match self.get(position)? {
            Value::Text(text) => Ok(text),
            other => Err(self.wrong(name, "a string", other)),
        }
    }

    /// The argument at `position` as a whole number of at least `min`.
    pub fn count(&self, position: usize, name: &str, min: usize) -> Result<usize> {
        let value = self.get(position)?;
        let number = match value {
            Value::Int(value) => *value,
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => *value as i64,
            other => return Err(self.wrong(name, "a whole number", other)),
        };
        usize::try_from(number)
            .ok()
            .filter(|&n| n >= min)
            .ok_or_else(|| Error::argument(format!("{}: {name} must be at least {min}, not {number}", self.verb)))
    }

    /// The argument at `position` as one of the engine's types.
    pub fn object<T: Engine>(&self, position: usize, name: &str, expected: &str) -> Result<&'a T> {
        let value = self.get(position)?;
        value.object().ok_or_else(|| self.wrong(name, expected, value))
    }

    /// An error for an argument of the wrong type.
    pub fn wrong(&self, name: &str, expected: &str, got: &Value) -> Error {
        Error::argument(format!("{}: {name} must be {expected}, not {}", self.verb, describe(got)))
    }
}

/// A value with its type, for messages.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            format!("{} ({})", value.brief(), value.type_name())
        }
        Value::List(list) if !list.is_empty() && list.len() <= 3 && list.iter().all(|v| v.as_number().is_some()) => {
            let numbers: Vec<String> = list.iter().map(Value::brief).collect();
            format!("[{}] (list)", numbers.join(", "))
        }
        other => other.brief(),
    }
}
