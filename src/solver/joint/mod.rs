//! The joint graphical lasso: precision matrices of several data sets whose penalty couples them, minimising
//! sum_k w_k (-logdet Theta_k + tr(S_k Theta_k)) + P(Theta_1, ..., Theta_K).
//!
//! Screening into components, one descent a component, and their certificates together. Where the penalty does not
//! couple anything, it is one graphical lasso a data set.

mod certificate;
mod model;
mod newton;

use ndarray::{Array1, Array2, ArrayView2};

use super::Moments;
use super::graphical_lasso::{self, Settings};
use super::proximal_newton::{Stop, unbounded};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::analysis::UnionFind;
use crate::linalg::SparseSymmetric;
use crate::parallel;
use crate::problem::{Certificate, CouplingScratch, JointPenalty, L1};

use newton::Start;

pub use model::Member;

/// The minimiser with its certificate.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Theta_k of every data set: exactly symmetric, positive definite.
    pub thetas: Vec<SparseSymmetric>,
    /// Objective, gap and KKT violation of all together; its log det is the weighted sum.
    pub certificate: Certificate,
    /// log det Theta_k - tr(S_k Theta_k) of every data set.
    pub likelihoods: Vec<f64>,
    /// Steps of the component that took most.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// Which algorithm was used.
    pub solver: &'static str,
    /// Number of connected components after screening.
    pub components: usize,
    /// Why the tolerance was not reached.
    pub warning: Option<String>,
}

/// Components of fewer variables start from the diagonal.
const ALONE: usize = 16;
/// How closely data sets are solved alone for a start.
const ROUGH: Settings = Settings { tol: 1e-3, max_iter: 100 };

const UNKNOWN: &str = "without a penalty on some pairs there may be no minimum; a larger lambda or max_iter helps";

/// Solves again at most so often, more closely each time.
const ROUNDS: usize = 4;

