//! Ridge regression of every variable on regulators: a directed baseline for gene regulation.

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::data::Selector;
use crate::error::{Error, Result};
use crate::linalg::{self, Cholesky};
use crate::model::{Accepts, Area, Fit, FitBuilder, Input, Property, Record, Run, SecondMoment, regulators};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

use super::directed::{Method, over_regulators};

const OPTIONS: &[Opt] = &[
    regulators::OPTION,
    Opt::new(
        "lambda",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(0.1),
        "Ridge penalty, added to the diagonal of the regulators' correlations",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "ridge_regulators",
    constructor: Some("RidgeRegulators"),
    area: Area::Recover,
    summary: "Directed graph from ridge regressions of every column on regulators: a baseline",
    details: "For every gene g, a column, b_g = (R_TT + lambda I)^-1 r_Tg, where R is the correlation of the columns \
and T are the regulators but g itself: the ridge regression of the standardised g on the standardised regulators, \
|x_g - X_T b|^2 / n + lambda |b|^2. The weight of the edge t -> g is b_tg with its sign. The penalty shrinks and \
selects nothing: nearly every regulator has an edge to every other column, and their order by |weight| is the \
answer. The units of the columns do not matter; without `regulators` all columns regulate all. Correlated regulators \
share a coefficient, so that a regulator of few genes can stand behind one that follows it. With `missing: \
\"pairwise\"` a correlation comes from the rows in which both columns have a value. A constant column has no edges, \
which a warning tells. The nodes of the graph have the attribute `regulator`, 1 or 0.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::ConstantsOrCovariance,
    random: false,
    adds: &[Property {
        name: "coefficients",
        help: "Row t has the coefficients of regulator t for every column, standardised (Matrix, regulators x p)",
    }],
    reference: "Hoerl, Kennard, Technometrics 12:55 (1970)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.ridge_regulators(#{ regulators: [\"PKA\", \"PKC\"] });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| RidgeRegulators::from_options(options)?.fit_input(input, ctx)),
};

/// Ridge regressions on regulators and their options.
///
/// ```
/// use sinew::data::Selector;
/// use sinew::{Context, Matrix, methods::ridge_regulators::RidgeRegulators};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let regulators = vec![Selector::Position(0), Selector::Position(2)];
/// let fit = RidgeRegulators::new().regulators(regulators).lambda(0.5).fit(&x, &Context::new())?;
/// assert!(fit.graph(0.0)?.edges().iter().all(|edge| [0, 2].contains(&edge.source)));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RidgeRegulators {
    regulators: Option<Vec<Selector>>,
    lambda: f64,
}

impl Default for RidgeRegulators {
    fn default() -> Self {
        Self { regulators: None, lambda: 0.1 }
    }
}

over_regulators!(RidgeRegulators);

impl RidgeRegulators {
    /// The ridge penalty, above 0.
    #[must_use]
    pub fn lambda(mut self, lambda: f64) -> Self {
        self.lambda = lambda;
        self
    }

