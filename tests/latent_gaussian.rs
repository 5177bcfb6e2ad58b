//! Correlations behind censored zeros: on simulated Gaussian copulas, and on expression with dropout.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{correlated, distance};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use scripts::{check, check_errors};
use serde_json::json;
use sinew::data::correlation::Correlation;
use sinew::data::latent_gaussian::{Latent, LatentGaussian};
use sinew::data::prepare::Nonparanormal;
use sinew::data::summary::{quantile, ranks};
use sinew::data::{Names, Selector, normal};
use sinew::methods::ridge_regulators::RidgeRegulators;
use sinew::model::{Fit, Input};
use sinew::{Context, ErrorKind, Matrix};

fn seeded(seed: u64) -> Context {
    Context::new().with_seed(seed)
}

fn fit(x: &Matrix, seed: u64) -> Latent {
    LatentGaussian::default().fit(x, &seeded(seed)).expect("latent correlations")
}

const VARIABLES: usize = 8;

/// Two factors of which all variables have a part: every pair is correlated. Loadings and the variable's own variance.
fn loadings(j: usize) -> [f64; 2] {
    [if j.is_multiple_of(3) { -0.9 } else { 0.9 }, 0.4 * ((j % 4) as f64 - 1.5)]
}
const OWN: f64 = 0.3;

fn truth() -> Matrix {
    let covariance = |i: usize, j: usize| {
        let (a, b) = (loadings(i), loadings(j));
        a[0] * b[0] + a[1] * b[1] + if i == j { OWN } else { 0.0 }
    };
    Matrix::from_fn(VARIABLES, VARIABLES, |i, j| covariance(i, j) / (covariance(i, i) * covariance(j, j)).sqrt())
}

/// Monotone functions of Gaussian samples, 0 for the smallest values of every column, of which there is this share.
fn censored(share: f64, seed: u64) -> Matrix {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n = 1000;
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let mut numbers = Vec::new();
    for _ in 0..n {
        let factors = [normal(), normal()];
        for j in 0..VARIABLES {
            let a = loadings(j);
            numbers.push(a[0] * factors[0] + a[1] * factors[1] + OWN.sqrt() * normal());
        }
    }
    let z = Matrix::from_vec(n, VARIABLES, numbers).expect("a matrix");
    let cuts = z.by_column(|column| quantile(column, share));
    z.zip_rows(&cuts, |z, cut| if z <= cut { 0.0 } else { (z - cut).exp() }).expect("a matrix")
}

/// The mean absolute difference of the correlations.
fn error(found: &Matrix, truth: &Matrix) -> f64 {
    let p = truth.rows();
    let differences = found.zip(truth, |a, b| (a - b).abs()).expect("equal shapes");
    differences.as_slice().iter().sum::<f64>() / (p * (p - 1)) as f64
}

#[test]
fn censored_correlations_are_nearer_the_truth_than_those_of_scores_and_values() {
    let (truth, ctx) = (truth(), Context::new());
    for (share, of_scores) in [(0.25, 0.9), (0.5, 0.5), (0.75, 0.5)] {
        let (mut own, mut scores, mut values) = (0.0, 0.0, 0.0);
        for seed in 0..4 {
            let x = censored(share, seed);
            let latent = fit(&x, seed);
            assert!(latent.warnings.is_empty());
            own += error(&latent.correlation, &truth);
            let normal = x.nonparanormal(Nonparanormal::Shrinkage, &ctx).expect("scores");
            scores += error(&Correlation::Pearson.matrix(&normal, &ctx).expect("correlations"), &truth);
            values += error(&Correlation::Pearson.matrix(&x, &ctx).expect("correlations"), &truth);
            // One draw is as good as many, but for chance.
            let drawn = Correlation::Pearson.matrix(&latent.data, &ctx).expect("correlations");
            assert!(error(&drawn, &latent.correlation) < 0.03, "{share}: {}", error(&drawn, &latent.correlation));
        }
        assert!(own < of_scores * scores && own < 0.5 * values, "{share}: {own}, {scores}, {values}");
    }
}

