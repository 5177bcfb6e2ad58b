//! GRNUlar: an unrolled model from regulators to genes, trained on networks whose edges are known.

mod context;
mod options;
mod training;

use ndarray::Array2;

use super::directed::Roles;
use super::unrolled::model::named;
use crate::context::Context;
use crate::data::{Column, Matrix, Selector, Vector};
use crate::error::{Error, Result};
use crate::graph::{Edge, Graph, REGULATOR};
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run, SecondMoment, Trainable, Trained};
use crate::nn::{Direction, Layout, Precision};
use options::{Inner, SOFTNESS};

pub use options::Orientation;

/// The record.
pub static RECORD: Record = OWN;

const OWN: Record = Record {
    verb: "grnular",
    constructor: Some("Grnular"),
    area: Area::Recover,
    summary: "Directed graph from regulators to genes by an unrolled model trained on known networks (GRNUlar)",
    details: "Grnular(#{ .. }).train(pairs, #{ .. }) learns, from a list of pairs #{ x, truth, regulators } such as grn_pair() \
makes, which regulators act on which genes; .fit(x, #{ regulators }) of what it gives then recovers the network of other data. \
The model alternates `steps` times between regressions of all genes on the regulators, drawn towards Z, and Z, their \
coefficients less a threshold that a small network gives for every pair. Ours differs from the published one where that \
loses to a ridge regression. Zeros are taken as too little to be seen: correlations are those behind them, as \
latent_gaussian() finds them, so that monotone changes of the data such as log1p do not matter. Regressions are ridge \
regressions, in closed form, each gene without itself; hidden: [40] puts a neural network in their place. The threshold \
network is told, beside the entries of theta, S and Z, how much of a gene is explained, how a coefficient stands among \
those of its gene and of its regulator, and in which share of cells both are seen. What is minimised is the cross entropy \
of the edges, so that the weights of the graph are probabilities, with the sign of the coefficient; every regulator has \
one for every gene, and their order is the answer: .graph(0.5) has the likely ones. They hold for networks like those of \
the training. A column that never varies has no edges, which a warning tells. Clean training data are seen under several rates of dropout (`dropout` of the training). x.grnular() without \
training uses a model that comes with sinew, trained on SERGIO simulations of 100 genes by scripts/train_grnular.rhai. \
variant \"authors\" follows the published program, whose scores are those of an undirected graph, with Z as weights.",
    params: &[],
    options: options::OPTIONS,
    accepts: Accepts::Constants,
    random: true,
    adds: ADDS,
    reference: "Shrivastava, Zhang, Song, Aluru, GRNUlar (J. Comput. Biol. 29:27, 2022)",
    example: "let pair = |k| grn_pair(#{ genes: 20, regulators: 3, cell_types: 3, cells: 50, seed: k });\n\
              let model = Grnular().train((0..4).map(pair), #{ epochs: 5, dropout: [], seed: 1 });\n\
              let test = pair.call(9);\n\
              let fit = model.fit(test.x, #{ regulators: test.regulators });\n\
              print(score(test.truth, fit).aupr);\n\
              print(test.x.grnular(#{ regulators: test.regulators }).graph().edges(#{ top: 3 }));",
    run: Run::Trainable(Trainable {
        fit: |input, options, trained, ctx| Grnular::from_options(options, false)?.fit_with(input, trained, ctx),
        train: |pairs, options, ctx| training::train(&Grnular::from_options(options, false)?, pairs, options, ctx),
        train_options: training::OPTIONS,
        check: training::check,
    }),
};

/// The record of the base method.
pub(super) const BASE: Record = Record {
    verb: "grnular_base",
    constructor: Some("GrnularBase"),
    summary: "GRNUlar with a new neural network in every iteration (GRNUlar-base)",
    details: "As grnular, but in every iteration a new neural network from regulators to genes is fitted from scratch, drawn \
towards Z, for `network_epochs` steps: Algorithm 1 of the paper, which its Algorithm 2, grnular, replaces because it is slow. \
It has to be trained: GrnularBase(#{ .. }).train(pairs).fit(x, #{ regulators }).",
    options: options::BASE_OPTIONS,
    reference: "Shrivastava, Zhang, Song, Aluru, GRNUlar, Algorithm 1 (J. Comput. Biol. 29:27, 2022)",
    example: "let pair = |k| grn_pair(#{ genes: 12, regulators: 2, cell_types: 3, cells: 30, seed: k });\n\
              let model = GrnularBase(#{ hidden: [10], network_epochs: 20, steps: 2 });\n\
              let model = model.train((0..2).map(pair), #{ epochs: 2, dropout: [], seed: 1 });\n\
              let test = pair.call(9);\n\
              print(model.fit(test.x, #{ regulators: test.regulators }));\n\
              print(help(\"grnular_base\").len() > 0);",
    run: Run::Trainable(Trainable {
        fit: |input, options, trained, ctx| Grnular::from_options(options, true)?.fit_with(input, trained, ctx),
        train: |pairs, options, ctx| training::train(&Grnular::from_options(options, true)?, pairs, options, ctx),
        train_options: training::OPTIONS,
        check: training::check,
    }),
    ..OWN
};

