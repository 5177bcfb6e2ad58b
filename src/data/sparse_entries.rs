//! The entries of sparse matrices, and what collects the numbers of files into matrices of either kind.

use super::{Matrix, Names, SparseMatrix};
use crate::context::{Context, Reservation};
use crate::error::{Error, ErrorKind, Result};

/// Bytes that an entry takes at most while it is collected: its place, its number, its order, and both again.
const COLLECTED: usize = 28;
/// Entries between two looks at the context.
const PIECE: usize = 1 << 20;

/// Numbers in single precision as long as each of them is exactly one, in double precision from the first on that is not.
/// Counts up to 2^24 take 4 bytes then, and nothing is ever rounded.
#[derive(Debug, Clone)]
enum Numbers {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Numbers {
    fn at(&self, position: usize) -> f64 {
        match self {
            Self::Single(list) => f64::from(list[position]),
            Self::Double(list) => list[position],
        }
    }

    fn push(&mut self, value: f64) {
        match self {
            Self::Double(list) => list.push(value),
            // A missing number is one in either precision.
            Self::Single(list) if f64::from(value as f32) == value || value.is_nan() => list.push(value as f32),
            Self::Single(list) => {
                let mut all: Vec<f64> = Vec::with_capacity(list.len() + 1);
                all.extend(list.iter().map(|&single| f64::from(single)));
                all.push(value);
                *self = Self::Double(all);
            }
        }
    }

    fn reserve(&mut self, more: usize) {
        match self {
            Self::Single(list) => list.reserve(more),
            Self::Double(list) => list.reserve(more),
        }
    }
}

/// Columns one after the other, each with its rows in ascending order and without zeros.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// Where the entries of each column begin, and where the last ones end.
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Numbers,
}

impl Columns {
    /// No columns, with room for so many.
    pub(super) fn with_capacity(cols: usize) -> Self {
        let mut starts = Vec::with_capacity(cols + 1);
        starts.push(0);
        Self { starts, rows: Vec::new(), values: Numbers::Single(Vec::new()) }
    }

    /// Number of columns.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of entries.
    pub(super) fn entries(&self) -> usize {
        self.rows.len()
    }

    /// Where the entries of each column begin, and where the last ones end.
    pub(super) fn starts(&self) -> &[usize] {
        &self.starts
    }

    /// The rows of all entries.
    pub(super) fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The number of an entry.
    pub(super) fn value(&self, entry: usize) -> f64 {
        self.values.at(entry)
    }

    /// One more column. Entries of one row add up, in their order.
    pub(super) fn push(&mut self, column: &mut [(u32, f64)]) {
        if !column.is_sorted_by_key(|&(row, _)| row) {
            column.sort_by_key(|&(row, _)| row);
        }
        let mut rest = column.iter().copied().peekable();
        while let Some((row, mut value)) = rest.next() {
            while let Some((_, more)) = rest.next_if(|&(next, _)| next == row) {
                value += more;
            }
            if value != 0.0 {
                self.rows.push(row);
                self.values.push(value);
            }
        }
        self.starts.push(self.rows.len());
    }
}

/// Where the positions of each group begin, and the positions of `keys` group by group, in their order.
pub(super) fn grouped(groups: usize, keys: impl Iterator<Item = usize> + Clone) -> (Vec<usize>, Vec<usize>) {
    let mut starts = vec![0; groups + 1];
    let mut count = 0;
    for key in keys.clone() {
        starts[key + 1] += 1;
        count += 1;
    }
    for group in 0..groups {
        starts[group + 1] += starts[group];
    }
    let mut next = starts.clone();
    let mut positions = vec![0; count];
    for (position, key) in keys.enumerate() {
        positions[next[key]] = position;
        next[key] += 1;
    }
    (starts, positions)
}

/// Takes the numbers of a matrix one by one, in any order; those of one place add up.
pub(super) trait Collect: Sized + 'static {
    /// The matrix of all of them.
    type Whole: Send + 'static;

    /// For a matrix of so many rows and columns.
    fn begin(rows: usize, cols: usize, ctx: &Context) -> Result<Self>;

    /// Room for so many more numbers, before they come.
    fn make_room(&mut self, more: usize, ctx: &Context) -> Result<()>;

    /// One number. The place is inside.
    fn add(&mut self, row: usize, col: usize, value: f64);

    /// The matrix, with names of its rows and columns.
    fn end(self, row_names: Option<Names>, names: Option<Names>, ctx: &Context) -> Result<Self::Whole>;
}

/// What collects a dense matrix.
pub(super) struct Dense {
    rows: usize,
    cols: usize,
    values: Vec<f64>,
    _held: Reservation,
}

impl Collect for Dense {
    type Whole = Matrix;

    fn begin(rows: usize, cols: usize, ctx: &Context) -> Result<Self> {
        let held = ctx.reserve_matrices(1, rows, cols).map_err(or_sparse)?;
        Ok(Self { rows, cols, values: vec![0.0; rows * cols], _held: held })
    }

    fn make_room(&mut self, _more: usize, ctx: &Context) -> Result<()> {
        ctx.check()
    }

