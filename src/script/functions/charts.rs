//! Figures of numbers: lines, points, bars, boxes, histograms.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, check_options, to_number, to_numbers, to_value};
use super::super::state::context;
use super::super::vocabulary::Builder;
use super::super::work::made;
use crate::context::Reservation;
use crate::data::{Matrix, Names, Table, Vector};
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset};
use crate::plot::{self, Axis, Columns, Figure, Points};
use crate::value::Value;

pub(super) const TITLE: Opt = Opt::new("title", &[Kind::Text], Preset::Unset("none"), "Title");
pub(super) const X_LABEL: Opt =
    Opt::new("x_label", &[Kind::Text], Preset::Unset("what the data say"), "Title of the horizontal axis");
pub(super) const Y_LABEL: Opt =
    Opt::new("y_label", &[Kind::Text], Preset::Unset("what the data say"), "Title of the vertical axis");
pub(super) const LOG_X: Opt = Opt::new("log_x", &[Kind::Bool], Preset::Bool(false), "Logarithmic horizontal axis");
pub(super) const LOG_Y: Opt = Opt::new("log_y", &[Kind::Bool], Preset::Bool(false), "Logarithmic vertical axis");
pub(super) const BINS: Opt =
    Opt::new("bins", &[Kind::Count(1)], Preset::Unset("as Freedman and Diaconis say"), "Number of bins");
pub(super) const DENSITY: Opt = Opt::new("density", &[Kind::Bool], Preset::Bool(false), "Areas that add up to 1");
pub(super) const X: Opt =
    Opt::new("x", &[Kind::Text], Preset::Unset("must be given"), "Column along the horizontal axis");
pub(super) const Y: Opt =
    Opt::new("y", &[Kind::Text], Preset::Unset("must be given"), "Column along the vertical axis");
pub(super) const GROUP: Opt = Opt::new("group", &[Kind::Text], Preset::Unset("none"), "Column told apart by colour");
const NAME: Opt = Opt::new(
    "name",
    &[Kind::Text, Kind::List],
    Preset::Unset("those of the columns"),
    "Name for the legend, or a list of names where there are several lines or series",
);
const LINE: &[Opt] = &[TITLE, X_LABEL, Y_LABEL, LOG_X, LOG_Y, NAME];
const BAR: &[Opt] = &[TITLE, X_LABEL, Y_LABEL, NAME];
const BOX: &[Opt] = &[
    TITLE,
    X_LABEL,
    Y_LABEL,
    Opt::new("labels", &[Kind::List], Preset::Unset("those of the columns"), "Names of the boxes"),
];
const HISTOGRAM: &[Opt] = &[TITLE, X_LABEL, Y_LABEL, BINS, DENSITY];
const SCATTER: &[Opt] = &[
    TITLE,
    X_LABEL,
    Y_LABEL,
    LOG_X,
    LOG_Y,
    Opt::new("groups", &[Kind::List, Kind::Object("Vector")], Preset::Unset("none"), "Group of each point, by colour"),
    Opt::new("labels", &[Kind::List, Kind::Object("Vector")], Preset::Unset("none"), "Name of each point"),
];
const TABLE_CELLS: &[Opt] = &[X, Y, GROUP, TITLE, X_LABEL, Y_LABEL];
const TABLE_ROWS: &[Opt] = &[X, Y, GROUP, TITLE, X_LABEL, Y_LABEL, LOG_X, LOG_Y];
const TABLE_COLUMN: &[Opt] = &[X, TITLE, X_LABEL, Y_LABEL, BINS, DENSITY];
const TABLE_KINDS: &[&str] = &["box", "bar", "scatter", "line", "histogram"];

/// What a figure of so many numbers takes while it is made and written.
fn reserve(call: &NativeCallContext<'_>, numbers: usize) -> Result<Reservation> {
    context(call).reserve(numbers.saturating_mul(8 * 20))
}

/// A figure of so many numbers; an interrupt does not wait for that of very many.
fn drawn(
    call: &NativeCallContext<'_>,
    numbers: usize,
    draw: impl FnOnce() -> Result<Figure> + Send + 'static,
) -> Result<Figure> {
    // What is said of a point takes longer than a number of a sum.
    detached_if_many(numbers.saturating_mul(10), &context(call), draw)?
}

