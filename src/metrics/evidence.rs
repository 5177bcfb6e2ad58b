//! What metrics are computed from, each part once for all of them.

use std::cell::OnceCell;

use super::matrices::Matrices;
use super::ranking::Ranking;
use super::selection::Selection;
use super::{Comparison, Pairs};
use crate::context::Context;
use crate::error::{ErrorKind, Result};
use crate::value::Value;

/// How a metric is computed, and from what.
#[derive(Clone, Copy)]
pub enum Formula {
    /// From the pairs in order of their strength.
    Ranking(fn(&Ranking) -> f64),
    /// From the pairs that the estimate selects, and `beta`.
    Selection(fn(&Selection, f64) -> Value),
    /// From how many signs are wrong: a success is none.
    Signs(fn(&Pairs) -> usize),
    /// From the precision matrices.
    Matrices(fn(&Matrices, &Context) -> Result<f64>),
}

/// Truth and estimate with what several metrics need of them.
pub struct Evidence<'a> {
    comparison: &'a Comparison,
    beta: f64,
    pairs: Pairs,
    ranking: OnceCell<Ranking>,
    selection: OnceCell<Selection>,
}

impl<'a> Evidence<'a> {
    /// All pairs, or those of `regulators`; `beta` is that of [`Selection::f_beta`].
    ///
    /// # Errors
    /// Cancellation.
    pub fn of(comparison: &'a Comparison, regulators: Option<&[bool]>, beta: f64, ctx: &Context) -> Result<Self> {
        let pairs = Pairs::of(comparison, regulators, ctx)?;
        Ok(Self { comparison, beta, pairs, ranking: OnceCell::new(), selection: OnceCell::new() })
    }

    /// The value of one metric.
    ///
    /// # Errors
    /// A metric that does not apply; memory, cancellation.
    pub fn value(&self, formula: Formula, ctx: &Context) -> Result<Value> {
        ctx.check()?;
        Ok(match formula {
            Formula::Ranking(metric) => metric(self.ranking(ctx)?).into(),
            Formula::Selection(metric) => metric(self.selection.get_or_init(|| Selection::of(&self.pairs)), self.beta),
            Formula::Signs(wrong) => {
                self.comparison.check_signs()?;
                f64::from(wrong(&self.pairs) == 0).into()
            }
            Formula::Matrices(metric) => metric(&Matrices::of(self.comparison, ctx)?, ctx)?.into(),
        })
    }

    fn ranking(&self, ctx: &Context) -> Result<&Ranking> {
        if let Some(ranking) = self.ranking.get() {
            return Ok(ranking);
        }
        let ranking = Ranking::of(&self.pairs, ctx)?;
        Ok(self.ranking.get_or_init(|| ranking))
    }

    /// The values of the metrics that apply, by name.
    ///
    /// # Errors
    /// Memory, cancellation.
    pub fn values<'m>(
        &self,
        metrics: impl Iterator<Item = &'m (&'static str, Formula)>,
        ctx: &Context,
    ) -> Result<Vec<(String, Value)>> {
        let mut values = Vec::new();
        for (name, formula) in metrics {
            match self.value(*formula, ctx) {
                Ok(value) => values.push(((*name).to_string(), value)),
                Err(error) if does_not_apply(error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(values)
    }
}

/// Whether an error of this kind says that a metric does not apply to truth and estimate, which themselves are right.
fn does_not_apply(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Argument | ErrorKind::Data | ErrorKind::Numerical)
}
