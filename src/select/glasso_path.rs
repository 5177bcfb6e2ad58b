//! The graphical lasso along a grid, each solve started from the one before.

use crate::context::Context;
use crate::error::Result;
use crate::model::Point;
use crate::problem::L1;
use crate::solver::Moments;
use crate::solver::graphical_lasso::{Settings, Solution, solve};

/// The solutions for descending penalties; `penalty(lambda)` makes the matrix of penalties.
///
/// # Errors
/// A problem without a minimum, cancellation, memory.
pub fn path_points(
    moments: Moments<'_>,
    lambdas: &[f64],
    penalty: impl Fn(f64) -> Result<L1>,
    settings: Settings,
    ctx: &Context,
) -> Result<Vec<Point>> {
    let mut points = Vec::with_capacity(lambdas.len());
    let mut warm: Option<(Solution, L1)> = None;
    for (done, &lambda) in lambdas.iter().enumerate() {
        ctx.progress("graphical lasso path", done, lambdas.len());
        let current = penalty(lambda)?;
        let solution = match warm.take() {
            Some((solution, old)) => solve(moments, &current, Some((solution, &old)), settings, ctx)?,
            None => solve(moments, &current, None, settings, ctx)?,
        };
        points.push(point(lambda, &solution, settings));
        warm = Some((solution, current));
    }
    ctx.progress("graphical lasso path", lambdas.len(), lambdas.len());
    Ok(points)
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
