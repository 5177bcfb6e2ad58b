//! The step to W, the coefficients of genes on regulators: ridge regressions in closed form, or a neural network.

use burn::tensor::Tensor;
use ndarray::{Array2, ArrayView1};

use super::super::backend::{CellBackend, numbers};
use super::super::decoder::{Decoder, Pull, PullForm};
use super::super::operations::Recorded;
use super::{NetworkStep, Place};
use crate::context::Context;
use crate::error::Result;
use crate::rng;

/// How genes are regressed on regulators, on a device.
#[derive(Debug)]
pub enum Regression<B: CellBackend> {
    /// In closed form.
    Ridge(Ridge<B>),
    /// By a network.
    Network(Box<Inner>),
}

/// A network in the place of regressions, and what it is told of pairs.
#[derive(Debug)]
pub struct Inner {
    /// The network and its data.
    pub step: NetworkStep,
    /// The columns that are regulators.
    pub own: Vec<usize>,
    /// 1 where paths are drawn towards Z, T x D; without it all are.
    pub drawn: Option<Array2<f64>>,
}

/// Ridge regressions of all genes on the regulators but themselves.
#[derive(Debug)]
pub struct Ridge<B: CellBackend> {
    /// Eigenvalues of the regulators' correlations, 1 x T.
    values: Tensor<B, 2>,
    /// Their eigenvectors, T x T, one in a column.
    vectors: Tensor<B, 2>,
    /// Correlations with genes, T x D.
    s: Tensor<B, 2>,
    /// 1 where a gene is its own regulator, T x D.
    own: Tensor<B, 2>,
    /// 1 where a gene is no regulator, 1 x D.
    others: Tensor<B, 2>,
}

impl<B: CellBackend> Ridge<B> {
    pub(super) fn new(
        values: &[f64],
        vectors: &Array2<f64>,
        s: &Array2<f64>,
        own: &Array2<f64>,
        place: &Place<B>,
    ) -> Self {
        let others: Vec<f64> =
            own.columns().into_iter().map(|column: ArrayView1<'_, f64>| 1.0 - column.sum()).collect();
        Self {
            values: place.tensor(values.to_vec(), [1, values.len()]),
            vectors: place.matrix(vectors.view()),
            s: place.matrix(s.view()),
            own: place.matrix(own.view()),
            others: place.tensor(others, [1, own.ncols()]),
        }
    }

    /// argmin_w |x_g - X_T w|^2 / n + lambda |w - z|^2 for every gene g, with w_g = 0 where g is a regulator; z = 0 where
    /// there is none. With P = (S_TT + lambda I)^-1 that is P b, less the column of P that takes its entry g to 0.
    pub fn solve(&self, z: Option<&Recorded<B, 2>>, lambda: &Recorded<B, 1>) -> Recorded<B, 2> {
        let [vectors, s, own, others] =
            [&self.vectors, &self.s, &self.own, &self.others].map(|tensor| Tensor::from_inner(tensor.clone()));
        let lambda = lambda.clone().reshape([1, 1]);
        let inverse = (Tensor::from_inner(self.values.clone()) + lambda.clone()).recip();
        let p: Recorded<B, 2> = (vectors.clone() * inverse).matmul(vectors.transpose());
        let right = match z {
            Some(z) => s + z.clone() * lambda,
            None => s,
        };
        let free = p.clone().matmul(right);
        let columns = p.matmul(own.clone());
        let at_own = (free.clone() * own.clone()).sum_dim(0);
        let diagonal = (columns.clone() * own.clone()).sum_dim(0) + others;
        let held = free - columns * (at_own / diagonal);
        // What is left of the entries themselves is rounding.
        held.clone() - held * own
    }
}

/// A regression that goes on from iteration to iteration.
pub struct Refit<'a, B: CellBackend> {
    regression: &'a Regression<B>,
    network: Option<Decoder>,
    stream: u64,
    fresh: u64,
    /// Of the paths to every gene, where they are taken as shares.
    sums: Option<Vec<f64>>,
    ctx: &'a Context,
}

