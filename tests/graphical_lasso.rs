//! The graphical lasso against reference numbers, its optimality conditions, and degenerate inputs.

mod common;

use common::{correlated, distance, has_reference, reference};
use ndarray::Array2;
use sinew::data::Names;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::model::{Criterion, Fit, Input};
use sinew::{Context, ErrorKind, Matrix};

fn covariance_input(s: &Matrix) -> Input {
    Input::covariance_matrix(s, Some(100)).expect("a covariance")
}

fn objective(s: &Matrix, fit: &Fit, penalty: impl Fn(usize, usize) -> f64) -> f64 {
    let theta = fit.precision().expect("precision").clone();
    let logdet = sinew::linalg::Cholesky::new(theta.view()).expect("positive definite").logdet();
    theta.view().indexed_iter().fold(logdet, |sum, ((i, j), value)| {
        sum - s.view()[(i, j)] * value - if *value == 0.0 { 0.0 } else { penalty(i, j) * value.abs() }
    })
}

#[test]
fn agrees_with_r_glasso() {
    if !has_reference("agrees_with_r_glasso") {
        return;
    }
    let s = reference("glasso/hub_0_S.csv");
    let ctx = Context::new();
    for (penalize, name, expected) in [(true, "diag1", -125.8987), (false, "diag0", -99.42878)] {
        let fit = GraphicalLasso::new().lambda(0.3).penalize_diagonal(penalize);
        let fit = fit.fit_input(&covariance_input(&s), &ctx).expect("a fit");
        for (file, own) in
            [("wi", fit.precision().expect("precision")), ("w", fit.covariance(&ctx).expect("covariance"))]
        {
            let theirs = reference(&format!("glasso/hub_0_glasso_rho0.3_{name}_{file}.csv"));
            let theirs = theirs.zip(&theirs.transpose(), |a, b| 0.5 * (a + b)).expect("square");
            assert!(distance(own, &theirs) < 2e-5, "{name} {file}: {}", distance(own, &theirs));
        }
        let value = objective(&s, &fit, |i, j| if i != j || penalize { 0.3 } else { 0.0 });
        assert!((value - expected).abs() < 1e-3, "{name}: {value}");
    }
}

#[test]
fn agrees_with_r_glasso_on_a_matrix_of_penalties() {
    if !has_reference("agrees_with_r_glasso_on_a_matrix_of_penalties") {
        return;
    }
    let (s, rho) = (reference("glasso/hub_0_S.csv"), reference("glasso/hub_0_glasso_weighted_rho.csv"));
    let theirs = reference("glasso/hub_0_glasso_weighted_wi.csv");
    let theirs = theirs.zip(&theirs.transpose(), |a, b| 0.5 * (a + b)).expect("square");
    let ctx = Context::new();
    let by_lambda = GraphicalLasso::new().lambda(rho.clone()).fit_input(&covariance_input(&s), &ctx).expect("a fit");
    let by_weights = GraphicalLasso::new().lambda(0.5).weights(rho.map(|r| 2.0 * r));
    let by_weights = by_weights.fit_input(&covariance_input(&s), &ctx).expect("a fit");
    for fit in [by_lambda, by_weights] {
        let precision = fit.precision().expect("precision");
        assert!(distance(precision, &theirs) < 2e-5, "{}", distance(precision, &theirs));
    }
}

#[test]
fn certificates_hold_over_sizes_densities_and_ranks() {
    let ctx = Context::new();
    for (case, (n, p, mix)) in
        [(200, 5, 0.5), (50, 20, 1.0), (10, 30, 0.3), (400, 40, 0.9), (15, 60, 2.0)].into_iter().enumerate()
    {
        let x = correlated(n, p, mix, case as u64).standardize().expect("data");
        for lambda in [0.02, 0.1, 0.3, 0.7] {
            for penalize in [false, true] {
                let fit =
                    GraphicalLasso::new().lambda(lambda).penalize_diagonal(penalize).fit(&x, &ctx).expect("a fit");
                let certificate = fit.certificate().expect("certificate");
                let place = format!("n {n}, p {p}, lambda {lambda}, diagonal {penalize}: {certificate:?}");
                assert!(fit.converged() && certificate.relative_gap() <= 1e-7, "{place}");
                assert!(certificate.kkt < 2e-3, "{place}");
                let theta = fit.precision().expect("precision");
                assert_eq!(theta.view(), theta.view().t(), "{place}");
            }
        }
    }
}

