//! How strong the penalty on the low-rank part must be.

use ndarray::{Array2, ArrayView2};

use super::{Set, Solution, solve};
use crate::context::Context;
use crate::data::number;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, min_eigenvalue};
use crate::problem::JointPenalty;
use crate::solver::Moments;
use crate::solver::graphical_lasso::{self, Settings};

/// While mu is searched for, problems are solved to this tolerance.
const ROUGH: f64 = 1e-7;
/// Of the largest mu, the smallest that is tried for a rank.
const LEAST: f64 = 1e-4;
/// How closely mu is found: the ratio of one that gives the rank and one that gives less.
const CLOSE: f64 = 1.01;
/// Where a rank is skipped at that distance, mu is looked at this closely.
const CLOSEST: f64 = 1.000_01;

/// The smallest mu that leaves no low-rank part: the largest eigenvalue of S - W, where W is the covariance of the
/// graphical lasso. 0 or less where there is never one.
///
/// # Errors
/// As [`graphical_lasso::solve`].
pub fn largest_mu(s: ArrayView2<'_, f64>, penalty: &JointPenalty, settings: Settings, ctx: &Context) -> Result<f64> {
    let found = graphical_lasso::solve(Moments::Whole(s), penalty.lambda(), None, settings, ctx)?;
    let _held = ctx.reserve_matrices(3, s.nrows(), s.nrows())?;
    let factor = Cholesky::checked(found.theta.to_dense().view(), ctx)?
        .ok_or_else(|| Error::internal("a graphical lasso is not positive definite"))?;
    let excess: Array2<f64> = factor.inverse_checked(ctx)? - s;
    Ok(-min_eigenvalue(excess.view(), ctx)?)
}

/// The largest mu, to a percent, whose low-rank part has this rank.
///
/// # Errors
/// A rank that no mu gives; those of [`solve`].
pub fn mu_of_rank(
    s: ArrayView2<'_, f64>,
    penalty: &JointPenalty,
    rank: usize,
    settings: Settings,
    ctx: &Context,
) -> Result<f64> {
    let rough = Settings { tol: settings.tol.max(ROUGH), ..settings };
    let largest = largest_mu(s, penalty, rough, ctx)?;
    let at =
        |mu: f64, start: Option<Vec<Array2<f64>>>| solve(&[Set { s, weight: 1.0, mu }], penalty, start, rough, ctx);
    let rank_of = |found: &Solution| found.parts.first().map_or(0, super::Part::rank);
    if rank == 0 {
        // A little more than the smallest without one, of which rounding could make one.
        return Ok(if largest > 0.0 { CLOSE * largest } else { s.diag().sum() / s.nrows() as f64 });
    }
    // Of the bounds, the upper one gives less than the rank, the lower one at least as much.
    let (mut upper, mut lower) = (largest, largest);
    let mut most = 0;
    let mut reached = None;
    while reached.is_none() {
        lower *= 0.5;
        if largest <= 0.0 || lower < LEAST * largest {
            return Err(infeasible(rank, most));
        }
        let found = at(lower, None)?;
        let own = rank_of(&found);
        most = most.max(own);
        if own >= rank {
            reached = Some((own, found));
        } else {
            upper = lower;
        }
    }
    let mut best = reached.ok_or_else(|| infeasible(rank, most))?;
    let is_close = |ratio: f64, own: usize| ratio <= if own == rank { CLOSE } else { CLOSEST };
    while !is_close(upper / lower, best.0) {
        ctx.check()?;
        let mu = (upper * lower).sqrt();
        let start = best.1.parts.iter().map(|part| part.sparse.clone()).collect();
        let found = at(mu, Some(start))?;
        let own = rank_of(&found);
        if own >= rank {
            (lower, best) = (mu, (own, found));
        } else {
            upper = mu;
        }
    }
    if best.0 != rank {
        let message =
            format!("no mu gives a low-rank part of rank {rank} at this lambda: at {} its rank", number(lower));
        return Err(Error::option(format!("{message} goes to {}", best.0)).with_hint("another rank, or mu as a number"));
    }
    Ok(lower)
}

fn infeasible(rank: usize, most: usize) -> Error {
    Error::option(format!(
        "no mu gives a low-rank part of rank {rank} at this lambda: the largest rank found is {most}"
    ))
    .with_hint("a smaller rank, or a larger lambda, which leaves more to the low-rank part")
}
