//! The script language: the only folder, with `cli/`, that knows Rhai.
//!
//! [`Session`] runs scripts; `functions/` is the vocabulary; verbs of methods come from their records.

mod cells;
mod check;
mod complete;
mod convert;
mod definitions;
mod diagnose;
mod functions;
mod help;
mod index;
mod inspect;
mod limits;
mod members;
mod memory;
mod operators;
mod parallel;
mod records;
pub mod reference;
mod scan;
mod session;
mod source;
mod state;
mod stdlib;
mod tokens;
mod usage;
mod variables;
mod vocabulary;

pub use cells::Completeness;
pub use check::{Checker, Diagnostic, Severity};
pub use complete::{Candidate, CandidateKind, Completion};
pub use definitions::definitions;
pub use diagnose::{Frame, ScriptError};
pub use help::{answer, help, methods_json, names, overview, search};
pub use operators::register_operators;
pub use records::Estimator;
pub use session::{Session, SessionOptions, read_script};
pub use state::{Asker, Clearer, Displayer, Printer};
pub use stdlib::{StdFunction, StdModule, std_modules};
pub use variables::Variable;
pub use vocabulary::{Entry, Vocabulary, vocabulary};
