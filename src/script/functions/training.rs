//! Models that are trained on pairs of data and truth.

use rhai::{Array, Dynamic, Map, NativeCallContext};

use super::super::convert::{Outcome, to_dynamic, to_map, to_options, to_value};
use super::super::records::{Estimator, pass_warnings, text_list};
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::Vector;
use crate::model::{Area, EVERY_TRAINING, Trained};
use crate::registry::method_of;
use crate::value::Value;

/// Properties that trained models of every method have: a record that adds one of that name means its fits.
pub(in crate::script) const OF_TRAINED: &[&str] = &["parameters", "loss_history", "validation_history", "best_epoch"];
/// The verb whose options are those of every method that is trained.
pub(in crate::script) const TRAIN: &str = "train";

/// An example about a trained model.
macro_rules! with_trained {
    ($code:literal) => {
        concat!(
            "let theta = random_graph(\"band\", #{ nodes: 5 }).precision();\n",
            "let pairs = (0..3).map(|k| #{ x: sample_gaussian(theta, 100, #{ seed: k }), truth: theta });\n",
            "let trained = Glad(#{ steps: 3 }).train(pairs, #{ epochs: 2, seed: 1 });\n",
            $code
        )
    };
}

fn train(call: &NativeCallContext<'_>, model: &Estimator, pairs: &Dynamic, options: &Map) -> Outcome<Trained> {
    let trained = model.train(&to_value(pairs)?, &to_options(options)?, &context(call))?;
    pass_warnings(call, trained.verb(), &trained.clone().into());
    Ok(trained)
}

fn fit(call: &NativeCallContext<'_>, trained: &Trained, x: &Dynamic, options: &Map) -> Outcome<Dynamic> {
    let record = method_of(trained)?;
    let fit = record.fit_trained(trained, &to_value(x)?, &to_options(options)?, &context(call))?;
    pass_warnings(call, record.verb, &fit);
    Ok(to_dynamic(&fit))
}

/// The constructor of the method; its verb where there is none.
fn name(trained: &Trained) -> String {
    let constructor = method_of(trained).ok().and_then(|record| record.constructor);
    constructor.unwrap_or(trained.verb()).to_string()
}

fn parameters(trained: &Trained) -> Map {
    let parameters = trained.parameters().iter();
    let entries: Vec<(String, Value)> =
        parameters.map(|parameter| (parameter.name().to_string(), parameter.to_value())).collect();
    to_map(&entries)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Recover);
    b.verb(
        TRAIN,
        "model.train(pairs) -> TrainedModel\nmodel.train(pairs, #{ epochs, seed, .. }) -> TrainedModel",
        "Train a method on a list of maps #{ x, truth, regulators }, as grn_pair gives them; help(\"Glad\") lists the options of a method's training",
        with_trained!("print(trained);\nprint(trained.fit(sample_gaussian(theta, 50)).n_edges);"),
    )
    .options(EVERY_TRAINING)
    .on(|call: NativeCallContext<'_>, model: &mut Estimator, pairs: Dynamic| train(&call, model, &pairs, &Map::new()))
    .on(|call: NativeCallContext<'_>, model: &mut Estimator, pairs: Dynamic, options: Map| {
        train(&call, model, &pairs, &options)
    });
    b.extend("fit")
        .on_any(|call: NativeCallContext<'_>, trained: &mut Trained, x: Dynamic| fit(&call, trained, &x, &Map::new()))
        .on_any(|call: NativeCallContext<'_>, trained: &mut Trained, x: Dynamic, options: Map| {
            fit(&call, trained, &x, &options)
        });
    what_training_found(b);
    what_fits_have_too(b);
    #[cfg(feature = "plot")]
    figures::define(b);
}

fn what_training_found(b: &mut Builder) {
    b.property(
        "parameters",
        "trained.parameters -> map",
        "What training found, by name: numbers, Vectors, Matrices",
        with_trained!("print(trained.parameters.keys());"),
    )
    .get_map(|trained: &mut Trained| parameters(trained));
    b.property(
        "loss_history",
        "trained.loss_history -> Vector",
        "Training loss of every epoch",
        with_trained!("print(trained.loss_history);"),
    )
    .get(|trained: &mut Trained| Vector::from(trained.loss_history().to_vec()));
    b.property(
        "validation_history",
        "trained.validation_history -> Vector",
        "Loss of every epoch on pairs that training does not see, NaN where it was not looked at; () where there are none",
        with_trained!("print(trained.validation_history);"),
    )
    .get_any(|trained: &mut Trained| {
        let history = trained.validation_history();
        history.map_or(Dynamic::UNIT, |losses| Dynamic::from(Vector::from(losses.to_vec())))
    });
    b.property(
        "best_epoch",
        "trained.best_epoch -> int",
        "The epoch whose parameters were kept, a position in the histories",
        with_trained!("print(trained.loss_history[trained.best_epoch]);"),
    )
    .get(|trained: &mut Trained| trained.best_epoch() as i64);
}

