//! SIMoNe: neighbourhood selection whose penalties know of groups of variables.

mod networks;
mod prior;

use super::block_options::{BLOCKS, Blocks, STARTS, check_starts};
use super::neighborhoods::Rule;
use super::setters::setters;
use super::shared_options::{max_iter, tol};
use crate::context::Context;
use crate::data::{Column, Matrix, Table};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Estimate, Fit, FitBuilder, Input, Property, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::solver::Stop;
use crate::value::Value;
use networks::{Network, Problem, dense, flat, passes};
use prior::{Prior, prior};

const OPTIONS: &[Opt] = &[
    Opt::new(
        "lambda",
        &[Kind::Number(Range::NON_NEGATIVE), Kind::Choice(&["bic", "aic"])],
        Preset::Unset("\"bic\", where no number of edges is wanted"),
        "Penalty of a coefficient, of standardised columns, or the criterion that chooses it",
    ),
    Opt::new(
        "edges",
        &[Kind::Count(0)],
        Preset::Unset("as lambda says"),
        "Wanted number of edges: the largest network with no more is chosen",
    ),
    Opt::new(
        "density",
        &[Kind::Number(Range::OPEN_UNIT)],
        Preset::Unset("as lambda says"),
        "The same as a share of all pairs: 0.03 in comparisons",
    ),
    Opt::new(
        "blocks",
        BLOCKS,
        Preset::Unset("no groups"),
        "Looks for groups, so many or one number of a list; \"auto\" is 1 to 5, at most half as many as linked columns",
    ),
    STARTS,
    Opt::new("n_lambdas", &[Kind::Count(2)], Preset::Count(100), "Penalties in the grid; at most 100000"),
    Opt::new(
        "variant",
        &[Kind::Choice(&["sinew", "authors"])],
        Preset::Text("sinew"),
        "\"authors\": \"bic\" and \"aic\" as the published program computes them",
    ),
    tol(1e-7, "Bound on the change of a coefficient"),
    max_iter(100_000, "Passes over the coefficients of a column at most"),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "simone",
    constructor: Some("Simone"),
    area: Area::Recover,
    summary: "Graph from lasso regressions with penalties by groups of variables (SIMoNe)",
    details: "Every standardised column is regressed on the others by the lasso, along a grid of evenly spaced penalties from \
1 to 1e-5; two columns are linked when both regressions use the other. Of the networks with the same number of edges the first \
counts. The grid ends where the number of edges falls, or where a regression has, on average, more than half as many coefficients \
as there are samples. \"bic\" and \"aic\" maximise the pseudo-log-likelihood -n/2 sum_a |x_a - X b_a|^2 / n less log(n)/2 or 1 a \
coefficient. With `blocks` a stochastic block model is fitted to a first network, that of the criterion or, where it has \
fewer edges than half as many as columns, the first with as many edges as columns; the penalty of a pair is then multiplied by its probability of no edge, at least \
0.01, and by 1000 where one of the two has no edge in the first network, and the largest penalty of the grid divided by the smallest \
weight. The published program computes the likelihood with the opposite sign of the coefficients and sums all entries of a \
matrix instead of its diagonal: variant \"authors\" does so too, and chooses its networks. The criteria often choose no edge or far \
too many; comparisons give `density: 0.03`. An edge's weight is the geometric mean of its two coefficients.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: true,
    adds: &[
        Property {
            name: "coefficients",
            help: "Column a has the coefficients of column a on the others (Matrix, p x p)",
        },
        Property { name: "groups", help: "The group of every column, the largest is 0; -1 for those left out (list)" },
        Property {
            name: "networks",
            help: "Penalty, edges, coefficients, loglik, bic and aic of the networks that were compared (Table)",
        },
    ],
    reference: "Ambroise, Chiquet, Matias, Electronic Journal of Statistics 3:205 (2009); Chiquet, Smith, Grasseau, Matias, \
Ambroise, Bioinformatics 25:417 (2009)",
    example: "let x = example(\"sachs\").head(200).log1p();\n\
              let fit = x.simone(#{ density: 0.2, blocks: [1, 2], seed: 1 });\n\
              print(fit.graph());\n\
              print(fit.groups);",
    run: Run::Fit(|input, options, ctx| Simone::from_options(options)?.fit_input(input, ctx)),
};

/// How a network is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// By the pseudo-likelihood less log(n) / 2 a coefficient.
    Bic,
    /// By the pseudo-likelihood less 1 a coefficient.
    Aic,
    /// This penalty.
    Lambda(f64),
    /// The largest network with at most so many edges.
    Edges(usize),
    /// The same as a share of all pairs.
    Density(f64),
}

/// SIMoNe and its options.
///
/// ```
/// use sinew::{Context, Matrix, methods::simone::{Choice, Simone}};
/// let x = Matrix::from_fn(60, 5, |i, j| ((i * (j + 3) + i * i * (j + 1)) % 17) as f64);
/// let fit = Simone::new().choice(Choice::Edges(3)).fit(&x, &Context::new().with_seed(1))?;
/// assert!(fit.n_edges()? <= 3);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Simone {
    choice: Choice,
    blocks: Option<Blocks>,
    starts: usize,
    n_lambdas: usize,
    is_authors: bool,
    tol: f64,
    max_iter: usize,
}

