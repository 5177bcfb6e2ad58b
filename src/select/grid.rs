//! Grids of penalties.

use crate::error::{Error, Result};

/// A descending grid of penalties.
#[derive(Debug, Clone, PartialEq)]
pub enum Grid {
    /// `count` values, evenly spaced in logarithm, from the smallest penalty that empties the graph down to `min_ratio` of it.
    Automatic {
        /// Number of values.
        count: usize,
        /// Smallest over largest value.
        min_ratio: f64,
    },
    /// These values, sorted.
    Given(Vec<f64>),
}

/// More penalties than this are a mistake.
const MOST: usize = 100_000;

impl Grid {
    /// The values, largest first, where `largest` empties the graph.
    ///
    /// # Errors
    /// A given value that is negative or not finite, no value at all.
    pub fn values(&self, largest: f64) -> Result<Vec<f64>> {
        match self {
            Self::Automatic { count, .. } if *count > MOST => {
                Err(Error::option(format!("n_lambdas must be at most {MOST}, not {count}")))
            }
            // Where no penalty is needed to empty the graph there is nothing to choose.
            Self::Automatic { count, .. } if *count == 1 || largest == 0.0 => Ok(vec![largest]),
            Self::Automatic { count, min_ratio } => {
                let step = min_ratio.ln() / (count - 1) as f64;
                Ok((0..*count).map(|k| largest * (step * k as f64).exp()).collect())
            }
            Self::Given(values) => {
                if let Some(wrong) = values.iter().find(|value| !value.is_finite() || **value < 0.0) {
                    return Err(Error::option(format!("lambdas must be numbers >= 0, not {wrong}")));
                }
                if values.is_empty() {
                    return Err(Error::option("lambdas must not be an empty list"));
                }
                let mut sorted = values.clone();
                sorted.sort_by(|a, b| b.total_cmp(a));
                sorted.dedup();
                Ok(sorted)
            }
        }
    }
}
