//! The threshold step, fused with its network: Z_ij = sign(Theta_ij) max(|Theta_ij| - rho(Theta_ij, S_ij, Z'_ij), 0).
//!
//! The network costs far more than what surrounds it, so only pairs i <= j are sent through it, a block of lanes at a time,
//! in loops that the compiler turns into vector instructions. Sums run in the same order on every processor.

// One index for several arrays of lanes is what the compiler turns into vectors; chains of iterators it does not.
#![allow(clippy::needless_range_loop)]

use pulp::{Arch, Simd, WithSimd};

use crate::linalg::Real;
use crate::nn::parameters::{Layout, MAX_HIDDEN};

/// Entries at a time.
const LANES: usize = 16;
type Lanes<T> = [T; LANES];

/// The parameters of the threshold network by layer, in row order.
struct Network<'a, T> {
    hidden: usize,
    weight_1: &'a [T],
    bias_1: &'a [T],
    weight_2: &'a [T],
    bias_2: &'a [T],
    weight_3: &'a [T],
    bias_3: T,
}

impl<'a, T: Real> Network<'a, T> {
    fn of(parameters: &'a [T], layout: Layout) -> Self {
        let h = layout.hidden();
        let own = &parameters[layout.threshold()];
        let (weight_1, rest) = own.split_at(3 * h);
        let (bias_1, rest) = rest.split_at(h);
        let (weight_2, rest) = rest.split_at(h * h);
        let (bias_2, rest) = rest.split_at(h);
        let (weight_3, bias_3) = rest.split_at(h);
        Self { hidden: h, weight_1, bias_1, weight_2, bias_2, weight_3, bias_3: bias_3[0] }
    }
}

/// What a block of entries is inside the network.
struct Block<T> {
    first: [Lanes<T>; MAX_HIDDEN],
    second: [Lanes<T>; MAX_HIDDEN],
    threshold: Lanes<T>,
    /// Gradients of the first layer, on the way back.
    of_first: [Lanes<T>; MAX_HIDDEN],
}

impl<T: Real> Block<T> {
    fn new() -> Self {
        let zero = [T::from_f64(0.0); LANES];
        Self { first: [zero; MAX_HIDDEN], second: [zero; MAX_HIDDEN], threshold: zero, of_first: [zero; MAX_HIDDEN] }
    }
}

/// tanh by one exponential; its absolute error is that of the number type.
#[inline(always)]
fn tanh<T: Real>(x: T) -> T {
    let limit = T::from_f64(20.0);
    let one = T::from_f64(1.0);
    let x = x.smaller(limit).larger(-limit);
    let e = (x + x).exponential();
    (e - one) / (e + one)
}

#[inline(always)]
fn sigmoid<T: Real>(x: T) -> T {
    let limit = T::from_f64(80.0);
    let one = T::from_f64(1.0);
    let x = x.smaller(limit).larger(-limit);
    one / (one + (-x).exponential())
}

/// Sends a block of inputs through the network.
#[inline(always)]
fn activate<T: Real>(net: &Network<'_, T>, hidden: usize, x: &[Lanes<T>; 3], block: &mut Block<T>) {
    for h in 0..hidden {
        let (w, out) = (&net.weight_1[3 * h..3 * h + 3], &mut block.first[h]);
        for l in 0..LANES {
            out[l] = tanh(net.bias_1[h] + w[0] * x[0][l] + w[1] * x[1][l] + w[2] * x[2][l]);
        }
    }
    for h in 0..hidden {
        let mut sum = [net.bias_2[h]; LANES];
        for k in 0..hidden {
            let (w, from) = (net.weight_2[h * hidden + k], &block.first[k]);
            for l in 0..LANES {
                sum[l] += w * from[l];
            }
        }
        for l in 0..LANES {
            block.second[h][l] = tanh(sum[l]);
        }
    }
    let mut sum = [net.bias_3; LANES];
    for k in 0..hidden {
        let (w, from) = (net.weight_3[k], &block.second[k]);
        for l in 0..LANES {
            sum[l] += w * from[l];
        }
    }
    for l in 0..LANES {
        block.threshold[l] = sigmoid(sum[l]);
    }
}

/// The gradients of the network's parameters, each in [`LANES`] partial sums, in the order of the parameters.
struct Sums<T> {
    first: [[Lanes<T>; 4]; MAX_HIDDEN],
    second: Vec<Lanes<T>>,
    second_bias: [Lanes<T>; MAX_HIDDEN],
    third: [Lanes<T>; MAX_HIDDEN],
    third_bias: Lanes<T>,
}

impl<T: Real> Sums<T> {
    fn new(hidden: usize) -> Self {
        let zero = [T::from_f64(0.0); LANES];
        Self {
            first: [[zero; 4]; MAX_HIDDEN],
            second: vec![zero; hidden * hidden],
            second_bias: [zero; MAX_HIDDEN],
            third: [zero; MAX_HIDDEN],
            third_bias: zero,
        }
    }

