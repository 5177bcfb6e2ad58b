//! Training GRNUlar on pairs of data and truth.

use super::Grnular;
use super::context::RIDGE;
use super::examples::{Draft, Example, missed_precision, scaling, warnings};
use super::members;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::methods::unrolled::model::DEVICE;
use crate::methods::unrolled::supervised::{
    BETA, Course, Member, PATIENCE, Round, VALIDATION, arrays, beta, parted, recorded, refuse_regulators, shuffled,
};
use crate::model::{Keeper, Pair, Parameter, Trained};
use crate::nn::{EdgeLoss, Supervised};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::parallel;
use crate::value::Value;

/// The percentiles of dropout under which clean data are seen too.
const MIXED: [f64; 4] = [0.0, 25.0, 50.0, 75.0];
/// Data with more zeros than this share are not clean.
const CLEAN: f64 = 0.05;

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new(
        "epochs",
        &[Kind::Count(1)],
        Preset::Unset("40, with variant: \"authors\" 20"),
        "Passes over all pairs; variant \"authors\" takes them all on one pair before the next",
    ),
    Opt::new(
        "learning_rate",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Unset("0.02, with variant: \"authors\" 0.05"),
        "Learning rate of Adam at the start; it falls to a tenth towards the end, with variant \"authors\" to three quarters \
halfway through the first pair",
    ),
    Opt::new(
        "loss",
        &[Kind::Choice(&["cross_entropy", "mse", "fbeta", "mse_fbeta"])],
        Preset::Unset("cross_entropy, with variant: \"authors\" mse_fbeta"),
        "Minus the log-likelihood of the edges; squared error; 1 - F_beta; or the last two in balance, as published",
    ),
    BETA,
    Opt {
        help: "Part of the pairs, drawn by `seed`, whose loss decides which epoch is kept, with variant \"authors\" their \
average precision; 0: those of training decide",
        ..VALIDATION
    },
    Opt {
        help: "End after so many epochs without a better loss; of variant \"authors\", which judges twice on every pair, \
after so many judgements",
        ..PATIENCE
    },
    Opt::new(
        "ensemble",
        &[Kind::Count(1)],
        Preset::Count(1),
        "Initialisations that are trained side by side, whose probabilities are averaged",
    ),
    Opt::new(
        "dropout",
        &[Kind::Numbers, Kind::Choice(&["auto"])],
        Preset::Text("auto"),
        "Percentiles of dropout under which every pair is seen, as technical_noise() makes it with shape 20; [] as it is. \
\"auto\" is [0, 25, 50, 75] where the data of all pairs are counts or expression with hardly any zeros, else []",
    ),
];

/// How a model is trained.
struct Plan {
    epochs: usize,
    rate: f64,
    /// The loss as its option calls it.
    word: String,
    loss: EdgeLoss,
    beta: Option<f64>,
    /// The part of the pairs that is held out.
    share: f64,
    percentiles: Vec<f64>,
}

