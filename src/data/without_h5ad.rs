//! What reading AnnData files is without the feature `h5ad`: an error that says how to get it.

use super::{Matrix, SparseMatrix};
use crate::context::Context;
use crate::error::{Error, Result};

/// Reads a matrix of an AnnData file, in builds with the feature `h5ad`.
///
/// # Errors
/// Always: what this build lacks.
pub fn read_h5ad(path: &str, _layer: Option<&str>, _ctx: &Context) -> Result<(Matrix, Vec<String>)> {
    Err(lacking(path))
}

/// The same as a sparse matrix.
///
/// # Errors
/// Always: what this build lacks.
pub fn read_h5ad_sparse(path: &str, _layer: Option<&str>, _ctx: &Context) -> Result<(SparseMatrix, Vec<String>)> {
    Err(lacking(path))
}

fn lacking(path: &str) -> Error {
    Error::file(format!("'{path}': this build of sinew does not read AnnData files"))
        .with_hint("cargo build --release --features h5ad makes one that does; read_mtx and read_10x read counts too")
}
