//! The lasso in its covariance form, by coordinate descent over an active set.

use ndarray::Array2;

use crate::error::Result;
use crate::linalg::{Cholesky, axpy};

/// After so many passes over the active coordinates without an end, the whole support moves at once.
const SLOW: usize = 25;

/// sign(x) max(|x| - t, 0)
#[inline]
pub fn soft_threshold(x: f64, t: f64) -> f64 {
    (x.abs() - t).max(0.0).copysign(x)
}

/// When the lasso stops.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Bound on the change of the gradient by one coordinate step.
    pub tol: f64,
    /// Passes over the active coordinates at most.
    pub max_passes: usize,
}

/// min over b of 1/2 b'Gb - g'b + sum_i lambda_i |b_i|, where one coordinate may be left out.
///
/// Holds the sparse solution and the residual r = g - Gb between calls, so that problems with the same
/// variables can be solved one after another without allocating.
#[derive(Debug, Default)]
pub struct Lasso {
    /// Positions that may be non-zero, in the order in which they entered.
    active: Vec<usize>,
    /// Their values.
    values: Vec<f64>,
    is_active: Vec<bool>,
    /// G restricted to the active positions, row by row.
    gram: Vec<f64>,
    /// Residual on the active positions while the small problem is solved.
    small: Vec<f64>,
    /// r = g - Gb.
    residual: Vec<f64>,
}

