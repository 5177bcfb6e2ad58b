//! Single-cell expression from a regulatory network, by SERGIO's equations: the record, its options, and a file for
//! steady states, one for differentiation.

mod differentiation;
mod network;
mod noise;
mod setting;
mod steady;

pub use noise::Noise;
pub use setting::{HalfResponse, PerGene, Rates};

use ndarray::Array2;

use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Accepts, Area, Param, Property, Record, Run, Simulation};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::value::Value;
use network::Network;
use setting::Setting;

const RATE_LAW: &[Opt] = &[
    Opt::new("low", &[Kind::Interval(Range::NON_NEGATIVE)], Preset::Interval(Sergio::LOW_RATES), "Bounds of low rates"),
    Opt::new(
        "high",
        &[Kind::Interval(Range::NON_NEGATIVE)],
        Preset::Interval(Sergio::HIGH_RATES),
        "Bounds of high rates",
    ),
];
const PER_GENE: &[Kind] = &[Kind::Number(Range::NON_NEGATIVE), Kind::List, Kind::Object("Vector")];

pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("cell_types", &[Kind::Count(1)], Preset::Unset("those of the rates, else 5"), "Number of cell types"),
    Opt::new("cells", &[Kind::Count(1)], Preset::Count(200), "Cells of every type"),
    Opt::new(
        "noise",
        &[Kind::Choice(Noise::WORDS)],
        Preset::Text("dpd"),
        "Which reactions are noisy: production and decay, production alone, or both with the same noise",
    ),
    Opt::new("noise_amplitude", PER_GENE, Preset::Number(0.1), "Amplitude q of the noise, or one for each gene"),
    Opt::new("decay", PER_GENE, Preset::Number(1.0), "Decay rate, or one for each gene; above 0"),
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
        &[Kind::Map, Kind::List, Kind::Object("Vector")],
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

