//! The result of every method: one type, with what all fits have as fields and what a method adds as properties.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::diagonal::unused_diagonal;
use super::{Convention, Estimate, Input};
use crate::context::Context;
use crate::data::covariance::partial_correlation;
use crate::data::{Column, Matrix, Names, number};
use crate::engine_type;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, Graph};
use crate::linalg::{Cholesky, SparseSymmetric};
use crate::problem::Certificate;
use crate::value::Value;

/// The result of a method. Clones share it.
#[derive(Debug, Clone)]
pub struct Fit(Arc<Inner>);

engine_type!(Fit, "Fit", saved);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) method: Cow<'static, str>,
    pub(super) names: Option<Names>,
    pub(super) p: usize,
    pub(super) n: Option<usize>,
    pub(super) estimate: Estimate,
    pub(super) covariance: OnceLock<Matrix>,
    pub(super) lambda: Option<Value>,
    /// log det Theta - tr(S Theta), where the estimate is a precision matrix.
    pub(super) likelihood: Option<f64>,
    pub(super) certificate: Option<Certificate>,
    pub(super) solver: Cow<'static, str>,
    pub(super) iterations: usize,
    pub(super) converged: bool,
    pub(super) seconds: f64,
    pub(super) seed: u64,
    pub(super) warnings: Vec<String>,
    pub(super) options: Vec<(String, Value)>,
    pub(super) added: Vec<(String, Value)>,
    pub(super) selection: Option<Value>,
}

/// Matrices of tests of all pairs that methods add, and what the edges of the graph call their entries.
const TESTS: [(&str, &str); 2] = [("p_values", "p_value"), ("q_values", "q_value")];

/// Collects what a method finds out, from the start of its work to the finished [`Fit`].
#[derive(Debug)]
pub struct FitBuilder {
    started: Instant,
    input: Input,
    inner: Inner,
}

impl Fit {
    /// Starts the clock for a fit of `method` to `input`.
    pub fn builder(
        method: impl Into<Cow<'static, str>>,
        input: &Input,
        options: Vec<(String, Value)>,
        ctx: &Context,
    ) -> FitBuilder {
        FitBuilder {
            started: Instant::now(),
            input: input.clone(),
            inner: Inner {
                method: method.into(),
                names: input.names().cloned(),
                p: input.p(),
                n: input.n(),
                estimate: Estimate::precision(SparseSymmetric::default(), None),
                covariance: OnceLock::new(),
                lambda: None,
                likelihood: None,
                certificate: None,
                solver: "".into(),
                iterations: 0,
                converged: true,
                seconds: 0.0,
                seed: ctx.seed(),
                warnings: Vec::new(),
                options,
                added: Vec::new(),
                selection: None,
            },
        }
    }
}

impl FitBuilder {
    /// Records the penalty that was used.
    #[must_use]
    pub fn lambda(mut self, lambda: Value) -> Self {
        self.inner.lambda = Some(lambda);
        self
    }

    /// Records log det Theta - tr(S Theta).
    #[must_use]
    pub fn likelihood(mut self, likelihood: f64) -> Self {
        self.inner.likelihood = Some(likelihood);
        self
    }

    /// Records how good the solution is.
    #[must_use]
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.inner.certificate = Some(certificate);
        self
    }

    /// Records which algorithm ran, for how many iterations, and whether it reached its tolerance.
    #[must_use]
    pub fn solver(mut self, solver: impl Into<Cow<'static, str>>, iterations: usize, converged: bool) -> Self {
        self.inner.solver = solver.into();
        self.inner.iterations = iterations;
        self.inner.converged = converged;
        self
    }

    /// Counts time that was spent before the builder was made: a path's.
    #[must_use]
    pub fn seconds(mut self, seconds: f64) -> Self {
        self.inner.seconds += seconds;
        self
    }

    /// Adds a warning: what happened and what to do about it.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.inner.warnings.push(warning.into());
    }

    /// Adds a property of this method, one of those its record lists.
    #[must_use]
    pub fn add(mut self, name: impl Into<String>, value: Value) -> Self {
        self.inner.added.push((name.into(), value));
        self
    }

    /// Records how the penalty was chosen: the rule, and its value for every penalty that was tried.
    #[must_use]
    pub fn selection(mut self, selection: Value) -> Self {
        self.inner.selection = Some(selection);
        self
    }

    /// The fit that estimated `estimate`.
    ///
    /// # Errors
    /// Not converged, where the context is strict.
    pub fn finish(mut self, estimate: Estimate, ctx: &Context) -> Result<Fit> {
        self.inner.estimate = estimate;
        // S has been computed by now. Why the fit did not converge stays last, where strictness looks for it.
        let own = std::mem::replace(&mut self.inner.warnings, self.input.warnings());
        self.inner.warnings.extend(unused_diagonal(&self.inner.options).map(String::from));
        self.inner.warnings.extend(own);
        self.inner.seconds += self.started.elapsed().as_secs_f64();
        if ctx.is_strict() && !self.inner.converged {
            let why = self.inner.warnings.last().cloned().unwrap_or_default();
            return Err(Error::new(ErrorKind::NotConverged, format!("{} did not converge: {why}", self.inner.method)));
        }
        Ok(Fit(Arc::new(self.inner)))
    }
}

