//! The quadratic model of a Newton step over several precision matrices, minimised by coordinate descent over pairs of
//! variables: the K entries of a pair are one block, because the penalty couples them and the losses do not.
//!
//! As in `newton_model.rs`, of which this is the form for several matrices: U_k = D_k W_k is kept row by row, and some
//! of its columns at a time are copied out. What is kept of the direction are the entries of Theta + D, so that numbers
//! which the penalty makes 0, or equal over the data sets, are that to the last bit.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{axpy, dot};
use crate::problem::{CouplingScratch, JointPenalty};

/// Columns of U that are copied out at once: a cache line of numbers.
const TILE: usize = 8;
/// Passes over the free pairs of one step at most.
const PASSES: usize = 100;

/// One data set: its S, and the weight of its loss.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The covariance, p x p.
    pub s: ArrayView2<'a, f64>,
    /// The weight w of w (-logdet Theta + tr(S Theta)).
    pub weight: f64,
}

/// Where the model is taken: the members with their Theta and W = Theta^-1, all in row order.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub members: &'a [Member<'a>],
    pub penalty: &'a JointPenalty,
    pub thetas: &'a [Array2<f64>],
    pub inverses: &'a [Array2<f64>],
}

impl Place<'_> {
    /// Entry (i, j) of the gradient of every loss.
    #[inline]
    fn gradient(&self, i: usize, j: usize, to: &mut [f64]) {
        for ((value, member), w) in to.iter_mut().zip(self.members).zip(self.inverses) {
            *value = member.weight * (member.s[(j, i)] - w[(j, i)]);
        }
    }
}

/// The free pairs with the entries of Theta + D there, of all matrices.
pub(super) struct Direction {
    p: usize,
    count: usize,
    /// Where the free pairs of each column begin.
    starts: Vec<usize>,
    /// Their rows i <= j, ascending within a column j.
    rows: Vec<u32>,
    /// Theta + D at them, pair by pair.
    targets: Vec<f64>,
    /// U_k = D_k W_k, row by row.
    products: Vec<Vec<f64>>,
    /// Some columns of every U_k.
    tiles: Vec<Vec<f64>>,
    block: Block,
}

/// The numbers of one pair.
#[derive(Default)]
struct Block {
    numbers: Vec<f64>,
    curvature: Vec<f64>,
    scratch: CouplingScratch,
}

impl Direction {
    /// No direction yet, for `count` matrices of p variables.
    pub fn new(count: usize, p: usize) -> Self {
        let block =
            Block { numbers: vec![0.0; count], curvature: vec![0.0; count], scratch: CouplingScratch::default() };
        Self {
            p,
            count,
            starts: Vec::with_capacity(p + 1),
            rows: Vec::new(),
            targets: Vec::new(),
            products: vec![vec![0.0; p * p]; count],
            tiles: vec![vec![0.0; TILE * p]; count],
            block,
        }
    }

    /// Frees the pairs that are not zero or want to leave it, and starts over from D = 0.
    ///
    /// # Errors
    /// Cancellation.
    pub fn free(&mut self, place: Place<'_>, ctx: &Context) -> Result<()> {
        self.rows.clear();
        self.starts.clear();
        self.targets.clear();
        self.starts.push(0);
        let Block { numbers, scratch, .. } = &mut self.block;
        for j in 0..self.p {
            ctx.check()?;
            for i in 0..=j {
                let is_zero = place.thetas.iter().all(|theta| theta[(j, i)] == 0.0);
                if is_zero {
                    place.gradient(i, j, numbers);
                    if place.penalty.allows_zero(i, j, numbers, scratch) {
                        continue;
                    }
                }
                self.rows.push(i as u32);
                self.targets.extend(place.thetas.iter().map(|theta| theta[(j, i)]));
            }
            self.starts.push(self.rows.len());
        }
        self.products.iter_mut().for_each(|product| product.fill(0.0));
        Ok(())
    }

    /// Coordinate descent until D is within `accuracy` times its largest entry of the minimiser, in units of the
    /// curvature, by how fast the changes fall from pass to pass.
    ///
    /// # Errors
    /// Cancellation; it is checked for in every column.
    pub fn minimize(&mut self, place: Place<'_>, accuracy: f64, ctx: &Context) -> Result<()> {
        let mut before = f64::INFINITY;
        for _ in 0..PASSES {
            let (moved, size) = self.pass(place, ctx)?;
            let rate = (moved / before).min(1.0);
            let is_known = before.is_finite();
            if moved == 0.0 || is_known && moved * rate <= accuracy * size * (1.0 - rate) {
                break;
            }
            before = moved;
        }
        Ok(())
    }

    /// One step for each free pair; the largest change and the largest entry, in units of the curvature.
    fn pass(&mut self, place: Place<'_>, ctx: &Context) -> Result<(f64, f64)> {
        let (mut moved, mut size) = (0.0f64, 0.0f64);
        for first in (0..self.p).step_by(TILE) {
            let last = (first + TILE).min(self.p);
            self.copy_out(first, last);
            for j in first..last {
                ctx.check()?;
                let (column_moved, column_size) = self.descend_column(j, (first, last), place);
                moved = moved.max(column_moved);
                size = size.max(column_size);
            }
        }
        Ok((moved, size))
    }

