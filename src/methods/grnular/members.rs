//! What stands behind a trained model: its members, and whether a file has them.

use super::options::{BASE_OPTIONS, HELD, OPTIONS};
use super::{BASE, Grnular};
use crate::data::Vector;
use crate::error::Result;
use crate::methods::unrolled::model::named;
use crate::methods::unrolled::supervised::{check_held, foreign, from_arrays, sizes};
use crate::model::{Parameter, Trained};
use crate::nn::Layout;
use crate::options::{Opt, Options};
use crate::value::Value;

const MEANS: &str = "inputs.mean";
const DEVIATIONS: &str = "inputs.deviation";

/// What stands behind every member of a trained model.
#[derive(Debug, Clone)]
pub(super) struct Members {
    layout: Layout,
    pub parameters: Vec<Vec<f64>>,
    /// Mean and deviation of every input of the threshold network.
    pub scaling: Option<Vec<(f64, f64)>>,
}

impl Members {
    /// The members of a trained model, if it goes with these options.
    ///
    /// # Errors
    /// It does not; it has other parameters.
    pub fn of(method: &Grnular, trained: &Trained) -> Result<Self> {
        check_held(&HELD, &method.recorded(), trained)?;
        let (layout, [count, hidden, inputs]) = (method.layout()?, sizes(trained)?);
        if (hidden, inputs) != (layout.hidden(), layout.inputs()) {
            return Err(foreign(trained, "its options do not go with its parameters"));
        }
        let parameters = from_arrays(layout, count, trained)?;
        let scaling = (!method.published).then(|| scaling_of(trained, layout)).transpose()?;
        Ok(Self { layout, parameters, scaling })
    }

    /// The parameters of the first member by name, with the scaling of inputs.
    pub fn first(&self) -> Value {
        let mut map = named(self.layout, &self.parameters[0]);
        if let (Value::Map(entries), Some(scaling)) = (&mut map, &self.scaling) {
            let (means, deviations): (Vec<f64>, Vec<f64>) = scaling.iter().copied().unzip();
            entries.push((MEANS.into(), Vector::from(means).into()));
            entries.push((DEVIATIONS.into(), Vector::from(deviations).into()));
        }
        map
    }
}

/// The scaling of inputs as it is saved.
pub(super) fn of_scaling(scaling: Option<&[(f64, f64)]>) -> Result<Vec<Parameter>> {
    let Some(scaling) = scaling else { return Ok(Vec::new()) };
    let (means, deviations): (Vec<f64>, Vec<f64>) = scaling.iter().copied().unzip();
    let inputs = [scaling.len()];
    Ok(vec![Parameter::new(MEANS, &inputs, means)?, Parameter::new(DEVIATIONS, &inputs, deviations)?])
}

fn scaling_of(trained: &Trained, layout: Layout) -> Result<Vec<(f64, f64)>> {
    let values = |name| trained.parameter(name, &[layout.inputs()]).map(Parameter::values);
    Ok(values(MEANS)?.iter().copied().zip(values(DEVIATIONS)?.iter().copied()).collect())
}

/// Fails where a model that was read is not one of GRNUlar.
pub(super) fn check(trained: &Trained) -> Result<()> {
    let wrong = |what: &str| Err(foreign(trained, what));
    // What a call with these options would refuse, no training gave.
    let method = method_of(trained).map_err(|error| foreign(trained, error.message()))?;
    let is_missing = |name: &str| HELD.contains(&name) && trained.option(name).is_none();
    if let Some((name, _)) = method.recorded().iter().find(|(name, _)| is_missing(name)) {
        return wrong(&format!("it does not say which option '{name}' it was trained with"));
    }
    let members = Members::of(&method, trained)?;
    let further = if members.scaling.is_some() { 2 } else { 0 };
    if trained.parameters().len() != members.layout.parts().len() + further {
        return wrong("it has other parameters too");
    }
    if members.parameters.iter().any(|parameters| parameters[0] <= 0.0) {
        return wrong("an offset is not above 0");
    }
    if members.scaling.iter().flatten().any(|(_, deviation)| *deviation <= 0.0) {
        return wrong("a deviation of its inputs is not above 0");
    }
    Ok(())
}

/// The method with the options that a model was trained with.
fn method_of(trained: &Trained) -> Result<Grnular> {
    let is_base = trained.verb() == BASE.verb;
    let known: &'static [Opt] = if is_base { BASE_OPTIONS } else { OPTIONS };
    let holds = |(name, value): &&(String, Value)| {
        known.iter().any(|opt| opt.name == name.as_str()) && !matches!(value, Value::Unit)
    };
    let held = trained.options().iter().filter(holds).map(|(name, value)| (name.as_str(), value.clone()));
    Grnular::from_options(&Options::check(trained.verb(), known.iter(), held)?, is_base)
}
