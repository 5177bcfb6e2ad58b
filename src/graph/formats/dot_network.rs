//! A network while a file in DOT is read: nodes and edges with their attributes as texts, made a graph at the end.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::columns::{Cell, number};
use super::dot::drawn;
use super::dot_parser::parse;
use super::draft::Draft;
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};
use crate::graph::{Direction, Edge, Graph};

/// Values of attributes, by the number of the attribute; the last of equal numbers holds.
pub(super) type Values = Vec<(usize, Rc<str>)>;

/// What a node, an edge and a value take beside their texts, in bytes, at most.
const NODE: usize = 200;
const EDGE: usize = 250;
const VALUE: usize = 80;
/// How many bytes are taken from the budget at once.
const PIECE: usize = 1 << 20;

/// Reads a graph. The ids of nodes are their names, all attributes of nodes and edges are kept, numbers where every
/// value of one is a number; those of the graph and of groups are not.
///
/// The weight of an edge is its attribute `weight`; without one, 1 or -1 where the attribute `value`, else `label`, is
/// `+` or `-`, as in the networks of GeneNetWeaver, and 1 otherwise. Edges of a group lead from or to all its nodes.
/// Colours and widths that [`super::dot::write`] gives to edges are left out.
pub(super) fn read(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    read_file(bytes, false, ctx)
}

/// As [`read`], without edges from a node to itself.
pub(super) fn read_without_loops(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    read_file(bytes, true, ctx)
}

fn read_file(bytes: &[u8], drops_loops: bool, ctx: &Context) -> Result<Graph> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::data("the file is not text in UTF-8"))?;
    parse(text, Network::new(drops_loops, ctx), ctx)?.finish()
}

/// An edge as the file has it.
struct Line {
    source: usize,
    target: usize,
    /// Settled.
    values: Rc<Values>,
    /// Where its statement ends.
    line: usize,
}

/// What a file has said so far.
pub(super) struct Network<'a> {
    draft: Draft,
    ctx: &'a Context,
    drops_loops: bool,
    is_directed: bool,
    is_strict: bool,
    /// The attributes, in the order in which they came, and their numbers.
    names: Vec<String>,
    numbers: HashMap<String, usize>,
    /// For every node its id and its values.
    ids: Vec<String>,
    values: Vec<Values>,
    edges: Vec<Line>,
    /// The edges of a strict graph by their nodes.
    known: HashMap<(usize, usize), usize>,
    /// A few letters can stand for many edges and values: the memory of these, and what is still to be taken.
    held: Vec<Reservation>,
    owed: usize,
}

impl<'a> Network<'a> {
    fn new(drops_loops: bool, ctx: &'a Context) -> Self {
        Self {
            draft: Draft::default(),
            ctx,
            drops_loops,
            is_directed: false,
            is_strict: false,
            names: Vec::new(),
            numbers: HashMap::new(),
            ids: Vec::new(),
            values: Vec::new(),
            edges: Vec::new(),
            known: HashMap::new(),
            held: Vec::new(),
            owed: 0,
        }
    }

    /// Says what the edges are, and whether one that comes twice is the same one.
    pub fn begin(&mut self, is_directed: bool, is_strict: bool) {
        self.draft.declared = if is_directed { Direction::Directed } else { Direction::Undirected };
        (self.is_directed, self.is_strict) = (is_directed, is_strict);
    }

    /// The number of an attribute.
    pub fn attribute(&mut self, name: String) -> usize {
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        self.numbers.insert(name.clone(), self.names.len());
        self.names.push(name);
        self.names.len() - 1
    }

    /// The node of this id; a new one has these values.
    pub fn node(&mut self, id: &str, defaults: &BTreeMap<usize, Rc<str>>) -> Result<usize> {
        let node = self.draft.node_once(id);
        if node == self.ids.len() {
            self.ids.push(id.to_string());
            self.values.push(defaults.iter().map(|(&name, text)| (name, Rc::clone(text))).collect());
            self.charge(NODE + defaults.len() * VALUE)?;
        }
        Ok(node)
    }

    /// Gives values to a node.
    pub fn set(&mut self, node: usize, values: Values) {
        self.values[node].extend(values);
    }

    /// Adds the edges from each of these nodes to each of those, with these values, which are settled.
    pub fn join(&mut self, sources: &[usize], targets: &[usize], values: &Rc<Values>, line: usize) -> Result<()> {
        for &source in sources {
            for &target in targets {
                self.edge(Line { source, target, values: Rc::clone(values), line })?;
            }
        }
        Ok(())
    }

