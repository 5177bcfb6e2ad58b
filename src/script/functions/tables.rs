//! Tables: filter, sort, group, join; rows at random.

use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, describe, to_dynamic, to_entries, to_texts, to_value};
use super::super::index::to_selector;
use super::super::limits::{check_entries, check_list};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::{AS_JSON, FEW, block, made, numbers_of, within};
use crate::data::summary::{max, mean, median, min, sd, sum, variance};
use crate::data::table_verbs::{column, number_key};
use crate::data::{Column, Groups, Mask, Matrix, Selector, Table, Vector};
use crate::error::{Error, Result};
use crate::model::{Area, value_to_json};
use crate::options::{Kind, Opt, Preset};
use crate::rng;
use crate::value::Value;

/// An example about a table `t`.
macro_rules! with_t {
    ($code:literal) => {
        concat!(
            "let t = table([#{ method: \"a\", tdp: 0.5 }, #{ method: \"b\", tdp: 0.7 }, #{ method: \"a\", tdp: 0.6 }]);\n",
            $code
        )
    };
}

const SORT: &[Opt] = &[Opt::new("descending", &[Kind::Bool], Preset::Bool(false), "Largest first")];
const SEED: Opt = Opt::new("seed", &[Kind::Count(0)], Preset::Unset("drawn from the session's"), "Seed");
const SPLIT: &[Opt] = &[SEED];
const SAMPLE: &[Opt] =
    &[SEED, Opt::new("replace", &[Kind::Bool], Preset::Bool(false), "Rows may be drawn several times")];

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Data);
    making(b);
    columns(b);
    rows(b);
    groups(b);
    at_random(b);
}

/// Bytes of all cells of a table.
pub(super) fn table_bytes(t: &Table) -> usize {
    t.bytes(&(0..t.rows()).collect::<Vec<_>>())
}

/// The positions of the first n rows; of all but the last -n if n is negative.
pub(super) fn first_rows(t: &Table, n: i64) -> Vec<usize> {
    let end = if n < 0 { (t.rows() as i64).saturating_add(n).max(0) } else { n };
    (0..(end as usize).min(t.rows())).collect()
}

/// These rows of a table, each as often as it is named.
pub(super) fn picked_rows(call: &NativeCallContext<'_>, t: &Table, rows: Vec<usize>) -> Outcome<Table> {
    let bytes = t.bytes(&rows);
    if bytes <= 8 * FEW {
        return Ok(t.pick_rows(&rows));
    }
    let t = t.clone();
    Ok(within(call, bytes / 8, bytes, move || t.pick_rows(&rows))?)
}

/// These rows of a matrix.
fn matrix_rows(call: &NativeCallContext<'_>, m: &Matrix, rows: Vec<usize>) -> Outcome<Matrix> {
    Ok(block(call, m, rows, (0..m.cols()).collect())?)
}

/// A table from a list of maps, or a map of lists.
fn table(call: &NativeCallContext<'_>, value: &Dynamic) -> Result<Table> {
    /// Bytes of a cell in a map, and on its way into a column.
    const CELL: usize = 200;
    /// Bytes of a column beside its cells.
    const COLUMN: usize = 300;
    if let Some(list) = value.read_lock::<Array>() {
        let records = list.iter().map(to_value).collect::<Result<Vec<_>>>()?;
        let cells = records.iter().map(numbers_of).fold(0, usize::saturating_add);
        return within(call, cells, cells.saturating_mul(CELL), move || Table::from_records(&records))?;
    }
    if let Some(map) = value.read_lock::<Map>() {
        let columns = to_entries(&map)?.into_iter().map(|(name, cells)| {
            let column = to_column(&cells).map_err(|error| error.at(format!("table: column '{name}'")))?;
            Ok((name, column))
        });
        return Table::new(columns.collect::<Result<_>>()?, None);
    }
    if let Some(m) = value.read_lock::<Matrix>() {
        let bytes = m.as_slice().len().saturating_mul(8).saturating_add(m.cols().saturating_mul(COLUMN));
        let m = m.clone();
        return within(call, bytes / 8, bytes, move || Table::from_matrix(&m));
    }
    Err(Error::argument(format!("table takes a list of maps or a map of lists, not {}", describe(value)))
        .with_hint("table([#{ a: 1, b: \"u\" }]), or table(#{ a: [1, 2], b: [\"u\", \"v\"] })"))
}

