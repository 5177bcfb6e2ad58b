//! The process that started the kernel: when it goes, the kernel goes too.

use std::path::Path;
use std::time::Duration;

/// How often the parent is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Jupyter says here which process it is.
const VARIABLE: &str = "JPY_PARENT_PID";

/// Ends when the process that started the kernel is gone; never, where Jupyter has not said which that is.
pub async fn gone() {
    let Some(pid) = std::env::var(VARIABLE).ok().and_then(|text| text.trim().parse::<u32>().ok()) else {
        return std::future::pending().await;
    };
    // A process that cannot be seen from here, such as one outside of the kernel's container, says nothing.
    let is_seen = is_alive(pid);
    let first = starter();
    while starter() == first && (!is_seen || is_alive(pid)) {
        tokio::time::sleep(LOOK).await;
    }
}

/// The process that this one belongs to: another one, once that has ended.
#[cfg(unix)]
fn starter() -> u32 {
    std::os::unix::process::parent_id()
}

/// The process that this one belongs to; not known here.
#[cfg(not(unix))]
fn starter() -> u32 {
    0
}

/// Whether a process lives, as far as the system tells.
fn is_alive(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !is_zombie(&stat),
        Err(_) => !Path::new("/proc/self/stat").exists(),
    }
}

/// `pid (name) state ..`, where a name may hold anything.
fn is_zombie(stat: &str) -> bool {
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start();
    state.starts_with(['Z', 'X'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_a_dead_one_does_not() {
        assert!(is_alive(std::process::id()));
        assert!(is_zombie("12 (a) b) Z 1 2") && !is_zombie("12 (Z) S 1 2"));
        assert!(!is_alive(u32::MAX) || !Path::new("/proc/self/stat").exists());
    }
}
