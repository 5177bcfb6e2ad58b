//! `m[[rows, cols]]` and its relatives.

use rhai::{
    Array, Dynamic, EvalAltResult, FnNamespace, FuncRegistration, ImmutableString, Module, NativeCallContext, Position,
};

use super::convert::{Outcome, describe, range_bounds, to_number, to_numbers};
use super::functions::fit_of_set;
use super::limits::elements;
use super::records::path_fit;
use super::state::context;
use super::vocabulary::Builder;
use super::work::{FEW, block, names_bytes, within};
use crate::data::{Column, Mask, Matrix, Names, Picked, Selector, SparseMatrix, Table, Vector};
use crate::error::{Error, Result};
use crate::model::{Fit, JointFit, Path};

/// One part of an index as a script writes it.
///
/// # Errors
/// Something that is no index.
pub fn to_selector(value: &Dynamic) -> Result<Selector> {
    if let Ok(position) = value.as_int() {
        return Ok(Selector::Position(position));
    }
    if let Some((start, end)) = range_bounds(value) {
        // One behind the last position is the end, and not the first position.
        let end = end.filter(|_| !ends_at_last(value));
        return Ok(if (start, end) == (0, None) { Selector::All } else { Selector::Range { start, end } });
    }
    if let Some(name) = value.read_lock::<ImmutableString>() {
        return Ok(Selector::Name(name.to_string()));
    }
    if let Some(mask) = value.read_lock::<Mask>() {
        return match mask.shape() {
            None => Ok(Selector::Mask(mask.as_slice().to_vec())),
            Some(_) => Err(Error::argument("the mask of a matrix cannot index rows or columns")
                .with_hint("compare a row or column: m[[.., 0]] > 0")),
        };
    }
    if let Some(vector) = value.read_lock::<Vector>() {
        return vector.as_slice().iter().map(|&number| whole(number)).collect::<Result<_>>().map(Selector::List);
    }
    if let Some(list) = value.read_lock::<Array>() {
        if !list.is_empty() && list.iter().all(Dynamic::is_bool) {
            return Ok(Selector::Mask(list.iter().map(|flag| flag.as_bool().unwrap_or(false)).collect()));
        }
        return list.iter().map(to_selector).collect::<Result<_>>().map(Selector::List);
    }
    Err(Error::index(format!("{} is not an index", describe(value)))
        .with_hint("an index is a position, a name, a range, a list of these, a mask, or .."))
}

/// Whether a range is written `a..=-1`: up to and with the last position.
fn ends_at_last(range: &Dynamic) -> bool {
    range.read_lock::<std::ops::RangeInclusive<i64>>().is_some_and(|range| *range.end() == -1)
}

fn whole(number: f64) -> Result<Selector> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Ok(Selector::Position(number as i64))
    } else {
        Err(Error::index(format!("{number} is not a position")))
    }
}

/// An index, if there is memory for all of its parts.
fn selected(call: &NativeCallContext<'_>, index: &Dynamic) -> Result<Selector> {
    /// Bytes for each part: itself, and its position.
    const PART: usize = 48;
    let parts = index.read_lock::<Vector>().map_or_else(|| elements(index), |vector| vector.len());
    if parts > FEW {
        drop(context(call).reserve(parts.saturating_mul(PART))?);
    }
    to_selector(index)
}

/// Rows and columns of `m[[rows, cols]]`.
fn pair(call: &NativeCallContext<'_>, index: &[Dynamic]) -> Result<(Selector, Selector)> {
    match index {
        [rows, cols] => Ok((selected(call, rows)?, selected(call, cols)?)),
        _ => {
            Err(Error::index(format!("a matrix is indexed by exactly [rows, columns], this has {} parts", index.len()))
                .with_hint("m[[i, j]], m[[0..3, ..]], m[[[0, 2], [\"a\", \"b\"]]]"))
        }
    }
}

fn read(call: &NativeCallContext<'_>, m: &Matrix, rows: &Selector, cols: &Selector) -> Result<Dynamic> {
    Ok(match m.locate(rows, cols)? {
        (Picked::One(i), Picked::One(j)) => Dynamic::from(m.view()[(i, j)]),
        (Picked::One(i), Picked::Many(cols)) => Dynamic::from(part(call, &m.row(i), cols)?),
        (Picked::Many(rows), Picked::One(j)) => Dynamic::from(part(call, &m.col(j), rows)?),
        (Picked::Many(rows), Picked::Many(cols)) => Dynamic::from(block(call, m, rows, cols)?),
    })
}