#[test]
fn without_zeros_they_are_those_of_normal_scores() {
    let (x, ctx) = (correlated(40, 5, 0.7, 3).map(|value| (2.0 * value).round().exp()), Context::new());
    let latent = fit(&x, 1);
    let scores = x.nonparanormal(Nonparanormal::Shrinkage, &ctx).expect("scores");
    let expected = Correlation::Pearson.matrix(&scores, &ctx).expect("correlations");
    assert!(distance(&latent.correlation, &expected) < 1e-13);
    for j in 0..5 {
        let expected: Vec<f64> = ranks(x.col(j).as_slice()).iter().map(|rank| normal::quantile(rank / 41.0)).collect();
        assert_eq!(latent.data.col(j).as_slice(), expected);
    }
    assert_eq!(latent, fit(&x, 2), "nothing is drawn");
}

#[test]
fn seeds_decide_and_threads_do_not() {
    let x = correlated(500, 60, 0.7, 5).map(|value| value.max(0.0));
    let short = LatentGaussian { sweeps: 6, burn_in: 3, ..LatentGaussian::default() };
    let on = |threads, seed| short.fit(&x, &seeded(seed).with_threads(threads)).expect("latent correlations");
    let one = on(1, 1);
    assert!(one == on(2, 1) && one == on(5, 1));
    assert!(one.correlation != on(1, 2).correlation);
    // What was seen is never drawn, what was not stays below it.
    for j in 0..60 {
        let (values, latent) = (x.col(j), one.data.col(j));
        let pairs = || values.as_slice().iter().zip(latent.as_slice());
        let seen = pairs().filter(|(value, _)| **value > 0.0).map(|(_, latent)| *latent).fold(f64::MAX, f64::min);
        assert!(pairs().all(|(value, latent)| *value > 0.0 || *latent < seen), "{j}");
    }
}

#[test]
fn the_order_of_columns_matters_no_more_than_the_seed() {
    let x = censored(0.6, 9);
    let reversed: Vec<usize> = (0..VARIABLES).rev().collect();
    let turned = x.pick(&(0..x.rows()).collect::<Vec<_>>(), &reversed);
    let back = fit(&turned, 2).correlation.pick(&reversed, &reversed);
    let difference = error(&back, &fit(&x, 1).correlation);
    assert!(difference < 0.025, "{difference}");
}

#[test]
fn columns_that_say_nothing_are_uncorrelated_and_named() {
    let names = ["a", "never", "b", "twice", "always"].map(String::from).to_vec();
    let z = correlated(200, 5, 0.9, 4);
    let x = Matrix::from_fn(200, 5, |i, j| match j {
        1 => 0.0,
        3 => f64::from(u8::from(i < 2)),
        4 => 7.0,
        _ => z.row_slice(i)[j].max(0.0),
    });
    let x = x.with_names(Some(Names::new(names, "columns").expect("names"))).expect("a matrix");
    let latent = fit(&x, 1);
    let text =
        "columns with fewer than 3 values above 0 count as uncorrelated with all others: 2 of 5 ('never', 'twice')";
    assert_eq!(latent.warnings[0], text);
    assert!(latent.warnings[1].contains("constant") && latent.warnings[1].ends_with("1 of 5 ('always')"));
    let r = latent.correlation.view();
    for j in [1, 3, 4] {
        assert!((0..5).all(|i| r[(i, j)] == f64::from(u8::from(i == j)) && r[(j, i)] == r[(i, j)]), "{r}");
    }
    assert!(r[(0, 2)] != 0.0 && latent.correlation.row_names() == x.names());
    assert_eq!((latent.data.names(), latent.data.rows()), (x.names(), 200));
    let nothing = LatentGaussian::default().fit(&Matrix::from_fn(9, 3, |_, _| 0.0), &Context::new());
    assert!(nothing.is_err_and(|error| error.message().contains("every column")));
}

#[test]
fn settings_and_limits_are_held() {
    let x = censored(0.5, 1);
    let with = |settings: LatentGaussian| settings.fit(&x, &Context::new()).map(|_| ()).expect_err("settings");
    let default = LatentGaussian::default();
    assert_eq!(with(LatentGaussian { burn_in: 80, ..default }).kind(), ErrorKind::Option);
    assert_eq!(with(LatentGaussian { shrinkage: f64::NAN, ..default }).kind(), ErrorKind::Option);
    assert_eq!(with(LatentGaussian { min_nonzero: 0, ..default }).kind(), ErrorKind::Option);
    let small = default.fit(&x, &Context::new().with_memory_limit(10_000));
    assert_eq!(small.map(|_| ()).expect_err("memory").kind(), ErrorKind::Memory);
    let stopped = Context::new();
    stopped.cancel_handle().cancel();
    assert_eq!(default.fit(&x, &stopped).map(|_| ()).expect_err("a stop").kind(), ErrorKind::Cancelled);
}

