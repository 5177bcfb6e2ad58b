//! Rules that choose a penalty, and resamples: against definitions and reference numbers.

mod common;

use common::{correlated, has_reference, reference};
use sinew::data::correlation::Correlation;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::model::{Convention, Criterion, Input, Missing, Path, SecondMoment};
use sinew::select::{Resampling, Rule, edge_stability};
use sinew::{Context, Matrix, Value, Vector};

fn values(fit: &sinew::model::Fit) -> Vec<f64> {
    let selection = fit.selection().expect("a selection");
    selection.entry("values").and_then(Value::object::<Vector>).expect("values").as_slice().to_vec()
}

#[test]
fn cross_validation_is_the_mean_loss_of_folds_and_does_not_depend_on_threads() {
    let x = correlated(60, 5, 0.8, 3).standardize().unwrap();
    let ctx = Context::new().with_seed(11);
    let path = GraphicalLassoPath::default().grid(8, 0.05).fit(&x, &ctx).unwrap();
    let rule = Rule::CrossValidation { folds: 4, one_se: false };
    let fit = path.select(rule, &ctx).unwrap();
    for threads in [1, 3] {
        assert_eq!(values(&path.select(rule, &ctx.clone().with_threads(threads)).unwrap()), values(&fit));
    }
    // The same folds by hand, from fits of the method itself.
    let order = sinew::rng::permutation(&mut sinew::rng::stream(11, "cross_validation", 0), 60);
    let point = &path.points()[5];
    let mut total = 0.0;
    for fold in 0..4 {
        let out = &order[fold * 15..(fold + 1) * 15];
        let rest: Vec<usize> = (0..60).filter(|row| !out.contains(row)).collect();
        let train = x.pick(&rest, &[0, 1, 2, 3, 4]);
        let theta = GraphicalLasso::new().lambda(point.lambda).fit(&train, &ctx).unwrap();
        let means = train.column_means();
        let theta = theta.precision().unwrap().clone();
        for &row in out {
            let z: Vec<f64> = (0..5).map(|j| x.row_slice(row)[j] - means[j]).collect();
            for i in 0..5 {
                for j in 0..5 {
                    total += z[i] * theta.view()[(i, j)] * z[j] / 60.0;
                }
            }
        }
        total -= sinew::linalg::sign_logdet(theta.view(), &ctx).unwrap().1 / 4.0;
    }
    assert!((values(&fit)[5] - total).abs() < 1e-6, "{} {total}", values(&fit)[5]);
    let best = values(&fit).iter().copied().fold(f64::INFINITY, f64::min);
    let chosen = fit.lambda().and_then(Value::as_number).unwrap();
    let position = path.points().iter().position(|point| point.lambda == chosen).unwrap();
    assert_eq!(values(&fit)[position], best);
    let one_se = path.select(Rule::CrossValidation { folds: 4, one_se: true }, &ctx).unwrap();
    assert!(one_se.lambda().and_then(Value::as_number).unwrap() >= chosen);
}

#[test]
fn stars_is_stable_below_its_threshold_and_not_beyond() {
    let x = correlated(120, 12, 0.9, 5).standardize().unwrap();
    let ctx = Context::new().with_seed(2);
    let path = GraphicalLassoPath::default().grid(15, 0.05).fit(&x, &ctx).unwrap();
    let fit = path.select(Rule::Stars { subsamples: 20, ratio: None, threshold: 0.1 }, &ctx).unwrap();
    let chosen = fit.lambda().and_then(Value::as_number).unwrap();
    let position = path.points().iter().position(|point| point.lambda == chosen).unwrap();
    assert!(values(&fit)[..=position].iter().all(|&value| value <= 0.1));
    assert!(values(&fit)[position + 1] > 0.1, "{:?}", values(&fit));
}

#[test]
fn rules_need_data_and_say_so() {
    let x = correlated(40, 4, 0.5, 1);
    let ctx = Context::new();
    let s = x.center().transpose();
    let s = Matrix::from(s.view().dot(&s.view().t()) / 40.0);
    let input = Input::covariance_matrix(&s, Some(40)).unwrap();
    let path = GraphicalLassoPath::default().fit_input(input, &ctx).unwrap();
    for rule in [Rule::CrossValidation { folds: 5, one_se: false }, Rule::Ric { rotations: 20 }] {
        assert!(path.select(rule, &ctx).unwrap_err().message().contains("needs the data"));
    }
    assert!(path.select(Criterion::Bic, &ctx).is_ok());
    assert!(path.select(Rule::Stars { subsamples: 1, ratio: None, threshold: 0.1 }, &ctx).is_err());
}