const ADDS: &[Property] = &[
    Property {
        name: "edge_probability",
        help: "Row t has the probabilities that regulator t acts on every gene; of variant \"authors\" tanh |Z| (Matrix, \
regulators x p)",
    },
    Property {
        name: "coefficients",
        help: "theta: the last coefficients, or of a neural network the products of its weights (Matrix, regulators x p)",
    },
    Property { name: "z", help: "The last Z (Matrix, regulators x p)" },
    Property { name: "lambda_history", help: "The weight lambda of every iteration (Vector)" },
    Property { name: "parameters", help: "What was learned: the offset and the two networks, by name (map)" },
];

/// The model that comes with sinew; made by `scripts/train_grnular.rhai`.
const SHIPPED: &str = include_str!("shipped.json");

/// GRNUlar and its options.
///
/// ```
/// use sinew::data::Selector;
/// use sinew::{Context, Matrix, methods::grnular::Grnular};
/// let x = Matrix::from_fn(60, 5, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let fit = Grnular::new().regulators(vec![Selector::Position(0)]).fit(&x, &Context::new().with_seed(1))?;
/// assert!(fit.graph(0.0)?.edges().iter().all(|edge| edge.source == 0));
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Grnular {
    published: bool,
    is_base: bool,
    regulators: Option<Vec<Selector>>,
    steps: usize,
    inner: Option<Inner>,
    threshold_hidden: usize,
    train_lambda: bool,
    sees_zeros: bool,
    orientation: Orientation,
    precision: Precision,
    device: String,
}

impl Default for Grnular {
    fn default() -> Self {
        Self {
            published: false,
            is_base: false,
            regulators: None,
            steps: 5,
            inner: None,
            threshold_hidden: 16,
            train_lambda: true,
            sees_zeros: true,
            orientation: Orientation::Directed,
            precision: Precision::Single,
            device: "auto".into(),
        }
    }
}

/// What stands behind every member of a trained model.
#[derive(Debug, Clone)]
struct Members {
    layout: Layout,
    parameters: Vec<Vec<f64>>,
    /// Mean and deviation of every input of the threshold network.
    scaling: Option<Vec<(f64, f64)>>,
}

/// What the model says of all regulators (rows) and genes.
struct Found {
    probability: Array2<f64>,
    theta: Array2<f64>,
    z: Array2<f64>,
    lambdas: Vec<f64>,
}

impl Grnular {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// With these columns as the only ones that act on others, by name or position; without them, all.
    #[must_use]
    pub fn regulators(mut self, regulators: Vec<Selector>) -> Self {
        self.regulators = Some(regulators);
        self
    }

    /// Which edges have a direction.
    #[must_use]
    pub fn orientation(mut self, orientation: Orientation) -> Self {
        self.orientation = orientation;
        self
    }

