//! What a device has to be able to do for the unrolled models: the operations of a cell, forward and backward.
//!
//! Every operation has a body here that runs on the processor, whatever the tensors' device. A device that does better
//! overrides it.

use std::sync::{Arc, Mutex};

use burn::backend::Flex;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Element, Tensor, TensorData};

use super::host::likelihood::{self, Repair};
use super::host::proximal::{self, Root, Trace};
use super::host::start::{self, Start};
use super::host::threshold::{self, Diagonal};
use super::host::{distance, networks};
use super::parameters::Layout;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::linalg::Real;
use crate::parallel;

/// Under what operations run. They cannot fail by themselves, because automatic differentiation calls them: what went
/// wrong is kept here, and the operation gives zeros.
#[derive(Debug, Clone)]
pub struct Work {
    ctx: Context,
    failure: Arc<Mutex<Option<Error>>>,
}

impl Work {
    /// Under this context.
    pub fn new(ctx: &Context) -> Self {
        Self { ctx: ctx.clone(), failure: Arc::default() }
    }

    /// The first failure of an operation, or that of the context.
    ///
    /// # Errors
    /// That.
    pub fn check(&self) -> Result<()> {
        let failed = self.failure.lock().ok().and_then(|mut failure| failure.take());
        failed.map_or_else(|| self.ctx.check(), Err)
    }

    /// Keeps what went wrong, unless something has before.
    pub fn fail(&self, error: Error) {
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(error);
        }
    }

    fn run<T>(&self, work: impl FnOnce(&Context) -> Result<T>) -> Option<T> {
        let result = self.ctx.check().and_then(|()| work(&self.ctx));
        result.map_err(|error| self.fail(error)).ok()
    }
}

/// What the backward pass of the step to Theta needs.
#[derive(Debug, Clone)]
pub enum Saved<B: Backend> {
    /// For every task, on the processor, in single precision.
    Single(Arc<Vec<Trace<f32>>>),
    /// The same in double precision.
    Double(Arc<Vec<Trace<f64>>>),
    /// B and the root of every task, on the device.
    Device {
        /// Tasks x n x n.
        b: Tensor<B, 3>,
        /// Tasks x n x n.
        root: Tensor<B, 3>,
    },
    /// Nothing: the step failed.
    Nothing,
}

/// How entries are thresholded.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Where the parameters stand.
    pub layout: Layout,
    /// The diagonal.
    pub diagonal: Diagonal,
}

/// A loss with its gradient.
#[derive(Debug, Clone)]
pub struct Evaluated<B: Backend> {
    /// The mean over tasks.
    pub value: f64,
    /// Of that mean: tasks x n x n.
    pub gradient: Tensor<B, 3>,
    /// How far each task's matrix was moved towards Theta.
    pub repairs: Vec<f64>,
}

/// f32 and f64 as both worlds know them.
pub trait Number: Real + Element {
    /// A trace in its own precision.
    fn keep<B: Backend>(traces: Vec<Trace<Self>>) -> Saved<B>;
    /// The traces, if they are of this precision.
    fn kept<B: Backend>(saved: &Saved<B>) -> Option<&[Trace<Self>]>;
}

impl Number for f32 {
    fn keep<B: Backend>(traces: Vec<Trace<Self>>) -> Saved<B> {
        Saved::Single(Arc::new(traces))
    }
    fn kept<B: Backend>(saved: &Saved<B>) -> Option<&[Trace<Self>]> {
        if let Saved::Single(traces) = saved { Some(traces) } else { None }
    }
}

impl Number for f64 {
    fn keep<B: Backend>(traces: Vec<Trace<Self>>) -> Saved<B> {
        Saved::Double(Arc::new(traces))
    }
    fn kept<B: Backend>(saved: &Saved<B>) -> Option<&[Trace<Self>]> {
        if let Saved::Double(traces) = saved { Some(traces) } else { None }
    }
}

/// Runs a body in the precision of a tensor.
macro_rules! in_precision_of {
    ($tensor:expr, $real:ident => $body:expr) => {
        match $tensor.dtype() {
            DType::F64 => {
                type $real = f64;
                $body
            }
            _ => {
                type $real = f32;
                $body
            }
        }
    };
}

