//! Starts, descents, and what the BIC chooses from them.

use ndarray::Array2;

use super::super::latent_factors::adam::{self, Adam};
use super::super::latent_factors::descent::{self, Descent, no_minimum};
use super::super::latent_factors::objective::{Curvature, Objective};
use super::super::latent_factors::principal::{self, Weights, principal};
use super::super::latent_factors::result::bic;
use super::super::latent_factors::stiefel::{inner, random};
use super::super::latent_factors::{Sets, Units};
use super::{Init, MetaGraphicalLasso, Optimizer};
use crate::context::Context;
use crate::data::number;
use crate::error::Result;
use crate::linalg::matmul;
use crate::rng;
use crate::select::Grid;
use crate::value::Value;

/// A number of factors, a penalty, and their BIC.
pub(super) type Tried = (usize, f64, f64);

/// One number of factors with one penalty.
#[derive(Debug)]
pub(super) struct Candidate {
    pub descent: Descent,
    pub lambda: f64,
    pub bic: f64,
}

impl MetaGraphicalLasso {
    /// The fits with so many factors, from the largest penalty down: of one penalty the best of its starts, of several one
    /// each, from where the one before it ended. Only the best by the BIC is kept.
    pub(super) fn candidates(
        &self,
        sets: &Sets<'_>,
        factors: usize,
        tried: &mut Vec<Tried>,
        ctx: &Context,
    ) -> Result<Option<Candidate>> {
        let mut best: Option<Candidate> = None;
        for start in 0..self.starts {
            let mut d = self.start(sets, factors, start, ctx)?;
            let top = if matches!(self.grid, Grid::Automatic { .. }) { largest(sets, &d, ctx)? } else { 0.0 };
            for lambda in self.grid.values(top)? {
                ctx.check()?;
                let (penalize_diagonal, ridge) = (self.penalize_diagonal, self.ridge);
                let objective = Objective { sets, lambda, penalize_diagonal, ridge };
                let descent = self.descend(&objective, d, start, ctx)?;
                d = descent.d.clone();
                let candidate = Candidate { bic: bic(sets, &descent.point.parts), descent, lambda };
                tried.push((factors, lambda, candidate.bic));
                let is_better = |best: &Candidate| match &self.grid {
                    // Several starts of one problem: its own objective tells which is best.
                    Grid::Given(list) if list.len() == 1 => candidate.descent.point.value < best.descent.point.value,
                    _ => candidate.bic < best.bic,
                };
                if best.as_ref().is_none_or(is_better) {
                    best = Some(candidate);
                }
            }
        }
        Ok(best)
    }

    fn start(&self, sets: &Sets<'_>, factors: usize, start: usize, ctx: &Context) -> Result<Array2<f64>> {
        let init = if start > 0 { Init::Random } else { self.first_start() };
        let (weights, settings) = match init {
            Init::Pca => (Weights::Balanced, principal::Settings::START),
            Init::PublishedPca => (Weights::Published, principal::Settings::EXACT),
            Init::Random => {
                let mut rng = rng::stream(ctx.seed(), "meta_graphical_lasso start", start as u64);
                return random(sets.variables(), factors, &mut rng, ctx);
            }
        };
        Ok(principal(sets, factors, (weights, Units::Own), settings, ctx)?.directions)
    }

    pub(super) fn first_start(&self) -> Init {
        let published = matches!(self.optimizer, Optimizer::Adam { .. });
        self.init.unwrap_or(if published { Init::PublishedPca } else { Init::Pca })
    }

    fn descend(&self, objective: &Objective<'_>, d: Array2<f64>, start: usize, ctx: &Context) -> Result<Descent> {
        match self.optimizer {
            Optimizer::Lbfgs { tol, max_iter } => {
                descent::minimize(objective, d, descent::Settings { tol, max_iter }, ctx)
            }
            Optimizer::Adam { epochs, learning_rate, batch_size } => {
                let own = ctx.clone().with_seed(rng::derive(ctx.seed(), "meta_graphical_lasso adam", start as u64));
                let adam = Adam { epochs, learning_rate, batch_size };
                let mut descent = adam::minimize(objective, d, adam, &own)?;
                let natural =
                    Curvature::of(&descent.point.parts, ctx)?.solve(&descent.d, &descent.point.gradient, ctx)?;
                let left = 0.5 * inner(&natural, &descent.point.gradient);
                if let Some(set) = descent.point.flat() {
                    descent.why_not = Some(no_minimum(set));
                } else if left > 1e-8 * descent.point.value.abs().max(1.0) {
                    descent.why_not = Some(format!(
                        "after its fixed number of epochs the objective can still fall by about {} or more; optimizer: \"lbfgs\" \
                         goes on until it cannot",
                        number(left)
                    ));
                }
                Ok(descent)
            }
        }
    }
}

/// The largest covariance of two factors in any data set: at or above it there are no edges, as long as D stays.
fn largest(sets: &Sets<'_>, d: &Array2<f64>, ctx: &Context) -> Result<f64> {
    let mut largest = 0.0f64;
    for product in sets.products(d.view(), Units::Own, ctx)? {
        let s = matmul(d.t(), product.view(), ctx)?;
        let off = s.indexed_iter().filter(|((i, j), _)| i != j);
        largest = off.fold(largest, |most, (_, value)| most.max(value.abs()));
    }
    Ok(largest)
}

/// As scripts see it.
pub(super) fn as_map(&(factors, lambda, bic): &Tried) -> Value {
    Value::Map(vec![("factors".into(), factors.into()), ("lambda".into(), lambda.into()), ("bic".into(), bic.into())])
}

/// Whether there is an edge in any data set, of which a larger penalty could leave fewer.
fn has_edges(best: &Candidate) -> bool {
    let mut parts = best.descent.point.parts.iter();
    parts.any(|part| part.precision.indexed_iter().any(|((i, j), value)| i != j && *value != 0.0))
}

/// What the user should know about a choice and its descent; why it did not converge comes last.
pub(super) fn warnings(tried: &[Tried], best: &Candidate) -> Vec<String> {
    let factors = best.descent.d.ncols();
    let lambdas = || tried.iter().filter(|(count, ..)| *count == factors).map(|(_, lambda, _)| *lambda);
    let (smallest, largest) = (lambdas().fold(f64::INFINITY, f64::min), lambdas().fold(0.0, f64::max));
    let mut warnings = Vec::new();
    if smallest < largest && best.lambda == smallest {
        warnings.push(format!("the BIC chose the smallest lambda of the grid, {}: try smaller ones", number(smallest)));
    } else if smallest < largest && best.lambda == largest && has_edges(best) {
        warnings.push(format!("the BIC chose the largest lambda of the grid, {}: try larger ones", number(largest)));
    }
    let counts = || tried.iter().map(|(count, ..)| *count);
    let (fewest, most) = (counts().min().unwrap_or(factors), counts().max().unwrap_or(factors));
    if fewest < most && (factors == fewest || factors == most) {
        let end = if factors == fewest { "smallest" } else { "largest" };
        warnings.push(format!(
            "the BIC chose the {end} number of factors that was given, {factors}: give others beyond it"
        ));
    }
    warnings.extend(best.descent.why_not.clone());
    warnings
}
