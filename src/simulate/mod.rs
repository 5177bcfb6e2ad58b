//! Ground truth: random graphs, precision matrices, samples. One file a simulator.

pub mod precision;
pub mod random_graph;
pub mod sample_gaussian;
