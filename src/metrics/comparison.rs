//! Truth and estimate as a call gives them, the nodes of one matched to those of the other.

use crate::context::{Context, Reservation};
use crate::data::covariance::{partial_correlation, variable_names};
use crate::data::{Column, Matrix, Names};
use crate::error::{Error, Result};
use crate::graph::{Graph, REGULATOR};
use crate::model::{Fit, JointFit};
use crate::value::Args;

/// Truth and estimate over the same nodes.
#[derive(Debug)]
pub struct Comparison {
    pub(super) truth: Side,
    pub(super) estimate: Side,
    /// For every node of the truth, its position in the estimate.
    pub(super) order: Vec<usize>,
    /// The memory of the weights, and of the pairs that are made of them.
    _held: Reservation,
}

/// A truth or an estimate.
#[derive(Debug)]
pub(super) struct Side {
    /// A weight for every ordered pair of nodes, p x p, 0 without an edge. A matrix stands for itself; the precision
    /// matrix of a fit is scaled to the size of partial correlations and keeps its signs.
    pub weights: Matrix,
    /// The precision matrix, where the side is one, p x p.
    precision: Option<Matrix>,
    names: Option<Names>,
    directed: bool,
    /// Which nodes the graph's own attribute marks as regulators.
    regulators: Option<Vec<bool>>,
}

impl Comparison {
    /// The truth and the estimate of a call: its first two arguments.
    ///
    /// # Errors
    /// Arguments of other types, different numbers of nodes, different names, weights that are not finite, memory.
    pub fn of(args: &Args<'_>, ctx: &Context) -> Result<Self> {
        let truth = Side::of(args, 0, "the truth", ctx)?;
        let estimate = Side::of(args, 1, "the estimate", ctx)?;
        let p = truth.weights.rows();
        if estimate.weights.rows() != p {
            return Err(other_size(&truth, &estimate));
        }
        let order = align(&truth, &estimate)?;
        // The weights of both sides, and the pairs while they are ranked: twice as many when they are ordered.
        let pairs = if truth.directed && estimate.directed { 4 } else { 2 };
        let held = ctx.reserve_matrices(2 + pairs, p, p)?;
        Ok(Self { truth, estimate, order, _held: held })
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.order.len()
    }

    /// Whether the pairs are ordered ones: all edges of truth and estimate have a direction.
    pub fn is_directed(&self) -> bool {
        self.truth.directed && self.estimate.directed
    }

    /// The names of the nodes in the order of the truth; `x0, x1, ...` where neither side has names.
    pub fn labels(&self) -> Names {
        // Where only the estimate has names, nodes are matched by position.
        let names = self.truth.names.as_ref().or(self.estimate.names.as_ref());
        names.cloned().unwrap_or_else(|| Names::numbered(self.nodes()))
    }

    /// The regulators that the truth's own attribute marks, one truth value a node, if it marks any.
    pub fn own_regulators(&self) -> Option<&[bool]> {
        self.truth.regulators.as_deref()
    }

    /// Checks that the signs of both sides mean the same.
    ///
    /// # Errors
    /// A precision matrix on one side, a graph on the other.
    pub fn check_signs(&self) -> Result<()> {
        if self.truth.precision.is_some() == self.estimate.precision.is_some() {
            return Ok(());
        }
        let kind = |side: &Side| if side.precision.is_some() { "a precision matrix" } else { "a graph" };
        let (truth, estimate) = (kind(&self.truth), kind(&self.estimate));
        Err(Error::argument(format!("signs cannot be compared: the truth is {truth}, the estimate {estimate}"))
            .with_hint(
                "give two precision matrices, or two graphs such as fit.graph(): an entry of a precision matrix has \
                 the opposite sign of its partial correlation",
            ))
    }

    /// The precision matrices of truth and estimate, p x p, both in the order of the truth's nodes.
    ///
    /// # Errors
    /// A side that is a graph; an entry that is not finite; memory.
    pub fn precisions(&self, ctx: &Context) -> Result<(Matrix, Matrix)> {
        let truth = self.truth.precision("the truth")?;
        let estimate = self.estimate.precision("the estimate")?;
        if self.order.iter().enumerate().all(|(node, &position)| node == position) {
            return Ok((truth.clone(), estimate.clone()));
        }
        let _held = ctx.reserve_matrices(1, self.nodes(), self.nodes())?;
        Ok((truth.clone(), estimate.pick(&self.order, &self.order)))
    }
}