#[test]
fn ric_has_the_penalty_of_huge_on_average() {
    if !has_reference("ric_has_the_penalty_of_huge_on_average") {
        return;
    }
    // huge's RIC on the standardised data of hub_0: about 0.319 (a random quantity).
    let x = reference("graphs/hub_0_X.csv").standardize().unwrap();
    let lambda = |seed: u64| {
        let ctx = Context::new().with_seed(seed);
        let fit = GraphicalLasso::new().lambda(Rule::Ric { rotations: 20 }).fit(&x, &ctx).unwrap();
        fit.lambda().and_then(Value::as_number).unwrap()
    };
    let mean = (0..10).map(lambda).sum::<f64>() / 10.0;
    assert!((mean - 0.319).abs() < 0.02, "{mean}");
}

#[test]
fn strong_edges_are_in_every_resample_and_intervals_cover_them() {
    let x = correlated(300, 4, 1.5, 8).standardize().unwrap();
    let model = GraphicalLasso::new().lambda(0.05);
    let ctx = Context::new().with_seed(4);
    let fit = |x: &Matrix, ctx: &Context| model.fit(x, ctx)?.graph(0.0);
    let bootstrap = Resampling { resamples: 50, fraction: 1.0, replace: true, level: 0.9 };
    let stability = edge_stability(&x, bootstrap, fit, &ctx).unwrap();
    let table = &stability.table;
    let number = |name: &str, row: usize| table.column(name).unwrap().value(row).as_number().unwrap();
    assert_eq!(number("frequency", 0), 1.0);
    assert!(number("lower", 0) < number("weight", 0) && number("weight", 0) < number("upper", 0));
    let again = edge_stability(&x, bootstrap, fit, &ctx.clone().with_threads(1)).unwrap();
    assert_eq!(again, stability, "the number of threads does not matter");
}

fn huge() -> GraphicalLasso {
    GraphicalLasso::new().convention(Convention::Huge)
}

/// huge's lambda, sparsity, df, loglik and EBIC along its path.
fn path_of_huge(topology: &str) -> Matrix {
    let path = format!("{}/../shared/reference/graphs/{topology}_0_huge_glasso_path.csv", env!("CARGO_MANIFEST_DIR"));
    sinew::data::read_csv(&path, &Default::default(), &Context::new()).unwrap().matrix().unwrap()
}

fn edges_of(path: &Path) -> Vec<f64> {
    path.points().iter().map(|point| point.n_edges() as f64).collect()
}

#[test]
fn the_path_of_huge_is_found_by_name() {
    if !has_reference("the_path_of_huge_is_found_by_name") {
        return;
    }
    let ctx = Context::new();
    for topology in ["hub", "band"] {
        let x = reference(&format!("graphs/{topology}_0_X.csv"));
        let path = GraphicalLassoPath::of(huge()).fit(&x, &ctx).unwrap();
        let (edges, logliks) = (edges_of(&path), path.logliks().unwrap());
        let ebic = path.criterion(Criterion::Ebic { gamma: 0.5 }).unwrap();
        let theirs = path_of_huge(topology);
        assert_eq!(path.points().len(), theirs.rows());
        for (i, point) in path.points().iter().enumerate() {
            let &[lambda, _, df, loglik, score] = theirs.row_slice(i) else { panic!("five columns") };
            assert!((point.lambda - lambda).abs() < 1e-12 * lambda, "{topology} {i}: {} {lambda}", point.lambda);
            // huge stops when coefficients change by 1e-4 of their size: an edge at the border may be gone or there.
            assert!((edges[i] - df).abs() <= 1.0 + 0.01 * df, "{topology} {i}: {} edges, {df}", edges[i]);
            assert!((logliks[i] - loglik).abs() < 5e-4, "{topology} {i}: {} {loglik}", logliks[i]);
            let cost = (edges[i] - df) * 3.0 * 100f64.ln();
            assert!((ebic[i] - cost - score).abs() < 0.06, "{topology} {i}: {} {score}", ebic[i]);
        }
        let best = path.select(Criterion::Ebic { gamma: 0.5 }, &ctx).unwrap();
        let found = reference(&format!("graphs/ref_{topology}_0_glasso_ebic.csv"));
        assert_eq!(best.graph(0.0).unwrap().n_edges() as f64, found.as_slice().iter().sum::<f64>() / 2.0);
        assert_eq!((best.loglik().unwrap(), best.ebic(0.5).unwrap()), (logliks[0], ebic[0]));
        // One fit agrees with its place on the path, whatever the units of the data.
        let scaled = Matrix::from_fn(x.rows(), x.cols(), |i, j| x.view()[(i, j)] * (1.0 + j as f64));
        let fit = huge().lambda(path.points()[3].lambda).fit(&scaled, &ctx).unwrap();
        assert!((fit.loglik().unwrap() - logliks[3]).abs() < 1e-6, "{fit}");
    }
}

