//! A graph as points and lines.

use std::collections::HashSet;

use crate::context::Context;
use crate::data::{Names, number};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::graph::{Direction, Edge, Graph};

use super::charts::counted;
use super::figure::Figure;
use super::layout::{self, Point};
use super::paint::Paint;
use super::scene::{Axis, Markers, Panel, Segments, Trace};
use super::statistics::categorize;

/// Up to how many nodes all of them have their names beside them.
const LABELED: usize = 80;
/// How many hubs are named where not all nodes are.
const NAMED_HUBS: usize = 12;
/// Up to how many groups have their names in the legend.
const NAMED_GROUPS: usize = 12;
/// How many neighbours the pointer shows.
const SHOWN_NEIGHBORS: usize = 8;
/// Widths of edges in pixels, from the smallest weights to the largest.
const WIDTHS: [f64; 5] = [1.0, 1.8, 2.8, 4.0, 5.5];

/// Where nodes go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NetworkLayout {
    /// Connected nodes near each other.
    #[default]
    Spring,
    /// One circle.
    Circle,
    /// A circle a group.
    Groups,
}

/// What the colour of an edge says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EdgeColor {
    /// Blue for positive weights, vermillion for negative ones.
    #[default]
    Sign,
    /// Nothing.
    None,
}

/// Which nodes belong together.
#[derive(Debug, Clone, PartialEq)]
pub enum Groups {
    /// A number for each node.
    Numbers(Vec<usize>),
    /// The name of each node's group.
    Names(Vec<String>),
    /// The attribute of the nodes that has this name.
    Attribute(String),
}

/// The group of every node, and what groups are called.
struct Grouping {
    of_node: Vec<usize>,
    /// By group number; empty where groups are numbers.
    names: Vec<String>,
}

impl Grouping {
    fn of(graph: &Graph, groups: &Groups) -> Result<Self> {
        let grouping = match groups {
            Groups::Numbers(numbers) => Self { of_node: numbers.clone(), names: Vec::new() },
            Groups::Names(names) => Self::named(names.iter().cloned()),
            Groups::Attribute(name) => {
                let column = graph.node_attribute(name).map_err(|error| {
                    error.or_hint("groups can also be a list with a number or a name for each node")
                })?;
                Self::named((0..column.len()).map(|node| column.label(node)))
            }
        };
        match (grouping.of_node.len(), graph.n_nodes()) {
            (given, nodes) if given != nodes => Err(Error::shape(format!("{given} groups for {nodes} nodes"))),
            _ => Ok(grouping),
        }
    }

    fn named(names: impl Iterator<Item = String>) -> Self {
        let (of_node, names) = categorize(names);
        Self { of_node, names }
    }

    /// What the group of a node is called.
    fn name(&self, node: usize) -> String {
        let group = self.of_node[node];
        self.names.get(group).cloned().unwrap_or_else(|| group.to_string())
    }

    /// The colour of a group: blue and vermillion are the signs of edges.
    fn paint(group: usize) -> Paint {
        Paint::Series(2 + group % 5)
    }

    /// The entries of the legend.
    fn keys(&self) -> Vec<Trace> {
        if self.names.len() > NAMED_GROUPS {
            return Vec::new();
        }
        let names = self.names.iter().enumerate();
        names.map(|(group, name)| Trace::Markers(Markers::key(name.clone(), Self::paint(group)))).collect()
    }
}

/// How to draw a network.
#[derive(Debug, Clone, Default)]
pub struct NetworkOptions {
    /// Where nodes go.
    pub layout: NetworkLayout,
    /// What the colour of an edge says.
    pub color: EdgeColor,
    /// Whether names stand beside the nodes; when not given, beside all of up to 80 and the hubs of more.
    pub labels: Option<bool>,
    /// The title.
    pub title: Option<String>,
    /// The nodes' groups, shown by colour and in the layout `Groups`; there, components are the groups without.
    pub groups: Option<Groups>,
    /// What the areas of the nodes show, a number a node, not negative; their degrees when not given.
    pub sizes: Option<Vec<f64>>,
    /// Where each node goes, in place of the layout.
    pub positions: Option<Vec<Point>>,
}

