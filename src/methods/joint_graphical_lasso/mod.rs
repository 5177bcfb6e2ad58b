//! The joint graphical lasso: sparse precision matrices of several data sets, drawn to each other.

mod grid;
pub(in crate::methods) mod options;

use self::grid::{Axes, Found, table};
use self::options::{set_weights, sized};
use super::graphical_lasso::GraphicalLasso;
use super::lambda::Lambda;
use super::penalties::check_matches;
use super::setters::setters;
use crate::context::Context;
use crate::data::{Matrix, number};
use crate::error::{Error, Result};
use crate::model::{
    Accepts, Area, Criterion, Estimate, Fit, FitBuilder, Input, JointFit, Property, Record, Run, timed,
};
use crate::problem::{Coupling, JointPenalty, L1};
use crate::select::{Grid, Rule, check_rule};
use crate::solver::Moments;
use crate::solver::graphical_lasso::Settings;
use crate::solver::joint::Member;
use crate::value::Value;

/// The record.
pub static RECORD: Record = Record {
    verb: "joint_graphical_lasso",
    constructor: Some("JointGraphicalLasso"),
    area: Area::Recover,
    summary: "Sparse precision matrices of several data sets that share edges or values",
    details: "Takes a list of data sets over the same variables, [x, y, ..], of any numbers of samples. Minimises sum_k w_k \
(-logdet Theta_k + tr(S_k Theta_k)) + sum_ij (lambda sum_k |Theta_k,ij| + lambda2 C(Theta_1,ij, .., Theta_K,ij)) over \
positive definite Theta_k, where C is by `penalty` \"group\" the Euclidean norm, which draws the data sets to the same edges, \
\"fused\" the sum of |Theta_k,ij - Theta_m,ij| over all pairs of data sets, which draws them to the same values, or \"chain\" \
that sum over neighbours in the list, for conditions or times in an order. w_k is n_k over the mean of n, or 1 with \
`set_weights: \"equal\"`; of equal n both are the objective of the R package JGL divided by n. The diagonal is free unless \
`penalize_diagonal`, which couples it too. A matrix of `weights` multiplies both penalties; with a matrix `lambda`, lambda2 is \
the same for all pairs. lambda2 = 0 is one graphical lasso for each data set with lambda / w_k, a large one with \"fused\" one \
matrix for all. \
The solution is certified: `gap` is (primal - dual) / max(1, |primal|) of the whole and at most `tol`, `kkt` bounds the \
violation of the optimality conditions. \
A rule chooses lambda and lambda2 together from a grid: `n_lambdas` values from the one that empties the graphs of lambda2 = 0 \
down to `min_ratio` of it, and `n_lambdas2` values from half of that (\"group\") or that over the number of data sets (\"fused\", \
\"chain\") downwards. \"ebic\", \"bic\" and \"aic\" are sums over the data sets, \"cv\" is the loss of held-out samples; .criteria \
has all combinations, joint.plot(\"choice\") draws them. \
Columns on different scales get different effective penalties: standardize each data set first. One data set alone is the \
graphical lasso, with nothing to couple: lambda2 is then 0 unless it is given (\"group\" adds it to lambda).",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[
        Property { name: "lambda2", help: "The penalty on the coupling that was used (float)" },
        Property { name: "objective", help: "The minimum that was reached (float)" },
        Property {
            name: "criteria",
            help: "Every combination that was tried: lambda, lambda2, the criterion, edges, chosen or not (Table)",
        },
        Property { name: "n_components", help: "Connected components after exact screening (int)" },
    ],
    reference: "Danaher, Wang, Witten, JRSS B 76:373 (2014)",
    example: "let theta = random_graph(\"band\", #{ nodes: 6 }).precision();\n\
              let x = sample_gaussian(theta, 60, #{ seed: 1 });\n\
              let y = sample_gaussian(theta, 90, #{ seed: 2 });\n\
              let joint = joint_graphical_lasso([x, y], #{ penalty: \"group\", lambda: 0.1, lambda2: 0.05 });\n\
              print(joint);\nprint(joint.common_graph());",
    run: Run::FitOrJoint {
        fit: |input, options, ctx| {
            let inputs = sized(std::slice::from_ref(input), options)?;
            JointGraphicalLasso::from_options(options)?.fit_one(&inputs, ctx)
        },
        joint: |inputs, options, ctx| {
            JointGraphicalLasso::from_options(options)?.fit_inputs(&sized(inputs, options)?, ctx)
        },
    },
};

