//! GRNUlar-base: the record; what it does is in `grnular/`.

use crate::model::Record;

/// The record.
pub static RECORD: Record = super::grnular::BASE;
