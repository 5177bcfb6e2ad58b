//! What joint fits over latent factors have: scores of samples, weights of variables, labels that stand out.

use rhai::{Array, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe, to_value};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::matrix_of;
use super::fit_of_set;
use crate::data::{Matrix, Table};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Area, Factors, JointFit};
use crate::options::{Kind, Opt, Preset, Range};
use crate::value::Value;

/// An example about a joint fit over three factors.
macro_rules! with_factors {
    ($code:literal) => {
        concat!(
            "let sim = latent_factor_data(#{ variables: 20, samples: 60, datasets: 2, factors: 3, seed: 1 });\n",
            "let joint = meta_graphical_lasso(sim.datasets, #{ factors: 3, lambda: 0.1, seed: 1 });\n",
            $code
        )
    };
}

const LOADINGS: &[Opt] =
    &[Opt::new("top", &[Kind::Count(1)], Preset::Unset("all"), "Only so many variables, those of the largest weights")];

const ENRICHMENT: &[Opt] = &[Opt::new(
    "deviations",
    &[Kind::Number(Range::NON_NEGATIVE)],
    Preset::Number(2.0),
    "How many standard deviations from the mean a weight is large",
)];

fn loadings(joint: &JointFit, factor: i64, options: &Map) -> Outcome<Table> {
    let options = check_options("loadings", LOADINGS, options)?;
    let table = Factors::of(joint)?.loadings(factor)?;
    Ok(match options.count("top") {
        Some(top) => table.head(i64::try_from(top).unwrap_or(i64::MAX)),
        None => table,
    })
}

fn enrichment(call: &NativeCallContext<'_>, joint: &JointFit, labels: &Array, options: &Map) -> Outcome<Table> {
    let options = check_options("enrichment", ENRICHMENT, options)?;
    let label = |value: &rhai::Dynamic| match to_value(value) {
        Ok(Value::Text(label)) => Ok(label),
        _ => Err(Error::argument(format!("labels of variables are strings, not {}", describe(value)))),
    };
    let labels = labels.iter().map(label).collect::<Result<Vec<String>>>()?;
    let deviations = options.number("deviations").unwrap_or(2.0);
    Ok(Factors::of(joint)?.enrichment(&labels, deviations, &context(call))?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Fits);
    b.verb(
        "factors",
        "joint.factors(x) -> Matrix",
        "Scores of samples on the latent factors of a joint fit, x D, samples x factors; columns are matched by name",
        with_factors!("print(joint.factors(sim.datasets[0]).head(3));"),
    )
    .on(|call: NativeCallContext<'_>, joint: &mut JointFit, x: Matrix| -> Outcome<Matrix> {
        Ok(Factors::of(joint)?.scores(&x, &context(&call))?)
    })
    .on(|call: NativeCallContext<'_>, joint: &mut JointFit, x: Table| -> Outcome<Matrix> {
        Ok(Factors::of(joint)?.scores(&matrix_of(&call, &x)?, &context(&call))?)
    });
    b.verb(
        "loadings",
        "joint.loadings(k) -> Table\njoint.loadings(k, #{ top }) -> Table",
        "The variables of latent factor k by the size of their weights, with signs",
        with_factors!("print(joint.loadings(0, #{ top: 5 }));"),
    )
    .options(LOADINGS)
    .on(|joint: &mut JointFit, factor: i64| loadings(joint, factor, &Map::new()))
    .on(|joint: &mut JointFit, factor: i64, options: Map| loadings(joint, factor, &options));
    b.verb(
        "enrichment",
        "joint.enrichment(labels) -> Table\njoint.enrichment(labels, #{ deviations }) -> Table",
        "Labels (a string for each variable) that are more frequent among the large weights of a latent factor than elsewhere: log-likelihood ratio tests, with p-values that are not corrected for their number",
        with_factors!(
            "let labels = (0..20).map(|i| if i < 10 { \"first\" } else { \"second\" });\nprint(joint.enrichment(labels, #{ deviations: 1 }));"
        ),
    )
    .options(ENRICHMENT)
    .on(|call: NativeCallContext<'_>, joint: &mut JointFit, labels: Array| {
        enrichment(&call, joint, &labels, &Map::new())
    })
    .on(|call: NativeCallContext<'_>, joint: &mut JointFit, labels: Array, options: Map| {
        enrichment(&call, joint, &labels, &options)
    });
    b.extend("graph")
        .on(|joint: &mut JointFit, set: i64| -> Outcome<Graph> { Ok(fit_of_set(joint, set)?.graph(0.0)?) });
}
