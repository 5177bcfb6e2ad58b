//! GraphML, as Cytoscape, Gephi, igraph and networkx read and write it.

use std::collections::HashMap;
use std::io::{Result as Written, Write};

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;

use super::draft::{Draft, Place};
use super::xml::{Element, walk};
use super::{cell_text, exact, sign, type_name};
use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};
use crate::graph::{Direction, Graph};

/// Writes names and attributes of the nodes; weight, sign and attributes of the edges, and in a mixed graph which of
/// them have a direction. Missing numbers and empty texts are left out.
pub(super) fn write(graph: &Graph, out: &mut dyn Write) -> Written<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("graphml")
        .with_attribute(("xmlns", "http://graphml.graphdrawing.org/xmlns"))
        .write_inner_content(|xml| {
            write_keys(xml, graph)?;
            // "mixed" is no word of GraphML: what an edge says goes before what is said of all.
            let default = if graph.is_directed() { "directed" } else { "undirected" };
            xml.create_element("graph").with_attributes([("id", "G"), ("edgedefault", default)]).write_inner_content(
                |xml| {
                    write_nodes(xml, graph)?;
                    write_edges(xml, graph)
                },
            )?;
            Ok(())
        })?;
    xml.get_mut().write_all(b"\n")
}

fn write_keys<W: Write>(xml: &mut Writer<W>, graph: &Graph) -> Written<()> {
    let mut key = |id: &str, of: &str, name: &str, kind: &str| -> Written<()> {
        let attributes = [("id", id), ("for", of), ("attr.name", name), ("attr.type", kind)];
        xml.create_element("key").with_attributes(attributes).write_empty()?;
        Ok(())
    };
    key("name", "node", "name", "string")?;
    for (position, (name, column)) in graph.node_attributes().iter().enumerate() {
        key(&format!("v{position}"), "node", name, type_name(column))?;
    }
    key("weight", "edge", "weight", "double")?;
    key("sign", "edge", "sign", "int")?;
    for (position, (name, column)) in graph.edge_attributes().iter().enumerate() {
        key(&format!("e{position}"), "edge", name, type_name(column))?;
    }
    Ok(())
}

fn write_nodes<W: Write>(xml: &mut Writer<W>, graph: &Graph) -> Written<()> {
    for (row, name) in graph.labels().iter().enumerate() {
        let id = format!("n{row}");
        xml.create_element("node").with_attribute(("id", id.as_str())).write_inner_content(|xml| {
            write_data(xml, "name", name)?;
            write_attributes(xml, "v", graph.node_attributes(), row)
        })?;
    }
    Ok(())
}

fn write_edges<W: Write>(xml: &mut Writer<W>, graph: &Graph) -> Written<()> {
    for (row, edge) in graph.edges().iter().enumerate() {
        let (source, target) = (format!("n{}", edge.source), format!("n{}", edge.target));
        let mut element =
            xml.create_element("edge").with_attributes([("source", source.as_str()), ("target", target.as_str())]);
        if graph.direction() == Direction::Mixed {
            element = element.with_attribute(("directed", if edge.directed { "true" } else { "false" }));
        }
        element.write_inner_content(|xml| {
            write_data(xml, "weight", &exact(edge.weight))?;
            write_data(xml, "sign", &sign(edge).to_string())?;
            write_attributes(xml, "e", graph.edge_attributes(), row)
        })?;
    }
    Ok(())
}

fn write_attributes<W: Write>(
    xml: &mut Writer<W>,
    prefix: &str,
    attributes: &[(String, Column)],
    row: usize,
) -> Written<()> {
    for (position, (_, column)) in attributes.iter().enumerate() {
        if let Some(text) = cell_text(column, row) {
            write_data(xml, &format!("{prefix}{position}"), &text)?;
        }
    }
    Ok(())
}

fn write_data<W: Write>(xml: &mut Writer<W>, key: &str, text: &str) -> Written<()> {
    xml.create_element("data").with_attribute(("key", key)).write_text_content(BytesText::new(text))?;
    Ok(())
}

/// Reads a graph. Values of the graph as a whole, ports and drawings are not kept.
pub(super) fn read(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    let mut reading = Reading::default();
    walk(bytes, &["graphml", "graph"], ctx, |element| reading.take(element))?;
    match reading.open {
        true => reading.draft.finish(ctx),
        false => Err(Error::data("the file has no <graph>")),
    }
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    /// The declarations, until the graph begins.
    keys: Vec<Element>,
    node_places: HashMap<String, Place>,
    edge_places: HashMap<String, Place>,
    open: bool,
    directed: bool,
}

