//! CONCORD and CLIME, held against their definitions and against gconcord.

mod common;

use common::{correlated, distance};
use ndarray::{Array2, ArrayView2};
use sinew::data::Names;
use sinew::methods::clime::Clime;
use sinew::methods::concord::Concord;
use sinew::model::{Criterion, Fit, Input};
use sinew::select::Rule;
use sinew::{Context, ErrorKind, Matrix};

fn s5() -> Matrix {
    let rows = [
        [2.0, 0.8, 0.2, -0.3, 0.1],
        [0.8, 1.5, 0.5, 0.1, -0.2],
        [0.2, 0.5, 1.0, 0.3, 0.25],
        [-0.3, 0.1, 0.3, 1.2, 0.4],
        [0.1, -0.2, 0.25, 0.4, 0.9],
    ];
    Matrix::from_rows(&rows.map(|row| row.to_vec())).expect("rows")
}

fn covariance(s: &Matrix, n: Option<usize>) -> Input {
    Input::covariance_matrix(s, n).expect("a covariance")
}

fn omega(fit: &Fit) -> Array2<f64> {
    fit.added("omega").expect("omega").object::<Matrix>().expect("a matrix").view().to_owned()
}

/// The largest violation of CONCORD's conditions over the mean of two standard deviations, from their definition.
fn violation(s: ArrayView2<'_, f64>, omega: &Array2<f64>, lambda: impl Fn(usize, usize) -> f64, ridge: f64) -> f64 {
    let both = (s.dot(omega) + omega.dot(&s)) * 0.5;
    let mut most = 0.0f64;
    for ((i, j), &value) in omega.indexed_iter() {
        let gradient = both[(i, j)] + ridge * value - if i == j { 1.0 / value } else { 0.0 };
        let bound = lambda(i, j);
        let missing =
            if value == 0.0 { (gradient.abs() - bound).max(0.0) } else { (gradient + bound * value.signum()).abs() };
        most = most.max(missing / (0.5 * (s[(i, i)].sqrt() + s[(j, j)].sqrt())));
    }
    most
}

#[test]
fn concord_is_gconcords_at_the_same_lambda() {
    // gconcord 1.0.2, concord(S, lambda_param, algorithm="coordinate", tolerance=1e-14); the upper triangles.
    let tenth = [
        [0.804096260664, -0.369322057245, 0.0, 0.180993537970, -0.148046162063],
        [0.0, 1.015211170050, -0.350967044435, -0.104946625372, 0.281820908512],
        [0.0, 0.0, 1.139411694444, -0.100077848361, -0.225035678040],
        [0.0, 0.0, 0.0, 1.013619615023, -0.337410182775],
        [0.0, 0.0, 0.0, 0.0, 1.209897712447],
    ];
    let quarter = [
        [0.755586199864, -0.228687965251, 0.0, 0.015820980473, 0.0],
        [0.0, 0.911359370807, -0.173653381036, 0.0, 0.0],
        [0.0, 0.0, 1.048610787733, -0.019491673075, -0.009175668383],
        [0.0, 0.0, 0.0, 0.942028780806, -0.145755121736],
        [0.0, 0.0, 0.0, 0.0, 1.088294410150],
    ];
    let ctx = Context::new();
    for (lambda, theirs) in [(0.1, tenth), (0.25, quarter)] {
        let theirs = ndarray::arr2(&theirs);
        let fit = Concord::new().lambda(lambda).fit_input(&covariance(&s5(), None), &ctx).expect("a fit");
        let own = omega(&fit);
        for i in 0..5 {
            for j in i..5 {
                assert!((own[(i, j)] - theirs[(i, j)]).abs() < 1e-7, "{lambda} ({i}, {j}): {own}");
                assert_eq!(own[(i, j)], own[(j, i)]);
            }
        }
        let theta = fit.precision().expect("positive definite");
        for ((i, j), &value) in theta.view().indexed_iter() {
            let expected = own[(i, j)] * (own[(i, i)] * own[(j, j)]).sqrt();
            assert!((value - expected).abs() < 1e-12, "{theta}");
        }
    }
}

