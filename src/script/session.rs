//! A session: an engine with variables, limits and a seed, ready to evaluate scripts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rhai::{AST, Dynamic, Engine, EvalAltResult, ParseError, Position, Scope};

use super::cells::{Origins, imports};
use super::check::advice::{Surroundings, improve};
use super::convert::{to_dynamic, to_value};
use super::diagnose::ScriptError;
use super::help::is_verb;
use super::limits::set_limits;
use super::memory::MemoryWatch;
use super::operators::bare_engine;
use super::state::{Asker, Clearer, Displayer, Exit, Outlets, Printer, State, StateHandle};
use super::stdlib::Resolver;
use super::vocabulary::vocabulary;
use crate::context::{CancelHandle, Context, FileAccess, ProgressFn};
use crate::error::Error;
use crate::value::Value;

/// What a session may do and where its output goes.
#[derive(Clone)]
pub struct SessionOptions {
    /// Seed; drawn when not given.
    pub seed: Option<u64>,
    /// Threads; all processors when not given.
    pub threads: Option<usize>,
    /// Time for each evaluation.
    pub time_limit: Option<Duration>,
    /// Bytes that the engine's large allocations may take together.
    pub memory_limit: Option<usize>,
    /// Operations of the script language for each evaluation.
    pub max_operations: Option<u64>,
    /// Which files scripts may touch.
    pub files: FileAccess,
    /// Whether not converging is an error.
    pub strict: bool,
    /// Receives what scripts print; nothing when not given.
    pub print: Option<Printer>,
    /// Receives warnings; nothing when not given.
    pub warn: Option<Printer>,
    /// Receives what scripts `debug`; nothing when not given.
    pub debug: Option<Printer>,
    /// Receives progress.
    pub progress: Option<ProgressFn>,
    /// Stops evaluations; one of the session's own when not given.
    pub cancel: Option<CancelHandle>,
    /// Receives what scripts `display` and `emit`; the former is printed when not given.
    pub display: Option<Displayer>,
    /// Does what `clear_output` says.
    pub clear: Option<Clearer>,
    /// Answers what scripts ask by `input`, which is an error when not given.
    pub input: Option<Asker>,
}

impl Default for SessionOptions {
    /// A sandbox: no files, 10 seconds and 1 GB for each evaluation.
    fn default() -> Self {
        Self {
            seed: None,
            threads: None,
            time_limit: Some(Duration::from_secs(10)),
            memory_limit: Some(1_000_000_000),
            max_operations: Some(100_000_000),
            files: FileAccess::None,
            strict: false,
            print: None,
            warn: None,
            debug: None,
            progress: None,
            cancel: None,
            display: None,
            clear: None,
            input: None,
        }
    }
}

impl SessionOptions {
    /// Without limits and with all files: for a user's own scripts.
    pub fn trusted() -> Self {
        Self { time_limit: None, memory_limit: None, max_operations: None, files: FileAccess::All, ..Self::default() }
    }
}

/// An engine with variables. Variables and functions stay from one evaluation to the next, also after an error.
///
/// ```
/// use sinew::script::Session;
/// let mut session = Session::sandboxed();
/// session.set("lambda", 0.3);
/// let edges: i64 = session.eval_as("random_graph(\"band\", #{ nodes: 5 }).n_edges")?;
/// assert_eq!(edges, 4);
/// # Ok::<(), sinew::script::ScriptError>(())
/// ```
pub struct Session {
    engine: Engine,
    scope: Scope<'static>,
    functions: AST,
    origins: Origins,
    state: Arc<State>,
    cancel: CancelHandle,
    time_limit: Option<Duration>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("context", &self.state.context()).finish_non_exhaustive()
    }
}

impl Session {
    /// For scripts of other people: no files, limits on time, memory and operations.
    pub fn sandboxed() -> Self {
        Self::new(SessionOptions::default())
    }

    /// For a user's own scripts: all files, no limits.
    pub fn trusted() -> Self {
        Self::new(SessionOptions::trusted())
    }

    /// With these options.
    pub fn new(options: SessionOptions) -> Self {
        let mut context = Context::new()
            .with_files(options.files.clone())
            .with_strict(options.strict)
            .with_progress(options.progress.clone());
        if let Some(seed) = options.seed {
            context = context.with_seed(seed);
        }
        if let Some(threads) = options.threads {
            context = context.with_threads(threads);
        }
        if let Some(bytes) = options.memory_limit {
            context = context.with_memory_limit(bytes);
        }
        let cancel = options.cancel.clone().unwrap_or_default();
        context = context.with_cancel(cancel.clone());
        let silent = || -> Printer { Arc::new(|_| {}) };
        let outlets = Outlets {
            print: options.print.clone().unwrap_or_else(silent),
            warn: options.warn.clone().unwrap_or_else(silent),
            display: options.display.clone(),
            clear: options.clear.clone(),
            input: options.input.clone(),
        };
        let state = Arc::new(State::new(context, outlets));
        Self {
            engine: engine(&state, &options),
            scope: Scope::new(),
            functions: AST::empty(),
            origins: Origins::default(),
            state,
            cancel,
            time_limit: options.time_limit,
        }
    }

