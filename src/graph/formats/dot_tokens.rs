//! The words of DOT, with their lines.

use crate::error::{Error, Result, shortened};

/// Words that mean something where they are not quoted, in any mixture of capitals.
const KEYWORDS: [&str; 6] = ["strict", "graph", "digraph", "node", "edge", "subgraph"];

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name or a value.
    Id(String),
    /// One of the keywords, in small letters.
    Keyword(&'static str),
    /// `->` or `--`.
    Arrow(&'static str),
    /// One of `{ } [ ] ; , = :`.
    Mark(char),
    /// The end of the file.
    End,
}

impl Token {
    /// How messages call it.
    fn called(&self) -> String {
        match self {
            Self::Id(text) => format!("'{}'", shortened(text)),
            Self::Keyword(word) | Self::Arrow(word) => format!("'{word}'"),
            Self::Mark(mark) => format!("'{mark}'"),
            Self::End => "the end of the file".into(),
        }
    }
}

/// The words of a file, one of them in view.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    lexer: Lexer<'a>,
    next: Token,
    /// The line in which `next` begins, and that of the word before it.
    next_line: usize,
    line: usize,
}

impl<'a> Tokens<'a> {
    /// The words of a text.
    ///
    /// # Errors
    /// What is no word.
    pub fn new(text: &'a str) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lexer = Lexer { text, at: 0, line: 1, is_line_start: true };
        let mut tokens = Self { lexer, next: Token::End, next_line: 1, line: 1 };
        tokens.take()?;
        Ok(tokens)
    }

    /// The next word, which stays.
    pub fn peek(&self) -> &Token {
        &self.next
    }

    /// The line of the last word that was taken.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Takes the next word.
    pub fn take(&mut self) -> Result<Token> {
        self.line = self.next_line;
        self.lexer.skip()?;
        self.next_line = self.lexer.line;
        let following = self.lexer.token()?;
        Ok(std::mem::replace(&mut self.next, following))
    }

    /// Whether this mark is next; if so, takes it.
    pub fn pass(&mut self, mark: char) -> Result<bool> {
        let is_next = self.next == Token::Mark(mark);
        if is_next {
            self.take()?;
        }
        Ok(is_next)
    }

    /// Takes a mark that must be next.
    pub fn expect(&mut self, mark: char) -> Result<()> {
        match self.pass(mark)? {
            true => Ok(()),
            false => Err(self.unexpected(&format!("'{mark}'"))),
        }
    }

    /// Takes a name or value, which must be next.
    pub fn id(&mut self, wanted: &str) -> Result<String> {
        if let Token::Id(text) = &mut self.next {
            let text = std::mem::take(text);
            self.take()?;
            return Ok(text);
        }
        let error = self.unexpected(wanted);
        match self.next {
            Token::Keyword(word) => Err(error.with_hint(format!("in quotes, \"{word}\" is a name like any other"))),
            _ => Err(error),
        }
    }

    /// The error that something else should be next.
    pub fn unexpected(&self, wanted: &str) -> Error {
        Error::data(format!("line {}: {} instead of {wanted}", self.next_line, self.next.called()))
    }
}

