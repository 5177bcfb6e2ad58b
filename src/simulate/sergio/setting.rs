//! What one simulation runs with: options checked against the network.

use ndarray::Array2;
use rand::RngExt;

use super::Sergio;
use super::network::Network;
use super::noise::Noise;
use crate::context::Context;
use crate::data::{Matrix, Names};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::rng;

/// A number for all genes, or one each, in the order of the network's nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum PerGene {
    /// The same for all.
    Same(f64),
    /// One each.
    Each(Vec<f64>),
}

/// Where basal rates of master regulators come from that the network does not have itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Rates {
    /// Drawn: for each master regulator and cell type one of two intervals with the same probability, then a number of it.
    Drawn {
        /// Bounds of low rates.
        low: [f64; 2],
        /// Bounds of high rates.
        high: [f64; 2],
    },
    /// Master regulators (matched by the rows' names, else in the order of the nodes) x cell types.
    Given(Matrix),
}

/// Half responses that are not to be estimated.
#[derive(Debug, Clone, PartialEq)]
pub enum HalfResponse {
    /// The mean expression of every regulator, as SERGIO has it.
    Estimated,
    /// One a gene, in the order of the nodes; those of genes that regulate nothing are not used.
    Each(Vec<f64>),
    /// By the regulator's name.
    Named(Vec<(String, f64)>),
}

/// All that the equations need.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub network: &'a Network,
    pub cell_types: usize,
    pub cells: usize,
    /// Genes x cell types; master regulators only.
    pub rates: Array2<f64>,
    pub decay: Vec<f64>,
    pub amplitude: Vec<f64>,
    pub noise: Noise,
    pub dt: f64,
    pub half_response: Vec<Option<f64>>,
    sampling_state: usize,
}

impl<'a> Setting<'a> {
    /// Checks the options against a network.
    ///
    /// # Errors
    /// Numbers of values that do not fit; rates that are missing or negative.
    pub fn new(options: &Sergio, grn: &Graph, network: &'a Network, ctx: &Context) -> Result<Self> {
        let p = network.genes();
        let rates = rates(options, grn, network, ctx)?;
        network.check_rates(&rates)?;
        let decay = options.decay.each(p, "decay", |value| value > 0.0)?;
        if let Some(gene) = decay.iter().position(|decay| decay * options.dt >= 1.0) {
            let name = network.labels().get(gene);
            return Err(Error::option(format!(
                "steps of {} are too long for the decay {} of '{name}'",
                options.dt, decay[gene]
            ))
            .with_hint("dt x decay must be below 1, and is usually near 0.01"));
        }
        Ok(Self {
            network,
            cell_types: rates.ncols(),
            cells: options.cells,
            rates,
            decay,
            amplitude: options.noise_amplitude.each(p, "noise_amplitude", |value| value >= 0.0)?,
            noise: options.noise,
            dt: options.dt,
            half_response: options.half_response.each(network.labels())?,
            sampling_state: options.sampling_state,
        })
    }

    /// The length of a trajectory, its start included.
    pub fn states(&self) -> usize {
        self.sampling_state.saturating_mul(self.cells)
    }

    /// The states that are cells, the same for all genes and cell types: drawn with replacement.
    pub fn picks(&self, ctx: &Context) -> Vec<usize> {
        rng::with_replacement(&mut rng::stream(ctx.seed(), "sergio cells", 0), self.states(), self.cells)
    }
}

impl PerGene {
    /// One number a gene.
    pub(super) fn each(&self, genes: usize, option: &str, fits: impl Fn(f64) -> bool) -> Result<Vec<f64>> {
        let values = match self {
            Self::Same(value) => vec![*value; genes],
            Self::Each(values) if values.len() == genes => values.clone(),
            Self::Each(values) => {
                return Err(Error::shape(format!("option '{option}' has {} numbers for {genes} genes", values.len())));
            }
        };
        match values.iter().position(|&value| !(value.is_finite() && fits(value))) {
            None => Ok(values),
            Some(gene) => Err(Error::option(format!("option '{option}' is {} for gene {gene}", values[gene]))),
        }
    }
}

