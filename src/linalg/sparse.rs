//! Sparse symmetric matrices: what the precision matrix of a sparse graph is.

use faer::Par;
use faer::Side;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::LltRegularization;
use faer::sparse::linalg::cholesky::supernodal::SupernodalLltRef;
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, SymbolicCholesky, SymbolicCholeskyRaw, SymmetricOrdering, factorize_symbolic_cholesky,
};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use ndarray::{Array2, ArrayView2};

use super::Cholesky;
use crate::context::Context;
use crate::error::Result;

/// A symmetric matrix of p variables: its diagonal, and the entries off it that are not zero, column by column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SparseSymmetric {
    diagonal: Vec<f64>,
    /// Column j's entries stand at `starts[j]..starts[j + 1]`.
    starts: Vec<usize>,
    /// Rows, ascending within a column.
    rows: Vec<u32>,
    values: Vec<f64>,
}

/// Where more than one entry in so many is not zero, dense algebra is faster.
const DENSE: usize = 6;
/// Up to this size it always is.
const SMALL: usize = 128;
/// Where a factor holds more than one number in so many, blocks of the dense one are faster and can be interrupted.
const FILLED: usize = 4;

impl SparseSymmetric {
    /// From the diagonal and the entries (i, j, value) above it, i < j, each given once.
    pub fn from_upper(diagonal: Vec<f64>, upper: &[(u32, u32, f64)]) -> Self {
        let p = diagonal.len();
        let mut starts = vec![0; p + 1];
        for &(i, j, _) in upper {
            starts[i as usize + 1] += 1;
            starts[j as usize + 1] += 1;
        }
        for j in 0..p {
            starts[j + 1] += starts[j];
        }
        let mut sorted = upper.to_vec();
        sorted.sort_unstable_by_key(|&(i, j, _)| (i, j));
        let mut next = starts.clone();
        let (mut rows, mut values) = (vec![0; 2 * upper.len()], vec![0.0; 2 * upper.len()]);
        // First what stands above the diagonal, in order of i: then the rows of every column ascend.
        let both = sorted.iter().map(|&(i, j, value)| (i, j, value)).chain(sorted.iter().map(|&(i, j, v)| (j, i, v)));
        for (row, column, value) in both {
            let place = &mut next[column as usize];
            rows[*place] = row;
            values[*place] = value;
            *place += 1;
        }
        Self { diagonal, starts, rows, values }
    }

    /// The block-diagonal matrix of p variables whose blocks stand at the given positions, ascending in each block.
    pub fn from_blocks<'a>(p: usize, blocks: impl Iterator<Item = (&'a [usize], &'a Self)>) -> Self {
        let mut diagonal = vec![0.0; p];
        let mut upper = Vec::new();
        for (positions, block) in blocks {
            positions.iter().zip(&block.diagonal).for_each(|(&i, &value)| diagonal[i] = value);
            upper.extend(block.pairs().map(|(i, j, value)| (positions[i] as u32, positions[j] as u32, value)));
        }
        Self::from_upper(diagonal, &upper)
    }

    /// The entries of a symmetric matrix that are not zero.
    pub fn from_dense(a: ArrayView2<'_, f64>) -> Self {
        let upper: Vec<(u32, u32, f64)> = a
            .indexed_iter()
            .filter(|&((i, j), &value)| i < j && value != 0.0)
            .map(|((i, j), &value)| (i as u32, j as u32, value))
            .collect();
        Self::from_upper(a.diag().to_vec(), &upper)
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        self.diagonal.len()
    }

    /// The diagonal.
    pub fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    /// Number of pairs i < j whose entry is not zero.
    pub fn n_pairs(&self) -> usize {
        self.rows.len() / 2
    }

    /// Rows and values of column j's entries off the diagonal, rows ascending.
    pub fn column(&self, j: usize) -> (&[u32], &[f64]) {
        let place = self.starts[j]..self.starts[j + 1];
        (&self.rows[place.clone()], &self.values[place])
    }

    /// Entry (i, j).
    pub fn at(&self, i: usize, j: usize) -> f64 {
        if i == j {
            return self.diagonal[i];
        }
        let (rows, values) = self.column(j);
        rows.binary_search(&(i as u32)).map_or(0.0, |place| values[place])
    }

    /// The entries (i, j, value) with i < j, in order of i, then j.
    pub fn pairs(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        (0..self.p()).flat_map(move |i| {
            let (rows, values) = self.column(i);
            let above = rows.partition_point(|&row| (row as usize) < i);
            rows[above..].iter().zip(&values[above..]).map(move |(&j, &value)| (i, j as usize, value))
        })
    }

    /// The block of some of the variables, positions ascending.
    #[must_use]
    pub fn restrict(&self, positions: &[usize]) -> Self {
        let mut place = vec![u32::MAX; self.p()];
        positions.iter().enumerate().for_each(|(k, &i)| place[i] = k as u32);
        let mut upper = Vec::new();
        for (k, &j) in positions.iter().enumerate() {
            let (rows, values) = self.column(j);
            let inside = rows.iter().zip(values).map(|(&i, &value)| (place[i as usize], k as u32, value));
            upper.extend(inside.filter(|&(i, k, _)| i < k));
        }
        Self::from_upper(positions.iter().map(|&i| self.diagonal[i]).collect(), &upper)
    }

    /// sum_ij A_ij B_ij with a dense symmetric B.
    pub fn inner(&self, b: ArrayView2<'_, f64>) -> f64 {
        let diagonal: f64 = self.diagonal.iter().enumerate().map(|(i, value)| value * b[(i, i)]).sum();
        diagonal + 2.0 * self.pairs().map(|(i, j, value)| value * b[(i, j)]).sum::<f64>()
    }

    /// As a dense matrix, p x p.
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::from_diag(&ndarray::ArrayView1::from(&self.diagonal));
        for j in 0..self.p() {
            let (rows, values) = self.column(j);
            for (&i, &value) in rows.iter().zip(values) {
                dense[(j, i as usize)] = value;
            }
        }
        dense
    }

    /// log det A by a sparse Cholesky factor, or a dense one where that fills in; `None` if A is not positive definite.
    ///
    /// # Errors
    /// Cancellation, which a sparse factor does not look for; memory.
    pub fn logdet(&self, ctx: &Context) -> Result<Option<f64>> {
        let p = self.p();
        let dense = || {
            let _held = ctx.reserve_matrices(2, p, p)?;
            Ok(Cholesky::checked(self.to_dense().view(), ctx)?.map(|cholesky| cholesky.logdet()))
        };
        if p <= SMALL || 2 * self.n_pairs() * DENSE > p * p {
            return dense();
        }
        if self.diagonal.iter().chain(&self.values).any(|value| !value.is_finite()) {
            return Ok(None);
        }
        let (starts, rows, values) = self.lower();
        let pattern = SymbolicSparseColMatRef::new_checked(p, p, &starts, None, &rows);
        let (side, order) = (Side::Lower, SymmetricOrdering::Amd);
        let symbolic = factorize_symbolic_cholesky(pattern, side, order, CholeskySymbolicParams::default());
        let Ok(symbolic) = symbolic.map_err(|_| ()) else { return dense() };
        if FILLED * symbolic.len_val() > p * p {
            return dense();
        }
        let _held = ctx.reserve_matrices(2, symbolic.len_val(), 1)?;
        let logs = factored_logs(&symbolic, SparseColMatRef::new(pattern, &values));
        Ok(logs.map(|logs| 2.0 * logs).filter(|logdet| logdet.is_finite()))
    }

    /// The lower triangle with the diagonal: starts of columns, rows, values.
    fn lower(&self) -> (Vec<usize>, Vec<usize>, Vec<f64>) {
        let p = self.p();
        let entries = p + self.n_pairs();
        let (mut starts, mut rows, mut values) =
            (Vec::with_capacity(p + 1), Vec::with_capacity(entries), Vec::with_capacity(entries));
        starts.push(0);
        for j in 0..p {
            let (below, numbers) = self.column(j);
            let first = below.partition_point(|&row| (row as usize) < j);
            rows.push(j);
            values.push(self.diagonal[j]);
            rows.extend(below[first..].iter().map(|&row| row as usize));
            values.extend_from_slice(&numbers[first..]);
            starts.push(rows.len());
        }
        (starts, rows, values)
    }
}