/// A figure of a graph: edges by weight and sign, nodes by degree.
///
/// # Errors
/// A wrong number of groups, sizes or positions; a layout that is cancelled or exceeds the memory limit.
pub fn network(graph: &Graph, options: &NetworkOptions, ctx: &Context) -> Result<Figure> {
    /// Bytes of a node and of an edge, with what is said of them, beside their names.
    const BYTES: [usize; 2] = [400, 480];
    let nodes = graph.n_nodes();
    let marks = nodes.saturating_mul(BYTES[0]).saturating_add(graph.n_edges().saturating_mul(BYTES[1]));
    let held = ctx.reserve(marks.saturating_add(name_bytes(graph)))?;
    let groups = options.groups.as_ref().map(|groups| Grouping::of(graph, groups)).transpose()?;
    let positions = match (&options.positions, options.layout) {
        (Some(given), _) if given.len() != nodes => {
            return Err(Error::shape(format!("{} positions for {nodes} nodes", given.len())));
        }
        (Some(given), _) => given.clone(),
        (None, NetworkLayout::Spring) => layout::spring(graph, ctx)?,
        (None, NetworkLayout::Circle) => layout::circle(nodes),
        (None, NetworkLayout::Groups) => match &groups {
            Some(groups) => layout::groups(&groups.of_node),
            None => layout::groups(&component_of(graph)),
        },
    };
    let sizes = match &options.sizes {
        Some(given) if given.len() != nodes => {
            return Err(Error::shape(format!("{} sizes for {nodes} nodes", given.len())));
        }
        Some(given) => given_sizes(given),
        None => node_sizes(graph),
    };
    let (graph, options) = (graph.clone(), options.clone());
    // What is said of nodes and edges takes a while, each.
    detached_if_many(10 * nodes.saturating_add(graph.n_edges()), ctx, move || {
        let _held = held;
        drawn(&graph, &options, groups.as_ref(), &positions, sizes)
    })
}

/// Bytes of the names in what is said of nodes and edges.
fn name_bytes(graph: &Graph) -> usize {
    let Some(names) = graph.names() else { return 0 };
    let length = |node: usize| names.get(node).len();
    let of_nodes = (0..graph.n_nodes()).map(|node| 4 * length(node)).fold(0, usize::saturating_add);
    let of_edges = graph.edges().iter().map(|edge| 2 * (length(edge.source) + length(edge.target)));
    of_edges.fold(of_nodes, usize::saturating_add)
}

/// The figure of nodes at these places.
fn drawn(
    graph: &Graph,
    options: &NetworkOptions,
    groups: Option<&Grouping>,
    positions: &[Point],
    sizes: Vec<f64>,
) -> Figure {
    let (nodes, names) = (graph.n_nodes(), graph.labels());
    let mut traces = edge_traces(graph, &names, positions, &sizes, options.color);
    traces.extend(groups.iter().flat_map(|groups| groups.keys()));
    traces.push(node_trace(graph, &names, positions, sizes, (options.labels, groups)));
    let summary = format!("network, {}, {}", counted(nodes, "node"), described(graph));
    let panel = Panel { traces, x: Axis::hidden(), y: Axis::hidden(), equal: true, summary, ..Panel::default() };
    Figure::new(options.title.as_deref(), panel)
}

/// How many edges of which kind.
fn described(graph: &Graph) -> String {
    let edges = graph.n_edges();
    match graph.direction() {
        Direction::Undirected => counted(edges, "edge"),
        Direction::Directed => counted(edges, "directed edge"),
        Direction::Mixed => {
            let directed = graph.edges().iter().filter(|edge| edge.directed).count();
            format!("{}, {directed} of them directed", counted(edges, "edge"))
        }
    }
}

fn component_of(graph: &Graph) -> Vec<usize> {
    let mut groups = vec![0; graph.n_nodes()];
    for (i, nodes) in graph.components().iter().enumerate() {
        nodes.iter().for_each(|&node| groups[node] = i);
    }
    groups
}

/// Diameters in pixels: smaller in larger graphs, larger for nodes with many edges.
fn node_sizes(graph: &Graph) -> Vec<f64> {
    let degree = graph.degree();
    let most = degree.iter().copied().max().unwrap_or(0).max(1) as f64;
    let base = (70.0 / (graph.n_nodes().max(1) as f64).sqrt()).clamp(5.0, 15.0);
    degree.iter().map(|&edges| base * (0.8 + 0.7 * (edges as f64 / most).sqrt())).collect()
}

