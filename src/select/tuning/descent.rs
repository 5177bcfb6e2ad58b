//! Many penalties: a descent in their logarithms with a memory of curvature (L-BFGS; Nocedal, Wright, Numerical
//! Optimization, 2006, section 7.2) and a line search that accepts no larger criterion.

use std::collections::VecDeque;

use super::history::{Stage, Step};
use super::problem::{Point, Walker};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::dot;

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 10;
/// No logarithm moves by more in one step.
const LONGEST: f64 = 1.0;
/// How far the first step, which knows no curvature, moves the logarithm with the largest slope.
const FIRST: f64 = 0.3;
/// The part of the promised fall that a step must keep.
const KEPT: f64 = 1e-4;
/// What a step that falls short is shortened by, and how often.
const SHORTER: f64 = 0.4;
const TRIALS: usize = 12;
/// A fall of this size, relative to the criterion, ends the descent.
const STILL: f64 = 1e-7;
/// No logarithm goes further below the start than this.
const DEPTH: f64 = 12.0;

/// When a descent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Steps at most.
    pub steps: usize,
    /// Steps without a smaller criterion on untouched samples after which it stops.
    pub patience: usize,
}

/// What a descent ends with.
pub(super) struct Bottom {
    /// The best point: on untouched samples where there are such.
    pub best: Point,
    /// Where in the steps it is.
    pub position: usize,
    /// The start and every step that was taken.
    pub steps: Vec<Step>,
}

/// From `start` downhill.
///
/// # Errors
/// Those of the inner problems and of the criterion; limits of the context.
pub(super) fn descend(
    walker: &mut Walker<'_>,
    start: Vec<f64>,
    stage: Stage,
    limits: Limits,
    ctx: &Context,
) -> Result<Bottom> {
    let floor: Vec<f64> = start.iter().map(|alpha| alpha - DEPTH).collect();
    let mut now = walker.at(start, ctx)?;
    let mut slope = walker.slope(&now, ctx)?;
    let mut steps = vec![Step::of(&now, stage)];
    let mut best: Option<(usize, Point)> = None;
    let mut memory = Memory::default();
    let judged = |point: &Point| point.untouched.unwrap_or(point.value);
    // Without an edge nothing but a diagonal would move.
    while steps.len() <= limits.steps && steps[0].edges > 0.0 && dot(&slope, &slope) > 0.0 {
        ctx.progress("tuning penalties", steps.len() - 1, limits.steps);
        let Some(next) = line_search(walker, &now, &slope, &mut memory, &floor, ctx)? else { break };
        let after = walker.slope(&next, ctx)?;
        memory.learn(&now.alpha, &next.alpha, &slope, &after);
        let fall = now.value - next.value;
        steps.push(Step::of(&next, stage));
        let before = std::mem::replace(&mut now, next);
        slope = after;
        // What was left may have been the best so far.
        if best.as_ref().is_none_or(|(_, best)| judged(&before) < judged(best)) {
            best = Some((steps.len() - 2, before));
        }
        let since = best.as_ref().map_or(
            0,
            |(position, best)| {
                if judged(&now) < judged(best) { 0 } else { steps.len() - 1 - position }
            },
        );
        if since >= limits.patience || fall <= STILL * now.value.abs().max(1.0) {
            break;
        }
    }
    let last = steps.len() - 1;
    let (position, best) = match best {
        Some((position, best)) if judged(&best) <= judged(&now) => (position, best),
        _ => (last, now),
    };
    Ok(Bottom { best, position, steps })
}

/// A point with a smaller criterion along the remembered direction, else along the gradient; none where there is none.
fn line_search(
    walker: &mut Walker<'_>,
    now: &Point,
    slope: &[f64],
    memory: &mut Memory,
    floor: &[f64],
    ctx: &Context,
) -> Result<Option<Point>> {
    loop {
        let direction = memory.direction(slope);
        let largest = direction.iter().fold(0.0f64, |most, d| most.max(d.abs()));
        let longest = if memory.is_empty() { FIRST / largest } else { (LONGEST / largest).min(1.0) };
        let mut length = longest;
        for _ in 0..TRIALS {
            let alpha: Vec<f64> = (now.alpha.iter().zip(&direction).zip(floor))
                .map(|((alpha, d), floor)| (alpha + length * d).max(*floor))
                .collect();
            let promised: f64 = (alpha.iter().zip(&now.alpha).zip(slope)).map(|((a, b), slope)| (a - b) * slope).sum();
            if promised >= 0.0 || promised.is_nan() {
                break;
            }
            let next = walker.at(alpha, ctx)?;
            if next.value <= now.value + KEPT * promised {
                return Ok(Some(next));
            }
            length *= SHORTER;
        }
        if memory.is_empty() {
            return Ok(None);
        }
        memory.forget();
    }
}

/// The last steps and what they changed of the gradient.
#[derive(Default)]
struct Memory {
    /// Step s, change y, 1 / s'y.
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
}

impl Memory {
    fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    fn forget(&mut self) {
        self.pairs.clear();
    }

    fn learn(&mut self, from: &[f64], to: &[f64], before: &[f64], after: &[f64]) {
        let difference = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let (s, y) = (difference(to, from), difference(after, before));
        let product = dot(&s, &y);
        // Where the criterion bends downwards there is nothing to learn.
        if product > 1e-10 * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back((s, y, 1.0 / product));
        }
    }

    /// Minus the inverse of the remembered curvature times the gradient.
    fn direction(&self, slope: &[f64]) -> Vec<f64> {
        let mut q = slope.to_vec();
        let mut factors = Vec::with_capacity(self.pairs.len());
        for (s, y, inverse) in self.pairs.iter().rev() {
            let factor = inverse * dot(s, &q);
            q.iter_mut().zip(y).for_each(|(q, y)| *q -= factor * y);
            factors.push(factor);
        }
        let scale = self.pairs.back().map_or(1.0, |(_, y, inverse)| 1.0 / (inverse * dot(y, y)));
        q.iter_mut().for_each(|q| *q *= scale);
        for ((s, y, inverse), factor) in self.pairs.iter().zip(factors.into_iter().rev()) {
            let correction = factor - inverse * dot(y, &q);
            q.iter_mut().zip(s).for_each(|(q, s)| *q += correction * s);
        }
        q.iter_mut().for_each(|q| *q = -*q);
        q
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quadratic_is_learned_in_as_many_steps_as_it_has_numbers() {
        let curvature = [1.0, 10.0, 0.1];
        let slope = |x: &[f64]| -> Vec<f64> { x.iter().zip(curvature).map(|(x, c)| c * x).collect() };
        let mut memory = Memory::default();
        let mut x = vec![1.0, -1.0, 2.0];
        for _ in 0..12 {
            let (g, d) = (slope(&x), memory.direction(&slope(&x)));
            // The exact minimum along the direction.
            let bend: f64 = d.iter().zip(curvature).map(|(d, c)| c * d * d).sum();
            if bend < 1e-200 {
                break;
            }
            let length = -dot(&g, &d) / bend;
            let next: Vec<f64> = x.iter().zip(&d).map(|(x, d)| x + length * d).collect();
            memory.learn(&x, &next, &g, &slope(&next));
            x = next;
        }
        assert!(x.iter().all(|x| x.abs() < 1e-8), "{x:?}");
    }
}
