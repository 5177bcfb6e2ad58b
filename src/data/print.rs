//! Numbers, grids and lists of columns as people read them on a terminal.

use super::Matrix;

/// As many columns are named in a message.
const NAMED: usize = 5;

/// The first few of these columns by name, and how many more there are.
pub(crate) fn column_labels(x: &Matrix, columns: &[usize]) -> String {
    let labels: Vec<String> = columns.iter().take(NAMED).map(|&j| x.column_label(j)).collect();
    match columns.len().saturating_sub(NAMED) {
        0 => labels.join(", "),
        more => format!("{} and {more} more", labels.join(", ")),
    }
}

/// A number in at most 6 significant digits, without the noise of trailing zeros.
pub(crate) fn number(value: f64) -> String {
    significant(value, 6)
}

/// A number in at most so many significant digits; what stands before the point is never cut.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    if value == 0.0 {
        return "0".into();
    }
    if value == value.trunc() && value.abs() < 1e6 {
        return format!("{value:.0}");
    }
    let magnitude = value.abs().log10().floor();
    let behind = digits.saturating_sub(1);
    if (-5.0..6.0).contains(&magnitude) {
        let decimals = (behind as f64 - magnitude).max(0.0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
    } else {
        format!("{value:.behind$e}")
    }
}

const MAX_ROWS: usize = 12;
const MAX_COLS: usize = 10;

/// A grid with row and column headings; the middle of a large one is left out.
pub(crate) fn table_text(
    rows: usize,
    cols: usize,
    heading: impl Fn(usize) -> String,
    row_name: impl Fn(usize) -> String,
    cell: impl Fn(usize, usize) -> String,
) -> String {
    let shown_rows = shown(rows, MAX_ROWS);
    let shown_cols = shown(cols, MAX_COLS);
    let mut lines: Vec<Vec<String>> = vec![
        std::iter::once(String::new())
            .chain(shown_cols.iter().map(|col| col.map_or("...".into(), |col| clipped(heading(col)))))
            .collect(),
    ];
    for row in &shown_rows {
        let mut line = vec![row.map_or("...".into(), |row| clipped(row_name(row)))];
        line.extend(shown_cols.iter().map(|col| match (row, col) {
            (Some(row), Some(col)) => clipped(cell(*row, *col)),
            _ => "...".into(),
        }));
        lines.push(line);
    }
    let widths: Vec<usize> = (0..=shown_cols.len())
        .map(|col| lines.iter().map(|line| line[col].chars().count()).max().unwrap_or(0))
        .collect();
    let text: Vec<String> = lines
        .iter()
        .map(|line| {
            let cells: Vec<String> = line.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
            cells.join("  ").trim_end().to_string()
        })
        .collect();
    text.join("\n")
}

/// Letters of a name or cell that are printed. What is aligned must not be wider than 65,535 letters.
const MAX_LETTERS: usize = 200;

/// A text as far as there is room for it.
pub(crate) fn clipped(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_LETTERS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The positions to show: all, or the first and last ones with a gap between.
pub(crate) fn shown(count: usize, max: usize) -> Vec<Option<usize>> {
    if count <= max {
        return (0..count).map(Some).collect();
    }
    let head = max / 2;
    (0..head).map(Some).chain([None]).chain((count - (max - head - 1)..count).map(Some)).collect()
}

#[cfg(test)]
mod tests {
    use super::{number, significant};

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (-3.5, "-3.5"),
            (0.123456789, "0.123457"),
            (123456.789, "123457"),
            (1.5e-9, "1.50000e-9"),
            (1e10, "1.00000e10"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(number(value), text);
        }
        for (value, text) in [(0.123456, "0.1235"), (-12345.67, "-12346"), (1.5e-9, "1.500e-9"), (0.99996, "1")] {
            assert_eq!(significant(value, 4), text);
        }
    }
}
