//! The scene as a static SVG picture: for reports, for notebooks without Plotly, and until Plotly has drawn.
//!
//! Colours are attributes for light grounds, which every viewer understands, and a style sheet for dark ones.

mod axes;
mod categories;
mod cells;
mod frame;
mod marks;
mod note;

pub(super) use cells::short_number;
pub(super) use frame::{Frame, extent};
pub(super) use note::lines as note_lines;

use super::labels::{panel_sides, shorten, shorten_to, text_width};
use super::paint::{ColorScale, Paint};
use super::scene::{Dash, Panel, Scene, Trace};

/// Sizes of letters in pixels.
pub(super) const FONT: f64 = 12.0;
const TITLE_FONT: f64 = 18.0;
const LEGEND_FONT: f64 = 13.0;
/// Space around everything.
const MARGIN: f64 = 18.0;
const LEGEND_ROW: f64 = 24.0;

/// A rectangle: left, top, width, height.
pub(super) type Rect = [f64; 4];

/// A whole document.
pub(super) fn document(scene: &Scene) -> String {
    let (columns, rows) = (scene.columns.max(1) as f64, scene.rows().max(1) as f64);
    let [cell_width, cell_height] = cell_size(scene);
    let notes = scene.panels.iter().map(|panel| note::height(&panel.note, cell_width));
    let cell_height = cell_height + notes.fold(0.0, f64::max);
    let width = (columns * cell_width + 2.0 * MARGIN).round();
    let mut body = String::new();
    let top = header(scene, width, &mut body);
    let height = (top + rows * cell_height + MARGIN).round();
    for (i, panel) in scene.panels.iter().enumerate() {
        let (column, row) = (i % scene.columns.max(1), i / scene.columns.max(1));
        let cell = [MARGIN + column as f64 * cell_width, top + row as f64 * cell_height, cell_width, cell_height];
        draw_panel(panel, cell, &mut body);
    }
    let label = escape(scene.title.as_deref().unwrap_or("figure"));
    let paper = fill(Paint::Paper);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{label}\" font-family=\"system-ui, 'Segoe UI', \
         Helvetica, Arial, sans-serif\" font-size=\"{FONT}\">\n<style>{}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" {paper}/>\n{body}</svg>\n",
        style(scene)
    )
}

/// What a panel takes, by what it shows: width and height in pixels.
fn cell_size(scene: &Scene) -> [f64; 2] {
    let [panel] = scene.panels.as_slice() else {
        return if scene.columns <= 1 { [820.0, 420.0] } else { [520.0, 430.0] };
    };
    if let Some(cells) = cells::of(panel) {
        return cells::wanted_size(cells, panel.equal);
    }
    if !panel.equal {
        return [800.0, 480.0];
    }
    let span = |horizontal| {
        let (low, high) = extent(panel, horizontal);
        (high - low).max(1e-9)
    };
    let aspect = (span(true) / span(false)).clamp(0.8, 2.4);
    // About the same area whatever the shape.
    let height = (500_000.0 / aspect).sqrt().clamp(380.0, 760.0);
    [(height * aspect).clamp(560.0, 1100.0) + 60.0, height + 50.0]
}

/// Title and legend; returns where the panels start.
fn header(scene: &Scene, width: f64, out: &mut String) -> f64 {
    let mut y = MARGIN;
    if let Some(title) = &scene.title {
        let ink = fill(Paint::Ink);
        let title = escape(title);
        *out += &format!(
            "<text x=\"{MARGIN}\" y=\"{}\" font-size=\"{TITLE_FONT}\" font-weight=\"600\" {ink}>{title}</text>\n",
            px(y + TITLE_FONT * 0.85)
        );
        y += TITLE_FONT + 14.0;
    }
    let entries = scene.legend();
    let mut x = MARGIN;
    for (i, trace) in entries.iter().enumerate() {
        let Some((_, paint)) = trace.legend() else { continue };
        let name = shorten(&scene.legend_text(trace));
        let wide = 40.0 + text_width(&name, LEGEND_FONT) + 14.0;
        if i > 0 && x + wide > width - MARGIN {
            (x, y) = (MARGIN, y + LEGEND_ROW);
        }
        *out += &legend_entry(trace, &name, paint, x, y + LEGEND_ROW / 2.0);
        x += wide;
    }
    if entries.is_empty() { y } else { y + LEGEND_ROW + 6.0 }
}

