//! The fit: the graph of the chosen combination and everything beside it.

use std::sync::Arc;

use ndarray::Array2;

use super::Groups;
use crate::context::Context;
use crate::data::{Column, Matrix, Names, Table};
use crate::error::Result;
use crate::graph::{Edge, Graph};
use crate::model::{Estimate, Fit, FitBuilder, Input};
use crate::select::spike_slab::{Candidate, Found, Search};
use crate::solver::spike_slab::{MarginalFdr, SpikeSlabFit};
use crate::value::Value;

/// The attribute of nodes that has their group, and that of edges that has their q-value.
const GROUP: &str = "group";
const Q_VALUE: &str = "q_value";

/// A group's label as scripts see it: a number where it is one.
pub(super) fn label(label: &str) -> Value {
    let number = label.parse::<i64>().ok().filter(|number| number.to_string() == label);
    number.map_or_else(|| label.into(), Value::Int)
}

/// The fit of the combination that was chosen.
pub(super) fn finish(
    mut builder: FitBuilder,
    found: &Found,
    groups: Option<&Groups>,
    search: &Search,
    input: &Input,
    ctx: &Context,
) -> Result<Fit> {
    let chosen = &found.candidates[found.chosen];
    let fit = &chosen.fit;
    if let Some(slab) = found.added_slab {
        builder.warn(format!(
            "entries of the precision matrix are too large for slabs up to 0.6: slabs up to {slab:.1} were added"
        ));
    }
    if !fit.converged {
        builder.warn(format!(
            "the precision matrix still changed by {:e} or more after {} turns: allow more with max_iter",
            search.stop.tol, fit.iterations
        ));
    }
    let order = block_order(fit, groups.is_some());
    let block_of = fit.blocks.assigned();
    let mut number = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, &old)| number[old] = new);
    let labels: Vec<Value> = block_of.iter().map(|&block| block_label(number[block], groups)).collect();
    let q_values = q_values(fit, &block_of);
    let graph = graph(chosen, q_values.view(), &labels, input)?;
    let names = Names::new(order.iter().map(|&old| block_label(number[old], groups).to_string()).collect(), "blocks")?;
    let links = Array2::from_shape_fn((order.len(), order.len()), |(a, b)| fit.blocks.links[(order[a], order[b])]);
    let memberships = fit.blocks.memberships.select(ndarray::Axis(1), &order);
    let memberships =
        Matrix::from(memberships).with_names(Some(names.clone()))?.with_row_names(input.names().cloned())?;
    let variables = input.names();
    builder
        .solver("variational EM and elastic nets", fit.iterations, fit.converged)
        .add("q_values", Matrix::square(q_values, variables).into())
        .add("edge_probability", Matrix::square(fit.edges.to_dense(), variables).into())
        .add("groups", Value::List(labels))
        .add("block_probability", memberships.into())
        .add("connection_probability", Matrix::square(links, Some(&names)).into())
        .add("pseudo_precision", Matrix::square(fit.precision.to_dense(), variables).into())
        .add("calibration", table(found)?.into())
        .add("spike", chosen.spike.into())
        .add("slab", chosen.slab.into())
        .finish(Estimate::Graph(graph), ctx)
}

/// Blocks in order of their size, the largest first; those that are known as they were given.
fn block_order(fit: &SpikeSlabFit, is_known: bool) -> Vec<usize> {
    let mut sizes = vec![0usize; fit.blocks.count()];
    fit.blocks.assigned().into_iter().for_each(|block| sizes[block] += 1);
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    if !is_known {
        order.sort_by_key(|&block| std::cmp::Reverse(sizes[block]));
    }
    order
}

fn block_label(number: usize, groups: Option<&Groups>) -> Value {
    groups.and_then(|groups| groups.labels.get(number)).map_or_else(|| number.into(), |known| label(known))
}

