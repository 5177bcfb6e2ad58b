//! Regressions of one variable on the others as published programs of tests of edges solve them: cyclic coordinate
//! descent that ends when no coefficient of a pass has changed by more than a bound, and the scaled lasso around it.

use ndarray::{Array1, Array2, ArrayView2};

use super::soft_threshold;
use crate::context::{Context, Reservation};
use crate::data::Matrix;
use crate::data::covariance::check_variances;
use crate::error::{Error, Result};
use crate::linalg::{self, axpy, dot};

/// Fewer samples than this leave nothing to estimate a residual covariance of two variables from.
const LEAST_SAMPLES: usize = 4;
/// Passes over the coefficients that one descent takes at most.
const MOST_PASSES: usize = 10_000;

/// Variables as the regressions see them.
#[derive(Debug)]
pub struct Variables {
    /// Centred, in rows, p x n; of standard deviation 1 where they were standardised.
    values: Array2<f64>,
    /// Standard deviations (divided by n) of the rows of `values`.
    scale: Vec<f64>,
    /// Their correlations, p x p.
    correlations: Array2<f64>,
    _held: Reservation,
}

impl Variables {
    /// The columns of x, n x p, centred; divided by their standard deviations where `standardize` says so. What the
    /// regressions give then does not depend on units; otherwise it does, within their tolerances.
    ///
    /// # Errors
    /// Fewer than four samples or two variables, a column without a variance, limits of the context.
    pub fn of(x: &Matrix, standardize: bool, ctx: &Context) -> Result<Self> {
        let (n, p) = (x.rows(), x.cols());
        if n < LEAST_SAMPLES {
            return Err(Error::data(format!("{n} samples: tests of edges need {LEAST_SAMPLES} at least")));
        }
        if p < 2 {
            return Err(Error::data("one variable: there is no pair to test"));
        }
        let held = ctx.reserve_matrices(1, p, n.saturating_mul(3).saturating_add(p))?;
        let centered = x.center();
        let variances = centered.by_column(|column| dot(column, column) / n as f64);
        check_variances(x, variances.as_slice().iter().copied())?;
        let mut scale: Vec<f64> = variances.as_slice().iter().map(|variance| variance.sqrt()).collect();
        let mut values = linalg::transposed(centered.view());
        let mut standard = values.clone();
        for (mut row, scale) in standard.rows_mut().into_iter().zip(&scale) {
            row /= *scale;
        }
        let mut correlations = linalg::gram(standard.t(), ctx)?;
        correlations /= n as f64;
        if standardize {
            values = standard;
            scale.fill(1.0);
        }
        Ok(Self { values, scale, correlations, _held: held })
    }

    /// Number of samples.
    pub fn n(&self) -> usize {
        self.values.ncols()
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        self.values.nrows()
    }

    /// Standard deviations of the variables, divided by n; 1 where they were standardised.
    pub fn scale(&self) -> &[f64] {
        &self.scale
    }

    /// Row j of the correlations.
    fn row(&self, j: usize) -> &[f64] {
        let p = self.p();
        self.correlations.as_slice().map(|all| &all[j * p..(j + 1) * p]).unwrap_or_default()
    }

    /// Variable j in all samples.
    fn sample(&self, j: usize) -> &[f64] {
        let n = self.n();
        self.values.as_slice().map(|all| &all[j * n..(j + 1) * n]).unwrap_or_default()
    }

    /// What the regression of a variable leaves of it, in all samples.
    pub fn residual(&self, regression: &Regression) -> Vec<f64> {
        let mut residual = self.sample(regression.target).to_vec();
        for (j, &beta) in regression.beta.iter().enumerate().filter(|(_, beta)| **beta != 0.0) {
            axpy(-beta / self.scale[j], self.sample(j), &mut residual);
        }
        residual
    }
}

