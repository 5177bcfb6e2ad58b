//! What a method estimated: a precision matrix, kept sparse until somebody wants it whole, one that is sparse plus low rank,
//! or a graph alone.

use std::sync::OnceLock;

use crate::data::covariance::sparse_partial_correlations;
use crate::data::{Matrix, Names};
use crate::error::Result;
use crate::graph::{Edge, Graph};
use crate::linalg::SparseSymmetric;

/// What a method estimated.
#[derive(Debug, Clone)]
pub enum Estimate {
    /// A precision matrix, p x p.
    Precision(Precision),
    /// A precision matrix, p x p, that is sparse minus low rank: the graph is that of its sparse part.
    Latent {
        /// The precision matrix of the variables.
        precision: Precision,
        /// Its sparse part.
        sparse: Precision,
        /// The rank of the other part.
        rank: usize,
    },
    /// A graph alone.
    Graph(Graph),
}

/// A precision matrix.
#[derive(Debug, Clone)]
pub struct Precision {
    entries: SparseSymmetric,
    names: Option<Names>,
    whole: OnceLock<Matrix>,
}

impl Precision {
    /// From its entries, with the variables' names.
    pub fn new(entries: SparseSymmetric, names: Option<&Names>) -> Self {
        Self { entries, names: names.cloned(), whole: OnceLock::new() }
    }

    /// The entries that are not zero.
    pub fn entries(&self) -> &SparseSymmetric {
        &self.entries
    }

    /// The whole matrix, p x p. Made when first asked for.
    pub fn matrix(&self) -> &Matrix {
        self.whole.get_or_init(|| Matrix::square(self.entries.to_dense(), self.names.as_ref()))
    }

    /// The graph of the partial correlations -theta_ij / sqrt(theta_ii theta_jj) whose size is above `threshold`.
    ///
    /// # Errors
    /// Never for a finished fit; the type says so because graphs check their edges.
    pub fn graph(&self, threshold: f64) -> Result<Graph> {
        let weighted = sparse_partial_correlations(&self.entries);
        let strong = weighted.filter(|(.., weight)| weight.abs() > threshold);
        let edges = strong.map(|(i, j, weight)| Edge::new(i, j, weight)).collect();
        Graph::new(self.entries.p(), self.names.clone(), false, edges)
    }
}

impl Estimate {
    /// A precision matrix from its entries, with the variables' names.
    pub fn precision(entries: SparseSymmetric, names: Option<&Names>) -> Self {
        Self::Precision(Precision::new(entries, names))
    }

    /// How many numbers the low-rank part has, if there is one: p r - r (r - 1) / 2.
    pub fn low_rank_parameters(&self) -> usize {
        match self {
            Self::Latent { sparse, rank, .. } => low_rank_parameters(sparse.entries().p(), *rank),
            _ => 0,
        }
    }
}

/// How many numbers a positive semidefinite matrix of this rank, p x p, has.
pub fn low_rank_parameters(p: usize, rank: usize) -> usize {
    p * rank - rank * rank.saturating_sub(1) / 2
}
