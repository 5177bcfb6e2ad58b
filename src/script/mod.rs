//! The script language: the only folder, with `cli/`, that knows Rhai.
//!
//! [`Session`] runs scripts; `functions/` is the vocabulary; verbs of methods come from their records.

mod complete;
mod convert;
mod diagnose;
mod functions;
mod help;
mod index;
mod operators;
mod parallel;
mod records;
mod scan;
mod session;
mod state;
mod variables;
mod vocabulary;

pub use complete::{Candidate, CandidateKind, Completion};
pub use diagnose::{Frame, ScriptError};
pub use help::{help, methods_json, names, overview, search};
pub use operators::register_operators;
pub use records::Estimator;
pub use session::{Session, SessionOptions};
pub use state::Printer;
pub use variables::Variable;
pub use vocabulary::{Entry, Vocabulary, vocabulary};
