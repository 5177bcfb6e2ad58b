//! `sinew doc`: the pages of the reference in a folder.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use super::output::Output;
use crate::context::Context;
use crate::data::file::write_atomic;
use crate::error::{Error, Result};
use crate::script::ScriptError;
use crate::script::reference::{Page, pages};

/// Lists the pages that were written, so that a later run knows the folder as its own and takes old pages away.
const MARKER: &str = ".sinew-doc";

/// Writes the reference and says how many pages it has.
pub fn write(output: &Output, folder: &str, force: bool) -> ExitCode {
    match build(folder, force) {
        Ok(count) => {
            output.done(&format!("{count} pages in {folder}"));
            ExitCode::SUCCESS
        }
        Err(error) => super::fail(output, &ScriptError::outside(error, "doc"), None),
    }
}

fn build(folder: &str, force: bool) -> Result<usize> {
    let path = Path::new(folder);
    std::fs::create_dir_all(path).map_err(|error| cannot("make", path, &error))?;
    let folder = std::fs::canonicalize(path).map_err(|error| cannot("read", path, &error))?;
    let earlier = earlier_pages(&folder, force)?;
    let pages = in_a_folder_of_its_own(pages)?;
    let names: BTreeSet<String> = pages.iter().map(|page| page.name.clone()).collect();
    // The marker first, and with all names: a run that is cut short can be done again.
    write_marker(&folder, &names.union(&earlier).cloned().collect())?;
    for Page { name, html } in &pages {
        write_file(&folder, name, html)?;
    }
    for name in earlier.difference(&names) {
        let stale = folder.join(name);
        match std::fs::remove_file(&stale) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot("remove", &stale, &error)),
            _ => {}
        }
    }
    write_marker(&folder, &names)?;
    Ok(pages.len())
}

/// The pages that an earlier run wrote into the folder.
///
/// # Errors
/// A folder with other things in it, unless `force` is given.
fn earlier_pages(folder: &Path, force: bool) -> Result<BTreeSet<String>> {
    let marker = folder.join(MARKER);
    if !marker.exists() {
        let mut entries = std::fs::read_dir(folder).map_err(|error| cannot("read", folder, &error))?;
        if entries.next().is_some() && !force {
            let message = format!("'{}' is not empty, and no earlier `sinew doc` wrote it", folder.display());
            return Err(Error::file(message).with_hint("choose another folder, or add --force"));
        }
        return Ok(BTreeSet::new());
    }
    let text = std::fs::read_to_string(&marker).map_err(|error| cannot("read", &marker, &error))?;
    // Only pages are ever removed, whatever somebody wrote into the marker.
    let is_page = |name: &&str| name.ends_with(".html") && !name.contains(['/', '\\']);
    Ok(text.lines().filter(is_page).map(String::from).collect())
}

fn write_marker(folder: &Path, names: &BTreeSet<String>) -> Result<()> {
    let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
    write_file(folder, MARKER, &lines)
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    let path = path.to_str().ok_or_else(|| Error::file("the name of the folder is not text in UTF-8"))?;
    write_atomic(path, &Context::new(), |file| file.write_all(text.as_bytes()))
}

/// Runs something that leaves files in the working directory where nobody sees them.
fn in_a_folder_of_its_own<T>(run: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = std::env::current_dir().map_err(|error| cannot("read", Path::new("."), &error))?;
    // Whoever finds what a killed run has left sees whose it is.
    let own = tempfile::Builder::new()
        .prefix("sinew-doc-")
        .tempdir()
        .map_err(|error| cannot("make", &std::env::temp_dir(), &error))?;
    enter(own.path())?;
    let result = run();
    enter(&before)?;
    result
}

fn enter(folder: &Path) -> Result<()> {
    std::env::set_current_dir(folder).map_err(|error| cannot("enter", folder, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::file(format!("cannot {what} '{}': {error}", path.display()))
}
