//! Truth and estimate, pair by pair: what all metrics are computed from.

use crate::context::Context;
use crate::data::{Matrix, Names};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::Fit;
use crate::value::Args;

/// Every pair of nodes: whether the truth links it, and how strongly the estimate does.
///
/// Unordered pairs, unless both truth and estimate are directed.
#[derive(Debug)]
pub struct Pairs {
    /// Whether the truth has the edge.
    pub truth: Vec<bool>,
    /// How strongly the estimate believes in it: 0 for an edge that it does not select.
    pub strength: Vec<f64>,
}

/// A truth or an estimate as weights between nodes.
struct Weights {
    matrix: Matrix,
    names: Option<Names>,
    directed: bool,
}

impl Pairs {
    /// The pairs of truth and estimate in a call of `verb`.
    ///
    /// # Errors
    /// Arguments of other types, different numbers of nodes, different names, weights that are not finite.
    pub fn of(args: &Args<'_>, ctx: &Context) -> Result<Self> {
        let truth = weights(args, 0, "the truth", ctx)?;
        let estimate = weights(args, 1, "the estimate", ctx)?;
        let p = truth.matrix.rows();
        if estimate.matrix.rows() != p {
            return Err(Error::shape(format!("the truth has {p} nodes, the estimate {}", estimate.matrix.rows())));
        }
        let order = align(&truth, &estimate)?;
        let (t, e) = (truth.matrix.view(), estimate.matrix.view());
        let strength = |i: usize, j: usize| e[(order[i], order[j])].abs();
        let _held = ctx.reserve_matrices(2, p, p)?;
        let mut pairs = Self { truth: Vec::new(), strength: Vec::new() };
        for i in 0..p {
            ctx.check()?;
            if truth.directed && estimate.directed {
                for j in (0..p).filter(|&j| j != i) {
                    pairs.truth.push(t[(i, j)] != 0.0);
                    pairs.strength.push(strength(i, j));
                }
            } else {
                for j in i + 1..p {
                    pairs.truth.push(t[(i, j)] != 0.0 || t[(j, i)] != 0.0);
                    pairs.strength.push(strength(i, j).max(strength(j, i)));
                }
            }
        }
        Ok(pairs)
    }
}

/// For every node of the truth, its position in the estimate: by name where both have names.
fn align(truth: &Weights, estimate: &Weights) -> Result<Vec<usize>> {
    match (&truth.names, &estimate.names) {
        (Some(names), Some(other)) => names
            .iter()
            .map(|name| {
                other.find(name).ok_or_else(|| {
                    Error::name(format!("the truth's node '{name}' is not in the estimate"))
                        .with_nearest(name, other.iter())
                })
            })
            .collect(),
        _ => Ok((0..truth.matrix.rows()).collect()),
    }
}

fn weights(args: &Args<'_>, position: usize, name: &str, ctx: &Context) -> Result<Weights> {
    let value = args.get(position)?;
    if let Some(fit) = value.object::<Fit>() {
        return of_graph(&fit.graph(0.0)?, ctx);
    }
    if let Some(graph) = value.object::<Graph>() {
        return of_graph(graph, ctx);
    }
    let Some(matrix) = value.object::<Matrix>() else {
        return Err(args.wrong(name, "a Graph, a Fit or a square Matrix", value));
    };
    if matrix.rows() != matrix.cols() {
        return Err(Error::shape(format!("{name} must be square, not {} x {}", matrix.rows(), matrix.cols())));
    }
    let bad = (0..matrix.rows()).flat_map(|i| (0..matrix.cols()).map(move |j| (i, j)));
    if let Some((i, j)) = bad.into_iter().find(|&(i, j)| i != j && !matrix.view()[(i, j)].is_finite()) {
        return Err(Error::data(format!("{name} has {} at ({i}, {j})", matrix.view()[(i, j)])));
    }
    let names = crate::data::covariance::variable_names(matrix);
    Ok(Weights { matrix: matrix.clone(), names, directed: false })
}

fn of_graph(graph: &Graph, ctx: &Context) -> Result<Weights> {
    Ok(Weights { matrix: graph.to_matrix(ctx)?, names: graph.names().cloned(), directed: graph.is_directed() })
}
