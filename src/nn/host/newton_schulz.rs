//! The square root by coupled Newton-Schulz iterations, and its derivative by as many, as the published programs take
//! them (Lin and Maji, BMVC 2017). Inexact for ill-conditioned matrices: kept for comparison.

use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Real, Taken, product};

const ITERATIONS: usize = 10;

fn times<T: Real>(a: &[T], b: &[T], n: usize, ctx: &Context) -> Result<Vec<T>> {
    product((a, Taken::Plain), (b, Taken::Plain), n, ctx)
}

fn norm<T: Real>(a: &[T]) -> T {
    a.iter().fold(T::from_f64(0.0), |sum, &value| sum + value * value).root()
}

/// 3 I - A
fn from_three<T: Real>(mut a: Vec<T>, n: usize) -> Vec<T> {
    a.iter_mut().for_each(|value| *value = -*value);
    (0..n).for_each(|i| a[i * n + i] += T::from_f64(3.0));
    a
}

fn scale<T: Real>(a: &mut [T], factor: T) {
    a.iter_mut().for_each(|value| *value *= factor);
}

/// The square root of a positive definite n x n matrix.
///
/// # Errors
/// Cancellation.
pub fn forward<T: Real>(a: &[T], n: usize, ctx: &Context) -> Result<Vec<T>> {
    let half = T::from_f64(0.5);
    let size = norm(a);
    let mut y = a.to_vec();
    scale(&mut y, T::from_f64(1.0) / size);
    let mut z = vec![T::from_f64(0.0); n * n];
    (0..n).for_each(|i| z[i * n + i] = T::from_f64(1.0));
    for _ in 0..ITERATIONS {
        let mut t = from_three(times(&z, &y, n, ctx)?, n);
        scale(&mut t, half);
        y = times(&y, &t, n, ctx)?;
        z = times(&t, &z, n, ctx)?;
    }
    scale(&mut y, size.root());
    Ok(y)
}

/// The gradient of the matrix, from its root and the gradient of that.
///
/// # Errors
/// Cancellation.
pub fn backward<T: Real>(root: &[T], gradient: &[T], n: usize, ctx: &Context) -> Result<Vec<T>> {
    let half = T::from_f64(0.5);
    let size = norm(root);
    let (mut a, mut q) = (root.to_vec(), gradient.to_vec());
    scale(&mut a, T::from_f64(1.0) / size);
    scale(&mut q, T::from_f64(1.0) / size);
    for _ in 0..ITERATIONS {
        let rest = from_three(times(&a, &a, n, ctx)?, n);
        let left = product((&a, Taken::Transposed), (&q, Taken::Plain), n, ctx)?;
        let right = times(&q, &a, n, ctx)?;
        let commutator: Vec<T> = left.iter().zip(&right).map(|(&left, &right)| left - right).collect();
        let correction = product((&a, Taken::Transposed), (&commutator, Taken::Plain), n, ctx)?;
        q = times(&q, &rest, n, ctx)?;
        q.iter_mut().zip(&correction).for_each(|(q, &correction)| *q = half * (*q - correction));
        a = times(&a, &rest, n, ctx)?;
        scale(&mut a, half);
    }
    scale(&mut q, half);
    Ok(q)
}
