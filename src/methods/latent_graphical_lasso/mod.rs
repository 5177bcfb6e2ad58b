//! The latent-variable graphical lasso: a sparse graph beside a low-rank part, which stands for variables that nobody
//! measured.

mod options;
mod result;
mod search;

use super::graphical_lasso::GraphicalLasso;
use super::setters::setters;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Criterion, Fit, Input, JointFit, Property, Record, Run};
use crate::problem::Coupling;
use crate::select::{Rule, check_rule};
use crate::solver::graphical_lasso::Settings;
use crate::value::Value;

pub use super::lambda::Lambda;

/// The relative gap that is reached where nothing is said.
const DEFAULT_TOL: f64 = 1e-7;

/// The record.
pub static RECORD: Record = Record {
    verb: "latent_graphical_lasso",
    constructor: Some("LatentGraphicalLasso"),
    area: Area::Recover,
    summary: "A sparse graph beside a low-rank part for variables that were not measured",
    details: "Minimises -logdet R + tr(S R) + sum_ij Lambda_ij |Theta_ij| + mu tr L over R = Theta - L positive definite and L \
positive semidefinite. If the measured variables and a few hidden ones are Gaussian together, Theta is the precision matrix of the \
measured ones given the hidden ones, and L, of low rank, what the hidden ones do to them: .graph, .edges and .n_edges are those \
of the sparse part Theta, while .precision, .covariance, .partial_correlation and .loglik are those of R, the measured \
variables alone. The diagonal is free unless `penalize_diagonal`. Columns on different scales get different effective penalties: \
standardize first. A large mu leaves no low-rank part, which is the graphical lasso; where lambda / mu is large, L takes what is \
shared by many, and a small lambda beside a large mu leaves a dense Theta. Sparse and low rank can only be told apart where the \
hidden variables act on many measured ones and no measured one has very many neighbours: look at .criteria, and at fits of \
other lambda and mu. `rank` takes, instead of mu, the largest mu (to a percent) whose low-rank part has that rank. A rule for \
lambda or mu chooses both on a grid, unless one was given: \"ebic\" \"bic\" \"aic\" count the edges, and each of the p r - r (r - 1) / 2 \
numbers of a low-rank part of rank r as log n (\"aic\": 2), \"cv\" takes the held-out likelihood. The solution is certified as that \
of graphical_lasso: `fit.gap` and `fit.kkt`. L is eliminated in closed form, Theta found by proximal Newton steps. \
A list of data sets is fitted together: sum over k of w_k (-logdet R_k + tr(S_k R_k)) + mu tr L_k, with the same lambda for all \
and lambda2 times the `penalty` of the entries of the Theta_k at each pair, off the diagonal in both orders: \"group\" their norm, \
\"fused\" the differences of all data sets, \"chain\" those of neighbours in the list. w_k is K n_k / sum n, or 1 with \
`set_weights: \"equal\"` and where n is not known.",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[
        Property { name: "sparse_part", help: "Theta, p x p, whose graph the fit has (Matrix)" },
        Property { name: "low_rank", help: "L, p x p; the precision matrix is sparse_part - low_rank (Matrix)" },
        Property { name: "rank", help: "Rank of L (int)" },
        Property { name: "eigenvalues", help: "Eigenvalues of L above 0, largest first (Vector)" },
        Property {
            name: "latent_loadings",
            help: "F, p x rank, with L = F F': what the hidden variables do, up to a rotation (Matrix)",
        },
        Property { name: "mu", help: "The penalty on the trace of L (float)" },
        Property { name: "objective", help: "The minimum that was reached; of a list that of all data sets (float)" },
        Property {
            name: "criteria",
            help: "What a rule chose from: lambda, mu, edges, rank and value of every combination (Table)",
        },
    ],
    reference: "Chandrasekaran, Parrilo, Willsky, Annals of Statistics 40:1935 (2012); Ma, Xue, Zou, Neural Computation 25:2172 (2013)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let fit = x.latent_graphical_lasso(#{ lambda: 0.2, mu: 1.0 });\n\
              print(fit.n_edges);\nprint(fit.rank);\nprint(fit.eigenvalues);",
    run: Run::FitOrJoint {
        fit: |input, options, ctx| {
            options::refuse_joint(options)?;
            LatentGraphicalLasso::from_options(options)?.fit_input(input, ctx)
        },
        joint: |inputs, options, ctx| LatentGraphicalLasso::from_options(options)?.fit_inputs(inputs, ctx),
    },
};

