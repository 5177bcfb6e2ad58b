//! Lines, points, edges and bars.

use super::frame::Frame;
use super::{FONT, Rect, both, dashes, escape, fill, px, stroke};
use crate::data::number;
use crate::plot::labels::{self, SIDES, Surroundings};
use crate::plot::paint::Paint;
use crate::plot::scene::{Bars, Line, Markers, Panel, Segments, Trace};

/// Draws one trace.
pub(super) fn draw(trace: &Trace, panel: &Panel, frame: &Frame, room: Rect, out: &mut String) {
    match trace {
        Trace::Line(line) => draw_line(line, frame, out),
        Trace::Markers(markers) => {
            draw_points(markers, frame, out);
            draw_labels(markers, panel, frame, room, out);
        }
        Trace::Segments(segments) => draw_segments(segments, frame, out),
        Trace::Bars(bars) => draw_bars(bars, frame, out),
        Trace::Heatmap(_) => {}
    }
}

fn draw_line(line: &Line, frame: &Frame, out: &mut String) {
    let mut path = String::new();
    let mut pen_down = false;
    for (&x, &y) in line.x.iter().zip(&line.y) {
        let (x, y) = frame.point(x, y);
        let visible = x.is_finite() && y.is_finite();
        if visible {
            path += &format!("{}{} {}", if pen_down { 'L' } else { 'M' }, px(x), px(y));
        }
        pen_down = visible;
    }
    if !path.is_empty() {
        let (width, dash, paint) = (px(line.width), dashes(line.dash), stroke(line.paint));
        *out += &format!(
            "<path d=\"{path}\" fill=\"none\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash} {paint}/>\n"
        );
    }
}

fn draw_points(markers: &Markers, frame: &Frame, out: &mut String) {
    for (i, (&x, &y)) in markers.x.iter().zip(&markers.y).enumerate() {
        let (x, y) = frame.point(x, y);
        if !(x.is_finite() && y.is_finite()) {
            continue;
        }
        let paint = markers.paint.get(i).copied().unwrap_or(Paint::Node);
        let radius = px(markers.size.get(i).map_or(3.0, |size| size / 2.0));
        let (x, y) = (px(x), px(y));
        match markers.hover.get(i) {
            Some(text) => {
                let (look, text) = (both(paint, Paint::Paper), escape(text));
                *out += &format!(
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" stroke-width=\"1.2\" {look}>\
                     <title>{text}</title></circle>\n"
                );
            }
            None => *out += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {}/>\n", fill(paint)),
        }
    }
}

fn draw_labels(markers: &Markers, panel: &Panel, frame: &Frame, room: Rect, out: &mut String) {
    if markers.labels.iter().all(String::is_empty) {
        return;
    }
    let texts: Vec<String> = markers.labels.iter().map(|label| labels::shorten(label)).collect();
    let [left, top, width, height] = room;
    let shifted = |(x, y): (f64, f64)| (x - left, y - top);
    let points: Vec<(f64, f64)> = markers.x.iter().zip(&markers.y).map(|(&x, &y)| shifted(frame.point(x, y))).collect();
    let radii: Vec<f64> = markers.size.iter().map(|size| size / 2.0).collect();
    let lines: Vec<[f64; 4]> =
        frame.segments(panel).into_iter().map(|[a, b, c, d]| [a - left, b - top, c - left, d - top]).collect();
    let around = Surroundings { points: &points, radii: &radii, lines: &lines, size: (width, height), font: FONT };
    let sides = labels::place(&texts, &around);
    *out += &format!(
        "<g paint-order=\"stroke\" stroke-width=\"3.5\" stroke-linejoin=\"round\" {}>\n",
        both(Paint::Ink, Paint::Paper)
    );
    for (i, text) in texts.iter().enumerate().filter(|(i, text)| !text.is_empty() && *i < points.len()) {
        let (dx, dy) = labels::offset(sides[i], radii.get(i).copied().unwrap_or(3.0), FONT);
        let anchor = ["end", "middle", "start"][(SIDES[sides[i]].0 + 1) as usize];
        let (x, y) = (px(points[i].0 + left + dx), px(points[i].1 + top + dy + 0.35 * FONT));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>\n", escape(text));
    }
    *out += "</g>\n";
}

fn draw_segments(segments: &Segments, frame: &Frame, out: &mut String) {
    let opacity = px(segments.opacity * 100.0);
    *out += &format!(
        "<g stroke-opacity=\"{opacity}%\" fill-opacity=\"{opacity}%\" {}>\n",
        both(segments.paint, segments.paint)
    );
    for (i, &[x0, y0, x1, y1]) in segments.ends.iter().enumerate() {
        let ((x0, y0), (x1, y1)) = (frame.point(x0, y0), frame.point(x1, y1));
        let width = segments.width.get(i).copied().unwrap_or(1.0);
        let stop = segments.arrows.as_ref().and_then(|stops| stops.get(i)).copied();
        let title = segments.hover.get(i).map_or(String::new(), |text| format!("<title>{}</title>", escape(text)));
        let path = match stop {
            None => format!("M{} {}L{} {}", px(x0), px(y0), px(x1), px(y1)),
            Some(stop) => arrow([x0, y0, x1, y1], stop, width, out),
        };
        *out += &format!("<path d=\"{path}\" stroke-width=\"{}\">{title}</path>\n", px(width));
    }
    *out += "</g>\n";
}

/// Draws the head of an arrow that stops `stop` pixels before its end; returns the path of its shaft.
fn arrow([x0, y0, x1, y1]: [f64; 4], stop: f64, width: f64, out: &mut String) -> String {
    let length = (x1 - x0).hypot(y1 - y0).max(1e-6);
    let (ux, uy) = ((x1 - x0) / length, (y1 - y0) / length);
    let head = (7.0 + 1.5 * width).min(length * 0.5);
    let half = 0.4 * head;
    let (tip_x, tip_y) = (x1 - stop * ux, y1 - stop * uy);
    let (base_x, base_y) = (tip_x - head * ux, tip_y - head * uy);
    *out += &format!(
        "<path d=\"M{} {}L{} {}L{} {}Z\" stroke=\"none\" style=\"stroke:none\"/>",
        px(tip_x),
        px(tip_y),
        px(base_x - half * uy),
        px(base_y + half * ux),
        px(base_x + half * uy),
        px(base_y - half * ux)
    );
    format!("M{} {}L{} {}", px(x0), px(y0), px(base_x), px(base_y))
}

fn draw_bars(bars: &Bars, frame: &Frame, out: &mut String) {
    let zero = frame.y.pixel(0.0);
    for (i, (&value, label)) in bars.values.iter().zip(&bars.labels).enumerate() {
        let (from, to, end) = (frame.x.pixel(i as f64 - 0.4), frame.x.pixel(i as f64 + 0.4), frame.y.pixel(value));
        if !end.is_finite() || !zero.is_finite() {
            continue;
        }
        let (x, y, width, height) = (px(from), px(zero.min(end)), px(to - from), px((zero - end).abs()));
        let (look, title) = (fill(bars.paint), escape(&format!("{label}: {}", number(value))));
        *out += &format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {look}><title>{title}</title></rect>\n"
        );
    }
}
