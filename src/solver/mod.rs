//! Algorithms that minimise.

mod components;
mod dual_descent;
pub mod graphical_lasso;
mod lasso;
mod proximal_newton;

pub use lasso::{Lasso, Stop, soft_threshold};
