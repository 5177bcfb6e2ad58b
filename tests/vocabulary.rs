//! Every function that scripts can call: it has help, its example runs, and wrong arguments give an error.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, OnceLock};

use sinew::script::{Sandbox, Session, SessionOptions, help, names, vocabulary};

/// Examples write files; they do so in a folder of their own.
fn in_a_folder_of_its_own() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let folder = std::env::temp_dir().join(format!("sinew-vocabulary-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::env::set_current_dir(&folder).expect("the folder");
    });
}

fn session() -> (Session, Arc<Mutex<Vec<String>>>) {
    in_a_folder_of_its_own();
    let printed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&printed);
    let options = SessionOptions {
        print: Some(Arc::new(move |text: &str| sink.lock().expect("a lock").push(text.to_string()))),
        sandbox: Sandbox::trusted().memory(100_000_000).time(std::time::Duration::from_secs(20)),
        ..SessionOptions::trusted()
    };
    (Session::new(options), printed)
}

/// Names and numbers of arguments of all functions that we register.
fn registered() -> BTreeSet<(String, usize)> {
    let json = session().0.functions_json(false).expect("metadata");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let functions = json["functions"].as_array().expect("a list of functions");
    functions
        .iter()
        .map(|f| (f["name"].as_str().expect("a name").to_string(), f["numParams"].as_u64().expect("a count") as usize))
        .collect()
}

fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic())
}

#[test]
fn every_registered_function_has_help() {
    let mut missing = Vec::new();
    for (name, _) in registered() {
        let name = name.strip_prefix("get$").unwrap_or(&name);
        let internal = name.contains('$') || matches!(name, "to_string" | "to_debug");
        if is_word(name) && !internal && help(name).is_err() {
            missing.push(name.to_string());
        }
    }
    assert!(missing.is_empty(), "no help for {missing:?}");
    for name in names() {
        assert!(help(&name).is_ok_and(|text| text.len() > 20), "{name}");
    }
}

#[test]
fn every_help_text_has_an_example_that_runs() {
    let vocabulary = vocabulary();
    let entries = vocabulary.entries.iter().map(|entry| (entry.name, entry.example));
    let records = sinew::registry::records().map(|record| (record.verb, record.example));
    let mut count = 0;
    for (name, example) in entries.chain(records) {
        assert!(example.contains(name), "the example of {name} does not use it: {example}");
        let (mut session, printed) = session();
        if let Err(error) = session.eval(example) {
            panic!("the example of {name} fails:\n{example}\n{error}");
        }
        let silent = ["set_seed", "emit", "assert", "warn", "save", "exit"];
        assert!(
            !printed.lock().expect("a lock").is_empty() || silent.contains(&name),
            "{name} shows nothing: {example}"
        );
        count += 1;
    }
    let functions = registered().len();
    println!("{functions} names with their numbers of arguments, {count} examples ran");
    assert!(count > 100, "{count}");
}

/// A value of every type, good and bad, by name.
const VALUES: &str = r#"
let v_unit = (); let v_true = true; let v_zero = 0; let v_int = 3; let v_negative = -2;
let v_huge = 9223372036854775807; let v_least = v_huge * -1 - 1; let v_float = 2.5; let v_tiny = 1e-300; let v_large = 1e300;
let v_nan = 0.0 / 0.0; let v_text = "ebic"; let v_empty_text = ""; let v_char = 'c'; let v_list = [1, 2.5]; let v_mixed = [1, "a", ()];
let v_empty_list = []; let v_nested = [[1, 2], [3]]; let v_map = #{}; let v_wrong_map = #{ nonsense: 1 }; let v_closure = |x| x;
let v_range = 0..3; let v_open = ..; let v_inclusive = 1..=2;
let v_matrix = matrix([[2.0, 0.5, 0.1], [0.5, 1.0, 0.2], [0.1, 0.2, 3.0]]); let v_named = v_matrix.set_names(["a", "b", "c"]);
let v_empty_matrix = zeros(0, 0); let v_no_columns = zeros(3, 0); let v_one = ones(1, 1); let v_nan_matrix = v_matrix * v_nan;
let v_sparse = v_named.sparse(); let v_wide = ones(2, 5); let v_vector = vector([1, 2, 3]); let v_empty_vector = vector([]); let v_mask = v_vector > 1;
let v_matrix_mask = v_matrix > 1; let v_table = example("sachs_edges").head(4); let v_graph = random_graph("band", #{ nodes: 3 });
let v_empty_graph = random_graph("erdos_renyi", #{ nodes: 3, probability: 0 });
let v_x = randn(20, 3, #{ seed: 1 }); let v_fit = v_x.graphical_lasso(#{ lambda: 0.1 });
let v_path = v_x.graphical_lasso_path(#{ n_lambdas: 3 }); let v_model = GraphicalLasso(#{ lambda: 0.1 }); let v_timer = timer();
let v_report = Report("title").add(v_graph);
"#;

/// Values of types that only some methods give.
const VALUES_OF_METHODS: &[(&str, &str)] = &[
    ("uglad", "let v_joint = uglad([v_x, v_x * 2], #{ mode: \"multitask\", epochs: 2, seed: 1 });\n"),
    ("glad", "let v_trained = Glad(#{ steps: 2 }).train([#{ x: v_x, truth: v_matrix }], #{ epochs: 1, seed: 1 });\n"),
];

/// The script that makes all values.
fn script() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    let is_there = |verb: &str| sinew::registry::records().any(|record| record.verb == verb);
    let of_methods = || VALUES_OF_METHODS.iter().filter(|(verb, _)| is_there(verb)).map(|(_, line)| *line);
    SCRIPT.get_or_init(|| std::iter::once(VALUES).chain(of_methods()).collect())
}

fn values() -> Vec<&'static str> {
    let names = script().split("let ").skip(1).map(|part| part.split(' ').next().expect("a name"));
    let unique: BTreeSet<&str> = names.collect();
    assert!(unique.len() > 35);
    unique.into_iter().collect()
}

/// Runs a script that may fail but must not panic.
fn run(session: &mut Session, script: &str) {
    let outcome = catch_unwind(AssertUnwindSafe(|| session.eval(script).map(|_| ())));
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            assert!(error.error.kind() != sinew::ErrorKind::Internal, "{script}: {error}");
            assert!(!error.error.message().is_empty(), "{script}");
        }
        Err(_) => panic!("{script} panicked"),
    }
}

