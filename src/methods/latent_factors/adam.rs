//! The published optimiser: Adam on the manifold for a fixed number of epochs, in batches of whole data sets.

use ndarray::{Array2, Zip};

use super::descent::Descent;
use super::objective::Objective;
use super::stiefel::retract;
use crate::context::Context;
use crate::error::Result;
use crate::rng;

/// The rates at which Adam forgets means and squares, and what keeps it from dividing by 0.
const BETAS: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// How the published optimiser runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Times that all data sets are seen.
    pub epochs: usize,
    /// Length of a step.
    pub learning_rate: f64,
    /// Data sets in a batch.
    pub batch_size: usize,
}

/// Runs from `start`, which has orthonormal columns. Data sets come in another random order every epoch. The history has
/// the sum over its batches, each before its step, for every epoch, and the objective at the end.
///
/// # Errors
/// As [`Objective::at`].
pub fn minimize(objective: &Objective<'_>, start: Array2<f64>, adam: Adam, ctx: &Context) -> Result<Descent> {
    let _held = ctx.reserve_matrices(8, start.nrows(), start.ncols())?;
    let _history = ctx.reserve_matrices(1, adam.epochs, 1)?;
    let mut d = start;
    let (mut mean, mut square) = (Array2::<f64>::zeros(d.dim()), Array2::<f64>::zeros(d.dim()));
    let mut decays = (1.0, 1.0);
    let mut history = Vec::new();
    let mut rng = rng::stream(ctx.seed(), "meta_graphical_lasso batches", 0);
    for epoch in 0..adam.epochs {
        ctx.progress("meta_graphical_lasso", epoch, adam.epochs);
        let mut loss = 0.0;
        for batch in rng::permutation(&mut rng, objective.sets.len()).chunks(adam.batch_size.max(1)) {
            ctx.check()?;
            let point = objective.at_some(&d, batch, ctx)?;
            loss += point.value;
            decays = (decays.0 * BETAS.0, decays.1 * BETAS.1);
            mean *= BETAS.0;
            mean.scaled_add(1.0 - BETAS.0, &point.gradient);
            Zip::from(&mut square)
                .and(&point.gradient)
                .for_each(|square, g| *square = BETAS.1 * *square + (1.0 - BETAS.1) * g * g);
            Zip::from(&mut d).and(&mean).and(&square).for_each(|entry, mean, square| {
                let scale = (square / (1.0 - decays.1)).sqrt() + EPSILON;
                *entry -= adam.learning_rate * (mean / (1.0 - decays.0)) / scale;
            });
            d = retract(&d, ctx)?;
        }
        history.push(loss);
    }
    let point = objective.at(&d, ctx)?;
    history.push(point.value);
    Ok(Descent { d, point, history, why_not: None })
}
