//! Where unknown blocks are looked for first.

use ndarray::Array2;

use super::pseudo_precision::PseudoPrecision;
use crate::context::Context;
use crate::error::Result;
use crate::solver::block_model::kmeans;
use crate::{linalg, rng};

/// Entries of a row count this much beside their sum.
const OF_NUMBER: f64 = 0.2;
/// Runs of k-means, of which the best is kept.
const RUNS: usize = 10;

/// What tells nodes apart: strengths and numbers of their entries, eigenvectors, and the entries themselves.
#[derive(Debug)]
pub struct Starts {
    degrees: Array2<f64>,
    /// Eigenvectors by descending size of their eigenvalues, p x some.
    vectors: Array2<f64>,
    strengths: Array2<f64>,
}

impl Starts {
    /// From a first precision matrix, for at most `most` blocks.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn of(precision: &PseudoPrecision, most: usize, ctx: &Context) -> Result<Self> {
        let p = precision.p();
        let _held = ctx.reserve_matrices(4, p, p)?;
        let strengths = precision.strengths();
        let sums: Vec<f64> = strengths.rows().into_iter().map(|row| row.sum()).collect();
        let mut degrees = Array2::zeros((p, 2));
        for (node, mut row) in degrees.rows_mut().into_iter().enumerate() {
            row[0] = sums[node];
            row[1] = OF_NUMBER * strengths.row(node).iter().filter(|strength| **strength > 0.0).count() as f64;
        }
        let vectors = leading_vectors(&strengths, &sums, most.min(p), ctx)?;
        Ok(Self { degrees, vectors, strengths })
    }

    /// The first blocks of start number `start`: hubs, communities and rows that are alike take turns.
    ///
    /// # Errors
    /// Cancellation.
    pub fn blocks(&self, count: usize, start: usize, ctx: &Context) -> Result<Vec<usize>> {
        let mut rng = rng::stream(ctx.seed(), "spike and slab start", (1000 * count + start) as u64);
        let points = match start % 3 {
            0 => self.degrees.view(),
            1 => self.vectors.view().split_at(ndarray::Axis(1), count.min(self.vectors.ncols())).0,
            _ => self.strengths.view(),
        };
        kmeans(points, count, RUNS, &mut rng, ctx)
    }
}

/// Eigenvectors of D^-1/2 |K| D^-1/2, where D has the row sums and their mean.
fn leading_vectors(strengths: &Array2<f64>, sums: &[f64], count: usize, ctx: &Context) -> Result<Array2<f64>> {
    let p = sums.len();
    let mean = sums.iter().sum::<f64>() / p.max(1) as f64;
    if mean <= 0.0 {
        return Ok(Array2::zeros((p, count)));
    }
    let scale: Vec<f64> = sums.iter().map(|sum| 1.0 / (sum + mean).sqrt()).collect();
    let scaled = Array2::from_shape_fn((p, p), |(i, j)| strengths[(i, j)] * scale[i] * scale[j]);
    let (values, vectors) = linalg::eigh(scaled.view(), ctx)?;
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()));
    Ok(Array2::from_shape_fn((p, count), |(i, k)| vectors[(i, order[k])]))
}
