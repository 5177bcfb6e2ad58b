//! What is open at the end of a piece of script: brackets, texts, comments. For a prompt that waits for the rest, and
//! for completion that wants to know where the cursor stands. The parser cannot say: it needs a whole script.

/// What was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `(`
    Round,
    /// `[`
    Square,
    /// `{`
    Block,
    /// `#{`
    Map,
    /// `${` inside a text in backticks.
    Interpolation,
    /// A text in double quotes.
    Quoted,
    /// A text in backticks.
    Verbatim,
    /// A text between `#"` and `"#`, with so many `#`.
    Raw(usize),
    /// A character in single quotes.
    Letter,
    /// A comment to the end of the line.
    Line,
    /// A comment between `/*` and `*/`, so many deep.
    Comment(usize),
}

impl Kind {
    /// Whether what stands inside is code.
    pub fn is_code(self) -> bool {
        matches!(self, Self::Round | Self::Square | Self::Block | Self::Map | Self::Interpolation)
    }
}

/// Something open, with what stands directly inside it so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// What was opened.
    pub kind: Kind,
    /// The byte where it starts.
    pub at: usize,
    /// Commas so far.
    pub commas: usize,
    /// Whether a colon stands behind the last comma: in a map, a value follows.
    pub has_colon: bool,
    /// The keys of a map so far.
    pub keys: Vec<String>,
}

/// What is open at the end of a text.
#[derive(Debug, Default)]
pub struct Scan {
    /// What is open, outermost first.
    pub open: Vec<Open>,
    /// Whether a bracket or text closes wrongly, which more lines do not cure.
    is_broken: bool,
}

impl Scan {
    /// Reads a text from its start.
    pub fn of(text: &str) -> Self {
        let mut scan = Self::default();
        let mut position = 0;
        while position < text.len() {
            position += scan.step(text, position);
        }
        scan
    }

    /// Whether a prompt should wait for more lines.
    pub fn wants_more(&self, text: &str) -> bool {
        match self.open.last().map(|open| open.kind) {
            _ if self.is_broken => false,
            // These end with their line; a backslash there continues a text in double quotes.
            Some(Kind::Letter) => false,
            Some(Kind::Quoted) => (text.len() - text.trim_end_matches('\\').len()) % 2 == 1,
            Some(Kind::Line) => self.open.len() > 1,
            top => top.is_some(),
        }
    }

    /// Takes in what starts at byte `at`, and says how many bytes that was. Everything that counts is ASCII, and no
    /// byte of another character looks like it.
    fn step(&mut self, text: &str, at: usize) -> usize {
        let rest = &text.as_bytes()[at..];
        match self.open.last().map(|open| open.kind) {
            Some(Kind::Line) => self.close_at(rest, b"\n"),
            Some(Kind::Comment(depth)) => self.in_comment(rest, depth),
            Some(Kind::Quoted) => self.in_quotes(rest, b"\""),
            Some(Kind::Letter) => self.in_quotes(rest, b"'"),
            Some(Kind::Raw(count)) => self.close_at(rest, format!("\"{}", "#".repeat(count)).as_bytes()),
            Some(Kind::Verbatim) => match rest {
                [b'\\', b'$', b'{', ..] => 3,
                [b'$', b'{', ..] => self.push(Kind::Interpolation, at, 2),
                _ => self.close_at(rest, b"`"),
            },
            _ => self.in_code(text, rest, at),
        }
    }

    fn in_code(&mut self, text: &str, rest: &[u8], at: usize) -> usize {
        match rest {
            [b'/', b'/', ..] => self.push(Kind::Line, at, 2),
            [b'/', b'*', ..] => self.push(Kind::Comment(1), at, 2),
            [b'#', b'{', ..] => self.push(Kind::Map, at, 2),
            [b'#', ..] => {
                let count = rest.iter().take_while(|&&byte| byte == b'#').count();
                if rest.get(count) == Some(&b'"') { self.push(Kind::Raw(count), at, count + 1) } else { 1 }
            }
            [b'"', ..] => self.push(Kind::Quoted, at, 1),
            [b'\'', ..] => self.push(Kind::Letter, at, 1),
            [b'`', ..] => self.push(Kind::Verbatim, at, 1),
            [b'(', ..] => self.push(Kind::Round, at, 1),
            [b'[', ..] => self.push(Kind::Square, at, 1),
            [b'{', ..] => self.push(Kind::Block, at, 1),
            [b')', ..] => self.close(&[Kind::Round]),
            [b']', ..] => self.close(&[Kind::Square]),
            [b'}', ..] => self.close(&[Kind::Block, Kind::Map, Kind::Interpolation]),
            [b':', b':', ..] => 2,
            [b':', ..] => self.colon(&text[..at]),
            [b',', ..] => self.comma(),
            _ => 1,
        }
    }

    fn in_comment(&mut self, rest: &[u8], depth: usize) -> usize {
        let depth = match rest {
            [b'/', b'*', ..] => depth + 1,
            [b'*', b'/', ..] => depth - 1,
            _ => return 1,
        };
        if depth == 0 {
            self.open.pop();
        } else if let Some(open) = self.open.last_mut() {
            open.kind = Kind::Comment(depth);
        }
        2
    }

