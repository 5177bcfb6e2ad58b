//! Algorithms that minimise.

mod active_set;
mod component;
mod dual_descent;
pub mod graphical_lasso;
mod lasso;
mod moments;
mod proximal_newton;

pub use lasso::{Lasso, Stop, soft_threshold};
pub use moments::Moments;
