//! A model that was trained on pairs of data and truth: what training found, how it went, and its file.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::Parameter;
use super::saved::{entries, entries_to_json, number as number_of, optional, seed_from_json, warnings_from_json};
use crate::context::Context;
use crate::data::file::{extension, unknown_extension, write_atomic};
use crate::data::saved::{
    broken, count_from_json, number_to_json, numbers_from_json, numbers_to_json, part, text_from_json,
};
use crate::data::{Names, number};
use crate::engine_type;
use crate::error::{Error, Result};
use crate::value::Value;

/// The version of the files that are written; those of later versions are refused.
const FORMAT: usize = 1;

/// What a training found, and how it went.
#[derive(Debug, Clone, Default)]
pub struct Training {
    /// The verb of the method.
    pub verb: String,
    /// The options that held: those of the model and those of its training.
    pub options: Vec<(String, Value)>,
    /// The best parameters.
    pub parameters: Vec<Parameter>,
    /// Number of pairs.
    pub pairs: usize,
    /// The loss of every epoch.
    pub loss_history: Vec<f64>,
    /// The loss of every epoch on data that training does not see, NaN where it was not looked at.
    pub validation_history: Option<Vec<f64>>,
    /// The epoch of the best parameters, a position in the histories.
    pub best_epoch: usize,
    /// Time of training.
    pub seconds: f64,
    /// The seed under which training ran.
    pub seed: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What the method adds, under names that its record lists.
    pub added: Vec<(String, Value)>,
}

/// A trained model, which scripts call `TrainedModel`. Clones share it.
#[derive(Debug, Clone)]
pub struct Trained(Arc<Training>);

engine_type!(Trained, "TrainedModel", saved);

impl Trained {
    /// The model that a training gave.
    ///
    /// # Errors
    /// Parameters of the same name, histories of different lengths, a best epoch that is not among them.
    pub fn new(training: Training) -> Result<Self> {
        let epochs = training.loss_history.len();
        if training.validation_history.as_ref().is_some_and(|history| history.len() != epochs) {
            return Err(Error::shape("the histories of loss and validation have different lengths"));
        }
        if training.best_epoch >= epochs.max(1) {
            return Err(Error::index(format!("epoch {} is the best of {epochs}", training.best_epoch)));
        }
        Names::new(training.parameters.iter().map(|parameter| parameter.name().to_string()).collect(), "parameters")?;
        Ok(Self(Arc::new(training)))
    }

    /// The verb of the method.
    pub fn verb(&self) -> &str {
        &self.0.verb
    }

    /// The options that held in training: those of the model and those of the training.
    pub fn options(&self) -> &[(String, Value)] {
        &self.0.options
    }

    /// The option of this name that held in training, if there was one.
    pub fn option(&self, name: &str) -> Option<&Value> {
        self.0.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What training found.
    pub fn parameters(&self) -> &[Parameter] {
        &self.0.parameters
    }

    /// The parameter of this name and shape.
    ///
    /// # Errors
    /// When there is none.
    pub fn parameter(&self, name: &str, shape: &[usize]) -> Result<&Parameter> {
        let found = self.0.parameters.iter().find(|parameter| parameter.name() == name);
        let found = found.ok_or_else(|| self.lacks(&format!("parameter '{name}'")))?;
        if found.shape() != shape {
            let message = format!("the parameter '{name}' of {} is {:?}, not {shape:?}", self.0.verb, found.shape());
            return Err(Error::shape(message));
        }
        Ok(found)
    }

    /// How many numbers training found.
    pub fn n_parameters(&self) -> usize {
        self.0.parameters.iter().map(|parameter| parameter.values().len()).sum()
    }

    /// Number of pairs that it was trained on.
    pub fn pairs(&self) -> usize {
        self.0.pairs
    }

    /// The loss of every epoch.
    pub fn loss_history(&self) -> &[f64] {
        &self.0.loss_history
    }

    /// The loss of every epoch on data that training did not see, NaN where it was not looked at.
    pub fn validation_history(&self) -> Option<&[f64]> {
        self.0.validation_history.as_deref()
    }

    /// The epoch of the best parameters, a position in the histories.
    pub fn best_epoch(&self) -> usize {
        self.0.best_epoch
    }

    /// Time of training, in seconds.
    pub fn seconds(&self) -> f64 {
        self.0.seconds
    }

    /// The seed under which training ran.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }

    /// What the user should know about this model.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// A property that the method adds.
    ///
    /// # Errors
    /// When models of this method do not have it.
    pub fn added(&self, name: &str) -> Result<&Value> {
        let found = self.0.added.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.ok_or_else(|| self.lacks(name))
    }

    fn lacks(&self, what: &str) -> Error {
        Error::argument(format!("a trained model of {} has no {what}", self.0.verb))
    }

    /// What a person wants to know about the model, a line each: label and text.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let training = &self.0;
        let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut facts = vec![("trained on", plural(training.pairs, "pair"))];
        let arrays = plural(training.parameters.len(), "array");
        facts.push(("parameters", format!("{} in {arrays}", self.n_parameters())));
        if let Some(&loss) = training.loss_history.get(training.best_epoch) {
            let epochs = plural(training.loss_history.len(), "epoch");
            facts.push(("epochs", format!("{epochs}, the best is number {} from 0", training.best_epoch)));
            facts.push(("loss", number(loss)));
        }
        let validation = training.validation_history.as_ref().and_then(|history| history.get(training.best_epoch));
        facts.extend(validation.map(|&loss| ("validation", number(loss))));
        facts.push(("seconds", number(training.seconds)));
        facts.push(("seed", training.seed.to_string()));
        facts.extend(training.warnings.iter().map(|warning| ("warning", warning.clone())));
        facts
    }