/// The q-value of every pair, p x p with a diagonal of 1.
fn q_values(fit: &SpikeSlabFit, block_of: &[usize]) -> Array2<f64> {
    let links = &fit.blocks.links;
    let rate = MarginalFdr::new(fit.law, &fit.blocks.shares, links.iter().copied());
    let q_value = |value: f64, link: f64| rate.at(fit.law.densities(value).non_edge(link));
    // Pairs of the same blocks whose entry is 0 have the same.
    let at_zero = links.mapv(|link| q_value(0.0, link));
    let p = block_of.len();
    let mut all =
        Array2::from_shape_fn((p, p), |(i, j)| if i == j { 1.0 } else { at_zero[(block_of[i], block_of[j])] });
    for &(i, j, value) in &fit.precision.pairs {
        let (i, j) = (i as usize, j as usize);
        let q = q_value(value, links[(block_of[i], block_of[j])]);
        all[(i, j)] = q;
        all[(j, i)] = q;
    }
    all
}

/// The edges with partial correlations as weights, their q-values, and the groups of the nodes.
fn graph(chosen: &Candidate, q_values: ndarray::ArrayView2<'_, f64>, labels: &[Value], input: &Input) -> Result<Graph> {
    let precision = &chosen.fit.precision;
    let weight = |i: u32, j: u32| {
        let found = precision.pairs.binary_search_by_key(&(i, j), |&(a, b, _)| (a, b));
        let value = found.map_or(0.0, |place| precision.pairs[place].2);
        -value / (precision.diagonal[i as usize] * precision.diagonal[j as usize]).sqrt()
    };
    let edges = chosen.graph.pairs.iter().map(|&(i, j)| Edge::new(i as usize, j as usize, weight(i, j))).collect();
    let graph = Graph::new(input.p(), input.names().cloned(), false, edges)?;
    let of_edges: Vec<f64> = graph.edges().iter().map(|edge| q_values[(edge.source, edge.target)]).collect();
    let numbers: Option<Vec<f64>> = labels.iter().map(Value::as_number).collect();
    let groups = match numbers {
        Some(numbers) => Column::Numbers(Arc::new(numbers)),
        None => Column::Texts(Arc::new(labels.iter().map(Value::to_string).collect())),
    };
    graph.with_node_attribute(GROUP, groups)?.with_edge_attribute(Q_VALUE, Column::Numbers(Arc::new(of_edges)))
}

/// Every combination, a row each.
fn table(found: &Found) -> Result<Table> {
    let numbers = |name: &str, value: &dyn Fn(&Candidate) -> f64| {
        let all = found.candidates.iter().map(value);
        // A missing cell says that there is no such number.
        let cells: Vec<f64> = all.map(|value| if value.is_finite() { value } else { f64::NAN }).collect();
        (name.to_string(), Column::Numbers(Arc::new(cells)))
    };
    let state = |(place, candidate): (usize, &Candidate)| match (place == found.chosen, candidate.is_refused()) {
        (true, _) => "chosen".to_string(),
        (_, true) => "refused: an entry is above the limit".into(),
        _ if !candidate.score.is_finite() => "a node has too many neighbours".into(),
        _ => String::new(),
    };
    let states = found.candidates.iter().enumerate().map(state).collect();
    let columns = vec![
        numbers("blocks", &|candidate| candidate.blocks as f64),
        numbers("spike", &|candidate| candidate.spike),
        numbers("slab", &|candidate| candidate.slab),
        numbers("edges", &|candidate| candidate.graph.pairs.len() as f64),
        numbers("criterion", &|candidate| candidate.score),
        numbers("block_criterion", &|candidate| candidate.block_score),
        numbers("loglik", &|candidate| candidate.graph.loglik.unwrap_or(f64::NAN)),
        numbers("bound", &|candidate| candidate.fit.criterion),
        numbers("start", &|candidate| candidate.start as f64),
        numbers("iterations", &|candidate| candidate.fit.iterations as f64),
        numbers("converged", &|candidate| f64::from(candidate.fit.converged)),
        numbers("largest_entry", &|candidate| candidate.fit.precision.largest_entry()),
        numbers("limit", &|candidate| candidate.fit.law.largest_entry()),
        ("state".to_string(), Column::Texts(Arc::new(states))),
    ];
    Table::new(columns, None)
}
