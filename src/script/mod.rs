//! The script language: the only folder, with `cli/`, that knows Rhai.
//!
//! [`Session`] runs scripts; `functions/` is the vocabulary; verbs of methods come from their records.

mod convert;
mod diagnose;
mod functions;
mod help;
mod index;
mod operators;
mod parallel;
mod records;
mod session;
mod state;
mod vocabulary;

pub use diagnose::{Frame, ScriptError};
pub use help::{help, methods_json, names, overview};
pub use operators::register_operators;
pub use records::Estimator;
pub use session::{Session, SessionOptions};
pub use state::Printer;
pub use vocabulary::{Entry, Vocabulary, vocabulary};
