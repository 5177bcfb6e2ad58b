//! Axes: ticks at round numbers, grid lines, titles.

use super::categories::{CategoryNames, LEVEL};
use super::frame::{Frame, Scale};
use super::{FONT, Rect, escape, extent, fill, px, stroke};
use crate::data::number;
use crate::plot::labels::text_width;
use crate::plot::paint::Paint;
use crate::plot::scene::{Axis, Panel};

/// The part of a panel's room that is left beside the axes.
pub(super) fn plot_area(panel: &Panel, [left, top, width, height]: Rect) -> Rect {
    if panel.x.hidden && panel.y.hidden {
        // Room for labels beside the outermost nodes.
        let (x, y) = (if width > 540.0 { 60.0 } else { 40.0 }, 28.0);
        return [left + x, top + y, width - 2.0 * x, height - 2.0 * y];
    }
    let (low, high) = extent(panel, false);
    let ticks = if panel.y.log { log_ticks(low, high) } else { linear_ticks(low, high, 6) };
    let widest = ticks.iter().map(|&tick| text_width(&number(tick), FONT)).fold(0.0, f64::max);
    let title = |text: &str| if text.is_empty() { 0.0 } else { 22.0 };
    let side = widest + 16.0 + title(&panel.y.title);
    // Slanted names of the first categories reach below the vertical axis and maybe further.
    let names = CategoryNames::arrange(&panel.x.categories, width - side - 16.0);
    let side = side.max(names.overhang + 8.0);
    let bottom = names.depth + title(&panel.x.title);
    [left + side, top + 8.0, width - side - 16.0, height - bottom - 8.0]
}

/// Round numbers between two: steps of 1, 2 or 5 times a power of ten, about `wanted` of them.
pub(super) fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    if high <= low || low.is_nan() || high.is_nan() {
        return vec![low];
    }
    let rough = (high - low) / wanted as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    // Products of whole numbers, not sums of steps: 0.1 added three times is not 0.3.
    let count = (last - first).clamp(0.0, 50.0) as usize;
    (0..=count).map(|i| (first + i as f64) * step).filter(|tick| tick.is_finite()).map(|tick| tick + 0.0).collect()
}

/// Powers of ten between two positive numbers, and 2 and 5 times them where there are few.
pub(super) fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let decades = high.log10() - low.log10();
    let factors: &[f64] = match decades {
        d if d > 3.3 => &[1.0],
        d if d > 0.9 => &[1.0, 2.0, 5.0],
        _ => return linear_ticks(low, high, 5).into_iter().filter(|&tick| tick > 0.0).collect(),
    };
    // No number is beyond these powers; the end of an axis may be 0 or infinite.
    let (first, last) =
        (low.log10().floor().clamp(-324.0, 309.0) as i32, high.log10().ceil().clamp(-324.0, 309.0) as i32);
    let every = ((last - first) / 8 + 1).max(1) as usize;
    let powers = (first..=last).step_by(every);
    let ticks = powers.flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
    ticks.filter(|&tick| tick >= low * 0.999 && tick <= high * 1.001).collect()
}

fn ticks(scale: &Scale, axis: &Axis, wanted: usize) -> Vec<f64> {
    let mut ticks =
        if scale.log { log_ticks(scale.low, scale.high) } else { linear_ticks(scale.low, scale.high, wanted) };
    if axis.whole {
        ticks.retain(|tick| (tick - tick.round()).abs() < 1e-9);
    }
    ticks
}

/// Draws grid, axes, ticks and titles.
pub(super) fn draw(panel: &Panel, frame: &Frame, out: &mut String) {
    let [left, top, width, height] = frame.area;
    if !panel.x.hidden {
        draw_horizontal(panel, frame, out);
    }
    if !panel.y.hidden {
        draw_vertical(panel, frame, out);
    }
    if !panel.x.hidden || !panel.y.hidden {
        let (left, top, right, bottom) = (px(left), px(top), px(left + width), px(top + height));
        *out += &format!("<path d=\"M{left} {top}V{bottom}H{right}\" fill=\"none\" {}/>\n", stroke(Paint::Muted));
    }
}

fn draw_horizontal(panel: &Panel, frame: &Frame, out: &mut String) {
    let [left, top, width, height] = frame.area;
    let bottom = top + height;
    let (grid, muted, ink) = (stroke(Paint::Grid), stroke(Paint::Muted), fill(Paint::Ink));
    let mut depth = LEVEL;
    if panel.x.categories.is_empty() {
        for value in ticks(&frame.x, &panel.x, (width / 90.0) as usize + 1) {
            let (x, y, label) = (px(frame.x.pixel(value)), px(bottom + 18.0), number(value));
            *out += &format!("<path d=\"M{x} {}V{}\" {grid}/>", px(top), px(bottom));
            *out += &format!("<path d=\"M{x} {}v4\" {muted}/>", px(bottom));
            *out += &format!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" {ink}>{label}</text>\n");
        }
    } else {
        let names = CategoryNames::arrange(&panel.x.categories, width);
        names.draw(frame, bottom, &muted, out);
        depth = names.depth;
    }
    let (x, y) = (px(left + width / 2.0), px(bottom + depth + 14.0));
    *out += &title(&panel.x.title, &format!("x=\"{x}\" y=\"{y}\""));
}

fn draw_vertical(panel: &Panel, frame: &Frame, out: &mut String) {
    let [left, top, width, height] = frame.area;
    let (grid, muted, ink) = (stroke(Paint::Grid), stroke(Paint::Muted), fill(Paint::Ink));
    let mut widest: f64 = 0.0;
    for value in ticks(&frame.y, &panel.y, (height / 55.0) as usize + 1) {
        let pixel = frame.y.pixel(value);
        let (y, text, label) = (px(pixel), px(pixel + 0.35 * FONT), number(value));
        widest = widest.max(text_width(&label, FONT));
        *out += &format!("<path d=\"M{} {y}H{}\" {grid}/>", px(left), px(left + width));
        *out += &format!("<path d=\"M{} {y}h-4\" {muted}/>", px(left));
        *out += &format!("<text x=\"{}\" y=\"{text}\" text-anchor=\"end\" {ink}>{label}</text>\n", px(left - 8.0));
    }
    let (x, y) = (px(left - widest - 20.0), px(top + height / 2.0));
    *out += &title(&panel.y.title, &format!("transform=\"translate({x} {y}) rotate(-90)\""));
}

fn title(text: &str, place: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let ink = fill(Paint::Ink);
    format!("<text {place} font-size=\"13\" text-anchor=\"middle\" {ink}>{}</text>\n", escape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(linear_ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(linear_ticks(-130.0, 90.0, 5), [-100.0, -50.0, 0.0, 50.0]);
        assert_eq!(
            log_ticks(0.01, 1.0).iter().map(|&t| number(t)).collect::<Vec<_>>().join(" "),
            "0.01 0.02 0.05 0.1 0.2 0.5 1"
        );
        assert_eq!(log_ticks(1e-5, 10.0).len(), 7);
        assert_eq!(linear_ticks(2.0, 2.0, 5), [2.0]);
    }
}
