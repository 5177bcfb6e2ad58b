//! Where the unrolled iterations start: (S + t I)^-1, or the inverse of its diagonal alone.

use ndarray::Array2;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, Real, Taken, product};

/// What is inverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// S + t I.
    #[default]
    Whole,
    /// Its diagonal.
    Diagonal,
}

/// The start of one matrix.
///
/// # Errors
/// S + t I that is not positive definite; cancellation, memory.
pub fn forward<T: Real>(s: &[T], t: T, n: usize, start: Start, ctx: &Context) -> Result<Vec<T>> {
    let diagonal: Vec<T> = (0..n).map(|i| s[i * n + i] + t).collect();
    if diagonal.iter().any(|&value| value <= T::from_f64(0.0) || !value.finite()) {
        return Err(lost(t));
    }
    if start == Start::Diagonal {
        let mut theta = vec![T::from_f64(0.0); n * n];
        (0..n).for_each(|i| theta[i * n + i] = T::from_f64(1.0) / diagonal[i]);
        return Ok(theta);
    }
    let shifted = Array2::from_shape_fn((n, n), |(i, j)| s[i * n + j].to_f64() + if i == j { t.to_f64() } else { 0.0 });
    let factor = Cholesky::checked(shifted.view(), ctx)?.ok_or_else(|| lost(t))?;
    Ok(factor.inverse_checked(ctx)?.iter().map(|&value| T::from_f64(value)).collect())
}

fn lost<T: Real>(t: T) -> Error {
    Error::numerical(format!("S + t I is not positive definite any more, at the learned offset t = {t}"))
        .with_hint("a smaller learning rate, or data on a common scale (standardize)")
}

/// The gradient of t: the derivative of the inverse is - Theta Theta.
///
/// # Errors
/// Cancellation.
pub fn backward<T: Real>(theta: &[T], gradient: &[T], n: usize, start: Start, ctx: &Context) -> Result<T> {
    let zero = T::from_f64(0.0);
    if start == Start::Diagonal {
        return Ok((0..n).fold(zero, |sum, i| {
            let place = i * n + i;
            sum - gradient[place] * theta[place] * theta[place]
        }));
    }
    let square = product((theta, Taken::Plain), (theta, Taken::Plain), n, ctx)?;
    Ok(square.iter().zip(gradient).fold(zero, |sum, (&square, &g)| sum - square * g))
}
