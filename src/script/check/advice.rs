//! What to do about a syntax error: words and signs of other languages, reserved words, brackets that do not match.

use rhai::{LexError, ParseErrorType};

use super::super::diagnose::way_out;
use super::super::source::{LANGUAGE_FUNCTIONS, Unmatched, enclosing, ends_value, is_reserved, partners};
use super::super::tokens::{Kind, Token, tokens};
use crate::error::{Error, ErrorKind, nearest};

/// What stands for a word or sign of another language.
const FOREIGN: &[(&[&str], &str)] = &[
    (&["var", "<-", ":="], "a new variable is written let name = value"),
    (&["def", "function", "func"], "a function is written fn name(a, b) { .. }, a closure |a, b| .."),
    (&["and"], "write &&"),
    (&["or"], "write ||"),
    (&["not"], "write !"),
    (&["elif", "elsif", "elseif"], "write else if"),
    (&["True", "TRUE"], "write true"),
    (&["False", "FALSE"], "write false"),
    (&["None", "NULL", "null", "nil", "nothing"], "nothing is written ()"),
    (&["NA", "NaN", "missing"], "a missing number is written nan()"),
    (&["Inf"], "infinity is written inf()"),
    (&["===", "!=="], "write == or !="),
    (&["++", "--"], "write i += 1 or i -= 1"),
    (&["->"], "a closure is written |x| .., a switch has =>"),
    (&["|>"], "calls follow each other: x.f().g()"),
    (&["$"], "a column is written t[\"name\"], a text with values `${x}`"),
    (&["~"], "there are no formulas: methods take a matrix or table"),
];

fn foreign(word: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(words, _)| words.contains(&word)).map(|(_, advice)| *advice)
}

/// What a script finds besides what it declares itself.
pub(in super::super) struct Surroundings<'a> {
    /// Whether a name is a function's.
    pub is_function: &'a dyn Fn(&str) -> bool,
    /// Variables that are there before the script starts.
    pub variables: &'a [&'a str],
    /// Whether a word of the language is switched off.
    pub is_off: &'a dyn Fn(&str) -> bool,
}

/// A parser's error at `place`, with a message and a hint that fit what stands there.
pub(in super::super) fn improve(
    plain: Error,
    kind: &ParseErrorType,
    place: (usize, usize),
    text: &str,
    around: &Surroundings<'_>,
) -> Error {
    // A text or comment without an end: the parser says so.
    let Some(tokens) = tokens(text) else { return plain };
    let at = tokens.iter().position(|token| token.place >= place).unwrap_or(tokens.len());
    let word = tokens.get(at).map_or("", |token| token.text);
    match kind {
        ParseErrorType::VariableUndefined(name) => undefined(plain, name, &tokens, at, around),
        ParseErrorType::BadInput(LexError::MalformedChar(_)) => {
            plain.with_hint("a text is written \"..\"; '..' is a single character")
        }
        _ if (around.is_off)(word) => off(word),
        _ if is_reserved(word) && wants_name(kind, &tokens, at) => reserved(word, &tokens, at),
        _ => match foreign(word).or_else(|| misplaced(word, &tokens, at)) {
            Some(advice) => plain.with_hint(advice),
            None => brackets(plain, &tokens),
        },
    }
}

/// Whether the parser looked for a name that the script may choose.
fn wants_name(kind: &ParseErrorType, tokens: &[Token<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map_or("", |before| tokens[before].text);
    match kind {
        ParseErrorType::Reserved(_)
        | ParseErrorType::VariableExpected
        | ParseErrorType::PropertyExpected
        | ParseErrorType::FnMissingName => true,
        ParseErrorType::MissingToken(..) => before == "#{",
        _ => false,
    }
}

/// What there is instead of words that a session does without.
fn off(word: &str) -> Error {
    let error = Error::new(ErrorKind::Syntax, format!("'{word}' is switched off in this session"));
    match word {
        "curry" => error.with_hint("a closure holds what it needs: |x| f.call(first, x)"),
        "eval" => error.with_hint("it runs a text as a script, which whoever made the session has not allowed"),
        _ => error,
    }
}

fn reserved(word: &str, tokens: &[Token<'_>], at: usize) -> Error {
    let is_method = at.checked_sub(1).is_some_and(|before| matches!(tokens[before].text, "." | "?."));
    let error = Error::new(ErrorKind::Syntax, format!("'{word}' is a reserved word"));
    if is_method && LANGUAGE_FUNCTIONS.contains(&word) {
        return error.with_hint(format!("it is no method: write {word}(x)"));
    }
    error.with_hint(foreign(word).unwrap_or("choose another name"))
}

fn undefined(plain: Error, name: &str, tokens: &[Token<'_>], at: usize, around: &Surroundings<'_>) -> Error {
    let next = tokens.get(at + 1).map_or("", |token| token.text);
    if let Some(advice) = foreign(name) {
        return plain.with_hint(advice);
    }
    if matches!(next, ":" | "=") && is_in_call(tokens, at) {
        return plain.with_hint(format!("options are a map: f(#{{ {name}: value }})"));
    }
    // The plain hint tells how the function is called, or the session left.
    if (around.is_function)(name) || way_out(name).is_some() {
        return plain;
    }
    if matches!(next, "=" | "<-" | ":=") {
        return plain.with_hint(format!("a new variable is written let {name} = .."));
    }
    let declared = || {
        let pairs = tokens.windows(2).filter(|pair| matches!(pair[0].text, "let" | "const" | "for"));
        pairs.map(|pair| pair[1].text).chain(around.variables.iter().copied())
    };
    if declared().any(|other| other == name) {
        return plain;
    }
    match nearest(name, declared()) {
        Some(near) => plain.with_hint(format!("did you mean '{near}'?")),
        None => plain.with_hint(format!("a variable is written let {name} = .. before it is used")),
    }
}

/// Whether the innermost bracket around a token holds the arguments of a call.
fn is_in_call(tokens: &[Token<'_>], at: usize) -> bool {
    let name = enclosing(tokens, at).filter(|&open| tokens[open].text == "(").and_then(|open| open.checked_sub(1));
    name.is_some_and(|name| tokens[name].kind == Kind::Word && ends_value(&tokens[name]))
}

/// A sign that stands where another language has it.
fn misplaced(word: &str, tokens: &[Token<'_>], at: usize) -> Option<&'static str> {
    let open = enclosing(tokens, at);
    let is_index = open.is_some_and(|open| {
        matches!(tokens[open].text, "[" | "?[") && open.checked_sub(1).is_some_and(|before| ends_value(&tokens[before]))
    });
    match word {
        "," if is_index => Some("a matrix is indexed by m[[row, column]]"),
        "=" if open.is_some_and(|open| tokens[open].text == "#{") => Some("an entry of a map is written name: value"),
        "=" | ":" if is_in_call(tokens, at) => Some("options are a map: f(#{ name: value })"),
        "=" => Some("to compare, write =="),
        _ => None,
    }
}

/// The bracket that has no partner, for an error that may come from it.
fn brackets(plain: Error, tokens: &[Token<'_>]) -> Error {
    let (at, what) = match partners(tokens) {
        Ok(_) => return plain,
        Err(Unmatched::Open(at)) => (at, "is never closed"),
        Err(Unmatched::Close(at)) => (at, "closes nothing"),
    };
    let (line, column) = tokens[at].place;
    plain.with_hint(format!("the '{}' at line {line}, column {column} {what}", tokens[at].text))
}