    fn totals(&self, hidden: usize) -> Vec<T> {
        let total = |lanes: &Lanes<T>| lanes.iter().fold(T::from_f64(0.0), |sum, &value| sum + value);
        let first = self.first[..hidden].iter();
        first
            .clone()
            .flat_map(|sums| &sums[..3])
            .chain(first.map(|sums| &sums[3]))
            .chain(&self.second)
            .chain(&self.second_bias[..hidden])
            .chain(&self.third[..hidden])
            .chain([&self.third_bias])
            .map(total)
            .collect()
    }
}

/// Takes a block of gradients of the thresholds back to the inputs, and adds up those of the parameters.
#[inline(always)]
fn pull_back<T: Real>(
    net: &Network<'_, T>,
    hidden: usize,
    x: &[Lanes<T>; 3],
    block: &mut Block<T>,
    of_threshold: &Lanes<T>,
    sums: &mut Sums<T>,
) -> [Lanes<T>; 2] {
    let (zero, one) = (T::from_f64(0.0), T::from_f64(1.0));
    let mut of_sum = [zero; LANES];
    for l in 0..LANES {
        of_sum[l] = of_threshold[l] * block.threshold[l] * (one - block.threshold[l]);
        sums.third_bias[l] += of_sum[l];
    }
    block.of_first[..hidden].fill([zero; LANES]);
    for h in 0..hidden {
        let (w, out) = (net.weight_3[h], &block.second[h]);
        let mut of_out = [zero; LANES];
        for l in 0..LANES {
            sums.third[h][l] += of_sum[l] * out[l];
            of_out[l] = of_sum[l] * w * (one - out[l] * out[l]);
            sums.second_bias[h][l] += of_out[l];
        }
        for k in 0..hidden {
            let w = net.weight_2[h * hidden + k];
            let (from, sum) = (&block.first[k], &mut sums.second[h * hidden + k]);
            for l in 0..LANES {
                sum[l] += of_out[l] * from[l];
                block.of_first[k][l] += of_out[l] * w;
            }
        }
    }
    let mut of_inputs = [[zero; LANES]; 2];
    for h in 0..hidden {
        let (w, out, sum) = (&net.weight_1[3 * h..3 * h + 3], &block.first[h], &mut sums.first[h]);
        for l in 0..LANES {
            let of_out = block.of_first[h][l] * (one - out[l] * out[l]);
            sum[0][l] += of_out * x[0][l];
            sum[1][l] += of_out * x[1][l];
            sum[2][l] += of_out * x[2][l];
            sum[3][l] += of_out;
            of_inputs[0][l] += of_out * w[0];
            of_inputs[1][l] += of_out * w[2];
        }
    }
    of_inputs
}

/// The entries i <= j of a symmetric matrix, row by row, padded with zeros to whole blocks.
fn packed<T: Real>(a: &[T], n: usize) -> Vec<T> {
    let mut pairs = Vec::with_capacity(n * (n + 1) / 2 + LANES);
    for i in 0..n {
        pairs.extend_from_slice(&a[i * n + i..(i + 1) * n]);
    }
    pairs.resize(pairs.len().next_multiple_of(LANES), T::from_f64(0.0));
    pairs
}

/// Writes packed entries to both sides of the diagonal; those off the diagonal times `factor`.
fn unpacked<T: Real>(pairs: &[T], n: usize, factor: T) -> Vec<T> {
    let mut a = vec![T::from_f64(0.0); n * n];
    let mut start = 0;
    for i in 0..n {
        a[i * n + i] = pairs[start];
        for (offset, &value) in pairs[start + 1..start + n - i].iter().enumerate() {
            let (j, value) = (i + 1 + offset, value * factor);
            a[i * n + j] = value;
            a[j * n + i] = value;
        }
        start += n - i;
    }
    a
}

fn lanes<T: Real>(values: &[T], block: usize) -> Lanes<T> {
    let mut lanes = [T::from_f64(0.0); LANES];
    lanes.copy_from_slice(&values[block * LANES..(block + 1) * LANES]);
    lanes
}

/// Whether the entries of the diagonal are thresholded too, as the published programs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Diagonal {
    /// They are.
    Thresholded,
    /// They stay those of Theta.
    Kept,
}

/// One step: the networks' parameters, and what of the diagonal.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a, T> {
    /// All parameters of the cell.
    pub parameters: &'a [T],
    /// Where they stand.
    pub layout: Layout,
    /// The diagonal.
    pub diagonal: Diagonal,
}

/// Z of one matrix.
pub fn forward<T: Real>(step: Step<'_, T>, theta: &[T], s: &[T], z: &[T], n: usize) -> Vec<T> {
    let net = Network::of(step.parameters, step.layout);
    let x = [packed(theta, n), packed(s, n), packed(z, n)];
    let mut out = vec![T::from_f64(0.0); x[0].len()];
    Arch::new().dispatch(Shrink { net: &net, x: &x, out: &mut out });
    let mut out = unpacked(&out, n, T::from_f64(1.0));
    if step.diagonal == Diagonal::Kept {
        (0..n).for_each(|i| out[i * n + i] = theta[i * n + i]);
    }
    out
}

