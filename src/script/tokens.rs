//! The words of a script: Rhai's lexical syntax, for tools that read scripts without running them.

/// A word, number, text or symbol with its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    /// As it stands in the script; [`OPEN_TEXT`] and [`CLOSE_TEXT`] where code stands within a text.
    pub text: &'a str,
    /// Byte position.
    pub start: usize,
    /// Line and column, both from 1; columns count characters.
    pub place: (usize, usize),
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A whole number.
    Int(i64),
    /// A number with a point or an exponent.
    Float(f64),
    /// A text or character as it is after escapes; `None` where this reader does not say.
    Text(Option<String>),
    /// An operator, separator or bracket.
    Symbol,
}

/// Stands before a text in back-ticks that has code in it.
pub(super) const OPEN_TEXT: &str = "`(";
/// Stands behind such a text.
pub(super) const CLOSE_TEXT: &str = "`)";

/// Symbols of more than one character; a longer one stands before its beginnings.
const SYMBOLS: &[&str] = &[
    "===", "!==", "**=", "<<=", ">>=", "...", "..=", "==", "!=", "<=", ">=", "=>", "->", "<-", "&&", "||", "**", "<<",
    ">>", "..", "?.", "??", "?[", "::", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", ":=", "++", "--", "<|", "|>",
    "#{",
];

/// The tokens of a script; `None` when a text or comment does not end.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut scanner = Scanner { text, at: 0, place: (1, 1), tokens: Vec::new(), code: Vec::new() };
    while let Some(c) = scanner.peek() {
        scanner.read(c)?;
    }
    scanner.code.is_empty().then_some(scanner.tokens)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    place: (usize, usize),
    tokens: Vec<Token<'a>>,
    /// For every piece of code within a text that is open: how many braces are open in it.
    code: Vec<usize>,
}