#[test]
fn a_tight_tolerance_meets_the_optimality_conditions() {
    let x = correlated(60, 25, 1.0, 3).standardize().expect("data");
    let fit = GraphicalLasso::new().lambda(0.15).tol(1e-12).fit(&x, &Context::new()).expect("a fit");
    let certificate = fit.certificate().expect("certificate");
    assert!(certificate.relative_gap() <= 1e-12 && certificate.kkt < 1e-6, "{certificate:?}");
}

#[test]
fn lambda_zero_is_the_inverse_and_needs_more_samples_than_variables() {
    let ctx = Context::new();
    let x = correlated(300, 6, 0.5, 1);
    let fit = GraphicalLasso::new().lambda(0.0).tol(1e-12).fit(&x, &ctx).expect("a fit");
    let inverse = sinew::linalg::Cholesky::new(Input::data(&x).unwrap().s(&ctx).unwrap()).unwrap().inverse();
    assert!(distance(fit.precision().unwrap(), &Matrix::from(inverse)) < 1e-6);
    let error = GraphicalLasso::new().lambda(0.0).fit(&correlated(5, 12, 0.5, 1), &ctx).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Numerical, "{error}");
}

#[test]
fn free_and_forbidden_edges() {
    let ctx = Context::new();
    // Fewer samples than variables, so that S is singular and the free edge needs the primal start.
    let x = correlated(12, 20, 1.0, 5).standardize().expect("data");
    let mut weights = Matrix::from(Array2::ones((20, 20)));
    for (i, j, weight) in [(0, 1, 0.0), (2, 3, f64::INFINITY), (4, 5, f64::INFINITY)] {
        weights.fill(&[i], &[j], weight);
        weights.fill(&[j], &[i], weight);
    }
    let fit = GraphicalLasso::new().lambda(0.3).weights(weights).fit(&x, &ctx).expect("a fit");
    let theta = fit.precision().unwrap().view();
    assert!(fit.converged(), "{fit}");
    assert!(theta[(0, 1)] != 0.0 && theta[(2, 3)] == 0.0 && theta[(4, 5)] == 0.0);
    let all_forbidden = Matrix::from(Array2::from_elem((20, 20), f64::INFINITY));
    let fit = GraphicalLasso::new().lambda(0.3).weights(all_forbidden).fit(&x, &ctx).expect("a fit");
    assert_eq!(fit.graph(0.0).unwrap().n_edges(), 0);
}

#[test]
fn tiny_penalties_and_few_samples_have_certified_solutions() {
    // With every pair penalised there is a solution however small the penalty and singular the covariance.
    let ctx = Context::new();
    for (n, p, lambda) in [(3, 20, 1e-6), (3, 20, 1e-4), (10, 30, 1e-5), (20, 60, 1e-4), (3, 5, 1e-5)] {
        let fit = GraphicalLasso::new().lambda(lambda).fit(&correlated(n, p, 0.0, 1), &ctx).expect("a fit");
        assert!(
            fit.converged() && fit.certificate().expect("certificate").relative_gap() <= 1e-9,
            "{n} {p} {lambda}: {fit}"
        );
    }
    // Below what double precision holds the fit says so; it does not claim that there is no solution.
    let fit = GraphicalLasso::new().lambda(1e-13).fit(&correlated(3, 5, 0.0, 1), &ctx).expect("a fit");
    assert!(!fit.converged() && !fit.warnings().is_empty(), "{fit}");
}

#[test]
fn numbers_without_a_variance_in_double_precision_are_an_error() {
    for scale in [1e200, 1e-200] {
        let x = correlated(10, 3, 0.0, 1).map(|value| value * scale);
        let error = GraphicalLasso::new().lambda(0.1).fit(&x, &Context::new()).unwrap_err();
        assert!(error.kind() == ErrorKind::Data && error.message().contains("column 0"), "{error}");
    }
}

