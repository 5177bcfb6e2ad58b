//! Many numbers as few: means and quantiles over everything, columns or rows; order and extremes; truth values.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe, to_number, to_numbers};
use super::super::limits::check_list;
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::{made, matrix_of};
use crate::data::summary::{self, max, mean, median, min, quantile, sd, sum, variance};
use crate::data::{Mask, Matrix, Table, Vector};
use crate::error::{Error, Result};
use crate::model::Area;
use crate::options::{Kind, Opt, Options, Preset};

const AXIS_OPTION: Opt = Opt::new(
    "axis",
    &[Kind::Choice(&["rows", "columns"]), Kind::Count(0)],
    Preset::Unset("everything"),
    "0 or \"columns\": one number a column; 1 or \"rows\": one a row",
);
pub(super) const AXIS: &[Opt] = &[AXIS_OPTION];
const ORDER: &[Opt] =
    &[Opt::new("descending", &[Kind::Bool], Preset::Bool(false), "Largest first; missing values last either way")];

/// One number for many.
type Summary = fn(&[f64]) -> f64;

/// Along which direction of a matrix.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Axis {
    Columns,
    Rows,
}

pub(super) fn axis(options: &Options, verb: &str) -> Result<Option<Axis>> {
    match (options.text("axis"), options.count("axis")) {
        (Some("columns"), _) | (_, Some(0)) => Ok(Some(Axis::Columns)),
        (Some("rows"), _) | (_, Some(1)) => Ok(Some(Axis::Rows)),
        (None, None) => Ok(None),
        _ => Err(Error::option(format!("option 'axis' of {verb} is 0 (columns) or 1 (rows)"))),
    }
}

fn along(m: &Matrix, axis: Axis, f: impl Fn(&[f64]) -> f64) -> Vector {
    match axis {
        Axis::Columns => m.by_column(f),
        Axis::Rows => m.by_row(f),
    }
}

/// Bytes for each number that is sorted: a copy, and as much to merge.
const SORTED: usize = 16;

/// One number for all of a matrix.
fn whole(call: &NativeCallContext<'_>, m: &Matrix, f: Summary) -> Outcome<f64> {
    Ok(made(call, m, SORTED, move |m| f(m.as_slice()))?)
}

/// One number for all of a vector.
fn whole_vector(call: &NativeCallContext<'_>, v: &Vector, f: Summary) -> Outcome<f64> {
    Ok(made(call, v, SORTED, move |v| f(v.as_slice()))?)
}

fn summarize(call: &NativeCallContext<'_>, m: &Matrix, verb: &str, options: &Map, f: Summary) -> Outcome<Dynamic> {
    Ok(match axis(&check_options(verb, AXIS, options)?, verb)? {
        Some(axis) => Dynamic::from(made(call, m, SORTED, move |m| along(m, axis, f))?),
        None => Dynamic::from(whole(call, m, f)?),
    })
}

