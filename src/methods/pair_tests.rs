//! What Liu's two methods share: options, and the fit from statistics of all pairs.

use super::shared_options::tol;
use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::model::false_discovery::Tested;
use crate::model::{Estimate, Fit, FitBuilder, Input, Property, false_discovery};
use crate::options::{Kind, Opt, Preset};
use crate::solver::multiple_testing::liu_threshold;
use crate::solver::pair_statistics::PairStatistics;
use crate::solver::pairs_above;
use crate::value::Value;

pub(super) const STANDARDIZE: Opt = Opt::new(
    "standardize",
    &[Kind::Bool],
    Preset::Bool(true),
    "Standardise the columns first, so that units do not matter; false is the published program's way",
);
pub(super) const TOL: Opt = tol(1e-3, "A regression ends when no coefficient changes by more in a pass, as published");

/// What fits of both methods have.
pub(super) const ADDS: &[Property] = &[
    Property {
        name: "statistics",
        help: "Statistic of every pair, about standard normal without an edge; 0 on the diagonal (Matrix, p x p)",
    },
    Property { name: "p_values", help: "Two-sided p-value of every pair, 1 on the diagonal (Matrix, p x p)" },
    Property {
        name: "q_values",
        help: "Smallest fdr at which a pair would be an edge, by Benjamini and Hochberg (Matrix, p x p)",
    },
    Property { name: "threshold", help: "Pairs whose |statistic| is at or above it have an edge (float)" },
];

/// What rate and tolerance Rust callers can get wrong.
pub(super) fn check(fdr: f64, tol: f64) -> Result<()> {
    false_discovery::check(fdr)?;
    match tol.is_finite() && tol > 0.0 {
        true => Ok(()),
        false => Err(Error::option(format!("tol must be a number > 0, not {tol}"))),
    }
}

/// The data of an input, which tests of edges need.
///
/// # Errors
/// A covariance; two columns that are the same; limits of the context.
pub(super) fn data<'a>(input: &'a Input, ctx: &Context) -> Result<&'a Matrix> {
    let x = input.x().ok_or_else(|| Error::argument("tests of edges need the data, not a covariance"))?;
    let _held = ctx.reserve_matrices(2, input.p(), input.p())?;
    false_discovery::check_distinct(input.correlations(ctx)?.view(), input)?;
    Ok(x)
}

/// The fit of these statistics.
pub(super) fn finish(
    mut builder: FitBuilder,
    input: &Input,
    found: PairStatistics,
    fdr: f64,
    ctx: &Context,
) -> Result<Fit> {
    let (n, p) = (input.matrix().rows() as f64, input.p());
    let _held = ctx.reserve_matrices(6, p, p)?;
    let of_pairs = pairs_above(found.statistics.view());
    let threshold = detached_if_many(of_pairs.len(), ctx, move || liu_threshold(&of_pairs, p, fdr))?;
    let Tested { statistics, p_values, q_values } = false_discovery::tested(found.statistics, ctx)?;
    let weight = |i: usize, j: usize| statistics[(i, j)] / n.sqrt();
    let graph = false_discovery::graph(input, weight, |i, j| statistics[(i, j)].abs() >= threshold, ctx)?;
    if found.unconverged > 0 {
        builder.warn(format!("{} of {p} regressions did not converge: raise tol", found.unconverged));
    }
    let square = |values| Value::from(Matrix::square(values, input.names()));
    if !found.compared.is_empty() {
        let (lambdas, values): (Vec<f64>, Vec<f64>) = found.compared.into_iter().unzip();
        builder = builder.selection(Value::Map(vec![
            ("rule".into(), "normal tails".into()),
            ("lambdas".into(), Vector::from(lambdas).into()),
            ("values".into(), Vector::from(values).into()),
        ]));
    }
    builder
        .lambda(Value::Float(found.lambda))
        .solver("coordinate descent", 0, found.unconverged == 0)
        .add("statistics", square(statistics))
        .add("p_values", square(p_values))
        .add("q_values", square(q_values))
        .add("threshold", Value::Float(threshold))
        .finish(Estimate::Graph(graph), ctx)
}
