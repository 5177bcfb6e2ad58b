//! What is compared in two networks, what permutations add up to, and the tables of both.

use super::{NetworkTest, TestedEdges};
use crate::context::Context;
use crate::data::{Column, Matrix, Names, Table};
use crate::error::{Error, Result};
use crate::graph::Edge;
use crate::model::{ComparedNetworks, Fit, PermutedStatistic};
use crate::solver::multiple_testing::Adjustment;

/// What is looked at in one network.
pub(super) struct Network {
    /// A weight for every pair of nodes, p x p.
    weights: Matrix,
    /// The sum of all |weights|.
    pub total: f64,
    /// The sum of the |weights| of every node's edges.
    strengths: Vec<f64>,
}

/// The networks of the groups as they are, and which of their edges are tested.
pub(super) struct Observed {
    networks: [Network; 2],
    /// Source and target of every tested edge.
    pub tested: Vec<(usize, usize)>,
    /// The |difference| of every node's strengths.
    pub nodes: Vec<f64>,
    /// The |difference| of every tested edge's weights.
    pub edges: Vec<f64>,
}

/// What one permutation gives.
pub(super) struct Permuted {
    pub structure: f64,
    pub global_strength: f64,
    /// For every node whether its difference is as large as that of the groups as they are.
    pub nodes: Vec<bool>,
    /// The same for every tested edge.
    pub edges: Vec<bool>,
    pub converged: bool,
}

/// The sums over all permutations.
pub(super) struct Sums {
    structure: Vec<f64>,
    global_strength: Vec<f64>,
    nodes: Vec<usize>,
    edges: Vec<usize>,
    not_converged: usize,
    pub unusable: usize,
    /// Why the first permutation that could not be used could not.
    pub why: Option<Error>,
}

impl Network {
    pub fn of(fit: &Fit, p: usize, ctx: &Context) -> Result<Self> {
        let graph = fit.graph(0.0)?;
        if graph.n_nodes() != p {
            return Err(Error::argument(format!("the fits of {} are not over the {p} variables", fit.method())));
        }
        let mut strengths = vec![0.0; p];
        for &Edge { source, target, weight, .. } in graph.edges() {
            strengths[source] += weight.abs();
            strengths[target] += weight.abs();
        }
        let total = graph.edges().iter().map(|edge| edge.weight.abs()).sum();
        Ok(Self { weights: graph.to_matrix(ctx)?, total, strengths })
    }
}

/// The largest difference of a weight.
pub(super) fn structure([first, second]: &[Network; 2]) -> f64 {
    let pairs = first.weights.as_slice().iter().zip(second.weights.as_slice());
    pairs.fold(0.0f64, |most, (a, b)| (a - b).abs().max(most))
}

pub(super) fn node_differences([first, second]: &[Network; 2]) -> Vec<f64> {
    first.strengths.iter().zip(&second.strengths).map(|(a, b)| (a - b).abs()).collect()
}

pub(super) fn edge_differences([first, second]: &[Network; 2], tested: &[(usize, usize)]) -> Vec<f64> {
    let (first, second) = (first.weights.view(), second.weights.view());
    tested.iter().map(|&pair| (first[pair] - second[pair]).abs()).collect()
}

impl Sums {
    pub fn new(observed: &Observed) -> Self {
        Self {
            structure: Vec::new(),
            global_strength: Vec::new(),
            nodes: vec![0; observed.nodes.len()],
            edges: vec![0; observed.edges.len()],
            not_converged: 0,
            unusable: 0,
            why: None,
        }
    }

    pub fn add(&mut self, result: Result<Permuted>) {
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                self.unusable += 1;
                self.why = self.why.take().or(Some(error));
                return;
            }
        };
        self.structure.push(found.structure);
        self.global_strength.push(found.global_strength);
        let count = |(sum, reached): (&mut usize, bool)| *sum += usize::from(reached);
        self.nodes.iter_mut().zip(found.nodes).for_each(count);
        self.edges.iter_mut().zip(found.edges).for_each(count);
        self.not_converged += usize::from(!found.converged);
    }

    /// How many permutations were used.
    fn used(&self) -> usize {
        self.structure.len()
    }

    /// What the user should know.
    fn warnings(&self, test: &NetworkTest) -> Vec<String> {
        let total = test.permutations;
        let mut warnings = Vec::new();
        if let Some(error) = &self.why {
            warnings.push(format!("{} of {total} permutations are left out: {}", self.unusable, error.message()));
        }
        if self.not_converged > 0 {
            warnings.push(format!("fits did not converge in {} of {total} permutations", self.not_converged));
        }
        let tests = self.edges.len();
        let smallest = PermutedStatistic::p_value(0, self.used()) * tests as f64;
        if matches!(test.adjustment, Adjustment::Holm | Adjustment::Bonferroni) && smallest > 0.05 {
            warnings.push(format!(
                "with {} permutations no edge of {tests} can have an adjusted p-value of 0.05: allow more, or fewer edges",
                self.used()
            ));
        }
        warnings
    }
}

