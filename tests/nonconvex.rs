//! SCAD, MCP and regressions of every node: their optimality conditions, against the penalties and methods that they
//! generalise, and every combination of loss, penalty and solver.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{correlated, distance};
use scripts::{check, check_errors};
use serde_json::json;
use sinew::methods::estimate::Estimate;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::neighborhood_selection::{NeighborhoodSelection, Rule as Links};
use sinew::model::{Criterion, Fit, Input};
use sinew::problem::Concave;
use sinew::select::Rule;
use sinew::solver::{Algorithm, Loss, Penalty, Reweighting};
use sinew::{Context, ErrorKind, Matrix};

const BOTH: [Algorithm; 2] = [Algorithm::Reweighting, Algorithm::ProximalNewton];

fn concave(form: Concave) -> Penalty {
    Penalty::Concave { form, steps: None }
}

fn data(n: usize, p: usize) -> Matrix {
    correlated(n, p, 0.8, 7).standardize().expect("data")
}

fn fit(model: &Estimate, x: &Matrix) -> Fit {
    model.fit(x, &Context::new()).expect("a fit")
}

fn estimate(lambda: f64, penalty: Penalty) -> Estimate {
    Estimate::of(GraphicalLasso::new().lambda(lambda).tol(1e-11)).penalty(penalty)
}

/// The slope of SCAD and MCP at x > 0 as the papers write it.
fn slope(form: Concave, lambda: f64, x: f64) -> f64 {
    match form {
        Concave::Scad { .. } if x <= lambda => lambda,
        Concave::Scad { concavity } => (concavity * lambda - x).max(0.0) / (concavity - 1.0),
        Concave::Mcp { concavity } => (lambda - x / concavity).max(0.0),
    }
}

#[test]
fn scad_and_mcp_are_stationary_and_both_solvers_agree() {
    for (n, p, lambda) in [(200, 8, 0.15), (400, 20, 0.1), (60, 5, 0.25)] {
        let x = data(n, p);
        let s = Input::data(&x).unwrap().s(&Context::new()).unwrap().to_owned();
        for form in [Concave::SCAD, Concave::MCP] {
            let fits = BOTH.map(|solver| fit(&estimate(lambda, concave(form)).solver(solver), &x));
            for own in &fits {
                let place = format!("n {n}, p {p}, {form:?}: {own}");
                assert!(own.converged() && own.certificate().unwrap().kkt < 1e-6, "{place}");
                let theta = own.precision().unwrap().view();
                let w = own.covariance(&Context::new()).unwrap().view();
                for ((i, j), &value) in theta.indexed_iter() {
                    let gradient = s[(i, j)] - w[(i, j)];
                    let violation = match (i == j, value == 0.0) {
                        (true, _) => gradient.abs(),
                        (_, true) => (gradient.abs() - lambda).max(0.0),
                        _ => (gradient + slope(form, lambda, value.abs()).copysign(value)).abs(),
                    };
                    assert!(violation < 1e-6, "{violation} at {i}, {j}; {place}");
                }
            }
            let [one, other] = fits.each_ref().map(|own| own.certificate().unwrap().primal);
            assert!((one - other).abs() < 1e-7, "n {n}, p {p}, {form:?}: {one} {other}");
        }
    }
}

#[test]
fn a_large_concavity_is_the_graphical_lasso_and_large_entries_are_not_shrunk() {
    let x = data(300, 10);
    let plain = GraphicalLasso::new().lambda(0.12).tol(1e-11).fit(&x, &Context::new()).expect("a fit");
    for solver in BOTH {
        for form in [Concave::Scad { concavity: 1e10 }, Concave::Mcp { concavity: 1e10 }] {
            let flat = fit(&estimate(0.12, concave(form)).solver(solver), &x);
            let distance = distance(flat.precision().unwrap(), plain.precision().unwrap());
            assert!(distance < 1e-5, "{solver:?} {form:?}: {distance}");
        }
        for form in [Concave::SCAD, Concave::MCP] {
            let own = fit(&estimate(0.12, concave(form)).solver(solver), &x);
            let entries = |fit: &Fit, i: usize| fit.precision().unwrap().view()[(i, i + 1)].abs();
            let s = Input::data(&x).unwrap().s(&Context::new()).unwrap().to_owned();
            let w = own.covariance(&Context::new()).unwrap().view();
            let mut free = 0;
            for i in (0..9).filter(|&i| entries(&own, i) > 0.12 * form.concavity()) {
                // What costs nothing more fits S exactly.
                assert!((s[(i, i + 1)] - w[(i, i + 1)]).abs() < 1e-6 && entries(&own, i) > entries(&plain, i), "{i}");
                free += 1;
            }
            assert!(free > 3, "{free} {own}");
        }
    }
}

