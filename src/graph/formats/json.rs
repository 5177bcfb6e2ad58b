//! Graphs as JSON, and what JSON files of graphs share.

use serde_json::{Map, Value, json};

use super::columns::{Cell, number};
use super::draft::Draft;
use super::exact;
use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};
use crate::graph::{Direction, Edge, Graph};

impl Graph {
    /// As JSON: `{"directed": bool or "mixed", "nodes": [names], "edges": [{"source", "target", "weight", ..}]}`.
    ///
    /// Edges carry their attributes beside the weight, and in a mixed graph `"directed"`; node attributes are lists
    /// under `"node_attributes"`. Missing and infinite numbers are null.
    pub fn to_json(&self) -> Value {
        let labels = self.labels();
        let edge = |(i, edge): (usize, &Edge)| {
            let mut map = Map::new();
            map.insert("source".into(), labels.get(edge.source).into());
            map.insert("target".into(), labels.get(edge.target).into());
            map.insert("weight".into(), edge.weight.into());
            if self.direction() == Direction::Mixed {
                map.insert("directed".into(), edge.directed.into());
            }
            for (name, column) in self.edge_attributes() {
                map.insert(name.clone(), value(column, i));
            }
            Value::Object(map)
        };
        let edges: Vec<Value> = self.edges().iter().enumerate().map(edge).collect();
        let mut graph =
            json!({ "directed": direction_json(self.direction()), "nodes": labels.as_slice(), "edges": edges });
        if !self.node_attributes().is_empty() {
            graph["node_attributes"] = lists(self.node_attributes());
        }
        graph
    }

    /// The graph in JSON as [`Graph::to_json`] gives it; an edge without a weight has weight 1. Attributes come in the
    /// order of their names.
    ///
    /// # Errors
    /// JSON of another shape, a node that is not there, an edge from a node to itself, an edge given twice, a weight
    /// that is not finite or is zero.
    pub fn from_json(json: &Value) -> Result<Self> {
        graph(json, &Context::new().with_memory_limit(room_for_attributes(json)))
    }
}

/// Bytes that the attributes of a graph may take: far more than the JSON that they come from, unless every edge has attributes
/// of its own.
fn room_for_attributes(json: &Value) -> usize {
    const LEAST: usize = 1 << 24;
    const ENTRY: usize = 400;
    let size = |value: &Value| match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 1,
    };
    let sizes = |key: &str| -> usize {
        match json.get(key) {
            Some(Value::Array(list)) => list.iter().map(size).sum(),
            Some(Value::Object(map)) => map.values().map(size).sum(),
            _ => 0,
        }
    };
    let entries: usize = ["nodes", "edges", "node_attributes"].into_iter().map(sizes).sum();
    entries.saturating_mul(ENTRY).saturating_add(LEAST)
}

/// One cell of a column.
pub(super) fn value(column: &Column, row: usize) -> Value {
    match column {
        Column::Numbers(values) => json!(values[row]),
        Column::Texts(values) => json!(values[row]),
    }
}

fn lists(attributes: &[(String, Column)]) -> Value {
    let list = |(name, column): &(String, Column)| {
        (name.clone(), (0..column.len()).map(|row| value(column, row)).collect::<Value>())
    };
    attributes.iter().map(list).collect::<Map<_, _>>().into()
}

/// `true`, `false` or `"mixed"`.
pub(super) fn direction_json(direction: Direction) -> Value {
    match direction {
        Direction::Mixed => direction.word().into(),
        _ => (direction == Direction::Directed).into(),
    }
}

/// Reads a graph from sinew's JSON.
pub(super) fn read(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    parse(bytes, ctx, graph)
}

/// Parses JSON and builds a graph from it.
pub(super) fn parse(
    bytes: &[u8],
    ctx: &Context,
    build: impl FnOnce(&Value, &Context) -> Result<Graph>,
) -> Result<Graph> {
    // A map with three entries takes hundreds of bytes, in the file some forty.
    let _held = ctx.reserve(bytes.len().saturating_mul(16))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let json: Value =
        serde_json::from_slice(bytes).map_err(|error| Error::data(format!("the file is not JSON: {error}")))?;
    build(&json, ctx)
}

