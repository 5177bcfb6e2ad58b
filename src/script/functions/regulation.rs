//! Gene regulatory networks: who regulates, and SERGIO's files.

use rhai::{Array, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::graphs::name_list;
use crate::error::Result;
use crate::graph::Graph;
use crate::model::Area;
use crate::options::{Kind, Opt, Preset, Range};

const READ: &[Opt] = &[Opt::new(
    "shared_coop_state",
    &[Kind::Number(Range::NON_NEGATIVE)],
    Preset::Number(0.0),
    "Hill coefficient of all interactions; 0: those in the file",
)];

fn read_sergio(call: &NativeCallContext<'_>, targets: &str, regulators: &str, options: &Map) -> Result<Graph> {
    let options = check_options("read_sergio", READ, options)?;
    let shared_hill = options.number("shared_coop_state").unwrap_or(0.0);
    Graph::read_sergio(targets, regulators, shared_hill, &context(call))
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.property(
        "regulators",
        "g.regulators -> list",
        "Names of the nodes that regulate: attribute \"regulator\" 1 or, without the attribute, with edges to others",
        "let g = graph_from_edges(example(\"sachs_edges\"), #{ directed: true });\nprint(g.regulators);",
    )
    .get_list(|g: &mut Graph| -> Outcome<Array> { Ok(name_list(&g.labels(), g.regulators()?)) });
    b.property(
        "master_regulators",
        "g.master_regulators -> list",
        "Names of the nodes without incoming edges",
        "let g = graph_from_edges(example(\"sachs_edges\"), #{ directed: true });\nprint(g.master_regulators);",
    )
    .get_list(|g: &mut Graph| -> Array { name_list(&g.labels(), g.master_regulators()) });
    b.verb(
        "break_cycles",
        "g.break_cycles() -> Graph",
        "The graph without cycles of directed edges: the weakest edge of each is taken out",
        "let g = graph_from_edges(table(#{ from: [\"a\", \"b\"], to: [\"b\", \"a\"], weight: [2, 1] }), #{ directed: true });\n\
         print(g.break_cycles());",
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Graph> { Ok(g.break_cycles(&context(&call))?) });
    b.verb(
        "read_sergio",
        "read_sergio(targets, regulators) -> Graph\n\
         read_sergio(targets, regulators, #{ shared_coop_state: 2 }) -> Graph",
        "Regulatory network from SERGIO's two files: weights are interaction strengths; attributes hill, regulator, rate_0, rate_1, ...",
        "let g = graph_from_edges(table(#{ from: [\"a\", \"a\"], to: [\"b\", \"c\"], weight: [2.5, -3] }), #{ directed: true });\n\
         g.set_attribute(\"rate_0\", #{ a: 0.5 }).write_sergio(\"example_targets.txt\", \"example_regulators.txt\");\n\
         print(read_sergio(\"example_targets.txt\", \"example_regulators.txt\"));",
    )
    .options(READ)
    .on(|call: NativeCallContext<'_>, targets: &str, regulators: &str| -> Outcome<Graph> {
        Ok(read_sergio(&call, targets, regulators, &Map::new())?)
    })
    .on(|call: NativeCallContext<'_>, targets: &str, regulators: &str, options: Map| -> Outcome<Graph> {
        Ok(read_sergio(&call, targets, regulators, &options)?)
    });
    b.verb(
        "write_sergio",
        "g.write_sergio(targets, regulators)",
        "Write SERGIO's two files of a regulatory network, genes numbered from 0; master regulators need rates: attributes rate_0, rate_1, ...",
        "let g = graph_from_edges(table(#{ from: [\"a\"], to: [\"b\"] }), #{ directed: true }).set_attribute(\"rate_0\", #{ a: 0.5 });\n\
         g.write_sergio(\"example_targets.txt\", \"example_regulators.txt\");\n\
         print(read_matrix(\"example_targets.txt\"));",
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph, targets: &str, regulators: &str| -> Outcome<()> {
        Ok(g.write_sergio(targets, regulators, &context(&call))?)
    });
}
