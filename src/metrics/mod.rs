//! How good an estimate is, against a known truth.

mod pairs;
mod ranking;
pub mod score;
mod selection;

pub use pairs::Pairs;

/// The records of this folder, in the order of the reference.
pub static RECORDS: &[&crate::model::Record] = score::RECORDS;
