//! Gene regulatory networks: graphs whose directed edges lead from regulators to their targets.
//!
//! The weight of an edge is its signed interaction strength. The node attribute [`REGULATOR`] is 1 for nodes that
//! regulate, the edge attribute [`HILL`] the Hill coefficient, and the node attributes `rate_0`, `rate_1`, ... are the
//! basal production rates of the master regulators in cell types 0, 1, ..., NaN for all other nodes.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2};

use super::{Attributes, Direction, Graph};
use crate::context::Context;
use crate::data::Column;
use crate::error::{Error, Result};

/// The node attribute that marks regulators, by the number 1.
pub const REGULATOR: &str = "regulator";

/// The edge attribute that holds Hill coefficients.
pub const HILL: &str = "hill";

/// The Hill coefficient of an edge that has none.
const DEFAULT_HILL: f64 = 2.0;

/// How far the search for a cycle is with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Search {
    New,
    OnPath,
    Done,
}

impl Graph {
    /// The nodes that regulate, by position: those whose attribute [`REGULATOR`] is 1, or without the attribute those
    /// that directed edges leave.
    ///
    /// # Errors
    /// An attribute of texts; an undirected graph without the attribute.
    pub fn regulators(&self) -> Result<Vec<usize>> {
        let own = self.node_attributes.iter().find(|(name, _)| name == REGULATOR);
        match own {
            Some((_, Column::Numbers(values))) => Ok(positions(values.iter().map(|&value| value == 1.0))),
            Some((_, Column::Texts(_))) => {
                Err(Error::data(format!("the attribute '{REGULATOR}' of the nodes has texts, not numbers"))
                    .with_hint("it is 1 for every regulator and 0 for every other node"))
            }
            None if self.direction == Direction::Undirected => {
                Err(Error::argument("edges without a direction do not say which nodes regulate")
                    .with_hint("set_attribute(\"regulator\", #{ name: 1 }) marks them, orient(..) gives directions"))
            }
            None => {
                let mut acts = vec![false; self.nodes];
                self.edges.iter().filter(|edge| edge.directed).for_each(|edge| acts[edge.source] = true);
                Ok(positions(acts))
            }
        }
    }

    /// The nodes without incoming edges, by position. An edge without a direction counts as leading both ways.
    pub fn master_regulators(&self) -> Vec<usize> {
        let mut is_free = vec![true; self.nodes];
        for edge in self.edges.iter() {
            is_free[edge.target] = false;
            is_free[edge.source] &= edge.directed;
        }
        positions(is_free)
    }

    /// The Hill coefficient of every edge, in the order of [`Graph::edges`]; 2 where there is none.
    ///
    /// # Errors
    /// One that is not a positive number, with its edge.
    pub fn hill(&self) -> Result<Vec<f64>> {
        let Some((_, column)) = self.edge_attributes.iter().find(|(name, _)| name == HILL) else {
            return Ok(vec![DEFAULT_HILL; self.n_edges()]);
        };
        let coefficient = |row: usize| match column {
            // A missing cell.
            Column::Numbers(values) if values[row].is_nan() => Ok(DEFAULT_HILL),
            Column::Texts(values) if values[row].is_empty() => Ok(DEFAULT_HILL),
            Column::Numbers(values) if values[row].is_finite() && values[row] > 0.0 => Ok(values[row]),
            _ => {
                let (edge, labels) = (self.edges[row], self.labels());
                let (source, target) = (labels.get(edge.source), labels.get(edge.target));
                let value = column.label(row);
                Err(Error::data(format!("the edge '{source}' -> '{target}' has the Hill coefficient '{value}'"))
                    .with_hint("Hill coefficients are positive numbers"))
            }
        };
        (0..self.n_edges()).map(coefficient).collect()
    }

    /// The basal production rates, nodes x cell types, NaN for nodes without any; none where no node has some.
    ///
    /// # Errors
    /// Rates that are texts; a cell type that is left out.
    pub fn rates(&self) -> Result<Option<Array2<f64>>> {
        let mut columns: Vec<(usize, &Column)> =
            self.node_attributes.iter().filter_map(|(name, column)| Some((cell_type(name)?, column))).collect();
        if columns.is_empty() {
            return Ok(None);
        }
        columns.sort_by_key(|&(cell_type, _)| cell_type);
        let mut rates = Array2::from_elem((self.nodes, columns.len()), f64::NAN);
        for (expected, (found, column)) in columns.into_iter().enumerate() {
            if found != expected {
                return Err(Error::data(format!("the nodes have '{}', but not '{}'", rate(found), rate(expected)))
                    .with_hint("cell types are numbered 0, 1, ..., without a gap"));
            }
            let Column::Numbers(values) = column else {
                let name = rate(found);
                return Err(Error::data(format!("the attribute '{name}' of the nodes has texts, not numbers"))
                    .with_hint("it is the production rate of master regulators, and nothing for other nodes"));
            };
            rates.column_mut(expected).iter_mut().zip(values.iter()).for_each(|(cell, &value)| *cell = value);
        }
        Ok(Some(rates))
    }

