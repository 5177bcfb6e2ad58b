//! Disks that are full, read-only or limited: the error names the file and the reason, the old file is whole, and nothing
//! else is left.
#![cfg(all(unix, feature = "cli"))]

#[path = "common/saves.rs"]
mod saves;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use saves::{Save, saves, unfinished};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sinew");

/// A script that saves the first value of a kind at `target`, in the folder that is its argument.
fn script(save: &Save, folder: &Path) -> String {
    let path = folder.join("save.rhai");
    let Save { values, save, .. } = save;
    let text = format!("{values} let x = a; let to = `${{args[0]}}/target`; {save}");
    std::fs::write(&path, text).expect("a script");
    path.display().to_string()
}

fn targets(save: &Save) -> impl Iterator<Item = String> {
    save.endings.iter().map(|ending| format!("target.{ending}"))
}

/// Runs a shell script with arguments.
fn shell(script: &str, arguments: &[&str]) -> Output {
    Command::new("sh").arg("-c").arg(script).arg("sh").args(arguments).output().expect("a shell")
}

/// The same in a space where it may mount disks of its own.
fn shell_that_mounts(script: &str, arguments: &[&str]) -> Output {
    let command = ["-Urm", "sh", "-c", script, "sh"];
    Command::new("unshare").args(command).args(arguments).output().expect("unshare")
}

/// Whether this machine lets us mount a disk in a space of our own; if not, says by name which test is skipped.
fn can_mount(test: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let tried = Command::new("unshare")
        .args(["-Urm", "mount", "-t", "tmpfs", "none"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: no user namespaces that may mount (unshare -Urm)");
    }
    can
}

/// The error of a save that could not be.
fn check_error(name: &str, output: &Output, reason: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{name}: {message}");
    let first = message.lines().next().unwrap_or_default().to_lowercase();
    assert!(first.starts_with("error[e031]: cannot write '"), "{name}: {message}");
    assert!(first.contains("target.") && first.contains(reason), "{name}, '{reason}': {message}");
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error() {
    // The signal that comes with the limit is ignored, as daemons and batch systems do.
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    for save in saves() {
        let folder = tempfile::tempdir().expect("a folder");
        let script = script(&save, folder.path());
        targets(&save).for_each(|name| std::fs::write(folder.path().join(name), "old").expect("a file"));
        let output = shell(limited, &[PROGRAM, "run", &script, "--", &folder.path().display().to_string()]);
        check_error(save.name, &output, "file too large");
        for name in targets(&save) {
            assert_eq!(std::fs::read(folder.path().join(name)).expect("a file"), b"old", "{}", save.name);
        }
        assert!(unfinished(folder.path()).is_empty(), "{}", save.name);
    }
}

#[test]
fn a_full_disk_is_an_error() {
    if !can_mount("a_full_disk_is_an_error") {
        return;
    }
    // $1 the disk, $2 the program, $3 the script, then the names of old files.
    let full = "disk=$1 program=$2 script=$3; shift 3; \
                mount -t tmpfs -o size=256k none \"$disk\" || exit 99; cd \"$disk\" || exit 99; \
                for name; do printf old > \"$name\"; done; cat /dev/zero > fill 2> /dev/null; \
                \"$program\" run \"$script\" -- \"$disk\"; code=$?; \
                for name; do cat \"$name\"; done; ls -A; exit $code";
    for save in saves() {
        let (folder, disk) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let (script, disk) = (script(&save, folder.path()), disk.path().display().to_string());
        let names: Vec<String> = targets(&save).collect();
        let arguments: Vec<&str> =
            [disk.as_str(), PROGRAM, &script].into_iter().chain(names.iter().map(String::as_str)).collect();
        let output = shell_that_mounts(full, &arguments);
        check_error(save.name, &output, "no space left");
        let mut there = names.clone();
        there.push("fill".into());
        there.sort();
        let expected = format!("{}{}\n", "old".repeat(names.len()), there.join("\n"));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", save.name);
    }
}

#[test]
fn a_read_only_disk_is_an_error() {
    if !can_mount("a_read_only_disk_is_an_error") {
        return;
    }
    let read_only = "mount -t tmpfs none \"$1\" || exit 99; cd \"$1\" || exit 99; printf old > target.csv; \
                     mount -o remount,ro \"$1\" || exit 99; \
                     \"$2\" eval \"$3\"; code=$?; cat target.csv; ls -A; exit $code";
    let disk = tempfile::tempdir().expect("a folder");
    let path = disk.path().display().to_string();
    for script in ["eye(3).save(\"target.csv\")", "random_graph(\"hub\").save(\"target.graphml\")"] {
        let output = shell_that_mounts(read_only, &[&path, PROGRAM, script]);
        check_error(script, &output, "read-only file");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "oldtarget.csv\n", "{script}");
    }
}

#[test]
fn a_folder_without_permission_and_what_is_no_file_are_errors() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::create_dir(at("target.csv")).expect("a folder");
    std::fs::create_dir(at("closed")).expect("a folder");
    std::fs::set_permissions(at("closed"), std::fs::Permissions::from_mode(0o555)).expect("permissions");
    let save = |path: &str| {
        Command::new(PROGRAM).args(["eval", &format!("eye(3).save(\"{path}\")")]).output().expect("the program")
    };
    check_error("a folder", &save(&at("target.csv")), "it is no regular file");
    check_error("no folder", &save(&at("nowhere/target.csv")), "there is no such folder");
    // Whoever runs everything as root may write everywhere.
    if std::fs::write(at("closed/probe"), "").is_err() {
        check_error("no permission", &save(&at("closed/target.csv")), "permission denied");
    }
}

#[test]
fn results_that_do_not_reach_standard_output_are_an_error() {
    if !Path::new("/dev/full").exists() {
        let _ = writeln!(std::io::stderr(), "\nSKIPPED results_that_do_not_reach_standard_output: no /dev/full");
        return;
    }
    for arguments in ["eval 'print(1);'", "eval 1", "eval --json 1", "methods", "definitions"] {
        let output = shell(&format!("\"$1\" {arguments} > /dev/full"), &[PROGRAM]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments}: {message}");
        assert!(message.contains("cannot write to standard output: No space left"), "{arguments}: {message}");
    }
    // A reader that has seen enough is no error.
    let output = shell("{ \"$1\" definitions; echo $? >&2; } | true", &[PROGRAM]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "0\n");
}
