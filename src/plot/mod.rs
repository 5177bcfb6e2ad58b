//! Figures: a small scene of panels and traces, drawn by Plotly in a page of its own or as a static SVG.
//!
//! A picture of a result is built by [`network`], [`heatmap`] or [`lines`]; [`Figure::save`] writes it. This folder
//! reads results and knows nothing of scripts.

mod curves;
mod figure;
mod heatmap;
mod html;
mod labels;
mod layout;
mod network;
mod paint;
mod plotly;
mod scene;
mod svg;

pub use curves::{Series, curves, lines};
pub use figure::{Figure, JsSource};
pub use heatmap::heatmap;
pub use layout::{Point, circle, groups, spring};
pub use network::{EdgeColor, NetworkLayout, NetworkOptions, network};
pub use paint::{ColorScale, Paint};
pub use scene::{Axis, Bars, Dash, HeatmapCells, Line, Markers, Panel, Scene, Segments, Trace};
