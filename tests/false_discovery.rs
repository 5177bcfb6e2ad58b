//! Graphs with a controlled false discovery rate and the methods they are compared with: reference numbers, definitions,
//! rates on simulated chains, and bad data.

mod common;

use common::{correlated, distance, has_reference, reference};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use sinew::methods::correlation_threshold::CorrelationThreshold;
use sinew::methods::debiased_graphical_lasso::DebiasedGraphicalLasso;
use sinew::methods::gfc_l::GfcL;
use sinew::methods::gfc_sl::GfcSl;
use sinew::methods::neighborhood_selection::{NeighborhoodSelection, Rule as Link};
use sinew::methods::tiger::Tiger;
use sinew::model::Fit;
use sinew::select::Rule;
use sinew::solver::{ScaledLasso, Variables, ren_statistics};
use sinew::{Context, ErrorKind, Matrix, Value, registry};

const STARS: Rule = Rule::Stars { subsamples: 20, ratio: None, threshold: 0.1 };

fn part(fit: &Fit, name: &str) -> Matrix {
    fit.added(name).expect(name).object::<Matrix>().expect("a matrix").clone()
}

fn pairs(fit: &Fit) -> Vec<(usize, usize)> {
    fit.graph(0.0).expect("a graph").edges().iter().map(|edge| (edge.source, edge.target)).collect()
}

/// The pairs of an adjacency matrix.
fn pairs_of(a: &Matrix) -> Vec<(usize, usize)> {
    let p = a.rows();
    let all = (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j)));
    all.filter(|&pair| a.view()[pair] != 0.0).collect()
}

/// n samples of a chain: every variable is half of the one before it, and noise.
fn chain(n: usize, p: usize, seed: u64) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::with_capacity(n);
    for _ in 0..n {
        let mut row: Vec<f64> = Vec::with_capacity(p);
        for j in 0..p {
            let noise: f64 = StandardNormal.sample(&mut rng);
            row.push(if j == 0 { noise } else { 0.5 * row[j - 1] + noise });
        }
        rows.push(row);
    }
    Matrix::from_rows(&rows).expect("rows")
}

#[test]
fn gfc_has_the_statistics_and_the_edges_of_silggm() {
    if !has_reference("gfc_has_the_statistics_and_the_edges_of_silggm") {
        return;
    }
    let ctx = Context::new();
    for topology in ["hub", "band"] {
        let x = reference(&format!("graphs/{topology}_0_X.csv"));
        let theirs = reference(&format!("graphs/{topology}_0_gfc_l_Tstat.csv"));
        let fit = GfcL::new().standardize(false).fit(&x, &ctx).expect("a fit");
        let error = distance(&part(&fit, "statistics"), &theirs);
        assert!(error < 1e-12, "{topology}: {error}");
        assert_eq!(pairs(&fit), pairs_of(&reference(&format!("graphs/ref_{topology}_0_gfc_l.csv"))), "{topology}");
        let fit = GfcSl::new().standardize(false).fit(&x, &ctx).expect("a fit");
        assert_eq!(pairs(&fit), pairs_of(&reference(&format!("graphs/ref_{topology}_0_gfc_sl.csv"))), "{topology}");
    }
}

#[test]
fn ren_statistics_are_those_of_silggm_on_any_number_of_threads() {
    if !has_reference("ren_statistics_are_those_of_silggm_on_any_number_of_threads") {
        return;
    }
    for (topology, threads) in [("hub", 1), ("band", 3)] {
        let ctx = Context::new().with_threads(threads);
        let x = reference(&format!("graphs/{topology}_0_X.csv"));
        let variables = Variables::of(&x, false, &ctx).expect("variables");
        let z = ren_statistics(&variables, ScaledLasso::published(100, 100), &ctx).expect("statistics");
        let error = distance(&Matrix::from(z), &reference(&format!("graphs/{topology}_0_ren_z.csv")));
        assert!(error < 1e-12, "{topology}: {error}");
    }
}

#[test]
fn units_do_not_matter_and_q_values_agree_with_the_edges() {
    let ctx = Context::new();
    let x = chain(80, 12, 5);
    let scaled = Matrix::from_fn(80, 12, |i, j| 7.0 + x.view()[(i, j)] * 10f64.powi(j as i32 - 6));
    let fits = |x: &Matrix| {
        [
            GfcL::new().fit(x, &ctx).expect("a fit"),
            GfcSl::new().fit(x, &ctx).expect("a fit"),
            DebiasedGraphicalLasso::new().fit(x, &ctx).expect("a fit"),
        ]
    };
    for (fit, other) in fits(&x).iter().zip(&fits(&scaled)) {
        let error = distance(&part(fit, "statistics"), &part(other, "statistics"));
        assert!(error < 1e-6, "{fit}: {error}");
        let (statistics, q) = (part(fit, "statistics"), part(fit, "q_values"));
        let edges = pairs(fit);
        assert!(edges.len() > 5, "{fit}");
        // Every edge has a q-value within the rate; Liu's grid may leave out one at the border.
        for (i, j) in (0..12).flat_map(|i| (i + 1..12).map(move |j| (i, j))) {
            let linked = edges.contains(&(i, j));
            assert!(!linked || q.view()[(i, j)] <= 0.1, "{fit}: {i} {j} {}", q.view()[(i, j)]);
            assert!(linked || q.view()[(i, j)] > 0.09, "{fit}: {i} {j} {}", q.view()[(i, j)]);
        }
        assert_eq!(statistics, statistics.transpose());
    }
}