    /// Copies the columns from `first` to `last` of every U to its tile, each contiguous.
    fn copy_out(&mut self, first: usize, last: usize) {
        let p = self.p;
        for (product, tile) in self.products.iter().zip(&mut self.tiles) {
            for k in 0..p {
                for column in first..last {
                    tile[(column - first) * p + k] = product[k * p + column];
                }
            }
        }
    }

    /// One step for each free pair of column j, which the tiles hold; the largest change and the largest entry.
    fn descend_column(&mut self, j: usize, tile: (usize, usize), place: Place<'_>) -> (f64, f64) {
        let (p, count, offset) = (self.p, self.count, (j - tile.0) * self.p);
        let (mut moved, mut size) = (0.0f64, 0.0f64);
        for slot in self.starts[j]..self.starts[j + 1] {
            let i = self.rows[slot] as usize;
            let targets = slot * count..(slot + 1) * count;
            let Block { numbers, curvature, scratch } = &mut self.block;
            for (k, member) in place.members.iter().enumerate() {
                let (w_i, w_j) = (row(&place.inverses[k], i, p), row(&place.inverses[k], j, p));
                let bend = if i == j { w_i[i] * w_i[i] } else { w_i[j] * w_i[j] + w_i[i] * w_j[j] };
                let slope = member.s[(j, i)] - w_i[j] + dot(w_i, &self.tiles[k][offset..offset + p]);
                // The weight of the loss is in both.
                numbers[k] = self.targets[targets.start + k] - slope / bend;
                curvature[k] = member.weight * bend;
            }
            place.penalty.weighted_proximal(i, j, numbers, curvature, scratch);
            for k in 0..count {
                let (before, after) = (self.targets[targets.start + k], self.block.numbers[k]);
                let unit = self.block.curvature[k].sqrt();
                if after != before {
                    self.targets[targets.start + k] = after;
                    self.add(k, (i, j), after - before, tile, &place.inverses[k]);
                    moved = moved.max((after - before).abs() * unit);
                }
                size = size.max((after - place.thetas[k][(j, i)]).abs() * unit);
            }
        }
        (moved, size)
    }

    /// Adds `change` to D_ij = D_ji of matrix k in its U and in the columns of its tile from j on, which are still to
    /// be used.
    fn add(&mut self, k: usize, (i, j): (usize, usize), change: f64, tile: (usize, usize), w: &Array2<f64>) {
        let p = self.p;
        let (w_i, w_j) = (row(w, i, p), row(w, j, p));
        let product = &mut self.products[k];
        axpy(change, w_j, &mut product[i * p..(i + 1) * p]);
        if i != j {
            axpy(change, w_i, &mut product[j * p..(j + 1) * p]);
        }
        let (first, last) = tile;
        for column in j..last {
            let start = (column - first) * p;
            self.tiles[k][start + i] += change * w_j[column];
            if i != j {
                self.tiles[k][start + j] += change * w_i[column];
            }
        }
    }

    /// The free pairs (i, j, entries of Theta + D) with i <= j.
    fn pairs(&self) -> impl Iterator<Item = (usize, usize, &[f64])> + '_ {
        let columns = (0..self.p).flat_map(move |j| (self.starts[j]..self.starts[j + 1]).map(move |slot| (j, slot)));
        columns.map(move |(j, slot)| {
            (self.rows[slot] as usize, j, &self.targets[slot * self.count..(slot + 1) * self.count])
        })
    }

    /// sum_k w_k tr((S_k - W_k) D_k) + P(Theta + D) - P(Theta): negative for a descent direction.
    pub fn decrease(&self, place: Place<'_>) -> f64 {
        let mut gradient = vec![0.0; self.count];
        let mut entries = vec![0.0; self.count];
        let mut sum = 0.0;
        for (i, j, targets) in self.pairs() {
            place.gradient(i, j, &mut gradient);
            entries.iter_mut().zip(place.thetas).for_each(|(entry, theta)| *entry = theta[(j, i)]);
            let steps = targets.iter().zip(&entries).zip(&gradient);
            let linear: f64 = steps.map(|((target, entry), slope)| (target - entry) * slope).sum();
            let change = linear + place.penalty.value(i, j, targets) - place.penalty.value(i, j, &entries);
            sum += if i == j { change } else { 2.0 * change };
        }
        sum
    }

    /// Writes Theta + `length` D to the free pairs of the `candidates`, which hold Theta elsewhere, and returns
    /// sum_k w_k tr(S_k .) + P(.) of what was written.
    pub fn write(&self, place: Place<'_>, length: f64, candidates: &mut [Array2<f64>]) -> f64 {
        let mut entries = vec![0.0; self.count];
        let mut sum = 0.0;
        for (i, j, targets) in self.pairs() {
            let mut linear = 0.0;
            for (k, candidate) in candidates.iter_mut().enumerate() {
                let (entry, member) = (place.thetas[k][(j, i)], place.members[k]);
                let value = if length == 1.0 { targets[k] } else { entry + length * (targets[k] - entry) };
                candidate[(i, j)] = value;
                candidate[(j, i)] = value;
                entries[k] = value;
                linear += member.weight * member.s[(j, i)] * value;
            }
            let value = linear + place.penalty.value(i, j, &entries);
            sum += if i == j { value } else { 2.0 * value };
        }
        sum
    }
}

/// Row i of a matrix in row order.
#[inline]
fn row(matrix: &Array2<f64>, i: usize, p: usize) -> &[f64] {
    matrix.as_slice().map_or(&[], |numbers| &numbers[i * p..(i + 1) * p])
}
