//! What the program tells about scripts and the language without running anything: `check`, `definitions`, `doc`.
#![cfg(feature = "cli")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sinew(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sinew")).args(arguments).current_dir(folder).output().expect("the program")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn check_finds_errors_and_says_how_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, script: &str| std::fs::write(folder.path().join(name), script).expect("written");
    write("good.rhai", "#!/usr/bin/env sinew\nprint(eye(2));\n");
    write("warned.rhai", "let unused = 1;\n");
    write("wrong.rhai", "print(eye(2).trce());\nrandn(9, 2).graphical_lasso(#{ lamda: 1 });\n");
    for (files, code, last) in [
        (vec!["good.rhai"], 0, "1 file, no problems"),
        (vec!["good.rhai", "warned.rhai"], 0, "2 files, 1 warning"),
        (vec!["wrong.rhai", "warned.rhai"], 2, "2 files, 2 errors, 1 warning"),
        (vec!["good.rhai", "missing.rhai"], 3, "1 file, no problems"),
    ] {
        let output = sinew(&[vec!["check"], files.clone()].concat(), folder.path());
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{files:?}: {shown}");
        assert_eq!(shown.trim_end().lines().last(), Some(last), "{files:?}");
        assert_eq!(output.stderr.is_empty(), code != 3, "{files:?}");
    }
    let quiet = sinew(&["check", "--quiet", "warned.rhai"], folder.path());
    assert_eq!(text(&quiet.stdout).trim_end(), "1 file, no problems");
}

#[test]
fn check_gives_json_and_reads_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sinew"))
        .args(["check", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("standard input").write_all(b"let a = 1/10;\nprint(a.trnspose());").expect("written");
    let output = child.wait_with_output().expect("the end");
    assert_eq!(output.status.code(), Some(2));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((json["schema_version"].as_u64(), json["files"][0]["file"].as_str()), (Some(1), Some("-")));
    let found = json["files"][0]["diagnostics"].as_array().expect("diagnostics");
    let codes: Vec<&str> = found.iter().filter_map(|one| one["code"].as_str()).collect();
    assert_eq!(codes, ["E003", "W002"]);
    assert_eq!((found[1]["line"].as_u64(), found[1]["column"].as_u64()), (Some(1), Some(9)));
    assert_eq!(found[1]["severity"], "warning");
}

#[test]
fn the_scripts_of_the_repository_have_no_errors() {
    let checker = sinew::script::Checker::new().expect("a checker");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("scripts").map(|entry| entry.expect("an entry").path()) {
        if entry.extension().is_some_and(|extension| extension == "rhai") {
            let script = std::fs::read_to_string(&entry).expect("a script");
            for found in checker.check(&script, &entry.display().to_string()) {
                assert_eq!(found.severity, sinew::script::Severity::Warning, "{found}");
            }
            count += 1;
        }
    }
    assert!(count > 0);
}

#[test]
fn definitions_go_to_a_file_or_to_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let printed = text(&sinew(&["definitions"], folder.path()).stdout);
    assert!(printed.starts_with("module static;"));
    let output = sinew(&["definitions", "--out", "sinew.d.rhai"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let written = std::fs::read_to_string(folder.path().join("sinew.d.rhai")).expect("a file");
    assert_eq!(written.trim_end(), printed.trim_end());
}

/// What editors are told is that of this version. `SINEW_BLESS=1 cargo test --test tools` writes the file anew.
#[test]
#[cfg(all(feature = "plot", feature = "nn", feature = "h5ad", feature = "parallel"))]
fn the_definitions_for_editors_are_current() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("editors/sinew.d.rhai");
    let current = sinew::script::definitions();
    if std::env::var_os("SINEW_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(&file, &current).expect("written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let other = committed.lines().zip(current.lines()).find(|(old, new)| old != new);
    assert!(
        committed == current,
        "editors/sinew.d.rhai is not that of this version ({} lines, {} now), first at {other:?}: \
         SINEW_BLESS=1 cargo test --test tools writes it anew",
        committed.lines().count(),
        current.lines().count()
    );
}

/// The values of an attribute in a page.
fn attributes(html: &str, name: &str) -> Vec<String> {
    let start = format!(" {name}=\"");
    html.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).map(String::from).collect()
}

fn pages(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let html = entries.filter(|path| path.extension().is_some_and(|extension| extension == "html"));
    html.map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy().to_string();
        (name, std::fs::read_to_string(&path).expect("a page"))
    })
    .collect()
}

#[test]
fn the_reference_is_whole_and_its_links_lead_somewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = sinew(&["doc", "--out", "reference"], folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    // Examples write files; none of them may be left here.
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
    let pages = pages(&folder.path().join("reference"));
    assert_eq!(text(&output.stdout).trim_end(), format!("{} pages in reference", pages.len()));
    let all: String = pages.values().cloned().collect();
    for name in sinew::script::names() {
        assert!(all.contains(&format!("<code>{name}</code>")), "{name} is nowhere");
    }
    for record in sinew::registry::methods() {
        let page = &pages[&format!("method-{}.html", record.verb)];
        assert!(page.contains("<samp>") && page.contains("<h3>Options</h3>"), "{}", record.verb);
    }
    for (name, html) in &pages {
        let ids: Vec<String> = attributes(html, "id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{name}: an id stands twice");
        assert!(!html.contains(" src=") && !html.contains("@import") && !html.contains("<link"), "{name}");
        for link in attributes(html, "href") {
            let (file, id) = link.split_once('#').unwrap_or((link.as_str(), ""));
            let target = if file.is_empty() { name.as_str() } else { file };
            let page = pages.get(target).unwrap_or_else(|| panic!("{name} links to {link}"));
            let found = id.is_empty() || attributes(page, "id").iter().any(|other| other == id);
            assert!(found, "{name} links to {link}");
        }
    }
}

#[test]
fn doc_replaces_its_own_pages_and_leaves_other_folders_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("mine.txt"), "mine").expect("written");
    let refused = sinew(&["doc", "--out", "."], folder.path());
    assert_eq!(refused.status.code(), Some(3));
    assert!(text(&refused.stderr).contains("--force"), "{}", text(&refused.stderr));
    assert_eq!(sinew(&["doc", "--out", ".", "--force"], folder.path()).status.code(), Some(0));
    // As if an earlier version had had a page more; a marker that somebody changed removes nothing else.
    let marker = std::fs::read_to_string(path(".sinew-doc")).expect("the marker");
    std::fs::write(path(".sinew-doc"), format!("{marker}method-old.html\nmine.txt\n../index.html\n")).expect("written");
    std::fs::write(path("method-old.html"), "old").expect("written");
    let again = sinew(&["doc", "--quiet", "--out", "."], folder.path());
    assert_eq!((again.status.code(), text(&again.stdout).as_str()), (Some(0), ""));
    assert!(!path("method-old.html").exists());
    assert_eq!(std::fs::read_to_string(path("mine.txt")).expect("a file"), "mine");
    assert_eq!(std::fs::read_to_string(path(".sinew-doc")).expect("the marker"), marker);
}
