//! What the matrix S is that methods start from: how it is computed from data.

use ndarray::Array2;

use crate::context::Context;
use crate::data::correlation::Correlation;
use crate::data::covariance::{check_variances, covariance, to_correlation};
use crate::data::gaussian_em::GaussianEm;
use crate::data::{Matrix, pairwise};
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset};
use crate::value::Value;

/// What is done about missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// They are an error.
    #[default]
    Refused,
    /// Every entry of S comes from the rows in which both columns have a value.
    Pairwise,
    /// S is that of a Gaussian, fitted by the EM algorithm to the values that are there (see [`GaussianEm`]).
    Em,
    /// Each stands at the mean of its column.
    Mean,
}

impl Missing {
    /// Every word of the options, with what it stands for.
    const WORDS: [(&'static str, Self); 4] =
        [("error", Self::Refused), ("pairwise", Self::Pairwise), ("em", Self::Em), ("mean", Self::Mean)];

    /// Whether missing values are replaced: every row with a value then counts whole.
    pub fn completes(self) -> bool {
        matches!(self, Self::Em | Self::Mean)
    }
}

/// How S is computed from data, n x p. A record that lists [`SecondMoment::COR`] and [`SecondMoment::MISSING`] among
/// its options gets inputs of that kind with no other edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecondMoment {
    /// A correlation, or none for the covariance (divided by n).
    pub correlation: Option<Correlation>,
    /// What is done about missing values.
    pub missing: Missing,
}

impl SecondMoment {
    /// The option for what S is.
    pub const COR: Opt = Opt::new(
        "cor",
        &[Kind::Choice(&["covariance", "pearson", "spearman", "kendall", "skeptic"])],
        Preset::Text("covariance"),
        "What S is of data: their covariance, or a correlation, as in x.cor(kind)",
    );
    /// The option for missing values.
    pub const MISSING: Opt = Opt::new(
        "missing",
        &[Kind::Choice(&["error", "pairwise"])],
        Preset::Text("error"),
        "Missing values (NaN): an error, or every entry of S from the rows in which both columns have a value",
    );

    /// The option for missing values of methods that need the moments of whole rows.
    pub const MISSING_BY_ROW: Opt = Opt::new(
        "missing",
        &[Kind::Choice(&["error", "em", "mean"])],
        Preset::Text("error"),
        "Missing values (NaN): an error, S of a Gaussian fitted by EM to the values that are there, or the column's mean",
    );

    /// What two words of the options stand for.
    pub fn parse(cor: &str, missing: &str) -> Option<Self> {
        let correlation = match cor {
            "covariance" => None,
            word => Some(Correlation::parse(word)?),
        };
        let (_, missing) = Missing::WORDS.into_iter().find(|(word, _)| *word == missing)?;
        Some(Self { correlation, missing })
    }

    /// What checked options say; the covariance of complete data for a record without these options.
    pub fn from_options(options: &Options) -> Self {
        let word = |opt: Opt, default| options.text(opt.name).unwrap_or(default);
        Self::parse(word(Self::COR, "covariance"), word(Self::MISSING, "error")).unwrap_or_default()
    }

    /// Fails where an option about data asks for something of a covariance. `verb` is for messages.
    ///
    /// # Errors
    /// The first such option.
    pub fn refuse_options(verb: &str, options: &Options) -> Result<()> {
        let asks = |opt: &&Opt| options.is_given(opt.name) && options.text(opt.name) != opt.default.text();
        match [Self::COR, Self::MISSING].iter().find(asks) {
            Some(stray) => Err(Error::option(format!(
                "option '{}' of {verb} goes with data, not with `covariance: true`",
                stray.name
            ))
            .with_hint("a correlation matrix of your own, such as x.cor(\"spearman\"), is a covariance too")),
            None => Ok(()),
        }
    }

    /// The options by their words.
    pub fn recorded(self) -> [(String, Value); 2] {
        [(Self::COR.name.into(), self.cor().into()), (Self::MISSING.name.into(), self.missing().into())]
    }

    /// The word for what S is.
    pub(super) fn cor(self) -> &'static str {
        self.correlation.map_or("covariance", Correlation::name)
    }

