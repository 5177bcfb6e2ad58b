//! A graph fitted again without a penalty: the maximum-likelihood precision matrix whose zeros are those of the graph.

use std::collections::HashSet;

use ndarray::Array2;

use super::penalties;
use super::setters::setters;
use crate::context::Context;
use crate::data::{Matrix, Names};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Direction, Graph};
use crate::linalg::is_symmetric;
use crate::model::{Accepts, Area, Estimate, Fit, Input, Property, Record, Run, SecondMoment};
use crate::options::{Kind, Opt, Options, Preset};
use crate::problem::L1;
use crate::solver::graphical_lasso::{Settings, solve};
use crate::value::Value;

const OPTIONS: &[Opt] = &[
    Opt::new(
        "graph",
        &[Kind::Object("Graph"), Kind::Object("Fit"), Kind::Object("Matrix")],
        Preset::Unset("all pairs have an edge"),
        "Which entries may be other than 0: a graph, the graph of a fit, or a symmetric matrix that is not 0 where there is an edge",
    ),
    SecondMoment::COR,
    SecondMoment::MISSING,
    penalties::TOL,
    penalties::MAX_ITER,
];

/// The record.
pub static RECORD: Record = Record {
    verb: "refit",
    constructor: Some("Refit"),
    area: Area::Recover,
    summary: "Precision matrix of largest likelihood with the zeros of a graph: covariance selection",
    details: "x.refit(graph) is x.refit(#{ graph: graph }), and x.refit(fit) takes the graph of a fit; more options follow as \
x.refit(graph, #{ tol: 1e-6 }). Minimises -logdet Theta + tr(S Theta) over positive definite Theta with \
Theta_ij = 0 wherever the graph has no edge. Then Theta^-1 has the entries of S on the edges and the diagonal. A penalised fit has \
found a graph but draws its entries to 0; the refit has no such bias (the \"relaxed\" graphical lasso), and its loglik, bic and ebic are those of the \
graph: they compare graphs of different methods. Data that chose the graph make the likelihood of its refit look better than it is: \
hold rows out to compare refits with penalised fits. Graphs are matched to the data by name where both have names, by position \
otherwise. For chordal graphs, trees among them, there is a closed form; others are solved as the \
graphical lasso is, and certified as that is: `fit.gap`, `fit.kkt`. There is no maximum where linked variables are too many for the samples: \
any k variables that are all linked to each other need more than k rows.",
    params: &[],
    options: OPTIONS,
    accepts: Accepts::DataOrCovariance,
    random: false,
    adds: &[Property { name: "n_components", help: "Connected components after exact screening (int)" }],
    reference: "Dempster, Biometrics 28:157 (1972); Lauritzen, Graphical Models (1996); Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 17.3 (2009)",
    example: "let x = example(\"sachs\").head(200).log1p().standardize();\n\
              let fit = x.graphical_lasso(#{ lambda: 0.2 });\n\
              let relaxed = x.refit(fit);\n\
              print(`${relaxed.n_edges} edges, loglik ${fit.loglik} and refitted ${relaxed.loglik}`);",
    run: Run::Fit(|input, options, ctx| Refit::from_options(options, ctx)?.fit_input(input, ctx)),
};

/// Covariance selection and its options.
///
/// ```
/// use sinew::{Context, Graph, Matrix, graph::Edge, methods::refit::Refit};
/// let x = Matrix::from_fn(60, 3, |i, j| ((i * (j + 3) + i * i) % 11) as f64);
/// let graph = Graph::new(3, None, false, vec![Edge::new(0, 2, 1.0)])?;
/// let fit = Refit::new().graph(graph).fit(&x, &Context::new())?;
/// assert_eq!(fit.n_edges()?, 1);
/// # Ok::<(), sinew::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Refit {
    graph: Option<Graph>,
    tol: f64,
    max_iter: usize,
}

impl Default for Refit {
    fn default() -> Self {
        Self { graph: None, tol: 1e-9, max_iter: 1000 }
    }
}

