//! How good a sparse solution is, without a dense factorisation.
//!
//! With a feasible W near Theta^-1 and E = W Theta - I, whose eigenvalues are real (E is similar to a symmetric matrix),
//! e^2 = tr(E^2) < 1 gives log det W >= -log det Theta + tr E - e^2 / (2 (1 - e)). In the gap log det Theta cancels:
//!
//! gap <= tr((S - W) Theta) + sum_ij Lambda_ij |Theta_ij| + e^2 / (2 (1 - e)),
//!
//! where the first two terms are sums over the entries of Theta that are not zero, none of them negative.

use std::ops::Range;

use ndarray::ArrayView2;

use super::{Certificate, L1};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{SparseSymmetric, combine, dot};

/// tr((S - W) Theta) + sum_ij Lambda_ij |Theta_ij|: what is left of complementary slackness, the part of the gap that is
/// cheap to know.
pub fn slackness(s: ArrayView2<'_, f64>, penalty: &L1, theta: &SparseSymmetric, w: ArrayView2<'_, f64>) -> f64 {
    let term = |i: usize, j: usize, value: f64| (s[(i, j)] - w[(i, j)]) * value + penalty.at(i, j) * value.abs();
    let diagonal: f64 = theta.diagonal().iter().enumerate().map(|(i, &value)| term(i, i, value)).sum();
    diagonal + 2.0 * theta.pairs().map(|(i, j, value)| term(i, j, value)).sum::<f64>()
}

/// A certificate of Theta from a feasible W; `None` where W is too far from Theta^-1 to say anything, or Theta is not
/// positive definite. That e < 1 also proves that W is positive definite.
///
/// The KKT violation is an upper bound too: of Theta^-1 = (I + E)^-1 W no entry is further from W's than
/// |E_i.| |W_.j| / (1 - |E|), taken in units of the standard deviations.
///
/// # Errors
/// Cancellation.
pub fn dual_bound(
    s: ArrayView2<'_, f64>,
    penalty: &L1,
    theta: &SparseSymmetric,
    w: ArrayView2<'_, f64>,
    ctx: &Context,
) -> Result<Option<Certificate>> {
    let Some(numbers) = w.to_slice() else { return Ok(None) };
    let error = Residual::of(theta, numbers, ctx)?;
    // NaN is no bound; rounding can make a sum of squares of real eigenvalues negative by little.
    if error.squared.is_nan() || error.squared >= 1.0 {
        return Ok(None);
    }
    let squared = error.squared.max(0.0);
    let Some(logdet) = theta.logdet(ctx)? else { return Ok(None) };
    // The diagonal entries of Lambda count as those off it do: W_ii = S_ii + Lambda_ii.
    let penalised = |i: usize, j: usize, value: f64| s[(i, j)] * value + penalty.at(i, j) * value.abs();
    let diagonal: f64 = theta.diagonal().iter().enumerate().map(|(i, &value)| penalised(i, i, value)).sum();
    let off: f64 = theta.pairs().map(|(i, j, value)| penalised(i, j, value)).sum();
    let gap = slackness(s, penalty, theta, w) + 0.5 * squared / (1.0 - squared.sqrt());
    let violation = |i: usize, j: usize, value: f64| (s[(i, j)] - w[(i, j)] + penalty.at(i, j) * value.signum()).abs();
    let on_support = theta.pairs().map(|(i, j, value)| violation(i, j, value)).fold(0.0, f64::max);
    let primal = diagonal + 2.0 * off - logdet;
    if gap.is_nan() || !primal.is_finite() {
        return Ok(None);
    }
    Ok(Some(Certificate {
        primal,
        // The true gap is not negative; rounding can make it so by a few units in the last place.
        gap: gap.max(0.0),
        kkt: on_support + error.distance,
        logdet,
    }))
}

/// What is needed of E = W Theta - I. In units of the standard deviations d, which make it independent of the
/// variables' own, it is D^-1 E D: tr(E^2) is the same.
struct Residual {
    /// tr(E^2)
    squared: f64,
    /// A bound on the entries of Theta^-1 - W.
    distance: f64,
}

/// Rows and columns of one block of E.
const BLOCK: usize = 128;

