//! What methods take and give, and what describes them: input, fit, path, record.

mod convention;
mod fit;
mod input;
mod path;
mod record;
mod saved;

pub use convention::Convention;
pub use fit::{Estimate, Fit, FitBuilder};
pub use input::{Input, Shape};
pub use path::{Chosen, Criterion, Path, Point, Solve, Solved};
pub use record::{Accepts, Area, Param, Property, Record, Run, SHARED_OPTIONS};
pub(crate) use record::{records, timed};
pub use saved::{SavedPath, value_from_json, value_to_json};
