//! The number of epochs that held-out rows bear out.

use ndarray::Array2;

use super::Uglad;
use super::run::Counter;
use crate::context::Context;
use crate::data::Vector;
use crate::error::{Error, Result};
use crate::linalg::Cholesky;
use crate::methods::unrolled::learning::{Keep, learn};
use crate::methods::unrolled::prepared::Prepared;
use crate::model::{Fit, FitBuilder, Input};
use crate::nn::{Pass, Problem};
use crate::{parallel, rng};

const FOLDS: usize = 5;

impl Uglad {
    /// Learns on all folds but one, holds Theta of every epoch against the rows of that one, and learns from all rows for
    /// as many epochs as were best on the average.
    pub(super) fn held_out(
        &self,
        builder: FitBuilder,
        input: &Input,
        prepared: &Prepared,
        ctx: &Context,
    ) -> Result<Fit> {
        let n = input.matrix().rows();
        let folds = self.folds.unwrap_or(FOLDS.min(n));
        if folds > n {
            return Err(Error::option(format!("{folds} folds of {n} samples")).with_hint("fewer folds"));
        }
        if n < 3 {
            return Err(Error::data("mode \"cv\" of uglad needs three samples").with_hint("mode: \"direct\""));
        }
        let order = rng::permutation(&mut rng::stream(ctx.seed(), "uglad folds", 0), n);
        let jobs: Vec<(usize, usize)> =
            (0..folds).flat_map(|fold| (0..self.ensemble).map(move |member| (fold, member))).collect();
        let counter = Counter::new((jobs.len() + self.ensemble).saturating_mul(self.epochs), ctx);
        let alone = ctx.clone().with_threads(1);
        let curves = parallel::map(&jobs, ctx, |_, &(fold, member)| {
            let is_out = |position: &usize| position % folds == fold;
            let rows = |out: bool| -> Vec<usize> {
                (0..n).filter(|position| is_out(position) == out).map(|position| order[position]).collect()
            };
            let learned_from = prepared.part(input.matrix(), &rows(false));
            let out = prepared.held_out_s(&prepared.part(input.matrix(), &rows(true)), &learned_from, &alone)?;
            let s = vec![prepared.shrunk_s(&learned_from, &alone)?];
            let problem = Problem { s, mask: None, objective: self.objective(None) };
            let evaluator = self.model.evaluator(&problem, &alone)?;
            let score = |_: &[f64], pass: &Pass| loss(&pass.theta[0], &out, &alone);
            let learning = self.learning(self.epochs, Keep::Best);
            let learned = learn(
                &self.model,
                &evaluator,
                self.initial(member, ctx)?,
                learning,
                Some(&score),
                &|_| counter.step(),
                &alone,
            )?;
            Ok::<_, Error>((learned.scores, learned.warning))
        })?;
        let (curves, warnings): (Vec<Vec<f64>>, Vec<Option<String>>) = curves.into_iter().unzip();
        let ended = warnings.iter().flatten().count();
        let scores = mean_curve(&curves);
        let best = (0..scores.len()).min_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0);
        let mut learning = self.learning(best + 1, Keep::Last);
        learning.patience = None;
        let learned = self.learn_whole(prepared, learning, &counter, ctx)?;
        let mut builder = builder.add("score_history", Vector::from(scores).into());
        if ended > 0 {
            builder.warn(format!(
                "learning ended early on {ended} of {} parts of the rows, where the loss was not finite any more: take a \
                 smaller learning_rate than {}",
                warnings.len(),
                self.learning_rate
            ));
        }
        if best + 1 == self.epochs {
            builder.warn(format!(
                "the held-out loss still fell at the last of {} epochs: raise epochs or learning_rate",
                self.epochs
            ));
        }
        self.finish(builder, input, prepared, &learned, ctx)
    }
}

/// The Gaussian loss -log det Theta + tr(S Theta) of held-out rows.
fn loss(theta: &Array2<f64>, s: &Array2<f64>, ctx: &Context) -> Result<f64> {
    let Some(factor) = Cholesky::checked(theta.view(), ctx)? else { return Ok(f64::INFINITY) };
    Ok(theta.iter().zip(s).map(|(theta, s)| theta * s).sum::<f64>() - factor.logdet())
}

/// The mean of every epoch that any has reached; a curve that has ended stays at its last score.
fn mean_curve(curves: &[Vec<f64>]) -> Vec<f64> {
    let longest = curves.iter().map(Vec::len).max().unwrap_or(0);
    let at = |curve: &Vec<f64>, epoch: usize| curve.get(epoch).or(curve.last()).copied().unwrap_or(f64::INFINITY);
    (0..longest).map(|epoch| curves.iter().map(|curve| at(curve, epoch)).sum::<f64>() / curves.len() as f64).collect()
}
