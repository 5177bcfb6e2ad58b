//! How good a sparse solution is, without a dense factorisation.
//!
//! With a feasible W near Theta^-1 and E = W Theta - I, whose eigenvalues are real (E is similar to a symmetric matrix),
//! e^2 = tr(E^2) < 1 gives log det W >= -log det Theta + tr E - e^2 / (2 (1 - e)). In the gap log det Theta cancels:
//!
//! gap <= tr((S - W) Theta) + sum_ij Lambda_ij |Theta_ij| + e^2 / (2 (1 - e)),
//!
//! where the first two terms are sums over the entries of Theta that are not zero, none of them negative.

use ndarray::ArrayView2;

use super::{Certificate, L1};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{SparseSymmetric, combine};

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
/// |E_i.| |W_.j| / (1 - |E|).
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
    let e = error.squared.max(0.0).sqrt();
    if e.is_nan() || e >= 1.0 {
        return Ok(None);
    }
    let Some(logdet) = theta.logdet() else { return Ok(None) };
    // The diagonal entries of Lambda count as those off it do: W_ii = S_ii + Lambda_ii.
    let penalised = |i: usize, j: usize, value: f64| s[(i, j)] * value + penalty.at(i, j) * value.abs();
    let diagonal: f64 = theta.diagonal().iter().enumerate().map(|(i, &value)| penalised(i, i, value)).sum();
    let off: f64 = theta.pairs().map(|(i, j, value)| penalised(i, j, value)).sum();
    let gap = slackness(s, penalty, theta, w) + 0.5 * error.squared.max(0.0) / (1.0 - e);
    let violation = |i: usize, j: usize, value: f64| (s[(i, j)] - w[(i, j)] + penalty.at(i, j) * value.signum()).abs();
    let on_support = theta.pairs().map(|(i, j, value)| violation(i, j, value)).fold(0.0, f64::max);
    Ok(Some(Certificate {
        primal: diagonal + 2.0 * off - logdet,
        // The true gap is not negative; rounding can make it so by a few units in the last place.
        gap: gap.max(0.0),
        kkt: on_support + error.distance(),
        logdet,
    }))
}

/// What is needed of E = W Theta - I.
struct Residual {
    /// tr(E^2)
    squared: f64,
    /// |E_i.|^2
    rows: Vec<f64>,
    /// The largest |W_.j|.
    column: f64,
}

/// Rows and columns of one block of E.
const BLOCK: usize = 128;

impl Residual {
    fn of(theta: &SparseSymmetric, w: &[f64], ctx: &Context) -> Result<Self> {
        let p = theta.p();
        let mut columns: Vec<(Vec<u32>, Vec<f64>)> = Vec::with_capacity(p);
        for j in 0..p {
            let (rows, values) = theta.column(j);
            let (mut rows, mut values) = (rows.to_vec(), values.to_vec());
            rows.push(j as u32);
            values.push(theta.diagonal()[j]);
            columns.push((rows, values));
        }
        // Row t of a block is column j = start + t of E, of which it holds the rows of the other range.
        let block = |down: std::ops::Range<usize>, across: std::ops::Range<usize>, to: &mut [f64]| {
            for (j, line) in across.zip(to.chunks_exact_mut(BLOCK)) {
                let (rows, values) = &columns[j];
                combine(w, p, down.start, rows, values, &mut line[..down.len()]);
                if down.contains(&j) {
                    line[j - down.start] -= 1.0;
                }
            }
        };
        let (mut one, mut other) = (vec![0.0; BLOCK * BLOCK], vec![0.0; BLOCK * BLOCK]);
        let mut rows = vec![0.0; p];
        let mut squared = 0.0;
        for low in (0..p).step_by(BLOCK) {
            let first = low..(low + BLOCK).min(p);
            for start in (0..=low).step_by(BLOCK) {
                ctx.check()?;
                let second = start..(start + BLOCK).min(p);
                block(first.clone(), second.clone(), &mut one);
                add_squares(&one, first.len(), second.len(), &mut rows[first.clone()]);
                if start == low {
                    squared += products(&one, &one, first.len(), second.len());
                } else {
                    block(second.clone(), first.clone(), &mut other);
                    add_squares(&other, second.len(), first.len(), &mut rows[second.clone()]);
                    squared += 2.0 * products(&one, &other, first.len(), second.len());
                }
            }
        }
        let column = w.chunks_exact(p.max(1)).map(|row| crate::linalg::dot(row, row)).fold(0.0, f64::max).sqrt();
        Ok(Self { squared, rows, column })
    }

    /// A bound on the entries of Theta^-1 - W.
    fn distance(&self) -> f64 {
        let whole = self.rows.iter().sum::<f64>().sqrt();
        let row = self.rows.iter().copied().fold(0.0, f64::max).sqrt();
        if whole < 1.0 { row * self.column / (1.0 - whole) } else { f64::INFINITY }
    }
}

/// Adds the squares of a block's numbers to those of its rows of E.
fn add_squares(block: &[f64], down: usize, across: usize, rows: &mut [f64]) {
    for line in block.chunks_exact(BLOCK).take(across) {
        for (sum, value) in rows.iter_mut().zip(&line[..down]) {
            *sum += value * value;
        }
    }
}

/// sum_ij E_ij E_ji over a block of `down` rows and `across` columns of E and the mirrored one.
fn products(one: &[f64], other: &[f64], down: usize, across: usize) -> f64 {
    let mut sum = 0.0;
    for (j, line) in one.chunks_exact(BLOCK).take(across).enumerate() {
        for (i, value) in line[..down].iter().enumerate() {
            sum += value * other[i * BLOCK + j];
        }
    }
    sum
}