#[test]
fn stars_chooses_what_huge_chooses() {
    if !has_reference("stars_chooses_what_huge_chooses") {
        return;
    }
    let ctx = Context::new().with_seed(1);
    let x = reference("graphs/hub_0_X.csv");
    let path = GraphicalLassoPath::of(huge().tol(1e-5)).fit(&x, &ctx).unwrap();
    let fit = path.select(Rule::Stars { subsamples: 20, ratio: None, threshold: 0.1 }, &ctx).unwrap();
    assert_eq!(fit.lambda().and_then(Value::as_number), Some(path.points()[3].lambda));
    // Of four runs of huge: 0.083 to 0.087 and 0.174 to 0.179.
    let values = values(&fit);
    assert!((values[3] - 0.085).abs() < 0.01 && (values[4] - 0.176).abs() < 0.015, "{values:?}");
    let theirs = reference("graphs/ref_hub_0_glasso_stars.csv").as_slice().iter().sum::<f64>() / 2.0;
    let ours = fit.graph(0.0).unwrap().n_edges() as f64;
    assert!((ours - theirs).abs() <= 1.0 + 0.01 * theirs, "{ours} {theirs}");
}

#[test]
fn the_convention_holds_for_every_rule_and_covariances() {
    let x = correlated(60, 6, 0.9, 7);
    let x = Matrix::from_fn(60, 6, |i, j| x.view()[(i, j)] * 10f64.powi(j as i32));
    let ctx = Context::new().with_seed(5);
    let scaled = x.standardize().unwrap();
    let lambda = |x: &Matrix, rule: Rule| {
        let fit = huge().lambda(rule).fit(x, &ctx).unwrap();
        fit.lambda().and_then(Value::as_number).unwrap()
    };
    let rules = [
        Rule::Criterion(Criterion::Bic),
        Rule::CrossValidation { folds: 5, one_se: false },
        Rule::Stars { subsamples: 10, ratio: None, threshold: 0.1 },
        Rule::Ric { rotations: 10 },
    ];
    for rule in rules {
        let (raw, standardized) = (lambda(&x, rule), lambda(&scaled, rule));
        assert!((raw - standardized).abs() < 1e-9, "{rule:?}: {raw} {standardized}");
    }
    let s = Matrix::from(sinew::data::covariance::covariance(&x, &ctx).unwrap());
    let input = Input::covariance_matrix(&s, Some(60)).unwrap();
    let of_s = GraphicalLassoPath::of(huge()).fit_input(input, &ctx).unwrap();
    let of_x = GraphicalLassoPath::of(huge()).fit(&x, &ctx).unwrap();
    assert_eq!(edges_of(&of_s), edges_of(&of_x));
    let error = huge().penalize_diagonal(false).lambda(0.1).fit(&x, &ctx).unwrap_err();
    assert!(error.message().contains("penalises the diagonal"), "{error}");
}

#[test]
fn ric_keeps_every_rotation() {
    let x = correlated(40, 5, 0.5, 3);
    let ctx = Context::new().with_seed(2);
    let fit = GraphicalLasso::new().lambda(Rule::Ric { rotations: 7 }).fit(&x, &ctx).unwrap();
    let maxima = fit.selection().and_then(|s| s.entry("maxima")).and_then(Value::object::<Vector>).unwrap();
    let smallest = maxima.as_slice().iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!((maxima.as_slice().len(), fit.lambda().and_then(Value::as_number)), (7, Some(smallest)));
}

