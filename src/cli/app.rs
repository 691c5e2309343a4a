//! The program's arguments, and which subcommand they mean.

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{Parser, Subcommand};

use super::exit::Exit;
use super::{
    check, completions, forget, graph, history, init, output, plan, probe, remember, report, schema,
};

/// Runs pipelines of FTP and FTPS steps that a YAML manifest describes.
#[derive(Debug, Parser)]
#[command(
    name = "ftpflow",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Exit codes:
    0  all done (warnings allowed)
    1  a step failed
    2  wrong usage, or a FILE that cannot be read
    3  the manifest is wrong
    4  refused before any step, as when another run holds the state or a report cannot be opened
    5  all else is done, but a report, `--events` or the output could not be written
  130  interrupted

Begin with `ftpflow init`, then `ftpflow check ftpflow.yaml` and `ftpflow run ftpflow.yaml`."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(super::run::Args),
    Plan(plan::Args),
    Check(check::Args),
    Graph(graph::Args),
    History(history::Args),
    Remember(remember::Args),
    Forget(forget::Args),
    Schema(schema::Args),
    Probe(probe::Args),
    Report(report::Args),
    Init(init::Args),
    Completions(completions::Args),
}

/// The program: reads the process's arguments and does what they say.
pub fn run() -> Exit {
    run_from(std::env::args_os())
}

/// The program with these arguments, of which the first is its name, for programs that embed it. Environment, working
/// folder, output and signals are the process's own.
pub fn run_from(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Exit {
    let arguments = arguments.into_iter().map(Into::into).collect();
    let cli = match Cli::try_parse_from(without_doubled_help(arguments)) {
        Ok(cli) => cli,
        Err(error) => return tell(&error),
    };
    match cli.command {
        Command::Run(args) => super::run::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Check(args) => check::run(&args),
        Command::Graph(args) => graph::run(&args),
        Command::History(args) => history::run(&args),
        Command::Remember(args) => remember::run(args),
        Command::Forget(args) => forget::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Report(args) => report::run(args),
        Command::Init(args) => init::run(&args),
        Command::Completions(args) => completions::run(&args),
    }
}

/// `help --help` asks for help as `help` does: clap takes what follows `help` for names of subcommands alone.
fn without_doubled_help(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|word| word == "help") {
        arguments.retain(|word| word != "--help" && word != "-h");
    }
    arguments
}

/// Prints the help or version that was asked for, or what is wrong with the arguments.
fn tell(error: &clap::Error) -> Exit {
    let printed = error.print().and_then(|()| io::stdout().flush());
    match printed {
        _ if error.use_stderr() => Exit::Usage,
        Ok(()) => Exit::Done,
        Err(failed) => output::unwritten(&failed),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_not_offered_is_an_error() {
        for arguments in [
            &["ftpflow", "run"][..],
            &["ftpflow", "run", "a.yaml", "--var", "x"],
            &["ftpflow", "run", "a.yaml", "--jobs", "0"],
            &["ftpflow", "run", "a.yaml", "-q", "-v"],
            &[
                "ftpflow",
                "run",
                "a.yaml",
                "--dry-run",
                "--report",
                "a.json",
            ],
            &["ftpflow", "nonsense"],
        ] {
            assert!(Cli::try_parse_from(arguments).is_err(), "{arguments:?}");
        }
    }
}
