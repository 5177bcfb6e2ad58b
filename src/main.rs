//! The program `sinew`.

fn main() -> std::process::ExitCode {
    sinew::cli::main()
}