    /// As plain JSON.
    pub fn to_json(&self) -> Json {
        let training = &self.0;
        let parameters: Vec<(String, Value)> =
            training.parameters.iter().map(|parameter| (parameter.name().to_string(), parameter.to_value())).collect();
        let mut json = json!({
            "method": training.verb, "options": Value::Map(training.options.clone()).to_json(),
            "parameters": Value::Map(parameters).to_json(), "pairs": training.pairs,
            "loss_history": training.loss_history, "validation_history": training.validation_history,
            "best_epoch": training.best_epoch, "seconds": training.seconds, "seed": training.seed,
            "warnings": training.warnings,
        });
        if let Some(map) = json.as_object_mut() {
            map.extend(training.added.iter().map(|(name, value)| (name.clone(), value.to_json())));
        }
        json
    }

    /// As it is saved.
    pub fn to_saved_json(&self) -> Json {
        let training = &self.0;
        json!({
            "type": "TrainedModel", "format_version": FORMAT, "method": training.verb,
            "options": entries_to_json(&training.options),
            "parameters": training.parameters.iter().map(Parameter::to_saved_json).collect::<Vec<_>>(),
            "pairs": training.pairs, "loss_history": numbers_to_json(&training.loss_history),
            "validation_history": training.validation_history.as_deref().map(numbers_to_json),
            "best_epoch": training.best_epoch, "seconds": number_to_json(training.seconds), "seed": training.seed,
            "warnings": training.warnings, "added": entries_to_json(&training.added),
        })
    }

    /// The model that was saved. Whether its method takes it, the record of the method says when it fits with it.
    ///
    /// # Errors
    /// JSON of another shape or of a later version, parameters that are not finite or do not fill their shapes.
    pub fn from_saved_json(json: &Json) -> Result<Self> {
        let format = count_from_json(json, "format_version")?;
        if format > FORMAT {
            let message =
                format!("this model is written in format {format}, this version of sinew reads up to {FORMAT}");
            return Err(Error::data(message).with_hint("a later version of sinew wrote it: update this one"));
        }
        let parameters = part(json, "parameters")?.as_array().ok_or_else(|| broken("\"parameters\" is not a list"))?;
        let training = Training {
            verb: text_from_json(json, "method")?,
            options: entries(json, "options")?,
            parameters: parameters.iter().map(Parameter::from_saved_json).collect::<Result<_>>()?,
            pairs: count_from_json(json, "pairs")?,
            loss_history: numbers_from_json(part(json, "loss_history")?, "\"loss_history\"")?,
            validation_history: optional(json, "validation_history", |history| {
                numbers_from_json(history, "\"validation_history\"")
            })?,
            best_epoch: count_from_json(json, "best_epoch")?,
            seconds: number_of(json, "seconds")?,
            seed: seed_from_json(json)?,
            warnings: warnings_from_json(json)?,
            added: entries(json, "added")?,
        };
        Self::new(training).map_err(|error| broken(error.message()))
    }

