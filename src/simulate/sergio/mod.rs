//! Single-cell expression from a regulatory network, by SERGIO's equations: the record, its options, and a file for
//! steady states, one for differentiation.

mod differentiation;
mod lineage;
mod network;
mod noise;
mod options;
mod reservoir;
mod setting;
mod steady;

pub use noise::Noise;
pub(super) use options::OPTIONS;
pub use setting::{HalfResponse, PerGene, Rates};

use ndarray::Array2;

use crate::context::Context;
use crate::data::{Matrix, Vector};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::{Accepts, Area, Param, Property, Record, Run, Simulation};
use crate::value::Value;
use network::Network;
use setting::Setting;

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
(SERGIO's DS1 to DS3). SERGIO's words number_bins, number_sc, noise_params and noise_type \"sd\" \
are here cell_types, cells, noise_amplitude and noise: \"spd\". Rates are drawn as GRNUlar does, low or high with the same probability, unless the network has \
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

    /// Checks what a script's options cannot be.
    pub(super) fn check(&self) -> Result<()> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let intervals = match self.rates {
            Some(Rates::Drawn { low, high }) => [low, high],
            _ => [Self::LOW_RATES, Self::HIGH_RATES],
        };
        let is_interval = |[low, high]: [f64; 2]| low >= 0.0 && low <= high && high.is_finite();
        let wrong = [
            ("cells", self.cells == 0),
            ("sampling_state", self.sampling_state == 0),
            ("cell_types", self.cell_types == Some(0)),
            ("dt", !positive(self.dt)),
            ("splice_ratio", !positive(self.splice_ratio)),
            ("rates", !intervals.into_iter().all(is_interval)),
        ];
        match wrong.iter().find(|(_, is_wrong)| *is_wrong) {
            Some((name, _)) => Err(Error::option(format!("option '{name}' of {} is out of its range", RECORD.verb))),
            None => Ok(()),
        }
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
        // Expression as it is drawn and as a matrix; of differentiation both of its kinds, and their sum.
        let _held = ctx.reserve_matrices(if is_dynamic { 5 } else { 2 }, cells, network.genes())?;
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
        let counts = Matrix::from(side_by_side(&expression.samples, ctx)?).with_names(Some(names.clone()))?;
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
        match &self.rates {
            Some(Rates::Given(rates)) => options.push(("rates".into(), rates.clone().into())),
            Some(Rates::Drawn { low, high }) => {
                let ends = |ends: &[f64; 2]| Value::List(ends.map(Value::Float).to_vec());
                let law = vec![("low".into(), ends(low)), ("high".into(), ends(high))];
                options.push(("rates".into(), Value::Map(law)));
            }
            None => {}
        }
        if let Some(half_response) = self.half_response.recorded() {
            options.push(("half_response".into(), half_response));
        }
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

/// Lists of numbers as the columns of a matrix.
fn side_by_side(columns: &[Vec<f64>], ctx: &Context) -> Result<Array2<f64>> {
    /// Columns written together: what a row gets of them is a line of the cache.
    const TOGETHER: usize = 8;
    let rows = columns.first().map_or(0, Vec::len);
    let mut whole = Array2::zeros((rows, columns.len()));
    for (first, group) in (0..).step_by(TOGETHER).zip(columns.chunks(TOGETHER)) {
        ctx.check()?;
        for (i, mut row) in whole.rows_mut().into_iter().enumerate() {
            group.iter().enumerate().for_each(|(j, column)| row[first + j] = column[i]);
        }
    }
    Ok(whole)
}
