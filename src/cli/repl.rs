//! The prompt: reads an input, evaluates it, prints its value, and goes on, whatever happened.

use std::cell::RefCell;
use std::fmt::Write;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Instant;

use super::arguments::Flags;
use super::editor::{Line, LineEditor};
use super::interrupt::{Interrupts, stop_on_interrupt};
use super::output::Output;
use super::watchdog::Watchdog;
use super::{fail, is_interactive, session};
use crate::context::Context;
use crate::data::file::write_atomic;
use crate::error::{Error, Result};
use crate::script::{ScriptError, Session, answer};

/// A command of the prompt.
pub struct Command {
    /// What stands behind the colon.
    pub name: &'static str,
    /// What stands behind the name.
    takes: &'static str,
    help: &'static str,
}

const fn command(name: &'static str, takes: &'static str, help: &'static str) -> Command {
    Command { name, takes, help }
}

/// The commands of the prompt.
pub const COMMANDS: &[Command] = &[
    command("help", "", "Show this"),
    command("vars", "", "List the variables"),
    command("time", "CODE", "Evaluate, and tell the seconds"),
    command("save", "FILE", "Write the inputs that succeeded as a script"),
    command("load", "FILE", "Run a script; its variables and functions stay"),
    command("quit", "", "Leave; so does Ctrl-D"),
];

/// Whether the program goes on.
enum Next {
    Continue,
    End(u8),
}

struct Repl<'a> {
    session: Rc<RefCell<Session>>,
    output: &'a Output,
    /// What `:save` writes.
    inputs: Vec<String>,
    /// The exit code of the first error.
    failed: Option<u8>,
}

/// Reads and evaluates until the input ends: from a terminal with editing, else line by line.
pub fn run(flags: &Flags, output: &Output) -> ExitCode {
    let outcome = if flags.json {
        Err(Error::usage("--json prints one document, and a prompt prints many values")
            .with_hint("sinew eval --json 'CODE', or sinew run --json SCRIPT"))
    } else {
        let session = Rc::new(RefCell::new(session(flags, output, &[])));
        let repl = Repl { session, output, inputs: Vec::new(), failed: None };
        if is_interactive() { repl.on_terminal(flags.quiet) } else { repl.on_lines() }
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(output, &ScriptError::outside(error, "sinew"), None),
    }
}

/// Whether an input can be taken as it stands.
pub fn is_complete(session: &Session, input: &str) -> bool {
    let input = input.trim_start();
    match input.strip_prefix(":time ") {
        Some(code) => session.is_complete(code),
        None => input.starts_with([':', '?']) || session.is_complete(input),
    }
}

impl Repl<'_> {
    fn on_terminal(mut self, is_quiet: bool) -> Result<u8> {
        let interrupts = Interrupts::listen(self.session.borrow().cancel_handle(), self.output.clone())?;
        let mut editor = LineEditor::new(Rc::clone(&self.session))?;
        if !is_quiet {
            self.output.result(&format!(
                "sinew {}  :help for help, ?name for a name, Ctrl-D to leave",
                env!("CARGO_PKG_VERSION")
            ));
        }
        loop {
            interrupts.waiting();
            let line = editor.read()?;
            interrupts.computing();
            match line {
                Line::Cleared => {}
                Line::End => return Ok(0),
                Line::Input(input) => {
                    if let Next::End(code) = self.take(&input) {
                        return Ok(code);
                    }
                }
            }
        }
    }

    /// From a pipe or file. The exit code is that of the first error, so that nothing fails unnoticed.
    fn on_lines(mut self) -> Result<u8> {
        stop_on_interrupt(self.session.borrow().cancel_handle(), self.output.clone())?;
        let mut input = String::new();
        for line in std::io::stdin().lines() {
            input.push_str(&line.map_err(|error| Error::file(format!("cannot read standard input: {error}")))?);
            if !is_complete(&self.session.borrow(), &input) {
                input.push('\n');
                continue;
            }
            if let Next::End(code) = self.take(&std::mem::take(&mut input)) {
                return Ok(code);
            }
        }
        // What is left is not complete: evaluating it says what is missing.
        match self.take(&input) {
            Next::End(code) => Ok(code),
            Next::Continue => Ok(self.failed.unwrap_or(0)),
        }
    }

    /// Does what an input says.
    fn take(&mut self, input: &str) -> Next {
        let input = input.trim();
        if input.starts_with('?') {
            self.answer(input);
        } else if let Some(command) = input.strip_prefix(':') {
            let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
            return self.command(word, rest.trim());
        } else if !input.is_empty() {
            return self.evaluate(input);
        }
        Next::Continue
    }

    /// What the session gives within its limits.
    fn watched<T>(&self, evaluate: impl FnOnce(&mut Session) -> T) -> T {
        let mut session = self.session.borrow_mut();
        let _watchdog = Watchdog::over(session.context(), self.output);
        evaluate(&mut session)
    }

    fn evaluate(&mut self, code: &str) -> Next {
        let outcome = self.watched(|session| session.eval_shown(code));
        self.output.end_progress();
        match outcome {
            Ok(shown) => {
                if let Some(text) = shown {
                    self.output.print(&text);
                }
                self.inputs.push(code.to_string());
                self.session.borrow().exit_code().map_or(Next::Continue, Next::End)
            }
            Err(error) => self.refuse(&error),
        }
    }

    fn command(&mut self, word: &str, rest: &str) -> Next {
        let command = match find_command(word, rest) {
            Ok(command) => command,
            Err(error) => return self.refuse(&ScriptError::outside(error, "input")),
        };
        match command.name {
            "vars" => self.output.print(&self.variables()),
            "time" => return self.time(rest),
            "save" => return self.save(rest),
            "load" => return self.load(rest),
            "quit" => return Next::End(self.failed.filter(|_| !is_interactive()).unwrap_or(0)),
            _ => self.output.print(&commands_help()),
        }
        Next::Continue
    }

    fn time(&mut self, code: &str) -> Next {
        let started = Instant::now();
        let next = self.evaluate(code);
        self.output.print(&format!("{:.3} s", started.elapsed().as_secs_f64()));
        next
    }

    fn load(&mut self, path: &str) -> Next {
        let outcome = self.watched(|session| session.load_file(path));
        self.output.end_progress();
        if let Err(error) = outcome {
            return self.refuse(&error);
        }
        // What follows may need what the file defines.
        if let Ok(text) = std::fs::read_to_string(path) {
            let text = if text.starts_with("#!") { format!("//{text}") } else { text };
            self.inputs.push(format!("// from {path}\n{}", text.trim_end()));
        }
        self.session.borrow().exit_code().map_or(Next::Continue, Next::End)
    }

    fn save(&mut self, path: &str) -> Next {
        let script = script_of(&self.inputs);
        match write_atomic(path, &Context::new(), |out| out.write_all(script.as_bytes())) {
            Ok(()) => {
                self.output.print(&format!("{} inputs written to {path}", self.inputs.len()));
                Next::Continue
            }
            Err(error) => self.refuse(&ScriptError::outside(error, "input")),
        }
    }

    fn variables(&self) -> String {
        let variables = self.session.borrow().variables();
        let width = variables.iter().map(|variable| variable.name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for variable in variables {
            let _ = writeln!(text, "{:<width$}  {:<9} {}", variable.name, variable.type_name, variable.summary);
        }
        text.trim_end().to_string()
    }

    fn answer(&mut self, question: &str) {
        match answer(question) {
            Ok(text) => self.output.print(text.trim_end()),
            Err(error) => {
                self.refuse(&ScriptError::outside(error, "help"));
            }
        }
    }

    /// Shows an error; the session goes on.
    fn refuse(&mut self, error: &ScriptError) -> Next {
        let code = error.exit_code();
        self.failed.get_or_insert(code);
        self.output.error(error, code);
        Next::Continue
    }
}

