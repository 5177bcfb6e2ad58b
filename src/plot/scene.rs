//! What a figure consists of: panels with axes and traces. Both renderers read this and nothing else.

use crate::data::Matrix;

use super::paint::{ColorScale, Paint};

/// A whole figure: panels in rows of `columns`.
#[derive(Debug, Clone, Default)]
pub struct Scene {
    /// The heading.
    pub title: Option<String>,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// How many panels stand beside each other; at least 1.
    pub columns: usize,
}

/// One pair of axes with what is drawn in it.
#[derive(Debug, Clone, Default)]
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
}

/// An axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Axis {
    /// What it measures.
    pub title: String,
    /// Whether it is logarithmic; values that are not positive are then left out.
    pub log: bool,
    /// Whether it is left out of the picture.
    pub hidden: bool,
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

    /// An axis that is not drawn.
    pub fn hidden() -> Self {
        Self { hidden: true, ..Self::default() }
    }
}

/// One thing that is drawn.
#[derive(Debug, Clone)]
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
    /// Upright bars over categories.
    Bars(Bars),
}

/// The stroke of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
#[derive(Debug, Clone)]
pub struct Line {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// Horizontal positions.
    pub x: Vec<f64>,
    /// Vertical positions, as many.
    pub y: Vec<f64>,
    /// Colour.
    pub paint: Paint,
    /// Stroke.
    pub dash: Dash,
    /// Width in pixels.
    pub width: f64,
}

/// Points.
#[derive(Debug, Clone)]
pub struct Markers {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// Horizontal positions.
    pub x: Vec<f64>,
    /// Vertical positions, as many.
    pub y: Vec<f64>,
    /// The text beside each point, empty for none; the list may be empty.
    pub labels: Vec<String>,
    /// What the pointer shows at each point, lines separated by `\n`; the list may be empty.
    pub hover: Vec<String>,
    /// Diameters in pixels, one a point.
    pub size: Vec<f64>,
    /// Colours, one a point.
    pub paint: Vec<Paint>,
}

/// Straight lines of one colour: the edges of a network.
#[derive(Debug, Clone)]
pub struct Segments {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// From `x0, y0` to `x1, y1`.
    pub ends: Vec<[f64; 4]>,
    /// Widths in pixels, one a line; few different ones.
    pub width: Vec<f64>,
    /// What the pointer shows in the middle of each line; the list may be empty.
    pub hover: Vec<String>,
    /// Colour.
    pub paint: Paint,
    /// From 0, invisible, to 1.
    pub opacity: f64,
    /// With arrow heads at the second end: how many pixels before it each one stops.
    pub arrows: Option<Vec<f64>>,
}

/// A matrix as coloured cells, the first row on top.
#[derive(Debug, Clone)]
pub struct HeatmapCells {
    /// The numbers; those that are not finite stay empty.
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

/// Upright bars over categories.
#[derive(Debug, Clone)]
pub struct Bars {
    /// The entry in the legend; empty for none.
    pub name: String,
    /// The categories.
    pub labels: Vec<String>,
    /// The heights, as many.
    pub values: Vec<f64>,
    /// Colour.
    pub paint: Paint,
}

impl Trace {
    /// The entry in the legend, if the trace has one, and its colour.
    pub(super) fn legend(&self) -> Option<(&str, Paint)> {
        let (name, paint) = match self {
            Self::Line(line) => (&line.name, line.paint),
            Self::Markers(markers) => (&markers.name, markers.paint.first().copied().unwrap_or(Paint::Node)),
            Self::Segments(segments) => (&segments.name, segments.paint),
            Self::Bars(bars) => (&bars.name, bars.paint),
            Self::Heatmap(_) => return None,
        };
        (!name.is_empty()).then_some((name.as_str(), paint))
    }
}

impl Scene {
    /// The traces with an entry in the legend: a name that several panels share counts once. One alone says nothing
    /// in a figure with axes, and is left out.
    pub(super) fn legend(&self) -> Vec<&Trace> {
        let mut entries: Vec<&Trace> = Vec::new();
        for trace in self.panels.iter().flat_map(|panel| &panel.traces) {
            if trace.legend().is_some() && !entries.iter().any(|entry| entry.legend() == trace.legend()) {
                entries.push(trace);
            }
        }
        let alone = entries.len() == 1 && !matches!(entries[0], Trace::Segments(_));
        if alone { Vec::new() } else { entries }
    }

    /// The text of an entry in the legend: with the number of edges where it is clear which panel's.
    pub(super) fn legend_text(&self, trace: &Trace) -> String {
        match (trace, self.panels.len()) {
            (Trace::Segments(segments), 1) => format!("{} ({})", segments.name, segments.ends.len()),
            _ => trace.legend().map_or(String::new(), |(name, _)| name.into()),
        }
    }

    /// How many rows of panels there are.
    pub(super) fn rows(&self) -> usize {
        self.panels.len().div_ceil(self.columns.max(1))
    }
}
