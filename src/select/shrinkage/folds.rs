//! Which samples are held out together.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::rng;

/// Fewer samples cannot be held out while two stay.
const LEAST: usize = 3;

/// Whether so many folds can be drawn of n samples.
///
/// # Errors
/// Too few samples, too many folds or too few.
pub(super) fn check(n: usize, folds: usize) -> Result<()> {
    let hint = "give `shrinkage` and `variance_shrinkage` as numbers";
    if n < LEAST {
        return Err(Error::data(format!("{n} samples are too few to hold some out: it takes {LEAST}")).with_hint(hint));
    }
    if !(2..=n).contains(&folds) {
        return Err(Error::option(format!("{folds} folds of {n} samples: two folds at least, and one sample in each")));
    }
    if n - n.div_ceil(folds) < 2 {
        return Err(Error::option(format!("{folds} folds of {n} samples leave one sample to learn from"))
            .with_hint("more folds"));
    }
    Ok(())
}

/// The rows of every fold, of all repeats; the seed is the context's.
///
/// # Errors
/// Limits of the context.
pub(super) fn draw(n: usize, folds: usize, repeats: usize, ctx: &Context) -> Result<Vec<Vec<usize>>> {
    let mut members = Vec::new();
    for repeat in 0..repeats {
        ctx.check()?;
        let order = rng::permutation(&mut rng::stream(ctx.seed(), "shrinkage", repeat as u64), n);
        members.extend((0..folds).map(|fold| order[fold * n / folds..(fold + 1) * n / folds].to_vec()));
    }
    Ok(members)
}

/// The rows that are not held out, ascending.
pub(super) fn others(n: usize, held_out: &[usize]) -> Vec<usize> {
    let mut stays = vec![true; n];
    held_out.iter().for_each(|&row| stays[row] = false);
    (0..n).filter(|&row| stays[row]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_held_out_once_a_repeat() {
        let members = draw(7, 3, 2, &Context::new().with_seed(3)).unwrap();
        for repeat in members.chunks(3) {
            let mut rows = repeat.concat();
            rows.sort_unstable();
            assert_eq!(rows, (0..7).collect::<Vec<_>>());
        }
        assert_ne!(members[..3], members[3..]);
        assert_eq!(others(5, &[3, 0]), [1, 2, 4]);
        assert!(check(2, 2).is_err() && check(3, 2).is_err() && check(3, 4).is_err());
        assert!(check(3, 3).is_ok() && check(4, 2).is_ok());
    }
}
