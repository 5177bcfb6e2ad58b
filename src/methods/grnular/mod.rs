//! GRNUlar: an unrolled model from regulators to genes, trained on networks whose edges are known.

mod context;
mod edges;
mod examples;
mod members;
mod options;
mod training;

use ndarray::{Array1, Array2};

use super::directed::Roles;
use super::setters::setters;
use super::unrolled::supervised::check_held;
use crate::context::Context;
use crate::data::{Matrix, Selector, Vector};
use crate::error::{Error, Result};
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run, SecondMoment, Trainable, Trained};
use crate::nn::{Direction, Precision, RegulationProblem};
use crate::options::Options;
use crate::rng;
use crate::value::Value;
use context::Columns;
use members::Members;
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
one for every gene, and their order is the answer: .graph(#{ threshold: 0.5 }) has the likely ones. They hold for networks \
like those of the training. A regulator or gene that was seen in no cell has the \
probabilities that such ones had in training; other columns that never vary have no edges, which a warning tells. Clean training data are seen under \
several rates of dropout (`dropout` of the training). x.grnular(#{ regulators }) without training uses a model that comes with \
sinew, trained on SERGIO simulations of 60 to 140 genes with 4 to 21 regulators by scripts/train_grnular.rhai: without \
`regulators`, where all columns act on all others, it has nothing to go by. Of a neural network the coefficients are a \
regulator's share of all paths of absolute weights to a gene, which is positive: edges then have the sign of the correlation. variant \"authors\" follows the published \
program, whose scores are those of an undirected graph, with Z as weights. In its training only pairs whose gene stands behind \
its regulator are seen: put regulators first.",
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
        fit: |input, options, trained, ctx| Grnular::of(options, trained, false)?.fit_with(input, trained, ctx),
        train: |pairs, options, ctx| training::train(&Grnular::from_options(options, false)?, pairs, options, ctx),
        train_options: training::OPTIONS,
        check: members::check,
    }),
};

/// The record of the base method.
pub(super) const BASE: Record = Record {
    verb: "grnular_base",
    constructor: Some("GrnularBase"),
    summary: "GRNUlar with a new neural network in every iteration (GRNUlar-base)",
    details: "As grnular, but in every iteration a new neural network from regulators to genes is fitted from scratch, drawn \
towards Z, for `network_epochs` steps: Algorithm 1 of the paper, which its Algorithm 2, grnular, replaces because it is slow. \
There is no published program of it. x.grnular_base(#{ regulators }) without training uses a model that comes with sinew.",
    options: options::BASE_OPTIONS,
    reference: "Shrivastava, Zhang, Song, Aluru, GRNUlar, Algorithm 1 (J. Comput. Biol. 29:27, 2022)",
    example: "let pair = |k| grn_pair(#{ genes: 12, regulators: 2, cell_types: 3, cells: 30, seed: k });\n\
              let model = GrnularBase(#{ hidden: [10], network_epochs: 20, steps: 2 });\n\
              let model = model.train((0..2).map(pair), #{ epochs: 2, dropout: [], seed: 1 });\n\
              let test = pair.call(9);\n\
              print(model.fit(test.x, #{ regulators: test.regulators }));\n\
              print(test.x.grnular_base(#{ regulators: test.regulators, seed: 1 }).n_edges);",
    run: Run::Trainable(Trainable {
        fit: |input, options, trained, ctx| Grnular::of(options, trained, true)?.fit_with(input, trained, ctx),
        train: |pairs, options, ctx| training::train(&Grnular::from_options(options, true)?, pairs, options, ctx),
        train_options: training::OPTIONS,
        check: members::check,
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
        help: "theta: the last coefficients, or of a neural network the shares of its paths to a gene; of variant \"authors\" \
the products of absolute weights along them (Matrix, regulators x p)",
    },
    Property { name: "z", help: "The last Z (Matrix, regulators x p)" },
    Property {
        name: "lambda_history",
        help: "The weight lambda of every iteration, the mean over the ensemble and its networks (Vector)",
    },
    Property {
        name: "parameters",
        help: "What the first of the ensemble learned: the offset and the two networks, and the scaling of inputs, by name (map)",
    },
];

/// The models that come with sinew; made by `scripts/train_grnular.rhai`.
const SHIPPED: &str = include_str!("shipped.json");
/// That of the base method; made with `--base`.
const SHIPPED_BASE: &str = include_str!("base.json");
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
    is_latent: bool,
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
            is_latent: true,
            orientation: Orientation::Directed,
            precision: Precision::Single,
            device: "auto".into(),
        }
    }
}

/// What the model says of all regulators (rows) and genes.
struct Found {
    probability: Array2<f64>,
    theta: Array2<f64>,
    z: Array2<f64>,
    lambdas: Array1<f64>,
}

impl Grnular {
    /// With the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// From the options of a fit; that the layers are not those of the training is said before what does not go with them.
    fn of(options: &Options, trained: Option<&Trained>, is_base: bool) -> Result<Self> {
        if let Some(trained) = trained {
            let name = options::HIDDEN.name;
            let given = options.get(name).cloned().unwrap_or(Value::Unit);
            check_held(&[name], &[(name.to_string(), given)], trained)?;
        }
        Self::from_options(options, is_base)
    }

