//! Newton's method over the entries that are not zero, where coordinate steps are slow.
//!
//! With the signs of Omega fixed F is smooth. Its second derivative takes D to (S D + D S) / 2 on the support, with
//! D_ii / omega_ii^2 and the penalty's curvature added. A step of the conjugate gradients that invert it costs as much as
//! a pass over the entries, but where variables share directions, so that coordinate steps are tiny, does far more.

use super::descent::Active;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{axpy, dot};
use crate::problem::Separable;

/// Conjugate gradient steps at most, and by how much they lower the residual: more would serve signs that still change.
const STEPS: usize = 40;
const CLOSE: f64 = 0.1;
/// Steps halved at most so often.
const HALVINGS: usize = 6;

/// A symmetric matrix on the entries: its diagonal, and the others column by column.
#[derive(Debug, Clone)]
struct Slots {
    diagonal: Vec<f64>,
    others: Vec<f64>,
}

impl Slots {
    /// tr(X Y).
    fn inner(&self, other: &Self) -> f64 {
        dot(&self.diagonal, &other.diagonal) + dot(&self.others, &other.others)
    }

    fn add(&mut self, factor: f64, other: &Self) {
        axpy(factor, &other.diagonal, &mut self.diagonal);
        axpy(factor, &other.others, &mut self.others);
    }

    /// Entry by entry.
    fn combined(&self, other: &Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        let of = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(&x, &y)| combine(x, y)).collect() };
        Self { diagonal: of(&self.diagonal, &other.diagonal), others: of(&self.others, &other.others) }
    }
}

/// F near Omega, as long as no sign changes.
struct Model {
    /// The negative gradient, 0 where an entry is 0.
    slopes: Slots,
    /// What the second derivative has beside (S D + D S) / 2, on its own diagonal.
    bends: Slots,
    /// One over its diagonal; 0 where an entry is 0.
    scales: Slots,
}

