//! The unrolled model of GRNUlar, from regulators to genes, as the rest of the engine sees it: numbers in, numbers out.

mod cell;
mod network;
mod regression;

use std::sync::Arc;

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};
use ndarray::{Array2, ArrayView2};

use super::backend::{CellBackend, Work, numbers};
use super::decoder::DecoderPlan;
use super::device::Device;
use super::evaluator::{Direction, Precision};
use super::losses::{Supervised, Truth};
use super::operations::Recorded;
use super::parameters::Layout;
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};

use cell::Iterations;
use regression::{Inner, Refit, Regression, Ridge};

/// What the model is, but for its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct RegulationCell {
    /// Where the parameters stand.
    pub layout: Layout,
    /// Iterations.
    pub steps: usize,
    /// Over how much a threshold acts smoothly; without it Z is 0 below the threshold and its inputs keep their signs, as
    /// in the published program.
    pub softness: Option<f64>,
    /// Mean and standard deviation of every input of the threshold network; none: inputs are taken as they are.
    pub scaling: Option<Vec<(f64, f64)>>,
    /// Whether gradients reach lambda; not so in the published program.
    pub learn_lambda: bool,
}

/// How genes are regressed on regulators.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Ridge regressions towards Z, in closed form, from the eigenvalues and eigenvectors of the regulators' correlations.
    Ridge {
        /// T
        values: Vec<f64>,
        /// T x T, one in a column.
        vectors: Array2<f64>,
    },
    /// A neural network from regulators to genes; W are the products of its weights along paths.
    Network(NetworkStep),
}

/// How a neural network is fitted in the place of regressions.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkStep {
    /// The network.
    pub plan: DecoderPlan,
    /// Standardised data, n x D, which clones share.
    pub x: Arc<Array2<f64>>,
    /// Steps of the first fit, and of every fit where each starts afresh.
    pub epochs: usize,
    /// Steps of every iteration.
    pub steps: usize,
    /// A new network in every iteration, as GRNUlar-base has it.
    pub afresh: bool,
    /// Whether W are the shares of all paths to a gene, not the products themselves.
    pub shares: bool,
}

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EdgeLoss {
    /// The mean over pairs of -log of the probability of what is true.
    CrossEntropy,
    /// A loss of GLAD and GRNUlar.
    Of(Supervised),
}

/// What the model is run on: T regulators and D genes, the regulators among them.
#[derive(Debug, Clone, PartialEq)]
pub struct RegulationProblem {
    /// Covariances of regulators and genes, T x D; 0 where there can be no edge.
    pub s: Array2<f64>,
    /// The column of every regulator.
    pub own: Vec<usize>,
    /// 1 where there can be an edge, 0 elsewhere, T x D: at every regulator's own column, and where regulator or gene
    /// shows nothing. Only the others count in losses, and of a cell with a softness only they have coefficients.
    pub pairs: Array2<f64>,
    /// What else the threshold network is told of every pair: rows are pairs, all genes of a regulator together.
    pub context: Array2<f64>,
    /// How genes are regressed on regulators.
    pub step: Step,
    /// What is minimised, and the truth, T x D, 1 for an edge. None where only estimates are wanted.
    pub objective: Option<(EdgeLoss, Array2<f64>)>,
}

/// One pass through the model; matrices are T x D.
#[derive(Debug, Clone)]
pub struct RegulationPass {
    /// The loss; NaN without an objective.
    pub loss: f64,
    /// Its gradient in the parameters, where it was asked for.
    pub gradient: Vec<f64>,
    /// The last coefficients, or products of weights.
    pub theta: Array2<f64>,
    /// The last Z.
    pub z: Array2<f64>,
    /// By how much theta is above its threshold; negative below.
    pub margin: Array2<f64>,
    /// The lambda of every iteration.
    pub lambdas: Vec<f64>,
}

/// A problem on its device.
#[derive(Debug)]
pub struct Regulation {
    on: Box<dyn Evaluate>,
    _held: Reservation,
}

