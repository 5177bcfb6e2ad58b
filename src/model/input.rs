//! The input of a method: data with samples in rows, or a sample covariance matrix.

use std::sync::{Arc, OnceLock};

use ndarray::{Array2, ArrayView2};

use super::checks::{check_finite, check_size, check_varying, warn_of_constants, warn_of_empty};
use super::second_moment::{Missing, SecondMoment, has_missing};
use crate::context::Context;
use crate::data::correlation::Correlation;
use crate::data::covariance::{check_covariance, check_variances, variable_names};
use crate::data::missing::check_present;
use crate::data::semidefinite::nearest_semidefinite;
use crate::data::{Matrix, Names, number, pairwise};
use crate::error::{Error, Result};
use crate::linalg;
use crate::solver::Moments;
use crate::value::Value;

/// What the numbers of an input are.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// n x p, samples in rows.
    Data,
    /// p x p sample covariance, of this many samples if known.
    Covariance {
        /// Number of samples.
        n: Option<usize>,
    },
}

/// A checked input: finite unless it knows that values are missing, at least two samples, no constant column that it does
/// not know of; or a proper covariance matrix. It knows how its S is computed. Clones share S.
#[derive(Debug, Clone)]
pub struct Input {
    pub(super) matrix: Matrix,
    shape: Shape,
    pub(super) names: Option<Names>,
    pub(super) moment: SecondMoment,
    /// Where values are missing: the smallest number of rows that two columns share, or, where they are completed, the
    /// number of rows that have a value.
    pub(super) shared: Option<usize>,
    /// Constant columns, ascending: S has 0 in their rows and columns.
    pub(super) constant: Arc<[usize]>,
    /// Whether values are missing and nothing is done about them here: there is no S.
    pub(super) incomplete: bool,
    prepared: Arc<OnceLock<Prepared>>,
    /// Centred variables in rows, p x n, where S is too large to be held.
    variables: Arc<OnceLock<Array2<f64>>>,
}

/// Data with more columns than this never have their S held whole: it would take more than 100 MB.
const WIDE: usize = 4000;

/// What is computed once.
#[derive(Debug)]
pub(super) struct Prepared {
    /// S; none where it is the matrix that was given.
    pub(super) s: Option<Array2<f64>>,
    /// What was done to make S positive semidefinite.
    pub(super) warning: Option<String>,
}

impl Input {
    pub(super) fn new(matrix: &Matrix, shape: Shape, names: Option<Names>) -> Self {
        let (moment, prepared, variables) = (SecondMoment::default(), Arc::default(), Arc::default());
        let (constant, incomplete) = (Arc::default(), false);
        Self { matrix: matrix.clone(), shape, names, moment, shared: None, constant, incomplete, prepared, variables }
    }

    /// Data, n x p, whose S is their covariance.
    ///
    /// # Errors
    /// Missing values, constant columns (by name), fewer than two rows, no column.
    pub fn data(x: &Matrix) -> Result<Self> {
        check_size(x)?;
        check_finite(x)?;
        check_varying(x)?;
        Ok(Self::new(x, Shape::Data, x.names().cloned()))
    }

    /// Data, n x p, whose S is of this kind. Where values are missing, [`Input::n`] is the smallest number of rows
    /// that two columns share, which does not claim more information than any entry of S has; a warning says so. Where
    /// they are completed, it is the number of rows that have a value.
    ///
    /// # Errors
    /// As [`Input::data`], except for missing values that `moment` takes; then a column without any value or constant
    /// in those it has, a pair of columns that shares fewer than two rows (by name), limits of the context.
    pub fn with_moment(x: &Matrix, moment: SecondMoment, ctx: &Context) -> Result<Self> {
        if moment.missing == Missing::Refused || !has_missing(x) {
            return Ok(Self { moment, ..Self::data(x)? });
        }
        check_size(x)?;
        check_present(x)?;
        check_varying(x)?;
        let shared = match moment.missing.completes() {
            true => x.rows_with_values().len(),
            false => pairwise::shared_rows(x, 2, ctx)?,
        };
        Ok(Self { moment, shared: Some(shared), ..Self::new(x, Shape::Data, x.names().cloned()) })
    }

