//! Any map of options for any method, simulator or metric: the first byte says which, the rest is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sinew::registry::records;
use sinew::{Matrix, Value};
use sinew_fuzz::context;

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let Ok(serde_json::Value::Object(map)) = serde_json::from_slice(rest) else { return };
    let all: Vec<_> = records().collect();
    let record = all[usize::from(first) % all.len()];
    let options: Vec<(String, Value)> = map.into_iter().map(|(name, value)| (name, of_json(value))).collect();
    let x = Matrix::from_fn(12, 4, |i, j| ((i * (j + 3) + i * i) % 7) as f64 + 0.1 * j as f64);
    let _ = record.call(&[Value::from(x)], &options, &context());
});

fn of_json(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Unit,
        Json::Bool(is) => is.into(),
        Json::Number(number) => match number.as_i64() {
            Some(int) => int.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(list) => match list.iter().all(Json::is_array) && !list.is_empty() {
            true => matrix(&list).unwrap_or(Value::Unit),
            false => Value::List(list.into_iter().map(of_json).collect()),
        },
        Json::Object(map) => Value::Map(map.into_iter().map(|(name, value)| (name, of_json(value))).collect()),
    }
}

/// A list of lists of numbers is a matrix.
fn matrix(rows: &[serde_json::Value]) -> Option<Value> {
    let number = |value: &serde_json::Value| value.as_f64();
    let rows: Option<Vec<Vec<f64>>> = rows.iter().map(|row| row.as_array()?.iter().map(number).collect()).collect();
    Matrix::from_rows(&rows?).ok().map(Value::from)
}
