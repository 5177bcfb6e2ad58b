//! What is minimised: losses, penalties, and the certificates of their minimisers.

mod certificate;
mod dual_bound;
mod penalty;

pub use certificate::{Certificate, Certified, certify, primal};
pub use dual_bound::{dual_bound, slackness};
pub use penalty::{L1, check_weights};
