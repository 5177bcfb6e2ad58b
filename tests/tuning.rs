//! Hypergradients against finite differences and the reference data, and penalties that are tuned by them.

mod common;

use common::{correlated, reference, shared};
use sinew::methods::estimate::Estimate;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::tuning::{Tuning, TuningCriterion};
use sinew::model::{Fit, Input};
use sinew::select::tuning::Limits;
use sinew::select::{hypergradient, lambda_direction, solution_jacobian};
use sinew::solver::Penalty;
use sinew::{Context, Matrix, Table};

/// A problem of one kind: what fits data with a matrix of penalties.
struct Kind {
    name: &'static str,
    penalize_diagonal: bool,
    penalty: Penalty,
    lambda: f64,
}

const KINDS: [Kind; 5] = [
    Kind { name: "L1", penalize_diagonal: false, penalty: Penalty::L1, lambda: 0.08 },
    Kind { name: "L1, diagonal", penalize_diagonal: true, penalty: Penalty::L1, lambda: 0.08 },
    Kind { name: "components", penalize_diagonal: true, penalty: Penalty::L1, lambda: 0.45 },
    Kind { name: "elastic net", penalize_diagonal: false, penalty: Penalty::ElasticNet { l1_ratio: 0.6 }, lambda: 0.1 },
    Kind {
        name: "elastic net, diagonal",
        penalize_diagonal: true,
        penalty: Penalty::ElasticNet { l1_ratio: 0.6 },
        lambda: 0.1,
    },
];

impl Kind {
    fn fit(&self, x: &Matrix, lambda: &Matrix) -> Fit {
        let base = GraphicalLasso::new()
            .lambda(lambda.clone())
            .penalize_diagonal(self.penalize_diagonal)
            .tol(1e-15)
            .max_iter(5000);
        let ctx = Context::new();
        match self.penalty {
            Penalty::L1 => base.fit(x, &ctx).expect("a fit"),
            penalty => Estimate::of(base).penalty(penalty).fit(x, &ctx).expect("a fit"),
        }
    }
}

fn support(fit: &Fit) -> Vec<bool> {
    fit.precision().expect("a precision matrix").as_slice().iter().map(|&value| value != 0.0).collect()
}

/// tr(G Theta), whose gradient is G.
fn linear(g: &Matrix, fit: &Fit) -> f64 {
    let theta = fit.precision().expect("a precision matrix");
    g.as_slice().iter().zip(theta.as_slice()).map(|(a, b)| a * b).sum()
}

#[test]
fn hypergradients_and_jacobians_are_finite_differences() {
    let ctx = Context::new();
    let p = 8;
    let mut checked = 0;
    for kind in &KINDS {
        for seed in 0..3 {
            let x = correlated(60, p, 0.8, seed).standardize().expect("data");
            let wave = |i: usize, j: usize| 1.0 + 0.2 * ((i + j) as f64 + (i * j) as f64).sin();
            let lambda = Matrix::from_fn(p, p, |i, j| kind.lambda * wave(i, j));
            let g = Matrix::from_fn(p, p, |i, j| ((i * j) as f64).cos() + 0.3 * ((i + j) as f64).sin());
            let direction = Matrix::from_fn(p, p, |i, j| kind.lambda * (0.5 + ((i + j) as f64).cos()));
            let fit = kind.fit(&x, &lambda);
            let h = 2e-3;
            let moved = |step: f64| kind.fit(&x, &lambda.zip(&direction, |a, b| a + step * b).expect("equal shapes"));
            let fits = [moved(-2.0 * h), moved(-h), moved(h), moved(2.0 * h)];
            // The formulas hold while the support stays.
            if fits.iter().any(|other| support(other) != support(&fit)) {
                continue;
            }
            // The central difference of fourth order.
            let factors = [1.0, -8.0, 8.0, -1.0].map(|factor| factor / (12.0 * h));
            checked += 1;
            let place = format!("{}, seed {seed}", kind.name);
            let found: f64 = fits.iter().zip(factors).map(|(fit, factor)| factor * linear(&g, fit)).sum();
            let gradient = hypergradient(&fit, &g, &ctx).expect("a hypergradient");
            let promised: f64 =
                gradient.as_slice().iter().zip(direction.as_slice()).map(|(gradient, step)| gradient * step).sum();
            assert!((promised - found).abs() < 1e-6 * found.abs().max(0.1), "{place}: {promised} {found}");
            let jacobian = solution_jacobian(&fit, &direction, &ctx).expect("a jacobian");
            let mut difference = Matrix::from_fn(p, p, |_, _| 0.0);
            for (fit, factor) in fits.iter().zip(factors) {
                let theta = fit.precision().expect("a precision matrix");
                difference = difference.zip(theta, |sum, value| sum + factor * value).expect("equal shapes");
            }
            let apart = common::distance(&jacobian, &difference);
            let size = difference.as_slice().iter().fold(0.0f64, |most, value| most.max(value.abs()));
            assert!(apart < 3e-6 * size.max(0.1), "{place}: {apart} of {size}");
        }
    }
    assert!(checked >= 10, "the support moved in all but {checked}");
}

