//! Estimators composed of loss, penalty and solver: against the graphical lasso, their optimality conditions, and each
//! other.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{correlated, distance};
use proptest::prelude::*;
use scripts::{check, check_errors};
use serde_json::json;
use sinew::methods::estimate::Estimate;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::model::{Criterion, Fit, Input};
use sinew::problem::{ElasticNet, L1, certify};
use sinew::select::Rule;
use sinew::solver::graphical_lasso::Settings;
use sinew::solver::penalized::solve;
use sinew::solver::{Algorithm, Moments, Penalty, Reweighting};
use sinew::{Context, ErrorKind, Matrix};

fn net(l1_ratio: f64) -> Penalty {
    Penalty::ElasticNet { l1_ratio }
}

fn data(n: usize, p: usize) -> Matrix {
    correlated(n, p, 0.8, 7).standardize().expect("data")
}

fn fit(model: &Estimate, x: &Matrix) -> Fit {
    model.fit(x, &Context::new()).expect("a fit")
}

#[test]
fn a_ratio_of_one_and_both_solvers_are_the_graphical_lasso() {
    let x = data(60, 18);
    for penalize in [false, true] {
        let base = GraphicalLasso::new().lambda(0.2).penalize_diagonal(penalize).tol(1e-12);
        let reference = base.fit(&x, &Context::new()).expect("a fit");
        let newton = Estimate::of(base.clone()).solver(Algorithm::ProximalNewton);
        for model in [Estimate::of(base.clone()), newton, Estimate::of(base.clone()).penalty(net(1.0))] {
            let own = fit(&model, &x);
            let distance = distance(own.precision().unwrap(), reference.precision().unwrap());
            assert!(own.converged() && distance < 1e-6, "{model:?}: {distance}");
            assert!((own.loglik().unwrap() - reference.loglik().unwrap()).abs() < 1e-5);
        }
    }
}

#[test]
fn the_elastic_net_meets_its_conditions_over_ratios_sizes_and_ranks() {
    for (n, p) in [(100, 5), (20, 30), (8, 15)] {
        let x = data(n, p);
        let s = Input::data(&x).unwrap().s(&Context::new()).unwrap().to_owned();
        for ratio in [0.0, 0.1, 0.5, 0.999, 1.0 - 1e-9] {
            let lambda = 0.3;
            let fit = fit(&Estimate::of(GraphicalLasso::new().lambda(lambda)).penalty(net(ratio)), &x);
            let certificate = fit.certificate().unwrap();
            let place = format!("n {n}, p {p}, ratio {ratio}: {certificate:?}");
            assert!(fit.converged() && fit.warnings().is_empty() && certificate.relative_gap() <= 1e-9, "{place}");
            let theta = fit.precision().unwrap();
            let w = fit.covariance(&Context::new()).unwrap();
            // S - W + lambda (r sign(theta) + (1 - r) theta) = 0, without the penalty on the diagonal.
            for ((i, j), &value) in theta.view().indexed_iter() {
                let gradient = s[(i, j)] - w.view()[(i, j)];
                let violation = match (i == j, value == 0.0) {
                    (true, _) => gradient.abs(),
                    (_, true) => (gradient.abs() - ratio * lambda).max(0.0),
                    _ => (gradient + lambda * (ratio * value.signum() + (1.0 - ratio) * value)).abs(),
                };
                assert!(violation < 1e-3, "{place}: {violation} at {i}, {j}");
            }
        }
    }
}

#[test]
fn adaptive_weights_are_those_of_the_solution_before() {
    let x = data(200, 10);
    let base = GraphicalLasso::new().lambda(0.05).tol(1e-11);
    let adaptive = |steps| Penalty::Adaptive(Reweighting { exponent: 1.0, epsilon: 0.1, steps });
    let plain = base.fit(&x, &Context::new()).expect("a fit");
    let none = fit(&Estimate::of(base.clone()).penalty(adaptive(0)), &x);
    assert!(distance(none.precision().unwrap(), plain.precision().unwrap()) < 1e-6);
    let weights = plain.precision().unwrap().map(|theta| 1.0 / (theta.abs() + 0.1));
    let by_hand = base.clone().weights(weights).fit(&x, &Context::new()).expect("a fit");
    let once = fit(&Estimate::of(base).penalty(adaptive(1)), &x);
    assert!(distance(once.precision().unwrap(), by_hand.precision().unwrap()) < 1e-5);
    assert!(once.graph(0.0).unwrap().n_edges() < plain.graph(0.0).unwrap().n_edges());
}

