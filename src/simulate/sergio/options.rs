//! The options of scripts.

use super::{HalfResponse, Noise, PerGene, Rates, Sergio};
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;

const RATE_LAW: &[Opt] = &[
    Opt::new("low", &[Kind::Interval(Range::NON_NEGATIVE)], Preset::Interval(Sergio::LOW_RATES), "Bounds of low rates"),
    Opt::new(
        "high",
        &[Kind::Interval(Range::NON_NEGATIVE)],
        Preset::Interval(Sergio::HIGH_RATES),
        "Bounds of high rates",
    ),
];
const RATES: &[Kind] = &[Kind::Number(Range::POSITIVE), Kind::Numbers, Kind::Object("Vector")];
const PER_GENE: &[Kind] = &[Kind::Number(Range::NON_NEGATIVE), Kind::Numbers, Kind::Object("Vector")];

pub(in crate::simulate) const OPTIONS: &[Opt] = &[
    Opt::new(
        "cell_types",
        &[Kind::Count(1)],
        Preset::Unset("those of the rates, else of `bifurcation`, else 5"),
        "Number of cell types",
    ),
    Opt::new("cells", &[Kind::Count(1)], Preset::Count(200), "Cells of every type"),
    Opt::new(
        "noise",
        &[Kind::Choice(Noise::WORDS)],
        Preset::Text("dpd"),
        "Which reactions are noisy: production and decay, production alone, or both with the same noise",
    ),
    Opt::new("noise_amplitude", PER_GENE, Preset::Number(0.1), "Amplitude q of the noise, or one for each gene"),
    Opt::new("decay", RATES, Preset::Number(1.0), "Decay rate, or one for each gene"),
    Opt::new(
        "sampling_state",
        &[Kind::Count(1)],
        Preset::Count(15),
        "Length of a trajectory in units of `cells`; of differentiation, how much longer it runs than it needs to settle",
    ),
    Opt::new("dt", &[Kind::Number(Range::POSITIVE)], Preset::Number(0.01), "Time of a step"),
    Opt::new(
        "rates",
        &[Kind::Options(RATE_LAW), Kind::Object("Matrix")],
        Preset::Unset("the network's own, else drawn"),
        "Basal production of master regulators: a Matrix (one row each x cell types), or how they are drawn",
    ),
    Opt::new(
        "half_response",
        &[Kind::Map, Kind::Numbers, Kind::Object("Vector")],
        Preset::Unset("mean expression of the regulator"),
        "Half responses H of regulators: a map from names, or one for each gene",
    ),
    Opt::new(
        "bifurcation",
        &[Kind::Object("Matrix")],
        Preset::Unset("none: steady states"),
        "Differentiation: entry (i, j) is the share of cells of type i that turn into type j",
    ),
    Opt::new(
        "splice_ratio",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Number(4.0),
        "Spliced over unspliced expression",
    ),
    Opt::new(
        "noise_amplitude_spliced",
        PER_GENE,
        Preset::Unset("noise_amplitude"),
        "Amplitude of the noise of spliced expression, or one for each gene",
    ),
    Opt::new(
        "max_steps",
        &[Kind::Count(1)],
        Preset::Count(50_000),
        "Steps of a cell type in differentiation at most, until all genes are near their steady state",
    ),
];

/// Options that differentiation has and steady states do not.
const OF_DIFFERENTIATION: &[&str] = &["splice_ratio", "noise_amplitude_spliced", "max_steps"];

impl Sergio {
    pub(in crate::simulate) fn from_options(options: &Options) -> Result<Self> {
        let default = Self::default();
        let given_rates = options.nested("rates").map(|law| Rates::Drawn {
            low: law.interval("low").unwrap_or(Self::LOW_RATES),
            high: law.interval("high").unwrap_or(Self::HIGH_RATES),
        });
        let bifurcation = options.object::<Matrix>("bifurcation").cloned();
        if let Some(name) = OF_DIFFERENTIATION.iter().find(|name| options.is_given(name) && bifurcation.is_none()) {
            return Err(Error::option(format!("option '{name}' goes with 'bifurcation'")));
        }
        Ok(Self {
            cell_types: options.count("cell_types"),
            cells: options.count("cells").unwrap_or(default.cells),
            noise: options.text("noise").and_then(Noise::from_word).unwrap_or(default.noise),
            noise_amplitude: per_gene(options, "noise_amplitude").unwrap_or(default.noise_amplitude),
            decay: per_gene(options, "decay").unwrap_or(default.decay),
            sampling_state: options.count("sampling_state").unwrap_or(default.sampling_state),
            dt: options.number("dt").unwrap_or(default.dt),
            rates: given_rates.or_else(|| options.object::<Matrix>("rates").cloned().map(Rates::Given)),
            half_response: half_response(options)?,
            bifurcation,
            splice_ratio: options.number("splice_ratio").unwrap_or(default.splice_ratio),
            noise_amplitude_spliced: per_gene(options, "noise_amplitude_spliced"),
            max_steps: options.count("max_steps").unwrap_or(default.max_steps),
        })
    }
}

/// A number, or one for each gene.
fn per_gene(options: &Options, name: &str) -> Option<PerGene> {
    let value = options.get(name)?;
    match value.as_number() {
        Some(number) => Some(PerGene::Same(number)),
        None => numbers(value).map(PerGene::Each),
    }
}

/// The numbers of a list or a Vector.
fn numbers(value: &Value) -> Option<Vec<f64>> {
    match value {
        Value::List(list) => list.iter().map(Value::as_number).collect(),
        value => value.object::<Vector>().map(|vector| vector.as_slice().to_vec()),
    }
}

/// Half responses as scripts give them: one a gene; by the regulator's name; or by the target's name as a list of pairs
/// [regulator, half response].
fn half_response(options: &Options) -> Result<HalfResponse> {
    let entries = match options.get("half_response") {
        None => return Ok(HalfResponse::Estimated),
        Some(Value::Map(entries)) => entries,
        Some(value) => return Ok(numbers(value).map_or(HalfResponse::Estimated, HalfResponse::Each)),
    };
    if entries.iter().all(|(_, value)| value.as_number().is_some()) {
        let named = entries.iter().filter_map(|(name, value)| Some((name.clone(), value.as_number()?)));
        return Ok(HalfResponse::Named(named.collect()));
    }
    let target = |(name, value): &(String, Value)| {
        let pairs = match value {
            Value::List(pairs) => pairs.iter().map(regulator_and_number).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        let wrong = || {
            Error::option(format!("option 'half_response': '{name}' has {}, which is no number", value.brief()))
                .with_hint("#{ g0: 0.5 } by regulator, or #{ g7: [[\"g0\", 0.5]] } by target")
        };
        Ok((name.clone(), pairs.ok_or_else(wrong)?))
    };
    entries.iter().map(target).collect::<Result<_>>().map(HalfResponse::ByTarget)
}

fn regulator_and_number(pair: &Value) -> Option<(String, f64)> {
    let Value::List(pair) = pair else { return None };
    match pair.as_slice() {
        [Value::Text(name), value] => Some((name.clone(), value.as_number()?)),
        [Value::Int(position), value] => Some((position.to_string(), value.as_number()?)),
        _ => None,
    }
}
