//! Choosing a penalty or a shrinkage: grids, paths and rules; how stable a choice is.

mod cross_validation;
mod glasso_path;
mod graph_penalty;
mod grid;
mod moments;
mod resamples;
mod ric;
mod rule;
mod shrinkage;
mod stability;
mod stars;

pub use glasso_path::path_points;
pub use graph_penalty::{GraphPenalty, Linked};
pub use grid::Grid;
pub use rule::{Rule, check_rule};
pub use shrinkage::{Amount, Score, Shrinkage, Shrunk};
pub use stability::{Resampling, Stability, edge_stability};