fn graph(json: &Value, ctx: &Context) -> Result<Graph> {
    const PARTS: [&str; 5] = ["directed", "nodes", "edges", "node_attributes", "type"];
    let map = json.as_object().ok_or_else(|| Error::data("a graph in JSON is a map with 'nodes' and 'edges'"))?;
    if let Some(other) = map.keys().find(|key| !PARTS.contains(&key.as_str())) {
        return Err(Error::data(format!("a graph in JSON has no '{other}'"))
            .with_nearest(other, PARTS)
            .or_hint(format!("it has {}", PARTS.join(", "))));
    }
    let mut draft = Draft::default();
    let directed = declare_direction(map.get("directed"), &mut draft)?;
    for node in list(map, "nodes")? {
        match node {
            Value::String(name) => draft.node(name)?,
            other => return Err(Error::data(format!("nodes are a list of names, one of them is {}", brief(other)))),
        };
    }
    for edge in list(map, "edges")? {
        let edge = edge.as_object().ok_or_else(|| Error::data(format!("an edge is {}, not a map", brief(edge))))?;
        take_edge(&mut draft, edge, directed, |_, _| false)?;
    }
    if let Some(attributes) = map.get("node_attributes") {
        take_lists(&mut draft, attributes, list(map, "nodes")?.len())?;
    }
    draft.finish(ctx)
}

/// The attributes of the nodes, as lists by name.
fn take_lists(draft: &mut Draft, attributes: &Value, nodes: usize) -> Result<()> {
    let attributes = attributes.as_object().ok_or_else(|| Error::data("'node_attributes' is not a map of lists"))?;
    for name in attributes.keys() {
        let values = list(attributes, name)?;
        if values.len() != nodes {
            return Err(Error::data(format!("{} values of '{name}' for {nodes} nodes", values.len())));
        }
        let position = draft.node_columns.named(name)?;
        for (row, value) in values.iter().enumerate() {
            if let Some(cell) = cell(value) {
                draft.node_columns.set(position, row, cell)?;
            }
        }
    }
    Ok(())
}

/// Reads what a file says of all edges: `true`, `false` or `"mixed"`.
pub(super) fn declare_direction(json: Option<&Value>, draft: &mut Draft) -> Result<bool> {
    draft.declared = match json {
        None | Some(Value::Null | Value::Bool(false)) => Direction::Undirected,
        Some(Value::Bool(true)) => Direction::Directed,
        Some(Value::String(word)) if word == Direction::Mixed.word() => Direction::Mixed,
        Some(other) => {
            return Err(Error::data(format!("'directed' is {}, not true, false or \"mixed\"", brief(other))));
        }
    };
    Ok(draft.declared == Direction::Directed)
}

/// The list under a key.
pub(super) fn list<'a>(map: &'a Map<String, Value>, key: &str) -> Result<&'a [Value]> {
    match map.get(key) {
        Some(Value::Array(values)) => Ok(values),
        Some(other) => Err(Error::data(format!("'{key}' is {}, not a list", brief(other)))),
        None => Err(Error::data(format!("a graph in JSON needs '{key}'"))),
    }
}

/// Adds an edge with its values, but for those to `skip`; `directed` holds where the edge does not say.
pub(super) fn take_edge(
    draft: &mut Draft,
    edge: &Map<String, Value>,
    directed: bool,
    skip: impl Fn(&str, &Value) -> bool,
) -> Result<()> {
    let directed = match edge.get("directed") {
        None | Some(Value::Null) => directed,
        Some(Value::Bool(directed)) => *directed,
        Some(other) => {
            return Err(Error::data(format!("'directed' of an edge is {}, not true or false", brief(other))));
        }
    };
    let row = draft.edge(&id(edge, "source")?, &id(edge, "target")?, directed);
    for (name, value) in edge {
        let outcome = match name.as_str() {
            "source" | "target" | "directed" => Ok(()),
            _ if skip(name, value) => Ok(()),
            "weight" => take_weight(draft, row, value),
            "sign" => cell(value).map_or(Ok(()), |sign| draft.sign(row, &sign.into_text())),
            _ => draft
                .edge_columns
                .named(name)
                .and_then(|position| cell(value).map_or(Ok(()), |cell| draft.edge_columns.set(position, row, cell))),
        };
        outcome.map_err(|error| error.at(draft.called(row)))?;
    }
    Ok(())
}

