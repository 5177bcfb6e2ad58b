//! A graph while a file is read: nodes by their ids in the file, everything checked at the end under the nodes' names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::columns::{Cell, Columns, number};
use crate::context::Context;
use crate::data::Names;
use crate::error::{Error, Result};
use crate::graph::{Direction, EDGE_PARTS, Edge, Graph};

/// What a value in a file stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// The name of a node, the weight of an edge.
    Main,
    /// The sign of an edge.
    Sign,
    /// An attribute.
    Column {
        /// Which.
        position: usize,
        /// Whether it is a number.
        numeric: bool,
    },
    /// How something is drawn, which a graph does not keep.
    Drawing,
}

/// An edge as the file has it.
#[derive(Debug)]
struct Line {
    source: usize,
    target: usize,
    directed: bool,
    weight: Option<f64>,
    sign: i8,
}

/// A graph while a file is read. Edges may come before their nodes.
#[derive(Debug)]
pub(super) struct Draft {
    /// What the file says of all edges: the direction of a graph without edges.
    pub declared: Direction,
    /// What the file calls the attribute from which [`Draft::label`] comes.
    pub label_name: String,
    /// The nodes' attributes.
    pub node_columns: Columns,
    /// The edges' attributes.
    pub edge_columns: Columns,
    default_weight: f64,
    /// Every id that the file mentions, its number in order of mention, and which node it is, once that has come.
    mentions: HashMap<String, usize>,
    ids: Vec<String>,
    nodes: Vec<Option<usize>>,
    /// The number of the id of every node.
    order: Vec<usize>,
    labels: Vec<Option<String>>,
    lines: Vec<Line>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            declared: Direction::Undirected,
            label_name: "name".into(),
            node_columns: Columns::new(&[]),
            edge_columns: Columns::new(&EDGE_PARTS),
            default_weight: 1.0,
            mentions: HashMap::new(),
            ids: Vec::new(),
            nodes: Vec::new(),
            order: Vec::new(),
            labels: Vec::new(),
            lines: Vec::new(),
        }
    }
}

impl Draft {
    /// The place of a declared attribute of nodes.
    pub fn declare_node_value(&mut self, name: &str, numeric: bool, default: Option<&str>) -> Result<Place> {
        let default = default.map_or(Ok(None), |text| Cell::read(text, numeric))?;
        Ok(Place::Column { position: self.node_columns.declare(name, numeric, default)?, numeric })
    }

    /// The place of a declared attribute of edges; `weight` and `sign` are those of the graph.
    pub fn declare_edge_value(&mut self, name: &str, numeric: bool, default: Option<&str>) -> Result<Place> {
        match (name, default) {
            ("weight", Some(text)) => self.default_weight = number(text)?,
            ("weight", None) => {}
            ("sign", None) => return Ok(Place::Sign),
            ("sign", Some(_)) => return Err(Error::data("the sign of edges cannot have a default value")),
            _ => {
                let default = default.map_or(Ok(None), |text| Cell::read(text, numeric))?;
                return Ok(Place::Column { position: self.edge_columns.declare(name, numeric, default)?, numeric });
            }
        }
        Ok(Place::Main)
    }

    fn mention(&mut self, id: &str) -> usize {
        if let Some(&number) = self.mentions.get(id) {
            return number;
        }
        self.mentions.insert(id.to_string(), self.ids.len());
        self.ids.push(id.to_string());
        self.nodes.push(None);
        self.ids.len() - 1
    }

    /// Adds a node and gives its row.
    pub fn node(&mut self, id: &str) -> Result<usize> {
        match self.has_node(id) {
            true => Err(Error::data(format!("two nodes have the id '{id}'"))),
            false => Ok(self.node_once(id)),
        }
    }

    fn has_node(&self, id: &str) -> bool {
        self.mentions.get(id).is_some_and(|&mention| self.nodes[mention].is_some())
    }

    /// The row of a node, which is added if it is new.
    pub fn node_once(&mut self, id: &str) -> usize {
        let mention = self.mention(id);
        if let Some(row) = self.nodes[mention] {
            return row;
        }
        self.nodes[mention] = Some(self.order.len());
        self.order.push(mention);
        self.labels.push(None);
        self.order.len() - 1
    }

    /// Sets what a node is called.
    pub fn label(&mut self, row: usize, label: String) {
        self.labels[row] = Some(label);
    }

    /// Takes a value of the last node.
    pub fn node_value(&mut self, row: usize, place: Place, text: &str) -> Result<()> {
        match place {
            Place::Main => self.label(row, text.to_string()),
            Place::Column { position, numeric } => {
                if let Some(cell) = Cell::read(text, numeric)? {
                    self.node_columns.set(position, row, cell)?;
                }
            }
            Place::Sign | Place::Drawing => {}
        }
        Ok(())
    }

