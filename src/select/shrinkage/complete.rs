//! Held-out losses of data without missing values: one eigendecomposition serves all intensities.
//!
//! In units of V, Sigma is (1 - a) R + a I with R = V^-1/2 S V^-1/2, which has the eigenvectors of R for every a.

use std::f64::consts::TAU;

use ndarray::Array2;

use super::folds::others;
use super::{Grid, Losses, target};
use crate::context::Context;
use crate::data::Matrix;
use crate::data::covariance::check_variances;
use crate::error::Result;
use crate::linalg;
use crate::select::moments::{Moments, Split};
use crate::select::resamples::{Resampled, attempt};

/// The losses of the rows that are held out. `moments` of all rows are there where no fold has more variables than rows
/// that stay.
///
/// # Errors
/// Columns without a variance in double precision, limits of the context.
pub(super) fn losses(
    x: &Matrix,
    moments: Option<&Moments<'_>>,
    held_out: &[usize],
    grid: &Grid,
    ctx: &Context,
) -> Result<Resampled<Losses>> {
    let rest = others(x.rows(), held_out);
    let (n, p) = (x.rows(), x.cols());
    attempt(x, &rest, ctx, || {
        let sums = match moments {
            Some(moments) => {
                // Moments of both parts, both in units, eigenvectors and their product; rows that are held out.
                let _held = ctx.reserve_matrices(1, p, 7 * p + 2 * held_out.len())?;
                let split = moments.split(&rest, held_out, ctx)?;
                let variances = split.rest.diag().to_vec();
                check_variances(x, variances.iter().copied())?;
                by_target(grid, &variances, |scale| Spectrum::of_moments(&split, scale, ctx))?
            }
            None => {
                let _held = ctx.reserve_matrices(1, n, 4 * p + 4 * n)?;
                let rows = Rows::new(x, &rest, held_out);
                let variances = rows.variances();
                check_variances(x, variances.iter().copied())?;
                by_target(grid, &variances, |scale| Spectrum::of_rows(&rows, scale, ctx))?
            }
        };
        Ok(Losses { sums: sums.iter().map(|mean| mean * held_out.len() as f64).collect(), rows: held_out.len() })
    })
}

/// The mean loss at every point of the grid, from the spectrum for each V, which has the roots of its entries.
fn by_target(grid: &Grid, variances: &[f64], spectrum: impl Fn(&[f64]) -> Result<Spectrum>) -> Result<Vec<f64>> {
    let mut losses = Vec::with_capacity(grid.variances.len() * grid.intensities.len());
    for &t in &grid.variances {
        let scale: Vec<f64> = target(variances, t).iter().map(|variance| variance.sqrt()).collect();
        let spectrum = spectrum(&scale)?;
        losses.extend(grid.intensities.iter().map(|&a| spectrum.loss(a)));
    }
    Ok(losses)
}

/// What the loss needs to know of a fold, in units of V.
#[derive(Debug)]
struct Spectrum {
    /// Eigenvalues of R: all, or those that are not 0.
    values: Vec<f64>,
    /// Mean square of the held-out rows along each of their eigenvectors.
    along: Vec<f64>,
    /// Mean square across all of them.
    across: f64,
    /// How many directions there are across.
    rest: usize,
    /// p log 2 pi + log det V.
    units: f64,
}

impl Spectrum {
    fn of_moments(split: &Split, scale: &[f64], ctx: &Context) -> Result<Self> {
        let p = scale.len();
        let r = Array2::from_shape_fn((p, p), |(i, j)| split.rest[(i, j)] / scale[i] / scale[j]);
        let held_out = Array2::from_shape_fn((p, p), |(i, j)| split.held_out.at(i, j) / scale[i] / scale[j]);
        let (values, vectors) = linalg::eigh(r.view(), ctx)?;
        let product = linalg::matmul(held_out.view(), vectors.view(), ctx)?;
        let mut along = vec![0.0; p];
        for (row, other) in vectors.rows().into_iter().zip(product.rows()) {
            along.iter_mut().zip(row.iter().zip(other)).for_each(|(sum, (a, b))| *sum += a * b);
        }
        Ok(Self { values, along, across: 0.0, rest: 0, units: units(scale) })
    }

