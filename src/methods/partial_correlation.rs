//! Partial correlations of all pairs, without a penalty: the baseline of sparse precision matrices.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::data::Matrix;
use crate::data::covariance::partial_correlation;
use crate::error::Result;
use crate::graph::{Edge, Graph};
use crate::linalg::{self, Cholesky, SparseSymmetric};
use crate::model::{Accepts, Area, Estimate, Fit, Input, Record, Run, SecondMoment};
use crate::options::Opt;

const OPTIONS: &[Opt] = &[SecondMoment::COR, SecondMoment::MISSING];

/// In units of a bound on the largest one, eigenvalues of p correlations count as 0 up to p times the machine's
/// precision, or this many times where p is smaller: correlations are long sums and have no more digits than that.
const LEAST: usize = 100;

/// The record.
pub static RECORD: Record = Record {
    verb: "partial_correlation",
    constructor: Some("PartialCorrelation"),
    area: Area::Recover,
    summary: "Graph of the partial correlations of all pairs, without a penalty: a baseline",
    details: "The weight of an edge is -theta_ij / sqrt(theta_ii theta_jj), where Theta is the inverse of S, the \
sample covariance (divided by n) or what `cor` says. Where S is positive definite the fit has a precision matrix, \
Theta, with its likelihood. Nearly every pair has an edge: fit.graph(#{ threshold: 0.1 }) leaves weak ones out. \
Where S is singular, as with no more samples than variables or with a column twice, Theta is the Moore-Penrose \
inverse of the correlations instead, whose eigenvalues at or below max(100, p) x 2.2e-16 x (largest sum of a row's \
|correlations|) are dropped: the fit then is a graph alone and a warning says so. Such weights are no estimates of \
partial correlations: near n = p they are noise, and two equal columns get the weight -1. A constant column has no \
edges, which a warning tells, and leaves the fit without a precision matrix.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::ConstantsOrCovariance,
    random: false,
    adds: &[],
    reference: "Lauritzen, Graphical Models, section 5.1 (1996)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.partial_correlation();\n\
              print(fit.graph(#{ threshold: 0.2 }));",
    run: Run::Fit(|input, _, ctx| PartialCorrelation::new().fit_input(input, ctx)),
};

/// Partial correlations; they have no options of their own.
///
/// ```
/// use sinew::{Context, Matrix, methods::partial_correlation::PartialCorrelation};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = PartialCorrelation::new().fit(&x, &Context::new())?;
/// assert_eq!(fit.precision()?.rows(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartialCorrelation;

/// The inverse of a correlation matrix, or what stands for it.
#[derive(Debug)]
pub(super) enum Inverse {
    /// The inverse, and log det of the correlations.
    Regular(Array2<f64>, f64),
    /// The Moore-Penrose inverse, and its rank.
    Pseudo(Array2<f64>, usize),
}

impl PartialCorrelation {
    /// The method.
    pub fn new() -> Self {
        Self
    }

    /// Fits data, n x p, in which columns may be constant.
    ///
    /// # Errors
    /// Data that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::with_constants(x, SecondMoment::default(), ctx)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`PartialCorrelation::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let mut builder = Fit::builder(RECORD.verb, input, input.recorded(), ctx);
        let (p, varying) = (input.p(), input.varying());
        // The correlations, those of columns that vary, a factor, an inverse; edges, twice while they are put in order.
        let _held = ctx.reserve_matrices(9, p, p)?;
        let r = linalg::block_of(input.correlations(ctx)?.view(), &varying);
        let inverse = match varying.is_empty() {
            true => Inverse::Regular(r, 0.0),
            false => invert(r.view(), ctx)?,
        };
        let (inverse, solver) = match inverse {
            Inverse::Regular(inverse, logdet) if varying.len() == p => {
                let (theta, likelihood) = in_units(inverse, logdet, input.s(ctx)?);
                let theta = SparseSymmetric::from_dense(theta.view());
                let builder = builder.likelihood(likelihood).solver("Cholesky factor", 0, true);
                return builder.finish(Estimate::precision(theta, input.names()), ctx);
            }
            Inverse::Regular(inverse, _) => (inverse, "Cholesky factor"),
            Inverse::Pseudo(inverse, rank) => {
                builder.warn(format!(
                    "the covariance is singular (rank {rank} of {}): the weights come from the pseudo-inverse of its \
                     correlations and there is no precision matrix; a penalised method, as graphical_lasso(), has one",
                    varying.len()
                ));
                (inverse, "eigenvalues")
            }
        };
        let graph = graph(inverse, &varying, input, ctx)?;
        builder.solver(solver, 0, true).finish(Estimate::Graph(graph), ctx)
    }
}

