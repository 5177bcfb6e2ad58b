//! Stochastic block models: nodes in groups, where only the groups of two nodes say how likely an edge is. Of a graph
//! ([`fit_graph`]), and of test statistics of all pairs, behind which the graph is hidden ([`fit_statistics`]).

mod bernoulli;
mod criterion;
mod edges;
mod kmeans;
mod q_values;
mod search;
mod starts;
mod statistics;

pub use bernoulli::{BlockModel, Climb, fit_graph};
pub use edges::{ByBlocks, EdgeLaw, Spread};
pub use kmeans::kmeans;
pub use starts::Embedding;
pub use statistics::{NoisyModel, NoisySettings, fit_statistics};

use crate::error::{Error, Result};

/// More blocks than this are a mistake: the work grows with their square.
const MOST_BLOCKS: usize = 100;

/// Numbers of blocks to compare, ascending and each once.
///
/// # Errors
/// No number, a 0, more blocks than nodes.
pub fn check_blocks(blocks: &[usize], nodes: usize) -> Result<Vec<usize>> {
    let mut sorted = blocks.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let most = nodes.min(MOST_BLOCKS);
    match (sorted.first(), sorted.last()) {
        (Some(0), _) | (None, _) => Err(Error::option("blocks must be whole numbers >= 1")
            .with_hint("for instance blocks: [1, 2, 3], or blocks: 2")),
        (_, Some(&largest)) if largest > most => {
            let why = if nodes <= MOST_BLOCKS { format!("there are {nodes} nodes") } else { "that is the most".into() };
            Err(Error::option(format!("blocks must be at most {most}, not {largest}: {why}")))
        }
        _ => Ok(sorted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_blocks_are_sorted_and_bounded() {
        assert_eq!(check_blocks(&[3, 1, 3], 10).unwrap(), [1, 3]);
        assert!(check_blocks(&[], 10).is_err() && check_blocks(&[0, 1], 10).is_err());
        assert!(check_blocks(&[4], 3).unwrap_err().message().contains("there are 3 nodes"));
        assert!(check_blocks(&[101], 500).is_err());
    }
}
