//! How much to shrink a covariance towards a diagonal, chosen by what makes held-out samples likely.

mod complete;
mod folds;
mod incomplete;

use ndarray::Array2;

use super::moments::Moments;
use super::resamples::usable;
use crate::context::Context;
use crate::data::{Matrix, Names};
use crate::error::{Error, Result};
use crate::model::{Input, Missing, SecondMoment};
use crate::{linalg, parallel};

/// One of the two amounts of a [`Shrinkage`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Amount {
    /// That of a grid under which held-out samples are most likely.
    #[default]
    HeldOut,
    /// This one, from 0 to 1.
    Given(f64),
}

/// Shrinkage of a sample covariance S to Sigma = (1 - a) S + a V with the diagonal V_ii = (1 - t) S_ii + t mean_j S_jj,
/// the same as shrinking V^-1/2 S V^-1/2 towards I.
///
/// An amount that is not given is chosen by the mean negative log-likelihood of held-out samples under N(m, Sigma), where
/// m and S are those of the others, S divided by their number, and log det Sigma counts the units. Folds are drawn from
/// the context's seed.
///
/// ```
/// use sinew::{Context, Matrix, select::{Amount, Shrinkage}};
/// let x = Matrix::from_fn(30, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let shrunk = Shrinkage::default().shrink(&x, &Context::new().with_seed(1))?;
/// assert_eq!((shrunk.sigma.dim(), shrunk.scores.len()), ((4, 4), 5 * 13));
/// let given = Shrinkage { intensity: Amount::Given(1.0), variances: Amount::Given(0.0), ..Shrinkage::default() };
/// assert_eq!(given.shrink(&x, &Context::new())?.sigma[(0, 1)], 0.0);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shrinkage {
    /// a: how far S moves towards V.
    pub intensity: Amount,
    /// t: how far the variances in V move towards their mean. At 0 the units of the variables do not matter.
    pub variances: Amount,
    /// Folds; none stands for 5, or 4 where the EM algorithm runs on each, and for one a sample where these are fewer.
    pub folds: Option<usize>,
    /// How often folds are drawn; none stands for twice, or once where the EM algorithm runs on each.
    pub repeats: Option<usize>,
}

/// A covariance that was shrunk.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// Positions of the variables, ascending: those of the input that vary.
    pub columns: Vec<usize>,
    /// Sigma, the covariance of these variables; symmetric, and positive definite where `intensity` is above 0.
    pub sigma: Array2<f64>,
    /// a.
    pub intensity: f64,
    /// t.
    pub variances: f64,
    /// What was compared; empty where both amounts were given.
    pub scores: Vec<Score>,
    /// What the user should know about the choice.
    pub warnings: Vec<String>,
}

/// A point of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// a.
    pub intensity: f64,
    /// t.
    pub variances: f64,
    /// The mean of -log density over held-out samples; infinite where Sigma is singular.
    pub loss: f64,
}

const INTENSITIES: [f64; 13] = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
const VARIANCES: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// Where every point of the grid takes a factor for every pattern of missing values.
const VARIANCES_BY_EM: [f64; 3] = [0.0, 0.5, 1.0];
/// Folds, and how often they are drawn.
const FOLDS: (usize, usize) = (5, 2);
const FOLDS_BY_EM: (usize, usize) = (4, 1);
/// More repeats than this are a mistake.
const MOST: usize = 1000;
/// With more variables than this the EM algorithm is for people who wait.
const MANY: usize = 400;

/// The values that are compared.
#[derive(Debug)]
struct Grid {
    variances: Vec<f64>,
    intensities: Vec<f64>,
}

impl Grid {
    /// Every t with every a.
    fn points(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.variances.iter().flat_map(move |&t| self.intensities.iter().map(move |&a| (t, a)))
    }
}

/// What one fold gives.
#[derive(Debug)]
struct Losses {
    /// For every point of the grid the sum of -log density over the rows that are held out.
    sums: Vec<f64>,
    /// Number of these rows.
    rows: usize,
}

