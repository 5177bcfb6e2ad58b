//! The options of GRNUlar, and the model that they make.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::methods::unrolled::model::{DEVICE, DTYPE};
use crate::model::regulators;
use crate::nn::{
    DecoderPlan, Device, Layout, MAX_DECODER_LAYERS, NetworkStep, Precision, Regulation, RegulationCell,
    RegulationProblem,
};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

use super::Grnular;
use super::context::INPUTS;

/// Over how much a threshold acts: an entry that much above it is an edge with the odds e : 1.
pub(super) const SOFTNESS: f64 = 0.1;

const VARIANT: Opt = Opt::new(
    "variant",
    &[Kind::Choice(&["sinew", "authors"])],
    Preset::Text("sinew"),
    "\"authors\" repeats the published program: a network on standardised data in the place of ridge regressions on \
moments behind dropout, thresholds from three inputs, half of all pairs seen, an undirected result",
);
const STEPS: Opt =
    Opt::new("steps", &[Kind::Count(1)], Preset::Unset("5, with variant: \"authors\" 15"), "L: unrolled iterations");
const HIDDEN: Opt = Opt::new(
    "hidden",
    &[Kind::Numbers],
    Preset::Unset("none, with variant: \"authors\" [40]"),
    "Units of one to three hidden layers of a neural network from regulators to genes, which then takes the place of \
ridge regressions",
);
const INNER_STEPS: Opt =
    Opt::new("inner_steps", &[Kind::Count(1)], Preset::Count(10), "P: steps of that network in every iteration");
const NETWORK_EPOCHS: Opt = Opt::new(
    "network_epochs",
    &[Kind::Count(1)],
    Preset::Count(200),
    "Steps of that network before the first iteration",
);
const NETWORK_RATE: Opt = Opt::new(
    "network_learning_rate",
    &[Kind::Number(Range::POSITIVE)],
    Preset::Number(0.05),
    "Learning rate of that network",
);
const NETWORKS: Opt = Opt::new(
    "networks",
    &[Kind::Count(1)],
    Preset::Count(1),
    "Random starts of that network whose results are averaged in a fit",
);
const THRESHOLD_HIDDEN: Opt = Opt::new(
    "threshold_hidden",
    &[Kind::Count(1)],
    Preset::Unset("16, with variant: \"authors\" 3"),
    "Units in a hidden layer of the threshold network, up to 32",
);
const TRAIN_LAMBDA: Opt = Opt::new(
    "train_lambda",
    &[Kind::Bool],
    Preset::Unset("true, with variant: \"authors\" false"),
    "Learn lambda too, which draws coefficients towards Z; else it is what a random network gives",
);
const MOMENTS: Opt = Opt::new(
    "moments",
    &[Kind::Choice(&["latent", "normal_scores"])],
    Preset::Text("latent"),
    "Correlations behind zeros, as latent_gaussian() finds them, or those of normal scores, zeros being ties",
);
const ORIENTATION: Opt = Opt::new(
    "orientation",
    &[Kind::Choice(&["directed", "mixed", "undirected"])],
    Preset::Unset("directed, with variant: \"authors\" undirected"),
    "Edges lead from regulators to genes; \"mixed\": but those between regulators have no direction",
);

/// Of both methods.
pub(super) const OPTIONS: &[Opt] = &[
    VARIANT,
    regulators::OPTION,
    STEPS,
    HIDDEN,
    INNER_STEPS,
    NETWORK_EPOCHS,
    NETWORK_RATE,
    NETWORKS,
    THRESHOLD_HIDDEN,
    TRAIN_LAMBDA,
    MOMENTS,
    ORIENTATION,
    DTYPE32,
    DEVICE,
];

const DTYPE32: Opt = Opt { default: Preset::Text("float32"), ..DTYPE };

