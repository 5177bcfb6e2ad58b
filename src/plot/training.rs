//! How a training went.

use crate::data::number;
use crate::error::{Error, Result};
use crate::model::Trained;

use super::charts::counted;
use super::curves::{Series, curves_panel};
use super::figure::Figure;
use super::paint::Paint;
use super::scene::{Axis, Markers, Panel, Trace};

/// A figure of the loss of every epoch, and of that on other data where there is one, with a mark at the best epoch. The
/// vertical axis is logarithmic where all losses are positive.
///
/// # Errors
/// A model without a history.
pub fn loss_curve(trained: &Trained) -> Result<Figure> {
    let validation = trained.validation_history();
    let histories = [("training", Some(trained.loss_history())), ("validation", validation)];
    let series: Vec<Series> =
        histories.into_iter().filter_map(|(name, history)| Some(series(name, history?))).collect();
    if series.iter().all(|(_, epochs, _)| epochs.is_empty()) {
        return Err(Error::data("this model has no history of losses"));
    }
    Ok(Figure::new(None, panel(&series, trained.loss_history().len(), trained.best_epoch())))
}

/// The finite losses over their epochs.
fn series(name: &str, history: &[f64]) -> Series {
    let finite = history.iter().enumerate().filter(|(_, loss)| loss.is_finite());
    let (epochs, losses) = finite.map(|(epoch, &loss)| (epoch as f64, loss)).unzip();
    (name.into(), epochs, losses)
}

fn panel(series: &[Series], epochs: usize, best: usize) -> Panel {
    let is_positive = series.iter().all(|(_, _, losses)| losses.iter().all(|&loss| loss > 0.0));
    let y = if is_positive { Axis::log("loss") } else { Axis::linear("loss") };
    let mut panel = curves_panel(series, Axis::whole("epoch"), y);
    panel.summary = format!("loss of {}, the best is number {best} from 0", counted(epochs, "epoch"));
    // What was looked at to find the best stands last.
    let judged = series.iter().rev().find_map(|(name, epochs, losses)| {
        let place = epochs.iter().position(|&epoch| epoch == best as f64)?;
        Some((name, losses[place]))
    });
    if let Some((name, loss)) = judged {
        panel.traces.push(Trace::Markers(Markers {
            hover: vec![format!("best: epoch {best}\n{name} {}", number(loss))],
            ..Markers::new(vec![best as f64], vec![loss], 11.0, Paint::Series(1))
        }));
    }
    panel
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Training;

    fn drawn(loss: Vec<f64>, validation: Option<Vec<f64>>, best_epoch: usize) -> Result<Panel> {
        let training =
            Training { loss_history: loss, validation_history: validation, best_epoch, ..Training::default() };
        Ok(loss_curve(&Trained::new(training).unwrap())?.scene().panels[0].clone())
    }

    #[test]
    fn losses_that_are_not_positive_take_a_linear_axis() {
        let panel = drawn(vec![3.0, f64::INFINITY, 1.0], Some(vec![f64::NAN, f64::NAN, 2.0]), 2).unwrap();
        assert!(panel.y.log && panel.x.whole && panel.summary.contains("3 epochs"), "{}", panel.summary);
        let Some(Trace::Markers(mark)) = panel.traces.last() else { panic!("a mark") };
        assert_eq!((&mark.x[..], &mark.y[..]), (&[2.0][..], &[2.0][..]));
        assert!(!drawn(vec![3.0, -1.0], None, 1).unwrap().y.log);
        assert!(drawn(Vec::new(), None, 0).is_err());
    }
}
