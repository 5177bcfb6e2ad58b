//! Functions of scripts on many items at once: the same answers, prints and errors on any number of threads, and stops
//! that reach all of them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use sinew::ErrorKind;
use sinew::script::{Printer, Sandbox, ScriptError, Session, SessionOptions};

const THREADS: [usize; 3] = [1, 2, 8];

/// What came of a script.
struct Outcome {
    value: Result<Json, ScriptError>,
    /// Prints, and warnings behind `!`, in the order in which they were shown.
    lines: Vec<String>,
    warnings: Vec<String>,
    exit_code: Option<u8>,
}

fn run_with(script: &str, options: SessionOptions) -> Outcome {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let printer = |mark: &'static str| -> Printer {
        let sink = Arc::clone(&lines);
        Arc::new(move |text: &str| sink.lock().expect("a lock").push(format!("{mark}{text}")))
    };
    let (print, warn) = (printer(""), printer("!"));
    let mut session = Session::new(SessionOptions { print: Some(print), warn: Some(warn), ..options });
    let value = session.eval(script).map(|value| value.to_json());
    let lines = lines.lock().expect("a lock").clone();
    Outcome { value, lines, warnings: session.warnings(), exit_code: session.exit_code() }
}

/// A script under a seed, with a limit on time in case that threads wait for each other.
fn run(script: &str, threads: usize) -> Outcome {
    let sandbox = Sandbox::trusted().threads(threads).time(Duration::from_secs(60));
    run_with(script, SessionOptions { sandbox, seed: Some(5), ..SessionOptions::trusted() })
}

fn value(script: &str, threads: usize) -> Json {
    run(script, threads).value.unwrap_or_else(|error| panic!("{script}\n{error}"))
}

fn error(script: &str, threads: usize) -> ScriptError {
    match run(script, threads).value {
        Err(error) => error,
        Ok(value) => panic!("{script} gives {value}"),
    }
}

#[test]
fn par_map_is_map() {
    for (list, function) in [
        ("0..40", "|k| k * k"),
        ("1..=3", "|k| `item ${k}`"),
        ("[3, \"a\", eye(2), ()]", "|x| [x, 1]"),
        ("[]", "|x| x"),
        ("0..9", "|k| if k % 2 == 0 { k } else { -k }"),
        ("[[1, 2], [3]]", "|list| list.len()"),
    ] {
        let mapped = value(&format!("({list}).map({function})"), 1);
        for threads in THREADS {
            let parallel = value(&format!("par_map({list}, {function})"), threads);
            assert_eq!(parallel, mapped, "{list} {function} on {threads} threads");
        }
    }
    assert_eq!(value("par_map(vector([1, 2.5]), |x| x * 2)", 2), json!([2.0, 5.0]));
    assert_eq!(value("par_map(0..5000, |k| k).sum()", 8), json!(12_497_500.0));
}

#[test]
fn random_numbers_do_not_depend_on_threads() {
    const FIT: &str = "sample_gaussian(random_graph(\"erdos_renyi\", #{ nodes: 6 }).precision(), 40).standardize()\
                       .graphical_lasso(#{ lambda: 0.2 }).loglik";
    for script in [
        "par_map(0..12, |k| randn(2, 2).sum() + k)".to_string(),
        format!("par_map(0..6, |k| {FIT})"),
        "randn(1, 1); let a = par_map(0..4, |k| uniform(1, 1).sum()); [a, randn(1, 1).sum()]".to_string(),
        "set_seed(9); [par_map(0..4, |k| randn(1, 1).sum()), par_map(0..4, |k| randn(1, 1).sum())]".to_string(),
        // A seed that is set within an item is the item's own.
        "par_map(0..4, |k| { set_seed(k); randn(1, 1).sum() })".to_string(),
        "par_reduce(0..9, |k| randn(1, 1).sum(), |a, b| a - b)".to_string(),
    ] {
        let expected = value(&script, 1);
        for threads in THREADS {
            assert_eq!(value(&script, threads), expected, "{script} on {threads} threads");
        }
    }
    let distinct = value("par_map(0..20, |k| randn(1, 1).sum()).unique().len()", 2);
    assert_eq!(distinct, 20, "every item has a stream of its own");
    let twice = "set_seed(3); let a = par_map(0..5, |k| randn(1, 1).sum()); set_seed(3); \
                 a == par_map(0..5, |k| randn(1, 1).sum())";
    assert_eq!(value(twice, 2), true);
    let calls = "par_map(0..5, |k| randn(1, 1).sum()) == par_map(0..5, |k| randn(1, 1).sum())";
    assert_eq!(value(calls, 2), false, "two calls differ");
    let own =
        "par_map(0..3, |k| { set_seed(k); randn(1, 1).sum() }) == (0..3).map(|k| { set_seed(k); randn(1, 1).sum() })";
    assert_eq!(value(own, 2), true, "a seed means the same inside and outside");
}

