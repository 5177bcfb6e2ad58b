//! What methods share that regress every variable on the others: when two are linked, and what their penalty is.

use ndarray::ArrayView2;

use super::shared_options::{min_ratio, n_lambdas};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph};
use crate::model::{FitBuilder, Input};
use crate::options::{Kind, Opt, Options, Preset, table};
use crate::select::{GraphPenalty, Grid, Linked, Rule as Selection};
use crate::value::Value;

pub(super) const RULE: Opt = Opt::new(
    "rule",
    &[Kind::Choice(&["or", "and"])],
    Preset::Text("or"),
    "Link two variables when either regression uses the other, or when both do",
);
/// How pairs are linked, and what the rules for `lambda` can be told.
pub(super) const OPTIONS: &[Opt] = table![
    RULE,
    ..GraphPenalty::OPTIONS,
    n_lambdas(10, "Penalties in the grid of \"stars\", as in huge"),
    min_ratio(0.1, "Smallest over largest penalty in the grid of \"stars\", as in huge"),
];

/// When a pair is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// When either regression uses the other variable.
    Or,
    /// When both do.
    And,
}

impl Rule {
    /// The rule that the option says.
    pub(super) fn given(options: &Options) -> Self {
        if options.text("rule") == Some("and") { Self::And } else { Self::Or }
    }

    /// The word for the rule.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
        }
    }

    /// Whether two variables with these coefficients for each other are linked.
    fn links(self, u: f64, v: f64) -> bool {
        match self {
            Self::Or => u != 0.0 || v != 0.0,
            Self::And => u != 0.0 && v != 0.0,
        }
    }

    /// The pairs i < j that are linked, where column a of `coefficients` has those of variable a.
    pub(super) fn pairs(self, coefficients: ArrayView2<'_, f64>) -> Vec<(u32, u32)> {
        let p = coefficients.nrows();
        let pairs = (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j)));
        let linked = pairs.filter(|&(i, j)| self.links(coefficients[(i, j)], coefficients[(j, i)]));
        linked.map(|(i, j)| (i as u32, j as u32)).collect()
    }

    /// The graph of the linked pairs.
    pub(super) fn graph(self, coefficients: ArrayView2<'_, f64>, input: &Input) -> Result<Graph> {
        let edges = self.pairs(coefficients).into_iter().map(|(i, j)| {
            let (source, target) = (i as usize, j as usize);
            Edge::new(source, target, weight(coefficients[(source, target)], coefficients[(target, source)]))
        });
        Graph::new(input.p(), input.names().cloned(), false, edges.collect())
    }
}

/// sign(u) sqrt(u v), or the larger of the two where one is 0 or their signs differ.
fn weight(u: f64, v: f64) -> f64 {
    if u * v > 0.0 {
        (u * v).sqrt().copysign(u)
    } else if v.abs() > u.abs() {
        v
    } else {
        u
    }
}

/// The penalty of every regression.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Penalty {
    /// sqrt(2 log p / n).
    #[default]
    Universal,
    /// This one.
    Value(f64),
    /// Chosen by "ric" or "stars".
    Rule(Selection),
}

impl From<f64> for Penalty {
    fn from(value: f64) -> Self {
        Self::Value(value)
    }
}

impl From<Selection> for Penalty {
    fn from(rule: Selection) -> Self {
        Self::Rule(rule)
    }
}

/// The grid of "stars".
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lambdas {
    pub count: usize,
    pub min_ratio: f64,
}

impl Default for Lambdas {
    fn default() -> Self {
        Self { count: 10, min_ratio: 0.1 }
    }
}

impl Lambdas {
    /// The grid that the options say.
    ///
    /// # Errors
    /// A grid where nothing is chosen along one.
    pub(super) fn given(options: &Options) -> Result<Self> {
        let stray = ["n_lambdas", "min_ratio"].into_iter().find(|name| options.is_given(name));
        if let (Some(name), true) = (stray, options.text("lambda") != Some("stars")) {
            return Err(Error::option(format!("option '{name}' goes with lambda: \"stars\"")));
        }
        let default = Self::default();
        Ok(Self {
            count: options.count("n_lambdas").unwrap_or(default.count),
            min_ratio: options.number("min_ratio").unwrap_or(default.min_ratio),
        })
    }

    /// Penalties from the largest correlation down.
    fn values(self, correlations: ArrayView2<'_, f64>) -> Result<Vec<f64>> {
        let pairs = correlations.indexed_iter().filter(|((i, j), _)| i != j);
        let largest = pairs.fold(0.0f64, |largest, (_, value)| largest.max(value.abs()));
        Grid::Automatic { count: self.count, min_ratio: self.min_ratio }.values(largest)
    }
}

impl Penalty {
    /// What the option `lambda` says, with the options of rules.
    ///
    /// # Errors
    /// Options of rules that do not choose.
    pub(super) fn given(verb: &str, options: &Options) -> Result<Self> {
        Ok(match (GraphPenalty::rule(verb, options)?, options.number("lambda")) {
            (Some(rule), _) => Self::Rule(rule),
            (None, Some(lambda)) => Self::Value(lambda),
            (None, None) => Self::Universal,
        })
    }

    /// The number that was given, as it is, or a penalty in units of correlations; what a rule did is told to the fit.
    /// `graphs` finds the graphs of an input for descending penalties.
    ///
    /// # Errors
    /// A penalty that is negative or not finite, an unknown number of samples, what the rule reports.
    pub(super) fn choose(
        self,
        input: &Input,
        correlations: ArrayView2<'_, f64>,
        lambdas: Lambdas,
        graphs: impl Fn(&Input, &[f64], &Context) -> Result<Linked> + Sync,
        builder: FitBuilder,
        ctx: &Context,
    ) -> Result<(f64, FitBuilder)> {
        match self {
            Self::Value(lambda) if lambda.is_finite() && lambda >= 0.0 => Ok((lambda, builder)),
            Self::Value(lambda) => Err(Error::option(format!("lambda must be a number >= 0, not {lambda}"))),
            Self::Universal => match input.n() {
                Some(n) => Ok(((2.0 * (input.p() as f64).ln() / n as f64).sqrt(), builder)),
                None => Err(Error::argument("choosing lambda needs the number of samples")
                    .with_hint("give it with the covariance, `n: 100`, or give lambda")),
            },
            Self::Rule(rule) => {
                let grid = match rule {
                    Selection::Stars { .. } => lambdas.values(correlations)?,
                    _ => Vec::new(),
                };
                let find = |part: &Input, inner: &Context| graphs(part, &grid, inner);
                let chosen = GraphPenalty::choose(rule, input, &grid, find, ctx)?;
                let mut builder = builder.selection(chosen.selection);
                chosen.warnings.into_iter().for_each(|warning| builder.warn(warning));
                Ok((chosen.lambda, builder))
            }
        }
    }

    /// The options that held.
    pub(super) fn recorded(self, lambdas: Lambdas) -> Vec<(String, Value)> {
        let lambda = match self {
            Self::Universal => Value::Unit,
            Self::Value(lambda) => Value::Float(lambda),
            Self::Rule(rule) => rule.name().into(),
        };
        let mut options = vec![("lambda".to_string(), lambda)];
        if let Self::Rule(rule) = self {
            options.extend(rule.recorded());
            if matches!(rule, Selection::Stars { .. }) {
                options.push(("n_lambdas".into(), lambdas.count.into()));
                options.push(("min_ratio".into(), Value::Float(lambdas.min_ratio)));
            }
        }
        options
    }
}