/// The record.
pub static RECORD: Record = Record {
    verb: "sergio",
    constructor: None,
    area: Area::Simulate,
    summary: "Single-cell expression from a gene regulatory network, by SERGIO's equations",
    details: "The expression x of a gene follows dx = (P - decay x) dt + noise, in steps of dt, never below 0. P is the basal \
rate of a master regulator (a gene without regulators); else the sum over its regulators of |K| h(x_j), with h = x^n / (H^n + \
x^n) for activators and 1 - that for repressors; K is the edge's weight, n its attribute `hill` (2 where there is none), H the \
mean of the regulator's expression over cell types. The noise is q sqrt(P) w1 + q sqrt(decay x) w2 (\"dpd\"), q sqrt(P) w \
(\"sp\") or q (sqrt(P) + sqrt(decay x)) w (\"spd\"). Without `bifurcation`, every cell type is a trajectory of sampling_state x \
cells states from its steady state on; `cells` of them are drawn with replacement, the same for all genes, so that genes are \
drawn jointly. With it, types differentiate as the matrix says: a type starts with round(share x cells) cells from its parent's \
steady state (a root with about 20 from its own), runs until every gene has been near its steady state and then \
sampling_state times as long, shared among its cells, and `cells` states of all are drawn without replacement; expression is \
then unspliced and spliced, and counts are their sum. Counts have no technical noise and are no whole numbers: \
technical_noise(..) follows. The published settings: q = 0.1, decay = 1 (GRNUlar, uGLAD; the defaults), q = 1, decay = 0.8 \
(SERGIO's DS1 to DS3). Rates are drawn as GRNUlar does, low or high with the same probability, unless the network has \
some.",
    params: &[Param { name: "grn", help: "a directed Graph without cycles, as random_grn and read_sergio give it" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[
        Property { name: "counts", help: "Expression without technical noise (Matrix, cells x genes, type 0 first)" },
        Property { name: "cell_type", help: "The type of every cell, from 0 (Vector)" },
        Property { name: "truth", help: "The network, with the rates that held (Graph)" },
        Property { name: "half_response", help: "Half responses of regulators, NaN for other genes (Vector)" },
        Property { name: "unspliced", help: "Unspliced expression in differentiation (Matrix, cells x genes)" },
        Property { name: "spliced", help: "Spliced expression in differentiation (Matrix, cells x genes)" },
    ],
    reference: "Dibaeinia, Sinha, Cell Systems 11:252 (2020)",
    example: "let grn = random_grn(#{ genes: 20, regulators: 3, seed: 1 });\n\
let sim = sergio(grn, #{ cell_types: 3, cells: 50, seed: 2 });\nprint(sim);\nprint(sim.counts.head(2));",
    run: Run::Value(|args, options, ctx| {
        let grn = args.object::<Graph>(0, "the network", "a Graph")?;
        let sergio = Sergio::from_options(options).map_err(|error| error.at("sergio"))?;
        sergio.simulate(grn, ctx).map(Into::into)
    }),
};

/// A simulation of expression and its options.
#[derive(Debug, Clone, PartialEq)]
pub struct Sergio {
    /// Number of cell types; those of the rates where none is given.
    pub cell_types: Option<usize>,
    /// Cells of every type.
    pub cells: usize,
    /// Which reactions are noisy.
    pub noise: Noise,
    /// Amplitude q of the noise.
    pub noise_amplitude: PerGene,
    /// Decay rate.
    pub decay: PerGene,
    /// Length of a trajectory in units of `cells`.
    pub sampling_state: usize,
    /// Time of a step.
    pub dt: f64,
    /// Basal rates; the network's own where none are given, else drawn.
    pub rates: Option<Rates>,
    /// Half responses.
    pub half_response: HalfResponse,
    /// How cell types differentiate, types x types; steady states where it is not given.
    pub bifurcation: Option<Matrix>,
    /// Spliced over unspliced expression.
    pub splice_ratio: f64,
    /// Amplitude of the noise of spliced expression; that of unspliced where it is not given.
    pub noise_amplitude_spliced: Option<PerGene>,
    /// Steps of a cell type in differentiation at most.
    pub max_steps: usize,
}

impl Default for Sergio {
    fn default() -> Self {
        Self {
            cell_types: None,
            cells: 200,
            noise: Noise::DualProductionDecay,
            noise_amplitude: PerGene::Same(0.1),
            decay: PerGene::Same(1.0),
            sampling_state: 15,
            dt: 0.01,
            rates: None,
            half_response: HalfResponse::Estimated,
            bifurcation: None,
            splice_ratio: 4.0,
            noise_amplitude_spliced: None,
            max_steps: 50_000,
        }
    }
}

impl Sergio {
    const CELL_TYPES: usize = 5;
    const LOW_RATES: [f64; 2] = [0.2, 0.5];
    const HIGH_RATES: [f64; 2] = [0.7, 1.0];

    /// With the defaults of the script verb.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_options(options: &Options) -> Result<Self> {
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
            noise_amplitude: per_gene(options, "noise_amplitude")?.unwrap_or(default.noise_amplitude),
            decay: per_gene(options, "decay")?.unwrap_or(default.decay),
            sampling_state: options.count("sampling_state").unwrap_or(default.sampling_state),
            dt: options.number("dt").unwrap_or(default.dt),
            rates: given_rates.or_else(|| options.object::<Matrix>("rates").cloned().map(Rates::Given)),
            half_response: half_response(options)?,
            bifurcation,
            splice_ratio: options.number("splice_ratio").unwrap_or(default.splice_ratio),
            noise_amplitude_spliced: per_gene(options, "noise_amplitude_spliced")?,
            max_steps: options.count("max_steps").unwrap_or(default.max_steps),
        })
    }

    /// Simulates a network, whose edges lead from regulators to targets; the seed is the context's.
    ///
    /// # Errors
    /// A graph with a cycle or with edges that have no direction, options that do not fit it, limits of the context.
    pub fn simulate(&self, grn: &Graph, ctx: &Context) -> Result<Simulation> {
        let _network = Network::reserve(grn, ctx)?;
        let network = Network::new(grn)?;
        let setting = Setting::new(self, grn, &network, ctx)?;
        let cells = setting.cell_types.saturating_mul(setting.cells);
        let is_dynamic = self.bifurcation.is_some();
        let _held = ctx.reserve_matrices(if is_dynamic { 3 } else { 2 }, cells, network.genes())?;
        let names = network.labels();
        let of_genes = |values: Vec<f64>| Vector::from(values).named(Some(names.clone()));
        let truth = grn.with_rates(setting.rates.view())?;
        let types = (0..cells).map(|cell| (cell / setting.cells) as f64).collect::<Vec<_>>();
        let simulation = |counts: Matrix, half_response: Vec<f64>| {
            Simulation::new(RECORD.verb, self.recorded(setting.cell_types), ctx)
                .with("counts", counts)
                .with("cell_type", Vector::from(types))
                .with("truth", truth)
                .with("half_response", of_genes(half_response))
        };
        if let Some(bifurcation) = &self.bifurcation {
            let paths = differentiation::simulate(self, &setting, bifurcation, ctx)?;
            let unspliced = Matrix::from(paths.unspliced).with_names(Some(names.clone()))?;
            let spliced = Matrix::from(paths.spliced).with_names(Some(names.clone()))?;
            let counts = Matrix::from(&unspliced.view() + &spliced.view()).with_names(Some(names.clone()))?;
            return Ok(simulation(counts, paths.half_response).with("unspliced", unspliced).with("spliced", spliced));
        }
        let expression = steady::simulate(&setting, ctx)?;
        let counts = Matrix::from(side_by_side(&expression.samples)).with_names(Some(names.clone()))?;
        Ok(simulation(counts, expression.half_response))
    }

    fn recorded(&self, cell_types: usize) -> Vec<(String, Value)> {
        let numbers = |values: &PerGene| match values {
            PerGene::Same(value) => Value::Float(*value),
            PerGene::Each(values) => Vector::from(values.clone()).into(),
        };
        let mut options: Vec<(String, Value)> = vec![
            ("cell_types".into(), cell_types.into()),
            ("cells".into(), self.cells.into()),
            ("noise".into(), self.noise.word().into()),
            ("noise_amplitude".into(), numbers(&self.noise_amplitude)),
            ("decay".into(), numbers(&self.decay)),
            ("sampling_state".into(), self.sampling_state.into()),
            ("dt".into(), self.dt.into()),
        ];
        if let Some(bifurcation) = &self.bifurcation {
            let spliced = self.noise_amplitude_spliced.as_ref().unwrap_or(&self.noise_amplitude);
            options.push(("bifurcation".into(), bifurcation.clone().into()));
            options.push(("splice_ratio".into(), self.splice_ratio.into()));
            options.push(("noise_amplitude_spliced".into(), numbers(spliced)));
            options.push(("max_steps".into(), self.max_steps.into()));
        }
        options
    }
}

