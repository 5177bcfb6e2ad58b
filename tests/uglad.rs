//! uGLAD and GLAD as their users meet them: modes, wrong use, files, and what they are worth.

mod common;

use sinew::methods::correlation::Correlation;
use sinew::methods::shrunk_partial_correlation::ShrunkPartialCorrelation;
use sinew::methods::uglad::{Mode, Uglad};
use sinew::model::{Fit, JointFit};
use sinew::script::Session;
use sinew::{Context, ErrorKind, Graph, Matrix, Value};

fn session() -> Session {
    Session::trusted()
}

/// A simulated data set in the variable `x`, with its truth in `theta` and `g`.
const DATA: &str = "let g = random_graph(\"erdos_renyi\", #{ nodes: 8, density: 0.3, seed: 4 });\n\
                    let theta = g.precision(#{ rule: \"uglad\", seed: 4 });\n\
                    let x = sample_gaussian(theta, 40, #{ seed: 4 });\n";

fn fit(code: &str) -> Fit {
    let value = session().eval(&format!("{DATA}{code}")).unwrap_or_else(|error| panic!("{code}: {error}"));
    value.object::<Fit>().expect("a fit").clone()
}

fn failure(code: &str) -> sinew::Error {
    *session().eval(&format!("{DATA}{code}")).expect_err(code).error
}

fn matrix(fit: &Fit, name: &str) -> Matrix {
    fit.added(name).unwrap().object::<Matrix>().unwrap().clone()
}

fn is_finite_and_symmetric(m: &Matrix) -> bool {
    m.view().indexed_iter().all(|((i, j), value)| value.is_finite() && *value == m.view()[(j, i)])
}

#[test]
fn every_mode_gives_a_positive_definite_theta_and_repeats_itself() {
    for options in [
        "epochs: 6",
        "epochs: 6, ensemble: 2",
        "epochs: 6, dtype: \"float32\"",
        "epochs: 6, hidden: 5, steps: 4, start: \"diagonal\", threshold_diagonal: true",
        "mode: \"cv\", epochs: 4, folds: 3",
        "mode: \"missing\", epochs: 4",
        "mode: \"missing\", strategy: \"mean\", epochs: 4",
        "mode: \"missing\", strategy: \"consensus\", epochs: 4",
    ] {
        let code = |threads: usize| {
            let gaps = if options.contains("missing") { "x = x.drop_values(#{ rate: 0.2, seed: 1 }); " } else { "" };
            format!("{gaps}x.uglad(#{{ {options}, seed: 7, threads: {threads} }})")
        };
        let (one, two) = (fit(&code(1)), fit(&code(2)));
        for name in ["theta", "z"] {
            assert_eq!(matrix(&one, name), matrix(&two, name), "{options}");
            assert!(is_finite_and_symmetric(&matrix(&one, name)), "{options}");
        }
        let theta = one.precision().unwrap();
        assert!(sinew::linalg::Cholesky::new(theta.view()).is_some(), "{options}");
        assert!(one.loglik().unwrap().is_finite());
        let losses = matrix(&one, "loss_history");
        assert!(losses.as_slice().iter().all(|loss| loss.is_finite()), "{options}");
        if options.starts_with("epochs: 6") && !options.contains("hidden") {
            assert!(losses.view()[(5, 0)] < losses.view()[(0, 0)], "{options}: learning lowers the loss");
        }
    }
}