#[test]
fn concord_meets_its_conditions_whatever_the_penalty() {
    let ctx = Context::new();
    for (n, p, mix) in [(100, 20, 0.8), (15, 30, 1.0)] {
        let x = correlated(n, p, mix, 5);
        let input = Input::data(&x).expect("data");
        let s = input.s(&ctx).expect("S");
        for lambda in [0.1, 0.3, 0.6] {
            let fit = Concord::new().lambda(lambda).fit(&x, &ctx).expect("a fit");
            let off = |i: usize, j: usize| if i == j { 0.0 } else { lambda };
            assert!(fit.converged() && violation(s, &omega(&fit), off, 0.0) <= 1.1e-8, "{fit}");
            let certificate = fit.certificate().expect("certificate");
            assert!(certificate.relative_gap() < 1e-5, "{certificate:?}");
            let all = Concord::new().lambda(lambda).penalize_diagonal(true).ridge(0.2).fit(&x, &ctx).expect("a fit");
            assert!(violation(s, &omega(&all), |_, _| lambda, 0.2) <= 1.1e-8, "{all}");
        }
        let weights = Matrix::from_fn(p, p, |i, j| match (i + j) % 5 {
            0 if i != j => f64::INFINITY,
            k => 0.5 + 0.25 * k as f64,
        });
        let fit = Concord::new().lambda(0.3).weights(weights.clone()).fit(&x, &ctx).expect("a fit");
        let weighted = |i: usize, j: usize| if i == j { 0.0 } else { 0.3 * weights.view()[(i, j)] };
        let own = omega(&fit);
        assert!(violation(s, &own, weighted, 0.0) <= 1.1e-8, "{fit}");
        assert!(own.indexed_iter().all(|((i, j), &value)| i == j || (i + j) % 5 != 0 || value == 0.0));
    }
}

#[test]
fn the_order_of_variables_and_one_thread_more_change_nothing() {
    let ctx = Context::new();
    let x = correlated(60, 12, 0.9, 2);
    let order = [5, 0, 11, 3, 7, 1, 2, 10, 4, 9, 6, 8];
    let turned = x.pick(&(0..60).collect::<Vec<_>>(), &order);
    let fit = |x: &Matrix| Concord::new().lambda(0.2).tol(1e-11).fit(x, &ctx).expect("a fit");
    let (one, other) = (omega(&fit(&x)), omega(&fit(&turned)));
    let clime = |x: &Matrix| omega(&Clime::new().lambda(0.3).fit(x, &ctx).expect("a fit"));
    let (least, turned) = (clime(&x), clime(&turned));
    for ((i, j), value) in other.indexed_iter() {
        assert!((value - one[(order[i], order[j])]).abs() < 1e-9, "{i} {j}");
        assert!((turned[(i, j)] - least[(order[i], order[j])]).abs() < 1e-9, "{i} {j}");
    }
    let threads = Concord::new().lambda(0.2).tol(1e-11).fit(&x, &ctx.clone().with_threads(3)).expect("a fit");
    assert_eq!(omega(&threads), one);
}

#[test]
fn without_correlations_the_diagonal_is_closed_form() {
    let s = Matrix::from(Array2::from_diag(&ndarray::array![4.0, 1.0, 0.25]));
    let fit = Concord::new().lambda(0.1).fit_input(&covariance(&s, Some(20)), &Context::new()).expect("a fit");
    assert_eq!(fit.n_edges().expect("edges"), 0);
    let theta = fit.precision().expect("positive definite");
    for (value, expected) in theta.view().diag().iter().zip([0.25, 1.0, 4.0]) {
        assert!((value - expected).abs() < 1e-12, "{theta}");
    }
    let clime = Clime::new().lambda(0.1).fit_input(&covariance(&s, Some(20)), &Context::new()).expect("a fit");
    for (value, expected) in clime.precision().expect("positive definite").view().diag().iter().zip([0.25, 1.0, 4.0]) {
        assert!((value - 0.9 * expected).abs() < 1e-12, "{clime}");
    }
}