/// These elements of a vector, each as often as it is named.
fn part(call: &NativeCallContext<'_>, v: &Vector, positions: Vec<usize>) -> Result<Vector> {
    let bytes = positions.len().saturating_mul(8).saturating_add(names_bytes(v.names(), &positions));
    if bytes <= 8 * FEW {
        return Ok(v.pick(&positions));
    }
    let v = v.clone();
    within(call, bytes / 8, bytes, move || v.pick(&positions))
}

fn read_sparse(call: &NativeCallContext<'_>, x: &SparseMatrix, rows: &Selector, cols: &Selector) -> Result<Dynamic> {
    let _held = x.room_for_lines(&context(call))?;
    Ok(match x.locate(rows, cols)? {
        (Picked::One(i), Picked::One(j)) => Dynamic::from(x.at(i, j)),
        (Picked::One(i), Picked::Many(cols)) => Dynamic::from(part(call, &x.row(i), cols)?),
        (Picked::Many(rows), Picked::One(j)) => Dynamic::from(part(call, &x.col(j), rows)?),
        (Picked::Many(rows), Picked::Many(cols)) => Dynamic::from(sparse_block(call, x, rows, cols)?),
    })
}

/// These rows and columns of a sparse matrix, each as often as it is named.
fn sparse_block(
    call: &NativeCallContext<'_>,
    x: &SparseMatrix,
    rows: Vec<usize>,
    cols: Vec<usize>,
) -> Result<SparseMatrix> {
    let entries = x.picked_entries(&rows, &cols);
    let lines = rows.len().saturating_add(cols.len()).saturating_add(x.rows());
    // Entries are held twice, of all rows and of those that are named; rows are grouped first.
    let bytes = entries
        .saturating_mul(24)
        .saturating_add(lines.saturating_mul(24))
        .saturating_add(names_bytes(x.row_names(), &rows))
        .saturating_add(names_bytes(x.names(), &cols));
    let x = x.clone();
    within(call, entries.saturating_add(lines), bytes, move || x.pick(&rows, &cols))
}

/// Takes memory for the copy that a change of shared numbers makes.
fn reserve_copy(call: &NativeCallContext<'_>, m: &Matrix) -> Result<()> {
    if m.as_slice().len() > FEW && m.is_shared() {
        drop(context(call).reserve_matrices(1, m.rows(), m.cols())?);
    }
    Ok(())
}

/// One number in all places of a block, which may name a place any number of times.
fn fill(call: &NativeCallContext<'_>, m: &mut Matrix, rows: &[usize], cols: &[usize], number: f64) -> Result<()> {
    /// Places between two looks at the context.
    const PIECE: usize = 1 << 18;
    if rows.len().saturating_mul(cols.len()) <= PIECE {
        m.fill(rows, cols, number);
        return Ok(());
    }
    let ctx = context(call);
    for piece in rows.chunks((PIECE / cols.len()).max(1)) {
        ctx.check()?;
        m.fill(piece, cols, number);
    }
    Ok(())
}

fn write(
    call: &NativeCallContext<'_>,
    m: &mut Matrix,
    rows: &Selector,
    cols: &Selector,
    value: &Dynamic,
) -> Result<()> {
    let (rows, cols) = m.locate(rows, cols)?;
    reserve_copy(call, m)?;
    if let Some(number) = to_number(value) {
        return fill(call, m, rows.positions(), cols.positions(), number);
    }
    if let Some(block) = value.read_lock::<Matrix>() {
        if (block.rows(), block.cols()) != (rows.positions().len(), cols.positions().len()) {
            return Err(Error::shape(format!(
                "a matrix of {} x {} for a block of {} x {}",
                block.rows(),
                block.cols(),
                rows.positions().len(),
                cols.positions().len()
            )));
        }
        return m.assign(rows.positions(), cols.positions(), block.as_slice());
    }
    let numbers = to_numbers(value, "the new value")?;
    if matches!((&rows, &cols), (Picked::Many(_), Picked::Many(_)))
        && rows.positions().len() != 1
        && cols.positions().len() != 1
    {
        return Err(Error::shape("a block of several rows and columns takes a number or a Matrix, not a list"));
    }
    m.assign(rows.positions(), cols.positions(), &numbers)
}