/// Options for the covariances of the reference data.
fn covariance(path: &str) -> Matrix {
    reference(&format!("implicit/{path}"))
}

/// C = -log det Theta + tr(S Theta).
fn criterion(fit: &Fit, s: &Matrix) -> f64 {
    let certificate = fit.certificate().expect("a certificate");
    linear(s, fit) - certificate.logdet
}

#[test]
fn hypergradients_are_those_of_the_reference_data() {
    if shared("reference/implicit", "hypergradients_are_those_of_the_reference_data").is_none() {
        return;
    }
    let ctx = Context::new();
    let (train, test) = (covariance("S_train.csv"), covariance("S_test.csv"));
    let expected = [
        (0.2, 121.92979834688464, 88.1276929540657, 1318),
        (0.1, 111.78814681824292, 113.80420217566862, 2320),
        (0.05, 106.11915929124402, 106.93867922882313, 3400),
        (0.02, 103.59262599609745, 37.688846528970714, 5392),
    ];
    let input = Input::covariance_matrix(&train, None).expect("a covariance");
    for (lambda, value, slope, entries) in expected {
        let model = GraphicalLasso::new().lambda(lambda).penalize_diagonal(true).tol(1e-11);
        let fit = model.fit_input(&input, &ctx).expect("a fit");
        assert!((criterion(&fit, &test) - value).abs() < 1e-4, "{lambda}: {}", criterion(&fit, &test));
        assert_eq!(2 * fit.n_edges().expect("edges"), entries, "{lambda}");
        let g = test.zip(fit.covariance(&ctx).expect("a covariance"), |s, w| s - w).expect("equal shapes");
        let found: f64 = hypergradient(&fit, &g, &ctx).expect("a hypergradient").as_slice().iter().sum();
        assert!((found - slope).abs() < 1e-4 * slope, "{lambda}: {found} {slope}");
    }
}

#[test]
fn the_experiment_of_the_paper_is_reached() {
    if shared("reference/implicit", "the_experiment_of_the_paper_is_reached").is_none() {
        return;
    }
    let ctx = Context::new();
    let (train, test, truth) = (covariance("S_train.csv"), covariance("S_test.csv"), covariance("Theta_true.csv"));
    let input = Input::covariance_matrix(&train, Some(1000)).expect("a covariance");
    let tuning =
        || Tuning::of(GraphicalLasso::new().penalize_diagonal(true)).validation(test.clone()).truth(truth.clone());
    let scalar = tuning().fit_input(&input, &ctx).expect("a fit");
    let lambda = scalar.lambda().and_then(|lambda| lambda.as_number()).expect("a number");
    let reached = |fit: &Fit| fit.added("criterion").expect("tuned").as_number().expect("a number");
    let solves = |fit: &Fit| fit.selection().and_then(|map| map.entry("solves")?.as_number()).expect("a count");
    assert!((lambda - 0.01499).abs() < 2e-5 && (reached(&scalar) - 103.4891).abs() < 1e-4, "{scalar}");
    assert!(solves(&scalar) <= 12.0, "{}", solves(&scalar));
    let matrix = tuning().matrix().limits(Limits { steps: 10, patience: 5 }).fit_input(&input, &ctx).expect("a fit");
    let history = matrix.added("history").expect("tuned").object::<Table>().expect("a table").clone();
    let last =
        |column: &str| history.column(column).expect(column).value(history.rows() - 1).as_number().expect(column);
    assert!(reached(&matrix) <= 101.2 && last("error") <= 0.145, "{history}");
    let expected = truth_covariance(&truth, &ctx);
    assert!(criterion(&matrix, &expected) <= 102.0, "{}", criterion(&matrix, &expected));
    assert!((criterion(&scalar, &expected) - 103.16).abs() < 0.01);
}

