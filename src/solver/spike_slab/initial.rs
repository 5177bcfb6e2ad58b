//! What comes before the alternation: a lasso of every node, and the noise of the nodes.

use super::elastic_net::{Correlations, Regression, each_node};
use crate::context::Context;
use crate::error::Result;

/// Steps of the scaled lasso at most, and the change of a standard deviation that ends it.
const STEPS: usize = 10;
const STEADY: f64 = 1e-4;
/// The smallest p / sqrt(n) in the penalty of the scaled lasso, whose formula is for many variables.
const FEWEST: f64 = 2.0;

/// The lasso of every node on the others with penalty sqrt(log p / n).
///
/// # Errors
/// Cancellation.
pub fn initial(correlations: &Correlations, ctx: &Context) -> Result<Vec<Regression>> {
    let penalty = correlations.base() / correlations.n();
    each_node(correlations, ctx, |net, node| {
        net.l1.fill(penalty);
        net.solve(node, &[], ctx)
    })
}

/// The mean over nodes of the standard deviation of what the others do not explain, by the scaled lasso (Sun and Zhang,
/// Biometrika 99:879, 2012): standard deviation and lasso with penalty sd sqrt(2 log(p / sqrt(n)) / n) take turns.
///
/// # Errors
/// Cancellation.
pub fn mean_noise(correlations: &Correlations, ctx: &Context) -> Result<f64> {
    let n = correlations.n();
    let level = (2.0 * (correlations.p() as f64 / n.sqrt()).max(FEWEST).ln() / n).sqrt();
    let noises = each_node(correlations, ctx, |net, node| {
        let (mut deviation, mut start) = (1.0, Vec::new());
        for _ in 0..STEPS {
            net.l1.fill(level * deviation);
            let found = net.solve(node, &start, ctx)?;
            let before = std::mem::replace(&mut deviation, found.noise.sqrt());
            if (deviation - before).abs() < STEADY {
                break;
            }
            start = found.coefficients;
        }
        Ok(deviation)
    })?;
    Ok(noises.iter().sum::<f64>() / noises.len().max(1) as f64)
}
