//! The partial correlation lasso: its conditions, computed here from the formulas; published numbers; units and orders.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{correlated, distance};
use scripts::{check, check_errors};
use serde_json::json;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::partial_correlation_lasso::PartialCorrelationLasso;
use sinew::model::{Criterion, Fit, Input};
use sinew::select::Rule;
use sinew::{Context, ErrorKind, Matrix, Vector};

const SMALL: [[f64; 5]; 5] = [
    [2.0, 0.9, -0.5, 0.2, 0.0],
    [0.9, 1.0, -0.4, 0.3, 0.1],
    [-0.5, -0.4, 3.0, 1.1, -0.6],
    [0.2, 0.3, 1.1, 1.5, -0.7],
    [0.0, 0.1, -0.6, -0.7, 0.8],
];

fn small() -> Input {
    let s = Matrix::from_fn(5, 5, |i, j| SMALL[i][j]);
    Input::covariance_matrix(&s, None).expect("a covariance")
}

fn fit(model: &PartialCorrelationLasso, input: &Input) -> Fit {
    model.fit_input(input, &Context::new()).expect("a fit")
}

fn number(fit: &Fit, name: &str) -> f64 {
    fit.added(name).expect("a property").as_number().expect("a number")
}

/// The largest violation of the conditions of Delta and of d, and the objective, from Theta and S alone.
fn conditions(fit: &Fit, s: &Matrix, lambda: f64, weight: f64) -> (f64, f64) {
    let theta = fit.precision().expect("a precision").view().to_owned();
    let w = fit.covariance(&Context::new()).expect("its inverse").view().to_owned();
    let p = theta.nrows();
    let (mut worst, mut objective) = (0.0f64, 0.0);
    for i in 0..p {
        let sum: f64 = (0..p).map(|j| theta[(i, j)] * s.view()[(i, j)]).sum();
        worst = worst.max((sum - weight).abs());
        objective += sum - weight * (theta[(i, i)] * s.view()[(i, i)]).ln() + theta[(i, i)].ln();
        for j in (0..p).filter(|&j| j != i) {
            // Delta = D^-1 Theta D^-1, and Delta^-1 = D W D.
            let scale = (theta[(i, i)] * theta[(j, j)]).sqrt();
            let (delta, gradient) = (theta[(i, j)] / scale, scale * (s.view()[(i, j)] - w[(i, j)]));
            objective += lambda * delta.abs();
            let slope = if delta == 0.0 {
                (gradient.abs() - lambda).max(0.0)
            } else {
                (gradient + lambda * delta.signum()).abs()
            };
            worst = worst.max(slope);
        }
    }
    let logdet = sinew::linalg::sign_logdet(theta.view(), &Context::new()).expect("a determinant").1;
    (worst, objective - logdet)
}

#[test]
fn the_numbers_of_pcglasso() {
    let of = |weight: Option<f64>| {
        let model = PartialCorrelationLasso::new().lambda(0.15).tol(1e-12);
        fit(&weight.map_or(model.clone(), |weight| model.diagonal_weight(weight)), &small())
    };
    let (one, less) = (of(None), of(Some(0.7)));
    assert!(number(&one, "diagonal_weight") == 1.0 && one.converged(), "{one}");
    assert!((number(&one, "objective") - 3.981_354_571_897_58).abs() < 1e-9, "{one}");
    assert!((number(&less, "objective") - 4.420_514_939_963_28).abs() < 1e-9, "{less}");
    let rows = [
        [0.0, 0.564_488_70, -0.025_186_28, 0.0, 0.0],
        [0.0, 0.0, -0.215_122_24, 0.287_212_38, 0.150_126_80],
        [0.0, 0.0, 0.0, 0.426_937_73, 0.0],
        [0.0, 0.0, 0.0, 0.0, -0.566_105_76],
    ];
    let own = one.partial_correlation().expect("partial correlations");
    for (i, row) in rows.iter().enumerate() {
        for (j, expected) in row.iter().enumerate().skip(i + 1) {
            assert!((own.view()[(i, j)] - expected).abs() < 1e-5, "{i} {j}: {}", own.view()[(i, j)]);
        }
    }
    let diagonal = [0.820_737_65, 1.893_923_58, 0.500_445_48, 1.519_220_11, 2.192_214_99];
    for (i, expected) in diagonal.into_iter().enumerate() {
        assert!((one.precision().expect("theta").view()[(i, i)] - expected).abs() < 1e-5, "{i}");
    }
}

