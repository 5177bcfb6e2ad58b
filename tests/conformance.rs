//! What every method in the registry must do, with no line here for any of them.

mod common;

use std::time::{Duration, Instant};

use common::correlated;
use sinew::data::Names;
use sinew::model::{Fit, JointFit, Path, Record, Trained, value_from_json, value_to_json};
use sinew::{Context, Error, ErrorKind, Matrix, Value, registry};

/// A result without what differs from run to run.
fn stable(value: &Value) -> serde_json::Value {
    let mut json = value.to_json();
    if let Some(map) = json.as_object_mut() {
        map.remove("seconds");
        // Of a joint fit, those of every fit in it.
        for fit in map.get_mut("fits").and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
            if let Some(fit) = fit.as_object_mut() {
                fit.remove("seconds");
            }
        }
    }
    json
}

fn fit(record: &Record, x: &Matrix, options: &[(&str, Value)], ctx: &Context) -> sinew::Result<Value> {
    let options: Vec<(String, Value)> = options.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    record.call(&[x.clone().into()], &options, ctx)
}

fn data() -> Matrix {
    let names = ["a", "b", "c", "d", "e", "f"].map(String::from).to_vec();
    let x = correlated(60, 6, 0.7, 4).standardize().expect("data");
    x.with_names(Some(Names::new(names, "columns").expect("names"))).expect("names")
}

fn each(check: impl Fn(&'static Record)) {
    let mut count = 0;
    for record in registry::methods() {
        check(record);
        count += 1;
    }
    assert!(count >= 2);
}

#[test]
fn defaults_run_and_names_are_kept() {
    each(|record| {
        let result = fit(record, &data(), &[], &Context::new().with_seed(1)).expect(record.verb);
        if let Some(joint) = result.object::<JointFit>() {
            // Its fits are over factors; the variables are the rows of their projection.
            for property in record.adds {
                assert!(joint.added(property.name).is_ok(), "{} has no {}", record.verb, property.name);
            }
            assert_eq!(variables_of(joint), "abcdef", "{}", record.verb);
            assert!(result.to_string().lines().count() > 2, "{result}");
            return;
        }
        let fit = match (result.object::<Fit>(), result.object::<Path>()) {
            (Some(fit), _) => fit.clone(),
            (_, Some(path)) => path.fit(path.points().len() - 1, &Context::new()).expect("a fit"),
            _ => panic!("{} gives a {}", record.verb, result.type_name()),
        };
        assert_eq!(fit.names().map(|names| names.as_slice().join("")), Some("abcdef".into()), "{}", record.verb);
        assert_eq!(fit.graph(0.0).expect("a graph").labels().as_slice().join(""), "abcdef", "{}", record.verb);
        for property in record.adds {
            let of_fit = fit.added(property.name).is_ok();
            assert!(of_fit || is_added_elsewhere(record, property.name), "{} has no {}", record.verb, property.name);
        }
        assert!(result.to_string().lines().count() > 2, "{result}");
    });
}

/// The variables of a joint fit, whether its fits are over them or over factors of them.
fn variables_of(joint: &JointFit) -> String {
    let projection = joint.added("projection").ok().and_then(|value| value.object::<Matrix>());
    let names = projection.map_or_else(|| joint.names(), Matrix::row_names);
    names.map(|names| names.as_slice().join("")).unwrap_or_default()
}

#[test]
fn one_seed_gives_one_answer_at_any_number_of_threads() {
    each(|record| {
        let run = |threads| {
            let ctx = Context::new().with_threads(threads).with_seed(7);
            stable(&fit(record, &data(), &[], &ctx).expect(record.verb))
        };
        assert_eq!(run(1), run(2), "{}", record.verb);
        assert_eq!(run(1), run(4), "{}", record.verb);
    });
}

#[test]
fn a_cancel_stops_within_200_ms() {
    let x = correlated(600, 300, 0.8, 1).standardize().expect("data");
    each(|record| {
        // Wherever in the fit the cancel falls, it ends soon after.
        for delay in [1, 5, 20, 80] {
            let ctx = Context::new();
            let handle = ctx.cancel_handle();
            let late = std::thread::scope(|scope| {
                let stopper = scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(delay));
                    handle.cancel();
                    Instant::now()
                });
                let result = fit(record, &x, &[], &ctx);
                let ended = Instant::now();
                let cancelled = stopper.join().expect("the thread");
                result.map_or_else(|error| Some((error, ended.saturating_duration_since(cancelled))), |_| None)
            });
            if let Some((error, late)) = late {
                assert_eq!(error.kind(), ErrorKind::Cancelled, "{}: {error}", record.verb);
                assert!(late < Duration::from_millis(200), "{}: {late:?}", record.verb);
            }
        }
        let late = Context::new();
        late.cancel_handle().cancel();
        assert_eq!(
            fit(record, &x, &[], &late).map(|_| ()).unwrap_err().kind(),
            ErrorKind::Cancelled,
            "{}",
            record.verb
        );
    });
}