trait Evaluate: std::fmt::Debug + Send + Sync {
    fn pass(&self, parameters: &[f64], direction: Direction, stream: u64, ctx: &Context) -> Result<RegulationPass>;
}

impl Regulation {
    /// Brings a problem onto a device.
    ///
    /// # Errors
    /// Matrices of other sizes; double precision on a GPU; memory.
    pub fn new(
        cell: &RegulationCell,
        problem: &RegulationProblem,
        device: Device,
        precision: Precision,
        ctx: &Context,
    ) -> Result<Self> {
        check(cell, problem)?;
        let (regulators, genes) = problem.s.dim();
        // What stays: inputs, S, pairs, truth and what regressions keep; and as much again while they are converted.
        let kept = cell.layout.inputs() + 7;
        let _passing = ctx.reserve_matrices(kept, regulators, genes)?;
        let held = ctx.reserve_matrices(kept, regulators, genes)?;
        let on: Box<dyn Evaluate> = match device {
            Device::Cpu => Box::new(On::<Flex>::new(cell, problem, Default::default(), precision)),
            #[cfg(feature = "cuda")]
            Device::Cuda(index) => {
                super::cuda::single(precision)?;
                let device = burn::backend::cuda::CudaDevice::new(index);
                Box::new(On::<burn::backend::Cuda>::new(cell, problem, device, precision))
            }
        };
        Ok(Self { on, _held: held })
    }

    /// One pass with these parameters. Networks start from random numbers of the context's seed and `stream`.
    ///
    /// # Errors
    /// Numbers that overflow, cancellation, memory.
    pub fn pass(&self, parameters: &[f64], direction: Direction, stream: u64, ctx: &Context) -> Result<RegulationPass> {
        self.on.pass(parameters, direction, stream, ctx)
    }
}

fn check(cell: &RegulationCell, problem: &RegulationProblem) -> Result<()> {
    let (regulators, genes) = problem.s.dim();
    let further = cell.layout.inputs().checked_sub(super::parameters::ENTRIES);
    let fits = problem.own.len() == regulators
        && problem.pairs.dim() == problem.s.dim()
        && problem.own.iter().all(|&column| column < genes)
        && further == Some(problem.context.ncols())
        && (problem.context.ncols() == 0 || problem.context.nrows() == regulators * genes)
        && cell.scaling.as_ref().is_none_or(|scaling| scaling.len() == cell.layout.inputs())
        && problem.objective.as_ref().is_none_or(|(_, truth)| truth.dim() == problem.s.dim());
    let step_fits = match &problem.step {
        Step::Ridge { values, vectors } => values.len() == regulators && vectors.dim() == (regulators, regulators),
        Step::Network(network) => network.x.ncols() == genes,
    };
    match fits && step_fits && regulators * genes > 0 {
        true => Ok(()),
        false => Err(Error::shape("matrices of different sizes in one model of regulation")),
    }
}

/// Numbers on a device, in the precision of the model.
#[derive(Debug, Clone)]
struct Place<B: CellBackend> {
    device: B::Device,
    precision: Precision,
}

impl<B: CellBackend> Place<B> {
    fn matrix(&self, values: ArrayView2<'_, f64>) -> Tensor<B, 2> {
        self.tensor(values.iter().copied().collect(), [values.nrows(), values.ncols()])
    }

    fn tensor<const D: usize>(&self, values: Vec<f64>, shape: [usize; D]) -> Tensor<B, D> {
        let dtype = self.precision.dtype();
        Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (&self.device, dtype))
    }

    fn number<const D: usize>(&self, value: f64) -> Recorded<B, D> {
        Tensor::from_inner(Tensor::full([1; D], value, (&self.device, self.precision.dtype())))
    }
}