#[test]
fn calls_within_calls_end_and_repeat() {
    let script =
        "par_map(0..5, |i| par_map(0..5, |j| par_map(0..2, |k| randn(1, 1).sum() + 10 * i + j + k).sum()).sum())";
    let expected = value(script, 1);
    for threads in THREADS {
        assert_eq!(value(script, threads), expected, "{threads} threads");
    }
    assert_eq!(value("par_map(0..3, |i| par_reduce(0..4, |j| i * j, |a, b| a + b))", 8), json!([0, 6, 12]));
}

/// The first items take longest.
const SLOW: &str =
    "let slow = |k| { let sum = 0; for i in 0..(if k < 4 { 20000 - 4000 * k } else { 0 }) { sum += i; } sum };";

#[test]
fn prints_and_warnings_stand_in_the_order_of_the_items() {
    let script = format!(
        "{SLOW} par_for(0..12, |k| {{ print(`a${{k}}`); slow.call(k); warn(`b${{k}}`); print(`c${{k}}`); }}); print(\"end\")"
    );
    let mut expected: Vec<String> =
        (0..12).flat_map(|k| [format!("a{k}"), format!("!b{k}"), format!("c{k}")]).collect();
    expected.push("end".into());
    for threads in THREADS {
        let outcome = run(&script, threads);
        assert!(outcome.value.is_ok(), "{:?}", outcome.value);
        assert_eq!(outcome.lines, expected, "{threads} threads");
        assert_eq!(outcome.warnings, (0..12).map(|k| format!("b{k}")).collect::<Vec<_>>(), "{threads} threads");
    }
    let nested = "par_for(0..3, |i| { par_for(0..3, |j| print(`${i}${j}`)); print(i); })";
    for threads in THREADS {
        assert_eq!(run(nested, threads).lines.join(" "), "00 01 02 0 10 11 12 1 20 21 22 2", "{threads} threads");
    }
}

#[test]
fn the_error_is_that_of_the_first_item_that_failed() {
    let script =
        format!("{SLOW} par_map(0..50, |k| {{ print(k); slow.call(k); if k % 10 == 3 {{ throw `bad ${{k}}` }} k }})");
    for threads in THREADS {
        let outcome = run(&script, threads);
        let error = outcome.value.expect_err("an error");
        assert_eq!(error.error.message(), "bad 3", "{error}");
        assert!(error.calls.iter().any(|call| call.function == "item 3 of par_map"), "{error}");
        // What the items before it printed is shown.
        assert_eq!(outcome.lines[..4], ["0", "1", "2", "3"], "{threads} threads");
    }
    for (script, code, part) in [
        ("par_map([1, 2], |k| missing_function(k))", "E003", "no function 'missing_function'"),
        ("par_map([1, 2], || 1)", "E003", "does not take as many arguments"),
        ("par_map([1, 2], |a, b, c| 1)", "E003", "does not take as many arguments"),
        ("par_map([3, 0], |k| 6 / k)", "E004", "item 1 of par_map"),
        ("par_for([eye(2)], |m| m.chol().inv().foo())", "E003", "item 0 of par_for"),
        ("par_map(0..4, |i| par_map(0..4, |j| assert(i + j < 5, \"sum\")))", "E002", "item 3 of par_map"),
        ("par_map(5, |k| k)", "E011", "a list, a range or a Vector, not 5 (int)"),
        ("par_map(0.., |k| k)", "E011", "needs an end"),
        ("par_reduce([], |k| k, |a, b| a)", "E011", "par_reduce of nothing"),
        ("par_reduce([1, 2], |k| k, |a, b| a.foo(b))", "E003", "no function 'foo'"),
    ] {
        let error = error(script, 2);
        let text = error.to_string();
        assert!(error.error.kind().code() == code && text.contains(part), "{script}, {code} '{part}'\n{text}");
    }
    assert_eq!(
        value("try { par_map(0..3, |k| eye(2).get(k, 0)) } catch (e) { return e.message; }", 2),
        json!("row 2 is out of range: there are 2 rows")
    );
}

#[test]
fn functions_take_items_positions_and_what_they_capture() {
    for (script, expected) in [
        ("par_map([\"a\", \"b\"], |name, i| `${name}${i}`)", json!(["a0", "b1"])),
        ("let c = 10; par_map([1, 2], |k| k + c)", json!([11, 12])),
        ("let c = 10; par_map([1, 2], |k, i| k + i + c)", json!([11, 13])),
        (
            "let x = eye(3); let sums = par_map(0..4, |k| x.sum() + k); sums.push(x.trace()); sums",
            json!([3.0, 4.0, 5.0, 6.0, 3.0]),
        ),
        ("fn double(k) { 2 * k } par_map(1..3, Fn(\"double\"))", json!([2, 4])),
        ("fn at(item, i) { item * i } par_map([5, 6, 7], Fn(\"at\"))", json!([0, 6, 14])),
        ("fn helper(k) { k + 1 } par_map([1, 2], |k| helper(k))", json!([2, 3])),
        // What an item changes is its own.
        ("let list = [[1], [2]]; par_map(list, |inner| { inner.push(0); inner.len() }); list", json!([[1], [2]])),
        ("let m = eye(2); par_map([m, m], |x| { x[[0, 0]] = 9; x[[0, 0]] }); m[[0, 0]]", json!(1.0)),
    ] {
        for threads in THREADS {
            assert_eq!(value(script, threads), expected, "{script} on {threads} threads");
        }
    }
}

