//! Graphs: what every method recovers and every simulator starts from.

pub mod analysis;
mod centrality;
mod communities;
mod edge_list;
mod formats;
mod paths;
mod regulation;
mod sets;
mod transform;

pub use centrality::Centrality;
pub use edge_list::{Directed, Nodes};
pub use formats::Beeline;
pub use regulation::{HILL, REGULATOR};

use std::sync::Arc;

use ndarray::Array2;

use crate::context::Context;
use crate::data::{Column, Matrix, Names, clipped, number};
use crate::engine_type;
use crate::error::{Error, Result};

/// An edge between two nodes, by position. Undirected edges have `source < target`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edge {
    /// Position of the first node, or of the node that acts.
    pub source: usize,
    /// Position of the second node, or of the node acted on.
    pub target: usize,
    /// Weight with its sign; 1 where edges have none.
    pub weight: f64,
    /// Whether it leads from source to target only.
    pub directed: bool,
}

impl Edge {
    /// An edge without a direction. [`Graph::new`] sets the direction of all edges, [`Graph::mixed`] of none.
    pub fn new(source: usize, target: usize, weight: f64) -> Self {
        Self { source, target, weight, directed: false }
    }

    /// The same edge, from source to target only.
    #[must_use]
    pub fn directed(self) -> Self {
        Self { directed: true, ..self }
    }

    /// Its nodes, the smaller position first.
    pub(crate) fn ends(&self) -> (usize, usize) {
        (self.source.min(self.target), self.source.max(self.target))
    }

    /// How messages and prints link its nodes.
    pub fn arrow(&self) -> &'static str {
        if self.directed { "->" } else { "--" }
    }
}

/// Which edges of a graph have a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// None.
    Undirected,
    /// All.
    Directed,
    /// Some.
    Mixed,
}

impl Direction {
    /// The word for prints and files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Undirected => "undirected",
            Self::Directed => "directed",
            Self::Mixed => "mixed",
        }
    }
}

/// Named values of every node or every edge, in their order.
pub type Attributes = Vec<(String, Column)>;

/// A graph with named nodes and weighted edges, which all, some or none have a direction. Clones share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: usize,
    names: Option<Names>,
    direction: Direction,
    edges: Arc<Vec<Edge>>,
    node_attributes: Arc<Attributes>,
    edge_attributes: Arc<Attributes>,
}

engine_type!(Graph, "Graph");

impl Graph {
    /// A graph over `nodes` nodes. Edges are sorted; an undirected edge may be given in either direction.
    ///
    /// # Errors
    /// A node out of range, an edge from a node to itself, an edge given twice, a weight that is not finite or is
    /// zero, a wrong number of names.
    pub fn new(nodes: usize, names: Option<Names>, directed: bool, mut edges: Vec<Edge>) -> Result<Self> {
        edges.iter_mut().for_each(|edge| edge.directed = directed);
        let direction = if directed { Direction::Directed } else { Direction::Undirected };
        Self::assemble(nodes, names, direction, edges, Attributes::new())
    }

