//! What the targets have in common.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use sinew::Context;
use sinew::script::{Sandbox, Session, SessionOptions};

/// Limits small enough for thousands of runs a second, and far from what the fuzzer itself allows.
pub fn sandbox() -> Sandbox {
    // Sanitizers make memory of their own, which the watch of the process would count.
    Sandbox::new().threads(1).time(LIMIT).memory(MEMORY).operations(20_000).watch_process(false)
}

/// A session in a sandbox.
pub fn session(sandbox: Sandbox) -> Session {
    Session::new(SessionOptions { seed: Some(1), ..SessionOptions::default() }.sandbox(sandbox))
}

/// The same for calls of the engine.
pub fn context() -> Context {
    Context::new().with_seed(1).with_threads(1).with_time_limit(LIMIT).with_memory_limit(MEMORY)
}

const LIMIT: Duration = Duration::from_millis(300);
const MEMORY: usize = 64_000_000;

/// Runs a target's body with a session that lives from one input to the next, as a host's would.
pub fn with_session<T>(body: impl FnOnce(&mut Session) -> T) -> T {
    thread_local!(static SESSION: RefCell<Session> = RefCell::new(session(sandbox().read(folder()))));
    SESSION.with_borrow_mut(body)
}

/// The folder of files in memory.
pub fn folder() -> PathBuf {
    let folder = if cfg!(target_os = "linux") { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    let own = folder.join(format!("sinew-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&own);
    own
}
