//! The graphical lasso on random sparse graphs: one fit at a penalty that gives about the true number of edges, and a
//! path. Run with `cargo bench`; compare with other programs by `benches/compare/scikit_learn.py`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::methods::neighborhood_selection::NeighborhoodSelection;
use sinew::simulate::{precision, random_graph, sample_gaussian};
use sinew::{Context, Matrix};

/// Standardised samples of a random graph with 1.5 edges a node.
fn data(p: usize, ctx: &Context) -> Matrix {
    let graph = random_graph::erdos_renyi(p, 3.0 / p as f64, ctx).expect("a graph");
    let theta = precision::huge(&graph, 0.3, 0.2, ctx).expect("a precision matrix");
    sample_gaussian::sample_gaussian(&theta, 2 * p, ctx).expect("samples").standardize().expect("data")
}

fn graphical_lasso(criterion: &mut Criterion) {
    let ctx = Context::new().with_seed(1).with_threads(1);
    let mut group = criterion.benchmark_group("graphical_lasso");
    group.sample_size(10);
    for p in [50, 100, 200, 400] {
        let x = data(p, &ctx);
        let lambda = 1.5 * ((p as f64).ln() / (2 * p) as f64).sqrt();
        group.bench_with_input(BenchmarkId::new("fit, gap 1e-6", p), &x, |bencher, x| {
            bencher.iter(|| GraphicalLasso::new().lambda(lambda).tol(1e-6).fit(x, &ctx).expect("a fit"));
        });
        group.bench_with_input(BenchmarkId::new("path of 30", p), &x, |bencher, x| {
            bencher.iter(|| GraphicalLassoPath::default().grid(30, 0.1).fit(x, &ctx).expect("a path"));
        });
        group.bench_with_input(BenchmarkId::new("neighborhood_selection", p), &x, |bencher, x| {
            bencher.iter(|| NeighborhoodSelection::new().fit(x, &ctx).expect("a fit"));
        });
    }
}

criterion_group!(benches, graphical_lasso);
criterion_main!(benches);
