//! What every training does beside learning: it keeps the best, writes it to a file as it goes, and ends in time.

use std::path::Path;
use std::time::{Duration, Instant};

use super::trained::check_ending;
use super::{Parameter, Trained, Training};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

/// Options that every training has.
pub const TRAINING_OPTIONS: &[Opt] = &[
    Opt::new(
        "max_seconds",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Unset("no limit"),
        "End training after the epoch in which so many seconds are over, and keep the best so far, with a warning",
    ),
    Opt::new(
        "checkpoint",
        &[Kind::Text],
        Preset::Unset("none"),
        "Write the best model so far to this .json file as training goes: load(path) reads it",
    ),
];

/// The best model is written at most this often.
const INTERVAL: Duration = Duration::from_secs(5);

/// How an epoch went.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    loss: f64,
    validation: Option<f64>,
    score: Option<f64>,
}

impl Epoch {
    /// An epoch with this training loss, which ranks it.
    pub fn new(loss: f64) -> Self {
        Self { loss, validation: None, score: None }
    }

    /// With the loss on data that training does not see: it ranks the epoch above all that have none.
    #[must_use]
    pub fn validation(self, loss: f64) -> Self {
        Self { validation: Some(loss), ..self }
    }

    /// With another number than a loss to rank the epoch by; the smallest is best.
    #[must_use]
    pub fn score(self, score: f64) -> Self {
        Self { score: Some(score), ..self }
    }

    /// What ranks the epoch, the smallest first: those that were judged on other data stand before those that were not.
    fn rank(&self) -> (u8, f64) {
        let judged = self.score.or(self.validation);
        (u8::from(judged.is_none()), judged.unwrap_or(self.loss))
    }
}

/// The file of the best model so far.
#[derive(Debug)]
struct Checkpoint {
    path: String,
    /// When it was written last.
    written: Option<Instant>,
    /// Whether there is a better model than the one that was written.
    is_due: bool,
}

/// Keeps the best of a training, as its loop tells epoch by epoch.
///
/// ```
/// # use sinew::model::{Epoch, Keeper, Parameter, TRAINING_OPTIONS};
/// # use sinew::{Context, options::Options};
/// # let ctx = Context::new();
/// # let options = Options::check("demo", TRAINING_OPTIONS.iter(), [])?;
/// let mut keeper = Keeper::new("demo", Vec::new(), 1, 50, &options, &ctx)?;
/// let mut weight = 0.0;
/// for _ in 0..50 {
///     weight += 0.1;
///     let loss = (weight - 1.0f64).powi(2);
///     if !keeper.epoch(Epoch::new(loss), || Ok(vec![Parameter::new("weight", &[], vec![weight])?]))? {
///         break;
///     }
/// }
/// assert_eq!(keeper.finish()?.best_epoch(), 9);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug)]
pub struct Keeper<'a> {
    ctx: &'a Context,
    task: String,
    started: Instant,
    limit: Option<Duration>,
    epochs: usize,
    checkpoint: Option<Checkpoint>,
    training: Training,
    best: Option<(u8, f64)>,
}

impl<'a> Keeper<'a> {
    /// Starts the clock of a training of `verb` on so many pairs, for so many epochs at most. `recorded` are the options
    /// that hold, `options` those of the call, with [`TRAINING_OPTIONS`] among them.
    ///
    /// # Errors
    /// A checkpoint that does not end in `.json`, or that the context forbids.
    pub fn new(
        verb: &str,
        recorded: Vec<(String, Value)>,
        pairs: usize,
        epochs: usize,
        options: &Options,
        ctx: &'a Context,
    ) -> Result<Self> {
        let checkpoint = options.text("checkpoint").map(String::from);
        if let Some(path) = &checkpoint {
            check_ending(path).map_err(|error| error.at("option 'checkpoint'"))?;
            ctx.files().check_write(Path::new(path))?;
        }
        // A limit that is too long for a clock is none.
        let limit = options.number("max_seconds").and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let training =
            Training { verb: verb.into(), options: recorded, pairs, seed: ctx.seed(), ..Training::default() };
        Ok(Self {
            ctx,
            task: format!("training {verb}"),
            started: Instant::now(),
            limit,
            epochs,
            checkpoint: checkpoint.map(|path| Checkpoint { path, written: None, is_due: false }),
            training,
            best: None,
        })
    }

