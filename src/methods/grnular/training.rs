//! Training GRNUlar on pairs of data and truth.

use ndarray::Array2;

use super::context::{INPUTS, RIDGE, Seen};
use super::options::HELD;
use super::{Grnular, Members};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::methods::unrolled::supervised::{
    BETA, Course, Member, PATIENCE, VALIDATION, arrays, check_held, from_arrays, parted, shuffled,
};
use crate::metrics::{Pairs, Ranking};
use crate::model::{Keeper, Pair, Parameter, Trained};
use crate::nn::{Direction, EdgeLoss, Layout, Regulation, Supervised};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::simulate::technical_noise::{Dropout, TechnicalNoise};
use crate::value::Value;
use crate::{parallel, rng};

/// How sharply the dropout that training adds depends on expression: that of the paper's simulations.
const SHAPE: f64 = 20.0;
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
        "Learning rate of Adam at the start; it falls to a tenth towards the end",
    ),
    Opt::new(
        "loss",
        &[Kind::Choice(&["cross_entropy", "mse", "fbeta", "mse_fbeta"])],
        Preset::Unset("cross_entropy, with variant: \"authors\" mse_fbeta"),
        "Minus the log-likelihood of the edges; squared error; 1 - F_beta; or the last two in balance, as published",
    ),
    BETA,
    VALIDATION,
    PATIENCE,
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

/// A pair on the model's device, and what is true of it.
struct Example {
    regulation: Regulation,
    truth: Array2<f64>,
    own: Vec<usize>,
}

/// Trains a model.
pub(super) fn train(method: &Grnular, pairs: &[Pair], options: &Options, ctx: &Context) -> Result<Trained> {
    let verb = method.verb();
    if method.regulators.is_some() {
        return Err(Error::option(format!("option 'regulators' of {verb} says what is fitted: pairs bring their own"))
            .with_hint("pairs #{ x, truth, regulators }, and .fit(x, #{ regulators: [..] })"));
    }
    let loss = loss(method, options)?;
    let epochs = options.count("epochs").unwrap_or(if method.published { 20 } else { 40 });
    let rate = options.number("learning_rate").unwrap_or(if method.published { 0.05 } else { 0.02 });
    let share = options.number(VALIDATION.name).unwrap_or(0.2);
    // Whole pairs are held out, with all their dropout.
    let (seen, held_out) = parted(pairs.len(), share, "grnular validation", ctx);
    let percentiles = percentiles(method, pairs, options)?;
    let per_pair = percentiles.len();
    let jobs: Vec<(usize, f64)> =
        (0..pairs.len()).flat_map(|pair| percentiles.iter().map(move |&percentile| (pair, percentile))).collect();
    let found = parallel::map(&jobs, ctx, |_, &(pair, percentile)| {
        seen_pair(method, pair, &pairs[pair], percentile, &ctx.clone().with_threads(1))
    })?;
    let scaling = (!method.published).then(|| scaling(&found));
    let examples = found.into_iter().map(|(seen, truth)| example(method, seen, truth, loss, scaling.as_deref(), ctx));
    let examples = examples.collect::<Result<Vec<Example>>>()?;
    let of_pairs = |list: &[usize]| -> Vec<usize> {
        list.iter().flat_map(|pair| (0..per_pair).map(move |k| pair * per_pair + k)).collect()
    };
    let (seen, held_out) = (of_pairs(&seen), of_pairs(&held_out));
    let visits =
        if method.published { published_visits(&seen, epochs, ctx) } else { shuffled(&seen, epochs, verb, ctx) };
    let layout = method.layout()?;
    let fresh = |member| Member::new(layout.initial(method.offset(), ctx.seed(), member as u64), rate);
    let members: Vec<Member> = (0..options.count("ensemble").unwrap_or(1)).map(fresh).collect();
    let mut keeper =
        Keeper::new(verb, recorded(method, options, &percentiles), pairs.len(), visits.len(), options, ctx)?;
    let judge = |members: &[Vec<f64>], list: &[usize], ctx: &Context| missed_precision(members, list, &examples, ctx);
    let course = Course {
        visits,
        seen,
        held_out,
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
        if let Some(scaling) = &scaling {
            let (means, deviations) = scaling.iter().copied().unzip();
            parameters.push(Parameter::new(MEANS, &[layout.inputs()], means)?);
            parameters.push(Parameter::new(DEVIATIONS, &[layout.inputs()], deviations)?);
        }
        Ok(parameters)
    };
    course.take(members, &mut keeper, all, ctx)?;
    keeper.finish()
}

const MEANS: &str = "inputs.mean";
const DEVIATIONS: &str = "inputs.deviation";

