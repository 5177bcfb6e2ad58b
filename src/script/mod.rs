//! The script language: the only folder, with `cli/`, that knows Rhai.
//!
//! [`Session`] runs scripts within a [`Sandbox`]; [`SinewPackage`] gives the functions to an engine of a host's own. `functions/` is the vocabulary; verbs of methods come from their records.

/// A function that gives one shared value: made once, or once a thread where Rhai's types cannot be shared between threads.
macro_rules! made_once {
    ($(#[$doc:meta])* $vis:vis fn $name:ident() -> $type:ty { $make:expr }) => {
        $(#[$doc])*
        #[cfg(feature = "parallel")]
        $vis fn $name() -> $type {
            static MADE: std::sync::OnceLock<$type> = std::sync::OnceLock::new();
            MADE.get_or_init(|| $make).clone()
        }

        $(#[$doc])*
        #[cfg(not(feature = "parallel"))]
        $vis fn $name() -> $type {
            thread_local!(static MADE: $type = $make);
            MADE.with(Clone::clone)
        }
    };
}

mod cells;
mod check;
mod complete;
mod convert;
mod definitions;
mod diagnose;
mod functions;
mod guard;
mod help;
mod index;
mod inspect;
mod limits;
mod members;
mod modules;
mod nesting;
mod operators;
mod package;
mod parallel;
mod records;
pub mod reference;
mod sandbox;
mod scan;
mod session;
mod session_options;
mod source;
mod state;
mod stdlib;
mod tokens;
mod usage;
mod values;
mod variables;
mod vocabulary;
mod work;

pub use cells::Completeness;
pub use check::{Checker, Diagnostic, Severity};
pub use complete::{Candidate, CandidateKind, Completion};
pub use definitions::definitions;
pub use diagnose::{Frame, ScriptError};
pub use help::{answer, help, methods_json, names, overview, search};
pub use operators::register_operators;
pub use package::SinewPackage;
pub use records::Estimator;
// Its types stand in signatures: a host needs this very version.
pub use rhai;
pub use sandbox::Sandbox;
pub use session::{Session, read_script};
pub use session_options::{MemoryProbe, SessionOptions};
pub use state::{Asker, Clearer, Displayer, Printer};
pub use stdlib::{StdFunction, StdModule, std_modules};
pub use variables::Variable;
pub use vocabulary::{Entry, Vocabulary, vocabulary};
