//! From what a model learned to a fit.

use ndarray::Array2;

use super::learning::Learned;
use super::model::{Model, named};
use super::prepared::{Prepared, among_all};
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::graph::{Edge, Graph};
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::model::{Estimate, Fit, FitBuilder, Input};

/// The mean of a part of what every initialisation learned.
pub fn mean<'a>(learned: &'a [Learned], part: impl Fn(&'a Learned) -> &'a Array2<f64>) -> Array2<f64> {
    let sum = learned.iter().skip(1).fold(part(&learned[0]).clone(), |sum, learned| sum + part(learned));
    sum / learned.len() as f64
}

/// Adds what is known of the learning.
///
/// # Errors
/// More hidden units than there may be.
pub fn add_histories(
    mut builder: FitBuilder,
    model: &Model,
    prepared: &Prepared,
    learned: &[Learned],
) -> Result<FitBuilder> {
    let (epochs, layout) = (learned.iter().map(|l| l.losses.len()).max().unwrap_or(0), model.layout()?);
    let losses = Matrix::from_fn(epochs, learned.len(), |i, j| {
        learned[j].losses.get(i).or(learned[j].losses.last()).copied().unwrap_or(0.0)
    });
    for warning in prepared.warnings.iter().chain(learned.iter().filter_map(|learned| learned.warning.as_ref())) {
        builder.warn(warning.clone());
    }
    let first = &learned[0];
    Ok(add_shrinkage(builder, prepared)
        .solver("unrolled model", epochs, learned.iter().all(|learned| learned.warning.is_none()))
        .add("loss_history", losses.into())
        .add("lambda_history", Vector::from(first.pass.lambdas.clone()).into())
        .add("parameters", named(layout, &first.parameters))
        .add("epoch", first.epoch.into()))
}

/// Adds how far the covariance was moved.
pub fn add_shrinkage(builder: FitBuilder, prepared: &Prepared) -> FitBuilder {
    let (intensity, variances) = prepared.shrinkage.unzip();
    builder.add("shrinkage", intensity.into()).add("variance_shrinkage", variances.into())
}

/// Theta and Z of a model, in its units, and the entries that may differ from 0 where not all may.
#[derive(Debug)]
pub struct Estimated {
    /// Positive definite.
    pub theta: Array2<f64>,
    /// Thresholded.
    pub z: Array2<f64>,
    /// 1 or 0.
    pub mask: Option<Array2<f64>>,
}

/// The fit with these Theta and Z. Ours is Theta; the published programs' is Z.
///
/// # Errors
/// Memory, cancellation.
pub fn assemble(
    mut builder: FitBuilder,
    is_published: bool,
    input: &Input,
    prepared: &Prepared,
    estimated: Estimated,
    ctx: &Context,
) -> Result<Fit> {
    let p = input.p();
    let [theta, z] = [estimated.theta, estimated.z].map(|matrix| prepared.units.to_data(matrix.view()));
    let whole = |matrix: &Array2<f64>| Matrix::square(among_all(matrix.view(), &prepared.columns, p), input.names());
    builder = builder.add("theta", whole(&theta).into()).add("z", whole(&z).into());
    let estimate = if is_published { z } else { theta };
    let is_whole = prepared.columns.len() == p && estimated.mask.is_none();
    let factor = if is_whole { Cholesky::checked(estimate.view(), ctx)? } else { None };
    let Some(factor) = factor else {
        if is_whole {
            builder.warn(match is_published {
                true => "Z is not positive definite: the fit is a graph alone, and fit.theta is positive definite",
                false => "Theta is not positive definite in the precision of its numbers: the fit is a graph alone; dtype: \"float64\"",
            });
        }
        let graph = graph(&estimate, estimated.mask.as_ref(), &prepared.columns, input)?;
        return builder.finish(Estimate::Graph(graph), ctx);
    };
    let s = if is_published { prepared.sigma.view() } else { input.s(ctx)? };
    let trace: f64 = s.iter().zip(&estimate).map(|(s, theta)| s * theta).sum();
    let entries = SparseSymmetric::from_dense(estimate.view());
    let estimate = Estimate::precision(entries, input.names());
    builder.likelihood(factor.logdet() - trace).finish(estimate, ctx)
}

/// The partial correlations -theta_ij / sqrt(theta_ii theta_jj) that are not 0, of the variables at `columns`. An entry
/// whose diagonal has been lost has none.
fn graph(theta: &Array2<f64>, mask: Option<&Array2<f64>>, columns: &[usize], input: &Input) -> Result<Graph> {
    let mut edges = Vec::new();
    for (i, &source) in columns.iter().enumerate() {
        for (j, &target) in columns.iter().enumerate().skip(i + 1) {
            let weight = -theta[(i, j)] / (theta[(i, i)] * theta[(j, j)]).sqrt();
            let may = mask.is_none_or(|mask| mask[(i, j)] != 0.0);
            if may && weight != 0.0 && weight.is_finite() {
                edges.push(Edge::new(source, target, weight));
            }
        }
    }
    Graph::new(input.p(), input.names().cloned(), false, edges)
}
