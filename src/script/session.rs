//! A session: an engine with variables, limits and a seed, ready to evaluate scripts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use rhai::{AST, Dynamic, Engine, EvalAltResult, Module, ParseError, Position, Scope, Shared};

use super::cells::{Origins, imports};
use super::check::advice::{Surroundings, improve};
use super::convert::to_value;
use super::diagnose::ScriptError;
use super::guard::Guard;
use super::help::is_verb;
use super::limits::{check_calls, set_limits};
use super::modules::ModulesBelow;
use super::nesting;
use super::operators::bare_engine;
use super::sandbox::Sandbox;
use super::session_options::SessionOptions;
use super::state::{Exit, State, StateHandle};
use super::stdlib::Resolver;
use super::vocabulary::vocabulary;
use crate::context::{CancelHandle, Context, FileAccess};
use crate::error::Error;
use crate::value::Value;

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
    pub(super) engine: Engine,
    pub(super) scope: Scope<'static>,
    pub(super) functions: AST,
    pub(super) origins: Origins,
    /// Modules that scripts imported, by their names.
    pub(super) imported: Vec<(String, Shared<Module>)>,
    state: Arc<State>,
    guard: Arc<Guard>,
    pub(super) cancel: CancelHandle,
    pub(super) options: SessionOptions,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("context", &self.state.context()).finish_non_exhaustive()
    }
}

impl Session {
    /// For scripts of other people: no files, limits on time, memory, operations and output.
    pub fn sandboxed() -> Self {
        Self::new(SessionOptions::default())
    }

    /// For scripts that may do what this sandbox says.
    pub fn with_sandbox(sandbox: Sandbox) -> Self {
        Self::new(SessionOptions::default().sandbox(sandbox))
    }

    /// For a user's own scripts: all files, no limits.
    pub fn trusted() -> Self {
        Self::new(SessionOptions::trusted())
    }

    /// With these options. All sessions share the functions, so that a session is made in less than a millisecond.
    pub fn new(options: SessionOptions) -> Self {
        let mut context = options.sandbox.context().with_strict(options.strict).with_progress(options.progress.clone());
        if let Some(seed) = options.seed {
            context = context.with_seed(seed);
        }
        let cancel = options.cancel.clone().unwrap_or_default();
        context = context.with_cancel(cancel.clone()).with_memory_watch(options.memory_watch());
        let state = Arc::new(State::new(context, options.outlets(), options.sandbox.output));
        let guard = Arc::new(Guard::new(&options));
        Self {
            engine: engine(&state, &guard, &options.sandbox),
            scope: Scope::new(),
            functions: AST::empty(),
            origins: Origins::default(),
            imported: Vec::new(),
            state,
            guard,
            cancel,
            options,
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
        self.begin();
        if !self.options.sandbox.is_trusted {
            check_calls(text).map_err(|error| ScriptError::outside(error, source))?;
        }
        let parsed =
            self.engine.compile_with_scope(&self.scope, text).map_err(|error| self.explained(error, source, text))?;
        let whole = self.functions.merge(&parsed);
        self.functions = whole.clone_functions_only();
        self.origins.note(&parsed, source, text);
        let outcome = guarded(|| self.engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, &whole));
        self.forget_hidden();
        if !self.options.sandbox.is_trusted {
            nesting::clear(&mut self.scope, outcome.is_err());
        }
        let value = self.finish(outcome, source, text)?;
        if let Some(value) = value {
            self.keep_imports(text);
            return Ok(value);
        }
        Ok(Dynamic::UNIT)
    }

    /// What an evaluation begins with: limits that nothing has been taken from.
    pub(super) fn begin(&self) {
        self.state.set_exit_code(None);
        self.state.restart_output();
        self.guard.restart();
        // Evaluations of scripts of other people have nothing to do with each other.
        self.state.context().begin_memory(!self.options.sandbox.is_trusted);
        self.state.context().restart_clock(self.options.sandbox.time);
    }

    /// What has come of an evaluation; `None` where the script ended by `exit`.
    pub(super) fn finish(
        &self,
        outcome: Result<Dynamic, Box<EvalAltResult>>,
        source: &str,
        text: &str,
    ) -> Result<Option<Dynamic>, ScriptError> {
        // A stop that came during the script's last native call has not been looked at yet.
        let is_sound = |value: &Dynamic| self.state.check().and_then(|()| nesting::check(value, &self.state));
        match outcome.and_then(|value| is_sound(&value).map(|()| value).map_err(Into::into)) {
            Err(error) if is_exit(&error) => Ok(None),
            Err(error) => Err(ScriptError::within(*error, source, text, &self.origins)),
            Ok(value) => Ok(Some(value)),
        }
    }

