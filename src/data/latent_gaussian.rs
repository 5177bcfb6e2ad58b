//! Correlations of a Gaussian copula from counts whose zeros are censored: what is zero was there, but too little to be
//! seen.
//!
//! The rank likelihood (Hoff, Annals of Applied Statistics 1:265, 2007) by stochastic EM (Celeux, Diebolt, Computational
//! Statistics Quarterly 2:73, 1985). Values above 0 are at the normal scores of their ranks; a zero is a latent value
//! below the column's cut. Every sweep takes the correlations of the completed data and draws all censored values anew,
//! each given the others of its row.

use ndarray::Array2;

use super::normal;
use super::print::column_labels;
use super::summary::{mean, ranks};
use super::{Matrix, Names};
use crate::context::Context;
use crate::detached::detached_if_many;
use crate::error::{Error, Result};
use crate::linalg::{self, Cholesky, combine, dot};
use crate::parallel;
use crate::rng::{self, Rng};

/// The purpose of the random numbers, and the name of the task.
const NAME: &str = "latent_gaussian";
/// Rows that are drawn together, from one stream of random numbers: their latent values stay in the cache.
const BLOCK: usize = 128;
/// Sweeps of less work than this are done before other threads have started.
const PARALLEL: f64 = 1e6;
/// From here on a precision comes from rounding errors, not from correlations.
const SINGULAR: f64 = 1e12;

/// Settings of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatentGaussian {
    /// How often all censored values are drawn.
    pub sweeps: usize,
    /// Sweeps that are not counted; fewer than all.
    pub burn_in: usize,
    /// Share by which correlations are moved towards 0 before values are drawn given others, from 0 to 1. What comes
    /// out is not shrunk.
    pub shrinkage: f64,
    /// Columns with fewer values above 0 count as uncorrelated with all others; at least 1.
    pub min_nonzero: usize,
}

impl Default for LatentGaussian {
    fn default() -> Self {
        Self { sweeps: 80, burn_in: 40, shrinkage: 0.02, min_nonzero: 3 }
    }
}

/// What was found behind the zeros.
#[derive(Debug, Clone, PartialEq)]
pub struct Latent {
    /// The mean of the correlations after each counted sweep, p x p, with a unit diagonal.
    pub correlation: Matrix,
    /// The latent data after the last sweep, n x p: one draw of the censored values, whose correlations are those above
    /// up to chance. Means over draws would vary too little.
    pub data: Matrix,
    /// What the user should know.
    pub warnings: Vec<String>,
}