impl HalfResponse {
    fn each(&self, labels: &Names) -> Result<Vec<Option<f64>>> {
        let mut values = vec![None; labels.len()];
        match self {
            Self::Estimated => {}
            Self::Each(given) if given.len() == labels.len() => {
                values = given.iter().map(|&value| Some(value).filter(|value| !value.is_nan())).collect();
            }
            Self::Each(given) => {
                let message = format!("option 'half_response' has {} numbers for {} genes", given.len(), labels.len());
                return Err(Error::shape(message).with_hint("or a map by name: half_response: #{ g0: 0.5 }"));
            }
            Self::Named(named) => {
                for (name, value) in named {
                    let gene = by_name_or_position(name, labels).map_err(|error| error.at("option 'half_response'"))?;
                    if values[gene].is_some_and(|known| known != *value) {
                        let message = format!("option 'half_response' has two different numbers for '{name}'");
                        return Err(
                            Error::option(message).with_hint("the half response depends on the regulator alone")
                        );
                    }
                    values[gene] = Some(*value);
                }
            }
        }
        match values.iter().flatten().find(|value| !(value.is_finite() && **value >= 0.0)) {
            Some(value) => Err(Error::option(format!("a half response is a number >= 0, not {value}"))),
            None => Ok(values),
        }
    }
}

/// A gene by its name, or by its position where no gene is called so.
fn by_name_or_position(name: &str, labels: &Names) -> Result<usize> {
    let position = name.parse::<usize>().ok().filter(|&position| position < labels.len());
    labels.find(name).or(position).map_or_else(|| labels.position(name, "gene"), Ok)
}

/// Basal rates, genes x cell types: those given, else the network's own, else drawn.
fn rates(options: &Sergio, grn: &Graph, network: &Network, ctx: &Context) -> Result<Array2<f64>> {
    let own = match &options.rates {
        Some(Rates::Given(matrix)) => Some(by_master(matrix, grn, network.labels())?),
        Some(Rates::Drawn { .. }) => None,
        None => grn.rates()?,
    };
    if let Some(rates) = own {
        return match options.cell_types {
            Some(wanted) if wanted != rates.ncols() => {
                Err(Error::option(format!("{wanted} cell types, but the rates are of {}", rates.ncols()))
                    .with_hint("leave 'cell_types' out, or give 'rates' of as many"))
            }
            _ => Ok(rates),
        };
    }
    let cell_types = options.cell_types.unwrap_or(Sergio::CELL_TYPES);
    let _held = ctx.reserve_matrices(1, network.genes(), cell_types)?;
    let (low, high) = match options.rates {
        Some(Rates::Drawn { low, high }) => (low, high),
        _ => (Sergio::LOW_RATES, Sergio::HIGH_RATES),
    };
    let mut rates = Array2::from_elem((network.genes(), cell_types), f64::NAN);
    for gene in (0..network.genes()).filter(|&gene| network.influences(gene).is_empty()) {
        let mut rng = rng::stream(ctx.seed(), "sergio rates", gene as u64);
        for rate in rates.row_mut(gene) {
            let [from, to] = if rng.random::<bool>() { high } else { low };
            *rate = from + (to - from) * rng.random::<f64>();
        }
    }
    Ok(rates)
}

/// Rates of master regulators at their nodes.
fn by_master(given: &Matrix, grn: &Graph, labels: &Names) -> Result<Array2<f64>> {
    let masters = grn.master_regulators();
    if given.cols() == 0 {
        return Err(Error::shape("option 'rates' has no column: there is one a cell type"));
    }
    let mut rates = Array2::from_elem((labels.len(), given.cols()), f64::NAN);
    match given.row_names() {
        Some(names) => {
            for (row, name) in names.iter().enumerate() {
                let gene = labels.position(name, "gene").map_err(|error| error.at("option 'rates'"))?;
                if masters.binary_search(&gene).is_err() {
                    return Err(Error::argument(format!("option 'rates': '{name}' has regulators, and so no rate")));
                }
                rates.row_mut(gene).assign(&given.view().row(row));
            }
        }
        None if given.rows() == masters.len() => {
            masters.iter().enumerate().for_each(|(row, &gene)| rates.row_mut(gene).assign(&given.view().row(row)));
        }
        None => {
            let message = format!("option 'rates' has {} rows for {} master regulators", given.rows(), masters.len());
            return Err(Error::shape(message).with_hint("one row each, in the order of grn.master_regulators"));
        }
    }
    Ok(rates)
}
