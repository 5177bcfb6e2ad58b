//! What can be written behind `sinew`.

use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Sparse graphs recovered from data, in scripts. Without a command: the prompt, on a terminal.
#[derive(Debug, Parser)]
#[command(name = "sinew", version, about, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(flatten)]
    pub flags: Flags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How errors and warnings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// For people: with the line, a caret, and what to do
    Human,
    /// For programs: one JSON document a line
    Json,
}

/// Flags before or after the sub-command.
#[derive(Debug, Args)]
pub struct Flags {
    /// Print the script's value as one JSON document; what it prints goes to standard error
    #[arg(long, global = true)]
    pub json: bool,
    /// Seed of everything random
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u64).range(..=sinew_max_seed()))]
    pub seed: Option<u64>,
    /// Threads at most; never changes a result
    #[arg(long, global = true, value_name = "N", value_parser = threads)]
    pub threads: Option<usize>,
    /// Seconds that the script may take
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub time_limit: Option<Duration>,
    /// Memory that matrices may take, as 500MB or 2GB
    #[arg(long, global = true, value_name = "SIZE", value_parser = bytes)]
    pub memory_limit: Option<usize>,
    /// No warnings, no progress, no greeting, no word of what was done
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// How errors and warnings are written on standard error
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t = ErrorFormat::Human)]
    pub error_format: ErrorFormat,
    /// Make a fit that does not converge an error
    #[arg(long, global = true)]
    pub strict: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script
    Run {
        /// The script, a .rhai file
        file: String,
        /// What the script finds in the list `args` and its `args_spec` reads
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Evaluate code and print its value
    Eval {
        /// The code
        code: String,
        /// What the code finds in the list `args` and its `args_spec` reads
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Find what is wrong in scripts without running them
    Check {
        /// The scripts; - is standard input
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Explain a name, or list all names
    Help {
        /// A verb, property or constructor
        name: Option<String>,
    },
    /// List the methods; with --json everything about every name
    Methods,
    /// Start the prompt; lines may come from a pipe too
    Repl,
    /// Explain an error code, or list all codes
    Explain {
        /// A code such as E010, or a category such as option
        code: Option<String>,
    },
    /// List what computations can run on
    Devices,
    /// Print what makes a shell complete commands and flags
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write what editors need to know of all functions: a Rhai definitions file
    Definitions {
        /// Where to; standard output when not given
        #[arg(long, value_name = "FILE")]
        out: Option<String>,
    },
    /// Write the reference as web pages
    Doc {
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: String,
        /// Write into a folder that holds other things
        #[arg(long)]
        force: bool,
    },
    /// The kernel for Jupyter notebooks
    #[cfg(feature = "kernel")]
    Kernel {
        #[command(subcommand)]
        action: KernelCommand,
    },
    /// Notebooks in Rust, whose kernel is evcxr
    Notebook {
        #[command(subcommand)]
        action: NotebookCommand,
    },
}

/// What can be done for notebooks in Rust.
#[derive(Debug, Subcommand)]
pub enum NotebookCommand {
    /// Compile what notebooks stand on, so that a new kernel starts in seconds
    Warm {
        /// The folder of the notebooks, with its evcxr.toml; the current one, or notebooks in it
        folder: Option<std::path::PathBuf>,
        /// The crate that notebooks use; FOLDER/crate when not given
        #[arg(long = "crate", value_name = "DIR")]
        package: Option<std::path::PathBuf>,
        /// Where what is compiled goes; FOLDER/.evcxr when not given
        #[arg(long, value_name = "DIR")]
        tmpdir: Option<std::path::PathBuf>,
    },
}

/// What can be done with the kernel.
#[cfg(feature = "kernel")]
#[derive(Debug, Subcommand)]
pub enum KernelCommand {
    /// Make the kernel known to Jupyter; --threads, --seed and limits hold for its notebooks
    Install {
        #[command(flatten)]
        place: KernelPlace,
    },
    /// Take the kernel away again
    Uninstall {
        #[command(flatten)]
        place: KernelPlace,
    },
    /// Run the kernel: Jupyter does that
    Start {
        /// The connection file that Jupyter wrote
        #[arg(short = 'f', long, value_name = "FILE")]
        connection_file: String,
    },
    /// Find what keeps notebooks from using the kernel, and say how to mend it
    Doctor,
}

/// Where Jupyter looks for the kernel.
#[cfg(feature = "kernel")]
#[derive(Debug, Args)]
pub struct KernelPlace {
    /// For this user; the default
    #[arg(long, conflicts_with_all = ["prefix", "sys_prefix"])]
    pub user: bool,
    /// Below a folder: DIR/share/jupyter/kernels
    #[arg(long, value_name = "DIR", conflicts_with = "sys_prefix")]
    pub prefix: Option<std::path::PathBuf>,
    /// In the Python environment that is active
    #[arg(long)]
    pub sys_prefix: bool,
    /// The kernel's name, for several with different flags
    #[arg(long, value_name = "NAME", default_value = crate::jupyter::DEFAULT_NAME)]
    pub name: String,
}

const fn sinew_max_seed() -> u64 {
    crate::rng::MAX_SEED
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n >= 1).ok_or_else(|| "a whole number from 1".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: Option<f64> = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "a number of seconds above 0".into())
}

fn bytes(text: &str) -> Result<usize, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 1.0,
        "K" | "KB" => 1e3,
        "M" | "MB" => 1e6,
        "G" | "GB" => 1e9,
        _ => return Err("a size such as 500MB or 2GB".into()),
    };
    let size: Option<f64> = number.trim().parse().ok().filter(|&number: &f64| number > 0.0);
    size.map(|size| (size * factor) as usize).ok_or_else(|| "a size such as 500MB or 2GB".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        assert_eq!(bytes("1.5GB"), Ok(1_500_000_000));
        assert_eq!(bytes("200"), Ok(200));
        assert!(bytes("many").is_err() && bytes("-1MB").is_err() && bytes("1XB").is_err());
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert!(seconds("0").is_err() && seconds("nan").is_err() && seconds("1e300").is_err());
    }

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