    fn in_quotes(&mut self, rest: &[u8], end: &[u8]) -> usize {
        match rest {
            [b'\\', _, ..] => 2,
            [b'\n', ..] => {
                self.is_broken = true;
                self.open.pop();
                1
            }
            _ => self.close_at(rest, end),
        }
    }

    /// Closes the innermost if `end` stands here.
    fn close_at(&mut self, rest: &[u8], end: &[u8]) -> usize {
        if !rest.starts_with(end) {
            return 1;
        }
        self.open.pop();
        end.len()
    }

    fn close(&mut self, kinds: &[Kind]) -> usize {
        if self.open.last().is_some_and(|open| kinds.contains(&open.kind)) {
            self.open.pop();
        } else {
            self.is_broken = true;
        }
        1
    }

    fn push(&mut self, kind: Kind, at: usize, length: usize) -> usize {
        self.open.push(Open { kind, at, commas: 0, has_colon: false, keys: Vec::new() });
        length
    }

    fn comma(&mut self) -> usize {
        if let Some(open) = self.open.last_mut() {
            open.commas += 1;
            open.has_colon = false;
        }
        1
    }

    fn colon(&mut self, before: &str) -> usize {
        if let Some(open) = self.open.last_mut() {
            open.has_colon = true;
            open.keys.push(word_before(before).to_string());
        }
        1
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The byte where the word at the end of a text starts; the text's length if it ends in no word.
pub fn word_start(text: &str) -> usize {
    text.trim_end_matches(is_word).len()
}

/// The word at the end of a text, blanks left out.
pub fn word_before(text: &str) -> &str {
    let text = text.trim_end();
    &text[word_start(text)..]
}

/// The variable that a chain such as `x.head(3).t` at the end of a text starts with.
pub fn chain_start(text: &str) -> Option<&str> {
    let mut rest = text.trim_end();
    loop {
        while rest.ends_with([')', ']']) {
            rest = before_brackets(rest)?.trim_end();
        }
        let (before, word) = rest.split_at(word_start(rest));
        if word.is_empty() {
            return None;
        }
        match before.trim_end().strip_suffix('.') {
            Some(chain) if !chain.ends_with('.') => rest = chain.trim_end(),
            _ => return Some(word),
        }
    }
}

/// What stands before the bracket that the last character closes. Brackets inside texts mislead it; the worst that
/// comes of that is a completion too few.
fn before_brackets(text: &str) -> Option<&str> {
    let mut depth = 0usize;
    for (position, byte) in text.bytes().enumerate().rev() {
        match byte {
            b')' | b']' => depth += 1,
            b'(' | b'[' => depth = depth.saturating_sub(1),
            _ => continue,
        }
        if depth == 0 {
            return Some(&text[..position]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        Scan::of(text).open.iter().map(|open| open.kind).collect()
    }

    #[test]
    fn what_is_open_is_known_inside_texts_and_comments_too() {
        assert_eq!(kinds("f(\"a)\", '(', /* [ */ #{ a: [1"), [Kind::Round, Kind::Map, Kind::Square]);
        assert_eq!(
            kinds("print(`${x.get(\"a"),
            [Kind::Round, Kind::Verbatim, Kind::Interpolation, Kind::Round, Kind::Quoted]
        );
        assert_eq!(kinds("`\\${ ( é"), [Kind::Verbatim]);
        assert_eq!(kinds("#\"a\" ( \"# [ // ("), [Kind::Square, Kind::Line]);
        assert_eq!(kinds("/* /* */"), [Kind::Comment(1)]);
        assert_eq!(kinds("\"a \\\" \\\\\" {"), [Kind::Block]);
    }

    #[test]
    fn a_map_knows_its_keys_and_whether_a_value_follows() {
        let map = |text: &str| Scan::of(text).open.pop().expect("a map");
        let open = map("x.f(#{ a: b::c(1, 2), beta: [1, 2], ");
        assert_eq!((open.keys, open.commas, open.has_colon), (vec!["a".to_string(), "beta".into()], 2, false));
        assert!(map("#{ a: ").has_colon);
    }

    #[test]
    fn only_what_more_lines_can_cure_wants_more() {
        for text in ["f(", "`text", "/* a", "x[[\"a\",", "#{", "\"a\\", "( // note", "`${ x }", "#\"a"] {
            assert!(Scan::of(text).wants_more(text), "{text}");
        }
        for text in ["f(]", "\"a", "f(\"a", "x // (", "'a", "`${x}`", "", "\"a\\\\"] {
            assert!(!Scan::of(text).wants_more(text), "{text}");
        }
    }

    #[test]
    fn chains_lead_to_their_variable() {
        assert_eq!(chain_start("let y = x"), Some("x"));
        assert_eq!(chain_start("fit.partial_cor"), Some("fit"));
        assert_eq!(chain_start("f(x.head(3)\n  .t[[0, (1)]].log1p()"), Some("x"));
        assert_eq!(chain_start("0..n"), Some("n"));
        assert_eq!(chain_start(")"), None);
        assert_eq!(chain_start("x + "), None);
    }
}
