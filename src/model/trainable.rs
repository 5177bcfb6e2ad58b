//! Methods that are trained on pairs of data and truth: what stands behind `.train(pairs)` and the `.fit(x)` of what it
//! gives.

use super::keeper::TRAINING_OPTIONS;
use super::record::{DEVICE, SHARED_OPTIONS};
use super::{Fit, Input, Pair, Record, Run, Trained};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::options::{Opt, Options, table};
use crate::value::Value;

/// A method that can be trained.
#[derive(Debug, Clone, Copy)]
pub struct Trainable {
    /// Fits data: with what training found, or without any training. Options that held in training hold here too; it
    /// refuses those that cannot be changed any more, against [`Trained::option`].
    pub fit: fn(&Input, &Options, Option<&Trained>, &Context) -> Result<Fit>,
    /// Trains on pairs, at least one, under the options of the model and those of training.
    pub train: fn(&[Pair], &Options, &Context) -> Result<Trained>,
    /// The options of `.train(pairs, #{ .. })`, none of which is one of the model's; [`EVERY_TRAINING`] comes with them.
    pub train_options: &'static [Opt],
    /// Fails where a model, read from a file, is not one of this method: other parameters, other shapes.
    pub check: fn(&Trained) -> Result<()>,
}

/// The options that `.train(pairs, #{ .. })` has whatever the method.
pub const EVERY_TRAINING: &[Opt] = table![..TRAINING_OPTIONS, ..SHARED_OPTIONS, DEVICE];

impl Record {
    /// How the method is trained, where it can be.
    pub fn trainable(&self) -> Option<Trainable> {
        match self.run {
            Run::Trainable(trainable) => Some(trainable),
            _ => None,
        }
    }

