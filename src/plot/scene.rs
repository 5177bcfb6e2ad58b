//! What a figure consists of: panels with axes and traces. Both renderers read this and nothing else.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::data::Matrix;

use super::paint::{ColorScale, Paint};
use super::saved;

/// More entries than this are no legend.
const MOST_ENTRIES: usize = 40;

/// A whole figure: panels in rows of `columns`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Scene {
    /// The heading.
    pub title: Option<String>,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// How many panels stand beside each other; at least 1.
    pub columns: usize,
}

/// One pair of axes with what is drawn in it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Panel {
    /// The panel's heading, where a figure has several.
    pub title: Option<String>,
    /// What is drawn, the first at the bottom.
    pub traces: Vec<Trace>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// Whether a unit is as long in both directions, as in a network.
    pub equal: bool,
    /// What it shows in a few words: `network, 11 nodes, 20 edges`.
    pub summary: String,
    /// What stands below it: how much of the whole is shown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// An axis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What it measures.
    pub title: String,
    /// Whether it is logarithmic; values that are not positive are then left out.
    pub log: bool,
    /// Whether it is left out of the picture.
    pub hidden: bool,
    /// Whether only whole numbers are marked, as for counts.
    pub whole: bool,
    /// What stands at 0, 1, 2, ... instead of numbers, on a horizontal axis; empty for numbers.
    pub categories: Vec<String>,
}

impl Axis {
    /// A linear axis.
    pub fn linear(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// A logarithmic axis.
    pub fn log(title: impl Into<String>) -> Self {
        Self { log: true, ..Self::linear(title) }
    }

    /// A linear axis of counts.
    pub fn whole(title: impl Into<String>) -> Self {
        Self { whole: true, ..Self::linear(title) }
    }

    /// A horizontal axis of categories, the first at 0, the next at 1.
    pub fn categories(title: impl Into<String>, categories: Vec<String>) -> Self {
        Self { categories, ..Self::linear(title) }
    }

    /// An axis that is not drawn.
    pub fn hidden() -> Self {
        Self { hidden: true, ..Self::default() }
    }

    /// Whether the axis has a place for a number.
    pub(super) fn shows(&self, value: f64) -> bool {
        value.is_finite() && (!self.log || value > 0.0)
    }
}

/// One thing that is drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Trace {
    /// A line through points.
    Line(Line),
    /// Points, with or without labels.
    Markers(Markers),
    /// Many independent straight lines.
    Segments(Segments),
    /// A matrix as coloured cells.
    Heatmap(HeatmapCells),
    /// Upright bars.
    Bars(Bars),
    /// Quartiles with whiskers.
    Boxes(Boxes),
}

/// The stroke of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dash {
    /// Without gaps.
    #[default]
    Solid,
    /// Dashes.
    Dash,
    /// Dots.
    Dot,
}

/// A line through points in their order; NaN makes a gap.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// Horizontal positions.
    #[serde(with = "saved::numbers")]
    pub x: Vec<f64>,
    /// Vertical positions, as many.
    #[serde(with = "saved::numbers")]
    pub y: Vec<f64>,
    /// Colour.
    pub paint: Paint,
    /// Stroke.
    pub dash: Dash,
    /// Width in pixels.
    pub width: f64,
}

/// Points.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Markers {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// Horizontal positions.
    #[serde(with = "saved::numbers")]
    pub x: Vec<f64>,
    /// Vertical positions, as many.
    #[serde(with = "saved::numbers")]
    pub y: Vec<f64>,
    /// The text beside each point, empty for none; the list may be empty.
    pub labels: Vec<String>,
    /// What the pointer shows at each point, lines separated by `\n`; the list may be empty.
    pub hover: Vec<String>,
    /// Diameters in pixels, one a point.
    #[serde(with = "saved::numbers")]
    pub size: Vec<f64>,
    /// Colours, one a point.
    pub paint: Vec<Paint>,
    /// From 0, invisible, to 1.
    pub opacity: f64,
}

impl Markers {
    /// Points of one size and colour, without names and texts.
    pub fn new(x: Vec<f64>, y: Vec<f64>, size: f64, paint: Paint) -> Self {
        let count = x.len();
        Self {
            name: String::new(),
            x,
            y,
            labels: Vec::new(),
            hover: Vec::new(),
            size: vec![size; count],
            paint: vec![paint; count],
            opacity: 1.0,
        }
    }

    /// An entry of the legend without a point in the picture.
    pub(super) fn key(name: String, paint: Paint) -> Self {
        Self { name, ..Self::new(vec![f64::NAN], vec![f64::NAN], 10.0, paint) }
    }
}

