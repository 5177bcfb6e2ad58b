//! Networks of two groups, compared by permutation.

mod common;

use common::correlated;
use sinew::data::{Column, Names, Selector};
use sinew::methods::graphical_lasso::GraphicalLasso;
use sinew::methods::partial_correlation::PartialCorrelation;
use sinew::metrics::{NetworkTest, TestedEdges};
use sinew::model::{Fit, NetworkComparison, value_from_json, value_to_json};
use sinew::script::Session;
use sinew::solver::multiple_testing::Adjustment;
use sinew::{Context, Matrix, Table};

fn baseline(x: &Matrix, ctx: &Context) -> sinew::Result<Fit> {
    PartialCorrelation::new().fit(x, ctx)
}

fn permuting(permutations: usize) -> NetworkTest {
    NetworkTest { permutations, ..NetworkTest::default() }
}

fn compare(test: &NetworkTest, a: &Matrix, b: &Matrix, seed: u64) -> NetworkComparison {
    test.compare(a, b, baseline, &Context::new().with_seed(seed)).expect("a comparison")
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    match table.column(name).expect("a column") {
        Column::Numbers(values) => values.to_vec(),
        Column::Texts(_) => panic!("{name} has texts"),
    }
}

/// Four columns, of which the second follows the first by `weight`.
fn linked(rows: usize, weight: f64, seed: u64) -> Matrix {
    let noise = correlated(rows, 4, 0.0, seed);
    Matrix::from_fn(rows, 4, |i, j| {
        let own = noise.view()[(i, j)];
        if j == 1 { own + weight * noise.view()[(i, 0)] } else { own }
    })
}

#[test]
fn p_values_are_about_uniform_where_nothing_differs() {
    let mut sums = [Vec::new(), Vec::new(), Vec::new()];
    for seed in 0..60 {
        // Means and sizes of the groups differ, their networks do not.
        let a = correlated(25, 4, 0.6, 2 * seed).map(|value| value + 3.0);
        let b = correlated(35, 4, 0.6, 2 * seed + 1);
        let found = compare(&permuting(99), &a, &b, seed);
        let parts = found.parts();
        sums[0].push(parts.structure.p_value);
        sums[1].push(parts.global_strength.p_value);
        sums[2].push(numbers(&parts.node_tests, "p_value")[0]);
    }
    for values in sums {
        let mean = values.iter().sum::<f64>() / 60.0;
        let small = values.iter().filter(|&&p| p <= 0.1).count();
        assert!((mean - 0.5).abs() < 0.13 && small <= 14, "mean {mean}, {small} of 60 at most 0.1");
        assert!(values.iter().all(|&p| (0.01..=1.0).contains(&p)));
    }
}

#[test]
fn the_edge_that_changed_is_found() {
    let (a, b) = (linked(120, 1.0, 1), linked(150, 0.0, 2));
    let found = compare(&permuting(199), &a, &b, 3);
    let parts = found.parts();
    assert!(parts.structure.p_value <= 0.01 && parts.global_strength.p_value <= 0.05, "{found}");
    let edges = parts.edge_tests.as_ref().expect("tests of edges");
    assert_eq!(edges.rows(), 6);
    let first = ["source", "target"].map(|name| edges.column(name).expect("a column").label(0));
    assert_eq!(first, ["x0", "x1"]);
    let adjusted = numbers(edges, "p_adjusted");
    assert!(adjusted[0] <= 0.05 && adjusted[1..].iter().all(|&p| p > adjusted[0]), "{edges}");
    let expected = numbers(edges, "weight_0")[0] - numbers(edges, "weight_1")[0];
    assert!((numbers(edges, "difference")[0] - expected).abs() < 1e-15);
    assert!((parts.structure.value - expected.abs()).abs() < 1e-15 && parts.differences.view()[(1, 0)] == expected);
    assert_eq!((parts.structure.permuted.len(), found.permuted().expect("a table").rows()), (199, 199));
}

#[test]
fn pairs_of_rows_stay_together() {
    // Rows of both groups are the same: exchanged or not, nothing differs.
    let x = correlated(30, 4, 0.7, 5);
    let paired = NetworkTest { paired: true, ..permuting(50) };
    let same = compare(&paired, &x, &x, 1);
    assert!(same.parts().structure.value == 0.0 && same.parts().structure.p_value == 1.0);
    assert!(same.parts().structure.permuted.iter().all(|&value| value < 1e-12), "{same}");
    let changed =
        compare(&NetworkTest { paired: true, ..permuting(99) }, &linked(100, 1.0, 1), &linked(100, 0.0, 2), 1);
    assert!(changed.parts().structure.p_value <= 0.02, "{changed}");
    let unequal = paired.compare(&x, &x.head(20), baseline, &Context::new()).map(|_| ()).unwrap_err();
    assert!(unequal.message().contains("as many rows, not 30 and 20"), "{unequal}");
}

