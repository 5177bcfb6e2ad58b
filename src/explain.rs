//! What every error code means, what usually causes it, and how it is cured: `sinew explain E010`.

use std::fmt;

use crate::error::{Error, ErrorKind, Result, nearest};

/// What the lines of an explanation are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// A script.
    Script,
    /// A command line.
    Shell,
    /// A Rust program that runs scripts.
    Rust,
}

/// What a code means.
#[derive(Debug)]
pub struct Explanation {
    /// The category that is explained.
    pub kind: ErrorKind,
    /// What it means, in one or two sentences.
    pub meaning: &'static str,
    /// What usually causes it.
    pub causes: &'static [&'static str],
    /// What the next two are written in.
    pub language: Language,
    /// A line that gives the error.
    pub wrong: &'static str,
    /// The line as it should be.
    pub cure: &'static str,
}

use ErrorKind::{
    Argument, Arithmetic, Cancelled, Data, Denied, File, Function, Index, Internal, Limit, Memory, Name, NotConverged,
    Numerical, Option as OptionKind, Script, Shape, Syntax, Time, Usage,
};

const fn explanation(
    kind: ErrorKind,
    meaning: &'static str,
    causes: &'static [&'static str],
    language: Language,
    [wrong, cure]: [&'static str; 2],
) -> Explanation {
    Explanation { kind, meaning, causes, language, wrong, cure }
}

