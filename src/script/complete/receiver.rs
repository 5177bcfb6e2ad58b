//! The type of what stands before a point: of literals, variables, and chains of calls and properties from these. Nothing
//! is run; where a type is not sure there is none.

use std::ops::Range;

use rhai::{Dynamic, Map};

use super::super::convert::type_name;
use super::super::members::result;
use super::super::scan::{Kind as Opened, Open};
use super::super::session::Session;
use super::super::source::{Source, enclosing, ends_value};
use super::super::tokens::{CLOSE_TEXT, Kind, Token, tokens};

/// Calls within calls are looked at this deep.
const DEPTH: usize = 64;
/// In longer texts nobody looks for definitions.
const TOKENS: usize = 10_000;

/// What is known of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// Its type, as scripts know it.
    pub type_name: String,
    /// The keys of a map, each with the type of its value.
    pub entries: Vec<(String, String)>,
}

impl Known {
    fn of(type_name: impl Into<String>) -> Self {
        Self { type_name: type_name.into(), entries: Vec::new() }
    }

    fn of_value(value: &Dynamic) -> Self {
        let map = value.read_lock::<Map>();
        let entries = map.iter().flat_map(|map| map.iter());
        let entries = entries.map(|(key, value)| (key.to_string(), type_name(value))).collect();
        Self { type_name: type_name(value), entries }
    }
}

/// What is known of the value at the end of `text`, behind which a point follows. `open` is what is open there.
pub(super) fn known(session: &Session, text: &str, open: &[Open]) -> Option<Known> {
    let start = open.last().map_or(0, |open| match open.kind {
        Opened::Map | Opened::Interpolation => open.at + 2,
        _ => open.at + 1,
    });
    let source = Source::new(text.get(start..)?)?;
    // Where code stands within a text, definitions are looked for before that text.
    let visible = open.iter().find(|open| !open.kind.is_code()).map_or(text.len(), |open| open.at);
    let reader = Reader { session, text: text.get(..visible)? };
    reader.chain(&source, source.tokens().len(), DEPTH).map(|(_, known)| known)
}

/// Finds out types.
struct Reader<'a> {
    session: &'a Session,
    /// Where definitions of variables are looked for.
    text: &'a str,
}

impl Reader<'_> {
    /// The chain that ends before token `end`: where it starts, and what is known of it.
    fn chain(&self, source: &Source<'_>, end: usize, depth: usize) -> Option<(usize, Known)> {
        let depth = depth.checked_sub(1)?;
        let last = end.checked_sub(1)?;
        let token = source.tokens().get(last)?;
        let partner = source.partner(last);
        match (&token.kind, token.text) {
            (Kind::Int(_), _) => Some((last, Known::of("int"))),
            (Kind::Float(_), _) => Some((last, Known::of("float"))),
            (Kind::Text(_), text) if text.starts_with('\'') => Some((last, Known::of("char"))),
            (Kind::Text(_), _) => Some((last, Known::of("string"))),
            (_, CLOSE_TEXT) => Some((partner, Known::of("string"))),
            (_, "}") => (source.at(partner) == "#{").then(|| (partner, Known::of("map"))),
            (_, "]") => is_list(source, partner).then(|| (partner, Known::of("list"))),
            (_, ")") if partner > 0 && source.is_name(partner - 1) => self.call(source, partner - 1, depth),
            (_, ")") => self.group(source, partner + 1..last, depth).map(|known| (partner, known)),
            (Kind::Word, _) if source.is_member(last) => self.property(source, last, depth),
            (Kind::Word, name) => self.word(source, last, name, depth).map(|known| (last, known)),
            _ => None,
        }
    }

    /// A run of tokens that is one chain.
    fn whole(&self, source: &Source<'_>, range: &Range<usize>, depth: usize) -> Option<Known> {
        let (start, known) = self.chain(source, range.end, depth)?;
        (start == range.start).then_some(known)
    }

    /// What stands in round brackets.
    fn group(&self, source: &Source<'_>, range: Range<usize>, depth: usize) -> Option<Known> {
        let mut at = range.start;
        while at < range.end {
            if matches!(source.at(at), ".." | "..=") {
                return Some(Known::of("range"));
            }
            at = source.partner(at).max(at) + 1;
        }
        self.whole(source, &range, depth)
    }

    /// The call whose name is token `name`.
    fn call(&self, source: &Source<'_>, name: usize, depth: usize) -> Option<(usize, Known)> {
        let call = source.call(name)?;
        let (start, first) = if call.is_method {
            let receiver = self.chain(source, name - 1, depth);
            // Without its start, a chain is none that a variable could be set to.
            receiver.map_or((name, None), |(start, known)| (start, Some(known)))
        } else {
            (name, call.arguments.first().and_then(|range| self.whole(source, range, depth)))
        };
        if self.is_own_function(source.at(name)) {
            return None;
        }
        let first = first.as_ref().map(|known| known.type_name.as_str());
        result(source.at(name), false, first, call.count()).map(|kind| (start, Known::of(kind)))
    }

    /// Whether a script has a function of that name, here or in the session.
    fn is_own_function(&self, name: &str) -> bool {
        let mut functions = self.session.functions().iter_functions();
        functions.any(|function| function.name == name) || self.text.contains(&format!("fn {name}("))
    }

    /// The property whose name is token `name`. That of a map may be any of its entries.
    fn property(&self, source: &Source<'_>, name: usize, depth: usize) -> Option<(usize, Known)> {
        let (start, receiver) = self.chain(source, name - 1, depth)?;
        let text = source.at(name);
        if receiver.type_name == "map" {
            let (_, kind) = receiver.entries.iter().find(|(key, _)| key == text)?;
            return Some((start, Known::of(kind.as_str())));
        }
        result(text, true, Some(&receiver.type_name), 1).map(|kind| (start, Known::of(kind)))
    }

    fn word(&self, source: &Source<'_>, at: usize, name: &str, depth: usize) -> Option<Known> {
        if matches!(name, "true" | "false") {
            return Some(Known::of("bool"));
        }
        if !source.is_name(at) || source.before(at) == "::" {
            return None;
        }
        match origin(self.text, name) {
            Origin::Session => self.session.scope().get(name).map(Known::of_value),
            Origin::Expression { text, before } => {
                let source = Source::new(text)?;
                let reader = Reader { session: self.session, text: before };
                reader.whole(&source, &(0..source.tokens().len()), depth)
            }
            Origin::Other => None,
        }
    }
}

