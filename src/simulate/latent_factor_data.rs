//! Data sets of many variables that share a few latent factors, whose dependencies differ from set to set.

use ndarray::{Array2, ArrayView2};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

use super::sample_gaussian::standard_normal;
use crate::context::Context;
use crate::data::covariance::covariance;
use crate::data::{Matrix, Names, Vector, number};
use crate::error::{Error, Result};
use crate::linalg::{Cholesky, matmul, svd};
use crate::model::{Accepts, Area, Property, Record, Run, Simulation};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::parallel;
use crate::problem::L1;
use crate::rng::{self, Rng};
use crate::solver::Moments;
use crate::solver::graphical_lasso::{Settings, solve};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    Opt::new("variables", &[Kind::Count(1)], Preset::Count(100), "Number of variables of every data set"),
    Opt::new("samples", &[Kind::Count(1)], Preset::Count(200), "Number of samples of every data set"),
    Opt::new("datasets", &[Kind::Count(1)], Preset::Count(10), "Number of data sets"),
    Opt::new("factors", &[Kind::Count(1)], Preset::Count(10), "Number of latent factors, at most `variables`"),
    Opt::new(
        "noise",
        &[Kind::Choice(&["program", "paper"])],
        Preset::Text("program"),
        "Law of the noise variances: 1 / (10 |z|), or |z| / 10, with a standard normal z",
    ),
    Opt::new(
        "lambda",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(0.3),
        "Penalty of the graphical lasso that makes the precision matrices of the factors",
    ),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "latent_factor_data",
    constructor: None,
    area: Area::Simulate,
    summary: "Data sets that share latent factors with sparse dependencies",
    details: "The synthetic data of the meta graphical lasso. D, variables x factors, is PQ' of the thin singular value \
decomposition PSQ' of a matrix of U[0, 1) numbers: its columns are orthonormal, and all data sets share it. For each data set \
k: the precision matrix of the factors is the graphical lasso of 20 standard normal samples (S divided by 20, penalty `lambda` \
off the diagonal, none on it), Sigma_k its inverse; eps_k is the variance of the noise; samples are those of \
N(0, D Sigma_k D' + eps_k (I - DD')), as x = D f + sqrt(eps_k) (w - DD'w) with f from N(0, Sigma_k) and w from N(0, I). \
`noise: \"program\"` is what the authors' program draws, eps = 1 / (10 |z|), which has a heavy tail and the median 0.148; \
\"paper\" is what their text says, eps = |N(0, 0.1)|, with 0.1 the standard deviation and the median 0.067. No matrix of \
variables x variables is made.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[
        Property { name: "datasets", help: "List of Matrix, samples x variables" },
        Property {
            name: "truth",
            help: "Map: `projection` D, variables x factors; `precisions` of the factors, a list of factors x factors; \
`noise`, the variances eps of the data sets",
        },
    ],
    reference: "Maruhashi, Kashima, Miyano, Park, Scientific Reports (2024), meta graphical lasso",
    example: "let sim = latent_factor_data(#{ variables: 30, datasets: 3, factors: 4, seed: 1 });\n\
print(sim.datasets[0].shape);\nprint(sim.truth.precisions[0]);\nprint(sim.truth.noise);",
    run: Run::Value(|_, options, ctx| {
        let model = LatentFactors::from_options(options);
        let data = model.draw(ctx)?;
        Ok(model.simulation(data, ctx).into())
    }),
};

/// The law of the variance of the noise, with a standard normal z.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseLaw {
    /// 1 / (10 |z|), as the authors' program has it.
    Program,
    /// |z| / 10, as the paper has it.
    Paper,
}

impl NoiseLaw {
    fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Paper => "paper",
        }
    }

    fn variance(self, rng: &mut Rng) -> f64 {
        let z = loop {
            let z: f64 = StandardNormal.sample(rng);
            // A variance is neither 0 nor infinite.
            if z != 0.0 {
                break z.abs();
            }
        };
        match self {
            Self::Program => 0.1 / z,
            Self::Paper => 0.1 * z,
        }
    }
}

/// What data sets are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentFactors {
    /// Number of variables.
    pub variables: usize,
    /// Number of samples of every data set.
    pub samples: usize,
    /// Number of data sets.
    pub datasets: usize,
    /// Number of latent factors, at most the number of variables.
    pub factors: usize,
    /// The law of the noise variances.
    pub noise: NoiseLaw,
    /// The penalty that makes the factors' precision matrices sparse.
    pub lambda: f64,
}

impl Default for LatentFactors {
    fn default() -> Self {
        Self { variables: 100, samples: 200, datasets: 10, factors: 10, noise: NoiseLaw::Program, lambda: 0.3 }
    }
}