#[test]
fn the_rate_is_kept_and_strong_edges_are_found() {
    let ctx = Context::new();
    let (runs, p) = (10, 25);
    type Method = fn(&Matrix, &Context) -> sinew::Result<Fit>;
    let methods: [(&str, Method); 3] = [
        ("gfc_l", |x, ctx| GfcL::new().fit(x, ctx)),
        ("gfc_sl", |x, ctx| GfcSl::new().fit(x, ctx)),
        ("debiased", |x, ctx| DebiasedGraphicalLasso::new().fit(x, ctx)),
    ];
    for (name, method) in methods {
        let (mut wrong, mut found) = (0.0, 0.0);
        for run in 0..runs {
            let edges = pairs(&method(&chain(120, p, 100 + run), &ctx).expect(name));
            let right = edges.iter().filter(|(i, j)| j - i == 1).count() as f64;
            wrong += (edges.len() as f64 - right) / edges.len().max(1) as f64;
            found += right / (p - 1) as f64;
        }
        let (wrong, found) = (wrong / runs as f64, found / runs as f64);
        assert!(wrong < 0.16 && found > 0.9, "{name}: FDP {wrong}, TDP {found}");
    }
}

#[test]
fn a_metric_ranks_all_pairs_by_their_statistics() {
    let ctx = Context::new();
    let fit = GfcSl::new().fdr(0.01).fit(&chain(100, 15, 2), &ctx).expect("a fit");
    let truth = Matrix::from_fn(15, 15, |i, j| f64::from(i.abs_diff(j) == 1));
    let truth = sinew::Graph::from_matrix(&truth, 0.0, &ctx).expect("a graph");
    let auroc = registry::records().find(|record| record.verb == "auroc").expect("a metric");
    let value = |estimate: Value| {
        let value = auroc.call(&[truth.clone().into(), estimate], &[], &ctx).expect("a value");
        value.as_number().expect("a number")
    };
    let (edges, all) = (value(fit.clone().into()), value(part(&fit, "statistics").into()));
    assert!(all > 0.95 && all >= edges, "{all} {edges}");
}

#[test]
fn tiger_meets_its_optimality_conditions() {
    let ctx = Context::new();
    for (n, p) in [(60, 12), (25, 40)] {
        let x = correlated(n, p, 0.8, 6).standardize().expect("data");
        let fit = |rule| Tiger::new().lambda(0.2).rule(rule).fit(&x, &ctx).expect("a fit");
        let (either, both) = (fit(Link::Or), fit(Link::And));
        assert!(either.converged() && pairs(&both).iter().all(|pair| pairs(&either).contains(pair)), "{either}");
        let b = part(&either, "coefficients");
        for a in 0..p {
            let left = |i: usize| x.view()[(i, a)] - (0..p).map(|j| x.view()[(i, j)] * b.view()[(j, a)]).sum::<f64>();
            let residual: Vec<f64> = (0..n).map(left).collect();
            let size = (residual.iter().map(|e| e * e).sum::<f64>() / n as f64).sqrt();
            for j in (0..p).filter(|&j| j != a) {
                let slope = residual.iter().enumerate().map(|(i, e)| e * x.view()[(i, j)]).sum::<f64>();
                let (slope, value) = (slope / n as f64 / size, b.view()[(j, a)]);
                let outside = if value == 0.0 { slope.abs() - 0.2 } else { (slope - 0.2 * value.signum()).abs() };
                assert!(outside < 1e-6, "{a} {j}: {slope} {value}");
            }
        }
    }
    // The penalty that needs no choice finds the chain, whatever the units.
    let x = Matrix::from_fn(200, 10, |i, j| chain(200, 10, 3).view()[(i, j)] * 10f64.powi(j as i32 - 5));
    let edges = pairs(&Tiger::new().fit(&x, &ctx).expect("a fit"));
    assert!((0..9).all(|i| edges.contains(&(i, i + 1))) && edges.len() < 15, "{edges:?}");
}

#[test]
fn rules_choose_as_huge_does() {
    if !has_reference("rules_choose_as_huge_does") {
        return;
    }
    // Both rules draw random numbers: means over seeds against one draw of huge's.
    for (topology, rotated, thresholded) in [("hub", 55.0, 235), ("band", 90.0, 248)] {
        let x = reference(&format!("graphs/{topology}_0_X.csv"));
        let ric = Rule::Ric { rotations: 20 };
        let count = |seed: u64| {
            let ctx = Context::new().with_seed(seed);
            pairs(&NeighborhoodSelection::new().lambda(ric).fit(&x, &ctx).expect("a fit")).len() as f64
        };
        let mean = (0..4).map(count).sum::<f64>() / 4.0;
        assert!((mean - rotated).abs() < 14.0, "{topology}: {mean} edges, huge has {rotated}");
        for seed in 0..2 {
            let ctx = Context::new().with_seed(seed);
            let fit = CorrelationThreshold::new().fit(&x, &ctx).expect("a fit");
            let edges = pairs(&fit).len();
            // The graphs of the grid are 13 edges apart.
            assert!(edges.abs_diff(thresholded) <= 13, "{topology}: {edges} edges, huge has {thresholded}");
            assert!(fit.selection().is_some());
        }
    }
}