    /// Evaluates a script and gives its last value. A stop that was asked for before is forgotten.
    ///
    /// # Errors
    /// What went wrong and where; variables set before that stay.
    pub fn eval(&mut self, text: &str) -> Result<Value, ScriptError> {
        self.cancel.reset();
        self.eval_named(text, "eval")
    }

    /// Evaluates a script and gives its last value as a `T`.
    ///
    /// # Errors
    /// As [`Session::eval`], or a value of another type.
    pub fn eval_as<T: Clone + Send + Sync + 'static>(&mut self, text: &str) -> Result<T, ScriptError> {
        self.cancel.reset();
        let value = self.run(text, "eval")?;
        let got = super::convert::type_name(&value);
        value.try_cast::<T>().ok_or_else(|| {
            let wanted = super::convert::plain_type(std::any::type_name::<T>());
            ScriptError::outside(Error::argument(format!("the script gave {got}, not {wanted}")), "eval")
        })
    }

    /// Evaluates a file; `script_dir()` is its folder meanwhile.
    ///
    /// # Errors
    /// As [`Session::eval`], or a file that cannot be read.
    pub fn run_file(&mut self, path: &str) -> Result<Value, ScriptError> {
        self.cancel.reset();
        self.load_file(path)
    }

    /// As [`Session::run_file`], but a stop that was asked for before counts.
    pub(crate) fn load_file(&mut self, path: &str) -> Result<Value, ScriptError> {
        let text = read_script(path)?;
        let text = without_shebang(&text);
        let folder = Path::new(path).parent().map(|folder| folder.display().to_string());
        self.state.set_script_dir(Some(folder.filter(|folder| !folder.is_empty()).unwrap_or_else(|| ".".into())));
        self.eval_named(&text, path)
    }

    fn eval_named(&mut self, text: &str, source: &str) -> Result<Value, ScriptError> {
        let value = self.run(text, source)?;
        // The last value may be a function or a timer, which nobody can use outside.
        Ok(to_value(&value).unwrap_or(Value::Unit))
    }

    /// Evaluates a script. A stop that was asked for before counts: whoever knows where the work of a person begins, a
    /// line at a prompt or a cell with all that belongs to it, takes earlier ones back there.
    pub(super) fn run(&mut self, text: &str, source: &str) -> Result<Dynamic, ScriptError> {
        self.state.set_exit_code(None);
        self.state.context().restart_clock(self.time_limit);
        let parsed =
            self.engine.compile_with_scope(&self.scope, text).map_err(|error| self.explained(error, source, text))?;
        let whole = self.functions.merge(&parsed);
        self.functions = whole.clone_functions_only();
        self.origins.note(&parsed, source, text);
        let outcome = self.engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, &whole);
        self.forget_hidden();
        // A stop that came during the script's last native call has not been looked at yet.
        let outcome = outcome.and_then(|value| self.state.context().check().map(|()| value).map_err(Into::into));
        match outcome {
            Err(error) if is_exit(&error) => Ok(Dynamic::UNIT),
            Err(error) => Err(ScriptError::within(*error, source, text, &self.origins)),
            Ok(value) => {
                self.keep_imports(text);
                Ok(value)
            }
        }
    }

    /// Modules that a script imported by a name stay, as variables do.
    fn keep_imports(&mut self, text: &str) {
        for (path, name) in imports(text) {
            // The script has imported it: what goes wrong now goes wrong where it is used.
            if let Ok(module) = self.engine.module_resolver().resolve(&self.engine, None, &path, Position::NONE) {
                self.engine.register_static_module(name, module);
            }
        }
    }

    /// What the parser found, with advice that fits what stands there.
    fn explained(&self, error: ParseError, source: &str, text: &str) -> ScriptError {
        let kind = error.err_type().clone();
        let mut explained = ScriptError::of(error.into(), source, text);
        if let Some(place) = explained.position {
            let variables: Vec<&str> = self.scope.iter_raw().map(|(name, ..)| name).collect();
            let around = Surroundings { is_function: &is_verb, variables: &variables };
            *explained.error = improve((*explained.error).clone(), &kind, place, text, &around);
        }
        explained
    }

    /// Lets go of variables that a later `let` of the same name hides: nobody reaches them, and matrices are large.
    fn forget_hidden(&mut self) {
        let is_any_hidden = {
            let mut seen = HashSet::new();
            self.scope.iter_raw().any(|(name, ..)| !seen.insert(name))
        };
        if is_any_hidden {
            self.scope = self.scope.clone_visible();
        }
    }

    /// The code of the script's `exit(n)`, if it called that.
    pub fn exit_code(&self) -> Option<u8> {
        self.state.exit_code()
    }

    /// Sets a variable, also where a script has declared a constant of that name.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.scope.set_or_push(name.to_string(), to_dynamic(&value.into()));
    }

    /// Sets what a script finds in the list `args` and `args_spec` reads: what stands behind `--` on the command line.
    pub fn set_args(&mut self, args: &[String]) {
        self.state.set_args(args.to_vec());
        self.set("args", Value::List(args.iter().map(|arg| Value::from(arg.as_str())).collect()));
    }

    /// A variable's value; `None` if there is none of that name, or it is a function.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.scope.get(name).and_then(|value| to_value(value).ok())
    }

    /// Stops an evaluation from another thread.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }

    /// What the last script emitted with `emit(x)`.
    pub fn emitted(&self) -> Option<Value> {
        self.state.emitted()
    }

    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.state.warnings()
    }

    /// The seed of the session.
    pub fn seed(&self) -> u64 {
        self.state.context().seed()
    }

    /// Rhai's description of every function that scripts can call, ours and the language's.
    ///
    /// # Errors
    /// Never in practice: the description is plain data.
    pub fn functions_json(&self, with_standard: bool) -> crate::Result<String> {
        self.engine.gen_fn_metadata_to_json(with_standard).map_err(|error| Error::internal(error.to_string()))
    }

    /// The engine, for what this type does not offer.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The variables.
    pub(super) fn scope(&self) -> &Scope<'static> {
        &self.scope
    }

    /// The functions that scripts have defined.
    pub(super) fn functions(&self) -> &AST {
        &self.functions
    }

    /// What computations run under.
    pub(super) fn context(&self) -> &Context {
        self.state.context()
    }
}