#[test]
fn a_path_without_anything_to_choose_has_one_point() {
    let s = Matrix::from(Array2::eye(4));
    let path = GraphicalLassoPath::default().fit_input(covariance_input(&s), &Context::new()).expect("a path");
    assert_eq!(path.points().len(), 1);
    let fit = path.select(Criterion::Bic, &Context::new()).expect("a fit");
    assert!(fit.warnings().is_empty(), "{:?}", fit.warnings());
}

#[test]
fn a_strict_path_is_an_error_and_warnings_stay_with_their_solution() {
    let x = correlated(100, 25, 1.0, 2).standardize().unwrap();
    let path = GraphicalLassoPath::of(GraphicalLasso::new().tol(1e-13).max_iter(1)).grid(5, 0.01);
    let lenient = path.fit(&x, &Context::new()).expect("a path");
    assert!(!lenient.warnings().is_empty());
    assert!(lenient.fit(0, &Context::new()).expect("the empty graph").warnings().is_empty());
    assert_eq!(path.fit(&x, &Context::new().with_strict(true)).unwrap_err().kind(), ErrorKind::NotConverged);
}

#[test]
fn wrong_penalties_are_explained() {
    let x = correlated(30, 3, 0.5, 1);
    let named =
        x.clone().with_names(Some(Names::new(["a", "b", "c"].map(String::from).to_vec(), "columns").unwrap())).unwrap();
    let ones = Matrix::from(Array2::ones((3, 3)));
    let other = ones
        .clone()
        .with_names(Some(Names::new(["a", "c", "b"].map(String::from).to_vec(), "columns").unwrap()))
        .unwrap();
    let changed = |value: f64| {
        let mut weights = ones.clone();
        weights.fill(&[0], &[1], value);
        weights
    };
    for (model, part) in [
        (GraphicalLasso::new().lambda(-0.1), "lambda must be a number >= 0, not -0.1"),
        (GraphicalLasso::new().lambda(f64::NAN), "lambda must be a number >= 0"),
        (GraphicalLasso::new().lambda(0.1).weights(changed(-1.0)), "weights must not be negative: entry (0, 1) is -1"),
        (GraphicalLasso::new().lambda(0.1).weights(changed(f64::NAN)), "entry (0, 1) is NaN"),
        (GraphicalLasso::new().lambda(0.1).weights(changed(2.0)), "weights must be symmetric: entry (0, 1) is 2"),
        (
            GraphicalLasso::new().lambda(0.1).weights(Matrix::from(Array2::ones((4, 4)))),
            "weights is 4 x 4, there are 3 variables",
        ),
        (
            GraphicalLasso::new().lambda(0.1).weights(Matrix::from(Array2::ones((3, 4)))),
            "must be a square matrix, not 3 x 4",
        ),
        (GraphicalLasso::new().lambda(0.1).weights(other), "names other variables than the data, or in another order"),
        (GraphicalLasso::new().lambda(ones.clone()).weights(ones.clone()), "lambda is a matrix"),
        (GraphicalLasso::new().lambda(0.1).tol(0.0), "tol must be > 0"),
    ] {
        let error = model.fit(&named, &Context::new()).unwrap_err();
        assert!(error.message().contains(part), "{error}");
    }
    // One number everywhere is a filling; a diagonal of its own was meant.
    let mut meant = ones.clone();
    meant.fill(&[0], &[0], 0.5);
    assert!(GraphicalLasso::new().lambda(ones).fit(&named, &Context::new()).unwrap().warnings().is_empty());
    let diagonal = GraphicalLasso::new().lambda(meant).fit(&named, &Context::new()).unwrap();
    assert!(diagonal.warnings().iter().any(|w| w.contains("penalize_diagonal: true")), "{:?}", diagonal.warnings());
}

