//! Samples of a Gaussian graphical model, or of a multivariate t distribution with the same graph.

use ndarray::Array2;
use rand_distr::{ChiSquared, Distribution, StandardNormal};

use crate::context::Context;
use crate::data::Matrix;
use crate::data::covariance::{check_covariance, variable_names};
use crate::error::{Error, Result};
use crate::linalg::Cholesky;
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Preset, Range};
use crate::rng::{self, Rng};

const OPTIONS: &[Opt] = &[Opt::new(
    "df",
    &[Kind::Number(Range::POSITIVE)],
    Preset::Unset("Gaussian samples"),
    "Degrees of freedom of a multivariate t distribution",
)];

/// The record.
pub static RECORD: Record = Record {
    verb: "sample_gaussian",
    constructor: None,
    area: Area::Simulate,
    summary: "Samples of N(0, theta^-1)",
    details: "theta is a p x p precision matrix; the result is n x p, samples in rows, with theta's names. With `df` samples are \
those of a multivariate t distribution with that many degrees of freedom and scale matrix theta^-1: a Gaussian sample \
divided by sqrt(c / df), with a chi-squared c of df degrees of freedom for every sample. Their covariance is df / (df - 2) \
theta^-1 for df > 2 and does not exist otherwise; zeros of theta still are zero partial correlations, but variables \
are no longer independent there. The Gaussian part is that of the same seed without `df`.",
    params: &[
        Param { name: "theta", help: "precision matrix, p x p, positive definite" },
        Param { name: "n", help: "number of samples" },
    ],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "",
    example: "let theta = random_graph(\"band\", #{ nodes: 4 }).precision();\nprint(sample_gaussian(theta, 3, #{ seed: 1 }));\n\
print(sample_gaussian(theta, 3, #{ df: 4, seed: 1 }));",
    run: Run::Value(|args, options, ctx| {
        let theta = args.object::<Matrix>(0, "theta", "a Matrix")?;
        let n = args.count(1, "n", 1)?;
        let samples = match options.number("df") {
            Some(df) => sample_t(theta, n, df, ctx),
            None => sample_gaussian(theta, n, ctx),
        };
        samples.map(Into::into)
    }),
};

/// n samples of N(0, theta^-1), n x p; the seed is the context's.
///
/// # Errors
/// A matrix that is not symmetric and positive definite; memory.
pub fn sample_gaussian(theta: &Matrix, n: usize, ctx: &Context) -> Result<Matrix> {
    check_covariance(theta).map_err(|error| error.at("sample_gaussian: theta as a precision matrix"))?;
    let p = theta.rows();
    let _held = ctx.reserve_matrices(1, n, p)?;
    let cholesky = Cholesky::checked(theta.view(), ctx)?
        .ok_or_else(|| Error::numerical("sample_gaussian: the precision matrix is not positive definite"))?;
    let mut rng = rng::stream(ctx.seed(), RECORD.verb, 0);
    let mut values = standard_normal(&mut rng, n, p, ctx)?;
    cholesky.whiten_inverse_rows(&mut values, ctx)?;
    Matrix::from(values).with_names(variable_names(theta))
}

/// n samples of the multivariate t distribution with `df` degrees of freedom and scale matrix theta^-1, n x p: those of
/// [`sample_gaussian`] for the same seed, each divided by a number of its own.
///
/// # Errors
/// As [`sample_gaussian`]; `df` not above 0, or so small that a sample is beyond double precision.
pub fn sample_t(theta: &Matrix, n: usize, df: f64, ctx: &Context) -> Result<Matrix> {
    let chi_squared = ChiSquared::new(df).ok().filter(|_| df.is_finite());
    let chi_squared = chi_squared.ok_or_else(|| {
        Error::argument(format!("sample_gaussian: the degrees of freedom must be finite and above 0, not {df}"))
    })?;
    let mut samples = sample_gaussian(theta, n, ctx)?;
    // A stream of its own leaves the Gaussian part as it is.
    let mut rng = rng::stream(ctx.seed(), RECORD.verb, 1);
    for sample in samples.as_mut_slice().chunks_mut(theta.rows().max(1)) {
        ctx.check()?;
        let divisor = (chi_squared.sample(&mut rng) / df).sqrt();
        sample.iter_mut().for_each(|value| *value /= divisor);
        if !divisor.is_finite() || sample.iter().any(|value| !value.is_finite()) {
            return Err(Error::numerical(format!(
                "sample_gaussian: with {df:e} degrees of freedom a sample is beyond double precision"
            ))
            .with_hint("tails as heavy as those of a Cauchy distribution have df: 1"));
        }
    }
    Ok(samples)
}

/// Standard normal numbers, rows x cols, drawn row by row. The caller reserves the memory.
pub(super) fn standard_normal(rng: &mut Rng, rows: usize, cols: usize, ctx: &Context) -> Result<Array2<f64>> {
    let mut values = Array2::<f64>::zeros((rows, cols));
    for mut row in values.rows_mut() {
        ctx.check()?;
        row.iter_mut().for_each(|value| *value = StandardNormal.sample(rng));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gaussian_part_of_t_samples_is_that_without_degrees_of_freedom() {
        let theta = Matrix::from_fn(3, 3, |i, j| if i == j { 2.0 } else { -0.5 });
        let ctx = Context::new().with_seed(3);
        let (z, x) = (sample_gaussian(&theta, 40, &ctx).unwrap(), sample_t(&theta, 40, 3.0, &ctx).unwrap());
        let mut divisors = Vec::new();
        for i in 0..40 {
            let ratio = |j: usize| z.row_slice(i)[j] / x.row_slice(i)[j];
            assert!((ratio(1) / ratio(0) - 1.0).abs() < 1e-12 && (ratio(2) / ratio(0) - 1.0).abs() < 1e-12);
            divisors.push(ratio(0));
        }
        assert!(divisors.windows(2).all(|pair| pair[0] != pair[1]), "one number a sample");
    }

    #[test]
    fn degrees_of_freedom_that_are_none_and_tails_beyond_all_numbers_are_errors() {
        let (theta, ctx) = (Matrix::from_fn(1, 1, |_, _| 1.0), Context::new().with_seed(1));
        for df in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(sample_t(&theta, 5, df, &ctx).unwrap_err().message().contains("degrees of freedom"), "{df}");
        }
        for df in [1e-300, 1e-6] {
            assert!(sample_t(&theta, 50, df, &ctx).unwrap_err().message().contains("beyond double precision"), "{df}");
        }
        assert!(sample_t(&theta, 5, 1e300, &ctx).is_ok());
    }
}
