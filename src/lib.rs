//! sinew, the Sparse INverse covariancE Workbench: sparse graphs recovered from data.
//!
//! Samples are rows, variables are columns. See `README.md` for the script language and `src/README.md` for the
//! map of the code.

// What a library must not do to its host; tests may.
#![cfg_attr(
    not(test),
    warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)
)]

/// The code of README.md, run as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

/// The code of docs/embedding.md, run as documentation tests.
#[cfg(all(doctest, feature = "parallel"))]
#[doc = include_str!("../docs/embedding.md")]
pub struct Embedding;

#[cfg(feature = "cli")]
pub mod cli;
pub mod context;
pub mod data;
mod detached;
pub mod devices;
pub mod error;
pub mod explain;
mod files;
pub mod graph;
#[cfg(feature = "kernel")]
mod jupyter;
pub mod linalg;
mod memory;
pub mod methods;
pub mod metrics;
pub mod model;
#[cfg(feature = "nn")]
pub mod nn;
pub mod notebook;
pub mod options;
pub mod parallel;
#[cfg(feature = "plot")]
pub mod plot;
pub mod problem;
pub mod registry;
pub mod rng;
pub mod script;
pub mod select;
pub mod simulate;
pub mod solver;
mod sorting;
pub mod trees;
pub mod value;

pub use context::Context;
// Their types stand in signatures: a program needs these very versions.
pub use faer;
pub use ndarray;

pub use data::{Matrix, Table, Vector};
pub use error::{Error, ErrorKind, Result};
pub use graph::Graph;
pub use value::Value;
