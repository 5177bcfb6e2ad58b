//! The result of a method that fits several data sets together: a fit of each, and what they have in common.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value as Json, json};

use super::Fit;
use super::saved::{entries, entries_to_json, is_true, number as number_of, seed_from_json, warnings_from_json};
use crate::context::Context;
use crate::data::saved::{broken, count_from_json, number_to_json, part, text_from_json};
use crate::data::{Column, Matrix, Names, number, table_text};
use crate::engine_type;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Edge, Graph};
use crate::value::Value;

/// Fits of several data sets over the same variables, made together. Clones share them.
#[derive(Debug, Clone)]
pub struct JointFit(Arc<Inner>);

engine_type!(JointFit, "JointFit", saved);

#[derive(Debug)]
struct Inner {
    method: Cow<'static, str>,
    fits: Vec<Fit>,
    options: Vec<(String, Value)>,
    iterations: usize,
    converged: bool,
    seconds: f64,
    seed: u64,
    warnings: Vec<String>,
    added: Vec<(String, Value)>,
}

/// Collects what a method finds out, from the start of its work to the finished [`JointFit`].
#[derive(Debug)]
pub struct JointFitBuilder {
    started: Instant,
    inner: Inner,
}

/// In how many data sets an edge is, and the sum of its weights there; by source, target and whether it has a direction.
type Shared = BTreeMap<(usize, usize, bool), (usize, f64)>;

/// The attribute of the edges of [`JointFit::common_graph`] that counts the data sets.
const SETS: &str = "sets";

impl JointFit {
    /// Starts the clock for a joint fit of `method`.
    pub fn builder(
        method: impl Into<Cow<'static, str>>,
        options: Vec<(String, Value)>,
        ctx: &Context,
    ) -> JointFitBuilder {
        JointFitBuilder {
            started: Instant::now(),
            inner: Inner {
                method: method.into(),
                fits: Vec::new(),
                options,
                iterations: 0,
                converged: true,
                seconds: 0.0,
                seed: ctx.seed(),
                warnings: Vec::new(),
                added: Vec::new(),
            },
        }
    }
}

impl JointFitBuilder {
    /// Records how many iterations ran together, and whether the tolerance was reached.
    #[must_use]
    pub fn solver(mut self, iterations: usize, converged: bool) -> Self {
        self.inner.iterations = iterations;
        self.inner.converged = converged;
        self
    }

    /// Records the options that held, where the work decided some of them.
    #[must_use]
    pub fn options(mut self, options: Vec<(String, Value)>) -> Self {
        self.inner.options = options;
        self
    }

    /// Adds a warning about all data sets: what happened and what to do about it.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.inner.warnings.push(warning.into());
    }

    /// Adds a property of this method, one of those its record lists.
    #[must_use]
    pub fn add(mut self, name: impl Into<String>, value: Value) -> Self {
        self.inner.added.push((name.into(), value));
        self
    }

    /// The joint fit of these fits, in the order of the data sets. It has their warnings too.
    ///
    /// # Errors
    /// Not converged, where the context is strict; no fits, or fits over other variables, which is a defect of the method.
    pub fn finish(mut self, fits: Vec<Fit>, ctx: &Context) -> Result<JointFit> {
        if ctx.is_strict() && !self.inner.converged {
            let why = self.inner.warnings.last().cloned().unwrap_or_default();
            return Err(Error::new(ErrorKind::NotConverged, format!("{} did not converge: {why}", self.inner.method)));
        }
        let of_set = |(set, fit): (usize, &Fit)| -> Vec<String> {
            fit.warnings().iter().map(|warning| format!("data set {set}: {warning}")).collect()
        };
        let own = std::mem::take(&mut self.inner.warnings);
        self.inner.warnings = fits.iter().enumerate().flat_map(of_set).chain(own).collect();
        self.inner.seconds += self.started.elapsed().as_secs_f64();
        self.inner.fits = fits;
        JointFit::checked(self.inner).ok_or_else(|| Error::internal("the fits of a joint fit do not belong together"))
    }
}

impl JointFit {
    /// The joint fit, if it has fits and these are over the same variables.
    fn checked(inner: Inner) -> Option<Self> {
        let first = inner.fits.first()?;
        let is_same = |fit: &Fit| fit.p() == first.p() && fit.names() == first.names();
        let belong = inner.fits.iter().all(is_same);
        belong.then(|| Self(Arc::new(inner)))
    }

    /// The verb of the method.
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The fits, in the order of the data sets; at least one.
    pub fn fits(&self) -> &[Fit] {
        &self.0.fits
    }

    /// Number of data sets.
    pub fn len(&self) -> usize {
        self.0.fits.len()
    }

    /// Whether there is no data set, which never is.
    pub fn is_empty(&self) -> bool {
        self.0.fits.is_empty()
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        self.0.fits.first().map_or(0, Fit::p)
    }

    /// The variables' names.
    pub fn names(&self) -> Option<&Names> {
        self.0.fits.first().and_then(Fit::names)
    }

    /// The options that held.
    pub fn options(&self) -> &[(String, Value)] {
        &self.0.options
    }

    /// How many iterations ran.
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

