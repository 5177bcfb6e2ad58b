//! Dense linear algebra over faer, and the vector kernels of the solvers and of trees.
//!
//! The only folder that knows faer, which runs on one thread throughout: results do not depend on the number of threads.
//! What takes long looks at its [`Context`](crate::context::Context) every few milliseconds.

mod cholesky;
mod convert;
mod decompose;
mod few_samples;
mod histogram;
mod kernels;
mod layout;
mod lu;
mod principal;
mod products;
mod real;
mod sparse;
mod spectral;

pub use cholesky::{Cholesky, is_clearly_definite};
pub use few_samples::{Codes, FEW, Few, best_cut_of_few};
pub use histogram::{BINS, Cut, Histogram, SHIFT, Sample, add_rare, add_samples, best_cut, gain, parts};
pub use kernels::{Bounds, PAD, SmallLasso, axpy, combine, dot, largest_excess, write_relaxed};
pub use layout::{asymmetry, block_of, is_symmetric, symmetrize, transposed};
pub use lu::{inverse, sign_logdet, solve};
pub use principal::principal_components;
pub use products::{gram, matmul};
pub use real::{Real, Taken, eigen, product};
pub use sparse::SparseSymmetric;
pub use spectral::{eigh, min_eigenvalue, svd};
