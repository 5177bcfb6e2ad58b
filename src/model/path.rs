//! Solutions along a grid of penalties, and the choice of one of them.

use std::sync::Arc;

use super::fit::log_likelihood;
use super::{Estimate, Fit, Input};
use crate::context::Context;
use crate::data::{Matrix, Names, number};
use crate::engine_type;
use crate::error::{Error, ErrorKind, Result};
use crate::problem::Certificate;
use crate::value::Value;

/// One solution of a path.
#[derive(Debug, Clone)]
pub struct Point {
    /// The penalty.
    pub lambda: f64,
    /// Non-zero entries (i, j, value) of the precision matrix with i <= j.
    pub entries: Vec<(u32, u32, f64)>,
    /// log det Theta - tr(S Theta).
    pub likelihood: f64,
    /// Gap and KKT violation.
    pub certificate: Certificate,
    /// Which algorithms were used.
    pub solver: &'static str,
    /// Sweeps of this solve.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// Why the tolerance was not reached.
    pub warning: Option<String>,
    /// What the method adds to the fit of this solution.
    pub added: Vec<(&'static str, Value)>,
}

impl Point {
    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.entries.iter().filter(|(i, j, _)| i != j).count()
    }

    /// The precision matrix, p x p.
    pub fn precision(&self, p: usize, names: Option<&Names>) -> Matrix {
        let mut theta = ndarray::Array2::zeros((p, p));
        for &(i, j, value) in &self.entries {
            theta[(i as usize, j as usize)] = value;
            theta[(j as usize, i as usize)] = value;
        }
        Matrix::square(theta, names)
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

/// Solutions along descending penalties. Clones share them.
#[derive(Debug, Clone)]
pub struct Path(Arc<Inner>);

engine_type!(Path, "Path");

#[derive(Debug)]
struct Inner {
    method: &'static str,
    input: Input,
    points: Vec<Point>,
    options: Vec<(String, Value)>,
    seconds: f64,
    warnings: Vec<String>,
}

impl Path {
    /// A path of `method` over `input`; the points are in order of descending penalty.
    ///
    /// # Errors
    /// A solution that did not converge, where the context is strict.
    pub fn new(
        method: &'static str,
        input: Input,
        points: Vec<Point>,
        options: Vec<(String, Value)>,
        seconds: f64,
        ctx: &Context,
    ) -> Result<Self> {
        let missed = points.iter().filter_map(|point| point.warning.as_ref().map(|why| (point.lambda, why)));
        let warnings: Vec<String> =
            missed.map(|(lambda, why)| format!("at lambda {}: {why}", number(lambda))).collect();
        match warnings.first() {
            Some(why) if ctx.is_strict() => {
                Err(Error::new(ErrorKind::NotConverged, format!("the path of {method} did not converge {why}")))
            }
            _ => Ok(Self(Arc::new(Inner { method, input, points, options, seconds, warnings }))),
        }
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
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// The log-likelihood of every solution.
    ///
    /// # Errors
    /// When the number of samples is not known.
    pub fn logliks(&self) -> Result<Vec<f64>> {
        let n = self.samples()?;
        Ok(self.0.points.iter().map(|point| log_likelihood(point.likelihood, n, self.0.input.p())).collect())
    }

    /// The criterion's value of every solution; smaller is better.
    ///
    /// # Errors
    /// When the number of samples is not known.
    pub fn criterion(&self, criterion: Criterion) -> Result<Vec<f64>> {
        let (n, p) = (self.samples()?, self.0.input.p());
        let values = self.0.points.iter().zip(self.logliks()?);
        Ok(values.map(|(point, loglik)| criterion.value(loglik, point.n_edges(), n, p)).collect())
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
        self.fit_with(position, Vec::new(), ctx)
    }

    /// The solution with the smallest criterion; of equal ones the sparsest. A choice at an end of the grid is a
    /// warning on the fit.
    ///
    /// # Errors
    /// When the number of samples is not known; memory.
    pub fn select(&self, criterion: Criterion, ctx: &Context) -> Result<Fit> {
        let values = self.criterion(criterion)?;
        // `min_by` keeps the first of equal values: the largest penalty.
        let best = values.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(position, _)| position);
        let last = self.0.points.len() - 1;
        let lambda = number(self.0.points[best].lambda);
        let warning = match best {
            _ if last == 0 => None,
            0 => Some(format!(
                "the largest lambda of the grid ({lambda}) was chosen: the criterion sees no edge worth its cost; \
                 with more samples, or a smaller gamma, it may"
            )),
            _ if best == last => Some(format!(
                "the smallest lambda of the grid ({lambda}) was chosen: a smaller one may be better; \
                 extend the grid with a smaller min_ratio"
            )),
            _ => None,
        };
        self.fit_with(best, warning.into_iter().collect(), ctx)
    }

    fn fit_with(&self, position: usize, warnings: Vec<String>, ctx: &Context) -> Result<Fit> {
        let inner = &self.0;
        let p = inner.input.p();
        let count = inner.points.len();
        let point = inner.points.get(position).ok_or_else(|| {
            Error::index(format!("solution {position} is out of range: the path has {count} solutions"))
        })?;
        let _held = ctx.reserve_matrices(1, p, p)?;
        let mut builder = Fit::builder(inner.method, &inner.input, inner.options.clone(), ctx)
            .lambda(Value::Float(point.lambda))
            .likelihood(point.likelihood)
            .certificate(point.certificate)
            .solver(point.solver, point.iterations, point.converged)
            .seconds(inner.seconds);
        for (name, value) in &point.added {
            builder = builder.add(name, value.clone());
        }
        for warning in point.warning.iter().cloned().chain(warnings) {
            builder.warn(warning);
        }
        builder.finish(Estimate::Precision(point.precision(p, inner.input.names())), ctx)
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
            "ebic": self.criterion(Criterion::Ebic { gamma: 0.5 }).ok(), "warnings": self.0.warnings,
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
        f.write_str(&crate::data::table_text(points.len(), &headings, |i| i.to_string(), cell))
    }
}