    /// A sample covariance matrix, p x p, of `n` samples if that is known.
    ///
    /// # Errors
    /// A matrix that is not square, finite and symmetric with a positive diagonal; `n` below 2.
    pub fn covariance_matrix(s: &Matrix, n: Option<usize>) -> Result<Self> {
        check_covariance(s)?;
        if s.rows() == 0 {
            return Err(Error::data("the covariance matrix is empty"));
        }
        Ok(Self::new(s, Shape::Covariance { n }, variable_names(s)))
    }

    /// The covariance of `n` rows that was computed here: positive semidefinite, symmetric, with variances above 0.
    pub(crate) fn of_moments(s: Array2<f64>, names: Option<&Names>, n: usize) -> Self {
        let input = Self::new(&Matrix::square(s, names), Shape::Covariance { n: Some(n) }, names.cloned());
        let _ = input.prepared.set(Prepared { s: None, warning: None });
        input
    }

    /// Other rows of the same variables, with an S of the same kind: for resamples and folds.
    ///
    /// # Errors
    /// As [`Input::with_moment`], or [`Input::incomplete`] where this input is.
    pub fn of_rows(&self, x: &Matrix, ctx: &Context) -> Result<Self> {
        match self.incomplete {
            true => Self::incomplete(x, self.moment, ctx),
            false => Self::with_moment(x, self.moment, ctx),
        }
    }

    /// The same data, where values are missing, with Pearson's correlation of every pair as S: the covariance of a pair
    /// over standard deviations of other rows is none. Without missing values, or where S is a correlation already, the
    /// same input.
    #[must_use]
    pub fn correlated_by_pair(&self) -> Self {
        if self.shared.is_none() || self.moment.correlation.is_some() {
            return self.clone();
        }
        let moment = SecondMoment { correlation: Some(Correlation::Pearson), ..self.moment };
        Self { moment, prepared: Arc::default(), ..self.clone() }
    }

    /// Number of samples, where it is known; where values are missing, as [`Input::with_moment`] counts it.
    pub fn n(&self) -> Option<usize> {
        match self.shape {
            Shape::Data => Some(self.shared.unwrap_or(self.matrix.rows())),
            Shape::Covariance { n } => n,
        }
    }

    /// Number of variables.
    pub fn p(&self) -> usize {
        self.matrix.cols()
    }