    /// Writes the model to a `.json` file, or to a `.json.gz` one.
    ///
    /// # Errors
    /// Another ending; a file that cannot be written or that the context forbids.
    pub fn save(&self, path: &str, ctx: &Context) -> Result<()> {
        check_ending(path)?;
        write_atomic(path, ctx, |out| {
            serde_json::to_writer_pretty(&mut *out, &self.to_saved_json())?;
            out.write_all(b"\n")
        })
    }
}

/// Fails for a path that no model can be written to.
pub(super) fn check_ending(path: &str) -> Result<()> {
    match extension(path).as_str() {
        "json" => Ok(()),
        _ => Err(unknown_extension(path, ".json, or .json.gz")),
    }
}

impl std::fmt::Display for Trained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TrainedModel of {}", self.0.verb)?;
        for (label, text) in self.facts() {
            write!(f, "\n  {label:<18}{text}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::model::{value_from_json, value_to_json};

    fn model() -> Trained {
        let parameters = vec![
            Parameter::new("offset", &[], vec![0.1 + 0.2]).unwrap(),
            Parameter::new("weights", &[2, 3], vec![1.0, -2.0, 3.0, 1e-300, 0.0, 5.0]).unwrap(),
            Parameter::new("cube", &[1, 2, 1], vec![1.0, 2.0]).unwrap(),
        ];
        let training = Training {
            verb: "dummy".into(),
            options: vec![
                ("steps".into(), 3i64.into()),
                ("weights".into(), Matrix::from_fn(1, 2, |_, j| j as f64).into()),
            ],
            parameters,
            pairs: 2,
            loss_history: vec![f64::INFINITY, 0.5, 0.7],
            validation_history: Some(vec![f64::NAN, 0.6, 0.8]),
            best_epoch: 1,
            seconds: 0.25,
            seed: 7,
            warnings: vec!["short".into()],
            added: vec![("extra".into(), Value::Float(f64::NEG_INFINITY))],
        };
        Trained::new(training).unwrap()
    }

    #[test]
    fn a_model_comes_back_to_the_last_bit() {
        let json: Json = serde_json::from_str(&model().to_saved_json().to_string()).unwrap();
        let value = value_from_json(&json).unwrap();
        let back = value.object::<Trained>().unwrap();
        assert_eq!(back.parameters(), model().parameters());
        assert_eq!((back.to_json(), value_to_json(&value)), (model().to_json(), json));
        assert_eq!((back.loss_history()[0], back.n_parameters()), (f64::INFINITY, 9));
        assert!(back.validation_history().unwrap()[0].is_nan());
        assert_eq!(back.parameter("weights", &[2, 3]).unwrap().to_value().object::<Matrix>().unwrap().rows(), 2);
        assert!(back.parameter("weights", &[3, 2]).unwrap_err().message().contains("is [2, 3], not [3, 2]"));
        assert!(back.parameter("wieghts", &[2, 3]).is_err() && back.added("other").is_err());
    }

    #[test]
    fn broken_files_are_refused() {
        let change = |key: &str, value: Json| {
            let mut json = model().to_saved_json();
            json[key] = value;
            Trained::from_saved_json(&json).unwrap_err()
        };
        let later = change("format_version", json!(2));
        assert!(later.message().contains("format 2") && later.hint().is_some_and(|hint| hint.contains("update")));
        let parameter = |shape: Json, values: Json| json!([{ "name": "w", "shape": shape, "values": values }]);
        for (parameters, part) in [
            (parameter(json!([2]), json!([1.0])), "do not fill [2]"),
            (parameter(json!([1]), json!([null])), "'w' has NaN at position 0"),
            (parameter(json!([1]), json!(["inf"])), "'w' has inf"),
            (parameter(json!([-1]), json!([1.0])), "not a list of sizes"),
            (parameter(json!([4294967296u64, 4294967296u64]), json!([1.0])), "do not fill"),
            (json!({}), "not a list"),
        ] {
            let error = change("parameters", parameters);
            assert!(error.message().contains(part), "{error}");
        }
        assert!(change("best_epoch", json!(3)).message().contains("epoch 3"));
        assert!(change("validation_history", json!([1.0])).message().contains("different lengths"));
        assert!(change("loss_history", json!([])).message().contains("different lengths"));
    }

    #[test]
    fn a_print_says_how_training_went() {
        let text = model().to_string();
        for line in ["TrainedModel of dummy", "  parameters        9 in 3 arrays", "  loss              0.5"] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
        assert!(text.contains("3 epochs, the best is number 1 from 0") && text.contains("warning"), "{text}");
    }
}