/// Data sets and what they were drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentFactorData {
    /// Samples x variables each.
    pub datasets: Vec<Matrix>,
    /// Variables x factors, with orthonormal columns.
    pub projection: Matrix,
    /// The precision matrix of the factors of each data set, factors x factors.
    pub precisions: Vec<Matrix>,
    /// The variance of the noise of each data set.
    pub noise: Vec<f64>,
}

/// Samples behind each precision matrix of the factors.
const DRAWS: usize = 20;
/// The bound on the relative gap that is asked of the solver, and the largest that is taken where double precision ends
/// before.
const GAP: (f64, f64) = (1e-11, 1e-6);

impl LatentFactors {
    fn from_options(options: &Options) -> Self {
        let default = Self::default();
        let count = |name, default| options.count(name).unwrap_or(default);
        Self {
            variables: count("variables", default.variables),
            samples: count("samples", default.samples),
            datasets: count("datasets", default.datasets),
            factors: count("factors", default.factors),
            noise: if options.text("noise") == Some("paper") { NoiseLaw::Paper } else { NoiseLaw::Program },
            lambda: options.number("lambda").unwrap_or(default.lambda),
        }
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        vec![
            ("variables".into(), self.variables.into()),
            ("samples".into(), self.samples.into()),
            ("datasets".into(), self.datasets.into()),
            ("factors".into(), self.factors.into()),
            ("noise".into(), self.noise.name().into()),
            ("lambda".into(), self.lambda.into()),
        ]
    }

    fn check(&self) -> Result<()> {
        if [self.variables, self.samples, self.datasets, self.factors].contains(&0) {
            return Err(Error::argument("latent_factor_data: variables, samples, datasets and factors are at least 1"));
        }
        if !(self.lambda.is_finite() && self.lambda > 0.0) {
            return Err(Error::argument(format!("latent_factor_data: lambda must be above 0, not {}", self.lambda)));
        }
        if self.factors > self.variables {
            return Err(Error::option(format!(
                "latent_factor_data: {} factors of {} variables cannot be orthogonal",
                self.factors, self.variables
            ))
            .with_hint("give at most as many factors as variables"));
        }
        Ok(())
    }

    /// Draws the data; the seed is the context's. Every data set has a stream of its own: more of them leave the first
    /// as they are.
    ///
    /// # Errors
    /// Sizes of 0, more factors than variables, a penalty not above 0, or one so small that the precision matrix is
    /// beyond double precision; memory, cancellation.
    pub fn draw(&self, ctx: &Context) -> Result<LatentFactorData> {
        self.check()?;
        let _held = [
            ctx.reserve_matrices(self.datasets, self.samples, self.variables)?,
            ctx.reserve_matrices(4, self.variables, self.factors)?,
            ctx.reserve_matrices(self.datasets, self.factors, self.factors)?,
        ];
        let names = Names::numbered_with("f", self.factors);
        let projection = Matrix::from(self.projection(ctx)?).with_names(Some(names.clone()))?;
        let numbers: Vec<usize> = (0..self.datasets).collect();
        let drawn = parallel::map(&numbers, ctx, |_, &k| {
            self.dataset(k, &projection, &names, &parallel::within(ctx, self.datasets, k))
        })?;
        let (mut datasets, mut precisions, mut noise) = (Vec::new(), Vec::new(), Vec::new());
        for (samples, precision, variance) in drawn {
            datasets.push(samples);
            precisions.push(precision);
            noise.push(variance);
        }
        Ok(LatentFactorData { datasets, projection, precisions, noise })
    }

    /// D, variables x factors.
    fn projection(&self, ctx: &Context) -> Result<Array2<f64>> {
        let mut rng = rng::stream(ctx.seed(), RECORD.verb, 0);
        let mut z = Array2::<f64>::zeros((self.variables, self.factors));
        for mut row in z.rows_mut() {
            ctx.check()?;
            row.iter_mut().for_each(|value| *value = rng.random());
        }
        let (left, _, right) = svd(z.view(), ctx)?;
        matmul(left.view(), right.t(), ctx)
    }

