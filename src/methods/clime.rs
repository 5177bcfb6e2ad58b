//! CLIME: a sparse precision matrix by a linear program for every column.

use super::along_grid::{AlongGrid, RULES, refuse_ric};
use super::graphical_lasso_path::check_choosable;
use super::shared_options::{min_ratio, n_lambdas, tol};
use super::{indefinite, penalties};
use crate::context::Context;
use crate::data::{Matrix, number};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Criterion, Fit, Input, Point, Property, Record, Run, SecondMoment};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::problem::Certificate;
use crate::select::{Rule, check_rule};
use crate::solver::clime::{self, Solution};
use crate::value::Value;

const SOLVER: &str = "parametric simplex";

const OPTIONS: &[Opt] = table![
    Opt::new(
        "lambda",
        &[Kind::Number(Range::OPEN_UNIT), Kind::Choice(RULES)],
        Preset::Text("ebic"),
        "Largest entry of S Omega - I, below 1, or a rule that chooses it",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
    ..Rule::BUT_RIC,
    n_lambdas(40, "Penalties in the automatic grid"),
    min_ratio(0.1, "Smallest over largest penalty in the automatic grid"),
    tol(1e-7, "Bound on the relative duality gap, and on what S Omega - I has beyond lambda"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "clime",
    constructor: Some("Clime"),
    area: Area::Recover,
    summary: "Sparse precision matrix of smallest sum of absolute values with S Omega near the identity (CLIME)",
    details: "For every column i the smallest |b|_1 with |S b - e_i|_inf <= lambda; of the two entries of a pair, the one of smaller \
absolute value is the precision matrix's. Each column is a linear program, solved exactly for all penalties of a grid at once by \
the parametric simplex method; fit.gap is the duality gap of all columns together and fit.kkt what S Omega - I has beyond \
lambda before the matrix is made symmetric, both rounding alone. The diagonal counts in the sum like every entry. lambda has no units \
and is below 1, where Omega is 0; columns on different scales are treated differently: standardize first. Where S is singular, as with \
more variables than samples, a small lambda has no solution: an error names the smallest that has one; along a grid the last \
solution stays. The matrix need not be positive definite: then the fit is a graph alone, which a warning says. Rules take the \
Gaussian likelihood, and no solution that is not positive definite.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property { name: "omega", help: "The symmetric matrix, positive definite or not (Matrix, p x p)" }],
    reference: "Cai, Liu, Luo, Journal of the American Statistical Association 106:594 (2011); Pang, Liu, Vanderbei, JMLR 15:489 (2014)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let fit = x.clime(#{ lambda: 0.2 });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| Clime::from_options(options)?.fit_input(input, ctx)),
};

/// The penalty of CLIME.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClimePenalty {
    /// This one, between 0 and 1.
    Value(f64),
    /// Chosen along a grid.
    Rule(Rule),
}

impl From<f64> for ClimePenalty {
    fn from(value: f64) -> Self {
        Self::Value(value)
    }
}

impl From<Rule> for ClimePenalty {
    fn from(rule: Rule) -> Self {
        Self::Rule(rule)
    }
}

/// CLIME and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::clime::Clime};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64).standardize()?;
/// let fit = Clime::new().lambda(0.1).fit(&x, &Context::new())?;
/// assert!(fit.certificate()?.relative_gap() < 1e-7);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Clime {
    lambda: ClimePenalty,
    n_lambdas: usize,
    min_ratio: f64,
    tol: f64,
}

impl Default for Clime {
    fn default() -> Self {
        let lambda = ClimePenalty::Rule(Criterion::Ebic { gamma: 0.5 }.into());
        Self { lambda, n_lambdas: 40, min_ratio: 0.1, tol: 1e-7 }
    }
}

impl Clime {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    /// A penalty between 0 and 1, or a rule that chooses one.
    #[must_use]
    pub fn lambda(mut self, lambda: impl Into<ClimePenalty>) -> Self {
        self.lambda = lambda.into();
        self
    }

