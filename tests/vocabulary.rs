//! Every function that scripts can call: it has help, its example runs, and wrong arguments give an error.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once, OnceLock};
use std::time::Instant;

use sinew::ErrorKind;
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
let v_composed = Estimate(#{ lambda: 0.1 }); let v_blob = blob(3); let v_function = Fn("abs");
let v_joint_fit = joint_graphical_lasso([v_x, v_x * 2], #{ penalty: "group", lambda: 0.2, lambda2: 0.1 });
let v_comparison = network_comparison(PartialCorrelation(), v_x, v_x * 2, #{ permutations: 10, seed: 1 });
let v_simulation = sergio(random_grn(#{ genes: 10, seed: 1 }), #{ cell_types: 2, cells: 3, seed: 1 });
"#;

/// A value of a type that builds without figures do not have.
const FIGURE: &str = if cfg!(feature = "plot") { "let v_figure = v_graph.plot();\n" } else { "" };

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
    SCRIPT.get_or_init(|| [VALUES, FIGURE].into_iter().chain(of_methods()).collect())
}

fn values() -> Vec<&'static str> {
    let names = script().split("let ").skip(1).map(|part| part.split(' ').next().expect("a name"));
    let unique: BTreeSet<&str> = names.collect();
    assert!(unique.len() > 50);
    unique.into_iter().collect()
}

/// Runs a script that may fail but must not panic; how it failed.
fn run(session: &mut Session, script: &str) -> Option<ErrorKind> {
    let outcome = catch_unwind(AssertUnwindSafe(|| session.eval(script).map(|_| ())));
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            assert!(error.error.kind() != ErrorKind::Internal, "{script}: {error}");
            assert!(!error.error.message().is_empty(), "{script}");
            Some(error.error.kind())
        }
        Err(_) => panic!("{script} panicked"),
    }
}

/// Draws that are the same in every run.
struct Draws(u64);

impl Draws {
    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        of[((self.0 >> 33) % of.len() as u64) as usize]
    }

    /// A first argument with others behind it.
    fn behind<'a>(&mut self, first: &'a str, count: usize, of: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec![first];
        arguments.extend((1..count).map(|_| self.one(of)));
        arguments
    }
}

/// Calls of a function for each value as its first argument, by which it is seen whether it takes that.
const TRIES: usize = 4;
/// Calls of a function with first arguments that it takes.
const CALLS: usize = 500;

/// Lists of two and more arguments for a function. Most values are refused at the door: those that a function takes first
/// get most of the calls.
fn call_with_many(
    arity: usize,
    values: &[&str],
    draws: &mut Draws,
    mut call: impl FnMut(&[&str]) -> Option<ErrorKind>,
) {
    let mut taken = Vec::new();
    for first in values {
        let mut is_taken = false;
        for _ in 0..TRIES {
            is_taken |= call(&draws.behind(first, arity, values)) != Some(ErrorKind::Function);
        }
        if is_taken {
            taken.push(*first);
        }
    }
    if arity == 2 && taken.len() * values.len() <= CALLS {
        for a in &taken {
            for b in values {
                call(&[a, b]);
            }
        }
    } else if !taken.is_empty() {
        for _ in 0..CALLS {
            let first = draws.one(&taken);
            call(&draws.behind(first, arity, values));
        }
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
    let (mut calls, mut draws, started) = (0usize, Draws(1), Instant::now());
    for (name, arity) in registered() {
        let mut call = |arguments: &[&str]| {
            let script = match (name.as_str(), arguments) {
                ("index$get$", [a, b]) => format!("{a}[{b}]"),
                ("index$set$", [a, b, c]) => format!("let copy = {a}; copy[{b}] = {c};"),
                // They change what they are called on.
                ("pad" | "replace" | "crop", [a, b, c]) => format!("let copy = {a}; copy.{name}({b}, {c});"),
                ("sort" | "sort_by" | "dedup" | "crop", [a, b]) => format!("let copy = {a}; copy.{name}({b});"),
                (_, [a]) if name.starts_with("get$") => format!("{a}.{}", &name[4..]),
                (_, [a, b]) if name.starts_with("set$") => format!("let copy = {a}; copy.{} = {b};", &name[4..]),
                (_, [a]) if !is_word(&name) => format!("{name}{a}"),
                (_, [a, b]) if !is_word(&name) => format!("{a} {name} {b}"),
                _ => format!("{name}({})", arguments.join(", ")),
            };
            calls += 1;
            run(&mut session, &script)
        };
        match arity {
            0 => {
                call(&[]);
            }
            1 => values.iter().for_each(|a| {
                call(&[a]);
            }),
            _ => call_with_many(arity, &values, &mut draws, call),
        }
        // As few and as many arguments as nobody expects.
        run(&mut session, &format!("v_matrix.{}(1, 2, 3, 4, 5)", name.trim_start_matches("get$").replace('$', "_")));
    }
    println!("{calls} calls in {:.1} s", started.elapsed().as_secs_f64());
    assert!(calls > 20_000, "{calls}");
}

#[test]
fn wrong_arguments_of_modules_give_errors_and_never_panics() {
    let (mut session, _) = session();
    session.eval(script()).expect("the values");
    let (values, mut calls, mut draws) = (values(), 0, Draws(2));
    for name in names().iter().filter(|name| name.contains("::")) {
        let module = name.split("::").next().expect("a module");
        for arity in [1, 2, 3] {
            for _ in 0..40 {
                let first = draws.one(&values);
                let arguments = draws.behind(first, arity, &values).join(", ");
                run(&mut session, &format!("import \"std/{module}\" as {module}; {name}({arguments})"));
                calls += 1;
            }
        }
    }
    println!("{calls} calls");
    assert!(calls > 1000, "{calls}");
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