/// The explanation of every category, in order of code.
pub const EXPLANATIONS: &[Explanation] = &[
    explanation(
        Syntax,
        "The script does not parse, or names a variable that does not exist. Nothing of it has run.",
        &[
            "a bracket, a quotation mark or a semicolon is missing",
            "a variable is misspelt, or set only inside another block or function",
            "a reserved word (let, fn, match, default, ..) is used as a name",
        ],
        Language::Script,
        ["let x = (1 + 2;", "let x = (1 + 2);"],
    ),
    explanation(
        Script,
        "The script stopped itself: throw, or an assert whose condition does not hold.",
        &["an assumption of the script about its data is wrong", "a file has other columns or rows than last time"],
        Language::Script,
        ["assert(eye(2).rows == 3, \"three rows\");", "assert(eye(2).rows == 2, \"two rows\");"],
    ),
    explanation(
        Function,
        "No function of that name takes arguments of these types.",
        &[
            "the name is misspelt, or belongs to another tool: help(\"name\") and `sinew help` show ours",
            "a property is called as a function, or the other way round: m.rows, but m.head(3)",
            "an argument is missing, or has another type than the usage in the hint shows",
        ],
        Language::Script,
        ["eye(2).transpose()", "eye(2).t"],
    ),
    explanation(
        Arithmetic,
        "A computation with whole numbers has no answer: a division by zero, or a number beyond 64 bits.",
        &[
            "numbers written without a point are whole numbers, and 1/2 is 0",
            "a product or power of large whole numbers",
        ],
        Language::Script,
        ["let n = 0; 10 / n", "let n = 0.0; 10.0 / n"],
    ),
    explanation(
        Usage,
        "What stands on the command line does not fit the program, or the script's args_spec.",
        &[
            "an option is misspelt, has no value, or is given twice",
            "what belongs to the script stands before -- instead of behind it",
            "a value has another type than the script's default",
        ],
        Language::Shell,
        ["sinew run script.rhai --alpha 0.1", "sinew run script.rhai -- --alpha 0.1"],
    ),
    explanation(
        OptionKind,
        "A key of an options map is unknown, or its value is of the wrong type or out of range.",
        &[
            "the key is misspelt: the hint names the nearest one, help(\"verb\") all of them",
            "a division of whole numbers gave 0: write 1.0/10",
            "a word that stands for a choice is misspelt",
        ],
        Language::Script,
        ["randn(50, 3).graphical_lasso(#{ lamda: 0.1 })", "randn(50, 3).graphical_lasso(#{ lambda: 0.1 })"],
    ),
    explanation(
        Argument,
        "An argument has the wrong type, or a value that makes no sense there.",
        &["a number where data is wanted, or a list where a Matrix is", "a kind that does not exist"],
        Language::Script,
        ["3.graphical_lasso()", "randn(50, 3).graphical_lasso(#{ lambda: 0.1 })"],
    ),
    explanation(
        Shape,
        "Sizes that do not go together.",
        &[
            "two matrices of different shape are added or compared",
            "a product a @ b where a does not have as many columns as b has rows",
            "a vector stands for a row: for columns write (m.t - v).t",
        ],
        Language::Script,
        ["eye(2) + eye(3)", "eye(3) + eye(3)"],
    ),
    explanation(
        Index,
        "A position outside a matrix, vector or list.",
        &["positions start at 0, so that the last of n is n - 1, or -1", "rows come before columns: m[[row, column]]"],
        Language::Script,
        ["eye(2).get(5, 0)", "eye(2).get(1, 0)"],
    ),
    explanation(
        Name,
        "A name that no column, row, node, property or data set has.",
        &["the name is misspelt, or in capitals", "the columns were renamed or dropped before: x.names lists them"],
        Language::Script,
        ["example(\"sach\")", "example(\"sachs\")"],
    ),
    explanation(
        Data,
        "The data cannot be used as they are.",
        &[
            "missing or infinite values; the message names the column",
            "a column that is constant has no correlation",
            "text in a column that should be numbers",
            "too few rows",
        ],
        Language::Script,
        ["ones(9, 2).graphical_lasso()", "randn(9, 2).graphical_lasso()"],
    ),
    explanation(
        File,
        "A file cannot be read or written, or its content is not what its ending says.",
        &[
            "relative paths start at the working directory, not at the script: use script_dir()",
            "the folder does not exist, or may not be written",
            "a line has more or fewer cells than the first",
        ],
        Language::Script,
        ["read_matrix(\"missing.csv\")", "eye(2).save(\"numbers.csv\"); read_matrix(\"numbers.csv\")"],
    ),
    explanation(
        Numerical,
        "The computation has no answer.",
        &[
            "a matrix that should be positive definite is not",
            "fewer samples than variables and no penalty: a larger lambda makes the problem bounded",
        ],
        Language::Script,
        ["matrix([[1.0, 2.0], [2.0, 1.0]]).chol()", "matrix([[2.0, 1.0], [1.0, 2.0]]).chol()"],
    ),
    explanation(
        NotConverged,
        "A fit ended before it reached its tolerance, and strictness was asked for (--strict, or strict: true).",
        &["max_iter is too small or tol too small", "the penalty is tiny and the variables nearly collinear"],
        Language::Script,
        [
            "randn(50, 20, #{ seed: 1 }).graphical_lasso(#{ lambda: 0.01, max_iter: 1, tol: 1e-14, strict: true })",
            "randn(50, 20, #{ seed: 1 }).graphical_lasso(#{ lambda: 0.1, strict: true })",
        ],
    ),
    explanation(
        Time,
        "The time limit was reached.",
        &["more work than --time-limit (or the host) allows", "a loop without an end"],
        Language::Shell,
        ["sinew run script.rhai --time-limit 1", "sinew run script.rhai --time-limit 600"],
    ),
    explanation(
        Memory,
        "More memory is needed than the limit allows. Without --memory-limit it is what the machine has free.",
        &["a matrix of p x p numbers takes 8 p^2 bytes, and methods hold several", "rows and columns are exchanged"],
        Language::Shell,
        [
            "sinew eval --memory-limit 1MB 'zeros(1000, 1000).sum()'",
            "sinew eval --memory-limit 1GB 'zeros(1000, 1000).sum()'",
        ],
    ),
    explanation(
        Limit,
        "A limit of the script language was reached: nested calls, operations, or the size of a list or text.",
        &["a function that calls itself without end", "a host that allows few operations"],
        Language::Script,
        ["fn f(n) { f(n + 1) } f(0)", "fn f(n) { if n > 9 { n } else { f(n + 1) } } f(0)"],
    ),
    explanation(
        Cancelled,
        "Somebody stopped the computation: Ctrl-C, or the program that runs the script. Files are whole or not there.",
        &["Ctrl-C, or a signal of the system", "a host called its cancel handle"],
        Language::Shell,
        ["sinew run script.rhai   # and Ctrl-C", "sinew run script.rhai   # and patience"],
    ),
    explanation(
        Denied,
        "The session does not allow it: other people's scripts touch no files.",
        &["a script reads or saves in a session that was made by Session::sandboxed()"],
        Language::Rust,
        [
            "Session::sandboxed().eval(\"eye(2).save(\\\"x.csv\\\")\")",
            "Session::trusted().eval(\"eye(2).save(\\\"x.csv\\\")\")",
        ],
    ),
    explanation(
        Internal,
        "A defect of sinew, never of your script. Please report it with the script and the version.",
        &["a case that nobody has thought of"],
        Language::Shell,
        ["sinew run script.rhai", "sinew --version   # goes into the report, with the smallest script that shows it"],
    ),
];

