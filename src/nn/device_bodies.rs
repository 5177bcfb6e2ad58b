//! The operations of a cell from tensor operations alone, for devices that are good at products and bad at
//! decompositions. Matrix functions are Newton-Schulz iterations, scaled (Chen, Chow, 2014) so that ten or so of them
//! reach the precision of the numbers.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, activation};

use super::backend::Rule;
use super::host::threshold::Diagonal;
use super::parameters::Layout;

type Matrices<B> = Tensor<B, 3>;

/// One number of a tensor, on the processor.
fn scalar<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_data().iter::<f64>().next().unwrap_or(f64::NAN)
}

/// The identity, 1 x n x n.
pub fn identity<B: Backend>(like: &Matrices<B>) -> Matrices<B> {
    let n = like.dims()[2];
    Tensor::<B, 2>::eye(n, &like.device()).cast(like.dtype()).unsqueeze()
}

/// The largest sum of absolute values of a row: a bound on all eigenvalues of all tasks.
fn bound<B: Backend>(a: &Matrices<B>) -> f64 {
    scalar(a.clone().abs().sum_dim(2).max())
}

/// The factors of the scaled iteration for numbers between `least` and 1, until all of them are 1 to rounding.
fn scalings(least: f64) -> Vec<f64> {
    let mut low = least.clamp(1e-8, 1.0);
    let mut factors = Vec::new();
    while 1.0 - low > 1e-3 {
        let factor = (3.0 / (1.0 + low + low * low)).sqrt();
        factors.push(factor);
        low = 0.5 * factor * low * (3.0 - factor * factor * low * low);
    }
    // Two steps without scaling square what is left.
    factors.extend([1.0, 1.0]);
    factors
}

/// The square root of positive definite matrices whose eigenvalues are at least `least`, and its inverse.
pub fn square_root<B: Backend>(a: &Matrices<B>, least: f64) -> (Matrices<B>, Matrices<B>) {
    let size = bound(a);
    let unit = identity(a);
    let (mut y, mut z) = (a.clone().div_scalar(size), unit.clone().expand(a.dims()));
    for factor in scalings((least / size).sqrt()) {
        let product = z.clone().matmul(y.clone());
        let step = (unit.clone().mul_scalar(3.0) - product.mul_scalar(factor * factor)).mul_scalar(0.5 * factor);
        y = y.matmul(step.clone());
        z = step.matmul(z);
    }
    (y.mul_scalar(size.sqrt()), z.div_scalar(size.sqrt()))
}

/// X with R X + X R = G, for positive definite R with eigenvalues of at least `least`: a corner of the sign of
/// [[R, G], [0, -R]].
pub fn sylvester<B: Backend>(r: &Matrices<B>, g: Matrices<B>, least: f64) -> Matrices<B> {
    let size = bound(r);
    let three = identity(r).mul_scalar(3.0);
    let (mut a, mut q) = (r.clone().div_scalar(size), g.div_scalar(size));
    for factor in scalings(least / size) {
        let squared = factor * factor;
        let rest = three.clone() - a.clone().matmul(a.clone()).mul_scalar(squared);
        let commutator = a.clone().matmul(q.clone()) - q.clone().matmul(a.clone());
        q = (q.matmul(rest.clone()) - a.clone().matmul(commutator).mul_scalar(squared)).mul_scalar(0.5 * factor);
        a = a.matmul(rest).mul_scalar(0.5 * factor);
    }
    q.mul_scalar(0.5)
}

/// Theta, and B and the root for the way back.
pub fn proximal<B: Backend>(s: &Matrices<B>, z: &Matrices<B>, lambda: f64) -> (Matrices<B>, Matrices<B>, Matrices<B>) {
    let b = s.clone().div_scalar(lambda) - z.clone();
    let least = 4.0 / lambda;
    let a = b.clone().matmul(b.clone()) + identity(s).mul_scalar(least);
    let (root, _) = square_root(&a, least);
    ((root.clone() - b.clone()).mul_scalar(0.5), b, root)
}

/// The gradients of Z and lambda.
pub fn proximal_backward<B: Backend>(
    (b, root): (&Matrices<B>, &Matrices<B>),
    s: &Matrices<B>,
    lambda: f64,
    gradient: &Matrices<B>,
) -> (Matrices<B>, Tensor<B, 1>) {
    // What is antisymmetric in a gradient reaches no parameter.
    let gradient = (gradient.clone() + gradient.clone().swap_dims(1, 2)).mul_scalar(0.5);
    let of_a = sylvester(root, gradient.clone().mul_scalar(0.5), (4.0 / lambda).sqrt());
    let of_c = (of_a.clone() * identity(s)).sum();
    let of_b = b.clone().matmul(of_a.clone()) + of_a.matmul(b.clone()) - gradient.mul_scalar(0.5);
    let along = (of_b.clone() * s.clone()).sum();
    ((of_b.neg()), (along + of_c.mul_scalar(4.0)).mul_scalar(-1.0 / (lambda * lambda)))
}

