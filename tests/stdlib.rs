//! The modules that come with sinew: their examples run, also in a sandbox, and they say what is wrong.

#[path = "common/scripts.rs"]
mod scripts;

use std::sync::{Arc, Mutex};

use sinew::ErrorKind;
use sinew::script::{Sandbox, Session, SessionOptions, help, names, search, std_modules};

/// A session with a seed that prints into a list; a sandbox unless it is trusted.
fn session(trusted: bool, threads: usize) -> (Session, Arc<Mutex<Vec<String>>>) {
    let printed = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&printed);
    let sandbox = if trusted { Sandbox::trusted() } else { Sandbox::new() };
    let options = SessionOptions {
        seed: Some(1),
        sandbox: sandbox.threads(threads).time(std::time::Duration::from_secs(60)),
        print: Some(Arc::new(move |text: &str| sink.lock().expect("a lock").push(text.to_string()))),
        ..SessionOptions::default()
    };
    (Session::new(options), printed)
}

/// What a script prints.
fn printed(script: &str, trusted: bool, threads: usize) -> Vec<String> {
    let (mut session, printed) = session(trusted, threads);
    if let Err(error) = session.eval(script) {
        panic!("{script}\n{error}");
    }
    std::mem::take(&mut *printed.lock().expect("a lock"))
}

/// The error of a script in a sandbox.
fn error(script: &str) -> sinew::script::ScriptError {
    match session(false, 1).0.eval(script) {
        Err(error) => error,
        Ok(value) => panic!("{script} gives {value}"),
    }
}

fn in_a_folder_of_its_own() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let folder = std::env::temp_dir().join(format!("sinew-stdlib-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        std::env::set_current_dir(&folder).expect("the folder");
    });
}

#[test]
fn every_example_runs_and_says_the_same_on_any_number_of_threads() {
    in_a_folder_of_its_own();
    let mut count = 0;
    for function in std_modules().iter().flat_map(|module| &module.functions) {
        // A sandbox writes no files.
        let trusted = function.example.contains(".save(");
        let one = printed(&function.example, trusted, 1);
        assert!(!one.is_empty(), "{}", function.name);
        assert_eq!(one, printed(&function.example, true, 2), "{}", function.name);
        count += 1;
    }
    assert!(count >= 14, "{count}");
}

#[test]
fn modules_are_known_to_help() {
    for module in std_modules() {
        let text = help(module.path).expect("help");
        assert!(text.starts_with(&format!("import \"{}\" as {};", module.path, module.name)), "{text}");
        assert!(names().contains(&module.path.to_string()));
        for function in &module.functions {
            assert!(text.contains(&function.name), "{}", function.name);
            let own = help(&function.name).expect("help");
            assert!(own.contains(&function.usage) && own.contains("Example"), "{own}");
        }
    }
    assert!(search("resamples of the rows").iter().any(|(name, _)| name == "stability::edge_frequency"));
    let error = help("stability::edge_frequncy").expect_err("a name that is not there");
    assert!(error.to_string().contains("stability::edge_frequency"), "{error}");
}

#[test]
fn unknown_modules_and_functions_are_named() {
    let wrong = error("import \"std/stabilty\" as s;");
    assert_eq!(wrong.error.kind(), ErrorKind::File);
    assert!(wrong.to_string().contains("did you mean 'std/stability'?"), "{wrong}");
    assert!(error("import \"std/nonsense_of_mine\" as s;").to_string().contains("std/consensus"));
    assert!(error("import \"own\" as s;").to_string().contains("there is no module 'own'"));
    let wrong = error("import \"std/stability\" as stability;\nstability::edge_frequncy(1, 2)").to_string();
    assert!(wrong.contains("stability::edge_frequency"), "{wrong}");
}

