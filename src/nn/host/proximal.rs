//! The step to a positive definite Theta: the minimiser of -log det Theta + tr(S Theta) + lambda/2 |Z - Theta|^2.
//!
//! With B = S / lambda - Z, it is Theta = (-B + (B^2 + 4 / lambda I)^(1/2)) / 2, which has the eigenvectors of B (GLAD,
//! equation 10 in Shrivastava et al., ICLR 2020).

use super::newton_schulz;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Real, Taken, eigen, product};

/// How the square root is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Root {
    /// From the eigenvalues, with the exact derivative.
    #[default]
    Exact,
    /// Ten Newton-Schulz iterations and as many for the derivative, as the published programs.
    NewtonSchulz,
}

/// What the backward pass of one matrix needs.
#[derive(Debug, Clone)]
pub enum Trace<T> {
    /// Eigenvectors of B in rows; for each, the eigenvalue f of Theta and that of the root.
    Exact {
        /// n x n.
        vectors: Vec<T>,
        /// Eigenvalues of Theta.
        theta: Vec<T>,
        /// Eigenvalues of the root.
        root: Vec<T>,
    },
    /// B and the root.
    NewtonSchulz {
        /// n x n.
        b: Vec<T>,
        /// n x n.
        root: Vec<T>,
    },
}

/// Theta of one matrix, and what its backward pass needs.
///
/// # Errors
/// Numbers that are not finite; cancellation, memory.
pub fn forward<T: Real>(
    s: &[T],
    z: &[T],
    lambda: T,
    n: usize,
    root: Root,
    ctx: &Context,
) -> Result<(Vec<T>, Trace<T>)> {
    let inverse = T::from_f64(1.0) / lambda;
    let b: Vec<T> = s.iter().zip(z).map(|(&s, &z)| s * inverse - z).collect();
    let c = T::from_f64(4.0) * inverse;
    match root {
        Root::Exact => exact(&b, c, n, ctx),
        Root::NewtonSchulz => {
            let mut a = product((&b, Taken::Transposed), (&b, Taken::Plain), n, ctx)?;
            (0..n).for_each(|i| a[i * n + i] += c);
            let root = newton_schulz::forward(&a, n, ctx)?;
            let half = T::from_f64(0.5);
            let theta = root.iter().zip(&b).map(|(&root, &b)| half * (root - b)).collect();
            Ok((theta, Trace::NewtonSchulz { b, root }))
        }
    }
}

fn exact<T: Real>(b: &[T], c: T, n: usize, ctx: &Context) -> Result<(Vec<T>, Trace<T>)> {
    let (values, vectors) = eigen(b, n, ctx)?;
    let root: Vec<T> = values.iter().map(|&value| (value * value + c).root()).collect();
    let half = T::from_f64(0.5);
    // (root - value) / 2, without the cancellation of large values.
    let eigenvalue = |(&value, &root): (&T, &T)| {
        if value > T::from_f64(0.0) { half * c / (root + value) } else { half * (root - value) }
    };
    let theta: Vec<T> = values.iter().zip(&root).map(eigenvalue).collect();
    let scaled = scaled_rows(&vectors, &theta, n);
    let matrix = product((&vectors, Taken::Transposed), (&scaled, Taken::Plain), n, ctx)?;
    Ok((matrix, Trace::Exact { vectors, theta, root }))
}

/// Row i times `scale[i]`.
fn scaled_rows<T: Real>(rows: &[T], scale: &[T], n: usize) -> Vec<T> {
    let mut scaled = rows.to_vec();
    for (row, &factor) in scaled.chunks_exact_mut(n).zip(scale) {
        row.iter_mut().for_each(|value| *value *= factor);
    }
    scaled
}

/// The gradients of Z (n x n) and of lambda, from that of Theta.
///
/// # Errors
/// Cancellation, memory.
pub fn backward<T: Real>(
    trace: &Trace<T>,
    s: &[T],
    lambda: T,
    gradient: &[T],
    n: usize,
    ctx: &Context,
) -> Result<(Vec<T>, T)> {
    let (mut of_b, of_c) = match trace {
        Trace::Exact { vectors, theta, root } => exact_backward(vectors, theta, root, gradient, n, ctx)?,
        Trace::NewtonSchulz { b, root } => {
            let of_a = newton_schulz::backward(root, gradient, n, ctx)?;
            let half = T::from_f64(0.5);
            let of_a: Vec<T> = of_a.iter().map(|&value| half * value).collect();
            let of_c = trace_of(&of_a, n);
            let twice: Vec<T> = (0..n * n).map(|place| of_a[place] + of_a[place % n * n + place / n]).collect();
            let mut of_b = product((b, Taken::Plain), (&twice, Taken::Plain), n, ctx)?;
            of_b.iter_mut().zip(gradient).for_each(|(of_b, &g)| *of_b -= half * g);
            (of_b, of_c)
        }
    };
    let inverse = T::from_f64(1.0) / lambda;
    let along: T = of_b.iter().zip(s).fold(T::from_f64(0.0), |sum, (&of_b, &s)| sum + of_b * s);
    let of_lambda = -(along + T::from_f64(4.0) * of_c) * inverse * inverse;
    of_b.iter_mut().for_each(|value| *value = -*value);
    Ok((of_b, of_lambda))
}

/// With M = V'GV, the gradient of B is V (M o F) V' where F_ij = -(f_i + f_j) / (r_i + r_j) are the divided differences of
/// f(x) = (r(x) - x) / 2, and that of c = 4 / lambda is the sum of M_ii / (4 r_i).
fn exact_backward<T: Real>(
    vectors: &[T],
    theta: &[T],
    root: &[T],
    gradient: &[T],
    n: usize,
    ctx: &Context,
) -> Result<(Vec<T>, T)> {
    let turned = product((vectors, Taken::Plain), (gradient, Taken::Plain), n, ctx)?;
    let mut m = product((&turned, Taken::Plain), (vectors, Taken::Transposed), n, ctx)?;
    let quarter = T::from_f64(0.25);
    let of_c = (0..n).fold(T::from_f64(0.0), |sum, i| sum + m[i * n + i] * quarter / root[i]);
    for (i, row) in m.chunks_exact_mut(n).enumerate() {
        let (f, r) = (theta[i], root[i]);
        for ((value, &other), &other_root) in row.iter_mut().zip(theta).zip(root) {
            *value = -*value * (f + other) / (r + other_root);
        }
    }
    let turned = product((vectors, Taken::Transposed), (&m, Taken::Plain), n, ctx)?;
    Ok((product((&turned, Taken::Plain), (vectors, Taken::Plain), n, ctx)?, of_c))
}

fn trace_of<T: Real>(a: &[T], n: usize) -> T {
    (0..n).fold(T::from_f64(0.0), |sum, i| sum + a[i * n + i])
}