/// The figure with the titles that every chart takes.
pub(super) fn with_titles(mut figure: Figure, options: &Options) -> Figure {
    let (x, y) = (options.text("x_label"), options.text("y_label"));
    if x.is_some() || y.is_some() {
        figure = figure.with_axis_titles(x, y);
    }
    if let Some(title) = options.text("title") {
        figure = figure.with_title(title);
    }
    figure
}

pub(super) fn unknown_kind(of: &str, kind: &str, known: &[&str]) -> Error {
    Error::argument(format!("there is no plot \"{kind}\" of {of}"))
        .with_nearest(kind, known.iter().copied())
        .or_hint(format!("kinds: {}", known.join(", ")))
}

/// Lists of numbers with their names.
type Named = Vec<(String, Vec<f64>)>;

/// One or several lists of numbers with their names: a list of numbers, a list of such lists, the columns of a Matrix
/// or Table, or a map.
fn series(call: &NativeCallContext<'_>, value: &Dynamic, what: &str) -> Result<Named> {
    if let Some(m) = value.read_lock::<Matrix>() {
        return made(call, &*m, 8, columns);
    }
    if let Some(t) = value.read_lock::<Table>() {
        return made(call, &*t, 16, |t| Ok(columns(&t.matrix()?)))?;
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map
            .iter()
            .map(|(name, list)| Ok((name.to_string(), to_numbers(list, &format!("{what}: '{name}'"))?)))
            .collect();
    }
    if let Some(list) = value.read_lock::<Array>()
        && list.first().is_some_and(|first| to_number(first).is_none())
    {
        let parts = list.iter().enumerate();
        return parts.map(|(i, part)| Ok((i.to_string(), to_numbers(part, &format!("{what}: list {i}"))?))).collect();
    }
    Ok(vec![(String::new(), to_numbers(value, what)?)])
}

fn columns(m: &Matrix) -> Named {
    let names = m.names().cloned().unwrap_or_else(|| Names::numbered(m.cols()));
    let view = m.view();
    names.iter().zip(view.columns()).map(|(name, column)| (name.to_string(), column.to_vec())).collect()
}

/// A list of texts or numbers as texts.
fn words(value: &Value, what: &str) -> Result<Vec<String>> {
    if let Some(vector) = value.object::<Vector>() {
        return Ok(vector.as_slice().iter().map(f64::to_string).collect());
    }
    let Value::List(list) = value else {
        return Err(Error::argument(format!("{what} must be a list of texts or numbers, not {}", value.brief())));
    };
    let word = |value: &Value| match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Int(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(Error::argument(format!("{what}: {} is neither a text nor a number", other.brief()))),
    };
    list.iter().map(word).collect()
}

/// Words from an option; none where it is not given.
fn words_of(options: &Options, key: &str, verb: &str) -> Result<Vec<String>> {
    options.get(key).map_or(Ok(Vec::new()), |value| words(value, &format!("option '{key}' of {verb}")))
}

/// The series under the names of an option, where it is given.
fn renamed(mut series: Named, options: &Options, key: &str, verb: &str) -> Result<Named> {
    let names = match options.text(key) {
        Some(name) => vec![name.to_string()],
        None => words_of(options, key, verb)?,
    };
    if options.is_given(key) && names.len() != series.len() {
        let (given, wanted) = (names.len(), series.len());
        return Err(Error::option(format!("option '{key}' of {verb} gives {given} names, {wanted} are wanted")));
    }
    series.iter_mut().zip(names).for_each(|((old, _), new)| *old = new);
    Ok(series)
}

/// The axes of a chart over numbers.
fn axes(options: &Options) -> [Axis; 2] {
    let axis = |log: &str| if options.is_true(log) { Axis::log("") } else { Axis::linear("") };
    [axis("log_x"), axis("log_y")]
}

fn line(call: &NativeCallContext<'_>, x: &Dynamic, y: &Dynamic, options: &Map) -> Outcome<Figure> {
    let options = check_options("line", LINE, options)?;
    let x = to_numbers(x, "x")?;
    let series = renamed(series(call, y, "y")?, &options, "name", "line")?;
    let _held = reserve(call, x.len().saturating_mul(series.len()))?;
    let [x_axis, y_axis] = axes(&options);
    let lines: Vec<plot::Series> = series.into_iter().map(|(name, y)| (name, x.clone(), y)).collect();
    let numbers = lines.iter().map(|(_, x, _)| x.len()).sum();
    let figure = drawn(call, numbers, move || plot::line_chart(&lines, x_axis, y_axis))?;
    Ok(with_titles(figure, &options))
}

