//! `sinew check`: what is wrong in scripts, without running them.

use std::io::Read;
use std::process::ExitCode;

use super::arguments::Flags;
use super::output::Output;
use crate::error::Error;
use crate::script::{Checker, Diagnostic, ScriptError, Severity, read_script};

/// Checks files and prints what was found: exit code 0 without errors, 2 with errors, 3 when a file cannot be read.
pub fn check(flags: &Flags, output: &Output, files: &[String]) -> ExitCode {
    let checker = match Checker::new() {
        Ok(checker) => checker,
        Err(error) => return super::fail(output, &ScriptError::outside(error, "check"), None),
    };
    let mut checked: Vec<(&str, Vec<Diagnostic>)> = Vec::new();
    let mut failure = None;
    for file in files.iter().map(String::as_str) {
        match read(file) {
            Ok(text) => {
                let mut found = checker.check(&text, if file == "-" { "standard input" } else { file });
                found.retain(|diagnostic| !flags.quiet || diagnostic.severity == Severity::Error);
                checked.push((file, found));
            }
            Err(error) => {
                output.error(&error, error.exit_code());
                failure = Some(error.exit_code());
            }
        }
    }
    if flags.json {
        output.json(&report(&checked));
    } else if !checked.is_empty() {
        output.result(&text(&checked));
    }
    ExitCode::from(failure.unwrap_or(if count(&checked, Severity::Error) > 0 { 2 } else { 0 }))
}

/// A script from a file, or from standard input for `-`.
fn read(file: &str) -> Result<String, ScriptError> {
    if file != "-" {
        return read_script(file);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| {
        ScriptError::outside(Error::file(format!("cannot read standard input: {error}")), "standard input")
    })?;
    Ok(text)
}

fn count(checked: &[(&str, Vec<Diagnostic>)], severity: Severity) -> usize {
    checked.iter().flat_map(|(_, found)| found).filter(|diagnostic| diagnostic.severity == severity).count()
}

/// `1 file`, `2 files`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn text(checked: &[(&str, Vec<Diagnostic>)]) -> String {
    let mut parts: Vec<String> = checked.iter().flat_map(|(_, found)| found).map(ToString::to_string).collect();
    let files = counted(checked.len(), "file");
    let (errors, warnings) = (count(checked, Severity::Error), count(checked, Severity::Warning));
    parts.push(match (errors, warnings) {
        (0, 0) => format!("{files}, no problems"),
        (0, _) => format!("{files}, {}", counted(warnings, "warning")),
        (_, 0) => format!("{files}, {}", counted(errors, "error")),
        _ => format!("{files}, {}, {}", counted(errors, "error"), counted(warnings, "warning")),
    });
    parts.join("\n\n")
}

fn report(checked: &[(&str, Vec<Diagnostic>)]) -> serde_json::Value {
    serde_json::json!({ "schema_version": 1, "files": checked.iter().map(file_report).collect::<Vec<_>>() })
}

fn file_report((file, found): &(&str, Vec<Diagnostic>)) -> serde_json::Value {
    let diagnostics: Vec<serde_json::Value> = found.iter().map(Diagnostic::to_json).collect();
    serde_json::json!({ "file": file, "diagnostics": diagnostics })
}
