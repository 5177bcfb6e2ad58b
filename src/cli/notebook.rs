//! `sinew notebook`: notebooks in Rust, whose kernel evcxr compiles every cell.
//!
//! evcxr compiles what cells stand on when a kernel starts, which takes minutes. It does so with cargo, in a project of
//! its own whose folder `evcxr.toml` names. The same project, built beforehand with the same settings (those of evcxr
//! 0.22), leaves it nothing to compile.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use super::arguments::{ErrorFormat, Flags, NotebookCommand};
use super::fail;
use super::output::Output;
use crate::error::{Error, Result};
use crate::script::ScriptError;

/// What evcxr reads in the folder of a notebook.
const SETTINGS: &str = "evcxr.toml";
/// Where the project is in that folder, as the settings say.
const PROJECT: &str = ".evcxr";
/// How dependencies are compiled: cargo looks for that in the folders above the project.
const PROFILES: &str = include_str!("../../notebooks/.cargo/config.toml");
/// What evcxr has cargo give to every call of the compiler.
const PLAIN_FLAGS: &str = "-Cprefer-dynamic";
/// The same where the linker lld is there and mold is not.
const LLD_FLAGS: &str = "-Cprefer-dynamic -Clink-arg=-fuse-ld=lld";

/// Does what the sub-command says.
pub fn run(action: &NotebookCommand, flags: &Flags, output: &Output) -> ExitCode {
    let NotebookCommand::Warm { folder, package, tmpdir } = action;
    let started = Instant::now();
    let outcome = Places::of(folder.as_deref(), package.as_deref(), tmpdir.as_deref())
        .and_then(|places| warm(&places, is_loud(flags)).map(|()| places));
    match outcome {
        Ok(places) => report(&places, started.elapsed().as_secs_f64(), flags, output),
        Err(error) => fail(output, &ScriptError::outside(error, "notebook"), None),
    }
}

/// Whether cargo may say what it does.
fn is_loud(flags: &Flags) -> bool {
    !flags.quiet && flags.error_format == ErrorFormat::Human
}

/// Says how long it took, and what remains to be done.
fn report(places: &Places, seconds: f64, flags: &Flags, output: &Output) -> ExitCode {
    let (folder, project) = (places.folder.display().to_string(), places.project.display().to_string());
    if flags.json {
        let told = serde_json::json!({ "folder": folder, "tmpdir": project, "seconds": seconds, "schema_version": 1 });
        output.json(&told);
        return ExitCode::SUCCESS;
    }
    let mut lines = vec![format!("ready after {seconds:.1} s: the notebooks in {folder}, compiled in {project}")];
    if places.project != places.folder.join(PROJECT) {
        lines.push(format!("set in {folder}/{SETTINGS}: tmpdir = {}", quoted(&project)));
    }
    if !is_on_path("evcxr_jupyter") {
        lines.push("the kernel: cargo install evcxr_jupyter@0.22.0 --locked, then evcxr_jupyter --install".into());
    }
    output.done(&lines.join("\n"));
    ExitCode::SUCCESS
}

/// The folders that play a part.
#[derive(Debug)]
struct Places {
    /// Of the notebooks, with the settings of evcxr.
    folder: PathBuf,
    /// Of the crate that cells use.
    package: PathBuf,
    /// Of the settings of cargo.
    base: PathBuf,
    /// Of evcxr's project, below it.
    project: PathBuf,
}

impl Places {
    fn of(folder: Option<&Path>, package: Option<&Path>, tmpdir: Option<&Path>) -> Result<Self> {
        let is_here = Path::new(SETTINGS).is_file();
        let folder = folder.unwrap_or(Path::new(if is_here { "." } else { "notebooks" }));
        if !folder.join(SETTINGS).is_file() {
            return Err(Error::file(format!("there is no {SETTINGS} in '{}'", folder.display()))
                .with_hint("run this in a clone of sinew, or name the folder: sinew notebook warm FOLDER"));
        }
        let folder = canonical(folder)?;
        let package = package.map_or_else(|| folder.join("crate"), PathBuf::from);
        if !package.join("Cargo.toml").is_file() {
            return Err(Error::file(format!("there is no crate in '{}'", package.display()))
                .with_hint("--crate DIR names the crate of notebooks: notebooks/crate in a clone of sinew"));
        }
        let package = canonical(&package)?;
        let (base, project) = match tmpdir {
            None => (folder.clone(), folder.join(PROJECT)),
            Some(base) => {
                make_folder(base)?;
                let base = canonical(base)?;
                let project = base.join("cells");
                (base, project)
            }
        };
        Ok(Self { folder, package, base, project })
    }
}

