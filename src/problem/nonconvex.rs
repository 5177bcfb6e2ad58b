//! Penalties that stop growing: SCAD and MCP. Large entries are not shrunk, and the problem may have several minima.

use ndarray::{Array2, ArrayView2};

use super::{Entrywise, L1};
use crate::error::{Error, Result};

/// A penalty of one number that is concave away from 0 and constant from some size on.
///
/// Up to its scale lambda it is lambda^2 phi(|x| / lambda), where phi has slope 1 at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Concave {
    /// Smoothly clipped absolute deviation (Fan, Li, JASA 96:1348, 2001): slope 1 up to 1, then falling to 0 at
    /// `concavity`, which is above 2.
    Scad {
        /// Where it is constant, in units of lambda.
        concavity: f64,
    },
    /// Minimax concave penalty (Zhang, Annals of Statistics 38:894, 2010): a slope that falls from 1 at 0 to 0 at
    /// `concavity`, which is above 1.
    Mcp {
        /// Where it is constant, in units of lambda.
        concavity: f64,
    },
}

/// An entry so many times lambda is not penalised.
const FAR: f64 = 1e150;

/// A part of phi: from `low` to `high` its slope is `slope` + `bend` x.
struct Piece {
    high: f64,
    low: f64,
    slope: f64,
    bend: f64,
}

impl Concave {
    /// SCAD as it is mostly used.
    pub const SCAD: Self = Self::Scad { concavity: 3.7 };
    /// MCP as it is mostly used.
    pub const MCP: Self = Self::Mcp { concavity: 3.0 };
    /// Beyond this it is the L1 penalty in double precision.
    pub const MOST: f64 = 1e12;

