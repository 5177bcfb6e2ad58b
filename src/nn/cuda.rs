//! Unrolled models on an NVIDIA GPU, in single precision.

use burn::backend::Cuda;
use burn::backend::cuda::CudaDevice;
use burn::tensor::Tensor;

use super::backend::{CellBackend, Rule, Saved, Work, beside, numbers};
use super::decoder::{Fitted, Task};
use super::device_bodies;
use super::evaluator::{Evaluate, On, Precision, Problem};
use super::host::proximal::Root;
use super::host::start::Start;
use super::parameters::Layout;
use super::perceptron::Perceptron;
use super::unrolled::Cell;
use crate::error::{Error, Result};

type T1 = Tensor<Cuda, 1>;
type T3 = Tensor<Cuda, 3>;

fn first(tensor: &T1) -> f64 {
    numbers::<f64, Cuda, 1>(tensor)[0]
}

impl CellBackend for Cuda {
    fn start(start: Start, parameters: &T1, s: &T3, _: &Work) -> T3 {
        let t = first(parameters);
        match start {
            Start::Whole => device_bodies::inverse(s, t),
            Start::Diagonal => {
                let unit = device_bodies::identity(s);
                unit.clone() / (s.clone() * unit.clone() + unit.neg().add_scalar(1.0)).add_scalar(t)
            }
        }
    }

    fn start_backward(start: Start, layout: Layout, theta: &T3, gradient: &T3, _: &Work) -> T1 {
        let squared = match start {
            Start::Whole => theta.clone().matmul(theta.clone()),
            Start::Diagonal => theta.clone() * theta.clone(),
        };
        let of_t = (squared * gradient.clone()).sum().neg();
        Tensor::cat(vec![of_t, beside(vec![0.0f32; layout.len() - 1], [layout.len() - 1], theta)], 0)
    }

    fn proximal(_: Root, s: &T3, z: &T3, lambda: &T1, _: &Work) -> (T3, Saved<Self>) {
        let (theta, b, root) = device_bodies::proximal(s, z, first(lambda));
        (theta, Saved::Device { b, root })
    }

    fn proximal_backward(saved: &Saved<Self>, s: &T3, lambda: &T1, gradient: &T3, work: &Work) -> (T3, T1) {
        let Saved::Device { b, root } = saved else {
            work.fail(Error::internal("a step without its trace"));
            return (s.zeros_like(), lambda.zeros_like());
        };
        device_bodies::proximal_backward((b, root), s, first(lambda), gradient)
    }

    fn threshold(rule: Rule, parameters: &T1, x: [&T3; 3], _: &Work) -> T3 {
        device_bodies::threshold(rule, parameters, x)
    }

    fn threshold_backward(rule: Rule, parameters: &T1, x: [&T3; 3], gradient: &T3, _: &Work) -> (T3, T3, T1) {
        device_bodies::threshold_backward(rule, parameters, x, gradient)
    }

    fn distance(z: &T3, theta: &T3) -> T1 {
        let difference = z.clone() - theta.clone();
        (difference.clone() * difference).sum().div_scalar(z.dims()[0] as f64)
    }
}

/// A problem on GPU `index`.
///
/// # Errors
/// The published programs' square root, double precision.
pub(super) fn evaluator(
    cell: &Cell,
    problem: &Problem,
    precision: Precision,
    index: usize,
) -> Result<Box<dyn Evaluate>> {
    if cell.root == Root::NewtonSchulz {
        return Err(Error::option("the published programs' square root runs on the CPU only")
            .with_hint("device: \"cpu\", or variant: \"sinew\""));
    }
    single(precision)?;
    Ok(Box::new(On::<Cuda>::new(cell, problem, CudaDevice::new(index), precision)))
}

/// A decoder on GPU `index`, which works on all samples at a time.
///
/// # Errors
/// Double precision.
pub(super) fn decoder(task: &Task<'_>, index: usize) -> Result<Box<dyn Fitted>> {
    single(task.plan.precision)?;
    // The row of the biases beside those of the regulators.
    let rows = task.inputs.nrows().max(task.inputs.ncols() + 1);
    Ok(Box::new(Perceptron::<Cuda>::new(task, rows, CudaDevice::new(index))))
}

pub(super) fn single(precision: Precision) -> Result<()> {
    match precision {
        Precision::Single => Ok(()),
        Precision::Double => Err(Error::option("models on a GPU compute in single precision")
            .with_hint("dtype: \"float32\", or device: \"cpu\"")),
    }
}