#[test]
fn calling_on_a_property_leaves_its_owner_as_it_was() {
    let (mut session, _) = session();
    session.eval(script()).expect("the values");
    let mut calls = 0;
    for (name, _) in registered() {
        let Some(property) = name.strip_prefix("get$") else { continue };
        for value in values() {
            // Rhai writes a property back after a call on it; that must neither fail nor change anything.
            if session.eval(&format!("{value}.{property}")).is_err() {
                continue;
            }
            calls += 1;
            let script = format!("let copy = {value}; copy.{property}.to_string(); `${{copy}}` == `${{{value}}}`");
            let same = session.eval_as::<bool>(&script).unwrap_or_else(|error| panic!("{script}: {error}"));
            assert!(same || value.contains("timer"), "{script} changed it");
        }
    }
    assert!(calls > 50, "{calls}");
    let names = |owner: &str| format!("let copy = {owner}; copy.names.push(\"x\");");
    for owner in ["v_named", "v_named.row(0)", "v_table"] {
        let error = session.eval(&names(owner)).expect_err(owner);
        assert!(error.error.message().contains("is a copy"), "{owner}: {error}");
    }
}

#[test]
fn wrong_arguments_give_errors_and_never_panics() {
    let (mut session, _) = session();
    session.eval(script()).expect("the values");
    let values = values();
    let mut calls = 0usize;
    for (name, arity) in registered() {
        let mut call = |arguments: &[&str]| {
            let script = match (name.as_str(), arguments) {
                ("index$get$", [a, b]) => format!("{a}[{b}]"),
                ("index$set$", [a, b, c]) => format!("let copy = {a}; copy[{b}] = {c};"),
                // It changes what it is called on.
                ("pad", [a, b, c]) => format!("let copy = {a}; copy.pad({b}, {c});"),
                (_, [a]) if name.starts_with("get$") => format!("{a}.{}", &name[4..]),
                (_, [a]) if !is_word(&name) => format!("{name}{a}"),
                (_, [a, b]) if !is_word(&name) => format!("{a} {name} {b}"),
                _ => format!("{name}({})", arguments.join(", ")),
            };
            run(&mut session, &script);
            calls += 1;
        };
        match arity {
            0 => call(&[]),
            1 => values.iter().for_each(|a| call(&[a])),
            2 => values.iter().for_each(|a| values.iter().for_each(|b| call(&[a, b]))),
            _ => {
                // All triples would be tens of thousands a function: every pair, with each value as the third in turn.
                for (i, a) in values.iter().enumerate() {
                    for (j, b) in values.iter().enumerate() {
                        let c = values[(i * 7 + j * 3) % values.len()];
                        let d = values[(i * 5 + j * 11 + 1) % values.len()];
                        call(&[a, b, c, d][..arity.min(4)]);
                    }
                }
            }
        }
        // As few and as many arguments as nobody expects.
        run(&mut session, &format!("v_matrix.{}(1, 2, 3, 4, 5)", name.trim_start_matches("get$").replace('$', "_")));
    }
    println!("{calls} calls");
    assert!(calls > 20_000, "{calls}");
}

#[test]
fn every_name_can_be_called_and_is_a_map_key() {
    let (session, _) = session();
    let options = sinew::registry::records().flat_map(|record| record.all_options().map(|opt| opt.name));
    let vocabulary = vocabulary();
    let entries = vocabulary.entries.iter().flat_map(|entry| entry.options.iter().map(|opt| opt.name));
    let plain = names().into_iter().filter(|name| !name.starts_with("std/") && !name.contains("::"));
    for name in plain.chain(options.chain(entries).map(String::from)) {
        for script in [format!("let x = 1; x.{name}()"), format!("#{{ {name}: 1 }}.{name}")] {
            assert!(session.engine().compile(&script).is_ok(), "'{name}' is a reserved word: {script}");
        }
    }
}
