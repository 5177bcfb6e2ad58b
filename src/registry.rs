//! What exists: every record, from the lists of the folders.

use crate::model::Record;
use crate::{methods, metrics, simulate};

/// Every record, in the order of the reference.
pub fn records() -> impl Iterator<Item = &'static Record> {
    [methods::RECORDS, simulate::RECORDS, metrics::RECORDS].into_iter().flatten().copied()
}

/// The methods: what is fitted to data.
pub fn methods() -> impl Iterator<Item = &'static Record> {
    records().filter(|record| record.is_method())
}
