//! The same work on many items, on as many threads as the context allows, with the same answer for any number.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::context::Context;
use crate::error::{Error, Result};

/// `f` of every item, in order of the items. Items are handed out one by one; put the largest first.
///
/// # Errors
/// The error of the first item (in their order) that failed; the others are abandoned at their next check.
pub fn map<T: Sync, R: Send>(items: &[T], ctx: &Context, f: impl Fn(usize, &T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let threads = ctx.threads().min(items.len());
    if threads <= 1 {
        return items.iter().enumerate().map(|(index, item)| ctx.check().and_then(|()| f(index, item))).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<R>>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let failed = AtomicUsize::new(usize::MAX);
    let work = || loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        // Items behind a failed one are not needed; items before it decide which error is the first.
        if index >= items.len() || index > failed.load(Ordering::Relaxed) {
            return;
        }
        let result = ctx.check().and_then(|()| f(index, &items[index]));
        if result.is_err() {
            failed.fetch_min(index, Ordering::Relaxed);
        }
        if let Ok(mut slot) = results[index].lock() {
            *slot = Some(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let missing = || Err(Error::internal("a parallel item has no result"));
    results.into_iter().map(|slot| slot.into_inner().ok().flatten().unwrap_or_else(missing)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_first_error_do_not_depend_on_threads() {
        let items: Vec<usize> = (0..100).collect();
        for threads in [1, 2, 7] {
            let ctx = Context::new().with_threads(threads);
            let squares = map(&items, &ctx, |_, &i| Ok(i * i)).unwrap();
            assert!(squares.iter().enumerate().all(|(i, &square)| square == i * i));
            let fail = |_: usize, &i: &usize| {
                if i % 30 == 29 { Err(Error::data(format!("item {i}"))) } else { Ok(i) }
            };
            assert_eq!(map(&items, &ctx, fail).unwrap_err().message(), "item 29");
        }
    }
}