/// One variable on the others.
#[derive(Debug, Clone)]
pub struct Regression {
    target: usize,
    /// Another variable that is left out.
    without: Option<usize>,
    /// Coefficients for the others in units of their standard deviations, 0 for those that are left out.
    beta: Vec<f64>,
    /// Correlations times beta.
    fitted: Vec<f64>,
    converged: bool,
}

impl Regression {
    /// The regression of `target` on all others but `without`, before its first descent.
    pub fn new(variables: &Variables, target: usize, without: Option<usize>) -> Self {
        let zero = vec![0.0; variables.p()];
        Self { target, without, beta: zero.clone(), fitted: zero, converged: true }
    }

    /// The variable that is regressed on the others.
    pub fn target(&self) -> usize {
        self.target
    }

    /// The coefficient of variable j in the units of the variables.
    pub fn coefficient(&self, j: usize, variables: &Variables) -> f64 {
        self.beta[j] / variables.scale[j]
    }

    /// Whether the last descent ended by its bound.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Whether variable j has a coefficient.
    pub fn uses(&self, j: usize) -> bool {
        self.beta[j] != 0.0
    }

    /// |x - X b|^2 / n.
    pub fn mean_square(&self, variables: &Variables) -> f64 {
        let unit = variables.scale[self.target];
        let own = dot(&self.beta, variables.row(self.target)) * unit;
        (unit * unit - 2.0 * own + dot(&self.beta, &self.fitted)).max(0.0)
    }

    /// Minimises |x - X b|^2 / (2 n) + lambda |b|_1 over the coefficients of the standardised others, from where they
    /// stand, until a pass changes none by `change` or more.
    ///
    /// # Errors
    /// Cancellation.
    pub fn descend(&mut self, variables: &Variables, lambda: f64, change: f64, ctx: &Context) -> Result<()> {
        let (own, unit) = (variables.row(self.target), variables.scale[self.target]);
        self.converged = false;
        for _ in 0..MOST_PASSES {
            ctx.check()?;
            let mut largest = 0.0f64;
            for (j, &target) in own.iter().enumerate() {
                if j == self.target || Some(j) == self.without {
                    continue;
                }
                let new = soft_threshold(target * unit - self.fitted[j] + self.beta[j], lambda);
                let step = new - self.beta[j];
                if step != 0.0 {
                    self.beta[j] = new;
                    axpy(step, variables.row(j), &mut self.fitted);
                    largest = largest.max(step.abs());
                }
            }
            if largest < change {
                self.converged = true;
                break;
            }
        }
        Ok(())
    }
}

/// The scaled lasso: penalty and size of the residual in turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScaledLasso {
    /// Penalty in units of the standard deviation of the residual.
    pub lambda: f64,
    /// Both a pass over the coefficients and a round of the alternation end below this change.
    pub tol: f64,
    /// Rounds at most.
    pub max_rounds: usize,
}

impl ScaledLasso {
    /// sqrt(2 log(p / sqrt n) / n), and the bounds of SILGGM: 1e-3 and 10 rounds. Where there are no more variables
    /// than the square root of n samples the penalty is 0: the regressions are least squares, to 1e-8.
    pub fn published(n: usize, p: usize) -> Self {
        let n = n as f64;
        let lambda = (2.0 * (p as f64 / n.sqrt()).ln().max(0.0) / n).sqrt();
        Self { lambda, tol: if lambda > 0.0 { 1e-3 } else { 1e-8 }, max_rounds: 10 }
    }

    /// The regression of `target` on all others but `without`. Every round starts from no coefficients.
    ///
    /// # Errors
    /// Cancellation.
    pub fn solve(
        &self,
        variables: &Variables,
        target: usize,
        without: Option<usize>,
        ctx: &Context,
    ) -> Result<Regression> {
        let mut current = Regression::new(variables, target, without);
        let mut sigma = 1.0f64;
        for _ in 0..self.max_rounds {
            let mut next = Regression::new(variables, target, without);
            next.descend(variables, sigma * self.lambda, self.tol, ctx)?;
            let moved = largest_change(&current.beta, &next.beta);
            let size = next.mean_square(variables).sqrt();
            let settled = (size - sigma).abs() < self.tol && moved < self.tol;
            (sigma, current) = (size, next);
            // Without a penalty the rounds are all the same.
            if settled || self.lambda == 0.0 {
                break;
            }
        }
        Ok(current)
    }
}