/// Whether a square bracket opens a list, and does not index a value.
fn is_list(source: &Source<'_>, open: usize) -> bool {
    let before = open.checked_sub(1).and_then(|before| source.tokens().get(before));
    source.at(open) == "[" && !before.is_some_and(ends_value)
}

/// Where a variable comes from.
#[derive(Debug, PartialEq, Eq)]
enum Origin<'a> {
    /// From before the text.
    Session,
    /// From `let name = text;`, and what stands before that.
    Expression { text: &'a str, before: &'a str },
    /// From elsewhere in the text: a parameter, a loop, an assignment.
    Other,
}

/// Where the variable of a name comes from at the end of a text: the last place there that gives it a value.
fn origin<'a>(text: &'a str, name: &str) -> Origin<'a> {
    let Some(tokens) = tokens(text) else { return Origin::Session };
    if tokens.len() > TOKENS {
        return Origin::Other;
    }
    let Some(at) = (0..tokens.len()).rev().find(|&at| is_given(&tokens, at, name)) else { return Origin::Session };
    let read = |at: usize| tokens.get(at).map_or("", |token| token.text);
    let is_definition = at > 0 && matches!(read(at - 1), "let" | "const") && read(at + 1) == "=";
    match end_of_statement(&tokens, at).filter(|_| is_definition && is_visible(&tokens, at)) {
        Some(end) => Origin::Expression {
            text: &text[tokens[at + 2].start..tokens[end].start],
            before: &text[..tokens[at - 1].start],
        },
        None => Origin::Other,
    }
}

