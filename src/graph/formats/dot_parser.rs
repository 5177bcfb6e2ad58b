//! The statements of DOT, without recursion: groups that are open are a list.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;

use super::dot_network::{Network, Values, settled};
use super::dot_tokens::{Token, Tokens};
use crate::context::Context;
use crate::error::{Error, Result};

/// More levels than any file has; every level may hold all nodes again.
const MOST_LEVELS: usize = 64;

/// Values of attributes that nodes or edges have unless they say otherwise, by the number of the attribute.
type Defaults = Rc<BTreeMap<usize, Rc<str>>>;

/// Reads the statements of a text into a network.
///
/// # Errors
/// Anything but one graph in DOT, with the line; what the network refuses.
pub(super) fn parse<'a>(text: &str, network: Network<'a>, ctx: &Context) -> Result<Network<'a>> {
    let mut parser =
        Parser { tokens: Tokens::new(text)?, network, arrow: "--", level: Level::default(), outer: Vec::new() };
    parser.header()?;
    while !parser.statement()? {
        ctx.check()?;
    }
    match parser.tokens.peek() {
        Token::End => Ok(parser.network),
        _ => Err(parser.tokens.unexpected("the end of the file").with_hint("a file has one graph")),
    }
}

/// A group in braces, or the whole graph.
#[derive(Default)]
struct Level {
    node_defaults: Defaults,
    edge_defaults: Defaults,
    /// The nodes that the group names.
    members: Vec<usize>,
    /// What the edges of the statement have led from and to so far: a node or the nodes of a group each.
    chain: Vec<Vec<usize>>,
}

struct Parser<'t, 'a> {
    tokens: Tokens<'t>,
    network: Network<'a>,
    /// What links nodes in this file.
    arrow: &'static str,
    level: Level,
    /// The levels around it, the outermost first.
    outer: Vec<Level>,
}

impl Parser<'_, '_> {
    fn header(&mut self) -> Result<()> {
        let is_strict = *self.tokens.peek() == Token::Keyword("strict");
        if is_strict {
            self.tokens.take()?;
        }
        let is_directed = match self.tokens.peek() {
            Token::Keyword("graph") => false,
            Token::Keyword("digraph") => true,
            _ => return Err(self.tokens.unexpected("'graph' or 'digraph'")),
        };
        self.tokens.take()?;
        self.name()?;
        self.tokens.expect('{')?;
        self.arrow = if is_directed { "->" } else { "--" };
        self.network.begin(is_directed, is_strict);
        Ok(())
    }

    /// Passes over the name of a graph, which it need not have.
    fn name(&mut self) -> Result<()> {
        if matches!(self.tokens.peek(), Token::Id(_)) {
            self.tokens.take()?;
        }
        Ok(())
    }

    /// Reads a statement, or the part of one that ends with a node or at a brace. True at the end of the graph.
    fn statement(&mut self) -> Result<bool> {
        match self.tokens.peek() {
            Token::Id(_) => self.node_or_assignment()?,
            Token::Mark('{') => self.open()?,
            Token::Keyword("subgraph") => {
                self.tokens.take()?;
                self.name()?;
                self.open()?;
            }
            _ if !self.level.chain.is_empty() => {
                return Err(self.tokens.unexpected("the node to which the edge leads"));
            }
            Token::Mark(';') => drop(self.tokens.take()?),
            Token::Mark('}') => return self.close(),
            Token::Keyword(kind @ ("node" | "edge" | "graph")) => {
                let kind = *kind;
                self.defaults(kind)?;
            }
            _ => return Err(self.tokens.unexpected("a statement or '}'")),
        }
        Ok(false)
    }

    fn open(&mut self) -> Result<()> {
        self.tokens.expect('{')?;
        if self.outer.len() >= MOST_LEVELS {
            let line = self.tokens.line();
            return Err(Error::data(format!("line {line}: groups within more than {MOST_LEVELS} others")));
        }
        let inner = Level {
            node_defaults: Rc::clone(&self.level.node_defaults),
            edge_defaults: Rc::clone(&self.level.edge_defaults),
            ..Level::default()
        };
        self.outer.push(std::mem::replace(&mut self.level, inner));
        Ok(())
    }