impl Side {
    fn of(args: &Args<'_>, position: usize, name: &str, ctx: &Context) -> Result<Self> {
        let value = args.get(position)?;
        if let Some(fit) = value.object::<Fit>() {
            return match fit.precision() {
                Ok(theta) => Self::of_precision(theta, name, ctx),
                Err(_) => Self::of_graph(&fit.graph(0.0)?, ctx),
            };
        }
        if let Some(graph) = value.object::<Graph>() {
            return Self::of_graph(graph, ctx);
        }
        let Some(matrix) = value.object::<Matrix>() else {
            let error = args.wrong(name, "a Graph, a Fit or a square Matrix", value);
            return Err(match value.object::<JointFit>() {
                Some(_) => error.with_hint("score(truth, joint) scores every data set, joint[0] is the fit of one"),
                None => error,
            });
        };
        if matrix.rows() != matrix.cols() {
            return Err(Error::shape(format!("{name} must be square, not {} x {}", matrix.rows(), matrix.cols())));
        }
        Self::of_matrix(matrix.clone(), matrix, name)
    }

    fn of_precision(theta: &Matrix, name: &str, ctx: &Context) -> Result<Self> {
        let _held = ctx.reserve_matrices(2, theta.rows(), theta.cols())?;
        Self::of_matrix(partial_correlation(theta).map(|weight| 0.0 - weight), theta, name)
    }

    fn of_matrix(weights: Matrix, precision: &Matrix, name: &str) -> Result<Self> {
        check_finite(&weights, name)?;
        let names = variable_names(precision);
        Ok(Self { weights, precision: Some(precision.clone()), names, directed: false, regulators: None })
    }

    fn of_graph(graph: &Graph, ctx: &Context) -> Result<Self> {
        let own = graph.node_attributes().iter().find(|(name, _)| name == REGULATOR);
        let regulators: Option<Vec<bool>> = match own {
            Some((_, Column::Numbers(values))) => Some(values.iter().map(|&value| value == 1.0).collect()),
            _ => None,
        };
        Ok(Self {
            weights: graph.to_matrix(ctx)?,
            precision: None,
            names: graph.names().cloned(),
            directed: graph.is_directed(),
            regulators: regulators.filter(|marked| marked.contains(&true)),
        })
    }

    fn precision(&self, name: &str) -> Result<&Matrix> {
        let precision = self.precision.as_ref().ok_or_else(|| {
            Error::argument(format!("{name} is a graph, not a precision matrix"))
                .with_hint("give a Matrix, or a Fit that has a precision matrix")
        })?;
        match precision.first_non_finite() {
            Some(place) => Err(Error::data(format!("{name} has {place}"))),
            None => Ok(precision),
        }
    }
}

/// Truth and estimate over different numbers of nodes: a benchmark's truth often has fewer than its data.
fn other_size(truth: &Side, estimate: &Side) -> Error {
    let (nodes, others) = (truth.weights.rows(), estimate.weights.rows());
    let error = Error::shape(format!("the truth has {nodes} nodes, the estimate {others}"));
    match truth.names.is_some() && estimate.names.is_some() && estimate.precision.is_none() && nodes < others {
        true => error.with_hint("fit.graph().subgraph(truth.names) is the part of a graph that has the truth's nodes"),
        false => error,
    }
}

/// Checks the weights between different nodes; a matrix of scores may have anything on its diagonal.
fn check_finite(weights: &Matrix, name: &str) -> Result<()> {
    for i in 0..weights.rows() {
        let mut row = weights.row_slice(i).iter().enumerate();
        if let Some((j, weight)) = row.find(|&(j, weight)| i != j && !weight.is_finite()) {
            return Err(Error::data(format!("{name} has {weight} at ({i}, {j})")));
        }
    }
    Ok(())
}

/// For every node of the truth, its position in the estimate: by name where both have names.
fn align(truth: &Side, estimate: &Side) -> Result<Vec<usize>> {
    match (&truth.names, &estimate.names) {
        (Some(names), Some(other)) => names
            .iter()
            .map(|name| {
                other.find(name).ok_or_else(|| {
                    Error::name(format!("the truth's node '{name}' is not in the estimate"))
                        .with_nearest(name, other.iter())
                })
            })
            .collect(),
        _ => Ok((0..truth.weights.rows()).collect()),
    }
}
