//! Charts of the columns of a table.

use crate::data::summary::mean;
use crate::data::{Column, Table};
use crate::error::{Error, Result};

use super::charts::{Points, bar_panel, grouped_boxes, histogram, left_out, line_chart, scatter, shape};
use super::curves::Series;
use super::figure::Figure;
use super::scene::Axis;
use super::statistics::categorize;

/// A column with more different values than this has no categories.
const MOST_CATEGORIES: usize = 500;

/// Which columns of a table a chart shows.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Along the horizontal axis.
    pub x: &'a str,
    /// Along the vertical axis.
    pub y: &'a str,
    /// The column whose values are told apart by colour, if any.
    pub group: Option<&'a str>,
}

/// Boxes of the column `y`, one for every value of `x` in order of appearance (and of `group`, side by side).
///
/// # Errors
/// An unknown column, texts in `y`, more than 500 different values of `x` or `group`, no finite value.
pub fn table_boxes(table: &Table, columns: &Columns<'_>) -> Result<Figure> {
    let (categories, series) = cells(table, columns)?;
    Ok(grouped_boxes(&categories, &series)?.with_axis_titles(Some(columns.x), Some(columns.y)))
}

/// Bars of the column `y`, one for every value of `x` in order of appearance (and of `group`, side by side). Where
/// values repeat, a bar is the mean of its rows, and the axis says so.
///
/// # Errors
/// As [`table_boxes`].
pub fn table_bars(table: &Table, columns: &Columns<'_>) -> Result<Figure> {
    let (categories, series) = cells(table, columns)?;
    let values = || series.iter().flat_map(|(_, lists)| lists);
    let repeats = values().any(|rows| rows.len() > 1);
    let missing = values().flatten().filter(|value| !value.is_finite()).count();
    let finite = |rows: &Vec<f64>| mean(&rows.iter().copied().filter(|value| value.is_finite()).collect::<Vec<_>>());
    let means: Vec<(String, Vec<f64>)> =
        series.iter().map(|(name, lists)| (name.clone(), lists.iter().map(finite).collect())).collect();
    let title = if repeats { format!("mean of {}", columns.y) } else { columns.y.to_string() };
    let mut panel = bar_panel(&categories, &means)?;
    panel.summary = format!("bars of {title}, {}{}", shape(categories.len(), series.len()), left_out(missing, false));
    (panel.x.title, panel.y.title) = (columns.x.into(), title);
    Ok(Figure::new(None, panel))
}

/// Points of two columns, coloured by `group`; rows with names show them.
///
/// # Errors
/// An unknown column, texts in `x` or `y`, no row that can be drawn.
pub fn table_points(table: &Table, columns: &Columns<'_>, log: [bool; 2]) -> Result<Figure> {
    let points = Points {
        x: numbers(table, columns.x)?.to_vec(),
        y: numbers(table, columns.y)?.to_vec(),
        groups: columns.group.map_or(Ok(Vec::new()), |name| labels(table, name))?,
        labels: table.row_names().map_or_else(Vec::new, |names| names.as_slice().to_vec()),
    };
    let [x, y] = axes(columns, log);
    scatter(&points, x, y)
}

/// Lines through two columns in the order of the rows, one for every value of `group`.
///
/// # Errors
/// An unknown column, texts in `x` or `y`, no row that can be drawn.
pub fn table_lines(table: &Table, columns: &Columns<'_>, log: [bool; 2]) -> Result<Figure> {
    let (x, y) = (numbers(table, columns.x)?, numbers(table, columns.y)?);
    let [x_axis, y_axis] = axes(columns, log);
    let (of_row, names) = match columns.group {
        Some(name) => categorize(labels(table, name)?),
        None => (vec![0; x.len()], vec![String::new()]),
    };
    let mut series: Vec<Series> = names.into_iter().map(|name| (name, Vec::new(), Vec::new())).collect();
    for (&line, (&x, &y)) in of_row.iter().zip(x.iter().zip(y)) {
        series[line].1.push(x);
        series[line].2.push(y);
    }
    line_chart(&series, x_axis, y_axis)
}

/// The distribution of a column.
///
/// # Errors
/// An unknown column, texts, no finite value, a number of bins that is 0 or too large.
pub fn table_histogram(table: &Table, x: &str, bins: Option<usize>, density: bool) -> Result<Figure> {
    Ok(histogram(numbers(table, x)?, bins, density)?.with_axis_titles(Some(x), None))
}

fn axes(columns: &Columns<'_>, log: [bool; 2]) -> [Axis; 2] {
    let [x, y] = [Axis::linear(columns.x), Axis::linear(columns.y)];
    [Axis { log: log[0], ..x }, Axis { log: log[1], ..y }]
}

/// The numbers of a column.
fn numbers<'a>(table: &'a Table, name: &str) -> Result<&'a [f64]> {
    match table.column(name)? {
        Column::Numbers(values) => Ok(values.as_slice()),
        Column::Texts(_) => Err(Error::data(format!("column '{name}' is not numeric"))
            .with_hint("texts can be the x of a box or bar chart, or the group of any other")),
    }
}