#[derive(Debug)]
struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    /// Whether nothing but blanks came in this line: only there, `#` begins a comment.
    is_line_start: bool,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong(&self, message: &str) -> Error {
        Error::data(format!("line {}: {message}", self.line))
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) -> Result<()> {
        loop {
            let rest = self.rest();
            match rest.chars().next() {
                Some('\n') => {
                    self.at += 1;
                    self.line += 1;
                    self.is_line_start = true;
                }
                Some(blank) if blank.is_ascii_whitespace() => self.at += 1,
                Some('#') if self.is_line_start => self.at += rest.find('\n').unwrap_or(rest.len()),
                Some('/') if rest.starts_with("//") => self.at += rest.find('\n').unwrap_or(rest.len()),
                Some('/') if rest.starts_with("/*") => {
                    let end = rest[2..].find("*/").ok_or_else(|| self.wrong("a comment has no end"))? + 4;
                    self.line += newlines(&rest[..end]);
                    self.at += end;
                }
                _ => return Ok(()),
            }
        }
    }

    /// The word that begins here.
    fn token(&mut self) -> Result<Token> {
        self.is_line_start = false;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        match first {
            '{' | '}' | '[' | ']' | ';' | ',' | '=' | ':' => {
                self.at += 1;
                Ok(Token::Mark(first))
            }
            '"' => self.texts(),
            '-' if rest.starts_with("->") => Ok(self.arrow("->")),
            '-' if rest.starts_with("--") => Ok(self.arrow("--")),
            '-' | '.' | '0'..='9' => self.numeral(),
            '<' => Err(self
                .wrong("texts in HTML (<...>) cannot be read")
                .with_hint("write the text in quotes, or delete the attribute from the file")),
            letter if is_letter(letter) => self.word(),
            other => Err(self.wrong(&format!("'{}' cannot stand here", other.escape_debug()))),
        }
    }

    fn arrow(&mut self, arrow: &'static str) -> Token {
        self.at += arrow.len();
        Token::Arrow(arrow)
    }

    fn numeral(&mut self) -> Result<Token> {
        let rest = self.rest();
        // The first letter may be a minus, none behind it may.
        let end = rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.').map_or(rest.len(), |end| end + 1);
        match rest[..end].parse::<f64>() {
            Ok(_) if !goes_on(&rest[end..]) => Ok(self.taken(end)),
            _ => Err(self.unquoted(rest)),
        }
    }

    fn word(&mut self) -> Result<Token> {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_letter(c) && !c.is_ascii_digit()).unwrap_or(rest.len());
        if goes_on(&rest[end..]) {
            return Err(self.unquoted(rest));
        }
        if let Some(&keyword) = KEYWORDS.iter().find(|keyword| keyword.eq_ignore_ascii_case(&rest[..end])) {
            self.at += end;
            return Ok(Token::Keyword(keyword));
        }
        Ok(self.taken(end))
    }

    fn taken(&mut self, end: usize) -> Token {
        let text = self.rest()[..end].to_string();
        self.at += end;
        Token::Id(text)
    }

    /// The error about something that is a name only in quotes.
    fn unquoted(&self, rest: &str) -> Error {
        let in_name = |c: char| is_letter(c) || c.is_ascii_digit() || matches!(c, '.' | '-');
        let end = rest.find(|c: char| !in_name(c)).unwrap_or(rest.len());
        self.wrong(&format!("'{}' is neither a name nor a number", shortened(&rest[..end])))
            .with_hint("in quotes, a name may have any letters; without, only A-Z, a-z, _ and, behind the first, 0-9")
    }

    /// A text in quotes, and those that `+` joins to it.
    fn texts(&mut self) -> Result<Token> {
        let mut text = String::new();
        self.text_in_quotes(&mut text)?;
        loop {
            self.skip()?;
            if !self.rest().starts_with('+') {
                return Ok(Token::Id(text));
            }
            self.at += 1;
            self.skip()?;
            if !self.rest().starts_with('"') {
                return Err(self.wrong("behind '+' comes a text in quotes"));
            }
            self.text_in_quotes(&mut text)?;
        }
    }

    /// Adds the text between the quotes that begin here. Backslashes that mean something only where labels are drawn,
    /// such as `\l`, stay.
    fn text_in_quotes(&mut self, text: &mut String) -> Result<()> {
        let rest = &self.rest()[1..];
        let mut letters = rest.char_indices();
        while let Some((at, letter)) = letters.next() {
            let (escaped, behind) = match letter {
                '"' => {
                    self.line += newlines(&rest[..at]);
                    self.at += at + 2;
                    return Ok(());
                }
                '\\' => (letters.next().map(|(_, letter)| letter), letters.as_str()),
                letter => {
                    text.push(letter);
                    continue;
                }
            };
            match escaped {
                Some('n') => text.push('\n'),
                Some(letter @ ('"' | '\\')) => text.push(letter),
                // The text goes on in the next line.
                Some('\n') => {}
                Some('\r') if behind.starts_with('\n') => {
                    letters.next();
                }
                Some(letter) => text.extend(['\\', letter]),
                None => {}
            }
        }
        Err(self.wrong("a text in quotes has no end"))
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii()
}

/// Whether a name or number is followed by what looks like more of it, though Graphviz takes it for a name of its own.
fn goes_on(behind: &str) -> bool {
    let is_minus = behind.starts_with('-') && !behind.starts_with("->") && !behind.starts_with("--");
    is_minus || behind.starts_with('.') || behind.starts_with(is_letter)
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<Token>> {
        let mut tokens = Tokens::new(text)?;
        let mut found = Vec::new();
        while *tokens.peek() != Token::End {
            found.push(tokens.take()?);
        }
        Ok(found)
    }

    fn ids(text: &str) -> Vec<String> {
        let id = |token: Token| match token {
            Token::Id(text) => text,
            other => format!("<{other:?}>"),
        };
        all(text).unwrap().into_iter().map(id).collect()
    }

    #[test]
    fn names_and_texts() {
        assert_eq!(ids("a _1 \u{e9}t -.5 12 1.50"), ["a", "_1", "\u{e9}t", "-.5", "12", "1.50"]);
        assert_eq!(ids(r#""a\"b\\c\nd\le" "x" + /* y */ "z""#), ["a\"b\\c\nd\\le", "xz"]);
        assert_eq!(ids("\"a\\\nb\\\r\nc\""), ["abc"]);
        let arrows = all("a->b--c").unwrap();
        assert_eq!((&arrows[1], &arrows[3]), (&Token::Arrow("->"), &Token::Arrow("--")));
        assert_eq!(all("DiGraph \"digraph\"").unwrap(), [Token::Keyword("digraph"), Token::Id("digraph".into())]);
    }

    #[test]
    fn comments_are_passed_over_and_lines_counted() {
        assert_eq!(ids("# 1\n  # 2\na // b\n/* c\n d */ e /**/ f"), ["a", "e", "f"]);
        let mut tokens = Tokens::new("/*\n*/ \"a\nb\"\nc").unwrap();
        tokens.take().unwrap();
        assert_eq!(tokens.line(), 2);
        tokens.take().unwrap();
        assert_eq!(tokens.line(), 4);
    }

    #[test]
    fn what_is_no_word_is_refused_with_its_line() {
        for (text, part) in [
            ("a\n1b", "line 2: '1b' is neither"),
            ("TP53.1", "'TP53.1' is neither"),
            ("BRCA-2", "'BRCA-2' is neither"),
            ("1.2.3", "'1.2.3'"),
            ("a - b", "'-'"),
            ("<b>x</b>", "HTML"),
            ("\n\"a", "line 2: a text in quotes has no end"),
            ("\"a\\", "has no end"),
            ("\"a\" + b", "behind '+'"),
            ("/* a", "a comment has no end"),
            ("a # b", "'#' cannot stand here"),
        ] {
            let error = all(text).unwrap_err();
            assert!(error.message().contains(part), "{text}: {error}");
        }
    }
}
