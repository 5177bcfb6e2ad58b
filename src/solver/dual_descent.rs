//! Block coordinate descent on the dual of the graphical lasso, one column of W at a time.
//!
//! Friedman, Hastie, Tibshirani, Biostatistics 9:432 (2008). From a start that is positive definite, every column whose
//! pivot is positive keeps W so (Banerjee et al. 2008, Mazumder and Hastie, EJS 6:2125, 2012).

use ndarray::{Array2, ArrayView2};

use super::active_set::{ActiveSet, Stop};
use super::soft_threshold;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{SparseSymmetric, combine, largest_excess, write_relaxed};
use crate::problem::L1;

/// Columns that are updated before their rows are: one line of memory then takes the entries of all of them.
const TILE: usize = 8;

/// Passes over a column's active coordinates at most, each 25 of them followed by a step of all: what is left then is
/// rounding, or for the next sweep.
const PASSES: usize = 250;

/// One column's coefficients: w_12 = W_11 beta.
#[derive(Debug, Clone, Default)]
struct Coefficients {
    rows: Vec<u32>,
    values: Vec<f64>,
}

/// Where the descent stands.
#[derive(Debug, Clone)]
pub struct State {
    /// The estimate of the covariance, p x p.
    w: Array2<f64>,
    columns: Vec<Coefficients>,
}

/// One entry of a column that waits for the other one of its pair.
#[derive(Clone, Copy)]
struct Waiting {
    /// The place of the one that came before it.
    before: u32,
    column: u32,
    value: f64,
}

/// How a sweep goes.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// How closely each column's lasso is solved, in units of standard deviations.
    pub tol: f64,
    /// How far a column goes towards its update: beyond it (above 1) the next columns need less.
    pub relaxation: f64,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy)]
pub struct Sweep {
    /// sum_ij (change of W_ij)^2 / (W_ii W_jj).
    pub moved: f64,
    /// How far the coefficients were from optimal, each column's when its turn came: tr(|Theta| |change of W|) over the
    /// entries of Theta that are not zero.
    pub lag: f64,
    /// Whether a pivot was not positive: then W is no covariance any more.
    pub lost: bool,
}

impl State {
    /// S with its off-diagonal entries moved towards 0 as far as the box around S allows: the solution to first order
    /// where edges are few. Feasible, but not always positive definite.
    pub fn thresholded(s: ArrayView2<'_, f64>, penalty: &L1) -> Self {
        let w = match penalty {
            L1::Scalar { lambda, .. } => s.mapv(|value| soft_threshold(value, *lambda)),
            L1::Matrix(lambda) => ndarray::Zip::from(&s).and(lambda).map_collect(|&s, &bound| soft_threshold(s, bound)),
        };
        Self::new(w, s, penalty)
    }

    /// The point W = S + ratio (W - S) with the coefficients of Theta: from the solution for one penalty, a feasible and
    /// positive definite start for another whose entries are at least `ratio` times as large.
    pub fn from_solution(
        mut w: Array2<f64>,
        theta: &SparseSymmetric,
        s: ArrayView2<'_, f64>,
        penalty: &L1,
        ratio: f64,
    ) -> Self {
        if ratio < 1.0 {
            ndarray::Zip::from(&mut w).and(&s).for_each(|w, &s| *w = s + ratio * (*w - s));
        }
        let mut state = Self::new(w, s, penalty);
        for (j, column) in state.columns.iter_mut().enumerate() {
            let (rows, values) = theta.column(j);
            let pivot = theta.diagonal()[j];
            column.rows.extend_from_slice(rows);
            column.values.extend(values.iter().map(|value| -value / pivot));
        }
        state
    }

    /// W off the diagonal; on it S with its penalty, which is the solution's. No coefficients yet.
    pub fn new(mut w: Array2<f64>, s: ArrayView2<'_, f64>, penalty: &L1) -> Self {
        let p = s.nrows();
        for j in 0..p {
            w[(j, j)] = s[(j, j)] + penalty.at(j, j);
        }
        Self { w, columns: vec![Coefficients::default(); p] }
    }

