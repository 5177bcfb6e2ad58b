//! Long lists in order, with an eye on the context.

use std::cmp::Ordering;

use crate::context::Context;
use crate::error::Result;

/// So many values are in order before anybody could ask.
const PIECE: usize = 1 << 18;

/// Sorts by an order whose ties look the same.
///
/// # Errors
/// Limits of the context.
pub fn sort_by<T>(values: &mut [T], order: impl Fn(&T, &T) -> Ordering + Copy, ctx: &Context) -> Result<()> {
    ctx.check()?;
    if values.len() <= PIECE {
        values.sort_unstable_by(order);
        return Ok(());
    }
    let middle = values.len() / 2;
    let (below, _, above) = values.select_nth_unstable_by(middle, order);
    sort_by(below, order, ctx)?;
    sort_by(above, order, ctx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn long_lists_are_sorted_piece_by_piece_and_stop() {
        let ctx = Context::new();
        let mut values: Vec<u64> = (0..5 * PIECE as u64 + 7).map(|k| (k * 0x9E37_79B9) % 1_000_003).collect();
        let mut expected = values.clone();
        expected.sort_unstable_by(|a, b| b.cmp(a));
        sort_by(&mut values, |a, b| b.cmp(a), &ctx).unwrap();
        assert!(values == expected);
        ctx.cancel_handle().cancel();
        assert_eq!(sort_by(&mut values, u64::cmp, &ctx).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
