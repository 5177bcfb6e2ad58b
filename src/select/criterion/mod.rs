//! What a tuning of penalties minimises: how good a precision matrix is, with the gradient.

mod held_out;
mod of_function;
mod smooth_ebic;

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::error::Result;
use crate::linalg::SparseSymmetric;

pub use held_out::{HeldOut, Reconstruction};
pub use of_function::{Function, OfFunction};
pub use smooth_ebic::SmoothEbic;

/// A precision matrix with what criteria ask for.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Theta.
    pub theta: &'a SparseSymmetric,
    /// log det Theta.
    pub logdet: f64,
    /// Theta^-1, p x p.
    pub inverse: ArrayView2<'a, f64>,
}

/// A differentiable criterion; smaller is better.
pub trait Objective {
    /// The value C at Theta and the gradient G, p x p and symmetric, with dC = sum over all i, j of G_ij dTheta_ij. Only
    /// entries where Theta is not zero are looked at.
    ///
    /// # Errors
    /// Whatever the criterion cannot do; limits of the context.
    fn evaluate(&self, at: &Candidate<'_>, ctx: &Context) -> Result<(f64, Array2<f64>)>;

    /// Whether it may have many minima along a single penalty, so that the slope at one place says little.
    fn is_rough(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::Cholesky;
    use ndarray::array;

    fn evaluate(objective: &dyn Objective, theta: &Array2<f64>) -> (f64, Array2<f64>) {
        let factor = Cholesky::new(theta.view()).unwrap();
        let inverse = factor.inverse();
        let sparse = SparseSymmetric::from_dense(theta.view());
        let at = Candidate { theta: &sparse, logdet: factor.logdet(), inverse: inverse.view() };
        objective.evaluate(&at, &Context::new()).unwrap()
    }

    #[test]
    fn gradients_are_finite_differences() {
        let s = array![[1.2, 0.3, -0.1], [0.3, 0.9, 0.2], [-0.1, 0.2, 1.5]];
        let theta = array![[1.5, -0.3, 0.05], [-0.3, 1.1, -0.2], [0.05, -0.2, 0.8]];
        let objectives: [&dyn Objective; 3] = [
            &HeldOut { s: s.clone() },
            &Reconstruction { s: s.clone() },
            &SmoothEbic { s: s.clone(), n: 40, gamma: 0.5 },
        ];
        for (which, objective) in objectives.into_iter().enumerate() {
            let (_, gradient) = evaluate(objective, &theta);
            for i in 0..3 {
                for j in 0..=i {
                    let moved = |h: f64| {
                        let mut moved = theta.clone();
                        moved[(i, j)] += h;
                        moved[(j, i)] = moved[(i, j)];
                        evaluate(objective, &moved).0
                    };
                    let count = if i == j { 1.0 } else { 2.0 };
                    let slope = (moved(1e-5) - moved(-1e-5)) / (2e-5 * count);
                    let difference = (slope - gradient[(i, j)]).abs();
                    assert!(difference < 1e-6 * slope.abs().max(1.0), "{which} {i} {j}: {slope} {gradient}");
                }
            }
        }
    }
}
