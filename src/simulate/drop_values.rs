//! Data with values dropped at random, to see what methods make of missing values.

use rand::RngExt;

use crate::context::Context;
use crate::data::{Matrix, matrix_argument, number, summary};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::rng;

/// The strongest dependence that can be asked for: beyond it probabilities are 0 and 1 for all purposes.
const STRONGEST: f64 = 100.0;

const OPTIONS: &[Opt] = &[
    Opt::new(
        "rate",
        &[Kind::Number(Range::NON_NEGATIVE.below(1.0))],
        Preset::Number(0.1),
        "Expected share of the values that is dropped",
    ),
    Opt::new(
        "mechanism",
        &[Kind::Choice(&["mcar", "mar", "mnar"])],
        Preset::Text("mcar"),
        "What decides: nothing, another column, or the value itself",
    ),
    Opt::new(
        "strength",
        &[Kind::Number(Range::NON_NEGATIVE.at_most(STRONGEST))],
        Preset::Number(2.0),
        "Slope of the log-odds in standard deviations (mar, mnar)",
    ),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "drop_values",
    constructor: None,
    area: Area::Simulate,
    summary: "Data with values dropped at random",
    details: "The result is x with NaN where a value was dropped. \"mcar\" (missing completely at random): every value with \
probability `rate`. \"mnar\" (missing not at random, larger values more often): P(x_ij is dropped) = logistic(a_j + strength \
z_ij) with z the values of column j, centred and divided by their standard deviation (0 in a constant column), and a_j such \
that the mean of the probabilities in the column is `rate`. \"mar\" (missing at random): columns 0, 2, 4, ... keep their values; \
values of column 1, 3, ... are dropped with probability logistic(a_j + strength z_i,j-1), more often where the column before \
is large, with a_j such that the mean in each of these columns is one number, and the expected share in the whole of x is \
`rate`: it must be below their share of the values, which is 1/2 for an even number of columns. Values that are missing \
already stay so and do not count: rates, means and standard deviations are those of the values that are there, and where \
the column before has none, its z is 0. Under one seed a larger rate drops what a smaller one does, and more.",
    params: &[Param { name: "x", help: "data, a Matrix or a Table, samples in rows" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Rubin, Biometrika 63:581 (1976)",
    example: "let x = randn(6, 4, #{ seed: 1 });\nprint(x.drop_values(#{ rate: 0.3, seed: 1 }));\n\
print(x.drop_values(#{ rate: 0.3, mechanism: \"mnar\", seed: 1 }));",
    run: Run::Value(|args, options, ctx| {
        let x = matrix_argument(args, 0, "the data", "a Matrix or a Table", ctx)?;
        drop_values(&x, options.number("rate").unwrap_or(0.1), Mechanism::from_options(options)?, ctx).map(Into::into)
    }),
};

/// What the probability that a value is dropped depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mechanism {
    /// On nothing.
    Mcar,
    /// On the column before, which is never dropped.
    Mar {
        /// Slope of the log-odds in standard deviations of that column, from 0 to 100.
        strength: f64,
    },
    /// On the value itself.
    Mnar {
        /// Slope of the log-odds in standard deviations of the column, from 0 to 100.
        strength: f64,
    },
}

impl Mechanism {
    fn from_options(options: &Options) -> Result<Self> {
        let strength = options.number("strength").unwrap_or(2.0);
        match options.text("mechanism") {
            Some("mar") => Ok(Self::Mar { strength }),
            Some("mnar") => Ok(Self::Mnar { strength }),
            _ if options.is_given("strength") => {
                Err(Error::option("option 'strength' of drop_values belongs to the mechanisms \"mar\" and \"mnar\"")
                    .with_hint("with \"mcar\" nothing decides which values are dropped"))
            }
            _ => Ok(Self::Mcar),
        }
    }

    fn check(self) -> Result<()> {
        match self {
            Self::Mar { strength } | Self::Mnar { strength } if !(0.0..=STRONGEST).contains(&strength) => {
                Err(Error::argument(format!("drop_values: the strength is from 0 to {STRONGEST}, not {strength}")))
            }
            _ => Ok(()),
        }
    }

    /// The mean probability in every column that loses values.
    fn share(self, x: &Matrix, rate: f64) -> Result<f64> {
        if !matches!(self, Self::Mar { .. }) || rate == 0.0 {
            return Ok(rate);
        }
        let present = |j: usize| x.view().column(j).iter().filter(|value| !value.is_nan()).count();
        let counts: Vec<usize> = (0..x.cols()).map(present).collect();
        let all: usize = counts.iter().sum();
        let odd: usize = counts.iter().skip(1).step_by(2).sum();
        let share = rate * all as f64 / odd as f64;
        if all == 0 {
            return Ok(rate);
        }
        if share < 1.0 {
            return Ok(share);
        }
        let error = match odd {
            0 => Error::data("drop_values: mechanism \"mar\" drops values of column 1, 3, ..., and there are none"),
            _ => Error::option(format!(
                "option 'rate' of drop_values must be below {} with mechanism \"mar\" here, not {rate}",
                number(odd as f64 / all as f64)
            )),
        };
        Err(error.with_hint("columns 0, 2, ... keep their values; \"mcar\" and \"mnar\" drop values of all columns"))
    }

    /// The probability that each value of column j is dropped; `None` where nothing is.
    fn probabilities(self, x: &Matrix, j: usize, share: f64, ctx: &Context) -> Result<Option<Vec<f64>>> {
        let (driver, strength) = match self {
            Self::Mcar => return Ok(Some(vec![share; x.rows()])),
            Self::Mar { .. } if j.is_multiple_of(2) => return Ok(None),
            Self::Mar { strength } => (j - 1, strength),
            Self::Mnar { strength } => (j, strength),
        };
        let scores: Vec<f64> = standardized(x, driver)?.into_iter().map(|z| strength * z).collect();
        let column = x.view().column(j).to_vec();
        let is_there = |(value, _): &(&f64, &f64)| !value.is_nan();
        let present: Vec<f64> = column.iter().zip(&scores).filter(is_there).map(|(_, score)| *score).collect();
        if present.is_empty() || share == 0.0 {
            return Ok(None);
        }
        let intercept = intercept(&present, share, ctx)?;
        Ok(Some(scores.into_iter().map(|score| logistic(intercept + score)).collect()))
    }
}

fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// The values of column j in standard deviations from their mean; 0 where there is none and in a constant column.
fn standardized(x: &Matrix, j: usize) -> Result<Vec<f64>> {
    let values = x.view().column(j).to_vec();
    if values.iter().any(|value| value.is_infinite()) {
        return Err(Error::data(format!("drop_values: column {} has infinite values", x.column_label(j)))
            .with_hint("replace them first, or use mechanism \"mcar\""));
    }
    // In units of the largest, squares neither overflow nor vanish.
    let largest = values.iter().filter(|value| !value.is_nan()).fold(0.0f64, |most, value| most.max(value.abs()));
    let unit = if largest > 0.0 { largest } else { 1.0 };
    let present: Vec<f64> = values.iter().filter(|value| !value.is_nan()).map(|value| value / unit).collect();
    let mean = summary::mean(&present);
    let squares: f64 = present.iter().map(|value| (value - mean) * (value - mean)).sum();
    let deviation = (squares / present.len() as f64).sqrt();
    let score = |value: f64| (value / unit - mean) / deviation;
    Ok(values.into_iter().map(|value| if deviation > 0.0 && !value.is_nan() { score(value) } else { 0.0 }).collect())
}

/// The number a for which the mean of logistic(a + score) is `share`, between 0 and 1: by bisection, to a relative
/// 1e-12 or as close as double precision comes.
fn intercept(scores: &[f64], share: f64, ctx: &Context) -> Result<f64> {
    /// Each halves the bracket, some millions wide at most: down to neighbouring numbers.
    const HALVINGS: usize = 100;
    let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // At one end every probability is at most the share, at the other at least.
    let log_odds = (share / (1.0 - share)).ln();
    let (mut low, mut high) = (log_odds - most, log_odds - least);
    for _ in 0..HALVINGS {
        ctx.check()?;
        let middle = 0.5 * (low + high);
        let mean = scores.iter().map(|score| logistic(middle + score)).sum::<f64>() / scores.len() as f64;
        if (mean - share).abs() <= 1e-12 * share || middle <= low || middle >= high {
            return Ok(middle);
        }
        if mean < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(0.5 * (low + high))
}

/// The data, n x p, with NaN where a value was dropped: an expected share `rate` of the values that are there. The seed
/// is the context's.
///
/// # Errors
/// A rate outside [0, 1), or one that [`Mechanism::Mar`] cannot reach; infinite values that probabilities would depend
/// on; memory.
pub fn drop_values(x: &Matrix, rate: f64, mechanism: Mechanism, ctx: &Context) -> Result<Matrix> {
    if !(0.0..1.0).contains(&rate) {
        return Err(Error::argument(format!("drop_values: the rate is at least 0 and below 1, not {rate}")));
    }
    mechanism.check()?;
    let (n, p) = (x.rows(), x.cols());
    // The result, and a column with its scores and probabilities.
    let _held = [ctx.reserve_matrices(1, n, p)?, ctx.reserve_matrices(6, n, 1)?];
    let share = mechanism.share(x, rate)?;
    let mut numbers = x.as_slice().to_vec();
    for j in 0..p {
        ctx.check()?;
        let Some(probabilities) = mechanism.probabilities(x, j, share, ctx)? else { continue };
        let mut rng = rng::stream(ctx.seed(), RECORD.verb, j as u64);
        for (i, probability) in probabilities.into_iter().enumerate() {
            // One draw a value, whatever its probability: that makes the sets of different rates nested.
            if rng.random::<f64>() < probability {
                numbers[i * p + j] = f64::NAN;
            }
        }
    }
    x.with_values(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    const STRONG: f64 = 2.0;

    fn x() -> Matrix {
        Matrix::from_fn(200, 5, |i, j| ((i * (j + 3) + i * i) % 37) as f64)
    }

    fn missing(x: &Matrix) -> usize {
        x.as_slice().iter().filter(|value| value.is_nan()).count()
    }

    #[test]
    fn the_mean_probability_is_the_share() {
        let ctx = Context::new();
        for (strength, share) in [(2.0, 0.3), (0.0, 0.7), (100.0, 0.5), (2.0, 1e-9), (5.0, 0.999)] {
            let scores: Vec<f64> = standardized(&x(), 1).unwrap().into_iter().map(|z| strength * z).collect();
            let a = intercept(&scores, share, &ctx).unwrap();
            let mean = scores.iter().map(|score| logistic(a + score)).sum::<f64>() / scores.len() as f64;
            assert!((mean - share).abs() < 1e-11 * share, "{strength} {share}: {mean}");
        }
    }

    #[test]
    fn constant_columns_and_extreme_units_have_scores() {
        let odd = Matrix::from_fn(4, 4, |i, j| match j {
            0 => 0.1,
            1 => i as f64 / 3.0 * 1e308,
            2 => i as f64 * 5e-324,
            _ => f64::NAN,
        });
        assert_eq!(standardized(&odd, 0).unwrap(), [0.0; 4]);
        for j in [1, 2] {
            let z = standardized(&odd, j).unwrap();
            assert!((z[3] - 1.5 / 1.25f64.sqrt()).abs() < 1e-12, "{j}: {z:?}");
        }
        assert_eq!(standardized(&odd, 3).unwrap(), [0.0; 4]);
        for mechanism in [Mechanism::Mcar, Mechanism::Mar { strength: STRONG }, Mechanism::Mnar { strength: STRONG }] {
            assert!(drop_values(&odd, 0.3, mechanism, &Context::new()).is_ok(), "{mechanism:?}");
        }
    }

    #[test]
    fn missing_values_stay_and_larger_rates_drop_more() {
        let mut x = x();
        x.fill(&(0..50).collect::<Vec<_>>(), &[1, 2], f64::NAN);
        let ctx = Context::new().with_seed(2);
        for mechanism in [Mechanism::Mcar, Mechanism::Mar { strength: STRONG }, Mechanism::Mnar { strength: STRONG }] {
            let drop = |rate: f64| drop_values(&x, rate, mechanism, &ctx).unwrap();
            assert_eq!(missing(&drop(0.0)), 100);
            let (few, many) = (drop(0.1), drop(0.3));
            assert!(missing(&few) > 100 && missing(&few) < missing(&many));
            for (a, b) in few.as_slice().iter().zip(many.as_slice()) {
                assert!(!a.is_nan() || b.is_nan(), "{mechanism:?}");
            }
        }
    }

    #[test]
    fn rates_out_of_reach_and_foreign_options_are_errors() {
        let call = |x: Matrix, given: &[(&str, Value)]| {
            let given: Vec<(String, Value)> =
                given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
            RECORD.call(&[x.into()], &given, &Context::new()).map(|_| ())
        };
        let mar = |rate: f64| [("mechanism", Value::from("mar")), ("rate", Value::from(rate))];
        assert!(call(x(), &mar(0.39)).is_ok());
        assert!(call(x(), &mar(0.4)).unwrap_err().message().contains("must be below 0.4"));
        assert!(call(x().select(&crate::data::Selector::Position(0)).unwrap(), &mar(0.1)).is_err());
        assert!(call(x(), &[("rate", 1i64.into())]).unwrap_err().message().contains("< 1"));
        assert!(call(x(), &[("strength", 1i64.into())]).unwrap_err().message().contains("belongs to"));
        let infinite = Matrix::from_fn(3, 2, |i, _| if i == 0 { f64::INFINITY } else { 1.0 });
        let error = call(infinite.clone(), &[("mechanism", "mnar".into())]).unwrap_err();
        assert!(error.message().contains("infinite"), "{error}");
        assert!(call(infinite, &[]).is_ok());
        assert!(call(Matrix::from_fn(0, 3, |_, _| 0.0), &mar(0.1)).is_ok());
        assert!(drop_values(&x(), 0.1, Mechanism::Mar { strength: f64::NAN }, &Context::new()).is_err());
    }
}
