//! Points of the dual: covariances W that are positive definite and within the penalties of S. Where there is one the
//! graphical lasso has a solution, and where there is none the likelihood grows without bound (Banerjee, El Ghaoui,
//! d'Aspremont, JMLR 9:485, 2008, by strong duality).

use ndarray::{Array2, ArrayView2};

use super::proximal_newton::{descend, diagonal_start};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::Cholesky;
use crate::problem::{Certificate, L1, Separable};

/// Newton steps for a completion at most: where there is one, a few do.
const STEPS: usize = 100;
/// The gap of a completion, relative to the objective: any matrix inside the cone does.
const ROUGH: f64 = 1e-3;

/// A feasible, positive definite W; `None` where double precision finds none, which says for a problem with free pairs
/// that it has no solution.
///
/// # Errors
/// Cancellation; memory.
pub fn interior(s: ArrayView2<'_, f64>, penalty: &L1, ctx: &Context) -> Result<Option<Array2<f64>>> {
    let is_inside = |w: &Array2<f64>| Ok::<_, crate::Error>(Cholesky::checked(w.view(), ctx)?.is_some());
    let pattern = Array2::from_shape_fn(s.dim(), |(i, j)| match penalty.at(i, j) {
        bound if i == j => s[(i, i)] + bound,
        0.0 => s[(i, j)],
        _ => 0.0,
    });
    let w = towards(pattern, s, penalty);
    if is_inside(&w)? {
        return Ok(Some(w));
    }
    if !penalty.has_free_pairs(s.nrows()) {
        return Ok(None);
    }
    // S moved by nothing but the penalties of its diagonal.
    let mut w = s.to_owned();
    for i in 0..s.nrows() {
        w[(i, i)] += penalty.at(i, i);
    }
    if is_inside(&w)? {
        return Ok(Some(w));
    }
    let Some(completion) = completion(s, penalty, ctx)? else { return Ok(None) };
    let w = towards(completion, s, penalty);
    Ok(if is_inside(&w)? { Some(w) } else { None })
}

/// S moved towards `base` as far as the penalties allow; the diagonal is that of `base`.
///
/// Positive definite where `base` is: S is positive semidefinite, and some of `base` is added unless a penalty is 0 in
/// double precision.
fn towards(mut base: Array2<f64>, s: ArrayView2<'_, f64>, penalty: &L1) -> Array2<f64> {
    let mut t: f64 = 1.0;
    for j in 0..s.nrows() {
        let bounds = penalty.row(j);
        for i in 0..j {
            let (distance, bound) = ((base[(j, i)] - s[(j, i)]).abs(), bounds.at(i));
            if bound < distance {
                t = t.min(bound / distance);
            }
        }
    }
    base.indexed_iter_mut().filter(|((i, j), _)| i != j).for_each(|(place, w)| *w = s[place] + t * (*w - s[place]));
    base
}

/// The positive definite matrix with the entries of S, and its penalised diagonal, wherever an entry is free, that has
/// the largest determinant (Dempster, Biometrics 28:157, 1972); `None` where there is none: then nothing bounds the
/// likelihood.
///
/// # Errors
/// Cancellation; memory.
pub fn completion<P: Separable>(s: ArrayView2<'_, f64>, penalty: &P, ctx: &Context) -> Result<Option<Array2<f64>>> {
    let _held = ctx.reserve_matrices(2, s.nrows(), s.nrows())?;
    let pattern = L1::Matrix(Array2::from_shape_fn(s.dim(), |(i, j)| match (i == j, penalty.is_free(i, j)) {
        (true, _) if penalty.curvature(i, i) > 0.0 => penalty.lasso().at(i, i) + s[(i, i)],
        (true, _) => penalty.lasso().at(i, i),
        (false, true) => 0.0,
        (false, false) => f64::INFINITY,
    }));
    let close = |certificate: &Certificate| ROUGH * certificate.primal.abs().max(1.0);
    let start = diagonal_start(s, &pattern);
    let descent = descend(s, &pattern, start, close, STEPS, ctx)?;
    if descent.certified.certificate.gap.is_infinite() {
        return Ok(None);
    }
    let mut w = descent.certified.inverse;
    w.indexed_iter_mut().for_each(|((i, j), w)| match pattern.at(i, j) {
        bound if i == j => *w = s[(i, i)] + bound,
        0.0 => *w = s[(i, j)],
        _ => {}
    });
    Ok(Some(w))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rank one: any three free entries of a cycle leave no room, those of a tree do.
    #[test]
    fn a_problem_has_a_point_inside_where_it_has_a_solution() {
        let x = [1.0, -2.0, 0.5, 1.5];
        let s = Array2::from_shape_fn((4, 4), |(i, j)| x[i] * x[j] + if i == j { 0.3 } else { 0.0 });
        let ctx = Context::new();
        let lambda = |free: &[(usize, usize)], rest: f64| {
            L1::Matrix(Array2::from_shape_fn((4, 4), |(i, j)| {
                if i == j || free.contains(&(i.min(j), i.max(j))) { 0.0 } else { rest }
            }))
        };
        // A tree whose diagonal and free entries alone are indefinite: only the completion is inside.
        let tree = [(0, 1), (1, 2), (1, 3)];
        let pattern =
            Array2::from_shape_fn(
                (4, 4),
                |(i, j)| {
                    if i == j || tree.contains(&(i.min(j), i.max(j))) { s[(i, j)] } else { 0.0 }
                },
            );
        assert!(Cholesky::new(pattern.view()).is_none());
        for rest in [1e-3, 0.5, f64::INFINITY] {
            let penalty = lambda(&tree, rest);
            let w = interior(s.view(), &penalty, &ctx).unwrap().unwrap();
            assert!(Cholesky::new(w.view()).is_some());
            for ((i, j), value) in w.indexed_iter() {
                assert!((value - s[(i, j)]).abs() <= penalty.at(i, j) * (1.0 + 1e-12), "{i} {j}");
            }
        }
        let singular = Array2::from_shape_fn((4, 4), |(i, j)| x[i] * x[j]);
        assert!(interior(singular.view(), &lambda(&tree, 0.5), &ctx).unwrap().is_none());
        assert!(interior(singular.view(), &lambda(&[], 0.5), &ctx).unwrap().is_some());
    }
}
