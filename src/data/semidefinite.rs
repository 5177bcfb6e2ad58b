//! Symmetric matrices that should be covariances and are not: the step to one that is.

use ndarray::{Array2, ArrayView2};

use super::covariance::to_correlation;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{self, Cholesky, is_clearly_definite};

/// What it took to make a matrix positive semidefinite, in units of the standard deviations.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projected {
    /// The smallest eigenvalue of the correlations before.
    pub smallest: f64,
    /// The largest change of a correlation.
    pub change: f64,
}

/// Correlations whose smallest eigenvalue is at least this, and this for every variable, need no closer look: the quick
/// test of that in single precision errs by far less.
const MARGIN: (f32, f32) = (1e-3, 1e-6);
/// Added to the correlations' diagonal before the test in double precision: above what its rounding does to a singular
/// matrix, below what the last of printed digits do.
const RIDGE: f64 = 1e-10;
/// Negative eigenvalues up to this share of the largest one are rounding.
const ROUNDING: f64 = 1e-10;

/// For a symmetric p x p matrix with a positive diagonal that is not positive semidefinite, one that is: the negative
/// eigenvalues of its correlations become 0 (the nearest matrix in the Frobenius norm), and rows and columns are scaled
/// so that the variances are what they were. None where it is positive semidefinite but for rounding in double
/// precision. In units of standard deviations, so that the answer does not depend on the variables' units.
///
/// # Errors
/// Entries so far beyond the variances that there are no eigenvalues; limits of the context.
pub fn nearest_semidefinite(s: ArrayView2<'_, f64>, ctx: &Context) -> Result<Option<(Array2<f64>, Projected)>> {
    let p = s.nrows();
    let scale: Vec<f64> = s.diag().iter().map(|variance| 1.0 / variance.sqrt()).collect();
    // The correlations and a factor of them.
    let _held = ctx.reserve_matrices(2, p, p)?;
    if is_clearly_definite(s, &scale, MARGIN.0.max(MARGIN.1 * p as f32), ctx)? {
        return Ok(None);
    }
    let mut r = Array2::from_shape_fn((p, p), |(i, j)| s[(i, j)] * scale[i] * scale[j]);
    let too_far = || Error::data("the covariances are far beyond what the variances allow");
    if r.iter().any(|value| !value.is_finite()) {
        return Err(too_far());
    }
    r.diag_mut().fill(1.0 + RIDGE);
    if Cholesky::checked(r.view(), ctx)?.is_some() {
        return Ok(None);
    }
    r.diag_mut().fill(1.0);
    let _more = ctx.reserve_matrices(4, p, p)?;
    let (values, vectors) = linalg::eigh(r.view(), ctx)?;
    let (Some(&smallest), Some(&largest)) = (values.first(), values.last()) else { return Ok(None) };
    if smallest > -ROUNDING * largest {
        return Ok(None);
    }
    // The trace is positive, so that at least one eigenvalue is.
    let first = values.iter().position(|&value| value > 0.0).ok_or_else(too_far)?;
    let half = Array2::from_shape_fn((p - first, p), |(k, i)| vectors[(i, first + k)] * values[first + k].sqrt());
    let mut nearest = linalg::gram(half.view(), ctx)?;
    to_correlation(&mut nearest);
    if nearest.iter().any(|value| !value.is_finite()) {
        return Err(too_far());
    }
    let change = nearest.iter().zip(&r).fold(0.0, |most: f64, (new, old)| most.max((new - old).abs()));
    for ((i, j), value) in nearest.indexed_iter_mut() {
        *value = if i == j { s[(i, i)] } else { *value / (scale[i] * scale[j]) };
    }
    linalg::symmetrize(&mut nearest);
    Ok(Some((nearest, Projected { smallest, change })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn an_indefinite_matrix_keeps_its_variances_in_any_units() {
        let ctx = Context::new();
        // Correlations 0.9, 0.9, -0.9 contradict each other; their smallest eigenvalue is 1 - 2 x 0.9.
        let r = array![[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]];
        let units = [1.0, 1e3, 1e-4];
        let before = Array2::from_shape_fn((3, 3), |(i, j)| r[(i, j)] * units[i] * units[j]);
        let (s, projected) = nearest_semidefinite(before.view(), &ctx).unwrap().unwrap();
        assert!((projected.smallest + 0.8).abs() < 1e-12, "{projected:?}");
        // The other eigenvalue is 1.9, twice: what is left is 1.9 (I - vv'), and in units of its diagonal 1/2 off it.
        assert!((projected.change - 0.4).abs() < 1e-12, "{projected:?}");
        let (alone, _) = nearest_semidefinite(r.view(), &ctx).unwrap().unwrap();
        assert!(linalg::min_eigenvalue(alone.view(), &ctx).unwrap() > -1e-14);
        for ((i, j), value) in s.indexed_iter() {
            assert!((value - alone[(i, j)] * units[i] * units[j]).abs() < 1e-12 * units[i] * units[j]);
            assert_eq!(s[(i, j)], s[(j, i)]);
        }
        assert_eq!(s.diag(), before.diag());
    }

    #[test]
    fn singular_matrices_and_rounding_are_left_alone() {
        let ctx = Context::new();
        for off in [1.0, 1.0 + 1e-12, -1.0] {
            assert_eq!(nearest_semidefinite(array![[1.0, off], [off, 1.0]].view(), &ctx).unwrap(), None);
        }
        // Rank 2 among 60 variables, in units over 20 decades.
        let unit = |i: usize| 10f64.powf((i % 21) as f64 - 10.0);
        let singular = Array2::from_shape_fn((60, 60), |(i, j)| planar(i, j) * unit(i) * unit(j));
        assert_eq!(nearest_semidefinite(singular.view(), &ctx).unwrap(), None);
        let wild = array![[1.0, 1e300], [1e300, 1.0]];
        assert!(!matches!(nearest_semidefinite(wild.view(), &ctx), Ok(None)));
    }

    /// Correlations of rank 2: the cosines of the angles between directions in the plane.
    fn planar(i: usize, j: usize) -> f64 {
        (0.7 * (i as f64 - j as f64)).cos()
    }

    #[test]
    fn six_printed_digits_of_a_singular_matrix_are_found_out() {
        let ctx = Context::new();
        let printed = Array2::from_shape_fn((8, 8), |(i, j)| (planar(i, j) * 1e6).round() / 1e6);
        let (nearest, projected) = nearest_semidefinite(printed.view(), &ctx).unwrap().unwrap();
        assert!(projected.smallest < -1e-7 && projected.smallest > -1e-5, "{projected:?}");
        assert!(projected.change < 1e-5, "{projected:?}");
        assert!(linalg::min_eigenvalue(nearest.view(), &ctx).unwrap() > -1e-14);
    }
}
