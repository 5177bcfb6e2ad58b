//! What is minimised: losses, penalties, and the certificates of their minimisers.

mod certificate;
mod penalty;

pub use certificate::{Certificate, Certified, certify, primal};
pub use penalty::{L1, check_weights};
