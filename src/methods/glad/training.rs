//! Training GLAD on pairs of data and truth.

use ndarray::Array2;

use super::{Glad, Members, regulator_mask};
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::linalg;
use crate::methods::unrolled::prepared::Prepared;
use crate::methods::unrolled::units::SIZE;
use crate::model::{Epoch, Input, Keeper, Pair, Parameter, SecondMoment, Trained, Truth};
use crate::nn::{Adam, Direction, Evaluator, Layout, Objective, Problem, Supervised};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;
use crate::{parallel, rng};

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("epochs", &[Kind::Count(1)], Preset::Count(40), "Passes over all pairs"),
    Opt::new("learning_rate", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.03), "Learning rate of Adam"),
    Opt::new(
        "loss",
        &[Kind::Choice(&["mse", "fbeta", "mse_fbeta"])],
        Preset::Text("mse"),
        "Squared error of Z against the precision matrix, 1 - F_beta of its edges, or both in balance",
    ),
    Opt::new(
        "beta",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(2.0),
        "How much more recall weighs than precision in F_beta",
    ),
    Opt::new(
        "validation",
        &[Kind::Number(Range::UNIT.below(1.0))],
        Preset::Number(0.2),
        "Part of the pairs, drawn by `seed`, whose loss decides which epoch is kept; 0: the training loss decides",
    ),
    Opt::new("patience", &[Kind::Count(1)], Preset::Unset("never"), "End after so many epochs without a better loss"),
    Opt::new(
        "ensemble",
        &[Kind::Count(1)],
        Preset::Count(1),
        "Initialisations that are trained side by side, whose Theta and Z are averaged",
    ),
    Opt::new(
        "mask",
        &[Kind::Bool],
        Preset::Bool(false),
        "Train with the entries of pairs without a regulator held at 0, where the pairs have regulators",
    ),
];

/// One member of an ensemble while it learns.
#[derive(Debug)]
struct Member {
    parameters: Vec<f64>,
    adam: Adam,
}

/// Trains a model.
pub(super) fn train(method: &Glad, pairs: &[Pair], options: &Options, ctx: &Context) -> Result<Trained> {
    let epochs = options.count("epochs").unwrap_or(40);
    let rate = options.number("learning_rate").unwrap_or(0.03);
    let beta = options.number("beta").unwrap_or(2.0);
    let loss = match options.text("loss") {
        Some("fbeta") => Supervised::FBeta { beta },
        Some("mse_fbeta") => Supervised::Balanced { beta },
        _ => Supervised::Mse,
    };
    if options.is_given("beta") && loss == Supervised::Mse {
        return Err(Error::option("option 'beta' of glad goes with loss: \"fbeta\" or \"mse_fbeta\""));
    }
    if method.regulators.is_some() {
        return Err(Error::option("option 'regulators' of glad says what is fitted: its pairs bring their own")
            .with_hint("Glad().train(pairs, #{ mask: true }), and .fit(x, #{ regulators: [..] })"));
    }
    let (seen, held_out) = parted(pairs.len(), options.number("validation").unwrap_or(0.2), ctx);
    let evaluators = parallel::map(pairs, ctx, |_, pair| {
        evaluator(method, pair, loss, options.is_true("mask"), &ctx.clone().with_threads(1))
    })?;
    let layout = method.model.layout()?;
    let size = options.count("ensemble").unwrap_or(1);
    let mut members: Vec<Member> = (0..size)
        .map(|member| {
            let parameters = layout.initial(method.model.offset, ctx.seed(), member as u64);
            Member { adam: Adam::new(parameters.len(), rate), parameters }
        })
        .collect();
    let mut keeper = Keeper::new("glad", recorded(method, options), pairs.len(), epochs, options, ctx)?;
    let (mut least, mut waited) = (f64::INFINITY, 0);
    for epoch in 0..epochs {
        let order = rng::permutation(&mut rng::stream(ctx.seed(), "glad order", epoch as u64), seen.len());
        let order: Vec<usize> = order.into_iter().map(|position| seen[position]).collect();
        let trained = parallel::map(&members, ctx, |_, member| learn_epoch(method, member, &evaluators, &order, ctx))?;
        let losses: Vec<f64> = trained.iter().map(|(_, loss)| *loss).collect();
        members = trained.into_iter().map(|(member, _)| member).collect();
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        let now: Vec<Vec<f64>> = members.iter().map(|member| member.parameters.clone()).collect();
        // The mean on the way is that of other parameters at every pair: what is kept is judged by itself.
        let judged = if held_out.is_empty() { &seen } else { &held_out };
        let rank = if mean.is_finite() { judge(&now, &evaluators, judged, ctx)? } else { f64::NAN };
        let so_far = match held_out.is_empty() {
            true => Epoch::new(rank),
            false => Epoch::new(if rank.is_finite() { mean } else { f64::NAN }).validation(rank),
        };
        let goes_on = keeper.epoch(so_far, || arrays(layout, &now))?;
        (least, waited) = if rank < least { (rank, 0) } else { (least, waited + 1) };
        if !goes_on || options.count("patience").is_some_and(|patience| waited >= patience) {
            break;
        }
    }
    keeper.finish()
}

