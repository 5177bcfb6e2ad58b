//! Lists: ranges stand wherever a list is taken.

use rhai::{Array, Dynamic, FnPtr, NativeCallContext};

use super::super::convert::{Outcome, range_bounds, range_list};
use super::super::vocabulary::Builder;
use crate::model::Area;

/// A range as a list.
pub(super) fn range_array(range: &Dynamic) -> Outcome<Array> {
    let bounds = range_bounds(range).unwrap_or((0, Some(0)));
    Ok(range_list(bounds)?.into_iter().map(Dynamic::from).collect())
}

fn map(call: &NativeCallContext<'_>, range: &Dynamic, f: &FnPtr) -> Outcome<Array> {
    let list = range_array(range)?;
    list.into_iter().map(|item| f.call_within_context(call, (item,))).collect()
}

fn flatten(list: Array) -> Array {
    list.into_iter()
        .flat_map(|item| if item.is_array() { item.into_array().unwrap_or_default() } else { vec![item] })
        .collect()
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Lists);
    b.verb(
        "map",
        "(0..3).map(|k| ..) -> list",
        "Apply a function to every number of a range; lists have their own map",
        "print((0..3).map(|k| k * k));",
    )
    .on_list(|call: NativeCallContext<'_>, range: std::ops::Range<i64>, f: FnPtr| map(&call, &Dynamic::from(range), &f))
    .on_list(|call: NativeCallContext<'_>, range: std::ops::RangeInclusive<i64>, f: FnPtr| {
        map(&call, &Dynamic::from(range), &f)
    });
    b.verb(
        "flatten",
        "list.flatten() -> list",
        "A list of lists as one list; one level",
        "print([[1, 2], [3]].flatten());",
    )
    .on_list(flatten);
}
