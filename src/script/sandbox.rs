//! What a script may do.

use std::path::PathBuf;
use std::time::Duration;

use crate::context::{Context, FileAccess};

/// What a script may do: which files it may touch, and how much time, memory, text and numbers it may use.
///
/// The default is for scripts of other people: no files, 10 seconds, 1 GB, 10^8 operations and 10 MB of output for each
/// evaluation, calls 64 levels deep, no `eval`. Limits on time, memory and operations hold for all threads of an
/// evaluation together, and within functions of this crate. When one is reached, the evaluation ends with an error of the
/// kind [`Time`](crate::ErrorKind::Time), [`Memory`](crate::ErrorKind::Memory) or [`Limit`](crate::ErrorKind::Limit), and
/// the session is usable again.
///
/// No script can start a process or open a connection: there are no functions for that, in any sandbox.
///
/// ```
/// use std::time::Duration;
/// use sinew::ErrorKind;
/// use sinew::script::{Sandbox, Session};
/// let mut session = Session::with_sandbox(Sandbox::new().time(Duration::from_millis(50)).threads(2));
/// assert_eq!(session.eval("loop { }").unwrap_err().error.kind(), ErrorKind::Time);
/// assert_eq!(session.eval_as::<i64>("6 * 7")?, 42);
/// # Ok::<(), sinew::script::ScriptError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    pub(super) files: FileAccess,
    pub(super) time: Option<Duration>,
    pub(super) memory: Option<usize>,
    pub(super) operations: Option<u64>,
    pub(super) threads: Option<usize>,
    pub(super) output: Option<usize>,
    pub(super) call_depth: usize,
    pub(super) matrix_size: Option<usize>,
    pub(super) has_eval: bool,
    /// Whether the script is the user's own: its values are not counted one by one, which makes them fast.
    pub(super) is_trusted: bool,
    pub(super) watches_process: bool,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            files: FileAccess::None,
            time: Some(Duration::from_secs(10)),
            memory: Some(1_000_000_000),
            operations: Some(100_000_000),
            threads: None,
            output: Some(10_000_000),
            call_depth: 64,
            matrix_size: None,
            has_eval: false,
            is_trusted: false,
            watches_process: true,
        }
    }
}

impl Sandbox {
    /// For scripts of other people: the default.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a user's own scripts: all files, `eval`, and no limit but the depth of calls.
    pub fn trusted() -> Self {
        Self {
            files: FileAccess::All,
            time: None,
            memory: None,
            operations: None,
            output: None,
            has_eval: true,
            is_trusted: true,
            ..Self::default()
        }
    }

    /// Files below this folder may be read, and modules imported from it; relative paths start there. Each call adds a
    /// folder. Links that lead out of it are not followed, and nothing but regular files is opened.
    #[must_use]
    pub fn read(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders().0.push(folder.into());
        self
    }

    /// Files below this folder may be written, and those that are there be replaced; relative paths start there. Each call
    /// adds a folder. What a script writes it can read only where the folder is given to [`Sandbox::read`] too. How much
    /// is written has no limit of its own.
    #[must_use]
    pub fn write(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders().1.push(folder.into());
        self
    }

    /// The lists of folders; an access that had none, or was to everything, begins with empty ones.
    fn folders(&mut self) -> (&mut Vec<PathBuf>, &mut Vec<PathBuf>) {
        if !matches!(self.files, FileAccess::Under { .. }) {
            self.files = FileAccess::Under { read: Vec::new(), write: Vec::new() };
        }
        match &mut self.files {
            FileAccess::Under { read, write } => (read, write),
            FileAccess::All | FileAccess::None => unreachable!("the line above has made them folders"),
        }
    }

    /// Which files may be touched, in place of what was said before.
    #[must_use]
    pub fn files(mut self, files: FileAccess) -> Self {
        self.files = files;
        self
    }

    /// Time for each evaluation, by the clock; `None` for no limit.
    #[must_use]
    pub fn time(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.time = limit.into();
        self
    }

    /// Bytes that matrices and working space of the engine may take together, and by which what a script holds may grow
    /// during an evaluation; `None` for no limit.
    #[must_use]
    pub fn memory(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.memory = bytes.into();
        self
    }

    /// Operations of the script language for each evaluation, on all threads together; `None` for no limit.
    #[must_use]
    pub fn operations(mut self, count: impl Into<Option<u64>>) -> Self {
        self.operations = count.into();
        self
    }

    /// Threads that an evaluation may use; `None` for all processors. The number never changes a result.
    #[must_use]
    pub fn threads(mut self, count: impl Into<Option<usize>>) -> Self {
        self.threads = count.into();
        self
    }

    /// Bytes of text that an evaluation may print, display, debug and warn together; `None` for no limit. What is beyond
    /// it is not shown.
    #[must_use]
    pub fn output(mut self, bytes: impl Into<Option<usize>>) -> Self {
        self.output = bytes.into();
        self
    }

    /// How deep functions of scripts may call each other. Each level takes stack of the thread: with more than a few hundred
    /// levels that thread needs a larger one.
    #[must_use]
    pub fn call_depth(mut self, levels: usize) -> Self {
        self.call_depth = levels;
        self
    }

    /// Numbers that one matrix may have, or one working space of a method; `None` for no limit but memory.
    #[must_use]
    pub fn matrix_size(mut self, numbers: impl Into<Option<usize>>) -> Self {
        self.matrix_size = numbers.into();
        self
    }

    /// Whether scripts may `eval` a text.
    #[must_use]
    pub fn eval(mut self, may: bool) -> Self {
        self.has_eval = may;
        self
    }

    /// Whether the limit on memory also holds for the growth of the whole process, where the system tells it (on Linux).
    /// On by default, because texts, lists and maps of scripts are counted nowhere else. A host that runs many sessions at
    /// once sees in it the others' growth too: it had better give each session a count of its own
    /// ([`SessionOptions::memory_probe`](method@super::SessionOptions::memory_probe)), or turn this off and limit the process.
    #[must_use]
    pub fn watch_process(mut self, does: bool) -> Self {
        self.watches_process = does;
        self
    }

    /// The context of a session in this sandbox.
    pub(super) fn context(&self) -> Context {
        let mut context = Context::new().with_files(self.files.clone());
        if let Some(threads) = self.threads {
            context = context.with_threads(threads);
        }
        if let Some(bytes) = self.memory {
            context = context.with_memory_limit(bytes);
        }
        match self.matrix_size {
            Some(numbers) => context.with_max_elements(numbers),
            None => context,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_add_up_and_nothing_is_the_default() {
        assert_eq!(Sandbox::new().files, FileAccess::None);
        let sandbox = Sandbox::trusted().read("a").write("b").read("c");
        let expected = FileAccess::Under { read: vec!["a".into(), "c".into()], write: vec!["b".into()] };
        assert_eq!(sandbox.files, expected, "a folder takes the place of everything");
        assert_eq!(Sandbox::new().time(None).time, None);
    }
}
