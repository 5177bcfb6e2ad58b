//! What changes along a path of penalties.

use std::collections::HashMap;

use crate::context::Context;
use crate::data::covariance::sparse_partial_correlations;
use crate::data::number;
use crate::error::{Error, Result};
use crate::model::{Criterion, Path, Point};

use super::charts::counted;
use super::curves::{curves_panel, dash};
use super::figure::Figure;
use super::paint::Paint;
use super::scene::{Axis, Dash, Line, Markers, Panel, Trace};
use super::svg::extent;

/// How many edges have a colour and a name.
const NAMED: usize = 12;
/// How many more are drawn, muted.
const MUTED: usize = 300;

/// A figure of a criterion over the penalties, with a mark at its minimum. `name` is what the criterion is called.
///
/// # Errors
/// A path without a positive penalty, or without a known number of samples.
pub fn criterion_curve(path: &Path, criterion: Criterion, name: &str) -> Result<Figure> {
    let values = path.criterion(criterion)?;
    let mut panel = over_lambda(path, name, &values)?;
    let best = values.iter().enumerate().filter(|(_, value)| value.is_finite()).min_by(|a, b| a.1.total_cmp(b.1));
    // A logarithmic axis has no place for a penalty of 0.
    if let Some((best, &value)) = best.filter(|(best, _)| path.points()[*best].lambda > 0.0) {
        let point = &path.points()[best];
        let (low, high) = extent(&panel, false);
        let text = format!("lambda {}, {}", number(point.lambda), counted(point.n_edges(), "edge"));
        panel.traces.insert(
            0,
            Trace::Line(Line {
                name: String::new(),
                x: vec![point.lambda; 2],
                y: vec![low, high],
                paint: Paint::Muted,
                dash: Dash::Dot,
                width: 1.5,
            }),
        );
        panel.traces.push(Trace::Markers(Markers {
            hover: vec![format!("smallest {name}: {}\n{text}", number(value))],
            ..Markers::new(vec![point.lambda], vec![value], 11.0, Paint::Series(1))
        }));
        // At the upper end of the line, away from the curve and the axis.
        panel.traces.push(Trace::Markers(Markers {
            labels: vec![text.clone()],
            ..Markers::new(vec![point.lambda], vec![high - 0.06 * (high - low)], 0.0, Paint::Muted)
        }));
        panel.summary = format!("{name} of {}, smallest at {text}", counted(values.len(), "solution"));
    }
    Ok(Figure::new(None, panel))
}

/// A figure of the log-likelihood over the penalties.
///
/// # Errors
/// A path without a positive penalty, or without a known number of samples.
pub fn likelihood_curve(path: &Path) -> Result<Figure> {
    Ok(Figure::new(None, over_lambda(path, "log-likelihood", &path.logliks()?)?))
}

/// A figure of the number of edges over the penalties.
///
/// # Errors
/// A path without a positive penalty.
pub fn edge_curve(path: &Path) -> Result<Figure> {
    let edges: Vec<f64> = path.points().iter().map(|point| point.n_edges() as f64).collect();
    let mut panel = over_lambda(path, "edges", &edges)?;
    panel.y.whole = true;
    Ok(Figure::new(None, panel))
}