impl Refit {
    /// With the defaults of the script verb: every pair has an edge.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The graph, whose edges have no direction.
        graph: Graph => graph = Some;
        /// Bound on the relative duality gap.
        tol: f64 => tol;
        /// Sweeps over all variables at most.
        max_iter: usize => max_iter;
    }

    fn from_options(options: &Options, ctx: &Context) -> Result<Self> {
        let default = Self::default();
        Ok(Self {
            graph: options.get("graph").map(|value| graph_of(value, ctx)).transpose()?,
            tol: options.number("tol").unwrap_or(default.tol),
            max_iter: options.count("max_iter").unwrap_or(default.max_iter),
        })
    }

    /// Fits data, n x p.
    ///
    /// # Errors
    /// Data or options that cannot be used, a graph with directions or over other nodes, a likelihood without a maximum, a
    /// limit of the context.
    pub fn fit(&self, x: &Matrix, ctx: &Context) -> Result<Fit> {
        self.fit_input(&Input::data(x)?, ctx)
    }

    /// Fits data or a covariance matrix.
    ///
    /// # Errors
    /// As [`Refit::fit`].
    pub fn fit_input(&self, input: &Input, ctx: &Context) -> Result<Fit> {
        let settings = Settings { tol: self.tol, max_iter: self.max_iter };
        penalties::check_settings(settings)?;
        let builder = Fit::builder(RECORD.verb, input, self.recorded(input), ctx);
        let p = input.p();
        // The penalties, and what the solver cuts of them for one component.
        let _held = ctx.reserve_matrices(2, p, p)?;
        let neighbors = self.graph.as_ref().map(|graph| neighbors(graph, input)).transpose()?;
        check_cliques(input, neighbors.as_deref())?;
        let penalty = neighbors.as_ref().map_or_else(|| L1::scalar(0.0, false), |neighbors| only(neighbors));
        let solution =
            solve(input.moments(ctx)?, &penalty, None, settings, ctx).map_err(|error| match error.kind() {
                ErrorKind::Numerical => no_maximum(input, neighbors.as_deref()),
                _ => error,
            })?;
        let mut builder = builder
            .likelihood(solution.likelihood)
            .certificate(solution.certificate)
            .solver(solution.solver, solution.iterations, solution.converged)
            .add("n_components", solution.components.len().into());
        if !solution.converged {
            builder.warn(solution.why_not(settings));
        }
        builder.finish(Estimate::precision(solution.theta, input.names()), ctx)
    }

    fn recorded(&self, input: &Input) -> Vec<(String, Value)> {
        let mut options: Vec<(String, Value)> = Vec::new();
        if let Some(graph) = &self.graph {
            options.push(("graph".into(), graph.clone().into()));
        }
        options.push(("tol".into(), Value::Float(self.tol)));
        options.push(("max_iter".into(), self.max_iter.into()));
        options.extend(input.recorded());
        options
    }
}

/// The graph that the option stands for.
fn graph_of(value: &Value, ctx: &Context) -> Result<Graph> {
    if let Some(fit) = value.object::<Fit>() {
        return fit.graph(0.0);
    }
    if let Some(matrix) = value.object::<Matrix>() {
        let graph = Graph::from_matrix(matrix, 0.0, ctx).map_err(|error| error.at("option 'graph'"))?;
        let pattern = matrix.map(|entry| f64::from(entry != 0.0));
        return match is_symmetric(pattern.view()) {
            true => Ok(graph),
            false => Err(Error::argument("option 'graph': the matrix has edges in one direction only")
                .with_hint("a precision matrix is symmetric: an edge stands at (i, j) and at (j, i)")),
        };
    }
    match value.object::<Graph>() {
        Some(graph) => Ok(graph.clone()),
        None => Err(Error::internal("a graph of no known type")),
    }
}

/// For every variable of the input those that the graph links it to, ascending.
///
/// # Errors
/// Edges with a direction, other nodes than variables.
fn neighbors(graph: &Graph, input: &Input) -> Result<Vec<Vec<usize>>> {
    if graph.direction() != Direction::Undirected {
        return Err(Error::argument(format!("refit: the graph is {}", graph.direction().word())).with_hint(
            "a precision matrix says nothing about directions: g.undirected() takes them away; common causes of a node \
             are linked too in the precision matrix of a directed model",
        ));
    }
    let order = positions(graph, input)?;
    let mut found = vec![Vec::new(); input.p()];
    for edge in graph.edges() {
        let (source, target) = (order[edge.source], order[edge.target]);
        found[source].push(target);
        found[target].push(source);
    }
    found.iter_mut().for_each(|own| own.sort_unstable());
    Ok(found)
}

/// For every node of the graph the position of its variable.
fn positions(graph: &Graph, input: &Input) -> Result<Vec<usize>> {
    let (nodes, p) = (graph.n_nodes(), input.p());
    if let (Some(own), Some(names)) = (graph.names(), input.names()) {
        if let Some(name) = own.iter().find(|name| names.find(name).is_none()) {
            let error = Error::name(format!("refit: the data have no column '{name}', a node of the graph"));
            return Err(error
                .with_nearest(name, names.iter())
                .or_hint("g.subgraph([..]) is the part of a graph with these nodes"));
        }
        if let Some(name) = names.iter().find(|name| own.find(name).is_none()) {
            return Err(Error::name(format!("refit: the graph has no node '{name}', a column of the data")).with_hint(
                "take the columns that are nodes, x.select(g.names), or let nodes without an edge be nodes: \
                 graph_from_edges(t, #{ nodes: x.names })",
            ));
        }
        return Ok(own.iter().filter_map(|name| names.find(name)).collect());
    }
    match nodes == p {
        true => Ok((0..p).collect()),
        false => Err(Error::shape(format!("refit: the graph has {nodes} nodes, the data have {p} columns"))
            .with_hint("nodes are matched by position unless graph and data have names")),
    }
}