#[test]
fn the_published_program_gives_z_from_scaled_columns() {
    for options in
        ["epochs: 5", "epochs: 5, scaling: \"none\"", "mode: \"cv\", epochs: 3", "mode: \"missing\", epochs: 3"]
    {
        let gaps = if options.contains("missing") { "x = x.drop_values(#{ rate: 0.2, seed: 1 }); " } else { "" };
        let fit = fit(&format!("{gaps}x.uglad(#{{ variant: \"authors\", {options}, seed: 7 }})"));
        let (theta, z) = (matrix(&fit, "theta"), matrix(&fit, "z"));
        assert!(is_finite_and_symmetric(&theta) && is_finite_and_symmetric(&z), "{options}");
        if let Ok(precision) = fit.precision() {
            assert!(common::distance(precision, &z) < 1e-12, "{options}");
        }
    }
    // The same numbers as by hand: columns from 0 to 1, covariance over n, lifted where it is singular.
    let x = Matrix::from_fn(6, 3, |i, j| ((i * (j + 2) + i * i) % 7) as f64);
    let scaled = from_0_to_1(&x);
    let direct = |x: &Matrix, scaling: &str| {
        let mut session = session();
        session.set("x", x.clone());
        let value = session
            .eval(&format!("x.uglad(#{{ variant: \"authors\", scaling: \"{scaling}\", epochs: 2, seed: 1 }})"))
            .unwrap();
        matrix(value.object::<Fit>().unwrap(), "theta")
    };
    assert!(common::distance(&direct(&x, "minmax"), &direct(&scaled, "none")) < 1e-10);
}

fn from_0_to_1(x: &Matrix) -> Matrix {
    let bound = |j: usize, pick: fn(f64, f64) -> f64| (0..x.rows()).map(|i| x.view()[(i, j)]).reduce(pick).unwrap();
    let bounds: Vec<(f64, f64)> = (0..x.cols()).map(|j| (bound(j, f64::min), bound(j, f64::max))).collect();
    Matrix::from_fn(x.rows(), x.cols(), |i, j| (x.view()[(i, j)] - bounds[j].0) / (bounds[j].1 - bounds[j].0))
}

#[test]
fn results_follow_the_units_of_the_data() {
    let plain = fit("x.uglad(#{ epochs: 4, variance_shrinkage: 0, seed: 1 })");
    let scaled = fit(
        "let s = vector([1, 10, 0.1, 5, 1, 100, 2, 0.01]); let y = x * s; y.uglad(#{ epochs: 4, variance_shrinkage: 0, seed: 1 })",
    );
    let units = [1.0, 10.0, 0.1, 5.0, 1.0, 100.0, 2.0, 0.01];
    let (a, b) = (plain.precision().unwrap(), scaled.precision().unwrap());
    for ((i, j), value) in a.view().indexed_iter() {
        assert!((b.view()[(i, j)] * units[i] * units[j] - value).abs() < 1e-9 * value.abs().max(1.0));
    }
}

#[test]
fn several_data_sets_share_a_model() {
    let sets = "let y = sample_gaussian(theta, 30, #{ seed: 5 }); ";
    for options in ["", ", split: 0.3", ", ensemble: 2", ", variant: \"authors\""] {
        let code = format!("{DATA}{sets}uglad([x, y], #{{ mode: \"multitask\", epochs: 4, seed: 2{options} }})");
        let value = session().eval(&code).unwrap_or_else(|error| panic!("{code}: {error}"));
        let joint = value.object::<JointFit>().unwrap();
        assert_eq!(joint.fits().iter().map(Fit::n).collect::<Vec<_>>(), [Some(40), Some(30)]);
        assert!(joint.fits().iter().all(|fit| is_finite_and_symmetric(&matrix(fit, "theta"))));
        let [a, b] = [0, 1].map(|set| joint.fits()[set].added("lambda_history").unwrap().to_json());
        assert_eq!(a, b, "one lambda for all");
    }
}

