//! Thresholded correlations, with the threshold that gives stable graphs.

use ndarray::ArrayView2;

use super::setters::setters;
use super::shared_options::n_lambdas;
use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::model::{Accepts, Area, Estimate, Fit, Input, Record, Run, SecondMoment};
use crate::options::{Kind, Opt, Options, Preset, Range, table};
use crate::select::{GraphPenalty, Linked, Rule};
use crate::sorting::sort_by;
use crate::value::Value;

/// Longer grids are a mistake: each of their graphs is made for every subsample.
const MOST: usize = 100_000;

const OPTIONS: &[Opt] = table![
    Opt::new(
        "lambda",
        &[Kind::Number(Range::POSITIVE), Kind::Choice(GraphPenalty::NAMES)],
        Preset::Text("stars"),
        "Pairs whose |correlation| is at or above it have an edge; or a rule that chooses it",
    ),
    ..GraphPenalty::OPTIONS,
    n_lambdas(20, "Graphs in the grid of \"stars\", evenly spaced in their number of edges, as in huge"),
    Opt::new(
        "max_density",
        &[Kind::Number(Range::UNIT)],
        Preset::Number(0.05),
        "Share of all pairs that the densest graph of the grid links, as in huge",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "correlation_threshold",
    constructor: Some("CorrelationThreshold"),
    area: Area::Recover,
    summary: "Graph of the correlations at or above a threshold that is chosen: huge's \"ct\"",
    details: "As correlation, with a threshold that \"stars\" chooses: of a grid of graphs, from one edge to a share \
`max_density` of all pairs, the densest that subsamples agree on; or \"ric\", the largest correlation that is left where \
columns are rotated against each other. The graph is marginal: two variables that share a cause are linked, so that as an \
answer about conditional dependence it is the baseline to beat. An edge's weight is its correlation.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: false,
    adds: &[],
    reference: "Zhao, Liu, Roeder, Lafferty, Wasserman, JMLR 13:1059 (2012); Liu, Roeder, Wasserman, NIPS (2010)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.correlation_threshold(#{ max_density: 0.3, seed: 1 });\n\
              print(fit.graph());",
    run: Run::Fit(|input, options, ctx| CorrelationThreshold::from_options(options)?.fit_input(input, ctx)),
};

/// Where the threshold comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// This one, above 0.
    Value(f64),
    /// Chosen by "ric" or "stars".
    Rule(Rule),
}

/// Thresholded correlations and their options.
///
/// ```
/// use sinew::{Context, Matrix, methods::correlation_threshold::CorrelationThreshold};
/// let x = Matrix::from_fn(60, 4, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let graph = CorrelationThreshold::new().lambda(0.2).fit(&x, &Context::new())?.graph(0.0)?;
/// assert!(graph.edges().iter().all(|edge| edge.weight.abs() >= 0.2));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CorrelationThreshold {
    threshold: Threshold,
    n_lambdas: usize,
    max_density: f64,
}

impl Default for CorrelationThreshold {
    fn default() -> Self {
        let rule = Rule::Stars { subsamples: 20, ratio: None, threshold: 0.1 };
        Self { threshold: Threshold::Rule(rule), n_lambdas: 20, max_density: 0.05 }
    }
}

