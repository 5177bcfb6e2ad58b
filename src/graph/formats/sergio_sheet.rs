//! The lines of SERGIO's files, checked.

use std::collections::{HashMap, HashSet};

use ndarray::Array2;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::Edge;

/// A line of a file: a gene and the cells behind it.
struct Gene<'a> {
    id: usize,
    line: usize,
    cells: Vec<&'a str>,
}

/// A file.
pub(super) struct Sheet<'a> {
    path: &'a str,
    genes: Vec<Gene<'a>>,
}

/// The parts of a target's line, an entry a regulator. The Hill coefficients may be absent where all edges share one.
struct Inputs<'g> {
    regulators: &'g [&'g str],
    strengths: &'g [&'g str],
    hills: &'g [&'g str],
}

impl<'a> Sheet<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// A line that does not begin with the number of a gene.
    pub fn read(path: &'a str, bytes: &'a [u8], ctx: &Context) -> Result<Self> {
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|_| Error::data(format!("'{path}': the file is not text in UTF-8")))?;
        let mut genes = Vec::new();
        for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if index % 1024 == 0 {
                ctx.check()?;
            }
            if line.trim().is_empty() {
                continue;
            }
            let mut cells = line.split(',').map(str::trim);
            let first = cells.next().unwrap_or_default();
            let id = whole(first).ok_or_else(|| {
                Error::data(format!("'{path}': line {}: '{first}' is not the number of a gene", index + 1))
                    .with_hint("genes are numbered 0, 1, ...; numbers are separated by commas")
            })?;
            genes.push(Gene { id, line: index + 1, cells: cells.collect() });
        }
        Ok(Self { path, genes })
    }

    /// An error about a gene, whose name the message begins with.
    fn wrong(&self, gene: &Gene<'_>, message: &str) -> Error {
        Error::data(format!("'{}': line {}: gene {} {message}", self.path, gene.line, gene.id))
    }

    /// The edges among so many genes, and their Hill coefficients.
    pub fn edges(&self, count: usize, shared_hill: f64, ctx: &Context) -> Result<(Vec<Edge>, Vec<f64>)> {
        let (mut edges, mut hills) = (Vec::new(), Vec::new());
        for gene in &self.genes {
            ctx.check()?;
            let inputs = self.inputs(gene, shared_hill > 0.0)?;
            let mut seen = HashSet::with_capacity(inputs.regulators.len());
            for (row, (regulator, strength)) in inputs.regulators.iter().zip(inputs.strengths).enumerate() {
                let source = self.regulator(gene, regulator, count)?;
                if !seen.insert(source) {
                    return Err(self.wrong(gene, &format!("has the regulator {source} twice")));
                }
                let weight = number(strength).filter(|weight| *weight != 0.0).ok_or_else(|| {
                    self.wrong(gene, &format!("has '{strength}' as the interaction strength of regulator {source}"))
                        .with_hint("interaction strengths are finite and not 0")
                })?;
                let hill = match shared_hill > 0.0 {
                    true => shared_hill,
                    false => self.hill(gene, inputs.hills[row], source)?,
                };
                edges.push(Edge::new(source, gene.id, weight).directed());
                hills.push(hill);
            }
        }
        Ok((edges, hills))
    }

    fn inputs<'g>(&self, gene: &'g Gene<'_>, shares_hill: bool) -> Result<Inputs<'g>> {
        let Some((first, cells)) = gene.cells.split_first() else {
            return Err(self.wrong(gene, "stands alone, without its regulators"));
        };
        let wrong_count = || self.wrong(gene, &format!("has '{first}' as its number of regulators"));
        let count = whole(first).ok_or_else(wrong_count)?;
        if count == 0 {
            return Err(self.wrong(gene, "has no regulators").with_hint(
                "a gene without regulators is a master regulator: its line, with rates, belongs into the other file",
            ));
        }
        let given = cells.len();
        let fits = given == count.saturating_mul(3) || (shares_hill && given == count.saturating_mul(2));
        if !fits {
            let message = format!("has {count} regulators and {given} numbers about them, not three for each");
            return Err(self.wrong(gene, &message).with_hint(
                "a line is: gene, n, n regulators, n interaction strengths, n Hill coefficients; the last may be \
                 absent with shared_coop_state",
            ));
        }
        let (regulators, cells) = cells.split_at(count);
        let (strengths, hills) = cells.split_at(count);
        Ok(Inputs { regulators, strengths, hills })
    }

    fn regulator(&self, gene: &Gene<'_>, text: &str, count: usize) -> Result<usize> {
        let source =
            whole(text).ok_or_else(|| self.wrong(gene, &format!("has '{text}' as the number of a regulator")))?;
        if source >= count {
            return Err(self.wrong(gene, &format!("has the regulator {source}, which is in neither file")));
        }
        if source == gene.id {
            return Err(self.wrong(gene, "regulates itself").with_hint("graphs here have no loops: delete it"));
        }
        Ok(source)
    }

    fn hill(&self, gene: &Gene<'_>, text: &str, source: usize) -> Result<f64> {
        number(text).filter(|&hill| hill > 0.0).ok_or_else(|| {
            self.wrong(gene, &format!("has '{text}' as the Hill coefficient of regulator {source}"))
                .with_hint("Hill coefficients are positive numbers")
        })
    }

    /// The rates of the genes in this file, genes x cell types, NaN for all others.
    pub fn rates(&self, count: usize, ctx: &Context) -> Result<Array2<f64>> {
        let Some(first) = self.genes.first() else {
            return Err(Error::data(format!("'{}': the file has no master regulator", self.path))
                .with_hint("a line is: gene, one production rate for each cell type"));
        };
        let types = first.cells.len();
        if types == 0 {
            return Err(self.wrong(first, "has no production rate"));
        }
        let _held = ctx.reserve_matrices(2, count, types)?;
        let mut rates = Array2::from_elem((count, types), f64::NAN);
        for gene in &self.genes {
            ctx.check()?;
            if gene.cells.len() != types {
                let (line, given) = (first.line, gene.cells.len());
                return Err(self.wrong(gene, &format!("has {given} production rates, that in line {line} has {types}")));
            }
            for (cell_type, text) in gene.cells.iter().enumerate() {
                rates[(gene.id, cell_type)] = number(text).filter(|&rate| rate >= 0.0).ok_or_else(|| {
                    self.wrong(gene, &format!("has '{text}' as its production rate in cell type {cell_type}"))
                        .with_hint("production rates are finite numbers, 0 or more")
                })?;
            }
        }
        Ok(rates)
    }
}

