//! Decompositions that faer computes in one go: large ones on a thread of their own, so that their caller can leave.

use faer::MatRef;
use ndarray::ArrayView2;

use super::layout::{contiguous, copied, view};
use crate::context::Context;
use crate::detached::detached;
use crate::error::Result;

/// Matrices with at most this many rows and columns are decomposed in less than about 20 ms.
const SMALL: usize = 300;

/// What `work` makes of the matrices. Where one of them is large, the call returns as soon as it is cancelled or its time
/// is up.
///
/// # Errors
/// Those of `work`; cancellation; memory.
pub(super) fn decompose<const N: usize, T: Send + 'static>(
    inputs: [ArrayView2<'_, f64>; N],
    ctx: &Context,
    work: impl FnOnce([MatRef<'_, f64>; N]) -> Result<T> + Send + 'static,
) -> Result<T> {
    ctx.check()?;
    // Input, factors and result.
    let size: usize = inputs.iter().map(|input| input.len()).sum();
    let held = ctx.reserve_matrices(3, size, 1)?;
    if inputs.iter().all(|input| input.nrows().max(input.ncols()) <= SMALL) {
        let inputs = inputs.map(contiguous);
        return work(std::array::from_fn(|i| view(inputs[i].view())));
    }
    let copy = |input| copied(view(contiguous(input).view()), &|| ctx.check());
    let copies = inputs.into_iter().map(copy).collect::<Result<Vec<_>>>()?;
    detached(ctx, move || {
        // The memory stays taken until the thread ends, whether or not anybody waits for it.
        let _held = held;
        work(std::array::from_fn(|i| view(copies[i].view())))
    })?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use ndarray::Array2;
    use std::time::{Duration, Instant};

    /// The sum of all entries, after `wait`.
    fn slow_sum(n: usize, wait: Duration, ctx: &Context) -> Result<f64> {
        let ones = Array2::<f64>::ones((n, 2));
        decompose([ones.view()], ctx, move |[a]| {
            std::thread::sleep(wait);
            Ok((0..a.nrows()).map(|i| a[(i, 0)] + a[(i, 1)]).sum())
        })
    }

    #[test]
    fn small_and_large_matrices_give_their_results_and_errors() {
        let ctx = Context::new();
        for n in [2, SMALL, SMALL + 1] {
            assert_eq!(slow_sum(n, Duration::ZERO, &ctx).unwrap(), 2.0 * n as f64);
            let ones = Array2::<f64>::ones((n, 1));
            let failed = decompose([ones.view()], &ctx, |_| Err::<(), _>(Error::numerical("no")));
            assert_eq!(failed.unwrap_err().message(), "no");
        }
    }

    #[test]
    fn a_caller_leaves_when_its_time_is_up_or_it_is_cancelled() {
        let long = Duration::from_secs(20);
        let started = Instant::now();
        let ctx = Context::new().with_time_limit(Duration::from_millis(5));
        assert_eq!(slow_sum(SMALL + 1, long, &ctx).unwrap_err().kind(), ErrorKind::Time);
        let ctx = Context::new();
        let handle = ctx.cancel_handle();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(10));
                handle.cancel();
            });
            assert_eq!(slow_sum(SMALL + 1, long, &ctx).unwrap_err().kind(), ErrorKind::Cancelled);
        });
        assert!(started.elapsed() < long / 2);
    }
}
