//! What exists: one line a method, simulator or metric.

use crate::model::Record;
use crate::{methods, metrics, simulate};

/// Every record, in the order of the reference.
pub static RECORDS: &[&Record] = &[
    &methods::graphical_lasso::RECORD,
    &methods::graphical_lasso_path::RECORD,
    &simulate::random_graph::RECORD,
    &simulate::precision::RECORD,
    &simulate::sample_gaussian::RECORD,
    &metrics::score::RECORD,
    &metrics::score::AUROC,
    &metrics::score::AUPR,
    &metrics::score::AUPR_TRAPEZOID,
    &metrics::score::FDP,
    &metrics::score::TDP,
    &metrics::score::PRECISION,
    &metrics::score::RECALL,
    &metrics::score::F1,
    &metrics::score::MCC,
    &metrics::score::SHD,
];

/// The record whose verb or constructor is `name`.
pub fn find(name: &str) -> Option<&'static Record> {
    RECORDS.iter().find(|record| record.verb == name || record.constructor == Some(name)).copied()
}

/// The methods: what is fitted to data.
pub fn methods() -> impl Iterator<Item = &'static Record> {
    RECORDS.iter().copied().filter(|record| record.is_method())
}
