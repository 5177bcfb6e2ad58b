//! The line of a prompt on a terminal: editing, history, completion, input over several lines.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use rustyline::completion::{Completer, Pair, longest_common_prefix};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter, MatchingBracketHighlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Editor, Helper};

use super::repl::{COMMANDS, is_complete};
use crate::error::{Error, Result};
use crate::script::{Candidate, CandidateKind, Completion, Session};

/// The prompt without and with colour; which of them the terminal gets is up to it and `NO_COLOR`.
const PROMPT: (&str, &str) = ("sinew> ", "\x1b[1;36msinew> \x1b[0m");

/// Inputs that the history keeps.
const HISTORY: usize = 10_000;

/// Candidates that a terminal can list; for more, what they have in common is filled in.
const LISTED: usize = 10_000;

/// What came of reading a line.
pub enum Line {
    /// An input, over one line or several.
    Input(String),
    /// The user gave the input up.
    Cleared,
    /// There is no more input.
    End,
}

/// An editor of lines.
pub struct LineEditor {
    editor: Editor<Assistant, DefaultHistory>,
    history: Option<PathBuf>,
}

impl LineEditor {
    /// An editor that completes from `session`, with the history of earlier sessions.
    ///
    /// # Errors
    /// A terminal that cannot be used.
    pub fn new(session: Rc<RefCell<Session>>) -> Result<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY)
            .map_err(unusable)?
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .build();
        let mut editor = Editor::with_config(config).map_err(unusable)?;
        editor.set_helper(Some(Assistant { session, brackets: MatchingBracketHighlighter::new() }));
        let history = history_file();
        if let Some(path) = &history {
            // There is none the first time.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }

    /// Reads an input.
    ///
    /// # Errors
    /// A terminal that cannot be read any more.
    pub fn read(&mut self) -> Result<Line> {
        match self.editor.readline(&PROMPT) {
            Ok(input) => {
                self.remember(&input);
                Ok(Line::Input(input))
            }
            Err(ReadlineError::Interrupted) => Ok(Line::Cleared),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(unusable(error)),
        }
    }

    /// Adds to the history at once, so that nothing is lost with the terminal. A history that cannot be written must
    /// not stop anybody's work.
    fn remember(&mut self, input: &str) {
        let _ = self.editor.add_history_entry(input);
        if let Some(path) = &self.history {
            let _ = self.editor.append_history(path);
        }
    }
}

fn unusable(error: ReadlineError) -> Error {
    Error::file(format!("cannot read from the terminal: {error}")).with_hint("`sinew run` and `sinew eval` need none")
}

/// The history in the user's folder for data, which is made if need be.
fn history_file() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let data = folder("XDG_DATA_HOME")
        .or_else(|| folder("HOME").map(|home| home.join(".local").join("share")))
        .or_else(|| folder("LOCALAPPDATA"))?
        .join("sinew");
    std::fs::create_dir_all(&data).ok()?;
    Some(data.join("history"))
}

/// What helps while a line is edited.
struct Assistant {
    session: Rc<RefCell<Session>>,
    brackets: MatchingBracketHighlighter,
}

impl Helper for Assistant {}

impl Hinter for Assistant {
    type Hint = String;
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, position: usize) -> Cow<'l, str> {
        self.brackets.highlight(line, position)
    }

    fn highlight_char(&self, line: &str, position: usize, kind: CmdKind) -> bool {
        self.brackets.highlight_char(line, position, kind)
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let is_complete = is_complete(&self.session.borrow(), context.input());
        Ok(if is_complete { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let completion = complete(&self.session.borrow(), &line[..position]);
        Ok((completion.start, listed(completion.candidates)))
    }
}

/// What can stand at the end of `line`: a command with what it takes, or a piece of script.
fn complete(session: &Session, line: &str) -> Completion {
    let Some(command) = line.trim_start().strip_prefix(':') else { return session.complete(line, line.len()) };
    let Some((word, rest)) = command.split_once(' ') else {
        let names = COMMANDS.iter().map(|command| command.name).filter(|name| name.starts_with(command));
        let names = names.map(|name| Candidate { text: name.into(), kind: CandidateKind::Keyword, detail: "".into() });
        return Completion { start: line.len() - command.len(), candidates: names.collect() };
    };
    let mut completion = match word {
        "load" | "save" => session.complete_path(rest),
        "time" => session.complete(rest, rest.len()),
        _ => Completion { start: rest.len(), candidates: Vec::new() },
    };
    completion.start += line.len() - rest.len();
    completion
}

/// Candidates as the terminal lists them; a variable is listed with its type.
fn listed(candidates: Vec<Candidate>) -> Vec<Pair> {
    let pair = |candidate: Candidate| Pair {
        display: match candidate.kind {
            CandidateKind::Variable => format!("{} ({})", candidate.text, candidate.detail),
            _ => candidate.text.clone(),
        },
        replacement: candidate.text,
    };
    let pairs: Vec<Pair> = candidates.into_iter().map(pair).collect();
    if pairs.len() <= LISTED {
        return pairs;
    }
    let common = longest_common_prefix(&pairs).map(String::from);
    common.into_iter().map(|common| Pair { display: common.clone(), replacement: common }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_they_take_are_completed() {
        let session = Session::trusted();
        let texts = |line: &str| {
            let completion = complete(&session, line);
            (completion.start, completion.candidates.into_iter().map(|found| found.text).collect::<Vec<_>>())
        };
        assert_eq!(texts(" :va"), (2, vec!["vars".to_string()]));
        assert_eq!(texts(":time graphical_lasso_p"), (6, vec!["graphical_lasso_path".to_string()]));
        assert_eq!(texts(":vars x").1, Vec::<String>::new());
        assert_eq!(texts("?graphical_lasso_p").0, 1);
    }

    #[test]
    fn more_candidates_than_a_terminal_lists_become_their_common_part() {
        let many = |count: usize| {
            let names = (0..count).map(|i| Candidate {
                text: format!("gene{i}"),
                kind: CandidateKind::Name,
                detail: String::new(),
            });
            listed(names.collect())
        };
        assert_eq!(many(3).len(), 3);
        let common = many(LISTED + 1);
        assert_eq!((common.len(), common[0].replacement.as_str()), (1, "gene"));
    }
}