impl Shrinkage {
    /// The covariance of data, n x p, shrunk; constant columns are left out.
    ///
    /// # Errors
    /// As [`Shrinkage::shrink_input`]; missing values.
    pub fn shrink(&self, x: &Matrix, ctx: &Context) -> Result<Shrunk> {
        self.shrink_input(&Input::with_constants(x, SecondMoment::default(), ctx)?, ctx)
    }

    /// The S of an input, shrunk; constant columns are left out. The caller reserves the memory of Sigma.
    ///
    /// # Errors
    /// Amounts, folds or repeats out of range; an amount to be chosen for a covariance, for another S than the
    /// covariance of data, for fewer than three samples; no column that varies; limits of the context.
    pub fn shrink_input(&self, input: &Input, ctx: &Context) -> Result<Shrunk> {
        self.check()?;
        let columns = input.varying();
        if columns.is_empty() {
            return Err(Error::data("every column is constant: there is no covariance to shrink"));
        }
        let (best, scores, warnings) = match (self.intensity, self.variances) {
            (Amount::Given(intensity), Amount::Given(variances)) => {
                (Score { intensity, variances, loss: f64::NAN }, Vec::new(), Vec::new())
            }
            _ => self.choose(input, &columns, ctx)?,
        };
        let s = linalg::block_of(input.s(ctx)?, &columns);
        let sigma = shrink_towards(s, best.variances, best.intensity);
        Ok(Shrunk { columns, sigma, intensity: best.intensity, variances: best.variances, scores, warnings })
    }

    /// Folds, and how often they are drawn, for this input; none where both amounts are given.
    pub fn folds_of(&self, input: &Input) -> Option<(usize, usize)> {
        if matches!((self.intensity, self.variances), (Amount::Given(_), Amount::Given(_))) {
            return None;
        }
        let preset = if by_em(input) { FOLDS_BY_EM } else { FOLDS };
        let n = input.n().unwrap_or(usize::MAX);
        let folds = self.folds.unwrap_or(preset.0.min(n));
        // Where every sample is a fold, drawing again gives the same.
        Some((folds, if folds == n { 1 } else { self.repeats.unwrap_or(preset.1) }))
    }

    /// Checks what Rust callers can get wrong, and what the amounts leave no room for.
    fn check(&self) -> Result<()> {
        for (name, amount) in [("shrinkage", self.intensity), ("variance_shrinkage", self.variances)] {
            if let Amount::Given(value) = amount
                && !(0.0..=1.0).contains(&value)
            {
                return Err(Error::option(format!("{name} must be a number from 0 to 1, not {value}")));
            }
        }
        let both_given = matches!((self.intensity, self.variances), (Amount::Given(_), Amount::Given(_)));
        if both_given && (self.folds.is_some() || self.repeats.is_some()) {
            return Err(Error::option("`folds` and `repeats` go with a shrinkage that is chosen, and both are given"));
        }
        match self.repeats {
            Some(repeats) if !(1..=MOST).contains(&repeats) => {
                Err(Error::option(format!("repeats must be from 1 to {MOST}, not {repeats}")))
            }
            _ => Ok(()),
        }
    }

