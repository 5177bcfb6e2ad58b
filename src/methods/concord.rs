//! CONCORD: a sparse precision matrix by the pseudo-likelihood of every variable given the others.

use super::along_grid::refuse_ric;
use super::graphical_lasso::{GraphicalLasso, Lambda};
use super::graphical_lasso_path::check_choosable;
use super::indefinite;
use super::penalties;
use super::setters::setters;
use super::shared_options::{BY_RULE, lambda, max_iter, min_ratio, n_lambdas, tol};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::model::{Accepts, Area, Fit, FitBuilder, Input, Point, Property, Record, Run, SecondMoment};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::problem::{Certificate, L1, Separable};
use crate::select::Rule;
use crate::solver::concord::{self, Solution, omega_of};
use crate::value::Value;

const SOLVER: &str = "coordinate descent";
const TOL: f64 = 1e-8;
const MAX_ITER: usize = 10_000;

const OPTIONS: &[Opt] = table![
    lambda(BY_RULE, "Penalty: a number, a matrix of numbers, or a rule that chooses one"),
    penalties::WEIGHTS,
    Opt::new("penalize_diagonal", &[Kind::Bool], Preset::Bool(false), "Penalise the diagonal of Omega too"),
    Opt::new(
        "ridge",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Number(0.0),
        "Weight of half the sum of squares of Omega, the diagonal with the others",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
    ..Rule::BUT_RIC,
    n_lambdas(40, "Penalties in the automatic grid"),
    min_ratio(0.05, "Smallest over largest penalty in the automatic grid"),
    tol(TOL, "Bound on the KKT violation, in units of the mean of two standard deviations"),
    max_iter(
        MAX_ITER as i64,
        "Passes over the entries that may be non-zero, at most; a step of conjugate gradients counts as one",
    ),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "concord",
    constructor: Some("Concord"),
    area: Area::Recover,
    summary: "Sparse precision matrix by a convex pseudo-likelihood of regressions (CONCORD)",
    details: "Minimises -sum_i log omega_ii + 1/2 tr(Omega S Omega) + sum_{i != j} Lambda_ij |omega_ij| + ridge/2 sum_ij omega_ij^2 over \
symmetric Omega, with Lambda = lambda x weights: all regressions at once, each variable on the others, with one matrix \
for both directions of a pair. Every pair counts twice in the penalty, so that lambda is that of gconcord's concord(S, lambda); \
fit.omega is its answer. The diagonal of Omega has the units of 1/sd, as that of a precision matrix has those of 1/variance: \
fit.precision is D Omega D with D_ii = sqrt(omega_ii), which has the same graph and partial correlations and is the inverse of \
S where nothing is penalised and the inverse has an equal diagonal. Standardize first: lambda is in units of standard deviations. \
Nothing keeps Omega positive definite: where it is not, the fit is a graph alone, which a warning says, and fit.omega is still there. \
`tol` bounds fit.kkt, the largest violation of the optimality conditions over the mean of two standard deviations; fit.gap is the \
duality gap, which is infinite where a pair has no penalty at all. \"ebic\", \"bic\" and \"aic\" take half of sum_i n log r_i for -2 loglik, \
with r_i the variance that regression i leaves: the published BIC, in which every edge counts in two regressions, halved. \"cv\" \
takes the Gaussian likelihood of held-out rows, and no solution that is not positive definite. fit.loglik is Gaussian.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property { name: "omega", help: "Omega, the minimiser; not always positive definite (Matrix, p x p)" }],
    reference: "Khare, Oh, Rajaratnam, JRSS B 77:803 (2015); Oh, Dalal, Khare, Rajaratnam, NIPS (2014)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let fit = x.concord(#{ lambda: 0.2 });\n\
              print(`${fit.n_edges} edges, ${fit.kkt <= 1e-8}`);",
    run: Run::Fit(|input, options, ctx| Concord::from_options(options)?.fit_input(input, ctx)),
};

/// CONCORD and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::concord::Concord};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64).standardize()?;
/// let fit = Concord::new().lambda(0.1).fit(&x, &Context::new())?;
/// assert!(fit.certificate()?.kkt <= 1e-8);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Concord {
    /// Penalty, weights, tolerance and grid as the graphical lasso has them.
    base: GraphicalLasso,
    ridge: f64,
}

impl Default for Concord {
    fn default() -> Self {
        let mut base = GraphicalLasso::new().tol(TOL).max_iter(MAX_ITER);
        base.min_ratio = 0.05;
        Self { base, ridge: 0.0 }
    }
}

