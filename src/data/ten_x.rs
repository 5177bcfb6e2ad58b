//! Counts of single cells as the programs of 10x Genomics write them: a folder of three files, each perhaps packed.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::csv::each_text_row;
use super::mtx::read_mtx_transposed;
use super::sparse_entries::or_sparse;
use super::{Matrix, Names, SparseMatrix, file};
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};

/// The type of a feature that is a gene.
pub const GENE_EXPRESSION: &str = "Gene Expression";

/// Bytes that a line takes beside its cells, and a cell beside its letters: as they are read, in the list of names and among
/// those that are looked up.
const LINE: usize = 128;
const CELL: usize = 56;

/// As many names are listed in a warning.
const LISTED: usize = 3;

/// What [`read_10x`] is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenX {
    /// Whether genes are called by their ids, which are unique, instead of their symbols.
    pub ids: bool,
    /// The type of the features that are read, by their third column; all of them without it.
    pub kind: Option<String>,
}

impl Default for TenX {
    fn default() -> Self {
        Self { ids: false, kind: Some(GENE_EXPRESSION.into()) }
    }
}

/// A feature of the file: id, symbol, type.
struct Feature {
    id: String,
    symbol: String,
    kind: Option<String>,
}

/// Reads a folder with `matrix.mtx`, `features.tsv` or `genes.tsv`, and `barcodes.tsv`, each perhaps with `.gz` behind it:
/// counts, cells x genes, named by genes and barcodes. Beside them what the user should know: features of other types
/// that were left out, and genes of one name, of which all but the first get a number behind it.
///
/// # Errors
/// A file that is not there or cannot be read, numbers of genes and cells that differ between the files, no feature of
/// the type, barcodes that occur twice, memory.
pub fn read_10x(folder: &str, what: &TenX, ctx: &Context) -> Result<(Matrix, Vec<String>)> {
    let (counts, warnings) = read_10x_sparse(folder, what, ctx)?;
    Ok((counts.matrix(ctx).map_err(or_sparse)?, warnings))
}

/// The same as a sparse matrix; a dense one is never made.
///
/// # Errors
/// As [`read_10x`].
pub fn read_10x_sparse(folder: &str, what: &TenX, ctx: &Context) -> Result<(SparseMatrix, Vec<String>)> {
    let matrix = find(folder, &["matrix.mtx"], ctx)?;
    let features_file = find(folder, &["features.tsv", "genes.tsv"], ctx)?;
    let barcodes_file = find(folder, &["barcodes.tsv"], ctx)?;
    let (features, _features) = features(&features_file, ctx)?;
    let (barcodes, _barcodes) = lines(&barcodes_file, ctx)?;
    let counts = read_mtx_transposed(&matrix, ctx)?;
    for (found, expected, what, place) in [
        (features.len(), counts.cols(), "genes", &features_file),
        (barcodes.len(), counts.rows(), "cells", &barcodes_file),
    ] {
        if found != expected {
            return Err(Error::data(format!("'{matrix}' has {expected} {what}, '{place}' has {found}"))
                .with_hint("genes are the rows of matrix.mtx, cells its columns"));
        }
    }
    let mut warnings = Vec::new();
    let kept = kept(&features, what.kind.as_deref(), &features_file, &mut warnings)?;
    let names = kept.iter().map(|&j| if what.ids { &features[j].id } else { &features[j].symbol });
    let names = distinct(names, "genes", &mut warnings);
    let counts = if kept.len() == counts.cols() { counts } else { counts.pick_columns(&kept) };
    let cells =
        Names::new(barcodes.into_iter().map(|line| line.into_iter().next().unwrap_or_default()).collect(), "cells")
            .map_err(|error| error.at(format!("'{barcodes_file}'")))?;
    Ok((counts.with_names(Some(Names::new(names, "genes")?))?.with_row_names(Some(cells))?, warnings))
}

