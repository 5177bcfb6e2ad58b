//! Penalties of both kinds, chosen from a grid.

use super::JointGraphicalLasso;
use crate::context::Context;
use crate::data::{Column, Table};
use crate::error::{Error, Result};
use crate::linalg::SparseSymmetric;
use crate::model::{Convention, Criterion, Input};
use crate::select::Rule;
use crate::solver::joint::{Member, Solution, solve};
use crate::{parallel, rng};

/// Values of lambda, largest first, none of which is the matrix that was given; and of lambda2.
pub(super) struct Axes {
    pub lambdas: Vec<Option<f64>>,
    pub lambdas2: Vec<f64>,
}

/// One combination.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tried {
    pub lambda: Option<f64>,
    pub lambda2: f64,
    /// Edges of all data sets together; not known of a rule that looks at other data.
    pub edges: f64,
    /// What the rule makes small; NaN where nothing is chosen.
    pub criterion: f64,
    pub converged: bool,
}

/// What was found.
pub(super) struct Found {
    /// Row by row of lambda2.
    pub tried: Vec<Tried>,
    pub chosen: usize,
    pub solution: Solution,
}

/// The combinations as scripts see them.
pub(super) fn table(found: &Found) -> Result<Table> {
    let numbers = |f: fn(&Tried) -> f64| Column::numbers(found.tried.iter().map(f).collect());
    let chosen = (0..found.tried.len()).map(|i| f64::from(u8::from(i == found.chosen))).collect();
    Table::new(
        vec![
            ("lambda".into(), numbers(|one| one.lambda.unwrap_or(f64::NAN))),
            ("lambda2".into(), numbers(|one| one.lambda2)),
            ("criterion".into(), numbers(|one| one.criterion)),
            ("edges".into(), numbers(|one| one.edges)),
            ("chosen".into(), Column::numbers(chosen)),
        ],
        None,
    )
}

/// The position of the smallest criterion, of equal ones the first.
fn smallest(tried: &[Tried]) -> usize {
    let best = tried.iter().enumerate().min_by(|a, b| a.1.criterion.total_cmp(&b.1.criterion));
    best.map_or(0, |(position, _)| position)
}

