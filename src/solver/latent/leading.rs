//! The leading eigenvalues of A = C'(S - mu I) C, where Theta = C C', with what the low-rank part needs of their
//! vectors.
//!
//! From one step to the next Theta moves little: the vectors of the last step are filtered by a polynomial of A that
//! is small over the eigenvalues left out and grows above them, and the best combinations of what they span are taken
//! (Zhou, Saad, Tiago, Chelikowsky, Journal of Computational Physics 219:172, 2006). That costs products with as many
//! columns as there are vectors, a small part of a whole decomposition. A low-rank part from them is feasible, and
//! best among those of their span; whether it is best among all is for the certificate to find out.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, Zip};

use super::Set;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, eigh, matmul};

/// Fewer variables than these are decomposed whole: that is as fast.
const LARGE: usize = 64;
/// Vectors that are kept at least beside those above 1: eigenvalues move across it.
const SPARE: usize = 6;
/// The degree of the polynomial.
const DEGREE: usize = 4;
/// Eigenvalues above this are not damped.
const HIGHEST: f64 = 0.98;
/// Vectors that are as good as dependent do not span what is wanted: the smallest eigenvalue of their products, of the
/// largest.
const INDEPENDENT: f64 = 1e-10;

/// Leading eigenvalues r_i with their vectors x_i, k of them.
#[derive(Debug)]
pub(super) struct Leading {
    /// The eigenvalues, ascending.
    pub values: Vec<f64>,
    /// C x_i, p x k.
    pub images: Array2<f64>,
    /// C'^-1 x_i, p x k.
    pub duals: Array2<f64>,
    /// Whether they come from a whole decomposition.
    pub is_exact: bool,
}

impl Leading {
    /// Those of a whole decomposition.
    ///
    /// # Errors
    /// Cancellation; memory.
    pub fn whole(factor: &Cholesky, set: &Set<'_>, ctx: &Context) -> Result<Self> {
        let lower = factor.factor();
        let mut shifted = set.s.to_owned();
        shifted.diag_mut().mapv_inplace(|value| value - set.mu);
        let product = matmul(lower.t(), matmul(shifted.view(), lower.view(), ctx)?.view(), ctx)?;
        let (mut values, vectors) = eigh(product.view(), ctx)?;
        let dropped = surplus(&values);
        let values = values.split_off(dropped);
        let images = matmul(lower.view(), vectors.view().split_at(Axis(1), dropped).1, ctx)?;
        let duals = factor.solve_checked(images.view(), ctx)?;
        Ok(Self { values, images, duals, is_exact: true })
    }

    /// Those at another Theta, from these; `None` where a whole decomposition is as fast or these do not lead there.
    ///
    /// # Errors
    /// Cancellation; memory.
    pub fn followed(
        &self,
        theta: ArrayView2<'_, f64>,
        factor: &Cholesky,
        set: &Set<'_>,
        ctx: &Context,
    ) -> Result<Option<Self>> {
        let (p, count) = self.images.dim();
        if p < LARGE || 3 * count > p {
            return Ok(None);
        }
        let Some(images) = self.filtered(theta, set, ctx)? else { return Ok(None) };
        let duals = factor.solve_checked(images.view(), ctx)?;
        // x_i'x_j and x_i'A x_j of the vectors that belong to these images.
        let products = matmul(images.t(), duals.view(), ctx)?;
        let inner = matmul(images.t(), shifted(set, images.view(), ctx)?.view(), ctx)?;
        if !products.iter().chain(&inner).all(|value| value.is_finite()) {
            return Ok(None);
        }
        let (squares, axes) = eigh(products.view(), ctx)?;
        let largest = squares.last().copied().unwrap_or(0.0);
        if squares.first().is_none_or(|&least| least <= INDEPENDENT * largest) {
            return Ok(None);
        }
        let base = Array2::from_shape_fn(axes.dim(), |(i, k)| axes[(i, k)] / squares[k].sqrt());
        let inner = matmul(base.t(), matmul(inner.view(), base.view(), ctx)?.view(), ctx)?;
        let (mut values, turn) = eigh(inner.view(), ctx)?;
        // Where all are above 1 there may be more.
        if values.first().is_none_or(|&least| least > 1.0) {
            return Ok(None);
        }
        let dropped = surplus(&values);
        let values = values.split_off(dropped);
        let turn = matmul(base.view(), turn.view().split_at(Axis(1), dropped).1, ctx)?;
        let images = matmul(images.view(), turn.view(), ctx)?;
        let duals = matmul(duals.view(), turn.view(), ctx)?;
        Ok(Some(Self { values, images, duals, is_exact: false }))
    }