impl LatentGaussian {
    /// The latent correlations of `x`, n x p, without negative values; the seed is the context's. Where no value is
    /// zero they are those of the normal scores.
    ///
    /// # Errors
    /// Settings out of range; missing or negative values; no column with enough values above 0; correlations that are
    /// singular, as they can be without shrinkage; limits of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Latent> {
        self.check()?;
        check_values(x)?;
        let (n, p) = (x.rows(), x.cols());
        // Scores, places of zeros, latent values before and after a sweep and standardised, completed data.
        let _held = [ctx.reserve_matrices(6, n, p)?, ctx.reserve_matrices(1, p, p)?];
        let variables = variables(x, ctx)?;
        let (kept, warnings) = self.kept(x, &variables)?;
        // Correlations and their sum, what is factored, factor, inverse and weights, with one at work.
        let _more = ctx.reserve_matrices(7, kept.len(), kept.len())?;
        let (correlations, blocks) = self.draw(&Sampler { variables: &variables, kept: &kept, n, ctx })?;
        Ok(Latent {
            correlation: among_all(&correlations, &kept, p, x.names()),
            data: completed(x, &blocks)?,
            warnings,
        })
    }

    fn check(&self) -> Result<()> {
        if self.burn_in >= self.sweeps {
            let text = format!("burn_in must be less than sweeps, but is {} of {}", self.burn_in, self.sweeps);
            return Err(Error::option(text).with_hint("the sweeps behind burn_in are the ones that count"));
        }
        if !(0.0..=1.0).contains(&self.shrinkage) {
            return Err(Error::option(format!("shrinkage must be a number from 0 to 1, not {}", self.shrinkage)));
        }
        match self.min_nonzero {
            0 => Err(Error::option("min_nonzero must be at least 1")
                .with_hint("a column of zeros alone says nothing about its correlations")),
            _ => Ok(()),
        }
    }

    /// Positions of the columns that have correlations, and warnings about the others.
    fn kept(&self, x: &Matrix, variables: &[Variable]) -> Result<(Vec<u32>, Vec<String>)> {
        let (mut kept, mut rare, mut constant) = (Vec::new(), Vec::new(), Vec::new());
        for (j, variable) in variables.iter().enumerate() {
            if x.rows() - variable.zeros.len() < self.min_nonzero {
                rare.push(j);
            } else if variable.varies {
                kept.push(j as u32);
            } else {
                constant.push(j);
            }
        }
        let few = match self.min_nonzero {
            1 => "no value above 0".to_string(),
            2 => "at most one value above 0".to_string(),
            count => format!("fewer than {count} values above 0"),
        };
        if kept.is_empty() {
            return Err(Error::data(format!("{NAME}: every column is constant or has {few}"))
                .with_hint("rows are cells, columns are genes: perhaps transpose with .t"));
        }
        let warnings = [(rare, format!("with {few}")), (constant, "that are constant".to_string())];
        let warnings = warnings.iter().filter(|(columns, _)| !columns.is_empty()).map(|(columns, what)| {
            let (count, p, labels) = (columns.len(), x.cols(), column_labels(x, columns));
            format!("columns {what} count as uncorrelated with all others: {count} of {p} ({labels})")
        });
        Ok((kept, warnings.collect()))
    }

    /// The correlations of the kept columns, and the latent values of all after the last sweep.
    fn draw(&self, sampler: &Sampler<'_>) -> Result<(Array2<f64>, Vec<Block>)> {
        let mut blocks = sampler.start()?;
        let mut correlations = sampler.correlations(&blocks)?;
        if sampler.has_censored() {
            let mut total = Array2::<f64>::zeros(correlations.raw_dim());
            for sweep in 0..self.sweeps {
                let given = Conditionals::new(&correlations, self.shrinkage, sampler.ctx)?;
                blocks = sampler.sweep(sweep, &blocks, &given)?;
                correlations = sampler.correlations(&blocks)?;
                if sweep >= self.burn_in {
                    total += &correlations;
                }
                sampler.ctx.progress(NAME, sweep + 1, self.sweeps);
            }
            correlations = total / (self.sweeps - self.burn_in) as f64;
        }
        match correlations.iter().all(|value| value.is_finite()) {
            true => Ok((correlations, blocks)),
            false => Err(singular()),
        }
    }
}

/// Fails unless every value is a finite number of at least 0.
fn check_values(x: &Matrix) -> Result<()> {
    x.complete(NAME, 2)?;
    match x.as_slice().iter().position(|&value| value < 0.0) {
        Some(place) => {
            let (value, i, j) = (x.as_slice()[place], place / x.cols(), x.column_label(place % x.cols()));
            Err(Error::data(format!("{NAME} of {value} in row {i}, column {j}")).with_hint(
                "zeros are what was too little to be seen: give counts, or log1p of them, before they are centred",
            ))
        }
        None => Ok(()),
    }
}

fn singular() -> Error {
    Error::numerical(format!("{NAME}: the correlations of the latent values are singular"))
        .with_hint("raise shrinkage: 0.02 is the default")
}

/// A column.
struct Variable {
    /// Normal scores of the ranks among all values, 0 for zeros.
    scores: Vec<f64>,
    /// Rows of the zeros, ascending.
    zeros: Vec<usize>,
    /// Latent values below it are zeros.
    cut: f64,
    /// Whether not all values are the same.
    varies: bool,
}

impl Variable {
    fn new(values: &[f64]) -> Self {
        let quantile = |rank: f64| normal::quantile(rank / (values.len() as f64 + 1.0));
        let zeros: Vec<usize> = (0..values.len()).filter(|&i| values[i] == 0.0).collect();
        let score = |(&value, rank): (&f64, f64)| if value == 0.0 { 0.0 } else { quantile(rank) };
        Self {
            scores: values.iter().zip(ranks(values)).map(score).collect(),
            cut: quantile(zeros.len() as f64 + 0.5),
            zeros,
            varies: values.iter().any(|value| *value != values[0]),
        }
    }

