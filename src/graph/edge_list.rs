//! Graphs from tables of edges.

use std::collections::HashMap;

use super::{Edge, Graph};
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

impl Graph {
    /// A graph from the first two columns of a table, source and target, and weights from the third if there is one.
    ///
    /// Nodes are 0-based positions where both columns are numeric, names otherwise.
    ///
    /// # Errors
    /// Fewer than two columns, a node that is not there, a weight that is not a number, an edge given twice.
    pub fn from_edges(table: &Table, nodes: Nodes, directed: bool) -> Result<Self> {
        if table.cols() < 2 {
            return Err(Error::data(format!(
                "a table of edges needs two columns, source and target; there is {}",
                table.cols()
            )));
        }
        let weights = weights(table)?;
        let (source, target) = (table.column_at(0), table.column_at(1));
        let (count, names, ends) = match (source, target) {
            (Column::Numbers(source), Column::Numbers(target)) => by_position(source, target, nodes)?,
            _ => by_name(source, target, table.rows(), nodes)?,
        };
        let edges = ends.into_iter().zip(weights).map(|((source, target), weight)| Edge::new(source, target, weight));
        Self::new(count, names, directed, edges.collect())
    }
}

/// Number of nodes, their names, and the ends of every edge.
type Ends = (usize, Option<Names>, Vec<(usize, usize)>);

fn weights(table: &Table) -> Result<Vec<f64>> {
    if table.cols() < 3 {
        return Ok(vec![1.0; table.rows()]);
    }
    match table.column_at(2) {
        Column::Numbers(values) => Ok(values.to_vec()),
        Column::Texts(_) => Err(Error::data(format!(
            "the third column of a table of edges is the weight, '{}' is not numeric",
            table.names().get(2)
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
        Graph::from_edges(&table, nodes, false)
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