    /// Data set k with the precision matrix of its factors and the variance of its noise.
    fn dataset(&self, k: usize, projection: &Matrix, names: &Names, ctx: &Context) -> Result<(Matrix, Matrix, f64)> {
        let mut rng = rng::stream(ctx.seed(), RECORD.verb, k as u64 + 1);
        // The factors' scores, and what the solver holds beside the result.
        let _held = [
            ctx.reserve_matrices(1, self.samples + DRAWS, self.factors)?,
            ctx.reserve_matrices(3, self.factors, self.factors)?,
        ];
        let precision = self.precision(&mut rng, ctx)?;
        let variance = self.noise.variance(&mut rng);
        let cholesky = Cholesky::checked(precision.view(), ctx)?.ok_or_else(|| {
            Error::numerical("latent_factor_data: a precision matrix is singular in double precision")
        })?;
        let mut scores = standard_normal(&mut rng, self.samples, self.factors, ctx)?;
        cholesky.whiten_inverse_rows(&mut scores, ctx)?;
        let mut samples = standard_normal(&mut rng, self.samples, self.variables, ctx)?;
        samples *= variance.sqrt();
        replace_factors(&mut samples, scores.view(), projection, ctx)?;
        Ok((Matrix::from(samples), Matrix::square(precision, Some(names)), variance))
    }

    /// The graphical lasso of standard normal samples, factors x factors.
    fn precision(&self, rng: &mut Rng, ctx: &Context) -> Result<Array2<f64>> {
        let draws = Matrix::from(standard_normal(rng, DRAWS, self.factors, ctx)?);
        let s = covariance(&draws, ctx)?;
        let settings = Settings { tol: GAP.0, max_iter: 1000 };
        let solution = solve(Moments::Whole(s.view()), &L1::scalar(self.lambda, false), None, settings, ctx)?;
        if solution.certificate.relative_gap() > GAP.1 {
            return Err(Error::numerical(format!(
                "latent_factor_data: the graphical lasso of the factors with lambda {} did not end: {}",
                number(self.lambda),
                solution.why_not(settings)
            ))
            .with_hint("a larger lambda, or fewer factors"));
        }
        Ok(solution.theta.to_dense())
    }

    fn simulation(&self, data: LatentFactorData, ctx: &Context) -> Simulation {
        let list = |matrices: Vec<Matrix>| Value::List(matrices.into_iter().map(Value::from).collect());
        let truth = Value::Map(vec![
            ("projection".into(), data.projection.into()),
            ("precisions".into(), list(data.precisions)),
            ("noise".into(), Vector::from(data.noise).into()),
        ]);
        Simulation::new(RECORD.verb, self.recorded(), ctx).with("datasets", list(data.datasets)).with("truth", truth)
    }
}

/// Replaces what the samples (rows, n x variables) have in the space of D's columns by D f, with the scores f in rows
/// (n x factors): x - DD'x + Df, without a matrix of variables x variables.
fn replace_factors(
    samples: &mut Array2<f64>,
    scores: ArrayView2<'_, f64>,
    projection: &Matrix,
    ctx: &Context,
) -> Result<()> {
    let directions = || projection.as_slice().chunks_exact(projection.cols().max(1));
    for (mut sample, scores) in samples.rows_mut().into_iter().zip(scores.rows()) {
        ctx.check()?;
        let mut moved = scores.to_vec();
        for (value, direction) in sample.iter().zip(directions()) {
            moved.iter_mut().zip(direction).for_each(|(score, entry)| *score -= value * entry);
        }
        for (value, direction) in sample.iter_mut().zip(directions()) {
            *value += moved.iter().zip(direction).map(|(score, entry)| score * entry).sum::<f64>();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(LatentFactors::from_options(&options), LatentFactors::default());
    }

    #[test]
    fn samples_keep_what_is_orthogonal_and_take_on_the_scores() {
        // Two directions of four variables.
        let h = 0.5f64.sqrt();
        let projection = Matrix::from_rows(&[vec![h, 0.0], vec![h, 0.0], vec![0.0, 1.0], vec![0.0, 0.0]]).unwrap();
        let mut samples = ndarray::array![[1.0, 3.0, 5.0, 7.0]];
        let scores = ndarray::array![[2.0, -1.0]];
        replace_factors(&mut samples, scores.view(), &projection, &Context::new()).unwrap();
        let expected = ndarray::array![[2.0 * h - 1.0, 2.0 * h + 1.0, -1.0, 7.0]];
        assert!((&samples - &expected).iter().all(|difference| difference.abs() < 1e-14), "{samples}");
    }

    #[test]
    fn sizes_that_do_not_fit_are_errors() {
        let ctx = Context::new();
        let error = LatentFactors { factors: 4, variables: 3, ..Default::default() }.draw(&ctx).unwrap_err();
        assert!(error.message().contains("4 factors of 3 variables"), "{error}");
        for wrong in [
            LatentFactors { samples: 0, ..Default::default() },
            LatentFactors { lambda: f64::NAN, ..Default::default() },
        ] {
            assert!(wrong.draw(&ctx).is_err(), "{wrong:?}");
        }
        let small = Context::new().with_memory_limit(100_000);
        let error = LatentFactors { variables: 20_000, ..Default::default() }.draw(&small).unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::Memory);
    }
}
