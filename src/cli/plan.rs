//! `ftpflow plan FILE`

use std::path::PathBuf;

use super::execute::{Common, preview};
use super::exit::Exit;
use super::inputs::Reading;
use super::load::Loaded;

/// Log in, list, and print every transfer and deletion that a run would do now
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is written anywhere. The plan goes to stdout, one line a file; progress goes to stderr.")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,

    /// The folder of the ledger of `once`, in place of `.ftpflow` beside the manifest
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Exit {
    let run = || -> Result<Exit, Exit> {
        let common = &args.common;
        let loaded = Loaded::load(&common.file, &common.variables, Reading::All)?;
        loaded.judge()?;
        preview(common, loaded, args.state.clone(), None)
    };
    run().unwrap_or_else(|exit| exit)
}
