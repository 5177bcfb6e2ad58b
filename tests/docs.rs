//! The pages for users: their scripts run and print what the pages say, and their links lead somewhere.
#![cfg(all(feature = "plot", feature = "nn"))]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sinew::script::{Session, SessionOptions};

/// Before what a line of a page's script prints.
const ARROW: &str = "// -> ";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The pages in `docs/`, by name.
fn pages() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(root().join("docs")).expect("docs").map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<(String, String)> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (format!("docs/{}", path.file_name().expect("a name").to_string_lossy()), read(&path)))
        .collect();
    pages.sort();
    pages
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The scripts of a page, each with the line where it starts.
fn scripts(page: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open: Option<bool> = None;
    for (number, line) in page.lines().enumerate() {
        match (open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(language == "rhai");
                if language == "rhai" {
                    found.push((number + 2, String::new()));
                }
            }
            (Some(_), Some(_)) => open = None,
            (Some(true), None) => {
                let (_, script) = found.last_mut().expect("an open script");
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// Runs the scripts of a page one after another, with `args` behind `--`, and tells how many.
fn run(name: &str, page: &str, args: &[&str]) -> usize {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&printed);
    let options = SessionOptions {
        seed: Some(1),
        print: Some(Arc::new(move |text: &str| sink.lock().expect("a lock").push(text.to_string()))),
        ..SessionOptions::trusted()
    };
    let mut session = Session::new(options);
    session.set_args(&args.iter().map(|arg| arg.to_string()).collect::<Vec<_>>());
    let scripts = scripts(page);
    for (line, script) in &scripts {
        if let Err(error) = session.eval(script) {
            panic!("the script at {name}:{line} fails\n{error}");
        }
        let expected: Vec<&str> =
            script.lines().filter_map(|line| line.split_once(ARROW)).map(|(_, text)| text.trim_end()).collect();
        let lines = std::mem::take(&mut *printed.lock().expect("a lock"));
        assert!(expected.is_empty() || lines == expected, "{name}:{line} prints {lines:#?}\nand not {expected:#?}");
    }
    scripts.len()
}

#[test]
fn scripts_of_the_pages_run_and_print_what_is_said() {
    let (pages, readme) = (pages(), read(&root().join("README.md")));
    let folder = tempfile::tempdir().expect("a folder");
    std::env::set_current_dir(folder.path()).expect("the folder");
    let count: usize = pages.iter().map(|(name, page)| run(name, page, &[])).sum();
    assert_eq!(run("README.md", &readme, &["--file", "x.csv"]), 5);
    assert!(count >= 15, "{count} scripts");
}

#[test]
fn links_of_the_pages_lead_somewhere() {
    let mut pages = pages();
    for name in ["README.md", "editors/README.md", "src/README.md"] {
        pages.push((name.into(), read(&root().join(name))));
    }
    for (name, page) in pages {
        let folder = root().join(&name).parent().expect("a folder").to_path_buf();
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or("");
            let is_here = !file.is_empty() && !file.contains("://");
            assert!(!is_here || folder.join(file).exists(), "{name} links to {link}");
        }
    }
}
