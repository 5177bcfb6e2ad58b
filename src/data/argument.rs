//! Data among the arguments of a call.

use super::{Matrix, Table};
use crate::error::Result;
use crate::value::{Args, Value};

/// The argument at `position` as numbers: a matrix, or a table of numeric columns.
///
/// # Errors
/// Anything else, by its name and what was expected; a table with texts.
pub fn matrix_argument(args: &Args<'_>, position: usize, name: &str, expected: &str) -> Result<Matrix> {
    let value = args.get(position)?;
    numbers_of(value).unwrap_or_else(|| Err(args.wrong(name, expected, value)))
}

/// The numbers of a matrix, or of a table, which is an error where it has texts; none of anything else.
pub fn numbers_of(value: &Value) -> Option<Result<Matrix>> {
    match (value.object::<Matrix>(), value.object::<Table>()) {
        (Some(matrix), _) => Some(Ok(matrix.clone())),
        (_, Some(table)) => Some(table.matrix()),
        _ => None,
    }
}
