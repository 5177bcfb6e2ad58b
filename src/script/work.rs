//! Work on the many numbers of a value: memory for what it gives is taken before it begins, and neither an interrupt nor
//! the end of the time waits for it.

use rhai::NativeCallContext;

use super::state::context;
use crate::data::{Mask, Matrix, Names, SparseMatrix, Table, Vector};
use crate::detached::detached_if_many;
use crate::error::Result;
use crate::graph::Graph;

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

/// Bytes for the names at these positions; none where there are no names.
pub(super) fn names_bytes(names: Option<&Names>, positions: &[usize]) -> usize {
    names.map_or(0, |names| names.bytes(positions))
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