    /// Adds an edge between two ids and gives its row.
    pub fn edge(&mut self, source: &str, target: &str, directed: bool) -> usize {
        let (source, target) = (self.mention(source), self.mention(target));
        self.lines.push(Line { source, target, directed, weight: None, sign: 0 });
        self.lines.len() - 1
    }

    /// Takes a value of the last edge.
    pub fn edge_value(&mut self, row: usize, place: Place, text: &str) -> Result<()> {
        match place {
            Place::Main if text.trim().is_empty() => {}
            Place::Main => self.weight(row, number(text)?)?,
            Place::Sign => self.sign(row, text)?,
            Place::Column { position, numeric } => {
                if let Some(cell) = Cell::read(text, numeric)? {
                    self.edge_columns.set(position, row, cell)?;
                }
            }
            Place::Drawing => {}
        }
        Ok(())
    }

    /// Sets the direction of an edge.
    pub fn direct(&mut self, row: usize, directed: bool) {
        self.lines[row].directed = directed;
    }

    /// Sets the weight of an edge.
    pub fn weight(&mut self, row: usize, weight: f64) -> Result<()> {
        match self.lines[row].weight.replace(weight) {
            Some(other) if other != weight => Err(Error::data(format!("two weights, {other} and {weight}"))),
            _ => Ok(()),
        }
    }

    /// Sets the sign of an edge, from `1`, `-1`, `+` or `-`.
    pub fn sign(&mut self, row: usize, text: &str) -> Result<()> {
        self.lines[row].sign = match text.trim() {
            "" => 0,
            "+" => 1,
            "-" => -1,
            other => match other.parse::<f64>() {
                Ok(1.0) => 1,
                Ok(-1.0) => -1,
                _ => return Err(Error::data(format!("the sign is '{other}', not 1 or -1"))),
            },
        };
        Ok(())
    }

    /// How messages call an edge before the nodes have names.
    pub fn called(&self, row: usize) -> String {
        let line = &self.lines[row];
        format!("the edge '{}' - '{}'", self.ids[line.source], self.ids[line.target])
    }

    /// The graph.
    ///
    /// # Errors
    /// A node that is not there, an edge from a node to itself, an edge given twice, a weight that is not finite or is
    /// zero, memory.
    pub fn finish(mut self, ctx: &Context) -> Result<Graph> {
        let names = self.names()?;
        let edges = self.edges(&names, ctx)?;
        let (nodes, direction) = (names.len(), self.direction());
        let edge_attributes = self.edge_columns.finish(edges.len(), ctx)?;
        let node_attributes = Arc::new(self.node_columns.finish(nodes, ctx)?);
        let graph = Graph::assemble(nodes, Some(names), direction, edges, edge_attributes)?;
        Ok(Graph { node_attributes, ..graph })
    }

    /// The labels where every node has one and no two the same, otherwise the ids, with the labels as an attribute.
    fn names(&mut self) -> Result<Names> {
        let labels = std::mem::take(&mut self.labels);
        let given = labels.iter().flatten().count();
        let distinct = labels.iter().flatten().collect::<HashSet<_>>().len();
        if given > 0 && given == labels.len() && distinct == labels.len() {
            return Names::new(labels.into_iter().flatten().collect(), "nodes");
        }
        if given > 0 {
            self.node_columns.add_texts(&self.label_name, labels)?;
        }
        Names::new(self.order.iter().map(|&mention| self.ids[mention].clone()).collect(), "nodes")
    }

    fn edges(&self, names: &Names, ctx: &Context) -> Result<Vec<Edge>> {
        let mut edges = Vec::with_capacity(self.lines.len());
        // For every pair of nodes, in ascending order, the ways between them that are taken.
        let mut taken: HashMap<(usize, usize), u8> = HashMap::with_capacity(self.lines.len());
        for (row, line) in self.lines.iter().enumerate() {
            if row % 1024 == 0 {
                ctx.check()?;
            }
            let edge = self.checked(line, names)?;
            let ways = match (edge.directed, edge.source < edge.target) {
                (false, _) => 0b11,
                (true, true) => 0b01,
                (true, false) => 0b10,
            };
            let known = taken.entry((edge.source.min(edge.target), edge.source.max(edge.target))).or_default();
            if *known & ways != 0 {
                return Err(Error::data(format!("{} occurs twice", named(&edge, names)))
                    .with_hint("two nodes share one undirected edge, or one directed edge each way"));
            }
            *known |= ways;
            edges.push(edge);
        }
        Ok(edges)
    }