impl Concord {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Penalty: a number, a matrix, or a rule that chooses one.
        lambda: impl Into<Lambda> => base.lambda = Into::into;
        /// Factors of lambda, p x p: 0 leaves a pair free, infinity forbids it.
        weights: Matrix => base.weights = Some;
        /// Whether the diagonal is penalised too.
        penalize_diagonal: bool => base.penalize_diagonal;
        /// Weight of half the sum of squares of Omega.
        ridge: f64 => ridge;
        /// Bound on the violation of the optimality conditions, in units of the mean of two standard deviations.
        tol: f64 => base.tol;
        /// Passes over the entries that may be non-zero, at most.
        max_iter: usize => base.max_iter;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let ridge = options.number("ridge").unwrap_or(default.ridge);
        Ok(Self { base: default.base.read(RECORD.verb, options)?, ridge })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a problem without a minimum, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`Concord::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.base.check()?;
        if !(self.ridge.is_finite() && self.ridge >= 0.0) {
            return Err(Error::option(format!("ridge must be a number >= 0, not {}", self.ridge)));
        }
        if let Lambda::Rule(rule) = self.base.lambda {
            return self.choose(input, rule, ctx);
        }
        let builder = self.base.begin(RECORD.verb, input, self.recorded(), ctx);
        let solution = self.solve(input, &self.base.penalty(input)?, None, ctx)?;
        let builder = builder.certificate(solution.certificate).solver(SOLVER, solution.iterations, solution.converged);
        finish(builder, input, &solution.omega, solution.warning, ctx)
    }

    fn solve(&self, input: &Input, lasso: &L1, warm: Option<&SparseSymmetric>, ctx: &Context) -> Result<Solution> {
        let (moments, settings) = (input.moments(ctx)?, self.base.settings());
        if self.ridge == 0.0 {
            return concord::solve(moments, lasso, warm, settings, ctx);
        }
        concord::solve(moments, &Ridged { lasso: lasso.clone(), ridge: self.ridge }, warm, settings, ctx)
    }

    /// The fit that a rule chooses along the automatic grid.
    fn choose(&self, input: &Input, rule: Rule, ctx: &Context) -> Result<Fit> {
        refuse_ric(RECORD.verb, rule)?;
        check_choosable(input, rule)?;
        self.base.check_weights(input)?;
        let own = self.clone();
        let path = self.base.along_grid(RECORD.verb).path(
            input,
            self.recorded(),
            || self.largest(input, ctx).map(Some),
            move |input, lambdas, ctx| own.points(input, lambdas, ctx),
            ctx,
        )?;
        let (builder, point) = indefinite::of_choice(&path, &rule.choose(&path, ctx)?, ctx)?;
        finish(builder, input, &omega_of(&point.precision), point.warning.clone(), ctx)
    }

    /// The smallest penalty that empties the graph; with a ridge less would do.
    fn largest(&self, input: &Input, ctx: &Context) -> Result<f64> {
        let weights = self.base.weights.as_ref().map(Matrix::view);
        concord::largest(input.s(ctx)?, weights, self.base.penalize_diagonal, ctx)
    }

    /// The solutions for descending penalties, each started from the one before. Their likelihood is what criteria take.
    fn points(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        let mut points = Vec::with_capacity(lambdas.len());
        let mut warm: Option<SparseSymmetric> = None;
        for (done, &value) in lambdas.iter().enumerate() {
            ctx.progress("concord", done, lambdas.len());
            let solution = self.solve(input, &self.base.scaled(value)?, warm.as_ref(), ctx)?;
            points.push(point(value, &solution, ctx)?);
            warm = Some(solution.omega);
        }
        ctx.progress("concord", lambdas.len(), lambdas.len());
        Ok(points)
    }

    /// The options that hold, beside lambda and its grid.
    fn recorded(&self) -> Vec<(String, Value)> {
        let diagonal = self.base.penalize_diagonal;
        self.base.recorded_with([("penalize_diagonal", diagonal.into()), ("ridge", self.ridge.into())])
    }
}

/// An L1 penalty, and ridge/2 of every square.
#[derive(Debug, Clone, PartialEq)]
struct Ridged {
    lasso: L1,
    ridge: f64,
}

impl Separable for Ridged {
    fn lasso(&self) -> &L1 {
        &self.lasso
    }

    fn curvature(&self, _: usize, _: usize) -> f64 {
        self.ridge
    }

    fn restricted(&self, positions: &[usize]) -> Self {
        Self { lasso: self.lasso.restrict(positions), ridge: self.ridge }
    }

    fn rescaled(&self, factor: f64) -> Self {
        Self { lasso: self.lasso.rescaled(factor), ridge: factor * factor * self.ridge }
    }
}

/// A solution among those along a grid. Its log determinant makes held-out losses infinite where Theta is not definite.
fn point(lambda: f64, solution: &Solution, ctx: &Context) -> Result<Point> {
    let precision = solution.precision();
    let logdet = precision.logdet(ctx)?.unwrap_or(f64::NEG_INFINITY);
    Ok(Point {
        lambda,
        likelihood: 0.5 * solution.pseudo_likelihood,
        certificate: Certificate { logdet, ..solution.certificate },
        precision,
        solver: SOLVER.into(),
        iterations: solution.iterations,
        converged: solution.converged,
        warning: solution.warning.clone(),
        added: Vec::new(),
    })
}

/// The fit of this Omega.
fn finish(
    builder: FitBuilder,
    input: &Input,
    omega: &SparseSymmetric,
    missed: Option<String>,
    ctx: &Context,
) -> Result<Fit> {
    let builder = builder.add("omega", Matrix::square(omega.to_dense(), input.names()).into());
    indefinite::finish(builder, input, concord::precision_of(omega), missed, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Concord::from_options(&options).unwrap(), Concord::default());
    }
}
