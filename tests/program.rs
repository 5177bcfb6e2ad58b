//! The program as its users meet it: exit codes, streams, JSON, signals.
#![cfg(feature = "cli")]

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn sinew(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sinew")).args(arguments).output().expect("the program")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn exit_codes() {
    for (expected, arguments) in [
        (0, vec!["eval", "1"]),
        (0, vec!["help", "graphical_lasso"]),
        (0, vec!["methods"]),
        (0, vec!["--version"]),
        (0, vec!["explain"]),
        (0, vec!["explain", "e10"]),
        (0, vec!["devices"]),
        (0, vec!["repl"]),
        (1, vec!["eval", "throw 1"]),
        (1, vec!["eval", "assert(false, \"no\")"]),
        (1, vec!["eval", "eye(2).foo()"]),
        (1, vec!["eval", "eye(2) + eye(3)"]),
        (1, vec!["eval", "randn(9, 2).graphical_lasso(#{ lamda: 1 })"]),
        (2, vec!["eval", "let x ="]),
        (2, vec!["eval"]),
        (2, vec!["nonsense"]),
        (2, vec!["help", "nonsense"]),
        (2, vec![]),
        (2, vec!["--quiet"]),
        (2, vec!["explain", "E777"]),
        (2, vec!["completions", "tcsh"]),
        (2, vec!["completions", "bash", "--json"]),
        (2, vec!["repl", "--json"]),
        (2, vec!["eval", "args_spec(#{ alpha: 0.1 })", "--", "--alhpa", "1"]),
        (2, vec!["eval", "1", "--threads", "0"]),
        (3, vec!["eval", "read_csv(\"missing.csv\")"]),
        (3, vec!["eval", "ones(9, 2).graphical_lasso()"]),
        (3, vec!["run", "missing.rhai"]),
        (
            4,
            vec![
                "--strict",
                "eval",
                "randn(50, 20, #{ seed: 1 }).graphical_lasso(#{ lambda: 0.01, max_iter: 1, tol: 1e-14 })",
            ],
        ),
        (5, vec!["eval", "--time-limit", "0.1", "loop {}"]),
        (5, vec!["--memory-limit", "1MB", "eval", "zeros(1000, 1000)"]),
        (5, vec!["eval", "fn f(n) { f(n) } f(1)"]),
        (7, vec!["eval", "fn f() { exit(7); } f(); throw 1"]),
    ] {
        let output = sinew(&arguments);
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(expected == 0 || expected == 7, output.stderr.is_empty(), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn json_is_one_document_with_value_seed_warnings_and_seconds() {
    let script = "print(\"to standard error\"); warn(\"careful\"); emit(#{ m: eye(2), nan: 0.0/0.0 }); 5";
    let output = sinew(&["--json", "--seed", "11", "eval", script]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((json["schema_version"].as_u64(), json["seed"].as_u64()), (Some(1), Some(11)));
    assert_eq!(json["value"]["m"]["data"], serde_json::json!([[1.0, 0.0], [0.0, 1.0]]));
    assert!(json["value"]["nan"].is_null() && json["seconds"].as_f64().expect("seconds") >= 0.0);
    assert_eq!(json["warnings"], serde_json::json!(["careful"]));
    assert!(text(&output.stderr).contains("to standard error") && text(&output.stderr).contains("warning: careful"));
    let quiet = sinew(&["--json", "--quiet", "eval", "warn(\"careful\"); 1"]);
    assert!(quiet.stderr.is_empty());
    let last: serde_json::Value = serde_json::from_slice(&sinew(&["eval", "--json", "[1, 2]"]).stdout).expect("JSON");
    assert_eq!(last["value"], serde_json::json!([1, 2]));
}

#[test]
fn a_seed_repeats_a_run_at_any_number_of_threads() {
    let script = "sample_gaussian(random_graph(\"hub\", #{ nodes: 20 }).precision(), 50).standardize().graphical_lasso(#{ lambda: 0.2 }).precision";
    let run = |threads| {
        let output = sinew(&["--json", "--seed", "3", "--threads", threads, "eval", script]);
        serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("JSON")["value"].clone()
    };
    assert_eq!(run("1"), run("2"));
}

#[test]
fn a_script_has_its_arguments_and_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("script.rhai");
    let mut file = std::fs::File::create(&path).expect("a file");
    writeln!(file, "#!/usr/bin/env sinew\nprint(args); print(script_dir());\nlet x = 1;\nx.nonsense()")
        .expect("written");
    let path = path.display().to_string();
    let output = sinew(&["run", &path, "--", "--alpha", "0.1"]);
    let printed = text(&output.stdout);
    assert!(
        printed.contains("[\"--alpha\", \"0.1\"]") && printed.contains(&folder.path().display().to_string()),
        "{printed}"
    );
    // The line that makes the script executable counts as a line.
    assert!(text(&output.stderr).contains("script.rhai:4:3"), "{}", text(&output.stderr));
}

/// Runs a script that is written to a file, with what stands behind `--`.
fn run_script(script: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("script.rhai");
    std::fs::write(&path, script).expect("a script");
    let path = path.display().to_string();
    sinew(&[&["run", path.as_str(), "--"][..], arguments].concat())
}

#[test]
fn a_script_can_name_its_arguments() {
    let script = "let args = args_spec(#{ alpha: #{ value: 0.1, help: \"Level of the tests\" }, n_lambdas: 40, \
                  file: (), verbose: false, rest: [] });\n\
                  print(`${args.alpha} ${args.n_lambdas} ${args.file} ${args.verbose} ${args.rest.len()}`);";
    let output = run_script(script, &["--file", "x.csv", "--alpha=1", "--n-lambdas", "7", "--verbose", "more"]);
    assert_eq!(text(&output.stdout), "1.0 7 x.csv true 1\n", "{}", text(&output.stderr));
    let help = run_script(script, &["--help"]);
    assert_eq!(help.status.code(), Some(0), "{}", text(&help.stderr));
    let shown = text(&help.stdout);
    assert!(shown.contains("--n-lambdas NUMBER") && shown.contains("Level of the tests [0.1]"), "{shown}");
    for (arguments, part) in [
        (vec!["--file", "f", "--alhpa", "1"], "did you mean '--alpha'?"),
        (vec![], "--file is missing"),
        (vec!["--file", "f", "--n-lambdas", "few"], "--n-lambdas takes a whole number, not 'few'"),
    ] {
        let output = run_script(script, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = text(&output.stderr);
        assert!(message.starts_with("error[E005]") && message.contains(part), "{arguments:?}: {message}");
    }
}

#[test]
fn errors_and_warnings_can_be_json() {
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_slice(&sinew(arguments).stderr).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    };
    let error = json(&["--error-format", "json", "eval", "let x = 1;\neye(2).foo()"]);
    assert_eq!((error["code"].as_str(), error["category"].as_str()), (Some("E003"), Some("function")));
    assert_eq!((error["line"].as_u64(), error["exit_code"].as_u64()), (Some(2), Some(1)));
    let error = json(&["eval", "--error-format=json", "1", "--sede", "3"]);
    assert_eq!((error["code"].as_str(), error["exit_code"].as_u64()), (Some("E005"), Some(2)));
    assert!(error["message"].as_str().is_some_and(|message| message.contains("--sede")), "{error}");
    assert_eq!(json(&["--error-format", "json"])["code"], "E005");
    // The exit code is the one that the program ends with.
    assert_eq!(json(&["--error-format", "json", "help", "nonsense"])["exit_code"], 2);
    assert_eq!(
        json(&["--error-format", "json", "eval", "warn(\"careful\")"]),
        serde_json::json!({ "warning": "careful" })
    );
}

#[test]
fn completions_explanations_and_devices() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&sinew(&["completions", shell]).stdout);
        assert!(script.contains("completions") && script.contains("devices"), "{shell}: {script}");
    }
    let explained = text(&sinew(&["explain", "e010"]).stdout);
    assert!(
        explained.starts_with("E010") && explained.contains("lamda") && explained.contains("lambda"),
        "{explained}"
    );
    assert_eq!(text(&sinew(&["explain"]).stdout).lines().count(), sinew::ErrorKind::ALL.len());
    assert!(text(&sinew(&["explain", "E012"]).stderr).contains("E011"));
    let devices: serde_json::Value = serde_json::from_slice(&sinew(&["devices", "--json"]).stdout).expect("JSON");
    assert_eq!((devices[0]["name"].as_str(), devices[0]["available"].as_bool()), (Some("cpu"), Some(true)));
    let shown = text(&sinew(&["devices", "--threads", "3"]).stdout);
    assert!(shown.contains("3 threads") && shown.contains("built without the feature `cuda`"), "{shown}");
}