    /// Adds a warning: what happened and what to do about it.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.training.warnings.push(warning.into());
    }

    /// Adds a property of the method, one of those that its record lists.
    pub fn add(&mut self, name: impl Into<String>, value: Value) {
        self.training.added.push((name.into(), value));
    }

    /// Whether `max_seconds` are over: for loops that want to end within an epoch.
    pub fn is_late(&self) -> bool {
        self.limit.is_some_and(|limit| self.started.elapsed() >= limit)
    }

    /// Ends an epoch and tells whether to go on: not after a loss that is NaN, nor when time is up. Where the epoch is the
    /// best so far, the model is kept: `parameters` gives it, and is not called otherwise.
    ///
    /// # Errors
    /// Parameters that are not finite; cancellation, limits of the context; a checkpoint that cannot be written at all.
    pub fn epoch(&mut self, epoch: Epoch, parameters: impl FnOnce() -> Result<Vec<Parameter>>) -> Result<bool> {
        let position = self.note(&epoch);
        let rank = epoch.rank();
        if rank.1.is_finite() && self.best.is_none_or(|best| rank < best) {
            self.training.parameters = parameters()?;
            self.training.best_epoch = position;
            self.best = Some(rank);
            if let Some(checkpoint) = &mut self.checkpoint {
                checkpoint.is_due = true;
            }
        }
        self.write_if_due()?;
        self.ctx.progress(&self.task, position + 1, self.epochs);
        self.ctx.check()?;
        if epoch.loss.is_nan() {
            self.warn(format!("the loss was NaN in epoch {position}, where training ended: a smaller learning rate?"));
        }
        Ok(!epoch.loss.is_nan() && !self.is_late())
    }

    /// The best model.
    ///
    /// # Errors
    /// No epoch with a finite loss.
    pub fn finish(mut self) -> Result<Trained> {
        let done = self.training.loss_history.len();
        if self.best.is_none() {
            let message = format!("no epoch of the training of {} had a finite loss, of {done}", self.training.verb);
            return Err(Error::numerical(message).with_hint("a smaller learning rate, or data in other units"));
        }
        if done < self.epochs && self.is_late() {
            let all = self.epochs;
            self.warn(format!("max_seconds ended training after {done} of {all} epochs: this is the best of them"));
        }
        self.training.seconds = self.started.elapsed().as_secs_f64();
        let trained = Trained::new(self.training.clone())?;
        match self.checkpoint.as_ref().map(|checkpoint| trained.save(&checkpoint.path, self.ctx)) {
            // The model is there all the same, and must not be lost.
            Some(Err(error)) => {
                self.warn(format!("the checkpoint could not be written: {error}"));
                Trained::new(self.training)
            }
            _ => Ok(trained),
        }
    }

    /// Puts an epoch into the histories and gives its position there.
    fn note(&mut self, epoch: &Epoch) -> usize {
        let training = &mut self.training;
        let position = training.loss_history.len();
        training.loss_history.push(epoch.loss);
        match (epoch.validation, training.validation_history.as_mut()) {
            (loss, Some(history)) => history.push(loss.unwrap_or(f64::NAN)),
            (Some(loss), None) => {
                let mut history = vec![f64::NAN; position];
                history.push(loss);
                training.validation_history = Some(history);
            }
            (None, None) => {}
        }
        position
    }

    /// Writes the best model, where there is a new one and the last was not written just now.
    fn write_if_due(&mut self) -> Result<()> {
        let Some(checkpoint) = &mut self.checkpoint else { return Ok(()) };
        if !checkpoint.is_due || checkpoint.written.is_some_and(|written| written.elapsed() < INTERVAL) {
            return Ok(());
        }
        let training = Training { seconds: self.started.elapsed().as_secs_f64(), ..self.training.clone() };
        match Trained::new(training)?.save(&checkpoint.path, self.ctx) {
            Ok(()) => checkpoint.is_due = false,
            // A path that never worked is a mistake; a disk that fills up later must not cost the training.
            Err(error) if checkpoint.written.is_none() => return Err(error.at("option 'checkpoint'")),
            Err(_) => {}
        }
        checkpoint.written = Some(Instant::now());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::file::read_bytes;
    use crate::error::ErrorKind;

    fn options(given: Vec<(&str, Value)>) -> Options {
        Options::check("demo", TRAINING_OPTIONS.iter(), given).unwrap()
    }

    fn parameters(value: f64) -> Result<Vec<Parameter>> {
        Ok(vec![Parameter::new("w", &[1], vec![value])?])
    }

    /// The model that is left of these epochs, each of which has its position as its parameter.
    fn best_of(epochs: &[Epoch]) -> Result<Trained> {
        let (ctx, options) = (Context::new(), options(Vec::new()));
        let mut keeper = Keeper::new("demo", Vec::new(), 1, epochs.len(), &options, &ctx)?;
        for (position, &epoch) in epochs.iter().enumerate() {
            if !keeper.epoch(epoch, || parameters(position as f64))? {
                break;
            }
        }
        keeper.finish()
    }

    #[test]
    fn the_smallest_finite_loss_is_kept_and_nan_ends_training() {
        let model = best_of(&[f64::INFINITY, 3.0, 1.0, 2.0, f64::NAN, 0.0].map(Epoch::new)).unwrap();
        assert_eq!((model.best_epoch(), model.parameters()[0].values()), (2, [2.0].as_slice()));
        assert_eq!((model.loss_history().len(), model.validation_history()), (5, None));
        assert!(model.warnings()[0].contains("NaN in epoch 4"), "{model}");
        let error = best_of(&[Epoch::new(f64::NAN)]).unwrap_err();
        assert!(error.kind() == ErrorKind::Numerical && error.message().contains("no epoch"), "{error}");
        let (ctx, options) = (Context::new(), options(Vec::new()));
        let mut keeper = Keeper::new("demo", Vec::new(), 1, 1, &options, &ctx).unwrap();
        assert!(keeper.epoch(Epoch::new(1.0), || parameters(f64::NAN)).is_err());
    }

    #[test]
    fn epochs_that_were_judged_on_other_data_stand_before_those_that_were_not() {
        let epochs =
            [Epoch::new(0.1), Epoch::new(0.5).validation(9.0), Epoch::new(0.0), Epoch::new(0.4).validation(8.0)];
        let model = best_of(&epochs).unwrap();
        let validation = model.validation_history().unwrap();
        assert_eq!((model.best_epoch(), validation[1], validation[3], validation.len()), (3, 9.0, 8.0, 4));
        assert!(validation[0].is_nan() && validation[2].is_nan());
        let scored = [Epoch::new(0.1).validation(1.0).score(-0.7), Epoch::new(0.0).validation(0.5).score(-0.2)];
        assert_eq!(best_of(&scored).unwrap().best_epoch(), 0);
    }

    #[test]
    fn time_ends_training_with_a_warning_and_a_cancel_with_an_error() {
        let (ctx, options) = (Context::new(), options(vec![("max_seconds", 1e-9.into())]));
        let mut keeper = Keeper::new("demo", Vec::new(), 1, 10, &options, &ctx).unwrap();
        std::thread::sleep(Duration::from_millis(1));
        assert!(!keeper.epoch(Epoch::new(1.0), || parameters(1.0)).unwrap());
        let model = keeper.finish().unwrap();
        assert!(model.warnings()[0].contains("after 1 of 10 epochs"), "{model}");
        let mut keeper = Keeper::new("demo", Vec::new(), 1, 10, &options, &ctx).unwrap();
        ctx.cancel_handle().cancel();
        let error = keeper.epoch(Epoch::new(1.0), || parameters(1.0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn the_checkpoint_is_the_best_so_far_and_in_the_end_the_model() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("best.json").display().to_string();
        let (ctx, options) = (Context::new(), options(vec![("checkpoint", path.as_str().into())]));
        let read = || {
            let json = serde_json::from_slice(&read_bytes(&path, &Context::new()).unwrap()).unwrap();
            Trained::from_saved_json(&json).unwrap()
        };
        let mut keeper = Keeper::new("demo", Vec::new(), 1, 3, &options, &ctx).unwrap();
        keeper.epoch(Epoch::new(2.0), || parameters(2.0)).unwrap();
        assert_eq!(read().parameters()[0].values(), [2.0]);
        keeper.epoch(Epoch::new(1.0), || parameters(1.0)).unwrap();
        assert_eq!(read().loss_history(), [2.0], "the second best came less than five seconds later");
        let model = keeper.finish().unwrap();
        assert_eq!(read().to_json(), model.to_json());
    }

    #[test]
    fn a_checkpoint_that_cannot_be_is_an_error_at_once() {
        let new = |path: &str, ctx: &Context| {
            let options = options(vec![("checkpoint", path.into())]);
            Keeper::new("demo", Vec::new(), 1, 1, &options, ctx)
                .and_then(|mut keeper| keeper.epoch(Epoch::new(1.0), || parameters(1.0)))
                .unwrap_err()
        };
        assert!(new("model.npy", &Context::new()).message().contains("option 'checkpoint'"));
        let sandbox = Context::new().with_files(crate::context::FileAccess::None);
        assert_eq!(new("model.json", &sandbox).kind(), ErrorKind::Denied);
        assert_eq!(new("/nowhere/at/all/model.json", &Context::new()).kind(), ErrorKind::File);
    }
}
