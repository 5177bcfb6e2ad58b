//! Methods as objects, from fits, from their names, and with other options.

use rhai::Map;

use super::super::convert::{Outcome, to_options};
use super::super::records::Estimator;
use super::super::vocabulary::Builder;
use crate::data::Matrix;
use crate::error::{Error, Result};
use crate::methods::tuning;
use crate::model::{Area, Fit, GRID_OPTIONS, Record};
use crate::registry::methods;
use crate::select::Rule;
use crate::value::Value;

/// Options of a fit that say something about its data or its run, not about the method.
const OF_THE_RUN: &[&str] = &["seed", "threads", "progress", "covariance", "n"];
const LAMBDA: &str = "lambda";

/// Whether an option says how the penalty is chosen by the rule.
fn is_of_choice(name: &str, rule: &str) -> bool {
    let of_rules = Rule::OPTIONS.iter().any(|opt| opt.name == name) || GRID_OPTIONS.contains(&name);
    of_rules || (rule == tuning::TUNE_WORD && tuning::is_option(name))
}

fn is_default(record: &Record, name: &str, value: &Value) -> bool {
    record.all_options().any(|opt| opt.name == name && opt.default.describe() == value.brief())
}

/// The method of a fit with the options that held, and the penalty that it ended with.
fn of_fit(fit: &Fit) -> Result<Estimator> {
    let verb = fit.method();
    let record = methods()
        .find(|record| record.verb == verb)
        .ok_or_else(|| Error::argument(format!("there is no method '{verb}' that could be fitted again")))?;
    if record.trainable().is_some() {
        let name = record.constructor.unwrap_or(record.verb);
        return Err(Error::argument(format!("a fit of {verb} does not say with which model it was made"))
            .with_hint(format!("give the method itself: {name}(#{{ .. }})")));
    }
    let rule = fit.options().iter().find_map(|(name, value)| match value {
        Value::Text(rule) if name == LAMBDA => Some(rule.as_str()),
        _ => None,
    });
    let is_penalty = |value: &&Value| value.as_number().is_some() || value.object::<Matrix>().is_some();
    // A rule is replaced by what it chose.
    let chosen = rule.and_then(|rule| fit.lambda().filter(is_penalty).map(|lambda| (rule, lambda.clone())));
    let is_kept = |name: &str, value: &Value| {
        let is_known = record.all_options().any(|opt| opt.name == name);
        let is_of_choice = chosen.as_ref().is_some_and(|(rule, _)| name == LAMBDA || is_of_choice(name, rule));
        let is_unset = matches!(value, Value::Unit) || is_default(record, name, value);
        is_known && !is_unset && !is_of_choice && !OF_THE_RUN.contains(&name)
    };
    let mut options: Vec<(String, Value)> =
        fit.options().iter().filter(|(name, value)| is_kept(name, value)).cloned().collect();
    if let Some((_, lambda)) = chosen {
        if lambda.object::<Matrix>().is_some() {
            // They are in it.
            options.retain(|(name, _)| name != "weights");
        }
        options.push((LAMBDA.into(), lambda));
    }
    Estimator::of(record, options)
}

fn named(name: &str) -> Result<Estimator> {
    let record = methods().find(|record| record.verb == name || record.constructor == Some(name)).ok_or_else(|| {
        Error::name(format!("there is no method '{name}'"))
            .with_nearest(name, methods().map(|record| record.verb))
            .or_hint("methods() lists them")
    })?;
    Estimator::of(record, Vec::new())
}

/// The same method with more options, which win over those it has.
fn with_more(model: &Estimator, more: &Map) -> Outcome<Estimator> {
    let more = to_options(more)?;
    let is_new = |name: &str| more.iter().all(|(key, _)| key != name);
    let mut options: Vec<(String, Value)> = model.options().iter().filter(|(name, _)| is_new(name)).cloned().collect();
    options.extend(more);
    Ok(Estimator::of(model.record(), options)?)
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Recover);
    b.verb(
        "estimator",
        "fit.estimator() -> Estimator\nfit.estimator(#{ .. }) -> Estimator\nmodel.estimator(#{ .. }) -> Estimator\n\
         estimator(name) -> Estimator\nestimator(name, #{ .. }) -> Estimator",
        "The method of a fit, with its options and the penalty that it ended with, chosen or tuned ones too; a method with other options; a method by its name",
        "let x = example(\"sachs\").log1p().standardize();\n\
         let fit = x.head(400).graphical_lasso(#{ lambda: \"ebic\" });\n\
         let again = fit.estimator().fit(x.tail(400));   // the penalty that was chosen for other rows\n\
         print(again.lambda == fit.lambda);\n\
         print(estimator(\"graphical_lasso\", #{ lambda: 0.3 }));",
    )
    .on(|fit: &mut Fit| -> Outcome<Estimator> { Ok(of_fit(fit)?) })
    .on(|fit: &mut Fit, options: Map| with_more(&of_fit(fit)?, &options))
    .on(|model: &mut Estimator| model.clone())
    .on(|model: &mut Estimator, options: Map| with_more(model, &options))
    .on(|name: &str| -> Outcome<Estimator> { Ok(named(name)?) })
    .on(|name: &str, options: Map| with_more(&named(name)?, &options));
}

#[cfg(test)]
mod tests {
    use crate::script::Session;

    fn shown(script: &str) -> String {
        let setup = "let x = example(\"sachs\").head(200).log1p().standardize();\n";
        Session::sandboxed().eval_as::<String>(&format!("{setup}{script}")).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn a_fit_gives_its_method_with_the_penalty_it_ended_with() {
        assert!(shown("`${x.graphical_lasso(#{ lambda: 0.2 }).estimator()}`").contains("lambda: 0.2"));
        let chosen = "let fit = x.graphical_lasso(#{ lambda: \"ebic\", gamma: 0.3, n_lambdas: 5 });\n";
        assert_eq!(shown(&format!("{chosen}`${{fit.estimator().options.lambda == fit.lambda}}`")), "true");
        assert_eq!(shown(&format!("{chosen}`${{fit.estimator().fit(x).n_edges == fit.n_edges}}`")), "true");
        let tuned = "let fit = x.graphical_lasso(#{ lambda: \"tune\", penalty: \"matrix\", steps: 2, seed: 1 });\n";
        assert!(shown(&format!("{tuned}`${{fit.estimator()}}`")).contains("lambda: a Matrix"));
        assert_eq!(shown(&format!("{tuned}`${{fit.estimator().fit(x).p}}`")), "11");
        let path = "let fit = x.graphical_lasso_path(#{ n_lambdas: 5 }).select(\"bic\");\n";
        assert_eq!(shown(&format!("{path}`${{fit.estimator().fit(x).lambda == fit.lambda}}`")), "true");
        assert_eq!(shown("`${x.genie3(#{ trees: 3 }).estimator(#{ trees: 4 }).options.trees}`"), "4");
    }

    #[test]
    fn what_is_no_method_or_option_is_refused() {
        assert!(shown("estimator(\"graphical_laso\")").contains("did you mean 'graphical_lasso'?"));
        assert!(shown("GraphicalLasso().estimator(#{ lamda: 1 })").contains("did you mean 'lambda'?"));
    }
}
