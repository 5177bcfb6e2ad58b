//! The quadratic model of a proximal Newton step, minimised by coordinate descent over the entries that are free.
//!
//! At Theta with W = Theta^-1 the model is tr((S - W) D) + tr(W D W D) / 2 + P(Theta + D). Its gradient needs
//! (W D W)_ij = w_i' (D w_j). The product U = D W is kept row by row, so that a change of D_ij adds multiples of the
//! rows w_i and w_j to two rows of it. The pairs are visited column by column of D: the columns D w_j of U are copied
//! out some at a time, and the inner product w_i' (D w_j) is contiguous as well.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{axpy, dot};
use crate::problem::{Entrywise, LogDet, Separable};

/// Columns of U that are copied out at once: a cache line of numbers.
pub(super) const TILE: usize = 8;

/// Passes over the free entries before it is asked how fast they converge.
const PASSES: usize = 4;
/// Where errors fall less than this from pass to pass, conjugate gradients are faster.
const SLOW: f64 = 0.4;
/// Times that conjugate gradients are used at most, a step.
const ROUNDS: usize = 10;

/// Where the model is taken.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The loss.
    pub loss: LogDet<'a>,
    /// Theta, p x p.
    pub theta: ArrayView2<'a, f64>,
    /// Theta^-1, row by row.
    pub w: &'a [f64],
}

/// The symmetric direction D of a Newton step, zero outside the free entries.
pub(super) struct Direction {
    pub(super) p: usize,
    /// Where the free entries of each column begin.
    pub(super) starts: Vec<usize>,
    /// Their rows i <= j, ascending within a column j.
    pub(super) rows: Vec<u32>,
    /// D at them.
    pub(super) values: Vec<f64>,
    /// U = D W, row by row.
    pub(super) product: Vec<f64>,
    /// Some columns of U.
    pub(super) tile: Vec<f64>,
}

impl Direction {
    /// No direction yet, for p variables.
    pub fn new(p: usize) -> Self {
        Self {
            p,
            starts: Vec::with_capacity(p + 1),
            rows: Vec::new(),
            values: Vec::new(),
            product: vec![0.0; p * p],
            tile: vec![0.0; TILE * p],
        }
    }

    /// Frees the entries that are not zero or want to leave it, and starts over from D = 0.
    ///
    /// # Errors
    /// Cancellation.
    pub fn free<P: Entrywise>(&mut self, place: Place<'_>, penalty: &P, ctx: &Context) -> Result<()> {
        self.rows.clear();
        self.starts.clear();
        self.starts.push(0);
        for j in 0..self.p {
            ctx.check()?;
            for i in 0..=j {
                let gradient = place.loss.gradient(i, j, place.w[j * self.p + i]);
                if place.theta[(j, i)] != 0.0 || penalty.violation_at(i, j, 0.0, gradient) > 0.0 {
                    self.rows.push(i as u32);
                }
            }
            self.starts.push(self.rows.len());
        }
        self.values.clear();
        self.values.resize(self.rows.len(), 0.0);
        self.product.fill(0.0);
        Ok(())
    }

    /// Coordinate descent until D is within `accuracy` times its largest entry of the minimiser, in units of the
    /// curvature, by how fast the changes fall from pass to pass; where they fall slowly, with conjugate gradients.
    ///
    /// # Errors
    /// Cancellation; it is checked for in every column.
    pub fn minimize<P: Separable>(
        &mut self,
        place: Place<'_>,
        penalty: &P,
        accuracy: f64,
        ctx: &Context,
    ) -> Result<()> {
        for _ in 0..ROUNDS {
            let mut before = f64::INFINITY;
            for pass in 1.. {
                let (moved, size) = self.pass(place, penalty, ctx)?;
                let rate = (moved / before).min(1.0);
                let is_known = before.is_finite();
                if moved == 0.0 || is_known && moved * rate <= accuracy * size * (1.0 - rate) {
                    return Ok(());
                }
                if pass >= PASSES && rate > SLOW {
                    break;
                }
                before = moved;
            }
            self.polish(place, penalty, accuracy, ctx)?;
        }
        Ok(())
    }

    /// The same by coordinate descent alone, for a penalty that may be concave: every step goes to the global minimum
    /// along its entry, so that the model falls, to a point that no single entry can improve.
    ///
    /// # Errors
    /// Cancellation; it is checked for in every column.
    pub fn settle<P: Entrywise>(&mut self, place: Place<'_>, penalty: &P, accuracy: f64, ctx: &Context) -> Result<()> {
        let mut before = f64::INFINITY;
        for _ in 0..ROUNDS * PASSES {
            let (moved, size) = self.pass(place, penalty, ctx)?;
            let rate = (moved / before).min(1.0);
            if moved == 0.0 || before.is_finite() && moved * rate <= accuracy * size * (1.0 - rate) {
                break;
            }
            before = moved;
        }
        Ok(())
    }

    /// One step for each free entry; the largest change and the largest entry, in units of the curvature.
    fn pass<P: Entrywise>(&mut self, place: Place<'_>, penalty: &P, ctx: &Context) -> Result<(f64, f64)> {
        let (mut moved, mut size) = (0.0f64, 0.0f64);
        for first in (0..self.p).step_by(TILE) {
            let last = (first + TILE).min(self.p);
            self.copy_out(first, last);
            for j in first..last {
                ctx.check()?;
                let (column_moved, column_size) = self.descend_column(j, first, last, place, penalty);
                moved = moved.max(column_moved);
                size = size.max(column_size);
            }
        }
        Ok((moved, size))
    }