/// No penalty on the edges and the diagonal; everything else is forbidden.
fn only(neighbors: &[Vec<usize>]) -> L1 {
    let p = neighbors.len();
    let mut lambda = Array2::from_elem((p, p), f64::INFINITY);
    lambda.diag_mut().fill(0.0);
    for (i, own) in neighbors.iter().enumerate() {
        own.iter().for_each(|&j| lambda[(i, j)] = 0.0);
    }
    L1::Matrix(lambda)
}

/// As many variables are named in a message.
const NAMED: usize = 5;

/// Fails for data with so few rows that their covariance is singular on variables that are all linked: rounding may hide it.
fn check_cliques(input: &Input, neighbors: Option<&[Vec<usize>]>) -> Result<()> {
    let Some(rows) = input.x().filter(|_| input.is_plain_data()).map(Matrix::rows) else { return Ok(()) };
    let is_singular = neighbors.map_or(input.p() >= rows, |neighbors| clique(neighbors, rows).is_some());
    if is_singular { Err(no_maximum(input, neighbors)) } else { Ok(()) }
}

/// The error of a likelihood without a maximum, with variables that are the reason where some are found.
fn no_maximum(input: &Input, neighbors: Option<&[Vec<usize>]>) -> Error {
    let rows = input.x().map(Matrix::rows);
    let why = match (neighbors, rows) {
        (None, _) => " all pairs have an edge, and the covariance is singular".to_string(),
        (Some(neighbors), Some(rows)) => match clique(neighbors, rows) {
            Some(clique) => format!(
                " {} are all linked to each other, and {rows} rows are not more than that",
                listed(&clique, input.names(), input.p())
            ),
            None => " the covariance of linked variables is singular".into(),
        },
        _ => " the covariance of linked variables is singular".into(),
    };
    Error::numerical(format!("refit: the likelihood of this graph has no maximum:{why}"))
        .with_hint("a graph with fewer edges, from a larger lambda, or more rows; a penalised fit always exists")
}

fn listed(positions: &[usize], names: Option<&Names>, p: usize) -> String {
    let labels = names.cloned().unwrap_or_else(|| Names::numbered(p));
    let shown: Vec<String> = positions.iter().take(NAMED).map(|&i| format!("'{}'", labels.get(i))).collect();
    let more = positions.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

/// At least so many nodes that are all linked to each other, if a greedy search finds them.
fn clique(neighbors: &[Vec<usize>], count: usize) -> Option<Vec<usize>> {
    let degree = |node: usize| neighbors[node].len();
    let mut nodes: Vec<usize> = (0..neighbors.len()).filter(|&node| degree(node) + 1 >= count).collect();
    nodes.sort_by_key(|&node| std::cmp::Reverse(degree(node)));
    nodes.iter().find_map(|&first| {
        let mut members = vec![first];
        let mut left: HashSet<usize> = neighbors[first].iter().copied().collect();
        for &node in nodes.iter().filter(|&&node| node != first) {
            if left.contains(&node) {
                members.push(node);
                left.retain(|other| neighbors[node].binary_search(other).is_ok());
            }
        }
        members.sort_unstable();
        (members.len() >= count).then_some(members)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    #[test]
    fn rust_and_scripts_have_the_same_defaults() {
        let options = RECORD.check(&[]).unwrap();
        assert_eq!(Refit::from_options(&options, &Context::new()).unwrap(), Refit::default());
    }

    #[test]
    fn a_clique_is_found_and_named() {
        let of = |edges: &[(usize, usize)], p: usize| {
            let mut neighbors = vec![Vec::new(); p];
            for &(i, j) in edges {
                neighbors[i].push(j);
                neighbors[j].push(i);
            }
            neighbors.iter_mut().for_each(|own: &mut Vec<usize>| own.sort_unstable());
            neighbors
        };
        let neighbors = of(&[(0, 1), (0, 3), (1, 3), (1, 2), (2, 4)], 5);
        assert_eq!(clique(&neighbors, 3), Some(vec![0, 1, 3]));
        assert_eq!(clique(&neighbors, 4), None);
        assert_eq!(listed(&[0, 3], None, 5), "'x0', 'x3'");
    }

    #[test]
    fn directions_and_other_nodes_are_refused() {
        let x = Matrix::from_fn(9, 2, |i, j| ((i * (j + 2) + i * i) % 7) as f64);
        let fit = |graph: Graph| Refit::new().graph(graph).fit(&x, &Context::new());
        let directed = Graph::new(2, None, true, vec![Edge::new(0, 1, 1.0)]).unwrap();
        assert!(fit(directed).unwrap_err().message().contains("directed"));
        let larger = Graph::new(3, None, false, Vec::new()).unwrap();
        assert!(fit(larger).unwrap_err().message().contains("3 nodes"));
    }
}
