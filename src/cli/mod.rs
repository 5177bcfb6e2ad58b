//! The program `sinew`: arguments, output, exit codes. No mathematics.
//!
//! Exit codes: 0 success, 1 script error, 2 usage or syntax, 3 data or file, 4 not converged with `--strict`,
//! 5 a limit, 130 interrupted; `exit(n)` in a script gives n.

mod arguments;
mod check;
mod doc;
mod editor;
mod interrupt;
#[cfg(feature = "kernel")]
mod kernel;
mod notebook;
mod output;
pub(crate) mod progress;
mod repl;
mod watchdog;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use clap::{CommandFactory, Parser};

use crate::context::Context;
use crate::data::file::write_atomic;
use crate::devices::devices;
use crate::error::Error;
use crate::explain::{EXPLANATIONS, codes, explain};
use crate::script::{
    MemoryProbe, Sandbox, ScriptError, Session, SessionOptions, definitions, help, methods_json, overview,
};
use crate::value::Value;
use arguments::{Arguments, Command, ErrorFormat, Flags};
use interrupt::stop_on_interrupt;
use output::Output;
use watchdog::Watchdog;

/// Counts the bytes that the program's allocator has given out.
static HELD: OnceLock<fn() -> usize> = OnceLock::new();

/// Runs the program on the process' arguments; `held` tells the bytes that its allocator has given out and not got back.
pub fn main(held: fn() -> usize) -> ExitCode {
    HELD.get_or_init(|| held);
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let output = Output::new(&arguments.flags);
    let code = obey(&arguments, &output);
    // A success whose results nobody has would mislead.
    output.lost().map_or(code, |error| fail(&output, &ScriptError::outside(error, "sinew"), None))
}

/// Does what the arguments say.
fn obey(arguments: &Arguments, output: &Output) -> ExitCode {
    let flags = &arguments.flags;
    match &arguments.command {
        None if is_interactive() => repl::run(flags, output),
        None => no_command(output, flags),
        Some(Command::Repl) => repl::run(flags, output),
        Some(Command::Run { file, args }) => evaluate(flags, output, args, |session| session.run_file(file)),
        Some(Command::Eval { code, args }) => {
            let show = !flags.json;
            evaluate(flags, output, args, |session| {
                let value = session.eval(code)?;
                if show && session.emitted().is_none() && !matches!(value, Value::Unit) {
                    output.print(&value.to_string());
                }
                Ok(value)
            })
        }
        Some(Command::Check { files }) => check::check(flags, output, files),
        Some(Command::Doc { out, force }) => doc::write(output, out, *force),
        Some(Command::Notebook { action }) => notebook::run(action, flags, output),
        #[cfg(feature = "kernel")]
        Some(Command::Kernel { action }) => kernel::run(action, flags, output),
        Some(other) => tell(other, flags, output)
            .unwrap_or_else(|error| fail(output, &ScriptError::outside(error, "sinew"), Some(2))),
    }
}

/// What needs no session: help, lists, explanations.
fn tell(command: &Command, flags: &Flags, output: &Output) -> crate::Result<ExitCode> {
    let pretty = |json: serde_json::Value| format!("{json:#}");
    let text = match command {
        Command::Help { name: None } => overview(),
        Command::Help { name: Some(name) } => help(name)?,
        Command::Methods if flags.json => pretty(methods_json()),
        Command::Methods => method_list(),
        Command::Explain { code: None } if flags.json => {
            pretty(EXPLANATIONS.iter().map(|known| known.to_json()).collect())
        }
        Command::Explain { code: None } => codes(),
        Command::Explain { code: Some(code) } if flags.json => pretty(explain(code)?.to_json()),
        Command::Explain { code: Some(code) } => explain(code)?.to_string(),
        Command::Devices => {
            let devices = devices(flags.threads.unwrap_or_else(|| Context::new().threads()));
            if flags.json {
                pretty(devices.iter().map(|device| device.to_value().to_json()).collect())
            } else {
                devices.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            }
        }
        Command::Completions { .. } if flags.json => {
            return Err(Error::usage("completions are for a shell, which reads no JSON").with_hint("leave --json out"));
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "sinew", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
        Command::Definitions { out: None } => definitions(),
        Command::Definitions { out: Some(path) } => return write_definitions(path, output),
        Command::Run { .. }
        | Command::Eval { .. }
        | Command::Repl
        | Command::Check { .. }
        | Command::Doc { .. }
        | Command::Notebook { .. } => {
            return Err(Error::internal("this command does not only tell something"));
        }
        #[cfg(feature = "kernel")]
        Command::Kernel { .. } => return Err(Error::internal("a kernel does not only tell something")),
    };
    output.result(&text);
    Ok(ExitCode::SUCCESS)
}

fn write_definitions(path: &str, output: &Output) -> crate::Result<ExitCode> {
    Ok(match write_atomic(path, &Context::new(), |file| file.write_all(definitions().as_bytes())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(output, &ScriptError::outside(error, "definitions"), None),
    })
}

/// Whether a person sits there.
fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// What clap has to say: help and version go to standard output and succeed, everything else is an error.
fn refuse(error: &clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).unwrap_or(2);
    if code == 0 || !wants_json_errors(std::env::args_os()) {
        // A broken pipe there is nobody's problem.
        let _ = error.print();
        return ExitCode::from(code);
    }
    let text = error.render().to_string();
    let message = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let error = ScriptError::outside(Error::usage(message).with_hint("`sinew --help` shows what there is"), "sinew");
    fail(&Output::of_errors(ErrorFormat::Json), &error, Some(code))
}

