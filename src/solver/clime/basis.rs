//! The inverse of the active rows and columns of S, kept up to date from pivot to pivot: n^2 multiplications for each,
//! where factors anew would take n^3 / 3.

use super::small_lu::SmallLu;
use crate::linalg::{axpy, dot};

/// A^-1 of an n x n matrix A whose rows and columns come and go.
#[derive(Debug, Default)]
pub(super) struct Basis {
    n: usize,
    /// Row by row: row k belongs to column k of A.
    inverse: Vec<f64>,
}

/// Divisions by less than this would lose too many digits.
const SMALL: f64 = 1e-9;

fn is_safe(pivot: f64) -> bool {
    pivot.is_finite() && pivot.abs() > SMALL
}

/// The largest absolute value; infinite where one is not a number.
pub(super) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0f64, |most, value| if value.is_nan() { f64::INFINITY } else { most.max(value.abs()) })
}

impl Basis {
    /// Of the n x n matrix with these entries; none where it is singular in double precision.
    pub fn new(n: usize, entry: impl Fn(usize, usize) -> f64) -> Option<Self> {
        let factors = SmallLu::new(n, entry)?;
        let mut inverse = Vec::with_capacity(n * n);
        let mut unit = vec![0.0; n];
        for k in 0..n {
            unit[k] = 1.0;
            // Row k of A^-1 solves A'x = e_k.
            inverse.extend(factors.solve_transposed(&unit));
            unit[k] = 0.0;
        }
        Some(Self { n, inverse })
    }

    /// Row `place` of A^-1.
    pub fn row(&self, place: usize) -> &[f64] {
        &self.inverse[place * self.n..(place + 1) * self.n]
    }

    /// A^-1 x.
    pub fn solve(&self, x: &[f64]) -> Vec<f64> {
        (0..self.n).map(|k| dot(self.row(k), x)).collect()
    }

    /// A'^-1 x.
    pub fn solve_transposed(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.n];
        for (k, &value) in x.iter().enumerate() {
            axpy(value, self.row(k), &mut out);
        }
        out
    }

    /// A gets a last row and a last column, which meet in `corner`. Whether that is safe; where it is not, nothing has
    /// changed, as in what follows.
    #[must_use]
    pub fn grow(&mut self, row: &[f64], column: &[f64], corner: f64) -> bool {
        let (right, left) = (self.solve(column), self.solve_transposed(row));
        let pivot = corner - dot(row, &right);
        if !is_safe(pivot) {
            return false;
        }
        let mut grown = Vec::with_capacity((self.n + 1) * (self.n + 1));
        for (k, value) in right.iter().enumerate() {
            let factor = value / pivot;
            grown.extend(self.row(k).iter().zip(&left).map(|(old, left)| old + factor * left));
            grown.push(-factor);
        }
        grown.extend(left.iter().map(|left| -left / pivot));
        grown.push(pivot.recip());
        self.inverse = grown;
        self.n += 1;
        true
    }

    /// Another row of A at `place`.
    #[must_use]
    pub fn replace_row(&mut self, place: usize, row: &[f64]) -> bool {
        let mut change = self.solve_transposed(row);
        let pivot = change[place];
        if !is_safe(pivot) {
            return false;
        }
        change[place] -= 1.0;
        for line in self.inverse.chunks_exact_mut(self.n) {
            axpy(-line[place] / pivot, &change, line);
        }
        true
    }

    /// Another column of A at `place`.
    #[must_use]
    pub fn replace_column(&mut self, place: usize, column: &[f64]) -> bool {
        let change = self.solve(column);
        let pivot = change[place];
        if !is_safe(pivot) {
            return false;
        }
        let new: Vec<f64> = self.row(place).iter().map(|value| value / pivot).collect();
        for (k, line) in self.inverse.chunks_exact_mut(self.n).enumerate() {
            if k == place {
                line.copy_from_slice(&new);
            } else {
                axpy(-change[k], &new, line);
            }
        }
        true
    }

    /// A without one of its rows and one of its columns.
    #[must_use]
    pub fn shrink(&mut self, row: usize, column: usize) -> bool {
        let gone = self.row(column).to_vec();
        let pivot = gone[row];
        if !is_safe(pivot) {
            return false;
        }
        let mut left = Vec::with_capacity((self.n - 1) * (self.n - 1));
        for k in (0..self.n).filter(|&k| k != column) {
            let line = self.row(k);
            let factor = line[row] / pivot;
            let entries = line.iter().zip(&gone).enumerate().filter(|(i, _)| *i != row);
            left.extend(entries.map(|(_, (value, gone))| value - factor * gone));
        }
        self.inverse = left;
        self.n -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The inverse of these rows, held against one made anew.
    fn check(basis: &Basis, rows: &[Vec<f64>]) {
        let fresh = Basis::new(rows.len(), |i, j| rows[i][j]).unwrap();
        assert_eq!(basis.n, fresh.n);
        for (kept, fresh) in basis.inverse.iter().zip(&fresh.inverse) {
            assert!((kept - fresh).abs() < 1e-12, "{basis:?} {fresh}");
        }
    }

    #[test]
    fn every_pivot_keeps_the_inverse() {
        let mut rows = vec![vec![2.0, 0.3], vec![-0.4, 1.5]];
        let mut basis = Basis::default();
        assert!(basis.grow(&[], &[], 2.0) && basis.grow(&[-0.4], &[0.3], 1.5));
        check(&basis, &rows);
        assert!(basis.grow(&[0.7, -1.1], &[0.2, 0.9], 1.7));
        rows[0].push(0.2);
        rows[1].push(0.9);
        rows.push(vec![0.7, -1.1, 1.7]);
        check(&basis, &rows);
        rows[1] = vec![0.1, -0.8, 0.6];
        assert!(basis.replace_row(1, &rows[1]));
        check(&basis, &rows);
        for (row, value) in rows.iter_mut().zip([0.5, 0.4, -1.2]) {
            row[0] = value;
        }
        assert!(basis.replace_column(0, &[0.5, 0.4, -1.2]));
        check(&basis, &rows);
        assert!(basis.shrink(2, 1));
        rows.remove(2);
        rows.iter_mut().for_each(|row| {
            row.remove(1);
        });
        check(&basis, &rows);
        let x = basis.solve(&[1.0, 2.0]);
        assert!((rows[1][0] * x[0] + rows[1][1] * x[1] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_singular_change_is_refused() {
        let mut basis = Basis::new(2, |i, j| if i == j { 1.0 } else { 0.5 }).unwrap();
        assert!(!basis.replace_row(1, &[2.0, 1.0]) && !basis.replace_column(0, &[0.5, 1.0]));
        assert!(!basis.grow(&[1.0, 0.5], &[0.0, 0.0], 0.0) && basis.shrink(0, 0));
    }
}
