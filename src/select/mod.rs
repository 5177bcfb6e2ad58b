//! Choosing a penalty: grids and paths.

mod glasso_path;
mod grid;

pub use glasso_path::path_points;
pub use grid::{Grid, lambda_max};