impl<'a, B: CellBackend> Refit<'a, B> {
    /// Networks start from random numbers of the context's seed and `stream`.
    pub fn new(regression: &'a Regression<B>, stream: u64, ctx: &'a Context) -> Self {
        Self { regression, network: None, stream, fresh: 0, sums: None, ctx }
    }

    /// W without any Z. Ridge regressions have the penalty `offset`.
    ///
    /// # Errors
    /// Cancellation, memory.
    pub fn start(&mut self, offset: &Recorded<B, 1>, like: &Tensor<B, 2>) -> Result<Recorded<B, 2>> {
        match self.regression {
            Regression::Ridge(ridge) => Ok(ridge.solve(None, offset)),
            Regression::Network(inner) => {
                let mut network = self.fresh(inner)?;
                network.descend(inner.step.epochs, None, self.ctx)?;
                let paths = self.paths(inner, &network)?;
                self.network = Some(network);
                Ok(constant(&paths, like))
            }
        }
    }

    /// The next W, drawn towards Z with the weight lambda. No gradient goes through a network.
    ///
    /// # Errors
    /// Cancellation, memory.
    pub fn next(&mut self, z: &Recorded<B, 2>, lambda: &Recorded<B, 1>) -> Result<Recorded<B, 2>> {
        let inner = match self.regression {
            Regression::Ridge(ridge) => return Ok(ridge.solve(Some(z), lambda)),
            Regression::Network(inner) => inner,
        };
        let step = &inner.step;
        let [regulators, genes] = z.dims();
        let values = numbers::<f64, B, 2>(&z.clone().inner());
        let scale = |gene: usize| self.sums.as_ref().map_or(1.0, |sums| sums[gene]);
        let target = Array2::from_shape_fn((regulators, genes), |(t, g)| scale(g) * values[t * genes + g]);
        let weight = numbers::<f64, B, 1>(&lambda.clone().inner())[0];
        let (form, steps) = if step.afresh { (PullForm::Sum, step.epochs) } else { (PullForm::Mean, step.steps) };
        let mut network = match self.network.take().filter(|_| !step.afresh) {
            Some(network) => network,
            None => self.fresh(inner)?,
        };
        let mask = inner.drawn.as_ref().map(|drawn| drawn.view());
        network.descend(steps, Some(Pull { z: target.view(), mask, lambda: weight, form }), self.ctx)?;
        let paths = self.paths(inner, &network)?;
        self.network = Some(network);
        Ok(constant(&paths, &z.clone().inner()))
    }

    /// The products of weights along paths; where it is asked for as shares of all paths to a gene, because products have
    /// no scale of their own: thresholds are numbers between 0 and 1.
    fn paths(&mut self, inner: &Inner, network: &Decoder) -> Result<Array2<f64>> {
        let mut paths = network.paths(self.ctx)?;
        if inner.step.shares {
            if let Some(drawn) = &inner.drawn {
                paths *= drawn;
            }
            let sums: Vec<f64> =
                paths.columns().into_iter().map(|column| column.sum().max(f64::MIN_POSITIVE)).collect();
            paths.indexed_iter_mut().for_each(|((_, gene), path)| *path /= sums[gene]);
            self.sums = Some(sums);
        }
        Ok(paths)
    }

    fn fresh(&mut self, inner: &Inner) -> Result<Decoder> {
        let (step, own) = (&inner.step, &inner.own);
        let _held = self.ctx.reserve_matrices(1, step.x.nrows(), own.len())?;
        let inputs = Array2::from_shape_fn((step.x.nrows(), own.len()), |(i, t)| step.x[(i, own[t])]);
        let stream = rng::derive(self.stream, "network", self.fresh);
        self.fresh += 1;
        Decoder::new(&step.plan, inputs.view(), step.x.view(), stream, self.ctx)
    }
}

/// Numbers that nothing was learned about, on the device of another tensor.
fn constant<B: CellBackend>(values: &Array2<f64>, like: &Tensor<B, 2>) -> Recorded<B, 2> {
    let (rows, cols) = values.dim();
    let data = burn::tensor::TensorData::new(values.iter().copied().collect::<Vec<f64>>(), [rows, cols]);
    Tensor::from_inner(Tensor::from_data(data.convert_dtype(like.dtype()), (&like.device(), like.dtype())))
}
