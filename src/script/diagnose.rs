//! Errors of scripts as people need them: what, where (with the line and a caret), by which calls, and what to do.

use rhai::{Dynamic, EvalAltResult, ParseErrorType, Position};

use super::cells::{Called, Origin, Origins, place_of};
use super::convert::{plain_type, to_value};
use super::help::is_verb;
use super::limits::{too_large, too_many_operations};
use super::members::members_of;
use super::state::least_bytes;
use super::stdlib::no_module;
use super::vocabulary::vocabulary;
use crate::error::{Error, ErrorKind};
use crate::registry::records;

/// A call that was under way when an error happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The script function that was called, or what was: "a closure", "item 3 of par_map".
    pub function: String,
    /// Line of the call, from 1.
    pub line: Option<usize>,
    /// The source that the line is of, where that is not the error's: another cell of a notebook.
    pub source: Option<String>,
}

/// An error of a script with its place in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    /// What went wrong.
    pub error: Box<Error>,
    /// The name of the source: a file, or `eval`.
    pub source: String,
    /// Line from 1 and column from 1.
    pub position: Option<(usize, usize)>,
    /// The line of source at the position.
    pub line: Option<String>,
    /// The calls that led there, innermost first.
    pub calls: Vec<Frame>,
}

impl ScriptError {
    /// The program's exit code for this error.
    pub fn exit_code(&self) -> u8 {
        self.error.exit_code()
    }

    /// An error that has no place in a script.
    pub fn outside(error: Error, source: &str) -> Self {
        Self { error: Box::new(error), source: source.into(), position: None, line: None, calls: Vec::new() }
    }

    /// The diagnosis of what Rhai reports, for a script called `source` with this text.
    pub(super) fn of(error: EvalAltResult, source: &str, text: &str) -> Self {
        Self::within(error, source, text, &Origins::default())
    }

    /// The diagnosis of what Rhai reports, where functions may have been defined by the scripts before this one.
    pub(super) fn within(error: EvalAltResult, source: &str, text: &str, origins: &Origins) -> Self {
        let mut calls = Vec::new();
        let (innermost, position) = unwind(error, &mut calls);
        let own = Origin { source: source.into(), text: Some(text.into()) };
        let place = place_of(&calls, origins, &own);
        let position = position.line().map(|line| (line, position.position().unwrap_or(1)));
        let lines = place.text.as_deref();
        let line = position.and_then(|(line, _)| lines.and_then(|text| text.lines().nth(line - 1))).map(String::from);
        let called = position.zip(line.as_deref()).and_then(|((_, column), line)| word_at(line, column));
        let property = position.zip(line.as_deref()).and_then(|((_, column), line)| property_at(line, column));
        let error = match (translate(innermost, called.as_deref()), property) {
            // Rhai tries x["name"] where there is no property x.name; the script never wrote an index. What is near among
            // the columns of a table may still be meant.
            (error, Some(name)) if error.kind() == ErrorKind::Name => {
                match (unknown_property("this", &name), error.hint()) {
                    (property, Some(near)) => property.or_hint(near),
                    (property, None) => property,
                }
            }
            (error, _) => error,
        };
        let frame = |(i, called): (usize, &Called)| {
            let outside = place_of(&calls[i + 1..], origins, &own).source;
            let source = (outside != place.source).then(|| outside.to_string());
            let function = if is_closure(&called.name) { "a closure" } else { called.name.as_str() };
            Frame { function: function.into(), line: called.line, source }
        };
        let calls = calls.iter().enumerate().map(frame).collect();
        Self { error: Box::new(error), source: place.source.to_string(), position, line, calls }
    }

