//! How a fit moves with its penalties: the gradient of a criterion by them, and the change of the fit along a direction.

use ndarray::Array2;

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::model::Fit;
use crate::solver::{Adjoint, Implicit};
use crate::value::Value;

/// The residual of the equations, relative to their right-hand side.
const TOL: f64 = 1e-9;

/// The derivative of the slope of a penalty Lambda_ij (r |x| + (1 - r)/2 x^2) by Lambda_ij.
pub(super) fn slope(ratio: f64, x: f64) -> f64 {
    ratio * x.signum() + (1.0 - ratio) * x
}

/// dC/dLambda_ij, p x p, of a criterion C whose gradient by the precision matrix of the fit is G (p x p, dC = sum over all
/// i, j of G_ij dTheta_ij): each entry counts alone, so that for dLambda dC = sum over all i, j of h_ij dLambda_ij. With one
/// lambda times weights dC/dlambda is sum_ij h_ij weights_ij. 0 where the precision matrix is 0, and on a diagonal that is
/// not penalised.
///
/// # Errors
/// A fit of another method than `graphical_lasso` and `estimate` with the penalties "l1" and "elastic_net"; a gradient of
/// another size or with entries that are not finite on the support; limits of the context.
pub fn hypergradient(fit: &Fit, gradient: &Matrix, ctx: &Context) -> Result<Matrix> {
    let fitted = Fitted::of(fit, ctx)?;
    fitted.check(gradient, "the gradient")?;
    let g = gradient.view();
    let solved = fitted.implicit.solve(|i, j| 0.5 * (g[(i, j)] + g[(j, i)]), None, TOL, ctx)?;
    fitted.matrix(solved, |u, i, j| {
        let theta = fitted.theta.at(i, j);
        if fitted.is_free(i, j) { 0.0 } else { -u * slope(fitted.ratio, theta) }
    })
}

/// dTheta, p x p: how the precision matrix of the fit moves when its penalties Lambda move by `direction`, p x p and
/// symmetric. 0 where the precision matrix is 0; the support does not change with small steps.
///
/// # Errors
/// As [`hypergradient`].
pub fn solution_jacobian(fit: &Fit, direction: &Matrix, ctx: &Context) -> Result<Matrix> {
    let fitted = Fitted::of(fit, ctx)?;
    fitted.check(direction, "the direction")?;
    let d = direction.view();
    let right = |i: usize, j: usize| match fitted.is_free(i, j) {
        true => 0.0,
        false => -0.5 * (d[(i, j)] + d[(j, i)]) * slope(fitted.ratio, fitted.theta.at(i, j)),
    };
    let solved = fitted.implicit.solve(right, None, TOL, ctx)?;
    fitted.matrix(solved, |u, _, _| u)
}

/// How the penalties of a fit move when its one lambda moves by `length`: with its weights, p x p.
///
/// # Errors
/// A fit with a matrix of penalties; memory.
pub fn lambda_direction(fit: &Fit, length: f64, ctx: &Context) -> Result<Matrix> {
    if fit.lambda().and_then(Value::as_number).is_none() {
        return Err(Error::argument("the fit has more than one lambda: a direction is a matrix")
            .with_hint("solution_jacobian(fit, direction) with a p x p Matrix"));
    }
    let p = fit.p();
    let _held = ctx.reserve_matrices(1, p, p)?;
    let weights = option(fit, "weights").and_then(Value::object::<Matrix>);
    let weight = |i: usize, j: usize| weights.map_or(1.0, |weights| weights.view()[(i, j)]);
    // A forbidden entry stays where it is.
    let moved = |weight: f64| if weight.is_finite() { length * weight } else { 0.0 };
    Ok(Matrix::square(Array2::from_shape_fn((p, p), |(i, j)| moved(weight(i, j))), fit.names()))
}

/// A fit with the equations that it meets.
struct Fitted<'a> {
    fit: &'a Fit,
    theta: SparseSymmetric,
    implicit: Implicit,
    /// The share of the L1 part.
    ratio: f64,
    penalizes_diagonal: bool,
}

