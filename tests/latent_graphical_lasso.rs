//! Sparse plus low rank: optimality conditions, another program's numbers, hidden variables that are recognised, limits.

mod common;

use common::{correlated, distance};
use ndarray::Array2;
use sinew::linalg::{Cholesky, eigh};
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::latent_graphical_lasso::LatentGraphicalLasso;
use sinew::model::{Criterion, Fit, Input, JointFit};
use sinew::problem::Coupling;
use sinew::{Context, Error, ErrorKind, Matrix, Value, registry};

fn covariance_input(s: &Matrix) -> Input {
    Input::covariance_matrix(s, Some(100)).expect("a covariance")
}

fn added<'a>(fit: &'a Fit, name: &str) -> &'a Matrix {
    fit.added(name).expect(name).object().expect("a matrix")
}

fn rank(fit: &Fit) -> i64 {
    match fit.added("rank") {
        Ok(Value::Int(rank)) => *rank,
        other => panic!("{other:?}"),
    }
}

fn number(value: &Value) -> f64 {
    value.as_number().expect("a number")
}

/// How far Theta and L of a fit are from the optimality conditions, computed from nothing but them.
fn violation(s: &Matrix, fit: &Fit, lambda: impl Fn(usize, usize) -> f64, mu: f64) -> f64 {
    let (theta, low_rank) = (added(fit, "sparse_part"), added(fit, "low_rank"));
    let r = theta.view().to_owned() - low_rank.view();
    let w = Cholesky::new(r.view()).expect("positive definite").inverse();
    let mut worst = distance(&Matrix::from(r), fit.precision().expect("precision"));
    for ((i, j), &entry) in theta.view().indexed_iter() {
        let gradient = s.view()[(i, j)] - w[(i, j)];
        let own = match entry == 0.0 {
            true => (gradient.abs() - lambda(i, j)).max(0.0),
            false => (gradient + lambda(i, j) * entry.signum()).abs(),
        };
        worst = worst.max(own);
    }
    // mu I - S + W is positive semidefinite and 0 on the range of L, which is positive semidefinite.
    let slack = Array2::from_shape_fn(w.dim(), |(i, j)| w[(i, j)] - s.view()[(i, j)] + if i == j { mu } else { 0.0 });
    let ctx = Context::new();
    let least = |a: &Array2<f64>| eigh(a.view(), &ctx).expect("eigenvalues").0[0];
    let along = slack.dot(&low_rank.view()).iter().fold(0.0f64, |most, value| most.max(value.abs()));
    worst.max(-least(&slack)).max(-least(&low_rank.view().to_owned())).max(along)
}

#[test]
fn solutions_meet_the_optimality_conditions() {
    let ctx = Context::new();
    let mut ranks = Vec::new();
    for (case, (n, p, mix)) in [(200, 8, 0.8), (60, 25, 1.0), (15, 20, 0.5)].into_iter().enumerate() {
        let x = correlated(n, p, mix, case as u64).standardize().expect("data");
        let s = Matrix::from(Input::data(&x).expect("data").s(&ctx).expect("S").to_owned());
        for (lambda, mu) in [(0.1, 0.4), (0.2, 0.8), (0.3, 3.0)] {
            for diagonal in [false, true] {
                let model = LatentGraphicalLasso::new().lambda(lambda).mu(mu).penalize_diagonal(diagonal);
                let fit = model.fit(&x, &ctx).expect("a fit");
                let place = format!("n {n}, p {p}, lambda {lambda}, mu {mu}, diagonal {diagonal}: {fit}");
                assert!(fit.converged() && fit.certificate().expect("a gap").relative_gap() <= 1e-7, "{place}");
                let own = |i: usize, j: usize| if i != j || diagonal { lambda } else { 0.0 };
                assert!(violation(&s, &fit, own, mu) < 1e-5, "{place}");
                ranks.push(rank(&fit));
            }
        }
    }
    assert!(ranks.contains(&0) && ranks.iter().any(|&rank| rank > 1), "{ranks:?}");
}

