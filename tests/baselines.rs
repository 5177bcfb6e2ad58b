//! The baselines: correlation, partial correlation, ridge regression on regulators.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use common::{correlated, distance};
use scripts::{check, check_errors, data};
use serde_json::json;
use sinew::data::Names;
use sinew::methods::correlation::Correlation;
use sinew::methods::partial_correlation::PartialCorrelation;
use sinew::methods::ridge_regulators::RidgeRegulators;
use sinew::model::Fit;
use sinew::{Context, Matrix};

/// A chain a - b - c: the inverse of this covariance is [[2, -1, 0], [-1, 2, -1], [0, -1, 2]].
const CHAIN: &str = "let s = (matrix([[3, 2, 1], [2, 4, 2], [1, 2, 3]]) / 4).set_names([\"a\", \"b\", \"c\"]); \
                     let known = #{ covariance: true, n: 50 }; ";

const CELLS: &str = "let x = example(\"sachs\").head(60).log1p(); ";

#[test]
fn the_ends_of_a_chain_are_correlated_and_have_no_partial_correlation() {
    check(
        CHAIN,
        &[
            ("s.partial_correlation(known).graph(#{ threshold: 1e-10 }).n_edges", json!(2)),
            ("s.partial_correlation(known).partial_cor[[\"a\", \"b\"]]", json!(0.5)),
            ("(s.partial_correlation(known).covariance - s).norm() < 1e-12", json!(true)),
            ("s.partial_correlation(known).loglik == s.partial_correlation(known).to_map().loglik", json!(true)),
            ("s.correlation(known).n_edges", json!(3)),
            ("s.correlation(known).graph().to_matrix()[[\"a\", \"c\"]]", json!(1.0 / 3.0)),
            // The threshold is an option of the method, so that a score of the fit knows it.
            ("s.correlation(known + #{ threshold: 0.5 }).n_edges", json!(2)),
            ("s.correlation(known + #{ threshold: 0.5 }).options.threshold", json!(0.5)),
            // With a's only neighbour as regulator: r_ab / (1 + lambda), where r_ab is 2 / sqrt(12).
            (
                "s.ridge_regulators(known + #{ regulators: [\"b\"] }).coefficients[[\"b\", \"a\"]]",
                json!(2.0 / 12.0f64.sqrt() / 1.1),
            ),
            ("s.ridge_regulators(known + #{ regulators: [1], lambda: 3 }).lambda", json!(3.0)),
            ("s.ridge_regulators(known).n_edges", json!(6)),
        ],
    );
}

#[test]
fn the_kind_of_s_is_an_option() {
    check(
        CELLS,
        &[
            ("(x.correlation().graph().to_matrix() + eye(11) - x.cor()).norm() < 1e-12", json!(true)),
            (
                "let r = x.correlation(#{ cor: \"kendall\" }).graph().to_matrix(); \
                 (r + eye(11) - x.cor(\"kendall\")).norm() < 1e-12",
                json!(true),
            ),
            ("x.correlation().options", json!({ "threshold": 0.0, "cor": "covariance", "missing": "error" })),
            ("x.partial_correlation(#{ cor: \"spearman\" }).options", json!({ "cor": "spearman", "missing": "error" })),
            ("(x.partial_correlation().partial_cor - x.partial_cor()).norm() < 1e-9", json!(true)),
            (
                "x.ridge_regulators(#{ regulators: [7, \"PKC\"] }).options",
                json!({ "regulators": ["PKA", "PKC"], "lambda": 0.1, "cor": "covariance", "missing": "error" }),
            ),
            (
                "let y = matrix([[1, 2], [2, 4], [4, 3], [nan(), 9]]); \
                 let fit = y.correlation(#{ missing: \"pairwise\" }); \
                 let alone = y.head(3).correlation(); \
                 [abs(fit.edges[0].weight - alone.edges[0].weight) < 1e-12, fit.options.cor]",
                json!([true, "pearson"]),
            ),
        ],
    );
}