#[test]
fn threads_change_nothing_and_files_come_back() {
    let (a, b) = (linked(40, 0.5, 1), linked(50, 0.2, 2));
    let run = |threads: usize| {
        let ctx = Context::new().with_seed(4).with_threads(threads);
        let method = GraphicalLasso::new().lambda(0.1);
        permuting(70).compare(&a, &b, |x, ctx| method.fit(x, ctx), &ctx).expect("a comparison")
    };
    let one = run(1);
    for threads in [2, 4] {
        let other = run(threads);
        assert_eq!(other.parts().structure, one.parts().structure);
        assert_eq!(other.parts().global_strength, one.parts().global_strength);
        assert_eq!(other.parts().edge_tests, one.parts().edge_tests);
        assert_eq!(other.parts().node_tests, one.parts().node_tests);
    }
    let json = value_to_json(&one.clone().into());
    let text = json.to_string();
    let back = value_from_json(&serde_json::from_str(&text).expect("JSON")).expect("a comparison");
    assert_eq!(value_to_json(&back), json);
    assert_eq!(back.object::<NetworkComparison>().expect("a comparison").to_string(), one.to_string());
}

#[test]
fn variables_are_matched_by_name_and_edges_picked() {
    let names = |list: [&str; 4]| Names::new(list.map(String::from).to_vec(), "columns").expect("names");
    let a = linked(60, 0.9, 1).with_names(Some(names(["a", "b", "c", "d"]))).expect("names");
    let b = linked(60, 0.0, 2).with_names(Some(names(["a", "b", "c", "d"]))).expect("names");
    let turned = b.pick(&(0..60).collect::<Vec<_>>(), &[2, 0, 3, 1]);
    let pair = |x: &str, y: &str| (Selector::Name(x.into()), Selector::Name(y.into()));
    let picked = NetworkTest { edges: TestedEdges::Pairs(vec![pair("b", "a"), pair("c", "d")]), ..permuting(60) };
    let (one, other) = (compare(&picked, &a, &b, 1), compare(&picked, &a, &turned, 1));
    assert_eq!(one.parts().edge_tests, other.parts().edge_tests);
    assert_eq!(one.parts().edge_tests.as_ref().expect("tests").rows(), 2);
    let none = compare(&NetworkTest { edges: TestedEdges::None, ..permuting(20) }, &a, &b, 1);
    assert!(none.parts().edge_tests.is_none() && none.parts().structure.value == one.parts().structure.value);
    let unknown = NetworkTest { edges: TestedEdges::Pairs(vec![pair("a", "z")]), ..permuting(5) };
    assert!(unknown.compare(&a, &b, baseline, &Context::new()).unwrap_err().message().contains("'z'"));
}

#[test]
fn permutations_without_variation_are_left_out_with_a_warning() {
    // A rare event, in three rows of each group: some permutations leave none of them to one group.
    let rare = |seed: u64| {
        let noise = correlated(20, 3, 0.4, seed);
        Matrix::from_fn(20, 3, |i, j| if j == 2 { f64::from(i < 3) } else { noise.view()[(i, j)] })
    };
    let method = GraphicalLasso::new().lambda(0.2);
    let test = NetworkTest { center: false, ..permuting(300) };
    let found = test
        .compare(&rare(1), &rare(2), |x, ctx| method.fit(x, ctx), &Context::new().with_seed(1))
        .expect("a comparison");
    let used = found.permutations();
    assert!((250..300).contains(&used), "{used}");
    let warnings = &found.parts().warnings;
    assert!(warnings.iter().any(|text| text.contains("permutations are left out")), "{warnings:?}");
    let few = NetworkTest { adjustment: Adjustment::Bonferroni, ..permuting(19) };
    let found = compare(&few, &linked(20, 0.1, 1), &linked(20, 0.1, 2), 1);
    assert!(found.parts().warnings[0].contains("allow more"), "{:?}", found.parts().warnings);
}

