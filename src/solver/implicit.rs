//! The optimality conditions of a penalised precision matrix, differentiated: how Theta moves with its penalties.
//!
//! On the support, with W = Theta^-1 and penalties a |x| + b/2 x^2, the conditions S_ij - W_ij + a sign(Theta_ij) +
//! b Theta_ij = 0 hold; their differential is P(W dTheta W) + b dTheta = -dLambda slope, where slope is the derivative
//! of a sign(Theta_ij) + b Theta_ij by Lambda_ij. The map on the left is symmetric and positive definite: one solve by
//! conjugate gradients gives dTheta for a direction dLambda, or, for the gradient of a criterion, the adjoint U, from
//! which dC/dLambda_ij = -U_ij slope_ij. The inverse of the map without P and b, Theta R Theta, is the preconditioner.

use ndarray::Array2;

use super::support::{Factor, Room, Support};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::analysis::UnionFind;
use crate::linalg::{Cholesky, SparseSymmetric, axpy};

/// More steps than this are not taken; a well-posed system needs some hundred.
const STEPS: usize = 3000;
/// So many steps without a smaller residual end the iteration: rounding allows no more.
const STALLED: usize = 100;

/// The equations for one Theta, a connected component at a time.
#[derive(Debug)]
pub struct Implicit {
    p: usize,
    parts: Vec<Part>,
    logdet: f64,
}

/// One component, in units in which Theta has a unit diagonal: neither tolerance nor rounding depends on those of the data.
#[derive(Debug)]
struct Part {
    positions: Vec<usize>,
    support: Support,
    /// sqrt(Theta_ii).
    units: Vec<f64>,
    theta: Factor,
    /// W, dense.
    w: Factor,
    /// b on the support; empty where there is none.
    curvature: Vec<f64>,
}

/// The solution of the equations.
#[derive(Debug, Clone)]
pub struct Adjoint {
    /// Symmetric, zero off the support of Theta.
    pub u: SparseSymmetric,
    /// Steps of conjugate gradients, of the component that took most.
    pub iterations: usize,
    /// Whether the residual is within the tolerance.
    pub converged: bool,
}

impl Implicit {
    /// The equations at a solution Theta whose penalty has the curvatures b, 0 for the graphical lasso.
    ///
    /// # Errors
    /// A Theta that is not positive definite; memory, cancellation.
    pub fn new(theta: &SparseSymmetric, curvature: impl Fn(usize, usize) -> f64, ctx: &Context) -> Result<Self> {
        let p = theta.p();
        let mut union = UnionFind::new(p);
        theta.pairs().for_each(|(i, j, _)| {
            union.join(i, j);
        });
        let mut logdet = 0.0;
        let mut parts = Vec::new();
        for positions in union.groups() {
            let (part, own) = Part::new(theta, positions, &curvature, ctx)?;
            logdet += own;
            parts.push(part);
        }
        Ok(Self { p, parts, logdet })
    }

    /// log det Theta.
    pub fn logdet(&self) -> f64 {
        self.logdet
    }

    /// W = Theta^-1, p x p: exactly 0 between components.
    ///
    /// # Errors
    /// Memory.
    pub fn inverse(&self, ctx: &Context) -> Result<Array2<f64>> {
        let _held = ctx.reserve_matrices(1, self.p, self.p)?;
        let mut whole = Array2::zeros((self.p, self.p));
        for part in &self.parts {
            let Factor::Dense(w) = &part.w else { continue };
            for (a, (row, &i)) in w.rows().into_iter().zip(&part.positions).enumerate() {
                for (b, (&value, &j)) in row.iter().zip(&part.positions).enumerate() {
                    whole[(i, j)] = value / part.units[a] / part.units[b];
                }
            }
        }
        Ok(whole)
    }

