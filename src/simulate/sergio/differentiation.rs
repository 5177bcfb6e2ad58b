//! Differentiation: cell types whose cells start from the steady state of their parent's and move to their own.

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal};

use super::Sergio;
use super::lineage::parents;
use super::network::{Network, hill_term};
use super::noise::{Reaction, fill_normal};
use super::reservoir::{Cells, Kept, Reservoir};
use super::setting::Setting;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::parallel;
use crate::rng::{self, Rng};

/// How many states behind each other have to be near the steady state in the mean.
const WINDOW: usize = 10;

/// Unspliced and spliced expression.
#[derive(Debug)]
pub(super) struct Paths {
    /// Cells x genes, type 0 first.
    pub unspliced: Array2<f64>,
    /// Cells x genes.
    pub spliced: Array2<f64>,
    /// Half responses of regulators, NaN for other genes.
    pub half_response: Vec<f64>,
}

/// Fixed points of the equations without noise.
struct Steady {
    /// Genes x cell types.
    unspliced: Array2<f64>,
    half_response: Vec<f64>,
}

/// Everything that all cell types share.
struct Course<'a> {
    setting: &'a Setting<'a>,
    steady: &'a Steady,
    ratio: f64,
    amplitude_spliced: Vec<f64>,
    sampling_state: usize,
    max_steps: usize,
}

/// Simulates all cell types. They depend on each other by fixed points alone, and so run beside each other.
///
/// # Errors
/// A matrix that does not describe differentiation, a type that does not settle, limits of the context.
pub(super) fn simulate(options: &Sergio, setting: &Setting<'_>, bifurcation: &Matrix, ctx: &Context) -> Result<Paths> {
    let (p, types, labels) = (setting.network.genes(), setting.cell_types, setting.network.labels());
    let parents = parents(bifurcation, types)?;
    check(options, setting)?;
    let steady = steady(setting, ctx)?;
    let spliced = options.noise_amplitude_spliced.as_ref().unwrap_or(&options.noise_amplitude);
    let course = Course {
        setting,
        steady: &steady,
        ratio: options.splice_ratio,
        amplitude_spliced: spliced.each(labels, "noise_amplitude_spliced", "a number >= 0", |value| value >= 0.0)?,
        sampling_state: options.sampling_state,
        max_steps: options.max_steps,
    };
    let all: Vec<usize> = (0..types).collect();
    let runs = parallel::map(&all, ctx, |_, &cell_type| course.cell_type(cell_type, parents[cell_type], ctx))?;
    let cells = types * setting.cells;
    let (mut unspliced, mut spliced) = (Array2::zeros((cells, p)), Array2::zeros((cells, p)));
    for (cell, (u, s)) in runs.iter().flatten().enumerate() {
        unspliced.row_mut(cell).iter_mut().zip(u).for_each(|(to, from)| *to = *from);
        spliced.row_mut(cell).iter_mut().zip(s).for_each(|(to, from)| *to = *from);
    }
    Ok(Paths { unspliced, spliced, half_response: steady.half_response })
}

/// Options that steady states do not have.
fn check(options: &Sergio, setting: &Setting<'_>) -> Result<()> {
    let fastest = setting.decay.iter().copied().fold(0.0, f64::max) / options.splice_ratio;
    if fastest * options.dt >= 1.0 {
        return Err(Error::option(format!(
            "steps of {} are too long for spliced RNA that decays at {fastest}",
            options.dt
        ))
        .with_hint("dt x decay / splice_ratio must be below 1: a smaller dt, or a larger splice_ratio"));
    }
    let least = options.cells.max(WINDOW);
    if options.max_steps < least {
        return Err(Error::option(format!(
            "max_steps is {}, but a cell type takes {least} steps at least",
            options.max_steps
        ))
        .with_hint("as many as it has cells"));
    }
    Ok(())
}

/// Fixed points, level by level; half responses are their means over cell types, where none are given.
fn steady(setting: &Setting<'_>, ctx: &Context) -> Result<Steady> {
    let (net, types) = (setting.network, setting.cell_types);
    let mut unspliced = Array2::<f64>::zeros((net.genes(), types));
    let mut half_response = vec![f64::NAN; net.genes()];
    for &gene in net.levels().iter().flatten() {
        for cell_type in 0..types {
            ctx.check()?;
            let expression = |regulator: usize| unspliced[(regulator, cell_type)];
            let production = net.production(gene, setting.rates[(gene, cell_type)], &half_response, expression);
            unspliced[(gene, cell_type)] = production / setting.decay[gene];
        }
        if !net.terms(gene).is_empty() {
            half_response[gene] = setting.half_response[gene].unwrap_or(unspliced.row(gene).sum() / types as f64);
        }
    }
    Ok(Steady { unspliced, half_response })
}

