//! `sinew kernel`: the kernel for Jupyter notebooks, made known, taken away, run, examined.

use std::process::ExitCode;

use super::arguments::{Flags, KernelCommand, KernelPlace};
use super::output::Output;
use super::{fail, session_options};
use crate::error::{Error, Result};
use crate::jupyter::{Finding, Place, examine, install, serve, uninstall};
use crate::script::ScriptError;

/// Does what the sub-command says.
pub fn run(action: &KernelCommand, flags: &Flags, output: &Output) -> ExitCode {
    let outcome = match action {
        KernelCommand::Install { place } => {
            let folder = install(&place_of(place), &place.name, &kept(flags));
            folder.map(|folder| told("kernel", &folder.display().to_string(), flags, output))
        }
        KernelCommand::Uninstall { place } => {
            let folder = uninstall(&place_of(place), &place.name);
            folder.map(|folder| told("removed", &folder.display().to_string(), flags, output))
        }
        KernelCommand::Start { connection_file } => start(connection_file, flags),
        KernelCommand::Doctor => Ok(report(&examine(), flags, output)),
    };
    outcome.unwrap_or_else(|error| fail(output, &ScriptError::outside(error, "kernel"), None))
}

fn start(connection_file: &str, flags: &Flags) -> Result<ExitCode> {
    if flags.json {
        return Err(Error::usage("a kernel prints nothing").with_hint("leave --json out"));
    }
    serve(connection_file, session_options(flags), flags.quiet).map(|()| ExitCode::SUCCESS)
}

fn place_of(place: &KernelPlace) -> Place {
    match &place.prefix {
        Some(folder) => Place::Prefix(folder.clone()),
        None if place.sys_prefix => Place::SysPrefix,
        None => Place::User,
    }
}

/// What was done with a folder.
fn told(what: &str, folder: &str, flags: &Flags, output: &Output) -> ExitCode {
    if flags.json {
        output.json(&serde_json::json!({ "schema_version": 1, what: folder }));
    } else {
        output.done(&format!("{what}: {folder}"));
    }
    ExitCode::SUCCESS
}

/// The flags that hold for the notebooks of an installed kernel. `--quiet` is about the installation.
fn kept(flags: &Flags) -> Vec<String> {
    let valued = [
        ("--seed", flags.seed.map(|seed| seed.to_string())),
        ("--threads", flags.threads.map(|threads| threads.to_string())),
        ("--time-limit", flags.time_limit.map(|limit| limit.as_secs_f64().to_string())),
        ("--memory-limit", flags.memory_limit.map(|bytes| bytes.to_string())),
    ];
    let valued = valued.into_iter().filter_map(|(flag, value)| value.map(|value| [flag.to_string(), value])).flatten();
    let plain =
        [("--strict", flags.strict)].into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag.to_string());
    valued.chain(plain).collect()
}

/// What the doctor found, with `--quiet` what is wrong; exit code 1 where something is.
fn report(findings: &[Finding], flags: &Flags, output: &Output) -> ExitCode {
    let is_well = findings.iter().all(|finding| finding.mend.is_none());
    if flags.json {
        let list: Vec<_> = findings
            .iter()
            .map(|finding| serde_json::json!({ "ok": finding.mend.is_none(), "text": finding.text, "help": finding.mend }))
            .collect();
        output.json(&serde_json::json!({ "schema_version": 1, "ok": is_well, "findings": list }));
    } else {
        let lines: Vec<String> = findings
            .iter()
            .filter(|finding| !flags.quiet || finding.mend.is_some())
            .map(|finding| match &finding.mend {
                None => format!("ok     {}", finding.text),
                Some(mend) => format!("wrong  {}\n       help: {mend}", finding.text),
            })
            .collect();
        if !lines.is_empty() {
            output.result(&lines.join("\n"));
        }
    }
    ExitCode::from(u8::from(!is_well))
}

#[cfg(test)]
mod tests {
    use super::super::arguments::{Arguments, Command};
    use super::*;
    use clap::Parser;

    #[test]
    fn flags_of_an_installed_kernel_are_kept() {
        let line = ["sinew", "kernel", "install", "--threads", "2", "--memory-limit", "1GB", "--strict", "--name", "a"];
        let arguments = Arguments::try_parse_from(line).expect("arguments");
        assert_eq!(kept(&arguments.flags), ["--threads", "2", "--memory-limit", "1000000000", "--strict"]);
        let Some(Command::Kernel { action: KernelCommand::Install { place } }) = arguments.command else {
            panic!("another command");
        };
        assert!(matches!(place_of(&place), Place::User) && place.name == "a");
        assert!(Arguments::try_parse_from(["sinew", "kernel", "install", "--user", "--sys-prefix"]).is_err());
    }
}
