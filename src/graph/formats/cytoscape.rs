//! Cytoscape's JSON (`.cyjs`), of the desktop program and of cytoscape.js.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::{json, sign};
use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};
use crate::graph::Graph;

/// What Cytoscape keeps under a node's or edge's data, so that no attribute can be called so. A `parent` would put
/// nodes into nodes.
const NODE_KEYS: [&str; 3] = ["id", "name", "parent"];
const EDGE_KEYS: [&str; 1] = ["id"];

/// The graph as Cytoscape reads it. Missing and infinite numbers are null.
///
/// # Errors
/// An attribute with a name that Cytoscape needs for itself.
pub(super) fn to_json(graph: &Graph) -> Result<Value> {
    check_names("node", graph.node_attributes(), &NODE_KEYS)?;
    check_names("edge", graph.edge_attributes(), &EDGE_KEYS)?;
    let node = |(row, name): (usize, &str)| {
        let mut data = Map::new();
        data.insert("id".into(), format!("n{row}").into());
        data.insert("name".into(), name.into());
        insert_values(&mut data, graph.node_attributes(), row);
        json!({ "data": data })
    };
    let nodes: Vec<Value> = graph.labels().iter().enumerate().map(node).collect();
    let edges: Vec<Value> = (0..graph.n_edges()).map(|row| edge(graph, row)).collect();
    Ok(json!({
        "format_version": "1.0",
        "generated_by": "sinew",
        "target_cytoscapejs_version": "~2.1",
        "data": { "name": "graph", "directed": json::direction_json(graph.direction()) },
        "elements": { "nodes": nodes, "edges": edges },
    }))
}

fn edge(graph: &Graph, row: usize) -> Value {
    let edge = graph.edges()[row];
    let mut data = Map::new();
    data.insert("id".into(), format!("e{row}").into());
    data.insert("source".into(), format!("n{}", edge.source).into());
    data.insert("target".into(), format!("n{}", edge.target).into());
    data.insert("weight".into(), edge.weight.into());
    data.insert("sign".into(), sign(&edge).into());
    data.insert("directed".into(), edge.directed.into());
    // What Cytoscape calls an edge's kind; the graph's own attribute of this name goes before it.
    data.insert("interaction".into(), interaction(edge.directed).into());
    insert_values(&mut data, graph.edge_attributes(), row);
    json!({ "data": data })
}

fn interaction(directed: bool) -> &'static str {
    if directed { "directed" } else { "undirected" }
}

fn insert_values(data: &mut Map<String, Value>, attributes: &[(String, Column)], row: usize) {
    for (name, column) in attributes {
        data.insert(name.clone(), json::value(column, row));
    }
}

fn check_names(of: &str, attributes: &[(String, Column)], taken: &[&str]) -> Result<()> {
    match attributes.iter().find(|(name, _)| taken.contains(&name.as_str())) {
        Some((name, _)) => Err(Error::data(format!(
            "a .cyjs file cannot have a {of} attribute called '{name}', which Cytoscape needs for itself"
        ))
        .with_hint("save the graph as .graphml, or under another name of the attribute")),
        None => Ok(()),
    }
}

/// Reads a graph. Edges have no direction unless their data say `"directed": true`; positions and styles are not kept.
pub(super) fn read(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    json::parse(bytes, ctx, graph)
}

fn graph(file: &Value, ctx: &Context) -> Result<Graph> {
    let elements = file.get("elements").and_then(Value::as_object).ok_or_else(|| {
        Error::data("the file is not Cytoscape's JSON: it has no map 'elements'")
            .with_hint("{\"elements\": {\"nodes\": [..], \"edges\": [..]}}")
    })?;
    let mut draft = Draft::default();
    let directed = json::declare_direction(file.pointer("/data/directed"), &mut draft)?;
    let nodes = data(elements, "nodes")?;
    // Cytoscape has the name in "name", pages with cytoscape.js often in "label".
    let named = |key: &str| nodes.iter().any(|node| node.get(key).is_some());
    draft.label_name = if named("name") || !named("label") { "name" } else { "label" }.into();
    for node in &nodes {
        take_node(&mut draft, node)?;
    }
    for edge in data(elements, "edges")? {
        // What an edge says of its direction is known from "directed"; its id says nothing outside of the file.
        let own = edge.get("directed").and_then(Value::as_bool).map(interaction);
        let skip = |name: &str, value: &Value| {
            name == EDGE_KEYS[0] || (name == "interaction" && own.is_some() && value.as_str() == own)
        };
        json::take_edge(&mut draft, edge, directed, skip)?;
    }
    draft.finish(ctx)
}

