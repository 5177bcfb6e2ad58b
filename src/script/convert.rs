//! Between Rhai's `Dynamic` and the engine's [`Value`].

use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, Map, Position};

use crate::data::{Groups, Mask, Matrix, SparseMatrix, Table, Vector};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Fit, JointFit, NetworkComparison, Path, Simulation, Trained};
use crate::notebook::Report;
use crate::options::{Opt, Options};
#[cfg(feature = "plot")]
use crate::plot::Figure;
use crate::value::{Object, Value};

/// What a native function returns.
pub type Outcome<T> = std::result::Result<T, Box<EvalAltResult>>;

impl From<Error> for Box<EvalAltResult> {
    fn from(error: Error) -> Self {
        // Rhai never lets a script catch a termination: a stop always wins.
        Box::new(if error.kind().is_stop() {
            EvalAltResult::ErrorTerminated(Dynamic::from(error), Position::NONE)
        } else {
            EvalAltResult::ErrorRuntime(Dynamic::from(error), Position::NONE)
        })
    }
}

/// Calls a macro with every type of the engine that scripts can hold, and its name there.
macro_rules! for_engine_types {
    ($call:ident) => {
        $call! { Matrix, "Matrix"; SparseMatrix, "SparseMatrix"; Vector, "Vector"; Mask, "Mask"; Table, "Table"; Groups, "Groups"; Graph, "Graph"; Fit, "Fit"; Path, "Path"; JointFit, "JointFit"; NetworkComparison, "NetworkComparison"; Trained, "TrainedModel"; Simulation, "Simulation"; Report, "Report"; }
        #[cfg(feature = "plot")]
        $call! { Figure, "Figure"; }
    };
}
pub(super) use for_engine_types;

/// A script's value for the engine.
///
/// # Errors
/// A value that the engine has no use for: a function, a timestamp.
pub fn to_value(value: &Dynamic) -> Result<Value> {
    macro_rules! object {
        ($($type:ty, $name:literal;)*) => { $(
            if let Some(object) = value.read_lock::<$type>() {
                return Ok(Value::Object(Object::new(object.clone())));
            }
        )* };
    }
    if value.is_unit() {
        return Ok(Value::Unit);
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::Int(number));
    }
    if let Ok(number) = value.as_float() {
        return Ok(Value::Float(number));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Value::Text(text.to_string()));
    }
    if let Ok(letter) = value.as_char() {
        return Ok(Value::Text(letter.to_string()));
    }
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().map(to_value).collect::<Result<Vec<_>>>().map(Value::List);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return to_entries(&map).map(Value::Map);
    }
    if let Some(range) = range_bounds(value) {
        return range_list(range).map(|list| Value::List(list.into_iter().map(Value::Int).collect()));
    }
    for_engine_types!(object);
    Err(Error::argument(format!("a value of type {} cannot be used here", type_name(value))))
}

/// An options map for the engine.
///
/// # Errors
/// An entry that the engine has no use for.
pub fn to_entries(map: &Map) -> Result<Vec<(String, Value)>> {
    map.iter()
        .map(|(key, value)| {
            let value = to_value(value).map_err(|error| error.at(format!("option '{key}'")))?;
            Ok((key.to_string(), value))
        })
        .collect()
}

/// The options of a verb for the engine, which makes several lists of one that it is given.
///
/// # Errors
/// An entry that the engine has no use for; a list that is longer than any option needs.
pub fn to_options(map: &Map) -> Result<Vec<(String, Value)>> {
    const MOST: usize = 1 << 20;
    for (key, value) in map {
        let length = value.read_lock::<Array>().map_or(0, |list| list.len());
        if length > MOST {
            let message = format!("option '{key}' lists {length} values, an option may have {MOST}");
            return Err(Error::option(message).with_hint("many numbers are a Vector or a Matrix"));
        }
    }
    to_entries(map)
}

/// The options map of a verb that is no record, checked.
///
/// # Errors
/// An unknown key or a value that does not fit.
pub fn check_options(verb: &str, known: &'static [Opt], map: &Map) -> Result<Options> {
    let given = to_options(map)?;
    Options::check(verb, known.iter(), given.iter().map(|(name, value)| (name.as_str(), value.clone())))
}

/// An engine's value for a script.
pub fn to_dynamic(value: &Value) -> Dynamic {
    match value {
        Value::Unit => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(values) => values.iter().map(to_dynamic).collect::<Array>().into(),
        Value::Map(entries) => to_map(entries).into(),
        Value::Object(object) => object_to_dynamic(object),
    }
}

/// Named values as a map for a script.
pub fn to_map(entries: &[(String, Value)]) -> Map {
    entries.iter().map(|(name, value)| (name.as_str().into(), to_dynamic(value))).collect()
}

