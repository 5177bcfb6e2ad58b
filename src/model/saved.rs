//! Fits and paths as they are saved, and back; the values inside them; what files of all results have.

use serde_json::{Map, Value as Json, json};

use super::fit::Inner as FitInner;
use super::{
    Estimate, Fit, Input, JointFit, NetworkComparison, Path, Point, Precision, SecondMoment, Shape, Simulation, Trained,
};
use crate::context::Context;
use crate::data::saved::{
    broken, count_from_json, names_from_json, number_from_json, number_to_json, part, text_from_json,
};
use crate::data::{Matrix, Names, SparseMatrix, Table, Vector};
use crate::error::Result;
use crate::graph::Graph;
use crate::linalg::SparseSymmetric;
use crate::problem::Certificate;
use crate::value::Value;

/// A value, so that [`value_from_json`] gives it back.
pub fn value_to_json(value: &Value) -> Json {
    match value {
        // Plain JSON has one word for nothing and no number.
        Value::Float(number) if !number.is_finite() => {
            json!({ "type": "float", "value": if number.is_nan() { json!("NaN") } else { number_to_json(*number) } })
        }
        Value::List(values) => values.iter().map(value_to_json).collect(),
        Value::Map(entries) => entries_to_json(entries),
        Value::Object(object) => object.to_saved_json(),
        plain => plain.to_json(),
    }
}

/// The value that [`value_to_json`] wrote.
///
/// # Errors
/// JSON of another shape.
pub fn value_from_json(json: &Json) -> Result<Value> {
    Ok(match json {
        Json::Null => Value::Unit,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().map(value_from_json).collect::<Result<_>>()?),
        Json::Object(map) => match map.get("type").and_then(Json::as_str) {
            Some("float") => Value::Float(map.get("value").and_then(number_from_json).unwrap_or(f64::NAN)),
            Some("Matrix") => Matrix::from_saved_json(json)?.into(),
            Some("SparseMatrix") => SparseMatrix::from_saved_json(json)?.into(),
            Some("Vector") => Vector::from_saved_json(json)?.into(),
            Some("Table") => Table::from_saved_json(json)?.into(),
            Some("Graph") => Graph::from_json(json)?.into(),
            Some("Fit") => Fit::from_saved_json(json)?.into(),
            Some("JointFit") => JointFit::from_saved_json(json)?.into(),
            Some("NetworkComparison") => NetworkComparison::from_saved_json(json)?.into(),
            Some("TrainedModel") => Trained::from_saved_json(json)?.into(),
            Some("Simulation") => Simulation::from_saved_json(json)?.into(),
            _ => Value::Map(entries_from_json(map)?),
        },
    })
}

pub(super) fn entries_to_json(entries: &[(String, Value)]) -> Json {
    entries.iter().map(|(name, value)| (name.clone(), value_to_json(value))).collect::<Map<_, _>>().into()
}

fn entries_from_json(map: &Map<String, Json>) -> Result<Vec<(String, Value)>> {
    map.iter().map(|(name, value)| Ok((name.clone(), value_from_json(value)?))).collect()
}

pub(super) fn entries(json: &Json, key: &str) -> Result<Vec<(String, Value)>> {
    let map = part(json, key)?.as_object().ok_or_else(|| broken(&format!("\"{key}\" is not a map")))?;
    entries_from_json(map)
}

pub(super) fn number(json: &Json, key: &str) -> Result<f64> {
    number_from_json(part(json, key)?).ok_or_else(|| broken(&format!("\"{key}\" is not a number")))
}

pub(super) fn is_true(json: &Json, key: &str) -> Result<bool> {
    part(json, key)?.as_bool().ok_or_else(|| broken(&format!("\"{key}\" is not true or false")))
}

/// The seed of a result.
pub(super) fn seed_from_json(json: &Json) -> Result<u64> {
    part(json, "seed")?.as_u64().ok_or_else(|| broken("\"seed\" is not a whole number"))
}

/// What a result tells its user.
pub(super) fn warnings_from_json(json: &Json) -> Result<Vec<String>> {
    let list = part(json, "warnings")?.as_array().ok_or_else(|| broken("\"warnings\" is not a list"))?;
    Ok(list.iter().filter_map(|text| text.as_str().map(String::from)).collect())
}

fn certificate_to_json(certificate: &Certificate) -> Json {
    let Certificate { primal, gap, kkt, logdet } = *certificate;
    json!({
        "primal": number_to_json(primal), "gap": number_to_json(gap), "kkt": number_to_json(kkt),
        "logdet": number_to_json(logdet),
    })
}

fn certificate_from_json(json: &Json) -> Result<Certificate> {
    Ok(Certificate {
        primal: number(json, "primal")?,
        gap: number(json, "gap")?,
        kkt: number(json, "kkt")?,
        logdet: number(json, "logdet")?,
    })
}

