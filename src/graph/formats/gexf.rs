//! GEXF 1.3, as Gephi and networkx read and write it; older versions are read too.

use std::collections::HashMap;
use std::io::{Result as Written, Write};

use quick_xml::events::{BytesDecl, Event};
use quick_xml::writer::Writer;

use super::columns::Cell;
use super::draft::{Draft, Place};
use super::xml::{Element, walk};
use super::{cell_text, exact, sign, type_name};
use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};
use crate::graph::{Direction, Graph};

/// Writes names and attributes of the nodes; direction, weight, sign and attributes of the edges. Missing numbers and
/// empty texts are left out.
pub(super) fn write(graph: &Graph, out: &mut dyn Write) -> Written<()> {
    let mut xml = Writer::new_with_indent(out, b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let attributes = [("xmlns", "http://gexf.net/1.3"), ("version", "1.3")];
    xml.create_element("gexf").with_attributes(attributes).write_inner_content(|xml| {
        let attributes = [("mode", "static"), ("defaultedgetype", edge_type(graph.is_directed()))];
        xml.create_element("graph").with_attributes(attributes).write_inner_content(|xml| {
            declare(xml, "node", "v", &[], graph.node_attributes())?;
            declare(xml, "edge", "e", &[("sign", "integer")], graph.edge_attributes())?;
            xml.create_element("nodes").write_inner_content(|xml| write_nodes(xml, graph))?;
            xml.create_element("edges").write_inner_content(|xml| write_edges(xml, graph))?;
            Ok(())
        })?;
        Ok(())
    })?;
    xml.get_mut().write_all(b"\n")
}

fn edge_type(directed: bool) -> &'static str {
    if directed { "directed" } else { "undirected" }
}

