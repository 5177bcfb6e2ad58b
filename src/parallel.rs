//! The same work on many items, on as many threads as the context allows, with the same answer for any number.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::context::Context;
use crate::error::Error;

/// As much as the main thread has on most systems; taken only as far as it is used.
const STACK: usize = 8 << 20;

/// `f` of every item, in order of the items. Items are handed out one by one; put the largest first.
///
/// Threads are started for this call and end with it, so that a call within a call cannot wait for itself.
///
/// # Errors
/// The error of the first item (in their order) that failed; items behind it are not begun. Memory for all results.
pub fn map<T: Sync, R: Send, E: From<Error> + Send>(
    items: &[T],
    ctx: &Context,
    f: impl Fn(usize, &T) -> std::result::Result<R, E> + Sync,
) -> std::result::Result<Vec<R>, E> {
    let threads = ctx.threads().min(items.len());
    // There is room for every result before the first item is begun.
    let room = std::mem::size_of::<Mutex<Option<std::result::Result<R, E>>>>();
    let _held = ctx.reserve(items.len().saturating_mul(room))?;
    let one = |index: usize| {
        ctx.check()?;
        f(index, &items[index])
    };
    if threads <= 1 {
        return (0..items.len()).map(one).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<std::result::Result<R, E>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let failed = AtomicUsize::new(usize::MAX);
    let work = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        // Items behind a failed one are not needed; items before it decide which error is the first.
        if index >= items.len() || index > failed.load(Ordering::Relaxed) {
            return;
        }
        let result = one(index);
        if result.is_err() {
            failed.fetch_min(index, Ordering::Relaxed);
        }
        if let Ok(mut slot) = results[index].lock() {
            *slot = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Functions of scripts call each other deeply. A machine that has no more threads does with fewer.
            if std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let missing = || Err(E::from(Error::internal("a parallel item has no result")));
    results.into_iter().map(|slot| slot.into_inner().ok().flatten().unwrap_or_else(missing)).collect()
}

/// The context for what item `index` of so many does by itself: the threads that [`map`] leaves over, which are more for
/// the items of a last round that does not need all of them.
pub fn within(ctx: &Context, items: usize, index: usize) -> Context {
    let threads = ctx.threads().max(1);
    let last = items % threads;
    let own = if index + last >= items { threads / last.max(1) } else { 1 };
    ctx.clone().with_threads(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_is_left_without_work() {
        let own = |threads: usize, items: usize| -> Vec<usize> {
            let ctx = Context::new().with_threads(threads);
            (0..items).map(|index| within(&ctx, items, index).threads()).collect()
        };
        assert_eq!(own(2, 5), [1, 1, 1, 1, 2]);
        assert_eq!(own(4, 6), [1, 1, 1, 1, 2, 2]);
        assert_eq!(own(8, 3), [2, 2, 2]);
        assert_eq!(own(1, 2), [1, 1]);
        assert_eq!(own(3, 3), [1, 1, 1]);
    }

    #[test]
    fn order_and_first_error_do_not_depend_on_threads() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 2, 7] {
            let ctx = Context::new().with_threads(threads);
            let squares = map(&items, &ctx, |_, &i| Ok::<_, Error>(i * i)).unwrap();
            assert!(squares.iter().enumerate().all(|(i, &square)| square == i * i));
            let fail = |_: usize, &i: &usize| {
                if i % 30 == 29 { Err(Error::data(format!("item {i}"))) } else { Ok(i) }
            };
            assert_eq!(map(&items, &ctx, fail).unwrap_err().message(), "item 29");
        }
    }
}