/// The positions of the pairs that are learned from, and of those that are held out: at least one of the former.
fn parted(count: usize, part: f64, ctx: &Context) -> (Vec<usize>, Vec<usize>) {
    let order = rng::permutation(&mut rng::stream(ctx.seed(), "glad validation", 0), count);
    let out = ((count as f64 * part).floor() as usize).min(count.saturating_sub(1));
    let (held_out, seen) = order.split_at(out);
    (seen.to_vec(), held_out.to_vec())
}

/// Passes over pairs in this order, with a step after each; the mean loss on the way.
fn learn_epoch(
    method: &Glad,
    member: &Member,
    evaluators: &[Evaluator],
    order: &[usize],
    ctx: &Context,
) -> Result<(Member, f64)> {
    let mut next = Member { parameters: member.parameters.clone(), adam: member.adam.clone() };
    let mut sum = 0.0;
    for &pair in order {
        let pass = match evaluators[pair].pass(&next.parameters, Direction::Both, ctx) {
            Err(error) if error.kind().is_stop() || error.kind() == ErrorKind::Memory => return Err(error),
            // What has been learned before must not be lost: this epoch is NaN, and training ends.
            Err(_) => return Ok((next, f64::NAN)),
            Ok(pass) => pass,
        };
        if !pass.loss.is_finite() || pass.gradient.iter().any(|g| !g.is_finite()) {
            return Ok((next, f64::NAN));
        }
        sum += pass.loss;
        next.adam.step(&mut next.parameters, &pass.gradient);
        method.model.keep_positive(&mut next.parameters);
    }
    Ok((next, sum / order.len() as f64))
}

/// The mean loss of some pairs over all members; NaN where one cannot be computed.
fn judge(members: &[Vec<f64>], evaluators: &[Evaluator], pairs: &[usize], ctx: &Context) -> Result<f64> {
    let alone = ctx.clone().with_threads(1);
    let losses = parallel::map(pairs, ctx, |_, &pair| {
        let mut sum = 0.0;
        for member in members {
            sum += match evaluators[pair].pass(member, Direction::Forward, &alone) {
                Err(error) if error.kind().is_stop() || error.kind() == ErrorKind::Memory => return Err(error),
                Err(_) => f64::NAN,
                Ok(pass) => pass.loss,
            };
        }
        Ok::<_, Error>(sum / members.len() as f64)
    })?;
    Ok(losses.iter().sum::<f64>() / losses.len() as f64)
}

/// A pair on the model's device.
fn evaluator(method: &Glad, pair: &Pair, loss: Supervised, is_masked: bool, ctx: &Context) -> Result<Evaluator> {
    let input = Input::with_constants(&pair.x, SecondMoment::default(), ctx)?;
    let prepared = method.prepared(&input, ctx)?;
    let truth = target(&pair.truth, &prepared, method.model.is_published(), ctx)?;
    let acts = |regulators: &Vec<usize>| -> Vec<bool> {
        prepared.columns.iter().map(|column| regulators.contains(column)).collect()
    };
    let mask = pair.regulators.as_ref().filter(|_| is_masked).map(|regulators| regulator_mask(&acts(regulators)));
    let objective = Some(Objective::Supervised { loss, truth: vec![truth] });
    method.model.evaluator(&Problem { s: vec![prepared.s()], mask, objective }, ctx)
}

