//! The option `regulators` of scores.

use super::Comparison;
use crate::error::Result;
use crate::model::regulators;
use crate::options::Options;

/// The nodes that the option names, one truth value a node of the truth; none where it is not given.
///
/// # Errors
/// As [`regulators::positions`].
pub fn given(options: &Options, comparison: &Comparison) -> Result<Option<Vec<bool>>> {
    let Some(list) = regulators::given(options)? else { return Ok(None) };
    let mut marked = vec![false; comparison.nodes()];
    for node in regulators::positions(&list, &comparison.labels(), "node", "all pairs are scored")? {
        marked[node] = true;
    }
    Ok(Some(marked))
}
