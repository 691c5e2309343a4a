//! `ftpflow remember FILE STEP`

use std::path::PathBuf;

use super::execute::{Common, preview};
use super::exit::Exit;
use super::inputs::Reading;
use super::load::Loaded;

/// Enter the files that the source of a step with `once` shows now in the ledger, and transfer none
#[derive(Debug, clap::Args)]
#[command(after_help = "\
For the first run over files that have been transferred by other means. It logs in to the source and lists; nothing is
changed there or at the destination. What is entered goes to stdout, one line a file.")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,

    /// The step
    #[arg(value_name = "STEP")]
    step: String,

    /// The folder for state, in place of `.ftpflow` beside the manifest
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Exit {
    remember(args).unwrap_or_else(|exit| exit)
}

fn remember(args: Args) -> Result<Exit, Exit> {
    let common = args.common.of_step(&args.step);
    let loaded = Loaded::load(&common.file, &common.variables, Reading::All)?;
    loaded.judge()?;
    let plan = loaded
        .compiled
        .as_ref()
        .and_then(|compiled| compiled.plan.as_ref());
    let plan = plan.ok_or(Exit::Manifest)?;
    let step = plan.steps.iter().find(|step| step.name == args.step);
    if step.is_some_and(|step| plan.once(step.id).is_none()) {
        let message = format!(
            "`{}` is no transfer with `once`, and remembers nothing",
            args.step
        );
        let help = "write `once: true` in the transfer, or name one that has it";
        loaded.voice().complain(message, Some(help));
        return Err(Exit::Usage);
    }
    preview(&common, loaded, args.state, Some(args.step))
}