    fn checked(&self, line: &Line, names: &Names) -> Result<Edge> {
        let node = |mention: usize| {
            let id = &self.ids[mention];
            self.nodes[mention]
                .ok_or_else(|| Error::data(format!("an edge names the node '{id}', which the file does not have")))
        };
        let (source, target) = (node(line.source)?, node(line.target)?);
        if source == target {
            return Err(Error::data(format!("an edge leads from '{}' to itself", names.get(source)))
                .with_hint("graphs here have no loops: delete the edge from the file"));
        }
        let weight = line.weight.unwrap_or(self.default_weight);
        let edge = Edge { source, target, weight, directed: line.directed };
        if !weight.is_finite() || weight == 0.0 {
            return Err(Error::data(format!("{} has weight {weight}", named(&edge, names)))
                .with_hint("weights are finite and not 0: delete the edge from the file"));
        }
        match line.sign {
            // Some tools keep the strength as the weight, and the sign apart.
            -1 => Ok(Edge { weight: -weight.abs(), ..edge }),
            1 if weight < 0.0 => {
                Err(Error::data(format!("{} has weight {weight}, but the sign 1", named(&edge, names))))
            }
            _ => Ok(edge),
        }
    }

    fn direction(&self) -> Direction {
        let directed = self.lines.iter().filter(|line| line.directed).count();
        match directed {
            _ if self.lines.is_empty() || self.declared == Direction::Mixed => self.declared,
            0 => Direction::Undirected,
            all if all == self.lines.len() => Direction::Directed,
            _ => Direction::Mixed,
        }
    }
}

fn named(edge: &Edge, names: &Names) -> String {
    format!("the edge '{}' {} '{}'", names.get(edge.source), edge.arrow(), names.get(edge.target))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message when edges (source, target, directed) are read over the nodes a, b, c.
    fn outcome(edges: &[(&str, &str, bool)], change: impl Fn(&mut Draft)) -> std::result::Result<Direction, String> {
        let mut draft = Draft::default();
        for (source, target, directed) in edges {
            draft.edge(source, target, *directed);
        }
        for id in ["a", "b", "c"] {
            draft.node(id).unwrap();
        }
        change(&mut draft);
        draft.finish(&Context::new()).map(|g| g.direction()).map_err(|error| error.message().to_string())
    }

    #[test]
    fn edges_are_checked_under_the_names_of_their_nodes() {
        let keep = |_: &mut Draft| {};
        assert_eq!(outcome(&[("a", "b", true), ("b", "a", true)], keep), Ok(Direction::Directed));
        assert_eq!(outcome(&[("a", "b", true), ("b", "c", false)], keep), Ok(Direction::Mixed));
        assert_eq!(outcome(&[], |draft| draft.declared = Direction::Directed), Ok(Direction::Directed));
        for (edges, message) in [
            ([("a", "b", false), ("b", "a", false)], "the edge 'b' -- 'a' occurs twice"),
            ([("a", "b", false), ("b", "a", true)], "the edge 'b' -> 'a' occurs twice"),
            ([("a", "b", true), ("a", "b", true)], "the edge 'a' -> 'b' occurs twice"),
            ([("a", "b", true), ("c", "c", true)], "an edge leads from 'c' to itself"),
            ([("a", "b", true), ("c", "d", true)], "an edge names the node 'd', which the file does not have"),
        ] {
            assert_eq!(outcome(&edges, keep), Err(message.to_string()));
        }
    }

    #[test]
    fn weights_and_signs() {
        let edge = [("a", "b", false)];
        let weight = |weight: f64, sign: &'static str| {
            outcome(&edge, move |draft| {
                draft.weight(0, weight).unwrap();
                draft.sign(0, sign).unwrap();
            })
        };
        assert!(weight(0.5, "-").is_ok() && weight(-0.5, "-1").is_ok() && weight(0.5, "").is_ok());
        assert_eq!(weight(-0.5, "+"), Err("the edge 'a' -- 'b' has weight -0.5, but the sign 1".into()));
        assert_eq!(weight(0.0, ""), Err("the edge 'a' -- 'b' has weight 0".into()));
        assert!(Draft::default().node_columns.named("weight").is_ok());
        let mut draft = Draft::default();
        draft.edge("a", "b", false);
        assert!(draft.sign(0, "up").unwrap_err().message().contains("'up'"));
        assert!(draft.weight(0, 1.0).is_ok() && draft.weight(0, 2.0).is_err());
    }

    #[test]
    fn labels_that_do_not_tell_nodes_apart_are_an_attribute() {
        let labelled = |labels: [&str; 3]| {
            let mut draft = Draft::default();
            for (id, label) in ["a", "b", "c"].iter().zip(labels) {
                let row = draft.node(id).unwrap();
                draft.label(row, label.to_string());
            }
            draft.finish(&Context::new()).unwrap()
        };
        assert_eq!(labelled(["x", "y", "z"]).labels().as_slice(), ["x", "y", "z"]);
        let twice = labelled(["x", "x", "z"]);
        assert_eq!(twice.labels().as_slice(), ["a", "b", "c"]);
        assert_eq!(
            (twice.node_attributes()[0].0.as_str(), twice.node_attributes()[0].1.label(1)),
            ("name", String::from("x"))
        );
    }
}
