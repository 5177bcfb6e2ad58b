//! A penalised precision matrix put together from its parts: loss, penalty, solver.

use std::sync::Arc;

use super::graphical_lasso::{GraphicalLasso, Lambda};
use super::graphical_lasso_path::check_choosable;
use super::penalties::{self, check_matches, weighted};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::model::{self, Accepts, Area, Fit, Input, Path, Point, Property, Record, Run, SecondMoment, Solved, timed};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::problem::L1;
use crate::select::{Grid, Rule};
use crate::solver::penalized::{Solution, solve};
use crate::solver::{Algorithm, Moments, Penalty, Reweighting};
use crate::value::Value;

/// The one loss so far.
const LOG_DET: &str = "log_det";
const EXPONENT: Range = Range::POSITIVE.at_most(Reweighting::MOST_EXPONENT);

const OPTIONS: &[Opt] = &[
    Opt::new(
        "loss",
        &[Kind::Choice(&[LOG_DET])],
        Preset::Text(LOG_DET),
        "What fits the data: \"log_det\" is the Gaussian -logdet Theta + tr(S Theta)",
    ),
    Opt::new(
        "penalty",
        &[Kind::Choice(Penalty::NAMES)],
        Preset::Text("l1"),
        "\"l1\", \"elastic_net\" (L1 and ridge) or \"adaptive\" (L1 weighted by its own solution)",
    ),
    Opt::new(
        "solver",
        &[Kind::Choice(&["auto", "dual_descent", "proximal_newton"])],
        Preset::Text("auto"),
        "\"dual_descent\" takes \"l1\" and \"adaptive\", \"proximal_newton\" every penalty",
    ),
    Opt::new(
        "lambda",
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Object("Matrix"), Kind::Choice(Rule::NAMES)],
        Preset::Text("ebic"),
        "Penalty: a number, a matrix of numbers, or a rule that chooses one",
    ),
    Opt::new(
        "l1_ratio",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.5),
        "Share of the L1 part of \"elastic_net\": 0 is ridge, 1 the graphical lasso",
    ),
    Opt::new(
        "exponent",
        &[Kind::Number(EXPONENT)],
        Preset::Number(0.5),
        "How strongly the weights of \"adaptive\" depend on the solution before",
    ),
    Opt::new(
        "epsilon",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(0.01),
        "Added to |theta| in the weights of \"adaptive\": below it entries weigh alike",
    ),
    Opt::new(
        "steps",
        &[Kind::Count(0)],
        Preset::Count(2),
        "How often \"adaptive\" weights and solves again; 0 is \"l1\"",
    ),
    penalties::WEIGHTS,
    penalties::PENALIZE_DIAGONAL,
    SecondMoment::COR,
    SecondMoment::MISSING,
    Rule::OPTIONS[0],
    Rule::OPTIONS[1],
    Rule::OPTIONS[2],
    Rule::OPTIONS[3],
    Rule::OPTIONS[4],
    Rule::OPTIONS[5],
    Rule::OPTIONS[6],
    penalties::N_LAMBDAS,
    penalties::MIN_RATIO,
    penalties::TOL,
    Opt::new("max_iter", &[Kind::Count(1)], Preset::Count(1000), "Sweeps or Newton steps at most"),
];

/// Options that belong to one penalty.
const OWN: [(&str, &str); 4] =
    [("l1_ratio", "elastic_net"), ("exponent", "adaptive"), ("epsilon", "adaptive"), ("steps", "adaptive")];

/// The record.
pub static RECORD: Record = Record {
    verb: "estimate",
    constructor: Some("Estimate"),
    area: Area::Recover,
    summary: "Precision matrix from a loss, a penalty and a solver of your choice",
    details: "Minimises -logdet Theta + tr(S Theta) + P(Theta) over positive definite Theta, with Lambda = lambda x weights. \
P is sum Lambda_ij |Theta_ij| for \"l1\"; sum Lambda_ij (r |Theta_ij| + (1 - r)/2 Theta_ij^2) with r = `l1_ratio` for \"elastic_net\"; \
for \"adaptive\" the L1 penalty is solved, weighted with 1 / (|Theta_ij| + epsilon)^exponent off the diagonal, and solved again, \
`steps` times: large entries are shrunk less, small ones vanish. These weights are those of the precision matrix itself: \
standardize first. The diagonal is free unless `penalize_diagonal`. The definitions of huge (`convention`) are those of \
graphical_lasso alone. A rule that counts edges needs an L1 part: with `l1_ratio: 0` choose by \"cv\". The option `gamma` \
belongs to the rule \"ebic\". `fit.gap` and `fit.kkt` certify the solution as in graphical_lasso, for \"adaptive\" that of the last weighted problem.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property { name: "n_components", help: "Connected components after exact screening (int)" }],
    reference: "Zou, Hastie, JRSS B 67:301 (2005); Fan, Feng, Wu, Annals of Applied Statistics 3:521 (2009); Candes, Wakin, Boyd, \
J. Fourier Anal. Appl. 14:877 (2008); Hsieh, Sustik, Dhillon, Ravikumar, JMLR 15:2911 (2014)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let net = x.estimate(#{ penalty: \"elastic_net\", l1_ratio: 0.7, lambda: 0.2 });\n\
              let adaptive = Estimate(#{ penalty: \"adaptive\", lambda: 0.05 }).fit(x);\n\
              print(`${net.n_edges} ${adaptive.n_edges} ${net.gap <= 1e-9}`);",
    run: Run::Fit(|input, options, ctx| Estimate::from_options(options)?.fit_input(input, ctx)),
};

