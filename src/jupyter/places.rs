//! Where Jupyter looks for kernels.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// The name of the kernel where none is given.
pub const DEFAULT_NAME: &str = "sinew";

/// Where a kernel is put.
#[derive(Debug, Clone)]
pub enum Place {
    /// Where this user's kernels are.
    User,
    /// Below a folder.
    Prefix(PathBuf),
    /// In the Python environment that is active.
    SysPrefix,
}

impl Place {
    /// The folder that kernels are in, a folder each.
    ///
    /// # Errors
    /// A user without a home, an environment that is not there.
    pub fn kernels(&self) -> Result<PathBuf> {
        let data = match self {
            Self::User => user_data(variable)
                .ok_or_else(|| Error::file("this user has no home folder").with_hint("name a folder: --prefix DIR"))?,
            Self::Prefix(folder) => std::path::absolute(folder)
                .map_err(|error| Error::file(format!("'{}' is not a folder: {error}", folder.display())))?
                .join("share/jupyter"),
            Self::SysPrefix => sys_prefix()?.join("share/jupyter"),
        };
        Ok(data.join("kernels"))
    }
}

/// An environment variable that holds a path.
pub fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The folder of a user's own data for Jupyter, as Jupyter finds it.
pub fn user_data(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = variable("JUPYTER_DATA_DIR") {
        return Some(folder);
    }
    if cfg!(windows) {
        return variable("APPDATA").map(|folder| folder.join("jupyter"));
    }
    let home = || variable("HOME").or_else(std::env::home_dir);
    if cfg!(target_os = "macos") {
        return home().map(|home| home.join("Library/Jupyter"));
    }
    variable("XDG_DATA_HOME").or_else(|| home().map(|home| home.join(".local/share"))).map(|data| data.join("jupyter"))
}

/// The folder of the Python environment that is active.
///
/// # Errors
/// Where there is no Python.
fn sys_prefix() -> Result<PathBuf> {
    if let Some(folder) = variable("VIRTUAL_ENV").or_else(|| variable("CONDA_PREFIX")) {
        return Ok(folder);
    }
    let asked = ["python3", "python"].into_iter().find_map(|python| {
        let output = Command::new(python).args(["-c", "import sys; print(sys.prefix)"]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty()).then(|| PathBuf::from(text.trim()))
    });
    asked.ok_or_else(|| {
        Error::file("there is no Python environment: neither VIRTUAL_ENV nor CONDA_PREFIX is set, and no python runs")
            .with_hint("activate the environment that Jupyter is in, or name a folder: --prefix DIR")
    })
}

/// The folders that Jupyter looks for kernels in. `told` is what `jupyter --paths --json` says, where it runs.
pub fn searched(told: Option<&serde_json::Value>) -> Vec<PathBuf> {
    let told = told.and_then(|paths| paths["data"].as_array()).into_iter().flatten();
    let told: Vec<PathBuf> = told.filter_map(|path| path.as_str().map(PathBuf::from)).collect();
    let data = if told.is_empty() { usual() } else { told };
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in data.into_iter().map(|folder| folder.join("kernels")) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The folders for data where Jupyter cannot be asked.
fn usual() -> Vec<PathBuf> {
    let named = variable("JUPYTER_PATH").map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>());
    let environments = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(variable);
    let system = ["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from);
    named
        .unwrap_or_default()
        .into_iter()
        .chain(user_data(variable))
        .chain(environments.map(|folder| folder.join("share/jupyter")))
        .chain(system)
        .collect()
}

/// The flags with which `sinew kernel install` writes a kernel again that is in this folder.
pub fn flags_for(kernel: &Path) -> String {
    let name = kernel.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let own = if name == DEFAULT_NAME { String::new() } else { format!(" --name {name}") };
    let kernels = kernel.parent().unwrap_or(kernel);
    if Place::User.kernels().is_ok_and(|user| user == kernels) {
        return own;
    }
    // .../share/jupyter/kernels
    let prefix = kernels.ancestors().nth(3).unwrap_or(kernels);
    format!(" --prefix {}{own}", prefix.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn a_users_data_are_where_jupyter_looks() {
        let with = |known: &'static [(&'static str, &'static str)]| {
            user_data(move |name| known.iter().find(|(known, _)| *known == name).map(|(_, path)| PathBuf::from(path)))
        };
        assert_eq!(with(&[("HOME", "/h")]), Some("/h/.local/share/jupyter".into()));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")]), Some("/x/jupyter".into()));
        assert_eq!(with(&[("JUPYTER_DATA_DIR", "/j"), ("XDG_DATA_HOME", "/x")]), Some("/j".into()));
    }

    #[test]
    fn what_jupyter_says_counts() {
        let told = serde_json::json!({ "data": ["/a", "/b", "/a"] });
        assert_eq!(searched(Some(&told)), [PathBuf::from("/a/kernels"), PathBuf::from("/b/kernels")]);
        assert_eq!(flags_for(Path::new("/opt/env/share/jupyter/kernels/second")), " --prefix /opt/env --name second");
    }
}