impl Fit {
    /// The verb of the method.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The variables' names.
    pub fn names(&self) -> Option<&Names> {
        self.0.names.as_ref()
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        self.0.p
    }

    /// Number of samples, where it is known.
    pub fn n(&self) -> Option<usize> {
        self.0.n
    }

    /// The precision matrix, p x p.
    ///
    /// # Errors
    /// When the method does not estimate one.
    pub fn precision(&self) -> Result<&Matrix> {
        match &self.0.estimate {
            Estimate::Precision(theta) | Estimate::Latent { precision: theta, .. } => Ok(theta.matrix()),
            Estimate::Graph(_) => Err(self.lacks("precision matrix").with_hint("it has .graph()")),
        }
    }

    /// The covariance of the model: the inverse of the precision matrix. Computed when first asked for.
    ///
    /// # Errors
    /// When the method does not estimate a precision matrix; memory, cancellation.
    pub fn covariance(&self, ctx: &Context) -> Result<&Matrix> {
        let theta = self.precision()?;
        if let Some(covariance) = self.0.covariance.get() {
            return Ok(covariance);
        }
        let _held = ctx.reserve_matrices(2, theta.rows(), theta.cols())?;
        let cholesky = Cholesky::checked(theta.view(), ctx)?
            // A fit from a file is what the file says.
            .ok_or_else(|| Error::numerical("the precision matrix of the fit is not positive definite"))?;
        let inverse = cholesky.inverse_checked(ctx)?;
        Ok(self.0.covariance.get_or_init(|| Matrix::square(inverse, theta.names())))
    }

    /// Partial correlations, p x p with a unit diagonal.
    ///
    /// # Errors
    /// When the method does not estimate a precision matrix.
    pub fn partial_correlation(&self) -> Result<Matrix> {
        self.precision().map(partial_correlation)
    }

    /// The recovered graph: partial correlations as weights, unless the method gives another one. Where the fit has
    /// p-values or q-values of all pairs, its edges have theirs as the attributes `p_value` and `q_value`.
    ///
    /// Edges with |weight| at or below `threshold` are left out.
    ///
    /// # Errors
    /// Never for a finished fit; the type says so because graphs check their edges.
    pub fn graph(&self, threshold: f64) -> Result<Graph> {
        let graph = match &self.0.estimate {
            Estimate::Precision(theta) | Estimate::Latent { sparse: theta, .. } => theta.graph(threshold)?,
            Estimate::Graph(graph) => graph.above(threshold),
        };
        TESTS.iter().try_fold(graph, |graph, (matrix, attribute)| self.with_tests(graph, matrix, attribute))
    }

    /// The graph whose edges have their entries of an added matrix as an attribute, unless the method gave it to them.
    fn with_tests(&self, graph: Graph, matrix: &str, attribute: &str) -> Result<Graph> {
        let found = self.added(matrix).ok().and_then(|value| value.object::<Matrix>());
        let of_pairs = found.filter(|m| m.rows() == graph.n_nodes() && m.cols() == graph.n_nodes());
        let has_it = graph.edge_attributes().iter().any(|(known, _)| known == attribute);
        let Some(values) = of_pairs.filter(|_| !has_it) else { return Ok(graph) };
        let of_edge = |edge: &Edge| values.view()[(edge.source, edge.target)];
        let column = Column::numbers(graph.edges().iter().map(of_edge).collect());
        graph.with_edge_attribute(attribute, column)
    }

    /// Number of edges of the graph.
    ///
    /// # Errors
    /// As [`Fit::graph`].
    pub fn n_edges(&self) -> Result<usize> {
        match &self.0.estimate {
            Estimate::Precision(theta) | Estimate::Latent { sparse: theta, .. } => Ok(theta.entries().n_pairs()),
            Estimate::Graph(graph) => Ok(graph.n_edges()),
        }
    }

