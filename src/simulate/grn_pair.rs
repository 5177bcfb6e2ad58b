//! A network and its noisy expression at once: what a model is trained on.

use crate::context::Context;
use crate::error::Result;
use crate::model::{Accepts, Area, Record, Run};
use crate::options::{Opt, Options, table};
use crate::value::Value;

use super::{random_grn, sergio, technical_noise};

const OPTIONS: &[Opt] = table![..random_grn::OPTIONS, ..sergio::OPTIONS, ..technical_noise::OPTIONS];

/// The record.
pub static RECORD: Record = Record {
    verb: "grn_pair",
    constructor: None,
    area: Area::Simulate,
    summary: "Random network with simulated expression: data and truth of one training example",
    details: "random_grn, then sergio, then technical_noise, each with those of the options that it knows. A map of x (cells x \
genes, Matrix), truth (Graph), regulators (their names) and seed. Technical noise is applied only where an option asks for it, so \
that x is clean expression without any.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Shrivastava, Zhang, Aluru, Song (GRNUlar), section 3.2",
    example: "let pair = grn_pair(#{ genes: 20, regulators: 3, cell_types: 2, cells: 50, dropout: true, seed: 1 });\n\
print(pair.x.head(2));\nprint(pair.truth.n_edges);\nprint(pair.regulators);",
    run: Run::Value(|_, options, ctx| pair(options, ctx)),
};

fn pair(options: &Options, ctx: &Context) -> Result<Value> {
    let grn = random_grn::RandomGrn::from_options(options).simulate(ctx)?;
    let sim = sergio::Sergio::from_options(options)?.simulate(&grn, ctx)?;
    let noise = technical_noise::TechnicalNoise::parse(options, false);
    let sim = if noise.is_none() { sim } else { noise.apply_to(&sim, ctx)? };
    let labels = grn.labels();
    let regulators = grn.regulators()?.into_iter().map(|gene| labels.get(gene).into()).collect::<Vec<Value>>();
    Ok(Value::Map(vec![
        ("x".into(), sim.part("counts")?.clone()),
        ("truth".into(), sim.part("truth")?.clone()),
        ("regulators".into(), regulators.into()),
        ("seed".into(), (ctx.seed() as i64).into()),
    ]))
}