/// `m[mask]`: with a matrix' mask, the entries where it is true, in row order; with a vector's, these rows.
fn read_mask(call: &NativeCallContext<'_>, m: &Matrix, mask: &Mask) -> Result<Dynamic> {
    if mask.shape().is_none() {
        return read(call, m, &Selector::Mask(mask.as_slice().to_vec()), &Selector::All);
    }
    check_shape(m, mask)?;
    let _held = context(call).reserve_matrices(1, mask.count(), 1)?;
    let taken = m.as_slice().iter().zip(mask.as_slice()).filter(|(_, taken)| **taken);
    Ok(Dynamic::from(Vector::from(taken.map(|(&value, _)| value).collect::<Vec<f64>>())))
}

fn write_mask(call: &NativeCallContext<'_>, m: &mut Matrix, mask: &Mask, value: &Dynamic) -> Result<()> {
    if mask.shape().is_none() {
        return write(call, m, &Selector::Mask(mask.as_slice().to_vec()), &Selector::All, value);
    }
    check_shape(m, mask)?;
    reserve_copy(call, m)?;
    let _held = context(call).reserve_matrices(1, mask.count(), 1)?;
    let numbers = match to_number(value) {
        Some(number) => vec![number; mask.count()],
        None => to_numbers(value, "the new value")?,
    };
    if numbers.len() != mask.count() {
        return Err(Error::shape(format!("{} numbers for {} entries", numbers.len(), mask.count())));
    }
    let places = m.as_mut_slice().iter_mut().zip(mask.as_slice()).filter(|(_, taken)| **taken);
    places.zip(numbers).for_each(|((place, _), number)| *place = number);
    Ok(())
}

fn check_shape(m: &Matrix, mask: &Mask) -> Result<()> {
    match mask.shape() {
        Some((rows, cols)) if (rows, cols) != (m.rows(), m.cols()) => {
            Err(Error::shape(format!("a mask of {rows} x {cols} for a matrix of {} x {}", m.rows(), m.cols())))
        }
        _ => Ok(()),
    }
}

fn read_vector(call: &NativeCallContext<'_>, v: &Vector, index: &Dynamic) -> Result<Dynamic> {
    Ok(match selected(call, index)?.pick(v.len(), v.names(), "element")? {
        Picked::One(i) => Dynamic::from(v.as_slice()[i]),
        Picked::Many(positions) => Dynamic::from(part(call, v, positions)?),
    })
}

fn write_vector(call: &NativeCallContext<'_>, v: &mut Vector, index: &Dynamic, value: &Dynamic) -> Result<()> {
    let picked = selected(call, index)?.pick(v.len(), v.names(), "element")?;
    let positions = picked.positions();
    let numbers = match to_number(value) {
        Some(number) => vec![number; positions.len()],
        None => to_numbers(value, "the new value")?,
    };
    if numbers.len() != positions.len() {
        return Err(Error::shape(format!("{} numbers for {} elements", numbers.len(), positions.len())));
    }
    let elements = v.as_mut_slice();
    positions.iter().zip(numbers).for_each(|(&i, number)| elements[i] = number);
    Ok(())
}

fn read_table(call: &NativeCallContext<'_>, t: &Table, index: &Dynamic) -> Result<Dynamic> {
    let Picked::One(position) = to_selector(index)?.pick(t.cols(), Some(t.names()), "column")? else {
        return Err(Error::index("a table is indexed by one column")
            .with_hint("t[\"name\"]; several: t.select([\"a\", \"b\"])"));
    };
    Ok(match t.column_at(position) {
        Column::Numbers(values) => Dynamic::from(Vector::from(values.to_vec()).named(t.row_names().cloned())),
        Column::Texts(values) => {
            // Each text is copied, and has its place in the list.
            let bytes = values.iter().map(|text| text.len() + 64).fold(0, usize::saturating_add);
            let _held = context(call).reserve(bytes)?;
            values.iter().map(|text| Dynamic::from(text.clone())).collect::<Array>().into()
        }
    })
}