    /// As JSON, for other programs.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.error.kind().code(), "category": self.error.kind().category(), "exit_code": self.exit_code(),
            "message": self.error.message(), "hint": self.error.hint(),
            "source": self.source, "line": self.position.map(|p| p.0), "column": self.position.map(|p| p.1),
            "calls": self.calls.iter().map(Frame::to_json).collect::<Vec<_>>(),
        })
    }
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "error[{}]: {}", self.error.kind().code(), self.error.message())?;
        if let Some(position) = self.position {
            write_excerpt(f, &self.source, position, self.line.as_deref())?;
        }
        if let Some(hint) = self.error.hint() {
            write!(f, "\n  help: {hint}")?;
        }
        for call in &self.calls {
            // What has no name says itself what it is: a closure, item 3 of par_map.
            match call.function.contains(' ') {
                true => write!(f, "\n  in {}", call.function)?,
                false => write!(f, "\n  in call to '{}'", call.function)?,
            }
            if let Some(line) = call.line {
                write!(f, " at line {line}")?;
            }
            if let Some(source) = &call.source {
                write!(f, " of {source}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ScriptError {}

/// The place in the source and, where it is known, the line with carets under the word there.
pub(super) fn write_excerpt(
    f: &mut std::fmt::Formatter<'_>,
    source: &str,
    (line, column): (usize, usize),
    text: Option<&str>,
) -> std::fmt::Result {
    let width = line.to_string().len();
    write!(f, "\n{:width$}--> {source}:{line}:{column}", "")?;
    let Some(text) = text else { return Ok(()) };
    let indent: String = text.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let carets = "^".repeat(word_at(text, column).map_or(1, |word| word.chars().count()));
    write!(f, "\n{:width$} |\n{line} | {text}\n{:width$} | {indent}{carets}", "", "")
}

/// The word that starts at a column (from 1), if one does.
fn word_at(line: &str, column: usize) -> Option<String> {
    let word: String = line.chars().skip(column - 1).take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// The name of the property that is read at a column (from 1), where a dot stands there.
fn property_at(line: &str, column: usize) -> Option<String> {
    (line.chars().nth(column - 1) == Some('.')).then(|| word_at(line, column + 1)).flatten()
}

impl Frame {
    fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::json!({ "function": self.function, "line": self.line });
        if let Some(source) = &self.source {
            json["source"] = source.as_str().into();
        }
        json
    }
}

/// The innermost error and its position; the calls around it go to `calls`.
fn unwind(error: EvalAltResult, calls: &mut Vec<Called>) -> (EvalAltResult, Position) {
    match error {
        EvalAltResult::ErrorInFunctionCall(name, module, inner, position) => {
            let result = unwind(*inner, calls);
            calls.push(Called { name, module, line: position.line() });
            result
        }
        EvalAltResult::ErrorInModule(path, inner, position) => {
            let result = unwind(*inner, calls);
            calls.push(Called { name: format!("module '{path}'"), module: path, line: position.line() });
            result
        }
        other => {
            let position = other.position();
            (other, position)
        }
    }
}

/// Whether Rhai made the name of a function: a closure's.
fn is_closure(name: &str) -> bool {
    name.starts_with("anon$")
}

/// Rhai's error in the crate's categories; `called` is the word at the error's place.
fn translate(error: EvalAltResult, called: Option<&str>) -> Error {
    match error {
        EvalAltResult::ErrorRuntime(value, _) | EvalAltResult::ErrorTerminated(value, _) => thrown(&value),
        EvalAltResult::ErrorParsing(kind, _) => syntax(&kind),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => no_function(&signature),
        EvalAltResult::ErrorVariableNotFound(name, _) => {
            let hint = way_out(&name).unwrap_or(variables_hint());
            Error::new(ErrorKind::Syntax, format!("there is no variable '{name}'")).with_hint(hint)
        }
        EvalAltResult::ErrorArithmetic(message, _) => arithmetic(&message),
        EvalAltResult::ErrorDotExpr(message, _) => no_property(&message),
        EvalAltResult::ErrorPropertyNotFound(name, _) => Error::name(format!("the map has no entry '{name}'")),
        EvalAltResult::ErrorIndexingType(what, _) => Error::index(format!("this cannot be indexed so: {what}")),
        EvalAltResult::ErrorArrayBounds(len, index, _) => {
            Error::index(format!("position {index} is out of range: the list has {len} elements"))
        }
        EvalAltResult::ErrorStringBounds(len, index, _) => {
            Error::index(format!("position {index} is out of range: the text has {len} characters"))
        }
        EvalAltResult::ErrorFor(_) => Error::argument("for goes through a list, a range or a text")
            .with_hint("the numbers of a Vector or Matrix as a list: x.to_array(); the keys of a map: m.keys()"),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => constant(ErrorKind::Script, &name),
        EvalAltResult::ErrorNonPureMethodCallOnConstant(..) => constant(ErrorKind::Script, ""),
        EvalAltResult::ErrorMismatchDataType(expected, got, _) => mismatch(&expected, &got),
        EvalAltResult::ErrorMismatchOutputType(expected, got, _) => {
            Error::argument(format!("{} is wanted, the result is {}", plain_type(&expected), plain_type(&got)))
        }
        EvalAltResult::ErrorStackOverflow(_) => {
            Error::new(ErrorKind::Limit, "too many nested calls").with_hint("does a function call itself without end?")
        }
        EvalAltResult::ErrorTooManyOperations(_) => too_many_operations(),
        EvalAltResult::ErrorDataTooLarge(what, _) => too_large(&what),
        EvalAltResult::ErrorTooManyVariables(_) => Error::new(ErrorKind::Limit, "too many variables"),
        EvalAltResult::ErrorModuleNotFound(name, _) => no_module(&name),
        other => {
            let text = without_position(&other.to_string());
            match called {
                Some(word) => Error::new(ErrorKind::Script, format!("{text} (at '{word}')")),
                None => Error::new(ErrorKind::Script, text),
            }
        }
    }
}

fn without_position(text: &str) -> String {
    text.find(" (line ").map_or(text, |end| &text[..end]).to_string()
}

/// Bytes of a thrown map that stand in a message.
const LONGEST: usize = 1 << 16;

/// What a script threw: one of our errors, or any value.
fn thrown(value: &Dynamic) -> Error {
    if let Some(error) = value.read_lock::<Error>() {
        return error.clone();
    }
    let text = match to_value(value) {
        Ok(crate::Value::Text(text)) => text,
        Ok(crate::Value::Map(entries)) => {
            let map = crate::Value::Map(entries);
            match map.entry("message") {
                Some(crate::Value::Text(text)) => text.clone(),
                // A message that is longer says nothing.
                _ if least_bytes(&map, LONGEST) > LONGEST => map.brief(),
                _ => map.to_json().to_string(),
            }
        }
        Ok(value) => value.brief(),
        Err(_) => value.to_string(),
    };
    Error::new(ErrorKind::Script, text)
}

fn mismatch(expected: &str, got: &str) -> Error {
    let (expected, got) = (plain_type(expected), plain_type(got));
    let shown = if got.is_empty() { "this" } else { got.as_str() };
    let error = Error::argument(format!("{expected} is wanted here, not {shown}"));
    match (expected.as_str(), got.as_str()) {
        ("bool", "Mask") => error.with_hint("one truth value for many: mask.all(), or mask.any()"),
        _ => error,
    }
}

/// The error for a change of a constant, whose name may be empty.
fn constant(kind: ErrorKind, name: &str) -> Error {
    let message = match name {
        "" => "a constant cannot be changed".to_string(),
        name => format!("'{name}' is a constant, which cannot be changed"),
    };
    Error::new(kind, message).with_hint("declare what changes by let, not const")
}

/// How a session ends, for the words that end other ones.
pub(super) fn way_out(name: &str) -> Option<&'static str> {
    matches!(name, "exit" | "quit").then_some("exit() ends the session")
}

fn variables_hint() -> &'static str {
    "functions do not see variables outside them: pass the value as an argument, or use a closure |x| .."
}

fn syntax(kind: &ParseErrorType) -> Error {
    let error = Error::new(ErrorKind::Syntax, without_position(&kind.to_string()));
    match kind {
        ParseErrorType::VariableUndefined(name) => {
            let error = Error::new(ErrorKind::Syntax, format!("there is no variable '{name}'"));
            error.with_hint(match way_out(name) {
                Some(hint) => hint.to_string(),
                None if is_verb(name) => format!("'{name}' is a function: write {name}(..), or help(\"{name}\")"),
                None => variables_hint().to_string(),
            })
        }
        ParseErrorType::Reserved(sign) if !sign.starts_with(char::is_alphabetic) => {
            Error::new(ErrorKind::Syntax, format!("there is no sign '{sign}'"))
        }
        ParseErrorType::Reserved(word) => {
            Error::new(ErrorKind::Syntax, format!("'{word}' is a reserved word")).with_hint("choose another name")
        }
        ParseErrorType::AssignmentToConstant(name) => constant(ErrorKind::Syntax, name),
        _ => error,
    }
}

fn arithmetic(message: &str) -> Error {
    // "Error parsing integer number 'x': invalid digit found in string", from parse_int and parse_float.
    if let Some(parsed) = message.strip_prefix("Error parsing ") {
        let wanted = if parsed.starts_with("integer") { "a whole number" } else { "a number" };
        let text = parsed.split_once('\'').and_then(|(_, rest)| rest.rsplit_once("': ")).map_or("", |(text, _)| text);
        return Error::argument(format!("\"{text}\" is not {wanted}"));
    }
    let error = Error::new(ErrorKind::Arithmetic, message);
    if message.contains("negative power") {
        return error.with_hint("powers of integers are integers: write 2.0 ** -1");
    }
    if message.to_lowercase().contains("division by zero") || message.to_lowercase().contains("modulo") {
        error.with_hint("these are integers, and 1/2 is 0 with integers: write 1.0/2, or x.to_float()")
    } else {
        error.with_hint("integers run to 9223372036854775807: write 1.0 for a float")
    }
}

/// What helps where nothing takes a sparse matrix.
const DENSE: &str =
    "a SparseMatrix has not all that a Matrix has: x.matrix() makes it dense, help(\"sparse\") lists it";

/// "name (type, type)" as Rhai reports a call that matches nothing.
fn no_function(signature: &str) -> Error {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let types: Vec<String> =
        types.trim_end_matches(')').split(", ").filter(|t| !t.is_empty()).map(plain_type).collect();
    if is_closure(name) {
        // What a closure has captured is among the types: their number says nothing to the user.
        return Error::new(ErrorKind::Function, "this closure does not take as many arguments as it is given")
            .with_hint("a function of one value is written |a| .., one of two values |a, b| ..");
    }
    let vocabulary = vocabulary();
    let entries: Vec<_> = vocabulary.entries.iter().filter(|entry| entry.name == name).collect();
    let usage: Vec<&str> = entries.iter().map(|entry| entry.usage).collect();
    let is_sparse = types.iter().any(|kind| kind == "SparseMatrix");
    let is_operator = !name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if is_operator {
        let error = match types.as_slice() {
            [a, b] => Error::new(ErrorKind::Function, format!("there is no {a} {name} {b}")),
            _ => Error::new(ErrorKind::Function, format!("there is no {name} of {}", types.join(", "))),
        };
        return if is_sparse { error.with_hint(DENSE) } else { error };
    }
    let is_record = records().any(|record| record.verb == name || record.constructor == Some(name));
    if !is_record && types.len() == 1 && !entries.is_empty() && entries.iter().all(|entry| entry.is_property) {
        let error = Error::new(ErrorKind::Function, format!("'{name}' is a property, not a function"));
        return error.with_hint(format!("without parentheses: x.{name}"));
    }
    if !usage.is_empty() || is_record {
        let error = Error::new(ErrorKind::Function, format!("{name} does not take ({})", types.join(", ")));
        let lacks_it = || members_of("SparseMatrix").iter().all(|member| member.name != name);
        return error.with_hint(if is_sparse && lacks_it() {
            DENSE.to_string()
        } else if usage.is_empty() {
            format!("help(\"{name}\") shows how it is called")
        } else {
            usage.join("\n        ").replace('\n', "\n        ")
        });
    }
    let known = super::help::names();
    let error = Error::new(ErrorKind::Function, format!("there is no function '{name}' ({})", types.join(", ")));
    match way_out(name) {
        Some(hint) => error.with_hint(hint),
        None => error.with_nearest(name, known.iter().map(String::as_str)),
    }
}

/// "Unknown property 'x' - a getter is not registered for type 'T'"
fn no_property(message: &str) -> Error {
    let quoted: Vec<&str> = message.split('\'').skip(1).step_by(2).collect();
    match quoted.as_slice() {
        [name, kind, ..] => unknown_property(&plain_type(kind), name),
        _ => Error::name(message),
    }
}

/// The error for a property that a type does not have.
pub(super) fn unknown_property(kind: &str, name: &str) -> Error {
    let vocabulary = vocabulary();
    let error = Error::name(format!("{kind} has no property '{name}'"));
    if vocabulary.entries.iter().any(|entry| entry.name == name && !entry.is_property) {
        return error.with_hint(format!("'{name}' is a verb: .{name}(..)"));
    }
    let added = records().flat_map(|record| record.adds.iter().map(|property| property.name));
    let properties = vocabulary.entries.iter().filter(|entry| entry.is_property).map(|entry| entry.name);
    // Of another type: that cannot be what was meant.
    error.with_nearest(name, properties.chain(added).filter(|known| *known != name))
}