/// A column from a list, a vector or a mask.
pub(in super::super) fn to_column(cells: &Value) -> Result<Column> {
    if let Some(vector) = cells.object::<Vector>() {
        return Ok(Column::numbers(vector.as_slice().to_vec()));
    }
    if let Some(mask) = cells.object::<Mask>() {
        return Ok(Column::numbers(mask.as_slice().iter().map(|&flag| f64::from(flag)).collect()));
    }
    let Value::List(list) = cells else {
        return Err(Error::argument(format!("a column is a list or a Vector, not {}", cells.brief())));
    };
    column(&list.iter().cloned().enumerate().collect::<Vec<_>>(), list.len())
}

fn making(b: &mut Builder) {
    b.verb(
        "table",
        "table([#{ a: 1, b: \"u\" }, ..]) -> Table\ntable(#{ a: [1, 2], b: [\"u\", \"v\"] }) -> Table\ntable(matrix) -> Table",
        "Table from maps (one a row, maps within a map give columns outer.inner), from columns, or from a matrix",
        with_t!("print(t);"),
    )
    .on(|call: NativeCallContext<'_>, value: Dynamic| -> Outcome<Table> { Ok(table(&call, &value)?) });
    b.extend("to_array").on_list(|call: NativeCallContext<'_>, t: &mut Table| row_maps(&call, t));
    b.extend("tail")
        .on(|call: NativeCallContext<'_>, t: &mut Table, n: i64| {
            let start = if n < 0 { n.unsigned_abs() as usize } else { t.rows().saturating_sub(n as usize) };
            picked_rows(&call, t, (start.min(t.rows())..t.rows()).collect())
        })
        .on(|t: &mut Table| t.tail(6));
}

/// A map for every row.
fn row_maps(call: &NativeCallContext<'_>, t: &Table) -> Outcome<Array> {
    /// Bytes of a map, and of an entry of it beside its text.
    const BYTES: [usize; 2] = [96, 140];
    let cells = t.rows().saturating_mul(t.cols());
    check_list(call, t.rows())?;
    check_entries(call, cells)?;
    let ctx = context(call);
    let texts = table_bytes(t).saturating_mul(2);
    let _held = ctx.reserve(t.rows() * BYTES[0] + cells * BYTES[1] + texts)?;
    let row = |row: usize| -> Outcome<Dynamic> {
        ctx.check()?;
        Ok(to_dynamic(&t.record(row)))
    };
    (0..t.rows()).map(row).collect()
}

fn columns(b: &mut Builder) {
    b.verb(
        "rename",
        "t.rename(#{ old: \"new\" }) -> Table",
        "The same table with other names of columns",
        with_t!("print(t.rename(#{ tdp: \"power\" }).names);"),
    )
    .on(|t: &mut Table, changes: Map| -> Outcome<Table> {
        let mut texts = Vec::with_capacity(changes.len());
        for (old, new) in &changes {
            let Some(text) = new.read_lock::<ImmutableString>() else {
                let wrong = format!("rename: the new name of '{old}' is {}, not a string", describe(new));
                return Err(Error::argument(wrong).into());
            };
            texts.push((old.to_string(), text.to_string()));
        }
        Ok(t.rename(&texts)?)
    });
    b.verb(
        "with_column",
        "t.with_column(name, values) -> Table",
        "The table with a column added at the end, or another in place of the one of that name",
        with_t!("print(t.with_column(\"rank\", [3, 1, 2]));"),
    )
    .on(|t: &mut Table, name: &str, cells: Dynamic| -> Outcome<Table> {
        Ok(t.with_column(name, to_column(&to_value(&cells)?)?)?)
    });
    b.verb(
        "unique",
        "t.unique(column) -> list\nv.unique() -> Vector\nlist.unique() -> list",
        "The different values, in order of first appearance",
        with_t!("print(t.unique(\"method\"));"),
    )
    .on_list(|call: NativeCallContext<'_>, t: &mut Table, name: &str| -> Outcome<Array> {
        let column = t.column(name)?;
        let groups = t.groups(&Selector::Name(name.to_string()), &context(&call))?;
        check_list(&call, groups.len())?;
        Ok(groups.first_rows().into_iter().map(|row| to_dynamic(&column.value(row))).collect())
    })
    .on(|call: NativeCallContext<'_>, v: &mut Vector| -> Outcome<Vector> {
        /// Bytes for each element: where it is looked up, while that grows, its position and itself.
        const SEEN: usize = 48;
        Ok(made(&call, v, SEEN, |v| {
            let mut seen = std::collections::HashSet::new();
            let first: Vec<usize> = (0..v.len()).filter(|&i| seen.insert(number_key(v.as_slice()[i]))).collect();
            v.pick(&first)
        })?)
    })
    .on_list(|call: NativeCallContext<'_>, list: Array| -> Outcome<Array> {
        let ctx = context(&call);
        let (mut seen, mut held) = (std::collections::HashSet::new(), Vec::new());
        let mut different = Array::new();
        for item in list {
            ctx.check()?;
            let name = identity(&call, &item)?;
            held.push(ctx.reserve(name.len())?);
            if seen.insert(name) {
                different.push(item);
            }
        }
        Ok(different)
    });
}

