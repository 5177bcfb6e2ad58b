//! A heatmap: cells, their labels and the colour bar.

use super::axes::linear_ticks;
use super::{FONT, Rect, escape, fill, px};
use crate::data::{Matrix, number};
use crate::plot::labels::{shorten, text_width};
use crate::plot::paint::{ColorScale, Paint};
use crate::plot::scene::{HeatmapCells, Panel, Trace};

/// More rows or columns than this are drawn as blocks, each with the colour of its largest entry.
const MOST_CELLS: usize = 300;
/// From this size in pixels on, a cell shows its number.
const CELL_WITH_NUMBER: f64 = 36.0;
/// Room for the colour bar and its numbers.
const BAR_ROOM: f64 = 92.0;

/// The heatmap of a panel, if it has one.
pub(super) fn of(panel: &Panel) -> Option<&HeatmapCells> {
    panel.traces.iter().find_map(|trace| match trace {
        Trace::Heatmap(cells) => Some(cells),
        _ => None,
    })
}

/// The class of a step of a colour scale.
pub(super) fn class(scale: ColorScale, level: usize) -> String {
    match scale {
        ColorScale::Diverging => format!("sn-d{level}"),
        ColorScale::Sequential => format!("sn-q{level}"),
    }
}

/// Room beside the cells: left for the rows' labels, below for the columns', and whether those are upright.
fn margins(cells: &HeatmapCells, cell: f64) -> (f64, f64, bool) {
    let widest = |labels: &[String]| labels.iter().map(|l| text_width(&shorten(l), FONT)).fold(0.0, f64::max);
    let upright = widest(&cells.columns) > cell - 4.0;
    (widest(&cells.rows) + 14.0, if upright { widest(&cells.columns) + 16.0 } else { 26.0 }, upright)
}

/// Width and height in pixels that a heatmap of its own takes, with cells that are square where `equal`.
pub(super) fn wanted_size(cells: &HeatmapCells, equal: bool) -> [f64; 2] {
    let (rows, columns) = (cells.values.rows() as f64, cells.values.cols() as f64);
    let size = |count: f64, room: f64| (room / count).clamp(0.5, 54.0);
    let cell = match equal {
        true => [size(rows.max(columns), 560.0); 2],
        false => [size(columns, 640.0), size(rows, 440.0)],
    };
    let (left, bottom, _) = margins(cells, cell[0]);
    [(columns * cell[0]).max(60.0) + left + BAR_ROOM, (rows * cell[1]).max(160.0) + bottom + 8.0]
}

/// Draws everything into a room.
pub(super) fn draw(cells: &HeatmapCells, equal: bool, [left, top, width, height]: Rect, out: &mut String) {
    let (rows, columns) = (cells.values.rows() as f64, cells.values.cols() as f64);
    let mut cell = [54.0f64; 2];
    // Upright labels take more room, which makes the cells smaller: once more with what the first round found.
    for _ in 0..2 {
        let (beside, below, _) = margins(cells, cell[0]);
        cell = [((width - beside - BAR_ROOM) / columns).max(0.1), ((height - below - 8.0) / rows).max(0.1)];
        if equal {
            cell = [cell[0].min(cell[1]); 2];
        }
    }
    let (beside, _, upright) = margins(cells, cell[0]);
    let area = [left + beside, top + 8.0, cell[0] * columns, cell[1] * rows];
    draw_cells(cells, area, out);
    if cell[0].min(cell[1]) >= CELL_WITH_NUMBER {
        draw_numbers(cells, area, cell, out);
    }
    draw_labels(cells, area, cell, upright, out);
    draw_bar(cells, [area[0] + area[2] + 22.0, area[1], 14.0, area[3].max(120.0)], out);
}

