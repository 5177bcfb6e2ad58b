//! From options and data to a solution: what its penalties are, on a grid of both where a rule chooses.

use ndarray::{Array2, ArrayView2};

use super::{LatentGraphicalLasso, LowRank};
use crate::context::Context;
use crate::data::{Column, Matrix, Table, number};
use crate::error::{Error, ErrorKind, Result};
use crate::linalg::min_eigenvalue;
use crate::methods::lambda::Lambda;
use crate::model::{Convention, Criterion, Input, low_rank_parameters};
use crate::problem::{JointPenalty, L1};
use crate::select::{Grid, Rule};
use crate::solver::Moments;
use crate::solver::graphical_lasso::Settings;
use crate::solver::latent::{Part, Set, Solution, largest_mu, mu_of_rank, solve};
use crate::value::Value;
use crate::{parallel, rng};

/// Combinations are compared at this tolerance.
const ROUGH: f64 = 1e-6;

/// What was found.
pub(super) struct Found {
    pub solution: Solution,
    pub lambda: Value,
    pub mu: f64,
    /// What a rule chose from.
    pub criteria: Value,
    pub warnings: Vec<String>,
}

/// A lambda with the mu that are tried beside it, largest first.
type Row = (f64, Vec<f64>);

/// A combination of penalties and what a rule says of it.
#[derive(Debug, Clone, Copy)]
struct Tried {
    lambda: f64,
    mu: f64,
    edges: usize,
    rank: usize,
    value: f64,
}

/// The data sets as the problem sees them.
struct Problem<'a> {
    s: Vec<ArrayView2<'a, f64>>,
    /// Weights of the likelihoods.
    weights: Vec<f64>,
    /// Samples, where they are known.
    samples: Vec<Option<usize>>,
}

impl Problem<'_> {
    fn sets(&self, mu: f64) -> Vec<Set<'_>> {
        let sets = self.s.iter().zip(&self.weights);
        sets.map(|(s, weight)| Set { s: *s, weight: *weight, mu: mu / weight }).collect()
    }

    /// The number that an information criterion gives a solution.
    fn criterion(&self, criterion: Criterion, solution: &Solution) -> f64 {
        let one = |(part, n): (&Part, &Option<usize>)| {
            let (n, p) = (n.unwrap_or(2), part.sparse.nrows());
            let loglik = Convention::Sinew.loglik(part.likelihood, n, p);
            let cost = if criterion == Criterion::Aic { 2.0 } else { (n as f64).ln() };
            criterion.value(loglik, part.n_pairs(), n, p) + cost * low_rank_parameters(p, part.rank()) as f64
        };
        solution.parts.iter().zip(&self.samples).map(one).sum()
    }
}

impl LatentGraphicalLasso {
    /// The solution that the options ask for.
    pub(super) fn search(&self, inputs: &[Input], ctx: &Context) -> Result<Found> {
        let problem = self.problem(inputs, ctx)?;
        let lambdas = self.lambdas(&problem, inputs, ctx)?;
        let rows = self.rows(&problem, &lambdas, inputs, ctx)?;
        let (mut criteria, mut warnings) = (Value::Unit, Vec::new());
        let (lambda, mu) = match (self.chooses(), &rows[..]) {
            (false, [(lambda, mus)]) if mus.len() == 1 => (*lambda, mus[0]),
            _ => {
                let tried = self.compare(&problem, &rows, inputs, ctx)?;
                let best = tried.iter().min_by(|a, b| a.value.total_cmp(&b.value));
                let best = *best.ok_or_else(|| Error::internal("no combination was compared"))?;
                warnings = self.at_an_end(&rows, best);
                criteria = table(&tried, self.given().as_ref())?.into();
                (best.lambda, best.mu)
            }
        };
        let penalty = self.penalty(lambda, inputs)?;
        let solution = solve(&problem.sets(mu), &penalty, None, self.base.settings(), ctx)?;
        let lambda = self.given().unwrap_or(Value::Float(lambda));
        Ok(Found { solution, lambda, mu, criteria, warnings })
    }