    /// A graph whose edges say themselves whether they have a direction. Two nodes share one undirected edge, or one
    /// directed edge each way.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn mixed(nodes: usize, names: Option<Names>, edges: Vec<Edge>) -> Result<Self> {
        let directed = edges.iter().filter(|edge| edge.directed).count();
        let direction = match directed {
            0 => Direction::Undirected,
            all if all == edges.len() => Direction::Directed,
            _ => Direction::Mixed,
        };
        Self::assemble(nodes, names, direction, edges, Attributes::new())
    }

    /// The graph with these edges and, in the order in which they were given, their attributes.
    pub(crate) fn assemble(
        nodes: usize,
        names: Option<Names>,
        direction: Direction,
        mut edges: Vec<Edge>,
        attributes: Attributes,
    ) -> Result<Self> {
        if let Some(names) = names.as_ref().filter(|names| names.len() != nodes) {
            return Err(Error::shape(format!("{} names for {nodes} nodes", names.len())));
        }
        for edge in &mut edges {
            check_edge(edge, nodes, names.as_ref())?;
            if !edge.directed && edge.source > edge.target {
                std::mem::swap(&mut edge.source, &mut edge.target);
            }
        }
        let order = sorting(&edges);
        if let Some(order) = &order {
            edges = order.iter().map(|&i| edges[i]).collect();
        }
        if let Some(edge) = twice(&edges) {
            return Err(Error::argument(format!("the edge {} - {} occurs twice", edge.source, edge.target)));
        }
        check_lengths(&attributes, edges.len(), "edges")?;
        let attributes = match &order {
            Some(order) => attributes.into_iter().map(|(name, column)| (name, column.pick(order))).collect(),
            None => attributes,
        };
        Ok(Self {
            nodes,
            names,
            direction,
            edges: Arc::new(edges),
            node_attributes: Arc::default(),
            edge_attributes: Arc::new(attributes),
        })
    }

    /// The undirected graph whose edges are the off-diagonal entries of a symmetric matrix with |value| > threshold.
    /// An entry that is not symmetric counts by the larger absolute value of the two.
    ///
    /// # Errors
    /// A matrix that is not square or not finite; limits of the context.
    pub fn from_matrix(m: &Matrix, threshold: f64, ctx: &Context) -> Result<Self> {
        if m.rows() != m.cols() {
            return Err(Error::shape(format!("a graph needs a square matrix, this is {} x {}", m.rows(), m.cols())));
        }
        if let Some(place) = m.first_non_finite() {
            return Err(Error::data(format!("a graph needs finite weights, there is {place}")));
        }
        let (values, names) = (m.view(), crate::data::covariance::variable_names(m));
        let (mut edges, mut held) = (Vec::new(), Vec::new());
        for source in 0..m.rows() {
            ctx.check()?;
            if edges.capacity() - edges.len() < m.cols() {
                // Room for as many again, and for these.
                let more = edges.len() + m.cols();
                held.push(ctx.reserve(more.saturating_mul(size_of::<Edge>()))?);
                edges.reserve(more);
            }
            for target in source + 1..m.cols() {
                let (a, b) = (values[(source, target)], values[(target, source)]);
                let weight = if b.abs() > a.abs() { b } else { a };
                if weight.abs() > threshold {
                    let edge = Edge::new(source, target, weight);
                    check_edge(&edge, m.rows(), names.as_ref())?;
                    edges.push(edge);
                }
            }
        }
        // They come in order, and every pair once.
        Ok(Self {
            nodes: m.rows(),
            names,
            direction: Direction::Undirected,
            edges: Arc::new(edges),
            node_attributes: Arc::default(),
            edge_attributes: Arc::default(),
        })
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.nodes
    }

    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.edges.len()
    }

    /// Whether all edges have a direction.
    pub fn is_directed(&self) -> bool {
        self.direction == Direction::Directed
    }

    /// Which edges have a direction.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The nodes' names, where they have some.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// The nodes' names, or `x0, x1, ...`.
    pub fn labels(&self) -> Names {
        self.names.clone().unwrap_or_else(|| Names::numbered(self.nodes))
    }

    /// The edges, sorted by source and target.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Named values of the nodes.
    pub fn node_attributes(&self) -> &[(String, Column)] {
        &self.node_attributes
    }

    /// The values of an attribute of the nodes.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn node_attribute(&self, name: &str) -> Result<&Column> {
        let found = self.node_attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, column)| column).ok_or_else(|| {
            Error::name(format!("the nodes have no attribute '{name}'"))
                .with_nearest(name, self.node_attributes.iter().map(|(known, _)| known.as_str()))
        })
    }

    /// Named values of the edges, in the order of [`Graph::edges`].
    pub fn edge_attributes(&self) -> &[(String, Column)] {
        &self.edge_attributes
    }

    /// The same graph with other names.
    ///
    /// # Errors
    /// When there is not one name a node.
    pub fn with_names(&self, names: Option<Names>) -> Result<Self> {
        if let Some(names) = names.as_ref().filter(|names| names.len() != self.nodes) {
            return Err(Error::shape(format!("{} names for {} nodes", names.len(), self.nodes)));
        }
        Ok(Self { names, ..self.clone() })
    }

    /// The same graph with a value for each node; an attribute of that name is replaced.
    ///
    /// # Errors
    /// When there is not one value a node.
    pub fn with_node_attribute(&self, name: &str, values: Column) -> Result<Self> {
        let node_attributes = with_attribute(&self.node_attributes, name, values, self.nodes, "nodes")?;
        Ok(Self { node_attributes, ..self.clone() })
    }

    /// The same graph with a value for each edge, in the order of [`Graph::edges`].
    ///
    /// # Errors
    /// When there is not one value an edge, or the name is that of a part that every edge has.
    pub fn with_edge_attribute(&self, name: &str, values: Column) -> Result<Self> {
        if EDGE_PARTS.contains(&name) {
            return Err(Error::argument(format!("an edge attribute cannot be called '{name}': every edge has that")));
        }
        let edge_attributes = with_attribute(&self.edge_attributes, name, values, self.n_edges(), "edges")?;
        Ok(Self { edge_attributes, ..self.clone() })
    }

    /// Weights as a matrix: entry (source, target), and its mirror image when undirected.
    ///
    /// # Errors
    /// Memory.
    pub fn to_matrix(&self, ctx: &Context) -> Result<Matrix> {
        let _held = ctx.reserve_matrices(1, self.nodes, self.nodes)?;
        let mut values = Array2::zeros((self.nodes, self.nodes));
        for edge in self.edges.iter() {
            values[(edge.source, edge.target)] = edge.weight;
            if !edge.directed {
                values[(edge.target, edge.source)] = edge.weight;
            }
        }
        Ok(Matrix::square(values, self.names.as_ref()))
    }

    /// 0/1 matrix: 1 where there is an edge.
    ///
    /// # Errors
    /// Memory.
    pub fn adjacency(&self, ctx: &Context) -> Result<Matrix> {
        Ok(self.to_matrix(ctx)?.map(|weight| f64::from(weight != 0.0)))
    }
}

