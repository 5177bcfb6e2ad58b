//! The Gaussian loss -log det Z + tr(S Z), whose gradient S - Z^-1 is known as soon as it is computed.

use ndarray::Array2;

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, Real};

/// How far Z is moved towards Theta where it is not positive definite: the first of these that helps. Theta itself is
/// positive definite.
const REPAIRS: [f64; 8] = [0.0, 1.0 / 64.0, 1.0 / 32.0, 1.0 / 16.0, 0.125, 0.25, 0.5, 1.0];

/// What is done about a Z that is not positive definite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// Nothing: the loss is NaN, as in the published programs.
    Never,
    /// The least step towards Theta that makes it so.
    TowardsTheta,
}

/// The loss of one matrix.
#[derive(Debug, Clone)]
pub struct Loss<T> {
    /// Its value.
    pub value: f64,
    /// Its gradient in the matrix that it was taken of.
    pub gradient: Vec<T>,
    /// How far that matrix was from Z to Theta.
    pub repair: f64,
}

/// The loss of one Z.
///
/// # Errors
/// Cancellation, memory.
pub fn loss<T: Real>(z: &[T], theta: &[T], s: &[T], n: usize, repair: Repair, ctx: &Context) -> Result<Loss<T>> {
    let steps = if repair == Repair::Never { &REPAIRS[..1] } else { &REPAIRS[..] };
    for &step in steps {
        let moved = |place: usize| (1.0 - step) * z[place].to_f64() + step * theta[place].to_f64();
        let a = Array2::from_shape_fn((n, n), |(i, j)| moved(i * n + j));
        if let Some(factor) = Cholesky::checked(a.view(), ctx)? {
            let trace: f64 = a.iter().zip(s).map(|(a, s)| a * s.to_f64()).sum();
            let inverse = factor.inverse_checked(ctx)?;
            let gradient = inverse.iter().zip(s).map(|(&w, s)| T::from_f64(s.to_f64() - w)).collect();
            return Ok(Loss { value: trace - factor.logdet(), gradient, repair: step });
        }
    }
    Ok(Loss { value: f64::NAN, gradient: vec![T::from_f64(f64::NAN); n * n], repair: 0.0 })
}
