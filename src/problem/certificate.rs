//! How good a solution of the graphical lasso is, from (S, Lambda, Theta) alone.
//!
//! Primal f(Theta) = -logdet Theta + tr(S Theta) + sum_ij Lambda_ij |Theta_ij|; dual: maximise logdet W + p over
//! positive definite W with |W_ij - S_ij| <= Lambda_ij (Banerjee, El Ghaoui, d'Aspremont, JMLR 9:485, 2008).

use ndarray::{Array2, ArrayView2};

use super::L1;
use crate::linalg::Cholesky;

/// What bounds the error of a solution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Certificate {
    /// f(Theta).
    pub primal: f64,
    /// f(Theta) minus the dual value of a feasible point: an upper bound on f(Theta) - min f.
    pub gap: f64,
    /// The largest entry, in absolute value, of the smallest subgradient of f at Theta.
    pub kkt: f64,
    /// log det Theta; 0 where the problem has no Theta.
    pub logdet: f64,
}

impl Certificate {
    /// gap / max(1, |f|): what `tol` bounds.
    pub fn relative_gap(&self) -> f64 {
        self.gap / self.primal.abs().max(1.0)
    }

    /// The certificate of two problems solved side by side: blocks of one block-diagonal problem.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self {
            primal: self.primal + other.primal,
            gap: self.gap + other.gap,
            kkt: self.kkt.max(other.kkt),
            logdet: self.logdet + other.logdet,
        }
    }
}

impl Default for Certificate {
    /// Of the problem without variables.
    fn default() -> Self {
        Self { primal: 0.0, gap: 0.0, kkt: 0.0, logdet: 0.0 }
    }
}

/// f(Theta), given log det Theta.
pub fn primal(s: ArrayView2<'_, f64>, penalty: &L1, theta: ArrayView2<'_, f64>, logdet: f64) -> f64 {
    let mut value = -logdet;
    for ((i, j), &entry) in theta.indexed_iter() {
        // A forbidden entry is 0, and infinity times 0 would be NaN.
        if entry != 0.0 {
            value += s[(i, j)] * entry + penalty.at(i, j) * entry.abs();
        }
    }
    value
}

/// What [`certify`] finds out.
#[derive(Debug, Clone)]
pub struct Certified {
    /// By the projection of Theta^-1 onto the box around S: what anybody can recompute from Theta alone. The gap is
    /// infinite where that projection is not positive definite.
    pub certificate: Certificate,
    /// Theta^-1.
    pub inverse: Array2<f64>,
}

/// The certificate of Theta with its inverse; `None` if Theta is not positive definite.
pub fn certify(s: ArrayView2<'_, f64>, penalty: &L1, theta: ArrayView2<'_, f64>) -> Option<Certified> {
    let cholesky = Cholesky::new(theta)?;
    let logdet = cholesky.logdet();
    let inverse = cholesky.inverse();
    let f = primal(s, penalty, theta, logdet);
    let kkt = theta.indexed_iter().fold(0.0f64, |worst, ((i, j), &entry)| {
        let gradient = s[(i, j)] - inverse[(i, j)];
        let lambda = penalty.at(i, j);
        let violation = match entry {
            0.0 => (gradient.abs() - lambda).max(0.0),
            _ => (gradient + lambda * entry.signum()).abs(),
        };
        worst.max(violation)
    });
    let certificate = Certificate { primal: f, gap: f64::INFINITY, kkt, logdet };
    Some(Certified { certificate: certificate.bounded_by(s, penalty, inverse.view()), inverse })
}

impl Certificate {
    /// The certificate with the gap to the projection of `point` onto the box around S, where that is the smaller one.
    ///
    /// A solver's own dual point bounds better than Theta^-1 where the problem is ill-conditioned.
    #[must_use]
    pub fn bounded_by(self, s: ArrayView2<'_, f64>, penalty: &L1, point: ArrayView2<'_, f64>) -> Self {
        let feasible = project(s, penalty, point);
        match Cholesky::new(feasible.view()) {
            // The true gap is not negative; rounding can make it so by a few units in the last place of f.
            Some(cholesky) => {
                let gap = (self.primal - s.nrows() as f64 - cholesky.logdet()).max(0.0);
                Self { gap: self.gap.min(gap), ..self }
            }
            None => self,
        }
    }
}

/// S + clip(W - S, -Lambda, Lambda).
fn project(s: ArrayView2<'_, f64>, penalty: &L1, w: ArrayView2<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn(s.dim(), |(i, j)| {
        let lambda = penalty.at(i, j);
        s[(i, j)] + (w[(i, j)] - s[(i, j)]).clamp(-lambda, lambda)
    })
}