/// Where a token starts.
type Start = (usize, (usize, usize));

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        self.place = if c == '\n' { (self.place.0 + 1, 1) } else { (self.place.0, self.place.1 + 1) };
        Some(c)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    fn start(&self) -> Start {
        (self.at, self.place)
    }

    fn push(&mut self, kind: Kind, (start, place): Start) {
        self.tokens.push(Token { kind, text: &self.text[start..self.at], start, place });
    }

    /// Reads what starts with `c`.
    fn read(&mut self, c: char) -> Option<()> {
        let rest = self.rest();
        match c {
            '0'..='9' => self.number(),
            '"' | '\'' => self.quoted(c)?,
            '`' => {
                let start = self.start();
                self.bump();
                // A line break right behind the back-tick is no part of the text.
                let breaks = ["\r\n", "\n", "\r"].into_iter().find(|line_break| self.rest().starts_with(*line_break));
                self.skip(breaks.map_or(0, str::len));
                self.template(start, false)?;
            }
            '#' if rest.trim_start_matches('#').starts_with('"') => self.raw()?,
            '/' if rest.starts_with("//") => self.line_comment(),
            '/' if rest.starts_with("/*") => self.block_comment()?,
            'a'..='z' | 'A'..='Z' | '_' => self.word(),
            _ if c.is_ascii_whitespace() => {
                self.bump();
            }
            _ => self.symbol(c)?,
        }
        Some(())
    }

    fn word(&mut self) {
        let start = self.start();
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.bump();
        }
        self.push(Kind::Word, start);
    }

    fn symbol(&mut self, c: char) -> Option<()> {
        let start = self.start();
        let long = SYMBOLS.iter().find(|symbol| self.rest().starts_with(**symbol));
        self.skip(long.map_or(1, |symbol| symbol.len()));
        self.push(Kind::Symbol, start);
        if c == '{' || long.is_some_and(|symbol| *symbol == "#{") {
            if let Some(open) = self.code.last_mut() {
                *open += 1;
            }
        } else if c == '}' {
            match self.code.last_mut() {
                // The end of code within a text: what follows is text again.
                Some(0) => {
                    self.code.pop();
                    let start = self.start();
                    return self.template(start, true);
                }
                Some(open) => *open -= 1,
                None => {}
            }
        }
        Some(())
    }

    fn line_comment(&mut self) {
        while self.peek().is_some_and(|c| c != '\n' && c != '\r') {
            self.bump();
        }
    }

    fn block_comment(&mut self) -> Option<()> {
        self.skip(2);
        let mut depth = 1;
        while depth > 0 {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.skip(2);
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.skip(2);
            } else {
                self.bump()?;
            }
        }
        Some(())
    }

    /// `#"..."#`, with any number of `#`.
    fn raw(&mut self) -> Option<()> {
        let start = self.start();
        let hashes = self.rest().chars().take_while(|c| *c == '#').count();
        let end = format!("\"{}", "#".repeat(hashes));
        self.skip(hashes + 1);
        let inside = &self.rest()[..self.rest().find(&end)?];
        self.skip(inside.chars().count() + end.len());
        self.push(Kind::Text(Some(inside.to_string())), start);
        Some(())
    }

    /// `"..."` or `'c'`, on one line unless a backslash ends it.
    fn quoted(&mut self, quote: char) -> Option<()> {
        let start = self.start();
        self.bump();
        let mut value = Some(String::new());
        loop {
            let part = match self.bump()? {
                '\n' => return None,
                '\\' => self.escape(quote)?,
                // A doubled quote is a quote.
                c if c == quote && self.peek() == Some(quote) => self.bump(),
                c if c == quote => break,
                c => Some(c),
            };
            value = value.zip(part).map(|(mut value, c)| {
                value.push(c);
                value
            });
        }
        self.push(Kind::Text(value), start);
        Some(())
    }

    /// What stands behind a backslash. A line that goes on below loses blanks by a rule that nobody here needs.
    fn escape(&mut self, quote: char) -> Option<Option<char>> {
        let c = self.bump()?;
        let digits = match c {
            'n' => return Some(Some('\n')),
            't' => return Some(Some('\t')),
            'r' => return Some(Some('\r')),
            '\n' => return Some(None),
            '\r' if self.peek() == Some('\n') => {
                self.bump();
                return Some(None);
            }
            _ if c == '\\' || c == quote => return Some(Some(c)),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Some(None),
        };
        let code: String = self.rest().chars().take(digits).collect();
        let value = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
        if value.is_some() {
            self.skip(digits);
        }
        Some(value)
    }

    /// A text in back-ticks, up to its end or to the code in it; `opened` when code came before.
    fn template(&mut self, start: Start, opened: bool) -> Option<()> {
        let mut value = String::new();
        loop {
            if self.rest().starts_with("${") {
                if !opened {
                    self.tokens.push(Token { kind: Kind::Symbol, text: OPEN_TEXT, start: start.0, place: start.1 });
                }
                let code = self.start();
                self.skip(2);
                self.push(Kind::Symbol, code);
                self.code.push(0);
                return Some(());
            }
            if self.rest().starts_with("\\${") {
                self.skip(3);
                value.push_str("${");
                continue;
            }
            match self.bump()? {
                '`' if self.peek() == Some('`') => value.extend(self.bump()),
                '`' => break,
                c => value.push(c),
            }
        }
        if opened {
            let (start, place) = self.start();
            self.tokens.push(Token { kind: Kind::Symbol, text: CLOSE_TEXT, start, place });
        } else {
            self.push(Kind::Text(Some(value)), start);
        }
        Some(())
    }

    fn number(&mut self) {
        let start = self.start();
        let radix = match self.rest().get(..2) {
            Some("0x" | "0X") => 16,
            Some("0o" | "0O") => 8,
            Some("0b" | "0B") => 2,
            _ => 10,
        };
        let mut digits = String::new();
        if radix == 10 {
            self.decimal(&mut digits);
        } else {
            self.skip(2);
            self.digits(&mut digits, radix);
        }
        // A hexadecimal number may fill all 64 bits and is then negative.
        let whole = match radix {
            10 => digits.parse().ok(),
            _ => u64::from_str_radix(&digits, radix).ok().map(|value| value as i64),
        };
        let kind = match whole {
            Some(value) => Kind::Int(value),
            None => Kind::Float(digits.parse().unwrap_or(f64::NAN)),
        };
        self.push(kind, start);
    }

    fn digits(&mut self, digits: &mut String, radix: u32) {
        while let Some(c) = self.peek().filter(|c| c.is_digit(radix) || *c == '_') {
            self.bump();
            digits.extend((c != '_').then_some(c));
        }
    }

    /// Digits with a point and an exponent. A point that starts a range or a method is no part of the number.
    fn decimal(&mut self, digits: &mut String) {
        self.digits(digits, 10);
        let next = self.rest().chars().nth(1);
        if self.peek() == Some('.') && next.is_some_and(|c| !c.is_ascii_alphabetic() && c != '_' && c != '.') {
            self.bump();
            digits.push('.');
            self.digits(digits, 10);
        }
        let mut behind = self.rest().chars();
        let exponent = matches!(behind.next(), Some('e' | 'E'));
        if let Some(sign) = behind.next().filter(|c| exponent && (c.is_ascii_digit() || matches!(c, '+' | '-'))) {
            self.skip(1);
            digits.push('e');
            if !sign.is_ascii_digit() {
                self.skip(1);
                digits.push(sign);
            }
            self.digits(digits, 10);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn points_belong_to_numbers_ranges_or_methods() {
        assert_eq!(
            words("1.5 0..3 1_000.t 2.e 1e-3 m[1..] 3.)"),
            ["1.5", "0", "..", "3", "1_000", ".", "t", "2", ".", "e", "1e-3", "m", "[", "1", "..", "]", "3.", ")"]
        );
        let kinds = tokens("1_000 1e3 0xff 99999999999999999999").unwrap();
        let kinds: Vec<&Kind> = kinds.iter().map(|token| &token.kind).collect();
        assert_eq!(kinds, [&Kind::Int(1000), &Kind::Float(1e3), &Kind::Int(255), &Kind::Float(1e20)]);
    }

    #[test]
    fn code_within_texts_is_code() {
        assert_eq!(
            words("`a ${f(#{ b: `${1}` })} c` + 2"),
            ["`(", "${", "f", "(", "#{", "b", ":", "`(", "${", "1", "}", "`)", "}", ")", "}", "`)", "+", "2"]
        );
        assert_eq!(words(r"`\${no} ``code`` `"), [r"`\${no} ``code`` `"]);
        assert!(tokens("`${1").is_none() && tokens("`open").is_none());
    }

    #[test]
    fn texts_and_comments_hide_what_is_in_them() {
        let texts = tokens(r###"f("a\n\"b" /* g( /* h( */ */) 'c' #"raw " (" # // x("###);
        assert!(texts.is_none(), "the raw text does not end");
        let texts = tokens(r###""a\n\"b\x41" /* g( /* h( */ */ 'c' #"raw " ("# // x("###).unwrap();
        let values: Vec<_> = texts.iter().map(|token| token.kind.clone()).collect();
        let text = |value: &str| Kind::Text(Some(value.into()));
        assert_eq!(values, [text("a\n\"bA"), text("c"), text("raw \" (")]);
        assert!(tokens("\"open\n\"").is_none() && tokens("/* open").is_none());
    }

    #[test]
    fn places_count_lines_and_characters() {
        let found = tokens("let ä = 1;\n  f(\"é\", x)").unwrap_or_default();
        let x = found.iter().find(|token| token.text == "x").map(|token| token.place);
        assert_eq!(x, Some((2, 10)));
    }
}