/// Index getters; they take any index, so that a wrong one gets our message.
macro_rules! getters {
    ($module:expr, $type:ty, |$call:ident, $receiver:ident, $index:ident| $body:expr) => {
        index_getter().set_into_module(
            $module,
            |$call: NativeCallContext<'_>, $receiver: &mut $type, $index: Dynamic| -> Outcome<Dynamic> { Ok($body?) },
        );
    };
}

fn index_getter() -> FuncRegistration {
    FuncRegistration::new_index_getter().with_namespace(FnNamespace::Global).with_purity(true)
}

fn index_setter() -> FuncRegistration {
    FuncRegistration::new_index_setter().with_namespace(FnNamespace::Global)
}

/// After `x.property.method()` Rhai writes the property back, and where there is no setter it does so by index:
/// `x["property"] = value`. Nothing is to be done then, if the method has changed nothing; if it has, the change would be
/// lost. A name that is no property is an index like any other.
fn fed_back(index: &Dynamic, unchanged: impl FnOnce(&str) -> Option<bool>) -> Outcome<()> {
    let Some(name) = index.read_lock::<ImmutableString>() else { return Ok(()) };
    let name = name.as_str();
    match unchanged(name) {
        None => Ok(()),
        // What Rhai takes for "there is nothing to write to".
        Some(true) => Err(Box::new(EvalAltResult::ErrorIndexingType(name.to_string(), Position::NONE))),
        Some(false) => Err(Error::argument(format!("'{name}' is a copy: changing it would change nothing"))
            .with_hint("keep it in a variable, or make changed data: set_names([..]), t.with_column(\"name\", [..])")
            .into()),
    }
}

/// Whether a value is that of a property still; `None` where there is no property of that name.
trait Properties {
    fn has_unchanged(&self, name: &str, value: &Dynamic) -> Option<bool>;
}

fn is_count(value: &Dynamic, count: usize) -> bool {
    value.as_int().is_ok_and(|number| number == count as i64)
}

fn are_names(value: &Dynamic, names: Option<&Names>) -> bool {
    match names {
        None => value.is_unit(),
        Some(names) => value.read_lock::<Array>().is_some_and(|list| {
            let same =
                |(item, name): (&Dynamic, &str)| item.read_lock::<ImmutableString>().is_some_and(|text| *text == name);
            list.len() == names.len() && list.iter().zip(names.iter()).all(same)
        }),
    }
}

fn is_shape(value: &Dynamic, rows: usize, cols: usize) -> bool {
    value.read_lock::<Array>().is_some_and(|list| match list.as_slice() {
        [a, b] => is_count(a, rows) && is_count(b, cols),
        _ => false,
    })
}

impl Properties for Matrix {
    fn has_unchanged(&self, name: &str, value: &Dynamic) -> Option<bool> {
        let is_transpose = |other: &Matrix| {
            let same = |((i, j), value): ((usize, usize), &f64)| value.to_bits() == other.view()[(j, i)].to_bits();
            (other.rows(), other.cols()) == (self.cols(), self.rows()) && self.view().indexed_iter().all(same)
        };
        Some(match name {
            "names" => are_names(value, self.names()),
            "row_names" => are_names(value, self.row_names()),
            "rows" => is_count(value, self.rows()),
            "cols" => is_count(value, self.cols()),
            "shape" => is_shape(value, self.rows(), self.cols()),
            "t" => value.read_lock::<Matrix>().is_some_and(|other| is_transpose(&other)),
            _ => return None,
        })
    }
}

impl Properties for Vector {
    fn has_unchanged(&self, name: &str, value: &Dynamic) -> Option<bool> {
        Some(match name {
            "names" => are_names(value, self.names()),
            "len" => is_count(value, self.len()),
            _ => return None,
        })
    }
}

