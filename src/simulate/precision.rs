//! A precision matrix with a given graph.

use ndarray::{Array2, ArrayView2};
use rand::RngExt;

use crate::context::Context;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::graph::{Direction, Graph};
use crate::linalg::min_eigenvalue;
use crate::model::{Accepts, Area, Param, Record, Run};
use crate::options::{Kind, Opt, Options, Preset, Range};
use crate::rng;

const OPTIONS: &[Opt] = &[
    Opt::new(
        "rule",
        &[Kind::Choice(&["huge", "uglad", "uniform_iid", "diagonally_dominant"])],
        Preset::Text("huge"),
        "How entries are set",
    ),
    Opt::new(
        "gamma",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Unset("0.3"),
        "Factor of the graph's weights (huge, diagonally_dominant)",
    ),
    Opt::new(
        "beta",
        &[Kind::Number(Range::POSITIVE)],
        Preset::Unset("0.2; 1 (uglad, uniform_iid)"),
        "Smallest eigenvalue of the result; with diagonally_dominant, a bound on it from below",
    ),
];

/// The record.
pub static RECORD: Record = Record {
    verb: "precision",
    constructor: None,
    area: Area::Simulate,
    summary: "Precision matrix with the zeros of a graph",
    details: "A is the graph's matrix of weights. Rule \"huge\" (Kilian, Rebafka, Villers): K = gamma A + \
(|lambda_min(gamma A)| + beta) I, which is what huge.generator of R inverts with v = gamma and u = beta - 0.1; huge then scales \
the covariance to a unit diagonal (cov2cor), which is not done here: variances of the model are not 1, so standardize \
samples before methods that depend on scale. Rule \"uglad\" (the generator in the programs of GLAD and uGLAD): every edge \
has the weight (U1 + U2) / 2 with U1, U2 independent and uniform between -1 and 1, as entries of a symmetrised matrix of \
such numbers have: a triangular law of variance 1/6; then the multiple of I is added with which the smallest eigenvalue \
is beta. Rule \"uniform_iid\" (the text of the uGLAD paper): one draw from U(-1, 1) for every edge, variance 1/3, and the same \
multiple of I. Rule \"diagonally_dominant\": K_ij = gamma A_ij, K_ii = sum_j |K_ij| + beta, whose eigenvalues are at least \
beta (Gershgorin). Rules that draw weights take no account of the graph's own; `seed` is for them alone.",
    params: &[Param { name: "graph", help: "an undirected Graph" }],
    options: OPTIONS,
    accepts: Accepts::Data,
    random: true,
    adds: &[],
    reference: "Zhao, Liu, Roeder, Lafferty, Wasserman, JMLR 13:1059 (2012); Kilian, Rebafka, Villers (2024), section 5; \
Shrivastava, Chajewska, Abraham, Chen, arXiv:2205.11610 (2022), section 7.1",
    example: "let g = random_graph(\"band\", #{ nodes: 5 });\nprint(g.precision(#{ gamma: 0.3, beta: 0.2 }));\n\
print(g.precision(#{ rule: \"uglad\", seed: 1 }).eigh().values[0]);",
    run: Run::Value(|args, options, ctx| {
        let graph = args.object::<Graph>(0, "the graph", "a Graph")?;
        precision(graph, Rule::from_options(options)?, ctx).map(Into::into)
    }),
};

/// How the entries of a precision matrix K are set, for a graph with the matrix of weights A.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// gamma A, and the multiple of I with which the smallest eigenvalue is beta.
    Huge {
        /// Factor of the weights, above 0.
        gamma: f64,
        /// Smallest eigenvalue, above 0.
        beta: f64,
    },
    /// For every edge the mean of two draws from U(-1, 1), and the multiple of I as in [`Rule::Huge`].
    Uglad {
        /// Smallest eigenvalue, above 0.
        beta: f64,
    },
    /// For every edge one draw from U(-1, 1), and the multiple of I as in [`Rule::Huge`].
    UniformIid {
        /// Smallest eigenvalue, above 0.
        beta: f64,
    },
    /// gamma A off the diagonal, K_ii = sum_j |K_ij| + beta on it.
    DiagonallyDominant {
        /// Factor of the weights, above 0.
        gamma: f64,
        /// What the diagonal has above the rest of its row: a lower bound on the smallest eigenvalue.
        beta: f64,
    },
}

impl Default for Rule {
    fn default() -> Self {
        Self::Huge { gamma: GAMMA, beta: BETA }
    }
}

const GAMMA: f64 = 0.3;
const BETA: f64 = 0.2;
/// Of the rules that draw weights.
const BETA_OF_DRAWN: f64 = 1.0;

