//! Algorithms that minimise.

mod active_set;
mod algorithm;
pub mod block_model;
mod component;
mod dual_descent;
mod feasible;
pub mod graphical_lasso;
mod implicit;
mod lasso;
mod least_angle;
mod moments;
pub mod multiple_testing;
mod newton_model;
mod newton_polish;
mod node_regressions;
pub mod pair_statistics;
pub mod partial_correlation;
pub mod penalized;
mod proximal_newton;
mod ren;
mod reweighting;
pub mod spike_slab;
mod square_root_lasso;
mod support;

pub use algorithm::{Algorithm, Penalty};
pub use implicit::{Adjoint, Implicit};
pub use lasso::{Lasso, Stop, soft_threshold};
pub use least_angle::LeastAngle;
pub use moments::Moments;
pub use node_regressions::{Regression, ScaledLasso, Variables, pairs_above};
pub use ren::ren_statistics;
pub use reweighting::Reweighting;
pub use square_root_lasso::{SquareRootFit, SquareRootLasso};
