//! Graphs as JSON.

use serde_json::{Map, Value, json};

use super::{Edge, Graph};
use crate::data::Column;

impl Graph {
    /// As JSON: `{"directed": bool or "mixed", "nodes": [names], "edges": [{"source", "target", "weight", ..}]}`.
    ///
    /// Edges carry their attributes beside the weight, and in a mixed graph `"directed"`; node attributes are lists under
    /// `"node_attributes"`.
    pub fn to_json(&self) -> Value {
        let labels = self.labels();
        let edge = |(i, edge): (usize, &Edge)| {
            let mut map = Map::new();
            map.insert("source".into(), labels.get(edge.source).into());
            map.insert("target".into(), labels.get(edge.target).into());
            map.insert("weight".into(), edge.weight.into());
            if self.direction() == super::Direction::Mixed {
                map.insert("directed".into(), edge.directed.into());
            }
            for (name, column) in self.edge_attributes() {
                map.insert(name.clone(), cell(column, i));
            }
            Value::Object(map)
        };
        let edges: Vec<Value> = self.edges().iter().enumerate().map(edge).collect();
        let directed = match self.direction() {
            super::Direction::Mixed => json!("mixed"),
            _ => json!(self.is_directed()),
        };
        let mut graph = json!({ "directed": directed, "nodes": labels.as_slice(), "edges": edges });
        if !self.node_attributes().is_empty() {
            graph["node_attributes"] = lists(self.node_attributes());
        }
        graph
    }
}

/// One cell of a column.
pub(super) fn cell(column: &Column, row: usize) -> Value {
    match column {
        Column::Numbers(values) => json!(values[row]),
        Column::Texts(values) => json!(values[row]),
    }
}

fn lists(attributes: &[(String, Column)]) -> Value {
    let list = |(name, column): &(String, Column)| {
        (name.clone(), (0..column.len()).map(|row| cell(column, row)).collect::<Value>())
    };
    attributes.iter().map(list).collect::<Map<_, _>>().into()
}
