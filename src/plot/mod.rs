//! Figures: a small scene of panels and traces, drawn by Plotly in a page of its own or as a static SVG.
//!
//! Pictures of results are built by [`network`], [`heatmap`], [`criterion_curve`] and the like, those of data by
//! [`scatter`], [`bar`], [`boxes`], [`histogram`], [`line_chart`] or from a table; [`Figure::save`] writes them. This
//! folder reads results and knows nothing of scripts.

mod calibration;
mod charts;
mod choice;
mod comparison;
mod curves;
mod degrees;
mod expression;
mod factors;
mod figure;
mod heatmap;
mod html;
mod joint;
mod labels;
mod layout;
mod low_rank;
mod network;
mod paint;
mod paths;
mod penalty_choice;
mod plotly;
mod reduce;
mod saved;
mod scene;
mod statistics;
mod svg;
mod tables;
mod training;
mod tuning;

pub use calibration::calibration_surfaces;
pub use charts::{Points, bar, boxes, grouped_boxes, histogram, line_chart, scatter};
pub use choice::selection_curve;
pub use comparison::{compared_networks, compared_permutations, compared_weights};
pub use curves::{Series, curves, lines};
pub use degrees::degree_distribution;
pub use expression::{component_scatter, expression_heatmap};
pub use factors::{factor_loadings, factor_scores, factor_variances};
pub use figure::{Figure, JsSource};
pub use heatmap::heatmap;
pub use html::plotly_script;
pub use joint::{joint_differences, joint_heatmaps, joint_networks};
pub use layout::{Point, circle, groups, spring};
pub use low_rank::low_rank_parts;
pub use network::{EdgeColor, Groups, NetworkLayout, NetworkOptions, network};
pub use paint::{ColorScale, Paint};
pub use paths::{coefficient_paths, criterion_curve, edge_curve, likelihood_curve};
pub use penalty_choice::penalty_choice;
pub(crate) use reduce::Room;
pub use scene::{Axis, Bars, BoxMark, Boxes, Dash, HeatmapCells, Line, Markers, Panel, Scene, Segments, Trace};
pub use tables::{Columns, table_bars, table_boxes, table_histogram, table_lines, table_points};
pub use training::loss_curve;
pub use tuning::{penalty_heatmap, tuning_curve, tuning_error_curve};