/// The numbers of a tensor on the processor.
pub fn numbers<T: Element, B: Backend, const D: usize>(tensor: &Tensor<B, D>) -> Vec<T> {
    let data = tensor.to_data();
    // One by one costs more than most operations.
    if data.dtype == T::dtype() {
        return data.into_vec().unwrap_or_default();
    }
    data.iter::<T>().collect()
}

/// A tensor of these numbers, on the device of another.
pub fn beside<T: Number, B: Backend, const D: usize, const E: usize>(
    values: Vec<T>,
    shape: [usize; E],
    other: &Tensor<B, D>,
) -> Tensor<B, E> {
    Tensor::from_data(TensorData::new(values, shape), (&other.device(), T::dtype()))
}

fn zeros<T: Number, B: Backend, const D: usize, const E: usize>(
    shape: [usize; E],
    other: &Tensor<B, D>,
) -> Tensor<B, E> {
    beside(vec![T::from_f64(0.0); shape.iter().product()], shape, other)
}

/// Multiplications below which other threads would not have started when the work is done.
const PARALLEL: usize = 20_000_000;

/// The same for every task, in order.
fn each<T: Send>(tasks: usize, n: usize, ctx: &Context, f: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    if tasks == 1 || tasks * n * n * n < PARALLEL {
        return (0..tasks).map(f).collect();
    }
    let tasks: Vec<usize> = (0..tasks).collect();
    parallel::map(&tasks, ctx, |_, &task| f(task))
}

fn part<T>(numbers: &[T], task: usize, n: usize) -> &[T] {
    &numbers[task * n * n..(task + 1) * n * n]
}

/// The operations of a cell. Shapes: S, Theta, Z and their gradients are tasks x n x n and symmetric; lambda is one
/// number; parameters are one list.
pub trait CellBackend: Backend {
    /// The start, see [`start`].
    fn start(start: Start, parameters: &Tensor<Self, 1>, s: &Tensor<Self, 3>, work: &Work) -> Tensor<Self, 3> {
        in_precision_of!(s, T => {
            let [tasks, n, _] = s.dims();
            let (numbers_of_s, t) = (numbers::<T, _, 3>(s), numbers::<T, _, 1>(parameters)[0]);
            let theta = work.run(|ctx| {
                each(tasks, n, ctx, |task| start::forward(part(&numbers_of_s, task, n), t, n, start, ctx))
            });
            theta.map_or_else(|| zeros::<T, _, 3, 3>(s.dims(), s), |theta| beside(theta.concat(), s.dims(), s))
        })
    }

    /// The gradient of the parameters.
    fn start_backward(
        start: Start,
        layout: Layout,
        theta: &Tensor<Self, 3>,
        gradient: &Tensor<Self, 3>,
        work: &Work,
    ) -> Tensor<Self, 1> {
        in_precision_of!(theta, T => {
            let [tasks, n, _] = theta.dims();
            let (thetas, gradients) = (numbers::<T, _, 3>(theta), numbers::<T, _, 3>(gradient));
            let mut all = vec![T::from_f64(0.0); layout.len()];
            let parts = work.run(|ctx| {
                each(tasks, n, ctx, |task| {
                    start::backward(part(&thetas, task, n), part(&gradients, task, n), n, start, ctx)
                })
            });
            parts.unwrap_or_default().into_iter().for_each(|value| all[0] += value);
            beside(all, [layout.len()], theta)
        })
    }

    /// The step to Theta, see [`proximal`].
    fn proximal(
        root: Root,
        s: &Tensor<Self, 3>,
        z: &Tensor<Self, 3>,
        lambda: &Tensor<Self, 1>,
        work: &Work,
    ) -> (Tensor<Self, 3>, Saved<Self>) {
        in_precision_of!(s, T => {
            let [tasks, n, _] = s.dims();
            let (ss, zs, lambda) = (numbers::<T, _, 3>(s), numbers::<T, _, 3>(z), numbers::<T, _, 1>(lambda)[0]);
            let steps = work.run(|ctx| {
                each(tasks, n, ctx, |task| {
                    proximal::forward(part(&ss, task, n), part(&zs, task, n), lambda, n, root, ctx)
                })
            });
            let Some(steps) = steps else { return (zeros::<T, _, 3, 3>(s.dims(), s), Saved::Nothing) };
            let (thetas, traces): (Vec<Vec<T>>, Vec<Trace<T>>) = steps.into_iter().unzip();
            (beside(thetas.concat(), s.dims(), s), T::keep(traces))
        })
    }

