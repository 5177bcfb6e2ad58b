//! Graphs from tables of edges, and the edges of a graph as a table.

use std::collections::HashMap;

use super::{Direction, Edge, Graph};
use crate::data::{Column, Names, Table};
use crate::error::{Error, Result};

/// Which nodes a graph from a table of edges has.
#[derive(Debug, Clone)]
pub enum Nodes {
    /// Those that have edges: names in order of appearance, or positions up to the largest.
    FromEdges,
    /// So many, called by position.
    Count(usize),
    /// These; a table of numbers then holds positions among them.
    Names(Names),
}

/// Which edges of a table have a direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Directed {
    /// None.
    None,
    /// All.
    All,
    /// Those for which the column of this name has 1 or `true`.
    Column(String),
}

impl Graph {
    /// A graph from the first two columns of a table, source and target, and weights from the third if there is one.
    /// A column of directions is none of these three.
    ///
    /// Nodes are 0-based positions where both columns are numeric, names otherwise.
    ///
    /// # Errors
    /// Fewer than two columns, a node that is not there, a weight that is not a number, a direction that is neither
    /// true nor false, an edge given twice.
    pub fn from_edges(table: &Table, nodes: Nodes, directed: &Directed) -> Result<Self> {
        if table.cols() < 2 {
            return Err(Error::data(format!(
                "a table of edges needs two columns, source and target; there is {}",
                table.cols()
            )));
        }
        let (directions, of_directions) = directions(table, directed)?;
        // The weight is the first of the columns that are left.
        let weights = weights(table, if of_directions == Some(2) { 3 } else { 2 })?;
        let (source, target) = (table.column_at(0), table.column_at(1));
        let (count, names, ends) = match (source, target) {
            (Column::Numbers(source), Column::Numbers(target)) => by_position(source, target, nodes)?,
            _ => by_name(source, target, table.rows(), nodes)?,
        };
        let lines = ends.into_iter().zip(weights).zip(directions);
        let edges =
            lines.map(|(((source, target), weight), directed)| Edge { source, target, weight, directed }).collect();
        match directed {
            Directed::Column(_) => Self::mixed(count, names, edges),
            Directed::All | Directed::None => Self::new(count, names, *directed == Directed::All, edges),
        }
    }

    /// The edges in their order: columns source, target, weight and sign, in a mixed graph directed (1 or 0), and the
    /// attributes of the edges.
    ///
    /// # Errors
    /// Never: no attribute is called as one of the other columns.
    pub fn edge_table(&self) -> Result<Table> {
        let labels = self.labels();
        let names = |end: fn(&Edge) -> usize| {
            Column::texts(self.edges().iter().map(|edge| labels.get(end(edge)).to_string()).collect())
        };
        let numbers = |value: fn(&Edge) -> f64| Column::numbers(self.edges().iter().map(value).collect());
        let mut columns = vec![
            ("source".to_string(), names(|edge| edge.source)),
            ("target".to_string(), names(|edge| edge.target)),
            ("weight".to_string(), numbers(|edge| edge.weight)),
            ("sign".to_string(), numbers(|edge| edge.weight.signum())),
        ];
        if self.direction() == Direction::Mixed {
            columns.push(("directed".to_string(), numbers(|edge| f64::from(edge.directed))));
        }
        columns.extend(self.edge_attributes().iter().cloned());
        Table::new(columns, None)
    }
}

/// The direction that a word in a file stands for.
pub(super) fn direction(word: &str) -> Option<bool> {
    match word.trim().to_lowercase().as_str() {
        "true" | "directed" | "1" => Some(true),
        "false" | "undirected" | "0" => Some(false),
        _ => None,
    }
}

/// Whether every edge has a direction, and the position of the column that says so.
fn directions(table: &Table, directed: &Directed) -> Result<(Vec<bool>, Option<usize>)> {
    let Directed::Column(name) = directed else {
        return Ok((vec![*directed == Directed::All; table.rows()], None));
    };
    let position = table.names().position(name, "column")?;
    if position < 2 {
        return Err(Error::option(format!("the column '{name}' has ends of edges, not their directions")));
    }
    let column = table.column_at(position);
    let flag = |row| {
        let label = column.label(row);
        let wrong = || Error::data(format!("row {row}: '{name}' is {label}, not 0 or 1, \"false\" or \"true\""));
        direction(&label).ok_or_else(wrong)
    };
    Ok(((0..table.rows()).map(flag).collect::<Result<_>>()?, Some(position)))
}

/// Number of nodes, their names, and the ends of every edge.
type Ends = (usize, Option<Names>, Vec<(usize, usize)>);

/// The weights in the column at `position`; 1 where the table ends before.
fn weights(table: &Table, position: usize) -> Result<Vec<f64>> {
    if table.cols() <= position {
        return Ok(vec![1.0; table.rows()]);
    }
    match table.column_at(position) {
        Column::Numbers(values) => Ok(values.to_vec()),
        Column::Texts(_) => Err(Error::data(format!(
            "behind the ends of the edges stands the weight, '{}' is not numeric",
            table.names().get(position)
        ))
        .with_hint("take the columns with .select([source, target])")),
    }
}

