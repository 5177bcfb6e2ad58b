//! The mean over tasks of the squared Frobenius distance of Z from Theta.

use crate::linalg::Real;

/// The distance; `tasks` matrices stand one after the other.
pub fn forward<T: Real>(z: &[T], theta: &[T], tasks: usize) -> T {
    // In double precision: this is a long sum.
    let sum: f64 = z.iter().zip(theta).map(|(&z, &theta)| (z - theta).to_f64().powi(2)).sum();
    T::from_f64(sum / tasks as f64)
}

/// The gradient of Z; that of Theta is its opposite.
pub fn backward<T: Real>(z: &[T], theta: &[T], tasks: usize, gradient: T) -> Vec<T> {
    let factor = T::from_f64(2.0 / tasks as f64) * gradient;
    z.iter().zip(theta).map(|(&z, &theta)| factor * (z - theta)).collect()
}