    /// Copies the columns from `first` to `last` of U to the tile, each contiguous.
    pub(super) fn copy_out(&mut self, first: usize, last: usize) {
        for k in 0..self.p {
            for column in first..last {
                self.tile[(column - first) * self.p + k] = self.product[k * self.p + column];
            }
        }
    }

    /// One step for each free entry of column j, which the tile holds; the largest change and the largest entry.
    fn descend_column<P: Entrywise>(
        &mut self,
        j: usize,
        first: usize,
        last: usize,
        place: Place<'_>,
        penalty: &P,
    ) -> (f64, f64) {
        let p = self.p;
        let row = |i: usize| &place.w[i * p..(i + 1) * p];
        let (w_j, offset) = (row(j), (j - first) * p);
        let (mut moved, mut size) = (0.0f64, 0.0f64);
        for slot in self.starts[j]..self.starts[j + 1] {
            let i = self.rows[slot] as usize;
            let w_i = row(i);
            let curvature = place.loss.curvature(i, j, w_i[j], w_i[i], w_j[j]);
            let slope = place.loss.gradient(i, j, w_i[j]) + dot(w_i, &self.tile[offset..offset + p]);
            let (entry, before) = (place.theta[(j, i)], self.values[slot]);
            let target = penalty.proximal_at(i, j, entry + before - slope / curvature, 1.0 / curvature);
            // A difference, not a sum of changes: Theta + D is exactly 0 where the target is.
            let after = target - entry;
            if after != before {
                self.values[slot] = after;
                self.add(i, j, after - before, (first, last), w_i, w_j);
            }
            moved = moved.max((after - before).abs() * curvature.sqrt());
            size = size.max(after.abs() * curvature.sqrt());
        }
        (moved, size)
    }

    /// Adds `change` to D_ij = D_ji in U and in the columns of the tile from j on, which are still to be used.
    fn add(&mut self, i: usize, j: usize, change: f64, tile: (usize, usize), w_i: &[f64], w_j: &[f64]) {
        let p = self.p;
        axpy(change, w_j, &mut self.product[i * p..(i + 1) * p]);
        if i != j {
            axpy(change, w_i, &mut self.product[j * p..(j + 1) * p]);
        }
        let (first, last) = tile;
        for column in j..last {
            let start = (column - first) * p;
            self.tile[start + i] += change * w_j[column];
            if i != j {
                self.tile[start + j] += change * w_i[column];
            }
        }
    }

    /// The free entries (i, j, D_ij) with i <= j.
    pub(super) fn entries(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        (0..self.p).flat_map(move |j| {
            (self.starts[j]..self.starts[j + 1]).map(move |slot| (self.rows[slot] as usize, j, self.values[slot]))
        })
    }

    /// tr((S - W) D) + P(Theta + D) - P(Theta): negative for a descent direction.
    pub fn decrease<P: Entrywise>(&self, place: Place<'_>, penalty: &P) -> f64 {
        let change = |(i, j, step): (usize, usize, f64)| {
            let entry = place.theta[(j, i)];
            let slope = place.loss.gradient(i, j, place.w[j * self.p + i]);
            let change = slope * step + penalty.value_at(i, j, entry + step) - penalty.value_at(i, j, entry);
            if i == j { change } else { 2.0 * change }
        };
        self.entries().map(change).sum()
    }

    /// Writes Theta + `length` D to the free entries of `target`, which holds Theta elsewhere.
    pub fn write(&self, theta: ArrayView2<'_, f64>, length: f64, target: &mut Array2<f64>) {
        for (i, j, step) in self.entries() {
            let value = theta[(j, i)] + length * step;
            target[(i, j)] = value;
            target[(j, i)] = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Cholesky;
    use crate::problem::{ElasticNet, L1};

    /// More than a tile of variables, correlated along a line.
    fn chain(p: usize) -> Array2<f64> {
        Array2::from_shape_fn((p, p), |(i, j)| 0.6f64.powi(i.abs_diff(j) as i32))
    }

    #[test]
    fn the_direction_meets_the_optimality_conditions_of_the_model() {
        let p = 19;
        let s = chain(p);
        let near = |(i, j): (usize, usize)| [1.3, -0.2, 0.0][i.abs_diff(j).min(2)];
        let theta = Array2::from_shape_fn((p, p), near);
        let w = Cholesky::new(theta.view()).unwrap().inverse();
        let place = Place { loss: LogDet::new(s.view()), theta: theta.view(), w: w.as_slice().unwrap() };
        for ratio in [0.4, 1.0] {
            let penalty = ElasticNet::new(&L1::scalar(0.1, false), ratio).unwrap();
            let mut direction = Direction::new(p);
            direction.free(place, &penalty, &Context::new()).unwrap();
            direction.minimize(place, &penalty, 1e-14, &Context::new()).unwrap();
            assert!(direction.decrease(place, &penalty) < 0.0);
            let mut d = Array2::<f64>::zeros((p, p));
            direction.write(Array2::<f64>::zeros((p, p)).view(), 1.0, &mut d);
            let product = w.dot(&d).dot(&w);
            for (i, j, step) in direction.entries() {
                let gradient = place.loss.gradient(i, j, w[(i, j)]) + product[(i, j)];
                let violation = penalty.violation(i, j, theta[(i, j)] + step, gradient);
                assert!(violation < 1e-9, "{ratio} {i} {j}: {violation}");
            }
        }
    }
}
