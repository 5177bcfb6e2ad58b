//! Choosing spike, slab and number of blocks of the spike-and-slab model: every combination is fitted, criteria decide.

mod graph;

pub use graph::{NodePair, Selected};

use std::f64::consts::SQRT_2;

use crate::context::{Context, Reservation};
use crate::data::significant;
use crate::error::{Error, Result};
use crate::parallel;
use crate::solver::spike_slab::{
    Correlations, Memberships, PseudoPrecision, Regression, SpikeSlab, SpikeSlabFit, Starts, Stop, alternate, initial,
    mean_noise,
};

/// Slabs that are tried where none are given, and how often their largest is doubled where entries are too large for it.
const SLABS: [f64; 3] = [0.15, 0.3, 0.6];
const DOUBLINGS: usize = 8;
/// Spikes that are tried by "bic" and by "ebic", in units of sqrt(n log p). The BIC goes to the largest one.
const SPIKES: [f64; 4] = [0.75, 1.0, 1.25, 1.5];
const MORE_SPIKES: [f64; 7] = [0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0];

/// As many fits are run at most: more would run for days, and a mistake is likelier than a wish.
const MOST_FITS: usize = 100_000;

/// Spikes beside the plug-in of "up_to_plugin", as shares of it.
const SHARES: [f64; 3] = [0.75, 0.875, 1.0];

/// How spikes are found that are not given, and the criterion between what is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calibration {
    /// One spike, from the noise of the nodes; slabs by the BIC.
    Plugin,
    /// That spike and smaller ones, by the BIC: hubs want smaller ones, and nothing can run to larger ones.
    UpToPlugin,
    /// A bounded grid, by the BIC of the pseudo-likelihood.
    Bic,
    /// A grid, by the extended BIC with gamma = 1/2 of half the pseudo-likelihood, which counts every edge twice.
    Ebic,
}

/// What is tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// The false discovery rate of the graphs that are compared.
    pub fdr: f64,
    /// How to choose.
    pub calibration: Calibration,
    /// Spikes in units of sqrt(n log p), where they are given.
    pub spikes: Option<Vec<f64>>,
    /// Standard deviations of the slab, where they are given.
    pub slabs: Option<Vec<f64>>,
    /// Numbers of blocks.
    pub blocks: Vec<usize>,
    /// The block of every node, where it is known; then `blocks` has their number alone.
    pub groups: Option<Vec<usize>>,
    /// Starts for every number of blocks above 1.
    pub starts: usize,
    /// When a fit stops.
    pub stop: Stop,
}

/// One combination, fitted from the best of its starts.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Number of blocks.
    pub blocks: usize,
    /// The spike in units of sqrt(n log p).
    pub spike: f64,
    /// The standard deviation of the slab.
    pub slab: f64,
    /// The start, counted from 0.
    pub start: usize,
    /// What was fitted.
    pub fit: SpikeSlabFit,
    /// The graph at the false discovery rate.
    pub graph: Selected,
    /// The criterion between spikes and slabs; infinite where the graph has no likelihood.
    pub score: f64,
    /// The criterion between numbers of blocks.
    pub block_score: f64,
}

impl Candidate {
    /// Whether an entry is so large that the prior takes it for none.
    pub fn is_refused(&self) -> bool {
        self.fit.precision.largest_entry() >= self.fit.law.largest_entry()
    }
}

/// All combinations and the one that was chosen.
#[derive(Debug, Clone)]
pub struct Found {
    /// By number of blocks, spike and slab.
    pub candidates: Vec<Candidate>,
    /// The position of the chosen one.
    pub chosen: usize,
    /// A slab that had to be added to those that are tried by default.
    pub added_slab: Option<f64>,
}

/// One fit to come.
struct Task {
    blocks: usize,
    spike: f64,
    slab: f64,
    start: usize,
    memberships: Memberships,
}

/// What all fits share.
struct Ground<'a> {
    correlations: &'a Correlations,
    first: Vec<Regression>,
    /// For every number of blocks its starts.
    starts: Vec<(usize, Vec<Memberships>)>,
    spikes: Vec<f64>,
}

