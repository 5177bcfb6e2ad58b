//! What methods over regulators say of regulators and data that are of little use or none.

mod common;
#[path = "common/scripts.rs"]
mod scripts;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::correlated;
use scripts::{check, check_errors};
use serde_json::json;
use sinew::context::Progress;
use sinew::data::Names;
use sinew::methods::genie3::Genie3;
use sinew::model::Fit;
use sinew::{Context, ErrorKind, Matrix, Value, registry};

/// Every verb, and the option that says how much work it does.
const VERBS: [(&str, Option<&str>); 4] =
    [("genie3", Some("trees")), ("grnboost2", Some("trees")), ("tigress", Some("splits")), ("ridge_regulators", None)];

/// Five genes in forty cells, of which some are never expressed.
fn cells(silent: &[usize]) -> Matrix {
    let noise = correlated(40, 5, 0.8, 2);
    let names = Names::new((0..5).map(|gene| format!("g{gene}")).collect(), "columns").expect("names");
    let x = Matrix::from_fn(40, 5, |i, j| if silent.contains(&j) { 0.0 } else { noise.view()[(i, j)].exp() });
    x.with_names(Some(names)).expect("names")
}

fn fit(verb: (&str, Option<&str>), x: &Matrix, regulators: &[&str]) -> Fit {
    let record = registry::methods().find(|record| record.verb == verb.0).expect("a method");
    let mut options: Vec<(String, Value)> =
        verb.1.map(|option| (option.to_string(), Value::Int(6))).into_iter().collect();
    if !regulators.is_empty() {
        options.push(("regulators".into(), Value::List(regulators.iter().map(|&name| name.into()).collect())));
    }
    let fit = record.call(&[x.clone().into()], &options, &Context::new().with_seed(1));
    fit.unwrap_or_else(|error| panic!("{}: {error}", verb.0)).object::<Fit>().expect("a fit").clone()
}

#[test]
fn wrong_regulators_are_errors_that_help() {
    for (verb, _) in VERBS {
        let named = "let x = example(\"sachs\").head(40).log1p();";
        let call = |list: &str| format!("x.{verb}(#{{ regulators: [{list}] }})");
        let cases = [
            ("\"pka\", \"Pkc\", \"Mek\"", "E022", "has the name of 3 of the 3 regulators ('pka', 'Pkc', 'Mek')"),
            ("\"pka\", \"Pkc\", \"Mek\"", "E022", "'PKA' for 'pka', 'PKC' for 'Pkc'"),
            ("\"PKB\"", "E022", "did you mean 'PKA'?"),
            ("\"PKA\", \"PKA\"", "E010", "has 'PKA' twice"),
            ("11", "E021", "option 'regulators'"),
            ("", "E010", "is an empty list"),
        ];
        for (list, code, part) in cases {
            check_errors(named, &[(call(list).as_str(), code, part)]);
        }
        let nameless = "let x = randn(20, 4, #{ seed: 1 });";
        check_errors(nameless, &[(call("\"gata1\"").as_str(), "E022", "the columns have no names: give positions")]);
    }
}

#[test]
fn genes_that_are_never_expressed_have_no_edges_and_are_named() {
    let x = cells(&[1, 3]);
    for verb in VERBS {
        for regulators in [&[][..], &["g3", "g2", "g0"][..]] {
            let fit = fit(verb, &x, regulators);
            let graph = fit.graph(0.0).expect("a graph");
            let silent = |node: usize| node == 1 || node == 3;
            assert!(graph.n_edges() > 0 && graph.n_nodes() == 5, "{fit}");
            assert!(!graph.edges().iter().any(|edge| silent(edge.source) || silent(edge.target)), "{graph}");
            let expected =
                "2 of 5 columns are constant and have no edges ('g1', 'g3'): drop_constant() leaves them out";
            assert_eq!(fit.warnings(), [expected], "{}", verb.0);
        }
    }
}

