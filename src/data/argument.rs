//! Data among the arguments of a call.

use super::{Matrix, Table};
use crate::error::Result;
use crate::value::Args;

/// The argument at `position` as numbers: a matrix, or a table of numeric columns.
///
/// # Errors
/// Anything else, by its name and what was expected; a table with texts.
pub fn matrix_argument(args: &Args<'_>, position: usize, name: &str, expected: &str) -> Result<Matrix> {
    let value = args.get(position)?;
    match (value.object::<Matrix>(), value.object::<Table>()) {
        (Some(matrix), _) => Ok(matrix.clone()),
        (_, Some(table)) => table.matrix(),
        _ => Err(args.wrong(name, expected, value)),
    }
}
