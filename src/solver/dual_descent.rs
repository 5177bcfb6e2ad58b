//! Block coordinate descent on the dual of the graphical lasso, one column of W at a time.
//!
//! Friedman, Hastie, Tibshirani, Biostatistics 9:432 (2008), started at a point that is dual feasible and positive
//! definite, which every update then keeps (Banerjee et al. 2008, Mazumder and Hastie, EJS 6:2125, 2012).

use ndarray::{Array2, ArrayView2};

use super::lasso::{Lasso, Stop};
use crate::context::Context;
use crate::error::Result;
use crate::problem::L1;

/// Where the descent stands: W, and for every column the sparse coefficients with w_12 = W_11 beta.
#[derive(Debug, Clone)]
pub struct State {
    /// The estimate of the covariance, positive definite.
    pub w: Array2<f64>,
    /// Column j's coefficients (row, value), sorted by nothing in particular.
    pub beta: Vec<Vec<(usize, f64)>>,
}

/// How a run of sweeps ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The columns moved less than was asked.
    Settled,
    /// The number of sweeps was used up.
    Exhausted,
    /// A pivot was not positive: rounding has lost positive definiteness.
    Lost,
}

impl State {
    /// A start that is feasible and positive definite: off the diagonal S shrunk to 1 - t of itself.
    ///
    /// Where a free entry (Lambda_ij = 0) leaves no room, t is 0 and W is S with its penalised diagonal: positive
    /// definite only if S is, which the caller checks.
    pub fn start(s: ArrayView2<'_, f64>, penalty: &L1) -> Self {
        let p = s.nrows();
        let mut t: f64 = 1.0;
        for i in 0..p {
            for j in 0..i {
                let lambda = penalty.at(i, j);
                if lambda < s[(i, j)].abs() {
                    t = t.min(lambda / s[(i, j)].abs());
                }
            }
        }
        let w =
            Array2::from_shape_fn(
                (p, p),
                |(i, j)| {
                    if i == j { s[(i, i)] + penalty.at(i, i) } else { (1.0 - t) * s[(i, j)] }
                },
            );
        Self { w, beta: vec![Vec::new(); p] }
    }

    /// Sweeps over all columns until the mean change of W's entries in a sweep is at most `tol`.
    ///
    /// # Errors
    /// Cancellation; it is checked for in every column.
    pub fn sweep(
        &mut self,
        s: ArrayView2<'_, f64>,
        penalty: &L1,
        tol: f64,
        max_sweeps: usize,
        ctx: &Context,
    ) -> Result<(Outcome, usize)> {
        let p = s.nrows();
        let mut lasso = Lasso::default();
        let mut target = vec![0.0; p];
        for sweep in 1..=max_sweeps {
            let mut moved = 0.0;
            for j in 0..p {
                ctx.check()?;
                target.iter_mut().enumerate().for_each(|(i, value)| *value = s[(j, i)]);
                let w = self.w.as_slice().unwrap_or_default();
                lasso.solve(
                    &target,
                    |i| &w[i * p..(i + 1) * p],
                    // Column j is no coordinate of its own problem.
                    |i| {
                        if i == j { f64::INFINITY } else { penalty.at(i, j) }
                    },
                    &self.beta[j],
                    Stop { tol: 0.1 * tol, max_passes: usize::MAX },
                    || ctx.check(),
                )?;
                self.beta[j].clear();
                self.beta[j].extend(lasso.solution());
                moved += self.write_column(j, &target, lasso.residual());
                if self.pivot(j) <= 0.0 {
                    return Ok((Outcome::Lost, sweep));
                }
            }
            if moved <= tol * (p * (p - 1)) as f64 {
                return Ok((Outcome::Settled, sweep));
            }
        }
        Ok((Outcome::Exhausted, max_sweeps))
    }

    /// Sets row and column j of W to s - r off the diagonal; returns by how much they moved in all.
    fn write_column(&mut self, j: usize, s: &[f64], residual: &[f64]) -> f64 {
        let p = s.len();
        let mut moved = 0.0;
        let Some(w) = self.w.as_slice_mut() else {
            return 0.0;
        };
        for i in 0..p {
            if i != j {
                let value = s[i] - residual[i];
                moved += (value - w[j * p + i]).abs();
                w[j * p + i] = value;
                w[i * p + j] = value;
            }
        }
        moved
    }

    /// w_jj - w_12' beta = 1 / theta_jj.
    fn pivot(&self, j: usize) -> f64 {
        self.w[(j, j)] - self.beta[j].iter().map(|&(i, value)| self.w[(i, j)] * value).sum::<f64>()
    }

    /// The precision matrix of the current columns, symmetric in value and support.
    pub fn precision(&self) -> Array2<f64> {
        let p = self.w.nrows();
        let mut theta = Array2::zeros((p, p));
        for j in 0..p {
            theta[(j, j)] = 1.0 / self.pivot(j);
            for &(i, value) in &self.beta[j] {
                theta[(i, j)] = -value * theta[(j, j)];
            }
        }
        for i in 0..p {
            for j in 0..i {
                let (a, b) = (theta[(i, j)], theta[(j, i)]);
                // The two columns disagree only about entries within the tolerance of zero.
                let value = if a == 0.0 || b == 0.0 { 0.0 } else { 0.5 * (a + b) };
                theta[(i, j)] = value;
                theta[(j, i)] = value;
            }
        }
        theta
    }
}
