//! Principal components of several data sets together, by iterations on a subspace.

use ndarray::{Array2, Axis};

use super::sets::{Sets, Units};
use super::stiefel::random;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{eigh, gram, matmul, symmetrize};
use crate::rng;

/// What counts how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// Every data set by the inverse of its variance: one of much noise does not decide alone.
    Balanced,
    /// The columns of [X_1 / n_1, X_2 / n_2, ...], as in the published program.
    Published,
    /// Every sample the same.
    Samples,
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bound on the change of the variance that the components explain, relative to it.
    pub tol: f64,
    /// Iterations at most.
    pub max_iter: usize,
}

impl Settings {
    /// Good enough to start from.
    pub const START: Self = Self { tol: 1e-3, max_iter: 8 };
    /// As exact as it is worth.
    pub const EXACT: Self = Self { tol: 1e-12, max_iter: 1000 };
}

/// Principal components.
#[derive(Debug)]
pub struct Principal {
    /// Orthonormal directions, V x M, that of the largest variance first.
    pub directions: Array2<f64>,
    /// How many iterations ran.
    pub iterations: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

/// The leading directions of the weighted sum of X'X / n, which is never formed.
///
/// # Errors
/// Data of fewer dimensions; memory, cancellation.
pub fn principal(
    sets: &Sets<'_>,
    factors: usize,
    (weights, units): (Weights, Units),
    settings: Settings,
    ctx: &Context,
) -> Result<Principal> {
    let variables = sets.variables();
    // More directions than are wanted: what decides is the gap behind the last of them.
    let width = (factors + factors.max(10)).min(variables);
    let _held = ctx.reserve_matrices(4 + sets.len(), variables, width)?;
    let mut rng = rng::stream(ctx.seed(), "principal components", 0);
    let mut q = random(variables, width, &mut rng, ctx)?;
    let (mut explained, mut iterations) = (0.0f64, 0usize);
    loop {
        ctx.check()?;
        let image = image(sets, &q, weights, units, ctx)?;
        let mut square = matmul(q.t(), image.view(), ctx)?;
        symmetrize(&mut square);
        let (values, vectors) = eigh(square.view(), ctx)?;
        iterations += 1;
        let before = std::mem::replace(&mut explained, values.iter().rev().take(factors).sum());
        let converged = (explained - before).abs() <= settings.tol * explained;
        if converged || iterations >= settings.max_iter {
            let last: Vec<usize> = (0..q.ncols()).rev().take(factors).collect();
            let directions = matmul(q.view(), vectors.select(Axis(1), &last).view(), ctx)?;
            return Ok(Principal { directions, iterations, converged });
        }
        q = orthonormal(&orthonormal(&image, ctx)?, ctx)?;
        if q.ncols() < factors {
            return Err(Error::numerical(format!(
                "the data have {} dimensions, {factors} factors need more",
                q.ncols()
            ))
            .with_hint("fewer factors"));
        }
    }
}

/// The weighted sum of X'XQ / n.
fn image(sets: &Sets<'_>, q: &Array2<f64>, weights: Weights, units: Units, ctx: &Context) -> Result<Array2<f64>> {
    let mut sum = Array2::<f64>::zeros(q.dim());
    for (set, product) in sets.products(q.view(), units, ctx)?.into_iter().enumerate() {
        let weight = match weights {
            Weights::Balanced => 1.0 / sets.total(set),
            Weights::Published => 1.0 / sets.samples(set) as f64,
            Weights::Samples => sets.samples(set) as f64,
        };
        sum.scaled_add(weight, &product);
    }
    Ok(sum)
}

/// An orthonormal basis of the columns, without what depends on others.
fn orthonormal(z: &Array2<f64>, ctx: &Context) -> Result<Array2<f64>> {
    let (values, vectors) = eigh(gram(z.view(), ctx)?.view(), ctx)?;
    let bound = 1e-13 * values.last().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let kept: Vec<usize> = (0..values.len()).filter(|&i| values[i] > bound).collect();
    let mut scaled = vectors.select(Axis(1), &kept);
    for (mut column, &i) in scaled.columns_mut().into_iter().zip(&kept) {
        column /= values[i].sqrt();
    }
    matmul(z.view(), scaled.view(), ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;
    use crate::linalg::svd;
    use crate::model::Input;

    #[test]
    fn components_are_those_of_a_singular_value_decomposition() {
        let ctx = Context::new().with_seed(2);
        let x = Matrix::from_fn(40, 7, |i, j| (0.9 * (i * i + 2 * j * j + i * j) as f64).sin() * (j + 1) as f64);
        // The last column is a copy: one dimension less.
        let x = Matrix::from_fn(40, 8, |i, j| x.view()[(i, j.min(6))]);
        let inputs = [Input::data(&x).unwrap()];
        let sets = Sets::new(&inputs, true, &ctx).unwrap();
        let (_, _, right) = svd(x.center().view(), &ctx).unwrap();
        for weights in [Weights::Balanced, Weights::Published, Weights::Samples] {
            let found = principal(&sets, 3, (weights, Units::Own), Settings::EXACT, &ctx).unwrap();
            let overlap = right.select(Axis(1), &[0, 1, 2]).t().dot(&found.directions);
            for ((i, j), value) in overlap.indexed_iter() {
                assert!((value.abs() - if i == j { 1.0 } else { 0.0 }).abs() < 1e-5, "{overlap}");
            }
            assert!(found.converged);
        }
    }
}
