//! Losses against a known truth: the mean squared error, a differentiable F-beta, and both in balance.

use burn::tensor::Tensor;

use super::backend::CellBackend;
use super::operations::Recorded;

/// What a supervised model minimises.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Supervised {
    /// The mean over entries of (Z - Theta*)^2.
    Mse,
    /// 1 - F_beta, where tanh |Z_ij| stands for the probability of an edge (GRNUlar, section 2.4).
    FBeta {
        /// How much more recall weighs than precision.
        beta: f64,
    },
    /// The sum of both, the first multiplied by a constant that makes it as large as the second (GRNUlar, equation 16).
    Balanced {
        /// As above.
        beta: f64,
    },
}

/// The truth on the device.
#[derive(Debug, Clone)]
pub struct Truth<B: CellBackend> {
    /// Theta*, tasks x n x n.
    pub precision: Tensor<B, 3>,
    /// 1 where it is not 0 off the diagonal, tasks x n x n.
    pub edges: Tensor<B, 3>,
    /// 1 off the diagonal, 1 x n x n.
    pub pairs: Tensor<B, 3>,
}

impl Supervised {
    /// The mean over tasks of the loss of one Z.
    pub fn loss<B: CellBackend>(self, z: &Recorded<B, 3>, truth: &Truth<B>) -> Recorded<B, 1> {
        let pairs = Tensor::from_inner(truth.pairs.clone());
        self.loss_of(z, || (z.clone() * pairs).abs().tanh(), truth)
    }

    /// The same of an estimate whose edges have the probabilities p, 0 where there can be none.
    pub fn loss_of<B: CellBackend>(
        self,
        estimate: &Recorded<B, 3>,
        p: impl FnOnce() -> Recorded<B, 3>,
        truth: &Truth<B>,
    ) -> Recorded<B, 1> {
        match self {
            Self::Mse => mse(estimate, truth),
            Self::FBeta { beta } => f_beta(p(), truth, beta),
            Self::Balanced { beta } => {
                let (squares, edges) = (mse(estimate, truth), f_beta(p(), truth, beta));
                let size = squares.clone().inner();
                // Nothing is wrong with Z where it is the truth itself.
                let least = Tensor::<B, 1>::full([1], 1e-12, (&size.device(), size.dtype()));
                let ratio = edges.clone().inner() / (size + least);
                squares * Tensor::from_inner(ratio) + edges
            }
        }
    }
}

/// The sum of all entries times a constant. Burn takes the gradients of means and of products with plain numbers in single
/// precision whatever the tensors are; those with tensors keep theirs.
pub(super) fn scaled_sum<B: CellBackend, const D: usize>(x: Recorded<B, D>, factor: f64) -> Recorded<B, 1> {
    let factor = Tensor::<B, 1>::full([1], factor, (&x.device(), x.dtype()));
    x.sum() * Tensor::from_inner(factor)
}

fn mse<B: CellBackend>(z: &Recorded<B, 3>, truth: &Truth<B>) -> Recorded<B, 1> {
    let difference = z.clone() - Tensor::from_inner(truth.precision.clone());
    let entries: usize = difference.dims().iter().product();
    scaled_sum(difference.clone() * difference, 1.0 / entries as f64)
}

fn f_beta<B: CellBackend>(p: Recorded<B, 3>, truth: &Truth<B>, beta: f64) -> Recorded<B, 1> {
    let sum = |x: Recorded<B, 3>| x.sum_dim(2).sum_dim(1);
    let edges = Tensor::from_inner(truth.edges.clone());
    let (device, dtype) = (p.device(), p.dtype());
    let all = sum(p.clone());
    let true_positive = sum(p * edges.clone());
    let false_positive = all - true_positive.clone();
    let false_negative = sum(edges) - true_positive.clone();
    let b = beta * beta;
    let constant = |value: f64| {
        Recorded::<B, 3>::from_inner(Tensor::full([1, 1, 1], value, (&true_positive.device(), true_positive.dtype())))
    };
    let hits = true_positive.clone() * constant(1.0 + b);
    let all = hits.clone() + false_negative * constant(b) + false_positive;
    let tasks = all.dims()[0] as f64;
    // Without any edge and any guess there is nothing to miss: F is 0 / 0, taken as 0.
    let f = hits / (all + constant(1e-12));
    scaled_sum(f, -1.0 / tasks) + Tensor::from_inner(Tensor::full([1], 1.0, (&device, dtype)))
}
