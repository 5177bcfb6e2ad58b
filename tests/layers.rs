//! The layers of src/README.md, held against the `use` lines: dependencies point downwards only.

use std::collections::BTreeMap;
use std::path::Path;

/// What stands on a floor may use that floor and those below it, except where `ALLOWED` says otherwise.
const FLOORS: &[&[&str]] = &[
    &[
        "error", "explain", "value", "options", "rng", "context", "files", "parallel", "devices", "detached",
        "sorting", "memory",
    ],
    &["data", "graph", "linalg"],
    &["problem"],
    &["solver", "nn", "trees"],
    &["model"],
    &["select"],
    &["methods", "simulate", "metrics", "plot"],
    &["registry"],
    &["script", "notebook"],
    &["cli", "jupyter"],
];

/// Which crates only certain folders may name.
const WALLS: &[(&str, &[&str])] = &[
    ("rhai", &["script", "cli"]),
    ("faer", &["linalg"]),
    ("pulp", &["linalg", "nn"]),
    ("plotly", &["plot"]),
    ("clap", &["cli"]),
    ("rustyline", &["cli"]),
    ("tokio", &["jupyter"]),
    ("zeromq", &["jupyter"]),
    ("jupyter_protocol", &["jupyter"]),
    ("jupyter_zmq_client", &["jupyter"]),
    ("burn", &["nn"]),
    ("hdf5_reader", &["data"]),
    ("cap_std", &["files"]),
    ("cap_fs_ext", &["files"]),
];

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Every source file with the top-level module it belongs to.
fn sources(folder: &Path, module: Option<&str>, found: &mut BTreeMap<String, (String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        let stem = entry.file_stem().expect("a name").to_string_lossy().to_string();
        if entry.is_dir() {
            sources(&entry, Some(module.unwrap_or(&stem)), found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&entry).expect("a source file");
            found.insert(entry.display().to_string(), (module.unwrap_or(&stem).to_string(), text));
        }
    }
}

fn all() -> BTreeMap<String, (String, String)> {
    let mut found = BTreeMap::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), None, &mut found);
    assert!(found.len() > 40);
    found
}

/// The part of a file that is compiled into the library: tests may reach anywhere.
fn without_tests(text: &str) -> &str {
    let ends = ["#[cfg(test)]", "#[cfg(all(test,"].into_iter().filter_map(|mark| text.find(mark));
    &text[..ends.min().unwrap_or(text.len())]
}

/// The modules named behind `crate::`, one or a group in braces.
fn modules(behind: &str) -> Vec<String> {
    let word = |text: &str| text.trim().chars().take_while(|c| c.is_lowercase() || *c == '_').collect::<String>();
    let Some(group) = behind.strip_prefix('{') else { return vec![word(behind)] };
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            _ if depth == 0 => parts.last_mut().expect("a part").push(c),
            _ => {}
        }
    }
    parts.iter().map(|part| word(part)).collect()
}

#[test]
fn groups_in_braces_are_read() {
    assert_eq!(modules("{methods, plot::{self, Figure}, data::Names};"), ["methods", "plot", "data"]);
    assert_eq!(modules("data::Names;"), ["data"]);
}

#[test]
fn dependencies_point_downwards() {
    let mut wrong = Vec::new();
    for (file, (module, text)) in all() {
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let own = floor(&module).unwrap_or_else(|| panic!("{file}: say on which floor '{module}' stands"));
        for used in without_tests(&text).split("crate::").skip(1).flat_map(modules) {
            if let Some(other) = floor(&used).filter(|&other| other > own) {
                wrong.push(format!("{file}: {module} (floor {own}) uses {used} (floor {other})"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn libraries_stay_behind_their_walls() {
    let mut wrong = Vec::new();
    for (file, (module, text)) in all() {
        for (library, folders) in WALLS {
            let named = text.lines().any(|line| {
                let code = line.split("//").next().unwrap_or("");
                code.contains(&format!("{library}::")) && !code.contains(&format!("_{library}::"))
            });
            if named && !folders.contains(&module.as_str()) {
                wrong.push(format!("{file} names {library}, which belongs to {folders:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_library_never_prints_exits_or_stubs() {
    for (file, (module, text)) in all() {
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            let forbidden = ["println!", "print!(", "dbg!", "todo!", "unimplemented!", "process::exit"];
            let found = forbidden.iter().any(|word| code.contains(word));
            assert!(!found || module == "cli", "{file}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn the_map_names_every_file() {
    let map =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/README.md")).expect("src/README.md");
    for (file, _) in all() {
        let path = Path::new(&file);
        let name = path.file_name().expect("a name").to_string_lossy().to_string();
        let wanted = if name == "mod.rs" {
            format!("{}/", path.parent().and_then(Path::file_name).expect("a folder").to_string_lossy())
        } else {
            name
        };
        assert!(map.contains(&wanted), "src/README.md does not mention {wanted} ({file})");
    }
}

/// Whether a line of code has a word, outside of its comment.
fn has_word(line: &str, word: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

#[test]
fn no_code_of_ours_is_unsafe() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    for folder in ["src", "examples", "benches", "notebooks/crate/src", "fuzz/src", "fuzz/fuzz_targets"] {
        sources(&root.join(folder), None, &mut found);
    }
    assert!(found.len() > 100, "{}", found.len());
    for (file, (_, text)) in found {
        for (number, line) in text.lines().enumerate() {
            let is_unsafe = has_word(line, "unsafe") || line.contains("allow(unsafe_code)");
            assert!(!is_unsafe, "{file}:{}: {line}", number + 1);
        }
    }
    for manifest in ["Cargo.toml", "notebooks/crate/Cargo.toml"] {
        let text = std::fs::read_to_string(root.join(manifest)).expect(manifest);
        assert!(text.contains("unsafe_code = \"forbid\""), "{manifest}");
    }
}