    fn from_options(options: &Options) -> Result<Self> {
        let lambda = options.number("lambda").unwrap_or(Self::default().lambda);
        Ok(Self { regulators: regulators::given(options)?, lambda })
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`RidgeRegulators::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        if !(self.lambda.is_finite() && self.lambda > 0.0) {
            return Err(Error::option(format!("lambda must be a number > 0, not {}", self.lambda)));
        }
        // A pair's covariance over standard deviations of other rows would be no correlation.
        let input = &input.correlated_by_pair();
        let method = Method {
            verb: RECORD.verb,
            regulators: self.regulators.as_deref(),
            scores: "coefficients",
            compares: false,
            options: self.recorded(input),
        };
        let lambda = self.lambda;
        method.fit(input, ctx, |roles| {
            let p = input.p();
            let _held = ctx.reserve_matrices(1, p, p)?;
            // Parts of the coefficients, the regulators' factor and inverse.
            let _more = ctx.reserve_matrices(4, roles.regulators.len(), p)?;
            let r = input.correlations(ctx)?;
            let coefficients = coefficients(r.view(), &roles.regulators, lambda, ctx)?;
            Ok((coefficients, move |builder: FitBuilder| {
                builder.lambda(Value::Float(lambda)).solver("Cholesky factor", 0, true)
            }))
        })
    }

    /// The options that held.
    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        std::iter::once(("lambda".to_string(), Value::Float(self.lambda))).chain(input.recorded()).collect()
    }
}

/// Coefficients of every variable (columns) on the regulators (rows), from correlations, p x p.
///
/// One factor serves all. With P = (R_TT + lambda I)^-1, variables that are no regulators have the coefficients P r_Tg.
/// A regulator t has -P_st / P_tt on the others s: by the inverse of a matrix in blocks, their column of P is -P_tt times
/// the solution of the regression of t on them.
pub(super) fn coefficients(
    r: ArrayView2<'_, f64>,
    regulators: &[usize],
    lambda: f64,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let p = r.nrows();
    let mut system = linalg::block_of(r, regulators);
    system.diag_mut().iter_mut().for_each(|value| *value += lambda);
    let factor = Cholesky::checked(system.view(), ctx)?.ok_or_else(|| too_small(lambda))?;
    let inverse = factor.inverse_checked(ctx)?;
    let mut all = Array2::<f64>::zeros((regulators.len(), p));
    let mut regulates = vec![false; p];
    for (column, &gene) in regulators.iter().enumerate() {
        ctx.check()?;
        regulates[gene] = true;
        for row in (0..regulators.len()).filter(|&row| row != column) {
            all[(row, gene)] = 0.0 - inverse[(row, column)] / inverse[(column, column)];
        }
    }
    let others: Vec<usize> = (0..p).filter(|&gene| !regulates[gene]).collect();
    if !others.is_empty() {
        let shape = (regulators.len(), others.len());
        let right = Array2::from_shape_fn(shape, |(row, column)| r[(regulators[row], others[column])]);
        let product = linalg::matmul(inverse.view(), right.view(), ctx)?;
        product.indexed_iter().for_each(|((row, column), &value)| all[(row, others[column])] = value);
    }
    if all.iter().all(|value| value.is_finite()) { Ok(all) } else { Err(too_small(lambda)) }
}

fn too_small(lambda: f64) -> Error {
    Error::numerical(format!(
        "the regulators' correlations are singular, also with lambda {lambda:e} on their diagonal"
    ))
    .with_hint("raise lambda: 0.1 is the default")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Matrix};
    use crate::graph::{Graph, REGULATOR};
    use ndarray::array;

    /// Correlations of six variables.
    fn correlations() -> Array2<f64> {
        let x = Matrix::from_fn(15, 6, |i, j| (0.9 * (i * i + 2 * j * j + i * j) as f64).sin());
        Input::data(&x).unwrap().correlations(&Context::new()).unwrap()
    }

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(RidgeRegulators::from_options(&options).unwrap(), RidgeRegulators::default());
    }

    #[test]
    fn one_factor_gives_what_a_solve_for_every_gene_gives() {
        let (ctx, r) = (Context::new(), correlations());
        for regulators in [vec![4, 0, 3], vec![0, 1, 2, 3, 4, 5], vec![2]] {
            let b = coefficients(r.view(), &regulators, 0.3, &ctx).unwrap();
            for gene in 0..6 {
                let others: Vec<usize> = regulators.iter().copied().filter(|&t| t != gene).collect();
                let k = others.len();
                let mut system = linalg::block_of(r.view(), &others);
                system.diag_mut().iter_mut().for_each(|value| *value += 0.3);
                let right = Array2::from_shape_fn((k, 1), |(row, _)| r[(others[row], gene)]);
                let direct = if k == 0 { right } else { linalg::solve(system.view(), right.view(), &ctx).unwrap() };
                for (row, t) in regulators.iter().enumerate() {
                    let expected = others.iter().position(|other| other == t).map_or(0.0, |k| direct[(k, 0)]);
                    assert!((b[(row, gene)] - expected).abs() < 1e-12, "{t} -> {gene}: {b} {expected}");
                }
            }
        }
    }

    #[test]
    fn known_numbers_of_one_regulator() {
        // Standard deviations 2, 1, 3: correlations 1/2, -1/4, 0.
        let s = array![[4.0, 1.0, -1.5], [1.0, 1.0, 0.0], [-1.5, 0.0, 9.0]];
        let input = Input::covariance_matrix(&Matrix::from(s), None).unwrap();
        let method = RidgeRegulators::new().regulators(vec![Selector::Position(0)]).lambda(0.25);
        let fit = method.fit_input(&input, &Context::new()).unwrap();
        let graph = fit.graph(0.0).unwrap();
        let edges: Vec<(usize, usize)> = graph.edges().iter().map(|edge| (edge.source, edge.target)).collect();
        assert!(graph.is_directed() && edges == [(0, 1), (0, 2)], "{graph}");
        assert!((graph.edges()[0].weight - 0.5 / 1.25).abs() < 1e-15, "{graph}");
        assert!((graph.edges()[1].weight + 0.25 / 1.25).abs() < 1e-15, "{graph}");
        assert_eq!(graph.node_attribute(REGULATOR).unwrap(), &Column::numbers(vec![1.0, 0.0, 0.0]));
        assert!(method.clone().lambda(0.0).fit_input(&input, &Context::new()).is_err());
    }

    #[test]
    fn constant_columns_have_no_edges_either_way() {
        let ctx = Context::new();
        let x = Matrix::from_fn(12, 5, |i, j| if j % 3 == 1 { 2.0 } else { ((i * i + i * j) % 7) as f64 });
        let regulators: Vec<Selector> = [0, 1, 2].map(Selector::Position).to_vec();
        let fit = RidgeRegulators::new().regulators(regulators.clone()).fit(&x, &ctx).unwrap();
        let graph = fit.graph(0.0).unwrap();
        let edges: Vec<(usize, usize)> = graph.edges().iter().map(|edge| (edge.source, edge.target)).collect();
        assert_eq!(edges, [(0, 2), (0, 3), (2, 0), (2, 3)]);
        assert!(fit.warnings()[0].starts_with("2 of 5 columns are constant and have no edges (1, 4)"), "{fit}");
        let without = RidgeRegulators::new().regulators(vec![regulators[0].clone(), regulators[2].clone()]);
        let without = without.fit(&x, &ctx).unwrap().graph(0.0).unwrap();
        let weights = |graph: &Graph| graph.edges().iter().map(|edge| edge.weight).collect::<Vec<_>>();
        let mut pairs = weights(&graph).into_iter().zip(weights(&without));
        assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-12), "{graph}\n{without}");
    }

    #[test]
    fn a_penalty_that_is_lost_in_rounding_is_an_error() {
        let s = array![[1.0, 1.0], [1.0, 1.0]];
        let input = Input::covariance_matrix(&Matrix::from(s), None).unwrap();
        let error = RidgeRegulators::new().lambda(1e-30).fit_input(&input, &Context::new()).map(|_| ()).unwrap_err();
        assert!(error.message().contains("singular") && error.hint().is_some_and(|hint| hint.contains("raise lambda")));
    }
}