#[test]
fn rules_choose_lambda_for_every_penalty() {
    let x = data(80, 6);
    let plain = fit(&Estimate::of(GraphicalLasso::new().lambda(Criterion::Bic)), &x);
    let reference = GraphicalLasso::new().lambda(Criterion::Bic).fit(&x, &Context::new()).unwrap();
    assert_eq!(plain.precision().unwrap(), reference.precision().unwrap());
    let by = |rule: Rule, penalty| Estimate::of(GraphicalLasso::new().lambda(rule)).penalty(penalty);
    let cv = Rule::CrossValidation { folds: 4, one_se: false };
    let adaptive = Penalty::Adaptive(Reweighting::default());
    for (rule, penalty) in [(Criterion::Bic.into(), net(0.5)), (cv, net(0.0)), (Criterion::Bic.into(), adaptive)] {
        let fit = fit(&by(rule, penalty), &x);
        assert!(fit.converged() && fit.selection().is_some() && fit.loglik().is_ok(), "{penalty:?}: {fit}");
    }
    // Every pair is an edge of a ridge estimate.
    let stars = Rule::Stars { subsamples: 5, ratio: None, threshold: 0.1 };
    for rule in [Criterion::Bic.into(), stars, Rule::Ric { rotations: 5 }] {
        let error = by(rule, net(0.0)).fit(&x, &Context::new()).unwrap_err();
        assert!(error.message().contains("counts edges"), "{error}");
    }
}

#[test]
fn a_problem_without_a_minimum_and_limits_are_errors() {
    let x = data(5, 12);
    let model = Estimate::of(GraphicalLasso::new().lambda(0.0)).penalty(net(0.5));
    assert_eq!(model.fit(&x, &Context::new()).unwrap_err().kind(), ErrorKind::Numerical);
    let model = Estimate::of(GraphicalLasso::new().lambda(0.1)).penalty(net(0.5));
    let few = Context::new().with_memory_limit(5_000);
    assert_eq!(model.fit(&x, &few).unwrap_err().kind(), ErrorKind::Memory);
    let exhausted = Estimate::of(GraphicalLasso::new().lambda(0.01).max_iter(1)).penalty(net(0.5));
    let fit = fit(&exhausted, &x);
    assert!(!fit.converged() && fit.warnings().iter().any(|why| why.contains("max_iter")), "{fit}");
    let strict = exhausted.fit(&x, &Context::new().with_strict(true)).unwrap_err();
    assert_eq!(strict.kind(), ErrorKind::NotConverged);
}

#[test]
fn scripts_compose_estimators() {
    check(
        "let x = example(\"sachs\").head(150).log1p().standardize();",
        &[
            (
                "let a = x.estimate(#{ lambda: 0.2 }); let b = x.graphical_lasso(#{ lambda: 0.2 }); \
                 [a.n_edges == b.n_edges, a.gap <= 1e-9, a.solver == b.solver]",
                json!([true, true, true]),
            ),
            (
                "let fit = Estimate(#{ penalty: \"elastic_net\", l1_ratio: 0.5, lambda: 0.2 }).fit(x); \
                 [fit.solver, fit.options.penalty, fit.options.l1_ratio, fit.gap <= 1e-9, fit.converged]",
                json!(["proximal Newton", "elastic_net", 0.5, true, true]),
            ),
            (
                "x.estimate(#{ penalty: \"adaptive\", lambda: 0.05, steps: 1, solver: \"proximal_newton\" }).options.steps",
                json!(1),
            ),
        ],
    );
    check_errors(
        "let x = randn(30, 4, #{ seed: 1 });",
        &[
            (
                "x.estimate(#{ lambda: 0.1, penalty: \"elastic_net\", solver: \"dual_descent\" })",
                "E010",
                "goes with solver \"proximal_newton\" or \"auto\"",
            ),
            (
                "x.estimate(#{ lambda: 0.1, l1_ratio: 0.5 })",
                "E010",
                "goes with penalty \"elastic_net\", not with \"l1\"",
            ),
            ("x.estimate(#{ lambda: 0.1, steps: 3 })", "E010", "goes with penalty \"adaptive\""),
            ("x.estimate(#{ lambda: 0.1, penalty: \"adaptive\", exponent: 1000 })", "E010", "and <= 10, not 1000"),
            ("x.estimate(#{ weights: 1e-320 * ones(4, 4) })", "E010", "weights are too small"),
            ("x.graphical_lasso(#{ weights: 1e-320 * ones(4, 4) })", "E010", "weights are too small"),
            ("x.estimate(#{ penalty: \"elastic_net\", l1_ratio: 1.5 })", "E010", "l1_ratio"),
            ("x.estimate(#{ penalty: \"elastic\" })", "E010", "elastic_net"),
            ("x.estimate(#{ penalty: \"elastic_net\", lambda: \"ric\" })", "E010", "elastic net splits in two"),
            ("x.estimate(#{ lambda: 0.1, folds: 3 })", "E010", "option 'folds' of estimate"),
            ("x.estimate(#{ penalty: \"adaptive\", lambda: 0.1, steps: 100000 })", "E010", "at most 1000"),
        ],
    );
}

