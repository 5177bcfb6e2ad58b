//! From what a model learned to a fit.

use ndarray::Array2;

use super::Uglad;
use super::prepared::{Prepared, among_all};
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::Result;
use crate::graph::{Edge, Graph};
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::methods::unrolled::learning::Learned;
use crate::methods::unrolled::model::named;
use crate::model::{Estimate, Fit, FitBuilder, Input};

impl Uglad {
    /// The fit of one data set whose model has one task.
    pub(super) fn finish(
        &self,
        builder: FitBuilder,
        input: &Input,
        prepared: &Prepared,
        learned: &[Learned],
        ctx: &Context,
    ) -> Result<Fit> {
        let mean = |part: &dyn Fn(&Learned) -> &Array2<f64>| {
            let sum = learned.iter().skip(1).fold(part(&learned[0]).clone(), |sum, learned| sum + part(learned));
            sum / learned.len() as f64
        };
        let [theta, z] = [mean(&|learned| &learned.pass.theta[0]), mean(&|learned| &learned.pass.z[0])];
        let builder = self.histories(builder, prepared, learned)?;
        self.assemble(builder, input, prepared, [theta, z], ctx)
    }

    /// Adds what is known of the learning.
    pub(super) fn histories(
        &self,
        mut builder: FitBuilder,
        prepared: &Prepared,
        learned: &[Learned],
    ) -> Result<FitBuilder> {
        let (epochs, layout) = (learned.iter().map(|l| l.losses.len()).max().unwrap_or(0), self.model.layout()?);
        let losses =
            Matrix::from_fn(epochs, learned.len(), |i, j| learned[j].losses.get(i).copied().unwrap_or(f64::NAN));
        for warning in prepared.warnings.iter().chain(learned.iter().filter_map(|learned| learned.warning.as_ref())) {
            builder.warn(warning.clone());
        }
        let first = &learned[0];
        let (intensity, variances) = prepared.shrinkage.unzip();
        Ok(builder
            .solver("unrolled model", epochs, true)
            .add("loss_history", losses.into())
            .add("lambda_history", Vector::from(first.pass.lambdas.clone()).into())
            .add("parameters", named(layout, &first.parameters))
            .add("epoch", first.epoch.into())
            .add("shrinkage", intensity.into())
            .add("variance_shrinkage", variances.into()))
    }

    /// The fit with these Theta and Z, in the model's units. Ours is Theta; the published programs' is Z.
    pub(super) fn assemble(
        &self,
        mut builder: FitBuilder,
        input: &Input,
        prepared: &Prepared,
        [theta, z]: [Array2<f64>; 2],
        ctx: &Context,
    ) -> Result<Fit> {
        let p = input.p();
        let [theta, z] = [theta, z].map(|matrix| prepared.units.to_data(matrix.view()));
        let whole = |matrix: &Array2<f64>| {
            Matrix::square(among_all(matrix.view(), &prepared.columns, p), input.names())
        };
        builder = builder.add("theta", whole(&theta).into()).add("z", whole(&z).into());
        let estimate = if self.model.is_published() { z } else { theta };
        let factor = Cholesky::checked(estimate.view(), ctx)?;
        let Some(factor) = factor.filter(|_| prepared.columns.len() == p) else {
            if prepared.columns.len() == p {
                builder.warn("Z is not positive definite: the fit is a graph alone, and fit.theta is positive definite");
            }
            let graph = graph(&estimate, &prepared.columns, input)?;
            return builder.finish(Estimate::Graph(graph), ctx);
        };
        let s = if self.model.is_published() { prepared.sigma.view() } else { input.s(ctx)? };
        let trace: f64 = s.iter().zip(&estimate).map(|(s, theta)| s * theta).sum();
        let entries = SparseSymmetric::from_dense(estimate.view());
        let estimate = Estimate::precision(entries, input.names());
        builder.likelihood(factor.logdet() - trace).finish(estimate, ctx)
    }
}

/// The partial correlations -theta_ij / sqrt(theta_ii theta_jj) that are not 0, of the variables at `columns`. An entry
/// whose diagonal has been lost has none.
fn graph(theta: &Array2<f64>, columns: &[usize], input: &Input) -> Result<Graph> {
    let mut edges = Vec::new();
    for (i, &source) in columns.iter().enumerate() {
        for (j, &target) in columns.iter().enumerate().skip(i + 1) {
            let weight = -theta[(i, j)] / (theta[(i, i)] * theta[(j, j)]).sqrt();
            if weight != 0.0 && weight.is_finite() {
                edges.push(Edge::new(source, target, weight));
            }
        }
    }
    Graph::new(input.p(), input.names().cloned(), false, edges)
}