/// The inverse of correlations of at least one variable, all of which vary.
///
/// # Errors
/// Limits of the context.
pub(super) fn invert(r: ArrayView2<'_, f64>, ctx: &Context) -> Result<Inverse> {
    let p = r.nrows();
    // No eigenvalue is larger than that.
    let bound = r.rows().into_iter().map(|row| row.iter().map(|value| value.abs()).sum::<f64>()).fold(0.0, f64::max);
    let cutoff = f64::EPSILON * p.max(LEAST) as f64 * bound;
    let mut shifted = r.to_owned();
    shifted.diag_mut().iter_mut().for_each(|value| *value -= cutoff);
    if Cholesky::checked(shifted.view(), ctx)?.is_some()
        && let Some(factor) = Cholesky::checked(r, ctx)?
    {
        return Ok(Inverse::Regular(factor.inverse_checked(ctx)?, factor.logdet()));
    }
    let (values, vectors) = linalg::eigh(r, ctx)?;
    // Without a factor at least one is 0, wherever rounding has put it.
    let first = values.partition_point(|&value| value <= cutoff).max(1);
    let half = Array2::from_shape_fn((p - first, p), |(k, i)| vectors[(i, first + k)] / values[first + k].sqrt());
    Ok(Inverse::Pseudo(linalg::gram(half.view(), ctx)?, p - first))
}

/// The inverse of S and log det Theta - tr(S Theta), from the inverse of the correlations of S and their log det.
fn in_units(mut inverse: Array2<f64>, logdet: f64, s: ArrayView2<'_, f64>) -> (Array2<f64>, f64) {
    let scale: Vec<f64> = s.diag().iter().map(|variance| variance.sqrt()).collect();
    for ((i, j), value) in inverse.indexed_iter_mut() {
        *value /= scale[i] * scale[j];
    }
    let units: f64 = scale.iter().map(|deviation| 2.0 * deviation.ln()).sum();
    (inverse, -logdet - units - scale.len() as f64)
}