#[test]
fn one_step_of_reweighting_is_the_weighted_lasso() {
    let x = data(200, 8);
    let base = GraphicalLasso::new().lambda(0.1).tol(1e-12);
    let plain = base.fit(&x, &Context::new()).expect("a fit");
    let weights = plain.precision().unwrap().map(|theta| slope(Concave::SCAD, 0.1, theta.abs()) / 0.1);
    let by_hand = base.clone().weights(weights).fit(&x, &Context::new()).expect("a fit");
    let once = fit(&Estimate::of(base.clone()).penalty(Penalty::Concave { form: Concave::SCAD, steps: Some(1) }), &x);
    assert!(once.converged(), "{once}");
    assert!(distance(once.precision().unwrap(), by_hand.precision().unwrap()) < 1e-5);
    let none = fit(&Estimate::of(base).penalty(Penalty::Concave { form: Concave::MCP, steps: Some(0) }), &x);
    assert!(distance(none.precision().unwrap(), plain.precision().unwrap()) < 1e-6);
}

#[test]
fn weights_free_and_forbid_and_more_variables_than_samples_are_taken() {
    let x = data(150, 6);
    let inf = f64::INFINITY;
    let weights = Matrix::from_fn(6, 6, |i, j| match (i.min(j), i.max(j)) {
        (0, 5) => 0.0,
        (1, 2) => inf,
        _ => 1.0,
    });
    let wide = data(20, 40);
    for solver in BOTH {
        for form in [Concave::SCAD, Concave::MCP] {
            let base = GraphicalLasso::new().lambda(0.2).weights(weights.clone());
            let own = fit(&Estimate::of(base).penalty(concave(form)).solver(solver), &x);
            let theta = own.precision().unwrap().view();
            assert!(own.converged() && theta[(0, 5)] != 0.0 && theta[(1, 2)] == 0.0, "{own}");
            let own =
                fit(&Estimate::of(GraphicalLasso::new().lambda(0.6)).penalty(concave(form)).solver(solver), &wide);
            assert!(own.certificate().unwrap().primal.is_finite(), "{own}");
        }
    }
}

#[test]
fn the_answer_does_not_depend_on_the_grid() {
    let x = data(120, 7);
    for form in [Concave::SCAD, Concave::MCP] {
        let base = GraphicalLasso::new().lambda(Criterion::Ebic { gamma: 0.5 });
        let chosen = fit(&Estimate::of(base).penalty(concave(form)), &x);
        assert!(chosen.converged() && chosen.selection().is_some() && chosen.n_edges().unwrap() > 0, "{chosen}");
        let lambda = chosen.lambda().and_then(sinew::Value::as_number).expect("a number");
        let alone = fit(&Estimate::of(GraphicalLasso::new().lambda(lambda)).penalty(concave(form)), &x);
        assert!(distance(chosen.precision().unwrap(), alone.precision().unwrap()) < 1e-3, "{form:?}");
    }
}

#[test]
fn regressions_with_l1_are_neighborhood_selection() {
    for (x, lambda) in [(data(100, 12), 0.2), (correlated(40, 20, 0.9, 3), 0.3)] {
        for links in [Links::Or, Links::And] {
            let theirs = NeighborhoodSelection::new().lambda(lambda).rule(links).tol(1e-10);
            let theirs = theirs.fit(&x, &Context::new()).expect("a fit");
            let own = fit(&estimate(lambda, Penalty::L1).loss(Loss::Nodewise).rule(links), &x);
            assert!(own.converged(), "{own}");
            let (ours, theirs) = (own.graph(0.0).unwrap(), theirs.graph(0.0).unwrap());
            assert_eq!(ours.n_edges(), theirs.n_edges());
            for (a, b) in ours.edges().iter().zip(theirs.edges()) {
                assert!((a.source, a.target) == (b.source, b.target) && (a.weight - b.weight).abs() < 1e-7);
            }
        }
    }
}