/// (S + t I)^-1
pub fn inverse<B: Backend>(s: &Matrices<B>, t: f64) -> Matrices<B> {
    let (_, inverse_root) = square_root(&(s.clone() + identity(s).mul_scalar(t)), t);
    inverse_root.clone().matmul(inverse_root)
}

/// The weights and biases of the threshold network.
struct Network<B: Backend> {
    weights: [Tensor<B, 2>; 3],
    biases: [Tensor<B, 2>; 3],
}

impl<B: Backend> Network<B> {
    fn of(parameters: &Tensor<B, 1>, layout: Layout) -> Self {
        let mut start = layout.threshold().start;
        let mut next = |rows: usize, cols: usize| {
            let part = parameters.clone().narrow(0, start, rows * cols).reshape([rows, cols]);
            start += rows * cols;
            part
        };
        let h = layout.hidden();
        let (w1, b1) = (next(h, 3), next(1, h));
        let (w2, b2) = (next(h, h), next(1, h));
        let (w3, b3) = (next(1, h), next(1, 1));
        Self { weights: [w1, w2, w3], biases: [b1, b2, b3] }
    }

    /// The outputs of the three layers for inputs in rows.
    fn activate(&self, x: Tensor<B, 2>) -> [Tensor<B, 2>; 3] {
        let layer = |x: Tensor<B, 2>, k: usize| x.matmul(self.weights[k].clone().transpose()) + self.biases[k].clone();
        let first = layer(x, 0).tanh();
        let second = layer(first.clone(), 1).tanh();
        let third = activation::sigmoid(layer(second.clone(), 2));
        [first, second, third]
    }
}

/// The three inputs of every entry, in rows.
fn inputs<B: Backend>(x: [&Matrices<B>; 3]) -> Tensor<B, 2> {
    let entries: usize = x[0].dims().iter().product();
    Tensor::cat(x.map(|x| x.clone().reshape([entries, 1])).to_vec(), 1)
}

/// Z with the diagonal of Theta where that is kept.
fn with_diagonal<B: Backend>(rule: Rule, z: Matrices<B>, theta: &Matrices<B>) -> Matrices<B> {
    if rule.diagonal == Diagonal::Thresholded {
        return z;
    }
    let unit = identity(theta);
    z * (unit.clone().neg().add_scalar(1.0)) + theta.clone() * unit
}

/// Z
pub fn threshold<B: Backend>(rule: Rule, parameters: &Tensor<B, 1>, x: [&Matrices<B>; 3]) -> Matrices<B> {
    let [theta, ..] = x;
    let [.., rho] = Network::of(parameters, rule.layout).activate(inputs(x));
    let z = theta.clone().sign() * (theta.clone().abs() - rho.reshape(theta.dims())).clamp_min(0.0);
    with_diagonal(rule, z, theta)
}