    /// The word for what is done about missing values.
    pub(super) fn missing(self) -> &'static str {
        let own = Missing::WORDS.into_iter().find(|(_, missing)| *missing == self.missing);
        own.map_or("error", |(word, _)| word)
    }

    /// S of data, p x p. It need not be positive semidefinite; see [`SecondMoment::is_semidefinite`].
    ///
    /// # Errors
    /// Missing values where they are refused, columns without spread, pairs of columns that share fewer than two
    /// rows where these count, limits of the context.
    pub fn matrix(self, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
        match (self.missing, self.correlation) {
            (Missing::Refused, _) => self.of_complete(x, ctx),
            _ if !has_missing(x) => self.of_complete(x, ctx),
            (Missing::Pairwise, Some(kind)) => pairwise::correlation(kind, x, ctx),
            (Missing::Pairwise, None) => pairwise::covariance(x, ctx),
            (Missing::Mean, _) => self.of_complete(&x.complete_by_means(ctx)?, ctx),
            (Missing::Em, _) => self.by_em(x, ctx),
        }
    }

    /// S of data without missing values.
    fn of_complete(self, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
        match self.correlation {
            Some(kind) => kind.matrix(x, ctx).map(Matrix::into_array),
            None => {
                let s = covariance(x, ctx)?;
                check_variances(x, s.diag().iter().copied())?;
                Ok(s)
            }
        }
    }

    /// S of the Gaussian that the EM algorithm fits.
    fn by_em(self, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
        if self.correlation.is_some_and(|kind| kind != Correlation::Pearson) {
            return Err(Error::option("`missing: \"em\"` fits a Gaussian, which has no correlation of ranks")
                .with_hint("covariance or Pearson's correlation, or ranks with `missing: \"pairwise\"`"));
        }
        let mut s = GaussianEm::default().moments(x, ctx)?.covariance;
        check_variances(x, s.diag().iter().copied())?;
        if self.correlation.is_some() {
            to_correlation(&mut s);
        }
        Ok(s)
    }

    /// Whether S is positive semidefinite by construction, of data without missing values.
    pub fn is_semidefinite(self) -> bool {
        self.correlation.is_none_or(Correlation::is_moment)
    }
}

/// Whether a value is missing.
pub(super) fn has_missing(x: &Matrix) -> bool {
    x.as_slice().iter().any(|value| value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_options_are_those_that_are_parsed() {
        let (cor, pairwise, by_row) = (SecondMoment::COR, SecondMoment::MISSING, SecondMoment::MISSING_BY_ROW);
        for (opt, other) in [(cor, pairwise), (pairwise, cor), (by_row, cor)] {
            let Kind::Choice(words) = opt.kinds[0] else { panic!("a choice") };
            let Kind::Choice(others) = other.kinds[0] else { panic!("a choice") };
            for &word in words {
                let pair = if opt.name == "cor" { [word, others[0]] } else { [others[0], word] };
                let moment = SecondMoment::parse(pair[0], pair[1]).unwrap();
                assert_eq!([moment.cor(), moment.missing()], pair);
            }
        }
        assert_eq!(SecondMoment::parse("covariance", "error"), Some(SecondMoment::default()));
        assert_eq!(SecondMoment::parse("rank", "error"), None);
    }

    #[test]
    fn gaps_are_completed_by_means_or_by_a_gaussian_without_ranks() {
        let ctx = Context::new();
        let none = f64::NAN;
        let rows = [[1.0, 4.0], [2.0, none], [none, none], [none, 6.0], [3.0, 5.5], [4.0, 6.5]].map(|row| row.to_vec());
        let x = Matrix::from_rows(&rows).unwrap();
        let matrix = |cor, missing| SecondMoment::parse(cor, missing).unwrap().matrix(&x, &ctx);
        // Means 2.5 and 5.5 over the five rows that have a value.
        let by_means = matrix("covariance", "mean").unwrap();
        assert!((by_means[(0, 1)] - (-1.5 * -1.5 + 1.5 * 1.0) / 5.0).abs() < 1e-12, "{by_means}");
        let by_em = matrix("pearson", "em").unwrap();
        assert!(by_em[(0, 0)] == 1.0 && by_em[(0, 1)] > 0.5 && by_em[(0, 1)] < 1.0, "{by_em}");
        assert_eq!(matrix("spearman", "em").unwrap_err().kind(), crate::error::ErrorKind::Option);
        assert_eq!(matrix("covariance", "error").unwrap_err().kind(), crate::error::ErrorKind::Data);
    }
}