    /// The U with P(W U W) + b U = P(R), for R given by its entries i <= j, until the residual is at most `tol` times R;
    /// starting from `warm`, a solution of a similar system.
    ///
    /// # Errors
    /// An R with entries that are not finite; memory, cancellation.
    pub fn solve(
        &self,
        right: impl Fn(usize, usize) -> f64,
        warm: Option<&SparseSymmetric>,
        tol: f64,
        ctx: &Context,
    ) -> Result<Adjoint> {
        let mut diagonal = vec![0.0; self.p];
        let mut upper = Vec::new();
        let (mut iterations, mut converged) = (0, true);
        for part in &self.parts {
            let (u, steps, reached) = part.solve(&right, warm, tol, ctx)?;
            iterations = iterations.max(steps);
            converged &= reached;
            for ((i, j), &value) in part.entries().zip(&u) {
                match i == j {
                    true => diagonal[i] = value,
                    false => upper.push((i as u32, j as u32, value)),
                }
            }
        }
        Ok(Adjoint { u: SparseSymmetric::from_upper(diagonal, &upper), iterations, converged })
    }
}

impl Part {
    fn new(
        theta: &SparseSymmetric,
        positions: Vec<usize>,
        curvature: &impl Fn(usize, usize) -> f64,
        ctx: &Context,
    ) -> Result<(Self, f64)> {
        let m = positions.len();
        let _held = ctx.reserve_matrices(4, m, m)?;
        let own = if m == theta.p() { theta.clone() } else { theta.restrict(&positions) };
        let units: Vec<f64> = own.diagonal().iter().map(|value| value.sqrt()).collect();
        let upper: Vec<(u32, u32, f64)> =
            own.pairs().map(|(i, j, value)| (i as u32, j as u32, value / units[i] / units[j])).collect();
        let own = SparseSymmetric::from_upper(vec![1.0; m], &upper);
        let factor = Cholesky::checked(own.to_dense().view(), ctx)?
            .filter(|_| units.iter().all(|unit| *unit > 0.0 && unit.is_finite()))
            .ok_or_else(|| Error::numerical("the precision matrix is not positive definite"))?;
        let w = factor.inverse_checked(ctx)?;
        let w = if w.is_standard_layout() { w } else { w.as_standard_layout().into_owned() };
        let support = Support::of(&own);
        let bend = |(i, j): (usize, usize)| {
            let scale = units[i] * units[j];
            curvature(positions[i], positions[j]) * scale * scale
        };
        let mut bend: Vec<f64> = support.entries().map(bend).collect();
        if bend.iter().all(|&b| b == 0.0) {
            bend.clear();
        }
        let theta = Factor::on(&support, &own);
        let logdet = factor.logdet() + 2.0 * units.iter().map(|unit| unit.ln()).sum::<f64>();
        Ok((Self { positions, support, units, theta, w: Factor::Dense(w), curvature: bend }, logdet))
    }

    /// Where the entries of the support stand in the whole matrix.
    fn entries(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.support.entries().map(|(i, j)| (self.positions[i], self.positions[j]))
    }

    /// U on the support, in the units of the data; how many steps it took, and whether it is within the tolerance.
    fn solve(
        &self,
        right: impl Fn(usize, usize) -> f64,
        warm: Option<&SparseSymmetric>,
        tol: f64,
        ctx: &Context,
    ) -> Result<(Vec<f64>, usize, bool)> {
        let scales: Vec<f64> = self.support.entries().map(|(i, j)| self.units[i] * self.units[j]).collect();
        let mut list: Vec<f64> = self.entries().zip(&scales).map(|((i, j), scale)| right(i, j) * scale).collect();
        if let Some(wrong) = list.iter().find(|value| !value.is_finite()) {
            return Err(Error::data(format!("the gradient has an entry {wrong} where Theta is not zero")));
        }
        // Squares of very large or small numbers leave double precision.
        let size = list.iter().fold(0.0f64, |most, value| most.max(value.abs()));
        if size == 0.0 {
            return Ok((list, 0, true));
        }
        list.iter_mut().for_each(|value| *value /= size);
        let start =
            warm.map(|u| self.entries().zip(&scales).map(|((i, j), scale)| u.at(i, j) / scale / size).collect());
        let (mut u, steps, reached) = self.conjugate_gradients(list, start, tol, ctx)?;
        u.iter_mut().zip(&scales).for_each(|(value, scale)| *value *= scale * size);
        Ok((u, steps, reached))
    }

    /// out = P(W U W) + b U.
    fn apply(&self, u: &[f64], out: &mut [f64], room: &mut Room, ctx: &Context) -> Result<()> {
        self.support.sandwich(&self.w, u, out, room, ctx)?;
        for ((value, b), u) in out.iter_mut().zip(&self.curvature).zip(u) {
            *value += b * u;
        }
        Ok(())
    }

