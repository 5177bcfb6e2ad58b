//! Neighbourhood selection against huge's path and its optimality conditions.

mod common;

use common::{correlated, has_reference, reference};
use sinew::data::covariance::{covariance, to_correlation};
use sinew::methods::neighborhood_selection::{NeighborhoodSelection, Rule};
use sinew::model::Input;
use sinew::{Context, Matrix};

#[test]
fn finds_as_many_edges_as_huge_along_its_path() {
    if !has_reference("finds_as_many_edges_as_huge_along_its_path") {
        return;
    }
    let ctx = Context::new();
    for topology in ["hub", "band"] {
        let x = reference(&format!("graphs/{topology}_0_X.csv"));
        let mut s = covariance(&x, &ctx).expect("a covariance");
        to_correlation(&mut s);
        let input = Input::covariance_matrix(&Matrix::from(s), Some(x.rows())).expect("a correlation");
        let path = format!("{}/../shared/reference/graphs/{topology}_0_huge_mb_path.csv", env!("CARGO_MANIFEST_DIR"));
        let path = sinew::data::read_csv(&path, &Default::default(), &ctx).expect("a path").matrix().expect("numbers");
        for i in 0..path.rows() {
            let (lambda, sparsity) = (path.row_slice(i)[0], path.row_slice(i)[1]);
            let fit = NeighborhoodSelection::new().lambda(lambda).fit_input(&input, &ctx).expect("a fit");
            assert!(fit.converged(), "{fit}");
            let theirs = (sparsity * 4950.0).round() as i64;
            let ours = fit.graph(0.0).expect("a graph").n_edges() as i64;
            // huge stops at a coarse tolerance, so that an edge at the border may fall on the other side.
            assert!((ours - theirs).abs() <= 1 + theirs / 100, "{topology} {lambda}: {ours} edges, huge has {theirs}");
        }
    }
}

#[test]
fn regressions_are_certified_and_the_rules_nest() {
    let ctx = Context::new();
    for (n, p, mix) in [(100, 20, 0.8), (20, 50, 1.0), (60, 10, 3.0)] {
        let x = correlated(n, p, mix, 8).standardize().expect("data");
        for lambda in [0.05, 0.2, 0.5] {
            let fit = |rule| NeighborhoodSelection::new().lambda(lambda).rule(rule).fit(&x, &ctx).expect("a fit");
            let (either, both) = (fit(Rule::Or), fit(Rule::And));
            let certificate = either.certificate().expect("certificate");
            assert!(either.converged() && certificate.kkt <= 1e-7, "{either}");
            assert!(certificate.relative_gap() < 1e-6, "{certificate:?}");
            let (either, both) = (either.graph(0.0).expect("a graph"), both.graph(0.0).expect("a graph"));
            let pairs: Vec<_> = either.edges().iter().map(|edge| (edge.source, edge.target)).collect();
            assert!(both.edges().iter().all(|edge| pairs.contains(&(edge.source, edge.target))));
            assert!(both.n_edges() <= either.n_edges());
        }
    }
}

#[test]
fn the_default_penalty_does_not_depend_on_scale() {
    let ctx = Context::new();
    let x = correlated(80, 8, 0.7, 3);
    let scaled = Matrix::from_fn(80, 8, |i, j| x.view()[(i, j)] * 10f64.powi(j as i32 - 4));
    let edges = |x: &Matrix| {
        let graph = NeighborhoodSelection::new().fit(x, &ctx).expect("a fit").graph(0.0).expect("a graph");
        graph.edges().iter().map(|edge| (edge.source, edge.target)).collect::<Vec<_>>()
    };
    assert!(!edges(&x).is_empty());
    assert_eq!(edges(&x), edges(&scaled));
}