/// sum_i log L_ii of the sparse Cholesky factor; `None` if there is none.
fn factored_logs(symbolic: &SymbolicCholesky<usize>, a: SparseColMatRef<'_, usize, f64>) -> Option<f64> {
    let mut factor = vec![0.0; symbolic.len_val()];
    let scratch = symbolic.factorize_numeric_llt_scratch::<f64>(Par::Seq, Default::default());
    let mut memory = MemBuffer::try_new(scratch).ok()?;
    symbolic
        .factorize_numeric_llt(
            &mut factor,
            a,
            Side::Lower,
            LltRegularization::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            Default::default(),
        )
        .ok()?;
    Some(match symbolic.raw() {
        SymbolicCholeskyRaw::Simplicial(simplicial) => {
            simplicial.col_ptr()[..a.ncols()].iter().map(|&first| factor[first].ln()).sum()
        }
        SymbolicCholeskyRaw::Supernodal(supernodal) => {
            let factored = SupernodalLltRef::new(supernodal, &factor);
            (0..supernodal.n_supernodes())
                .map(|node| {
                    let block = factored.supernode(node).val();
                    (0..block.ncols()).map(|i| block[(i, i)].ln()).sum::<f64>()
                })
                .sum()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A random sparse matrix that dominates its diagonal.
    fn example(p: usize, per_node: usize) -> SparseSymmetric {
        let mut upper = Vec::new();
        let mut state = 7u64;
        let mut draw = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..p * per_node / 2 {
            let (i, j) = (draw(p), draw(p));
            if i < j && seen.insert((i, j)) {
                upper.push((i as u32, j as u32, 0.1 + 0.001 * draw(100) as f64));
            }
        }
        SparseSymmetric::from_upper((0..p).map(|i| 2.0 + (i % 3) as f64).collect(), &upper)
    }

    #[test]
    fn sparse_and_dense_agree() {
        for p in [1, 5, 40, 300] {
            let sparse = example(p, 4);
            let dense = sparse.to_dense();
            assert_eq!(SparseSymmetric::from_dense(dense.view()), sparse);
            assert_eq!(dense, dense.t());
            let expected = Cholesky::new(dense.view()).unwrap().logdet();
            assert!(
                (sparse.logdet(&Context::new()).unwrap().unwrap() - expected).abs() < 1e-11 * expected.abs(),
                "p = {p}"
            );
            assert!((sparse.inner(dense.view()) - (&dense * &dense).sum()).abs() < 1e-9);
            assert_eq!(sparse.pairs().map(|(i, j, v)| dense[(i, j)] - v).fold(0.0, f64::max), 0.0);
            assert_eq!(sparse.at(0, p - 1), dense[(0, p - 1)]);
        }
    }

    #[test]
    fn not_positive_definite_is_found() {
        let mut wrong = example(300, 4);
        wrong.diagonal[17] = 0.01;
        assert!(wrong.n_pairs() > 0 && wrong.logdet(&Context::new()).unwrap().is_none());
    }
}
