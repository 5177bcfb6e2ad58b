//! Inputs whose values may be missing, for methods that see to that themselves.

use std::sync::Arc;

use super::checks::{check_finite, check_not_infinite, check_size, constant_columns, empty_columns};
use super::second_moment::{Missing, SecondMoment, has_missing};
use super::{Input, Shape};
use crate::context::Context;
use crate::data::Matrix;
use crate::error::Result;

impl Input {
    /// Data as they are: values may be missing and columns constant, or without any value, which warnings tell. Where
    /// values are missing, the input is incomplete: its S is an error unless `moment` takes pairs, and [`Input::n`] is the
    /// number of rows.
    ///
    /// # Errors
    /// Infinite values, fewer than two rows, no column; limits of the context.
    pub fn incomplete(x: &Matrix, moment: SecondMoment, ctx: &Context) -> Result<Self> {
        check_size(x)?;
        if !has_missing(x) || moment.missing == Missing::Pairwise {
            return Self::with_constants(x, moment, ctx);
        }
        check_not_infinite(x)?;
        let mut input = Self::new(x, Shape::Data, x.names().cloned());
        let constant: Arc<[usize]> = constant_columns(x).collect();
        (input.moment, input.constant, input.incomplete) = (moment, constant, true);
        Ok(input)
    }

    /// Whether values are missing, so that there is no S.
    pub fn is_incomplete(&self) -> bool {
        self.incomplete
    }

    /// The columns without any value, ascending; none where nothing is missing. They are among the constant ones.
    pub fn empty_columns(&self) -> Vec<usize> {
        if self.incomplete { empty_columns(&self.matrix).collect() } else { Vec::new() }
    }

    /// Fails where values are missing: for a method, or a mode of one, that does not take them.
    ///
    /// # Errors
    /// The first missing value, with its place.
    pub fn check_complete(&self) -> Result<()> {
        if self.incomplete { check_finite(&self.matrix) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Names;

    const NONE: f64 = f64::NAN;

    fn input(rows: &[[f64; 4]], moment: SecondMoment) -> Result<Input> {
        let names = Names::new(["a", "b", "c", "d"].map(String::from).to_vec(), "columns").unwrap();
        let x = Matrix::from_rows(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()).unwrap();
        Input::incomplete(&x.with_names(Some(names)).unwrap(), moment, &Context::new())
    }

    #[test]
    fn missing_values_constant_and_empty_columns_are_let_through_and_seen() {
        let rows = [[1.0, NONE, 5.0, NONE], [2.0, NONE, NONE, 4.0], [4.0, NONE, 5.0, 1.0]];
        let input = input(&rows, SecondMoment::default()).unwrap();
        assert!(input.is_incomplete() && !input.is_plain_data());
        assert_eq!((input.n(), input.empty_columns(), input.varying()), (Some(3), vec![1], vec![0, 3]));
        assert_eq!(
            input.warnings(),
            [
                "column 'c' is constant and has no edges: drop_constant() leaves it out",
                "column 'b' has no value at all"
            ]
        );
    }

    #[test]
    fn there_is_no_s_and_the_error_says_where_a_value_is_missing() {
        let ctx = Context::new();
        let rows = [[1.0, 3.0, 5.0, NONE], [2.0, 1.0, 4.0, 4.0], [4.0, 2.0, 1.0, 1.0]];
        let gaps = input(&rows, SecondMoment::default()).unwrap();
        let errors = [
            gaps.s(&ctx).map(|_| ()).unwrap_err(),
            gaps.moments(&ctx).map(|_| ()).unwrap_err(),
            gaps.correlations(&ctx).map(|_| ()).unwrap_err(),
            gaps.s_of_others(&Matrix::from_fn(2, 4, |i, j| (i + j) as f64), &ctx).map(|_| ()).unwrap_err(),
            gaps.check_complete().unwrap_err(),
        ];
        for error in errors {
            assert!(error.message().contains("NaN in row 0, column 'd'"), "{error}");
        }
        assert!(gaps.of_rows(gaps.matrix(), &ctx).unwrap().is_incomplete());
        let pairwise = SecondMoment { missing: Missing::Pairwise, ..SecondMoment::default() };
        let rows = [rows[0], rows[1], rows[2], [3.0, 5.0, 2.0, 2.0]];
        assert!(input(&rows, pairwise).unwrap().s(&ctx).is_ok());
    }

    #[test]
    fn without_gaps_it_is_an_input_like_others_and_infinite_values_are_errors() {
        let ctx = Context::new();
        let rows = [[1.0, 3.0, 5.0, 0.0], [2.0, 1.0, 5.0, 4.0], [4.0, 2.0, 5.0, 1.0]];
        let whole = input(&rows, SecondMoment::default()).unwrap();
        assert!(!whole.is_incomplete() && whole.check_complete().is_ok() && whole.empty_columns().is_empty());
        assert_eq!((whole.varying(), whole.s(&ctx).unwrap()[(2, 2)]), (vec![0, 1, 3], 0.0));
        let infinite = [[1.0, NONE, f64::INFINITY, 2.0], [NONE, 1.0, 2.0, 3.0]];
        let error = input(&infinite, SecondMoment::default()).map(|_| ()).unwrap_err();
        assert_eq!(error.message(), "the data has inf in row 0, column 'c'");
        assert!(input(&rows[..1], SecondMoment::default()).is_err());
    }
}
