//! A perceptron of several layers on any device, fitted by Adam with gradients that are written by hand.
//!
//! Gradients are sums over pieces of the samples: what belongs to a piece stays in the cache, threads share the pieces,
//! and between two of them the context is heard.

use std::iter::once;
use std::ops::Range;

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor};
use ndarray::{Array2, ArrayView2};

use super::backend::numbers;
use super::decoder::{Fitted, Pull, PullForm, Task};
use super::layer::{Between, Layer, Matrix, backward, forward, matrix, plus, stride};
use super::pieces::{Samples, Sums, cut, groups};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::parallel;
use crate::rng;

/// Multiplications in a step below which other threads would not have started when it is done.
const PARALLEL: usize = 5_000_000;

/// Z on the device.
struct Target<B: Backend> {
    /// Rows of Z, followed by one of zeros that belongs to the biases.
    parts: Vec<Matrix<B>>,
    /// Which paths are drawn, in the same parts.
    masks: Option<Vec<Matrix<B>>>,
    /// The gradient of W is so many times W - Z.
    factor: f64,
}

/// A network and what it is fitted to.
#[derive(Debug)]
pub(super) struct Perceptron<B: Backend> {
    groups: Vec<Vec<Samples<B>>>,
    layers: Vec<Layer<B>>,
    /// Samples, regulators, genes.
    shape: [usize; 3],
    /// Samples, or regulators, that are worked on at a time.
    rows: usize,
    multiplications: usize,
    rate: f64,
    steps: i32,
    device: B::Device,
    dtype: DType,
}

impl<B: Backend> Perceptron<B> {
    /// With fresh weights, for work on so many rows at a time.
    pub(super) fn new(task: &Task<'_>, rows: usize, device: B::Device) -> Self {
        let dtype = task.plan.precision.dtype();
        let mut rng = rng::stream(task.seed, "decoder", task.stream);
        let widths = task.widths();
        let last = widths.len() - 2;
        let layer = |k: usize| Layer::<B>::draw([widths[k], widths[k + 1]], k < last, &mut rng, &device, dtype);
        let layers: Vec<Layer<B>> = (0..=last).map(layer).collect();
        let samples = |rows: Range<usize>| Samples::<B>::of(task, rows, &device, dtype);
        let n = task.inputs.nrows();
        let groups = groups(n, rows).into_iter().map(|group| group.into_iter().map(samples).collect()).collect();
        Self {
            groups,
            layers,
            shape: [n, task.inputs.ncols(), task.outputs.ncols()],
            rows,
            multiplications: n.saturating_mul(task.multiplications()),
            rate: task.plan.learning_rate,
            steps: 0,
            device,
            dtype,
        }
    }

    fn weights(&self) -> Vec<Matrix<B>> {
        self.layers.iter().map(|layer| layer.weights.clone()).collect()
    }

    fn target(&self, pull: Pull<'_>) -> Result<Target<B>> {
        let [n, t, d] = self.shape;
        let mut shapes = once(pull.z.dim()).chain(pull.mask.map(|mask| mask.dim()));
        if let Some(other) = shapes.find(|&shape| shape != (t, d)) {
            return Err(Error::shape(format!("paths of {t} x {d} cannot be drawn towards {other:?}")));
        }
        if !(pull.lambda.is_finite() && pull.lambda >= 0.0) {
            return Err(Error::argument(format!("lambda is a number from 0 on, not {}", pull.lambda)));
        }
        if pull.z.iter().any(|value| !value.is_finite()) {
            return Err(Error::numerical("the paths of a decoder cannot be drawn towards infinity")
                .with_hint("a smaller learning rate"));
        }
        let factor = match pull.form {
            PullForm::Mean => 2.0 * pull.lambda / (t * d) as f64,
            PullForm::Sum => pull.lambda / (n * d) as f64,
        };
        Ok(Target { parts: self.parts(pull.z), masks: pull.mask.map(|mask| self.parts(mask)), factor })
    }