#[test]
fn resamples_with_a_constant_column_are_left_out_and_named() {
    let mut x = correlated(40, 5, 0.8, 9);
    x.fill(&(0..40).collect::<Vec<_>>(), &[4], 0.0);
    x.fill(&[17], &[4], 1.0);
    let ctx = Context::new().with_seed(3);
    let path = GraphicalLassoPath::default().grid(6, 0.1).fit(&x, &ctx).unwrap();
    let warnings = |rule: Rule| path.select(rule, &ctx).unwrap().warnings().join("\n");
    let folds = warnings(Rule::CrossValidation { folds: 5, one_se: true });
    assert!(folds.contains("left out 1 of 5 folds of cross-validation") && folds.contains("column 4"), "{folds}");
    let subsamples = warnings(Rule::Stars { subsamples: 20, ratio: None, threshold: 0.1 });
    assert!(subsamples.contains("of 20 subsamples of \"stars\""), "{subsamples}");
    let model = GraphicalLasso::new().lambda(0.05);
    let stability = |resamples: usize, fraction: f64| {
        let resampling = Resampling { resamples, fraction, ..Resampling::default() };
        edge_stability(&x, resampling, |x: &Matrix, ctx: &Context| model.fit(x, ctx)?.graph(0.0), &ctx)
    };
    let halves = stability(30, 0.5).unwrap();
    assert!(halves.warnings[0].contains("of 30 resamples"), "{:?}", halves.warnings);
    // Hardly any two of the rows contain the one that differs.
    let error = stability(2, 0.05).unwrap_err();
    assert!(error.message().contains("cannot be used"), "{error}");
}

#[test]
fn resamples_that_missing_values_leave_too_little_of_are_left_out_too() {
    let ctx = Context::new().with_seed(3);
    let pairwise = SecondMoment { correlation: Some(Correlation::Spearman), missing: Missing::Pairwise };
    let chosen = |x: &Matrix, rule: Rule| {
        let input = Input::with_moment(x, pairwise, &ctx).unwrap();
        let path = GraphicalLassoPath::default().lambdas(vec![0.5, 0.2]).fit_input(input, &ctx).unwrap();
        path.select(rule, &ctx).unwrap().warnings().join("\n")
    };
    let stars = Rule::Stars { subsamples: 20, ratio: Some(0.5), threshold: 0.1 };
    // Column 4 has values in every second row, of which all but one are equal.
    let mut flat = correlated(80, 5, 0.8, 9);
    flat.fill(&(0..80).collect::<Vec<_>>(), &[4], 0.0);
    flat.fill(&(0..80).step_by(2).collect::<Vec<_>>(), &[4], f64::NAN);
    flat.fill(&[17], &[4], 1.0);
    let warning = chosen(&flat, stars);
    assert!(warning.contains("a column is constant in each: column 4"), "{warning}");
    // Columns 0 and 1 share four rows.
    let mut apart = correlated(80, 5, 0.8, 9);
    apart.fill(&(4..40).collect::<Vec<_>>(), &[0], f64::NAN);
    apart.fill(&(40..80).collect::<Vec<_>>(), &[1], f64::NAN);
    let warning = chosen(&apart, stars);
    assert!(warning.contains("two columns share too few different values in each: columns 0 and 1"), "{warning}");
    let model = |x: &Matrix, ctx: &Context| {
        let input = Input::with_moment(x, SecondMoment { correlation: None, ..pairwise }, ctx)?;
        GraphicalLasso::new().lambda(0.2).fit_input(&input, ctx)?.graph(0.0)
    };
    let resampling = Resampling { resamples: 20, ..Resampling::default() };
    let stability = edge_stability(&apart, resampling, model, &ctx).unwrap();
    assert!(stability.warnings[0].contains("columns 0 and 1"), "{:?}", stability.warnings);
}

#[test]
fn long_paths_are_the_same_on_any_number_of_threads() {
    let x = correlated(80, 100, 0.6, 4).standardize().unwrap();
    let solve = |threads: usize| {
        let ctx = Context::new().with_threads(threads);
        let path = GraphicalLassoPath::default().grid(9, 0.3).fit(&x, &ctx).unwrap();
        format!("{:?}", path.points())
    };
    let one = solve(1);
    assert!(one == solve(2) && one == solve(5), "another path");
}