/// A composed estimator and its options.
///
/// ```
/// use sinew::methods::{estimate::Estimate, graphical_lasso::GraphicalLasso};
/// use sinew::{Context, Matrix, solver::Penalty};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3)) % 7) as f64 + 0.1 * j as f64);
/// let model = Estimate::of(GraphicalLasso::new().lambda(0.3)).penalty(Penalty::ElasticNet { l1_ratio: 0.5 });
/// assert!(model.fit(&x, &Context::new())?.certificate()?.relative_gap() < 1e-7);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Penalty weights, tolerance and grid are those of the graphical lasso.
    base: GraphicalLasso,
    penalty: Penalty,
    /// The preferred one where none was named.
    algorithm: Option<Algorithm>,
}

impl Default for Estimate {
    fn default() -> Self {
        Self::of(GraphicalLasso::new())
    }
}

/// An elastic net with less of the L1 part than this has its grid as if it had so much: no penalty of use empties it.
const LEAST_RATIO: f64 = 1e-3;

impl Estimate {
    /// With lambda, weights, tolerance and grid of a graphical lasso.
    pub fn of(base: GraphicalLasso) -> Self {
        Self { base, penalty: Penalty::L1, algorithm: None }
    }

    /// The kind of penalty.
    #[must_use]
    pub fn penalty(mut self, penalty: Penalty) -> Self {
        self.penalty = penalty;
        self
    }