    fn parts(&self, z: ArrayView2<'_, f64>) -> Vec<Matrix<B>> {
        let (t, d) = z.dim();
        let row = |row: usize| if row < t { z.row(row).to_vec() } else { vec![0.0; d] };
        let part = |rows: Range<usize>| matrix::<B>(rows.flat_map(row).collect(), d, &self.device, self.dtype);
        cut(0..t + 1, self.rows).into_iter().map(part).collect()
    }

    /// The mean squared error, if it is to be measured, and the gradients of the loss in all weights.
    fn gradient(
        &self,
        pull: Option<&Target<B>>,
        measured: bool,
        ctx: &Context,
    ) -> Result<(Option<f64>, Vec<Matrix<B>>)> {
        let weights = self.weights();
        let sums: Result<Vec<Sums<B>>> = if self.multiplications < PARALLEL {
            self.groups.iter().map(|group| Sums::of(group, &weights, measured, ctx)).collect()
        } else {
            parallel::map(&self.groups, ctx, |_, group| Sums::of(group, &weights, measured, ctx))
        };
        let sums = sums?.into_iter().reduce(Sums::and).ok_or_else(|| Error::internal("no samples"))?;
        let errors = (self.shape[0] * self.shape[2]) as f64;
        let mut gradients: Vec<Matrix<B>> =
            sums.gradients.into_iter().map(|gradient| gradient.mul_scalar(2.0 / errors)).collect();
        if let Some(pull) = pull {
            gradients = plus(gradients, self.pulled(pull, ctx)?);
        }
        let learned = gradients.into_iter().zip(&self.layers).map(|(gradient, layer)| match &layer.learned {
            Some(learned) => gradient * learned.clone(),
            None => gradient,
        });
        Ok((measured.then_some(sums.squares / errors), learned.collect()))
    }

    /// The gradients of the pull.
    fn pulled(&self, pull: &Target<B>, ctx: &Context) -> Result<Vec<Matrix<B>>> {
        let (factors, signs): (Vec<_>, Vec<_>) = self.layers.iter().map(Layer::factor).unzip();
        let mut of_first = Vec::with_capacity(pull.parts.len());
        let mut of_rest: Option<Vec<Matrix<B>>> = None;
        let mut top = 0;
        for (part, z) in pull.parts.iter().enumerate() {
            ctx.check()?;
            let height = z.dims()[0];
            let rows = factors[0].clone().narrow(0, top, height);
            let (ahead, paths) = forward(rows, &factors[1..], Between::Nothing);
            let off = match &pull.masks {
                Some(masks) => (paths - z.clone()) * masks[part].clone(),
                None => paths - z.clone(),
            };
            let off = off.mul_scalar(pull.factor);
            let (gradients, behind) = backward(ahead, &factors[1..], off, Between::Nothing);
            of_first.push(behind);
            of_rest = Some(match of_rest {
                Some(sum) => plus(sum, gradients),
                None => gradients,
            });
            top += height;
        }
        let of_factors = once(Tensor::cat(of_first, 0)).chain(of_rest.unwrap_or_default());
        Ok(of_factors.zip(signs).map(|(gradient, signs)| gradient * signs).collect())
    }

    fn learn(&mut self, gradients: Vec<Matrix<B>>) {
        self.steps = self.steps.saturating_add(1);
        let stride = stride(self.rate, self.steps);
        // Layers that nobody else holds are changed in place.
        let layers = std::mem::take(&mut self.layers).into_iter().zip(gradients);
        self.layers = layers.map(|(layer, gradient)| layer.moved(gradient, stride)).collect();
    }
}

fn array(rows: usize, cols: usize, values: Vec<f64>) -> Result<Array2<f64>> {
    Array2::from_shape_vec((rows, cols), values).map_err(|error| Error::internal(error.to_string()))
}

impl<B: Backend> Fitted for Perceptron<B> {
    fn descend(&mut self, steps: usize, pull: Option<Pull<'_>>, ctx: &Context) -> Result<f64> {
        let pull = pull.map(|pull| self.target(pull)).transpose()?;
        let mut last = None;
        for step in 0..steps {
            ctx.check()?;
            let (mse, gradients) = self.gradient(pull.as_ref(), step + 1 == steps, ctx)?;
            self.learn(gradients);
            last = mse;
        }
        let mse = last.ok_or_else(|| Error::argument("a decoder learns in at least one step"))?;
        if !mse.is_finite() {
            return Err(Error::numerical("the errors of the decoder grew beyond all numbers")
                .with_hint("a smaller learning rate, or data that is standardised"));
        }
        Ok(mse)
    }