/// The joint graphical lasso and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::joint_graphical_lasso::JointGraphicalLasso};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3)) % 7) as f64 + 0.1 * j as f64);
/// let y = Matrix::from_fn(40, 4, |i, j| ((i * (j + 2) + i * i) % 11) as f64);
/// let joint = JointGraphicalLasso::new().lambda(0.3).lambda2(0.1).fit(&[x, y], &Context::new())?;
/// assert_eq!((joint.len(), joint.converged()), (2, true));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct JointGraphicalLasso {
    /// Penalty, weights, tolerance and grid as the graphical lasso has them.
    base: GraphicalLasso,
    coupling: Coupling,
    /// None is chosen.
    lambda2: Option<f64>,
    /// What chooses, where something is chosen.
    rule: Rule,
    n_lambdas2: usize,
    /// Whether data sets count by their samples; none where that is known.
    by_samples: Option<bool>,
}

/// Data sets whose entries are compared each with each: the time of that grows with the square of their number.
const MOST_FUSED: usize = 2000;
/// Combinations of both penalties that are tried at most.
const COMBINATIONS: usize = 10_000;

impl Default for JointGraphicalLasso {
    fn default() -> Self {
        let rule = Rule::Criterion(Criterion::Ebic { gamma: 0.5 });
        let mut base = GraphicalLasso::new().lambda(rule);
        (base.n_lambdas, base.min_ratio) = (10, 0.05);
        Self { base, coupling: Coupling::Group, lambda2: None, rule, n_lambdas2: 5, by_samples: None }
    }
}