/// What tells values of a list apart: all that they hold, not what they print.
fn identity(call: &NativeCallContext<'_>, item: &Dynamic) -> Result<String> {
    let number = super::super::convert::to_number(item);
    Ok(match (number, to_value(item)) {
        (Some(number), _) => format!("number {}", number_key(number)),
        (None, Ok(value)) => {
            let (kind, many) = (item.type_name().to_string(), numbers_of(&value));
            within(call, many, many.saturating_mul(AS_JSON), move || format!("{kind} {}", value_to_json(&value)))?
        }
        (None, Err(_)) => format!("{} {item:?}", item.type_name()),
    })
}

/// The rows for which a function of the script says true.
fn filter(call: &NativeCallContext<'_>, t: &Table, f: &FnPtr) -> Outcome<Table> {
    let mut kept = Vec::new();
    for row in 0..t.rows() {
        let answer: Dynamic = f.call_within_context(call, (to_dynamic(&t.record(row)),))?;
        match answer.as_bool() {
            Ok(true) => kept.push(row),
            Ok(false) => {}
            Err(_) => {
                let error = format!("filter: the function must give true or false, it gave {}", describe(&answer));
                return Err(Error::argument(error).into());
            }
        }
    }
    picked_rows(call, t, kept)
}

/// The rows ordered by columns.
fn sorted(call: &NativeCallContext<'_>, t: &Table, columns: &Dynamic, options: &Map) -> Outcome<Table> {
    /// Bytes for each row while the order is found: two orders, and room to merge.
    const ROW: usize = 32;
    let descending = check_options("sort_by", SORT, options)?.is_true("descending");
    let columns = to_selector(columns)?;
    let many = t.rows().saturating_mul(t.cols());
    // The column that is sorted by is copied in the order so far; the sorted table is a copy, too.
    let bytes = table_bytes(t).saturating_mul(2).saturating_add(t.rows().saturating_mul(ROW));
    let t = t.clone();
    Ok(within(call, many, bytes, move || t.sort_by(&columns, descending))??)
}

fn rows(b: &mut Builder) {
    b.verb(
        "filter",
        "t.filter(|row| row.tdp > 0.5) -> Table\nt.filter(mask) -> Table\nm.filter(mask) -> Matrix",
        "The rows for which a function of the row (a map) is true, or a mask is",
        with_t!("print(t.filter(|row| row.method == \"a\"));\nprint(t.filter(t[\"tdp\"] > 0.55));"),
    )
    .on(|call: NativeCallContext<'_>, t: &mut Table, f: FnPtr| filter(&call, t, &f))
    .on(|call: NativeCallContext<'_>, t: &mut Table, mask: Mask| -> Outcome<Table> {
        let rows = Selector::Mask(mask.as_slice().to_vec()).pick(t.rows(), None, "row")?;
        picked_rows(&call, t, rows.positions().to_vec())
    })
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, mask: Mask| -> Outcome<Matrix> {
        let rows = Selector::Mask(mask.as_slice().to_vec()).pick(m.rows(), None, "row")?;
        matrix_rows(&call, m, rows.positions().to_vec())
    });
    b.verb(
        "sort_by",
        "t.sort_by(column) -> Table\nt.sort_by([a, b], #{ descending: true }) -> Table",
        "Rows ordered by one or several columns; missing values last",
        with_t!("print(t.sort_by(\"tdp\", #{ descending: true }));"),
    )
    .options(SORT)
    .on(|call: NativeCallContext<'_>, t: &mut Table, columns: Dynamic| sorted(&call, t, &columns, &Map::new()))
    .on(|call: NativeCallContext<'_>, t: &mut Table, columns: Dynamic, options: Map| {
        sorted(&call, t, &columns, &options)
    });
    b.verb(
        "join",
        "t.join(other, on) -> Table",
        "Both tables' columns for every pair of rows that agree in the column, or list of columns, `on` (inner join)",
        with_t!("let sizes = table([#{ method: \"a\", size: 3 }]);\nprint(t.join(sizes, \"method\"));"),
    )
    .on(|call: NativeCallContext<'_>, t: &mut Table, other: Table, on: Dynamic| -> Outcome<Table> {
        let on = match on.read_lock::<ImmutableString>() {
            Some(name) => vec![name.to_string()],
            None => to_texts(&on, "join: the columns")?,
        };
        if on.is_empty() {
            return Err(Error::argument("join needs a column that both tables have").into());
        }
        Ok(t.join(&other, &on, &context(&call))?)
    });
    b.verb(
        "split_by",
        "t.split_by(column) -> list",
        "A table for each value of a column, in order of first appearance; they keep the column",
        with_t!("print(t.split_by(\"method\").len());"),
    )
    .on_list(|call: NativeCallContext<'_>, t: &mut Table, columns: Dynamic| -> Outcome<Array> {
        /// Bytes of a table, and of a column of it beside its cells.
        const BYTES: [usize; 2] = [320, 96];
        let groups = t.groups(&to_selector(&columns)?, &context(&call))?;
        check_list(&call, groups.len())?;
        let each = t.cols().saturating_mul(BYTES[1]).saturating_add(BYTES[0]);
        let bytes = groups.len().saturating_mul(each).saturating_add(table_bytes(t));
        let tables = within(&call, bytes / 8, bytes, move || groups.tables())?;
        Ok(tables.into_iter().map(Dynamic::from).collect())
    });
}