/// By what the learning rate is multiplied before an epoch: 0.3 of it after half of them, 0.1 after four fifths.
fn slow(epoch: usize, epochs: usize) -> f64 {
    match epoch {
        0 => 1.0,
        _ if epoch == epochs / 2 => 0.3,
        _ if epoch == 4 * epochs / 5 => 1.0 / 3.0,
        _ => 1.0,
    }
}

/// As the published program: 0.75 of it once, within the first pair.
fn published_slow(visit: usize, _: usize) -> f64 {
    if visit == 1 { 0.75 } else { 1.0 }
}

/// All epochs on one pair before the next, in two halves, after each of which the model is judged.
fn published_visits(seen: &[usize], epochs: usize, ctx: &Context) -> Vec<Vec<usize>> {
    let order = shuffled(seen, 1, "grnular", ctx).into_iter().flatten();
    order.flat_map(|pair| [vec![pair; epochs.div_ceil(2)], vec![pair; epochs / 2]]).filter(|v| !v.is_empty()).collect()
}

fn loss(method: &Grnular, options: &Options) -> Result<EdgeLoss> {
    let beta = options.number(BETA.name).unwrap_or(2.0);
    let default = if method.published { "mse_fbeta" } else { "cross_entropy" };
    let loss = match options.text("loss").unwrap_or(default) {
        "mse" => EdgeLoss::Of(Supervised::Mse),
        "fbeta" => EdgeLoss::Of(Supervised::FBeta { beta }),
        "mse_fbeta" => EdgeLoss::Of(Supervised::Balanced { beta }),
        _ => EdgeLoss::CrossEntropy,
    };
    if loss == EdgeLoss::CrossEntropy && method.published {
        return Err(Error::option(
            "loss: \"cross_entropy\" goes with variant: \"sinew\": the published Z is no probability",
        ));
    }
    if options.is_given(BETA.name) && matches!(loss, EdgeLoss::CrossEntropy | EdgeLoss::Of(Supervised::Mse)) {
        let message = format!("option 'beta' of {} goes with loss: \"fbeta\" or \"mse_fbeta\"", method.verb());
        return Err(Error::option(message));
    }
    Ok(loss)
}