    /// With Z the n rows that stay in units, the eigenvectors w of ZZ'/n give those of R = Z'Z/n: Z'w / sqrt(n d).
    fn of_rows(rows: &Rows, scale: &[f64], ctx: &Context) -> Result<Self> {
        let in_units = |part: &Array2<f64>| Array2::from_shape_fn(part.dim(), |(i, j)| part[(i, j)] / scale[j]);
        let (z, y) = (in_units(&rows.rest), in_units(&rows.held_out));
        let (n, count) = (z.nrows() as f64, y.nrows() as f64);
        let gram = linalg::gram(z.t(), ctx)? / n;
        let (all, vectors) = linalg::eigh(gram.view(), ctx)?;
        let cross = linalg::matmul(z.view(), y.t(), ctx)?;
        let scores = linalg::matmul(vectors.t(), cross.view(), ctx)?;
        // Rounding leaves less than that of an eigenvalue 0; centred rows have at least one.
        let cutoff = 10.0 * n * f64::EPSILON * all.last().copied().unwrap_or(0.0);
        let (mut values, mut along) = (Vec::new(), Vec::new());
        for (row, &value) in scores.rows().into_iter().zip(&all).filter(|(_, value)| **value > cutoff) {
            values.push(value);
            along.push(row.iter().map(|score| score * score).sum::<f64>() / (n * value) / count);
        }
        let total = y.iter().map(|value| value * value).sum::<f64>() / count;
        let across = (total - along.iter().sum::<f64>()).max(0.0);
        let rest = scale.len().saturating_sub(values.len());
        Ok(Self { values, along, across, rest, units: units(scale) })
    }

    /// The mean of -log density over the held-out rows; infinite where Sigma is singular.
    fn loss(&self, a: f64) -> f64 {
        let mut sum = self.units;
        for (value, along) in self.values.iter().zip(&self.along) {
            let variance = (1.0 - a) * value + a;
            sum += variance.ln() + along / variance;
        }
        if self.rest > 0 {
            sum += self.rest as f64 * a.ln() + self.across / a;
        }
        if sum.is_finite() { 0.5 * sum } else { f64::INFINITY }
    }
}

fn units(scale: &[f64]) -> f64 {
    scale.iter().map(|deviation| TAU.ln() + 2.0 * deviation.ln()).sum()
}

/// The rows of both parts about the mean of those that stay.
struct Rows {
    rest: Array2<f64>,
    held_out: Array2<f64>,
}

impl Rows {
    fn new(x: &Matrix, rest: &[usize], held_out: &[usize]) -> Self {
        let stay = x.pick(rest, &(0..x.cols()).collect::<Vec<_>>());
        let (means, values) = (stay.column_means(), x.view());
        let centered =
            |rows: &[usize]| Array2::from_shape_fn((rows.len(), x.cols()), |(i, j)| values[(rows[i], j)] - means[j]);
        Self { rest: centered(rest), held_out: centered(held_out) }
    }

    fn variances(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.rest.ncols()];
        for row in self.rest.rows() {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value * value);
        }
        sums.iter().map(|sum| sum / self.rest.nrows() as f64).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_rows_give_the_same_losses() {
        let ctx = Context::new();
        let x = Matrix::from_fn(14, 4, |i, j| (1.3 * (i * i + 2 * i * j + 5 * j) as f64).sin() * (j + 1) as f64);
        let grid = Grid { variances: vec![0.0, 0.5, 1.0], intensities: vec![0.02, 0.5, 1.0] };
        let moments = Moments::new(&x, &ctx).unwrap();
        let losses = |moments| match losses(&x, moments, &[2, 7, 11], &grid, &ctx).unwrap() {
            Resampled::Usable(losses) => losses.sums,
            Resampled::Flawed(flaw) => panic!("{flaw:?}"),
        };
        let (one, other) = (losses(Some(&moments)), losses(None));
        assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-9), "{one:?}\n{other:?}");
    }

    #[test]
    fn singular_covariances_are_infinitely_unlikely() {
        let spectrum = Spectrum { values: vec![1.0], along: vec![1.0], across: 0.0, rest: 1, units: 0.0 };
        assert_eq!(spectrum.loss(0.0), f64::INFINITY);
        assert_eq!(spectrum.loss(1.0), 0.5);
    }
}
