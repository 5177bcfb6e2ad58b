//! Block coordinate descent: one column of Delta with its scale at a time.
//!
//! For fixed scales the problem in Delta is a graphical lasso whose diagonal is fixed at 1 instead of penalised. Its dual
//! maximises logdet W - tr W over |W_ij - S_ij| <= Lambda_ij with a free diagonal, where S_ij = d_i d_j R_ij. A column of
//! W is the lasso w_12 = W_11 beta of the graphical lasso, then W_jj = 1 + beta'w_12, because 1 / Delta_jj = 1; W stays
//! positive definite whatever beta is. Delta's column is -beta, and d_j the positive root of
//! d^2 + d sum_k d_k R_jk Delta_jk = c. Scales move with their column, so that no rounds over Delta and d are needed.
//!
//! A scale that moves takes its column of W along while steps are large: W then stays near the box around the S that
//! moves. Where they are small, that is slower than leaving W alone.
//!
//! Work of a sweep, with a_j entries in column j of Delta: p a_j multiplications for W_11 beta, and for its lasso a_j^2 to
//! gather its part of W and a_j^2 a pass; together p x (entries of Delta) + (passes) sum_j a_j^2. Sparse or weakly correlated
//! problems take 10 to 40 sweeps to a relative gap of 1e-9; convergence is linear, and variables that are strongly
//! correlated under a small penalty take hundreds. Alternating between Delta and d until each is optimal takes about as
//! many rounds, each a graphical lasso of its own.

use super::super::active_set::{ActiveSet, Stop};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, SparseSymmetric, combine, largest_excess};
use crate::problem::L1;

/// A scale changes by at most this factor in a sweep.
const MOST: f64 = 1.3;
/// Where no scale changes by more than this, in logarithm, W is left alone.
const SMALL: f64 = 0.03;
/// Passes over the active coordinates of a column at most.
const PASSES: usize = 250;

/// One column's coefficients: w_12 = W_11 beta.
#[derive(Debug, Clone, Default)]
struct Coefficients {
    rows: Vec<u32>,
    values: Vec<f64>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep {
    /// sum_ij (change of W_ij)^2 / (W_ii W_jj).
    pub moved: f64,
    /// Whether a number has run away.
    pub lost: bool,
}

/// Where the descent stands, with the memory that its columns share.
pub(super) struct Descent<'a> {
    p: usize,
    /// R, row by row.
    r: &'a [f64],
    penalty: &'a L1,
    /// c.
    weight: f64,
    /// The inverse of Delta, row by row.
    w: Vec<f64>,
    columns: Vec<Coefficients>,
    scales: Vec<f64>,
    /// sqrt(W_ii) and its inverse.
    sizes: Vec<f64>,
    inverse_sizes: Vec<f64>,
    /// Whether columns of W move with their scales, whether they always do, and what the last sweep moved.
    moves: bool,
    always: bool,
    before: f64,
    active: ActiveSet,
    is_active: Vec<bool>,
    /// Column j of S, and of the new W.
    target: Vec<f64>,
    new: Vec<f64>,
}

