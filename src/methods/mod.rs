//! What a user can fit, one file a method.

pub mod graphical_lasso;
pub mod graphical_lasso_path;
