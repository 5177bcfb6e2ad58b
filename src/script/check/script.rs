//! What a script itself defines.

use std::collections::{BTreeMap, BTreeSet};

use super::super::source::Source;
use super::super::tokens::Kind;
use super::known::Known;

const ASSIGNMENTS: &[&str] = &["=", "+=", "-=", "*=", "/=", "%=", "**=", "&=", "|=", "^=", "<<=", ">>="];

/// A script with what it defines, against what exists.
#[derive(Debug)]
pub(super) struct Script<'a> {
    pub source: &'a Source<'a>,
    pub known: &'a Known,
    /// Numbers of parameters of its functions.
    functions: BTreeMap<&'a str, BTreeSet<usize>>,
    /// How often a name is declared as a variable, a parameter or a module.
    variables: BTreeMap<&'a str, usize>,
    /// Names that entries of maps may have: there may be closures behind them.
    keys: BTreeSet<String>,
    /// Whether code that is not in the script may define anything.
    pub evaluates: bool,
    /// Whether values may come from other files.
    pub imports: bool,
}

impl<'a> Script<'a> {
    pub fn new(source: &'a Source<'a>, known: &'a Known) -> Self {
        let mut functions: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (name, parameters) in source.functions() {
            functions.entry(source.at(name)).or_default().insert(source.split(parameters).len());
        }
        let mut variables: BTreeMap<&str, usize> = BTreeMap::new();
        declarations(source).into_iter().for_each(|i| *variables.entry(source.at(i)).or_default() += 1);
        let mentions = |word: &str| source.tokens().iter().any(|token| token.text == word);
        let (evaluates, imports) = (mentions("eval"), mentions("import"));
        Self { source, known, functions, variables, keys: keys(source), evaluates, imports }
    }

    /// The numbers of parameters of the script's functions of that name.
    pub fn arities(&self, name: &str) -> Option<&BTreeSet<usize>> {
        self.functions.get(name)
    }

    /// The names of the script's functions.
    pub fn functions(&self) -> impl Iterator<Item = &'a str> {
        self.functions.keys().copied()
    }

    /// Whether the name is a variable somewhere.
    pub fn is_variable(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Whether a map may have an entry of that name.
    pub fn is_key(&self, name: &str) -> bool {
        self.keys.contains(name)
    }

    /// Whether the script gives the name another meaning than the vocabulary.
    pub fn redefines(&self, name: &str, is_method: bool) -> bool {
        self.evaluates
            || self.functions.contains_key(name)
            || if is_method { self.is_key(name) } else { self.is_variable(name) }
    }

    /// The engine's type, of those whose properties are fixed, that the value before token `end` surely has.
    pub fn fixed_type(&self, end: usize) -> Option<&'static str> {
        let last = end.checked_sub(1)?;
        if self.source.at(last) == ")" {
            let call = self.source.call(self.source.partner(last).checked_sub(1)?)?;
            let name = self.source.at(call.name);
            return if self.redefines(name, call.is_method) { None } else { self.known.gives(name) };
        }
        let is_variable = self.source.is_name(last) && !self.source.is_member(last) && self.source.before(last) != "::";
        let value_end = self.only_value(self.source.at(last)).filter(|_| is_variable)?;
        (self.source.at(value_end - 1) == ")").then(|| self.fixed_type(value_end)).flatten()
    }

    /// The end of the only value that a variable ever has, where that is a chain of calls.
    fn only_value(&self, name: &str) -> Option<usize> {
        if self.variables.get(name) != Some(&1) || self.evaluates {
            return None;
        }
        let named = |i: &usize| self.source.at(*i) == name && !self.source.is_member(*i);
        let mut places = (0..self.source.tokens().len()).filter(named);
        let declared = places.next().filter(|&i| matches!(self.source.before(i), "let" | "const"))?;
        if self.source.at(declared + 1) != "=" || places.any(|i| ASSIGNMENTS.contains(&self.source.at(i + 1))) {
            return None;
        }
        let mut i = declared + 2;
        while !matches!(self.source.at(i), ";" | "}" | "") {
            let part_of_chain = match self.source.tokens()[i].kind {
                Kind::Symbol => matches!(self.source.at(i), "." | "::" | "(" | "["),
                Kind::Word => self.source.is_name(i),
                _ => true,
            };
            if !part_of_chain {
                return None;
            }
            i = self.source.partner(i) + 1;
        }
        (i > declared + 2).then_some(i)
    }
}

/// The tokens that declare a variable, a parameter or a module.
fn declarations(source: &Source<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut names = |range: std::ops::Range<usize>| found.extend(range.filter(|&i| source.is_name(i)));
    for i in 0..source.tokens().len() {
        match source.at(i) {
            "let" | "const" | "as" => names(i + 1..i + 2),
            // `for x in`, `for (x, i) in`, `catch (e)`.
            "for" | "catch" if source.at(i + 1) == "(" => names(i + 2..source.partner(i + 1)),
            "for" => names(i + 1..i + 2),
            "|" => names(source.closure(i).unwrap_or(i..i)),
            _ => {}
        }
    }
    source.functions().into_iter().for_each(|(_, parameters)| names(parameters));
    found
}

/// Names that maps may have as entries: keys of literals, properties that are set, and texts, which may be indices.
fn keys(source: &Source<'_>) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for (i, token) in source.tokens().iter().enumerate() {
        match &token.kind {
            Kind::Text(Some(text)) => {
                keys.insert(text.clone());
            }
            Kind::Word if source.is_key(i) || (source.is_member(i) && source.at(i + 1) == "=") => {
                keys.insert(token.text.to_string());
            }
            _ => {}
        }
    }
    keys
}