    /// The zeros among `width` rows from `first` on.
    fn zeros_within(&self, first: usize, width: usize) -> &[usize] {
        let from = self.zeros.partition_point(|&row| row < first);
        let to = self.zeros.partition_point(|&row| row < first + width);
        &self.zeros[from..to]
    }
}

fn variables(x: &Matrix, ctx: &Context) -> Result<Vec<Variable>> {
    let columns: Vec<usize> = (0..x.cols()).collect();
    parallel::map(&columns, ctx, |_, &j| {
        let values = x.view().column(j).to_vec();
        detached_if_many(values.len(), ctx, move || Variable::new(&values))
    })
}

/// The law of every value given the others of its row, from correlations.
struct Conditionals {
    /// k x k in row order: row j has the weights of the values in the mean of the j-th, 0 for itself.
    weights: Vec<f64>,
    /// Standard deviations.
    sd: Vec<f64>,
}

impl Conditionals {
    fn new(correlations: &Array2<f64>, shrinkage: f64, ctx: &Context) -> Result<Self> {
        let mut shrunk = correlations * (1.0 - shrinkage);
        shrunk.diag_mut().fill(1.0);
        let factor = Cholesky::checked(shrunk.view(), ctx)?.ok_or_else(singular)?;
        let mut precision = factor.inverse_checked(ctx)?;
        if !precision.diag().iter().all(|&value| value > 0.0 && value < SINGULAR) {
            return Err(singular());
        }
        let sd = precision.diag().iter().map(|value| value.sqrt().recip()).collect();
        for (j, mut row) in precision.rows_mut().into_iter().enumerate() {
            let own = row[j];
            row.mapv_inplace(|value| -value / own);
            row[j] = 0.0;
        }
        Ok(Self { weights: precision.into_iter().collect(), sd })
    }

    fn weights(&self, j: usize) -> &[f64] {
        let k = self.sd.len();
        &self.weights[j * k..(j + 1) * k]
    }
}

/// The latent values of some rows of the data: all variables, each with `width` values beside each other.
struct Block {
    first: usize,
    width: usize,
    values: Vec<f64>,
}

/// What all sweeps share.
struct Sampler<'a> {
    variables: &'a [Variable],
    /// Positions of the variables that have correlations.
    kept: &'a [u32],
    /// Rows of the data.
    n: usize,
    ctx: &'a Context,
}

