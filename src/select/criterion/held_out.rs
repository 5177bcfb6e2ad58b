//! How well a precision matrix describes samples that it has not seen.

use ndarray::Array2;

use super::{Candidate, Objective};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::matmul;

/// -log det Theta + tr(S Theta), twice the negative log-likelihood of a sample without its constant.
#[derive(Debug, Clone)]
pub struct HeldOut {
    /// The second moment of the samples, p x p.
    pub s: Array2<f64>,
}

impl Objective for HeldOut {
    fn evaluate(&self, at: &Candidate<'_>, _: &Context) -> Result<(f64, Array2<f64>)> {
        Ok((at.theta.inner(self.s.view()) - at.logdet, &self.s - &at.inverse))
    }
}

/// The Frobenius norm of Theta S - I.
#[derive(Debug, Clone)]
pub struct Reconstruction {
    /// The second moment of the samples, p x p.
    pub s: Array2<f64>,
}

impl Objective for Reconstruction {
    fn evaluate(&self, at: &Candidate<'_>, ctx: &Context) -> Result<(f64, Array2<f64>)> {
        let p = self.s.nrows();
        let _held = ctx.reserve_matrices(4, p, p)?;
        let mut rest = matmul(at.theta.to_dense().view(), self.s.view(), ctx)?;
        for i in 0..p {
            rest[(i, i)] -= 1.0;
        }
        let norm = rest.iter().map(|value| value * value).sum::<f64>().sqrt();
        let product = matmul(rest.view(), self.s.view(), ctx)?;
        // At 0 every direction leads upwards.
        let scale = if norm > 0.0 { 0.5 / norm } else { 0.0 };
        Ok((norm, (&product + &product.t()) * scale))
    }
}
