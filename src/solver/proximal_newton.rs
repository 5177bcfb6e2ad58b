//! Proximal Newton on Theta: second-order steps by coordinate descent, with a line search that keeps Theta
//! positive definite (Hsieh, Sustik, Dhillon, Ravikumar, JMLR 15:2911, 2014).
//!
//! The fallback where the dual has no positive definite start (free entries and a singular S), and where
//! coordinate descent stalls.

use ndarray::{Array1, Array2, ArrayView2};

use super::lasso::soft_threshold;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, axpy, dot};
use crate::problem::{Certified, L1, certify, primal};

/// Newton steps from `theta` until the gap is at most `tol` (absolute) or nothing moves any more.
///
/// Returns Theta and the number of steps.
///
/// # Errors
/// Cancellation.
pub fn minimize(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    mut theta: Array2<f64>,
    tol: f64,
    max_steps: usize,
    ctx: &Context,
) -> Result<(Array2<f64>, usize)> {
    for step in 0..max_steps {
        ctx.check()?;
        let Some(Certified { certificate, inverse: w }) = certify(s, penalty, theta.view()) else {
            return Ok((theta, step));
        };
        if certificate.gap <= tol || is_runaway(s, &theta) {
            return Ok((theta, step));
        }
        let passes = 2 + step / 2;
        let direction = newton_direction(s, penalty, &theta, &w, passes, ctx)?;
        let decrease = model_decrease(s, penalty, &theta, &w, &direction);
        match line_search(s, penalty, &theta, &direction, certificate.primal, decrease) {
            Some(better) => theta = better,
            None => return Ok((theta, step + 1)),
        }
    }
    Ok((theta, max_steps))
}

/// Whether Theta has run away: in units of S, its diagonal is that of the inverse of a singular matrix.
pub fn is_runaway(s: ArrayView2<'_, f64>, theta: &Array2<f64>) -> bool {
    (0..s.nrows()).any(|i| theta[(i, i)] * s[(i, i)] > 1e14)
}

/// A start that is positive definite whatever S is: the diagonal.
pub fn diagonal_start(s: ArrayView2<'_, f64>, penalty: &L1) -> Array2<f64> {
    Array2::from_diag(&Array1::from_shape_fn(s.nrows(), |i| 1.0 / (s[(i, i)] + penalty.at(i, i))))
}

/// Minimises the quadratic model over the free entries: D with W D kept at hand, where W = Theta^-1.
fn newton_direction(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    theta: &Array2<f64>,
    w: &Array2<f64>,
    passes: usize,
    ctx: &Context,
) -> Result<Array2<f64>> {
    let p = s.nrows();
    let free: Vec<(usize, usize)> = (0..p)
        .flat_map(|i| (i..p).map(move |j| (i, j)))
        .filter(|&(i, j)| theta[(i, j)] != 0.0 || (s[(i, j)] - w[(i, j)]).abs() > penalty.at(i, j))
        .collect();
    let mut d = Array2::<f64>::zeros((p, p));
    // Row j of `dw_t` is column j of D W, so that both operands of the inner product are contiguous.
    let mut dw_t = vec![0.0; p * p];
    let mut dw = vec![0.0; p * p];
    let Some(rows) = w.as_slice() else {
        return Ok(d);
    };
    let row = |i: usize| &rows[i * p..(i + 1) * p];
    for _ in 0..passes {
        for (count, &(i, j)) in free.iter().enumerate() {
            if count % 256 == 0 {
                ctx.check()?;
            }
            let (wij, wii, wjj) = (w[(i, j)], w[(i, i)], w[(j, j)]);
            let curvature = if i == j { wii * wii } else { wij * wij + wii * wjj };
            let slope = s[(i, j)] - wij + dot(row(i), &dw_t[j * p..(j + 1) * p]);
            let value = theta[(i, j)] + d[(i, j)];
            let change = soft_threshold(value - slope / curvature, penalty.at(i, j) / curvature) - value;
            if change != 0.0 {
                d[(i, j)] += change;
                axpy(change, row(j), &mut dw[i * p..(i + 1) * p]);
                if i != j {
                    d[(j, i)] += change;
                    axpy(change, row(i), &mut dw[j * p..(j + 1) * p]);
                }
                for k in 0..p {
                    dw_t[k * p + i] = dw[i * p + k];
                    dw_t[k * p + j] = dw[j * p + k];
                }
            }
        }
    }
    Ok(d)
}

/// tr((S - W) D) + penalty(Theta + D) - penalty(Theta): negative for a descent direction.
fn model_decrease(s: ArrayView2<'_, f64>, penalty: &L1, theta: &Array2<f64>, w: &Array2<f64>, d: &Array2<f64>) -> f64 {
    d.indexed_iter()
        .filter(|(_, step)| **step != 0.0)
        .map(|((i, j), &step)| {
            let value = theta[(i, j)];
            (s[(i, j)] - w[(i, j)]) * step + penalty.at(i, j) * ((value + step).abs() - value.abs())
        })
        .sum()
}

/// Armijo's rule by halving; `None` if no step makes the objective smaller.
fn line_search(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    theta: &Array2<f64>,
    direction: &Array2<f64>,
    current: f64,
    decrease: f64,
) -> Option<Array2<f64>> {
    const SUFFICIENT: f64 = 1e-3;
    let mut length = 1.0;
    // 2^-50 of a Newton step is nothing in double precision.
    for _ in 0..50 {
        let candidate = theta + &(direction * length);
        if let Some(cholesky) = Cholesky::new(candidate.view()) {
            let value = primal(s, penalty, candidate.view(), cholesky.logdet());
            if value <= current + SUFFICIENT * length * decrease && value < current {
                return Some(candidate);
            }
        }
        length *= 0.5;
    }
    None
}
