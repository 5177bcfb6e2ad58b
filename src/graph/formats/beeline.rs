//! A data set of the BEELINE benchmark: a folder of expression, a true network and, where cells are on trajectories, their
//! pseudotime.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::data::file::read_bytes;
use crate::data::{Column, CsvOptions, Matrix, Names, Selector, Table, parse_table, read_csv};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph, REGULATOR};

/// A data set.
#[derive(Debug, Clone)]
pub struct Beeline {
    /// Expression, cells x genes.
    pub x: Matrix,
    /// The true network over those of its genes that have expression, in the order of `x`, where there is one.
    pub truth: Option<Graph>,
    /// Pseudotime on every trajectory, a row a cell, NaN for cells that are not on it, where there is any.
    pub pseudotime: Option<Table>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

const EXPRESSION: &str = "ExpressionData.csv";
const NETWORKS: [&str; 2] = ["refNetwork.csv", "GroundTruthNetwork.csv"];
const PSEUDOTIME: &str = "PseudoTime.csv";

impl Beeline {
    /// Reads a folder with `ExpressionData.csv` (genes x cells), `refNetwork.csv` or `GroundTruthNetwork.csv` (Gene1, Gene2,
    /// perhaps Type + or -) and `PseudoTime.csv`, the last two where they are there.
    ///
    /// As BEELINE scores them, edges from a gene to itself are no edges, and one that is listed again counts once. A type -
    /// gives the weight -1; every other, and edges that are listed with both, have the weight 1. Genes with edges to others
    /// have the attribute [`REGULATOR`] 1.
    ///
    /// # Errors
    /// A file that cannot be read or is malformed; no expression; a network without a gene that has expression; memory.
    pub fn read(folder: &str, ctx: &Context) -> Result<Self> {
        let place = Path::new(folder);
        ctx.files().check_read(place)?;
        let expression = find(place, &[EXPRESSION], ctx).ok_or_else(|| {
            let error = Error::file(format!("there is no {EXPRESSION} in '{folder}'"));
            error.with_hint("the folder of one data set is wanted, such as inputs/Curated/GSD/GSD-2000-1")
        })?;
        let x = expression_of(&expression, ctx)?;
        let mut warnings = Vec::new();
        let truth = match find(place, &NETWORKS, ctx) {
            Some(path) => Some(network(&path, &x, &mut warnings, ctx).map_err(|error| error.at(format!("'{path}'")))?),
            None => None,
        };
        let pseudotime = match find(place, &[PSEUDOTIME], ctx) {
            Some(path) => Some(pseudotime(&path, &x, &mut warnings, ctx)?),
            None => None,
        };
        Ok(Self { x, truth, pseudotime, warnings })
    }
}

/// The first of these files that is in the folder.
fn find(folder: &Path, names: &[&str], ctx: &Context) -> Option<String> {
    let paths = names.iter().map(|name| folder.join(name));
    paths.into_iter().find(|path: &PathBuf| ctx.files().is_file(path)).map(|path| path.to_string_lossy().into_owned())
}

/// A table whose first column names the rows.
fn indexed(path: &str, ctx: &Context) -> Result<(Names, Table)> {
    let bytes = read_bytes(path, ctx)?;
    let own = ctx.clone();
    // A row may be as long as the file, and is read in one piece.
    let parsed = detached_if_many(bytes.len(), ctx, move || parse_indexed(&bytes, &own))?;
    parsed.map_err(|error| error.at(format!("'{path}'")))
}

fn parse_indexed(bytes: &[u8], ctx: &Context) -> Result<(Names, Table)> {
    let cells = |line: Option<&[u8]>| line.map(|line| line.iter().filter(|&&byte| byte == b',').count());
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let (header, first) = (cells(lines.next()), cells(lines.next()));
    // R leaves the name of the rows out of the header.
    let is_short = header.zip(first).is_some_and(|(header, first)| first == header + 1);
    let _copied = ctx.reserve(if is_short { bytes.len() } else { 0 })?;
    let completed = is_short.then(|| [b",".as_slice(), bytes].concat());
    let table = parse_table(completed.as_deref().unwrap_or(bytes), &CsvOptions::default(), ctx)?;
    let labels = (0..table.rows()).map(|row| table.column_at(0).label(row)).collect();
    Ok((Names::new(labels, "rows")?, table.drop(&Selector::Position(0))?))
}

fn expression_of(path: &str, ctx: &Context) -> Result<Matrix> {
    let (genes, table) = indexed(path, ctx)?;
    let _held = ctx.reserve_matrices(2, table.rows(), table.cols())?;
    let matrix = table.matrix().map_err(|error| error.at(format!("'{path}'")))?;
    Ok(matrix.with_row_names(Some(genes))?.transpose())
}

/// The network over the genes of `x`.
fn network(path: &str, x: &Matrix, warnings: &mut Vec<String>, ctx: &Context) -> Result<Graph> {
    let table = read_csv(path, &CsvOptions::default(), ctx)?;
    if table.cols() < 2 {
        return Err(Error::data("a network has two columns at least: Gene1, Gene2"));
    }
    let genes = x.names().cloned().unwrap_or_else(|| Names::numbered(x.cols()));
    let (sources, targets) = (table.column_at(0), table.column_at(1));
    let types = if table.cols() > 2 { Some(table.column_at(2)) } else { None };
    let (mut loops, mut again, mut strangers) = (0, 0, 0);
    let mut weights: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for row in 0..table.rows() {
        let (source, target) = (sources.label(row), targets.label(row));
        if source == target {
            loops += 1;
            continue;
        }
        let (Some(source), Some(target)) = (genes.find(&source), genes.find(&target)) else {
            strangers += 1;
            continue;
        };
        let weight = if is_negative(types, row) { -1.0 } else { 1.0 };
        if let Some(known) = weights.insert((source, target), weight) {
            again += 1;
            if known != weight {
                weights.insert((source, target), 1.0);
            }
        }
    }
    for (count, what) in [
        (loops, "edges from a gene to itself are left out"),
        (again, "edges are listed again and count once"),
        (strangers, "edges of genes without expression are left out"),
    ] {
        if count > 0 {
            warnings.push(format!("{count} of {} {what}", table.rows()));
        }
    }
    truth(&genes, &weights)
}

/// Whether the type of an edge says that it represses.
fn is_negative(types: Option<&Column>, row: usize) -> bool {
    match types {
        Some(Column::Texts(types)) => types[row] == "-",
        Some(Column::Numbers(values)) => values[row] < 0.0,
        None => false,
    }
}

/// The graph of the genes that have edges.
fn truth(genes: &Names, weights: &BTreeMap<(usize, usize), f64>) -> Result<Graph> {
    let mut linked: Vec<usize> = weights.keys().flat_map(|&(source, target)| [source, target]).collect();
    linked.sort_unstable();
    linked.dedup();
    if linked.is_empty() {
        return Err(Error::data("no edge leads from a gene with expression to another one")
            .with_hint("genes are found by their names in ExpressionData.csv"));
    }
    let mut place = vec![0; genes.len()];
    linked.iter().enumerate().for_each(|(node, &gene)| place[gene] = node);
    let edges: Vec<Edge> =
        weights.iter().map(|(&(source, target), &weight)| Edge::new(place[source], place[target], weight)).collect();
    let mut acts = vec![0.0; linked.len()];
    edges.iter().for_each(|edge| acts[edge.source] = 1.0);
    Graph::new(linked.len(), Some(genes.pick(&linked)), true, edges)?
        .with_node_attribute(REGULATOR, Column::numbers(acts))
}

/// Pseudotime, in the order of the cells of `x` where all of them have some.
fn pseudotime(path: &str, x: &Matrix, warnings: &mut Vec<String>, ctx: &Context) -> Result<Table> {
    let (cells, table) = indexed(path, ctx)?;
    let columns =
        table.names().iter().zip(0..).map(|(name, position)| (name.to_string(), table.column_at(position).clone()));
    let table = Table::new(columns.collect(), Some(cells.clone()))?;
    let wanted = x.row_names().map_or(&[][..], Names::as_slice);
    let rows: Option<Vec<usize>> = wanted.iter().map(|cell| cells.find(cell)).collect();
    match rows {
        Some(rows) => Ok(table.pick_rows(&rows)),
        None => {
            let missing = wanted.iter().filter(|cell| cells.find(cell).is_none()).count();
            warnings
                .push(format!("{missing} of {} cells have no pseudotime: its rows are as in the file", wanted.len()));
            Ok(table)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Beeline> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
        Beeline::read(&folder.path().to_string_lossy(), &Context::new())
    }

    const CELLS: (&str, &str) = ("ExpressionData.csv", ",c1,c2,c3\nA,1,2,3\nB,4,5,6\nD,7,8,9\nC,0,0,1\n");

    #[test]
    fn a_network_has_every_edge_once() {
        let edges = "Gene1,Gene2,Type\nA,B,+\nA,A,+\nB,C,-\nA,B,+\nC,A,-\nC,A,+\nA,Z,+\n";
        let set = read(&[CELLS, ("GroundTruthNetwork.csv", edges)]).unwrap();
        assert_eq!((set.x.rows(), set.x.names().unwrap().as_slice().join("")), (3, "ABDC".to_string()));
        assert_eq!((set.x.row_slice(1), set.x.row_names().unwrap().get(1)), (&[2.0, 5.0, 8.0, 0.0][..], "c2"));
        let truth = set.truth.unwrap();
        assert_eq!(truth.labels().as_slice(), ["A", "B", "C"]);
        let edges: Vec<(usize, usize, f64)> = truth.edges().iter().map(|e| (e.source, e.target, e.weight)).collect();
        assert_eq!(edges, [(0, 1, 1.0), (1, 2, -1.0), (2, 0, 1.0)]);
        assert_eq!((truth.is_directed(), truth.regulators().unwrap()), (true, vec![0, 1, 2]));
        assert_eq!(set.warnings.len(), 3, "{:?}", set.warnings);
        assert!(set.pseudotime.is_none());
    }

    #[test]
    fn pseudotime_follows_the_cells() {
        let set = read(&[CELLS, ("PseudoTime.csv", ",PseudoTime1,PseudoTime2\nc3,3,NA\nc1,1,NA\nc2,NA,2\n")]).unwrap();
        let time = set.pseudotime.unwrap();
        assert_eq!(time.row_names().unwrap().as_slice(), ["c1", "c2", "c3"]);
        assert_eq!(time.column("PseudoTime1").unwrap(), &Column::numbers(vec![1.0, f64::NAN, 3.0]));
        assert!(set.truth.is_none() && set.warnings.is_empty());
        let set = read(&[CELLS, ("PseudoTime.csv", ",PseudoTime\nc3,3\n")]).unwrap();
        assert!(set.warnings[0].starts_with("2 of 3 cells have no pseudotime"), "{:?}", set.warnings);
        let set = read(&[CELLS, ("PseudoTime.csv", "PseudoTime\nc3,3\nc1,1\nc2,2\n")]).unwrap();
        assert_eq!(set.pseudotime.unwrap().column("PseudoTime").unwrap(), &Column::numbers(vec![1.0, 2.0, 3.0]));
    }

    #[test]
    fn folders_without_data_are_explained() {
        assert!(read(&[]).unwrap_err().message().contains("there is no ExpressionData.csv"));
        let strangers = read(&[CELLS, ("refNetwork.csv", "Gene1,Gene2\nX,Y\n")]).unwrap_err();
        assert!(strangers.message().contains("refNetwork.csv") && strangers.message().contains("no edge leads"));
    }
}