/// The command of a name, or of the beginning of one, with what it needs behind it.
fn find_command(word: &str, rest: &str) -> Result<&'static Command> {
    let known = COMMANDS.iter().map(|command| format!(":{}", command.name)).collect::<Vec<_>>();
    let mut found = COMMANDS.iter().filter(|command| !word.is_empty() && command.name.starts_with(word));
    let (Some(command), None) = (found.next(), found.next()) else {
        return Err(Error::usage(format!("there is no command ':{word}'"))
            .with_nearest(&format!(":{word}"), known.iter().map(String::as_str))
            .or_hint(":help lists the commands"));
    };
    match (command.takes, rest) {
        ("", "") => Ok(command),
        ("", extra) => Err(Error::usage(format!(":{} takes nothing, not '{extra}'", command.name))),
        (takes, "") => {
            Err(Error::usage(format!(":{} needs {takes}", command.name))
                .with_hint(format!(":{} {takes}", command.name)))
        }
        _ => Ok(command),
    }
}

fn commands_help() -> String {
    let mut text = String::from("Type a script, line by line; the last value is shown. Tab completes.\n\n");
    let names = [("?NAME", "Explain a name"), ("??TEXT", "Search names and summaries")];
    for (name, help) in names {
        let _ = writeln!(text, "{name:<14}{help}");
    }
    for command in COMMANDS {
        let _ = writeln!(text, "{:<14}{}", format!(":{} {}", command.name, command.takes).trim_end(), command.help);
    }
    text + "Ctrl-C        Give up the line, or stop a computation; what was set stays"
}

/// The inputs as one script: every one ends, so that the next can follow.
fn script_of(inputs: &[String]) -> String {
    let mut script = String::from("// Inputs of a session of sinew.\n");
    for input in inputs {
        let last = input.lines().last().unwrap_or_default();
        let end = if input.ends_with(';') {
            ""
        } else if last.contains("//") {
            "\n;"
        } else {
            ";"
        };
        let _ = writeln!(script, "{input}{end}");
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_by_their_beginning_and_checked() {
        assert_eq!(find_command("q", "").map(|command| command.name).ok(), Some("quit"));
        assert_eq!(find_command("time", "1 + 1").map(|command| command.name).ok(), Some("time"));
        let message =
            |word: &str, rest: &str| find_command(word, rest).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(message("vras", ""), "there is no command ':vras' (did you mean ':vars'?)");
        assert!(message("", "").contains(":help lists") && message("save", "").contains(":save needs FILE"));
        assert!(message("vars", "x").contains("takes nothing"));
    }

    #[test]
    fn saved_inputs_are_a_script() {
        let inputs = ["let x = 20", "fn f(a) { a + 1 }", "f(x) // shown", "let y = f(x) + x;"].map(String::from);
        let script = script_of(&inputs);
        let mut session = Session::sandboxed();
        session.eval(&script).unwrap_or_else(|error| panic!("{script}\n{error}"));
        assert_eq!(session.get::<i64>("y"), Ok(41));
    }

    #[test]
    fn commands_are_complete_and_code_waits_for_its_brackets() {
        let session = Session::sandboxed();
        for input in [":vars (", "?f(", "1 + 1", ":time 1"] {
            assert!(is_complete(&session, input), "{input}");
        }
        for input in ["f(", ":time f(", "  let x ="] {
            assert!(!is_complete(&session, input), "{input}");
        }
    }
}