    /// The images after Chebyshev's polynomial of Theta (S - mu I), which has the eigenvalues of A; their lengths are
    /// 1. `None` where there is nothing to damp.
    fn filtered(&self, theta: ArrayView2<'_, f64>, set: &Set<'_>, ctx: &Context) -> Result<Option<Array2<f64>>> {
        // S has no negative eigenvalues, and Theta none above the largest sum of a row.
        let sum = |row: ArrayView1<'_, f64>| row.iter().map(|value| value.abs()).sum::<f64>();
        let low = -set.mu * theta.rows().into_iter().map(sum).fold(0.0, f64::max);
        let high = self.values.first().map_or(HIGHEST, |&least| least.min(HIGHEST));
        let (centre, radius) = (0.5 * (low + high), 0.5 * (high - low));
        if !(radius > 0.0 && radius.is_finite()) {
            return Ok(None);
        }
        let mut before: Array2<f64> = self.images.clone();
        let mut now = matmul(theta, shifted(set, before.view(), ctx)?.view(), ctx)?;
        Zip::from(&mut now).and(&before).for_each(|now, before| *now = (*now - centre * before) / radius);
        for _ in 1..DEGREE {
            let mut next = matmul(theta, shifted(set, now.view(), ctx)?.view(), ctx)?;
            Zip::from(&mut next)
                .and(&now)
                .and(&before)
                .for_each(|next, now, before| *next = 2.0 * (*next - centre * now) / radius - before);
            before = std::mem::replace(&mut now, next);
        }
        for mut column in now.columns_mut() {
            let length = column.iter().map(|value| value * value).sum::<f64>().sqrt();
            if length > 0.0 {
                column.mapv_inplace(|value| value / length);
            }
        }
        Ok(Some(now))
    }
}

/// How many of the smallest of these eigenvalues are not kept.
fn surplus(values: &[f64]) -> usize {
    let above = values.iter().filter(|&&value| value > 1.0).count();
    values.len().saturating_sub(above + SPARE.max(above / 3))
}

/// (S - mu I) Y.
fn shifted(set: &Set<'_>, y: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
    let mut product = matmul(set.s, y, ctx)?;
    Zip::from(&mut product).and(y).for_each(|product, y| *product -= set.mu * y);
    Ok(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_follow_a_matrix_that_moves() {
        let (ctx, p) = (Context::new(), 80);
        let loading = |i: usize, f: usize| 0.7 * ((i * (2 * f + 3)) as f64).sin();
        let s = Array2::from_shape_fn((p, p), |(i, j)| {
            0.4f64.powi(i.abs_diff(j) as i32) + (0..3).map(|f| loading(i, f) * loading(j, f)).sum::<f64>()
        });
        let set = Set { s: s.view(), weight: 1.0, mu: 0.6 };
        let at = |moved: f64| {
            Array2::from_shape_fn((p, p), |(i, j)| match i.abs_diff(j) {
                0 => 1.2 + moved * (i as f64).cos(),
                1 => -0.3 + moved * ((i + j) as f64).sin(),
                _ => 0.0,
            })
        };
        let factor = |theta: &Array2<f64>| Cholesky::new(theta.view()).unwrap();
        let start = at(0.0);
        let mut followed = Leading::whole(&factor(&start), &set, &ctx).unwrap();
        let theta = at(0.02);
        let exact = Leading::whole(&factor(&theta), &set, &ctx).unwrap();
        let above = exact.values.iter().filter(|&&value| value > 1.0).count();
        assert!(above >= 3 && exact.is_exact, "{:?}", exact.values);
        let last_of = |found: &Leading, k: usize| found.values[found.values.len() - k];
        let off = |found: &Leading| -> f64 {
            (1..=above).map(|k| (last_of(found, k) - last_of(&exact, k)).abs()).fold(0.0, f64::max)
        };
        let mut last = f64::INFINITY;
        for _ in 0..6 {
            followed = followed.followed(theta.view(), &factor(&theta), &set, &ctx).unwrap().unwrap();
            let worst = off(&followed);
            assert!(!followed.is_exact && worst <= last + 1e-12, "{worst} after {last}");
            last = worst;
        }
        assert!(last < 1e-8, "{last}");
        // Theta^-1 leads from images to duals, and both make unit vectors.
        let back = theta.dot(&followed.duals);
        assert!(back.iter().zip(&followed.images).all(|(back, image)| (back - image).abs() < 1e-9));
        let products = followed.images.t().dot(&followed.duals);
        let is_unit = |((i, j), value): ((usize, usize), &f64)| (value - f64::from(u8::from(i == j))).abs() < 1e-9;
        assert!(products.indexed_iter().all(is_unit));
    }

    #[test]
    fn small_matrices_are_decomposed_whole() {
        let (ctx, p) = (Context::new(), 20);
        let (s, theta) = (Array2::from_elem((p, p), 0.9) + Array2::<f64>::eye(p) * 0.1, Array2::<f64>::eye(p));
        let set = Set { s: s.view(), weight: 1.0, mu: 0.5 };
        let factor = Cholesky::new(theta.view()).unwrap();
        let whole = Leading::whole(&factor, &set, &ctx).unwrap();
        assert!((whole.values[whole.values.len() - 1] - (0.9 * p as f64 + 0.1 - 0.5)).abs() < 1e-12);
        assert!(whole.followed(theta.view(), &factor, &set, &ctx).unwrap().is_none());
    }
}