    /// The estimate of the covariance.
    pub fn w(&self) -> ArrayView2<'_, f64> {
        self.w.view()
    }

    /// Gives W away.
    pub fn into_w(self) -> Array2<f64> {
        self.w
    }

    /// One update of every column.
    ///
    /// # Errors
    /// Cancellation; it is checked for every few columns, and within those that take long.
    pub fn sweep(
        &mut self,
        s: ArrayView2<'_, f64>,
        penalty: &L1,
        Step { tol, relaxation }: Step,
        ctx: &Context,
    ) -> Result<Sweep> {
        let p = self.columns.len();
        let (Some(w), Some(s)) = (self.w.as_slice_mut(), s.to_slice()) else {
            unreachable!("both are made in row order")
        };
        let deviations: Vec<f64> = (0..p).map(|j| w[j * p + j].sqrt()).collect();
        let mut worker = Worker {
            p,
            tol,
            relaxation,
            scale: deviations.iter().map(|deviation| 1.0 / deviation).collect(),
            deviations,
            active: ActiveSet::default(),
            is_active: vec![false; p],
            new: vec![0.0; p],
        };
        let (mut moved, mut lag) = (0.0, 0.0);
        let mut tile = Vec::with_capacity(TILE * p);
        for first in (0..p).step_by(TILE) {
            let end = (first + TILE).min(p);
            for j in first..end {
                let target = &s[j * p..(j + 1) * p];
                let slackness = worker.solve(w, first, j, target, penalty, &mut self.columns[j], ctx)?;
                let pivot = worker.pivot(w[j * p + j], &self.columns[j]);
                if pivot.is_nan() || pivot <= 0.0 {
                    return Ok(Sweep { moved: f64::INFINITY, lag: f64::INFINITY, lost: true });
                }
                lag += slackness / pivot;
                moved += worker.write(w, first..end, j, target, penalty);
            }
            mirror(w, p, first..end, &mut tile);
        }
        Ok(Sweep { moved, lag, lost: !moved.is_finite() })
    }

    /// The precision matrix of the current columns, symmetric in value and support.
    pub fn precision(&self) -> SparseSymmetric {
        let p = self.columns.len();
        let diagonal: Vec<f64> = (0..p)
            .map(|j| {
                let column = &self.columns[j];
                let explained: f64 =
                    column.rows.iter().zip(&column.values).map(|(&i, value)| self.w[(j, i as usize)] * value).sum();
                1.0 / (self.w[(j, j)] - explained)
            })
            .collect();
        // Column j's entry in row i > j waits until column i brings the other one: a chain for each i.
        const END: u32 = u32::MAX;
        let mut last = vec![END; p];
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut upper = Vec::new();
        let mut found = vec![0.0; p];
        for j in 0..p {
            let column = &self.columns[j];
            for (&i, value) in column.rows.iter().zip(&column.values) {
                let value = -value * diagonal[j];
                if i as usize > j {
                    waiting.push(Waiting { before: last[i as usize], column: j as u32, value });
                    last[i as usize] = waiting.len() as u32 - 1;
                } else {
                    found[i as usize] = value;
                }
            }
            let mut place = last[j];
            while let Some(&Waiting { before, column: i, value: other }) = waiting.get(place as usize) {
                place = before;
                // The two columns disagree only about entries within the tolerance of zero.
                if found[i as usize] != 0.0 {
                    upper.push((i, j as u32, 0.5 * (found[i as usize] + other)));
                }
            }
            column.rows.iter().for_each(|&i| found[i as usize] = 0.0);
        }
        SparseSymmetric::from_upper(diagonal, &upper)
    }
}

/// Updates columns, one after another, with the same memory.
struct Worker {
    p: usize,
    tol: f64,
    relaxation: f64,
    deviations: Vec<f64>,
    scale: Vec<f64>,
    active: ActiveSet,
    is_active: Vec<bool>,
    /// The new column, W_11 beta.
    new: Vec<f64>,
}

