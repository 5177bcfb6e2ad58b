//! The unrolled alternating minimisation of GLAD, on any device.

use burn::tensor::Tensor;

use super::backend::{CellBackend, Rule, Work};
use super::host::proximal::Root;
use super::host::start::Start;
use super::host::threshold::Diagonal;
use super::operations::{self, Recorded};
use super::parameters::Layout;
use crate::error::Result;

/// What a model is, but for its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Where the parameters stand.
    pub layout: Layout,
    /// Iterations.
    pub steps: usize,
    /// Where they start.
    pub start: Start,
    /// How the square root is taken.
    pub root: Root,
    /// Whether the diagonal is thresholded.
    pub diagonal: Diagonal,
    /// Whether gradients go through the distance and the last lambda into the next one; not so in the published programs.
    pub through_lambda: bool,
    /// What the network of lambda is told first in the place of a distance.
    pub lambda_start: f64,
}

/// What the iterations give.
#[derive(Debug)]
pub struct Unrolled<B: CellBackend> {
    /// The last Theta: positive definite.
    pub theta: Recorded<B, 3>,
    /// Z of every iteration.
    pub z: Vec<Recorded<B, 3>>,
    /// The lambda of every iteration.
    pub lambdas: Vec<Tensor<B, 1>>,
}

impl Cell {
    /// Runs the iterations on S, tasks x n x n, which share lambda. Where there is a mask, n x n, the start and every Z
    /// are multiplied by it.
    ///
    /// # Errors
    /// S or parameters that overflow; cancellation, memory.
    pub fn run<B: CellBackend>(
        &self,
        parameters: &Recorded<B, 1>,
        s: &Tensor<B, 3>,
        mask: Option<&Tensor<B, 3>>,
        work: &Work,
    ) -> Result<Unrolled<B>> {
        let masked = |z: Recorded<B, 3>| match mask {
            Some(mask) => z * Tensor::from_inner(mask.clone()),
            None => z,
        };
        let constant = |value: f64| Recorded::<B, 1>::from_inner(Tensor::full([1], value, (&s.device(), s.dtype())));
        let rule = Rule { layout: self.layout, diagonal: self.diagonal };
        let mut z = masked(operations::start(self.start, self.layout, parameters, s, work));
        let mut lambda = operations::weight(self.layout, parameters, &constant(self.lambda_start), &constant(0.0));
        let mut theta = z.clone();
        let (mut all, mut lambdas) = (Vec::new(), Vec::new());
        for step in 0..self.steps {
            lambdas.push(lambda.clone().inner());
            theta = operations::proximal(self.root, s, &z, &lambda, work);
            z = masked(operations::threshold(rule, parameters, &theta, s, &z, work));
            all.push(z.clone());
            work.check()?;
            if step + 1 < self.steps {
                let (distance, last) = if self.through_lambda {
                    (operations::distance(&z, &theta), lambda)
                } else {
                    let distance = B::distance(&z.clone().inner(), &theta.clone().inner());
                    (Tensor::from_inner(distance), lambda.detach())
                };
                lambda = operations::weight(self.layout, parameters, &distance, &last);
            }
        }
        Ok(Unrolled { theta, z: all, lambdas })
    }
}
