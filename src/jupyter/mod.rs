//! The Jupyter kernel: notebooks whose cells are scripts.
//!
//! One thread of the kernel serves the sockets and never computes; cells run on a thread of their own, one after
//! another, so that an interrupt is heard at any time. Everything that a cell shows goes through one queue, in order.

mod cell;
mod connection;
mod doctor;
mod history;
mod install;
mod output;
mod page;
mod parent;
mod pending;
mod places;
mod progress;
mod questions;
mod requests;
mod server;
mod shell;
mod socket_files;
mod worker;

pub use doctor::{Finding, examine};
pub use install::{install, uninstall};
pub use places::{DEFAULT_NAME, Place};
pub use server::serve;
