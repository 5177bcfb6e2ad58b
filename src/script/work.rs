//! Work on the many numbers of a value: memory for what it gives is taken before it begins, and neither an interrupt nor
//! the end of the time waits for it.

use rhai::NativeCallContext;

use super::state::context;
use crate::data::{Groups, Mask, Matrix, Names, SparseMatrix, Table, Vector};
use crate::detached::detached_if_many;
use crate::error::Result;
use crate::graph::Graph;
#[cfg(feature = "plot")]
use crate::plot::Figure;
use crate::value::Value;

/// Numbers on which work is over before anybody could ask.
pub(super) const FEW: usize = 4096;

/// A value with many numbers in it. Clones share them.
pub(super) trait Many: Clone + Send + 'static {
    /// How many there are, or how many rows and columns without any.
    fn many(&self) -> usize;
}

impl Many for Matrix {
    fn many(&self) -> usize {
        self.as_slice().len().max(self.rows()).max(self.cols())
    }
}

impl Many for SparseMatrix {
    fn many(&self) -> usize {
        self.nnz().saturating_add(self.rows()).saturating_add(self.cols())
    }
}

impl Many for Vector {
    fn many(&self) -> usize {
        self.len()
    }
}

impl Many for Mask {
    fn many(&self) -> usize {
        self.as_slice().len()
    }
}

impl Many for Table {
    fn many(&self) -> usize {
        self.rows().saturating_mul(self.cols()).max(self.rows()).max(self.cols())
    }
}

impl Many for Groups {
    fn many(&self) -> usize {
        self.table_rows().saturating_add(self.len())
    }
}

impl Many for Graph {
    fn many(&self) -> usize {
        self.n_nodes().saturating_add(self.n_edges())
    }
}

/// What `f` makes of a value, in room for so many `bytes` for each of its numbers.
///
/// # Errors
/// Memory, cancellation, the end of the time.
pub(super) fn made<T: Many, R: Send + 'static>(
    call: &NativeCallContext<'_>,
    of: &T,
    bytes: usize,
    f: impl FnOnce(&T) -> R + Send + 'static,
) -> Result<R> {
    let many = of.many();
    if many <= FEW {
        return Ok(f(of));
    }
    let of = of.clone();
    within(call, many, many.saturating_mul(bytes), move || f(&of))
}

/// These rows and columns of a matrix, each as often as it is named.
///
/// # Errors
/// Memory, cancellation, the end of the time.
pub(super) fn block(call: &NativeCallContext<'_>, m: &Matrix, rows: Vec<usize>, cols: Vec<usize>) -> Result<Matrix> {
    let many = rows.len().saturating_mul(cols.len());
    let bytes = many
        .saturating_mul(8)
        .saturating_add(names_bytes(m.row_names(), &rows))
        .saturating_add(names_bytes(m.names(), &cols));
    if bytes <= 8 * FEW {
        return Ok(m.pick(&rows, &cols));
    }
    let m = m.clone();
    within(call, bytes / 8, bytes, move || m.pick(&rows, &cols))
}

/// The numbers of a table as a matrix.
///
/// # Errors
/// A column of texts; memory, cancellation, the end of the time.
pub(super) fn matrix_of(call: &NativeCallContext<'_>, t: &Table) -> Result<Matrix> {
    made(call, t, 8, Table::matrix)?
}

/// Bytes for the names at these positions; none where there are no names.
pub(super) fn names_bytes(names: Option<&Names>, positions: &[usize]) -> usize {
    names.map_or(0, |names| names.bytes(positions))
}

/// How many numbers there are in a value and in all that is in it; eight letters count as one.
pub(super) fn numbers_of(value: &Value) -> usize {
    match value {
        Value::Unit | Value::Bool(_) | Value::Int(_) | Value::Float(_) => 1,
        Value::Text(text) => 1 + text.len() / 8,
        Value::List(list) => list.iter().map(numbers_of).fold(0, usize::saturating_add),
        Value::Map(entries) => entries.iter().map(|(_, value)| numbers_of(value)).fold(0, usize::saturating_add),
        Value::Object(_) => of_object(value),
    }
}

/// Bytes of a number as JSON and as its text.
pub(super) const AS_JSON: usize = 64;

fn of_object(value: &Value) -> usize {
    macro_rules! known {
        ($($type:ty),*) => { $(
            if let Some(object) = value.object::<$type>() {
                return object.many();
            }
        )* };
    }
    known!(Matrix, SparseMatrix, Vector, Mask, Graph, Groups);
    #[cfg(feature = "plot")]
    if let Some(figure) = value.object::<Figure>() {
        return figure.numbers();
    }
    value.object::<Table>().map_or(1, |t| t.many().saturating_add(table_texts(t) / 8))
}

/// Bytes of the texts of a table.
fn table_texts(t: &Table) -> usize {
    t.text_bytes(&(0..t.rows()).collect::<Vec<_>>())
}

/// What `work` on so many numbers gives, in room for `bytes`.
///
/// # Errors
/// Memory, cancellation, the end of the time.
pub(super) fn within<R: Send + 'static>(
    call: &NativeCallContext<'_>,
    many: usize,
    bytes: usize,
    work: impl FnOnce() -> R + Send + 'static,
) -> Result<R> {
    let ctx = context(call);
    let held = ctx.reserve(bytes)?;
    detached_if_many(many, &ctx, move || {
        // Where nobody waits any more, the memory stays taken until the work is done.
        let _held = held;
        work()
    })
}
