//! Cross-validation along a path: which penalty predicts samples that it has not seen.

use ndarray::Array2;

use super::moments::{HeldOut, Moments, Split};
use super::resamples::{Resampled, attempt, unless_flawed, usable};
use super::rule::{Choice, smallest};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Input, Path, Point};
use crate::{parallel, rng};

/// The penalty of the smallest mean of -log det Theta + tr(S_k Theta) over folds k, where S_k is the second moment of
/// the held-out rows about the mean of the others, and Theta is fitted to these. Where S is a correlation, S_k is the
/// held-out rows' own of that kind. Folds are drawn at random.
pub(super) fn choose(path: &Path, x: &Matrix, folds: usize, one_se: bool, ctx: &Context) -> Result<Choice> {
    let n = x.rows();
    if !(2..=n).contains(&folds) {
        return Err(Error::option(format!("{folds} folds of {n} samples: two folds at least, and one sample in each")));
    }
    if n - n.div_ceil(folds) < 2 {
        return Err(Error::data(format!("{folds} folds of {n} samples leave one sample to fit"))
            .with_hint("more samples, or another rule"));
    }
    let order = rng::permutation(&mut rng::stream(ctx.seed(), "cross_validation", 0), n);
    let members: Vec<Vec<usize>> =
        (0..folds).map(|fold| order[fold * n / folds..(fold + 1) * n / folds].to_vec()).collect();
    let lambdas: Vec<f64> = path.points().iter().map(|point| point.lambda).collect();
    // Other kinds of S have to be computed from the rows of each fold.
    let moments = path.input().is_plain_data().then(|| Moments::new(x, ctx)).transpose()?;
    let results = parallel::map(&members, ctx, |fold, held_out| {
        ctx.progress("cross-validation", fold, folds);
        let inner = parallel::within(ctx, folds, fold).with_progress(None);
        losses(path, x, moments.as_ref(), held_out, &lambdas, &inner)
    })?;
    ctx.progress("cross-validation", folds, folds);
    let (losses, warning) = usable(results, x, "folds of cross-validation")?;
    let mut choice = smallest((0..lambdas.len()).map(|l| mean(&losses, l)).collect());
    let errors: Vec<f64> = (0..lambdas.len()).map(|l| standard_error(&losses, l)).collect();
    if one_se {
        let limit = choice.values[choice.position] + errors[choice.position];
        // The values are in order of descending penalty.
        choice.position = choice.values.iter().position(|&value| value <= limit).unwrap_or(choice.position);
    }
    choice.errors = Some(errors);
    choice.unconverged = losses.iter().map(|fold| fold.unconverged).sum();
    choice.warning = warning;
    Ok(choice)
}

/// What one fold gives.
struct Losses {
    /// The loss of every penalty on the rows that are held out.
    values: Vec<f64>,
    /// How many solutions did not converge.
    unconverged: usize,
}

fn mean(losses: &[Losses], l: usize) -> f64 {
    losses.iter().map(|fold| fold.values[l]).sum::<f64>() / losses.len() as f64
}

fn standard_error(losses: &[Losses], l: usize) -> f64 {
    let (folds, mean) = (losses.len() as f64, mean(losses, l));
    let squares: f64 = losses.iter().map(|fold| (fold.values[l] - mean).powi(2)).sum();
    (squares / (folds - 1.0) / folds).sqrt()
}

fn losses(
    path: &Path,
    x: &Matrix,
    moments: Option<&Moments<'_>>,
    held_out: &[usize],
    lambdas: &[f64],
    ctx: &Context,
) -> Result<Resampled<Losses>> {
    let mut stays = vec![true; x.rows()];
    held_out.iter().for_each(|&row| stays[row] = false);
    let rest: Vec<usize> = (0..x.rows()).filter(|&row| stays[row]).collect();
    let trained = attempt(x, &rest, ctx, || match moments {
        Some(moments) => {
            let p = x.cols();
            // The moments of both parts; the rows that are held out and their transpose.
            let _held = ctx.reserve_matrices(1, p, 3 * p + 2 * held_out.len())?;
            let Split { rest: s, held_out } = moments.split(&rest, held_out, ctx)?;
            Ok((Input::of_moments(s, x.names(), rest.len()), Some(held_out)))
        }
        None => Ok((training(path, x, &rest, ctx).map_err(|error| error.at("a fold of cross-validation"))?, None)),
    })?;
    let (input, split) = match trained {
        Resampled::Usable(trained) => trained,
        Resampled::Flawed(flaw) => return Ok(Resampled::Flawed(flaw)),
    };
    let held_out = match split {
        Some(split) => HeldOutMoments::Split(split),
        None => {
            let others = x.pick(held_out, &(0..x.cols()).collect::<Vec<_>>());
            match unless_flawed(input.s_of_others(&others, ctx).map_err(too_few), x, held_out, ctx)? {
                Resampled::Usable(s) => HeldOutMoments::Whole(s),
                Resampled::Flawed(flaw) => return Ok(Resampled::Flawed(flaw)),
            }
        }
    };
    // Theta is in units of the standard deviations of the rows that it was fitted to, where S is their correlation.
    let is_correlation = path.convention().uses_correlation();
    let variances = input.s(ctx)?.diag().to_vec();
    let units: Vec<f64> = variances.iter().map(|variance| if is_correlation { variance.sqrt() } else { 1.0 }).collect();
    let points = path.solve(&input, lambdas, ctx)?;
    Ok(Resampled::Usable(Losses {
        values: points.iter().map(|point| loss(point, &held_out, &units)).collect(),
        unconverged: points.iter().filter(|point| !point.converged).count(),
    }))
}

/// The input of the rows that stay, with its S.
fn training(path: &Path, x: &Matrix, rows: &[usize], ctx: &Context) -> Result<Input> {
    let input = path.input().of_rows(&x.pick(rows, &(0..x.cols()).collect::<Vec<_>>()), ctx)?;
    input.s(ctx)?;
    Ok(input)
}

/// Second moments of the rows that a fold holds out.
enum HeldOutMoments {
    /// From those of all rows.
    Split(HeldOut),
    /// S of a kind that has to be computed from the rows.
    Whole(Array2<f64>),
}

impl HeldOutMoments {
    fn at(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::Split(moments) => moments.at(i, j),
            Self::Whole(s) => s[(i, j)],
        }
    }
}

/// Rows that are held out must show what S is made of: few of them have no ranks to compare, or a constant column.
fn too_few(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Data => error.at("the rows that a fold holds out").with_hint("fewer folds hold out more rows"),
        _ => error,
    }
}

/// -log det Theta + tr(S Theta), where only the entries of S where Theta is not 0 matter.
fn loss(point: &Point, held_out: &HeldOutMoments, units: &[f64]) -> f64 {
    let term = |i: usize, j: usize, value: f64| value * held_out.at(i, j) / (units[i] * units[j]);
    let theta = &point.precision;
    let diagonal: f64 = theta.diagonal().iter().enumerate().map(|(i, &value)| term(i, i, value)).sum();
    let trace = diagonal + 2.0 * theta.pairs().map(|(i, j, value)| term(i, j, value)).sum::<f64>();
    trace - point.certificate.logdet
}