/// Straight lines of one colour: the edges of a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Segments {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// From `x0, y0` to `x1, y1`.
    pub ends: Vec<[f64; 4]>,
    /// Widths in pixels, one a line; few different ones.
    #[serde(with = "saved::numbers")]
    pub width: Vec<f64>,
    /// What the pointer shows in the middle of each line; the list may be empty.
    pub hover: Vec<String>,
    /// Colour.
    pub paint: Paint,
    /// From 0, invisible, to 1.
    pub opacity: f64,
    /// With arrow heads at the second end: how many pixels before it each one stops.
    pub arrows: Option<Vec<f64>>,
    /// The weight of the edge that each line stands for; the list may be empty.
    #[serde(default, with = "saved::numbers", skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<f64>,
    /// The nodes at both ends, counted as the panel's points are; the list may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joins: Vec<[usize; 2]>,
}

/// A matrix as coloured cells, the first row on top.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeatmapCells {
    /// The numbers; those that are not finite stay empty.
    #[serde(with = "saved::matrix")]
    pub values: Matrix,
    /// Labels of the rows.
    pub rows: Vec<String>,
    /// Labels of the columns.
    pub columns: Vec<String>,
    /// Colours.
    pub scale: ColorScale,
    /// The numbers at both ends of the colours; what lies beyond has the colour of the end.
    pub bounds: [f64; 2],
    /// What to say about the colours, above their bar; may be empty.
    pub note: String,
}

impl HeatmapCells {
    /// Where a number lies on the colours, from 0 to 1.
    pub(super) fn position(&self, value: f64) -> f64 {
        let [low, high] = self.bounds;
        if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// Upright bars, from 0 to a height.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bars {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// Where each bar starts and ends on the horizontal axis.
    pub spans: Vec<[f64; 2]>,
    /// The heights, as many; those that are not finite are left out.
    #[serde(with = "saved::numbers")]
    pub heights: Vec<f64>,
    /// What the pointer shows at each bar; the list may be empty.
    pub hover: Vec<String>,
    /// Colour.
    pub paint: Paint,
}

/// Upright boxes of one series.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Boxes {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// The boxes.
    pub marks: Vec<BoxMark>,
    /// How wide each one is, in units of the horizontal axis.
    pub width: f64,
    /// Colour.
    pub paint: Paint,
}

/// One box.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoxMark {
    /// Its middle on the horizontal axis.
    pub x: f64,
    /// First quartile, median, third quartile.
    pub quartiles: [f64; 3],
    /// The ends of the whiskers, the lower one first.
    pub whiskers: [f64; 2],
    /// What the pointer shows in the static picture.
    pub hover: String,
}

impl Trace {
    /// Whether its lists belong together, in a panel of so many points.
    fn is_whole(&self, nodes: usize) -> bool {
        let fits = |length: usize, count: usize| length == 0 || length == count;
        match self {
            Self::Line(line) => line.y.len() == line.x.len(),
            Self::Markers(Markers { x, y, labels, hover, size, paint, .. }) => {
                let count = x.len();
                [y.len(), size.len(), paint.len()].iter().all(|&length| length == count)
                    && fits(labels.len(), count)
                    && fits(hover.len(), count)
            }
            Self::Segments(Segments { ends, width, hover, arrows, weights, joins, .. }) => {
                let count = ends.len();
                width.len() == count
                    && fits(hover.len(), count)
                    && arrows.as_ref().is_none_or(|arrows| arrows.len() == count)
                    && fits(weights.len(), count)
                    && fits(joins.len(), count)
                    && joins.iter().flatten().all(|&node| node < nodes)
            }
            Self::Heatmap(cells) => {
                (cells.rows.len(), cells.columns.len()) == (cells.values.rows(), cells.values.cols())
            }
            Self::Bars(bars) => bars.heights.len() == bars.spans.len() && fits(bars.hover.len(), bars.spans.len()),
            Self::Boxes(_) => true,
        }
    }

    /// The entry in the legend, if the trace has one, and its colour.
    pub(super) fn legend(&self) -> Option<(&str, Paint)> {
        let (name, paint) = match self {
            Self::Line(line) => (&line.name, line.paint),
            Self::Markers(markers) => (&markers.name, markers.paint.first().copied().unwrap_or(Paint::Node)),
            Self::Segments(segments) => (&segments.name, segments.paint),
            Self::Bars(bars) => (&bars.name, bars.paint),
            Self::Boxes(boxes) => (&boxes.name, boxes.paint),
            Self::Heatmap(_) => return None,
        };
        (!name.is_empty()).then_some((name.as_str(), paint))
    }
}

/// Bytes of texts.
fn texts(list: &[String]) -> usize {
    list.iter().map(|text| text.len() + 32).sum()
}

