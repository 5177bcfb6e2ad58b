//! The types and functions of this crate in an engine of a host's own.

use std::sync::Arc;

use rhai::packages::Package;
use rhai::{Engine, FnNamespace, FuncRegistration, Module, Shared};

use super::session_options::SessionOptions;
use super::state::{STATE_OF_PACKAGE, State, StateHandle};
use super::vocabulary::vocabulary;
use crate::context::{Context, FileAccess};

/// The name under which a host's engine has our functions, for those who call `sinew::zeros(2, 2)`.
const NAMESPACE: &str = "sinew";

/// The types and verbs of this crate for a host's own engine, where a [`Session`](super::Session) is not wanted.
///
/// It adds and never takes the place of anything: functions of the host, of its other packages and of the language's
/// standard library are found before those of the package, whatever is registered first. It sets no limit, no feature and
/// no tag of the engine. `@` between matrices is the one thing that an engine has to be told of:
/// [`register_operators`](super::register_operators).
///
/// Functions run under the context that the package was made with. Without one, they may touch no files, and nothing
/// limits their time; those of an engine that limits operations end only with the call: a context with a limit on time
/// ends them within.
///
/// ```
/// use sinew::script::{SinewPackage, rhai::Engine};
/// let mut engine = Engine::new();
/// SinewPackage::new().attach(&mut engine);
/// assert_eq!(engine.eval::<i64>("random_graph(\"ring\", #{ nodes: 6 }).n_edges")?, 6);
/// # Ok::<(), Box<sinew::script::rhai::EvalAltResult>>(())
/// ```
#[derive(Clone)]
pub struct SinewPackage {
    state: Arc<State>,
}

impl std::fmt::Debug for SinewPackage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SinewPackage").field("context", self.state.context()).finish()
    }
}

impl Default for SinewPackage {
    fn default() -> Self {
        Self::new()
    }
}

impl SinewPackage {
    /// Functions that may touch no files, with a seed that is drawn now.
    pub fn new() -> Self {
        Self::with_context(Context::new().with_files(FileAccess::None))
    }

    /// Functions that run under this context: its files, threads, limits, seed and progress. The host keeps a clone, with
    /// which it restarts the clock or cancels.
    pub fn with_context(context: Context) -> Self {
        Self::with_outlets(context, &SessionOptions::default())
    }

    /// The same, with what `warn`, `help`, `display`, `emit` and `input` do taken from these options; of their other
    /// fields none is looked at. `print` and `debug` are the engine's.
    pub fn with_outlets(context: Context, options: &SessionOptions) -> Self {
        Self { state: Arc::new(State::new(context, options.outlets(), None)) }
    }

    /// The context that the functions run under.
    pub fn context(&self) -> &Context {
        self.state.context()
    }

    /// Gives the functions to an engine. Engines that one package is attached to share its seed and its limits.
    pub fn attach(&self, engine: &mut Engine) {
        engine.register_static_module(NAMESPACE, functions());
        let mut own = Module::new();
        self.tell(&mut own);
        own.set_id(STATE_OF_PACKAGE);
        own.build_index();
        engine.register_static_module(STATE_OF_PACKAGE, own.into());
    }

    /// The function by which all others find the state.
    fn tell(&self, module: &mut Module) {
        let handle = StateHandle(Arc::clone(&self.state));
        FuncRegistration::new(STATE_OF_PACKAGE)
            .with_namespace(FnNamespace::Global)
            .set_into_module(module, move || handle.clone());
    }
}

impl Package for SinewPackage {
    fn init(module: &mut Module) {
        module.combine((*vocabulary().module).clone());
        Self::new().tell(module);
    }

    fn register_into_engine(&self, engine: &mut Engine) -> &Self {
        self.attach(engine);
        self
    }

    fn register_into_engine_as(&self, engine: &mut Engine, name: &str) -> &Self {
        engine.register_static_module(name, self.as_shared_module());
        self
    }

    fn as_shared_module(&self) -> Shared<Module> {
        let mut module = (*vocabulary().module).clone();
        self.tell(&mut module);
        module.build_index();
        module.into()
    }
}

fn named() -> Shared<Module> {
    let mut module = (*vocabulary().module).clone();
    // Without a name of its own it would be copied into every engine.
    module.set_id(NAMESPACE);
    module.build_index();
    module.into()
}

made_once! {
    /// The functions with their name.
    fn functions() -> Shared<Module> { named() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::error::Error;

    #[test]
    fn the_state_is_found_whatever_tag_the_engine_has() {
        let mut engine = Engine::new();
        engine.set_default_tag(7_i64);
        let package = SinewPackage::with_context(Context::new().with_seed(5).with_files(FileAccess::None));
        package.attach(&mut engine);
        let first = engine.eval::<f64>("randn(1, 1).sum()").unwrap();
        assert_ne!(
            first.to_bits(),
            engine.eval::<f64>("randn(1, 1).sum()").unwrap().to_bits(),
            "one seed for all calls"
        );
        package.context().set_seed(5);
        assert_eq!(first.to_bits(), engine.eval::<f64>("randn(1, 1).sum()").unwrap().to_bits());
        let error = *engine.eval::<()>("eye(2).save(\"x.csv\");").unwrap_err();
        let rhai::EvalAltResult::ErrorRuntime(value, _) = error.unwrap_inner() else { panic!("{error}") };
        assert_eq!(value.clone().cast::<Error>().kind(), ErrorKind::Denied);
    }

    #[test]
    fn the_language_stays_as_it_was() {
        let mut engine = Engine::new();
        let scripts = ["1.0 < 2.0", "\"a\" == \"a\"", "[1, 2].len() == 2", "2 ** 3 == 8", "(2.0).sqrt() > 1.4"];
        for script in scripts {
            assert!(engine.eval::<bool>(script).unwrap(), "{script}");
        }
        engine.register_fn("zeros", |n: i64, m: i64| n * m);
        engine.register_fn("sleep", |_: f64| "the host's".to_string());
        SinewPackage::new().register_into_engine(&mut engine);
        for script in scripts {
            assert!(engine.eval::<bool>(script).unwrap(), "{script}");
        }
        assert_eq!(engine.eval::<i64>("zeros(2, 3)").unwrap(), 6, "the host's function wins");
        assert_eq!(engine.eval::<String>("sleep(0.1)").unwrap(), "the host's");
        assert_eq!(engine.eval::<i64>("sinew::zeros(2, 3).rows").unwrap(), 2, "and ours has a name of its own");
    }
}
