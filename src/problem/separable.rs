//! What a solver needs to know about a penalty that is a sum over the entries of Theta.

use super::L1;

/// What a coordinate step needs to know about a penalty that is a sum over the entries of Theta, convex or not: each
/// P_ij is even, 0 at 0 and does not fall away from it.
pub trait Entrywise: Sync {
    /// P_ij(x); infinite where the entry must be 0 and is not.
    fn value_at(&self, i: usize, j: usize, x: f64) -> f64;

    /// A z that minimises (z - x)^2 / 2 + `step` P_ij(z) over all numbers.
    fn proximal_at(&self, i: usize, j: usize, x: f64, step: f64) -> f64;

    /// The smallest absolute value of `gradient` plus a slope of P_ij at x: 0 where x is stationary.
    fn violation_at(&self, i: usize, j: usize, x: f64, gradient: f64) -> f64;
}

impl<P: Separable> Entrywise for P {
    #[inline]
    fn value_at(&self, i: usize, j: usize, x: f64) -> f64 {
        self.value(i, j, x)
    }

    #[inline]
    fn proximal_at(&self, i: usize, j: usize, x: f64, step: f64) -> f64 {
        self.proximal(i, j, x, step)
    }

    #[inline]
    fn violation_at(&self, i: usize, j: usize, x: f64, gradient: f64) -> f64 {
        self.violation(i, j, x, gradient)
    }
}

/// A separable penalty P(Theta) = sum_ij P_ij(theta_ij), each P_ij convex, even, and 0 at 0.
///
/// A penalty says how it is made of an L1 part and a curvature; the rest follows for
/// P_ij(x) = a |x| + b/2 x^2 with a = `lasso().at(i, j)` and b = `curvature(i, j)`.
pub trait Separable: Sync {
    /// The L1 part: P_ij has the slopes from -a to a at 0. Infinite where the entry must be 0.
    fn lasso(&self) -> &L1;

    /// The curvature b >= 0 of the smooth part; finite.
    fn curvature(&self, i: usize, j: usize) -> f64;

    /// The penalty on some of the variables.
    #[must_use]
    fn restricted(&self, positions: &[usize]) -> Self
    where
        Self: Sized;

    /// The penalty x -> P(factor x): that of Theta in other units.
    #[must_use]
    fn rescaled(&self, factor: f64) -> Self
    where
        Self: Sized;

    /// P_ij(x); infinite where the entry must be 0 and is not.
    #[inline]
    fn value(&self, i: usize, j: usize, x: f64) -> f64 {
        if x == 0.0 {
            return 0.0; // infinity times 0 would be NaN
        }
        let curvature = self.curvature(i, j);
        let smooth = if curvature > 0.0 { 0.5 * curvature * x * x } else { 0.0 };
        self.lasso().at(i, j) * x.abs() + smooth
    }

    /// The proximal map: the z that minimises (z - x)^2 / 2 + `step` P_ij(z).
    #[inline]
    fn proximal(&self, i: usize, j: usize, x: f64, step: f64) -> f64 {
        let excess = x.abs() - step * self.lasso().at(i, j);
        if excess > 0.0 { excess.copysign(x) / (1.0 + step * self.curvature(i, j)) } else { 0.0 }
    }

    /// The conjugate sup_x u x - P_ij(x); infinite outside its domain.
    #[inline]
    fn conjugate(&self, i: usize, j: usize, u: f64) -> f64 {
        let excess = u.abs() - self.lasso().at(i, j);
        let curvature = self.curvature(i, j);
        match (excess > 0.0, curvature > 0.0) {
            (false, _) => 0.0,
            (true, true) => excess * excess / (2.0 * curvature),
            (true, false) => f64::INFINITY,
        }
    }

    /// The slope nearest to u that P_ij has on [-reach, reach]; an infinite reach gives the domain of the conjugate.
    #[inline]
    fn project(&self, i: usize, j: usize, u: f64, reach: f64) -> f64 {
        let curvature = self.curvature(i, j);
        // 0 times an infinite reach would be NaN.
        let bound = self.lasso().at(i, j) + if curvature > 0.0 { curvature * reach } else { 0.0 };
        u.clamp(-bound, bound)
    }

    /// The smallest absolute value of `gradient` plus a subgradient of P_ij at x: 0 where x is optimal.
    #[inline]
    fn violation(&self, i: usize, j: usize, x: f64, gradient: f64) -> f64 {
        let slope = self.lasso().at(i, j);
        if x == 0.0 {
            (gradient.abs() - slope).max(0.0)
        } else {
            (gradient + slope * x.signum() + self.curvature(i, j) * x).abs()
        }
    }

    /// Whether the entry is not penalised.
    #[inline]
    fn is_free(&self, i: usize, j: usize) -> bool {
        self.lasso().at(i, j) == 0.0 && self.curvature(i, j) == 0.0
    }

    /// Whether some pair of p variables is not penalised: only then can a problem be without a solution.
    fn leaves_pairs_free(&self, p: usize) -> bool {
        (0..p).any(|i| (0..i).any(|j| self.is_free(i, j)))
    }

    /// Whether nothing is penalised, for p variables.
    fn is_absent(&self, p: usize) -> bool {
        (0..p).all(|i| (0..=i).all(|j| self.is_free(i, j)))
    }
}

impl Separable for L1 {
    #[inline]
    fn lasso(&self) -> &L1 {
        self
    }

    #[inline]
    fn curvature(&self, _: usize, _: usize) -> f64 {
        0.0
    }

    fn restricted(&self, positions: &[usize]) -> Self {
        self.restrict(positions)
    }

    fn rescaled(&self, factor: f64) -> Self {
        self.map(|weight| factor * weight)
    }
}
