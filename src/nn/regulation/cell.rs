//! The iterations of GRNUlar, on any device.

use burn::tensor::Tensor;
use burn::tensor::activation::{relu, sigmoid};

use super::super::backend::{CellBackend, Work, numbers};
use super::super::losses::{Truth, scaled_sum};
use super::super::operations::{self, Recorded};
use super::network::Network;
use super::regression::Refit;
use super::{EdgeLoss, On};
use crate::error::Result;

/// What the iterations give; matrices are T x D.
pub struct Iterations<B: CellBackend> {
    /// The last coefficients.
    pub theta: Recorded<B, 2>,
    /// The last Z.
    pub z: Recorded<B, 2>,
    /// |theta| less its threshold.
    pub margin: Recorded<B, 2>,
    /// The mean over iterations, where there is an objective.
    pub loss: Option<Recorded<B, 1>>,
    /// The lambda of every iteration.
    pub lambdas: Vec<f64>,
}

impl<B: CellBackend> On<B> {
    /// Runs the iterations.
    ///
    /// # Errors
    /// Cancellation, memory.
    pub(super) fn run(
        &self,
        parameters: &Recorded<B, 1>,
        refit: &mut Refit<'_, B>,
        work: &Work,
    ) -> Result<Iterations<B>> {
        let layout = self.cell.layout;
        let network = Network::of(parameters, layout);
        let mut lambda = operations::weight(layout, parameters, &self.place.number(1.0), &self.place.number(0.0));
        let start = self.possible(refit.start(&parameters.clone().narrow(0, 0, 1), &self.s)?);
        let mut z = match self.cell.softness {
            Some(_) => start.clone(),
            None => start.clone().detach() * self.place.number(0.0),
        };
        let (mut theta, mut margin) = (start.clone(), start);
        let (mut loss, mut lambdas) = (None, Vec::new());
        for step in 0..self.cell.steps {
            work.check()?;
            if !self.cell.learn_lambda {
                lambda = lambda.detach();
            }
            lambdas.push(numbers::<f64, B, 1>(&lambda.clone().inner())[0]);
            // The smooth cell begins with the start itself.
            if step > 0 || self.cell.softness.is_none() {
                theta = self.possible(refit.next(&z, &lambda)?);
            }
            let rho = network.outputs(self.inputs(&theta, &z)).reshape(theta.dims());
            margin = theta.clone().abs() - rho;
            z = self.thresholded(&theta, &margin);
            if let Some((of, truth)) = &self.objective {
                let now = self.loss(*of, truth, &z, &margin);
                loss = Some(loss.map_or_else(|| now.clone(), |sum: Recorded<B, 1>| sum + now.clone()));
            }
            if step + 1 < self.cell.steps {
                lambda = self.next_lambda(parameters, &z, &theta, lambda);
            }
        }
        let steps = self.cell.steps as f64;
        Ok(Iterations { theta, z, margin, loss: loss.map(|sum| scaled_sum(sum, 1.0 / steps)), lambdas })
    }

    /// Coefficients where there can be an edge; the published program keeps them all.
    fn possible(&self, theta: Recorded<B, 2>) -> Recorded<B, 2> {
        match self.cell.softness {
            Some(_) => theta * Tensor::from_inner(self.pairs.clone()),
            None => theta,
        }
    }

    fn next_lambda(
        &self,
        parameters: &Recorded<B, 1>,
        z: &Recorded<B, 2>,
        theta: &Recorded<B, 2>,
        last: Recorded<B, 1>,
    ) -> Recorded<B, 1> {
        let [regulators, genes] = theta.dims();
        let [z, theta] = [z, theta].map(|matrix| matrix.clone().reshape([1, regulators, genes]));
        let distance = operations::distance(&z, &theta);
        // By entry, so that a network learns for data sets of other sizes; the published program takes the sum.
        let distance = match self.cell.softness {
            Some(_) => distance * self.place.number(1.0 / (regulators * genes) as f64),
            None => distance,
        };
        let (distance, last) =
            if self.cell.learn_lambda { (distance, last) } else { (distance.detach(), last.detach()) };
        operations::weight(self.cell.layout, parameters, &distance, &last)
    }

    /// The inputs of the threshold network, a row for every pair.
    fn inputs(&self, theta: &Recorded<B, 2>, z: &Recorded<B, 2>) -> Recorded<B, 2> {
        let [regulators, genes] = theta.dims();
        let column = |matrix: Recorded<B, 2>| {
            let matrix = if self.cell.softness.is_some() { matrix.abs() } else { matrix };
            matrix.reshape([regulators * genes, 1])
        };
        let mut columns = vec![column(theta.clone()), column(Tensor::from_inner(self.s.clone())), column(z.clone())];
        columns.extend(self.context.clone().map(Tensor::from_inner));
        let all = Tensor::cat(columns, 1);
        match &self.scaling {
            Some([mean, inverse]) => (all - Tensor::from_inner(mean.clone())) * Tensor::from_inner(inverse.clone()),
            None => all,
        }
    }

    fn thresholded(&self, theta: &Recorded<B, 2>, margin: &Recorded<B, 2>) -> Recorded<B, 2> {
        let sign = theta.clone().detach().sign();
        match self.cell.softness {
            None => relu(margin.clone()) * sign,
            Some(softness) => {
                let (scale, inverse) = (self.place.number(softness), self.place.number(1.0 / softness));
                softplus(margin.clone() * inverse) * scale * sign * Tensor::from_inner(self.pairs.clone())
            }
        }
    }

    fn loss(&self, loss: EdgeLoss, truth: &Truth<B>, z: &Recorded<B, 2>, margin: &Recorded<B, 2>) -> Recorded<B, 1> {
        let [regulators, genes] = z.dims();
        let stacked = |matrix: Recorded<B, 2>| matrix.reshape([1, regulators, genes]);
        let pairs = || Tensor::from_inner(truth.pairs.clone());
        // Without a softness it is that of the published program, whose probabilities are tanh |Z|.
        let scaled = self.cell.softness.map(|softness| stacked(margin.clone()) * self.place.number(1.0 / softness));
        match (loss, scaled) {
            (EdgeLoss::CrossEntropy, scaled) => {
                let log_odds = scaled.unwrap_or_else(|| stacked(margin.clone()));
                let edges = Tensor::from_inner(truth.edges.clone());
                scaled_sum((softplus(log_odds.clone()) - log_odds * edges) * pairs(), 1.0 / self.count)
            }
            (EdgeLoss::Of(loss), Some(log_odds)) => {
                let p = sigmoid(log_odds) * pairs();
                loss.loss_of(&p, || p.clone(), truth)
            }
            (EdgeLoss::Of(loss), None) => loss.loss(&stacked(z.clone()), truth),
        }
    }
}

/// log(1 + e^x) without overflow.
fn softplus<B: CellBackend, const D: usize>(x: Recorded<B, D>) -> Recorded<B, D> {
    relu(x.clone()) + x.abs().neg().exp().log1p()
}
