//! Files of AnnData (`.h5ad`), which are HDF5: a matrix of cells x genes, dense or compressed by row or column, and tables
//! of cells and genes of which the names are read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use hdf5_reader::error::Error as Hdf5Error;
use hdf5_reader::group::Group;
use hdf5_reader::storage::{DynStorage, FileStorage};
use hdf5_reader::{
    Attribute, Dataset, Datatype, H5Type, HDF5_MAX_CHUNK_BYTES, Hdf5File, OpenOptions, SliceInfo, SliceInfoElem,
};

use super::file::cannot;
use super::sparse_entries::{Collect, Dense, Triplets};
use super::ten_x::distinct;
use super::{Matrix, Names, SparseMatrix};
use crate::context::Context;
use crate::detached::detached;
use crate::error::{Error, ErrorKind, Result};

/// Numbers that are read in one piece, if the chunks of the file are not larger.
const PIECE: usize = 1 << 20;
/// Bytes of a name with what holds it.
const NAME: usize = 100;

/// Reads a matrix of an AnnData file, cells x genes with their names: `X`, the layer of a name, or `raw.X` for the layer
/// "raw". Beside it what the user should know: of several cells or genes of one name, all but the first get a number
/// behind it.
///
/// # Errors
/// A file that cannot be read or is damaged, no such layer, numbers of other types, tables as AnnData before 0.7 wrote them,
/// memory.
pub fn read_h5ad(path: &str, layer: Option<&str>, ctx: &Context) -> Result<(Matrix, Vec<String>)> {
    read::<Dense>(path, layer, ctx)
}

/// The same as a sparse matrix; a dense one is never made.
///
/// # Errors
/// As [`read_h5ad`].
pub fn read_h5ad_sparse(path: &str, layer: Option<&str>, ctx: &Context) -> Result<(SparseMatrix, Vec<String>)> {
    read::<Triplets>(path, layer, ctx)
}

fn read<C: Collect>(path: &str, layer: Option<&str>, ctx: &Context) -> Result<(C::Whole, Vec<String>)> {
    let place = Path::new(path).to_path_buf();
    let opened = ctx.files().open(&place)?;
    let (name, layer, own) = (path.to_string(), layer.map(String::from), ctx.clone());
    // A chunk is unpacked in one piece, which an interrupt does not wait for; and a damaged file at which the reader of HDF5
    // fails ends this thread alone.
    let read = detached(ctx, move || {
        let file = open(opened, &place)?;
        let whole = Source { file, ctx: own }.read::<C>(layer.as_deref());
        whole.map_err(|error| error.at(format!("'{name}'")))
    });
    match read {
        Err(error) if error.kind() == ErrorKind::Internal => Err(Error::data(format!("'{path}' is damaged"))),
        read => read?,
    }
}

fn open(file: File, path: &Path) -> Result<Hdf5File> {
    // Every chunk is read once, and how large it may be is for the memory budget to say.
    let options = OpenOptions::default().with_chunk_cache_bytes(0).with_max_chunk_bytes(HDF5_MAX_CHUNK_BYTES);
    let storage = FileStorage::from_file(file).map(|storage| -> DynStorage { Arc::new(storage) });
    let opened = storage.and_then(|storage| Hdf5File::from_storage_with_options(storage, options));
    opened.map_err(|error| match error {
        Hdf5Error::Io(error) => cannot("read", path, &error),
        Hdf5Error::InvalidMagic => Error::data(format!("'{}' is not HDF5, which .h5ad files are", path.display()))
            .with_hint("unpack a file that gzip has packed; a .loom or .rds file is something else"),
        other => failed(&other).at(format!("'{}'", path.display())),
    })
}