const S: [[f64; 6]; 6] = [
    [1.81, -0.32, 0.79, 0.784, -0.514, 0.64],
    [-0.32, 1.64, -0.16, -0.48, 0.544, -0.534],
    [0.79, -0.16, 1.49, 0.96, -0.26, 0.554],
    [0.784, -0.48, 0.96, 1.64, -0.08, 0.72],
    [-0.514, 0.544, -0.26, -0.08, 1.36, -0.02],
    [0.64, -0.534, 0.554, 0.72, -0.02, 1.49],
];
const S2: [[f64; 6]; 6] = [
    [1.81, -0.42, 0.72, 0.747, -0.262, 0.317],
    [-0.42, 1.64, -0.26, -0.55, 0.267, -0.272],
    [0.72, -0.26, 1.49, 0.86, -0.12, 0.272],
    [0.747, -0.55, 0.86, 1.64, 0.06, 0.37],
    [-0.262, 0.267, -0.12, 0.06, 1.09, 0.195],
    [0.317, -0.272, 0.272, 0.37, 0.195, 1.122],
];

fn matrix(rows: [[f64; 6]; 6]) -> Matrix {
    Matrix::from_fn(6, 6, |i, j| rows[i][j])
}

/// GGLasso 0.3.1, `ADMM_SGL(S, 0.25, eye(6), latent=True, mu1=0.3, tol=1e-13, rtol=1e-13)`.
#[test]
fn agrees_with_gglasso() {
    let fit = LatentGraphicalLasso::new().lambda(0.25).mu(0.3).tol(1e-11);
    let fit = fit.fit_input(&covariance_input(&matrix(S)), &Context::new()).expect("a fit");
    let theta = added(&fit, "sparse_part");
    let diagonal = [0.922282, 0.761303, 1.2167, 1.216265, 0.883204, 0.986101];
    for (i, own) in diagonal.into_iter().enumerate() {
        for j in 0..6 {
            let theirs = match (i, j) {
                _ if i == j => own,
                (1, 4) | (4, 1) => -0.029839,
                _ => 0.0,
            };
            assert!((theta.view()[(i, j)] - theirs).abs() < 2e-6, "{i} {j}: {theta}");
        }
    }
    assert_eq!((rank(&fit), fit.n_edges().expect("edges")), (3, 1));
    let first = [0.157163, -0.076387, 0.179237, 0.193472, -0.071659, 0.12103];
    let low_rank = added(&fit, "low_rank");
    assert!((0..6).all(|j| (low_rank.view()[(0, j)] - first[j]).abs() < 2e-6), "{low_rank}");
    let loadings = added(&fit, "latent_loadings").view();
    assert!(distance(&Matrix::from(loadings.dot(&loadings.t())), low_rank) < 1e-12);
}

