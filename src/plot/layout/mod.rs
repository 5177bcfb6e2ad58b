//! Where the nodes of a network go. Every layout is a function of the graph alone: no seed, no chance.
//!
//! Positions have an edge of typical length about 1 and `y` upwards.

mod component;
mod pack;
mod tidy;

use crate::context::Context;
use crate::error::Result;
use crate::graph::Graph;

/// Horizontal and vertical position.
pub type Point = [f64; 2];

/// The golden angle: points at its multiples never line up.
const GOLDEN: f64 = 2.399_963_229_728_653;

/// Connected nodes near each other: stress majorisation of every component (Gansner, Koren and North 2004), evened
/// out by a few cool steps of Fruchterman and Reingold (1991). Components stand side by side, nodes without edges in
/// rows below them.
///
/// # Errors
/// When cancelled, or when the distances within a component (4 bytes a pair of nodes) exceed the memory limit.
pub fn spring(graph: &Graph, ctx: &Context) -> Result<Vec<Point>> {
    let mut neighbors = vec![Vec::new(); graph.n_nodes()];
    for edge in graph.edges() {
        neighbors[edge.source].push(edge.target);
        neighbors[edge.target].push(edge.source);
    }
    for list in &mut neighbors {
        list.sort_unstable();
        list.dedup();
    }
    let mut positions = vec![[0.0; 2]; graph.n_nodes()];
    let mut isolated = Vec::new();
    let mut blocks = Vec::new();
    for nodes in graph.components() {
        if let [node] = nodes[..] {
            isolated.push(node);
            continue;
        }
        for (&node, point) in nodes.iter().zip(component::arrange(&nodes, &neighbors, ctx)?) {
            positions[node] = point;
        }
        blocks.push(nodes);
    }
    pack::side_by_side(&blocks, &mut positions, ctx)?;
    let placed: Vec<Point> = blocks.iter().flatten().map(|&node| positions[node]).collect();
    pack::rows_below(&isolated, pack::bounds(&placed), &mut positions);
    Ok(positions)
}

/// Nodes on one circle in their order, the first on top, clockwise.
pub fn circle(nodes: usize) -> Vec<Point> {
    ring(nodes, [0.0, 0.0], ring_radius(nodes))
}

/// Nodes on one small circle a group, the groups on a large circle. `groups` has a group number for every node.
pub fn groups(groups: &[usize]) -> Vec<Point> {
    let mut order: Vec<usize> = groups.to_vec();
    order.sort_unstable();
    order.dedup();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); order.len()];
    for (node, group) in groups.iter().enumerate() {
        // Every number is among those in order.
        let place = order.partition_point(|other| other < group);
        members[place].push(node);
    }
    let radii: Vec<f64> = members.iter().map(|nodes| ring_radius(nodes.len()) + 1.0).collect();
    let total: f64 = radii.iter().map(|radius| 2.0 * radius).sum();
    let large = large_radius(&radii, total);
    let mut positions = vec![[0.0; 2]; groups.len()];
    let mut along = 0.0;
    for (i, (nodes, radius)) in members.iter().zip(&radii).enumerate() {
        if i > 0 {
            along += radii[i - 1] + radius;
        }
        let angle = std::f64::consts::TAU * along / total;
        let center = [large * angle.sin(), large * angle.cos()];
        for (&node, point) in nodes.iter().zip(ring(nodes.len(), center, radius - 1.0)) {
            positions[node] = point;
        }
    }
    positions
}

/// The radius of the circle on which each group takes an arc as wide as itself, and neighbours do not touch.
fn large_radius(radii: &[f64], total: f64) -> f64 {
    if radii.len() < 2 {
        return 0.0;
    }
    let neighbors = radii.iter().zip(radii.iter().cycle().skip(1));
    let needed = neighbors.map(|(a, b)| (a + b) / (2.0 * (std::f64::consts::PI * (a + b) / total).sin().max(0.1)));
    needed.fold(0.0, f64::max)
}

/// The radius of a circle on which neighbours are 1 apart.
fn ring_radius(nodes: usize) -> f64 {
    match nodes {
        0 | 1 => 0.0,
        _ => 0.5 / (std::f64::consts::PI / nodes as f64).sin(),
    }
}

fn ring(nodes: usize, center: Point, radius: f64) -> Vec<Point> {
    (0..nodes)
        .map(|i| {
            let angle = std::f64::consts::TAU * i as f64 / nodes as f64;
            [center[0] + radius * angle.sin(), center[1] + radius * angle.cos()]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let edges = edges.iter().map(|&(source, target)| Edge::new(source, target, 1.0)).collect();
        Graph::new(nodes, None, false, edges).unwrap()
    }

    fn closest(points: &[Point]) -> f64 {
        let mut least = f64::INFINITY;
        for (i, a) in points.iter().enumerate() {
            for b in &points[..i] {
                least = least.min((a[0] - b[0]).hypot(a[1] - b[1]));
            }
        }
        least
    }

    #[test]
    fn spring_repeats_and_keeps_nodes_apart() {
        let mut edges: Vec<(usize, usize)> = (1..40).map(|i| (0, i)).collect();
        edges.extend((41..60).map(|i| (40, i)));
        edges.extend([(62, 63), (63, 64), (62, 64), (65, 66)]);
        let g = graph(75, &edges);
        let points = spring(&g, &Context::new()).unwrap();
        assert_eq!(points, spring(&g, &Context::new()).unwrap());
        assert!(points.iter().flatten().all(|value| value.is_finite()));
        assert!(closest(&points) > 0.25, "{}", closest(&points));
    }

    #[test]
    fn circles_and_groups_keep_nodes_apart() {
        assert!(closest(&circle(50)) > 0.99);
        let labels: Vec<usize> = (0..60).map(|i| [7, 1, 1, 3, 1][i % 5]).collect();
        assert!(closest(&groups(&labels)) > 0.99);
        assert_eq!((groups(&[]).len(), groups(&[4]), circle(0).len()), (0, vec![[0.0, 0.0]], 0));
    }

    #[test]
    fn a_cancelled_layout_stops() {
        let ctx = Context::new();
        ctx.cancel_handle().cancel();
        assert!(spring(&graph(3, &[(0, 1), (1, 2)]), &ctx).is_err());
    }
}