    /// The best point of the grid, all of them, and warnings.
    fn choose(&self, input: &Input, columns: &[usize], ctx: &Context) -> Result<(Score, Vec<Score>, Vec<String>)> {
        let _held = ctx.reserve_matrices(2, input.matrix().rows(), columns.len())?;
        let x = samples(input, columns, ctx)?;
        let by_em = by_em(input);
        let grid = self.grid(by_em);
        let (folds, repeats) = self.folds_of(input).unwrap_or(FOLDS);
        folds::check(x.rows(), folds)?;
        let _rows = ctx.reserve_matrices(4, repeats, x.rows())?;
        let members = folds::draw(x.rows(), folds, repeats, ctx)?;
        let is_tall = x.cols() <= x.rows() - x.rows().div_ceil(folds);
        let moments = (is_tall && !by_em).then(|| Moments::new(&x, ctx)).transpose()?;
        let results = parallel::map(&members, ctx, |index, held_out| {
            ctx.progress("held-out shrinkage", index, members.len());
            let own = parallel::within(ctx, members.len(), index).with_progress(None);
            match by_em {
                true => incomplete::losses(&x, held_out, &grid, &own),
                false => complete::losses(&x, moments.as_ref(), held_out, &grid, &own),
            }
        })?;
        ctx.progress("held-out shrinkage", members.len(), members.len());
        let (losses, left_out) = usable(results, &x, "folds of the held-out choice")?;
        let scores = scores(&grid, &losses);
        let best = scores.iter().min_by(|one, other| one.loss.total_cmp(&other.loss));
        let best = *best.filter(|best| best.loss.is_finite()).ok_or_else(singular)?;
        let mut warnings: Vec<String> = left_out.into_iter().collect();
        warnings.extend(self.at_the_end(best, columns.len()));
        if by_em && columns.len() > MANY {
            warnings.push(format!(
                "the EM algorithm with {} variables takes long: `missing: \"mean\"` does nearly as well in a fraction \
                 of the time",
                columns.len()
            ));
        }
        Ok((best, scores, warnings))
    }

    fn grid(&self, by_em: bool) -> Grid {
        let values = |amount: Amount, all: &[f64]| match amount {
            Amount::Given(value) => vec![value],
            Amount::HeldOut => all.to_vec(),
        };
        let variances: &[f64] = if by_em { &VARIANCES_BY_EM } else { &VARIANCES };
        Grid { variances: values(self.variances, variances), intensities: values(self.intensity, &INTENSITIES) }
    }

    /// What a choice at the strong end of the grid means. At the weak end there is nothing left to shrink, and the ends
    /// of t are kinds of their own.
    fn at_the_end(&self, best: Score, p: usize) -> Option<String> {
        let largest = INTENSITIES[INTENSITIES.len() - 1];
        (self.intensity == Amount::HeldOut && best.intensity == largest && p > 1).then(|| {
            format!(
                "the largest shrinkage of the grid ({largest}) was chosen: variables say hardly anything about each \
                 other that held-out samples bear out; take the weights as an order of pairs, not as partial correlations"
            )
        })
    }
}

/// Whether moments come from the EM algorithm.
fn by_em(input: &Input) -> bool {
    input.has_gaps() && input.moment().missing == Missing::Em
}

/// The samples that are held out in turn, of the columns that vary.
fn samples(input: &Input, columns: &[usize], ctx: &Context) -> Result<Matrix> {
    let Some(x) = input.x() else {
        return Err(Error::argument("shrinkage is chosen by held-out samples, and a covariance has none")
            .with_hint("give the data, or `shrinkage` and `variance_shrinkage` as numbers"));
    };
    let moment = input.moment();
    let by_pair = input.has_gaps() && moment.missing == Missing::Pairwise;
    if moment.correlation.is_some() || by_pair {
        return Err(Error::option(
            "shrinkage is chosen for covariances of whole rows, not for `cor` or pairs of columns",
        )
        .with_hint("give `shrinkage` and `variance_shrinkage` as numbers, or take `missing: \"em\"`"));
    }
    let rows: Vec<usize> = (0..x.rows()).collect();
    let x = match columns.len() == input.p() {
        true => x.clone(),
        false => {
            // Messages name columns by their place among all.
            let names = input.names().cloned().unwrap_or_else(|| Names::numbered(input.p()));
            x.pick(&rows, columns).with_names(Some(names.pick(columns)))?
        }
    };
    match moment.missing {
        _ if !input.has_gaps() => Ok(x),
        Missing::Mean => x.complete_by_means(ctx),
        _ => Ok(x.pick(&x.rows_with_values(), &(0..x.cols()).collect::<Vec<_>>())),
    }
}

fn scores(grid: &Grid, losses: &[Losses]) -> Vec<Score> {
    let rows: usize = losses.iter().map(|fold| fold.rows).sum();
    let mean = |point: usize| losses.iter().map(|fold| fold.sums[point]).sum::<f64>() / rows as f64;
    grid.points()
        .enumerate()
        .map(|(point, (variances, intensity))| Score { intensity, variances, loss: mean(point) })
        .collect()
}

