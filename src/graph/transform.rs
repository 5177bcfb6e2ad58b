//! Other graphs from one: fewer edges, fewer nodes, edges without a direction or with one.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Attributes, Direction, Edge, Graph, REGULATOR};
use crate::data::Column;
use crate::error::{Error, Result};

impl Graph {
    /// The graph of these edges, by position, in ascending order.
    #[must_use]
    pub(crate) fn pick_edges(&self, positions: &[usize]) -> Self {
        Self {
            edges: Arc::new(positions.iter().map(|&i| self.edges[i]).collect()),
            edge_attributes: Arc::new(picked(&self.edge_attributes, positions)),
            ..self.clone()
        }
    }

    /// The same graph without edges of |weight| at or below `threshold`.
    #[must_use]
    pub fn above(&self, threshold: f64) -> Self {
        let is_kept = |edge: &Edge| edge.weight.abs() > threshold;
        // Graphs of millions of edges are asked for whole again and again.
        if self.edges.iter().all(is_kept) {
            return self.clone();
        }
        let kept = (0..self.n_edges()).filter(|&i| is_kept(&self.edges[i]));
        self.pick_edges(&kept.collect::<Vec<_>>())
    }

    /// The same nodes with the edges that regulators may have: a directed edge leaves one, an edge without a direction has
    /// one at either end. The attribute [`REGULATOR`] marks them.
    ///
    /// # Errors
    /// A node out of range.
    pub fn of_regulators(&self, regulators: &[usize]) -> Result<Self> {
        let mut acts = vec![false; self.nodes];
        for &node in regulators {
            self.check_node(node)?;
            acts[node] = true;
        }
        let is_kept = |edge: &Edge| acts[edge.source] || (!edge.directed && acts[edge.target]);
        let kept: Vec<usize> = (0..self.n_edges()).filter(|&i| is_kept(&self.edges[i])).collect();
        let marks = acts.iter().map(|&acts| f64::from(acts)).collect();
        self.pick_edges(&kept).with_node_attribute(REGULATOR, Column::numbers(marks))
    }

    /// The graph with other weights, in the order of its edges.
    ///
    /// # Errors
    /// Another number of weights than of edges; one that is not finite or is zero.
    pub fn with_weights(&self, weights: &[f64]) -> Result<Self> {
        if weights.len() != self.n_edges() {
            return Err(Error::shape(format!("{} weights for {} edges", weights.len(), self.n_edges())));
        }
        let edges = self.edges.iter().zip(weights).map(|(edge, &weight)| Edge { weight, ..*edge }).collect();
        self.with_edges(self.direction, edges, self.edge_attributes.to_vec())
    }

    /// The graph without directions. Of two edges between the same nodes the one with the larger absolute weight stays,
    /// with its attributes; of equal ones the first.
    ///
    /// # Errors
    /// Never: a graph without directions takes every edge that is left.
    pub fn undirected(&self) -> Result<Self> {
        if self.direction == Direction::Undirected {
            return Ok(self.clone());
        }
        let mut strongest: HashMap<(usize, usize), usize> = HashMap::with_capacity(self.n_edges());
        for (i, edge) in self.edges.iter().enumerate() {
            let kept = strongest.entry(edge.ends()).or_insert(i);
            if edge.weight.abs() > self.edges[*kept].weight.abs() {
                *kept = i;
            }
        }
        let mut kept: Vec<usize> = strongest.into_values().collect();
        kept.sort_unstable();
        let edges = kept.iter().map(|&i| Edge { directed: false, ..self.edges[i] }).collect();
        self.with_edges(Direction::Undirected, edges, picked(&self.edge_attributes, &kept))
    }

    /// These nodes, in this order, and the edges between them. Nodes without names are called as they were before.
    ///
    /// # Errors
    /// A node out of range or listed twice.
    pub fn subgraph(&self, nodes: &[usize]) -> Result<Self> {
        let mut places: Vec<Option<usize>> = vec![None; self.nodes];
        for (place, &node) in nodes.iter().enumerate() {
            self.check_node(node)?;
            if places[node].replace(place).is_some() {
                return Err(Error::argument(format!("the node '{}' is listed twice", self.labels().get(node))));
            }
        }
        let (mut kept, mut edges) = (Vec::new(), Vec::new());
        for (i, edge) in self.edges.iter().enumerate() {
            if let (Some(source), Some(target)) = (places[edge.source], places[edge.target]) {
                kept.push(i);
                edges.push(Edge { source, target, ..*edge });
            }
        }
        let names = Some(self.labels().pick(nodes));
        let attributes = picked(&self.edge_attributes, &kept);
        let part = Self::assemble(nodes.len(), names, self.direction, edges, attributes)?;
        Ok(Self { node_attributes: Arc::new(picked(&self.node_attributes, nodes)), ..part })
    }

