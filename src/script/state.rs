//! What a session knows besides its variables; native functions reach it through the engine's tag.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rhai::{Dynamic, NativeCallContext};

use crate::context::{Context, FileAccess, human_bytes};
use crate::data::{Matrix, Table, Vector};
use crate::error::{Error, ErrorKind, Result};
use crate::value::Value;

/// Receives what a script prints, or its warnings.
pub type Printer = Arc<dyn Fn(&str) + Send + Sync>;

/// Receives a value that a script displays, with the name of the display that it takes the place of.
pub type Displayer = Arc<dyn Fn(&Value, Option<&str>) + Send + Sync>;

/// Takes away what was shown so far: at once, or (`true`) when something else is shown.
pub type Clearer = Arc<dyn Fn(bool) + Send + Sync>;

/// Asks a person for a line of text, with a prompt.
pub type Asker = Arc<dyn Fn(&str) -> Result<String> + Send + Sync>;

/// Where what a script shows goes, and where what it asks for comes from.
#[derive(Clone)]
pub struct Outlets {
    pub print: Printer,
    pub warn: Printer,
    pub debug: Printer,
    /// Values are printed where there is none.
    pub display: Option<Displayer>,
    /// Nothing can be taken away where there is none.
    pub clear: Option<Clearer>,
    /// Nobody can be asked where there is none.
    pub input: Option<Asker>,
}

/// A session's state, shared by its engine's functions.
pub struct State {
    context: Context,
    outlets: Outlets,
    output: Meter,
    emitted: Mutex<Option<Value>>,
    warnings: Mutex<Vec<String>>,
    script_dir: Mutex<Option<String>>,
    args: Mutex<Vec<String>>,
    exit: Mutex<Option<u8>>,
}

/// What stops a script that calls `exit`.
#[derive(Debug, Clone)]
pub struct Exit;

/// What the engine's tag holds.
#[derive(Clone)]
pub struct StateHandle(pub Arc<State>);

impl State {
    /// A state under `context`.
    pub fn new(context: Context, outlets: Outlets, most_output: Option<usize>) -> Self {
        Self {
            context,
            outlets,
            output: Meter::new(most_output),
            emitted: Mutex::default(),
            warnings: Mutex::default(),
            script_dir: Mutex::default(),
            args: Mutex::default(),
            exit: Mutex::default(),
        }
    }

    /// The context that computations run under now.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Forgets how much was shown, before an evaluation.
    pub fn restart_output(&self) {
        self.output.used.store(0, Ordering::Relaxed);
    }

    /// # Errors
    /// The script was cancelled, its time is up, or it has shown more than it may.
    pub fn check(&self) -> Result<()> {
        self.check_at(Instant::now())
    }

    /// As [`State::check`] for who has just read the clock.
    ///
    /// # Errors
    /// As there.
    pub fn check_at(&self, now: Instant) -> Result<()> {
        self.context.check_at(now)?;
        self.output.check()
    }

    /// Shows what a script prints.
    pub fn print(&self, text: &str) {
        self.deliver(Line::Print(text.to_string()));
    }

    /// Remembers and shows a warning.
    pub fn warning(&self, text: &str) {
        self.deliver(Line::Warning(text.to_string()));
    }

    /// Shows what a script debugs.
    pub fn debug(&self, text: String) {
        self.deliver(Line::Debug(text));
    }

    /// Displays a value, in the place of what was displayed under `id` before.
    pub fn display(&self, value: Value, id: Option<String>) {
        self.deliver(Line::Display(value, id));
    }

    /// Whether values are displayed as they are, not as printed text.
    #[cfg(feature = "plot")]
    pub fn has_displays(&self) -> bool {
        self.outlets.display.is_some()
    }

    /// Takes away what was shown so far, at once or (`wait`) when something else is shown.
    pub fn clear_output(&self, wait: bool) {
        self.deliver(Line::Clear(wait));
    }

    /// Asks a person for a line of text.
    ///
    /// # Errors
    /// Where nobody can be asked.
    pub fn ask(&self, prompt: &str) -> Result<String> {
        let ask = self.outlets.input.as_ref().ok_or_else(no_input)?;
        let asked = Instant::now();
        let answer = ask(prompt);
        // A person may think: that is no time of the script.
        self.context.extend_clock(asked.elapsed());
        answer
    }