    /// The gradients of Z and lambda.
    fn proximal_backward(
        saved: &Saved<Self>,
        s: &Tensor<Self, 3>,
        lambda: &Tensor<Self, 1>,
        gradient: &Tensor<Self, 3>,
        work: &Work,
    ) -> (Tensor<Self, 3>, Tensor<Self, 1>) {
        in_precision_of!(s, T => {
            let [tasks, n, _] = s.dims();
            let (ss, gradients) = (numbers::<T, _, 3>(s), numbers::<T, _, 3>(gradient));
            let weight = numbers::<T, _, 1>(lambda)[0];
            let steps = work.run(|ctx| {
                let traces = T::kept(saved).ok_or_else(|| Error::internal("a step without its trace"))?;
                each(tasks, n, ctx, |task| {
                    let (s, gradient) = (part(&ss, task, n), part(&gradients, task, n));
                    proximal::backward(&traces[task], s, weight, gradient, n, ctx)
                })
            });
            let Some(steps) = steps else {
                return (zeros::<T, _, 3, 3>(s.dims(), s), zeros::<T, _, 3, 1>([1], s));
            };
            let of_lambda = steps.iter().fold(T::from_f64(0.0), |sum, step| sum + step.1);
            let of_z: Vec<Vec<T>> = steps.into_iter().map(|step| step.0).collect();
            (beside(of_z.concat(), s.dims(), s), beside(vec![of_lambda], [1], s))
        })
    }

    /// The threshold step, see [`threshold`].
    fn threshold(
        rule: Rule,
        parameters: &Tensor<Self, 1>,
        [theta, s, z]: [&Tensor<Self, 3>; 3],
        work: &Work,
    ) -> Tensor<Self, 3> {
        in_precision_of!(s, T => {
            let [tasks, n, _] = s.dims();
            let parameters = numbers::<T, _, 1>(parameters);
            let step = threshold::Step { parameters: &parameters, layout: rule.layout, diagonal: rule.diagonal };
            let x = [theta, s, z].map(numbers::<T, _, 3>);
            let parts = work.run(|ctx| {
                each(tasks, n, ctx, |task| {
                    let [theta, s, z] = [0, 1, 2].map(|input| part(&x[input], task, n));
                    Ok(threshold::forward(step, theta, s, z, n))
                })
            });
            parts.map_or_else(|| zeros::<T, _, 3, 3>(s.dims(), s), |parts| beside(parts.concat(), s.dims(), s))
        })
    }

    /// The gradients of Theta, of the last Z and of the parameters.
    fn threshold_backward(
        rule: Rule,
        parameters: &Tensor<Self, 1>,
        [theta, s, z]: [&Tensor<Self, 3>; 3],
        gradient: &Tensor<Self, 3>,
        work: &Work,
    ) -> (Tensor<Self, 3>, Tensor<Self, 3>, Tensor<Self, 1>) {
        in_precision_of!(s, T => {
            let [tasks, n, _] = s.dims();
            let own = numbers::<T, _, 1>(parameters);
            let step = threshold::Step { parameters: &own, layout: rule.layout, diagonal: rule.diagonal };
            let x = [theta, s, z, gradient].map(numbers::<T, _, 3>);
            let parts = work.run(|ctx| {
                each(tasks, n, ctx, |task| {
                    let [theta, s, z, gradient] = [0, 1, 2, 3].map(|input| part(&x[input], task, n));
                    Ok(threshold::backward(step, theta, s, z, gradient, n))
                })
            });
            let mut all = vec![T::from_f64(0.0); rule.layout.len()];
            let (mut of_theta, mut of_z) = (Vec::with_capacity(tasks * n * n), Vec::with_capacity(tasks * n * n));
            for (theta, z, parameters) in parts.unwrap_or_default() {
                of_theta.extend(theta);
                of_z.extend(z);
                all.iter_mut().zip(parameters).for_each(|(sum, value)| *sum += value);
            }
            of_theta.resize(tasks * n * n, T::from_f64(0.0));
            of_z.resize(tasks * n * n, T::from_f64(0.0));
            (beside(of_theta, s.dims(), s), beside(of_z, s.dims(), s), beside(all, [rule.layout.len()], s))
        })
    }