#[test]
fn the_options_of_a_fit_repeat_it() {
    let same = "let options = fit.options; options.seed = fit.seed; let again = x.VERB(options); \
                again.lambda == fit.lambda && (again.precision == fit.precision).all()";
    for verb in ["graphical_lasso", "estimate"] {
        for rule in Rule::NAMES {
            let script = format!("let fit = x.VERB(#{{ lambda: \"{rule}\", seed: 3 }}); {same}");
            check("let x = randn(60, 5, #{ seed: 1 });", &[(script.replace("VERB", verb).as_str(), json!(true))]);
        }
    }
    check(
        "let x = randn(60, 5, #{ seed: 1 });",
        &[
            (
                "let fit = x.graphical_lasso_path(#{ n_lambdas: 4 }).fit(2); \
                 (x.graphical_lasso(fit.options).precision - fit.precision).abs().max() < 1e-6",
                json!(true),
            ),
            (
                "let fit = x.graphical_lasso_path(#{ lambdas: [0.2, 0.1] }).fit(1); \
                 (x.graphical_lasso(fit.options).precision - fit.precision).abs().max() < 1e-6",
                json!(true),
            ),
            (
                "x.graphical_lasso_path().select(\"ric\").options.keys()",
                json!(["convention", "cor", "lambda", "max_iter", "missing", "penalize_diagonal", "rotations", "tol"]),
            ),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_gap_bounds_what_is_missing_to_the_minimum(
        seed in 0u64..1000, ratio in 0.0..=1.0f64, lambda in 0.05..0.8f64, push in 0.0..0.3f64,
    ) {
        let ctx = Context::new();
        let x = correlated(20, 8, 0.8, seed).standardize().expect("data");
        let input = Input::data(&x).expect("an input");
        let s = input.s(&ctx).expect("a covariance");
        let weights = L1::scalar(lambda, seed % 2 == 0);
        let settings = Settings { tol: 1e-9, max_iter: 500 };
        let moments = Moments::Whole(s);
        let solution = solve(moments, &weights, &net(ratio), Algorithm::ProximalNewton, None, settings, &ctx).expect("a fit");
        prop_assert!(solution.converged, "{:?}", solution.warning);
        let mut theta = solution.theta().to_dense();
        for i in 0..8 {
            theta[(i, i)] *= 1.0 + push;
        }
        theta[(0, 1)] -= 0.1 * push;
        theta[(1, 0)] = theta[(0, 1)];
        let penalty = ElasticNet::new(&weights, ratio).expect("a ratio");
        if let Some(certified) = certify(s, &penalty, theta.view(), &ctx).expect("no limit") {
            let above = certified.certificate.primal - solution.certificate.primal;
            let slack = 1e-8 * solution.certificate.primal.abs().max(1.0);
            prop_assert!(above >= -slack, "{above}");
            prop_assert!(certified.certificate.gap >= above - slack, "{:?} {above}", certified.certificate);
        }
    }
}