/// The explanation of a code (`E010`, `e10`, `10`) or category (`option`).
///
/// # Errors
/// A code that does not exist, with the nearest one.
pub fn explain(code: &str) -> Result<&'static Explanation> {
    let wanted = code.trim();
    let digits = wanted.strip_prefix(['E', 'e']).unwrap_or(wanted);
    let number: Option<u32> = digits.parse().ok();
    let found = EXPLANATIONS.iter().find(|known| {
        number.is_some_and(|number| number == known.number()) || known.kind.category().eq_ignore_ascii_case(wanted)
    });
    found.ok_or_else(|| {
        let near = match number {
            Some(number) => EXPLANATIONS.iter().min_by_key(|known| known.number().abs_diff(number)),
            None => {
                let name = nearest(wanted, EXPLANATIONS.iter().map(|known| known.kind.category()));
                EXPLANATIONS.iter().find(|known| Some(known.kind.category()) == name)
            }
        };
        let error = Error::usage(format!("there is no error code '{wanted}'"));
        match near {
            Some(near) => error.with_hint(format!("the nearest is {}; `sinew explain` lists all", near.kind.code())),
            None => error.with_hint("`sinew explain` lists all codes"),
        }
    })
}

/// Every code with its category and meaning, a line each.
pub fn codes() -> String {
    let line = |known: &Explanation| {
        format!(
            "{}  {:<14}{}",
            known.kind.code(),
            known.kind.category(),
            known.meaning.split(". ").next().unwrap_or("")
        )
    };
    EXPLANATIONS.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Explanation {
    fn number(&self) -> u32 {
        // Codes are an E and three digits.
        self.kind.code()[1..].parse().unwrap_or(0)
    }

    /// As JSON, for other programs.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "code": self.kind.code(), "category": self.kind.category(), "exit_code": self.kind.exit_code(),
            "meaning": self.meaning, "causes": self.causes, "wrong": self.wrong, "cure": self.cure,
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind;
        writeln!(f, "{}  {}, exit code {}\n\n{}", kind.code(), kind.category(), kind.exit_code(), self.meaning)?;
        writeln!(f, "\nCommon causes")?;
        for cause in self.causes {
            writeln!(f, "  - {cause}")?;
        }
        write!(f, "\nWrong\n  {}\n\nRight\n  {}", self.wrong, self.cure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_order() {
        let explained: Vec<ErrorKind> = EXPLANATIONS.iter().map(|known| known.kind).collect();
        assert_eq!(explained, ErrorKind::ALL);
    }

    #[test]
    fn codes_are_found_as_people_write_them() {
        for code in ["E010", "e010", "e10", "10", "option", "Option "] {
            assert_eq!(explain(code).map(|known| known.kind).ok(), Some(ErrorKind::Option), "{code}");
        }
        let hint = |code: &str| explain(code).unwrap_err().hint().unwrap_or_default().to_string();
        assert!(hint("E012").contains("E011"), "{}", hint("E012"));
        assert!(hint("optoin").contains("E010"));
        assert!(!hint("nonsense").contains("nearest"));
    }
}
