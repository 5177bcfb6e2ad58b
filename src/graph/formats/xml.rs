//! The little of XML that graph files need: one node or edge at a time, whole; and what XML cannot hold.

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};
use crate::graph::Graph;

/// More levels than any graph file has; deeper ones could exhaust the stack.
const MOST_LEVELS: usize = 32;
/// More elements than any node or edge has; more could exhaust the memory.
const MOST_PARTS: usize = 100_000;

/// An element with everything in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its name, without the prefix of a namespace.
    pub name: String,
    /// Names and values of its attributes.
    pub attributes: Vec<(String, String)>,
    /// The text in it, without that of its children.
    pub text: String,
    /// The elements in it.
    pub children: Vec<Element>,
}

impl Element {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of an attribute that it must have.
    pub fn need(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| Error::data(format!("a <{}> has no '{name}'", self.name)))
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Calls `on` with the elements of a document: with the `containers` when they open, without what is in them, and with
/// all others when they are complete. The first container is the root.
///
/// # Errors
/// Anything but well-formed XML, with its line; another root; elements nested too deeply; what `on` refuses.
pub(super) fn walk(
    bytes: &[u8],
    containers: &[&str],
    ctx: &Context,
    on: impl FnMut(Element) -> Result<()>,
) -> Result<()> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::data("the file is not text in UTF-8"))?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut walker = Walker { containers, on, levels: 0, open: Vec::new(), parts: 0, started: false };
    for count in 0usize.. {
        if count % 1024 == 0 {
            ctx.check()?;
        }
        let event = reader.read_event().map_err(|error| at_line(text, reader.error_position(), malformed(error)))?;
        if event == Event::Eof {
            break;
        }
        walker.take(event).map_err(|problem| match problem {
            Problem::Xml(error) => at_line(text, reader.buffer_position(), error),
            Problem::Graph(error) => error,
        })?;
    }
    walker.finish()
}

/// What is wrong, and whether the line says where better than the message does.
enum Problem {
    Xml(Error),
    Graph(Error),
}

fn xml(error: quick_xml::Error) -> Problem {
    Problem::Xml(malformed(error))
}

fn malformed(error: quick_xml::Error) -> Error {
    Error::data(format!("not well-formed XML: {error}"))
}

fn at_line(text: &str, position: u64, error: Error) -> Error {
    let end = usize::try_from(position).map_or(text.len(), |position| position.min(text.len()));
    let line = 1 + text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count();
    error.at(format!("line {line}"))
}

struct Walker<'a, F> {
    containers: &'a [&'a str],
    on: F,
    /// Containers that are open.
    levels: usize,
    /// Other elements that are open, the outermost first.
    open: Vec<Element>,
    /// Elements in the outermost of them.
    parts: usize,
    started: bool,
}

impl<F: FnMut(Element) -> Result<()>> Walker<'_, F> {
    fn take(&mut self, event: Event<'_>) -> std::result::Result<(), Problem> {
        match event {
            Event::Start(start) => self.start(element(&start).map_err(xml)?),
            Event::End(_) => self.end().map_err(Problem::Graph),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(&resolved(&reference)?),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Eof => {
                Ok(())
            }
        }
    }

    fn start(&mut self, element: Element) -> std::result::Result<(), Problem> {
        let refuse = |message: String| Err(Problem::Xml(Error::data(message)));
        let root = self.containers.first().copied().unwrap_or_default();
        if self.levels == 0 && (self.started || element.name != root) {
            return refuse(format!("<{}> where one <{root}> is wanted", element.name));
        }
        self.started = true;
        if self.levels + self.open.len() >= MOST_LEVELS {
            return refuse(format!("elements are nested more than {MOST_LEVELS} deep"));
        }
        if self.open.is_empty() && self.containers.contains(&element.name.as_str()) {
            self.levels += 1;
            return (self.on)(element).map_err(Problem::Graph);
        }
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return refuse(format!("one <{}> has more than {MOST_PARTS} elements in it", self.open[0].name));
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        match (self.open.pop(), self.open.last_mut()) {
            (Some(element), Some(parent)) => parent.children.push(element),
            (Some(element), None) => {
                self.parts = 0;
                return (self.on)(element);
            }
            // The reader has seen that this closes what was opened last.
            (None, _) => self.levels = self.levels.saturating_sub(1),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> std::result::Result<(), Problem> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => {
                return Err(Problem::Xml(Error::data(format!("text in no element of a graph: '{}'", start_of(text)))));
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let root = self.containers.first().copied().unwrap_or_default();
        match self.open.first() {
            _ if !self.started => Err(Error::data(format!("the file has no <{root}>"))),
            Some(element) => Err(Error::data(format!("the file ends within a <{}>", element.name))),
            None if self.levels > 0 => Err(Error::data(format!("the file ends before </{root}>"))),
            None => Ok(()),
        }
    }
}

/// As much of a text as fits into a message.
fn start_of(text: &str) -> String {
    text.trim().chars().take(30).collect()
}

fn element(start: &BytesStart<'_>) -> quick_xml::Result<Element> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute?;
        // Knows no entities but the five of XML itself, so that nothing can grow.
        let value = attribute.normalized_value(XmlVersion::Implicit1_0)?.into_owned();
        attributes.push((attribute.key.0.to_string(), value));
    }
    Ok(Element { name: start.local_name().into_inner().to_string(), attributes, ..Element::default() })
}