    /// The algorithm, instead of the one that the penalty prefers.
    #[must_use]
    pub fn solver(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Reweighting::default();
        let number = |name: &str, default: f64| options.number(name).unwrap_or(default);
        let penalty = match options.text("penalty") {
            Some("elastic_net") => Penalty::ElasticNet { l1_ratio: number("l1_ratio", 0.5) },
            Some("adaptive") => Penalty::Adaptive(Reweighting {
                exponent: number("exponent", default.exponent),
                epsilon: number("epsilon", default.epsilon),
                steps: options.count("steps").unwrap_or(default.steps),
            }),
            _ => Penalty::L1,
        };
        if let Some((name, owner)) =
            OWN.into_iter().find(|(name, owner)| options.is_given(name) && *owner != penalty.name())
        {
            return Err(Error::option(format!(
                "option '{name}' of {} goes with penalty \"{owner}\", not with \"{}\"",
                RECORD.verb,
                penalty.name()
            )));
        }
        let named = options.text("solver");
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| named == Some(algorithm.name()));
        Ok(Self { base: GraphicalLasso::read(RECORD.verb, options)?, penalty, algorithm })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used or do not go together, a problem without a minimum, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`Estimate::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.base.check()?;
        self.algorithm().check(&self.penalty)?;
        if let Lambda::Rule(rule) = self.base.lambda {
            return self.choose(input, rule, ctx);
        }
        let mut options = vec![("lambda".to_string(), self.base.lambda.given())];
        options.extend(self.recorded());
        options.extend(input.recorded());
        let mut builder = Fit::builder(RECORD.verb, input, options, ctx);
        let lambda = self.base.penalty(input)?;
        let solution = self.solve(input.moments(ctx)?, &lambda, None, ctx)?;
        self.base.remark().into_iter().for_each(|remark| builder.warn(remark));
        solution.warning.iter().for_each(|warning| builder.warn(warning.clone()));
        builder
            .lambda(self.base.lambda.given())
            .likelihood(solution.likelihood)
            .certificate(solution.certificate)
            .solver(solution.solver, solution.iterations, solution.converged)
            .add("n_components", solution.components.into())
            .finish(model::Estimate::precision(solution.theta().clone(), input.names()), ctx)
    }

    fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or_else(|| Algorithm::for_penalty(&self.penalty))
    }

    fn solve(&self, moments: Moments<'_>, lambda: &L1, warm: Option<Solution>, ctx: &Context) -> Result<Solution> {
        solve(moments, lambda, &self.penalty, self.algorithm(), warm, self.base.settings(), ctx)
    }

    /// The share of the L1 part.
    fn l1_ratio(&self) -> f64 {
        match self.penalty {
            Penalty::ElasticNet { l1_ratio } => l1_ratio,
            Penalty::L1 | Penalty::Adaptive(_) => 1.0,
        }
    }

    /// The fit that a rule chooses along the automatic grid.
    fn choose(&self, input: &Input, rule: Rule, ctx: &Context) -> Result<Fit> {
        check_choosable(input, rule)?;
        if self.l1_ratio() == 0.0 && !matches!(rule, Rule::CrossValidation { .. }) {
            return Err(Error::option(format!(
                "\"{}\" counts edges, and without an L1 part (l1_ratio: 0) every pair is one",
                rule.name()
            ))
            .with_hint("choose lambda by \"cv\", or give it; or give the L1 part a share"));
        }
        let is_ric = matches!(rule, Rule::Ric { .. });
        if is_ric && self.l1_ratio() < 1.0 {
            return Err(Error::option(
                "\"ric\" finds the penalty that empties a graph, which an elastic net splits in two",
            )
            .with_hint("with penalty \"elastic_net\" choose lambda by \"ebic\", \"cv\" or \"stars\""));
        }
        let base = &self.base;
        if let Some(weights) = &base.weights {
            check_matches(weights, input, "weights")?;
        }
        // The rule that brings its own penalty needs no solution of a grid.
        let grid = Grid::Automatic { count: base.n_lambdas, min_ratio: base.min_ratio };
        let (points, seconds) = timed(|| match is_ric {
            true => Ok(Vec::new()),
            false => self.points(input, &grid.values(self.largest(input, ctx)?)?, ctx),
        })?;
        let mut options = self.recorded();
        options.extend(input.recorded());
        options.push(("n_lambdas".into(), base.n_lambdas.into()));
        options.push(("min_ratio".into(), base.min_ratio.into()));
        let own = self.clone();
        let solved = Solved {
            verb: RECORD.verb,
            method: RECORD.verb.into(),
            input: input.clone(),
            points,
            options,
            seconds,
            solve: Arc::new(move |input, lambdas, ctx| own.points(input, lambdas, ctx)),
        };
        rule.choose(&Path::new(solved, ctx)?, ctx)
    }

    /// The smallest penalty that empties the graph.
    fn largest(&self, input: &Input, ctx: &Context) -> Result<f64> {
        let largest = input.moments(ctx)?.largest(self.base.weights.as_ref().map(Matrix::view), ctx)?;
        let ratio = self.l1_ratio().max(LEAST_RATIO);
        // Rounding must not let the L1 part, which is the ratio times this, fall below what empties the graph.
        Ok(if ratio < 1.0 { largest / ratio * (1.0 + 4.0 * f64::EPSILON) } else { largest })
    }

    /// The solutions for descending penalties, each started from the one before.
    fn points(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        let (moments, base) = (input.moments(ctx)?, &self.base);
        let mut points = Vec::with_capacity(lambdas.len());
        let mut warm: Option<Solution> = None;
        for (done, &value) in lambdas.iter().enumerate() {
            ctx.progress("estimates", done, lambdas.len());
            let lambda = match &base.weights {
                Some(weights) => weighted(value, weights.view(), base.penalize_diagonal)?,
                None => L1::scalar(value, base.penalize_diagonal),
            };
            let solution = self.solve(moments, &lambda, warm.take(), ctx)?;
            points.push(point(value, &solution));
            warm = Some(solution);
        }
        ctx.progress("estimates", lambdas.len(), lambdas.len());
        Ok(points)
    }

    /// The options that hold, beside lambda and its grid.
    fn recorded(&self) -> Vec<(String, Value)> {
        let mut options: Vec<(&str, Value)> = vec![
            ("loss", LOG_DET.into()),
            ("penalty", self.penalty.name().into()),
            ("solver", self.algorithm.map_or("auto", Algorithm::name).into()),
        ];
        match self.penalty {
            Penalty::L1 => {}
            Penalty::ElasticNet { l1_ratio } => options.push(("l1_ratio", l1_ratio.into())),
            Penalty::Adaptive(Reweighting { exponent, epsilon, steps }) => {
                options.extend([
                    ("exponent", exponent.into()),
                    ("epsilon", epsilon.into()),
                    ("steps", Value::from(steps)),
                ]);
            }
        }
        let base = &self.base;
        if let Some(weights) = &base.weights {
            options.push(("weights", weights.clone().into()));
        }
        options.push(("penalize_diagonal", base.penalize_diagonal.into()));
        options.push(("tol", base.tol.into()));
        options.push(("max_iter", base.max_iter.into()));
        options.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }
}

fn point(lambda: f64, solution: &Solution) -> Point {
    Point {
        lambda,
        precision: solution.theta().clone(),
        likelihood: solution.likelihood,
        certificate: solution.certificate,
        solver: solution.solver.into(),
        iterations: solution.iterations,
        converged: solution.converged,
        warning: solution.warning.clone(),
        added: vec![("n_components".into(), solution.components.into())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Estimate::from_options(&options).unwrap(), Estimate::default());
        let options = RECORD.check(&[("penalty".into(), "adaptive".into())]).unwrap();
        let adaptive = Estimate::default().penalty(Penalty::Adaptive(Reweighting::default()));
        assert_eq!(Estimate::from_options(&options).unwrap(), adaptive);
    }
}