impl Rule {
    fn from_options(options: &Options) -> Result<Self> {
        let rule = options.text("rule").unwrap_or("huge");
        let draws = matches!(rule, "uglad" | "uniform_iid");
        if draws && options.is_given("gamma") {
            return Err(Error::option(format!(
                "option 'gamma' of precision scales the graph's weights, and rule \"{rule}\" draws its own"
            ))
            .with_hint("leave gamma out, or take the rule \"huge\" or \"diagonally_dominant\""));
        }
        let gamma = options.number("gamma").unwrap_or(GAMMA);
        let beta = options.number("beta").unwrap_or(if draws { BETA_OF_DRAWN } else { BETA });
        Ok(match rule {
            "uglad" => Self::Uglad { beta },
            "uniform_iid" => Self::UniformIid { beta },
            "diagonally_dominant" => Self::DiagonallyDominant { gamma, beta },
            _ => Self::Huge { gamma, beta },
        })
    }

    /// Fails where a number of the rule is not above 0 and finite.
    fn check(self) -> Result<()> {
        let (gamma, beta) = match self {
            Self::Huge { gamma, beta } | Self::DiagonallyDominant { gamma, beta } => (gamma, beta),
            Self::Uglad { beta } | Self::UniformIid { beta } => (GAMMA, beta),
        };
        if [gamma, beta].iter().all(|number| number.is_finite() && *number > 0.0) {
            return Ok(());
        }
        Err(Error::argument(format!("precision: gamma and beta must be finite and above 0, not {gamma} and {beta}")))
    }

    /// Entries of K for the edges, in their order, which is sorted: the same however the edges were given.
    fn weights(self, graph: &Graph, ctx: &Context) -> Result<Vec<f64>> {
        let mut rng = rng::stream(ctx.seed(), RECORD.verb, 0);
        let mut uniform = || -> f64 { rng.random_range(-1.0..1.0) };
        let edges = graph.edges().iter();
        let weights: Vec<f64> = match self {
            Self::Huge { gamma, .. } | Self::DiagonallyDominant { gamma, .. } => {
                edges.map(|edge| gamma * edge.weight).collect()
            }
            Self::Uglad { .. } => edges.map(|_| not_zero(|| 0.5 * (uniform() + uniform()))).collect(),
            Self::UniformIid { .. } => edges.map(|_| not_zero(&mut uniform)).collect(),
        };
        match weights.iter().position(|weight| *weight == 0.0 || !weight.is_finite()) {
            None => Ok(weights),
            Some(place) => {
                let (edge, weight) = (graph.edges()[place], weights[place]);
                Err(Error::numerical(format!(
                    "precision: gamma x the weight {} of the edge {} - {} is {weight} in double precision",
                    edge.weight, edge.source, edge.target
                ))
                .with_hint("give the graph weights near 1, or another gamma"))
            }
        }
    }

    /// The diagonal of K, whose entries off it are given, p x p.
    fn diagonal(self, off: ArrayView2<'_, f64>, has_edges: bool, ctx: &Context) -> Result<Vec<f64>> {
        match self {
            Self::DiagonallyDominant { beta, .. } => {
                Ok(off.rows().into_iter().map(|row| row.iter().map(|entry| entry.abs()).sum::<f64>() + beta).collect())
            }
            Self::Huge { beta, .. } | Self::Uglad { beta } | Self::UniformIid { beta } => {
                // The trace is 0, and with an edge the smallest eigenvalue is below 0.
                let shift = if has_edges { -min_eigenvalue(off, ctx)? } else { 0.0 };
                Ok(vec![shift + beta; off.nrows()])
            }
        }
    }
}

/// The first draw that is not 0, which would be no edge.
fn not_zero(mut draw: impl FnMut() -> f64) -> f64 {
    loop {
        let weight = draw();
        if weight != 0.0 {
            return weight;
        }
    }
}