    /// The word for the penalty.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scad { .. } => "scad",
            Self::Mcp { .. } => "mcp",
        }
    }

    /// Where it is constant, in units of lambda.
    pub fn concavity(self) -> f64 {
        match self {
            Self::Scad { concavity } | Self::Mcp { concavity } => concavity,
        }
    }

    /// Checks the concavity.
    ///
    /// # Errors
    /// One that is too small for the penalty to be one, or larger than [`Concave::MOST`].
    pub fn check(self) -> Result<()> {
        let least = match self {
            Self::Scad { .. } => 2.0,
            Self::Mcp { .. } => 1.0,
        };
        let concavity = self.concavity();
        if concavity > least && concavity <= Self::MOST {
            return Ok(());
        }
        let (name, most) = (self.name(), Self::MOST);
        Err(Error::option(format!(
            "concavity of \"{name}\" must be a number > {least} and <= {most:e}, not {concavity}"
        ))
        .with_hint("3.7 is usual for \"scad\", 3 for \"mcp\"; the larger, the closer to \"l1\""))
    }

    /// phi(u) of u >= 0.
    fn unit_value(self, u: f64) -> f64 {
        match self {
            Self::Scad { concavity: a } if u > a => 0.5 * (a + 1.0),
            Self::Scad { concavity: a } if u > 1.0 => u - 0.5 * (u - 1.0) * (u - 1.0) / (a - 1.0),
            Self::Mcp { concavity: a } if u > a => 0.5 * a,
            Self::Mcp { concavity: a } => u - 0.5 * u * u / a,
            Self::Scad { .. } => u,
        }
    }

    /// phi'(u) of u >= 0.
    fn unit_slope(self, u: f64) -> f64 {
        match self {
            Self::Scad { concavity: a } => ((a - u) / (a - 1.0)).clamp(0.0, 1.0),
            Self::Mcp { concavity: a } => (1.0 - u / a).max(0.0),
        }
    }

    /// The parts of phi that are not constant; the second one of MCP is their end alone.
    fn pieces(self) -> [Piece; 2] {
        match self {
            Self::Scad { concavity: a } => [
                Piece { low: 0.0, high: 1.0, slope: 1.0, bend: 0.0 },
                Piece { low: 1.0, high: a, slope: a / (a - 1.0), bend: -1.0 / (a - 1.0) },
            ],
            Self::Mcp { concavity: a } => [
                Piece { low: 0.0, high: a, slope: 1.0, bend: -1.0 / a },
                Piece { low: a, high: a, slope: 0.0, bend: 0.0 },
            ],
        }
    }

    /// The penalty of x at scale `lambda`: infinite where that is and x is not 0.
    #[inline]
    pub fn value(self, lambda: f64, x: f64) -> f64 {
        if x == 0.0 || lambda == 0.0 {
            return 0.0;
        }
        if lambda.is_infinite() {
            return f64::INFINITY;
        }
        lambda * (lambda * self.unit_value(x.abs() / lambda))
    }

    /// Its slope at |x|, to the right: `lambda` at 0.
    #[inline]
    pub fn slope(self, lambda: f64, x: f64) -> f64 {
        if x == 0.0 || lambda == 0.0 || lambda.is_infinite() {
            return lambda;
        }
        lambda * self.unit_slope(x.abs() / lambda)
    }

    /// The z of the smallest (z - x)^2 / 2 + `step` P(z) among all numbers, nearest to 0 where there are two. Where the
    /// square is less curved than the penalty, the sum has several local minima: one of each part is compared.
    pub fn proximal(self, lambda: f64, x: f64, step: f64) -> f64 {
        if lambda == 0.0 || x == 0.0 {
            return x;
        }
        if lambda.is_infinite() {
            return 0.0;
        }
        // In units of lambda.
        let (target, curvature) = (x.abs() / lambda, step.recip());
        if target > FAR {
            return x; // its square leaves double precision, and the penalty is nothing beside it
        }
        let value = |u: f64| curvature * u * (0.5 * u - target) + self.unit_value(u);
        let (mut best, mut least) = (0.0, 0.0);
        let mut compare = |u: f64| {
            let value = value(u);
            if value < least {
                (best, least) = (u, value);
            }
        };
        for Piece { low, high, slope, bend } in self.pieces() {
            let bent = curvature + bend;
            // Where the sum is not convex its minimum over a part is at an end; the lower one is the part before's.
            let inner = if bent > 0.0 { (curvature * target - slope) / bent } else { high };
            compare(inner.clamp(low, high));
        }
        if target >= self.concavity() {
            compare(target);
        }
        if best == target { x } else { (lambda * best).copysign(x) }
    }
}

/// sum_ij P_ij(theta_ij), where P_ij is SCAD or MCP at the scale Lambda_ij: 0 leaves an entry free, infinity forbids it.
#[derive(Debug, Clone, PartialEq)]
pub struct Nonconvex {
    lambda: L1,
    form: Concave,
}

impl Nonconvex {
    /// The penalty at these scales.
    ///
    /// # Errors
    /// As [`Concave::check`].
    pub fn new(lambda: &L1, form: Concave) -> Result<Self> {
        form.check()?;
        Ok(Self { lambda: lambda.clone(), form })
    }

    /// The weighted L1 penalty that touches this one at Theta and lies nowhere below it, up to a constant: the local
    /// linear approximation (Zou, Li, Annals of Statistics 36:1509, 2008).
    pub fn tangent(&self, theta: ArrayView2<'_, f64>) -> L1 {
        L1::Matrix(Array2::from_shape_fn(theta.dim(), |(i, j)| self.slope(i, j, theta[(i, j)])))
    }

    /// The slope of P_ij at |x|.
    #[inline]
    pub fn slope(&self, i: usize, j: usize, x: f64) -> f64 {
        self.form.slope(self.lambda.at(i, j), x)
    }

    /// The penalty on some of the variables.
    #[must_use]
    pub fn restricted(&self, positions: &[usize]) -> Self {
        Self { lambda: self.lambda.restrict(positions), form: self.form }
    }
}

impl Entrywise for Nonconvex {
    #[inline]
    fn value_at(&self, i: usize, j: usize, x: f64) -> f64 {
        self.form.value(self.lambda.at(i, j), x)
    }