/// Solves the problem of these data sets, at least one, all over the same variables. `warm` are the matrices of another
/// penalty, from which the descent starts.
///
/// # Errors
/// A problem without a minimum; weights of losses that are not positive; cancellation; memory.
pub fn solve(
    members: &[Member<'_>],
    penalty: &JointPenalty,
    warm: Option<&[SparseSymmetric]>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = members.first().map_or(0, |member| member.s.nrows());
    if members.iter().any(|member| member.s.dim() != (p, p)) {
        return Err(Error::shape("the covariances of a joint problem are of different sizes"));
    }
    if members.iter().any(|member| !(member.weight > 0.0 && member.weight.is_finite())) {
        return Err(Error::argument("the weights of the data sets must be positive"));
    }
    match penalty.apart(members.len()) {
        Some(lambda) => apart(members, &lambda, settings, ctx),
        None => together(members, penalty, warm, settings, ctx),
    }
}

/// One graphical lasso a data set.
fn apart(members: &[Member<'_>], lambda: &L1, settings: Settings, ctx: &Context) -> Result<Solution> {
    let mut tol = settings.tol;
    for round in 1.. {
        let parts = parallel::map(members, ctx, |index, member| {
            let inner = parallel::within(ctx, members.len(), index);
            let own = if member.weight == 1.0 { lambda.clone() } else { lambda.map(|value| value / member.weight) };
            graphical_lasso::solve(Moments::Whole(member.s), &own, None, Settings { tol, ..settings }, &inner)
        })?;
        let scaled = members.iter().zip(&parts).map(|(member, part)| times(part.certificate, member.weight));
        let certificate = scaled.fold(Certificate::default(), Certificate::join);
        let gap = certificate.relative_gap();
        let converged = gap <= settings.tol;
        // Data sets meet the tolerance; objectives of opposite sign can make the sum too loose.
        if converged || round == ROUNDS || parts.iter().any(|part| !part.converged) {
            let missed = parts.iter().find(|part| !part.converged).or(parts.first()).filter(|_| !converged);
            return Ok(Solution {
                certificate,
                likelihoods: parts.iter().map(|part| part.likelihood).collect(),
                iterations: parts.iter().map(|part| part.iterations).max().unwrap_or(0),
                converged,
                solver: parts.first().map_or("", |part| part.solver),
                components: parts.iter().map(|part| part.components.len()).min().unwrap_or(0),
                warning: missed.map(|part| part.why_not(settings)),
                thetas: parts.into_iter().map(|part| part.theta).collect(),
            });
        }
        tol *= 0.5 * settings.tol / gap;
    }
    Err(Error::internal("the rounds of a joint problem have no end"))
}

/// The certificate of a weighted loss.
fn times(certificate: Certificate, weight: f64) -> Certificate {
    Certificate {
        primal: weight * certificate.primal,
        gap: weight * certificate.gap,
        kkt: weight * certificate.kkt,
        logdet: weight * certificate.logdet,
    }
}

/// The connected components of the pairs whose entries cannot all be 0, largest first: Danaher, Wang, Witten (2014),
/// theorems 1 and 2. Theta without entries between components meets the optimality conditions there, because its
/// inverse has none either.
///
/// # Errors
/// Cancellation.
fn components(members: &[Member<'_>], penalty: &JointPenalty, ctx: &Context) -> Result<Vec<Vec<usize>>> {
    let p = members.first().map_or(0, |member| member.s.nrows());
    let mut union = UnionFind::new(p);
    let mut scratch = CouplingScratch::default();
    let mut gradient = vec![0.0; members.len()];
    for j in 0..p {
        ctx.check()?;
        for i in 0..j {
            for (value, member) in gradient.iter_mut().zip(members) {
                *value = member.weight * member.s[(j, i)];
            }
            if !penalty.allows_zero(i, j, &gradient, &mut scratch) {
                union.join(i, j);
            }
        }
    }
    Ok(union.groups())
}

fn together(
    members: &[Member<'_>],
    penalty: &JointPenalty,
    warm: Option<&[SparseSymmetric]>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = members.first().map_or(0, |member| member.s.nrows());
    let groups = components(members, penalty, ctx)?;
    let mut thetas = warm.filter(|warm| warm.len() == members.len()).map(<[SparseSymmetric]>::to_vec);
    let mut tol = settings.tol;
    let mut iterations = 0;
    let mut round = 1;
    loop {
        let parts = parallel::map(&groups, ctx, |index, group| {
            let inner = parallel::within(ctx, groups.len(), index);
            let left = Settings { tol, max_iter: settings.max_iter.saturating_sub(iterations) };
            component(members, penalty, group, thetas.as_deref(), left, &inner)
        })?;
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        iterations += parts.iter().map(|part| part.steps).max().unwrap_or(0);
        let whole: Vec<SparseSymmetric> = (0..members.len())
            .map(|k| match &parts[..] {
                [part] => part.thetas[k].clone(),
                _ => {
                    let blocks = groups.iter().map(Vec::as_slice).zip(parts.iter().map(|part| &part.thetas[k]));
                    SparseSymmetric::from_blocks(p, blocks)
                }
            })
            .collect();
        let gap = certificate.relative_gap();
        let converged = gap <= settings.tol;
        // Components meet their share of the tolerance; objectives of opposite sign can make the sum too loose.
        let all_reached = parts.iter().all(|part| part.stop == Stop::Reached);
        if converged || !all_reached || round == ROUNDS {
            let worst = parts.iter().filter(|part| part.stop != Stop::Reached);
            let worst = worst.max_by(|a, b| a.certificate.gap.total_cmp(&b.certificate.gap));
            let why = match worst.map_or(Stop::Stalled, |part| part.stop) {
                Stop::Exhausted if gap.is_infinite() => UNKNOWN,
                stop => stop.why(),
            };
            let missed = || format!("the relative gap is {gap:.1e}, not {:.1e}: {why}", settings.tol);
            return Ok(Solution {
                thetas: whole,
                certificate,
                likelihoods: (0..members.len()).map(|k| parts.iter().map(|part| part.likelihoods[k]).sum()).collect(),
                iterations,
                converged,
                solver: "joint proximal Newton",
                components: groups.len(),
                warning: (!converged).then(missed),
            });
        }
        thetas = Some(whole);
        tol *= 0.5 * settings.tol / gap;
        round += 1;
    }
}

/// What one component gives.
struct Part {
    thetas: Vec<SparseSymmetric>,
    likelihoods: Vec<f64>,
    certificate: Certificate,
    steps: usize,
    stop: Stop,
}

fn component(
    members: &[Member<'_>],
    penalty: &JointPenalty,
    group: &[usize],
    warm: Option<&[SparseSymmetric]>,
    settings: Settings,
    ctx: &Context,
) -> Result<Part> {
    let p = members.first().map_or(0, |member| member.s.nrows());
    let size = group.len();
    let _held = ctx.reserve_matrices(members.len(), size, size)?;
    let blocks = members.iter().map(|member| Moments::Whole(member.s).block(group, ctx)).collect::<Result<Vec<_>>>()?;
    let own: Vec<Member<'_>> =
        members.iter().zip(&blocks).map(|(member, block)| Member { s: block.view(), weight: member.weight }).collect();
    let penalty = if size == p { penalty.clone() } else { penalty.restrict(group) };
    let start = start(&own, &penalty, group, warm, ctx)?;
    let share = size as f64 / p as f64;
    let allowed = |certificate: &Certificate| 0.5 * settings.tol * certificate.primal.abs().max(share);
    let found = newton::descend(&own, &penalty, start, allowed, settings.max_iter, ctx)?;
    let leaves_free = penalty.lambda().has_free_pairs(size);
    if leaves_free && found.stop != Stop::Exhausted && found.certificate.gap.is_infinite() {
        return Err(unbounded());
    }
    let thetas: Vec<SparseSymmetric> =
        found.thetas.iter().map(|theta| SparseSymmetric::from_dense(theta.view())).collect();
    let likelihood =
        |((member, theta), logdet): ((&Member<'_>, &SparseSymmetric), &f64)| logdet - theta.inner(member.s);
    Ok(Part {
        likelihoods: own.iter().zip(&thetas).zip(&found.logdets).map(likelihood).collect(),
        thetas,
        certificate: found.certificate,
        steps: found.steps,
        stop: found.stop,
    })
}

/// The warm start where it is positive definite, else the solutions of the data sets alone, else the diagonal.
fn start(
    members: &[Member<'_>],
    penalty: &JointPenalty,
    group: &[usize],
    warm: Option<&[SparseSymmetric]>,
    ctx: &Context,
) -> Result<Start> {
    let restrict = |theta: &SparseSymmetric| {
        if theta.p() == group.len() { theta.to_dense() } else { theta.restrict(group).to_dense() }
    };
    let known = match warm {
        Some(warm) => Some(warm.iter().map(restrict).collect()),
        // Free pairs may have a solution only together.
        None if group.len() >= ALONE && !penalty.lambda().has_free_pairs(group.len()) => {
            Some(alone(members, penalty, ctx)?)
        }
        None => None,
    };
    if let Some(thetas) = known
        && let Some(start) = Start::new(thetas, ctx)?
    {
        return Ok(start);
    }
    let diagonals = members.iter().map(|member| diagonal(member.s, penalty, member.weight)).collect();
    Start::new(diagonals, ctx)?.ok_or_else(|| Error::internal("a diagonal start is not positive definite"))
}

/// Roughly the graphical lasso of every data set, whose solver costs less than a step on all together.
fn alone(members: &[Member<'_>], penalty: &JointPenalty, ctx: &Context) -> Result<Vec<Array2<f64>>> {
    let lambda = penalty.alike(members.len());
    parallel::map(members, ctx, |index, member| {
        let inner = parallel::within(ctx, members.len(), index);
        let own = if member.weight == 1.0 { lambda.clone() } else { lambda.map(|value| value / member.weight) };
        let found = graphical_lasso::solve(Moments::Whole(member.s), &own, None, ROUGH, &inner)?;
        Ok::<_, Error>(found.theta.to_dense())
    })
}

fn diagonal(s: ArrayView2<'_, f64>, penalty: &JointPenalty, weight: f64) -> Array2<f64> {
    let added = |i: usize| (penalty.lambda().at(i, i) + penalty.coupled().at(i, i)) / weight;
    Array2::from_diag(&Array1::from_shape_fn(s.nrows(), |i| 1.0 / (s[(i, i)] + added(i))))
}
