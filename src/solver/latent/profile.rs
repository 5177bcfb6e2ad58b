//! The best low-rank part beside a given sparse one, in closed form.
//!
//! For Theta = C C' the minimum of -log det(Theta - L) + tr(S (Theta - L)) + mu tr L over L >= 0 is found from the
//! eigenvalues r_i and eigenvectors x_i of C'(S - mu I) C: L = sum over r_i > 1 of (1 - 1/r_i) (C x_i)(C x_i)'. There the
//! value is -log det Theta + tr(S Theta) + sum over r_i > 1 of log r_i - r_i + 1, and the gradient by Theta is S - W with
//! W = (Theta - L)^-1 = Theta^-1 + sum over r_i > 1 of (r_i - 1) q_i q_i', q_i = C'^-1 x_i. With this L the matrix
//! mu I - S + W has no negative eigenvalue, at every Theta.

use ndarray::{Array2, ArrayView2, Axis};

use super::Set;
use super::leading::Leading;
use crate::context::Context;
use crate::error::Result;
use crate::linalg::{Cholesky, eigh, matmul, symmetrize};

/// Eigenvalues within this of 1 have no part in L: they come from rounding.
const ROUNDING: f64 = 1e-9;

/// The least stiffness: where L follows Theta freely, steps would be without bound.
const LEAST: f64 = 1e-6;

/// The minimum over the low-rank part, at one Theta.
#[derive(Debug)]
pub(super) struct Profile {
    /// -log det(Theta - L) + tr(S (Theta - L)) + mu tr L.
    pub value: f64,
    /// log det(Theta - L).
    pub logdet: f64,
    factor: Cholesky,
    /// The eigenvalues r_i above 1 with their vectors, and some below.
    leading: Leading,
    /// Where those above 1 begin.
    first: usize,
    /// The mean of the eigenvalues of at most 1, where there are any.
    others: Option<f64>,
}

/// The gradient of the loss at Theta, and what stands for its second derivative.
#[derive(Debug)]
pub(super) struct Slope {
    /// S - W, p x p.
    pub gradient: Array2<f64>,
    /// M, row by row: the second derivative along D is about tr(M D M D). It is W without most of what W has along the
    /// low-rank part: L follows Theta there.
    pub bend: Array2<f64>,
    /// Whether they belong to the best low-rank part, and not only to the best of those that are looked at.
    pub is_exact: bool,
}

impl Profile {
    /// The minimum at Theta, with the vectors of a nearby Theta where they are given; `None` if Theta is not positive
    /// definite.
    ///
    /// # Errors
    /// Cancellation; memory.
    pub fn of(theta: ArrayView2<'_, f64>, set: &Set<'_>, near: Option<&Self>, ctx: &Context) -> Result<Option<Self>> {
        let Some(factor) = Cholesky::checked(theta, ctx)? else { return Ok(None) };
        let followed = match near {
            Some(near) => near.leading.followed(theta, &factor, set, ctx)?,
            None => None,
        };
        let leading = match followed {
            Some(leading) => leading,
            None => Leading::whole(&factor, set, ctx)?,
        };
        let first = leading.values.partition_point(|&value| value <= 1.0 + ROUNDING);
        let above = &leading.values[first..];
        let logdet = factor.logdet();
        let trace: f64 = set.s.iter().zip(theta.iter()).map(|(s, theta)| s * theta).sum();
        let gain: f64 = above.iter().map(|ratio| ratio.ln() - ratio + 1.0).sum();
        let logdet_of_low_rank: f64 = above.iter().map(|ratio| ratio.ln()).sum();
        let rest = theta.nrows() - above.len();
        let sum = trace - set.mu * theta.diag().sum() - above.iter().sum::<f64>();
        Ok(Some(Self {
            value: trace - logdet + gain,
            logdet: logdet - logdet_of_low_rank,
            factor,
            others: (rest > 0).then(|| (sum / rest as f64).min(1.0)),
            leading,
            first,
        }))
    }

    /// Whether no other low-rank part is better, apart from rounding.
    pub fn is_exact(&self) -> bool {
        self.leading.is_exact
    }

    /// The eigenvalues above 1.
    fn above(&self) -> &[f64] {
        &self.leading.values[self.first..]
    }

    /// Gradient and curvature.
    ///
    /// # Errors
    /// Cancellation; memory.
    pub fn slope(&self, set: &Set<'_>, ctx: &Context) -> Result<Slope> {
        let inverse = self.factor.inverse_checked(ctx)?;
        let (above, q) = (self.above(), self.leading.duals.view().split_at(Axis(1), self.first).1);
        let mut w = plus_scaled(&inverse, q, |i| above[i] - 1.0, ctx)?;
        let bend = plus_scaled(&inverse, q, |i| self.stiffness(above[i]) - 1.0, ctx)?;
        w.zip_mut_with(&set.s, |w, s| *w = s - *w);
        Ok(Slope { gradient: w, bend, is_exact: self.leading.is_exact })
    }