    /// Number of penalties and smallest over largest, where a rule chooses.
    #[must_use]
    pub fn grid(mut self, n_lambdas: usize, min_ratio: f64) -> Self {
        self.n_lambdas = n_lambdas;
        self.min_ratio = min_ratio;
        self
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let lambda = match (options.text("lambda"), options.number("lambda")) {
            (Some(rule), _) => ClimePenalty::Rule(Rule::from_options(RECORD.verb, rule, options)?),
            (None, Some(lambda)) => {
                Rule::refuse_options(RECORD.verb, options)?;
                penalties::refuse_grid(options, "a rule that chooses lambda along a grid, which was given")?;
                ClimePenalty::Value(lambda)
            }
            (None, None) => default.lambda,
        };
        Ok(Self {
            lambda,
            n_lambdas: options.count("n_lambdas").unwrap_or(default.n_lambdas),
            min_ratio: options.number("min_ratio").unwrap_or(default.min_ratio),
            tol: options.number("tol").unwrap_or(default.tol),
        })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a penalty that has no solution, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`Clime::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let lambda = match self.lambda {
            ClimePenalty::Rule(rule) => return self.choose(input, rule, ctx),
            ClimePenalty::Value(lambda) if lambda > 0.0 && lambda < 1.0 => lambda,
            ClimePenalty::Value(lambda) => {
                return Err(Error::option(format!("lambda must be between 0 and 1, not {lambda}")));
            }
        };
        let mut options = vec![("lambda".to_string(), Value::Float(lambda)), ("tol".to_string(), self.tol.into())];
        options.extend(input.recorded());
        let builder = Fit::builder(RECORD.verb, input, options, ctx).lambda(Value::Float(lambda));
        let solutions = clime::solve(input.s(ctx)?, &[lambda], ctx)?;
        let solution = solutions.first().ok_or_else(|| Error::internal("no solution for one penalty"))?;
        if let Some(least) = solution.feasible_from {
            return Err(Error::numerical(format!(
                "no Omega has every entry of S Omega - I within lambda {}: the smallest lambda with a solution is {}",
                number(lambda),
                number(least)
            ))
            .with_hint("S is singular or nearly so: a larger lambda, or more samples than variables"));
        }
        let missed = self.missed(solution);
        let builder = builder
            .certificate(solution.certificate)
            .solver(SOLVER, solution.iterations, missed.is_none())
            .add("omega", Matrix::square(solution.omega.to_dense(), input.names()).into());
        indefinite::finish(builder, input, solution.omega.clone(), missed, ctx)
    }

    /// Why the tolerance was missed, if it was.
    fn missed(&self, solution: &Solution) -> Option<String> {
        let (gap, excess) = (solution.certificate.relative_gap(), solution.certificate.kkt);
        let is_fine = gap <= self.tol && excess <= self.tol;
        (!is_fine).then(|| {
            format!(
                "the relative gap is {gap:.1e} and S Omega - I is {excess:.1e} beyond lambda, not {:.1e}: double precision \
                 ends here for so ill-conditioned a problem; a larger lambda helps",
                self.tol
            )
        })
    }

    /// The fit that a rule chooses along the automatic grid.
    fn choose(&self, input: &Input, rule: Rule, ctx: &Context) -> Result<Fit> {
        check_rule(&rule)?;
        refuse_ric(RECORD.verb, rule)?;
        if !(self.min_ratio > 0.0 && self.min_ratio < 1.0) || self.n_lambdas == 0 {
            return Err(Error::option("n_lambdas must be >= 1 and min_ratio between 0 and 1"));
        }
        check_choosable(input, rule)?;
        let own = self.clone();
        let grid = AlongGrid { verb: RECORD.verb, count: self.n_lambdas, min_ratio: self.min_ratio };
        let path = grid.path(
            input,
            vec![("tol".to_string(), Value::Float(self.tol))],
            || Ok(Some(clime::largest(input.s(ctx)?))),
            move |input, lambdas, ctx| own.points(input, lambdas, ctx),
            ctx,
        )?;
        let (builder, point) = indefinite::of_choice(&path, &rule.choose(&path, ctx)?, ctx)?;
        let builder = builder.add("omega", Matrix::square(point.precision.to_dense(), input.names()).into());
        indefinite::finish(builder, input, point.precision.clone(), point.warning.clone(), ctx)
    }

    /// The solutions for descending penalties. One that is not positive definite has an infinitely small likelihood.
    fn points(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        let s = input.s(ctx)?;
        let mut points = Vec::with_capacity(lambdas.len());
        for (solution, &lambda) in clime::solve(s, lambdas, ctx)?.into_iter().zip(lambdas) {
            let warning = self.missed(&solution);
            let logdet = solution.omega.logdet(ctx)?.unwrap_or(f64::NEG_INFINITY);
            points.push(Point {
                lambda,
                likelihood: logdet - solution.omega.inner(s),
                certificate: Certificate { logdet, ..solution.certificate },
                precision: solution.omega,
                solver: SOLVER.into(),
                iterations: solution.iterations,
                converged: warning.is_none(),
                warning,
                added: Vec::new(),
            });
        }
        Ok(points)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Clime::from_options(&options).unwrap(), Clime::default());
    }
}