#[test]
fn stable_graphs_do_not_depend_on_threads() {
    let x = chain(100, 8, 4);
    let fits = |threads: usize| {
        let ctx = Context::new().with_seed(9).with_threads(threads);
        [
            Tiger::new().lambda(STARS).fit(&x, &ctx).expect("a fit"),
            NeighborhoodSelection::new().lambda(STARS).fit(&x, &ctx).expect("a fit"),
            CorrelationThreshold::new().rule(STARS).fit(&x, &ctx).expect("a fit"),
        ]
    };
    for (one, three) in fits(1).iter().zip(&fits(3)) {
        let lambda = |fit: &Fit| fit.lambda().map(Value::to_json);
        assert_eq!((pairs(one), lambda(one)), (pairs(three), lambda(three)));
        assert!(!pairs(one).is_empty() && one.selection().is_some(), "{one}");
    }
    let other = Rule::CrossValidation { folds: 5, one_se: false };
    let error = Tiger::new().lambda(other).fit(&x, &Context::new()).map(|_| ()).unwrap_err();
    assert!(error.message().contains("needs a precision matrix"), "{error}");
}

#[test]
fn options_of_other_rules_are_errors() {
    let x = chain(40, 4, 1);
    let call = |verb: &str, options: &[(&str, Value)]| {
        let record = registry::methods().find(|record| record.verb == verb).expect("a method");
        let options: Vec<(String, Value)> =
            options.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        record.call(&[x.clone().into()], &options, &Context::new()).map(|_| ())
    };
    for verb in ["tiger", "neighborhood_selection"] {
        assert!(
            call(verb, &[("lambda", "stars".into()), ("subsamples", Value::Int(3)), ("n_lambdas", Value::Int(4))])
                .is_ok()
        );
        for options in [
            vec![("rotations", Value::Int(3))],
            vec![("lambda", Value::Float(0.2)), ("subsamples", Value::Int(3))],
            vec![("lambda", "ric".into()), ("n_lambdas", Value::Int(4))],
            vec![("lambda", "ric".into()), ("subsamples", Value::Int(4))],
        ] {
            let error = call(verb, &options).unwrap_err();
            assert!(error.kind() == ErrorKind::Option && error.message().contains("goes with"), "{error}");
        }
    }
    let error = call("correlation_threshold", &[("lambda", Value::Float(0.2)), ("max_density", Value::Float(0.5))])
        .unwrap_err();
    assert!(error.message().contains("goes with lambda: \"stars\""), "{error}");
    for verb in ["gfc_l", "gfc_sl", "debiased_graphical_lasso"] {
        for fdr in [0.0, 1.0, -0.1] {
            let error = call(verb, &[("fdr", Value::Float(fdr))]).unwrap_err();
            assert!(error.message().contains("'fdr'"), "{error}");
        }
    }
}

#[test]
fn too_little_data_and_copies_of_columns_are_clear() {
    let ctx = Context::new();
    let kind = |result: sinew::Result<Fit>| result.map(|_| ()).map_err(|error| error.kind());
    let few = chain(3, 5, 1);
    assert_eq!(kind(GfcL::new().fit(&few, &ctx)), Err(ErrorKind::Data));
    assert_eq!(kind(GfcSl::new().fit(&few, &ctx)), Err(ErrorKind::Data));
    let one = chain(30, 1, 1);
    assert_eq!(kind(GfcL::new().fit(&one, &ctx)), Err(ErrorKind::Data));
    assert!(GfcL::new().fdr(1.5).fit(&few, &ctx).is_err() && GfcL::new().tol(0.0).fit(&few, &ctx).is_err());
    // A column twice: no test tells the copies apart.
    let x = chain(50, 8, 2);
    let twice = Matrix::from_fn(50, 9, |i, j| x.view()[(i, j.min(7))]);
    let results = [
        GfcL::new().fit(&twice, &ctx),
        GfcSl::new().fit(&twice, &ctx),
        DebiasedGraphicalLasso::new().fit(&twice, &ctx),
    ];
    for result in results {
        let error = result.map(|_| ()).unwrap_err();
        assert!(error.kind() == ErrorKind::Data && error.message().contains("columns 7 and 8 are the same"), "{error}");
    }
    match Tiger::new().lambda(0.2).fit(&twice, &ctx) {
        Ok(fit) => assert!(pairs(&fit).contains(&(7, 8)), "{fit}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Numerical, "{error}"),
    }
}
