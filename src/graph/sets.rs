//! Two graphs as sets of edges: what both have, what one of them has, what only one has.
//!
//! Nodes are matched by name where both graphs have names, by position otherwise. An edge with a direction and one
//! without are different edges. Weights and attributes come from the first graph that has them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Attributes, Direction, Edge, Graph};
use crate::data::{Column, Names};
use crate::error::{Error, Result};

/// Where a node or an edge comes from: its positions in the first and in the second graph.
type Origin = (Option<usize>, Option<usize>);

impl Graph {
    /// The edges that both graphs have, over the nodes of both.
    ///
    /// # Errors
    /// Graphs without names of different sizes, a directed graph and an undirected one.
    pub fn intersect(&self, other: &Self) -> Result<Self> {
        combine(self, other, "intersect", |first, second| first && second)
    }

    /// The edges that one of the graphs has, or both, over the nodes of both.
    ///
    /// # Errors
    /// As [`Graph::intersect`]; two nodes that one graph links with a direction and the other without.
    pub fn union(&self, other: &Self) -> Result<Self> {
        combine(self, other, "union", |first, second| first || second)
    }

    /// The edges that exactly one of the graphs has, over the nodes of both.
    ///
    /// # Errors
    /// As [`Graph::union`].
    pub fn sym_diff(&self, other: &Self) -> Result<Self> {
        combine(self, other, "sym_diff", |first, second| first != second)
    }

    /// The edges of this graph that the other lacks, over the nodes of this graph.
    ///
    /// # Errors
    /// As [`Graph::intersect`].
    pub fn diff(&self, other: &Self) -> Result<Self> {
        common_direction(self, other, "diff")?;
        let theirs: HashSet<Key> = Whole::of(self, other, "diff")?.edges(other).iter().map(key).collect();
        let kept = (0..self.n_edges()).filter(|&i| !theirs.contains(&key(&self.edges[i])));
        Ok(self.pick_edges(&kept.collect::<Vec<_>>()))
    }
}

/// What makes two edges the same.
type Key = (usize, usize, bool);

fn key(edge: &Edge) -> Key {
    (edge.source, edge.target, edge.directed)
}

/// The nodes of two graphs: those of the first in their order, then those that only the second has.
struct Whole {
    count: usize,
    names: Option<Names>,
    /// Where the nodes of the second graph are.
    second: Vec<usize>,
}

impl Whole {
    fn of(first: &Graph, second: &Graph, verb: &str) -> Result<Self> {
        let (Some(own), Some(others)) = (first.names(), second.names()) else {
            if first.nodes != second.nodes {
                let sizes = format!("{verb}: a graph of {} nodes and one of {}", first.nodes, second.nodes);
                return Err(
                    Error::shape(sizes).with_hint("nodes are matched by position unless both graphs have names")
                );
            }
            let names = first.names.clone().or_else(|| second.names.clone());
            return Ok(Self { count: first.nodes, names, second: (0..second.nodes).collect() });
        };
        let mut list = own.as_slice().to_vec();
        let mut places = Vec::with_capacity(others.len());
        for name in others.iter() {
            places.push(own.find(name).unwrap_or(list.len()));
            if own.find(name).is_none() {
                list.push(name.to_string());
            }
        }
        Ok(Self { count: list.len(), names: Some(Names::new(list, "nodes")?), second: places })
    }

    /// The edges of the second graph between the nodes of the whole.
    fn edges(&self, second: &Graph) -> Vec<Edge> {
        let moved = |edge: &Edge| {
            let moved = Edge { source: self.second[edge.source], target: self.second[edge.target], ..*edge };
            let (source, target) = moved.ends();
            if edge.directed { moved } else { Edge { source, target, ..moved } }
        };
        second.edges.iter().map(moved).collect()
    }

    /// Where the nodes come from; the first graph has `first` of them.
    fn origins(&self, first: usize) -> Vec<Origin> {
        let mut origins: Vec<Origin> = (0..self.count).map(|node| ((node < first).then_some(node), None)).collect();
        for (row, &node) in self.second.iter().enumerate() {
            origins[node].1 = Some(row);
        }
        origins
    }
}

/// The graph of the edges that `keep` keeps, by whether the first and the second graph have them.
fn combine(first: &Graph, second: &Graph, verb: &str, keep: fn(bool, bool) -> bool) -> Result<Graph> {
    let direction = common_direction(first, second, verb)?;
    let whole = Whole::of(first, second, verb)?;
    let theirs = whole.edges(second);
    let mut only_theirs: HashMap<Key, usize> = theirs.iter().enumerate().map(|(i, edge)| (key(edge), i)).collect();
    let (mut edges, mut origins) = (Vec::new(), Vec::<Origin>::new());
    for (i, edge) in first.edges.iter().enumerate() {
        let same = only_theirs.remove(&key(edge));
        if keep(true, same.is_some()) {
            edges.push(*edge);
            origins.push((Some(i), same));
        }
    }
    for (i, edge) in theirs.iter().enumerate() {
        if keep(false, true) && only_theirs.contains_key(&key(edge)) {
            edges.push(*edge);
            origins.push((None, Some(i)));
        }
    }
    check_conflicts(&edges, whole.names.as_ref(), verb)?;
    let attributes = merge(first.edge_attributes(), second.edge_attributes(), &origins);
    let of_nodes = merge(first.node_attributes(), second.node_attributes(), &whole.origins(first.nodes));
    let graph = Graph::assemble(whole.count, whole.names, direction, edges, attributes)?;
    Ok(Graph { node_attributes: Arc::new(of_nodes), ..graph })
}