#[test]
fn regulators_are_the_sources_of_all_edges() {
    check(
        CELLS,
        &[
            ("x.ridge_regulators(#{ regulators: [\"PKA\", \"PKC\"] }).n_edges", json!(20)),
            ("x.ridge_regulators(#{ regulators: 0..3 }).coefficients.row_names", json!(["praf", "pmek", "plcg"])),
            ("x.ridge_regulators(#{ regulators: [-1] }).edges[0].source", json!("pjnk")),
            ("x.ridge_regulators(#{ regulators: [1] }).graph().attribute(\"regulator\")[1]", json!(1.0)),
            ("x.ridge_regulators(#{ regulators: [1] }).graph().attribute(\"regulator\").sum()", json!(1.0)),
            // One regulator is not regressed on itself.
            ("x.ridge_regulators(#{ regulators: [1] }).coefficients[[0, 1]]", json!(0.0)),
            (
                "let g = x.ridge_regulators(#{ regulators: [0, 1] }).graph(); \
                 let s = score(g, x.ridge_regulators(#{ regulators: [0, 1], lambda: 0.2 })); [s.f1, s.regulators.f1]",
                json!([1.0, 1.0]),
            ),
            ("RidgeRegulators(#{ regulators: [0] }).fit(x).method", json!("ridge_regulators")),
        ],
    );
    check_errors(
        CELLS,
        &[
            ("x.ridge_regulators(#{ regulators: [\"PKB\"] })", "E022", "did you mean 'PKA'?"),
            ("x.ridge_regulators(#{ regulators: [] })", "E010", "without the option, all columns are regulators"),
            ("x.ridge_regulators(#{ regulators: [\"PKA\", 7] })", "E010", "has 'PKA' twice"),
            ("x.ridge_regulators(#{ regulators: [11] })", "E021", "column 11 is out of range"),
            ("x.ridge_regulators(#{ regulators: [1.5] })", "E010", "one of them is 1.5"),
            ("x.ridge_regulators(#{ lambda: 0 })", "E010", "1/2 is 0"),
            (
                "let g = x.correlation().graph(); score(g, g, #{ regulators: [0, \"praf\"] })",
                "E010",
                "has 'praf' twice",
            ),
            (
                "x.cov().correlation(#{ covariance: true, cor: \"spearman\" })",
                "E010",
                "'cor' of correlation goes with data",
            ),
        ],
    );
}

#[test]
fn constant_and_dependent_columns_are_warnings() {
    let zeros = "x[[.., 3]] = 0; x[[.., 5]] = 1; ";
    for method in ["correlation", "partial_correlation", "ridge_regulators"] {
        let script = format!("{CELLS} x = x.matrix(); {zeros} let fit = x.{method}(); ");
        let warnings = data(&format!("{script} fit.warnings"));
        let text = "2 of 11 columns are constant and have no edges ('PIP2', 'p44/42'): drop_constant() leaves them out";
        assert_eq!(warnings, json!([text]), "{method}");
        let alone = format!("{script} let alone = x.drop_constant().{method}(); ");
        assert_eq!(data(&format!("{alone} fit.n_edges == alone.n_edges")), json!(true), "{method}");
        let same =
            "abs(fit.edges[0].weight - alone.edges[0].weight) < 1e-12 && fit.edges[0].source == alone.edges[0].source";
        assert_eq!(data(&format!("{alone} {same}")), json!(true), "{method}");
    }
    check(
        "let x = randn(5, 9, #{ seed: 1 }); let fit = x.partial_correlation(); ",
        &[
            ("fit.warnings.len()", json!(1)),
            ("fit.warnings[0].contains(\"rank 4 of 9\")", json!(true)),
            ("fit.n_edges", json!(36)),
        ],
    );
    check_errors(
        "let fit = randn(5, 9, #{ seed: 1 }).partial_correlation(); ",
        &[("fit.precision", "E011", "has no precision matrix")],
    );
}

/// The weights of a fit's graph.
fn weights(fit: &Fit) -> Matrix {
    fit.graph(0.0).expect("a graph").to_matrix(&Context::new()).expect("weights")
}

#[test]
fn the_order_and_the_units_of_columns_do_not_matter() {
    let ctx = Context::new();
    let order = [3, 0, 6, 2, 5, 1, 4];
    type Method = fn(&Matrix, &Context) -> sinew::Result<Fit>;
    let methods: [Method; 3] = [
        |x, ctx| Correlation::new().fit(x, ctx),
        |x, ctx| PartialCorrelation::new().fit(x, ctx),
        |x, ctx| RidgeRegulators::new().fit(x, ctx),
    ];
    // With more samples than variables, and with fewer.
    for n in [40, 5] {
        let x = correlated(n, 7, 0.8, 2).with_names(Some(Names::numbered(7))).expect("names");
        let rows: Vec<usize> = (0..n).collect();
        let other = x.pick(&rows, &order);
        let other = Matrix::from_fn(n, 7, |i, j| other.view()[(i, j)] * 10f64.powi(j as i32 - 3) + 2.0);
        for method in methods {
            let (fit, other) = (method(&x, &ctx).expect("a fit"), method(&other, &ctx).expect("a fit"));
            let (expected, got) = (weights(&fit), weights(&other));
            let expected = Matrix::from_fn(7, 7, |i, j| expected.view()[(order[i], order[j])]);
            assert!(distance(&expected, &got) < 1e-8, "{n}: {fit}\n{other}");
        }
    }
}
