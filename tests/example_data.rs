//! The data that come with sinew are what their description says.

use sinew::data::covariance::covariance;
use sinew::data::example::{EXAMPLES, example};
use sinew::linalg::Cholesky;
use sinew::{Context, Matrix};

#[test]
fn every_example_reads_and_says_where_it_is_from() {
    for data in EXAMPLES {
        assert!(example(data.name, &Context::new()).is_ok_and(|table| table.rows() > 10), "{}", data.name);
        assert!(!data.summary.is_empty() && data.source.contains("20"), "{}", data.name);
    }
}

/// Twice the Gaussian log-likelihood of a segment up to constants: -n log det S.
fn likelihood(x: &Matrix, ctx: &Context) -> f64 {
    let s = covariance(x, ctx).expect("a covariance");
    -(x.rows() as f64) * Cholesky::new(s.view()).expect("positive definite").logdet()
}

#[test]
fn the_first_853_rows_of_sachs_are_one_condition() {
    // The published data are nine conditions one after another, the unperturbed cells first. Of all places to cut the
    // first two (1755 rows) into two Gaussians, the best is where the first condition ends.
    let ctx = Context::new();
    let table = example("sachs", &ctx).expect("the data");
    assert_eq!((table.rows(), table.cols()), (7466, 11));
    let x = table.matrix().expect("numbers").log1p().expect("positive").head(1755);
    let cut = |k: &i64| likelihood(&x.head(*k), &ctx) + likelihood(&x.tail(1755 - k), &ctx);
    let best = (700..1100).max_by(|a, b| cut(a).total_cmp(&cut(b)));
    assert_eq!(best, Some(853));
}

#[test]
fn the_accepted_edges_are_between_the_measured_molecules() {
    let ctx = Context::new();
    let (data, edges) = (example("sachs", &ctx).expect("data"), example("sachs_edges", &ctx).expect("edges"));
    assert_eq!(edges.rows(), 18);
    for column in 0..2 {
        for row in 0..edges.rows() {
            let molecule = edges.column_at(column).cell(row);
            assert!(data.names().find(&molecule).is_some(), "{molecule}");
        }
    }
}
