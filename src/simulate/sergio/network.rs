//! A regulatory network as the equations of expression see it.

use std::collections::HashMap;

use ndarray::Array2;

use crate::context::Context;
use crate::data::Names;
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::linalg::axpy;

/// A network that can be simulated: directed, without cycles.
#[derive(Debug)]
pub(super) struct Network {
    labels: Names,
    influences: Vec<Vec<Influence>>,
    levels: Vec<Vec<usize>>,
    last_reader: Vec<Option<usize>>,
    terms: Vec<Vec<f64>>,
}

/// How a regulator acts on a gene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Influence {
    /// Position of the regulator.
    pub regulator: usize,
    /// K: positive activates, negative represses.
    pub strength: f64,
    /// Which of the regulator's Hill coefficients holds.
    pub term: usize,
}

impl Network {
    /// The network of a graph.
    ///
    /// # Errors
    /// A graph with edges that have no direction; a cycle, with its genes.
    pub fn new(grn: &Graph) -> Result<Self> {
        let (p, labels) = (grn.n_nodes(), grn.labels());
        if p == 0 {
            return Err(Error::argument("a network without genes cannot be simulated"));
        }
        if grn.n_edges() > 0 && !grn.is_directed() {
            return Err(Error::argument(format!(
                "a regulatory network is directed, this graph is {}",
                grn.direction().word()
            ))
            .with_hint("orient(..) gives edges a direction; random_grn(..) and read_sergio(..) make networks"));
        }
        if let Some(cycle) = grn.find_cycle() {
            return Err(cyclic(&cycle, &labels));
        }
        let hill = grn.hill()?;
        let mut influences = vec![Vec::new(); p];
        // The different Hill coefficients of a regulator, each of which is a term that is computed once.
        let mut terms: Vec<Vec<f64>> = vec![Vec::new(); p];
        let mut known: HashMap<(usize, u64), usize> = HashMap::new();
        for (edge, hill) in grn.edges().iter().zip(hill) {
            let own = &mut terms[edge.source];
            let term = *known.entry((edge.source, hill.to_bits())).or_insert_with(|| {
                own.push(hill);
                own.len() - 1
            });
            influences[edge.target].push(Influence { regulator: edge.source, strength: edge.weight, term });
        }
        let levels = levels(grn, &influences);
        let mut last_reader = vec![None; p];
        for (level, genes) in levels.iter().enumerate() {
            for influence in genes.iter().flat_map(|&gene| &influences[gene]) {
                last_reader[influence.regulator] = Some(level);
            }
        }
        Ok(Self { labels, influences, levels, last_reader, terms })
    }

    /// Number of genes.
    pub fn genes(&self) -> usize {
        self.influences.len()
    }

    /// The genes' names.
    pub fn labels(&self) -> &Names {
        &self.labels
    }

    /// What regulates a gene; nothing regulates a master regulator.
    pub fn influences(&self, gene: usize) -> &[Influence] {
        &self.influences[gene]
    }

    /// Genes in groups, each of which depends on genes of earlier groups only.
    pub fn levels(&self) -> &[Vec<usize>] {
        &self.levels
    }

    /// The last level with a target of a gene; none for genes that regulate nothing.
    pub fn last_reader(&self, gene: usize) -> Option<usize> {
        self.last_reader[gene]
    }

    /// The different Hill coefficients of a regulator's edges.
    pub fn terms(&self, gene: usize) -> &[f64] {
        &self.terms[gene]
    }

    /// The production of a gene where its regulators' Hill terms are all 0: a repressor without expression represses
    /// nothing.
    pub fn base(&self, gene: usize) -> f64 {
        self.influences[gene].iter().map(|influence| (-influence.strength).max(0.0)).sum()
    }

    /// The production of a gene in a cell type, its basal rate or what its regulators make of it, where regulator j has
    /// `expression(j)`: sum over j of |K| h(x_j), with 1 - h for repressors.
    pub fn production(&self, gene: usize, rate: f64, half_response: &[f64], expression: impl Fn(usize) -> f64) -> f64 {
        let influences = self.influences(gene);
        if influences.is_empty() {
            return rate;
        }
        let part = |influence: &Influence| {
            let hill = self.terms[influence.regulator][influence.term];
            influence.strength * hill_term(expression(influence.regulator), half_response[influence.regulator], hill)
        };
        let sum = self.base(gene) + influences.iter().map(part).sum::<f64>();
        if sum < 0.0 { 0.0 } else { sum }
    }