/// The error for what the reader of HDF5 reports.
fn failed(error: &Hdf5Error) -> Error {
    let mut inner = error;
    while let Hdf5Error::Context { source, .. } = inner {
        inner = source;
    }
    match inner {
        Hdf5Error::Io(error) => Error::file(error.to_string()),
        Hdf5Error::UnsupportedFilter(filter) => {
            Error::data(format!("it is packed in a way that is not read ({filter})"))
                .with_hint("write it in Python with compression=\"gzip\", or without: data.write_h5ad(path)")
        }
        _ => Error::data(format!("not readable as HDF5: {error}")),
    }
}

fn is_absent(error: &Hdf5Error) -> bool {
    match error {
        Hdf5Error::Context { source, .. } => is_absent(source),
        other => matches!(other, Hdf5Error::DatasetNotFound(_) | Hdf5Error::GroupNotFound(_)),
    }
}

/// What stands at a place of a file.
enum Stored {
    Dataset(Box<Dataset>),
    Group(Group),
}

/// What a group holds under a name.
fn child(group: &Group, name: &str) -> Result<Option<Stored>> {
    match group.dataset(name) {
        Ok(dataset) => return Ok(Some(Stored::Dataset(Box::new(dataset)))),
        Err(error) if !is_absent(&error) => return Err(failed(&error)),
        Err(_) => {}
    }
    match group.group(name) {
        Ok(group) => Ok(Some(Stored::Group(group))),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

fn dataset_of(group: &Group, name: &str) -> Result<Dataset> {
    match child(group, name)? {
        Some(Stored::Dataset(dataset)) => Ok(*dataset),
        _ => Err(Error::data(format!("'{}' has no '{name}'", group.name()))),
    }
}

/// Text of an attribute, where there is one.
fn text(group: &Group, name: &str) -> Option<String> {
    group.attribute(name).ok()?.read_string().ok()
}

/// Whole numbers of an attribute.
fn counts(attribute: &Attribute) -> Option<Vec<usize>> {
    fn all<T: H5Type>(attribute: &Attribute, count: fn(T) -> Option<usize>) -> Option<Vec<usize>> {
        attribute.read_1d::<T>().ok()?.into_iter().map(count).collect()
    }
    match attribute.datatype {
        Datatype::FixedPoint { size: 8, signed: true, .. } => all::<i64>(attribute, |count| count.try_into().ok()),
        Datatype::FixedPoint { size: 8, signed: false, .. } => all::<u64>(attribute, |count| count.try_into().ok()),
        Datatype::FixedPoint { size: 4, signed: true, .. } => all::<i32>(attribute, |count| count.try_into().ok()),
        Datatype::FixedPoint { size: 4, signed: false, .. } => all::<u32>(attribute, |count| count.try_into().ok()),
        _ => None,
    }
}

/// An open file.
struct Source {
    file: Hdf5File,
    ctx: Context,
}

impl Source {
    fn read<C: Collect>(&self, layer: Option<&str>) -> Result<(C::Whole, Vec<String>)> {
        let root = self.file.root_group().map_err(|error| failed(&error))?;
        let (stored, place, genes) = self.find(&root, layer)?;
        let shape @ [rows, cols] = shape(&stored).map_err(|error| error.at(&place))?;
        // First, because what a damaged file says of its shape does not go with them.
        let mut warnings = Vec::new();
        let cells = self.names(&root, "obs", rows, "cells", &mut warnings)?;
        let genes = self.names(genes.as_ref().unwrap_or(&root), "var", cols, "genes", &mut warnings)?;
        let whole = match &stored {
            Stored::Dataset(dataset) => self.dense::<C>(dataset, shape),
            Stored::Group(group) => self.compressed::<C>(group, shape),
        };
        let whole = whole.map_err(|error| error.at(&place))?;
        Ok((whole.end(Some(cells), Some(genes), &self.ctx)?, warnings))
    }

    /// The matrix that is wanted, what messages call it, and the group whose genes it has if that is not the root.
    fn find(&self, root: &Group, layer: Option<&str>) -> Result<(Stored, String, Option<Group>)> {
        let group = |name: &str| -> Result<Option<Group>> {
            Ok(match child(root, name)? {
                Some(Stored::Group(group)) => Some(group),
                _ => None,
            })
        };
        let layers = group("layers")?;
        let (place, parent, name) = match layer {
            None => ("X".to_string(), Some(root.clone()), "X"),
            Some("raw") => ("raw/X".to_string(), group("raw")?, "X"),
            Some(name) => (format!("layers/{name}"), layers.clone(), name),
        };
        let found = match &parent {
            Some(parent) => child(parent, name)?,
            None => None,
        };
        let genes = parent.filter(|_| layer == Some("raw"));
        match found {
            Some(stored) => Ok((stored, place, genes)),
            None => Err(absent(&place, layer, layers.as_ref())),
        }
    }

    /// The numbers of a dataset of two dimensions.
    fn dense<C: Collect>(&self, dataset: &Dataset, [rows, cols]: [usize; 2]) -> Result<C> {
        let mut whole = C::begin(rows, cols, &self.ctx)?;
        let (high, wide) = match dataset.chunks().as_deref() {
            Some(&[high, wide]) => (high as usize, wide as usize),
            _ => (1, 1),
        };
        let wide = multiple(wide, PIECE / high.clamp(1, PIECE), cols);
        let high = multiple(high, PIECE / wide, rows);
        for top in (0..rows).step_by(high) {
            for left in (0..cols).step_by(wide) {
                let (bottom, right) = (rows.min(top + high), cols.min(left + wide));
                let numbers = self.piece(dataset, &[(top, bottom), (left, right)])?;
                whole.make_room(numbers.len(), &self.ctx)?;
                for (i, line) in numbers.chunks(right - left).enumerate() {
                    line.iter().enumerate().for_each(|(j, &value)| whole.add(top + i, left + j, value));
                }
            }
        }
        Ok(whole)
    }

    /// The numbers of a group that holds a matrix compressed by row or by column.
    fn compressed<C: Collect>(&self, group: &Group, [rows, cols]: [usize; 2]) -> Result<C> {
        let encoding = text(group, "encoding-type").or_else(|| text(group, "h5sparse_format")).unwrap_or_default();
        let is_by_row = match encoding.as_str() {
            "csr_matrix" | "csr" => true,
            "csc_matrix" | "csc" => false,
            other => {
                return Err(Error::data(format!("it is stored as \"{other}\""))
                    .with_hint("a dense matrix, csr_matrix and csc_matrix are read"));
            }
        };
        let part = |name: &str| dataset_of(group, name);
        let (data, indices) = (part("data")?, part("indices")?);
        let (lines, across) = if is_by_row { (rows, cols) } else { (cols, rows) };
        let ends = self.ends(&part("indptr")?, lines, &data, &indices)?;
        let mut whole = C::begin(rows, cols, &self.ctx)?;
        let (count, mut line) = (ends.last().copied().unwrap_or_default(), 0);
        let step = multiple(chunk(&data), PIECE.max(chunk(&indices)), count);
        for start in (0..count).step_by(step) {
            let range = [(start, count.min(start + step))];
            let (values, positions) = (self.piece(&data, &range)?, self.piece(&indices, &range)?);
            whole.make_room(values.len(), &self.ctx)?;
            for (entry, (&value, &position)) in (start..).zip(values.iter().zip(&positions)) {
                while ends[line + 1] <= entry {
                    line += 1;
                }
                let other = whole_number(position)
                    .filter(|&other| other < across)
                    .ok_or_else(|| Error::data(format!("its index {position} is outside {rows} x {cols}")))?;
                let (row, col) = if is_by_row { (line, other) } else { (other, line) };
                whole.add(row, col, value);
            }
        }
        Ok(whole)
    }

    /// Where the entries of each row or column begin, and where the last ones end.
    fn ends(&self, indptr: &Dataset, lines: usize, data: &Dataset, indices: &Dataset) -> Result<Vec<usize>> {
        let wrong = || Error::data("data, indices and indptr of a sparse matrix do not go together");
        let length = |dataset: &Dataset| match dataset.shape() {
            &[length] => size(length),
            _ => Err(wrong()),
        };
        let count = length(data)?;
        if length(indices)? != count || Some(length(indptr)?) != lines.checked_add(1) {
            return Err(wrong());
        }
        let _held = self.ctx.reserve(lines.saturating_mul(2 * size_of::<usize>()))?;
        let numbers = self.piece(indptr, &[(0, lines + 1)])?;
        let ends: Vec<usize> = numbers.into_iter().map(whole_number).collect::<Option<_>>().ok_or_else(wrong)?;
        let is_whole = ends.first() == Some(&0) && ends.last() == Some(&count) && ends.is_sorted();
        if is_whole { Ok(ends) } else { Err(wrong()) }
    }

    /// A block of a dataset, in row order.
    fn piece(&self, dataset: &Dataset, ranges: &[(usize, usize)]) -> Result<Vec<f64>> {
        self.ctx.check()?;
        let count = ranges.iter().map(|(start, end)| end - start).product::<usize>();
        // The chunks that are unpacked, and the numbers in the type of the file and in ours.
        let _held = self.ctx.reserve(count.max(chunk(dataset)).saturating_mul(3 * size_of::<f64>()))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let slice =
            |&(start, end): &(usize, usize)| SliceInfoElem::Slice { start: start as u64, end: end as u64, step: 1 };
        let numbers = numbers(dataset, &SliceInfo { selections: ranges.iter().map(slice).collect() })?;
        match numbers.len() == count {
            true => Ok(numbers),
            false => Err(Error::data(format!("'{}' holds fewer numbers than its shape says", dataset.name()))),
        }
    }

    /// The names of a table's rows.
    fn names(
        &self,
        parent: &Group,
        table: &str,
        count: usize,
        what: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Names> {
        let list =
            self.texts(parent, table, count).map_err(|error| error.at(format!("the names of {what}, {table}")))?;
        Names::new(distinct(list.iter(), what, warnings), what)
    }

    fn texts(&self, parent: &Group, table: &str, count: usize) -> Result<Vec<String>> {
        let group = match child(parent, table)? {
            Some(Stored::Group(group)) => group,
            Some(Stored::Dataset(_)) => {
                return Err(Error::data("this is a compound table, as AnnData wrote it before version 0.7")
                    .with_hint("write it anew in Python: anndata.read_h5ad(path).write_h5ad(other)"));
            }
            None => return Err(Error::data("the table is missing")),
        };
        let index = text(&group, "_index").unwrap_or_else(|| "_index".into());
        let dataset = match child(&group, &index)? {
            Some(Stored::Dataset(dataset)) => *dataset,
            // Texts some of which may be missing are a group of values and a mask.
            Some(Stored::Group(nullable)) => dataset_of(&nullable, "values")?,
            None => return Err(Error::data(format!("there is no '{index}', which holds them"))),
        };
        let found = dataset.num_elements().map_err(|error| failed(&error))?;
        if found != count as u64 {
            return Err(Error::data(format!("there are {found}, the matrix has {count}")));
        }
        self.ctx.check()?;
        let _held = self.ctx.reserve(count.saturating_mul(NAME))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        dataset.read_strings().map_err(|error| failed(&error))
    }
}

/// Cells and genes of a stored matrix.
fn shape(stored: &Stored) -> Result<[usize; 2]> {
    match stored {
        Stored::Dataset(dataset) => match dataset.shape() {
            &[rows, cols] => Ok([size(rows)?, size(cols)?]),
            other => Err(Error::shape(format!("it has {} dimensions, not cells and genes", other.len()))),
        },
        Stored::Group(group) => {
            let attribute = group.attribute("shape").or_else(|_| group.attribute("h5sparse_shape")).ok();
            let found: Option<[usize; 2]> = attribute.and_then(|attribute| counts(&attribute)?.try_into().ok());
            found.ok_or_else(|| Error::data("it is no dense matrix, and has no shape as sparse ones have"))
        }
    }
}

/// The error for a matrix that is not in the file.
fn absent(place: &str, layer: Option<&str>, layers: Option<&Group>) -> Error {
    let error = Error::name(format!("there is no {place}"));
    let Some((groups, datasets)) = layers.and_then(|layers| layers.member_names().ok()) else {
        return error.with_hint(match layer {
            Some(_) => "without the option 'layer', X is read",
            None => "it has no layers either",
        });
    };
    let names = || groups.iter().chain(&datasets).map(String::as_str);
    let listed = names().collect::<Vec<_>>().join(", ");
    let error = if let Some(layer) = layer { error.with_nearest(layer, names()) } else { error };
    error.or_hint(format!("layers: {}", if listed.is_empty() { "none" } else { &listed }))
}

fn size(size: u64) -> Result<usize> {
    usize::try_from(size).map_err(|_| Error::data(format!("a size of {size} is too large")))
}

/// The number of numbers in a chunk; of a dataset without chunks 1.
fn chunk(dataset: &Dataset) -> usize {
    let sizes = dataset.chunks().unwrap_or_default();
    sizes.iter().fold(1, |product: usize, &size| product.saturating_mul(size as usize)).max(1)
}

/// As many chunks as make up about `wanted`, at least one, at most all of `len`; never 0.
fn multiple(chunk: usize, wanted: usize, len: usize) -> usize {
    let chunk = chunk.clamp(1, len.max(1));
    (chunk * (wanted / chunk).max(1)).min(len.max(1))
}

fn whole_number(value: f64) -> Option<usize> {
    // Above 2^53 not every whole number is one.
    (value >= 0.0 && value.fract() == 0.0 && value <= 9e15).then_some(value as usize)
}

/// A part of a dataset, whatever the type of its numbers.
fn numbers(dataset: &Dataset, part: &SliceInfo) -> Result<Vec<f64>> {
    fn all<T: H5Type + Copy>(dataset: &Dataset, part: &SliceInfo, number: fn(T) -> f64) -> Result<Vec<f64>> {
        let values = dataset.read_slice::<T>(part).map_err(|error| failed(&error))?;
        Ok(values.iter().map(|&value| number(value)).collect())
    }
    match dataset.dtype() {
        Datatype::FloatingPoint { size: 4, .. } => all::<f32>(dataset, part, f64::from),
        Datatype::FloatingPoint { size: 8, .. } => all::<f64>(dataset, part, |value| value),
        Datatype::FixedPoint { size: 1, signed: true, .. } => all::<i8>(dataset, part, f64::from),
        Datatype::FixedPoint { size: 1, signed: false, .. } => all::<u8>(dataset, part, f64::from),
        Datatype::FixedPoint { size: 2, signed: true, .. } => all::<i16>(dataset, part, f64::from),
        Datatype::FixedPoint { size: 2, signed: false, .. } => all::<u16>(dataset, part, f64::from),
        Datatype::FixedPoint { size: 4, signed: true, .. } => all::<i32>(dataset, part, f64::from),
        Datatype::FixedPoint { size: 4, signed: false, .. } => all::<u32>(dataset, part, f64::from),
        Datatype::FixedPoint { size: 8, signed: true, .. } => all::<i64>(dataset, part, |value| value as f64),
        Datatype::FixedPoint { size: 8, signed: false, .. } => all::<u64>(dataset, part, |value| value as f64),
        _ => Err(Error::data(format!("'{}' does not hold whole numbers or floats", dataset.name()))
            .with_hint("integers of 1 to 8 bytes and floats of 4 or 8 are read")),
    }
}