#[test]
fn a_singular_covariance_has_the_default_weight_of_pcglasso() {
    let rows = [
        [1.0, 0.0, 2.0, -1.0, 0.5],
        [0.0, 1.0, -1.0, 0.5, 2.0],
        [2.0, 1.0, 0.0, 1.0, -1.0],
        [-1.0, 0.5, 1.0, 2.0, 0.0],
    ];
    let x = Matrix::from_fn(4, 5, |i, j| rows[i][j]);
    let fit = PartialCorrelationLasso::new().lambda(0.1).tol(1e-12).fit(&x, &Context::new()).expect("a fit");
    assert!((number(&fit, "diagonal_weight") - 0.54).abs() < 1e-12, "{fit}");
    assert!((number(&fit, "objective") - 3.721_310_246).abs() < 1e-8 && fit.converged(), "{fit}");
    assert!((fit.precision().expect("theta").view()[(1, 1)] - 19.346_407_61).abs() < 1e-3, "{fit}");
}

#[test]
fn both_conditions_hold_over_sizes_ranks_and_penalties() {
    for (n, p) in [(100, 5), (60, 25), (20, 30)] {
        let x = correlated(n, p, 0.8, 7);
        let input = Input::data(&x).expect("data");
        let s = input.s(&Context::new()).expect("a covariance");
        let s = Matrix::from_fn(p, p, |i, j| s[(i, j)]);
        for lambda in [0.4, 0.1, 0.03] {
            let fit = fit(&PartialCorrelationLasso::new().lambda(lambda), &input);
            let weight = number(&fit, "diagonal_weight");
            let (worst, objective) = conditions(&fit, &s, lambda, weight);
            let place = format!("n {n}, p {p}, lambda {lambda}: {worst} {fit}");
            assert!(fit.converged() && fit.certificate().expect("one").relative_gap() <= 1e-9, "{place}");
            assert!(worst < 1e-3 && (fit.certificate().expect("one").kkt - worst).abs() < 1e-6, "{place}");
            assert!((objective - number(&fit, "objective")).abs() < 1e-8 * objective.abs().max(1.0), "{place}");
        }
    }
}

#[test]
fn units_do_not_matter_and_order_neither() {
    let x = correlated(80, 12, 0.8, 3);
    let model = PartialCorrelationLasso::new().lambda(0.1).tol(1e-12);
    let plain = model.fit(&x, &Context::new()).expect("a fit");
    let own = plain.partial_correlation().expect("partial correlations");
    // By powers of two the answer is the same to the last digit, by other factors to rounding.
    let scaled = |factor: &dyn Fn(usize) -> f64| {
        let x = Matrix::from_fn(80, 12, |i, j| factor(j) * x.view()[(i, j)]);
        model.fit(&x, &Context::new()).expect("a fit")
    };
    let exact = scaled(&|j| 2f64.powi(7 * j as i32 - 30));
    assert_eq!(exact.graph(0.0).expect("a graph").n_edges(), plain.graph(0.0).expect("a graph").n_edges());
    assert!(distance(&exact.partial_correlation().expect("one"), &own) < 1e-12);
    let rounded = scaled(&|j| 10f64.powi(3 * j as i32 - 15) * 1.7);
    assert!(distance(&rounded.partial_correlation().expect("one"), &own) < 1e-5);
    let order: Vec<usize> = (0..12).map(|j| (5 * j + 3) % 12).collect();
    let turned = Matrix::from_fn(80, 12, |i, j| x.view()[(i, order[j])]);
    let turned = model.fit(&turned, &Context::new()).expect("a fit").partial_correlation().expect("one");
    let expected = Matrix::from_fn(12, 12, |i, j| own.view()[(order[i], order[j])]);
    assert!(distance(&turned, &expected) < 1e-5);
}

