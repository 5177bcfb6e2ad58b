//! A penalised estimate put together from its parts: loss, penalty, solver.

mod concord;
mod joint;
mod nodewise;
mod options;

use super::graphical_lasso::{GraphicalLasso, Lambda};
use super::graphical_lasso_path::check_choosable;
use super::neighborhoods::Rule as Links;
use super::setters::setters;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::model::{self, Accepts, Area, Fit, Input, Point, Property, Record, Run};
use crate::problem::L1;
use crate::select::Rule;
use crate::solver::penalized::{Solution, solve};
use crate::solver::{Algorithm, Loss, Moments, Penalty};

/// The record.
pub static RECORD: Record = Record {
    verb: "estimate",
    constructor: Some("Estimate"),
    area: Area::Recover,
    summary: "Precision matrix or graph from a loss, a penalty and a solver of your choice",
    details: "Minimises a loss plus a penalty P, with Lambda = lambda x weights. \
The loss \"logdet\" is -logdet Theta + tr(S Theta) over positive definite Theta, P the sum of P_ij(Theta_ij); the diagonal is free \
unless `penalize_diagonal`. The loss \"nodewise\" is 1/2 b'S b - s_a'b for every variable a over the coefficients b of the others, \
P the sum of P_ab(b_b); it gives a graph and `fit.coefficients`, with \"l1\" those of neighborhood_selection at the same lambda, and \
a rule chooses the lambda of standardised columns. \
P_ij(x) is Lambda_ij |x| for \"l1\"; Lambda_ij (r |x| + (1 - r)/2 x^2) with r = `l1_ratio` for \"elastic_net\". \
\"scad\" and \"mcp\" have the slope Lambda_ij at 0, which falls to 0 at `concavity` x Lambda_ij and stays there: large entries are not \
shrunk. These problems have several local minima; the one found is stationary and near the solution with \"l1\", from which both \
solvers start at every lambda; on a singular S it may be the only kind there is. `fit.kkt` is the violation of their own optimality \
conditions; `fit.gap` does not bound the distance to the best minimum: it is that of the weighted \"l1\" problem that touches theirs at \
the solution, and 0 where the solution is stationary. Solver \"reweighting\" solves such weighted problems one after another, with \
`steps: 1` the one-step estimate of Zou and Li; \"proximal_newton\" steps on the penalty itself. \
For \"adaptive\" the L1 penalty is solved, weighted with 1 / (|Theta_ij| + epsilon)^exponent off the diagonal, and solved again, \
`steps` times: large entries are shrunk less, small ones vanish; gap and kkt are those of the last problem. The weights, and the \
scale of \"scad\" and \"mcp\", are those of the matrix itself: standardize first. With loss \"logdet\" solver \"dual_descent\" takes \"l1\" and \"adaptive\", solver \"reweighting\" takes \"scad\", \"mcp\" \
and \"adaptive\", solver \"proximal_newton\" takes \"l1\", \"elastic_net\", \"scad\", \"mcp\", \"adaptive\", \"group\", \
\"fused\", \"chain\" and \"nuclear\". \
With loss \"nodewise\" solver \"coordinate_descent\" takes \"l1\", \"elastic_net\", \"scad\" and \"mcp\". \
With loss \"concord\" solver \"coordinate_descent\" takes \"l1\" and \"elastic_net\". \
Penalties \"group\", \"fused\" and \"chain\" take a list of data sets and are joint_graphical_lasso, \"nuclear\" is \
latent_graphical_lasso, loss \"concord\" is concord, whose ridge is on the diagonal too: the fit is one of that method, with its \
options and defaults. \
The definitions of huge (`convention`) are those of graphical_lasso alone. A rule that counts edges needs an L1 part: with \
`l1_ratio: 0` choose by \"cv\". The option `gamma` belongs to the rule \"ebic\".",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property { name: "n_components", help: "Connected components after exact screening (int)" }],
    reference: "Zou, Hastie, JRSS B 67:301 (2005); Fan, Li, JASA 96:1348 (2001); Zhang, Annals of Statistics 38:894 (2010); Zou, Li, \
Annals of Statistics 36:1509 (2008); Fan, Feng, Wu, Annals of Applied Statistics 3:521 (2009); Candes, Wakin, Boyd, \
J. Fourier Anal. Appl. 14:877 (2008); Hsieh, Sustik, Dhillon, Ravikumar, JMLR 15:2911 (2014)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let net = x.estimate(#{ penalty: \"elastic_net\", l1_ratio: 0.7, lambda: 0.2 });\n\
              let adaptive = Estimate(#{ penalty: \"adaptive\", lambda: 0.05 }).fit(x);\n\
              let scad = x.estimate(#{ penalty: \"scad\", lambda: 0.1 });\n\
              let nodes = x.estimate(#{ loss: \"nodewise\", penalty: \"mcp\", lambda: 0.1 });\n\
              print(`${net.n_edges} ${adaptive.n_edges} ${scad.n_edges} ${nodes.n_edges} ${scad.kkt < 1e-3}`);",
    run: Run::FitOrJoint { fit: joint::fit, joint: joint::fit_several },
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
    loss: Loss,
    penalty: Penalty,
    /// The preferred one where none was named.
    algorithm: Option<Algorithm>,
    /// When regressions link two variables.
    links: Links,
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
        Self { base, loss: Loss::LogDet, penalty: Penalty::L1, algorithm: None, links: Links::Or }
    }

    setters! {
        /// What fits the data.
        loss: Loss => loss;
        /// When regressions link two variables.
        rule: Links => links;
        /// The kind of penalty.
        penalty: Penalty => penalty;
        /// The algorithm, instead of the one that the penalty prefers.
        solver: Algorithm => algorithm = Some;
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
        let algorithm = self.algorithm()?;
        algorithm.check(self.loss, &self.penalty)?;
        match self.loss {
            Loss::LogDet => {}
            Loss::Nodewise => return self.fit_nodewise(input, ctx),
            Loss::Concord => return self.fit_concord(input, ctx),
        }
        if let Lambda::Rule(rule) = self.base.lambda {
            return self.choose(input, rule, ctx);
        }
        let mut builder = self.base.begin(RECORD.verb, input, self.recorded(), ctx);
        let lambda = self.base.penalty(input)?;
        let solution = self.solve(input.moments(ctx)?, &lambda, None, ctx)?;
        solution.warning.iter().for_each(|warning| builder.warn(warning.clone()));
        builder
            .likelihood(solution.likelihood)
            .certificate(solution.certificate)
            .solver(solution.solver, solution.iterations, solution.converged)
            .add("n_components", solution.components.into())
            .finish(model::Estimate::precision(solution.theta().clone(), input.names()), ctx)
    }

    fn algorithm(&self) -> Result<Algorithm> {
        let preferred = Algorithm::preferred(self.loss, &self.penalty)?;
        Ok(self.algorithm.unwrap_or(preferred))
    }

    fn solve(&self, moments: Moments<'_>, lambda: &L1, warm: Option<Solution>, ctx: &Context) -> Result<Solution> {
        solve(moments, lambda, &self.penalty, self.algorithm()?, warm, self.base.settings(), ctx)
    }

    /// The share of the L1 part.
    fn l1_ratio(&self) -> f64 {
        match self.penalty {
            Penalty::ElasticNet { l1_ratio } => l1_ratio,
            Penalty::L1 | Penalty::Adaptive(_) | Penalty::Concave { .. } => 1.0,
        }
    }

    /// Fails for a rule that counts edges where every pair is one, or where no penalty empties a graph.
    fn check_sparse(&self, rule: Rule) -> Result<()> {
        if self.l1_ratio() == 0.0 && !matches!(rule, Rule::CrossValidation { .. }) {
            return Err(Error::option(format!(
                "\"{}\" counts edges, and without an L1 part (l1_ratio: 0) every pair is one",
                rule.name()
            ))
            .with_hint("choose lambda by \"cv\", or give it; or give the L1 part a share"));
        }
        if matches!(rule, Rule::Ric { .. }) && self.l1_ratio() < 1.0 {
            return Err(Error::option(
                "\"ric\" finds the penalty that empties a graph, which an elastic net splits in two",
            )
            .with_hint("with penalty \"elastic_net\" choose lambda by \"ebic\", \"cv\" or \"stars\""));
        }
        Ok(())
    }

    /// The fit that a rule chooses along the automatic grid.
    fn choose(&self, input: &Input, rule: Rule, ctx: &Context) -> Result<Fit> {
        check_choosable(input, rule)?;
        self.check_sparse(rule)?;
        self.base.check_weights(input)?;
        let own = self.clone();
        let path = self.base.along_grid(RECORD.verb).path(
            input,
            self.recorded(),
            || match rule {
                // It brings its own penalty, and needs no solution of a grid.
                Rule::Ric { .. } => Ok(None),
                _ => self.largest(input, ctx).map(Some),
            },
            move |input, lambdas, ctx| own.points(input, lambdas, ctx),
            ctx,
        )?;
        rule.choose(&path, ctx)
    }

    /// The smallest penalty that empties the graph.
    fn largest(&self, input: &Input, ctx: &Context) -> Result<f64> {
        self.largest_of(input.moments(ctx)?, ctx)
    }

    fn largest_of(&self, moments: Moments<'_>, ctx: &Context) -> Result<f64> {
        let largest = moments.largest(self.base.weights.as_ref().map(Matrix::view), ctx)?;
        let ratio = self.l1_ratio().max(LEAST_RATIO);
        // Rounding must not let the L1 part, which is the ratio times this, fall below what empties the graph.
        Ok(if ratio < 1.0 { largest / ratio * (1.0 + 4.0 * f64::EPSILON) } else { largest })
    }

    /// The solutions for descending penalties, each started from the one before.
    fn points(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        let moments = input.moments(ctx)?;
        let mut points = Vec::with_capacity(lambdas.len());
        let mut warm: Option<Solution> = None;
        for (done, &value) in lambdas.iter().enumerate() {
            ctx.progress("estimates", done, lambdas.len());
            let solution = self.solve(moments, &self.base.scaled(value)?, warm.take(), ctx)?;
            points.push(point(value, &solution));
            warm = Some(solution);
        }
        ctx.progress("estimates", lambdas.len(), lambdas.len());
        Ok(points)
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
    use crate::problem::Concave;
    use crate::solver::{Reweighting, combinations};

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(options::read(&options).unwrap(), Estimate::default());
        let concave = |form: Concave| Penalty::Concave { form, steps: None };
        for penalty in [Penalty::Adaptive(Reweighting::default()), concave(Concave::SCAD), concave(Concave::MCP)] {
            let options = RECORD.check(&[("penalty".into(), penalty.name().into())]).unwrap();
            assert_eq!(options::read(&options).unwrap(), Estimate::default().penalty(penalty));
        }
    }

    #[test]
    fn older_words_are_understood_and_help_lists_what_goes_together() {
        let options = RECORD.check(&[("loss".into(), "log_det".into())]).unwrap();
        assert_eq!(options::read(&options).unwrap(), Estimate::default());
        assert!(RECORD.details.contains(&combinations()), "{}", combinations());
    }
}
