//! What the published program does with data: columns from 0 to 1, its folds, its scores.

use ndarray::Array2;

use super::run::Counter;
use super::{Scaling, Uglad};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg;
use crate::methods::unrolled::learning::{Keep, Learned, learn};
use crate::methods::unrolled::prepared::{Prepared, called, equal_columns, moments_about};
use crate::methods::unrolled::units::Units;
use crate::model::{Fit, FitBuilder, Input};
use crate::nn::{Direction, Pass, Problem};

/// Where the smallest eigenvalue of a covariance is at most this, it is lifted to [`LIFTED`].
const SMALLEST: f64 = 1e-6;
const LIFTED: f64 = 0.1;
const FOLDS: usize = 3;

/// A data set in the units of the published program. Means take the place of missing values; columns that are constant or
/// repeat another are left out of the model, but not of the result.
pub(super) fn prepared(method: &Uglad, x: &Matrix, ctx: &Context) -> Result<Prepared> {
    let (scaled, columns, warnings) = scaled(method, &x.complete_by_means(ctx)?)?;
    let sigma = covariance(&scaled, &(0..scaled.rows()).collect::<Vec<_>>(), ctx)?;
    let units = Units::plain(columns.len());
    Ok(Prepared::plain(columns, sigma, units, warnings))
}

/// The rows that are not all 0, of the columns that the model takes, scaled.
fn scaled(method: &Uglad, x: &Matrix) -> Result<(Matrix, Vec<usize>, Vec<String>)> {
    let rows: Vec<usize> = (0..x.rows()).filter(|&row| x.row_slice(row).iter().any(|&value| value != 0.0)).collect();
    let varies = |column: usize| rows.iter().any(|&row| x.view()[(row, column)] != x.view()[(rows[0], column)]);
    let varying: Vec<usize> = (0..x.cols()).filter(|&column| !rows.is_empty() && varies(column)).collect();
    let mut x = x.pick(&rows, &(0..x.cols()).collect::<Vec<_>>());
    if method.scaling != Some(Scaling::None) {
        x = min_max(&x, &varying);
    }
    let repeated = equal_columns(&x, &varying);
    let warnings = repeated.iter().map(|&(first, second)| {
        let [first, second] = [first, second].map(|column| called(x.names(), column));
        format!("columns {first} and {second} are equal once scaled: the published program leaves {second} out")
    });
    let warnings = warnings.collect();
    let columns: Vec<usize> =
        varying.into_iter().filter(|column| repeated.iter().all(|(_, second)| second != column)).collect();
    if columns.is_empty() {
        return Err(Error::data("every column is constant: there is nothing to learn from"));
    }
    let rows: Vec<usize> = (0..x.rows()).collect();
    Ok((x.pick(&rows, &columns), columns, warnings))
}

/// These columns from 0 to 1.
fn min_max(x: &Matrix, columns: &[usize]) -> Matrix {
    let mut bounds = vec![(0.0, 1.0); x.cols()];
    for &column in columns {
        let values = x.view();
        let values = values.column(column);
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        bounds[column] = (low, values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low);
    }
    let scaled = Matrix::from_fn(x.rows(), x.cols(), |i, j| (x.view()[(i, j)] - bounds[j].0) / bounds[j].1);
    scaled.with_names(x.names().cloned()).unwrap_or_else(|_| x.clone())
}

/// The covariance of some rows, lifted where it is singular.
fn covariance(x: &Matrix, rows: &[usize], ctx: &Context) -> Result<Array2<f64>> {
    let x = x.pick(rows, &(0..x.cols()).collect::<Vec<_>>());
    let mut s = moments_about(&x, &x.column_means(), ctx)?;
    let smallest = linalg::min_eigenvalue(s.view(), ctx)?;
    if smallest <= SMALLEST {
        s.diag_mut().iter_mut().for_each(|value| *value += LIFTED - smallest);
    }
    Ok(s)
}

