//! The network from regulators to genes of GRNUlar (section 2.1): numbers in, numbers out, on a device that is chosen at
//! run time. It is fitted to one data set; nothing is learned through it.

use burn::backend::Flex;
use ndarray::{Array2, ArrayView2};

use super::device::Device;
use super::evaluator::Precision;
use super::perceptron::Perceptron;
use super::pieces::GROUPS;
use crate::context::{Context, Reservation};
use crate::error::{Error, Result};

/// The most hidden layers of a decoder.
pub const MAX_DECODER_LAYERS: usize = 3;
/// The most units in a hidden layer of a decoder.
pub const MAX_DECODER_UNITS: usize = 4096;

/// What a decoder is.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderPlan {
    /// Units of the hidden layers, 1 to 3 of them.
    pub hidden: Vec<usize>,
    /// The learning rate of Adam.
    pub learning_rate: f64,
    /// Where it is computed.
    pub device: Device,
    /// In which numbers.
    pub precision: Precision,
}

/// How the distance of the paths from Z is weighed against the errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullForm {
    /// The mean squared error plus lambda times the mean of (W - Z)^2: the published program.
    Mean,
    /// The sum of squared errors plus lambda / 2 times the sum of (W - Z)^2, both divided by the number of errors, n D
    /// (GRNUlar, equation 9).
    Sum,
}

/// What draws the paths of a decoder towards a matrix while it is fitted.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    /// Z, T x D.
    pub z: ArrayView2<'a, f64>,
    /// 1 for paths that are drawn, 0 for those that are not, T x D; without it all are.
    pub mask: Option<ArrayView2<'a, f64>>,
    /// The weight, 0 or more.
    pub lambda: f64,
    /// What it multiplies.
    pub form: PullForm,
}

/// A network from T regulators to D genes: hidden layers of rectified units, a linear last layer.
#[derive(Debug)]
pub struct Decoder {
    network: Box<dyn Fitted>,
    _held: Reservation,
}

pub(super) trait Fitted: std::fmt::Debug + Send + Sync {
    /// See [`Decoder::descend`].
    fn descend(&mut self, steps: usize, pull: Option<Pull<'_>>, ctx: &Context) -> Result<f64>;
    /// See [`Decoder::paths`].
    fn paths(&self, ctx: &Context) -> Result<Array2<f64>>;
}

/// What a network is made from.
pub(super) struct Task<'a> {
    /// Layers, rate, precision.
    pub plan: &'a DecoderPlan,
    /// n x T.
    pub inputs: ArrayView2<'a, f64>,
    /// n x D.
    pub outputs: ArrayView2<'a, f64>,
    /// Of the first weights.
    pub seed: u64,
    /// Which of the networks with this seed it is.
    pub stream: u64,
}

impl Decoder {
    /// A network for `inputs`, n x T, and `outputs`, n x D, which the caller has standardised. Every weight and bias is
    /// drawn uniformly within 1 / sqrt(inputs of its layer), from the seed of the context and `stream`.
    ///
    /// # Errors
    /// Layers or a learning rate out of range, different numbers of samples, no data, values that are not finite; double
    /// precision on a GPU; memory.
    pub fn new(
        plan: &DecoderPlan,
        inputs: ArrayView2<'_, f64>,
        outputs: ArrayView2<'_, f64>,
        stream: u64,
        ctx: &Context,
    ) -> Result<Self> {
        ctx.check()?;
        check(plan, inputs, outputs)?;
        let task = Task { plan, inputs, outputs, seed: ctx.seed(), stream };
        let held = ctx.reserve_matrices(1, task.memory(), 1)?;
        let network: Box<dyn Fitted> = match plan.device {
            Device::Cpu => Box::new(Perceptron::<Flex>::new(&task, task.rows(), Default::default())),
            #[cfg(feature = "cuda")]
            Device::Cuda(index) => super::cuda::decoder(&task, index)?,
        };
        Ok(Self { network, _held: held })
    }

    /// `steps` steps of Adam (decays 0.9 and 0.999, epsilon 1e-8; its moments stay from call to call) on the mean squared
    /// error over all samples, and on the pull where there is one. Returns the mean squared error from which the last step
    /// started.
    ///
    /// # Errors
    /// No step, a pull of another shape or with values that are not finite, an error that overflows; cancellation, after
    /// which the network is as after its last whole step.
    pub fn descend(&mut self, steps: usize, pull: Option<Pull<'_>>, ctx: &Context) -> Result<f64> {
        self.network.descend(steps, pull, ctx)
    }