fn scatter(call: &NativeCallContext<'_>, x: &Dynamic, y: &Dynamic, options: &Map) -> Outcome<Figure> {
    let options = check_options("scatter", SCATTER, options)?;
    let points = Points {
        x: to_numbers(x, "x")?,
        y: to_numbers(y, "y")?,
        groups: words_of(&options, "groups", "scatter")?,
        labels: words_of(&options, "labels", "scatter")?,
    };
    // A group of its own for each point has an entry in the legend.
    let _held = (reserve(call, points.x.len())?, reserve(call, points.groups.len().saturating_mul(3))?);
    let [x_axis, y_axis] = axes(&options);
    let figure = drawn(call, points.x.len(), move || plot::scatter(&points, x_axis, y_axis))?;
    Ok(with_titles(figure, &options))
}

fn bar(call: &NativeCallContext<'_>, labels: &Dynamic, values: &Dynamic, options: &Map) -> Outcome<Figure> {
    let options = check_options("bar", BAR, options)?;
    let labels = words(&to_value(labels)?, "the labels of bar")?;
    let series = renamed(series(call, values, "values")?, &options, "name", "bar")?;
    let _held = reserve(call, labels.len().saturating_mul(series.len()))?;
    let numbers = labels.len().saturating_mul(series.len());
    let figure = drawn(call, numbers, move || plot::bar(&labels, &series))?;
    Ok(with_titles(figure, &options))
}

fn boxes(call: &NativeCallContext<'_>, values: &Dynamic, options: &Map) -> Outcome<Figure> {
    let options = check_options("box", BOX, options)?;
    let groups = renamed(series(call, values, "values")?, &options, "labels", "box")?;
    let numbers = groups.iter().map(|(_, values)| values.len()).sum();
    let _held = reserve(call, numbers)?;
    let figure = drawn(call, numbers, move || plot::boxes(&groups, ""))?;
    Ok(with_titles(figure, &options))
}

fn histogram(call: &NativeCallContext<'_>, values: &Dynamic, options: &Map) -> Outcome<Figure> {
    let options = check_options("histogram", HISTOGRAM, options)?;
    let values = match values.read_lock::<Matrix>() {
        Some(m) => m.as_slice().to_vec(),
        None => to_numbers(values, "values")?,
    };
    let _held = reserve(call, values.len())?;
    let (bins, density) = (options.count("bins"), options.is_true("density"));
    let figure = drawn(call, values.len(), move || plot::histogram(&values, bins, density))?;
    Ok(with_titles(figure, &options))
}

/// The first columns of a table.
fn some_names(t: &Table) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = t.names().iter().take(SHOWN).collect();
    format!("{}{}", names.join(", "), if t.cols() > SHOWN { ", ..." } else { "" })
}

/// A chart of columns of a table.
fn table_plot(call: &NativeCallContext<'_>, t: &Table, kind: &str, options: &Map) -> Outcome<Figure> {
    let known = match kind {
        "box" | "bar" => TABLE_CELLS,
        "scatter" | "line" => TABLE_ROWS,
        "histogram" => TABLE_COLUMN,
        _ => return Err(unknown_kind("a table", kind, TABLE_KINDS).into()),
    };
    let options = check_options(&format!("plot(\"{kind}\")"), known, options)?;
    let column = |key: &str| {
        options.text(key).ok_or_else(|| {
            Error::option(format!("plot(\"{kind}\") of a table needs option '{key}', the name of a column"))
                .with_hint(format!("columns: {}", some_names(t)))
        })
    };
    let _held = reserve(call, t.rows())?;
    let x = column("x")?;
    if kind == "histogram" {
        let figure = plot::table_histogram(t, x, options.count("bins"), options.is_true("density"))?;
        return Ok(with_titles(figure, &options));
    }
    let columns = Columns { x, y: column("y")?, group: options.text("group") };
    let log = [options.is_true("log_x"), options.is_true("log_y")];
    let figure = match kind {
        "box" => plot::table_boxes(t, &columns)?,
        "bar" => plot::table_bars(t, &columns)?,
        "scatter" => plot::table_points(t, &columns, log)?,
        _ => plot::table_lines(t, &columns, log)?,
    };
    Ok(with_titles(figure, &options))
}