    /// The seed under which the fits ran.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// What the user should know, about single data sets and about all.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// A property that the method adds.
    ///
    /// # Errors
    /// When joint fits of this method do not have it.
    pub fn added(&self, name: &str) -> Result<&Value> {
        let found = self.0.added.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.ok_or_else(|| Error::argument(format!("a joint fit of {} has no {name}", self.0.method)))
    }

    /// The graph of every data set.
    ///
    /// # Errors
    /// As [`Fit::graph`].
    pub fn graphs(&self) -> Result<Vec<Graph>> {
        self.0.fits.iter().map(|fit| fit.graph(0.0)).collect()
    }

    /// The edges that at least so many of the data sets have, with the mean of the weights that they have there, and the
    /// number of these data sets as the attribute `sets`. An edge whose weights add up to exactly 0 is left out.
    ///
    /// # Errors
    /// A number of data sets that is 0 or larger than there are; memory.
    pub fn common_graph(&self, at_least: usize, ctx: &Context) -> Result<Graph> {
        let sets = self.len();
        if at_least == 0 || at_least > sets {
            let message =
                format!("option 'at_least' of common_graph must be from 1 to {sets}, the number of data sets");
            return Err(Error::option(format!("{message}, not {at_least}")));
        }
        let graphs = self.graphs()?;
        let edges = graphs.iter().map(Graph::n_edges).sum::<usize>();
        let _held = ctx.reserve_matrices(16, edges, 1)?;
        let kept: Vec<(Edge, usize)> = shared(&graphs)
            .into_iter()
            .filter(|(_, (count, sum))| *count >= at_least && *sum != 0.0)
            .map(|((source, target, directed), (count, sum))| {
                (Edge { source, target, weight: sum / count as f64, directed }, count)
            })
            .collect();
        let counts = kept.iter().map(|(_, count)| *count as f64).collect();
        let edges = kept.into_iter().map(|(edge, _)| edge).collect();
        let graph = match graphs.iter().all(Graph::is_directed) {
            true => Graph::new(self.p(), self.names().cloned(), true, edges),
            false => Graph::mixed(self.p(), self.names().cloned(), edges),
        };
        graph?.with_edge_attribute(SETS, Column::numbers(counts))
    }

    /// What a person wants to know beside the single fits, a line each: label and text.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let inner = &self.0;
        let mut facts = match self.added("projection").ok().and_then(|value| value.object::<Matrix>()) {
            // The fits are over factors.
            Some(d) => vec![("variables", d.rows().to_string()), ("factors", self.p().to_string())],
            None => vec![("variables", self.p().to_string())],
        };
        if let Ok(graphs) = self.graphs() {
            let common = shared(&graphs).into_values().filter(|(count, _)| *count == inner.fits.len()).count();
            facts.push(("edges of all", common.to_string()));
        }
        let state = if inner.converged { "converged" } else { "NOT converged" };
        facts.push(("solver", format!("{} iterations, {state}", inner.iterations)));
        facts.push(("seconds", number(inner.seconds)));
        facts.extend(inner.warnings.iter().map(|warning| ("warning", warning.clone())));
        facts
    }

    /// As JSON: everything about every fit, and about all of them.
    pub fn to_json(&self) -> Json {
        let inner = &self.0;
        let mut json = json!({
            "method": inner.method, "fits": inner.fits.iter().map(Fit::to_json).collect::<Vec<_>>(),
            "options": Value::Map(inner.options.clone()).to_json(), "iterations": inner.iterations,
            "converged": inner.converged, "seconds": inner.seconds, "seed": inner.seed, "warnings": inner.warnings,
        });
        if let Some(map) = json.as_object_mut() {
            map.extend(inner.added.iter().map(|(name, value)| (name.clone(), value.to_json())));
        }
        json
    }

    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        let inner = &self.0;
        json!({
            "type": "JointFit", "method": inner.method,
            "fits": inner.fits.iter().map(Fit::to_saved_json).collect::<Vec<_>>(),
            "options": entries_to_json(&inner.options), "iterations": inner.iterations, "converged": inner.converged,
            "seconds": number_to_json(inner.seconds), "seed": inner.seed, "warnings": inner.warnings,
            "added": entries_to_json(&inner.added),
        })
    }

    /// The joint fit that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let fits = part(json, "fits")?.as_array().ok_or_else(|| broken("\"fits\" is not a list"))?;
        let inner = Inner {
            method: text_from_json(json, "method")?.into(),
            fits: fits.iter().map(Fit::from_saved_json).collect::<Result<_>>()?,
            options: entries(json, "options")?,
            iterations: count_from_json(json, "iterations")?,
            converged: is_true(json, "converged")?,
            seconds: number_of(json, "seconds")?,
            seed: seed_from_json(json)?,
            warnings: warnings_from_json(json)?,
            added: entries(json, "added")?,
        };
        Self::checked(inner).ok_or_else(|| broken("\"fits\" is not a list of fits over the same variables"))
    }
}

