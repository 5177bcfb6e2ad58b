//! The program `sinew`: arguments, output, exit codes. No mathematics.
//!
//! Exit codes: 0 success, 1 script error, 2 usage or syntax, 3 data or file, 4 not converged with `--strict`,
//! 5 a limit, 130 interrupted; `exit(n)` in a script gives n.

mod arguments;
mod check;
mod doc;
mod output;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;

use crate::context::{Context, FileAccess};
use crate::data::file::write_atomic;
use crate::error::Error;
use crate::script::{ScriptError, Session, SessionOptions, definitions, help, methods_json, overview};
use crate::value::Value;
use arguments::{Arguments, Command, Flags};
use output::Output;

/// Runs the program on the process' arguments.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = error.exit_code();
            // Help and version go to standard output and succeed; a broken pipe there is nobody's problem.
            let _ = error.print();
            return ExitCode::from(u8::try_from(code).unwrap_or(2));
        }
    };
    let output = Output::new(&arguments.flags);
    run(&arguments, &output)
}

fn run(arguments: &Arguments, output: &Output) -> ExitCode {
    match &arguments.command {
        Command::Run { file, args } => evaluate(&arguments.flags, output, args, |session| session.run_file(file)),
        Command::Eval { code, args } => {
            let show = !arguments.flags.json;
            evaluate(&arguments.flags, output, args, |session| {
                let value = session.eval(code)?;
                if show && session.emitted().is_none() && !matches!(value, Value::Unit) {
                    output.print(&value.to_string());
                }
                Ok(value)
            })
        }
        Command::Help { name: None } => succeed(output, &overview()),
        Command::Help { name: Some(name) } => match help(name) {
            Ok(text) => succeed(output, &text),
            Err(error) => fail(output, &ScriptError::outside(error, "help"), Some(2)),
        },
        Command::Check { files } => check::check(&arguments.flags, output, files),
        Command::Definitions { out: None } => succeed(output, &definitions()),
        Command::Definitions { out: Some(path) } => {
            match write_atomic(path, &Context::new(), |file| file.write_all(definitions().as_bytes())) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(output, &ScriptError::outside(error, "definitions"), None),
            }
        }
        Command::Doc { out, force } => doc::write(output, out, *force),
        Command::Methods => {
            let text = if arguments.flags.json { format!("{:#}", methods_json()) } else { method_list() };
            succeed(output, &text)
        }
    }
}

fn succeed(output: &Output, text: &str) -> ExitCode {
    output.result(text);
    ExitCode::SUCCESS
}

fn fail(output: &Output, error: &ScriptError, code: Option<u8>) -> ExitCode {
    output.error(error);
    ExitCode::from(code.unwrap_or_else(|| error.exit_code()))
}

fn method_list() -> String {
    let methods = crate::registry::methods();
    methods.map(|record| format!("{:<26}{}", record.verb, record.summary)).collect::<Vec<_>>().join("\n")
}

/// Runs something in a session, and prints what comes of it.
fn evaluate(
    flags: &Flags,
    output: &Output,
    args: &[String],
    run: impl FnOnce(&mut Session) -> Result<Value, ScriptError>,
) -> ExitCode {
    let started = Instant::now();
    let mut session = Session::new(SessionOptions {
        seed: flags.seed,
        threads: flags.threads,
        time_limit: flags.time_limit,
        memory_limit: flags.memory_limit.or_else(available_memory),
        max_operations: None,
        files: FileAccess::All,
        strict: flags.strict,
        print: Some(output.printer()),
        warn: Some(output.warner()),
        debug: Some(output.debugger()),
        progress: output.progress(),
    });
    if let Err(error) = stop_on_interrupt(&session) {
        return fail(output, &ScriptError::outside(error, "sinew"), None);
    }
    session.set("args", Value::List(args.iter().map(|arg| Value::from(arg.as_str())).collect()));
    let outcome = run(&mut session);
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

/// How long an interrupted computation may take to stop by itself.
const GRACE: Duration = Duration::from_millis(150);

/// Ctrl-C asks the computation to stop. A single large kernel (an eigenvalue problem of thousands of variables) or a
/// read that blocks does not look; the program then ends without it, which harms no file: they appear whole or not at all.
fn stop_on_interrupt(session: &Session) -> crate::Result<()> {
    let cancel = session.cancel_handle();
    let stop = move || {
        cancel.cancel();
        std::thread::sleep(GRACE);
        let _ = writeln!(std::io::stderr(), "error[E060]: interrupted");
        std::process::exit(130);
    };
    ctrlc::set_handler(stop).map_err(|error| Error::internal(format!("cannot listen for Ctrl-C: {error}")))
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