/// A problem on the device of a backend.
#[derive(Debug)]
struct On<B: CellBackend> {
    cell: RegulationCell,
    place: Place<B>,
    s: Tensor<B, 2>,
    /// 1 where there can be an edge.
    pairs: Tensor<B, 2>,
    /// How many there can be.
    count: f64,
    context: Option<Tensor<B, 2>>,
    scaling: Option<[Tensor<B, 2>; 2]>,
    regression: Regression<B>,
    objective: Option<(EdgeLoss, Truth<B>)>,
}

impl<B: CellBackend> On<B> {
    fn new(cell: &RegulationCell, problem: &RegulationProblem, device: B::Device, precision: Precision) -> Self {
        let place = Place { device, precision };
        let (regulators, genes) = problem.s.dim();
        let own = Array2::from_shape_fn((regulators, genes), |(t, g)| f64::from(u8::from(problem.own[t] == g)));
        let regression = match &problem.step {
            Step::Ridge { values, vectors } => Regression::Ridge(Ridge::new(values, vectors, &problem.s, &own, &place)),
            Step::Network(step) => Regression::Network(Box::new(Inner {
                step: step.clone(),
                own: problem.own.clone(),
                // The published program draws all paths.
                drawn: cell.softness.map(|_| problem.pairs.clone()),
            })),
        };
        let objective = problem.objective.as_ref().map(|(loss, truth)| {
            let stacked = |matrix: &Array2<f64>| place.matrix(matrix.view()).reshape([1, regulators, genes]);
            let truth = Truth { precision: stacked(truth), edges: stacked(truth), pairs: stacked(&problem.pairs) };
            (*loss, truth)
        });
        let scaling = cell.scaling.as_ref().map(|scaling| {
            let row =
                |part: fn(&(f64, f64)) -> f64| place.tensor(scaling.iter().map(part).collect(), [1, scaling.len()]);
            [row(|of| of.0), row(|of| 1.0 / of.1)]
        });
        Self {
            s: place.matrix(problem.s.view()),
            pairs: place.matrix(problem.pairs.view()),
            count: problem.pairs.sum().max(1.0),
            context: (problem.context.ncols() > 0).then(|| place.matrix(problem.context.view())),
            scaling,
            regression,
            objective,
            cell: cell.clone(),
            place,
        }
    }
}

impl<B: CellBackend> Evaluate for On<B> {
    fn pass(&self, parameters: &[f64], direction: Direction, stream: u64, ctx: &Context) -> Result<RegulationPass> {
        let work = Work::new(ctx);
        work.check()?;
        let [regulators, genes] = self.s.dims();
        // The layers of every iteration, for the way back.
        let kept = if direction == Direction::Both { self.cell.steps } else { 1 };
        let layers = 4 * (self.cell.layout.inputs() + 2 * self.cell.layout.hidden() + 4);
        let _held = ctx.reserve_matrices(kept.saturating_mul(layers), regulators, genes)?;
        let mut recorded = Recorded::<B, 1>::from_inner(self.place.tensor(parameters.to_vec(), [parameters.len()]));
        if direction == Direction::Both {
            recorded = recorded.require_grad();
        }
        let mut refit = Refit::new(&self.regression, stream, ctx);
        let Iterations { theta, z, margin, loss, lambdas } = self.run(&recorded, &mut refit, &work)?;
        work.check()?;
        let value = loss.as_ref().map_or(f64::NAN, |loss| numbers::<f64, B, 1>(&loss.clone().inner())[0]);
        let mut gradient = Vec::new();
        if direction == Direction::Both
            && let Some(loss) = loss
        {
            let grads = loss.backward();
            work.check()?;
            gradient = recorded.grad(&grads).map(|grad| numbers::<f64, B, 1>(&grad)).unwrap_or_default();
        }
        let matrix = |tensor: Recorded<B, 2>| {
            let values: Vec<f64> = numbers(&tensor.inner());
            Array2::from_shape_fn((regulators, genes), |(t, g)| values[t * genes + g])
        };
        Ok(RegulationPass {
            loss: value,
            gradient,
            theta: matrix(theta),
            z: matrix(z),
            margin: matrix(margin),
            lambdas,
        })
    }
}

#[cfg(test)]
mod tests;
