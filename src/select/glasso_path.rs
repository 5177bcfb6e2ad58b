//! The graphical lasso along a grid, each solve started from the one before.

use ndarray::ArrayView2;

use crate::context::Context;
use crate::error::Result;
use crate::model::Point;
use crate::problem::L1;
use crate::solver::graphical_lasso::{Settings, Solution, solve};

/// The solutions for descending penalties; `penalty(lambda)` makes the matrix of penalties.
///
/// # Errors
/// A problem without a minimum, cancellation, memory.
pub fn path_points(
    s: ArrayView2<'_, f64>,
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
        let solution = solve(s, &current, warm.as_ref().map(|(solution, old)| (solution, old)), settings, ctx)?;
        points.push(point(lambda, s, &solution, settings));
        warm = Some((solution, current));
    }
    ctx.progress("graphical lasso path", lambdas.len(), lambdas.len());
    Ok(points)
}

fn point(lambda: f64, s: ArrayView2<'_, f64>, solution: &Solution, settings: Settings) -> Point {
    let p = s.nrows();
    let mut entries = Vec::new();
    for i in 0..p {
        for j in i..p {
            let value = solution.theta[(i, j)];
            if value != 0.0 {
                entries.push((i as u32, j as u32, value));
            }
        }
    }
    Point {
        lambda,
        entries,
        likelihood: solution.likelihood(s),
        certificate: solution.certificate,
        solver: solution.solver.into(),
        iterations: solution.iterations,
        converged: solution.converged,
        warning: (!solution.converged).then(|| solution.why_not(settings)),
        added: vec![("n_components".into(), solution.components.into())],
    }
}