fn by_position(source: &[f64], target: &[f64], nodes: Nodes) -> Result<Ends> {
    /// More nodes than any machine holds edges for.
    const MOST: f64 = 4_294_967_296.0;
    let position = |row: usize, value: f64| {
        let whole = value.fract() == 0.0 && (0.0..MOST).contains(&value);
        let wrong = || Error::data(format!("row {row}: {value} is not the position of a node (0, 1, 2, ...)"));
        whole.then_some(value as usize).ok_or_else(wrong)
    };
    let pairs = source.iter().zip(target).enumerate();
    let ends = pairs.map(|(row, (&a, &b))| Ok((position(row, a)?, position(row, b)?))).collect::<Result<Vec<_>>>()?;
    let (count, names) = match nodes {
        Nodes::FromEdges => (ends.iter().map(|&(a, b)| a.max(b) + 1).max().unwrap_or(0), None),
        Nodes::Count(count) => (count, None),
        Nodes::Names(names) => (names.len(), Some(names)),
    };
    Ok((count, names, ends))
}

fn by_name(source: &Column, target: &Column, rows: usize, nodes: Nodes) -> Result<Ends> {
    let known = match nodes {
        Nodes::Names(names) => Some(names),
        Nodes::FromEdges => None,
        Nodes::Count(_) => {
            return Err(Error::option("option 'nodes' is a number, but the edges name their nodes")
                .with_hint("list the names: nodes: [\"a\", \"b\"]"));
        }
    };
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut list = Vec::new();
    let mut find = |label: String| match &known {
        Some(names) => names.position(&label, "node"),
        None => Ok(*seen.entry(label.clone()).or_insert_with(|| {
            list.push(label);
            list.len() - 1
        })),
    };
    let ends = (0..rows).map(|row| Ok((find(source.label(row))?, find(target.label(row))?)));
    let ends = ends.collect::<Result<Vec<_>>>()?;
    let names = known.map_or_else(|| Names::new(list, "nodes"), Ok)?;
    Ok((names.len(), Some(names), ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;
    use crate::data::CsvOptions;

    fn graph(text: &str, nodes: Nodes) -> Result<Graph> {
        let table = crate::data::parse_table(text.as_bytes(), &CsvOptions::default(), &Context::new())?;
        Graph::from_edges(&table, nodes, &Directed::None)
    }

    fn mixed(text: &str) -> Result<Graph> {
        let table = crate::data::parse_table(text.as_bytes(), &CsvOptions::default(), &Context::new())?;
        Graph::from_edges(&table, Nodes::FromEdges, &Directed::Column("way".into()))
    }

    #[test]
    fn a_column_says_which_edges_have_a_direction() {
        let g = mixed("a,b,way,w\nu,v,1,-2\nv,w,0,3\n").unwrap();
        assert_eq!(g.edges(), [Edge::new(0, 1, -2.0).directed(), Edge::new(1, 2, 3.0)]);
        let table = g.edge_table().unwrap();
        assert_eq!(table.names().as_slice(), ["source", "target", "weight", "sign", "directed"]);
        assert_eq!((table.column_at(1).label(1), table.column_at(3)), ("w".into(), &Column::numbers(vec![-1.0, 1.0])));
        let back = Graph::from_edges(&table, Nodes::FromEdges, &Directed::Column("directed".into())).unwrap();
        assert_eq!(back.edges(), g.edges());
        assert_eq!(mixed("a,b,way\nu,v,TRUE\nv,w,TRUE\n").unwrap().direction(), Direction::Directed);
        assert!(mixed("a,b,way\nu,v,2\n").unwrap_err().message().contains("row 0: 'way' is 2"));
        assert!(mixed("a,way\nu,v\n").unwrap_err().message().contains("ends of edges"));
        assert!(mixed("a,b,day\nu,v,1\n").unwrap_err().to_string().contains("'day'"));
    }

    #[test]
    fn positions_names_and_numbers_that_are_names() {
        let g = graph("a,b,w\n0,2,-0.5\n2,1,1\n", Nodes::FromEdges).unwrap();
        assert_eq!((g.n_nodes(), g.n_edges(), g.edges()[0].weight), (3, 2, -0.5));
        // Numbers beside texts are names, to the last digit.
        let g = graph("a,b\nu,1234567\nv,1234568\n", Nodes::FromEdges).unwrap();
        assert_eq!(g.labels().as_slice(), ["u", "1234567", "v", "1234568"]);
        let names = Names::new(["p", "q", "r"].map(String::from).to_vec(), "nodes").unwrap();
        assert_eq!(graph("a,b\n0,2\n", Nodes::Names(names.clone())).unwrap().labels(), names);
        assert_eq!(graph("a,b\nr,p\n", Nodes::Names(names)).unwrap().edges()[0].target, 2);
    }

    #[test]
    fn wrong_tables_are_explained() {
        for (text, nodes, part) in [
            ("a\n1\n", Nodes::FromEdges, "needs two columns"),
            ("a,b\n0,1e300\n", Nodes::FromEdges, "row 0: 1000"),
            ("a,b\n0,-1\n", Nodes::FromEdges, "row 0: -1 is not the position"),
            ("a,b\n0,1.5\n", Nodes::FromEdges, "1.5 is not the position"),
            ("a,b\n0,5\n", Nodes::Count(3), "an edge names node 5, there are 3 nodes"),
            ("a,b\nu,v\n", Nodes::Count(3), "list the names"),
            ("a,b,c\nu,v,w\n", Nodes::FromEdges, "'c' is not numeric"),
            ("a,b\nu,v\nv,u\n", Nodes::FromEdges, "occurs twice"),
        ] {
            let error = graph(text, nodes).unwrap_err();
            assert!(error.to_string().contains(part), "{text:?}: {error}");
        }
    }
}
