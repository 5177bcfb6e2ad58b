//! What methods take and give, and what describes them: input, fit, joint fit, trained model, path, record.

mod checks;
mod constants;
mod convention;
mod diagonal;
#[cfg(test)]
pub(crate) mod dummies;
mod estimate;
mod factors;
pub mod false_discovery;
mod fit;
mod incomplete;
mod input;
mod joint_fit;
mod keeper;
mod network_comparison;
mod pair;
mod parameter;
mod path;
mod record;
pub mod regulators;
mod saved;
mod second_moment;
mod sets;
mod simulation;
mod trainable;
mod trained;

pub use convention::Convention;
pub use estimate::{Estimate, Precision, low_rank_parameters};
pub use factors::Factors;
pub use fit::{Fit, FitBuilder};
pub use input::{Input, Shape};
pub use joint_fit::{JointFit, JointFitBuilder};
pub use keeper::{Epoch, Keeper, TRAINING_OPTIONS};
pub use network_comparison::{ComparedNetworks, NetworkComparison, PermutedStatistic};
pub use pair::{Pair, Truth};
pub use parameter::Parameter;
pub use path::{Chosen, Criterion, GRID_OPTIONS, Path, Point, Solve, Solved};
pub use record::{Accepts, Area, FitOne, FitSeveral, Param, Property, Record, Run, SHARED_OPTIONS};
pub(crate) use record::{records, timed};
pub use saved::{SavedPath, value_from_json, value_to_json};
pub use second_moment::{Missing, SecondMoment};
pub use sets::{VARIABLES, same_variables};
pub use simulation::Simulation;
pub(crate) use simulation::outline;
pub use trainable::{EVERY_TRAINING, Trainable};
pub use trained::{Trained, Training};
