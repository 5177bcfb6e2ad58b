//! The parametric simplex method for one column of CLIME: from lambda = 1, where b = 0, down.
//!
//! As many rows I of |S b - e| are at lambda as there are columns J with b != 0. Between pivots b moves so that the rows
//! stay at lambda while that falls. Where another row reaches lambda, the dual point z, which lives on I, moves until
//! another column has |S z| = 1, which then may enter J, or a row's z is 0, which leaves I. Where an entry of b reaches 0 its
//! column leaves J, and z moves in the same way.

use super::basis::{Basis, largest};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{axpy, combine};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ended {
    /// There is a solution for every penalty.
    Solved,
    /// There is none below this penalty.
    Infeasible(f64),
    /// Rounding, or pivots in a circle.
    Lost,
}

/// What a move of the dual point meets.
#[derive(Debug, Clone, Copy)]
enum Met {
    /// A column, at this sign.
    Column(usize, f64),
    /// The row at this place of the active ones.
    Row(usize),
}

/// The state of one column.
#[derive(Debug)]
pub(super) struct Simplex<'a> {
    s: &'a [f64],
    p: usize,
    target: usize,
    /// Bounds of rows over lambda, and of columns: 1, or moved a little.
    row_bounds: Vec<f64>,
    column_bounds: Vec<f64>,
    b: Vec<f64>,
    z: Vec<f64>,
    /// e - S b.
    residual: Vec<f64>,
    /// S z.
    slopes: Vec<f64>,
    /// S times the direction of a move.
    change: Vec<f64>,
    rows: Vec<usize>,
    row_signs: Vec<f64>,
    columns: Vec<usize>,
    column_signs: Vec<f64>,
    is_row: Vec<bool>,
    is_column: Vec<bool>,
    /// The inverse of S with the active rows and columns.
    basis: Basis,
    lambda: f64,
    pivots: usize,
}

/// Rates below this do not count.
const STILL: f64 = 1e-11;
/// Pivots between two computations of what moves have kept up to date.
const FRESH: usize = 20;
/// By how much, in units of the direction, what an inverse gives may be wrong; how often that is mended, and when by a
/// new inverse instead of a correction.
const LOOSE: f64 = 1e-11;
const MEND: usize = 3;
const RENEW: usize = 1;
/// Pivots for every variable at most.
const MOST: usize = 50;

impl<'a> Simplex<'a> {
    /// Column `target` of p, with bounds moved by up to the share `moved` of themselves.
    pub fn new(s: &'a [f64], p: usize, target: usize, moved: f64) -> Self {
        // Any numbers that have nothing to do with each other.
        let bound = |k: usize, turn: f64| 1.0 + moved * (turn * (k + 1) as f64).fract();
        let row_bounds: Vec<f64> = (0..p).map(|k| bound(k, 0.618_033_988_7)).collect();
        let mut residual = vec![0.0; p];
        residual[target] = 1.0;
        Self {
            s,
            p,
            target,
            lambda: 1.0 / row_bounds[target],
            row_bounds,
            column_bounds: (0..p).map(|k| bound(k, 0.754_877_666_2)).collect(),
            b: vec![0.0; p],
            z: vec![0.0; p],
            residual,
            slopes: vec![0.0; p],
            change: vec![0.0; p],
            rows: Vec::new(),
            row_signs: Vec::new(),
            columns: Vec::new(),
            column_signs: Vec::new(),
            is_row: vec![false; p],
            is_column: vec![false; p],
            basis: Basis::default(),
            pivots: 0,
        }
    }

    /// b and z.
    pub fn state(&self) -> (&[f64], &[f64]) {
        (&self.b, &self.z)
    }

    /// Pivots so far.
    pub fn pivots(&self) -> usize {
        self.pivots
    }

    /// Goes down to each of the descending penalties and shows b, z, the penalty and the pivots there.
    ///
    /// # Errors
    /// Cancellation.
    pub fn run(
        &mut self,
        lambdas: &[f64],
        ctx: &Context,
        mut show: impl FnMut(&[f64], &[f64], f64, usize),
    ) -> Result<Ended> {
        let mut wanted = lambdas.iter().copied().peekable();
        while let Some(lambda) = wanted.next_if(|&lambda| lambda >= self.lambda) {
            show(&self.b, &self.z, lambda, 0);
        }
        let mut entering = (self.target, 1.0);
        while wanted.peek().is_some() {
            match self.enter_row(entering) {
                Some(true) => {}
                Some(false) => return Ok(Ended::Infeasible(self.lambda)),
                None => return Ok(Ended::Lost),
            }
            // b moves until another row comes to its bound.
            loop {
                ctx.check()?;
                self.pivots += 1;
                if self.pivots > MOST * (self.p + 10) || self.rows.is_empty() {
                    return Ok(Ended::Lost);
                }
                let Some(&lambda) = wanted.peek() else { return Ok(Ended::Solved) };
                let Some(below) = self.descend(lambda) else { return Ok(Ended::Lost) };
                match below {
                    Below::Reached => {
                        wanted.next();
                        show(&self.b, &self.z, lambda, self.pivots);
                    }
                    Below::Row(row, sign) => {
                        entering = (row, sign);
                        break;
                    }
                    Below::Column(place) => {
                        if self.leave_column(place).is_none() {
                            return Ok(Ended::Lost);
                        }
                    }
                }
                if self.pivots.is_multiple_of(FRESH) {
                    self.refresh();
                }
            }
        }
        Ok(Ended::Solved)
    }