/// The entry with the largest absolute value in a block, NaN where none is finite.
fn largest(values: &Matrix, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> f64 {
    let entries = rows.flat_map(|i| values.row_slice(i)[columns.clone()].iter().copied());
    entries.filter(|value| value.is_finite()).fold(f64::NAN, |a, b| if b.abs() > a.abs() || a.is_nan() { b } else { a })
}

/// Cells of one colour are one path, neighbours in a row one rectangle, so that sparse matrices stay small.
fn draw_cells(cells: &HeatmapCells, [left, top, width, height]: Rect, out: &mut String) {
    let (rows, columns) = (cells.values.rows(), cells.values.cols());
    let (down, across) = (rows.min(MOST_CELLS), columns.min(MOST_CELLS));
    let (cell_width, cell_height) = (width / across as f64, height / down as f64);
    let gap = if cell_width.min(cell_height) >= 9.0 { 1.0 } else { 0.0 };
    let mut paths = vec![String::new(); ColorScale::LEVELS];
    let range = |at: usize, parts: usize, total: usize| at * total / parts..(at + 1) * total / parts;
    for i in 0..down {
        let levels: Vec<Option<usize>> = (0..across)
            .map(|j| largest(&cells.values, range(i, down, rows), range(j, across, columns)))
            .map(|value| value.is_finite().then(|| ColorScale::level(cells.position(value))))
            .collect();
        let mut j = 0;
        while j < across {
            let run = levels[j..].iter().take_while(|level| **level == levels[j]).count();
            // With gaps between them, cells stay separate.
            let run = if gap > 0.0 { 1 } else { run };
            if let Some(level) = levels[j] {
                paths[level] += &if gap > 0.0 {
                    let (x, y) = (left + j as f64 * cell_width, top + i as f64 * cell_height);
                    let (w, h) = (px2(cell_width - gap), px2(cell_height - gap));
                    format!("M{} {}h{w}v{h}h-{w}z", px2(x), px2(y))
                } else {
                    format!("M{j} {i}h{run}v1h-{run}z")
                };
            }
            j += run;
        }
    }
    // Many small cells are counted, not measured: that takes half the letters.
    let (left, top) = (px2(left), px2(top));
    *out += &match gap > 0.0 {
        true => "<g>\n".to_string(),
        false => format!(
            "<g shape-rendering=\"crispEdges\" \
             transform=\"translate({left} {top}) scale({cell_width:.6} {cell_height:.6})\">\n"
        ),
    };
    for (level, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
        let (class, color) = (class(cells.scale, level), level_color(cells.scale, level));
        *out += &format!("<path class=\"{class}\" fill=\"{color}\" d=\"{path}\"/>\n");
    }
    *out += "</g>\n";
}

/// A length with two decimals: a tenth of a pixel is visible where many small cells meet.
fn px2(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}

fn level_color(scale: ColorScale, level: usize) -> String {
    scale.color(level as f64 / (ColorScale::LEVELS - 1) as f64, false)
}

fn draw_numbers(cells: &HeatmapCells, [left, top, ..]: Rect, [wide, high]: [f64; 2], out: &mut String) {
    for ((i, j), &value) in cells.values.view().indexed_iter().filter(|(_, value)| value.is_finite()) {
        let (x, y) = (px(left + (j as f64 + 0.5) * wide), px(top + (i as f64 + 0.5) * high + 4.0));
        let look = if cells.scale.text_is_white(cells.position(value)) {
            "fill=\"#FFFFFF\"".to_string()
        } else if value == 0.0 {
            fill(Paint::Muted)
        } else {
            fill(Paint::Ink)
        };
        let text = short_number(value);
        *out += &format!("<text x=\"{x}\" y=\"{y}\" font-size=\"11\" text-anchor=\"middle\" {look}>{text}</text>\n");
    }
}

/// A number of at most about 5 characters.
pub(crate) fn short_number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(0.005..1e5).contains(&size) => format!("{value:.0e}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn draw_labels(
    cells: &HeatmapCells,
    [left, top, _, height]: Rect,
    [wide, high]: [f64; 2],
    upright: bool,
    out: &mut String,
) {
    // Where the cells are smaller than letters, only some of the labels fit.
    let every = |size: f64| ((FONT + 1.0) / size).ceil().max(1.0) as usize;
    let ink = fill(Paint::Ink);
    for (i, label) in cells.rows.iter().enumerate().step_by(every(high)) {
        let (x, y) = (px(left - 7.0), px(top + (i as f64 + 0.5) * high + 0.35 * FONT));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\" {ink}>{}</text>\n", escape(&shorten(label)));
    }
    for (j, label) in cells.columns.iter().enumerate().step_by(every(wide)) {
        let x = left + (j as f64 + 0.5) * wide;
        let place = if upright {
            let (x, y) = (px(x + 0.35 * FONT), px(top + height + 7.0));
            format!("transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"end\"")
        } else {
            format!("x=\"{}\" y=\"{}\" text-anchor=\"middle\"", px(x), px(top + height + 18.0))
        };
        *out += &format!("<text {place} {ink}>{}</text>\n", escape(&shorten(label)));
    }
}

fn draw_bar(cells: &HeatmapCells, [left, top, width, height]: Rect, out: &mut String) {
    let ink = fill(Paint::Ink);
    let (top, height) = if cells.note.is_empty() { (top, height) } else { (top + 18.0, height - 18.0) };
    if !cells.note.is_empty() {
        let (x, y, note) = (px(left - 4.0), px(top - 9.0), escape(&cells.note));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" font-size=\"11\" {ink}>{note}</text>\n");
    }
    let step = height / ColorScale::LEVELS as f64;
    *out += "<g shape-rendering=\"crispEdges\">";
    for level in 0..ColorScale::LEVELS {
        let (class, color) = (class(cells.scale, level), level_color(cells.scale, level));
        let (x, y) = (px2(left), px2(top + height - (level + 1) as f64 * step));
        let (w, h) = (px2(width), px2(step + 0.5));
        *out += &format!("<rect class=\"{class}\" fill=\"{color}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"/>");
    }
    *out += "</g>\n";
    for tick in linear_ticks(cells.bounds[0], cells.bounds[1], 6) {
        let y = top + height * (1.0 - cells.position(tick));
        let (x, y, label) = (px(left + width + 6.0), px(y + 0.35 * FONT), number(tick));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" {ink}>{label}</text>\n");
    }
}
