//! Every option of every record with generated values: an answer or an error that is no defect of ours, and never a panic.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::correlated;
use sinew::script::Session;
use sinew::{Context, ErrorKind, Matrix, Value, registry};

/// Values that are drawn for each option.
const DRAWS: usize = 6;

/// Values of every type, with the ends of their ranges.
fn values() -> Vec<Value> {
    let mut values = vec![Value::Unit, Value::Bool(true), Value::Bool(false)];
    values.extend([0, 1, -1, 2, 7, 1_000_000_007, i64::MAX, i64::MIN].map(Value::Int));
    values
        .extend([0.0, -0.0, 0.5, 1.0, -3.5, 1e-300, 1e300, f64::NAN, f64::INFINITY, -f64::INFINITY].map(Value::Float));
    values.extend(["", "ebic", "cv", "a", "\u{0}", "../x.json"].map(Value::from));
    values.push(Value::Text("x".repeat(100_000)));
    values.extend([
        Value::List(vec![]),
        Value::List(vec![0.1.into(), 0.2.into()]),
        Value::List(vec![Value::from("a"), Value::Int(0), Value::Unit]),
        Value::List(vec![Value::Int(1); 10_000]),
        Value::Map(vec![]),
        Value::Map(vec![("a".into(), Value::Int(1)), ("seed".into(), Value::Int(-1))]),
    ]);
    let matrix = |rows: usize, columns: usize, entry: f64| Value::from(Matrix::from_fn(rows, columns, |_, _| entry));
    values.extend([
        matrix(0, 0, 0.0),
        matrix(4, 4, 1.0),
        matrix(4, 4, f64::NAN),
        matrix(1, 9, 2.0),
        matrix(4, 4, 1e300),
    ]);
    values
}

/// Arguments that some record may take.
fn arguments() -> Vec<Vec<Value>> {
    let x: Value = correlated(30, 4, 0.7, 1).into();
    let graph = Session::trusted().eval("random_graph(\"band\", #{ nodes: 4 })").expect("a graph");
    vec![
        vec![x.clone()],
        vec![],
        vec![graph.clone()],
        vec![graph.clone(), graph],
        vec![Value::List(vec![x.clone(), x])],
    ]
}

/// How a call ends; panics are told with what was called.
fn call(record: &'static sinew::model::Record, args: &[Value], options: &[(String, Value)]) -> Option<ErrorKind> {
    let ctx = Context::new()
        .with_seed(1)
        .with_threads(2)
        .with_files(sinew::context::FileAccess::None)
        .with_memory_limit(50_000_000)
        .with_time_limit(Duration::from_millis(80));
    let started = Instant::now();
    let shown =
        || options.iter().map(|(name, value)| format!("{name}: {}", value.brief())).collect::<Vec<_>>().join(", ");
    let outcome = catch_unwind(AssertUnwindSafe(|| record.call(args, options, &ctx).map(|_| ())));
    let outcome = outcome.unwrap_or_else(|_| panic!("{}(#{{ {} }}) panicked", record.verb, shown()));
    // Far beyond the limit, also on a machine with much else to do.
    let seconds = started.elapsed().as_secs_f64();
    assert!(seconds < 5.0, "{}(#{{ {} }}) took {seconds:.1} s", record.verb, shown());
    let error = outcome.err()?;
    assert!(error.kind() != ErrorKind::Internal, "{}(#{{ {} }}): {error}", record.verb, shown());
    assert!(!error.message().is_empty(), "{}(#{{ {} }})", record.verb, shown());
    Some(error.kind())
}

#[test]
fn every_option_takes_or_refuses_any_value() {
    let (values, arguments) = (values(), arguments());
    let mut state = 3u64;
    let mut draw = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % count as u64) as usize
    };
    let (mut calls, mut refused, started) = (0, 0, Instant::now());
    for record in registry::records() {
        for opt in record.all_options() {
            for _ in 0..DRAWS {
                let args = &arguments[if record.is_method() { 0 } else { draw(arguments.len()) }];
                let options = [(opt.name.to_string(), values[draw(values.len())].clone())];
                refused += usize::from(call(record, args, &options).is_some());
                calls += 1;
            }
        }
        // Several at once, of which each may be in its range.
        let all: Vec<_> = record.all_options().collect();
        for _ in 0..DRAWS {
            if all.is_empty() {
                break;
            }
            let options: Vec<(String, Value)> =
                (0..2).map(|_| (all[draw(all.len())].name.to_string(), values[draw(values.len())].clone())).collect();
            call(record, &arguments[draw(arguments.len())], &options);
            calls += 1;
        }
    }
    println!("{calls} calls, {refused} single options refused, {:.1} s", started.elapsed().as_secs_f64());
    assert!(calls > 1000 && refused * 4 > calls, "{refused} of {calls}");
}