/// A figure of the partial correlations over the penalties, a line an edge: the 12 that become strongest by name, up
/// to 300 others muted.
///
/// # Errors
/// A path without a positive penalty or without edges; memory.
pub fn coefficient_paths(path: &Path, ctx: &Context) -> Result<Figure> {
    let points = drawable(path)?;
    let entries = points.iter().map(|point| point.n_edges()).max().unwrap_or(0);
    // The edges of the largest solution with their numbers, and the lines.
    let _held = ctx.reserve(entries.saturating_mul(48).saturating_add((NAMED + MUTED) * points.len() * 16))?;
    let ranked = strongest(&points, ctx)?;
    if ranked.is_empty() {
        return Err(Error::data("no solution of the path has an edge").with_hint("extend it with a smaller min_ratio"));
    }
    let drawn = &ranked[..ranked.len().min(NAMED + MUTED)];
    let values = along(&points, drawn, ctx)?;
    let lambdas: Vec<f64> = points.iter().map(|point| point.lambda).collect();
    let muted = &values[values.len().min(NAMED)..];
    let mut traces = Vec::new();
    if !muted.is_empty() {
        traces.push(Trace::Line(muted_lines(&lambdas, muted)));
    }
    for (k, (&(i, j), y)) in drawn.iter().zip(&values).take(NAMED).enumerate() {
        let name = format!("{} – {}", variable(path, i), variable(path, j));
        let (x, paint) = (lambdas.clone(), Paint::Series(k));
        traces.push(Trace::Line(Line { name, x, y: y.clone(), paint, dash: dash(k), width: 2.0 }));
    }
    let mut summary = format!("partial correlations of {}", counted(ranked.len(), "edge"));
    if drawn.len() < ranked.len() {
        summary += &format!(", the {} strongest shown", drawn.len());
    }
    let (x, y) = (Axis::log("lambda"), Axis::linear("partial correlation"));
    Ok(Figure::new(None, Panel { traces, x, y, summary, ..Panel::default() }))
}

/// The solutions that a logarithmic axis has a place for.
fn drawable(path: &Path) -> Result<Vec<&Point>> {
    let points: Vec<&Point> = path.points().iter().filter(|point| point.lambda > 0.0).collect();
    if points.is_empty() {
        return Err(Error::data("the figure of a path has a logarithmic axis, and no lambda of this path is above 0"));
    }
    Ok(points)
}

/// The panel of one curve with a value a solution.
fn over_lambda(path: &Path, name: &str, values: &[f64]) -> Result<Panel> {
    drawable(path)?;
    let pairs = path.points().iter().zip(values).filter(|(point, _)| point.lambda > 0.0);
    let (lambdas, values): (Vec<f64>, Vec<f64>) = pairs.map(|(point, &value)| (point.lambda, value)).unzip();
    let mut panel = curves_panel(&[(name.into(), lambdas, values)], Axis::log("lambda"), Axis::linear(name));
    panel.summary = format!("{name} of {}", counted(path.points().len(), "solution"));
    Ok(panel)
}

/// The partial correlations of a solution by i < j.
fn partial_correlations(point: &Point) -> impl Iterator<Item = ((u32, u32), f64)> {
    sparse_partial_correlations(&point.precision).map(|(i, j, value)| ((i as u32, j as u32), value))
}

/// The edges of all solutions, those with the largest absolute value anywhere first; ties in order of the nodes.
fn strongest(points: &[&Point], ctx: &Context) -> Result<Vec<(u32, u32)>> {
    let mut largest: HashMap<(u32, u32), f64> = HashMap::new();
    for point in points {
        ctx.check()?;
        for (edge, value) in partial_correlations(point) {
            let known = largest.entry(edge).or_default();
            *known = known.max(value.abs());
        }
    }
    let mut ranked: Vec<((u32, u32), f64)> = largest.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    Ok(ranked.into_iter().map(|(edge, _)| edge).collect())
}

/// The values of these edges in every solution; 0 where the edge is not there.
fn along(points: &[&Point], edges: &[(u32, u32)], ctx: &Context) -> Result<Vec<Vec<f64>>> {
    let places: HashMap<(u32, u32), usize> = edges.iter().copied().zip(0..).collect();
    let mut values = vec![vec![0.0; points.len()]; edges.len()];
    for (k, point) in points.iter().enumerate() {
        ctx.check()?;
        for (edge, value) in partial_correlations(point) {
            if let Some(&place) = places.get(&edge) {
                values[place][k] = value;
            }
        }
    }
    Ok(values)
}

/// Many lines as one, with gaps.
fn muted_lines(lambdas: &[f64], values: &[Vec<f64>]) -> Line {
    let gap = [f64::NAN];
    let x = values.iter().flat_map(|_| lambdas.iter().chain(&gap).copied()).collect();
    let y = values.iter().flat_map(|line| line.iter().chain(&gap).copied()).collect();
    let name = counted(values.len(), "other edge");
    Line { name, x, y, paint: Paint::Muted, dash: Dash::Solid, width: 0.8 }
}

