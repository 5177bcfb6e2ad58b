//! Solutions along a grid of penalties, and the choice of one of them.

use std::borrow::Cow;
use std::sync::Arc;

use super::diagonal::unused_diagonal;
use super::{Convention, Estimate, Fit, Input};
use crate::context::Context;
use crate::data::number;
use crate::engine_type;
use crate::error::{Error, ErrorKind, Result};
use crate::linalg::SparseSymmetric;
use crate::problem::Certificate;
use crate::value::Value;

/// One solution of a path.
#[derive(Debug, Clone)]
pub struct Point {
    /// The penalty.
    pub lambda: f64,
    /// The precision matrix, p x p.
    pub precision: SparseSymmetric,
    /// log det Theta - tr(S Theta), or what the path's [`Convention`] has for it.
    pub likelihood: f64,
    /// Gap and KKT violation.
    pub certificate: Certificate,
    /// Which algorithms were used.
    pub solver: Cow<'static, str>,
    /// Sweeps of this solve.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// Why the tolerance was not reached.
    pub warning: Option<String>,
    /// What the method adds to the fit of this solution.
    pub added: Vec<(String, Value)>,
}

impl Point {
    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.precision.n_pairs()
    }
}

/// How to choose a penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Criterion {
    /// Akaike: -2 loglik + 2 E.
    Aic,
    /// Schwarz: -2 loglik + E log n.
    Bic,
    /// Foygel and Drton: BIC + 4 gamma E log p.
    Ebic {
        /// From 0 (the BIC) to 1.
        gamma: f64,
    },
}

impl Criterion {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["ebic", "bic", "aic"];

    /// The criterion that a word stands for.
    pub fn parse(name: &str, gamma: f64) -> Option<Self> {
        match name {
            "aic" => Some(Self::Aic),
            "bic" => Some(Self::Bic),
            "ebic" => Some(Self::Ebic { gamma }),
            _ => None,
        }
    }

    /// Its value; smaller is better.
    pub fn value(self, loglik: f64, edges: usize, n: usize, p: usize) -> f64 {
        match self {
            Self::Aic => 2.0 * edges as f64 - 2.0 * loglik,
            Self::Bic => information_criterion(loglik, edges, n, p, 0.0),
            Self::Ebic { gamma } => information_criterion(loglik, edges, n, p, gamma),
        }
    }
}

/// -2 loglik + E log n + 4 gamma E log p.
pub(super) fn information_criterion(loglik: f64, edges: usize, n: usize, p: usize, gamma: f64) -> f64 {
    let edges = edges as f64;
    edges * ((n as f64).ln() + 4.0 * gamma * (p as f64).ln()) - 2.0 * loglik
}

/// Solves the path's problem for other data at these penalties, largest first.
pub type Solve = Arc<dyn Fn(&Input, &[f64], &Context) -> Result<Vec<Point>> + Send + Sync>;

/// Solutions along descending penalties. Clones share them.
#[derive(Debug, Clone)]
pub struct Path(Arc<Solved>);

engine_type!(Path, "Path", saved);

/// What a method knows about the path that it has solved.
pub struct Solved {
    /// The verb that computed the path.
    pub verb: &'static str,
    /// The verb that its fits carry.
    pub method: Cow<'static, str>,
    /// The data.
    pub input: Input,
    /// The solutions, in order of descending penalty.
    pub points: Vec<Point>,
    /// The options that held.
    pub options: Vec<(String, Value)>,
    /// Time inside the engine.
    pub seconds: f64,
    /// The same for other data.
    pub solve: Solve,
}

impl std::fmt::Debug for Solved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Solved").field("verb", &self.verb).field("points", &self.points.len()).finish_non_exhaustive()
    }
}

/// The options of the grid that a path was solved on.
pub const GRID_OPTIONS: [&str; 3] = ["lambdas", "n_lambdas", "min_ratio"];

/// How a solution was chosen.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The rule and its options, which the fit records; its lambda when empty.
    pub options: Vec<(String, Value)>,
    /// Whether the fit records the options of the grid too, because the choice was made along it.
    pub is_on_grid: bool,
    /// The rule's value for every penalty.
    pub selection: Option<Value>,
    /// What the user should know about the choice.
    pub warnings: Vec<String>,
    /// Time that the choice took inside the engine, beside that of the path.
    pub seconds: f64,
}

impl Path {
    /// The path that was solved.
    ///
    /// # Errors
    /// A solution that did not converge, where the context is strict.
    pub fn new(solved: Solved, ctx: &Context) -> Result<Self> {
        let path = Self(Arc::new(solved));
        let missed = path.unconverged().next();
        match missed {
            Some(why) if ctx.is_strict() => {
                let method = path.method();
                Err(Error::new(ErrorKind::NotConverged, format!("the path of {method} did not converge {why}")))
            }
            _ => Ok(path),
        }
    }