fn largest_change(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// Second moments E'E / n of residuals, of which row j belongs to variable j, p x p.
///
/// # Errors
/// A variable of which nothing is left; limits of the context.
pub(super) fn residual_moments(residuals: Vec<Vec<f64>>, variables: &Variables, ctx: &Context) -> Result<Array2<f64>> {
    let (n, p) = (variables.n(), variables.p());
    let _held = ctx.reserve_matrices(2, p, n.saturating_add(p))?;
    let rows: Vec<f64> = residuals.into_iter().flatten().collect();
    let rows = Array2::from_shape_vec((p, n), rows).map_err(|error| Error::internal(error.to_string()))?;
    let mut moments = linalg::gram(rows.t(), ctx)?;
    moments /= n as f64;
    check_left(moments.diag().to_owned(), variables)?;
    Ok(moments)
}

/// The smallest part of a variance that rounding leaves digits of.
const LOST: f64 = 1e-20;

fn check_left(squares: Array1<f64>, variables: &Variables) -> Result<()> {
    let mut left = squares.iter().zip(&variables.scale);
    match left.position(|(square, scale)| !(*square > LOST * scale * scale && square.is_finite())) {
        None => Ok(()),
        Some(j) => Err(nothing_left(j)),
    }
}

pub(super) fn nothing_left(j: usize) -> Error {
    Error::numerical(format!("the others explain variable {j} without a rest: no edge of it can be tested"))
        .with_hint("leave out columns that are sums or copies of others")
}

/// The pairs above the diagonal of a p x p matrix, row by row.
pub fn pairs_above(matrix: ArrayView2<'_, f64>) -> Vec<f64> {
    let p = matrix.nrows();
    (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j))).map(|pair| matrix[pair]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> Matrix {
        Matrix::from_fn(30, 4, |i, j| (0.7 * (i * i + 3 * j * j + i * (j + 1)) as f64).sin() * (j + 1) as f64)
    }

    #[test]
    fn a_descent_meets_the_optimality_conditions() {
        let ctx = Context::new();
        let variables = Variables::of(&data(), false, &ctx).unwrap();
        let mut regression = Regression::new(&variables, 1, Some(3));
        regression.descend(&variables, 0.05, 1e-13, &ctx).unwrap();
        let residual = variables.residual(&regression);
        assert!((dot(&residual, &residual) / 30.0 - regression.mean_square(&variables)).abs() < 1e-12);
        for j in [0, 2] {
            let slope = dot(&residual, variables.sample(j)) / 30.0 / variables.scale[j];
            let beta = regression.beta[j];
            assert!(if beta == 0.0 { slope.abs() <= 0.05 } else { (slope - 0.05 * beta.signum()).abs() < 1e-11 });
        }
        assert!(regression.converged() && !regression.uses(3) && !regression.uses(1));
    }

    #[test]
    fn standardised_variables_have_no_units() {
        let ctx = Context::new();
        let large = data().map(|value| 1e6 * value);
        let [a, b] = [data(), large].map(|x| {
            let variables = Variables::of(&x, true, &ctx).unwrap();
            let regression = ScaledLasso::published(30, 40).solve(&variables, 0, None, &ctx).unwrap();
            regression.mean_square(&variables)
        });
        assert!((a - b).abs() < 1e-12 && a > 0.0);
        assert!(Variables::of(&data().head(3), true, &ctx).is_err());
        assert_eq!(ScaledLasso::published(100, 5).lambda, 0.0);
    }
}
