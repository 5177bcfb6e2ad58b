//! Any text as a script in a sandbox: it ends by a value or an error, and the session lives on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sinew_fuzz::{sandbox, session};

fuzz_target!(|text: &str| {
    let mut session = session(sandbox());
    let _ = session.eval(text);
    assert_eq!(session.eval_as::<i64>("40 + 2").ok(), Some(42), "the session died");
});