impl Search {
    /// Fits every combination and chooses one.
    ///
    /// # Errors
    /// More combinations than can be tried; entries that are too large for every pair of spike and slab; memory, cancellation.
    pub fn run(&self, correlations: &Correlations, ctx: &Context) -> Result<Found> {
        self.check_fits()?;
        let first = initial(correlations, ctx)?;
        let starts = self.starts(&PseudoPrecision::of(&first), ctx)?;
        let ground = Ground { correlations, first, starts, spikes: self.spikes(correlations, ctx)? };
        let mut slabs = self.slabs.clone().unwrap_or(SLABS.to_vec());
        let _held = ground.reserve(slabs.len(), ctx)?;
        let mut candidates = self.candidates(&ground, &slabs, ctx)?;
        let mut added_slab = None;
        for _ in 0..DOUBLINGS {
            if self.slabs.is_some() || candidates.iter().any(|candidate| !candidate.is_refused()) {
                break;
            }
            // Strongly correlated columns have larger entries than the slabs are made for.
            slabs = slabs.last().map(|slab| vec![2.0 * slab]).unwrap_or_default();
            added_slab = slabs.last().copied();
            candidates.extend(self.candidates(&ground, &slabs, ctx)?);
        }
        let chosen = best(&candidates).ok_or_else(|| refused(&candidates))?;
        Ok(Found { candidates, chosen, added_slab })
    }

    /// Lists of options that are short each can be many combinations together.
    fn check_fits(&self) -> Result<()> {
        let length = |grid: &Option<Vec<f64>>, otherwise: usize| grid.as_ref().map_or(otherwise, Vec::len);
        let starts = if self.groups.is_some() { 1 } else { self.starts };
        let all =
            [self.blocks.len(), length(&self.spikes, MORE_SPIKES.len()), length(&self.slabs, SLABS.len()), starts];
        let fits = all.iter().fold(1usize, |product, &count| product.saturating_mul(count));
        match fits <= MOST_FITS {
            true => Ok(()),
            false => Err(Error::option(format!(
                "blocks, spikes, slabs and starts make {fits} combinations, more than the {MOST_FITS} that can be tried"
            ))
            .with_hint("fewer of one of them")),
        }
    }

    fn spikes(&self, correlations: &Correlations, ctx: &Context) -> Result<Vec<f64>> {
        Ok(match (&self.spikes, self.calibration) {
            (Some(spikes), _) => spikes.clone(),
            (None, Calibration::Plugin) => vec![SQRT_2 * mean_noise(correlations, ctx)?],
            (None, Calibration::UpToPlugin) => {
                let largest = SQRT_2 * mean_noise(correlations, ctx)?;
                SHARES.iter().map(|share| share * largest).collect()
            }
            (None, Calibration::Bic) => SPIKES.to_vec(),
            (None, Calibration::Ebic) => MORE_SPIKES.to_vec(),
        })
    }

    /// The first memberships for every number of blocks; starts that are the same count once.
    fn starts(&self, precision: &PseudoPrecision, ctx: &Context) -> Result<Vec<(usize, Vec<Memberships>)>> {
        if let Some(groups) = &self.groups {
            return Ok(self.blocks.iter().map(|&count| (count, vec![Memberships::Known(groups.clone())])).collect());
        }
        let most = self.blocks.iter().copied().max().unwrap_or(1);
        let features = if most > 1 { Some(Starts::of(precision, most, ctx)?) } else { None };
        let counts = self.blocks.iter().copied();
        let all: Vec<(usize, usize)> =
            counts.flat_map(|count| (0..self.starts).map(move |start| (count, start))).collect();
        let found = parallel::map(&all, ctx, |_, &(count, start)| match &features {
            Some(features) if count > 1 => features.blocks(count, start, ctx),
            _ => Ok(vec![0; precision.p()]),
        })?;
        let mut starts: Vec<(usize, Vec<Memberships>)> = self.blocks.iter().map(|&count| (count, Vec::new())).collect();
        for (place, blocks) in found.into_iter().enumerate() {
            let own = &mut starts[place / self.starts].1;
            let memberships = Memberships::Near(in_order(&blocks));
            if !own.contains(&memberships) {
                own.push(memberships);
            }
        }
        Ok(starts)
    }

