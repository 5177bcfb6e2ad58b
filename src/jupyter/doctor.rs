//! What keeps notebooks from using the kernel, and how to mend it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::install::{SPECIFICATION, is_ours};
use super::places::{flags_for, searched};

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub text: String,
    /// What to do; `None` where all is well.
    pub mend: Option<String>,
}

fn fine(text: impl Into<String>) -> Finding {
    Finding { text: text.into(), mend: None }
}

fn wrong(text: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { text: text.into(), mend: Some(mend.into()) }
}

/// Looks at the program, at Jupyter, and at every kernel of ours that Jupyter sees.
pub fn examine() -> Vec<Finding> {
    let version = env!("CARGO_PKG_VERSION");
    let mut findings = vec![match std::env::current_exe() {
        Ok(program) => fine(format!("this is sinew {version}, {}", program.display())),
        Err(error) => wrong(format!("this is sinew {version}, but where is it? {error}"), "call it by its full path"),
    }];
    findings.push(jupyter());
    let told = run("jupyter", &["--paths", "--json"]).and_then(|text| serde_json::from_str(&text).ok());
    let folders = searched(told.as_ref());
    let kernels: Vec<PathBuf> = folders.iter().flat_map(|folder| ours_in(folder)).collect();
    if kernels.is_empty() {
        let searched = folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
        findings.push(wrong(format!("Jupyter sees no kernel of sinew in {searched}"), "sinew kernel install"));
    }
    findings.extend(kernels.iter().map(|kernel| kernel_finding(kernel)));
    findings
}

/// Whether Jupyter is there, with which parts that show notebooks.
fn jupyter() -> Finding {
    const MEND: &str = "pip install jupyterlab, in the environment that is active; VS Code brings its own";
    let Some(text) = run("jupyter", &["--version"]) else {
        return wrong("there is no program 'jupyter' that runs", MEND);
    };
    let parts = ["jupyterlab", "notebook", "jupyter_client"].map(|part| (part, version_of(&text, part)));
    let found: Vec<String> =
        parts.iter().filter_map(|(part, version)| version.map(|version| format!("{part} {version}"))).collect();
    match parts[..2].iter().any(|(_, version)| version.is_some()) {
        true => fine(format!("Jupyter is there: {}", found.join(", "))),
        false => wrong("Jupyter is there, but neither jupyterlab nor notebook is", MEND),
    }
}

/// The version of a part, of the lines `part : version` that `jupyter --version` prints.
fn version_of<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    let parts = text.lines().filter_map(|line| line.split_once(':'));
    let mut versions = parts.filter(|(name, _)| name.trim() == part).map(|(_, version)| version.trim());
    versions.find(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// The kernels in a folder that this program wrote.
fn ours_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut kernels: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|kernel| {
            let is_named = kernel.file_name().is_some_and(|name| name.to_string_lossy().contains("sinew"));
            let text = std::fs::read_to_string(kernel.join(SPECIFICATION));
            // Broken ones are ours where their name says so.
            text.is_ok_and(|text| is_ours(&text) && (is_named || serde_json::from_str::<Value>(&text).is_ok()))
        })
        .collect();
    kernels.sort();
    kernels
}

/// What there is to say of a kernel's specification.
fn kernel_finding(kernel: &Path) -> Finding {
    let path = kernel.join(SPECIFICATION);
    let again = format!("sinew kernel install{}", flags_for(kernel));
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    match problem(&text, |program| run(program, &["--version"])) {
        Some(problem) => wrong(format!("{}: {problem}", path.display()), again),
        None => fine(format!("{} is well", path.display())),
    }
}

/// What is wrong with a specification; `version` is what a program answers to `--version`, if it runs.
fn problem(text: &str, version: impl Fn(&str) -> Option<String>) -> Option<String> {
    let specification: Value = match serde_json::from_str(text) {
        Ok(specification) => specification,
        Err(error) => return Some(format!("it cannot be read: {error}")),
    };
    let argv: Vec<&str> = specification["argv"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let Some(&program) = argv.first() else { return Some("it does not say which program to start".into()) };
    if Path::new(program).is_absolute() && !Path::new(program).exists() {
        return Some(format!("it starts '{program}', which is not there: the program has moved"));
    }
    if !argv.contains(&"{connection_file}") {
        return Some("it does not hand over the connection file".into());
    }
    if specification["interrupt_mode"] != "message" {
        return Some("its interrupt_mode is not 'message': an interrupt would not reach the cell".into());
    }
    let own = concat!("sinew ", env!("CARGO_PKG_VERSION"));
    match version(program) {
        None => Some(format!("it starts '{program}', which does not run")),
        Some(text) if text.trim() != own => Some(format!("it starts '{program}', which is {}, not {own}", text.trim())),
        Some(_) => None,
    }
}

/// What a program prints; `None` if it does not run or fails.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_read_where_a_part_is_installed() {
        let text =
            "Selected Jupyter core packages...\nIPython : 9.0.0\njupyterlab       : 4.4.1\nnotebook : not installed\n";
        assert_eq!(version_of(text, "jupyterlab"), Some("4.4.1"));
        assert_eq!((version_of(text, "notebook"), version_of(text, "lab")), (None, None));
    }

    #[test]
    fn problems_of_a_specification_are_named() {
        let here = std::env::current_exe().expect("a program").display().to_string();
        let own = || Some(concat!("sinew ", env!("CARGO_PKG_VERSION"), "\n").to_string());
        let good = json!({
            "argv": [here, "kernel", "start", "-f", "{connection_file}"], "language": "rhai", "interrupt_mode": "message",
        });
        let said = |key: &str, value: Value, version: Option<String>| {
            let mut specification = good.clone();
            if !key.is_empty() {
                specification[key] = value;
            }
            problem(&specification.to_string(), |_| version.clone()).unwrap_or_default()
        };
        assert_eq!(said("", Value::Null, own()), "");
        assert!(said("", Value::Null, Some("sinew 0.0.1".into())).contains("which is sinew 0.0.1"));
        assert!(said("", Value::Null, None).contains("does not run"));
        assert!(said("interrupt_mode", "signal".into(), own()).contains("interrupt_mode"));
        assert!(said("argv", json!(["/no/sinew", "kernel", "start"]), own()).contains("the program has moved"));
        assert!(problem("{", |_| own()).is_some_and(|text| text.contains("cannot be read")));
    }
}
