//! The language as scripts use it: indexing in every form, operators, errors with places and hints, sessions.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use sinew::script::{Sandbox, ScriptError, Session, SessionOptions};
use sinew::{ErrorKind, Matrix, Value};

fn eval(script: &str) -> Result<serde_json::Value, ScriptError> {
    Session::trusted().eval(script).map(|value| value.to_json())
}

/// The JSON that a script gives; matrices and vectors without their names.
fn data(script: &str) -> serde_json::Value {
    let value = eval(script).unwrap_or_else(|error| panic!("{script}\n{error}"));
    value.get("data").cloned().unwrap_or(value)
}

fn error(script: &str) -> ScriptError {
    match eval(script) {
        Err(error) => error,
        Ok(value) => panic!("{script} gives {value}"),
    }
}

const M: &str = "let m = matrix([[1, 2, 3], [4, 5, 6], [7, 8, 9]]).set_names([\"a\", \"b\", \"c\"]).set_row_names([\"u\", \"v\", \"w\"]);";

#[test]
fn reading_by_index() {
    for (index, expected) in [
        ("m[[0, 1]]", serde_json::json!(2.0)),
        ("m[[-1, -1]]", serde_json::json!(9.0)),
        ("m[[\"v\", \"c\"]]", serde_json::json!(6.0)),
        ("m[[0, ..]]", serde_json::json!([1.0, 2.0, 3.0])),
        ("m[[.., \"b\"]]", serde_json::json!([2.0, 5.0, 8.0])),
        ("m[[0..2, 1..=2]]", serde_json::json!([[2.0, 3.0], [5.0, 6.0]])),
        ("m[[1.., ..2]]", serde_json::json!([[4.0, 5.0], [7.0, 8.0]])),
        ("m[[[2, 0], [\"c\", \"a\"]]]", serde_json::json!([[9.0, 7.0], [3.0, 1.0]])),
        ("m[[[true, false, true], 0]]", serde_json::json!([1.0, 7.0])),
        ("m[[m[[.., 0]] > 3, 0]]", serde_json::json!([4.0, 7.0])),
        ("m[[[0], [0]]]", serde_json::json!([[1.0]])),
        ("m[1]", serde_json::json!([4.0, 5.0, 6.0])),
        ("m[-1]", serde_json::json!([7.0, 8.0, 9.0])),
        ("m[0..2]", serde_json::json!([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])),
        ("m[1][2]", serde_json::json!(6.0)),
        ("m[1][\"c\"]", serde_json::json!(6.0)),
        ("m.get(2, 0)", serde_json::json!(7.0)),
        ("m.row(\"w\")", serde_json::json!([7.0, 8.0, 9.0])),
        ("m.col(-1)", serde_json::json!([3.0, 6.0, 9.0])),
        ("m.t[[\"a\", \"w\"]]", serde_json::json!(7.0)),
        ("m[[.., [\"c\"]]].names", serde_json::json!(["c"])),
        ("m[m > 7]", serde_json::json!([8.0, 9.0])),
        ("m[m[[.., 0]] > 3]", serde_json::json!([[4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])),
        ("m.row(0).len", serde_json::json!(3)),
        ("m.row(0).names", serde_json::json!(["a", "b", "c"])),
    ] {
        assert_eq!(data(&format!("{M} {index}")), expected, "{index}");
    }
}

#[test]
fn writing_by_index() {
    for (write, read, expected) in [
        ("m[[0, 1]] = 5;", "m[[0, 1]]", serde_json::json!(5.0)),
        ("m[[0, 1]] += 5;", "m[[0, 1]]", serde_json::json!(7.0)),
        ("m[[.., \"a\"]] = 0;", "m[[.., 0]]", serde_json::json!([0.0, 0.0, 0.0])),
        ("m[[1, ..]] = [9, 8, 7.5];", "m[1]", serde_json::json!([9.0, 8.0, 7.5])),
        ("m[[0..2, 0..2]] = eye(2);", "m[[0..2, 0..2]]", serde_json::json!([[1.0, 0.0], [0.0, 1.0]])),
        ("m[[.., 2]] *= 2;", "m[[.., 2]]", serde_json::json!([6.0, 12.0, 18.0])),
        ("m[1][2] = 0;", "m[[1, 2]]", serde_json::json!(0.0)),
        ("m[1] = vector([1, 1, 1]);", "m[1]", serde_json::json!([1.0, 1.0, 1.0])),
        ("m[m > 7] = 0;", "m[2]", serde_json::json!([7.0, 0.0, 0.0])),
        ("m[m > 7] = [1, 2];", "m[2]", serde_json::json!([7.0, 1.0, 2.0])),
        ("let n = m; n[[0, 0]] = 100;", "m[[0, 0]]", serde_json::json!(1.0)),
        ("let v = vector([1, 2, 3]); v[1..] = 0; m[0] = v;", "m[0]", serde_json::json!([1.0, 0.0, 0.0])),
    ] {
        assert_eq!(data(&format!("{M} {write} {read}")), expected, "{write}");
    }
}

#[test]
fn wrong_indices_say_what_is_wrong() {
    for (index, part) in [
        ("m[[3, 0]]", "row 3 is out of range: there are 3 rows"),
        ("m[[0, -4]]", "column -4 is out of range"),
        ("m[[0, \"d\"]]", "no column is called 'd'"),
        ("m[[\"x\", 0]]", "no row is called 'x'"),
        ("m[[0]]", "indexed by exactly [rows, columns], this has 1 parts"),
        ("m[[0, 1, 2]]", "this has 3 parts"),
        ("m[[0..9, 0]]", "row 0..9 is out of range"),
        ("m[[[true], 0]]", "a mask of 1 for 3 rows"),
        ("m[[0.5, 0]]", "is not an index"),
        ("m[[0, ..]] = [1, 2];", "2 numbers for a block of 1 x 3"),
        ("m[eye(2) > 0]", "a mask of 2 x 2 for a matrix of 3 x 3"),
        ("m[[m > 1, 0]]", "the mask of a matrix cannot index"),
        ("m[[.., ..]] = eye(2);", "a matrix of 2 x 2 for a block of 3 x 3"),
    ] {
        let error = error(&format!("{M} {index}"));
        assert!(error.error.message().contains(part), "{index}: {error}");
        assert_eq!(error.position.map(|p| p.0), Some(1), "{index}");
    }
}

#[test]
fn operators() {
    for (script, expected) in [
        ("matrix([[1, 2], [3, 4]]) @ matrix([[1, 0], [1, 1]])", serde_json::json!([[3.0, 2.0], [7.0, 4.0]])),
        ("1 + matrix([[1, 2]]) * 2 - 0.5", serde_json::json!([[2.5, 4.5]])),
        ("1 + eye(2) @ ones(2, 2) * 3", serde_json::json!([[4.0, 4.0], [4.0, 4.0]])),
        ("matrix([[1, 2], [3, 4]]) - vector([1, 2])", serde_json::json!([[0.0, 0.0], [2.0, 2.0]])),
        ("vector([1, 2]) ** 2", serde_json::json!([1.0, 4.0])),
        ("2 / vector([1, 4])", serde_json::json!([2.0, 0.5])),
        ("-vector([1, -2])", serde_json::json!([-1.0, 2.0])),
        ("(vector([1, 5, 3]) > 2).to_array()", serde_json::json!([false, true, true])),
        ("(eye(2) == eye(2)).all()", serde_json::json!(true)),
        ("vector([1, 2]) @ vector([3, 4])", serde_json::json!(11.0)),
        ("vector([1, 2]) @ matrix([[1, 0], [1, 1]])", serde_json::json!([3.0, 2.0])),
        ("matrix([[1, 0], [1, 1]]) @ vector([1, 2])", serde_json::json!([1.0, 3.0])),
        ("ones(2, 2) * inf() > 1e308", serde_json::json!([true, true, true, true])),
        ("vector([1, 5, 3])[!(vector([1, 5, 3]) > 2)]", serde_json::json!([1.0])),
    ] {
        assert_eq!(data(script), expected, "{script}");
    }
    for (script, part) in [
        ("eye(2) @ eye(3)", "cannot multiply 2 x 2 by 3 x 3"),
        ("eye(2) + eye(3)", "a matrix of 2 x 2 against one of 3 x 3"),
        ("ones(2, 3) - vector([1, 2])", "a vector stands for a row"),
        ("eye(2) + true", "there is no Matrix + bool"),
        ("if eye(2) == eye(2) { 1 }", "bool is wanted here"),
    ] {
        let error = error(script);
        assert!(error.error.message().contains(part), "{script}: {error}");
    }
}

#[test]
fn errors_have_code_line_caret_calls_and_hint() {
    let text = error("let x = example(\"sachs\").head(50).log1p();\nfn recover(x) {\n  x.graphical_lasso(#{ lamda: 0.1 })\n}\nrecover(x)").to_string();
    assert_eq!(
        text,
        "error[E010]: unknown option 'lamda' of graphical_lasso\n --> eval:3:5\n  |\n3 |   x.graphical_lasso(#{ lamda: 0.1 })\n  |     ^^^^^^^^^^^^^^^\n  help: did you mean 'lambda'?\n  in call to 'recover' at line 5"
    );
    for (script, kind, part, hint) in [
        ("1/0", ErrorKind::Arithmetic, "ivision by zero", "1/2 is 0 with integers"),
        ("randn(9, 2).graphical_lasso(#{ lambda: -1 })", ErrorKind::Option, "must be a number >= 0", ""),
        ("randn(9, 2).graphical_lasso(#{ tol: 1/1000 })", ErrorKind::Option, "must be a number > 0", "1/2 is 0"),
        ("randn(9, 2).graphical_laso()", ErrorKind::Function, "no function 'graphical_laso'", "'graphical_lasso'"),
        (
            "randn(9, 2).graphical_lasso(0.1)",
            ErrorKind::Argument,
            "options of graphical_lasso are a map",
            "#{ name: value }",
        ),
        ("3.graphical_lasso()", ErrorKind::Argument, "must be a Matrix or a Table, not 3 (int)", ""),
        ("eye(2).precison", ErrorKind::Name, "this has no property 'precison'", "precision"),
        ("randn(9, 2).graphical_lasso().precison", ErrorKind::Name, "Fit has no property 'precison'", "precision"),
        ("randn(9, 2).graphical_lasso().summary", ErrorKind::Name, "Fit has no property 'summary'", ".summary(..)"),
        ("eye(2).transpose()", ErrorKind::Function, "no function 'transpose'", ""),
        ("let m = eye(2); m.names()", ErrorKind::Function, "names", ""),
        ("undefined_name", ErrorKind::Syntax, "no variable 'undefined_name'", "let undefined_name = .."),
        ("let a = 1; fn f() { a } f()", ErrorKind::Syntax, "no variable 'a'", "functions do not see"),
        ("let m = eye(2); m[0, 1]", ErrorKind::Syntax, "", "m[[row, column]]"),
        ("let m = ;", ErrorKind::Syntax, "nexpected", ""),
        ("throw \"enough\"", ErrorKind::Script, "enough", ""),
        ("assert(1 > 2, \"one is small\")", ErrorKind::Script, "one is small", ""),
        ("let m = #{ a: 1 }; m.b", ErrorKind::Name, "no entry 'b'", ""),
        ("fn f(n) { f(n + 1) } f(0)", ErrorKind::Limit, "nested calls", ""),
        ("example(\"sach\")", ErrorKind::Name, "no example data is called 'sach'", "sachs"),
        ("read_csv(\"/nowhere/x.csv\")", ErrorKind::File, "/nowhere/x.csv", ""),
        ("help(\"graphical_laso\")", ErrorKind::Name, "no help", "graphical_lasso"),
        ("random_graph(\"hubs\")", ErrorKind::Argument, "no kind \"hubs\"", "'hub'"),
        ("random_graph(\"hub\", #{ bandwidth: 2 })", ErrorKind::Option, "belongs to random_graph(\"band\")", ""),
    ] {
        let error = error(script);
        assert_eq!(error.error.kind(), kind, "{script}: {error}");
        assert!(error.error.message().contains(part), "{script}: {error}");
        assert!(error.error.hint().unwrap_or_default().contains(hint), "{script}: {error}");
    }
}

#[test]
fn a_lambda_of_integer_zero_is_a_warning() {
    let mut session = Session::trusted();
    session.eval("randn(50, 3).graphical_lasso(#{ lambda: 1/10 })").expect("a fit");
    assert!(session.warnings().iter().any(|warning| warning.contains("1.0/10")), "{:?}", session.warnings());
}

#[test]
fn errors_can_be_caught_but_stops_cannot() {
    assert_eq!(data("let code = (); try { eye(2).get(5, 0) } catch (e) { code = e.code; } code"), "E021");
    let mut session = Session::with_sandbox(Sandbox::trusted().time(Duration::from_millis(100)));
    for script in [
        "loop { try { loop {} } catch { } }",
        "let x = randn(400, 300, #{ seed: 1 }); loop { try { x.graphical_lasso(#{ lambda: 0.01 }) } catch { } }",
    ] {
        let started = Instant::now();
        let error = session.eval(script).expect_err("a stop");
        assert_eq!(error.error.kind(), ErrorKind::Time, "{error}");
        assert!(started.elapsed() < Duration::from_millis(600), "{script}: {:?}", started.elapsed());
    }
    assert_eq!(session.eval("1 + 1").expect("the session still works").to_json(), 2);
}

#[test]
fn variables_and_functions_stay_between_evaluations_also_after_an_error() {
    let mut session = Session::trusted();
    session.eval("let a = 2; fn double(x) { x * 2 }").expect("definitions");
    session.eval("a = 21; throw 1").expect_err("thrown");
    assert_eq!(session.eval("double(a)").expect("a value").to_json(), 42);
    session.set("m", Matrix::from_rows(&[vec![1.0, 2.0]]).expect("a matrix"));
    assert_eq!(session.eval_as::<f64>("m.sum()").expect("a number"), 3.0);
    assert!(matches!(session.get("a"), Ok(Value::Int(21))));
    assert!(session.eval_as::<String>("1").is_err());
}

#[test]
fn a_cancel_from_another_thread_stops_and_leaves_the_session_usable() {
    let mut session = Session::trusted();
    let handle = session.cancel_handle();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        handle.cancel();
    });
    let error = session.eval("let kept = 1; loop {}").expect_err("a stop");
    stopper.join().expect("the thread");
    assert_eq!((error.error.kind(), error.exit_code()), (ErrorKind::Cancelled, 130));
    assert_eq!(session.eval("kept").expect("a value").to_json(), 1);
}

