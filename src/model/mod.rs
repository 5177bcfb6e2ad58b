//! What methods take and give, and what describes them: input, fit, path, record.

mod checks;
mod constants;
mod convention;
mod diagonal;
mod estimate;
mod fit;
mod input;
mod path;
mod record;
pub mod regulators;
mod saved;
mod second_moment;
mod simulation;

pub use convention::Convention;
pub use estimate::{Estimate, Precision};
pub use fit::{Fit, FitBuilder};
pub use input::{Input, Shape};
pub use path::{Chosen, Criterion, GRID_OPTIONS, Path, Point, Solve, Solved};
pub use record::{Accepts, Area, Param, Property, Record, Run, SHARED_OPTIONS};
pub(crate) use record::{records, timed};
pub use saved::{SavedPath, value_from_json, value_to_json};
pub use second_moment::{Missing, SecondMoment};
pub use simulation::Simulation;
pub(crate) use simulation::outline;