/// The graph of the partial correlations of the variables at `positions`, from the inverse of their correlations.
///
/// # Errors
/// Limits of the context.
pub(super) fn graph(inverse: Array2<f64>, positions: &[usize], input: &Input, ctx: &Context) -> Result<Graph> {
    let weights = partial_correlation(&Matrix::from(inverse));
    let mut edges = Vec::new();
    for (i, &source) in positions.iter().enumerate() {
        ctx.check()?;
        let row = weights.row_slice(i).iter().zip(positions).skip(i + 1).filter(|(weight, _)| **weight != 0.0);
        // A weight beyond 1 is rounding.
        edges.extend(row.map(|(weight, &target)| Edge::new(source, target, weight.clamp(-1.0, 1.0))));
    }
    Graph::new(input.p(), input.names().cloned(), false, edges)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn fit_covariance(s: Array2<f64>, n: Option<usize>) -> Fit {
        let input = Input::covariance_matrix(&Matrix::from(s), n).unwrap();
        PartialCorrelation::new().fit_input(&input, &Context::new()).unwrap()
    }

    fn weight(fit: &Fit, source: usize, target: usize) -> f64 {
        let graph = fit.graph(0.0).unwrap();
        let edge = graph.edges().iter().find(|edge| (edge.source, edge.target) == (source, target)).copied();
        edge.map_or(0.0, |edge| edge.weight)
    }

    #[test]
    fn a_chain_has_its_precision_matrix_in_the_units_of_the_data() {
        // The inverse of the second difference, in units 1, 10, 1/10.
        let units = [1.0, 10.0, 0.1];
        let s = array![[3.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 3.0]] / 4.0;
        let s = Array2::from_shape_fn((3, 3), |(i, j)| s[(i, j)] * (units[i] * units[j]));
        let fit = fit_covariance(s, Some(10));
        let expected = array![[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]];
        for ((i, j), value) in fit.precision().unwrap().view().indexed_iter() {
            assert!((value * units[i] * units[j] - expected[(i, j)]).abs() < 1e-12, "{value}");
        }
        assert!((weight(&fit, 0, 1) - 0.5).abs() < 1e-12 && weight(&fit, 0, 2).abs() < 1e-12);
        // det Theta is 4 but for the units, whose product is 1, and tr(S Theta) is 3.
        let loglik = 5.0 * (4.0f64.ln() - 3.0 - 3.0 * (2.0 * std::f64::consts::PI).ln());
        assert!((fit.loglik().unwrap() - loglik).abs() < 1e-12, "{fit}");
        assert!(fit.warnings().is_empty());
    }

    #[test]
    fn a_column_that_occurs_twice_leaves_a_graph() {
        let fit = fit_covariance(array![[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]], None);
        // By hand: on (e0 + e1)/sqrt 2 and e2 the correlations are [[2, sqrt 2 r], [sqrt 2 r, 1]] with r = 1/2.
        assert!((weight(&fit, 0, 1) + 1.0).abs() < 1e-12, "{fit}");
        assert!((weight(&fit, 0, 2) - 0.5).abs() < 1e-12 && (weight(&fit, 1, 2) - 0.5).abs() < 1e-12, "{fit}");
        assert!(fit.precision().is_err() && fit.loglik().is_err());
        assert!(fit.warnings()[0].starts_with("the covariance is singular (rank 2 of 3)"), "{fit}");
    }

    #[test]
    fn few_samples_give_the_moore_penrose_inverse() {
        let ctx = Context::new();
        let x = Matrix::from_fn(4, 7, |i, j| (1.7 * (i * i + 3 * j * j + i * j) as f64).sin());
        let r = Input::data(&x).unwrap().correlations(&ctx).unwrap();
        let Inverse::Pseudo(inverse, rank) = invert(r.view(), &ctx).unwrap() else { panic!("R is singular") };
        assert_eq!(rank, 3);
        let close = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|difference| difference.abs() < 1e-10);
        assert!(close(&r.dot(&inverse).dot(&r), &r));
        let back = inverse.dot(&r).dot(&inverse);
        assert!((&back - &inverse).iter().all(|d| d.abs() < 1e-9 * inverse.diag().sum()));
    }

    #[test]
    fn a_constant_column_changes_nothing_for_the_others() {
        let ctx = Context::new();
        let x = Matrix::from_fn(20, 4, |i, j| if j == 1 { 3.0 } else { ((i * i + i * j) % 7) as f64 });
        let fit = PartialCorrelation::new().fit(&x, &ctx).unwrap();
        let alone = x.pick(&(0..20).collect::<Vec<_>>(), &[0, 2, 3]);
        let alone = PartialCorrelation::new().fit(&alone, &ctx).unwrap();
        assert!(alone.precision().is_ok() && fit.precision().is_err());
        for (pair, (i, j)) in [((0, 2), (0, 1)), ((0, 3), (0, 2)), ((2, 3), (1, 2))] {
            assert!((weight(&fit, pair.0, pair.1) - weight(&alone, i, j)).abs() < 1e-12, "{fit}\n{alone}");
        }
        assert!(fit.graph(0.0).unwrap().n_edges() == 3 && fit.warnings().len() == 1, "{fit}");
        let flat = PartialCorrelation::new().fit(&Matrix::from_fn(3, 2, |_, j| j as f64), &ctx).unwrap();
        assert_eq!(flat.graph(0.0).unwrap().n_edges(), 0);
    }
}
