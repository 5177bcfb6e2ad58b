//! Whose definitions hold for a graphical lasso and its criteria: sinew's own, or those of R's package huge.

use super::Input;
use crate::context::Context;
use crate::data::covariance::to_correlation;
use crate::error::Result;
use crate::linalg::SparseSymmetric;
use crate::solver::Moments;
use crate::value::Value;

/// The definitions of S, of the penalised entries and of the log-likelihood. Grids have other defaults too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convention {
    /// S is the sample covariance, the diagonal is free, the log-likelihood is that of n Gaussian samples.
    #[default]
    Sinew,
    /// Those of `huge(x, method = "glasso")`, version 1.3 and later: S is the sample correlation (of a pair with missing
    /// values that of the rows in which both are there), the diagonal is penalised, the log-likelihood is that of one
    /// sample without its constant, and a variable without an edge counts -1 in it whatever its entry of Theta.
    Huge,
}

impl Convention {
    /// The words that scripts use.
    pub const NAMES: &'static [&'static str] = &["sinew", "huge"];

    /// The convention that a word stands for.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sinew" => Some(Self::Sinew),
            "huge" => Some(Self::Huge),
            _ => None,
        }
    }

    /// The word for the convention.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sinew => "sinew",
            Self::Huge => "huge",
        }
    }

    /// The convention that the options of a fit or a path record.
    pub fn of(options: &[(String, Value)]) -> Self {
        let recorded = options.iter().find(|(name, _)| name == "convention");
        match recorded {
            Some((_, Value::Text(name))) => Self::parse(name).unwrap_or_default(),
            _ => Self::default(),
        }
    }

    /// Whether S is the correlation, whatever the units of the data.
    pub fn uses_correlation(self) -> bool {
        self == Self::Huge
    }

    /// An input as the convention has it: one whose S is the correlation, where entries of S come from different rows,
    /// has the correlation of every pair in its own rows.
    pub fn input(self, input: &Input) -> Input {
        if self.uses_correlation() { input.correlated_by_pair() } else { input.clone() }
    }

    /// `f` of the moments of an input as the convention has them.
    ///
    /// # Errors
    /// Those of the input and of `f`; memory.
    pub fn solve<R>(self, input: &Input, ctx: &Context, f: impl FnOnce(Moments<'_>) -> Result<R>) -> Result<R> {
        if !self.uses_correlation() {
            return f(input.moments(ctx)?);
        }
        let _held = ctx.reserve_matrices(1, input.p(), input.p())?;
        let mut s = input.s(ctx)?.to_owned();
        to_correlation(&mut s);
        f(Moments::Whole(s.view()))
    }

    /// What stands for log det Theta - tr(S Theta), which is `likelihood`.
    pub fn likelihood(self, likelihood: f64, theta: &SparseSymmetric) -> f64 {
        match self {
            Self::Sinew => likelihood,
            // S has a unit diagonal.
            Self::Huge => {
                let alone = (0..theta.p()).filter(|&j| theta.column(j).0.is_empty()).map(|j| theta.diagonal()[j]);
                likelihood - alone.map(|diagonal| 1.0 + diagonal.ln() - diagonal).sum::<f64>()
            }
        }
    }

    /// The log-likelihood as it is reported: sinew's is n/2 (likelihood - p log 2 pi), huge's is `likelihood` itself.
    pub fn loglik(self, likelihood: f64, n: usize, p: usize) -> f64 {
        match self {
            Self::Sinew => self.in_criteria(likelihood, n, p),
            Self::Huge => likelihood,
        }
    }

    /// The log-likelihood as criteria count it: huge's are -n likelihood + .., so that a constant is missing.
    pub(super) fn in_criteria(self, likelihood: f64, n: usize, p: usize) -> f64 {
        let constant = match self {
            Self::Sinew => p as f64 * (2.0 * std::f64::consts::PI).ln(),
            Self::Huge => 0.0,
        };
        0.5 * n as f64 * (likelihood - constant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_without_an_edge_counts_minus_one_in_huge() {
        // Theta = diag(A, 1/1.5) with lambda = 0.5 and a unit variance.
        let theta = SparseSymmetric::from_upper(vec![0.7, 0.7, 1.0 / 1.5], &[(0, 1, -0.1)]);
        let alone = -(1.5f64.ln()) - 1.0 / 1.5;
        let whole = -1.25 + alone;
        let huge = Convention::Huge.likelihood(whole, &theta);
        assert!((huge - (-1.25 - 1.0)).abs() < 1e-12, "{huge}");
        assert_eq!(Convention::Sinew.likelihood(whole, &theta), whole);
        assert_eq!(Convention::Huge.loglik(huge, 10, 3), huge);
    }

    #[test]
    fn the_recorded_word_gives_the_convention_back() {
        for name in Convention::NAMES {
            let options = [("convention".to_string(), Value::from(*name))];
            assert_eq!(Convention::of(&options).name(), *name);
        }
        assert_eq!(Convention::of(&[]), Convention::Sinew);
    }
}
