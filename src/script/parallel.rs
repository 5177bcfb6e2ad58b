//! Functions of scripts on many items at once.
//!
//! Rhai can be shared between threads only with its `sync` feature, which this crate's feature `parallel` turns on.
//! Without it items are done in order; the answer is the same, because every item has its own random stream.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};

use super::convert::Outcome;
use super::state::{Line, Sink, context, for_item};
use crate::context::Context;
use crate::error::{Error, ErrorKind};
use crate::rng;

/// What is done for each item, by its position.
#[cfg(feature = "parallel")]
pub trait Work: Fn(usize) -> Outcome<Dynamic> + Sync {}
#[cfg(feature = "parallel")]
impl<F: Fn(usize) -> Outcome<Dynamic> + Sync> Work for F {}
/// What is done for each item, by its position.
#[cfg(not(feature = "parallel"))]
pub trait Work: Fn(usize) -> Outcome<Dynamic> {}
#[cfg(not(feature = "parallel"))]
impl<F: Fn(usize) -> Outcome<Dynamic>> Work for F {}

/// `f` of every item, in their order.
///
/// # Errors
/// The error of the first item, in their order, that failed.
pub fn map(call: &NativeCallContext<'_>, verb: &str, items: Array, f: &FnPtr) -> Outcome<Array> {
    let ctx = context(call);
    let f = unshared_function(f, &ctx)?;
    let items = items.iter().map(|item| unshared(item, &ctx)).collect::<Outcome<Array>>()?;
    each(call, verb, items.len(), &ctx, |index| apply(call, &f, &items[index], index))
}

/// `work` of the positions below `count`, in their order. Random numbers come from the context's seed.
///
/// # Errors
/// The error of the first position that failed.
pub fn each(call: &NativeCallContext<'_>, verb: &str, count: usize, ctx: &Context, work: impl Work) -> Outcome<Array> {
    // One number of the seed's sequence for the whole call, and a stream of its own for each item.
    let seed = ctx.next_seed();
    let lines = Lines::default();
    let sink = Sink::of(call);
    let _held = ctx.reserve_matrices(count, 8, 1)?;
    let run = |index: usize| {
        let own = crate::parallel::within(ctx, count, index).with_seed(rng::derive(seed, "item", index as u64));
        let (result, printed) = for_item(call, own, || work(index));
        lines.done(index, printed, result.is_err(), &sink);
        result.map_err(|error| located(error, verb, index, call))
    };
    in_order_or_at_once(count, ctx, run)
}

/// A function of a script under a context of its own: the numbers that it draws come from that one's seed.
pub fn alone<R>(call: &NativeCallContext<'_>, ctx: &Context, work: impl FnOnce() -> R) -> R {
    let (result, printed) = for_item(call, ctx.clone(), work);
    Sink::of(call).take(printed);
    result
}

/// Levels of values within each other that a copy may have. What has more has captured itself, most likely.
const LEVELS: usize = 1000;

/// A copy of a value that shares no variable with anyone. What a function has captured is shared with the script, and Rhai
/// takes two threads that look at it at once for an error; a copy also keeps what an item changes to itself.
///
/// # Errors
/// A value that is too deep, as one is that holds itself. The end of the time: functions may be reached in many more ways
/// than there are functions.
pub fn unshared(value: &Dynamic, ctx: &Context) -> Outcome<Dynamic> {
    unshared_at(value, 0, ctx)
}

/// The function with copies of what it has captured.
///
/// # Errors
/// As [`unshared`].
pub fn unshared_function(f: &FnPtr, ctx: &Context) -> Outcome<FnPtr> {
    let mut copy = f.clone();
    unshare_all(copy.iter_curry_mut(), 0, ctx)?;
    Ok(copy)
}

fn unshared_at(value: &Dynamic, level: usize, ctx: &Context) -> Outcome<Dynamic> {
    let mut copy = value.flatten_clone();
    if let Some(mut list) = copy.write_lock::<Array>() {
        unshare_all(list.iter_mut(), level, ctx)?;
    } else if let Some(mut map) = copy.write_lock::<Map>() {
        unshare_all(map.values_mut(), level, ctx)?;
    } else if let Some(mut function) = copy.write_lock::<FnPtr>() {
        unshare_all(function.iter_curry_mut(), level, ctx)?;
    }
    Ok(copy)
}

fn unshare_all<'a>(parts: impl Iterator<Item = &'a mut Dynamic>, level: usize, ctx: &Context) -> Outcome<()> {
    ctx.check()?;
    if level >= LEVELS {
        let message = format!("a value is more than {LEVELS} levels deep: lists, maps or functions in one another");
        return Err(Error::new(ErrorKind::Limit, message).with_hint("does a function capture itself?").into());
    }
    for part in parts {
        *part = unshared_at(part, level + 1, ctx)?;
    }
    Ok(())
}

#[cfg(feature = "parallel")]
fn in_order_or_at_once(count: usize, ctx: &Context, run: impl Work) -> Outcome<Array> {
    let positions: Vec<usize> = (0..count).collect();
    crate::parallel::map(&positions, ctx, |_, &index| run(index))
}

#[cfg(not(feature = "parallel"))]
fn in_order_or_at_once(count: usize, ctx: &Context, run: impl Work) -> Outcome<Array> {
    let one = |index| {
        ctx.check()?;
        run(index)
    };
    (0..count).map(one).collect()
}

/// Calls a function of the script with an item, or with the item and its position if it takes two arguments.
fn apply(call: &NativeCallContext<'_>, f: &FnPtr, item: &Dynamic, index: usize) -> Outcome<Dynamic> {
    match f.call_within_context::<Dynamic>(call, (item.clone(),)) {
        Err(error) if takes_another_number(&error, f) => f.call_within_context(call, (item.clone(), index as i64)),
        result => result,
    }
}

/// Whether a call failed because the function itself does not take that many arguments.
fn takes_another_number(error: &EvalAltResult, f: &FnPtr) -> bool {
    matches!(error, EvalAltResult::ErrorFunctionNotFound(signature, _) if signature.split(" (").next() == Some(f.fn_name()))
}

/// The error with the item that it happened in, as a call around it.
fn located(error: Box<EvalAltResult>, verb: &str, index: usize, call: &NativeCallContext<'_>) -> Box<EvalAltResult> {
    // A stop, a limit or an exit that became an error of a call could be caught.
    if !error.is_catchable() {
        return error;
    }
    let source = call.call_source().unwrap_or_default().to_string();
    let place = format!("item {index} of {verb}");
    Box::new(EvalAltResult::ErrorInFunctionCall(place, source, error, call.call_position()))
}

/// What items print, in their order, however they are done.
#[derive(Default)]
struct Lines(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: usize,
    /// Nothing of the items behind one that failed is shown.
    has_failed: bool,
    finished: BTreeMap<usize, (Vec<Line>, bool)>,
}

impl Lines {
    /// Hands on what item `index` printed once all items before it are done; nothing of those behind one that failed.
    fn done(&self, index: usize, printed: Vec<Line>, failed: bool, sink: &Sink) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.finished.insert(index, (printed, failed));
        let mut ready = Vec::new();
        while !waiting.has_failed {
            let position = waiting.next;
            match waiting.finished.remove(&position) {
                Some((lines, failed)) => {
                    ready.extend(lines);
                    waiting.next += 1;
                    waiting.has_failed = failed;
                }
                None => break,
            }
        }
        // Under the lock, so that two items that finish together do not mix.
        sink.take(ready);
    }
}