/// Checks that the genes are numbered without gaps and that each is in one file; gives their number.
pub(super) fn check_genes(targets: &Sheet<'_>, masters: &Sheet<'_>) -> Result<usize> {
    let count = targets.genes.len() + masters.genes.len();
    let mut seen = HashMap::with_capacity(count);
    let mut largest: Option<(&Sheet<'_>, &Gene<'_>)> = None;
    for sheet in [masters, targets] {
        for gene in &sheet.genes {
            if let Some((path, line)) = seen.insert(gene.id, (sheet.path, gene.line)) {
                return Err(sheet.wrong(gene, &format!("is in '{path}' already, line {line}")).with_hint(
                    "every gene has one line: with rates if it is a master regulator, with regulators if not",
                ));
            }
            if largest.is_none_or(|(_, other)| gene.id > other.id) {
                largest = Some((sheet, gene));
            }
        }
    }
    let gap = (0..count).find(|id| !seen.contains_key(id));
    match (gap, largest) {
        (Some(gap), Some((sheet, gene))) => Err(sheet
            .wrong(gene, &format!("is there, but gene {gap} is in neither file"))
            .with_hint("genes are numbered 0, 1, ..., without gaps")),
        _ => Ok(count),
    }
}

/// A finite number.
fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A whole number, perhaps written as `53.0`.
fn whole(text: &str) -> Option<usize> {
    const MOST: f64 = 9e15;
    number(text).filter(|value| value.fract() == 0.0 && (0.0..MOST).contains(value)).map(|value| value as usize)
}
