//! `sinew check`: what is wrong in a script, found without running it.
//!
//! Rhai's parser finds syntax errors and undefined variables. The rest works on tokens and says nothing where it is not
//! sure: a name may be a closure in a map, a value may be of any type.

pub(super) mod advice;
mod calls;
mod known;
mod modules;
mod options;
mod properties;
mod report;
mod script;
mod syntax;
mod warnings;

pub use report::{Diagnostic, Severity};

use super::session::Session;
use super::source::Source;
use crate::error::Result;
use known::Known;
use report::Report;
use script::Script;

/// Checks scripts without running them.
///
/// ```
/// use sinew::script::Checker;
/// let found = Checker::new()?.check("eye(2).trce()", "example.rhai");
/// assert_eq!(found[0].hint.as_deref(), Some("did you mean 'trace'?"));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug)]
pub struct Checker {
    session: Session,
    known: Known,
}

impl Checker {
    /// A checker of scripts for this version's vocabulary.
    ///
    /// # Errors
    /// Never in practice: the table of functions is this crate's own.
    pub fn new() -> Result<Self> {
        let session = Session::trusted();
        let known = Known::of(&session)?;
        Ok(Self { session, known })
    }

    /// What is wrong in a script that is called `source`: errors first, then warnings, each in the order of the script.
    pub fn check(&self, text: &str, source: &str) -> Vec<Diagnostic> {
        let text = super::session::without_shebang(text);
        let mut report = Report::new(&text, source);
        if syntax::check(self.session.engine(), &text, &self.known, &mut report)
            && let Some(source) = Source::new(&text)
        {
            let script = Script::new(&source, &self.known);
            calls::check(&script, &mut report);
            modules::check(&script, &mut report);
            properties::check(&script, &mut report);
            options::check(&script, &mut report);
            warnings::check(&script, &mut report);
        }
        report.sorted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(script: &str) -> Vec<Diagnostic> {
        Checker::new().unwrap().check(script, "test")
    }

    /// Scripts with one thing wrong: its code, line and column, and parts of its message and hint.
    /// A script, and the code, place, message and hint of what is wrong with it.
    type Case = (&'static str, &'static str, (usize, usize), &'static str, &'static str);

    const WRONG: &[Case] = &[
        // Functions and methods.
        ("print(eye(2).trce());", "E003", (1, 14), "no function 'trce'", "'trace'"),
        ("print(grahpical_lasso(randn(9, 2)));", "E003", (1, 7), "no function", "'graphical_lasso'"),
        ("fn double(x) { x * 2 }\nprint(duoble(1));", "E003", (2, 7), "no function 'duoble'", "'double'"),
        ("print(`a ${eye(2).trce()} b`);", "E003", (1, 19), "no function 'trce'", ""),
        ("eye(2).head(1, 2, 3);", "E003", (1, 8), "head takes 0 or 1 arguments, not 3", "x.head(n)"),
        ("eye();", "E003", (1, 1), "eye takes 1 argument, not 0", "eye(n)"),
        ("fn f(a, b) { a + b }\nprint(f(1));", "E003", (2, 7), "f takes 2 arguments, not 1", ""),
        ("random_graph(\"hub\").n_edges();", "E003", (1, 21), "'n_edges' is a property", "x.n_edges"),
        // Properties of values whose type is sure.
        (
            "let fit = randn(9, 2).graphical_lasso(#{ lambda: 0.3 });\nprint(fit.summary);",
            "E022",
            (2, 11),
            "Fit has no property 'summary'",
            ".summary(..)",
        ),
        ("print(randn(9, 2).graphical_lasso().precison);", "E022", (1, 37), "no property 'precison'", "precision"),
        // Options.
        ("randn(9, 2).graphical_lasso(#{ lamda: 0.1 });", "E010", (1, 32), "unknown option 'lamda'", "'lambda'"),
        ("GraphicalLasso(#{ lambda: -1 });", "E010", (1, 27), "must be a number >= 0", ""),
        ("randn(9, 2).graphical_lasso(#{ lambda: \"ebci\" });", "E010", (1, 40), "not \"ebci\"", "ebic"),
        ("random_graph(\"hub\", #{ nodes: 2.5 });", "E010", (1, 31), "a whole number >= 1", ""),
        ("randn(50, 3).graphical_lasso_path().select(\"ebic\", #{ gama: 1 });", "E010", (1, 55), "'gama'", "gamma"),
        ("eye(2).mean(#{ \"axes\": 0 });", "E010", (1, 16), "unknown option 'axes' of mean", "axis"),
        // Syntax and variables.
        ("print(undefined_name);", "E001", (1, 7), "no variable 'undefined_name'", ""),
        ("let colour = 1; print(colour + color);", "E001", (1, 32), "no variable 'color'", "'colour'"),
        ("x = 5;", "E001", (1, 1), "no variable 'x'", "let x"),
        ("let match = 1;", "E001", (1, 5), "'match' is a reserved word", "another name"),
        ("let loop = 1;", "E001", (1, 5), "'loop' is a reserved word", "another name"),
        ("var x = 1;", "E001", (1, 1), "'var' is a reserved word", "let name"),
        ("eye(2).print();", "E001", (1, 8), "'print' is a reserved word", "print(x)"),
        ("let m = eye(2); m[0, 1]", "E001", (1, 20), "", "m[[row, column]]"),
        ("eye(2).graphical_lasso(#{ lambda = 0.1 });", "E001", (1, 34), "", "name: value"),
        ("eye(2).graphical_lasso(lambda: 0.1);", "E001", (1, 24), "'lambda'", "#{ lambda: value }"),
        ("print('abc');", "E001", (1, 7), "", "\"..\""),
        ("print(\"a\"", "E001", (1, 10), "", "the '(' at line 1, column 6 is never closed"),
        // Warnings.
        ("let a = 1;", "W001", (1, 5), "'a' is never used", "_a"),
        ("print(#{ a: 1/10 });", "W002", (1, 13), "1/10 divides whole numbers and gives 0", "1.0/10"),
        ("print(2 - -7/2);", "W002", (1, 12), "gives 3", "3.5"),
    ];

    #[test]
    fn what_is_wrong_is_found_at_its_place() {
        let checker = Checker::new().unwrap();
        for (script, code, position, message, hint) in WRONG {
            let found = checker.check(script, "test");
            let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
            let [one] = found.as_slice() else { panic!("{script}\n{}", shown.join("\n")) };
            assert_eq!((one.code, one.position), (*code, *position), "{script}\n{one}");
            assert!(one.message.contains(*message), "{script}\n{one}");
            assert!(one.hint.as_deref().unwrap_or_default().contains(*hint), "{script}\n{one}");
        }
    }

    /// Scripts that are right, or of which this cannot be known.
    const RIGHT: &[&str] = &[
        "let f = |x| x + 1; print(f.call(1)); print(f(1));",
        "fn add(a, b) { a + b } print(add(1, 2)); print(1.add(2));",
        "print(later(1)); fn later(x) { x }",
        "fn twice() { this * 2 } print(4.twice());",
        "let m = #{ f: |x| x, g: 1 }; print(m.f(2)); print(m.whatever);",
        "let m = #{}; m.g = |x| x; m[\"h\"] = |x| x; print(m.g(1)); print(m.h(1));",
        "import \"x\" as y; print(y::f(1)); print(1.g(2, 3));",
        "print(`${1 + 2} ${`${[1, 2].len()}`}`);",
        "for (x, i) in [1, 2] { print(x + i); }",
        "print([3, 1].map(|v| v * 2)); print((0..3).map(|k| k)); print([1, 2].reduce(|a, b| a + b, 0));",
        "let x = 2.5; print(x * 1 / 10); print(x / 1 / 10); print(6 / 3); print(x ** -1 / 10); print(0..7/2);",
        "let t = example(\"sachs\"); print(t.praf); print(t.head(2).plcg);",
        "try { throw 1 } catch (e) { print(e); }",
        "switch 3 { 1 | 2 => print(\"a\"), _ => print(\"b\") }",
        "let g = Fn(\"print\"); call(g, 1); print(g.curry(1).call());",
        "let _unused = 1; print(args.len());",
        "emit(#{ anything: 1 });",
        "let kind = \"hub\"; print(random_graph(kind, #{ nodes: 5 } + #{ seed: 1 }));",
        "let fit = 1; fit = #{ summary: 2 }; print(fit.summary);",
        "let s = \"a\"; s.pad(5, '-'); print(s); /* f( /* nested */ */ // g(",
        "#!/usr/bin/env sinew\nprint(1);",
        "let n = 5; let lambda = 0.1; print(randn(n, 3).graphical_lasso(#{ lambda: lambda, seed: n }));",
    ];

    #[test]
    fn what_may_be_right_is_left_alone() {
        let checker = Checker::new().unwrap();
        for script in RIGHT {
            let found: Vec<String> = checker.check(script, "test").iter().map(ToString::to_string).collect();
            assert!(found.is_empty(), "{script}\n{}", found.join("\n"));
        }
    }

    #[test]
    fn everything_in_the_reference_has_no_errors() {
        let checker = Checker::new().unwrap();
        let vocabulary = super::super::vocabulary::vocabulary();
        let entries = vocabulary.entries.iter().map(|entry| (entry.name, entry.example));
        for (name, example) in entries.chain(crate::registry::records().map(|record| (record.verb, record.example))) {
            for diagnostic in checker.check(example, name) {
                assert_eq!(diagnostic.severity, Severity::Warning, "{diagnostic}");
            }
        }
    }

    #[test]
    fn all_undefined_variables_are_found_and_errors_stand_before_warnings() {
        let found = found("let unused = 1;\nprint(aa + bb);\nprint(eye(2).trce(cc));");
        let places: Vec<(&str, (usize, usize))> = found.iter().map(|one| (one.code, one.position)).collect();
        assert_eq!(
            places,
            [("E001", (2, 7)), ("E001", (2, 12)), ("E003", (3, 14)), ("E001", (3, 19)), ("W001", (1, 5))]
        );
    }

    #[test]
    fn a_diagnostic_shows_the_line() {
        let text = found("eye(2).trce()")[0].to_string();
        assert_eq!(
            text,
            "error[E003]: there is no function 'trce'\n --> test:1:8\n  |\n1 | eye(2).trce()\n  |        ^^^^\n  \
             help: did you mean 'trace'?"
        );
    }
}