#[test]
fn a_person_may_think_longer_than_the_time_limit() {
    let limit = Duration::from_secs(1);
    let options = SessionOptions {
        sandbox: Sandbox::trusted().time(limit),
        input: Some(std::sync::Arc::new(move |_: &str| {
            std::thread::sleep(limit + Duration::from_millis(100));
            Ok::<_, sinew::Error>("yes".to_string())
        })),
        ..SessionOptions::trusted()
    };
    assert_eq!(Session::new(options).eval_as::<String>("input(\"?\") + \"!\"").expect("an answer"), "yes!");
}

#[test]
fn the_words_that_end_other_prompts_tell_how_this_one_ends() {
    let mut session = Session::trusted();
    for script in ["exit", "quit", "let x = 1; quit;", "quit()"] {
        let error = session.eval(script).expect_err(script);
        assert_eq!(error.error.hint(), Some("exit() ends the session"), "{script}: {error}");
    }
}

#[test]
fn a_sandbox_touches_no_files() {
    let mut session = Session::sandboxed();
    for script in ["read_csv(\"/etc/passwd\")", "eye(2).save(\"/tmp/sinew-sandbox.csv\")", "read_npy(\"x.npy\")"] {
        assert_eq!(session.eval(script).expect_err("denied").error.kind(), ErrorKind::Denied, "{script}");
    }
    assert!(session.eval("eval(\"1\")").is_err());
    assert_eq!(session.eval("zeros(1000000, 1000000)").expect_err("too large").error.kind(), ErrorKind::Memory);
}