/// What a reference as `&lt;` or `&#10;` stands for.
fn resolved(reference: &BytesRef<'_>) -> std::result::Result<String, Problem> {
    if let Some(letter) = reference.resolve_char_ref().map_err(xml)? {
        return Ok(letter.to_string());
    }
    let text = resolve_xml_entity(reference).map(String::from);
    text.ok_or_else(|| Problem::Xml(Error::data(format!("the entity '&{};' is unknown", start_of(reference)))))
}

/// Fails where a name or text has a character that XML cannot hold, not even escaped.
pub(super) fn check_characters(graph: &Graph) -> Result<()> {
    let labels = graph.labels();
    for (row, name) in labels.iter().enumerate() {
        check(name, || format!("the name of node {row}, {name:?},"))?;
    }
    for attributes in [graph.node_attributes(), graph.edge_attributes()] {
        for (name, _) in attributes {
            check(name, || format!("the attribute {name:?}"))?;
        }
    }
    check_texts(graph.node_attributes(), |row| format!("node {:?}", labels.get(row)))?;
    check_texts(graph.edge_attributes(), |row| {
        let edge = graph.edges()[row];
        format!("the edge {:?} {} {:?}", labels.get(edge.source), edge.arrow(), labels.get(edge.target))
    })
}

fn check_texts(attributes: &[(String, Column)], of: impl Fn(usize) -> String) -> Result<()> {
    for (name, column) in attributes {
        if let Column::Texts(values) = column {
            for (row, text) in values.iter().enumerate() {
                check(text, || format!("'{name}' of {}", of(row)))?;
            }
        }
    }
    Ok(())
}

fn check(text: &str, what: impl Fn() -> String) -> Result<()> {
    let allowed =
        |letter: char| matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}');
    match text.chars().find(|&letter| !allowed(letter)) {
        Some(letter) => {
            let message =
                format!("{} has the character U+{:04X}, which the format cannot hold", what(), u32::from(letter));
            Err(Error::data(message).with_hint("change it, or save the graph as .json"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> std::result::Result<Vec<String>, String> {
        let mut seen = Vec::new();
        let outcome = walk(text.as_bytes(), &["r", "c"], &Context::new(), |element| {
            seen.push(format!("{}{:?}{}", element.name, element.text, element.children.len()));
            Ok(())
        });
        outcome.map(|()| seen).map_err(|error| error.message().to_string())
    }

    #[test]
    fn containers_come_when_they_open_and_others_whole() {
        let text =
            "\u{FEFF}<?xml version='1.0'?><!DOCTYPE r><r>\n<c><a k='1'>x&lt;&#65;<![CDATA[<]]><b/></a></c></r>\n";
        assert_eq!(seen(text), Ok(vec!["r\"\"0".into(), "c\"\"0".into(), "a\"x<A<\"1".into()]));
    }

    #[test]
    fn malformed_and_hostile_documents_are_refused() {
        let deep = format!("<r>{}", "<a>".repeat(100));
        let wide = format!("<r><a>{}</a></r>", "<b/>".repeat(MOST_PARTS + 1));
        let bomb = "<!DOCTYPE r [<!ENTITY a 'aaaa'>]><r><b>&a;</b></r>";
        for (text, part) in [
            ("", "has no <r>"),
            ("x", "text in no element"),
            ("<html/>", "line 1: <html> where one <r> is wanted"),
            ("<r/><r/>", "where one <r>"),
            ("<r>\n<a", "line 2: not well-formed"),
            ("<r><a></b></r>", "</a>"),
            ("<r><a>", "ends within a <a>"),
            ("<r><c>", "ends before </r>"),
            ("<r><a k=1/></r>", "not well-formed"),
            ("<r><a k='1' k='2'/></r>", "not well-formed"),
            ("<r><a>&#xZ;</a></r>", "not well-formed"),
            ("<r><a k='&b;'/></r>", "not well-formed"),
            (bomb, "'&a;' is unknown"),
            (deep.as_str(), "nested more than"),
            (wide.as_str(), "more than 100000 elements"),
        ] {
            let message = seen(text).unwrap_err();
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(walk(b"<r>\xff</r>", &["r"], &Context::new(), |_| Ok(())).unwrap_err().message().contains("UTF-8"));
    }
}
