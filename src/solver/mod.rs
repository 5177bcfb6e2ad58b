//! Algorithms that minimise.

mod active_set;
mod algorithm;
mod component;
mod dual_descent;
mod feasible;
pub mod graphical_lasso;
mod implicit;
mod lasso;
mod least_angle;
mod moments;
mod newton_model;
mod newton_polish;
pub mod penalized;
mod proximal_newton;
mod reweighting;
mod support;

pub use algorithm::{Algorithm, Penalty};
pub use implicit::{Adjoint, Implicit};
pub use lasso::{Lasso, Stop, soft_threshold};
pub use least_angle::LeastAngle;
pub use moments::Moments;
pub use reweighting::Reweighting;