/// The first of these files that is in the folder.
fn find(folder: &str, names: &[&str], ctx: &Context) -> Result<String> {
    let place = Path::new(folder);
    ctx.files().check_read(place)?;
    let candidates = names.iter().flat_map(|name| [(*name).to_string(), format!("{name}.gz")]);
    let found = candidates.map(|name| place.join(name)).find(|path| ctx.files().is_file(path));
    if let Some(path) = found {
        return Ok(path.to_string_lossy().into_owned());
    }
    let listed = names.iter().map(|name| format!("{name} or {name}.gz")).collect::<Vec<_>>().join(", ");
    let error = Error::file(format!("there is no {listed} in '{folder}'"));
    Err(match ctx.files().is_folder(place) {
        true => error.with_hint("the folder that holds matrix.mtx is wanted, such as filtered_feature_bc_matrix"),
        false => error.with_hint(format!("'{folder}' is no folder")),
    })
}

/// The cells of every line of a file whose columns are separated by tabs, and their memory.
fn lines(path: &str, ctx: &Context) -> Result<(Vec<Vec<String>>, Reservation)> {
    let bytes = file::read_bytes(path, ctx)?;
    // A line may be a letter, and is a list of texts.
    let count = bytes.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count() + 1;
    let cells = bytes.iter().filter(|&&byte| byte == b'\t').count() + count;
    let held = ctx.reserve(bytes.len().saturating_add(count.saturating_mul(LINE) + cells.saturating_mul(CELL)))?;
    let mut lines = Vec::new();
    let text = |cell: &&str| cell.trim().to_string();
    each_text_row(&bytes, b'\t', ctx, |_, cells| {
        lines.push(cells.iter().map(text).collect());
        Ok(())
    })
    .map_err(|error| error.at(format!("'{path}'")))?;
    Ok((lines, held))
}

fn features(path: &str, ctx: &Context) -> Result<(Vec<Feature>, Reservation)> {
    let feature = |line: Vec<String>| {
        let mut cells = line.into_iter();
        let id = cells.next().unwrap_or_default();
        let symbol = cells.next().filter(|symbol| !symbol.is_empty()).unwrap_or_else(|| id.clone());
        Feature { id, symbol, kind: cells.next() }
    };
    let (lines, held) = lines(path, ctx)?;
    Ok((lines.into_iter().map(feature).collect(), held))
}

/// Positions of the features that are of a type, or have none.
fn kept(features: &[Feature], kind: Option<&str>, path: &str, warnings: &mut Vec<String>) -> Result<Vec<usize>> {
    let is_kept = |feature: &Feature| match (kind, &feature.kind) {
        (Some(wanted), Some(kind)) => wanted == kind,
        _ => true,
    };
    let kept: Vec<usize> = (0..features.len()).filter(|&j| is_kept(&features[j])).collect();
    let mut others: Vec<&str> =
        features.iter().filter(|feature| !is_kept(feature)).filter_map(|f| f.kind.as_deref()).collect();
    let left_out = others.len();
    others.sort_unstable();
    others.dedup();
    if let (true, Some(kind)) = (kept.is_empty() && left_out > 0, kind) {
        return Err(Error::data(format!("'{path}' has no feature of the type \"{kind}\""))
            .with_nearest(kind, others.iter().copied())
            .or_hint(format!("types: {}", others.join(", "))));
    }
    if left_out > 0 {
        warnings.push(format!(
            "{left_out} of {} features are of other types and left out: {}",
            features.len(),
            others.join(", ")
        ));
    }
    Ok(kept)
}

