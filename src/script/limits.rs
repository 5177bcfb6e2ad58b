//! How large texts, lists and maps may become. Functions of the script language itself cannot be stopped: on values of
//! these sizes each of them ends soon enough for an interrupt to be heard. And how many operations threads may do together.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext, OptimizationLevel, Position,
};

use super::convert::Outcome;
use super::tokens::{CLOSE_TEXT, OPEN_TEXT, tokens};
use crate::context::human_bytes;
use crate::error::{Error, ErrorKind, Result};

/// Bytes of a text, or of all texts in a list or map.
const TEXT: usize = 8 << 20;
/// Elements of a list, with those of the lists in it.
const LIST: usize = 1 << 19;
/// Entries of a map, or of all maps in a list, with those of the maps in them.
const MAP: usize = 1 << 18;

/// What the language calls a text that is too long.
const LONG_TEXT: &str = "Length of string";
/// What it calls a list that is too long.
const LONG_LIST: &str = "Size of array/BLOB";
/// What it calls a map that is too large.
const LARGE_MAP: &str = "Size of object map";

/// Sets the limits of an engine for scripts of other people. With them, each push counts its list anew.
pub(super) fn set_limits(engine: &mut Engine) {
    engine.set_max_string_size(TEXT);
    engine.set_max_array_size(LIST);
    engine.set_max_map_size(MAP);
    // The optimiser takes statements without effect out of a block one by one, each time moving all behind it: a megabyte of
    // them takes minutes, in which nothing can stop it.
    engine.set_optimization_level(OptimizationLevel::None);
}

/// Arguments of one call.
const ARGUMENTS: usize = 64;