/// The first and last row of contiguous parts of about equal size, the larger ones first.
fn part(fold: usize, folds: usize, n: usize) -> std::ops::Range<usize> {
    let (size, larger) = (n / folds, n % folds);
    let start = fold * size + fold.min(larger);
    start..start + size + usize::from(fold < larger)
}

fn rows_outside(fold: usize, folds: usize, n: usize) -> Vec<usize> {
    let out = part(fold, folds, n);
    (0..n).filter(|row| !out.contains(row)).collect()
}

/// The covariances of all rows but one part, for every part, and that of all rows.
pub(super) fn parts(
    method: &Uglad,
    x: &Matrix,
    folds: usize,
    ctx: &Context,
) -> Result<(Vec<Array2<f64>>, Array2<f64>)> {
    let (x, ..) = scaled(method, x)?;
    let tasks = (0..folds).map(|fold| covariance(&x, &rows_outside(fold, folds, x.rows()), ctx));
    Ok((tasks.collect::<Result<_>>()?, covariance(&x, &(0..x.rows()).collect::<Vec<_>>(), ctx)?))
}

/// Every fold learns a model of its own, scored by the loss of running it on the covariance of the rows held out; the
/// model of the best fold is run on all rows. The parameters are those behind the best epoch, as in the program.
pub(super) fn cv(
    method: &Uglad,
    builder: FitBuilder,
    input: &Input,
    prepared: &Prepared,
    ctx: &Context,
) -> Result<Fit> {
    let (x, ..) = scaled(method, input.matrix())?;
    let (n, folds) = (x.rows(), method.folds.unwrap_or(FOLDS));
    if folds > n {
        return Err(Error::option(format!("{folds} folds of {n} samples")).with_hint("fewer folds"));
    }
    let counter = Counter::new(folds.saturating_mul(method.epochs), ctx);
    let mut best: Option<(f64, Learned)> = None;
    for fold in 0..folds {
        let problem = |s: Array2<f64>| Problem { s: vec![s], mask: None, objective: method.objective(None) };
        let train = problem(covariance(&x, &rows_outside(fold, folds, n), ctx)?);
        let test = problem(covariance(&x, &part(fold, folds, n).collect::<Vec<_>>(), ctx)?);
        let [train, test] = [train, test].map(|problem| method.model.evaluator(&problem, ctx));
        let (train, test) = (train?, test?);
        let score = |parameters: &[f64], _: &Pass| match test.pass(parameters, Direction::Forward, ctx) {
            Err(error) if error.kind().is_stop() => Err(error),
            Ok(pass) if pass.loss.is_finite() => Ok(pass.loss),
            _ => Ok(f64::INFINITY),
        };
        let learning = method.learning(method.epochs, Keep::BehindBest);
        let initial = method.initial(fold, ctx)?;
        let learned = learn(&method.model, &train, initial, learning, Some(&score), &|_| counter.step(), ctx)?;
        let score = learned.scores.iter().copied().fold(f64::INFINITY, f64::min);
        if best.as_ref().is_none_or(|(least, _)| score < *least) {
            best = Some((score, learned));
        }
    }
    let Some((_, mut learned)) = best else { return Err(Error::internal("no fold")) };
    let whole = Problem { s: vec![prepared.s()], mask: None, objective: method.objective(None) };
    learned.pass = method.model.evaluator(&whole, ctx)?.pass(&learned.parameters, Direction::Forward, ctx)?;
    let builder = builder.add("score_history", crate::data::Vector::from(learned.scores.clone()).into());
    method.finish(builder, input, prepared, &[learned], ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_contiguous_and_the_first_ones_larger() {
        let parts: Vec<_> = (0..3).map(|fold| part(fold, 3, 11)).collect();
        assert_eq!(parts, [0..4, 4..8, 8..11]);
        assert_eq!(rows_outside(1, 3, 11), [0, 1, 2, 3, 8, 9, 10]);
    }
}
