//! Lines, points, edges and bars.

use super::frame::Frame;
use super::{FONT, both, dashes, escape, fill, px, stroke};
use crate::plot::labels::{self, SIDES};
use crate::plot::paint::Paint;
use crate::plot::scene::{Bars, Boxes, Line, Markers, Segments, Trace};

/// Draws one trace; `sides` are those of its labels.
pub(super) fn draw(trace: &Trace, frame: &Frame, sides: &[usize], out: &mut String) {
    match trace {
        Trace::Line(line) => draw_line(line, frame, out),
        Trace::Markers(markers) => {
            draw_points(markers, frame, out);
            draw_labels(markers, frame, sides, out);
        }
        Trace::Segments(segments) => draw_segments(segments, frame, out),
        Trace::Bars(bars) => draw_bars(bars, frame, out),
        Trace::Boxes(boxes) => draw_boxes(boxes, frame, out),
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
            "<path d=\"{path}\" fill=\"none\" stroke-width=\"{width}\" stroke-linejoin=\"round\"{dash} {paint}>\
             {}</path>\n",
            title(&line.name)
        );
    }
}

/// What the pointer shows; nothing where there is no text.
fn title(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<title>{}</title>", escape(text)) }
}

fn draw_points(markers: &Markers, frame: &Frame, out: &mut String) {
    if markers.opacity <= 0.0 {
        return;
    }
    let see_through = markers.opacity < 1.0;
    if see_through {
        *out += &format!("<g fill-opacity=\"{}%\">\n", px(markers.opacity * 100.0));
    }
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
                let (look, title) = (both(paint, Paint::Paper), title(text));
                *out += &format!(
                    "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" stroke-width=\"1.2\" {look}>{title}</circle>\n"
                );
            }
            None => *out += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" {}/>\n", fill(paint)),
        }
    }
    if see_through {
        *out += "</g>\n";
    }
}

fn draw_labels(markers: &Markers, frame: &Frame, sides: &[usize], out: &mut String) {
    if markers.labels.iter().all(String::is_empty) {
        return;
    }
    *out += &format!(
        "<g paint-order=\"stroke\" stroke-width=\"3.5\" stroke-linejoin=\"round\" {}>\n",
        both(Paint::Ink, Paint::Paper)
    );
    let points = markers.x.iter().zip(&markers.y).map(|(&x, &y)| frame.point(x, y));
    for (i, ((x, y), (label, &side))) in points.zip(markers.labels.iter().zip(sides)).enumerate() {
        if label.is_empty() || !(x.is_finite() && y.is_finite()) {
            continue;
        }
        let radius = markers.size.get(i).map_or(3.0, |size| size / 2.0);
        let (dx, dy) = labels::offset(side, radius, FONT);
        let anchor = ["end", "middle", "start"][(SIDES[side].0 + 1) as usize];
        let (x, y, text) = (px(x + dx), px(y + dy + 0.35 * FONT), escape(&labels::shorten(label)));
        *out += &format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>\n");
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
        let title = title(segments.hover.get(i).map_or("", String::as_str));
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
    *out += &format!("<g stroke-width=\"1\" {}>\n", both(bars.paint, Paint::Paper));
    for (i, (&[from, to], &height)) in bars.spans.iter().zip(&bars.heights).enumerate() {
        let (from, to, end) = (frame.x.pixel(from), frame.x.pixel(to), frame.y.pixel(height));
        if ![from, to, end, zero].iter().all(|pixel| pixel.is_finite()) {
            continue;
        }
        let (x, y, width, height) = (px(from), px(zero.min(end)), px(to - from), px((zero - end).abs()));
        let title = title(bars.hover.get(i).map_or("", String::as_str));
        *out += &format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\">{title}</rect>\n");
    }
    *out += "</g>\n";
}

fn draw_boxes(boxes: &Boxes, frame: &Frame, out: &mut String) {
    *out += &format!("<g stroke-width=\"1.5\" fill-opacity=\"40%\" {}>\n", both(boxes.paint, boxes.paint));
    for mark in &boxes.marks {
        let [low, high] = mark.whiskers.map(|value| frame.y.pixel(value));
        let [lower, middle, upper] = mark.quartiles.map(|value| frame.y.pixel(value));
        let [from, to] = [-0.5, 0.5].map(|share| frame.x.pixel(mark.x + share * boxes.width));
        if ![low, high, lower, middle, upper, from, to].iter().all(|pixel| pixel.is_finite()) {
            continue;
        }
        let (center, cap) = (px(from.midpoint(to)), (to - from) / 4.0);
        let [start, end] = [from + cap, to - cap].map(px);
        let [low, high, bottom, top, middle] = [low, high, lower, upper, middle].map(px);
        let (left, right, width, height) = (px(from), px(to), px(to - from), px((lower - upper).abs()));
        *out += &format!(
            "<g>{}<path d=\"M{center} {bottom}V{low}M{start} {low}H{end}M{center} {top}V{high}M{start} {high}H{end}\" \
             fill=\"none\"/><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>\
             <path d=\"M{left} {middle}H{right}\" stroke-width=\"3\"/></g>\n",
            title(&mark.hover)
        );
    }
    *out += "</g>\n";
}
