//! Lists of edges in delimited text: one line an edge, and one for every node without edges, with nothing but its name.

use super::columns::{Cell, number};
use super::draft::Draft;
use super::{cell_text, exact, sign};
use crate::context::Context;
use crate::data::{Names, each_text_row};
use crate::error::{Error, Result};
use crate::graph::edge_list::direction;
use crate::graph::{Direction, Edge, Graph};

/// The columns of every file that is written here.
const OWN: [&str; 4] = ["source", "target", "weight", "sign"];

/// The lines of a file: names of columns, edges, nodes without edges.
///
/// # Errors
/// A node whose name is empty, as the target of a node without edges is.
pub(super) fn rows(graph: &Graph) -> Result<impl Iterator<Item = Vec<String>>> {
    let labels = graph.labels();
    if let Some(row) = labels.iter().position(str::is_empty) {
        return Err(Error::data(format!("node {row} has an empty name, which a list of edges cannot hold"))
            .with_hint("name it, or save the graph as .graphml"));
    }
    let has_direction = graph.direction() != Direction::Undirected;
    let mut header = Vec::from(OWN.map(String::from));
    header.extend(has_direction.then(|| "directed".to_string()));
    header.extend(graph.edge_attributes().iter().map(|(name, _)| name.clone()));
    let width = header.len();
    let names = labels.clone();
    let edge = move |(row, edge): (usize, &Edge)| {
        let mut line = Vec::from([names.get(edge.source), names.get(edge.target)].map(String::from));
        line.extend([exact(edge.weight), sign(edge).to_string()]);
        line.extend(has_direction.then(|| edge.directed.to_string()));
        line.extend(graph.edge_attributes().iter().map(|(_, column)| cell_text(column, row).unwrap_or_default()));
        line
    };
    let alone = move |(node, _): (usize, usize)| {
        let mut line = vec![labels.get(node).to_string()];
        line.resize(width, String::new());
        line
    };
    let nodes = graph.degree().into_iter().enumerate().filter(|&(_, degree)| degree == 0);
    let edges = graph.edges().iter().enumerate();
    Ok(std::iter::once(header).chain(edges.map(edge)).chain(nodes.map(alone)))
}

/// Reads a file with commas.
pub(super) fn read_commas(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    read(bytes, b',', ctx)
}

/// Reads a file with tabs.
pub(super) fn read_tabs(bytes: &[u8], ctx: &Context) -> Result<Graph> {
    read(bytes, b'\t', ctx)
}

/// Reads a list of edges with the columns `source` and `target`, perhaps `weight`, `sign` and `directed`. All others
/// are attributes of edges, numbers where every cell is one or empty.
///
/// Where the first four are not called exactly so, as in files of other tools, capitals do not count, and `Type` may hold
/// directions, as Gephi's does.
fn read(bytes: &[u8], delimiter: u8, ctx: &Context) -> Result<Graph> {
    let mut reading: Option<Reading> = None;
    each_text_row(bytes, delimiter, ctx, |line, cells| {
        if let Some(reading) = &mut reading {
            return reading.row(cells).map_err(|error| error.at(format!("line {line}")));
        }
        reading = Some(Reading::new(cells)?);
        Ok(())
    })?;
    let mut draft = reading.ok_or_else(|| Error::data("the file has no data"))?.draft;
    draft.edge_columns.recognise_numbers();
    draft.finish(ctx)
}

/// What a column holds.
enum Part {
    Source,
    Target,
    Weight,
    Sign,
    Directed,
    /// Directions, where the cells are words for them, otherwise an attribute of this name.
    Type(String),
    Attribute(usize),
}

struct Reading {
    draft: Draft,
    parts: Vec<Part>,
    source: usize,
    target: usize,
}

impl Reading {
    fn new(header: &[&str]) -> Result<Self> {
        let names = Names::new(header.iter().map(ToString::to_string).collect(), "columns")?;
        let is_exact = OWN.iter().all(|name| names.find(name).is_some());
        let known: Vec<String> =
            header.iter().map(|name| if is_exact { name.to_string() } else { name.trim().to_lowercase() }).collect();
        let find = |wanted: &str| {
            let mut found = (0..known.len()).filter(|&position| known[position] == wanted);
            match (found.next(), found.next()) {
                (Some(first), None) => Ok(first),
                (Some(_), Some(_)) => Err(Error::data(format!("two columns are called '{wanted}'"))),
                (None, _) => Err(Error::data(format!("a list of edges needs a column '{wanted}'"))
                    .with_hint("other tables: graph_from_edges(read_csv(path)) takes the first two columns")),
            }
        };
        let (source, target) = (find("source")?, find("target")?);
        let mut draft = Draft::default();
        let mut parts = Vec::with_capacity(header.len());
        for (name, known) in header.iter().zip(&known) {
            parts.push(match known.as_str() {
                "source" => Part::Source,
                "target" => Part::Target,
                "weight" => Part::Weight,
                "sign" => Part::Sign,
                "directed" => {
                    draft.declared = Direction::Directed;
                    Part::Directed
                }
                "type" if !is_exact => Part::Type(name.to_string()),
                _ => Part::Attribute(draft.edge_columns.named(name)?),
            });
        }
        Ok(Self { draft, parts, source, target })
    }

