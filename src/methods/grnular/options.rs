//! The options of GRNUlar, and the model that they make.

use std::sync::Arc;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::methods::unrolled::model::{DEVICE, DTYPE};
use crate::model::regulators;
use crate::nn::{
    DecoderPlan, Device, Layout, MAX_DECODER_LAYERS, MAX_DECODER_UNITS, NetworkStep, Precision, Regulation,
    RegulationCell, RegulationProblem,
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
    Opt::new("steps", &[Kind::Count(1)], Preset::Unset("5, with a neural network 15"), "L: unrolled iterations");
pub(super) const HIDDEN: Opt = Opt::new(
    "hidden",
    &[Kind::Numbers],
    Preset::Unset("none, with variant: \"authors\" [40]"),
    "Units of one to three hidden layers of a neural network from regulators to genes, which then takes the place of \
ridge regressions; shares of its paths have no sign, and edges that of the correlation",
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
    Preset::Unset("true, with a neural network false"),
    "Learn lambda too, which draws coefficients towards Z; else it is what a random network gives. Through a neural \
network no gradient goes: lambda cannot be learned with one",
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
    DEVICE_CPU,
];

const DTYPE32: Opt = Opt { default: Preset::Text("float32"), ..DTYPE };
const DEVICE_CPU: Opt = Opt {
    help: "Where the model runs: \"cpu\", for which \"auto\" stands because a GPU takes longer to start than most fits, or \
\"cuda:0\"; that of a training does not hold in fits",
    ..DEVICE
};

/// Options of the base method, which has no steps between iterations, always a network, and no published program.
pub(super) const BASE_OPTIONS: &[Opt] = &[
    regulators::OPTION,
    // Every iteration fits a whole network.
    Opt { default: Preset::Count(5), ..STEPS },
    Opt { default: Preset::Unset("[40]"), ..HIDDEN },
    Opt { help: "E1: steps of the new network of every iteration", ..NETWORK_EPOCHS },
    NETWORK_RATE,
    NETWORKS,
    Opt { default: Preset::Count(16), ..THRESHOLD_HIDDEN },
    MOMENTS,
    Opt { default: Preset::Text("directed"), ..ORIENTATION },
    DTYPE32,
    DEVICE_CPU,
];

/// Options that make a model the one that was trained, where it has them.
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

impl Default for Inner {
    fn default() -> Self {
        Self { hidden: vec![40], steps: 10, epochs: 200, rate: 0.05, count: 1 }
    }
}

impl Grnular {
    /// From checked options.
    ///
    /// # Errors
    /// Options that do not go together.
    pub(super) fn from_options(options: &Options, is_base: bool) -> Result<Self> {
        let default = Self::defaults(is_base);
        let verb = default.verb();
        let published = options.text(VARIANT.name) == Some("authors");
        let inner = inner(verb, published || is_base, options)?;
        if inner.is_some() && options.is_true(TRAIN_LAMBDA.name) {
            let message =
                format!("option '{}' of {verb}: no gradient goes through a neural network", TRAIN_LAMBDA.name);
            return Err(Error::option(message).with_hint("leave it out: lambda is learned without `hidden` alone"));
        }
        if published && options.is_given(MOMENTS.name) {
            return Err(Error::option(format!("option 'moments' of {verb} goes with variant: \"sinew\""))
                .with_hint("the published program takes standardised data"));
        }
        let method = Self {
            published,
            regulators: regulators::given(options)?,
            steps: match options.count(STEPS.name) {
                Some(steps) => steps,
                None if inner.is_some() && !is_base => 15,
                None => default.steps,
            },
            threshold_hidden: options.count(THRESHOLD_HIDDEN.name).unwrap_or(if published {
                3
            } else {
                default.threshold_hidden
            }),
            train_lambda: match options.get(TRAIN_LAMBDA.name) {
                Some(_) => options.is_true(TRAIN_LAMBDA.name),
                None => inner.is_none(),
            },
            inner,
            is_latent: options.text(MOMENTS.name) != Some("normal_scores"),
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

    /// The model without any options.
    pub(super) fn defaults(is_base: bool) -> Self {
        match is_base {
            true => Self { is_base, inner: Some(Inner::default()), train_lambda: false, ..Self::default() },
            false => Self::default(),
        }
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
        Ok(NetworkStep {
            plan,
            x: Arc::new(x),
            epochs: inner.epochs,
            steps: inner.steps,
            afresh: self.is_base,
            shares: !self.published,
        })
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
            (STEPS.name.into(), self.steps.into()),
            (HIDDEN.name.into(), inner.map_or(Value::Unit, |inner| list(&inner.hidden))),
            (NETWORK_EPOCHS.name.into(), inner.map(|inner| inner.epochs).into()),
            (NETWORK_RATE.name.into(), inner.map(|inner| inner.rate).into()),
            (NETWORKS.name.into(), inner.map(|inner| inner.count).into()),
            (THRESHOLD_HIDDEN.name.into(), self.threshold_hidden.into()),
            (ORIENTATION.name.into(), self.orientation.word().into()),
            (DTYPE.name.into(), if self.precision == Precision::Double { "float64" } else { "float32" }.into()),
            (DEVICE.name.into(), self.device.as_str().into()),
        ];
        if !self.is_base {
            options.push((VARIANT.name.into(), if self.published { "authors" } else { "sinew" }.into()));
            options.push((TRAIN_LAMBDA.name.into(), self.train_lambda.into()));
            options.push((INNER_STEPS.name.into(), inner.map(|inner| inner.steps).into()));
        }
        if !self.published {
            options.push((MOMENTS.name.into(), if self.is_latent { "latent" } else { "normal_scores" }.into()));
        }
        options
    }
}

/// The network that options ask for, or that there is always.
fn inner(verb: &str, is_there: bool, options: &Options) -> Result<Option<Inner>> {
    let default = Inner::default();
    let hidden = match options.get(HIDDEN.name) {
        Some(list) => layers(list)?,
        None if is_there => default.hidden,
        None => {
            let of_network = [INNER_STEPS, NETWORK_EPOCHS, NETWORK_RATE, NETWORKS];
            let Some(stray) = of_network.iter().find(|opt| options.is_given(opt.name)) else { return Ok(None) };
            return Err(Error::option(format!("option '{}' of {verb} is about a neural network", stray.name))
                .with_hint("Grnular(#{ hidden: [40] }).train(pairs) has one in the place of ridge regressions"));
        }
    };
    Ok(Some(Inner {
        hidden,
        steps: options.count(INNER_STEPS.name).unwrap_or(default.steps),
        epochs: options.count(NETWORK_EPOCHS.name).unwrap_or(default.epochs),
        rate: options.number(NETWORK_RATE.name).unwrap_or(default.rate),
        count: options.count(NETWORKS.name).unwrap_or(default.count),
    }))
}

/// The units of hidden layers that an option lists.
fn layers(list: &Value) -> Result<Vec<usize>> {
    let items: &[Value] = if let Value::List(items) = list { items } else { &[] };
    let units = |item: &Value| {
        let fits = |units: &f64| units.fract() == 0.0 && (1.0..=MAX_DECODER_UNITS as f64).contains(units);
        item.as_number().filter(fits).map(|units| units as usize)
    };
    let layers: Option<Vec<usize>> = items.iter().map(units).collect();
    layers.filter(|layers| (1..=MAX_DECODER_LAYERS).contains(&layers.len())).ok_or_else(|| {
        let message = format!(
            "option '{}' lists the units of 1 to {MAX_DECODER_LAYERS} layers, each from 1 to {MAX_DECODER_UNITS}",
            HIDDEN.name
        );
        Error::option(message).with_hint("hidden: [40], or [40, 40]")
    })
}
