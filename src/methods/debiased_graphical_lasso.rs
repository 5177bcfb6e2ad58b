//! The graphical lasso without its bias: tests of all entries of the precision matrix.

use ndarray::{Array2, ArrayView2};

use super::penalties;
use super::setters::setters;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg;
use crate::model::false_discovery::Tested;
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run, false_discovery};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::problem::L1;
use crate::solver::Moments;
use crate::solver::graphical_lasso::{Settings, solve};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    false_discovery::OPTION,
    Opt::new(
        "lambda",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Unset("sqrt(2 log p / n)"),
        "Penalty of the graphical lasso on correlations",
    ),
    penalties::TOL,
    penalties::MAX_ITER,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "debiased_graphical_lasso",
    constructor: Some("DebiasedGraphicalLasso"),
    area: Area::Recover,
    summary: "Graph with a controlled false discovery rate from the graphical lasso without its bias",
    details: "With R the correlations and Theta their graphical lasso, T = 2 Theta - Theta R Theta has no bias of first order \
from the penalty: sqrt(n) (T_ij - theta_ij) is about normal with variance theta_ii theta_jj + theta_ij^2 for sparse graphs. The \
statistic of a pair is T_ij over its standard error. A pair has an edge where its q-value, the p-value adjusted by Benjamini \
and Hochberg, is at most `fdr`. An edge's weight is -T_ij / sqrt(theta_ii theta_jj), an estimate of the partial correlation, \
cut to [-1, 1]. Units do not matter. The graphs have to be sparse for the theory to hold: at most about sqrt(n) / log p edges a \
variable. Statistics have the signs of a precision matrix. \
The edges of the graph have `p_value` and `q_value`, as those of all methods that test pairs: fit.edges().",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[
        Property { name: "debiased", help: "The precision matrix without bias; not positive definite (Matrix, p x p)" },
        Property { name: "standard_errors", help: "Standard errors of `debiased` (Matrix, p x p)" },
        Property { name: "statistics", help: "`debiased` over its standard errors, 0 on the diagonal (Matrix, p x p)" },
        Property { name: "p_values", help: "Two-sided p-value of every pair, 1 on the diagonal (Matrix, p x p)" },
        Property {
            name: "q_values",
            help: "Smallest fdr at which a pair would be an edge, by Benjamini and Hochberg (Matrix, p x p)",
        },
    ],
    reference: "Jankova, van de Geer, Electronic Journal of Statistics 9:1205 (2015)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.debiased_graphical_lasso(#{ fdr: 0.05 });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| DebiasedGraphicalLasso::from_options(options).fit_input(input, ctx)),
};

/// The graphical lasso without its bias, and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::debiased_graphical_lasso::DebiasedGraphicalLasso};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = DebiasedGraphicalLasso::new().fdr(0.2).fit(&x, &Context::new())?;
/// assert_eq!(fit.graph(0.0)?.n_nodes(), 4);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DebiasedGraphicalLasso {
    fdr: f64,
    lambda: Option<f64>,
    tol: f64,
    max_iter: usize,
}

impl Default for DebiasedGraphicalLasso {
    fn default() -> Self {
        Self { fdr: false_discovery::DEFAULT, lambda: None, tol: 1e-9, max_iter: 1000 }
    }
}

/// The parts of the estimate, on the scale of correlations, p x p each.
struct Debiased {
    values: Array2<f64>,
    errors: Array2<f64>,
    statistics: Array2<f64>,
}

