//! The program `sinew`.

/// Fits come by the hundred and take the same pieces of memory: the system's allocator gives them back every time, and
/// takes a sixth of the time of a path.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    sinew::cli::main()
}