fn legend_entry(trace: &Trace, name: &str, paint: Paint, x: f64, y: f64) -> String {
    let sample = match trace {
        Trace::Markers(_) => format!("<circle cx=\"{}\" cy=\"{}\" r=\"5\" {}/>", px(x + 18.0), px(y), fill(paint)),
        Trace::Bars(_) | Trace::Boxes(_) => {
            format!("<rect x=\"{}\" y=\"{}\" width=\"14\" height=\"14\" {}/>", px(x + 12.0), px(y - 7.0), fill(paint))
        }
        _ => {
            let (wide, dash) = match trace {
                Trace::Line(line) => (line.width, dashes(line.dash)),
                _ => (3.0, ""),
            };
            let (from, to, y) = (px(x + 2.0), px(x + 32.0), px(y));
            let paint = stroke(paint);
            format!("<path d=\"M{from} {y}H{to}\" fill=\"none\" stroke-width=\"{wide}\"{dash} {paint}/>")
        }
    };
    let (at, line, ink) = (px(x + 40.0), px(y + 0.35 * LEGEND_FONT), fill(Paint::Ink));
    format!("{sample}<text x=\"{at}\" y=\"{line}\" font-size=\"{LEGEND_FONT}\" {ink}>{}</text>\n", escape(name))
}

fn draw_panel(panel: &Panel, [left, top, width, height]: Rect, out: &mut String) {
    let heading = if panel.title.is_some() { 28.0 } else { 0.0 };
    if let Some(title) = &panel.title {
        let (x, y, ink) = (px(left + width / 2.0), px(top + 18.0), fill(Paint::Ink));
        let title = escape(&shorten_to(title, (width / 8.5) as usize));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" font-size=\"14\" text-anchor=\"middle\" {ink}>{title}</text>\n");
    }
    note::draw(&panel.note, [left, top, width, height], out);
    let room = [left, top + heading, width, height - heading - note::height(&panel.note, width)];
    if let Some(cells) = cells::of(panel) {
        cells::draw(cells, panel.equal, room, out);
        return;
    }
    let frame = Frame::fit(panel, axes::plot_area(panel, room));
    axes::draw(panel, &frame, out);
    for (trace, sides) in panel.traces.iter().zip(panel_sides(panel, &frame, room, FONT)) {
        marks::draw(trace, &frame, &sides, out);
    }
}

fn dashes(dash: Dash) -> &'static str {
    match dash {
        Dash::Solid => "",
        Dash::Dash => " stroke-dasharray=\"8 5\"",
        Dash::Dot => " stroke-dasharray=\"2 4\"",
    }
}

/// Colours on dark grounds.
fn style(scene: &Scene) -> String {
    let mut rules = String::new();
    for paint in Paint::all() {
        let (class, dark) = (paint.class(), paint.dark());
        rules += &format!(".sn-f-{class}{{fill:{dark}}}.sn-s-{class}{{stroke:{dark}}}");
    }
    let mut scales: Vec<ColorScale> = Vec::new();
    for cells in scene.panels.iter().filter_map(cells::of) {
        if scales.contains(&cells.scale) {
            continue;
        }
        scales.push(cells.scale);
        for level in 0..ColorScale::LEVELS {
            let dark = cells.scale.color(level as f64 / (ColorScale::LEVELS - 1) as f64, true);
            rules += &format!(".{}{{fill:{dark}}}", cells::class(cells.scale, level));
        }
    }
    format!("@media (prefers-color-scheme:dark){{{rules}}}")
}

/// The attributes of a filled shape.
fn fill(paint: Paint) -> String {
    format!("class=\"sn-f-{}\" fill=\"{}\"", paint.class(), paint.light())
}

/// The attributes of a stroked shape.
fn stroke(paint: Paint) -> String {
    format!("class=\"sn-s-{}\" stroke=\"{}\"", paint.class(), paint.light())
}

/// The attributes of a shape with a fill and a stroke.
fn both(inside: Paint, outline: Paint) -> String {
    let (a, b) = (inside.class(), outline.class());
    format!("class=\"sn-f-{a} sn-s-{b}\" fill=\"{}\" stroke=\"{}\"", inside.light(), outline.light())
}

