//! How good an estimate is, against a known truth.

mod pairs;
mod ranking;
pub mod score;
mod selection;

pub use pairs::Pairs;