#[test]
fn a_stop_during_the_last_native_call_is_still_a_stop() {
    let mut session = Session::with_sandbox(Sandbox::trusted().time(Duration::from_millis(20)));
    let error = session.eval("let a = randn(900, 900, #{ seed: 1 }); a = a + a.t; a.eigh();").expect_err("a stop");
    assert_eq!(error.error.kind(), ErrorKind::Time, "{error}");
}

#[test]
fn debug_goes_to_its_own_printer() {
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = std::sync::Arc::clone(&lines);
    let printer = std::sync::Arc::new(move |text: &str| sink.lock().expect("a lock").push(text.to_string()));
    let mut session = Session::new(SessionOptions { debug: Some(printer), ..SessionOptions::trusted() });
    session.eval("debug(eye(1))").expect("nothing");
    assert_eq!(lines.lock().expect("a lock").join(""), "debug, line 1: Matrix 1 x 1\n   0\n0  1");
    assert!(session.warnings().is_empty());
}

#[test]
fn seeds_repeat_whole_scripts_and_are_recorded() {
    let run = |seed| {
        let mut session = Session::new(SessionOptions { seed: Some(seed), ..SessionOptions::trusted() });
        session
            .eval("[randn(2, 2).sum(), randn(2, 2).sum(), random_graph(\"erdos_renyi\").n_edges]")
            .expect("numbers")
            .to_json()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let both = run(1);
    assert_ne!(both[0], both[1], "two calls under one seed differ");
    assert_eq!(data("set_seed(3); let a = randn(1, 1).sum(); set_seed(3); a == randn(1, 1).sum()"), true);
    assert_eq!(
        data("randn(2, 2, #{ seed: 5 }) == randn(2, 2, #{ seed: 5 })"),
        serde_json::json!([true, true, true, true])
    );
}

#[test]
fn simulated_graphs_have_the_shapes_of_the_papers() {
    assert_eq!(data("random_graph(\"hub\", #{ nodes: 100, hubs: 3 }).n_edges"), 97);
    assert_eq!(data("random_graph(\"band\", #{ nodes: 100 }).n_edges"), 99);
    assert_eq!(data("random_graph(\"band\", #{ nodes: 100, bandwidth: 3 }).n_edges"), 294);
    assert_eq!(
        data("random_graph(\"hub\", #{ nodes: 100 }).hubs(3).map(|h| h.degree)"),
        serde_json::json!([33, 32, 32])
    );
    assert_eq!(data("random_graph(\"erdos_renyi\", #{ nodes: 20, probability: 1 }).n_edges"), 190);
    // K = gamma A + (|lambda_min(gamma A)| + beta) I: the smallest eigenvalue is beta.
    let beta = data("random_graph(\"hub\", #{ nodes: 30 }).precision(#{ gamma: 0.3, beta: 0.25 }).eigh().values[0]");
    assert!((beta.as_f64().expect("a number") - 0.25).abs() < 1e-12);
}

#[test]
fn samples_have_the_covariance_of_the_model() {
    let worst = data(
        "let theta = random_graph(\"hub\", #{ nodes: 12, hubs: 3 }).precision(); let sigma = theta.inv();\
         let s = sample_gaussian(theta, 200000, #{ seed: 1 }).cov(); ((s - sigma) / sigma.max()).abs().max()",
    );
    assert!(worst.as_f64().expect("a number") < 0.02, "{worst}");
}

#[test]
fn scores_agree_with_scikit_learn() {
    // As scikit-learn's roc_auc_score, average_precision_score, auc(precision_recall_curve), matthews_corrcoef, f1_score define them, computed
    // independently on the 10 pairs.
    let score = data(
        "let truth = graph_from_matrix(matrix([[0,1,0,0,1],[1,0,1,0,0],[0,1,0,0,0],[0,0,0,0,1],[1,0,0,1,0]]));\
         let estimate = matrix([[1,0.9,0.3,0,-0.3],[0.9,1,0,0.2,0],[0.3,0,1,0,0],[0,0.2,0,1,-0.7],[-0.3,0,0,-0.7,1]]);\
         score(truth, estimate)",
    );
    for (key, expected) in [
        ("auroc", 0.812_5),
        ("aupr", 0.787_5),
        ("aupr_trapezoid", 0.843_75),
        ("fdp", 0.4),
        ("tdp", 0.75),
        ("precision", 0.6),
        ("recall", 0.75),
        ("f1", 0.666_666_666_666_666_6),
        ("mcc", 0.408_248_290_463_863),
        ("shd", 3.0),
    ] {
        let value = score[key].as_f64().expect(key);
        assert!((value - expected).abs() < 1e-12, "{key}: {value}, not {expected}");
    }
    assert_eq!(data("let g = random_graph(\"band\", #{ nodes: 5 }); score(g, g).shd"), 0);
}

#[test]
fn nodes_are_matched_by_name_where_both_have_names() {
    let script = "let truth = graph_from_matrix(matrix([[0,1,0],[1,0,0],[0,0,0]]).set_names([\"a\",\"b\",\"c\"]));\
                  let estimate = matrix([[1,0,0],[0,1,0.5],[0,0.5,1]]).set_names([\"c\",\"b\",\"a\"]); score(truth, estimate).f1";
    assert_eq!(data(script), 1.0);
    let error = error("score(graph_from_matrix(eye(2).set_names([\"a\",\"b\"])), eye(2).set_names([\"a\",\"c\"]))");
    assert!(error.error.message().contains("node 'b' is not in the estimate"), "{error}");
}

#[test]
fn files_come_back_as_they_were_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (csv, npy, table) = (path("m.csv"), path("m.npy"), path("t.csv"));
    let script = format!(
        "let m = randn(5, 3, #{{ seed: 2 }}); m.save(\"{csv}\"); m.save(\"{npy}\");\
         let named = m.set_names([\"a\", \"b\", \"c\"]).set_row_names([\"1\",\"2\",\"3\",\"4\",\"5\"]); named.save(\"{table}\");\
         let t = read_csv(\"{table}\", #{{ index: \"index\" }}).matrix();\
         [(m == read_matrix(\"{csv}\")).all(), (m == read(\"{npy}\")).all(), (m == t).all(), t.names, t.row_names[4]]"
    );
    assert_eq!(data(&script), serde_json::json!([true, true, true, ["a", "b", "c"], "5"]));
    let kept = error(&format!("eye(2).save(\"{}/none/x.csv\")", folder.path().display()));
    assert_eq!(kept.error.kind(), ErrorKind::File);
    // Two lines of two cells, but nothing half-written and no temporary file left.
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 3);
}