/// What a variable is called.
fn variable(path: &Path, i: u32) -> String {
    path.input().names().map_or_else(|| format!("x{i}"), |names| names.get(i as usize).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Matrix, Names};
    use crate::model::{Input, Solved};
    use crate::problem::Certificate;

    fn point(lambda: f64, likelihood: f64, edges: &[(u32, u32, f64)]) -> Point {
        Point {
            lambda,
            precision: crate::linalg::SparseSymmetric::from_upper(vec![2.0; 3], edges),
            likelihood,
            certificate: Certificate::default(),
            solver: "".into(),
            iterations: 1,
            converged: true,
            warning: None,
            added: Vec::new(),
        }
    }

    /// Three variables, 50 samples; the last solution has no place on a logarithmic axis.
    fn path(points: Vec<Point>) -> Path {
        let names = Names::new(["a", "b", "c"].map(String::from).to_vec(), "columns").unwrap();
        let s = Matrix::from_fn(3, 3, |i, j| f64::from(i == j)).with_names(Some(names)).unwrap();
        let input = Input::covariance_matrix(&s, Some(50)).unwrap();
        let solved = Solved {
            verb: "graphical_lasso_path",
            method: "graphical_lasso".into(),
            input,
            points,
            options: Vec::new(),
            seconds: 0.0,
            solve: std::sync::Arc::new(|_, _, _| Ok(Vec::new())),
        };
        Path::new(solved, &Context::new()).unwrap()
    }

    fn example() -> Path {
        let both = [(0, 1, -1.0), (1, 2, 1.5)];
        path(vec![point(1.0, 0.0, &[]), point(0.5, 1.0, &both[..1]), point(0.1, 1.01, &both), point(0.0, 1.01, &both)])
    }

    #[test]
    fn the_minimum_of_a_criterion_is_marked() {
        let figure = criterion_curve(&example(), Criterion::Bic, "bic").unwrap();
        let Some(Trace::Markers(mark)) = figure.scene().panels[0].traces.last() else { panic!("a mark") };
        assert_eq!((&mark.x[..], &mark.labels[..]), (&[0.5][..], &["lambda 0.5, 1 edge".to_string()][..]));
        assert!(figure.to_string().contains("bic of 4 solutions, smallest at lambda 0.5"), "{figure}");
    }

    #[test]
    fn edges_are_counted_where_lambda_is_positive() {
        let figure = edge_curve(&example()).unwrap();
        let Some(Trace::Line(line)) = figure.scene().panels[0].traces.last() else { panic!("a line") };
        assert_eq!((&line.x[..], &line.y[..]), (&[1.0, 0.5, 0.1][..], &[0.0, 1.0, 2.0][..]));
        assert!(edge_curve(&path(vec![point(0.0, 0.0, &[])])).is_err());
    }

    #[test]
    fn the_strongest_partial_correlations_come_first() {
        let figure = coefficient_paths(&example(), &Context::new()).unwrap();
        let [Trace::Line(first), Trace::Line(second)] = &figure.scene().panels[0].traces[..] else { panic!("lines") };
        for (line, name, expected) in [(first, "b – c", [0.0, 0.0, -0.75]), (second, "a – b", [0.0, 0.5, 0.5])] {
            let far = line.y.iter().zip(expected).map(|(y, expected)| (y - expected).abs()).fold(0.0, f64::max);
            assert!(line.name == name && line.y.len() == 3 && far < 1e-12, "{}: {:?}", line.name, line.y);
        }
        assert!(coefficient_paths(&path(vec![point(1.0, 0.0, &[])]), &Context::new()).is_err());
    }

    #[test]
    fn muted_edges_are_one_line_with_gaps() {
        let line = muted_lines(&[2.0, 1.0], &[vec![0.1, 0.2], vec![0.3, 0.4]]);
        assert_eq!((line.name.as_str(), line.x.len(), line.y[3]), ("2 other edges", 6, 0.3));
        assert!(line.x[2].is_nan() && line.y[5].is_nan());
    }
}
