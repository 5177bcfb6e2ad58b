//! Making the kernel known to Jupyter, and taking it away again.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::places::{DEFAULT_NAME, Place};
use crate::context::Context;
use crate::data::file::write_atomic;
use crate::error::{Error, Result};

/// What Jupyter reads.
pub const SPECIFICATION: &str = "kernel.json";

/// The picture beside the kernel's name.
const LOGO: &str = "logo-svg.svg";

/// A sparse graph.
const PICTURE: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">
<g stroke="#4c78a8" stroke-width="3.5" stroke-linecap="round"><path d="M14 46 28 18 50 26 38 50 14 46"/><path d="M28 18 38 50"/></g>
<g fill="#f58518"><circle cx="14" cy="46" r="7"/><circle cx="28" cy="18" r="7"/></g>
<g fill="#4c78a8"><circle cx="50" cy="26" r="7"/><circle cx="38" cy="50" r="7"/></g>
</svg>
"##;

/// Makes the kernel known under a name, started with these flags, and tells the folder that Jupyter reads. What an
/// earlier call wrote there is written anew.
///
/// # Errors
/// A name that Jupyter does not take, another program's kernel of that name, a folder that cannot be written.
pub fn install(place: &Place, name: &str, flags: &[String]) -> Result<PathBuf> {
    let folder = folder(place, name)?;
    let program =
        std::env::current_exe().map_err(|error| Error::internal(format!("where is this program? {error}")))?;
    let program = program.to_str().ok_or_else(|| Error::file("the path of this program is not text in UTF-8"))?;
    let text = format!("{:#}\n", specification(program, name, flags));
    let cannot =
        |error: Error| error.or_hint("--user needs no rights, --prefix DIR takes any folder that you may write");
    std::fs::create_dir_all(&folder).map_err(|error| cannot(file_error("make", &folder, &error)))?;
    write(&folder.join(SPECIFICATION), &text).map_err(cannot)?;
    write(&folder.join(LOGO), PICTURE).map_err(cannot)?;
    Ok(folder)
}

/// Takes the kernel of a name away, and tells the folder where it was.
///
/// # Errors
/// No kernel of that name there, another program's, a folder that cannot be changed.
pub fn uninstall(place: &Place, name: &str) -> Result<PathBuf> {
    let folder = folder(place, name)?;
    if !folder.join(SPECIFICATION).exists() {
        return Err(Error::file(format!("there is no kernel in '{}'", folder.display()))
            .with_hint("`sinew kernel doctor` lists the kernels that Jupyter sees"));
    }
    for file in [LOGO, SPECIFICATION] {
        match std::fs::remove_file(folder.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(file_error("remove", &folder.join(file), &error));
            }
            _ => {}
        }
    }
    // What else somebody put there stays, and so does the folder then.
    let _ = std::fs::remove_dir(&folder);
    Ok(folder)
}

/// The folder of a kernel.
///
/// # Errors
/// A name that Jupyter does not take, another program's kernel of that name.
fn folder(place: &Place, name: &str) -> Result<PathBuf> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_plain) {
        return Err(Error::usage(format!("'{name}' cannot be the name of a kernel"))
            .with_hint("small letters, digits, points, hyphens and underscores: --name sinew-large"));
    }
    let folder = place.kernels()?.join(name);
    let other = std::fs::read_to_string(folder.join(SPECIFICATION)).ok().filter(|text| !is_ours(text));
    match other {
        Some(_) => Err(Error::file(format!("'{}' is the kernel of another program", folder.display()))
            .with_hint("choose another name: --name sinew")),
        None => Ok(folder),
    }
}

/// What Jupyter has to know of the kernel.
fn specification(program: &str, name: &str, flags: &[String]) -> Value {
    let mut argv = vec![program.to_string()];
    argv.extend(flags.iter().cloned());
    argv.extend(["kernel", "start", "-f", "{connection_file}"].map(String::from));
    let display_name = if name == DEFAULT_NAME { "sinew (Rhai)".into() } else { format!("{name} (Rhai)") };
    json!({
        "argv": argv, "display_name": display_name, "language": "rhai", "interrupt_mode": "message", "env": {},
        "metadata": { "debugger": false },
    })
}

/// Whether a specification is one that this program wrote, or is broken so that nobody can use it.
pub fn is_ours(text: &str) -> bool {
    let Ok(specification) = serde_json::from_str::<Value>(text) else { return true };
    let argv = specification["argv"].as_array();
    let words: Vec<&str> = argv.into_iter().flatten().filter_map(Value::as_str).collect();
    words.windows(2).any(|pair| pair == ["kernel", "start"]) && specification["language"] == "rhai"
}

fn write(path: &Path, text: &str) -> Result<()> {
    let path = path.to_str().ok_or_else(|| Error::file("the name of the folder is not text in UTF-8"))?;
    write_atomic(path, &Context::new(), |file| file.write_all(text.as_bytes()))
}

fn file_error(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::file(format!("cannot {what} '{}': {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_specification_starts_this_program_and_is_known_again() {
        let flags = ["--threads".to_string(), "2".into()];
        let json = specification("/opt/sinew", "sinew", &flags);
        assert_eq!(json["argv"], json!(["/opt/sinew", "--threads", "2", "kernel", "start", "-f", "{connection_file}"]));
        assert_eq!((&json["display_name"], &json["interrupt_mode"]), (&json!("sinew (Rhai)"), &json!("message")));
        assert!(is_ours(&json.to_string()) && is_ours("{"));
        assert!(!is_ours("{\"argv\": [\"python\", \"-m\", \"ipykernel_launcher\"], \"language\": \"python\"}"));
    }

    #[test]
    fn a_kernel_is_written_twice_and_taken_away_and_strangers_stay() {
        let prefix = tempfile::tempdir().expect("a folder");
        let place = Place::Prefix(prefix.path().into());
        let folder = install(&place, "sinew", &[]).expect("installed");
        assert_eq!(install(&place, "sinew", &[]), Ok(folder.clone()));
        assert!(folder.ends_with("share/jupyter/kernels/sinew") && folder.join(LOGO).exists());
        assert_eq!(uninstall(&place, "sinew"), Ok(folder.clone()));
        assert!(!folder.exists());
        assert!(uninstall(&place, "sinew").is_err_and(|error| error.message().contains("there is no kernel")));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(SPECIFICATION), "{\"argv\": [\"python\"]}").expect("a file");
        assert!(install(&place, "sinew", &[]).is_err_and(|error| error.message().contains("another program")));
        assert!(install(&place, "../x", &[]).is_err_and(|error| error.message().contains("name of a kernel")));
    }
}
