//! Liu's statistics of edges: what the regressions of all variables leave, corrected for the bias of their penalty.

use ndarray::Array2;

use super::multiple_testing::distance_of_tails;
use super::node_regressions::{Regression, ScaledLasso, Variables, pairs_above, residual_moments};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;

/// Penalties are k / 20 times sqrt(log p / n), from k = 40 down.
const STEPS: usize = 40;
const PER_UNIT: f64 = 20.0;

/// Statistics of all pairs and where they come from.
#[derive(Debug)]
pub struct PairStatistics {
    /// p x p and symmetric with a diagonal of 0, each about standard normal where there is no edge; over sqrt(n) they
    /// are estimates of partial correlations, with their signs.
    pub statistics: Array2<f64>,
    /// Penalty of the regressions in units of the standard deviation of the variable, or of the residual.
    pub lambda: f64,
    /// The penalties that were compared, largest first, and how far the tails of their statistics are from normal ones.
    pub compared: Vec<(f64, f64)>,
    /// Regressions behind the statistics that did not converge.
    pub unconverged: usize,
}

/// By the lasso, with the penalty, of 40, whose statistics have the most normal tails; of equal ones the smallest. A
/// descent ends below the change `tol` in a pass and starts from the solution of the penalty before.
///
/// # Errors
/// A variable of which nothing is left; limits of the context.
pub fn by_lasso(variables: &Variables, tol: f64, ctx: &Context) -> Result<PairStatistics> {
    let (n, p) = (variables.n(), variables.p());
    let _held = ctx.reserve_matrices(1, p, p.saturating_mul(8).saturating_add(n))?;
    let unit = ((p as f64).ln() / n as f64).sqrt();
    let mut regressions: Vec<Regression> = (0..p).map(|target| Regression::new(variables, target, None)).collect();
    let mut compared = Vec::with_capacity(STEPS);
    let mut best: Option<(f64, PairStatistics)> = None;
    for step in (1..=STEPS).rev() {
        ctx.progress("penalties", STEPS - step, STEPS);
        let lambda = step as f64 / PER_UNIT * unit;
        regressions = parallel::map(&regressions, ctx, |target, old| {
            let mut regression = old.clone();
            regression.descend(variables, lambda * variables.scale()[target], tol, ctx)?;
            Ok::<_, Error>(regression)
        })?;
        let statistics = statistics(&regressions, variables, ctx)?;
        let distance = distance_of_tails(&pairs_above(statistics.view()), p);
        compared.push((lambda, distance));
        if best.as_ref().is_none_or(|(least, _)| distance <= *least) {
            let unconverged = unconverged(&regressions);
            best = Some((distance, PairStatistics { statistics, lambda, compared: Vec::new(), unconverged }));
        }
    }
    let (_, chosen) = best.ok_or_else(|| Error::internal("no penalty was compared"))?;
    Ok(PairStatistics { compared, ..chosen })
}

/// By the scaled lasso, whose one penalty needs no choice.
///
/// # Errors
/// A variable of which nothing is left; limits of the context.
pub fn by_scaled_lasso(variables: &Variables, lasso: ScaledLasso, ctx: &Context) -> Result<PairStatistics> {
    let p = variables.p();
    let _held = ctx.reserve_matrices(1, p, p.saturating_mul(4).saturating_add(variables.n()))?;
    let targets: Vec<usize> = (0..p).collect();
    let regressions: Vec<Regression> = parallel::map(&targets, ctx, |done, &target| {
        ctx.progress("regressions", done, p);
        lasso.solve(variables, target, None, ctx)
    })?;
    let statistics = statistics(&regressions, variables, ctx)?;
    let unconverged = unconverged(&regressions);
    Ok(PairStatistics { statistics, lambda: lasso.lambda, compared: Vec::new(), unconverged })
}

fn unconverged(regressions: &[Regression]) -> usize {
    regressions.iter().filter(|regression| !regression.converged()).count()
}

/// sqrt(n) (r_ij + r_ii b_ij + r_jj b_ji) / sqrt(r_ii r_jj), with r the second moments of the residuals and b_ij the
/// coefficient of variable i in the regression of j.
fn statistics(regressions: &[Regression], variables: &Variables, ctx: &Context) -> Result<Array2<f64>> {
    let (n, p) = (variables.n() as f64, variables.p());
    let _held = ctx.reserve_matrices(1, p, p.saturating_add(variables.n()))?;
    let residuals = parallel::map(regressions, ctx, |_, one| Ok::<_, Error>(variables.residual(one)))?;
    let moments = residual_moments(residuals, variables, ctx)?;
    let mut statistics = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        ctx.check()?;
        for j in i + 1..p {
            let (own, other) = (moments[(i, i)], moments[(j, j)]);
            let into_j = own * regressions[j].coefficient(i, variables);
            let into_i = other * regressions[i].coefficient(j, variables);
            let value = n.sqrt() * (moments[(i, j)] + into_j + into_i) / (own * other).sqrt();
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
    fn without_a_penalty_the_statistics_are_partial_correlations() {
        let ctx = Context::new();
        let x =
            Matrix::from_fn(80, 4, |i, j| (0.9 * (i * i + i * (j + 1)) as f64).sin() + 0.3 * (i as f64 * 0.8).cos());
        let variables = Variables::of(&x, true, &ctx).unwrap();
        let lasso = ScaledLasso { lambda: 0.0, tol: 1e-13, max_rounds: 1 };
        let z = by_scaled_lasso(&variables, lasso, &ctx).unwrap().statistics;
        let s = crate::data::covariance::covariance(&x, &ctx).unwrap();
        let theta = crate::linalg::Cholesky::new(s.view()).unwrap().inverse();
        for i in 0..4 {
            for j in 0..i {
                let partial = -theta[(i, j)] / (theta[(i, i)] * theta[(j, j)]).sqrt();
                assert!((z[(i, j)] / 80f64.sqrt() - partial).abs() < 1e-9, "{i} {j}: {} {partial}", z[(i, j)]);
            }
        }
    }
}
