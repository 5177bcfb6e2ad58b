//! Data sets over the same variables, of which only products with thin matrices are computed.

use ndarray::{Array2, ArrayView2, Axis};

use crate::context::Context;
use crate::data::{Matrix, Names};
use crate::error::{Error, Result};
use crate::linalg::matmul;
use crate::model::Input;
use crate::parallel;

/// Rows of a data set between whose two products they stay in the cache.
const ROWS: usize = 256;

/// Several data sets.
#[derive(Debug)]
pub struct Sets<'a> {
    list: Vec<Set<'a>>,
    variables: usize,
    centered: bool,
}

#[derive(Debug)]
struct Set<'a> {
    x: &'a Matrix,
    /// What is taken off the columns: their means, or 0.
    means: Vec<f64>,
    /// The second moment of every column about that.
    variances: Vec<f64>,
}

/// In which units a product sees the variables of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// As they are.
    Own,
    /// Each of variance 1.
    Standard,
}

impl<'a> Sets<'a> {
    /// From checked data. Where these are not `centered`, moments are about 0.
    ///
    /// # Errors
    /// A column without a variance in double precision; cancellation.
    pub fn new(inputs: &'a [Input], centered: bool, ctx: &Context) -> Result<Self> {
        let numbers: Vec<usize> = (0..inputs.len()).collect();
        let list = parallel::map(&numbers, ctx, |set, _| Set::new(inputs[set].matrix(), centered, set, ctx))?;
        Ok(Self { list, variables: inputs.first().map_or(0, Input::p), centered })
    }

    /// Number of data sets.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Number of variables.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// The variables' names.
    pub fn names(&self) -> Option<&'a Names> {
        self.list.first().and_then(|set| set.x.names())
    }

    /// Number of samples of a data set.
    pub fn samples(&self, set: usize) -> usize {
        self.list[set].x.rows()
    }

    /// How many dimensions the samples of a data set can have: one fewer where their mean is taken off.
    pub fn dimensions(&self, set: usize) -> usize {
        self.samples(set).saturating_sub(usize::from(self.centered))
    }

    /// The smallest of these.
    pub fn fewest_dimensions(&self) -> usize {
        (0..self.len()).map(|set| self.dimensions(set)).min().unwrap_or(0)
    }

    /// The sum of the variances of a data set: tr(X'X) / n.
    pub fn total(&self, set: usize) -> f64 {
        self.list[set].variances.iter().sum()
    }

    /// X'XD / n of a data set, V x M.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn product(&self, set: usize, d: ArrayView2<'_, f64>, units: Units, ctx: &Context) -> Result<Array2<f64>> {
        let set = &self.list[set];
        let scaled = set.scaled(d, units);
        let d = scaled.as_ref().map_or(d, |scaled| scaled.view());
        // The sum, and the part that one group of rows adds.
        let _held = ctx.reserve_matrices(3, d.nrows(), d.ncols())?;
        let mut sum = Array2::<f64>::zeros(d.dim());
        for rows in set.x.view().axis_chunks_iter(Axis(0), ROWS) {
            let scores = set.centered_scores(rows, d, ctx)?;
            // The scores sum up to 0 where data are centred, so that the means of these rows need no care.
            sum += &matmul(rows.t(), scores.view(), ctx)?;
        }
        sum /= set.x.rows() as f64;
        Ok(set.scaled(sum.view(), units).unwrap_or(sum))
    }

    /// The products of all data sets.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn products(&self, d: ArrayView2<'_, f64>, units: Units, ctx: &Context) -> Result<Vec<Array2<f64>>> {
        let numbers: Vec<usize> = (0..self.len()).collect();
        parallel::map(&numbers, ctx, |_, &set| self.product(set, d, units, &parallel::within(ctx, self.len(), set)))
    }

    /// The scores XD of the samples of a data set, n x M.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn scores(&self, set: usize, d: ArrayView2<'_, f64>, units: Units, ctx: &Context) -> Result<Array2<f64>> {
        let set = &self.list[set];
        let scaled = set.scaled(d, units);
        set.centered_scores(set.x.view(), scaled.as_ref().map_or(d, |scaled| scaled.view()), ctx)
    }

    /// The names of the samples of a data set.
    pub fn sample_names(&self, set: usize) -> Option<&Names> {
        self.list[set].x.row_names()
    }
}

impl<'a> Set<'a> {
    fn new(x: &'a Matrix, centered: bool, set: usize, ctx: &Context) -> Result<Self> {
        ctx.check()?;
        let means = if centered { x.column_means() } else { vec![0.0; x.cols()] };
        let mut variances = vec![0.0; x.cols()];
        for i in 0..x.rows() {
            for ((variance, value), mean) in variances.iter_mut().zip(x.row_slice(i)).zip(&means) {
                *variance += (value - mean) * (value - mean);
            }
        }
        variances.iter_mut().for_each(|variance| *variance /= x.rows() as f64);
        if let Some(j) = variances.iter().position(|variance| !(variance.is_finite() && *variance > 0.0)) {
            return Err(Error::data(format!(
                "data set {set}: the variance of column {} is beyond double precision",
                x.column_label(j)
            ))
            .with_hint("scale the data: standardize()"));
        }
        Ok(Self { x, means, variances })
    }

    /// The rows of a matrix in other units; none where they stay as they are.
    fn scaled(&self, d: ArrayView2<'_, f64>, units: Units) -> Option<Array2<f64>> {
        if units == Units::Own {
            return None;
        }
        let mut scaled = d.to_owned();
        for (mut row, variance) in scaled.rows_mut().into_iter().zip(&self.variances) {
            row /= variance.sqrt();
        }
        Some(scaled)
    }

    /// XD of some rows, with the means of X taken off.
    fn centered_scores(&self, rows: ArrayView2<'_, f64>, d: ArrayView2<'_, f64>, ctx: &Context) -> Result<Array2<f64>> {
        let mut scores = matmul(rows, d, ctx)?;
        let mut offset = vec![0.0; d.ncols()];
        for (mean, row) in self.means.iter().zip(d.rows()) {
            offset.iter_mut().zip(row).for_each(|(sum, entry)| *sum += mean * entry);
        }
        for mut row in scores.rows_mut() {
            row.iter_mut().zip(&offset).for_each(|(score, offset)| *score -= offset);
        }
        Ok(scores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_those_of_the_whole_matrix() {
        let x = Matrix::from_fn(600, 4, |i, j| 3.0 + (1.7 * (i * (j + 1)) as f64).sin() * (j + 1) as f64);
        let inputs = [Input::data(&x).unwrap()];
        let d = Array2::from_shape_fn((4, 2), |(i, j)| (i + 2 * j) as f64 - 1.5);
        let ctx = Context::new();
        for (centered, units) in [(true, Units::Own), (false, Units::Own), (true, Units::Standard)] {
            let sets = Sets::new(&inputs, centered, &ctx).unwrap();
            let mut whole = if centered { x.center().into_array() } else { x.view().to_owned() };
            if units == Units::Standard {
                for mut column in whole.columns_mut() {
                    let scale = (column.dot(&column) / 600.0).sqrt();
                    column /= scale;
                }
            }
            let expected = whole.t().dot(&whole.dot(&d)) / 600.0;
            let found = sets.product(0, d.view(), units, &ctx).unwrap();
            assert!((&found - &expected).iter().all(|difference| difference.abs() < 1e-9), "{found} {expected}");
            let scores = sets.scores(0, d.view(), units, &ctx).unwrap();
            assert!((&scores - &whole.dot(&d)).iter().all(|difference| difference.abs() < 1e-10));
        }
    }
}