    /// Computes the inverse anew unless what it went through was `safe`; none where it is singular.
    fn renew(&mut self, safe: bool) -> Option<()> {
        if !safe {
            let entry = |i: usize, j: usize| self.s[self.rows[i] * self.p + self.columns[j]];
            self.basis = Basis::new(self.rows.len(), entry)?;
        }
        Some(())
    }

    /// Entries of a row of S at some places; S is symmetric.
    fn entries(&self, row: usize, places: &[usize]) -> Vec<f64> {
        places.iter().map(|&k| self.s[row * self.p + k]).collect()
    }

    /// Moves z so that a row can be active. Whether something stops it: otherwise there is no solution below this lambda;
    /// none where the numbers are singular.
    fn enter_row(&mut self, (row, sign): (usize, f64)) -> Option<bool> {
        let own = self.entries(row, &self.columns);
        let mut direction = self.basis.solve_transposed(&own);
        direction.iter_mut().for_each(|value| *value *= -sign);
        let mut rows = self.rows.clone();
        rows.push(row);
        direction.push(sign);
        self.dual_image(&rows, &mut direction, &vec![0.0; self.columns.len()]);
        let (step, met) = self.first_met(&direction, f64::INFINITY);
        let Some(met) = met else { return Some(false) };
        self.move_dual(&rows, &direction, step);
        self.is_row[row] = true;
        match met {
            Met::Column(column, side) => {
                let entries = self.entries(column, &self.rows);
                let safe = self.basis.grow(&own, &entries, self.s[row * self.p + column]);
                self.rows.push(row);
                self.row_signs.push(sign);
                self.columns.push(column);
                self.column_signs.push(side);
                self.is_column[column] = true;
                self.renew(safe)?;
            }
            Met::Row(place) => {
                let safe = self.basis.replace_row(place, &own);
                self.forget_row(place);
                self.rows[place] = row;
                self.row_signs[place] = sign;
                self.renew(safe)?;
            }
        }
        Some(true)
    }

    /// Lets the column at `place` leave, whose entry of b is 0, and moves z until another comes in or a row leaves with it.
    fn leave_column(&mut self, place: usize) -> Option<()> {
        let (column, sign) = (self.columns[place], self.column_signs[place]);
        self.b[column] = 0.0;
        // What takes column `place` of the active ones off its bound, and keeps the others there.
        let mut direction: Vec<f64> = self.basis.row(place).iter().map(|value| -sign * value).collect();
        let rows = self.rows.clone();
        let mut wanted = vec![0.0; rows.len()];
        wanted[place] = -sign;
        self.dual_image(&rows, &mut direction, &wanted);
        // At the latest the column itself comes to its other bound.
        let farthest = 2.0 * self.column_bounds[column];
        let (step, met) = self.first_met(&direction, farthest);
        self.move_dual(&rows, &direction, step);
        match met {
            None => self.column_signs[place] = -sign,
            Some(Met::Column(other, side)) => {
                let entries = self.entries(other, &self.rows);
                let safe = self.basis.replace_column(place, &entries);
                self.is_column[column] = false;
                self.is_column[other] = true;
                self.columns[place] = other;
                self.column_signs[place] = side;
                self.renew(safe)?;
            }
            Some(Met::Row(row)) => {
                let safe = self.basis.shrink(row, place);
                self.is_column[column] = false;
                self.columns.remove(place);
                self.column_signs.remove(place);
                self.forget_row(row);
                self.rows.remove(row);
                self.row_signs.remove(row);
                self.renew(safe)?;
            }
        }
        Some(())
    }

    fn forget_row(&mut self, place: usize) {
        let row = self.rows[place];
        self.z[row] = 0.0;
        self.is_row[row] = false;
    }

    /// The first of what a move of z on the active rows meets, before `farthest`.
    fn first_met(&self, direction: &[f64], farthest: f64) -> (f64, Option<Met>) {
        let (mut step, mut met) = (farthest, None);
        for k in (0..self.p).filter(|&k| !self.is_column[k]) {
            let rate = self.change[k];
            if rate.abs() > STILL {
                let sign = rate.signum();
                let distance = (self.column_bounds[k] - sign * self.slopes[k]) / rate.abs();
                if distance < step {
                    (step, met) = (distance.max(0.0), Some(Met::Column(k, sign)));
                }
            }
        }
        for (place, (&row, &sign)) in self.rows.iter().zip(&self.row_signs).enumerate() {
            if direction[place] * sign < -STILL {
                let distance = (-self.z[row] / direction[place]).max(0.0);
                if distance < step {
                    (step, met) = (distance, Some(Met::Row(place)));
                }
            }
        }
        (step, met)
    }