/// The cells of a column as texts.
fn labels(table: &Table, name: &str) -> Result<Vec<String>> {
    let column = table.column(name)?;
    let is_missing = |row: usize| match column {
        Column::Numbers(values) => values[row].is_nan(),
        Column::Texts(values) => values[row].is_empty(),
    };
    let label = |row: usize| if is_missing(row) { "missing".to_string() } else { column.label(row) };
    Ok((0..table.rows()).map(label).collect())
}

/// The categories of a column and which one each row has.
fn categories(table: &Table, name: &str) -> Result<(Vec<usize>, Vec<String>)> {
    let (of_row, categories) = categorize(labels(table, name)?);
    if categories.len() > MOST_CATEGORIES {
        return Err(Error::data(format!("column '{name}' has {} different values", categories.len())).with_hint(
            format!("a chart shows at most {MOST_CATEGORIES} categories; for numbers there is \"scatter\""),
        ));
    }
    Ok((of_row, categories))
}

/// The values of `y` by series and category.
type Cells = (Vec<String>, Vec<(String, Vec<Vec<f64>>)>);

fn cells(table: &Table, columns: &Columns<'_>) -> Result<Cells> {
    let values = numbers(table, columns.y)?;
    let (category_of, categories_of_x) = categories(table, columns.x)?;
    let (series_of, names) = match columns.group {
        Some(group) => categories(table, group)?,
        None => (vec![0; values.len()], vec![String::new()]),
    };
    let empty = vec![Vec::new(); categories_of_x.len()];
    let mut series: Vec<(String, Vec<Vec<f64>>)> = names.into_iter().map(|name| (name, empty.clone())).collect();
    for (&value, (&k, &i)) in values.iter().zip(series_of.iter().zip(&category_of)) {
        series[k].1[i].push(value);
    }
    Ok((categories_of_x, series))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::scene::Trace;
    use super::*;

    fn table() -> Table {
        let texts = |list: &[&str]| Column::Texts(Arc::new(list.iter().map(|text| text.to_string()).collect()));
        let columns = vec![
            ("method".to_string(), texts(&["b", "a", "b", "", "a"])),
            ("data".to_string(), texts(&["u", "u", "v", "v", "v"])),
            ("tdp".to_string(), Column::Numbers(Arc::new(vec![0.5, 0.25, 0.75, 1.0, f64::NAN]))),
            ("rep".to_string(), Column::Numbers(Arc::new(vec![1.0, 1.0, 2.0, 3.0, 2.0]))),
        ];
        Table::new(columns, None).unwrap()
    }

    fn columns<'a>(x: &'a str, y: &'a str, group: Option<&'a str>) -> Columns<'a> {
        Columns { x, y, group }
    }

    #[test]
    fn boxes_of_rows_in_order_of_appearance() {
        let figure = table_boxes(&table(), &columns("method", "tdp", None)).unwrap();
        let panel = &figure.scene().panels[0];
        assert_eq!(panel.x.categories, ["b", "a", "missing"]);
        let Trace::Boxes(boxes) = &panel.traces[0] else { panic!("boxes") };
        assert_eq!(boxes.marks.iter().map(|mark| mark.quartiles[1]).collect::<Vec<_>>(), [0.625, 0.25, 1.0]);
        assert_eq!((panel.x.title.as_str(), panel.y.title.as_str()), ("method", "tdp"));
        assert!(table_boxes(&table(), &columns("tdp", "method", None)).unwrap_err().message().contains("not numeric"));
        assert!(table_boxes(&table(), &columns("methd", "tdp", None)).unwrap_err().hint().is_some());
    }

    #[test]
    fn bars_are_means_where_values_repeat() {
        let figure = table_bars(&table(), &columns("method", "tdp", None)).unwrap();
        let panel = &figure.scene().panels[0];
        let Trace::Bars(bars) = &panel.traces[0] else { panic!("bars") };
        assert_eq!((&bars.heights[..], panel.y.title.as_str()), (&[0.625, 0.25, 1.0][..], "mean of tdp"));
        assert!(figure.to_string().ends_with("bars of mean of tdp, 3 categories, 1 missing"), "{figure}");
        let single = table_bars(&table().head(3), &columns("method", "rep", Some("data"))).unwrap();
        let panel = &single.scene().panels[0];
        let Trace::Bars(v) = &panel.traces[1] else { panic!("bars") };
        assert_eq!((v.name.as_str(), v.heights[0], panel.y.title.as_str()), ("v", 2.0, "rep"));
        assert!(v.heights[1].is_nan());
    }

    #[test]
    fn a_line_for_every_group() {
        let figure = table_lines(&table(), &columns("rep", "tdp", Some("data")), [false, true]).unwrap();
        let lines: Vec<&Trace> =
            figure.scene().panels[0].traces.iter().filter(|trace| matches!(trace, Trace::Line(_))).collect();
        let [Trace::Line(u), Trace::Line(v)] = &lines[..] else { panic!("two lines") };
        assert_eq!((u.name.as_str(), &u.x[..], &v.x[..]), ("u", &[1.0, 1.0][..], &[2.0, 3.0, 2.0][..]));
        assert!(figure.scene().panels[0].y.log);
        assert!(table_points(&table(), &columns("rep", "data", None), [false; 2]).is_err());
    }
}