pub(super) fn optional<T>(json: &Json, key: &str, read: impl Fn(&Json) -> Result<T>) -> Result<Option<T>> {
    match json.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(found) => read(found).map(Some),
    }
}

impl Fit {
    /// As it is saved: all that `to_json` says, and what it takes to read it back.
    pub fn to_saved_json(&self) -> Json {
        let inner = self.inner();
        let mut json = self.to_json();
        json["type"] = "Fit".into();
        json["lambda"] = inner.lambda.as_ref().map_or(Json::Null, value_to_json);
        json["likelihood"] = inner.likelihood.map_or(Json::Null, number_to_json);
        json["certificate"] = inner.certificate.as_ref().map_or(Json::Null, certificate_to_json);
        json["options"] = entries_to_json(&inner.options);
        json["added"] = entries_to_json(&inner.added);
        json["selection"] = inner.selection.as_ref().map_or(Json::Null, value_to_json);
        json["estimate"] = match &inner.estimate {
            Estimate::Precision(theta) => precision_to_json(theta.entries()),
            Estimate::Latent { precision, sparse, rank } => {
                let mut json = precision_to_json(precision.entries());
                json["sparse"] = precision_to_json(sparse.entries());
                json["rank"] = (*rank).into();
                json
            }
            Estimate::Graph(graph) => value_to_json(&Value::from(graph.clone())),
        };
        json
    }

    /// The fit that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let p = count_from_json(json, "p")?;
        let names = names_from_json(json, "names")?;
        let saved = part(json, "estimate")?;
        let (estimate, fits) = match saved.get("diagonal") {
            Some(_) => (estimate_from_json(saved, p, names.as_ref())?, true),
            None => match value_from_json(saved)?.object::<Graph>() {
                Some(graph) => (Estimate::Graph(graph.clone()), graph.n_nodes() == p),
                None => return Err(broken("\"estimate\" is no precision matrix and no Graph")),
            },
        };
        if !fits || names.as_ref().is_some_and(|names| names.len() != p) {
            return Err(broken(&format!("the estimate or its names do not belong to {p} variables")));
        }
        Ok(Self::from_inner(FitInner {
            method: text_from_json(json, "method")?.into(),
            names,
            p,
            n: optional(json, "n", |n| n.as_u64().map(|n| n as usize).ok_or_else(|| broken("\"n\" is not a count")))?,
            estimate,
            covariance: std::sync::OnceLock::new(),
            lambda: optional(json, "lambda", value_from_json)?,
            likelihood: optional(json, "likelihood", |_| number(json, "likelihood"))?,
            certificate: optional(json, "certificate", certificate_from_json)?,
            solver: text_from_json(json, "solver")?.into(),
            iterations: count_from_json(json, "iterations")?,
            converged: is_true(json, "converged")?,
            seconds: number(json, "seconds")?,
            seed: seed_from_json(json)?,
            warnings: warnings_from_json(json)?,
            options: entries(json, "options")?,
            added: entries(json, "added")?,
            selection: optional(json, "selection", value_from_json)?,
        }))
    }
}

/// A precision matrix, or one that is sparse minus low rank.
fn estimate_from_json(saved: &Json, p: usize, names: Option<&Names>) -> Result<Estimate> {
    let entries = precision_from_json(saved, p)?;
    let Some(sparse) = saved.get("sparse") else { return Ok(Estimate::precision(entries, names)) };
    Ok(Estimate::Latent {
        precision: Precision::new(entries, names),
        sparse: Precision::new(precision_from_json(sparse, p)?, names),
        rank: count_from_json(saved, "rank")?,
    })
}

fn input_to_json(input: &Input) -> Json {
    let mut json = input.matrix().to_saved_json();
    match input.shape() {
        Shape::Covariance { n } => {
            json["covariance"] = true.into();
            json["n"] = json!(n);
        }
        Shape::Data => {
            json["cor"] = input.moment().cor().into();
            json["missing"] = input.moment().missing().into();
        }
    }
    json
}

/// How S is computed from data; files of earlier versions do not say.
fn moment_from_json(json: &Json) -> Result<SecondMoment> {
    let word = |key: &str, default: &str| match json.get(key) {
        None => Ok(default.to_string()),
        Some(_) => text_from_json(json, key),
    };
    let (cor, missing) = (word("cor", "covariance")?, word("missing", "error")?);
    SecondMoment::parse(&cor, &missing)
        .ok_or_else(|| broken(&format!("there is no covariance of kind \"{cor}\" with missing values \"{missing}\"")))
}