#[test]
fn regressions_take_rules_and_every_penalty_of_theirs() {
    let x = data(150, 8);
    let stars = Rule::Stars { subsamples: 5, ratio: None, threshold: 0.1 };
    let by =
        |rule: Rule, penalty| Estimate::of(GraphicalLasso::new().lambda(rule)).penalty(penalty).loss(Loss::Nodewise);
    let net = Penalty::ElasticNet { l1_ratio: 0.7 };
    for penalty in [Penalty::L1, net, concave(Concave::SCAD), concave(Concave::MCP)] {
        for rule in [Criterion::Ebic { gamma: 0.5 }.into(), Criterion::Bic.into(), Criterion::Aic.into(), stars] {
            let own = fit(&by(rule, penalty), &x);
            assert!(own.converged() && own.selection().is_some(), "{rule:?} {penalty:?} {own}");
            assert!((1..=28).contains(&own.n_edges().unwrap()), "{rule:?} {penalty:?} {own}");
        }
    }
    let cv = Rule::CrossValidation { folds: 3, one_se: false };
    let error = by(cv, Penalty::L1).fit(&x, &Context::new()).unwrap_err();
    assert!(error.kind() == ErrorKind::Option && error.hint().is_some_and(|hint| hint.contains("ebic")), "{error}");
    let threads = |count| {
        let ctx = Context::new().with_threads(count);
        by(Criterion::Bic.into(), concave(Concave::MCP)).fit(&x, &ctx).unwrap().added("coefficients").unwrap().to_json()
    };
    assert_eq!(threads(1), threads(3));
}

#[test]
fn every_combination_fits_or_says_what_would() {
    let x = data(60, 5);
    let net = Penalty::ElasticNet { l1_ratio: 0.5 };
    let adaptive = Penalty::Adaptive(Reweighting::default());
    for loss in Loss::ALL {
        for penalty in [Penalty::L1, net, adaptive, concave(Concave::SCAD), concave(Concave::MCP)] {
            for solver in Algorithm::ALL {
                let place = format!("{loss:?} {penalty:?} {solver:?}");
                let model = Estimate::of(GraphicalLasso::new().lambda(0.2)).loss(loss).penalty(penalty).solver(solver);
                match model.fit(&x, &Context::new()) {
                    Ok(own) => assert!(solver.takes(loss, &penalty) && own.converged(), "{place}: {own}"),
                    Err(error) => {
                        assert!(!solver.takes(loss, &penalty) && error.kind() == ErrorKind::Option, "{place}: {error}");
                        assert!(error.hint().is_some_and(|hint| hint.contains("goes with")), "{place}: {error}");
                    }
                }
            }
        }
    }
}

#[test]
fn other_records_are_composed_by_their_words() {
    check(
        "let x = example(\"sachs\").head(300).log1p().standardize(); let sets = [x.head(150), x.tail(150)];",
        &[
            (
                "let a = estimate(sets, #{ penalty: \"fused\", lambda: 0.1, lambda2: 0.05 }); \
                 let b = joint_graphical_lasso(sets, #{ penalty: \"fused\", lambda: 0.1, lambda2: 0.05 }); \
                 [a.method, a.len(), (a[0].precision == b[0].precision).all()]",
                json!(["joint_graphical_lasso", 2, true]),
            ),
            (
                "let a = x.estimate(#{ penalty: \"nuclear\", lambda: 0.2, mu: 1.0 }); \
                 let b = x.latent_graphical_lasso(#{ lambda: 0.2, mu: 1.0 }); \
                 [a.method, (a.precision == b.precision).all()]",
                json!(["latent_graphical_lasso", true]),
            ),
            (
                "let a = x.estimate(#{ loss: \"concord\", lambda: 0.2 }); let b = x.concord(#{ lambda: 0.2 }); \
                 let c = x.estimate(#{ loss: \"concord\", penalty: \"elastic_net\", l1_ratio: 0.5, lambda: 0.2 }); \
                 let d = x.concord(#{ lambda: 0.1, ridge: 0.1 }); \
                 [a.method, (a.omega == b.omega).all(), (c.omega == d.omega).all()]",
                json!(["concord", true, true]),
            ),
        ],
    );
    check_errors(
        "let x = randn(30, 4, #{ seed: 1 }); let y = randn(40, 4, #{ seed: 2 });",
        &[
            ("x.estimate(#{ lambda: 0.1, penalty: \"group\" })", "E010", "give a list of them"),
            ("estimate([x, y], #{ lambda: 0.1 })", "E010", "is of one data set, not of a list"),
            ("estimate([x, y], #{ loss: \"nodewise\", penalty: \"group\" })", "E010", "no solver takes"),
            ("estimate([x, y], #{ penalty: \"group\", solver: \"dual_descent\" })", "E010", "proximal_newton"),
            ("x.estimate(#{ lambda: 0.1, lambda2: 0.1 })", "E010", "option 'lambda2' of estimate goes with"),
            ("x.estimate(#{ lambda: 0.1, penalty: \"nuclear\", concavity: 3 })", "E010", "'concavity'"),
            (
                "x.estimate(#{ loss: \"concord\", penalty: \"elastic_net\", lambda: \"ebic\" })",
                "E010",
                "takes a number as lambda",
            ),
        ],
    );
}