impl Reading {
    fn take(&mut self, element: Element) -> Result<()> {
        match element.name.as_str() {
            "graphml" | "desc" | "data" => Ok(()),
            "key" if self.open => Err(Error::data("a <key> comes after the <graph>, which it should describe")),
            "key" => {
                self.keys.push(element);
                Ok(())
            }
            "graph" => self.begin(&element),
            "node" => self.node(&element),
            "edge" => self.edge(&element),
            "hyperedge" => Err(Error::data("edges of more than two nodes (<hyperedge>) cannot be read")),
            other => Err(Error::data(format!("<{other}> is unknown in GraphML"))),
        }
    }

    fn begin(&mut self, graph: &Element) -> Result<()> {
        if self.open {
            return Err(Error::data("the file has more than one <graph>").with_hint("one file, one graph: split it"));
        }
        self.open = true;
        self.directed = match graph.get("edgedefault") {
            None | Some("undirected") => false,
            Some("directed") => true,
            Some(other) => return Err(Error::data(format!("edgedefault is '{other}', not directed or undirected"))),
        };
        self.draft.declared = if self.directed { Direction::Directed } else { Direction::Undirected };
        let keys = std::mem::take(&mut self.keys);
        let label = label_key(&keys);
        for (position, key) in keys.iter().enumerate() {
            self.declare(key, label == Some(position))?;
        }
        Ok(())
    }

    fn declare(&mut self, key: &Element, is_label: bool) -> Result<()> {
        let id = key.need("id")?;
        let name = key.get("attr.name").unwrap_or(id);
        let numeric = matches!(key.get("attr.type"), Some("int" | "long" | "float" | "double"));
        let default = key.child("default").map(|default| default.text.as_str());
        let is_drawing = key.get("yfiles.type").is_some();
        let twice = |known: Option<Place>| match known {
            Some(_) => Err(Error::data(format!("two keys have the id '{id}'"))),
            None => Ok(()),
        };
        if is_for(key, "node") {
            let place = match (is_drawing, is_label) {
                (true, _) => Place::Drawing,
                (false, true) => {
                    self.draft.label_name = name.to_string();
                    Place::Main
                }
                (false, false) => self.draft.declare_node_value(name, numeric, default)?,
            };
            twice(self.node_places.insert(id.to_string(), place))?;
        }
        if is_for(key, "edge") {
            let place = match is_drawing {
                true => Place::Drawing,
                false => self.draft.declare_edge_value(name, numeric, default)?,
            };
            twice(self.edge_places.insert(id.to_string(), place))?;
        }
        Ok(())
    }

    fn node(&mut self, element: &Element) -> Result<()> {
        let id = element.need("id")?;
        if element.child("graph").is_some() {
            return Err(Error::data(format!("node '{id}' has a graph in it: nested graphs cannot be read")));
        }
        let row = self.draft.node(id)?;
        for (place, text) in values(element, &self.node_places) {
            place
                .and_then(|place| self.draft.node_value(row, place, text))
                .map_err(|error| error.at(format!("node '{id}'")))?;
        }
        Ok(())
    }

    fn edge(&mut self, element: &Element) -> Result<()> {
        let directed = match element.get("directed") {
            None => self.directed,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => return Err(Error::data(format!("directed is '{other}' on an edge, not true or false"))),
        };
        let row = self.draft.edge(element.need("source")?, element.need("target")?, directed);
        for (place, text) in values(element, &self.edge_places) {
            place
                .and_then(|place| self.draft.edge_value(row, place, text))
                .map_err(|error| error.at(self.draft.called(row)))?;
        }
        Ok(())
    }
}

/// Whether a key describes values of nodes, or of edges.
fn is_for(key: &Element, what: &str) -> bool {
    matches!(key.get("for"), None | Some("all")) || key.get("for") == Some(what)
}

/// The key with the names of the nodes: the first called `name`, else `label`. Names have no default value.
fn label_key(keys: &[Element]) -> Option<usize> {
    let called = |name: &str| {
        let fits = |key: &Element| is_for(key, "node") && key.get("attr.name") == Some(name);
        keys.iter().position(|key| fits(key) && key.child("default").is_none())
    };
    called("name").or_else(|| called("label"))
}