    /// Fits data, cells x genes, with the model that comes with sinew.
    ///
    /// # Errors
    /// Data that cannot be used, a limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_with(&Input::with_constants(x, SecondMoment::default(), ctx)?, None, ctx)
    }

    /// Fits data with a trained model.
    ///
    /// # Errors
    /// As [`Grnular::fit`]; options that the model was not trained with.
    pub fn fit_with(&self, input: &Input, trained: Option<&Trained>, ctx: &Context) -> Result<Fit> {
        let verb = self.verb();
        let x = input.x().ok_or_else(|| Error::argument(format!("{verb} needs data, not a covariance matrix")))?;
        let members = match trained {
            Some(trained) => training::members(self, trained)?,
            None => training::members(self, &self.shipped()?)?,
        };
        let roles = Roles::of(self.regulators.as_deref(), input)?;
        let mut options = vec![roles.recorded(input)];
        options.extend(self.recorded());
        let mut builder = Fit::builder(verb, input, options, ctx);
        // Probabilities, theta and Z, their means and matrices with names; edges, twice while they are put in order.
        let _held = ctx.reserve_matrices(20, roles.regulators.len(), input.p())?;
        let seen = self.seen(x, &roles.regulators, ctx)?;
        seen.warnings.iter().for_each(|warning| builder.warn(warning.clone()));
        let found = self.found(&seen, &members, ctx)?;
        let graph = self.graph(&found, &roles, input, ctx)?;
        let named_matrix = |matrix: Array2<f64>| roles.matrix(matrix, input);
        builder
            .solver("unrolled model", self.steps, true)
            .add("edge_probability", named_matrix(found.probability)?.into())
            .add("coefficients", named_matrix(found.theta)?.into())
            .add("z", named_matrix(found.z)?.into())
            .add("lambda_history", Vector::from(found.lambdas).into())
            .add("parameters", named(members.layout, &members.parameters[0]))
            .finish(Estimate::Graph(graph), ctx)
    }

    /// The model that comes with sinew, where the options are those that it was trained with.
    fn shipped(&self) -> Result<Trained> {
        let default = Self {
            regulators: self.regulators.clone(),
            orientation: self.orientation,
            precision: self.precision,
            device: self.device.clone(),
            ..Self::default()
        };
        if *self != default {
            let constructor = if self.is_base { "GrnularBase" } else { "Grnular" };
            let message =
                format!("this {} has to be trained: what comes with sinew has the default options", self.verb());
            return Err(Error::argument(message).with_hint(format!(
                "{constructor}(#{{ .. }}).train(pairs).fit(x), with pairs #{{ x, truth, regulators }}"
            )));
        }
        let broken = |error: String| Error::internal(format!("the model of grnular: {error}"));
        let json = serde_json::from_str(SHIPPED).map_err(|error| broken(error.to_string()))?;
        Trained::from_saved_json(&json).map_err(|error| broken(error.to_string()))
    }

    /// The mean over members, and over networks where there are some.
    fn found(&self, seen: &context::Seen, members: &Members, ctx: &Context) -> Result<Found> {
        let regulation = self.on(&seen.problem, members.scaling.as_deref(), ctx)?;
        let networks = self.inner.as_ref().map_or(1, |inner| inner.count);
        let count = (members.parameters.len() * networks) as f64;
        let mut all: Option<Found> = None;
        for (member, parameters) in members.parameters.iter().enumerate() {
            for network in 0..networks {
                let stream = (member * networks + network) as u64;
                let pass = regulation.pass(parameters, Direction::Forward, stream, ctx)?;
                let mut probability = match self.published {
                    true => pass.z.mapv(|z| z.abs().tanh()),
                    false => pass.margin.mapv(|margin| 1.0 / (1.0 + (-margin / SOFTNESS).exp())),
                };
                seen.problem.own.iter().enumerate().for_each(|(t, &g)| probability[(t, g)] = 0.0);
                let (lambdas, theta, z) = (pass.lambdas, pass.theta, pass.z);
                all = Some(match all {
                    None => Found { probability, theta, z, lambdas },
                    Some(sum) => Found {
                        probability: sum.probability + probability,
                        theta: sum.theta + theta,
                        z: sum.z + z,
                        lambdas: sum.lambdas,
                    },
                });
            }
        }
        let sum = all.ok_or_else(|| Error::internal("a model without members"))?;
        let mean = Found {
            probability: sum.probability / count,
            theta: sum.theta / count,
            z: sum.z / count,
            lambdas: sum.lambdas,
        };
        match mean.probability.iter().chain(&mean.theta).chain(&mean.z).all(|value| value.is_finite()) {
            true => Ok(mean),
            false => Err(Error::numerical("the model gives numbers that are not finite for these data")
                .with_hint("train it on data like these")),
        }
    }

    /// The graph: of ours with signed probabilities as weights, of the published program with Z.
    fn graph(&self, found: &Found, roles: &Roles, input: &Input, ctx: &Context) -> Result<Graph> {
        let mut weights = match self.published {
            true => {
                let mut z = found.z.clone();
                roles.regulators.iter().enumerate().for_each(|(t, &g)| z[(t, g)] = 0.0);
                z
            }
            false => Array2::from_shape_fn(found.probability.dim(), |at| {
                found.probability[at] * if found.theta[at] < 0.0 { -1.0 } else { 1.0 }
            }),
        };
        // What never varies shows nothing of itself: its probabilities are those of pairs of which nothing is known.
        let varies = |column: usize| roles.varying.binary_search(&column).is_ok();
        weights
            .indexed_iter_mut()
            .filter(|((t, g), _)| !varies(roles.regulators[*t]) || !varies(*g))
            .for_each(|(_, w)| *w = 0.0);
        if self.orientation == Orientation::Directed {
            return roles.graph(weights.view(), input, ctx);
        }
        let mut row_of = vec![None; input.p()];
        let mut marks = vec![0.0; input.p()];
        for (row, &regulator) in roles.regulators.iter().enumerate() {
            (row_of[regulator], marks[regulator]) = (Some(row), 1.0);
        }
        let mut edges = Vec::new();
        for (row, &source) in roles.regulators.iter().enumerate() {
            ctx.check()?;
            for target in (0..input.p()).filter(|&target| target != source) {
                let own = weights[(row, target)];
                let Some(other) = row_of[target].map(|back| weights[(back, source)]) else {
                    let edge = Edge::new(source, target, own);
                    edges.push(if self.orientation == Orientation::Mixed { edge.directed() } else { edge });
                    continue;
                };
                // Two regulators have one edge: the published program's is the mean of both, ours the likelier.
                if source < target {
                    let weight = match self.published {
                        true => 0.5 * (own + other),
                        false if own.abs() >= other.abs() => own,
                        false => other,
                    };
                    edges.push(Edge::new(source, target, weight));
                }
            }
        }
        if self.published {
            // Half of Z: the mean of the two halves of the matrix.
            let both = |edge: &Edge| row_of[edge.source].is_some() && row_of[edge.target].is_some();
            edges.iter_mut().filter(|edge| !both(edge)).for_each(|edge| edge.weight *= 0.5);
        }
        edges.retain(|edge| edge.weight != 0.0);
        Graph::mixed(input.p(), input.names().cloned(), edges)?.with_node_attribute(REGULATOR, Column::numbers(marks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Grnular::from_options(&options, false).unwrap(), Grnular::default());
    }
}