/// Builds evcxr's project: first without the dependency, as evcxr does, then with it.
fn warm(places: &Places, is_loud: bool) -> Result<()> {
    let mut tools = Tools::find(&places.folder)?;
    write_missing(&places.base.join(".cargo").join("config.toml"), PROFILES)?;
    write_project(&places.project, "", "")?;
    if tools.flags == LLD_FLAGS && tools.build(&places.project, false).is_err() {
        tools.flags = PLAIN_FLAGS;
    }
    let package = places.package.to_str().ok_or_else(|| Error::file("the path of the crate is not text in UTF-8"))?;
    let dependency = format!("sinew-notebook = {{path = {}}}\n", quoted(package));
    write_project(&places.project, &dependency, "#![allow(unused_imports)]\nuse sinew_notebook::*;\n")?;
    tools.fetch(&places.project);
    // A kernel has no lock to start from: it takes what is there, and so does this.
    let _ = std::fs::remove_file(places.project.join("Cargo.lock"));
    tools.build(&places.project, is_loud)
}

/// The project that evcxr makes, with what it writes itself.
fn write_project(project: &Path, dependency: &str, code: &str) -> Result<()> {
    write(&project.join("Cargo.toml"), &manifest(dependency))?;
    write(&project.join(".cargo").join("config.toml"), "\n[net]\noffline = true\n")?;
    write(&project.join("src").join("lib.rs"), code)
}

fn manifest(dependency: &str) -> String {
    format!(
        r#"
[package]
name = "ctx"
version = "1.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]
path = "src/lib.rs"

[profile.dev]
opt-level = 0
debug = false
strip = "debuginfo"
rpath = true
lto = false
debug-assertions = true
codegen-units = 16
panic = 'unwind'
incremental = true
overflow-checks = true

[dependencies]
{dependency}
"#
    )
}

/// The toolchain as evcxr finds it.
#[derive(Debug)]
struct Tools {
    cargo: PathBuf,
    rustc: PathBuf,
    /// What the compiler compiles for.
    host: String,
    flags: &'static str,
}

impl Tools {
    fn find(folder: &Path) -> Result<Self> {
        let rustc = tool("rustc", folder);
        let missing = |reason: String| {
            Error::file(format!("cannot run {}: {reason}", rustc.display()))
                .with_hint("evcxr compiles every cell: it needs a Rust toolchain, see https://rustup.rs")
        };
        let answer = Command::new(&rustc).arg("-Vv").output().map_err(|error| missing(error.to_string()))?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        let host = text.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or_else(|| missing("it does not tell what it compiles for".into()))?.to_string();
        let is_lld = !cfg!(target_os = "macos") && !is_on_path("mold") && is_on_path("lld");
        let flags = if is_lld { LLD_FLAGS } else { PLAIN_FLAGS };
        Ok(Self { cargo: tool("cargo", folder), rustc, host, flags })
    }