/// Fails where a call in a script has more arguments than any function takes. In search of the function, the language goes
/// through 65536 combinations of their types, and looks at all arguments for each: twenty thousand take it ten seconds.
pub(super) fn check_calls(script: &str) -> Result<()> {
    // For every bracket that is open: the arguments behind it; none where it is not one of a call.
    let mut open: Vec<Option<usize>> = Vec::new();
    // What does not end is for the language to complain of.
    for token in tokens(script).unwrap_or_default() {
        match token.text {
            "(" => open.push(Some(1)),
            "[" | "?[" | "{" | "#{" | "${" | OPEN_TEXT => open.push(None),
            ")" | "]" | "}" | CLOSE_TEXT => drop(open.pop()),
            "," => {
                let Some(Some(arguments)) = open.last_mut() else { continue };
                *arguments += 1;
                if *arguments > ARGUMENTS {
                    let message = format!("line {}: a call has more than {ARGUMENTS} arguments", token.place.0);
                    return Err(Error::new(ErrorKind::Limit, message).with_hint("one list holds any number of values"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Operations that a thread counts by itself before it adds them to those of the others.
const BATCH: u64 = 64;

/// Counts the operations of an evaluation on all of its threads: the language counts each call of a parallel function for
/// itself.
#[derive(Debug)]
pub(super) struct Operations {
    limit: u64,
    done: AtomicU64,
    /// Whose the count of a thread is.
    id: u64,
}

thread_local!(static COUNTED: Cell<(u64, u64)> = const { Cell::new((0, 0)) });

impl Operations {
    pub(super) fn new(limit: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { limit, done: AtomicU64::new(0), id: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    /// Begins again, before an evaluation.
    pub(super) fn restart(&self) {
        self.done.store(0, Ordering::Relaxed);
        COUNTED.set((self.id, 0));
    }

    /// Counts one.
    ///
    /// # Errors
    /// All threads together have done more than they may.
    pub(super) fn count(&self) -> Result<()> {
        let (id, counted) = COUNTED.get();
        let counted = if id == self.id { counted + 1 } else { 1 };
        if counted < BATCH {
            COUNTED.set((self.id, counted));
            return Ok(());
        }
        COUNTED.set((self.id, 0));
        let before = self.done.fetch_add(counted, Ordering::Relaxed);
        if before.saturating_add(counted) <= self.limit {
            return Ok(());
        }
        // The next one fails too: the language forgets an error that comes while a value is made a text.
        COUNTED.set((self.id, BATCH));
        Err(too_many_operations())
    }
}

/// The error for a script that does not end soon enough, as scripts count.
pub(super) fn too_many_operations() -> Error {
    Error::new(ErrorKind::Limit, "the limit on operations was reached")
}

/// The language's error for a value that would become too large.
fn too_long(what: &str) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorDataTooLarge(what.into(), Position::NONE))
}

/// Fails where a limit of the engine's is passed; 0 is no limit.
fn check(count: usize, most: usize, what: &str) -> Outcome<()> {
    if most > 0 && count > most { Err(too_long(what)) } else { Ok(()) }
}

/// Fails where a list of so many elements, with those of the lists in it, is longer than any may be in this session.
pub(super) fn check_list(call: &NativeCallContext<'_>, elements: usize) -> Outcome<()> {
    check(elements, call.engine().max_array_size(), LONG_LIST)
}

/// Fails where so many entries of maps are more than any list may have in this session.
pub(super) fn check_entries(call: &NativeCallContext<'_>, entries: usize) -> Outcome<()> {
    check(entries, call.engine().max_map_size(), LARGE_MAP)
}

/// Bytes of a text that one function makes where a session has no limit.
const HUGE_TEXT: usize = 1 << 30;

/// Fails where a text of so many bytes is longer than any may be in this session.
pub(super) fn check_text(call: &NativeCallContext<'_>, bytes: usize) -> Outcome<()> {
    let most = call.engine().max_string_size();
    check(bytes, if most > 0 { most } else { HUGE_TEXT }, LONG_TEXT)
}

/// Fails where `count` more elements of a list, each such an item, are more than any list may have.
pub(super) fn check_growth(call: &NativeCallContext<'_>, count: usize, item: &Dynamic) -> Outcome<()> {
    let (elements, entries, bytes) = weight(item);
    check_list(call, elements.saturating_add(1).saturating_mul(count))?;
    check_entries(call, entries.saturating_mul(count))?;
    check(bytes.saturating_mul(count), call.engine().max_string_size(), LONG_TEXT)
}

/// Elements of a list, with those of the lists in it; 0 of any other value.
pub(super) fn elements(value: &Dynamic) -> usize {
    if value.is_array() { weight(value).0 } else { 0 }
}

/// Elements of lists, entries of maps and bytes of texts in a value, as the language counts them.
fn weight(value: &Dynamic) -> (usize, usize, usize) {
    let add = |(elements, entries, bytes): (usize, usize, usize), part: &Dynamic| {
        let inner = weight(part);
        (elements + inner.0, entries + inner.1, bytes + inner.2)
    };
    if let Some(list) = value.read_lock::<Array>() {
        return list.iter().fold((list.len(), 0, 0), add);
    }
    if let Some(map) = value.read_lock::<Map>() {
        return map.values().fold((0, map.len(), 0), add);
    }
    (0, 0, value.read_lock::<ImmutableString>().map_or(0, |text| text.len()))
}

/// The error for a value that is too large, by what the language says of it.
pub(super) fn too_large(what: &str) -> Error {
    let limit = |message: String, hint: &str| Error::new(ErrorKind::Limit, message).with_hint(hint);
    if what == LONG_TEXT {
        let most = human_bytes(TEXT);
        let message = format!("too much text: a text, or all texts in a list or map, may have {most}");
        return limit(message, "x.save(path) writes results of any size to a file");
    }
    if what == LARGE_MAP {
        let message = format!("too many entries: a map, or all maps in a list, may have {MAP}");
        return limit(message, "many records are a Table: table([#{ .. }, ..])");
    }
    let message = format!("the list is too long: a list may have {LIST} elements, with those of the lists in it");
    limit(message, "many numbers are a Vector or a Matrix, and 0..n counts without a list")
}

#[cfg(test)]
mod tests {
    use super::super::Session;
    use super::*;

    #[test]
    fn operations_of_all_threads_count_together() {
        let operations = Operations::new(10_000);
        let work = || (0..4000).all(|_| operations.count().is_ok());
        let within = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).filter(|&within| within).count()
        });
        assert!(within < 4, "each thread by itself has done fewer than the limit");
        operations.restart();
        assert!(work());
    }

    #[test]
    fn calls_of_endless_arguments_are_refused_and_lists_are_not() {
        let numbers = vec!["1"; 1000].join(",");
        assert!(check_calls(&format!("let v = [{numbers}]; f(v, [{numbers}], |a, b| a)")).is_ok());
        for call in [format!("f({numbers})"), format!("`a${{f([1], {numbers})}}b`"), format!("x.f({numbers}")] {
            assert_eq!(check_calls(&call).unwrap_err().kind(), ErrorKind::Limit, "{call}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_at_once_and_named() {
        let mut session = Session::sandboxed();
        for (script, part) in [
            ("let s = \"x\"; loop { s += s; }", "too much text"),
            ("let v = [\"x\"]; loop { v += v; }", "list is too long"),
            ("let v = []; v.pad(100000000, 1);", "list is too long"),
            ("let v = []; v.pad(1500000, [1, 2]);", "list is too long"),
            ("let v = []; v.pad(9223372036854775807, \"ebic\");", "list is too long"),
            (
                "let v = []; v.pad(400000, \"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 \
              0123456789 0123456789\");",
                "too much text",
            ),
            ("let s = \"\"; s.pad(100000000, 'x');", "too much text"),
            ("let s = \"\"; s.pad(9223372036854775807, \"xyz\");", "too much text"),
            ("let s = \"\"; s.pad(5000000, 'x'); s.split(\"x\")", "list is too long"),
            ("let s = \"\"; s.pad(5000000, 'x'); s.to_chars()", "list is too long"),
            ("blob(100000000)", "list is too long"),
            ("let m = #{ a: [] }; m.a.pad(300000, #{ b: 1, c: 2, d: 3, e: 4 });", "too many entries"),
        ] {
            let error = session.eval(script).expect_err(script).error;
            assert!(error.kind() == ErrorKind::Limit && error.message().contains(part), "{script}: {error}");
            assert!(error.hint().is_some(), "{script}");
        }
        assert_eq!(session.eval_as::<i64>("let v = []; v.pad(300000, 7); v[299999]").unwrap(), 7);
    }
}
