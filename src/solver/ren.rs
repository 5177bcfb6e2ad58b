//! Ren et al.'s statistics of edges: two variables after a scaled lasso of both on all others.

use ndarray::Array2;

use super::node_regressions::{Regression, ScaledLasso, Variables, nothing_left, residual_moments};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::dot;
use crate::parallel;

/// Statistics of all pairs, p x p and symmetric with a diagonal of 0, each about standard normal where there is no edge:
/// sqrt(n) omega_ij / sqrt(omega_ij^2 + omega_ii omega_jj), with omega the inverse of the 2 x 2 covariance of what the
/// regressions of i and j on all other variables leave of them. Their signs are those of the precision matrix.
///
/// As in SILGGM's `B_NW_SL`, a regression on all others stands for one without j where its coefficient of j is 0. With
/// [`ScaledLasso::published`] and variables that were not standardised the numbers are SILGGM's.
///
/// Ren, Sun, Zhang, Zhou, Annals of Statistics 43:991 (2015).
///
/// # Errors
/// A variable of which nothing is left; limits of the context.
pub fn ren_statistics(variables: &Variables, lasso: ScaledLasso, ctx: &Context) -> Result<Array2<f64>> {
    let (n, p) = (variables.n(), variables.p());
    let _held = ctx.reserve_matrices(1, p, n.saturating_mul(2).saturating_add(p.saturating_mul(4)))?;
    let targets: Vec<usize> = (0..p).collect();
    let whole: Vec<Regression> = parallel::map(&targets, ctx, |done, &target| {
        ctx.progress("regressions", done, p);
        lasso.solve(variables, target, None, ctx)
    })?;
    let residuals: Vec<Vec<f64>> = parallel::map(&whole, ctx, |_, one| Ok::<_, Error>(variables.residual(one)))?;
    let uses: usize = whole.iter().map(|regression| (0..p).filter(|&j| regression.uses(j)).count()).sum();
    let _more = ctx.reserve_matrices(1, uses, n)?;
    let without = parallel::map(&whole, ctx, |done, regression| {
        ctx.progress("regressions without one variable", done, p);
        refits(regression, variables, lasso, ctx)
    })?;
    let moments = residual_moments(residuals.clone(), variables, ctx)?;
    statistics(&residuals, &without, moments, n, ctx)
}

/// What is left of a variable without each of those that its regression uses, by their positions, ascending.
fn refits(
    regression: &Regression,
    variables: &Variables,
    lasso: ScaledLasso,
    ctx: &Context,
) -> Result<Vec<(usize, Vec<f64>)>> {
    let mut left = Vec::new();
    for j in (0..variables.p()).filter(|&j| regression.uses(j)) {
        let without = lasso.solve(variables, regression.target(), Some(j), ctx)?;
        left.push((j, variables.residual(&without)));
    }
    Ok(left)
}

/// What is left of variable i without j as a regressor, where the regression on all others does not do.
fn left_of(without: &[Vec<(usize, Vec<f64>)>], i: usize, j: usize) -> Option<&[f64]> {
    let own = &without[i];
    own.binary_search_by_key(&j, |(other, _)| *other).ok().map(|place| own[place].1.as_slice())
}

fn statistics(
    residuals: &[Vec<f64>],
    without: &[Vec<(usize, Vec<f64>)>],
    moments: Array2<f64>,
    n: usize,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let p = residuals.len();
    let samples = n as f64;
    let mut statistics = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        ctx.check()?;
        for j in i + 1..p {
            let (own, other) = (left_of(without, i, j), left_of(without, j, i));
            let square = |left: Option<&[f64]>, k: usize| left.map_or(moments[(k, k)], |e| dot(e, e) / samples);
            let cross = match (own, other) {
                (None, None) => moments[(i, j)],
                _ => dot(own.unwrap_or(&residuals[i]), other.unwrap_or(&residuals[j])) / samples,
            };
            let (a, b) = (square(own, i), square(other, j));
            // Entries of the inverse are -cross, b and a over the determinant, which cancels.
            let value = -cross * samples.sqrt() / (cross * cross + a * b).sqrt();
            if !value.is_finite() {
                return Err(nothing_left(if a > b { j } else { i }));
            }
            statistics[(i, j)] = value;
            statistics[(j, i)] = value;
        }
    }
    Ok(statistics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Matrix;

    #[test]
    fn two_variables_have_the_statistic_of_their_correlation() {
        let ctx = Context::new();
        let x = Matrix::from_fn(50, 2, |i, j| (0.9 * (i * i + i * (j + 1)) as f64).sin() + 0.1 * i as f64);
        let variables = Variables::of(&x, true, &ctx).unwrap();
        let z = ren_statistics(&variables, ScaledLasso::published(50, 2), &ctx).unwrap();
        let r = crate::data::covariance::covariance(&x.standardize().unwrap(), &ctx).unwrap()[(0, 1)];
        // Nothing is regressed on: omega is the inverse of the correlations.
        let expected = -r * 50f64.sqrt() / (1.0 + r * r).sqrt();
        assert!((z[(0, 1)] - expected).abs() < 1e-12 && z[(1, 0)] == z[(0, 1)] && z[(0, 0)] == 0.0, "{z} {expected}");
    }
}
