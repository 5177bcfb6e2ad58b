//! The minimum over matrices with orthonormal columns: L-BFGS with line search, from an estimate of the Hessian.

use std::collections::VecDeque;

use ndarray::Array2;

use super::objective::{Curvature, Objective, Point};
use super::stiefel::{inner, retract, tangent};
use crate::context::Context;
use crate::error::{ErrorKind, Result};

/// Pairs of steps and changes of the gradient that are kept.
const KEPT: usize = 10;
/// Part of the promised decrease that a step must bring.
const ARMIJO: f64 = 1e-4;
/// Below this part of the objective a difference is rounding.
const ROUNDING: f64 = 1e-11;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bound on what the objective can still fall by, as the estimate of the Hessian has it, over max(1, |objective|).
    pub tol: f64,
    /// Steps at most.
    pub max_iter: usize,
}

/// Where a descent ended.
#[derive(Debug)]
pub struct Descent {
    /// D, V x M.
    pub d: Array2<f64>,
    /// The objective there.
    pub point: Point,
    /// Its value before the first step and after each.
    pub history: Vec<f64>,
    /// Why the tolerance was not reached, where it was not.
    pub why_not: Option<String>,
}

/// Steps s, changes of the gradient y, and 1 / <s, y>.
type Pairs = VecDeque<(Array2<f64>, Array2<f64>, f64)>;

/// Goes down from `start`, which has orthonormal columns.
///
/// # Errors
/// As [`Objective::at`]; memory.
pub fn minimize(objective: &Objective<'_>, start: Array2<f64>, settings: Settings, ctx: &Context) -> Result<Descent> {
    let _held = ctx.reserve_matrices(2 * KEPT + 8, start.nrows(), start.ncols())?;
    let mut d = start;
    let mut point = objective.at(&d, ctx)?;
    let mut history = vec![point.value];
    let mut pairs = Pairs::new();
    let why_not = loop {
        ctx.check()?;
        if let Some(set) = point.flat() {
            break Some(no_minimum(set));
        }
        let curvature = Curvature::of(&point.parts, ctx)?;
        let natural = curvature.solve(&d, &point.gradient, ctx)?;
        let expected = 0.5 * inner(&natural, &point.gradient);
        if expected <= settings.tol * point.value.abs().max(1.0) {
            break None;
        }
        if history.len() > settings.max_iter {
            break Some("the steps were used up; allow more with max_iter".to_string());
        }
        ctx.progress("meta_graphical_lasso", history.len(), settings.max_iter);
        let mut direction = direction(&pairs, &curvature, &d, &point.gradient, ctx)?;
        if inner(&direction, &point.gradient) >= 0.0 {
            pairs.clear();
            direction = natural * -1.0;
        }
        match search(objective, &d, &point, &mut direction, ctx)? {
            Some((next_d, next)) => {
                remember(&mut pairs, &next_d, direction, (&point.gradient, &next.gradient), ctx)?;
                (d, point) = (next_d, next);
                history.push(point.value);
            }
            // The memory may be wrong; without it the direction is safe.
            None if !pairs.is_empty() => pairs.clear(),
            None => {
                break Some(format!(
                    "no step lowers the objective any more in double precision, though by its curvature it could fall by \
                     {expected:.1e}"
                ));
            }
        }
    };
    Ok(Descent { d, point, history, why_not })
}

/// What a factor without variance in a data set means.
pub fn no_minimum(set: usize) -> String {
    format!(
        "a factor has next to no variance in data set {set}, from where the objective falls without end: give a larger \
         `ridge` or fewer factors, or leave variables out that follow from others"
    )
}

/// The direction of L-BFGS, minus the inverse Hessian times the gradient.
fn direction(
    pairs: &Pairs,
    curvature: &Curvature,
    d: &Array2<f64>,
    gradient: &Array2<f64>,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let mut q = gradient.clone();
    let mut factors = Vec::with_capacity(pairs.len());
    for (s, y, rho) in pairs.iter().rev() {
        let factor = rho * inner(s, &q);
        q.scaled_add(-factor, y);
        factors.push(factor);
    }
    let mut direction = curvature.solve(d, &q, ctx)?;
    if let Some((_, y, rho)) = pairs.back() {
        let scale = rho * inner(y, &curvature.solve(d, y, ctx)?);
        if scale > 0.0 {
            direction /= scale;
        }
    }
    for ((s, y, rho), factor) in pairs.iter().zip(factors.into_iter().rev()) {
        let other = rho * inner(y, &direction);
        direction.scaled_add(factor - other, s);
    }
    direction *= -1.0;
    tangent(d, direction, ctx)
}

/// A step along the direction that lowers the objective enough; `direction` becomes the step. None where there is none.
fn search(
    objective: &Objective<'_>,
    d: &Array2<f64>,
    point: &Point,
    direction: &mut Array2<f64>,
    ctx: &Context,
) -> Result<Option<(Array2<f64>, Point)>> {
    let length = inner(direction, direction).sqrt();
    if length > 1.0 {
        *direction /= length;
    }
    let slope = inner(direction, &point.gradient);
    let mut step = 1.0;
    while step > 1e-8 {
        ctx.check()?;
        let mut moved = d.clone();
        moved.scaled_add(step, direction);
        let tried = retract(&moved, ctx).and_then(|moved| objective.at(&moved, ctx).map(|next| (moved, next)));
        let (moved, next) = match tried {
            Ok(tried) => tried,
            // No place to go to; a nearer one may be.
            Err(error) if error.kind() == ErrorKind::Numerical => {
                step *= 0.5;
                continue;
            }
            Err(error) => return Err(error),
        };
        let rise = next.value - point.value;
        if rise <= ARMIJO * step * slope && rise <= -ROUNDING * point.value.abs() {
            *direction *= step;
            return Ok(Some((moved, next)));
        }
        // The minimum of the parabola through what is known.
        let curve = rise - step * slope;
        let best = if curve > 0.0 { -0.5 * slope * step * step / curve } else { 0.5 * step };
        step = best.clamp(0.1 * step, 0.5 * step);
    }
    Ok(None)
}

/// Keeps a step and the change of the gradient, as seen from where the step ended.
fn remember(
    pairs: &mut Pairs,
    d: &Array2<f64>,
    step: Array2<f64>,
    (before, after): (&Array2<f64>, &Array2<f64>),
    ctx: &Context,
) -> Result<()> {
    let step = tangent(d, step, ctx)?;
    let change = after - &tangent(d, before.clone(), ctx)?;
    let mut moved = Pairs::with_capacity(KEPT + 1);
    for (s, y, _) in pairs.drain(..) {
        moved.push_back((tangent(d, s, ctx)?, tangent(d, y, ctx)?, 0.0));
    }
    moved.push_back((step, change, 0.0));
    while moved.len() > KEPT {
        moved.pop_front();
    }
    for (s, y, _) in moved {
        let curve = inner(&s, &y);
        // A pair without positive curvature says nothing about a minimum.
        if curve > 1e-10 * (inner(&s, &s) * inner(&y, &y)).sqrt() {
            pairs.push_back((s, y, 1.0 / curve));
        }
    }
    Ok(())
}
