//! Shape and parts of matrices, vectors and tables.

use rhai::{Array, Dynamic, NativeCallContext};

use super::super::convert::{Outcome, describe, to_texts};
use super::super::index::to_selector;
use super::super::limits::check_list;
use super::super::records::text_list;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::{block, made};
use super::graphs::reserve_names;
use super::tables::{first_rows, picked_rows};
use crate::data::{Mask, Matrix, Names, Table, Vector};
use crate::error::Error;
use crate::graph::Graph;
use crate::model::{Area, Fit, Path};

/// An example about `m`, a 3 x 2 matrix with names a and b.
macro_rules! with_m {
    ($code:literal) => {
        concat!("let m = matrix([[1, 2], [3, 4], [5, 6]]).set_names([\"a\", \"b\"]);\n", $code)
    };
}

pub(super) fn names_list(names: Option<&Names>) -> Dynamic {
    names.map_or(Dynamic::UNIT, |names| text_list(names.iter()).into())
}

fn matrices(list: &Array, verb: &str) -> Outcome<Vec<Matrix>> {
    let part = |value: &Dynamic| {
        value
            .read_lock::<Matrix>()
            .map(|m| m.clone())
            .ok_or_else(|| Error::argument(format!("{verb} joins matrices, one of the parts is {}", describe(value))))
    };
    Ok(list.iter().map(part).collect::<crate::Result<_>>()?)
}

fn reshape(call: &NativeCallContext<'_>, m: &Matrix, rows: i64, cols: i64) -> Outcome<Matrix> {
    let size = |value: i64| usize::try_from(value).map_err(|_| Error::shape(format!("{value} is no size")));
    let (rows, cols) = (size(rows)?, size(cols)?);
    if rows.checked_mul(cols) != Some(m.as_slice().len()) {
        let count = m.as_slice().len();
        return Err(Error::shape(format!("{count} numbers do not fill a matrix of {rows} x {cols}")).into());
    }
    let _held = context(call).reserve_matrices(1, rows, cols)?;
    Ok(Matrix::from_vec(rows, cols, m.as_slice().to_vec())?)
}

/// All columns but these.
fn without(call: &NativeCallContext<'_>, m: &Matrix, columns: &Dynamic) -> Outcome<Matrix> {
    let dropped = to_selector(columns)?.pick(m.cols(), m.names(), "column")?;
    let mut is_kept = vec![true; m.cols()];
    dropped.positions().iter().for_each(|&j| is_kept[j] = false);
    let kept = (0..m.cols()).filter(|&j| is_kept[j]).collect();
    Ok(block(call, m, (0..m.rows()).collect(), kept)?)
}

/// The columns that are named, each as often as it is named.
fn select(call: &NativeCallContext<'_>, m: &Matrix, columns: &Dynamic) -> Outcome<Matrix> {
    let picked = to_selector(columns)?.pick(m.cols(), m.names(), "column")?;
    Ok(block(call, m, (0..m.rows()).collect(), picked.positions().to_vec())?)
}

/// The rows of a matrix as lists.
fn row_lists(call: &NativeCallContext<'_>, m: &Matrix) -> Outcome<Array> {
    /// Bytes of a number, and of a list beside its numbers.
    const BYTES: [usize; 2] = [16, 64];
    check_list(call, m.as_slice().len().saturating_add(m.rows()))?;
    let ctx = context(call);
    let _held = ctx.reserve(m.as_slice().len() * BYTES[0] + m.rows() * BYTES[1])?;
    let row = |i: usize| -> Outcome<Dynamic> {
        ctx.check()?;
        Ok(m.row_slice(i).iter().map(|&value| Dynamic::from(value)).collect::<Array>().into())
    };
    (0..m.rows()).map(row).collect()
}

/// Values as a list, if they are not more than one may have.
fn listed<T: Copy + Into<Dynamic>>(call: &NativeCallContext<'_>, values: &[T]) -> Outcome<Array> {
    check_list(call, values.len())?;
    Ok(values.iter().map(|&value| value.into()).collect())
}

