//! How a rule chose the penalty of a fit.

use crate::data::{Vector, number};
use crate::error::{Error, Result};
use crate::model::Fit;
use crate::value::Value;

use super::charts::counted;
use super::curves::curves_panel;
use super::figure::Figure;
use super::paint::Paint;
use super::scene::{Axis, Dash, Line, Markers, Panel, Trace};

/// A figure of what a rule saw when it chose the penalty of a fit, the chosen one marked. Of a rule along a grid its
/// value of every penalty, with a standard error to both sides where it has them, and the threshold of "stars"; of "ric"
/// the largest moment of every rotation.
///
/// # Errors
/// A fit whose penalty was given.
pub fn selection_curve(fit: &Fit) -> Result<Figure> {
    let curve = fit.selection().and_then(|selection| Curve::read(fit, selection));
    let rotations = fit.selection().and_then(|selection| numbers(selection, "maxima"));
    let panel = match (curve, rotations) {
        (Some(curve), _) => curve.panel(),
        (None, Some(maxima)) => rotations_panel(maxima),
        (None, None) => {
            return Err(Error::argument("the penalty of this fit was given, no rule chose it")
                .with_hint("choose by a rule: x.graphical_lasso(#{ lambda: \"ebic\" }), or path.select(\"cv\")"));
        }
    };
    Ok(Figure::new(None, panel))
}

/// The numbers of one entry of a selection.
fn numbers(selection: &Value, key: &str) -> Option<Vec<f64>> {
    selection.entry(key).and_then(Value::object::<Vector>).map(|numbers| numbers.as_slice().to_vec())
}

/// The values of a rule along a grid.
struct Curve {
    rule: String,
    lambdas: Vec<f64>,
    values: Vec<f64>,
    errors: Option<Vec<f64>>,
    /// The largest value that the rule accepts.
    threshold: Option<f64>,
    chosen: Option<f64>,
}

impl Curve {
    fn read(fit: &Fit, selection: &Value) -> Option<Self> {
        let threshold = fit.options().iter().find(|(name, _)| name == "stars_threshold");
        Some(Self {
            rule: selection.entry("rule")?.to_string(),
            lambdas: numbers(selection, "lambdas")?,
            values: numbers(selection, "values")?,
            errors: numbers(selection, "errors"),
            threshold: threshold.and_then(|(_, value)| value.as_number()),
            chosen: fit.lambda().and_then(Value::as_number),
        })
    }

    fn panel(self) -> Panel {
        let Self { rule, lambdas, values, errors, threshold, chosen } = self;
        let series = [(rule.clone(), lambdas.clone(), values.clone())];
        let mut panel = curves_panel(&series, Axis::log("lambda"), Axis::linear(rule.as_str()));
        for sign in errors.iter().flat_map(|_| [1.0, -1.0]) {
            let shifted = errors.iter().flatten().zip(&values).map(|(error, value)| value + sign * error);
            panel.traces.push(muted("one standard error", lambdas.clone(), shifted.collect(), Dash::Dash));
        }
        if let Some(threshold) = threshold {
            panel.traces.push(muted("threshold", lambdas.clone(), vec![threshold; lambdas.len()], Dash::Dot));
        }
        if let Some(best) = chosen.and_then(|chosen| lambdas.iter().position(|&lambda| lambda == chosen)) {
            let text = format!("lambda {}", number(lambdas[best]));
            panel.traces.push(Trace::Markers(Markers {
                hover: vec![format!("chosen: {text}\n{rule} {}", number(values[best]))],
                ..Markers::new(vec![lambdas[best]], vec![values[best]], 11.0, Paint::Series(1))
            }));
            panel.summary = format!("{rule} of {}, chosen {text}", counted(lambdas.len(), "solution"));
        }
        panel
    }
}

/// The largest moment of every rotation, with the smallest of them, the penalty, as a line.
fn rotations_panel(maxima: Vec<f64>) -> Panel {
    let numbers: Vec<f64> = (1..=maxima.len()).map(|rotation| rotation as f64).collect();
    let smallest = maxima.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1)).map(|(best, &value)| (best, value));
    let summary = format!("ric of {}", counted(maxima.len(), "rotation"));
    let all = Trace::Markers(Markers::new(numbers.clone(), maxima, 6.0, Paint::Series(0)));
    let (x, y) = (Axis::whole("rotation"), Axis::linear("largest moment of two columns"));
    let mut panel = Panel { traces: vec![all], x, y, summary, ..Panel::default() };
    if let Some((best, value)) = smallest {
        let text = format!("lambda {}", number(value));
        let ends = vec![0.5, numbers.len() as f64 + 0.5];
        panel.traces.push(muted(&text, ends, vec![value; 2], Dash::Dash));
        panel.traces.push(Trace::Markers(Markers {
            hover: vec![format!("chosen: {text}")],
            ..Markers::new(vec![numbers[best]], vec![value], 11.0, Paint::Series(1))
        }));
        panel.summary += &format!(", chosen {text}");
    }
    panel
}

/// A line beside what is shown.
fn muted(name: &str, x: Vec<f64>, y: Vec<f64>, dash: Dash) -> Trace {
    Trace::Line(Line { name: name.into(), x, y, paint: Paint::Muted, dash, width: 1.5 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_of_the_rotations_is_marked() {
        let panel = rotations_panel(vec![0.5, 0.3, 0.4]);
        assert_eq!(panel.summary, "ric of 3 rotations, chosen lambda 0.3");
        let Some(Trace::Markers(mark)) = panel.traces.last() else { panic!("a mark") };
        assert_eq!((&mark.x[..], &mark.y[..]), (&[2.0][..], &[0.3][..]));
        assert!(rotations_panel(Vec::new()).summary.starts_with("ric of 0"));
    }
}
