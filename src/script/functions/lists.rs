//! Lists: ranges stand wherever a list is taken; functions of scripts on many items at once.

use rhai::{Array, Dynamic, FnPtr, NativeCallContext};

use super::super::convert::{Outcome, describe, range_bounds, range_list};
use super::super::limits::check_list;
use super::super::parallel;
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::data::Vector;
use crate::error::Error;
use crate::model::Area;

/// A range as a list, which is as long as the session lets lists be.
pub(super) fn range_array(call: &NativeCallContext<'_>, range: &Dynamic) -> Outcome<Array> {
    let bounds = range_bounds(range).unwrap_or((0, Some(0)));
    // A range without an end is said to be one below.
    let count = bounds.1.map_or(0, |end| usize::try_from(end.saturating_sub(bounds.0)).unwrap_or(0));
    check_list(call, count)?;
    Ok(range_list(bounds)?.into_iter().map(Dynamic::from).collect())
}

/// A list, a range or a vector as a list.
fn items(call: &NativeCallContext<'_>, value: &Dynamic, verb: &str) -> Outcome<Array> {
    if let Some(list) = value.read_lock::<Array>() {
        return Ok(list.clone());
    }
    if let Some(vector) = value.read_lock::<Vector>() {
        check_list(call, vector.len())?;
        return Ok(vector.as_slice().iter().map(|&number| number.into()).collect());
    }
    if range_bounds(value).is_some() {
        return range_array(call, value);
    }
    Err(Error::argument(format!("{verb} takes a list, a range or a Vector, not {}", describe(value))).into())
}

fn map(call: &NativeCallContext<'_>, range: &Dynamic, f: &FnPtr) -> Outcome<Array> {
    let ctx = context(call);
    let each = |item: Dynamic| -> Outcome<Dynamic> {
        // The function may be one of the engine's, which looks at no clock.
        ctx.check()?;
        f.call_within_context(call, (item,))
    };
    range_array(call, range)?.into_iter().map(each).collect()
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
        "(0..3).map(|k| ..) -> list\nm.map(|value| ..) -> Matrix\nv.map(|value| ..) -> Vector",
        "Apply a function to every number of a range, a matrix or a vector; lists have their own map",
        "print((0..3).map(|k| k * k));\nprint(vector([1, 2]).map(|x| x * 10));",
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
    at_once(b);
}

/// A reduction from the left: the same for any number of threads.
fn reduce(call: &NativeCallContext<'_>, list: Array, combine: &FnPtr, initial: Option<Dynamic>) -> Outcome<Dynamic> {
    let mut items = list.into_iter();
    let first = initial.or_else(|| items.next()).ok_or_else(|| {
        Error::argument("par_reduce of nothing")
            .with_hint("give the value to start from: par_reduce(list, f, combine, 0)")
    })?;
    let ctx = context(call);
    items.try_fold(first, |sum, item| -> Outcome<Dynamic> {
        ctx.check()?;
        combine.call_within_context(call, (sum, item))
    })
}

fn at_once(b: &mut Builder) {
    b.verb(
        "par_map",
        "par_map(list, |item| ..) -> list\npar_map(list, |item, i| ..) -> list",
        "As map, on all threads: the same answer in the same order, every item with a random stream and copies of outer variables of its own",
        "print(par_map(0..4, |k| random_graph(\"erdos_renyi\", #{ nodes: 20 }).n_edges + 0 * k).len());",
    )
    .on_list(|call: NativeCallContext<'_>, list: Dynamic, f: FnPtr| {
        parallel::map(&call, "par_map", items(&call, &list, "par_map")?, &f)
    });
    b.verb(
        "par_for",
        "par_for(list, |item| ..)",
        "As par_map, for what the function does and not what it gives: files, prints",
        "par_for([\"a\", \"b\"], |name| print(name));",
    )
    .on(|call: NativeCallContext<'_>, list: Dynamic, f: FnPtr| -> Outcome<()> {
        parallel::map(&call, "par_for", items(&call, &list, "par_for")?, &f).map(drop)
    });
    b.verb(
        "par_reduce",
        "par_reduce(list, |item| .., |sum, value| ..)\npar_reduce(list, |item| .., |sum, value| .., initial)",
        "par_map, then the results combined from the left: combine(combine(f(a), f(b)), f(c))",
        "print(par_reduce(1..=4, |k| k * k, |sum, value| sum + value));",
    )
    .on_any(|call: NativeCallContext<'_>, list: Dynamic, f: FnPtr, combine: FnPtr| {
        reduce(&call, parallel::map(&call, "par_reduce", items(&call, &list, "par_reduce")?, &f)?, &combine, None)
    })
    .on_any(|call: NativeCallContext<'_>, list: Dynamic, f: FnPtr, combine: FnPtr, initial: Dynamic| {
        let results = parallel::map(&call, "par_reduce", items(&call, &list, "par_reduce")?, &f)?;
        reduce(&call, results, &combine, Some(initial))
    });
}