#[test]
fn wrong_use_is_told() {
    for (code, part) in [
        ("x.head(1).uglad()", "one sample"),
        ("x.uglad(#{ mode: \"multitask\" })", "list of data sets"),
        ("uglad([x, x])", "mode \"multitask\""),
        ("uglad([x, x.head(1)], #{ mode: \"multitask\" })", "data set 1"),
        ("x.uglad(#{ strategy: \"em\" })", "'strategy'"),
        ("x.uglad(#{ folds: 3 })", "'folds'"),
        ("x.uglad(#{ split: 0.2 })", "'split'"),
        ("x.uglad(#{ scaling: \"minmax\" })", "variant: \"authors\""),
        ("x.uglad(#{ variant: \"authors\", shrinkage: 0.5 })", "'shrinkage'"),
        ("x.uglad(#{ hidden: 100 })", "1 to 32"),
        ("x.uglad(#{ epochs: 0 })", "epochs"),
        ("x.uglad(#{ device: \"cuda:0\" })", "cuda"),
        ("x.graphical_lasso(#{ lambda: 0.1, device: \"tpu\" })", "tpu"),
        ("x[[3, 2]] = nan(); x.uglad()", "NaN"),
        ("(x * 0.0).uglad()", "constant"),
        (
            "x.uglad(#{ shrinkage: 0.0, variance_shrinkage: 0.0, epochs: 2 }); x.head(5).uglad(#{ shrinkage: 0.0, variance_shrinkage: 0.0 })",
            "singular",
        ),
        ("x.glad(#{ steps: 3 })", "has to be trained"),
        ("x.glad(#{ regulators: [99] })", "out of range"),
        ("x.glad(#{ start: \"diagonal\" })", "has to be trained"),
        ("x.uglad(#{ mode: \"cv\", folds: 100 })", "folds"),
        ("uglad([x, x], #{ mode: \"multitask\", variant: \"authors\", split: 0.3 })", "'split'"),
        ("x.uglad(#{ mode: \"cv\", variant: \"authors\", ensemble: 2 })", "'ensemble'"),
        ("Glad().train([])", "at least one pair"),
        ("Glad(#{ epochs: 3 }).train([#{ x: x, truth: theta }])", "training"),
        ("Glad().train([#{ x: x, truth: theta }], #{ beta: 3.0, epochs: 1 })", "'beta'"),
        ("Glad().train([#{ x: x, truth: x }])", "square"),
        ("Correlation().train([#{ x: x, truth: theta }])", "train"),
    ] {
        let error = failure(code);
        assert!(error.to_string().contains(part), "{code}: {error}");
        assert!(error.kind() != ErrorKind::Internal, "{code}: {error}");
    }
}

#[test]
fn hard_data_give_warnings_and_never_nan() {
    let finite = |code: &str| {
        let fit = fit(code);
        assert!(
            is_finite_and_symmetric(&matrix(&fit, "theta")) && is_finite_and_symmetric(&matrix(&fit, "z")),
            "{code}"
        );
        (fit.warnings().join("; "), fit)
    };
    let (warnings, fit) = finite("for i in 0..40 { x[[i, 2]] = 3.0; } x.uglad(#{ epochs: 3, seed: 1 })");
    assert!(warnings.contains("constant") && fit.p() == 8 && fit.precision().is_err(), "{warnings}");
    let (warnings, fit) =
        finite("x.col(0); for i in 0..40 { x[[i, 1]] = x[[i, 0]]; } x.uglad(#{ epochs: 3, seed: 1 })");
    assert!(warnings.contains("equal") && fit.precision().is_ok(), "{warnings}");
    let (warnings, fit) =
        finite("for i in 0..40 { x[[i, 1]] = x[[i, 0]]; } x.uglad(#{ variant: \"authors\", epochs: 3, seed: 1 })");
    assert!(warnings.contains("leaves") && fit.p() == 8, "{warnings}");
    let (warnings, _) = finite("x.uglad(#{ epochs: 40, learning_rate: 1e6, seed: 1 })");
    assert!(warnings.is_empty() || warnings.contains("learning_rate"), "{warnings}");
    finite("x.head(3).uglad(#{ epochs: 3, seed: 1 })");
    finite("(x * 1e8).uglad(#{ epochs: 3, seed: 1 })");
    finite("(x * 1e-8).uglad(#{ epochs: 3, seed: 1 })");
    let empty = failure("for i in 0..40 { x[[i, 2]] = nan(); } x.uglad(#{ mode: \"missing\", epochs: 2 })");
    assert!(empty.to_string().contains("no value"), "{empty}");
}

