//! `ftpflow schema`

use super::exit::Exit;
use super::output;
use crate::manifest::json_schema;
use crate::report::{events_schema, report_schema};

/// Print the JSON Schema of manifests, for editors, or of what a run writes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Begin a manifest with this line, and an editor with a YAML language server completes and checks it:
  # yaml-language-server: $schema=ftpflow.schema.json")]
pub(super) struct Args {
    /// Of what
    #[arg(value_enum, default_value_t = What::Manifest)]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// A manifest
    Manifest,
    /// `--report FILE.json`
    Report,
    /// A line of `--events`
    Events,
}

pub(super) fn run(args: &Args) -> Exit {
    let schema = match args.what {
        What::Manifest => json_schema(),
        What::Report => report_schema(),
        What::Events => events_schema(),
    };
    output::print(|out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        out.write_all(b"\n")
    })
}