/// What every edge has, which no attribute may be called.
pub const EDGE_PARTS: [&str; 5] = ["source", "target", "weight", "sign", "directed"];

fn check_edge(edge: &Edge, nodes: usize, names: Option<&Names>) -> Result<()> {
    if edge.source >= nodes || edge.target >= nodes {
        let node = edge.source.max(edge.target);
        return Err(Error::index(format!("an edge names node {node}, there are {nodes} nodes")));
    }
    if edge.source == edge.target {
        let node = names.map_or_else(|| edge.source.to_string(), |names| format!("'{}'", names.get(edge.source)));
        return Err(Error::argument(format!("an edge from node {node} to itself"))
            .with_hint("graphs here have no loops: take such edges out"));
    }
    if !edge.weight.is_finite() || edge.weight == 0.0 {
        return Err(Error::argument(format!("the edge {} - {} has weight {}", edge.source, edge.target, edge.weight))
            .with_hint("weights are finite and not 0: no edge is an edge that is not in the list"));
    }
    Ok(())
}

/// The positions of the edges in order of source and target; none where they are in that order: lists of millions, which
/// come sorted, are not copied.
fn sorting(edges: &[Edge]) -> Option<Vec<usize>> {
    let ends = |edge: &Edge| (edge.source, edge.target);
    if edges.is_sorted_by_key(ends) {
        return None;
    }
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_by_key(|&i| ends(&edges[i]));
    Some(order)
}

/// The first of sorted edges that stands for the same link as another one.
fn twice(edges: &[Edge]) -> Option<Edge> {
    let ends = |edge: &Edge| (edge.source, edge.target);
    if let Some(pair) = edges.windows(2).find(|w| ends(&w[0]) == ends(&w[1])) {
        return Some(pair[0]);
    }
    // An undirected edge beside a directed one in the opposite direction. Without a directed edge none leads back.
    if !edges.iter().any(|edge| edge.directed) {
        return None;
    }
    let mut both_ways = edges.iter().filter(|edge| !edge.directed);
    both_ways.find(|edge| edges.binary_search_by_key(&(edge.target, edge.source), ends).is_ok()).copied()
}

fn check_lengths(attributes: &[(String, Column)], count: usize, what: &str) -> Result<()> {
    match attributes.iter().find(|(_, column)| column.len() != count) {
        Some((name, column)) => Err(Error::shape(format!("{} values of '{name}' for {count} {what}", column.len()))),
        None => Ok(()),
    }
}

fn with_attribute(
    attributes: &Attributes,
    name: &str,
    values: Column,
    count: usize,
    what: &str,
) -> Result<Arc<Attributes>> {
    let mut all: Attributes = attributes.iter().filter(|(known, _)| known != name).cloned().collect();
    all.push((name.to_string(), values));
    check_lengths(&all, count, what)?;
    Ok(Arc::new(all))
}

impl std::fmt::Display for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 10;
        let (kind, edges) = (self.direction.word(), self.n_edges());
        write!(f, "Graph {kind}, {} nodes, {edges} edges, density {}", self.nodes, number(self.density()))?;
        let labels = self.labels();
        for edge in self.strongest_edges(SHOWN) {
            let label = |node: usize| clipped(labels.get(node).to_string());
            let (source, target) = (label(edge.source), label(edge.target));
            write!(f, "\n  {source} {} {target}  {}", edge.arrow(), number(edge.weight))?;
        }
        match self.n_edges().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  ... {more} more"),
        }
    }
}