/// The data of all nodes or all edges; there need be none.
fn data<'a>(elements: &'a Map<String, Value>, key: &str) -> Result<Vec<&'a Map<String, Value>>> {
    if !elements.contains_key(key) {
        return Ok(Vec::new());
    }
    let element = |element: &'a Value| {
        let data = element.get("data").and_then(Value::as_object);
        data.ok_or_else(|| Error::data(format!("one of the {key} has no map 'data'")))
    };
    json::list(elements, key)?.iter().map(element).collect()
}

fn take_node(draft: &mut Draft, node: &Map<String, Value>) -> Result<()> {
    let id = json::id(node, "id")?;
    let row = draft.node(&id)?;
    for (name, value) in node {
        let Some(cell) = json::cell(value) else {
            // An attribute that is missing here is one all the same.
            if !NODE_KEYS.contains(&name.as_str()) && *name != draft.label_name {
                draft.node_columns.named(name)?;
            }
            continue;
        };
        match name.as_str() {
            "id" => {}
            "parent" => return Err(Error::data(format!("node '{id}' is within a node: nested graphs cannot be read"))),
            label if label == draft.label_name => draft.label(row, cell.into_text()),
            name => {
                let position = draft.node_columns.named(name)?;
                draft.node_columns.set(position, row, cell)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Direction, Edge};

    fn graph_of(nodes: &Value, edges: &Value) -> Result<Graph> {
        graph(&json!({ "elements": { "nodes": nodes, "edges": edges } }), &Context::new())
    }

    #[test]
    fn the_desktop_program_has_numbers_as_ids_and_names_in_the_data() {
        let g = graph_of(
            &json!([
                { "data": { "id": "62", "shared_name": "TP53", "name": "TP53", "SUID": 62, "degree": 1.5 },
                  "position": { "x": 1, "y": 2 }, "selected": false },
                { "data": { "id": "64", "shared_name": "MDM2", "name": "MDM2", "SUID": 64, "degree": null } },
            ]),
            &json!([
                { "data": { "id": "70", "source": "64", "target": "62", "shared_interaction": "pp", "interaction": "pp",
                            "name": "MDM2 (pp) TP53", "weight": -0.5, "SUID": 70, "selected": false } },
            ]),
        );
        let g = g.unwrap();
        assert_eq!(g.labels().as_slice(), ["TP53", "MDM2"]);
        assert_eq!((g.edges(), g.direction()), ([Edge::new(0, 1, -0.5)].as_slice(), Direction::Undirected));
        let value = |attributes: &[(String, Column)], name: &str, row| {
            attributes.iter().find(|(other, _)| other == name).map(|(_, column)| column.label(row))
        };
        assert_eq!(value(g.node_attributes(), "SUID", 1).as_deref(), Some("64"));
        assert_eq!(value(g.node_attributes(), "degree", 1).as_deref(), Some("NaN"));
        assert_eq!(value(g.edge_attributes(), "interaction", 0).as_deref(), Some("pp"));
        assert_eq!(value(g.edge_attributes(), "id", 0), None);
    }

    #[test]
    fn labels_of_pages_and_numbers_as_ids() {
        let nodes = json!([{ "data": { "id": 1, "label": "a" } }, { "data": { "id": 2, "label": "b" } }]);
        let g = graph_of(&nodes, &json!([{ "data": { "source": 1, "target": 2, "directed": true, "sign": -1 } }]));
        let g = g.unwrap();
        assert_eq!((g.labels().as_slice(), g.edges()[0].weight), (["a", "b"].map(String::from).as_slice(), -1.0));
        assert!(g.is_directed());
    }

    #[test]
    fn what_cannot_be_kept_or_read_says_so() {
        let g = Graph::new(1, None, false, Vec::new()).unwrap();
        let id = g.with_node_attribute("id", Column::Numbers(vec![1.0].into())).unwrap();
        assert!(to_json(&id).unwrap_err().message().contains("called 'id'"));
        let nodes = json!([{ "data": { "id": "a" } }, { "data": { "id": "b" } }]);
        for (nodes, edges, part) in [
            (json!([{ "id": "a" }]), json!([]), "one of the nodes has no map 'data'"),
            (json!([{ "data": {} }]), json!([]), "no 'id'"),
            (json!([{ "data": { "id": "a", "parent": "b" } }]), json!([]), "node 'a' is within a node"),
            (json!({}), json!([]), "'nodes' is a map, not a list"),
            (nodes.clone(), json!([{ "data": { "source": "a", "target": "a" } }]), "from 'a' to itself"),
            (nodes, json!([{ "data": { "source": "a", "target": "c" } }]), "names the node 'c'"),
        ] {
            let error = graph_of(&nodes, &edges).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        assert!(graph(&json!([]), &Context::new()).unwrap_err().message().contains("no map 'elements'"));
    }
}