    /// The graph with these basal production rates, nodes x cell types, instead of all that it has.
    ///
    /// # Errors
    /// When there is not one row a node.
    pub fn with_rates(&self, rates: ArrayView2<'_, f64>) -> Result<Self> {
        if rates.nrows() != self.nodes {
            return Err(Error::shape(format!("rates of {} nodes for a graph of {}", rates.nrows(), self.nodes)));
        }
        let others = self.node_attributes.iter().filter(|(name, _)| cell_type(name).is_none());
        let mut all: Attributes = others.cloned().collect();
        let columns = rates.columns().into_iter().enumerate();
        all.extend(columns.map(|(cell_type, values)| (rate(cell_type), Column::numbers(values.to_vec()))));
        Ok(Self { node_attributes: Arc::new(all), ..self.clone() })
    }

    /// The nodes of a cycle of directed edges, by position, in the order in which the edges lead; the same one in every
    /// call. Edges without a direction are passed over.
    pub fn find_cycle(&self) -> Option<Vec<usize>> {
        let mut search = vec![Search::New; self.nodes];
        (0..self.nodes).find_map(|root| match search[root] {
            Search::New => self.cycle_from(root, &mut search),
            _ => None,
        })
    }

    /// The graph without the weakest edge (by |weight|, the last one of several) of a cycle, again and again until there is
    /// no cycle of directed edges.
    ///
    /// # Errors
    /// Cancellation.
    pub fn break_cycles(&self, ctx: &Context) -> Result<Self> {
        let mut acyclic = self.clone();
        while let Some(cycle) = acyclic.find_cycle() {
            ctx.check()?;
            let next = cycle.iter().cycle().skip(1);
            let position = |(&source, &target): (&usize, &usize)| {
                acyclic.edges.binary_search_by_key(&(source, target), |edge| (edge.source, edge.target)).ok()
            };
            let edges = cycle.iter().zip(next).filter_map(position);
            let weight = |&edge: &usize| acyclic.edges[edge].weight.abs();
            let weakest = edges.reduce(|best, edge| if weight(&edge) <= weight(&best) { edge } else { best });
            let Some(weakest) = weakest else { break };
            let kept: Vec<usize> = (0..acyclic.n_edges()).filter(|&edge| edge != weakest).collect();
            acyclic = acyclic.pick_edges(&kept);
        }
        Ok(acyclic)
    }

    /// A cycle among the nodes that can be reached from here and were not searched before.
    fn cycle_from(&self, root: usize, search: &mut [Search]) -> Option<Vec<usize>> {
        let first = |node: usize| self.edges.partition_point(|edge| edge.source < node);
        // Every node with its next edge: a stack on the heap, since a path may have as many nodes as the graph.
        let mut path = vec![(root, first(root))];
        search[root] = Search::OnPath;
        while let Some((node, next)) = path.last_mut() {
            let Some(&edge) = self.edges.get(*next).filter(|edge| edge.source == *node) else {
                search[*node] = Search::Done;
                path.pop();
                continue;
            };
            *next += 1;
            match search[edge.target] {
                Search::New if edge.directed => {
                    search[edge.target] = Search::OnPath;
                    path.push((edge.target, first(edge.target)));
                }
                Search::OnPath if edge.directed => {
                    let start = path.iter().position(|&(node, _)| node == edge.target)?;
                    return Some(path[start..].iter().map(|&(node, _)| node).collect());
                }
                _ => {}
            }
        }
        None
    }
}

/// Where the truth values are true.
fn positions(marked: impl IntoIterator<Item = bool>) -> Vec<usize> {
    marked.into_iter().enumerate().filter(|&(_, is_marked)| is_marked).map(|(position, _)| position).collect()
}

/// The node attribute with the rates in a cell type.
fn rate(cell_type: usize) -> String {
    format!("rate_{cell_type}")
}

