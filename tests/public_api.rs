//! `docs/api.md` lists what a change may not break: the list is held against the `pub` items of the source.
//!
//! `SINEW_BLESS=1 cargo test --test public_api` writes the list anew; read what has changed before it is committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Before and behind the list.
const OPEN: &str = "```text\n";
const CLOSE: &str = "```\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The type that a block of functions belongs to; none for the functions of a trait.
fn owner(header: &str) -> Option<String> {
    let rest = header.strip_prefix("impl")?;
    let rest = match rest.strip_prefix('<') {
        Some(generic) => generic.split_once('>')?.1,
        None => rest,
    };
    (!rest.contains(" for ")).then(|| word(rest))
}

/// The items of a file, one a line: `struct Name`, `Name::function`, `Name.field`.
fn items(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside: Option<String> = None;
    let mut is_trait = false;
    let mut is_hidden = false;
    for line in text.split("#[cfg(test)]").next().unwrap_or("").lines() {
        let was_hidden = std::mem::replace(&mut is_hidden, line.trim() == "#[doc(hidden)]");
        if line.starts_with('}') {
            (inside, is_trait) = (None, false);
        } else if line.starts_with("impl") {
            inside = owner(line);
        } else if let Some(item) = line.strip_prefix("pub ") {
            let kind = word(item);
            if was_hidden
                || !["struct", "enum", "trait", "type", "fn", "const", "static", "use"].contains(&kind.as_str())
            {
                continue;
            }
            let name = match kind.as_str() {
                "use" => word(item.trim_end_matches(';').rsplit("::").next().unwrap_or("")),
                kind => word(&item[kind.len()..]),
            };
            if line.ends_with('{') && ["struct", "trait"].contains(&kind.as_str()) {
                (inside, is_trait) = (Some(name.clone()), kind == "trait");
            }
            found.push(format!("{kind} {name}"));
        } else if let Some(inside) = &inside {
            let Some(item) = line.strip_prefix("    ").filter(|item| !item.starts_with(' ')) else { continue };
            match item.strip_prefix("pub ") {
                Some(function) if word(function) == "fn" => found.push(format!("{inside}::{}", word(&function[2..]))),
                Some(field) if field.contains(':') && word(field) != "const" => {
                    found.push(format!("{inside}.{}", word(field)));
                }
                None if is_trait && word(item) == "fn" => found.push(format!("{inside}::{}", word(&item[2..]))),
                _ => {}
            }
        }
    }
    found
}

/// The names that `script/mod.rs` hands on.
fn handed_on(text: &str) -> BTreeSet<String> {
    let uses = text.lines().filter_map(|line| line.strip_prefix("pub use "));
    uses.flat_map(|line| {
        let names = line.rsplit("::").next().unwrap_or("").trim_matches(|c: char| ";{}".contains(c)).to_string();
        names.split(',').map(word).collect::<Vec<_>>()
    })
    .collect()
}

/// Every `.rs` file of a folder, not of the folders in it that have a `mod.rs` of things of their own.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let is_own = ["functions", "reference"].iter().any(|name| entry.ends_with(name));
        if entry.is_dir() && !is_own {
            files(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
    found.sort();
}

fn of_script(source: &Path) -> BTreeSet<String> {
    let public = handed_on(&read(&source.join("script/mod.rs")));
    let mut paths = Vec::new();
    files(&source.join("script"), &mut paths);
    let all: Vec<String> = paths.iter().flat_map(|path| items(&read(path))).collect();
    let is_public = |item: &&String| {
        let name = item.split(' ').next_back().unwrap_or("");
        public.contains(&word(name))
    };
    all.iter().filter(is_public).filter(|item| !item.starts_with("use ")).cloned().collect()
}

/// The list, as the source has it.
fn list() -> String {
    let source = root().join("src");
    let mut lines = Vec::new();
    for module in ["context", "error", "value"] {
        let items: BTreeSet<String> = items(&read(&source.join(format!("{module}.rs")))).into_iter().collect();
        lines.extend(items.into_iter().map(|item| format!("{module}: {item}")));
    }
    lines.extend(of_script(&source).into_iter().map(|item| format!("script: {item}")));
    lines.join("\n") + "\n"
}

#[test]
fn items_are_read_as_they_are_written() {
    let text = "pub struct A {\n    pub field: u8,\n    hidden: u8,\n}\nimpl<'a> A<'a> {\n    pub fn f(&self) {}\n    fn g() {}\n}\n\
        impl Clone for A {\n    pub fn no() {}\n}\npub trait T {\n    fn t(&self);\n}\n#[doc(hidden)]\npub fn h() {}\npub use a::B;\n";
    assert_eq!(items(text), ["struct A", "A.field", "A::f", "trait T", "T::t", "use B"]);
    assert!(handed_on("pub use a::{B, C};\npub use d;\n").iter().eq(["B", "C", "d"]));
}

#[test]
fn the_page_lists_what_there_is() {
    let path = root().join("docs/api.md");
    let page = read(&path);
    let (before, rest) = page.split_once(OPEN).expect("a list");
    let (listed, behind) = rest.split_once(CLOSE).expect("the end of the list");
    let list = list();
    if std::env::var_os("SINEW_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{OPEN}{list}{CLOSE}{behind}")).expect("the page");
        return;
    }
    let (there, said): (BTreeSet<&str>, BTreeSet<&str>) = (list.lines().collect(), listed.lines().collect());
    let new: Vec<_> = there.difference(&said).collect();
    let gone: Vec<_> = said.difference(&there).collect();
    assert!(new.is_empty() && gone.is_empty(), "not in docs/api.md: {new:#?}\nno longer in the source: {gone:#?}");
}
