//! A script of the corpus: what it tries, in what sandbox, and how it has to end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sinew::script::Sandbox;

/// Time of a script that says nothing of it.
const TIME: Duration = Duration::from_millis(500);
/// Least time of a script that has to end otherwise than by the time.
const AMPLE: Duration = Duration::from_secs(5);
/// Memory of a script that says nothing of it.
const MEMORY: usize = 200_000_000;

/// A script with what its first lines say.
pub struct Script {
    pub name: String,
    pub text: String,
    /// Codes of the errors that it may end with; none where it has to end well, with `true`.
    pub codes: Vec<String>,
    /// A part of the message.
    pub says: Option<String>,
    pub sandbox: Sandbox,
    pub time: Duration,
    pub memory: usize,
    pub has_files: bool,
}

impl Script {
    /// Reads a script, for a sandbox whose files are in `ground`.
    pub fn read(path: &Path, ground: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let said = |key: &str| {
            let lines = text.lines().take_while(|line| line.starts_with("//"));
            let values = lines.filter_map(|line| line.strip_prefix("// ")?.strip_prefix(key)?.strip_prefix(':'));
            values.map(|value| value.trim().to_string()).last()
        };
        let codes = said("error").ok_or_else(|| format!("{name} does not say what error it ends with"))?;
        let mut script = Self {
            codes: codes.split('|').map(str::trim).filter(|&code| code != "none").map(String::from).collect(),
            says: said("says"),
            sandbox: Sandbox::new(),
            time: TIME,
            memory: MEMORY,
            has_files: false,
            name,
            text: text.clone(),
        };
        for part in said("sandbox").unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
            script.allow(part, ground)?;
        }
        if !script.codes.iter().any(|code| code == "E050") {
            script.time = script.time.max(AMPLE);
        }
        script.sandbox = script.sandbox.time(script.time).memory(script.memory);
        Ok(script)
    }

    fn allow(&mut self, part: &str, ground: &Path) -> Result<(), String> {
        let wrong = || format!("{}: '{part}' is nothing that a sandbox has", self.name);
        let words: Vec<&str> = part.split_whitespace().collect();
        let number = |text: &str| text.replace('_', "").parse::<usize>().map_err(|_| wrong());
        let sandbox = self.sandbox.clone();
        self.sandbox = match words.as_slice() {
            ["time", n, "ms"] => {
                self.time = Duration::from_millis(number(n)? as u64);
                sandbox
            }
            ["memory", n, "MB"] => {
                self.memory = number(n)? * 1_000_000;
                sandbox
            }
            ["operations", n] => sandbox.operations(number(n)? as u64),
            ["output", n] => sandbox.output(number(n)?),
            ["depth", n] => sandbox.call_depth(number(n)?),
            ["matrix", n] => sandbox.matrix_size(number(n)?),
            ["threads", n] => sandbox.threads(number(n)?),
            ["eval"] => sandbox.eval(true),
            ["files"] => {
                self.has_files = true;
                sandbox.read(ground).write(ground)
            }
            _ => return Err(wrong()),
        };
        Ok(())
    }
}

/// The scripts of the corpus; those of a list of files alone where one is given.
pub fn scripts(chosen: Option<&str>) -> Vec<PathBuf> {
    if let Some(chosen) = chosen {
        return chosen.split_whitespace().map(PathBuf::from).collect();
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sandbox");
    let entries = std::fs::read_dir(folder).expect("the corpus").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "rhai")).collect();
    files.sort();
    files
}