    /// The penalty on the sparse part, where it was given.
    fn given(&self) -> Option<Value> {
        match &self.base.lambda {
            Lambda::Rule(_) => None,
            given => Some(given.given()),
        }
    }

    fn problem<'a>(&self, inputs: &'a [Input], ctx: &Context) -> Result<Problem<'a>> {
        let s = inputs.iter().map(|input| input.s(ctx)).collect::<Result<Vec<_>>>()?;
        let samples: Vec<Option<usize>> = inputs.iter().map(Input::n).collect();
        let known: Option<Vec<f64>> = samples.iter().map(|n| n.map(|n| n as f64)).collect();
        let weights = match known {
            Some(n) if !self.has_equal_weights => {
                let mean = n.iter().sum::<f64>() / n.len() as f64;
                n.iter().map(|n| n / mean).collect()
            }
            _ => vec![1.0; inputs.len()],
        };
        Ok(Problem { s, weights, samples })
    }

    /// The penalties on the sparse part, largest first; of a matrix a number that is not looked at.
    fn lambdas(&self, problem: &Problem<'_>, inputs: &[Input], ctx: &Context) -> Result<Vec<f64>> {
        match self.base.lambda {
            Lambda::Value(lambda) => Ok(vec![lambda]),
            Lambda::Matrix(_) => Ok(vec![f64::NAN]),
            Lambda::Rule(_) => {
                inputs.first().map_or(Ok(()), |input| self.base.check_weights(input))?;
                let weights = self.base.weights.as_ref().map(Matrix::view);
                let mut largest = 0.0f64;
                for (s, weight) in problem.s.iter().zip(&problem.weights) {
                    largest = largest.max(weight * Moments::Whole(*s).largest(weights, ctx)?);
                }
                Grid::Automatic { count: self.base.n_lambdas, min_ratio: self.base.min_ratio }.values(largest)
            }
        }
    }

    /// Every lambda with the mu that are tried beside it, largest first.
    fn rows(&self, problem: &Problem<'_>, lambdas: &[f64], inputs: &[Input], ctx: &Context) -> Result<Vec<Row>> {
        match self.low_rank {
            LowRank::Mu(mu) => Ok(lambdas.iter().map(|&lambda| (lambda, vec![mu])).collect()),
            LowRank::Chosen => {
                let mus = self.mus(problem, lambdas, inputs, ctx)?;
                Ok(lambdas.iter().map(|&lambda| (lambda, mus.clone())).collect())
            }
            LowRank::Rank(rank) => self.rows_of_rank(problem, lambdas, inputs, rank, ctx),
        }
    }

    /// A lambda at which no mu gives the rank is left out, unless it is the only one.
    fn rows_of_rank(
        &self,
        problem: &Problem<'_>,
        lambdas: &[f64],
        inputs: &[Input],
        rank: usize,
        ctx: &Context,
    ) -> Result<Vec<Row>> {
        let s = *problem.s.first().ok_or_else(|| Error::internal("a problem without data"))?;
        let found = parallel::map(lambdas, ctx, |_, &lambda| -> Result<Result<Row>> {
            let penalty = self.penalty(lambda, inputs)?;
            match mu_of_rank(s, &penalty, rank, self.base.settings(), ctx) {
                Ok(mu) => Ok(Ok((lambda, vec![mu]))),
                Err(error) if error.kind() == ErrorKind::Option => Ok(Err(error)),
                Err(error) => Err(error),
            }
        })?;
        let mut rows = Vec::new();
        let mut flaw = None;
        for row in found {
            match row {
                Ok(row) => rows.push(row),
                Err(error) => flaw = Some(error),
            }
        }
        match flaw {
            Some(error) if rows.is_empty() => Err(error),
            _ => Ok(rows),
        }
    }

    /// The grid of mu, from one that leaves no low-rank part at the smallest lambda that empties the graph, or at the
    /// lambda that was given.
    fn mus(&self, problem: &Problem<'_>, lambdas: &[f64], inputs: &[Input], ctx: &Context) -> Result<Vec<f64>> {
        let mut largest = 0.0f64;
        for (s, weight) in problem.s.iter().zip(&problem.weights) {
            let own = match (lambdas, problem.s.len()) {
                (&[lambda], 1) => largest_mu(*s, &self.penalty(lambda, inputs)?, self.rough(), ctx)?,
                _ => {
                    let mut apart = -s.to_owned();
                    apart.diag_mut().fill(0.0);
                    -min_eigenvalue(apart.view(), ctx)?
                }
            };
            largest = largest.max(weight * own);
        }
        if largest <= 0.0 || largest.is_nan() {
            // There is never a low-rank part.
            let mean = |s: &ArrayView2<'_, f64>| s.diag().sum() / s.nrows() as f64;
            return Ok(vec![problem.s.iter().map(mean).fold(0.0, f64::max)]);
        }
        Grid::Automatic { count: self.n_mus, min_ratio: self.base.min_ratio }.values(largest)
    }

    fn rough(&self) -> Settings {
        Settings { tol: self.base.tol.max(ROUGH), ..self.base.settings() }
    }

    /// The penalty on the sparse parts.
    fn penalty(&self, lambda: f64, inputs: &[Input]) -> Result<JointPenalty> {
        let input = inputs.first().ok_or_else(|| Error::internal("a problem without data"))?;
        let own = match self.base.lambda {
            Lambda::Matrix(_) => self.base.penalty(input)?,
            _ => self.base.clone().lambda(lambda).penalty(input)?,
        };
        let coupled = match self.lambda2 {
            _ if inputs.len() == 1 => L1::scalar(0.0, false),
            None => own.map(|weight| 0.5 * weight),
            Some(lambda2) => self.base.scaled(lambda2)?,
        };
        JointPenalty::new(self.coupling, own, coupled)
    }

    /// What the rule says of every combination, row by row.
    fn compare(&self, problem: &Problem<'_>, rows: &[Row], inputs: &[Input], ctx: &Context) -> Result<Vec<Tried>> {
        let mut tried = self.along(problem, rows, inputs, "combinations", ctx, |solution, (lambda, mu)| {
            let edges = solution.parts.iter().map(|part| part.n_pairs()).sum();
            let rank = solution.parts.iter().map(|part| part.rank()).sum();
            let value = match self.rule {
                Rule::Criterion(criterion) => problem.criterion(criterion, solution),
                _ => 0.0,
            };
            Tried { lambda, mu, edges, rank, value }
        })?;
        if let Rule::CrossValidation { folds, .. } = self.rule {
            let losses = self.held_out(rows, inputs, folds, ctx)?;
            for (k, tried) in tried.iter_mut().enumerate() {
                tried.value = losses.iter().map(|fold| fold[k]).sum::<f64>() / losses.len() as f64;
            }
        }
        Ok(tried)
    }

    /// `score` of every combination, each row with warm starts from the largest mu on.
    fn along<R: Send>(
        &self,
        problem: &Problem<'_>,
        rows: &[Row],
        inputs: &[Input],
        task: &str,
        ctx: &Context,
        score: impl Fn(&Solution, (f64, f64)) -> R + Sync,
    ) -> Result<Vec<R>> {
        let scored = parallel::map(rows, ctx, |index, (lambda, mus)| -> Result<Vec<R>> {
            ctx.progress(task, index, rows.len());
            let penalty = self.penalty(*lambda, inputs)?;
            let mut start = None;
            let mut scores = Vec::with_capacity(mus.len());
            for &mu in mus {
                let found = solve(&problem.sets(mu), &penalty, start.take(), self.rough(), ctx)?;
                scores.push(score(&found, (*lambda, mu)));
                start = Some(found.into_start());
            }
            Ok(scores)
        })?;
        ctx.progress(task, rows.len(), rows.len());
        Ok(scored.into_iter().flatten().collect())
    }

    /// Of every fold, the loss of all combinations on the rows that are held out: sum_k w_k (-log det R_k + tr(S_k R_k)),
    /// with S_k the second moment of these rows about the mean of the others.
    fn held_out(&self, rows: &[Row], inputs: &[Input], folds: usize, ctx: &Context) -> Result<Vec<Vec<f64>>> {
        let of_set = |(set, input): (usize, &Input)| split(self.rule.data(input)?, input, set, folds, ctx);
        // Only with their rows in sight is it known that there are not too many folds.
        let splits = inputs.iter().enumerate().map(of_set).collect::<Result<Vec<_>>>()?;
        let mut parts: Vec<Vec<(Input, Array2<f64>)>> = (0..folds).map(|_| Vec::new()).collect();
        for split in splits {
            parts.iter_mut().zip(split).for_each(|(part, own)| part.push(own));
        }
        parallel::map(&parts, ctx, |_, part| -> Result<Vec<f64>> {
            let (own, others): (Vec<Input>, Vec<&Array2<f64>>) =
                part.iter().map(|(input, others)| (input.clone(), others)).unzip();
            let problem = self.problem(&own, ctx)?;
            let inner = ctx.clone().with_threads(1).with_progress(None);
            self.along(&problem, rows, &own, "cross-validation", &inner, |solution, _| {
                let one = |((part, s), weight): ((&Part, &&Array2<f64>), &f64)| {
                    let trace: f64 = part.precision.iter().zip(s.iter()).map(|(entry, s)| entry * s).sum();
                    weight * (trace - part.logdet)
                };
                solution.parts.iter().zip(&others).zip(&problem.weights).map(one).sum::<f64>()
            })
        })
    }

    /// What to know about a choice at an end of the grid.
    fn at_an_end(&self, rows: &[Row], best: Tried) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut tell = |name: &str, value: f64, ends: (Option<f64>, Option<f64>)| {
            let (Some(first), Some(last)) = ends else { return };
            if first != last && value == last {
                let value = number(value);
                warnings.push(format!(
                    "the smallest {name} of the grid ({value}) was chosen: a smaller one may be better; extend the grid \
                     with a smaller min_ratio"
                ));
            }
        };
        let lambdas = (rows.first().map(|row| row.0), rows.last().map(|row| row.0));
        tell("lambda", best.lambda, lambdas);
        if self.low_rank == LowRank::Chosen {
            let mus = rows.first().map(|row| &row.1[..]).unwrap_or_default();
            tell("mu", best.mu, (mus.first().copied(), mus.last().copied()));
        }
        warnings
    }
}

