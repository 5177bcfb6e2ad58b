//! A precision matrix with a given graph.

use ndarray::Array2;

use crate::context::Context;
use crate::data::Matrix;
use crate::error::Result;
use crate::graph::Graph;
use crate::linalg::min_eigenvalue;
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Preset, Range};

const OPTIONS: &[Opt] = &[
    Opt::new("rule", &[Kind::Choice(&["huge"])], Preset::Text("huge"), "How entries are set"),
    Opt::new("gamma", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.3), "Factor of the graph's weights"),
    Opt::new("beta", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.2), "Smallest eigenvalue of the result"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "precision",
    constructor: None,
    area: Area::Simulate,
    summary: "Precision matrix with the zeros of a graph",
    details: "Rule \"huge\": K = gamma A + (|lambda_min(gamma A)| + beta) I with A the graph's matrix of weights. Variances of \
the model are then not 1: standardize samples before methods that depend on scale.",
    params: &[Param { name: "graph", help: "an undirected Graph" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: false,
    adds: &[],
    reference: "Zhao, Liu, Roeder, Lafferty, Wasserman, JMLR 13:1059 (2012); Kilian, Rebafka, Villers (2024), section 5",
    example: "let g = random_graph(\"band\", #{ nodes: 5 });\nprint(g.precision(#{ gamma: 0.3, beta: 0.2 }));",
    run: Run::Value(|args, options, ctx| {
        let graph = args.object::<Graph>(0, "the graph", "a Graph")?;
        let number = |name, default| options.number(name).unwrap_or(default);
        huge(graph, number("gamma", 0.3), number("beta", 0.2), ctx).map(Into::into)
    }),
};

/// K = gamma A + (|lambda_min(gamma A)| + beta) I, p x p.
///
/// # Errors
/// A directed graph; memory.
pub fn huge(graph: &Graph, gamma: f64, beta: f64, ctx: &Context) -> Result<Matrix> {
    if graph.is_directed() {
        return Err(crate::Error::argument("a precision matrix is symmetric: the graph must not be directed"));
    }
    let p = graph.n_nodes();
    let _held = ctx.reserve_matrices(3, p, p)?;
    let scaled = graph.to_matrix(ctx)?.map(|weight| gamma * weight);
    let shift = if graph.n_edges() == 0 { 0.0 } else { min_eigenvalue(scaled.view(), ctx)?.abs() };
    let precision: Array2<f64> = &scaled.view() + &(Array2::<f64>::eye(p) * (shift + beta));
    Ok(Matrix::square(precision, graph.names()))
}