/// GGLasso 0.3.1, `ADMM_MGL` of both with lambda1 = 0.2, lambda2 = 0.1, mu1 = 0.3.
#[test]
fn agrees_with_gglasso_on_two_data_sets() {
    let inputs = [covariance_input(&matrix(S)), covariance_input(&matrix(S2))];
    let run = |coupling| {
        let model = LatentGraphicalLasso::new().lambda(0.2).mu(0.3).tol(1e-11).coupling(coupling, 0.1);
        model.fit_inputs(&inputs, &Context::new()).expect("a joint fit")
    };
    let objective = |joint: &JointFit| number(joint.added("objective").expect("an objective"));
    let group = run(Coupling::Group);
    assert!(group.converged() && (objective(&group) - 15.334165788317).abs() < 1e-8, "{}", objective(&group));
    let fused = run(Coupling::Fused);
    assert!(fused.converged(), "{fused}");
    assert!((objective(&fused) - 15.329445347895).abs() < 1e-8, "{}", objective(&fused));
    for (fit, expected) in fused.fits().iter().zip([3, 2]) {
        let theta = added(fit, "sparse_part").view();
        let own = [theta[(0, 4)], theta[(1, 4)], theta[(2, 3)]];
        let theirs = [0.009352, -0.046, -0.050013];
        assert!(own.iter().zip(theirs).all(|(own, theirs)| (own - theirs).abs() < 2e-6), "{own:?}");
        assert_eq!((fit.n_edges().expect("edges"), rank(fit)), (3, expected));
    }
    // Two data sets are a chain, whatever the order.
    assert!((objective(&run(Coupling::Chain)) - objective(&fused)).abs() < 1e-8);
    let swapped = [inputs[1].clone(), inputs[0].clone()];
    let model = LatentGraphicalLasso::new().lambda(0.2).mu(0.3).tol(1e-11).coupling(Coupling::Fused, 0.1);
    let swapped = model.fit_inputs(&swapped, &Context::new()).expect("a joint fit");
    let part = |joint: &JointFit, k: usize| added(&joint.fits()[k], "sparse_part").clone();
    assert!(distance(&part(&swapped, 0), &part(&fused, 1)) < 1e-6);
}

#[test]
fn data_sets_without_a_coupling_are_fitted_alone() {
    let ctx = Context::new();
    let inputs = [covariance_input(&matrix(S)), covariance_input(&matrix(S2))];
    let model = LatentGraphicalLasso::new().lambda(0.15).mu(0.4);
    let joint = model.clone().coupling(Coupling::Group, 0.0).fit_inputs(&inputs, &ctx).expect("a joint fit");
    for (input, fit) in inputs.iter().zip(joint.fits()) {
        let alone = model.fit_input(input, &ctx).expect("a fit");
        assert!(distance(added(&alone, "sparse_part"), added(fit, "sparse_part")) < 1e-5);
        assert!(distance(added(&alone, "low_rank"), added(fit, "low_rank")) < 1e-5);
    }
}

#[test]
fn a_large_mu_is_the_graphical_lasso() {
    let ctx = Context::new();
    let x = correlated(80, 10, 0.7, 3).standardize().expect("data");
    let plain = GraphicalLasso::new().lambda(0.2).fit(&x, &ctx).expect("a fit");
    let large = LatentGraphicalLasso::new().lambda(0.2).mu(1e3).tol(1e-9).fit(&x, &ctx).expect("a fit");
    assert_eq!(large.precision().expect("precision"), plain.precision().expect("precision"));
    assert_eq!((rank(&large), large.ebic(0.5).expect("ebic")), (0, plain.ebic(0.5).expect("ebic")));
    // Without the shortcut that knows it.
    let none = LatentGraphicalLasso::new().lambda(0.2).rank(0).fit(&x, &ctx).expect("a fit");
    assert!(rank(&none) == 0 && distance(none.precision().expect("r"), plain.precision().expect("r")) < 1e-5);
}

/// Two hidden variables, each with many of 40 measured ones, which are a chain given them.
fn hidden(n: usize) -> (Matrix, impl Fn(usize, usize) -> bool) {
    let (p, hidden) = (40, 2);
    let whole = Array2::from_shape_fn((p + hidden, p + hidden), |(i, j)| {
        let loading = |i: usize, h: usize| if h == 0 || (i / 2).is_multiple_of(2) { 0.24 } else { -0.24 };
        match (i < p, j < p) {
            (true, true) if i == j => 1.8,
            (true, true) if i.abs_diff(j) == 1 => -0.3,
            (false, false) if i == j => 2.2,
            (true, false) => loading(i, j - p),
            (false, true) => loading(j, i - p),
            _ => 0.0,
        }
    });
    let factor = Cholesky::new(whole.view()).expect("positive definite");
    // Normal numbers by the sum of twelve uniform ones of a small generator.
    let mut state = 7u64;
    let mut draw = || {
        let uniform = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*state >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(|_| uniform(&mut state)).sum::<f64>() - 6.0
    };
    let mut z = Array2::from_shape_fn((n, p + hidden), |_| draw());
    factor.whiten_inverse_rows(&mut z, &Context::new()).expect("samples");
    let x = Matrix::from_fn(n, p, |i, j| z[(i, j)]).standardize().expect("data");
    (x, |i: usize, j: usize| i.abs_diff(j) == 1)
}