    /// The options of `.train(pairs, #{ .. })`; none where the method is not trained.
    pub fn training_options(&self) -> impl Iterator<Item = &'static Opt> + Clone + use<> {
        const NONE: &[Opt] = &[];
        let (own, every) = self.trainable().map_or((NONE, NONE), |method| (method.train_options, EVERY_TRAINING));
        let of_model = self.options;
        // What the model says about its device holds for its training.
        own.iter().chain(every.iter().filter(move |opt| of_model.iter().all(|known| known.name != opt.name)))
    }

    /// Trains the method on a list of pairs, each a map `#{ x, truth, regulators }`. `model` are the options of the
    /// constructor, `training` those of the call.
    ///
    /// # Errors
    /// A method that is not trained, an option at the wrong place, pairs that are none, whatever stops the training.
    pub fn train(
        &self,
        pairs: &Value,
        model: &[(String, Value)],
        training: &[(String, Value)],
        ctx: &Context,
    ) -> Result<Trained> {
        let trainable = self.needs_trainable()?;
        let options = self.options_of_training(model, training)?;
        let ctx = self.context(&options, true, ctx)?;
        let check = |x: &Matrix| {
            ctx.check()?;
            self.checked(x, &options, &ctx).map(drop)
        };
        let pairs = Pair::list(pairs, check, &ctx).map_err(|error| error.at(self.verb))?;
        let trained = (trainable.train)(&pairs, &options, &ctx)?;
        (trainable.check)(&trained)?;
        Ok(trained)
    }

    /// Fits data with what training found. The options of the model that held in training hold, unless `given` says
    /// otherwise.
    ///
    /// # Errors
    /// A model of another method or that its method refuses; as [`Record::call`].
    pub fn fit_trained(&self, trained: &Trained, x: &Value, given: &[(String, Value)], ctx: &Context) -> Result<Value> {
        self.check_trained(trained)?;
        let is_own = |name: &str| self.options.iter().any(|opt| opt.name == name);
        let is_given = |name: &str| given.iter().any(|(known, _)| known == name);
        // An option without a value holds by not being there.
        let holds = |(name, value): &&(String, Value)| is_own(name) && !is_given(name) && !matches!(value, Value::Unit);
        let options: Vec<(String, Value)> = trained.options().iter().filter(holds).chain(given).cloned().collect();
        self.call_with(std::slice::from_ref(x), &options, Some(trained), ctx)
    }

    /// Fails where a model is not one of this method.
    ///
    /// # Errors
    /// Another method's; what the method finds wrong.
    pub fn check_trained(&self, trained: &Trained) -> Result<()> {
        let trainable = self.needs_trainable()?;
        if trained.verb() != self.verb {
            return Err(Error::argument(format!("a trained model of {} is none of {}", trained.verb(), self.verb)));
        }
        (trainable.check)(trained).map_err(|error| error.at(format!("the trained model of {}", self.verb)))
    }

    fn needs_trainable(&self) -> Result<Trainable> {
        self.trainable().ok_or_else(|| Error::argument(format!("{} is not trained on pairs", self.verb)))
    }

    /// The constructor's options and those of `.train(pairs, #{ .. })`, which win, each checked at its place.
    fn options_of_training(&self, model: &[(String, Value)], training: &[(String, Value)]) -> Result<Options> {
        let of_training = |name: &str| self.training_options().any(|opt| opt.name == name);
        let of_model = |name: &str| self.options.iter().any(|opt| opt.name == name);
        let constructor = self.constructor.unwrap_or(self.verb);
        if let Some((name, _)) = training.iter().find(|(name, _)| of_model(name) && !of_training(name)) {
            let error =
                Error::option(format!("option '{name}' of {} belongs to the model, not to its training", self.verb));
            return Err(error.with_hint(format!("{constructor}(#{{ {name}: .. }}).train(pairs)")));
        }
        // By itself first, so that an unknown key is held against the keys of training alone.
        let place = format!("the training of {}", self.verb);
        Options::check(&place, self.training_options(), by_name(training))?;
        if let Some((name, _)) = model.iter().find(|(name, _)| !of_model(name) && !of_training(name)) {
            let error = Error::option(format!(
                "option '{name}' of {} says how data are fitted, not how it is trained",
                self.verb
            ));
            return Err(error.with_hint(format!("{constructor}(#{{ .. }}).train(pairs).fit(x, #{{ {name}: .. }})")));
        }
        let wins = |name: &str| training.iter().any(|(known, _)| known == name);
        let all: Vec<_> = model.iter().filter(|(name, _)| !wins(name)).chain(training).cloned().collect();
        Options::check(self.verb, self.options.iter().chain(self.training_options()), by_name(&all))
    }

    /// Fails where an option that belongs to training stands among those of the model.
    pub(super) fn refuse_training_options(&self, given: &[(String, Value)]) -> Result<()> {
        let known = |name: &str| self.all_options().any(|opt| opt.name == name);
        let stray = given.iter().find(|(name, _)| !known(name) && self.training_options().any(|opt| opt.name == name));
        let Some((name, _)) = stray else { return Ok(()) };
        let constructor = self.constructor.unwrap_or(self.verb);
        Err(Error::option(format!("option '{name}' of {} belongs to its training", self.verb))
            .with_hint(format!("{constructor}(#{{ .. }}).train(pairs, #{{ {name}: .. }})")))
    }
}