/// For every fold, the other rows as an input and the second moment of its own rows.
fn split(x: &Matrix, input: &Input, set: usize, folds: usize, ctx: &Context) -> Result<Vec<(Input, Array2<f64>)>> {
    let n = x.rows();
    if folds > n || n - n.div_ceil(folds) < 2 {
        return Err(Error::option(format!("{folds} folds of {n} samples leave too few to fit"))
            .with_hint("fewer folds, or another rule"));
    }
    let order = rng::permutation(&mut rng::stream(ctx.seed(), "latent_graphical_lasso", set as u64), n);
    let columns: Vec<usize> = (0..x.cols()).collect();
    (0..folds)
        .map(|fold| -> Result<(Input, Array2<f64>)> {
            let (from, to) = (fold * n / folds, (fold + 1) * n / folds);
            let mut rest = [&order[..from], &order[to..]].concat();
            let mut own = order[from..to].to_vec();
            rest.sort_unstable();
            own.sort_unstable();
            let rest = input.of_rows(&x.pick(&rest, &columns), ctx);
            let rest = rest.map_err(|error| error.at("a fold of cross-validation"))?;
            let others = rest.s_of_others(&x.pick(&own, &columns), ctx)?;
            Ok((rest, others))
        })
        .collect()
}

/// A row for every combination.
fn table(tried: &[Tried], given: Option<&Value>) -> Result<Table> {
    let numbers = |f: fn(&Tried) -> f64| Column::numbers(tried.iter().map(f).collect());
    let mut columns = vec![
        ("lambda".to_string(), numbers(|tried| tried.lambda)),
        ("mu".to_string(), numbers(|tried| tried.mu)),
        ("edges".to_string(), numbers(|tried| tried.edges as f64)),
        ("rank".to_string(), numbers(|tried| tried.rank as f64)),
        ("value".to_string(), numbers(|tried| tried.value)),
    ];
    // A matrix of penalties is no number.
    if given.is_some_and(|given| given.as_number().is_none()) {
        columns.remove(0);
    }
    Table::new(columns, None)
}