/// The best F1 over penalties.
fn best_f1(fits: &[Fit], is_edge: impl Fn(usize, usize) -> bool) -> f64 {
    let one = |fit: &Fit| {
        let graph = fit.graph(0.0).expect("a graph");
        let hits = graph.edges().iter().filter(|edge| is_edge(edge.source, edge.target)).count();
        2.0 * hits as f64 / (graph.n_edges() + 39) as f64
    };
    fits.iter().map(one).fold(0.0, f64::max)
}

#[test]
fn hidden_variables_do_not_become_edges() {
    let ctx = Context::new();
    let (x, is_edge) = hidden(500);
    let lambdas = [0.05, 0.08, 0.12, 0.18, 0.25];
    let fits = |fit: &dyn Fn(f64) -> Fit| -> Vec<Fit> { lambdas.iter().map(|&lambda| fit(lambda)).collect() };
    let plain = fits(&|lambda| GraphicalLasso::new().lambda(lambda).fit(&x, &ctx).expect("a fit"));
    let latent = |lambda: f64| LatentGraphicalLasso::new().lambda(lambda).tol(1e-7);
    let with_hidden = fits(&|lambda| latent(lambda).mu(0.7).fit(&x, &ctx).expect("a fit"));
    let (plain, with_hidden) = (best_f1(&plain, &is_edge), best_f1(&with_hidden, &is_edge));
    assert!(with_hidden > plain + 0.08, "{with_hidden} against {plain}");
    for wanted in [1, 2] {
        let fit = latent(0.12).rank(wanted).fit(&x, &ctx).expect("a fit");
        assert_eq!(rank(&fit), wanted as i64);
    }
}

#[test]
fn rules_choose_on_a_grid_of_both_penalties() {
    let x = correlated(80, 8, 0.8, 5).standardize().expect("data");
    for rule in ["ebic", "bic", "aic", "cv"] {
        let run = |threads| {
            let options: [(&str, Value); 3] =
                [("lambda", rule.into()), ("n_lambdas", Value::Int(4)), ("n_mus", Value::Int(3))];
            let options: Vec<(String, Value)> = options.map(|(name, value)| (name.to_string(), value)).to_vec();
            let record = registry::methods().find(|record| record.verb == "latent_graphical_lasso").expect("a method");
            let ctx = Context::new().with_threads(threads).with_seed(1);
            record.call(&[x.clone().into()], &options, &ctx).expect(rule).object::<Fit>().expect("a fit").clone()
        };
        let fit = run(1);
        let criteria: &sinew::Table = fit.added("criteria").expect("criteria").object().expect("a table");
        assert_eq!((criteria.rows(), criteria.cols()), (12, 5), "{rule}");
        let values = criteria.matrix().expect("numbers");
        let best = (0..12).min_by(|&a, &b| values.view()[(a, 4)].total_cmp(&values.view()[(b, 4)])).expect("rows");
        let chosen = (number(fit.lambda().expect("lambda")), number(fit.added("mu").expect("mu")));
        assert_eq!(chosen, (values.view()[(best, 0)], values.view()[(best, 1)]), "{rule}");
        if rule == "ebic" {
            let own = fit.ebic(0.5).expect("ebic");
            assert!((own - values.view()[(best, 4)]).abs() < 1e-2 * own.abs(), "{own} {criteria}");
        }
        assert_eq!(run(4).precision().expect("r"), fit.precision().expect("r"), "{rule}");
    }
}