/// Whether `--error-format json` stands among arguments that clap did not accept.
fn wants_json_errors(args: impl Iterator<Item = OsString>) -> bool {
    let mut is_next = false;
    for arg in args.take_while(|arg| arg != "--") {
        if arg == "--error-format=json" || (is_next && arg == "json") {
            return true;
        }
        is_next = arg == "--error-format";
    }
    false
}

/// Without a command and without a terminal there is nothing to do.
fn no_command(output: &Output, flags: &Flags) -> ExitCode {
    if flags.error_format == ErrorFormat::Json {
        let error = Error::usage("there is no command").with_hint("sinew run SCRIPT, sinew eval CODE, sinew --help");
        return fail(output, &ScriptError::outside(error, "sinew"), None);
    }
    let _ = write!(std::io::stderr(), "{}", Arguments::command().render_help());
    ExitCode::from(2)
}

fn fail(output: &Output, error: &ScriptError, code: Option<u8>) -> ExitCode {
    let code = code.unwrap_or_else(|| error.exit_code());
    output.error(error, code);
    ExitCode::from(code)
}

fn method_list() -> String {
    let methods = crate::registry::methods();
    methods.map(|record| format!("{:<26}{}", record.verb, record.summary)).collect::<Vec<_>>().join("\n")
}

/// What the program's flags say of a session.
fn session_options(flags: &Flags) -> SessionOptions {
    let sandbox = Sandbox::trusted()
        .threads(flags.threads)
        .time(flags.time_limit)
        .memory(flags.memory_limit.or_else(available_memory));
    let memory_probe = HELD.get().map(|&held| -> MemoryProbe { Arc::new(held) });
    SessionOptions { sandbox, seed: flags.seed, strict: flags.strict, memory_probe, ..SessionOptions::trusted() }
}

/// A session under the program's flags.
fn session(flags: &Flags, output: &Output, args: &[String]) -> Session {
    let mut session = Session::new(SessionOptions {
        print: Some(output.printer()),
        warn: Some(output.warner()),
        debug: Some(output.debugger()),
        progress: output.progress(),
        input: Some(output.asker()),
        ..session_options(flags)
    });
    session.set_args(args);
    session
}

/// Runs something in a session, and prints what comes of it.
fn evaluate(
    flags: &Flags,
    output: &Output,
    args: &[String],
    run: impl FnOnce(&mut Session) -> Result<Value, ScriptError>,
) -> ExitCode {
    let started = Instant::now();
    let mut session = session(flags, output, args);
    if let Err(error) = stop_on_interrupt(session.cancel_handle(), output.clone()) {
        return fail(output, &ScriptError::outside(error, "sinew"), None);
    }
    let watchdog = Watchdog::over(session.context(), output);
    let outcome = run(&mut session);
    drop(watchdog);
    output.end_progress();
    match outcome {
        Ok(value) => {
            if flags.json {
                output.json(&report(&session, &session.emitted().unwrap_or(value), started));
            }
            ExitCode::from(session.exit_code().unwrap_or(0))
        }
        Err(error) => fail(output, &error, None),
    }
}

/// What `--json` prints.
fn report(session: &Session, value: &Value, started: Instant) -> serde_json::Value {
    serde_json::json!({
        "schema_version": 1,
        "value": value.to_json(),
        "seed": session.seed(),
        "warnings": session.warnings(),
        "seconds": started.elapsed().as_secs_f64(),
    })
}

/// The memory that is free when the program starts, where the system tells: a matrix that does not fit is then an
/// error instead of a killed process.
fn available_memory() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// A function that receives text.
type Printer = Arc<dyn Fn(&str) + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_errors_are_noticed_before_the_flags_are_read() {
        let wants = |line: &str| wants_json_errors(line.split(' ').map(OsString::from));
        assert!(wants("sinew --error-format json eva") && wants("sinew eval --error-format=json"));
        assert!(!wants("sinew eval 1 -- --error-format json") && !wants("sinew --error-format human json"));
    }
}
