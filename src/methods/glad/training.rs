//! Training GLAD on pairs of data and truth.

use ndarray::Array2;

use super::{Glad, Members, regulator_mask};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg;
use crate::methods::unrolled::prepared::Prepared;
use crate::methods::unrolled::supervised::{
    BETA, Course, Member, PATIENCE, Round, VALIDATION, arrays, beta, check_held, foreign, from_arrays, parted,
    recorded, refuse_regulators, shuffled, sizes,
};
use crate::methods::unrolled::units::SIZE;
use crate::model::{Input, Keeper, Pair, SecondMoment, Trained, Truth};
use crate::nn::{Evaluator, Layout, Objective, Problem, Supervised};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::parallel;
use crate::value::Value;

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("epochs", &[Kind::Count(1)], Preset::Count(40), "Passes over all pairs"),
    Opt::new("learning_rate", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.03), "Learning rate of Adam"),
    Opt::new(
        "loss",
        &[Kind::Choice(&["mse", "fbeta", "mse_fbeta"])],
        Preset::Text("mse"),
        "Squared error of Z against the precision matrix, 1 - F_beta of its edges, or both in balance",
    ),
    BETA,
    VALIDATION,
    PATIENCE,
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

/// Trains a model.
pub(super) fn train(method: &Glad, pairs: &[Pair], options: &Options, ctx: &Context) -> Result<Trained> {
    let epochs = options.count("epochs").unwrap_or(40);
    let rate = options.number("learning_rate").unwrap_or(0.03);
    let word = options.text("loss").unwrap_or("mse");
    let weight = beta("glad", word != "mse", options)?;
    let loss = match (word, weight) {
        ("fbeta", Some(beta)) => Supervised::FBeta { beta },
        ("mse_fbeta", Some(beta)) => Supervised::Balanced { beta },
        _ => Supervised::Mse,
    };
    refuse_regulators("glad", method.regulators.is_some(), "Glad().train(pairs, #{ mask: true })")?;
    let held = recorded(method.recorded(), OPTIONS, options, &[(BETA.name, weight.into())]);
    let mut keeper = Keeper::new("glad", held, pairs.len(), epochs, options, ctx)?;
    let (learned_from, held_out) =
        parted(pairs.len(), options.number(VALIDATION.name).unwrap_or(0.2), "glad validation", ctx);
    let evaluators = parallel::map(pairs, ctx, |_, pair| {
        evaluator(method, pair, loss, options.is_true("mask"), &ctx.clone().with_threads(1))
    })?;
    let layout = method.model.layout()?;
    let (members, _held) = Member::several(layout, method.model.offset, rate, options, ctx)?;
    let course = Course {
        epochs,
        round: &|epoch| Round::once(shuffled(&learned_from, epoch, "glad order", ctx)),
        learned_from: &learned_from,
        held_out: &held_out,
        pass: &|pair, parameters, direction, _, ctx| {
            let pass = evaluators[pair].pass(parameters, direction, ctx)?;
            Ok((pass.loss, pass.gradient))
        },
        judge: None,
        bound: &|parameters| method.model.keep_positive(parameters),
        slow: |_, _| 1.0,
        patience: options.count(PATIENCE.name),
    };
    course.take(members, &mut keeper, |now| arrays(layout, now), ctx)?;
    keeper.finish()
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

/// The options that make a model the one that was trained.
const HELD: [&str; 5] = ["steps", "hidden", "variant", "start", "threshold_diagonal"];

/// Fails where a model that was read is not one of GLAD.
pub(super) fn check(trained: &Trained) -> Result<()> {
    let [count, hidden, _] = sizes(trained)?;
    let layout = Layout::new(hidden)?;
    let recorded = trained.option("hidden").and_then(Value::as_number);
    if recorded != Some(hidden as f64) || HELD.iter().any(|name| trained.option(name).is_none()) {
        return Err(foreign(trained, "its options do not go with its parameters"));
    }
    for part in layout.parts() {
        trained.parameter(part.name, &[count, part.shape.0, part.shape.1])?;
    }
    match trained.parameters().len() == layout.parts().len() {
        true => Ok(()),
        false => Err(foreign(trained, "it has other parameters too")),
    }
}

/// The members of a trained model, if it goes with these options.
pub(super) fn members(method: &Glad, trained: &Trained) -> Result<Members> {
    let [count, hidden, _] = sizes(trained)?;
    check_held(&HELD, &method.recorded(), trained)?;
    let layout = Layout::new(hidden)?;
    let parameters = from_arrays(layout, count, trained)?;
    Ok(Members { layout, parameters })
}