/// What Z should be, in the model's units: the precision matrix, or A + (1 - smallest eigenvalue) I of a graph.
fn target(truth: &Truth, prepared: &Prepared, is_published: bool, ctx: &Context) -> Result<Array2<f64>> {
    match truth {
        Truth::Matrix(theta) => {
            // Inverses are symmetric up to rounding.
            let size = theta.view().iter().fold(0.0f64, |most, value| most.max(value.abs()));
            if linalg::asymmetry(theta.view(), &vec![1.0; theta.rows()]).0 > 1e-8 * size {
                return Err(Error::data("the truth is not symmetric").with_hint("a precision matrix, or a Graph"));
            }
            let mut theta = linalg::block_of(theta.view(), &prepared.columns);
            linalg::symmetrize(&mut theta);
            Ok(prepared.units.precision_to_model(theta.view()))
        }
        Truth::Graph(graph) => {
            let all = graph.to_matrix(ctx)?;
            let linked = |i: usize, j: usize| i != j && (all.view()[(i, j)] != 0.0 || all.view()[(j, i)] != 0.0);
            let columns = &prepared.columns;
            let mut a = Array2::from_shape_fn((columns.len(), columns.len()), |(i, j)| {
                f64::from(u8::from(linked(columns[i], columns[j])))
            });
            let smallest = linalg::min_eigenvalue(a.view(), ctx)?;
            a.diag_mut().iter_mut().for_each(|value| *value = 1.0 - smallest);
            // As large as Theta is in the model's units; the published program has no such units.
            Ok(if is_published { a } else { a * (SIZE / (1.0 - smallest)) })
        }
    }
}

/// The options that held: those of the model hold for other data too.
fn recorded(method: &Glad, options: &Options) -> Vec<(String, Value)> {
    let own = OPTIONS.iter().map(|opt| (opt.name.to_string(), options.get(opt.name).cloned().unwrap_or(Value::Unit)));
    method.recorded().into_iter().chain(own).collect()
}

/// The parameters of all members, a row for each, by part.
fn arrays(layout: Layout, members: &[Vec<f64>]) -> Result<Vec<Parameter>> {
    let split: Vec<_> = members.iter().map(|parameters| layout.split(parameters)).collect();
    let part = |index: usize| {
        let (part, _) = &split[0][index];
        let values = split.iter().flat_map(|member| member[index].1.iter().copied()).collect();
        Parameter::new(part.name, &[members.len(), part.shape.0, part.shape.1], values)
    };
    (0..split[0].len()).map(part).collect()
}

/// The options that make a model the one that was trained.
const HELD: [&str; 5] = ["steps", "hidden", "variant", "start", "threshold_diagonal"];

/// How many members a trained model has, and the units of its hidden layers.
fn sizes(trained: &Trained) -> Result<(usize, usize)> {
    let first = trained.parameters().iter().find(|parameter| parameter.name() == "threshold.weight_1");
    match first.map(Parameter::shape) {
        Some(&[members, hidden, 3]) if members > 0 => Ok((members, hidden)),
        _ => Err(Error::data("this is no model of glad: it has no parameter 'threshold.weight_1' of its shape")),
    }
}

/// Fails where a model that was read is not one of GLAD.
pub(super) fn check(trained: &Trained) -> Result<()> {
    let (count, hidden) = sizes(trained)?;
    let layout = Layout::new(hidden)?;
    let recorded = trained.option("hidden").and_then(Value::as_number);
    if recorded != Some(hidden as f64) || HELD.iter().any(|name| trained.option(name).is_none()) {
        return Err(Error::data("this is no model of glad: its options do not go with its parameters"));
    }
    for part in layout.parts() {
        trained.parameter(part.name, &[count, part.shape.0, part.shape.1])?;
    }
    match trained.parameters().len() == layout.parts().len() {
        true => Ok(()),
        false => Err(Error::data("this is no model of glad: it has other parameters too")),
    }
}

/// The members of a trained model, if it goes with these options.
pub(super) fn members(method: &Glad, trained: &Trained) -> Result<Members> {
    let (count, hidden) = sizes(trained)?;
    for name in HELD {
        let now = method.recorded().into_iter().find(|(known, _)| known == name).map(|(_, value)| value);
        if let (Some(then), Some(now)) = (trained.option(name), now)
            && then.to_json() != now.to_json()
        {
            return Err(Error::option(format!("this model was trained with {name}: {}", then.brief()))
                .with_hint("what a model was trained with cannot be changed in its fits"));
        }
    }
    let layout = Layout::new(hidden)?;
    let mut parameters = vec![Vec::with_capacity(layout.len()); count];
    for part in layout.parts() {
        let values = trained.parameter(part.name, &[count, part.shape.0, part.shape.1])?.values();
        let size = part.shape.0 * part.shape.1;
        for (own, values) in parameters.iter_mut().zip(values.chunks_exact(size)) {
            own.extend_from_slice(values);
        }
    }
    Ok(Members { layout, parameters })
}