fn common_direction(first: &Graph, second: &Graph, verb: &str) -> Result<Direction> {
    match (first.direction, second.direction) {
        (a, b) if a == b => Ok(a),
        (Direction::Mixed, _) | (_, Direction::Mixed) => Ok(Direction::Mixed),
        (a, b) => Err(Error::argument(format!("{verb}: one graph is {}, the other {}", a.word(), b.word()))
            .with_hint("take the directions away first: g.undirected()")),
    }
}

/// Fails if two nodes have an edge with a direction and one without, which only two mixed graphs together can have.
fn check_conflicts(edges: &[Edge], names: Option<&Names>, verb: &str) -> Result<()> {
    let plain: HashSet<(usize, usize)> = edges.iter().filter(|edge| !edge.directed).map(Edge::ends).collect();
    let Some(edge) = edges.iter().find(|edge| edge.directed && plain.contains(&edge.ends())) else {
        return Ok(());
    };
    let called = |node: usize| names.map_or_else(|| node.to_string(), |names| format!("'{}'", names.get(node)));
    let (source, target) = (called(edge.source), called(edge.target));
    Err(Error::argument(format!("{verb}: one graph links {source} and {target} with a direction, the other without"))
        .with_hint("take the directions of both away first: g.undirected()"))
}

/// The attributes of both graphs; a row that has no value in the first has that of the second.
fn merge(first: &[(String, Column)], second: &[(String, Column)], origins: &[Origin]) -> Attributes {
    let find = |attributes: &[(String, Column)], name: &str| attributes.iter().position(|(known, _)| known == name);
    let mut merged = Attributes::new();
    for (name, column) in first {
        let other = find(second, name).map(|i| &second[i].1);
        merged.push((name.clone(), join(Some(column), other, origins)));
    }
    for (name, column) in second.iter().filter(|(name, _)| find(first, name).is_none()) {
        merged.push((name.clone(), join(None, Some(column), origins)));
    }
    merged
}

/// One column from two; of texts, where one of them is of texts.
fn join(first: Option<&Column>, second: Option<&Column>, origins: &[Origin]) -> Column {
    let has_value = |cell: &(&Column, usize)| !cell.0.is_missing(cell.1);
    let cell = |origin: &Origin| {
        let own = first.zip(origin.0).filter(has_value);
        own.or_else(|| second.zip(origin.1).filter(has_value))
    };
    if [first, second].iter().flatten().any(|column| matches!(column, Column::Texts(_))) {
        let text = |origin| cell(origin).map_or_else(String::new, |(column, row)| column.label(row));
        return Column::texts(origins.iter().map(text).collect());
    }
    let number = |origin| match cell(origin) {
        Some((Column::Numbers(values), row)) => values[row],
        _ => f64::NAN,
    };
    Column::numbers(origins.iter().map(number).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str], directed: bool, edges: &[(usize, usize, f64)]) -> Graph {
        let names = Names::new(names.iter().map(ToString::to_string).collect(), "nodes").unwrap();
        let edges = edges.iter().map(|&(source, target, weight)| Edge::new(source, target, weight));
        Graph::new(names.len(), Some(names), directed, edges.collect()).unwrap()
    }

    #[test]
    fn nodes_are_matched_by_name_and_the_first_graph_says_more() {
        let a = named(&["a", "b", "c"], false, &[(0, 1, 1.0), (1, 2, 2.0)]);
        let a = a.with_node_attribute("size", Column::numbers(vec![1.0, f64::NAN, 3.0])).unwrap();
        let b = named(&["c", "d", "b"], false, &[(0, 2, 5.0), (0, 1, 6.0)]);
        let b = b.with_node_attribute("size", Column::numbers(vec![7.0, 8.0, 9.0])).unwrap();
        let b = b.with_edge_attribute("note", Column::texts(vec!["cd".into(), "cb".into()])).unwrap();
        let both = a.intersect(&b).unwrap();
        assert_eq!((both.labels().as_slice().join(""), both.edges()), ("abcd".into(), &[Edge::new(1, 2, 2.0)][..]));
        let either = a.union(&b).unwrap();
        assert_eq!(either.edges(), [Edge::new(0, 1, 1.0), Edge::new(1, 2, 2.0), Edge::new(2, 3, 6.0)]);
        assert_eq!(either.edge_attributes()[0].1, Column::texts(["", "cb", "cd"].map(String::from).to_vec()));
        assert_eq!(either.node_attributes()[0].1, Column::numbers(vec![1.0, 9.0, 3.0, 8.0]));
        assert_eq!(a.sym_diff(&b).unwrap().n_edges(), 2);
        let rest = a.diff(&b).unwrap();
        assert_eq!((rest.labels().as_slice().join(""), rest.edges()), ("abc".into(), &[Edge::new(0, 1, 1.0)][..]));
    }

    #[test]
    fn sizes_and_directions_must_go_together() {
        let plain = |nodes| Graph::new(nodes, None, false, vec![Edge::new(0, 1, 1.0)]).unwrap();
        let directed = Graph::new(3, None, true, vec![Edge::new(0, 1, 1.0)]).unwrap();
        assert!(plain(3).union(&plain(4)).unwrap_err().message().contains("3 nodes and one of 4"));
        let error = plain(3).intersect(&directed).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("undirected()")), "{error}");
        // Edge by edge in mixed graphs: 0 -> 1 and 0 -- 1 differ, and no graph has both.
        let edges = vec![Edge::new(1, 0, 1.0).directed(), Edge::new(1, 2, 1.0)];
        let mixed = Graph::mixed(3, None, edges).unwrap();
        assert_eq!(mixed.intersect(&plain(3)).unwrap().n_edges(), 0);
        assert!(mixed.union(&plain(3)).unwrap_err().message().contains("with a direction, the other without"));
        assert_eq!(mixed.union(&directed).unwrap().n_edges(), 3);
    }
}