#[test]
fn the_smooth_ebic_chooses_about_as_many_edges_as_the_ebic() {
    let ctx = Context::new();
    for (n, seed) in [(100, 1), (1000, 2)] {
        let x = correlated(n, 12, 0.7, seed).standardize().expect("data");
        let grid = GraphicalLasso::new().fit(&x, &ctx).expect("a fit").n_edges().expect("edges");
        let tuning = Tuning::of(GraphicalLasso::new()).criterion(TuningCriterion::Ebic { gamma: 0.5 });
        let tuned = tuning.fit(&x, &ctx).expect("a fit").n_edges().expect("edges");
        assert!(grid.abs_diff(tuned) <= 4 + grid / 3, "{n}: {grid} {tuned}");
    }
}

fn truth_covariance(truth: &Matrix, ctx: &Context) -> Matrix {
    sinew::linalg::inverse(truth.view(), ctx).expect("an inverse").into()
}

#[test]
fn the_derivative_by_one_lambda_is_the_sum_and_weights_count() {
    let ctx = Context::new();
    let x = correlated(50, 6, 0.6, 3).standardize().expect("data");
    let weights = Matrix::from_fn(6, 6, |i, j| 1.0 + ((i + j) % 3) as f64);
    let fit = |lambda: f64| {
        GraphicalLasso::new().lambda(lambda).weights(weights.clone()).tol(1e-13).fit(&x, &ctx).expect("a fit")
    };
    let g = Matrix::from_fn(6, 6, |i, j| 1.0 / (1 + i + j) as f64);
    let (here, h) = (fit(0.05), 1e-5);
    let found = (linear(&g, &fit(0.05 + h)) - linear(&g, &fit(0.05 - h))) / (2.0 * h);
    let moved =
        solution_jacobian(&here, &lambda_direction(&here, 1.0, &ctx).expect("one lambda"), &ctx).expect("dTheta");
    let promised: f64 = g.as_slice().iter().zip(moved.as_slice()).map(|(g, moved)| g * moved).sum();
    assert!((promised - found).abs() < 1e-5 * found.abs().max(0.1), "{promised} {found}");
}

#[test]
fn data_are_split_once_and_the_same_on_any_number_of_threads() {
    let x = correlated(120, 7, 0.8, 5).standardize().expect("data");
    let base = || Tuning::of(GraphicalLasso::new()).limits(Limits { steps: 6, patience: 3 });
    let groups: Vec<String> = ["a", "a", "a", "b", "b", "b", "b"].map(String::from).to_vec();
    let tunings = [
        base(),
        base().matrix(),
        base().blocks(groups),
        base().criterion(TuningCriterion::CrossValidation { folds: 3 }).matrix(),
        base().criterion(TuningCriterion::Reconstruction),
        base().criterion(TuningCriterion::Ebic { gamma: 0.5 }),
    ];
    for (which, tuning) in tunings.into_iter().enumerate() {
        let run = |threads: usize| {
            let ctx = Context::new().with_seed(11).with_threads(threads);
            tuning.fit(&x, &ctx).unwrap_or_else(|error| panic!("{which}: {error}"))
        };
        let (one, two) = (run(1), run(2));
        assert_eq!(one.precision().expect("theta"), two.precision().expect("theta"), "{which}");
        assert!(one.converged() && one.added("criterion").is_ok(), "{which}: {one}");
        let history = one.added("history").expect("tuned").object::<Table>().expect("a table").clone();
        assert!(history.rows() > 1, "{which}");
        // Information criteria leave no samples aside.
        assert_eq!(history.column("untouched").is_ok(), which != 5, "{which}");
    }
}

