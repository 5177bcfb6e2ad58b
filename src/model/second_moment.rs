//! What the matrix S is that methods start from: how it is computed from data.

use ndarray::Array2;

use crate::context::Context;
use crate::data::correlation::Correlation;
use crate::data::covariance::{check_variances, covariance};
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

    /// What two words of the options stand for.
    pub fn parse(cor: &str, missing: &str) -> Option<Self> {
        let correlation = match cor {
            "covariance" => None,
            word => Some(Correlation::parse(word)?),
        };
        let missing = match missing {
            "error" => Missing::Refused,
            "pairwise" => Missing::Pairwise,
            _ => return None,
        };
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
        match self.missing {
            Missing::Refused => "error",
            Missing::Pairwise => "pairwise",
        }
    }

    /// S of data, p x p. It need not be positive semidefinite; see [`SecondMoment::is_semidefinite`].
    ///
    /// # Errors
    /// Missing values where they are refused, columns without spread, pairs of columns that share fewer than two
    /// rows, limits of the context.
    pub fn matrix(self, x: &Matrix, ctx: &Context) -> Result<Array2<f64>> {
        let by_pair = self.missing == Missing::Pairwise && has_missing(x);
        match self.correlation {
            Some(kind) if by_pair => pairwise::correlation(kind, x, ctx),
            Some(kind) => kind.matrix(x, ctx).map(Matrix::into_array),
            None if by_pair => pairwise::covariance(x, ctx),
            None => {
                let s = covariance(x, ctx)?;
                check_variances(x, s.diag().iter().copied())?;
                Ok(s)
            }
        }
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
        for (opt, other) in [(SecondMoment::COR, SecondMoment::MISSING), (SecondMoment::MISSING, SecondMoment::COR)] {
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
}
