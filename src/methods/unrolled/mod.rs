//! What methods over unrolled models share: their options, learning, units.

pub(super) mod learning;
pub(super) mod model;
pub(super) mod units;
