//! Unrolled models as the rest of the engine sees them: numbers in, numbers out, on a device that is chosen at run time.

use burn::backend::Flex;
use burn::tensor::{DType, Tensor, TensorData};
use ndarray::Array2;

use super::backend::{CellBackend, Work, numbers};
use super::device::Device;
use super::host::likelihood::Repair;
use super::losses::{Supervised, Truth, scaled_sum};
use super::operations::{self, Recorded};
use super::unrolled::{Cell, Unrolled};
use crate::context::Context;
use crate::error::{Error, Result};

/// The type of numbers that a model computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32 bits.
    Single,
    /// 64 bits.
    #[default]
    Double,
}

impl Precision {
    /// As Burn calls it.
    pub(super) fn dtype(self) -> DType {
        match self {
            Self::Single => DType::F32,
            Self::Double => DType::F64,
        }
    }
}

/// What is minimised.
#[derive(Debug, Clone, PartialEq)]
pub enum Objective {
    /// The mean over tasks of -log det Z + tr(S Z) of the last Z.
    Likelihood {
        /// Other covariances for the loss: one for all tasks, or one each; those of the input where there is none.
        s: Option<Vec<Array2<f64>>>,
        /// What is done about a Z that is not positive definite.
        repair: Repair,
    },
    /// The mean over iterations of a loss against the truth.
    Supervised {
        /// Which loss.
        loss: Supervised,
        /// Precision matrices, one a task.
        truth: Vec<Array2<f64>>,
    },
}

/// What a model is run on: covariances of its tasks, all p x p, and what is minimised.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// One a task.
    pub s: Vec<Array2<f64>>,
    /// Entries that may differ from 0, 1 or 0, for all tasks.
    pub mask: Option<Array2<f64>>,
    /// None where only estimates are wanted.
    pub objective: Option<Objective>,
}

/// One pass through a model.
#[derive(Debug, Clone)]
pub struct Pass {
    /// The loss; NaN without an objective.
    pub loss: f64,
    /// Its gradient in the parameters, where it was asked for.
    pub gradient: Vec<f64>,
    /// The last Theta of every task: positive definite.
    pub theta: Vec<Array2<f64>>,
    /// The last Z of every task.
    pub z: Vec<Array2<f64>>,
    /// The lambda of every iteration.
    pub lambdas: Vec<f64>,
}

/// Whether a pass computes the gradient too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Forward only.
    Forward,
    /// And back.
    Both,
}

/// A problem on its device.
#[derive(Debug)]
pub struct Evaluator(Box<dyn Evaluate>);

pub(super) trait Evaluate: std::fmt::Debug + Send + Sync {
    /// See [`Evaluator::pass`].
    fn pass(&self, parameters: &[f64], direction: Direction, ctx: &Context) -> Result<Pass>;
}

impl Evaluator {
    /// Brings a problem onto a device.
    ///
    /// # Errors
    /// Matrices of different sizes, no task; memory.
    pub fn new(cell: &Cell, problem: &Problem, device: Device, precision: Precision, ctx: &Context) -> Result<Self> {
        check(problem)?;
        let p = problem.s[0].nrows();
        let _held = ctx.reserve_matrices(3 * problem.s.len(), p, p)?;
        match device {
            Device::Cpu => Ok(Self(Box::new(On::<Flex>::new(cell, problem, Default::default(), precision)))),
            #[cfg(feature = "cuda")]
            Device::Cuda(index) => super::cuda::evaluator(cell, problem, precision, index).map(Self),
        }
    }

    /// One pass with these parameters.
    ///
    /// # Errors
    /// Numbers that overflow, cancellation, memory.
    pub fn pass(&self, parameters: &[f64], direction: Direction, ctx: &Context) -> Result<Pass> {
        self.0.pass(parameters, direction, ctx)
    }
}

fn check(problem: &Problem) -> Result<()> {
    let Some(first) = problem.s.first() else { return Err(Error::data("no covariance to learn from")) };
    let side = first.dim();
    let truth = match &problem.objective {
        Some(Objective::Supervised { truth, .. }) => truth.as_slice(),
        Some(Objective::Likelihood { s: Some(s), .. }) => s.as_slice(),
        _ => &[],
    };
    let all = problem.s.iter().chain(&problem.mask).chain(truth);
    if let Some(other) = all.clone().find(|other| other.dim() != side) {
        return Err(Error::shape(format!("matrices of {side:?} and {:?} in one problem", other.dim())));
    }
    let tasks = problem.s.len();
    if !truth.is_empty() && truth.len() != tasks && truth.len() != 1 {
        return Err(Error::shape(format!("{} matrices for {tasks} tasks", truth.len())));
    }
    Ok(())
}

/// A problem on the device of a backend.
#[derive(Debug)]
pub(super) struct On<B: CellBackend> {
    cell: Cell,
    s: Tensor<B, 3>,
    mask: Option<Tensor<B, 3>>,
    objective: Option<Minimised<B>>,
}

