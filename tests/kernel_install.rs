//! The kernel among Jupyter's: `sinew kernel install`, `uninstall` and `doctor`, and the environment of the notebooks.
#![cfg(feature = "kernel")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_sinew"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The program in an environment where Jupyter is nowhere, and kernels are looked for below `folder`.
fn alone(folder: &Path, arguments: &[&str]) -> Output {
    program()
        .args(arguments)
        .env("HOME", folder)
        .env("PATH", folder)
        .env("JUPYTER_PATH", folder.join("env/share/jupyter"))
        .env_remove("XDG_DATA_HOME")
        .env_remove("JUPYTER_DATA_DIR")
        .env_remove("VIRTUAL_ENV")
        .env_remove("CONDA_PREFIX")
        .stdin(Stdio::null())
        .output()
        .expect("the program")
}

#[test]
fn a_kernel_is_installed_examined_and_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = folder.path().join("env").display().to_string();
    let doctor = || text(&alone(folder.path(), &["kernel", "doctor"]).stdout);
    assert!(
        doctor().contains("Jupyter sees no kernel") && doctor().contains("help: sinew kernel install"),
        "{}",
        doctor()
    );
    let output = alone(folder.path(), &["kernel", "install", "--prefix", &prefix, "--threads", "2"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let path = folder.path().join("env/share/jupyter/kernels/sinew/kernel.json");
    let specification = std::fs::read_to_string(&path).expect("the specification");
    let json: serde_json::Value = serde_json::from_str(&specification).expect("JSON");
    assert_eq!(json["argv"][1], "--threads");
    assert_eq!(json["argv"][2], "2");
    let said = doctor();
    assert!(said.contains("kernel.json is well") && said.contains("no program 'jupyter'"), "{said}");
    let moved = specification.replace(json["argv"][0].as_str().expect("a program"), "/nowhere/sinew");
    std::fs::write(&path, moved).expect("a file");
    let said = doctor();
    assert!(said.contains("the program has moved") && said.contains("install --prefix"), "{said}");
    let output = alone(folder.path(), &["kernel", "uninstall", "--prefix", &prefix]);
    assert!(output.status.success() && !path.exists(), "{}", text(&output.stderr));
    // Nobody, not even the superuser, can make a folder below a file.
    std::fs::write(folder.path().join("file"), "").expect("a file");
    let output =
        alone(folder.path(), &["kernel", "install", "--prefix", &folder.path().join("file").display().to_string()]);
    let message = text(&output.stderr);
    assert!(
        output.status.code() == Some(3) && message.contains("cannot make") && message.contains("--user"),
        "{message}"
    );
}

#[test]
fn quiet_commands_say_what_is_wrong_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let prefix = folder.path().join("env").display().to_string();
    for command in ["install", "uninstall"] {
        let output = alone(folder.path(), &["kernel", command, "--prefix", &prefix, "--quiet"]);
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{command}: {}", text(&output.stdout));
    }
    let output = alone(folder.path(), &["kernel", "uninstall", "--prefix", &prefix, "--quiet"]);
    assert!(output.status.code() == Some(3) && text(&output.stderr).contains("there is no kernel"));
    let said = text(&alone(folder.path(), &["--quiet", "kernel", "doctor"]).stdout);
    assert!(
        said.contains("wrong  Jupyter sees no kernel") && !said.lines().any(|line| line.starts_with("ok")),
        "{said}"
    );
    let output = alone(folder.path(), &["kernel", "install", "--prefix", &prefix, "--quiet", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON is what was asked for");
    assert_eq!(json["schema_version"], 1);
    let specification =
        std::fs::read_to_string(Path::new(json["kernel"].as_str().expect("a folder")).join("kernel.json"));
    assert!(!specification.expect("a kernel").contains("--quiet"), "the installation is quiet, not the notebooks");
}

/// A program that does what a line of shell says.
#[cfg(unix)]
fn stub(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, format!("#!/bin/sh\n{line}\n")).expect("a file");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a program");
}

#[cfg(unix)]
#[test]
fn another_version_of_evcxr_is_replaced_by_the_pinned_one() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/notebooks/environment.sh");
    let lines = std::fs::read_to_string(script).expect("the script");
    let value = |name: &str| {
        let line = lines.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).expect("a line");
        line.trim_matches('"').to_string()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let (cache, bin) = (folder.path().join("cache"), folder.path().join("bin"));
    let known = cache.join("tools/.crates.toml");
    stub(&cache.join("tools/bin/evcxr_jupyter"), "exit 0");
    stub(&bin.join("sinew"), "exit 0");
    let installed = |version: &str| format!("[v1]\n\"evcxr_jupyter {version} (registry+x)\" = [\"evcxr_jupyter\"]\n");
    let answer = format!(
        "echo \"$@\" >> \"$SINEW_CACHE/called\"; cat > \"$SINEW_CACHE/tools/.crates.toml\" <<'END'\n{}END",
        installed(&value("evcxr"))
    );
    stub(&bin.join("cargo"), &answer);
    std::fs::create_dir_all(cache.join("notebooks")).expect("a folder");
    std::fs::write(cache.join("notebooks/packages"), value("packages")).expect("a file");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("a path"));
    // cargo's record is of an earlier version at first, and then of the pinned one.
    std::fs::write(&known, installed("0.21.1")).expect("a file");
    for _ in 0..2 {
        let output = Command::new("bash")
            .args([script, "rust"])
            .env("SINEW_CACHE", &cache)
            .env("PROGRAM", bin.join("sinew"))
            .env("PATH", &path)
            .stdin(Stdio::null())
            .output()
            .expect("bash");
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert_eq!(text(&output.stdout).trim_end(), cache.join("notebooks").display().to_string());
        let called = std::fs::read_to_string(cache.join("called")).expect("cargo was asked");
        assert_eq!(called.lines().count(), 1, "{called}");
        assert!(called.contains(&format!("evcxr_jupyter@{}", value("evcxr"))), "{called}");
    }
}