impl<P: Separable> Active<'_, P> {
    /// Moves to a smaller F along Newton's direction, if there is one; returns the cost in passes, at most about `most`.
    ///
    /// # Errors
    /// Cancellation.
    pub(super) fn newton(&mut self, most: usize, ctx: &Context) -> Result<usize> {
        let model = self.model(ctx)?;
        let (direction, mut cost) = self.newton_direction(&model, STEPS.min(most), ctx)?;
        let place = self.place();
        let mut length = 1.0;
        for _ in 0..HALVINGS {
            cost += 1;
            // Entries that would change their sign stop at 0.
            let step =
                place.combined(&direction, |at, by| if (at + length * by) * at > 0.0 { length * by } else { -at });
            // Where an entry of the diagonal would not stay positive, the change is infinite.
            if self.change(&model, &place, &step, ctx)? < 0.0 {
                self.move_by(&step);
                break;
            }
            length *= 0.5;
        }
        Ok(cost.min(most))
    }

    fn place(&self) -> Slots {
        Slots { diagonal: self.diagonal.clone(), others: self.values.clone() }
    }

    fn model(&self, ctx: &Context) -> Result<Model> {
        let (problem, place) = (self.problem, self.place());
        let (lasso, penalty) = (problem.penalty.lasso(), problem.penalty);
        let own = |j: usize| problem.row(j)[j];
        let (mut slopes, mut bends, mut scales) = (self.image(&place, ctx)?, place.clone(), place.clone());
        for (j, &at) in place.diagonal.iter().enumerate() {
            let curvature = penalty.curvature(j, j);
            slopes.diagonal[j] = 1.0 / at - slopes.diagonal[j] - lasso.at(j, j) - curvature * at;
            bends.diagonal[j] = curvature + 1.0 / (at * at);
            scales.diagonal[j] = (own(j) + bends.diagonal[j]).recip();
            for slot in self.starts[j]..self.starts[j + 1] {
                let (i, at) = (self.rows[slot] as usize, place.others[slot]);
                let curvature = penalty.curvature(i, j);
                bends.others[slot] = curvature;
                if at == 0.0 {
                    (slopes.others[slot], scales.others[slot]) = (0.0, 0.0);
                } else {
                    slopes.others[slot] = -slopes.others[slot] - lasso.at(i, j) * at.signum() - curvature * at;
                    scales.others[slot] = (0.5 * (own(i) + own(j)) + curvature).recip();
                }
            }
        }
        Ok(Model { slopes, bends, scales })
    }

    /// Where the second derivative takes it to the negative gradient, and the steps that took.
    fn newton_direction(&self, model: &Model, most: usize, ctx: &Context) -> Result<(Slots, usize)> {
        let product = |x: f64, y: f64| x * y;
        let mut residual = model.slopes.clone();
        let mut better = residual.combined(&model.scales, product);
        let mut solution = residual.combined(&residual, |_, _| 0.0);
        let mut direction = better.clone();
        let mut size = residual.inner(&better);
        let enough = CLOSE * CLOSE * size;
        for step in 0..most {
            if size.is_nan() || size <= enough || size <= 0.0 {
                return Ok((solution, step));
            }
            let mut image = self.image(&direction, ctx)?;
            image.add(1.0, &model.bends.combined(&direction, product));
            let bend = direction.inner(&image);
            if bend.is_nan() || bend <= 0.0 {
                return Ok((solution, step));
            }
            solution.add(size / bend, &direction);
            // What this leaves outside the support has the scale 0.
            residual.add(-size / bend, &image);
            better = residual.combined(&model.scales, product);
            let next = residual.inner(&better);
            let ratio = next / size;
            direction = better.combined(&direction, |better, before| better + ratio * before);
            size = next;
        }
        Ok((solution, most))
    }

    /// By how much F grows where no sign changes; not a number, or infinite, where the diagonal does not stay positive.
    /// Only differences are computed, so that the end of a descent is not lost in rounding.
    fn change(&self, model: &Model, place: &Slots, step: &Slots, ctx: &Context) -> Result<f64> {
        let mut image = self.image(step, ctx)?;
        image.add(1.0, &model.bends.combined(step, |x, y| x * y));
        // What -log has beyond its second order.
        let rest = |(by, at): (&f64, &f64)| {
            let share = by / at;
            share - share.ln_1p() - 0.5 * share * share
        };
        let logs: f64 = step.diagonal.iter().zip(&place.diagonal).map(rest).sum();
        Ok(0.5 * step.inner(&image) - model.slopes.inner(step) + logs)
    }

    fn move_by(&mut self, step: &Slots) {
        self.diagonal.iter_mut().zip(&step.diagonal).for_each(|(value, by)| *value += by);
        for j in 0..self.problem.p {
            for slot in self.starts[j]..self.starts[j + 1] {
                if self.rows[slot] as usize > j {
                    break;
                }
                let new = self.values[slot] + step.others[slot];
                // Both entries of a pair, so that rounding does not part them.
                self.values[slot] = new;
                self.values[self.mirrors[slot]] = new;
            }
        }
    }

    /// (S X + X S) / 2 on the entries.
    fn image(&self, x: &Slots, ctx: &Context) -> Result<Slots> {
        let problem = self.problem;
        let mut out = Slots { diagonal: vec![0.0; x.diagonal.len()], others: vec![0.0; x.others.len()] };
        // S X first.
        for (j, &own) in x.diagonal.iter().enumerate() {
            ctx.check()?;
            let place = self.starts[j]..self.starts[j + 1];
            let (rows, values) = (&self.rows[place.clone()], &x.others[place.clone()]);
            let product = |i: usize| {
                let row = problem.row(i);
                let others: f64 = rows.iter().zip(values).map(|(&k, value)| row[k as usize] * value).sum();
                others + row[j] * own
            };
            out.diagonal[j] = product(j);
            for (out, &i) in out.others[place].iter_mut().zip(rows) {
                *out = product(i as usize);
            }
        }
        for slot in 0..x.others.len() {
            let mirror = self.mirrors[slot];
            if mirror > slot {
                let mean = 0.5 * (out.others[slot] + out.others[mirror]);
                (out.others[slot], out.others[mirror]) = (mean, mean);
            }
        }
        Ok(out)
    }
}
