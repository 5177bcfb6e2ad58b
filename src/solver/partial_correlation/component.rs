//! The partial correlation lasso on one component: sweeps until the certificate says that they are enough.

use ndarray::{Array2, ArrayView2};

use super::super::graphical_lasso::Settings;
use super::super::proximal_newton::unbounded;
use super::Problem;
use super::descent::Descent;
use super::optimality::{best_scales, certify};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, SparseSymmetric, block_of};
use crate::problem::{Certificate, L1};

/// What one component gives.
#[derive(Debug, Clone)]
pub struct Part {
    /// Delta of its variables.
    pub delta: SparseSymmetric,
    /// Their scales.
    pub scales: Vec<f64>,
    pub certificate: Certificate,
    pub iterations: usize,
    /// Why it ended without the tolerance.
    pub why: Option<&'static str>,
}

/// How closely lassos are solved at first and at best, in units of standard deviations.
const COARSE: f64 = 1e-4;
const FINE: f64 = 1e-10;
/// Certificates in a row that do not improve by half before the end is double precision.
const QUIET: usize = 5;
/// A scale beyond this has run away.
const RUNAWAY: f64 = 1e6;

/// Where a component begins: Delta and scales.
type Start = (SparseSymmetric, Vec<f64>);

/// The problem of one component.
struct Block<'a> {
    r: ArrayView2<'a, f64>,
    penalty: &'a L1,
    weight: f64,
    /// The component's part of the tolerance.
    share: f64,
    settings: Settings,
}

/// Solves the component `group`, from `start`.
///
/// # Errors
/// A problem without a minimum; cancellation; memory.
pub(super) fn solve(
    problem: Problem<'_>,
    group: &[usize],
    start: Start,
    share: f64,
    settings: Settings,
    ctx: &Context,
) -> Result<Part> {
    let size = group.len();
    if size == 1 {
        return Ok(alone(problem.weight));
    }
    // R, W, the lassos' part of it; Delta, its factor and its inverse, the dual point with its factor.
    let _held = ctx.reserve_matrices(8, size, size)?;
    let is_whole = size == problem.p() && problem.correlations.is_standard_layout();
    let own;
    let restricted;
    let r = if is_whole {
        problem.correlations
    } else {
        own = block_of(problem.correlations, group);
        own.view()
    };
    let penalty = if size == problem.p() {
        problem.penalty
    } else {
        restricted = problem.penalty.restrict(group);
        &restricted
    };
    let block = Block { r, penalty, weight: problem.weight, share, settings };
    if (0..size).all(|j| (0..j).all(|i| penalty.at(i, j) == 0.0)) {
        let start = match block.unpenalized(ctx)? {
            Some(start) => start,
            // The weight alone can keep the diagonal from growing.
            None if block.weight < 1.0 => block.empty(),
            None => return Err(unbounded()),
        };
        let part = block.certified(start.0.clone(), start.1.clone(), ctx)?;
        return match part.filter(|part| block.is_enough(&part.certificate)) {
            Some(part) => Ok(part),
            None => block.descend(start, ctx),
        };
    }
    let is_cold = start.0.n_pairs() == 0;
    let part = block.descend(start, ctx)?;
    if part.why.is_some() && !is_cold {
        // A start far away can lead astray.
        let cold = block.descend(block.empty(), ctx)?;
        return Ok(if cold.why.is_none() || cold.certificate.gap < part.certificate.gap { cold } else { part });
    }
    Ok(part)
}

/// A variable without a partner: d^2 = c.
fn alone(weight: f64) -> Part {
    let primal = weight - weight * weight.ln();
    Part {
        delta: SparseSymmetric::from_upper(vec![1.0], &[]),
        scales: vec![weight.sqrt()],
        certificate: Certificate { primal, gap: 0.0, kkt: 0.0, logdet: 0.0 },
        iterations: 0,
        why: None,
    }
}