macro_rules! summaries {
    ($b:expr; $($name:literal, $f:expr, $help:literal;)*) => { $(
        $b.verb(
            $name,
            concat!("x.", $name, "() -> float\nx.", $name, "(#{ axis: 0 }) -> Vector"),
            $help,
            concat!("print(vector([1, 2, 4]).", $name, "());\nprint(matrix([[1, 2], [3, 4]]).", $name, "(#{ axis: 0 }));"),
        )
        .options(AXIS)
        .on(|call: NativeCallContext<'_>, m: &mut Matrix| whole(&call, m, $f))
        .on(|call: NativeCallContext<'_>, v: &mut Vector| whole_vector(&call, v, $f))
        .on_any(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| summarize(&call, m, $name, &options, $f))
        .on(|call: NativeCallContext<'_>, t: &mut Table| whole(&call, &matrix_of(&call, t)?, $f))
        .on_any(|call: NativeCallContext<'_>, t: &mut Table, options: Map| {
            summarize(&call, &matrix_of(&call, t)?, $name, &options, $f)
        })
        .on(|list: Array| -> Outcome<f64> { Ok($f(&to_numbers(&list.into(), $name)?)) });
    )* };
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Numbers);
    summaries! { b;
        "mean", mean, "Mean";
        "sd", sd, "Standard deviation, divided by n - 1 (cov() and standardize() divide by n)";
        "variance", variance, "Variance, divided by n - 1 (cov() and standardize() divide by n)";
        "median", median, "Median";
        "sum", sum, "Sum";
        "min", min, "Smallest";
        "max", max, "Largest";
    }
    quantiles(b);
    running(b);
    extremes(b);
    orders(b);
    masks(b);
}

/// The probabilities of a call, and whether it was one number.
fn probabilities(value: &Dynamic) -> Result<(Vec<f64>, bool)> {
    let (list, single) = match to_number(value) {
        Some(number) => (vec![number], true),
        None => (to_numbers(value, "quantile: the probabilities")?, false),
    };
    match list.iter().find(|q| !(0.0..=1.0).contains(*q)) {
        Some(wrong) => Err(Error::argument(format!("quantile: a probability is between 0 and 1, not {wrong}"))),
        None => Ok((list, single)),
    }
}

fn quantiles_of(call: &NativeCallContext<'_>, v: &Vector, wanted: &Dynamic) -> Outcome<Dynamic> {
    let (list, single) = probabilities(wanted)?;
    let found = made(call, v, SORTED, move |v| summary::quantiles(v.as_slice(), &list))?;
    Ok(if single { Dynamic::from(found[0]) } else { Dynamic::from(Vector::from(found)) })
}

fn quantiles_of_matrix(call: &NativeCallContext<'_>, m: &Matrix, wanted: &Dynamic) -> Outcome<Dynamic> {
    let all = made(call, m, 8, |m| Vector::from(m.as_slice().to_vec()))?;
    quantiles_of(call, &all, wanted)
}

fn quantiles(b: &mut Builder) {
    b.verb(
        "quantile",
        "x.quantile(0.9) -> float\nx.quantile([0.25, 0.75]) -> Vector\nm.quantile(0.9, #{ axis: 0 }) -> Vector",
        "Quantiles by linear interpolation (type 7 in R, the default of NumPy and Julia)",
        "print(vector([1, 2, 4, 8]).quantile([0.25, 0.75]));",
    )
    .options(AXIS)
    .on_any(|call: NativeCallContext<'_>, v: &mut Vector, wanted: Dynamic| quantiles_of(&call, v, &wanted))
    .on_any(|call: NativeCallContext<'_>, m: &mut Matrix, wanted: Dynamic| quantiles_of_matrix(&call, m, &wanted))
    .on_any(|call: NativeCallContext<'_>, list: Array, wanted: Dynamic| {
        quantiles_of(&call, &Vector::from(to_numbers(&list.into(), "quantile")?), &wanted)
    })
    .on_any(|call: NativeCallContext<'_>, m: &mut Matrix, wanted: Dynamic, options: Map| -> Outcome<Dynamic> {
        let Some(axis) = axis(&check_options("quantile", AXIS, &options)?, "quantile")? else {
            return quantiles_of_matrix(&call, m, &wanted);
        };
        let (list, single) = probabilities(&wanted)?;
        if !single {
            let error = Error::argument("quantile with an axis takes one probability");
            return Err(error.with_hint("one row or column at a time: m.col(j).quantile([0.25, 0.75])").into());
        }
        let each = move |m: &Matrix| along(m, axis, |values| quantile(values, list[0]));
        Ok(Dynamic::from(made(&call, m, SORTED, each)?))
    });
}

fn running(b: &mut Builder) {
    b.verb(
        "cumsum",
        "v.cumsum() -> Vector\nm.cumsum(#{ axis: 0 }) -> Matrix",
        "Sums so far, of a vector or list, or along the columns (axis 0) or rows (axis 1) of a matrix",
        "print(vector([1, 2, 4]).cumsum());",
    )
    .options(AXIS)
    .on(|call: NativeCallContext<'_>, v: &mut Vector| -> Outcome<Vector> {
        Ok(made(&call, v, 8, |v| Vector::from(summary::cumsum(v.as_slice())).named(v.names().cloned()))?)
    })
    .on(|list: Array| -> Outcome<Vector> { Ok(Vector::from(summary::cumsum(&to_numbers(&list.into(), "cumsum")?))) })
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<Matrix> {
        Ok(made(&call, m, RUNNING, |m| cumsum(m, Axis::Columns))??)
    })
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| -> Outcome<Matrix> {
        let axis = axis(&check_options("cumsum", AXIS, &options)?, "cumsum")?.unwrap_or(Axis::Columns);
        Ok(made(&call, m, RUNNING, move |m| cumsum(m, axis))??)
    });
}

/// Bytes for each entry whose sums run along columns: the transpose, the sums, and these as a matrix again.
const RUNNING: usize = 24;

fn cumsum(m: &Matrix, axis: Axis) -> Result<Matrix> {
    match axis {
        Axis::Rows => {
            let values = m.as_slice().chunks(m.cols().max(1)).flat_map(summary::cumsum).collect();
            m.with_values(values)
        }
        Axis::Columns => Ok(cumsum(&m.transpose(), Axis::Rows)?.transpose()),
    }
}

