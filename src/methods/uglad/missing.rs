//! Data with missing values.

use ndarray::Array2;

use super::run::Counter;
use super::{Strategy, Uglad, published};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::methods::unrolled::estimate::{Estimated, add_histories, assemble};
use crate::methods::unrolled::learning::Keep;
use crate::methods::unrolled::prepared::Prepared;
use crate::model::{Fit, FitBuilder, Input, Missing, SecondMoment};
use crate::nn::{Pass, Problem};
use crate::rng;

const FOLDS: usize = 3;

/// Fits data with missing values.
pub(super) fn fit(method: &Uglad, input: &Input, ctx: &Context) -> Result<Fit> {
    let kind = if method.strategy == Strategy::Em { Missing::Em } else { Missing::Mean };
    let moment = SecondMoment { missing: kind, ..SecondMoment::default() };
    let complete = Input::with_constants(input.matrix(), moment, ctx)?;
    let builder = Fit::builder("uglad", &complete, method.recorded(), ctx);
    let prepared = method.prepared(&complete, ctx)?;
    match method.strategy {
        Strategy::Em | Strategy::Mean => method.direct(builder, &complete, &prepared, ctx),
        Strategy::Consensus => consensus(method, builder, &complete, &prepared, ctx),
    }
}

/// One model for parts of the rows, whose results have to agree (section 5.1).
fn consensus(method: &Uglad, builder: FitBuilder, input: &Input, prepared: &Prepared, ctx: &Context) -> Result<Fit> {
    let x = input.matrix();
    let folds = method.folds.unwrap_or(FOLDS);
    if folds > x.rows() || x.rows() < 3 {
        return Err(Error::option(format!("{folds} folds of {} samples", x.rows())).with_hint("fewer folds"));
    }
    let filled = x.complete_by_means(ctx)?;
    let (tasks, whole) = if method.model.is_published() {
        published::parts(method, &filled, folds, ctx)?
    } else {
        let parts = stratified(x, folds, ctx);
        // Rows without any value say nothing, and are not among the completed ones.
        let kept = x.rows_with_values();
        let tasks = (0..folds).map(|fold| {
            let rows: Vec<usize> = (0..filled.rows()).filter(|&row| parts[kept[row]] != fold).collect();
            prepared.shrunk_s(&prepared.part(&filled, &rows), ctx)
        });
        (tasks.collect::<Result<Vec<_>>>()?, prepared.s())
    };
    let problem = Problem { s: tasks, mask: None, objective: method.objective(Some(vec![whole])) };
    let evaluator = method.model.evaluator(&problem, ctx)?;
    let keep = if method.model.is_published() { Keep::Last } else { Keep::Best };
    let counter = Counter::new(method.ensemble.saturating_mul(method.epochs), ctx);
    let learned = method.learn_all(&evaluator, method.learning(method.epochs, keep), None, &counter, ctx)?;
    let count = (learned.len() * folds) as f64;
    let all = |part: fn(&Pass) -> &Vec<Array2<f64>>| -> Vec<&Array2<f64>> {
        learned.iter().flat_map(|learned| part(&learned.pass)).collect()
    };
    let thetas = all(|pass| &pass.theta);
    let theta = thetas.iter().skip(1).fold(thetas[0].clone(), |sum, theta| sum + *theta) / count;
    let z = consensus_of(&all(|pass| &pass.z));
    let builder = add_histories(builder, &method.model, prepared, &learned)?;
    let estimated = Estimated { theta, z, mask: None };
    assemble(builder, method.model.is_published(), input, prepared, estimated, ctx)
}

/// The smallest size of every entry, with the sign that most have: what several Z agree on (section 5.1). Entries whose
/// signs are in balance are positive.
pub fn consensus_of(matrices: &[&Array2<f64>]) -> Array2<f64> {
    Array2::from_shape_fn(matrices[0].dim(), |place| {
        let size = matrices.iter().fold(f64::INFINITY, |least, matrix| least.min(matrix[place].abs()));
        let signs: f64 = matrices.iter().map(|matrix| sign(matrix[place])).sum();
        if signs >= 0.0 { size } else { -size }
    })
}

/// 0 for 0.
fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

/// The part of every row: rows with about as many missing values are dealt out to all parts.
fn stratified(x: &Matrix, folds: usize, ctx: &Context) -> Vec<usize> {
    let missing = |row: usize| x.row_slice(row).iter().filter(|value| value.is_nan()).count();
    let mut order = rng::permutation(&mut rng::stream(ctx.seed(), "uglad folds", 1), x.rows());
    order.sort_by_key(|&row| missing(row));
    let mut parts = vec![0; x.rows()];
    order.into_iter().enumerate().for_each(|(position, row)| parts[row] = position % folds);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_takes_the_smallest_size_and_the_sign_of_most() {
        let matrices = [[1.0, -2.0, 0.0], [3.0, 1.0, 2.0], [-2.0, -4.0, 1.0]];
        let matrices = matrices.map(|row| Array2::from_shape_vec((1, 3), row.to_vec()).unwrap());
        assert_eq!(consensus_of(&matrices.iter().collect::<Vec<_>>()).into_raw_vec_and_offset().0, [1.0, -1.0, 0.0]);
    }

    #[test]
    fn parts_have_as_many_rows_with_gaps() {
        let x = Matrix::from_fn(30, 4, |i, j| if j < i % 3 { f64::NAN } else { i as f64 });
        let parts = stratified(&x, 5, &Context::new().with_seed(3));
        for part in 0..5 {
            for gaps in 0..3 {
                let count = (0..30).filter(|&row| parts[row] == part && row % 3 == gaps).count();
                assert_eq!(count, 2, "{part} {gaps}");
            }
        }
    }
}