    fn close(&mut self) -> Result<bool> {
        self.tokens.take()?;
        let Some(outer) = self.outer.pop() else { return Ok(true) };
        let mut group = std::mem::replace(&mut self.level, outer);
        let mut seen = HashSet::with_capacity(group.members.len());
        group.members.retain(|&node| seen.insert(node));
        if *self.tokens.peek() == Token::Mark('[') && self.level.chain.is_empty() {
            return Err(self.tokens.unexpected("a statement").with_hint("groups have no attributes"));
        }
        self.operand(group.members)?;
        Ok(false)
    }

    /// Takes a line such as `rankdir=LR`, or a node with which a statement begins or goes on.
    fn node_or_assignment(&mut self) -> Result<()> {
        let id = self.tokens.id("a node")?;
        if self.level.chain.is_empty() && self.tokens.pass('=')? {
            self.tokens.id("a value")?;
            return Ok(());
        }
        // Where at the node an edge ends: a port, a side, or both.
        for _ in 0..2 {
            if self.tokens.pass(':')? {
                self.tokens.id("a port")?;
            }
        }
        let node = self.network.node(&id, &self.level.node_defaults)?;
        self.operand(vec![node])
    }

    /// Takes nodes as the next part of a statement, and ends the statement where no edge leads on.
    fn operand(&mut self, nodes: Vec<usize>) -> Result<()> {
        if !self.outer.is_empty() {
            self.level.members.extend(&nodes);
        }
        self.level.chain.push(nodes);
        if let Token::Arrow(arrow) = *self.tokens.peek() {
            if arrow != self.arrow {
                let error = self.tokens.unexpected(&format!("'{}'", self.arrow));
                return Err(error.with_hint("a digraph has edges '->', a graph has edges '--'"));
            }
            self.tokens.take()?;
            return Ok(());
        }
        let values = self.values()?;
        let chain = std::mem::take(&mut self.level.chain);
        if let [nodes] = chain.as_slice() {
            // A group without edges has no values.
            if let Some(&node) = nodes.first().filter(|_| !values.is_empty()) {
                self.network.set(node, values);
            }
            return Ok(());
        }
        let defaults = self.level.edge_defaults.iter().map(|(&name, text)| (name, Rc::clone(text)));
        let values = Rc::new(settled(defaults.chain(values).collect()));
        let line = self.tokens.line();
        chain.windows(2).try_for_each(|pair| self.network.join(&pair[0], &pair[1], &values, line))
    }

    /// Takes `node [..]`, `edge [..]` or `graph [..]`.
    fn defaults(&mut self, kind: &'static str) -> Result<()> {
        self.tokens.take()?;
        if *self.tokens.peek() != Token::Mark('[') {
            let hint = format!("in quotes, \"{kind}\" is a name like any other");
            return Err(self.tokens.unexpected("'['").with_hint(hint));
        }
        let values = self.values()?;
        let defaults = match kind {
            "node" => &mut self.level.node_defaults,
            "edge" => &mut self.level.edge_defaults,
            _ => return Ok(()),
        };
        Rc::make_mut(defaults).extend(values);
        Ok(())
    }

    /// Takes lists of attributes: `[name=value, ..]`.
    fn values(&mut self) -> Result<Values> {
        let mut values = Values::new();
        while self.tokens.pass('[')? {
            while !self.tokens.pass(']')? {
                let name = self.tokens.id("the name of an attribute or ']'")?;
                self.tokens.expect('=')?;
                let text = self.tokens.id("a value")?;
                if !self.tokens.pass(',')? {
                    self.tokens.pass(';')?;
                }
                values.push((self.network.attribute(name), text.into()));
            }
        }
        Ok(values)
    }
}