    fn paths(&self, ctx: &Context) -> Result<Array2<f64>> {
        let [_, t, d] = self.shape;
        let _held = ctx.reserve_matrices(2, t, d)?;
        let factors: Vec<_> = self.layers.iter().map(|layer| layer.factor().0).collect();
        let mut values = Vec::with_capacity(t * d);
        for rows in cut(0..t, self.rows) {
            ctx.check()?;
            let first = factors[0].clone().narrow(0, rows.start, rows.len());
            values.extend(numbers::<f64, B, 2>(&forward(first, &factors[1..], Between::Nothing).1));
        }
        array(t, d, values)
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;

    use super::*;
    use crate::nn::adam::Adam;
    use crate::nn::decoder::DecoderPlan;
    use crate::nn::{Device, Precision};

    type Network = Perceptron<Flex>;

    /// 7 samples of 3 regulators and 5 genes in pieces of so many, the regulators, the genes, and a Z.
    fn network(hidden: &[usize], rows: usize) -> (Network, [Array2<f64>; 3]) {
        let wave = |shape: (usize, usize), at: f64| {
            Array2::from_shape_fn(shape, |(i, j)| (at * (1 + 3 * i + 7 * j * j) as f64).sin())
        };
        let (x, y, z) = (wave((7, 3), 0.7), wave((7, 5), 1.1), wave((3, 5), 0.3));
        let precision = Precision::Double;
        let plan = DecoderPlan { hidden: hidden.to_vec(), learning_rate: 0.05, device: Device::Cpu, precision };
        let task = Task { plan: &plan, inputs: x.view(), outputs: y.view(), seed: 3, stream: 1 };
        (Network::new(&task, rows, Default::default()), [x, y, z])
    }

    fn values(tensor: &Matrix<Flex>) -> Array2<f64> {
        let [rows, cols] = tensor.dims();
        array(rows, cols, numbers(tensor)).unwrap()
    }

    fn flat(tensors: &[Matrix<Flex>]) -> Vec<f64> {
        tensors.iter().flat_map(numbers::<f64, Flex, 2>).collect()
    }

    /// The fitted outputs.
    fn predict(network: &Network) -> Array2<f64> {
        let ([n, _, d], weights) = (network.shape, network.weights());
        let fitted = |samples: &Samples<Flex>| numbers::<f64, Flex, 2>(&samples.fitted(&weights).1);
        array(n, d, network.groups.iter().flatten().flat_map(fitted).collect()).unwrap()
    }

    fn far(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0, |most, (a, b)| most.max((a - b).abs()))
    }

