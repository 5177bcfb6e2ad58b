//! The graphical lasso: a sparse precision matrix by penalised maximum likelihood.

use super::graphical_lasso_path::GraphicalLassoPath;
pub use super::lambda::Lambda;
use super::penalties::{self, check_matches, check_settings, refuse_grid, weighted};
use super::setters::setters;
use super::shared_options::lambda;
use super::tuning::{self, Tuning};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::model::{
    Accepts, Area, Convention, Criterion, Estimate, Fit, FitBuilder, Input, Property, Record, Run, SecondMoment,
};
use crate::options::{Kind, Opt, Options, Range, table};
use crate::problem::L1;
use crate::select::{Rule, check_rule};
use crate::solver::graphical_lasso::{Settings, solve};
use crate::value::Value;

/// Every word for `lambda`.
const RULES: &[&str] = &["ebic", "bic", "aic", "cv", "stars", "ric", tuning::TUNE];

const OPTIONS: &[Opt] = table![
    lambda(
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Object("Matrix"), Kind::Choice(RULES)],
        "Penalty: a number, a matrix of numbers, a rule that chooses one, or \"tune\"",
    ),
    penalties::WEIGHTS,
    penalties::PENALIZE_DIAGONAL,
    SecondMoment::COR,
    SecondMoment::MISSING,
    penalties::CONVENTION,
    ..&Rule::OPTIONS,
    penalties::N_LAMBDAS,
    penalties::MIN_RATIO,
    penalties::TOL,
    penalties::MAX_ITER,
    ..tuning::OPTIONS,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "graphical_lasso",
    constructor: Some("GraphicalLasso"),
    area: Area::Recover,
    summary: "Sparse precision matrix by L1-penalised Gaussian likelihood",
    details: "Minimises -logdet Theta + tr(S Theta) + sum_ij Lambda_ij |Theta_ij| over positive definite Theta, where S is the \
sample covariance (divided by n) and Lambda = lambda x weights. The diagonal is free unless `penalize_diagonal`; a warning \
tells that the diagonal of a matrix `lambda` or `weights` was not used, unless it is 0 or one number that also stands off it, as in \
ones(p, p). Columns on different scales get different effective penalties: standardize first. The entries are drawn to 0: \
x.refit(fit) estimates them again without the penalty, x.debiased_graphical_lasso() gives p-values of edges. The solution is certified: `fit.gap` is \
(primal - dual) / max(1, |primal|) and at most `tol`, `fit.kkt` bounds the violation of the optimality conditions. \
With `cor` S is a correlation of the columns instead: \"kendall\" is tau-b, \"skeptic\" 2 sin(pi/6 rho) of Spearman's rho, as in \
x.graphical_lasso(#{ cor: \"skeptic\", missing: \"pairwise\" }). With `missing: \"pairwise\"` every entry of S comes from the rows in \
which both columns have a value (at least 2), about their means there and divided by their number; n, also in criteria, is \
then the smallest of these numbers, and a warning tells it. An S that is not positive semidefinite is replaced by one that \
is: negative eigenvalues of its correlations become 0, the variances stay, and a warning says what that changed; a covariance \
printed with few digits may need that. \
`convention: \"huge\"` is the problem of huge(x, method = \"glasso\"): S is the correlation, the diagonal is penalised, the grid \
has 10 penalties down to a tenth of the largest, loglik and the criteria are huge's; with `missing: \"pairwise\"` S is that of \
`cor: \"pearson\"`. The instability of \"stars\", its \
subsamples and its threshold are huge's under every convention; where no graph is unstable, the densest is chosen. \"ric\" \
is huge's too, except that it rotates what S is computed from: under \"huge\" the standardised columns, where huge takes \
them in their units. \
`lambda: \"tune\"` minimises `criterion` by hypergradients: over one lambda by the root of the derivative, over many by a descent \
that starts at the best single one and never raises the criterion. \"holdout\" is -logdet Theta + tr(S Theta) of held-out \
samples, \"cv\" its mean over `folds`, \"reconstruction\" |Theta S - I|, \"ebic\" counts a pair with partial correlation r as \
r^2 / (r^2 + 0.01/n) edges. `fit.criterion` is the value reached on the tuning data, `fit.untouched` that on `untouched` rows or `test`: they neither fit \
nor tune, but the step of a descent that is best on them is taken, so that of many penalties the value is a little too good. \
`fit.history` is a table of the steps; a warning tells when the two part. With many penalties \"cv\" is better than \
\"holdout\", and without untouched rows both may be worse than a single lambda. The fit at the end \
has all rows, unless `validation` was given.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property { name: "n_components", help: "Connected components after exact screening (int)" }],
    reference: "Friedman, Hastie, Tibshirani, Biostatistics 9:432 (2008); Banerjee, El Ghaoui, d'Aspremont, JMLR 9:485 (2008)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let fit = x.graphical_lasso(#{ lambda: 0.2 });\n\
              print(fit.summary());",
    run: Run::Fit(|input, options, ctx| match options.text("lambda") {
        Some(tuning::TUNE) => Tuning::from_options(options, false)?.fit_input(input, ctx),
        _ => GraphicalLasso::from_options(options)?.fit_input(input, ctx),
    }),
};