/// Declares attributes: `own` under their names, the graph's under numbers.
fn declare<W: Write>(
    xml: &mut Writer<W>,
    class: &str,
    prefix: &str,
    own: &[(&str, &str)],
    attributes: &[(String, Column)],
) -> Written<()> {
    xml.create_element("attributes").with_attribute(("class", class)).write_inner_content(|xml| {
        let mut attribute = |id: &str, title: &str, kind: &str| -> Written<()> {
            let attributes = [("id", id), ("title", title), ("type", kind)];
            xml.create_element("attribute").with_attributes(attributes).write_empty()?;
            Ok(())
        };
        for (name, kind) in own {
            attribute(name, name, kind)?;
        }
        for (position, (name, column)) in attributes.iter().enumerate() {
            attribute(&format!("{prefix}{position}"), name, type_name(column))?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_nodes<W: Write>(xml: &mut Writer<W>, graph: &Graph) -> Written<()> {
    for (row, name) in graph.labels().iter().enumerate() {
        let id = format!("n{row}");
        let element = xml.create_element("node").with_attributes([("id", id.as_str()), ("label", name)]);
        let values = values("v", graph.node_attributes(), row);
        if values.is_empty() {
            element.write_empty()?;
        } else {
            element.write_inner_content(|xml| write_values(xml, &values))?;
        }
    }
    Ok(())
}

fn write_edges<W: Write>(xml: &mut Writer<W>, graph: &Graph) -> Written<()> {
    for (row, edge) in graph.edges().iter().enumerate() {
        let (id, source, target) = (format!("e{row}"), format!("n{}", edge.source), format!("n{}", edge.target));
        let weight = exact(edge.weight);
        let attributes = [
            ("id", id.as_str()),
            ("source", source.as_str()),
            ("target", target.as_str()),
            ("type", edge_type(edge.directed)),
            ("weight", weight.as_str()),
        ];
        let mut values = values("e", graph.edge_attributes(), row);
        values.push(("sign".into(), sign(edge).to_string()));
        xml.create_element("edge").with_attributes(attributes).write_inner_content(|xml| write_values(xml, &values))?;
    }
    Ok(())
}

/// Ids and texts of the values that a node or edge has.
fn values(prefix: &str, attributes: &[(String, Column)], row: usize) -> Vec<(String, String)> {
    let value = |(position, (_, column)): (usize, &(String, Column))| {
        Some((format!("{prefix}{position}"), cell_text(column, row)?))
    };
    attributes.iter().enumerate().filter_map(value).collect()
}

fn write_values<W: Write>(xml: &mut Writer<W>, values: &[(String, String)]) -> Written<()> {
    xml.create_element("attvalues").write_inner_content(|xml| {
        for (id, text) in values {
            let attributes = [("for", id.as_str()), ("value", text.as_str())];
            xml.create_element("attvalue").with_attributes(attributes).write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Reads a graph. A mutual edge has no direction; positions, colours and sizes are not kept.
pub(super) fn read(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    let mut reading = Reading::default();
    walk(bytes, &["gexf", "graph", "nodes", "edges"], ctx, |element| reading.take(&element))?;
    match reading.open {
        true => reading.draft.finish(ctx),
        false => Err(Error::data("the file has no <graph>")),
    }
}

#[derive(Default)]
struct Reading {
    draft: Draft,
    node_places: HashMap<String, Place>,
    edge_places: HashMap<String, Place>,
    open: bool,
    directed: bool,
}

impl Reading {
    fn take(&mut self, element: &Element) -> Result<()> {
        match element.name.as_str() {
            "gexf" | "meta" | "nodes" | "edges" => Ok(()),
            "graph" => self.begin(element),
            "attributes" => self.declare(element),
            "node" => self.node(element),
            "edge" => self.edge(element),
            other => Err(Error::data(format!("<{other}> is unknown in GEXF"))),
        }
    }

    fn begin(&mut self, graph: &Element) -> Result<()> {
        if self.open {
            return Err(Error::data("the file has more than one <graph>").with_hint("one file, one graph: split it"));
        }
        if graph.get("mode") == Some("dynamic") {
            return Err(Error::data("the graph changes with time (mode=\"dynamic\"), which cannot be read")
                .with_hint("export one point in time as a static graph"));
        }
        self.open = true;
        self.draft.label_name = "label".into();
        self.directed = match graph.get("defaultedgetype") {
            None => false,
            Some(word) => is_directed(word)?,
        };
        self.draft.declared = if self.directed { Direction::Directed } else { Direction::Undirected };
        Ok(())
    }

    fn declare(&mut self, attributes: &Element) -> Result<()> {
        let class = attributes.need("class")?;
        for attribute in attributes.children.iter().filter(|child| child.name == "attribute") {
            let id = attribute.need("id")?;
            let title = attribute.get("title").unwrap_or(id);
            let kind = attribute.get("type").unwrap_or("string").to_lowercase();
            let numeric = NUMERIC.contains(&kind.as_str());
            let default = attribute.child("default").map(|default| default.text.as_str());
            let (places, place) = match class {
                "node" => (&mut self.node_places, self.draft.declare_node_value(title, numeric, default)?),
                "edge" => (&mut self.edge_places, self.draft.declare_edge_value(title, numeric, default)?),
                other => return Err(Error::data(format!("attributes of the class '{other}', not node or edge"))),
            };
            if places.insert(id.to_string(), place).is_some() {
                return Err(Error::data(format!("two {class} attributes have the id '{id}'")));
            }
        }
        Ok(())
    }

    fn node(&mut self, element: &Element) -> Result<()> {
        let id = element.need("id")?;
        let inside = ["nodes", "edges", "parents"].into_iter().find(|name| element.child(name).is_some());
        if inside.is_some() || element.get("pid").is_some() {
            return Err(Error::data(format!(
                "node '{id}' is within a node or has nodes in it: nested graphs cannot be read"
            )));
        }
        let row = self.draft.node(id)?;
        if let Some(label) = element.get("label") {
            self.draft.label(row, label.to_string());
        }
        for (place, text) in given(element, &self.node_places) {
            place
                .and_then(|place| self.draft.node_value(row, place, text))
                .map_err(|error| error.at(format!("node '{id}'")))?;
        }
        Ok(())
    }

    fn edge(&mut self, element: &Element) -> Result<()> {
        let directed = match element.get("type") {
            None => self.directed,
            Some(word) => is_directed(word)?,
        };
        let row = self.draft.edge(element.need("source")?, element.need("target")?, directed);
        if let Some(text) = element.get("weight") {
            self.draft.edge_value(row, Place::Main, text).map_err(|error| error.at(self.draft.called(row)))?;
        }
        for (place, text) in given(element, &self.edge_places) {
            place
                .and_then(|place| self.draft.edge_value(row, place, text))
                .map_err(|error| error.at(self.draft.called(row)))?;
        }
        // What an edge is called or is of besides; its id says nothing outside of the file.
        for name in ["label", "kind"] {
            if let Some(text) = element.get(name).filter(|text| !text.is_empty()) {
                let position = self.draft.edge_columns.named(name)?;
                self.draft
                    .edge_columns
                    .set(position, row, Cell::Text(text.to_string()))
                    .map_err(|error| error.at(self.draft.called(row)))?;
            }
        }
        Ok(())
    }
}

/// The types of GEXF that are numbers.
const NUMERIC: [&str; 8] = ["integer", "long", "double", "float", "short", "byte", "biginteger", "bigdecimal"];

fn is_directed(word: &str) -> Result<bool> {
    match word.to_lowercase().as_str() {
        "directed" => Ok(true),
        "undirected" | "mutual" => Ok(false),
        _ => Err(Error::data(format!("an edge is '{word}', not directed, undirected or mutual"))),
    }
}

/// The places and texts of the values that a node or edge is given.
fn given<'a>(
    element: &'a Element,
    places: &'a HashMap<String, Place>,
) -> impl Iterator<Item = (Result<Place>, &'a str)> {
    let list = element.children.iter().filter(|child| child.name == "attvalues");
    list.flat_map(|values| &values.children).filter(|child| child.name == "attvalue").map(move |value| {
        // Before version 1.2, "for" was "id".
        let id = value.get("for").or(value.get("id")).unwrap_or_default();
        let place = places.get(id).copied().ok_or_else(|| Error::data(format!("the attribute '{id}' is not declared")));
        (place, value.get("value").unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(attributes: &str, content: &str) -> Result<Graph> {
        let text =
            format!("<gexf xmlns='http://gexf.net/1.3' version='1.3'><graph {attributes}>{content}</graph></gexf>");
        read(text.as_bytes(), &Context::new())
    }

    #[test]
    fn gephi_has_labels_defaults_and_drawings() {
        let g = graph(
            "defaultedgetype='directed' idtype='string' mode='static'",
            "<attributes class='node' mode='static'>
               <attribute id='modularity' title='Modularity Class' type='integer'><default>0</default></attribute>
               <attribute id='1' title='role' type='string'/>
             </attributes>
             <attributes class='edge' mode='static'><attribute id='p' title='p-value' type='double'/></attributes>
             <nodes count='2'>
               <node id='7' label='TP53'><attvalues><attvalue for='modularity' value='2'/></attvalues>
                 <viz:size value='4.0'/><viz:color r='1' g='2' b='3'/></node>
               <node id='9' label='MDM2'><attvalues><attvalue for='1' value='E3 &quot;ligase&quot;'/></attvalues></node>
             </nodes>
             <edges count='2'>
               <edge id='0' source='9' target='7' weight='-0.5' label='inhibits'>
                 <attvalues><attvalue for='p' value='1.0E-4'/></attvalues></edge>
               <edge source='7' target='9'/>
             </edges>",
        );
        let g = g.unwrap();
        assert_eq!(g.labels().as_slice(), ["TP53", "MDM2"]);
        assert!(g.is_directed());
        assert_eq!(g.edges().iter().map(|edge| (edge.source, edge.weight)).collect::<Vec<_>>(), [(0, 1.0), (1, -0.5)]);
        let value = |attributes: &[(String, Column)], position: usize, row| attributes[position].1.label(row);
        assert_eq!(value(g.node_attributes(), 0, 1), "0");
        assert_eq!(value(g.node_attributes(), 1, 1), "E3 \"ligase\"");
        assert_eq!(value(g.edge_attributes(), 0, 1), "0.0001");
        assert_eq!(
            (g.edge_attributes()[1].0.as_str(), value(g.edge_attributes(), 1, 1)),
            ("label", "inhibits".to_string())
        );
    }

    #[test]
    fn nodes_without_labels_go_by_their_ids() {
        let g = graph(
            "",
            "<nodes><node id='a'/><node id='b' label='B'/></nodes>
             <edges><edge source='a' target='b' type='mutual'/></edges>",
        );
        let g = g.unwrap();
        assert_eq!((g.labels().get(1), g.direction()), ("b", Direction::Undirected));
        assert_eq!(g.node_attributes()[0].1.label(1), "B");
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        for (attributes, content, part) in [
            ("mode='dynamic'", "", "changes with time"),
            ("defaultedgetype='up'", "", "'up', not directed"),
            ("", "<nodes><node id='a'><nodes><node id='b'/></nodes></node></nodes>", "nested"),
            ("", "<nodes><node id='a' pid='b'/></nodes>", "nested"),
            (
                "",
                "<nodes><node id='a'><attvalues><attvalue for='x' value='1'/></attvalues></node></nodes>",
                "node 'a': the attribute 'x'",
            ),
            ("", "<nodes><node id='a'/></nodes><edges><edge source='a' target='a'/></edges>", "from 'a' to itself"),
            (
                "",
                "<edges><edge source='a' target='b' weight='heavy'/></edges>",
                "the edge 'a' - 'b': 'heavy' is not a number",
            ),
            ("", "<edges><edge source='a' target='b'/></edges>", "names the node 'a'"),
            ("", "<attributes class='graph'><attribute id='0'/></attributes>", "class 'graph'"),
            ("", "<graph/>", "more than one"),
        ] {
            let error = graph(attributes, content).unwrap_err();
            assert!(error.message().contains(part), "{content}: {error}");
        }
    }
}