/// A length with at most one decimal.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".into(),
        Some(whole) => whole.into(),
        None => text,
    }
}

/// Text for XML: markup escaped, characters that XML does not allow left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            '\n' => escaped.push('\n'),
            '\u{FFFE}' | '\u{FFFF}' => {}
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use quick_xml::{Reader, events::Event};

    use super::super::{Axis, Figure, NetworkOptions, Points, bar, boxes, heatmap, histogram, lines, network, scatter};
    use crate::context::Context;
    use crate::data::{Matrix, Names};
    use crate::graph::{Edge, Graph};

    /// Fails where a document is not well-formed.
    fn parse(svg: &str) {
        let mut reader = Reader::from_str(svg);
        reader.config_mut().enable_all_checks(true);
        loop {
            if reader.read_event().unwrap() == Event::Eof {
                break;
            }
        }
    }

    #[test]
    fn pictures_are_well_formed_whatever_the_names() {
        let names = Names::new(vec!["</svg><b>".into(), "a\"&\u{1}'".into(), "\u{FFFE}".into()], "nodes").unwrap();
        let edges = [(0, 1, -1.0), (1, 2, 0.5)].map(|(source, target, weight)| Edge::new(source, target, weight));
        let graph = Graph::new(3, Some(names.clone()), true, edges.to_vec()).unwrap();
        let net = network(&graph, &NetworkOptions::default(), &Context::new()).unwrap();
        let matrix = Matrix::from_rows(&[vec![1.0, f64::NAN, -2.0]]).unwrap().with_names(Some(names)).unwrap();
        let map = heatmap(&matrix, Some("<&>")).unwrap();
        let curve = lines(&[("<i>".into(), vec![0.01, 1.0, -1.0], vec![1.0, f64::NAN, 3.0])], "x<", "y&", true);
        let grid = Figure::grid(&[net.clone(), map.clone(), curve.clone()], None, Some("]]>")).unwrap();
        for figure in [&net, &map, &curve, &grid] {
            let svg = figure.to_svg();
            parse(&svg);
            assert!(!svg.contains("<b>") && !svg.contains("<i>") && !svg.contains("NaN"), "{svg}");
        }
        assert_eq!(net.to_svg().matches("<circle").count(), 3);
        assert_eq!(grid.to_string().matches("; ").count(), 2);
    }

    #[test]
    fn charts_are_well_formed_and_have_every_mark() {
        let names = ["</svg><b>", "a\"&\u{1}'", "far too long to stand below an axis"].map(String::from);
        let series = [("<i>".to_string(), vec![1.0, f64::NAN, -2.0]), ("b".to_string(), vec![0.0, 1.0, 2.0])];
        let bars = bar(&names, &series).unwrap();
        let boxes = boxes(&names.clone().map(|name| (name, vec![1.0, 2.0, 30.0])), "<&>").unwrap();
        let counts = histogram(&[0.0, 1.0, 1.0], Some(2), true).unwrap();
        let (groups, labels) = (names.to_vec(), names.to_vec());
        let points = Points { x: vec![1.0, 2.0, f64::NAN], y: vec![1.0; 3], groups, labels };
        let points = scatter(&points, Axis::log("x<"), Axis::whole("y&")).unwrap();
        let all = [bars, boxes, counts, points];
        let grid = Figure::grid(&all, Some(2), None).unwrap();
        for figure in all.iter().chain([&grid]) {
            let svg = figure.to_svg();
            parse(&svg);
            assert!(!svg.contains("<b>") && !svg.contains("<i>") && !svg.contains("NaN"), "{svg}");
        }
        // Six bars without the missing one, two keys, the background; three points a box.
        assert_eq!(all[0].to_svg().matches("<rect").count(), 5 + 2 + 1);
        assert_eq!(all[1].to_svg().matches("<circle").count(), 9);
    }

    #[test]
    fn an_empty_graph_and_no_curves_are_pictures_too() {
        let none = Graph::new(0, None, false, Vec::new()).unwrap();
        let empty = network(&none, &NetworkOptions::default(), &Context::new()).unwrap();
        for figure in [empty, lines(&[], "x", "y", true), lines(&[], "x", "y", false)] {
            let svg = figure.to_svg();
            parse(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(figure.to_json()["layout"].is_object());
        }
    }
}
