//! What the graphical lasso and its path share: options, penalties, checks.

use ndarray::{Array2, ArrayView2};

use super::shared_options::{max_iter, min_ratio, n_lambdas, tol};
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::model::{Convention, Input};
use crate::options::{Kind, Opt, Options, Preset};
use crate::problem::{L1, check_weights};
use crate::solver::graphical_lasso::Settings;

pub(super) const WEIGHTS: Opt = Opt::new(
    "weights",
    &[Kind::Object("Matrix")],
    Preset::Unset("all 1"),
    "Factors of lambda, p x p, symmetric: 0 leaves an edge free, infinity forbids it",
);
pub(super) const PENALIZE_DIAGONAL: Opt = Opt::new(
    "penalize_diagonal",
    &[Kind::Bool],
    Preset::Bool(false),
    "Penalise the diagonal too; true with the convention \"huge\"",
);
pub(super) const N_LAMBDAS: Opt = n_lambdas(40, "Penalties in the automatic grid; 10 with the convention \"huge\"");
pub(super) const MIN_RATIO: Opt =
    min_ratio(0.01, "Smallest over largest penalty in the automatic grid; 0.1 with the convention \"huge\"");
pub(super) const TOL: Opt = tol(1e-9, "Bound on the relative duality gap");
pub(super) const MAX_ITER: Opt = max_iter(1000, "Sweeps over all variables at most");
pub(super) const CONVENTION: Opt = Opt::new(
    "convention",
    &[Kind::Choice(Convention::NAMES)],
    Preset::Text("sinew"),
    "Whose definitions of S, the diagonal, the grid, loglik and the criteria hold: \"huge\" are those of R's huge",
);

/// Fails where an option of the automatic grid was given although there is none; `why` says with what it goes.
pub(super) fn refuse_grid(options: &Options, why: &str) -> Result<()> {
    match ["n_lambdas", "min_ratio"].into_iter().find(|name| options.is_given(name)) {
        Some(name) => Err(Error::option(format!("option '{name}' goes with {why}"))),
        None => Ok(()),
    }
}

/// Fails for a tolerance or a number of steps that nothing can end with.
pub(super) fn check_settings(Settings { tol, max_iter }: Settings) -> Result<()> {
    if !(tol > 0.0 && tol.is_finite()) || max_iter == 0 {
        return Err(Error::option(format!("tol must be > 0 and max_iter >= 1, not {tol} and {max_iter}")));
    }
    Ok(())
}

/// lambda x weights, where a forbidden entry stays forbidden also for lambda = 0.
pub(super) fn weighted(lambda: f64, weights: ArrayView2<'_, f64>, penalize_diagonal: bool) -> Result<L1> {
    let scaled: Array2<f64> = weights.mapv(|weight| if weight.is_infinite() { weight } else { lambda * weight });
    L1::matrix(scaled, penalize_diagonal, "weights")
}

/// lambda for every pair, times its weight where there are weights.
pub(super) fn scaled(lambda: f64, weights: Option<&Matrix>, penalize_diagonal: bool) -> Result<L1> {
    match weights {
        Some(weights) => weighted(lambda, weights.view(), penalize_diagonal),
        None => Ok(L1::scalar(lambda, penalize_diagonal)),
    }
}

/// Checks that a p x p matrix belongs to the variables of the input.
pub(super) fn check_matches(matrix: &Matrix, input: &Input, what: &str) -> Result<()> {
    check_weights(matrix.view(), what)?;
    if matrix.rows() != input.p() {
        return Err(Error::shape(format!(
            "{what} is {} x {}, there are {} variables",
            matrix.rows(),
            matrix.cols(),
            input.p()
        )));
    }
    match (crate::data::covariance::variable_names(matrix), input.names()) {
        (Some(own), Some(names)) if own != *names => {
            Err(Error::name(format!("{what} names other variables than the data, or in another order"))
                .with_hint("take its rows and columns in the data's order: m[[names, names]]"))
        }
        _ => Ok(()),
    }
}