/// The percentiles of dropout under which pairs are seen, 0 for none.
fn percentiles(method: &Grnular, pairs: &[Pair], options: &Options) -> Result<Vec<f64>> {
    match options.get("dropout") {
        Some(Value::List(list)) if list.is_empty() => Ok(vec![0.0]),
        Some(Value::List(list)) => {
            let values: Vec<f64> = list.iter().filter_map(Value::as_number).collect();
            match values.iter().find(|value| !(0.0..100.0).contains(*value)) {
                Some(value) => {
                    Err(Error::option(format!("option 'dropout' lists percentiles from 0 to 100, not {value}")))
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

/// A pair under dropout as the model sees it, and its truth, regulators x genes.
fn seen_pair(
    method: &Grnular,
    index: usize,
    pair: &Pair,
    percentile: f64,
    ctx: &Context,
) -> Result<(Seen, Array2<f64>)> {
    let ctx = &ctx.clone().with_seed(rng::derive(ctx.seed(), &format!("grnular pair at {percentile}"), index as u64));
    let at = |error: Error| error.at(format!("pair {index}"));
    let regulators = pair.regulators.clone().unwrap_or_else(|| (0..pair.x.cols()).collect());
    let truth = pair.truth.matrix(ctx)?;
    let x = match percentile {
        0.0 => None,
        percentile => {
            let dropout = Some(Dropout { shape: SHAPE, percentile });
            let noise = TechnicalNoise { dropout, ..TechnicalNoise::default() };
            Some(noise.apply(&pair.x, ctx).map_err(at)?)
        }
    };
    let seen = method.seen(x.as_ref().unwrap_or(&pair.x), &regulators, ctx).map_err(at)?;
    // As published: only genes behind their regulators count.
    let counts = |t: usize, g: usize| regulators[t] != g && (!method.published || g > regulators[t]);
    let edge = |t: usize, g: usize| counts(t, g) && truth.view()[(regulators[t], g)] != 0.0;
    let truth = Array2::from_shape_fn((regulators.len(), pair.x.cols()), |(t, g)| f64::from(u8::from(edge(t, g))));
    Ok((seen, truth))
}

fn example(
    method: &Grnular,
    seen: Seen,
    truth: Array2<f64>,
    loss: EdgeLoss,
    scaling: Option<&[(f64, f64)]>,
    ctx: &Context,
) -> Result<Example> {
    let mut problem = seen.problem;
    problem.objective = Some((loss, truth.clone()));
    Ok(Example { regulation: method.on(&problem, scaling, ctx)?, truth, own: problem.own })
}

/// Mean and standard deviation of every input over all pairs, as the first iteration has them.
fn scaling(found: &[(Seen, Array2<f64>)]) -> Vec<(f64, f64)> {
    let own = |input: usize| -> Vec<f64> {
        let values = found.iter().flat_map(|(seen, _)| {
            let problem = &seen.problem;
            let (_, genes) = problem.s.dim();
            problem.context.rows().into_iter().enumerate().map(move |(pair, row)| match input {
                // |w| of the larger penalty is close enough to that of the start, and to Z.
                0 | 2 => row[5],
                1 => problem.s[(pair / genes, pair % genes)].abs(),
                further => row[further - 3],
            })
        });
        values.collect()
    };
    let moments = |values: Vec<f64>| {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        (mean, (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt() + 1e-6)
    };
    (0..INPUTS.len() + 3).map(|input| moments(own(input))).collect()
}

/// 1 - the mean average precision of the undirected result, over pairs.
fn missed_precision(members: &[Vec<f64>], list: &[usize], examples: &[Example], ctx: &Context) -> Result<f64> {
    let alone = ctx.clone().with_threads(1);
    let all = parallel::map(list, ctx, |_, &index| {
        let example = &examples[index];
        let mut sum = Array2::<f64>::zeros(example.truth.dim());
        for member in members {
            sum += &example.regulation.pass(member, Direction::Forward, u64::MAX >> 1, &alone)?.z.mapv(f64::abs);
        }
        let mut pairs = Pairs::default();
        for ((t, g), &truth) in example.truth.indexed_iter().filter(|((t, g), _)| example.own[*t] != *g) {
            pairs.truth.push(truth != 0.0);
            pairs.strength.push(sum[(t, g)]);
        }
        Ok::<_, Error>(Ranking::of(&pairs).average_precision())
    })?;
    let known: Vec<f64> = all.into_iter().filter(|value| value.is_finite()).collect();
    Ok(1.0 - known.iter().sum::<f64>() / known.len().max(1) as f64)
}

/// The options that held: those of the model hold for other data too.
fn recorded(method: &Grnular, options: &Options, percentiles: &[f64]) -> Vec<(String, Value)> {
    let own = OPTIONS.iter().map(|opt| {
        let value = match opt.name {
            "dropout" => Value::List(percentiles.iter().map(|&percentile| percentile.into()).collect()),
            name => options.get(name).cloned().unwrap_or(Value::Unit),
        };
        (opt.name.to_string(), value)
    });
    method.recorded().into_iter().chain(own).collect()
}

/// How many members a trained model has, and where their parameters stand.
fn sizes(trained: &Trained) -> Result<(usize, Layout)> {
    let none = || {
        let message =
            format!("this is no model of {}: it has no parameter 'threshold.weight_1' of its shape", trained.verb());
        Error::data(message)
    };
    let first = trained.parameters().iter().find(|parameter| parameter.name() == "threshold.weight_1");
    match first.map(Parameter::shape) {
        Some(&[members, hidden, 3]) if members > 0 => Ok((members, Layout::with_context(0, hidden)?)),
        Some(&[members, hidden, inputs]) if members > 0 && inputs == 3 + INPUTS.len() => {
            Ok((members, Layout::with_context(INPUTS.len(), hidden)?))
        }
        _ => Err(none()),
    }
}

/// Fails where a model that was read is not one of GRNUlar.
pub(super) fn check(trained: &Trained) -> Result<()> {
    let (count, layout) = sizes(trained)?;
    let wrong = |what: &str| Err(Error::data(format!("this is no model of {}: {what}", trained.verb())));
    let recorded = trained.option("threshold_hidden").and_then(Value::as_number);
    if recorded != Some(layout.hidden() as f64)
        || ["steps", "variant"].iter().any(|name| trained.option(name).is_none())
    {
        return wrong("its options do not go with its parameters");
    }
    from_arrays(layout, count, trained)?;
    let published = matches!(trained.option("variant"), Some(Value::Text(word)) if word == "authors");
    let further = if published { 0 } else { 2 };
    if trained.parameters().len() != layout.parts().len() + further {
        return wrong("it has other parameters too");
    }
    if !published && scaling_of(trained, layout)?.iter().any(|(_, deviation)| *deviation <= 0.0) {
        return wrong("inputs have a deviation of 0");
    }
    Ok(())
}

fn scaling_of(trained: &Trained, layout: Layout) -> Result<Vec<(f64, f64)>> {
    let values = |name| trained.parameter(name, &[layout.inputs()]).map(Parameter::values);
    Ok(values(MEANS)?.iter().copied().zip(values(DEVIATIONS)?.iter().copied()).collect())
}

/// The members of a trained model, if it goes with these options.
pub(super) fn members(method: &Grnular, trained: &Trained) -> Result<Members> {
    let (count, layout) = sizes(trained)?;
    check_held(&HELD, &method.recorded(), trained)?;
    let scaling = if method.published { None } else { Some(scaling_of(trained, layout)?) };
    Ok(Members { parameters: from_arrays(layout, count, trained)?, layout, scaling })
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