#[test]
fn bad_input_is_an_error_that_says_what_to_do() {
    let x = correlated(20, 3, 0.4, 1);
    let error = |test: &NetworkTest, a: &Matrix, b: &Matrix| {
        test.compare(a, b, baseline, &Context::new()).map(|_| ()).unwrap_err().message().to_string()
    };
    assert!(error(&permuting(5), &x, &correlated(20, 4, 0.4, 1)).contains("data set 1 has 4 columns"));
    assert!(error(&permuting(5), &x, &x.head(1)).contains("data set 1 has 1"));
    assert!(error(&permuting(0), &x, &x).contains("permutations"));
    let failing = |_: &Matrix, _: &Context| -> sinew::Result<Fit> { Err(sinew::Error::numerical("no answer")) };
    let failed = permuting(5).compare(&x, &x, failing, &Context::new()).map(|_| ()).unwrap_err();
    assert!(failed.message().contains("data set 0: no answer"), "{failed}");
    let ctx = Context::new();
    ctx.cancel_handle().cancel();
    assert!(permuting(5).compare(&x, &x, baseline, &ctx).is_err());
    let small = Context::new().with_memory_limit(1000);
    assert_eq!(permuting(5).compare(&x, &x, baseline, &small).unwrap_err().kind(), sinew::ErrorKind::Memory);
}

#[test]
fn scripts_compare_two_groups_or_several() {
    let mut session = Session::trusted();
    let script = "let a = randn(40, 3, #{ seed: 1 }); let b = randn(30, 3, #{ seed: 2 });\n\
                  let model = PartialCorrelation();\n\
                  let c = network_comparison(model, a, b, #{ permutations: 30, seed: 1 });\n\
                  let all = network_comparison(model, [a, b, a], #{ permutations: 10, edges: false, seed: 1 });";
    session.eval(script).expect("comparisons");
    for holds in [
        "c.structure_p > 0.0 && c.structure > 0.0 && c.global_strengths.len() == 2",
        "c.edge_tests.rows == 3 && c.node_tests.rows == 3 && c.permuted.rows == 30",
        "c.method == \"partial_correlation\" && c.seed == 1 && c.fits.len() == 2 && c.options.permutations == 30",
        "c.summary() == `${c}` && c.to_map().permutations == 30",
        "all.len() == 3 && all[1].structure == 0.0 && all[0].edge_tests == ()",
        "type_of(c) == \"NetworkComparison\"",
    ] {
        assert!(session.eval_as::<bool>(holds).unwrap_or_else(|error| panic!("{holds}: {error}")), "{holds}");
    }
    for (wrong, part) in [
        ("network_comparison(model, a, 3)", "data set 1 must be a Matrix or a Table"),
        ("network_comparison(model, [a])", "at least two data sets"),
        ("network_comparison(model, a, b, #{ edges: [[\"x0\"]] })", "lists pairs"),
        ("network_comparison(GraphicalLassoPath(), a, b)", "takes a method that gives a Fit"),
        ("network_comparison(model, a, b, #{ permutation: 3 })", "unknown option 'permutation'"),
    ] {
        let error = session.eval(wrong).map(|_| ()).expect_err(wrong);
        assert!(error.error.message().contains(part), "{wrong}: {error}");
    }
}

#[cfg(feature = "plot")]
#[test]
fn comparisons_are_drawn() {
    let mut session = Session::trusted();
    let script = "let theta = random_graph(\"band\", #{ nodes: 4 }).precision();\n\
                  let a = sample_gaussian(theta, 60, #{ seed: 1 }); let b = sample_gaussian(eye(4), 60, #{ seed: 2 });\n\
                  let c = network_comparison(PartialCorrelation(), a, b, #{ permutations: 40, seed: 1 });";
    session.eval(script).expect("a comparison");
    for (plot, part) in [
        ("c.plot()", "2 panels"),
        ("c.plot(\"edges\")", "heatmap, 4 x 4"),
        ("c.plot(\"edges\", #{ level: 0.1 })", "heatmap, 4 x 4"),
        ("c.plot(\"permutations\", #{ columns: 1, title: \"t\" })", "2 panels"),
    ] {
        let text = session.eval_as::<String>(&format!("`${{{plot}}}`")).expect(plot);
        assert!(text.contains(part), "{plot}: {text}");
    }
    let error = session.eval("c.plot(\"edge\")").map(|_| ()).unwrap_err();
    assert!(error.error.hint().is_some_and(|hint| hint.contains("edges")), "{error}");
}