    /// The same in many states at once, from the regulators' terms: `terms(regulator, term)` are as many as `production`.
    pub fn produce<'a>(&self, gene: usize, terms: impl Fn(usize, usize) -> &'a [f64], production: &mut [f64]) {
        production.fill(self.base(gene));
        for influence in self.influences(gene) {
            axpy(influence.strength, terms(influence.regulator, influence.term), production);
        }
        // Rounding may leave less than nothing of a saturated repressor; what is no number stays so.
        production.iter_mut().filter(|rate| **rate < 0.0).for_each(|rate| *rate = 0.0);
    }

    /// Checks basal rates, genes x cell types: every master regulator needs one, not negative.
    ///
    /// # Errors
    /// The first master regulator without.
    pub fn check_rates(&self, rates: &Array2<f64>) -> Result<()> {
        for (gene, own) in rates.rows().into_iter().enumerate().filter(|(gene, _)| self.influences[*gene].is_empty()) {
            if let Some((cell_type, rate)) =
                own.iter().enumerate().find(|(_, rate)| !(rate.is_finite() && **rate >= 0.0))
            {
                let name = self.labels.get(gene);
                return Err(Error::data(format!("the production rate of '{name}' in cell type {cell_type} is {rate}"))
                    .with_hint("a gene without regulators has a rate >= 0 in every cell type"));
            }
        }
        Ok(())
    }

    /// Memory that levels and influences take while they are used, beside the graph itself.
    pub fn reserve(grn: &Graph, ctx: &Context) -> Result<crate::context::Reservation> {
        ctx.reserve(grn.n_nodes().saturating_mul(200).saturating_add(grn.n_edges().saturating_mul(32)))
    }
}

/// Genes by the length of the longest way from a master regulator.
fn levels(grn: &Graph, influences: &[Vec<Influence>]) -> Vec<Vec<usize>> {
    let mut targets = vec![Vec::new(); influences.len()];
    grn.edges().iter().for_each(|edge| targets[edge.source].push(edge.target));
    let mut waiting: Vec<usize> = influences.iter().map(Vec::len).collect();
    let mut level: Vec<usize> = (0..influences.len()).filter(|&gene| waiting[gene] == 0).collect();
    let mut levels = Vec::new();
    while !level.is_empty() {
        let mut next = Vec::new();
        for &target in level.iter().flat_map(|&gene| &targets[gene]) {
            waiting[target] -= 1;
            if waiting[target] == 0 {
                next.push(target);
            }
        }
        next.sort_unstable();
        levels.push(std::mem::replace(&mut level, next));
    }
    levels
}

fn cyclic(cycle: &[usize], labels: &Names) -> Error {
    const SHOWN: usize = 12;
    let mut names: Vec<&str> = cycle.iter().take(SHOWN).map(|&gene| labels.get(gene)).collect();
    match cycle.len() > SHOWN {
        true => names.push("..."),
        false => names.extend(cycle.first().map(|&gene| labels.get(gene))),
    }
    Error::data(format!("the network has a cycle: {}", names.join(" -> "))).with_hint(
        "every gene's regulators are simulated before it; grn.break_cycles() takes the weakest edge out of every cycle",
    )
}

/// x^n / (H^n + x^n), and 0 without expression.
pub(super) fn hill_term(x: f64, half_response: f64, hill: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    // The ratio alone is raised to a power, so that nothing overflows.
    let ratio = half_response / x;
    let powered = if hill == 2.0 {
        ratio * ratio
    } else if hill == 1.0 {
        ratio
    } else {
        ratio.powf(hill)
    };
    1.0 / (1.0 + powered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    fn network(edges: &[(usize, usize, f64)]) -> Result<Network> {
        let p = edges.iter().map(|edge| edge.0.max(edge.1) + 1).max().unwrap_or(1);
        let edges = edges.iter().map(|&(source, target, strength)| Edge::new(source, target, strength)).collect();
        Network::new(&Graph::new(p, None, true, edges).unwrap())
    }

    #[test]
    fn levels_put_regulators_before_their_targets() {
        let net = network(&[(3, 1, 1.0), (1, 0, -2.0), (3, 0, 1.0), (0, 2, 1.0)]).unwrap();
        assert_eq!(net.levels(), [vec![3], vec![1], vec![0], vec![2]]);
        assert_eq!((net.last_reader(3), net.last_reader(2)), (Some(2), None));
        assert_eq!(net.base(0), 2.0);
    }

    #[test]
    fn a_cycle_is_named() {
        let error = network(&[(0, 1, 1.0), (1, 2, 1.0), (2, 1, 1.0)]).unwrap_err();
        assert_eq!(error.message(), "the network has a cycle: x1 -> x2 -> x1");
    }

    #[test]
    fn hill_terms_are_a_half_at_the_half_response() {
        for hill in [0.5, 1.0, 2.0, 3.7] {
            assert!((hill_term(1.3, 1.3, hill) - 0.5).abs() < 1e-15);
        }
        assert_eq!((hill_term(0.0, 1.0, 2.0), hill_term(1.0, 0.0, 2.0)), (0.0, 1.0));
        assert!((hill_term(3.0, 1.0, 2.0) - 0.9).abs() < 1e-15);
        assert_eq!(hill_term(1e-300, 1e300, 2.0), 0.0);
        let net = network(&[(0, 2, 4.0), (1, 2, -3.0)]).unwrap();
        // 4 * 0.9 + 3 * (1 - 0.5)
        let production = net.production(2, f64::NAN, &[1.0, 2.0, 0.0], |gene| [3.0, 2.0][gene]);
        assert!((production - 5.1).abs() < 1e-14);
    }
}
