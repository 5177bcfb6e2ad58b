//! One data set, complete or with a covariance that makes up for what is missing.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Mode, Uglad, published};
use crate::context::Context;
use crate::error::Result;
use crate::methods::unrolled::learning::{Keep, Learned, Learning, Score, learn};
use crate::methods::unrolled::prepared::Prepared;
use crate::model::{Fit, FitBuilder, Input};
use crate::nn::{Evaluator, Objective, Problem, Repair};
use crate::parallel;

/// How far a whole run is, counted over everything that learns at once.
#[derive(Debug)]
pub(super) struct Counter<'a> {
    done: AtomicUsize,
    total: usize,
    ctx: &'a Context,
}

impl<'a> Counter<'a> {
    /// Of so many epochs in all.
    pub fn new(total: usize, ctx: &'a Context) -> Self {
        Self { done: AtomicUsize::new(0), total, ctx }
    }

    /// One more.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.ctx.progress("uglad", done.min(self.total), self.total);
    }
}

impl Uglad {
    /// What is minimised; on other covariances where there are some.
    pub(super) fn objective(&self, s: Option<Vec<ndarray::Array2<f64>>>) -> Option<Objective> {
        let repair = if self.model.is_published() { Repair::Never } else { Repair::TowardsTheta };
        Some(Objective::Likelihood { s, repair })
    }

    /// The parameters that initialisation `index` starts from.
    pub(super) fn initial(&self, index: usize, ctx: &Context) -> Result<Vec<f64>> {
        Ok(self.model.layout()?.initial(self.model.offset, ctx.seed(), index as u64))
    }

    /// Learns from every initialisation.
    pub(super) fn learn_all(
        &self,
        evaluator: &Evaluator,
        learning: Learning,
        score: Option<&Score<'_>>,
        counter: &Counter<'_>,
        ctx: &Context,
    ) -> Result<Vec<Learned>> {
        let members: Vec<usize> = (0..self.ensemble).collect();
        // Where there are several, each on a thread of its own.
        let inner = if members.len() > 1 { ctx.clone().with_threads(1) } else { ctx.clone() };
        parallel::map(&members, ctx, |_, &index| {
            learn(&self.model, evaluator, self.initial(index, ctx)?, learning, score, &|_| counter.step(), &inner)
        })
    }

    /// Fits data without missing values.
    pub(super) fn fit_complete(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let builder = Fit::builder("uglad", input, self.recorded(), ctx);
        let prepared = self.prepared(input, ctx)?;
        match self.mode {
            Mode::CrossValidation if self.model.is_published() => published::cv(self, builder, input, &prepared, ctx),
            Mode::CrossValidation => self.held_out(builder, input, &prepared, ctx),
            _ => self.direct(builder, input, &prepared, ctx),
        }
    }

    /// Learns from the whole covariance.
    pub(super) fn direct(&self, builder: FitBuilder, input: &Input, prepared: &Prepared, ctx: &Context) -> Result<Fit> {
        let keep = if self.model.is_published() { Keep::Last } else { Keep::Best };
        let counter = Counter::new(self.ensemble.saturating_mul(self.epochs), ctx);
        let learned = self.learn_whole(prepared, self.learning(self.epochs, keep), &counter, ctx)?;
        self.finish(builder, input, prepared, &learned, ctx)
    }

    /// Learns from the covariance of all rows.
    pub(super) fn learn_whole(
        &self,
        prepared: &Prepared,
        learning: Learning,
        counter: &Counter<'_>,
        ctx: &Context,
    ) -> Result<Vec<Learned>> {
        let problem = Problem { s: vec![prepared.s()], mask: None, objective: self.objective(None) };
        let evaluator = self.model.evaluator(&problem, ctx)?;
        self.learn_all(&evaluator, learning, None, counter, ctx)
    }
}
