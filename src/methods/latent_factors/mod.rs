//! Latent factors that several data sets share: what the methods for them have in common.
//!
//! V variables, M factors. D is the projection, V x M. No matrix of V x V is made: all that data give is X'XD.

pub mod adam;
pub mod baseline;
pub mod descent;
pub mod fast_ica;
pub mod objective;
pub mod principal;
pub mod result;
mod sets;
pub mod stiefel;

pub use sets::{Sets, Units};

use crate::error::{Error, Result};
use crate::options::{Kind, Opt, Preset};

/// The option `center`.
pub const CENTER: Opt = Opt::new(
    "center",
    &[Kind::Bool],
    Preset::Bool(true),
    "Take the mean of every column off, in each data set; false takes the data to be about 0, as the paper does",
);

/// The option `penalize_diagonal`.
pub const PENALIZE_DIAGONAL: Opt = Opt::new(
    "penalize_diagonal",
    &[Kind::Bool],
    Preset::Bool(false),
    "Penalise the diagonals of the precision matrices too, as the formulas of the paper do and its program does not",
);

/// How many factors there are when nobody says: 10, or fewer where there are few variables or samples.
pub fn default_factors(sets: &Sets<'_>) -> usize {
    sets.variables().div_ceil(2).min(sets.fewest_dimensions().saturating_sub(1)).clamp(1, 10)
}

/// Checks that so many factors can be told from noise.
///
/// # Errors
/// As many factors as variables, or as the samples of a data set have dimensions.
pub fn check_factors(factors: usize, sets: &Sets<'_>) -> Result<()> {
    let variables = sets.variables();
    if variables < 2 {
        return Err(Error::data("one variable has no factors that it shares with others"));
    }
    if factors >= variables {
        return Err(Error::option(format!("{factors} factors of {variables} variables leave no noise"))
            .with_hint("give fewer factors than there are variables"));
    }
    let short = (0..sets.len()).find(|&set| sets.dimensions(set) <= factors);
    match short {
        Some(set) => Err(Error::option(format!(
            "{factors} factors leave no noise in data set {set}, which has {} samples",
            sets.samples(set)
        ))
        .with_hint(
            "give fewer factors than every data set has samples (less one where means are taken off), or leave that data \
             set out",
        )),
        None => Ok(()),
    }
}
