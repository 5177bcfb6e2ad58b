//! The network of lambda: two numbers in, one out.

use crate::linalg::Real;
use crate::nn::parameters::Layout;

/// Double precision throughout: it is a handful of numbers.
struct Network {
    hidden: usize,
    numbers: Vec<f64>,
}

impl Network {
    fn of<T: Real>(parameters: &[T], layout: Layout) -> Self {
        let numbers = parameters[layout.weights()].iter().map(|value| value.to_f64()).collect();
        Self { hidden: layout.weight_hidden(), numbers }
    }

    fn layer(&self, x: [f64; 2]) -> Vec<f64> {
        let (weights, biases) = (&self.numbers, &self.numbers[2 * self.hidden..]);
        (0..self.hidden).map(|h| (weights[2 * h] * x[0] + weights[2 * h + 1] * x[1] + biases[h]).tanh()).collect()
    }

    fn out(&self, layer: &[f64]) -> f64 {
        let last = &self.numbers[3 * self.hidden..];
        let sum = layer.iter().zip(last).fold(last[self.hidden], |sum, (a, w)| sum + a * w);
        1.0 / (1.0 + (-sum).exp())
    }
}

/// The next lambda, from the distance |Z - Theta|^2 and the last lambda.
pub fn forward<T: Real>(parameters: &[T], layout: Layout, distance: T, lambda: T) -> T {
    let net = Network::of(parameters, layout);
    T::from_f64(net.out(&net.layer([distance.to_f64(), lambda.to_f64()])))
}

/// The gradients of the distance, of the last lambda and of all parameters, from that of the next lambda.
pub fn backward<T: Real>(parameters: &[T], layout: Layout, distance: T, lambda: T, gradient: T) -> (T, T, Vec<T>) {
    let net = Network::of(parameters, layout);
    let (h, x) = (net.hidden, [distance.to_f64(), lambda.to_f64()]);
    let layer = net.layer(x);
    let out = net.out(&layer);
    let of_sum = gradient.to_f64() * out * (1.0 - out);
    let mut own = vec![0.0; net.numbers.len()];
    let mut of_inputs = [0.0; 2];
    own[4 * h] = of_sum;
    for (unit, &a) in layer.iter().enumerate() {
        own[3 * h + unit] = of_sum * a;
        let of_unit = of_sum * net.numbers[3 * h + unit] * (1.0 - a * a);
        own[2 * h + unit] = of_unit;
        for input in 0..2 {
            own[2 * unit + input] = of_unit * x[input];
            of_inputs[input] += of_unit * net.numbers[2 * unit + input];
        }
    }
    let mut of_parameters = vec![T::from_f64(0.0); layout.len()];
    for (all, own) in of_parameters[layout.weights()].iter_mut().zip(own) {
        *all = T::from_f64(own);
    }
    (T::from_f64(of_inputs[0]), T::from_f64(of_inputs[1]), of_parameters)
}
