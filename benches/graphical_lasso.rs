//! The graphical lasso on random sparse graphs: one fit, a path, and neighbourhood selection, on one thread. Run with
//! `cargo bench`; `benches/compare/graphical_lasso.py` compares with other programs.

use divan::Bencher;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::methods::neighborhood_selection::NeighborhoodSelection;
use sinew::simulate::{precision, random_graph, sample_gaussian};
use sinew::{Context, Matrix};

const SIZES: [usize; 4] = [50, 100, 200, 400];

fn main() {
    divan::main();
}

fn context() -> Context {
    Context::new().with_seed(1).with_threads(1)
}

/// 2 p standardised samples of a random graph with 1.5 edges a node.
fn data(p: usize) -> Matrix {
    let ctx = context();
    let graph = random_graph::erdos_renyi(p, 3.0 / p as f64, &ctx).expect("a graph");
    let theta = precision::precision(&graph, precision::Rule::default(), &ctx).expect("a precision matrix");
    sample_gaussian::sample_gaussian(&theta, 2 * p, &ctx).expect("samples").standardize().expect("data")
}

/// One fit to a relative gap of 1e-6, at a penalty that leaves about the true number of edges.
#[divan::bench(args = SIZES, sample_count = 20)]
fn fit(bencher: Bencher<'_, '_>, p: usize) {
    let (x, ctx) = (data(p), context());
    let lambda = 1.5 * ((p as f64).ln() / (2 * p) as f64).sqrt();
    bencher.bench_local(|| GraphicalLasso::new().lambda(lambda).tol(1e-6).fit(&x, &ctx).expect("a fit"));
}

/// 30 penalties down to a tenth of the largest, to the default gap of 1e-9.
#[divan::bench(args = SIZES, sample_count = 5)]
fn path_of_30(bencher: Bencher<'_, '_>, p: usize) {
    let (x, ctx) = (data(p), context());
    bencher.bench_local(|| GraphicalLassoPath::default().grid(30, 0.1).fit(&x, &ctx).expect("a path"));
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn neighborhood_selection(bencher: Bencher<'_, '_>, p: usize) {
    let (x, ctx) = (data(p), context());
    bencher.bench_local(|| NeighborhoodSelection::new().fit(&x, &ctx).expect("a fit"));
}
