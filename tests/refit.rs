//! Covariance selection: against its optimality conditions, closed forms and a textbook.

mod common;

use common::correlated;
use sinew::data::Names;
use sinew::graph::Edge;
use sinew::linalg::Cholesky;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::refit::{RECORD, Refit};
use sinew::model::{Fit, Input, value_from_json, value_to_json};
use sinew::{Context, ErrorKind, Graph, Matrix, Value};

fn graph(p: usize, edges: &[(usize, usize)]) -> Graph {
    let edges = edges.iter().map(|&(i, j)| Edge::new(i, j, 1.0)).collect();
    Graph::new(p, None, false, edges).expect("a graph")
}

/// Zeros off the graph, the entries of S on it in the inverse.
fn check_conditions(fit: &Fit, s: &Matrix, graph: &Graph, tol: f64) {
    let theta = fit.precision().expect("a precision matrix");
    let w = Cholesky::new(theta.view()).expect("positive definite").inverse();
    let is_edge = |i: usize, j: usize| graph.edges().iter().any(|e| (e.source, e.target) == (i.min(j), i.max(j)));
    for ((i, j), &value) in theta.view().indexed_iter() {
        if i == j || is_edge(i, j) {
            let wanted = s.view()[(i, j)];
            let scale = (s.view()[(i, i)] * s.view()[(j, j)]).sqrt();
            assert!((w[(i, j)] - wanted).abs() < tol * scale, "({i}, {j}): {} and {wanted}", w[(i, j)]);
        } else {
            assert_eq!(value, 0.0, "({i}, {j})");
        }
    }
}

fn named(x: &Matrix, names: &[&str]) -> Matrix {
    let names = Names::new(names.iter().map(|name| name.to_string()).collect(), "columns").expect("names");
    x.clone().with_names(Some(names)).expect("as many names")
}

#[test]
fn the_example_of_the_elements_of_statistical_learning() {
    // Figure 17.4 and the matrices below it: a ring of four variables.
    let s = Matrix::from_vec(
        4,
        4,
        vec![10.0, 1.0, 5.0, 4.0, 1.0, 10.0, 2.0, 6.0, 5.0, 2.0, 10.0, 3.0, 4.0, 6.0, 3.0, 10.0],
    )
    .expect("numbers");
    let ring = graph(4, &[(0, 1), (1, 2), (2, 3), (0, 3)]);
    let input = Input::covariance_matrix(&s, Some(100)).expect("a covariance");
    let fit = Refit::new().graph(ring.clone()).fit_input(&input, &Context::new()).expect("a fit");
    check_conditions(&fit, &s, &ring, 1e-4);
    let w = Cholesky::new(fit.precision().expect("theta").view()).expect("definite").inverse();
    assert!((w[(0, 2)] - 1.31).abs() < 0.005 && (w[(1, 3)] - 0.87).abs() < 0.005, "{w}");
    assert!(fit.certificate().expect("a certificate").relative_gap() <= 1e-9 && fit.n_edges().expect("edges") == 4);
}

#[test]
fn chordal_graphs_have_a_closed_form_and_others_are_solved() {
    let x = correlated(60, 7, 0.9, 3);
    let s = Matrix::from(Input::data(&x).expect("data").s(&Context::new()).expect("s").to_owned());
    let chain: Vec<(usize, usize)> = (0..6).map(|i| (i, i + 1)).collect();
    let triangles = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (4, 5), (5, 6), (4, 6)];
    let ring: Vec<(usize, usize)> = (0..7).map(|i| (i, (i + 1) % 7)).collect();
    for (edges, closed, tol) in [(&chain[..], true, 1e-10), (&triangles[..], true, 1e-10), (&ring[..], false, 1e-3)] {
        let graph = graph(7, edges);
        let fit = Refit::new().graph(graph.clone()).fit(&x, &Context::new()).expect("a fit");
        check_conditions(&fit, &s, &graph, tol);
        assert_eq!(fit.solver() == "closed form", closed, "{}", fit.solver());
        assert_eq!(fit.n_edges().expect("edges"), edges.len());
    }
    // Of a tree, log det Theta is that of the variables alone less log(1 - r^2) of every edge, and tr(S Theta) is p.
    let fit = Refit::new().graph(graph(7, &chain)).fit(&x, &Context::new()).expect("a fit");
    let at = |i: usize, j: usize| s.view()[(i, j)];
    let alone: f64 = (0..7).map(|i| at(i, i).ln()).sum();
    let edges: f64 = chain.iter().map(|&(i, j)| (1.0 - at(i, j).powi(2) / at(i, i) / at(j, j)).ln()).sum();
    let loglik = 30.0 * (-alone - edges - 7.0 - 7.0 * (2.0 * std::f64::consts::PI).ln());
    assert!((fit.loglik().expect("a likelihood") - loglik).abs() < 1e-8 * loglik.abs());
}

