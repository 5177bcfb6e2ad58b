//! The two files of a network for SERGIO: targets with their interactions, master regulators with their rates.
//!
//! Numbers are separated by commas, one line a gene. Targets: gene, n, n regulators, n interaction strengths, n Hill
//! coefficients. Master regulators: gene, one basal production rate a cell type. Genes are numbered from 0, perhaps
//! written `53.0`, and each is in one of the two files.

use std::io::{Result as Written, Write};

use ndarray::Array2;

use super::exact;
use super::sergio_sheet::{Sheet, check_genes};
use crate::context::Context;
use crate::data::file::{read_bytes, write_atomic};
use crate::data::{Column, Names};
use crate::error::{Error, Result};
use crate::graph::{Direction, Graph, HILL, REGULATOR};

impl Graph {
    /// Reads a network from SERGIO's file of targets and its file of master regulators (`regulators`). Edges lead from
    /// regulators to targets, with the interaction strengths as weights and the Hill coefficients as attribute
    /// [`HILL`]; a `shared_hill` above 0 stands for all of these, as SERGIO's `shared_coop_state` does. The nodes are
    /// called `0`, `1`, ... and have the attribute [`REGULATOR`] and the rates, see [`Graph::rates`].
    ///
    /// # Errors
    /// A file that cannot be read or is malformed, with line and gene: gaps among the genes, one that comes twice, an
    /// unknown regulator, one that comes twice or regulates itself, numbers out of their range.
    pub fn read_sergio(targets: &str, regulators: &str, shared_hill: f64, ctx: &Context) -> Result<Self> {
        if !shared_hill.is_finite() || shared_hill < 0.0 {
            return Err(Error::argument(format!("the shared Hill coefficient is {shared_hill}"))
                .with_hint("it is a positive number, or 0 where every interaction has its own"));
        }
        let (target_bytes, master_bytes) = (read_bytes(targets, ctx)?, read_bytes(regulators, ctx)?);
        // A cell takes two letters at least, and its place in memory 16 bytes; an edge takes six.
        let _held = ctx.reserve(target_bytes.len().saturating_add(master_bytes.len()).saturating_mul(24))?;
        let targets = Sheet::read(targets, &target_bytes, ctx)?;
        let masters = Sheet::read(regulators, &master_bytes, ctx)?;
        let count = check_genes(&targets, &masters)?;
        let (edges, hills) = targets.edges(count, shared_hill, ctx)?;
        let rates = masters.rates(count, ctx)?;
        let mut acts = vec![0.0; count];
        edges.iter().for_each(|edge| acts[edge.source] = 1.0);
        let names = Names::new((0..count).map(|id| id.to_string()).collect(), "nodes")?;
        let hills = vec![(HILL.to_string(), Column::numbers(hills))];
        Self::assemble(count, Some(names), Direction::Directed, edges, hills)?
            .with_node_attribute(REGULATOR, Column::numbers(acts))?
            .with_rates(rates.view())
    }

    /// Writes SERGIO's file of targets and its file of master regulators (`regulators`), from which
    /// [`Graph::read_sergio`] gives the same interactions, Hill coefficients and rates. Genes are numbered by their
    /// positions, or by their names where these are the numbers `0`, `1`, ... in any order; nothing else is kept.
    ///
    /// # Errors
    /// Edges without a direction, no master regulator, one without rates, rates of a node that is none, a Hill
    /// coefficient that is not positive, files that cannot be written.
    pub fn write_sergio(&self, targets: &str, regulators: &str, ctx: &Context) -> Result<()> {
        let place = |path: &str| std::path::absolute(path).unwrap_or_else(|_| path.into());
        if place(targets) == place(regulators) {
            return Err(Error::argument(format!("'{targets}' cannot be both files"))
                .with_hint("targets and master regulators are two files: write_sergio(targets, regulators)"));
        }
        if !self.is_directed() {
            return Err(Error::argument("SERGIO's files have directed edges only, from regulators to targets")
                .with_hint("orient(..) gives edges a direction"));
        }
        let (masters, hills) = (self.master_regulators(), self.hill()?);
        let rates = self.checked_rates(&masters)?;
        let ids = gene_numbers(self);
        let mut inputs: Vec<Vec<usize>> = vec![Vec::new(); self.n_nodes()];
        self.edges().iter().enumerate().for_each(|(row, edge)| inputs[edge.target].push(row));
        write_atomic(targets, ctx, |out| write_targets(self, &ids, &inputs, &hills, out))?;
        write_atomic(regulators, ctx, |out| write_masters(&ids, &masters, &rates, out))
    }