/// A number, or a list of them.
fn per_gene(options: &Options, name: &str) -> Result<Option<PerGene>> {
    Ok(match options.get(name) {
        None => None,
        Some(Value::List(list)) => Some(PerGene::Each(numbers(list, name)?)),
        Some(value) => match (value.as_number(), value.object::<Vector>()) {
            (Some(number), _) => Some(PerGene::Same(number)),
            (_, vector) => vector.map(|vector| PerGene::Each(vector.as_slice().to_vec())),
        },
    })
}

fn numbers(list: &[Value], option: &str) -> Result<Vec<f64>> {
    let wrong =
        |value: &Value| Error::option(format!("option '{option}' lists numbers, one of them is {}", value.brief()));
    list.iter().map(|value| value.as_number().ok_or_else(|| wrong(value))).collect()
}

/// Half responses as scripts give them: one a gene; by the regulator's name; or by the target's name as a list of pairs
/// [regulator, half response].
fn half_response(options: &Options) -> Result<HalfResponse> {
    Ok(match options.get("half_response") {
        None => HalfResponse::Estimated,
        Some(Value::List(list)) => HalfResponse::Each(numbers(list, "half_response")?),
        Some(Value::Map(entries)) => {
            let mut named = Vec::new();
            for (name, value) in entries {
                match value {
                    Value::List(pairs) => {
                        let pairs: Option<Vec<_>> = pairs.iter().map(regulator_and_number).collect();
                        named.extend(pairs.ok_or_else(|| wrong_half_response(name, value))?);
                    }
                    _ => named.push((name.clone(), value.as_number().ok_or_else(|| wrong_half_response(name, value))?)),
                }
            }
            HalfResponse::Named(named)
        }
        Some(value) => value
            .object::<Vector>()
            .map_or(HalfResponse::Estimated, |vector| HalfResponse::Each(vector.as_slice().to_vec())),
    })
}

fn regulator_and_number(pair: &Value) -> Option<(String, f64)> {
    let Value::List(pair) = pair else { return None };
    match pair.as_slice() {
        [Value::Text(name), value] => Some((name.clone(), value.as_number()?)),
        [Value::Int(position), value] => Some((position.to_string(), value.as_number()?)),
        _ => None,
    }
}

fn wrong_half_response(name: &str, value: &Value) -> Error {
    Error::option(format!("option 'half_response': '{name}' has {}, which is no number", value.brief()))
        .with_hint("#{ g0: 0.5 } by regulator, or #{ g7: [[\"g0\", 0.5]] } by target")
}

/// Lists of numbers as the columns of a matrix.
fn side_by_side(columns: &[Vec<f64>]) -> Array2<f64> {
    /// Columns written together: what a row gets of them is a line of the cache.
    const TOGETHER: usize = 8;
    let rows = columns.first().map_or(0, Vec::len);
    let mut whole = Array2::zeros((rows, columns.len()));
    for (first, group) in (0..).step_by(TOGETHER).zip(columns.chunks(TOGETHER)) {
        for (i, mut row) in whole.rows_mut().into_iter().enumerate() {
            group.iter().enumerate().for_each(|(j, column)| row[first + j] = column[i]);
        }
    }
    whole
}
