//! Coordinate descent over entries of Omega that may be non-zero.

use super::Problem;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::SparseSymmetric;
use crate::problem::Separable;

/// Passes after which coordinate steps are slow.
const SLOW: usize = 20;

/// Omega on some of the pairs, column by column, with both entries of every pair.
///
/// A step of entry (i, j) needs (S Omega)_ij + (S Omega)_ji, which are sums over columns i and j alone: for sparse Omega
/// far less than keeping all of S Omega up to date.
#[derive(Debug)]
pub(super) struct Active<'a, P> {
    pub problem: &'a Problem<'a, P>,
    pub diagonal: Vec<f64>,
    /// Column j's entries stand at `starts[j]..starts[j + 1]`.
    pub starts: Vec<usize>,
    /// Rows, ascending within a column.
    pub rows: Vec<u32>,
    pub values: Vec<f64>,
    /// For the place of (i, j) that of (j, i).
    pub mirrors: Vec<usize>,
}

impl<'a, P: Separable> Active<'a, P> {
    /// From the diagonal and the pairs (i, j, value), i < j, in order of j, then i.
    pub fn new(problem: &'a Problem<'a, P>, diagonal: Vec<f64>, pairs: &[(u32, u32, f64)]) -> Self {
        let p = problem.p;
        let mut starts = vec![0; p + 1];
        for &(i, j, _) in pairs {
            starts[i as usize + 1] += 1;
            starts[j as usize + 1] += 1;
        }
        for j in 0..p {
            starts[j + 1] += starts[j];
        }
        let mut next = starts.clone();
        let (mut rows, mut values) = (vec![0; 2 * pairs.len()], vec![0.0; 2 * pairs.len()]);
        let mut mirrors = vec![0; 2 * pairs.len()];
        let mut put = |row: u32, column: u32, value: f64| {
            let place = next[column as usize];
            next[column as usize] += 1;
            rows[place] = row;
            values[place] = value;
            place
        };
        // First what stands above the diagonal: then the rows of every column ascend.
        let above: Vec<usize> = pairs.iter().map(|&(i, j, value)| put(i, j, value)).collect();
        let below: Vec<usize> = pairs.iter().map(|&(i, j, value)| put(j, i, value)).collect();
        for (&a, &b) in above.iter().zip(&below) {
            mirrors[a] = b;
            mirrors[b] = a;
        }
        Self { problem, diagonal, starts, rows, values, mirrors }
    }

    /// Passes over all entries until none moves its own condition by more than `tol` in a pass, with a step of Newton's
    /// method wherever that takes long; `most` passes at most. Returns how many, as which the conjugate gradients count.
    ///
    /// # Errors
    /// Cancellation.
    pub fn descend(&mut self, tol: f64, most: usize, ctx: &Context) -> Result<usize> {
        let mut passes = 0;
        while passes < most {
            for _ in 0..SLOW.min(most - passes) {
                passes += 1;
                if self.pass(ctx)? <= tol {
                    return Ok(passes);
                }
            }
            if passes < most {
                passes += self.newton(most - passes, ctx)?;
            }
        }
        Ok(passes)
    }

    /// One step of every entry; returns the largest change of a condition by its own step, in its unit.
    fn pass(&mut self, ctx: &Context) -> Result<f64> {
        let mut largest = 0.0f64;
        for j in 0..self.problem.p {
            ctx.check()?;
            for place in self.starts[j]..self.starts[j + 1] {
                let i = self.rows[place] as usize;
                if i > j {
                    break;
                }
                largest = largest.max(self.move_pair(i, j, place));
            }
            largest = largest.max(self.move_diagonal(j));
        }
        Ok(largest)
    }

    #[inline]
    fn move_pair(&mut self, i: usize, j: usize, place: usize) -> f64 {
        let problem = self.problem;
        let (row_i, row_j) = (problem.row(i), problem.row(j));
        let diagonal = row_i[j] * (self.diagonal[i] + self.diagonal[j]);
        let slope = diagonal + self.product(row_i, j) + self.product(row_j, i);
        let curvature = row_i[i] + row_j[j];
        let old = self.values[place];
        // Both entries of the pair move: curvature/2 x^2 + .. + 2 P(x).
        let new = problem.penalty.proximal(i, j, old - slope / curvature, 2.0 / curvature);
        if new == old {
            return 0.0;
        }
        self.values[place] = new;
        self.values[self.mirrors[place]] = new;
        0.5 * curvature * (new - old).abs() / problem.unit(i, j)
    }

    #[inline]
    fn move_diagonal(&mut self, j: usize) -> f64 {
        let problem = self.problem;
        let row = problem.row(j);
        let old = self.diagonal[j];
        let new = problem.best_diagonal(j, self.product(row, j));
        self.diagonal[j] = new;
        row[j] * (new - old).abs() / problem.unit(j, j)
    }

    /// The sum over the entries of column j off the diagonal with a row of S.
    #[inline]
    fn product(&self, row: &[f64], j: usize) -> f64 {
        let place = self.starts[j]..self.starts[j + 1];
        let entries = self.rows[place.clone()].iter().zip(&self.values[place]);
        entries.map(|(&k, value)| row[k as usize] * value).sum()
    }

    /// Omega, without the entries that are 0.
    pub fn matrix(self) -> SparseSymmetric {
        let mut upper = Vec::with_capacity(self.values.len() / 2);
        for j in 0..self.problem.p {
            let place = self.starts[j]..self.starts[j + 1];
            let entries = self.rows[place.clone()].iter().zip(&self.values[place]);
            let above = entries.take_while(|(i, _)| (**i as usize) < j).filter(|(_, value)| **value != 0.0);
            upper.extend(above.map(|(&i, &value)| (i, j as u32, value)));
        }
        SparseSymmetric::from_upper(self.diagonal, &upper)
    }
}
