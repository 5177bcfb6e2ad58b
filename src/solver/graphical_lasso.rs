//! The graphical lasso: screening, one solve a component, and their certificates together.

use std::sync::Mutex;

use ndarray::Array2;

use super::Moments;
use super::component::{self, Part, Start};
use crate::context::Context;
use crate::error::Result;
use crate::linalg::SparseSymmetric;
use crate::parallel;
use crate::problem::{Certificate, L1};

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Bound on the relative duality gap.
    pub tol: f64,
    /// Sweeps or Newton steps at most, a component.
    pub max_iter: usize,
}

/// The minimiser of -logdet Theta + tr(S Theta) + sum Lambda_ij |Theta_ij|, with its certificate.
#[derive(Debug, Clone)]
pub struct Solution {
    /// Theta: exactly symmetric, positive definite.
    pub theta: SparseSymmetric,
    /// Gap and KKT violation.
    pub certificate: Certificate,
    /// log det Theta - tr(S Theta).
    pub likelihood: f64,
    /// Sweeps or steps of the component that took most.
    pub iterations: usize,
    /// Whether the gap is within the tolerance.
    pub converged: bool,
    /// Which algorithms were used.
    pub solver: &'static str,
    /// The connected components after screening, largest first.
    pub components: Vec<Vec<usize>>,
    /// The solver's W of each component, close to the inverse of Theta's block.
    covariances: Vec<Array2<f64>>,
    /// Why an algorithm ended, where it may have ended early.
    why: Option<&'static str>,
}

impl Solution {
    /// Why the tolerance was not reached.
    pub fn why_not(&self, settings: Settings) -> String {
        let why = match self.why {
            _ if self.iterations >= settings.max_iter => "the sweeps were used up; allow more with max_iter",
            Some(why) => why,
            None => "double precision ends here for so ill-conditioned a problem; a larger lambda helps",
        };
        format!("the relative gap is {:.1e}, not {:.1e}: {why}", self.certificate.relative_gap(), settings.tol)
    }
}

/// Solves the problem for given moments.
///
/// `warm` is the solution for another penalty, from which the solver starts.
///
/// # Errors
/// A problem without a minimum (free entries or lambda = 0, and a singular S); cancellation; memory.
pub fn solve(
    moments: Moments<'_>,
    penalty: &L1,
    warm: Option<(Solution, &L1)>,
    settings: Settings,
    ctx: &Context,
) -> Result<Solution> {
    let p = moments.p();
    let groups = moments.components(penalty, ctx)?;
    let held: usize = groups.iter().map(|group| group.len() * group.len()).sum();
    let _held = ctx.reserve_matrices(3, held, 1)?;
    let starts: Vec<Mutex<Option<Start>>> = match warm {
        Some((solution, old)) => solution.starts(&groups, penalty, old).into_iter().map(Mutex::new).collect(),
        None => groups.iter().map(|_| Mutex::new(None)).collect(),
    };
    let mut tol = settings.tol;
    loop {
        let parts = parallel::map(&groups, ctx, |index, group| {
            let s = moments.block(group, ctx)?;
            let penalty = if group.len() == p { penalty.clone() } else { penalty.restrict(group) };
            let start = starts[index].lock().ok().and_then(|mut start| start.take());
            let share = group.len() as f64 / p as f64;
            component::solve(s.view(), &penalty, start, share, Settings { tol, ..settings }, ctx)
        })?;
        let certificate = parts.iter().fold(Certificate::default(), |sum, part| sum.join(part.certificate));
        let gap = certificate.relative_gap();
        let iterations = parts.iter().map(|part| part.iterations).max().unwrap_or(0);
        let converged = gap <= settings.tol;
        // Components meet their share of the tolerance; objectives of opposite sign can make the sum too loose.
        let all_reached = parts.iter().all(|part| part.why.is_none());
        let hopeless = !all_reached || tol.is_nan() || tol < 1e-3 * settings.tol || groups.len() < 2;
        if converged || hopeless || iterations >= settings.max_iter {
            return Ok(Solution::assemble(p, groups, parts, certificate, iterations, converged));
        }
        tol *= 0.5 * settings.tol / gap;
    }
}

impl Solution {
    fn assemble(
        p: usize,
        groups: Vec<Vec<usize>>,
        parts: Vec<Part>,
        certificate: Certificate,
        iterations: usize,
        converged: bool,
    ) -> Self {
        let solver = component::slowest(parts.iter().map(|part| part.solver));
        let likelihood = parts.iter().map(|part| part.certificate.logdet - part.trace).sum();
        let blocks = groups.iter().map(Vec::as_slice).zip(parts.iter().map(|part| &part.theta));
        let theta = match &parts[..] {
            [part] => part.theta.clone(),
            _ => SparseSymmetric::from_blocks(p, blocks),
        };
        let why = parts
            .iter()
            .filter(|part| part.why.is_some())
            .max_by(|a, b| a.certificate.gap.total_cmp(&b.certificate.gap));
        let why = why.and_then(|part| part.why);
        let covariances = parts.into_iter().map(|part| part.w).collect();
        Self { theta, certificate, likelihood, iterations, converged, solver, components: groups, covariances, why }
    }

    /// Where the components of another penalty begin: at W and Theta of this solution, which is block diagonal.
    fn starts(self, groups: &[Vec<usize>], penalty: &L1, old: &L1) -> Vec<Option<Start>> {
        let p = self.theta.p();
        // W has other variances where the diagonal is penalised otherwise: it is then shrunk towards S.
        let moved = (0..p).any(|i| penalty.at(i, i) != old.at(i, i));
        let ratio = if moved { penalty.shrinkage_from(old, p) } else { 1.0 };
        if ratio <= 0.0 {
            return groups.iter().map(|_| None).collect();
        }
        // Which component a variable was in, and where.
        let mut places = vec![(0, 0); p];
        for (component, group) in self.components.iter().enumerate() {
            group.iter().enumerate().for_each(|(place, &i)| places[i] = (component, place));
        }
        let mut covariances: Vec<Option<Array2<f64>>> = self.covariances.into_iter().map(Some).collect();
        let mut own = |group: &[usize]| {
            let (component, _) = places[group[0]];
            if self.components[component] == group {
                return covariances[component].take();
            }
            let mut w = Array2::zeros((group.len(), group.len()));
            for (mut line, &a) in w.rows_mut().into_iter().zip(group) {
                let (one, i) = places[a];
                let Some(row) = covariances[one].as_ref().map(|w| w.row(i)) else { continue };
                for (value, &b) in line.iter_mut().zip(group) {
                    let (other, j) = places[b];
                    if one == other {
                        *value = row[j];
                    }
                }
            }
            Some(w)
        };
        groups
            .iter()
            .map(|group| {
                if group.len() <= 2 {
                    return None;
                }
                let w = own(group)?;
                let theta = if group.len() == p { self.theta.clone() } else { self.theta.restrict(group) };
                Some(Start { w, theta, ratio })
            })
            .collect()
    }
}
