//! The program `sinew`.

use cap::Cap;
use mimalloc::MiMalloc;

/// Fits come by the hundred and take the same pieces of memory: the system's allocator gives them back every time, and
/// takes a sixth of the time of a path. What is given out is counted, so that a script that holds too much is stopped.
#[global_allocator]
static ALLOCATOR: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

fn main() -> std::process::ExitCode {
    sinew::cli::main(|| ALLOCATOR.allocated())
}
