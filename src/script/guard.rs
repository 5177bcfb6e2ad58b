//! What ends a script that goes on for too long or holds too much, looked at with every operation of the language.

use std::cell::Cell;

use super::limits::Operations;
use super::session_options::SessionOptions;
use super::state::State;
use crate::error::Result;

/// Operations of a thread from one look at the clock to the next: reading it takes as long as an operation. No more, because
/// one operation may be a function of the language that takes milliseconds and cannot be stopped.
const STRIDE: u32 = 4;

// Of the thread, and not of an evaluation: calls of functions of a script may each be shorter than the stride.
thread_local!(static STEPS: Cell<u32> = const { Cell::new(0) });

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
        STEPS.set(0);
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
        let steps = STEPS.get();
        if steps.is_multiple_of(STRIDE) {
            // The language forgets an error that comes while a value is made a text to print: the next operation looks again.
            state.check()?;
        }
        STEPS.set(steps.wrapping_add(1));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::context::Context;

    #[test]
    fn the_first_operation_looks_and_a_stop_stays() {
        let options = SessionOptions::trusted();
        let state = State::new(Context::new().with_time_limit(Duration::ZERO), options.outlets(), None);
        let guard = Guard::new(&options);
        for _ in 0..3 {
            guard.restart();
            assert!(guard.step(&state).is_err());
            // Whoever forgets the error is told again.
            assert!((0..10 * STRIDE).all(|_| guard.step(&state).is_err()));
        }
    }
}
