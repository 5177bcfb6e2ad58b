//! Steady states: every cell type is a long trajectory around its own fixed point, from which cells are drawn.

use super::network::hill_term;
use super::noise::{Reaction, fill_normal};
use super::setting::Setting;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;
use crate::rng;

/// Numbers of states and cell types computed between two looks at the context: what they take fits into the first cache.
const BLOCK: usize = 2048;

/// Expression of every gene.
#[derive(Debug)]
pub(super) struct Expression {
    /// One list a gene: cell types one after another, their cells in the order in which they were drawn.
    pub samples: Vec<Vec<f64>>,
    /// The half response of every regulator, NaN for other genes.
    pub half_response: Vec<f64>,
}

/// What is known of the genes whose levels are done.
struct Done {
    half_response: Vec<f64>,
    /// Mean over the drawn cells, a number each cell type.
    means: Vec<Vec<f64>>,
    /// Hill terms of the whole trajectory, one list each Hill coefficient; states one after another, cell types within.
    terms: Vec<Vec<Vec<f64>>>,
}

/// One gene's run.
struct GeneRun {
    samples: Vec<f64>,
    means: Vec<f64>,
    half_response: f64,
    terms: Vec<Vec<f64>>,
}

/// Simulates all genes, regulators before their targets, which read them state by state: what is drawn of one state is
/// drawn jointly.
///
/// # Errors
/// Limits of the context; numbers that overflow.
pub(super) fn simulate(setting: &Setting<'_>, ctx: &Context) -> Result<Expression> {
    let (net, p) = (setting.network, setting.network.genes());
    let states = setting.states();
    let kept: usize = (0..p).map(|gene| net.terms(gene).len()).sum();
    let _held = ctx.reserve_matrices(kept + 2 * ctx.threads(), states.saturating_add(2), setting.cell_types)?;
    let picks = setting.picks(ctx);
    let mut done = Done { half_response: vec![f64::NAN; p], means: vec![Vec::new(); p], terms: vec![Vec::new(); p] };
    let mut samples = vec![Vec::new(); p];
    let mut count = 0;
    for (level, genes) in net.levels().iter().enumerate() {
        let runs = parallel::map(genes, ctx, |_, &gene| gene_run(setting, gene, &picks, &done, ctx))?;
        for (&gene, run) in genes.iter().zip(runs) {
            samples[gene] = run.samples;
            done.means[gene] = run.means;
            done.half_response[gene] = run.half_response;
            done.terms[gene] = run.terms;
        }
        // Nobody reads them any more.
        (0..p).filter(|&gene| net.last_reader(gene) == Some(level)).for_each(|gene| done.terms[gene] = Vec::new());
        count += genes.len();
        ctx.progress("sergio", count, p);
    }
    Ok(Expression { samples, half_response: done.half_response })
}

fn gene_run(setting: &Setting<'_>, gene: usize, picks: &[usize], done: &Done, ctx: &Context) -> Result<GeneRun> {
    let (net, lanes) = (setting.network, setting.cell_types);
    let trajectory = trajectory(setting, gene, done, ctx)?;
    let mut samples: Vec<f64> = Vec::with_capacity(lanes * picks.len());
    for lane in 0..lanes {
        for states in picks.chunks(BLOCK) {
            ctx.check()?;
            samples.extend(states.iter().map(|&state| trajectory[state * lanes + lane]));
        }
    }
    let means: Vec<f64> =
        samples.chunks_exact(picks.len()).map(|cells| cells.iter().sum::<f64>() / cells.len() as f64).collect();
    let mean = means.iter().sum::<f64>() / lanes as f64;
    // What is no number in one state is none in all later ones.
    let last = &trajectory[trajectory.len() - lanes..];
    if !mean.is_finite() || last.iter().any(|x| !x.is_finite()) {
        let name = net.labels().get(gene);
        return Err(Error::numerical(format!("the expression of '{name}' is no number any more"))
            .with_hint("smaller strengths, rates or noise; a larger decay"));
    }
    let hills = net.terms(gene);
    let half_response = match hills.is_empty() {
        true => f64::NAN,
        false => setting.half_response[gene].unwrap_or(mean),
    };
    let term = |hill: &f64| -> Result<Vec<f64>> {
        let mut term = Vec::with_capacity(trajectory.len());
        for states in trajectory.chunks(BLOCK) {
            ctx.check()?;
            term.extend(states.iter().map(|&x| hill_term(x, half_response, *hill)));
        }
        Ok(term)
    };
    let terms = hills.iter().map(term).collect::<Result<Vec<_>>>()?;
    Ok(GeneRun { samples, means, half_response, terms })
}

/// All states of a gene: cell types beside each other, states below each other.
fn trajectory(setting: &Setting<'_>, gene: usize, done: &Done, ctx: &Context) -> Result<Vec<f64>> {
    let (net, lanes, states) = (setting.network, setting.cell_types, setting.states());
    let reaction = Reaction {
        decay: setting.decay[gene],
        amplitude: setting.amplitude[gene],
        dt: setting.dt,
        noise: setting.noise,
    };
    let start = |lane: usize| -> Result<f64> {
        ctx.check()?;
        let expression = |regulator: usize| done.means[regulator][lane];
        Ok(net.production(gene, setting.rates[(gene, lane)], &done.half_response, expression) / reaction.decay)
    };
    let mut x = (0..lanes).map(start).collect::<Result<Vec<f64>>>()?;
    let mut trajectory = vec![0.0; states * lanes];
    trajectory[..lanes].copy_from_slice(&x);
    let mut rng = rng::stream(ctx.seed(), "sergio", gene as u64);
    let block = (BLOCK / lanes).clamp(1, states);
    let (mut production, mut normals) = (vec![0.0; block * lanes], vec![0.0; block * lanes]);
    if net.influences(gene).is_empty() {
        for row in production.chunks_exact_mut(lanes) {
            row.iter_mut().zip(setting.rates.row(gene)).for_each(|(rate, own)| *rate = *own);
        }
    }
    for first in (1..states).step_by(block) {
        ctx.check()?;
        let length = block.min(states - first) * lanes;
        let (production, normals) = (&mut production[..length], &mut normals[..length]);
        if !net.influences(gene).is_empty() {
            // A state is driven by the regulators' state before it.
            let from = (first - 1) * lanes;
            net.produce(gene, |regulator, term| &done.terms[regulator][term][from..from + length], production);
        }
        fill_normal(&mut rng, normals);
        reaction.run(&mut x, production, normals, &mut trajectory[first * lanes..][..length]);
    }
    Ok(trajectory)
}