/// Trains a model.
pub(super) fn train(method: &Grnular, pairs: &[Pair], options: &Options, ctx: &Context) -> Result<Trained> {
    let verb = method.verb();
    refuse_regulators(verb, method.regulators.is_some(), "pairs #{ x, truth, regulators }")?;
    let plan = Plan::of(method, pairs, options)?;
    // Whole pairs are held out, with all their dropout.
    let (learned_from, held_out) = parted(pairs.len(), plan.share, "grnular validation", ctx);
    let per_pair = plan.percentiles.len();
    let of_pairs = |list: &[usize]| -> Vec<usize> {
        list.iter().flat_map(|pair| (0..per_pair).map(move |k| pair * per_pair + k)).collect()
    };
    let (learned_from, held_out) = (of_pairs(&learned_from), of_pairs(&held_out));
    let epochs = if method.published { plan.rounds(learned_from.len()) } else { plan.epochs };
    let mut keeper = Keeper::new(verb, plan.recorded(method, options), pairs.len(), epochs, options, ctx)?;
    let (examples, scaling) = prepared(method, pairs, &plan, &mut keeper, ctx)?;
    let layout = method.layout()?;
    let (members, _held) = Member::several(layout, method.offset(), plan.rate, options, ctx)?;
    let judge = |members: &[Vec<f64>], list: &[usize], ctx: &Context| missed_precision(members, list, &examples, ctx);
    let order = shuffled(&learned_from, 0, verb, ctx);
    let course = Course {
        epochs,
        round: &|epoch| match method.published {
            true => plan.published_round(&order, epoch),
            false => Round::once(shuffled(&learned_from, epoch, verb, ctx)),
        },
        learned_from: &learned_from,
        held_out: &held_out,
        pass: &|index, parameters, direction, stream, ctx| {
            let pass = examples[index].regulation.pass(parameters, direction, stream, ctx)?;
            Ok((pass.loss, pass.gradient))
        },
        judge: method.published.then_some(&judge),
        bound: &|parameters| method.keep_positive(parameters),
        slow: if method.published { published_slow } else { slow },
        patience: options.count(PATIENCE.name),
    };
    let all = |now: &[Vec<f64>]| -> Result<Vec<Parameter>> {
        let mut parameters = arrays(layout, now)?;
        parameters.extend(members::of_scaling(scaling.as_deref())?);
        Ok(parameters)
    };
    course.take(members, &mut keeper, all, ctx)?;
    keeper.finish()
}

/// Every pair under every rate of dropout on the model's device, and the scaling of inputs, where they are scaled.
type Examples = (Vec<Example>, Option<Vec<(f64, f64)>>);

fn prepared(method: &Grnular, pairs: &[Pair], plan: &Plan, keeper: &mut Keeper<'_>, ctx: &Context) -> Result<Examples> {
    let rates = |pair: usize| plan.percentiles.iter().map(move |&percentile| (pair, percentile));
    let jobs: Vec<(usize, f64)> = (0..pairs.len()).flat_map(rates).collect();
    let drafts = parallel::map(&jobs, ctx, |_, &(index, percentile)| {
        Draft::of(method, index, &pairs[index], percentile, &ctx.clone().with_threads(1))
    })?;
    warnings(&jobs, &drafts).into_iter().for_each(|warning| keeper.warn(warning));
    let scaling = (!method.published).then(|| scaling(&drafts));
    let examples = drafts.into_iter().map(|draft| Example::new(method, draft, plan.loss, scaling.as_deref(), ctx));
    Ok((examples.collect::<Result<_>>()?, scaling))
}

impl Plan {
    fn of(method: &Grnular, pairs: &[Pair], options: &Options) -> Result<Self> {
        let published = method.published;
        let word = options.text("loss").unwrap_or(if published { "mse_fbeta" } else { "cross_entropy" });
        if word == "cross_entropy" && published {
            return Err(Error::option(
                "loss: \"cross_entropy\" goes with variant: \"sinew\": the published Z is no probability",
            ));
        }
        let beta = beta(method.verb(), matches!(word, "fbeta" | "mse_fbeta"), options)?;
        Ok(Self {
            epochs: options.count("epochs").unwrap_or(if published { 20 } else { 40 }),
            rate: options.number("learning_rate").unwrap_or(if published { 0.05 } else { 0.02 }),
            word: word.to_string(),
            loss: match (word, beta) {
                ("mse", _) => EdgeLoss::Of(Supervised::Mse),
                ("fbeta", Some(beta)) => EdgeLoss::Of(Supervised::FBeta { beta }),
                ("mse_fbeta", Some(beta)) => EdgeLoss::Of(Supervised::Balanced { beta }),
                _ => EdgeLoss::CrossEntropy,
            },
            beta,
            share: options.number(VALIDATION.name).unwrap_or(0.2),
            percentiles: percentiles(method, pairs, options)?,
        })
    }

