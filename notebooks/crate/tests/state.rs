//! A notebook's session keeps what scripts made, over many runs and over panics, and nothing that goes wrong is lost.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sinew_notebook::*;

fn text<'a>(bundle: &'a Bundle, mime: &str) -> &'a str {
    bundle.get(mime).and_then(|content| content.as_str()).unwrap_or_default()
}

/// What a run gives as a whole number; the error is shown where it fails.
fn int(rhai: &mut Notebook, code: &str) -> i64 {
    rhai.run(code).get().unwrap_or_else(|error: ScriptError| panic!("{code}\n{error}"))
}

#[test]
fn variables_functions_and_closures_stay_over_ten_runs_and_a_panic() {
    let mut rhai = Notebook::new().with_seed(1);
    rhai.run("let sum = 0; let step = 3; let add = |x| x + step; fn twice(x) { 2 * x }");
    rhai.run("let g = random_graph(\"hub\", #{ nodes: 20, hubs: 2 });");
    for round in 1..=10 {
        assert_eq!(int(&mut rhai, "sum = add.call(sum); sum"), 3 * round);
    }
    let panic: std::thread::Result<()> = catch_unwind(AssertUnwindSafe(|| {
        rhai.run("sum += 1;");
        panic!("in a cell")
    }));
    assert!(panic.is_err());
    for round in 1..=10 {
        assert_eq!(int(&mut rhai, "sum = add.call(sum); twice(sum)"), 2 * (31 + 3 * round));
    }
    assert_eq!(rhai.get::<Graph>("g").map(|graph| graph.n_edges()), Ok(18));
}

#[test]
fn errors_show_line_caret_and_hint_behind_what_was_printed() {
    let mut rhai = Notebook::new();
    rhai.run("let before = 1;");
    let output = rhai.run("print(\"so far\");\nlet x = eye(2);\nx.graphical_lasso(#{ lamda: 0.1 });");
    let shown = output.bundle();
    for mime in ["text/html", "text/plain"] {
        let shown = text(&shown, mime);
        let place = |what: &str| shown.find(what).unwrap_or_else(|| panic!("no {what} in {shown}"));
        assert!(place("so far") < place("error[E010]") && place("E010") < place("run[2]:3:"));
        assert!(shown.contains("^^^") && shown.contains("lambda"));
    }
    assert!(text(&shown, "text/html").contains("sinew-error"));
    assert_eq!(output.error().map(|error| error.position.map(|(line, _)| line)), Some(Some(3)));
    assert_eq!(int(&mut rhai, "before + 1"), 2, "what was set stays");
}

#[test]
fn a_function_that_is_written_in_one_run_is_named_in_the_errors_of_another() {
    let mut rhai = Notebook::new();
    rhai.run("fn broken(x) {\n  x + nothing(1)\n}");
    let error = rhai.run("broken(1)").get::<i64>().expect_err("an error").to_string();
    assert!(error.contains("run[1]:2:") && error.contains("run[2]"), "{error}");
}

#[test]
fn values_go_in_and_come_out_as_types_of_rust() -> sinew::Result<()> {
    let ctx = Context::new().with_seed(1);
    let mut rhai = Notebook::new();
    let x: Matrix = example("sachs", &ctx)?.matrix()?.head(200).log1p()?.standardize()?;
    let fit: Fit = GraphicalLasso::new().lambda(0.2).fit(&x, &ctx)?;
    rhai.set("x", x)?;
    rhai.set("fit", fit.clone())?;
    rhai.set("lambdas", Vector::from(vec![0.2, 0.1]))?;
    rhai.set("array", ndarray::Array2::<f64>::eye(3))?;
    assert_eq!(rhai.run("x.graphical_lasso(#{ lambda: 0.2 }).n_edges").get(), Ok(fit.n_edges()? as i64));
    assert_eq!(rhai.get::<Vec<f64>>("lambdas")?, [0.2, 0.1]);
    assert_eq!(rhai.get::<ndarray::Array2<f64>>("array")?.dim(), (3, 3));
    rhai.run("let t = x.names; let name = \"a\"; let f = |a| a; let list = [1, 2]; let flag = true;");
    assert_eq!((rhai.get::<String>("name")?, rhai.get::<bool>("flag")?), ("a".to_string(), true));
    assert_eq!((rhai.get::<Vec<i64>>("list")?, rhai.get::<Fit>("fit")?.n_edges()?), (vec![1, 2], fit.n_edges()?));
    let wrong = rhai.get::<Graph>("fit").expect_err("another type");
    assert_eq!(wrong.message(), "'fit' is a Fit, not a Graph");
    assert!(rhai.get::<f64>("f").is_err_and(|error| error.message().contains("function")));
    assert_eq!(rhai.get::<f64>("lambda").expect_err("no variable").hint(), Some("did you mean 'lambdas'?"));
    for name in ["a b", "1a", "", "_", "let", "x;"] {
        assert!(rhai.set(name, 1_i64).is_err(), "{name}");
    }
    rhai.run("const fixed = 1;");
    rhai.set("fixed", 2_i64)?;
    assert_eq!(rhai.get::<i64>("fixed")?, 2);
    Ok(())
}

#[test]
fn figures_fits_and_texts_are_one_output() -> sinew::Result<()> {
    let ctx = Context::new().with_seed(1);
    let graph: Graph = hub(12, 2, &ctx)?;
    let figure: Figure = network(&graph, &NetworkOptions::default(), &ctx)?;
    let one = figure.bundle();
    assert!(one.get("application/vnd.plotly.v1+json").is_some());
    let all = [vec![figure.clone(), figure.clone()].bundle(), compose(&[&graph, &figure, &"end"])];
    for bundle in all {
        let blocks = bundle.to_evcxr();
        assert_eq!(blocks.matches("EVCXR_BEGIN_CONTENT text/html\n").count(), 1);
        assert_eq!(blocks.matches("EVCXR_BEGIN_CONTENT text/plain\n").count(), 1);
    }
    let mut rhai = Notebook::new();
    rhai.set("g", graph)?;
    let output = rhai.run("print(\"one\"); display(g); display(g.plot()); print(\"two\"); g.n_edges");
    assert!(output.text().starts_with("one\n") && output.text().ends_with("\ntwo"), "{}", output.text());
    let shown = output.bundle();
    assert!(text(&shown, "text/html").contains("12 nodes") && text(&shown, "text/plain").ends_with("10"));
    assert!(text(&rhai.bundle(), "text/html").contains("Graph"), "a notebook shows its variables");
    Ok(())
}

#[test]
fn limits_and_seeds_hold() {
    let mut rhai = Notebook::new().with_time_limit(std::time::Duration::from_millis(50)).with_seed(7);
    assert_eq!(rhai.seed(), 7);
    let error = rhai.run("loop { }").get::<Value>().expect_err("a limit");
    assert_eq!(error.error.kind(), ErrorKind::Time);
    assert_eq!(int(&mut rhai, "1 + 1"), 2);
}

#[test]
fn scores_read_as_in_scripts() -> sinew::Result<()> {
    let ctx = Context::new().with_seed(1);
    let truth: Matrix = precision(&hub(20, 2, &ctx)?, PrecisionRule::default(), &ctx)?;
    let x: Matrix = sample_gaussian(&truth, 500, &ctx)?;
    let fit: Fit = GraphicalLasso::new().lambda(0.1).fit(&x, &ctx)?;
    let scores: Value = score(truth, fit, &ctx)?;
    assert!(scores.entry("auroc").and_then(Value::as_number).is_some_and(|auroc| auroc > 0.8));
    Ok(())
}