impl Trace {
    /// About as many bytes as it takes.
    fn bytes(&self) -> usize {
        match self {
            Self::Line(line) => 16 * line.x.len(),
            Self::Markers(markers) => 32 * markers.x.len() + texts(&markers.hover) + texts(&markers.labels),
            Self::Segments(segments) => 80 * segments.ends.len() + texts(&segments.hover),
            // The numbers are the matrix' own.
            Self::Heatmap(cells) => texts(&cells.rows) + texts(&cells.columns),
            Self::Bars(bars) => 24 * bars.spans.len() + texts(&bars.hover),
            Self::Boxes(boxes) => boxes.marks.iter().map(|mark| 96 + mark.hover.len()).sum(),
        }
    }
}

impl Scene {
    /// Whether the lists of every trace belong together, as they do unless a file says otherwise.
    pub(super) fn is_whole(&self) -> bool {
        self.panels.iter().all(|panel| {
            let points = |trace: &Trace| if let Trace::Markers(markers) = trace { markers.x.len() } else { 0 };
            let nodes = panel.traces.iter().map(points).sum();
            panel.traces.iter().all(|trace| trace.is_whole(nodes))
        })
    }

    /// About as many bytes as it takes.
    pub(super) fn bytes(&self) -> usize {
        let of_panel = |panel: &Panel| {
            let categories = texts(&panel.x.categories) + texts(&panel.y.categories);
            let title = panel.title.as_ref().map_or(0, String::len);
            512 + title + categories + panel.traces.iter().map(|trace| 256 + trace.bytes()).sum::<usize>()
        };
        let title = self.title.as_ref().map_or(0, String::len);
        self.panels.iter().map(of_panel).fold(title, usize::saturating_add)
    }

    /// Numbers that are drawn: of heatmaps the cells too.
    pub(super) fn numbers(&self) -> usize {
        let cells = |trace: &Trace| if let Trace::Heatmap(cells) = trace { cells.values.as_slice().len() } else { 0 };
        let all = self.panels.iter().flat_map(|panel| &panel.traces).map(cells);
        all.fold(self.bytes() / 16, usize::saturating_add)
    }

    /// The traces with an entry in the legend: a name that several panels share counts once. One alone says nothing
    /// in a panel with axes, and many would hide the picture: they are left out.
    pub(super) fn legend(&self) -> Vec<&Trace> {
        let mut seen = HashSet::new();
        let mut entries = Vec::new();
        for panel in &self.panels {
            let named: Vec<&Trace> = panel.traces.iter().filter(|trace| trace.legend().is_some()).collect();
            let is_telling =
                |trace: &&Trace| matches!(trace, Trace::Segments(_)) || trace.legend() != named[0].legend();
            if named.iter().any(is_telling) {
                let new = named.into_iter().filter(|trace| trace.legend().is_some_and(|entry| seen.insert(entry)));
                entries.extend(new);
            }
        }
        if entries.len() > MOST_ENTRIES { Vec::new() } else { entries }
    }

    /// The text of an entry in the legend: with the number of edges where it is clear which panel's.
    pub(super) fn legend_text(&self, trace: &Trace) -> String {
        let name = trace.legend().map_or("", |(name, _)| name);
        match (trace, self.panels.as_slice()) {
            (Trace::Segments(_), [panel]) => {
                // Directed and undirected edges of one sign share the entry.
                let edges =
                    panel.traces.iter().filter(|other| other.legend() == trace.legend()).map(|other| match other {
                        Trace::Segments(segments) => segments.ends.len(),
                        _ => 0,
                    });
                format!("{name} ({})", edges.sum::<usize>())
            }
            _ => name.into(),
        }
    }

    /// The height in pixels below which a page must not squeeze the panels.
    pub(super) fn least_height(&self) -> f64 {
        360.0 * self.rows() as f64
    }

    /// How many rows of panels there are.
    pub(super) fn rows(&self) -> usize {
        self.panels.len().div_ceil(self.columns.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_has_every_name_once_and_none_that_is_alone() {
        let points = |name: &str, paint| Trace::Markers(Markers::key(name.into(), paint));
        let panel = |names: &[&str]| Panel {
            traces: names.iter().enumerate().map(|(i, name)| points(name, Paint::Series(i))).collect(),
            ..Panel::default()
        };
        let names = |panels: Vec<Panel>| {
            let scene = Scene { title: None, panels, columns: 2 };
            scene.legend().iter().map(|trace| scene.legend_text(trace)).collect::<Vec<String>>()
        };
        assert_eq!(names(vec![panel(&["alone"]), panel(&["a", "b"]), panel(&["a", "", "c"])]), ["a", "b", "c"]);
        let many: Vec<String> = (0..50).map(|i| i.to_string()).collect();
        assert!(names(vec![panel(&many.iter().map(String::as_str).collect::<Vec<_>>())]).is_empty());
    }
}