fn object_to_dynamic(object: &Object) -> Dynamic {
    macro_rules! known {
        ($($type:ty, $name:literal;)*) => { $(
            if let Some(value) = object.get::<$type>() {
                return Dynamic::from(value.clone());
            }
        )* };
    }
    for_engine_types!(known);
    Dynamic::UNIT
}

/// A JSON value for a script: what `to_map` gives.
pub fn json_to_dynamic(value: &serde_json::Value) -> Dynamic {
    match value {
        serde_json::Value::Null => Dynamic::UNIT,
        serde_json::Value::Bool(flag) => (*flag).into(),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        serde_json::Value::String(text) => text.clone().into(),
        serde_json::Value::Array(values) => values.iter().map(json_to_dynamic).collect::<Array>().into(),
        serde_json::Value::Object(map) => {
            map.iter().map(|(name, value)| (name.as_str().into(), json_to_dynamic(value))).collect::<Map>().into()
        }
    }
}

/// First position and one behind the last of a range, where the end is open `None`.
pub fn range_bounds(value: &Dynamic) -> Option<(i64, Option<i64>)> {
    let open = |end: i64| (end != i64::MAX).then_some(end);
    if let Some(range) = value.read_lock::<std::ops::Range<i64>>() {
        return Some((range.start, open(range.end)));
    }
    let range = value.read_lock::<std::ops::RangeInclusive<i64>>()?;
    Some((*range.start(), open(range.end().saturating_add(1))))
}

/// The numbers of a range that has an end.
///
/// # Errors
/// An open range, or one of more than 2^24 numbers.
pub fn range_list((start, end): (i64, Option<i64>)) -> Result<Vec<i64>> {
    let end = end.ok_or_else(|| Error::argument("a range used as a list needs an end"))?;
    match end.checked_sub(start) {
        Some(len) if len <= 1 << 24 => Ok((start..end.max(start)).collect()),
        _ => Err(Error::argument(format!("the range {start}..{end} is too long for a list"))),
    }
}

/// A number, whether it was written as an int or a float.
pub fn to_number(value: &Dynamic) -> Option<f64> {
    value.as_float().ok().or_else(|| value.as_int().ok().map(|number| number as f64))
}

/// A list, vector or range of numbers.
///
/// # Errors
/// Anything else, or an element that is not a number; `what` names it.
pub fn to_numbers(value: &Dynamic, what: &str) -> Result<Vec<f64>> {
    if let Some(vector) = value.read_lock::<Vector>() {
        return Ok(vector.as_slice().to_vec());
    }
    if let Some(range) = range_bounds(value) {
        return Ok(range_list(range)?.into_iter().map(|number| number as f64).collect());
    }
    let Some(list) = value.read_lock::<Array>() else {
        return Err(Error::argument(format!("{what} must be a list of numbers, not {}", describe(value))));
    };
    list.iter()
        .enumerate()
        .map(|(i, element)| {
            to_number(element)
                .ok_or_else(|| Error::argument(format!("{what}: element {i} is {}, not a number", describe(element))))
        })
        .collect()
}

/// A list of texts.
///
/// # Errors
/// Anything else; `what` names it.
pub fn to_texts(value: &Dynamic, what: &str) -> Result<Vec<String>> {
    let texts = value.read_lock::<Array>().and_then(|list| {
        list.iter().map(|element| element.read_lock::<ImmutableString>().map(|text| text.to_string())).collect()
    });
    texts.ok_or_else(|| Error::argument(format!("{what} must be a list of strings, not {}", describe(value))))
}

/// The name of a value's type as scripts know it.
pub fn type_name(value: &Dynamic) -> String {
    plain_type(value.type_name())
}

/// A Rust type's name as scripts know it.
pub fn plain_type(name: &str) -> String {
    let short = name.rsplit("::").next().unwrap_or(name);
    match name {
        "i64" => "int".into(),
        "f64" => "float".into(),
        "alloc::string::String" | "&str | ImmutableString | String" | "string" => "string".into(),
        _ if name.starts_with("core::ops::range::Range") => "range".into(),
        _ => match short {
            "Dynamic" => "?".into(),
            "FnPtr" | "Fn" => "function".into(),
            "Array" | "array" => "list".into(),
            "Map" | "map" => "map".into(),
            "Trained" => "TrainedModel".into(),
            other => other.into(),
        },
    }
}

/// A value with its type, for messages.
pub fn describe(value: &Dynamic) -> String {
    match to_value(value) {
        Ok(value) => crate::value::describe(&value),
        Err(_) => format!("a {}", type_name(value)),
    }
}