proptest! {
    #[test]
    fn blocks_are_those_of_ndarray(rows in prop::collection::vec(-4i64..4, 0..5), cols in prop::collection::vec(-3i64..3, 0..5)) {
        let m = ndarray::Array2::from_shape_fn((4, 3), |(i, j)| (10 * i + j) as f64);
        let at = |len: i64| move |i: &i64| (if *i < 0 { *i + len } else { *i }) as usize;
        let expected = m.select(ndarray::Axis(0), &rows.iter().map(at(4)).collect::<Vec<_>>())
            .select(ndarray::Axis(1), &cols.iter().map(at(3)).collect::<Vec<_>>());
        let mut session = Session::trusted();
        session.set("m", Matrix::from(m));
        let block = session.eval_as::<Matrix>(&format!("m[[{rows:?}, {cols:?}]]")).expect("a block");
        prop_assert_eq!(block.view(), expected.view());
    }

    #[test]
    fn ranges_are_those_of_ndarray(start in 0i64..5, end in 0i64..5) {
        let mut session = Session::trusted();
        session.set("m", Matrix::from_fn(4, 2, |i, j| (10 * i + j) as f64));
        let block = session.eval_as::<Matrix>(&format!("m[[{start}..{end}, ..]]"));
        if start <= 4 && end <= 4 {
            let rows = (end - start).max(0) as usize;
            prop_assert_eq!(block.expect("a block").rows(), rows);
        } else {
            prop_assert!(end <= 4 || block.is_err());
        }
    }
}

#[test]
fn comparisons_with_infinite_and_missing_numbers_are_right() {
    let mut session = Session::sandboxed();
    for (script, expected) in [
        ("inf() > 5 && inf() > 5.0 && 5 < inf() && -inf() < 0.0 && inf() >= inf() && !(inf() < inf())", true),
        ("inf() == inf() && inf() != -inf() && !(inf() == 1e308)", true),
        ("let best = inf(); for value in [3.0, 1.5, 2.0] { if value < best { best = value; } } best == 1.5", true),
        ("nan() == nan() || nan() < 1.0 || nan() > 1 || nan() <= nan()", false),
        ("0.1 + 0.2 == 0.3 && 1 == 1.0 && 2 > 1.5 && !(1.0 < 1.0)", true),
    ] {
        assert_eq!(session.eval_as::<bool>(script).expect(script), expected, "{script}");
    }
}
