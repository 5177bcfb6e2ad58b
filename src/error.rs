//! The one error type of the crate: a category that users understand, a message, and a hint.

use std::fmt;

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, in categories that users understand.
///
/// Each category has a stable code (`E010`), shown in messages, and an exit code for the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The script does not parse, or names something that does not exist.
    Syntax,
    /// `throw`, a failed `assert`, or an error of the script language itself.
    Script,
    /// No function of that name takes these arguments.
    Function,
    /// Integer overflow, or division by zero.
    Arithmetic,
    /// An option that is unknown or out of its range.
    Option,
    /// An argument of the wrong type or value.
    Argument,
    /// Sizes that do not go together.
    Shape,
    /// A position outside a matrix, vector or list.
    Index,
    /// A name that no column, row, node or function has.
    Name,
    /// Data that a method cannot use: missing, constant or non-numeric values, too few samples.
    Data,
    /// A file that cannot be read or written.
    File,
    /// A computation with no answer: a matrix that is not positive definite, an unbounded problem.
    Numerical,
    /// A fit that did not reach its tolerance, where the caller asked for strictness.
    NotConverged,
    /// The time limit was reached.
    Time,
    /// The memory limit was reached.
    Memory,
    /// A limit on operations, call depth or sizes inside the script language was reached.
    Limit,
    /// Cancelled by the user or the host.
    Cancelled,
    /// Something that the session does not allow: files in a sandbox.
    Denied,
    /// A defect of this crate.
    Internal,
}

impl ErrorKind {
    /// The stable code printed in messages.
    pub fn code(self) -> &'static str {
        match self {
            Self::Syntax => "E001",
            Self::Script => "E002",
            Self::Function => "E003",
            Self::Arithmetic => "E004",
            Self::Option => "E010",
            Self::Argument => "E011",
            Self::Shape => "E020",
            Self::Index => "E021",
            Self::Name => "E022",
            Self::Data => "E030",
            Self::File => "E031",
            Self::Numerical => "E040",
            Self::NotConverged => "E041",
            Self::Time => "E050",
            Self::Memory => "E051",
            Self::Limit => "E052",
            Self::Cancelled => "E060",
            Self::Denied => "E061",
            Self::Internal => "E099",
        }
    }

    /// Every category, in the order of the codes.
    pub const ALL: &'static [Self] = &[
        Self::Syntax,
        Self::Script,
        Self::Function,
        Self::Arithmetic,
        Self::Option,
        Self::Argument,
        Self::Shape,
        Self::Index,
        Self::Name,
        Self::Data,
        Self::File,
        Self::Numerical,
        Self::NotConverged,
        Self::Time,
        Self::Memory,
        Self::Limit,
        Self::Cancelled,
        Self::Denied,
        Self::Internal,
    ];

    /// What happened, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Syntax => "The script does not parse, or names a variable that does not exist.",
            Self::Script => "`throw`, a failed `assert`, or an error of the script language itself.",
            Self::Function => "No function of that name takes these arguments.",
            Self::Arithmetic => "A whole number that became too large, or a division by zero.",
            Self::Option => "An option that is unknown or out of its range.",
            Self::Argument => "An argument of the wrong type or value.",
            Self::Shape => "Sizes that do not go together.",
            Self::Index => "A position outside a matrix, vector or list.",
            Self::Name => "A name that no column, row, node, property or function has.",
            Self::Data => "Data that a method cannot use: missing, constant or non-numeric values, too few samples.",
            Self::File => "A file that cannot be read or written.",
            Self::Numerical => "A computation with no answer: a matrix that is not positive definite, for example.",
            Self::NotConverged => "A fit that did not reach its tolerance, where `strict` was asked for.",
            Self::Time => "The time limit was reached.",
            Self::Memory => "The memory limit was reached.",
            Self::Limit => "A limit on operations, depth of calls or sizes inside the script language was reached.",
            Self::Cancelled => "Stopped by the user or the host.",
            Self::Denied => "Something that the session does not allow, such as files in a sandbox.",
            Self::Internal => "A defect of sinew.",
        }
    }

    /// What a user can do about errors of the category; empty where only the message itself can say.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Syntax => "`sinew check` finds these without running the script.",
            Self::Function => "`help(\"name\")` shows how a function is called.",
            Self::Arithmetic => "Write `1.0/2` where a fraction is meant: `1/2` is 0.",
            Self::Option => "`help(\"name\")` lists all options with their ranges.",
            Self::Shape => "`x.shape` gives rows and columns.",
            Self::Index => "Positions count from 0, and from -1 backwards.",
            Self::Name => "`x.names` lists the names of columns.",
            Self::File => "Relative paths start at the working directory; `script_dir()` is the script's folder.",
            Self::NotConverged => "Raise `max_iter` or `tol`; without `strict` it is a warning on the fit.",
            Self::Time => "`--time-limit` sets it.",
            Self::Memory => "`--memory-limit` sets it.",
            Self::Limit => "A function that calls itself without end is the usual cause.",
            Self::Internal => "Please report it with the script.",
            _ => "",
        }
    }

    /// The program's exit code for an error of this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Syntax => 2,
            Self::Data | Self::File => 3,
            Self::NotConverged => 4,
            Self::Time | Self::Memory | Self::Limit => 5,
            Self::Cancelled => 130,
            _ => 1,
        }
    }

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

/// The name in `known` that is closest to `wrong`, if one is close enough to be a likely misspelling.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    // A third of the letters may differ: enough for typos and swapped letters, too few for unrelated words.
    let limit = (lower.chars().count() / 3).max(1);
    known
        .into_iter()
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
    }
}