impl DebiasedGraphicalLasso {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The share of the edges that may be wrong, in expectation.
        fdr: f64 => fdr;
        /// Penalty of the graphical lasso on correlations.
        lambda: f64 => lambda = Some;
    }

    fn from_options(options: &Options) -> Self {
        let default = Self::default();
        Self {
            fdr: false_discovery::given(options),
            lambda: options.number("lambda"),
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        }
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a penalty of 0 where the covariance is singular, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix of a known number of samples.
    ///
    /// # Errors
    /// As [`DebiasedGraphicalLasso::fit`], and an unknown number of samples.
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        false_discovery::check(self.fdr)?;
        if let Some(lambda) = self.lambda.filter(|lambda| !(lambda.is_finite() && *lambda >= 0.0)) {
            return Err(Error::option(format!("lambda must be a number >= 0, not {lambda}")));
        }
        let n = input.n().ok_or_else(|| {
            Error::argument("standard errors need the number of samples")
                .with_hint("give it with the covariance: `n: 100`")
        })?;
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let p = input.p();
        // The correlations, Theta, two products, three parts and two kinds of p-values, edges.
        let _held = ctx.reserve_matrices(12, p, p)?;
        let r = input.correlations(ctx)?;
        false_discovery::check_distinct(r.view(), input)?;
        let lambda = self.lambda.unwrap_or((2.0 * (p as f64).ln() / n as f64).sqrt());
        let settings = Settings { tol: self.tol, max_iter: self.max_iter };
        let solution = solve(Moments::Whole(r.view()), &L1::scalar(lambda, false), None, settings, ctx)?;
        if !solution.converged {
            builder.warn(solution.why_not(settings));
        }
        let theta = solution.theta.to_dense();
        let found = Debiased::of(theta.view(), r.view(), n, ctx)?;
        let Tested { statistics, p_values, q_values } = false_discovery::tested(found.statistics, ctx)?;
        let weight = |i: usize, j: usize| -found.values[(i, j)] / (theta[(i, i)] * theta[(j, j)]).sqrt();
        let graph = false_discovery::graph(input, weight, |i, j| q_values[(i, j)] <= self.fdr, ctx)?;
        let scale: Vec<f64> = input.s(ctx)?.diag().iter().map(|variance| variance.sqrt()).collect();
        let square = |values| Value::from(Matrix::square(values, input.names()));
        builder
            .lambda(Value::Float(lambda))
            .certificate(solution.certificate)
            .solver(solution.solver, solution.iterations, solution.converged)
            .add("debiased", square(in_units(found.values, &scale)))
            .add("standard_errors", square(in_units(found.errors, &scale)))
            .add("statistics", square(statistics))
            .add("p_values", square(p_values))
            .add("q_values", square(q_values))
            .finish(Estimate::Graph(graph), ctx)
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        vec![
            ("fdr".into(), Value::Float(self.fdr)),
            ("lambda".into(), self.lambda.into()),
            ("tol".into(), Value::Float(self.tol)),
            ("max_iter".into(), self.max_iter.into()),
        ]
    }
}

impl Debiased {
    /// From Theta and the correlations that it was estimated from, of n samples.
    fn of(theta: ArrayView2<'_, f64>, r: ArrayView2<'_, f64>, n: usize, ctx: &Context) -> Result<Self> {
        let p = theta.nrows();
        let half = linalg::matmul(theta, r, ctx)?;
        let mut values = linalg::matmul(half.view(), theta, ctx)?;
        values.zip_mut_with(&theta, |product, &entry| *product = 2.0 * entry - *product);
        linalg::symmetrize(&mut values);
        let error = |(i, j): (usize, usize)| {
            let variance = theta[(i, i)] * theta[(j, j)] + theta[(i, j)] * theta[(i, j)];
            (variance / n as f64).sqrt()
        };
        let errors = Array2::from_shape_fn((p, p), error);
        let mut statistics = &values / &errors;
        statistics.diag_mut().fill(0.0);
        match statistics.iter().all(|value| value.is_finite()) {
            true => Ok(Self { values, errors, statistics }),
            false => Err(Error::numerical("the covariance is too ill-conditioned for standard errors")
                .with_hint("raise lambda, or leave out copies of columns")),
        }
    }
}

/// A precision matrix of correlations in the units of variables with these standard deviations.
fn in_units(mut values: Array2<f64>, scale: &[f64]) -> Array2<f64> {
    for ((i, j), value) in values.indexed_iter_mut() {
        *value /= scale[i] * scale[j];
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(DebiasedGraphicalLasso::from_options(&options), DebiasedGraphicalLasso::default());
    }

    #[test]
    fn without_a_penalty_there_is_no_bias_to_take_away() {
        let s = array![[4.0, 1.0, -1.5], [1.0, 1.0, 0.0], [-1.5, 0.0, 9.0]];
        let input = Input::covariance_matrix(&Matrix::from(s.clone()), Some(50)).unwrap();
        let fit = DebiasedGraphicalLasso::new().lambda(0.0).fit_input(&input, &Context::new()).unwrap();
        let part = |name: &str| fit.added(name).unwrap().object::<Matrix>().unwrap().clone();
        let theta = linalg::Cholesky::new(s.view()).unwrap().inverse();
        let (values, errors) = (part("debiased"), part("standard_errors"));
        for ((i, j), &value) in values.view().indexed_iter() {
            assert!((value - theta[(i, j)]).abs() < 1e-5, "{values} {theta}");
            let error = ((theta[(i, i)] * theta[(j, j)] + theta[(i, j)].powi(2)) / 50.0).sqrt();
            assert!((errors.view()[(i, j)] - error).abs() < 1e-5, "{errors}");
        }
        assert!(
            DebiasedGraphicalLasso::new()
                .fit_input(&Input::covariance_matrix(&Matrix::from(s), None).unwrap(), &Context::new())
                .is_err()
        );
    }
}