#[test]
fn wrong_arguments_are_errors_with_their_place() {
    let import = |module: &str, call: &str| {
        error(&format!(
            "import \"std/{module}\" as m;\nlet x = randn(40, 4, #{{ seed: 1 }});\nlet glasso = GraphicalLasso(#{{ lambda: 0.2 }});\n{call}"
        ))
        .to_string()
    };
    for (module, call, part) in [
        ("stability", "m::edge_frequency(glasso, x, #{ resample: 10 })", "did you mean 'resamples'?"),
        ("stability", "m::edge_frequency(glasso, x, 3)", "the options of edge_frequency are a map"),
        ("stability", "m::edge_frequency(glasso, x, #{ resamples: \"10\" })", "must be a whole number"),
        ("stability", "m::stable_graph(glasso, x, #{ threshold: 0.4 })", "above 0.5"),
        ("stability", "m::stable_graph(glasso, x, #{ errors: 0 })", "must be above 0"),
        ("stability", "m::stability_path(GraphicalLasso(), x, #{})", "needs the penalties"),
        ("consensus", "m::vote([])", "a list of graphs or fits"),
        ("consensus", "m::consensus_graph([glasso.fit(x)], #{ at_least: 2 })", "a number of the 1 graphs"),
        ("consensus", "m::agreement([glasso.fit(x)], #{ measure: \"jacard\" })", "must be \"jaccard\" or \"kappa\""),
        ("consensus", "m::vote([glasso.fit(x), randn(9, 3).graphical_lasso(#{ lambda: 0.2 })])", "different numbers"),
        ("compare", "m::compare_groups([x], glasso)", "at least two groups"),
        ("pipeline", "m::pipeline([])", "a list of steps"),
        ("pipeline", "m::pipeline([glasso, \"log1p\"])", "step 1 is a method"),
        ("pipeline", "m::run(m::pipeline([\"lgo1p\"]), x)", "there is no function 'lgo1p'"),
        ("report", "m::report(glasso.fit(x), #{ stability: true })", "takes one fit and its data"),
        ("report", "m::report([])", "a fit, a joint fit or a list of fits"),
    ] {
        let text = import(module, call);
        assert!(text.contains(part), "{call}\n{text}");
        assert!(text.contains(&format!("std/{module}")) || part.contains("function"), "{call}\n{text}");
    }
}

#[test]
fn frequencies_are_those_of_edge_stability() {
    scripts::check(
        "import \"std/stability\" as s; let x = example(\"sachs\").head(150).log1p().standardize(); \
         let m = GraphicalLasso(#{ lambda: 0.25 }); let o = #{ resamples: 20, seed: 3 };",
        &[
            (
                "let t = edge_stability(m, x, o); let g = s::edge_frequency(m, x, o); \
                 g.n_edges == t.filter(|row| row.frequency > 0.0).rows && g.edges(#{ top: 1 })[0].weight == t[\"frequency\"][0]",
                true.into(),
            ),
            ("s::edge_frequency(m, x, o + #{ threshold: 0.8 }).edges().all(|e| e.weight >= 0.8)", true.into()),
            ("s::edge_frequency(m.fit(x), x, o) == s::edge_frequency(m, x, o)", true.into()),
            ("s::edge_frequency(GraphicalLasso(#{ lambda: 9 }), x, o).n_edges", 0.into()),
            ("s::edge_frequency(Genie3(#{ trees: 3 }), x.head(60), #{ resamples: 3 }).directed", true.into()),
            ("s::stable_graph(m, x, o + #{ errors: 2 }).bound <= 2.0 + 1e-9", true.into()),
            (
                "let t = x.graphical_lasso(#{ lambda: \"tune\", penalty: \"matrix\", steps: 2, seed: 1 }); \
                 s::edge_frequency(t, x, o) == s::edge_frequency(GraphicalLasso(#{ lambda: t.lambda }), x, o)",
                true.into(),
            ),
        ],
    );
}

