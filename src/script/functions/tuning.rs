//! Penalties that are tuned by hypergradients, and the hypergradients themselves.

use std::cell::RefCell;
use std::sync::LazyLock;

use rhai::{Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};

use super::super::convert::{Outcome, describe, to_dynamic, to_number, to_options, to_value};
use super::super::records::{Estimator, call_record, pass_warnings};
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::methods::{graphical_lasso, tuning};
use crate::model::{Area, Fit, Record};
use crate::options::Opt;
use crate::select::{hypergradient, lambda_direction, solution_jacobian};
use crate::value::Value;

/// An example about a tuned fit.
macro_rules! with_tuned {
    ($code:literal) => {
        concat!(
            "let x = example(\"sachs\").head(400).log1p().standardize();\n",
            "let fit = x.graphical_lasso(#{ lambda: \"tune\", penalty: \"matrix\", steps: 10, seed: 1 });\n",
            $code
        )
    };
}
/// An example about a fit and a gradient.
macro_rules! with_gradient {
    ($code:literal) => {
        concat!(
            "let x = example(\"sachs\").head(400).log1p().standardize();\n",
            "let fit = x.head(200).graphical_lasso(#{ lambda: 0.1 });\n",
            "let g = x.tail(200).cov() - fit.covariance;   // of -logdet theta + tr(S theta) on other rows\n",
            $code
        )
    };
}

/// The options of a tuning, the shared ones too.
static EVERY_OPTION: LazyLock<Vec<Opt>> = LazyLock::new(|| graphical_lasso::RECORD.all_options().copied().collect());
/// The option that may be a function.
const CRITERION: &str = "criterion";

/// A call of a record with options as a script wrote them. The criterion of a tuning may be a function, which is no value
/// of the engine.
pub(in crate::script) fn call_with_options(
    call: &NativeCallContext<'_>,
    record: &'static Record,
    args: &[Dynamic],
    options: &Map,
) -> Outcome<Dynamic> {
    let function = options.get(CRITERION).and_then(|value| value.clone().try_cast::<FnPtr>());
    match function {
        Some(f) if record.verb == graphical_lasso::RECORD.verb => {
            let others: Map = options
                .iter()
                .filter(|(key, _)| key.as_str() != CRITERION)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            by_function(call, args, &to_options(&others)?, &f)
        }
        _ => call_record(call, record, args, &to_options(options)?),
    }
}

/// A graphical lasso that is tuned by a function of the script.
fn by_function(
    call: &NativeCallContext<'_>,
    args: &[Dynamic],
    options: &[(String, Value)],
    f: &FnPtr,
) -> Outcome<Dynamic> {
    let args = args.iter().map(to_value).collect::<Result<Vec<_>>>()?;
    // What the function throws must reach the script as it was thrown.
    let thrown: RefCell<Option<Box<EvalAltResult>>> = RefCell::new(None);
    let criterion = |theta: &Matrix| -> Result<(f64, Matrix)> {
        match f.call_within_context::<Dynamic>(call, (theta.clone(),)) {
            Ok(answer) => parts(&answer),
            Err(error) => {
                *thrown.borrow_mut() = Some(error);
                Err(Error::argument("the criterion failed"))
            }
        }
    };
    let result = tuning::fit_by_function(&args, options, &criterion, &context(call));
    match (result, thrown.into_inner()) {
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error.into()),
        (Ok(fit), _) => {
            let fit = Value::from(fit);
            pass_warnings(call, graphical_lasso::RECORD.verb, &fit);
            Ok(to_dynamic(&fit))
        }
    }
}

/// Value and gradient of what a criterion gave.
fn parts(answer: &Dynamic) -> Result<(f64, Matrix)> {
    let wrong = || {
        Error::argument(format!("the criterion must give #{{ value, gradient }}, it gave {}", describe(answer)))
            .with_hint("criterion: |theta| #{ value: a number, gradient: a Matrix like theta }")
    };
    let map = answer.read_lock::<Map>().ok_or_else(wrong)?;
    let value = map.get("value").and_then(to_number).ok_or_else(wrong)?;
    let gradient = map.get("gradient").and_then(|gradient| gradient.clone().try_cast::<Matrix>()).ok_or_else(wrong)?;
    Ok((value, gradient))
}

