//! Regression trees: gradient boosting and forests of many targets on the same regulators.
//!
//! Regulators are binned once, one byte a value, and shared by all targets. A split is sought on histograms of sums that are
//! whole numbers (see [`crate::linalg::best_cut`]), so that a result depends neither on threads nor on vectors. Drawing of
//! regulators and samples, splits and importances follow scikit-learn, from which results differ as those of two seeds do.
//! Its criterion "friedman_mse" is not an option here: it ranks the splits of one target as the squared error does, and the
//! decreases of the squared error are what importances are made of with both.

mod bins;
mod boosting;
mod draws;
mod forest;
mod ground;
mod regressions;
mod words;

pub use bins::Bins;
pub use boosting::{Boosted, Boosting, EarlyStop};
pub use draws::MaxFeatures;
pub use forest::{Forest, Kind, Trees};
pub use regressions::{Importances, Regressions};
