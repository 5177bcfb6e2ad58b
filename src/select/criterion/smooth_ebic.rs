//! The extended BIC with a count of edges that has a gradient.

use ndarray::Array2;

use super::{Candidate, Objective};
use crate::context::Context;
use crate::error::Result;

/// n (tr(S Theta) - log det Theta + p log 2 pi) + (log n + 4 gamma log p) E, where E counts a pair with the partial
/// correlation r as r^2 / (r^2 + 0.01 / n): the number of edges itself has no gradient. A tenth of the standard error of r,
/// which is 1 / sqrt(n), is half an edge: small enough that the penalties found are close to those of the EBIC itself.
#[derive(Debug, Clone)]
pub struct SmoothEbic {
    /// The covariance of the samples, p x p.
    pub s: Array2<f64>,
    /// Number of samples.
    pub n: usize,
    /// From 0 (the BIC) to 1.
    pub gamma: f64,
}

/// The square of the partial correlation that counts as half an edge, times n.
const HALF: f64 = 0.01;

impl Objective for SmoothEbic {
    fn evaluate(&self, at: &Candidate<'_>, _: &Context) -> Result<(f64, Array2<f64>)> {
        let (n, p) = (self.n as f64, self.s.nrows() as f64);
        let cost = n.ln() + 4.0 * self.gamma * p.ln();
        let mut gradient = (&self.s - &at.inverse) * n;
        let diagonal = at.theta.diagonal();
        let half = HALF / n;
        let mut count = 0.0;
        for (i, j, value) in at.theta.pairs() {
            let scale = diagonal[i] * diagonal[j];
            let square = value * value / scale;
            count += square / (square + half);
            let slope = cost * half / (square + half).powi(2);
            // Half of the slope of the pair for each of its two entries.
            gradient[(i, j)] += slope * value / scale;
            gradient[(j, i)] += slope * value / scale;
            gradient[(i, i)] -= slope * square / diagonal[i];
            gradient[(j, j)] -= slope * square / diagonal[j];
        }
        let constant = p * (2.0 * std::f64::consts::PI).ln();
        Ok((n * (at.theta.inner(self.s.view()) - at.logdet + constant) + cost * count, gradient))
    }
}
