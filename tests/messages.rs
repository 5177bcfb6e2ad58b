//! What a person reads when a script goes wrong. `messages/NAME.rhai` has one mistake, which its name says;
//! `messages/NAME.txt` is the exit code and all that the program then shows, prints and warnings included.
//!
//! `SINEW_BLESS=1 cargo test --test messages` writes the texts anew; read them before they are committed.
#![cfg(all(unix, feature = "plot"))] // what is near to a misspelt name depends on the names that there are

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sinew::script::{Printer, Sandbox, Session, SessionOptions};

/// Words that say something to people who know how the program is made, and nothing to its users.
const FOREIGN: &[&str] = &["::", "anon$", "i64", "f64", "Dynamic", "ImmutableString", "FnPtr", "panicked", "E099"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("messages")
}

/// What a script may use, by its name.
fn options(name: &str) -> SessionOptions {
    let trusted = Sandbox::trusted().threads(2).time(Duration::from_secs(60));
    let sandbox = match name {
        "limit_time" => trusted.time(Duration::from_millis(100)),
        "limit_memory" => trusted.memory(1_000_000),
        "limit_operations" => trusted.operations(10_000),
        _ => trusted,
    };
    SessionOptions { sandbox, seed: Some(1), ..SessionOptions::trusted() }
}

/// The exit code of a script, and what a terminal shows of it.
fn shown(name: &str) -> String {
    let text = Arc::new(Mutex::new(String::new()));
    let printer = |before: &'static str| -> Printer {
        let sink = Arc::clone(&text);
        Arc::new(move |line: &str| sink.lock().expect("a lock").push_str(&format!("{before}{line}\n")))
    };
    let (print, warn, debug) = (printer(""), printer("warning: "), printer(""));
    let mut session =
        Session::new(SessionOptions { print: Some(print), warn: Some(warn), debug: Some(debug), ..options(name) });
    let (code, error) = match session.run_file(&format!("{name}.rhai")) {
        Ok(_) => (session.exit_code().unwrap_or(0), String::new()),
        Err(error) => (error.exit_code(), format!("{error}\n")),
    };
    let here = std::env::current_dir().expect("the working directory").display().to_string();
    let text = text.lock().expect("a lock").clone() + error.as_str();
    format!("exit {code}\n{}", text.replace(&here, "FOLDER"))
}

/// The lines in which two texts differ, with those before them.
fn difference(expected: &str, got: &str) -> String {
    let (expected, got): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), got.lines().collect());
    let same = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let (mut left, mut right) = (&expected[same..], &got[same..]);
    while let ([a @ .., x], [b @ .., y]) = (left, right)
        && x == y
    {
        (left, right) = (a, b);
    }
    let line = |sign: &str, text: &&str| format!("    {sign} {text}\n");
    let before = expected[..same].iter().map(|text| line(" ", text));
    let lines = before.chain(left.iter().map(|text| line("-", text))).chain(right.iter().map(|text| line("+", text)));
    lines.collect()
}

/// The names of the scripts, which are copied with the data that they read to where nothing else is.
fn prepare(work: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).expect("the folder of the scripts") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().to_string();
        if !name.ends_with(".txt") {
            std::fs::copy(&path, work.join(&name)).expect("a copy");
        }
        names.extend(name.strip_suffix(".rhai").map(String::from));
    }
    names
}

/// What is wrong with a message whatever it says.
fn unreadable(text: &str) -> Option<String> {
    if text.lines().count() < 2 {
        return Some("shows nothing".into());
    }
    // What the script itself says is repeated under `|`.
    let own = text.lines().filter(|line| !line.contains(" | "));
    let found =
        own.flat_map(|line| FOREIGN.iter().filter(move |word| line.contains(**word)).map(move |word| (word, line)));
    found.map(|(word, line)| format!("says '{word}' to its reader: {line}")).next()
}

#[test]
fn messages_are_as_they_were_read() {
    let work = tempfile::tempdir().expect("a folder");
    let names = prepare(work.path());
    assert!(names.len() > 150, "{}", names.len());
    std::env::set_current_dir(work.path()).expect("the folder");
    let bless = std::env::var_os("SINEW_BLESS").is_some_and(|value| value == "1");
    let mut wrong = Vec::new();
    for name in &names {
        let got = shown(name);
        wrong.extend(unreadable(&got).map(|reason| format!("{name} {reason}")));
        let golden = folder().join(format!("{name}.txt"));
        let expected = std::fs::read_to_string(&golden).ok();
        match expected {
            Some(expected) if expected == got => {}
            _ if bless => std::fs::write(&golden, &got).expect("written"),
            Some(expected) => wrong.push(format!("{name} shows something else:\n{}", difference(&expected, &got))),
            None => wrong.push(format!("{name}.txt is missing; the script shows:\n{}", difference("", &got))),
        }
    }
    for entry in std::fs::read_dir(folder()).expect("the folder").map(|entry| entry.expect("an entry").file_name()) {
        let stale = entry.to_string_lossy().strip_suffix(".txt").is_some_and(|name| !names.contains(name));
        wrong.extend(stale.then(|| format!("{} belongs to no script", entry.to_string_lossy())));
    }
    let help = "SINEW_BLESS=1 cargo test --test messages writes the texts anew";
    assert!(
        wrong.is_empty(),
        "{}\n{} of {} messages are not right; {help}",
        wrong.join("\n"),
        wrong.len(),
        names.len()
    );
}

#[test]
fn a_difference_shows_what_changed() {
    assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "      a\n    - b\n    + x\n");
    assert_eq!(difference("", "a\n"), "    + a\n");
}
