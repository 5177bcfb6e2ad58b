//! Fits from solutions.

use super::search::Found;
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::linalg::SparseSymmetric;
use crate::model::{Estimate, Fit, FitBuilder, Input, JointFit, JointFitBuilder, Precision};
use crate::solver::graphical_lasso::Settings;
use crate::solver::latent::Part;
use crate::value::Value;

const SOLVER: &str = "proximal Newton";

/// The fit of one data set.
pub(super) fn one(
    mut builder: FitBuilder,
    input: &Input,
    found: &Found,
    settings: Settings,
    ctx: &Context,
) -> Result<Fit> {
    found.warnings.iter().for_each(|warning| builder.warn(warning.clone()));
    let part = &found.solution.parts[0];
    if part.rank() > 0 && input.p() > 2 && part.n_pairs() == 0 {
        builder.warn(
            "the graph has no edge, the low-rank part has taken everything: with a smaller lambda or a larger mu it may not",
        );
    }
    if !found.solution.converged {
        builder.warn(found.solution.why_not(settings));
    }
    of_part(builder.add("criteria", found.criteria.clone()), input, found, part, ctx)
}

/// The joint fit of several data sets.
pub(super) fn several(
    mut builder: JointFitBuilder,
    inputs: &[Input],
    found: &Found,
    settings: Settings,
    ctx: &Context,
) -> Result<JointFit> {
    let solution = &found.solution;
    let mut fits = Vec::with_capacity(inputs.len());
    // Whether it converged is told of all data sets together.
    let lenient = ctx.clone().with_strict(false);
    for (input, part) in inputs.iter().zip(&solution.parts) {
        let own = Fit::builder(super::RECORD.verb, input, Vec::new(), ctx).add("criteria", Value::Unit);
        fits.push(of_part(own, input, found, part, &lenient)?);
    }
    found.warnings.iter().for_each(|warning| builder.warn(warning.clone()));
    if !solution.converged {
        builder.warn(solution.why_not(settings));
    }
    let ranks: Vec<Value> = solution.parts.iter().map(|part| part.rank().into()).collect();
    builder
        .solver(solution.iterations, solution.converged)
        .add("mu", found.mu.into())
        .add("objective", solution.certificate.primal.into())
        .add("rank", Value::List(ranks))
        .add("criteria", found.criteria.clone())
        .finish(fits, ctx)
}

fn of_part(builder: FitBuilder, input: &Input, found: &Found, part: &Part, ctx: &Context) -> Result<Fit> {
    let solution = &found.solution;
    let names = input.names();
    let square = |values: ndarray::Array2<f64>| Value::from(Matrix::square(values, names));
    let loadings = Matrix::from(part.loadings.clone()).with_row_names(names.cloned())?;
    let _held = ctx.reserve_matrices(6, input.p(), input.p())?;
    let estimate = Estimate::Latent {
        precision: Precision::new(SparseSymmetric::from_dense(part.precision.view()), names),
        sparse: Precision::new(SparseSymmetric::from_dense(part.sparse.view()), names),
        rank: part.rank(),
    };
    builder
        .lambda(found.lambda.clone())
        .likelihood(part.likelihood)
        .certificate(solution.certificate)
        .solver(SOLVER, solution.iterations, solution.converged)
        .add("sparse_part", square(part.sparse.clone()))
        .add("low_rank", square(part.low_rank(ctx)?))
        .add("rank", part.rank().into())
        .add("eigenvalues", Vector::from(part.eigenvalues.clone()).into())
        .add("latent_loadings", loadings.into())
        .add("mu", found.mu.into())
        .add("objective", solution.certificate.primal.into())
        .finish(estimate, ctx)
}
