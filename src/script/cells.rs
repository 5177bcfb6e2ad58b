//! Scripts in pieces, as a prompt or a notebook has them: what one piece defines the next ones see, and an error in a
//! function names the piece where the function was written.

use std::collections::HashMap;
use std::sync::Arc;

use rhai::{AST, ParseError, ParseErrorType};

use super::diagnose::ScriptError;
use super::operators::bare_engine;
use super::scan::Scan;
use super::session::Session;
use super::stdlib::source_of;
use super::tokens::{CLOSE_TEXT, Kind, OPEN_TEXT, tokens};
use super::variables::{displayed, shown};
use crate::value::Value;

/// Whether a piece of script can be evaluated as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// It can.
    Complete,
    /// More lines have to follow.
    Incomplete,
    /// The parser refuses it, and more lines do not cure that.
    Invalid,
}

impl Session {
    /// Evaluates a script and gives its last value as a prompt shows it; `None` for `()`.
    ///
    /// # Errors
    /// As [`Session::eval`]; a stop that was asked for before, unless the prompt has forgotten it by
    /// [`CancelHandle::reset`](crate::context::CancelHandle::reset).
    pub fn eval_shown(&mut self, text: &str) -> Result<Option<String>, ScriptError> {
        self.run(text, "input").map(|value| (!value.is_unit()).then(|| shown(&value)))
    }

    /// Evaluates a cell of a notebook, or something that belongs to one, and gives its last value as a notebook shows it;
    /// `name` stands in its errors.
    ///
    /// # Errors
    /// As [`Session::eval_shown`].
    pub fn eval_cell(&mut self, text: &str, name: &str) -> Result<Value, ScriptError> {
        self.run(text, name).map(|value| displayed(&value))
    }

    /// Whether a prompt should evaluate `text` as it stands: nothing is open, and the parser wants nothing more at its
    /// end. A text with an error before its end is complete, because more lines do not cure it.
    pub fn is_complete(&self, text: &str) -> bool {
        self.completeness(text) != Completeness::Incomplete
    }

    /// Whether `text` can be evaluated as it stands.
    pub fn completeness(&self, text: &str) -> Completeness {
        let text = text.trim_end_matches(['\n', '\r']);
        if Scan::of(text).wants_more(text) {
            return Completeness::Incomplete;
        }
        match self.engine().compile_with_scope(self.scope(), text) {
            Ok(_) => Completeness::Complete,
            Err(error) if is_at_end(&error, text) => Completeness::Incomplete,
            Err(error) if is_unknown_name(&error) && is_open_whatever_the_names(text) => Completeness::Incomplete,
            Err(_) => Completeness::Invalid,
        }
    }
}

/// Whether the parser stopped at a name: what stands behind it, it has not looked at.
fn is_unknown_name(error: &ParseError) -> bool {
    matches!(error.err_type(), ParseErrorType::VariableUndefined(_) | ParseErrorType::ModuleUndefined(_))
}

/// Whether a text wants more lines, if all of its names are known.
fn is_open_whatever_the_names(text: &str) -> bool {
    bare_engine().compile(text).is_err_and(|error| is_at_end(&error, text))
}

/// Whether the parser found its error behind the last character: it wants more.
fn is_at_end(error: &ParseError, text: &str) -> bool {
    if matches!(error.err_type(), ParseErrorType::UnexpectedEOF) {
        return true;
    }
    let text = text.trim_end();
    let last = (text.lines().count(), text.lines().last().map_or(0, |line| line.chars().count()));
    let place = error.position();
    (place.line().unwrap_or(0), place.position().unwrap_or(0)) > last
}

/// Where code was written: the name of a script or cell, and its text where that is known.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub source: Arc<str>,
    pub text: Option<Arc<str>>,
}

/// Where the functions of a session were written, by Rhai's names for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(HashMap<String, Origin>);

impl Origins {
    /// Takes note of the functions and closures of a script. A later function of a name takes the place of an earlier.
    pub fn note(&mut self, parsed: &AST, source: &str, text: &str) {
        let mut origin = None;
        for function in parsed.iter_functions() {
            let origin = origin.get_or_insert_with(|| Origin { source: source.into(), text: Some(text.into()) });
            self.0.insert(function.name.to_string(), origin.clone());
        }
    }
}

/// A call that was under way when an error happened, as Rhai reports it.
#[derive(Debug)]
pub(super) struct Called {
    /// The function, by Rhai's name.
    pub name: String,
    /// The file of the module that the function is from; empty outside modules.
    pub module: String,
    /// Line of the call, from 1.
    pub line: Option<usize>,
}

impl Called {
    /// Where the function was written; `None` for a native one.
    fn origin(&self, origins: &Origins) -> Option<Origin> {
        if self.module.is_empty() {
            return origins.0.get(&self.name).cloned();
        }
        // Of a file it is not known whether it is as it was.
        let text = source_of(&self.module).map(Into::into);
        Some(Origin { source: self.module.as_str().into(), text })
    }
}