/// Bytes for each row while groups are summarized: its number in its group, the group's key and what comes of it.
const SUMMARIZED: usize = 48;

macro_rules! group_summaries {
    ($b:expr; $($name:literal, $f:expr;)*) => { $(
        $b.extend($name)
            .on(|call: NativeCallContext<'_>, groups: &mut Groups| -> Outcome<Table> {
                Ok(made(&call, groups, SUMMARIZED, |groups| groups.summarize(None, $f))??)
            })
            .on(|call: NativeCallContext<'_>, groups: &mut Groups, columns: Dynamic| -> Outcome<Table> {
                let columns = to_selector(&columns)?;
                Ok(made(&call, groups, SUMMARIZED, move |groups| groups.summarize(Some(&columns), $f))??)
            });
    )* };
}

fn groups(b: &mut Builder) {
    b.verb(
        "group_by",
        "t.group_by(column) -> Groups\nt.group_by([a, b]) -> Groups",
        "Rows that agree in columns, in order of first appearance; then .mean([..]), .sd, .median, .sum, .min, .max, .variance, .count()",
        with_t!("print(t.group_by(\"method\").mean([\"tdp\"]));\nprint(t.group_by(\"method\").count());"),
    )
    .on(|call: NativeCallContext<'_>, t: &mut Table, columns: Dynamic| -> Outcome<Groups> {
        Ok(t.groups(&to_selector(&columns)?, &context(&call))?)
    });
    group_summaries! { b;
        "mean", mean;
        "sd", sd;
        "variance", variance;
        "median", median;
        "sum", sum;
        "min", min;
        "max", max;
    }
    b.extend("count").on(|call: NativeCallContext<'_>, groups: &mut Groups| -> Outcome<Table> {
        Ok(made(&call, groups, SUMMARIZED, Groups::count)??)
    });
}

/// The seed of a call that draws at random.
fn seed(call: &NativeCallContext<'_>, options: &crate::options::Options) -> u64 {
    options.count("seed").map_or_else(|| context(call).next_seed(), |seed| seed as u64)
}

/// Positions of training and test rows, and the seed that repeats them.
struct Division {
    train: Vec<usize>,
    test: Vec<usize>,
    seed: u64,
}

fn train_test(call: &NativeCallContext<'_>, rows: usize, share: &Dynamic, options: &Map) -> Outcome<Division> {
    let options = check_options("train_test", SPLIT, options)?;
    let share =
        super::super::convert::to_number(share).filter(|share| *share > 0.0 && *share < 1.0).ok_or_else(|| {
            Error::argument(format!(
                "train_test takes the share of training rows, between 0 and 1, not {}",
                describe(share)
            ))
        })?;
    let train = (share * rows as f64).round() as usize;
    if train == 0 || train == rows {
        return Err(Error::argument(format!("a share of {share} of {rows} rows leaves one part empty")).into());
    }
    let seed = seed(call, &options);
    let order = rng::permutation(&mut rng::stream(seed, "train_test", 0), rows);
    let part = |range: std::ops::Range<usize>| {
        let mut rows = order[range].to_vec();
        rows.sort_unstable();
        rows
    };
    Ok(Division { train: part(0..train), test: part(train..rows), seed })
}

