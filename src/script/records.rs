//! Verbs and constructors that come from records, with no other edit than their line in the registry.

use std::collections::HashSet;

use rhai::{Array, Dynamic, FnNamespace, FuncRegistration, Map, Module, NativeCallContext};

use super::convert::{Outcome, describe, to_dynamic, to_map, to_options, to_value};
use super::functions::{OF_TRAINED, call_with_options};
use super::state::{context, state};
use super::vocabulary::Builder;
use crate::error::Error;
use crate::model::{Area, Fit, JointFit, Path, Record, Simulation, Trained};
use crate::registry::{records, trainable_methods};
use crate::value::Value;

/// A method with its options, before it has seen data: what a constructor gives.
#[derive(Clone, Debug)]
pub struct Estimator {
    record: &'static Record,
    options: Vec<(String, Value)>,
}

impl Estimator {
    fn new(record: &'static Record, options: &Map) -> Outcome<Self> {
        Ok(Self::of(record, to_options(options)?)?)
    }

    /// A method with these options.
    ///
    /// # Errors
    /// An unknown option or a value that does not fit.
    pub(super) fn of(record: &'static Record, options: Vec<(String, Value)>) -> crate::Result<Self> {
        record.check(&options)?;
        Ok(Self { record, options })
    }
}

impl Estimator {
    /// The method.
    pub(super) fn record(&self) -> &'static Record {
        self.record
    }

    /// The options that were given.
    pub(super) fn options(&self) -> &[(String, Value)] {
        &self.options
    }

    /// The method's result for these data.
    ///
    /// # Errors
    /// What the method reports.
    pub(super) fn fit(&self, x: &crate::Matrix, ctx: &crate::Context) -> crate::Result<Value> {
        self.record.call(&[x.clone().into()], &self.options, ctx)
    }

    /// The model that the method becomes by training on these pairs.
    ///
    /// # Errors
    /// A method that is not trained, with those that are; what the training reports.
    pub(super) fn train(
        &self,
        pairs: &Value,
        options: &[(String, Value)],
        ctx: &crate::Context,
    ) -> crate::Result<Trained> {
        if self.record.trainable().is_some() {
            return self.record.train(pairs, &self.options, options, ctx);
        }
        let error = Error::argument(format!("{} is not trained on pairs", self.record.verb));
        let trained: Vec<&str> = trainable_methods().map(|record| record.constructor.unwrap_or(record.verb)).collect();
        Err(match trained.is_empty() {
            true => error.with_hint("it fits data as it is: model.fit(x)"),
            false => error.with_hint(format!("methods that are: {}", trained.join(", "))),
        })
    }
}

impl std::fmt::Display for Estimator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let options: Vec<String> =
            self.options.iter().map(|(name, value)| format!("{name}: {}", value.brief())).collect();
        let name = self.record.constructor.unwrap_or(self.record.verb);
        if options.is_empty() { write!(f, "{name}()") } else { write!(f, "{name}(#{{ {} }})", options.join(", ")) }
    }
}

/// Calls a record and passes on the warnings of what it gives.
pub(super) fn call_record(
    call: &NativeCallContext<'_>,
    record: &Record,
    args: &[Dynamic],
    options: &[(String, Value)],
) -> Outcome<Dynamic> {
    let args = args.iter().map(to_value).collect::<crate::Result<Vec<_>>>()?;
    let result = record.call(&args, options, &context(call))?;
    pass_warnings(call, record.verb, &result);
    Ok(to_dynamic(&result))
}

/// Shows the warnings of a result.
pub(super) fn pass_warnings(call: &NativeCallContext<'_>, verb: &str, result: &Value) {
    let Some(state) = state(call) else { return };
    let of_fit = result.object::<Fit>().map(|fit| fit.warnings().to_vec());
    let warnings = of_fit
        .or_else(|| result.object::<Path>().map(Path::warnings))
        .or_else(|| result.object::<JointFit>().map(|joint| joint.warnings().to_vec()))
        .or_else(|| result.object::<Trained>().map(|trained| trained.warnings().to_vec()));
    for warning in warnings.unwrap_or_default() {
        state.warning(&format!("{verb}: {warning}"));
    }
}

/// How many positional arguments the record takes; a method's data is one.
pub(super) fn arity(record: &Record) -> usize {
    if record.is_method() { 1 } else { record.params.len() }
}

/// Registers a function of `$n` values and one of `$n` values and options.
macro_rules! register {
    ($module:expr, $record:expr, $($arg:ident),*) => {{
        let record: &'static Record = $record;
        registration(record.verb).set_into_module($module, move |call: NativeCallContext<'_>, $($arg: Dynamic),*| {
            call_record(&call, record, &[$($arg),*], &[])
        });
        registration(record.verb).set_into_module($module, move |call: NativeCallContext<'_>, $($arg: Dynamic,)* options: Map| {
            call_with_options(&call, record, &[$($arg),*], &options)
        });
        // Without this, Rhai would say that there is no such function. A record of the same verb with one argument
        // more (precision(graph) and precision(truth, estimate)) takes the place instead.
        if !records().any(|other| other.verb == record.verb && arity(other) == arity(record) + 1) {
            registration(record.verb).set_into_module($module, move |$($arg: Dynamic,)* options: Dynamic| -> Outcome<Dynamic> {
                $( drop($arg); )*
                Err(not_options(record.verb, &options).into())
            });
        }
    }};
}

fn not_options(verb: &str, got: &Dynamic) -> Error {
    Error::argument(format!("the options of {verb} are a map, not {}", describe(got)))
        .with_hint(format!("write them as {verb}(#{{ name: value }}); help(\"{verb}\") lists them"))
}

