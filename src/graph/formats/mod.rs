//! Graph files, chosen by their ending.
//!
//! | ending | format | read back |
//! |---|---|---|
//! | `.graphml` `.gexf` | XML that igraph, networkx, Gephi and Cytoscape read | everything |
//! | `.cyjs` | Cytoscape's JSON | all but infinite attributes (null, so missing) and the order of attributes |
//! | `.json` | what [`Graph::to_json`] gives | the same |
//! | `.csv` `.tsv` | a list of edges | edges and their attributes; nodes in the order in which the edges name them |
//! | `.dot` | Graphviz, GeneNetWeaver | all but attributes without any value; texts that are all numbers become numbers |
//!
//! A graph from a file always has names: nodes without any are written, and so come back, as `x0, x1, ...`.

mod beeline;
mod columns;
mod cytoscape;
mod delimited;
mod dot;
mod dot_network;
mod dot_parser;
mod dot_tokens;
mod draft;
mod gexf;
mod graphml;
mod json;
mod sergio;
mod sergio_sheet;
mod xml;

pub use beeline::Beeline;

use std::io::Write;

use serde_json::Value;

use super::{Edge, Graph};
use crate::context::Context;
use crate::data::file::{extension, read_bytes, unknown_extension, write_atomic, write_json};
use crate::data::{Column, write_csv};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};

/// Turns the bytes of a file into a graph.
type Read = fn(&[u8], &Context) -> Result<Graph>;

impl Graph {
    /// Writes the graph in the format that the file's ending names: `.graphml .gexf .cyjs .dot .csv .tsv .json`.
    ///
    /// Lists of edges (`.csv`, `.tsv`) have the columns source, target, weight and sign, `directed` unless no edge has
    /// a direction, and the edges' attributes. A node without edges is a line with nothing but the source. They have no
    /// place for attributes of nodes.
    ///
    /// # Errors
    /// An unknown ending, a file that cannot be written, a name or an attribute that the format cannot hold.
    pub fn save(&self, path: &str, ctx: &Context) -> Result<()> {
        match extension(path).as_str() {
            "graphml" => save_text(self, path, ctx, graphml::write),
            "gexf" => save_text(self, path, ctx, gexf::write),
            "dot" => save_text(self, path, ctx, dot::write),
            "cyjs" => save_json(self, path, ctx, cytoscape::to_json),
            "json" => save_json(self, path, ctx, |graph: &Self| Ok(graph.to_json())),
            "csv" | "tsv" => write_csv(delimited::rows(self)?, true, path, ctx),
            _ => Err(unknown_extension(path, ".graphml .gexf .cyjs .dot .csv .tsv .json")),
        }
    }

    /// Reads a graph from a file in the format that its ending names: `.graphml .gexf .cyjs .dot .csv .tsv .json`.
    ///
    /// An edge without a weight has weight 1. Nodes are called by the attribute `name`, else `label`, where every node
    /// has one and no two the same, otherwise by their ids, which in `.dot` files are always their names. Where nodes stand and how they are drawn is not read, nor
    /// are attributes of the graph as a whole.
    ///
    /// # Errors
    /// An unknown ending, a file that cannot be read or is malformed, nested graphs, edges of more than two nodes, an
    /// edge from a node to itself, an edge given twice, a weight that is not finite or is zero.
    pub fn load(path: &str, ctx: &Context) -> Result<Self> {
        let read: Read = match extension(path).as_str() {
            "graphml" => graphml::read,
            "gexf" => gexf::read,
            "cyjs" => cytoscape::read,
            "json" => json::read,
            "csv" => delimited::read_commas,
            "tsv" => delimited::read_tabs,
            "dot" => dot_network::read,
            _ => return Err(unknown_extension(path, ".graphml .gexf .cyjs .dot .csv .tsv .json")),
        };
        read_file(path, read, ctx)
    }

    /// As [`Graph::load`] of a `.dot` file, without its edges from a node to itself.
    ///
    /// # Errors
    /// As [`Graph::load`]; another ending.
    pub fn load_without_loops(path: &str, ctx: &Context) -> Result<Self> {
        match extension(path).as_str() {
            "dot" => read_file(path, dot_network::read_without_loops, ctx),
            _ => Err(Error::option(format!("'{path}': loops can be dropped from .dot files only"))
                .with_hint("delete the edges that lead from a node to itself from the file")),
        }
    }
}

fn read_file(path: &str, read: Read, ctx: &Context) -> Result<Graph> {
    let bytes = read_bytes(path, ctx)?;
    // Ids, names and values of a text file, twice: as they are gathered and as the graph keeps them.
    let held = ctx.reserve(bytes.len().saturating_mul(3))?;
    let own = ctx.clone();
    // Parsers take a file whole, and do not look at the context.
    let graph = detached_if_many(bytes.len(), ctx, move || {
        let _held = held;
        read(&bytes, &own)
    })?;
    graph.map_err(|error| error.at(format!("'{path}'")))
}

/// Writes what JSON says of a graph.
fn save_json(graph: &Graph, path: &str, ctx: &Context, json: fn(&Graph) -> Result<Value>) -> Result<()> {
    let own = graph.clone();
    write_json(&detached_if_many(graph.n_edges(), ctx, move || json(&own))??, path, ctx)
}

/// Writes a format that is XML, or, as DOT, becomes XML when it is drawn.
fn save_text(
    graph: &Graph,
    path: &str,
    ctx: &Context,
    write: fn(&Graph, &mut dyn Write) -> std::io::Result<()>,
) -> Result<()> {
    xml::check_characters(graph)?;
    write_atomic(path, ctx, |out| write(graph, out))
}

/// The shortest text that reads back as the same number.
fn exact(value: f64) -> String {
    let text = format!("{value:?}");
    if let Some(whole) = text.strip_suffix(".0") {
        return whole.to_string();
    }
    text
}

/// The sign of an edge as files have it.
fn sign(edge: &Edge) -> i8 {
    if edge.weight < 0.0 { -1 } else { 1 }
}

/// A cell as files have it; nothing for a missing one.
fn cell_text(column: &Column, row: usize) -> Option<String> {
    match column {
        Column::Numbers(values) => match values[row] {
            value if value.is_nan() => None,
            // The one spelling that C, Java, Python and R all read.
            value if value.is_infinite() => Some(if value > 0.0 { "Infinity" } else { "-Infinity" }.into()),
            value => Some(exact(value)),
        },
        Column::Texts(values) => Some(values[row].clone()).filter(|text| !text.is_empty()),
    }
}

/// The type of a column, as GraphML and GEXF call it.
fn type_name(column: &Column) -> &'static str {
    match column {
        Column::Numbers(_) => "double",
        Column::Texts(_) => "string",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_read_back() {
        for (value, text) in
            [(1.0, "1"), (-0.5, "-0.5"), (1e300, "1e300"), (5e-324, "5e-324"), (0.1 + 0.2, "0.30000000000000004")]
        {
            assert_eq!(exact(value), text);
            assert_eq!(text.parse::<f64>().unwrap(), value);
        }
    }

    #[test]
    fn endings_decide() {
        let (g, ctx) = (Graph::new(0, None, false, Vec::new()).unwrap(), Context::new());
        assert!(g.save("g.xml", &ctx).unwrap_err().to_string().contains(".gexf"));
        assert!(Graph::load("g.xml", &ctx).unwrap_err().to_string().contains(".gexf"));
        assert!(Graph::load_without_loops("g.csv", &ctx).unwrap_err().message().contains(".dot files only"));
    }
}