fn take_weight(draft: &mut Draft, row: usize, value: &Value) -> Result<()> {
    match cell(value) {
        None => Ok(()),
        Some(Cell::Number(weight)) => draft.weight(row, weight),
        Some(Cell::Text(text)) => draft.weight(row, number(&text)?),
    }
}

/// The id of a node under a key: a text, or a number, which then is its own text.
pub(super) fn id(map: &Map<String, Value>, key: &str) -> Result<String> {
    match map.get(key) {
        Some(Value::String(id)) => Ok(id.clone()),
        Some(Value::Number(id)) => Ok(id.to_string()),
        Some(other) => Err(Error::data(format!("'{key}' is {}, not a name", brief(other)))),
        None => Err(Error::data(format!("an element has no '{key}'"))),
    }
}

/// A value of a node or an edge; lists and maps become their JSON.
pub(super) fn cell(value: &Value) -> Option<Cell> {
    match value {
        Value::Null => None,
        Value::Number(number) => Some(number.as_f64().map_or_else(|| Cell::Text(number.to_string()), Cell::Number)),
        Value::String(text) => Some(Cell::Text(text.clone())),
        other => Some(Cell::Text(other.to_string())),
    }
}

/// A value as messages show it.
fn brief(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), exact),
        Value::String(text) => format!("\"{text}\""),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_json_is_explained() {
        for (json, part) in [
            (json!([1]), "is a map with 'nodes' and 'edges'"),
            (json!({ "edges": [] }), "needs 'nodes'"),
            (json!({ "nodes": [], "edges": [], "node_attribute": {} }), "did you mean 'node_attributes'"),
            (json!({ "rows": 1, "data": [[1]] }), "it has directed, nodes"),
            (json!({ "nodes": [{ "id": 1 }], "edges": [] }), "list of names, one of them is a map"),
            (json!({ "nodes": ["a"], "edges": [], "directed": "yes" }), "\"yes\", not true"),
            (json!({ "nodes": ["a"], "edges": [1] }), "an edge is 1, not a map"),
            (json!({ "nodes": ["a"], "edges": [{ "source": "a" }] }), "no 'target'"),
            (json!({ "nodes": ["a"], "edges": [{ "source": "a", "target": "b" }] }), "names the node 'b'"),
            (json!({ "nodes": ["a"], "edges": [{ "source": "a", "target": "a" }] }), "from 'a' to itself"),
            (json!({ "nodes": ["a", "a"], "edges": [] }), "two nodes have the id 'a'"),
            (json!({ "nodes": ["a"], "edges": [], "node_attributes": { "x": [1, 2] } }), "2 values of 'x' for 1 nodes"),
            (
                json!({ "nodes": ["a", "b"], "edges": [{ "source": "a", "target": "b", "weight": "?" }] }),
                "'?' is not a number",
            ),
        ] {
            let error = Graph::from_json(&json).unwrap_err();
            assert!(error.to_string().contains(part), "{json}: {error}");
        }
        let nodes: Vec<String> = (0..=2000).map(|i| i.to_string()).collect();
        let edges: Vec<Value> =
            (0..2000).map(|i| json!({ "source": nodes[i], "target": nodes[i + 1], (nodes[i].as_str()): 1 })).collect();
        let error = Graph::from_json(&json!({ "nodes": nodes, "edges": edges })).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Memory);
        assert!(read(b"{", &Context::new()).unwrap_err().message().contains("not JSON"));
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes(), &Context::new()).unwrap_err().message().contains("recursion"));
    }

    #[test]
    fn a_column_is_of_texts_where_one_value_is() {
        let edge = |target: &str, x: Value| json!({ "source": "a", "target": target, "x": x, "y": null });
        let edges = [edge("b", json!(1)), edge("c", json!(true)), edge("d", Value::Null)];
        let json = json!({ "nodes": ["a", "b", "c", "d"], "edges": edges });
        let g = Graph::from_json(&json).unwrap();
        let labels = |position: usize| (0..3).map(|row| g.edge_attributes()[position].1.label(row)).collect::<Vec<_>>();
        assert_eq!(
            (labels(0), labels(1)),
            (vec!["1".to_string(), "true".to_string(), String::new()], vec!["NaN".to_string(); 3])
        );
        assert_eq!(g.edges()[0].weight, 1.0);
    }
}