#[test]
fn every_rule_chooses_and_data_are_their_covariance() {
    let names = Names::new(["a", "b", "c", "d", "e", "f"].map(String::from).to_vec(), "columns").expect("names");
    let x = correlated(120, 6, 0.7, 4).standardize().expect("data").with_names(Some(names)).expect("names");
    let ctx = Context::new().with_seed(3);
    let rules: [Rule; 5] = [
        Criterion::Ebic { gamma: 0.5 }.into(),
        Criterion::Bic.into(),
        Criterion::Aic.into(),
        Rule::CrossValidation { folds: 4, one_se: false },
        // The edges of a chain are about equally strong and come in together: a lower threshold leaves none.
        Rule::Stars { subsamples: 10, ratio: None, threshold: 0.4 },
    ];
    for rule in rules {
        let fits = [Concord::new().lambda(rule).fit(&x, &ctx), Clime::new().lambda(rule).fit(&x, &ctx)];
        for fit in fits.map(|fit| fit.unwrap_or_else(|error| panic!("{}: {error}", rule.name()))) {
            assert!(fit.selection().is_some() && fit.n_edges().expect("edges") >= 1, "{} {fit}", rule.name());
            let lambda = fit.lambda().and_then(sinew::Value::as_number).expect("a number");
            let again = match fit.method() {
                "concord" => Concord::new().lambda(lambda).fit(&x, &ctx),
                _ => Clime::new().lambda(lambda).fit(&x, &ctx),
            };
            let again = Matrix::from(omega(&again.expect("a fit")));
            assert!(distance(&again, &Matrix::from(omega(&fit))) < 1e-5, "{} {fit}", rule.name());
        }
    }
    let s = Matrix::from(Input::data(&x).expect("data").s(&ctx).expect("S").to_owned());
    let from_s = Concord::new().lambda(0.2).fit_input(&covariance(&s, Some(120)), &ctx).expect("a fit");
    let from_x = Concord::new().lambda(0.2).fit(&x, &ctx).expect("a fit");
    assert_eq!(omega(&from_s), omega(&from_x));
    assert!((from_s.loglik().expect("n") - from_x.loglik().expect("n")).abs() < 1e-9);
    let rule = Rule::CrossValidation { folds: 4, one_se: false };
    let error = Concord::new().lambda(rule).fit_input(&covariance(&s, Some(120)), &ctx).map(|_| ()).unwrap_err();
    assert!(error.message().contains("needs the data"), "{error}");
    assert!(Clime::new().lambda(Rule::Ric { rotations: 3 }).fit(&x, &ctx).is_err());
}

#[test]
fn clime_is_within_lambda_and_no_larger_than_the_inverse() {
    let ctx = Context::new();
    let x = correlated(200, 15, 0.8, 9).standardize().expect("data");
    let input = Input::data(&x).expect("data");
    let s = input.s(&ctx).expect("S");
    let inverse = sinew::linalg::inverse(s, &ctx).expect("an inverse");
    let sum = |m: &Array2<f64>| m.iter().map(|value| value.abs()).sum::<f64>();
    for lambda in [0.05, 0.2, 0.4] {
        let fit = Clime::new().lambda(lambda).fit(&x, &ctx).expect("a fit");
        let certificate = fit.certificate().expect("certificate");
        assert!(fit.converged() && certificate.relative_gap() < 1e-9 && certificate.kkt < 1e-10, "{certificate:?}");
        let own = omega(&fit);
        assert!(sum(&own) <= certificate.primal + 1e-9 && certificate.primal < sum(&inverse), "{fit}");
        assert!(own.indexed_iter().all(|((i, j), value)| *value == own[(j, i)]));
    }
}

#[test]
fn problems_without_a_solution_are_named() {
    let ctx = Context::new();
    let x = correlated(8, 20, 0.5, 1).standardize().expect("data");
    let error = Clime::new().lambda(0.01).fit(&x, &ctx).map(|_| ()).unwrap_err();
    assert!(error.kind() == ErrorKind::Numerical && error.message().contains("the smallest lambda"), "{error}");
    // Along a grid the last solution stays.
    assert!(Clime::new().grid(10, 0.01).fit(&x, &ctx).is_ok());
    let error = Concord::new().lambda(0.0).fit(&x, &ctx).map(|_| ()).unwrap_err();
    assert!(error.kind() == ErrorKind::Numerical && error.message().contains("no solution"), "{error}");
    assert!(Concord::new().lambda(0.0).ridge(0.1).fit(&x, &ctx).is_ok());
    assert!(Concord::new().lambda(f64::NAN).fit(&x, &ctx).is_err());
    assert!(Concord::new().lambda(0.1).ridge(-1.0).fit(&x, &ctx).is_err());
    assert!(Clime::new().lambda(1.0).fit(&x, &ctx).is_err());
}