    /// The distance of Z from Theta, see [`distance`].
    fn distance(z: &Tensor<Self, 3>, theta: &Tensor<Self, 3>) -> Tensor<Self, 1> {
        in_precision_of!(z, T => {
            let value = distance::forward(&numbers::<T, _, 3>(z), &numbers::<T, _, 3>(theta), z.dims()[0]);
            beside(vec![value], [1], z)
        })
    }

    /// The gradient of Z; that of Theta is its opposite.
    fn distance_backward(z: &Tensor<Self, 3>, theta: &Tensor<Self, 3>, gradient: &Tensor<Self, 1>) -> Tensor<Self, 3> {
        let factor = gradient.clone().mul_scalar(2.0 / z.dims()[0] as f64).reshape([1, 1, 1]);
        (z.clone() - theta.clone()) * factor
    }

    /// The next lambda, see [`networks`].
    fn weight(
        layout: Layout,
        parameters: &Tensor<Self, 1>,
        distance: &Tensor<Self, 1>,
        lambda: &Tensor<Self, 1>,
    ) -> Tensor<Self, 1> {
        in_precision_of!(parameters, T => {
            let [distance, last] = [distance, lambda].map(|tensor| numbers::<T, _, 1>(tensor)[0]);
            let next = networks::forward(&numbers::<T, _, 1>(parameters), layout, distance, last);
            beside(vec![next], [1], lambda)
        })
    }

    /// The gradients of the parameters, of the distance and of the last lambda.
    fn weight_backward(
        layout: Layout,
        parameters: &Tensor<Self, 1>,
        distance: &Tensor<Self, 1>,
        lambda: &Tensor<Self, 1>,
        gradient: &Tensor<Self, 1>,
    ) -> [Tensor<Self, 1>; 3] {
        in_precision_of!(parameters, T => {
            let [distance, last, gradient] = [distance, lambda, gradient].map(|tensor| numbers::<T, _, 1>(tensor)[0]);
            let own = numbers::<T, _, 1>(parameters);
            let (of_distance, of_lambda, of_parameters) = networks::backward(&own, layout, distance, last, gradient);
            [
                beside(of_parameters, [layout.len()], lambda),
                beside(vec![of_distance], [1], lambda),
                beside(vec![of_lambda], [1], lambda),
            ]
        })
    }

    /// The mean over tasks of the Gaussian loss of Z, see [`likelihood`]. S may be one for all tasks. It is always
    /// computed on the processor, in double precision.
    fn likelihood(
        repair: Repair,
        z: &Tensor<Self, 3>,
        theta: &Tensor<Self, 3>,
        s: &Tensor<Self, 3>,
        work: &Work,
    ) -> Evaluated<Self> {
        in_precision_of!(z, T => {
            let [tasks, n, _] = z.dims();
            let shared = s.dims()[0];
            let x = [z, theta, s].map(numbers::<T, _, 3>);
            let losses = work.run(|ctx| {
                each(tasks, n, ctx, |task| {
                    let s = part(&x[2], task % shared, n);
                    likelihood::loss(part(&x[0], task, n), part(&x[1], task, n), s, n, repair, ctx)
                })
            });
            let Some(losses) = losses else {
                return Evaluated { value: f64::NAN, gradient: zeros::<T, _, 3, 3>(z.dims(), z), repairs: vec![0.0; tasks] };
            };
            let value = losses.iter().map(|loss| loss.value).sum::<f64>() / tasks as f64;
            let repairs = losses.iter().map(|loss| loss.repair).collect();
            let gradient: Vec<Vec<T>> = losses.into_iter().map(|loss| loss.gradient).collect();
            let gradient = beside(gradient.concat(), z.dims(), z).div_scalar(tasks as f64);
            Evaluated { value, gradient, repairs }
        })
    }
}

impl CellBackend for Flex {}
