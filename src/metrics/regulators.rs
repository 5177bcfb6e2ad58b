//! The option `regulators`: which nodes act on others.

use super::Comparison;
use crate::data::Selector;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::value::Value;

/// The nodes that the option names, by name or position, one truth value a node of the truth; none where it is not
/// given.
///
/// # Errors
/// An empty list, an unknown name with the nearest one, a position out of range, anything else.
pub fn given(options: &Options, comparison: &Comparison) -> Result<Option<Vec<bool>>> {
    let Some(Value::List(list)) = options.get("regulators") else { return Ok(None) };
    if list.is_empty() {
        return Err(
            Error::option("option 'regulators' is an empty list").with_hint("without the option, all pairs are scored")
        );
    }
    let labels = comparison.labels();
    let mut regulators = vec![false; comparison.nodes()];
    for item in list {
        let picked = selector(item)?.pick(regulators.len(), Some(&labels), "node");
        for &node in picked.map_err(|error| error.at("option 'regulators'"))?.positions() {
            regulators[node] = true;
        }
    }
    Ok(Some(regulators))
}

fn selector(item: &Value) -> Result<Selector> {
    match item {
        Value::Text(name) => Ok(Selector::Name(name.clone())),
        Value::Int(position) => Ok(Selector::Position(*position)),
        Value::Float(position) if position.fract() == 0.0 => Ok(Selector::Position(*position as i64)),
        other => Err(Error::option(format!(
            "option 'regulators' lists names or positions, one of them is {}",
            other.brief()
        ))),
    }
}
