//! Writes DOT, for pictures by Graphviz.

use std::io::{Result as Written, Write};

use super::{cell_text, exact, sign};
use crate::data::Column;
use crate::graph::{Direction, Edge, Graph};

/// Edges as the network figures draw them: blue where positive, vermillion where negative.
const POSITIVE: &str = "#0072B2";
const NEGATIVE: &str = "#D55E00";
/// Widths of the weakest and the strongest edge there can be, in points.
const WIDTHS: [f64; 2] = [0.5, 4.0];

/// Writes nodes with their attributes; edges with weight, sign, colour by sign, width by absolute weight, and their
/// attributes. Those that Graphviz knows (`color`, `shape`) have its meaning and go before what is written by default.
pub(super) fn write(graph: &Graph, out: &mut dyn Write) -> Written<()> {
    let labels = graph.labels();
    // Graphviz has no mixed graphs: there, an edge without a direction is one drawn without an arrowhead.
    let (kind, arrow) = match graph.direction() {
        Direction::Undirected => ("graph", "--"),
        Direction::Directed | Direction::Mixed => ("digraph", "->"),
    };
    let strongest = graph.edges().iter().map(|edge| edge.weight.abs()).fold(0.0, f64::max);
    writeln!(out, "{kind} {{")?;
    for (row, name) in labels.iter().enumerate() {
        writeln!(out, "  {}{};", quoted(name), listed(&attributes(graph.node_attributes(), row)))?;
    }
    for (row, edge) in graph.edges().iter().enumerate() {
        let mut values = attributes(graph.edge_attributes(), row);
        for (name, text) in drawn(edge, strongest, kind == "digraph") {
            if values.iter().all(|(known, _)| known != name) {
                values.push((name.into(), text));
            }
        }
        let (source, target) = (quoted(labels.get(edge.source)), quoted(labels.get(edge.target)));
        writeln!(out, "  {source} {arrow} {target}{};", listed(&values))?;
    }
    writeln!(out, "}}")
}

/// What every edge has.
pub(super) fn drawn(edge: &Edge, strongest: f64, in_digraph: bool) -> Vec<(&'static str, String)> {
    let [thin, thick] = WIDTHS;
    let width = thin + (thick - thin) * (edge.weight.abs() / strongest);
    let color = if edge.weight < 0.0 { NEGATIVE } else { POSITIVE };
    let mut values = vec![
        ("weight", exact(edge.weight)),
        ("sign", sign(edge).to_string()),
        ("color", color.to_string()),
        ("penwidth", format!("{width:.2}")),
    ];
    if in_digraph && !edge.directed {
        values.push(("dir", "none".into()));
    }
    values
}

fn attributes(attributes: &[(String, Column)], row: usize) -> Vec<(String, String)> {
    attributes.iter().filter_map(|(name, column)| Some((name.clone(), cell_text(column, row)?))).collect()
}

fn listed(values: &[(String, String)]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let values: Vec<String> = values.iter().map(|(name, text)| format!("{}={}", quoted(name), quoted(text))).collect();
    format!(" [{}]", values.join(", "))
}

/// A text that may stand for anything in DOT. Backslashes are doubled, because labels take them for commands.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Names;

    fn text(g: &Graph) -> String {
        let mut out = Vec::new();
        write(g, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_are_quoted_and_edges_drawn_by_weight() {
        let names = Names::new(vec!["a\"b\\".into(), "graph".into(), "c\nd".into()], "nodes").unwrap();
        let g = Graph::new(3, Some(names), false, vec![Edge::new(0, 1, -0.5), Edge::new(1, 2, 0.25)]).unwrap();
        let expected = "graph {
  \"a\\\"b\\\\\";
  \"graph\";
  \"c\\nd\";
  \"a\\\"b\\\\\" -- \"graph\" [\"weight\"=\"-0.5\", \"sign\"=\"-1\", \"color\"=\"#D55E00\", \"penwidth\"=\"4.00\"];
  \"graph\" -- \"c\\nd\" [\"weight\"=\"0.25\", \"sign\"=\"1\", \"color\"=\"#0072B2\", \"penwidth\"=\"2.25\"];
}
";
        assert_eq!(text(&g), expected);
    }

    #[test]
    fn a_mixed_graph_has_edges_without_arrowheads_and_own_attributes_win() {
        let g = Graph::mixed(3, None, vec![Edge::new(0, 1, 1.0), Edge::new(2, 1, 1.0).directed()]).unwrap();
        let colors = Column::Texts(vec!["red".into(), String::new()].into());
        let drawn = text(&g.with_edge_attribute("color", colors).unwrap());
        assert!(drawn.starts_with("digraph {") && drawn.matches("none").count() == 1, "{drawn}");
        assert_eq!((drawn.matches("\"color\"=").count(), drawn.matches("red").count()), (2, 1), "{drawn}");
    }
}
