//! Figures as scripts make them.

#![cfg(feature = "plot")]

use sinew::ErrorKind;
use sinew::script::Session;

const PATH: &str = "example(\"sachs\").head(100).log1p().standardize().graphical_lasso_path(#{ n_lambdas: 5 })";

#[test]
fn figures_of_every_kind_say_what_they_show() {
    for (script, part) in [
        ("line(0..3, [[1, 2, 3], [3, 2, 1]], #{ name: [\"up\", \"down\"] })", "2 lines"),
        ("line([1, 2], [3, 4], #{ name: \"score\", log_y: true })", "1 line, score"),
        ("bar([\"a\", \"b\"], #{ before: [1, 2], after: [2, 3] })", "bars, 2 categories x 2 series"),
        ("box(matrix([[1, 2], [3, 0.0 / 0.0]]))", "boxes, 2 categories, 1 missing"),
        ("box([[1, 2], [3]], #{ labels: [\"a\", \"b\"] })", "boxes, 2 categories"),
        ("histogram([1, 2, 2, 3], #{ bins: 3 })", "histogram, 4 values in 3 bins"),
        ("scatter([1, 2], [3, 4], #{ groups: [1, \"b\"], labels: [\"u\", \"v\"] })", "2 points in 2 groups"),
        ("example(\"sachs\").head(50).plot(\"histogram\", #{ x: \"PKA\", bins: 5 })", "50 values in 5 bins"),
        ("example(\"sachs\").head(50).plot(\"line\", #{ x: \"PKA\", y: \"PKC\", log_x: true })", "1 line"),
        ("random_graph(\"hub\", #{ nodes: 9 }).plot(\"degrees\", #{ log: true })", "degrees, 9 nodes"),
        ("random_graph(\"hub\", #{ nodes: 9 }).degree_distribution()", "largest 2"),
        ("random_graph(\"band\", #{ nodes: 2 }).plot(\"groups\", #{ groups: [\"a\", \"b\"] })", "2 nodes, 1 edge"),
        ("grid([line([1], [2]), line([1], [2])], #{ columns: 1 })", "2 panels"),
    ] {
        let mut session = Session::trusted();
        let value = session.eval(script).unwrap_or_else(|error| panic!("{script}\n{error}"));
        assert!(value.to_string().contains(part), "{script}: {value}");
    }
    for (kind, part) in [
        ("\"ebic\", #{ gamma: 0 }", "ebic of 5 solutions, smallest at lambda"),
        ("\"edges\"", "edges of 5 solutions"),
        ("\"loglik\", #{ x_label: \"penalty\" }", "log-likelihood of 5 solutions"),
        ("\"coefficients\"", "partial correlations of"),
    ] {
        let value = Session::trusted().eval(&format!("{PATH}.plot({kind})")).expect("a figure");
        assert!(value.to_string().contains(part), "{kind}: {value}");
    }
    for rule in sinew::select::Rule::NAMES {
        let value =
            Session::trusted().eval(&format!("{PATH}.select(\"{rule}\").plot(\"selection\")")).expect("a figure");
        assert!(value.to_string().contains(&format!("{rule} of ")), "{rule}: {value}");
        assert!(value.to_string().contains("chosen lambda"), "{rule}: {value}");
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error_that_says_why() {
    for (script, kind, part) in [
        ("line([1, 2], [1, 2, 3])", ErrorKind::Shape, "2 numbers on x, 3 on y"),
        ("line([1], [-1], #{ log_y: true })", ErrorKind::Data, "numbers above 0"),
        ("line([1], [1], #{ name: [\"a\", \"b\"] })", ErrorKind::Option, "gives 2 names, 1 are wanted"),
        ("histogram([0.0 / 0.0])", ErrorKind::Data, "finite numbers"),
        ("histogram([1], #{ bins: 100000 })", ErrorKind::Argument, "1 to 10000 bins"),
        ("box([])", ErrorKind::Data, "finite numbers"),
        ("bar([\"a\"], [1, 2])", ErrorKind::Shape, "2 values for 1 category"),
        ("scatter([1, 2], [1, 2], #{ groups: [1] })", ErrorKind::Shape, "1 groups for 2 points"),
        ("example(\"sachs\").plot(\"box\", #{ y: \"PKA\" })", ErrorKind::Option, "needs option 'x'"),
        ("example(\"sachs\").plot(\"boxes\")", ErrorKind::Argument, "no plot \"boxes\" of a table"),
        (
            "example(\"sachs\").plot(\"histogram\", #{ x: \"PKA\", y: \"PKC\" })",
            ErrorKind::Option,
            "unknown option 'y'",
        ),
        ("example(\"sachs_edges\").plot(\"line\", #{ x: \"Cause\", y: \"Effect\" })", ErrorKind::Data, "not numeric"),
        (
            "random_graph(\"band\", #{ nodes: 3 }).plot(\"circle\", #{ layout: \"spring\" })",
            ErrorKind::Option,
            "goes with",
        ),
        ("random_graph(\"band\", #{ nodes: 3 }).plot(#{ groups: \"team\" })", ErrorKind::Name, "no attribute 'team'"),
        ("random_graph(\"band\", #{ nodes: 3 }).plot(#{ groups: [1, \"a\", 2] })", ErrorKind::Option, "or of names"),
    ] {
        let error = Session::trusted().eval(script).expect_err(script);
        assert_eq!(error.error.kind(), kind, "{script}: {error}");
        assert!(error.error.message().contains(part), "{script}: {error}");
    }
    let error = Session::trusted().eval(&format!("{PATH}.plot(\"bic\", #{{ gamma: 1 }})")).expect_err("gamma");
    assert!(error.error.message().contains("goes with \"ebic\""), "{error}");
}
