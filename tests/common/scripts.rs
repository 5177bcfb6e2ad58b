//! What scripts give, held against what is expected.
#![allow(dead_code)] // every test program uses a part

use serde_json::Value as Json;
use sinew::script::{ScriptError, Session};

/// What a script gives as JSON; of a Matrix or Vector the numbers alone.
pub fn data(script: &str) -> Json {
    let value = Session::trusted().eval(script).unwrap_or_else(|error| panic!("{script}\n{error}")).to_json();
    value.get("data").cloned().unwrap_or(value)
}

/// The error that a script ends with.
pub fn error(script: &str) -> ScriptError {
    match Session::trusted().eval(script) {
        Err(error) => error,
        Ok(value) => panic!("{script} gives {value}"),
    }
}

/// Whether two values agree, numbers to 12 digits; null is a missing number.
fn agrees(got: &Json, expected: &Json) -> bool {
    match (got, expected) {
        (Json::Number(a), Json::Number(b)) => {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            (a - b).abs() <= 1e-12 * b.abs().max(1.0)
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| agrees(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Checks what scripts give, each after `setup`.
pub fn check(setup: &str, cases: &[(&str, Json)]) {
    for (script, expected) in cases {
        let got = data(&format!("{setup} {script}"));
        assert!(agrees(&got, expected), "{script}\n  gives    {got}\n  expected {expected}");
    }
}

/// Checks the errors that scripts end with, each after `setup`: their code and a part of message or hint.
pub fn check_errors(setup: &str, cases: &[(&str, &str, &str)]) {
    for (script, code, part) in cases {
        let error = error(&format!("{setup} {script}"));
        let text = error.to_string();
        assert!(error.error.kind().code() == *code && text.contains(part), "{script}, {code} '{part}'\n{text}");
    }
}
