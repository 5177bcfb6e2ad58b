//! What a session knows besides its variables; native functions reach it through the engine's tag.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Dynamic, NativeCallContext};

use crate::context::Context;
use crate::value::Value;

/// Receives what a script prints, or its warnings.
pub type Printer = Arc<dyn Fn(&str) + Send + Sync>;

/// A session's state, shared by its engine's functions.
pub struct State {
    context: Context,
    /// Receives prints.
    pub print: Printer,
    /// Receives warnings.
    pub warn: Printer,
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
    pub fn new(context: Context, print: Printer, warn: Printer) -> Self {
        Self {
            context,
            print,
            warn,
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

    /// Remembers and shows a warning.
    pub fn warning(&self, text: &str) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_string());
        (self.warn)(text);
    }

    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets what `--json` prints.
    pub fn emit(&self, value: Value) {
        *self.emitted.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
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

/// The state of the session that a native function was called from; `None` on an engine of the host's own.
pub fn state(call: &NativeCallContext<'_>) -> Option<Arc<State>> {
    call.tag().and_then(Dynamic::read_lock::<StateHandle>).map(|handle| Arc::clone(&handle.0))
}

/// The context that a native function runs under.
pub fn context(call: &NativeCallContext<'_>) -> Context {
    state(call).map_or_else(Context::new, |state| state.context().clone())
}
