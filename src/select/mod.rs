//! Choosing a penalty or a shrinkage: grids, paths, rules and hypergradients; how stable a choice is.

pub mod criterion;
mod cross_validation;
mod glasso_path;
mod graph_penalty;
mod grid;
mod hypergradient;
mod moments;
mod resamples;
mod ric;
mod rule;
mod shrinkage;
pub mod spike_slab;
mod stability;
mod stars;
pub mod tuning;

pub use glasso_path::path_points;
pub use graph_penalty::{GraphPenalty, Linked};
pub use grid::Grid;
pub use hypergradient::{hypergradient, lambda_direction, solution_jacobian};
pub use rule::{Rule, check_rule};
pub use shrinkage::{Amount, Score, Shrinkage, Shrunk};
pub use stability::{Resampling, Stability, edge_stability};
