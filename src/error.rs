//! The one error type of the crate: a category that users understand, a message, and a hint.

use std::fmt;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Defines the categories: name, stable code, word, exit code of the program.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $code:literal $category:literal $exit:literal;)*) => {
        /// What went wrong, in categories that users understand.
        ///
        /// Each category has a stable code (`E010`), shown in messages, and an exit code for the program.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $name,)* }

        impl ErrorKind {
            /// Every category, in order of code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code printed in messages.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The category in words, for other programs.
            pub fn category(self) -> &'static str {
                match self { $(Self::$name => $category,)* }
            }

            /// The program's exit code for an error of this kind.
            pub fn exit_code(self) -> u8 {
                match self { $(Self::$name => $exit,)* }
            }
        }
    };
}
kinds! {
    /// The script does not parse, or names something that does not exist.
    Syntax "E001" "syntax" 2;
    /// `throw`, a failed `assert`, or an error of the script language itself.
    Script "E002" "script" 1;
    /// No function of that name takes these arguments.
    Function "E003" "function" 1;
    /// Integer overflow, or division by zero.
    Arithmetic "E004" "arithmetic" 1;
    /// What stands on the command line does not fit the program or the script.
    Usage "E005" "usage" 2;
    /// An option that is unknown or out of its range.
    Option "E010" "option" 1;
    /// An argument of the wrong type or value.
    Argument "E011" "argument" 1;
    /// Sizes that do not go together.
    Shape "E020" "shape" 1;
    /// A position outside a matrix, vector or list.
    Index "E021" "index" 1;
    /// A name that no column, row, node or function has.
    Name "E022" "name" 1;
    /// Data that a method cannot use: missing, constant or non-numeric values, too few samples.
    Data "E030" "data" 3;
    /// A file that cannot be read or written.
    File "E031" "file" 3;
    /// A computation with no answer: a matrix that is not positive definite, an unbounded problem.
    Numerical "E040" "numerical" 1;
    /// A fit that did not reach its tolerance, where the caller asked for strictness.
    NotConverged "E041" "not_converged" 4;
    /// The time limit was reached.
    Time "E050" "time" 5;
    /// The memory limit was reached.
    Memory "E051" "memory" 5;
    /// A limit on operations, call depth or sizes inside the script language was reached.
    Limit "E052" "limit" 5;
    /// Cancelled by the user or the host.
    Cancelled "E060" "cancelled" 130;
    /// Something that the session does not allow: files in a sandbox.
    Denied "E061" "denied" 1;
    /// A defect of this crate.
    Internal "E099" "internal" 1;
}

impl ErrorKind {
    /// Whether a script must not be able to catch this error: a stop always wins.
    pub fn is_stop(self) -> bool {
        matches!(self, Self::Time | Self::Memory | Self::Cancelled)
    }
}

/// An error with its category, what happened, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hint: Option<String>,
}

impl Error {
    /// An error of `kind`; the message says what was wrong and where.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a hint "did you mean ...?" when one of `known` is close to `wrong`.
    #[must_use]
    pub fn with_nearest<'a>(self, wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(wrong, known) {
            Some(name) => self.with_hint(format!("did you mean '{name}'?")),
            None => self,
        }
    }

    /// Adds a hint if there is none yet.
    #[must_use]
    pub fn or_hint(self, hint: impl Into<String>) -> Self {
        if self.hint.is_some() { self } else { self.with_hint(hint) }
    }

    /// Puts `place` in front of the message: which file, which argument.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The category.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What went wrong, without code and hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The program's exit code for this error.
    pub fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }
}

/// Short constructors, one a category, so that call sites read as sentences.
macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident),* $(,)?) => {
        impl Error { $( $(#[$doc])* pub fn $name(message: impl Into<String>) -> Self { Self::new(ErrorKind::$kind, message) } )* }
    };
}
constructors! {
    /// A command line that does not fit.
    usage => Usage,
    /// An option that is unknown or out of range.
    option => Option,
    /// An argument of the wrong type or value.
    argument => Argument,
    /// Sizes that do not go together.
    shape => Shape,
    /// A position out of range.
    index => Index,
    /// A name that does not exist.
    name => Name,
    /// Data that a method cannot use.
    data => Data,
    /// A file that cannot be read or written.
    file => File,
    /// A computation without an answer.
    numerical => Numerical,
    /// A limit of the session.
    memory => Memory,
    /// A defect of this crate.
    internal => Internal,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// As much of a text from somebody else's file as a message has room for.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

/// The name in `known` that is closest to `wrong`, if one is close enough to be a likely misspelling.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Letters of a name that somebody types. Each is compared with each of the other name.
    const LETTERS: usize = 64;
    /// Names that are compared.
    const NAMES: usize = 10_000;
    if wrong.chars().nth(LETTERS).is_some() {
        return None;
    }
    let lower = wrong.to_lowercase();
    let letters = lower.chars().count();
    // A third of the letters may differ: enough for typos and swapped letters, too few for unrelated words.
    let limit = (letters / 3).max(1);
    known
        .into_iter()
        .take(NAMES)
        .filter(|name| name.chars().take(2 * LETTERS + limit).count().abs_diff(letters) <= limit)
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, _)| distance <= limit)
        .min_by_key(|&(distance, name)| (distance, name.len()))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_typos_and_ignores_strangers() {
        let known = ["lambda", "weights", "tol"];
        assert_eq!(nearest("lamda", known), Some("lambda"));
        assert_eq!(nearest("Lambda", known), Some("lambda"));
        assert_eq!(nearest("wieghts", known), Some("weights"));
        assert_eq!(nearest("bandwidth", known), None);
        let (long, longer) = ("x".repeat(1_000_000), "x".repeat(1_000_001));
        assert_eq!(nearest(&long, [longer.as_str()]), None, "nobody types so much, and to compare it takes terabytes");
        assert_eq!(nearest("lamda", [longer.as_str(), "lambda"]), Some("lambda"));
    }
}