#[test]
fn a_memory_limit_and_a_deadline_are_errors() {
    let x = correlated(50, 200, 0.1, 1).standardize().expect("data");
    each(|record| {
        let small = Context::new().with_memory_limit(1000);
        assert_eq!(fit(record, &x, &[], &small).map(|_| ()).unwrap_err().kind(), ErrorKind::Memory, "{}", record.verb);
        let late = Context::new().with_time_limit(Duration::ZERO);
        assert_eq!(fit(record, &x, &[], &late).map(|_| ()).unwrap_err().kind(), ErrorKind::Time, "{}", record.verb);
    });
}

#[test]
fn results_are_json_that_reads_back() {
    each(|record| {
        let json = fit(record, &data(), &[], &Context::new()).expect(record.verb).to_json();
        let text = json.to_string();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), json, "{}", record.verb);
    });
}

#[test]
fn hostile_data_are_errors_that_name_the_place() {
    let good = data();
    let with = |row: usize, col: usize, value: f64| {
        let mut x = good.clone();
        x.fill(&[row], &[col], value);
        x
    };
    let cases: Vec<(Matrix, &str)> = vec![
        (with(3, 1, f64::NAN), "NaN in row 3, column 'b'"),
        (with(5, 4, f64::INFINITY), "inf in row 5, column 'e'"),
        (good.head(1), "one sample"),
        (good.head(0), "there is no data"),
    ];
    each(|record| {
        for (x, part) in &cases {
            let result = fit(record, x, &[], &Context::new());
            // A method that is given data as they are may take a missing value.
            if result.is_ok() && record.accepts.takes_missing() && part.starts_with("NaN") {
                continue;
            }
            let error = result.map(|_| ()).unwrap_err();
            assert!(error.message().contains(part), "{}: {error}", record.verb);
            assert_eq!(error.exit_code(), 3, "{}: {error}", record.verb);
        }
    });
}

#[test]
fn a_constant_column_is_an_error_or_a_warning_that_names_it() {
    let mut x = data();
    x.fill(&(0..60).collect::<Vec<_>>(), &[2], 1.5);
    each(|record| match fit(record, &x, &[], &Context::new()) {
        Ok(result) => {
            assert!(record.accepts.takes_constants(), "{}", record.verb);
            let fit = result.object::<Fit>().expect("a fit");
            assert!(fit.warnings()[0].contains("column 'c' is constant"), "{}: {fit}", record.verb);
            let graph = fit.graph(0.0).expect("a graph");
            assert!(graph.n_nodes() == 6 && graph.edges().iter().all(|edge| edge.source != 2 && edge.target != 2));
        }
        Err(error) => {
            let may_refuse = !record.accepts.takes_constants() || record.accepts.takes_missing();
            assert!(may_refuse, "{}: {error}", record.verb);
            assert!(error.message().contains("column 'c' is constant"), "{}: {error}", record.verb);
            assert_eq!(error.exit_code(), 3, "{}: {error}", record.verb);
        }
    });
}

