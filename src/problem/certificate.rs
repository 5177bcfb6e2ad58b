//! How good a penalised precision matrix is, from (S, penalty, Theta) alone.
//!
//! Primal f(Theta) = -logdet Theta + tr(S Theta) + P(Theta); dual: maximise logdet W + p - P*(W - S) over positive
//! definite W, where P* is the conjugate of the penalty (Rockafellar, Convex Analysis, section 31). For the L1 penalty
//! P* is 0 in the box |W_ij - S_ij| <= Lambda_ij and infinite outside (Banerjee, El Ghaoui, d'Aspremont, JMLR 9:485,
//! 2008).

use ndarray::{Array2, ArrayView2};

use super::{Entrywise, LogDet, Separable};
use crate::context::Context;
use crate::error::Result;
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
        if self.primal.is_finite() { self.gap / self.primal.abs().max(1.0) } else { f64::INFINITY }
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
pub fn primal<P: Entrywise>(s: ArrayView2<'_, f64>, penalty: &P, theta: ArrayView2<'_, f64>, logdet: f64) -> f64 {
    let mut value = -logdet;
    for ((i, j), &entry) in theta.indexed_iter() {
        if entry != 0.0 {
            value += s[(i, j)] * entry + penalty.value_at(i, j, entry);
        }
    }
    value
}

/// What [`certify`] finds out.
#[derive(Debug, Clone)]
pub struct Certified {
    /// By the projection of Theta^-1 onto slopes that the penalty has no farther out than Theta (for L1 the box around
    /// S): what anybody can recompute from Theta alone. The gap is infinite where that projection is not positive
    /// definite.
    pub certificate: Certificate,
    /// Theta^-1.
    pub inverse: Array2<f64>,
}

/// The certificate of Theta with its inverse; `None` if Theta is not positive definite.
///
/// # Errors
/// Cancellation.
pub fn certify<P: Separable>(
    s: ArrayView2<'_, f64>,
    penalty: &P,
    theta: ArrayView2<'_, f64>,
    ctx: &Context,
) -> Result<Option<Certified>> {
    let factor = Cholesky::checked(theta, ctx)?;
    factor.map(|cholesky| certify_factored(s, penalty, theta, &cholesky, ctx)).transpose()
}

/// The certificate of Theta with its inverse, from the Cholesky factor of Theta.
///
/// # Errors
/// Cancellation.
pub fn certify_factored<P: Separable>(
    s: ArrayView2<'_, f64>,
    penalty: &P,
    theta: ArrayView2<'_, f64>,
    cholesky: &Cholesky,
    ctx: &Context,
) -> Result<Certified> {
    let loss = LogDet::new(s);
    let logdet = cholesky.logdet();
    let inverse = cholesky.inverse_checked(ctx)?;
    let f = primal(s, penalty, theta, logdet);
    let kkt = theta.indexed_iter().fold(0.0f64, |worst, ((i, j), &entry)| {
        worst.max(penalty.violation(i, j, entry, loss.gradient(i, j, inverse[(i, j)])))
    });
    let certificate = Certificate { primal: f, gap: f64::INFINITY, kkt, logdet };
    let certificate = certificate.bounded_within(s, penalty, inverse.view(), |place| theta[place].abs(), ctx)?;
    Ok(Certified { certificate, inverse })
}

impl Certificate {
    /// The certificate with the gap to `point`, projected onto the dual domain (for L1 the box around S), where that is
    /// the smaller one.
    ///
    /// A solver's own dual point bounds better than Theta^-1 where the problem is ill-conditioned.
    ///
    /// # Errors
    /// Cancellation.
    pub fn bounded_by<P: Separable>(
        self,
        s: ArrayView2<'_, f64>,
        penalty: &P,
        point: ArrayView2<'_, f64>,
        ctx: &Context,
    ) -> Result<Self> {
        self.bounded_within(s, penalty, point, |_| f64::INFINITY, ctx)
    }

    /// As [`Certificate::bounded_by`], with slopes that the penalty has within `reach` of 0.
    ///
    /// Every reach gives a feasible point. That of Theta itself leaves the solution where it is, and keeps small errors
    /// of W from being divided by a small curvature.
    fn bounded_within<P: Separable>(
        self,
        s: ArrayView2<'_, f64>,
        penalty: &P,
        point: ArrayView2<'_, f64>,
        reach: impl Fn((usize, usize)) -> f64,
        ctx: &Context,
    ) -> Result<Self> {
        let mut conjugate = 0.0;
        let feasible = Array2::from_shape_fn(s.dim(), |(i, j)| {
            let slope = penalty.project(i, j, point[(i, j)] - s[(i, j)], reach((i, j)));
            conjugate += penalty.conjugate(i, j, slope);
            s[(i, j)] + slope
        });
        Ok(match Cholesky::checked(feasible.view(), ctx)? {
            // The true gap is not negative; rounding can make it so by a few units in the last place of f.
            Some(cholesky) => {
                let dual = LogDet::new(s).dual_value(cholesky.logdet()) - conjugate;
                let gap = self.primal - dual;
                if gap.is_nan() { self } else { Self { gap: self.gap.min(gap.max(0.0)), ..self } }
            }
            None => self,
        })
    }
}