#[test]
fn a_refit_is_likelier_than_the_penalised_fit_and_does_not_depend_on_order_or_threads() {
    let names = ["a", "b", "c", "d", "e"];
    let x = named(&correlated(80, 5, 0.7, 1).standardize().expect("data"), &names);
    let ctx = Context::new().with_threads(1);
    let sparse = GraphicalLasso::new().lambda(0.2).fit(&x, &ctx).expect("a fit");
    let call = |x: &Matrix, graph: Value, ctx: &Context| -> Fit {
        let found = RECORD.call(&[x.clone().into()], &[("graph".into(), graph)], ctx).expect("a refit");
        found.object::<Fit>().expect("a fit").clone()
    };
    let fit = call(&x, sparse.clone().into(), &ctx);
    assert!(fit.loglik().expect("loglik") > sparse.loglik().expect("loglik"));
    assert_eq!(fit.n_edges().expect("edges"), sparse.n_edges().expect("edges"));
    for threads in [2, 4] {
        let again = call(&x, sparse.clone().into(), &Context::new().with_threads(threads));
        assert_eq!(again.precision().expect("theta"), fit.precision().expect("theta"));
    }
    let turned = x.pick(&(0..80).collect::<Vec<_>>(), &[4, 3, 2, 1, 0]);
    let other = call(&turned, sparse.graph(0.0).expect("a graph").into(), &ctx);
    let back = other.precision().expect("theta").pick(&[4, 3, 2, 1, 0], &[4, 3, 2, 1, 0]);
    let apart = common::distance(&back, fit.precision().expect("theta"));
    assert!(apart < 1e-3, "{apart}");
    let value: Value = fit.clone().into();
    let json = value_to_json(&value);
    let read = value_from_json(&json).expect("a fit");
    assert_eq!(value_to_json(&read), json);
}

#[test]
fn without_a_graph_all_pairs_have_an_edge() {
    let x = correlated(40, 4, 0.5, 2);
    let fit = Refit::new().fit(&x, &Context::new()).expect("a fit");
    let s = Matrix::from(Input::data(&x).expect("data").s(&Context::new()).expect("s").to_owned());
    check_conditions(&fit, &s, &graph(4, &[(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]), 1e-9);
    let empty = Refit::new().graph(graph(4, &[])).fit(&x, &Context::new()).expect("a fit");
    check_conditions(&empty, &s, &graph(4, &[]), 1e-12);
}

#[test]
fn a_likelihood_without_a_maximum_names_the_variables() {
    let x = named(&correlated(3, 5, 0.5, 1), &["a", "b", "c", "d", "e"]);
    let fit = |edges: &[(usize, usize)]| Refit::new().graph(graph(5, edges)).fit(&x, &Context::new());
    // Three rows about their means span two dimensions.
    let error = fit(&[(0, 1), (0, 3), (1, 3), (2, 4)]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Numerical, "{error}");
    assert!(error.message().contains("'a', 'b', 'd' are all linked") && error.message().contains("3 rows"), "{error}");
    assert!(fit(&[(0, 1), (1, 2), (2, 3), (3, 4)]).is_ok(), "two variables at a time have a maximum");
    let whole = Refit::new().fit(&x, &Context::new()).map(|_| ()).unwrap_err();
    assert!(whole.message().contains("all pairs have an edge"), "{whole}");
}

#[test]
fn graphs_that_do_not_belong_to_the_data_are_refused() {
    let x = named(&correlated(20, 3, 0.5, 1), &["a", "b", "c"]);
    let error = |graph: Value| {
        RECORD.call(&[x.clone().into()], &[("graph".into(), graph)], &Context::new()).map(|_| ()).unwrap_err()
    };
    let names = |list: &[&str]| Names::new(list.iter().map(|n| n.to_string()).collect(), "nodes").expect("names");
    let with = |list: &[&str]| graph(list.len(), &[(0, 1)]).with_names(Some(names(list))).expect("names");
    assert!(error(with(&["a", "b", "z"]).into()).message().contains("no column 'z'"));
    assert!(error(with(&["a", "b"]).into()).message().contains("no node 'c'"));
    assert!(error(graph(4, &[]).into()).message().contains("4 nodes"));
    let directed = Graph::new(3, None, true, vec![Edge::new(0, 1, 1.0)]).expect("a graph");
    assert!(error(directed.into()).hint().is_some_and(|hint| hint.contains("undirected")));
    let lopsided = Matrix::from_fn(3, 3, |i, j| if (i, j) == (0, 1) { 1.0 } else { 0.0 });
    assert!(error(lopsided.into()).message().contains("one direction"));
    assert!(error(Matrix::from_fn(2, 3, |_, _| 0.0).into()).message().contains("square"));
    assert_eq!(error(3i64.into()).kind(), ErrorKind::Option);
}
