//! What a simulator gives that makes more than one thing: data, and the truth behind them.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::saved::{entries, entries_to_json, seed_from_json};
use crate::context::Context;
use crate::data::saved::text_from_json;
use crate::engine_type;
use crate::error::{Error, Result};
use crate::value::Value;

/// Simulated data with their truth. Clones share them.
#[derive(Debug, Clone)]
pub struct Simulation(Arc<Inner>);

engine_type!(Simulation, "Simulation", saved);

#[derive(Debug, Clone)]
struct Inner {
    verb: String,
    seed: u64,
    options: Vec<(String, Value)>,
    parts: Vec<(String, Value)>,
}

impl Simulation {
    /// What `verb` simulates under the seed of the context, with the options that hold; no parts yet.
    pub fn new(verb: &str, options: Vec<(String, Value)>, ctx: &Context) -> Self {
        Self(Arc::new(Inner { verb: verb.into(), seed: ctx.seed(), options, parts: Vec::new() }))
    }

    /// The same with one part more, or another value of a part.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        put(&mut Arc::make_mut(&mut self.0).parts, name, value.into());
        self
    }

    /// The same with one option more, or another value of an option.
    #[must_use]
    pub fn with_option(mut self, name: &str, value: Value) -> Self {
        put(&mut Arc::make_mut(&mut self.0).options, name, value);
        self
    }

    /// The verb of the simulator.
    pub fn verb(&self) -> &str {
        &self.0.verb
    }

    /// The seed that gives the same data again.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The options that held.
    pub fn options(&self) -> &[(String, Value)] {
        &self.0.options
    }

    /// Its parts with their names.
    pub fn parts(&self) -> &[(String, Value)] {
        &self.0.parts
    }

    /// The part of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.parts.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The part of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn part(&self, name: &str) -> Result<&Value> {
        self.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.0.parts.iter().map(|(known, _)| known.as_str()).collect();
            Error::name(format!("a simulation by {} has no {name}", self.0.verb))
                .with_hint(format!("it has {}", known.join(", ")))
        })
    }

    /// Everything as plain JSON.
    pub fn to_json(&self) -> Json {
        let parts = self.0.parts.iter().map(|(name, value)| (name.clone(), value.to_json()));
        let mut json: Json = parts.collect::<serde_json::Map<_, _>>().into();
        json["simulator"] = self.0.verb.as_str().into();
        json["seed"] = self.0.seed.into();
        json["options"] = Value::Map(self.0.options.clone()).to_json();
        json
    }

    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        json!({
            "type": "Simulation", "simulator": self.0.verb, "seed": self.0.seed,
            "options": entries_to_json(&self.0.options), "parts": entries_to_json(&self.0.parts),
        })
    }

    /// The simulation that was saved.
    ///
    /// # Errors
    /// JSON of another shape.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        Ok(Self(Arc::new(Inner {
            verb: text_from_json(json, "simulator")?,
            seed: seed_from_json(json)?,
            options: entries(json, "options")?,
            parts: entries(json, "parts")?,
        })))
    }
}

fn put(entries: &mut Vec<(String, Value)>, name: &str, value: Value) {
    match entries.iter_mut().find(|(known, _)| known == name) {
        Some((_, old)) => *old = value,
        None => entries.push((name.into(), value)),
    }
}

/// The first line of what a part prints, or what it is.
pub(crate) fn outline(value: &Value) -> String {
    match value {
        Value::Object(object) => object.to_string().lines().next().unwrap_or_default().to_string(),
        Value::List(list) => match list.first() {
            Some(Value::Object(first)) => format!("{} x {}", list.len(), first.type_name()),
            _ => format!("list of {}", list.len()),
        },
        Value::Map(entries) => {
            let names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
            format!("map of {}", names.join(", "))
        }
        other => other.brief(),
    }
}

impl std::fmt::Display for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Simulation by {}, seed {}", self.0.verb, self.0.seed)?;
        // More than 65535 letters are no width.
        let width = self.0.parts.iter().map(|(name, _)| name.len()).max().unwrap_or(0).min(40);
        for (name, value) in &self.0.parts {
            write!(f, "\n  {name:<width$}  {}", outline(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Vector;
    use crate::model::value_from_json;

    #[test]
    fn parts_come_back_from_a_file_and_a_missing_one_is_named() {
        let ctx = Context::new().with_seed(5);
        let sim = Simulation::new("sergio", vec![("cells".into(), 3i64.into())], &ctx)
            .with("cell_type", Vector::from(vec![0.0, 1.0]))
            .with("cell_type", Vector::from(vec![0.0, 1.0, 2.0]));
        let saved = value_from_json(&sim.to_saved_json()).unwrap();
        let back = saved.object::<Simulation>().unwrap();
        assert_eq!(back.to_json(), sim.to_json());
        assert_eq!((back.seed(), back.parts().len()), (5, 1));
        let error = back.part("counts").unwrap_err();
        assert!(error.message().contains("no counts") && error.hint().unwrap().contains("cell_type"), "{error}");
        assert!(sim.to_string().starts_with("Simulation by sergio, seed 5\n  cell_type  "), "{sim}");
    }
}
