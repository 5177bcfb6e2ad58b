//! Rules that choose a penalty, and resamples: against definitions and reference numbers.

mod common;

use common::{correlated, has_reference, reference};
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::model::{Criterion, Input};
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
    let table = edge_stability(&x, bootstrap, fit, &ctx).unwrap();
    let number = |name: &str, row: usize| table.column(name).unwrap().value(row).as_number().unwrap();
    assert_eq!(number("frequency", 0), 1.0);
    assert!(number("lower", 0) < number("weight", 0) && number("weight", 0) < number("upper", 0));
    let again = edge_stability(&x, bootstrap, fit, &ctx.clone().with_threads(1)).unwrap();
    assert_eq!(again, table, "the number of threads does not matter");
}