#[test]
fn one_and_two_variables() {
    let ctx = Context::new();
    let one = Matrix::from_rows(&[vec![1.0], vec![3.0]]).unwrap();
    let fit = GraphicalLasso::new().lambda(0.1).fit(&one, &ctx).unwrap();
    assert_eq!(fit.precision().unwrap().as_slice(), [1.0]);
    let s = Matrix::from_rows(&[vec![1.0, 0.6], vec![0.6, 2.0]]).unwrap();
    let fit = GraphicalLasso::new().lambda(0.1).fit_input(&covariance_input(&s), &ctx).unwrap();
    assert!((fit.covariance(&ctx).unwrap().view()[(0, 1)] - 0.5).abs() < 1e-12);
    let copies = Matrix::from_fn(30, 3, |i, j| if j == 2 { (i * i % 7) as f64 } else { i as f64 });
    let fit = GraphicalLasso::new().lambda(0.1).fit(&copies.standardize().unwrap(), &ctx).unwrap();
    assert!(fit.converged(), "perfectly correlated columns: {fit}");
}

#[test]
fn the_answer_does_not_depend_on_threads() {
    let x = correlated(80, 30, 0.4, 9).standardize().unwrap();
    let fit = |threads| {
        let ctx = Context::new().with_threads(threads);
        GraphicalLasso::new().lambda(0.25).fit(&x, &ctx).unwrap().precision().unwrap().clone()
    };
    assert_eq!(fit(1), fit(2));
    assert_eq!(fit(1), fit(5));
}

#[test]
fn a_path_agrees_with_single_fits_and_warns_at_the_ends() {
    let ctx = Context::new();
    let x = correlated(100, 15, 0.8, 11).standardize().unwrap();
    let path = GraphicalLassoPath::default().grid(12, 0.05).fit(&x, &ctx).unwrap();
    assert_eq!(path.points()[0].n_edges(), 0, "the first penalty empties the graph");
    assert!(path.points().iter().all(|point| point.converged));
    for position in [3, 7, 11] {
        let on_path = path.fit(position, &ctx).unwrap();
        let lambda = path.points()[position].lambda;
        let alone = GraphicalLasso::new().lambda(lambda).tol(1e-10).fit(&x, &ctx).unwrap();
        assert!(distance(on_path.precision().unwrap(), alone.precision().unwrap()) < 1e-3);
        assert!((on_path.loglik().unwrap() - alone.loglik().unwrap()).abs() < 1e-3);
    }
    let short = GraphicalLassoPath::default().lambdas(vec![0.4, 0.3]).fit(&x, &ctx).unwrap();
    let fit = short.select(Criterion::Bic, &ctx).unwrap();
    assert!(fit.warnings().iter().any(|w| w.contains("smallest lambda of the grid")), "{:?}", fit.warnings());
    let chosen = GraphicalLasso::new().lambda(Criterion::Bic).fit(&x, &ctx).unwrap();
    let by_hand = GraphicalLassoPath::default().fit(&x, &ctx).unwrap().select(Criterion::Bic, &ctx).unwrap();
    assert_eq!(chosen.precision().unwrap(), by_hand.precision().unwrap());
}

#[test]
fn exhausted_sweeps_are_a_warning_and_an_error_when_strict() {
    let x = correlated(100, 25, 1.0, 2).standardize().unwrap();
    let model = GraphicalLasso::new().lambda(0.01).tol(1e-13).max_iter(1);
    let fit = model.fit(&x, &Context::new()).unwrap();
    assert!(!fit.converged() && fit.warnings().iter().any(|w| w.contains("max_iter")), "{fit}");
    let error = model.fit(&x, &Context::new().with_strict(true)).unwrap_err();
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::NotConverged, 4));
}

#[test]
fn budgets_and_cancellation_stop_a_fit() {
    let x = correlated(100, 80, 1.0, 2).standardize().unwrap();
    let error = GraphicalLasso::new().lambda(0.1).fit(&x, &Context::new().with_memory_limit(10_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Memory);
    let ctx = Context::new();
    ctx.cancel_handle().cancel();
    assert_eq!(GraphicalLasso::new().lambda(0.1).fit(&x, &ctx).unwrap_err().kind(), ErrorKind::Cancelled);
}