    fn move_dual(&mut self, rows: &[usize], direction: &[f64], step: f64) {
        rows.iter().zip(direction).for_each(|(&row, &rate)| self.z[row] += step * rate);
        axpy(step, &self.change, &mut self.slopes);
    }

    /// How b moves while lambda falls, with its image in `change`; none where the active rows and columns are singular.
    fn descent(&mut self) -> Option<Vec<f64>> {
        let right: Vec<f64> =
            self.rows.iter().zip(&self.row_signs).map(|(&row, sign)| sign * self.row_bounds[row]).collect();
        let columns = self.columns.clone();
        let mut direction = self.basis.solve(&right);
        for attempt in 0..=MEND {
            self.image(&columns, &direction);
            // Active rows must stay at their bounds: where they do not, rounding has spoilt the inverse.
            let missing: Vec<f64> = self.rows.iter().zip(&right).map(|(&k, wanted)| wanted - self.change[k]).collect();
            let missed = largest(&missing);
            if missed <= LOOSE * largest(&direction).max(1.0) {
                break;
            }
            if attempt == MEND {
                return missed.is_finite().then_some(direction);
            }
            if attempt == RENEW {
                self.renew(false)?;
                direction = self.basis.solve(&right);
            } else {
                axpy(1.0, &self.basis.solve(&missing), &mut direction);
            }
        }
        Some(direction)
    }

    /// Moves b and lambda down to `wanted`, or to where a row comes to its bound or an entry of b to 0.
    fn descend(&mut self, wanted: f64) -> Option<Below> {
        let direction = self.descent()?;
        let columns = self.columns.clone();
        let (mut step, mut met) = (self.lambda - wanted, Below::Reached);
        for k in (0..self.p).filter(|&k| !self.is_row[k]) {
            let (bound, residual, rate) = (self.row_bounds[k], self.residual[k], self.change[k]);
            for sign in [1.0, -1.0] {
                // sign (residual - t rate) <= bound (lambda - t)
                let closing = bound - sign * rate;
                if closing > STILL {
                    let distance = (bound * self.lambda - sign * residual) / closing;
                    if distance < step {
                        (step, met) = (distance.max(0.0), Below::Row(k, sign));
                    }
                }
            }
        }
        for (place, (&column, &sign)) in columns.iter().zip(&self.column_signs).enumerate() {
            if direction[place] * sign < -STILL {
                let distance = (-self.b[column] / direction[place]).max(0.0);
                if distance < step {
                    (step, met) = (distance, Below::Column(place));
                }
            }
        }
        columns.iter().zip(&direction).for_each(|(&column, &rate)| self.b[column] += step * rate);
        axpy(-step, &self.change, &mut self.residual);
        self.lambda -= step;
        Some(met)
    }

    /// S times a move of z on these rows, of which the first are the active ones, to `change`; mends the move where that is
    /// not as `wanted` in the active columns.
    fn dual_image(&mut self, rows: &[usize], direction: &mut [f64], wanted: &[f64]) {
        self.image(rows, direction);
        let missing: Vec<f64> = self.columns.iter().zip(wanted).map(|(&k, wanted)| wanted - self.change[k]).collect();
        if largest(&missing) > LOOSE {
            let correction = self.basis.solve_transposed(&missing);
            axpy(1.0, &correction, &mut direction[..missing.len()]);
            self.image(rows, direction);
        }
    }

    /// S times a vector with these entries, to `change`.
    fn image(&mut self, places: &[usize], values: &[f64]) {
        if places.is_empty() {
            self.change.fill(0.0);
            return;
        }
        let places: Vec<u32> = places.iter().map(|&k| k as u32).collect();
        combine(self.s, self.p, 0, &places, values, &mut self.change);
    }

    /// Computes residual and slopes anew, against rounding.
    fn refresh(&mut self) {
        let (columns, rows) = (self.columns.clone(), self.rows.clone());
        let values: Vec<f64> = columns.iter().map(|&k| self.b[k]).collect();
        self.image(&columns, &values);
        self.residual.iter_mut().zip(&self.change).for_each(|(residual, change)| *residual = -change);
        self.residual[self.target] += 1.0;
        let values: Vec<f64> = rows.iter().map(|&k| self.z[k]).collect();
        self.image(&rows, &values);
        self.slopes.copy_from_slice(&self.change);
    }
}

/// What b meets on its way down.
#[derive(Debug, Clone, Copy)]
enum Below {
    /// The penalty that was wanted.
    Reached,
    /// A row at this sign.
    Row(usize, f64),
    /// The column at this place of the active ones, whose entry is 0.
    Column(usize),
}