#[test]
fn one_line_before_every_method() {
    let setup = "let x = randn(80, 4, #{ seed: 1 }).clip(0, 9).set_names([\"a\", \"b\", \"c\", \"d\"]); \
                 let known = #{ covariance: true, n: 80 }; ";
    check(
        setup,
        &[
            ("x.latent_gaussian().row_names", json!(["a", "b", "c", "d"])),
            ("x.latent_gaussian(#{ output: \"data\" }).shape", json!([80, 4])),
            ("(x.latent_gaussian(#{ seed: 3 }) - x.latent_gaussian(#{ seed: 3 })).norm() == 0.0", json!(true)),
            ("x.latent_gaussian().ridge_regulators(known + #{ regulators: [\"a\"] }).n_edges", json!(3)),
            ("x.latent_gaussian().graphical_lasso(known + #{ lambda: 2 }).n_edges", json!(0)),
            ("x.latent_gaussian(#{ sweeps: 4, output: \"data\" }).correlation().n_edges", json!(6)),
        ],
    );
    check_errors(
        setup,
        &[
            ("(x - 1).latent_gaussian()", "E030", "or log1p of them"),
            ("x.latent_gaussian(#{ sweeps: 5, burn_in: 5 })", "E010", "burn_in must be less than sweeps"),
            ("x.latent_gaussian(#{ output: \"cor\" })", "E010", "correlation"),
            ("x.latent_gaussian(#{ min_nonzero: 81 })", "E030", "perhaps transpose"),
        ],
    );
}

/// Average precision over unordered pairs, ties as one step, where rows of regulators are at least 1e-9: a pair that
/// can have no edge comes after all that can.
fn average_precision(fit: &Fit, edges: &Matrix, regulators: &[usize]) -> f64 {
    let p = fit.graph(0.0).expect("a graph").n_nodes();
    let pair = |i: usize, j: usize| i.min(j) * p + i.max(j);
    let (mut scores, mut linked) = (vec![0.0f64; p * p], vec![false; p * p]);
    for &regulator in regulators {
        (0..p).filter(|&j| j != regulator).for_each(|j| scores[pair(regulator, j)] = 1e-9);
    }
    for edge in fit.graph(0.0).expect("a graph").edges() {
        let at = pair(edge.source, edge.target);
        scores[at] = scores[at].max(edge.weight.abs());
    }
    for i in 0..edges.rows() {
        let edge = edges.row_slice(i);
        linked[pair(edge[0] as usize, edge[1] as usize)] = true;
    }
    let mut order: Vec<usize> = (0..p).flat_map(|i| (i + 1..p).map(move |j| i * p + j)).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let total = order.iter().filter(|&&at| linked[at]).count() as f64;
    let (mut found, mut seen, mut sum) = (0.0, 0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let new = tied.iter().filter(|&&at| linked[at]).count() as f64;
        (found, seen) = (found + new, seen + tied.len() as f64);
        sum += new / total * found / seen;
    }
    sum
}

#[test]
fn ridge_regressions_after_it_withstand_dropout() {
    const NAME: &str = "ridge_regressions_after_it_withstand_dropout";
    if !common::has_reference(NAME) {
        return;
    }
    let x = common::reference("unrolled/grnular/sets/test0_q25_MxG.csv");
    let edges = common::reference("unrolled/grnular/sets/test0_edges.csv");
    let regulators: Vec<usize> = (0..10).collect();
    let method = RidgeRegulators::new().regulators(regulators.iter().map(|&j| Selector::Position(j as i64)).collect());
    let raw = method.fit(&x, &Context::new()).expect("a fit");
    let input = Input::covariance_matrix(&fit(&x, 1).correlation, Some(x.rows())).expect("an input");
    let latent = method.fit_input(&input, &Context::new()).expect("a fit");
    let (raw, latent) = (average_precision(&raw, &edges, &regulators), average_precision(&latent, &edges, &regulators));
    // A prototype in NumPy gave 0.319 and, over three seeds, 0.622 to 0.648.
    assert!(latent > raw + 0.15 && latent > 0.55, "{raw} {latent}");
}
