//! `ftpflow forget FILE STEP PATTERN`

use std::path::PathBuf;

use super::exit::Exit;
use super::history::{is_meant, load, pattern, plan};
use super::ledger;
use super::state::base;
use crate::files::Pattern;
use crate::ledger::Access;

/// Take files out of the ledger: a step with `once` transfers them again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is connected to. `ftpflow history FILE PATTERN` shows what would go.")]
pub(super) struct Args {
    /// Manifest
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The step, or the name that its files are known by (`once: { as: NAME }`)
    #[arg(value_name = "STEP")]
    step: String,

    /// Files whose path at the source matches; without a `/`, whose last name does
    #[arg(value_name = "PATTERN", value_parser = pattern)]
    pattern: Pattern,

    /// The folder for state, in place of `.ftpflow` beside the manifest
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Exit {
    forget(args).unwrap_or_else(|exit| exit)
}

fn forget(args: &Args) -> Result<Exit, Exit> {
    let loaded = load(&args.file)?;
    let (voice, plan) = (loaded.voice(), plan(&loaded)?);
    let step = plan.steps.iter().find(|step| step.name == args.step);
    let once = step.and_then(|step| plan.once(step.id)?.name.as_ref());
    let folder = base(args.state.as_deref(), &args.file);
    let forgotten = match ledger::open(&folder, Access::Read, &loaded.redactor)? {
        // Only one that is there is opened to be written.
        Some(_) => {
            let store = ledger::open(&folder, Access::Write, &loaded.redactor)?;
            let meant = |path: &[u8]| is_meant(&args.pattern, path);
            let name = once.unwrap_or(&args.step);
            let forgotten = store.map(|store| store.forget(&plan.name, name, meant));
            forgotten
                .transpose()
                .map_err(|error| ledger::refused(&error, voice))?
                .unwrap_or(0)
        }
        None => 0,
    };
    voice.note(match forgotten {
        0 => format!("`{}` knows no such file", args.step),
        1 => "1 entry was forgotten".to_owned(),
        many => format!("{many} entries were forgotten"),
    });
    Ok(Exit::Done)
}
