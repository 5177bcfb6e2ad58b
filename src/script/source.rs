//! A script as tokens with their brackets: calls, arguments, closures, definitions.

use std::ops::Range;

use super::tokens::{CLOSE_TEXT, Kind, OPEN_TEXT, Token, tokens};

/// Words of the language that are no names.
const KEYWORDS: &[&str] = &[
    "let", "const", "if", "else", "switch", "do", "while", "until", "loop", "for", "in", "fn", "continue", "break",
    "return", "throw", "try", "catch", "private", "import", "export", "as", "true", "false", "this", "_",
];

/// Words that the language keeps for itself although they mean nothing.
const RESERVED: &[&str] = &[
    "var",
    "new",
    "match",
    "case",
    "default",
    "with",
    "is",
    "use",
    "static",
    "shared",
    "sync",
    "thread",
    "spawn",
    "go",
    "goto",
    "module",
    "package",
    "public",
    "protected",
    "null",
    "nil",
    "void",
    "async",
    "await",
    "yield",
    "super",
];

/// Functions of the language itself, which take what no table of functions says.
pub(super) const LANGUAGE_FUNCTIONS: &[&str] =
    &["print", "debug", "type_of", "eval", "call", "curry", "is_def_var", "is_def_fn", "is_shared", "Fn"];

/// Whether a name cannot be given to a variable or function.
pub(super) fn is_reserved(word: &str) -> bool {
    KEYWORDS.contains(&word) || RESERVED.contains(&word) || LANGUAGE_FUNCTIONS.contains(&word)
}

/// A script, tokenised, with the partner of every bracket.
#[derive(Debug)]
pub(super) struct Source<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    partners: Vec<usize>,
}

/// Why the brackets of a script do not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// This token opens what nothing closes.
    Open(usize),
    /// This token closes what nothing opens.
    Close(usize),
}

/// `name(..)` or `x.name(..)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The token of the name.
    pub name: usize,
    /// Whether it stands behind a dot.
    pub is_method: bool,
    /// The tokens of every argument.
    pub arguments: Vec<Range<usize>>,
}

impl Call {
    /// How many values the function is given; the receiver of a method is one.
    pub fn count(&self) -> usize {
        self.arguments.len() + usize::from(self.is_method)
    }
}

/// An entry of a map literal: the token of its key and those of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MapEntry {
    pub key: usize,
    pub value: Range<usize>,
}

/// What a closing bracket may close.
fn openers_of(closer: &str) -> Option<&'static [&'static str]> {
    let openers: &'static [&'static str] = match closer {
        ")" => &["("],
        "]" => &["[", "?["],
        "}" => &["{", "#{", "${"],
        CLOSE_TEXT => &[OPEN_TEXT],
        _ => return None,
    };
    Some(openers)
}

fn is_opener(text: &str) -> bool {
    ["(", "[", "?[", "{", "#{", "${", OPEN_TEXT].contains(&text)
}

/// Which bracket each bracket belongs to; other tokens belong to themselves.
pub(super) fn partners(tokens: &[Token<'_>]) -> Result<Vec<usize>, Unmatched> {
    let mut partners: Vec<usize> = (0..tokens.len()).collect();
    let mut open: Vec<usize> = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        if is_opener(token.text) {
            open.push(i);
        } else if let Some(openers) = openers_of(token.text) {
            let last = open.pop().ok_or(Unmatched::Close(i))?;
            if !openers.contains(&tokens[last].text) {
                return Err(Unmatched::Open(last));
            }
            (partners[i], partners[last]) = (last, i);
        }
    }
    open.last().map_or(Ok(partners), |&last| Err(Unmatched::Open(last)))
}

/// The innermost bracket that is open before token `at`.
pub(super) fn enclosing(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    for (i, token) in tokens.iter().enumerate().take(at) {
        if is_opener(token.text) {
            open.push(i);
        } else if openers_of(token.text).is_some() {
            open.pop();
        }
    }
    open.last().copied()
}