fn by_name(given: &[(String, Value)]) -> impl Iterator<Item = (&str, Value)> {
    given.iter().map(|(name, value)| (name.as_str(), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::graph::Graph;
    use crate::model::dummies::{JOINT, TRAINED};

    fn options(given: &[(&str, Value)]) -> Vec<(String, Value)> {
        given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect()
    }

    fn data() -> Value {
        Matrix::from_fn(6, 3, |i, j| ((i * (j + 2) + i * i) % 7) as f64).into()
    }

    fn pairs() -> Value {
        let truth = Graph::new(3, None, false, Vec::new()).unwrap();
        Value::List(vec![Value::Map(vec![("x".into(), data()), ("truth".into(), truth.into())])])
    }

    fn train(model: &[(&str, Value)], training: &[(&str, Value)]) -> Result<Trained> {
        TRAINED.train(&pairs(), &options(model), &options(training), &Context::new())
    }

    /// The weight that a fit used.
    fn weight(fit: Result<Value>) -> f64 {
        fit.unwrap().object::<Fit>().unwrap().added("dummy_weight").unwrap().as_number().unwrap()
    }

    #[test]
    fn the_options_of_training_hold_unless_they_are_given_again() {
        let ctx = Context::new();
        let trained = train(&[("offset", 5.0.into())], &[("rate", 0.25.into()), ("epochs", 4i64.into())]).unwrap();
        assert_eq!((trained.pairs(), trained.best_epoch(), trained.loss_history().len()), (1, 3, 4));
        assert_eq!(weight(TRAINED.fit_trained(&trained, &data(), &[], &ctx)), 5.75);
        let again = options(&[("offset", 0.0.into())]);
        assert_eq!(weight(TRAINED.fit_trained(&trained, &data(), &again, &ctx)), 0.75);
        assert_eq!(weight(TRAINED.call(&[data()], &[], &ctx)), 1.0, "without training");
        let larger = TRAINED.fit_trained(&trained, &data(), &options(&[("steps", 3i64.into())]), &ctx);
        assert!(larger.map(|_| ()).unwrap_err().message().contains("cannot change"));
        let epochs = TRAINED.fit_trained(&trained, &data(), &options(&[("epochs", 3i64.into())]), &ctx);
        assert!(epochs.map(|_| ()).unwrap_err().message().contains("belongs to its training"));
    }

    #[test]
    fn an_option_at_the_wrong_place_is_told_where_it_belongs() {
        let hint = |error: Error| error.hint().unwrap_or_default().to_string();
        let error = train(&[], &[("steps", 3i64.into())]).unwrap_err();
        assert!(error.message().contains("belongs to the model"), "{error}");
        assert_eq!(hint(error), "DummyTrained(#{ steps: .. }).train(pairs)");
        let error = TRAINED.check(&options(&[("epochs", 3i64.into())])).unwrap_err();
        assert_eq!(hint(error), "DummyTrained(#{ .. }).train(pairs, #{ epochs: .. })");
        let error = train(&[("strict", true.into())], &[]).unwrap_err();
        assert_eq!(hint(error), "DummyTrained(#{ .. }).train(pairs).fit(x, #{ strict: .. })");
        let error = train(&[], &[("epcohs", 3i64.into())]).unwrap_err();
        assert_eq!((error.kind(), hint(error).as_str()), (ErrorKind::Option, "did you mean 'epochs'?"));
        assert_eq!(train(&[], &[("epochs", 0i64.into())]).unwrap_err().kind(), ErrorKind::Option);
        assert_eq!(train(&[("seed", 8i64.into())], &[]).unwrap().seed(), 8);
        assert_eq!(train(&[("seed", 8i64.into())], &[("seed", 9i64.into())]).unwrap().seed(), 9);
    }

    #[test]
    fn pairs_are_checked_as_data_of_the_method_are() {
        let flat: Value = Matrix::from_fn(6, 3, |_, j| j as f64).into();
        let truth = Value::from(Graph::new(3, None, false, Vec::new()).unwrap());
        let pair = Value::Map(vec![("x".into(), flat), ("truth".into(), truth)]);
        let error = TRAINED.train(&Value::List(vec![pair]), &[], &[], &Context::new()).unwrap_err();
        assert_eq!(error.message(), "dummy_trained: pair 0: column 0 is constant");
        let error = TRAINED.train(&data(), &[], &[], &Context::new()).unwrap_err();
        assert!(error.message().starts_with("dummy_trained: a model is trained on a list of pairs"), "{error}");
        let ctx = Context::new();
        ctx.cancel_handle().cancel();
        assert_eq!(TRAINED.train(&pairs(), &[], &[], &ctx).unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn a_model_fits_with_its_own_method_alone() {
        let ctx = Context::new();
        let error = JOINT.train(&pairs(), &[], &[], &ctx).unwrap_err();
        assert_eq!(error.message(), "dummy_joint is not trained on pairs");
        let trained = train(&[], &[]).unwrap();
        assert!(JOINT.fit_trained(&trained, &data(), &[], &ctx).is_err());
        let change = |key: &str, value: serde_json::Value| {
            let mut json = trained.to_saved_json();
            json[key] = value;
            TRAINED.check_trained(&Trained::from_saved_json(&json).unwrap()).unwrap_err()
        };
        assert!(change("method", "other".into()).message().contains("of other is none of dummy_trained"));
        assert!(change("parameters", serde_json::json!([])).message().contains("has no parameter 'weight'"));
    }
}
