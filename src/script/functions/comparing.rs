//! Lists of the language that are sorted and searched by comparisons. Its own functions go on after an error in one, also
//! after the end of the time, and copy what they look for once for each element.

use std::cmp::Ordering;

use rhai::{Array, Blob, Dynamic, EvalAltResult, FnNamespace, FnPtr, FuncRegistration, Map, NativeCallContext};

use super::super::convert::{Outcome, describe, to_number};
use super::super::state::context;
use super::super::vocabulary::Builder;
use crate::error::Error;
use crate::model::Area;

/// Bytes of working space for each element that is sorted: its position, twice, and the element once more.
const PLACE: usize = 32;

/// Positions below `count` in order, equal ones as they were. An error ends it, and so does every comparison that
/// contradicts itself.
fn sorted(count: usize, mut compare: impl FnMut(usize, usize) -> Outcome<Ordering>) -> Outcome<Vec<usize>> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut width = 1;
    while width < count {
        merged.clear();
        for pair in order.chunks(2 * width) {
            let (left, right) = pair.split_at(width.min(pair.len()));
            let (mut i, mut j) = (0, 0);
            while i < left.len() && j < right.len() {
                if compare(left[i], right[j])? == Ordering::Greater {
                    merged.push(right[j]);
                    j += 1;
                } else {
                    merged.push(left[i]);
                    i += 1;
                }
            }
            merged.extend_from_slice(&left[i..]);
            merged.extend_from_slice(&right[j..]);
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    Ok(order)
}

/// Which of two elements comes first, by a function of the script.
fn ordering(call: &NativeCallContext<'_>, f: &FnPtr, a: &Dynamic, b: &Dynamic) -> Outcome<Ordering> {
    let answer: Dynamic = f.call_within_context(call, (a.clone(), b.clone()))?;
    if let Ok(is_first) = answer.as_bool() {
        return Ok(if is_first { Ordering::Less } else { Ordering::Greater });
    }
    let wrong = || {
        Error::argument(format!("the function that compares must give a number, it gave {}", describe(&answer)))
            .with_hint("list.sort(|a, b| a - b): below 0 where a comes first; or true there")
    };
    let number = to_number(&answer).ok_or_else(wrong)?;
    Ok(number.partial_cmp(&0.0).unwrap_or(Ordering::Equal))
}

/// Sorts a list; it stays as it was where the function fails.
fn sort(call: &NativeCallContext<'_>, list: &mut Array, f: &FnPtr) -> Outcome<()> {
    let ctx = context(call);
    let _held = ctx.reserve(list.len().saturating_mul(PLACE))?;
    let order = sorted(list.len(), |i, j| {
        ctx.check()?;
        ordering(call, f, &list[i], &list[j])
    })?;
    *list = order.into_iter().map(|i| std::mem::take(&mut list[i])).collect();
    Ok(())
}

/// Takes away every element that the function finds equal to the last one before it that stays.
fn dedup(call: &NativeCallContext<'_>, list: &mut Array, f: &FnPtr) -> Outcome<()> {
    let ctx = context(call);
    let mut kept: Vec<usize> = Vec::new();
    for i in 0..list.len() {
        ctx.check()?;
        let is_again = match kept.last() {
            Some(&last) => {
                let answer: Dynamic = f.call_within_context(call, (list[last].clone(), list[i].clone()))?;
                answer.as_bool().unwrap_or(false)
            }
            None => false,
        };
        if !is_again {
            kept.push(i);
        }
    }
    *list = kept.into_iter().map(|i| std::mem::take(&mut list[i])).collect();
    Ok(())
}

/// How many elements something has that is compared by its elements, and what it is.
fn extent(value: &Dynamic) -> Option<(&'static str, usize)> {
    let list = value.read_lock::<Array>().map(|list| ("list", list.len()));
    let map = || value.read_lock::<Map>().map(|map| ("map", map.len()));
    list.or_else(map).or_else(|| value.read_lock::<Blob>().map(|bytes| ("bytes", bytes.len())))
}

/// Whether an element is this value, as `==` has it.
fn is_same(call: &NativeCallContext<'_>, element: &mut Dynamic, value: &Dynamic) -> Outcome<bool> {
    // A comparison takes its second value: a long list is copied only for one that is as long.
    if extent(element) != extent(value) {
        return Ok(false);
    }
    let answer = call.call_native_fn_raw("==", true, &mut [&mut *element, &mut value.clone()]);
    match answer {
        Ok(answer) => Ok(answer.as_bool().unwrap_or(false)),
        Err(error) => match *error {
            EvalAltResult::ErrorFunctionNotFound(..) if element.type_id() != value.type_id() => Ok(false),
            _ => Err(error),
        },
    }
}

/// The first position of a value, from `start` on, which counts from the end where it is negative.
fn position(call: &NativeCallContext<'_>, list: &mut Array, value: &Dynamic, start: i64) -> Outcome<Option<usize>> {
    let ctx = context(call);
    let distance = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
    let start = if start < 0 { list.len().saturating_sub(distance) } else { distance };
    for (i, element) in list.iter_mut().enumerate().skip(start) {
        ctx.check()?;
        if is_same(call, element, value)? {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

fn index_of(call: &NativeCallContext<'_>, list: &mut Array, value: &Dynamic, start: i64) -> Outcome<i64> {
    Ok(position(call, list, value, start)?.map_or(-1, |i| i as i64))
}

pub(super) fn define(b: &mut Builder) {
    b.area(Area::Lists);
    orders(b);
    b.verb(
        "contains",
        "list.contains(value) -> bool\ntext.contains(part) -> bool",
        "Whether a list has such an element, a text such a part, or a map such a key",
        "print([1, 2].contains(2));",
    )
    .on(|call: NativeCallContext<'_>, list: &mut Array, value: Dynamic| -> Outcome<bool> {
        Ok(position(&call, list, &value, 0)?.is_some())
    });
    b.verb(
        "index_of",
        "list.index_of(value) -> int\nlist.index_of(value, start) -> int\ntext.index_of(part) -> int\ntext.index_of(part, start) -> int",
        "The first position of an element in a list or of a part in a text, from a start on; -1 where there is none",
        "print(\"a, b\".index_of(\"b\"));",
    )
    .on(|call: NativeCallContext<'_>, list: &mut Array, value: Dynamic| index_of(&call, list, &value, 0))
    .on(|call: NativeCallContext<'_>, list: &mut Array, value: Dynamic, start: i64| {
        index_of(&call, list, &value, start)
    });
}

fn orders(b: &mut Builder) {
    // They change what they are called on, so that a constant is none for them.
    let changing =
        |name: &'static str| FuncRegistration::new(name).with_namespace(FnNamespace::Global).with_purity(false);
    for name in ["sort", "sort_by"] {
        changing(name)
            .set_into_module(b.module(), |call: NativeCallContext<'_>, list: &mut Array, f: FnPtr| -> Outcome<()> {
                sort(&call, list, &f)
            });
    }
    b.verb(
        "order_by",
        "list.order_by(|a, b| ..) -> list",
        "A sorted copy of a list, by a function of two elements",
        "print([3, 1, 2].order_by(|a, b| b - a));",
    );
    for name in ["order", "order_by"] {
        b.extend(name).on_list(|call: NativeCallContext<'_>, list: &mut Array, f: FnPtr| -> Outcome<Array> {
            let mut copy = list.clone();
            sort(&call, &mut copy, &f)?;
            Ok(copy)
        });
    }
    b.verb(
        "dedup",
        "list.dedup()\nlist.dedup(|a, b| ..)",
        "Take away elements that are equal to the one before them, or that a function finds equal to it",
        "let list = [1, 1, 2];\nlist.dedup();\nprint(list);",
    );
    changing("dedup")
        .set_into_module(b.module(), |call: NativeCallContext<'_>, list: &mut Array, f: FnPtr| -> Outcome<()> {
            dedup(&call, list, &f)
        });
    changing("dedup")
        .set_into_module(b.module(), |call: NativeCallContext<'_>, list: &mut Array, f: &str| -> Outcome<()> {
            dedup(&call, list, &FnPtr::new(f)?)
        });
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::script::Session;

    #[test]
    fn lists_are_sorted_and_searched_as_the_language_does_it() {
        let mut session = Session::sandboxed();
        for (script, expected) in [
            ("let v = [3, 1, 2, 1]; v.sort(|a, b| a - b); v", "[1, 1, 2, 3]"),
            ("let v = [[1, 2], [0, 1], [1, 1]]; v.sort_by(|a, b| a[0] < b[0]); v", "[[0, 1], [1, 1], [1, 2]]"),
            ("let v = [[1, 2], [0, 1], [1, 1]]; v.sort_by(|a, b| a[0] - b[0]); v", "[[0, 1], [1, 2], [1, 1]]"),
            ("let v = [0.5, 0.25]; [v.order_by(|a, b| a - b), v]", "[[0.25, 0.5], [0.5, 0.25]]"),
            ("let v = [1, 1, 2, 3, 3, 1]; v.dedup(|a, b| a == b); v", "[1, 2, 3, 1]"),
            (
                "let v = [1, \"a\", [2, 3], #{ k: 1 }, ()]; [[2, 3] in v, [2] in v, #{ k: 1 } in v, 1.0 in v, eye(2) in v]",
                "[true, false, true, true, false]",
            ),
            (
                "let v = [1, 2, 1, [1]]; [v.index_of(1, 1), v.index_of(1, -2), v.index_of([1]), v.index_of(9), v.index_of(|x| x == 2)]",
                "[2, 2, 3, -1, 1]",
            ),
        ] {
            let script = format!("let value = {{ {script} }}; `${{value}}`");
            assert_eq!(
                session.eval_as::<String>(&script).unwrap_or_else(|error| error.to_string()),
                expected,
                "{script}"
            );
        }
        for (script, kind) in [
            ("let v = [2, 1]; v.sort(|a, b| throw \"no order\");", ErrorKind::Script),
            ("let v = [2, 1]; v.sort(|a, b| \"less\");", ErrorKind::Argument),
            ("let v = [2, 1]; v.dedup(|a, b| a.missing());", ErrorKind::Function),
        ] {
            assert_eq!(session.eval(script).expect_err(script).error.kind(), kind, "{script}");
        }
    }
}