impl Course<'_> {
    /// The cells that are drawn of a type.
    fn cell_type(&self, cell_type: usize, parent: Option<(usize, f64)>, ctx: &Context) -> Result<Vec<Kept>> {
        let mut rng = rng::stream(ctx.seed(), "sergio differentiation", cell_type as u64);
        let cells = match parent {
            Some((_, share)) => ((share * self.setting.cells as f64).round() as usize).max(1),
            None => (20.0 + 5.0 * Distribution::<f64>::sample(&StandardNormal, &mut rng)).max(1.0) as usize,
        };
        let p = self.setting.network.genes();
        let _held = ctx.reserve_matrices(2 * WINDOW + 8, p, cells)?;
        let mut now = self.start(parent.map_or(cell_type, |(parent, _)| parent), cells, &mut rng);
        let mut drawn = Reservoir::new(self.setting.cells);
        let mut settling = Settling::new(p, cells);
        let mut workspace = Workspace::new(self.setting.network, cells);
        drawn.offer(&now, &mut rng, ctx)?;
        let (mut steps, mut end) = (0, usize::MAX);
        while steps < end {
            ctx.check()?;
            self.step(cell_type, &mut now, &mut workspace, &mut rng, ctx)?;
            steps += 1;
            drawn.offer(&now, &mut rng, ctx)?;
            if end == usize::MAX {
                settling.look(&now, (self, cell_type), steps >= self.setting.cells, ctx)?;
                if settling.is_done() {
                    // The published program counts these steps once a cell.
                    end = self.sampling_state.saturating_mul(steps).div_ceil(cells).saturating_add(steps);
                } else if steps >= self.max_steps {
                    return Err(self.unsettled(cell_type, &settling));
                }
            }
        }
        match drawn.kept.iter().all(|(u, s)| u.iter().chain(s).all(|x| x.is_finite())) {
            true => Ok(drawn.kept),
            false => Err(Error::numerical(format!("the expression in cell type {cell_type} is no number any more"))
                .with_hint("smaller strengths, rates or noise; a larger decay")),
        }
    }

    /// Cells near the steady state of a type: normal around it, with a twentieth of it as standard deviation.
    fn start(&self, cell_type: usize, cells: usize, rng: &mut Rng) -> Cells {
        let p = self.setting.network.genes();
        let mut near = |factor: f64| {
            Array2::from_shape_fn((p, cells), |(gene, _)| {
                let steady = factor * self.steady.unspliced[(gene, cell_type)];
                let noise: f64 = StandardNormal.sample(rng);
                (steady + steady / 20.0 * noise).max(0.0)
            })
        };
        Cells { unspliced: near(1.0), spliced: near(self.ratio) }
    }

    /// One step of all genes in all cells, each driven by the state before it.
    fn step(
        &self,
        cell_type: usize,
        now: &mut Cells,
        workspace: &mut Workspace,
        rng: &mut Rng,
        ctx: &Context,
    ) -> Result<()> {
        let (setting, net) = (self.setting, self.setting.network);
        workspace.fill_terms(net, &now.unspliced, &self.steady.half_response, ctx)?;
        let reaction = |gene: usize, ratio: f64, amplitude: f64| Reaction {
            decay: setting.decay[gene] / ratio,
            amplitude,
            dt: setting.dt,
            noise: setting.noise,
        };
        for gene in 0..net.genes() {
            ctx.check()?;
            workspace.fill_production(net, gene, setting.rates[(gene, cell_type)]);
            let Workspace { production, splicing, normals, states, .. } = &mut *workspace;
            let (Some(u), Some(s)) = (now.unspliced.row_mut(gene).into_slice(), now.spliced.row_mut(gene).into_slice())
            else {
                continue;
            };
            splicing.iter_mut().zip(&*u).for_each(|(rate, u)| *rate = setting.decay[gene] * u);
            fill_normal(rng, normals);
            reaction(gene, 1.0, setting.amplitude[gene]).run(u, production, normals, states);
            fill_normal(rng, normals);
            reaction(gene, self.ratio, self.amplitude_spliced[gene]).run(s, splicing, normals, states);
        }
        Ok(())
    }

    fn unsettled(&self, cell_type: usize, settling: &Settling) -> Error {
        let gene = settling.near.iter().position(|near| !near.iter().all(|&near| near)).unwrap_or(0);
        let name = self.setting.network.labels().get(gene);
        Error::new(
            crate::error::ErrorKind::NotConverged,
            format!("cell type {cell_type}: '{name}' has not been near its steady state in {} steps", self.max_steps),
        )
        .with_hint("allow more with max_steps, take longer steps with dt, or lower the noise")
    }
}

