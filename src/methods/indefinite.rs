//! Fits of methods that estimate a symmetric matrix which need not be positive definite, and the choice of their penalty.

use crate::context::Context;
use crate::data::Names;
use crate::data::covariance::sparse_partial_correlations;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::linalg::SparseSymmetric;
use crate::model::{Estimate, Fit, FitBuilder, Input, Path, Point};
use crate::value::Value;

/// A precision matrix where `theta` is positive definite, a graph alone where it is not, which a warning says. `missed` is
/// why the solution did not converge.
///
/// # Errors
/// A diagonal that is not positive; limits of the context; not converged, where the context is strict.
pub(super) fn finish(
    mut builder: FitBuilder,
    input: &Input,
    theta: SparseSymmetric,
    missed: Option<String>,
    ctx: &Context,
) -> Result<Fit> {
    let names = input.names();
    if let Some(i) = theta.diagonal().iter().position(|value| value.is_nan() || *value <= 0.0) {
        return Err(Error::numerical(format!(
            "the estimate has no positive diagonal: entry {i} is {}",
            theta.diagonal()[i]
        ))
        .with_hint("another lambda, or more samples"));
    }
    let logdet = theta.logdet(ctx)?;
    if logdet.is_none() {
        builder.warn(
            "the estimate is not positive definite: the fit is a graph alone, without a precision matrix; a larger lambda helps",
        );
    }
    // Why it did not converge stands last, where a strict context looks for it.
    missed.into_iter().for_each(|why| builder.warn(why));
    match logdet {
        Some(logdet) => {
            let likelihood = logdet - theta.inner(input.s(ctx)?);
            builder.likelihood(likelihood).finish(Estimate::precision(theta, names), ctx)
        }
        None => builder.finish(Estimate::Graph(graph(&theta, names)?), ctx),
    }
}

/// The graph of -theta_ij / sqrt(theta_ii theta_jj), beyond 1 or not.
fn graph(theta: &SparseSymmetric, names: Option<&Names>) -> Result<Graph> {
    let edges = sparse_partial_correlations(theta).map(|(i, j, weight)| Edge::new(i, j, weight)).collect();
    Graph::new(theta.p(), names.cloned(), false, edges)
}

/// The beginning of the fit that a rule chose along a path, and its solution there.
///
/// # Errors
/// Never for a choice on the path.
pub(super) fn of_choice<'p>(path: &'p Path, chosen: &Fit, ctx: &Context) -> Result<(FitBuilder, &'p Point)> {
    let lambda = chosen.lambda().and_then(Value::as_number);
    let point = path.points().iter().find(|point| Some(point.lambda) == lambda);
    let point = point.ok_or_else(|| Error::internal("the chosen penalty is not on the grid"))?;
    let mut builder = Fit::builder(path.verb(), path.input(), chosen.options().to_vec(), ctx)
        .lambda(Value::Float(point.lambda))
        .certificate(point.certificate)
        .solver(point.solver.clone(), point.iterations, point.converged)
        .seconds(chosen.seconds());
    if let Some(selection) = chosen.selection() {
        builder = builder.selection(selection.clone());
    }
    // Those of input and penalty come again; why a solution did not converge is the point's.
    let of_path = path.warnings();
    let is_new = |warning: &&String| !of_path.contains(warning) && point.warning.as_ref() != Some(*warning);
    chosen.warnings().iter().filter(is_new).for_each(|warning| builder.warn(warning.clone()));
    Ok((builder, point))
}