/// In how many graphs over the same nodes every edge is, and the sum of its weights.
fn shared(graphs: &[Graph]) -> Shared {
    let mut shared = Shared::new();
    for edge in graphs.iter().flat_map(Graph::edges) {
        let (count, sum) = shared.entry((edge.source, edge.target, edge.directed)).or_default();
        *count += 1;
        *sum += edge.weight;
    }
    shared
}

impl std::fmt::Display for JointFit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fits = &self.0.fits;
        write!(f, "JointFit of {}, {} data set{}", self.0.method, fits.len(), if fits.len() == 1 { "" } else { "s" })?;
        for (label, text) in self.facts() {
            write!(f, "\n  {label:<18}{text}")?;
        }
        let headings = ["samples", "edges", "log-likelihood"].map(String::from);
        let cell = |set: usize, column: usize| match column {
            0 => fits[set].n().map_or_else(|| "-".into(), |n| n.to_string()),
            1 => fits[set].n_edges().map_or_else(|_| "-".into(), |edges| edges.to_string()),
            _ => fits[set].loglik().map_or_else(|_| "-".into(), number),
        };
        let heading = |at: usize| headings[at].to_string();
        let text = table_text(fits.len(), headings.len(), heading, |set| format!("data set {set}"), cell);
        write!(f, "\n{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Estimate, Input, value_from_json};

    fn fit(rows: usize, edges: &[(usize, usize, f64)], ctx: &Context) -> Fit {
        let x = Matrix::from_fn(rows, 3, |i, j| ((i * (j + 2) + i * i) % 7) as f64);
        let edges = edges.iter().map(|&(source, target, weight)| Edge::new(source, target, weight)).collect();
        let mut builder = Fit::builder("demo", &Input::data(&x).unwrap(), Vec::new(), ctx);
        builder.warn(format!("{rows} rows"));
        builder.finish(Estimate::Graph(Graph::new(3, None, false, edges).unwrap()), ctx).unwrap()
    }

    fn joint(ctx: &Context) -> JointFit {
        let fits = vec![
            fit(5, &[(0, 1, 0.25), (1, 2, 1.0)], ctx),
            fit(6, &[(0, 1, 0.5), (0, 2, 1.0)], ctx),
            fit(7, &[(0, 1, 0.75), (0, 2, -1.0)], ctx),
        ];
        let mut builder = JointFit::builder("demo", vec![("epochs".into(), 4i64.into())], ctx).solver(9, true);
        builder.warn("all of them");
        builder.add("shared", Value::Float(f64::INFINITY)).finish(fits, ctx).unwrap()
    }

    #[test]
    fn common_edges_have_the_mean_weight_and_say_in_how_many_sets_they_are() {
        let ctx = Context::new();
        let all = joint(&ctx).common_graph(3, &ctx).unwrap();
        assert_eq!((all.n_edges(), all.edges()[0].weight), (1, 0.5));
        let any = joint(&ctx).common_graph(1, &ctx).unwrap();
        // The weights of 0 -- 2 cancel.
        let pairs: Vec<(usize, usize)> = any.edges().iter().map(|edge| (edge.source, edge.target)).collect();
        assert_eq!(pairs, [(0, 1), (1, 2)]);
        assert_eq!(any.edge_attributes()[0], ("sets".to_string(), Column::numbers(vec![3.0, 1.0])));
        assert_eq!(joint(&ctx).common_graph(2, &ctx).unwrap().n_edges(), 1);
        for wrong in [0, 4] {
            let error = joint(&ctx).common_graph(wrong, &ctx).unwrap_err();
            assert!(error.message().contains("from 1 to 3") && error.kind() == ErrorKind::Option, "{error}");
        }
    }

    #[test]
    fn a_joint_fit_comes_back_and_prints_every_data_set() {
        let joint = joint(&Context::new().with_seed(4));
        let json: Json = serde_json::from_str(&joint.to_saved_json().to_string()).unwrap();
        let value = value_from_json(&json).unwrap();
        let back = value.object::<JointFit>().unwrap();
        assert_eq!((back.to_json(), back.to_saved_json()), (joint.to_json(), json));
        assert_eq!((back.len(), back.seed(), back.iterations()), (3, 4, 9));
        assert_eq!(back.warnings()[1..3], ["data set 1: 6 rows", "data set 2: 7 rows"]);
        assert_eq!(back.warnings()[3], "all of them");
        let text = back.to_string();
        assert!(text.starts_with("JointFit of demo, 3 data sets\n") && text.contains("edges of all      1"), "{text}");
        assert!(text.lines().any(|line| line.split_whitespace().eq(["data", "set", "2", "7", "2", "-"])), "{text}");
        let mut broken = joint.to_saved_json();
        broken["fits"] = json!([]);
        assert!(JointFit::from_saved_json(&broken).unwrap_err().message().contains("\"fits\""));
    }

    #[test]
    fn strictness_looks_at_all_data_sets_together() {
        let ctx = Context::new().with_strict(true);
        let fits = vec![fit(5, &[], &ctx)];
        let mut builder = JointFit::builder("demo", Vec::new(), &ctx).solver(3, false);
        builder.warn("too few");
        let error = builder.finish(fits, &ctx).map(|_| ()).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::NotConverged, "demo did not converge: too few"));
    }
}