    /// The rates, all of them there where they belong.
    fn checked_rates(&self, masters: &[usize]) -> Result<Array2<f64>> {
        if masters.is_empty() {
            return Err(Error::data("the network has no master regulator: every node has an incoming edge"));
        }
        let labels = self.labels();
        let rates = self.rates()?.ok_or_else(|| {
            Error::data("the master regulators have no production rates").with_hint(
                "the .truth of sergio(..) has them, and set_attribute(\"rate_0\", #{ name: 0.5 }) gives those of the \
                 first cell type",
            )
        })?;
        let mut is_master = vec![false; self.n_nodes()];
        masters.iter().for_each(|&node| is_master[node] = true);
        for ((node, cell_type), &rate) in rates.indexed_iter() {
            let name = labels.get(node);
            if is_master[node] && (!rate.is_finite() || rate < 0.0) {
                let attribute = format!("rate_{cell_type}");
                return Err(Error::data(format!("the master regulator '{name}' has {rate} as its '{attribute}'"))
                    .with_hint(format!("set_attribute(\"{attribute}\", ..) takes finite numbers, 0 or more")));
            }
            if !is_master[node] && !rate.is_nan() {
                return Err(Error::data(format!("'{name}' has a production rate, but also regulators of its own"))
                    .with_hint("only master regulators have rates, for other nodes they are NaN"));
            }
        }
        Ok(rates)
    }
}

/// The numbers of the genes: their names where these are numbers without gaps, otherwise their positions.
fn gene_numbers(graph: &Graph) -> Vec<usize> {
    let count = graph.n_nodes();
    let id = |name: &str| name.parse::<usize>().ok().filter(|id| *id < count && id.to_string() == name);
    // Names are distinct.
    graph.labels().iter().map(id).collect::<Option<Vec<_>>>().unwrap_or_else(|| (0..count).collect())
}

/// Ids and counts have a decimal point, as in the published files: SERGIO's second version compares ids as texts.
fn write_targets(
    graph: &Graph,
    ids: &[usize],
    inputs: &[Vec<usize>],
    hills: &[f64],
    out: &mut dyn Write,
) -> Written<()> {
    for (node, rows) in inputs.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        write!(out, "{}.0,{}.0", ids[node], rows.len())?;
        let edges: Vec<_> = rows.iter().map(|&row| &graph.edges()[row]).collect();
        edges.iter().try_for_each(|edge| write!(out, ",{}.0", ids[edge.source]))?;
        edges.iter().try_for_each(|edge| write!(out, ",{}", exact(edge.weight)))?;
        rows.iter().try_for_each(|&row| write!(out, ",{}", exact(hills[row])))?;
        writeln!(out)?;
    }
    Ok(())
}

