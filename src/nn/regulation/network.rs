//! The threshold network as automatic differentiation sees it.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use super::super::backend::CellBackend;
use super::super::operations::Recorded;
use super::super::parameters::Layout;

/// Weights and biases of three layers: tanh, tanh and a sigmoid.
pub struct Network<B: CellBackend>([(Recorded<B, 2>, Recorded<B, 2>); 3]);

impl<B: CellBackend> Network<B> {
    /// Those among the parameters of a model.
    pub fn of(parameters: &Recorded<B, 1>, layout: Layout) -> Self {
        let mut start = layout.threshold().start;
        let mut next = |rows: usize, cols: usize| {
            let part = parameters.clone().narrow(0, start, rows * cols).reshape([rows, cols]);
            start += rows * cols;
            part
        };
        let (x, h) = (layout.inputs(), layout.hidden());
        Self([(next(h, x), next(1, h)), (next(h, h), next(1, h)), (next(1, h), next(1, 1))])
    }

    /// The outputs, between 0 and 1, of inputs in rows.
    pub fn outputs(&self, x: Recorded<B, 2>) -> Recorded<B, 2> {
        let layer = |x: Recorded<B, 2>, k: usize| {
            let (weights, biases): &(Tensor<_, 2>, Tensor<_, 2>) = &self.0[k];
            x.matmul(weights.clone().transpose()) + biases.clone()
        };
        sigmoid(layer(layer(layer(x, 0).tanh(), 1).tanh(), 2))
    }
}
