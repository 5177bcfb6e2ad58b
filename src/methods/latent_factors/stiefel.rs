//! Matrices with orthonormal columns: tangents, steps, starts.

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{dot, eigh, gram, matmul};
use crate::rng::Rng;

/// The inner product of two matrices in row order.
pub fn inner(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    match (a.as_slice(), b.as_slice()) {
        (Some(a), Some(b)) => dot(a, b),
        _ => a.iter().zip(b).map(|(a, b)| a * b).sum(),
    }
}

/// The part of a V x M matrix that is tangent at D: G - D sym(D'G).
///
/// # Errors
/// Cancellation.
pub fn tangent(d: &Array2<f64>, mut g: Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
    let a = matmul(d.t(), g.view(), ctx)?;
    let symmetric = (&a + &a.t()) * 0.5;
    g -= &matmul(d.view(), symmetric.view(), ctx)?;
    Ok(g)
}

/// The nearest matrix with orthonormal columns, Z (Z'Z)^(-1/2): PQ' of the singular value decomposition PSQ' of Z.
///
/// # Errors
/// Columns that depend on each other; cancellation.
pub fn retract(z: &Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
    let nearest = |z: &Array2<f64>| -> Result<(Array2<f64>, f64)> {
        let (values, vectors) = eigh(gram(z.view(), ctx)?.view(), ctx)?;
        let (smallest, largest) = (values.first().copied().unwrap_or(1.0), values.last().copied().unwrap_or(1.0));
        if !(smallest > 1e-14 * largest && largest.is_finite()) {
            return Err(Error::numerical("the directions of the factors depend on each other")
                .with_hint("fewer factors, or data that are scaled: standardize()"));
        }
        let mut scaled = vectors.clone();
        for (mut column, value) in scaled.columns_mut().into_iter().zip(&values) {
            column /= value.sqrt();
        }
        let root = matmul(scaled.view(), vectors.t(), ctx)?;
        Ok((matmul(z.view(), root.view(), ctx)?, smallest / largest))
    };
    let (once, ratio) = nearest(z)?;
    // Z'Z has half of the digits of Z where Z is far from orthonormal.
    if ratio < 1e-4 { nearest(&once).map(|(twice, _)| twice) } else { Ok(once) }
}

/// A random point: orthonormalised standard normal numbers, V x M.
///
/// # Errors
/// Cancellation.
pub fn random(variables: usize, factors: usize, rng: &mut Rng, ctx: &Context) -> Result<Array2<f64>> {
    let mut z = Array2::<f64>::zeros((variables, factors));
    for mut row in z.rows_mut() {
        ctx.check()?;
        row.iter_mut().for_each(|value| *value = StandardNormal.sample(rng));
    }
    retract(&z, ctx)
}

/// The largest entry of |D'D - I|.
///
/// # Errors
/// Cancellation.
#[cfg(test)]
pub fn departure(d: &Array2<f64>, ctx: &Context) -> Result<f64> {
    let square = gram(d.view(), ctx)?;
    let entry = |((i, j), value): ((usize, usize), &f64)| (value - if i == j { 1.0 } else { 0.0 }).abs();
    Ok(square.indexed_iter().map(entry).fold(0.0, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng;

    #[test]
    fn points_are_orthonormal_and_tangents_turn_to_first_order() {
        let ctx = Context::new();
        let d = random(9, 3, &mut rng::stream(1, "test", 0), &ctx).unwrap();
        assert!(departure(&d, &ctx).unwrap() < 1e-13);
        let g = Array2::from_shape_fn((9, 3), |(i, j)| ((i * 5 + j * 7 + i * j) % 11) as f64);
        let tangent = tangent(&d, g, &ctx).unwrap();
        let turned = d.t().dot(&tangent);
        assert!((&turned + &turned.t()).iter().all(|entry| entry.abs() < 1e-12), "{turned}");
        // A retraction moves along the tangent to first order.
        let step = retract(&(&d + &(&tangent * 1e-6)), &ctx).unwrap();
        let error = (&step - &d) * 1e6 - &tangent;
        assert!(error.iter().all(|entry| entry.abs() < 1e-2), "{error}");
    }

    #[test]
    fn nearly_dependent_columns_become_orthonormal_and_dependent_ones_an_error() {
        let ctx = Context::new();
        let near = Array2::from_shape_fn((5, 2), |(i, j)| 1.0 + 1e-5 * (i * j) as f64);
        assert!(departure(&retract(&near, &ctx).unwrap(), &ctx).unwrap() < 1e-10);
        let same = Array2::<f64>::ones((5, 2));
        assert!(retract(&same, &ctx).unwrap_err().message().contains("depend on each other"));
    }
}