/// The text of a script.
///
/// # Errors
/// A file that cannot be read, or is no text in UTF-8.
pub fn read_script(path: &str) -> Result<String, ScriptError> {
    let bytes = std::fs::read(path)
        .map_err(|error| ScriptError::outside(Error::file(format!("cannot read '{path}': {error}")), path))?;
    String::from_utf8(bytes)
        .map_err(|_| ScriptError::outside(Error::file(format!("'{path}' is not text in UTF-8")), path))
}

/// A script may start with the line that makes it executable; the language takes that for a comment then.
pub(super) fn without_shebang(text: &str) -> Cow<'_, str> {
    if text.starts_with("#!") { format!("//{text}").into() } else { text.into() }
}

/// Whether a script ended by `exit`, however deep in calls.
fn is_exit(error: &EvalAltResult) -> bool {
    match error {
        EvalAltResult::ErrorTerminated(token, _) => token.is::<Exit>(),
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            is_exit(inner)
        }
        _ => false,
    }
}

fn engine(state: &Arc<State>, options: &SessionOptions) -> Engine {
    let mut engine = bare_engine();
    engine.register_global_module(vocabulary().module.clone());
    engine.set_default_tag(Dynamic::from(StateHandle(Arc::clone(state))));
    // With them on, our comparisons with infinite numbers would not be looked at.
    engine.set_fast_operators(false);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_max_call_levels(64);
    engine.set_max_operations(options.max_operations.unwrap_or(0));
    let is_trusted = options.files != FileAccess::None;
    let watch = options.memory_limit.filter(|_| is_trusted).map(MemoryWatch::new);
    engine.set_module_resolver(Resolver::with_files());
    if !is_trusted {
        set_limits(&mut engine);
        engine.disable_symbol("eval");
        engine.set_module_resolver(Resolver::without_files());
    }
    let clock = Arc::clone(state);
    engine.on_progress(move |_| {
        let result = clock.context().check().and_then(|()| watch.as_ref().map_or(Ok(()), MemoryWatch::check));
        result.err().map(Dynamic::from)
    });
    let printer = Arc::clone(state);
    engine.on_print(move |text| printer.print(text));
    if let Some(printer) = options.debug.clone() {
        engine.on_debug(move |text, _, position| match position.line() {
            Some(line) => printer(&format!("debug, line {line}: {text}")),
            None => printer(&format!("debug: {text}")),
        });
    } else {
        engine.on_debug(|_, _, _| {});
    }
    engine
}