/// Whether the first of two numbers is the one to keep.
type Better = fn(&f64, &f64) -> bool;

/// Where the best number stands.
fn best(values: &[f64], verb: &str, better: Better) -> Result<usize> {
    summary::best(values, better)
        .ok_or_else(|| Error::argument(format!("{verb}: there is no number, or one of them is missing")))
}

fn best_entry(m: &Matrix, verb: &str, better: Better) -> Outcome<Array> {
    let position = best(m.as_slice(), verb, better)?;
    Ok(vec![((position / m.cols()) as i64).into(), ((position % m.cols()) as i64).into()])
}

/// Where the best number of every row or column stands.
fn best_along(call: &NativeCallContext<'_>, m: &Matrix, verb: &str, options: &Map, better: Better) -> Outcome<Array> {
    let Some(axis) = axis(&check_options(verb, AXIS, options)?, verb)? else {
        return best_entry(m, verb, better);
    };
    let lines = if axis == Axis::Rows { m.clone() } else { made(call, m, 8, Matrix::transpose)? };
    (0..lines.rows()).map(|i| Ok((best(lines.row_slice(i), verb, better)? as i64).into())).collect()
}

macro_rules! extremes {
    ($b:expr; $($name:literal, $better:expr, $help:literal;)*) => { $(
        $b.verb(
            $name,
            concat!("v.", $name, "() -> int\nm.", $name, "() -> [row, column]\nm.", $name, "(#{ axis: 0 }) -> list"),
            $help,
            concat!("print(vector([3, 9, 1]).", $name, "());"),
        )
        .options(AXIS)
        .on(|v: &mut Vector| -> Outcome<i64> { Ok(best(v.as_slice(), $name, $better)? as i64) })
        .on(|list: Array| -> Outcome<i64> { Ok(best(&to_numbers(&list.into(), $name)?, $name, $better)? as i64) })
        .on_list(|m: &mut Matrix| best_entry(m, $name, $better))
        .on_list(|call: NativeCallContext<'_>, m: &mut Matrix, options: Map| {
            best_along(&call, m, $name, &options, $better)
        });
    )* };
}

fn extremes(b: &mut Builder) {
    extremes! { b;
        "argmax", f64::gt, "Position of the largest number, the first of equal ones; of a matrix [row, column]";
        "argmin", f64::lt, "Position of the smallest number, the first of equal ones; of a matrix [row, column]";
    }
}

/// Bytes for each element that is put in order: its position, room to merge, and what comes of it.
const ORDERED: usize = 32;

fn sorted(call: &NativeCallContext<'_>, v: &Vector, options: &Map) -> Outcome<Vector> {
    let descending = check_options("sort", ORDER, options)?.is_true("descending");
    Ok(made(call, v, ORDERED, move |v| v.pick(&summary::order(v.as_slice(), descending)))?)
}

fn ordered(call: &NativeCallContext<'_>, v: &Vector, options: &Map) -> Outcome<Array> {
    let descending = check_options("order", ORDER, options)?.is_true("descending");
    check_list(call, v.len())?;
    let order = made(call, v, ORDERED, move |v| summary::order(v.as_slice(), descending))?;
    Ok(order.into_iter().map(|position| (position as i64).into()).collect())
}