mod scripts {
    use sinew::script::Session;

    const SETUP: &str = "let x = example(\"sachs\").head(200).log1p().standardize();\n\
        let s = x.tail(100).cov();\n\
        let likelihood = |theta| #{ value: (s @ theta).trace() - theta.logdet(), gradient: s - theta.inv() };\n\
        let wrong = |theta| #{ value: (s @ theta).trace() - theta.logdet(), gradient: 2 * (s - theta.inv()) };\n";

    fn run(script: &str) -> Result<serde_json::Value, String> {
        let mut session = Session::trusted();
        let value = session.eval(&format!("{SETUP}{script}")).map_err(|error| error.to_string())?;
        Ok(value.to_json())
    }

    #[test]
    fn a_function_of_the_script_is_a_criterion() {
        let both = "let a = x.head(100).graphical_lasso(#{ lambda: \"tune\", criterion: likelihood, tol: 1e-10 });\n\
            let b = GraphicalLasso(#{ tol: 1e-10 }).tune(x.head(100), #{ criterion: likelihood });\n\
            [a.lambda == b.lambda, a.options.criterion, a.history.rows > 2, a.plot(\"criterion\").to_string().len() > 0]";
        let found = run(both);
        let expected = serde_json::json!([true, "function", true, true]);
        assert!(found == Ok(expected) || !cfg!(feature = "plot"), "{found:?}");
    }

    #[test]
    fn mistakes_are_explained() {
        for (script, part) in [
            ("x.graphical_lasso(#{ lambda: \"tune\", criterion: wrong })", "apart by"),
            ("x.graphical_lasso(#{ lambda: \"tune\", criterion: |theta| 3 })", "#{ value, gradient }"),
            ("x.graphical_lasso(#{ lambda: \"tune\", criterion: |theta| { throw \"mine\" } })", "mine"),
            ("x.graphical_lasso(#{ lambda: \"tune\", penalty: \"matrix\", start: 50.0 })", "graph is empty"),
            ("x.head(5).graphical_lasso(#{ lambda: \"tune\" })", "too few to split"),
            ("x.graphical_lasso(#{ lambda: 0.1, penalty: \"matrix\" })", "goes with lambda: \"tune\""),
            ("x.graphical_lasso(#{ lambda: \"tune\", penalty: \"block\" })", "needs groups"),
            ("x.cov().graphical_lasso(#{ lambda: \"tune\", covariance: true })", "not one covariance"),
            ("x.graphical_lasso(#{ lambda: \"tune\", criterion: \"ebic\", validation: x })", "validation"),
            ("hypergradient(x.graphical_lasso(#{ lambda: 0.1 }), eye(3))", "3 x 3"),
            ("x.correlation().criterion", "has no criterion"),
            ("Genie3().tune(x)", "tune"),
            ("GraphicalLasso().tune(x, #{ lambda: 0.1 })", "it takes none"),
            ("x.graphical_lasso(#{ lambda: \"tune\", steps: 3 })", "'steps'"),
            ("x.graphical_lasso(#{ lambda: \"tune\", criterion: \"ebic\", untouched: 0.5 })", "'untouched'"),
            ("x.graphical_lasso(#{ lambda: \"tune\", validation: x, held_out: 0.5 })", "'held_out'"),
            ("x.graphical_lasso(#{ lambda: \"tune\", convention: \"huge\" })", "convention"),
        ] {
            let error = run(script).expect_err(script);
            assert!(error.contains(part), "{script}: {error}");
        }
    }
}
