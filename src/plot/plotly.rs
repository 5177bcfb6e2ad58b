//! The scene as Plotly's JSON. The `plotly` crate knows the vocabulary; what it lacks is added to its JSON.

use plotly::common::{Anchor, ColorBar, ColorScale, ColorScaleElement, DashType, Font, HoverInfo, Marker, Mode};
use plotly::common::{Line as Stroke, Orientation, Position, Title};
use plotly::layout::{Axis as PlotlyAxis, AxisType, HoverMode, Legend, Margin};
use plotly::{Bar, HeatMap, Layout, Scatter};
use serde_json::{Map, Value, json};

use super::labels::{self, SIDES, Surroundings};
use super::paint::Paint;
use super::scene::{Axis, Bars, Dash, HeatmapCells, Line, Markers, Panel, Scene, Segments, Trace};
use super::svg::{Frame, short_number};

/// The size of the picture for which sides of labels are chosen, in pixels.
const NOMINAL: (f64, f64) = (1150.0, 760.0);
const LABEL_FONT: usize = 12;
const FAMILY: &str = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif";

/// `{"data": [..], "layout": {..}}`.
pub(super) fn figure_json(scene: &Scene) -> Value {
    let mut data = Vec::new();
    let legend = scene.legend();
    let mut shown: Vec<(&str, Paint)> = Vec::new();
    for (i, panel) in scene.panels.iter().enumerate() {
        for trace in &panel.traces {
            let entry = trace.legend().filter(|entry| !shown.contains(entry) && !legend.is_empty());
            shown.extend(entry);
            for mut value in trace_json(trace, panel, scene) {
                let first = value.get("name").is_some() && entry.is_some();
                if first {
                    value["name"] = json!(escape(&scene.legend_text(trace)));
                }
                if let Some(group) = trace.legend() {
                    value["legendgroup"] = json!(escape(group.0));
                    // Several Plotly traces may stand for one of ours: the first has the entry.
                    let taken = data.iter().any(|other: &Value| {
                        other["legendgroup"] == value["legendgroup"] && other["showlegend"] == json!(true)
                    });
                    value["showlegend"] = json!(first && !taken);
                } else {
                    value["showlegend"] = json!(false);
                }
                value["xaxis"] = json!(axis_name("x", i));
                value["yaxis"] = json!(axis_name("y", i));
                data.push(value);
            }
        }
    }
    json!({ "data": data, "layout": layout(scene) })
}

/// Text for Plotly, which reads a little HTML.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let lines: Vec<String> =
        text.split('\n').map(|line| line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()).collect();
    lines.join("<br>")
}

fn axis_name(letter: &str, panel: usize) -> String {
    if panel == 0 { letter.into() } else { format!("{letter}{}", panel + 1) }
}

