//! One penalty: the root of the hypergradient in log lambda, kept between points where it has both signs.

use super::history::{Stage, Step};
use super::problem::{Point, Walker};
use crate::context::Context;
use crate::error::Result;

/// Inner problems at most.
const SOLVES: usize = 40;
/// The first step in log lambda, and what later ones grow by, until the hypergradient changes its sign.
const STEP: f64 = 1.386_294_361_119_890_6; // log 4
const GROWTH: f64 = 1.5;
/// Where a criterion is rough, so many penalties are tried first, down to this far below the largest in log lambda (to 0.01
/// of it); the search begins at the best with steps of their distance.
const SCANNED: usize = 12;
const SCAN: f64 = 4.605_170_185_988_092; // log 100
/// The smallest penalty that is tried, relative to the one that empties the graph.
const LEAST: f64 = 1e-4;
/// Two points as close as this in log lambda end the search.
const CLOSE: f64 = 1e-3;
/// So does a hypergradient of this size, relative to the criterion.
const FLAT: f64 = 1e-5;
/// The part of the bracket at both ends where no step goes.
const MARGIN: f64 = 0.02;

/// What the search ends with.
pub(super) struct Root {
    pub best: Point,
    pub steps: Vec<Step>,
    /// Which end of the range was best, if one was.
    pub end: Option<End>,
}

/// An end of the range of penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Largest,
    Smallest,
}

/// log lambda and the hypergradient there.
type Place = (f64, f64);

/// The lambda with the smallest criterion of those tried, up to `largest`, which empties the graph; from `start` on.
///
/// # Errors
/// Those of the inner problems and of the criterion; limits of the context.
pub(super) fn root(walker: &mut Walker<'_>, largest: f64, start: Option<f64>, ctx: &Context) -> Result<Root> {
    let range = ((LEAST * largest).ln(), largest.ln());
    let mut at = start.map_or(largest.ln() - 10f64.ln(), f64::ln).clamp(range.0, range.1);
    let mut step = STEP;
    let mut steps: Vec<Step> = Vec::new();
    let mut best: Option<Point> = None;
    if start.is_none() && walker.is_rough() {
        step = SCAN / SCANNED as f64;
        for k in 0..SCANNED {
            ctx.progress("tuning lambda", steps.len(), SOLVES);
            let point = walker.at(vec![range.1 - (k + 1) as f64 * step], ctx)?;
            steps.push(Step::of(&point, Stage::Scalar));
            keep(&mut best, point);
        }
        at = best.as_ref().map_or(at, |best| best.alpha[0]);
    }
    let mut search = Search { low: None, high: None, latest: None, step, widths: Vec::new(), range };
    loop {
        ctx.progress("tuning lambda", steps.len(), SOLVES);
        let point = walker.at(vec![at], ctx)?;
        let slope = walker.slope(&point, ctx)?[0];
        steps.push(Step::of(&point, Stage::Scalar));
        let value = point.value;
        keep(&mut best, point);
        let is_flat = slope.abs() <= FLAT * value.abs().max(1.0) && at < range.1;
        match search.next((at, slope)) {
            Some(next) if !is_flat && steps.len() < SOLVES => at = next,
            _ => break,
        }
    }
    let best = best.ok_or_else(|| crate::error::Error::internal("a search without a point"))?;
    let end = match best.alpha[0] {
        at if at >= range.1 => Some(End::Largest),
        at if at <= range.0 => Some(End::Smallest),
        _ => None,
    };
    Ok(Root { best, steps, end })
}

/// The better of two points.
fn keep(best: &mut Option<Point>, point: Point) {
    if best.as_ref().is_none_or(|best| point.value < best.value) {
        *best = Some(point);
    }
}

/// The bracket so far: at `low` the criterion falls with lambda, at `high` it rises.
struct Search {
    low: Option<Place>,
    high: Option<Place>,
    latest: Option<Place>,
    step: f64,
    /// The widths of all brackets.
    widths: Vec<f64>,
    range: (f64, f64),
}

impl Search {
    /// The next log lambda after what was found at this one; none where the search is over.
    fn next(&mut self, here: Place) -> Option<f64> {
        let before = self.latest.replace(here);
        match here.1 > 0.0 {
            true => self.high = Some(here),
            false => self.low = Some(here),
        }
        let (Some(low), Some(high)) = (self.low, self.high) else {
            return self.outwards(before, here);
        };
        let width = high.0 - low.0;
        self.widths.push(width);
        // The criterion may have several minima, and then low may be above high: halving finds one all the same.
        if width.abs() < CLOSE {
            return None;
        }
        let (least, most) = (low.0.min(high.0), low.0.max(high.0));
        let inside = |x: &f64| *x > least + MARGIN * width.abs() && *x < most - MARGIN * width.abs();
        // Through the last two points, which converges fastest; else through the ends; else the middle.
        let is_slow = self.widths.len() > 3 && width.abs() > 0.3 * self.widths[self.widths.len() - 4].abs();
        let middle = 0.5 * (low.0 + high.0);
        let guess = before.map(|before| secant(before, here)).filter(|_| !is_slow);
        if guess.is_some_and(|x| (x - here.0).abs() < 0.2 * CLOSE) {
            return None;
        }
        let next = guess.filter(inside).or_else(|| Some(secant(low, high)).filter(|_| !is_slow).filter(inside));
        Some(next.unwrap_or(middle))
    }

    /// Where the hypergradient may have its other sign: somewhat further than the line through the last two points says.
    fn outwards(&mut self, before: Option<Place>, here: Place) -> Option<f64> {
        let sign = if here.1 > 0.0 { -1.0 } else { 1.0 };
        let foreseen = before.map(|before| sign * (secant(before, here) - here.0)).filter(|ahead| *ahead > 0.0);
        let length = foreseen.map_or(self.step, |ahead| (GROWTH * ahead).clamp(0.25 * STEP, self.step));
        self.step *= GROWTH;
        let next = (here.0 + sign * length).clamp(self.range.0, self.range.1);
        (next != here.0).then_some(next)
    }
}

/// Where the line through two places is 0.
fn secant(a: Place, b: Place) -> f64 {
    b.0 - b.1 * (b.0 - a.0) / (b.1 - a.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(slope: impl Fn(f64) -> f64, start: f64) -> (f64, usize) {
        let mut search =
            Search { low: None, high: None, latest: None, step: STEP, widths: Vec::new(), range: (-9.0, 0.0) };
        let (mut at, mut solves) = (start, 1);
        while let Some(next) = search.next((at, slope(at))) {
            at = next;
            solves += 1;
            assert!(solves < SOLVES, "no end");
        }
        (at, solves)
    }

    #[test]
    fn roots_are_found_in_few_steps_and_ends_are_ends() {
        for root in [-4.2, -1.0, -7.5] {
            let (at, solves) = find(|x| (x - root) * (0.2 + (x - root).exp().min(20.0)), -2.3);
            assert!((at - root).abs() < 2e-3 && solves <= 18, "{root}: {at} after {solves}");
        }
        assert_eq!(find(|_| -1.0, -2.3).0, 0.0);
        assert_eq!(find(|_| 1.0, -2.3).0, -9.0);
        // A jump has no root, but a place.
        let (at, _) = find(|x| if x > -3.3 { 2.0 } else { -1.0 }, -2.3);
        assert!((at + 3.3).abs() < 5e-3, "{at}");
    }
}