    #[inline]
    fn proximal_at(&self, i: usize, j: usize, x: f64, step: f64) -> f64 {
        self.form.proximal(self.lambda.at(i, j), x, step)
    }

    #[inline]
    fn violation_at(&self, i: usize, j: usize, x: f64, gradient: f64) -> f64 {
        let slope = self.slope(i, j, x);
        if x == 0.0 { (gradient.abs() - slope).max(0.0) } else { (gradient + slope.copysign(x)).abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [Concave; 4] =
        [Concave::SCAD, Concave::MCP, Concave::Scad { concavity: 2.01 }, Concave::Mcp { concavity: 1.05 }];

    #[test]
    fn the_proximal_point_is_the_best_of_a_fine_grid_however_flat_the_square() {
        for form in FORMS {
            for step in [0.1, 1.0, 1.5, 4.0, 40.0] {
                for k in -60..=60 {
                    let x = 0.05 * f64::from(k);
                    let value = |z: f64| 0.5 * (z - x) * (z - x) + step * form.value(0.4, z);
                    let z = form.proximal(0.4, x, step);
                    let best = (-3200..=3200).map(|m| value(f64::from(m) / 1000.0)).fold(f64::INFINITY, f64::min);
                    assert!(value(z) <= best + 1e-12, "{form:?} step {step}, x {x}: {z} {} {best}", value(z));
                    assert!(z * x >= 0.0 && z.abs() <= x.abs() + 1e-12);
                }
            }
        }
    }

    #[test]
    fn slopes_are_differences_of_values_and_end_at_the_concavity() {
        for form in FORMS {
            for k in 1..400 {
                let (x, h) = (0.005 * f64::from(k) + 0.0013, 1e-6);
                let difference = (form.value(0.4, x + h) - form.value(0.4, x - h)) / (2.0 * h);
                assert!((difference - form.slope(0.4, x)).abs() < 1e-5, "{form:?} at {x}");
            }
            let end = 0.4 * form.concavity();
            assert!(form.slope(0.4, 1.001 * end) == 0.0 && form.slope(0.4, 0.999 * end) > 0.0);
            assert_eq!((form.value(0.4, 9.0), form.proximal(0.4, 9.0, 1.0)), (form.value(0.4, 7.0), 9.0));
        }
    }

    #[test]
    fn a_large_concavity_is_the_lasso_and_free_and_forbidden_entries_stay() {
        for form in [Concave::Scad { concavity: 1e9 }, Concave::Mcp { concavity: 1e9 }] {
            for x in [-2.0, -0.3, 0.1, 0.9, 5.0f64] {
                let soft = (x.abs() - 0.8f64).max(0.0).copysign(x);
                assert!((form.proximal(0.4, x, 2.0) - soft).abs() < 1e-7, "{form:?} {x}");
                assert!((form.value(0.4, x) - 0.4 * x.abs()).abs() < 1e-6);
            }
        }
        for form in FORMS {
            assert_eq!((form.proximal(0.0, 7.0, 1.0), form.value(0.0, 7.0), form.slope(0.0, 7.0)), (7.0, 0.0, 0.0));
            let inf = f64::INFINITY;
            assert_eq!((form.proximal(inf, 7.0, 1.0), form.value(inf, 0.0), form.value(inf, 1.0)), (0.0, 0.0, inf));
            for extreme in [1e-310, 1e-160, 1e160, 1e300] {
                let z = form.proximal(extreme, 1.0, 1.0);
                assert!(z == 0.0 || z == 1.0, "{form:?} {extreme}: {z}");
                assert!(!form.value(extreme, 1.0).is_nan());
            }
        }
    }

    #[test]
    fn a_concavity_out_of_range_is_refused() {
        for wrong in [2.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Concave::Scad { concavity: wrong }.check().is_err(), "{wrong}");
        }
        assert!(Concave::Mcp { concavity: 1.0 }.check().is_err() && Concave::Mcp { concavity: 1.1 }.check().is_ok());
    }
}
