//! How many edges the nodes of a graph have.

use std::collections::BTreeMap;

use crate::data::number;
use crate::error::{Error, Result};
use crate::graph::Graph;

use super::charts::counted;
use super::figure::Figure;
use super::paint::Paint;
use super::scene::{Axis, Bars, Markers, Panel, Trace};

/// Degrees over a range of at most so many have a name each on the axis.
const NAMED: usize = 40;

/// A figure of the number of nodes of each degree; with `log`, of the share of nodes that have at least a degree, both
/// axes logarithmic: a straight line where degrees follow a power law.
///
/// # Errors
/// A graph without nodes; with `log`, one without edges.
pub fn degree_distribution(graph: &Graph, log: bool) -> Result<Figure> {
    let mut nodes: BTreeMap<usize, usize> = BTreeMap::new();
    for degree in graph.degree() {
        *nodes.entry(degree).or_default() += 1;
    }
    let (Some((&least, _)), Some((&most, _))) = (nodes.first_key_value(), nodes.last_key_value()) else {
        return Err(Error::data("a graph without nodes has no degrees"));
    };
    if log && most == 0 {
        return Err(Error::data("the graph has no edges: a logarithmic axis has no place for degree 0")
            .with_hint("leave out `log: true`"));
    }
    let count = graph.n_nodes();
    // Every edge counts at both its ends.
    let mean = 2.0 * graph.n_edges() as f64 / count as f64;
    let mut summary = format!("degrees, {}, mean {}, largest {most}", counted(count, "node"), number(mean));
    let mut panel = if log { tail(&nodes, count) } else { bars(&nodes, least, most) };
    if let Some(&isolated) = nodes.get(&0).filter(|_| log) {
        summary += &format!(", {isolated} without edges not shown");
    }
    panel.summary = summary;
    Ok(Figure::new(None, panel))
}

fn bars(nodes: &BTreeMap<usize, usize>, least: usize, most: usize) -> Panel {
    let named = most - least < NAMED;
    let x = if named {
        Axis::categories("degree", (least..=most).map(|degree| degree.to_string()).collect())
    } else {
        Axis::whole("degree")
    };
    let place = |degree: usize| if named { (degree - least) as f64 } else { degree as f64 };
    let bars = Bars {
        name: String::new(),
        spans: nodes.keys().map(|&degree| [place(degree) - 0.4, place(degree) + 0.4]).collect(),
        heights: nodes.values().map(|&count| count as f64).collect(),
        hover: nodes.iter().map(|(degree, &count)| format!("degree {degree}\n{}", counted(count, "node"))).collect(),
        paint: Paint::Series(0),
    };
    Panel { traces: vec![Trace::Bars(bars)], x, y: Axis::whole("nodes"), ..Panel::default() }
}

/// The complementary cumulative distribution.
fn tail(nodes: &BTreeMap<usize, usize>, count: usize) -> Panel {
    let (mut x, mut y, mut hover) = (Vec::new(), Vec::new(), Vec::new());
    let mut with_more = 0;
    for (&degree, &here) in nodes.iter().rev().filter(|(degree, _)| **degree > 0) {
        with_more += here;
        x.push(degree as f64);
        y.push(with_more as f64 / count as f64);
        hover.push(format!("degree {degree} or more\n{}", counted(with_more, "node")));
    }
    let points = Markers { hover, ..Markers::new(x, y, 8.0, Paint::Series(0)) };
    let (x, y) = (Axis::log("degree"), Axis::log("share of nodes with this degree or more"));
    Panel { traces: vec![Trace::Markers(points)], x, y, ..Panel::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    /// A star of 4 nodes, a pair, and a node alone.
    fn graph() -> Graph {
        let edges = [(0, 1), (0, 2), (0, 3), (4, 5)].map(|(source, target)| Edge::new(source, target, 1.0));
        Graph::new(7, None, false, edges.to_vec()).unwrap()
    }

    #[test]
    fn bars_count_nodes() {
        let figure = degree_distribution(&graph(), false).unwrap();
        let panel = &figure.scene().panels[0];
        let Trace::Bars(bars) = &panel.traces[0] else { panic!("bars") };
        assert_eq!((&bars.heights[..], &bars.spans[2]), (&[1.0, 5.0, 1.0][..], &[2.6, 3.4]));
        assert_eq!(panel.x.categories, ["0", "1", "2", "3"]);
        assert!(figure.to_string().contains("7 nodes, mean 1.14286, largest 3"), "{figure}");
    }

    #[test]
    fn the_tail_leaves_out_nodes_without_edges_and_says_so() {
        let figure = degree_distribution(&graph(), true).unwrap();
        let Trace::Markers(points) = &figure.scene().panels[0].traces[0] else { panic!("points") };
        assert_eq!((&points.x[..], &points.y[..]), (&[3.0, 1.0][..], &[1.0 / 7.0, 6.0 / 7.0][..]));
        assert!(figure.to_string().contains("1 without edges not shown"), "{figure}");
        let none = Graph::new(2, None, false, Vec::new()).unwrap();
        assert!(degree_distribution(&none, true).is_err() && degree_distribution(&none, false).is_ok());
        assert!(degree_distribution(&Graph::new(0, None, false, Vec::new()).unwrap(), false).is_err());
    }
}