fn parts<T: Clone + Send + Sync + 'static>(
    pick: impl Fn(Vec<usize>) -> Outcome<T>,
    division: Division,
) -> Outcome<Map> {
    let entries = [
        ("train", Dynamic::from(pick(division.train)?)),
        ("test", Dynamic::from(pick(division.test)?)),
        ("seed", Dynamic::from(division.seed as i64)),
    ];
    Ok(entries.map(|(name, value)| (name.into(), value)).into())
}

/// Positions of rows drawn at random.
fn sample(
    call: &NativeCallContext<'_>,
    (rows, cols): (usize, usize),
    count: i64,
    options: &Map,
) -> Outcome<Vec<usize>> {
    let options = check_options("sample_rows", SAMPLE, options)?;
    let wrong = |message: String| Error::argument(message);
    let count = usize::try_from(count).map_err(|_| wrong(format!("sample_rows: {count} rows cannot be drawn")))?;
    let mut rng = rng::stream(seed(call, &options), "sample_rows", 0);
    if options.is_true("replace") {
        if rows == 0 && count > 0 {
            return Err(wrong("sample_rows: there are no rows".into()).into());
        }
        let ctx = context(call);
        let _held = [ctx.reserve_matrices(1, count, cols.max(1))?, ctx.reserve(count.saturating_mul(8))?];
        return Ok(rng::with_replacement(&mut rng, rows, count));
    }
    if count > rows {
        let error = wrong(format!("sample_rows: {count} of {rows} rows"));
        return Err(error.with_hint("with replacement: sample_rows(n, #{ replace: true })").into());
    }
    Ok(rng::permutation(&mut rng, rows).into_iter().take(count).collect())
}

fn at_random(b: &mut Builder) {
    b.verb(
        "train_test",
        "x.train_test(0.8) -> #{ train, test, seed }\nx.train_test(0.8, #{ seed }) -> #{ train, test, seed }",
        "Rows at random in two parts, and the seed that repeats them; the number is the share of training rows",
        "let parts = example(\"sachs\").head(100).train_test(0.8, #{ seed: 1 });\nprint(`${parts.train.rows} ${parts.test.rows}`);",
    )
    .options(SPLIT)
    .on_map(|call: NativeCallContext<'_>, m: &mut Matrix, share: Dynamic| -> Outcome<Map> {
        parts(|rows| matrix_rows(&call, m, rows), train_test(&call, m.rows(), &share, &Map::new())?)
    })
    .on_map(|call: NativeCallContext<'_>, m: &mut Matrix, share: Dynamic, options: Map| -> Outcome<Map> {
        parts(|rows| matrix_rows(&call, m, rows), train_test(&call, m.rows(), &share, &options)?)
    })
    .on_map(|call: NativeCallContext<'_>, t: &mut Table, share: Dynamic| -> Outcome<Map> {
        parts(|rows| picked_rows(&call, t, rows), train_test(&call, t.rows(), &share, &Map::new())?)
    })
    .on_map(|call: NativeCallContext<'_>, t: &mut Table, share: Dynamic, options: Map| -> Outcome<Map> {
        parts(|rows| picked_rows(&call, t, rows), train_test(&call, t.rows(), &share, &options)?)
    });
    b.verb(
        "sample_rows",
        "x.sample_rows(n)\nx.sample_rows(n, #{ seed, replace })",
        "n rows at random, each at most once unless `replace`",
        "print(example(\"sachs\").sample_rows(3, #{ seed: 1 }));",
    )
    .options(SAMPLE)
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, count: i64| -> Outcome<Matrix> {
        matrix_rows(&call, m, sample(&call, (m.rows(), m.cols()), count, &Map::new())?)
    })
    .on(|call: NativeCallContext<'_>, m: &mut Matrix, count: i64, options: Map| -> Outcome<Matrix> {
        matrix_rows(&call, m, sample(&call, (m.rows(), m.cols()), count, &options)?)
    })
    .on(|call: NativeCallContext<'_>, t: &mut Table, count: i64| -> Outcome<Table> {
        picked_rows(&call, t, sample(&call, (t.rows(), t.cols()), count, &Map::new())?)
    })
    .on(|call: NativeCallContext<'_>, t: &mut Table, count: i64, options: Map| -> Outcome<Table> {
        picked_rows(&call, t, sample(&call, (t.rows(), t.cols()), count, &options)?)
    });
}
