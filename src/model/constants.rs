//! Inputs whose data have constant columns: S has 0 in their rows and columns.

use std::sync::Arc;

use ndarray::Array2;

use super::checks::{check_finite, check_size, constant_columns};
use super::input::Prepared;
use super::second_moment::{Missing, SecondMoment, has_missing};
use super::{Input, Shape};
use crate::context::Context;
use crate::data::covariance::to_correlation;
use crate::data::missing::check_present;
use crate::data::{Matrix, Names};
use crate::error::Result;

impl Input {
    /// As [`Input::with_moment`], of data in which columns may be constant: S has 0 in their rows and columns, and a
    /// warning names them.
    ///
    /// # Errors
    /// As [`Input::with_moment`], except for constant columns.
    pub fn with_constants(x: &Matrix, moment: SecondMoment, ctx: &Context) -> Result<Self> {
        check_size(x)?;
        let is_complete = moment.missing == Missing::Refused || !has_missing(x);
        if is_complete {
            check_finite(x)?;
        } else {
            check_present(x)?;
        }
        let constant: Arc<[usize]> = constant_columns(x).collect();
        if constant.is_empty() {
            return Self::with_moment(x, moment, ctx);
        }
        let mut input = Self::new(x, Shape::Data, x.names().cloned());
        (input.moment, input.constant) = (moment, constant);
        if !is_complete {
            input.shared = input.without_constants(ctx)?.and_then(|varying| varying.shared);
        }
        Ok(input)
    }

    /// The input of the columns that vary; none where no column does.
    fn without_constants(&self, ctx: &Context) -> Result<Option<Self>> {
        let (rows, columns): (Vec<usize>, _) = ((0..self.matrix.rows()).collect(), self.varying());
        if columns.is_empty() {
            return Ok(None);
        }
        let _held = ctx.reserve_matrices(1, rows.len(), columns.len())?;
        // Errors name columns by their place among all.
        let names = self.names.clone().unwrap_or_else(|| Names::numbered(self.p()));
        let varying = self.matrix.pick(&rows, &columns).with_names(Some(names.pick(&columns)))?;
        Self::with_moment(&varying, self.moment, ctx).map(Some)
    }

    /// The same input for a method that has something to say of these constant columns too: they count as varying.
    #[must_use]
    pub fn knowing(&self, columns: &[usize]) -> Self {
        let mut input = self.clone();
        input.constant = self.constant.iter().copied().filter(|column| !columns.contains(column)).collect();
        input
    }

    /// Positions of the columns that are not constant, ascending.
    pub fn varying(&self) -> Vec<usize> {
        (0..self.p()).filter(|j| self.constant.binary_search(j).is_err()).collect()
    }

    /// S in units of the standard deviations, p x p: correlations with a unit diagonal. Rows and columns of constant
    /// columns are 0, with their diagonal.
    ///
    /// # Errors
    /// As [`Input::s`].
    pub fn correlations(&self, ctx: &Context) -> Result<Array2<f64>> {
        let _held = ctx.reserve_matrices(1, self.p(), self.p())?;
        let mut r = self.s(ctx)?.to_owned();
        to_correlation(&mut r);
        for &j in self.constant.iter() {
            r.row_mut(j).fill(0.0);
            r.column_mut(j).fill(0.0);
        }
        Ok(r)
    }

    /// S of the columns that vary, between rows and columns of 0 for the others.
    pub(super) fn prepare_around_constants(&self, ctx: &Context) -> Result<Prepared> {
        let (p, columns) = (self.p(), self.varying());
        let _held = ctx.reserve_matrices(2, p, p)?;
        let mut s = Array2::zeros((p, p));
        let Some(varying) = self.without_constants(ctx)? else { return Ok(Prepared { s: Some(s), warning: None }) };
        let prepared = varying.prepare(ctx)?;
        if let Some(block) = prepared.s {
            block.indexed_iter().for_each(|((i, j), &value)| s[(columns[i], columns[j])] = value);
        }
        Ok(Prepared { s: Some(s), warning: prepared.warning })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NAN;

    #[test]
    fn the_other_columns_have_the_moments_that_they_have_alone() {
        let ctx = Context::new();
        let x = Matrix::from_fn(9, 4, |i, j| if j == 1 { 7.0 } else { ((i * (j + 2) + i * i) % 7) as f64 });
        assert!(Input::with_moment(&x, SecondMoment::default(), &ctx).is_err());
        let input = Input::with_constants(&x, SecondMoment::default(), &ctx).unwrap();
        let alone = Input::data(&x.pick(&(0..9).collect::<Vec<_>>(), &[0, 2, 3])).unwrap();
        let (s, expected) = (input.s(&ctx).unwrap(), alone.s(&ctx).unwrap());
        assert_eq!((input.p(), input.n(), input.varying()), (4, Some(9), vec![0, 2, 3]));
        assert_eq!((s[(0, 2)], s[(2, 3)], s[(3, 3)]), (expected[(0, 1)], expected[(1, 2)], expected[(2, 2)]));
        assert!(s.row(1).iter().chain(s.column(1).iter()).all(|&value| value == 0.0));
        let r = input.correlations(&ctx).unwrap();
        assert_eq!((r[(0, 0)], r[(1, 1)], r[(1, 2)]), (1.0, 0.0, 0.0));
        assert_eq!(input.warnings(), ["column 1 is constant and has no edges: drop_constant() leaves it out"]);
        assert!(!input.is_plain_data());
    }

    #[test]
    fn missing_values_count_in_the_columns_that_vary() {
        let ctx = Context::new();
        let rows = [[1.0, 5.0, 2.0], [2.0, NONE, 4.0], [3.0, 5.0, NONE], [5.0, 5.0, 1.0]].map(|row| row.to_vec());
        let pairwise = SecondMoment { missing: Missing::Pairwise, ..SecondMoment::default() };
        let input = Input::with_constants(&Matrix::from_rows(&rows).unwrap(), pairwise, &ctx).unwrap();
        assert_eq!((input.n(), input.warnings().len()), (Some(3), 2));
        assert!(input.s(&ctx).unwrap().iter().all(|value| value.is_finite()));
        let flat = Matrix::from_fn(3, 2, |_, j| j as f64);
        let flat = Input::with_constants(&flat, SecondMoment::default(), &ctx).unwrap();
        assert_eq!(flat.s(&ctx).unwrap(), Array2::<f64>::zeros((2, 2)));
    }
}