#[test]
fn hostile_options_are_errors() {
    let error_of = |record, options: &[(&str, Value)]| -> Error {
        fit(record, &data(), options, &Context::new()).map(|_| ()).unwrap_err()
    };
    each(|record| {
        let error = error_of(record, &[("nonsense", Value::Int(1))]);
        assert!(error.kind() == ErrorKind::Option && error.message().contains("unknown option 'nonsense'"), "{error}");
        for opt in record.all_options() {
            // A function's name is in no option's range, and neither is a list of nothing but that.
            let error = error_of(record, &[(opt.name, Value::Map(vec![]))]);
            assert!(error.message().contains(opt.name), "{}: {error}", record.verb);
            assert!(!opt.help.is_empty() && !opt.describe().is_empty(), "{} {}", record.verb, opt.name);
        }
    });
}

#[test]
fn covariances_are_checked() {
    let s =
        |rows: &[[f64; 2]]| Matrix::from_rows(&rows.iter().map(|row| row.to_vec()).collect::<Vec<_>>()).expect("rows");
    let cases = [
        (s(&[[1.0, 0.5], [0.4, 1.0]]), "not symmetric"),
        (s(&[[1.0, 0.5]]), "a covariance matrix is square"),
        (s(&[[1.0, f64::NAN], [f64::NAN, 1.0]]), "NaN"),
        (s(&[[0.0, 0.0], [0.0, 1.0]]), "variance of column 0 is 0"),
    ];
    each(|record| {
        if !record.accepts.takes_covariance() {
            return;
        }
        for (s, part) in &cases {
            let options = [("covariance", Value::Bool(true)), ("n", Value::Int(10))];
            let error = fit(record, s, &options, &Context::new()).map(|_| ()).unwrap_err();
            assert!(error.message().contains(part), "{}: {error}", record.verb);
        }
        let error = fit(record, &data(), &[("n", Value::Int(10))], &Context::new()).map(|_| ()).unwrap_err();
        assert!(error.message().contains("goes with `covariance: true`"), "{}: {error}", record.verb);
    });
}

/// Data and a truth for every method that is trained: a chain of the six variables, as a precision matrix, with two
/// regulators.
fn pairs() -> Value {
    let names = data().names().cloned();
    let theta = Matrix::from_fn(6, 6, |i, j| match i.abs_diff(j) {
        0 => 2.0,
        1 => 0.7,
        _ => 0.0,
    });
    let theta = theta.with_names(names).expect("names");
    let regulators = Value::List(vec!["a".into(), "c".into()]);
    let pair = |seed: u64| {
        let x = correlated(60, 6, 0.7, seed).with_names(data().names().cloned()).expect("names");
        let entries: [(&str, Value); 3] =
            [("x", x.into()), ("truth", theta.clone().into()), ("regulators", regulators.clone())];
        Value::Map(entries.map(|(name, value)| (name.to_string(), value)).to_vec())
    };
    Value::List(vec![pair(1), pair(2)])
}

/// A model after two epochs, or half a second where the method does not count epochs.
fn trained(record: &Record, pairs: &Value, ctx: &Context) -> sinew::Result<Trained> {
    let short = match record.training_options().any(|opt| opt.name == "epochs") {
        true => ("epochs".to_string(), Value::Int(2)),
        false => ("max_seconds".to_string(), Value::Float(0.5)),
    };
    record.train(pairs, &[], &[short], ctx)
}

/// Two data sets with the same variables, in different orders.
fn sets() -> Value {
    let x = data();
    let rows: Vec<usize> = (0..40).collect();
    Value::List(vec![x.clone().into(), x.pick(&rows, &[5, 4, 3, 2, 1, 0]).into()])
}

/// The joint fit of two data sets; none where the method asks for an option first.
fn joint(record: &Record, ctx: &Context) -> Option<JointFit> {
    match record.call(&[sets()], &[], ctx) {
        Ok(result) => Some(result.object::<JointFit>().expect("a joint fit").clone()),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Option, "{}: {error}", record.verb);
            None
        }
    }
}