impl Worker {
    /// Solves the lasso of column j; returns how far it was from its solution. Rows outside the tile that began at `first` do not have its new columns yet.
    #[allow(clippy::too_many_arguments)]
    fn solve(
        &mut self,
        w: &[f64],
        first: usize,
        j: usize,
        target: &[f64],
        penalty: &L1,
        column: &mut Coefficients,
        ctx: &Context,
    ) -> Result<f64> {
        let p = self.p;
        let bounds = penalty.row(j);
        let tol = self.tol * self.deviations[j];
        self.active.clear();
        for (&i, &value) in column.rows.iter().zip(&column.values) {
            let i = i as usize;
            self.is_active[i] = true;
            self.active.enter(i as u32, value, target[i], bounds.at(i), self.deviations[i]);
        }
        self.is_active[j] = true;
        let mut slackness = None;
        loop {
            self.active.gather(|i| &w[i * p..(i + 1) * p], |i| (first..j).contains(&i));
            slackness.get_or_insert_with(|| self.active.slackness());
            self.active.solve(Stop { tol, max_passes: PASSES }, ctx)?;
            column.rows.clear();
            column.values.clear();
            for (&i, &value) in self.active.positions().iter().zip(self.active.values()) {
                if value != 0.0 {
                    column.rows.push(i);
                    column.values.push(value);
                }
            }
            combine(w, p, 0, &column.rows, &column.values, &mut self.new);
            for i in first..j {
                let row = &w[i * p..(i + 1) * p];
                let terms = column.rows.iter().zip(&column.values);
                self.new[i] = terms.map(|(&k, value)| row[k as usize] * value).sum();
            }
            self.new[j] = target[j];
            let before = self.active.len();
            if largest_excess(target, &self.new, bounds, &self.scale) > tol {
                self.admit(target, penalty, j, tol);
            }
            if self.active.len() == before {
                break;
            }
        }
        for &i in self.active.positions() {
            self.is_active[i as usize] = false;
        }
        self.is_active[j] = false;
        Ok(slackness.unwrap_or(0.0))
    }

    /// Lets in the coordinates that violate their optimality condition.
    fn admit(&mut self, target: &[f64], penalty: &L1, j: usize, tol: f64) {
        let bounds = penalty.row(j);
        for (i, &target) in target.iter().enumerate() {
            let excess = (target - self.new[i]).abs() - bounds.at(i);
            if excess * self.scale[i] > tol && !self.is_active[i] {
                self.is_active[i] = true;
                self.active.enter(i as u32, 0.0, target, bounds.at(i), self.deviations[i]);
            }
        }
    }

    /// w_jj - w_12' beta = 1 / theta_jj.
    fn pivot(&self, variance: f64, column: &Coefficients) -> f64 {
        variance - column.rows.iter().zip(&column.values).map(|(&i, value)| self.new[i as usize] * value).sum::<f64>()
    }

    /// Writes the new column as row j of W, and within the tile also as column j. Returns by how much it moved.
    fn write(&self, w: &mut [f64], tile: std::ops::Range<usize>, j: usize, target: &[f64], penalty: &L1) -> f64 {
        let p = self.p;
        let variance = w[j * p + j];
        let row = &mut w[j * p..(j + 1) * p];
        // The diagonal stays: what is written there does not count.
        row[j] = target[j];
        let moved = write_relaxed(&self.new, self.relaxation, target, penalty.row(j), &self.scale, row);
        row[j] = variance;
        for i in tile.filter(|&i| i != j) {
            w[i * p + j] = w[j * p + i];
        }
        moved * self.scale[j] * self.scale[j]
    }
}

/// Writes the rows of a tile as columns.
fn mirror(w: &mut [f64], p: usize, tile: std::ops::Range<usize>, copy: &mut Vec<f64>) {
    copy.clear();
    copy.extend_from_slice(&w[tile.start * p..tile.end * p]);
    let others = w.chunks_exact_mut(p).enumerate().filter(|(i, _)| !tile.contains(i));
    if tile.len() == TILE {
        let mut rows = [&copy[..p]; TILE];
        for (row, from) in rows.iter_mut().zip(copy.chunks_exact(p)) {
            *row = from;
        }
        for (i, row) in others {
            let mut line = [0.0; TILE];
            for (value, from) in line.iter_mut().zip(rows) {
                *value = from[i];
            }
            row[tile.clone()].copy_from_slice(&line);
        }
    } else {
        for (i, row) in others {
            for (value, from) in row[tile.clone()].iter_mut().zip(copy.chunks_exact(p)) {
                *value = from[i];
            }
        }
    }
}