/// The graphical lasso and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::graphical_lasso::GraphicalLasso};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3)) % 7) as f64 + 0.1 * j as f64);
/// let fit = GraphicalLasso::new().lambda(0.3).fit(&x, &Context::new())?;
/// assert!(fit.certificate()?.relative_gap() < 1e-7);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GraphicalLasso {
    pub(super) lambda: Lambda,
    pub(super) weights: Option<Matrix>,
    pub(super) penalize_diagonal: bool,
    pub(super) convention: Convention,
    pub(super) n_lambdas: usize,
    pub(super) min_ratio: f64,
    pub(super) tol: f64,
    pub(super) max_iter: usize,
    /// Whether lambda was written as the integer 0, as by 1/10.
    integer_zero: bool,
}

impl Default for GraphicalLasso {
    fn default() -> Self {
        Self {
            lambda: Lambda::Rule(Criterion::Ebic { gamma: 0.5 }.into()),
            weights: None,
            penalize_diagonal: false,
            convention: Convention::Sinew,
            n_lambdas: 40,
            min_ratio: 0.01,
            tol: 1e-9,
            max_iter: 1000,
            integer_zero: false,
        }
    }
}

impl GraphicalLasso {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Penalty: a number, a p x p matrix, or a [`Rule`] or [`Criterion`] that chooses one.
        lambda: impl Into<Lambda> => lambda = Into::into;
        /// Factors of lambda, p x p: 0 leaves an edge free, infinity forbids it.
        weights: Matrix => weights = Some;
        /// Whether the diagonal is penalised too.
        penalize_diagonal: bool => penalize_diagonal;
        /// Bound on the relative duality gap.
        tol: f64 => tol;
        /// Sweeps over all variables at most.
        max_iter: usize => max_iter;
    }

    /// Whose definitions hold, with their diagonal and their grid; what is set after this wins over them.
    #[must_use]
    pub fn convention(mut self, convention: Convention) -> Self {
        let default = Self::default();
        self.convention = convention;
        (self.penalize_diagonal, self.n_lambdas, self.min_ratio) = match convention {
            Convention::Sinew => (default.penalize_diagonal, default.n_lambdas, default.min_ratio),
            Convention::Huge => (true, 10, 0.1),
        };
        self
    }

    pub(super) fn from_options(options: &Options) -> Result<Self> {
        tuning::refuse(options)?;
        Self::new().read(RECORD.verb, options)
    }

    /// As the options of `verb` say, which has these defaults.
    pub(super) fn read(self, verb: &str, options: &Options) -> Result<Self> {
        let lambda = match options.get("lambda") {
            // Its options are read where it is tuned.
            Some(Value::Text(rule)) if rule == tuning::TUNE => None,
            Some(Value::Text(rule)) => {
                if rule == "ric" {
                    refuse_grid(options, "a rule that chooses along a grid, \"ric\" has none")?;
                }
                Some(Lambda::Rule(Rule::from_options(verb, rule, options)?))
            }
            Some(value) => {
                Rule::refuse_options(verb, options)?;
                refuse_grid(options, "a rule that chooses lambda along a grid, which was given")?;
                Lambda::of(value)
            }
            None => None,
        };
        let read = self.read_beside_lambda(options);
        Ok(Self {
            lambda: lambda.unwrap_or(read.lambda),
            integer_zero: matches!(options.get("lambda"), Some(Value::Int(0))),
            ..read
        })
    }

    /// The same of all options but lambda.
    pub(super) fn read_beside_lambda(self, options: &Options) -> Self {
        let default = match options.text("convention").and_then(Convention::parse) {
            Some(convention) => self.convention(convention),
            None => self,
        };
        // These have a default for each convention.
        let given = |name: &str| options.get(name).filter(|_| options.is_given(name));
        Self {
            weights: options.object("weights").cloned(),
            penalize_diagonal: given("penalize_diagonal")
                .map_or(default.penalize_diagonal, |_| options.is_true("penalize_diagonal")),
            n_lambdas: given("n_lambdas").and_then(|_| options.count("n_lambdas")).unwrap_or(default.n_lambdas),
            min_ratio: given("min_ratio").and_then(Value::as_number).unwrap_or(default.min_ratio),
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
            ..default
        }
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
    /// As [`GraphicalLasso::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check()?;
        if let Lambda::Rule(rule) = self.lambda {
            return GraphicalLassoPath::of(self.clone()).choose(input, rule, ctx);
        }
        let input = &self.convention.input(input);
        let builder = Fit::builder(RECORD.verb, input, self.recorded(input), ctx);
        let penalty = self.penalty(input)?;
        let (builder, theta) = self.solve_into(builder, input, (&penalty, self.lambda.given()), ctx)?;
        builder.finish(Estimate::precision(theta, input.names()), ctx)
    }

    /// Solves the problem of an input and puts what is found into a fit that was begun.
    pub(super) fn solve_into(
        &self,
        mut builder: FitBuilder,
        input: &Input,
        (penalty, lambda): (&L1, Value),
        ctx: &Context,
    ) -> Result<(FitBuilder, SparseSymmetric)> {
        let solution =
            self.convention.solve(input, ctx, |moments| solve(moments, penalty, None, self.settings(), ctx))?;
        self.remark().into_iter().for_each(|remark| builder.warn(remark));
        if !solution.converged {
            builder.warn(solution.why_not(self.settings()));
        }
        let builder = builder
            .lambda(lambda)
            .likelihood(self.convention.likelihood(solution.likelihood, &solution.theta))
            .certificate(solution.certificate)
            .solver(solution.solver, solution.iterations, solution.converged)
            .add("n_components", solution.components.len().into());
        Ok((builder, solution.theta))
    }

    pub(super) fn settings(&self) -> Settings {
        Settings { tol: self.tol, max_iter: self.max_iter }
    }

    /// What Rust callers can get wrong; scripts have been checked before.
    pub(super) fn check(&self) -> Result<()> {
        self.check_lambda()?;
        if let Lambda::Rule(rule) = &self.lambda {
            check_rule(rule)?;
        }
        if self.convention == Convention::Huge && !self.penalize_diagonal {
            return Err(Error::option(
                "the convention \"huge\" penalises the diagonal, penalize_diagonal: false does not",
            )
            .with_hint("leave penalize_diagonal out, or give x.standardize() without the convention"));
        }
        self.check_once()?;
        check_settings(self.settings())
    }

    /// Fails for a number that is no penalty.
    pub(super) fn check_lambda(&self) -> Result<()> {
        match self.lambda {
            Lambda::Value(lambda) if !(lambda.is_finite() && lambda >= 0.0) => {
                Err(Error::option(format!("lambda must be a number >= 0, not {lambda}")))
            }
            _ => Ok(()),
        }
    }

    /// Fails where pairs have penalties of their own by both lambda and weights.
    pub(super) fn check_once(&self) -> Result<()> {
        if self.weights.is_some() && matches!(self.lambda, Lambda::Matrix(_)) {
            return Err(Error::option("lambda is a matrix: weights would say the same a second time")
                .with_hint("multiply them into lambda, or give lambda as a number"));
        }
        Ok(())
    }

    /// What the user should know about the penalty as it was given.
    pub(super) fn remark(&self) -> Option<&'static str> {
        self.integer_zero.then_some(
            "lambda is the integer 0: there was no penalty; if it came from a division such as 1/10, write 1.0/10",
        )
    }

    /// The penalty that was given.
    pub(super) fn penalty(&self, input: &Input) -> Result<L1> {
        let (values, what) = match (&self.lambda, &self.weights) {
            (Lambda::Matrix(matrix), _) => (matrix.clone(), "lambda"),
            (Lambda::Value(_), Some(weights)) => (weights.clone(), "weights"),
            (Lambda::Value(lambda), None) => return Ok(L1::scalar(*lambda, self.penalize_diagonal)),
            (Lambda::Rule(_), _) => return Err(Error::internal("a rule is no penalty")),
        };
        check_matches(&values, input, what)?;
        match self.lambda {
            Lambda::Value(lambda) => weighted(lambda, values.view(), self.penalize_diagonal),
            _ => L1::matrix(values.into_array(), self.penalize_diagonal, what),
        }
    }

    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        let mut options = vec![("lambda".to_string(), self.lambda.recorded())];
        if let Lambda::Rule(rule) = self.lambda {
            options.extend(rule.recorded());
        }
        options.extend(self.recorded_beside_lambda(input));
        options
    }

    /// The options that hold, but for lambda.
    pub(super) fn recorded_beside_lambda(&self, input: &Input) -> Vec<(String, Value)> {
        let own = [("penalize_diagonal", self.penalize_diagonal.into()), ("convention", self.convention.name().into())];
        let mut options = self.recorded_with(own);
        options.extend(input.recorded());
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(GraphicalLasso::from_options(&options).unwrap(), GraphicalLasso::default());
    }

    #[test]
    fn a_convention_brings_defaults_that_options_win_over() {
        let read = |given: &[(&str, Value)]| {
            let given: Vec<(String, Value)> =
                given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            GraphicalLasso::from_options(&RECORD.check(&given).unwrap()).unwrap()
        };
        let huge = GraphicalLasso::new().convention(Convention::Huge);
        assert!(huge.penalize_diagonal && huge.n_lambdas == 10);
        assert_eq!(read(&[("convention", "huge".into())]), huge);
        let longer = read(&[("n_lambdas", Value::Int(40)), ("convention", "huge".into())]);
        assert_eq!((longer.n_lambdas, longer.min_ratio), (40, 0.1));
        assert!(read(&[("penalize_diagonal", false.into()), ("convention", "huge".into())]).check().is_err());
    }
}