/// Whether a property is one of joint fits or of trained models.
fn is_added_elsewhere(record: &Record, name: &str) -> bool {
    let ctx = Context::new().with_seed(1);
    let of_joint = record.takes_several() && joint(record, &ctx).is_none_or(|joint| joint.added(name).is_ok());
    let of_trained = || {
        let trained = record.trainable().map(|_| trained(record, &pairs(), &ctx).expect(record.verb));
        trained.is_some_and(|trained| trained.added(name).is_ok())
    };
    of_joint || of_trained()
}

#[test]
fn trained_models_fit_come_back_and_do_not_depend_on_threads() {
    for record in registry::trainable_methods() {
        let run = |threads| {
            let ctx = Context::new().with_seed(3).with_threads(threads);
            let trained = trained(record, &pairs(), &ctx).expect(record.verb);
            let fit = record.fit_trained(&trained, &data().into(), &[], &ctx).expect(record.verb);
            (trained, stable(&fit))
        };
        let ((one, fit), (two, again)) = (run(1), run(2));
        assert_eq!((one.parameters(), fit), (two.parameters(), again), "{}", record.verb);
        assert!(one.verb() == record.verb && one.pairs() == 2 && one.n_parameters() > 0, "{one}");
        let saved = value_to_json(&one.clone().into());
        let text = saved.to_string();
        let back = value_from_json(&serde_json::from_str(&text).expect("JSON")).expect(record.verb);
        assert_eq!(value_to_json(&back), saved, "{}", record.verb);
        assert!(registry::method_of(back.object::<Trained>().expect("a model")).is_ok(), "{}", record.verb);
    }
}

#[test]
fn hostile_pairs_and_options_of_training_are_errors() {
    let own: Vec<&Record> = registry::trainable_methods().collect();
    for record in own {
        let Value::List(mut list) = pairs() else { panic!("a list") };
        let Value::Map(entries) = &mut list[1] else { panic!("a map") };
        entries[0].1 = data().head(1).into();
        let error = trained(record, &Value::List(list), &Context::new()).map(|_| ()).unwrap_err();
        assert!(error.message().contains("pair 1") && error.message().contains("one sample"), "{error}");
        for wrong in [Value::Unit, Value::List(Vec::new()), data().into()] {
            assert!(trained(record, &wrong, &Context::new()).is_err(), "{}", record.verb);
        }
        let options: Vec<_> = record.training_options().collect();
        for opt in &options {
            let given = [(opt.name.to_string(), Value::Map(vec![]))];
            let error = record.train(&pairs(), &[], &given, &Context::new()).map(|_| ()).unwrap_err();
            assert!(error.message().contains(opt.name), "{}: {error}", record.verb);
            assert!(!record.options.iter().any(|known| known.name == opt.name), "{} {}", record.verb, opt.name);
        }
        let late = Context::new();
        late.cancel_handle().cancel();
        let error = trained(record, &pairs(), &late).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{}", record.verb);
    }
}

#[test]
fn several_data_sets_are_fitted_in_one_order_of_variables() {
    for record in registry::methods().filter(|record| record.takes_several()) {
        if let Some(joint) = joint(record, &Context::new().with_seed(1)) {
            assert_eq!(joint.len(), 2, "{}", record.verb);
            assert_eq!(variables_of(&joint), "abcdef", "{}", record.verb);
            let saved = value_to_json(&joint.into());
            let text = saved.to_string();
            let back = value_from_json(&serde_json::from_str(&text).expect("JSON")).expect(record.verb);
            assert_eq!(value_to_json(&back), saved, "{}", record.verb);
        }
        let call = |list: Vec<Value>| record.call(&[Value::List(list)], &[], &Context::new()).map(|_| ()).unwrap_err();
        let short = call(vec![data().into(), data().head(1).into()]);
        assert!(short.message().contains("data set 1") && short.message().contains("one sample"), "{short}");
        let other = call(vec![data().into(), data().pick(&[0, 1, 2], &[0, 1, 2]).into()]);
        assert!(other.message().contains("data set 1 has no column 'd'"), "{other}");
        assert!(call(Vec::new()).message().contains("is empty"), "{}", record.verb);
    }
}