impl<'a> Descent<'a> {
    /// From a positive definite Delta with a unit diagonal and positive scales. W begins at Delta^-1, moved into the box
    /// around S, with what that can take away from its eigenvalues added to its diagonal.
    ///
    /// # Errors
    /// Another start; cancellation.
    pub fn new(
        r: &'a [f64],
        penalty: &'a L1,
        weight: f64,
        delta: &SparseSymmetric,
        scales: Vec<f64>,
        ctx: &Context,
    ) -> Result<Self> {
        let p = scales.len();
        let dense = delta.to_dense();
        let inverse = if delta.n_pairs() == 0 {
            dense
        } else {
            let factor = Cholesky::checked(dense.view(), ctx)?;
            factor.ok_or_else(|| Error::internal("a start that is not positive definite"))?.inverse_checked(ctx)?
        };
        let mut w: Vec<f64> = inverse.into_iter().collect();
        for (j, row) in w.chunks_exact_mut(p).enumerate() {
            let mut change = 0.0;
            for (i, value) in row.iter_mut().enumerate().filter(|(i, _)| *i != j) {
                let (centre, bound) = (scales[i] * scales[j] * r[j * p + i], penalty.at(i, j));
                let inside = (*value).max(centre - bound).min(centre + bound);
                change += (inside - *value).abs();
                *value = inside;
            }
            row[j] += change;
        }
        let columns = (0..p).map(|j| {
            let (rows, values) = delta.column(j);
            Coefficients { rows: rows.to_vec(), values: values.iter().map(|value| -value).collect() }
        });
        let sizes: Vec<f64> = (0..p).map(|j| w[j * p + j].sqrt()).collect();
        Ok(Self {
            p,
            r,
            penalty,
            weight,
            columns: columns.collect(),
            w,
            scales,
            inverse_sizes: sizes.iter().map(|size| size.recip()).collect(),
            sizes,
            moves: true,
            always: false,
            before: f64::INFINITY,
            active: ActiveSet::default(),
            is_active: vec![false; p],
            target: vec![0.0; p],
            new: vec![0.0; p],
        })
    }

    /// One update of every column and its scale; each lasso is solved within `tol`.
    ///
    /// # Errors
    /// Cancellation.
    pub fn sweep(&mut self, tol: f64, ctx: &Context) -> Result<Sweep> {
        let (mut moved, mut turned) = (0.0, 0.0f64);
        for j in 0..self.p {
            ctx.check()?;
            let own = self.scales[j];
            let row = &self.r[j * self.p..(j + 1) * self.p];
            for (target, (r, scale)) in self.target.iter_mut().zip(row.iter().zip(&self.scales)) {
                *target = own * scale * r;
            }
            self.solve(j, tol, ctx)?;
            let scale = self.scale(j);
            let explained = self.explained(j);
            if !(scale.is_finite() && scale > 0.0 && explained.is_finite()) {
                return Ok(Sweep { moved: f64::INFINITY, lost: true });
            }
            let scale = scale.clamp(own / MOST, own * MOST);
            turned = turned.max((scale / own).ln().abs());
            self.scales[j] = scale;
            let ratio = if self.moves { scale / own } else { 1.0 };
            // Of the column that moves along, so that W stays positive definite.
            moved += self.write(j, 1.0 + ratio * ratio * explained, ratio);
        }
        // Leaving W alone where that makes matters worse is given up.
        self.always |= !self.moves && moved > self.before;
        self.moves = self.always || turned > SMALL;
        self.before = moved;
        Ok(Sweep { moved, lost: !moved.is_finite() })
    }

    /// The largest scale.
    pub fn largest_scale(&self) -> f64 {
        self.scales.iter().copied().fold(0.0, f64::max)
    }

    /// Solves the lasso of column j, whose row of S is `target`.
    fn solve(&mut self, j: usize, tol: f64, ctx: &Context) -> Result<()> {
        let p = self.p;
        let bounds = self.penalty.row(j);
        let column = &mut self.columns[j];
        self.active.clear();
        for (&i, &value) in column.rows.iter().zip(&column.values) {
            let place = i as usize;
            self.is_active[place] = true;
            self.active.enter(i, value, self.target[place], bounds.at(place), self.sizes[place]);
        }
        self.is_active[j] = true;
        loop {
            let w = &self.w;
            self.active.gather(|i| &w[i * p..(i + 1) * p], |_| false);
            self.active.solve(Stop { tol, max_passes: PASSES }, ctx)?;
            column.rows.clear();
            column.values.clear();
            for (&i, &value) in self.active.positions().iter().zip(self.active.values()) {
                if value != 0.0 {
                    column.rows.push(i);
                    column.values.push(value);
                }
            }
            combine(&self.w, p, 0, &column.rows, &column.values, &mut self.new);
            self.new[j] = self.target[j];
            let before = self.active.len();
            if largest_excess(&self.target, &self.new, bounds, &self.inverse_sizes) > tol {
                for i in 0..p {
                    let excess = (self.target[i] - self.new[i]).abs() - bounds.at(i);
                    if excess * self.inverse_sizes[i] > tol && !self.is_active[i] {
                        self.is_active[i] = true;
                        self.active.enter(i as u32, 0.0, self.target[i], bounds.at(i), self.sizes[i]);
                    }
                }
            }
            if self.active.len() == before {
                break;
            }
        }
        for &i in self.active.positions() {
            self.is_active[i as usize] = false;
        }
        self.is_active[j] = false;
        Ok(())
    }