/// Whether token `at` is a name that gets a value there. A statement that does not end yet gives none.
fn is_given(tokens: &[Token<'_>], at: usize, name: &str) -> bool {
    let token = &tokens[at];
    let read = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text);
    let before = read(at.checked_sub(1));
    if token.kind != Kind::Word || token.text != name || matches!(before, "." | "?.") {
        return false;
    }
    let is_assigned = matches!(read(Some(at + 1)), "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "**=");
    if is_assigned || matches!(before, "let" | "const") {
        return end_of_statement(tokens, at).is_some();
    }
    matches!(before, "for" | "as" | "|") || is_parameter(tokens, at)
}

/// Whether token `at` stands in a list of names that are given values: `|a, b|`, `fn f(a, b)`, `for (a, i)`, `catch (a)`.
fn is_parameter(tokens: &[Token<'_>], at: usize) -> bool {
    let is_part = |token: &Token<'_>| token.text == "," || token.kind == Kind::Word;
    let names = tokens[..at].iter().rev().take_while(|token| is_part(token)).count();
    let read = |back: usize| at.checked_sub(names + back).map_or("", |at| tokens[at].text);
    match read(1) {
        "|" => true,
        "(" => matches!(read(2), "for" | "catch") || read(3) == "fn" || (read(3) == "." && read(5) == "fn"),
        _ => false,
    }
}

/// The semicolon that ends the statement of token `at`.
fn end_of_statement(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let inside = enclosing(tokens, at);
    (at + 1..tokens.len()).find(|&end| tokens[end].text == ";" && enclosing(tokens, end) == inside)
}

/// Whether what is defined at token `at` is there at the end: no bracket around it has closed.
fn is_visible(tokens: &[Token<'_>], at: usize) -> bool {
    let inside = enclosing(tokens, at);
    let mut open = enclosing(tokens, tokens.len());
    while open != inside {
        match open {
            Some(bracket) => open = enclosing(tokens, bracket),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::super::scan::Scan;
    use super::*;

    fn session() -> Session {
        let mut session = Session::sandboxed();
        let script = "let x = matrix([[1, 2], [3, 5]]); let scores = #{ aupr: 0.5, inner: #{ a: 1 } }; \
                      let fit = example(\"sachs\").head(60).log1p().standardize().graphical_lasso(#{ lambda: 0.4 }); \
                      fn own(a) { a }";
        session.eval(script).expect("the variables");
        session
    }

    fn assert_types(cases: &[(&str, &str)]) {
        let session = session();
        for (text, wanted) in cases {
            let found = known(&session, text, &Scan::of(text).open);
            assert_eq!(found.map_or_else(|| "?".to_string(), |known| known.type_name), *wanted, "{text}");
        }
    }

    #[test]
    fn literals_and_variables_have_types() {
        assert_types(&[
            ("\"a\"", "string"),
            ("'a'", "char"),
            ("`a ${1}`", "string"),
            ("[1, 2]", "list"),
            ("#{ a: 1 }", "map"),
            ("(0..3)", "range"),
            ("1.5", "float"),
            ("let y = 2 * 3", "int"),
            ("true", "bool"),
            ("x", "Matrix"),
            ("(x)", "Matrix"),
            ("print(x", "Matrix"),
            ("print(`${x", "Matrix"),
            ("f(#{ a: x", "Matrix"),
            ("fit", "Fit"),
            ("scores", "map"),
        ]);
    }

    #[test]
    fn chains_give_what_their_last_call_gives() {
        assert_types(&[
            ("x.cor()", "Matrix"),
            ("x.head(1)\n  .t", "Matrix"),
            ("x.rows", "int"),
            ("x.mean()", "float"),
            ("x.mean(#{ axis: 0 })", "Vector"),
            ("x.argmax()", "list"),
            ("x.eigh()", "map"),
            ("x.row(0).sort()", "Vector"),
            ("fit.graph().degree", "Vector"),
            ("x.graphical_lasso(#{ lambda: 0.1 })", "Fit"),
            ("x.graphical_lasso_path().select(\"ebic\").precision", "Matrix"),
            ("GraphicalLasso(#{ lambda: 1 }).fit(x)", "Fit"),
            ("diag(x)", "Vector"),
            ("diag([1, 2])", "Matrix"),
            ("read_csv(\"a.csv\")", "Table"),
            ("\"a,b\".split(\",\")", "list"),
            ("scores.aupr", "float"),
            ("scores.keys()", "list"),
            ("nobody.cor()", "Matrix"),
        ]);
    }

    #[test]
    fn what_is_not_sure_has_no_type() {
        let (open, close) = ("(".repeat(3000), ")".repeat(3000));
        let deep = format!("{open}x{close}");
        let texts = [
            "nobody",
            "x[0]",
            "scores.nothing",
            "nobody.t",
            "read(\"a\")",
            "own(1)",
            "x.own()",
            ")",
            "",
            "x +",
            deep.as_str(),
        ];
        assert_types(&texts.map(|text| (text, "?")));
    }

    #[test]
    fn definitions_in_the_text_come_before_the_session() {
        assert_types(&[
            ("let y = x.cor(); y", "Matrix"),
            ("let x = \"a\"; print(x", "string"),
            ("let x = x.row(0); let x = x.len(); x", "int"),
            ("let x = x", "Matrix"),
            ("let y = 1 + x; y", "?"),
            ("x = 1; x", "?"),
            ("for x in 0..3 { x", "?"),
            ("for (a, x) in list { x", "?"),
            ("list.map(|a, x| x", "?"),
            ("fn f(a, x) { x", "?"),
            ("{ let x = 1; } x", "?"),
            ("fn cor(a) { a } x.cor()", "?"),
        ]);
    }
}