    setters! {
        /// With these columns as the only ones that act on others, by name or position; without them, all.
        regulators: Vec<Selector> => regulators = Some;
        /// Which edges have a direction.
        orientation: Orientation => orientation;
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
            Some(trained) => Members::of(self, trained)?,
            None => Members::of(self, &self.shipped()?)?,
        };
        let input = &input.knowing(&self.unseen(x));
        let roles = Roles::of(self.regulators.as_deref(), input)?;
        let mut options = vec![roles.recorded(input)];
        options.extend(self.recorded());
        let mut builder = Fit::builder(verb, input, options, ctx);
        // Probabilities, theta and Z, their means and matrices with names; edges, twice while they are put in order.
        let _held = ctx.reserve_matrices(20, roles.regulators.len(), input.p())?;
        if let Some(warning) = edges::unlike_training(&roles, input).filter(|_| trained.is_none()) {
            builder.warn(warning);
        }
        let columns = Columns { regulators: &roles.regulators, varying: &roles.varying };
        let prepared = self.prepared(x, columns, ctx)?;
        prepared.warnings.iter().for_each(|warning| builder.warn(warning.clone()));
        let found = self.found(&prepared.problem, &members, ctx)?;
        let graph = self.graph(&self.weights(&found, &prepared.problem), &roles, input, ctx)?;
        let lambdas = found.lambdas.to_vec();
        let named_matrix = |matrix: Array2<f64>| roles.matrix(matrix, input);
        builder
            .solver("unrolled model", self.steps, true)
            .add("edge_probability", named_matrix(found.probability)?.into())
            .add("coefficients", named_matrix(found.theta)?.into())
            .add("z", named_matrix(found.z)?.into())
            .add("lambda_history", Vector::from(lambdas).into())
            .add("parameters", members.first())
            .finish(Estimate::Graph(graph), ctx)
    }

    /// The model that comes with sinew, where the options are those that it was trained with.
    fn shipped(&self) -> Result<Trained> {
        let mut default = Self {
            regulators: self.regulators.clone(),
            orientation: self.orientation,
            precision: self.precision,
            device: self.device.clone(),
            ..Self::defaults(self.is_base)
        };
        if let (Some(inner), Some(own)) = (&mut default.inner, &self.inner) {
            inner.count = own.count;
        }
        if *self != default {
            let constructor = if self.is_base { "GrnularBase" } else { "Grnular" };
            let message =
                format!("this {} has to be trained: what comes with sinew has the default options", self.verb());
            return Err(Error::argument(message).with_hint(format!(
                "{constructor}(#{{ .. }}).train(pairs).fit(x), with pairs #{{ x, truth, regulators }}"
            )));
        }
        let broken = |error: String| Error::internal(format!("the model of {}: {error}", self.verb()));
        let text = if self.is_base { SHIPPED_BASE } else { SHIPPED };
        let json = serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
        Trained::from_saved_json(&json).map_err(|error| broken(error.to_string()))
    }

    /// The mean over members, and over networks where there are some.
    fn found(&self, problem: &RegulationProblem, members: &Members, ctx: &Context) -> Result<Found> {
        let regulation = self.on(problem, members.scaling.as_deref(), ctx)?;
        let networks = self.inner.as_ref().map_or(1, |inner| inner.count);
        let count = members.parameters.len() as f64 * networks as f64;
        let mut all: Option<Found> = None;
        for (member, parameters) in members.parameters.iter().enumerate() {
            for network in 0..networks {
                let stream = rng::derive(member as u64, "network of a fit", network as u64);
                let pass = regulation.pass(parameters, Direction::Forward, stream, ctx)?;
                let probability = match self.published {
                    true => pass.z.mapv(|z| z.abs().tanh()),
                    false => pass.margin.mapv(|margin| 1.0 / (1.0 + (-margin / SOFTNESS).exp())),
                };
                let (lambdas, theta, z) = (Array1::from(pass.lambdas), pass.theta, pass.z);
                all = Some(match all {
                    None => Found { probability, theta, z, lambdas },
                    Some(sum) => Found {
                        probability: sum.probability + probability,
                        theta: sum.theta + theta,
                        z: sum.z + z,
                        lambdas: sum.lambdas + lambdas,
                    },
                });
            }
        }
        let sum = all.ok_or_else(|| Error::internal("a model without members"))?;
        // What never varies shows nothing of itself, and a network has paths from a regulator to itself.
        let possible = |sum: Array2<f64>| sum / count * &problem.pairs;
        let mean = Found {
            probability: possible(sum.probability),
            theta: possible(sum.theta),
            z: possible(sum.z),
            lambdas: sum.lambdas / count,
        };
        match mean.probability.iter().chain(&mean.theta).chain(&mean.z).all(|value| value.is_finite()) {
            true => Ok(mean),
            false => Err(Error::numerical("the model gives numbers that are not finite for these data")
                .with_hint("train it on data like these")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Grnular::from_options(&options, false).unwrap(), Grnular::default());
        let options = BASE.check(&[]).unwrap();
        assert_eq!(Grnular::from_options(&options, true).unwrap(), Grnular::defaults(true));
    }

    #[test]
    fn networks_have_more_iterations_and_lambda_as_it_is() {
        let with = |name: &str, value: Value| {
            let options = RECORD.check(&[(name.into(), value)]).unwrap();
            let method = Grnular::from_options(&options, false).unwrap();
            (method.steps, method.train_lambda)
        };
        assert_eq!(with("hidden", vec![Value::from(8i64)].into()), (15, false));
        assert_eq!(with("variant", "authors".into()), (15, false));
        assert_eq!(with("threshold_hidden", 4i64.into()), (5, true));
    }
}