    /// Shows a line; within an item of a parallel call it waits for the items before.
    fn deliver(&self, line: Line) {
        // What is too much is not kept either: the script ends at its next operation.
        if !self.output.takes(&line) {
            return;
        }
        let line = ITEMS.with_borrow(|items| match items.iter().rev().find(|item| item.state == self) {
            Some(item) => {
                lock(&item.shown).push(line);
                None
            }
            None => Some(line),
        });
        if let Some(line) = line {
            self.show(line);
        }
    }

    /// Shows a line at once.
    fn show(&self, line: Line) {
        match line {
            Line::Print(text) => (self.outlets.print)(&text),
            Line::Debug(text) => (self.outlets.debug)(&text),
            Line::Display(value, id) => match &self.outlets.display {
                Some(display) => display(&value, id.as_deref()),
                None => (self.outlets.print)(&value.to_string()),
            },
            Line::Clear(wait) => {
                if let Some(clear) = &self.outlets.clear {
                    clear(wait);
                }
            }
            Line::Emit(value) => {
                if let Some(display) = &self.outlets.display {
                    display(&value, None);
                }
                *self.emitted.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            }
            Line::Warning(text) => {
                self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone());
                (self.outlets.warn)(&text);
            }
        }
    }

    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets what `--json` prints.
    pub fn emit(&self, value: Value) {
        self.deliver(Line::Emit(value));
    }

    /// What the script emitted last.
    pub fn emitted(&self) -> Option<Value> {
        self.emitted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The exit code that the script asked for.
    pub fn exit_code(&self) -> Option<u8> {
        *self.exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the exit code that the script asks for.
    pub fn set_exit_code(&self, code: Option<u8>) {
        *self.exit.lock().unwrap_or_else(PoisonError::into_inner) = code;
    }

    /// The folder of the script that runs.
    pub fn script_dir(&self) -> Option<String> {
        self.script_dir.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the folder of the script that runs.
    pub fn set_script_dir(&self, folder: Option<String>) {
        *self.script_dir.lock().unwrap_or_else(PoisonError::into_inner) = folder;
    }

    /// What stands behind `--` on the command line.
    pub fn args(&self) -> Vec<String> {
        self.args.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets what stands behind `--` on the command line.
    pub fn set_args(&self, args: Vec<String>) {
        *self.args.lock().unwrap_or_else(PoisonError::into_inner) = args;
    }
}

/// Counts the bytes that a script shows.
struct Meter {
    limit: Option<usize>,
    used: AtomicUsize,
}

impl Meter {
    fn new(limit: Option<usize>) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// Counts a line; false where it is too much.
    fn takes(&self, line: &Line) -> bool {
        let Some(limit) = self.limit else { return true };
        let bytes = match line {
            Line::Print(text) | Line::Debug(text) | Line::Warning(text) => text.len() + 1,
            Line::Display(value, id) => shown_bytes(value, limit) + id.as_ref().map_or(1, |id| id.len() + 1),
            Line::Emit(value) => shown_bytes(value, limit) + 1,
            Line::Clear(_) => 1,
        };
        let add = |used: usize| Some(used.saturating_add(bytes));
        let before = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).unwrap_or(0);
        before.saturating_add(bytes) <= limit
    }

    fn check(&self) -> Result<()> {
        match self.limit {
            Some(limit) if self.used.load(Ordering::Relaxed) > limit => {
                let message = format!("the script shows more than it may, {}", human_bytes(limit));
                Err(Error::new(ErrorKind::Limit, message)
                    .with_hint("x.save(path) writes results of any size to a file"))
            }
            _ => Ok(()),
        }
    }
}

/// Bytes of a value as it is shown; more than `most` where it is surely more, without it being written out.
fn shown_bytes(value: &Value, most: usize) -> usize {
    match least_bytes(value, most) {
        least if least > most => least,
        _ => value.to_string().len(),
    }
}

/// Bytes that the JSON of a list or map has at least; the count ends where they are more than `most`. A matrix may stand in
/// a list a thousand times without taking memory, which its JSON would.
pub fn least_bytes(value: &Value, most: usize) -> usize {
    fn sum<'a>(parts: impl Iterator<Item = &'a Value>, most: usize) -> usize {
        let mut sum = 0usize;
        for part in parts {
            sum = sum.saturating_add(within(part, most)).saturating_add(1);
            if sum > most {
                break;
            }
        }
        sum
    }
    fn within(part: &Value, most: usize) -> usize {
        // The shortest numbers are "0.0," and a missing value.
        const NUMBER: usize = 4;
        let numbers = |count: usize| count.saturating_mul(NUMBER);
        if let Some(m) = part.object::<Matrix>() {
            return numbers(m.rows().saturating_mul(m.cols()));
        }
        if let Some(v) = part.object::<Vector>() {
            return numbers(v.len());
        }
        match (part.object::<Table>(), part) {
            (Some(t), _) => t.rows().saturating_mul(t.cols()),
            (None, Value::Text(text)) => text.len(),
            (None, other) => least_bytes(other, most),
        }
    }
    match value {
        Value::List(items) => sum(items.iter(), most),
        Value::Map(entries) => sum(entries.iter().map(|(_, entry)| entry), most),
        _ => 0,
    }
}

/// The error for a question that nobody answers.
pub fn no_input() -> Error {
    Error::new(ErrorKind::Denied, "nobody can be asked here: this session takes no input")
        .with_hint("set the value as a variable, or give it as an argument of the script")
}

/// Something that a script shows.
pub enum Line {
    /// Printed.
    Print(String),
    /// Debugged.
    Debug(String),
    /// A warning.
    Warning(String),
    /// What `--json` prints.
    Emit(Value),
    /// A value as it is, with the name of its display.
    Display(Value, Option<String>),
    /// What was shown so far is taken away.
    Clear(bool),
}

/// What an item has shown so far. Threads that work for the item, in a parallel call within it, add to it too.
pub type Shown = Arc<Mutex<Vec<Line>>>;

fn lock(shown: &Shown) -> MutexGuard<'_, Vec<Line>> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What one item of a parallel call runs under, on the thread that works on it.
struct Item {
    /// Which session's.
    state: *const State,
    context: Context,
    /// It is shown in order of the items.
    shown: Shown,
}

thread_local!(static ITEMS: RefCell<Vec<Item>> = const { RefCell::new(Vec::new()) });

/// Runs one item of a parallel call under a context of its own, and gives what it showed meanwhile.
pub fn for_item<R>(call: &NativeCallContext<'_>, own: Context, work: impl FnOnce() -> R) -> (R, Vec<Line>) {
    /// Takes the item away also where the work panics.
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            ITEMS.with_borrow_mut(Vec::pop);
        }
    }
    let state = state(call).map_or(std::ptr::null(), |state| Arc::as_ptr(&state));
    let shown = Shown::default();
    ITEMS.with_borrow_mut(|items| items.push(Item { state, context: own, shown: Arc::clone(&shown) }));
    let guard = Guard;
    let result = work();
    drop(guard);
    let lines = std::mem::take(&mut *lock(&shown));
    (result, lines)
}

