//! Interaction strengths for a network that has signs only.

use rand_distr::Distribution;

use super::random_grn::{HILL_COEFFICIENT, STRENGTH, strength_law};
use crate::context::Context;
use crate::data::Column;
use crate::error::Result;
use crate::graph::{Graph, HILL};
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::Opt;
use crate::rng;

const OPTIONS: &[Opt] = &[STRENGTH, HILL_COEFFICIENT];

/// The record.
pub static RECORD: Record = Record {
    verb: "random_strengths",
    constructor: None,
    area: Area::Simulate,
    summary: "A network with random interaction strengths, signs kept",
    details: "For networks whose files say only what activates and what represses, as GeneNetWeaver's: every edge gets a strength \
|K| between the bounds and keeps its sign. Weights that a graph has are replaced.",
    params: &[Param { name: "grn", help: "a Graph whose edges lead from regulators to targets" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Dibaeinia, Sinha, Cell Systems 11:252 (2020): |K| from 1 to 5, Hill coefficient 2",
    example: "let g = graph_from_edges(table(#{ from: [\"a\", \"a\"], to: [\"b\", \"c\"], weight: [1, -1] }), #{ directed: true });\n\
print(g.random_strengths(#{ strength: [1, 5], seed: 1 }));",
    run: Run::Value(|args, options, ctx| {
        let grn = args.object::<Graph>(0, "the network", "a Graph")?;
        let strength = options.interval("strength").unwrap_or([1.0, 5.0]);
        random_strengths(grn, strength, options.number("hill").unwrap_or(2.0), ctx).map(Into::into)
    }),
};

/// The graph with strengths |K| uniform between two bounds, and one Hill coefficient; the seed is the context's.
///
/// # Errors
/// Bounds that are not possible.
pub fn random_strengths(grn: &Graph, strength: [f64; 2], hill: f64, ctx: &Context) -> Result<Graph> {
    let law = strength_law(strength)?;
    let mut rng = rng::stream(ctx.seed(), "random_strengths", 0);
    // No edge has strength 0.
    let size = |sign: f64, rng: &mut rng::Rng| law.sample(rng).max(f64::MIN_POSITIVE).copysign(sign);
    let weights: Vec<f64> = grn.edges().iter().map(|edge| size(edge.weight, &mut rng)).collect();
    grn.with_weights(&weights)?.with_edge_attribute(HILL, Column::numbers(vec![hill; weights.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    #[test]
    fn signs_and_attributes_stay() {
        let edges = vec![Edge::new(0, 1, -1.0), Edge::new(0, 2, 1.0), Edge::new(1, 2, -7.0)];
        let g = Graph::new(3, None, true, edges).unwrap();
        let g = g.with_node_attribute("kind", Column::numbers(vec![1.0, 2.0, 3.0])).unwrap();
        let drawn = random_strengths(&g, [1.0, 5.0], 3.0, &Context::new().with_seed(1)).unwrap();
        let weights: Vec<f64> = drawn.edges().iter().map(|edge| edge.weight).collect();
        assert!(
            weights.iter().zip([-1.0, 1.0, -1.0]).all(|(w, sign)| w * sign >= 1.0 && w * sign <= 5.0),
            "{weights:?}"
        );
        assert_eq!((drawn.hill().unwrap(), drawn.node_attributes().len()), (vec![3.0; 3], 1));
        assert!(random_strengths(&g, [0.0, 0.0], 2.0, &Context::new()).is_err());
    }
}