    fn row(&mut self, cells: &[&str]) -> Result<()> {
        let (source, target) = (cells[self.source], cells[self.target]);
        if source.is_empty() {
            return Err(Error::data("the source is empty"));
        }
        self.draft.node_once(source);
        if cells.iter().enumerate().all(|(position, cell)| position == self.source || cell.is_empty()) {
            return Ok(());
        }
        if target.is_empty() {
            return Err(Error::data("the target is empty")
                .with_hint("a node without edges is a line with nothing but the source"));
        }
        self.draft.node_once(target);
        let row = self.draft.edge(source, target, false);
        for (part, cell) in self.parts.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            take(&mut self.draft, row, part, cell)?;
        }
        Ok(())
    }
}

fn take(draft: &mut Draft, row: usize, part: &Part, cell: &str) -> Result<()> {
    match part {
        Part::Source | Part::Target => Ok(()),
        Part::Weight => draft.weight(row, number(cell)?),
        Part::Sign => draft.sign(row, cell),
        Part::Directed => {
            let directed =
                direction(cell).ok_or_else(|| Error::data(format!("'directed' is '{cell}', not true or false")))?;
            draft.direct(row, directed);
            Ok(())
        }
        Part::Type(name) => match direction(cell) {
            Some(directed) => {
                draft.direct(row, directed);
                Ok(())
            }
            None => {
                let position = draft.edge_columns.named(name)?;
                draft.edge_columns.set(position, row, Cell::Text(cell.to_string()))
            }
        },
        Part::Attribute(position) => draft.edge_columns.set(*position, row, Cell::Text(cell.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(text: &str) -> Result<Graph> {
        read_commas(text.as_bytes(), &Context::new())
    }

    #[test]
    fn lonely_nodes_and_names_that_look_like_numbers() {
        let g = graph("source,target,weight,note\nNA,01,-0.5,\n1e3,NA,,7\n x,,,\n").unwrap();
        assert_eq!(g.labels().as_slice(), ["NA", "01", "1e3", " x"]);
        assert_eq!(g.edges(), [Edge::new(0, 1, -0.5), Edge::new(0, 2, 1.0)]);
        assert_eq!(
            (g.edge_attributes()[0].1.label(0), g.edge_attributes()[0].1.label(1)),
            ("NaN".to_string(), "7".to_string())
        );
        let lines = rows(&g).unwrap().map(|line| line.join(",")).collect::<Vec<_>>();
        assert_eq!(lines, ["source,target,weight,sign,note", "NA,01,-0.5,-1,", "NA,1e3,1,1,7", " x,,,,"]);
    }

    #[test]
    fn gephi_has_capitals_and_types() {
        let g = graph("Source,Target,Type,Id,Weight\na,b,Directed,0,2.0\nb,c,Undirected,1,1.0\n").unwrap();
        assert_eq!(g.direction(), Direction::Mixed);
        assert_eq!((g.edges()[0].weight, g.edge_attributes()[0].0.as_str()), (2.0, "Id"));
        let g = graph("Source,Target,Type\na,b,pp\n").unwrap();
        assert_eq!((g.direction(), g.edge_attributes()[0].1.label(0)), (Direction::Undirected, "pp".to_string()));
        assert_eq!(graph("source,target,Weight\na,b,3\n").unwrap().edges()[0].weight, 3.0);
        // In a file of our own, other names are attributes whatever they hold.
        let g = graph("source,target,weight,sign,Type,Weight\na,b,1,1,Directed,2\n").unwrap();
        assert_eq!((g.direction(), g.edge_attributes().len()), (Direction::Undirected, 2));
    }

    #[test]
    fn a_graph_without_edges_keeps_its_direction() {
        let g = Graph::new(2, None, true, Vec::new()).unwrap();
        let text = rows(&g).unwrap().map(|line| line.join(",") + "\n").collect::<String>();
        let read = graph(&text).unwrap();
        assert_eq!((read.n_nodes(), read.direction()), (2, Direction::Directed));
    }

    #[test]
    fn other_tables_are_explained() {
        for (text, part) in [
            ("", "no data"),
            ("a,b\n1,2\n", "needs a column 'source'"),
            ("source,target\na\n", "line 2 has 1 cells"),
            ("source,target,weight\na,,1\n", "line 2: the target is empty"),
            ("source,target\n,a\n", "line 2: the source is empty"),
            ("source,target,weight\na,b,x\n", "line 2: 'x' is not a number"),
            ("source,target,weight\na,b,0\n", "the edge 'a' -- 'b' has weight 0"),
            ("source,target,directed\na,b,maybe\n", "'directed' is 'maybe'"),
            ("source,target\na,b\nb,a\n", "the edge 'b' -- 'a' occurs twice"),
            ("source,target\na,a\n", "from 'a' to itself"),
            ("source,target,x,x\na,b,1,2\n", "two columns are called 'x'"),
            ("Source,Target,weight,Weight\na,b,1,2\n", "two weights"),
            ("source,target\na,\"b\nc\n", "a quote"),
        ] {
            let error = graph(text).unwrap_err();
            assert!(error.message().contains(part), "{text:?}: {error}");
        }
    }
}
