//! From the numbers of a panel to pixels.

use super::Rect;
use crate::plot::scene::{Panel, Trace};

/// Lines of at most so many points are something that labels stay clear of.
const AVOIDED: usize = 200;
/// No axis goes further than this.
const LARGEST: f64 = 8e307;

/// Where the numbers of a panel lie in the picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// The plot area in pixels.
    pub area: Rect,
    /// The horizontal direction.
    pub x: Scale,
    /// The vertical direction; pixels count downwards.
    pub y: Scale,
}

/// One direction: numbers to pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// The smallest number shown.
    pub low: f64,
    /// The largest number shown.
    pub high: f64,
    /// Whether it is logarithmic.
    pub log: bool,
    start: f64,
    per_unit: f64,
}

impl Scale {
    fn new(low: f64, high: f64, log: bool, start: f64, length: f64) -> Self {
        let (a, b) = if log { (low.log10(), high.log10()) } else { (low, high) };
        Self { low, high, log, start: start - a * length / (b - a), per_unit: length / (b - a) }
    }

    /// The pixel of a number; NaN for one that has none.
    pub fn pixel(&self, value: f64) -> f64 {
        let value = match self.log {
            true if value > 0.0 => value.log10(),
            true => f64::NAN,
            false => value,
        };
        self.start + self.per_unit * value
    }
}

impl Frame {
    /// Fits what a panel shows into an area.
    pub fn fit(panel: &Panel, area: Rect) -> Self {
        let [left, top, width, height] = area;
        let (width, height) = (width.max(10.0), height.max(10.0));
        if panel.equal {
            return Self::fit_equal(panel, [left, top, width, height]);
        }
        let (x_low, x_high) = range(panel, true);
        let (y_low, y_high) = range(panel, false);
        Self {
            area: [left, top, width, height],
            x: Scale::new(x_low, x_high, panel.x.log, left, width),
            y: Scale::new(y_low, y_high, panel.y.log, top + height, -height),
        }
    }

    fn fit_equal(panel: &Panel, area: Rect) -> Self {
        let [left, top, width, height] = area;
        let (x_low, x_high) = extent(panel, true);
        let (y_low, y_high) = extent(panel, false);
        // Two nodes should not be as far apart as the picture is wide, nor one node of infinite size.
        let unit = (width / (x_high - x_low).max(1.0)).min(height / (y_high - y_low).max(1.0)).min(220.0);
        let (center_x, center_y) = (left + width / 2.0, top + height / 2.0);
        let linear = |middle: f64, pixel: f64, per_unit: f64, low, high| Scale {
            low,
            high,
            log: false,
            start: pixel - middle * per_unit,
            per_unit,
        };
        Self {
            area,
            x: linear(x_low.midpoint(x_high), center_x, unit, x_low, x_high),
            y: linear(y_low.midpoint(y_high), center_y, -unit, y_low, y_high),
        }
    }

    /// The pixels of a point.
    pub fn point(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.pixel(x), self.y.pixel(y))
    }

    /// The pixels of the straight lines of a panel, as far as labels should stay clear of them.
    pub fn segments(&self, panel: &Panel) -> Vec<[f64; 4]> {
        let mut ends: Vec<[f64; 4]> = Vec::new();
        for trace in &panel.traces {
            match trace {
                Trace::Segments(segments) => ends.extend(&segments.ends),
                Trace::Line(line) if line.x.len() <= AVOIDED => {
                    let points: Vec<(f64, f64)> = line.x.iter().copied().zip(line.y.iter().copied()).collect();
                    ends.extend(points.windows(2).map(|pair| [pair[0].0, pair[0].1, pair[1].0, pair[1].1]));
                }
                _ => {}
            }
        }
        let pixels = ends.into_iter().map(|[x0, y0, x1, y1]| {
            let ((a, b), (c, d)) = (self.point(x0, y0), self.point(x1, y1));
            [a, b, c, d]
        });
        pixels.filter(|line| line.iter().all(|pixel| pixel.is_finite())).collect()
    }
}

/// The smallest and the largest number of a panel in one direction, of positive ones on a logarithmic axis; where
/// there is none, 0 and 1 or 1 and 10. Categories have half a unit to either side.
pub(crate) fn extent(panel: &Panel, horizontal: bool) -> (f64, f64) {
    let axis = if horizontal { &panel.x } else { &panel.y };
    if !axis.categories.is_empty() {
        return (-0.5, axis.categories.len() as f64 - 0.5);
    }
    let log = axis.log;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut take = |value: f64| {
        if axis.shows(value) {
            (low, high) = (low.min(value), high.max(value));
        }
    };
    for trace in &panel.traces {
        match trace {
            Trace::Line(line) => if horizontal { &line.x } else { &line.y }.iter().copied().for_each(&mut take),
            Trace::Markers(points) => {
                if horizontal { &points.x } else { &points.y }.iter().copied().for_each(&mut take);
            }
            Trace::Segments(segments) => {
                let at = usize::from(!horizontal);
                segments.ends.iter().flat_map(|ends| [ends[at], ends[at + 2]]).for_each(&mut take);
            }
            Trace::Bars(bars) if horizontal => bars.spans.iter().flatten().copied().for_each(&mut take),
            Trace::Bars(bars) => bars.heights.iter().copied().chain([0.0]).for_each(&mut take),
            Trace::Boxes(boxes) if horizontal => {
                let half = boxes.width / 2.0;
                boxes.marks.iter().flat_map(|mark| [mark.x - half, mark.x + half]).for_each(&mut take);
            }
            Trace::Boxes(boxes) => boxes.marks.iter().flat_map(|mark| mark.whiskers).for_each(&mut take),
            Trace::Heatmap(_) => {}
        }
    }
    match (low <= high, log) {
        (true, _) => (low, high),
        (false, true) => (1.0, 10.0),
        (false, false) => (0.0, 1.0),
    }
}

/// What an axis shows: everything with some air at both ends. Bars stand on the axis, categories have their own air.
fn range(panel: &Panel, horizontal: bool) -> (f64, f64) {
    let axis = if horizontal { &panel.x } else { &panel.y };
    let (low, high) = extent(panel, horizontal);
    if !axis.categories.is_empty() {
        return (low, high);
    }
    let (below, above) = padded((low, high), axis.log);
    let bars = !horizontal && high > low && panel.traces.iter().any(|trace| matches!(trace, Trace::Bars(_)));
    let (below, above) = (if bars && low == 0.0 { low } else { below }, if bars && high == 0.0 { high } else { above });
    // The difference of the ends has to be a number too.
    (below.max(-LARGEST), above.min(LARGEST))
}

/// A range with some air at both ends.
fn padded((low, high): (f64, f64), log: bool) -> (f64, f64) {
    if log {
        let air = if high > low { (high / low).powf(0.03) } else { 2.0 };
        return (low / air, high * air);
    }
    let air = if high > low { 0.04 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    (low - air, high + air)
}