    fn edge(&mut self, edge: Line) -> Result<()> {
        let (source, target) = (edge.source, edge.target);
        if source == target {
            return if self.drops_loops { Ok(()) } else { Err(self.loop_error(&edge)) };
        }
        if self.is_strict {
            let ends = if self.is_directed { (source, target) } else { (source.min(target), source.max(target)) };
            if let Some(&known) = self.known.get(&ends) {
                let values = &mut self.edges[known].values;
                *values = Rc::new(settled(values.iter().chain(edge.values.iter()).cloned().collect()));
                let count = values.len();
                return self.charge(count * VALUE);
            }
            self.known.insert(ends, self.edges.len());
        }
        self.edges.push(edge);
        self.charge(EDGE)
    }

    fn loop_error(&self, edge: &Line) -> Error {
        Error::data(format!("line {}: an edge leads from '{}' to itself", edge.line, self.ids[edge.source]))
            .with_hint("graphs here have no loops: load(path, #{ drop_loops: true }) leaves them out")
    }

    /// The graph.
    ///
    /// # Errors
    /// A value that cannot be read, what [`Draft::finish`] refuses, memory.
    fn finish(mut self) -> Result<Graph> {
        self.node_values()?;
        let edges = std::mem::take(&mut self.edges);
        let at = |edge: &Line| format!("line {}", edge.line);
        let weight = |edge: &Line| self.weight(&edge.values).map_err(|error| error.at(at(edge)));
        let weights = edges.iter().map(weight).collect::<Result<Vec<f64>>>()?;
        let strongest = weights.iter().map(|weight| weight.abs()).fold(0.0, f64::max);
        for (edge, weight) in edges.iter().zip(weights) {
            self.charge(edge.values.iter().map(|(_, text)| VALUE + text.len()).sum())?;
            self.edge_values(edge, weight, strongest).map_err(|error| error.at(at(edge)))?;
        }
        self.draft.node_columns.recognise_numbers();
        self.draft.edge_columns.recognise_numbers();
        self.draft.finish(self.ctx)
    }

    fn node_values(&mut self) -> Result<()> {
        for (node, values) in std::mem::take(&mut self.values).into_iter().enumerate() {
            for (name, text) in settled(values) {
                self.charge(text.len())?;
                let position = self.draft.node_columns.named(&self.names[name])?;
                self.draft.node_columns.set(position, node, Cell::Text(text.to_string()))?;
            }
        }
        Ok(())
    }

    fn edge_values(&mut self, edge: &Line, weight: f64, strongest: f64) -> Result<()> {
        let (source, target) = (&self.ids[edge.source], &self.ids[edge.target]);
        let row = match self.value(&edge.values, "dir") {
            None => self.draft.edge(source, target, self.is_directed),
            Some("none") => self.draft.edge(source, target, false),
            Some("forward") => self.draft.edge(source, target, true),
            Some("back") => self.draft.edge(target, source, true),
            Some(other) => {
                return Err(Error::data(format!("the edge '{source}' - '{target}' has dir '{other}'"))
                    .with_hint("known: none, forward and back; an edge that leads both ways is two edges"));
            }
        };
        self.draft.weight(row, weight)?;
        let written = drawn(&Edge::new(0, 1, weight), strongest, false);
        for (name, text) in edge.values.iter() {
            let (name, text) = (self.names[*name].as_str(), &**text);
            match name {
                "weight" | "dir" => {}
                "sign" => self.draft.sign(row, text)?,
                _ if written.iter().any(|(known, default)| *known == name && default == text) => {}
                _ => {
                    let position = self.draft.edge_columns.named(name)?;
                    self.draft.edge_columns.set(position, row, Cell::Text(text.to_string()))?;
                }
            }
        }
        Ok(())
    }

    fn weight(&self, values: &Values) -> Result<f64> {
        if let Some(text) = self.value(values, "weight").filter(|text| !text.trim().is_empty()) {
            return number(text).map_err(|error| error.at("the weight"));
        }
        let sign = |name: &&str| match self.value(values, name)?.trim() {
            "+" => Some(1.0),
            "-" => Some(-1.0),
            _ => None,
        };
        Ok(["value", "label"].iter().find_map(sign).unwrap_or(1.0))
    }

    /// One of the values of an edge, which are settled.
    fn value<'v>(&self, values: &'v Values, name: &str) -> Option<&'v str> {
        let number = self.numbers.get(name)?;
        let found = values.binary_search_by_key(number, |&(name, _)| name).ok()?;
        Some(&values[found].1)
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        self.owed = self.owed.saturating_add(bytes);
        if self.owed >= PIECE {
            self.ctx.check()?;
            self.held.push(self.ctx.reserve(self.owed)?);
            self.owed = 0;
        }
        Ok(())
    }
}

/// The values that hold, in the order of their attributes.
pub(super) fn settled(mut values: Values) -> Values {
    values.reverse();
    // The sort is stable: of equal names the last comes first, and that one stays.
    values.sort_by_key(|&(name, _)| name);
    values.dedup_by_key(|&mut (name, _)| name);
    values
}
