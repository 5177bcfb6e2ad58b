//! The direction of a Newton step on the sparse parts of several data sets: a quadratic model, minimised by coordinate
//! descent over pairs of variables, all data sets of a pair at once.
//!
//! For data set k the model is w_k (tr(G D) + tr(M D M D) / 2), with G and M of [`Slope`]. Its gradient needs
//! m_i' (D m_j); as in `newton_model.rs` the product D M is kept row by row, and its columns are copied out some at a
//! time.

use ndarray::Array2;

use super::Set;
use super::profile::Slope;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{axpy, dot};
use crate::problem::{CouplingScratch, JointPenalty};

/// Columns of the product that are copied out at once: a cache line of numbers.
const TILE: usize = 8;
/// Passes over the free pairs at most.
const PASSES: usize = 200;

/// Where the model is taken.
#[derive(Clone, Copy)]
pub(super) struct Place<'a, 's> {
    /// The data sets.
    pub sets: &'a [Set<'s>],
    /// Their sparse parts.
    pub theta: &'a [Array2<f64>],
    /// Their slopes.
    pub slopes: &'a [Slope],
    /// The penalty.
    pub penalty: &'a JointPenalty,
}

/// Symmetric directions D_k, zero outside the free pairs.
pub(super) struct Direction {
    p: usize,
    /// Where the free pairs of each column begin.
    starts: Vec<usize>,
    /// Their rows i <= j, ascending within a column j.
    rows: Vec<u32>,
    /// The entries of all data sets, pair by pair.
    values: Vec<f64>,
    /// D_k M_k, row by row.
    products: Vec<Vec<f64>>,
    /// Some columns of it.
    tiles: Vec<Vec<f64>>,
    /// Curvatures and numbers of one pair.
    curvature: Vec<f64>,
    numbers: Vec<f64>,
    scratch: CouplingScratch,
}

impl Direction {
    /// No direction yet, for p variables of `count` data sets.
    pub fn new(p: usize, count: usize) -> Self {
        Self {
            p,
            starts: Vec::with_capacity(p + 1),
            rows: Vec::new(),
            values: Vec::new(),
            products: vec![vec![0.0; p * p]; count],
            tiles: vec![vec![0.0; TILE * p]; count],
            curvature: vec![0.0; count],
            numbers: vec![0.0; count],
            scratch: CouplingScratch::default(),
        }
    }

    /// Frees the pairs that are not zero or want to leave it, and starts over from D = 0.
    ///
    /// # Errors
    /// Cancellation.
    pub fn free(&mut self, place: Place<'_, '_>, ctx: &Context) -> Result<()> {
        self.rows.clear();
        self.starts.clear();
        self.starts.push(0);
        for j in 0..self.p {
            ctx.check()?;
            for i in 0..=j {
                for (number, (slope, set)) in self.numbers.iter_mut().zip(place.slopes.iter().zip(place.sets)) {
                    *number = set.weight * slope.gradient[(j, i)];
                }
                let is_used = place.theta.iter().any(|theta| theta[(j, i)] != 0.0);
                if is_used || !place.penalty.allows_zero(i, j, &self.numbers, &mut self.scratch) {
                    self.rows.push(i as u32);
                }
            }
            self.starts.push(self.rows.len());
        }
        self.values.clear();
        self.values.resize(self.rows.len() * place.sets.len(), 0.0);
        self.products.iter_mut().for_each(|product| product.fill(0.0));
        Ok(())
    }

    /// Coordinate descent until D is within `accuracy` times its largest entry of the minimiser, in units of the
    /// curvature, by how fast the changes fall from pass to pass.
    ///
    /// # Errors
    /// Cancellation; it is checked for in every column.
    pub fn minimize(&mut self, place: Place<'_, '_>, accuracy: f64, ctx: &Context) -> Result<()> {
        let whole = || Error::internal("a curvature is not in row order");
        let bends: Vec<&[f64]> =
            place.slopes.iter().map(|slope| slope.bend.as_slice().ok_or_else(whole)).collect::<Result<_>>()?;
        let mut before = f64::INFINITY;
        for _ in 0..PASSES {
            let (moved, size) = self.pass(place, &bends, ctx)?;
            let rate = (moved / before).min(1.0);
            if moved == 0.0 || before.is_finite() && moved * rate <= accuracy * size * (1.0 - rate) {
                break;
            }
            before = moved;
        }
        Ok(())
    }

