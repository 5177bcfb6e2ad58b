//! Our traces as those of Plotly.

use plotly::common::Line as Stroke;
use plotly::common::{
    ColorBar, ColorScale, ColorScaleElement, DashType, Font, HoverInfo, Marker, Mode, Position, Title,
};
use plotly::{Bar, HeatMap, Scatter};
use serde_json::{Value, json};

use super::{LABEL_FONT, escape, to_value};
use crate::plot::labels::shorten;
use crate::plot::paint::Paint;
use crate::plot::scene::{Bars, BoxMark, Boxes, Dash, HeatmapCells, Line, Markers, Scene, Segments, Trace};
use crate::plot::svg::short_number;

/// A trace as one or several of Plotly's; `sides` are those of its labels.
pub(super) fn trace_json(trace: &Trace, sides: Vec<Position>, scene: &Scene) -> Vec<Value> {
    match trace {
        Trace::Line(line) => vec![line_json(line)],
        Trace::Markers(markers) => vec![markers_json(markers, sides)],
        Trace::Segments(segments) => segments_json(segments),
        Trace::Heatmap(cells) => vec![heatmap_json(cells, scene)],
        Trace::Bars(bars) => vec![bars_json(bars)],
        Trace::Boxes(boxes) => vec![boxes_json(boxes)],
    }
}

fn line_json(line: &Line) -> Value {
    let dash = match line.dash {
        Dash::Solid => DashType::Solid,
        Dash::Dash => DashType::Dash,
        Dash::Dot => DashType::Dot,
    };
    let stroke = Stroke::new().color(line.paint.light()).width(line.width).dash(dash);
    to_value(Scatter::new(line.x.clone(), line.y.clone()).mode(Mode::Lines).name(escape(&line.name)).line(stroke))
}

fn markers_json(markers: &Markers, sides: Vec<Position>) -> Value {
    let labeled = markers.labels.iter().any(|label| !label.is_empty());
    let outline = Stroke::new().color(Paint::Paper.light()).width(if markers.hover.is_empty() { 0.0 } else { 1.2 });
    let marker = Marker::new().line(outline).opacity(markers.opacity);
    let mut scatter = Scatter::new(markers.x.clone(), markers.y.clone())
        .mode(if labeled { Mode::MarkersText } else { Mode::Markers })
        .marker(marker)
        .clip_on_axis(false);
    if !markers.name.is_empty() {
        scatter = scatter.name(escape(&markers.name));
    }
    if labeled {
        scatter = scatter
            .text_array(markers.labels.iter().map(|label| escape(&shorten(label))).collect())
            .text_position_array(sides)
            .text_font(Font::new().size(LABEL_FONT).color(Paint::Ink.light()));
    }
    scatter = if markers.hover.is_empty() {
        scatter.hover_info(HoverInfo::Skip)
    } else {
        let hover = markers.hover.iter().map(|text| escape(text)).collect();
        scatter.hover_text_array(hover).hover_info(HoverInfo::Text)
    };
    let mut value = to_value(scatter);
    let colors: Vec<&'static str> = markers.paint.iter().map(|paint| paint.light()).collect();
    value["marker"]["color"] = one_or_all(&colors);
    // The crate has whole sizes only.
    value["marker"]["size"] = one_or_all(&markers.size);
    value
}

/// A list of equal values as that value: thousands of points would repeat it.
fn one_or_all<T: PartialEq + serde::Serialize>(values: &[T]) -> Value {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => json!(first),
        _ => json!(values),
    }
}

/// One trace a width, and one of invisible points that the pointer finds in the middle of the lines.
fn segments_json(segments: &Segments) -> Vec<Value> {
    let mut widths = segments.width.clone();
    widths.sort_by(|a, b| b.total_cmp(a));
    widths.dedup();
    let mut values: Vec<Value> = widths.iter().map(|&width| width_class(segments, width)).collect();
    if !segments.hover.is_empty() {
        values.push(midpoints(segments));
    }
    values
}

fn width_class(segments: &Segments, width: f64) -> Value {
    let (mut x, mut y, mut heads, mut before) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, &[x0, y0, x1, y1]) in segments.ends.iter().enumerate().filter(|(i, _)| segments.width[*i] == width) {
        x.extend([Some(x0), Some(x1), None]);
        y.extend([Some(y0), Some(y1), None]);
        heads.extend([0.0, 7.0 + 1.5 * width, 0.0]);
        before.extend([0.0, segments.arrows.as_ref().map_or(0.0, |stops| stops[i]), 0.0]);
    }
    let stroke = Stroke::new().color(segments.paint.light()).width(width);
    let mode = if segments.arrows.is_some() { Mode::LinesMarkers } else { Mode::Lines };
    let scatter = Scatter::new(x, y).mode(mode).line(stroke).opacity(segments.opacity);
    let mut value = to_value(scatter.name(escape(&segments.name)).hover_info(HoverInfo::Skip));
    if segments.arrows.is_some() {
        // Arrow heads that turn with the line and stop before the node are newer than the crate.
        value["marker"] = json!({
            "symbol": "arrow", "angleref": "previous", "size": heads, "standoff": before,
            "color": segments.paint.light(), "opacity": 1, "line": { "width": 0 },
        });
    }
    value
}