/// A precision matrix, p x p and positive definite, that is not 0 off the diagonal exactly where the graph has an edge;
/// the seed of drawn weights is the context's.
///
/// # Errors
/// A graph with directed edges; numbers of the rule that are not above 0; weights beyond double precision; memory.
pub fn precision(graph: &Graph, rule: Rule, ctx: &Context) -> Result<Matrix> {
    if graph.direction() != Direction::Undirected {
        return Err(Error::argument("a precision matrix is symmetric: the graph must not be directed")
            .with_hint("undirected() forgets the directions of the edges"));
    }
    rule.check()?;
    let p = graph.n_nodes();
    let _held = ctx.reserve_matrices(1, p, p)?;
    let weights = rule.weights(graph, ctx)?;
    let mut values = Array2::<f64>::zeros((p, p));
    for (edge, &weight) in graph.edges().iter().zip(&weights) {
        values[(edge.source, edge.target)] = weight;
        values[(edge.target, edge.source)] = weight;
    }
    let diagonal = rule.diagonal(values.view(), graph.n_edges() > 0, ctx)?;
    if let Some(entry) = diagonal.iter().find(|entry| !entry.is_finite()) {
        return Err(Error::numerical(format!("precision: an entry of the diagonal is {entry} in double precision"))
            .with_hint("give smaller gamma and beta, or the graph smaller weights"));
    }
    values.diag_mut().assign(&ndarray::ArrayView1::from(&diagonal));
    Ok(Matrix::square(values, graph.names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;
    use crate::value::Value;

    const RULES: [&str; 4] = ["huge", "uglad", "uniform_iid", "diagonally_dominant"];

    fn call(graph: &Graph, given: &[(&str, Value)]) -> Result<Matrix> {
        let given: Vec<(String, Value)> = given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        let made = RECORD.call(&[graph.clone().into()], &given, &Context::new().with_seed(4))?;
        made.object::<Matrix>().cloned().ok_or_else(|| Error::internal("no matrix"))
    }

    fn path(edges: &[(usize, usize)]) -> Graph {
        Graph::new(4, None, false, edges.iter().map(|&(a, b)| Edge::new(a, b, 2.0)).collect()).unwrap()
    }

    #[test]
    fn a_graph_without_edges_gives_beta_on_the_diagonal() {
        for (rule, beta) in RULES.iter().zip([0.2, 1.0, 1.0, 0.2]) {
            let k = call(&path(&[]), &[("rule", (*rule).into())]).unwrap();
            assert_eq!(k, Matrix::from_fn(4, 4, |i, j| if i == j { beta } else { 0.0 }), "{rule}");
        }
        let none = Graph::new(0, None, false, Vec::new()).unwrap();
        assert_eq!(call(&none, &[]).unwrap().rows(), 0);
    }

    #[test]
    fn the_order_of_the_edges_does_not_matter() {
        for rule in RULES {
            let one = call(&path(&[(0, 1), (1, 2), (2, 3)]), &[("rule", rule.into())]).unwrap();
            let other = call(&path(&[(3, 2), (1, 0), (2, 1)]), &[("rule", rule.into())]).unwrap();
            assert_eq!(one, other, "{rule}");
        }
    }

    #[test]
    fn given_weights_are_scaled_and_known_matrices_come_out() {
        // The eigenvalues of 0.6 on a single edge are 0.6 and -0.6.
        let edge = path(&[(0, 1)]);
        let huge = call(&edge, &[]).unwrap();
        assert!((huge.view()[(0, 0)] - 0.8).abs() < 1e-14 && huge.view()[(0, 1)] == 0.6);
        assert!((huge.view()[(3, 3)] - 0.8).abs() < 1e-14);
        let dominant = call(&edge, &[("rule", "diagonally_dominant".into()), ("beta", 1i64.into())]).unwrap();
        assert_eq!((dominant.view()[(1, 1)], dominant.view()[(3, 3)]), (0.6 + 1.0, 1.0));
    }

    #[test]
    fn what_does_not_fit_the_rule_or_the_graph_is_refused() {
        let edge = path(&[(0, 1)]);
        for rule in ["uglad", "uniform_iid"] {
            let error = call(&edge, &[("rule", rule.into()), ("gamma", 0.3.into())]).unwrap_err();
            assert!(error.message().contains("draws its own"), "{error}");
        }
        let mixed = Graph::mixed(3, None, vec![Edge::new(0, 1, 1.0), Edge::new(1, 2, 1.0).directed()]).unwrap();
        assert!(call(&mixed, &[]).unwrap_err().message().contains("must not be directed"));
        let faint = Graph::new(2, None, false, vec![Edge::new(0, 1, 1e-300)]).unwrap();
        assert!(call(&faint, &[("gamma", 1e-300.into())]).unwrap_err().message().contains("double precision"));
        let loud = Graph::new(2, None, false, vec![Edge::new(0, 1, 1e300)]).unwrap();
        assert!(call(&loud, &[("gamma", 1e300.into())]).unwrap_err().message().contains("double precision"));
        assert!(precision(&edge, Rule::Uglad { beta: 0.0 }, &Context::new()).is_err());
    }

    #[test]
    fn a_draw_of_zero_is_drawn_again() {
        let mut draws = [0.0, -0.0, 0.25].into_iter();
        assert_eq!(not_zero(|| draws.next().unwrap()), 0.25);
    }
}