    /// One step for each free pair; the largest change and the largest entry, in units of the curvature.
    fn pass(&mut self, place: Place<'_, '_>, bends: &[&[f64]], ctx: &Context) -> Result<(f64, f64)> {
        let (mut moved, mut size) = (0.0f64, 0.0f64);
        for first in (0..self.p).step_by(TILE) {
            let last = (first + TILE).min(self.p);
            for (tile, product) in self.tiles.iter_mut().zip(&self.products) {
                for (row, numbers) in product.chunks_exact(self.p).enumerate() {
                    for column in first..last {
                        tile[(column - first) * self.p + row] = numbers[column];
                    }
                }
            }
            for j in first..last {
                ctx.check()?;
                for slot in self.starts[j]..self.starts[j + 1] {
                    let (pair_moved, pair_size) = self.step(slot, j, (first, last), place, bends);
                    moved = moved.max(pair_moved);
                    size = size.max(pair_size);
                }
            }
        }
        Ok((moved, size))
    }

    /// The best numbers of one pair (i, j), all others as they are.
    fn step(
        &mut self,
        slot: usize,
        j: usize,
        (first, last): (usize, usize),
        place: Place<'_, '_>,
        bends: &[&[f64]],
    ) -> (f64, f64) {
        let (p, count) = (self.p, place.sets.len());
        let i = self.rows[slot] as usize;
        for (k, bend) in bends.iter().enumerate() {
            let m_i = &bend[i * p..(i + 1) * p];
            let curvature = if i == j { m_i[i] * m_i[i] } else { m_i[j] * m_i[j] + m_i[i] * bend[j * p + j] };
            let column = &self.tiles[k][(j - first) * p..(j - first + 1) * p];
            let slope = place.slopes[k].gradient[(j, i)] + dot(m_i, column);
            self.curvature[k] = place.sets[k].weight * curvature;
            self.numbers[k] = place.theta[k][(j, i)] + self.values[slot * count + k] - slope / curvature;
        }
        place.penalty.weighted_proximal(i, j, &mut self.numbers, &self.curvature, &mut self.scratch);
        let (mut moved, mut size) = (0.0f64, 0.0f64);
        for (k, bend) in bends.iter().enumerate() {
            // A difference, not a sum of changes: Theta + D is exactly 0 where the best number is.
            let after = self.numbers[k] - place.theta[k][(j, i)];
            let before = std::mem::replace(&mut self.values[slot * count + k], after);
            if after != before {
                self.add(k, (i, j), after - before, (first, last), bend);
            }
            let unit = self.curvature[k].sqrt();
            moved = moved.max((after - before).abs() * unit);
            size = size.max(after.abs() * unit);
        }
        (moved, size)
    }

    /// Adds `change` to D_ij = D_ji of data set k in its product, and in the columns of the tile from j on.
    fn add(&mut self, k: usize, (i, j): (usize, usize), change: f64, tile: (usize, usize), bend: &[f64]) {
        let p = self.p;
        let (m_i, m_j) = (&bend[i * p..(i + 1) * p], &bend[j * p..(j + 1) * p]);
        axpy(change, m_j, &mut self.products[k][i * p..(i + 1) * p]);
        if i != j {
            axpy(change, m_i, &mut self.products[k][j * p..(j + 1) * p]);
        }
        let (first, last) = tile;
        for column in j..last {
            let start = (column - first) * p;
            self.tiles[k][start + i] += change * m_j[column];
            if i != j {
                self.tiles[k][start + j] += change * m_i[column];
            }
        }
    }

    /// The free pairs: their place among the values, i <= j, and how often they count.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize, usize, f64)> + '_ {
        (0..self.p).flat_map(move |j| {
            (self.starts[j]..self.starts[j + 1]).map(move |slot| {
                let i = self.rows[slot] as usize;
                (slot, i, j, if i == j { 1.0 } else { 2.0 })
            })
        })
    }

    /// sum_k w_k tr(G_k D_k) + P(Theta + D) - P(Theta): negative for a descent direction.
    pub fn decrease(&self, place: Place<'_, '_>) -> f64 {
        let count = place.sets.len();
        let (mut old, mut new) = (vec![0.0; count], vec![0.0; count]);
        let mut sum = 0.0;
        for (slot, i, j, times) in self.pairs() {
            let mut linear = 0.0;
            for (k, (old, new)) in old.iter_mut().zip(new.iter_mut()).enumerate() {
                let step = self.values[slot * count + k];
                *old = place.theta[k][(j, i)];
                *new = *old + step;
                linear += place.sets[k].weight * place.slopes[k].gradient[(j, i)] * step;
            }
            sum += times * (linear + place.penalty.value(i, j, &new) - place.penalty.value(i, j, &old));
        }
        sum
    }

    /// Writes Theta_k + `length` D_k to the free pairs of `targets`, which hold Theta_k elsewhere.
    pub fn write(&self, theta: &[Array2<f64>], length: f64, targets: &mut [Array2<f64>]) {
        let count = theta.len();
        for (slot, i, j, _) in self.pairs() {
            for (k, (target, theta)) in targets.iter_mut().zip(theta).enumerate() {
                let value = theta[(j, i)] + length * self.values[slot * count + k];
                target[(i, j)] = value;
                target[(j, i)] = value;
            }
        }
    }
}
