//! How a tuning went: the criterion and the error of its steps, and the penalties that it found.

use super::curves::{Series, curves_panel};
use super::figure::Figure;
use super::heatmap::heatmap;
use super::paint::Paint;
use super::scene::{Axis, Markers, Panel, Trace};
use crate::data::{Column, Matrix, Table, number};
use crate::error::{Error, Result};
use crate::model::Fit;
use crate::value::Value;

/// A figure of the criterion over the steps of a tuning, on the tuning data and, where there are such, on untouched
/// samples, with a mark at the step that was taken.
///
/// # Errors
/// A fit that was not tuned.
pub fn tuning_curve(fit: &Fit) -> Result<Figure> {
    let history = history(fit)?;
    let known = [("tuning data", "criterion"), ("untouched samples", "untouched")];
    let series: Vec<Series> = known.into_iter().filter_map(|(name, column)| series(history, name, column)).collect();
    let taken = fit.selection().and_then(|selection| selection.entry("step")).and_then(Value::as_number);
    Ok(Figure::new(None, panel(&series, "criterion", taken)))
}

/// A figure of the relative error of the precision matrix over the steps of a tuning that was given the truth.
///
/// # Errors
/// A fit that was not tuned, or without the truth.
pub fn tuning_error_curve(fit: &Fit) -> Result<Figure> {
    let own = series(history(fit)?, "relative error", "error").ok_or_else(|| {
        Error::argument("this tuning was not given the truth")
            .with_hint("x.graphical_lasso(#{ lambda: \"tune\", truth: theta })")
    })?;
    let taken = fit.selection().and_then(|selection| selection.entry("step")).and_then(Value::as_number);
    Ok(Figure::new(None, panel(&[own], "|theta - truth| / |truth|", taken)))
}

/// A figure of the penalties of a fit, p x p.
///
/// # Errors
/// A fit with one penalty.
pub fn penalty_heatmap(fit: &Fit) -> Result<Figure> {
    let lambda = fit.lambda().and_then(Value::object::<Matrix>).ok_or_else(|| {
        Error::argument("the fit has one penalty, not a matrix of them")
            .with_hint("x.graphical_lasso(#{ lambda: \"tune\", penalty: \"matrix\" })")
    })?;
    heatmap(lambda, None)
}

fn history(fit: &Fit) -> Result<&Table> {
    let history = fit.added("history").ok().and_then(Value::object::<Table>);
    history.ok_or_else(|| {
        Error::argument("the penalties of this fit were not tuned")
            .with_hint("x.graphical_lasso(#{ lambda: \"tune\" })")
    })
}

/// The finite numbers of a column over their steps.
fn series(history: &Table, name: &str, column: &str) -> Option<Series> {
    let Ok(Column::Numbers(values)) = history.column(column) else { return None };
    let finite = values.iter().enumerate().filter(|(_, value)| value.is_finite());
    let (steps, values) = finite.map(|(step, &value)| (step as f64, value)).unzip();
    Some((name.into(), steps, values))
}

fn panel(series: &[Series], label: &str, taken: Option<f64>) -> Panel {
    let mut panel = curves_panel(series, Axis::whole("step"), Axis::linear(label));
    let steps = series.first().map_or(0, |(_, steps, _)| steps.len());
    panel.summary = format!("{label} of a tuning in {steps} steps");
    for (name, steps, values) in series {
        if let Some(place) = steps.iter().position(|&step| Some(step) == taken) {
            panel.traces.push(Trace::Markers(Markers {
                hover: vec![format!("taken: step {}\n{name} {}", steps[place], number(values[place]))],
                ..Markers::new(vec![steps[place]], vec![values[place]], 11.0, Paint::Series(2))
            }));
        }
    }
    panel
}
