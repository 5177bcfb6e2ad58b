//! Plotly's layout: titles, legend, axes and where each panel stands.

use plotly::Layout;
use plotly::common::{Anchor, Font, Orientation, Title};
use plotly::layout::{Axis as PlotlyAxis, AxisType, HoverMode, Legend, Margin};
use serde_json::{Map, Value, json};

use super::{NOMINAL, axis_name, escape, to_value};
use crate::plot::labels::{shorten, text_width};
use crate::plot::paint::Paint;
use crate::plot::scene::{Axis, Panel, Scene, Trace};
use crate::plot::svg::{Frame, note_lines};

const FAMILY: &str = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif";
/// Plotly turns names of categories that do not fit, but leaves none out: more than this are thinned out.
const CATEGORY_NAMES: usize = 60;

/// The note of a panel as Plotly writes it, in lines that fit a window of common width.
fn note_text(panel: &Panel, scene: &Scene) -> String {
    escape(&note_lines(&panel.note, NOMINAL.0 / scene.columns.max(1) as f64 - 100.0).join("\n"))
}

/// Rows of the legend in a window of common width.
fn legend_rows(scene: &Scene) -> usize {
    const SWATCH: f64 = 52.0;
    let width: f64 = scene.legend().iter().map(|trace| text_width(&scene.legend_text(trace), 13.0) + SWATCH).sum();
    (width / (NOMINAL.0 - 100.0)).ceil() as usize
}

/// The layout of a figure.
pub(super) fn layout(scene: &Scene) -> Value {
    let network = scene.panels.iter().all(|panel| panel.x.hidden);
    let legend = scene.legend();
    let top = if scene.title.is_some() { 56 } else { 24 } + 22 * legend_rows(scene);
    let margin = match network {
        true if scene.panels.iter().any(|panel| !panel.note.is_empty()) => Margin::new().left(24).right(24).bottom(56),
        true => Margin::new().left(24).right(24).bottom(24),
        false => Margin::new().left(64).right(32).bottom(56),
    };
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
        // Bars and boxes say themselves where they stand and how wide they are.
        map.insert("barmode".into(), json!("overlay"));
        map.insert("boxmode".into(), json!("overlay"));
        let (muted, ink) = (Paint::Muted.light(), Paint::Ink.light());
        map.insert("modebar".into(), json!({ "bgcolor": "rgba(0,0,0,0)", "color": muted, "activecolor": ink }));
        if let Some(font) = map.get_mut("title").and_then(|title| title.get_mut("font")) {
            font["weight"] = json!(600);
        }
        if let Some(title) = map.get_mut("title") {
            // By itself Plotly puts it in the middle of the margin, where the legend may be.
            title["y"] = json!(1.0);
            title["yanchor"] = json!("top");
            title["pad"] = json!({ "t": 16 });
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
    // Between panels there is room for what stands below axes and above panels.
    let share = |at: usize, count: usize, gap: f64| {
        let size = 1.0 / (count as f64 + gap * (count - 1) as f64);
        let start = at as f64 * (1.0 + gap) * size;
        [start, (start + size).min(1.0)]
    };
    let across = share(column, columns, 0.22);
    // Plotly counts from below.
    let mut up = share(rows - 1 - row, rows, 0.38);
    if scene.panels.iter().any(|panel| panel.title.is_some()) {
        up[1] -= (0.1 * (up[1] - up[0])).min(0.05); // for the headings
    }
    let suffix = if i == 0 { String::new() } else { (i + 1).to_string() };
    let cells = is_heatmap(panel);
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
    match map.get_mut(&format!("xaxis{suffix}")) {
        _ if panel.note.is_empty() => {}
        Some(axis) if !panel.x.hidden => add_note(axis, panel, scene),
        _ => headings.push(json!({
            "text": note_text(panel, scene), "showarrow": false, "xref": "paper", "yref": "paper",
            "font": { "size": 12 }, "x": across[0].midpoint(across[1]), "y": up[0], "xanchor": "center",
            "yanchor": "top",
        })),
    }
    if let Some(title) = &panel.title {
        headings.push(json!({
            "text": escape(title), "showarrow": false, "xref": "paper", "yref": "paper", "font": { "size": 14 },
            "x": across[0].midpoint(across[1]), "y": up[1], "xanchor": "center", "yanchor": "bottom",
        }));
    }
}

/// The note of a panel as part of its axis' title, which stands below the names of columns however long these are.
fn add_note(axis: &mut Value, panel: &Panel, scene: &Scene) {
    let title = if panel.x.title.is_empty() { String::new() } else { escape(&panel.x.title) + "<br>" };
    axis["title"] = json!({ "text": title + note_text(panel, scene).as_str(), "font": { "size": 12 } });
}

/// Whether a panel shows cells, whose axes have places and not numbers.
fn is_heatmap(panel: &Panel) -> bool {
    panel.traces.iter().any(|trace| matches!(trace, Trace::Heatmap(_)))
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
    if !panel.equal && !is_heatmap(panel) {
        add_range(&mut value, axis, panel, letter);
    }
    if !axis.categories.is_empty() {
        add_categories(&mut value, &axis.categories);
    }
    value
}

/// The range of an axis: Plotly's own ends where the lines do.
fn add_range(value: &mut Value, axis: &Axis, panel: &Panel, letter: &str) {
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
    } else if axis.whole && scale.high - scale.low <= 10.0 {
        // Steps are at least 1 by themselves where there are more.
        value["dtick"] = json!(1);
    }
}

/// Names at 0, 1, 2, ...
fn add_categories(value: &mut Value, categories: &[String]) {
    let every = categories.len().div_ceil(CATEGORY_NAMES).max(1);
    let shown = categories.iter().enumerate().step_by(every);
    let (places, names): (Vec<usize>, Vec<String>) = shown.map(|(i, name)| (i, escape(&shorten(name)))).unzip();
    // Plotly would take positions for dates or categories of its own where it could.
    value["type"] = json!("linear");
    value["tickmode"] = json!("array");
    value["tickvals"] = json!(places);
    value["ticktext"] = json!(names);
    value["showgrid"] = json!(false);
}