#[derive(Debug)]
enum Minimised<B: CellBackend> {
    Likelihood(Option<Tensor<B, 3>>, Repair),
    Supervised(Supervised, Truth<B>),
}

impl<B: CellBackend> On<B> {
    pub(super) fn new(cell: &Cell, problem: &Problem, device: B::Device, precision: Precision) -> Self {
        let dtype = precision.dtype();
        let stack = |matrices: &[Array2<f64>]| {
            let p = matrices[0].nrows();
            let values: Vec<f64> = matrices.iter().flat_map(|matrix| matrix.iter().copied()).collect();
            let data = TensorData::new(values, [matrices.len(), p, p]).convert_dtype(dtype);
            Tensor::<B, 3>::from_data(data, (&device, dtype))
        };
        let one = std::slice::from_ref;
        let objective = problem.objective.as_ref().map(|objective| match objective {
            Objective::Likelihood { s, repair } => Minimised::Likelihood(s.as_deref().map(stack), *repair),
            Objective::Supervised { loss, truth } => {
                let off = |i: usize, j: usize| f64::from(u8::from(i != j));
                let edges: Vec<Array2<f64>> = truth.iter().map(edges_of).collect();
                let pairs = Array2::from_shape_fn(truth[0].dim(), |(i, j)| off(i, j));
                let truth = Truth { precision: stack(truth), edges: stack(&edges), pairs: stack(one(&pairs)) };
                Minimised::Supervised(*loss, truth)
            }
        });
        Self {
            cell: cell.clone(),
            s: stack(&problem.s),
            mask: problem.mask.as_ref().map(|mask| stack(one(mask))),
            objective,
        }
    }

    /// The loss as automatic differentiation sees it, and its value.
    fn loss(&self, unrolled: &Unrolled<B>, work: &Work) -> Option<(Recorded<B, 1>, f64)> {
        match self.objective.as_ref()? {
            Minimised::Likelihood(s, repair) => {
                let (last, s) = (unrolled.z.last()?, s.as_ref().unwrap_or(&self.s));
                Some(operations::likelihood(*repair, last, &unrolled.theta, s, work))
            }
            Minimised::Supervised(loss, truth) => {
                let steps = unrolled.z.len() as f64;
                let sum = unrolled.z.iter().map(|z| loss.loss(z, truth)).reduce(|sum, loss| sum + loss)?;
                let mean = scaled_sum(sum, 1.0 / steps);
                let value = numbers::<f64, B, 1>(&mean.clone().inner())[0];
                Some((mean, value))
            }
        }
    }
}

/// 1 where a matrix is not 0 off its diagonal.
fn edges_of(truth: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(truth.dim(), |(i, j)| f64::from(u8::from(i != j && truth[(i, j)] != 0.0)))
}

impl<B: CellBackend> Evaluate for On<B> {
    fn pass(&self, parameters: &[f64], direction: Direction, ctx: &Context) -> Result<Pass> {
        let work = Work::new(ctx);
        work.check()?;
        let [tasks, p, _] = self.s.dims();
        // For every step Theta, Z and, on the way back, what both need; some more while each is computed.
        let kept = if direction == Direction::Both { 5 } else { 2 };
        let count = self.cell.steps.saturating_mul(kept).saturating_add(10).saturating_mul(tasks);
        let _held = ctx.reserve_matrices(count, p, p)?;
        let (device, dtype) = (self.s.device(), self.s.dtype());
        let data = TensorData::new(parameters.to_vec(), [parameters.len()]).convert_dtype(dtype);
        let mut recorded = Recorded::<B, 1>::from_inner(Tensor::from_data(data, (&device, dtype)));
        if direction == Direction::Both {
            recorded = recorded.require_grad();
        }
        let unrolled = self.cell.run(&recorded, &self.s, self.mask.as_ref(), &work)?;
        let loss = self.loss(&unrolled, &work);
        work.check()?;
        let value = loss.as_ref().map_or(f64::NAN, |(_, value)| *value);
        let mut gradient = Vec::new();
        if direction == Direction::Both
            && let Some((loss, _)) = loss
        {
            let grads = loss.backward();
            work.check()?;
            gradient = recorded.grad(&grads).map(|grad| numbers::<f64, B, 1>(&grad)).unwrap_or_default();
        }
        let last = unrolled.z.last().map(|z| z.clone().inner());
        Ok(Pass {
            loss: value,
            gradient,
            theta: matrices(&unrolled.theta.inner()),
            z: last.map(|z| matrices(&z)).unwrap_or_default(),
            lambdas: unrolled.lambdas.iter().map(|lambda| numbers::<f64, B, 1>(lambda)[0]).collect(),
        })
    }
}

fn matrices<B: CellBackend>(tensor: &Tensor<B, 3>) -> Vec<Array2<f64>> {
    let [_, n, _] = tensor.dims();
    let all: Vec<f64> = numbers(tensor);
    all.chunks_exact((n * n).max(1)).map(|part| Array2::from_shape_fn((n, n), |(i, j)| part[i * n + j])).collect()
}