#[test]
fn votes_means_and_agreement_are_right() {
    scripts::check(
        "import \"std/consensus\" as c; \
         let a = graph_from_matrix(matrix([[0, 2, 0], [2, 0, 1], [0, 1, 0]]).set_names([\"u\", \"v\", \"w\"])); \
         let b = graph_from_matrix(matrix([[0, 0, 4], [0, 0, 0], [4, 0, 0]]).set_names([\"w\", \"v\", \"u\"])); \
         let d = graph_from_matrix(matrix([[0, -1, 0], [-1, 0, 0], [0, 0, 0]]).set_names([\"u\", \"v\", \"w\"]));",
        &[
            // u-v in a and d, v-w in a, u-w in b.
            ("c::vote([a, b, d]).to_matrix()[[\"u\", \"v\"]]", (2.0 / 3.0).into()),
            ("c::vote([a, b, d]).n_edges", 3.into()),
            ("c::consensus_graph([a, b, d], #{ at_least: 2 }).edges().map(|e| e.weight)", vec![0.5].into()),
            ("c::consensus_graph([a, b, d], #{ at_least: 0.3 }).n_edges", 3.into()),
            ("c::mean_network([a, b, d]).to_matrix()[[\"u\", \"w\"]]", (4.0 / 3.0).into()),
            ("c::agreement([a, d])[[0, 1]]", 0.5.into()),
            ("c::agreement([a, b])[[0, 1]]", 0.0.into()),
            // a and d agree on 2 of 3 pairs, by chance on (2 * 1 + 1 * 2) / 9.
            ("c::agreement([a, d], #{ measure: \"kappa\" })[[0, 1]]", ((2.0 / 3.0 - 4.0 / 9.0) / (5.0 / 9.0)).into()),
            ("c::vote([a, b]).names", serde_json::json!(["u", "v", "w"])),
        ],
    );
}

#[test]
fn graphs_are_compared_edge_by_edge() {
    scripts::check(
        "import \"std/compare\" as c; \
         let a = graph_from_matrix(matrix([[0, 2, 0], [2, 0, 1], [0, 1, 0]])); \
         let b = graph_from_matrix(matrix([[0, -2, 5], [-2, 0, 0], [5, 0, 0]]));",
        &[
            ("c::overlap(a, b).both", 1.into()),
            ("c::overlap(a, b).same_sign", 0.into()),
            ("c::overlap(a, b).jaccard", (1.0 / 3.0).into()),
            ("c::overlap(a, a.diff(a)).first", 2.into()),
            ("c::difference(a, b)[\"found\"].len()", 3.into()),
            ("c::difference(a, b).filter(|row| row.found == \"sign\").rows", 1.into()),
        ],
    );
}

#[test]
fn steps_of_pipelines_are_verbs_functions_and_methods() {
    scripts::check(
        "import \"std/pipeline\" as p; let x = example(\"sachs\").head(100); let k = 50;",
        &[
            (
                "p::run(p::pipeline([\"log1p\", \"standardize\"]), x).sum() == x.log1p().standardize().sum()",
                true.into(),
            ),
            ("p::run(p::pipeline([|x| x.head(k), |x| x.select(0..3)]), x).shape", serde_json::json!([50, 3])),
            ("p::run(p::pipeline([\"log1p\", GraphicalLasso(#{ lambda: 0.1 })]), x).method", "graphical_lasso".into()),
            ("p::run(p::pipeline([#{ verb: \"top_variance\", argument: 4 }]), x).cols", 4.into()),
        ],
    );
}

#[test]
fn functions_of_modules_stay_for_later_cells_and_run_within_functions() {
    let (mut session, _) = session(false, 1);
    session
        .eval_cell("import \"std/consensus\" as c;\nlet g = random_graph(\"ring\", #{ nodes: 5 });", "In[1]")
        .expect("a cell");
    session.eval_cell("fn twice(g) { c::vote([g, g]).n_edges }", "In[2]").expect("a cell");
    assert_eq!(
        session.eval_as::<i64>("par_map(0..3, |k| twice(g)).len() + c::vote([g]).n_edges").expect("a number"),
        8
    );
}

#[test]
fn a_file_of_ones_own_is_imported_beside_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = "import \"std/consensus\" as c;\nfn edges(g) { c::vote([g]).n_edges }";
    std::fs::write(folder.path().join("own.rhai"), own).expect("a file");
    let path = folder.path().join("own").display().to_string();
    let script = format!("import {path:?} as own;\nown::edges(random_graph(\"ring\", #{{ nodes: 5 }}))");
    assert_eq!(Session::trusted().eval_as::<i64>(&script).expect("a number"), 5);
    assert!(Session::sandboxed().eval(&script).is_err(), "a sandbox imports no files");
}