/// Whether a value may end with this token, so that an operator may follow.
pub(super) fn ends_value(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => !KEYWORDS.contains(&token.text) || matches!(token.text, "true" | "false" | "this"),
        Kind::Int(_) | Kind::Float(_) | Kind::Text(_) => true,
        Kind::Symbol => matches!(token.text, ")" | "]" | CLOSE_TEXT),
    }
}

impl<'a> Source<'a> {
    /// Reads a script; `None` where its texts or brackets do not end.
    pub fn new(text: &'a str) -> Option<Self> {
        let tokens = tokens(text)?;
        let partners = partners(&tokens).ok()?;
        Some(Self { text, tokens, partners })
    }

    /// All tokens.
    pub fn tokens(&self) -> &[Token<'a>] {
        &self.tokens
    }

    /// What token `i` reads; empty outside the script.
    pub fn at(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |token| token.text)
    }

    /// What the token before `i` reads; empty at the start.
    pub fn before(&self, i: usize) -> &'a str {
        i.checked_sub(1).map_or("", |before| self.at(before))
    }

    /// The bracket that belongs to the bracket `i`.
    pub fn partner(&self, i: usize) -> usize {
        self.partners.get(i).copied().unwrap_or(i)
    }

    /// The text of a run of tokens.
    pub fn slice(&self, range: &Range<usize>) -> &'a str {
        match (self.tokens.get(range.start), range.end.checked_sub(1).and_then(|last| self.tokens.get(last))) {
            (Some(first), Some(last)) if range.start < range.end => {
                // The end of a text with code in it is a mark without letters.
                let letters = if last.text == CLOSE_TEXT { 0 } else { last.text.len() };
                &self.text[first.start..last.start + letters]
            }
            _ => "",
        }
    }

    /// Whether token `i` is a name that a script may choose.
    pub fn is_name(&self, i: usize) -> bool {
        self.tokens
            .get(i)
            .is_some_and(|token| token.kind == Kind::Word && !KEYWORDS.contains(&token.text) && token.text != "_")
    }

    /// Whether token `i` stands behind a dot: a property or method.
    pub fn is_member(&self, i: usize) -> bool {
        matches!(self.before(i), "." | "?.")
    }

    /// Whether token `i` is the key of an entry of a map literal.
    pub fn is_key(&self, i: usize) -> bool {
        self.at(i + 1) == ":" && matches!(self.before(i), "#{" | ",")
    }

    /// The parts of a run of tokens between commas that are in no bracket and in no closure's parameters.
    pub fn split(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let (mut parts, mut start, mut i) = (Vec::new(), range.start, range.start);
        while i < range.end {
            if self.at(i) == "," {
                parts.push(start..i);
                start = i + 1;
            }
            i = self.closure(i).map_or(self.partner(i).max(i), |parameters| parameters.end) + 1;
        }
        // Nothing behind a last comma is no part.
        if start < range.end {
            parts.push(start..range.end);
        }
        parts
    }

    /// The parameters of the closure that starts at token `i`; the range ends at its second bar.
    pub fn closure(&self, i: usize) -> Option<Range<usize>> {
        let behind_value = i.checked_sub(1).is_some_and(|before| ends_value(&self.tokens[before]));
        let end = (i + 1..self.tokens.len()).find(|&k| !self.is_name(k) && self.at(k) != ",")?;
        (self.at(i) == "|" && !behind_value && self.at(end) == "|").then_some(i + 1..end)
    }

    /// Every call of a function or method by name; not those of a module's.
    pub fn calls(&self) -> Vec<Call> {
        (0..self.tokens.len()).filter_map(|i| self.call(i)).collect()
    }

    /// The call whose name is token `i`.
    pub fn call(&self, i: usize) -> Option<Call> {
        let defines = self.before(i) == "fn" || (self.is_member(i) && i >= 3 && self.at(i - 3) == "fn");
        if !self.is_name(i) || self.at(i + 1) != "(" || defines || self.before(i) == "::" {
            return None;
        }
        let arguments = self.split(i + 2..self.partner(i + 1));
        Some(Call { name: i, is_method: self.is_member(i), arguments })
    }

    /// The entries of the map literal that a run of tokens is; `None` when it is something else.
    pub fn map_literal(&self, range: &Range<usize>) -> Option<Vec<MapEntry>> {
        if self.at(range.start) != "#{" || self.partner(range.start) + 1 != range.end {
            return None;
        }
        let parts = self.split(range.start + 1..range.end - 1);
        let entry = |part: Range<usize>| {
            (self.at(part.start + 1) == ":").then_some(MapEntry { key: part.start, value: part.start + 2..part.end })
        };
        parts.into_iter().map(entry).collect()
    }

    /// Definitions of functions: the token of the name, and the tokens of the parameters.
    pub fn functions(&self) -> Vec<(usize, Range<usize>)> {
        (0..self.tokens.len()).filter(|&i| self.at(i) == "fn").filter_map(|i| self.function(i)).collect()
    }

    fn function(&self, i: usize) -> Option<(usize, Range<usize>)> {
        // `fn name(..)`, or `fn Type.name(..)` for a method of a type.
        let name = if self.at(i + 2) == "." { i + 3 } else { i + 1 };
        (self.at(name + 1) == "(").then(|| (name, name + 2..self.partner(name + 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Vec<String> {
        let source = Source::new(text).unwrap();
        let call = source.calls().into_iter().next().unwrap();
        call.arguments.iter().map(|range| source.slice(range).to_string()).collect()
    }

    #[test]
    fn commas_in_brackets_texts_and_closures_do_not_split() {
        assert_eq!(arguments("f(a, [1, 2], #{ b: 1, c: 2 }, g(3, 4),)"), ["a", "[1, 2]", "#{ b: 1, c: 2 }", "g(3, 4)"]);
        assert_eq!(
            arguments("f(|a, b| a + b, x | y, || 1, `${h(1, 2)}, `)"),
            ["|a, b| a + b", "x | y", "|| 1", "`${h(1, 2)}, `"]
        );
        assert!(arguments("f()").is_empty());
    }

    #[test]
    fn calls_are_not_definitions_and_not_of_modules() {
        let source = Source::new("fn f(a) { g(a) } fn Matrix.h(b) {} m::k(1); x.l(2); if (true) { m.n }").unwrap();
        let calls: Vec<(&str, usize)> =
            source.calls().iter().map(|call| (source.at(call.name), call.count())).collect();
        assert_eq!(calls, [("g", 1), ("l", 2)]);
        let defined: Vec<&str> = source.functions().iter().map(|(name, _)| source.at(*name)).collect();
        assert_eq!(defined, ["f", "h"]);
    }

    #[test]
    fn maps_are_read_and_blocks_are_not() {
        let source = Source::new("#{ a: 1, \"b\": f(2, 3), c: #{} }").unwrap();
        let entries = source.map_literal(&(0..source.tokens().len())).unwrap();
        let values: Vec<&str> = entries.iter().map(|entry| source.slice(&entry.value)).collect();
        assert_eq!(values, ["1", "f(2, 3)", "#{}"]);
        let block = Source::new("{ a }").unwrap();
        assert!(block.map_literal(&(0..3)).is_none());
    }

    #[test]
    fn brackets_that_do_not_match_are_named() {
        let of = |text| partners(&tokens(text).unwrap_or_default());
        assert_eq!(of("f(a[1)"), Err(Unmatched::Open(3)));
        assert_eq!(of("{ f(1) "), Err(Unmatched::Open(0)));
        assert_eq!(of("f(1))"), Err(Unmatched::Close(4)));
        assert!(of("`${a[1]}` #{ b: 1 }").is_ok());
    }
}