    /// Every combination with these slabs, the best of its starts.
    fn candidates(&self, ground: &Ground<'_>, slabs: &[f64], ctx: &Context) -> Result<Vec<Candidate>> {
        let tasks = ground.tasks(slabs);
        // Many blocks take longest: they come first.
        let order: Vec<usize> = (0..tasks.len()).rev().collect();
        let fits = parallel::map(&order, ctx, |index, &place| {
            let task = &tasks[place];
            ctx.progress("spike and slab", index, order.len());
            let own = parallel::within(ctx, order.len(), index);
            let law = SpikeSlab { rate: task.spike * ground.correlations.base(), sd: task.slab };
            alternate(ground.correlations, &ground.first, &task.memberships, task.blocks, law, self.stop, &own)
        })?;
        ctx.progress("spike and slab", order.len(), order.len());
        let mut best: Vec<(&Task, SpikeSlabFit)> = Vec::new();
        for (task, fit) in tasks.iter().zip(fits.into_iter().rev()) {
            match best.last_mut() {
                // Starts of one combination stand behind each other.
                Some(last) if task.start > 0 => {
                    if fit.criterion > last.1.criterion {
                        *last = (task, fit);
                    }
                }
                _ => best.push((task, fit)),
            }
        }
        best.into_iter().map(|(task, fit)| self.judge(task, fit, ground.correlations, ctx)).collect()
    }

    /// The graph of a fit and what criteria say about it.
    fn judge(&self, task: &Task, fit: SpikeSlabFit, correlations: &Correlations, ctx: &Context) -> Result<Candidate> {
        ctx.check()?;
        let graph = Selected::of(&fit, self.fdr, correlations, ctx)?;
        let (n, p) = (correlations.n(), correlations.p() as f64);
        let edges = graph.pairs.len() as f64;
        let q = task.blocks as f64;
        let deviance = -2.0 * graph.loglik.unwrap_or(f64::NEG_INFINITY);
        let score = match self.calibration {
            Calibration::Ebic => 0.5 * deviance + (n.ln() + 2.0 * p.ln()) * edges,
            _ => deviance + n.ln() * edges,
        };
        let block_score = deviance + (q - 1.0) * p.ln() + 0.5 * q * (q + 1.0) * (0.5 * p * (p - 1.0)).ln();
        let Task { blocks, spike, slab, start, .. } = *task;
        Ok(Candidate { blocks, spike, slab, start, fit, graph, score, block_score })
    }
}

impl Ground<'_> {
    /// Memory for all fits that are compared: blocks, coefficients and the probabilities of edges.
    fn reserve(&self, slabs: usize, ctx: &Context) -> Result<Reservation> {
        let coefficients: usize = self.first.iter().map(|regression| regression.coefficients.len()).sum();
        let fits = self.spikes.len().saturating_mul(slabs);
        let p = self.correlations.p();
        let of_count = |(blocks, starts): &(usize, Vec<Memberships>)| {
            let one = p.saturating_mul(3 * blocks + 8).saturating_add(8 * coefficients);
            fits.saturating_mul(starts.len()).saturating_mul(one)
        };
        ctx.reserve_matrices(1, self.starts.iter().map(of_count).fold(0, usize::saturating_add), 1)
    }

    /// The fits to come: starts, behind them slabs, spikes, numbers of blocks.
    fn tasks(&self, slabs: &[f64]) -> Vec<Task> {
        let mut tasks = Vec::new();
        for (blocks, starts) in &self.starts {
            for &spike in &self.spikes {
                for &slab in slabs {
                    let all = starts.iter().cloned().enumerate();
                    tasks.extend(all.map(|(start, memberships)| Task {
                        blocks: *blocks,
                        spike,
                        slab,
                        start,
                        memberships,
                    }));
                }
            }
        }
        tasks
    }
}