/// More combinations than this are a mistake.
const MOST: usize = 10_000;

/// What decides on the low-rank part.
#[derive(Debug, Clone, Copy, PartialEq)]
enum LowRank {
    /// The penalty on its trace.
    Mu(f64),
    /// Its rank.
    Rank(usize),
    /// The rule.
    Chosen,
}

/// The latent-variable graphical lasso and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::latent_graphical_lasso::LatentGraphicalLasso};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3)) % 7) as f64 + 0.1 * j as f64);
/// let fit = LatentGraphicalLasso::new().lambda(0.3).mu(2.0).fit(&x, &Context::new())?;
/// assert!(fit.certificate()?.relative_gap() < 1e-7);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LatentGraphicalLasso {
    /// Penalty of the sparse part, weights, tolerance and grid as the graphical lasso has them.
    base: GraphicalLasso,
    low_rank: LowRank,
    /// What chooses where lambda or mu is not given.
    rule: Rule,
    n_mus: usize,
    coupling: Coupling,
    lambda2: Option<f64>,
    has_equal_weights: bool,
}

impl Default for LatentGraphicalLasso {
    fn default() -> Self {
        let rule = Rule::from(Criterion::Ebic { gamma: 0.5 });
        let mut base = GraphicalLasso::new().lambda(rule).tol(DEFAULT_TOL).max_iter(500);
        (base.n_lambdas, base.min_ratio) = (10, 0.05);
        Self {
            base,
            low_rank: LowRank::Chosen,
            rule,
            n_mus: 6,
            coupling: Coupling::Group,
            lambda2: None,
            has_equal_weights: false,
        }
    }
}

impl LatentGraphicalLasso {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    /// Penalty on the sparse part: a number, a p x p matrix, or a rule that chooses one (an information criterion or
    /// cross-validation).
    #[must_use]
    pub fn lambda(mut self, lambda: impl Into<Lambda>) -> Self {
        self.base.lambda = lambda.into();
        if let Lambda::Rule(rule) = self.base.lambda {
            self.rule = rule;
        }
        self
    }

    setters! {
        /// Penalty on the trace of the low-rank part, more than 0.
        mu: f64 => low_rank = LowRank::Mu;
        /// With the largest mu whose low-rank part has this rank.
        rank: usize => low_rank = LowRank::Rank;
        /// Factors of lambda, p x p: 0 leaves an edge free, infinity forbids it.
        weights: Matrix => base.weights = Some;
        /// Whether the diagonal of the sparse part is penalised too.
        penalize_diagonal: bool => base.penalize_diagonal;
        /// Whether data sets count alike, whatever their samples.
        equal_weights: bool => has_equal_weights;
        /// Bound on the relative duality gap.
        tol: f64 => base.tol;
        /// Newton steps at most.
        max_iter: usize => base.max_iter;
    }

