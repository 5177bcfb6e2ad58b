//! Correlations of all pairs: the baseline that every method should beat.

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Accepts, Area, Estimate, Fit, Input, Record, Run, SecondMoment};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    Opt::new(
        "threshold",
        &[Kind::Number(Range::NON_NEGATIVE)],
        Preset::Number(0.0),
        "Pairs with |correlation| at or below it have no edge",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "correlation",
    constructor: Some("Correlation"),
    area: Area::Recover,
    summary: "Graph of the correlations of all pairs: a baseline",
    details: "The weight of an edge is the correlation s_ij / sqrt(s_ii s_jj) with its sign, where S is the sample \
covariance (so that this is Pearson's) or what `cor` says. It is marginal: two variables that share a cause are \
linked, however little they have to do with each other given the rest. Without `threshold` nearly every pair has an \
edge, and only their order says something. With `missing: \"pairwise\"` a correlation comes from the rows in which \
both columns have a value; correlations that no data can have together are replaced by some that are possible, and a \
warning says so. A constant column has no edges, which a warning tells. The matrix is fit.graph().to_matrix(); \
without a graph, x.cor(kind).",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::ConstantsOrCovariance,
    random: false,
    adds: &[],
    reference: "Butte, Tamayo, Slonim, Golub, Kohane, PNAS 97:12182 (2000)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.correlation(#{ threshold: 0.3, cor: \"spearman\" });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| Correlation::from_options(options).fit_input(input, ctx)),
};

/// The graph of correlations and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::correlation::Correlation};
/// let x = Matrix::from_fn(50, 4, |i, j| ((i * (j + 3)) % 7) as f64);
/// let graph = Correlation::new().threshold(0.1).fit(&x, &Context::new())?.graph(0.0)?;
/// assert!(graph.edges().iter().all(|edge| edge.weight.abs() > 0.1));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Correlation {
    threshold: f64,
}

impl Correlation {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pairs with |correlation| at or below it have no edge.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    fn from_options(options: &Options) -> Self {
        Self { threshold: options.number("threshold").unwrap_or(0.0) }
    }

    /// Fits data, n x p, in which columns may be constant.
    ///
    /// # Errors
    /// Data or options that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::with_constants(x, SecondMoment::default(), ctx)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`Correlation::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        if !(self.threshold.is_finite() && self.threshold >= 0.0) {
            return Err(Error::option(format!("threshold must be a number >= 0, not {}", self.threshold)));
        }
        // A pair's covariance over standard deviations of other rows would be no correlation.
        let input = &input.correlated_by_pair();
        let builder = Fit::builder(RECORD.verb, input, self.recorded(input), ctx);
        let p = input.p();
        // The correlations; their pairs as edges, a list that doubles as it grows.
        let _held = ctx.reserve_matrices(6, p, p)?;
        let weights = Matrix::square(input.correlations(ctx)?, input.names());
        let graph = Graph::from_matrix(&weights, self.threshold, ctx)?;
        builder.solver("closed form", 0, true).finish(Estimate::Graph(graph), ctx)
    }

    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        let mut options = vec![("threshold".to_string(), Value::Float(self.threshold))];
        options.extend(input.recorded());
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(fit: &Fit) -> Vec<(usize, usize, f64)> {
        let graph = fit.graph(0.0).unwrap();
        graph.edges().iter().map(|edge| (edge.source, edge.target, edge.weight)).collect()
    }

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Correlation::from_options(&options), Correlation::default());
    }

    #[test]
    fn weights_are_correlations_with_their_signs() {
        let ctx = Context::new();
        // Standard deviations 2, 1, 3: correlations 1/2, -1/4, 0.
        let s = [vec![4.0, 1.0, -1.5], vec![1.0, 1.0, 0.0], vec![-1.5, 0.0, 9.0]];
        let input = Input::covariance_matrix(&Matrix::from_rows(&s).unwrap(), None).unwrap();
        let fit = |threshold| Correlation::new().threshold(threshold).fit_input(&input, &ctx);
        assert_eq!(weights(&fit(0.0).unwrap()), [(0, 1, 0.5), (0, 2, -0.25)]);
        // At the threshold there is no edge.
        assert_eq!(weights(&fit(0.25).unwrap()), [(0, 1, 0.5)]);
        assert!(fit(-0.1).is_err() && fit(f64::NAN).is_err());
    }

    #[test]
    fn constant_columns_have_no_edges_and_a_warning() {
        let ctx = Context::new();
        let x = Matrix::from_fn(8, 3, |i, j| if j == 1 { 0.0 } else { ((i * i + j) % 5) as f64 });
        let fit = Correlation::new().fit(&x, &ctx).unwrap();
        assert!(matches!(weights(&fit)[..], [(0, 2, _)]), "{fit}");
        assert_eq!(fit.warnings(), ["column 1 is constant and has no edges: drop_constant() leaves it out"]);
        let flat = Correlation::new().fit(&Matrix::from_fn(4, 3, |_, j| j as f64), &ctx).unwrap();
        assert!(weights(&flat).is_empty() && flat.warnings()[0].starts_with("3 of 3 columns are constant"));
    }
}