/// The input that was saved. Where S may need a correction it is computed, so that the input's warnings are there
/// again.
fn input_from_json(json: &Json, ctx: &Context) -> Result<Input> {
    let matrix = Matrix::from_saved_json(json)?;
    let input = match json.get("covariance") {
        Some(Json::Bool(true)) => {
            let n = optional(json, "n", |n| n.as_u64().ok_or_else(|| broken("\"n\" is not a count")))?;
            Input::covariance_matrix(&matrix, n.map(|n| n as usize))?
        }
        _ => Input::with_moment(&matrix, moment_from_json(json)?, ctx)?,
    };
    if !input.is_plain_data() {
        input.s(ctx)?;
    }
    Ok(input)
}

/// Diagonal and pairs of a precision matrix.
fn precision_to_json(theta: &SparseSymmetric) -> Json {
    let pairs: Vec<Json> = theta.pairs().map(|(i, j, value)| json!([i, j, value])).collect();
    json!({ "diagonal": theta.diagonal(), "pairs": pairs })
}

fn precision_from_json(json: &Json, p: usize) -> Result<SparseSymmetric> {
    let wrong = || broken("a precision matrix is not a diagonal of numbers and pairs [row, column, value]");
    let list = |key: &str| part(json, key)?.as_array().ok_or_else(wrong);
    let diagonal: Option<Vec<f64>> = list("diagonal")?.iter().map(Json::as_f64).collect();
    let pair = |pair: &Json| {
        let position = |k: usize| pair.get(k).and_then(Json::as_u64).filter(|&i| i < p as u64).map(|i| i as u32);
        Some((position(0)?, position(1)?, pair.get(2)?.as_f64()?)).filter(|(i, j, _)| i < j)
    };
    let pairs: Option<Vec<_>> = list("pairs")?.iter().map(pair).collect();
    match (diagonal.filter(|diagonal| diagonal.len() == p), pairs) {
        (Some(diagonal), Some(pairs)) => Ok(SparseSymmetric::from_upper(diagonal, &pairs)),
        _ => Err(wrong()),
    }
}

fn point_to_json(point: &Point) -> Json {
    json!({
        "lambda": point.lambda, "precision": precision_to_json(&point.precision), "likelihood": number_to_json(point.likelihood),
        "certificate": certificate_to_json(&point.certificate), "solver": point.solver, "iterations": point.iterations,
        "converged": point.converged, "warning": point.warning, "added": entries_to_json(&point.added),
        "n_edges": point.n_edges(),
    })
}

fn point_from_json(json: &Json, p: usize) -> Result<Point> {
    Ok(Point {
        lambda: number(json, "lambda")?,
        precision: precision_from_json(part(json, "precision")?, p)?,
        likelihood: number(json, "likelihood")?,
        certificate: certificate_from_json(part(json, "certificate")?)?,
        solver: text_from_json(json, "solver")?.into(),
        iterations: count_from_json(json, "iterations")?,
        converged: is_true(json, "converged")?,
        warning: optional(json, "warning", |_| text_from_json(json, "warning"))?,
        added: entries(json, "added")?,
    })
}

/// What a path file holds; the registry knows how its method goes on.
#[derive(Debug)]
pub struct SavedPath {
    /// The verb that computed the path.
    pub verb: String,
    /// The verb that its fits carry.
    pub method: String,
    /// The options that held.
    pub options: Vec<(String, Value)>,
    /// The data.
    pub input: Input,
    /// The solutions.
    pub points: Vec<Point>,
    /// Time inside the engine.
    pub seconds: f64,
}

impl Path {
    /// As it is saved: the data, every solution, and the options.
    pub fn to_saved_json(&self) -> Json {
        json!({
            "type": "Path", "verb": self.verb(), "method": self.method(), "seconds": self.seconds(),
            "options": entries_to_json(self.options()), "input": input_to_json(self.input()),
            "points": self.points().iter().map(point_to_json).collect::<Vec<_>>(),
            "names": self.input().names().map(Names::as_slice),
        })
    }
}

impl SavedPath {
    /// What a path file holds.
    ///
    /// # Errors
    /// JSON of another shape, limits of the context.
    pub fn read(json: &Json, ctx: &Context) -> Result<Self> {
        let input = input_from_json(part(json, "input")?, ctx)?;
        let points = part(json, "points")?.as_array().filter(|points| !points.is_empty());
        let points = points.ok_or_else(|| broken("\"points\" is not a list of solutions"))?;
        Ok(Self {
            verb: text_from_json(json, "verb")?,
            method: text_from_json(json, "method")?,
            options: entries(json, "options")?,
            points: points.iter().map(|point| point_from_json(point, input.p())).collect::<Result<_>>()?,
            input,
            seconds: number(json, "seconds")?,
        })
    }
}