    /// What draws the sparse parts of several data sets together, and how strongly.
    #[must_use]
    pub fn coupling(mut self, coupling: Coupling, lambda2: f64) -> Self {
        (self.coupling, self.lambda2) = (coupling, Some(lambda2));
        self
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a rank that no mu gives, a problem without a minimum, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`LatentGraphicalLasso::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let inputs = std::slice::from_ref(input);
        self.check(inputs)?;
        let builder = Fit::builder(RECORD.verb, input, self.recorded(inputs), ctx);
        let found = self.search(inputs, ctx)?;
        result::one(builder, input, &found, self.base.settings(), ctx)
    }

    /// Fits data sets over the same variables together.
    ///
    /// # Errors
    /// As [`LatentGraphicalLasso::fit`], and a `rank`, which one data set alone can have.
    pub fn fit_inputs(&self, inputs: &[Input], ctx: &Context) -> Result<JointFit> {
        self.check(inputs)?;
        let builder = JointFit::builder(RECORD.verb, self.recorded(inputs), ctx);
        let found = self.search(inputs, ctx)?;
        result::several(builder, inputs, &found, self.base.settings(), ctx)
    }

    /// Whether a rule has something to choose.
    fn chooses(&self) -> bool {
        matches!(self.base.lambda, Lambda::Rule(_)) || self.low_rank == LowRank::Chosen
    }

    /// What Rust callers can get wrong, and what depends on the data.
    fn check(&self, inputs: &[Input]) -> Result<()> {
        let Some(first) = inputs.first() else {
            return Err(Error::argument(format!("{}: the list of data sets is empty", RECORD.verb)));
        };
        if inputs.iter().any(|input| input.p() != first.p()) {
            return Err(Error::shape("data sets have different numbers of variables"));
        }
        self.base.check_lambda()?;
        if self.lambda2.is_some_and(|lambda2| !(lambda2.is_finite() && lambda2 >= 0.0)) {
            return Err(Error::option("lambda2 must be a number >= 0"));
        }
        self.base.check_once()?;
        let Settings { tol, max_iter } = self.base.settings();
        let is_ratio = self.base.min_ratio > 0.0 && self.base.min_ratio < 1.0;
        if !(tol > 0.0 && tol.is_finite() && is_ratio) || max_iter == 0 {
            return Err(Error::option("tol must be > 0, max_iter >= 1, min_ratio between 0 and 1"));
        }
        if !(1..=MOST).contains(&self.base.n_lambdas.saturating_mul(self.n_mus)) {
            return Err(Error::option(format!("n_lambdas and n_mus must be >= 1, their product at most {MOST}")));
        }
        self.check_low_rank(inputs.len(), first.p())?;
        self.check_rule(inputs)
    }

    fn check_low_rank(&self, count: usize, p: usize) -> Result<()> {
        match self.low_rank {
            LowRank::Mu(mu) if !(mu.is_finite() && mu > 0.0) => {
                Err(Error::option(format!("mu must be a number > 0, not {mu}"))
                    .with_hint("without a penalty the low-rank part takes everything"))
            }
            LowRank::Rank(_) if count > 1 => {
                Err(Error::option("option 'rank' goes with one data set: of several, each has its own rank")
                    .with_hint("give mu, or leave both out, and the rule chooses"))
            }
            LowRank::Rank(rank) if rank >= p => {
                Err(Error::option(format!("rank must be less than the number of variables, {p}, not {rank}"))
                    .with_hint("a low-rank part is one of few hidden variables"))
            }
            _ => Ok(()),
        }
    }

    fn check_rule(&self, inputs: &[Input]) -> Result<()> {
        if !self.chooses() {
            return Ok(());
        }
        check_rule(&self.rule)?;
        if matches!(self.rule, Rule::Stars { .. } | Rule::Ric { .. }) {
            let message = format!("{} chooses by \"ebic\", \"bic\", \"aic\" or \"cv\"", RECORD.verb);
            return Err(Error::option(format!("{message}, not by \"{}\"", self.rule.name())));
        }
        inputs.iter().try_for_each(|input| super::graphical_lasso_path::check_choosable(input, self.rule))
    }

    fn recorded(&self, inputs: &[Input]) -> Vec<(String, Value)> {
        let base = &self.base;
        let mut options = vec![("lambda".to_string(), base.lambda.recorded())];
        let mut add = |name: &str, value: Value| options.push((name.to_string(), value));
        match self.low_rank {
            LowRank::Mu(mu) => add("mu", mu.into()),
            LowRank::Rank(rank) => add("rank", rank.into()),
            LowRank::Chosen => add("mu", self.rule.name().into()),
        }
        if self.chooses() {
            self.rule
                .recorded()
                .into_iter()
                .filter(|(name, _)| name != "one_se")
                .for_each(|(name, value)| add(&name, value));
            if matches!(self.base.lambda, Lambda::Rule(_)) {
                add("n_lambdas", base.n_lambdas.into());
            }
            if self.low_rank == LowRank::Chosen {
                add("n_mus", self.n_mus.into());
            }
            add("min_ratio", base.min_ratio.into());
        }
        let mut own: Vec<(&'static str, Value)> = Vec::new();
        if inputs.len() > 1 {
            own.push(("penalty", self.coupling.name().into()));
            own.extend(self.lambda2.map(|lambda2| ("lambda2", lambda2.into())));
            own.push(("set_weights", if self.has_equal_weights { "equal" } else { "samples" }.into()));
        }
        own.push(("penalize_diagonal", base.penalize_diagonal.into()));
        options.extend(base.recorded_with(own));
        options.extend(inputs.iter().take(1).flat_map(Input::recorded));
        options
    }
}
