//! The graphical lasso along a grid, each solve started from the one before.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Point;
use crate::parallel;
use crate::problem::L1;
use crate::solver::Moments;
use crate::solver::graphical_lasso::{Settings, Solution, solve};

/// Problems of fewer variables are solved before a second thread is worth its start.
const VARIABLES: usize = 100;
/// The part of the grid, at its dense end, that takes about as long as the rest of it.
const DENSE_SHARE: f64 = 1.0 / 3.0;

/// The solutions for descending penalties; `penalty(lambda)` makes the matrix of penalties.
///
/// Long grids are cut in two segments, each of which starts cold, so that two threads can share them. Where they are
/// cut depends on the problem alone: the answer is the same on any number of threads.
///
/// # Errors
/// A problem without a minimum, cancellation, memory.
pub fn path_points(
    moments: Moments<'_>,
    lambdas: &[f64],
    penalty: impl Fn(f64) -> Result<L1> + Sync,
    settings: Settings,
    ctx: &Context,
) -> Result<Vec<Point>> {
    let segments = segments(lambdas, moments.p());
    let done = AtomicUsize::new(0);
    let solved = parallel::map(&segments, ctx, |index, segment| {
        let inner = parallel::within(ctx, segments.len(), index);
        let mut points = Vec::with_capacity(segment.len());
        let mut warm: Option<(Solution, L1)> = None;
        for &lambda in *segment {
            ctx.progress("graphical lasso path", done.load(Ordering::Relaxed), lambdas.len());
            let current = penalty(lambda)?;
            let solution = match warm.take() {
                Some((solution, old)) => solve(moments, &current, Some((solution, &old)), settings, &inner)?,
                None => solve(moments, &current, None, settings, &inner)?,
            };
            points.push(point(lambda, &solution, settings));
            warm = Some((solution, current));
            done.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<_, Error>(points)
    })?;
    ctx.progress("graphical lasso path", lambdas.len(), lambdas.len());
    Ok(solved.into_iter().flatten().collect())
}

/// The parts of a grid for p variables that are solved one beside the other.
fn segments(lambdas: &[f64], p: usize) -> Vec<&[f64]> {
    let dense = (lambdas.len() as f64 * DENSE_SHARE).floor() as usize;
    // One penalty alone gains less than its cold start costs.
    let dense = if p < VARIABLES || dense < 2 { 0 } else { dense };
    let (sparse, dense) = lambdas.split_at(lambdas.len() - dense);
    [sparse, dense].into_iter().filter(|segment| !segment.is_empty()).collect()
}

fn point(lambda: f64, solution: &Solution, settings: Settings) -> Point {
    Point {
        lambda,
        precision: solution.theta.clone(),
        likelihood: solution.likelihood,
        certificate: solution.certificate,
        solver: solution.solver.into(),
        iterations: solution.iterations,
        converged: solution.converged,
        warning: (!solution.converged).then(|| solution.why_not(settings)),
        added: vec![("n_components".into(), solution.components.len().into())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_cover_the_grid_in_order() {
        let lambdas: Vec<f64> = (0..30).map(|k| 1.0 / f64::from(k + 1)).collect();
        assert_eq!(segments(&lambdas, VARIABLES), [&lambdas[..20], &lambdas[20..]]);
        assert_eq!(segments(&lambdas, VARIABLES - 1), [&lambdas[..]]);
        assert_eq!(segments(&lambdas[..5], VARIABLES), [&lambdas[..5]]);
        assert!(segments(&[], VARIABLES).is_empty());
    }
}
