//! The operations of a cell as automatic differentiation sees them.

use std::fmt;
use std::sync::Arc;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::{Tensor, TensorPrimitive};

use super::backend::{CellBackend, Rule, Work};
use super::host::likelihood::Repair;
use super::host::proximal::Root;
use super::host::start::Start;
use super::parameters::Layout;

/// A tensor whose history is recorded.
pub type Recorded<B, const D: usize> = Tensor<Autodiff<B>, D>;

type Primitive<B> = <B as burn::tensor::backend::BackendTypes>::FloatTensorPrimitive;

/// Gradients of the inputs from that of the output.
type Pull<B, const N: usize> = dyn Fn(Primitive<B>) -> [Primitive<B>; N] + Send + Sync;

/// The only operation that the graph knows: a function that takes gradients back.
#[derive(Debug)]
struct Operation;

struct PullBack<B: CellBackend, const N: usize>(Arc<Pull<B, N>>);

impl<B: CellBackend, const N: usize> Clone for PullBack<B, N> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: CellBackend, const N: usize> fmt::Debug for PullBack<B, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PullBack")
    }
}

impl<B: CellBackend, const N: usize> Backward<B, N> for Operation {
    type State = PullBack<B, N>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        for (parent, of_parent) in ops.parents.into_iter().zip((ops.state.0)(gradient)) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, of_parent);
            }
        }
    }
}

fn primitive<B: CellBackend, const D: usize>(tensor: Tensor<B, D>) -> Primitive<B> {
    tensor.into_primitive().tensor()
}

fn tensor<B: CellBackend, const D: usize>(primitive: Primitive<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

/// The output of an operation on `inputs`, with the function that takes its gradient back to them.
fn record<B: CellBackend, const N: usize, const D: usize>(
    inputs: [Primitive<Autodiff<B>>; N],
    output: Tensor<B, D>,
    pull: impl Fn(Tensor<B, D>) -> [Primitive<B>; N] + Send + Sync + 'static,
) -> Recorded<B, D> {
    let nodes = inputs.map(|input| input.node);
    let output = primitive(output);
    let recorded = match Operation.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(PullBack(Arc::new(move |gradient| pull(tensor(gradient)))), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    };
    Tensor::from_primitive(TensorPrimitive::Float(recorded))
}

fn node<B: CellBackend, const D: usize>(tensor: &Recorded<B, D>) -> Primitive<Autodiff<B>> {
    tensor.clone().into_primitive().tensor()
}

/// The start of the iterations.
pub fn start<B: CellBackend>(
    start: Start,
    layout: Layout,
    parameters: &Recorded<B, 1>,
    s: &Tensor<B, 3>,
    work: &Work,
) -> Recorded<B, 3> {
    let theta = B::start(start, &parameters.clone().inner(), s, work);
    let (kept, work) = (theta.clone(), work.clone());
    record([node(parameters)], theta, move |gradient| {
        [primitive(B::start_backward(start, layout, &kept, &gradient, &work))]
    })
}

/// The step to a positive definite Theta.
pub fn proximal<B: CellBackend>(
    root: Root,
    s: &Tensor<B, 3>,
    z: &Recorded<B, 3>,
    lambda: &Recorded<B, 1>,
    work: &Work,
) -> Recorded<B, 3> {
    let weight = lambda.clone().inner();
    let (theta, saved) = B::proximal(root, s, &z.clone().inner(), &weight, work);
    let (s, work) = (s.clone(), work.clone());
    record([node(z), node(lambda)], theta, move |gradient| {
        let (of_z, of_lambda) = B::proximal_backward(&saved, &s, &weight, &gradient, &work);
        [primitive(of_z), primitive(of_lambda)]
    })
}

/// The threshold step.
pub fn threshold<B: CellBackend>(
    rule: Rule,
    parameters: &Recorded<B, 1>,
    theta: &Recorded<B, 3>,
    s: &Tensor<B, 3>,
    z: &Recorded<B, 3>,
    work: &Work,
) -> Recorded<B, 3> {
    let (own, at, last) = (parameters.clone().inner(), theta.clone().inner(), z.clone().inner());
    let out = B::threshold(rule, &own, [&at, s, &last], work);
    let (s, work) = (s.clone(), work.clone());
    record([node(theta), node(z), node(parameters)], out, move |gradient| {
        let (of_theta, of_z, of_parameters) = B::threshold_backward(rule, &own, [&at, &s, &last], &gradient, &work);
        [primitive(of_theta), primitive(of_z), primitive(of_parameters)]
    })
}

/// The mean squared distance of Z from Theta.
pub fn distance<B: CellBackend>(z: &Recorded<B, 3>, theta: &Recorded<B, 3>) -> Recorded<B, 1> {
    let (from, to) = (z.clone().inner(), theta.clone().inner());
    record([node(z), node(theta)], B::distance(&from, &to), move |gradient| {
        let of_z = B::distance_backward(&from, &to, &gradient);
        [primitive(of_z.clone()), primitive(of_z.neg())]
    })
}

/// The next lambda.
pub fn weight<B: CellBackend>(
    layout: Layout,
    parameters: &Recorded<B, 1>,
    distance: &Recorded<B, 1>,
    lambda: &Recorded<B, 1>,
) -> Recorded<B, 1> {
    let [own, far, last] = [parameters, distance, lambda].map(|tensor| tensor.clone().inner());
    let out = B::weight(layout, &own, &far, &last);
    record([node(parameters), node(distance), node(lambda)], out, move |gradient| {
        B::weight_backward(layout, &own, &far, &last, &gradient).map(primitive)
    })
}

/// The Gaussian loss of Z, its value beside it; where Z is not positive definite it is moved towards Theta.
pub fn likelihood<B: CellBackend>(
    repair: Repair,
    z: &Recorded<B, 3>,
    theta: &Recorded<B, 3>,
    s: &Tensor<B, 3>,
    work: &Work,
) -> (Recorded<B, 1>, f64) {
    let at = z.clone().inner();
    let loss = B::likelihood(repair, &at, &theta.clone().inner(), s, work);
    let value = Tensor::<B, 1>::full([1], loss.value, (&at.device(), at.dtype()));
    let recorded = record([node(z), node(theta)], value, move |outer| {
        let gradient = loss.gradient.clone() * outer.reshape([1, 1, 1]);
        // Where nothing was repaired nothing reaches Theta.
        if loss.repairs.iter().all(|&step| step == 0.0) {
            return [primitive(gradient.clone()), primitive(gradient.zeros_like())];
        }
        let steps: Vec<f64> = loss.repairs.clone();
        let tasks = steps.len();
        let data = burn::tensor::TensorData::new(steps, [tasks, 1, 1]).convert_dtype(gradient.dtype());
        let steps = Tensor::<B, 3>::from_data(data, (&gradient.device(), gradient.dtype()));
        let of_theta = gradient.clone() * steps;
        [primitive(gradient - of_theta.clone()), primitive(of_theta)]
    });
    (recorded, loss.value)
}
