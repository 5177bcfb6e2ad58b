//! From what the model says of pairs to a graph.

use ndarray::Array2;

use super::options::Orientation;
use super::{Found, Grnular};
use crate::context::Context;
use crate::data::Column;
use crate::error::Result;
use crate::graph::{Edge, Graph, REGULATOR};
use crate::methods::directed::Roles;
use crate::model::Input;
use crate::nn::RegulationProblem;

/// The most regulators in the networks that the models which come with sinew were trained on.
const MOST_REGULATORS: usize = 12;
/// The largest share of columns that such regulators are.
const LARGEST_SHARE: f64 = 1.0 / 3.0;

impl Grnular {
    /// The weights of edges: of ours signed probabilities, of the published program Z.
    pub(super) fn weights(&self, found: &Found, problem: &RegulationProblem) -> Array2<f64> {
        if self.published {
            return found.z.clone();
        }
        // The products of a network's weights have no sign.
        let signs = if self.inner.is_some() { &problem.s } else { &found.theta };
        let sign = |at: (usize, usize)| if signs[at] < 0.0 { -1.0 } else { 1.0 };
        Array2::from_shape_fn(found.probability.dim(), |at| found.probability[at] * sign(at))
    }

    /// The graph of these weights.
    pub(super) fn graph(&self, weights: &Array2<f64>, roles: &Roles, input: &Input, ctx: &Context) -> Result<Graph> {
        if self.orientation == Orientation::Directed {
            return roles.graph(weights.view(), input, ctx);
        }
        let mut row_of = vec![None; input.p()];
        let mut marks = vec![0.0; input.p()];
        for (row, &regulator) in roles.regulators.iter().enumerate() {
            (row_of[regulator], marks[regulator]) = (Some(row), 1.0);
        }
        let mut edges = Vec::new();
        for (row, &source) in roles.regulators.iter().enumerate() {
            ctx.check()?;
            for target in (0..input.p()).filter(|&target| target != source) {
                let own = weights[(row, target)];
                let Some(other) = row_of[target].map(|back| weights[(back, source)]) else {
                    let edge = Edge::new(source, target, own);
                    edges.push(if self.orientation == Orientation::Mixed { edge.directed() } else { edge });
                    continue;
                };
                // Two regulators have one edge: the published program's is the mean of both, ours the likelier.
                if source < target {
                    let weight = match self.published {
                        true => 0.5 * (own + other),
                        false if own.abs() >= other.abs() => own,
                        false => other,
                    };
                    edges.push(Edge::new(source, target, weight));
                }
            }
        }
        if self.published {
            // Half of Z: the mean of the two halves of the matrix.
            let both = |edge: &Edge| row_of[edge.source].is_some() && row_of[edge.target].is_some();
            edges.iter_mut().filter(|edge| !both(edge)).for_each(|edge| edge.weight *= 0.5);
        }
        edges.retain(|edge| edge.weight != 0.0);
        Graph::mixed(input.p(), input.names().cloned(), edges)?.with_node_attribute(REGULATOR, Column::numbers(marks))
    }
}

/// What the user should know where regulators are not those of networks as the models that come with sinew have seen.
pub(super) fn unlike_training(roles: &Roles, input: &Input) -> Option<String> {
    let (count, p) = (roles.regulators.len(), input.p());
    (count > MOST_REGULATORS && count as f64 > LARGEST_SHARE * p as f64).then(|| {
        format!(
            "{count} of {p} columns are regulators: the model that comes with sinew was trained on networks of 60 to \
             100 genes with 10 or 12 regulators and says little here; name the regulators with `regulators`, or train a model"
        )
    })
}