impl Default for Simone {
    fn default() -> Self {
        let (tol, max_iter) = (1e-7, 100_000);
        Self { choice: Choice::Bic, blocks: None, starts: 4, n_lambdas: 100, is_authors: false, tol, max_iter }
    }
}

/// More penalties than this are a mistake.
const MOST_LAMBDAS: usize = 100_000;

impl Simone {
    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// How the network is chosen.
        choice: Choice => choice;
        /// Whether criteria are computed as the published program computes them.
        authors: bool => is_authors;
    }

    /// Looks for groups: so many, or a list to choose from.
    #[must_use]
    pub fn blocks(mut self, blocks: impl Into<Blocks>) -> Self {
        self.blocks = Some(blocks.into());
        self
    }

    fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let given =
            ["lambda", "edges", "density"].into_iter().filter(|name| options.is_given(name)).collect::<Vec<_>>();
        if let [first, second, ..] = given[..] {
            return Err(Error::option(format!("simone: {first} and {second} both choose the network"))
                .with_hint("give one of lambda, edges and density"));
        }
        let choice = match options.get("lambda") {
            Some(Value::Text(word)) if word == "aic" => Some(Choice::Aic),
            Some(value) => value.as_number().map(Choice::Lambda),
            None => None,
        };
        let wanted =
            options.count("edges").map(Choice::Edges).or_else(|| options.number("density").map(Choice::Density));
        if options.is_given("starts") && !options.is_given("blocks") {
            return Err(Error::option("starts of simone are searches for groups").with_hint("with blocks: \"auto\""));
        }
        let choice = choice.or(wanted).unwrap_or(default.choice);
        if options.is_given("n_lambdas") && !options.is_given("blocks") && matches!(choice, Choice::Lambda(_)) {
            return Err(Error::option("n_lambdas of simone is for a choice along a grid, and lambda is given"));
        }
        Ok(Self {
            choice,
            blocks: Blocks::given(options)?,
            starts: options.count("starts").unwrap_or(default.starts),
            n_lambdas: options.count("n_lambdas").unwrap_or(default.n_lambdas),
            is_authors: options.text("variant") == Some("authors"),
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    fn check(&self, input: &Input) -> Result<()> {
        check_starts(self.starts)?;
        let wrong = match self.choice {
            Choice::Lambda(lambda) => !(lambda.is_finite() && lambda >= 0.0),
            Choice::Density(density) => !(density > 0.0 && density < 1.0),
            _ => false,
        };
        if wrong {
            return Err(Error::option("lambda must be a number >= 0, density one > 0 and < 1"));
        }
        if !(self.tol.is_finite() && self.tol > 0.0) || self.max_iter == 0 {
            return Err(Error::option("tol must be a number > 0, max_iter at least 1"));
        }
        if !(2..=MOST_LAMBDAS).contains(&self.n_lambdas) {
            return Err(Error::option(format!("n_lambdas must be 2 to {MOST_LAMBDAS}, not {}", self.n_lambdas)));
        }
        if let Some(Blocks::Given(counts)) = &self.blocks
            && let Some(count) = counts.iter().find(|count| !(1..=input.p()).contains(*count))
        {
            return Err(Error::option(format!(
                "blocks must be 1 to {}, the number of columns, not {count}",
                input.p()
            )));
        }
        let needs = self.blocks.is_some() || matches!(self.choice, Choice::Bic | Choice::Aic);
        if needs && input.n().is_none() {
            return Err(Error::argument("the criteria of simone need the number of samples")
                .with_hint("give it with the covariance, `n: 100`, or say how many edges are wanted"));
        }
        Ok(())
    }

    fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        self.check(input)?;
        let mut builder = Fit::builder(RECORD.verb, input, self.recorded(), ctx);
        let p = input.p();
        let _held = ctx.reserve_matrices(6, p, p)?;
        let correlations = input.correlations(ctx)?;
        let view = correlations.view();
        let stop = Stop { tol: self.tol, max_passes: self.max_iter };
        let (n, is_authors) = (input.n(), self.is_authors);
        let problem = Problem { correlations: flat(&view)?, p, n, weights: None, stop, is_authors };
        let known = self.blocks.as_ref().map(|blocks| self.prior(&problem, blocks, input, ctx)).transpose()?;
        let weights = known.as_ref().map(|prior| prior.weights.view());
        let problem = Problem { weights: weights.as_ref().map(flat).transpose()?, ..problem };
        let (lambda, networks) = self.choose(&problem, &mut builder, ctx)?;
        let parts = problem.solve(lambda, &[], ctx)?;
        let converged = problem.converged(&parts);
        if !converged {
            builder.warn("regressions took all their passes: allow more with max_iter, or raise tol");
        }
        let groups = match known {
            Some(prior) => prior.groups,
            None => vec![Some(0); p],
        };
        let number = |group: &Option<usize>| group.map_or(-1, |group| group as i64);
        let coefficients = dense(&parts);
        let graph = Rule::And.graph(coefficients.view(), input)?;
        let attribute = groups.iter().map(|group| number(group) as f64).collect();
        let graph = graph.with_node_attribute("group", Column::numbers(attribute))?;
        builder
            .lambda(Value::Float(lambda))
            .solver("coordinate descent", passes(&parts), converged)
            .add("coefficients", Matrix::square(coefficients, input.names()).into())
            .add("groups", Value::List(groups.iter().map(|group| number(group).into()).collect()))
            .add("networks", table(&networks, input.n())?.into())
            .finish(Estimate::Graph(graph), ctx)
    }

    /// Groups of a first network.
    fn prior(&self, problem: &Problem<'_>, blocks: &Blocks, input: &Input, ctx: &Context) -> Result<Prior> {
        let networks = problem.path(&problem.grid(self.n_lambdas), usize::MAX, ctx)?;
        let samples = problem.n.map_or(1.0, |n| n as f64);
        let cost = if self.choice == Choice::Aic { 1.0 } else { 0.5 * samples.ln() };
        // The published criterion leaves none or many, the other may leave so few that nearly all columns are alone.
        let least = if self.is_authors { 1 } else { (problem.p / 2).max(1) };
        let as_many = || networks.iter().find(|network| network.edges >= problem.p).or(networks.last());
        let first = best(&networks, cost).filter(|network| network.edges >= least).or_else(as_many);
        let lambda = first.map_or(1.0, |network| network.lambda);
        let parts = problem.solve(lambda, &[], ctx)?;
        prior(&Rule::And.graph(dense(&parts).view(), input)?, blocks, self.starts, ctx)
    }

    /// The penalty, and the networks that were compared.
    fn choose(&self, problem: &Problem<'_>, builder: &mut FitBuilder, ctx: &Context) -> Result<(f64, Vec<Network>)> {
        if let Choice::Lambda(lambda) = self.choice {
            let parts = problem.solve(lambda, &[], ctx)?;
            return Ok((lambda, vec![problem.network(lambda, &parts)]));
        }
        let pairs = problem.p * problem.p.saturating_sub(1) / 2;
        let most = match self.choice {
            Choice::Edges(edges) => edges,
            Choice::Density(density) => (density * pairs as f64) as usize,
            _ => usize::MAX,
        };
        let networks = problem.path(&problem.grid(self.n_lambdas), most, ctx)?;
        let samples = problem.n.map_or(1.0, |n| n as f64);
        let chosen = match self.choice {
            Choice::Bic => best(&networks, 0.5 * samples.ln()),
            Choice::Aic => best(&networks, 1.0),
            _ => networks.last(),
        };
        let chosen = *chosen.ok_or_else(|| Error::internal("no network was compared"))?;
        if most == usize::MAX && chosen.edges > 0 && networks.last() == Some(&chosen) {
            builder
                .warn("the criterion chose the densest network that was tried: say how many edges are wanted instead");
        }
        Ok((chosen.lambda, networks))
    }

    fn recorded(&self) -> Vec<(String, Value)> {
        let (name, value): (&str, Value) = match self.choice {
            Choice::Bic => ("lambda", "bic".into()),
            Choice::Aic => ("lambda", "aic".into()),
            Choice::Lambda(lambda) => ("lambda", Value::Float(lambda)),
            Choice::Edges(edges) => ("edges", edges.into()),
            Choice::Density(density) => ("density", Value::Float(density)),
        };
        let mut options = vec![(name.to_string(), value)];
        if let Some(blocks) = &self.blocks {
            options.push(("blocks".into(), blocks.recorded()));
            options.push(("starts".into(), self.starts.into()));
        }
        options.push(("n_lambdas".into(), self.n_lambdas.into()));
        options.push(("variant".into(), if self.is_authors { "authors" } else { "sinew" }.into()));
        options.push(("tol".into(), Value::Float(self.tol)));
        options.push(("max_iter".into(), self.max_iter.into()));
        options
    }
}

/// The network with the largest criterion, of equal ones the sparsest.
fn best(networks: &[Network], cost: f64) -> Option<&Network> {
    networks.iter().reduce(|best, next| if next.criterion(cost) > best.criterion(cost) { next } else { best })
}

fn table(networks: &[Network], n: Option<usize>) -> Result<Table> {
    let log = n.map_or(f64::NAN, |n| (n as f64).ln());
    let column = |name: &str, value: &dyn Fn(&Network) -> f64| {
        (name.to_string(), Column::numbers(networks.iter().map(value).collect()))
    };
    let columns = vec![
        column("lambda", &|network| network.lambda),
        column("edges", &|network| network.edges as f64),
        column("coefficients", &|network| network.coefficients as f64),
        column("loglik", &|network| network.loglik),
        column("bic", &|network| network.criterion(0.5 * log)),
        column("aic", &|network| network.criterion(1.0)),
    ];
    Table::new(columns, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Simone::from_options(&options).unwrap(), Simone::default());
    }
}