fn midpoints(segments: &Segments) -> Value {
    // A directed edge and its reverse share their middle: theirs move a little towards the head.
    let share = if segments.arrows.is_some() { 0.6 } else { 0.5 };
    let x: Vec<f64> = segments.ends.iter().map(|e| e[0] + share * (e[2] - e[0])).collect();
    let y: Vec<f64> = segments.ends.iter().map(|e| e[1] + share * (e[3] - e[1])).collect();
    let marker = Marker::new().size(14).opacity(0.0).color(segments.paint.light());
    let hover = segments.hover.iter().map(|text| escape(text)).collect();
    to_value(Scatter::new(x, y).mode(Mode::Markers).marker(marker).hover_text_array(hover).hover_info(HoverInfo::Text))
}

fn heatmap_json(cells: &HeatmapCells, scene: &Scene) -> Value {
    let rows = (0..cells.values.rows()).map(|i| {
        let row = cells.values.row_slice(i).iter();
        row.map(|&value| value.is_finite().then_some(value)).collect::<Vec<Option<f64>>>()
    });
    let stops = 16;
    let scale = (0..=stops).map(|i| {
        let position = f64::from(i) / f64::from(stops);
        ColorScaleElement(position, cells.scale.color(position, false))
    });
    let names = |list: &[String]| list.iter().map(|name| escape(&shorten(name))).collect::<Vec<String>>();
    let bar = ColorBar::new().thickness(14).outline_width(0).title(Title::with_text(escape(&cells.note)));
    let mut value = to_value(
        HeatMap::new(names(&cells.columns), names(&cells.rows), rows.collect::<Vec<_>>())
            .color_scale(ColorScale::Vector(scale.collect()))
            .zmin(cells.bounds[0])
            .zmax(cells.bounds[1])
            .show_scale(scene.panels.len() == 1)
            .color_bar(bar)
            .hover_template("%{y}, %{x}: %{z:.4~g}<extra></extra>"),
    );
    if cells.values.rows().max(cells.values.cols()) <= 40 {
        (value["xgap"], value["ygap"]) = (json!(1), json!(1));
    }
    if scene.panels.len() == 1 && cells.values.rows().max(cells.values.cols()) <= 15 {
        let row = |i: usize| cells.values.row_slice(i).iter().map(|&number| short_number(number)).collect::<Vec<_>>();
        value["text"] = json!((0..cells.values.rows()).map(row).collect::<Vec<_>>());
        value["texttemplate"] = json!("%{text}");
    }
    value
}

fn bars_json(bars: &Bars) -> Value {
    let centers: Vec<f64> = bars.spans.iter().map(|[from, to]| from.midpoint(*to)).collect();
    let widths: Vec<f64> = bars.spans.iter().map(|[from, to]| to - from).collect();
    let outline = Stroke::new().color(Paint::Paper.light()).width(1.0);
    let mut bar = Bar::new(centers, bars.heights.clone())
        .marker(Marker::new().color(bars.paint.light()).line(outline))
        .name(escape(&bars.name));
    if !bars.hover.is_empty() {
        let hover = bars.hover.iter().map(|text| escape(text)).collect();
        bar = bar.hover_text_array(hover).hover_info(HoverInfo::Text);
    }
    let mut value = to_value(bar);
    // The crate has one width for all bars.
    value["width"] = json!(widths);
    value
}

/// The crate's box plots are made of values; ours know their quartiles.
fn boxes_json(boxes: &Boxes) -> Value {
    json!({
        "type": "box", "name": escape(&boxes.name), "x": each(boxes, |mark| mark.x),
        "q1": each(boxes, |mark| mark.quartiles[0]), "median": each(boxes, |mark| mark.quartiles[1]),
        "q3": each(boxes, |mark| mark.quartiles[2]), "lowerfence": each(boxes, |mark| mark.whiskers[0]),
        "upperfence": each(boxes, |mark| mark.whiskers[1]), "width": boxes.width, "boxpoints": false,
        "hoveron": "boxes", "whiskerwidth": 0.5, "line": { "color": boxes.paint.light(), "width": 1.5 },
    })
}

/// One number of every box.
fn each(boxes: &Boxes, part: fn(&BoxMark) -> f64) -> Vec<f64> {
    boxes.marks.iter().map(part).collect()
}