impl Lasso {
    /// Solves the problem, starting from `start` (position, value).
    ///
    /// `row(i)` is row i of the symmetric G; `lambda(i)` the penalty of coordinate i, where infinity leaves it out.
    /// Returns the number of passes over active coordinates.
    ///
    /// # Errors
    /// Whatever `check` returns; it is called at least once a pass over the active set.
    pub fn solve<'g>(
        &mut self,
        g: &[f64],
        row: impl Fn(usize) -> &'g [f64],
        lambda: impl Fn(usize) -> f64,
        start: &[(usize, f64)],
        stop: Stop,
        check: impl Fn() -> Result<()>,
    ) -> Result<usize> {
        self.is_active.clear();
        self.is_active.resize(g.len(), false);
        self.residual.clear();
        self.residual.extend_from_slice(g);
        self.active.clear();
        self.values.clear();
        for &(i, value) in start.iter().filter(|&&(i, _)| lambda(i).is_finite()) {
            self.enter(i, value);
            axpy(-value, row(i), &mut self.residual);
        }
        // The first round also adjusts the coordinates that were given.
        let mut settled = self.active.is_empty();
        let mut passes = 0;
        loop {
            check()?;
            let before = self.active.len();
            for i in 0..g.len() {
                // Coordinates just outside wait: letting them in would change the solution by less than the tolerance.
                if !self.is_active[i] && self.residual[i].abs() > lambda(i) + 0.1 * stop.tol {
                    self.enter(i, 0.0);
                }
            }
            if settled && self.active.len() == before || passes >= stop.max_passes {
                self.drop_zeros();
                return Ok(passes);
            }
            let left = Stop { max_passes: stop.max_passes - passes, ..stop };
            passes += self.descend(&row, &lambda, left, &check)?;
            settled = true;
        }
    }

    /// The solution's non-zero coordinates (position, value).
    pub fn solution(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.active.iter().copied().zip(self.values.iter().copied())
    }

    /// r = g - Gb at the solution.
    pub fn residual(&self) -> &[f64] {
        &self.residual
    }

    fn enter(&mut self, i: usize, value: f64) {
        self.is_active[i] = true;
        self.active.push(i);
        self.values.push(value);
    }

    fn drop_zeros(&mut self) {
        let mut kept = 0;
        for k in 0..self.active.len() {
            if self.values[k] != 0.0 {
                self.active[kept] = self.active[k];
                self.values[kept] = self.values[k];
                kept += 1;
            }
        }
        self.active.truncate(kept);
        self.values.truncate(kept);
    }

    /// Moves to the minimiser over the current support and signs, or as far towards it as the signs stay: the remedy
    /// for ill-conditioned problems, where coordinate steps are tiny. The objective falls all the way.
    fn jump(&mut self, lambda: &impl Fn(usize) -> f64, check: &impl Fn() -> Result<()>) -> Result<()> {
        let count = self.active.len();
        // Every step but the last sets a coordinate to 0.
        for _ in 0..count {
            check()?;
            let support: Vec<usize> = (0..count).filter(|&k| self.values[k] != 0.0).collect();
            let block = Array2::from_shape_fn((support.len(), support.len()), |(i, j)| {
                self.gram[support[i] * count + support[j]]
            });
            let Some(cholesky) = Cholesky::new(block.view()) else { return Ok(()) };
            let slope = Array2::from_shape_fn((support.len(), 1), |(i, _)| {
                let k = support[i];
                self.small[k] - lambda(self.active[k]) * self.values[k].signum()
            });
            let direction = cholesky.solve(slope.view());
            let reach = |i: usize| -self.values[support[i]] / direction[(i, 0)];
            let blocking = (0..support.len())
                .filter(|&i| (0.0..1.0).contains(&reach(i)))
                .min_by(|&a, &b| reach(a).total_cmp(&reach(b)));
            let length = blocking.map_or(1.0, reach);
            for (i, &k) in support.iter().enumerate() {
                let change = length * direction[(i, 0)];
                let new = if blocking == Some(i) { 0.0 } else { self.values[k] + change };
                axpy(self.values[k] - new, &self.gram[k * count..(k + 1) * count], &mut self.small);
                self.values[k] = new;
            }
            if blocking.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Coordinate descent on the active positions alone, in a gathered copy of their part of G.
    fn descend<'g>(
        &mut self,
        row: &impl Fn(usize) -> &'g [f64],
        lambda: &impl Fn(usize) -> f64,
        stop: Stop,
        check: &impl Fn() -> Result<()>,
    ) -> Result<usize> {
        let count = self.active.len();
        self.gram.clear();
        self.small.clear();
        for &i in &self.active {
            let full = row(i);
            self.gram.extend(self.active.iter().map(|&j| full[j]));
            self.small.push(self.residual[i]);
        }
        let before = self.values.clone();
        let mut passes = 0;
        while passes < stop.max_passes {
            check()?;
            passes += 1;
            let mut largest = 0.0f64;
            for k in 0..count {
                let line = &self.gram[k * count..(k + 1) * count];
                let old = self.values[k];
                let new = soft_threshold(self.small[k] + line[k] * old, lambda(self.active[k])) / line[k];
                if new != old {
                    axpy(old - new, line, &mut self.small);
                    self.values[k] = new;
                    largest = largest.max((new - old).abs() * line[k]);
                }
            }
            if largest <= stop.tol {
                break;
            }
            if passes % SLOW == 0 {
                self.jump(lambda, check)?;
            }
        }
        for (k, &i) in self.active.iter().enumerate() {
            let change = self.values[k] - before[k];
            if change != 0.0 {
                axpy(-change, row(i), &mut self.residual);
            }
        }
        Ok(passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_solution_meets_its_optimality_conditions() {
        let gram = [[2.0, 0.5, 0.3], [0.5, 1.0, -0.4], [0.3, -0.4, 1.5]];
        let g = [1.0, -0.6, 0.05];
        let mut lasso = Lasso::default();
        lasso
            .solve(&g, |i| &gram[i], |_| 0.1, &[(2, 5.0)], Stop { tol: 1e-13, max_passes: usize::MAX }, || Ok(()))
            .unwrap();
        let mut b = [0.0; 3];
        lasso.solution().for_each(|(i, value)| b[i] = value);
        for i in 0..3 {
            let gradient = g[i] - (0..3).map(|j| gram[i][j] * b[j]).sum::<f64>();
            assert!((gradient - lasso.residual()[i]).abs() < 1e-12);
            let violation =
                if b[i] == 0.0 { (gradient.abs() - 0.1).max(0.0) } else { (gradient - 0.1 * b[i].signum()).abs() };
            assert!(violation < 1e-12, "coordinate {i}: {violation}");
        }
    }
}
