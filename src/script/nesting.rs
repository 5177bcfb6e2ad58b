//! How deeply lists, maps and captured variables may lie within each other.
//!
//! Rhai copies, compares and drops values by recursion, and so does whoever looks at them: one that is a hundred thousand levels
//! deep takes more stack than a thread has, and with it the process. Nothing says when a value gets deeper, but whatever
//! does it again and again reads variables, or captures them. Every now and then one of these is the moment to look at all
//! that the script can reach.

use std::cell::Cell;

use rhai::{Array, Dynamic, Engine, EvalContext, FnPtr, Map, Scope};

use super::state::State;
use crate::error::{Error, ErrorKind, Result};

/// Levels that a value may have. What JSON and tables need is far less, and even a thread of 2 MB has stack for a multiple.
const LEVELS: usize = 200;
/// Values that a function may hold. In search of one that takes as many arguments, the language tries all of them with all
/// types, for a second where they are thousands.
const HELD: usize = 256;
/// Variables that are read between two looks, on average.
const STRIDE: u32 = 64;
/// Elements that one look may take for each variable that was read since the last.
const ELEMENTS: usize = 256;
/// Lists, maps and functions between two looks at the clock.
const PARTS: usize = 1 << 12;
/// Those of one variable, where no clock is looked at: more than a list may have elements.
const FINAL_PARTS: usize = 1 << 20;

// Of the thread, as the steps of the guard are. When to look is drawn, so that no script can have nothing to show just then.
thread_local!(static LEFT: Cell<u32> = const { Cell::new(0) });
thread_local!(static DRAWN: Cell<u32> = const { Cell::new(0x9E37_79B9) });

/// A number that the next one does not follow from by sight.
fn draw() -> u32 {
    let mut x = DRAWN.get();
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    DRAWN.set(x);
    x
}

/// Looks at the variables of a script every now and then, when it reads one.
#[expect(deprecated, reason = "Rhai marks what may change in this way; nothing replaces it")]
pub(super) fn watch(engine: &mut Engine, state: std::sync::Arc<State>) {
    engine.on_var(move |_, _, context| {
        let left = LEFT.get();
        if left > 0 {
            LEFT.set(left - 1);
            return Ok(None);
        }
        let elements = look(&context, &state)?;
        let most = u32::try_from(elements / ELEMENTS).unwrap_or(u32::MAX);
        LEFT.set((STRIDE / 2 + draw() % STRIDE).max(most));
        Ok(None)
    });
}

/// Looks at all that a script can reach from where it is, and gives the number of elements.
fn look(context: &EvalContext<'_, '_, '_, '_, '_, '_>, state: &State) -> Result<usize> {
    let mut depth = Depth { state: Some(state), elements: 0, parts: 0 };
    for (_, _, value) in context.scope().iter_raw() {
        depth.check(value, 0)?;
    }
    if let Some(this) = context.this_ptr() {
        depth.check(this, 0)?;
    }
    Ok(depth.elements)
}

/// Looks at one value.
///
/// # Errors
/// It is too deep, or the evaluation is to end.
pub(super) fn check(value: &Dynamic, state: &State) -> Result<()> {
    Depth { state: Some(state), elements: 0, parts: 0 }.check(value, 0)
}

/// Takes what is too deep out of variables, once a script has ended by it: whoever read such a variable would end at once.
/// After others only variables that are shared are looked at. A function that holds itself is endlessly deep, and would never
/// be freed.
pub(super) fn clear(scope: &mut Scope<'static>, has_failed: bool) {
    let is_fine = |value: &Dynamic| Depth { state: None, elements: 0, parts: 0 }.check(value, 0).is_ok();
    let is_kept = |value: &Dynamic| !has_failed && !value.is_shared() || is_fine(value);
    let deep: Vec<String> =
        scope.iter_raw().filter(|(_, _, value)| !is_kept(value)).map(|(name, ..)| name.to_string()).collect();
    if deep.is_empty() {
        return;
    }
    for name in deep {
        let Some(value) = scope.get_mut(&name).filter(|value| value.is_shared()) else { continue };
        // Opens the ring, where it is one.
        let held = value.write_lock::<Dynamic>().map(|mut cell| std::mem::replace(&mut *cell, Dynamic::UNIT));
        drop(held);
    }
    let mut kept = Scope::new();
    for (name, is_constant, value) in scope.iter_raw() {
        let value = if is_kept(value) { value.clone() } else { Dynamic::UNIT };
        match is_constant {
            true => kept.push_constant_dynamic(name.to_string(), value),
            false => kept.push_dynamic(name.to_string(), value),
        };
    }
    *scope = kept;
}