fn registration(name: &'static str) -> FuncRegistration {
    FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(true)
}

fn define_constructor(module: &mut Module, record: &'static Record, name: &'static str) {
    registration(name).set_into_module(module, move || Estimator { record, options: Vec::new() });
    registration(name).set_into_module(module, move |options: Map| Estimator::new(record, &options));
    registration(name).set_into_module(module, move |options: Dynamic| -> Outcome<Estimator> {
        Err(not_options(name, &options).into())
    });
}

pub(super) fn define(builder: &mut Builder) {
    for record in records() {
        let module = builder.module();
        match arity(record) {
            0 => register!(module, record,),
            1 => register!(module, record, a),
            2 => register!(module, record, a, b),
            count => debug_assert!(false, "{} takes {count} positional arguments; write its line here", record.verb),
        }
        if let Some(name) = record.constructor {
            define_constructor(module, record, name);
        }
    }
    define_estimator(builder);
    define_added_properties(builder);
}

fn define_estimator(builder: &mut Builder) {
    const EXAMPLE: &str = "let m = GraphicalLasso(#{ lambda: 0.3 });\n\
                           let fit = m.fit(example(\"sachs\").head(200).log1p().standardize());\n\
                           print(`${m.name} ${m.options} ${fit.n_edges}`);";
    builder.area(Area::Recover);
    builder
        .verb(
            "fit",
            "model.fit(x) -> Fit\nmodel.fit([x, y]) -> JointFit\npath.fit(i) -> Fit\njoint.fit(i) -> Fit\n\
             trained.fit(x) -> Fit\ntrained.fit(x, #{ .. }) -> Fit",
            "Fit a method or a trained model to data, or take solution i of a path or the fit of data set i",
            EXAMPLE,
        )
        .on_any(|call: NativeCallContext<'_>, model: &mut Estimator, x: Dynamic| {
            call_record(&call, model.record, &[x], &model.options)
        })
        .on_any(|call: NativeCallContext<'_>, model: &mut Estimator, x: Dynamic, more: Map| {
            // The call's options add to the constructor's and win over them.
            let more = to_options(&more)?;
            let mut options: Vec<_> =
                model.options.iter().filter(|(name, _)| !more.iter().any(|(key, _)| key == name)).cloned().collect();
            options.extend(more);
            call_record(&call, model.record, &[x], &options)
        })
        .on(|call: NativeCallContext<'_>, path: &mut Path, position: i64| path_fit(path, position, &context(&call)));
    builder
        .property("name", "model.name -> string\ntrained.name -> string", "The method's name", EXAMPLE)
        .get(|model: &mut Estimator| model.record.constructor.unwrap_or(model.record.verb).to_string());
    builder
        .property(
            "options",
            "model.options -> map\nfit.options -> map\njoint.options -> map\ntrained.options -> map\nsim.options -> map\n\
             comparison.options -> map",
            "The options that were given, or that held for a fit, a training or a simulation",
            EXAMPLE,
        )
        .get_map(|model: &mut Estimator| to_map(&model.options))
        .get_map(|fit: &mut Fit| to_map(fit.options()))
        .get_map(|sim: &mut Simulation| to_map(sim.options()));
    builder.module().set_custom_type::<Estimator>("Estimator");
    for name in ["to_string", "to_debug"] {
        registration(name).set_into_module(builder.module(), |model: &mut Estimator| model.to_string());
    }
}

/// Solution `position` of a path; negative positions count from the end.
pub(super) fn path_fit(path: &Path, position: i64, ctx: &crate::Context) -> Outcome<Fit> {
    let len = path.points().len();
    let picked = crate::data::Selector::Position(position).pick(len, None, "solution")?;
    Ok(path.fit(picked.positions()[0], ctx)?)
}

/// What methods add to their results, and what simulations consist of.
fn define_added_properties(builder: &mut Builder) {
    let mut seen = HashSet::new();
    for record in records() {
        let owners = record.adds_to().iter();
        for (property, (_, kind)) in owners.flat_map(|owner| record.adds.iter().map(move |property| (property, owner)))
        {
            let has_its_own = *kind == "TrainedModel" && OF_TRAINED.contains(&property.name);
            if !has_its_own && seen.insert((property.name, *kind)) {
                define_added(builder.module(), property.name, kind);
            }
        }
    }
}

/// Registers a property that records add to results of one type.
fn define_added(module: &mut Module, name: &'static str, kind: &str) {
    let getter = FuncRegistration::new_getter(name).with_namespace(FnNamespace::Global).with_purity(true);
    match kind {
        "Fit" => getter
            .set_into_module(module, move |fit: &mut Fit| -> Outcome<Dynamic> { Ok(to_dynamic(fit.added(name)?)) }),
        "JointFit" => getter.set_into_module(module, move |joint: &mut JointFit| -> Outcome<Dynamic> {
            Ok(to_dynamic(joint.added(name)?))
        }),
        "TrainedModel" => getter.set_into_module(module, move |trained: &mut Trained| -> Outcome<Dynamic> {
            Ok(to_dynamic(trained.added(name)?))
        }),
        _ => getter.set_into_module(module, move |sim: &mut Simulation| -> Outcome<Dynamic> {
            Ok(to_dynamic(sim.part(name)?))
        }),
    };
}

/// Texts as a list for scripts.
pub(super) fn text_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Array {
    texts.into_iter().map(|text| Dynamic::from(text.to_string())).collect()
}
