//! The input of a method: data with samples in rows, or a sample covariance matrix.

use std::sync::OnceLock;

use ndarray::{Array2, ArrayView2};

use crate::context::Context;
use crate::data::covariance::{check_covariance, covariance, variable_names};
use crate::data::prepare::non_finite_hint;
use crate::data::{Matrix, Names};
use crate::error::{Error, Result};
use crate::solver::Moments;

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

/// A checked input: finite, no constant column, at least two samples; or a proper covariance matrix.
#[derive(Debug, Clone)]
pub struct Input {
    matrix: Matrix,
    shape: Shape,
    names: Option<Names>,
    covariance: OnceLock<Array2<f64>>,
    /// Centred variables in rows, p x n, where S is too large to be held.
    variables: OnceLock<Array2<f64>>,
}

/// Data with more columns than this never have their S held whole: it would take more than 100 MB.
const WIDE: usize = 4000;

impl Input {
    /// Data, n x p.
    ///
    /// # Errors
    /// Missing values, constant columns (by name), fewer than two rows, no column.
    pub fn data(x: &Matrix) -> Result<Self> {
        if x.cols() == 0 || x.rows() == 0 {
            return Err(Error::data(format!("there is no data: {} rows, {} columns", x.rows(), x.cols())));
        }
        if x.rows() < 2 {
            return Err(Error::data("one sample does not show how variables vary")
                .with_hint("rows are samples, columns are variables: perhaps transpose with .t"));
        }
        if let Some(place) = x.first_non_finite() {
            return Err(Error::data(format!("the data has {place}")).with_hint(non_finite_hint(&place)));
        }
        let first = x.row_slice(0);
        let constant = (0..x.cols()).find(|&j| (1..x.rows()).all(|i| x.row_slice(i)[j] == first[j]));
        if let Some(j) = constant {
            return Err(Error::data(format!("column {} is constant", x.column_label(j)))
                .with_hint("a constant has no edges: leave such columns out with drop_constant()"));
        }
        Ok(Self {
            matrix: x.clone(),
            shape: Shape::Data,
            names: x.names().cloned(),
            covariance: OnceLock::new(),
            variables: OnceLock::new(),
        })
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
        let mut values = s.view().to_owned();
        crate::linalg::symmetrize(&mut values);
        let names = variable_names(s);
        let covariance = OnceLock::from(values);
        Ok(Self { matrix: s.clone(), shape: Shape::Covariance { n }, names, covariance, variables: OnceLock::new() })
    }

    /// Number of samples, where it is known.
    pub fn n(&self) -> Option<usize> {
        match self.shape {
            Shape::Data => Some(self.matrix.rows()),
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

    /// The data, where the input is not a covariance.
    pub fn x(&self) -> Option<&Matrix> {
        (self.shape == Shape::Data).then_some(&self.matrix)
    }

    /// Where solvers take S from. Of data with very many columns only the parts that they need are computed.
    ///
    /// # Errors
    /// Memory and time limits.
    pub fn moments(&self, ctx: &Context) -> Result<Moments<'_>> {
        if self.p() <= WIDE || self.covariance.get().is_some() || self.shape != Shape::Data {
            return self.s(ctx).map(Moments::Whole);
        }
        if self.variables.get().is_none() {
            let _held = ctx.reserve_matrices(2, self.matrix.rows(), self.p())?;
            let centered = self.matrix.center().into_array();
            let _ = self.variables.set(centered.reversed_axes().as_standard_layout().into_owned());
        }
        Ok(Moments::Samples(self.variables.get_or_init(|| Array2::zeros((0, 0))).view()))
    }

    /// Numbers near the ends of double precision have no variance in it.
    fn check_variances(&self, s: &Array2<f64>) -> Result<()> {
        match (0..s.nrows()).find(|&j| !(s[(j, j)].is_normal() && s[(j, j)] > 0.0)) {
            Some(j) => Err(Error::data(format!(
                "the variance of column {} is {:e}: its numbers are too large or too small",
                self.matrix.column_label(j),
                s[(j, j)]
            ))
            .with_hint("standardize, or use other units")),
            None => Ok(()),
        }
    }

    /// The sample covariance, p x p: of data, X'X/n of the centred columns. Computed once.
    ///
    /// # Errors
    /// Memory and time limits.
    pub fn s(&self, ctx: &Context) -> Result<ArrayView2<'_, f64>> {
        if self.covariance.get().is_none() {
            let computed = covariance(&self.matrix, ctx)?;
            self.check_variances(&computed)?;
            return Ok(self.covariance.get_or_init(|| computed).view());
        }
        Ok(self.covariance.get_or_init(|| self.matrix.view().to_owned()).view())
    }
}