/// The forward loop, compiled for every kind of processor: a closure would be compiled once, for the oldest.
struct Shrink<'a, T> {
    net: &'a Network<'a, T>,
    x: &'a [Vec<T>; 3],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Shrink<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self.net.hidden {
            // A constant lets the compiler unroll the layers.
            3 => shrink(self.net, 3, self.x, self.out),
            hidden => shrink(self.net, hidden, self.x, self.out),
        }
    }
}

#[inline(always)]
fn shrink<T: Real>(net: &Network<'_, T>, hidden: usize, x: &[Vec<T>; 3], out: &mut [T]) {
    let zero = T::from_f64(0.0);
    let mut block = Block::new();
    for (position, out) in out.chunks_exact_mut(LANES).enumerate() {
        let x = [lanes(&x[0], position), lanes(&x[1], position), lanes(&x[2], position)];
        activate(net, hidden, &x, &mut block);
        for l in 0..LANES {
            out[l] = (x[0][l].magnitude() - block.threshold[l]).larger(zero).with_sign_of(x[0][l]);
        }
    }
}

/// The gradients of Theta, of the last Z and of all parameters, from that of Z.
pub fn backward<T: Real>(
    step: Step<'_, T>,
    theta: &[T],
    s: &[T],
    z: &[T],
    gradient: &[T],
    n: usize,
) -> (Vec<T>, Vec<T>, Vec<T>) {
    let net = Network::of(step.parameters, step.layout);
    let (zero, half) = (T::from_f64(0.0), T::from_f64(0.5));
    let x = [packed(theta, n), packed(s, n), packed(z, n)];
    // Both entries of a pair go through the same number: their gradients add up, and come back in halves.
    let mut both = gradient.to_vec();
    for i in 0..n {
        for j in i + 1..n {
            both[i * n + j] += gradient[j * n + i];
        }
        if step.diagonal == Diagonal::Kept {
            both[i * n + i] = zero;
        }
    }
    let pairs = packed(&both, n);
    let (mut of_theta, mut of_z) = (vec![zero; pairs.len()], vec![zero; pairs.len()]);
    let mut sums = Sums::new(net.hidden);
    let outputs = (&mut of_theta[..], &mut of_z[..]);
    Arch::new().dispatch(Expand { net: &net, x: &x, gradient: &pairs, outputs, sums: &mut sums });
    let mut of_theta = unpacked(&of_theta, n, half);
    if step.diagonal == Diagonal::Kept {
        (0..n).for_each(|i| of_theta[i * n + i] = gradient[i * n + i]);
    }
    let mut of_parameters = vec![zero; step.layout.len()];
    of_parameters[step.layout.threshold()].copy_from_slice(&sums.totals(net.hidden));
    (of_theta, unpacked(&of_z, n, half), of_parameters)
}

/// The loop back.
struct Expand<'a, T> {
    net: &'a Network<'a, T>,
    x: &'a [Vec<T>; 3],
    gradient: &'a [T],
    outputs: (&'a mut [T], &'a mut [T]),
    sums: &'a mut Sums<T>,
}

impl<T: Real> WithSimd for Expand<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        match self.net.hidden {
            3 => expand(self.net, 3, self.x, self.gradient, self.outputs, self.sums),
            hidden => expand(self.net, hidden, self.x, self.gradient, self.outputs, self.sums),
        }
    }
}

#[inline(always)]
fn expand<T: Real>(
    net: &Network<'_, T>,
    hidden: usize,
    x: &[Vec<T>; 3],
    gradient: &[T],
    (of_theta, of_z): (&mut [T], &mut [T]),
    sums: &mut Sums<T>,
) {
    let zero = T::from_f64(0.0);
    let mut block = Block::new();
    for position in 0..gradient.len() / LANES {
        let x = [lanes(&x[0], position), lanes(&x[1], position), lanes(&x[2], position)];
        activate(net, hidden, &x, &mut block);
        let gradient = lanes(gradient, position);
        let (mut direct, mut of_threshold) = ([zero; LANES], [zero; LANES]);
        for l in 0..LANES {
            let active = x[0][l].magnitude() > block.threshold[l];
            direct[l] = if active { gradient[l] } else { zero };
            let sign = T::from_f64(1.0).with_sign_of(x[0][l]);
            of_threshold[l] = -direct[l] * sign;
        }
        let of_inputs = pull_back(net, hidden, &x, &mut block, &of_threshold, sums);
        let place = position * LANES..(position + 1) * LANES;
        for ((out, direct), through) in of_theta[place.clone()].iter_mut().zip(direct).zip(of_inputs[0]) {
            *out = direct + through;
        }
        of_z[place].copy_from_slice(&of_inputs[1]);
    }
}
