//! GraphML, as Cytoscape, Gephi, igraph and networkx read it.

use std::io::Write;

use quick_xml::events::BytesText;
use quick_xml::writer::Writer;

use super::Graph;
use crate::context::Context;
use crate::data::file::{extension, unknown_extension, write_atomic};
use crate::error::Result;

impl Graph {
    /// Writes the graph in the format that the file's ending names: `.graphml`.
    ///
    /// # Errors
    /// An unknown ending, or a file that cannot be written.
    pub fn save(&self, path: &str, ctx: &Context) -> Result<()> {
        match extension(path).as_str() {
            "graphml" => write_atomic(path, ctx, |out| self.write_graphml(out)),
            _ => Err(unknown_extension(path, ".graphml")),
        }
    }

    /// Writes GraphML: the nodes' names, and weight and sign of every edge.
    pub fn write_graphml(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let labels = self.labels();
        let mut xml = Writer::new_with_indent(out, b' ', 1);
        let declaration = quick_xml::events::BytesDecl::new("1.0", Some("UTF-8"), None);
        xml.write_event(quick_xml::events::Event::Decl(declaration))?;
        let kind = if self.is_directed() { "directed" } else { "undirected" };
        xml.create_element("graphml")
            .with_attribute(("xmlns", "http://graphml.graphdrawing.org/xmlns"))
            .write_inner_content(|xml| {
                for (id, target, name, data_type) in [
                    ("name", "node", "name", "string"),
                    ("weight", "edge", "weight", "double"),
                    ("sign", "edge", "sign", "int"),
                ] {
                    xml.create_element("key")
                        .with_attributes([("id", id), ("for", target), ("attr.name", name), ("attr.type", data_type)])
                        .write_empty()?;
                }
                xml.create_element("graph").with_attributes([("id", "G"), ("edgedefault", kind)]).write_inner_content(
                    |xml| {
                        for (position, name) in labels.iter().enumerate() {
                            let id = format!("n{position}");
                            xml.create_element("node")
                                .with_attribute(("id", id.as_str()))
                                .write_inner_content(|xml| data(xml, "name", name))?;
                        }
                        for edge in self.edges() {
                            let (source, target) = (format!("n{}", edge.source), format!("n{}", edge.target));
                            xml.create_element("edge")
                                .with_attributes([("source", source.as_str()), ("target", target.as_str())])
                                .write_inner_content(|xml| {
                                    data(xml, "weight", &edge.weight.to_string())?;
                                    data(xml, "sign", if edge.weight < 0.0 { "-1" } else { "1" })
                                })?;
                        }
                        Ok(())
                    },
                )?;
                Ok(())
            })?;
        Ok(())
    }
}

fn data<W: Write>(xml: &mut Writer<W>, key: &str, text: &str) -> std::io::Result<()> {
    xml.create_element("data").with_attribute(("key", key)).write_text_content(BytesText::new(text))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Edge, Graph};
    use crate::data::Names;

    #[test]
    fn names_are_escaped_and_signs_kept() {
        let names = Names::new(vec!["a<b".into(), "c&d".into()], "nodes").unwrap();
        let g = Graph::new(2, Some(names), false, vec![Edge::new(1, 0, -0.5)]).unwrap();
        let mut out = Vec::new();
        g.write_graphml(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("a&lt;b") && text.contains("c&amp;d"), "{text}");
        assert!(text.contains("<data key=\"weight\">-0.5</data>") && text.contains("<data key=\"sign\">-1</data>"));
    }
}