/// Diameters whose squares are in proportion to these numbers, as far as the smallest can be seen.
fn given_sizes(given: &[f64]) -> Vec<f64> {
    let most = given.iter().copied().filter(|size| size.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    given.iter().map(|size| (28.0 * (size / most).clamp(0.0, 1.0).sqrt()).max(5.0)).collect()
}

fn edge_traces(graph: &Graph, names: &Names, positions: &[Point], sizes: &[f64], color: EdgeColor) -> Vec<Trace> {
    let weights = graph.edges().iter().map(|edge| edge.weight.abs());
    let range = [weights.clone().fold(f64::INFINITY, f64::min), weights.fold(0.0, f64::max)];
    let all: HashSet<(usize, usize)> = graph.edges().iter().map(|edge| (edge.source, edge.target)).collect();
    let aside = aside(positions);
    let signs: &[(&str, Paint, f64)] = match color {
        EdgeColor::None => &[("", Paint::Muted, 0.0)],
        EdgeColor::Sign => &[("positive", Paint::POSITIVE, 1.0), ("negative", Paint::NEGATIVE, -1.0)],
    };
    let mut traces = Vec::new();
    for (&(name, paint, sign), directed) in signs.iter().flat_map(|sign| [(sign, false), (sign, true)]) {
        let wanted = |edge: &&Edge| edge.directed == directed && (sign == 0.0 || edge.weight.signum() == sign);
        let edges: Vec<&Edge> = graph.edges().iter().filter(wanted).collect();
        if edges.is_empty() {
            continue;
        }
        let arrow = if directed { "→" } else { "–" };
        let hover = |edge: &&Edge| {
            let (source, target) = (names.get(edge.source), names.get(edge.target));
            format!("{source} {arrow} {target}\nweight {}", number(edge.weight))
        };
        traces.push(Trace::Segments(Segments {
            name: name.into(),
            ends: edges.iter().map(|edge| ends(edge, &all, positions, aside)).collect(),
            width: edges.iter().map(|edge| edge_width(edge.weight.abs(), range, graph.n_edges())).collect(),
            hover: edges.iter().map(hover).collect(),
            paint,
            opacity: if graph.n_edges() > 400 { 0.45 } else { 0.75 },
            arrows: directed.then(|| edges.iter().map(|edge| sizes[edge.target] / 2.0 + 2.0).collect()),
            weights: edges.iter().map(|edge| edge.weight).collect(),
            joins: edges.iter().map(|edge| [edge.source, edge.target]).collect(),
        }));
    }
    traces
}

/// The width of an edge with this absolute weight. Equal weights are of middle width.
fn edge_width(weight: f64, [smallest, largest]: [f64; 2], edges: usize) -> f64 {
    let last = WIDTHS.len() - 1;
    let class = if largest > 1.01 * smallest {
        ((weight / largest * WIDTHS.len() as f64).ceil() as usize).clamp(1, WIDTHS.len()) - 1
    } else {
        last / 2
    };
    // Many edges need to be thin, or they cover each other.
    let thinner = (40.0 / edges as f64).sqrt().clamp(0.35, 1.0);
    ((WIDTHS[class] * thinner * 10.0).round() / 10.0).max(0.7)
}

/// How far an edge steps aside for the one in the opposite direction.
fn aside(positions: &[Point]) -> f64 {
    let span = |axis: usize| {
        let values = positions.iter().map(|point| point[axis]);
        values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
    };
    0.004 * span(0).max(span(1))
}

/// Where an edge starts and ends: beside its reverse, if the graph has that.
fn ends(edge: &Edge, both_ways: &HashSet<(usize, usize)>, positions: &[Point], aside: f64) -> [f64; 4] {
    let ([x0, y0], [x1, y1]) = (positions[edge.source], positions[edge.target]);
    if !both_ways.contains(&(edge.target, edge.source)) {
        return [x0, y0, x1, y1];
    }
    let length = (x1 - x0).hypot(y1 - y0).max(1e-9);
    let (dx, dy) = (-aside * (y1 - y0) / length, aside * (x1 - x0) / length);
    [x0 + dx, y0 + dy, x1 + dx, y1 + dy]
}

fn node_trace(
    graph: &Graph,
    names: &Names,
    positions: &[Point],
    size: Vec<f64>,
    (labels, groups): (Option<bool>, Option<&Grouping>),
) -> Trace {
    let named = named_nodes(graph, labels);
    let label = |node: usize| if named[node] { names.get(node).to_string() } else { String::new() };
    let paint = |node: usize| groups.map_or(Paint::Node, |groups| Grouping::paint(groups.of_node[node]));
    let nodes = 0..graph.n_nodes();
    Trace::Markers(Markers {
        name: String::new(),
        x: positions.iter().map(|point| point[0]).collect(),
        y: positions.iter().map(|point| point[1]).collect(),
        labels: nodes.clone().map(label).collect(),
        hover: node_hover(graph, names, groups),
        size,
        paint: nodes.map(paint).collect(),
        opacity: 1.0,
    })
}

/// Which nodes have their names beside them.
fn named_nodes(graph: &Graph, labels: Option<bool>) -> Vec<bool> {
    let nodes = graph.n_nodes();
    let all = labels.unwrap_or(nodes <= LABELED);
    let mut named = vec![all; nodes];
    if labels.is_none() && !all {
        let mean = 2.0 * graph.n_edges() as f64 / nodes as f64;
        for (node, degree) in graph.hubs(NAMED_HUBS) {
            named[node] = degree as f64 >= 2.0 * mean.max(1.0);
        }
    }
    named
}

fn node_hover(graph: &Graph, names: &Names, groups: Option<&Grouping>) -> Vec<String> {
    let mut neighbors = vec![Vec::new(); graph.n_nodes()];
    for edge in graph.ranked_edges() {
        neighbors[edge.source].push(edge.target);
        neighbors[edge.target].push(edge.source);
    }
    let describe = |(node, others): (usize, &Vec<usize>)| {
        let mut text = format!("{}\ndegree {}", names.get(node), others.len());
        if let Some(groups) = groups {
            text += &format!(", group {}", groups.name(node));
        }
        if !others.is_empty() {
            let shown: Vec<&str> = others.iter().take(SHOWN_NEIGHBORS).map(|&other| names.get(other)).collect();
            text += &format!("\n{}", shown.join(", "));
            if others.len() > SHOWN_NEIGHBORS {
                text += &format!(" and {} more", others.len() - SHOWN_NEIGHBORS);
            }
        }
        text
    };
    neighbors.iter().enumerate().map(describe).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Column;

    fn mixed() -> Graph {
        let edges = vec![Edge::new(0, 1, 1.0), Edge::new(1, 2, 0.5).directed(), Edge::new(0, 2, -0.5).directed()];
        let texts = Column::Texts(Arc::new(["u", "v", "u"].map(String::from).to_vec()));
        Graph::mixed(3, None, edges).unwrap().with_node_attribute("community", texts).unwrap()
    }

    #[test]
    fn only_directed_edges_have_heads_and_a_sign_has_one_entry() {
        let figure = network(&mixed(), &NetworkOptions::default(), &Context::new()).unwrap();
        let segments: Vec<&Segments> = figure.scene().panels[0]
            .traces
            .iter()
            .filter_map(|trace| match trace {
                Trace::Segments(segments) => Some(segments),
                _ => None,
            })
            .collect();
        assert_eq!(segments.iter().map(|part| part.arrows.is_some()).collect::<Vec<_>>(), [false, true, true]);
        assert!(segments[0].hover[0].starts_with("x0 – x1") && segments[1].hover[0].starts_with("x1 → x2"));
        let scene = figure.scene();
        let legend: Vec<String> = scene.legend().into_iter().map(|trace| scene.legend_text(trace)).collect();
        assert_eq!(legend, ["positive (2)", "negative (1)"]);
        assert!(figure.to_string().ends_with("3 nodes, 3 edges, 2 of them directed"), "{figure}");
    }

    #[test]
    fn groups_come_from_names_and_attributes() {
        let draw = |groups: Groups| {
            let options = NetworkOptions { groups: Some(groups), ..NetworkOptions::default() };
            network(&mixed(), &options, &Context::new())
        };
        let named = draw(Groups::Attribute("community".into())).unwrap();
        assert_eq!(named.to_svg(), draw(Groups::Names(["u", "v", "u"].map(String::from).to_vec())).unwrap().to_svg());
        let entries: Vec<&str> =
            named.scene().legend().into_iter().filter_map(|trace| trace.legend()).map(|(name, _)| name).collect();
        assert_eq!(entries, ["positive", "negative", "u", "v"]);
        assert_eq!(draw(Groups::Numbers(vec![7, 7, 7])).unwrap().scene().legend().len(), 2);
        assert!(draw(Groups::Numbers(vec![1])).is_err());
        let error = draw(Groups::Attribute("comunity".into())).unwrap_err();
        assert_eq!(error.hint(), Some("did you mean 'community'?"));
    }
}