    /// How the penalty was chosen: `rule`, `lambdas` and the rule's `values`; none where it was given.
    pub fn selection(&self) -> Option<&Value> {
        self.0.selection.as_ref()
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The penalty that was used.
    pub fn lambda(&self) -> Option<&Value> {
        self.0.lambda.as_ref()
    }

    /// The Gaussian log-likelihood n/2 (log det Theta - tr(S Theta) - p log 2 pi), or that of the fit's [`Convention`].
    ///
    /// # Errors
    /// When the number of samples is not known, or there is no precision matrix.
    pub fn loglik(&self) -> Result<f64> {
        Ok(self.convention().loglik(self.likelihood()?, self.samples()?, self.0.p))
    }

    fn likelihood(&self) -> Result<f64> {
        self.0.likelihood.ok_or_else(|| self.lacks("likelihood"))
    }

    /// Whose definitions of S and of the criteria hold.
    pub fn convention(&self) -> Convention {
        Convention::of(&self.0.options)
    }

    /// The extended BIC of Foygel and Drton (NIPS 2010): -2 loglik + E log n + 4 gamma E log p; gamma = 0 is the BIC. Each
    /// number of a low-rank part adds log n.
    ///
    /// # Errors
    /// When the number of samples is not known, or there is no precision matrix.
    pub fn ebic(&self, gamma: f64) -> Result<f64> {
        let (likelihood, n, p) = (self.likelihood()?, self.samples()?, self.0.p);
        let loglik = self.convention().in_criteria(likelihood, n, p);
        let of_low_rank = self.0.estimate.low_rank_parameters() as f64 * (n as f64).ln();
        Ok(super::path::information_criterion(loglik, self.n_edges()?, n, p, gamma) + of_low_rank)
    }

    fn samples(&self) -> Result<usize> {
        self.0.n.ok_or_else(|| {
            Error::argument("the number of samples is not known").with_hint("give it with the covariance: `n: 100`")
        })
    }

    /// Duality gap and KKT violation.
    ///
    /// # Errors
    /// When the method minimises nothing that has them.
    pub fn certificate(&self) -> Result<&Certificate> {
        self.0.certificate.as_ref().ok_or_else(|| self.lacks("duality gap"))
    }

    /// Which algorithm ran.
    pub fn solver(&self) -> &str {
        &self.0.solver
    }

    /// How many iterations it took.
    pub fn iterations(&self) -> usize {
        self.0.iterations
    }

    /// Whether the tolerance was reached.
    pub fn converged(&self) -> bool {
        self.0.converged
    }

    /// Time inside the engine, in seconds.
    pub fn seconds(&self) -> f64 {
        self.0.seconds
    }

    /// The seed under which the fit ran.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// What the user should know about this fit.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// The options that held.
    pub fn options(&self) -> &[(String, Value)] {
        &self.0.options
    }

    /// A property that the method adds.
    ///
    /// # Errors
    /// When this fit's method does not have it.
    pub fn added(&self, name: &str) -> Result<&Value> {
        let found = self.0.added.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.ok_or_else(|| self.lacks(name))
    }

    fn lacks(&self, what: &str) -> Error {
        Error::argument(format!("a fit of {} has no {what}", self.0.method))
    }

    /// What a person wants to know about the fit, a line each: label and text.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = Vec::new();
        let samples = self.0.n.map_or_else(|| "an unknown number of".to_string(), |n| n.to_string());
        facts.push(("data", format!("{samples} samples, {} variables", self.0.p)));
        if let Some(lambda) = &self.0.lambda {
            facts.push(("lambda", lambda.as_number().map_or_else(|| lambda.brief(), number)));
        }
        if self.convention() != Convention::default() {
            facts.push(("convention", self.convention().name().into()));
        }
        if let Ok(graph) = self.graph(0.0) {
            facts.push(("edges", format!("{} (density {})", graph.n_edges(), number(graph.density()))));
        }
        if let Ok(loglik) = self.loglik() {
            facts.push(("log-likelihood", number(loglik)));
        }
        if let Ok(ebic) = self.ebic(0.5) {
            facts.push(("EBIC (gamma 0.5)", number(ebic)));
        }
        let state = if self.0.converged { "converged" } else { "NOT converged" };
        facts.push(("solver", format!("{}, {} iterations, {state}", self.0.solver, self.0.iterations)));
        if let Some(certificate) = &self.0.certificate {
            let gap = certificate.relative_gap();
            facts.push(("relative gap", format!("{gap:.1e} (largest KKT violation {:.1e})", certificate.kkt)));
        }
        facts.push(("seconds", number(self.0.seconds)));
        facts.extend(self.0.warnings.iter().map(|warning| ("warning", warning.clone())));
        facts
    }

    /// As JSON: everything about the fit; edges instead of a second dense matrix.
    pub fn to_json(&self) -> serde_json::Value {
        let inner = &self.0;
        let mut map = serde_json::json!({
            "method": inner.method, "names": inner.names.as_ref().map(Names::as_slice), "n": inner.n, "p": inner.p,
            "lambda": inner.lambda.as_ref().map(Value::to_json), "loglik": self.loglik().ok(),
            "bic": self.ebic(0.0).ok(), "ebic": self.ebic(0.5).ok(),
            "selection": inner.selection.as_ref().map(Value::to_json),
            "gap": inner.certificate.map(|c| c.relative_gap()), "gap_absolute": inner.certificate.map(|c| c.gap),
            "kkt": inner.certificate.map(|c| c.kkt), "solver": inner.solver, "iterations": inner.iterations,
            "converged": inner.converged, "seconds": inner.seconds, "seed": inner.seed, "warnings": inner.warnings,
            "options": Value::Map(inner.options.clone()).to_json(),
            "precision": self.precision().ok().map(Matrix::to_json), "graph": self.graph(0.0).ok().map(|g| g.to_json()),
        });
        if let Some(map) = map.as_object_mut() {
            map.extend(inner.added.iter().map(|(name, value)| (name.clone(), value.to_json())));
        }
        map
    }
}

impl std::fmt::Display for Fit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.method)?;
        for (label, text) in self.facts() {
            write!(f, "\n  {label:<18}{text}")?;
        }
        Ok(())
    }
}
