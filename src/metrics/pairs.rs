//! Truth and estimate, pair by pair: what most metrics are computed from.

use super::Comparison;
use crate::context::Context;
use crate::error::Result;

/// Pairs of nodes: whether the truth links them, how strongly the estimate does, and how many signs are wrong.
///
/// Unordered pairs, unless both truth and estimate are directed. Of two opposite weights, the one with the larger
/// absolute value stands for an unordered pair.
#[derive(Debug, Default)]
pub struct Pairs {
    /// Whether the truth has the edge.
    pub truth: Vec<bool>,
    /// How strongly the estimate believes in it: 0 for an edge that it does not select.
    pub strength: Vec<f64>,
    /// Pairs whose weight is negative, zero or positive in the truth and another of the three in the estimate.
    pub wrong_signs: usize,
    /// Those of them that are edges of the truth.
    pub wrong_edge_signs: usize,
}

impl Pairs {
    /// All pairs; with `regulators` (one truth value a node) those whose source, or for unordered pairs either end, is
    /// one.
    ///
    /// # Errors
    /// Cancellation.
    pub fn of(comparison: &Comparison, regulators: Option<&[bool]>, ctx: &Context) -> Result<Self> {
        let (t, e) = (comparison.truth.weights.view(), comparison.estimate.weights.view());
        let (p, order) = (comparison.nodes(), &comparison.order);
        let directed = comparison.is_directed();
        let regulates = |node: usize| regulators.is_none_or(|known| known[node]);
        let mut pairs = Self::with_capacity(if directed { p * p } else { p * p / 2 });
        for i in 0..p {
            ctx.check()?;
            if directed {
                for j in (0..p).filter(|&j| j != i && regulates(i)) {
                    pairs.push(t[(i, j)], e[(order[i], order[j])]);
                }
            } else {
                for j in (i + 1..p).filter(|&j| regulates(i) || regulates(j)) {
                    let estimate = larger(e[(order[i], order[j])], e[(order[j], order[i])]);
                    pairs.push(larger(t[(i, j)], t[(j, i)]), estimate);
                }
            }
        }
        Ok(pairs)
    }

    fn with_capacity(count: usize) -> Self {
        Self { truth: Vec::with_capacity(count), strength: Vec::with_capacity(count), ..Self::default() }
    }

    fn push(&mut self, truth: f64, estimate: f64) {
        let linked = truth != 0.0;
        self.truth.push(linked);
        self.strength.push(estimate.abs());
        if truth.partial_cmp(&0.0) != estimate.partial_cmp(&0.0) {
            self.wrong_signs += 1;
            self.wrong_edge_signs += usize::from(linked);
        }
    }
}

/// The weight with the larger absolute value; the first of equal ones.
fn larger(first: f64, second: f64) -> f64 {
    if second.abs() > first.abs() { second } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, Graph};
    use crate::value::{Args, Value};

    fn graph(edges: Vec<Edge>) -> Value {
        Graph::mixed(3, None, edges).unwrap().into()
    }

    fn pairs(truth: Vec<Edge>, estimate: Vec<Edge>, regulators: Option<&[bool]>) -> Pairs {
        let (ctx, sides) = (Context::new(), [graph(truth), graph(estimate)]);
        Pairs::of(&Comparison::of(&Args::new("score", &sides), &ctx).unwrap(), regulators, &ctx).unwrap()
    }

    #[test]
    fn pairs_are_ordered_only_where_all_edges_are_directed() {
        let arrow = |source, target, weight| Edge::new(source, target, weight).directed();
        let (one, back) = (vec![arrow(0, 1, 2.0)], vec![arrow(1, 0, -0.5), arrow(2, 1, 0.3)]);
        let ordered = pairs(one.clone(), back.clone(), None);
        assert_eq!(ordered.truth, [true, false, false, false, false, false]);
        assert_eq!(ordered.strength, [0.0, 0.0, 0.5, 0.0, 0.0, 0.3]);
        assert_eq!((ordered.wrong_signs, ordered.wrong_edge_signs), (3, 1));
        let mixed = pairs(vec![arrow(0, 1, 2.0), Edge::new(1, 2, 0.1)], back, None);
        assert_eq!((mixed.truth, mixed.strength), (vec![true, false, true], vec![0.5, 0.0, 0.3]));
        assert_eq!((mixed.wrong_signs, mixed.wrong_edge_signs), (1, 1));
        let of_sources = pairs(one.clone(), one, Some(&[true, false, false]));
        assert_eq!((of_sources.truth, of_sources.strength), (vec![true, false], vec![2.0, 0.0]));
    }

    #[test]
    fn either_end_of_an_unordered_pair_may_regulate() {
        let edges = vec![Edge::new(0, 1, 1.0), Edge::new(1, 2, 1.0)];
        assert_eq!(pairs(edges.clone(), edges, Some(&[false, false, true])).truth, [false, true]);
    }
}
