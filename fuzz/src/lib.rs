//! What the targets have in common.

use std::path::PathBuf;
use std::time::Duration;

use sinew::Context;
use sinew::script::SessionOptions;

/// Limits small enough for thousands of runs a second, and far from what the fuzzer itself allows.
pub fn sandbox() -> SessionOptions {
    SessionOptions {
        seed: Some(1),
        threads: Some(1),
        time_limit: Some(LIMIT),
        memory_limit: Some(64_000_000),
        max_operations: Some(20_000),
        ..SessionOptions::default()
    }
}

/// The same for calls of the engine.
pub fn context() -> Context {
    Context::new().with_seed(1).with_threads(1).with_time_limit(LIMIT).with_memory_limit(64_000_000)
}

const LIMIT: Duration = Duration::from_millis(300);

/// A file of this process in memory, with this ending.
pub fn path(extension: &str) -> PathBuf {
    let folder = if cfg!(target_os = "linux") { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    folder.join(format!("sinew-fuzz-{}.{extension}", std::process::id()))
}