impl CorrelationThreshold {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The threshold, above 0.
        lambda: f64 => threshold = Threshold::Value;
        /// The rule that chooses the threshold: [`Rule::Stars`] or [`Rule::Ric`].
        rule: Rule => threshold = Threshold::Rule;
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let rule = GraphPenalty::rule(RECORD.verb, options)?;
        let stray = ["n_lambdas", "max_density"].into_iter().find(|name| options.is_given(name));
        if let (Some(name), false) = (stray, matches!(rule, Some(Rule::Stars { .. }))) {
            return Err(Error::option(format!("option '{name}' goes with lambda: \"stars\"")));
        }
        let given = options.number("lambda").map(Threshold::Value);
        Ok(Self {
            threshold: rule.map(Threshold::Rule).or(given).unwrap_or(default.threshold),
            n_lambdas: options.count("n_lambdas").unwrap_or(default.n_lambdas),
            max_density: options.number("max_density").unwrap_or(default.max_density),
        })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data.
    ///
    /// # Errors
    /// As [`CorrelationThreshold::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check()?;
        // A pair's covariance over standard deviations of other rows would be no correlation.
        let input = &input.correlated_by_pair();
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded(input), ctx);
        let p = input.p();
        // The correlations; their sizes in order; pairs as edges, a list that doubles as it grows.
        let _held = ctx.reserve_matrices(7, p, p)?;
        let r = input.correlations(ctx)?;
        let lambda = match self.threshold {
            Threshold::Value(lambda) => lambda,
            Threshold::Rule(rule) => {
                let grid = if matches!(rule, Rule::Stars { .. }) { self.grid(r.view(), ctx)? } else { Vec::new() };
                let graphs = |part: &Input, inner: &Context| linked(part, &grid, inner);
                let chosen = GraphPenalty::choose(rule, input, &grid, graphs, ctx)?;
                builder = builder.selection(chosen.selection);
                chosen.warnings.into_iter().for_each(|warning| builder.warn(warning));
                chosen.lambda
            }
        };
        // A pair without any correlation has no edge, whatever the rule says.
        let edges = pairs(r.view(), lambda.max(f64::MIN_POSITIVE)).map(|(i, j)| Edge::new(i, j, r[(i, j)])).collect();
        let graph = Graph::new(p, input.names().cloned(), false, edges)?;
        builder.lambda(Value::Float(lambda)).solver("closed form", 0, true).finish(Estimate::Graph(graph), ctx)
    }

    fn check(&self) -> Result<()> {
        match self.threshold {
            Threshold::Value(lambda) if !(lambda.is_finite() && lambda > 0.0) => {
                Err(Error::option(format!("lambda must be a number > 0, not {lambda}")))
            }
            _ => Ok(()),
        }
    }

    /// The |correlations| that end graphs of evenly spaced numbers of edges, from one to the densest, as in huge.
    fn grid(&self, r: ArrayView2<'_, f64>, ctx: &Context) -> Result<Vec<f64>> {
        if self.n_lambdas > MOST {
            return Err(Error::option(format!("n_lambdas must be at most {MOST}, not {}", self.n_lambdas)));
        }
        let p = r.nrows();
        let mut sizes: Vec<f64> = pairs(r, f64::MIN_POSITIVE).map(|pair| r[pair].abs()).collect();
        sort_by(&mut sizes, |a, b| b.total_cmp(a), ctx)?;
        if sizes.is_empty() {
            return Err(Error::data("no pair of columns has a correlation to choose a threshold by"));
        }
        let count = self.n_lambdas.min(sizes.len());
        let most = (self.max_density * p as f64 * (p as f64 - 1.0) / 2.0).max(1.0);
        let steps = (count - 1).max(1) as f64;
        let place = |k: usize| (1.0 + (most - 1.0) * k as f64 / steps).ceil() as usize;
        let mut grid: Vec<f64> = (0..count).map(|k| sizes[place(k).min(sizes.len()) - 1]).collect();
        grid.dedup();
        Ok(grid)
    }

    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        let mut options = Vec::new();
        match self.threshold {
            Threshold::Value(lambda) => options.push(("lambda".to_string(), Value::Float(lambda))),
            Threshold::Rule(rule) => {
                options.push(("lambda".to_string(), rule.name().into()));
                options.extend(rule.recorded());
                if matches!(rule, Rule::Stars { .. }) {
                    options.push(("n_lambdas".into(), self.n_lambdas.into()));
                    options.push(("max_density".into(), Value::Float(self.max_density)));
                }
            }
        }
        options.extend(input.recorded());
        options
    }
}

/// The pairs i < j whose |correlation| is at least `lambda`.
fn pairs(r: ArrayView2<'_, f64>, lambda: f64) -> impl Iterator<Item = (usize, usize)> + '_ {
    let p = r.nrows();
    (0..p).flat_map(move |i| (i + 1..p).map(move |j| (i, j))).filter(move |&pair| r[pair].abs() >= lambda)
}

/// The graphs of an input for descending thresholds.
fn linked(input: &Input, lambdas: &[f64], ctx: &Context) -> Result<Linked> {
    let _held = ctx.reserve_matrices(1, input.p(), input.p())?;
    let r = input.correlations(ctx)?;
    let narrow = |(i, j): (usize, usize)| (i as u32, j as u32);
    let (mut graphs, mut held) = (Vec::with_capacity(lambdas.len()), Vec::new());
    for &lambda in lambdas {
        ctx.check()?;
        let graph: Vec<(u32, u32)> = pairs(r.view(), lambda).map(narrow).collect();
        held.push(ctx.reserve_matrices(1, graph.len(), 1)?);
        graphs.push(graph);
    }
    Ok(Linked { pairs: graphs, unconverged: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(CorrelationThreshold::from_options(&options).unwrap(), CorrelationThreshold::default());
    }

    #[test]
    fn the_grid_counts_edges() {
        let ctx = Context::new();
        let x = Matrix::from_fn(40, 9, |i, j| (0.7 * (i * i + 3 * j * j + i * j) as f64).sin());
        let input = Input::data(&x).unwrap();
        let r = input.correlations(&ctx).unwrap();
        let method = CorrelationThreshold { n_lambdas: 4, max_density: 0.3, ..CorrelationThreshold::default() };
        let grid = method.grid(r.view(), &ctx).unwrap();
        // From 1 to 0.3 x 36 = 10.8 in steps of 3.27, rounded up.
        let counts: Vec<usize> = grid.iter().map(|&lambda| pairs(r.view(), lambda).count()).collect();
        assert_eq!(counts, [1, 5, 8, 11]);
    }
}