impl Observed {
    pub fn new(networks: [Network; 2], tested: Vec<(usize, usize)>) -> Self {
        let (nodes, edges) = (node_differences(&networks), edge_differences(&networks, &tested));
        Self { networks, tested, nodes, edges }
    }

    /// The result, but for its time and its seed.
    pub fn compared(self, fits: [Fit; 2], sums: Sums, test: &NetworkTest) -> Result<ComparedNetworks> {
        let labels = fits[0].graph(0.0)?.labels();
        let of_set = |(set, fit): (usize, &Fit)| -> Vec<String> {
            fit.warnings().iter().map(|warning| format!("data set {set}: {warning}")).collect()
        };
        let warnings = fits.iter().enumerate().flat_map(of_set).chain(sums.warnings(test)).collect();
        let edge_tests = match test.edges {
            TestedEdges::None => None,
            _ => Some(self.edge_tests(&labels, &sums, test.adjustment)?),
        };
        let node_tests = self.node_tests(&labels, &sums, test.adjustment)?;
        let structure = structure(&self.networks);
        let [first, second] = self.networks;
        Ok(ComparedNetworks {
            structure: PermutedStatistic::new(structure, sums.structure),
            global_strength: PermutedStatistic::new((first.total - second.total).abs(), sums.global_strength),
            global_strengths: [first.total, second.total],
            differences: first.weights.zip(&second.weights, |a, b| a - b)?,
            edge_tests,
            node_tests,
            options: test.recorded(),
            seconds: 0.0,
            seed: 0,
            warnings,
            fits,
        })
    }

    fn edge_tests(&self, labels: &Names, sums: &Sums, adjustment: Adjustment) -> Result<Table> {
        let (p_values, adjusted) = tested(&sums.edges, sums.used(), adjustment);
        let weight = |set: usize, place: usize| self.networks[set].weights.view()[self.tested[place]];
        let difference = |place: usize| weight(0, place) - weight(1, place);
        let mut order: Vec<usize> = (0..self.tested.len()).collect();
        order.sort_by(|&a, &b| {
            p_values[a].total_cmp(&p_values[b]).then(difference(b).abs().total_cmp(&difference(a).abs()))
        });
        let texts = |name: &dyn Fn(usize) -> usize| {
            Column::texts(order.iter().map(|&place| labels.get(name(place)).to_string()).collect())
        };
        let numbers = |value: &dyn Fn(usize) -> f64| Column::numbers(order.iter().map(|&place| value(place)).collect());
        let columns = [
            ("source", texts(&|place| self.tested[place].0)),
            ("target", texts(&|place| self.tested[place].1)),
            ("weight_0", numbers(&|place| weight(0, place))),
            ("weight_1", numbers(&|place| weight(1, place))),
            ("difference", numbers(&difference)),
            ("p_value", numbers(&|place| p_values[place])),
            ("p_adjusted", numbers(&|place| adjusted[place])),
        ];
        Table::new(columns.map(|(name, column)| (name.to_string(), column)).to_vec(), None)
    }

    fn node_tests(&self, labels: &Names, sums: &Sums, adjustment: Adjustment) -> Result<Table> {
        let (p_values, adjusted) = tested(&sums.nodes, sums.used(), adjustment);
        let [first, second] = &self.networks;
        let differences = first.strengths.iter().zip(&second.strengths).map(|(a, b)| a - b).collect();
        let columns = [
            ("node", Column::texts(labels.as_slice().to_vec())),
            ("strength_0", Column::numbers(first.strengths.clone())),
            ("strength_1", Column::numbers(second.strengths.clone())),
            ("difference", Column::numbers(differences)),
            ("p_value", Column::numbers(p_values)),
            ("p_adjusted", Column::numbers(adjusted)),
        ];
        Table::new(columns.map(|(name, column)| (name.to_string(), column)).to_vec(), None)
    }
}

/// P-values and adjusted ones of tests that so many of the permutations reached.
fn tested(counts: &[usize], permutations: usize, adjustment: Adjustment) -> (Vec<f64>, Vec<f64>) {
    let p_values: Vec<f64> = counts.iter().map(|&count| PermutedStatistic::p_value(count, permutations)).collect();
    let adjusted = adjustment.adjust(&p_values);
    (p_values, adjusted)
}
