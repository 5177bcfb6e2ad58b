//! A table of numbers and texts: its first and last rows and columns, numbers tinted by sign and size.

use super::markup::{GAP, name};
use crate::data::{shown, significant};

/// Rows at most, with the one that stands for the rest.
const MOST_ROWS: usize = 20;
/// Columns at most, with the one that stands for the rest.
const MOST_COLS: usize = 16;
/// Digits of a number.
const DIGITS: usize = 4;
/// The blue and the vermillion of figures, for positive and negative numbers.
const POSITIVE: &str = "0, 114, 178";
const NEGATIVE: &str = "213, 94, 0";
/// How much of the colour the largest number has. Half transparent, it goes with dark and light letters.
const STRONGEST: f64 = 0.45;

/// What a cell shows.
pub(super) enum Cell {
    /// A number; a missing one is NaN.
    Number(f64),
    /// A truth value.
    Flag(bool),
    /// A text.
    Text(String),
}

/// Which numbers share their largest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tint {
    /// All.
    Whole,
    /// Those of a column.
    Columns,
    /// None: no colours.
    Off,
}

/// A table of `rows` x `cols` cells.
pub(super) struct Grid<'a> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// The heading of a column.
    pub heading: &'a dyn Fn(usize) -> String,
    /// The name of a row, where rows have some.
    pub row_name: Option<&'a dyn Fn(usize) -> String>,
    /// What stands in a row and column.
    pub cell: &'a dyn Fn(usize, usize) -> Cell,
    /// The colours of numbers.
    pub tint: Tint,
}

impl Grid<'_> {
    /// The table. Cells that are not shown are not asked for.
    pub(super) fn html(&self) -> String {
        let (rows, cols) = (shown(self.rows, MOST_ROWS), shown(self.cols, MOST_COLS));
        let cell = |row: Option<usize>, col: Option<usize>| Some((self.cell)(row?, col?));
        let cells: Vec<Vec<Option<Cell>>> =
            rows.iter().map(|&row| cols.iter().map(|&col| cell(row, col)).collect()).collect();
        let largest = largest(&cells, cols.len(), self.tint);
        let mut html = format!("<table>\n<thead><tr>{}</tr></thead>\n<tbody>\n", self.head(&cols, &cells));
        for (row, cells) in rows.iter().zip(&cells) {
            html += "<tr>";
            if let Some(row_name) = self.row_name {
                let label = row.map_or_else(|| GAP.into(), |row| name(&row_name(row)));
                html += &format!("<th scope=\"row\">{label}</th>");
            }
            html.extend(cells.iter().zip(&largest).map(|(cell, &largest)| cell_html(cell.as_ref(), largest)));
            html += "</tr>\n";
        }
        html + "</tbody></table>\n"
    }

    fn head(&self, cols: &[Option<usize>], cells: &[Vec<Option<Cell>>]) -> String {
        let mut head = String::from(if self.row_name.is_some() { "<td></td>" } else { "" });
        for (at, col) in cols.iter().enumerate() {
            let is_text = cells.iter().any(|row| matches!(row[at], Some(Cell::Text(_))));
            let class = if is_text { " class=\"sinew-text\"" } else { "" };
            let label = col.map_or_else(|| GAP.into(), |col| name(&(self.heading)(col)));
            head += &format!("<th scope=\"col\"{class}>{label}</th>");
        }
        head
    }
}

/// What is as strong as a colour gets, for every column.
fn largest(cells: &[Vec<Option<Cell>>], cols: usize, tint: Tint) -> Vec<f64> {
    let size = |cell: &Option<Cell>| match cell {
        Some(Cell::Number(number)) if number.is_finite() => number.abs(),
        _ => 0.0,
    };
    let of_column = |col: usize| cells.iter().map(|row| size(&row[col])).fold(0.0, f64::max);
    let each: Vec<f64> = (0..cols).map(of_column).collect();
    match tint {
        Tint::Columns => each,
        Tint::Whole => vec![each.into_iter().fold(0.0, f64::max); cols],
        Tint::Off => vec![0.0; cols],
    }
}

fn cell_html(cell: Option<&Cell>, largest: f64) -> String {
    match cell {
        None => format!("<td class=\"sinew-pale\">{GAP}</td>"),
        Some(Cell::Text(text)) => format!("<td class=\"sinew-text\">{}</td>", name(text)),
        Some(Cell::Flag(true)) => format!("<td{}>true</td>", tinted(1.0, 3.0)),
        Some(Cell::Flag(false)) => "<td class=\"sinew-pale\">false</td>".into(),
        Some(Cell::Number(number)) if number.is_nan() => "<td class=\"sinew-pale\">NaN</td>".into(),
        Some(Cell::Number(number)) => format!("<td{}>{}</td>", tinted(*number, largest), significant(*number, DIGITS)),
    }
}

/// The ground of a number, beside its cell so that notebooks without styles have it too.
fn tinted(number: f64, largest: f64) -> String {
    let share = (100.0 * STRONGEST * (number.abs() / largest)).round() / 100.0;
    if !number.is_finite() || !share.is_finite() || share < 0.01 {
        return String::new();
    }
    let color = if number > 0.0 { POSITIVE } else { NEGATIVE };
    format!(" style=\"background-color: rgba({color}, {share})\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(rows: usize, cols: usize, cell: &dyn Fn(usize, usize) -> f64) -> String {
        let (heading, row_name) = (|j: usize| format!("col{j}"), |i: usize| format!("row{i}"));
        let cell = |i: usize, j: usize| Cell::Number(cell(i, j));
        Grid { rows, cols, heading: &heading, row_name: Some(&row_name), cell: &cell, tint: Tint::Whole }.html()
    }

    #[test]
    fn the_first_and_last_rows_and_columns_are_shown() {
        let html = numbers(100, 50, &|i, j| (1000 * i + j) as f64);
        for part in ["row0<", "row9<", "row91<", "row99<", "col0<", "col7<", "col43<", "col49<", ">99049<"] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("row10<") && !html.contains("row90<") && !html.contains("col8<"));
        assert_eq!((html.matches("<tr>").count(), html.matches("scope=\"col\"").count()), (21, 16));
        let whole = numbers(20, 16, &|_, _| 1.0);
        assert!(!whole.contains(GAP));
    }

    #[test]
    fn colours_follow_sign_and_size() {
        let html = numbers(1, 5, &|_, j| [-2.0, 1.0, 0.0, f64::NAN, f64::INFINITY][j]);
        assert!(
            html.contains("rgba(213, 94, 0, 0.45)\">-2<") && html.contains("rgba(0, 114, 178, 0.23)\">1<"),
            "{html}"
        );
        assert!(html.contains("<td>0</td>") && html.contains("pale\">NaN<") && html.contains("<td>inf</td>"));
        assert!(!numbers(2, 2, &|_, _| 0.0).contains("rgba"));
    }

    #[cfg(feature = "plot")]
    #[test]
    fn colours_are_those_of_figures() {
        for (color, paint) in [(POSITIVE, crate::plot::Paint::POSITIVE), (NEGATIVE, crate::plot::Paint::NEGATIVE)] {
            let parts: Vec<u8> = color.split(", ").map(|part| part.parse().unwrap()).collect();
            assert_eq!(format!("#{:02X}{:02X}{:02X}", parts[0], parts[1], parts[2]), paint.light());
        }
    }
}