#[test]
fn results_are_combined_from_the_left() {
    for (script, expected) in [
        ("par_reduce(1..=4, |k| k * k, |sum, value| sum + value)", json!(30)),
        ("par_reduce([\"a\", \"b\", \"c\"], |s| s, |a, b| `(${a}${b})`)", json!("((ab)c)")),
        ("par_reduce([\"a\", \"b\"], |s| s, |a, b| a + b, \"start \")", json!("start ab")),
        ("par_reduce([], |k| k, |a, b| a + b, 0)", json!(0)),
        ("par_reduce([7], |k| k, |a, b| a + b)", json!(7)),
        ("par_for(0..3, |k| k)", json!(null)),
    ] {
        for threads in THREADS {
            assert_eq!(value(script, threads), expected, "{script} on {threads} threads");
        }
    }
}

#[test]
fn an_exit_within_an_item_ends_the_script() {
    for threads in THREADS {
        let outcome = run("par_for(0..4, |k| { print(k); if k == 1 { exit(3); } }); print(\"never\")", threads);
        assert_eq!((outcome.value.ok(), outcome.exit_code), (Some(Json::Null), Some(3)), "{threads} threads");
        assert!(!outcome.lines.contains(&"never".to_string()), "{:?}", outcome.lines);
        assert_eq!(outcome.lines[..2], ["0", "1"]);
    }
    let outcome = run("try { par_map([1], |k| exit(4)) } catch { print(\"caught\") }", 2);
    assert_eq!((outcome.exit_code, outcome.lines.len()), (Some(4), 0));
}

#[test]
fn a_cancel_stops_every_thread() {
    for script in [
        "par_map(0..8, |k| { loop { } })",
        "par_map(0..3, |i| par_map(0..3, |j| { loop { } }))",
        "par_for(0..4, |k| { let x = randn(300, 200); loop { try { x.graphical_lasso(#{ lambda: 0.01 }) } catch { } } })",
        "loop { try { par_map(0..4, |k| { loop { } }) } catch { } }",
    ] {
        let mut session = Session::with_sandbox(Sandbox::trusted().threads(4));
        let handle = session.cancel_handle();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150));
            handle.cancel();
            Instant::now()
        });
        let error = session.eval(script).expect_err("a stop");
        let ended = Instant::now();
        let cancelled = stopper.join().expect("the thread");
        assert_eq!(error.error.kind(), ErrorKind::Cancelled, "{script}: {error}");
        let waited = ended.saturating_duration_since(cancelled);
        assert!(waited < Duration::from_millis(300), "{script}: {waited:?}");
        assert_eq!(session.eval("par_map(0..3, |k| k)").expect("the session still works").to_json(), json!([0, 1, 2]));
    }
}

#[test]
fn limits_hold_for_items_too() {
    run("1", 4); // what is made once is not part of the time
    let limited = |sandbox: Sandbox| SessionOptions::default().sandbox(sandbox.threads(4));
    let started = Instant::now();
    let options = Sandbox::trusted().time(Duration::from_millis(150));
    let outcome = run_with("try { par_map(0..8, |k| { loop { } }) } catch { 1 }", limited(options));
    assert_eq!(outcome.value.expect_err("a stop").error.kind(), ErrorKind::Time);
    assert!(started.elapsed() < Duration::from_millis(600), "{:?}", started.elapsed());
    let options = || Sandbox::trusted().operations(20_000);
    for script in ["par_map(0..4, |k| { loop { } })", "try { par_map(0..4, |k| { loop { } }) } catch { 1 }"] {
        let outcome = run_with(script, limited(options()));
        assert_eq!(outcome.value.expect_err("a stop").error.kind(), ErrorKind::Limit, "{script}");
    }
    let options = Sandbox::trusted().memory(1_000_000);
    let outcome = run_with("par_map(0..4, |k| zeros(1000, 1000).sum())", limited(options));
    assert_eq!(outcome.value.expect_err("a stop").error.kind(), ErrorKind::Memory);
    assert_eq!(error("fn f(n) { f(n + 1) } par_map(0..4, |k| f(k))", 4).error.kind(), ErrorKind::Limit);
}
