//! Stochastic block models of graphs.

use rhai::{Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_map};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::graphs::by_node;
use crate::data::{Column, Matrix, Table, Vector};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::methods::block_options::{BLOCKS, Blocks, STARTS, check_starts};
use crate::model::Area;
use crate::options::{Kind, Opt, Preset, Range};
use crate::solver::block_model::{BlockModel, Climb, fit_graph};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    Opt::new(
        "blocks",
        BLOCKS,
        Preset::Text("auto"),
        "Number of blocks, or a list to choose from by icl; \"auto\" is 1 to 5, at most half as many as nodes",
    ),
    STARTS,
    Opt::new("max_iter", &[Kind::Count(1)], Preset::Count(500), "Rounds of expectation and maximisation at most"),
    Opt::new(
        "tol",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(1e-5),
        "Bound on the change of a membership in the last round",
    ),
    Opt::new("seed", &[Kind::Count(0)], Preset::Unset("the session's"), "Seed of the random numbers"),
];

fn block_model(call: &NativeCallContext<'_>, g: &Graph, options: &Map) -> Outcome<Map> {
    let options = check_options("block_model", OPTIONS, options)?;
    let ctx = match options.count("seed") {
        Some(seed) => context(call).with_seed(seed as u64),
        None => context(call),
    };
    let starts = options.count("starts").unwrap_or(4);
    check_starts(starts)?;
    let climb = Climb {
        blocks: Blocks::given(&options)?.unwrap_or_default().counts(g.n_nodes()),
        starts,
        max_iter: options.count("max_iter").unwrap_or(500),
        tol: options.number("tol").unwrap_or(1e-5),
    };
    Ok(to_map(&entries(call, g, fit_graph(g, &climb, &ctx)?)?))
}

/// The model with the largest criterion, and the criterion of all.
fn entries(call: &NativeCallContext<'_>, g: &Graph, models: Vec<BlockModel>) -> Result<Vec<(String, Value)>> {
    let counts = models.iter().map(|model| model.shares.len() as f64).collect();
    let values = models.iter().map(|model| model.icl).collect();
    let criterion =
        Table::new(vec![("blocks".into(), Column::numbers(counts)), ("icl".into(), Column::numbers(values))], None)?;
    let best = models.into_iter().reduce(|best, model| if model.icl > best.icl { model } else { best });
    let best = best.ok_or_else(|| Error::internal("no block model was fitted"))?;
    let blocks = best.shares.len();
    let probability = Matrix::from_fn(blocks, blocks, |k, l| best.probability.at(k, l));
    let entries: Vec<(&str, Value)> = vec![
        ("blocks", blocks.into()),
        ("groups", by_node(call, g, best.labels.iter().map(|&label| label as f64))?.into()),
        ("shares", Vector::from(best.shares).into()),
        ("connection_probability", probability.into()),
        ("membership", Matrix::from(best.membership).with_row_names(Some(g.labels()))?.into()),
        ("icl", best.icl.into()),
        ("criterion", criterion.into()),
        ("iterations", best.iterations.into()),
        ("converged", best.converged.into()),
    ];
    Ok(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.verb(
        "block_model",
        "g.block_model() -> map\ng.block_model(#{ blocks, starts, max_iter, tol, seed }) -> map",
        "Groups of nodes that are linked alike, by a stochastic block model: groups, connection_probability, shares, icl",
        with_g!(
            "let model = g.block_model(#{ blocks: [1, 2, 3] });\n\
             print(model.groups);\n\
             print(model.connection_probability);\n\
             print(model.criterion);"
        ),
    )
    .options(OPTIONS)
    .on_map(|call: NativeCallContext<'_>, g: &mut Graph| block_model(&call, g, &Map::new()))
    .on_map(|call: NativeCallContext<'_>, g: &mut Graph, options: Map| block_model(&call, g, &options));
}