/// Blocks numbered in the order in which they first occur.
fn in_order(blocks: &[usize]) -> Vec<usize> {
    let mut seen: Vec<usize> = Vec::new();
    let number = |block: &usize| {
        seen.iter().position(|known| known == block).unwrap_or_else(|| {
            seen.push(*block);
            seen.len() - 1
        })
    };
    blocks.iter().map(number).collect()
}

/// The position of the best combination: for every number of blocks the best by the first criterion, among them the best by the
/// second. Fewer edges win where criteria say nothing.
fn best(candidates: &[Candidate]) -> Option<usize> {
    let mut counts: Vec<usize> = candidates.iter().map(|candidate| candidate.blocks).collect();
    counts.sort_unstable();
    counts.dedup();
    let smallest = |places: Vec<usize>, score: fn(&Candidate) -> f64| {
        places.into_iter().min_by(|&a, &b| {
            let (a, b) = (&candidates[a], &candidates[b]);
            score(a).total_cmp(&score(b)).then(a.graph.pairs.len().cmp(&b.graph.pairs.len()))
        })
    };
    let of_count = |count: usize| {
        let own = (0..candidates.len()).filter(|&i| candidates[i].blocks == count && !candidates[i].is_refused());
        smallest(own.collect(), |candidate| candidate.score)
    };
    smallest(counts.into_iter().filter_map(of_count).collect(), |candidate| candidate.block_score)
}

/// Why no combination can be used.
fn refused(candidates: &[Candidate]) -> Error {
    let reach = |candidate: &Candidate| candidate.fit.law.largest_entry() / candidate.fit.precision.largest_entry();
    let Some(widest) = candidates.iter().max_by(|a, b| reach(a).total_cmp(&reach(b))) else {
        return Error::internal("no combination of spike and slab was tried");
    };
    let (largest, limit) = (widest.fit.precision.largest_entry(), widest.fit.law.largest_entry());
    let wanted = (largest / (2.0 * widest.fit.law.rate)).sqrt();
    let [spike, slab, limit, largest, wanted] =
        [widest.spike, widest.slab, limit, largest, wanted].map(|value| significant(value, 3));
    Error::option(format!(
        "spike {spike} with slab {slab} would call entries of the precision matrix above {limit} no edges, however large they \
         are: there the Laplace spike has more weight than the Gaussian slab, and the largest entry is {largest}"
    ))
    .with_hint(format!("a slab above {wanted}, or a larger spike: 2 slab^2 spike sqrt(n log p) must exceed every entry"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn search(spikes: usize, starts: usize) -> Search {
        Search {
            fdr: 0.1,
            calibration: Calibration::Bic,
            spikes: Some((1..=spikes).map(|k| 0.01 * k as f64).collect()),
            slabs: None,
            blocks: vec![1, 2],
            groups: None,
            starts,
            stop: Stop { tol: 1e-3, max_iter: 50 },
        }
    }

    #[test]
    fn combinations_are_counted_before_they_are_made() {
        let r = array![[1.0, 0.6, 0.3], [0.6, 1.0, 0.5], [0.3, 0.5, 1.0]];
        let correlations = Correlations::new(r.view(), 50);
        let error = search(1000, 1000).run(&correlations, &Context::new()).map(|_| ()).unwrap_err();
        assert!(error.message().contains("make 6000000 combinations"), "{error}");
        let little = Context::new().with_memory_limit(10_000);
        assert!(search(100, 1).run(&correlations, &little).is_err());
    }

    #[test]
    fn starts_that_differ_in_numbers_alone_are_the_same() {
        assert_eq!(in_order(&[2, 0, 2, 1]), [0, 1, 0, 2]);
        assert_eq!(in_order(&[1, 2, 1, 0]), [0, 1, 0, 2]);
    }
}
