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
use crate::rng;

/// `f` of every item, in their order.
///
/// # Errors
/// The error of the first item, in their order, that failed.
pub fn map(call: &NativeCallContext<'_>, verb: &str, items: Array, f: &FnPtr) -> Outcome<Array> {
    let ctx = context(call);
    // One number of the session's sequence for the whole call, and a stream of its own for each item.
    let seed = ctx.next_seed();
    let threads = ctx.threads().min(items.len()).max(1);
    let inner = ctx.clone().with_threads((ctx.threads() / threads).max(1));
    let lines = Lines::default();
    let sink = Sink::of(call);
    // What the function has captured is shared with the script, and Rhai takes two threads that look at it at once for an
    // error: every call gets copies, which also keeps what it changes to itself.
    let f = unshared_function(f);
    let items: Array = items.iter().map(unshared).collect();
    let run = |index: usize, item: &Dynamic| {
        let own = inner.clone().with_seed(rng::derive(seed, "item", index as u64));
        let (result, printed) = for_item(call, own, || apply(call, &f, item, index));
        lines.done(index, printed, &sink);
        result.map_err(|error| located(error, verb, index, call))
    };
    map_items(&items, &ctx, run)
}

/// A copy of a value that shares no variable with anyone.
fn unshared(value: &Dynamic) -> Dynamic {
    let mut copy = value.flatten_clone();
    if let Some(mut list) = copy.write_lock::<Array>() {
        list.iter_mut().for_each(|item| *item = unshared(item));
    } else if let Some(mut map) = copy.write_lock::<Map>() {
        map.values_mut().for_each(|item| *item = unshared(item));
    } else if let Some(mut function) = copy.write_lock::<FnPtr>() {
        *function = unshared_function(&function);
    }
    copy
}

fn unshared_function(f: &FnPtr) -> FnPtr {
    let mut copy = f.clone();
    copy.iter_curry_mut().for_each(|captured| *captured = unshared(captured));
    copy
}

#[cfg(feature = "parallel")]
fn map_items(items: &Array, ctx: &Context, run: impl Fn(usize, &Dynamic) -> Outcome<Dynamic> + Sync) -> Outcome<Array> {
    crate::parallel::map(items, ctx, run)
}

#[cfg(not(feature = "parallel"))]
fn map_items(items: &Array, ctx: &Context, run: impl Fn(usize, &Dynamic) -> Outcome<Dynamic>) -> Outcome<Array> {
    let one = |(index, item)| {
        ctx.check()?;
        run(index, item)
    };
    items.iter().enumerate().map(one).collect()
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
    finished: BTreeMap<usize, Vec<Line>>,
}

impl Lines {
    /// Hands on what item `index` printed once all items before it are done.
    fn done(&self, index: usize, printed: Vec<Line>, sink: &Sink) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.finished.insert(index, printed);
        let next = waiting.next;
        let mut ready = Vec::new();
        for position in next.. {
            match waiting.finished.remove(&position) {
                Some(lines) => ready.extend(lines),
                None => {
                    waiting.next = position;
                    break;
                }
            }
        }
        // Under the lock, so that two items that finish together do not mix.
        sink.take(ready);
    }
}
