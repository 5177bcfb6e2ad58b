//! How good an estimate is, against a known truth.

mod comparison;
mod evidence;
mod factors;
mod joint;
mod matrices;
mod network_test;
mod pairs;
mod ranking;
mod regulators;
pub mod score;
mod selection;

pub use comparison::Comparison;
pub use network_test::{NETWORK_TEST_OPTIONS, NetworkTest, TestedEdges};
pub use pairs::Pairs;
pub use ranking::Ranking;

/// The records of this folder, in the order of the reference.
pub static RECORDS: &[&crate::model::Record] = score::RECORDS;
