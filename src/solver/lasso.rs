//! The lasso in its covariance form, by coordinate descent over an active set.

use super::active_set::ActiveSet;
pub use super::active_set::Stop;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::axpy;

/// sign(x) max(|x| - t, 0)
#[inline]
pub fn soft_threshold(x: f64, t: f64) -> f64 {
    (x.abs() - t).max(0.0).copysign(x)
}

/// min over b of 1/2 b'Gb - g'b + sum_i lambda_i |b_i|, where coordinates may be left out.
///
/// Holds the sparse solution and the residual r = g - Gb between calls, so that problems with the same
/// variables can be solved one after another without allocating.
#[derive(Debug, Default)]
pub struct Lasso {
    active: ActiveSet,
    is_active: Vec<bool>,
    /// r = g - Gb.
    residual: Vec<f64>,
}

impl Lasso {
    /// Solves the problem, starting from `start` (position, value).
    ///
    /// `row(i)` is row i of the symmetric G; `lambda(i)` the penalty of coordinate i, where infinity leaves it out. The
    /// tolerance bounds the change of the gradient by one coordinate step. Returns the number of passes over active
    /// coordinates.
    ///
    /// # Errors
    /// Cancellation; it is checked for at least once a round of passes.
    pub fn solve<'g>(
        &mut self,
        g: &[f64],
        row: impl Fn(usize) -> &'g [f64],
        lambda: impl Fn(usize) -> f64,
        start: &[(usize, f64)],
        stop: Stop,
        ctx: &Context,
    ) -> Result<usize> {
        self.is_active.clear();
        self.is_active.resize(g.len(), false);
        self.residual.clear();
        self.residual.extend_from_slice(g);
        self.active.clear();
        for &(i, value) in start.iter().filter(|&&(i, _)| lambda(i).is_finite()) {
            self.is_active[i] = true;
            self.active.enter(i as u32, value, g[i], lambda(i), row(i)[i]);
            axpy(-value, row(i), &mut self.residual);
        }
        // The first round also adjusts the coordinates that were given.
        let mut settled = self.active.len() == 0;
        let mut passes = 0;
        loop {
            ctx.check()?;
            let before = self.active.len();
            for (i, &target) in g.iter().enumerate() {
                // Coordinates just outside wait: letting them in would change the solution by less than the tolerance.
                if !self.is_active[i] && self.residual[i].abs() > lambda(i) + 0.1 * stop.tol {
                    self.is_active[i] = true;
                    self.active.enter(i as u32, 0.0, target, lambda(i), row(i)[i]);
                }
            }
            if settled && self.active.len() == before || passes >= stop.max_passes {
                return Ok(passes);
            }
            self.active.gather(&row, |_| false);
            let old = self.active.values().to_vec();
            passes += self.active.solve(Stop { max_passes: stop.max_passes - passes, ..stop }, ctx)?;
            for ((&i, &new), old) in self.active.positions().iter().zip(self.active.values()).zip(old) {
                if new != old {
                    axpy(old - new, row(i as usize), &mut self.residual);
                }
            }
            settled = true;
        }
    }

    /// The solution's non-zero coordinates (position, value).
    pub fn solution(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        let all = self.active.positions().iter().zip(self.active.values());
        all.filter(|(_, value)| **value != 0.0).map(|(&position, &value)| (position as usize, value))
    }

    /// r = g - Gb at the solution.
    pub fn residual(&self) -> &[f64] {
        &self.residual
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
            .solve(&g, |i| &gram[i], |_| 0.1, &[(2, 5.0)], Stop { tol: 1e-13, max_passes: usize::MAX }, &Context::new())
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