    /// The variables' names.
    pub fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }

    /// Data or covariance, as it was given.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// What the numbers are.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How S is computed from data.
    pub fn moment(&self) -> SecondMoment {
        self.moment
    }

    /// The data, where the input is not a covariance.
    pub fn x(&self) -> Option<&Matrix> {
        (self.shape == Shape::Data).then_some(&self.matrix)
    }

    /// Whether values are missing, in columns that vary.
    pub fn has_gaps(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether the input is data without missing values and constant columns whose S is their covariance.
    pub fn is_plain_data(&self) -> bool {
        let is_complete = self.shared.is_none() && self.constant.is_empty() && !self.incomplete;
        self.shape == Shape::Data && is_complete && self.moment.correlation.is_none()
    }

    /// The options `cor` and `missing` that hold, of data.
    pub fn recorded(&self) -> Vec<(String, Value)> {
        if self.shape == Shape::Data { self.moment.recorded().into() } else { Vec::new() }
    }

    /// What the user should know about this input: constant and empty columns, which n stands for pairs with missing
    /// values, and, once S has been computed, what was done to make it positive semidefinite.
    pub fn warnings(&self) -> Vec<String> {
        let rows = self.matrix.rows();
        let shared = self.shared.filter(|&n| n < rows).map(|n| match self.moment.missing.completes() {
            true => format!("{} of {rows} rows have no value and are left out", rows - n),
            false => format!("n is taken as {n}, the smallest number of rows that two columns share, of {rows}"),
        });
        let empty = self.empty_columns();
        let constant: Vec<usize> = self.constant.iter().copied().filter(|j| empty.binary_search(j).is_err()).collect();
        warn_of_constants(&self.matrix, &constant)
            .into_iter()
            .chain(warn_of_empty(&self.matrix, &empty))
            .chain(shared)
            .chain(self.prepared.get().and_then(|prepared| prepared.warning.clone()))
            .collect()
    }

    /// S, p x p: of data their covariance (X'X/n of the centred columns) or what [`Input::moment`] says, else the
    /// matrix that was given. One that is not positive semidefinite is replaced by one that is (see
    /// [`nearest_semidefinite`]), which [`Input::warnings`] then tells. Computed once.
    ///
    /// # Errors
    /// Missing values in an incomplete input, columns without a variance in double precision, pairs without a
    /// correlation; memory and time limits.
    pub fn s(&self, ctx: &Context) -> Result<ArrayView2<'_, f64>> {
        if self.prepared.get().is_none() {
            let prepared = self.prepare(ctx)?;
            let _ = self.prepared.set(prepared);
        }
        let own = self.prepared.get().and_then(|prepared| prepared.s.as_ref());
        Ok(own.map_or_else(|| self.matrix.view(), |s| s.view()))
    }

    /// Where solvers take S from. Of data with very many columns only the parts that they need are computed.
    ///
    /// # Errors
    /// As [`Input::s`].
    pub fn moments(&self, ctx: &Context) -> Result<Moments<'_>> {
        if self.p() <= WIDE || !self.is_plain_data() || self.prepared.get().is_some() {
            return self.s(ctx).map(Moments::Whole);
        }
        if let Some(variables) = self.variables.get() {
            return Ok(Moments::Samples(variables.view()));
        }
        let _held = ctx.reserve_matrices(2, self.matrix.rows(), self.p())?;
        let variables = linalg::transposed(self.matrix.center().view());
        let n = self.matrix.rows() as f64;
        check_variances(&self.matrix, variables.rows().into_iter().map(|values| values.dot(&values) / n))?;
        Ok(Moments::Samples(self.variables.get_or_init(|| variables).view()))
    }

    pub(super) fn prepare(&self, ctx: &Context) -> Result<Prepared> {
        self.check_complete()?;
        if !self.constant.is_empty() {
            return self.prepare_around_constants(ctx);
        }
        let mut s = match self.shape {
            Shape::Data => Some(self.moment.matrix(&self.matrix, ctx)?),
            Shape::Covariance { .. } if linalg::is_symmetric(self.matrix.view()) => None,
            Shape::Covariance { .. } => {
                let mut s = self.matrix.view().to_owned();
                linalg::symmetrize(&mut s);
                Some(s)
            }
        };
        if self.shape == Shape::Data && self.shared.is_none() && self.moment.is_semidefinite() {
            return Ok(Prepared { s, warning: None });
        }
        let (nearest, projected) =
            match nearest_semidefinite(s.as_ref().map_or_else(|| self.matrix.view(), |s| s.view()), ctx)? {
                Some((nearest, projected)) => (Some(nearest), Some(projected)),
                None => (s.take(), None),
            };
        let warning = projected.map(|projected| {
            format!(
                "the covariance is not positive semidefinite (smallest eigenvalue of its correlations {}): it was \
                 replaced by one that is, with the same variances, which changed correlations by at most {}",
                number(projected.smallest),
                number(projected.change)
            )
        });
        Ok(Prepared { s: nearest, warning })
    }

    /// The S that cross-validation holds a solution against, p x p: the second moment of other rows about this input's
    /// means, or, of a kind of correlation, that of these rows alone. It is not made positive semidefinite.
    ///
    /// # Errors
    /// Other variables; pairs of columns that share no row (of a correlation: fewer than two, or one of which is
    /// constant in them); limits of the context.
    pub fn s_of_others(&self, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
        if x.cols() != self.p() {
            return Err(Error::shape(format!("{} columns for {} variables", x.cols(), self.p())));
        }
        self.check_complete()?;
        if self.moment.correlation.is_some() {
            return self.moment.matrix(x, ctx);
        }
        if self.shared.is_some() || has_missing(x) {
            return pairwise::moments_about(&pairwise::means(&self.matrix), x, ctx);
        }
        let means = self.matrix.column_means();
        let centered = Array2::from_shape_fn((x.rows(), x.cols()), |(i, j)| x.view()[(i, j)] - means[j]);
        Ok(linalg::gram(centered.view(), ctx)? / x.rows() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAIRWISE: SecondMoment = SecondMoment { correlation: None, missing: Missing::Pairwise };

    fn matrix(rows: &[[f64; 3]]) -> Matrix {
        Matrix::from_rows(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()).unwrap()
    }

    /// Every pair shares two rows, in which the correlations are 1, 1 and -1: together they contradict each other.
    fn contradiction() -> Matrix {
        let none = f64::NAN;
        matrix(&[
            [0.0, 0.0, none],
            [1.0, 1.0, none],
            [0.0, none, 0.0],
            [1.0, none, 1.0],
            [none, 0.0, 1.0],
            [none, 1.0, 0.0],
        ])
    }

    #[test]
    fn without_gaps_every_kind_is_what_it_is_of_complete_data() {
        let x = Matrix::from_fn(20, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64 + 0.1 * i as f64);
        let ctx = Context::new();
        let input = Input::with_moment(&x, PAIRWISE, &ctx).unwrap();
        assert_eq!(input.s(&ctx).unwrap(), Input::data(&x).unwrap().s(&ctx).unwrap());
        assert!(input.is_plain_data() && input.warnings().is_empty() && input.n() == Some(20));
        for kind in [Correlation::Pearson, Correlation::Spearman, Correlation::Kendall, Correlation::Skeptic] {
            let moment = SecondMoment { correlation: Some(kind), missing: Missing::Pairwise };
            let input = Input::with_moment(&x, moment, &ctx).unwrap();
            assert_eq!(input.s(&ctx).unwrap(), kind.matrix(&x, &ctx).unwrap().view(), "{kind:?}");
            assert!(!input.is_plain_data());
        }
    }

    #[test]
    fn a_contradictory_matrix_is_replaced_once_and_clones_know() {
        let ctx = Context::new();
        let input = Input::with_moment(&contradiction(), PAIRWISE, &ctx).unwrap();
        let early = input.clone();
        assert_eq!((input.n(), input.warnings().len()), (Some(2), 1));
        assert!(linalg::min_eigenvalue(input.s(&ctx).unwrap(), &ctx).unwrap() > -1e-12);
        // Correlations 1, 1, -1 have the eigenvalues 2, 2, -1; what is left are correlations of one half.
        assert!((input.s(&ctx).unwrap()[(0, 1)] - 0.125).abs() < 1e-12, "{}", input.s(&ctx).unwrap());
        let warning = &early.warnings()[1];
        assert!(
            warning.contains("eigenvalue of its correlations -1") && warning.contains("by at most 0.5"),
            "{warning}"
        );
        let given = matrix(&[[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]]);
        let given = Input::covariance_matrix(&given, None).unwrap();
        given.s(&ctx).unwrap();
        assert_eq!(given.warnings().len(), 1);
    }

    #[test]
    fn columns_without_values_or_spread_are_named() {
        let ctx = Context::new();
        let none = f64::NAN;
        let message = |rows: &[[f64; 3]]| {
            Input::with_moment(&matrix(rows), PAIRWISE, &ctx).map(|_| ()).unwrap_err().message().to_string()
        };
        let empty = message(&[[1.0, none, 2.0], [2.0, none, none], [3.0, none, 1.0]]);
        assert_eq!(empty, "column 1 has no value at all");
        let flat = message(&[[1.0, 5.0, 2.0], [2.0, none, 4.0], [3.0, 5.0, 1.0]]);
        assert_eq!(flat, "column 1 is constant where it is there: 2 of 3 rows");
        assert!(Input::with_moment(&contradiction(), SecondMoment::default(), &ctx).is_err());
    }

    #[test]
    fn other_rows_are_held_against_these_means() {
        let ctx = Context::new();
        let (x, none) = (contradiction(), f64::NAN);
        let input = Input::with_moment(&x, PAIRWISE, &ctx).unwrap();
        let s = input.s_of_others(&matrix(&[[2.0, 1.0, none], [1.0, none, 0.0], [none, 0.0, 1.5]]), &ctx).unwrap();
        // The means are one half.
        assert_eq!((s[(0, 1)], s[(0, 2)], s[(1, 2)], s[(0, 0)]), (0.75, -0.25, -0.5, 1.25));
        assert!(input.s_of_others(&matrix(&[[1.0, none, 2.0]]), &ctx).is_err());
        assert!(input.s_of_others(&Matrix::from_fn(2, 2, |i, j| (i + j) as f64), &ctx).is_err());
    }
}