/// The names, a number behind those that were there before; `what` says of what.
pub(super) fn distinct<'a>(
    names: impl Iterator<Item = &'a String> + Clone,
    what: &str,
    warnings: &mut Vec<String>,
) -> Vec<String> {
    let taken: HashSet<&str> = names.clone().map(String::as_str).collect();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut again: Vec<&str> = Vec::new();
    let mut count = 0;
    let mut all = Vec::new();
    let mut made: HashSet<String> = HashSet::new();
    for name in names {
        let number = seen.entry(name).or_insert(0);
        *number += 1;
        if *number == 1 {
            all.push(name.clone());
            continue;
        }
        if *number == 2 {
            again.push(name);
        }
        count += 1;
        let mut candidate = format!("{name}.{number}");
        while taken.contains(candidate.as_str()) || made.contains(&candidate) {
            *number += 1;
            candidate = format!("{name}.{number}");
        }
        made.insert(candidate.clone());
        all.push(candidate);
    }
    if count > 0 {
        let more = if again.len() > LISTED { ", ..." } else { "" };
        let listed = again.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
        warnings.push(format!(
            "{count} {what} have the name of one before them and got a number behind it, such as '{}.2' ({listed}{more})",
            again[0]
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(folder.path().join(name), text).unwrap());
        folder
    }

    const MATRIX: &str = "%%MatrixMarket matrix coordinate integer general\n4 3 4\n1 1 5\n2 1 1\n4 3 7\n3 2 9\n";
    const FEATURES: &str = "ENSG1\tTP53\tGene Expression\nENSG2\tMATR3\tGene Expression\nAB1\tCD3\tAntibody Capture\n\
                            ENSG4\tMATR3\tGene Expression\n";
    const BARCODES: &str = "AAAC-1\nAAAG-1\nAAAT-1\n";

    fn read(files: &[(&str, &str)], what: &TenX) -> Result<(Matrix, Vec<String>)> {
        read_10x(&folder(files).path().to_string_lossy(), what, &Context::new())
    }

    #[test]
    fn cells_are_rows_and_genes_are_named_once() {
        let files = [("matrix.mtx", MATRIX), ("features.tsv", FEATURES), ("barcodes.tsv", BARCODES)];
        let (x, warnings) = read(&files, &TenX::default()).unwrap();
        assert_eq!(x.as_slice(), [5.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]);
        assert_eq!(x.names().unwrap().as_slice(), ["TP53", "MATR3", "MATR3.2"]);
        assert_eq!(x.row_names().unwrap().as_slice(), ["AAAC-1", "AAAG-1", "AAAT-1"]);
        assert!(warnings[0].contains("1 of 4 features are of other types and left out: Antibody"), "{warnings:?}");
        assert!(warnings[1].contains("'MATR3.2' (MATR3)"), "{warnings:?}");
        let kept = folder(&files);
        let (place, ctx) = (kept.path().to_string_lossy().into_owned(), Context::new());
        let (sparse, _) = read_10x_sparse(&place, &TenX::default(), &ctx).unwrap();
        assert_eq!((sparse.nnz(), sparse.matrix(&ctx).unwrap()), (3, x));
        let (x, warnings) = read(&files, &TenX { ids: true, kind: None }).unwrap();
        assert_eq!((x.names().unwrap().as_slice()[2].as_str(), x.cols(), warnings.len()), ("AB1", 4, 0));
    }

    #[test]
    fn names_with_numbers_of_their_own_are_kept() {
        let names = ["a", "a.2", "a", "a"].map(String::from);
        assert_eq!(distinct(names.iter(), "genes", &mut Vec::new()), ["a", "a.2", "a.3", "a.4"]);
    }

    #[test]
    fn the_files_of_older_programs_are_read() {
        let genes = "ENSG1\tTP53\nENSG2\tMATR3\nENSG3\t\nENSG4\tCD3\n";
        let files = [("matrix.mtx", MATRIX), ("genes.tsv", genes), ("barcodes.tsv", BARCODES)];
        let (x, warnings) = read(&files, &TenX::default()).unwrap();
        assert_eq!((x.names().unwrap().as_slice()[2].as_str(), x.cols(), warnings.len()), ("ENSG3", 4, 0));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let short = "AAAC-1\nAAAG-1\n";
        for (files, part) in [
            (vec![("matrix.mtx", MATRIX), ("features.tsv", FEATURES)], "no barcodes.tsv or barcodes.tsv.gz"),
            (vec![("features.tsv", FEATURES)], "no matrix.mtx"),
            (vec![("matrix.mtx", MATRIX), ("features.tsv", FEATURES), ("barcodes.tsv", short)], "has 3 cells"),
        ] {
            let error = read(&files, &TenX::default()).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        let files = [("matrix.mtx", MATRIX), ("features.tsv", FEATURES), ("barcodes.tsv", BARCODES)];
        let error = read(&files, &TenX { ids: false, kind: Some("antibody capture".into()) }).unwrap_err();
        assert!(error.hint().is_some_and(|hint| hint.contains("Antibody Capture")), "{error}");
        assert!(read_10x("no such folder", &TenX::default(), &Context::new()).is_err());
    }
}
