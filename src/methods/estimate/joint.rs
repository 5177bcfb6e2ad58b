//! Penalties on more than one matrix: several precision matrices drawn together, or a sparse one beside a low-rank one. What is
//! composed is a fit of the record that minimises them.

use super::options::{algorithm, loss, refuse_strays};
use super::{RECORD, options};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::methods::{joint_graphical_lasso, latent_graphical_lasso};
use crate::model::{Fit, Input, JointFit, Record, Run};
use crate::options::Options;
use crate::solver::{Algorithm, Penalty};
use crate::value::Value;

/// Options that are not handed on: what chose the record, and what input and context know already.
const OWN: [&str; 11] =
    ["loss", "solver", "covariance", "n", "cor", "missing", "seed", "threads", "progress", "device", "strict"];

/// One data set.
pub(super) fn fit(input: &Input, options: &Options, ctx: &Context) -> Result<Fit> {
    let Some(penalty) = word(options)? else {
        return options::read(options)?.fit_input(input, ctx);
    };
    if penalty != "nuclear" {
        return Err(Error::option(format!("penalty \"{penalty}\" couples several data sets: give a list of them"))
            .with_hint(format!("{}([x, y], #{{ penalty: \"{penalty}\" }})", RECORD.verb)));
    }
    let record = &latent_graphical_lasso::RECORD;
    match record.run {
        Run::FitOrJoint { fit, .. } => fit(input, &handed(record, options, false)?, ctx),
        _ => Err(Error::internal("the latent-variable graphical lasso does not give a fit")),
    }
}

/// Several data sets over the same variables.
pub(super) fn fit_several(inputs: &[Input], options: &Options, ctx: &Context) -> Result<JointFit> {
    let penalties = Penalty::JOINT.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let Some(penalty) = word(options)? else {
        let own = options.text("penalty").unwrap_or_default();
        return Err(Error::option(format!("penalty \"{own}\" is of one data set, not of a list"))
            .with_hint(format!("a list goes with penalties {penalties}")));
    };
    let is_latent = penalty == "nuclear";
    let record: &Record = if is_latent { &latent_graphical_lasso::RECORD } else { &joint_graphical_lasso::RECORD };
    match record.run {
        Run::FitOrJoint { joint, .. } => joint(inputs, &handed(record, options, !is_latent)?, ctx),
        _ => Err(Error::internal("a joint method does not give a joint fit")),
    }
}

/// The penalty, where it is one of these, checked against loss, solver and the other options.
fn word(options: &Options) -> Result<Option<&'static str>> {
    let named = options.text("penalty");
    let Some(penalty) = Penalty::JOINT.iter().copied().find(|name| named == Some(*name)) else { return Ok(None) };
    let loss = loss(options);
    match algorithm(options) {
        Some(algorithm) => algorithm.check_for(loss, penalty)?,
        None => Algorithm::preferred_for(loss, penalty).map(|_| ())?,
    }
    refuse_strays(options, penalty)?;
    Ok(Some(penalty))
}

/// The options that were given, as the record takes them; its penalty too where that is one of its words.
fn handed(record: &Record, options: &Options, with_penalty: bool) -> Result<Options> {
    let is_handed = |name: &str| options.is_given(name) && !OWN.contains(&name) && (with_penalty || name != "penalty");
    let given: Vec<(String, Value)> = options
        .iter()
        .filter(|(name, _)| is_handed(name))
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    record.check(&given)
}