    /// Modules that a script imported by a name stay, as variables do.
    fn keep_imports(&mut self, text: &str) {
        for (path, name) in imports(text) {
            // The script has imported it: what goes wrong now goes wrong where it is used.
            if let Ok(module) = self.engine.module_resolver().resolve(&self.engine, None, &path, Position::NONE) {
                self.engine.register_static_module(&name, module.clone());
                self.imported.retain(|(known, _)| *known != name);
                self.imported.push((name, module));
            }
        }
    }

    /// What the parser found, with advice that fits what stands there.
    fn explained(&self, error: ParseError, source: &str, text: &str) -> ScriptError {
        let kind = error.err_type().clone();
        let mut explained = ScriptError::of(error.into(), source, text);
        if let Some(place) = explained.position {
            let variables: Vec<&str> = self.scope.iter_raw().map(|(name, ..)| name).collect();
            let is_off = |word: &str| self.engine.is_symbol_disabled(word);
            let around = Surroundings { is_function: &is_verb, variables: &variables, is_off: &is_off };
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

    /// Sets what a script finds in the list `args` and `args_spec` reads: what stands behind `--` on the command line.
    pub fn set_args(&mut self, args: &[String]) {
        self.state.set_args(args.to_vec());
        self.set("args", Value::List(args.iter().map(|arg| Value::from(arg.as_str())).collect()));
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

    /// The engine, for types and functions of the host's own. Its limits, and whom it tells of its operations, are the
    /// session's: a host that changes those takes away what protects it.
    pub fn engine_mut(&mut self) -> &mut Engine {
        &mut self.engine
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
    pub(crate) fn context(&self) -> &Context {
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

/// What an evaluation gives. A panic, of a function of the host's or by a defect of a library, is an error: the session is
/// as after any other.
pub(super) fn guarded(
    evaluate: impl FnOnce() -> Result<Dynamic, Box<EvalAltResult>>,
) -> Result<Dynamic, Box<EvalAltResult>> {
    catch_unwind(AssertUnwindSafe(evaluate)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let message = format!("a function panicked: {}", said.unwrap_or("it did not say why"));
        Err(EvalAltResult::ErrorTerminated(Dynamic::from(Error::internal(message)), Position::NONE).into())
    })
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

fn engine(state: &Arc<State>, guard: &Arc<Guard>, sandbox: &Sandbox) -> Engine {
    let mut engine = bare_engine();
    engine.register_global_module(vocabulary().module.clone());
    engine.set_default_tag(Dynamic::from(StateHandle(Arc::clone(state))));
    // With them on, the language would compare infinite numbers itself, and wrongly (`inf() > 1.0` is false): what is built
    // in cannot be told apart from what is not, so that arithmetic pays for comparisons.
    engine.set_fast_operators(false);
    engine.set_strict_variables(true);
    engine.set_fail_on_invalid_map_property(true);
    engine.set_max_call_levels(sandbox.call_depth);
    engine.set_max_operations(sandbox.operations.unwrap_or(0));
    if !sandbox.is_trusted {
        set_limits(&mut engine);
        nesting::watch(&mut engine, Arc::clone(state));
        // A function that is given itself, `f = f.curry(f)`, doubles with every operation, and is nobody's list or map whose
        // size the language knows. Closures share what they hold.
        engine.disable_symbol("curry");
    }
    engine.set_module_resolver(match sandbox.files {
        FileAccess::All => Resolver::with_files(),
        FileAccess::Under { .. } => Resolver::over(ModulesBelow::new(sandbox.files.clone())),
        FileAccess::None => Resolver::without_files(),
    });
    if !sandbox.has_eval {
        engine.disable_symbol("eval");
    }
    let (clock, guard) = (Arc::clone(state), Arc::clone(guard));
    engine.on_progress(move |_| guard.step(&clock).err().map(Dynamic::from));
    let printer = Arc::clone(state);
    engine.on_print(move |text| printer.print(text));
    let debugger = Arc::clone(state);
    engine.on_debug(move |text, _, position| match position.line() {
        Some(line) => debugger.debug(format!("debug, line {line}: {text}")),
        None => debugger.debug(format!("debug: {text}")),
    });
    engine
}