/// Options of the base method, which has no steps between iterations.
pub(super) const BASE_OPTIONS: &[Opt] = &[
    VARIANT,
    regulators::OPTION,
    STEPS,
    Opt { default: Preset::Unset("[40]"), ..HIDDEN },
    Opt { help: "E1: steps of the new network of every iteration", ..NETWORK_EPOCHS },
    NETWORK_RATE,
    NETWORKS,
    THRESHOLD_HIDDEN,
    TRAIN_LAMBDA,
    MOMENTS,
    ORIENTATION,
    DTYPE32,
    DEVICE,
];

/// Options that make a model the one that was trained.
pub(super) const HELD: [&str; 6] =
    [STEPS.name, HIDDEN.name, VARIANT.name, THRESHOLD_HIDDEN.name, TRAIN_LAMBDA.name, MOMENTS.name];

/// Which edges have a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// All: from regulators to genes.
    Directed,
    /// All but those between regulators.
    Mixed,
    /// None.
    Undirected,
}

impl Orientation {
    fn word(self) -> &'static str {
        match self {
            Self::Directed => "directed",
            Self::Mixed => "mixed",
            Self::Undirected => "undirected",
        }
    }
}

/// The network in the place of ridge regressions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inner {
    pub hidden: Vec<usize>,
    pub steps: usize,
    pub epochs: usize,
    pub rate: f64,
    pub count: usize,
}

impl Grnular {
    /// From checked options.
    ///
    /// # Errors
    /// Options that do not go together.
    pub(super) fn from_options(options: &Options, is_base: bool) -> Result<Self> {
        let verb = if is_base { "grnular_base" } else { "grnular" };
        let default = Self { is_base, ..Self::default() };
        let published = options.text(VARIANT.name) == Some("authors");
        let hidden = match options.get(HIDDEN.name) {
            Some(list) => Some(layers(list)?),
            None => (published || is_base).then(|| vec![40]),
        };
        let of_network = [INNER_STEPS, NETWORK_EPOCHS, NETWORK_RATE, NETWORKS];
        if let Some(stray) = of_network.iter().find(|opt| hidden.is_none() && options.is_given(opt.name)) {
            return Err(Error::option(format!("option '{}' of {verb} is about a neural network", stray.name))
                .with_hint("hidden: [40] puts one in the place of ridge regressions"));
        }
        if published && options.is_given(MOMENTS.name) {
            return Err(Error::option(format!("option 'moments' of {verb} goes with variant: \"sinew\""))
                .with_hint("the published program takes standardised data"));
        }
        let inner = hidden.map(|hidden| Inner {
            hidden,
            steps: options.count(INNER_STEPS.name).unwrap_or(10),
            epochs: options.count(NETWORK_EPOCHS.name).unwrap_or(200),
            rate: options.number(NETWORK_RATE.name).unwrap_or(0.05),
            count: options.count(NETWORKS.name).unwrap_or(1),
        });
        let method = Self {
            published,
            regulators: regulators::given(options)?,
            steps: options.count(STEPS.name).unwrap_or(if published { 15 } else { default.steps }),
            inner,
            threshold_hidden: options.count(THRESHOLD_HIDDEN.name).unwrap_or(if published {
                3
            } else {
                default.threshold_hidden
            }),
            train_lambda: match options.get(TRAIN_LAMBDA.name) {
                Some(_) => options.is_true(TRAIN_LAMBDA.name),
                None => !published,
            },
            sees_zeros: options.text(MOMENTS.name) != Some("normal_scores"),
            orientation: match options.text(ORIENTATION.name) {
                Some("mixed") => Orientation::Mixed,
                Some("undirected") => Orientation::Undirected,
                Some(_) => Orientation::Directed,
                None if published => Orientation::Undirected,
                None => Orientation::Directed,
            },
            precision: match options.text(DTYPE.name) {
                Some("float64") => Precision::Double,
                _ => Precision::Single,
            },
            device: options.text(DEVICE.name).unwrap_or("auto").to_string(),
            is_base,
        };
        method.layout()?;
        Ok(method)
    }