/// What serde makes of one of the crate's values. They are plain data, for which it cannot fail.
fn to_value(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn trace_json(trace: &Trace, panel: &Panel, scene: &Scene) -> Vec<Value> {
    match trace {
        Trace::Line(line) => vec![line_json(line)],
        Trace::Markers(markers) => vec![markers_json(markers, panel, scene)],
        Trace::Segments(segments) => segments_json(segments),
        Trace::Heatmap(cells) => vec![heatmap_json(cells, scene)],
        Trace::Bars(bars) => vec![bars_json(bars)],
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

fn markers_json(markers: &Markers, panel: &Panel, scene: &Scene) -> Value {
    let labeled = markers.labels.iter().any(|label| !label.is_empty());
    let colors: Vec<&'static str> = markers.paint.iter().map(|paint| paint.light()).collect();
    let outline = Stroke::new().color(Paint::Paper.light()).width(if markers.hover.is_empty() { 0.0 } else { 1.2 });
    let marker = Marker::new().color_array(colors).line(outline).opacity(1.0);
    let mut scatter = Scatter::new(markers.x.clone(), markers.y.clone())
        .mode(if labeled { Mode::MarkersText } else { Mode::Markers })
        .marker(marker)
        .clip_on_axis(false);
    if !markers.name.is_empty() {
        scatter = scatter.name(escape(&markers.name));
    }
    if labeled {
        let texts: Vec<String> = markers.labels.iter().map(|label| labels::shorten(label)).collect();
        let sides = label_sides(markers, &texts, panel, scene);
        scatter = scatter
            .text_array(texts.iter().map(|text| escape(text)).collect())
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
    // The crate has whole sizes only.
    value["marker"]["size"] = json!(markers.size);
    value
}

/// The side of each label, chosen for a window of common size.
fn label_sides(markers: &Markers, texts: &[String], panel: &Panel, scene: &Scene) -> Vec<Position> {
    let size = (NOMINAL.0 / scene.columns.max(1) as f64, NOMINAL.1 / scene.rows().max(1) as f64);
    let frame = Frame::fit(panel, [45.0, 25.0, size.0 - 90.0, size.1 - 50.0]);
    let points: Vec<(f64, f64)> = markers.x.iter().zip(&markers.y).map(|(&x, &y)| frame.point(x, y)).collect();
    let radii: Vec<f64> = markers.size.iter().map(|size| size / 2.0).collect();
    let lines = frame.segments(panel);
    let around = Surroundings { points: &points, radii: &radii, lines: &lines, size, font: LABEL_FONT as f64 };
    let position = |side: usize| match SIDES[side] {
        (1, 0) => Position::MiddleRight,
        (-1, 0) => Position::MiddleLeft,
        (0, -1) => Position::TopCenter,
        (0, 1) => Position::BottomCenter,
        (1, -1) => Position::TopRight,
        (-1, -1) => Position::TopLeft,
        (1, 1) => Position::BottomRight,
        _ => Position::BottomLeft,
    };
    labels::place(texts, &around).into_iter().map(position).collect()
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
    let names = |list: &[String]| list.iter().map(|name| escape(&labels::shorten(name))).collect::<Vec<String>>();
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
    let labels: Vec<String> = bars.labels.iter().map(|label| escape(&labels::shorten(label))).collect();
    let bar = Bar::new(labels, bars.values.clone()).marker(Marker::new().color(bars.paint.light()));
    to_value(if bars.name.is_empty() { bar } else { bar.name(escape(&bars.name)) })
}

fn layout(scene: &Scene) -> Value {
    let network = scene.panels.iter().all(|panel| panel.x.hidden);
    let legend = scene.legend();
    let top = if scene.title.is_some() { 56 } else { 24 } + if legend.is_empty() { 0 } else { 24 };
    let margin =
        if network { Margin::new().left(24).right(24).bottom(24) } else { Margin::new().left(64).right(32).bottom(56) };
    let paper = Paint::Paper.light();
    let mut layout = Layout::new()
        .font(Font::new().family(FAMILY).size(13).color(Paint::Ink.light()))
        .paper_background_color(paper)
        .plot_background_color("rgba(0,0,0,0)")
        .margin(margin.top(top))
        .hover_mode(HoverMode::Closest)
        .auto_size(true)
        .show_legend(!legend.is_empty())
        .legend(
            Legend::new()
                .orientation(Orientation::Horizontal)
                .x(0.0)
                .x_anchor(Anchor::Left)
                .y(1.01)
                .y_anchor(Anchor::Bottom)
                .background_color("rgba(0,0,0,0)"),
        );
    if let Some(title) = &scene.title {
        let font = Font::new().size(18).color(Paint::Ink.light());
        layout = layout.title(Title::with_text(escape(title)).font(font).x(0.015).x_anchor(Anchor::Left));
    }
    let mut value = to_value(layout);
    if let Some(map) = value.as_object_mut() {
        map.insert("dragmode".into(), json!("pan"));
        let (muted, ink) = (Paint::Muted.light(), Paint::Ink.light());
        map.insert("modebar".into(), json!({ "bgcolor": "rgba(0,0,0,0)", "color": muted, "activecolor": ink }));
        if let Some(font) = map.get_mut("title").and_then(|title| title.get_mut("font")) {
            font["weight"] = json!(600);
        }
        let mut headings = Vec::new();
        for (i, panel) in scene.panels.iter().enumerate() {
            add_panel(map, &mut headings, scene, i, panel);
        }
        map.insert("annotations".into(), Value::Array(headings));
    }
    value
}

/// The axes of one panel and its heading. The crate's layout has eight axes; a grid may have more.
fn add_panel(map: &mut Map<String, Value>, headings: &mut Vec<Value>, scene: &Scene, i: usize, panel: &Panel) {
    let (columns, rows) = (scene.columns.max(1), scene.rows().max(1));
    let (column, row) = (i % columns, i / columns);
    let share = |at: usize, count: usize, gap: f64| {
        let size = (1.0 - gap * (count - 1) as f64) / count as f64;
        let start = at as f64 * (size + gap);
        [start, start + size]
    };
    let across = share(column, columns, if columns > 1 { 0.08 } else { 0.0 });
    // Plotly counts from below.
    let mut up = share(rows - 1 - row, rows, if rows > 1 { 0.1 } else { 0.0 });
    if scene.panels.iter().any(|panel| panel.title.is_some()) {
        up[1] -= 0.05; // for the headings
    }
    let suffix = if i == 0 { String::new() } else { (i + 1).to_string() };
    let cells = panel.traces.iter().any(|trace| matches!(trace, Trace::Heatmap(_)));
    for (letter, axis, domain, other) in [("x", &panel.x, across, "y"), ("y", &panel.y, up, "x")] {
        let mut value = axis_json(axis, panel, letter);
        value["domain"] = json!(domain);
        value["anchor"] = json!(axis_name(other, i));
        if panel.equal && letter == "y" {
            value["scaleanchor"] = json!(axis_name("x", i));
        }
        if cells {
            value["type"] = json!("category");
            value["constrain"] = json!("domain");
            value["showgrid"] = json!(false);
            value["showline"] = json!(false);
            value["ticks"] = json!("");
            value["ticklabelstandoff"] = json!(6);
            if letter == "y" {
                value["autorange"] = json!("reversed");
            }
        }
        map.insert(format!("{letter}axis{suffix}"), value);
    }
    if let Some(title) = &panel.title {
        headings.push(json!({
            "text": escape(title), "showarrow": false, "xref": "paper", "yref": "paper", "font": { "size": 14 },
            "x": across[0].midpoint(across[1]), "y": up[1], "xanchor": "center", "yanchor": "bottom",
        }));
    }
}

fn axis_json(axis: &Axis, panel: &Panel, letter: &str) -> Value {
    if axis.hidden {
        return to_value(PlotlyAxis::new().visible(false));
    }
    let mut value = PlotlyAxis::new()
        .grid_color(Paint::Grid.light())
        .zero_line(false)
        .show_line(true)
        .line_color(Paint::Muted.light())
        .tick_color(Paint::Muted.light())
        .auto_margin(true);
    if axis.log {
        value = value.type_(AxisType::Log);
    }
    if !axis.title.is_empty() {
        value = value.title(Title::with_text(escape(&axis.title)).font(Font::new().size(14)));
    }
    let mut value = to_value(value);
    value["ticks"] = json!("outside");
    value["ticklen"] = json!(4);
    let bars = panel.traces.iter().any(|trace| matches!(trace, Trace::Bars(_)));
    if !panel.equal && !bars {
        // Plotly's own range ends where the lines do.
        let frame = Frame::fit(panel, [0.0, 0.0, 100.0, 100.0]);
        let scale = if letter == "x" { frame.x } else { frame.y };
        let end = |end: f64| if axis.log { end.log10() } else { end };
        value["range"] = json!([end(scale.low), end(scale.high)]);
        if axis.log {
            // Plotly labels 2 and 5 as bare digits; decades read better where there are several.
            if scale.high / scale.low >= 50.0 {
                value["dtick"] = json!(1);
            }
            value["exponentformat"] = json!(if scale.low > 1e-5 && scale.high < 1e6 { "none" } else { "power" });
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::super::curves::lines;
    use super::*;

    #[test]
    fn every_point_and_name_arrives() {
        let series = [("a".into(), vec![0.1, 1.0], vec![1.0, f64::NAN]), ("<b>".into(), vec![1.0], vec![2.0])];
        let value = lines(&series, "lambda", "score", true).to_json();
        let drawn: Vec<&Value> =
            value["data"].as_array().unwrap().iter().filter(|trace| trace["mode"] == "lines").collect();
        assert_eq!((drawn[0]["x"].clone(), drawn[0]["y"].clone()), (json!([0.1, 1.0]), json!([1.0, null])));
        assert_eq!(drawn[1]["name"], "&lt;b&gt;");
        assert_eq!(value["layout"]["xaxis"]["type"], "log");
        assert_eq!(value["layout"]["xaxis"]["title"]["text"], "lambda");
    }
}
