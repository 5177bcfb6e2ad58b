//! What methods share that choose their penalty by a rule: the solutions along an automatic grid, and lambda x weights.

use std::sync::Arc;

use super::graphical_lasso::GraphicalLasso;
use super::penalties::{check_matches, scaled};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{Fit, FitBuilder, Input, Path, Point, Solved, timed};
use crate::problem::L1;
use crate::select::{Grid, Rule};
use crate::value::Value;

/// The rules that choose from solutions along a grid: all but "ric", which brings a penalty of covariances.
pub(super) const RULES: &[&str] = &["ebic", "bic", "aic", "cv", "stars"];
/// Those of them that choose two penalties together: by one number for each combination.
pub(super) const CRITERIA: &[&str] = &["ebic", "bic", "aic", "cv"];

/// Fails for a rule that is none of [`RULES`], which options of scripts cannot say. `verb` is for messages.
pub(super) fn refuse_ric(verb: &str, rule: Rule) -> Result<()> {
    if RULES.contains(&rule.name()) {
        return Ok(());
    }
    Err(Error::option("\"ric\" finds the penalty that empties a graph of the graphical lasso")
        .with_hint(format!("rules of {verb}: {}", RULES.join(", "))))
}

/// The automatic grid of a method.
pub(super) struct AlongGrid {
    /// The method's verb.
    pub verb: &'static str,
    /// Penalties in the grid.
    pub count: usize,
    /// Smallest over largest penalty.
    pub min_ratio: f64,
}

impl AlongGrid {
    /// The path of what `points` gives for descending penalties, from the one that empties the graph on. `recorded` are the
    /// options that hold, beside lambda and its grid. Without a largest penalty the path has no solution yet: for a rule
    /// that brings its own penalty.
    ///
    /// # Errors
    /// Those of `largest` and `points`, a limit of the context.
    pub fn path(
        &self,
        input: &Input,
        mut recorded: Vec<(String, Value)>,
        largest: impl FnOnce() -> Result<Option<f64>>,
        points: impl Fn(&Input, &[f64], &Context) -> Result<Vec<Point>> + Send + Sync + 'static,
        ctx: &Context,
    ) -> Result<Path> {
        let grid = Grid::Automatic { count: self.count, min_ratio: self.min_ratio };
        let (found, seconds) = timed(|| match largest()? {
            Some(largest) => points(input, &grid.values(largest)?, ctx),
            None => Ok(Vec::new()),
        })?;
        recorded.extend(input.recorded());
        recorded.push(("n_lambdas".into(), self.count.into()));
        recorded.push(("min_ratio".into(), self.min_ratio.into()));
        let solved = Solved {
            verb: self.verb,
            method: self.verb.into(),
            input: input.clone(),
            points: found,
            options: recorded,
            seconds,
            solve: Arc::new(points),
        };
        Path::new(solved, ctx)
    }
}

impl GraphicalLasso {
    /// The beginning of a fit with the penalty that was given; `own` are the options that hold beside it.
    pub(super) fn begin(
        &self,
        verb: &'static str,
        input: &Input,
        own: Vec<(String, Value)>,
        ctx: &Context,
    ) -> FitBuilder {
        let mut options = vec![("lambda".to_string(), self.lambda.given())];
        options.extend(own);
        options.extend(input.recorded());
        let mut builder = Fit::builder(verb, input, options, ctx).lambda(self.lambda.given());
        self.remark().into_iter().for_each(|remark| builder.warn(remark));
        builder
    }

    /// What a fit records beside lambda and its grid: weights, the method's own options, tolerance and steps.
    pub(super) fn recorded_with(&self, own: impl IntoIterator<Item = (&'static str, Value)>) -> Vec<(String, Value)> {
        let weights = self.weights.clone().map(|weights| ("weights", Value::from(weights)));
        let last = [("tol", Value::from(self.tol)), ("max_iter", Value::from(self.max_iter))];
        weights.into_iter().chain(own).chain(last).map(|(name, value)| (name.to_string(), value)).collect()
    }

    /// The grid of a method that has these options, by its verb.
    pub(super) fn along_grid(&self, verb: &'static str) -> AlongGrid {
        AlongGrid { verb, count: self.n_lambdas, min_ratio: self.min_ratio }
    }

    /// Fails for weights that are not those of the input's variables.
    pub(super) fn check_weights(&self, input: &Input) -> Result<()> {
        self.weights.as_ref().map_or(Ok(()), |weights| check_matches(weights, input, "weights"))
    }

    /// lambda x weights.
    pub(super) fn scaled(&self, lambda: f64) -> Result<L1> {
        scaled(lambda, self.weights.as_ref(), self.penalize_diagonal)
    }
}
