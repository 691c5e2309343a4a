//! `ftpflow check FILE…`

use std::io::{self, Write};
use std::path::PathBuf;

use super::exit::Exit;
use super::inputs::{Reading, Variables};
use super::load::Loaded;
use super::output;
use crate::manifest::Severity;
use crate::report::{Tone, text};

/// Find every mistake that can be found without a network
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nothing is connected to, and neither environment nor secret files are read: a value that is only known when the manifest \
runs passes.")]
pub(super) struct Args {
    /// Manifests
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Silence warnings of a code (repeatable)
    #[arg(long, value_name = "CODE")]
    allow: Vec<String>,

    /// Make warnings errors
    #[arg(long, value_name = "WHAT", value_enum)]
    deny: Option<Deny>,

    #[command(flatten)]
    variables: Variables,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Deny {
    Warnings,
}

pub(super) fn run(args: &Args) -> Exit {
    let mut worst = Exit::Done;
    for file in &args.files {
        let exit = match Loaded::load(file, &args.variables, Reading::Nothing) {
            Ok(loaded) => show(args, loaded),
            Err(exit) => exit,
        };
        worst = worst.max(exit);
    }
    worst
}

fn show(args: &Args, mut loaded: Loaded) -> Exit {
    loaded.findings.retain(|finding| {
        let allowed = args.allow.iter().any(|code| code == finding.code);
        finding.severity == Severity::Error || !allowed
    });
    if args.deny == Some(Deny::Warnings) {
        for finding in &mut loaded.findings {
            finding.severity = Severity::Error;
        }
    }
    let written = output::print(|out| write(out, &loaded));
    match loaded.is_wrong() {
        true => Exit::Manifest,
        false => written,
    }
}

fn write(out: &mut dyn Write, loaded: &Loaded) -> io::Result<()> {
    let paint = output::stdout_paint();
    loaded.write_findings(out, paint)?;
    let printable = loaded
        .compiled
        .as_ref()
        .and_then(|compiled| compiled.printable.as_ref());
    let Some(printable) = printable.filter(|_| !loaded.is_wrong()) else {
        return Ok(());
    };
    let plan = &printable.plan;
    let steps = plan.steps.iter().filter(|step| !step.implicit).count();
    writeln!(
        out,
        "{} {}: {}, {}",
        paint.tone(Tone::Good, "ok:"),
        text::escape(loaded.source.name()),
        text::counted(steps as u64, "step"),
        text::counted(plan.servers.len() as u64, "server"),
    )
}
