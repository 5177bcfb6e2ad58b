//! Algorithms that minimise.

mod algorithm;
mod components;
mod dual_descent;
pub mod graphical_lasso;
mod lasso;
mod newton_model;
pub mod penalized;
mod proximal_newton;
mod reweighting;

pub use algorithm::{Algorithm, Penalty};
pub use lasso::{Lasso, Stop, soft_threshold};
pub use reweighting::Reweighting;