impl<'a> Fitted<'a> {
    fn of(fit: &'a Fit, ctx: &Context) -> Result<Self> {
        let ratio = l1_ratio(fit)?;
        let penalizes_diagonal = matches!(option(fit, "penalize_diagonal"), Some(Value::Bool(true)));
        let _held = ctx.reserve_matrices(1, fit.p(), fit.p())?;
        let theta = SparseSymmetric::from_dense(fit.precision()?.view());
        let penalty = |i: usize, j: usize| match i == j && !penalizes_diagonal {
            true => 0.0,
            false => lambda_at(fit, i, j),
        };
        let curvature = |i: usize, j: usize| if ratio < 1.0 { (1.0 - ratio) * penalty(i, j) } else { 0.0 };
        let implicit = Implicit::new(&theta, curvature, ctx)?;
        Ok(Self { fit, theta, implicit, ratio, penalizes_diagonal })
    }

    /// Whether an entry has no penalty that could move.
    fn is_free(&self, i: usize, j: usize) -> bool {
        i == j && !self.penalizes_diagonal
    }

    fn check(&self, m: &Matrix, what: &str) -> Result<()> {
        let p = self.theta.p();
        if (m.rows(), m.cols()) == (p, p) {
            return Ok(());
        }
        Err(Error::shape(format!("{what} is {} x {}, the fit has {p} variables", m.rows(), m.cols())))
    }

    /// What `f` makes of U, as a matrix about the variables of the fit.
    fn matrix(&self, solved: Adjoint, f: impl Fn(f64, usize, usize) -> f64) -> Result<Matrix> {
        let is_finite =
            solved.u.diagonal().iter().all(|u| u.is_finite()) && solved.u.pairs().all(|(.., u)| u.is_finite());
        if !is_finite {
            return Err(Error::numerical("the equations of this fit are too ill-conditioned to be solved")
                .with_hint("a larger lambda, or standardised columns"));
        }
        let p = self.theta.p();
        let mut values = Array2::zeros((p, p));
        for (i, &u) in solved.u.diagonal().iter().enumerate() {
            values[(i, i)] = f(u, i, i);
        }
        for (i, j, u) in solved.u.pairs() {
            let value = f(u, i, j);
            values[(i, j)] = value;
            values[(j, i)] = value;
        }
        Ok(Matrix::square(values, self.fit.names()))
    }
}

fn option<'a>(fit: &'a Fit, name: &str) -> Option<&'a Value> {
    fit.options().iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// The share of the L1 part in the penalty of a fit.
fn l1_ratio(fit: &Fit) -> Result<f64> {
    let penalty = match fit.method() {
        "graphical_lasso" => "l1".to_string(),
        "estimate" => option(fit, "penalty").map(Value::to_string).unwrap_or_default(),
        other => {
            return Err(Error::argument(format!("a fit of {other} is no minimiser whose penalties could be moved"))
                .with_hint("fits of graphical_lasso and estimate are"));
        }
    };
    match penalty.as_str() {
        "l1" => Ok(1.0),
        "elastic_net" => Ok(option(fit, "l1_ratio").and_then(Value::as_number).unwrap_or(0.5)),
        other => Err(Error::argument(format!("a fit with penalty \"{other}\" weighs itself: it has no such gradient"))
            .with_hint("penalties \"l1\" and \"elastic_net\" have one")),
    }
}

/// Lambda_ij.
fn lambda_at(fit: &Fit, i: usize, j: usize) -> f64 {
    let entry = |value: Option<&Value>| value.and_then(Value::object::<Matrix>).map(|m| m.view()[(i, j)]);
    match fit.lambda() {
        Some(Value::Object(_)) => entry(fit.lambda()).unwrap_or(0.0),
        lambda => lambda.and_then(Value::as_number).unwrap_or(0.0) * entry(option(fit, "weights")).unwrap_or(1.0),
    }
}