    fn add(&mut self, row: usize, col: usize, value: f64) {
        self.values[row * self.cols + col] += value;
    }

    fn end(self, row_names: Option<Names>, names: Option<Names>, _ctx: &Context) -> Result<Matrix> {
        Matrix::from_vec(self.rows, self.cols, self.values)?.with_names(names)?.with_row_names(row_names)
    }
}

/// An error about memory with the way around it.
pub(super) fn or_sparse(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Memory => {
            error.with_hint("#{ sparse: true } keeps the entries alone that are not 0; or a larger --memory-limit")
        }
        _ => error,
    }
}

/// What collects a sparse matrix.
pub(super) struct Triplets {
    rows: usize,
    cols: usize,
    places: Vec<(u32, u32)>,
    values: Numbers,
    /// Entries for which there is memory.
    room: usize,
    held: Vec<Reservation>,
}

/// Fails for a size whose positions do not fit into 32 bits.
pub(super) fn check_size(rows: usize, cols: usize) -> Result<()> {
    match u32::try_from(rows.max(cols)) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::shape(format!("a SparseMatrix of {rows} x {cols}: neither may be above {}", u32::MAX))),
    }
}

impl Collect for Triplets {
    type Whole = SparseMatrix;

    fn begin(rows: usize, cols: usize, ctx: &Context) -> Result<Self> {
        check_size(rows, cols)?;
        // Where columns begin, where their next entry goes, and the former again.
        let held = vec![ctx.reserve(cols.saturating_mul(3 * size_of::<usize>()))?];
        Ok(Self { rows, cols, places: Vec::new(), values: Numbers::Single(Vec::new()), room: 0, held })
    }

    fn make_room(&mut self, more: usize, ctx: &Context) -> Result<()> {
        ctx.check()?;
        let wanted = self.places.len().saturating_add(more);
        if wanted > self.room {
            self.held.push(ctx.reserve((wanted - self.room).saturating_mul(COLLECTED))?);
            self.room = wanted;
        }
        self.places.reserve(more);
        self.values.reserve(more);
        Ok(())
    }

    fn add(&mut self, row: usize, col: usize, value: f64) {
        if value != 0.0 {
            self.places.push((row as u32, col as u32));
            self.values.push(value);
        }
    }

    fn end(self, row_names: Option<Names>, names: Option<Names>, ctx: &Context) -> Result<SparseMatrix> {
        ctx.check()?;
        let (starts, order) = grouped(self.cols, self.places.iter().map(|&(_, col)| col as usize));
        let mut columns = Columns::with_capacity(self.cols);
        let mut column = Vec::new();
        let mut since = 0;
        for range in starts.windows(2) {
            since += range[1] - range[0] + 1;
            if since >= PIECE {
                ctx.check()?;
                since = 0;
            }
            column.clear();
            let entries = order[range[0]..range[1]].iter();
            column.extend(entries.map(|&entry| (self.places[entry].0, self.values.at(entry))));
            columns.push(&mut column);
        }
        SparseMatrix::of_columns(self.rows, columns).with_names(names)?.with_row_names(row_names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_ends_where_it_would_round() {
        let mut numbers = Numbers::Single(Vec::new());
        for value in [1.0, 16_777_216.0, f64::NAN, f64::INFINITY] {
            numbers.push(value);
        }
        assert!(matches!(numbers, Numbers::Single(_)));
        numbers.push(16_777_217.0);
        assert!(matches!(numbers, Numbers::Double(_)));
        numbers.push(0.1);
        assert_eq!((numbers.at(1), numbers.at(4), numbers.at(5)), (16_777_216.0, 16_777_217.0, 0.1));
        assert!(numbers.at(2).is_nan());
    }

    #[test]
    fn places_come_in_any_order_and_add_up() {
        let ctx = Context::new();
        let mut sparse = Triplets::begin(3, 2, &ctx).unwrap();
        let mut dense = Dense::begin(3, 2, &ctx).unwrap();
        sparse.make_room(5, &ctx).unwrap();
        for (row, col, value) in [(2, 1, 4.0), (0, 1, 1.0), (2, 0, 3.0), (2, 1, 0.5), (2, 0, -3.0)] {
            sparse.add(row, col, value);
            dense.add(row, col, value);
        }
        let sparse = sparse.end(None, None, &ctx).unwrap();
        assert_eq!((sparse.nnz(), sparse.column(1).collect::<Vec<_>>()), (2, vec![(0, 1.0), (2, 4.5)]));
        assert_eq!(sparse.matrix(&ctx).unwrap(), dense.end(None, None, &ctx).unwrap());
    }

    #[test]
    fn memory_is_asked_for_before_it_is_taken() {
        let ctx = Context::new().with_memory_limit(10_000);
        let mut sparse = Triplets::begin(1_000_000, 10, &ctx).unwrap();
        assert!(sparse.make_room(100, &ctx).is_ok() && sparse.make_room(1000, &ctx).is_err());
        assert!(Triplets::begin(10, 1_000_000, &ctx).is_err() && Triplets::begin(1 << 40, 1, &ctx).is_err());
        let error = Dense::begin(1000, 1000, &ctx).map(|_| ()).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("sparse: true")), "{error}");
    }
}
