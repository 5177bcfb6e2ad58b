//! What methods that start from a covariance take: rank correlations, missing values, matrices that are no covariances.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{correlated, distance};
use scripts::{check, check_errors, data};
use serde_json::json;
use sinew::data::correlation::Correlation;
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::graphical_lasso_path::GraphicalLassoPath;
use sinew::model::{Input, Missing, SecondMoment};
use sinew::select::Rule;
use sinew::{Context, Matrix, Value, Vector};

const GAPS: &str = "let x = example(\"sachs\").head(60).log1p().standardize(); let full = x; \
                    x[[3, 0]] = nan(); x[[4, 0]] = nan(); x[[4, 1]] = nan(); x[[5, 2]] = nan(); ";

/// Three columns of which every pair shares rows that contradict the others.
const CONTRADICTION: &str =
    "let n = nan(); let x = matrix([[0, 0, n], [1, 1, n], [0, n, 0], [1, n, 1], [n, 0, 1], [n, 1, 0]]); ";

#[test]
fn options_say_what_s_is() {
    check(
        GAPS,
        &[
            (
                "let r = full.cor(\"spearman\"); let given = r.graphical_lasso(#{ lambda: 0.2, covariance: true, n: 60 });
                 (full.graphical_lasso(#{ lambda: 0.2, cor: \"spearman\" }).precision - given.precision).norm() < 1e-6",
                json!(true),
            ),
            (
                "(full.graphical_lasso(#{ lambda: 0.2, missing: \"pairwise\" }).precision \
                 == full.graphical_lasso(#{ lambda: 0.2 }).precision).all()",
                json!(true),
            ),
            ("full.graphical_lasso(#{ lambda: 0.2 }).options.cor", json!("covariance")),
            // Words that ask for nothing go with a covariance too.
            (
                "let words = #{ lambda: 0.2, covariance: true, cor: \"covariance\", missing: \"error\" }; \
                 full.cov().graphical_lasso(words).n_edges == full.graphical_lasso(#{ lambda: 0.2 }).n_edges",
                json!(true),
            ),
            ("x.graphical_lasso(#{ lambda: 0.2, missing: \"pairwise\" }).options.missing", json!("pairwise")),
            // Columns 0 and 2 share all rows but three.
            ("x.graphical_lasso(#{ lambda: 0.2, missing: \"pairwise\" }).to_map().n", json!(57)),
            (
                "x.graphical_lasso(#{ lambda: 0.2, missing: \"pairwise\" }).warnings",
                json!(["n is taken as 57, the smallest number of rows that two columns share, of 60"]),
            ),
            ("x.graphical_lasso_path(#{ n_lambdas: 3, missing: \"pairwise\", cor: \"kendall\" }).warnings.len()", json!(1)),
            ("x.graphical_lasso(#{ lambda: \"ebic\", missing: \"pairwise\" }).to_map().n", json!(57)),
            // huge's correlations are those of pairs, in the rows in which both are there.
            (
                "let theirs = #{ lambda: 0.2, convention: \"huge\", missing: \"pairwise\" };
                 let ours = #{ lambda: 0.2, penalize_diagonal: true, cor: \"pearson\", missing: \"pairwise\" };
                 let path = x.graphical_lasso_path(#{ lambdas: [0.2], convention: \"huge\", missing: \"pairwise\" });
                 let expected = x.graphical_lasso(ours).precision;
                 [(x.graphical_lasso(theirs).precision == expected).all(), (path.fit(0).precision == expected).all()]",
                json!([true, true]),
            ),
            (
                "edge_stability(GraphicalLasso(#{ lambda: 0.4, missing: \"pairwise\", cor: \"skeptic\" }), x, #{ resamples: 5 }).rows > 0",
                json!(true),
            ),
        ],
    );
}

#[test]
fn what_is_no_covariance_is_replaced_with_a_warning() {
    let warned = "fit.warnings.filter(|w| w.contains(\"not positive semidefinite\")).len()";
    let given = "let x = matrix([[1, 0.9, 0.9], [0.9, 1, -0.9], [0.9, -0.9, 1]]);";
    for (setup, fit, count) in [
        (CONTRADICTION, "x.graphical_lasso(#{ lambda: 0.01, missing: \"pairwise\" })", 1),
        (CONTRADICTION, "x.graphical_lasso_path(#{ n_lambdas: 3, missing: \"pairwise\" })", 1),
        (CONTRADICTION, "x.graphical_lasso_path(#{ n_lambdas: 3, missing: \"pairwise\" }).fit(1)", 1),
        (given, "x.graphical_lasso(#{ lambda: 0.1, covariance: true })", 1),
        (given, "x.neighborhood_selection(#{ lambda: 0.1, covariance: true })", 1),
        ("let x = ones(2, 2);", "x.graphical_lasso(#{ lambda: 0.1, covariance: true })", 0),
        ("let x = randn(5, 8, #{ seed: 1 }).cor();", "x.graphical_lasso(#{ lambda: 0.1, covariance: true })", 0),
        (
            "let x = randn(5, 8, #{ seed: 1 }).cor().round(6);",
            "x.graphical_lasso(#{ lambda: 0.1, covariance: true })",
            1,
        ),
    ] {
        assert_eq!(data(&format!("{setup} let fit = {fit}; {warned}")), json!(count), "{fit}");
    }
}

#[test]
fn wrong_inputs_are_explained() {
    check_errors(
        GAPS,
        &[
            (
                "full.cov().graphical_lasso(#{ covariance: true, cor: \"spearman\" })",
                "E010",
                "'cor' of graphical_lasso goes with data",
            ),
            (
                "full.cov().graphical_lasso_path(#{ covariance: true, cor: \"covariance\", missing: \"pairwise\" })",
                "E010",
                "'missing' of graphical_lasso_path",
            ),
            ("full.graphical_lasso(#{ cor: \"spearmen\" })", "E010", "did you mean 'spearman'?"),
            ("full.neighborhood_selection(#{ cor: \"spearman\" })", "E010", "unknown option 'cor'"),
            ("x.graphical_lasso(#{ cor: \"spearman\" })", "E030", "missing: \"pairwise\""),
            ("x.graphical_lasso(#{ lambda: \"ric\", missing: \"pairwise\" })", "E011", "\"ric\" needs complete data"),
            ("full.graphical_lasso(#{ lambda: \"ric\", cor: \"kendall\" })", "E011", "\"ric\" needs complete data"),
            (
                "matrix([[1, nan()], [2, nan()], [3, 1], [nan(), 2]]).graphical_lasso(#{ missing: \"pairwise\" })",
                "E030",
                "columns 0 and 1 share 1 row in which both have a value, it takes 2",
            ),
            (
                "matrix([[1, nan()], [2, nan()]]).graphical_lasso(#{ missing: \"pairwise\" })",
                "E030",
                "column 1 has no value at all",
            ),
            (
                "matrix([[1, 7], [2, 7], [nan(), 8]]).graphical_lasso(#{ lambda: 0.1, missing: \"pairwise\", cor: \"kendall\" })",
                "E030",
                "one of columns 0 and 1 is constant",
            ),
            (
                "full.graphical_lasso(#{ lambda: \"cv\", folds: 60, cor: \"spearman\" })",
                "E030",
                "fewer folds hold out more rows",
            ),
        ],
    );
}

#[test]
fn a_saved_path_goes_on_with_its_kind_of_s() {
    let folder = std::env::temp_dir().join(format!("sinew-input-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("path.json").display().to_string();
    let script = format!(
        "{GAPS} let path = x.graphical_lasso_path(#{{ n_lambdas: 4, min_ratio: 0.2, missing: \"pairwise\", cor: \"spearman\" }}); \
         path.save(\"{file}\"); let back = load(\"{file}\"); set_seed(1); let first = path.select(\"stars\", #{{ subsamples: 4 }}); \
         set_seed(1); let second = back.select(\"stars\", #{{ subsamples: 4 }}); \
         back.to_json() == path.to_json() && (first.precision == second.precision).all()"
    );
    assert_eq!(data(&script), json!(true));
}

#[test]
fn cross_validation_ranks_within_the_fold_and_within_what_it_holds_out() {
    let ctx = Context::new().with_seed(3);
    let x = correlated(40, 4, 0.8, 6).map(f64::exp);
    let moment = SecondMoment { correlation: Some(Correlation::Spearman), missing: Missing::Refused };
    let input = Input::with_moment(&x, moment, &ctx).unwrap();
    let path = GraphicalLassoPath::default().lambdas(vec![0.3, 0.1]).fit_input(input, &ctx).unwrap();
    let fit = path.select(Rule::CrossValidation { folds: 2, one_se: false }, &ctx).unwrap();
    let values =
        fit.selection().and_then(|selection| selection.entry("values")).and_then(Value::object::<Vector>).unwrap();
    let order = sinew::rng::permutation(&mut sinew::rng::stream(3, "cross_validation", 0), 40);
    let (mut total, columns) = (0.0, [0, 1, 2, 3]);
    for (out, rest) in [(&order[..20], &order[20..]), (&order[20..], &order[..20])] {
        let train = Correlation::Spearman.matrix(&x.pick(rest, &columns), &ctx).unwrap();
        let train = Input::covariance_matrix(&train, Some(20)).unwrap();
        let theta = GraphicalLasso::new().lambda(0.1).fit_input(&train, &ctx).unwrap();
        let theta = theta.precision().unwrap().clone();
        let held_out = Correlation::Spearman.matrix(&x.pick(out, &columns), &ctx).unwrap();
        total += held_out.zip(&theta, |s, value| s * value).unwrap().as_slice().iter().sum::<f64>() / 2.0;
        total -= sinew::linalg::sign_logdet(theta.view(), &ctx).expect("no limit").1 / 2.0;
    }
    assert!((values.as_slice()[1] - total).abs() < 1e-5, "{:?} {total}", values.as_slice());
}

#[test]
fn pairwise_covariances_come_near_the_truth_and_do_not_depend_on_threads() {
    let (whole, threads) = (correlated(2000, 6, 0.8, 4), |count| Context::new().with_threads(count));
    let mut x = whole.clone();
    // A tenth of the values, at places that do not depend on them.
    for (place, value) in x.as_mut_slice().iter_mut().enumerate() {
        if (place * 7919) % 101 < 10 {
            *value = f64::NAN;
        }
    }
    for correlation in [None, Some(Correlation::Pearson), Some(Correlation::Skeptic)] {
        let s = |x: &Matrix, ctx: &Context| {
            let moment = SecondMoment { correlation, missing: Missing::Pairwise };
            Matrix::from(Input::with_moment(x, moment, ctx).unwrap().s(ctx).unwrap().to_owned())
        };
        assert!(distance(&s(&x, &threads(1)), &s(&whole, &threads(1))) < 0.15, "{correlation:?}");
        assert_eq!(s(&x, &threads(1)), s(&x, &threads(3)), "{correlation:?}");
    }
}
