//! Graphs: what every method recovers and every simulator starts from.

pub mod analysis;
mod edge_list;
mod graphml;

pub use edge_list::Nodes;

use std::sync::Arc;

use ndarray::Array2;

use crate::context::Context;
use crate::data::{Matrix, Names, number};
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
}

/// A graph with named nodes and weighted edges, directed or not. Clones share it.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    nodes: usize,
    names: Option<Names>,
    directed: bool,
    edges: Arc<Vec<Edge>>,
}

engine_type!(Graph, "Graph");

impl Graph {
    /// A graph over `nodes` nodes. Edges are sorted; an undirected edge may be given in either direction.
    ///
    /// # Errors
    /// A node out of range, an edge from a node to itself, an edge given twice, a weight that is not finite or is
    /// zero, a wrong number of names.
    pub fn new(nodes: usize, names: Option<Names>, directed: bool, mut edges: Vec<Edge>) -> Result<Self> {
        if let Some(names) = names.as_ref().filter(|names| names.len() != nodes) {
            return Err(Error::shape(format!("{} names for {nodes} nodes", names.len())));
        }
        for edge in &mut edges {
            if edge.source >= nodes || edge.target >= nodes {
                let node = edge.source.max(edge.target);
                return Err(Error::index(format!("an edge names node {node}, there are {nodes} nodes")));
            }
            if edge.source == edge.target {
                return Err(Error::argument(format!("an edge from node {} to itself", edge.source)));
            }
            if !edge.weight.is_finite() || edge.weight == 0.0 {
                return Err(Error::argument(format!(
                    "the edge {} - {} has weight {}",
                    edge.source, edge.target, edge.weight
                ))
                .with_hint("weights are finite and not 0: no edge is an edge that is not in the list"));
            }
            if !directed && edge.source > edge.target {
                std::mem::swap(&mut edge.source, &mut edge.target);
            }
        }
        edges.sort_by_key(|edge| (edge.source, edge.target));
        if let Some(pair) = edges.windows(2).find(|w| (w[0].source, w[0].target) == (w[1].source, w[1].target)) {
            return Err(Error::argument(format!("the edge {} - {} occurs twice", pair[0].source, pair[0].target)));
        }
        Ok(Self { nodes, names, directed, edges: Arc::new(edges) })
    }

    /// The undirected graph whose edges are the off-diagonal entries of a symmetric matrix with |value| > threshold.
    /// An entry that is not symmetric counts by the larger absolute value of the two.
    ///
    /// # Errors
    /// A matrix that is not square or not finite.
    pub fn from_matrix(m: &Matrix, threshold: f64) -> Result<Self> {
        if m.rows() != m.cols() {
            return Err(Error::shape(format!("a graph needs a square matrix, this is {} x {}", m.rows(), m.cols())));
        }
        if let Some(place) = m.first_non_finite() {
            return Err(Error::data(format!("a graph needs finite weights, there is {place}")));
        }
        let values = m.view();
        let mut edges = Vec::new();
        for source in 0..m.rows() {
            for target in source + 1..m.cols() {
                let (a, b) = (values[(source, target)], values[(target, source)]);
                let weight = if b.abs() > a.abs() { b } else { a };
                if weight.abs() > threshold {
                    edges.push(Edge { source, target, weight });
                }
            }
        }
        Self::new(m.rows(), crate::data::covariance::variable_names(m), false, edges)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.nodes
    }

    /// Number of edges.
    pub fn n_edges(&self) -> usize {
        self.edges.len()
    }

    /// Whether edges have a direction.
    pub fn is_directed(&self) -> bool {
        self.directed
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

    /// The same graph with other names.
    ///
    /// # Errors
    /// When there is not one name a node.
    pub fn with_names(&self, names: Option<Names>) -> Result<Self> {
        Self::new(self.nodes, names, self.directed, self.edges.to_vec())
    }

    /// The edges with the largest absolute weights first; ties in order of the nodes.
    pub fn ranked_edges(&self) -> Vec<Edge> {
        let mut edges = self.edges.to_vec();
        // The sort is stable, so that ties keep the order of the nodes.
        edges.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        edges
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
            if !self.directed {
                values[(edge.target, edge.source)] = edge.weight;
            }
        }
        Ok(Matrix::square(values, self.names.as_ref()))
    }

    /// As JSON: `{"directed", "nodes": [names], "edges": [{"source", "target", "weight"}]}`.
    pub fn to_json(&self) -> serde_json::Value {
        let labels = self.labels();
        let edges: Vec<serde_json::Value> = self
            .edges
            .iter()
            .map(|edge| {
                let (source, target) = (labels.get(edge.source), labels.get(edge.target));
                serde_json::json!({ "source": source, "target": target, "weight": edge.weight })
            })
            .collect();
        serde_json::json!({ "directed": self.directed, "nodes": labels.as_slice(), "edges": edges })
    }

    /// 0/1 matrix: 1 where there is an edge.
    ///
    /// # Errors
    /// Memory.
    pub fn adjacency(&self, ctx: &Context) -> Result<Matrix> {
        Ok(self.to_matrix(ctx)?.map(|weight| f64::from(weight != 0.0)))
    }

    /// The same graph without edges of |weight| at or below `threshold`.
    #[must_use]
    pub fn above(&self, threshold: f64) -> Self {
        let edges = self.edges.iter().filter(|edge| edge.weight.abs() > threshold).copied().collect();
        Self { edges: Arc::new(edges), ..self.clone() }
    }
}

impl std::fmt::Display for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 10;
        let kind = if self.directed { "directed" } else { "undirected" };
        write!(f, "Graph {kind}, {} nodes, {} edges, density {}", self.nodes, self.n_edges(), number(self.density()))?;
        let labels = self.labels();
        let arrow = if self.directed { "->" } else { "--" };
        for edge in self.ranked_edges().iter().take(SHOWN) {
            let (source, target) = (labels.get(edge.source), labels.get(edge.target));
            write!(f, "\n  {source} {arrow} {target}  {}", number(edge.weight))?;
        }
        match self.n_edges().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  ... {more} more"),
        }
    }
}