    pub(super) fn verb(&self) -> &'static str {
        if self.is_base { "grnular_base" } else { "grnular" }
    }

    /// Where the parameters stand.
    pub(super) fn layout(&self) -> Result<Layout> {
        Layout::with_context(if self.published { 0 } else { INPUTS.len() }, self.threshold_hidden)
            .map_err(|error| error.at(format!("option '{}'", THRESHOLD_HIDDEN.name)))
    }

    /// The network for these data, n x D, where there is one.
    pub(super) fn network(&self, inner: &Inner, x: ndarray::Array2<f64>) -> Result<NetworkStep> {
        let plan = DecoderPlan {
            hidden: inner.hidden.clone(),
            learning_rate: inner.rate,
            device: self.device()?,
            precision: self.precision,
        };
        Ok(NetworkStep { plan, x, epochs: inner.epochs, steps: inner.steps, afresh: self.is_base })
    }

    fn device(&self) -> Result<Device> {
        // A GPU that nobody asked for takes longer to start than most fits take.
        Device::choose(if self.device == "auto" { "cpu" } else { &self.device })
    }

    /// The model on a problem.
    pub(super) fn on(
        &self,
        problem: &RegulationProblem,
        scaling: Option<&[(f64, f64)]>,
        ctx: &Context,
    ) -> Result<Regulation> {
        let cell = RegulationCell {
            layout: self.layout()?,
            steps: self.steps,
            softness: (!self.published).then_some(SOFTNESS),
            scaling: scaling.map(<[_]>::to_vec),
            learn_lambda: self.train_lambda,
        };
        Regulation::new(&cell, problem, self.device()?, self.precision, ctx)
    }

    /// The options that held, and that hold for other data too.
    pub(super) fn recorded(&self) -> Vec<(String, Value)> {
        let list = |hidden: &Vec<usize>| Value::List(hidden.iter().map(|&units| units.into()).collect());
        let inner = self.inner.as_ref();
        let mut options: Vec<(String, Value)> = vec![
            (VARIANT.name.into(), if self.published { "authors" } else { "sinew" }.into()),
            (STEPS.name.into(), self.steps.into()),
            (HIDDEN.name.into(), inner.map_or(Value::Unit, |inner| list(&inner.hidden))),
            (NETWORK_EPOCHS.name.into(), inner.map(|inner| inner.epochs).into()),
            (NETWORK_RATE.name.into(), inner.map(|inner| inner.rate).into()),
            (NETWORKS.name.into(), inner.map(|inner| inner.count).into()),
            (THRESHOLD_HIDDEN.name.into(), self.threshold_hidden.into()),
            (TRAIN_LAMBDA.name.into(), self.train_lambda.into()),
            (ORIENTATION.name.into(), self.orientation.word().into()),
            (DTYPE.name.into(), if self.precision == Precision::Double { "float64" } else { "float32" }.into()),
            ("device".into(), self.device.as_str().into()),
        ];
        if !self.is_base {
            options.push((INNER_STEPS.name.into(), inner.map(|inner| inner.steps).into()));
        }
        if !self.published {
            options.push((MOMENTS.name.into(), if self.sees_zeros { "latent" } else { "normal_scores" }.into()));
        }
        options
    }
}

/// The units of hidden layers that an option lists.
fn layers(list: &Value) -> Result<Vec<usize>> {
    let items: &[Value] = if let Value::List(items) = list { items } else { &[] };
    let units = |item: &Value| {
        item.as_number().filter(|units| units.fract() == 0.0 && *units >= 1.0).map(|units| units as usize)
    };
    let layers: Option<Vec<usize>> = items.iter().map(units).collect();
    layers.filter(|layers| (1..=MAX_DECODER_LAYERS).contains(&layers.len())).ok_or_else(|| {
        Error::option(format!("option '{}' lists the units of 1 to {MAX_DECODER_LAYERS} layers", HIDDEN.name))
            .with_hint("hidden: [40], or [40, 40]")
    })
}