/// The diagonal V for these variances.
fn target(variances: &[f64], t: f64) -> Vec<f64> {
    let mean = variances.iter().sum::<f64>() / variances.len() as f64;
    variances.iter().map(|variance| (1.0 - t) * variance + t * mean).collect()
}

/// (1 - a) S + a V.
fn shrink_towards(mut s: Array2<f64>, t: f64, a: f64) -> Array2<f64> {
    let target = target(&s.diag().to_vec(), t);
    for ((i, j), value) in s.indexed_iter_mut() {
        *value *= 1.0 - a;
        if i == j {
            *value += a * target[i];
        }
    }
    s
}

fn singular() -> Error {
    Error::numerical("with this shrinkage the covariance of the samples that stay is singular")
        .with_hint("raise `shrinkage`, or let it be chosen: \"auto\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples_have_a_fold_each() {
        let plan = |n: usize| {
            let x = Matrix::from_fn(n, 2, |i, j| ((i + 1) * (i + j + 2)) as f64);
            Shrinkage::default().folds_of(&Input::data(&x).unwrap()).unwrap()
        };
        assert_eq!([plan(3), plan(5), plan(6), plan(100)], [(3, 1), (5, 1), (5, 2), (5, 2)]);
    }

    #[test]
    fn sigma_is_the_shrunken_correlation_in_units_of_the_target() {
        let s = ndarray::array![[4.0, 1.0], [1.0, 1.0]];
        // V = diag(3.25, 1.75) with the mean 2.5 and t = 1/2.
        let sigma = shrink_towards(s, 0.5, 0.2);
        let expected = ndarray::array![[0.8 * 4.0 + 0.2 * 3.25, 0.8], [0.8, 0.8 + 0.2 * 1.75]];
        assert!((&sigma - &expected).iter().all(|difference| difference.abs() < 1e-15), "{sigma}");
    }

    #[test]
    fn amounts_folds_and_repeats_out_of_range_are_errors() {
        let (ctx, x) = (Context::new(), Matrix::from_fn(12, 3, |i, j| ((i * i + 3 * i * j) % 7) as f64));
        let given = |a, t| Shrinkage { intensity: Amount::Given(a), variances: Amount::Given(t), ..Default::default() };
        let wrong = [
            given(-0.1, 0.0),
            given(0.5, 1.1),
            given(f64::NAN, 0.0),
            Shrinkage { folds: Some(5), ..given(0.5, 0.5) },
            Shrinkage { repeats: Some(0), ..Default::default() },
            Shrinkage { repeats: Some(MOST + 1), ..Default::default() },
            Shrinkage { folds: Some(13), ..Default::default() },
            Shrinkage { folds: Some(1), ..Default::default() },
        ];
        for options in wrong {
            assert_eq!(options.shrink(&x, &ctx).unwrap_err().kind(), crate::error::ErrorKind::Option, "{options:?}");
        }
        assert!(given(0.3, 0.0).shrink(&x, &ctx).unwrap().scores.is_empty());
        let s = Input::covariance_matrix(&Matrix::from(Array2::eye(2)), Some(9)).unwrap();
        let error = Shrinkage::default().shrink_input(&s, &ctx).unwrap_err();
        assert!(error.message().contains("a covariance has none"), "{error}");
    }

    #[test]
    fn the_end_that_says_there_is_no_structure_is_a_warning() {
        let x = Matrix::from_fn(12, 30, |i, j| ((i * i * (j + 1) + 3 * i + 5 * j * j) as f64).sin());
        let shrunk = Shrinkage::default().shrink(&x, &Context::new().with_seed(1)).unwrap();
        assert_eq!((shrunk.intensity, shrunk.warnings.len()), (0.95, 1), "{:?}", shrunk.warnings);
        let fixed = Shrinkage { intensity: Amount::Given(0.95), ..Shrinkage::default() };
        assert!(fixed.shrink(&x, &Context::new()).unwrap().warnings.is_empty());
    }
}