    /// The solution, how many steps it took, and whether it is within the tolerance.
    fn conjugate_gradients(
        &self,
        right: Vec<f64>,
        start: Option<Vec<f64>>,
        tol: f64,
        ctx: &Context,
    ) -> Result<(Vec<f64>, usize, bool)> {
        let (support, len) = (&self.support, self.support.len());
        let _held = ctx.reserve_matrices(1, support.m(), support.m())?;
        let mut room = Room::new(support);
        let target = tol * support.inner(&right, &right).sqrt();
        let mut residual = right;
        let mut u = vec![0.0; len];
        let mut image = vec![0.0; len];
        if let Some(start) = start {
            self.apply(&start, &mut image, &mut room, ctx)?;
            axpy(-1.0, &image, &mut residual);
            u = start;
        }
        let mut size = support.inner(&residual, &residual).sqrt();
        let mut best = (size, 0);
        let mut z = vec![0.0; len];
        support.sandwich(&self.theta, &residual, &mut z, &mut room, ctx)?;
        let mut direction = z.clone();
        let mut steps = 0;
        let mut product = support.inner(&residual, &z);
        while size > target && steps < STEPS && steps - best.1 < STALLED {
            self.apply(&direction, &mut image, &mut room, ctx)?;
            let length = product / support.inner(&direction, &image);
            if !length.is_finite() {
                break;
            }
            axpy(length, &direction, &mut u);
            axpy(-length, &image, &mut residual);
            size = support.inner(&residual, &residual).sqrt();
            steps += 1;
            if size < best.0 {
                best = (size, steps);
            }
            support.sandwich(&self.theta, &residual, &mut z, &mut room, ctx)?;
            let next = support.inner(&residual, &z);
            let factor = next / product;
            product = next;
            for (direction, z) in direction.iter_mut().zip(&z) {
                *direction = z + factor * *direction;
            }
        }
        Ok((u, steps, size <= target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two components, of three variables and of one.
    fn theta() -> SparseSymmetric {
        SparseSymmetric::from_upper(vec![2.0, 3.0, 2.5, 0.5], &[(0, 1, -0.7), (1, 2, 0.4)])
    }

    #[test]
    fn the_solution_meets_the_equations_and_a_warm_start_needs_no_step() {
        let ctx = Context::new();
        for b in [0.0, 0.3] {
            let curvature = |i: usize, j: usize| if i == j { 0.0 } else { b };
            let implicit = Implicit::new(&theta(), curvature, &ctx).unwrap();
            let right = |i: usize, j: usize| 1.0 + (i * 3 + j) as f64;
            let solved = implicit.solve(right, None, 1e-13, &ctx).unwrap();
            let (u, w) = (solved.u.to_dense(), implicit.inverse(&ctx).unwrap());
            let image = w.dot(&u).dot(&w);
            for (i, j) in [(0, 0), (1, 1), (2, 2), (3, 3), (0, 1), (1, 2)] {
                let left = image[(i, j)] + curvature(i, j) * u[(i, j)];
                assert!((left - right(i, j)).abs() < 1e-10, "{b}: {i} {j} {left}");
            }
            assert_eq!((u[(0, 2)], u[(0, 3)]), (0.0, 0.0));
            let again = implicit.solve(right, Some(&solved.u), 1e-11, &ctx).unwrap();
            assert!(solved.converged && again.converged && again.iterations <= 1, "{again:?}");
        }
    }

    #[test]
    fn the_determinant_is_that_of_all_components_and_wrong_numbers_are_errors() {
        let ctx = Context::new();
        let implicit = Implicit::new(&theta(), |_, _| 0.0, &ctx).unwrap();
        assert!((implicit.logdet() - theta().logdet(&ctx).unwrap().unwrap()).abs() < 1e-12);
        assert!(implicit.solve(|_, _| f64::NAN, None, 1e-6, &ctx).is_err());
        let wrong = SparseSymmetric::from_upper(vec![1.0, 1.0], &[(0, 1, 2.0)]);
        assert!(Implicit::new(&wrong, |_, _| 0.0, &ctx).is_err());
    }
}