/// The estimator's method with tuned penalties.
fn tune(call: &NativeCallContext<'_>, model: &Estimator, x: &Dynamic, more: &Map) -> Outcome<Dynamic> {
    let record = model.record();
    if record.verb != graphical_lasso::RECORD.verb {
        return Err(Error::argument(format!("{} has no penalties that tune could tune", record.verb))
            .with_hint("GraphicalLasso(#{ .. }).tune(x) has")
            .into());
    }
    let is_tune = |lambda: &Dynamic| lambda.clone().into_string().is_ok_and(|word| word == tuning::TUNE_WORD);
    if more.get("lambda").is_some_and(|lambda| !is_tune(lambda)) {
        return Err(Error::option("tune chooses lambda: it takes none")
            .with_hint("start: 0.1 begins the search there; model.fit(x, #{ lambda: 0.1 }) fits without tuning")
            .into());
    }
    let mut options: Map =
        model.options().iter().map(|(name, value)| (name.as_str().into(), to_dynamic(value))).collect();
    options.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
    options.insert("lambda".into(), tuning::TUNE_WORD.into());
    call_with_options(call, record, std::slice::from_ref(x), &options)
}

fn jacobian(call: &NativeCallContext<'_>, fit: &Fit, length: f64) -> Outcome<Matrix> {
    let ctx = context(call);
    let direction = lambda_direction(fit, length, &ctx)?;
    Ok(solution_jacobian(fit, &direction, &ctx)?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Recover);
    b.verb(
        "tune",
        "model.tune(x) -> Fit\nmodel.tune(x, #{ penalty, criterion, .. }) -> Fit",
        "Fit a GraphicalLasso with penalties tuned by hypergradients in place of its lambda: the same as lambda: \"tune\"; the options are those of graphical_lasso",
        "let x = example(\"sachs\").head(400).log1p().standardize();\n\
         let fit = GraphicalLasso().tune(x, #{ criterion: \"cv\", seed: 1 });\n\
         print(`${fit.lambda} ${fit.criterion}`);",
    )
    .options(EVERY_OPTION.as_slice())
    .on_any(|call: NativeCallContext<'_>, model: &mut Estimator, x: Dynamic| tune(&call, model, &x, &Map::new()))
    .on_any(|call: NativeCallContext<'_>, model: &mut Estimator, x: Dynamic, options: Map| {
        tune(&call, model, &x, &options)
    });
    b.area(Area::Fits);
    gradients(b);
    b.property(
        "criterion",
        "fit.criterion -> float",
        "What a tuning minimised: the value that it reached on the tuning data",
        with_tuned!("print(fit.criterion);"),
    )
    .get_any(|fit: &mut Fit| added(fit, "criterion"));
    b.property(
        "untouched",
        "fit.untouched -> float",
        "The criterion of tuned penalties on samples that took no part but to choose the step of a descent; () where there are none",
        with_tuned!("print(`${fit.criterion} ${fit.untouched}`);"),
    )
    .get_any(|fit: &mut Fit| added(fit, "untouched"));
    b.property(
        "history",
        "fit.history -> Table",
        "The steps of a tuning: stage, lambda (of several the geometric mean), criterion, edges, untouched, and given a truth the error",
        with_tuned!("print(fit.history);"),
    )
    .get_any(|fit: &mut Fit| added(fit, "history"));
}

fn added(fit: &Fit, name: &str) -> Outcome<Dynamic> {
    let hint = "tuned fits have: x.graphical_lasso(#{ lambda: \"tune\" })";
    Ok(to_dynamic(fit.added(name).map_err(|error| error.or_hint(hint))?))
}

fn gradients(b: &mut Builder) {
    b.verb(
        "hypergradient",
        "hypergradient(fit, g) -> Matrix",
        "Derivative of a criterion by each penalty, p x p, from its gradient g by the precision matrix; for one lambda sum it up",
        with_gradient!("print(hypergradient(fit, g).sum());"),
    )
    .on(|call: NativeCallContext<'_>, fit: &mut Fit, g: Matrix| -> Outcome<Matrix> {
        Ok(hypergradient(fit, &g, &context(&call))?)
    });
    b.verb(
        "solution_jacobian",
        "solution_jacobian(fit, direction) -> Matrix\nsolution_jacobian(fit, 1.0) -> Matrix",
        "How the precision matrix of a fit moves when its penalties move along a direction, p x p, or when lambda does",
        with_gradient!("print(solution_jacobian(fit, 1.0)[[0..3, 0..3]]);"),
    )
    .on(|call: NativeCallContext<'_>, fit: &mut Fit, direction: Matrix| -> Outcome<Matrix> {
        Ok(solution_jacobian(fit, &direction, &context(&call))?)
    })
    .on(|call: NativeCallContext<'_>, fit: &mut Fit, length: f64| jacobian(&call, fit, length))
    .on(|call: NativeCallContext<'_>, fit: &mut Fit, length: i64| jacobian(&call, fit, length as f64));
}