    /// The graph in which these edges lead from the first node of a pair to the second.
    ///
    /// # Errors
    /// Two nodes without an edge, an edge that leads the other way.
    pub fn orient(&self, pairs: &[(usize, usize)]) -> Result<Self> {
        let mut edges = self.edges.to_vec();
        let find = |source, target| self.edges.binary_search_by_key(&(source, target), |e| (e.source, e.target)).ok();
        for &(from, to) in pairs {
            self.check_node(from.max(to))?;
            let called = || (self.labels().get(from).to_string(), self.labels().get(to).to_string());
            let Some(i) = find(from, to).or_else(|| find(to, from)) else {
                let (from, to) = called();
                return Err(Error::argument(format!("there is no edge between '{from}' and '{to}'")));
            };
            if edges[i].directed && edges[i].source != from {
                let (from, to) = called();
                return Err(Error::argument(format!(
                    "the edge between '{from}' and '{to}' leads from '{to}' to '{from}'"
                ))
                .with_hint(".undirected() takes directions away"));
            }
            edges[i] = Edge::new(from, to, edges[i].weight).directed();
        }
        let directed = edges.iter().filter(|edge| edge.directed).count();
        let direction = match directed {
            _ if pairs.is_empty() => self.direction,
            all if all == edges.len() => Direction::Directed,
            _ => Direction::Mixed,
        };
        self.with_edges(direction, edges, self.edge_attributes.to_vec())
    }

    /// The same nodes with other edges, and their attributes in the same order.
    fn with_edges(&self, direction: Direction, edges: Vec<Edge>, attributes: Attributes) -> Result<Self> {
        let graph = Self::assemble(self.nodes, self.names.clone(), direction, edges, attributes)?;
        Ok(Self { node_attributes: Arc::clone(&self.node_attributes), ..graph })
    }

    /// Fails if there is no such node.
    pub(super) fn check_node(&self, node: usize) -> Result<()> {
        match node < self.nodes {
            true => Ok(()),
            false => Err(Error::index(format!("node {node} is out of range: there are {} nodes", self.nodes))),
        }
    }
}

/// The values of these rows.
fn picked(attributes: &[(String, Column)], rows: &[usize]) -> Attributes {
    attributes.iter().map(|(name, column)| (name.clone(), column.pick(rows))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Names;

    fn mixed() -> Graph {
        let edges = vec![
            Edge::new(0, 1, 0.5),
            Edge::new(2, 1, -3.0).directed(),
            Edge::new(1, 2, 2.0).directed(),
            Edge::new(3, 0, 1.0).directed(),
        ];
        let names = Names::new(["a", "b", "c", "d"].map(String::from).to_vec(), "nodes").unwrap();
        let g = Graph::mixed(4, Some(names), edges).unwrap();
        g.with_edge_attribute("rank", Column::numbers(vec![1.0, 2.0, 3.0, 4.0])).unwrap()
    }

    fn ranks(g: &Graph) -> &Column {
        &g.edge_attributes()[0].1
    }

    #[test]
    fn without_directions_the_larger_weight_stays_with_its_attributes() {
        let g = mixed().undirected().unwrap();
        assert_eq!(g.edges(), [Edge::new(0, 1, 0.5), Edge::new(0, 3, 1.0), Edge::new(1, 2, -3.0)]);
        assert_eq!((g.direction(), ranks(&g)), (Direction::Undirected, &Column::numbers(vec![1.0, 4.0, 3.0])));
    }

    #[test]
    fn a_mask_of_regulators_looks_at_directions() {
        let g = mixed().of_regulators(&[1]).unwrap();
        assert_eq!(g.edges(), [Edge::new(0, 1, 0.5), Edge::new(1, 2, 2.0).directed()]);
        assert_eq!((ranks(&g), g.regulators().unwrap()), (&Column::numbers(vec![1.0, 2.0]), vec![1]));
        assert_eq!(mixed().of_regulators(&[]).unwrap().n_edges(), 0);
        assert!(mixed().of_regulators(&[4]).is_err());
    }

    #[test]
    fn a_part_has_its_nodes_in_the_order_asked_for() {
        let g = mixed().subgraph(&[2, 1, 3]).unwrap();
        assert_eq!(g.labels().as_slice(), ["c", "b", "d"]);
        assert_eq!(g.edges(), [Edge::new(0, 1, -3.0).directed(), Edge::new(1, 0, 2.0).directed()]);
        assert_eq!(ranks(&g), &Column::numbers(vec![3.0, 2.0]));
        assert!(mixed().subgraph(&[1, 1]).unwrap_err().message().contains("'b' is listed twice"));
        let unnamed = Graph::new(3, None, false, vec![Edge::new(1, 2, 1.0)]).unwrap();
        assert_eq!(unnamed.subgraph(&[2]).unwrap().labels().as_slice(), ["x2"]);
    }

    #[test]
    fn edges_get_a_direction_once() {
        let g = mixed().orient(&[(1, 0), (3, 0)]).unwrap();
        assert_eq!((g.direction(), g.edges()[0]), (Direction::Directed, Edge::new(1, 0, 0.5).directed()));
        assert_eq!(ranks(&g), &Column::numbers(vec![1.0, 2.0, 3.0, 4.0]));
        for (pairs, part) in [
            (vec![(0, 2)], "no edge between 'a' and 'c'"),
            (vec![(0, 3)], "leads from 'd' to 'a'"),
            (vec![(1, 0), (0, 1)], "leads from 'b' to 'a'"),
            (vec![(0, 9)], "node 9 is out of range"),
        ] {
            let error = mixed().orient(&pairs).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
    }
}