    /// W, T x D: for every regulator and gene the sum over all paths between them of the products of absolute weights,
    /// which is the product of the matrices of absolute weights; biases are on no path.
    ///
    /// # Errors
    /// Cancellation, memory.
    pub fn paths(&self, ctx: &Context) -> Result<Array2<f64>> {
        self.network.paths(ctx)
    }
}

fn check(plan: &DecoderPlan, inputs: ArrayView2<'_, f64>, outputs: ArrayView2<'_, f64>) -> Result<()> {
    let layers = plan.hidden.len();
    if layers == 0 || layers > MAX_DECODER_LAYERS {
        return Err(Error::option(format!("a decoder has 1 to {MAX_DECODER_LAYERS} hidden layers, not {layers}")));
    }
    if let Some(units) = plan.hidden.iter().find(|&&units| units == 0 || units > MAX_DECODER_UNITS) {
        return Err(Error::option(format!("a hidden layer has 1 to {MAX_DECODER_UNITS} units, not {units}")));
    }
    if !(plan.learning_rate.is_finite() && plan.learning_rate > 0.0) {
        return Err(Error::option(format!("a learning rate is larger than 0, not {}", plan.learning_rate)));
    }
    if inputs.nrows() != outputs.nrows() {
        let message = format!("{} samples of regulators and {} of genes", inputs.nrows(), outputs.nrows());
        return Err(Error::shape(message));
    }
    if inputs.is_empty() || outputs.is_empty() {
        return Err(Error::data("a decoder needs samples, regulators and genes"));
    }
    if inputs.iter().chain(outputs.iter()).any(|value| !value.is_finite()) {
        return Err(Error::data("a decoder needs values that are neither missing nor infinite"));
    }
    Ok(())
}

/// Multiplications between two looks at the context: some 20 ms.
const PIECE: usize = 100_000_000;
/// Samples that are worked on at a time: few enough for what belongs to them to stay in a core's cache, and enough for
/// what every piece costs by itself not to count.
const ROWS: (usize, usize) = (16, 128);