#[test]
fn it_reduces_to_what_it_should() {
    let x = correlated(80, 6, 0.8, 3);
    let none = PartialCorrelationLasso::new().lambda(0.0).fit(&x, &Context::new()).expect("a fit");
    let inverse = GraphicalLasso::new().lambda(0.0).fit(&x, &Context::new()).expect("a fit");
    assert!(distance(none.precision().expect("theta"), inverse.precision().expect("theta")) < 1e-8);
    assert!((none.loglik().expect("n") - inverse.loglik().expect("n")).abs() < 1e-8);
    let empty = PartialCorrelationLasso::new().lambda(1.0).fit(&x, &Context::new()).expect("a fit");
    assert!(empty.n_edges().expect("a graph") == 0 && empty.converged(), "{empty}");
    let singular = correlated(5, 12, 0.8, 3);
    let error =
        PartialCorrelationLasso::new().lambda(0.0).diagonal_weight(1.0).fit(&singular, &Context::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Numerical);
    let ones = Matrix::from_fn(6, 6, |_, _| 1.0);
    let weighted = PartialCorrelationLasso::new().lambda(0.1).weights(ones).fit(&x, &Context::new()).expect("a fit");
    let plain = PartialCorrelationLasso::new().lambda(0.1).fit(&x, &Context::new()).expect("a fit");
    assert!(distance(weighted.precision().expect("theta"), plain.precision().expect("theta")) < 1e-9);
    let weights = Matrix::from_fn(6, 6, |i, j| if i + j == 1 { f64::INFINITY } else { 1.0 });
    let without = PartialCorrelationLasso::new().lambda(0.1).weights(weights).fit(&x, &Context::new()).expect("a fit");
    assert!(without.precision().expect("theta").view()[(0, 1)] == 0.0 && without.converged(), "{without}");
    assert!(plain.precision().expect("theta").view()[(0, 1)] != 0.0);
}

#[test]
fn rules_choose_and_threads_do_not_matter() {
    let x = correlated(80, 10, 0.8, 5);
    let cv = Rule::CrossValidation { folds: 4, one_se: false };
    let stars = Rule::Stars { subsamples: 4, ratio: None, threshold: 0.1 };
    for rule in [Rule::from(Criterion::Bic), cv, stars] {
        let on = |threads: usize| {
            let ctx = Context::new().with_seed(3).with_threads(threads);
            PartialCorrelationLasso::new().lambda(rule).fit(&x, &ctx).expect("a fit")
        };
        let (one, two) = (on(1), on(2));
        assert_eq!(one.precision().expect("theta"), two.precision().expect("theta"), "{rule:?}");
        assert!(one.converged() && one.selection().is_some() && one.n_edges().expect("edges") > 0, "{rule:?}: {one}");
    }
}

#[test]
fn scripts_fit_and_wrong_options_are_named() {
    check(
        "let x = example(\"sachs\").head(200).log1p();",
        &[
            (
                "let fit = x.partial_correlation_lasso(#{ lambda: 0.3 }); \
                 [fit.gap <= 1e-9, fit.converged, fit.scales.len() == 11, fit.diagonal_weight == 1.0, fit.n_edges > 0]",
                json!([true, true, true, true, true]),
            ),
            (
                "let a = x.partial_correlation_lasso(#{ lambda: 0.3 }); \
                 let b = PartialCorrelationLasso(#{ lambda: 0.3 }).fit(x.standardize()); \
                 (a.partial_cor - b.partial_cor).abs().max() < 1e-6",
                json!(true),
            ),
            (
                "let fit = x.partial_correlation_lasso(#{ n_lambdas: 8 }); \
                 let options = fit.options; (x.partial_correlation_lasso(options).precision == fit.precision).all()",
                json!(true),
            ),
        ],
    );
    check_errors(
        "let x = randn(30, 4, #{ seed: 1 });",
        &[
            ("x.partial_correlation_lasso(#{ lambda: 0.1, diagonal_weight: 1.5 })", "E010", "diagonal_weight"),
            ("x.partial_correlation_lasso(#{ lambda: \"ric\" })", "E010", "ebic"),
            ("x.partial_correlation_lasso(#{ lambda: 0.1, folds: 3 })", "E010", "folds"),
            ("x.partial_correlation_lasso(#{ weights: ones(3, 3) })", "E020", "weights is 3 x 3"),
        ],
    );
}

#[test]
fn scales_are_those_of_theta() {
    let fit = fit(&PartialCorrelationLasso::new().lambda(0.15), &small());
    let scales = fit.added("scales").expect("scales").object::<Vector>().expect("a vector").as_slice().to_vec();
    for (i, scale) in scales.into_iter().enumerate() {
        let theta = fit.precision().expect("theta").view()[(i, i)];
        assert!((scale * scale / SMALL[i][i] - theta).abs() < 1e-12 * theta);
    }
}