#[test]
fn a_trained_model_is_saved_and_fits_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, checkpoint) = (folder.path().join("glad.json"), folder.path().join("best.json"));
    let code = format!(
        "let pairs = (0..5).map(|k| #{{ x: sample_gaussian(theta, 50, #{{ seed: k }}), truth: if k % 2 == 0 {{ theta }} else {{ g }} }});\n\
         let model = Glad(#{{ steps: 4 }}).train(pairs, #{{ epochs: 4, ensemble: 2, seed: 3, checkpoint: \"{c}\" }});\n\
         model.save(\"{p}\"); let again = load(\"{p}\"); let best = load(\"{c}\");\n\
         [model, again, best].map(|m| m.fit(x, #{{ seed: 1 }}).theta)",
        p = path.display(),
        c = checkpoint.display()
    );
    let value = session().eval(&format!("{DATA}{code}")).unwrap_or_else(|error| panic!("{error}"));
    let Value::List(thetas) = value else { panic!("a list") };
    let thetas: Vec<&Matrix> = thetas.iter().map(|theta| theta.object::<Matrix>().unwrap()).collect();
    assert!(is_finite_and_symmetric(thetas[0]));
    assert_eq!((thetas[0], thetas[0]), (thetas[1], thetas[2]));
    let text = std::fs::read_to_string(&path).unwrap().replace("\"format_version\": 1", "\"format_version\": 9");
    std::fs::write(&path, text).unwrap();
    assert!(failure(&format!("load(\"{}\")", path.display())).to_string().contains("format 9"));
}

#[test]
fn training_that_diverges_keeps_what_it_had_and_says_so() {
    let code = "let pairs = (0..6).map(|k| #{ x: sample_gaussian(theta, 50, #{ seed: k }), truth: theta.inv().inv() });\n\
                let m = Glad(#{ steps: 4 }).train(pairs, #{ epochs: 30, learning_rate: 1e5, seed: 3 });\n\
                [m.warnings.len(), m.fit(x).theta.abs().max()]";
    match session().eval(&format!("{DATA}{code}")) {
        Ok(Value::List(parts)) => assert!(parts[1].as_number().is_some_and(f64::is_finite)),
        Ok(other) => panic!("{other:?}"),
        Err(error) => assert!(error.error.message().contains("finite loss"), "{error}"),
    }
    // What was learned in the only epoch is kept, not what it began with.
    let code = "let pairs = (0..6).map(|k| #{ x: sample_gaussian(theta, 50, #{ seed: k }), truth: theta });\n\
                let one = Glad(#{ steps: 4 }).train(pairs, #{ epochs: 1, validation: 0, seed: 3 });\n\
                let two = Glad(#{ steps: 4 }).train(pairs, #{ epochs: 1, validation: 0, seed: 3, learning_rate: 0.01 });\n\
                one.parameters.offset != two.parameters.offset";
    assert!(session().eval_as::<bool>(&format!("{DATA}{code}")).unwrap());
}

#[test]
fn regulators_mask_every_other_pair() {
    let fit = fit("x.glad(#{ regulators: [0, 3] })");
    let graph: Graph = fit.graph(0.0).unwrap();
    assert!(graph.n_edges() > 5 && fit.precision().is_err());
    assert!(graph.edges().iter().all(|edge| [0, 3].contains(&edge.source) || [0, 3].contains(&edge.target)));
}

/// The mean average precision of methods over graphs of table 1 of the paper, with 25 samples.
#[test]
fn the_default_ranks_edges_better_than_correlations() {
    let code = "let gains = par_map(0..40, |k| {\n\
                let g = random_graph(\"erdos_renyi\", #{ nodes: 25, probability: 0.1, seed: 300 + k });\n\
                let x = sample_gaussian(g.precision(#{ rule: \"uglad\", seed: k }), 25, #{ seed: k });\n\
                score(g, x.uglad(#{ epochs: 3, seed: k })).aupr - score(g, x.correlation()).aupr\n\
                });\n\
                vector(gains).mean()";
    let gain = session().eval_as::<f64>(code).unwrap();
    assert!(gain > 0.004, "{gain}");
}

#[test]
fn the_rust_interface_reads_as_the_script() {
    let x = common::correlated(30, 5, 0.6, 3);
    let ctx = Context::new().with_seed(2);
    let fit = Uglad::new().mode(Mode::CrossValidation).epochs(3).ensemble(2).fit(&x, &ctx).unwrap();
    assert_eq!(fit.added("epoch").unwrap().to_json().as_u64().map(|epoch| epoch < 3), Some(true));
    assert!(Correlation::new().fit(&x, &ctx).is_ok() && ShrunkPartialCorrelation::new().fit(&x, &ctx).is_ok());
}
