//! Groups of the variables behind a first network, and what they say about penalties.

use ndarray::Array2;

use super::super::block_options::Blocks;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::solver::block_model::{BlockModel, Climb, fit_graph};

/// The penalty of pairs with a variable without neighbours in the first network, as published.
const ALONE: f64 = 1000.0;
/// The smallest weight of a pair: a penalty of 0 would link it whatever the data say.
const LEAST: f64 = 0.01;

/// Groups and the weights of penalties that come from them.
#[derive(Debug)]
pub(super) struct Prior {
    /// p x p.
    pub weights: Array2<f64>,
    /// The group of every variable; none of those without neighbours.
    pub groups: Vec<Option<usize>>,
}

/// The weight of a pair is the probability of no edge under a stochastic block model of the graph; variables without an
/// edge are left out of it.
///
/// # Errors
/// No number of blocks that the linked variables can have; limits of the context.
pub(super) fn prior(graph: &Graph, blocks: &Blocks, starts: usize, ctx: &Context) -> Result<Prior> {
    let p = graph.n_nodes();
    let degree = graph.degree();
    let linked: Vec<usize> = (0..p).filter(|&node| degree[node] > 0).collect();
    if linked.len() < 2 {
        return Ok(Prior { weights: Array2::ones((p, p)), groups: vec![None; p] });
    }
    let model = model(graph, &linked, blocks, starts, ctx)?;
    let mut places = vec![None; p];
    linked.iter().enumerate().for_each(|(place, &node)| places[node] = Some(place));
    let weights = Array2::from_shape_fn((p, p), |(i, j)| match (places[i], places[j]) {
        (Some(a), Some(b)) => (1.0 - probability(&model, a, b)).max(LEAST),
        _ => ALONE,
    });
    let groups = places.into_iter().map(|place| place.map(|place: usize| model.labels[place])).collect();
    Ok(Prior { weights, groups })
}

fn model(graph: &Graph, linked: &[usize], blocks: &Blocks, starts: usize, ctx: &Context) -> Result<BlockModel> {
    let mut counts = blocks.counts(linked.len());
    counts.retain(|&count| count <= linked.len());
    if counts.is_empty() {
        return Err(Error::option(format!("blocks: the first network links only {} variables", linked.len()))
            .with_hint("fewer blocks"));
    }
    let place = |node: usize| linked.binary_search(&node).unwrap_or(0);
    let edges = graph.edges().iter().map(|edge| Edge::new(place(edge.source), place(edge.target), 1.0)).collect();
    let climb = Climb { blocks: counts, starts, max_iter: 500, tol: 1e-5 };
    let models = fit_graph(&Graph::new(linked.len(), None, false, edges)?, &climb, ctx)?;
    let best = models.into_iter().reduce(|best, model| if model.icl > best.icl { model } else { best });
    best.ok_or_else(|| Error::internal("no block model was fitted"))
}

/// The probability of an edge between two nodes, over what is known of their blocks.
fn probability(model: &BlockModel, i: usize, j: usize) -> f64 {
    let (a, b) = (model.membership.row(i), model.membership.row(j));
    let within = |k: usize| model.probability.row(k).iter().zip(b.iter()).map(|(w, part)| w * part).sum::<f64>();
    a.iter().enumerate().map(|(k, part)| part * within(k)).sum()
}