impl JointGraphicalLasso {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// With this coupling.
        penalty: Coupling => coupling;
        /// Penalty on the coupling; without it the rule chooses.
        lambda2: f64 => lambda2 = Some;
        /// Factors of both penalties, p x p: 0 leaves an edge free, infinity forbids it.
        weights: Matrix => base.weights = Some;
        /// Whether the diagonal is penalised too.
        penalize_diagonal: bool => base.penalize_diagonal;
        /// Whether data sets count by their numbers of samples, or all the same.
        by_samples: bool => by_samples = Some;
        /// Bound on the relative duality gap.
        tol: f64 => base.tol;
    }

    /// Penalty on every entry: a number, a p x p matrix, or a [`Rule`] that chooses one.
    #[must_use]
    pub fn lambda(mut self, lambda: impl Into<Lambda>) -> Self {
        self.base.lambda = lambda.into();
        if let Lambda::Rule(rule) = self.base.lambda {
            self.rule = rule;
        }
        self
    }

    /// Fits data sets with the same variables, n_k x p each.
    ///
    /// # Errors
    /// Data or options that cannot be used, a problem without a minimum, a limit of the context.
    pub fn fit(&self, datasets: &[Matrix], ctx: &Context) -> Result<JointFit> {
        let one = |(set, x): (usize, &Matrix)| Input::data(x).map_err(|error| error.at(format!("data set {set}")));
        self.fit_inputs(&datasets.iter().enumerate().map(one).collect::<Result<Vec<_>>>()?, ctx)
    }

    /// Fits checked data or covariances.
    ///
    /// # Errors
    /// As [`JointGraphicalLasso::fit`].
    pub fn fit_inputs(&self, inputs: &[Input], ctx: &Context) -> Result<JointFit> {
        if self.coupling == Coupling::Fused && inputs.len() > MOST_FUSED {
            let message =
                format!("{} data sets are more than the fused penalty can compare, {MOST_FUSED}", inputs.len());
            return Err(Error::data(message).with_hint("penalty: \"group\" or \"chain\" takes any number"));
        }
        let mut builder = JointFit::builder(RECORD.verb, self.recorded(inputs), ctx);
        let found = self.find(inputs, ctx)?;
        let own = ctx.clone().with_strict(false);
        let fits = inputs.iter().enumerate().map(|(set, input)| {
            let (builder, estimate) = self.fit_of(input, set, &found, ctx);
            builder.finish(estimate, &own)
        });
        let fits = fits.collect::<Result<Vec<Fit>>>()?;
        self.warnings(&found).into_iter().for_each(|warning| builder.warn(warning));
        let solution = &found.solution;
        let chosen = found.tried[found.chosen];
        builder
            .solver(solution.iterations, solution.converged)
            .add("lambda", chosen.lambda.map_or_else(|| self.base.lambda.given(), Value::Float))
            .add("lambda2", chosen.lambda2.into())
            .add("objective", solution.certificate.primal.into())
            .add("gap", solution.certificate.relative_gap().into())
            .add("kkt", solution.certificate.kkt.into())
            .add("criteria", table(&found)?.into())
            .add("n_components", solution.components.into())
            .finish(fits, ctx)
    }

    /// The fit of a single data set.
    fn fit_one(&self, inputs: &[Input], ctx: &Context) -> Result<Fit> {
        let Some(input) = inputs.first() else { return Err(Error::internal("a fit without data")) };
        let (found, seconds) = timed(|| self.find(inputs, ctx))?;
        let (mut builder, estimate) = self.fit_of(input, 0, &found, ctx);
        self.warnings(&found).into_iter().for_each(|warning| builder.warn(warning));
        builder
            .seconds(seconds)
            .add("lambda2", found.tried[found.chosen].lambda2.into())
            .add("objective", found.solution.certificate.primal.into())
            .add("criteria", table(&found)?.into())
            .add("n_components", found.solution.components.into())
            .finish(estimate, ctx)
    }

    /// What is known of one data set; the certificate is that of all together.
    fn fit_of(&self, input: &Input, set: usize, found: &Found, ctx: &Context) -> (FitBuilder, Estimate) {
        let solution = &found.solution;
        let lambda = found.tried[found.chosen].lambda.map_or_else(|| self.base.lambda.given(), Value::Float);
        let builder = Fit::builder(RECORD.verb, input, self.recorded(std::slice::from_ref(input)), ctx)
            .lambda(lambda)
            .likelihood(solution.likelihoods[set])
            .certificate(solution.certificate)
            .solver(solution.solver, solution.iterations, solution.converged);
        (builder, Estimate::precision(solution.thetas[set].clone(), input.names()))
    }

    /// The solution, with the penalties that were chosen or given.
    fn find(&self, inputs: &[Input], ctx: &Context) -> Result<Found> {
        self.check(inputs)?;
        let p = inputs.first().map_or(0, Input::p);
        let _held = ctx.reserve_matrices(inputs.len(), p, p)?;
        let members = self.members(inputs, ctx)?;
        let axes = self.axes(&members, ctx)?;
        self.choose(inputs, &members, &axes, ctx)
    }

    /// The covariances with the weights of their losses.
    fn members<'a>(&self, inputs: &'a [Input], ctx: &Context) -> Result<Vec<Member<'a>>> {
        let weights = set_weights(inputs, self.by_samples)?;
        let one = |(input, weight): (&'a Input, f64)| input.s(ctx).map(|s| Member { s, weight });
        inputs.iter().zip(weights).map(one).collect()
    }

    /// What is tried: the numbers that were given, or grids.
    fn axes(&self, members: &[Member<'_>], ctx: &Context) -> Result<Axes> {
        let weights = self.base.weights.as_ref().map(Matrix::view);
        let mut largest = 0.0f64;
        for member in members {
            largest = largest.max(member.weight * Moments::Whole(member.s).largest(weights, ctx)?);
        }
        let lambdas = match self.base.lambda {
            Lambda::Value(lambda) => vec![Some(lambda)],
            Lambda::Matrix(_) => vec![None],
            Lambda::Rule(_) => {
                let grid = Grid::Automatic { count: self.base.n_lambdas, min_ratio: self.base.min_ratio };
                grid.values(largest)?.into_iter().map(Some).collect()
            }
        };
        let sets = members.len();
        let share = if self.coupling == Coupling::Group { 0.5 } else { 1.0 / sets.max(1) as f64 };
        let lambdas2 = match self.lambda2 {
            Some(lambda2) => vec![lambda2],
            None if sets < 2 => vec![0.0],
            None => {
                Grid::Automatic { count: self.n_lambdas2, min_ratio: self.base.min_ratio }.values(share * largest)?
            }
        };
        Ok(Axes { lambdas, lambdas2 })
    }

    /// The penalty of these numbers; without the first that of the matrix that was given.
    fn penalty_of(&self, lambda: Option<f64>, lambda2: f64) -> Result<JointPenalty> {
        let base = &self.base;
        let first = match (&base.lambda, lambda) {
            (_, Some(lambda)) => base.scaled(lambda)?,
            (Lambda::Matrix(matrix), None) => L1::matrix(matrix.view().to_owned(), base.penalize_diagonal, "lambda")?,
            _ => return Err(Error::internal("a rule is no penalty")),
        };
        JointPenalty::new(self.coupling, first, base.scaled(lambda2)?)
    }

    /// What Rust callers can get wrong, and matrices of other variables.
    fn check(&self, inputs: &[Input]) -> Result<()> {
        let Some(first) = inputs.first() else {
            return Err(Error::argument("joint_graphical_lasso: the list of data sets is empty"));
        };
        if let Some(set) = inputs.iter().position(|input| input.p() != first.p()) {
            let (own, others) = (inputs[set].p(), first.p());
            return Err(Error::shape(format!("data set {set} has {own} columns, data set 0 has {others}")));
        }
        let is_wrong = |value: f64| !value.is_finite() || value < 0.0;
        let lambda = if let Lambda::Value(lambda) = self.base.lambda { lambda } else { 0.0 };
        if is_wrong(lambda) || self.lambda2.is_some_and(is_wrong) {
            return Err(Error::option("lambda and lambda2 must be numbers >= 0"));
        }
        check_rule(&self.rule)?;
        if let Lambda::Matrix(matrix) = &self.base.lambda {
            check_matches(matrix, first, "lambda")?;
        }
        self.base.check_once()?;
        self.base.check_weights(first)?;
        let Settings { tol, max_iter } = self.base.settings();
        let ratio = self.base.min_ratio > 0.0 && self.base.min_ratio < 1.0;
        if !(tol > 0.0 && tol.is_finite()) || max_iter == 0 || !ratio {
            return Err(Error::option("tol must be > 0, max_iter >= 1 and min_ratio between 0 and 1"));
        }
        let combinations = self.base.n_lambdas.saturating_mul(self.n_lambdas2);
        if !(1..=COMBINATIONS).contains(&combinations) {
            let message = format!("n_lambdas and n_lambdas2 must be >= 1, their product at most {COMBINATIONS}");
            return Err(Error::option(message));
        }
        Ok(())
    }

    /// What to know about the choice and the solution; why the tolerance was missed stands last.
    fn warnings(&self, found: &Found) -> Vec<String> {
        let chosen = found.tried[found.chosen];
        let is_chosen = matches!(self.base.lambda, Lambda::Rule(_));
        let others = || found.tried.iter().filter_map(|one| one.lambda);
        let (least, most) = (others().fold(f64::INFINITY, f64::min), others().fold(0.0, f64::max));
        let at_end = chosen.lambda.filter(|lambda| is_chosen && least < most && *lambda == least).map(|lambda| {
            format!(
                "the smallest lambda of the grid ({}) was chosen: a smaller one may be better; extend the grid with a \
                 smaller min_ratio",
                number(lambda)
            )
        });
        let missed = found.tried.iter().filter(|one| !one.converged).count();
        let compared = (missed > 0 && found.tried.len() > 1)
            .then(|| format!("{missed} of the solutions that were compared did not converge: raise max_iter, or tol"));
        at_end.into_iter().chain(compared).chain(found.solution.warning.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(JointGraphicalLasso::from_options(&options).unwrap(), JointGraphicalLasso::default());
    }

    #[test]
    fn options_that_do_not_go_together_are_refused() {
        let error = |given: &[(&str, Value)]| {
            let given: Vec<(String, Value)> =
                given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            JointGraphicalLasso::from_options(&RECORD.check(&given).unwrap()).unwrap_err()
        };
        let two = error(&[("lambda", "bic".into()), ("lambda2", "aic".into())]);
        assert!(two.message().contains("chosen together"), "{two}");
        let given = [("lambda", Value::Float(0.1)), ("lambda2", Value::Float(0.1))];
        for (name, value) in
            [("n_lambdas", Value::Int(3)), ("gamma", Value::Float(0.5)), ("min_ratio", Value::Float(0.5))]
        {
            let error = error(&[given[0].clone(), given[1].clone(), (name, value)]);
            assert!(error.message().contains(name), "{error}");
        }
        let folds = error(&[("lambda", Value::Float(0.1)), ("folds", Value::Int(3))]);
        assert!(folds.message().contains("goes with \"cv\""), "{folds}");
    }
}
