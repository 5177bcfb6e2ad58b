//! Matrices on the support of a sparse symmetric matrix, and the map X -> P(A X A) between them.

use ndarray::Array2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{SparseSymmetric, combine, dot};

/// Columns that are gathered at once: a line of the cache holds so many numbers.
const COLUMNS: usize = 8;

/// Where the entries of an m x m symmetric matrix are not zero. A matrix on the support is a list of numbers: first its
/// diagonal, then the entries (i, j) with i < j, in order of i, then j.
#[derive(Debug)]
pub(super) struct Support {
    m: usize,
    /// Column j's entries, with the diagonal, stand at `starts[j]..starts[j + 1]`.
    starts: Vec<usize>,
    rows: Vec<u32>,
    /// Where the number of an entry stands in a list.
    places: Vec<u32>,
    pairs: Vec<(u32, u32)>,
}

impl Support {
    /// The support of a matrix, its diagonal included.
    pub fn of(theta: &SparseSymmetric) -> Self {
        let m = theta.p();
        let pairs: Vec<(u32, u32)> = theta.pairs().map(|(i, j, _)| (i as u32, j as u32)).collect();
        let mut columns: Vec<Vec<(u32, u32)>> = (0..m).map(|j| vec![(j as u32, j as u32)]).collect();
        for (k, &(i, j)) in pairs.iter().enumerate() {
            let place = (m + k) as u32;
            columns[i as usize].push((j, place));
            columns[j as usize].push((i, place));
        }
        let mut starts = vec![0];
        let (mut rows, mut places) = (Vec::new(), Vec::new());
        for mut column in columns {
            column.sort_unstable();
            rows.extend(column.iter().map(|&(row, _)| row));
            places.extend(column.iter().map(|&(_, place)| place));
            starts.push(rows.len());
        }
        Self { m, starts, rows, places, pairs }
    }

    /// How many numbers a matrix on the support has.
    pub fn len(&self) -> usize {
        self.m + self.pairs.len()
    }

    /// Number of variables.
    pub fn m(&self) -> usize {
        self.m
    }

    /// The entries (i, j), i <= j, in the order of their numbers.
    pub fn entries(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let diagonal = (0..self.m).map(|i| (i, i));
        diagonal.chain(self.pairs.iter().map(|&(i, j)| (i as usize, j as usize)))
    }

    /// <X, Y> = sum over all i, j of X_ij Y_ij.
    pub fn inner(&self, x: &[f64], y: &[f64]) -> f64 {
        dot(&x[..self.m], &y[..self.m]) + 2.0 * dot(&x[self.m..], &y[self.m..])
    }

    /// The numbers of both triangles, column by column, as `starts` has them.
    fn spread(&self, x: &[f64], all: &mut [f64]) {
        for (value, &place) in all.iter_mut().zip(&self.places) {
            *value = x[place as usize];
        }
    }

    fn column(&self, j: usize) -> std::ops::Range<usize> {
        self.starts[j]..self.starts[j + 1]
    }
}

/// A symmetric matrix A that others are multiplied by.
#[derive(Debug)]
pub(super) enum Factor {
    /// Row by row.
    Dense(Array2<f64>),
    /// The numbers of both triangles on the support.
    Sparse(Vec<f64>),
}

/// Where more than one entry in so many is not zero, dense rows are faster.
const DENSE: usize = 8;

impl Factor {
    /// A matrix on the support, however it is multiplied faster.
    pub fn on(support: &Support, a: &SparseSymmetric) -> Self {
        if support.rows.len() * DENSE > support.m * support.m {
            return Self::Dense(a.to_dense());
        }
        let list: Vec<f64> = support.entries().map(|(i, j)| a.at(i, j)).collect();
        let mut all = vec![0.0; support.rows.len()];
        support.spread(&list, &mut all);
        Self::Sparse(all)
    }
}

/// What products need room for, so that they need not ask for it.
#[derive(Debug)]
pub(super) struct Room {
    /// X A, m x m.
    product: Array2<f64>,
    /// X on both triangles.
    all: Vec<f64>,
    /// Some columns of X A, one behind the other.
    columns: Vec<f64>,
}

impl Room {
    pub fn new(support: &Support) -> Self {
        let m = support.m;
        Self { product: Array2::zeros((m, m)), all: vec![0.0; support.rows.len()], columns: vec![0.0; COLUMNS * m] }
    }
}

