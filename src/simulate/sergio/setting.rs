//! What one simulation runs with: options checked against the network.

use ndarray::Array2;
use rand::RngExt;

use super::Sergio;
use super::network::Network;
use super::noise::Noise;
use crate::context::{Context, Reservation};
use crate::data::{Matrix, Names, Vector};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::rng;
use crate::value::Value;

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
    /// By the target's name: its regulators' names, each with a half response.
    ByTarget(Vec<(String, Vec<(String, f64)>)>),
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
    /// The rates here, and those of the truth.
    _held: Reservation,
}

impl<'a> Setting<'a> {
    /// Checks the options against a network.
    ///
    /// # Errors
    /// Numbers of values that do not fit; rates that are missing or negative.
    pub fn new(options: &Sergio, grn: &Graph, network: &'a Network, ctx: &Context) -> Result<Self> {
        options.check()?;
        let (rates, held) = rates(options, grn, network, ctx)?;
        network.check_rates(&rates)?;
        let labels = network.labels();
        let decay = options.decay.each(labels, "decay", "a number > 0", |value| value > 0.0)?;
        if let Some(gene) = decay.iter().position(|decay| decay * options.dt >= 1.0) {
            let name = labels.get(gene);
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
            amplitude: options
                .noise_amplitude
                .each(labels, "noise_amplitude", "a number >= 0", |value| value >= 0.0)?,
            noise: options.noise,
            dt: options.dt,
            half_response: options.half_response.each(network)?,
            sampling_state: options.sampling_state,
            _held: held,
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
    /// One number a gene, `what` it has to be.
    pub(super) fn each(
        &self,
        labels: &Names,
        option: &str,
        what: &str,
        fits: impl Fn(f64) -> bool,
    ) -> Result<Vec<f64>> {
        let genes = labels.len();
        let values = match self {
            Self::Same(value) => vec![*value; genes],
            Self::Each(values) if values.len() == genes => values.clone(),
            Self::Each(values) => {
                return Err(Error::shape(format!("option '{option}' has {} numbers for {genes} genes", values.len())));
            }
        };
        match values.iter().position(|&value| !(value.is_finite() && fits(value))) {
            None => Ok(values),
            Some(gene) => {
                let (value, name) = (values[gene], labels.get(gene));
                Err(Error::option(format!("option '{option}' must be {what}, it is {value} for '{name}'")))
            }
        }
    }
}

impl HalfResponse {
    /// As an option says it.
    pub(super) fn recorded(&self) -> Option<Value> {
        let map = |named: &[(String, f64)]| named.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
        Some(match self {
            Self::Estimated => return None,
            Self::Each(values) => Vector::from(values.clone()).into(),
            Self::Named(named) => Value::Map(map(named)),
            Self::ByTarget(targets) => {
                // The same numbers, by regulator.
                let mut named: Vec<(String, f64)> = targets.iter().flat_map(|(_, by)| by.iter().cloned()).collect();
                named.sort_by(|a, b| a.0.cmp(&b.0));
                named.dedup_by(|a, b| a.0 == b.0);
                Value::Map(map(&named))
            }
        })
    }

    /// One a gene, where it is given.
    fn each(&self, network: &Network) -> Result<Vec<Option<f64>>> {
        let labels = network.labels();
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
                    set(&mut values, name, *value, None, network)?;
                }
            }
            Self::ByTarget(targets) => {
                for (target, regulators) in targets {
                    let target = half_response_gene(target, labels)?;
                    for (name, value) in regulators {
                        set(&mut values, name, *value, Some(target), network)?;
                    }
                }
            }
        }
        match values.iter().flatten().find(|value| !(value.is_finite() && **value >= 0.0)) {
            Some(value) => Err(Error::option(format!("a half response is a number >= 0, not {value}"))),
            None => Ok(values),
        }
    }
}

fn half_response_gene(name: &str, labels: &Names) -> Result<usize> {
    by_name_or_position(name, labels).map_err(|error| error.at("option 'half_response'"))
}

/// The half response of a regulator, of that target where one is named.
fn set(values: &mut [Option<f64>], name: &str, value: f64, target: Option<usize>, network: &Network) -> Result<()> {
    let labels = network.labels();
    let gene = half_response_gene(name, labels)?;
    if network.terms(gene).is_empty() {
        return Err(Error::option(format!("option 'half_response': '{name}' regulates no gene")));
    }
    if let Some(target) = target.filter(|&target| network.influences(target).iter().all(|by| by.regulator != gene)) {
        let target = labels.get(target);
        return Err(Error::option(format!("option 'half_response': '{name}' does not regulate '{target}'")));
    }
    if values[gene].is_some_and(|known| known != value) {
        return Err(Error::option(format!("option 'half_response' has two different numbers for '{name}'"))
            .with_hint("the half response depends on the regulator alone"));
    }
    values[gene] = Some(value);
    Ok(())
}

/// A gene by its name, or by its position where no gene is called so.
fn by_name_or_position(name: &str, labels: &Names) -> Result<usize> {
    let position = name.parse::<usize>().ok().filter(|&position| position < labels.len());
    labels.find(name).or(position).map_or_else(|| labels.position(name, "gene"), Ok)
}

/// Basal rates, genes x cell types: those given, else the network's own, else drawn. With the memory for them and for
/// those of the truth.
fn rates(options: &Sergio, grn: &Graph, network: &Network, ctx: &Context) -> Result<(Array2<f64>, Reservation)> {
    let p = network.genes();
    let own = match &options.rates {
        Some(Rates::Given(matrix)) => {
            let held = ctx.reserve_matrices(2, p, matrix.cols())?;
            Some((by_master(matrix, grn, network.labels())?, held))
        }
        Some(Rates::Drawn { .. }) => None,
        None => match grn.rates()? {
            Some(rates) => {
                let held = ctx.reserve_matrices(2, p, rates.ncols())?;
                Some((rates, held))
            }
            None => None,
        },
    };
    let stages = options.bifurcation.as_ref().map(Matrix::rows);
    if let Some((rates, held)) = own {
        return match options.cell_types {
            Some(wanted) if wanted != rates.ncols() => {
                Err(Error::option(format!("{wanted} cell types, but the rates are of {}", rates.ncols()))
                    .with_hint("leave 'cell_types' out, or give 'rates' of as many"))
            }
            _ => Ok((rates, held)),
        };
    }
    let cell_types = options.cell_types.or(stages).unwrap_or(Sergio::CELL_TYPES);
    let held = ctx.reserve_matrices(2, p, cell_types)?;
    let (low, high) = match options.rates {
        Some(Rates::Drawn { low, high }) => (low, high),
        _ => (Sergio::LOW_RATES, Sergio::HIGH_RATES),
    };
    let mut rates = Array2::from_elem((p, cell_types), f64::NAN);
    for gene in (0..p).filter(|&gene| network.influences(gene).is_empty()) {
        ctx.check()?;
        let mut rng = rng::stream(ctx.seed(), "sergio rates", gene as u64);
        for rate in rates.row_mut(gene) {
            let [from, to] = if rng.random::<bool>() { high } else { low };
            *rate = from + (to - from) * rng.random::<f64>();
        }
    }
    Ok((rates, held))
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
            let message = format!(
                "option 'rates' is {} x {}, there are {} master regulators",
                given.rows(),
                given.cols(),
                masters.len()
            );
            return Err(Error::shape(message).with_hint("one row each, in the order of grn.master_regulators"));
        }
    }
    Ok(rates)
}
