//! The end of a Newton step where coordinate descent is slow: conjugate gradients over the entries that are not zero.
//!
//! With the signs of Theta + D fixed the model is quadratic, X -> W X W + b X on the support. Its inverse over all
//! entries, X -> Theta X Theta where b = 0, is the preconditioner: exact for a dense Theta, and good wherever W is
//! ill-conditioned because of a few directions that all variables share. Newton's method with conjugate gradients in an
//! orthant: Oztoprak, Nocedal, Rennie, Olsen, NIPS 25 (2012).

use super::newton_model::{Direction, Place, TILE};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{axpy, dot};
use crate::problem::Separable;

/// Conjugate gradient steps at most.
const STEPS: usize = 40;

/// One number for each free entry.
type Slots = Vec<f64>;

impl Direction {
    /// Moves D towards the minimiser over the support and signs of Theta + D; never to where the model is larger.
    ///
    /// # Errors
    /// Cancellation.
    pub(super) fn polish<P: Separable>(
        &mut self,
        place: Place<'_>,
        penalty: &P,
        accuracy: f64,
        ctx: &Context,
    ) -> Result<()> {
        let theta = place.theta.to_slice().ok_or_else(|| Error::internal("theta is not in row order"))?;
        let entries: Vec<(usize, usize)> = self.entries().map(|(i, j, _)| (i, j)).collect();
        let at: Slots = entries.iter().map(|&(i, j)| place.theta[(j, i)]).collect();
        let curvature: Slots = entries.iter().map(|&(i, j)| penalty.curvature(i, j)).collect();
        let before = self.values.clone();
        let bent = self.sandwich(place.w, &before, ctx)?;
        let value = self.value(place, penalty, &bent);
        // The negative gradient on the support, 0 elsewhere.
        let mut residual = bent;
        for (slot, &(i, j)) in entries.iter().enumerate() {
            let new = at[slot] + before[slot];
            let slope = place.loss.gradient(i, j, place.w[j * self.p + i]) + residual[slot];
            residual[slot] = if new == 0.0 {
                0.0
            } else {
                -(slope + penalty.lasso().at(i, j) * new.signum() + curvature[slot] * new)
            };
        }
        let support: Vec<bool> = (0..entries.len()).map(|slot| at[slot] + before[slot] != 0.0).collect();
        let step = self.conjugate_gradients(place.w, theta, &curvature, &support, residual, accuracy, ctx)?;

        // As far as it goes, with entries that would change their sign at 0; else as far as no sign changes.
        let signs = |slot: usize| at[slot] + before[slot];
        for slot in 0..entries.len() {
            let new = signs(slot) + step[slot];
            let crosses = new * signs(slot) <= 0.0;
            self.values[slot] = if crosses { -at[slot] } else { before[slot] + step[slot] };
        }
        let bent = self.sandwich(place.w, &self.values.clone(), ctx)?;
        if self.value(place, penalty, &bent) <= value {
            return Ok(());
        }
        let reach = |slot: usize| if step[slot] == 0.0 { f64::INFINITY } else { -signs(slot) / step[slot] };
        let length = (0..entries.len()).map(reach).filter(|reach| *reach >= 0.0).fold(1.0, f64::min);
        for slot in 0..entries.len() {
            let is_blocking = length < 1.0 && reach(slot) == length;
            self.values[slot] = if is_blocking { -at[slot] } else { before[slot] + length * step[slot] };
        }
        let bent = self.sandwich(place.w, &self.values.clone(), ctx)?;
        if self.value(place, penalty, &bent) > value {
            self.sandwich(place.w, &before, ctx)?;
            self.values = before;
        }
        Ok(())
    }

    /// Solves W X W + b X = R over the support.
    #[allow(clippy::too_many_arguments)]
    fn conjugate_gradients(
        &mut self,
        w: &[f64],
        theta: &[f64],
        curvature: &[f64],
        support: &[bool],
        mut residual: Slots,
        accuracy: f64,
        ctx: &Context,
    ) -> Result<Slots> {
        let restrict =
            |x: &mut Slots| x.iter_mut().zip(support).filter(|(_, is_in)| !**is_in).for_each(|(x, _)| *x = 0.0);
        let mut solution = vec![0.0; residual.len()];
        let mut better = self.sandwich(theta, &residual, ctx)?;
        restrict(&mut better);
        let mut direction = better.clone();
        let mut size = self.inner(&residual, &better);
        let enough = (0.1 * accuracy).powi(2) * size;
        for _ in 0..STEPS {
            if size.is_nan() || size <= enough || size <= 0.0 {
                break;
            }
            let mut image = self.sandwich(w, &direction, ctx)?;
            image.iter_mut().zip(&direction).zip(curvature).for_each(|((image, x), b)| *image += b * x);
            restrict(&mut image);
            let bend = self.inner(&direction, &image);
            if bend.is_nan() || bend <= 0.0 {
                break;
            }
            axpy(size / bend, &direction, &mut solution);
            axpy(-size / bend, &image, &mut residual);
            better = self.sandwich(theta, &residual, ctx)?;
            restrict(&mut better);
            let next = self.inner(&residual, &better);
            let ratio = next / size;
            size = next;
            direction.iter_mut().zip(&better).for_each(|(x, better)| *x = better + ratio * *x);
        }
        Ok(solution)
    }

    /// tr(X Y) of two symmetric matrices on the free entries.
    fn inner(&self, x: &[f64], y: &[f64]) -> f64 {
        let mut sum = 0.0;
        for j in 0..self.p {
            for slot in self.starts[j]..self.starts[j + 1] {
                let twice = if self.rows[slot] as usize == j { 1.0 } else { 2.0 };
                sum += twice * x[slot] * y[slot];
            }
        }
        sum
    }

    /// M X M at the free entries, for X with `x` there and 0 elsewhere; leaves X M in `product`.
    fn sandwich(&mut self, m: &[f64], x: &[f64], ctx: &Context) -> Result<Slots> {
        let p = self.p;
        let row = |i: usize| &m[i * p..(i + 1) * p];
        self.product.fill(0.0);
        for j in 0..p {
            ctx.check()?;
            for slot in (self.starts[j]..self.starts[j + 1]).filter(|&slot| x[slot] != 0.0) {
                let i = self.rows[slot] as usize;
                axpy(x[slot], row(j), &mut self.product[i * p..(i + 1) * p]);
                if i != j {
                    axpy(x[slot], row(i), &mut self.product[j * p..(j + 1) * p]);
                }
            }
        }
        let mut out = vec![0.0; x.len()];
        for first in (0..p).step_by(TILE) {
            ctx.check()?;
            let last = (first + TILE).min(p);
            self.copy_out(first, last);
            for j in first..last {
                let column = &self.tile[(j - first) * p..][..p];
                let slots = self.starts[j]..self.starts[j + 1];
                for (value, &i) in out[slots.clone()].iter_mut().zip(&self.rows[slots]) {
                    *value = dot(row(i as usize), column);
                }
            }
        }
        Ok(out)
    }

    /// The model at D, whose W D W is `bent`.
    fn value<P: Separable>(&self, place: Place<'_>, penalty: &P, bent: &[f64]) -> f64 {
        self.decrease(place, penalty) + 0.5 * self.inner(bent, &self.values)
    }
}