/// A look at values: its own recursion ends where they may not go on.
struct Depth<'a> {
    /// What ends a look that takes long; without it so many parts do.
    state: Option<&'a State>,
    elements: usize,
    parts: usize,
}

impl Depth<'_> {
    fn check(&mut self, value: &Dynamic, level: usize) -> Result<()> {
        if value.is_shared() {
            // One that is being written to right now is looked at the next time.
            return value.read_lock::<Dynamic>().map_or(Ok(()), |value| self.check_plain(&value, level));
        }
        self.check_plain(value, level)
    }

    /// Of a value that is not shared, though its parts may be.
    fn check_plain(&mut self, value: &Dynamic, level: usize) -> Result<()> {
        if let Some(list) = value.read_lock::<Array>() {
            self.enter(list.len(), level)?;
            list.iter().try_for_each(|item| self.check(item, level + 1))
        } else if let Some(map) = value.read_lock::<Map>() {
            self.enter(map.len(), level)?;
            map.values().try_for_each(|item| self.check(item, level + 1))
        } else if let Some(function) = value.read_lock::<FnPtr>() {
            let held = function.curry().len();
            if held > HELD {
                let message = format!("a function holds {held} values, which are more than {HELD}");
                return Err(Error::new(ErrorKind::Limit, message).with_hint("one list holds any number of values"));
            }
            self.enter(held, level)?;
            function.curry().iter().try_for_each(|captured| self.check(captured, level + 1))
        } else {
            Ok(())
        }
    }

    /// Counts what has parts.
    fn enter(&mut self, elements: usize, level: usize) -> Result<()> {
        if level >= LEVELS {
            let message = format!("a value is more than {LEVELS} levels deep: lists, maps or functions in one another");
            return Err(Error::new(ErrorKind::Limit, message)
                .with_hint("a list of records, each with the number of the one that it belongs to, has any depth"));
        }
        self.elements = self.elements.saturating_add(elements + 1);
        self.parts += 1;
        // A function may be reached in more ways than there are functions.
        match self.state {
            Some(state) if self.parts.is_multiple_of(PARTS) => state.check(),
            None if self.parts > FINAL_PARTS => Err(Error::new(ErrorKind::Limit, "a value has too many parts")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Sandbox, Session};
    use crate::error::ErrorKind;

    #[test]
    fn values_that_get_deeper_without_end_are_stopped_and_shallow_ones_are_not() {
        let mut session = Session::sandboxed();
        for script in [
            "let v = []; loop { v = [v]; }",
            "let v = [1]; loop { v = [[v.pop()]]; }",
            "let v = #{}; loop { v = #{ next: v }; }",
            "let v = (); for i in 0..5000 { v = [v]; } v",
            "fn wrap(f) { || f.call() } let f = || 1; loop { f = wrap(f); }",
            "fn wrap(f) { let g = f; || [f, g] } let f = || 1; loop { f = wrap(f); }",
            "let wide = []; wide.pad(100000, 0); loop { wide[7] = [[wide[7]]]; }",
            "let f = 0; loop { f = || f; }",
        ] {
            let error = session.eval(script).expect_err(script).error;
            assert!(error.kind() == ErrorKind::Limit && error.message().contains("levels deep"), "{script}: {error}");
            assert_eq!(session.eval_as::<i64>("let sum = 0; for i in 0..1000 { sum += 1; } sum").unwrap(), 1000);
        }
        // What is allowed here is depth; how long it takes hangs on the machine and on the build.
        let mut session = Session::with_sandbox(Sandbox::new().time(Duration::from_secs(3600)));
        let fine = "let v = []; for i in 0..150 { v = [v]; } let w = []; for i in 0..20000 { w.push([i, #{ a: [i] }]); } w.len()";
        assert_eq!(session.eval_as::<i64>(fine).unwrap(), 20_000);
    }
}