#[test]
fn scale_and_order_do_not_matter() {
    let ctx = Context::new();
    let s = matrix(S);
    let model = LatentGraphicalLasso::new().lambda(0.2).mu(0.5).tol(1e-11);
    let fit = model.fit_input(&covariance_input(&s), &ctx).expect("a fit");
    let large = LatentGraphicalLasso::new().lambda(200.0).mu(500.0).tol(1e-11);
    let large = large.fit_input(&covariance_input(&s.map(|value| 1000.0 * value)), &ctx).expect("a fit");
    let back = large.precision().expect("precision").map(|value| 1000.0 * value);
    assert!(distance(&back, fit.precision().expect("precision")) < 1e-5);
    let order = [4, 0, 5, 2, 1, 3];
    let turned = model.fit_input(&covariance_input(&s.pick(&order, &order)), &ctx).expect("a fit");
    assert!(distance(added(&turned, "sparse_part"), &added(&fit, "sparse_part").pick(&order, &order)) < 1e-6);
    assert!(distance(added(&turned, "low_rank"), &added(&fit, "low_rank").pick(&order, &order)) < 1e-6);
}

#[test]
fn a_fit_comes_back_from_its_file() {
    let x = correlated(60, 5, 0.8, 2).standardize().expect("data");
    let fit = LatentGraphicalLasso::new().lambda(0.2).mu(0.3).fit(&x, &Context::new()).expect("a fit");
    let back = Fit::from_saved_json(&fit.to_saved_json()).expect("a fit");
    assert_eq!(back.precision().expect("r"), fit.precision().expect("r"));
    assert_eq!(back.graph(0.0).expect("graph").edges(), fit.graph(0.0).expect("graph").edges());
    assert_eq!(back.ebic(0.5).expect("ebic"), fit.ebic(0.5).expect("ebic"));
}

#[test]
fn bad_input_is_told() {
    let ctx = Context::new();
    let x = correlated(50, 5, 0.7, 1).standardize().expect("data");
    let error = |model: LatentGraphicalLasso| -> Error { model.fit(&x, &ctx).map(|_| ()).unwrap_err() };
    let model = || LatentGraphicalLasso::new().lambda(0.2);
    for (wrong, part) in [
        (model().mu(-1.0), "mu must be"),
        (model().mu(0.0), "mu must be"),
        (model().mu(f64::NAN), "mu must be"),
        (model().rank(5), "rank must be less than"),
        (model().lambda(-0.1).mu(1.0), "lambda must be"),
        (model().lambda(Criterion::Ebic { gamma: 2.0 }), "out of range"),
        (model().mu(1.0).weights(Matrix::from_fn(4, 4, |_, _| 1.0)), "there are 5 variables"),
    ] {
        let error = error(wrong);
        assert!(error.message().contains(part), "{part}: {error}");
    }
    let apart = Input::covariance_matrix(&Matrix::from_fn(5, 5, |i, j| f64::from(u8::from(i == j))), Some(50));
    let apart = model().rank(1).fit_input(&apart.expect("a covariance"), &ctx).map(|_| ()).unwrap_err();
    assert!(apart.kind() == ErrorKind::Option && apart.message().contains("no mu gives"), "{apart}");
    let inputs = [Input::data(&x).expect("data"), Input::data(&x.head(30)).expect("data")];
    let joint = model().rank(1).fit_inputs(&inputs, &ctx).map(|_| ()).unwrap_err();
    assert!(joint.kind() == ErrorKind::Option && joint.message().contains("'rank'"), "{joint}");
    let four = correlated(50, 4, 0.7, 1).standardize().expect("data");
    let others = [inputs[0].clone(), Input::data(&four).expect("data")];
    assert!(model().mu(1.0).fit_inputs(&others, &ctx).is_err());
    let unknown = Input::covariance_matrix(&matrix(S), None).expect("a covariance");
    let unknown = LatentGraphicalLasso::new().fit_input(&unknown, &ctx).map(|_| ()).unwrap_err();
    assert!(unknown.message().contains("number of samples"), "{unknown}");
}