impl Task<'_> {
    /// Numbers of units from the regulators to the genes.
    pub fn widths(&self) -> Vec<usize> {
        let hidden = self.plan.hidden.iter().copied();
        std::iter::once(self.inputs.ncols()).chain(hidden).chain([self.outputs.ncols()]).collect()
    }

    /// Multiplications that one sample costs in one step: forward, and back to the weights and the units.
    pub fn multiplications(&self) -> usize {
        let products =
            self.widths().windows(2).map(|pair| pair[0].saturating_mul(pair[1])).fold(0, usize::saturating_add);
        products.saturating_mul(3)
    }

    /// How many samples, or regulators, the processor works on at a time.
    fn rows(&self) -> usize {
        (PIECE / self.multiplications().max(1)).clamp(ROWS.0, ROWS.1)
    }

    /// How many numbers a network keeps, and has at most while it learns. Counted in floating point, which does not
    /// overflow.
    fn memory(&self) -> usize {
        let [n, t, d] = [self.inputs.nrows(), self.inputs.ncols(), self.outputs.ncols()].map(|count| count as f64);
        let widths: Vec<f64> = self.widths().into_iter().map(|width| width as f64 + 1.0).collect();
        let weights: f64 = widths.windows(2).map(|pair| pair[0] * pair[1]).sum();
        // Beside the weights two moments and two masks, then gradients of every group and some in passing.
        let layers = weights * (12.0 + GROUPS as f64);
        let units = 3.0 * n.min((GROUPS * ROWS.1) as f64) * widths.iter().sum::<f64>();
        (n * (t + d + 1.0) + layers + units + 3.0 * t * d) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn plan(hidden: &[usize], precision: Precision) -> DecoderPlan {
        DecoderPlan { hidden: hidden.to_vec(), learning_rate: 0.02, device: Device::Cpu, precision }
    }

    /// Two genes that depend on the size of the first regulator alone, and one that follows the second.
    fn toy(n: usize) -> (Array2<f64>, Array2<f64>) {
        let inputs = Array2::from_shape_fn((n, 3), |(i, j)| 1.5 * ((i * (2 * j + 3)) as f64 * 0.37 + j as f64).sin());
        let outputs = Array2::from_shape_fn((n, 3), |(i, gene)| match gene {
            0 => inputs[(i, 0)].abs() - 1.0,
            1 => 1.0 - inputs[(i, 0)].powi(2),
            _ => inputs[(i, 1)],
        });
        (inputs, outputs)
    }

    #[test]
    fn a_nonlinear_problem_is_fitted_in_both_precisions() {
        let ctx = Context::new().with_seed(4);
        let (x, y) = toy(150);
        for precision in [Precision::Single, Precision::Double] {
            for hidden in [&[24][..], &[16, 12], &[12, 10, 8]] {
                let mut decoder = Decoder::new(&plan(hidden, precision), x.view(), y.view(), 0, &ctx).unwrap();
                let first = decoder.descend(1, None, &ctx).unwrap();
                let last = decoder.descend(400, None, &ctx).unwrap();
                assert!(last < 0.1 * first, "{hidden:?}: {first} {last}");
                let before = decoder.paths(&ctx).unwrap();
                let z = Array2::zeros((3, 3));
                let pull = Pull { z: z.view(), mask: None, lambda: 1e4, form: PullForm::Mean };
                decoder.descend(50, Some(pull), &ctx).unwrap();
                assert!(decoder.paths(&ctx).unwrap().sum() < 0.5 * before.sum());
            }
        }
    }

    #[test]
    fn a_seed_gives_the_same_answer_on_any_number_of_threads() {
        // So much work that threads are used.
        let x = Array2::from_shape_fn((700, 3), |(i, j)| ((i * (j + 2)) as f64 * 0.7).sin());
        let y = Array2::from_shape_fn((700, 150), |(i, j)| ((i + 3 * j) as f64 * 0.3).cos());
        let fit = |seed: u64, stream: u64, threads: usize| {
            let ctx = Context::new().with_seed(seed).with_threads(threads);
            let plan = plan(&[16], Precision::Double);
            let mut decoder = Decoder::new(&plan, x.view(), y.view(), stream, &ctx).unwrap();
            decoder.descend(5, None, &ctx).unwrap();
            (decoder.paths(&ctx).unwrap(), decoder.descend(1, None, &ctx).unwrap())
        };
        let first = fit(1, 0, 1);
        assert_eq!(first, fit(1, 0, 3));
        assert_ne!(first, fit(1, 1, 1));
        assert_ne!(first, fit(2, 0, 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let ctx = Context::new();
        let (x, y) = toy(10);
        let kind = |plan: &DecoderPlan, x: &Array2<f64>, y: &Array2<f64>| {
            Decoder::new(plan, x.view(), y.view(), 0, &ctx).map(|_| ()).unwrap_err().kind()
        };
        let good = plan(&[4], Precision::Double);
        for hidden in [&[0][..], &[], &[MAX_DECODER_UNITS + 1], &[2, 2, 2, 2]] {
            assert_eq!(kind(&plan(hidden, Precision::Double), &x, &y), ErrorKind::Option);
        }
        for learning_rate in [0.0, -1.0, f64::NAN] {
            assert_eq!(kind(&DecoderPlan { learning_rate, ..good.clone() }, &x, &y), ErrorKind::Option);
        }
        assert_eq!(kind(&good, &x, &toy(9).1), ErrorKind::Shape);
        assert_eq!(kind(&good, &Array2::zeros((10, 0)), &y), ErrorKind::Data);
        assert_eq!(kind(&good, &Array2::from_elem((10, 3), f64::INFINITY), &y), ErrorKind::Data);
        let tight = Context::new().with_memory_limit(1000);
        assert!(Decoder::new(&good, x.view(), y.view(), 0, &tight).is_err());
        let mut decoder = Decoder::new(&good, x.view(), y.view(), 0, &ctx).unwrap();
        assert_eq!(decoder.descend(0, None, &ctx).unwrap_err().kind(), ErrorKind::Argument);
        let z = Array2::zeros((3, 4));
        let pull = Pull { z: z.view(), mask: None, lambda: 1.0, form: PullForm::Sum };
        assert_eq!(decoder.descend(1, Some(pull), &ctx).unwrap_err().kind(), ErrorKind::Shape);
        let (wide, z) = (z, Array2::zeros((3, 3)));
        let pull = Pull { z: z.view(), mask: Some(wide.view()), lambda: 1.0, form: PullForm::Sum };
        assert_eq!(decoder.descend(1, Some(pull), &ctx).unwrap_err().kind(), ErrorKind::Shape);
        let pull = Pull { z: z.view(), mask: None, lambda: -1.0, form: PullForm::Sum };
        assert_eq!(decoder.descend(1, Some(pull), &ctx).unwrap_err().kind(), ErrorKind::Argument);
        let z = Array2::from_elem((3, 3), f64::NAN);
        let pull = Pull { z: z.view(), mask: None, lambda: 1.0, form: PullForm::Sum };
        assert_eq!(decoder.descend(1, Some(pull), &ctx).unwrap_err().kind(), ErrorKind::Numerical);
        ctx.cancel_handle().cancel();
        assert_eq!(decoder.descend(1, None, &ctx).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