fn what_fits_have_too(b: &mut Builder) {
    b.extend("name").get(|trained: &mut Trained| name(trained));
    b.extend("method").get(|trained: &mut Trained| trained.verb().to_string());
    b.extend("options").get_map(|trained: &mut Trained| to_map(trained.options()));
    b.extend("seconds").get(|trained: &mut Trained| trained.seconds());
    b.extend("seed").get(|trained: &mut Trained| trained.seed() as i64);
    b.extend("warnings")
        .get_list(|trained: &mut Trained| -> Array { text_list(trained.warnings().iter().map(String::as_str)) });
    b.extend("summary").on(|trained: &mut Trained| trained.to_string());
}

#[cfg(feature = "plot")]
mod figures {
    use rhai::Map;

    use super::super::super::convert::{Outcome, check_options};
    use super::super::super::vocabulary::Builder;
    use super::super::charts::{TITLE, X_LABEL, Y_LABEL, unknown_kind, with_titles};
    use crate::model::Trained;
    use crate::options::Opt;
    use crate::plot::{Figure, loss_curve};

    const LOSS: &[Opt] = &[TITLE, X_LABEL, Y_LABEL];

    fn plot(trained: &Trained, kind: &str, options: &Map) -> Outcome<Figure> {
        if kind != "loss" {
            return Err(unknown_kind("a trained model", kind, &["loss"]).into());
        }
        let options = check_options("plot(\"loss\")", LOSS, options)?;
        Ok(with_titles(loss_curve(trained)?, &options))
    }

    pub(super) fn define(b: &mut Builder) {
        b.extend("plot")
            .on(|trained: &mut Trained| plot(trained, "loss", &Map::new()))
            .on(|trained: &mut Trained, options: Map| plot(trained, "loss", &options))
            .on(|trained: &mut Trained, kind: &str| plot(trained, kind, &Map::new()))
            .on(|trained: &mut Trained, kind: &str, options: Map| plot(trained, kind, &options));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::notebook::bundle;
    use crate::script::{Checker, Session, definitions, help, methods_json};

    /// Pairs of data and truth, and a model that was trained on them.
    const TRAINED: &str = "let theta = matrix([[2, 0.5, 0], [0.5, 2, 0.5], [0, 0.5, 2]]);\n\
        let pairs = (0..3).map(|k| #{ x: sample_gaussian(theta, 20, #{ seed: k }), truth: theta });\n\
        let x = sample_gaussian(theta, 30, #{ seed: 9 });\n\
        let model = DummyTrained(#{ offset: 1.0 });\n\
        let trained = model.train(pairs, #{ epochs: 4, seed: 1 });\n";

    fn session() -> Session {
        let mut session = Session::trusted();
        session.eval(TRAINED).expect("a trained model");
        session
    }

    fn data(script: &str) -> Json {
        session().eval(script).unwrap_or_else(|error| panic!("{script}\n{error}")).to_json()
    }

    fn error(script: &str) -> crate::Error {
        *session().eval(script).map(|_| ()).unwrap_err().error
    }

    #[test]
    fn a_model_is_trained_and_fits() {
        assert_eq!(
            data("[trained.name, trained.method, type_of(trained)]"),
            json!(["DummyTrained", "dummy_trained", "TrainedModel"])
        );
        assert_eq!(
            data("[trained.fit(x).dummy_weight, trained.fit(x, #{ offset: 0.0 }).dummy_weight]"),
            json!([2.0, 1.0])
        );
        assert_eq!(data("[x.dummy_trained().dummy_weight, model.fit(x).dummy_weight]"), json!([1.0, 2.0]));
        assert_eq!(data("[trained.best_epoch, trained.seed, trained.options.epochs]"), json!([2, 1, 4]));
        assert_eq!(data("[trained.loss_history.len, trained.validation_history[0]]"), json!([4, 2.0]));
        assert_eq!(data("trained.parameters.weight.to_array()"), json!([1.0, 1.0]));
        assert_eq!(data("trained.dummy_weight"), Json::Null);
        assert_eq!(data("trained.to_map().pairs"), json!(3));
        assert_eq!(data("trained.summary() == `${trained}`"), json!(true));
    }

    #[test]
    fn warnings_of_training_and_of_fits_are_shown() {
        let mut session = session();
        session.eval("model.train(pairs, #{ epochs: 1000, max_seconds: 1e-9 })").expect("a model");
        assert!(session.warnings()[0].starts_with("dummy_trained: max_seconds ended training after 1 of 1000"));
    }

    #[test]
    fn mistakes_say_where_things_belong() {
        let other = error("GraphicalLasso().train(pairs)");
        assert_eq!(other.message(), "graphical_lasso is not trained on pairs");
        assert!(
            other.hint().is_some_and(|hint| hint.starts_with("methods that are: ") && hint.contains("DummyTrained"))
        );
        assert!(
            error("DummyTrained(#{ epochs: 2 })").hint().is_some_and(|hint| hint.contains(".train(pairs, #{ epochs"))
        );
        assert!(error("model.train(pairs, #{ offset: 2 })").message().contains("belongs to the model"));
        assert!(error("model.train(pairs[0])").hint().is_some_and(|hint| hint.contains("[pair]")));
        assert!(error("model.train([#{ x: x, truth: eye(4) }])").message().contains("pair 0: x has 3 columns"));
        assert!(error("trained.fit([x, x])").message().contains("must be a Matrix or a Table"));
        assert!(error("model.train(pairs, 5)").message().contains("train does not take"));
    }

    #[test]
    fn a_file_is_read_back_and_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (good, wrong) = (path("model.json"), path("wrong.json"));
        let script = format!(
            "trained.save(\"{good}\"); let back = load(\"{good}\"); [back.to_json() == trained.to_json(), back.fit(x).dummy_weight]"
        );
        assert_eq!(data(&script), json!([true, 2.0]));
        let mut json: Json = serde_json::from_slice(&std::fs::read(&good).unwrap()).unwrap();
        for (key, value, part) in [
            ("parameters", json!([]), "has no parameter 'weight'"),
            ("method", json!("dummy_traind"), "no method 'dummy_traind'"),
            ("method", json!("graphical_lasso"), "graphical_lasso is not trained"),
            ("format_version", json!(99), "format 99"),
        ] {
            json[key] = value;
            std::fs::write(&wrong, json.to_string()).unwrap();
            let error = error(&format!("load(\"{wrong}\")"));
            assert!(error.message().contains(part) && error.message().contains("wrong.json"), "{error}");
        }
        assert!(error("trained.save(\"model.csv\")").message().contains("cannot tell the format"));
    }