    /// The loss with these weights in a layer, from what the network says of itself.
    fn loss(
        network: &mut Network,
        (layer, weights): (usize, &Array2<f64>),
        y: &Array2<f64>,
        pull: Option<Pull<'_>>,
    ) -> f64 {
        let ctx = Context::new();
        let numbers: Vec<f64> = weights.iter().copied().collect();
        network.layers[layer].weights = matrix::<Flex>(numbers, weights.ncols(), &Default::default(), DType::F64);
        let squares = |a: &Array2<f64>, b: &Array2<f64>| (a - b).mapv(|value| value * value).sum();
        let errors = squares(&predict(network), y);
        let n = y.len() as f64;
        let Some(pull) = pull else { return errors / n };
        let mut off = network.paths(&ctx).unwrap() - pull.z.to_owned();
        off.iter_mut().zip(pull.mask.iter().flatten()).for_each(|(off, mask)| *off *= mask);
        let off = off.mapv(|value| value * value).sum();
        match pull.form {
            PullForm::Mean => errors / n + pull.lambda * off / pull.z.len() as f64,
            PullForm::Sum => (errors + pull.lambda / 2.0 * off) / n,
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let ctx = Context::new();
        for hidden in [&[4][..], &[4, 3], &[3, 5, 2]] {
            let (mut network, [_, y, z]) = network(hidden, 3);
            let some = Array2::from_shape_fn(z.dim(), |(t, g)| f64::from(u8::from((t + g) % 3 > 0)));
            let pull = |mask, form| Some(Pull { z: z.view(), mask, lambda: 0.8, form });
            let masked = pull(Some(some.view()), PullForm::Mean);
            for pull in [None, pull(None, PullForm::Mean), pull(None, PullForm::Sum), masked] {
                let target = pull.map(|pull| network.target(pull).unwrap());
                let (mse, gradients) = network.gradient(target.as_ref(), true, &ctx).unwrap();
                for (layer, gradient) in gradients.iter().map(values).enumerate() {
                    let weights = values(&network.layers[layer].weights);
                    let now = loss(&mut network, (layer, &weights), &y, None);
                    assert!((mse.unwrap() - now).abs() < 1e-13);
                    let learned = weights.ncols() - usize::from(layer < hidden.len());
                    for ((i, j), &slope) in gradient.indexed_iter() {
                        if j >= learned {
                            assert_eq!(slope, 0.0, "what passes the 1 on stays");
                            continue;
                        }
                        let [up, down] = [1e-6, -1e-6].map(|step| {
                            let mut moved = weights.clone();
                            moved[(i, j)] += step;
                            loss(&mut network, (layer, &moved), &y, pull)
                        });
                        let expected = (up - down) / 2e-6;
                        assert!((slope - expected).abs() < 1e-8, "{hidden:?} {layer} {i} {j}: {slope} {expected}");
                    }
                    loss(&mut network, (layer, &weights), &y, pull);
                }
            }
        }
    }

    #[test]
    fn outputs_and_paths_are_those_of_the_formulas() {
        let ctx = Context::new();
        let (network, [x, ..]) = network(&[4], 100);
        let [first, second] = [0, 1].map(|layer| values(&network.layers[layer].weights));
        let within = 1.0 / 3f64.sqrt();
        assert!(first.columns().into_iter().take(4).flatten().all(|weight| weight.abs() <= within));
        assert!(second.iter().all(|weight| weight.abs() <= 0.5));
        let (fitted, paths) = (predict(&network), network.paths(&ctx).unwrap());
        for gene in 0..5 {
            for (sample, row) in x.rows().into_iter().enumerate() {
                let unit = |h: usize| (0..3).map(|t| row[t] * first[(t, h)]).sum::<f64>() + first[(3, h)];
                let expected = (0..4).map(|h| unit(h).max(0.0) * second[(h, gene)]).sum::<f64>() + second[(4, gene)];
                assert!((fitted[(sample, gene)] - expected).abs() < 1e-14);
            }
            for t in 0..3 {
                let expected: f64 = (0..4).map(|h| first[(t, h)].abs() * second[(h, gene)].abs()).sum();
                assert!((paths[(t, gene)] - expected).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn steps_are_those_of_adam_and_pieces_change_nothing() {
        let ctx = Context::new();
        let ((mut pieces, _), (mut whole, _)) = (network(&[4, 3], 2), network(&[4, 3], 100));
        let mut expected = flat(&pieces.weights());
        let mut adam = Adam::new(expected.len(), 0.05);
        for step in 0..4 {
            let gradient = flat(&pieces.gradient(None, false, &ctx).unwrap().1);
            let closed: Vec<f64> =
                expected.iter().zip(&gradient).map(|(w, g)| w - 0.05 * g / (g.abs() + 1e-8)).collect();
            adam.step(&mut expected, &gradient);
            pieces.descend(1, None, &ctx).unwrap();
            let weights = flat(&pieces.weights());
            assert!(far(&weights, &expected) < 1e-13, "step {step}");
            assert!(step > 0 || far(&weights, &closed) < 1e-13);
        }
        whole.descend(4, None, &ctx).unwrap();
        assert!(far(&flat(&whole.weights()), &expected) < 1e-9);
    }
}
