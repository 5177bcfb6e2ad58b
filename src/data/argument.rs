//! Data among the arguments of a call.

use super::{Matrix, SparseMatrix, Table};
use crate::context::Context;
use crate::error::Result;
use crate::value::{Args, Value};

/// The argument at `position` as numbers: a matrix, a sparse one made dense, or a table of numeric columns.
///
/// # Errors
/// Anything else, by its name and what was expected; a table with texts; a sparse matrix that is too large.
pub fn matrix_argument(args: &Args<'_>, position: usize, name: &str, expected: &str, ctx: &Context) -> Result<Matrix> {
    let value = args.get(position)?;
    numbers_of(value, ctx).unwrap_or_else(|| Err(args.wrong(name, expected, value)))
}

/// The numbers of a matrix; of a sparse one, which is made dense if it fits into memory; of a table, which is an error
/// where it has texts; none of anything else.
pub fn numbers_of(value: &Value, ctx: &Context) -> Option<Result<Matrix>> {
    let dense = value.object::<Matrix>().map(|matrix| Ok(matrix.clone()));
    let sparse = || value.object::<SparseMatrix>().map(|matrix| matrix.matrix(ctx));
    dense.or_else(sparse).or_else(|| value.object::<Table>().map(Table::matrix))
}