/// Where the code was written that the innermost of `calls` ran: native functions have none, and outside of all
/// functions it is the script's `own`.
pub(super) fn place_of(calls: &[Called], origins: &Origins, own: &Origin) -> Origin {
    calls.iter().find_map(|call| call.origin(origins)).unwrap_or_else(|| own.clone())
}

/// The modules that a script imports by a name outside of all blocks: path and name.
pub(super) fn imports(text: &str) -> Vec<(String, String)> {
    if !text.contains("import") {
        return Vec::new();
    }
    let tokens = tokens(text).unwrap_or_default();
    let mut depth = 0usize;
    let mut found = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        match (&token.kind, token.text) {
            (_, "(" | "[" | "?[" | "{" | "#{" | "${" | OPEN_TEXT) => depth += 1,
            (_, ")" | "]" | "}" | CLOSE_TEXT) => depth = depth.saturating_sub(1),
            (Kind::Word, "import") if depth == 0 => {
                if let Some([path, word, name]) = tokens.get(i + 1..i + 4)
                    && let (Kind::Text(Some(path)), "as") = (&path.kind, word.text)
                {
                    found.push((path.clone(), name.text.to_string()));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_error_in_a_function_names_the_cell_where_it_was_written() {
        let mut session = Session::sandboxed();
        session.eval_cell("fn f(a) {\n  a + nothing(1)\n}\nlet g = |x| f(x);", "In[1]").unwrap();
        let error = session.eval_cell("\n\n[1].map(g)", "In[2]").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("--> In[1]:2:7") && text.contains("2 |   a + nothing(1)"), "{text}");
        assert!(text.contains("in call to 'f' at line 4\n"), "{text}");
        assert!(text.contains("in call to 'map' at line 3 of In[2]"), "{text}");
        let error = session.eval_cell("f(1);\nnothing(2)", "In[3]").unwrap_err();
        assert_eq!(error.source, "In[1]");
        let error = session.eval_cell("1;\nnothing(2)", "In[4]").unwrap_err();
        assert_eq!((error.source.as_str(), error.position), ("In[4]", Some((2, 1))));
    }

    #[test]
    fn imports_are_found_outside_of_blocks_only() {
        let text =
            "import \"a/b\" as ab; // import \"c\" as c\nif x { import \"d\" as d; }\nimport \"e\";\nimport \"f\" as f";
        let expected = [("a/b", "ab"), ("f", "f")].map(|(path, name)| (path.to_string(), name.to_string()));
        assert_eq!(imports(text), expected);
    }

    #[test]
    fn imported_modules_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("twice");
        std::fs::write(path.with_extension("rhai"), "fn twice(a) { 2 * a } export const K = 5;").unwrap();
        let mut session = Session::trusted();
        session.eval_cell(&format!("import {:?} as m;", path.display().to_string()), "In[1]").unwrap();
        session.eval_cell("fn g(x) { m::twice(x) }", "In[2]").unwrap();
        assert_eq!(session.eval_as::<i64>("g(4) + m::K").unwrap(), 13);
    }

    #[test]
    fn a_host_may_set_what_a_script_declared_constant() {
        let mut session = Session::sandboxed();
        session.eval_cell("const A = 1; let b = 2;", "In[1]").unwrap();
        session.set("A", 40_i64);
        assert_eq!(session.eval_as::<i64>("A + b").unwrap(), 42);
    }

    #[test]
    fn errors_before_the_end_are_invalid() {
        let session = Session::sandboxed();
        let kinds = ["1 + 1", "let x = [1,", "let x = )"].map(|text| session.completeness(text));
        assert_eq!(kinds, [Completeness::Complete, Completeness::Incomplete, Completeness::Invalid]);
    }

    #[test]
    fn what_is_open_is_incomplete_whatever_names_are_in_it() {
        let session = Session::sandboxed();
        let open = [
            "if nope {",
            "fn f(a) { nope",
            "let y = nope +",
            "if nope",
            "while nope > 1",
            "for i in nope",
            "if nope { 1 } else",
            "m::f(nope) +",
            "nope.map(|x|",
        ];
        for text in open {
            assert_eq!(session.completeness(text), Completeness::Incomplete, "{text}");
        }
        for text in ["nope", "nope + 1", "if nope { 1 }", "let y = nope )", "m::f(nope) )"] {
            assert_eq!(session.completeness(text), Completeness::Invalid, "{text}");
        }
    }

    #[test]
    fn a_stop_before_a_cell_counts_and_one_before_a_script_is_forgotten() {
        let mut session = Session::sandboxed();
        let stop = session.cancel_handle();
        stop.cancel();
        for _ in 0..2 {
            let error = session.eval_cell("1", "In[1]").unwrap_err();
            assert_eq!(error.error.kind(), ErrorKind::Cancelled);
        }
        assert!(session.eval_shown("1").is_err(), "it is nobody's here to forget it");
        stop.reset();
        assert!(session.eval_cell("1", "In[1]").is_ok());
        stop.cancel();
        assert_eq!(session.eval_as::<i64>("1"), Ok(1));
        assert!(session.eval_cell("1", "In[1]").is_ok());
    }
}