    /// The verb that computed the path.
    pub fn verb(&self) -> &'static str {
        self.0.verb
    }

    /// The verb that its fits carry.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The options that held.
    pub fn options(&self) -> &[(String, Value)] {
        &self.0.options
    }

    /// The same problem for other data at these penalties, largest first.
    ///
    /// # Errors
    /// Whatever the method reports.
    pub fn solve(&self, input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Vec<Point>> {
        (self.0.solve)(input, lambdas, ctx)
    }

    /// The solutions, largest penalty first.
    pub fn points(&self) -> &[Point] {
        &self.0.points
    }

    /// The input that the path was computed for.
    pub fn input(&self) -> &Input {
        &self.0.input
    }

    /// Time inside the engine, in seconds.
    pub fn seconds(&self) -> f64 {
        self.0.seconds
    }

    /// What the user should know about this path.
    pub fn warnings(&self) -> Vec<String> {
        let diagonal = unused_diagonal(&self.0.options).map(String::from);
        self.0.input.warnings().into_iter().chain(diagonal).chain(self.unconverged()).collect()
    }

    /// Which solutions did not converge, and why.
    fn unconverged(&self) -> impl Iterator<Item = String> {
        let missed = self.0.points.iter().filter_map(|point| point.warning.as_ref().map(|why| (point.lambda, why)));
        missed.map(|(lambda, why)| format!("at lambda {}: {why}", number(lambda)))
    }

    /// Whose definitions of S and of the criteria hold.
    pub fn convention(&self) -> Convention {
        Convention::of(&self.0.options)
    }

    /// The log-likelihood of every solution.
    ///
    /// # Errors
    /// When the number of samples is not known.
    pub fn logliks(&self) -> Result<Vec<f64>> {
        let (n, p) = (self.samples()?, self.0.input.p());
        Ok(self.0.points.iter().map(|point| self.convention().loglik(point.likelihood, n, p)).collect())
    }

    /// The criterion's value of every solution; smaller is better.
    ///
    /// # Errors
    /// When the number of samples is not known.
    pub fn criterion(&self, criterion: Criterion) -> Result<Vec<f64>> {
        let (n, p) = (self.samples()?, self.0.input.p());
        let loglik = |point: &Point| self.convention().in_criteria(point.likelihood, n, p);
        Ok(self.0.points.iter().map(|point| criterion.value(loglik(point), point.n_edges(), n, p)).collect())
    }

    fn samples(&self) -> Result<usize> {
        self.0.input.n().ok_or_else(|| {
            Error::argument("a criterion needs the number of samples")
                .with_hint("give it with the covariance: `n: 100`")
        })
    }

    /// The solution at `position` as a fit.
    ///
    /// # Errors
    /// A position out of range; memory.
    pub fn fit(&self, position: usize, ctx: &Context) -> Result<Fit> {
        let count = self.0.points.len();
        let point = self.0.points.get(position).ok_or_else(|| {
            Error::index(format!("solution {position} is out of range: the path has {count} solutions"))
        })?;
        self.fit_of(point, Chosen::default(), ctx)
    }

    /// One solution of this path's problem as a fit.
    ///
    /// # Errors
    /// Memory; not converged, where the context is strict.
    pub fn fit_of(&self, point: &Point, chosen: Chosen, ctx: &Context) -> Result<Fit> {
        let inner = &self.0;
        let Chosen { mut options, is_on_grid, selection, warnings, seconds } = chosen;
        if options.is_empty() {
            options.push(("lambda".into(), point.lambda.into()));
        }
        let is_kept = |name: &str| is_on_grid || !GRID_OPTIONS.contains(&name);
        options.extend(inner.options.iter().filter(|(name, _)| is_kept(name)).cloned());
        let mut builder = Fit::builder(inner.method.clone(), &inner.input, options, ctx)
            .lambda(Value::Float(point.lambda))
            .likelihood(point.likelihood)
            .certificate(point.certificate)
            .solver(point.solver.clone(), point.iterations, point.converged)
            .seconds(inner.seconds + seconds);
        if let Some(selection) = selection {
            builder = builder.selection(selection);
        }
        for (name, value) in &point.added {
            builder = builder.add(name.clone(), value.clone());
        }
        // Why it did not converge stands last, where a strict context looks for it.
        for warning in warnings.into_iter().chain(point.warning.clone()) {
            builder.warn(warning);
        }
        builder.finish(Estimate::precision(point.precision.clone(), inner.input.names()), ctx)
    }

    /// As JSON: penalties, edges, likelihoods and certificates.
    pub fn to_json(&self) -> serde_json::Value {
        let points: Vec<serde_json::Value> = self
            .0
            .points
            .iter()
            .map(|point| {
                serde_json::json!({
                    "lambda": point.lambda, "n_edges": point.n_edges(), "gap": point.certificate.relative_gap(),
                    "kkt": point.certificate.kkt, "iterations": point.iterations, "converged": point.converged,
                })
            })
            .collect();
        serde_json::json!({
            "method": self.0.method, "points": points, "loglik": self.logliks().ok(), "seconds": self.0.seconds,
            "ebic": self.criterion(Criterion::Ebic { gamma: 0.5 }).ok(), "warnings": self.warnings(),
        })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let points = &self.0.points;
        let ebic = self.criterion(Criterion::Ebic { gamma: 0.5 }).ok();
        writeln!(f, "Path of {}, {} solutions, {} s", self.0.method, points.len(), number(self.0.seconds))?;
        let headings = ["lambda", "edges", "EBIC", "gap"].map(String::from);
        let cell = |i: usize, j: usize| match j {
            0 => number(points[i].lambda),
            1 => points[i].n_edges().to_string(),
            2 => ebic.as_ref().map_or_else(|| "-".into(), |values| number(values[i])),
            _ => format!("{:.1e}", points[i].certificate.relative_gap()),
        };
        let heading = |at: usize| headings[at].to_string();
        f.write_str(&crate::data::table_text(points.len(), headings.len(), heading, |i| i.to_string(), cell))
    }
}
