//! Methods for tests alone: one that is trained, one that takes several data sets, one for incomplete data. The registry
//! has them where the library itself is tested, so that all that records reach is tested with them.

use super::{
    Accepts, Area, Epoch, Estimate, Fit, Input, JointFit, Keeper, Pair, Parameter, Property, Record, Run, Trainable,
    Trained,
};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

/// All of them.
pub static RECORDS: &[&Record] = &[&TRAINED, &JOINT, &INCOMPLETE];

const fn record(
    verb: &'static str,
    constructor: &'static str,
    accepts: Accepts,
    options: &'static [Opt],
    adds: &'static [Property],
    example: &'static str,
    run: Run,
) -> Record {
    Record {
        verb,
        constructor: Some(constructor),
        area: Area::Recover,
        summary: "A method of the tests",
        details: "",
        params: &[],
        options,
        accepts,
        random: false,
        adds,
        reference: "",
        example,
        run,
    }
}

const MODEL: &[Opt] = &[
    Opt::new("steps", &[Kind::Count(1)], Preset::Count(2), "Size of the model"),
    Opt::new("offset", &[Kind::Number(Range::ANY)], Preset::Number(0.0), "Added to the weight"),
];
const TRAINING: &[Opt] = &[
    Opt::new("epochs", &[Kind::Count(1)], Preset::Count(3), "Epochs"),
    Opt::new("rate", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.5), "Learning rate"),
];
const LINKS: &[Opt] = &[Opt::new("links", &[Kind::Count(0)], Preset::Count(1), "Number of edges")];
const WEIGHT: &[Property] = &[Property { name: "dummy_weight", help: "The weight that was used (float)" }];
const SIZES: &[Property] = &[Property { name: "dummy_sizes", help: "Numbers of samples (list)" }];

const TRAINED_VERB: &str = "dummy_trained";
const JOINT_VERB: &str = "dummy_joint";
const INCOMPLETE_VERB: &str = "dummy_incomplete";

/// Its loss is |1 - w|, from w = 0 in steps of `rate`; a fit has the edge 0 - 1 of weight w + offset, untrained 1.
pub static TRAINED: Record = record(
    TRAINED_VERB,
    "DummyTrained",
    Accepts::Data,
    MODEL,
    WEIGHT,
    "print(randn(9, 2).dummy_trained());",
    Run::Trainable(Trainable { fit: fit_trained, train, train_options: TRAINING, check }),
);

/// A fit has as many edges, in a chain, as `links`.
pub static JOINT: Record = record(
    JOINT_VERB,
    "DummyJoint",
    Accepts::DataOrCovariance,
    LINKS,
    SIZES,
    "print(dummy_joint([randn(9, 2), randn(8, 2)]));",
    Run::FitOrJoint {
        fit: |input, options, ctx| chain(JOINT_VERB, input, options.count("links").unwrap_or(0), ctx),
        joint,
    },
);

/// It fits data with missing values, but none with an empty column.
pub static INCOMPLETE: Record = record(
    INCOMPLETE_VERB,
    "DummyIncomplete",
    Accepts::IncompleteOrCovariance,
    &[],
    &[],
    "print(randn(9, 2).dummy_incomplete());",
    Run::Fit(|input, _, ctx| match input.empty_columns().first() {
        Some(column) => Err(Error::data(format!("column {} is empty", input.matrix().column_label(*column)))),
        None => chain(INCOMPLETE_VERB, input, 0, ctx),
    }),
);

fn chain(verb: &'static str, input: &Input, links: usize, ctx: &Context) -> Result<Fit> {
    let links = links.min(input.p().saturating_sub(1));
    let edges = (0..links).map(|i| Edge::new(i, i + 1, 0.5)).collect();
    let graph = Graph::new(input.p(), input.names().cloned(), false, edges)?;
    Fit::builder(verb, input, Vec::new(), ctx).solver("none", links, true).finish(Estimate::Graph(graph), ctx)
}

fn joint(inputs: &[Input], options: &Options, ctx: &Context) -> Result<JointFit> {
    let links = options.count("links").unwrap_or(0);
    let recorded = vec![("links".to_string(), links.into())];
    let builder = JointFit::builder(JOINT_VERB, recorded, ctx).solver(links, true);
    let sizes: Vec<Value> = inputs.iter().map(|input| input.n().into()).collect();
    let fits = inputs.iter().map(|input| chain(JOINT_VERB, input, links, ctx)).collect::<Result<Vec<_>>>()?;
    builder.add("dummy_sizes", sizes.into()).finish(fits, ctx)
}

fn train(pairs: &[Pair], options: &Options, ctx: &Context) -> Result<Trained> {
    let (steps, epochs) = (options.count("steps").unwrap_or(0), options.count("epochs").unwrap_or(0));
    let rate = options.number("rate").unwrap_or(0.0);
    let recorded = vec![
        ("steps".to_string(), steps.into()),
        ("offset".to_string(), options.get("offset").cloned().unwrap_or(Value::Unit)),
        ("epochs".to_string(), epochs.into()),
        ("rate".to_string(), rate.into()),
        ("unset".to_string(), Value::Unit),
    ];
    let mut keeper = Keeper::new(TRAINED_VERB, recorded, pairs.len(), epochs, options, ctx)?;
    for epoch in 0..epochs {
        let weight = epoch as f64 * rate;
        let loss = (1.0 - weight).abs();
        let goes_on = keeper.epoch(Epoch::new(loss).validation(loss + 1.0), || {
            Ok(vec![Parameter::new("weight", &[steps], vec![weight; steps])?])
        })?;
        if !goes_on {
            break;
        }
    }
    keeper.add("dummy_weight", Value::Unit);
    keeper.finish()
}

fn check(trained: &Trained) -> Result<()> {
    let steps = match trained.option("steps") {
        Some(Value::Int(steps)) => usize::try_from(*steps).unwrap_or(0),
        _ => 0,
    };
    trained.parameter("weight", &[steps]).map(|_| ())
}

fn fit_trained(input: &Input, options: &Options, trained: Option<&Trained>, ctx: &Context) -> Result<Fit> {
    let steps = options.count("steps").unwrap_or(0);
    let weight = match trained {
        Some(trained) if trained.parameters()[0].shape() != [steps] => {
            return Err(Error::option("option 'steps' of dummy_trained cannot change any more"));
        }
        Some(trained) => trained.parameters()[0].values().first().copied().unwrap_or(0.0),
        None => 1.0,
    };
    let weight = weight + options.number("offset").unwrap_or(0.0);
    let edges = if weight == 0.0 { Vec::new() } else { vec![Edge::new(0, 1, weight)] };
    let graph = Graph::new(input.p(), input.names().cloned(), false, edges)?;
    Fit::builder(TRAINED_VERB, input, vec![("steps".into(), steps.into())], ctx)
        .solver("none", steps, true)
        .add("dummy_weight", weight.into())
        .finish(Estimate::Graph(graph), ctx)
}
