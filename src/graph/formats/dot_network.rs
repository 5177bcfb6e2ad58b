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
            // The id stands in two places.
            self.charge(NODE + 2 * id.len() + defaults.len() * VALUE)?;
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
            // Loops that are dropped, and edges that are there, take no memory at which the clock would be looked at.
            self.ctx.check()?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    fn graph(text: &str) -> Result<Graph> {
        read(text.as_bytes(), &Context::new())
    }

    /// The edges as text, by the nodes' names.
    fn edges(text: &str) -> String {
        let g = graph(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let labels = g.labels();
        let edge = |e: &Edge| format!("{}{}{}:{}", labels.get(e.source), e.arrow(), labels.get(e.target), e.weight);
        g.edges().iter().map(edge).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn genenetweaver_has_signs_positions_and_loops() {
        let text = "digraph \"Ecoli-1\" {\n\trankdir=LR;\n\t\"rutA\" [position=\"7,12\"];\n\t\"rutR\";
            \"rutR\" -> \"rutA\" [value=\"-\"];\n\t\"carA\" -> \"rutR\" [value=\"+\"];
            \"carA\" -> \"rutA\" [value=\"+-\"];\n}";
        assert_eq!(edges(text), "rutR->rutA:-1 carA->rutA:1 carA->rutR:1");
        let g = graph(text).unwrap();
        assert_eq!(
            g.edge_attributes()[0],
            ("value".to_string(), Column::texts(["-", "+-", "+"].map(String::from).to_vec()))
        );
        assert_eq!(g.node_attributes()[0].1.label(0), "7,12");
        let with_loop = text.replace("\n}", "\n\"rutR\" -> \"rutR\"; }");
        let error = graph(&with_loop).unwrap_err();
        assert!(error.message().starts_with("line 8: an edge leads from 'rutR' to itself"), "{error}");
        assert!(error.hint().unwrap().contains("drop_loops"));
        assert_eq!(read_without_loops(with_loop.as_bytes(), &Context::new()).unwrap(), g);
    }

    #[test]
    fn chains_groups_and_directions() {
        for (text, expected) in [
            ("digraph { a -> b -> c }", "a->b:1 b->c:1"),
            ("DiGraph{{a b} -> {c; subgraph x {d}}}", "a->c:1 a->d:1 b->c:1 b->d:1"),
            ("digraph { subgraph x { a -> b } -> c:n:se [weight=2] }", "a->b:1 a->c:2 b->c:2"),
            ("graph { a -- b [weight=-0.5,label=\"+\";] a--c[sign=-1] }", "a--b:-0.5 a--c:-1"),
            ("digraph { a->b [dir=none] c->a [dir=back] b->c [dir=forward] }", "a--b:1 a->c:1 b->c:1"),
            ("strict graph { a -- b [weight=1]; b -- a [weight=3] }", "a--b:3"),
            (
                "digraph { edge [weight=2]; a -> b; { edge [weight=3] b -> c } c -> a [weight=4] }",
                "a->b:2 b->c:3 c->a:4",
            ),
            ("graph { label=x; graph [bgcolor=red]; a; {} }", ""),
        ] {
            assert_eq!(edges(text), expected, "{text}");
        }
    }

    #[test]
    fn later_values_hold_and_numbers_are_recognised() {
        let g =
            graph("graph { node [size=1] a [kind=x, size=2] b; { node [size=5]; c [kind=y] } a [kind=z] d }").unwrap();
        assert_eq!(g.labels().as_slice(), ["a", "b", "c", "d"]);
        assert_eq!(*g.node_attribute("size").unwrap(), Column::numbers(vec![2.0, 1.0, 5.0, 1.0]));
        assert_eq!(g.node_attribute("kind").unwrap().label(0), "z");
    }

    #[test]
    fn what_is_no_graph_says_so() {
        for (text, part) in [
            ("", "line 1: the end of the file instead of 'graph' or 'digraph'"),
            ("digraph {\n a ->", "line 2: the end of the file instead of the node to which the edge leads"),
            ("digraph {\n a -> ; }", "line 2: ';' instead of the node"),
            ("digraph {\n a -- b }", "line 2: '--' instead of '->'"),
            ("graph { a [x] }", "']' instead of '='"),
            ("graph { a [x=1", "the end of the file instead of the name of an attribute"),
            ("graph { node }", "'}' instead of '['"),
            ("graph { a = b ", "the end of the file instead of a statement"),
            ("graph { {a b} [x=1] }", "'[' instead of a statement"),
            ("graph {} graph {}", "'graph' instead of the end of the file"),
            ("graph { a -- b [label=<x>] }", "HTML"),
            ("graph { a -- b; b -- a }", "the edge 'b' -- 'a' occurs twice"),
            ("graph {\n a -- b [weight=x] }", "line 2: the weight: 'x' is not a number"),
            ("graph { a -- b [dir=both] }", "has dir 'both'"),
            ("graph { a -- b [weight=0] }", "has weight 0"),
        ] {
            let error = graph(text).unwrap_err();
            assert!(error.message().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn hostile_files_are_refused() {
        let deep = format!("graph {{ {} }}", "{".repeat(1_000_000));
        assert!(graph(&deep).unwrap_err().message().contains("groups within more than"));
        let nodes = (0..3000).map(|i| format!(" a{i}")).collect::<String>();
        let wide = format!("digraph {{ {{{nodes}}} -> {{{}}} }}", nodes.replace('a', "b"));
        let ctx = Context::new().with_memory_limit(50_000_000);
        assert_eq!(read(wide.as_bytes(), &ctx).unwrap_err().kind(), crate::ErrorKind::Memory);
    }
}
