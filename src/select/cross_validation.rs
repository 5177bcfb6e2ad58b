//! Cross-validation along a path: which penalty predicts samples that it has not seen.

use ndarray::Array2;

use super::rule::{Choice, smallest};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Path, Point};
use crate::{parallel, rng};

/// The penalty of the smallest mean of -log det Theta + tr(S_k Theta) over folds k, where S_k is the second moment of
/// the held-out rows about the mean of the others, and Theta is fitted to these. Where S is a correlation, S_k is the
/// held-out rows' own of that kind. Folds are drawn at random.
pub(super) fn choose(path: &Path, x: &Matrix, folds: usize, one_se: bool, ctx: &Context) -> Result<Choice> {
    let n = x.rows();
    if folds > n {
        return Err(Error::option(format!("{folds} folds of {n} samples: every fold needs one")));
    }
    let order = rng::permutation(&mut rng::stream(ctx.seed(), "cross_validation", 0), n);
    let members: Vec<Vec<usize>> =
        (0..folds).map(|fold| order[fold * n / folds..(fold + 1) * n / folds].to_vec()).collect();
    let lambdas: Vec<f64> = path.points().iter().map(|point| point.lambda).collect();
    let inner = ctx.clone().with_threads((ctx.threads() / folds).max(1)).with_progress(None);
    let losses = parallel::map(&members, ctx, |fold, held_out| {
        ctx.progress("cross-validation", fold, folds);
        losses(path, x, held_out, &lambdas, &inner)
    })?;
    let unconverged = losses.iter().map(|(_, unconverged)| unconverged).sum();
    let losses: Vec<Vec<f64>> = losses.into_iter().map(|(losses, _)| losses).collect();
    let mean = |l: usize| losses.iter().map(|fold| fold[l]).sum::<f64>() / folds as f64;
    let error = |l: usize| {
        let squares: f64 = losses.iter().map(|fold| (fold[l] - mean(l)).powi(2)).sum();
        (squares / (folds as f64 - 1.0) / folds as f64).sqrt()
    };
    let mut choice = smallest((0..lambdas.len()).map(mean).collect());
    let errors: Vec<f64> = (0..lambdas.len()).map(error).collect();
    if one_se {
        let limit = choice.values[choice.position] + errors[choice.position];
        // The values are in order of descending penalty.
        choice.position = choice.values.iter().position(|&value| value <= limit).unwrap_or(choice.position);
    }
    choice.errors = Some(errors);
    choice.unconverged = unconverged;
    Ok(choice)
}

/// The loss of every penalty on the rows that are held out, and how many solutions did not converge.
fn losses(path: &Path, x: &Matrix, held_out: &[usize], lambdas: &[f64], ctx: &Context) -> Result<(Vec<f64>, usize)> {
    let all: Vec<usize> = (0..x.cols()).collect();
    let is_out: std::collections::HashSet<usize> = held_out.iter().copied().collect();
    let rest: Vec<usize> = (0..x.rows()).filter(|row| !is_out.contains(row)).collect();
    let train = x.pick(&rest, &all);
    let _held = ctx.reserve_matrices(2, x.cols(), x.cols())?;
    let input = path.input().of_rows(&train, ctx).map_err(|error| error.at("a fold of cross-validation"))?;
    let s = input.s_of_others(&x.pick(held_out, &all), ctx).map_err(too_few)?;
    let points = path.solve(&input, lambdas, ctx)?;
    let unconverged = points.iter().filter(|point| !point.converged).count();
    Ok((points.iter().map(|point| loss(point, &s)).collect(), unconverged))
}

/// Rows that are held out must show what S is made of: few of them have no ranks to compare, or a constant column.
fn too_few(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Data => error.at("the rows that a fold holds out").with_hint("fewer folds hold out more rows"),
        _ => error,
    }
}

/// -log det Theta + tr(S Theta).
fn loss(point: &Point, s: &Array2<f64>) -> f64 {
    let trace = point.precision.inner(s.view());
    trace - point.certificate.logdet
}