impl Support {
    /// out = P(A X A), the entries of A X A on the support.
    ///
    /// # Errors
    /// Cancellation.
    pub fn sandwich(&self, a: &Factor, x: &[f64], out: &mut [f64], room: &mut Room, ctx: &Context) -> Result<()> {
        let Room { product, all, columns } = room;
        self.spread(x, all);
        self.times(a, all, product, ctx)?;
        let m = self.m;
        for first in (0..m).step_by(COLUMNS) {
            ctx.check()?;
            let count = COLUMNS.min(m - first);
            for (k, row) in product.rows().into_iter().enumerate() {
                let Some(row) = row.to_slice() else { continue };
                for (t, &value) in row[first..first + count].iter().enumerate() {
                    columns[t * m + k] = value;
                }
            }
            for t in 0..count {
                let (j, column) = (first + t, &columns[t * m..(t + 1) * m]);
                for entry in self.column(j) {
                    let i = self.rows[entry] as usize;
                    if i > j {
                        break;
                    }
                    out[self.places[entry] as usize] = self.row_times(a, i, column);
                }
            }
        }
        Ok(())
    }

    /// X A, from the numbers of X on both triangles.
    fn times(&self, a: &Factor, all: &[f64], product: &mut Array2<f64>, ctx: &Context) -> Result<()> {
        let m = self.m;
        for (i, mut row) in product.rows_mut().into_iter().enumerate() {
            if i % COLUMNS == 0 {
                ctx.check()?;
            }
            let Some(out) = row.as_slice_mut() else { continue };
            let range = self.column(i);
            match a {
                Factor::Dense(a) => {
                    let numbers = a.as_slice().unwrap_or_default();
                    combine(numbers, m, 0, &self.rows[range.clone()], &all[range], out);
                }
                Factor::Sparse(a) => {
                    out.fill(0.0);
                    for (&k, &factor) in self.rows[range.clone()].iter().zip(&all[range]) {
                        let of_k = self.column(k as usize);
                        for (&j, &value) in self.rows[of_k.clone()].iter().zip(&a[of_k]) {
                            out[j as usize] += factor * value;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// sum_k A_ik v_k.
    fn row_times(&self, a: &Factor, i: usize, v: &[f64]) -> f64 {
        match a {
            Factor::Dense(a) => a.row(i).to_slice().map_or(0.0, |row| dot(row, v)),
            Factor::Sparse(a) => {
                let range = self.column(i);
                self.rows[range.clone()].iter().zip(&a[range]).map(|(&k, value)| value * v[k as usize]).sum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sandwiches_are_entries_of_the_product() {
        let m = 21;
        let upper: Vec<(u32, u32, f64)> = (1..m as u32)
            .flat_map(|j| {
                (0..j).filter(move |i| (i * 7 + j * 3) % 11 < 2).map(move |i| (i, j, 0.1 + 0.01 * f64::from(i)))
            })
            .collect();
        let sparse = SparseSymmetric::from_upper((0..m).map(|i| 2.0 + i as f64).collect(), &upper);
        let support = Support::of(&sparse);
        let x: Vec<f64> = (0..support.len()).map(|k| ((k * k) % 17) as f64 - 8.0).collect();
        let mut dense_x = Array2::zeros((m, m));
        for ((i, j), &value) in support.entries().zip(&x) {
            dense_x[(i, j)] = value;
            dense_x[(j, i)] = value;
        }
        assert!((support.inner(&x, &x) - (&dense_x * &dense_x).sum()).abs() < 1e-9);
        let a = sparse.to_dense();
        let expected = a.dot(&dense_x).dot(&a);
        let list: Vec<f64> = support.entries().map(|(i, j)| sparse.at(i, j)).collect();
        let mut all = vec![0.0; support.rows.len()];
        support.spread(&list, &mut all);
        for factor in [Factor::Dense(a.clone()), Factor::Sparse(all)] {
            let (mut out, mut room) = (vec![f64::NAN; support.len()], Room::new(&support));
            support.sandwich(&factor, &x, &mut out, &mut room, &Context::new()).unwrap();
            for ((i, j), value) in support.entries().zip(&out) {
                assert!((value - expected[(i, j)]).abs() < 1e-9 * expected[(i, j)].abs().max(1.0), "{i} {j}");
            }
        }
    }
}