impl Residual {
    fn of(theta: &SparseSymmetric, w: &[f64], ctx: &Context) -> Result<Self> {
        let p = theta.p();
        let deviations: Vec<f64> = (0..p).map(|j| w[j * p + j].sqrt()).collect();
        let scale: Vec<f64> = deviations.iter().map(|deviation| 1.0 / deviation).collect();
        let mut columns: Vec<(Vec<u32>, Vec<f64>)> = Vec::with_capacity(p);
        for (j, deviation) in deviations.iter().enumerate() {
            let (rows, values) = theta.column(j);
            let mut rows = rows.to_vec();
            let mut values: Vec<f64> = values.iter().map(|value| value * deviation).collect();
            rows.push(j as u32);
            values.push(theta.diagonal()[j] * deviation);
            columns.push((rows, values));
        }
        // Small problems take little memory: large pieces of it come from the system each time.
        let side = BLOCK.min(p.max(1));
        // Row t of a block is column j = start + t of E, of which it holds the rows of the other range.
        let block = |down: Range<usize>, across: Range<usize>, to: &mut [f64]| {
            for (j, line) in across.zip(to.chunks_exact_mut(side)) {
                let (rows, values) = &columns[j];
                combine(w, p, down.start, rows, values, &mut line[..down.len()]);
                line.iter_mut().zip(&scale[down.clone()]).for_each(|(value, scale)| *value *= scale);
                if down.contains(&j) {
                    line[j - down.start] -= 1.0;
                }
            }
        };
        let (mut one, mut other) = (vec![0.0; side * side], vec![0.0; side * side]);
        let mut rows = vec![0.0; p];
        let mut squared = 0.0;
        for low in (0..p).step_by(BLOCK) {
            let first = low..(low + BLOCK).min(p);
            for start in (0..=low).step_by(BLOCK) {
                ctx.check()?;
                let second = start..(start + BLOCK).min(p);
                block(first.clone(), second.clone(), &mut one);
                add_squares(&one, side, second.len(), &mut rows[first.clone()]);
                if start == low {
                    squared += products(&one, &one, side, [first.len(), second.len()]);
                } else {
                    block(second.clone(), first.clone(), &mut other);
                    add_squares(&other, side, first.len(), &mut rows[second.clone()]);
                    squared += 2.0 * products(&one, &other, side, [first.len(), second.len()]);
                }
            }
        }
        Ok(Self { squared, distance: distance(w, &rows, &deviations, &scale) })
    }
}

/// A bound on the entries of Theta^-1 - W, from the squares of the rows of D^-1 E D: entry (i, j) is at most
/// d_i |E_i.| |W_.j| d_j / (1 - |E|) with W in units of the standard deviations as well.
fn distance(w: &[f64], squares: &[f64], deviations: &[f64], scale: &[f64]) -> f64 {
    let p = deviations.len();
    let whole = squares.iter().sum::<f64>().sqrt();
    if whole.is_nan() || whole >= 1.0 {
        return f64::INFINITY;
    }
    let row = squares.iter().zip(deviations).fold(0.0, |most: f64, (square, d)| most.max(square.sqrt() * d));
    let mut scaled = vec![0.0; p];
    let column = w.chunks_exact(p.max(1)).fold(0.0, |most: f64, line| {
        for (to, (value, scale)) in scaled.iter_mut().zip(line.iter().zip(scale)) {
            *to = value * scale;
        }
        most.max(dot(&scaled, &scaled))
    });
    row * column.sqrt() / (1.0 - whole)
}

/// Adds the squares of the numbers of a block, lines of `side`, to those of its rows of E.
fn add_squares(block: &[f64], side: usize, across: usize, rows: &mut [f64]) {
    for line in block.chunks_exact(side).take(across) {
        for (sum, value) in rows.iter_mut().zip(line) {
            *sum += value * value;
        }
    }
}

/// sum_ij E_ij E_ji over a block of `down` rows and `across` columns of E and the mirrored one.
fn products(one: &[f64], other: &[f64], side: usize, [down, across]: [usize; 2]) -> f64 {
    let mut sum = 0.0;
    for (j, line) in one.chunks_exact(side).take(across).enumerate() {
        for (i, value) in line[..down].iter().enumerate() {
            sum += value * other[i * side + j];
        }
    }
    sum
}
