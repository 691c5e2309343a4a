//! The command line: one file a subcommand, arguments in, a stage called, exit code out.
//!
//! No logger is installed, on purpose: suppaftp logs every command through the `log` facade, `PASS` with the password at
//! trace level. Without a logger its lines go nowhere; what people need of a control connection comes with the failure.

mod app;
mod check;
mod ci;
mod completions;
mod env_file;
mod execute;
mod exit;
mod forget;
mod globs;
mod graph;
mod history;
mod init;
mod inputs;
mod ledger;
mod load;
mod output;
mod plan;
mod probe;
mod remember;
mod report;
mod run;
mod schema;
mod signals;
mod state;
mod suit;

pub use app::{Cli, run, run_from};
pub use exit::Exit;