/// The cell type whose rates an attribute of this name has.
fn cell_type(name: &str) -> Option<usize> {
    let cell_type = name.strip_prefix("rate_")?.parse().ok()?;
    // Not `rate_01` or `rate_+1`.
    (rate(cell_type) == name).then_some(cell_type)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::graph::Edge;

    fn directed(nodes: usize, pairs: &[(usize, usize)]) -> Graph {
        let edges = pairs.iter().map(|&(source, target)| Edge::new(source, target, 1.0)).collect();
        Graph::new(nodes, None, true, edges).unwrap()
    }

    #[test]
    fn regulators_by_attribute_or_direction() {
        let g = directed(4, &[(0, 1), (1, 2)]);
        assert_eq!((g.regulators().unwrap(), g.master_regulators()), (vec![0, 1], vec![0, 3]));
        let marked = g.with_node_attribute(REGULATOR, Column::numbers(vec![0.0, 0.0, 0.0, 1.0])).unwrap();
        assert_eq!(marked.regulators().unwrap(), [3]);
        let undirected = Graph::new(2, None, false, vec![Edge::new(0, 1, 1.0)]).unwrap();
        assert!(undirected.regulators().unwrap_err().hint().unwrap().contains("orient"));
        assert!(undirected.master_regulators().is_empty());
    }

    #[test]
    fn hill_coefficients_are_positive() {
        let g = directed(3, &[(0, 1), (1, 2)]);
        let hill = |values: Vec<f64>| g.with_edge_attribute(HILL, Column::numbers(values)).unwrap().hill();
        assert_eq!(g.hill().unwrap(), [2.0, 2.0]);
        assert_eq!(hill(vec![1.5, f64::NAN]).unwrap(), [1.5, 2.0]);
        for wrong in [0.0, -1.0, f64::INFINITY] {
            assert!(hill(vec![1.0, wrong]).unwrap_err().message().contains("'x1' -> 'x2'"));
        }
    }

    #[test]
    fn rates_are_replaced_as_a_whole() {
        let g = directed(2, &[(0, 1)]);
        assert_eq!(g.rates().unwrap(), None);
        let none = f64::NAN;
        let three = g.with_rates(array![[1.0, 2.0, 3.0], [none, none, none]].view()).unwrap();
        assert_eq!(three.rates().unwrap().unwrap().row(0).to_vec(), [1.0, 2.0, 3.0]);
        let one = three.with_rates(array![[4.0], [none]].view()).unwrap();
        assert_eq!(one.node_attributes().len(), 1);
        assert_eq!(one.rates().unwrap().unwrap()[(0, 0)], 4.0);
        assert!(g.with_rates(array![[1.0]].view()).is_err());
        let gap = one.with_node_attribute("rate_2", Column::numbers(vec![1.0, 1.0])).unwrap();
        assert!(gap.rates().unwrap_err().message().contains("'rate_1'"));
        // No rates, only names that look like some.
        let other = g.with_node_attribute("rate_01", Column::numbers(vec![1.0, 1.0])).unwrap();
        assert_eq!(other.rates().unwrap(), None);
    }

    #[test]
    fn cycles_are_found_in_order_and_long_paths_do_no_harm() {
        assert_eq!(directed(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).find_cycle(), None);
        assert_eq!(directed(5, &[(0, 1), (1, 2), (2, 3), (3, 1), (3, 4)]).find_cycle(), Some(vec![1, 2, 3]));
        assert_eq!(directed(2, &[(0, 1), (1, 0)]).find_cycle(), Some(vec![0, 1]));
        let long = 200_000;
        let mut path: Vec<(usize, usize)> = (1..long).map(|node| (node - 1, node)).collect();
        assert_eq!(directed(long, &path).find_cycle(), None);
        path.push((long - 1, 0));
        assert_eq!(directed(long, &path).find_cycle().map(|cycle| cycle.len()), Some(long));
        let undirected = Graph::new(3, None, false, vec![Edge::new(0, 1, 1.0), Edge::new(1, 2, 1.0)]).unwrap();
        assert_eq!(undirected.find_cycle(), None);
    }

    #[test]
    fn the_weakest_edge_of_a_cycle_goes_with_its_attributes() {
        let edges = vec![Edge::new(0, 1, 3.0), Edge::new(1, 2, -1.0), Edge::new(2, 0, 2.0), Edge::new(2, 1, 0.5)];
        let g = Graph::new(3, None, true, edges).unwrap();
        let g = g.with_edge_attribute(HILL, Column::numbers(vec![1.0, 2.0, 3.0, 4.0])).unwrap();
        let acyclic = g.break_cycles(&Context::new()).unwrap();
        let ends: Vec<(usize, usize)> = acyclic.edges().iter().map(|edge| (edge.source, edge.target)).collect();
        assert_eq!(ends, [(0, 1), (2, 0), (2, 1)]);
        assert_eq!(acyclic.hill().unwrap(), [1.0, 3.0, 4.0]);
    }
}
