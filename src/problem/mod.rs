//! What is minimised: losses, penalties, and the certificates of their minimisers.

mod certificate;
mod coupling;
mod dual_bound;
mod elastic_net;
mod fusion;
mod group;
mod log_det;
mod nonconvex;
mod penalty;
mod separable;

pub use certificate::{Certificate, Certified, certify, certify_factored, primal};
pub use coupling::{Coupling, CouplingScratch, JointPenalty};
pub use dual_bound::{dual_bound, slackness};
pub use elastic_net::ElasticNet;
pub use log_det::LogDet;
pub use nonconvex::{Concave, Nonconvex};
pub use penalty::{L1, check_weights};
pub use separable::{Entrywise, Separable};
