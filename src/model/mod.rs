//! What methods take and give, and what describes them: input, fit, path, record.

mod fit;
mod input;
mod path;
mod record;

pub use fit::{Estimate, Fit, FitBuilder};
pub use input::{Input, Shape};
pub use path::{Criterion, Path, Point};
pub use record::{Accepts, Area, Param, Property, Record, Run, SHARED_OPTIONS};
pub(crate) use record::{records, timed};