/// The places and texts of the values of a node or edge.
fn values<'a>(
    element: &'a Element,
    places: &'a HashMap<String, Place>,
) -> impl Iterator<Item = (Result<Place>, &'a str)> {
    element.children.iter().filter(|child| child.name == "data").map(move |data| {
        let place = data.need("key").and_then(|key| {
            places.get(key).copied().ok_or_else(|| Error::data(format!("the key '{key}' is not declared")))
        });
        (place, data.text.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Names;
    use crate::graph::Edge;

    /// A graph from the parts of a file between its root's tags.
    fn graph(keys: &str, attributes: &str, content: &str) -> Result<Graph> {
        let root = "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">";
        read(format!("{root}{keys}<graph {attributes}>{content}</graph></graphml>").as_bytes(), &Context::new())
    }

    #[test]
    fn names_are_escaped_and_signs_kept() {
        let names = Names::new(vec!["a<b".into(), "c&d".into()], "nodes").unwrap();
        let g = Graph::new(2, Some(names), false, vec![Edge::new(1, 0, -0.5)]).unwrap();
        let mut out = Vec::new();
        write(&g, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("a&lt;b") && text.contains("c&amp;d"), "{text}");
        assert!(text.contains("<data key=\"weight\">-0.5</data>") && text.contains("<data key=\"sign\">-1</data>"));
    }

    #[test]
    fn networkx_calls_nodes_by_ids_and_has_defaults() {
        let keys = "<key id='d0' for='node' attr.name='size' attr.type='long' />
            <key id='d1' for='node' attr.name='role' attr.type='string'><default>target</default></key>
            <key id='d2' for='edge' attr.name='weight' attr.type='double' />
            <key id='d3' for='edge' attr.name='weight' attr.type='long' />";
        let g = graph(
            keys,
            "edgedefault='directed'",
            "<node id='TP53'><data key='d0'>3</data></node>
             <node id='MDM2'><data key='d1'>kinase</data></node> <node id='A' />
             <edge source='TP53' target='MDM2'><data key='d2'>0.25</data></edge>
             <edge source='MDM2' target='TP53'><data key='d3'>-2</data></edge>
             <edge source='A' target='TP53' directed='false' />",
        );
        let g = g.unwrap();
        assert_eq!(g.labels().as_slice(), ["TP53", "MDM2", "A"]);
        assert_eq!(g.direction(), Direction::Mixed);
        assert_eq!(g.edges().iter().map(|edge| edge.weight).collect::<Vec<_>>(), [0.25, 1.0, -2.0]);
        let roles = (0..3).map(|row| g.node_attributes()[1].1.label(row)).collect::<Vec<_>>();
        assert_eq!(roles, ["target", "kinase", "target"]);
        assert_eq!(g.node_attributes()[0].1.label(1), "NaN");
    }

    #[test]
    fn igraph_has_the_names_in_an_attribute() {
        let keys = "<key id='g_name' for='graph' attr.name='name' attr.type='string'/>
            <key id='v_label' for='node' attr.name='label' attr.type='string'/>
            <key id='v_name' for='node' attr.name='name' attr.type='string'/>
            <key id='e_weight' for='edge' attr.name='weight' attr.type='double'/>
            <key id='e_type' for='edge' attr.name='type' attr.type='string'/>";
        let g = graph(
            keys,
            "id='G' edgedefault='undirected'",
            "<data key='g_name'>a network</data>
             <node id='n0'><data key='v_label'>first</data><data key='v_name'>a</data></node>
             <node id='n1'><data key='v_name'>b</data></node>
             <edge source='n1' target='n0'><data key='e_weight'>-0.5</data><data key='e_type'>&lt;&amp;</data></edge>",
        );
        let g = g.unwrap();
        assert_eq!(g.labels().as_slice(), ["a", "b"]);
        assert_eq!(g.node_attributes()[0].0, "label");
        assert_eq!(g.edges(), [Edge::new(0, 1, -0.5)]);
        assert_eq!(g.edge_attributes()[0].1.label(0), "<&");
    }

    #[test]
    fn what_no_graph_is_says_so() {
        let keys = "<key id='w' for='edge' attr.name='weight' attr.type='double'/>
            <key id='s' for='node' attr.name='size' attr.type='int'/>";
        let nodes = "<node id='a'/><node id='b'/>";
        for (content, part) in [
            ("<edge source='a' target='a'/>", "an edge leads from 'a' to itself"),
            ("<edge source='a' target='b'/><edge source='b' target='a'/>", "the edge 'b' -- 'a' occurs twice"),
            ("<edge source='a' target='c'/>", "names the node 'c'"),
            ("<edge source='a'/>", "a <edge> has no 'target'"),
            ("<edge source='a' target='b'><data key='w'>x</data></edge>", "the edge 'a' - 'b': 'x' is not a number"),
            ("<edge source='a' target='b'><data key='q'>x</data></edge>", "the key 'q' is not declared"),
            ("<node id='a'/>", "two nodes have the id 'a'"),
            ("<node id='c'><data key='s'>1</data><data key='s'>2</data></node>", "node 'c': two values of 'size'"),
            ("<node id='c'><graph/></node>", "nested"),
            ("<hyperedge/>", "more than two nodes"),
            ("<graph/>", "more than one <graph>"),
            ("<tree/>", "<tree> is unknown"),
        ] {
            let error = graph(keys, "edgedefault='undirected'", &format!("{nodes}{content}")).unwrap_err();
            assert!(error.message().contains(part), "{content}: {error}");
        }
        assert!(read(b"<graphml/>", &Context::new()).unwrap_err().message().contains("no <graph>"));
    }
}
