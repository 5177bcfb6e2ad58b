//! Samples of a Gaussian graphical model.

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal};

use crate::context::Context;
use crate::data::Matrix;
use crate::data::covariance::{check_covariance, variable_names};
use crate::error::{Error, Result};
use crate::linalg::Cholesky;
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::rng;

/// The record.
pub static RECORD: Record = Record {
    verb: "sample_gaussian",
    constructor: None,
    area: Area::Simulate,
    summary: "Samples of N(0, theta^-1)",
    details: "theta is a p x p precision matrix; the result is n x p, samples in rows, with theta's names.",
    params: &[
        Param { name: "theta", help: "precision matrix, p x p, positive definite" },
        Param { name: "n", help: "number of samples" },
    ],
    options: &[],
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "",
    example: "let theta = random_graph(\"band\", #{ nodes: 4 }).precision();\nprint(sample_gaussian(theta, 3, #{ seed: 1 }));",
    run: Run::Value(|args, _, ctx| {
        let theta = args.object::<Matrix>(0, "theta", "a Matrix")?;
        sample_gaussian(theta, args.count(1, "n", 1)?, ctx).map(Into::into)
    }),
};

/// n samples of N(0, theta^-1), n x p; the seed is the context's.
///
/// # Errors
/// A matrix that is not symmetric and positive definite; memory.
pub fn sample_gaussian(theta: &Matrix, n: usize, ctx: &Context) -> Result<Matrix> {
    check_covariance(theta).map_err(|error| error.at("sample_gaussian: theta as a precision matrix"))?;
    let p = theta.rows();
    let _held = ctx.reserve_matrices(1, n, p)?;
    let cholesky = Cholesky::checked(theta.view(), ctx)?
        .ok_or_else(|| Error::numerical("sample_gaussian: the precision matrix is not positive definite"))?;
    let mut rng = rng::stream(ctx.seed(), "sample_gaussian", 0);
    let mut values = Array2::<f64>::zeros((n, p));
    for mut row in values.rows_mut() {
        ctx.check()?;
        row.iter_mut().for_each(|value| *value = StandardNormal.sample(&mut rng));
    }
    cholesky.whiten_inverse_rows(&mut values, ctx)?;
    Matrix::from(values).with_names(variable_names(theta))
}