    #[test]
    fn help_editors_and_other_programs_know_about_training() {
        let text = help("DummyTrained").unwrap();
        for part in
            [".train(pairs, #{ .. }) -> TrainedModel", "Options of .train(pairs, #{ .. })", "  rate ", "  checkpoint "]
        {
            assert!(text.contains(part), "{text}");
        }
        assert!(help("dummy_weight").unwrap().starts_with("fit.dummy_weight\ntrained.dummy_weight\n"));
        let text = definitions();
        for line in [
            "fn train(model: Estimator, pairs: ?, options: Map) -> TrainedModel;",
            "fn fit(trained: TrainedModel, x: ?) -> Fit;",
            "fn get dummy_weight(trained: TrainedModel) -> ?;",
            "fn get best_epoch(trained: TrainedModel) -> int;",
        ] {
            assert!(text.lines().any(|found| found == line), "no line {line}");
        }
        let records = methods_json()["records"].as_array().unwrap().clone();
        let record = records.iter().find(|record| record["verb"] == "dummy_trained").unwrap();
        assert_eq!((&record["trainable"], &record["training_options"][1]["name"]), (&json!(true), &json!("rate")));
        let script = "DummyTrained().train(pairs, #{ ra";
        let found = session().complete(script, script.len()).candidates;
        assert!(found.iter().any(|found| found.text == "rate"), "{found:?}");
        let wrong = Checker::new().unwrap().check("let p = []; print(DummyTrained().train(p, #{ rte: 1 }));", "test");
        assert!(wrong[0].message.contains("unknown option 'rte'"), "{}", wrong[0]);
        let right = "let p = []; print(DummyTrained().train(p, #{ rate: 1, max_seconds: 2.5 }));";
        assert!(Checker::new().unwrap().check(right, "test").is_empty());
    }

    #[test]
    fn notebooks_show_a_card() {
        let value = session().eval("trained").unwrap();
        let bundle = bundle(&value);
        let html = bundle.get("text/html").unwrap().as_str().unwrap();
        assert!(html.contains("TrainedModel of dummy_trained") && html.contains("4 epochs"), "{html}");
        assert_eq!(html.matches("<img").count(), usize::from(cfg!(feature = "plot")));
    }

    #[cfg(feature = "plot")]
    #[test]
    fn the_loss_is_drawn() {
        for plot in ["trained.plot()", "trained.plot(\"loss\", #{ title: \"t\" })", "trained.plot(#{ title: \"t\" })"] {
            assert!(data(&format!("`${{{plot}}}`")).as_str().unwrap().contains("loss of 4 epochs"), "{plot}");
        }
        assert!(error("trained.plot(\"los\")").hint().is_some_and(|hint| hint.contains("loss")));
    }
}