    /// Along x_i x_j' with r_i > 1 >= r_j the second derivative of the minimum is r_i (1 - r_j) / (r_i - r_j), where
    /// between two of those above 1 it is 0, between two others 1. One number for each i, that of the mean r_j, makes it
    /// a product, as coordinate descent needs it.
    fn stiffness(&self, ratio: f64) -> f64 {
        self.others.map_or(1.0, |other| (ratio * (1.0 - other) / (ratio - other)).max(LEAST))
    }

    /// F, p x rank, with L = F F', its columns orthogonal and the longest first; and their squared lengths, the
    /// eigenvalues of L.
    ///
    /// # Errors
    /// Cancellation; memory.
    pub fn low_rank(&self, ctx: &Context) -> Result<(Array2<f64>, Vec<f64>)> {
        let mut factor = self.leading.images.view().split_at(Axis(1), self.first).1.to_owned();
        if self.above().is_empty() {
            return Ok((factor, Vec::new()));
        }
        for (mut column, ratio) in factor.columns_mut().into_iter().zip(self.above()) {
            let length = (1.0 - 1.0 / ratio).sqrt();
            column.mapv_inplace(|value| value * length);
        }
        let (squares, turn) = eigh(matmul(factor.t(), factor.view(), ctx)?.view(), ctx)?;
        let turned = matmul(factor.view(), turn.view(), ctx)?;
        let (p, rank) = turned.dim();
        let mut ordered = Array2::from_shape_fn((p, rank), |(i, k)| turned[(i, rank - 1 - k)]);
        for mut column in ordered.columns_mut() {
            // Signs are the same everywhere: the entry of the largest size is positive.
            let largest =
                column.iter().fold(0.0f64, |most, &value| if value.abs() > most.abs() { value } else { most });
            if largest < 0.0 {
                column.mapv_inplace(|value| -value);
            }
        }
        Ok((ordered, squares.into_iter().rev().collect()))
    }
}

/// A + sum over i of scale(i) q_i q_i', for the columns q_i; exactly symmetric.
fn plus_scaled(
    a: &Array2<f64>,
    q: ArrayView2<'_, f64>,
    scale: impl Fn(usize) -> f64,
    ctx: &Context,
) -> Result<Array2<f64>> {
    if q.ncols() == 0 {
        return Ok(a.clone());
    }
    let scaled = Array2::from_shape_fn(q.dim(), |(row, i)| scale(i) * q[(row, i)]);
    let mut sum = matmul(scaled.view(), q.t(), ctx)? + a;
    symmetrize(&mut sum);
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_gradient_is_that_of_the_minimum_and_the_low_rank_part_is_optimal() {
        let ctx = Context::new();
        let s = array![[2.0, 1.2, 0.9], [1.2, 1.5, 0.8], [0.9, 0.8, 1.1]];
        let theta = array![[1.6, 0.1, -0.2], [0.1, 1.9, 0.0], [-0.2, 0.0, 2.2]];
        let set = Set { s: s.view(), weight: 1.0, mu: 0.7 };
        let value = |theta: &Array2<f64>| Profile::of(theta.view(), &set, None, &ctx).unwrap().unwrap();
        let profile = value(&theta);
        assert!(profile.above().len() == 1, "{:?}", profile.above());
        let slope = profile.slope(&set, &ctx).unwrap();
        let h = 1e-5;
        for i in 0..3 {
            for j in 0..=i {
                let moved = |length: f64| {
                    let mut moved = theta.clone();
                    moved[(i, j)] += length;
                    moved[(j, i)] = moved[(i, j)];
                    value(&moved).value
                };
                let count = if i == j { 1.0 } else { 2.0 };
                let difference = (moved(h) - moved(-h)) / (2.0 * h * count);
                assert!((difference - slope.gradient[(i, j)]).abs() < 1e-8, "{i} {j}: {difference}");
            }
        }
        // W - S + mu I is positive semidefinite, and 0 along L.
        let mut slack = -&slope.gradient;
        slack.diag_mut().mapv_inplace(|value| value + set.mu);
        let (factor, eigenvalues) = profile.low_rank(&ctx).unwrap();
        assert!(eigh(slack.view(), &ctx).unwrap().0[0] > -1e-12);
        assert!(slack.dot(&factor).iter().all(|value| value.abs() < 1e-12));
        let low_rank = factor.dot(&factor.t());
        assert!((low_rank.diag().sum() - eigenvalues.iter().sum::<f64>()).abs() < 1e-12);
        let precision = Cholesky::new((&theta - &low_rank).view()).unwrap();
        assert!((precision.logdet() - profile.logdet).abs() < 1e-12);
        let own = (&s * &(&theta - &low_rank)).sum() + set.mu * low_rank.diag().sum() - profile.logdet;
        assert!((own - profile.value).abs() < 1e-12, "{own} {}", profile.value);
    }
}