    fn cargo(&self, project: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo);
        command
            .args(arguments)
            .current_dir(project)
            .env("CARGO_TARGET_DIR", "target")
            .env("CARGO_BUILD_BUILD_DIR", "target")
            .env("RUSTC", &self.rustc)
            .env("RUSTFLAGS", self.flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Fetches what the dependencies are made of, on all systems: evcxr looks at all of it. Without a network the build says whether something is missing.
    fn fetch(&self, project: &Path) {
        let _ = self
            .cargo(project, &["fetch"])
            .env("CARGO_NET_OFFLINE", "false")
            .env("CARGO_NET_RETRY", "1")
            .env("CARGO_HTTP_TIMEOUT", "15")
            .stderr(Stdio::null())
            .status();
    }

    /// # Errors
    /// cargo cannot be run, or what it compiles fails.
    fn build(&self, project: &Path, is_loud: bool) -> Result<()> {
        let mut command = self.cargo(project, &["--offline", "build", "--target", self.host.as_str()]);
        command.stderr(if is_loud { Stdio::inherit() } else { Stdio::piped() });
        let done = command.spawn().and_then(std::process::Child::wait_with_output).map_err(|error| {
            Error::file(format!("cannot run {}: {error}", self.cargo.display()))
                .with_hint("evcxr compiles every cell: it needs a Rust toolchain, see https://rustup.rs")
        })?;
        if done.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&done.stderr).trim().to_string();
        let said = if said.is_empty() { "it says above why".into() } else { said };
        Err(Error::file(format!("cargo cannot build what notebooks stand on: {said}"))
            .with_hint("the first time cargo needs the network, to fetch the crates; later it does not"))
    }
}

/// A tool of the toolchain: rustup's for this folder, or the one on the path.
fn tool(name: &str, folder: &Path) -> PathBuf {
    let asked = Command::new("rustup").args(["which", name]).current_dir(folder).stderr(Stdio::null()).output();
    match asked {
        Ok(answer) if answer.status.success() => String::from_utf8_lossy(&answer.stdout).trim().into(),
        _ => name.into(),
    }
}

fn is_on_path(name: &str) -> bool {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(&file).is_file()))
}

/// A text as TOML writes it, which for these is as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn canonical(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).map_err(|error| cannot("read", path, &error))
}

fn make_folder(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|error| cannot("make", path, &error))
}

/// Writes a file that is not the same already: cargo looks at times.
fn write(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    make_folder(path.parent().unwrap_or(path))?;
    std::fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

/// Writes a file where there is none: what somebody has set there holds.
fn write_missing(path: &Path, text: &str) -> Result<()> {
    if path.exists() { Ok(()) } else { write(path, text) }
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::file(format!("cannot {what} '{}': {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: &str = include_str!("../../notebooks/evcxr.toml");

    #[test]
    fn the_settings_of_the_repository_are_those_that_are_built_for() {
        let tmpdir = format!("tmpdir = \"{PROJECT}\"");
        for line in [tmpdir.as_str(), "opt_level = \"0\"", "sinew-notebook = { path = \"crate\" }"] {
            assert!(REAL.lines().any(|known| known == line), "{line}");
        }
        assert!(manifest("").contains("\nopt-level = 0\n"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = |package: Option<&Path>| Places::of(Some(folder.path()), package, None).unwrap_err();
        assert!(error(None).message().contains("there is no evcxr.toml in"));
        std::fs::write(folder.path().join(SETTINGS), REAL).unwrap();
        assert!(error(None).message().contains("there is no crate in"));
        assert!(error(Some(Path::new("nowhere"))).hint().is_some_and(|hint| hint.contains("--crate DIR")));
    }

    #[test]
    fn another_place_has_its_own_profiles() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(SETTINGS), REAL).unwrap();
        std::fs::create_dir(folder.path().join("crate")).unwrap();
        std::fs::write(folder.path().join("crate/Cargo.toml"), "[package]").unwrap();
        let other = folder.path().join("other");
        let places = Places::of(Some(folder.path()), None, Some(other.as_path())).unwrap();
        assert!(places.project.starts_with(&places.base) && places.base.ends_with("other"));
        let places = Places::of(Some(folder.path()), None, None).unwrap();
        assert_eq!((places.project, places.base), (places.folder.join(PROJECT), places.folder.clone()));
    }

    #[test]
    fn a_project_is_written_once_and_a_path_keeps_its_letters() {
        let folder = tempfile::tempdir().unwrap();
        let dependency = format!("sinew-notebook = {{path = {}}}", quoted("C:\\a \"b\""));
        write_project(folder.path(), &dependency, "").unwrap();
        let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(r#"{path = "C:\\a \"b\""}"#), "{manifest}");
        let time = || folder.path().join("Cargo.toml").metadata().unwrap().modified().unwrap();
        let before = time();
        write_project(folder.path(), &dependency, "").unwrap();
        assert_eq!(time(), before);
    }
}