/// Where what a call shows goes: to the item that it is part of, or to the session.
pub enum Sink {
    /// The item's.
    Item(Shown),
    /// The session's; none on an engine of the host's own.
    Session(Option<Arc<State>>),
}

impl Sink {
    /// Of a call, on the thread that makes it.
    pub fn of(call: &NativeCallContext<'_>) -> Self {
        let state = state(call);
        let of_session = state.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
        let item = ITEMS.with_borrow(|items| {
            items.iter().rev().find(|item| item.state == of_session).map(|item| Arc::clone(&item.shown))
        });
        item.map_or(Self::Session(state), Self::Item)
    }

    /// Takes lines from whichever thread.
    pub fn take(&self, lines: Vec<Line>) {
        match self {
            Self::Item(shown) => lock(shown).extend(lines),
            Self::Session(Some(state)) => lines.into_iter().for_each(|line| state.show(line)),
            Self::Session(None) => {}
        }
    }
}

/// What an engine of a host's own is asked for the state of its package. No script can write such a name.
pub const STATE_OF_PACKAGE: &str = "sinew$state";

/// The state that a native function was called under: its session's, by the engine's tag, or that of the package in an
/// engine of the host's own, which may have a tag of its own. `None` where an engine has our functions and neither.
pub fn state(call: &NativeCallContext<'_>) -> Option<Arc<State>> {
    let of_session = call.tag().and_then(Dynamic::read_lock::<StateHandle>).map(|handle| Arc::clone(&handle.0));
    of_session.or_else(|| call.call_native_fn::<StateHandle>(STATE_OF_PACKAGE, ()).ok().map(|handle| handle.0))
}

/// The context that a native function runs under. Where nobody has said, no files may be touched.
pub fn context(call: &NativeCallContext<'_>) -> Context {
    let state = state(call);
    let of_session = state.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
    let own = ITEMS
        .with_borrow(|items| items.iter().rev().find(|item| item.state == of_session).map(|item| item.context.clone()));
    let nobodys = || Context::new().with_files(FileAccess::None);
    own.unwrap_or_else(|| state.map_or_else(nobodys, |state| state.context().clone()))
}