/// The gradients of Theta, of the last Z and of the parameters.
pub fn threshold_backward<B: Backend>(
    rule: Rule,
    parameters: &Tensor<B, 1>,
    x: [&Matrices<B>; 3],
    gradient: &Matrices<B>,
) -> (Matrices<B>, Matrices<B>, Tensor<B, 1>) {
    let (theta, dims) = (x[0], x[0].dims());
    let entries: usize = dims.iter().product();
    let net = Network::of(parameters, rule.layout);
    let rows = inputs(x);
    let [first, second, third] = net.activate(rows.clone());
    let through = with_diagonal(rule, gradient.clone(), &gradient.zeros_like());
    let active = theta.clone().abs().greater(third.clone().reshape(dims)).float().cast(theta.dtype());
    let direct = through * active;
    let of_rho = (direct.clone() * theta.clone().sign()).neg().reshape([entries, 1]);
    let slope = |out: &Tensor<B, 2>| (out.clone() * out.clone()).neg().add_scalar(1.0);
    let of_third = of_rho * third.clone() * third.neg().add_scalar(1.0);
    let of_second = of_third.clone().matmul(net.weights[2].clone()) * slope(&second);
    let of_first = of_second.clone().matmul(net.weights[1].clone()) * slope(&first);
    let of_rows = of_first.clone().matmul(net.weights[0].clone());
    let layers = [(of_first, rows), (of_second, first), (of_third, second)];
    let mut parts = vec![parameters.clone().narrow(0, 0, 1).zeros_like()];
    for (of_out, input) in layers {
        let weights = of_out.clone().transpose().matmul(input);
        parts.push(weights.clone().reshape([weights.dims()[0] * weights.dims()[1]]));
        let biases = of_out.sum_dim(0);
        parts.push(biases.clone().reshape([biases.dims()[1]]));
    }
    parts.push(parameters.clone().narrow(0, rule.layout.weights().start, rule.layout.weights().len()).zeros_like());
    let of_theta = direct + of_rows.clone().narrow(1, 0, 1).reshape(dims);
    let of_theta = with_diagonal(rule, of_theta, gradient);
    let of_z = of_rows.narrow(1, 2, 1).reshape(dims);
    (of_theta, of_z, Tensor::cat(parts, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::nn::backend::{CellBackend, Work, beside, numbers};
    use crate::nn::host::proximal::Root;
    use crate::nn::host::start::Start;
    use burn::backend::Flex;
    use burn::tensor::{DType, TensorData};

    type M = Tensor<Flex, 3>;

    fn tensor(values: Vec<f64>, shape: [usize; 3], dtype: DType) -> M {
        Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (&Default::default(), dtype))
    }

    /// Two symmetric matrices; `spread` is the ratio of their eigenvalues.
    fn symmetric(n: usize, spread: f64, seed: f64, dtype: DType) -> M {
        let unit: Vec<f64> = (0..n).map(|i| (i as f64 + seed).sin()).collect();
        let norm: f64 = unit.iter().map(|u| u * u).sum();
        let mut values = Vec::new();
        for task in 0..2 {
            for i in 0..n {
                for j in 0..n {
                    let diagonal = if i == j { 1.0 + 0.1 * ((i + task) % 3) as f64 } else { 0.0 };
                    values.push(diagonal + (spread - 1.0) * unit[i] * unit[j] / norm);
                }
            }
        }
        tensor(values, [2, n, n], dtype)
    }

    fn close(a: &M, b: &M, tolerance: f64) {
        let (a, b): (Vec<f64>, Vec<f64>) = (numbers(a), numbers(b));
        let size = b.iter().fold(0.0f64, |most, b| most.max(b.abs()));
        assert!(size > 0.0, "nothing to compare");
        let off = a.iter().zip(&b).fold(0.0f64, |most, (a, b)| most.max((a - b).abs())) / size;
        assert!(off < tolerance, "{off:e}");
    }

    #[test]
    fn roots_are_accurate_in_single_precision_up_to_a_condition_of_ten_thousand() {
        for spread in [1.0, 30.0, 1e4] {
            for (dtype, tolerance) in [(DType::F32, 1e-4), (DType::F64, 1e-9)] {
                let a = symmetric(12, spread, 0.4, dtype);
                let (root, inverse) = square_root(&a, 1.0);
                close(&root.clone().matmul(root.clone()), &a, tolerance);
                close(&root.clone().matmul(inverse), &identity(&a).expand([2, 12, 12]), tolerance);
                let g = symmetric(12, 3.0, 1.9, dtype);
                let x = sylvester(&root, g.clone(), 1.0);
                close(&(root.clone().matmul(x.clone()) + x.matmul(root)), &g, tolerance);
            }
        }
    }

    #[test]
    fn every_body_agrees_with_that_of_the_processor() {
        let work = Work::new(&Context::new());
        let n = 9;
        let [s, z, g] = [0.3, 1.3, 2.3].map(|seed| symmetric(n, 5.0, seed, DType::F64));
        let (z, lambda) = (z.mul_scalar(0.4), 0.3);
        let weight = beside(vec![lambda], [1], &s);
        let (theta, b, root) = proximal(&s, &z, lambda);
        let (expected, saved) = Flex::proximal(Root::Exact, &s, &z, &weight, &work);
        close(&theta, &expected, 1e-9);
        let (of_z, of_lambda) = proximal_backward((&b, &root), &s, lambda, &g);
        let (expected, expected_lambda) = Flex::proximal_backward(&saved, &s, &weight, &g, &work);
        close(&of_z, &expected, 1e-8);
        let [of_lambda, expected] = [of_lambda, expected_lambda].map(scalar);
        assert!((of_lambda - expected).abs() < 1e-8 * expected.abs());
        for diagonal in [Diagonal::Kept, Diagonal::Thresholded] {
            let rule = Rule { layout: Layout::new(4).unwrap(), diagonal };
            let parameters = beside(rule.layout.initial(0.7, 5, 0), [rule.layout.len()], &s);
            let large = theta.clone().mul_scalar(5.0);
            let x = [&large, &s, &z];
            close(&threshold(rule, &parameters, x), &Flex::threshold(rule, &parameters, x, &work), 1e-12);
            let own = threshold_backward(rule, &parameters, x, &g);
            let expected = Flex::threshold_backward(rule, &parameters, x, &g, &work);
            close(&own.0, &expected.0, 1e-12);
            close(&own.1, &expected.1, 1e-12);
            let [own, expected] = [own.2, expected.2].map(|list| list.reshape([1, 1, -1]));
            close(&own, &expected, 1e-12);
            let first = Flex::start(Start::Whole, &parameters, &s, &work);
            close(&inverse(&s, 0.7), &first, 1e-9);
        }
    }
}
