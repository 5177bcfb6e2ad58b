//! What methods over unrolled models share: their options, learning, units, results.

pub(super) mod estimate;
pub(super) mod learning;
pub(super) mod model;
pub(super) mod prepared;
pub(super) mod shrinking;
pub(super) mod supervised;
pub(super) mod units;
