//! Labels beside points: which of eight sides covers least of what is drawn.

use super::scene::{Panel, Trace};
use super::svg::Frame;

/// Sides of a point as horizontal and vertical direction, `y` downwards; the best one first.
pub(super) const SIDES: [(i8, i8); 8] = [(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1)];

/// Names are cut after so many characters; the pointer shows them whole.
const LONGEST: usize = 26;

/// What labels have to stay clear of, in pixels with `y` downwards.
pub(super) struct Surroundings<'a> {
    /// Centres of the points.
    pub points: &'a [(f64, f64)],
    /// Their radii.
    pub radii: &'a [f64],
    /// Lines between points.
    pub lines: &'a [[f64; 4]],
    /// Width and height of the picture.
    pub size: (f64, f64),
    /// Size of the letters.
    pub font: f64,
}

/// A rectangle: left, top, right, bottom.
type Rect = [f64; 4];

/// A label as it is written: control characters gone, a long one cut.
pub(super) fn shorten(text: &str) -> String {
    shorten_to(text, LONGEST)
}

/// A text of at most so many characters, without control characters.
pub(super) fn shorten_to(text: &str, longest: usize) -> String {
    let clean: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if clean.chars().count() <= longest {
        return clean;
    }
    clean.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// About how wide a text is, in pixels: there are no fonts here to measure it.
pub(super) fn text_width(text: &str, font: f64) -> f64 {
    let ems = text.chars().map(|letter| match letter {
        'i' | 'j' | 'l' | 'I' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | ';' | '|' | '\'' | '!' => 0.36,
        'm' | 'w' | 'M' | 'W' | '@' => 0.9,
        'A'..='Z' => 0.69,
        letter if letter as u32 >= 0x1100 => 1.0,
        _ => 0.59,
    });
    ems.sum::<f64>() * font
}

/// Where the text of a label starts, for a side: horizontal and vertical shift of its middle, in pixels.
pub(super) fn offset(side: usize, radius: f64, font: f64) -> (f64, f64) {
    let (dx, dy) = (f64::from(SIDES[side].0), f64::from(SIDES[side].1));
    let gap = radius + 3.0;
    match (dx != 0.0, dy != 0.0) {
        (true, true) => (dx * gap * 0.7, dy * (gap * 0.7 + 0.4 * font)),
        (true, false) => (dx * gap, 0.0),
        _ => (0.0, dy * (gap + 0.5 * font)),
    }
}

/// The sides of the labels of every trace of a panel, all labels placed together; `room` is left, top, width and
/// height of what is there for them.
pub(super) fn panel_sides(
    panel: &Panel,
    frame: &Frame,
    [left, top, width, height]: [f64; 4],
    font: f64,
) -> Vec<Vec<usize>> {
    let (mut texts, mut points, mut radii) = (Vec::new(), Vec::new(), Vec::new());
    let mut starts = Vec::new();
    for trace in &panel.traces {
        starts.push(points.len());
        if let Trace::Markers(markers) = trace {
            for (i, (&x, &y)) in markers.x.iter().zip(&markers.y).enumerate() {
                let (x, y) = frame.point(x, y);
                points.push((x - left, y - top));
                radii.push(markers.size.get(i).map_or(3.0, |size| size / 2.0));
                let label = markers.labels.get(i).filter(|_| x.is_finite() && y.is_finite());
                texts.push(label.map_or(String::new(), |label| shorten(label)));
            }
        }
    }
    let mut sides = if texts.iter().all(String::is_empty) {
        vec![0; texts.len()]
    } else {
        let lines: Vec<[f64; 4]> =
            frame.segments(panel).into_iter().map(|[a, b, c, d]| [a - left, b - top, c - left, d - top]).collect();
        place(&texts, &Surroundings { points: &points, radii: &radii, lines: &lines, size: (width, height), font })
    };
    // From the back, so that what is cut off belongs to one trace.
    let mut parts: Vec<Vec<usize>> = starts.iter().rev().map(|&start| sides.split_off(start)).collect();
    parts.reverse();
    parts
}

/// The best side for every label, an index into [`SIDES`]; empty labels get the first.
pub(super) fn place(labels: &[String], around: &Surroundings<'_>) -> Vec<usize> {
    let widths: Vec<f64> = labels.iter().map(|label| text_width(label, around.font)).collect();
    let mut sides = vec![0; labels.len()];
    let mut boxes: Vec<Option<Rect>> = vec![None; labels.len()];
    let points = around.points.len().min(labels.len());
    // The second round sees where all the others went.
    for _ in 0..2 {
        for i in (0..points).filter(|&i| !labels[i].is_empty()) {
            boxes[i] = None;
            let costs = (0..SIDES.len()).map(|side| {
                let rect = label_box(around, i, side, widths[i]);
                (side, rect, cost(&rect, i, &boxes, around) + 0.4 * side as f64)
            });
            if let Some((side, rect, _)) = costs.min_by(|a, b| a.2.total_cmp(&b.2)) {
                (sides[i], boxes[i]) = (side, Some(rect));
            }
        }
    }
    sides
}

fn label_box(around: &Surroundings<'_>, point: usize, side: usize, width: f64) -> Rect {
    let (x, y) = around.points[point];
    let (dx, dy) = offset(side, around.radii.get(point).copied().unwrap_or(3.0), around.font);
    let left = match SIDES[side].0 {
        1 => x + dx,
        -1 => x + dx - width,
        _ => x - width / 2.0,
    };
    let half = 0.55 * around.font;
    [left, y + dy - half, left + width, y + dy + half]
}

/// How much a label here would cover, as about the number of pixels of text that become hard to read.
fn cost(rect: &Rect, own: usize, boxes: &[Option<Rect>], around: &Surroundings<'_>) -> f64 {
    let (width, height) = around.size;
    let outside = (-rect[0]).max(0.0) + (-rect[1]).max(0.0) + (rect[2] - width).max(0.0) + (rect[3] - height).max(0.0);
    let mut cost = 50.0 * outside;
    for other in boxes.iter().flatten() {
        let across = (rect[2].min(other[2]) - rect[0].max(other[0])).max(0.0);
        let down = (rect[3].min(other[3]) - rect[1].max(other[1])).max(0.0);
        if across > 0.0 && down > 0.0 {
            cost += 60.0 + across * down;
        }
    }
    for (i, (&(x, y), &radius)) in around.points.iter().zip(around.radii).enumerate() {
        let (dx, dy) = (x - x.clamp(rect[0], rect[2]), y - y.clamp(rect[1], rect[3]));
        let cover = radius + 1.5 - dx.hypot(dy);
        if i != own && cover > 0.0 {
            cost += 60.0 + 10.0 * cover;
        }
    }
    cost + around.lines.iter().map(|line| inside(line, rect)).sum::<f64>()
}

/// How many pixels of a line lie in a rectangle (Liang and Barsky).
fn inside(&[x0, y0, x1, y1]: &[f64; 4], rect: &Rect) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (step, room) in [(-dx, x0 - rect[0]), (dx, rect[2] - x0), (-dy, y0 - rect[1]), (dy, rect[3] - y0)] {
        if step == 0.0 {
            if room < 0.0 {
                return 0.0;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    (leave - enter).max(0.0) * dx.hypot(dy)
}

#[cfg(test)]
mod tests {
    use super::super::paint::Paint;
    use super::super::scene::Markers;
    use super::*;

    #[test]
    fn a_label_avoids_the_neighbour_on_its_right() {
        let labels = ["first".to_string(), String::new()];
        let around = Surroundings {
            points: &[(50.0, 50.0), (70.0, 50.0)],
            radii: &[5.0, 5.0],
            lines: &[[50.0, 50.0, 70.0, 50.0]],
            size: (200.0, 100.0),
            font: 12.0,
        };
        assert_eq!(SIDES[place(&labels, &around)[0]], (-1, 0));
    }

    #[test]
    fn labels_of_two_traces_know_of_each_other() {
        let labeled = |x: f64| {
            let mut markers = Markers::new(vec![x, f64::NAN], vec![0.0, 0.0], 6.0, Paint::Node);
            markers.labels = vec!["a long name".into(), "nowhere".into()];
            Trace::Markers(markers)
        };
        let ends = Markers::new(vec![0.0, 1.0], vec![0.0, 0.0], 6.0, Paint::Node);
        let panel = Panel { traces: vec![labeled(0.4), Trace::Markers(ends), labeled(0.42)], ..Panel::default() };
        let room = [0.0, 0.0, 400.0, 100.0];
        let sides = panel_sides(&panel, &Frame::fit(&panel, room), room, 12.0);
        assert_eq!(sides.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 2]);
        assert_ne!(sides[0][0], sides[2][0]);
    }

    #[test]
    fn the_length_of_a_line_in_a_box() {
        assert!((inside(&[-5.0, 1.0, 5.0, 1.0], &[0.0, 0.0, 3.0, 2.0]) - 3.0).abs() < 1e-9);
        assert_eq!(inside(&[-5.0, 9.0, 5.0, 9.0], &[0.0, 0.0, 3.0, 2.0]), 0.0);
    }
}
