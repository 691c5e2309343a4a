//! `ftpflow completions SHELL`

use clap::CommandFactory;
use clap_complete::Shell;

use super::app::Cli;
use super::exit::Exit;
use super::output;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  ftpflow completions bash > ~/.local/share/bash-completion/completions/ftpflow
  ftpflow completions zsh > ~/.zfunc/_ftpflow
  ftpflow completions fish > ~/.config/fish/completions/ftpflow.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Exit {
    // The generator panics when its writer fails, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ftpflow", &mut script);
    output::print(|out| out.write_all(&script))
}