impl Sampler<'_> {
    fn has_censored(&self) -> bool {
        self.kept.iter().any(|&j| !self.variables[j as usize].zeros.is_empty())
    }

    /// `f` of every block with its random numbers in this round: the same on any number of threads.
    fn blocks<T: Sync>(
        &self,
        round: usize,
        items: &[T],
        f: impl Fn(&T, &mut Rng) -> Result<Block> + Sync,
    ) -> Result<Vec<Block>> {
        let work = self.n as f64 * (self.kept.len() as f64).powi(2);
        let alone = self.ctx.clone().with_threads(1);
        let ctx = if work < PARALLEL { &alone } else { self.ctx };
        let seed = rng::derive(ctx.seed(), NAME, round as u64);
        parallel::map(items, ctx, |index, item| f(item, &mut rng::stream(seed, NAME, index as u64)))
    }

    /// Scores, with zeros drawn as if all variables were independent.
    fn start(&self) -> Result<Vec<Block>> {
        let firsts: Vec<usize> = (0..self.n).step_by(BLOCK).collect();
        self.blocks(0, &firsts, |&first, rng| {
            let width = BLOCK.min(self.n - first);
            let mut values = Vec::with_capacity(width * self.variables.len());
            for variable in self.variables {
                self.ctx.check()?;
                let start = values.len();
                values.extend_from_slice(&variable.scores[first..first + width]);
                for &row in variable.zeros_within(first, width) {
                    values[start + row - first] = normal::draw_below(variable.cut, rng);
                }
            }
            Ok(Block { first, width, values })
        })
    }

    /// All censored values of the kept variables drawn anew, one variable after the other, given all others.
    fn sweep(&self, sweep: usize, blocks: &[Block], given: &Conditionals) -> Result<Vec<Block>> {
        self.blocks(sweep + 1, blocks, |&Block { first, width, ref values }, rng| {
            let mut values = values.clone();
            let mut means = vec![0.0; width];
            for (k, &j) in self.kept.iter().enumerate() {
                let (variable, start) = (&self.variables[j as usize], j as usize * width);
                let zeros = variable.zeros_within(first, width);
                if zeros.is_empty() {
                    continue;
                }
                self.ctx.check()?;
                combine(&values, width, 0, self.kept, given.weights(k), &mut means);
                for &row in zeros {
                    let (mean, sd) = (means[row - first], given.sd[k]);
                    values[start + row - first] = mean + sd * normal::draw_below((variable.cut - mean) / sd, rng);
                }
            }
            Ok(Block { first, width, values })
        })
    }

    /// The correlations of the kept variables.
    fn correlations(&self, blocks: &[Block]) -> Result<Array2<f64>> {
        let k = self.kept.len();
        let mut rows = Vec::with_capacity(k * self.n);
        for &j in self.kept {
            self.ctx.check()?;
            let start = rows.len();
            for block in blocks {
                rows.extend_from_slice(&block.values[j as usize * block.width..][..block.width]);
            }
            standardize(&mut rows[start..]);
        }
        let rows = Array2::from_shape_vec((k, self.n), rows).map_err(|error| Error::internal(error.to_string()))?;
        let mut correlations = linalg::gram(rows.t(), self.ctx)?;
        correlations.mapv_inplace(|value| value.clamp(-1.0, 1.0));
        correlations.diag_mut().fill(1.0);
        Ok(correlations)
    }
}

/// Takes the mean away and makes the sum of squares 1.
fn standardize(values: &mut [f64]) {
    let center = mean(values);
    values.iter_mut().for_each(|value| *value -= center);
    let norm = dot(values, values).sqrt();
    values.iter_mut().for_each(|value| *value /= norm);
}

/// The correlations of the kept variables among all p, the others uncorrelated.
fn among_all(correlations: &Array2<f64>, kept: &[u32], p: usize, names: Option<&Names>) -> Matrix {
    let mut all = Array2::<f64>::eye(p);
    for ((a, b), &value) in correlations.indexed_iter() {
        all[(kept[a] as usize, kept[b] as usize)] = value;
    }
    Matrix::square(all, names)
}

/// The latent values in the order and with the names of the data.
fn completed(x: &Matrix, blocks: &[Block]) -> Result<Matrix> {
    let mut numbers = Vec::with_capacity(x.rows() * x.cols());
    for block in blocks {
        for cell in 0..block.width {
            numbers.extend((0..x.cols()).map(|j| block.values[j * block.width + cell]));
        }
    }
    x.with_values(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_of_ranks_among_all_values_and_ties_share_theirs() {
        let variable = Variable::new(&[0.0, 3.0, 0.0, 1.0, 3.0]);
        let score = |rank: f64| normal::quantile(rank / 6.0);
        assert_eq!(variable.scores, [0.0, score(4.5), 0.0, score(3.0), score(4.5)]);
        assert_eq!((variable.zeros_within(0, 2), variable.zeros_within(1, 4)), (&[0][..], &[2][..]));
        assert!(variable.cut == score(2.5) && variable.varies && !Variable::new(&[2.0, 2.0]).varies);
    }

    #[test]
    fn conditionals_are_those_of_a_pair() {
        let given = Conditionals::new(&ndarray::array![[1.0, 0.5], [0.5, 1.0]], 0.2, &Context::new()).unwrap();
        assert!((given.weights(0)[1] - 0.4).abs() < 1e-15 && given.weights(0)[0] == 0.0, "{:?}", given.weights);
        assert!((given.sd[1] - (1.0f64 - 0.16).sqrt()).abs() < 1e-15, "{:?}", given.sd);
        let same = Conditionals::new(&Array2::ones((2, 2)), 0.0, &Context::new()).err().unwrap();
        assert!(same.hint().is_some_and(|hint| hint.contains("raise shrinkage")), "{same}");
    }
}