/// What `sinew repl` makes of lines from a pipe.
fn lines(input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sinew"))
        .arg("repl")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("standard input").write_all(input.as_bytes()).expect("written");
    child.wait_with_output().expect("the end")
}

#[test]
fn the_prompt_reads_a_pipe() {
    let output = lines("let x = 41;\nfn f(a) {\n  a + 1\n}\nf(x)\nnonsense\n\nx // again\n:time 1\n");
    let printed = text(&output.stdout);
    assert!(printed.starts_with("42\n41\n1\n0.") && printed.ends_with(" s\n"), "{printed}");
    assert!(text(&output.stderr).contains("there is no variable 'nonsense'"), "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "the code of the first error");
    let unfinished = lines("print(\"a\");\nprint(\n");
    assert_eq!((text(&unfinished.stdout).as_str(), unfinished.status.code()), ("a\n", Some(2)));
    assert_eq!(lines("exit(7)\nprint(\"never\")\n").status.code(), Some(7));
    let unknown = lines(":vras\n");
    assert!(text(&unknown.stderr).contains("did you mean ':vars'?"), "{}", text(&unknown.stderr));
}

#[test]
fn methods_as_json_describe_everything() {
    let json: serde_json::Value = serde_json::from_slice(&sinew(&["methods", "--json"]).stdout).expect("JSON");
    let records = json["records"].as_array().expect("records");
    let glasso = records.iter().find(|record| record["verb"] == "graphical_lasso").expect("graphical_lasso");
    assert_eq!(glasso["constructor"], "GraphicalLasso");
    assert!(glasso["options"].as_array().expect("options").iter().any(|option| option["name"] == "lambda"));
    assert!(json["vocabulary"].as_array().expect("vocabulary").len() > 90);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sinew"))
        .args(["eval", "for i in 0..20000 { print(i); }"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the end");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_a_fit_within_200_ms_with_code_130() {
    // A fit that takes minutes: dense, ill-conditioned, to a tolerance that needs many sweeps.
    let script = "let x = randn(400, 700, #{ seed: 1 }) + randn(400, 1, #{ seed: 2 }) @ ones(1, 700) * 3;\
                  print(\"started\"); x.graphical_lasso(#{ lambda: 0.0005, tol: 1e-13 })";
    let mut child = Command::new(env!("CARGO_BIN_EXE_sinew"))
        .args(["eval", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout.take().expect("standard output"));
    std::io::BufRead::read_line(&mut stdout, &mut line).expect("a line");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().expect("a status").is_none(), "the fit is over before it can be interrupted");
    let interrupted = Instant::now();
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(sent.success());
    let output = child.wait_with_output().expect("the end");
    let waited = interrupted.elapsed();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("interrupted"));
    // The bar is 200 ms on an idle machine; an unoptimised build on a busy one gets some more.
    assert!(waited < Duration::from_millis(800), "{waited:?}");
}
