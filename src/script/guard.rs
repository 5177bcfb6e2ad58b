//! What ends a script that goes on for too long or holds too much, looked at with every operation of the language.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::limits::Operations;
use super::session_options::SessionOptions;
use super::state::State;
use crate::error::Result;

/// Operations of a thread from one look at the clock to the next: reading it takes as long as an operation. No more, because
/// one operation may be a function of the language that takes milliseconds and cannot be stopped.
const STRIDE: u32 = 8;
/// Time between two looks from which on operations are slow: what a script does once it mostly does again.
const SLOW: Duration = Duration::from_millis(5);
/// Operations behind a slow one that are each looked at.
const CLOSE: u32 = 256;

/// How closely a thread looks, and when it last did.
#[derive(Clone, Copy)]
struct Pace {
    /// Looks in which no operation is left out.
    closely: u32,
    looked: Option<Instant>,
}

const FRESH: Pace = Pace { closely: 0, looked: None };

// Of the thread, and not of an evaluation: calls of functions of a script may each be shorter than the stride.
thread_local!(static PACE: Cell<Pace> = const { Cell::new(FRESH) });
// Operations before the next look. By itself: most operations only count it down.
thread_local!(static LEFT: Cell<u32> = const { Cell::new(0) });

/// What holds an evaluation within limits that the context does not know.
pub(super) struct Guard {
    operations: Option<Operations>,
}

impl Guard {
    pub fn new(options: &SessionOptions) -> Self {
        Self { operations: options.sandbox.operations.map(Operations::new) }
    }

    /// Begins again, before an evaluation.
    pub fn restart(&self) {
        // The first operation looks: a stop may have been asked for before.
        PACE.set(FRESH);
        LEFT.set(0);
        if let Some(operations) = &self.operations {
            operations.restart();
        }
    }

    /// Counts one operation; every few of them it looks at all that may end the evaluation.
    ///
    /// # Errors
    /// The evaluation has done more than it may, or the state says that it is to end.
    pub fn step(&self, state: &State) -> Result<()> {
        self.operations.as_ref().map_or(Ok(()), Operations::count)?;
        let left = LEFT.get();
        if left > 0 {
            LEFT.set(left - 1);
            return Ok(());
        }
        let now = Instant::now();
        // The language forgets an error that comes while a value is made a text to print: the next operation looks again.
        state.check_at(now)?;
        let pace = PACE.get();
        let is_slow = pace.looked.is_some_and(|last| now.duration_since(last) >= SLOW);
        let closely = if is_slow { CLOSE } else { pace.closely.saturating_sub(1) };
        PACE.set(Pace { closely, looked: Some(now) });
        LEFT.set(if closely > 0 { 0 } else { STRIDE - 1 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;

    #[test]
    fn the_first_operation_looks_and_whoever_forgets_the_error_is_told_again() {
        let options = SessionOptions::trusted();
        let state = |limit| State::new(Context::new().with_time_limit(limit), options.outlets(), None);
        let guard = Guard::new(&options);
        for _ in 0..3 {
            guard.restart();
            let late = state(Duration::ZERO);
            assert!((0..10 * STRIDE).all(|_| guard.step(&late).is_err()));
        }
        guard.restart();
        let in_time = state(Duration::from_secs(3600));
        assert!((0..10 * STRIDE).all(|_| guard.step(&in_time).is_ok()));
        assert!((0..STRIDE).any(|_| guard.step(&state(Duration::ZERO)).is_err()), "one of so many operations looks");
    }
}