#[test]
fn regulators_that_do_not_vary_say_nothing() {
    for verb in VERBS {
        for (x, regulators) in [(cells(&[1, 3]), &["g1", "g3"][..]), (cells(&[0, 1, 2, 3, 4]), &[][..])] {
            let fit = fit(verb, &x, regulators);
            assert_eq!(fit.n_edges().expect("edges"), 0, "{fit}");
            assert_eq!(fit.warnings()[1..], ["no regulator varies: there are no edges"], "{}", verb.0);
        }
        // What compares regulators needs two of them; other scores say something about one alone.
        let fit = fit(verb, &cells(&[1, 3]), &["g1", "g4"]);
        let compares = ["genie3", "tigress"].contains(&verb.0);
        assert_eq!(fit.warnings().len(), if compares { 2 } else { 1 }, "{fit}");
        if compares {
            let warning = &fit.warnings()[1];
            assert!(warning.starts_with("'g4' is the only regulator that varies"), "{warning}");
            assert!(fit.graph(0.0).expect("a graph").edges().iter().all(|edge| edge.weight == 1.0), "{fit}");
        }
    }
}

#[test]
fn few_cells_are_enough_or_the_error_says_how_many() {
    let x = cells(&[]);
    for verb in VERBS {
        let run = |rows: i64| {
            let record = registry::methods().find(|record| record.verb == verb.0).expect("a method");
            let options: Vec<(String, Value)> = verb.1.map(|work| (work.into(), Value::Int(6))).into_iter().collect();
            record.call(&[x.head(rows).into()], &options, &Context::new().with_seed(1))
        };
        let one = run(1).map(|_| ()).unwrap_err();
        assert!(one.message().contains("one sample") && one.hint().is_some_and(|hint| hint.contains("transpose")));
        for rows in [2, 3] {
            match run(rows) {
                Ok(_) => assert_ne!(verb.0, "tigress"),
                Err(error) => {
                    assert!(verb.0 == "tigress" && error.message().contains("halves of two or more"), "{error}");
                }
            }
        }
        assert!(run(4).is_ok(), "{}", verb.0);
    }
}

#[test]
fn one_cell_type_is_data_as_well() {
    let setup = "let grn = random_grn(#{ genes: 8, regulators: 2, seed: 1 }); \
                 let x = sergio(grn, #{ cell_types: 1, cells: 40, seed: 1 }).counts; \
                 let given = #{ regulators: grn.regulators };";
    check(
        setup,
        &[
            ("x.genie3(given + #{ trees: 5 }).importances.rows == grn.regulators.len()", json!(true)),
            ("x.grnboost2(given + #{ trees: 5 }).importances.cols", json!(8)),
            ("x.tigress(given + #{ splits: 3 }).scores.cols", json!(8)),
            ("x.ridge_regulators(given).n_edges > 0", json!(true)),
        ],
    );
    check_errors(
        "",
        &[
            ("matrix([[0, 1], [3, -2]]).set_names([\"a\", \"b\"]).log1p()", "E030", "log1p of -2 in row 1, column 'b'"),
            ("matrix([[0, -1], [3, -2]]).log1p()", "E030", "log1p of -1 in row 0, column 1"),
        ],
    );
}

#[test]
fn progress_counts_genes_to_the_end() {
    for (verb, task) in [("genie3", "forests"), ("grnboost2", "boosting")] {
        let seen: Arc<Mutex<Vec<(String, usize, usize)>>> = Arc::default();
        let sink = Arc::clone(&seen);
        let report = move |progress: &Progress<'_>| {
            sink.lock().expect("a lock").push((progress.task.to_string(), progress.done, progress.total));
        };
        let record = registry::methods().find(|record| record.verb == verb).expect("a method");
        let ctx = Context::new().with_seed(1).with_threads(1).with_progress(Some(Arc::new(report)));
        record.call(&[cells(&[2]).into()], &[("trees".into(), Value::Int(120))], &ctx).expect("a fit");
        let seen = seen.lock().expect("a lock").clone();
        assert!(seen.iter().all(|(name, done, total)| name == task && done <= total && *total == 4), "{seen:?}");
        assert!(seen.is_sorted_by_key(|(_, done, _)| *done) && seen.last().is_some_and(|last| last.1 == 4), "{seen:?}");
        assert!(seen.len() > 4, "{seen:?}");
    }
}

#[test]
fn any_number_of_trees_hears_the_clock() {
    let ctx = Context::new().with_threads(2).with_time_limit(Duration::from_millis(50));
    let error = Genie3::new().trees(usize::MAX).fit(&cells(&[]), &ctx).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Time, "{error}");
}
