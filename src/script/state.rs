//! What a session knows besides its variables; native functions reach it through the engine's tag.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rhai::{Dynamic, NativeCallContext};

use crate::context::Context;
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
    pub fn new(context: Context, outlets: Outlets) -> Self {
        Self {
            context,
            outlets,
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

    /// Shows what a script prints.
    pub fn print(&self, text: &str) {
        self.deliver(Line::Print(text.to_string()));
    }

    /// Remembers and shows a warning.
    pub fn warning(&self, text: &str) {
        self.deliver(Line::Warning(text.to_string()));
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

/// The error for a question that nobody answers.
pub fn no_input() -> Error {
    Error::new(ErrorKind::Denied, "nobody can be asked here: this session takes no input")
        .with_hint("set the value as a variable, or give it as an argument of the script")
}

/// Something that a script shows.
pub enum Line {
    /// Printed.
    Print(String),
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

/// The state of the session that a native function was called from; `None` on an engine of the host's own.
pub fn state(call: &NativeCallContext<'_>) -> Option<Arc<State>> {
    call.tag().and_then(Dynamic::read_lock::<StateHandle>).map(|handle| Arc::clone(&handle.0))
}

/// The context that a native function runs under.
pub fn context(call: &NativeCallContext<'_>) -> Context {
    let state = state(call);
    let of_session = state.as_ref().map_or(std::ptr::null(), Arc::as_ptr);
    let own = ITEMS
        .with_borrow(|items| items.iter().rev().find(|item| item.state == of_session).map(|item| item.context.clone()));
    own.unwrap_or_else(|| state.map_or_else(Context::new, |state| state.context().clone()))
}