fn stack(
    call: &NativeCallContext<'_>,
    parts: &[Matrix],
    join: fn(&[Matrix]) -> crate::Result<Matrix>,
) -> Outcome<Matrix> {
    let total = parts.iter().map(|m| m.as_slice().len()).sum();
    let _held = context(call).reserve_matrices(1, total, 1)?;
    Ok(join(parts)?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Shape);
    sizes(b);
    names(b);
    parts(b);
    b.property("t", "m.t -> Matrix", "Transpose", with_m!("print(m.t);")).get(
        |call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<Matrix> { Ok(made(&call, m, 8, Matrix::transpose)?) },
    );
    b.verb(
        "reshape",
        "m.reshape(rows, cols) -> Matrix",
        "The same numbers, row by row, in another shape; names are left out",
        with_m!("print(m.reshape(2, 3));"),
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, rows: i64, cols: i64| reshape(&call, m, rows, cols));
    b.verb("hstack", "hstack([a, b]) -> Matrix", "Matrices side by side", with_m!("print(hstack([m, ones(3, 1)]));"))
        .on(|call: NativeCallContext<'_>, parts: Array| stack(&call, &matrices(&parts, "hstack")?, Matrix::hstack));
    b.verb("vstack", "vstack([a, b]) -> Matrix", "Matrices on top of each other", with_m!("print(vstack([m, m]));"))
        .on(|call: NativeCallContext<'_>, parts: Array| stack(&call, &matrices(&parts, "vstack")?, Matrix::vstack));
    b.verb(
        "to_array",
        "m.to_array() -> list\nv.to_array() -> list\n(0..3).to_array() -> list",
        "Numbers as lists; of a matrix, a list of rows",
        with_m!("print(m.to_array());"),
    )
    .on_list(|call: NativeCallContext<'_>, m: &mut Matrix| row_lists(&call, m))
    .on_list(|call: NativeCallContext<'_>, v: &mut Vector| listed(&call, v.as_slice()))
    .on_list(|call: NativeCallContext<'_>, mask: &mut Mask| listed(&call, mask.as_slice()))
    .on_list(|call: NativeCallContext<'_>, range: std::ops::Range<i64>| {
        super::lists::range_array(&call, &Dynamic::from(range))
    })
    .on_list(|call: NativeCallContext<'_>, range: std::ops::RangeInclusive<i64>| {
        super::lists::range_array(&call, &Dynamic::from(range))
    });
}

fn sizes(b: &mut Builder) {
    b.property("rows", "x.rows -> int", "Number of rows", with_m!("print(m.rows);"))
        .get(|m: &mut Matrix| m.rows() as i64)
        .get(|t: &mut Table| t.rows() as i64);
    b.property("cols", "x.cols -> int", "Number of columns", with_m!("print(m.cols);"))
        .get(|m: &mut Matrix| m.cols() as i64)
        .get(|t: &mut Table| t.cols() as i64);
    b.property("shape", "m.shape -> [rows, cols]", "Rows and columns", with_m!("print(m.shape);"))
        .get_list(|m: &mut Matrix| -> Array { vec![(m.rows() as i64).into(), (m.cols() as i64).into()] })
        .get_list(|t: &mut Table| -> Array { vec![(t.rows() as i64).into(), (t.cols() as i64).into()] });
    b.verb(
        "len",
        "v.len() -> int\nv.len -> int",
        "Number of elements of a vector or mask, of solutions of a path, or of data sets of a joint fit",
        "print(vector([1, 2]).len());",
    )
    .on(|v: &mut Vector| v.len() as i64)
    .on(|mask: &mut Mask| mask.as_slice().len() as i64)
    .on(|path: &mut Path| path.points().len() as i64)
    .get(|v: &mut Vector| v.len() as i64)
    .get(|mask: &mut Mask| mask.as_slice().len() as i64)
    .get(|path: &mut Path| path.points().len() as i64);
}

fn names(b: &mut Builder) {
    b.property(
        "names",
        "x.names -> list",
        "Names of the columns, elements, variables or nodes; () where there are none",
        with_m!("print(m.names);"),
    )
    .get_any(|m: &mut Matrix| names_list(m.names()))
    .get_any(|v: &mut Vector| names_list(v.names()))
    .get_any(|t: &mut Table| names_list(Some(t.names())))
    .get_any(|fit: &mut Fit| names_list(fit.names()))
    .get_any(|call: NativeCallContext<'_>, g: &mut Graph| -> Outcome<Dynamic> {
        let _held = reserve_names(&call, g, 0)?;
        Ok(names_list(Some(&g.labels())))
    });
    b.property(
        "row_names",
        "x.row_names -> list",
        "Names of the rows; () where there are none",
        with_m!("print(m.row_names);"),
    )
    .get_any(|m: &mut Matrix| names_list(m.row_names()))
    .get_any(|t: &mut Table| names_list(t.row_names()));
    b.verb(
        "set_names",
        "m.set_names([\"a\", \"b\"]) -> Matrix\ng.set_names([..]) -> Graph",
        "The same numbers or graph with these names of columns or nodes",
        with_m!("print(m.set_names([\"u\", \"v\"]));"),
    )
    .on(|m: &mut Matrix, names: Array| -> Outcome<Matrix> {
        let names = Names::new(to_texts(&names.into(), "names")?, "columns")?;
        Ok(m.clone().with_names(Some(names))?)
    })
    .on(|g: &mut Graph, names: Array| -> Outcome<Graph> {
        Ok(g.with_names(Some(Names::new(to_texts(&names.into(), "names")?, "nodes")?))?)
    });
    b.verb(
        "set_row_names",
        "m.set_row_names([\"a\", \"b\"]) -> Matrix",
        "The same numbers with these names of rows",
        with_m!("print(m.set_row_names([\"r\", \"s\", \"t\"]));"),
    )
    .on(|m: &mut Matrix, names: Array| -> Outcome<Matrix> {
        let names = Names::new(to_texts(&names.into(), "names")?, "rows")?;
        Ok(m.clone().with_row_names(Some(names))?)
    });
}

fn parts(b: &mut Builder) {
    b.verb("row", "m.row(i) -> Vector", "Row i, by position or name", with_m!("print(m.row(0));")).on(
        |m: &mut Matrix, i: Dynamic| -> Outcome<Vector> {
            let picked = to_selector(&i)?.pick(m.rows(), m.row_names(), "row")?;
            match picked.positions() {
                [i] => Ok(m.row(*i)),
                _ => {
                    Err(Error::index("row takes one position or name").with_hint("several rows: m[[list, ..]]").into())
                }
            }
        },
    );
    b.verb("col", "m.col(j) -> Vector", "Column j, by position or name", with_m!("print(m.col(\"b\"));")).on(
        |m: &mut Matrix, j: Dynamic| -> Outcome<Vector> {
            let picked = to_selector(&j)?.pick(m.cols(), m.names(), "column")?;
            match picked.positions() {
                [j] => Ok(m.col(*j)),
                _ => Err(Error::index("col takes one position or name")
                    .with_hint("several columns: m.select(list)")
                    .into()),
            }
        },
    );
    b.verb(
        "get",
        "m.get(i, j) -> float",
        "One entry; faster than m[[i, j]] in a loop",
        with_m!("print(m.get(0, -1));"),
    )
    .on(|m: &mut Matrix, i: i64, j: i64| -> Outcome<f64> { Ok(m.get(i, j)?) });
    b.verb("head", "x.head(n)", "The first n rows; all but the last -n if n is negative", with_m!("print(m.head(2));"))
        .on(|call: NativeCallContext<'_>, m: &mut Matrix, n: i64| -> Outcome<Matrix> {
            Ok(made(&call, m, 8, move |m| m.head(n))?)
        })
        .on(|call: NativeCallContext<'_>, t: &mut Table, n: i64| -> Outcome<Table> {
            picked_rows(&call, t, first_rows(t, n))
        })
        .on(|m: &mut Matrix| m.head(6))
        .on(|t: &mut Table| t.head(6));
    b.verb(
        "tail",
        "m.tail(n) -> Matrix",
        "The last n rows; all but the first -n if n is negative",
        with_m!("print(m.tail(1));"),
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, n: i64| -> Outcome<Matrix> {
        Ok(made(&call, m, 8, move |m| m.tail(n))?)
    })
    .on(|m: &mut Matrix| m.tail(6));
    b.verb(
        "select",
        "x.select([\"a\", \"b\"])",
        "The columns of these names, positions, range or mask, in this order",
        with_m!("print(m.select([\"b\"]));"),
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, columns: Dynamic| select(&call, m, &columns))
    .on(|t: &mut Table, columns: Dynamic| -> Outcome<Table> { Ok(t.select(&to_selector(&columns)?)?) });
    b.verb("drop", "x.drop([\"a\", \"b\"])\nx.drop(\"a\")", "All columns but these", with_m!("print(m.drop(\"a\"));"))
        .on(|call: NativeCallContext<'_>, m: &mut Matrix, columns: Dynamic| without(&call, m, &columns))
        .on(|t: &mut Table, columns: Dynamic| -> Outcome<Table> { Ok(t.drop(&to_selector(&columns)?)?) });
}
