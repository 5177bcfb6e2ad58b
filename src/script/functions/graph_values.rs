//! Values of nodes and edges: attributes, and the edges as a table.

use rhai::{Array, Dynamic, NativeCallContext};

use super::super::convert::{Outcome, to_value};
use super::super::vocabulary::Builder;
use super::super::work::made;
use super::graphs::by_node;
use super::tables::to_column;
use crate::data::{Column, Table, table_verbs};
use crate::error::Result;
use crate::graph::Graph;
use crate::model::Area;
use crate::value::Value;

/// Values of nodes: in their order, or by name, where nodes that are left out have none.
fn node_values(g: &Graph, values: &Dynamic) -> Result<Column> {
    match to_value(values)? {
        Value::Map(entries) => {
            let labels = g.labels();
            let cell = |(name, value): (String, Value)| Ok((labels.position(&name, "node")?, value));
            let cells = entries.into_iter().map(cell).collect::<Result<Vec<_>>>()?;
            table_verbs::column(&cells, g.n_nodes())
        }
        other => to_column(&other),
    }
}

/// An attribute of the nodes: numbers as a Vector with the nodes' names, texts as a list.
fn attribute(call: &NativeCallContext<'_>, g: &Graph, name: &str) -> Result<Dynamic> {
    let column = g.node_attribute(name).map_err(|error| {
        error.or_hint("set_attribute(name, values) gives them one; attributes of edges are columns of edge_table()")
    })?;
    Ok(match column {
        Column::Numbers(values) => Dynamic::from(by_node(call, g, values.iter().copied())?),
        Column::Texts(values) => values.iter().map(|text| Dynamic::from(text.clone())).collect::<Array>().into(),
    })
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Graphs);
    b.verb(
        "set_attribute",
        "g.set_attribute(name, values) -> Graph",
        "The graph with a number or text for each node: a list or Vector in their order, or a map from names to values",
        "let g = random_graph(\"band\", #{ nodes: 3 }).set_attribute(\"size\", [3, 1, 2]);\n\
         print(g.set_attribute(\"team\", #{ x0: \"red\", x2: \"blue\" }).attribute(\"team\"));",
    )
    .on(|g: &mut Graph, name: &str, values: Dynamic| -> Outcome<Graph> {
        let column = node_values(g, &values).map_err(|error| error.at(format!("set_attribute: '{name}'")))?;
        Ok(g.with_node_attribute(name, column)?)
    });
    b.verb(
        "attribute",
        "g.attribute(name)",
        "The values of an attribute of the nodes: numbers as a Vector with the nodes' names, texts as a list",
        with_g!("print(g.attribute(\"group\"));"),
    )
    .on_any(|call: NativeCallContext<'_>, g: &mut Graph, name: &str| -> Outcome<Dynamic> {
        Ok(attribute(&call, g, name)?)
    });
    b.verb(
        "set_edge_attribute",
        "g.set_edge_attribute(name, values) -> Graph",
        "The graph with a number or text for each edge: a list or Vector in the order of g.edge_table()",
        "let g = random_graph(\"ring\", #{ nodes: 3 }).set_edge_attribute(\"cost\", [5, 4, 3]);\n\
         print(g.edge_table());",
    )
    .on(|g: &mut Graph, name: &str, values: Dynamic| -> Outcome<Graph> {
        let column = to_value(&values).and_then(|values| to_column(&values));
        let column = column.map_err(|error| error.at(format!("set_edge_attribute: '{name}'")))?;
        Ok(g.with_edge_attribute(name, column)?)
    });
    b.verb(
        "edge_table",
        "g.edge_table() -> Table",
        "Edges in the graph's own order: source, target, weight, sign, directed (1 or 0; mixed graphs) and attributes",
        with_g!("print(g.edge_table());"),
    )
    .on(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Table> {
        /// Bytes of a node's name, or of an edge with the names of its ends.
        const NAMED: usize = 160;
        Ok(made(&call, g, NAMED, Graph::edge_table)??)
    });
}