/// The verbs of figures of data; the area is that of plots.
pub(super) fn define(b: &mut Builder) {
    b.verb(
        "line",
        "line(x, y) -> Figure\nline(x, y, #{ title, x_label, y_label, log_x, log_y, name }) -> Figure",
        "Line through points; one a column where y is a Matrix or Table, one a list where it is a list or map of lists",
        "print(line([1, 2, 3], [1, 4, 9]));\nprint(line(0..3, [[1, 2, 3], [3, 2, 1]], #{ name: [\"up\", \"down\"], x_label: \"step\" }));",
    )
    .options(LINE)
    .on(|call: NativeCallContext<'_>, x: Dynamic, y: Dynamic| line(&call, &x, &y, &Map::new()))
    .on(|call: NativeCallContext<'_>, x: Dynamic, y: Dynamic, options: Map| line(&call, &x, &y, &options));
    b.verb(
        "scatter",
        "scatter(x, y) -> Figure\nscatter(x, y, #{ groups, labels, title, x_label, y_label, log_x, log_y }) -> Figure",
        "Points; groups are told apart by colour, and up to 80 points have their labels beside them",
        "print(scatter([1, 2, 3], [2, 1, 4], #{ groups: [\"a\", \"b\", \"a\"], title: \"Two groups\" }));",
    )
    .options(SCATTER)
    .on(|call: NativeCallContext<'_>, x: Dynamic, y: Dynamic| scatter(&call, &x, &y, &Map::new()))
    .on(|call: NativeCallContext<'_>, x: Dynamic, y: Dynamic, options: Map| scatter(&call, &x, &y, &options));
    b.verb(
        "bar",
        "bar(labels, values) -> Figure\nbar(labels, values, #{ title, x_label, y_label, name }) -> Figure",
        "Bars of named values; side by side where values are several lists: a Matrix' or Table's columns, a list or map of lists",
        "print(bar([\"glasso\", \"ridge\"], [0.8, 0.6], #{ y_label: \"AUROC\" }));\nprint(bar([\"u\", \"v\"], #{ before: [1, 2], after: [2, 3] }));",
    )
    .options(BAR)
    .on(|call: NativeCallContext<'_>, labels: Dynamic, values: Dynamic| bar(&call, &labels, &values, &Map::new()))
    .on(|call: NativeCallContext<'_>, labels: Dynamic, values: Dynamic, options: Map| {
        bar(&call, &labels, &values, &options)
    });
    b.verb(
        "box",
        "box(values) -> Figure\nbox(values, #{ labels, title, x_label, y_label }) -> Figure",
        "A box of quartiles (type 7) for each list, column or entry of a map; whiskers reach 1.5 interquartile ranges, points lie beyond",
        "print(box(#{ glasso: [0.7, 0.8, 0.9], ridge: [0.5, 0.6, 0.8] }, #{ y_label: \"AUROC\" }));",
    )
    .options(BOX)
    .on(|call: NativeCallContext<'_>, values: Dynamic| boxes(&call, &values, &Map::new()))
    .on(|call: NativeCallContext<'_>, values: Dynamic, options: Map| boxes(&call, &values, &options));
    b.verb(
        "histogram",
        "histogram(values) -> Figure\nhistogram(values, #{ bins, density, title, x_label, y_label }) -> Figure",
        "How many of the numbers of a list, Vector or Matrix fall into intervals of equal width",
        "print(histogram(randn(200, 1, #{ seed: 1 }), #{ bins: 12 }));",
    )
    .options(HISTOGRAM)
    .on(|call: NativeCallContext<'_>, values: Dynamic| histogram(&call, &values, &Map::new()))
    .on(|call: NativeCallContext<'_>, values: Dynamic, options: Map| histogram(&call, &values, &options));
    b.extend("plot")
        .on(|call: NativeCallContext<'_>, t: &mut Table, kind: &str| table_plot(&call, t, kind, &Map::new()))
        .on(|call: NativeCallContext<'_>, t: &mut Table, kind: &str, options: Map| {
            table_plot(&call, t, kind, &options)
        });
}