fn orders(b: &mut Builder) {
    b.verb(
        "sort",
        "v.sort() -> Vector\nv.sort(#{ descending: true }) -> Vector",
        "The numbers in ascending order, with their names; missing values last",
        "print(vector([3, 1, 2]).sort());",
    )
    .options(ORDER)
    .on(|call: NativeCallContext<'_>, v: &mut Vector| sorted(&call, v, &Map::new()))
    .on(|call: NativeCallContext<'_>, v: &mut Vector, options: Map| sorted(&call, v, &options));
    b.verb(
        "order",
        "v.order() -> list\nv.order(#{ descending: true }) -> list",
        "Positions that sort a vector or list of numbers: v[v.order()] is v.sort(); equal numbers keep their order",
        "print(vector([3, 1, 2]).order());",
    )
    .options(ORDER)
    .on_list(|call: NativeCallContext<'_>, v: &mut Vector| ordered(&call, v, &Map::new()))
    .on_list(|call: NativeCallContext<'_>, list: Array| -> Outcome<Array> {
        ordered(&call, &Vector::from(to_numbers(&list.into(), "order")?), &Map::new())
    })
    .on_list(|call: NativeCallContext<'_>, v: &mut Vector, options: Map| ordered(&call, v, &options));
}

fn masks(b: &mut Builder) {
    const EXAMPLE: &str = "let mask = vector([1, -2, 3]) > 0;\nprint(`${mask.any()} ${mask.all()} ${mask.count()}`);";
    b.verb("any", "mask.any() -> bool", "Whether one value at least is true", EXAMPLE)
        .on(|mask: &mut Mask| mask.count() > 0);
    b.verb("all", "mask.all() -> bool", "Whether all values are true", EXAMPLE)
        .on(|mask: &mut Mask| mask.count() == mask.as_slice().len());
    b.verb(
        "count",
        "mask.count() -> int\ntable.group_by(columns).count() -> Table",
        "How many values are true (mask.mean() is their share); how many rows each group has",
        EXAMPLE,
    )
    .on(|mask: &mut Mask| mask.count() as i64);
    b.extend("sum").on(|mask: &mut Mask| mask.count() as i64);
    b.extend("mean").on(|mask: &mut Mask| mask.count() as f64 / mask.as_slice().len() as f64);
    b.verb(
        "is_nan",
        "x.is_nan() -> Mask\nis_nan(number) -> bool",
        "Where values are missing",
        "print(vector([1, nan()]).is_nan().count());",
    )
    .on(|call: NativeCallContext<'_>, m: &mut Matrix| -> Outcome<Mask> {
        Ok(made(&call, m, 1, |m| m.mask(f64::is_nan))?)
    })
    .on(|call: NativeCallContext<'_>, v: &mut Vector| -> Outcome<Mask> {
        Ok(made(&call, v, 1, |v| v.mask(f64::is_nan))?)
    })
    .on(|_: i64| false);
    b.verb(
        "where",
        "mask.where() -> list\nwhere(mask, a, b)",
        "Positions of what is true ([row, column] for a matrix), or a where the mask is true and b where it is not",
        "let v = vector([1, -2, 3]);\nprint((v > 0).where());\nprint(where(v > 0, v, 0));",
    )
    .on_list(|call: NativeCallContext<'_>, mask: &mut Mask| true_positions(&call, mask))
    .on_any(|call: NativeCallContext<'_>, mask: &mut Mask, a: Dynamic, b: Dynamic| choose(&call, mask, &a, &b));
}

fn true_positions(call: &NativeCallContext<'_>, mask: &Mask) -> Outcome<Array> {
    // A place in a matrix is a list of two.
    let (elements, bytes) = if mask.shape().is_some() { (3, 96) } else { (1, 16) };
    let count = mask.count();
    check_list(call, count.saturating_mul(elements))?;
    let _held = context(call).reserve(count.saturating_mul(bytes))?;
    let places = mask.as_slice().iter().enumerate().filter(|(_, taken)| **taken).map(|(i, _)| i);
    Ok(match mask.shape() {
        None => places.map(|i| (i as i64).into()).collect(),
        Some((_, cols)) => places
            .map(|i| vec![((i / cols) as i64).into(), ((i % cols) as i64).into()] as Array)
            .map(Dynamic::from)
            .collect(),
    })
}

/// One side of `where`: a number for all, or a value for each place of the mask.
fn side(value: &Dynamic, mask: &Mask) -> Result<Vec<f64>> {
    let count = mask.as_slice().len();
    if let Some(number) = to_number(value) {
        return Ok(vec![number; count]);
    }
    let matrix = value.read_lock::<Matrix>();
    let numbers = match (&matrix, mask.shape()) {
        (Some(m), Some(shape)) if (m.rows(), m.cols()) == shape => m.as_slice().to_vec(),
        (Some(m), _) => {
            return Err(Error::shape(format!("where: a matrix of {} x {} for {mask}", m.rows(), m.cols())));
        }
        (None, None) => to_numbers(value, "where: a value")?,
        (None, Some(_)) => {
            return Err(Error::argument(format!("where takes numbers or matrices here, not {}", describe(value))));
        }
    };
    match numbers.len() == count {
        true => Ok(numbers),
        false => Err(Error::shape(format!("where: {} values for a mask of {count}", numbers.len()))),
    }
}

fn choose(call: &NativeCallContext<'_>, mask: &Mask, a: &Dynamic, b: &Dynamic) -> Outcome<Dynamic> {
    // Both sides, and what is chosen of them.
    let _held = context(call).reserve_matrices(3, mask.as_slice().len(), 1)?;
    let (yes, no) = (side(a, mask)?, side(b, mask)?);
    let chosen = mask.as_slice().iter().zip(yes.iter().zip(&no));
    let values: Vec<f64> = chosen.map(|(&taken, (&yes, &no))| if taken { yes } else { no }).collect();
    Ok(match mask.shape() {
        Some((rows, cols)) => Dynamic::from(Matrix::from_vec(rows, cols, values)?),
        None => Dynamic::from(Vector::from(values)),
    })
}