/// What a step needs room for.
struct Workspace {
    /// Hill terms of every regulator, one list each Hill coefficient.
    terms: Vec<Vec<Vec<f64>>>,
    production: Vec<f64>,
    splicing: Vec<f64>,
    normals: Vec<f64>,
    states: Vec<f64>,
}

impl Workspace {
    fn new(net: &Network, cells: usize) -> Self {
        let room = || vec![0.0; cells];
        let terms = (0..net.genes()).map(|gene| net.terms(gene).iter().map(|_| room()).collect()).collect();
        Self { terms, production: room(), splicing: room(), normals: room(), states: room() }
    }

    fn fill_terms(
        &mut self,
        net: &Network,
        unspliced: &Array2<f64>,
        half_response: &[f64],
        ctx: &Context,
    ) -> Result<()> {
        for (gene, terms) in self.terms.iter_mut().enumerate() {
            ctx.check()?;
            for (&hill, term) in net.terms(gene).iter().zip(terms) {
                let own = term.iter_mut().zip(unspliced.row(gene));
                own.for_each(|(term, &x)| *term = hill_term(x, half_response[gene], hill));
            }
        }
        Ok(())
    }

    fn fill_production(&mut self, net: &Network, gene: usize, rate: f64) {
        match net.influences(gene).is_empty() {
            true => self.production.fill(rate),
            false => net.produce(gene, |regulator, term| &self.terms[regulator][term], &mut self.production),
        }
    }
}

/// Which genes have been near their steady state: in one cell, in the mean over a few states.
struct Settling {
    /// The last states: unspliced and spliced, genes x cells.
    recent: Vec<(Array2<f64>, Array2<f64>)>,
    looks: usize,
    /// Unspliced and spliced, one pair a gene.
    near: Vec<[bool; 2]>,
}

impl Settling {
    fn new(p: usize, cells: usize) -> Self {
        let room = || Array2::zeros((p, cells));
        Self { recent: (0..WINDOW).map(|_| (room(), room())).collect(), looks: 0, near: vec![[false; 2]; p] }
    }

    /// Remembers a state and, where `judge` says so, looks which genes are near.
    fn look(
        &mut self,
        now: &Cells,
        (course, cell_type): (&Course<'_>, usize),
        judge: bool,
        ctx: &Context,
    ) -> Result<()> {
        let (u, s) = &mut self.recent[self.looks % WINDOW];
        u.assign(&now.unspliced);
        s.assign(&now.spliced);
        self.looks += 1;
        if !judge || self.looks < WINDOW {
            return Ok(());
        }
        let recent = &self.recent;
        for (gene, near) in self.near.iter_mut().enumerate() {
            ctx.check()?;
            let steady = course.steady.unspliced[(gene, cell_type)];
            let means = |cell: usize| {
                let sum = recent.iter().fold([0.0, 0.0], |[a, b], (u, s)| [a + u[(gene, cell)], b + s[(gene, cell)]]);
                sum.map(|sum| sum / WINDOW as f64)
            };
            for cell in 0..now.unspliced.ncols() {
                if *near == [true, true] {
                    break;
                }
                let [u, s] = means(cell);
                near[0] |= is_near(u, steady);
                near[1] |= is_near(s, course.ratio * steady);
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.near.iter().all(|near| *near == [true, true])
    }
}

/// Within a tenth of the steady state, a fifth where it is below 1, as the published program has it; genes that are not
/// expressed at all are near where little is left of them.
fn is_near(mean: f64, steady: f64) -> bool {
    const NOTHING: f64 = 1e-3;
    let share = if steady < 1.0 { 0.2 } else { 0.1 };
    (mean - steady).abs() <= (share * steady).max(NOTHING)
}
