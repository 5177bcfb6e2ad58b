//! The layers of a perceptron, what goes through them forward and back, and a step of Adam.
//!
//! Biases are the last rows of the weights: whatever goes into a layer ends with a 1. A hidden layer has a last unit that
//! passes the 1 on, with weights of 0 and a bias of 1, which are not learned. So a layer is one product, forward and back.

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData, TensorPrimitive, activation};

use super::adam::{DECAY, EPSILON};
use crate::rng::Rng;

/// Numbers in rows and columns.
pub(super) type Matrix<B> = Tensor<B, 2>;

/// What stands between two layers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// max(x, 0)
    Rectifier,
    /// Nothing: the layers are one product.
    Nothing,
}

/// Weights, and what Adam knows of them.
#[derive(Debug)]
pub(super) struct Layer<B: Backend> {
    /// (inputs + 1) x outputs; those of a hidden layer have the unit that passes the 1 on in addition.
    pub weights: Matrix<B>,
    /// Decayed sums of the gradients and of their squares.
    pub moments: [Matrix<B>; 2],
    /// 1 where weights are learned; nothing where all of them are.
    pub learned: Option<Matrix<B>>,
    /// 1 where weights stand on paths from regulators to genes, 0 for biases and the unit that passes the 1 on.
    pub on_path: Matrix<B>,
}

/// Values in row order.
pub(super) fn matrix<B: Backend>(values: Vec<f64>, cols: usize, device: &B::Device, dtype: DType) -> Matrix<B> {
    let shape = [values.len() / cols, cols];
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (device, dtype))
}

/// The products of `x` with all weights, one after the other: what goes into each of them, and the last.
pub(super) fn forward<B: Backend>(
    mut x: Matrix<B>,
    weights: &[Matrix<B>],
    between: Between,
) -> (Vec<Matrix<B>>, Matrix<B>) {
    let mut ahead = Vec::with_capacity(weights.len());
    for weights in weights {
        if between == Between::Rectifier {
            x = activation::relu(x);
        }
        let next = x.clone().matmul(weights.clone());
        ahead.push(x);
        x = next;
    }
    (ahead, x)
}

/// The gradients of the weights and of `x`, from that of the last product.
pub(super) fn backward<B: Backend>(
    ahead: Vec<Matrix<B>>,
    weights: &[Matrix<B>],
    mut behind: Matrix<B>,
    between: Between,
) -> (Vec<Matrix<B>>, Matrix<B>) {
    let mut gradients = Vec::with_capacity(weights.len());
    for (x, weights) in ahead.into_iter().zip(weights).rev() {
        gradients.push(x.clone().transpose().matmul(behind.clone()));
        behind = behind.matmul(weights.clone().transpose());
        if between == Between::Rectifier {
            let through = B::relu_backward(x.into_primitive().tensor(), behind.into_primitive().tensor());
            behind = Tensor::from_primitive(TensorPrimitive::Float(through));
        }
    }
    gradients.reverse();
    (gradients, behind)
}

/// Their sums, one by one.
pub(super) fn plus<B: Backend>(a: Vec<Matrix<B>>, b: Vec<Matrix<B>>) -> Vec<Matrix<B>> {
    a.into_iter().zip(b).map(|(a, b)| a + b).collect()
}

/// How long step number `steps` of Adam is, and what keeps it from being divided by 0, for sums of gradients that are not
/// multiplied by 1 - decay: so much less is to be done for every weight.
pub(super) fn stride(rate: f64, steps: i32) -> (f64, f64) {
    let [bias_1, bias_2] = DECAY.map(|decay| 1.0 - decay.powi(steps));
    let scale = (bias_2 / (1.0 - DECAY[1])).sqrt();
    (rate * (1.0 - DECAY[0]) / bias_1 * scale, EPSILON * scale)
}

impl<B: Backend> Layer<B> {
    /// Fresh weights and biases, uniform within 1 / sqrt(inputs).
    pub(super) fn draw(
        [inputs, outputs]: [usize; 2],
        hidden: bool,
        rng: &mut Rng,
        device: &B::Device,
        dtype: DType,
    ) -> Self {
        use rand::RngExt;
        let bound = 1.0 / (inputs as f64).sqrt();
        let cols = outputs + usize::from(hidden);
        let mut weights = Vec::with_capacity((inputs + 1) * cols);
        for row in 0..=inputs {
            weights.extend((0..outputs).map(|_| rng.random_range(-bound..bound)));
            if hidden {
                weights.push(f64::from(u8::from(row == inputs)));
            }
        }
        let ones = |rows: usize| {
            let values = (0..(inputs + 1) * cols).map(|k| f64::from(u8::from(k / cols < rows && k % cols < outputs)));
            matrix::<B>(values.collect(), cols, device, dtype)
        };
        let weights = matrix::<B>(weights, cols, device, dtype);
        let moments = [weights.zeros_like(), weights.zeros_like()];
        Self { weights, moments, learned: hidden.then(|| ones(inputs + 1)), on_path: ones(inputs) }
    }

    /// After a step of Adam.
    pub(super) fn moved(self, gradient: Matrix<B>, (length, floor): (f64, f64)) -> Self {
        let [first, second] = self.moments;
        let first = first.mul_scalar(DECAY[0]) + gradient.clone();
        let second = second.mul_scalar(DECAY[1]) + gradient.square();
        let step = (first.clone() / second.clone().sqrt().add_scalar(floor)).mul_scalar(length);
        Self { weights: self.weights - step, moments: [first, second], ..self }
    }

    /// Absolute weights on paths, and what they are multiples of the weights by: their signs.
    pub(super) fn factor(&self) -> (Matrix<B>, Matrix<B>) {
        let signs = self.weights.clone().sign() * self.on_path.clone();
        (self.weights.clone() * signs.clone(), signs)
    }
}