    /// The options that held: those of the model hold for other data too, but for the device.
    fn recorded(&self, method: &Grnular, options: &Options) -> Vec<(String, Value)> {
        let model = method.recorded().into_iter().filter(|(name, _)| name != DEVICE.name).collect();
        let held = [
            ("epochs", self.epochs.into()),
            ("learning_rate", self.rate.into()),
            ("loss", self.word.as_str().into()),
            (BETA.name, self.beta.into()),
            (VALIDATION.name, self.share.into()),
            ("dropout", Value::List(self.percentiles.iter().map(|&percentile| percentile.into()).collect())),
        ];
        recorded(model, OPTIONS, options, &held)
    }

    /// Of the published program: all epochs on one example before the next, in two halves, after each of which the
    /// model is judged.
    fn rounds(&self, examples: usize) -> usize {
        examples * self.epochs.min(2)
    }

    fn published_round(&self, order: &[usize], round: usize) -> Round {
        let halves = self.epochs.min(2);
        let times = if round.is_multiple_of(halves) { self.epochs.div_ceil(2) } else { self.epochs / 2 };
        Round::of_one(order[round / halves], times)
    }
}

/// By what the learning rate is multiplied before an epoch: 0.3 of it after half of them, 0.1 after four fifths.
fn slow(epoch: usize, epochs: usize) -> f64 {
    let at = |place: usize, factor: f64| if epoch > 0 && epoch == place { factor } else { 1.0 };
    at(epochs / 2, 0.3) * at(epochs - epochs.div_ceil(5), 1.0 / 3.0)
}

/// As the published program: 0.75 of it once, within the first pair.
fn published_slow(visit: usize, _: usize) -> f64 {
    if visit == 1 { 0.75 } else { 1.0 }
}

/// The percentiles of dropout under which pairs are seen, 0 for none.
fn percentiles(method: &Grnular, pairs: &[Pair], options: &Options) -> Result<Vec<f64>> {
    match options.get("dropout") {
        Some(Value::List(list)) if list.is_empty() => Ok(vec![0.0]),
        Some(Value::List(list)) => {
            let values: Vec<f64> = list.iter().filter_map(Value::as_number).collect();
            match values.iter().find(|value| !(0.0..100.0).contains(*value)) {
                Some(value) => {
                    Err(Error::option(format!("option 'dropout' lists percentiles from 0 to below 100, not {value}")))
                }
                None => Ok(values),
            }
        }
        _ if method.published || !pairs.iter().all(|pair| is_clean(&pair.x)) => Ok(vec![0.0]),
        _ => Ok(MIXED.to_vec()),
    }
}

/// Whether data are expression without negative values and with hardly any zeros.
fn is_clean(x: &Matrix) -> bool {
    let zeros = x.view().iter().filter(|value| **value == 0.0).count();
    x.view().iter().all(|value| *value >= 0.0) && zeros as f64 <= CLEAN * x.view().len() as f64
}

impl Grnular {
    /// The offset before training: the ridge penalty of the start.
    fn offset(&self) -> f64 {
        if self.published { 1.0 } else { RIDGE[0] }
    }

    /// Holds the learned penalty of the start where regressions have an answer.
    fn keep_positive(&self, parameters: &mut [f64]) {
        const LEAST: f64 = 1e-3;
        if let Some(offset) = parameters.first_mut().filter(|_| !self.published) {
            *offset = offset.max(LEAST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_ends_at_a_tenth_however_few_epochs_there_are() {
        for epochs in [2, 3, 4, 5, 40, usize::MAX / 2] {
            let places = [epochs / 2, epochs - epochs.div_ceil(5)];
            let factor = match places[0] == places[1] {
                true => slow(places[0], epochs),
                false => slow(places[0], epochs) * slow(places[1], epochs),
            };
            assert!((factor - 0.1).abs() < 1e-12, "{epochs}");
        }
        assert_eq!((slow(0, 1), slow(1, 40), slow(20, 40)), (1.0, 1.0, 0.3));
    }
}