fn write_masters(ids: &[usize], masters: &[usize], rates: &Array2<f64>, out: &mut dyn Write) -> Written<()> {
    for &node in masters {
        write!(out, "{}.0", ids[node])?;
        rates.row(node).iter().try_for_each(|&rate| write!(out, ",{}", exact(rate)))?;
        writeln!(out)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    /// The network of two files with these lines.
    fn network(targets: &str, regulators: &str, shared_hill: f64) -> Result<Graph> {
        let folder = tempfile::tempdir().unwrap();
        let [t, r] = ["t.txt", "r.txt"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&t, targets).unwrap();
        std::fs::write(&r, regulators).unwrap();
        Graph::read_sergio(&t, &r, shared_hill, &Context::new())
    }

    #[test]
    fn interactions_hill_coefficients_and_rates() {
        let g = network("2.0,2.0,0.0,1.0,-1.5,2.5,2.0,3\r\n", "0,0.5,1\n1.0,0,2\n\n", 0.0).unwrap();
        assert_eq!(g.labels().as_slice(), ["0", "1", "2"]);
        assert_eq!(g.edges(), [Edge::new(0, 2, -1.5).directed(), Edge::new(1, 2, 2.5).directed()]);
        assert_eq!((g.hill().unwrap(), g.regulators().unwrap()), (vec![2.0, 3.0], vec![0, 1]));
        let rates = g.rates().unwrap().unwrap();
        assert_eq!(rates.row(1).to_vec(), [0.0, 2.0]);
        assert!(rates.row(2).iter().all(|rate| rate.is_nan()));
        for line in ["1,1,0,2", "1,1,0,2,4"] {
            assert_eq!(network(line, "0,1", 1.5).unwrap().hill().unwrap(), [1.5]);
        }
        assert!(network("1,1,0,2", "0,1", -1.0).is_err());
    }

    #[test]
    fn malformed_files_are_explained() {
        for (targets, regulators, part) in [
            ("1.5,1,0,1,2", "0,1", "t.txt': line 1: '1.5' is not the number of a gene"),
            ("1,1,0,1,2\n3,1,0,1,2", "0,1", "line 2: gene 3 is there, but gene 2 is in neither file"),
            ("0,1,1,1,2", "0,1\n1,1", "t.txt': line 1: gene 0 is in"),
            ("1,1,0,1,2\n1,1,0,1,2", "0,1", "line 2: gene 1 is in"),
            ("2,2,0,0,1,1,2,2", "0,1\n1,1", "gene 2 has the regulator 0 twice"),
            ("1,1,0,0,2", "0,1", "gene 1 has '0' as the interaction strength of regulator 0"),
            ("1,1,0,1", "0,1", "gene 1 has 1 regulators and 2 numbers about them"),
            ("1,1e15,0,1", "0,1", "numbers about them"),
            ("1", "0,1", "gene 1 stands alone"),
            ("1,0", "0,1", "gene 1 has no regulators"),
            ("1,x,0,1,2", "0,1", "gene 1 has 'x' as its number of regulators"),
            ("1,1,0,1,0", "0,1", "gene 1 has '0' as the Hill coefficient of regulator 0"),
            ("1,1,7,1,2", "0,1", "gene 1 has the regulator 7, which is in neither file"),
            ("1,1,1,1,2", "0,1", "gene 1 regulates itself"),
            ("2,1,0,1,2", "0,1\n1,1,2", "r.txt': line 2: gene 1 has 2 production rates, that in line 1 has 1"),
            ("1,1,0,1,2", "0,-1", "gene 0 has '-1' as its production rate in cell type 0"),
            ("1,1,0,1,2", "0,inf", "gene 0 has 'inf'"),
            ("1,1,0,1,2", "0", "gene 0 has no production rate"),
            ("", "", "r.txt': the file has no master regulator"),
        ] {
            let error = network(targets, regulators, 0.0).unwrap_err();
            assert!(error.message().contains(part), "{targets} and {regulators}: {error}");
        }
        // Not acyclic, but read.
        assert!(network("1,2,0,2,1,1,2,2\n2,1,1,1,2", "0,1", 0.0).unwrap().find_cycle().is_some());
    }

    #[test]
    fn what_the_files_cannot_hold_is_refused() {
        let write = |g: &Graph| {
            let folder = tempfile::tempdir().unwrap();
            let [t, r] = ["t.txt", "r.txt"].map(|name| folder.path().join(name).display().to_string());
            g.write_sergio(&t, &r, &Context::new()).map_err(|error| error.to_string())
        };
        let edges = vec![Edge::new(0, 1, 1.0)];
        let g = Graph::new(2, None, true, edges.clone()).unwrap();
        let rates = |a: f64, b: f64| g.with_node_attribute("rate_0", Column::numbers(vec![a, b])).unwrap();
        assert!(write(&g).unwrap_err().contains(".truth"));
        assert!(write(&rates(f64::NAN, f64::NAN)).unwrap_err().contains("'x0' has NaN as its 'rate_0'"));
        assert!(write(&rates(1.0, 1.0)).unwrap_err().contains("'x1' has a production rate"));
        assert_eq!(write(&rates(1.0, f64::NAN)), Ok(()));
        assert!(write(&Graph::new(2, None, false, edges).unwrap()).unwrap_err().contains("directed"));
        assert!(g.write_sergio("a", "a", &Context::new()).unwrap_err().message().contains("both files"));
    }

    #[test]
    fn genes_are_numbered_by_names_that_are_numbers() {
        let named = |names: [&str; 2]| {
            let names = Names::new(names.map(String::from).to_vec(), "nodes").unwrap();
            gene_numbers(&Graph::new(2, Some(names), true, Vec::new()).unwrap())
        };
        assert_eq!((named(["1", "0"]), named(["1", "2"]), named(["01", "0"])), (vec![1, 0], vec![0, 1], vec![0, 1]));
    }
}