    /// beta'w_12.
    fn explained(&self, j: usize) -> f64 {
        let column = &self.columns[j];
        column.rows.iter().zip(&column.values).map(|(&i, value)| self.new[i as usize] * value).sum()
    }

    /// The best scale of a variable for its column of Delta and the other scales.
    fn scale(&self, j: usize) -> f64 {
        let (column, row) = (&self.columns[j], &self.r[j * self.p..(j + 1) * self.p]);
        let terms = column.rows.iter().zip(&column.values);
        let slope: f64 = terms.map(|(&i, value)| -value * self.scales[i as usize] * row[i as usize]).sum();
        positive_root(slope, self.weight)
    }

    /// Writes the new column, times `ratio`, as row and column j of W; returns by how much it moved.
    fn write(&mut self, j: usize, variance: f64, ratio: f64) -> f64 {
        let p = self.p;
        let inverse = self.inverse_sizes[j] * self.inverse_sizes[j];
        let mut moved = ((variance - self.w[j * p + j]) * inverse).powi(2);
        let old = &mut self.w[j * p..(j + 1) * p];
        for (i, ((old, new), size)) in old.iter_mut().zip(&self.new).zip(&self.inverse_sizes).enumerate() {
            if i != j {
                moved += 2.0 * ((new - *old) * size).powi(2) * inverse;
                *old = ratio * new;
            }
        }
        for i in (0..p).filter(|&i| i != j) {
            self.w[i * p + j] = self.w[j * p + i];
        }
        self.w[j * p + j] = variance;
        self.sizes[j] = variance.sqrt();
        self.inverse_sizes[j] = self.sizes[j].recip();
        moved
    }

    /// Delta of the current columns, symmetric in value and support, and the scales.
    pub fn place(&self) -> (SparseSymmetric, Vec<f64>) {
        let sorted: Vec<Vec<(u32, f64)>> = self
            .columns
            .iter()
            .map(|column| {
                let mut entries: Vec<(u32, f64)> =
                    column.rows.iter().copied().zip(column.values.iter().copied()).collect();
                entries.sort_unstable_by_key(|&(i, _)| i);
                entries
            })
            .collect();
        let mut upper = Vec::new();
        for (j, column) in sorted.iter().enumerate() {
            for &(i, value) in column.iter().take_while(|&&(i, _)| (i as usize) < j) {
                // The two columns disagree only about entries within the tolerance of zero.
                let other = &sorted[i as usize];
                if let Ok(found) = other.binary_search_by_key(&(j as u32), |&(k, _)| k) {
                    upper.push((i, j as u32, -0.5 * (value + other[found].1)));
                }
            }
        }
        (SparseSymmetric::from_upper(vec![1.0; self.p], &upper), self.scales.clone())
    }
}

/// The positive x with x^2 + slope x = weight.
pub(super) fn positive_root(slope: f64, weight: f64) -> f64 {
    let root = slope.hypot(2.0 * weight.sqrt());
    if slope > 0.0 { 2.0 * weight / (slope + root) } else { 0.5 * (root - slope) }
}
