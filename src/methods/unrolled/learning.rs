//! Learning the parameters of a model: epochs of Adam, of which the best is kept.

use super::model::Model;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::nn::{Adam, Direction, Evaluator, Pass};

/// How a model learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Passes at most.
    pub epochs: usize,
    /// Learning rate of Adam.
    pub rate: f64,
    /// End after so many epochs without a better score.
    pub patience: Option<usize>,
    /// Which epoch is kept.
    pub keep: Keep,
}

/// Which epoch is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// That of the best score.
    Best,
    /// That of the best score, with the parameters of the epoch behind it: an oversight of a published program.
    BehindBest,
    /// The last one.
    Last,
}

/// What was learned.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The parameters that are kept.
    pub parameters: Vec<f64>,
    /// The pass with them, or, behind the best, that before.
    pub pass: Pass,
    /// Its epoch, from 0.
    pub epoch: usize,
    /// The loss of every epoch.
    pub losses: Vec<f64>,
    /// What ranks every epoch, where that is not the loss.
    pub scores: Vec<f64>,
    /// Why learning ended before its last epoch, where that is worth a warning.
    pub warning: Option<String>,
}

/// What ranks an epoch, from its parameters and its pass: smaller is better.
pub type Score<'a> = dyn Fn(&[f64], &Pass) -> Result<f64> + Sync + 'a;

/// Whether the loss and its gradient are numbers.
fn is_finite(pass: &Pass) -> bool {
    pass.loss.is_finite() && pass.gradient.iter().all(|g| g.is_finite())
}

/// A score has to fall by more than this part of its size to count as better when patience is counted.
const PROGRESS: f64 = 1e-6;

/// Learns from these parameters on. `report` is told after every epoch how many are done.
///
/// # Errors
/// A first pass whose loss is not finite, cancellation, memory.
pub fn learn(
    model: &Model,
    evaluator: &Evaluator,
    mut parameters: Vec<f64>,
    learning: Learning,
    score: Option<&Score<'_>>,
    report: &(dyn Fn(usize) + Sync),
    ctx: &Context,
) -> Result<Learned> {
    let mut adam = Adam::new(parameters.len(), learning.rate);
    let (mut losses, mut scores) = (Vec::new(), Vec::new());
    let mut kept: Option<(f64, Vec<f64>, Pass, usize)> = None;
    let (mut watermark, mut waited, mut warning) = (f64::INFINITY, 0, None);
    for epoch in 0..learning.epochs {
        let pass = evaluator.pass(&parameters, Direction::Both, ctx);
        let pass = match pass {
            Err(error) if kept.is_none() || error.kind().is_stop() => return Err(error),
            Err(_) => None,
            Ok(pass) => Some(pass).filter(is_finite),
        };
        let Some(pass) = pass else {
            let diverged = format!(
                "the loss is not finite any more at epoch {epoch}: the best epoch before is kept; take a smaller \
                 learning_rate than {}, or data on a common scale",
                learning.rate
            );
            warning = Some(diverged);
            break;
        };
        losses.push(pass.loss);
        let rank = score.map_or(Ok(pass.loss), |score| score(&parameters, &pass))?;
        if score.is_some() {
            scores.push(rank);
        }
        let behind = learning.keep == Keep::BehindBest;
        let is_better = kept.as_ref().is_none_or(|(best, ..)| rank < *best);
        let before = (!behind).then(|| parameters.clone());
        adam.step(&mut parameters, &pass.gradient);
        model.keep_positive(&mut parameters);
        if is_better || learning.keep == Keep::Last {
            kept = Some((rank, before.unwrap_or_else(|| parameters.clone()), pass, epoch));
        }
        report(epoch + 1);
        let progress = watermark.is_infinite() || rank < watermark - PROGRESS * watermark.abs();
        (watermark, waited) = if progress { (rank, 0) } else { (watermark, waited + 1) };
        if learning.patience.is_some_and(|patience| waited >= patience) {
            break;
        }
    }
    let not_finite = || {
        Error::numerical("the loss or its gradient is not finite at the very start")
            .with_hint("another seed, data on a common scale, or, where it was thresholded, threshold_diagonal: false")
    };
    let (_, parameters, pass, epoch) = kept.ok_or_else(not_finite)?;
    Ok(Learned { parameters, pass, epoch, losses, scores, warning })
}