impl Block<'_> {
    fn empty(&self) -> Start {
        let p = self.r.nrows();
        (SparseSymmetric::from_upper(vec![1.0; p], &[]), vec![self.weight.sqrt(); p])
    }

    /// R^-1, where nothing is penalised: the solution for c = 1, near it for others. `None` for a singular R.
    fn unpenalized(&self, ctx: &Context) -> Result<Option<Start>> {
        let Some(factor) = Cholesky::checked(self.r, ctx)? else { return Ok(None) };
        let theta = factor.inverse_checked(ctx)?;
        let scales: Vec<f64> = theta.diag().iter().map(|value| value.sqrt()).collect();
        if scales.iter().any(|scale| !scale.is_finite() || *scale > RUNAWAY) {
            return Ok(None);
        }
        let entry = |(i, j): (usize, usize)| if i == j { 1.0 } else { theta[(i, j)] / scales[i] / scales[j] };
        let delta = Array2::from_shape_fn(theta.dim(), entry);
        Ok(Some((SparseSymmetric::from_dense(delta.view()), scales)))
    }

    /// Delta with its best scales and their certificate; `None` if Delta is not positive definite or its scales are
    /// not found.
    fn certified(&self, delta: SparseSymmetric, mut scales: Vec<f64>, ctx: &Context) -> Result<Option<Part>> {
        if !best_scales(self.r, self.weight, &delta, &mut scales, ctx)? {
            return Ok(None);
        }
        let found = certify(self.r, self.penalty, self.weight, &delta, &scales, ctx)?;
        Ok(found.map(|certificate| Part { delta, scales, certificate, iterations: 0, why: None }))
    }

    fn is_enough(&self, certificate: &Certificate) -> bool {
        certificate.gap <= 0.5 * self.settings.tol * certificate.primal.abs().max(self.share)
    }

    /// Sweeps until the certificate is within the tolerance; without it, the best place and why.
    fn descend(&self, (delta, scales): Start, ctx: &Context) -> Result<Part> {
        let size = self.r.nrows() as f64;
        let r = self.r.to_slice().ok_or_else(|| Error::internal("correlations are not in row order"))?;
        let mut descent = Descent::new(r, self.penalty, self.weight, &delta, scales, ctx)?;
        let (mut tol, mut before) = (COARSE, f64::INFINITY);
        // Errors of the objective are about the squares of what moves.
        let mut near = self.settings.tol * size;
        let (mut best, mut quiet, mut sweeps): (Option<Part>, usize, usize) = (None, 0, 0);
        let why = loop {
            if sweeps == self.settings.max_iter {
                break "the sweeps were used up; allow more with max_iter";
            }
            ctx.check()?;
            let done = descent.sweep(tol, ctx)?;
            sweeps += 1;
            if done.lost || descent.largest_scale() > RUNAWAY {
                if self.penalty.has_free_pairs(self.r.nrows()) {
                    return Err(unbounded());
                }
                break "the scales run away; a smaller diagonal_weight or a larger lambda helps";
            }
            // Where sweeps stop helping, the lassos are not close enough.
            tol *= if done.moved > 0.5 * before { 0.1 } else { 1.0 };
            tol = tol.min(0.1 * (done.moved / size).sqrt()).max(FINE);
            before = done.moved;
            if done.moved > near && sweeps < self.settings.max_iter {
                continue;
            }
            let (delta, scales) = descent.place();
            let least = best.as_ref().map_or(f64::INFINITY, |part| part.certificate.gap);
            quiet += 1;
            if let Some(part) = self.certified(delta, scales, ctx)? {
                if self.is_enough(&part.certificate) {
                    return Ok(Part { iterations: sweeps, ..part });
                }
                quiet = if part.certificate.gap < 0.5 * least { 0 } else { quiet };
                best = if part.certificate.gap < least { Some(part) } else { best };
            }
            if quiet == QUIET {
                break "double precision ends here for so ill-conditioned a problem; a larger lambda helps";
            }
            near = 0.1 * near.min(done.moved);
        };
        let part = match best {
            Some(part) => part,
            None => {
                let (delta, scales) = self.empty();
                let found = self.certified(delta, scales, ctx)?;
                found.ok_or_else(|| Error::internal("the empty graph has no certificate"))?
            }
        };
        Ok(Part { iterations: sweeps, why: Some(why), ..part })
    }
}