impl Properties for Table {
    fn has_unchanged(&self, name: &str, value: &Dynamic) -> Option<bool> {
        Some(match name {
            "names" => are_names(value, Some(self.names())),
            "row_names" => are_names(value, self.row_names()),
            "rows" => is_count(value, self.rows()),
            "cols" => is_count(value, self.cols()),
            "shape" => is_shape(value, self.rows(), self.cols()),
            _ => match self.column(name) {
                // Numbers come as a Vector, which no call changes: whatever comes back was written by the script.
                Ok(Column::Numbers(_)) => return None,
                // Texts come as a list, and t["a"].sort() sorts that: it must not tear the rows of the table apart.
                Ok(Column::Texts(texts)) => value.read_lock::<Array>().is_some_and(|list| {
                    let same = |(item, text): (&Dynamic, &String)| {
                        item.read_lock::<ImmutableString>().is_some_and(|item| item.as_str() == text)
                    };
                    list.len() == texts.len() && list.iter().zip(texts.iter()).all(same)
                }),
                Err(_) => return None,
            },
        })
    }
}

pub(super) fn define(builder: &mut Builder) {
    let module = builder.module();
    define_matrix(module);
    index_getter().set_into_module(
        module,
        |call: NativeCallContext<'_>, x: &mut SparseMatrix, index: Array| -> Outcome<Dynamic> {
            let (rows, cols) = pair(&call, &index)?;
            Ok(read_sparse(&call, x, &rows, &cols)?)
        },
    );
    getters!(module, SparseMatrix, |call, x, rows| read_sparse(&call, x, &selected(&call, &rows)?, &Selector::All));
    getters!(module, Vector, |call, v, index| read_vector(&call, v, &index));
    getters!(module, Table, |call, t, index| read_table(&call, t, &index));
    index_setter().set_into_module(
        module,
        |call: NativeCallContext<'_>, v: &mut Vector, index: Dynamic, value: Dynamic| -> Outcome<()> {
            fed_back(&index, |name| v.has_unchanged(name, &value))?;
            Ok(write_vector(&call, v, &index, &value)?)
        },
    );
    index_setter().set_into_module(module, |t: &mut Table, index: Dynamic, value: Dynamic| -> Outcome<()> {
        fed_back(&index, |name| t.has_unchanged(name, &value))?;
        let Some(name) = index.read_lock::<ImmutableString>() else {
            return Err(Error::index("a column is set by its name").with_hint("t[\"name\"] = [..]").into());
        };
        *t = t.with_column(&name, super::functions::to_column(&super::convert::to_value(&value)?)?)?;
        Ok(())
    });
    index_getter().set_into_module(module, |call: NativeCallContext<'_>, path: &mut Path, i: i64| -> Outcome<Fit> {
        path_fit(path, i, &context(&call))
    });
    index_getter().set_into_module(module, |joint: &mut JointFit, i: i64| -> Outcome<Fit> { fit_of_set(joint, i) });
}

fn define_matrix(module: &mut Module) {
    // The common case by itself: it does not look at types twice.
    index_getter().set_into_module(
        module,
        |call: NativeCallContext<'_>, m: &mut Matrix, index: Array| -> Outcome<Dynamic> {
            if let [i, j] = index.as_slice()
                && let (Ok(i), Ok(j)) = (i.as_int(), j.as_int())
            {
                return Ok(Dynamic::from(m.get(i, j)?));
            }
            let (rows, cols) = pair(&call, &index)?;
            Ok(read(&call, m, &rows, &cols)?)
        },
    );
    getters!(module, Matrix, |call, m, index| read(&call, m, &selected(&call, &index)?, &Selector::All));
    index_getter().set_into_module(
        module,
        |call: NativeCallContext<'_>, m: &mut Matrix, mask: Mask| -> Outcome<Dynamic> {
            Ok(read_mask(&call, m, &mask)?)
        },
    );
    index_setter().set_into_module(
        module,
        |call: NativeCallContext<'_>, m: &mut Matrix, mask: Mask, value: Dynamic| -> Outcome<()> {
            Ok(write_mask(&call, m, &mask, &value)?)
        },
    );
    index_setter().set_into_module(
        module,
        |call: NativeCallContext<'_>, m: &mut Matrix, index: Array, value: Dynamic| -> Outcome<()> {
            let (rows, cols) = pair(&call, &index)?;
            Ok(write(&call, m, &rows, &cols, &value)?)
        },
    );
    index_setter().set_into_module(
        module,
        |call: NativeCallContext<'_>, m: &mut Matrix, index: Dynamic, value: Dynamic| -> Outcome<()> {
            fed_back(&index, |name| m.has_unchanged(name, &value))?;
            Ok(write(&call, m, &selected(&call, &index)?, &Selector::All, &value)?)
        },
    );
}
