//! Lines over numbers: paths, criteria, losses.

use super::figure::Figure;
use super::paint::Paint;
use super::scene::{Axis, Dash, Line, Markers, Panel, Trace};

/// One curve: its name, horizontal and vertical positions. What one list has more than the other is left out.
pub type Series = (String, Vec<f64>, Vec<f64>);

/// Up to how many points a curve shows each of them.
const MARKED: usize = 25;

/// A figure with one line a series. A logarithmic horizontal axis leaves out what is not positive.
pub fn lines(series: &[Series], x_label: &str, y_label: &str, log_x: bool) -> Figure {
    let x = if log_x { Axis::log(x_label) } else { Axis::linear(x_label) };
    curves(series, x, Axis::linear(y_label))
}

/// A figure with one line a series over the given axes; NaN makes a gap.
pub fn curves(series: &[Series], x: Axis, y: Axis) -> Figure {
    Figure::new(None, curves_panel(series, x, y))
}

/// The panel of [`curves`].
pub(super) fn curves_panel(series: &[Series], x: Axis, y: Axis) -> Panel {
    let mut traces = Vec::new();
    for (i, (name, xs, ys)) in series.iter().enumerate() {
        let points = xs.len().min(ys.len());
        let (xs, ys) = (xs[..points].to_vec(), ys[..points].to_vec());
        let paint = Paint::Series(i);
        if points <= MARKED {
            traces.push(Trace::Markers(Markers::new(xs.clone(), ys.clone(), 6.0, paint)));
        }
        traces.push(Trace::Line(Line { name: name.clone(), x: xs, y: ys, paint, dash: dash(i), width: 2.0 }));
    }
    let count = series.len();
    let summary = match series {
        [(name, ..)] if !name.is_empty() => format!("1 line, {name}"),
        _ => format!("{count} line{}", if count == 1 { "" } else { "s" }),
    };
    Panel { traces, x, y, summary, ..Panel::default() }
}

/// The stroke of series `i`: after one round of colours the strokes tell the series apart.
pub(super) fn dash(i: usize) -> Dash {
    [Dash::Solid, Dash::Dash, Dash::Dot][i / 7 % 3]
}