impl JointGraphicalLasso {
    /// The solution of the combination that the rule chooses, or of the only one.
    pub(super) fn choose(&self, inputs: &[Input], members: &[Member<'_>], axes: &Axes, ctx: &Context) -> Result<Found> {
        if let ([lambda], [lambda2]) = (&axes.lambdas[..], &axes.lambdas2[..]) {
            return self.only(members, *lambda, *lambda2, ctx);
        }
        match self.rule {
            Rule::Criterion(criterion) => self.by_criterion(inputs, members, axes, criterion, ctx),
            Rule::CrossValidation { folds, .. } => self.by_folds(inputs, members, axes, folds, ctx),
            _ => Err(Error::option(format!("the joint graphical lasso cannot choose by \"{}\"", self.rule.name()))
                .with_hint("rules: \"ebic\", \"bic\", \"aic\", \"cv\"")),
        }
    }

    fn only(&self, members: &[Member<'_>], lambda: Option<f64>, lambda2: f64, ctx: &Context) -> Result<Found> {
        let solution = solve(members, &self.penalty_of(lambda, lambda2)?, None, self.base.settings(), ctx)?;
        let tried =
            Tried { lambda, lambda2, edges: edges(&solution), criterion: f64::NAN, converged: solution.converged };
        Ok(Found { tried: vec![tried], chosen: 0, solution })
    }

    /// Solutions along descending lambdas for every lambda2, each from the one before; `visit` gets them in order.
    fn along<R>(
        &self,
        members: &[Member<'_>],
        lambdas: &[Option<f64>],
        lambda2: f64,
        ctx: &Context,
        mut visit: impl FnMut(Option<f64>, Solution) -> R,
    ) -> Result<Vec<R>> {
        let mut warm: Option<Vec<SparseSymmetric>> = None;
        let mut results = Vec::with_capacity(lambdas.len());
        for &lambda in lambdas {
            ctx.check()?;
            let solution =
                solve(members, &self.penalty_of(lambda, lambda2)?, warm.as_deref(), self.base.settings(), ctx)?;
            warm = Some(solution.thetas.clone());
            results.push(visit(lambda, solution));
        }
        Ok(results)
    }

    fn by_criterion(
        &self,
        inputs: &[Input],
        members: &[Member<'_>],
        axes: &Axes,
        criterion: Criterion,
        ctx: &Context,
    ) -> Result<Found> {
        let samples = inputs.iter().map(Input::n).collect::<Option<Vec<usize>>>().ok_or_else(|| {
            Error::argument("choosing penalties by a criterion needs the numbers of samples")
                .with_hint("give them with the covariances, `n: [100, 80]`, or give lambda and lambda2 as numbers")
        })?;
        let total = axes.lambdas2.len();
        let rows = parallel::map(&axes.lambdas2, ctx, |row, &lambda2| {
            ctx.progress("joint graphical lasso", row, total);
            let inner = parallel::within(ctx, total, row);
            let mut best: Option<(f64, Solution)> = None;
            let tried = self.along(members, &axes.lambdas, lambda2, &inner, |lambda, solution| {
                let value = information(&solution, &samples, criterion);
                let tried =
                    Tried { lambda, lambda2, edges: edges(&solution), criterion: value, converged: solution.converged };
                if best.as_ref().is_none_or(|(least, _)| value < *least) {
                    best = Some((value, solution));
                }
                tried
            })?;
            Ok::<_, Error>((tried, best))
        })?;
        ctx.progress("joint graphical lasso", total, total);
        let (mut tried, mut solutions) = (Vec::new(), Vec::new());
        for (row, best) in rows {
            tried.extend(row);
            solutions.extend(best.map(|(_, solution)| solution));
        }
        let chosen = smallest(&tried);
        let row = chosen / axes.lambdas.len().max(1);
        if row >= solutions.len() {
            return Err(Error::internal("there was nothing to choose from"));
        }
        Ok(Found { solution: solutions.swap_remove(row), tried, chosen })
    }

    fn by_folds(
        &self,
        inputs: &[Input],
        members: &[Member<'_>],
        axes: &Axes,
        folds: usize,
        ctx: &Context,
    ) -> Result<Found> {
        let orders = orders(inputs, folds, ctx)?;
        let all: Vec<usize> = (0..folds).collect();
        let losses = parallel::map(&all, ctx, |_, &fold| {
            ctx.progress("cross-validation", fold, folds);
            let inner = parallel::within(ctx, folds, fold).with_progress(None);
            self.losses(inputs, &orders, (fold, folds), axes, &inner)
        })?;
        ctx.progress("cross-validation", folds, folds);
        let mut tried = Vec::new();
        for (row, &lambda2) in axes.lambdas2.iter().enumerate() {
            for (column, &lambda) in axes.lambdas.iter().enumerate() {
                let place = row * axes.lambdas.len() + column;
                let mean = losses.iter().map(|fold| fold[place].0).sum::<f64>() / folds as f64;
                let converged = losses.iter().all(|fold| fold[place].1);
                tried.push(Tried { lambda, lambda2, edges: f64::NAN, criterion: mean, converged });
            }
        }
        let chosen = smallest(&tried);
        let Tried { lambda, lambda2, .. } = tried[chosen];
        let solution = solve(members, &self.penalty_of(lambda, lambda2)?, None, self.base.settings(), ctx)?;
        tried[chosen].edges = edges(&solution);
        Ok(Found { tried, chosen, solution })
    }

    /// The loss of every combination on the rows that one fold holds out, and whether its solution converged.
    fn losses(
        &self,
        inputs: &[Input],
        orders: &[Vec<usize>],
        (fold, folds): (usize, usize),
        axes: &Axes,
        ctx: &Context,
    ) -> Result<Vec<(f64, bool)>> {
        let p = inputs.first().map_or(0, Input::p);
        let _held = ctx.reserve_matrices(3 * inputs.len(), p, p)?;
        let (mut trained, mut others) = (Vec::new(), Vec::new());
        for (set, (input, order)) in inputs.iter().zip(orders).enumerate() {
            let Some(x) = input.x() else { return Err(Error::internal("a fold of a covariance")) };
            let columns: Vec<usize> = (0..x.cols()).collect();
            let held_out = &order[fold * order.len() / folds..(fold + 1) * order.len() / folds];
            let mut stays = vec![true; x.rows()];
            held_out.iter().for_each(|&row| stays[row] = false);
            let rest: Vec<usize> = (0..x.rows()).filter(|&row| stays[row]).collect();
            let at = |error: Error| error.at(format!("a fold of data set {set}"));
            let own = input.of_rows(&x.pick(&rest, &columns), ctx).map_err(at)?;
            others.push(own.s_of_others(&x.pick(held_out, &columns), ctx).map_err(at)?);
            trained.push(own);
        }
        let members = self.members(&trained, ctx)?;
        let mut losses = Vec::new();
        for &lambda2 in &axes.lambdas2 {
            losses.extend(self.along(&members, &axes.lambdas, lambda2, ctx, |_, solution| {
                let loss = |k: usize| {
                    let (theta, member) = (&solution.thetas[k], members[k]);
                    // log det Theta from what the fit says of its own S.
                    let logdet = solution.likelihoods[k] + theta.inner(member.s);
                    member.weight * (theta.inner(others[k].view()) - logdet)
                };
                ((0..members.len()).map(loss).sum::<f64>(), solution.converged)
            })?);
        }
        Ok(losses)
    }
}

/// The rows of every data set in the order in which folds take them.
fn orders(inputs: &[Input], folds: usize, ctx: &Context) -> Result<Vec<Vec<usize>>> {
    let one = |(set, input): (usize, &Input)| {
        let x = input.x().ok_or_else(|| {
            Error::argument("\"cv\" needs the data, not covariances")
                .with_hint("give the data, or choose by \"ebic\", \"bic\" or \"aic\"")
        })?;
        let n = x.rows();
        if folds < 2 || folds > n || n - n.div_ceil(folds) < 2 {
            return Err(Error::data(format!(
                "{folds} folds of the {n} samples of data set {set} leave too few to fit"
            ))
            .with_hint("fewer folds, or another rule"));
        }
        Ok(rng::permutation(&mut rng::stream(ctx.seed(), "joint_cross_validation", set as u64), n))
    };
    inputs.iter().enumerate().map(one).collect()
}

/// Edges of all data sets together.
fn edges(solution: &Solution) -> f64 {
    solution.thetas.iter().map(|theta| theta.n_pairs() as f64).sum()
}

/// The sum of the criterion over the data sets.
fn information(solution: &Solution, samples: &[usize], criterion: Criterion) -> f64 {
    let sets = solution.thetas.iter().zip(&solution.likelihoods).zip(samples);
    sets.map(|((theta, &likelihood), &n)| {
        let loglik = Convention::Sinew.loglik(likelihood, n, theta.p());
        criterion.value(loglik, theta.n_pairs(), n, theta.p())
    })
    .sum()
}
