//! Sparse precision matrices under a spike-and-slab prior whose edges follow a stochastic block model.
//!
//! Entries off the diagonal are from a Laplace spike where nodes are not linked, from a Gaussian slab where they are. Two steps
//! take turns: node-wise elastic nets, whose penalties follow the probability of every edge, and variational EM of
//! blocks and edge probabilities. Almost all entries are 0 and share their terms: work goes with the others.

mod alternation;
mod blocks;
mod elastic_net;
mod initial;
mod law;
mod marginal_fdr;
mod pseudo_precision;
mod starts;

pub use alternation::{SpikeSlabFit, Stop, alternate};
pub use blocks::{Blocks, EdgeProbabilities, Entries, Memberships};
pub use elastic_net::{Correlations, Regression};
pub use initial::{initial, mean_noise};
pub use law::{Densities, Mixed, SpikeSlab};
pub use marginal_fdr::MarginalFdr;
pub use pseudo_precision::PseudoPrecision;
pub use starts::Starts;
