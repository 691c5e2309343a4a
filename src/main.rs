//! The `ftpflow` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ftpflow::cli::run().into()
}
