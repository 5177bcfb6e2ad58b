//! Samples in pieces, and what they add to the gradient of a perceptron.

use std::iter::once;
use std::ops::Range;

use burn::tensor::DType;
use burn::tensor::backend::Backend;

use super::backend::numbers;
use super::decoder::Task;
use super::layer::{Between, Matrix, backward, forward, matrix, plus};
use crate::context::Context;
use crate::error::{Error, Result};

/// The most parts of the samples that threads take: as many sums of gradients are held at a time. The parts do not depend
/// on the threads, so that sums do not.
pub(super) const GROUPS: usize = 8;

/// Some samples: their regulators and their genes.
#[derive(Debug)]
pub(super) struct Samples<B: Backend> {
    /// With a column of ones.
    inputs: Matrix<B>,
    outputs: Matrix<B>,
}

/// What samples add to the sum of squared errors and to half of its gradient.
pub(super) struct Sums<B: Backend> {
    /// 0 where it is not measured.
    pub squares: f64,
    /// One for every layer.
    pub gradients: Vec<Matrix<B>>,
}

/// A range in pieces of this size; the last may be smaller.
pub(super) fn cut(whole: Range<usize>, size: usize) -> Vec<Range<usize>> {
    whole.clone().step_by(size).map(|start| start..(start + size).min(whole.end)).collect()
}

/// The samples as parts for threads, each in pieces of `rows`.
pub(super) fn groups(samples: usize, rows: usize) -> Vec<Vec<Range<usize>>> {
    let size = samples.div_ceil(samples.div_ceil(rows).min(GROUPS));
    cut(0..samples, size).into_iter().map(|group| cut(group, rows)).collect()
}

impl<B: Backend> Samples<B> {
    /// The samples in these rows.
    pub fn of(task: &Task<'_>, rows: Range<usize>, device: &B::Device, dtype: DType) -> Self {
        let (t, d) = (task.inputs.ncols(), task.outputs.ncols());
        let (mut inputs, mut outputs) = (Vec::with_capacity(rows.len() * (t + 1)), Vec::with_capacity(rows.len() * d));
        for row in rows {
            inputs.extend(task.inputs.row(row).iter().copied().chain([1.0]));
            outputs.extend(task.outputs.row(row).iter().copied());
        }
        Self { inputs: matrix::<B>(inputs, t + 1, device, dtype), outputs: matrix::<B>(outputs, d, device, dtype) }
    }

    /// The outputs of the network, behind what goes into its layers after the first.
    pub fn fitted(&self, weights: &[Matrix<B>]) -> (Vec<Matrix<B>>, Matrix<B>) {
        forward(self.inputs.clone().matmul(weights[0].clone()), &weights[1..], Between::Rectifier)
    }

    /// What these samples add, with the sum of squares if it is measured.
    fn sums(&self, weights: &[Matrix<B>], measured: bool) -> Sums<B> {
        let (ahead, fitted) = self.fitted(weights);
        let errors = fitted - self.outputs.clone();
        let squares = if measured {
            let sum = (errors.clone() * errors.clone()).sum();
            numbers::<f64, B, 1>(&sum).first().copied().unwrap_or(f64::NAN)
        } else {
            0.0
        };
        let (of_rest, behind) = backward(ahead, &weights[1..], errors, Between::Rectifier);
        let of_first = self.inputs.clone().transpose().matmul(behind);
        Sums { squares, gradients: once(of_first).chain(of_rest).collect() }
    }
}

impl<B: Backend> Sums<B> {
    /// What a group adds.
    ///
    /// # Errors
    /// Cancellation between pieces.
    pub fn of(group: &[Samples<B>], weights: &[Matrix<B>], measured: bool, ctx: &Context) -> Result<Self> {
        let mut all: Option<Self> = None;
        for samples in group {
            ctx.check()?;
            let own = samples.sums(weights, measured);
            all = Some(match all {
                Some(sums) => sums.and(own),
                None => own,
            });
        }
        all.ok_or_else(|| Error::internal("samples without a sample"))
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { squares: self.squares + other.squares, gradients: plus(self.gradients, other.gradients) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_every_sample_once() {
        for samples in [1, 2, 7, 100, 1000, 1001] {
            for rows in [1, 3, 128, 5000] {
                let groups = groups(samples, rows);
                assert!(groups.len() <= GROUPS && groups.iter().flatten().all(|piece| piece.len() <= rows));
                assert!(groups.into_iter().flatten().flatten().eq(0..samples), "{samples} {rows}");
            }
        }
    }
}