#[test]
fn scripts_say_it_in_words() {
    check(
        "let x = example(\"sachs\").head(200).log1p().standardize();",
        &[
            (
                "let a = x.estimate(#{ loss: \"log_det\", lambda: 0.2 }); let b = x.estimate(#{ lambda: 0.2 }); \
                 [a.options.loss, (a.precision == b.precision).all()]",
                json!(["logdet", true]),
            ),
            (
                "let a = x.estimate(#{ penalty: \"scad\", lambda: 0.1 }); \
                 let b = x.estimate(#{ penalty: \"scad\", lambda: 0.1, solver: \"proximal_newton\" }); \
                 [a.options.concavity, a.solver, b.solver, a.gap <= 1e-9, b.gap <= 1e-9, a.converged, b.converged]",
                json!([3.7, "reweighted dual coordinate descent", "proximal Newton", true, true, true, true]),
            ),
            ("x.estimate(#{ penalty: \"mcp\", lambda: 0.1, steps: 1 }).options.steps", json!(1)),
            (
                "let a = x.estimate(#{ loss: \"nodewise\", penalty: \"mcp\", lambda: 0.1, rule: \"and\" }); \
                 let b = x.estimate(a.options); \
                 [a.coefficients.rows, a.n_edges == b.n_edges, a.solver, a.options.rule]",
                json!([11, true, "coordinate descent", "and"]),
            ),
        ],
    );
    check_errors(
        "let x = randn(30, 4, #{ seed: 1 });",
        &[
            ("x.estimate(#{ lambda: 0.1, penalty: \"scad\", concavity: 2 })", "E010", "must be a number > 2"),
            ("x.estimate(#{ lambda: 0.1, penalty: \"mcp\", concavity: 1 })", "E010", "must be a number > 1"),
            ("x.estimate(#{ lambda: 0.1, concavity: 3 })", "E010", "goes with penalty \"scad\" or \"mcp\""),
            ("x.estimate(#{ lambda: 0.1, rule: \"and\" })", "E010", "goes with loss \"nodewise\""),
            ("x.estimate(#{ lambda: 0.1, loss: \"nodewise\", penalize_diagonal: true })", "E010", "no diagonal"),
            ("x.estimate(#{ lambda: 0.1, loss: \"nodewise\", penalty: \"adaptive\" })", "E010", "no solver takes"),
            (
                "x.estimate(#{ lambda: 0.1, loss: \"nodewise\", solver: \"dual_descent\" })",
                "E010",
                "goes with loss \"logdet\"",
            ),
            (
                "x.estimate(#{ lambda: 0.1, penalty: \"scad\", steps: 2, solver: \"proximal_newton\" })",
                "E010",
                "goes with solver \"reweighting\"",
            ),
            ("x.estimate(#{ lambda: 0.1, penalty: \"scad\", steps: 100000 })", "E010", "at most 1000"),
            ("x.estimate(#{ lambda: \"cv\", loss: \"nodewise\" })", "E010", "needs a precision matrix"),
            ("x.estimate(#{ loss: \"logdte\" })", "E010", "logdet"),
        ],
    );
}
